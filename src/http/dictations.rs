//! One dictation: everything about it, and the steps it takes.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::views::{PatientWithEntries, ReportView, Summary, parsed, tagged};
use crate::app::App;
use crate::domain::ids::DictationId;
use crate::domain::marks::{FindingState, Marks, Said};
use crate::domain::policy::Action;
use crate::domain::report::Report;
use crate::domain::transcript::EditState;
use crate::domain::transition::Step;
use crate::domain::user::User;
use crate::domain::worklist::{Assignment, LOCK_S, Priority};
use crate::workflow::case::{self, Case, name_of};
use crate::workflow::people::{Subject, users};
use crate::workflow::review::{self, Named};
use crate::workflow::worklist;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the policy has to know, with what the caller says about it.
async fn about(app: &App, caller: &Caller, id: DictationId) -> Result<Subject, Problem> {
    Ok(case::about(app, &caller.who, id).await?)
}

/// The findings and edits that somebody said something about.
pub fn marks_view(marks: &Marks, people: &[User]) -> Value {
    let findings: BTreeMap<u32, Value> = marks
        .findings
        .iter()
        .map(|(n, m)| (*n, mark(m.state.as_str(), &name_of(people, m.by), m.at)))
        .collect();
    let edits: BTreeMap<u32, Value> = marks
        .edits
        .iter()
        .map(|(n, m)| (*n, mark(m.state.as_str(), &name_of(people, m.by), m.at)))
        .collect();
    json!({"findings": findings, "edits": edits})
}

fn mark(state: &str, by: &str, at: Timestamp) -> Value {
    json!({"state": state, "by": by, "at": at})
}

/// A report as an editor needs it: with the way back to the words.
fn open_report(report: &Report, people: &[User]) -> Result<Value, Problem> {
    let mut view = value(ReportView::new(report, people))?;
    let body = &report.latest.body;
    view["trace"] = value(&body.trace)?;
    view["instructions"] = value(&body.instructions)?;
    Ok(view)
}

fn value(view: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(view).map_err(|e| {
        tracing::error!(error = %e, "an answer cannot be written");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the request failed; the log of the service says why",
        )
    })
}

/// Everything about a dictation, as the caller sees it now.
async fn view(app: &App, caller: &Caller, case: &Case) -> Result<Response, Problem> {
    let steps = case::steps(app, &caller.who, &case.item).await?;
    let now = app.clock.now();
    let people = &case.people;
    let heard = case.heard.as_ref().map(|h| &h.recognition);
    let history = case.history.iter().map(|step| {
        json!({
            "step": step.step.as_str(),
            "at": step.at,
            "by": step.by.map(|by| name_of(people, by)),
            "note": step.note,
        })
    });
    let takes = case.dictation.takes.iter().map(|take| {
        json!({
            "index": take.index,
            "name": take.original_name,
            // What was heard is the first; the others are what it was made of.
            "duration_s": heard.filter(|_| take.index == 0).map(|h| h.duration_s),
            "sha256": take.sha256,
        })
    });
    let documents = &case.documents;
    let report = documents.iter().find(|r| r.parent_id.is_none());
    let addenda = documents.iter().filter(|r| r.parent_id.is_some());
    let mut view = value(Summary::new(&case.item, caller.user().id, now))?;
    let patient = PatientWithEntries::new(&case.item.patient, &case.entries, people);
    for (name, part) in [
        ("patient", value(patient)?),
        (
            "identity_verified",
            json!(case.dictation.identity_verified_at.is_some()),
        ),
        ("encounter_id", json!(case.dictation.encounter_id)),
        ("history", history.collect()),
        ("takes", takes.collect()),
        ("raw", json!(heard.map(|h| json!({"words": h.raw.words})))),
        (
            "edits",
            json!(heard.map_or(&[][..], |h| &h.transcript.edits)),
        ),
        ("findings", json!(heard.map_or(&[][..], |h| &h.findings))),
        ("coverage", json!(heard.map(|h| &h.coverage))),
        (
            "report",
            match report {
                Some(report) => open_report(report, people)?,
                None => Value::Null,
            },
        ),
        (
            "addenda",
            addenda
                .map(|r| open_report(r, people))
                .collect::<Result<Value, _>>()?,
        ),
        ("marks", marks_view(&case.marks, people)),
        ("steps", steps.iter().map(|s| s.as_str()).collect()),
    ] {
        view[name] = part;
    }
    Ok(tagged(report.map_or(0, |r| r.latest.version), view))
}

/// `GET /dictations/{id}`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::ReadRecord, subject).await?;
    let case = case::show(&app, id).await?;
    view(&app, &caller, &case).await
}

/// A step that is to be taken, with its reason, question or answer.
#[derive(Deserialize, JsonSchema)]
pub struct StepBody {
    step: String,
    #[serde(default)]
    note: Option<String>,
}

/// `POST /dictations/{id}/steps`
pub async fn step(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<StepBody>,
) -> Result<Response, Problem> {
    let step: Step = parsed(&body.step, "step")?;
    if !step.is_plain() {
        return Err(Problem::invalid(format!(
            "{} is taken in another way",
            body.step
        )));
    }
    let note = body.note.filter(|note| !note.trim().is_empty());
    let subject = about(&app, &caller, id).await?;
    let subject = subject.reason(note.as_deref().unwrap_or_default());
    caller.may(&app, case::action_of(step), subject).await?;
    let (user, actor) = (caller.user(), caller.actor());
    review::step(&app, id, step, note.as_deref(), user, &actor).await?;
    let case = case::show(&app, id).await?;
    view(&app, &caller, &case).await
}

/// Until when a lock holds.
#[derive(Serialize, JsonSchema)]
pub struct LockedUntil {
    until: Timestamp,
}

/// `POST /dictations/{id}/lock`
pub async fn keep_lock(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
) -> Result<Json<LockedUntil>, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Correct, subject).await?;
    let until = app.clock.now() + SignedDuration::from_secs(LOCK_S);
    if worklist::keep_lock(&app, id, caller.user(), &caller.actor()).await? {
        return Ok(Json(LockedUntil { until }));
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "locked",
        "you do not hold this any more: somebody took it over, or it went on its way; open it again",
    ))
}

/// What somebody says about findings and edits, by number.
#[derive(Deserialize, JsonSchema)]
pub struct MarksBody {
    #[serde(default)]
    findings: BTreeMap<u32, String>,
    #[serde(default)]
    edits: BTreeMap<u32, String>,
}

/// `POST /dictations/{id}/marks`
pub async fn mark_it(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<MarksBody>,
) -> Result<Json<Value>, Problem> {
    let mut said = Said::default();
    for (number, state) in &body.findings {
        let state: FindingState = parsed(state, "state of a finding (open, cleared)")?;
        said.findings.insert(*number, state);
    }
    for (number, state) in &body.edits {
        let state: EditState = parsed(state, "state of an edit (applied, undone)")?;
        said.edits.insert(*number, state);
    }
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Correct, subject).await?;
    let marks = review::mark(&app, id, said, caller.user(), &caller.actor()).await?;
    let people = users::list(&app).await?;
    Ok(Json(marks_view(&marks, &people)))
}

/// A patient as a person names one.
fn named(mrn: &str, birth_date: Option<Date>) -> Result<Named, Problem> {
    Ok(Named {
        mrn: mrn.parse().map_err(|e| Problem::invalid(format!("{e}")))?,
        birth_date,
    })
}

/// Whose it is, and why.
#[derive(Deserialize, JsonSchema)]
pub struct MoveBody {
    mrn: String,
    birth_date: Option<Date>,
    #[serde(default)]
    reason: String,
}

/// `POST /dictations/{id}/move`
pub async fn move_it(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<MoveBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?.reason(&body.reason);
    caller.may(&app, Action::Move, subject).await?;
    let to = named(&body.mrn, body.birth_date)?;
    let (user, actor) = (caller.user(), caller.actor());
    review::move_to(&app, id, &to, &body.reason, user, &actor).await?;
    let case = case::show(&app, id).await?;
    view(&app, &caller, &case).await
}

/// Where the other patient's words begin, whose they are, and why.
#[derive(Deserialize, JsonSchema)]
pub struct SplitBody {
    at_word: usize,
    mrn: String,
    birth_date: Option<Date>,
    #[serde(default)]
    reason: String,
}

/// The two dictations that took the place of one.
#[derive(Serialize, JsonSchema)]
pub struct SplitView {
    dictation_ids: [DictationId; 2],
}

/// `POST /dictations/{id}/split`
pub async fn split(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<SplitBody>,
) -> Result<(StatusCode, Json<SplitView>), Problem> {
    let subject = about(&app, &caller, id).await?.reason(&body.reason);
    caller.may(&app, Action::Move, subject).await?;
    let other = named(&body.mrn, body.birth_date)?;
    let (at, user, actor) = (body.at_word, caller.user(), caller.actor());
    let dictation_ids = review::split(&app, id, at, &other, &body.reason, user, &actor).await?;
    Ok((StatusCode::CREATED, Json(SplitView { dictation_ids })))
}

/// To whom it is given; to nobody where both are left out.
#[derive(Deserialize, JsonSchema)]
pub struct AssignBody {
    user: Option<String>,
    pool: Option<String>,
}

/// `POST /dictations/{id}/assign`
pub async fn assign(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<AssignBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Assign, subject).await?;
    let to = match (body.user, body.pool) {
        (Some(username), None) => Assignment::Person(users::find(&app, &username).await?.id),
        (None, Some(pool)) => Assignment::Pool(pool),
        (None, None) => Assignment::Nobody,
        (Some(_), Some(_)) => {
            return Err(Problem::invalid(
                "give it to a person or to a pool, not to both",
            ));
        }
    };
    worklist::assign(&app, id, to, &caller.actor()).await?;
    let case = case::show(&app, id).await?;
    view(&app, &caller, &case).await
}

/// How urgent it is from now on.
#[derive(Deserialize, JsonSchema)]
pub struct PriorityBody {
    priority: String,
}

/// `POST /dictations/{id}/priority`
pub async fn prioritise(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DictationId>,
    Json(body): Json<PriorityBody>,
) -> Result<Response, Problem> {
    let priority: Priority = parsed(&body.priority, "priority (stat, urgent, routine)")?;
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Prioritise, subject).await?;
    worklist::prioritise(&app, id, priority, &caller.actor()).await?;
    let case = case::show(&app, id).await?;
    view(&app, &caller, &case).await
}
