//! Works off the queue of transcriptions.
//!
//! The runner claims no more dictations than the pool has workers, and one STAT dictation beyond that: its pieces go
//! before those of the others, so that it does not wait for a long recording to end. A claim is renewed while the engine
//! works; a program that is killed gives everything back when its leases lapse, and nothing of a run is visible before it
//! is complete.

use crate::app::App;
use crate::audio::Input;
use crate::dictionary::index::Index;
use crate::domain::audit::Actor;
use crate::domain::dictation::Dictation;
use crate::domain::queue::HEARTBEAT;
use crate::domain::recognition::Recognition;
use crate::domain::transition::Note;
use crate::domain::worklist::Priority;
use crate::speech::engine::{Cancel, SpeechError};
use crate::speech::pool::{Pool, Urgency};
use crate::store::blobs::BlobError;
use crate::store::{Claim, StoreError};
pub use crate::workflow::hub::Event;
use crate::workflow::intake;
use crate::workflow::layers::{self, Background};
use crate::workflow::transcribe::{Options, TranscribeError, transcribe_as};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::task::{JoinError, JoinHandle, JoinSet};

/// How often a runner with nothing to do looks for work that nobody told it of: another program's, or a retry that is due.
const LOOK: Duration = Duration::from_secs(2);

/// Seconds done, and how many there are if the header says.
pub type Progress<'a> = &'a mut dyn FnMut(f64, Option<f64>);

/// What is to be heard.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// The stored recording; its bytes were checked.
    pub recording: &'a Input,
    /// What it belongs to: author, patient, orders.
    pub dictation: &'a Dictation,
    /// What is known before it is heard: the patient's record, and the layers over the dictionary.
    pub background: &'a Background,
    /// Stops it.
    pub cancel: &'a Cancel,
}

/// Transcribes a stored recording; blocks.
pub type Hear =
    dyn Fn(Hearing<'_>, Progress<'_>) -> Result<Recognition, TranscribeError> + Send + Sync;

/// The real thing: the pool hears, STAT first.
pub fn hear_with(pool: Pool, index: Arc<Index>, options: Options) -> Arc<Hear> {
    Arc::new(move |hearing: Hearing<'_>, progress: Progress<'_>| {
        let urgency = match hearing.dictation.orders.priority {
            Priority::Stat => Urgency::Stat,
            Priority::Urgent | Priority::Routine => Urgency::Batch,
        };
        let (recording, cancel) = (hearing.recording, hearing.cancel);
        let options = Options {
            patient: Some(hearing.background.patient.clone()),
            ready_texts: hearing.background.ready_texts.clone(),
            placed: hearing.background.placed.clone(),
            ..options.clone()
        };
        let index = Arc::new(layers::over(&index, hearing.background));
        transcribe_as(
            urgency, recording, &pool, &index, &options, cancel, progress,
        )
    })
}

/// Works off the queue. Clones are the same runner.
#[derive(Clone)]
pub struct Runner {
    app: App,
    hear: Arc<Hear>,
    workers: usize,
    actor: Actor,
}

impl Runner {
    /// A runner over `workers` workers of the engine (at least one).
    pub fn new(app: App, hear: Arc<Hear>, workers: usize) -> Self {
        Self {
            app,
            hear,
            workers: workers.max(1),
            actor: Actor {
                name: "system".into(),
                via: "queue".into(),
            },
        }
    }

    /// Says that there may be something to do: a recording was taken in.
    pub fn wake(&self) {
        self.app.hub.wake();
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.app.hub.events()
    }

    /// Works until `stop` is done; then what is under way is stopped and given back.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let cancel = Cancel::default();
        let mut running = JoinSet::new();
        tokio::pin!(stop);
        loop {
            if let Err(error) = self.fill(&mut running, &cancel).await {
                // A database that is busy or full is no reason to end; the next look may find it well again.
                tracing::error!(%error, "the queue of transcriptions cannot be read");
            }
            tokio::select! {
                () = &mut stop => break,
                Some(_) = running.join_next() => {}
                () = self.app.hub.woken() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        cancel.cancel();
        while running.join_next().await.is_some() {}
    }

    /// Works until nothing can be claimed at this time; what waits for its next attempt goes on waiting.
    ///
    /// # Errors
    /// [`StoreError`] where the queue cannot be read.
    pub async fn drain(&self) -> Result<(), StoreError> {
        let cancel = Cancel::default();
        let mut running = JoinSet::new();
        loop {
            self.fill(&mut running, &cancel).await?;
            if running.join_next().await.is_none() {
                return Ok(());
            }
        }
    }

    /// Claims as much as there are free workers, or one STAT dictation where there is none.
    async fn fill(&self, running: &mut JoinSet<()>, cancel: &Cancel) -> Result<(), StoreError> {
        // What has ended takes no room.
        while running.try_join_next().is_some() {}
        let (most, only_stat) = room(self.workers, running.len());
        if most == 0 {
            return Ok(());
        }
        let stamp = self.app.stamp(&self.actor);
        let claims = self
            .app
            .store
            .claim_transcriptions(most, only_stat, stamp)
            .await?;
        for claim in claims {
            let (runner, cancel) = (self.clone(), cancel.child());
            running.spawn(async move { runner.work(claim, cancel).await });
        }
        Ok(())
    }

    /// Transcribes one dictation and writes what came of it.
    async fn work(&self, claim: Claim, cancel: Cancel) {
        let id = claim.dictation_id;
        self.tell(Event::Started(id));
        let result = self.attempt(&claim, &cancel).await;
        let event = match &result {
            Ok(()) => Event::Drafted(id),
            Err(Failure::Stopped) => Event::Stopped(id),
            Err(_) => Event::Failed(id),
        };
        if let Err(failure) = result
            && let Err(error) = self.give_back(claim, failure).await
        {
            // The lease lapses, and that gives it back, too.
            tracing::error!(%error, dictation = %id, "a failed transcription cannot be given back");
        }
        self.tell(event);
    }

    async fn attempt(&self, claim: &Claim, cancel: &Cancel) -> Result<(), Failure> {
        let id = claim.dictation_id;
        let dictation = self.app.store.dictation(id).await.map_err(Failure::again)?;
        let background = layers::background_of(&self.app, &dictation)
            .await
            .map_err(Failure::again)?;
        let (hear, hub) = (self.hear.clone(), self.app.hub.clone());
        let (audio, heard_cancel) = (self.app.audio.clone(), cancel.clone());
        let sha256 = first_sound(&dictation).map_err(Failure::for_good)?;
        let work = tokio::task::spawn_blocking(move || -> Result<Recognition, Failure> {
            let recording = intake::stored_sound(&audio, &sha256)?;
            let mut progress = |done_s: f64, total_s: Option<f64>| {
                hub.tell(Event::Heard(id, done_s, total_s));
            };
            let hearing = Hearing {
                recording: &recording,
                dictation: &dictation,
                background: &background,
                cancel: &heard_cancel,
            };
            Ok(hear(hearing, &mut progress)?)
        });
        let recognition = leased(&self.app, claim, work, cancel)
            .await
            .map_err(|_| Failure::again("the engine stopped with an error"))??;
        let stamp = self.app.stamp(&self.actor);
        match self
            .app
            .store
            .complete_dictation(id, recognition, stamp)
            .await
        {
            Ok(_) => Ok(()),
            // Somebody else was faster, or it was deleted meanwhile: there is nothing left to do.
            Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(Failure::again(error)),
        }
    }

    async fn give_back(&self, claim: Claim, failure: Failure) -> Result<(), StoreError> {
        let stamp = self.app.stamp(&self.actor);
        let store = &self.app.store;
        match failure {
            Failure::Stopped => store.release_transcription(claim, stamp).await,
            Failure::Failed { reason, for_good } => {
                tracing::warn!(dictation = %claim.dictation_id, for_good, "a transcription failed");
                store
                    .fail_transcription(claim, reason, for_good, stamp)
                    .await
                    .map(drop)
            }
        }
    }

    fn tell(&self, event: Event) {
        self.app.hub.tell(event);
    }
}

/// How many may be claimed, and whether only STAT.
fn room(workers: usize, running: usize) -> (usize, bool) {
    match workers.checked_sub(running) {
        None => (0, false),
        Some(0) => (1, true),
        Some(free) => (free, false),
    }
}

/// Why an attempt gave no draft.
#[derive(Debug)]
enum Failure {
    /// The runner ends, or somebody else has the claim.
    Stopped,
    /// It failed.
    Failed {
        reason: Note,
        /// Whether another attempt cannot help.
        for_good: bool,
    },
}

impl Failure {
    fn again(reason: impl std::fmt::Display) -> Self {
        Self::Failed {
            reason: Note::of_machine(&reason.to_string()),
            for_good: false,
        }
    }

    fn for_good(reason: impl std::fmt::Display) -> Self {
        Self::Failed {
            reason: Note::of_machine(&reason.to_string()),
            for_good: true,
        }
    }
}

impl From<TranscribeError> for Failure {
    fn from(error: TranscribeError) -> Self {
        match error {
            TranscribeError::Speech(SpeechError::Cancelled) => Self::Stopped,
            TranscribeError::Speech(error) => Self::again(error),
            // The same bytes will not decode better the next time.
            TranscribeError::Audio(error) => Self::for_good(error),
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Missing { .. } | BlobError::Damaged { .. } => Self::for_good(error),
            _ => Self::again(error),
        }
    }
}

fn first_sound(dictation: &Dictation) -> Result<String, &'static str> {
    dictation
        .takes
        .first()
        .map(|take| take.sha256.clone())
        .ok_or("the dictation has no recording")
}

/// Waits for the work, renewing its claim all the while; cancels it where the claim is lost.
pub(super) async fn leased<T>(
    app: &App,
    claim: &Claim,
    mut work: JoinHandle<T>,
    cancel: &Cancel,
) -> Result<T, JoinError> {
    let every = Duration::try_from(HEARTBEAT).unwrap_or(LOOK);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(every) => {
                // A database that is busy now may be free at the next beat; only a clear no ends the work.
                if let Ok(false) = app.store.renew_claim(claim.clone(), app.clock.now()).await {
                    cancel.cancel();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_claimed_than_there_are_free_workers_but_one_stat() {
        assert_eq!(room(2, 0), (2, false));
        assert_eq!(room(2, 1), (1, false));
        assert_eq!(room(2, 2), (1, true));
        assert_eq!(room(2, 3), (0, false));
    }
}
