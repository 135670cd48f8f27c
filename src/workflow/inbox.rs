//! The inbox: recordings that came by themselves and wait until somebody says whose they are.

use crate::app::App;
use crate::domain::arrival::InboxItem;
use crate::domain::audit::Actor;
use crate::domain::dictation::Dictation;
use crate::domain::ids::InboxId;
use crate::domain::patient::Mrn;
use crate::domain::policy::Action;
use crate::domain::transition::Note;
use crate::domain::worklist::{Orders, Priority, Route};
use crate::store::StoreError;
use crate::store::blobs::StoredAudio;
use crate::workflow::intake::{self, Request};
use crate::workflow::people::{Subject, Who, authorise};
use crate::workflow::sound::Playable;
use crate::workflow::{WorkflowError, arrivals, patients, users};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// What waits, the oldest first; or everything that was ever in the inbox.
pub async fn list(app: &App, all: bool) -> Result<Vec<InboxItem>, WorkflowError> {
    Ok(app.store.inbox(all).await?)
}

/// The recording that a person means; [`StoreError::NotFound`] where there is none.
pub async fn find(app: &App, typed: &str) -> Result<InboxItem, WorkflowError> {
    Ok(app.store.find_in_inbox(typed).await?)
}

/// Whose somebody says a recording is, and how it is to be worked on. What is left out is as it came.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Record number of the patient.
    pub mrn: Mrn,
    /// Date of birth, to be compared with the record.
    pub birth_date: Option<Date>,
    /// Login name of the physician who dictated.
    pub author: Option<String>,
    /// The encounter, as a person names it.
    pub encounter: Option<String>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Who gets the draft.
    pub route: Option<Route>,
}

/// What a decision about a recording in the inbox asks for.
///
/// # Errors
/// [`WorkflowError::Invalid`] where nobody is named as the author and it is not certain who it was,
/// [`StoreError::NotFound`] where there is no such user.
pub async fn request(
    app: &App,
    item: &InboxItem,
    decision: Decision,
) -> Result<Request, WorkflowError> {
    let author = match &decision.author {
        Some(named) => users::physician(app, Some(named)).await?,
        None if item.by_hand => {
            return Err(WorkflowError::Invalid(
                "what came with this recording is contradictory; say who dictated".into(),
            ));
        }
        None => arrivals::author_of(app, &item.hints)
            .await?
            .map_err(|reason| WorkflowError::Invalid(format!("say who dictated: {reason}")))?,
    };
    Ok(Request {
        recording: PathBuf::from(&item.original_name),
        mrn: decision.mrn,
        birth_date: decision.birth_date,
        author,
        encounter: decision.encounter,
        orders: Orders {
            priority: decision
                .priority
                .or(item.hints.priority())
                .unwrap_or_default(),
            route: decision.route.or(item.hints.route()).unwrap_or_default(),
        },
    })
}

/// Makes a dictation of a recording in the inbox, also of one that was discarded. The path in the request is used in
/// messages only.
///
/// # Errors
/// As [`intake::receive`]; nothing is changed then.
pub async fn assign(
    app: &App,
    id: InboxId,
    request: &Request,
    actor: &Actor,
) -> Result<Dictation, WorkflowError> {
    let item = app.store.find_in_inbox(&id.to_string()).await?;
    let checked = intake::check(app, request).await?;
    let (audio, sha256) = (app.audio.clone(), item.sha256.clone());
    tokio::task::spawn_blocking(move || audio.verified(&sha256).map(drop))
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))??;
    let sound = StoredAudio {
        sha256: item.sha256,
        bytes: item.bytes,
    };
    let new = intake::new_dictation(request, &checked, sound, item.original_name);
    let received = app
        .store
        .assign_from_inbox(id, new, app.stamp(actor))
        .await?;
    intake::received(app, received, request, &checked).await
}

/// The same by somebody who has logged in: a secretary, or the physician who dictated it.
///
/// # Errors
/// As [`assign`], and [`crate::workflow::Refusal::Policy`].
pub async fn assign_by(
    app: &App,
    who: &Who,
    id: InboxId,
    request: &Request,
) -> Result<Dictation, WorkflowError> {
    let patient = patients::find(app, &request.mrn).await?;
    let subject = Subject::in_record("inbox", id, patient.id).by(request.author.id);
    authorise(app, who, Action::HandIn, subject).await?;
    assign(app, id, request, &who.actor()).await
}

/// The sound of a recording in the inbox for somebody who has logged in: a secretary, or the physician whom everything
/// that came with it names.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`], and as [`crate::workflow::sound::Renditions::get`].
pub async fn hear_by(app: &App, who: &Who, item: &InboxItem) -> Result<Playable, WorkflowError> {
    let subject = Subject::arrival(item.id);
    let subject = match arrivals::author_of(app, &item.hints).await? {
        Ok(author) if !item.by_hand => subject.by(author.id),
        _ => subject,
    };
    authorise(app, who, Action::HearArrival, subject).await?;
    app.sound.get(app, &item.sha256).await
}

/// Puts a recording in the inbox aside, with a reason. Its sound stays, and it can still be assigned.
///
/// # Errors
/// [`WorkflowError::Invalid`] for an empty reason, [`StoreError::Conflict`] where it does not wait any more.
pub async fn discard(
    app: &App,
    id: InboxId,
    reason: &str,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let reason: Note = reason
        .parse()
        .map_err(|e: crate::domain::transition::InvalidNote| {
            WorkflowError::Invalid(e.to_string())
        })?;
    let stamp = app.stamp(actor);
    Ok(app
        .store
        .discard_from_inbox(id, reason.as_str().to_owned(), stamp)
        .await?)
}

/// The same by somebody who has logged in: a secretary.
///
/// # Errors
/// As [`discard`], and [`crate::workflow::Refusal::Policy`].
pub async fn discard_by(
    app: &App,
    who: &Who,
    id: InboxId,
    reason: &str,
) -> Result<(), WorkflowError> {
    authorise(app, who, Action::HandIn, Subject::NONE).await?;
    discard(app, id, reason, &who.actor()).await
}

/// Looks again at what waits: a patient or a physician may have been added since. Gives what became a dictation.
///
/// # Errors
/// [`WorkflowError::Store`] where the database cannot be used.
pub async fn look_again(app: &App, actor: &Actor) -> Result<Vec<Dictation>, WorkflowError> {
    let mut assigned = Vec::new();
    for item in app.store.inbox(false).await? {
        if item.by_hand {
            continue;
        }
        let name = PathBuf::from(&item.original_name);
        let Ok(request) = arrivals::resolve(app, &item.hints, &name).await? else {
            continue;
        };
        match assign(app, item.id, &request, actor).await {
            Ok(dictation) => assigned.push(dictation),
            // It goes on waiting.
            Err(WorkflowError::Refused(_) | WorkflowError::Audio(_)) => {}
            Err(WorkflowError::Store(StoreError::Conflict(_))) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(assigned)
}

/// Copies the recording out of the audio store, so that somebody can hear whose it is.
///
/// # Errors
/// [`WorkflowError::Audio`] where it is missing or damaged, [`WorkflowError::Invalid`] where the file is there already
/// or cannot be written.
pub async fn save(app: &App, item: &InboxItem, to: &Path) -> Result<(), WorkflowError> {
    let (audio, sha256, to) = (app.audio.clone(), item.sha256.clone(), to.to_path_buf());
    tokio::task::spawn_blocking(move || {
        let mut from = audio.verified(&sha256)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut copy = || {
            let mut file = options.open(&to)?;
            std::io::copy(&mut from, &mut file)
        };
        copy()
            .map(|_| ())
            .map_err(|e| WorkflowError::Invalid(format!("{}: {e}", to.display())))
    })
    .await
    .map_err(|e| StoreError::Broken(e.to_string()))?
}
