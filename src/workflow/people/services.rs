//! Accounts of programs: no password, no session, a token that says what it may do.

use crate::app::App;
use crate::domain::credentials::Token;
use crate::domain::ids::UserId;
use crate::domain::policy::{Action, Asker};
use crate::domain::role::{Role, Scopes};
use crate::domain::user::User;
use crate::store::{NewService, Once, ServiceListing};
use crate::workflow::people::{AccessRefusal, Subject, Who, authorise, secrets, users};
use crate::workflow::{Refusal, WorkflowError};
use jiff::Timestamp;

/// Makes a token for the service account `username`, and the account where it is missing. The token is shown once.
///
/// # Errors
/// [`WorkflowError::Invalid`] for no scope, an end in the past, a bad name, or the name of a person.
pub async fn make_token(
    app: &App,
    who: &Who,
    username: &str,
    name: &str,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
) -> Result<Token, WorkflowError> {
    make_token_once(app, who, username, name, scopes, expires_at, None).await
}

/// The same with the key of a creation that may be repeated: a new token takes the place of the one that was made then.
///
/// # Errors
/// As [`make_token`]; [`crate::store::StoreError::Conflict`] where the key made something else.
pub async fn make_token_once(
    app: &App,
    who: &Who,
    username: &str,
    name: &str,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
    key: Option<Once>,
) -> Result<Token, WorkflowError> {
    authorise(app, who, Action::ManageServices, Subject::NONE).await?;
    let stamp = app.stamp(&who.actor());
    if scopes.is_empty() {
        return Err(WorkflowError::Invalid(
            "a service needs at least one scope".into(),
        ));
    }
    if expires_at.is_some_and(|at| at <= stamp.at) {
        return Err(WorkflowError::Invalid(
            "the token would have run out already".into(),
        ));
    }
    let (user_id, new_user) = match app.store.user_by_name(username).await? {
        Some(user) if user.role == Role::Service => (user.id, None),
        Some(_) => {
            return Err(WorkflowError::Invalid(format!(
                "{username} is a person; a service needs a name of its own"
            )));
        }
        None => {
            let name = users::checked(username, name)?;
            let user = User {
                id: UserId::new(stamp.at),
                username: username.to_owned(),
                name,
                role: Role::Service,
            };
            (user.id, Some(user))
        }
    };
    let token = secrets::service_token()?;
    let service = NewService {
        token_hash: secrets::token_hash(&token),
        user_id,
        scopes,
        expires_at,
    };
    app.store.add_service(new_user, service, key, stamp).await?;
    Ok(token)
}

/// All programs with the tokens that count.
///
/// # Errors
/// [`Refusal::Policy`] for anybody but an administrator.
pub async fn list(app: &App, who: &Who) -> Result<Vec<ServiceListing>, WorkflowError> {
    authorise(app, who, Action::ManageServices, Subject::NONE).await?;
    Ok(app.store.services(app.clock.now()).await?)
}

/// Takes all tokens of a service account away; gives how many there were.
pub async fn revoke(app: &App, who: &Who, username: &str) -> Result<usize, WorkflowError> {
    let service = users::find(app, username).await?;
    let subject = Subject::user(service.id);
    authorise(app, who, Action::ManageServices, subject).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app.store.revoke_service(service.id, stamp).await?)
}

/// Which service this token is of.
pub(super) async fn who(app: &App, token: &Token, via: &str) -> Result<Who, WorkflowError> {
    let found = app
        .store
        .service(secrets::token_hash(token), app.clock.now())
        .await?;
    let service = found.ok_or(Refusal::Access(AccessRefusal::NotLoggedIn))?;
    Ok(Who {
        asker: Asker {
            scopes: service.scopes,
            ..Asker::person(service.user.id, service.user.role)
        },
        user: service.user,
        via: via.to_owned(),
        session: None,
    })
}
