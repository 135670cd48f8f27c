//! Recordings that came by themselves and wait until somebody says whose they are.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::range;
use crate::app::App;
use crate::domain::arrival::{Hints, InboxItem, InboxState};
use crate::domain::ids::{DictationId, InboxId};
use crate::domain::patient::Mrn;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::inbox::{self, Decision};
use crate::workflow::people::Subject;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What of the inbox is asked for.
#[derive(Deserialize, JsonSchema)]
pub struct Asked {
    /// 1: what was assigned and discarded as well.
    #[serde(default)]
    all: u8,
}

/// A recording in the inbox.
#[derive(Serialize, JsonSchema)]
pub struct ItemView {
    id: InboxId,
    state: InboxState,
    name: String,
    source: String,
    received_at: Timestamp,
    bytes: u64,
    #[schemars(with = "BTreeMap<String, String>")]
    known: Hints,
    reason: String,
    by_hand: bool,
    dictation_id: Option<DictationId>,
    ended_at: Option<Timestamp>,
    ended_by: Option<String>,
    note: Option<String>,
}

impl From<InboxItem> for ItemView {
    fn from(item: InboxItem) -> Self {
        let (ended_at, ended_by) = item.ended.unzip();
        Self {
            id: item.id,
            state: item.state,
            name: item.original_name,
            source: item.source,
            received_at: item.received_at,
            bytes: item.bytes,
            known: item.hints,
            reason: item.reason,
            by_hand: item.by_hand,
            dictation_id: item.dictation_id,
            ended_at,
            ended_by,
            note: item.note,
        }
    }
}

/// The inbox, the oldest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InboxView")]
pub struct ListView {
    items: Vec<ItemView>,
    next: Option<String>,
}

/// Whose a recording is, and how it is to be worked on. What is left out is as it came.
#[derive(Deserialize, JsonSchema)]
pub struct Assignment {
    mrn: String,
    birth_date: Option<Date>,
    author: Option<String>,
    encounter_id: Option<String>,
    priority: Option<String>,
    route: Option<String>,
}

/// What became of it.
#[derive(Serialize, JsonSchema)]
pub struct Assigned {
    dictation_id: DictationId,
}

/// Why a recording is put aside.
#[derive(Deserialize, JsonSchema)]
pub struct Why {
    reason: String,
}

/// `GET /inbox`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<ListView>, Problem> {
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let items = inbox::list(&app, asked.all != 0).await?;
    let ids = items.iter().map(|item| item.id.to_string()).collect();
    caller.listed(&app, "inbox", "", ids).await?;
    Ok(Json(ListView {
        items: items.into_iter().map(ItemView::from).collect(),
        next: None,
    }))
}

/// `POST /inbox/{id}/assignment`
pub async fn assign(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(assignment): Json<Assignment>,
) -> Result<Json<Assigned>, Problem> {
    // Whether it is theirs to decide is asked again once it is known whose it is to be.
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let mrn: Mrn = assignment
        .mrn
        .parse()
        .map_err(|e| Problem::invalid(format!("{e}")))?;
    let decision = Decision {
        mrn,
        birth_date: assignment.birth_date,
        // A physician decides about what they dictated themselves.
        author: assignment.author.or_else(|| {
            let user = caller.user();
            (user.role == Role::Physician).then(|| user.username.clone())
        }),
        encounter: assignment.encounter_id,
        priority: word(assignment.priority, "a priority is stat, urgent or routine")?,
        route: word(assignment.route, "a route is author or secretary")?,
    };
    let item = inbox::find(&app, &id).await?;
    let request = inbox::request(&app, &item, decision).await?;
    let dictation = inbox::assign_by(&app, &caller.who, item.id, &request).await?;
    Ok(Json(Assigned {
        dictation_id: dictation.id,
    }))
}

fn word<T: std::str::FromStr>(typed: Option<String>, how: &str) -> Result<Option<T>, Problem> {
    typed
        .map(|typed| typed.parse().map_err(|_| Problem::invalid(how)))
        .transpose()
}

/// `POST /inbox/{id}/discard`
pub async fn discard(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(why): Json<Why>,
) -> Result<StatusCode, Problem> {
    caller.may(&app, Action::HandIn, Subject::NONE).await?;
    let item = inbox::find(&app, &id).await?;
    inbox::discard_by(&app, &caller.who, item.id, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /inbox/{id}/sound`
pub async fn hear(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whether it is theirs to hear is asked once it is known whose it may be.
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let item = inbox::find(&app, &id).await?;
    let playable = inbox::hear_by(&app, &caller.who, &item).await?;
    let length = playable.wav.length();
    let tag = playable.tag.clone();
    range::part_of(Box::new(playable.wav), length, "audio/wav", &tag, &headers)
}
