//! Putting together what is printed of a report.

use crate::app::App;
use crate::domain::ids::ReportId;
use crate::domain::letter::Letter;
use crate::domain::report::{Report, ReportStatus};
use crate::export::pdf;
use crate::export::print::{self, Paper};
use crate::store::StoreError;
use crate::workflow::{WorkflowError, patients};
use jiff::tz::TimeZone;

/// As what a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A text file.
    Text,
    /// A PDF.
    Pdf,
    /// A page for a browser.
    Html,
}

/// The report as it is printed, with its signed addenda. `by` is the printed name of whoever prints it; `style` is where a
/// browser finds the style of the page.
///
/// # Errors
/// [`StoreError::NotFound`] where there is no such report.
pub async fn print(
    app: &App,
    id: ReportId,
    by: &str,
    format: Format,
    style: &str,
) -> Result<Vec<u8>, WorkflowError> {
    laid_out(paper(app, id, by).await?, format, style).await
}

/// A letter as it is printed: the sheet for whom it goes to, or that for the copy of this number, counted from 1.
///
/// # Errors
/// [`WorkflowError::Invalid`] where it has no such copy.
pub async fn print_letter(
    app: &App,
    letter: Letter,
    copy: Option<usize>,
    by: &str,
    format: Format,
) -> Result<Vec<u8>, WorkflowError> {
    let sheet = match copy {
        None => None,
        Some(number) if (1..=letter.copies.len()).contains(&number) => Some(number - 1),
        Some(number) => {
            return Err(WorkflowError::Invalid(format!(
                "this letter has {} copies, and none of number {number}",
                letter.copies.len()
            )));
        }
    };
    let mut paper = paper(app, letter.report_id, by).await?;
    paper.letter = Some((letter, sheet));
    laid_out(paper, format, "").await
}

async fn paper(app: &App, id: ReportId, by: &str) -> Result<Paper, WorkflowError> {
    let report = app.store.report(id).await?;
    let record = app.store.record(report.patient_id).await?;
    let stored = record
        .dictations
        .into_iter()
        .find(|d| d.dictation.id == report.dictation_id)
        .ok_or_else(|| StoreError::Broken(format!("report {id} has no dictation")))?;
    let encounter = stored
        .dictation
        .encounter_id
        .and_then(|id| record.encounters.into_iter().find(|e| e.id == id))
        .map(|e| (e.date, e.location));
    let addenda: Vec<Report> = stored
        .reports
        .into_iter()
        .map(|(report, _)| report)
        .filter(|r| r.parent_id == Some(id) && r.status != ReportStatus::Draft)
        .collect();
    let author = app
        .store
        .users()
        .await?
        .into_iter()
        .find(|u| u.id == report.author_id)
        .map(|u| u.name)
        .unwrap_or_default();
    Ok(Paper {
        practice: app.config.practice.clone(),
        patient: record.patient,
        author,
        dictated_on: patients::day_of(&stored.dictation),
        encounter,
        report,
        addenda,
        letter: None,
        printed_at: app.clock.now(),
        printed_by: by.to_owned(),
        zone: TimeZone::system(),
    })
}

async fn laid_out(paper: Paper, format: Format, style: &str) -> Result<Vec<u8>, WorkflowError> {
    let style = style.to_owned();
    // Laying pages out takes a while for a long report.
    tokio::task::spawn_blocking(move || match format {
        Format::Text => Ok(print::text(&paper).into_bytes()),
        Format::Html => Ok(print::html(&paper, &style).into_bytes()),
        Format::Pdf => pdf::pdf(&paper).map_err(|e| StoreError::Broken(e.to_string())),
    })
    .await
    .map_err(|e| StoreError::Broken(e.to_string()))?
    .map_err(Into::into)
}
