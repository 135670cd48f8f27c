//! What an administrator sets for the worklist: due times and pools.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::users::Items;
use super::views::PersonView;
use crate::app::App;
use crate::domain::worklist::Priority;
use crate::workflow::settings::{self, Due, DueTimes, Pool};
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Minutes by priority.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Minutes {
    /// None: as for all types.
    stat: Option<u32>,
    urgent: Option<u32>,
    routine: Option<u32>,
}

impl From<&DueTimes> for Minutes {
    fn from(times: &DueTimes) -> Self {
        let of = |priority| times.0.get(&priority).copied();
        Self {
            stat: of(Priority::Stat),
            urgent: of(Priority::Urgent),
            routine: of(Priority::Routine),
        }
    }
}

impl From<Minutes> for DueTimes {
    fn from(minutes: Minutes) -> Self {
        let each = [
            (Priority::Stat, minutes.stat),
            (Priority::Urgent, minutes.urgent),
            (Priority::Routine, minutes.routine),
        ];
        let set = each.into_iter().filter_map(|(p, n)| n.map(|n| (p, n)));
        Self(set.collect())
    }
}

/// By when documents of a type are due.
#[derive(Serialize, JsonSchema)]
pub struct DueView {
    /// A document type; "dictation" while nobody has heard which; "default" for all without their own.
    kind: String,
    /// In force.
    #[serde(flatten)]
    minutes: Minutes,
    /// Those of this type alone.
    own: Minutes,
}

impl From<&Due> for DueView {
    fn from(due: &Due) -> Self {
        Self {
            kind: due.kind.clone(),
            minutes: (&due.times).into(),
            own: (&due.own).into(),
        }
    }
}

/// `GET /due-times`
pub async fn due_times(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Items<DueView>>, Problem> {
    let due = settings::due_times(&app, &caller.who).await?;
    let views: Vec<DueView> = due.iter().map(DueView::from).collect();
    Ok(Json(views.into()))
}

/// `PUT /due-times/{kind}`
pub async fn set_due_times(
    State(app): State<App>,
    caller: Caller,
    Path(kind): Path<String>,
    Json(minutes): Json<Minutes>,
) -> Result<Json<DueView>, Problem> {
    let due = settings::set_due_times(&app, &caller.who, &kind, minutes.into()).await?;
    Ok(Json((&due).into()))
}

/// People who share work.
#[derive(Serialize, JsonSchema)]
pub struct PoolView {
    name: String,
    members: Vec<PersonView>,
    /// Dictations that wait for whoever of them is next.
    waiting: u32,
}

impl From<&Pool> for PoolView {
    fn from(pool: &Pool) -> Self {
        Self {
            name: pool.name.clone(),
            members: pool.members.iter().map(PersonView::from).collect(),
            waiting: pool.waiting,
        }
    }
}

/// `GET /pools`
pub async fn pools(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Items<PoolView>>, Problem> {
    let pools = settings::pools(&app, &caller.who).await?;
    let views: Vec<PoolView> = pools.iter().map(PoolView::from).collect();
    Ok(Json(views.into()))
}

/// `PUT /pools/{pool}/members/{username}`
pub async fn join(
    State(app): State<App>,
    caller: Caller,
    Path((pool, username)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    settings::set_pool_member(&app, &caller.who, &pool, &username, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /pools/{pool}/members/{username}`
pub async fn leave(
    State(app): State<App>,
    caller: Caller,
    Path((pool, username)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    settings::set_pool_member(&app, &caller.who, &pool, &username, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
