//! Encounters.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::Phase;
use crate::domain::encounter::Encounter;
use crate::domain::ids::{DictationId, EncounterId, PatientId, UserId};
use crate::domain::patient::Patient;
use crate::domain::user::User;
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::{At, Day, typed_id};
use crate::store::{Fault, Store, StoreError, patients};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

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

pub(super) fn insert(conn: &Connection, encounter: &Encounter, stamp: &Stamp) -> Result<(), Fault> {
    patients::in_use(conn, encounter.patient_id)?;
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
            stamp,
        },
    )
}

/// A visit with whose it is, and what was dictated about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The visit.
    pub encounter: Encounter,
    /// Whose.
    pub patient: Patient,
    /// With whom.
    pub physician: User,
    /// The newest dictation about it, where there is one, and where that stands.
    pub dictation: Option<(DictationId, Phase)>,
}

const VISITS: &str = "SELECT p.*, e.id AS encounter_id, e.physician_id AS physician_id, e.date AS date,
        e.location AS location, e.reason AS reason,
        u.username AS username, u.name AS name, u.role AS role, d.id AS dictation_id, d.phase AS phase
    FROM encounters e JOIN patients p ON p.id = e.patient_id JOIN users u ON u.id = e.physician_id
    LEFT JOIN dictations d ON d.id = (SELECT n.id FROM dictations n
        WHERE n.patient_id = e.patient_id AND n.encounter_id = e.id AND n.state <> 'deleted'
        ORDER BY n.created_at DESC, n.rowid DESC LIMIT 1)";

fn visit(r: &Row<'_>) -> rusqlite::Result<Visit> {
    let patient = patients::row(r)?;
    let physician = User {
        id: r.get("physician_id")?,
        username: r.get("username")?,
        name: r.get("name")?,
        role: r.get("role")?,
    };
    Ok(Visit {
        encounter: Encounter {
            id: r.get("encounter_id")?,
            patient_id: patient.id,
            physician_id: physician.id,
            date: r.get::<_, Day>("date")?.0,
            location: r.get("location")?,
            reason: r.get("reason")?,
        },
        patient,
        physician,
        dictation: r
            .get::<_, Option<DictationId>>("dictation_id")?
            .zip(r.get("phase")?),
    })
}

impl Store {
    /// Adds an encounter. Gives the identifier, which is another one where the same key added an encounter before.
    pub async fn add_encounter(
        &self,
        encounter: Encounter,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<EncounterId, StoreError> {
        self.write(move |conn| {
            once(conn, key.as_ref(), "encounter", &stamp, || {
                insert(conn, &encounter, &stamp)?;
                Ok(encounter.id)
            })
        })
        .await
    }

    /// Visits of a day, of one physician or of all, in the order in which they came.
    pub async fn visits_on(
        &self,
        date: Date,
        physician: Option<UserId>,
    ) -> Result<Vec<Visit>, StoreError> {
        self.read(move |conn| {
            let sql = format!(
                "{VISITS} WHERE e.date = :date AND (:physician IS NULL OR e.physician_id = :physician)
                 ORDER BY e.created_at, e.rowid"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(
                named_params! {":date": Day(date), ":physician": physician},
                visit,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One visit; [`StoreError::NotFound`] where there is none.
    pub async fn visit(&self, id: EncounterId) -> Result<Visit, StoreError> {
        self.read(move |conn| {
            conn.prepare_cached(&format!("{VISITS} WHERE e.id = ?1"))?
                .query_row([id], visit)
                .optional()?
                .ok_or_else(|| StoreError::NotFound(format!("there is no encounter {id}")).into())
        })
        .await
    }

    /// A patient's visits, the newest first.
    pub async fn visits_of(&self, patient: PatientId) -> Result<Vec<Visit>, StoreError> {
        self.read(move |conn| {
            let sql =
                format!("{VISITS} WHERE e.patient_id = ?1 ORDER BY e.date DESC, e.rowid DESC");
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map([patient], visit)?;
            Ok(rows.collect::<Result<_, _>>()?)
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
