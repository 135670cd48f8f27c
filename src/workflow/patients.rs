//! Adding and finding patients.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::PatientId;
use crate::domain::patient::{Mrn, Patient, Sex};
use crate::store::StoreError;
use crate::workflow::WorkflowError;
use jiff::civil::Date;

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
