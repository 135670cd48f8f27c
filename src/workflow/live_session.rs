//! Dictating into the service: sessions that outlive their connection.
//!
//! A session is a row in the database (who dictates for whom) and a [`Journal`] in the data folder (what was said). Whoever
//! holds the connection is [`Attached`]: sound goes in and is on the disk before it is acknowledged, live text comes out. When
//! the connection breaks, the session stays as it is; the next one asks how much is kept and goes on from there. Only its
//! author ends it: by finishing it, which makes a dictation of it in the queue, or by throwing it away.
//!
//! Nothing here knows how sound and text travel.

use crate::app::App;
use crate::audio::SAMPLE_RATE;
use crate::audio::journal::{Journal, Piece, compose};
pub use crate::audio::journal::{Mode, Refused, samples};
pub use crate::audio::seconds;
use crate::domain::audit::Actor;
use crate::domain::finding::Finding;
use crate::domain::ids::{DictationId, LiveId, PatientId, UserId};
use crate::domain::patient::Mrn;
use crate::domain::template::PlacedText;
use crate::domain::transcript::Word;
use crate::domain::transition::Note as Instruction;
use crate::domain::user::User;
use crate::domain::worklist::{Orders, Priority, Route};
use crate::speech::engine::{Cancel, SpeechError};
use crate::speech::live::Update;
use crate::speech::pool::Pool;
use crate::store::blobs::BlobError;
use crate::store::keys::Keys;
use crate::store::vault::{Vault, VaultError};
use crate::store::{LiveDictation, LiveEnd, NewTake, StoreError};
use crate::workflow::dictate::Desk;
use crate::workflow::intake::{self, Checked, Sound};
use crate::workflow::room::{self, NoRoom};
use crate::workflow::sealed::Sealed;
use crate::workflow::{Refusal, WorkflowError, off_thread};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Folder inside the data folder.
pub const FOLDER: &str = "live";

/// What the sealed file of a dictation is known by.
fn name_of(id: LiveId) -> String {
    format!("live {id}")
}

/// How often the hearing thread looks for an answer of the engine.
const LOOK: Duration = Duration::from_millis(20);

/// How long a session without a connection stays ready for the next one, so that its text goes on as if nothing had been.
const READY: Duration = Duration::from_secs(120);

/// Days after which the sound of a dictation that its author threw away is deleted.
const DISCARDED_DAYS: i64 = 30;

/// What a service can take at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that are open at once.
    pub sessions: usize,
    /// Samples of one dictation, all takes together.
    pub longest: u64,
    /// Bytes that have to stay free on the disk.
    pub free: u64,
    /// How long a socket may take to say what it is for.
    pub hello: Duration,
    /// After how long a socket is gone that neither says nor answers anything; it is asked three times in that time.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 100,
            longest: 6 * 3600 * SAMPLE_RATE as u64,
            free: room::KEEP_FREE,
            hello: Duration::from_secs(10),
            silence: Duration::from_secs(45),
        }
    }
}

/// With what live text is heard.
#[derive(Clone)]
pub struct Hearing {
    /// The loaded model.
    pub pool: Pool,
    /// ISO 639-1 code.
    pub language: String,
    /// What the engine is told to expect; may be empty.
    pub prompt: String,
}

/// Why a dictation is not begun, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A rule forbids it, or the database failed.
    #[error(transparent)]
    Workflow(WorkflowError),
    /// The sound does not fit, or cannot be kept.
    #[error(transparent)]
    Sound(#[from] Refused),
    /// The service is full.
    #[error("too many people dictate at the moment; try again in a minute")]
    Busy,
    /// The disk is full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// It was handed on before.
    #[error("this dictation was handed on already")]
    Finished(DictationId),
    /// Its author threw it away.
    #[error("this dictation was thrown away")]
    Discarded,
    /// It ends at this moment.
    #[error("this dictation has ended")]
    Over,
    /// There is none of this author.
    #[error("there is no such dictation of yours")]
    Unknown,
    /// Another connection goes on with it.
    #[error("this dictation goes on in another window")]
    TakenOver,
    /// Nothing to hand on.
    #[error("nothing was recorded; there is nothing to hand on")]
    Empty,
}

impl<T: Into<WorkflowError>> From<T> for LiveError {
    fn from(error: T) -> Self {
        Self::Workflow(error.into())
    }
}

impl LiveError {
    /// A stable word for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Workflow(e) if e.is_not_found() => "not_found",
            Self::Workflow(WorkflowError::Refused(Refusal::IdentityMismatch { .. })) => {
                "identity_mismatch"
            }
            Self::Workflow(
                WorkflowError::Refused(_) | WorkflowError::Store(StoreError::Conflict(_)),
            ) => "conflict",
            Self::Workflow(WorkflowError::Invalid(_)) => "invalid",
            Self::Workflow(_) => "failed",
            Self::Sound(Refused::Gap { .. }) => "gap",
            Self::Sound(Refused::NoTake { .. } | Refused::OtherTake { .. }) => "take",
            Self::Sound(Refused::Closed { .. }) => "closed",
            Self::Sound(Refused::TooLong(_) | Refused::TooMany) => "too_large",
            Self::Sound(Refused::Disk { .. } | Refused::Foreign(_)) => "disk",
            Self::Busy => "busy",
            Self::NoRoom(_) => "disk_full",
            Self::Finished(_) => "finished",
            Self::Discarded => "discarded",
            Self::Over => "over",
            Self::Unknown => "not_found",
            Self::TakenOver => "taken_over",
            Self::Empty => "empty",
        }
    }
}

/// What the author decides at the end; what is not said stays as it was at the start.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Who gets the draft.
    pub route: Option<Route>,
    /// What is to be done, for the secretary.
    pub instruction: Option<Instruction>,
    /// Ready texts that were put between the words, in their order.
    pub placed: Vec<PlacedText>,
}

/// What is to be dictated.
#[derive(Debug, Clone)]
pub struct Start {
    /// Made by the browser, so that asking twice begins one dictation.
    pub id: LiveId,
    /// The first identifier.
    pub mrn: Mrn,
    /// The second identifier.
    pub birth_date: Option<Date>,
    /// The encounter, as it is named.
    pub encounter: Option<String>,
    /// How it is to be worked on.
    pub orders: Orders,
}

/// What comes out of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Words that are committed now, and what else is heard so far. Seconds of the take.
    Text {
        /// Which take.
        take: u32,
        /// They follow those before and never change.
        committed: Vec<Word>,
        /// They replace the partial words before.
        partial: Vec<Word>,
    },
    /// Something a person should look at. Seconds of the take.
    Finding {
        /// Which take.
        take: u32,
        /// What.
        finding: Finding,
    },
    /// There is no live text, or none any more; the sound is kept all the same.
    NoText(String),
}

/// A take as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptTake {
    /// Where it goes.
    pub mode: Mode,
    /// Samples that are on the disk.
    pub samples: u64,
    /// The words that were committed in it so far.
    pub committed: Vec<Word>,
}

/// A dictation that its author has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// What the database knows.
    pub live: LiveDictation,
    /// Seconds of the recording.
    pub length_s: f64,
    /// Whether it is being recorded at the moment.
    pub attached: bool,
}

/// What is noted in the journal beside the sound.
#[derive(Serialize, Deserialize)]
struct Note {
    take: u32,
    committed: Vec<Word>,
}

/// All sessions of a service. Clones are the same.
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
}

struct Inner {
    vault: Vault,
    limits: Limits,
    open: Mutex<HashMap<LiveId, Arc<Session>>>,
    /// Held while a session comes into the map, so that its file is opened once.
    opening: tokio::sync::Mutex<()>,
    /// Filled once a model is loaded.
    hearing: OnceLock<Hearing>,
}

struct Session {
    id: LiveId,
    patient: PatientId,
    state: Mutex<State>,
    /// Stops the engine.
    cancel: Cancel,
}

struct State {
    journal: Journal,
    /// Number of the connection that holds it, and where it listens; none while nobody is connected.
    holder: u64,
    told: Option<UnboundedSender<Told>>,
    /// The thread that hears, if there is a model.
    ear: Option<Sender<ToHear>>,
    ended: bool,
}

enum ToHear {
    /// From this sample of the take on.
    Take(u32, u64),
    Sound(Vec<i16>),
}

impl Session {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Over the data folder; its own folder is made when it is needed.
    pub fn new(data: &Path, keys: &Keys, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                vault: Vault::new(data.join(FOLDER), keys),
                limits,
                open: Mutex::default(),
                opening: tokio::sync::Mutex::default(),
                hearing: OnceLock::new(),
            }),
        }
    }

    /// What is too much, and how long is too long.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Says with what live text is heard from now on, also in what is being recorded; only the first word counts.
    pub fn hear_with(&self, hearing: Hearing) {
        if self.inner.hearing.set(hearing.clone()).is_err() {
            return; // a second model would hear otherwise in the middle of a day
        }
        let open: Vec<Arc<Session>> = self.inner.lock().values().cloned().collect();
        for session in open {
            begin_to_hear(&session, hearing.clone());
        }
    }

    /// Whether there is live text.
    pub fn hears(&self) -> bool {
        self.inner.hearing.get().is_some()
    }

    /// Sessions that are open, and those of them that are being recorded.
    pub fn count(&self) -> (usize, usize) {
        let open = self.inner.lock();
        let attached = open.values().filter(|s| s.lock().told.is_some()).count();
        (open.len(), attached)
    }

    /// Begins a dictation, or goes on with the one that was begun under this identifier.
    ///
    /// # Errors
    /// [`LiveError`]; nothing is stored then.
    pub async fn start(
        &self,
        app: &App,
        author: &User,
        actor: &Actor,
        start: Start,
    ) -> Result<Attached, LiveError> {
        let _one = self.inner.opening.lock().await;
        if app.store.live(start.id).await?.is_some() {
            return self.attach(app, author, start.id).await;
        }
        self.has_room()?;
        let owner = intake::identify(
            app,
            &start.mrn,
            start.birth_date,
            start.encounter.as_deref(),
        )
        .await?;
        let journal = self.journal(start.id, true).await?;
        let now = app.clock.now();
        let live = LiveDictation {
            id: start.id,
            author_id: author.id,
            patient_id: owner.patient.id,
            encounter_id: owner.encounter_id,
            identity_verified: owner.identity_verified,
            orders: start.orders,
            begun_at: now,
            touched_at: now,
            end: None,
        };
        app.store.begin_live(live.clone(), app.stamp(actor)).await?;
        Ok(self.enter(app, &live, journal).await)
    }

    /// Goes on with a dictation of this author.
    ///
    /// # Errors
    /// [`LiveError::Unknown`], also for somebody else's; [`LiveError::Finished`] and [`LiveError::Discarded`] where it has ended.
    pub async fn resume(
        &self,
        app: &App,
        author: &User,
        id: LiveId,
    ) -> Result<Attached, LiveError> {
        let _one = self.inner.opening.lock().await;
        self.attach(app, author, id).await
    }

    async fn attach(&self, app: &App, author: &User, id: LiveId) -> Result<Attached, LiveError> {
        let live = app
            .store
            .live(id)
            .await?
            .filter(|live| live.author_id == author.id)
            .ok_or(LiveError::Unknown)?;
        match live.end {
            Some(LiveEnd::Finished(dictation)) => return Err(LiveError::Finished(dictation)),
            Some(LiveEnd::Discarded) => return Err(LiveError::Discarded),
            None => {}
        }
        let known = self.inner.lock().get(&id).cloned();
        match known {
            Some(session) => Ok(Attached::to(self.clone(), app, session)),
            None => {
                self.has_room()?;
                let journal = self.journal(id, false).await?;
                Ok(self.enter(app, &live, journal).await)
            }
        }
    }

    /// What this author has begun and not ended, the newest first.
    pub async fn unfinished(
        &self,
        app: &App,
        author: UserId,
    ) -> Result<Vec<Unfinished>, WorkflowError> {
        let mut out = Vec::new();
        for live in app.store.open_live(author).await? {
            let known = self.inner.lock().get(&live.id).cloned();
            let (inner, id) = (self.inner.clone(), live.id);
            let (length_s, attached) = off_thread(move || match known {
                Some(session) => {
                    let state = session.lock();
                    (state.journal.length_s(), state.told.is_some())
                }
                None => (inner.length_of(id), false),
            })
            .await?;
            out.push(Unfinished {
                live,
                length_s,
                attached,
            });
        }
        Ok(out)
    }

    /// Deletes the sound of what was thrown away a month ago.
    pub async fn sweep(&self, app: &App) -> Result<usize, WorkflowError> {
        let before = app.clock.now() - SignedDuration::from_hours(24 * DISCARDED_DAYS);
        let mut names = Vec::new();
        for id in app.store.discarded_live(before).await? {
            names.push(name_of(id));
        }
        let inner = self.inner.clone();
        off_thread(move || {
            names
                .iter()
                .filter(|name| inner.vault.remove(name).unwrap_or(false))
                .count()
        })
        .await
        .map_err(Into::into)
    }

    fn has_room(&self) -> Result<(), LiveError> {
        if self.inner.lock().len() >= self.inner.limits.sessions {
            return Err(LiveError::Busy);
        }
        room::check(self.inner.vault.root(), 0, self.inner.limits.free)?;
        Ok(())
    }

    async fn journal(&self, id: LiveId, new: bool) -> Result<Journal, LiveError> {
        let inner = self.inner.clone();
        off_thread(move || {
            let name = name_of(id);
            // Sound that was kept is not begun anew. A file without a row is what a killed run left of the same beginning.
            if !new && !inner.vault.holds(&name) {
                return Err(VaultError::Missing(inner.vault.path(&name)).into());
            }
            let file = Sealed::open(&inner.vault, &name)?;
            Ok(Journal::open(Box::new(file), inner.limits.longest)?)
        })
        .await?
    }

    async fn enter(&self, app: &App, live: &LiveDictation, journal: Journal) -> Attached {
        let session = Arc::new(Session {
            id: live.id,
            patient: live.patient_id,
            state: Mutex::new(State {
                journal,
                holder: 0,
                told: None,
                ear: None,
                ended: false,
            }),
            cancel: Cancel::default(),
        });
        self.inner.lock().insert(live.id, session.clone());
        // Asked after it can be found: a model that is loaded at this moment is found by one of the two.
        if let Some(hearing) = self.inner.hearing.get() {
            begin_to_hear(&session, hearing.clone());
        }
        Attached::to(self.clone(), app, session)
    }

    /// Takes a session out of the map, unless somebody holds it.
    fn leave(&self, session: &Arc<Session>, holder: u64) {
        let mut open = self.inner.lock();
        let mut state = session.lock();
        if state.holder == holder && (state.told.is_none() || state.ended) {
            // Without a sender the thread hears what there is and ends.
            state.ear = None;
            drop(state);
            if open
                .get(&session.id)
                .is_some_and(|s| Arc::ptr_eq(s, session))
            {
                open.remove(&session.id);
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<LiveId, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds that are kept. A file that is missing or damaged is shown as empty; finishing it says what is wrong.
    fn length_of(&self, id: LiveId) -> f64 {
        let file = Sealed::look(&self.vault, &name_of(id));
        file.ok()
            .and_then(|file| Journal::length_of(Box::new(file)).ok())
            .unwrap_or(0.0)
    }
}

/// A connection that records into a session. A later one takes it over.
pub struct Attached {
    sessions: Sessions,
    app: App,
    session: Arc<Session>,
    holder: u64,
    told: UnboundedReceiver<Told>,
}

impl Attached {
    fn to(sessions: Sessions, app: &App, session: Arc<Session>) -> Self {
        let (sender, told) = unbounded_channel();
        let mut state = session.lock();
        state.holder += 1;
        let holder = state.holder;
        if state.ear.is_none() {
            let message = if sessions.hears() {
                "the engine stopped; the text follows when the dictation is finished"
            } else {
                "the speech model is not loaded yet; the text begins when it is"
            };
            // The receiver is right here.
            let _ = sender.send(Told::NoText(message.into()));
        }
        // Dropping the sender that was there tells the earlier connection.
        state.told = Some(sender);
        drop(state);
        Self {
            sessions,
            app: app.clone(),
            session,
            holder,
            told,
        }
    }

    /// Which dictation it is.
    pub fn id(&self) -> LiveId {
        self.session.id
    }

    /// Whose record it is for.
    pub fn patient(&self) -> PatientId {
        self.session.patient
    }

    /// The takes that are kept.
    ///
    /// # Errors
    /// [`LiveError::TakenOver`].
    pub async fn takes(&self) -> Result<Vec<KeptTake>, LiveError> {
        self.with(|state| {
            // So that what is said to be kept is kept.
            state.journal.sync()?;
            let mut takes: Vec<KeptTake> = state
                .journal
                .takes()
                .into_iter()
                .map(|(mode, samples)| KeptTake {
                    mode,
                    samples,
                    committed: Vec::new(),
                })
                .collect();
            for note in state.journal.notes() {
                if let Ok(Note { take, committed }) = serde_json::from_slice(note)
                    && let Some(take) = takes.get_mut(take as usize)
                {
                    take.committed.extend(committed);
                }
            }
            Ok(takes)
        })
        .await
    }

    /// What the session has to say next; none when another connection has taken it over.
    pub async fn told(&mut self) -> Option<Told> {
        self.told.recv().await
    }

    /// Keeps sound of takes: number, first sample, samples. When this returns it is on the disk. Gives how much of each take
    /// is kept, and why the rest was refused, if it was: what came before that is kept.
    pub async fn keep(
        &self,
        sound: Vec<(u32, u64, Vec<i16>)>,
    ) -> Result<(Vec<(u32, u64)>, Option<LiveError>), LiveError> {
        self.with(move |state| {
            let mut refused = None;
            let mut touched = Vec::new();
            for (take, first, samples) in sound {
                match state.journal.push(take, first, &samples) {
                    Ok(new) => {
                        if let Some(ear) = &state.ear
                            && !new.is_empty()
                        {
                            // A thread that has ended has said so.
                            let _ = ear.send(ToHear::Sound(new.to_vec()));
                        }
                        if !touched.contains(&take) {
                            touched.push(take);
                        }
                    }
                    Err(e) => {
                        refused = Some(e.into());
                        break;
                    }
                }
            }
            state.journal.sync()?;
            let kept = state.journal.synced();
            let acks = touched
                .into_iter()
                .filter_map(|take| Some((take, *kept.get(take as usize)?)))
                .collect();
            Ok((acks, refused))
        })
        .await
    }

    /// Begins a take; the one before is closed.
    pub async fn begin(&self, take: u32, mode: Mode) -> Result<(), LiveError> {
        self.with(move |state| {
            let known = state.journal.takes().len();
            state.journal.begin(take, mode)?;
            state.journal.sync()?;
            if state.journal.takes().len() > known
                && let Some(ear) = &state.ear
            {
                let _ = ear.send(ToHear::Take(take, 0));
            }
            Ok(())
        })
        .await
    }

    /// Makes a dictation of the recording that the takes make, and ends the session. Safe to repeat.
    ///
    /// # Errors
    /// [`LiveError::Empty`] where nothing was recorded; then the session goes on.
    pub async fn finish(
        &self,
        mut last: Decision,
        actor: &Actor,
    ) -> Result<DictationId, LiveError> {
        let audio = self.app.audio.clone();
        let placed = std::mem::take(&mut last.placed);
        let sound = self
            .with(move |state| {
                state.journal.sync()?;
                let takes = state.journal.takes();
                let line = compose(&takes);
                if line.is_empty() {
                    return Err(LiveError::Empty);
                }
                state.ended = true;
                let put = |pieces: &[_], name: String| -> Result<NewTake, LiveError> {
                    let wav = state.journal.wav(pieces).map_err(BlobError::Source)?;
                    let stored = audio.put(wav)?;
                    Ok(NewTake {
                        sha256: stored.sha256,
                        bytes: stored.bytes,
                        original_name: name,
                    })
                };
                let recording = put(&line, "dictation.wav".into())?;
                let mut made_of = Vec::new();
                let spoken = takes.iter().filter(|(_, samples)| *samples > 0).count();
                for (number, (_, samples)) in (0u32..).zip(&takes) {
                    if spoken > 1 && *samples > 0 {
                        let whole = Piece {
                            take: number,
                            from: 0,
                            to: *samples,
                        };
                        made_of.push(put(&[whole], format!("take-{number}.wav"))?);
                    }
                }
                Ok(Sound {
                    recording,
                    made_of,
                    placed,
                })
            })
            .await;
        let result = match sound {
            Ok(sound) => self.hand_on(sound, last, actor).await,
            Err(e) => Err(e),
        };
        match result {
            Ok(id) => {
                self.end().await;
                Ok(id)
            }
            Err(e) => {
                self.session.lock().ended = false;
                Err(e)
            }
        }
    }

    async fn hand_on(
        &self,
        sound: Sound,
        last: Decision,
        actor: &Actor,
    ) -> Result<DictationId, LiveError> {
        let id = self.session.id;
        let live = self.app.store.live(id).await?.ok_or(LiveError::Unknown)?;
        let checked = Checked {
            patient: self.app.store.patient(live.patient_id).await?,
            encounter_id: live.encounter_id,
            identity_verified: live.identity_verified,
        };
        let author = live.author_id;
        let orders = Orders {
            priority: last.priority.unwrap_or(live.orders.priority),
            route: last.route.unwrap_or(live.orders.route),
        };
        let note = last.instruction;
        let dictation =
            intake::hand_over(&self.app, &checked, author, orders, note, sound, actor).await?;
        self.app
            .store
            .finish_live(id, dictation.id, self.app.stamp(actor))
            .await?;
        Ok(dictation.id)
    }

    /// Throws the dictation away; its sound is kept for a month.
    pub async fn discard(&self, reason: &str, actor: &Actor) -> Result<(), LiveError> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            let message = "say why the dictation is thrown away".to_owned();
            return Err(WorkflowError::Invalid(message).into());
        }
        self.with(|state| {
            state.ended = true;
            Ok(())
        })
        .await?;
        let stamp = self.app.stamp(actor);
        if let Err(e) = self
            .app
            .store
            .discard_live(self.session.id, reason, stamp)
            .await
        {
            self.session.lock().ended = false;
            return Err(e.into());
        }
        self.session.cancel.cancel();
        self.sessions.leave(&self.session, self.holder);
        Ok(())
    }

    /// What is left of a session that was handed on: its sound lies in the audio store.
    async fn end(&self) {
        self.session.cancel.cancel();
        self.sessions.leave(&self.session, self.holder);
        let (inner, id) = (self.sessions.inner.clone(), self.session.id);
        // A file that stays is found by nobody; the row says what became of it.
        let _ = off_thread(move || inner.vault.remove(&name_of(id))).await;
    }

    /// Works on the session, off the async threads, if this connection still holds it.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, LiveError> + Send + 'static,
    ) -> Result<T, LiveError> {
        let (session, holder) = (self.session.clone(), self.holder);
        off_thread(move || {
            let mut state = session.lock();
            if state.holder != holder {
                return Err(LiveError::TakenOver);
            }
            if state.ended {
                return Err(LiveError::Over);
            }
            work(&mut state)
        })
        .await?
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        if state.holder != self.holder {
            return;
        }
        state.told = None;
        if state.ended {
            return;
        }
        drop(state);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return; // the program ends
        };
        let (sessions, session, holder) =
            (self.sessions.clone(), self.session.clone(), self.holder);
        let (store, now) = (self.app.store.clone(), self.app.clock.now());
        runtime.spawn(async move {
            if let Err(error) = store.touch_live(session.id, now).await {
                tracing::warn!(%error, "the time of a dictation cannot be written");
            }
            tokio::time::sleep(READY).await;
            sessions.leave(&session, holder);
        });
    }
}

/// Starts the thread that hears a session. It ends with the last sender, after it has heard what there is.
fn begin_to_hear(session: &Arc<Session>, hearing: Hearing) {
    let (ear, sound) = channel();
    let mut state = session.lock();
    if state.ear.is_some() || state.ended {
        return; // somebody else was faster
    }
    let takes = state.journal.takes();
    let last = takes.len().saturating_sub(1) as u32;
    let from = takes.last().map_or(0, |(_, samples)| *samples);
    // The receiver is right here.
    let _ = ear.send(ToHear::Take(last, from));
    state.ear = Some(ear);
    drop(state);
    let weak = Arc::downgrade(session);
    let cancel = session.cancel.child();
    let spawned = std::thread::Builder::new()
        .name("dictation".into())
        .spawn(move || {
            if let Err(error) = hear(&sound, &weak, &hearing, &cancel)
                && !matches!(error, SpeechError::Cancelled)
            {
                tracing::error!(%error, "live text ended");
                if let Some(session) = weak.upgrade() {
                    let mut state = session.lock();
                    state.ear = None;
                    let message =
                        "the engine stopped; the text follows when the dictation is finished";
                    state.tell(Told::NoText(message.into()));
                }
            }
        });
    if let Err(error) = spawned {
        tracing::error!(%error, "no thread for live text");
        session.lock().ear = None;
    }
}

impl State {
    fn tell(&self, told: Told) {
        if let Some(listener) = &self.told {
            // Nobody has to listen.
            let _ = listener.send(told);
        }
    }
}

/// Which take is heard, from which second of it on.
struct Place {
    take: u32,
    from_s: f64,
}

fn hear(
    sound: &Receiver<ToHear>,
    session: &Weak<Session>,
    hearing: &Hearing,
    cancel: &Cancel,
) -> Result<(), SpeechError> {
    let desk = || Desk::new(&hearing.pool, &hearing.language, &hearing.prompt, cancel);
    let mut current = desk();
    let mut place = Place {
        take: 0,
        from_s: 0.0,
    };
    loop {
        if let Some(update) = current.answer(false)? {
            place.tell(session, update);
        }
        current.ask()?;
        let next = if current.hears() {
            sound.recv_timeout(LOOK)
        } else {
            sound.recv().map_err(RecvTimeoutError::from)
        };
        match next {
            Ok(ToHear::Sound(samples)) => {
                let samples: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
                if let Some(update) = current.push(&samples) {
                    place.tell(session, update);
                }
            }
            Ok(ToHear::Take(take, from)) => {
                drain(&mut current, &place, session)?;
                current = desk();
                place = Place {
                    take,
                    from_s: seconds(from),
                };
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return drain(&mut current, &place, session),
        }
    }
}

/// Hears what there is to the end.
fn drain(desk: &mut Desk, place: &Place, session: &Weak<Session>) -> Result<(), SpeechError> {
    if let Some(update) = desk.finish() {
        place.tell(session, update);
    }
    loop {
        desk.ask()?;
        match desk.answer(true)? {
            Some(update) => place.tell(session, update),
            None => return Ok(()),
        }
    }
}

impl Place {
    fn tell(&self, session: &Weak<Session>, update: Update) {
        let Some(session) = session.upgrade() else {
            return;
        };
        let shift = |mut words: Vec<Word>| {
            for word in &mut words {
                word.start_s += self.from_s;
                word.end_s += self.from_s;
                word.take = u16::try_from(self.take).unwrap_or(u16::MAX);
            }
            words
        };
        let take = self.take;
        let (committed, partial) = (shift(update.committed), shift(update.partial));
        let mut state = session.lock();
        if !committed.is_empty() && !state.ended {
            let note = Note {
                take,
                committed: committed.clone(),
            };
            // Text is made again from the sound; losing it loses nothing.
            if let Ok(note) = serde_json::to_vec(&note)
                && let Err(error) = state.journal.note(&note)
            {
                tracing::warn!(%error, "live text cannot be noted");
            }
        }
        for mut finding in update.findings {
            finding.start_s += self.from_s;
            finding.end_s += self.from_s;
            state.tell(Told::Finding { take, finding });
        }
        state.tell(Told::Text {
            take,
            committed,
            partial,
        });
    }
}
