//! Logging in and out; proving who one is for a signature; what can be known before.

use super::caller::{self, Caller, Place, WEB};
use super::error::Problem;
use super::extract::Json;
use crate::app::App;
use crate::domain::credentials::Password;
use crate::domain::ids::UserId;
use crate::domain::role::Role;
use crate::domain::session::Limits;
use crate::domain::user::User;
use crate::workflow::demo;
use crate::workflow::people::login::{self, Login};
use crate::workflow::people::second_factor::{self, Needed, Proof};
use crate::workflow::people::{Who, users};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What everybody may know.
#[derive(Serialize, JsonSchema)]
pub struct PracticeView {
    name: String,
    demonstration: bool,
    needs_setup: bool,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<PersonView>>,
}

/// Somebody by name.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SamplePersonView")]
struct PersonView {
    username: String,
    name: String,
    role: Role,
}

/// Somebody who is logged in, and how their session stands.
#[derive(Serialize, JsonSchema)]
pub struct SessionView {
    user: UserView,
    demonstration: bool,
    password_due: bool,
    second_factor: bool,
    proven: bool,
    proof_needed: Option<&'static str>,
    idle_s: i64,
    storage_key: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SelfView")]
struct UserView {
    id: UserId,
    username: String,
    name: String,
    role: Role,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            name: user.name.clone(),
            role: user.role,
        }
    }
}

/// What somebody gives to get in.
#[derive(Deserialize, JsonSchema)]
pub struct LoginBody {
    username: String,
    password: Option<String>,
    code: Option<String>,
    #[serde(default)]
    demonstration: bool,
}

/// What somebody gives to prove who they are.
#[derive(Deserialize, JsonSchema)]
pub struct ProofBody {
    password: Option<String>,
    code: Option<String>,
}

/// `GET /api/v1/practice`
pub async fn practice(State(app): State<App>) -> Result<Json<PracticeView>, Problem> {
    let is_demonstration = demo::is_sample(&app);
    let people = if is_demonstration {
        let people = users::sample_people(&app).await?.into_iter();
        let views = people.map(|user| PersonView {
            username: user.username,
            name: user.name,
            role: user.role,
        });
        Some(views.collect())
    } else {
        None
    };
    Ok(Json(PracticeView {
        name: app.config.practice.clone(),
        demonstration: is_demonstration,
        needs_setup: !is_demonstration && !users::has_administrator(&app).await?,
        version: env!("CARGO_PKG_VERSION"),
        people,
    }))
}

async fn view(app: &App, who: &Who) -> Result<SessionView, Problem> {
    let standing = second_factor::standing(app, who).await?;
    Ok(SessionView {
        user: UserView::from(&who.user),
        demonstration: demo::is_sample(app),
        password_due: who.asker.password_due,
        second_factor: standing.second_factor,
        proven: standing.needed == Needed::Nothing,
        proof_needed: match standing.needed {
            Needed::Nothing => None,
            Needed::One => Some("one"),
            Needed::Both => Some("both"),
        },
        idle_s: Limits::default().idle.as_secs(),
        storage_key: Base64::encode_string(&login::storage_key(app, who)),
    })
}

/// `GET /api/v1/session`
pub async fn show(State(app): State<App>, caller: Caller) -> Result<Json<SessionView>, Problem> {
    Ok(Json(view(&app, &caller.who).await?))
}

/// `POST /api/v1/session`
pub async fn begin(
    State(app): State<App>,
    place: Place,
    Json(body): Json<LoginBody>,
) -> Result<Response, Problem> {
    let opened = if body.demonstration {
        login::log_in_to_demonstration(&app, &body.username, WEB).await?
    } else {
        let login = Login {
            username: body.username,
            password: Password::new(body.password.unwrap_or_default()),
            code: body.code.filter(|code| !code.trim().is_empty()),
            via: WEB.into(),
            place: place.address.clone(),
        };
        login::log_in(&app, login).await?
    };
    let mut response = Json(view(&app, &opened.who).await?).into_response();
    if let Some(cookie) = caller::cookie(&opened.token, &place) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `DELETE /api/v1/session`
pub async fn end(
    State(app): State<App>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = caller::session_token(&headers) {
        login::log_out(&app, &token, WEB).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = caller::no_cookie(&place) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /api/v1/session/proof`
pub async fn prove(
    State(app): State<App>,
    mut caller: Caller,
    Json(body): Json<ProofBody>,
) -> Result<Json<SessionView>, Problem> {
    if !demo::is_sample(&app) {
        let proof = Proof {
            password: body.password.filter(|p| !p.is_empty()).map(Password::new),
            code: body.code.filter(|code| !code.trim().is_empty()),
        };
        second_factor::prove(&app, &mut caller.who, proof).await?;
    }
    Ok(Json(view(&app, &caller.who).await?))
}
