//! Who hears what next: one loaded model, a few workers, and every recording and live dictation that wants to be heard.
//!
//! The unit is a piece of at most 30 s. Workers with one thread each get more done than one session with many: the
//! engine's threads wait for each other after every matrix, workers never do. So each worker gets its share of the
//! cores, and only a piece that would leave cores idle gets more ([`share`]). Live pieces are taken before those of STAT
//! recordings, and these before batch pieces; among equals the job that was served longest ago is next, so that a long recording cannot keep a short one waiting.
//!
//! A session (about 100 MB with the base model) is opened when a piece finds none idle: as many stay as pieces were ever
//! heard at once.

use super::engine::{Cancel, Engine, Session, SpeechError};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most workers. More of them want more memory, and the cores beyond are used by more threads for each.
pub const MOST_WORKERS: usize = 4;

/// Pieces of one job that may wait: one for each worker (20 s of sound, 1.3 MB each).
pub const WAITING: usize = MOST_WORKERS;

/// How often those who wait look whether they were cancelled.
const CANCEL_LOOK: Duration = Duration::from_millis(50);

/// How much longer than expected a piece may take before nobody waits for its cores any more.
const PATIENCE: f64 = 1.1;

/// Weight of the newest piece in the mean of what a second of sound costs.
const NEWEST: f64 = 0.3;

/// What goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody speaks and looks at the text.
    Live,
    /// A recording whose report is wanted at once.
    Stat,
    /// A recording.
    Batch,
}

/// What a piece may use while it is heard.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Threads; together with those of the other workers never more than the pool has cores.
    pub threads: usize,
    /// Stops the piece: its job was cancelled or dropped, or the pool is closing. To be handed on to the session.
    pub cancel: Cancel,
}

/// The workers over one loaded model. Clones are the same pool; with the last one the workers stop and are waited for.
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

/// Ends the workers when the last [`Pool`] goes. Jobs hold only what is shared, so that they do not keep it alive.
struct Owner {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    engine: Arc<dyn Engine>,
    cores: usize,
    workers: usize,
    state: Mutex<State>,
    /// Something changed: pieces, cores, cancellation, the end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// The number of the next job or run.
    next: u64,
    /// Jobs, the one served longest ago first.
    jobs: Vec<Queue>,
    running: Vec<Running>,
    idle_sessions: Vec<Box<dyn Session>>,
    /// Seconds that one thread takes for a second of sound; measured.
    cost: Option<f64>,
}

/// What is known of a job.
struct Queue {
    number: u64,
    urgency: Urgency,
    cancel: Cancel,
    more: bool,
    pieces: VecDeque<Piece>,
}

/// A piece that waits.
struct Piece {
    sound_s: f64,
    work: Work,
}

/// Hears a piece with an idle session, or opens one. What it returns delivers the result, after the cores are free again.
type Work = Box<dyn FnOnce(&dyn Engine, &mut Option<Box<dyn Session>>, &Turn) -> Done + Send>;

struct Done {
    /// Whether the time counts.
    whole: bool,
    /// Whether the session may be used again; what it is worth after a failure is not known.
    reusable: bool,
    deliver: Box<dyn FnOnce() + Send>,
}

/// A piece that is being heard.
struct Running {
    number: u64,
    urgency: Urgency,
    sound_s: f64,
    started: Instant,
    turn: Turn,
}

/// What a worker shall do.
enum Next {
    Hear(Piece, Running, Option<Box<dyn Session>>),
    Wait(Option<Duration>),
}

impl Pool {
    /// A pool over a loaded model that uses at most `cores` threads at a time (at least one). Fails where the system
    /// gives no threads. No session is opened yet.
    pub fn new(engine: Arc<dyn Engine>, cores: usize) -> Result<Self, SpeechError> {
        let cores = cores.max(1);
        let shared = Arc::new(Shared {
            engine,
            cores,
            workers: cores.min(MOST_WORKERS),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut owner = Owner {
            shared: shared.clone(),
            workers: Vec::new(),
        };
        for _ in 0..shared.workers {
            let shared = shared.clone();
            let worker = std::thread::Builder::new()
                .name("hearing".into())
                .spawn(move || shared.serve())
                .map_err(|e| SpeechError::Engine(format!("no thread to work in: {e}")))?;
            owner.workers.push(worker);
        }
        Ok(Self {
            owner: Arc::new(owner),
        })
    }

    /// The model that hears.
    pub fn engine(&self) -> &dyn Engine {
        self.owner.shared.engine.as_ref()
    }

    /// Pieces that can be heard at once.
    pub fn workers(&self) -> usize {
        self.owner.shared.workers
    }

    /// Begins a job. It is cheap: whoever wants to take pieces back later than others makes a job for them. `cancel` stops
    /// the job; the job itself can be stopped without stopping whatever else looks at `cancel`.
    pub fn job(&self, urgency: Urgency, cancel: &Cancel) -> Job {
        let cancel = cancel.child();
        let shared = self.owner.shared.clone();
        let mut state = shared.lock();
        let number = state.number();
        state.jobs.push(Queue {
            number,
            urgency,
            cancel: cancel.clone(),
            more: true,
            pieces: VecDeque::new(),
        });
        drop(state);
        Job {
            shared,
            number,
            cancel,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let waiting: Vec<Piece> = state
            .jobs
            .iter_mut()
            .flat_map(|q| q.pieces.drain(..))
            .collect();
        for running in &state.running {
            running.turn.cancel.cancel();
        }
        drop(state);
        self.shared.changed.notify_all();
        drop(waiting);
        let this = std::thread::current().id();
        for worker in self.workers.drain(..) {
            // A piece may own the last clone: its worker ends by itself.
            if worker.thread().id() != this {
                // Panics of pieces are caught where they run.
                let _ = worker.join();
            }
        }
        let sessions = std::mem::take(&mut self.shared.lock().idle_sessions);
        drop(sessions);
    }
}

/// Pieces that belong together: a recording, a dictation. Dropping it throws away what waits and stops what is heard.
pub struct Job {
    shared: Arc<Shared>,
    number: u64,
    cancel: Cancel,
}

impl Job {
    /// Puts a piece with `sound_s` seconds of sound behind the job's others, and waits while [`WAITING`] of them wait.
    /// `work` runs on a worker; if it panics, the ticket says that the engine failed. [`SpeechError::Cancelled`] where the
    /// job was cancelled or the pool is gone.
    pub fn submit<R, F>(&self, sound_s: f64, work: F) -> Result<Ticket<R>, SpeechError>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Session, &Turn) -> Result<R, SpeechError> + Send + 'static,
    {
        self.put(sound_s, work, false)
    }

    /// Like [`Job::submit`], for a piece behind which no other will come soon: it may get all cores.
    pub fn submit_last<R, F>(&self, sound_s: f64, work: F) -> Result<Ticket<R>, SpeechError>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Session, &Turn) -> Result<R, SpeechError> + Send + 'static,
    {
        self.put(sound_s, work, true)
    }

    fn put<R, F>(&self, sound_s: f64, work: F, last: bool) -> Result<Ticket<R>, SpeechError>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Session, &Turn) -> Result<R, SpeechError> + Send + 'static,
    {
        let (sender, receiver) = channel();
        let work: Work = Box::new(move |engine, session, turn| {
            // A panic in the engine costs this recording and not the process with the others.
            let result = catch_unwind(AssertUnwindSafe(|| {
                let session = match session {
                    Some(session) => session,
                    None => session.insert(engine.open()?),
                };
                work(session.as_mut(), turn)
            }))
            .unwrap_or_else(|_| Err(SpeechError::Engine("it stopped with an error".into())));
            Done {
                whole: result.is_ok(),
                reusable: matches!(result, Ok(_) | Err(SpeechError::Cancelled)),
                // Nobody listens where the ticket was dropped.
                deliver: Box::new(move || drop(sender.send(result))),
            }
        });
        let mut state = self.shared.lock();
        loop {
            if state.closed || self.cancel.is_cancelled() {
                return Err(SpeechError::Cancelled);
            }
            match state.jobs.iter_mut().find(|q| q.number == self.number) {
                None => return Err(SpeechError::Cancelled),
                Some(queue) if queue.pieces.len() < WAITING => {
                    queue.pieces.push_back(Piece { sound_s, work });
                    // Together with the piece: the one before it shall not take the cores that are for both.
                    queue.more &= !last;
                    break;
                }
                Some(_) => state = self.shared.wait(state, Some(CANCEL_LOOK)),
            }
        }
        drop(state);
        self.shared.changed.notify_all();
        Ok(Ticket {
            receiver,
            cancel: self.cancel.clone(),
        })
    }

    /// Whether more pieces will be submitted soon; at first it is taken for granted. Where none will, batch pieces get the
    /// cores that would be idle.
    pub fn expect_more(&self, more: bool) {
        let mut state = self.shared.lock();
        if let Some(queue) = state.jobs.iter_mut().find(|q| q.number == self.number) {
            queue.more = more;
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Stops the piece that is heard, throws away those that wait, and refuses others.
    pub fn stop(&self) {
        self.cancel.cancel();
        let mut state = self.shared.lock();
        let at = state.jobs.iter().position(|q| q.number == self.number);
        let gone = at.map(|at| state.jobs.remove(at));
        drop(state);
        self.shared.changed.notify_all();
        // What the pieces own goes without the lock: it may be the last clone of the pool.
        drop(gone);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The claim to the result of a piece. Dropping it takes nothing back.
pub struct Ticket<R> {
    receiver: Receiver<Result<R, SpeechError>>,
    cancel: Cancel,
}

impl<R> Ticket<R> {
    /// Waits for the result; [`SpeechError::Cancelled`] soon after the job is cancelled, even where the engine does not
    /// look.
    pub fn wait(self) -> Result<R, SpeechError> {
        loop {
            match self.receiver.recv_timeout(CANCEL_LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if !self.cancel.is_cancelled() => {}
                Err(_) => return Err(SpeechError::Cancelled),
            }
        }
    }

    /// The result if it is there; it is given once.
    pub fn poll(&self) -> Option<Result<R, SpeechError>> {
        match self.receiver.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) if !self.cancel.is_cancelled() => None,
            Err(_) => Some(Err(SpeechError::Cancelled)),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        longest: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match longest {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(longest) => {
                self.changed
                    .wait_timeout(state, longest)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }

    /// A worker's life.
    fn serve(&self) {
        let mut state = self.lock();
        while !state.closed {
            match state.next(self.cores, self.workers, Instant::now()) {
                Next::Wait(longest) => state = self.wait(state, longest),
                Next::Hear(piece, running, session) => {
                    let (number, turn) = (running.number, running.turn.clone());
                    state.running.push(running);
                    drop(state);
                    // There is room for another piece.
                    self.changed.notify_all();
                    self.hear(piece, session, number, &turn);
                    state = self.lock();
                }
            }
        }
    }

    fn hear(&self, piece: Piece, mut session: Option<Box<dyn Session>>, number: u64, turn: &Turn) {
        let done = (piece.work)(self.engine.as_ref(), &mut session, turn);
        if !done.reusable {
            session = None;
        }
        let mut state = self.lock();
        if let Some(at) = state.running.iter().position(|r| r.number == number) {
            let running = state.running.swap_remove(at);
            if done.whole {
                state.measure(&running);
            }
        }
        state.idle_sessions.extend(session);
        drop(state);
        self.changed.notify_all();
        (done.deliver)();
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The piece that is next and what it may use, or how long to wait at most for a change.
    fn next(&mut self, cores: usize, workers: usize, now: Instant) -> Next {
        let first = |urgency| {
            self.jobs.iter().position(|q| {
                q.urgency == urgency && !q.pieces.is_empty() && !q.cancel.is_cancelled()
            })
        };
        let order = [Urgency::Live, Urgency::Stat, Urgency::Batch];
        let Some(at) = order.into_iter().find_map(first) else {
            return Next::Wait(None);
        };
        let active = || self.jobs.iter().filter(|q| !q.cancel.is_cancelled());
        let queue = &self.jobs[at];
        let in_use: usize = self.running.iter().map(|r| r.turn.threads).sum();
        let situation = Situation {
            urgency: queue.urgency,
            cores: cores.saturating_sub(in_use),
            workers: workers.saturating_sub(self.running.len()),
            others: active()
                .map(|q| q.pieces.len())
                .sum::<usize>()
                .saturating_sub(1),
            more: active().any(|q| q.more),
            cost_s: self
                .cost
                .zip(queue.pieces.front())
                .map(|(cost, piece)| cost * piece.sound_s),
            running: self
                .running
                .iter()
                .map(|r| r.left(self.cost, now))
                .collect(),
        };
        let threads = match share(&situation) {
            Share::Start(threads) => threads,
            Share::Wait(longest_s) => {
                let longest = longest_s.and_then(|s| Duration::try_from_secs_f64(s).ok());
                return Next::Wait(longest);
            }
        };
        let mut queue = self.jobs.remove(at);
        let piece = queue.pieces.pop_front();
        let (urgency, cancel) = (queue.urgency, queue.cancel.clone());
        self.jobs.push(queue);
        let Some(piece) = piece else {
            return Next::Wait(None);
        };
        let running = Running {
            number: self.number(),
            urgency,
            sound_s: piece.sound_s,
            started: now,
            turn: Turn { threads, cancel },
        };
        Next::Hear(piece, running, self.idle_sessions.pop())
    }

    /// Learns from a piece what a second of sound costs. Live pieces are too short to tell.
    fn measure(&mut self, piece: &Running) {
        if piece.urgency == Urgency::Live || piece.sound_s <= 0.0 {
            return;
        }
        let cost =
            piece.started.elapsed().as_secs_f64() * speed(piece.turn.threads) / piece.sound_s;
        self.cost = Some(match self.cost {
            None => cost,
            Some(mean) => mean + NEWEST * (cost - mean),
        });
    }
}

impl Running {
    fn left(&self, cost: Option<f64>, now: Instant) -> Left {
        let threads = self.turn.threads;
        let left_s = cost.and_then(|cost| {
            let whole_s = PATIENCE * cost * self.sound_s / speed(threads);
            let left_s = whole_s - now.duration_since(self.started).as_secs_f64();
            (left_s > 0.0).then_some(left_s)
        });
        Left { threads, left_s }
    }
}

/// What the threads of a piece are decided by.
#[derive(Debug, Clone)]
struct Situation {
    /// Of the piece.
    urgency: Urgency,
    /// Cores that nobody uses.
    cores: usize,
    /// Workers without a piece, the one that asks among them.
    workers: usize,
    /// Other pieces that wait.
    others: usize,
    /// Whether a job will have more pieces soon.
    more: bool,
    /// Seconds that the piece would take with one thread, if known.
    cost_s: Option<f64>,
    /// The pieces that are being heard.
    running: Vec<Left>,
}

/// What is left of a piece that is being heard.
#[derive(Debug, Clone, Copy)]
struct Left {
    /// Its threads.
    threads: usize,
    /// Seconds, if they can be told.
    left_s: Option<f64>,
}

/// What a worker does with the piece that is next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Share {
    /// Hear it now with so many threads.
    Start(usize),
    /// Leave it until something changes, at most so many seconds.
    Wait(Option<f64>),
}

/// How fast a piece is heard with several threads, compared with one: two threads were measured at 1.65.
fn speed(threads: usize) -> f64 {
    (threads as f64).powf(0.72)
}

/// Shares the idle cores among the pieces that can be expected to use them. The last piece of all waits for the cores of
/// those that are about to end where it is done earlier that way.
fn share(s: &Situation) -> Share {
    if s.cores == 0 || s.workers == 0 {
        return Share::Wait(None);
    }
    let batch = s.urgency != Urgency::Live;
    let expected = if s.more && batch {
        s.workers
    } else {
        s.workers.min(s.others + 1)
    };
    let threads = s.cores.div_ceil(expected);
    if batch
        && s.others == 0
        && !s.more
        && let Some(longest_s) = s.cost_s.and_then(|cost_s| worth_waiting(s, cost_s))
    {
        return Share::Wait(Some(longest_s));
    }
    Share::Start(threads)
}

/// Seconds to wait for cores that are used now, if a piece that starts then is done before one that starts now.
fn worth_waiting(s: &Situation, cost_s: f64) -> Option<f64> {
    let mut ending: Vec<(f64, usize)> = s
        .running
        .iter()
        .filter_map(|r| Some((r.left_s?, r.threads)))
        .collect();
    ending.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut cores = s.cores;
    let mut earliest_s = cost_s / speed(cores);
    let mut wait_s = None;
    for (left_s, threads) in ending {
        cores += threads;
        let done_s = left_s + cost_s / speed(cores);
        if done_s < earliest_s {
            earliest_s = done_s;
            wait_s = Some(left_s);
        }
    }
    wait_s
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(cores: usize, workers: usize) -> Situation {
        Situation {
            urgency: Urgency::Batch,
            cores,
            workers,
            others: 0,
            more: false,
            cost_s: None,
            running: Vec::new(),
        }
    }

    #[test]
    fn while_more_is_coming_every_worker_gets_its_share() {
        for (cores, workers, threads) in [(2, 2, 1), (1, 1, 1), (16, 4, 4), (3, 3, 1), (4, 1, 4)] {
            let s = Situation {
                more: true,
                ..tail(cores, workers)
            };
            assert_eq!(share(&s), Share::Start(threads), "{cores} cores");
        }
    }

    #[test]
    fn shares_of_any_number_of_cores_add_up_to_it() {
        for all in 1..40 {
            let mut s = Situation {
                more: true,
                ..tail(all, all.min(4))
            };
            while s.workers > 0 {
                let Share::Start(threads) = share(&s) else {
                    panic!("{s:?} waits");
                };
                s.cores -= threads;
                s.workers -= 1;
            }
            assert_eq!(s.cores, 0, "{all} cores");
        }
    }

    #[test]
    fn the_last_pieces_share_what_would_be_idle() {
        assert_eq!(share(&tail(2, 2)), Share::Start(2));
        assert_eq!(share(&tail(3, 1)), Share::Start(3));
        let two = Situation {
            others: 1,
            ..tail(4, 4)
        };
        assert_eq!(share(&two), Share::Start(2));
        let many = Situation {
            others: 9,
            ..tail(4, 4)
        };
        assert_eq!(share(&many), Share::Start(1));
    }

    #[test]
    fn a_live_piece_alone_gets_all_cores_though_more_will_come() {
        let mut s = Situation {
            urgency: Urgency::Live,
            more: true,
            ..tail(4, 4)
        };
        assert_eq!(share(&s), Share::Start(4));
        s.others = 1;
        assert_eq!(share(&s), Share::Start(2));
    }

    #[test]
    fn without_a_core_or_a_worker_nothing_starts() {
        assert_eq!(share(&tail(0, 1)), Share::Wait(None));
        assert_eq!(share(&tail(1, 0)), Share::Wait(None));
    }

    fn beside(left_s: Option<f64>) -> Situation {
        Situation {
            cost_s: Some(2.0),
            running: vec![Left { threads: 1, left_s }],
            ..tail(1, 1)
        }
    }

    #[test]
    fn the_last_piece_waits_for_a_core_that_is_free_soon() {
        // Two seconds on one core, or 1.21 s on two.
        assert_eq!(share(&beside(Some(0.7))), Share::Wait(Some(0.7)));
        assert_eq!(share(&beside(Some(0.9))), Share::Start(1));
        assert_eq!(share(&beside(None)), Share::Start(1), "it is overdue");
        let unknown = Situation {
            cost_s: None,
            ..beside(Some(0.1))
        };
        assert_eq!(share(&unknown), Share::Start(1));
    }

    #[test]
    fn it_waits_for_those_that_are_worth_it_only() {
        let left = |left_s, threads| Left {
            threads,
            left_s: Some(left_s),
        };
        let s = Situation {
            running: vec![left(30.0, 1), left(0.1, 1), left(0.2, 1)],
            ..beside(None)
        };
        assert_eq!(share(&s), Share::Wait(Some(0.2)));
    }

    #[test]
    fn only_the_last_piece_of_a_recording_waits_for_more_cores() {
        for change in [
            |s: &mut Situation| s.others = 1,
            |s: &mut Situation| s.more = true,
            |s: &mut Situation| s.urgency = Urgency::Live,
        ] {
            let mut s = beside(Some(0.1));
            change(&mut s);
            assert_eq!(share(&s), Share::Start(1), "{s:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_piece_follows_from_its_sound_and_its_threads() {
        let now = Instant::now();
        let running = |threads| Running {
            number: 1,
            urgency: Urgency::Batch,
            sound_s: 20.0,
            started: now,
            turn: Turn {
                threads,
                cancel: Cancel::default(),
            },
        };
        let left_s = |threads, after_s| {
            running(threads)
                .left(Some(0.1), now + Duration::from_secs_f64(after_s))
                .left_s
        };
        assert!((left_s(1, 1.0).unwrap() - 1.2).abs() < 1e-6);
        assert!(left_s(2, 0.0).unwrap() < left_s(1, 0.0).unwrap());
        assert_eq!(left_s(1, 2.3), None);
        assert_eq!(running(1).left(None, now).left_s, None);
    }
}
