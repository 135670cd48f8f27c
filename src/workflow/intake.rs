//! Taking a recording in: check whose it is, store the sound, have it transcribed, leave a draft.
//!
//! Each step is a transaction of its own, so that a run that is killed leaves the dictation at the last step it
//! reached; taking the same recording in again goes on from there.

use crate::app::App;
use crate::audio::decode::Decoder;
use crate::audio::{AudioError, Input, OpenOptions};
use crate::domain::audit::Actor;
use crate::domain::dictation::{Dictation, Phase, Take};
use crate::domain::ids::{DictationId, EncounterId, ReportId, UserId};
use crate::domain::patient::{Mrn, Patient};
use crate::domain::recognition::Recognition;
use crate::domain::template::PlacedText;
use crate::domain::transition::Note;
use crate::domain::user::User;
use crate::domain::worklist::Orders;
use crate::speech::engine::Cancel;
use crate::store::blobs::{AudioStore, BlobError, StoredAudio};
use crate::store::{Completed, NewDictation, NewTake, Received, StoreError};
use crate::workflow::hub::Event;
use crate::workflow::layers::{self, Background};
use crate::workflow::{Refusal, WorkflowError, check_identity, patients, queue};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// A recording and whose it is said to be.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file.
    pub recording: PathBuf,
    /// Record number of the patient: the first identifier.
    pub mrn: Mrn,
    /// Date of birth: the second identifier. Left out, the report can be signed but not filed.
    pub birth_date: Option<Date>,
    /// Who dictated.
    pub author: User,
    /// The encounter, as a person names it.
    pub encounter: Option<String>,
    /// How it is to be worked on. A recording that is there already keeps its orders.
    pub orders: Orders,
}

/// What came of an intake.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The dictation as it stands now.
    pub dictation: Dictation,
    /// Its report.
    pub report_id: ReportId,
    /// Whether this very recording had been taken in and transcribed before, so that nothing was done now.
    pub was_there: bool,
}

/// Why an intake did not end with a draft. `E` is what the transcription fails with.
#[derive(Debug)]
pub enum IntakeError<E> {
    /// The recording was not taken in, or its draft could not be stored.
    Workflow(WorkflowError),
    /// The recording is stored and waits; it could not be transcribed.
    Transcription {
        /// The dictation that waits.
        dictation_id: DictationId,
        /// Why.
        error: E,
    },
}

impl<E, T: Into<WorkflowError>> From<T> for IntakeError<E> {
    fn from(error: T) -> Self {
        Self::Workflow(error.into())
    }
}

/// Takes a recording in and has `transcribe` make a draft of it. `transcribe` gets the stored recording and
/// what is known before it is heard, may block, and is not called where the draft is there already.
pub async fn run<E, F>(
    app: &App,
    request: Request,
    actor: &Actor,
    transcribe: F,
) -> Result<Taken, IntakeError<E>>
where
    E: Send + 'static,
    F: FnOnce(&Input, &Background) -> Result<Recognition, E> + Send + 'static,
{
    let dictation = receive(app, request, actor).await?;
    if dictation.phase != Phase::Recorded {
        return taken(app, dictation.id, true).await;
    }
    let take = stored_take(app, &dictation)?;
    let background = layers::background_of(app, &dictation).await?;
    // Out of turn, and whoever else has it: somebody waits for it here.
    let claim = app
        .store
        .start_transcription(dictation.id, app.stamp(actor))
        .await?;
    let (audio, sha256) = (app.audio.clone(), take.sha256.clone());
    let work = tokio::task::spawn_blocking(move || {
        let recording = stored_sound(&audio, &sha256).map_err(Stop::Damaged)?;
        transcribe(&recording, &background).map_err(Stop::Transcription)
    });
    // A claim that is lost meanwhile stops nothing here: the first that completes wins.
    let heard = queue::leased(app, &claim, work, &Cancel::default()).await;
    let error = match heard {
        Ok(Ok(recognition)) => {
            return match complete(app, dictation.id, recognition, actor).await {
                Ok(_) => taken(app, dictation.id, false).await,
                // Another run over the same recording was faster; its draft stands.
                Err(WorkflowError::Store(StoreError::Conflict(_))) => {
                    taken(app, dictation.id, true).await
                }
                Err(e) => Err(e.into()),
            };
        }
        Ok(Err(Stop::Transcription(error))) => Ok(error),
        Ok(Err(Stop::Damaged(error))) => Err(WorkflowError::Audio(error)),
        Err(panic) => {
            Err(StoreError::Broken(format!("the transcription panicked: {panic}")).into())
        }
    };
    // The engine's own words are for whoever waits here; what they hold is not known.
    let reason = Note::of_machine("the transcription on the command line failed");
    // The cause is what the user has to hear of, even where the database fails as well.
    let released = app
        .store
        .fail_transcription(claim, reason, false, app.stamp(actor))
        .await;
    match error {
        Ok(error) => Err(IntakeError::Transcription {
            dictation_id: dictation.id,
            error,
        }),
        Err(error) => {
            released?;
            Err(error.into())
        }
    }
}

/// Whether a file is a recording that can be read and has sound, so that a letter, a bare header or a device is refused
/// before it is stored. Gives its length in seconds, where its header says so.
pub fn check_recording(recording: &Path, source: &OpenOptions) -> Result<Option<f64>, AudioError> {
    // Asked before it is opened: a pipe would wait for its writer, a device might never end.
    if let Ok(meta) = std::fs::metadata(recording)
        && !meta.is_file()
    {
        return Err(AudioError::NotAudio(
            recording.to_path_buf(),
            no_regular_file(&meta).into(),
        ));
    }
    check_sound(&recording.into(), source)
}

/// The same for what is no file.
pub fn check_sound(recording: &Input, source: &OpenOptions) -> Result<Option<f64>, AudioError> {
    let mut decoder = Decoder::open_with(recording, source)?;
    decoder.next_block()?;
    Ok(decoder.claimed_s())
}

/// What something is that is not a regular file.
fn no_regular_file(meta: &std::fs::Metadata) -> &'static str {
    if meta.is_dir() {
        "this is a folder, not a recording"
    } else {
        "this is a device or a pipe, not a regular file"
    }
}

/// What the record says to a request.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Whose record it is.
    pub patient: Patient,
    /// Whether the second identifier was given, and is right.
    pub identity_verified: bool,
    /// The visit, if one was named.
    pub encounter_id: Option<EncounterId>,
}

/// Compares a request with the record. Writes nothing.
///
/// # Errors
/// [`WorkflowError::Refused`] where the second identifier or the encounter forbids it, [`StoreError::NotFound`] where
/// there is no such patient or encounter.
pub async fn check(app: &App, request: &Request) -> Result<Checked, WorkflowError> {
    let encounter = request.encounter.as_deref();
    identify(app, &request.mrn, request.birth_date, encounter).await
}

/// Compares identifiers with the record. Writes nothing.
///
/// # Errors
/// As [`check`].
pub async fn identify(
    app: &App,
    mrn: &Mrn,
    birth_date: Option<Date>,
    encounter: Option<&str>,
) -> Result<Checked, WorkflowError> {
    let patient = patients::find(app, mrn).await?;
    let identity_verified = check_identity(&patient, birth_date)?;
    let encounter_id = match encounter {
        None => None,
        Some(typed) => {
            let encounter = app.store.find_encounter(typed).await?;
            if encounter.patient_id != patient.id {
                return Err(Refusal::OtherEncounter {
                    encounter: typed.to_owned(),
                    mrn: patient.mrn.to_string(),
                }
                .into());
            }
            Some(encounter.id)
        }
    };
    Ok(Checked {
        patient,
        identity_verified,
        encounter_id,
    })
}

/// The dictation that a request asks for, once it was checked and its sound is stored.
pub(super) fn new_dictation(
    request: &Request,
    checked: &Checked,
    sound: StoredAudio,
    original_name: String,
) -> NewDictation {
    NewDictation {
        patient_id: checked.patient.id,
        encounter_id: checked.encounter_id,
        author_id: request.author.id,
        recording: NewTake {
            sha256: sound.sha256,
            bytes: sound.bytes,
            original_name,
        },
        made_of: Vec::new(),
        identity_verified: checked.identity_verified,
        orders: request.orders,
        note: None,
        placed: Vec::new(),
    }
}

/// Checks the identifiers, stores the sound, and makes a dictation of it, or finds the one there is.
///
/// # Errors
/// [`WorkflowError::Refused`] where the second identifier, the encounter, the author or another patient's record forbids it,
/// and [`WorkflowError::Recording`] where the file cannot be read; nothing is stored then.
pub async fn receive(
    app: &App,
    request: Request,
    actor: &Actor,
) -> Result<Dictation, WorkflowError> {
    let checked = check(app, &request).await?;
    let original_name = request
        .recording
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let sound = keep_sound(app, request.recording.clone()).await?;
    let new = new_dictation(&request, &checked, sound, original_name);
    let received = app.store.receive_dictation(new, app.stamp(actor)).await?;
    self::received(app, received, &request, &checked).await
}

/// Sound that lies in the audio store.
#[derive(Debug, Clone)]
pub struct Sound {
    /// What is heard.
    pub recording: NewTake,
    /// The takes it was made of, where there were several.
    pub made_of: Vec<NewTake>,
    /// Ready texts that were put between the words, in their order.
    pub placed: Vec<PlacedText>,
}

/// Makes a dictation of stored sound, or finds the one there is; it waits to be transcribed.
///
/// # Errors
/// [`WorkflowError::Refused`] where the sound belongs to somebody else's dictation already.
pub async fn hand_over(
    app: &App,
    checked: &Checked,
    author_id: UserId,
    orders: Orders,
    note: Option<Note>,
    sound: Sound,
    actor: &Actor,
) -> Result<Dictation, WorkflowError> {
    let file = sound.recording.original_name.clone();
    let new = NewDictation {
        patient_id: checked.patient.id,
        encounter_id: checked.encounter_id,
        author_id,
        recording: sound.recording,
        made_of: sound.made_of,
        identity_verified: checked.identity_verified,
        orders,
        note,
        placed: sound.placed,
    };
    let received = app.store.receive_dictation(new, app.stamp(actor)).await?;
    let encounter = checked.encounter_id.map(|id| id.to_string());
    became(app, received, file, encounter, checked).await
}

/// The dictation that a request became, or why it did not.
pub(super) async fn received(
    app: &App,
    received: Received,
    request: &Request,
    checked: &Checked,
) -> Result<Dictation, WorkflowError> {
    let file = request.recording.display().to_string();
    became(app, received, file, request.encounter.clone(), checked).await
}

async fn became(
    app: &App,
    received: Received,
    file: String,
    encounter: Option<String>,
    checked: &Checked,
) -> Result<Dictation, WorkflowError> {
    let mrn = checked.patient.mrn.to_string();
    Err(match received {
        Received::New(id) => {
            app.hub.tell(Event::Changed(id));
            app.hub.wake();
            return Ok(app.store.dictation(id).await?);
        }
        Received::Existing(id) => return Ok(app.store.dictation(id).await?),
        Received::OtherPatient => Refusal::OtherPatient { file },
        Received::OtherAuthor => Refusal::OtherAuthor { file, mrn },
        Received::OtherEncounter => Refusal::KnownEncounter {
            file,
            mrn,
            encounter: encounter.unwrap_or_default(),
        },
    }
    .into())
}

/// Stores what was heard and the draft that follows from it.
///
/// # Errors
/// [`StoreError::Conflict`] where the dictation has its draft already.
pub async fn complete(
    app: &App,
    id: DictationId,
    recognition: Recognition,
    actor: &Actor,
) -> Result<Completed, WorkflowError> {
    Ok(app
        .store
        .complete_dictation(id, recognition, app.stamp(actor))
        .await?)
}

async fn taken<E>(app: &App, id: DictationId, was_there: bool) -> Result<Taken, IntakeError<E>> {
    let report = app.store.report_of(id).await?.ok_or_else(|| {
        StoreError::Broken(format!("dictation {id} is transcribed and has no report"))
    })?;
    Ok(Taken {
        dictation: app.store.dictation(id).await?,
        report_id: report.id,
        was_there,
    })
}

/// Why nothing was heard in a stored recording.
enum Stop<E> {
    Damaged(BlobError),
    Transcription(E),
}

/// The first take, whose sound lies in the audio store.
fn stored_take<'a>(app: &App, dictation: &'a Dictation) -> Result<&'a Take, WorkflowError> {
    let take = dictation.takes.first().ok_or_else(|| {
        StoreError::Broken(format!("dictation {} has no recording", dictation.id))
    })?;
    app.audio.holds(&take.sha256)?;
    Ok(take)
}

/// A recording in the audio store, to be heard; all of it was checked.
pub(super) fn stored_sound(audio: &AudioStore, sha256: &str) -> Result<Input, BlobError> {
    audio.verified(sha256)?;
    let (audio, address) = (audio.clone(), sha256.to_owned());
    Ok(Input::opened_by(format!("recording {sha256}"), move || {
        let sound = audio.open_sound(&address).map_err(std::io::Error::other)?;
        Ok(Box::new(sound))
    }))
}

/// Copies what can be read into the audio store, off the async threads.
pub(super) async fn keep_input(app: &App, input: Input) -> Result<StoredAudio, WorkflowError> {
    let audio = app.audio.clone();
    let stored = tokio::task::spawn_blocking(move || {
        let bytes = input.bytes().map_err(BlobError::Source)?;
        audio.put(bytes)
    });
    let stored = stored
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?;
    Ok(stored?)
}

/// Copies the file into the audio store, off the async threads.
pub(super) async fn keep_sound(
    app: &App,
    recording: PathBuf,
) -> Result<StoredAudio, WorkflowError> {
    let audio = app.audio.clone();
    let file = recording.display().to_string();
    let unreadable = |reason: String| WorkflowError::Recording {
        file: file.clone(),
        reason,
    };
    let stored = tokio::task::spawn_blocking(move || {
        let open = std::fs::metadata(&recording).and_then(|meta| {
            if meta.is_file() {
                std::fs::File::open(&recording).map(Ok)
            } else {
                Ok(Err(no_regular_file(&meta).to_owned()))
            }
        });
        match open {
            Ok(Err(reason)) => Err(Err(reason)),
            Ok(Ok(f)) => audio.put(f).map_err(Ok),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(Err("there is no such file".into()))
            }
            Err(e) => Err(Err(format!("the file cannot be read ({e})"))),
        }
    })
    .await
    .map_err(|e| StoreError::Broken(e.to_string()))?;
    stored.map_err(|e: Result<BlobError, String>| match e {
        Ok(BlobError::Source(e)) => unreadable(format!("the file cannot be read ({e})")),
        Ok(BlobError::Empty) => unreadable("the file is empty".into()),
        Ok(other) => other.into(),
        Err(reason) => unreadable(reason),
    })
}
