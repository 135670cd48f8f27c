//! Recordings that are being uploaded.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, UploadId, UserId};
use crate::domain::patient::Mrn;
use crate::domain::worklist::Orders;
use crate::store::audit::{self, Entry};
use crate::store::sql::{At, Day};
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A recording that comes in parts, and whose it is said to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Identifier.
    pub id: UploadId,
    /// Who sends it.
    pub by_id: UserId,
    /// What tells a repeated request from another one.
    pub request_key: Option<String>,
    /// File name it comes with, without folders.
    pub name: String,
    /// Bytes it is said to have.
    pub bytes: u64,
    /// SHA-256 (hex) it is said to have.
    pub sha256: Option<String>,
    /// The first identifier.
    pub mrn: Mrn,
    /// The second identifier.
    pub birth_date: Option<Date>,
    /// The encounter, as it was named.
    pub encounter: Option<String>,
    /// Who dictated.
    pub author_id: UserId,
    /// How it is to be worked on.
    pub orders: Orders,
    /// Bytes that are on the disk for certain.
    pub received: u64,
    /// Why a person has to decide: the word of a refusal.
    pub waits_for: Option<String>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When something of it came last.
    pub touched_at: Timestamp,
    /// What it became.
    pub dictation_id: Option<DictationId>,
}

fn row(r: &Row<'_>) -> rusqlite::Result<Upload> {
    let size = |name| Ok::<_, rusqlite::Error>(r.get::<_, i64>(name)?.max(0) as u64);
    Ok(Upload {
        id: r.get("id")?,
        by_id: r.get("by_id")?,
        request_key: r.get("request_key")?,
        name: r.get("name")?,
        bytes: size("bytes")?,
        sha256: r.get("sha256")?,
        mrn: r.get("mrn")?,
        birth_date: r.get::<_, Option<Day>>("birth_date")?.map(|d| d.0),
        encounter: r.get("encounter")?,
        author_id: r.get("author_id")?,
        orders: Orders {
            priority: r.get("priority")?,
            route: r.get("route")?,
        },
        received: size("received")?,
        waits_for: r.get("waits_for")?,
        begun_at: r.get::<_, At>("begun_at")?.0,
        touched_at: r.get::<_, At>("touched_at")?.0,
        dictation_id: r.get("dictation_id")?,
    })
}

fn find(conn: &Connection, id: UploadId) -> Result<Upload, Fault> {
    conn.prepare_cached("SELECT * FROM uploads WHERE id = ?1")?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound(format!("there is no upload {id}")).into())
}

fn note(
    conn: &Connection,
    id: UploadId,
    action: Action,
    details: serde_json::Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("upload", id.to_string()),
            patient_id: None,
            details,
            stamp,
        },
    )
}

impl Store {
    /// Begins an upload, or finds the one that the same request began before.
    pub async fn begin_upload(&self, new: Upload, stamp: Stamp) -> Result<Upload, StoreError> {
        self.write(move |conn| {
            if let Some(key) = &new.request_key {
                let known = conn
                    .prepare_cached("SELECT * FROM uploads WHERE by_id = ?1 AND request_key = ?2")?
                    .query_row((new.by_id, key), row)
                    .optional()?;
                if let Some(known) = known {
                    return Ok(known);
                }
            }
            conn.execute(
                "INSERT INTO uploads (id, by_id, request_key, name, bytes, sha256, mrn, birth_date, encounter, author_id,
                                      priority, route, begun_at, touched_at)
                 VALUES (:id, :by, :key, :name, :bytes, :sha256, :mrn, :born, :encounter, :author, :priority, :route,
                         :at, :at)",
                named_params! {
                    ":id": new.id,
                    ":by": new.by_id,
                    ":key": new.request_key,
                    ":name": new.name,
                    ":bytes": i64::try_from(new.bytes).unwrap_or(i64::MAX),
                    ":sha256": new.sha256,
                    ":mrn": new.mrn,
                    ":born": new.birth_date.map(Day),
                    ":encounter": new.encounter,
                    ":author": new.author_id,
                    ":priority": new.orders.priority,
                    ":route": new.orders.route,
                    ":at": At(stamp.at),
                },
            )?;
            let details = serde_json::json!({"bytes": new.bytes});
            note(conn, new.id, Action::UploadBegun, details, &stamp)?;
            find(conn, new.id)
        })
        .await
    }

    /// An upload.
    pub async fn upload(&self, id: UploadId) -> Result<Upload, StoreError> {
        self.read(move |conn| find(conn, id)).await
    }

    /// What somebody is sending, or everybody: what became a dictation aside, the oldest first.
    pub async fn open_uploads(&self, by: Option<UserId>) -> Result<Vec<Upload>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM uploads WHERE dictation_id IS NULL AND (?1 IS NULL OR by_id = ?1)
                 ORDER BY begun_at, id",
            )?;
            Ok(statement.query_map([by], row)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Writes how much of an upload is on the disk.
    pub async fn upload_received(
        &self,
        id: UploadId,
        received: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.prepare_cached("UPDATE uploads SET received = ?2, touched_at = ?3 WHERE id = ?1")?
                .execute((id, i64::try_from(received).unwrap_or(i64::MAX), At(at)))?;
            Ok(())
        })
        .await
    }

    /// Writes that a person has to decide about a whole upload, and why.
    pub async fn upload_waits(
        &self,
        id: UploadId,
        reason: &'static str,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.prepare_cached(
                "UPDATE uploads SET waits_for = ?2, touched_at = ?3 WHERE id = ?1",
            )?
            .execute((id, reason, At(stamp.at)))?;
            let details = serde_json::json!({"why": reason});
            note(conn, id, Action::UploadWaits, details, &stamp)
        })
        .await
    }

    /// Writes whose an upload is, after a person has decided.
    pub async fn upload_belongs(
        &self,
        id: UploadId,
        mrn: Mrn,
        birth_date: Option<Date>,
        encounter: Option<String>,
        stamp: Stamp,
    ) -> Result<Upload, StoreError> {
        self.write(move |conn| {
            conn.prepare_cached(
                "UPDATE uploads SET mrn = ?2, birth_date = ?3, encounter = ?4, waits_for = NULL, touched_at = ?5
                 WHERE id = ?1 AND dictation_id IS NULL",
            )?
            .execute((id, mrn, birth_date.map(Day), encounter, At(stamp.at)))?;
            note(conn, id, Action::UploadDecided, serde_json::json!({}), &stamp)?;
            find(conn, id)
        })
        .await
    }

    /// Writes which dictation an upload became.
    pub async fn upload_done(
        &self,
        id: UploadId,
        dictation: DictationId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.prepare_cached(
                "UPDATE uploads SET dictation_id = ?2, waits_for = NULL, touched_at = ?3 WHERE id = ?1",
            )?
            .execute((id, dictation, At(at)))?;
            Ok(())
        })
        .await
    }

    /// Forgets an upload: somebody gave it up, it was no recording, or nobody went on with it.
    pub async fn remove_upload(
        &self,
        id: UploadId,
        reason: &'static str,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let gone = conn
                .prepare_cached("DELETE FROM uploads WHERE id = ?1")?
                .execute([id])?;
            if gone == 0 {
                return Ok(());
            }
            let details = serde_json::json!({"why": reason});
            note(conn, id, Action::UploadRemoved, details, &stamp)
        })
        .await
    }

    /// Forgets uploads that became dictations before `before`.
    pub async fn forget_uploads(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.prepare_cached(
                "DELETE FROM uploads WHERE dictation_id IS NOT NULL AND touched_at < ?1",
            )?
            .execute([At(before)])?;
            Ok(())
        })
        .await
    }
}
