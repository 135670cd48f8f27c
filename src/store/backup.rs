//! Copies of the database: taken while others read and write, encrypted with the same key, and looked into without being
//! changed.

use crate::store::blobs::hex;
use crate::store::keys::Keys;
use crate::store::{FILE_NAME, Fault, Form, Kind, Store, StoreError, connect, form, unusable};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a copy waits for another program that keeps the database for itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The end of the audit trail: what a later look at the same trail has to find at this place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Rows up to there.
    pub rows: i64,
    /// Number of the last row; 0 where there is none.
    pub seq: i64,
    /// SHA-256 (hex) of everything in the last row.
    pub sha256: String,
}

/// What a copy of the database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Demonstration or practice.
    pub kind: Kind,
    /// Version of its schema.
    pub schema: i64,
    /// The end of its audit trail.
    pub audit: AuditHead,
    /// SHA-256 (hex) of every recording that it knows and that was not removed.
    pub sounds: Vec<String>,
}

/// Copies the whole database of `conn` into the new file `to`, as it stands at one moment.
pub(super) fn copy(conn: &Connection, keys: &Keys, to: &Path) -> Result<(), StoreError> {
    let copied = write(conn, keys, to);
    if copied.is_err() {
        // Half a copy is of no use; where it cannot be removed it is at least not taken for one.
        let _ = std::fs::remove_file(to);
    }
    copied
}

fn write(conn: &Connection, keys: &Keys, to: &Path) -> Result<(), StoreError> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let file = file.open(to).map_err(|e| unusable(to, &e))?;
    let fill = || -> Result<(), Fault> {
        let mut target = connect(to, keys, PATIENCE, false)?;
        // All pages in one step: the reader that this is sees one state, and writers go on beside it.
        let backup = Backup::new(conn, &mut target)?;
        match backup.step(-1)? {
            StepResult::Done => {}
            _ => return Err(StoreError::Locked(to.to_path_buf()).into()),
        }
        drop(backup);
        // One file, with no log beside it.
        target.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    };
    fill().map_err(|fault| fault.at(to))?;
    file.sync_all().map_err(|e| unusable(to, &e))
}

/// Looks into a copy; with `all`, reads every page and checks that they fit together.
///
/// # Errors
/// [`StoreError::NotADatabase`] where it cannot be read with these keys; [`StoreError::Broken`] where it is damaged.
pub fn inspect(file: &Path, keys: &Keys, all: bool) -> Result<Contents, StoreError> {
    if form(file).map_err(|e| unusable(file, &e))? == Form::Empty {
        return Err(StoreError::NotADatabase(file.to_path_buf()));
    }
    let conn = connect(file, keys, PATIENCE, true)?;
    contents(&conn, all).map_err(|fault| fault.at(file))
}

pub(super) fn contents(conn: &Connection, all: bool) -> Result<Contents, Fault> {
    if all {
        let said: String = conn.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
        if said != "ok" {
            return Err(StoreError::Broken("its pages do not fit together".into()).into());
        }
    }
    let kind: Option<String> = conn
        .query_row("SELECT value FROM meta WHERE key = 'kind'", [], |r| {
            r.get(0)
        })
        .optional()?;
    let kind = kind
        .as_deref()
        .and_then(Kind::parse)
        .ok_or_else(|| StoreError::Broken("the kind of the database is unknown".into()))?;
    let schema: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    Ok(Contents {
        kind,
        schema,
        audit: audit_head(conn, None)?,
        sounds: sounds(conn)?,
    })
}

/// Every recording that a database knows and that was not removed, by its address.
pub(super) fn sounds(conn: &Connection) -> Result<Vec<String>, Fault> {
    // A copy that was made before a migration is older than this program.
    let removed: bool = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'removed_sounds'",
        [],
        |r| r.get(0),
    )?;
    let sounds = if removed {
        "SELECT DISTINCT sha256 FROM takes WHERE sha256 NOT IN (SELECT sha256 FROM removed_sounds) ORDER BY 1"
    } else {
        "SELECT DISTINCT sha256 FROM takes ORDER BY 1"
    };
    Ok(conn
        .prepare(sounds)?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}

/// The end of the trail, or what stands at an earlier place of it.
fn audit_head(conn: &Connection, at: Option<i64>) -> Result<AuditHead, Fault> {
    let mut statement = conn
        .prepare("SELECT * FROM audit WHERE ?1 IS NULL OR seq <= ?1 ORDER BY seq DESC LIMIT 1")?;
    let columns = statement.column_count();
    let mut rows = statement.query([at])?;
    let mut hash = Sha256::new();
    let mut seq = 0;
    if let Some(row) = rows.next()? {
        seq = row.get("seq")?;
        for i in 0..columns {
            // Kind and length before each value, so that no two rows read the same.
            let (kind, bytes): (u8, Vec<u8>) = match row.get_ref(i)? {
                ValueRef::Null => (0, Vec::new()),
                ValueRef::Integer(n) => (1, n.to_be_bytes().to_vec()),
                ValueRef::Real(x) => (2, x.to_be_bytes().to_vec()),
                ValueRef::Text(text) => (3, text.to_vec()),
                ValueRef::Blob(bytes) => (4, bytes.to_vec()),
            };
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
    drop(rows);
    let rows = conn.query_row(
        "SELECT count(*) FROM audit WHERE ?1 IS NULL OR seq <= ?1",
        [at],
        |r| r.get(0),
    )?;
    Ok(AuditHead {
        rows,
        seq,
        sha256: hex(&hash.finalize()),
    })
}

/// Where the copy lies that is made before the schema is changed.
pub(super) fn before_migration(database: &Path, found: i64) -> PathBuf {
    database.with_file_name(format!("{FILE_NAME}.before-schema-{}", found + 1))
}

/// Copies the database beside itself before a migration; a copy from an attempt that failed later is replaced by the one
/// of now.
pub(super) fn keep_before_migration(
    conn: &Connection,
    keys: &Keys,
    database: &Path,
    found: i64,
) -> Result<(), StoreError> {
    let kept = before_migration(database, found);
    let making = database.with_file_name(format!("{FILE_NAME}.copy-{}", std::process::id()));
    match std::fs::remove_file(&making) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&making, &e)),
        _ => {}
    }
    copy(conn, keys, &making)?;
    std::fs::rename(&making, &kept).map_err(|e| unusable(&kept, &e))?;
    tracing::info!(file = %kept.display(), "the database was copied before its tables are changed");
    Ok(())
}

impl Store {
    /// Copies the database into the new file `to`, as it stands at one moment; others read and write meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Full`], `ReadOnly`, `CannotCreate` about the new file; nothing is left of it then.
    pub async fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let (from, to, keys) = (
            self.path().to_path_buf(),
            to.to_path_buf(),
            self.keys().clone(),
        );
        tokio::task::spawn_blocking(move || {
            let conn = connect(&from, &keys, PATIENCE, true)?;
            copy(&conn, &keys, &to)
        })
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?
    }

    /// What stands in the audit trail at the place of a head that was noted earlier. Another sum, or fewer rows, say that
    /// the trail was changed or cut since.
    pub async fn audit_at(&self, seq: i64) -> Result<AuditHead, StoreError> {
        self.read(move |conn| audit_head(conn, Some(seq))).await
    }
}
