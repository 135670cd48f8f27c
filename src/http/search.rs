//! Search over patients and reports.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Query};
use super::views::{List, PatientView, limit};
use crate::app::App;
use crate::domain::policy::Action;
use crate::workflow::people::Subject;
use crate::workflow::search::{self, Found};
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
pub struct Asked {
    #[serde(default)]
    q: String,
    limit: Option<u32>,
}

/// Something that was found.
#[derive(Serialize, JsonSchema)]
pub struct Hit {
    kind: &'static str,
    id: String,
    patient: PatientView,
    title: String,
    at: Option<Timestamp>,
    status: Option<&'static str>,
    retracted: bool,
    dictation_id: Option<String>,
    snippet: String,
}

fn hits(found: &Found) -> Vec<Hit> {
    let patients = found.patients.iter().map(|p| Hit {
        kind: "patient",
        id: p.id.to_string(),
        patient: p.into(),
        title: String::new(),
        at: None,
        status: None,
        retracted: false,
        dictation_id: None,
        snippet: String::new(),
    });
    let reports = found.reports.iter().map(|r| Hit {
        kind: "report",
        id: r.id.to_string(),
        patient: (&r.patient).into(),
        title: r.kind.clone(),
        at: Some(r.at),
        status: Some(r.status.as_str()),
        retracted: r.is_retracted,
        dictation_id: Some(r.dictation_id.to_string()),
        snippet: r.snippet.clone(),
    });
    patients.chain(reports).collect()
}

/// `GET /search`
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<List<Hit>>, Problem> {
    caller
        .may(&app, Action::FindPatients, Subject::NONE)
        .await?;
    let found = search::search(&app, &caller.who, &asked.q, limit(asked.limit, 50)).await?;
    let hits = hits(&found);
    let ids = hits.iter().map(|hit| hit.id.clone()).collect();
    caller.listed(&app, "search", &asked.q, ids).await?;
    Ok(Json(List::all(hits)))
}
