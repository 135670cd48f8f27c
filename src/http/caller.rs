//! Who asks: somebody with a session, or a program with a token.

use super::error::Problem;
use super::guard::{Encrypted, is_this_machine, without_port};
use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::credentials::Token;
use crate::domain::policy::Action;
use crate::domain::signature::Authentication;
use crate::domain::user::User;
use crate::workflow::people::{self, Subject, Who, login, second_factor};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use std::convert::Infallible;
use std::net::SocketAddr;

/// How log-ins through a browser are named in the trail.
pub const WEB: &str = "web";

/// How programs are.
const API: &str = "api";

/// Name of the cookie that holds a session's token.
pub const COOKIE: &str = "osler_session";

/// Carried by what a page asks on its own, while nobody may be there: it does not keep the session alive.
const BACKGROUND: &str = "x-osler-background";

/// Somebody who has proved who they are.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub who: Who,
}

impl Caller {
    /// Their account.
    pub fn user(&self) -> &User {
        &self.who.user
    }

    /// How the trail names them.
    pub fn actor(&self) -> Actor {
        self.who.actor()
    }

    /// Lets them do something, or refuses; both are in the trail where a record is concerned.
    ///
    /// # Errors
    /// What [`people::authorise`] says.
    pub async fn may(&self, app: &App, action: Action, subject: Subject) -> Result<(), Problem> {
        Ok(people::authorise(app, &self.who, action, subject).await?)
    }

    /// Writes down which records a list or a search shows them, before it is shown.
    ///
    /// # Errors
    /// Where the trail cannot be written.
    pub async fn listed(
        &self,
        app: &App,
        kind: &'static str,
        query: &str,
        ids: Vec<String>,
    ) -> Result<(), Problem> {
        Ok(people::listed(app, &self.who, kind, query, ids).await?)
    }

    /// How they proved who they are for the signature that they are making; the proof is used up.
    ///
    /// # Errors
    /// `not_proven`.
    pub async fn take_proof(&self, app: &App) -> Result<Authentication, Problem> {
        Ok(second_factor::take_proof(app, &self.who).await?)
    }

    /// Whether they are still logged in, for what lasts longer than one request. `is_use`: they are at work.
    ///
    /// # Errors
    /// `not_logged_in`.
    pub async fn again(&self, app: &App, is_use: bool) -> Result<(), Problem> {
        login::again(app, &self.who, is_use).await?;
        Ok(())
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = if let Some(bearer) = parts.headers.get(header::AUTHORIZATION) {
            let token = bearer
                .to_str()
                .ok()
                .and_then(|value| value.strip_prefix("Bearer "))
                .map(Token::new)
                .filter(Token::is_service)
                .ok_or_else(Problem::not_logged_in)?;
            people::who(app, &token, API).await?
        } else {
            let token = session_token(&parts.headers).ok_or_else(Problem::not_logged_in)?;
            if parts.headers.contains_key(BACKGROUND) {
                people::who_is_away(app, &token, WEB).await?
            } else {
                people::who(app, &token, WEB).await?
            }
        };
        Ok(Self { who })
    }
}

/// The token in the session's cookie. A service's token counts in its header only.
pub fn session_token(headers: &HeaderMap) -> Option<Token> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| Token::new(value))
        .filter(|token| !token.is_service())
}

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Place {
    /// The address; none at the machine itself.
    pub address: Option<String>,
    /// Whether the way here is encrypted: the service speaks TLS itself, or a proxy answers under a name of its own, and
    /// speaks TLS there.
    is_encrypted: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = |name| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        let speaks_tls = parts.extensions.get::<Encrypted>().is_some();
        let is_proxied = !speaks_tls && !is_this_machine(without_port(host));
        let address = if is_proxied {
            // The last one is the proxy's own word; those before it are anybody's.
            text(header::HeaderName::from_static("x-forwarded-for"))
                .and_then(|all| all.rsplit(',').next())
                .map(|last| last.trim().to_owned())
        } else {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(address)| address.ip())
                .filter(|ip| !ip.is_loopback())
                .map(|ip| ip.to_string())
        };
        Ok(Self {
            address,
            is_encrypted: speaks_tls || is_proxied,
        })
    }
}

/// The cookie that a browser keeps a session's token in: no script sees it, no other site's request carries it, and it
/// ends with the browser.
pub fn cookie(token: &Token, place: &Place) -> Option<HeaderValue> {
    set_cookie(token.reveal(), "", place)
}

/// The same, taken away.
pub fn no_cookie(place: &Place) -> Option<HeaderValue> {
    set_cookie("", "; Max-Age=0", place)
}

fn set_cookie(value: &str, more: &str, place: &Place) -> Option<HeaderValue> {
    let secure = if place.is_encrypted { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    HeaderValue::from_str(&text).ok()
}
