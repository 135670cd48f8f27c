//! One's own password and second factor.

use super::caller::Caller;
use super::error::Problem;
use super::extract::Json;
use crate::app::App;
use crate::domain::credentials::Password;
use crate::workflow::people::{login, second_factor};
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of one's password.
#[derive(Deserialize, JsonSchema)]
pub struct PasswordBody {
    old: String,
    new: String,
}

/// The code that an authenticator app shows.
#[derive(Deserialize, JsonSchema)]
pub struct CodeBody {
    code: String,
}

/// What an authenticator app needs; shown once.
#[derive(Serialize, JsonSchema)]
pub struct EnrolmentView {
    secret: String,
    uri: String,
}

/// `POST /api/v1/account/password`
pub async fn password(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let (old, new) = (Password::new(body.old), Password::new(body.new));
    login::change_password(&app, &caller.who, old, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/account/second-factor`
pub async fn begin_second_factor(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<EnrolmentView>, Problem> {
    let enrolment = second_factor::begin_enrolment(&app, &caller.who).await?;
    Ok(Json(EnrolmentView {
        secret: enrolment.secret,
        uri: enrolment.uri,
    }))
}

/// `POST /api/v1/account/second-factor/confirm`
pub async fn confirm_second_factor(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CodeBody>,
) -> Result<StatusCode, Problem> {
    second_factor::confirm(&app, &caller.who, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
