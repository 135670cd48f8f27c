//! Errors as problem+json (RFC 9457). What the reader may know goes into the body, the cause into the log.

use crate::workflow::people::AccessRefusal;
use crate::workflow::{Refusal, WorkflowError};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// There is no such thing.
    pub fn not_found(detail: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            detail: detail.into(),
        }
    }

    /// It may not be had.
    pub fn forbidden(detail: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            detail: detail.into(),
        }
    }

    /// It was not understood.
    pub fn bad_request(detail: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
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
            e if e.is_not_found() => Self::not_found("there is no such record"),
            WorkflowError::Invalid(detail) => Self::bad_request(detail),
            WorkflowError::Refused(Refusal::Policy(reason)) => Self::forbidden(&reason.to_string()),
            WorkflowError::Refused(Refusal::Access(refusal)) => Self {
                status: match refusal {
                    AccessRefusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
                    AccessRefusal::NoSecondFactor
                    | AccessRefusal::BothNeeded
                    | AccessRefusal::OneNeeded => StatusCode::FORBIDDEN,
                    _ => StatusCode::UNAUTHORIZED,
                },
                detail: refusal.to_string(),
            },
            other => {
                tracing::error!(error = %other, "request failed");
                Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    detail: "the request failed; the log of the service says why".into(),
                }
            }
        }
    }
}
