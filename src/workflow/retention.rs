//! What is removed after its time: recordings, so many days after the last thing happened to a dictation that is filed or
//! was deleted. The report, the words that were heard and every trace of what was done stay.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::PatientId;
use crate::domain::patient::Mrn;
use crate::domain::policy::Action;
pub use crate::store::{Hold, Over};
use crate::workflow::people::{Subject, Who, authorise};
use crate::workflow::{WorkflowError, patients, upkeep};
use jiff::{SignedDuration, Timestamp};

/// What a run removed, or would remove.
#[derive(Debug, Clone, PartialEq)]
pub struct Removed {
    /// Days for which recordings are kept.
    pub days: u32,
    /// The recordings.
    pub sounds: Vec<Over>,
    /// Recordings whose time is over and that a legal hold keeps.
    pub held: usize,
}

impl Removed {
    /// Bytes of all that was removed.
    pub fn bytes(&self) -> u64 {
        self.sounds.iter().map(|sound| sound.bytes).sum()
    }
}

/// Removes what is over; with `dry_run` only says what that would be. Each removal is in the audit trail before the file
/// goes. A run that is killed between the two is ended by the next.
///
/// # Errors
/// [`WorkflowError::Invalid`] where no time is set.
pub async fn run(app: &App, dry_run: bool, actor: &Actor) -> Result<Removed, WorkflowError> {
    let Some(days) = app.config.retention.audio_days else {
        return Err(WorkflowError::Invalid(
            "recordings are kept for ever; to remove them after a time set audio_days below [retention] in the configuration file"
                .into(),
        ));
    };
    let _turn = upkeep::turn(app)?;
    let before = ended_before(app, days)?;
    if !dry_run {
        // What a killed run noted and did not get to. A recording that was handed in once more since goes with them: its
        // dictation is over.
        for sha256 in app.store.removed_sounds().await? {
            app.audio.remove(&sha256)?;
            app.sound.forget(&sha256).await?;
        }
    }
    let over = app.store.sounds_over(before).await?;
    let held = over.iter().filter(|sound| sound.held).count();
    let mut sounds = Vec::new();
    for sound in over.into_iter().filter(|sound| !sound.held) {
        if !dry_run {
            let stamp = app.stamp(actor);
            let sha256 = sound.sha256.clone();
            if !app.store.remove_sound(sha256, days, before, stamp).await? {
                continue;
            }
            app.audio.remove(&sound.sha256)?;
            app.sound.forget(&sound.sha256).await?;
        }
        sounds.push(sound);
    }
    Ok(Removed { days, sounds, held })
}

/// How recordings stand at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Days for which recordings are kept; none: for ever.
    pub days: Option<u32>,
    /// What the next run removes.
    pub sounds: Vec<Over>,
    /// Recordings whose time is over and that a legal hold keeps.
    pub held: usize,
}

impl Standing {
    /// Bytes of all that the next run removes.
    pub fn bytes(&self) -> u64 {
        self.sounds.iter().map(|sound| sound.bytes).sum()
    }
}

/// For how long recordings are kept, and which the next run removes.
///
/// # Errors
/// [`WorkflowError::Invalid`] where the time is too long to be reckoned with.
pub async fn standing(app: &App) -> Result<Standing, WorkflowError> {
    let days = app.config.retention.audio_days;
    let over = match days {
        Some(days) => app.store.sounds_over(ended_before(app, days)?).await?,
        None => Vec::new(),
    };
    let (held, sounds): (Vec<_>, Vec<_>) = over.into_iter().partition(|sound| sound.held);
    Ok(Standing {
        days,
        sounds,
        held: held.len(),
    })
}

/// Before which a dictation has to have ended for its recording to go.
fn ended_before(app: &App, days: u32) -> Result<Timestamp, WorkflowError> {
    app.clock
        .now()
        .checked_sub(SignedDuration::from_hours(24 * i64::from(days)))
        .map_err(|_| WorkflowError::Invalid(format!("{days} days are too long a time")))
}

/// Keeps everything of a patient's until the hold is lifted.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] without a reason; a conflict where there is a hold.
pub async fn hold(app: &App, who: &Who, mrn: &Mrn, reason: &str) -> Result<(), WorkflowError> {
    let (patient, reason) = may_change(app, who, mrn, reason).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app
        .store
        .place_hold(patient, who.user.id, reason, stamp)
        .await?)
}

/// Lifts the hold.
///
/// # Errors
/// As [`hold`].
pub async fn lift(app: &App, who: &Who, mrn: &Mrn, reason: &str) -> Result<(), WorkflowError> {
    let (patient, reason) = may_change(app, who, mrn, reason).await?;
    let stamp = app.stamp(&who.actor());
    Ok(app
        .store
        .lift_hold(patient, who.user.id, reason, stamp)
        .await?)
}

async fn may_change(
    app: &App,
    who: &Who,
    mrn: &Mrn,
    reason: &str,
) -> Result<(PatientId, String), WorkflowError> {
    authorise(app, who, Action::ManageSettings, Subject::NONE).await?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(WorkflowError::Invalid(
            "a hold needs a reason, for example the number of the case".into(),
        ));
    }
    let patient = patients::find(app, mrn).await?;
    Ok((patient.id, reason.to_owned()))
}

/// Every hold there is or was, newest first.
pub async fn holds(app: &App) -> Result<Vec<Hold>, WorkflowError> {
    Ok(app.store.holds().await?)
}
