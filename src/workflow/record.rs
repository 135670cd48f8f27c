//! Reading a patient's record.

use crate::app::App;
use crate::domain::ids::{ReportId, UserId};
use crate::domain::patient::{Mrn, Patient, RecordEntry};
use crate::domain::report::{Report, ReportStatus, ReportVersion};
use crate::domain::user::User;
use crate::store::{Filter, Listing, Particulars, StoredDictation, StoredRecord, StoredTranscript};
use crate::workflow::{WorkflowError, patients};

/// A patient's record with the names of those who worked on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Patient, visits, dictations with their recognitions and reports.
    pub stored: StoredRecord,
    /// Allergies, medications and problems.
    pub entries: Vec<RecordEntry>,
    /// Contact, other numbers, records that were joined with it.
    pub particulars: Particulars,
    /// Everyone who may be named in it.
    pub users: Vec<User>,
}

impl Record {
    /// Printed name of a user; the identifier where there is none.
    pub fn name_of(&self, id: UserId) -> String {
        self.users
            .iter()
            .find(|u| u.id == id)
            .map_or_else(|| id.to_string(), |u| u.name.clone())
    }

    /// The dictation that a report came from.
    pub fn dictation_of(&self, id: ReportId) -> Option<&StoredDictation> {
        self.stored
            .dictations
            .iter()
            .find(|d| d.reports.iter().any(|(report, _)| report.id == id))
    }
}

/// A patient's whole record.
pub async fn show(app: &App, mrn: &Mrn) -> Result<Record, WorkflowError> {
    let patient = patients::find(app, mrn).await?;
    Ok(Record {
        stored: app.store.record(patient.id).await?,
        entries: app.store.entries_of(patient.id).await?,
        particulars: app.store.particulars(patient.id).await?,
        users: app.store.users().await?,
    })
}

/// One report with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportView {
    /// Whose record it lies in.
    pub patient: Patient,
    /// Who has to sign.
    pub author: User,
    /// The report.
    pub report: Report,
    /// All its versions.
    pub versions: Vec<ReportVersion>,
    /// What was heard.
    pub transcript: Option<StoredTranscript>,
}

/// One report.
pub async fn report(app: &App, id: ReportId) -> Result<ReportView, WorkflowError> {
    let report = app.store.report(id).await?;
    Ok(ReportView {
        patient: app.store.patient(report.patient_id).await?,
        author: app.store.user(report.author_id).await?,
        versions: app.store.report_versions(id).await?,
        transcript: app.store.transcript_of(report.dictation_id).await?,
        report,
    })
}

/// Reports, newest first.
pub async fn reports(
    app: &App,
    mrn: Option<&Mrn>,
    status: Option<ReportStatus>,
) -> Result<Vec<Listing>, WorkflowError> {
    let patient_id = match mrn {
        Some(mrn) => Some(patients::find(app, mrn).await?.id),
        None => None,
    };
    Ok(app.store.reports(Filter { patient_id, status }).await?)
}
