//! What several answers show alike: patients, dictations, reports, and parts of lists.

use super::error::Problem;
use super::extract::Json;
use crate::domain::encounter::Encounter;
use crate::domain::ids::{DictationId, EncounterId, PatientId, ReportId, UserId};
use crate::domain::patient::{EntryKind, Mrn, Patient};
use crate::domain::report::{Report, Section};
use crate::domain::user::User;
use crate::workflow::case::name_of;
use crate::workflow::patients::KeptEntry;
use crate::workflow::worklist::{Item, Visit};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// Items of a list at most.
const MOST: u32 = 500;

/// A part of a list, and where the next begins.
#[derive(Serialize, JsonSchema)]
pub struct List<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> List<T> {
    /// All there is.
    pub fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// Of one item more than were asked for, what was asked for; `cursor` names the place behind the last.
    pub fn page<I>(
        mut items: Vec<I>,
        limit: u32,
        cursor: impl Fn(&I) -> String,
        view: impl Fn(&I) -> T,
    ) -> Self {
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        Self {
            next: items.last().filter(|_| has_more).map(cursor),
            items: items.iter().map(view).collect(),
        }
    }
}

/// How many are asked for, within what is given at once.
pub fn limit(asked: Option<u32>, usual: u32) -> u32 {
    asked.unwrap_or(usual).clamp(1, MOST)
}

/// A part of a path or query that has to be one of ours.
pub fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid(format!("{text:?} is no {what}")))
}

/// The key that makes a creation safe to repeat.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > 200 {
        return Err(Problem::invalid(
            "an Idempotency-Key has 1 to 200 visible characters",
        ));
    }
    Ok(Some(key.to_owned()))
}

/// The version that a change is based on.
pub fn if_match(headers: &HeaderMap) -> Result<u32, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "invalid",
            "say in If-Match which version this is based on",
        ));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    version
        .parse()
        .map_err(|_| Problem::invalid("If-Match names a version, for example \"3\""))
}

/// An answer with the version of what it shows.
pub fn tagged<T: Serialize>(version: u32, body: T) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Both identifiers of a patient, and what goes with them.
#[derive(Serialize, JsonSchema)]
pub struct PatientView {
    id: PatientId,
    mrn: Mrn,
    family: String,
    given: String,
    birth_date: Date,
    sex: &'static str,
}

impl From<&Patient> for PatientView {
    fn from(p: &Patient) -> Self {
        Self {
            id: p.id,
            mrn: p.mrn.clone(),
            family: p.family.clone(),
            given: p.given.clone(),
            birth_date: p.birth_date,
            sex: p.sex.as_str(),
        }
    }
}

/// A patient with what the record says in lines.
#[derive(Serialize, JsonSchema)]
pub struct PatientWithEntries {
    #[serde(flatten)]
    patient: PatientView,
    allergies: Vec<EntryView>,
    medications: Vec<EntryView>,
    problems: Vec<EntryView>,
}

impl PatientWithEntries {
    /// A patient with these lines.
    pub fn new(patient: &Patient, entries: &[KeptEntry], people: &[User]) -> Self {
        let of = |kind: EntryKind| {
            entries
                .iter()
                .filter(|e| e.entry.kind == kind)
                .map(|e| EntryView::new(e, people))
                .collect()
        };
        Self {
            patient: patient.into(),
            allergies: of(EntryKind::Allergy),
            medications: of(EntryKind::Medication),
            problems: of(EntryKind::Problem),
        }
    }
}

/// A line of a record.
#[derive(Serialize, JsonSchema)]
pub struct EntryView {
    id: i64,
    kind: &'static str,
    text: String,
    at: Timestamp,
    by: Option<String>,
}

impl EntryView {
    /// The line with the printed name of whoever added it.
    pub fn new(kept: &KeptEntry, people: &[User]) -> Self {
        let by = kept.by.as_ref().map(|username| {
            let person = people.iter().find(|u| u.username == *username);
            person.map_or_else(|| username.clone(), |u| u.name.clone())
        });
        Self {
            id: kept.id,
            kind: kept.entry.kind.as_str(),
            text: kept.entry.text.clone(),
            at: kept.at,
            by,
        }
    }
}

/// Somebody by name.
#[derive(Serialize, JsonSchema)]
pub struct PersonView {
    username: String,
    name: String,
}

impl From<&User> for PersonView {
    fn from(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            name: user.name.clone(),
        }
    }
}

/// A visit.
#[derive(Serialize, JsonSchema)]
pub struct VisitView {
    id: EncounterId,
    date: Date,
    patient: PatientView,
    physician: PersonView,
    location: String,
    reason: String,
    /// planned, dictated, filed.
    status: &'static str,
    dictation_id: Option<DictationId>,
}

impl From<&Visit> for VisitView {
    fn from(visit: &Visit) -> Self {
        let Encounter {
            id,
            date,
            location,
            reason,
            ..
        } = visit.encounter.clone();
        Self {
            id,
            date,
            patient: (&visit.patient).into(),
            physician: (&visit.physician).into(),
            location,
            reason,
            status: match visit.dictation {
                None => "planned",
                Some((_, phase)) if phase.as_str() == "filed" => "filed",
                Some(_) => "dictated",
            },
            dictation_id: visit.dictation.map(|(id, _)| id),
        }
    }
}

/// A dictation in a line.
#[derive(Serialize, JsonSchema)]
pub struct Summary {
    id: DictationId,
    patient: PatientView,
    author: PersonView,
    kind: String,
    phase: &'static str,
    state: &'static str,
    priority: &'static str,
    route: &'static str,
    due_at: Timestamp,
    received_at: Timestamp,
    length_s: Option<f64>,
    assigned: Option<String>,
    pool: Option<String>,
    lock: Option<LockView>,
    flags: u32,
    note: Option<String>,
    open_addenda: u32,
    report_id: Option<ReportId>,
    version: Option<u32>,
}

/// Who edits something.
#[derive(Serialize, JsonSchema)]
pub struct LockView {
    by: String,
    name: String,
    until: Timestamp,
    mine: bool,
}

/// A lock that holds, as `user` sees it.
pub fn lock_of(item: &Item, user: UserId, now: Timestamp) -> Option<LockView> {
    item.lock
        .as_ref()
        .filter(|(_, until)| *until > now)
        .map(|(by, until)| LockView {
            by: by.username.clone(),
            name: by.name.clone(),
            until: *until,
            mine: by.id == user,
        })
}

impl Summary {
    /// As `user` sees it now.
    pub fn new(item: &Item, user: UserId, now: Timestamp) -> Self {
        Self {
            id: item.dictation_id,
            patient: (&item.patient).into(),
            author: (&item.author).into(),
            kind: item.kind.clone(),
            phase: item.place.0.as_str(),
            state: item.place.1.as_str(),
            priority: item.orders.priority.as_str(),
            route: item.orders.route.as_str(),
            due_at: item.due_at,
            received_at: item.created_at,
            length_s: item.length_s,
            assigned: item.assigned_to.clone(),
            pool: item.pool(),
            lock: lock_of(item, user, now),
            flags: item.flags,
            note: item.note.clone(),
            open_addenda: item.open_addenda,
            report_id: item.report.map(|(id, _)| id),
            version: item.report.map(|(_, version)| version),
        }
    }
}

/// A report with its newest text.
#[derive(Serialize, JsonSchema)]
pub struct ReportView {
    id: ReportId,
    dictation_id: DictationId,
    kind: String,
    title: String,
    status: &'static str,
    version: u32,
    parent_id: Option<ReportId>,
    filed_at: Option<Timestamp>,
    signature: Option<SignatureView>,
    retraction: Option<RetractionView>,
    text: String,
    sections: Vec<Section>,
}

#[derive(Serialize, JsonSchema)]
struct SignatureView {
    name: String,
    signed_at: Timestamp,
    meaning: String,
    authentication: &'static str,
    version: u32,
}

#[derive(Serialize, JsonSchema)]
struct RetractionView {
    by: String,
    at: Timestamp,
    reason: String,
}

impl ReportView {
    /// A report, with the names of people.
    pub fn new(report: &Report, people: &[User]) -> Self {
        let body = &report.latest.body;
        Self {
            id: report.id,
            dictation_id: report.dictation_id,
            kind: body.kind.clone(),
            title: body.kind.replace('_', " "),
            status: report.status.as_str(),
            version: report.latest.version,
            parent_id: report.parent_id,
            filed_at: report.filed_at,
            signature: report.signature.as_ref().map(|s| SignatureView {
                name: s.signer_name.clone(),
                signed_at: s.signed_at,
                meaning: s.meaning.clone(),
                authentication: s.authentication.as_str(),
                version: s.version,
            }),
            retraction: report.retraction.as_ref().map(|r| RetractionView {
                by: name_of(people, r.by),
                at: r.at,
                reason: r.reason.clone(),
            }),
            text: body.text.clone(),
            sections: body.sections.clone(),
        }
    }
}
