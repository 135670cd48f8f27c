//! Adding and finding patients.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::dictation::Dictation;
use crate::domain::encounter::Encounter;
use crate::domain::ids::{EncounterId, PatientId, UserId};
use crate::domain::patient::{EntryKind, Mrn, Patient, RecordEntry, Sex};
use crate::domain::report::Report;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::store::{Item, Particulars, StoreError, Visit};
use crate::text::safety::PatientContext;
use crate::workflow::{Refusal, WorkflowError};
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use crate::store::{KeptEntry, Once};

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
    add_once(app, new, None, actor).await
}

/// The same; a request that is repeated with the same key gives the patient that was added.
pub async fn add_once(
    app: &App,
    new: NewPatient,
    key: Option<Once>,
    actor: &Actor,
) -> Result<Patient, WorkflowError> {
    let stamp = app.stamp(actor);
    let (family, given) = names(&new.family, &new.given)?;
    not_unborn(app, new.birth_date)?;
    let patient = Patient {
        id: PatientId::new(stamp.at),
        mrn: new.mrn,
        family,
        given,
        birth_date: new.birth_date,
        sex: new.sex,
    };
    let id = app.store.add_patient(patient, key, stamp).await?;
    Ok(app.store.patient(id).await?)
}

/// Both names as they are kept.
pub(super) fn names(family: &str, given: &str) -> Result<(String, String), WorkflowError> {
    let (family, given) = (family.trim(), given.trim());
    if family.is_empty() || given.is_empty() {
        return Err(WorkflowError::Invalid(
            "a patient needs a family name and a given name".into(),
        ));
    }
    Ok((family.to_owned(), given.to_owned()))
}

/// An error for a date of birth after today.
pub(super) fn not_unborn(app: &App, birth_date: Date) -> Result<(), WorkflowError> {
    if birth_date > app.clock.today() {
        return Err(WorkflowError::Invalid(
            "the date of birth lies in the future; write it as YYYY-MM-DD".into(),
        ));
    }
    Ok(())
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
                .add_entry(patient.id, entry, None, app.stamp(actor))
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

/// Adds a line to a patient's record; gives it as it is kept.
///
/// # Errors
/// As [`change_entry`].
pub async fn add_entry(
    app: &App,
    patient: PatientId,
    kind: EntryKind,
    text: &str,
    key: Option<Once>,
    actor: &Actor,
) -> Result<KeptEntry, WorkflowError> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(WorkflowError::Invalid(format!(
            "name the {}",
            kind.as_str()
        )));
    }
    let entry = RecordEntry { kind, text };
    let id = app
        .store
        .add_entry(patient, entry, key, app.stamp(actor))
        .await?;
    let kept = app.store.kept_entries_of(patient).await?;
    Ok(kept
        .into_iter()
        .find(|e| e.id == id)
        .ok_or_else(|| StoreError::Conflict("the line was withdrawn meanwhile".into()))?)
}

/// Withdraws a line of a patient's record.
///
/// # Errors
/// [`StoreError::NotFound`] where no such line holds.
pub async fn withdraw_entry(
    app: &App,
    patient: PatientId,
    id: i64,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let kept = app.store.kept_entries_of(patient).await?;
    let entry = kept
        .into_iter()
        .find(|e| e.id == id)
        .ok_or_else(|| StoreError::NotFound("the record has no such line".into()))?
        .entry;
    Ok(app
        .store
        .withdraw_entry(patient, entry, app.stamp(actor))
        .await?)
}

/// A visit to be added.
#[derive(Debug, Clone)]
pub struct NewVisit {
    /// Whose.
    pub mrn: Mrn,
    /// With whom.
    pub physician: User,
    /// When.
    pub date: Date,
    /// Where.
    pub location: String,
    /// Why, in a few words.
    pub reason: String,
}

/// Adds a visit.
///
/// # Errors
/// [`WorkflowError::Refused`] where it is with nobody who sees patients.
pub async fn add_visit(
    app: &App,
    new: NewVisit,
    key: Option<Once>,
    actor: &Actor,
) -> Result<Visit, WorkflowError> {
    let patient = find(app, &new.mrn).await?;
    if new.physician.role != Role::Physician {
        let username = new.physician.username;
        return Err(Refusal::NoPhysician { username }.into());
    }
    let stamp = app.stamp(actor);
    let encounter = Encounter {
        id: EncounterId::new(stamp.at),
        patient_id: patient.id,
        physician_id: new.physician.id,
        date: new.date,
        location: new.location.trim().to_owned(),
        reason: new.reason.trim().to_owned(),
    };
    let id = app.store.add_encounter(encounter, key, stamp).await?;
    Ok(app.store.visit(id).await?)
}

/// Visits of a day, of one physician or of all.
pub async fn visits(
    app: &App,
    date: Date,
    physician: Option<UserId>,
) -> Result<Vec<Visit>, WorkflowError> {
    Ok(app.store.visits_on(date, physician).await?)
}

/// A patient's record as a page shows it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Who.
    pub patient: Patient,
    /// Allergies, medications, problems.
    pub entries: Vec<KeptEntry>,
    /// Contact, other numbers, records that were joined with this one.
    pub particulars: Particulars,
    /// The newest first.
    pub visits: Vec<Visit>,
    /// The newest first, each with its report and addenda.
    pub dictations: Vec<(Item, Vec<Report>)>,
    /// Everyone who may be named.
    pub people: Vec<User>,
}

/// A patient's record; what was deleted before it was signed is left out.
pub async fn chart(app: &App, patient: &Patient) -> Result<Chart, WorkflowError> {
    let store = &app.store;
    let mut dictations = Vec::new();
    for item in store.items_of(patient.id).await? {
        let documents = store.documents_of(item.dictation_id).await?;
        dictations.push((item, documents));
    }
    Ok(Chart {
        patient: patient.clone(),
        entries: store.kept_entries_of(patient.id).await?,
        particulars: store.particulars(patient.id).await?,
        visits: store.visits_of(patient.id).await?,
        dictations,
        people: store.users().await?,
    })
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
