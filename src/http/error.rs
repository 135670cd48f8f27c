//! Errors as problem+json (RFC 9457). What the reader may know goes into the body, the cause into the log. `reason` is a
//! word that does not change, for programs; `detail` is a sentence for people.

use crate::domain::policy::Reason;
use crate::domain::transition::{Need, Refused};
use crate::workflow::people::AccessRefusal;
use crate::workflow::{Refusal, StoreError, WorkflowError};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Seconds after which something that is busy is asked again.
const BUSY_S: u64 = 5;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    reason: &'static str,
    detail: String,
    more: Map<String, Value>,
    retry_after_s: Option<u64>,
    again_at: Option<Timestamp>,
}

/// From when on it makes sense to ask again. The guard, which knows the time, makes a header of it.
#[derive(Debug, Clone, Copy)]
pub struct AgainAt(pub Timestamp);

impl Problem {
    /// A problem with its status, its word and a sentence.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            detail: detail.into(),
            more: Map::new(),
            retry_after_s: None,
            again_at: None,
        }
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// It may not be had, for this reason.
    pub fn forbidden(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, detail)
    }

    /// It was not understood, or cannot be right.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    /// It is there already, or somebody was faster.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// Nobody is known to have asked.
    pub fn not_logged_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_logged_in",
            AccessRefusal::NotLoggedIn.to_string(),
        )
    }

    /// The same with a further member in its body.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// The same, to be asked again after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The sentence for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its stable word.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.extend([
            ("type".to_owned(), json!("about:blank")),
            (
                "title".to_owned(),
                json!(self.status.canonical_reason().unwrap_or("error")),
            ),
            ("status".to_owned(), json!(self.status.as_u16())),
            ("reason".to_owned(), json!(self.reason)),
            ("detail".to_owned(), json!(self.detail)),
        ]);
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(at) = self.again_at {
            response.extensions_mut().insert(AgainAt(at));
        }
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.into_response()
    }
}

impl From<WorkflowError> for Problem {
    fn from(e: WorkflowError) -> Self {
        match e {
            WorkflowError::Invalid(detail) => Self::invalid(detail),
            WorkflowError::Refused(refusal) => refusal.into(),
            WorkflowError::Store(error) => error.into(),
            e @ WorkflowError::Recording { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unreadable",
                e.to_string(),
            ),
            other => failed(&other),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        match e {
            // The message of the store speaks to whoever sits at the command line.
            StoreError::NotFound(_) => Self::not_found("there is no such record"),
            StoreError::Conflict(detail) => Self::conflict(detail),
            StoreError::Outdated { newest, ref by } => {
                Self::new(StatusCode::PRECONDITION_FAILED, "conflict", e.to_string())
                    .with("version", json!(newest))
                    .with("by", json!(by))
            }
            StoreError::Refused(refused) => refused.into(),
            StoreError::Locked(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "the database is busy; try again in a moment",
            )
            .retry_after(BUSY_S),
            StoreError::Full(_) => {
                tracing::error!(error = %e, "request failed");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "the disk of the service is full; nothing was stored; tell whoever looks after it",
                )
            }
            other => failed(&other),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::Place { .. } => Self::new(StatusCode::CONFLICT, "stage", detail),
            Refused::Party { .. } => Self::forbidden("role", detail),
            Refused::Missing {
                need: Need::Lock, ..
            } => Self::new(StatusCode::CONFLICT, "locked", detail),
            Refused::Missing { need, .. } => Self::new(StatusCode::CONFLICT, "missing", detail)
                .with("need", json!(need.as_str())),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Policy(reason) => match reason {
                Reason::Stage | Reason::Locked => {
                    Self::new(StatusCode::CONFLICT, reason.as_str(), detail)
                }
                Reason::NoReason => Self::new(StatusCode::BAD_REQUEST, reason.as_str(), detail),
                _ => Self::forbidden(reason.as_str(), detail),
            },
            Refusal::Access(refusal) => refusal.into(),
            Refusal::IdentityMismatch { .. } => {
                Self::new(StatusCode::CONFLICT, "identity_mismatch", detail)
            }
            Refusal::FlagsOpen { count } => {
                Self::new(StatusCode::CONFLICT, "flags_open", detail).with("count", json!(count))
            }
            Refusal::IdentityOpen => Self::new(StatusCode::CONFLICT, "identity_open", detail),
            Refusal::OtherPatient { .. }
            | Refusal::OtherAuthor { .. }
            | Refusal::KnownEncounter { .. }
            | Refusal::OtherEncounter { .. } => Self::conflict(detail),
            Refusal::EmptyReport => Self::new(StatusCode::CONFLICT, "empty", detail),
            Refusal::Unauthenticated => Self::forbidden("not_proven", detail),
            Refusal::NotTheAuthor { .. } => Self::forbidden("relation", detail),
            Refusal::NoPhysician { .. } => Self::forbidden("role", detail),
            Refusal::NoDemoHere => Self::forbidden("no_demonstration", detail),
        }
    }
}

impl From<AccessRefusal> for Problem {
    fn from(refusal: AccessRefusal) -> Self {
        let detail = refusal.to_string();
        let (status, reason) = match refusal {
            AccessRefusal::Wrong => (StatusCode::UNAUTHORIZED, "wrong"),
            AccessRefusal::CodeNeeded => (StatusCode::UNAUTHORIZED, "code_needed"),
            AccessRefusal::NotLoggedIn | AccessRefusal::Over(_) => {
                (StatusCode::UNAUTHORIZED, "not_logged_in")
            }
            AccessRefusal::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            AccessRefusal::NoSecondFactor => (StatusCode::FORBIDDEN, "no_second_factor"),
            AccessRefusal::BothNeeded => (StatusCode::FORBIDDEN, "both_needed"),
            AccessRefusal::OneNeeded => (StatusCode::FORBIDDEN, "one_needed"),
        };
        let mut problem = Self::new(status, reason, detail);
        if let AccessRefusal::TooMany(until) = refusal {
            problem.again_at = Some(until);
        }
        problem
    }
}

/// Something that the reader can do nothing about.
fn failed(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = %error, "request failed");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "failed",
        "the request failed; the log of the service says why",
    )
}
