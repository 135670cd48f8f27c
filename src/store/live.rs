//! Dictations that are being spoken into the service.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, EncounterId, LiveId, PatientId, UserId};
use crate::domain::worklist::Orders;
use crate::store::audit::{self, Entry};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError, patients};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A dictation that was begun at the microphone of a browser.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveDictation {
    /// Identifier, made by the browser.
    pub id: LiveId,
    /// Who dictates.
    pub author_id: UserId,
    /// Whose record it is for.
    pub patient_id: PatientId,
    /// The visit, if it is known.
    pub encounter_id: Option<EncounterId>,
    /// Whether the second identifier was checked.
    pub identity_verified: bool,
    /// How it is to be worked on.
    pub orders: Orders,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When somebody last recorded.
    pub touched_at: Timestamp,
    /// What became of it.
    pub end: Option<LiveEnd>,
}

/// How a dictation at the microphone ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveEnd {
    /// It was handed on.
    Finished(DictationId),
    /// Its author threw it away.
    Discarded,
}

fn row(r: &Row<'_>) -> rusqlite::Result<LiveDictation> {
    let finished: Option<DictationId> = r.get("dictation_id")?;
    let discarded: Option<At> = r.get("discarded_at")?;
    Ok(LiveDictation {
        id: r.get("id")?,
        author_id: r.get("author_id")?,
        patient_id: r.get("patient_id")?,
        encounter_id: r.get("encounter_id")?,
        identity_verified: r.get("identity_verified")?,
        orders: Orders {
            priority: r.get("priority")?,
            route: r.get("route")?,
        },
        begun_at: r.get::<_, At>("begun_at")?.0,
        touched_at: r.get::<_, At>("touched_at")?.0,
        end: finished
            .map(LiveEnd::Finished)
            .or(discarded.map(|_| LiveEnd::Discarded)),
    })
}

fn find(conn: &Connection, id: LiveId) -> Result<Option<LiveDictation>, Fault> {
    Ok(conn
        .prepare_cached("SELECT * FROM live_dictations WHERE id = ?1")?
        .query_row([id], row)
        .optional()?)
}

fn note(
    conn: &Connection,
    live: &LiveDictation,
    action: Action,
    details: serde_json::Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("live", live.id.to_string()),
            patient_id: Some(live.patient_id),
            details,
            stamp,
        },
    )
}

fn open(conn: &Connection, id: LiveId) -> Result<LiveDictation, Fault> {
    match find(conn, id)? {
        Some(live) if live.end.is_none() => Ok(live),
        Some(_) => Err(StoreError::Conflict(format!("dictation {id} has ended already")).into()),
        None => Err(StoreError::NotFound(format!("there is no dictation {id}")).into()),
    }
}

impl Store {
    /// Writes that somebody begins to dictate.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the identifier is taken.
    pub async fn begin_live(&self, live: LiveDictation, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            if find(conn, live.id)?.is_some() {
                let message = format!("dictation {} was begun already", live.id);
                return Err(StoreError::Conflict(message).into());
            }
            patients::in_use(conn, live.patient_id)?;
            conn.execute(
                "INSERT INTO live_dictations (id, author_id, patient_id, encounter_id, identity_verified, priority,
                                              route, begun_at, touched_at)
                 VALUES (:id, :author, :patient, :encounter, :verified, :priority, :route, :at, :at)",
                named_params! {
                    ":id": live.id,
                    ":author": live.author_id,
                    ":patient": live.patient_id,
                    ":encounter": live.encounter_id,
                    ":verified": live.identity_verified,
                    ":priority": live.orders.priority,
                    ":route": live.orders.route,
                    ":at": At(stamp.at),
                },
            )?;
            let details = serde_json::json!({});
            note(conn, &live, Action::LiveBegun, details, &stamp)
        })
        .await
    }

    /// A dictation that was begun at a microphone, whatever became of it.
    pub async fn live(&self, id: LiveId) -> Result<Option<LiveDictation>, StoreError> {
        self.read(move |conn| find(conn, id)).await
    }

    /// What this author has begun and not ended, the newest first.
    pub async fn open_live(&self, author: UserId) -> Result<Vec<LiveDictation>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM live_dictations
                 WHERE author_id = ?1 AND dictation_id IS NULL AND discarded_at IS NULL
                 ORDER BY begun_at DESC, id DESC",
            )?;
            Ok(statement
                .query_map([author], row)?
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// What was thrown away before `before`.
    pub async fn discarded_live(&self, before: Timestamp) -> Result<Vec<LiveId>, StoreError> {
        self.read(move |conn| {
            let mut statement =
                conn.prepare_cached("SELECT id FROM live_dictations WHERE discarded_at < ?1")?;
            Ok(statement
                .query_map([At(before)], |r| r.get(0))?
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Writes that somebody has just recorded.
    pub async fn touch_live(&self, id: LiveId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.prepare_cached("UPDATE live_dictations SET touched_at = ?2 WHERE id = ?1")?
                .execute((id, At(at)))?;
            Ok(())
        })
        .await
    }

    /// Writes what a dictation became.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it has ended already.
    pub async fn finish_live(
        &self,
        id: LiveId,
        dictation: DictationId,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let live = open(conn, id)?;
            conn.prepare_cached("UPDATE live_dictations SET dictation_id = ?2 WHERE id = ?1")?
                .execute((id, dictation))?;
            let details = serde_json::json!({"dictation": dictation});
            note(conn, &live, Action::LiveFinished, details, &stamp)
        })
        .await
    }

    /// Writes that its author throws a dictation away, and why.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it has ended already.
    pub async fn discard_live(
        &self,
        id: LiveId,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let live = open(conn, id)?;
            conn.prepare_cached(
                "UPDATE live_dictations SET discarded_at = ?2, reason = ?3 WHERE id = ?1",
            )?
            .execute((id, At(stamp.at), reason))?;
            note(
                conn,
                &live,
                Action::LiveDiscarded,
                serde_json::json!({}),
                &stamp,
            )
        })
        .await
    }
}
