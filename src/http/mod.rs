//! The service: every route on this page. Whoever asks is asked who they are ([`caller`]); what may be known without is
//! the page itself, whose practice it is, and that the service lives.

mod account;
mod assets;
mod audit;
pub mod caller;
pub mod error;
pub mod extract;
mod guard;
mod record;
mod session;
mod users;

use crate::app::App;
use axum::routing::{delete, get, post};
use axum::{Json, Router, middleware};
use error::Problem;
use serde_json::json;

/// The routes over an application. The service listens on this machine; `proxied_as` is the name under which a proxy on
/// it, which speaks TLS, hands requests on.
pub fn router(app: App, proxied_as: Option<String>) -> Router {
    let api = Router::new()
        .route("/practice", get(session::practice))
        .route(
            "/session",
            get(session::show).post(session::begin).delete(session::end),
        )
        .route("/session/proof", post(session::prove))
        .route("/account/password", post(account::password))
        .route("/account/second-factor", post(account::begin_second_factor))
        .route(
            "/account/second-factor/confirm",
            post(account::confirm_second_factor),
        )
        .route("/users", get(users::list).post(users::add))
        .route(
            "/users/{username}/reset-password",
            post(users::reset_password),
        )
        .route("/users/{username}/close", post(users::close))
        .route("/users/{username}/reopen", post(users::reopen))
        .route(
            "/users/{username}/remove-second-factor",
            post(users::remove_second_factor),
        )
        .route("/services", get(users::services).post(users::make_token))
        .route("/services/{username}", delete(users::revoke))
        .route("/audit", get(audit::list))
        .route("/audit/check", get(audit::check))
        .route("/patients", get(record::patients))
        .route("/patients/{mrn}", get(record::patient));
    Router::new()
        .route("/health", get(health))
        .nest("/api/v1", api)
        .fallback(get(assets::file))
        .method_not_allowed_fallback(async || {
            Problem::new(
                axum::http::StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this cannot be done here",
            )
        })
        .layer(middleware::from_fn_with_state(
            (app.clone(), proxied_as),
            guard::guard,
        ))
        .with_state(app)
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
