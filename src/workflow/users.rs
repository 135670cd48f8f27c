//! Adding and finding the people who use Osler.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User};
use crate::store::StoreError;
use crate::workflow::{Refusal, WorkflowError};

/// Most characters of a login name.
const LONGEST: usize = 32;

/// Adds a person.
///
/// # Errors
/// [`WorkflowError::Invalid`] for a login name that is not 1 to 32 small letters, digits, `.`, `_` or `-`, or an empty
/// printed name; [`StoreError::Conflict`] where the login name is taken.
pub async fn add(
    app: &App,
    username: &str,
    name: &str,
    role: Role,
    actor: &Actor,
) -> Result<User, WorkflowError> {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if username.is_empty() || username.len() > LONGEST || !username.chars().all(allowed) {
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
    let stamp = app.stamp(actor);
    let user = User {
        id: UserId::new(stamp.at),
        username: username.to_owned(),
        name: name.to_owned(),
        role,
    };
    app.store.add_user(user.clone(), stamp).await?;
    Ok(user)
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
