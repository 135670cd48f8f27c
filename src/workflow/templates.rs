//! Ready texts of the site and of physicians: kept in versions, put in by name while a report is written.
//!
//! A physician's text counts before the site's of the same name. Each dictation is written with what is in force when it
//! begins to be heard.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::layer::{Layer, LayerKind};
use crate::domain::template::{Template, key};
pub use crate::store::StoredTemplate;
use crate::store::{NewTemplate, Once};
use crate::text::document::DocumentType;
use crate::text::macros::ReadyText;
use crate::workflow::people::users;
use crate::workflow::{WorkflowError, layers};

/// A ready text as somebody gives it.
#[derive(Debug, Clone)]
pub struct Given {
    /// What it is called by.
    pub name: String,
    /// What else.
    pub spoken: Vec<String>,
    /// What is written; `[ ]` is a field to be filled in.
    pub text: String,
    /// The document type that it is meant for.
    pub kind: Option<String>,
    /// The version that it takes the place of.
    pub replaces: Option<i64>,
}

/// The layer that a person names: the site's, or a physician's by the user name.
///
/// # Errors
/// [`WorkflowError::Invalid`] for any other layer.
pub async fn find(app: &App, kind: LayerKind, owner: Option<&str>) -> Result<Layer, WorkflowError> {
    match kind {
        LayerKind::Site | LayerKind::Physician => layers::find(app, kind, owner).await,
        LayerKind::Specialty | LayerKind::Patient => Err(WorkflowError::Invalid(
            "a ready text belongs to the site or to a physician".into(),
        )),
    }
}

/// Adds a ready text, or a version in place of another.
///
/// # Errors
/// [`WorkflowError::Invalid`] for what is none; a conflict where one of the names is taken, or the version that it would
/// take the place of is not in force any more.
pub async fn add(
    app: &App,
    layer: Layer,
    given: Given,
    once: Option<Once>,
    actor: &Actor,
) -> Result<StoredTemplate, WorkflowError> {
    let kind = given.kind.filter(|k| !k.trim().is_empty());
    if let Some(kind) = &kind
        && DocumentType::parse(kind).is_none()
    {
        return Err(WorkflowError::Invalid(format!(
            "{kind:?} is no document type; for example consultation, progress_note, discharge_summary"
        )));
    }
    let template = Template::new(&given.name, &given.spoken, &given.text, kind)
        .map_err(|e| WorkflowError::Invalid(e.to_string()))?;
    let new = NewTemplate {
        layer,
        template,
        replaces: given.replaces,
        once,
    };
    Ok(app.store.add_template(new, app.stamp(actor)).await?)
}

/// Takes a ready text back.
pub async fn revoke(app: &App, seq: i64, actor: &Actor) -> Result<(), WorkflowError> {
    Ok(app.store.revoke_template(seq, app.stamp(actor)).await?)
}

/// The version of that number.
pub async fn version(app: &App, seq: i64) -> Result<StoredTemplate, WorkflowError> {
    Ok(app.store.template(seq).await?)
}

/// A ready text with the user name of the physician whose it is.
pub type Owned = (StoredTemplate, Option<String>);

/// What somebody finds: the site's ready texts and those of this physician, the physician's first.
pub async fn of(app: &App, physician: Option<Layer>) -> Result<Vec<Owned>, WorkflowError> {
    let layers = physician.into_iter().chain([Layer::Site]).collect();
    owned(app, app.store.templates_in_force(layers).await?).await
}

/// Every version, or those in force.
pub async fn all(app: &App, revoked: bool) -> Result<Vec<Owned>, WorkflowError> {
    let mut found = app.store.templates().await?;
    found.retain(|t| revoked || t.revoked.is_none());
    owned(app, found).await
}

async fn owned(app: &App, found: Vec<StoredTemplate>) -> Result<Vec<Owned>, WorkflowError> {
    let people = users::list(app).await?;
    let named = found.into_iter().map(|stored| {
        let owner = match &stored.layer {
            Layer::Physician(id) => people.iter().find(|u| u.id == *id),
            _ => None,
        };
        let owner = owner.map(|u| u.username.clone());
        (stored, owner)
    });
    Ok(named.collect())
}

/// What may be asked for by name in a dictation with these layers, those that take precedence first; a name that a
/// physician's text has is not the site's any more.
pub async fn to_hear_with(app: &App, layers: &[Layer]) -> Result<Vec<ReadyText>, WorkflowError> {
    let has_some = |l: &&Layer| matches!(l, Layer::Site | Layer::Physician(_));
    let mut layers: Vec<Layer> = layers.iter().filter(has_some).cloned().collect();
    layers.sort_by(|a, b| b.cmp(a));
    let mut ready: Vec<ReadyText> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for stored in app.store.templates_in_force(layers).await? {
        let template = &stored.template;
        let names =
            std::iter::once(template.name()).chain(template.spoken().iter().map(String::as_str));
        for name in names {
            if taken.contains(&key(name)) {
                continue;
            }
            taken.push(key(name));
            ready.push(ReadyText {
                name: name.to_owned(),
                text: template.body().to_owned(),
            });
        }
    }
    Ok(ready)
}
