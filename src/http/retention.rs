//! For how long recordings are kept, and what is kept although its time is over.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::patients::mrn as number;
use super::users::Items;
use crate::app::App;
use crate::domain::policy::Action;
use crate::workflow::people::Subject;
use crate::workflow::retention::{self, Hold};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How recordings are kept.
#[derive(Serialize, JsonSchema)]
pub struct RetentionView {
    /// Days after the last step of a filed or deleted dictation; none: for ever.
    audio_days: Option<u32>,
    /// Recordings that the next run removes.
    due: usize,
    /// Their size.
    due_bytes: u64,
    /// Recordings whose time is over and that a legal hold keeps.
    held: usize,
}

/// A legal hold.
#[derive(Serialize, JsonSchema)]
pub struct HoldView {
    mrn: String,
    reason: String,
    placed_by: String,
    placed_at: Timestamp,
    lifted_at: Option<Timestamp>,
}

/// Why a hold is placed or lifted.
#[derive(Deserialize, JsonSchema)]
pub struct HoldReason {
    reason: String,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            mrn: hold.mrn,
            reason: hold.reason,
            placed_by: hold.placed_by,
            placed_at: hold.placed_at,
            lifted_at: hold.lifted_at,
        }
    }
}

/// `GET /api/v1/retention`
pub async fn show(State(app): State<App>, caller: Caller) -> Result<Json<RetentionView>, Problem> {
    caller
        .may(&app, Action::ManageSettings, Subject::NONE)
        .await?;
    let standing = retention::standing(&app).await?;
    Ok(Json(RetentionView {
        audio_days: standing.days,
        due: standing.sounds.len(),
        due_bytes: standing.bytes(),
        held: standing.held,
    }))
}

/// `GET /api/v1/holds`
pub async fn holds(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Items<HoldView>>, Problem> {
    caller
        .may(&app, Action::ManageSettings, Subject::NONE)
        .await?;
    let holds = retention::holds(&app).await?;
    let ids = holds.iter().map(|hold| hold.mrn.clone()).collect();
    caller.listed(&app, "holds", "", ids).await?;
    let views: Vec<HoldView> = holds.into_iter().map(HoldView::from).collect();
    Ok(Json(views.into()))
}

/// `PUT /api/v1/patients/{mrn}/hold`
pub async fn place(
    State(app): State<App>,
    caller: Caller,
    Path(mrn): Path<String>,
    Json(why): Json<HoldReason>,
) -> Result<StatusCode, Problem> {
    retention::hold(&app, &caller.who, &number(&mrn)?, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/patients/{mrn}/hold/lift`
pub async fn lift(
    State(app): State<App>,
    caller: Caller,
    Path(mrn): Path<String>,
    Json(why): Json<HoldReason>,
) -> Result<StatusCode, Problem> {
    retention::lift(&app, &caller.who, &number(&mrn)?, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
