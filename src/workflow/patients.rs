//! Adding and finding patients.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::dictation::Dictation;
use crate::domain::ids::PatientId;
use crate::domain::patient::{EntryKind, Mrn, Patient, RecordEntry, Sex};
use crate::store::StoreError;
use crate::text::safety::PatientContext;
use crate::workflow::WorkflowError;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A patient to be added.
#[derive(Debug, Clone)]
pub struct NewPatient {
    /// Record number.
    pub mrn: Mrn,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Sex.
    pub sex: Sex,
}

/// Adds a patient.
///
/// # Errors
/// [`WorkflowError::Invalid`] for an empty name or a date of birth after today; [`StoreError::Conflict`] where the record
/// number is taken.
pub async fn add(app: &App, new: NewPatient, actor: &Actor) -> Result<Patient, WorkflowError> {
    let stamp = app.stamp(actor);
    let patient = Patient {
        id: PatientId::new(stamp.at),
        mrn: new.mrn,
        family: new.family.trim().to_owned(),
        given: new.given.trim().to_owned(),
        birth_date: new.birth_date,
        sex: new.sex,
    };
    if patient.family.is_empty() || patient.given.is_empty() {
        return Err(WorkflowError::Invalid(
            "a patient needs a family name and a given name".into(),
        ));
    }
    if patient.birth_date > app.clock.today() {
        return Err(WorkflowError::Invalid(
            "the date of birth lies in the future; write it as YYYY-MM-DD".into(),
        ));
    }
    app.store.add_patient(patient.clone(), stamp).await?;
    Ok(patient)
}

/// Whether a line of a record comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It holds from now on.
    Add,
    /// It does not hold any more.
    Withdraw,
}

/// Adds a line to a patient's record, or withdraws it.
///
/// # Errors
/// [`WorkflowError::Invalid`] for an empty line, [`StoreError::Conflict`] for one that stands there already,
/// [`StoreError::NotFound`] for one that does not.
pub async fn change_entry(
    app: &App,
    mrn: &Mrn,
    change: Change,
    kind: EntryKind,
    text: &str,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let patient = find(app, mrn).await?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(WorkflowError::Invalid(format!(
            "name the {}",
            kind.as_str()
        )));
    }
    let entry = RecordEntry { kind, text };
    match change {
        Change::Add => {
            app.store
                .add_entry(patient.id, entry, app.stamp(actor))
                .await?;
        }
        Change::Withdraw => {
            app.store
                .withdraw_entry(patient.id, entry, app.stamp(actor))
                .await?;
        }
    }
    Ok(())
}

/// What a dictation of that day about the patient is compared with.
pub async fn context(
    app: &App,
    id: PatientId,
    dictated_on: Date,
) -> Result<PatientContext, WorkflowError> {
    let patient = app.store.patient(id).await?;
    let entries = app.store.entries_of(id).await?;
    let of = |kind: EntryKind| -> Vec<String> {
        entries
            .iter()
            .filter(|e| e.kind == kind)
            .map(|e| e.text.clone())
            .collect()
    };
    Ok(PatientContext {
        sex: Some(patient.sex),
        birth_date: Some(patient.birth_date),
        dictated_on: Some(dictated_on),
        family: patient.family,
        given: patient.given,
        allergies: of(EntryKind::Allergy),
        medications: of(EntryKind::Medication),
        problems: of(EntryKind::Problem),
    })
}

/// The day on which it was dictated, by the clock of this place.
pub fn day_of(dictation: &Dictation) -> Date {
    dictation.created_at.to_zoned(TimeZone::system()).date()
}

/// All patients by name.
pub async fn list(app: &App) -> Result<Vec<Patient>, WorkflowError> {
    Ok(app.store.patients().await?)
}

/// The patient with this record number; [`StoreError::NotFound`] where there is none.
pub async fn find(app: &App, mrn: &Mrn) -> Result<Patient, WorkflowError> {
    app.store.patient_by_mrn(mrn.clone()).await?.ok_or_else(|| {
        StoreError::NotFound(format!(
            "there is no patient with record number {mrn}; `osler patient list` shows all"
        ))
        .into()
    })
}
