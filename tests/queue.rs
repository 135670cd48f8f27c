//! The queue of transcriptions: order, leases, failures, and that nothing is lost or done twice whenever a program dies.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{Practice, actor, open, recognition};
use crate::support::real;
use osler::app::App;
use osler::audio::AudioError;
use osler::domain::dictation::{Phase, State};
use osler::domain::ids::DictationId;
use osler::domain::queue::{LEASE, LONGEST_WAIT, MOST_FAILURES, back_off};
use osler::domain::recognition::Recognition;
use osler::domain::transition::{Note, Step};
use osler::domain::worklist::{Orders, Priority};
use osler::speech::engine::{Cancel, SpeechError};
use osler::speech::pool::Pool;
use osler::store::{Claim, Kind, Opening, Queued, StoreError};
use osler::workflow::queue::{Event, Hear, Hearing, Progress, Runner, hear_with};
use osler::workflow::transcribe::{Options, TranscribeError};
use osler::workflow::{intake, layers, review};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

/// Takes a recording in, with the priority that is named; the name is its sound.
async fn receive(practice: &Practice, name: &str, priority: Priority) -> DictationId {
    let mut request = practice.request(practice.recording(name, name.as_bytes()));
    request.orders = Orders {
        priority,
        ..Orders::default()
    };
    intake::receive(&practice.app, request, &actor())
        .await
        .unwrap()
        .id
}

async fn routine(practice: &Practice, name: &str) -> DictationId {
    receive(practice, name, Priority::Routine).await
}

async fn claim(app: &App, most: usize) -> Vec<Claim> {
    app.store
        .claim_transcriptions(most, false, app.stamp(&actor()))
        .await
        .unwrap()
}

fn ids(claims: &[Claim]) -> Vec<DictationId> {
    claims.iter().map(|c| c.dictation_id).collect()
}

async fn place(app: &App, id: DictationId) -> (Phase, State) {
    let dictation = app.store.dictation(id).await.unwrap();
    (dictation.phase, dictation.state)
}

async fn fail(app: &App, claim: Claim, for_good: bool) -> Option<jiff::Timestamp> {
    app.store
        .fail_transcription(
            claim,
            Note::of_machine("the engine gave up"),
            for_good,
            app.stamp(&actor()),
        )
        .await
        .unwrap()
}

async fn queued(app: &App, id: DictationId) -> Queued {
    let queue = app.store.queue().await.unwrap();
    queue.into_iter().find(|q| q.dictation_id == id).unwrap()
}

const WAITS: (Phase, State) = (Phase::Recorded, State::Pending);
const RUNS: (Phase, State) = (Phase::Recorded, State::InProgress);
const GIVEN_UP: (Phase, State) = (Phase::Recorded, State::Suspended);
const DRAFTED: (Phase, State) = (Phase::AwaitingSignature, State::Pending);

#[tokio::test]
async fn the_most_urgent_comes_first_and_then_what_came_first() {
    let practice = Practice::new(Kind::Demo).await;
    let first = routine(&practice, "1").await;
    practice.clock.pass(1);
    let second = routine(&practice, "2").await;
    practice.clock.pass(1);
    let urgent = receive(&practice, "3", Priority::Urgent).await;
    practice.clock.pass(1);
    let stat = receive(&practice, "4", Priority::Stat).await;
    let app = &practice.app;
    let shown = app.store.queue().await.unwrap();
    let shown: Vec<_> = shown.iter().map(|q| q.dictation_id).collect();
    assert_eq!(shown, [stat, urgent, first, second]);

    // Never more than were asked for, and none twice.
    assert_eq!(claim(app, 0).await, []);
    assert_eq!(ids(&claim(app, 3).await), [stat, urgent, first]);
    assert_eq!(ids(&claim(app, 3).await), [second]);
    assert_eq!(claim(app, 3).await, []);
    for id in [first, second, urgent, stat] {
        assert_eq!(place(app, id).await, RUNS);
    }
}

#[tokio::test]
async fn where_no_worker_is_free_only_stat_is_claimed() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    routine(&practice, "1").await;
    let only_stat = || app.store.claim_transcriptions(1, true, app.stamp(&actor()));
    assert_eq!(only_stat().await.unwrap(), []);
    let stat = receive(&practice, "2", Priority::Stat).await;
    assert_eq!(ids(&only_stat().await.unwrap()), [stat]);
}

#[tokio::test]
async fn a_new_priority_is_a_new_place_in_the_queue() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    routine(&practice, "1").await;
    practice.clock.pass(1);
    let later = routine(&practice, "2").await;
    app.store
        .set_priority(later, Priority::Stat, app.stamp(&actor()))
        .await
        .unwrap();
    assert_eq!(ids(&claim(app, 1).await), [later]);
}

#[tokio::test]
async fn a_failure_waits_longer_each_time_and_ends_as_a_dead_letter() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    for failures in 1..MOST_FAILURES {
        let claims = claim(app, 9).await;
        assert_eq!(ids(&claims), [id]);
        assert_eq!(claims[0].attempt, failures);
        let next = fail(app, claims[0].clone(), false).await.unwrap();
        let wait = back_off(failures);
        assert_eq!(next, practice_now(app) + wait);
        assert_eq!(place(app, id).await, WAITS);
        practice.clock.pass(wait.as_secs() - 1);
        assert_eq!(claim(app, 9).await, [], "too early");
        practice.clock.pass(1);
    }
    let claims = claim(app, 9).await;
    assert_eq!(fail(app, claims[0].clone(), false).await, None);
    assert_eq!(place(app, id).await, GIVEN_UP);
    practice.clock.pass(LONGEST_WAIT.as_secs() * 10);
    assert_eq!(claim(app, 9).await, []);

    // A person sees it with its reason, and has it tried again.
    let dead = queued(app, id).await;
    assert_eq!(dead.state, State::Suspended);
    assert_eq!(dead.reason.as_deref(), Some("the engine gave up"));
    let item = &app.store.worklist(Default::default()).await.unwrap()[0];
    assert_eq!((item.dictation_id, item.place), (id, GIVEN_UP));
    assert_eq!(item.note.as_deref(), Some("the engine gave up"));
    review::step(app, id, Step::Retry, None, &practice.secretary, &actor())
        .await
        .unwrap();
    assert_eq!(queued(app, id).await.failures, 0);
    let claims = claim(app, 9).await;
    assert_eq!(ids(&claims), [id]);
    assert_eq!(claims[0].attempt, MOST_FAILURES + 1);
    fail(app, claims[0].clone(), false).await.unwrap();
}

fn practice_now(app: &App) -> jiff::Timestamp {
    app.clock.now()
}

#[tokio::test]
async fn what_cannot_be_helped_is_given_up_at_once() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    let claims = claim(app, 1).await;
    assert_eq!(fail(app, claims[0].clone(), true).await, None);
    assert_eq!(place(app, id).await, GIVEN_UP);
}

#[tokio::test]
async fn what_a_dead_program_had_waits_again_when_its_lease_is_over() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    let old = claim(app, 1).await.remove(0);
    practice.clock.pass(LEASE.as_secs() - 1);
    assert_eq!(claim(app, 1).await, [], "the lease holds");
    // A renewed lease holds longer.
    assert!(
        app.store
            .renew_claim(old.clone(), app.clock.now())
            .await
            .unwrap()
    );
    practice.clock.pass(LEASE.as_secs() - 1);
    assert_eq!(claim(app, 1).await, []);
    practice.clock.pass(1);
    assert_eq!(claim(app, 1).await, [], "it waits for its next attempt");
    assert_eq!(place(app, id).await, WAITS);
    practice.clock.pass(back_off(1).as_secs());
    let new = claim(app, 1).await.remove(0);
    assert_eq!((new.dictation_id, new.attempt), (id, 2));

    // The old one was not dead: it may say nothing any more, but what it heard is welcome.
    assert!(
        !app.store
            .renew_claim(old.clone(), app.clock.now())
            .await
            .unwrap()
    );
    assert_eq!(fail(app, old.clone(), true).await, None);
    app.store
        .release_transcription(old, app.stamp(&actor()))
        .await
        .unwrap();
    assert_eq!(place(app, id).await, RUNS);
    intake::complete(app, id, recognition(), &actor())
        .await
        .unwrap();
    assert_eq!(place(app, id).await, DRAFTED);
    assert!(
        !app.store
            .renew_claim(new.clone(), app.clock.now())
            .await
            .unwrap()
    );
    let late = app
        .store
        .complete_dictation(id, recognition(), app.stamp(&actor()))
        .await;
    assert!(matches!(late, Err(StoreError::Conflict(_))));
    assert_eq!(fail(app, new, false).await, None);
    assert_eq!(place(app, id).await, DRAFTED);
    assert_eq!(
        app.store.reports(Default::default()).await.unwrap().len(),
        1
    );
    assert_eq!(app.store.queue().await.unwrap(), []);
}

#[tokio::test]
async fn a_recording_that_kills_whoever_hears_it_is_given_up() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    for _ in 0..MOST_FAILURES {
        assert_eq!(ids(&claim(app, 1).await), [id]);
        practice.clock.pass(LEASE.as_secs());
        assert_eq!(claim(app, 1).await, []);
        practice.clock.pass(LONGEST_WAIT.as_secs());
    }
    assert_eq!(place(app, id).await, GIVEN_UP);
    let reason = queued(app, id).await.reason.unwrap();
    assert!(reason.contains("ended before it was done"), "{reason}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nothing_waiting() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let killed = routine(&practice, "1").await;
    let failed = routine(&practice, "2").await;
    let claims = claim(app, 2).await;
    let second = claims.into_iter().find(|c| c.dictation_id == failed);
    fail(app, second.unwrap(), false).await.unwrap();
    practice.clock.pass(-86_400);
    // Neither a lease nor a wait can end a day from now.
    assert_eq!(ids(&claim(app, 2).await), [failed]);
    practice.clock.pass(back_off(1).as_secs());
    assert_eq!(ids(&claim(app, 2).await), [killed]);
}

#[tokio::test]
async fn what_is_given_back_waits_for_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    let old = claim(app, 1).await.remove(0);
    app.store
        .release_transcription(old, app.stamp(&actor()))
        .await
        .unwrap();
    assert_eq!(queued(app, id).await.failures, 0);
    assert_eq!(ids(&claim(app, 1).await), [id]);
}

#[tokio::test]
async fn what_is_rejected_or_deleted_is_not_heard() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "1").await;
    let running = claim(app, 1).await.remove(0);
    let author = &practice.author;
    review::step(app, id, Step::Reject, Some("noise only"), author, &actor())
        .await
        .unwrap();
    assert!(
        !app.store
            .renew_claim(running, app.clock.now())
            .await
            .unwrap()
    );
    assert_eq!(claim(app, 1).await, []);
    let late = intake::complete(app, id, recognition(), &actor()).await;
    assert!(late.is_err());
    review::step(app, id, Step::Restore, None, author, &actor())
        .await
        .unwrap();
    assert_eq!(ids(&claim(app, 1).await), [id]);
    review::step(app, id, Step::Delete, Some("noise only"), author, &actor())
        .await
        .unwrap();
    practice.clock.pass(86_400);
    assert_eq!(claim(app, 1).await, []);
    assert_eq!(app.store.queue().await.unwrap(), []);
}

#[tokio::test]
async fn two_programs_over_one_database_share_the_work() {
    let practice = Practice::new(Kind::Demo).await;
    let mut all = Vec::new();
    for n in 0..6 {
        all.push(routine(&practice, &n.to_string()).await);
    }
    let other = open(&practice.data(), Opening::Existing, practice.clock.clone()).await;
    let mut claimed = Vec::new();
    for app in [&practice.app, &other, &practice.app] {
        claimed.extend(ids(&claim(app, 2).await));
    }
    claimed.sort();
    all.sort();
    assert_eq!(claimed, all);
}

#[tokio::test]
async fn a_person_at_the_command_line_has_the_recording_heard_now() {
    let practice = Practice::new(Kind::Demo).await;
    let id = routine(&practice, "1").await;
    let running = claim(&practice.app, 1).await.remove(0);
    let request = practice.request(practice.recording("1", b"1"));
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    assert_eq!(taken.dictation.id, id);
    assert_eq!(place(&practice.app, id).await, DRAFTED);
    let now = practice.app.clock.now();
    assert!(!practice.app.store.renew_claim(running, now).await.unwrap());
}

/// Kills the program after each of its steps; whoever comes next finishes the work, once.
#[tokio::test]
async fn wherever_a_program_dies_the_next_one_finishes_and_nothing_is_seen_twice() {
    for last in 0..5 {
        let mut practice = Practice::new(Kind::Demo).await;
        let id = routine(&practice, "1").await;
        if last >= 1 {
            let claim = claim(&practice.app, 1).await.remove(0);
            if last >= 2 {
                let now = practice.app.clock.now();
                practice
                    .app
                    .store
                    .renew_claim(claim.clone(), now)
                    .await
                    .unwrap();
            }
            // 3: what was heard is lost with the program.
            if last >= 4 {
                intake::complete(&practice.app, id, recognition(), &actor())
                    .await
                    .unwrap();
            }
        }
        practice = practice.reopen().await;
        practice.clock.pass(LEASE.as_secs());
        let heard = Arc::new(AtomicUsize::new(0));
        let seen = heard.clone();
        let runner = runner(&practice.app, 1, move |_, _| {
            seen.fetch_add(1, Ordering::SeqCst);
            Ok(recognition())
        });
        runner.drain().await.unwrap();
        practice.clock.pass(back_off(1).as_secs());
        runner.drain().await.unwrap();
        assert_eq!(place(&practice.app, id).await, DRAFTED, "killed at {last}");
        assert_eq!(heard.load(Ordering::SeqCst), usize::from(last < 4));
        let app = &practice.app;
        assert_eq!(
            app.store.reports(Default::default()).await.unwrap().len(),
            1
        );
        assert_eq!(app.store.lost().await.unwrap(), []);
        let drafts = practice.actions().await;
        let drafts = drafts.iter().filter(|a| *a == "dictation.transcribed");
        assert_eq!(drafts.count(), 1, "killed at {last}");
    }
}

// The runner.

/// A runner whose engine is this function of the stored sound.
fn runner(
    app: &App,
    workers: usize,
    hear: impl Fn(&str, &Cancel) -> Result<Recognition, TranscribeError> + Send + Sync + 'static,
) -> Runner {
    let hear: Arc<Hear> = Arc::new(move |hearing: Hearing<'_>, progress: Progress<'_>| {
        progress(1.0, Some(2.0));
        let sound = std::io::read_to_string(hearing.recording.bytes().unwrap()).unwrap();
        hear(&sound, hearing.cancel)
    });
    Runner::new(app.clone(), hear, workers)
}

#[tokio::test]
async fn the_runner_hears_everything_in_order_and_tells_of_it() {
    let practice = Practice::new(Kind::Demo).await;
    let first = routine(&practice, "first").await;
    practice.clock.pass(1);
    let second = routine(&practice, "second").await;
    let stat = receive(&practice, "stat", Priority::Stat).await;
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = order.clone();
    let runner = runner(&practice.app, 1, move |sound, _| {
        seen.lock().unwrap().push(sound.to_owned());
        Ok(recognition())
    });
    let mut events = runner.events();
    runner.drain().await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["stat", "first", "second"]);
    for id in [first, second, stat] {
        assert_eq!(place(&practice.app, id).await, DRAFTED);
    }
    for id in [stat, first, second] {
        assert_eq!(events.try_recv().unwrap(), Event::Started(id));
        assert_eq!(events.try_recv().unwrap(), Event::Heard(id, 1.0, Some(2.0)));
        assert_eq!(events.try_recv().unwrap(), Event::Drafted(id));
    }
}

#[tokio::test]
async fn failures_are_tried_again_and_bad_recordings_are_not() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let panics = routine(&practice, "panics").await;
    let fails = routine(&practice, "fails").await;
    let letter = routine(&practice, "letter").await;
    let good = routine(&practice, "good").await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let runner = runner(app, 2, move |sound, _| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        match sound {
            "panics" if call < 4 => panic!("as an engine might"),
            "fails" if call < 4 => Err(SpeechError::Engine("out of memory".into()).into()),
            "letter" => Err(AudioError::NotAudio(PathBuf::from("x"), "a letter".into()).into()),
            _ => Ok(recognition()),
        }
    });
    runner.drain().await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    assert_eq!(place(app, panics).await, WAITS);
    assert_eq!(place(app, fails).await, WAITS);
    assert_eq!(place(app, letter).await, GIVEN_UP);
    assert_eq!(place(app, good).await, DRAFTED);
    let reason = queued(app, letter).await.reason.unwrap();
    assert!(reason.contains("a letter"), "{reason}");
    practice.clock.pass(back_off(1).as_secs());
    runner.drain().await.unwrap();
    assert_eq!(place(app, panics).await, DRAFTED);
    assert_eq!(place(app, fails).await, DRAFTED);
    assert_eq!(place(app, letter).await, GIVEN_UP);
}

#[tokio::test]
async fn a_sound_that_was_damaged_in_the_store_is_not_heard() {
    let practice = Practice::new(Kind::Demo).await;
    let id = routine(&practice, "sound").await;
    let sha256 = &practice.app.store.dictation(id).await.unwrap().takes[0].sha256;
    let path = practice.app.audio.vault().path(sha256);
    std::fs::write(path, b"sounD").unwrap();
    let runner = runner(&practice.app, 1, |_, _| panic!("it was heard"));
    runner.drain().await.unwrap();
    assert_eq!(place(&practice.app, id).await, GIVEN_UP);
}

/// Says what it is asked to hear, and hears until it is told to go on, or stopped.
fn gated(
    started: Sender<String>,
) -> (
    Arc<AtomicUsize>,
    impl Fn(&str, &Cancel) -> Result<Recognition, TranscribeError> + Send + Sync,
) {
    let open = Arc::new(AtomicUsize::new(0));
    let gate = open.clone();
    let started = Mutex::new(started);
    let hear = move |sound: &str, cancel: &Cancel| {
        started.lock().unwrap().send(sound.to_owned()).unwrap();
        while gate.load(Ordering::SeqCst) == 0 {
            if cancel.is_cancelled() {
                return Err(SpeechError::Cancelled.into());
            }
            std::thread::yield_now();
        }
        Ok(recognition())
    };
    (open, hear)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stat_arrival_does_not_wait_for_a_long_recording_and_nothing_else_overtakes() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let long = routine(&practice, "long").await;
    // What comes in at the same instant has no order.
    practice.clock.pass(1);
    let next = routine(&practice, "next").await;
    let (started, begun) = channel();
    let (gate, hear) = gated(started);
    let runner = runner(app, 1, hear);
    let mut events = runner.events();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = {
        let runner = runner.clone();
        tokio::spawn(async move {
            runner
                .run(async move {
                    let _ = stopped.await;
                })
                .await;
        })
    };
    let begun = Arc::new(Mutex::new(begun));
    let heard = |begun: Arc<Mutex<std::sync::mpsc::Receiver<String>>>| async move {
        tokio::task::spawn_blocking(move || begun.lock().unwrap().recv().unwrap())
            .await
            .unwrap()
    };
    assert_eq!(heard(begun.clone()).await, "long");
    let stat = receive(&practice, "stat", Priority::Stat).await;
    runner.wake();
    assert_eq!(heard(begun.clone()).await, "stat");
    assert_eq!(place(app, long).await, RUNS);
    assert_eq!(place(app, stat).await, RUNS);
    assert_eq!(place(app, next).await, WAITS);
    gate.store(1, Ordering::SeqCst);
    assert_eq!(heard(begun).await, "next");
    let mut drafted = 0;
    while drafted < 3 {
        if let Event::Drafted(_) = events.recv().await.unwrap() {
            drafted += 1;
        }
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    for id in [long, stat, next] {
        assert_eq!(place(app, id).await, DRAFTED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_is_stopped_gives_back_what_it_had() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let id = routine(&practice, "long").await;
    let (started, begun) = channel();
    let (_gate, hear) = gated(started);
    let runner = runner(app, 1, hear);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = {
        let runner = runner.clone();
        tokio::spawn(async move {
            runner
                .run(async move {
                    let _ = stopped.await;
                })
                .await;
        })
    };
    tokio::task::spawn_blocking(move || begun.recv().unwrap())
        .await
        .unwrap();
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(place(app, id).await, WAITS);
    let waiting = queued(app, id).await;
    assert_eq!((waiting.failures, waiting.lease_until), (0, None));
    assert_eq!(ids(&claim(app, 1).await), [id]);
}

#[tokio::test]
async fn the_pool_hears_what_the_queue_gives_it() {
    let practice = Practice::new(Kind::Demo).await;
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/clip.flac");
    let dictation = intake::receive(&practice.app, practice.request(clip), &actor())
        .await
        .unwrap();
    let engine = ScriptedEngine::new([Line::Says(
        "Chest pain period no fever comma no cough period",
    )]);
    let pool = Pool::new(Arc::new(engine), 1).unwrap();
    let options = Options {
        language: "en".into(),
        ..Options::default()
    };
    let workers = pool.workers();
    let hear = hear_with(pool, real::index().clone(), options);
    let runner = Runner::new(practice.app.clone(), hear, workers);
    runner.drain().await.unwrap();
    let report = practice.app.store.report_of(dictation.id).await.unwrap();
    assert_eq!(
        report.unwrap().latest.body.text,
        "Chest pain. No fever, no cough."
    );
    // What it was heard with: the patient's record lies over the word set.
    let transcript = practice
        .app
        .store
        .transcript_of(dictation.id)
        .await
        .unwrap();
    let background = layers::background_of(&practice.app, &dictation)
        .await
        .unwrap();
    let index = layers::over(real::index(), &background);
    assert_ne!(index.version(), real::index().version());
    assert_eq!(
        transcript.unwrap().dictionary_version.as_deref(),
        Some(index.version())
    );
}
