//! What waits, for whom and how long; who is next; the queue of transcriptions.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::views::{List, Summary, limit, parsed};
use crate::app::App;
use crate::domain::ids::{DictationId, UserId};
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::domain::transition::Step;
use crate::domain::worklist::{Assignment, Mark, Priority, Tray};
use crate::workflow::people::{Subject, users};
use crate::workflow::worklist::{self, Cursor, Item, Number, Queued, Turnaround, WorkFilter};
use crate::workflow::{case, review};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Which part of the list is asked for.
#[derive(Deserialize, JsonSchema)]
pub struct Asked {
    place: Option<String>,
    priority: Option<String>,
    author: Option<String>,
    kind: Option<String>,
    assigned: Option<String>,
    pool: Option<String>,
    since: Option<Timestamp>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Physicians see their own dictations, the others everybody's.
fn own(caller: &Caller) -> Option<UserId> {
    let user = caller.user();
    (user.role == Role::Physician).then_some(user.id)
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn cursor(item: &Item) -> String {
    let Cursor {
        priority,
        due_at,
        row,
    } = item.cursor;
    format!("{}.{}.{row}", priority.as_str(), due_at.as_microsecond())
}

fn cursor_of(text: &str) -> Result<Cursor, Problem> {
    let wrong = || Problem::invalid("this cursor is none of ours; begin at the start of the list");
    let mut parts = text.split('.');
    let (priority, due, row) = (parts.next(), parts.next(), parts.next());
    let micros: i64 = due.and_then(|d| d.parse().ok()).ok_or_else(wrong)?;
    Ok(Cursor {
        priority: priority.and_then(|p| p.parse().ok()).ok_or_else(wrong)?,
        due_at: Timestamp::from_microsecond(micros).map_err(|_| wrong())?,
        row: row.and_then(|r| r.parse().ok()).ok_or_else(wrong)?,
    })
}

async fn filter(app: &App, caller: &Caller, asked: &Asked) -> Result<WorkFilter, Problem> {
    let mut filter = WorkFilter::default();
    let me = Assignment::Person(caller.user().id);
    match filled(asked.place.as_ref()) {
        None => {}
        Some("mine") => filter.assigned = Some(me.clone()),
        Some(place) => {
            let tray: Tray = parsed(place, "place of the worklist")?;
            let since = asked.since.unwrap_or_else(|| worklist::midnight(app));
            filter.tray = Some((tray, since));
        }
    }
    if let Some(priority) = filled(asked.priority.as_ref()) {
        filter.priority = Some(parsed::<Priority>(priority, "priority")?);
    }
    filter.author_id = match (own(caller), filled(asked.author.as_ref())) {
        (Some(me), _) => Some(me),
        (None, Some(author)) => Some(users::find(app, author).await?.id),
        (None, None) => None,
    };
    filter.kind = filled(asked.kind.as_ref()).map(str::to_owned);
    match filled(asked.assigned.as_ref()) {
        None => {}
        Some("me") => filter.assigned = Some(me),
        Some("nobody") => filter.assigned = Some(Assignment::Nobody),
        Some(username) => {
            let user = users::find(app, username).await?;
            filter.assigned = Some(Assignment::Person(user.id));
        }
    }
    if let Some(pool) = filled(asked.pool.as_ref()) {
        filter.assigned = Some(Assignment::Pool(pool.to_owned()));
    }
    filter.after = filled(asked.cursor.as_ref()).map(cursor_of).transpose()?;
    Ok(filter)
}

/// `GET /worklist`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<List<Summary>>, Problem> {
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let limit = limit(asked.limit, 100);
    let filter = WorkFilter {
        most: Some(limit + 1),
        ..filter(&app, &caller, &asked).await?
    };
    let items = worklist::list(&app, filter).await?;
    let ids = items
        .iter()
        .take(limit as usize)
        .map(|i| i.dictation_id.to_string());
    let place = filled(asked.place.as_ref()).unwrap_or_default();
    caller
        .listed(&app, "worklist", place, ids.collect())
        .await?;
    let (user, now) = (caller.user().id, app.clock.now());
    let view = |item: &Item| Summary::new(item, user, now);
    Ok(Json(List::page(items, limit, cursor, view)))
}

/// How much waits.
#[derive(Serialize, JsonSchema)]
pub struct Counts {
    places: Map<String, Value>,
    priorities: Map<String, Value>,
}

fn number(number: &Number) -> Value {
    json!({"n": number.count, "overdue": number.overdue})
}

/// `GET /worklist/counts`
pub async fn counts(State(app): State<App>, caller: Caller) -> Result<Json<Counts>, Problem> {
    may_see_figures(&app, &caller).await?;
    let trays = worklist::trays(&app, caller.user(), own(&caller)).await?;
    let mut places: Map<String, Value> = trays
        .trays
        .iter()
        .map(|(tray, n)| (tray.as_str().to_owned(), number(n)))
        .collect();
    places.insert("mine".into(), number(&trays.assigned));
    let priorities = trays.priorities.iter();
    Ok(Json(Counts {
        places,
        priorities: priorities
            .map(|(priority, n)| (priority.as_str().to_owned(), number(n)))
            .collect(),
    }))
}

/// `POST /worklist/next`
pub async fn next(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let item = worklist::next(&app, caller.user(), &caller.actor()).await?;
    let Some(item) = item else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let ids = vec![item.dictation_id.to_string()];
    caller.listed(&app, "worklist", "next", ids).await?;
    let now = app.clock.now();
    Ok(Json(Summary::new(&item, caller.user().id, now)).into_response())
}

/// Between which marks turnaround is asked for, and of what.
#[derive(Deserialize, JsonSchema)]
pub struct Marks {
    start: String,
    stop: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    kind: Option<String>,
    priority: Option<String>,
}

/// How long dictations took.
#[derive(Serialize, JsonSchema)]
pub struct FiguresView {
    n: usize,
    open: usize,
    late: usize,
    median_s: Option<i64>,
    p90_s: Option<i64>,
    longest_s: Option<i64>,
}

/// `GET /worklist/turnaround`
pub async fn turnaround(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Marks>,
) -> Result<Json<FiguresView>, Problem> {
    may_see_figures(&app, &caller).await?;
    let what = "mark (received, drafted, submitted, signed, filed)";
    let of = Turnaround {
        start: parsed::<Mark>(&asked.start, what)?,
        stop: parsed::<Mark>(&asked.stop, what)?,
        from: asked.since.unwrap_or(Timestamp::UNIX_EPOCH),
        until: asked.until.unwrap_or(Timestamp::MAX),
        kind: filled(asked.kind.as_ref()).map(str::to_owned),
        priority: filled(asked.priority.as_ref())
            .map(|p| parsed::<Priority>(p, "priority"))
            .transpose()?,
    };
    let figures = worklist::turnaround(&app, of).await?;
    Ok(Json(FiguresView {
        n: figures.finished,
        open: figures.open,
        late: figures.late,
        median_s: figures.seconds.map(|s| s.0),
        p90_s: figures.seconds.map(|s| s.1),
        longest_s: figures.seconds.map(|s| s.2),
    }))
}

/// How many days are asked for, today among them.
#[derive(Deserialize, JsonSchema)]
pub struct Days {
    days: Option<u16>,
}

/// What a day brought: recordings taken in, reports signed.
#[derive(Serialize, JsonSchema)]
pub struct DayView {
    date: Date,
    received: u32,
    signed: u32,
}

/// `GET /worklist/volume`
pub async fn volume(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Days>,
) -> Result<Json<List<DayView>>, Problem> {
    may_see_figures(&app, &caller).await?;
    let days = worklist::volume(&app, asked.days.unwrap_or(14)).await?;
    let view = |day: worklist::DayVolume| DayView {
        date: day.date,
        received: day.received,
        signed: day.signed,
    };
    Ok(Json(List::all(days.into_iter().map(view).collect())))
}

/// A transcription that is still to be made, or was given up.
#[derive(Serialize, JsonSchema)]
pub struct QueuedView {
    id: DictationId,
    state: &'static str,
    priority: &'static str,
    attempts: u32,
    failures: u32,
    not_before: Timestamp,
    lease_until: Option<Timestamp>,
    reason: Option<String>,
}

impl From<&Queued> for QueuedView {
    fn from(queued: &Queued) -> Self {
        Self {
            id: queued.dictation_id,
            state: queued.state.as_str(),
            priority: queued.priority.as_str(),
            attempts: queued.attempts,
            failures: queued.failures,
            not_before: queued.not_before,
            lease_until: queued.lease_until,
            reason: queued.reason.clone(),
        }
    }
}

/// Lets whoever works see figures, and whoever looks after the service as well: there is no patient's data in them.
async fn may_see_figures(app: &App, caller: &Caller) -> Result<(), Problem> {
    let action = match caller.user().role {
        Role::Administrator => Action::ManageSettings,
        _ => Action::ReadWorklist,
    };
    caller.may(app, action, Subject::NONE).await
}

/// `GET /queue`
pub async fn queue(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<List<QueuedView>>, Problem> {
    may_see_figures(&app, &caller).await?;
    let queued = worklist::queue(&app).await?;
    Ok(Json(List::all(
        queued.iter().map(QueuedView::from).collect(),
    )))
}

/// `POST /queue/{id}/retry`
pub async fn retry(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
) -> Result<StatusCode, Problem> {
    let subject = case::about(&app, &caller.who, id).await?;
    caller
        .may(&app, case::action_of(Step::Retry), subject)
        .await?;
    let (user, actor) = (caller.user(), caller.actor());
    review::step(&app, id, Step::Retry, None, user, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
