//! The audit trail, for auditors.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Query};
use crate::app::App;
use crate::domain::audit::Action;
use crate::workflow::trail;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rows of a page where no number is given, and at most.
const LIMIT: u32 = 100;
const LONGEST: u32 = 500;

/// Which rows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Asked {
    limit: Option<u32>,
    cursor: Option<i64>,
    user: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    outcome: Option<Outcome>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Whether something was done or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done,
    Refused,
}

/// A page of the trail, newest first.
#[derive(Serialize, JsonSchema)]
pub struct TrailView {
    items: Vec<RowView>,
    next: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct RowView {
    seq: i64,
    at: Timestamp,
    who: String,
    via: String,
    action: String,
    subject: SubjectView,
    outcome: Outcome,
    details: Value,
}

#[derive(Serialize, JsonSchema)]
struct SubjectView {
    kind: String,
    id: String,
    /// Login name of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Record number of the patient whose record it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    mrn: Option<String>,
}

/// What a check found.
#[derive(Serialize, JsonSchema)]
pub struct CheckView {
    ok: bool,
    rows: u64,
    head: Option<String>,
    /// Where rows left whose time was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What stands in the place of rows whose time was over.
#[derive(Serialize, JsonSchema)]
struct ClosedView {
    /// The last row that left.
    seq: i64,
    /// When it was written.
    last_at: Timestamp,
    /// When they left.
    closed_at: Timestamp,
}

/// `GET /api/v1/audit`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<TrailView>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT).clamp(1, LONGEST);
    let given = |word: Option<String>| word.filter(|w| !w.trim().is_empty());
    let query = trail::Query {
        user: given(asked.user),
        action: given(asked.action),
        subject: given(asked.subject),
        refused: asked.outcome.map(|outcome| outcome == Outcome::Refused),
        since: asked.since,
        until: asked.until,
    };
    let lines = trail::list(&app, &caller.who, &query, asked.cursor, limit).await?;
    let next = (lines.len() == limit as usize)
        .then(|| lines.last().map(|line| line.row.seq))
        .flatten();
    let items = lines.into_iter().map(|line| {
        let is_refusal = line.row.action.parse().is_ok_and(Action::is_refusal);
        RowView {
            seq: line.row.seq,
            at: line.row.at,
            who: line.row.actor,
            via: line.row.via,
            action: line.row.action,
            subject: SubjectView {
                kind: line.row.subject_kind,
                id: line.row.subject_id,
                name: line.subject_name,
                mrn: line.mrn.map(|mrn| mrn.to_string()),
            },
            outcome: if is_refusal {
                Outcome::Refused
            } else {
                Outcome::Done
            },
            details: line.row.details,
        }
    });
    Ok(Json(TrailView {
        items: items.collect(),
        next,
    }))
}

/// `GET /api/v1/audit/check`
pub async fn check(State(app): State<App>, caller: Caller) -> Result<Json<CheckView>, Problem> {
    let found = trail::check(&app, &caller.who).await?;
    Ok(Json(CheckView {
        ok: found.broken.is_none(),
        rows: found.rows,
        closed: found.closed.map(|closed| ClosedView {
            seq: closed.seq,
            last_at: closed.last_at,
            closed_at: closed.closed_at,
        }),
        head: found.head.map(|head| head.to_string()),
        broken_at: found.broken.map(|broken| broken.seq()),
        message: found.broken.map(|broken| broken.to_string()),
    }))
}
