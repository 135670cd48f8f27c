//! Patients.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::PatientId;
use crate::domain::patient::{Mrn, Patient};
use crate::store::audit::{self, Entry};
use crate::store::sql::{At, Day, or_conflict};
use crate::store::{Fault, Store, StoreError};
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

impl Store {
    /// Adds a patient; [`StoreError::Conflict`] where the record number is taken.
    pub async fn add_patient(&self, patient: Patient, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| {
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
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// The patient with this record number.
    pub async fn patient_by_mrn(&self, mrn: Mrn) -> Result<Option<Patient>, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached("SELECT * FROM patients WHERE mrn = ?1")?
                .query_row([mrn], row)
                .optional()?)
        })
        .await
    }

    /// One patient; [`StoreError::NotFound`] where there is none.
    pub async fn patient(&self, id: PatientId) -> Result<Patient, StoreError> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// All patients by name.
    pub async fn patients(&self) -> Result<Vec<Patient>, StoreError> {
        self.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT * FROM patients ORDER BY family, given, mrn")?;
            let rows = statement.query_map([], row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
