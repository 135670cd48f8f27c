//! The sound of a dictation, to be played, and its waveform.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path};
use super::range;
use crate::app::App;
use crate::domain::ids::DictationId;
use crate::domain::policy::{Action, Stage};
use crate::workflow::people::Subject;
use crate::workflow::sound::Playable;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

/// A waveform.
#[derive(Serialize, JsonSchema)]
pub struct PeaksView {
    per_s: usize,
    duration_s: f64,
    peaks: Vec<u8>,
}

/// `GET /dictations/{id}/sound/{take}.wav`
pub async fn play(
    State(app): State<App>,
    caller: Caller,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let take = file.strip_suffix(".wav").unwrap_or(&file);
    let playable = find(&app, &caller, &id, take).await?;
    let length = playable.wav.length();
    let tag = playable.tag.clone();
    range::part_of(Box::new(playable.wav), length, "audio/wav", &tag, &headers)
}

/// `GET /dictations/{id}/peaks/{take}`
pub async fn peaks(
    State(app): State<App>,
    caller: Caller,
    Path((id, take)): Path<(String, String)>,
) -> Result<Json<PeaksView>, Problem> {
    let playable = find(&app, &caller, &id, &take).await?;
    Ok(Json(PeaksView {
        per_s: Playable::PER_S,
        duration_s: playable.duration_s,
        peaks: playable.peaks,
    }))
}

async fn find(app: &App, caller: &Caller, id: &str, take: &str) -> Result<Playable, Problem> {
    let missing = || Problem::not_found("there is no such recording");
    let id: DictationId = id.parse().map_err(|_| missing())?;
    let index: u16 = take.parse().map_err(|_| missing())?;
    let dictation = app.store.dictation(id).await?;
    let subject = Subject::in_record("dictation", id, dictation.patient_id)
        .by(dictation.author_id)
        .at(Stage::of(dictation.phase, dictation.state));
    caller.may(app, Action::ReadRecord, subject).await?;
    let take = dictation
        .takes
        .iter()
        .find(|t| t.index == index)
        .ok_or_else(missing)?;
    Ok(app.sound.get(app, &take.sha256).await?)
}
