//! Patients, their visits and their records; what lies on somebody's desk.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::particulars::ParticularsView;
use super::views::{
    EntryView, List, PatientView, PatientWithEntries, ReportView, Summary, VisitView,
    idempotency_key, limit, parsed, tagged,
};
use crate::app::App;
use crate::domain::ids::PatientId;
use crate::domain::patient::{EntryKind, Mrn, Patient, Sex};
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::patients::{self, Chart, NewPatient, NewVisit, Once};
use crate::workflow::people::{Subject, emergency, users};
use crate::workflow::{search, worklist};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a list of patients is asked for.
#[derive(Deserialize, JsonSchema)]
pub struct Find {
    #[serde(default)]
    q: String,
    limit: Option<u32>,
    cursor: Option<PatientId>,
}

/// `GET /patients`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(find): Query<Find>,
) -> Result<Json<List<PatientView>>, Problem> {
    caller
        .may(&app, Action::FindPatients, Subject::NONE)
        .await?;
    let limit = limit(find.limit, 50);
    let found = search::patients(&app, &find.q, find.cursor, limit + 1).await?;
    let ids = found.iter().take(limit as usize).map(|p| p.id.to_string());
    caller
        .listed(&app, "patient", &find.q, ids.collect())
        .await?;
    let cursor = |p: &Patient| p.id.to_string();
    Ok(Json(List::page(found, limit, cursor, |p| p.into())))
}

/// A patient to be added.
#[derive(Deserialize, JsonSchema)]
pub struct PatientBody {
    mrn: String,
    family: String,
    given: String,
    birth_date: Date,
    sex: String,
}

/// `POST /patients`
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<PatientBody>,
) -> Result<(StatusCode, Json<PatientView>), Problem> {
    caller.may(&app, Action::AddPatient, Subject::NONE).await?;
    let new = NewPatient {
        mrn: mrn(&body.mrn)?,
        family: body.family,
        given: body.given,
        birth_date: body.birth_date,
        sex: parsed::<Sex>(&body.sex, "sex (female, male, other, unknown)")?,
    };
    let key = once(&caller, &headers)?;
    let patient = patients::add_once(&app, new, key, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json((&patient).into())))
}

/// The key of a creation, as the caller's own.
pub fn once(caller: &Caller, headers: &HeaderMap) -> Result<Option<Once>, Problem> {
    let user = caller.user().id;
    Ok(idempotency_key(headers)?.map(|key| Once { user, key }))
}

/// A record number as it was typed.
pub fn mrn(text: &str) -> Result<Mrn, Problem> {
    text.parse().map_err(|e| Problem::invalid(format!("{e}")))
}

/// A patient's record.
#[derive(Serialize, JsonSchema)]
pub struct ChartView {
    patient: WholePatient,
    encounters: Vec<VisitView>,
    dictations: Vec<DictationView>,
}

#[derive(Serialize, JsonSchema)]
struct WholePatient {
    #[serde(flatten)]
    patient: PatientWithEntries,
    #[serde(flatten)]
    particulars: ParticularsView,
}

#[derive(Serialize, JsonSchema)]
struct DictationView {
    #[serde(flatten)]
    summary: Summary,
    /// The record that it lay in before that was joined with this one.
    from_mrn: Option<Mrn>,
    reports: Vec<ReportView>,
}

fn chart_view(chart: &Chart, caller: &Caller, now: Timestamp) -> ChartView {
    let known = &chart.particulars;
    let from = |id| known.moved.iter().find(|(moved, _)| *moved == id);
    ChartView {
        patient: WholePatient {
            patient: PatientWithEntries::new(&chart.patient, &chart.entries, &chart.people),
            particulars: ParticularsView::new(known, &chart.people),
        },
        encounters: chart.visits.iter().map(VisitView::from).collect(),
        dictations: chart
            .dictations
            .iter()
            .map(|(item, reports)| DictationView {
                summary: Summary::new(item, caller.user().id, now),
                from_mrn: from(item.dictation_id).map(|(_, mrn)| mrn.clone()),
                reports: reports
                    .iter()
                    .map(|r| ReportView::new(r, &chart.people))
                    .collect(),
            })
            .collect(),
    }
}

/// `GET /patients/{mrn}`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::ReadRecord, subject).await?;
    let chart = patients::chart(&app, &patient).await?;
    let view = chart_view(&chart, &caller, app.clock.now());
    Ok(tagged(chart.particulars.version, view))
}

/// A line to be added to a record.
#[derive(Deserialize, JsonSchema)]
pub struct EntryBody {
    kind: String,
    text: String,
}

/// `POST /patients/{mrn}/entries`
pub async fn add_entry(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    headers: HeaderMap,
    Json(body): Json<EntryBody>,
) -> Result<(StatusCode, Json<EntryView>), Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::EditPatient, subject).await?;
    let kind: EntryKind = parsed(&body.kind, "kind (allergy, medication, problem)")?;
    let key = once(&caller, &headers)?;
    let actor = caller.actor();
    let kept = patients::add_entry(&app, patient.id, kind, &body.text, key, &actor).await?;
    let people = [caller.user().clone()];
    Ok((StatusCode::CREATED, Json(EntryView::new(&kept, &people))))
}

/// `DELETE /patients/{mrn}/entries/{id}`: the line does not hold any more.
pub async fn withdraw_entry(
    State(app): State<App>,
    caller: Caller,
    Path((number, id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::EditPatient, subject).await?;
    patients::withdraw_entry(&app, patient.id, id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a record is opened that one has nothing to do with.
#[derive(Deserialize, JsonSchema)]
pub struct EmergencyBody {
    reason: String,
}

/// Until when a record is open.
#[derive(Serialize, JsonSchema)]
pub struct EmergencyView {
    until: Timestamp,
}

/// `POST /patients/{mrn}/emergency`
pub async fn open_in_emergency(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Json(body): Json<EmergencyBody>,
) -> Result<(StatusCode, Json<EmergencyView>), Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let access = emergency::open(&app, &caller.who, patient.id, &body.reason).await?;
    let until = access.ends_at;
    Ok((StatusCode::CREATED, Json(EmergencyView { until })))
}

/// Which visits are asked for.
#[derive(Deserialize, JsonSchema)]
pub struct Visits {
    date: Option<Date>,
    #[serde(default)]
    mine: String,
}

/// `GET /encounters`
pub async fn visits(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Visits>,
) -> Result<Json<List<VisitView>>, Problem> {
    caller
        .may(&app, Action::FindPatients, Subject::NONE)
        .await?;
    let date = asked.date.unwrap_or_else(|| app.clock.today());
    // What brings other physicians' patients to them is their business.
    let is_mine = !matches!(asked.mine.as_str(), "" | "0") || caller.user().role == Role::Physician;
    let physician = is_mine.then_some(caller.user().id);
    let visits = patients::visits(&app, date, physician).await?;
    let ids = visits.iter().map(|v| v.encounter.id.to_string()).collect();
    let query = date.to_string();
    caller.listed(&app, "encounter", &query, ids).await?;
    Ok(Json(List::all(
        visits.iter().map(VisitView::from).collect(),
    )))
}

/// A visit to be added.
#[derive(Deserialize, JsonSchema)]
pub struct VisitBody {
    mrn: String,
    date: Option<Date>,
    #[serde(default)]
    location: String,
    #[serde(default)]
    reason: String,
    /// Login name; a physician's own visit where it is left out.
    physician: Option<String>,
}

/// `POST /encounters`
pub async fn add_visit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<VisitBody>,
) -> Result<(StatusCode, Json<VisitView>), Problem> {
    caller
        .may(&app, Action::AddEncounter, Subject::NONE)
        .await?;
    let physician = match &body.physician {
        Some(username) if caller.user().role != Role::Physician => {
            users::find(&app, username).await?
        }
        _ => caller.user().clone(),
    };
    let new = NewVisit {
        mrn: mrn(&body.mrn)?,
        physician,
        date: body.date.unwrap_or_else(|| app.clock.today()),
        location: body.location,
        reason: body.reason,
    };
    let key = once(&caller, &headers)?;
    let visit = patients::add_visit(&app, new, key, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json((&visit).into())))
}

/// What lies on somebody's desk.
#[derive(Serialize, JsonSchema)]
pub struct DeskView {
    encounters: Vec<VisitView>,
    questions: Vec<Summary>,
    to_sign: Vec<Summary>,
    under_way: Vec<Summary>,
}

/// `GET /mine`
pub async fn mine(State(app): State<App>, caller: Caller) -> Result<Json<DeskView>, Problem> {
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let desk = worklist::desk(&app, caller.user()).await?;
    let now = app.clock.now();
    let items = desk
        .questions
        .iter()
        .chain(&desk.to_sign)
        .chain(&desk.under_way);
    let ids = items.map(|i| i.dictation_id.to_string()).collect();
    caller.listed(&app, "dictation", "mine", ids).await?;
    let view = |items: &[worklist::Item]| {
        items
            .iter()
            .map(|item| Summary::new(item, caller.user().id, now))
            .collect()
    };
    Ok(Json(DeskView {
        encounters: desk.visits.iter().map(VisitView::from).collect(),
        questions: view(&desk.questions),
        to_sign: view(&desk.to_sign),
        under_way: view(&desk.under_way),
    }))
}
