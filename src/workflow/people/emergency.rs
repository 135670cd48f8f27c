//! Opening a record that is not one's own ("break the glass", 45 CFR 164.312(a)(2)(ii)): with a reason, for a time, and
//! never unseen.

use crate::app::App;
use crate::domain::ids::PatientId;
use crate::domain::policy::Action;
use crate::store::EmergencyAccess;
use crate::workflow::WorkflowError;
use crate::workflow::people::{Subject, Who, authorise};
use jiff::SignedDuration;

/// How long the record stays open.
pub const LASTS: SignedDuration = SignedDuration::from_secs(60 * 60);

/// Most characters of a reason.
const LONGEST_REASON: usize = 500;

/// Opens a patient's record for reading, for an hour.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`] for anybody but a physician, and without a reason; [`WorkflowError::Invalid`] for
/// a reason of more than 500 characters; [`crate::store::StoreError::NotFound`] where there is no such patient.
pub async fn open(
    app: &App,
    who: &Who,
    patient: PatientId,
    reason: &str,
) -> Result<EmergencyAccess, WorkflowError> {
    let reason = reason.trim();
    let subject = Subject::patient(patient).reason(reason);
    authorise(app, who, Action::OpenInEmergency, subject).await?;
    if reason.chars().count() > LONGEST_REASON {
        return Err(WorkflowError::Invalid(format!(
            "a reason has at most {LONGEST_REASON} characters"
        )));
    }
    let patient = app.store.patient(patient).await?;
    let stamp = app.stamp(&who.actor());
    let access = EmergencyAccess {
        user_id: who.user.id,
        patient_id: patient.id,
        reason: reason.to_owned(),
        opened_at: stamp.at,
        ends_at: stamp.at.checked_add(LASTS).unwrap_or(jiff::Timestamp::MAX),
    };
    app.store.open_emergency(access.clone(), stamp).await?;
    Ok(access)
}
