//! The chain of the audit trail: each row carries a code (HMAC-SHA-256) over itself and the code of the row before it, made
//! with a key that is not in the database. Whoever changes the file without the key breaks the chain where they did.
//!
//! Rows are sealed at the end of the transaction that writes them ([`seal`]), and only those: a row that somebody else put
//! there is never sealed.

use crate::domain::audit::Head;
use crate::store::blobs::hex;
use crate::store::keys::{Keys, authenticate};
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, Row};

/// What became of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// Rows that are there.
    pub rows: u64,
    /// The last one. Kept elsewhere, it shows later that nothing was cut off.
    pub head: Option<Head>,
    /// The first thing that is wrong; none where the trail is whole.
    pub broken: Option<Broken>,
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
    /// The head that was kept elsewhere is not in the trail.
    #[error("row {0} is not the one whose code was kept")]
    OtherHead(i64),
}

impl Broken {
    /// The row that it is about.
    pub fn seq(self) -> i64 {
        match self {
            Self::Altered(seq) | Self::Missing(seq) | Self::Cut(seq) | Self::OtherHead(seq) => seq,
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

/// The code of the row before this one; empty at the beginning.
fn mac_before(conn: &Connection, seq: i64) -> rusqlite::Result<String> {
    let mac: Option<Option<String>> = conn
        .prepare_cached("SELECT mac FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([seq], |r| r.get(0))
        .optional()?;
    Ok(mac.flatten().unwrap_or_default())
}

fn check(conn: &Connection, key: &Keys, kept: Option<&Head>) -> Result<AuditCheck, Fault> {
    let key = audit_key(key);
    let mut found = AuditCheck {
        rows: 0,
        head: None,
        broken: None,
    };
    let mut before = String::new();
    let mut last = 0;
    let mut was_kept_seen = false;
    let mut statement = conn.prepare(&format!("{ROWS} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let mac: Option<String> = row.get("mac")?;
        let mac = mac.unwrap_or_default();
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

impl Store {
    /// Checks the whole trail, and whether it still holds the head that was kept elsewhere.
    pub async fn check_audit(&self, kept: Option<Head>) -> Result<AuditCheck, StoreError> {
        let key = self.inner.keys.clone();
        self.read(move |conn| check(conn, &key, kept.as_ref()))
            .await
    }
}
