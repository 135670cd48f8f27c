//! People who use Osler.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::UserId;
use crate::domain::user::User;
use crate::store::audit::{self, Entry};
use crate::store::sql::{At, or_conflict};
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

pub(super) fn row(r: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: r.get("id")?,
        username: r.get("username")?,
        name: r.get("name")?,
        role: r.get("role")?,
    })
}

pub(super) fn by_id(conn: &Connection, id: UserId) -> Result<User, Fault> {
    conn.prepare_cached("SELECT * FROM users WHERE id = ?1")?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such user".into()).into())
}

pub(super) fn add(conn: &Connection, user: &User, stamp: &Stamp) -> Result<(), Fault> {
    conn.execute(
        "INSERT INTO users (id, username, name, role, created_at)
         VALUES (:id, :username, :name, :role, :at)",
        named_params! {
            ":id": user.id,
            ":username": user.username,
            ":name": user.name,
            ":role": user.role,
            ":at": At(stamp.at),
        },
    )
    .map_err(or_conflict(format!(
        "the user name {} is taken; `osler user list` shows all",
        user.username
    )))?;
    audit::record(
        conn,
        Entry {
            action: Action::UserAdded,
            subject: ("user", user.id.to_string()),
            patient_id: None,
            details: serde_json::json!({"username": user.username, "role": user.role.as_str()}),
            stamp,
        },
    )
}

impl Store {
    /// Adds a user; [`StoreError::Conflict`] where the login name is taken.
    pub async fn add_user(&self, user: User, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| add(conn, &user, &stamp)).await
    }

    /// The user with this login name.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let username = username.to_owned();
        self.read(move |conn| {
            Ok(conn
                .prepare_cached("SELECT * FROM users WHERE username = ?1")?
                .query_row([username], row)
                .optional()?)
        })
        .await
    }

    /// One user; [`StoreError::NotFound`] where there is none.
    pub async fn user(&self, id: UserId) -> Result<User, StoreError> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// All users by login name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT * FROM users ORDER BY username")?;
            let rows = statement.query_map([], row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
