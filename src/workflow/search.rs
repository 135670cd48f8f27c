//! Finding patients and reports, as far as whoever asks may read them.

use crate::app::App;
use crate::domain::ids::PatientId;
use crate::domain::patient::Patient;
use crate::domain::role::{Role, Scope};
use crate::store::Sight;
use crate::workflow::WorkflowError;
use crate::workflow::people::Who;

pub use crate::store::FoundReport;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By name, record number or date of birth.
    pub patients: Vec<Patient>,
    /// By the words of their newest text.
    pub reports: Vec<FoundReport>,
}

/// Whose reports somebody may find; none where they read no reports at all.
fn sight(who: &Who) -> Option<Sight> {
    match who.user.role {
        Role::Physician => Some(Sight::InCare(who.user.id)),
        // To them every dictation is given.
        Role::Secretary => Some(Sight::All),
        Role::Service if who.asker.scopes.contains(Scope::ReportsRead) => Some(Sight::Filed),
        _ => None,
    }
}

/// Patients and reports with all these words, at most so many of both together.
pub async fn search(app: &App, who: &Who, typed: &str, most: u32) -> Result<Found, WorkflowError> {
    if typed.trim().is_empty() {
        return Ok(Found::default());
    }
    let patients = app.store.find_patients(typed, None, most).await?;
    let left = most - u32::try_from(patients.len()).unwrap_or(most).min(most);
    let reports = match sight(who) {
        Some(sight) if left > 0 => {
            let now = app.clock.now();
            app.store.search_reports(typed, sight, now, left).await?
        }
        _ => Vec::new(),
    };
    Ok(Found { patients, reports })
}

/// Patients by name, record number or date of birth, from behind `after`.
pub async fn patients(
    app: &App,
    typed: &str,
    after: Option<PatientId>,
    most: u32,
) -> Result<Vec<Patient>, WorkflowError> {
    Ok(app.store.find_patients(typed, after, most).await?)
}
