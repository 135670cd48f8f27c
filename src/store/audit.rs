//! The audit trail. A row is written inside the transaction of its change, so that neither stands without the other.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::PatientId;
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, Row, named_params};

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
