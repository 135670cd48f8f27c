//! The audit trail. A row is written inside the transaction of its change, so that neither stands without the other.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::PatientId;
use crate::domain::patient::Mrn;
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql, named_params};
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

/// A row with what its identifiers stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditLine {
    /// The row.
    pub row: AuditRow,
    /// Its code in the chain, hex; none where the row was not written by Osler.
    pub mac: Option<String>,
    /// Login name, where it was done to a user.
    pub subject_name: Option<String>,
    /// Record number, where it belongs to a patient's record.
    pub mrn: Option<Mrn>,
}

/// Which rows are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<String>,
    /// What was done: a word, or what stands before its dot.
    pub action: Option<String>,
    /// What it was done to.
    pub subject_id: Option<String>,
    /// Whose record it belongs to.
    pub patient_id: Option<PatientId>,
    /// Only refusals, or only what was done.
    pub refused: Option<bool>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Rows before this one.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
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

pub(super) fn note(conn: &Connection, note: Note) -> Result<(), Fault> {
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

/// The condition holds only what is asked for, so that an index serves it.
fn lines(conn: &Connection, filter: &AuditFilter) -> Result<Vec<AuditLine>, Fault> {
    let mut conditions = vec!["1"];
    let mut values: Vec<(&str, Box<dyn ToSql>)> = Vec::new();
    let mut ask = |condition: &'static str, name: &'static str, value: Box<dyn ToSql>| {
        conditions.push(condition);
        values.push((name, value));
    };
    if let Some(actor) = &filter.actor {
        ask("a.actor = :actor", ":actor", Box::new(actor.clone()));
    }
    if let Some(action) = &filter.action {
        if action.contains('.') {
            ask("a.action = :action", ":action", Box::new(action.clone()));
        } else {
            // '/' comes right after '.'.
            ask(
                "a.action BETWEEN :action || '.' AND :action || '/'",
                ":action",
                Box::new(action.clone()),
            );
        }
    }
    if let Some(subject) = &filter.subject_id {
        ask(
            "a.subject_id = :subject",
            ":subject",
            Box::new(subject.clone()),
        );
    }
    if let Some(patient) = filter.patient_id {
        // What was done to a record before it was joined with this one stands under its own identifier.
        ask(
            "a.patient_id IN (SELECT :patient UNION ALL SELECT id FROM patients WHERE merged_into = :patient)",
            ":patient",
            Box::new(patient),
        );
    }
    if let Some(since) = filter.since {
        ask("a.at >= :since", ":since", Box::new(At(since)));
    }
    if let Some(until) = filter.until {
        ask("a.at < :until", ":until", Box::new(At(until)));
    }
    if let Some(before) = filter.before {
        ask("a.seq < :before", ":before", Box::new(before));
    }
    ask("1", ":limit", Box::new(filter.limit));
    let refusals = Action::REFUSALS
        .map(|action| format!("'{}'", action.as_str()))
        .join(", ");
    let refused = match filter.refused {
        None => String::new(),
        Some(true) => format!(" AND a.action IN ({refusals})"),
        Some(false) => format!(" AND a.action NOT IN ({refusals})"),
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT a.*, p.mrn AS mrn, u.username AS subject_name
         FROM audit a
         LEFT JOIN patients p ON p.id = a.patient_id
         LEFT JOIN users u ON a.subject_kind = 'user' AND u.id = a.subject_id
         WHERE {}{refused} ORDER BY a.seq DESC LIMIT :limit",
        conditions.join(" AND ")
    ))?;
    let bound: Vec<(&str, &dyn ToSql)> = values.iter().map(|(n, v)| (*n, v.as_ref())).collect();
    let rows = statement
        .query_map(bound.as_slice(), |r| {
            let (row, details) = row(r)?;
            let line = AuditLine {
                row,
                mac: r.get("mac")?,
                subject_name: r.get("subject_name")?,
                mrn: r.get("mrn")?,
            };
            Ok((line, details))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(mut line, details)| {
            line.row.details = serde_json::from_str(&details)?;
            Ok(line)
        })
        .collect()
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
                .write(move |conn| notes.into_iter().try_for_each(|n| note(conn, n)))
                .await;
            for answer in waiting {
                let result = written.as_ref().copied().map_err(ToString::to_string);
                // Whoever asked may be gone; the note stands.
                let _ = answer.send(result);
            }
        }
    }

    /// Notes something that was done to the whole: a backup, a change of the key.
    pub async fn record_upkeep(
        &self,
        action: Action,
        what: String,
        details: serde_json::Value,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            record(
                conn,
                Entry {
                    action,
                    subject: ("upkeep", what),
                    patient_id: None,
                    details,
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// The rows that a filter lets through, newest first.
    pub async fn audit_lines(&self, filter: AuditFilter) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |conn| lines(conn, &filter)).await
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
