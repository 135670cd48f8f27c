//! By when documents are due, and the pools of people who share work.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::UserId;
use crate::domain::user::User;
use crate::domain::worklist::Priority;
use crate::store::audit::{self, Entry};
use crate::store::{Fault, Store, StoreError, users};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Minutes from the taking in of a dictation until it is due, by priority. Of a document type: those that are its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueTimes(pub BTreeMap<Priority, u32>);

/// People who share work. A pool is there while it has a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Who is in it, by login name.
    pub members: Vec<User>,
    /// Dictations that wait for whoever of them is next.
    pub waiting: u32,
}

/// Every due time; the type '' is for all that have none of their own.
fn due_times(conn: &Connection) -> Result<BTreeMap<String, DueTimes>, Fault> {
    let mut all: BTreeMap<String, DueTimes> = BTreeMap::new();
    let mut statement = conn.prepare_cached("SELECT kind, priority, minutes FROM due_times")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for row in rows {
        let (kind, priority, minutes) = row?;
        all.entry(kind).or_default().0.insert(priority, minutes);
    }
    Ok(all)
}

/// Everything that waits is due by the times that are set now.
const FOLLOW: &str = "UPDATE dictations SET due_at = created_at + 60000000 * (
        SELECT t.minutes FROM due_times t
        WHERE t.priority = dictations.priority AND t.kind IN (dictations.kind, '')
        ORDER BY t.kind = '' LIMIT 1)
    WHERE state NOT IN ('done', 'deleted')";

fn set_due_times(
    conn: &Connection,
    kind: &str,
    times: &DueTimes,
    stamp: &Stamp,
) -> Result<(), Fault> {
    let before = due_times(conn)?.remove(kind).unwrap_or_default();
    if before == *times {
        return Ok(());
    }
    conn.execute("DELETE FROM due_times WHERE kind = ?1", [kind])?;
    let mut statement =
        conn.prepare_cached("INSERT INTO due_times (kind, priority, minutes) VALUES (?1, ?2, ?3)")?;
    for (priority, minutes) in &times.0 {
        statement.execute((kind, priority, minutes))?;
    }
    conn.execute(FOLLOW, [])?;
    let minutes = |times: &DueTimes| -> serde_json::Map<String, serde_json::Value> {
        let each = times.0.iter();
        each.map(|(priority, n)| (priority.as_str().to_owned(), (*n).into()))
            .collect()
    };
    audit::record(
        conn,
        Entry {
            action: Action::DueTimeSet,
            subject: ("due_time", kind.to_owned()),
            patient_id: None,
            details: serde_json::json!({"minutes": minutes(times), "before": minutes(&before)}),
            stamp,
        },
    )
}

/// Of a pool: how many members it has, and how much waits for it.
fn standing(conn: &Connection, pool: &str) -> Result<(u32, u32), Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT (SELECT count(*) FROM pool_members WHERE pool = ?1),
                    (SELECT count(*) FROM dictations WHERE state NOT IN ('done', 'deleted') AND pool = ?1)",
        )?
        .query_row([pool], |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// An error where nobody is in a pool: what is given to it would wait for ever.
pub(super) fn pool_exists(conn: &Connection, pool: &str) -> Result<(), Fault> {
    if standing(conn, pool)?.0 == 0 {
        return Err(StoreError::NotFound(
            "nobody is in a pool of this name; `osler pool list` prints the pools".into(),
        )
        .into());
    }
    Ok(())
}

fn pools(conn: &Connection) -> Result<Vec<Pool>, Fault> {
    let mut pools: Vec<Pool> = Vec::new();
    let mut statement = conn.prepare_cached(
        "SELECT m.pool AS pool, u.* FROM pool_members m JOIN users u ON u.id = m.user_id
         ORDER BY m.pool, u.username",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get::<_, String>("pool")?, users::row(r)?)))?;
    for row in rows {
        let (name, user) = row?;
        match pools.last_mut() {
            Some(pool) if pool.name == name => pool.members.push(user),
            _ => pools.push(Pool {
                waiting: standing(conn, &name)?.1,
                name,
                members: vec![user],
            }),
        }
    }
    Ok(pools)
}

fn set_member(
    conn: &Connection,
    pool: &str,
    user: UserId,
    is_member: bool,
    stamp: &Stamp,
) -> Result<(), Fault> {
    users::by_id(conn, user)?;
    let sql = if is_member {
        "INSERT INTO pool_members (pool, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM pool_members WHERE pool = ?1 AND user_id = ?2"
    };
    if conn.execute(sql, (pool, user))? == 0 {
        if is_member {
            return Ok(());
        }
        return Err(StoreError::NotFound("this person is not in the pool".into()).into());
    }
    if let (0, waiting @ 1..) = standing(conn, pool)? {
        return Err(StoreError::Conflict(format!(
            "{waiting} dictation(s) wait for this pool; give them to somebody else, or the pool another member, before the last one leaves"
        ))
        .into());
    }
    audit::record(
        conn,
        Entry {
            action: Action::PoolChanged,
            subject: ("pool", pool.to_owned()),
            patient_id: None,
            details: serde_json::json!({"user": user, "member": is_member}),
            stamp,
        },
    )
}

impl Store {
    /// The due times by document type; the type '' stands for all that have none of their own.
    pub async fn due_times(&self) -> Result<BTreeMap<String, DueTimes>, StoreError> {
        self.read(due_times).await
    }

    /// Sets the due times that a document type has of its own, all of them at once. What waits is due by them from now on.
    pub async fn set_due_times(
        &self,
        kind: String,
        times: DueTimes,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| set_due_times(conn, &kind, &times, &stamp))
            .await
    }

    /// The pools by name.
    pub async fn pools(&self) -> Result<Vec<Pool>, StoreError> {
        self.read(pools).await
    }

    /// Takes a person into a pool, or out of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the person is not in it; [`StoreError::Conflict`] for the last one while dictations
    /// wait for the pool.
    pub async fn set_pool_member(
        &self,
        pool: String,
        user: UserId,
        is_member: bool,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| set_member(conn, &pool, user, is_member, &stamp))
            .await
    }
}
