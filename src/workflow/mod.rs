//! The use cases, one per file: what the command line and the service both call. Rules are decided here; the store
//! keeps what was decided, together with its audit row, in one transaction.

pub mod arrivals;
pub mod backup;
pub mod batch;
pub mod case;
pub mod demo;
pub mod dictate;
pub mod doctor;
pub mod fill;
pub mod health;
pub mod hub;
pub mod inbox;
pub mod installation;
pub mod intake;
pub mod layers;
pub mod learned;
pub mod letters;
pub mod live_session;
pub mod merge;
pub mod particulars;
pub mod patients;
pub mod people;
pub mod print;
pub mod queue;
pub mod record;
pub mod redraft;
pub mod retention;
pub mod review;
pub mod room;
mod sealed;
pub mod search;
pub mod settings;
pub mod sign;
pub mod sound;
pub mod templates;
pub mod trail;
pub mod transcribe;
pub mod upkeep;
pub mod uploads;
pub mod watch;
pub mod worklist;

pub use crate::store::StoreError;
pub use people::users;

use crate::dictionary::load::LoadError;
use crate::domain::patient::Patient;
use crate::domain::policy::Reason;
use crate::store::blobs::BlobError;
use crate::store::vault::VaultError;
use crate::workflow::people::AccessRefusal;
use jiff::civil::Date;

/// A rule that forbids what was asked for. No message holds a patient's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The date of birth is not the one in the record.
    #[error(
        "the date of birth given is not the one in record {mrn}; nothing was stored. Check that this is the right patient"
    )]
    IdentityMismatch {
        /// The record that was named.
        mrn: String,
    },
    /// The recording is in another patient's record.
    #[error(
        "{file} is already in another patient's record; the same recording cannot belong to two. Nothing was stored"
    )]
    OtherPatient {
        /// Name of the recording.
        file: String,
    },
    /// The recording is in this record as somebody else's dictation.
    #[error(
        "{file} is already in record {mrn}, dictated by another author; nothing was changed. Name that author with --as, or check that this is the right recording"
    )]
    OtherAuthor {
        /// Name of the recording.
        file: String,
        /// The record that was named.
        mrn: String,
    },
    /// The recording is in this record with another encounter, or with none.
    #[error(
        "{file} is already in record {mrn} and does not belong to encounter {encounter} there; nothing was changed. Leave --encounter out, or check that this is the right recording"
    )]
    KnownEncounter {
        /// Name of the recording.
        file: String,
        /// The record that was named.
        mrn: String,
        /// The encounter that was named.
        encounter: String,
    },
    /// The encounter is another patient's.
    #[error("encounter {encounter} is not one of record {mrn}; nothing was stored")]
    OtherEncounter {
        /// The encounter.
        encounter: String,
        /// The record that was named.
        mrn: String,
    },
    /// Signing where nobody was authenticated, in a real practice.
    #[error(
        "this database is a real practice: a signature on the command line carries no authentication and is accepted by a demonstration database only"
    )]
    Unauthenticated,
    /// Someone else's report.
    #[error(
        "{username} is not the author of this report; only the physician who dictated it signs it"
    )]
    NotTheAuthor {
        /// Who tried.
        username: String,
    },
    /// Only physicians dictate and sign.
    #[error("{username} is no physician; only physicians dictate and sign")]
    NoPhysician {
        /// Who was named.
        username: String,
    },
    /// Nothing to sign.
    #[error(
        "this report is empty: nobody speaks in its recording; there is nothing to sign. Check the recording and take it in again"
    )]
    EmptyReport,
    /// Signing with flags that nobody has looked at.
    #[error("{count} flags of this report are still open; look at each of them first")]
    FlagsOpen {
        /// How many.
        count: usize,
    },
    /// Filing without the second identifier.
    #[error(
        "the second identifier of this report is still open; give the patient's date of birth with --birth-date"
    )]
    IdentityOpen,
    /// Made-up patients in a real practice.
    #[error("this database is a real practice; made-up patients do not go into it")]
    NoDemoHere,
    /// The policy.
    #[error(transparent)]
    Policy(#[from] Reason),
    /// Somebody did not get in, or was not believed.
    #[error(transparent)]
    Access(#[from] AccessRefusal),
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was given cannot be right; the message says how it has to be.
    #[error("{0}")]
    Invalid(String),
    /// The recording cannot be read.
    #[error("{file}: {reason}; nothing was stored")]
    Recording {
        /// The file as it was named.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recordings.
    #[error(transparent)]
    Audio(#[from] BlobError),
    /// The dictionary.
    #[error(transparent)]
    Dictionary(#[from] LoadError),
}

impl WorkflowError {
    /// Whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Store(StoreError::NotFound(_)))
    }
}

impl From<VaultError> for WorkflowError {
    fn from(error: VaultError) -> Self {
        BlobError::from(error).into()
    }
}

/// Compares the second identifier with the record. `None` was not asked for and leaves it open.
///
/// # Errors
/// [`Refusal::IdentityMismatch`], which does not say what the record holds.
fn check_identity(patient: &Patient, birth_date: Option<Date>) -> Result<bool, Refusal> {
    match birth_date {
        None => Ok(false),
        Some(date) if date == patient.birth_date => Ok(true),
        Some(_) => Err(Refusal::IdentityMismatch {
            mrn: patient.mrn.to_string(),
        }),
    }
}

/// Runs what would hold up the others on a thread of its own.
///
/// # Errors
/// [`StoreError::Broken`] where it panicked.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))
}

/// [`off_thread`] for work that can fail by itself.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkflowError> + Send + 'static,
) -> Result<T, WorkflowError> {
    off_thread(work).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PatientId;
    use crate::domain::patient::Sex;
    use jiff::civil::date;

    #[test]
    fn a_wrong_date_of_birth_is_refused_without_telling_the_right_one() {
        let patient = Patient {
            id: PatientId::new(jiff::Timestamp::UNIX_EPOCH),
            mrn: "A-1".parse().unwrap(),
            family: "Winter".into(),
            given: "Ada".into(),
            birth_date: date(1961, 3, 4),
            sex: Sex::Female,
        };
        assert_eq!(check_identity(&patient, None), Ok(false));
        assert_eq!(check_identity(&patient, Some(date(1961, 3, 4))), Ok(true));
        let refusal = check_identity(&patient, Some(date(1961, 4, 3))).unwrap_err();
        let message = refusal.to_string();
        assert!(message.contains("A-1"), "{message}");
        for private in ["1961", "Winter", "Ada"] {
            assert!(!message.contains(private), "{message}");
        }
    }
}
