//! Ready texts: the site's, and each physician's own.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::patients::once;
use super::views::List;
use crate::app::App;
use crate::domain::layer::{Layer, LayerKind};
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::people::{Subject, users};
use crate::workflow::templates::{self, Given, Owned};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose ready texts.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "FindTemplates")]
pub struct Find {
    /// User name of the physician whose dictation is corrected, for a secretary.
    author: Option<String>,
}

/// A ready text.
#[derive(Serialize, JsonSchema)]
pub struct TemplateView {
    id: i64,
    layer: &'static str,
    /// User name of the physician whose it is.
    owner: Option<String>,
    name: String,
    /// What else it is called by.
    spoken: Vec<String>,
    text: String,
    kind: Option<String>,
    by: String,
    at: Timestamp,
}

impl From<Owned> for TemplateView {
    fn from((stored, owner): Owned) -> Self {
        let (by, at) = stored.added;
        Self {
            id: stored.seq,
            layer: stored.layer.kind().as_str(),
            owner,
            name: stored.template.name().to_owned(),
            spoken: stored.template.spoken().to_vec(),
            text: stored.template.body().to_owned(),
            kind: stored.template.kind().map(str::to_owned),
            by,
            at,
        }
    }
}

/// `GET /templates?author=`: the site's, and a physician's: one's own, or those of whose dictation a secretary corrects.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(find): Query<Find>,
) -> Result<Json<List<TemplateView>>, Problem> {
    caller
        .may(&app, Action::ReadTemplates, Subject::NONE)
        .await?;
    let user = caller.user();
    let physician = match (user.role, find.author.as_deref()) {
        (Role::Physician, _) => Some(Layer::Physician(user.id)),
        (Role::Secretary, Some(author)) => Some(Layer::Physician(
            users::physician(&app, Some(author)).await?.id,
        )),
        _ => None,
    };
    let found = templates::of(&app, physician).await?;
    let items = found.into_iter().map(TemplateView::from);
    Ok(Json(List::all(items.collect())))
}

/// A ready text to be added.
#[derive(Deserialize, JsonSchema)]
pub struct TemplateBody {
    /// "site", or "physician" for one's own.
    layer: String,
    name: String,
    #[serde(default)]
    spoken: Vec<String>,
    text: String,
    kind: Option<String>,
    /// The version that it takes the place of.
    replaces: Option<i64>,
}

/// `POST /templates`
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<TemplateBody>,
) -> Result<(StatusCode, Json<TemplateView>), Problem> {
    let layer = match body.layer.parse() {
        Ok(LayerKind::Site) => Layer::Site,
        Ok(LayerKind::Physician) => Layer::Physician(caller.user().id),
        _ => {
            return Err(Problem::invalid(
                "a ready text belongs to the site or, as physician, to yourself",
            ));
        }
    };
    may_keep(&app, &caller, &layer).await?;
    let given = Given {
        name: body.name,
        spoken: body.spoken,
        text: body.text,
        kind: body.kind,
        replaces: body.replaces,
    };
    let key = once(&caller, &headers)?;
    let stored = templates::add(&app, layer, given, key, &caller.actor()).await?;
    let owner = matches!(stored.layer, Layer::Physician(_)).then(|| caller.user().username.clone());
    Ok((StatusCode::CREATED, Json((stored, owner).into())))
}

/// `DELETE /templates/{id}`
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    // Whether there is one is told to those who may read them.
    caller
        .may(&app, Action::ReadTemplates, Subject::NONE)
        .await?;
    let stored = templates::version(&app, id).await?;
    may_keep(&app, &caller, &stored.layer).await?;
    templates::revoke(&app, id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The site's are the secretaries' and the administrator's, a physician's are that physician's.
async fn may_keep(app: &App, caller: &Caller, layer: &Layer) -> Result<(), Problem> {
    let (action, subject) = match layer {
        Layer::Physician(owner) => (Action::KeepOwnTemplates, Subject::user(*owner).by(*owner)),
        _ => (Action::KeepSiteTemplates, Subject::NONE),
    };
    caller.may(app, action, subject).await
}
