//! Recordings that come in parts.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use crate::app::App;
use crate::domain::ids::{DictationId, PatientId, UploadId, UserId};
use crate::domain::patient::Mrn;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::domain::worklist::Orders;
use crate::workflow::people::{Subject, users};
use crate::workflow::uploads::{NewUpload, Upload, UploadError};
use crate::workflow::{Refusal, WorkflowError, patients};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

/// Seconds after which a sender that was turned away asks again.
const BUSY_S: u64 = 30;

/// A recording that somebody wants to send.
#[derive(Deserialize, JsonSchema)]
pub struct Begin {
    name: String,
    bytes: u64,
    sha256: Option<String>,
    mrn: String,
    birth_date: Option<Date>,
    encounter_id: Option<String>,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    route: String,
    author: Option<String>,
}

/// Whose an upload is.
#[derive(Deserialize, JsonSchema)]
pub struct Decision {
    mrn: String,
    birth_date: Option<Date>,
    encounter_id: Option<String>,
}

/// How far an upload is.
#[derive(Serialize, JsonSchema)]
pub struct UploadView {
    id: UploadId,
    offset: u64,
    bytes: u64,
    name: String,
    mrn: Mrn,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictation_id: Option<DictationId>,
    /// Why a person has to decide, now or once it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
}

impl From<Upload> for UploadView {
    fn from(u: Upload) -> Self {
        Self {
            id: u.id,
            offset: u.received,
            bytes: u.bytes,
            name: u.name,
            mrn: u.mrn,
            dictation_id: u.dictation_id,
            waits_for: u.waits_for,
        }
    }
}

/// What is under way.
#[derive(Serialize, JsonSchema)]
pub struct UploadList {
    items: Vec<UploadView>,
    next: Option<String>,
}

/// `POST /uploads`
pub async fn begin(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Begin>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let mrn: Mrn = parse_mrn(&body.mrn)?;
    let author = author(&app, &caller, body.author.as_deref()).await?;
    let patient = patients::find(&app, &mrn).await?;
    may_hand_in(&app, &caller, patient.id, author.id).await?;
    let new = NewUpload {
        request_key: headers
            .get("idempotency-key")
            .and_then(|v| v.to_str().ok())
            .map(|key| key.chars().take(200).collect()),
        name: body.name,
        bytes: body.bytes,
        sha256: body.sha256,
        mrn,
        birth_date: body.birth_date,
        encounter: body.encounter_id,
        orders: orders(&body.priority, &body.route)?,
    };
    let (upload, doubt) = app
        .uploads
        .begin(&app, caller.user(), &author, new, &caller.actor())
        .await?;
    let mut view = UploadView::from(upload);
    if view.dictation_id.is_none() {
        view.waits_for = view.waits_for.or(doubt.map(str::to_owned));
    }
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /uploads`
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<UploadList>, Problem> {
    let open = app.uploads.open(&app, caller.user()).await?;
    Ok(Json(UploadList {
        items: open.into_iter().map(UploadView::from).collect(),
        next: None,
    }))
}

/// `GET /uploads/{id}`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(find(&app, &caller, &id).await?.into()))
}

/// `PATCH /uploads/{id}`
pub async fn append(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UploadView>, Problem> {
    let upload = find(&app, &caller, &id).await?;
    let patient = patients::find(&app, &upload.mrn).await?;
    may_hand_in(&app, &caller, patient.id, upload.author_id).await?;
    let number = |name: &str| {
        headers
            .get(name)
            .map(|v| v.to_str().ok().and_then(|v| v.trim().parse::<u64>().ok()))
    };
    let Some(Some(offset)) = number("upload-offset") else {
        return Err(Problem::invalid(
            "the header Upload-Offset says at which byte the part begins",
        ));
    };
    let limits = app.uploads.limits();
    let most = limits.part;
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("a part has at most {most} bytes; send the recording in smaller parts"),
        )
    };
    if let Some(length) = number(header::CONTENT_LENGTH.as_str())
        && length.is_none_or(|l| l > most)
    {
        return Err(too_large());
    }
    let mut part = app
        .uploads
        .part(&app, caller.user(), upload.id, offset)
        .await?;
    let mut body = body;
    let mut came = 0u64;
    let end = Instant::now() + limits.whole;
    let broken = loop {
        let left = end.saturating_duration_since(Instant::now());
        let patience = limits.silence.min(left);
        let frame = match tokio::time::timeout(patience, body.frame()).await {
            Err(_) => {
                break Some(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "slow",
                    "the part came too slowly; what came of it is kept, go on from there",
                ));
            }
            Ok(None) => break None,
            Ok(Some(Err(_))) => {
                break Some(Problem::invalid(
                    "the part broke off; what came before is kept, go on from there",
                ));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            continue; // trailers
        };
        came += data.len() as u64;
        if came > most {
            break Some(too_large());
        }
        if let Err(e) = part.write(&data).await {
            break Some(e.into());
        }
    };
    let upload = part.close(&app).await?;
    if let Some(problem) = broken {
        return Err(problem.with("offset", json!(upload.received)));
    }
    if upload.received < upload.bytes {
        return Ok(Json(upload.into()));
    }
    let dictation = app
        .uploads
        .complete(&app, upload.id, &caller.actor())
        .await?;
    Ok(Json(UploadView {
        dictation_id: Some(dictation),
        ..upload.into()
    }))
}

/// `POST /uploads/{id}/patient`
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Decision>,
) -> Result<Json<UploadView>, Problem> {
    let upload = find(&app, &caller, &id).await?;
    let mrn = parse_mrn(&body.mrn)?;
    let patient = patients::find(&app, &mrn).await?;
    may_hand_in(&app, &caller, patient.id, upload.author_id).await?;
    app.uploads
        .decide(
            &app,
            upload.id,
            (mrn, body.birth_date, body.encounter_id),
            &caller.actor(),
        )
        .await?;
    Ok(Json(find(&app, &caller, &id).await?.into()))
}

/// `DELETE /uploads/{id}`
pub async fn give_up(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let upload = find(&app, &caller, &id).await?;
    app.uploads
        .give_up(&app, upload.id, &caller.actor())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, caller: &Caller, id: &str) -> Result<Upload, Problem> {
    let id: UploadId = id
        .parse()
        .map_err(|_| Problem::not_found("there is no such upload"))?;
    Ok(app.uploads.find(app, caller.user(), id).await?)
}

/// Whoever is named, else the physician who asks.
async fn author(app: &App, caller: &Caller, named: Option<&str>) -> Result<User, Problem> {
    let author = match named {
        Some(username) => users::find(app, username).await?,
        None => caller.user().clone(),
    };
    if author.role == Role::Physician {
        return Ok(author);
    }
    if named.is_none() {
        return Err(Problem::invalid("say who dictated: author"));
    }
    let username = author.username;
    Err(WorkflowError::from(Refusal::NoPhysician { username }).into())
}

async fn may_hand_in(
    app: &App,
    caller: &Caller,
    patient: PatientId,
    author: UserId,
) -> Result<(), Problem> {
    let subject = Subject::in_record("upload", "", patient).by(author);
    caller.may(app, Action::HandIn, subject).await
}

pub(super) fn parse_mrn(text: &str) -> Result<Mrn, Problem> {
    text.parse().map_err(|e| Problem::invalid(format!("{e}")))
}

/// Empty words are the usual ones.
pub(super) fn orders(priority: &str, route: &str) -> Result<Orders, Problem> {
    let mut orders = Orders::default();
    if !priority.is_empty() {
        orders.priority = priority
            .parse()
            .map_err(|_| Problem::invalid("priority is stat, urgent or routine"))?;
    }
    if !route.is_empty() {
        orders.route = route
            .parse()
            .map_err(|_| Problem::invalid("route is author or secretary"))?;
    }
    Ok(orders)
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let detail = error.to_string();
        let conflict = |reason| Self::new(StatusCode::CONFLICT, reason, detail.clone());
        match error {
            UploadError::Workflow(e) => e.into(),
            UploadError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            UploadError::TooMany(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            UploadError::YoursTooMany(_) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail).retry_after(BUSY_S)
            }
            UploadError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(BUSY_S)
            }
            UploadError::NoRoom(_) => {
                tracing::error!("no room for an upload");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "the disk of the service is nearly full; nothing was stored; tell whoever looks after it",
                )
            }
            UploadError::Offset(offset) => conflict("offset").with("offset", json!(offset)),
            UploadError::Differs => conflict("differs"),
            UploadError::InUse => conflict("in_use").retry_after(1),
            UploadError::Done(dictation) => conflict("done").with("dictation_id", json!(dictation)),
            UploadError::Checksum => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "checksum", detail)
                    .with("offset", json!(0))
            }
            UploadError::NoRecording { code, .. } => {
                let status = match code {
                    "empty" | "no_samples" | "absurd_header" => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                };
                Self::new(status, code, detail)
            }
            UploadError::Waits { reason, .. } => conflict(reason),
        }
    }
}
