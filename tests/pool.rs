//! The pool: who is heard next, with how many threads, and what becomes of pieces that are taken back or that fail.

use crate::support::engine::ScriptedEngine;
use osler::speech::engine::{Cancel, SpeechError};
use osler::speech::pool::{Job, Pool, Ticket, Turn, Urgency, WAITING};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

fn pool(cores: usize) -> (Pool, ScriptedEngine) {
    let engine = ScriptedEngine::default();
    let pool = Pool::new(Arc::new(engine.clone()), cores).unwrap();
    (pool, engine)
}

fn job(pool: &Pool, urgency: Urgency) -> Job {
    pool.job(urgency, &Cancel::default())
}

/// A piece that is being heard until `release` is sent or dropped, or the piece is stopped.
struct Held {
    ticket: Ticket<usize>,
    release: Sender<()>,
}

/// Submits a piece and waits until it is being heard.
fn hold(job: &Job) -> Held {
    let (release, held) = channel::<()>();
    let (started, begun) = channel();
    let ticket = job
        .submit(10.0, move |_, turn| {
            started.send(()).unwrap();
            let _ = held.recv();
            Ok(turn.threads)
        })
        .unwrap();
    begun.recv().unwrap();
    Held { ticket, release }
}

impl Held {
    fn end(self) -> usize {
        drop(self.release);
        self.ticket.wait().unwrap()
    }
}

/// Submits a piece that writes down its name.
fn named(job: &Job, name: &'static str, order: &Arc<Mutex<Vec<&'static str>>>) -> Ticket<()> {
    let order = order.clone();
    job.submit(10.0, move |_, _| {
        order.lock().unwrap().push(name);
        Ok(())
    })
    .unwrap()
}

fn threads(job: &Job) -> usize {
    job.submit(10.0, |_, turn| Ok(turn.threads))
        .unwrap()
        .wait()
        .unwrap()
}

/// A piece that ends only when it is stopped, as the engine does, and the place where it says that it has begun.
fn endless(job: &Job) -> (Ticket<()>, Receiver<()>) {
    let (started, begun) = channel();
    let ticket = job
        .submit(10.0, move |_, turn: &Turn| {
            started.send(()).unwrap();
            while !turn.cancel.is_cancelled() {
                std::thread::yield_now();
            }
            Err(SpeechError::Cancelled)
        })
        .unwrap();
    (ticket, begun)
}

fn cancelled<R>(result: Result<R, SpeechError>) -> bool {
    matches!(result, Err(SpeechError::Cancelled))
}

#[test]
fn a_live_piece_goes_before_batch_pieces_that_waited_longer() {
    let (pool, _) = pool(1);
    let (batch, live) = (job(&pool, Urgency::Batch), job(&pool, Urgency::Live));
    let order = Arc::default();
    let held = hold(&batch);
    let tickets = [
        named(&batch, "batch 1", &order),
        named(&batch, "batch 2", &order),
        named(&live, "live 1", &order),
        named(&live, "live 2", &order),
    ];
    held.end();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        ["live 1", "live 2", "batch 1", "batch 2"]
    );
}

#[test]
fn a_stat_recording_goes_behind_live_pieces_and_before_the_others() {
    let (pool, _) = pool(1);
    let (batch, stat) = (job(&pool, Urgency::Batch), job(&pool, Urgency::Stat));
    let live = job(&pool, Urgency::Live);
    let order = Arc::default();
    let held = hold(&batch);
    let tickets = [
        named(&batch, "batch", &order),
        named(&stat, "stat 1", &order),
        named(&stat, "stat 2", &order),
        named(&live, "live", &order),
    ];
    held.end();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        ["live", "stat 1", "stat 2", "batch"]
    );
}

#[test]
fn recordings_are_heard_in_turn() {
    let (pool, _) = pool(1);
    let held = hold(&job(&pool, Urgency::Batch));
    let (long, short) = (job(&pool, Urgency::Batch), job(&pool, Urgency::Batch));
    let order = Arc::default();
    let tickets = [
        named(&long, "long 1", &order),
        named(&long, "long 2", &order),
        named(&long, "long 3", &order),
        named(&short, "short 1", &order),
        named(&short, "short 2", &order),
    ];
    drop(held);
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        ["long 1", "short 1", "long 2", "short 2", "long 3"]
    );
}

#[test]
fn there_are_never_more_threads_than_cores() {
    for cores in [1, 2, 3, 6, 9] {
        let (pool, engine) = pool(cores);
        let in_use = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for urgency in [Urgency::Batch, Urgency::Batch, Urgency::Live] {
                let job = job(&pool, urgency);
                let (in_use, most) = (&in_use, &most);
                scope.spawn(move || {
                    let mut tickets = Vec::new();
                    for n in 0..40 {
                        // Now one after the other, now many at once, now the last.
                        job.expect_more(n % 7 != 0);
                        let (in_use, most) = (in_use.clone(), most.clone());
                        let ticket = job.submit(1.0, move |_, turn| {
                            assert!(turn.threads > 0);
                            let now = in_use.fetch_add(turn.threads, Ordering::SeqCst);
                            most.fetch_max(now + turn.threads, Ordering::SeqCst);
                            std::thread::yield_now();
                            in_use.fetch_sub(turn.threads, Ordering::SeqCst);
                            Ok(())
                        });
                        tickets.push(ticket.unwrap());
                        if n % 5 == 0 {
                            for ticket in tickets.drain(..) {
                                ticket.wait().unwrap();
                            }
                        }
                    }
                    for ticket in tickets {
                        ticket.wait().unwrap();
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= cores, "{cores} cores");
        assert_eq!(threads(&job(&pool, Urgency::Live)), cores);
        assert!(engine.opened.load(Ordering::SeqCst) <= pool.workers());
    }
}

#[test]
fn the_last_piece_gets_the_cores_that_would_be_idle() {
    let (pool, _) = pool(2);
    let batch = job(&pool, Urgency::Batch);
    assert_eq!(threads(&batch), 1, "more is expected");
    let (first, second) = (hold(&batch), hold(&batch));
    assert_eq!((first.end(), second.end()), (1, 1));
    let last = batch.submit_last(10.0, |_, turn| Ok(turn.threads));
    assert_eq!(last.unwrap().wait().unwrap(), 2);
    assert_eq!(threads(&batch), 2, "nothing more is expected yet");
    batch.expect_more(true);
    assert_eq!(threads(&batch), 1);
    batch.expect_more(false);
    let other = job(&pool, Urgency::Batch);
    assert_eq!(threads(&batch), 1, "another recording has only begun");
    drop(other);
    assert_eq!(threads(&batch), 2);
}

#[test]
fn a_live_piece_gets_the_cores_that_are_idle() {
    let (pool, _) = pool(3);
    let live = job(&pool, Urgency::Live);
    assert_eq!(threads(&live), 3);
    let held = hold(&job(&pool, Urgency::Batch));
    assert_eq!(threads(&live), 2);
    drop(held);
}

#[test]
fn sessions_are_opened_when_needed_and_used_again() {
    let (pool, engine) = pool(2);
    let batch = job(&pool, Urgency::Batch);
    assert_eq!(engine.opened.load(Ordering::SeqCst), 0);
    for _ in 0..5 {
        threads(&batch);
    }
    assert_eq!(engine.opened.load(Ordering::SeqCst), 1);
    let (first, second) = (hold(&batch), hold(&batch));
    first.end();
    second.end();
    assert_eq!(engine.opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_job_has_few_pieces_waiting_and_a_full_one_can_be_cancelled() {
    let (pool, _) = pool(1);
    let cancel = Cancel::default();
    let batch = pool.job(Urgency::Batch, &cancel);
    let other = job(&pool, Urgency::Batch);
    let held = hold(&other);
    let (told, accepted) = channel();
    let submitted = std::thread::scope(|scope| {
        let batch = &batch;
        let reader = scope.spawn(move || {
            for n in 0..WAITING * 100 {
                match batch.submit(10.0, |_, _| Ok(())) {
                    Ok(_) => told.send(n).unwrap(),
                    Err(_) => return n,
                }
            }
            usize::MAX
        });
        assert_eq!(accepted.iter().nth(WAITING - 1), Some(WAITING - 1));
        cancel.cancel();
        reader.join().unwrap()
    });
    assert_eq!(submitted, WAITING);
    held.end();
}

#[test]
fn there_is_room_again_when_pieces_are_heard() {
    let (pool, _) = pool(2);
    let batch = job(&pool, Urgency::Batch);
    let tickets: Vec<_> = (0..WAITING * 5)
        .map(|n| batch.submit(10.0, move |_, _| Ok(n)).unwrap())
        .collect();
    for (n, ticket) in tickets.into_iter().enumerate() {
        assert_eq!(ticket.wait().unwrap(), n);
    }
}

#[test]
fn a_cancelled_job_stops_what_is_heard_and_forgets_what_waits() {
    let (pool, engine) = pool(1);
    let cancel = Cancel::default();
    let (doomed, other) = (
        pool.job(Urgency::Batch, &cancel),
        job(&pool, Urgency::Batch),
    );
    let (running, begun) = endless(&doomed);
    let order = Arc::default();
    let waiting = named(&doomed, "doomed", &order);
    let stays = named(&other, "other", &order);
    begun.recv().unwrap();
    assert!(running.poll().is_none() && waiting.poll().is_none());
    cancel.cancel();
    assert!(cancelled(running.wait()));
    assert!(cancelled(waiting.wait()));
    stays.wait().unwrap();
    assert!(cancelled(doomed.submit(1.0, |_, _| Ok(()))));
    assert_eq!(*order.lock().unwrap(), ["other"]);
    assert_eq!(engine.opened.load(Ordering::SeqCst), 1);
}

#[test]
fn a_dropped_job_stops_alone() {
    let (pool, _) = pool(1);
    let cancel = Cancel::default();
    let (doomed, other) = (
        pool.job(Urgency::Batch, &cancel),
        pool.job(Urgency::Batch, &cancel),
    );
    let (running, begun) = endless(&doomed);
    let order = Arc::default();
    let waiting = named(&doomed, "doomed", &order);
    let stays = named(&other, "other", &order);
    begun.recv().unwrap();
    drop(doomed);
    assert!(cancelled(running.wait()));
    assert!(cancelled(waiting.wait()));
    stays.wait().unwrap();
    assert_eq!(*order.lock().unwrap(), ["other"]);
    assert!(!cancel.is_cancelled());
}

#[test]
fn a_piece_that_panics_costs_its_session_only() {
    let (pool, engine) = pool(1);
    let batch = job(&pool, Urgency::Batch);
    let panics = batch.submit(10.0, |_, _| -> Result<(), SpeechError> {
        panic!("a test's panic")
    });
    assert!(matches!(
        panics.unwrap().wait(),
        Err(SpeechError::Engine(_))
    ));
    for _ in 0..2 {
        assert_eq!(threads(&batch), 1);
    }
    assert_eq!(engine.opened.load(Ordering::SeqCst), 2);
}

#[test]
fn the_last_clone_stops_everything_and_waits_for_it() {
    let (pool, _) = pool(1);
    let batch = job(&pool, Urgency::Batch);
    let ended = Arc::new(AtomicUsize::new(0));
    let (started, begun) = channel();
    let count = ended.clone();
    let running = batch
        .submit(10.0, move |_, turn| -> Result<(), SpeechError> {
            started.send(()).unwrap();
            while !turn.cancel.is_cancelled() {
                std::thread::yield_now();
            }
            count.fetch_add(1, Ordering::SeqCst);
            Err(SpeechError::Cancelled)
        })
        .unwrap();
    let order = Arc::default();
    let waiting = named(&batch, "never", &order);
    begun.recv().unwrap();
    drop(pool.clone());
    assert!(running.poll().is_none(), "a clone is left");
    drop(pool);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    assert!(cancelled(running.wait()));
    assert!(cancelled(waiting.wait()));
    assert!(cancelled(batch.submit(1.0, |_, _| Ok(()))));
    assert!(order.lock().unwrap().is_empty());
}

#[test]
fn a_piece_may_own_the_last_clone() {
    let (pool, _) = pool(2);
    let batch = job(&pool, Urgency::Batch);
    let (release, held) = channel::<()>();
    let own = pool.clone();
    let ticket = batch
        .submit(10.0, move |_, _| {
            let _ = held.recv();
            drop(own);
            Ok(())
        })
        .unwrap();
    drop(pool);
    drop(release);
    // Stopped by itself, or done before it noticed.
    let _ = ticket.wait();
    assert!(cancelled(batch.submit(1.0, |_, _| Ok(()))));
}
