//! The service: every route on this page. Whoever asks is asked who they are ([`caller`]); what may be known without is
//! the page itself, whose practice it is, and that the service lives.

mod account;
mod assets;
mod audit;
pub mod caller;
mod dictations;
mod dictionary;
pub mod error;
mod events;
pub mod extract;
pub mod frame;
mod guard;
mod inbox;
mod learned;
mod letters;
mod live;
pub mod metrics;
pub mod openapi;
mod particulars;
mod patients;
mod print;
mod range;
mod reports;
mod retention;
mod search;
mod session;
mod settings;
mod sound;
mod system;
mod templates;
pub mod tls;
mod uploads;
mod users;
mod views;
mod worklist;

use crate::app::App;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
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
        .route("/patients", get(patients::list).post(patients::add))
        .route(
            "/patients/{mrn}",
            get(patients::show).put(particulars::change),
        )
        .route("/patients/{mrn}/numbers", post(particulars::add_number))
        .route(
            "/patients/{mrn}/numbers/{id}",
            delete(particulars::withdraw_number),
        )
        .route("/patients/{mrn}/history", get(particulars::history))
        .route(
            "/patients/{mrn}/merge",
            get(particulars::preview_merge).post(particulars::merge),
        )
        .route("/patients/{mrn}/entries", post(patients::add_entry))
        .route(
            "/patients/{mrn}/entries/{id}",
            delete(patients::withdraw_entry),
        )
        .route(
            "/patients/{mrn}/emergency",
            post(patients::open_in_emergency),
        )
        .route(
            "/encounters",
            get(patients::visits).post(patients::add_visit),
        )
        .route("/mine", get(patients::mine))
        .route("/worklist", get(worklist::list))
        .route("/worklist/counts", get(worklist::counts))
        .route("/worklist/next", post(worklist::next))
        .route("/worklist/turnaround", get(worklist::turnaround))
        .route("/worklist/volume", get(worklist::volume))
        .route("/system", get(system::show))
        .route("/queue", get(worklist::queue))
        .route("/queue/{id}/retry", post(worklist::retry))
        .route("/dictations/{id}", get(dictations::show))
        .route("/dictations/{id}/steps", post(dictations::step))
        .route("/dictations/{id}/lock", post(dictations::keep_lock))
        .route("/dictations/{id}/marks", post(dictations::mark_it))
        .route("/dictations/{id}/move", post(dictations::move_it))
        .route("/dictations/{id}/split", post(dictations::split))
        .route("/dictations/{id}/assign", post(dictations::assign))
        .route("/dictations/{id}/priority", post(dictations::prioritise))
        .route("/reports/{id}", get(print::show))
        .route("/reports/{id}/versions", get(reports::versions))
        .route("/reports/{id}/versions/{n}", get(reports::version))
        .route("/reports/{id}/diff", get(reports::diff))
        .route("/reports/{id}/text", put(reports::correct))
        .route("/reports/{id}/signature", post(reports::sign_it))
        .route("/reports/{id}/filing", post(reports::file))
        .route("/reports/{id}/addenda", post(reports::add))
        .route("/reports/{id}/retraction", post(reports::retract))
        .route(
            "/reports/{id}/letters",
            get(letters::list).post(letters::write),
        )
        .route("/letters/{id}", get(letters::show))
        .route("/letters/{id}/withdrawal", post(letters::withdraw))
        .route("/search", get(search::search))
        .route("/events", get(events::events))
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
        .route("/due-times", get(settings::due_times))
        .route("/due-times/{kind}", put(settings::set_due_times))
        .route("/pools", get(settings::pools))
        .route(
            "/pools/{pool}/members/{username}",
            put(settings::join).delete(settings::leave),
        )
        .route("/retention", get(retention::show))
        .route("/holds", get(retention::holds))
        .route("/patients/{mrn}/hold", put(retention::place))
        .route("/patients/{mrn}/hold/lift", post(retention::lift))
        .route("/audit", get(audit::list))
        .route("/audit/check", get(audit::check))
        .route("/live", get(live::live))
        .route("/uploads", get(uploads::list).post(uploads::begin))
        .route(
            "/uploads/{id}",
            get(uploads::show)
                .patch(uploads::append)
                .delete(uploads::give_up),
        )
        .route("/uploads/{id}/patient", post(uploads::decide))
        .route("/reports/{id}/print", get(print::page))
        .route("/dictations/{id}/sound/{take}", get(sound::play))
        .route("/dictations/{id}/peaks/{take}", get(sound::peaks))
        .route("/inbox", get(inbox::list))
        .route("/inbox/{id}/assignment", post(inbox::assign))
        .route("/inbox/{id}/discard", post(inbox::discard))
        .route("/inbox/{id}/sound", get(inbox::hear))
        .route("/learned", get(learned::list))
        .route("/learned/{id}/decision", post(learned::decide))
        .route("/templates", get(templates::list).post(templates::add))
        .route("/templates/{id}", delete(templates::revoke))
        .route("/dictionary/check", get(dictionary::check))
        .route("/dictionary/suggest", get(dictionary::suggest))
        .route("/dictionary/layers", get(dictionary::counts))
        .route("/dictionary/layers/{layer}", get(dictionary::entries))
        .route("/dictionary/entries", post(dictionary::add))
        .route("/dictionary/entries/{id}", delete(dictionary::undo))
        .route("/openapi.json", get(openapi::json))
        .route("/openapi.html", get(openapi::page));
    Router::new()
        .route("/health", get(health))
        .nest("/api/v1", api)
        .fallback(get(assets::file))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this cannot be done here",
            )
        })
        .layer(middleware::from_fn_with_state(
            (app.clone(), proxied_as),
            guard::guard,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::count))
        .with_state(app)
}

/// The same for the service's own TLS, under whatever name it is asked: the certificate says who it is.
pub fn encrypted_router(app: App) -> Router {
    router(app, None).layer(middleware::from_fn(guard::mark_encrypted))
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
