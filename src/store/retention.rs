//! Legal holds, and recordings whose time is over.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, PatientId, UserId};
use crate::store::audit::{self, Entry};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A legal hold: nothing of a patient's is removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// Record number.
    pub mrn: String,
    /// Why.
    pub reason: String,
    /// Login name of who placed it.
    pub placed_by: String,
    /// Since when.
    pub placed_at: Timestamp,
    /// When it was lifted, if it was.
    pub lifted_at: Option<Timestamp>,
}

/// A recording of dictations that are all filed or deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// Its address in the audio store.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When the last thing happened to any of its dictations.
    pub over_at: Timestamp,
    /// Whether a legal hold keeps it.
    pub held: bool,
}

/// With `{only}` for one recording or for all.
const OVER: &str = "
    SELECT t.sha256, max(t.bytes) AS bytes,
           max((SELECT max(s.at) FROM steps s WHERE s.dictation_id = d.id)) AS over_at,
           max(EXISTS (SELECT 1 FROM holds h WHERE h.patient_id = d.patient_id AND h.lifted_at IS NULL)) AS held
    FROM takes t JOIN dictations d ON d.id = t.dictation_id
    WHERE {only} t.sha256 NOT IN (SELECT sha256 FROM removed_sounds)
    GROUP BY t.sha256
    HAVING min(d.state = 'deleted' OR (d.phase = 'filed' AND d.state = 'done'
                   AND NOT EXISTS (SELECT 1 FROM reports r WHERE r.dictation_id = d.id AND r.status <> 'filed')))
       AND over_at <= :before
    ORDER BY over_at, t.sha256";

fn over(conn: &Connection, before: Timestamp) -> Result<Vec<Over>, Fault> {
    Ok(conn
        .prepare_cached(&OVER.replace("{only}", ""))?
        .query_map(named_params! {":before": At(before)}, row)?
        .collect::<Result<_, _>>()?)
}

fn still_over(conn: &Connection, sha256: &str, before: Timestamp) -> Result<bool, Fault> {
    let over = conn
        .prepare_cached(&OVER.replace("{only}", "t.sha256 = :sha256 AND"))?
        .query_row(
            named_params! {":before": At(before), ":sha256": sha256},
            row,
        )
        .optional()?;
    Ok(over.is_some_and(|over| !over.held))
}

fn row(r: &Row<'_>) -> rusqlite::Result<Over> {
    Ok(Over {
        sha256: r.get("sha256")?,
        bytes: r.get::<_, i64>("bytes")?.unsigned_abs(),
        over_at: r.get::<_, At>("over_at")?.0,
        held: r.get("held")?,
    })
}

pub(super) fn remove(
    conn: &Connection,
    sha256: &str,
    (days, before): (u32, Timestamp),
    stamp: &Stamp,
) -> Result<bool, Fault> {
    // Asked again: a dictation may have been taken up, or a hold placed, since the list was made.
    if !still_over(conn, sha256, before)? {
        return Ok(false);
    }
    conn.execute(
        "INSERT INTO removed_sounds (sha256, removed_at, days) VALUES (?1, ?2, ?3)",
        (sha256, At(stamp.at), days),
    )?;
    let of: Vec<(DictationId, PatientId)> = conn
        .prepare_cached(
            "SELECT DISTINCT d.id, d.patient_id FROM takes t JOIN dictations d ON d.id = t.dictation_id
             WHERE t.sha256 = ?1",
        )?
        .query_map([sha256], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (dictation, patient) in of {
        audit::record(
            conn,
            Entry {
                action: Action::SoundRemoved,
                subject: ("dictation", dictation.to_string()),
                patient_id: Some(patient),
                details: serde_json::json!({"sha256": sha256, "days": days}),
                stamp,
            },
        )?;
    }
    Ok(true)
}

fn change_hold(
    conn: &Connection,
    action: Action,
    patient: PatientId,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("patient", patient.to_string()),
            patient_id: Some(patient),
            details: serde_json::json!({}),
            stamp,
        },
    )
}

impl Store {
    /// Recordings of dictations to which nothing has happened since `before`, and which are filed or deleted.
    pub async fn sounds_over(&self, before: Timestamp) -> Result<Vec<Over>, StoreError> {
        self.read(move |conn| over(conn, before)).await
    }

    /// Notes that a recording is removed, which `days` was the time for; the file itself goes afterwards. False where it is
    /// not over any more, or held.
    pub async fn remove_sound(
        &self,
        sha256: String,
        days: u32,
        before: Timestamp,
        stamp: Stamp,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| remove(conn, &sha256, (days, before), &stamp))
            .await
    }

    /// Every recording that was removed.
    pub async fn removed_sounds(&self) -> Result<Vec<String>, StoreError> {
        self.read(|conn| {
            Ok(conn
                .prepare_cached("SELECT sha256 FROM removed_sounds ORDER BY 1")?
                .query_map([], |r| r.get(0))?
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// When a recording was removed because its time was over, if it was.
    pub async fn sound_removed_at(&self, sha256: &str) -> Result<Option<Timestamp>, StoreError> {
        let sha256 = sha256.to_owned();
        self.read(move |conn| {
            Ok(conn
                .prepare_cached("SELECT removed_at FROM removed_sounds WHERE sha256 = ?1")?
                .query_row([sha256], |r| r.get::<_, At>(0))
                .optional()?
                .map(|at| at.0))
        })
        .await
    }

    /// Keeps everything of a patient's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a hold is in force.
    pub async fn place_hold(
        &self,
        patient: PatientId,
        by: UserId,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let held: bool = conn.query_row(
                "SELECT EXISTS (SELECT 1 FROM holds WHERE patient_id = ?1 AND lifted_at IS NULL)",
                [patient],
                |r| r.get(0),
            )?;
            if held {
                return Err(StoreError::Conflict("there is a hold on this record already".into()).into());
            }
            conn.execute(
                "INSERT INTO holds (patient_id, reason, placed_by, placed_at) VALUES (?1, ?2, ?3, ?4)",
                (patient, reason, by, At(stamp.at)),
            )?;
            change_hold(conn, Action::HoldPlaced, patient, &stamp)
        })
        .await
    }

    /// Lifts the hold on a patient's record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where none is in force.
    pub async fn lift_hold(
        &self,
        patient: PatientId,
        by: UserId,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let lifted = conn.execute(
                "UPDATE holds SET lifted_by = ?2, lifted_at = ?3, lift_reason = ?4
                 WHERE patient_id = ?1 AND lifted_at IS NULL",
                (patient, by, At(stamp.at), reason),
            )?;
            if lifted == 0 {
                return Err(StoreError::NotFound("there is no hold on this record".into()).into());
            }
            change_hold(conn, Action::HoldLifted, patient, &stamp)
        })
        .await
    }

    /// Every hold there is or was, newest first.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.read(|conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT p.mrn, h.reason, u.username, h.placed_at, h.lifted_at
                     FROM holds h JOIN patients p ON p.id = h.patient_id JOIN users u ON u.id = h.placed_by
                     ORDER BY h.seq DESC",
                )?
                .query_map([], |r| {
                    Ok(Hold {
                        mrn: r.get(0)?,
                        reason: r.get(1)?,
                        placed_by: r.get(2)?,
                        placed_at: r.get::<_, At>(3)?.0,
                        lifted_at: r.get::<_, Option<At>>(4)?.map(|at| at.0),
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
        .await
    }
}
