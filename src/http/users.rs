//! The people who use Osler, and the programs.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::patients::once;
use crate::app::App;
use crate::domain::role::{Role, Scope};
use crate::workflow::people::users::Colleague;
use crate::workflow::people::{services, users};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list without an end that has to be asked for.
#[derive(Serialize, JsonSchema)]
pub struct Items<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Somebody who works here; how their account stands is an administrator's to see.
#[derive(Serialize, JsonSchema)]
pub struct UserView {
    username: String,
    name: String,
    role: Role,
    #[serde(flatten)]
    account: Option<AccountView>,
}

#[derive(Serialize, JsonSchema)]
struct AccountView {
    closed: bool,
    has_password: bool,
    password_due: bool,
    second_factor: bool,
    last_seen_at: Option<Timestamp>,
}

/// A person to be added.
#[derive(Deserialize, JsonSchema)]
pub struct NewUserBody {
    username: String,
    name: String,
    role: Role,
}

/// Whoever was added, with the password for the first log-in.
#[derive(Serialize, JsonSchema)]
pub struct AddedView {
    username: String,
    name: String,
    role: Role,
    password: String,
}

/// The password for the next log-in.
#[derive(Serialize, JsonSchema)]
pub struct PasswordView {
    password: String,
}

/// A program and its tokens.
#[derive(Serialize, JsonSchema)]
pub struct ServiceView {
    username: String,
    name: String,
    tokens: Vec<TokenView>,
}

#[derive(Serialize, JsonSchema)]
struct TokenView {
    scopes: Vec<Scope>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Deserialize, JsonSchema)]
pub struct NewServiceBody {
    username: String,
    name: Option<String>,
    scopes: Vec<Scope>,
    days: Option<u16>,
}

/// A token; shown once.
#[derive(Serialize, JsonSchema)]
pub struct MadeView {
    username: String,
    token: String,
    expires_at: Option<Timestamp>,
}

/// How many tokens were taken away.
#[derive(Serialize, JsonSchema)]
pub struct RevokedView {
    revoked: usize,
}

impl From<Colleague> for UserView {
    fn from(colleague: Colleague) -> Self {
        Self {
            username: colleague.user.username,
            name: colleague.user.name,
            role: colleague.user.role,
            account: colleague.account.map(|listing| AccountView {
                closed: listing.account.disabled_at.is_some(),
                has_password: listing.account.password_hash.is_some(),
                password_due: listing.account.password_due,
                second_factor: listing.account.totp_confirmed,
                last_seen_at: listing.last_seen_at,
            }),
        }
    }
}

/// `GET /api/v1/users`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Items<UserView>>, Problem> {
    let colleagues = users::colleagues(&app, &caller.who).await?;
    let views: Vec<UserView> = colleagues.into_iter().map(UserView::from).collect();
    Ok(Json(views.into()))
}

/// `POST /api/v1/users`
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<NewUserBody>,
) -> Result<(StatusCode, Json<AddedView>), Problem> {
    let key = once(&caller, &headers)?;
    let (username, name) = (&body.username, &body.name);
    let (user, password) =
        users::add_by_once(&app, &caller.who, username, name, body.role, key).await?;
    let view = AddedView {
        username: user.username,
        name: user.name,
        role: user.role,
        password,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `POST /api/v1/users/{username}/reset-password`
pub async fn reset_password(
    State(app): State<App>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<Json<PasswordView>, Problem> {
    let password = users::reset_password(&app, &caller.who, &username).await?;
    Ok(Json(PasswordView { password }))
}

/// `POST /api/v1/users/{username}/close`
pub async fn close(
    State(app): State<App>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<StatusCode, Problem> {
    users::close(&app, &caller.who, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/users/{username}/reopen`
pub async fn reopen(
    State(app): State<App>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<StatusCode, Problem> {
    users::reopen(&app, &caller.who, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/users/{username}/remove-second-factor`
pub async fn remove_second_factor(
    State(app): State<App>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<StatusCode, Problem> {
    users::remove_second_factor(&app, &caller.who, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/services`
pub async fn services(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Items<ServiceView>>, Problem> {
    let all = services::list(&app, &caller.who).await?;
    let views: Vec<ServiceView> = all
        .into_iter()
        .map(|service| ServiceView {
            username: service.user.username,
            name: service.user.name,
            tokens: service
                .tokens
                .into_iter()
                .map(|token| TokenView {
                    scopes: token.scopes.iter().collect(),
                    created_at: token.created_at,
                    expires_at: token.expires_at,
                })
                .collect(),
        })
        .collect();
    Ok(Json(views.into()))
}

/// `POST /api/v1/services`
pub async fn make_token(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<NewServiceBody>,
) -> Result<(StatusCode, Json<MadeView>), Problem> {
    let expires_at = body.days.and_then(|days| {
        let lasts = SignedDuration::from_hours(24 * i64::from(days));
        app.clock.now().checked_add(lasts).ok()
    });
    let name = body.name.as_deref().unwrap_or(&body.username);
    let token = services::make_token_once(
        &app,
        &caller.who,
        &body.username,
        name,
        body.scopes.into_iter().collect(),
        expires_at,
        once(&caller, &headers)?,
    )
    .await?;
    let view = MadeView {
        token: token.reveal().to_owned(),
        username: body.username,
        expires_at,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `DELETE /api/v1/services/{username}`
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(username): Path<String>,
) -> Result<Json<RevokedView>, Problem> {
    let revoked = services::revoke(&app, &caller.who, &username).await?;
    Ok(Json(RevokedView { revoked }))
}
