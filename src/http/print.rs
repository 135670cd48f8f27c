//! Reports as files to print and to hand out.

use super::caller::Caller;
use super::error::Problem;
use super::extract::Path;
use super::reports;
use crate::app::App;
use crate::domain::ids::ReportId;
use crate::domain::policy::{Action, Stage};
use crate::domain::report::{Report, ReportStatus};
use crate::workflow::people::Subject;
use crate::workflow::print::{Format, print};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Where the style of the printed page is.
const STYLE: &str = "/print.css";

/// Splits `ID.txt` and `ID.pdf`; none for a plain identifier.
fn asked(name: &str) -> Option<(&str, Format)> {
    name.strip_suffix(".txt")
        .map(|id| (id, Format::Text))
        .or_else(|| name.strip_suffix(".pdf").map(|id| (id, Format::Pdf)))
}

/// `GET /reports/{id}`, and as files `{id}.txt` and `{id}.pdf`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if let Some((id, format)) = asked(&name) {
        return file(&app, &caller, id, format).await;
    }
    let id = name
        .parse()
        .map_err(|_| Problem::not_found("there is no such report"))?;
    reports::show(State(app), caller, Path(id)).await
}

/// `GET /reports/{id}/print`
pub async fn page(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    file(&app, &caller, &id, Format::Html).await
}

/// A report in a format; what leaves Osler is written down as an export.
///
/// # Errors
/// What the policy says: only what is signed is handed out.
async fn file(app: &App, caller: &Caller, id: &str, format: Format) -> Result<Response, Problem> {
    let id: ReportId = id
        .parse()
        .map_err(|_| Problem::not_found("there is no such report"))?;
    let report = app.store.report(id).await?;
    let subject = Subject::in_record("report", id, report.patient_id)
        .by(report.author_id)
        .at(stage(&report));
    caller.may(app, Action::Export, subject).await?;
    let bytes = print(app, id, &caller.user().name, format, STYLE).await?;
    let (kind, ending) = match format {
        Format::Text => ("text/plain; charset=utf-8", Some("txt")),
        Format::Pdf => ("application/pdf", Some("pdf")),
        Format::Html => ("text/html; charset=utf-8", None),
    };
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    // No name of a patient in the name of a file.
    if let Some(ending) = ending
        && let Ok(value) = format!("inline; filename=\"report-{id}.{ending}\"").parse()
    {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// An addendum stands for itself: its dictation is filed already.
fn stage(report: &Report) -> Stage {
    match report.status {
        ReportStatus::Draft => Stage::Draft,
        ReportStatus::Signed => Stage::Signed,
        ReportStatus::Filed => Stage::Filed,
    }
}
