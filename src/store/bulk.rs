//! Many of them in one transaction, for a sample practice of the size of a real one. Each goes the way that a single one
//! goes, so that what is there afterwards is what years of work would have left: with every step and audit row.

use crate::domain::audit::Stamp;
use crate::domain::encounter::Encounter;
use crate::domain::patient::Patient;
use crate::domain::recognition::Recognition;
use crate::domain::signature::Signature;
use crate::domain::transition::{By, Note as Words, Step};
use crate::domain::user::User;
use crate::store::dictations::{self, NewDictation, Received};
use crate::store::reports::{self, SignReport, StageErrors};
use crate::store::steps::{self, TakeStep};
use crate::store::{
    Fault, Kind, Note, Store, StoreError, audit, chain, encounters, patients, queue, retention,
    users,
};
use rusqlite::Connection;

/// A dictation with all that became of it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The visit that it is about.
    pub encounter: Encounter,
    /// The recording.
    pub dictation: NewDictation,
    /// When it was taken in, and by whom.
    pub received: Stamp,
    /// What was heard.
    pub recognition: Recognition,
    /// When the engine began, and when it was done.
    pub heard: (Stamp, Stamp),
    /// What people did with it, in order.
    pub steps: Vec<(Step, User, Option<Words>, Stamp)>,
    /// Its signature, with which it is filed.
    pub signature: Option<(Signature, Stamp)>,
    /// After how many days its recording was removed, and when.
    pub removed: Option<(u32, Stamp)>,
}

fn put(conn: &Connection, past: Past) -> Result<(), Fault> {
    encounters::insert(conn, &past.encounter, &past.received)?;
    let id = match dictations::receive(conn, &past.dictation, &past.received)? {
        Received::New(id) => id,
        _ => return Err(StoreError::Conflict("this recording is there already".into()).into()),
    };
    queue::start(conn, id, &past.heard.0)?;
    let made = dictations::complete(conn, id, &past.recognition, &past.heard.1)?;
    for (step, user, note, stamp) in past.steps {
        let request = TakeStep {
            dictation_id: id,
            step,
            by: By::Person(user),
            note,
        };
        steps::take(conn, &request, &stamp)?;
    }
    if let Some((signature, stamp)) = past.signature {
        let words = past.recognition.raw.words.len();
        let request = SignReport {
            report_id: made.report_id,
            signature,
            identity_verified: false,
            stages: StageErrors {
                words: u32::try_from(words).unwrap_or(u32::MAX),
                ..StageErrors::default()
            },
        };
        reports::sign(conn, &request, &stamp)?;
    }
    if let Some((days, stamp)) = past.removed {
        let sha256 = &past.dictation.recording.sha256;
        retention::remove(conn, sha256, (days, stamp.at), &stamp)?;
    }
    Ok(())
}

impl Store {
    /// Writes all of it or nothing, in a demonstration database only.
    async fn fill(
        &self,
        job: impl FnOnce(&Connection) -> Result<(), Fault> + Send + 'static,
    ) -> Result<(), StoreError> {
        if self.kind() != Kind::Demo {
            return Err(StoreError::WrongKind {
                path: self.path().to_path_buf(),
                found: self.kind(),
                wanted: Kind::Demo,
            });
        }
        self.write(job).await
    }

    /// Adds people who use Osler, and patients.
    ///
    /// # Errors
    /// [`StoreError::WrongKind`] in a real practice, [`StoreError::Conflict`] where a name or a number is taken.
    pub async fn fill_people(
        &self,
        users: Vec<User>,
        patients: Vec<Patient>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.fill(move |conn| {
            users.iter().try_for_each(|u| users::add(conn, u, &stamp))?;
            patients
                .iter()
                .try_for_each(|p| patients::insert(conn, p, &stamp))
        })
        .await
    }

    /// Adds dictations that came as far as they say.
    ///
    /// # Errors
    /// [`StoreError::WrongKind`] in a real practice.
    pub async fn fill_dictations(&self, past: Vec<Past>) -> Result<(), StoreError> {
        self.fill(move |conn| past.into_iter().try_for_each(|p| put(conn, p)))
            .await
    }

    /// Adds what was noted.
    ///
    /// # Errors
    /// [`StoreError::WrongKind`] in a real practice.
    pub async fn fill_notes(&self, notes: Vec<Note>) -> Result<(), StoreError> {
        self.fill(move |conn| notes.into_iter().try_for_each(|n| audit::note(conn, n)))
            .await
    }

    /// Number of the newest row of the trail; 0 where there is none.
    pub async fn trail_length(&self) -> Result<u64, StoreError> {
        self.read(|conn| Ok(chain::last(conn)?.unsigned_abs()))
            .await
    }
}
