//! Patients.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::PatientId;
use crate::domain::patient::{Mrn, Patient, RecordEntry};
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::{At, Day, or_conflict};
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

pub(super) fn row(r: &Row<'_>) -> rusqlite::Result<Patient> {
    Ok(Patient {
        id: r.get("id")?,
        mrn: r.get("mrn")?,
        family: r.get("family")?,
        given: r.get("given")?,
        birth_date: r.get::<_, Day>("birth_date")?.0,
        sex: r.get("sex")?,
    })
}

pub(super) fn by_id(conn: &Connection, id: PatientId) -> Result<Patient, Fault> {
    conn.prepare_cached("SELECT * FROM patients WHERE id = ?1")?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such patient".into()).into())
}

/// The record itself, where it was not joined with another in the meantime.
pub(super) fn in_use(conn: &Connection, id: PatientId) -> Result<(), Fault> {
    let is_over: Option<bool> = conn
        .prepare_cached("SELECT merged_into IS NOT NULL FROM patients WHERE id = ?1")?
        .query_row([id], |r| r.get(0))
        .optional()?;
    match is_over {
        Some(false) => Ok(()),
        Some(true) => Err(StoreError::Conflict(
            "this record was joined with another in the meantime; look the patient up again".into(),
        )
        .into()),
        None => Err(StoreError::NotFound("there is no such patient".into()).into()),
    }
}

pub(super) fn insert(conn: &Connection, patient: &Patient, stamp: &Stamp) -> Result<(), Fault> {
    conn.execute(
        "INSERT INTO patients (id, mrn, family, given, birth_date, sex, created_at)
         VALUES (:id, :mrn, :family, :given, :birth_date, :sex, :at)",
        named_params! {
            ":id": patient.id,
            ":mrn": patient.mrn,
            ":family": patient.family,
            ":given": patient.given,
            ":birth_date": Day(patient.birth_date),
            ":sex": patient.sex,
            ":at": At(stamp.at),
        },
    )
    .map_err(or_conflict(format!(
        "record number {} is taken; `osler patient show {}` shows whose it is",
        patient.mrn, patient.mrn
    )))?;
    audit::record(
        conn,
        Entry {
            action: Action::PatientAdded,
            subject: ("patient", patient.id.to_string()),
            patient_id: Some(patient.id),
            details: serde_json::json!({}),
            stamp,
        },
    )
}

/// A line of a record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEntry {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub entry: RecordEntry,
    /// Since when.
    pub at: Timestamp,
    /// Login name of whoever added it; none where nobody knows.
    pub by: Option<String>,
}

fn entry_audit(
    conn: &Connection,
    patient: PatientId,
    entry: &RecordEntry,
    action: Action,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("patient", patient.to_string()),
            patient_id: Some(patient),
            details: serde_json::json!({"kind": entry.kind.as_str()}),
            stamp,
        },
    )
}

impl Store {
    /// Adds a patient; [`StoreError::Conflict`] where the record number is taken. Gives the identifier, which is another
    /// one where the same key added a patient before.
    pub async fn add_patient(
        &self,
        patient: Patient,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<PatientId, StoreError> {
        self.write(move |conn| {
            once(conn, key.as_ref(), "patient", &stamp, || {
                insert(conn, &patient, &stamp)?;
                Ok(patient.id)
            })
        })
        .await
    }

    /// The patient with this record number; where the record was joined with another, that one.
    pub async fn patient_by_mrn(&self, mrn: Mrn) -> Result<Option<Patient>, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT p.* FROM patients f JOIN patients p ON p.id = coalesce(f.merged_into, f.id)
                     WHERE f.mrn = ?1",
                )?
                .query_row([mrn], row)
                .optional()?)
        })
        .await
    }

    /// One patient; [`StoreError::NotFound`] where there is none.
    pub async fn patient(&self, id: PatientId) -> Result<Patient, StoreError> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// Adds a line to a patient's record; [`StoreError::Conflict`] where it stands there already. Gives its number.
    pub async fn add_entry(
        &self,
        patient: PatientId,
        entry: RecordEntry,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<i64, StoreError> {
        self.write(move |conn| {
            once(conn, key.as_ref(), "entry", &stamp, || {
                in_use(conn, patient)?;
                conn.execute(
                    "INSERT INTO entries (patient_id, kind, text, created_at, made_by)
                     VALUES (:patient, :kind, :text, :at, :by)",
                    named_params! {
                        ":patient": patient,
                        ":kind": entry.kind,
                        ":text": entry.text,
                        ":at": At(stamp.at),
                        ":by": stamp.actor.name,
                    },
                )
                .map_err(or_conflict(format!(
                    "this {} is in the record already",
                    entry.kind.as_str()
                )))?;
                let id = conn.last_insert_rowid();
                entry_audit(conn, patient, &entry, Action::EntryAdded, &stamp)?;
                Ok(id)
            })
        })
        .await
    }

    /// Withdraws a line of a patient's record; [`StoreError::NotFound`] where it does not stand there.
    pub async fn withdraw_entry(
        &self,
        patient: PatientId,
        entry: RecordEntry,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let changed = conn.execute(
                "UPDATE entries SET withdrawn_at = :at
                 WHERE patient_id = :patient AND kind = :kind AND text = :text AND withdrawn_at IS NULL",
                named_params! {
                    ":patient": patient,
                    ":kind": entry.kind,
                    ":text": entry.text,
                    ":at": At(stamp.at),
                },
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound(format!(
                    "the record has no such {}; `osler patient show` prints what it has",
                    entry.kind.as_str()
                ))
                .into());
            }
            entry_audit(conn, patient, &entry, Action::EntryWithdrawn, &stamp)
        })
        .await
    }

    /// The lines of a patient's record that hold, in the order in which they came.
    pub async fn entries_of(&self, patient: PatientId) -> Result<Vec<RecordEntry>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT kind, text FROM entries WHERE patient_id = ?1 AND withdrawn_at IS NULL ORDER BY seq",
            )?;
            let rows = statement.query_map([patient], |r| {
                Ok(RecordEntry {
                    kind: r.get("kind")?,
                    text: r.get("text")?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The same lines, as they are kept.
    pub async fn kept_entries_of(&self, patient: PatientId) -> Result<Vec<KeptEntry>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, kind, text, created_at, made_by FROM entries
                 WHERE patient_id = ?1 AND withdrawn_at IS NULL ORDER BY seq",
            )?;
            let rows = statement.query_map([patient], |r| {
                Ok(KeptEntry {
                    id: r.get("seq")?,
                    entry: RecordEntry {
                        kind: r.get("kind")?,
                        text: r.get("text")?,
                    },
                    at: r.get::<_, At>("created_at")?.0,
                    by: Some(r.get::<_, String>("made_by")?).filter(|by| !by.is_empty()),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// All patients by name, without records that were joined with another.
    pub async fn patients(&self) -> Result<Vec<Patient>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM patients WHERE merged_into IS NULL ORDER BY family, given, mrn",
            )?;
            let rows = statement.query_map([], row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
