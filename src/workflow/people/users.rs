//! Adding, finding and closing the accounts of the people who use Osler.

use crate::app::App;
use crate::domain::audit::{Actor, Stamp};
use crate::domain::credentials::Password;
use crate::domain::ids::UserId;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::store::{AccountListing, Once, StoreError};
use crate::workflow::people::{Subject, Who, authorise, secrets};
use crate::workflow::{Refusal, WorkflowError, demo, layers};

/// Most characters of a login name.
const LONGEST: usize = 32;

/// Whether this can be a login name.
pub(super) fn is_username(typed: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    !typed.is_empty() && typed.len() <= LONGEST && typed.chars().all(allowed)
}

/// Checks a login name and gives the printed name without spaces around it.
pub(super) fn checked(username: &str, name: &str) -> Result<String, WorkflowError> {
    if !is_username(username) {
        return Err(WorkflowError::Invalid(format!(
            "a user name is 1 to {LONGEST} small letters, digits, '.', '_' or '-'"
        )));
    }
    let name = name.trim();
    if name.is_empty() {
        return Err(WorkflowError::Invalid(
            "a user needs a name, as it is printed under a signature".into(),
        ));
    }
    Ok(name.to_owned())
}

fn new_user(username: &str, name: &str, role: Role, stamp: &Stamp) -> Result<User, WorkflowError> {
    if role == Role::Service {
        return Err(WorkflowError::Invalid(
            "a service is no person; an administrator makes a token for it".into(),
        ));
    }
    Ok(User {
        id: UserId::new(stamp.at),
        name: checked(username, name)?,
        username: username.to_owned(),
        role,
    })
}

/// Adds a person who cannot log in yet. For a practice that nobody administers; where somebody does, [`add_by`] asks
/// whether one may.
///
/// # Errors
/// [`WorkflowError::Invalid`] for a login name that is not 1 to 32 small letters, digits, `.`, `_` or `-`, an empty
/// printed name, or a service; [`StoreError::Conflict`] where the login name is taken.
pub async fn add(
    app: &App,
    username: &str,
    name: &str,
    role: Role,
    actor: &Actor,
) -> Result<User, WorkflowError> {
    let stamp = app.stamp(actor);
    let user = new_user(username, name, role, &stamp)?;
    app.store.add_user(user.clone(), stamp).await?;
    Ok(user)
}

/// Adds the first administrator of a practice, who then adds everybody else. There is no password but the one given.
///
/// # Errors
/// [`StoreError::Conflict`] where there is one already; [`WorkflowError::Invalid`] for a bad name or a weak password.
pub async fn add_first_administrator(
    app: &App,
    username: &str,
    name: &str,
    password: Password,
    actor: &Actor,
) -> Result<User, WorkflowError> {
    let stamp = app.stamp(actor);
    let user = new_user(username, name, Role::Administrator, &stamp)?;
    password
        .check(username)
        .map_err(|e| WorkflowError::Invalid(e.to_string()))?;
    let hash = secrets::hash(password).await?;
    app.store
        .add_first_administrator(user.clone(), hash, stamp)
        .await?;
    Ok(user)
}

/// Adds a person with a password for the first log-in, which is given back and has to be changed there.
///
/// # Errors
/// As [`add`], and [`crate::workflow::Refusal::Policy`] for anybody but an administrator.
pub async fn add_by(
    app: &App,
    who: &Who,
    username: &str,
    name: &str,
    role: Role,
) -> Result<(User, String), WorkflowError> {
    add_by_once(app, who, username, name, role, None).await
}

/// The same with the key of a creation that may be repeated: whoever was added with it is found, with a new password for
/// the first log-in.
///
/// # Errors
/// As [`add_by`]; [`StoreError::Conflict`] where the key added somebody else, or they have a password of their own by now.
pub async fn add_by_once(
    app: &App,
    who: &Who,
    username: &str,
    name: &str,
    role: Role,
    key: Option<Once>,
) -> Result<(User, String), WorkflowError> {
    may_manage(app, who, Subject::NONE).await?;
    let stamp = app.stamp(&who.actor());
    let user = new_user(username, name, role, &stamp)?;
    let (password, hash) = first_password().await?;
    let added = app
        .store
        .add_user_with_password(user, hash, key, stamp)
        .await?;
    Ok((added, password))
}

/// Sets a new password for somebody who forgot theirs; it is given back, and has to be changed at the next log-in. Ends
/// their sessions and a lock-out.
///
/// # Errors
/// As [`close`].
pub async fn reset_password(app: &App, who: &Who, username: &str) -> Result<String, WorkflowError> {
    let user = other(app, who, username).await?;
    if user.role == Role::Service {
        return Err(WorkflowError::Invalid(
            "a service has no password; make a token for it".into(),
        ));
    }
    let (password, hash) = first_password().await?;
    let stamp = app.stamp(&who.actor());
    app.store
        .set_password(user.id, hash, true, None, stamp)
        .await?;
    Ok(password)
}

/// Takes somebody's second factor away, for example because a telephone was lost. Ends their sessions.
///
/// # Errors
/// As [`close`].
pub async fn remove_second_factor(
    app: &App,
    who: &Who,
    username: &str,
) -> Result<(), WorkflowError> {
    let user = other(app, who, username).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app.store.remove_second_factor(user.id, stamp).await?)
}

/// Closes an account: its sessions end and nobody logs in with it. What it did stays in the records.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`] for anybody but an administrator; [`WorkflowError::Invalid`] for their own account;
/// [`StoreError::NotFound`].
pub async fn close(app: &App, who: &Who, username: &str) -> Result<(), WorkflowError> {
    let user = other(app, who, username).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app.store.set_disabled(user.id, true, stamp).await?)
}

/// Opens a closed account again.
///
/// # Errors
/// As [`close`].
pub async fn reopen(app: &App, who: &Who, username: &str) -> Result<(), WorkflowError> {
    let user = other(app, who, username).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app.store.set_disabled(user.id, false, stamp).await?)
}

/// Says which specialty a physician belongs to, or that it is none: the layer of the dictionary that lies over what they
/// dictate. For a practice that nobody administers; where somebody does, [`set_specialty_by`] asks whether one may.
///
/// # Errors
/// [`Refusal::NoPhysician`], and [`WorkflowError::Invalid`] for what is no name of a specialty.
pub async fn set_specialty(
    app: &App,
    username: &str,
    specialty: Option<&str>,
    actor: &Actor,
) -> Result<Option<String>, WorkflowError> {
    let user = physician(app, Some(username)).await?;
    let specialty = specialty.map(layers::specialty).transpose()?;
    app.store
        .set_specialty(user.id, specialty.clone(), app.stamp(actor))
        .await?;
    Ok(specialty)
}

/// [`set_specialty`] by an administrator.
///
/// # Errors
/// As there, and [`crate::workflow::Refusal::Policy`] for anybody but an administrator.
pub async fn set_specialty_by(
    app: &App,
    who: &Who,
    username: &str,
    specialty: Option<&str>,
) -> Result<Option<String>, WorkflowError> {
    let user = find(app, username).await?;
    may_manage(app, who, Subject::user(user.id)).await?;
    set_specialty(app, username, specialty, &who.actor()).await
}

/// Whether somebody administers this practice, so that adding people asks who one is.
pub async fn has_administrator(app: &App) -> Result<bool, WorkflowError> {
    Ok(app.store.has_administrator().await?)
}

async fn may_manage(app: &App, who: &Who, subject: Subject) -> Result<(), WorkflowError> {
    authorise(app, who, Action::ManageUsers, subject).await
}

/// Somebody else, whom `who` may manage.
async fn other(app: &App, who: &Who, username: &str) -> Result<User, WorkflowError> {
    let user = find(app, username).await?;
    may_manage(app, who, Subject::user(user.id)).await?;
    if user.id == who.user.id {
        return Err(WorkflowError::Invalid(
            "another administrator has to do this to your own account".into(),
        ));
    }
    Ok(user)
}

/// A password for the first log-in, and its hash.
async fn first_password() -> Result<(String, String), WorkflowError> {
    let password = secrets::one_time_password()?;
    let hash = secrets::hash(Password::new(password.clone())).await?;
    Ok((password, hash))
}

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq)]
pub struct Colleague {
    /// Who.
    pub user: User,
    /// How their account stands, for an administrator.
    pub account: Option<AccountListing>,
}

/// Everybody who works here, by login name. Programs are not among them.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`] for a program.
pub async fn colleagues(app: &App, who: &Who) -> Result<Vec<Colleague>, WorkflowError> {
    authorise(app, who, Action::ListUsers, Subject::NONE).await?;
    let is_told = who.user.role == Role::Administrator;
    Ok(app
        .store
        .accounts()
        .await?
        .into_iter()
        .filter(|listing| listing.account.user.role != Role::Service)
        .map(|listing| Colleague {
            user: listing.account.user.clone(),
            account: is_told.then_some(listing),
        })
        .collect())
}

/// Those whom a demonstration lets in with one click.
///
/// # Errors
/// [`Refusal::NoDemoHere`] in a real practice: who works there is nobody's business.
pub async fn sample_people(app: &App) -> Result<Vec<User>, WorkflowError> {
    if !demo::is_sample(app) {
        return Err(Refusal::NoDemoHere.into());
    }
    Ok(app
        .store
        .accounts()
        .await?
        .into_iter()
        .map(|listing| listing.account)
        .filter(|account| account.disabled_at.is_none() && account.user.role != Role::Service)
        .map(|account| account.user)
        .collect())
}

/// All users by login name.
pub async fn list(app: &App) -> Result<Vec<User>, WorkflowError> {
    Ok(app.store.users().await?)
}

/// The user with this login name; [`StoreError::NotFound`] where there is none.
pub async fn find(app: &App, username: &str) -> Result<User, WorkflowError> {
    app.store.user_by_name(username).await?.ok_or_else(|| {
        StoreError::NotFound(format!(
            "there is no user {username}; `osler user list` shows all"
        ))
        .into()
    })
}

/// The physician with this login name, or the only one there is where none is named.
pub async fn physician(app: &App, username: Option<&str>) -> Result<User, WorkflowError> {
    if let Some(username) = username {
        let user = find(app, username).await?;
        if user.role != Role::Physician {
            return Err(Refusal::NoPhysician {
                username: user.username,
            }
            .into());
        }
        return Ok(user);
    }
    let mut physicians = list(app)
        .await?
        .into_iter()
        .filter(|u| u.role == Role::Physician);
    match (physicians.next(), physicians.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(WorkflowError::Invalid(
            "there is no physician yet; add one with `osler user add NAME --name ... --role physician`".into(),
        )),
        _ => Err(WorkflowError::Invalid(
            "there are several physicians; say who dictated with --as USER".into(),
        )),
    }
}
