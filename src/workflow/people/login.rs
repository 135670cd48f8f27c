//! Logging in and out, and what a session is good for.

use crate::app::App;
use crate::domain::credentials::{Password, Token};
use crate::domain::policy::{Action, Asker};
use crate::domain::role::Role;
use crate::domain::session::{End, Limits, PROOF_LASTS};
use crate::domain::totp::Secret;
use crate::store::{Account, Attempt, Begun, NewSession, StoredSession};
use crate::workflow::people::{AccessRefusal, Subject, Who, authorise, secrets, stamp_as, users};
use crate::workflow::{Refusal, WorkflowError, demo};
use jiff::SignedDuration;

/// A use within so long of the last one is not written down.
const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// How the trail names somebody whose login name is nobody's.
const UNKNOWN: &str = "unknown";

/// What somebody gives to get in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Login name as it was typed.
    pub username: String,
    /// Password.
    pub password: Password,
    /// Code of the second factor, where they have one.
    pub code: Option<String>,
    /// Through what, for example "web" or "cli".
    pub via: String,
    /// Where from, for example an address; none at the machine itself.
    pub place: Option<String>,
}

/// A session that was opened.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// What the owner shows from now on. It is not kept here and cannot be had again.
    pub token: Token,
    /// Whose.
    pub who: Who,
}

/// The secret of a second factor that counts.
pub(super) fn second_factor(account: &Account) -> Option<Secret> {
    account
        .totp_secret
        .as_deref()
        .filter(|_| account.totp_confirmed)
        .and_then(Secret::from_stored)
}

/// Counts an attempt; where there were too many, it is refused before a password is looked at.
pub(super) async fn begin(
    app: &App,
    attempt: &Attempt,
    via: &str,
) -> Result<Option<Account>, WorkflowError> {
    // Only a name that somebody has stands in the trail: people type passwords into the wrong field.
    let user = match &attempt.username {
        Some(name) => app.store.user_by_name(name).await?,
        None => None,
    };
    let name = user.as_ref().map_or(UNKNOWN, |u| u.username.as_str());
    let stamp = stamp_as(app, name, via);
    match app.store.begin_attempt(attempt.clone(), stamp).await? {
        Begun::Closed(until) => Err(Refusal::Access(AccessRefusal::TooMany(until)).into()),
        Begun::Open(account) => Ok(account.map(|account| *account)),
    }
}

/// Writes a wrong attempt down and gives the answer, which does not say what was wrong.
pub(super) async fn wrong(
    app: &App,
    account: Option<&Account>,
    why: &'static str,
    via: &str,
) -> Result<WorkflowError, WorkflowError> {
    let name = account.map_or(UNKNOWN, |a| a.user.username.as_str());
    let stamp = stamp_as(app, name, via);
    app.store
        .attempt_failed(account.map(|a| a.user.id), why, stamp)
        .await?;
    Ok(Refusal::Access(AccessRefusal::Wrong).into())
}

/// Opens a session.
///
/// # Errors
/// [`AccessRefusal`]: `Wrong`, `TooMany`, or `CodeNeeded` where the password was right and a code has to be asked for.
pub async fn log_in(app: &App, login: Login) -> Result<LoggedIn, WorkflowError> {
    let via = login.via.as_str();
    let attempt = Attempt {
        username: users::is_username(&login.username).then(|| login.username.clone()),
        place: login.place.clone(),
    };
    let account = begin(app, &attempt, via).await?;
    let usable = account
        .as_ref()
        .filter(|a| a.disabled_at.is_none() && a.user.role != Role::Service);
    let stored = usable.and_then(|a| a.password_hash.clone());
    let is_right = secrets::is_right(login.password, stored.clone()).await?;
    let (Some(account), Some(password_hash), true) = (usable, stored, is_right) else {
        return Err(wrong(app, account.as_ref(), "password", via).await?);
    };
    let totp_step = match (second_factor(account), &login.code) {
        (None, _) => None,
        (Some(_), None) => {
            app.store.attempt_withdrawn(attempt).await?;
            return Err(Refusal::Access(AccessRefusal::CodeNeeded).into());
        }
        (Some(secret), Some(code)) => {
            match secret.accept(code, app.clock.now(), account.totp_last_step) {
                Some(step) => Some(step),
                None => return Err(wrong(app, Some(account), "code", via).await?),
            }
        }
    };
    let token = secrets::session_token()?;
    let token_hash = secrets::token_hash(&token);
    let new = NewSession {
        token_hash: token_hash.clone(),
        user_id: account.user.id,
        password_hash,
        totp_step,
    };
    let stamp = stamp_as(app, &account.user.username, via);
    if !app.store.start_session(new, attempt, stamp).await? {
        return Err(Refusal::Access(AccessRefusal::Wrong).into());
    }
    Ok(LoggedIn {
        who: known(account, token_hash, via, demo::is_sample(app)),
        token,
    })
}

/// Opens a session for a sample person of a demonstration, who is asked for nothing.
///
/// # Errors
/// [`Refusal::NoDemoHere`] in a real practice; [`AccessRefusal::Wrong`] for anybody who is no open account of a person.
pub async fn log_in_to_demonstration(
    app: &App,
    username: &str,
    via: &str,
) -> Result<LoggedIn, WorkflowError> {
    if !demo::is_sample(app) {
        return Err(Refusal::NoDemoHere.into());
    }
    let user = app.store.user_by_name(username).await?;
    let Some(user) = user.filter(|u| u.role != Role::Service) else {
        return Err(wrong(app, None, "unknown", via).await?);
    };
    let token = secrets::session_token()?;
    let token_hash = secrets::token_hash(&token);
    let stamp = stamp_as(app, &user.username, via);
    let is_open = app
        .store
        .start_demonstration_session(token_hash.clone(), user.id, stamp)
        .await?;
    if !is_open {
        return Err(Refusal::Access(AccessRefusal::Wrong).into());
    }
    let account = app.store.account(user.id).await?;
    Ok(LoggedIn {
        who: known(&account, token_hash, via, true),
        token,
    })
}

fn known(account: &Account, token_hash: String, via: &str, is_proven: bool) -> Who {
    let user = account.user.clone();
    Who {
        asker: Asker {
            password_due: account.password_due,
            proven: is_proven,
            ..Asker::person(user.id, user.role)
        },
        user,
        via: via.to_owned(),
        session: Some(token_hash),
    }
}

/// The open session of a token hash; one that time has ended is ended.
pub(super) async fn open_session(
    app: &App,
    token_hash: &str,
    via: &str,
) -> Result<StoredSession, WorkflowError> {
    let found = app.store.session(token_hash.to_owned()).await?;
    let session = found.ok_or(Refusal::Access(AccessRefusal::NotLoggedIn))?;
    if let Some(end) = session.end {
        return Err(Refusal::Access(AccessRefusal::Over(end)).into());
    }
    let now = app.clock.now();
    if let Some(end) = Limits::default().end(session.created_at, session.last_seen_at, now) {
        let stamp = stamp_as(app, &session.account.user.username, via);
        app.store
            .end_session(token_hash.to_owned(), end, stamp)
            .await?;
        return Err(Refusal::Access(AccessRefusal::Over(end)).into());
    }
    Ok(session)
}

/// Whose session this is; using it keeps it alive.
pub(super) async fn who(
    app: &App,
    token: &Token,
    via: &str,
    is_use: bool,
) -> Result<Who, WorkflowError> {
    of_session(app, secrets::token_hash(token), via, is_use).await
}

/// Whether the session of somebody who was let in earlier is still open; for what lasts long, as live dictation does.
/// `is_use`: they are at work, which keeps it alive.
///
/// # Errors
/// [`AccessRefusal::Over`], or `NotLoggedIn` for a service, which has none.
pub async fn again(app: &App, who: &Who, is_use: bool) -> Result<Who, WorkflowError> {
    let token_hash = who.session().map_err(Refusal::Access)?.to_owned();
    of_session(app, token_hash, &who.via, is_use).await
}

async fn of_session(
    app: &App,
    token_hash: String,
    via: &str,
    is_use: bool,
) -> Result<Who, WorkflowError> {
    let session = open_session(app, &token_hash, via).await?;
    let now = app.clock.now();
    if is_use && now.duration_since(session.last_seen_at) >= SEEN_EVERY {
        app.store.session_seen(token_hash.clone(), now).await?;
    }
    let is_proven = session
        .proof
        .is_some_and(|(_, at)| now.duration_since(at) < PROOF_LASTS);
    let is_proven = is_proven || demo::is_sample(app);
    Ok(known(&session.account, token_hash, via, is_proven))
}

/// The key with which somebody's browser keeps sound until it has been handed over: theirs alone, the same in each session.
pub fn storage_key(app: &App, who: &Who) -> [u8; 32] {
    app.store
        .derived_key("browser storage", &who.user.id.to_string())
}

/// Ends the session of a token. One that is over, or never was, needs no ending.
pub async fn log_out(app: &App, token: &Token, via: &str) -> Result<(), WorkflowError> {
    let token_hash = secrets::token_hash(token);
    let Some(session) = app.store.session(token_hash.clone()).await? else {
        return Ok(());
    };
    let stamp = stamp_as(app, &session.account.user.username, via);
    Ok(app
        .store
        .end_session(token_hash, End::LoggedOut, stamp)
        .await?)
}

/// Changes one's own password and ends all other sessions of the account. The old one is asked for, and counts as an
/// attempt.
///
/// # Errors
/// [`AccessRefusal::Wrong`] or `TooMany` for the old one; [`WorkflowError::Invalid`] for a new one that is too weak.
pub async fn change_password(
    app: &App,
    who: &Who,
    old: Password,
    new: Password,
) -> Result<(), WorkflowError> {
    let subject = Subject::user(who.user.id);
    authorise(app, who, Action::OwnAccount, subject).await?;
    let session = who.session().map_err(Refusal::Access)?.to_owned();
    let name = &who.user.username;
    new.check(name)
        .map_err(|e| WorkflowError::Invalid(e.to_string()))?;
    if old == new {
        return Err(WorkflowError::Invalid(
            "the new password is the old one".into(),
        ));
    }
    let account = begin(app, &Attempt::of(name), &who.via).await?;
    let stored = account.as_ref().and_then(|a| a.password_hash.clone());
    if !secrets::is_right(old, stored).await? {
        return Err(wrong(app, account.as_ref(), "password", &who.via).await?);
    }
    let hash = secrets::hash(new).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app
        .store
        .set_password(who.user.id, hash, false, Some(session), stamp)
        .await?)
}
