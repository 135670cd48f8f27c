//! What is known about a patient beside both identifiers: changing it, its history; joining two records of one patient.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::PatientId;
use crate::domain::patient::{Contact, Difference, Mrn, OtherNumber, Patient, Sex};
use crate::domain::policy::Action;
use crate::store::{ChangePatient, Merge, Once, StoreError};
use crate::workflow::hub::Event;
use crate::workflow::people::{Subject, Who, authorise};
use crate::workflow::{WorkflowError, patients};
use jiff::civil::Date;

pub use crate::store::{Change, Former, KeptNumber, MergePreview, Obstacle, Particulars};

/// What is to stand in a record.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Sex.
    pub sex: Sex,
    /// Telephone, postal address, e-mail address.
    pub contact: [String; 3],
}

/// What is known about a patient beside both identifiers.
pub async fn of(app: &App, id: PatientId) -> Result<Particulars, WorkflowError> {
    Ok(app.store.particulars(id).await?)
}

/// Changes what is known about a patient, from the version that was read. Another date of birth opens the second identifier
/// of all that is not filed: it was checked against what was wrong. Gives the patient as it stands now.
///
/// # Errors
/// [`WorkflowError::Invalid`] for what cannot be right; [`StoreError::Outdated`] where somebody was faster.
pub async fn change(
    app: &App,
    id: PatientId,
    based_on: u32,
    new: Changed,
    actor: &Actor,
) -> Result<Patient, WorkflowError> {
    let (family, given) = patients::names(&new.family, &new.given)?;
    patients::not_unborn(app, new.birth_date)?;
    let [phone, address, email] = &new.contact;
    let contact =
        Contact::new(phone, address, email).map_err(|e| WorkflowError::Invalid(e.to_string()))?;
    let change = ChangePatient {
        id,
        based_on,
        family,
        given,
        birth_date: new.birth_date,
        sex: new.sex,
        contact,
    };
    let (_, reopened) = app.store.change_patient(change, app.stamp(actor)).await?;
    for dictation in reopened {
        app.hub.tell(Event::Changed(dictation));
    }
    Ok(app.store.patient(id).await?)
}

/// Adds a number that another issuer gave the patient.
///
/// # Errors
/// [`WorkflowError::Invalid`] for what is none; a conflict where a record has it.
pub async fn add_number(
    app: &App,
    patient: PatientId,
    (issuer, value): (&str, &str),
    key: Option<Once>,
    actor: &Actor,
) -> Result<KeptNumber, WorkflowError> {
    let number =
        OtherNumber::new(issuer, value).map_err(|e| WorkflowError::Invalid(e.to_string()))?;
    let stamp = app.stamp(actor);
    let id = app
        .store
        .add_patient_number(patient, number, key, stamp)
        .await?;
    let known = of(app, patient).await?;
    let kept = known.numbers.into_iter().find(|kept| kept.id == id);
    Ok(kept.ok_or_else(|| StoreError::Conflict("the number was withdrawn meanwhile".into()))?)
}

/// Withdraws a number of another issuer.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn withdraw_number(
    app: &App,
    patient: PatientId,
    id: i64,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let stamp = app.stamp(actor);
    Ok(app
        .store
        .withdraw_patient_number(patient, id, stamp)
        .await?)
}

/// How a patient's record changed, newest first.
pub async fn history(app: &App, id: PatientId) -> Result<Vec<Change>, WorkflowError> {
    Ok(app.store.patient_history(id).await?)
}

/// What joining the record `from` with the record `into` would do.
///
/// # Errors
/// The policy's refusal; a conflict where they are one record.
pub async fn preview_merge(
    app: &App,
    who: &Who,
    into: &Mrn,
    from: &Mrn,
) -> Result<MergePreview, WorkflowError> {
    authorise(app, who, Action::MergePatients, Subject::NONE).await?;
    let (into, from) = (
        patients::find(app, into).await?,
        patients::find(app, from).await?,
    );
    let now = app.clock.now();
    Ok(app.store.preview_merge(into.id, from.id, now).await?)
}

/// Joins two records of one patient: all that lies in `from` lies in `into` then, what is signed too, with a trace of where
/// it came from; the number of `from` finds `into`. `seen` are the contradictions that whoever joins them has looked at.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] without a reason; a conflict while a draft of either is being edited,
/// somebody dictates for `from`, or a legal hold keeps it, and where other contradictions were seen than there are.
pub async fn merge(
    app: &App,
    who: &Who,
    (into, from): (&Mrn, &Mrn),
    seen: Vec<Difference>,
    reason: &str,
) -> Result<Patient, WorkflowError> {
    authorise(app, who, Action::MergePatients, Subject::NONE).await?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(WorkflowError::Invalid(
            "joining two records needs a reason, which stays with them: how it is known that they are the same patient's"
                .into(),
        ));
    }
    let (into, from) = (
        patients::find(app, into).await?,
        patients::find(app, from).await?,
    );
    let request = Merge {
        into: into.id,
        from: from.id,
        seen,
        reason,
    };
    let stamp = app.stamp(&who.actor());
    for dictation in app.store.merge_patients(request, stamp).await? {
        app.hub.tell(Event::Changed(dictation));
    }
    Ok(app.store.patient(into.id).await?)
}
