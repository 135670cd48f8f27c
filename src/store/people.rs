//! Accounts, sessions, service tokens and emergency access.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{PatientId, UserId};
use crate::domain::lockout::{self, Attempts, BY_NAME, BY_PLACE, Limits};
use crate::domain::role::{Role, Scopes};
use crate::domain::session::End;
use crate::domain::signature::Authentication;
use crate::domain::user::User;
use crate::store::audit::{self, Entry};
use crate::store::blobs::text_sha256;
use crate::store::once::{Once, once};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError, users};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// What is known about how a user gets in.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Who.
    pub user: User,
    /// Argon2id hash; none where no password was set.
    pub password_hash: Option<String>,
    /// Whether the password was set by somebody else.
    pub password_due: bool,
    /// The secret of the second factor.
    pub totp_secret: Option<Vec<u8>>,
    /// Whether the second factor was confirmed and counts.
    pub totp_confirmed: bool,
    /// Step of the last code that was accepted.
    pub totp_last_step: Option<i64>,
    /// When the account was closed.
    pub disabled_at: Option<Timestamp>,
}

/// Somebody tries to get in.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The login name as it was typed; none where it cannot be one.
    pub username: Option<String>,
    /// Where from, for example an address; none at the machine itself.
    pub place: Option<String>,
}

impl Attempt {
    /// An attempt of a known user, at the machine or within a session.
    pub fn of(username: &str) -> Self {
        Self {
            username: Some(username.to_owned()),
            place: None,
        }
    }
}

/// What became of an attempt before its password was looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// Too many; the next may be made then.
    Closed(Timestamp),
    /// It is counted, and may be judged. None: there is no such user.
    Open(Option<Box<Account>>),
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// SHA-256 (hex) of its token.
    pub token_hash: String,
    /// Whose.
    pub user_id: UserId,
    /// The password hash that was found right: it has to be the account's still.
    pub password_hash: String,
    /// The step of the code that was given, where there is a second factor.
    pub totp_step: Option<i64>,
}

/// An open or ended session with its account.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    /// Whose.
    pub account: Account,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within half a minute.
    pub last_seen_at: Timestamp,
    /// When its owner first proved who they are for a signature.
    pub proven_at: Option<Timestamp>,
    /// How and when they last did, where no signature has been made with it.
    pub proof: Option<(Authentication, Timestamp)>,
    /// Why it is over.
    pub end: Option<End>,
}

/// A token for a service account.
#[derive(Debug, Clone)]
pub struct NewService {
    /// SHA-256 (hex) of the token.
    pub token_hash: String,
    /// The account.
    pub user_id: UserId,
    /// What it may do.
    pub scopes: Scopes,
    /// Until when; none for no end.
    pub expires_at: Option<Timestamp>,
}

/// A service account as one of its tokens opens it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceAccount {
    /// Which.
    pub user: User,
    /// What the token may do.
    pub scopes: Scopes,
}

/// An account in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountListing {
    /// The account.
    pub account: Account,
    /// When a session of theirs was last used.
    pub last_seen_at: Option<Timestamp>,
}

/// A token as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceToken {
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it counts; none for no end.
    pub expires_at: Option<Timestamp>,
}

/// A service account with its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceListing {
    /// The account.
    pub user: User,
    /// Those that count.
    pub tokens: Vec<ServiceToken>,
}

/// A record that a physician opened in an emergency.
#[derive(Debug, Clone, PartialEq)]
pub struct EmergencyAccess {
    /// Who.
    pub user_id: UserId,
    /// Whose record.
    pub patient_id: PatientId,
    /// Why, in the physician's words.
    pub reason: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// Users with their accounts; one without an account has never got a password.
const ACCOUNTS: &str = "SELECT u.id, u.username, u.name, u.role, a.password_hash,
        coalesce(a.password_due, 0) AS password_due, a.totp_secret,
        coalesce(a.totp_confirmed, 0) AS totp_confirmed, a.totp_last_step, a.disabled_at
 FROM users u LEFT JOIN accounts a ON a.user_id = u.id";

fn account(r: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        user: users::row(r)?,
        password_hash: r.get("password_hash")?,
        password_due: r.get("password_due")?,
        totp_secret: r.get("totp_secret")?,
        totp_confirmed: r.get("totp_confirmed")?,
        totp_last_step: r.get("totp_last_step")?,
        disabled_at: r.get::<_, Option<At>>("disabled_at")?.map(|at| at.0),
    })
}

fn account_of(conn: &Connection, id: UserId) -> Result<Account, Fault> {
    conn.prepare_cached(&format!("{ACCOUNTS} WHERE u.id = ?1"))?
        .query_row([id], account)
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such user".into()).into())
}

fn account_named(conn: &Connection, username: &str) -> Result<Option<Account>, Fault> {
    Ok(conn
        .prepare_cached(&format!("{ACCOUNTS} WHERE u.username = ?1"))?
        .query_row([username], account)
        .optional()?)
}

/// A creation is repeated: the token that it made then, and that nobody saw, does not count any more.
fn replace_token(
    conn: &Connection,
    key: &Once,
    first: &str,
    service: &NewService,
    stamp: &Stamp,
) -> Result<(), Fault> {
    let owner: UserId = conn.query_row(
        "SELECT user_id FROM service_tokens WHERE token_hash = ?1",
        [first],
        |r| r.get(0),
    )?;
    if owner != service.user_id {
        let why = "this idempotency key was used for something else";
        return Err(StoreError::Conflict(why.into()).into());
    }
    let revoked = conn.execute(
        "UPDATE service_tokens SET revoked_at = ?2 WHERE token_hash = ?1 AND revoked_at IS NULL",
        (first, At(stamp.at)),
    )?;
    conn.execute(
        "UPDATE creations SET made = ?3 WHERE user_id = ?1 AND key = ?2",
        (key.user, &key.key, &service.token_hash),
    )?;
    about_user(
        conn,
        Action::ServiceTokensRevoked,
        owner,
        serde_json::json!({"tokens": revoked, "token": short(first)}),
        stamp,
    )
}

/// Makes the account's row where it is missing.
fn ensure(conn: &Connection, id: UserId) -> Result<(), Fault> {
    conn.execute(
        "INSERT INTO accounts (user_id) VALUES (?1) ON CONFLICT (user_id) DO NOTHING",
        [id],
    )?;
    Ok(())
}

fn about_user(
    conn: &Connection,
    action: Action,
    id: UserId,
    details: serde_json::Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("user", id.to_string()),
            patient_id: None,
            details,
            stamp,
        },
    )
}

/// The beginning of a token's hash: enough to tell sessions apart in the trail.
fn short(token_hash: &str) -> &str {
    token_hash.get(..12).unwrap_or(token_hash)
}

fn attempts(conn: &Connection, key: &str) -> Result<Option<Attempts>, Fault> {
    Ok(conn
        .prepare_cached("SELECT failures, last_at FROM attempts WHERE key = ?1")?
        .query_row([key], |r| {
            Ok(Attempts {
                failures: r.get("failures")?,
                last: r.get::<_, At>("last_at")?.0,
            })
        })
        .optional()?)
}

/// Not the name itself: people type passwords into the wrong field.
fn name_key(username: &str) -> String {
    text_sha256(&format!("user:{username}"))
}

fn place_key(place: &str) -> String {
    text_sha256(&format!("from:{place}"))
}

/// The keys of an attempt and how many each allows.
fn keys(attempt: &Attempt) -> Vec<(String, Limits)> {
    let name = attempt.username.iter().map(|n| (name_key(n), BY_NAME));
    let place = attempt.place.iter().map(|p| (place_key(p), BY_PLACE));
    name.chain(place).collect()
}

fn begin(conn: &Connection, attempt: &Attempt, stamp: &Stamp) -> Result<Begun, Fault> {
    let now = stamp.at;
    let account = match &attempt.username {
        Some(username) => account_named(conn, username)?,
        None => None,
    };
    let mut counted = Vec::new();
    let mut closed: Option<Timestamp> = None;
    for (key, limits) in keys(attempt) {
        let before = attempts(conn, &key)?;
        closed = closed.max(limits.closed_until(before, now));
        counted.push((key, Limits::counted(before, now)));
    }
    if let Some(until) = closed {
        refused(
            conn,
            account.as_ref().map(|a| a.user.id),
            "too_many_attempts",
            stamp,
        )?;
        return Ok(Begun::Closed(until));
    }
    for (key, attempts) in counted {
        conn.prepare_cached(
            "INSERT INTO attempts (key, failures, last_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at",
        )?
        .execute((key, attempts.failures, At(attempts.last)))?;
    }
    // Names that nobody has leave rows behind; they go when they would be forgotten anyway.
    let forgotten = now.checked_sub(lockout::FORGOTTEN).unwrap_or(now);
    conn.execute("DELETE FROM attempts WHERE last_at <= ?1", [At(forgotten)])?;
    Ok(Begun::Open(account.map(Box::new)))
}

/// Takes a right attempt back: the name starts anew, the place has one less.
fn was_right(conn: &Connection, username: &str, place: Option<&str>) -> Result<(), Fault> {
    conn.execute("DELETE FROM attempts WHERE key = ?1", [name_key(username)])?;
    if let Some(place) = place {
        one_less(conn, &place_key(place))?;
    }
    Ok(())
}

fn one_less(conn: &Connection, key: &str) -> Result<(), Fault> {
    conn.execute(
        "UPDATE attempts SET failures = max(failures - 1, 0) WHERE key = ?1",
        [key],
    )?;
    Ok(())
}

fn refused(conn: &Connection, user: Option<UserId>, why: &str, stamp: &Stamp) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action: Action::SessionRefused,
            // What was typed is not kept: people type passwords into the wrong field.
            subject: (
                "user",
                user.map_or_else(|| "unknown".into(), |u| u.to_string()),
            ),
            patient_id: None,
            details: serde_json::json!({"why": why}),
            stamp,
        },
    )
}

/// Uses a code up. False where it, or a later one, was used meanwhile.
fn use_code(conn: &Connection, user: UserId, step: i64) -> Result<bool, Fault> {
    let changed = conn.execute(
        "UPDATE accounts SET totp_last_step = ?2
         WHERE user_id = ?1 AND (totp_last_step IS NULL OR totp_last_step < ?2)",
        (user, step),
    )?;
    Ok(changed == 1)
}

fn insert_session(
    conn: &Connection,
    token_hash: &str,
    user: UserId,
    stamp: &Stamp,
) -> Result<(), Fault> {
    conn.execute(
        "INSERT INTO sessions (token_hash, user_id, via, created_at, last_seen_at)
         VALUES (:hash, :user, :via, :at, :at)",
        named_params! {
            ":hash": token_hash,
            ":user": user,
            ":via": stamp.actor.via,
            ":at": At(stamp.at),
        },
    )?;
    Ok(())
}

/// Ends a user's open sessions but for one; gives how many.
fn end_sessions(
    conn: &Connection,
    user: UserId,
    keep: Option<&str>,
    stamp: &Stamp,
) -> Result<usize, Fault> {
    let ended = conn.execute(
        "UPDATE sessions SET ended_at = :at, end_reason = :why
         WHERE user_id = :user AND ended_at IS NULL AND (:keep IS NULL OR token_hash <> :keep)",
        named_params! {":at": At(stamp.at), ":why": End::Revoked, ":user": user, ":keep": keep},
    )?;
    Ok(ended)
}

fn set_password(
    conn: &Connection,
    user: UserId,
    hash: &str,
    is_due: bool,
    keep: Option<&str>,
    stamp: &Stamp,
) -> Result<(), Fault> {
    ensure(conn, user)?;
    conn.execute(
        "UPDATE accounts SET password_hash = ?2, password_due = ?3 WHERE user_id = ?1",
        (user, hash, is_due),
    )?;
    let ended = end_sessions(conn, user, keep, stamp)?;
    about_user(
        conn,
        Action::PasswordSet,
        user,
        serde_json::json!({"to_be_changed": is_due, "sessions_ended": ended}),
        stamp,
    )
}

impl Store {
    /// Adds the first administrator with a password; [`StoreError::Conflict`] where there is one, or the login name is
    /// taken.
    pub async fn add_first_administrator(
        &self,
        user: User,
        password_hash: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            if has_administrator(conn)? {
                return Err(StoreError::Conflict(
                    "there is an administrator already, who can add others (`osler user add --as NAME`)"
                        .into(),
                )
                .into());
            }
            users::add(conn, &user, &stamp)?;
            set_password(conn, user.id, &password_hash, false, None, &stamp)
        })
        .await
    }

    /// Whether somebody administers this practice.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        self.read(has_administrator).await
    }

    /// Adds a user with a password that has to be changed at the first log-in. A creation that is repeated with its key
    /// gives who was added then, with the new password in place of the first: whoever repeats it never saw that one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the login name is taken, the key added somebody else, or whom it added has a
    /// password of their own by now.
    pub async fn add_user_with_password(
        &self,
        user: User,
        password_hash: String,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<User, StoreError> {
        self.write(move |conn| {
            let set = |id| set_password(conn, id, &password_hash, true, None, &stamp);
            let id = once(conn, key.as_ref(), "user", &stamp, || {
                users::add(conn, &user, &stamp)?;
                set(user.id)?;
                Ok(user.id)
            })?;
            if id == user.id {
                return Ok(user);
            }
            let account = account_of(conn, id)?;
            let added = account.user;
            if (&added.username, &added.name, added.role) != (&user.username, &user.name, user.role)
            {
                let why = "this idempotency key was used for something else";
                return Err(StoreError::Conflict(why.into()).into());
            }
            if !account.password_due {
                let why = "this user was added and has a password of their own by now";
                return Err(StoreError::Conflict(why.into()).into());
            }
            set(id)?;
            Ok(added)
        })
        .await
    }

    /// How a user gets in; [`StoreError::NotFound`] where there is none.
    pub async fn account(&self, user: UserId) -> Result<Account, StoreError> {
        self.read(move |conn| account_of(conn, user)).await
    }

    /// How everybody gets in, by login name.
    pub async fn accounts(&self) -> Result<Vec<AccountListing>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT account.*, (SELECT max(last_seen_at) FROM sessions WHERE user_id = account.id)
                        AS last_seen_at
                 FROM ({ACCOUNTS}) account ORDER BY account.username"
            ))?;
            let rows = statement.query_map([], |r| {
                Ok(AccountListing {
                    account: account(r)?,
                    last_seen_at: r.get::<_, Option<At>>("last_seen_at")?.map(|at| at.0),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Service accounts by login name, with the tokens of each that count at `now`.
    pub async fn services(&self, now: Timestamp) -> Result<Vec<ServiceListing>, StoreError> {
        self.read(move |conn| {
            let mut users = conn
                .prepare_cached("SELECT * FROM users WHERE role = ?1 ORDER BY username")?;
            let mut tokens = conn.prepare_cached(
                "SELECT scopes, created_at, expires_at FROM service_tokens
                 WHERE user_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
                 ORDER BY created_at",
            )?;
            let users = users
                .query_map([Role::Service], users::row)?
                .collect::<Result<Vec<_>, _>>()?;
            users
                .into_iter()
                .map(|user| {
                    let tokens = tokens
                        .query_map((user.id, At(now)), |r| {
                            Ok(ServiceToken {
                                scopes: r.get("scopes")?,
                                created_at: r.get::<_, At>("created_at")?.0,
                                expires_at: r.get::<_, Option<At>>("expires_at")?.map(|at| at.0),
                            })
                        })?
                        .collect::<Result<_, _>>()?;
                    Ok(ServiceListing { user, tokens })
                })
                .collect()
        })
        .await
    }

    /// Counts an attempt before it is judged, and gives the account it is about; a refusal is in the trail.
    pub async fn begin_attempt(&self, attempt: Attempt, stamp: Stamp) -> Result<Begun, StoreError> {
        self.write(move |conn| begin(conn, &attempt, &stamp)).await
    }

    /// Writes down that an attempt was wrong; it stays counted.
    pub async fn attempt_failed(
        &self,
        user: Option<UserId>,
        why: &'static str,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| refused(conn, user, why, &stamp))
            .await
    }

    /// Takes back that an attempt was counted, where it was neither right nor wrong.
    pub async fn attempt_withdrawn(&self, attempt: Attempt) -> Result<(), StoreError> {
        self.write(move |conn| {
            keys(&attempt)
                .iter()
                .try_for_each(|(key, _)| one_less(conn, key))
        })
        .await
    }

    /// Opens a session and forgets its owner's wrong attempts. False, and no session, where the password was changed, the
    /// account closed or the code used since they were checked.
    pub async fn start_session(
        &self,
        new: NewSession,
        attempt: Attempt,
        stamp: Stamp,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| {
            let account = account_of(conn, new.user_id)?;
            let is_same = account.disabled_at.is_none()
                && account.password_hash.as_deref() == Some(new.password_hash.as_str())
                && account.totp_confirmed == new.totp_step.is_some();
            let is_fresh = match new.totp_step {
                Some(step) if is_same => use_code(conn, new.user_id, step)?,
                _ => is_same,
            };
            if !is_fresh {
                refused(conn, Some(new.user_id), "changed_meanwhile", &stamp)?;
                return Ok(false);
            }
            was_right(conn, &account.user.username, attempt.place.as_deref())?;
            insert_session(conn, &new.token_hash, new.user_id, &stamp)?;
            about_user(
                conn,
                Action::SessionStarted,
                new.user_id,
                serde_json::json!({
                    "session": short(&new.token_hash),
                    "second_factor": new.totp_step.is_some(),
                }),
                &stamp,
            )?;
            Ok(true)
        })
        .await
    }

    /// Opens a session for a sample person of a demonstration database, who is asked for nothing. False, and no session,
    /// where the account was closed.
    pub async fn start_demonstration_session(
        &self,
        token_hash: String,
        user: UserId,
        stamp: Stamp,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| {
            if account_of(conn, user)?.disabled_at.is_some() {
                refused(conn, Some(user), "closed", &stamp)?;
                return Ok(false);
            }
            insert_session(conn, &token_hash, user, &stamp)?;
            about_user(
                conn,
                Action::SessionStarted,
                user,
                serde_json::json!({"session": short(&token_hash), "demonstration": true}),
                &stamp,
            )?;
            Ok(true)
        })
        .await
    }

    /// The session of a token, open or ended.
    pub async fn session(&self, token_hash: String) -> Result<Option<StoredSession>, StoreError> {
        self.read(move |conn| {
            let found = conn
                .prepare_cached(
                    "SELECT user_id, created_at, last_seen_at, proven_at, proof, proof_at, end_reason
                     FROM sessions WHERE token_hash = ?1",
                )?
                .query_row([token_hash], |r| {
                    Ok((
                        r.get::<_, UserId>("user_id")?,
                        r.get::<_, At>("created_at")?.0,
                        r.get::<_, At>("last_seen_at")?.0,
                        r.get::<_, Option<At>>("proven_at")?.map(|at| at.0),
                        r.get::<_, Option<Authentication>>("proof")?,
                        r.get::<_, Option<At>>("proof_at")?.map(|at| at.0),
                        r.get::<_, Option<End>>("end_reason")?,
                    ))
                })
                .optional()?;
            let Some((user, created_at, last_seen_at, proven_at, proof, proof_at, end)) = found else {
                return Ok(None);
            };
            Ok(Some(StoredSession {
                account: account_of(conn, user)?,
                created_at,
                last_seen_at,
                proven_at,
                proof: proof.zip(proof_at),
                end,
            }))
        })
        .await
    }

    /// Notes that an open session was used.
    pub async fn session_seen(&self, token_hash: String, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.execute(
                "UPDATE sessions SET last_seen_at = ?2 WHERE token_hash = ?1 AND ended_at IS NULL",
                (token_hash, At(at)),
            )?;
            Ok(())
        })
        .await
    }

    /// Ends a session; one that has ended stays as it is.
    pub async fn end_session(
        &self,
        token_hash: String,
        why: End,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let user: Option<UserId> = conn
                .query_row(
                    "UPDATE sessions SET ended_at = ?2, end_reason = ?3
                     WHERE token_hash = ?1 AND ended_at IS NULL RETURNING user_id",
                    (&token_hash, At(stamp.at), why),
                    |r| r.get(0),
                )
                .optional()?;
            let Some(user) = user else { return Ok(()) };
            about_user(
                conn,
                Action::SessionEnded,
                user,
                serde_json::json!({"session": short(&token_hash), "why": why.as_str()}),
                &stamp,
            )
        })
        .await
    }

    /// Sets a password and ends the user's sessions but for `keep` (a token's hash). `is_due`: it has to be changed first.
    pub async fn set_password(
        &self,
        user: UserId,
        hash: String,
        is_due: bool,
        keep: Option<String>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            if let Some(name) = username_of(conn, user)? {
                was_right(conn, &name, None)?;
            }
            set_password(conn, user, &hash, is_due, keep.as_deref(), &stamp)
        })
        .await
    }

    /// Sets a second factor that does not count until it is confirmed; [`StoreError::Conflict`] where one counts already.
    pub async fn begin_second_factor(
        &self,
        user: UserId,
        secret: Vec<u8>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            ensure(conn, user)?;
            let changed = conn.execute(
                "UPDATE accounts SET totp_secret = ?2, totp_last_step = NULL
                 WHERE user_id = ?1 AND totp_confirmed = 0",
                (user, secret),
            )?;
            if changed == 0 {
                return Err(StoreError::Conflict(
                    "there is a second factor already; an administrator can remove it".into(),
                )
                .into());
            }
            about_user(
                conn,
                Action::SecondFactorBegun,
                user,
                serde_json::json!({}),
                &stamp,
            )
        })
        .await
    }

    /// Lets a second factor count, and uses its first code up; [`StoreError::Conflict`] where `secret` was replaced or
    /// confirmed meanwhile.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        secret: Vec<u8>,
        step: i64,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let changed = conn.execute(
                "UPDATE accounts SET totp_confirmed = 1, totp_last_step = ?3
                 WHERE user_id = ?1 AND totp_secret = ?2 AND totp_confirmed = 0",
                (user, secret, step),
            )?;
            if changed == 0 {
                return Err(StoreError::Conflict(
                    "the second factor was changed meanwhile; begin again".into(),
                )
                .into());
            }
            if let Some(name) = username_of(conn, user)? {
                was_right(conn, &name, None)?;
            }
            about_user(
                conn,
                Action::SecondFactorConfirmed,
                user,
                serde_json::json!({}),
                &stamp,
            )
        })
        .await
    }

    /// Takes a second factor away and ends the user's sessions.
    pub async fn remove_second_factor(&self, user: UserId, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.execute(
                "UPDATE accounts SET totp_secret = NULL, totp_confirmed = 0, totp_last_step = NULL
                 WHERE user_id = ?1",
                [user],
            )?;
            let ended = end_sessions(conn, user, None, &stamp)?;
            about_user(
                conn,
                Action::SecondFactorRemoved,
                user,
                serde_json::json!({"sessions_ended": ended}),
                &stamp,
            )
        })
        .await
    }

    /// Notes that the owner of an open session proved who they are, and with what, for the next signature. False where the code was used or the
    /// session ended meanwhile.
    pub async fn identity_proven(
        &self,
        token_hash: String,
        user: UserId,
        totp_step: Option<i64>,
        with: Authentication,
        stamp: Stamp,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| {
            if let Some(step) = totp_step
                && !use_code(conn, user, step)?
            {
                refused(conn, Some(user), "changed_meanwhile", &stamp)?;
                return Ok(false);
            }
            let changed = conn.execute(
                "UPDATE sessions SET proven_at = coalesce(proven_at, ?3), proof = ?4, proof_at = ?3
                 WHERE token_hash = ?1 AND user_id = ?2 AND ended_at IS NULL",
                (&token_hash, user, At(stamp.at), with),
            )?;
            if changed == 0 {
                refused(conn, Some(user), "changed_meanwhile", &stamp)?;
                return Ok(false);
            }
            if let Some(name) = username_of(conn, user)? {
                was_right(conn, &name, None)?;
            }
            about_user(
                conn,
                Action::IdentityProven,
                user,
                serde_json::json!({"session": short(&token_hash), "with": with.as_str()}),
                &stamp,
            )?;
            Ok(true)
        })
        .await
    }

    /// Takes the proof of an open session, where it was given after `since`: it is good for one signature.
    pub async fn take_proof(
        &self,
        token_hash: String,
        since: Timestamp,
    ) -> Result<Option<Authentication>, StoreError> {
        self.write(move |conn| {
            let proof: Option<Authentication> = conn
                .query_row(
                    "SELECT proof FROM sessions
                     WHERE token_hash = ?1 AND ended_at IS NULL AND proof IS NOT NULL AND proof_at > ?2",
                    (&token_hash, At(since)),
                    |r| r.get(0),
                )
                .optional()?;
            if proof.is_some() {
                conn.execute(
                    "UPDATE sessions SET proof = NULL, proof_at = NULL WHERE token_hash = ?1",
                    [&token_hash],
                )?;
            }
            Ok(proof)
        })
        .await
    }

    /// Closes an account, which ends its sessions, or opens it again; [`StoreError::Conflict`] where the last open
    /// administrator would go.
    pub async fn set_disabled(
        &self,
        user: UserId,
        is_disabled: bool,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            ensure(conn, user)?;
            conn.execute(
                "UPDATE accounts SET disabled_at = ?2 WHERE user_id = ?1",
                (user, is_disabled.then_some(At(stamp.at))),
            )?;
            let role = account_of(conn, user)?.user.role;
            if is_disabled && role == Role::Administrator && !has_administrator(conn)? {
                return Err(StoreError::Conflict(
                    "this is the last administrator; add another one first".into(),
                )
                .into());
            }
            let (action, ended) = if is_disabled {
                (
                    Action::UserDisabled,
                    end_sessions(conn, user, None, &stamp)?,
                )
            } else {
                (Action::UserEnabled, 0)
            };
            about_user(
                conn,
                action,
                user,
                serde_json::json!({"sessions_ended": ended}),
                &stamp,
            )
        })
        .await
    }

    /// Adds a service account with its first token, or gives one that is there a further token.
    pub async fn add_service(
        &self,
        new_user: Option<User>,
        service: NewService,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            if let Some(user) = &new_user {
                users::add(conn, user, &stamp)?;
            }
            if let Some(key) = &key {
                let hash = &service.token_hash;
                let first: String =
                    once(
                        conn,
                        Some(key),
                        "service token",
                        &stamp,
                        || Ok(hash.clone()),
                    )?;
                if first != *hash {
                    replace_token(conn, key, &first, &service, &stamp)?;
                }
            }
            conn.execute(
                "INSERT INTO service_tokens (token_hash, user_id, scopes, created_at, expires_at)
                 VALUES (:hash, :user, :scopes, :at, :expires)",
                named_params! {
                    ":hash": service.token_hash,
                    ":user": service.user_id,
                    ":scopes": service.scopes,
                    ":at": At(stamp.at),
                    ":expires": service.expires_at.map(At),
                },
            )?;
            about_user(
                conn,
                Action::ServiceTokenMade,
                service.user_id,
                serde_json::json!({
                    "token": short(&service.token_hash),
                    "scopes": service.scopes.to_string(),
                    "expires_at": service.expires_at.map(|at| at.to_string()),
                }),
                &stamp,
            )
        })
        .await
    }

    /// The service account of a token that counts at `now`.
    pub async fn service(
        &self,
        token_hash: String,
        now: Timestamp,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        self.read(move |conn| {
            let found = conn
                .prepare_cached(
                    "SELECT user_id, scopes FROM service_tokens
                     WHERE token_hash = ?1 AND revoked_at IS NULL
                       AND (expires_at IS NULL OR expires_at > ?2)",
                )?
                .query_row((token_hash, At(now)), |r| {
                    Ok((
                        r.get::<_, UserId>("user_id")?,
                        r.get::<_, Scopes>("scopes")?,
                    ))
                })
                .optional()?;
            let Some((user, scopes)) = found else {
                return Ok(None);
            };
            let account = account_of(conn, user)?;
            Ok(account.disabled_at.is_none().then_some(ServiceAccount {
                user: account.user,
                scopes,
            }))
        })
        .await
    }

    /// Takes all tokens of a service account away; gives how many there were.
    pub async fn revoke_service(&self, user: UserId, stamp: Stamp) -> Result<usize, StoreError> {
        self.write(move |conn| {
            let revoked = conn.execute(
                "UPDATE service_tokens SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL",
                (user, At(stamp.at)),
            )?;
            about_user(
                conn,
                Action::ServiceTokensRevoked,
                user,
                serde_json::json!({"tokens": revoked}),
                &stamp,
            )?;
            Ok(revoked)
        })
        .await
    }

    /// Opens a record in an emergency.
    pub async fn open_emergency(
        &self,
        access: EmergencyAccess,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            conn.execute(
                "INSERT INTO emergency_access (user_id, patient_id, reason, opened_at, ends_at)
                 VALUES (:user, :patient, :reason, :from, :to)",
                named_params! {
                    ":user": access.user_id,
                    ":patient": access.patient_id,
                    ":reason": access.reason,
                    ":from": At(access.opened_at),
                    ":to": At(access.ends_at),
                },
            )?;
            audit::record(
                conn,
                Entry {
                    action: Action::EmergencyOpened,
                    subject: ("patient", access.patient_id.to_string()),
                    patient_id: Some(access.patient_id),
                    // The reason may name the patient: it lies in its own table, which this number leads to.
                    details: serde_json::json!({
                        "emergency": conn.last_insert_rowid(),
                        "until": access.ends_at.to_string(),
                    }),
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// Every emergency access to a patient's record, oldest first.
    pub async fn emergencies_of(
        &self,
        patient: PatientId,
    ) -> Result<Vec<EmergencyAccess>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT * FROM emergency_access WHERE patient_id = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([patient], |r| {
                Ok(EmergencyAccess {
                    user_id: r.get("user_id")?,
                    patient_id: r.get("patient_id")?,
                    reason: r.get("reason")?,
                    opened_at: r.get::<_, At>("opened_at")?.0,
                    ends_at: r.get::<_, At>("ends_at")?.0,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Whether a user opened this patient's record in an emergency that lasts at `now`.
    pub async fn is_emergency_open(
        &self,
        user: UserId,
        patient: PatientId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM emergency_access
                     WHERE user_id = ?1 AND patient_id = ?2 AND opened_at <= ?3 AND ends_at > ?3)",
                )?
                .query_row((user, patient, At(now)), |r| r.get(0))?)
        })
        .await
    }

    /// Whether a physician has or had this patient in care: a visit with them, or a dictation or report of theirs.
    pub async fn is_in_care(&self, user: UserId, patient: PatientId) -> Result<bool, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM encounters
                                    WHERE physician_id = ?1 AND patient_id = ?2)
                         OR EXISTS (SELECT 1 FROM dictations
                                    WHERE author_id = ?1 AND patient_id = ?2)",
                )?
                .query_row((user, patient), |r| r.get(0))?)
        })
        .await
    }
}

fn username_of(conn: &Connection, user: UserId) -> Result<Option<String>, Fault> {
    Ok(conn
        .query_row("SELECT username FROM users WHERE id = ?1", [user], |r| {
            r.get(0)
        })
        .optional()?)
}

/// Whether an administrator can log in.
fn has_administrator(conn: &Connection) -> Result<bool, Fault> {
    Ok(conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM users u JOIN accounts a ON a.user_id = u.id
                        WHERE u.role = ?1 AND a.password_hash IS NOT NULL AND a.disabled_at IS NULL)",
        [Role::Administrator],
        |r| r.get(0),
    )?)
}
