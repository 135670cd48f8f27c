//! Creations that may be repeated: the same key of the same person creates one thing.

use crate::domain::audit::Stamp;
use crate::domain::ids::UserId;
use crate::store::sql::At;
use crate::store::{Fault, StoreError};
use rusqlite::{Connection, OptionalExtension};
use std::fmt::Display;
use std::str::FromStr;

/// A key that somebody made for a creation.
#[derive(Debug, Clone)]
pub struct Once {
    /// Who.
    pub user: UserId,
    /// Their key.
    pub key: String,
}

/// Makes something, or finds what the same key made before.
///
/// # Errors
/// [`StoreError::Conflict`] where the key made something else.
pub(super) fn once<T: Display + FromStr>(
    conn: &Connection,
    once: Option<&Once>,
    what: &str,
    stamp: &Stamp,
    make: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    let Some(once) = once else {
        return make();
    };
    let made: Option<(String, String)> = conn
        .prepare_cached("SELECT what, made FROM creations WHERE user_id = ?1 AND key = ?2")?
        .query_row((once.user, &once.key), |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some((before, made)) = made {
        let made = made.parse().ok().filter(|_| before == what);
        return made.ok_or_else(|| {
            StoreError::Conflict("this idempotency key was used for something else".into()).into()
        });
    }
    let made = make()?;
    conn.prepare_cached(
        "INSERT INTO creations (user_id, key, what, made, at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((once.user, &once.key, what, made.to_string(), At(stamp.at)))?;
    Ok(made)
}
