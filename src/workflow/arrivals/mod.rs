//! Recordings that come by themselves: from a folder, by the hundred, with nobody beside them.
//!
//! [`look_at`] finds out what should become of a file and writes nothing; [`take_in`] does it. A file whose patient or
//! author is not certain goes to the [`crate::workflow::inbox`]. What was delivered before is known by its sound: the
//! same bytes are never taken in twice, whatever they are called.

mod csv;
mod files;
mod rules;

pub use csv::line as csv_line;
pub use files::{Listing, find_in_watched, find_recordings, is_recording};
pub use rules::{Found, List, ListError, Matching, Rules, RulesError, sidecars};

use crate::app::App;
use crate::audio::{AudioError, OpenOptions};
use crate::domain::arrival::{Field, Hints, InboxState};
use crate::domain::audit::Actor;
use crate::domain::ids::{DictationId, InboxId};
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::domain::worklist::Orders;
use crate::store::blobs;
use crate::store::{KnownSound, NewItem, StoreError};
use crate::workflow::intake::{self, Request};
use crate::workflow::{Refusal, WorkflowError, users};
use std::path::Path;
use std::sync::Arc;

/// Somebody or something that takes recordings in.
#[derive(Debug, Clone)]
pub struct Desk {
    /// How the inbox calls the place they come from.
    pub source: String,
    /// How the audit trail calls it.
    pub actor: Actor,
    /// How recordings are opened.
    pub open: OpenOptions,
}

/// What is known about a file, and what should become of it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The file.
    pub found: Found,
    /// SHA-256 (hex) of its bytes, where they can be read.
    pub sha256: Option<String>,
    /// Its length in seconds, where its header says so and it was opened.
    pub length_s: Option<f64>,
    /// What the sources say.
    pub hints: Hints,
    /// What should become of it.
    pub plan: Plan,
}

/// What should become of a file.
#[derive(Debug, Clone)]
pub enum Plan {
    /// It becomes a dictation.
    TakeIn(Box<Request>),
    /// It waits in the inbox and can become a dictation now.
    Assign(InboxId, Box<Request>),
    /// It goes to the inbox, or stays there.
    Inbox {
        /// Why.
        reason: String,
        /// Whether only a person can settle it; else a patient or a physician may just not be there yet.
        by_hand: bool,
    },
    /// Nothing is to be done.
    Nothing(Outcome),
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is a dictation now.
    TakenIn(DictationId),
    /// It was taken in before.
    Known(DictationId),
    /// It was taken in before, and that dictation was deleted since.
    Deleted(DictationId),
    /// It waits in the inbox, because of this.
    InInbox(InboxId, String),
    /// It was in the inbox before and was put aside.
    Discarded(InboxId),
    /// Another file of the same run has the same sound.
    Duplicate(String),
    /// A rule forbids it.
    Refused(String),
    /// It cannot be used as a recording.
    Unreadable(String),
    /// It cannot be read now; another time it may be.
    NotNow(String),
}

impl Outcome {
    /// The dictation that the recording belongs to.
    pub fn dictation(&self) -> Option<DictationId> {
        match self {
            Self::TakenIn(id) | Self::Known(id) | Self::Deleted(id) => Some(*id),
            _ => None,
        }
    }

    /// Why, where there is something to say.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::InInbox(_, reason)
            | Self::Refused(reason)
            | Self::Unreadable(reason)
            | Self::NotNow(reason) => Some(reason),
            Self::Duplicate(_)
            | Self::TakenIn(_)
            | Self::Known(_)
            | Self::Deleted(_)
            | Self::Discarded(_) => None,
        }
    }
}

/// What a file is, found without the database.
struct Looked {
    sha256: String,
    known: rules::Known,
}

/// Finds out what should become of a file. Writes nothing.
///
/// # Errors
/// [`WorkflowError::Store`] where the database cannot be asked.
pub async fn look_at(
    app: &App,
    rules: &Arc<Rules>,
    desk: &Desk,
    found: Found,
) -> Result<Arrival, WorkflowError> {
    let mut arrival = Arrival {
        found: found.clone(),
        sha256: None,
        length_s: None,
        hints: Hints::default(),
        plan: Plan::Nothing(Outcome::NotNow(String::new())),
    };
    let looked = {
        let (rules, found) = (rules.clone(), found.clone());
        blocking(move || look(&rules, &found)).await?
    };
    let looked = match looked {
        Ok(looked) => looked,
        Err(outcome) => {
            arrival.plan = Plan::Nothing(outcome);
            return Ok(arrival);
        }
    };
    arrival.hints = looked.known.hints.clone();
    arrival.sha256 = Some(looked.sha256.clone());
    let before = app.store.known_sound(&looked.sha256).await?;
    if let Some(outcome) = seen_before(app, &before, &looked.known).await? {
        arrival.plan = Plan::Nothing(outcome);
        return Ok(arrival);
    }
    let opened = {
        let (path, open) = (found.path.clone(), desk.open.clone());
        blocking(move || intake::check_recording(&path, &open)).await?
    };
    match opened {
        Ok(length_s) => arrival.length_s = length_s,
        Err(error) => {
            arrival.plan = Plan::Nothing(unusable(&error));
            return Ok(arrival);
        }
    }
    let mut by_hand = looked.known.problem.is_some();
    let resolved = match &looked.known.problem {
        Some(problem) => Err(problem.clone()),
        None => resolve(app, &looked.known.hints, &found.path).await?,
    };
    let resolved = match resolved {
        Ok(request) if looked.known.listed => {
            let patient = intake::check(app, &request).await?.patient.id;
            let namesake = app
                .store
                .has_namesake(patient, &found.name(), &looked.sha256)
                .await?;
            by_hand = namesake;
            if namesake {
                Err("the list names it, and this patient's record has another recording of that name: the line may be an old one".into())
            } else {
                Ok(request)
            }
        }
        other => other,
    };
    arrival.plan = match (resolved, before.item) {
        (Ok(request), None) => Plan::TakeIn(Box::new(request)),
        (Ok(request), Some(item)) => Plan::Assign(item.id, Box::new(request)),
        (Err(reason), _) => Plan::Inbox { reason, by_hand },
    };
    Ok(arrival)
}

/// Runs something that reads files. Where it panics, the file is at fault.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WorkflowError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Broken(format!("looking at a file failed: {e}")).into())
}

fn look(rules: &Rules, found: &Found) -> Result<Looked, Outcome> {
    let meta = std::fs::metadata(&found.path).map_err(|e| not_read(&e))?;
    if !meta.is_file() {
        return Err(Outcome::Unreadable("it is no regular file".into()));
    }
    if meta.len() == 0 {
        return Err(Outcome::Unreadable(
            "the file is empty (0 bytes); copy it from the recorder again".into(),
        ));
    }
    Ok(Looked {
        sha256: blobs::file_sha256(&found.path).map_err(|e| not_read(&e))?,
        known: rules.known(found),
    })
}

fn not_read(e: &std::io::Error) -> Outcome {
    Outcome::NotNow(format!("it cannot be read ({e})"))
}

/// Whether a file that cannot be opened as a recording is at fault itself.
fn unusable(error: &AudioError) -> Outcome {
    let reason = error.to_string();
    // The path stands beside it.
    let reason = reason
        .split_once(": ")
        .map_or(reason.as_str(), |(_, reason)| reason)
        .to_owned();
    match error {
        AudioError::Missing(_) | AudioError::Read(..) | AudioError::NoDecoder(..) => {
            Outcome::NotNow(reason)
        }
        _ => Outcome::Unreadable(reason),
    }
}

/// What became of this sound when it was delivered before.
async fn seen_before(
    app: &App,
    before: &KnownSound,
    known: &rules::Known,
) -> Result<Option<Outcome>, WorkflowError> {
    let standing: Vec<_> = before.dictations.iter().filter(|d| !d.deleted).collect();
    if let Some(newest) = standing.last() {
        let Some(mrn) = known.hints.mrn() else {
            return Ok(Some(Outcome::Known(newest.id)));
        };
        let patient = app.store.patient_by_mrn(mrn).await?;
        let same = standing
            .iter()
            .find(|d| patient.as_ref().is_some_and(|p| p.id == d.patient_id));
        return Ok(Some(match same {
            Some(same) => Outcome::Known(same.id),
            None => Outcome::Refused(
                "this very recording is in another patient's record; nothing was stored. Check whose it is"
                    .into(),
            ),
        }));
    }
    if let Some(deleted) = before.dictations.last() {
        return Ok(Some(Outcome::Deleted(deleted.id)));
    }
    Ok(before
        .item
        .as_ref()
        .filter(|item| item.state == InboxState::Discarded)
        .map(|item| Outcome::Discarded(item.id)))
}

/// Who and what is meant, or why that is not certain.
pub(super) async fn resolve(
    app: &App,
    hints: &Hints,
    recording: &Path,
) -> Result<Result<Request, String>, WorkflowError> {
    let Some(mrn) = hints.mrn() else {
        return Ok(Err(
            "nothing names its patient: neither its name nor a list, a sidecar or its header"
                .into(),
        ));
    };
    let author = match author_of(app, hints).await? {
        Ok(author) => author,
        Err(reason) => return Ok(Err(reason)),
    };
    let request = Request {
        recording: recording.to_path_buf(),
        mrn,
        birth_date: hints.birth_date(),
        author,
        encounter: hints.get(Field::Encounter).map(str::to_owned),
        orders: Orders {
            priority: hints.priority().unwrap_or_default(),
            route: hints.route().unwrap_or_default(),
        },
    };
    match intake::check(app, &request).await {
        Ok(_) => Ok(Ok(request)),
        Err(WorkflowError::Refused(Refusal::IdentityMismatch { mrn })) => Ok(Err(format!(
            "the date of birth that came with it is not the one in record {mrn}"
        ))),
        Err(WorkflowError::Refused(Refusal::OtherEncounter { encounter, mrn })) => Ok(Err(
            format!("encounter {encounter} is not one of record {mrn}"),
        )),
        Err(WorkflowError::Store(e @ (StoreError::NotFound(_) | StoreError::Conflict(_)))) => {
            Ok(Err(e.to_string()))
        }
        Err(other) => Err(other),
    }
}

/// Who dictated: who is named; else whom the recorder names, if that is somebody here; else whose recordings come from
/// that place; else the only physician there is.
pub(super) async fn author_of(
    app: &App,
    hints: &Hints,
) -> Result<Result<User, String>, WorkflowError> {
    let physician = async |name: &str| -> Result<Option<User>, WorkflowError> {
        let user = app.store.user_by_name(name).await?;
        Ok(user.filter(|u| u.role == Role::Physician))
    };
    let recorder = match hints.get(Field::RecorderAuthor) {
        Some(name) => physician(name).await?,
        None => None,
    };
    if let Some(named) = hints.get(Field::Author) {
        return Ok(match (physician(named).await?, recorder) {
            (None, _) => Err(format!(
                "its author {named:?} is no physician here; `[recorders.authors]` in the configuration says what people are called"
            )),
            (Some(named), Some(recorder)) if named.id != recorder.id => Err(format!(
                "its author is not certain: {} is named, and the recorder is {}'s",
                named.username, recorder.username
            )),
            (Some(named), _) => Ok(named),
        });
    }
    if let Some(recorder) = recorder {
        return Ok(Ok(recorder));
    }
    if let Some(usual) = hints.get(Field::UsualAuthor) {
        return Ok(physician(usual)
            .await?
            .ok_or_else(|| format!("the usual author {usual:?} is no physician here")));
    }
    match users::physician(app, None).await {
        Ok(only) => Ok(Ok(only)),
        Err(WorkflowError::Invalid(_)) => Ok(Err(
            "nothing says who dictated: neither its name nor a list, a sidecar or its header"
                .into(),
        )),
        Err(other) => Err(other),
    }
}

/// Does what was planned for a file.
///
/// # Errors
/// [`WorkflowError::Store`] and [`WorkflowError::Audio`] where nothing can be stored at this time.
pub async fn take_in(app: &App, desk: &Desk, arrival: &Arrival) -> Result<Outcome, WorkflowError> {
    match &arrival.plan {
        Plan::Nothing(outcome) => Ok(outcome.clone()),
        Plan::TakeIn(request) => {
            let result = intake::receive(app, (**request).clone(), &desk.actor).await;
            received(result.map(|dictation| dictation.id))
        }
        Plan::Assign(item, request) => {
            let result = super::inbox::assign(app, *item, request, &desk.actor).await;
            received(result.map(|dictation| dictation.id))
        }
        Plan::Inbox { reason, by_hand } => {
            let stored = match intake::keep_sound(app, arrival.found.path.clone()).await {
                Ok(stored) => stored,
                Err(WorkflowError::Recording { reason, .. }) => {
                    return Ok(Outcome::NotNow(reason));
                }
                Err(other) => return Err(other),
            };
            let new = NewItem {
                sha256: stored.sha256,
                bytes: stored.bytes,
                original_name: arrival.found.name(),
                source: desk.source.clone(),
                hints: arrival.hints.clone(),
                reason: reason.clone(),
                by_hand: *by_hand,
            };
            let id = app.store.put_in_inbox(new, app.stamp(&desk.actor)).await?;
            Ok(Outcome::InInbox(id, reason.clone()))
        }
    }
}

/// What a refusal at the last moment means: somebody else took the recording in, in another way.
fn received(result: Result<DictationId, WorkflowError>) -> Result<Outcome, WorkflowError> {
    match result {
        Ok(id) => Ok(Outcome::TakenIn(id)),
        Err(WorkflowError::Refused(refusal)) => Ok(Outcome::Refused(refusal.to_string())),
        Err(WorkflowError::Recording { reason, .. }) => Ok(Outcome::NotNow(reason)),
        Err(WorkflowError::Store(e @ (StoreError::NotFound(_) | StoreError::Conflict(_)))) => {
            Ok(Outcome::Refused(e.to_string()))
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_may_be_read_later_is_not_the_files_fault() {
        let path = || PathBuf::from("/in/a.wav");
        for (error, later) in [
            (AudioError::Missing(path()), true),
            (
                AudioError::Read(path(), std::io::Error::other("gone")),
                true,
            ),
            (
                AudioError::NoDecoder(path(), "DSS", "there is none".into()),
                true,
            ),
            (AudioError::NotAudio(path(), "a letter".into()), false),
            (AudioError::NoSamples(path()), false),
            (AudioError::Encrypted(path()), false),
        ] {
            let outcome = unusable(&error);
            assert_eq!(matches!(outcome, Outcome::NotNow(_)), later, "{error}");
            assert!(!outcome.reason().unwrap().contains("/in/"), "{outcome:?}");
        }
    }
}
