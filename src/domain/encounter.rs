//! A visit or contact: what a dictation is about.

use crate::domain::ids::{EncounterId, PatientId, UserId};

/// A visit of a patient with a physician on a date.
#[derive(Debug, Clone, PartialEq)]
pub struct Encounter {
    /// Identifier.
    pub id: EncounterId,
    /// Whose.
    pub patient_id: PatientId,
    /// With whom.
    pub physician_id: UserId,
    /// When.
    pub date: jiff::civil::Date,
    /// Where, for example "Clinic, room 2".
    pub location: String,
    /// Why, in a few words.
    pub reason: String,
}
