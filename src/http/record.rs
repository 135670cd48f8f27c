//! Patients and their records, to read.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use crate::app::App;
use crate::domain::finding::Finding;
use crate::domain::patient::{Mrn, Patient};
use crate::domain::policy::Action;
use crate::domain::report::Section;
use crate::workflow::people::Subject;
use crate::workflow::record::{self, Record};
use crate::workflow::{self, WorkflowError};
use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// A patient with both identifiers.
#[derive(Serialize)]
pub struct PatientView {
    mrn: Mrn,
    family: String,
    given: String,
    birth_date: Date,
    sex: &'static str,
}

impl From<&Patient> for PatientView {
    fn from(p: &Patient) -> Self {
        Self {
            mrn: p.mrn.clone(),
            family: p.family.clone(),
            given: p.given.clone(),
            birth_date: p.birth_date,
            sex: p.sex.as_str(),
        }
    }
}

/// A patient's record.
#[derive(Serialize)]
pub struct RecordView {
    patient: PatientView,
    encounters: Vec<EncounterView>,
    dictations: Vec<DictationView>,
}

#[derive(Serialize)]
struct EncounterView {
    date: Date,
    physician: String,
    location: String,
    reason: String,
}

#[derive(Serialize)]
struct DictationView {
    phase: &'static str,
    state: &'static str,
    author: String,
    received_at: Timestamp,
    recordings: Vec<String>,
    model: Option<String>,
    duration_s: Option<f64>,
    elapsed_s: Option<f64>,
    findings: Vec<Finding>,
    reports: Vec<ReportView>,
}

#[derive(Serialize)]
struct ReportView {
    id: String,
    status: &'static str,
    version: u32,
    text: String,
    sections: Vec<Section>,
    filed_at: Option<Timestamp>,
    signature: Option<SignatureView>,
}

#[derive(Serialize)]
struct SignatureView {
    name: String,
    signed_at: Timestamp,
    meaning: String,
    authentication: &'static str,
}

/// `GET /api/v1/patients`
pub async fn patients(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<PatientView>>, Problem> {
    caller
        .may(&app, Action::FindPatients, Subject::NONE)
        .await?;
    let patients = workflow::patients::list(&app).await?;
    let ids = patients.iter().map(|p| p.id.to_string()).collect();
    caller.listed(&app, "patients", "", ids).await?;
    Ok(Json(patients.iter().map(PatientView::from).collect()))
}

/// `GET /api/v1/patients/{mrn}`
pub async fn patient(
    State(app): State<App>,
    caller: Caller,
    Path(mrn): Path<String>,
) -> Result<Json<RecordView>, Problem> {
    let mrn: Mrn = mrn
        .parse()
        .map_err(|e| WorkflowError::Invalid(format!("{e}")))?;
    let patient = workflow::patients::find(&app, &mrn).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::ReadRecord, subject).await?;
    Ok(Json(view(&record::show(&app, &mrn).await?)))
}

fn view(record: &Record) -> RecordView {
    let encounters = record.stored.encounters.iter().map(|e| EncounterView {
        date: e.date,
        physician: record.name_of(e.physician_id),
        location: e.location.clone(),
        reason: e.reason.clone(),
    });
    let dictations = record.stored.dictations.iter().map(|stored| {
        let heard = stored.transcript.as_ref().map(|t| &t.recognition);
        DictationView {
            phase: stored.dictation.phase.as_str(),
            state: stored.dictation.state.as_str(),
            author: record.name_of(stored.dictation.author_id),
            received_at: stored.dictation.created_at,
            recordings: stored
                .dictation
                .takes
                .iter()
                .map(|t| t.original_name.clone())
                .collect(),
            model: heard.map(|r| r.model.clone()),
            duration_s: heard.map(|r| r.duration_s),
            elapsed_s: heard.map(|r| r.elapsed_s),
            findings: heard.map(|r| r.findings.clone()).unwrap_or_default(),
            reports: stored
                .reports
                .iter()
                .map(|(report, _)| ReportView {
                    id: report.id.to_string(),
                    status: report.status.as_str(),
                    version: report.latest.version,
                    text: report.latest.body.text.clone(),
                    sections: report.latest.body.sections.clone(),
                    filed_at: report.filed_at,
                    signature: report.signature.as_ref().map(|s| SignatureView {
                        name: s.signer_name.clone(),
                        signed_at: s.signed_at,
                        meaning: s.meaning.clone(),
                        authentication: s.authentication.as_str(),
                    }),
                })
                .collect(),
        }
    });
    RecordView {
        patient: PatientView::from(&record.stored.patient),
        encounters: encounters.collect(),
        dictations: dictations.collect(),
    }
}
