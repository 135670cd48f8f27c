//! Reports: their versions, correcting and signing them, and what becomes of them afterwards.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::patients::once;
use super::views::{List, ReportView, if_match, tagged};
use crate::app::App;
use crate::domain::ids::{DictationId, ReportId, UserId};
use crate::domain::policy::Action;
use crate::domain::report::{Instruction, ReportVersion, Section, TraceSpan};
use crate::domain::user::User;
use crate::workflow::case::{self, Paper, name_of};
use crate::workflow::people::{Subject, users};
use crate::workflow::review::{self, Named};
use crate::workflow::{record, sign};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

async fn about(app: &App, caller: &Caller, id: ReportId) -> Result<Subject, Problem> {
    Ok(case::about_report(app, &caller.who, id).await?)
}

/// A report with all that an editor and an auditor want.
#[derive(Serialize, JsonSchema)]
pub struct PaperView {
    #[serde(flatten)]
    report: ReportView,
    trace: Vec<TraceSpan>,
    instructions: Vec<Instruction>,
    author: Option<String>,
    stage_errors: Option<StagesView>,
}

/// Words by which the earlier stages differ from what was signed.
#[derive(Serialize, JsonSchema)]
struct StagesView {
    words: u32,
    recognised: u32,
    corrected: Option<u32>,
}

fn paper_view(paper: &Paper) -> PaperView {
    let report = &paper.report;
    let body = &report.latest.body;
    PaperView {
        report: ReportView::new(report, &paper.people),
        trace: body.trace.clone(),
        instructions: body.instructions.clone(),
        author: Some(name_of(&paper.people, report.author_id)),
        stage_errors: paper.stages.map(|s| StagesView {
            words: s.words,
            recognised: s.recognised,
            corrected: s.corrected,
        }),
    }
}

async fn shown(app: &App, id: ReportId) -> Result<Response, Problem> {
    let paper = case::paper(app, id).await?;
    Ok(tagged(paper.report.latest.version, paper_view(&paper)))
}

async fn may_read(app: &App, caller: &Caller, id: ReportId) -> Result<(), Problem> {
    let subject = about(app, caller, id).await?;
    caller.may(app, Action::ReadRecord, subject).await
}

/// `GET /reports/{id}`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
) -> Result<Response, Problem> {
    may_read(&app, &caller, id).await?;
    shown(&app, id).await
}

/// A version in a line.
#[derive(Serialize, JsonSchema)]
pub struct VersionView {
    version: u32,
    /// Printed name; none for the machine.
    by: Option<String>,
    at: Timestamp,
    #[serde(flatten)]
    text: Option<VersionText>,
}

#[derive(Serialize, JsonSchema)]
struct VersionText {
    kind: String,
    text: String,
    trace: Vec<TraceSpan>,
    sections: Vec<Section>,
}

fn version_view(version: &ReportVersion, people: &[User], whole: bool) -> VersionView {
    let by = |by: UserId| name_of(people, by);
    let body = &version.body;
    VersionView {
        version: version.version,
        by: version.made_by.map(by),
        at: version.made_at,
        text: whole.then(|| VersionText {
            kind: body.kind.clone(),
            text: body.text.clone(),
            trace: body.trace.clone(),
            sections: body.sections.clone(),
        }),
    }
}

/// `GET /reports/{id}/versions`
pub async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
) -> Result<Json<List<VersionView>>, Problem> {
    may_read(&app, &caller, id).await?;
    let report = record::report(&app, id).await?;
    let people = users::list(&app).await?;
    let view = |v| version_view(v, &people, false);
    Ok(Json(List::all(report.versions.iter().map(view).collect())))
}

/// `GET /reports/{id}/versions/{n}`
pub async fn version(
    State(app): State<App>,
    caller: Caller,
    Path((id, number)): Path<(ReportId, u32)>,
) -> Result<Json<VersionView>, Problem> {
    may_read(&app, &caller, id).await?;
    let report = record::report(&app, id).await?;
    let people = users::list(&app).await?;
    let version = report.versions.iter().find(|v| v.version == number);
    version
        .map(|v| Json(version_view(v, &people, true)))
        .ok_or_else(|| Problem::not_found("the report has no such version"))
}

/// Which versions are compared.
#[derive(Deserialize, JsonSchema)]
pub struct Versions {
    from: u32,
    to: u32,
}

/// A stretch of the difference.
#[derive(Serialize, JsonSchema)]
pub struct PieceView {
    op: &'static str,
    text: String,
}

/// `GET /reports/{id}/diff`
pub async fn diff(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    Query(of): Query<Versions>,
) -> Result<Json<Vec<PieceView>>, Problem> {
    may_read(&app, &caller, id).await?;
    let pieces = review::compare(&app, id, of.from, of.to).await?;
    let view = pieces.into_iter().map(|p| PieceView {
        op: p.op.as_str(),
        text: p.text,
    });
    Ok(Json(view.collect()))
}

/// A corrected text.
#[derive(Deserialize, JsonSchema)]
pub struct TextBody {
    text: String,
}

/// What became of a corrected text.
#[derive(Serialize, JsonSchema)]
pub struct TextView {
    version: u32,
    trace: Vec<TraceSpan>,
    sections: Vec<Section>,
}

/// `PUT /reports/{id}/text`
pub async fn correct(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    headers: HeaderMap,
    Json(body): Json<TextBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Correct, subject).await?;
    let based_on = if_match(&headers)?;
    let (user, actor) = (caller.user(), caller.actor());
    let made = review::correct(&app, id, based_on, &body.text, user, &actor).await?;
    let view = TextView {
        version: made.version,
        trace: made.body.trace,
        sections: made.body.sections,
    };
    Ok(tagged(made.version, view))
}

/// Which version is signed; `clear`: its open flags have been looked at.
#[derive(Deserialize, JsonSchema)]
pub struct SignBody {
    version: u32,
    #[serde(default)]
    clear: bool,
}

/// `POST /reports/{id}/signature`
pub async fn sign_it(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    Json(body): Json<SignBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::Sign, subject).await?;
    let (user, actor, version) = (caller.user(), caller.actor(), body.version);
    sign::ready(&app, id, version, body.clear, user, &actor).await?;
    let proof = caller.take_proof(&app).await?;
    sign::sign_version(&app, id, Some(version), user, None, proof, &actor).await?;
    shown(&app, id).await
}

/// The second identifier.
#[derive(Deserialize, JsonSchema)]
pub struct FilingBody {
    birth_date: Date,
}

/// `POST /reports/{id}/filing`
pub async fn file(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    Json(body): Json<FilingBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::File, subject).await?;
    sign::file(&app, id, Some(body.birth_date), &caller.actor()).await?;
    shown(&app, id).await
}

/// An addendum that was begun.
#[derive(Serialize, JsonSchema)]
pub struct AddendumView {
    report_id: ReportId,
    version: u32,
}

/// `POST /reports/{id}/addenda`
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    headers: HeaderMap,
    Json(body): Json<TextBody>,
) -> Result<(StatusCode, Json<AddendumView>), Problem> {
    let subject = about(&app, &caller, id).await?;
    caller.may(&app, Action::AddAddendum, subject).await?;
    let key = once(&caller, &headers)?;
    let (user, actor) = (caller.user(), caller.actor());
    let report_id = review::add_to(&app, id, &body.text, key, user, &actor).await?;
    let version = case::paper(&app, report_id).await?.report.latest.version;
    Ok((
        StatusCode::CREATED,
        Json(AddendumView { report_id, version }),
    ))
}

/// Why a report was entered in error, and in whose record it is made anew.
#[derive(Deserialize, JsonSchema)]
pub struct RetractionBody {
    #[serde(default)]
    reason: String,
    mrn: Option<String>,
    birth_date: Option<Date>,
}

/// A report that was retracted, and the dictation that takes its place in another record.
#[derive(Serialize, JsonSchema)]
pub struct RetractedView {
    #[serde(flatten)]
    report: PaperView,
    anew: Option<DictationId>,
}

/// `POST /reports/{id}/retraction`
pub async fn retract(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    Json(body): Json<RetractionBody>,
) -> Result<Response, Problem> {
    let subject = about(&app, &caller, id).await?.reason(&body.reason);
    caller.may(&app, Action::Retract, subject).await?;
    let right = match &body.mrn {
        None => None,
        Some(mrn) => Some(Named {
            mrn: mrn.parse().map_err(|e| Problem::invalid(format!("{e}")))?,
            birth_date: body.birth_date,
        }),
    };
    let (user, actor) = (caller.user(), caller.actor());
    let anew = review::retract(&app, id, &body.reason, right.as_ref(), user, &actor).await?;
    let paper = case::paper(&app, id).await?;
    let report = paper_view(&paper);
    Ok(tagged(
        paper.report.latest.version,
        RetractedView { report, anew },
    ))
}
