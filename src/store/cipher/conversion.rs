//! From a plain database to an encrypted one, and back.

use crate::domain::audit::{Action, Stamp};
use crate::store::audit::{self, Entry};
use crate::store::backup::contents;
use crate::store::keys::{self, Keys};
use crate::store::{
    FILE_NAME, Fault, Form, SCHEMA_VERSION, StoreError, chain, form, keep_private, open_keys,
    require_file, unusable,
};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroize;

/// What became of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it was of that kind before, so that nothing was done.
    pub was_so: bool,
}

/// Encrypts a plain database where it lies. Nobody else may have it open. Until the encrypted file has been read again and
/// holds the same, the plain one stays as it is.
///
/// # Errors
/// [`StoreError::Missing`], `Locked`, `Full`, `Key`, `NotADatabase`; [`StoreError::Broken`] where the two differ.
pub fn encrypt(
    data: &Path,
    key_file: Option<&Path>,
    stamp: &Stamp,
) -> Result<Converted, StoreError> {
    convert(data, key_file, Form::Plain, stamp)
}

/// The other way round, for a program that was built without encryption.
///
/// # Errors
/// As [`encrypt`].
pub fn decrypt(
    data: &Path,
    key_file: Option<&Path>,
    stamp: &Stamp,
) -> Result<Converted, StoreError> {
    convert(data, key_file, Form::Other, stamp)
}

fn convert(
    data: &Path,
    key_file: Option<&Path>,
    from: Form,
    stamp: &Stamp,
) -> Result<Converted, StoreError> {
    let path = data.join(FILE_NAME);
    require_file(&path)?;
    let key_file = key_file.map_or_else(|| keys::default_file(data), Path::to_path_buf);
    let keys = open_keys(data, &path, &key_file)?;
    let done = |was_so| -> Result<Converted, StoreError> {
        let bytes = std::fs::metadata(&path)
            .map_err(|e| unusable(&path, &e))?
            .len();
        Ok(Converted {
            path: path.clone(),
            bytes,
            was_so,
        })
    };
    if form(&path).map_err(|e| unusable(&path, &e))? != from {
        return done(true);
    }
    let making = path.with_file_name(format!("{FILE_NAME}.converting"));
    remove(&making)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&making)
        .map_err(|e| unusable(&making, &e))?;
    keep_private(&making);
    let made = make(&path, &making, &keys, from, stamp);
    if let Err(fault) = made {
        // What cannot be removed is removed by the next attempt.
        let _ = remove(&making);
        return Err(fault.at(&path));
    }
    std::fs::File::open(&making)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&making, &path))
        .map_err(|e| unusable(&path, &e))?;
    #[cfg(unix)]
    std::fs::File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| unusable(data, &e))?;
    done(false)
}

/// Writes the other kind of `path` into the new file `making`, and compares them.
fn make(path: &Path, making: &Path, keys: &Keys, from: Form, stamp: &Stamp) -> Result<(), Fault> {
    let source = open(path, keys, from)?;
    // Nobody changes it until the new file is in its place, and no log is left that belongs to the old one.
    source.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    source.pragma_update(None, "journal_mode", "DELETE")?;
    source.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    let before = contents(&source, true)?;
    let mut key = match from {
        Form::Plain => format!("x'{}'", keys.database().hex()),
        _ => String::new(),
    };
    let target = making.to_str().ok_or_else(|| {
        StoreError::Broken(format!("{} is not written in UTF-8", making.display()))
    })?;
    let attached = source.execute("ATTACH DATABASE ?1 AS other KEY ?2", [target, key.as_str()]);
    key.zeroize();
    attached?;
    source.query_row("SELECT sqlcipher_export('other')", [], |_| Ok(()))?;
    for pragma in ["user_version", "application_id"] {
        let value: i64 = source.pragma_query_value(None, pragma, |r| r.get(0))?;
        source.pragma_update(Some("other"), pragma, value)?;
    }
    let counts = counts(&source)?;
    source.execute_batch("DETACH DATABASE other")?;
    let to = match from {
        Form::Plain => Form::Other,
        _ => Form::Plain,
    };
    let copy = open(making, keys, to)?;
    let same = before == contents(&copy, true)? && counts == self::counts(&copy)?;
    if !same {
        return Err(StoreError::Broken("the converted file does not hold the same".into()).into());
    }
    note(&copy, keys, to, stamp)
}

/// Writes into the new file what became of it. A trail of an earlier schema cannot take the row.
fn note(copy: &Connection, keys: &Keys, to: Form, stamp: &Stamp) -> Result<(), Fault> {
    let version: i64 = copy.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if version != SCHEMA_VERSION {
        return Ok(());
    }
    let transaction = copy.unchecked_transaction()?;
    let before = chain::last(copy)?;
    let form = if to == Form::Plain {
        "plain"
    } else {
        "encrypted"
    };
    audit::record(
        copy,
        Entry {
            action: Action::DatabaseConverted,
            subject: ("database", FILE_NAME.into()),
            patient_id: None,
            details: serde_json::json!({"to": form}),
            stamp,
        },
    )?;
    chain::seal(copy, keys, before)?;
    Ok(transaction.commit()?)
}

fn open(path: &Path, keys: &Keys, form: Form) -> Result<Connection, Fault> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, access)?;
    if form != Form::Plain {
        super::unlock(&conn, keys)?;
    }
    conn.busy_timeout(Duration::from_secs(1))?;
    Ok(conn)
}

/// Every table, index and trigger, and how many rows a table has.
fn counts(conn: &Connection) -> Result<Vec<(String, String, i64)>, Fault> {
    let things: Vec<(String, String)> = conn
        .prepare("SELECT type, name FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1, 2")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    things
        .into_iter()
        .map(|(kind, name)| {
            let rows = if kind == "table" {
                let quoted = name.replace('"', "\"\"");
                conn.query_row(
                    &format!("SELECT count(*) FROM main.\"{quoted}\""),
                    [],
                    |r| r.get(0),
                )?
            } else {
                0
            };
            Ok((kind, name, rows))
        })
        .collect()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(unusable(path, &e)),
        _ => Ok(()),
    }
}
