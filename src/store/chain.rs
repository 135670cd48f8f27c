//! The chain of the audit trail: each row carries a code (HMAC-SHA-256) over itself and the code of the row before it, made
//! with a key that is not in the database. Whoever changes the file without the key breaks the chain where they did.
//!
//! Rows are sealed at the end of the transaction that writes them ([`seal`]), and only those: a row that somebody else put
//! there is never sealed.

use crate::domain::audit::{Action, Head, Stamp};
use crate::store::audit::{self, Entry};
use crate::store::blobs::hex;
use crate::store::keys::{Keys, authenticate};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

/// What became of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// Rows that are there.
    pub rows: u64,
    /// Where the rows before them left, if any did.
    pub closed: Option<Checkpoint>,
    /// The last one. Kept elsewhere, it shows later that nothing was cut off.
    pub head: Option<Head>,
    /// The first thing that is wrong; none where the trail is whole.
    pub broken: Option<Broken>,
}

/// What stands in the place of rows whose time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of the last row that left.
    pub seq: i64,
    /// Its code, on which the next row builds.
    pub mac: String,
    /// How many rows left with it.
    pub rows: i64,
    /// When the last of them was written.
    pub last_at: Timestamp,
    /// When they left.
    pub closed_at: Timestamp,
}

impl Checkpoint {
    /// The code over all of it.
    fn seal(&self, key: &[u8; 32]) -> String {
        let mut message = b"osler audit checkpoint 1".to_vec();
        for number in [
            self.seq,
            self.rows,
            self.last_at.as_microsecond(),
            self.closed_at.as_microsecond(),
        ] {
            message.extend(number.to_be_bytes());
        }
        message.extend(self.mac.as_bytes());
        hex(&authenticate(key, &message))
    }
}

/// The newest checkpoint, and its seal.
fn newest(conn: &Connection) -> Result<Option<(Checkpoint, String)>, Fault> {
    Ok(conn
        .prepare_cached("SELECT * FROM audit_checkpoints ORDER BY seq DESC LIMIT 1")?
        .query_row([], |r| {
            let checkpoint = Checkpoint {
                seq: r.get("seq")?,
                mac: r.get("mac")?,
                rows: r.get("rows")?,
                last_at: r.get::<_, At>("last_at")?.0,
                closed_at: r.get::<_, At>("closed_at")?.0,
            };
            Ok((checkpoint, r.get("seal")?))
        })
        .optional()?)
}

/// Where a trail is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is not the one that was written, or was written by somebody else.
    #[error("row {0} is not what was written, or was not written by Osler")]
    Altered(i64),
    /// A row is gone.
    #[error("row {0} is missing")]
    Missing(i64),
    /// There were more rows.
    #[error("the trail was cut: row {0} and what came after it are missing")]
    Cut(i64),
    /// What stands for rows that left is not what was written.
    #[error("the checkpoint that stands for row {0} and those before it was changed")]
    Checkpoint(i64),
    /// The head that was kept elsewhere left, its time was over; it cannot be compared any more.
    #[error(
        "row {0} has left the trail because its time was over; compare a head that was kept later"
    )]
    Expired(i64),
    /// The head that was kept elsewhere is not in the trail.
    #[error("row {0} is not the one whose code was kept")]
    OtherHead(i64),
}

impl Broken {
    /// The row that it is about.
    pub fn seq(self) -> i64 {
        match self {
            Self::Altered(seq)
            | Self::Missing(seq)
            | Self::Cut(seq)
            | Self::Checkpoint(seq)
            | Self::Expired(seq)
            | Self::OtherHead(seq) => seq,
        }
    }
}

/// The columns that a code covers, and the code.
const ROWS: &str =
    "SELECT seq, at, actor, via, action, subject_kind, subject_id, patient_id, details, mac
 FROM audit";

/// The code of a row. Every part is preceded by its length, so that no two rows give the same bytes.
fn code(key: &[u8; 32], before: &str, row: &Row<'_>) -> rusqlite::Result<String> {
    let mut message = b"osler audit 1".to_vec();
    let mut add = |part: &[u8]| {
        message.extend((part.len() as u64).to_be_bytes());
        message.extend(part);
    };
    add(before.as_bytes());
    add(&row.get::<_, i64>("seq")?.to_be_bytes());
    add(&row.get::<_, i64>("at")?.to_be_bytes());
    for column in ["actor", "via", "action", "subject_kind", "subject_id"] {
        add(row.get_ref(column)?.as_str()?.as_bytes());
    }
    match row.get_ref("patient_id")?.as_str_or_null()? {
        Some(id) => add(id.as_bytes()),
        None => add(&[0]),
    }
    add(row.get_ref("details")?.as_str()?.as_bytes());
    Ok(hex(&authenticate(key, &message)))
}

fn audit_key(key: &Keys) -> [u8; 32] {
    key.derive("audit trail", "")
}

/// Number of the last row; 0 where there is none.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM audit")?
        .query_row([], |r| r.get(0))
}

/// Gives the rows behind `after` their codes.
pub(super) fn seal(conn: &Connection, key: &Keys, after: i64) -> rusqlite::Result<()> {
    let key = audit_key(key);
    let mut before: Option<String> = None;
    let mut codes = Vec::new();
    {
        let mut statement = conn.prepare_cached(&format!("{ROWS} WHERE seq > ?1 ORDER BY seq"))?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let known = match before {
                Some(known) => known,
                None => mac_before(conn, row.get("seq")?)?,
            };
            let code = code(&key, &known, row)?;
            codes.push((row.get::<_, i64>("seq")?, code.clone()));
            before = Some(code);
        }
    }
    let mut statement = conn.prepare_cached("UPDATE audit SET mac = ?2 WHERE seq = ?1")?;
    for code in codes {
        statement.execute(code)?;
    }
    Ok(())
}

/// The code of the row before this one, which may have left; empty at the beginning.
fn mac_before(conn: &Connection, seq: i64) -> rusqlite::Result<String> {
    let mac: Option<Option<String>> = conn
        .prepare_cached("SELECT mac FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([seq], |r| r.get(0))
        .optional()?;
    match mac {
        Some(mac) => Ok(mac.unwrap_or_default()),
        None if seq == 1 => Ok(String::new()),
        None => Ok(conn
            .prepare_cached(
                "SELECT mac FROM audit_checkpoints WHERE seq < ?1 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([seq], |r| r.get(0))
            .optional()?
            .unwrap_or_default()),
    }
}

fn check(conn: &Connection, key: &Keys, kept: Option<&Head>) -> Result<AuditCheck, Fault> {
    let key = audit_key(key);
    let mut found = AuditCheck {
        rows: 0,
        closed: None,
        head: None,
        broken: None,
    };
    let mut before = String::new();
    let mut last = 0;
    let mut was_kept_seen = false;
    if let Some((checkpoint, seal)) = newest(conn)? {
        if checkpoint.seal(&key) != seal {
            found.broken = Some(Broken::Checkpoint(checkpoint.seq));
        }
        (before, last) = (checkpoint.mac.clone(), checkpoint.seq);
        if let Some(kept) = kept {
            was_kept_seen = kept.seq == checkpoint.seq && kept.mac == checkpoint.mac;
            if kept.seq < checkpoint.seq {
                found.broken.get_or_insert(Broken::Expired(kept.seq));
            }
        }
        found.closed = Some(checkpoint);
    }
    let closed = last;
    let mut statement = conn.prepare(&format!("{ROWS} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let mac: Option<String> = row.get("mac")?;
        let mac = mac.unwrap_or_default();
        if seq <= closed {
            // What left does not come back.
            found.broken.get_or_insert(Broken::Altered(seq));
            continue;
        }
        if seq != last + 1 {
            found.broken.get_or_insert(Broken::Missing(last + 1));
        } else if mac != code(&key, &before, row)? {
            found.broken.get_or_insert(Broken::Altered(seq));
        }
        was_kept_seen |= kept.is_some_and(|kept| kept.seq == seq && kept.mac == mac);
        found.rows += 1;
        found.head = Some(Head {
            seq,
            mac: mac.clone(),
        });
        (before, last) = (mac, seq);
    }
    let written: Option<i64> = conn
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'audit'",
            [],
            |r| r.get(0),
        )
        .optional()?;
    if written.unwrap_or(0) > last {
        found.broken.get_or_insert(Broken::Cut(last + 1));
    }
    if let Some(kept) = kept
        && !was_kept_seen
    {
        let broken = if kept.seq > last {
            Broken::Cut(last + 1)
        } else {
            Broken::OtherHead(kept.seq)
        };
        found.broken.get_or_insert(broken);
    }
    Ok(found)
}

/// Takes the rows away that were written before `before`: a beginning of the trail without a hole, which ends before the
/// first row of a patient under a legal hold. None where no row's time is over.
fn close(
    conn: &Connection,
    key: &Keys,
    before: Timestamp,
    stamp: &Stamp,
) -> Result<Option<Checkpoint>, Fault> {
    let end: Option<i64> = conn
        .prepare_cached(
            "SELECT coalesce(
                (SELECT min(seq) FROM audit WHERE at >= ?1
                   OR patient_id IN (SELECT h.patient_id FROM holds h WHERE h.lifted_at IS NULL
                      UNION SELECT p.id FROM patients p JOIN holds h ON h.patient_id = p.merged_into
                            WHERE h.lifted_at IS NULL)) - 1,
                (SELECT max(seq) FROM audit))",
        )?
        .query_row([At(before)], |r| r.get(0))?;
    let last = conn
        .prepare_cached("SELECT seq, mac, at FROM audit WHERE seq = ?1 AND mac IS NOT NULL")?
        .query_row([end.unwrap_or(0)], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get::<_, At>(2)?.0))
        })
        .optional()?;
    let Some((seq, mac, last_at)) = last else {
        return Ok(None);
    };
    let rows = conn
        .prepare_cached("SELECT count(*) FROM audit WHERE seq <= ?1")?
        .query_row([seq], |r| r.get(0))?;
    let checkpoint = Checkpoint {
        seq,
        mac,
        rows,
        last_at,
        // As it is kept.
        closed_at: Timestamp::from_microsecond(stamp.at.as_microsecond()).unwrap_or(stamp.at),
    };
    conn.prepare_cached(
        "INSERT INTO audit_checkpoints (seq, mac, rows, last_at, closed_at, seal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        seq,
        &checkpoint.mac,
        rows,
        At(last_at),
        At(checkpoint.closed_at),
        checkpoint.seal(&audit_key(key)),
    ))?;
    conn.execute("DELETE FROM audit WHERE seq <= ?1", [seq])?;
    audit::record(
        conn,
        Entry {
            action: Action::TrailClosed,
            subject: ("audit", seq.to_string()),
            patient_id: None,
            details: serde_json::json!({"rows": rows, "code": checkpoint.mac}),
            stamp,
        },
    )?;
    Ok(Some(checkpoint))
}

impl Store {
    /// Takes rows whose time is over out of the trail, and puts a checkpoint in their place. None where there are none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the trail is broken: nothing leaves it then.
    pub async fn close_audit(
        &self,
        before: Timestamp,
        stamp: Stamp,
    ) -> Result<Option<Checkpoint>, StoreError> {
        if let Some(broken) = self.check_audit(None).await?.broken {
            return Err(StoreError::Conflict(format!(
                "the audit trail is broken, and nothing leaves it: {broken}"
            )));
        }
        let key = self.inner.keys.clone();
        self.write(move |conn| close(conn, &key, before, &stamp))
            .await
    }

    /// Checks the whole trail, and whether it still holds the head that was kept elsewhere.
    pub async fn check_audit(&self, kept: Option<Head>) -> Result<AuditCheck, StoreError> {
        let key = self.inner.keys.clone();
        self.read(move |conn| check(conn, &key, kept.as_ref()))
            .await
    }
}
