//! The service: every route on this page. It shows the sample practice and nothing else: there is no log-in, so it
//! listens on this machine only and refuses a real practice's database.

mod assets;
mod error;
mod record;

use crate::app::App;
use crate::workflow::demo;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use error::Problem;
use serde_json::json;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A real practice's record, and nobody would be asked who they are.
    #[error(
        "this is a real practice's database and the service has no log-in yet; it shows a demonstration database only (make one with `osler demo`)"
    )]
    RealPractice,
}

/// The routes over an application.
///
/// # Errors
/// [`ServeError::RealPractice`] for a database that was not made as a demonstration.
pub fn router(app: App) -> Result<Router, ServeError> {
    if !demo::is_sample(&app) {
        return Err(ServeError::RealPractice);
    }
    Ok(Router::new()
        .route("/", get(assets::page))
        .route("/app.css", get(assets::style))
        .route("/app.js", get(assets::script))
        .route("/health", get(health))
        .route("/api/v1/patients", get(record::patients))
        .route("/api/v1/patients/{mrn}", get(record::patient))
        .fallback(async || Problem::not_found("there is no such page"))
        .layer(middleware::from_fn(guard))
        .with_state(app))
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// Answers this machine only, also where a foreign page has its name resolved to this address, and lets the pages load
/// nothing from elsewhere.
async fn guard(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let mut response = if matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        next.run(request).await
    } else {
        Problem::forbidden("open this page as localhost").into()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
