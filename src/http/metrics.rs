//! Figures for whoever watches the service, in the Prometheus text format, and whether it lives. On a listener of their own:
//! they need no log-in, and hold no word of a patient.

use crate::app::App;
use crate::workflow::health::{self, Health};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Upper ends of the steps in which answers are counted, seconds.
const STEPS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What was asked and answered since the service began.
#[derive(Debug, Default)]
pub struct Metrics {
    answers: Mutex<BTreeMap<Key, Series>>,
}

/// Route, method, status. The route is the pattern, so that no identifier is in it and there are few.
type Key = (String, Verb, u16);

/// The methods that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Other,
}

impl Verb {
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Get,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::PATCH => Self::Patch,
            Method::DELETE => Self::Delete,
            _ => Self::Other,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "other",
        }
    }
}

/// Answers of one kind.
#[derive(Debug, Default)]
struct Series {
    steps: [u64; STEPS.len()],
    count: u64,
    sum_s: f64,
}

impl Metrics {
    fn take(&self, key: Key, seconds: f64) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let series = answers.entry(key).or_default();
        series.count += 1;
        series.sum_s += seconds;
        for (step, end) in series.steps.iter_mut().zip(STEPS) {
            *step += u64::from(seconds <= end);
        }
    }

    fn write(&self, out: &mut String) {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "osler_http_request_seconds";
        head(out, name, "histogram", "Time from a request to its answer.");
        for ((route, method, status), series) in answers.iter() {
            let labels = format!(
                "route=\"{}\",method=\"{}\",status=\"{status}\"",
                escaped(route),
                method.as_str()
            );
            // Writing to a string cannot fail.
            for (step, end) in series.steps.iter().zip(STEPS) {
                let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{end}\"}} {step}");
            }
            let _ = writeln!(
                out,
                "{name}_bucket{{{labels},le=\"+Inf\"}} {}",
                series.count
            );
            let _ = writeln!(out, "{name}_sum{{{labels}}} {}", series.sum_s);
            let _ = writeln!(out, "{name}_count{{{labels}}} {}", series.count);
        }
    }
}

/// Counts a request; for every route of the service.
pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = Verb::of(request.method());
    let response = next.run(request).await;
    let key = (route, method, response.status().as_u16());
    app.metrics.take(key, started.elapsed().as_secs_f64());
    response
}

/// The routes of the listener of their own.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(async || "ok\n"))
        .route("/health/ready", get(ready))
        .with_state(app)
}

/// `GET /health/ready`: whether it makes sense to send somebody here.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let health = health::look(&app).await;
    let status = if health.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}

/// `GET /metrics`
async fn metrics(State(app): State<App>) -> Response {
    let mut out = String::new();
    app.metrics.write(&mut out);
    let health = health::look(&app).await;
    let build = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    gauge(
        &mut out,
        "osler_build_info",
        "Version that runs.",
        &[(build, 1.0)],
    );
    gauge(
        &mut out,
        "osler_ready",
        "Whether the service can do its work.",
        &[(String::new(), f64::from(u8::from(health.is_ready())))],
    );
    gauge(
        &mut out,
        "osler_engine_ready",
        "Whether a speech model is loaded.",
        &[(String::new(), f64::from(u8::from(health.engine)))],
    );
    if let Some(free) = health.free_bytes {
        gauge(
            &mut out,
            "osler_disk_free_bytes",
            "Free on the disk of the data folder.",
            &[(String::new(), free as f64)],
        );
    }
    let (open, recording) = app.live.count();
    gauge(
        &mut out,
        "osler_live_sessions",
        "Dictations at the microphone that are open, and those that are being recorded.",
        &[
            ("{state=\"open\"}".into(), open as f64),
            ("{state=\"recording\"}".into(), recording as f64),
        ],
    );
    gauge(
        &mut out,
        "osler_uploads",
        "Recordings that are being sent, or wait for a decision.",
        &[(String::new(), health.uploads as f64)],
    );
    let waiting: Vec<(String, f64)> = health
        .waiting
        .iter()
        .map(|(phase, state, n)| {
            let labels = format!(
                "{{phase=\"{}\",state=\"{}\"}}",
                phase.as_str(),
                state.as_str()
            );
            (labels, *n as f64)
        })
        .collect();
    gauge(
        &mut out,
        "osler_dictations",
        "Dictations that are not done, by phase and state; recorded and pending is the queue of the engine.",
        &waiting,
    );
    if let Some(bytes) = health.resident_bytes {
        gauge(
            &mut out,
            "osler_resident_bytes",
            "Memory of the program.",
            &[(String::new(), bytes as f64)],
        );
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, out).into_response()
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn gauge(out: &mut String, name: &str, help: &str, values: &[(String, f64)]) {
    head(out, name, "gauge", help);
    for (labels, value) in values {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}

fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_all_that_was_as_fast() {
        let metrics = Metrics::default();
        for seconds in [0.001, 0.03, 99.0] {
            metrics.take(("/a\"b".into(), Verb::Get, 200), seconds);
        }
        let mut out = String::new();
        metrics.write(&mut out);
        let line = |le: &str| {
            let labels = "route=\"/a\\\"b\",method=\"GET\",status=\"200\"";
            let begin = format!("osler_http_request_seconds_bucket{{{labels},le=\"{le}\"}} ");
            out.lines()
                .find_map(|l| l.strip_prefix(&begin))
                .unwrap_or_else(|| panic!("{begin}: {out}"))
                .parse::<u64>()
                .unwrap()
        };
        assert_eq!(
            [
                line("0.005"),
                line("0.025"),
                line("0.05"),
                line("10"),
                line("+Inf")
            ],
            [1, 1, 2, 2, 3]
        );
        assert!(out.contains("} 99.031\n"), "{out}");
    }
}
