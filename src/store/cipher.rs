//! The encryption of the database file. With the cargo feature `encrypted`, which the usual build has, SQLCipher encrypts
//! every page, with a random key and no password to derive it from; without it the file is plain SQLite. A file of the one
//! kind becomes one of the other by [`encrypt`] and [`decrypt`].

use crate::store::Fault;
use crate::store::keys::Keys;
use rusqlite::Connection;

/// Gives a fresh connection its key, before anything is read.
#[cfg(feature = "encrypted")]
pub(super) fn unlock(conn: &Connection, keys: &Keys) -> Result<(), Fault> {
    use zeroize::Zeroize;
    let mut key = keys.database().hex();
    // What goes wrong is told by the error; SQLCipher's own words on stderr would say it twice.
    let mut statement = format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{key}'\"");
    let given = conn.execute_batch(&statement);
    key.zeroize();
    statement.zeroize();
    Ok(given?)
}

#[cfg(not(feature = "encrypted"))]
pub(super) fn unlock(_: &Connection, _: &Keys) -> Result<(), Fault> {
    Ok(())
}

#[cfg(feature = "encrypted")]
mod conversion;
#[cfg(feature = "encrypted")]
pub use conversion::{Converted, decrypt, encrypt};
