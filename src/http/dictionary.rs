//! The dictionary: which words it has, what was meant, and the entries of its layers.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::patients::once;
use crate::app::App;
use crate::domain::finding::Suggestion;
use crate::domain::layer::{Layer, LayerKind, LocalKind};
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::layers::{self, Given, RevokeLocal, StoredLocal};
use crate::workflow::people::Subject;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most words that are looked up at once.
const WORDS: usize = 2000;
/// Suggestions for a word.
const SUGGESTIONS: usize = 8;
/// Longest word or phrase that is looked for by its sound, in bytes.
const LONGEST: usize = 200;

/// Words to look up.
#[derive(Deserialize, JsonSchema)]
pub struct WordsQuery {
    /// Separated by commas.
    words: String,
}

/// The words that the dictionary does not have.
#[derive(Serialize, JsonSchema)]
pub struct UnknownView {
    unknown: Vec<String>,
}

/// `GET /api/v1/dictionary/check?words=a,b`
pub async fn check(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WordsQuery>,
) -> Result<Json<UnknownView>, Problem> {
    may(&app, &caller, &Layer::Site, Does::Reads).await?;
    let words: Vec<&str> = query.words.split(',').map(str::trim).collect();
    if words.len() > WORDS {
        return Err(Problem::invalid(format!("at most {WORDS} words at once")));
    }
    let unknown = layers::unknown(&app, caller.user(), &words).await?;
    Ok(Json(UnknownView { unknown }))
}

/// A word, or a few, as heard.
#[derive(Deserialize, JsonSchema)]
pub struct WordQuery {
    word: String,
}

/// `GET /api/v1/dictionary/suggest?word=`
pub async fn suggest(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WordQuery>,
) -> Result<Json<Vec<Suggestion>>, Problem> {
    may(&app, &caller, &Layer::Site, Does::Reads).await?;
    if query.word.len() > LONGEST {
        return Err(Problem::invalid("that is longer than any term"));
    }
    let suggestions = layers::suggest(&app, caller.user(), &query.word, SUGGESTIONS).await?;
    Ok(Json(suggestions))
}

/// How many entries a layer has.
#[derive(Serialize, JsonSchema)]
pub struct CountView {
    layer: &'static str,
    owner: Option<String>,
    kind: &'static str,
    in_force: u64,
    revoked: u64,
}

/// `GET /api/v1/dictionary/layers`: those that belong to no patient, and to no other physician than the one who asks.
pub async fn counts(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<CountView>>, Problem> {
    may(&app, &caller, &Layer::Site, Does::Reads).await?;
    let counts = layers::stats(&app).await?;
    let views = counts
        .into_iter()
        .filter(|(count, _)| match &count.layer {
            Layer::Patient(_) => false,
            layer => !is_colleagues(layer, &caller),
        })
        .map(|(count, owner)| CountView {
            layer: count.layer.kind().as_str(),
            owner: Some(owner).filter(|owner| !owner.is_empty()),
            kind: count.kind.as_str(),
            in_force: count.in_force,
            revoked: count.revoked,
        });
    Ok(Json(views.collect()))
}

/// Whose layer.
#[derive(Deserialize, JsonSchema)]
pub struct OwnerQuery {
    owner: Option<String>,
}

/// An entry of a layer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DictionaryEntryView")]
pub struct EntryView {
    id: i64,
    kind: &'static str,
    text: String,
    /// The words as heard of a replacement.
    replaces: Option<String>,
    spoken: Option<String>,
    category: String,
    origin: &'static str,
    by: String,
    at: Timestamp,
}

impl From<StoredLocal> for EntryView {
    fn from(stored: StoredLocal) -> Self {
        let entry = stored.entry;
        let (replaces, spoken) = match entry.kind {
            LocalKind::Replacement => (entry.spoken, None),
            LocalKind::Term | LocalKind::Name => (None, entry.spoken),
        };
        let (by, at) = stored.added;
        Self {
            id: stored.seq,
            kind: entry.kind.as_str(),
            text: entry.written,
            replaces,
            spoken,
            category: entry.category,
            origin: stored.origin.as_str(),
            by,
            at,
        }
    }
}

/// `GET /api/v1/dictionary/layers/{layer}?owner=`
pub async fn entries(
    State(app): State<App>,
    caller: Caller,
    Path(layer): Path<String>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<Vec<EntryView>>, Problem> {
    let layer = find(&app, &layer, query.owner.as_deref()).await?;
    may(&app, &caller, &layer, Does::Reads).await?;
    let entries = layers::list(&app, Some(&layer), false).await?;
    Ok(Json(entries.into_iter().map(|(e, _)| e.into()).collect()))
}

/// An entry to be added.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DictionaryEntryBody")]
pub struct EntryBody {
    layer: String,
    owner: Option<String>,
    kind: String,
    text: String,
    /// The words as heard that a replacement takes the place of.
    replaces: Option<String>,
    /// How it is said.
    spoken: Option<String>,
    category: Option<String>,
}

/// `POST /api/v1/dictionary/entries`
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<EntryBody>,
) -> Result<(StatusCode, Json<EntryView>), Problem> {
    let layer = find(&app, &body.layer, body.owner.as_deref()).await?;
    let kind: LocalKind = body
        .kind
        .parse()
        .map_err(|_| Problem::invalid("an entry is a term, a name or a replacement"))?;
    may(&app, &caller, &layer, Does::Changes).await?;
    let given = Given {
        kind,
        written: &body.text,
        spoken: body.replaces.as_deref().or(body.spoken.as_deref()),
        category: body.category.as_deref(),
    };
    let key = once(&caller, &headers)?;
    let base = app.index().await?;
    let change = layers::add(&app, &layer, given, &base, key, &caller.actor()).await?;
    let added = layers::list(&app, Some(&layer), false).await?;
    let (entry, _) = added
        .into_iter()
        .find(|(entry, _)| entry.change == change)
        .ok_or_else(|| Problem::conflict("somebody took it back in the same moment"))?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// `DELETE /api/v1/dictionary/entries/{id}`
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let layer = layers::layer_of(&app, id).await?;
    may(&app, &caller, &layer, Does::Changes).await?;
    layers::undo(&app, RevokeLocal::Entries(vec![id]), &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, layer: &str, owner: Option<&str>) -> Result<Layer, Problem> {
    let kind: LayerKind = layer
        .parse()
        .map_err(|_| Problem::invalid("a layer is site, specialty, physician or patient"))?;
    Ok(layers::find(app, kind, owner).await?)
}

/// What is done with a layer.
#[derive(Clone, Copy)]
enum Does {
    Reads,
    Changes,
}

/// Lets the caller at a layer: a patient's is part of the record, a physician's is that physician's and the
/// secretaries', what all share is everybody's who dictates or corrects, and the administrator's.
async fn may(app: &App, caller: &Caller, layer: &Layer, does: Does) -> Result<(), Problem> {
    let (action, subject) = match (layer, does) {
        (Layer::Patient(id), Does::Reads) => (Action::ReadRecord, Subject::patient(*id)),
        (Layer::Patient(id), Does::Changes) => (Action::EditPatient, Subject::patient(*id)),
        (Layer::Physician(owner), _) if is_colleagues(layer, caller) => {
            (Action::ManageSettings, Subject::user(*owner))
        }
        _ if caller.user().role == Role::Administrator => (Action::ManageSettings, Subject::NONE),
        _ => (Action::Teach, Subject::NONE),
    };
    caller.may(app, action, subject).await
}

/// Whether it is another physician's own layer, for a physician.
fn is_colleagues(layer: &Layer, caller: &Caller) -> bool {
    let user = caller.user();
    matches!(layer, Layer::Physician(owner) if user.role == Role::Physician && *owner != user.id)
}
