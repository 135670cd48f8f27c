//! The audit trail. A row is written inside the transaction of its change, so that neither stands without the other.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::PatientId;
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, Row, named_params};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// A row of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its place in the trail.
    pub seq: i64,
    /// When.
    pub at: jiff::Timestamp,
    /// Who.
    pub actor: String,
    /// Where from.
    pub via: String,
    /// What was done, as [`Action::as_str`] writes it.
    pub action: String,
    /// What kind of thing it was done to, for example "report".
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// Whose record it belongs to.
    pub patient_id: Option<PatientId>,
    /// Numbers, hashes and identifiers; never a patient's text.
    pub details: serde_json::Value,
}

/// What is written with a change.
pub(super) struct Entry<'a> {
    pub action: Action,
    pub subject: (&'static str, String),
    pub patient_id: Option<PatientId>,
    pub details: serde_json::Value,
    pub stamp: &'a Stamp,
}

/// Something that happened without changing anything: a record was read, a question was refused.
#[derive(Debug, Clone)]
pub struct Note {
    /// What.
    pub action: Action,
    /// What kind of thing it was about, and which.
    pub subject: (&'static str, String),
    /// Whose record it belongs to.
    pub patient_id: Option<PatientId>,
    /// Numbers, hashes, identifiers; of a search, what was searched for.
    pub details: serde_json::Value,
    /// By whom and when.
    pub stamp: Stamp,
}

/// A note and who waits for it to be on the disk.
type Waiting = (Note, oneshot::Sender<Result<(), String>>);

/// Notes that wait for the next commit. Each commit waits for the disk; so all that came in while one was under way are
/// written by the next one together.
#[derive(Default)]
pub(super) struct Notes {
    waiting: Mutex<Waitings>,
}

#[derive(Default)]
struct Waitings {
    notes: Vec<Waiting>,
    is_writing: bool,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Waitings> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a note; true where the caller has to begin writing.
    fn add(&self, waiting: Waiting) -> bool {
        let mut all = self.lock();
        all.notes.push(waiting);
        !std::mem::replace(&mut all.is_writing, true)
    }

    /// What waits; where nothing does, the writing is over.
    fn take(&self) -> Vec<Waiting> {
        let mut all = self.lock();
        all.is_writing = !all.notes.is_empty();
        std::mem::take(&mut all.notes)
    }
}

pub(super) fn record(conn: &Connection, entry: Entry<'_>) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO audit (at, actor, via, action, subject_kind, subject_id, patient_id, details)
         VALUES (:at, :actor, :via, :action, :kind, :id, :patient, :details)",
    )?
    .execute(named_params! {
        ":at": At(entry.stamp.at),
        ":actor": entry.stamp.actor.name,
        ":via": entry.stamp.actor.via,
        ":action": entry.action.as_str(),
        ":kind": entry.subject.0,
        ":id": entry.subject.1,
        ":patient": entry.patient_id,
        ":details": entry.details.to_string(),
    })?;
    Ok(())
}

fn row(r: &Row<'_>) -> rusqlite::Result<(AuditRow, String)> {
    Ok((
        AuditRow {
            seq: r.get("seq")?,
            at: r.get::<_, At>("at")?.0,
            actor: r.get("actor")?,
            via: r.get("via")?,
            action: r.get("action")?,
            subject_kind: r.get("subject_kind")?,
            subject_id: r.get("subject_id")?,
            patient_id: r.get("patient_id")?,
            details: serde_json::Value::Null,
        },
        r.get("details")?,
    ))
}

impl Store {
    /// Writes a note down; it is on the disk when this returns.
    pub async fn note(&self, note: Note) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.inner.notes.add((note, answer)) {
            // Not within this call, which may be cancelled while others wait for the same commit.
            let store = self.clone();
            tokio::spawn(async move { store.write_notes().await });
        }
        answered
            .await
            .map_err(|_| StoreError::Closed)?
            .map_err(StoreError::Broken)
    }

    async fn write_notes(&self) {
        loop {
            let (notes, waiting): (Vec<Note>, Vec<_>) = self.inner.notes.take().into_iter().unzip();
            if notes.is_empty() {
                return;
            }
            let written = self
                .write(move |conn| {
                    notes.into_iter().try_for_each(|note| {
                        record(
                            conn,
                            Entry {
                                action: note.action,
                                subject: note.subject,
                                patient_id: note.patient_id,
                                details: note.details,
                                stamp: &note.stamp,
                            },
                        )
                    })
                })
                .await;
            for answer in waiting {
                let result = written.as_ref().copied().map_err(ToString::to_string);
                // Whoever asked may be gone; the note stands.
                let _ = answer.send(result);
            }
        }
    }

    /// The trail in order: all of it, or one patient's.
    pub async fn audit(&self, of: Option<PatientId>) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM audit WHERE ?1 IS NULL OR patient_id = ?1 ORDER BY seq",
            )?;
            let rows = statement
                .query_map([of], row)?
                .collect::<Result<Vec<_>, _>>()?;
            rows.into_iter()
                .map(|(mut row, details)| {
                    row.details = serde_json::from_str(&details)?;
                    Ok(row)
                })
                .collect()
        })
        .await
    }
}
