//! Corrections that were seen several times, offered as rules of the dictionary.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::views::List;
use crate::app::App;
use crate::domain::ids::UserId;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::learned::{self, Offer};
use crate::workflow::people::Subject;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most places that are shown for one rule; all are counted.
const SHOWN: usize = 20;

/// A correction with what a rule made of it would have done.
#[derive(Serialize, JsonSchema)]
pub struct OfferView {
    id: i64,
    physician: TaughtBy,
    heard: String,
    written: String,
    /// Places, and reports, where a person wrote it so.
    places: u32,
    reports: u32,
    /// open, accepted, taken_back or declined.
    state: &'static str,
    by: Option<String>,
    at: Option<Timestamp>,
    trial: TrialView,
}

#[derive(Serialize, JsonSchema)]
struct TaughtBy {
    username: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct TrialView {
    reports: usize,
    right: usize,
    worse: usize,
    /// The first of what it would have made worse.
    examples: Vec<ExampleView>,
}

#[derive(Serialize, JsonSchema)]
struct ExampleView {
    mrn: String,
    heard: String,
    signed: String,
}

impl From<Offer> for OfferView {
    fn from(offer: Offer) -> Self {
        let Offer {
            learned,
            physician,
            trial,
        } = offer;
        let state = match &learned.decided {
            None => "open",
            Some((true, ..)) if learned.in_force => "accepted",
            Some((true, ..)) => "taken_back",
            Some((false, ..)) => "declined",
        };
        let (by, at) = learned.decided.map(|(_, by, at)| (by, at)).unzip();
        let worse = trial.worse.len();
        let examples = trial.worse.into_iter().take(SHOWN);
        Self {
            id: learned.id,
            physician: TaughtBy {
                username: physician.username,
                name: physician.name,
            },
            heard: learned.pair.heard,
            written: learned.pair.written,
            places: learned.places,
            reports: learned.reports,
            state,
            by,
            at,
            trial: TrialView {
                reports: trial.reports,
                right: trial.right,
                worse,
                examples: examples
                    .map(|(mrn, place)| ExampleView {
                        mrn: mrn.to_string(),
                        heard: place.heard,
                        signed: place.signed,
                    })
                    .collect(),
            },
        }
    }
}

/// `GET /learned`: a physician's own, or everybody's for a secretary.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<List<OfferView>>, Problem> {
    caller.may(&app, Action::Teach, Subject::NONE).await?;
    let user = caller.user();
    let own = (user.role == Role::Physician).then_some(user.id);
    let offers = learned::offers(&app, own).await?;
    // Places of reports are shown: which ones is in the trail.
    let named = offers.iter().flat_map(|o| &o.trial.named);
    let mut ids: Vec<String> = named.map(|r| r.report_id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    caller.listed(&app, "learned", "", ids).await?;
    let items = offers.into_iter().map(OfferView::from);
    Ok(Json(List::all(items.collect())))
}

/// What is said about a correction.
#[derive(Deserialize, JsonSchema)]
pub struct DecisionBody {
    accept: bool,
    /// How many places the person saw that a rule would have made worse.
    #[serde(default)]
    worse: usize,
}

/// `POST /learned/{id}/decision`
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<OfferView>, Problem> {
    caller.may(&app, Action::Teach, Subject::NONE).await?;
    let offer = learned::offer(&app, id).await?;
    may(&app, &caller, offer.learned.physician).await?;
    let actor = caller.actor();
    if body.accept {
        let now = offer.trial.worse.len();
        learned::accept(&app, &offer, body.worse, &actor)
            .await
            .map_err(|e| Problem::from(e).with("worse", json!(now)))?;
    } else {
        learned::decline(&app, &offer, &actor).await?;
    }
    Ok(Json(learned::offer(&app, id).await?.into()))
}

/// A physician teaches from their own reports.
async fn may(app: &App, caller: &Caller, owner: UserId) -> Result<(), Problem> {
    let user = caller.user();
    let action = if user.role == Role::Physician && user.id != owner {
        Action::ManageSettings
    } else {
        Action::Teach
    };
    caller.may(app, action, Subject::user(owner)).await
}
