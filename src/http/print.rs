//! Reports as files to print and to hand out.

use super::caller::Caller;
use super::error::Problem;
use super::extract::Path;
use super::reports;
use crate::app::App;
use crate::domain::ids::ReportId;
use crate::domain::policy::Action;
use crate::workflow::letters::about;
use crate::workflow::print::{Format, print};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Where the style of the printed page is.
const STYLE: &str = "/print.css";

/// Splits `ID.txt` and `ID.pdf`; none for a plain identifier.
pub(super) fn asked(name: &str) -> Option<(&str, Format)> {
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
    caller.may(app, Action::Export, about(&report)).await?;
    let bytes = print(app, id, &caller.user().name, format, STYLE).await?;
    Ok(given(format!("report-{id}"), format, bytes))
}

/// A file of a format. No name of a patient in the name of a file.
pub(super) fn given(name: String, format: Format, bytes: Vec<u8>) -> Response {
    let (kind, ending) = match format {
        Format::Text => ("text/plain; charset=utf-8", Some("txt")),
        Format::Pdf => ("application/pdf", Some("pdf")),
        Format::Html => ("text/html; charset=utf-8", None),
    };
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    if let Some(ending) = ending
        && let Ok(value) = format!("inline; filename=\"{name}.{ending}\"").parse()
    {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
