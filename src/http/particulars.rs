//! What is known about a patient beside both identifiers; joining two records of one patient.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::patients::{mrn, once};
use super::views::{List, PatientView, if_match, parsed, tagged};
use crate::app::App;
use crate::domain::patient::{Contact, Difference, Mrn, Patient, Sex};
use crate::domain::policy::Action;
use crate::domain::user::User;
use crate::workflow::particulars::{self, Changed, Former, KeptNumber, Particulars};
use crate::workflow::patients;
use crate::workflow::people::{Subject, users};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a patient is reached.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
pub struct ContactView {
    #[serde(default)]
    phone: String,
    /// In lines.
    #[serde(default)]
    address: String,
    #[serde(default)]
    email: String,
}

impl From<&Contact> for ContactView {
    fn from(contact: &Contact) -> Self {
        Self {
            phone: contact.phone().to_owned(),
            address: contact.address().to_owned(),
            email: contact.email().to_owned(),
        }
    }
}

/// A number that another issuer gave the patient.
#[derive(Serialize, JsonSchema)]
pub struct NumberView {
    id: i64,
    issuer: String,
    value: String,
    at: Timestamp,
    by: String,
}

/// Printed name behind a login name.
fn printed(people: &[User], username: &str) -> String {
    let person = people.iter().find(|u| u.username == username);
    person.map_or_else(|| username.to_owned(), |u| u.name.clone())
}

impl NumberView {
    fn new(kept: &KeptNumber, people: &[User]) -> Self {
        Self {
            id: kept.id,
            issuer: kept.number.issuer().to_owned(),
            value: kept.number.value().to_owned(),
            at: kept.at,
            by: printed(people, &kept.by),
        }
    }
}

/// A record that was joined with this one.
#[derive(Serialize, JsonSchema)]
struct FormerView {
    mrn: Mrn,
    family: String,
    given: String,
    birth_date: Date,
    at: Timestamp,
    by: String,
    reason: String,
}

impl FormerView {
    fn new(former: &Former, people: &[User]) -> Self {
        Self {
            mrn: former.patient.mrn.clone(),
            family: former.patient.family.clone(),
            given: former.patient.given.clone(),
            birth_date: former.patient.birth_date,
            at: former.at,
            by: printed(people, &former.by),
            reason: former.reason.clone(),
        }
    }
}

/// What is known beside both identifiers.
#[derive(Serialize, JsonSchema)]
pub struct ParticularsView {
    version: u32,
    contact: ContactView,
    numbers: Vec<NumberView>,
    former: Vec<FormerView>,
}

impl ParticularsView {
    /// With the names of people.
    pub fn new(known: &Particulars, people: &[User]) -> Self {
        Self {
            version: known.version,
            contact: (&known.contact).into(),
            numbers: known
                .numbers
                .iter()
                .map(|kept| NumberView::new(kept, people))
                .collect(),
            former: known
                .former
                .iter()
                .map(|former| FormerView::new(former, people))
                .collect(),
        }
    }
}

/// A patient with that.
#[derive(Serialize, JsonSchema)]
pub struct KnownView {
    #[serde(flatten)]
    patient: PatientView,
    #[serde(flatten)]
    particulars: ParticularsView,
}

/// A patient after a change.
#[derive(Serialize, JsonSchema)]
pub struct ChangedView {
    patient: KnownView,
}

async fn changed(app: &App, patient: &Patient) -> Result<Response, Problem> {
    let known = particulars::of(app, patient.id).await?;
    let people = users::list(app).await?;
    let view = KnownView {
        patient: patient.into(),
        particulars: ParticularsView::new(&known, &people),
    };
    Ok(tagged(known.version, ChangedView { patient: view }))
}

/// What is to stand in a record.
#[derive(Deserialize, JsonSchema)]
pub struct ChangeBody {
    family: String,
    given: String,
    birth_date: Date,
    sex: String,
    #[serde(default)]
    contact: ContactView,
}

/// `PUT /patients/{mrn}`
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ChangeBody>,
) -> Result<Response, Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::EditPatient, subject).await?;
    let based_on = if_match(&headers)?;
    let new = Changed {
        family: body.family,
        given: body.given,
        birth_date: body.birth_date,
        sex: parsed::<Sex>(&body.sex, "sex (female, male, other, unknown)")?,
        contact: [body.contact.phone, body.contact.address, body.contact.email],
    };
    let actor = caller.actor();
    let patient = particulars::change(&app, patient.id, based_on, new, &actor).await?;
    changed(&app, &patient).await
}

/// A number that another issuer gave the patient.
#[derive(Deserialize, JsonSchema)]
pub struct NumberBody {
    issuer: String,
    value: String,
}

/// `POST /patients/{mrn}/numbers`
pub async fn add_number(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NumberBody>,
) -> Result<(StatusCode, Json<NumberView>), Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::EditPatient, subject).await?;
    let key = once(&caller, &headers)?;
    let given = (body.issuer.as_str(), body.value.as_str());
    let kept = particulars::add_number(&app, patient.id, given, key, &caller.actor()).await?;
    let people = [caller.user().clone()];
    Ok((StatusCode::CREATED, Json(NumberView::new(&kept, &people))))
}

/// `DELETE /patients/{mrn}/numbers/{id}`
pub async fn withdraw_number(
    State(app): State<App>,
    caller: Caller,
    Path((number, id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::EditPatient, subject).await?;
    particulars::withdraw_number(&app, patient.id, id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A line of a patient's history.
#[derive(Serialize, JsonSchema)]
pub struct ChangeView {
    at: Timestamp,
    by: String,
    field: String,
    before: String,
    after: String,
}

/// `GET /patients/{mrn}/history`
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<List<ChangeView>>, Problem> {
    let patient = patients::find(&app, &mrn(&number)?).await?;
    let subject = Subject::patient(patient.id);
    caller.may(&app, Action::ReadRecord, subject).await?;
    let people = users::list(&app).await?;
    let changes = particulars::history(&app, patient.id).await?;
    let views = changes.into_iter().map(|change| ChangeView {
        at: change.at,
        by: printed(&people, &change.by),
        field: change.field,
        before: change.before,
        after: change.after,
    });
    Ok(Json(List::all(views.collect())))
}

/// Which record ends.
#[derive(Deserialize, JsonSchema)]
pub struct MergeQuery {
    from: String,
}

/// What joining two records would do.
#[derive(Serialize, JsonSchema)]
pub struct MergeView {
    into: PatientView,
    from: PatientView,
    differences: Vec<&'static str>,
    dictations: u32,
    reports: u32,
    encounters: u32,
    entries: u32,
    in_the_way: Vec<ObstacleView>,
}

/// What has to be settled before.
#[derive(Serialize, JsonSchema)]
struct ObstacleView {
    /// locked, dictating, hold.
    what: &'static str,
    by: Option<String>,
}

/// `GET /patients/{mrn}/merge`
pub async fn preview_merge(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Query(asked): Query<MergeQuery>,
) -> Result<Json<MergeView>, Problem> {
    let (into, from) = (mrn(&number)?, mrn(&asked.from)?);
    let preview = particulars::preview_merge(&app, &caller.who, &into, &from).await?;
    let ids = vec![preview.into.id.to_string(), preview.from.id.to_string()];
    caller.listed(&app, "patient", "merge", ids).await?;
    let [dictations, reports, encounters, entries] = preview.moves;
    Ok(Json(MergeView {
        into: (&preview.into).into(),
        from: (&preview.from).into(),
        differences: preview.differences.iter().map(|d| d.as_str()).collect(),
        dictations,
        reports,
        encounters,
        entries,
        in_the_way: preview
            .in_the_way
            .into_iter()
            .map(|obstacle| ObstacleView {
                what: obstacle.what,
                by: obstacle.by,
            })
            .collect(),
    }))
}

/// Which record ends, why, and the differences that were looked at.
#[derive(Deserialize, JsonSchema)]
pub struct MergeBody {
    from: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    differences: Vec<String>,
}

/// `POST /patients/{mrn}/merge`
pub async fn merge(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Json(body): Json<MergeBody>,
) -> Result<Response, Problem> {
    let (into, from) = (mrn(&number)?, mrn(&body.from)?);
    let seen = body.differences.iter();
    let seen = seen
        .map(|word| parsed::<Difference>(word, "difference (family, given, birth_date, sex)"))
        .collect::<Result<_, _>>()?;
    let patient = particulars::merge(&app, &caller.who, (&into, &from), seen, &body.reason).await?;
    changed(&app, &patient).await
}
