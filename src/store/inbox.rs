//! The inbox: recordings that wait until somebody says whose they are. What became of a recording that is delivered
//! again is asked here, too.

use crate::domain::arrival::{Hints, InboxItem, InboxState};
use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::State;
use crate::domain::ids::{DictationId, InboxId, PatientId};
use crate::store::audit::{self, Entry};
use crate::store::encounters::{ambiguous, not_an_id};
use crate::store::sql::{At, typed_id};
use crate::store::{Fault, NewDictation, Received, Store, StoreError, dictations};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A recording for the inbox; its sound is already in the audio store.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// SHA-256 (hex) of the recording.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// File name it came with, without folders.
    pub original_name: String,
    /// Where it came from.
    pub source: String,
    /// What is known.
    pub hints: Hints,
    /// Why that is not enough.
    pub reason: String,
    /// Whether only a person can settle it.
    pub by_hand: bool,
}

/// What is known of a sound that is delivered.
#[derive(Debug, Clone, Default)]
pub struct KnownSound {
    /// The dictations that were made of it, the newest last.
    pub dictations: Vec<KnownDictation>,
    /// Its place in the inbox, if it ever had one.
    pub item: Option<InboxItem>,
}

/// A dictation that was made of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDictation {
    /// Which.
    pub id: DictationId,
    /// Whose record it is in.
    pub patient_id: PatientId,
    /// Whether it was taken away since.
    pub deleted: bool,
}

fn row(r: &Row<'_>) -> rusqlite::Result<(InboxItem, String)> {
    let ended_at: Option<At> = r.get("ended_at")?;
    let ended_by: Option<String> = r.get("ended_by")?;
    Ok((
        InboxItem {
            id: r.get("id")?,
            sha256: r.get("sha256")?,
            bytes: r.get::<_, i64>("bytes")?.max(0) as u64,
            original_name: r.get("original_name")?,
            source: r.get("source")?,
            hints: Hints::default(),
            reason: r.get("reason")?,
            by_hand: r.get("by_hand")?,
            received_at: r.get::<_, At>("received_at")?.0,
            state: r.get("state")?,
            dictation_id: r.get("dictation_id")?,
            ended: ended_at.map(|at| at.0).zip(ended_by),
            note: r.get("note")?,
        },
        r.get("hints")?,
    ))
}

fn with_hints((mut item, hints): (InboxItem, String)) -> Result<InboxItem, Fault> {
    item.hints = serde_json::from_str(&hints)?;
    Ok(item)
}

fn by_id(conn: &Connection, id: InboxId) -> Result<InboxItem, Fault> {
    conn.prepare_cached("SELECT * FROM inbox WHERE id = ?1")?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| {
            StoreError::NotFound("there is no such recording in the inbox".into()).into()
        })
        .and_then(with_hints)
}

fn by_sound(conn: &Connection, sha256: &str) -> Result<Option<InboxItem>, Fault> {
    conn.prepare_cached("SELECT * FROM inbox WHERE sha256 = ?1")?
        .query_row([sha256], row)
        .optional()?
        .map(with_hints)
        .transpose()
}

fn dictations_of(conn: &Connection, sha256: &str) -> Result<Vec<KnownDictation>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT d.id, d.patient_id, d.state, d.created_at
         FROM takes t JOIN dictations d ON d.id = t.dictation_id
         WHERE t.sha256 = ?1 ORDER BY d.created_at, d.id",
    )?;
    let rows = statement.query_map([sha256], |r| {
        Ok(KnownDictation {
            id: r.get("id")?,
            patient_id: r.get("patient_id")?,
            deleted: r.get::<_, State>("state")? == State::Deleted,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes what happened to a recording in the inbox. Its name is not in the trail: it may be a patient's.
fn record(
    conn: &Connection,
    action: Action,
    id: InboxId,
    patient_id: Option<PatientId>,
    details: serde_json::Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("inbox", id.to_string()),
            patient_id,
            details,
            stamp,
        },
    )
}

fn put(conn: &Connection, new: &NewItem, stamp: &Stamp) -> Result<InboxId, Fault> {
    if dictations_of(conn, &new.sha256)?.iter().any(|d| !d.deleted) {
        return Err(StoreError::Conflict(
            "this recording became a dictation in the meantime; look again".into(),
        )
        .into());
    }
    let hints = serde_json::to_string(&new.hints)?;
    if let Some(known) = by_sound(conn, &new.sha256)? {
        // Delivered again; more may be known by now. What a person put aside stays there.
        if known.state == InboxState::Waiting
            && (known.hints != new.hints || known.reason != new.reason)
        {
            conn.prepare_cached(
                "UPDATE inbox SET hints = ?2, reason = ?3, by_hand = ?4 WHERE id = ?1",
            )?
            .execute((known.id, hints, &new.reason, new.by_hand))?;
        }
        return Ok(known.id);
    }
    let id = InboxId::new(stamp.at);
    conn.prepare_cached(
        "INSERT INTO inbox (id, sha256, bytes, original_name, source, hints, reason, by_hand, received_at, state)
         VALUES (:id, :sha256, :bytes, :name, :source, :hints, :reason, :by_hand, :at, :state)",
    )?
    .execute(named_params! {
        ":id": id,
        ":sha256": new.sha256,
        ":bytes": i64::try_from(new.bytes).unwrap_or(i64::MAX),
        ":name": new.original_name,
        ":source": new.source,
        ":hints": hints,
        ":reason": new.reason,
        ":by_hand": new.by_hand,
        ":at": At(stamp.at),
        ":state": InboxState::Waiting,
    })?;
    let details =
        serde_json::json!({"sha256": new.sha256, "bytes": new.bytes, "source": new.source});
    record(conn, Action::InboxReceived, id, None, details, stamp)?;
    Ok(id)
}

fn assign(
    conn: &Connection,
    id: InboxId,
    new: &NewDictation,
    stamp: &Stamp,
) -> Result<Received, Fault> {
    let item = by_id(conn, id)?;
    if item.sha256 != new.recording.sha256 {
        return Err(
            StoreError::Broken("another recording than the one in the inbox".into()).into(),
        );
    }
    if item.state == InboxState::Assigned {
        return Err(StoreError::Conflict(
            "this recording was assigned already; `osler inbox list --all` shows to which dictation"
                .into(),
        )
        .into());
    }
    let received = dictations::receive(conn, new, stamp)?;
    let (Received::New(dictation) | Received::Existing(dictation)) = received else {
        return Ok(received);
    };
    conn.prepare_cached(
        "UPDATE inbox SET state = ?2, dictation_id = ?3, ended_at = ?4, ended_by = ?5, note = NULL
         WHERE id = ?1",
    )?
    .execute((
        id,
        InboxState::Assigned,
        dictation,
        At(stamp.at),
        &stamp.actor.name,
    ))?;
    let details = serde_json::json!({"dictation": dictation});
    record(
        conn,
        Action::InboxAssigned,
        id,
        Some(new.patient_id),
        details,
        stamp,
    )?;
    Ok(received)
}

impl Store {
    /// What became of a sound before.
    pub async fn known_sound(&self, sha256: &str) -> Result<KnownSound, StoreError> {
        let sha256 = sha256.to_owned();
        self.read(move |conn| {
            Ok(KnownSound {
                dictations: dictations_of(conn, &sha256)?,
                item: by_sound(conn, &sha256)?,
            })
        })
        .await
    }

    /// Whether this patient's record has another sound that came under the same file name.
    pub async fn has_namesake(
        &self,
        patient: PatientId,
        original_name: &str,
        sha256: &str,
    ) -> Result<bool, StoreError> {
        let (name, sha256) = (original_name.to_owned(), sha256.to_owned());
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT 1 FROM takes t JOIN dictations d ON d.id = t.dictation_id
                     WHERE t.original_name = ?1 AND t.sha256 <> ?2 AND d.patient_id = ?3",
                )?
                .exists((name, sha256, patient))?)
        })
        .await
    }

    /// Lets a recording wait until somebody says whose it is. One that waits already gets what is known now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it became a dictation in the meantime.
    pub async fn put_in_inbox(&self, new: NewItem, stamp: Stamp) -> Result<InboxId, StoreError> {
        self.write(move |conn| put(conn, &new, &stamp)).await
    }

    /// The inbox, the oldest first: what waits, or everything that was ever in it.
    pub async fn inbox(&self, all: bool) -> Result<Vec<InboxItem>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM inbox WHERE ?1 OR state = 'waiting' ORDER BY received_at, id",
            )?;
            let rows = statement
                .query_map([all], row)?
                .collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(with_hints).collect()
        })
        .await
    }

    /// The recording in the inbox that a person means by an identifier or by the beginning or end of one.
    pub async fn find_in_inbox(&self, typed: &str) -> Result<InboxItem, StoreError> {
        let shown = typed.to_owned();
        let digits = typed_id(typed);
        self.read(move |conn| {
            let digits = digits.ok_or_else(|| not_an_id(&shown))?;
            let mut statement = conn.prepare_cached(
                "SELECT * FROM inbox
                 WHERE replace(id, '-', '') LIKE ?1 || '%' OR replace(id, '-', '') LIKE '%' || ?1
                 LIMIT 2",
            )?;
            let mut found = statement
                .query_map([digits], row)?
                .collect::<Result<Vec<_>, _>>()?;
            match (found.pop(), found.pop()) {
                (Some(one), None) => with_hints(one),
                (Some(_), Some(_)) => Err(ambiguous(&shown).into()),
                _ => Err(StoreError::NotFound(format!(
                    "there is no recording {shown} in the inbox; `osler inbox list` shows all"
                ))
                .into()),
            }
        })
        .await
    }

    /// Makes a dictation of a recording in the inbox, also of one that was discarded. Where a record has it already in
    /// another way, nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it was assigned before.
    pub async fn assign_from_inbox(
        &self,
        id: InboxId,
        new: NewDictation,
        stamp: Stamp,
    ) -> Result<Received, StoreError> {
        self.write(move |conn| assign(conn, id, &new, &stamp)).await
    }

    /// Puts a recording in the inbox aside. Its sound stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it does not wait any more.
    pub async fn discard_from_inbox(
        &self,
        id: InboxId,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let item = by_id(conn, id)?;
            if item.state != InboxState::Waiting {
                return Err(StoreError::Conflict(format!(
                    "this recording does not wait any more: it was {}",
                    item.state.as_str()
                ))
                .into());
            }
            conn.prepare_cached(
                "UPDATE inbox SET state = ?2, ended_at = ?3, ended_by = ?4, note = ?5 WHERE id = ?1",
            )?
            .execute((
                id,
                InboxState::Discarded,
                At(stamp.at),
                &stamp.actor.name,
                reason,
            ))?;
            record(
                conn,
                Action::InboxDiscarded,
                id,
                None,
                serde_json::json!({}),
                &stamp,
            )
        })
        .await
    }
}
