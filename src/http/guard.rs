//! What holds for every request and every answer: which name the service is asked under, that a change comes from its own
//! pages, and what a page may load.

use super::error::{AgainAt, Problem};
use super::tls::Peer;
use crate::app::App;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// Carried by every request that changes something, unless it carries a service's token. A page from elsewhere cannot set
/// it without being asked first, and is told no.
const OURS: HeaderName = HeaderName::from_static("x-osler");

/// Marks a request that came over the service's own TLS.
#[derive(Debug, Clone, Copy)]
pub struct Encrypted;

/// Marks a request, and says where it comes from in the way in which others do.
pub async fn mark_encrypted(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().copied();
    let extensions = request.extensions_mut();
    if let Some(ConnectInfo(Peer(address))) = peer {
        extensions.insert(ConnectInfo(address));
    }
    extensions.insert(Encrypted);
    next.run(request).await
}

/// Pages load what belongs to the service and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets a request through, or says why not; completes the answer.
pub async fn guard(
    State((app, proxied_as)): State<(App, Option<String>)>,
    request: Request,
    next: Next,
) -> Response {
    let now = app.clock.now();
    let mut response = match refusal(&request, proxied_as.as_deref()) {
        None => next.run(request).await,
        Some(problem) => problem.into(),
    };
    let again = response.extensions().get::<AgainAt>().copied();
    let headers = response.headers_mut();
    if let Some(AgainAt(at)) = again {
        // Rounded up: a second too early is refused again.
        let seconds = (at.duration_since(now).as_millis().max(0) + 999) / 1000;
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(u64::try_from(seconds).unwrap_or(0)),
        );
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "microphone=(self), hid=(self), camera=(), geolocation=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A header as text; empty where it is missing or not text.
fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn refusal(request: &Request, proxied_as: Option<&str>) -> Option<Problem> {
    let headers = request.headers();
    let host = text(headers, header::HOST);
    let name = without_port(host);
    // Also where a foreign page has its name resolved to this address. Over TLS the certificate says who is asked.
    let speaks_tls = request.extensions().get::<Encrypted>().is_some();
    if !speaks_tls && !is_this_machine(name) && proxied_as != Some(name) {
        let place = proxied_as.unwrap_or("localhost");
        return Some(Problem::forbidden(
            "host",
            format!("open this page as {place}"),
        ));
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_upgrade = headers.contains_key(header::UPGRADE);
    if is_reading && !is_upgrade {
        return None;
    }
    // A browser says where a page is from with every change and every socket.
    let origin = text(headers, header::ORIGIN);
    let is_foreign = origin
        .split_once("://")
        .is_none_or(|(_, place)| place != host);
    if is_foreign && (is_upgrade || !origin.is_empty()) {
        return Some(Problem::forbidden(
            "origin",
            "this comes from another site's page",
        ));
    }
    if is_upgrade || is_bearer(headers) || headers.contains_key(OURS) {
        return None;
    }
    Some(Problem::forbidden(
        "origin",
        "a request that changes something carries the header X-Osler: 1",
    ))
}

/// Whether a request carries a token in its header, which a browser never adds on its own.
fn is_bearer(headers: &HeaderMap) -> bool {
    text(headers, header::AUTHORIZATION).starts_with("Bearer ")
}

/// A host without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether this names the machine itself.
pub fn is_this_machine(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}
