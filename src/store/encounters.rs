//! Encounters.

use crate::domain::audit::{Action, Stamp};
use crate::domain::encounter::Encounter;
use crate::domain::ids::PatientId;
use crate::store::audit::{self, Entry};
use crate::store::sql::{At, Day, typed_id};
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, Row, named_params};

fn row(r: &Row<'_>) -> rusqlite::Result<Encounter> {
    Ok(Encounter {
        id: r.get("id")?,
        patient_id: r.get("patient_id")?,
        physician_id: r.get("physician_id")?,
        date: r.get::<_, Day>("date")?.0,
        location: r.get("location")?,
        reason: r.get("reason")?,
    })
}

pub(super) fn of(conn: &Connection, patient_id: PatientId) -> Result<Vec<Encounter>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT * FROM encounters WHERE patient_id = ?1 ORDER BY date, id")?;
    let rows = statement.query_map([patient_id], row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// Adds an encounter.
    pub async fn add_encounter(
        &self,
        encounter: Encounter,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.execute(
                "INSERT INTO encounters
                     (id, patient_id, physician_id, date, location, reason, created_at)
                 VALUES (:id, :patient, :physician, :date, :location, :reason, :at)",
                named_params! {
                    ":id": encounter.id,
                    ":patient": encounter.patient_id,
                    ":physician": encounter.physician_id,
                    ":date": Day(encounter.date),
                    ":location": encounter.location,
                    ":reason": encounter.reason,
                    ":at": At(stamp.at),
                },
            )?;
            audit::record(
                conn,
                Entry {
                    action: Action::EncounterAdded,
                    subject: ("encounter", encounter.id.to_string()),
                    patient_id: Some(encounter.patient_id),
                    details: serde_json::json!({}),
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// A patient's encounters by date.
    pub async fn encounters_of(&self, patient: PatientId) -> Result<Vec<Encounter>, StoreError> {
        self.read(move |conn| of(conn, patient)).await
    }

    /// The encounter that a person means by an identifier or by the beginning or end of one.
    pub async fn find_encounter(&self, typed: &str) -> Result<Encounter, StoreError> {
        let shown = typed.to_owned();
        let digits = typed_id(typed);
        self.read(move |conn| {
            let digits = digits.ok_or_else(|| not_an_id(&shown))?;
            let mut statement = conn.prepare_cached(
                "SELECT * FROM encounters
                 WHERE replace(id, '-', '') LIKE ?1 || '%' OR replace(id, '-', '') LIKE '%' || ?1
                 LIMIT 2",
            )?;
            let mut found = statement
                .query_map([digits], row)?
                .collect::<Result<Vec<_>, _>>()?;
            match (found.pop(), found.pop()) {
                (Some(one), None) => Ok(one),
                (Some(_), Some(_)) => Err(ambiguous(&shown).into()),
                _ => Err(StoreError::NotFound(format!("there is no encounter {shown}")).into()),
            }
        })
        .await
    }
}

pub(super) fn not_an_id(shown: &str) -> StoreError {
    StoreError::NotFound(format!(
        "{shown:?} is not an identifier; give all of one, or at least 6 digits of its beginning or end, as the lists show"
    ))
}

pub(super) fn ambiguous(shown: &str) -> StoreError {
    StoreError::Conflict(format!(
        "{shown} fits more than one; give more digits of the identifier"
    ))
}
