//! A dictation and where it stands: a phase (how far it has come) and a state (what is happening in it).

use crate::domain::ids::{DictationId, EncounterId, PatientId, TakeId, UserId};
use crate::domain::worklist::Orders;
use serde::{Deserialize, Serialize};

/// How far a dictation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The sound is stored.
    Recorded,
    /// The engine has heard it.
    Transcribed,
    /// A secretary works on it.
    InCorrection,
    /// Waits for its author.
    AwaitingSignature,
    /// Signed, but the second identifier is still open.
    Signed,
    /// In the patient's record.
    Filed,
}

/// What is happening within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for somebody or something.
    Pending,
    /// Somebody or something works on it.
    InProgress,
    /// Put aside.
    Suspended,
    /// Back to its author with a question.
    Returned,
    /// Refused, with a reason; it waits to be restored or deleted.
    Rejected,
    /// Taken away, with a reason; where it was signed, its report is marked as entered in error.
    Deleted,
    /// Nothing left to do.
    Done,
}

written!(Phase {
    Recorded => "recorded",
    Transcribed => "transcribed",
    InCorrection => "in_correction",
    AwaitingSignature => "awaiting_signature",
    Signed => "signed",
    Filed => "filed",
});
written!(State {
    Pending => "pending",
    InProgress => "in_progress",
    Suspended => "suspended",
    Returned => "returned",
    Rejected => "rejected",
    Deleted => "deleted",
    Done => "done",
});

/// One stored recording of a dictation.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Identifier.
    pub id: TakeId,
    /// Order within the dictation, from 0.
    pub index: u16,
    /// SHA-256 (hex) of the file's bytes, which is also its address in the audio store.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The name it came with, without folders.
    pub original_name: String,
}

/// A dictation: what was said for one report.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictation {
    /// Identifier.
    pub id: DictationId,
    /// Whose record the report goes to.
    pub patient_id: PatientId,
    /// The visit it is about, if it is known.
    pub encounter_id: Option<EncounterId>,
    /// Who dictated.
    pub author_id: UserId,
    /// How it is to be worked on.
    pub orders: Orders,
    /// How far it has come.
    pub phase: Phase,
    /// What is happening.
    pub state: State,
    /// Its recordings in order.
    pub takes: Vec<Take>,
    /// When record number and date of birth were checked against each other; filing needs it.
    pub identity_verified_at: Option<jiff::Timestamp>,
    /// When it was taken in.
    pub created_at: jiff::Timestamp,
}
