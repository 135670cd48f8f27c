//! Looking at a database without changing it: not even its schema is brought up to date.

use crate::store::backup::sounds;
use crate::store::keys::{KeyError, Keys};
use crate::store::sql::At;
use crate::store::{
    APPLICATION_ID, FILE_NAME, Fault, Form, Kind, Options, SCHEMA_VERSION, StoreError, form, knows,
    link, require_file, unusable,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// Most problems that are told of one database.
const MOST: usize = 20;

/// What a database looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// What it holds.
    pub kind: Option<Kind>,
    /// Its schema version.
    pub schema: i64,
    /// Bytes of its file.
    pub bytes: u64,
    /// What SQLite finds wrong with it; empty where it is whole.
    pub problems: Vec<String>,
    /// What is wrong with its key file, where something is.
    pub key: Option<String>,
    /// Time of the newest row of the audit trail.
    pub newest_audit: Option<Timestamp>,
    /// Addresses of the recordings that it knows.
    pub recordings: Vec<String>,
    /// What is known only of a database of this version: what waits in the inbox, and transcriptions that were given up.
    pub waiting: Option<(usize, usize)>,
    /// Version of SQLite.
    pub sqlite: String,
}

/// Looks at the database in a data folder. Blocks; `thorough` compares every index with its table, which takes a while
/// in a large one.
///
/// # Errors
/// [`StoreError`] where it cannot be opened or is not one of Osler's.
pub fn examine(data: &Path, key_file: &Path, thorough: bool) -> Result<Examination, StoreError> {
    let path = data.join(FILE_NAME);
    require_file(&path)?;
    let keys = Keys::open(data, key_file);
    // A plain file is looked at whatever the keys are.
    let is_plain = form(&path).map_err(|e| unusable(&path, &e))? == Form::Plain;
    let keys = match keys {
        Err(KeyError::NoKeyring(_)) if !is_plain => return Err(StoreError::NotADatabase(path)),
        Err(e) if !is_plain => return Err(e.into()),
        other => other,
    };
    let needed = keys.as_ref().ok().filter(|_| !is_plain);
    let conn = link(&path, needed, Options::default().busy_timeout, true)?;
    let mut found = look(&conn, &path, thorough).map_err(|fault| fault.at(&path))?;
    let checked = match &keys {
        Ok(keys) => knows(&conn, keys, &path).map_err(|fault| fault.at(&path).to_string()),
        // Made by the next start, where there never was one.
        Err(KeyError::NoKeyring(_)) if found.schema < SCHEMA_VERSION => Ok(()),
        Err(e) => Err(e.to_string()),
    };
    found.key = checked.err();
    Ok(found)
}

fn look(conn: &Connection, path: &Path, thorough: bool) -> Result<Examination, Fault> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotADatabase(path.to_path_buf()).into());
    }
    let schema: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if schema > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found: schema,
            known: SCHEMA_VERSION,
        }
        .into());
    }
    let kind: Option<String> = conn
        .query_row("SELECT value FROM meta WHERE key = 'kind'", [], |r| {
            r.get(0)
        })
        .optional()?;
    let newest: Option<At> = conn.query_row("SELECT max(at) FROM audit", [], |r| r.get(0))?;
    let recordings = sounds(conn)?;
    let waiting = if schema == SCHEMA_VERSION {
        let count = |sql: &str| -> Result<usize, Fault> {
            let n: i64 = conn.query_row(sql, [], |r| r.get(0))?;
            Ok(usize::try_from(n).unwrap_or_default())
        };
        Some((
            count("SELECT count(*) FROM inbox WHERE state = 'waiting'")?,
            count(
                "SELECT count(*) FROM dictations WHERE phase = 'recorded' AND state = 'suspended'",
            )?,
        ))
    } else {
        None
    };
    Ok(Examination {
        kind: match kind.as_deref() {
            Some("demo") => Some(Kind::Demo),
            Some("practice") => Some(Kind::Practice),
            _ => None,
        },
        schema,
        bytes: std::fs::metadata(path).map_or(0, |meta| meta.len()),
        problems: problems(conn, thorough)?,
        key: None,
        newest_audit: newest.map(|at| at.0),
        recordings,
        waiting,
        sqlite: rusqlite::version().to_owned(),
    })
}

/// What SQLite finds wrong. Its messages name tables, rows and pages, no values.
fn problems(conn: &Connection, thorough: bool) -> Result<Vec<String>, Fault> {
    let check = if thorough {
        "integrity_check"
    } else {
        "quick_check"
    };
    let mut out = Vec::new();
    let mut tell = |problem: String| {
        if out.len() < MOST {
            out.push(problem);
        }
    };
    conn.pragma_query(None, check, |r| {
        let said: String = r.get(0)?;
        if said != "ok" {
            tell(said);
        }
        Ok(())
    })?;
    conn.pragma_query(None, "foreign_key_check", |r| {
        let (table, row): (String, Option<i64>) = (r.get(0)?, r.get(1)?);
        let row = row.map_or_else(String::new, |row| format!(", row {row}"));
        tell(format!(
            "a row of {table}{row} points to one that is not there"
        ));
        Ok(())
    })?;
    Ok(out)
}
