//! Recordings that come by the hundred, with nobody beside them: batches, watched folders, the inbox.

use crate::people::{administered, log_in, settle};
use crate::support::practice::{BORN, Practice, actor, mrn, recognition};
use crate::support::real::{self, write_wav};
use crate::support::voice::voice;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use osler::app::App;
use osler::audio::OpenOptions;
use osler::config::{Config, Done, Recorders, WatchedFolder};
use osler::domain::arrival::{Field, InboxState};
use osler::domain::audit::Actor;
use osler::domain::dictation::{Phase, State};
use osler::domain::ids::DictationId;
use osler::domain::patient::Sex;
use osler::domain::transition::Step;
use osler::domain::worklist::{Priority, Route};
use osler::http::router;
use osler::speech::engine::SpeechError;
use osler::store::Kind;
use osler::workflow::arrivals::{
    Arrival, Desk, Found, Matching, Outcome, Plan, Rules, find_recordings, look_at, take_in,
};
use osler::workflow::batch::{self, Progress, Stop, Summary};
use osler::workflow::patients::NewPatient;
use osler::workflow::people::login;
use osler::workflow::queue::{Hear, Hearing, Progress as Seconds, Runner};
use osler::workflow::watch::{DONE, Event, FAILED, WatchError, Watcher, watchers};
use osler::workflow::{WorkflowError, inbox, intake, patients, review};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;
use tower::ServiceExt;

/// A recording of its own: no two numbers sound the same.
fn record(path: &Path, number: usize) {
    static VOICE: OnceLock<Vec<f32>> = OnceLock::new();
    let voice = VOICE.get_or_init(|| voice(1.0));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_wav(path, &voice[..8_000 + number]);
}

fn desk() -> Desk {
    Desk {
        source: "batch".into(),
        actor: Actor {
            name: "system".into(),
            via: "batch".into(),
        },
        open: OpenOptions::default(),
    }
}

fn rules(matching: Matching) -> Arc<Rules> {
    Arc::new(Rules::read(&matching, &Recorders::default()).unwrap())
}

fn by_name() -> Matching {
    Matching {
        pattern: Some("{mrn}_{date}_{author}".into()),
        ..Matching::default()
    }
}

/// Never stops.
fn never() -> Stop {
    let (send, stop) = watch::channel(false);
    std::mem::forget(send);
    stop
}

async fn look(app: &App, rules: &Arc<Rules>, folder: &Path) -> Vec<Arrival> {
    let found = find_recordings(&[folder.to_path_buf()]).unwrap().found;
    batch::look(app, rules, &desk(), found, &mut never(), &mut |_| {})
        .await
        .unwrap()
}

/// A runner that hears what a test says; the count is of recordings heard to their end.
fn runner(
    app: &App,
    hear: impl Fn(usize) -> Result<(), SpeechError> + Send + Sync + 'static,
) -> (Runner, Arc<AtomicUsize>) {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    let hear: Arc<Hear> = Arc::new(move |hearing: Hearing<'_>, tell: Seconds<'_>| {
        tell(0.5, Some(1.0));
        hear(count.load(Ordering::SeqCst))?;
        if hearing.cancel.is_cancelled() {
            return Err(SpeechError::Cancelled.into());
        }
        count.fetch_add(1, Ordering::SeqCst);
        Ok(recognition())
    });
    (Runner::new(app.clone(), hear, 2), heard)
}

/// A whole run, as the command line does it.
async fn run(app: &App, rules: &Arc<Rules>, folder: &Path) -> (Summary, usize) {
    let begun_at = app.clock.now();
    let arrivals = look(app, rules, folder).await;
    let outcomes = batch::carry_out(app, &desk(), &arrivals, &mut never(), &mut |_| {})
        .await
        .unwrap();
    let (runner, heard) = runner(app, |_| Ok(()));
    let ours = dictations(&outcomes);
    let open = batch::open(app, &ours).await.unwrap();
    let before = ours.difference(&open).copied().collect();
    assert!(
        batch::transcribe(app, &runner, &open, &mut never(), &mut |_| {})
            .await
            .unwrap()
    );
    let summary = batch::summary(app, begun_at, &arrivals, Some(&outcomes), &before)
        .await
        .unwrap();
    (summary, heard.load(Ordering::SeqCst))
}

fn dictations(outcomes: &[Option<Outcome>]) -> BTreeSet<DictationId> {
    outcomes
        .iter()
        .flatten()
        .filter_map(Outcome::dictation)
        .collect()
}

fn outcome_of<'a>(summary: &'a Summary, name: &str) -> &'a str {
    let mut lines = summary.recordings.iter();
    lines.find(|l| l.file.ends_with(name)).unwrap().outcome
}

/// Twelve recordings: six that are certain, a copy of one, one sound under the names of two patients, one of a patient that
/// nobody knows, two that are none; and a letter.
fn twelve(folder: &Path) -> Matching {
    for (number, name) in [
        "A-1_2025-03-01_dr.a.wav",
        "A-1_2025-03-02_dr.a.wav",
        "B-2_2025-03-01_dr.c.wav",
        "mon/b-2_20250302_DR.C.wav",
        "DS_0001.wav",
        "DS_0002.wav",
        "A-1_2025-04-01_dr.a.wav",
        "Z-9_2025-03-01_dr.a.wav",
    ]
    .iter()
    .enumerate()
    {
        record(&folder.join(name), number);
    }
    for (from, to) in [
        ("A-1_2025-03-01_dr.a.wav", "A-1_2025-03-03_dr.a.wav"),
        ("A-1_2025-04-01_dr.a.wav", "B-2_2025-04-01_dr.a.wav"),
    ] {
        std::fs::copy(folder.join(from), folder.join(to)).unwrap();
    }
    for (name, bytes) in [
        ("A-1_2025-03-04_dr.a.wav", "RIFF, and then no more"),
        ("A-1_2025-03-05_dr.a.wav", ""),
        ("letter.docx", "Dear colleague"),
        (
            "list.csv",
            "file;mrn;birth_date;author;priority\nds_0001.wav;A-1;14.03.1961;dr.a;STAT\n",
        ),
        (
            "DS_0002.wav.json",
            r#"{"mrn": "B-2", "birth_date": "1980-12-01", "author": "dr.c", "route": "secretary"}"#,
        ),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    Matching {
        map: Some(folder.join("list.csv")),
        ..by_name()
    }
}

#[tokio::test]
async fn twelve_recordings_are_taken_in_and_each_is_told_of() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(twelve(folder.path()));
    let listing = find_recordings(&[folder.path().to_path_buf()]).unwrap();
    assert_eq!((listing.found.len(), listing.ignored.len()), (12, 1));

    let (summary, heard) = run(app, &rules, folder.path()).await;
    assert_eq!(heard, 6);
    let counts: Vec<(&str, usize)> = summary.counts.iter().map(|(k, n)| (*k, *n)).collect();
    assert_eq!(
        counts,
        [
            ("duplicate", 2),
            ("inbox", 2),
            ("transcribed", 6),
            ("unreadable", 2)
        ]
    );
    for (name, outcome) in [
        ("A-1_2025-03-03_dr.a.wav", "duplicate"),
        ("A-1_2025-04-01_dr.a.wav", "inbox"),
        ("B-2_2025-04-01_dr.a.wav", "duplicate"),
        ("Z-9_2025-03-01_dr.a.wav", "inbox"),
        ("A-1_2025-03-04_dr.a.wav", "unreadable"),
        ("A-1_2025-03-05_dr.a.wav", "unreadable"),
        ("b-2_20250302_DR.C.wav", "transcribed"),
    ] {
        assert_eq!(outcome_of(&summary, name), outcome, "{name}");
    }

    // Whose they are, and how they are to be worked on.
    let ada = app.store.record(practice.ada.id).await.unwrap();
    let mut orders: Vec<_> = ada
        .dictations
        .iter()
        .map(|d| {
            (
                d.dictation.orders.priority,
                d.dictation.identity_verified_at.is_some(),
            )
        })
        .collect();
    orders.sort();
    assert_eq!(
        orders,
        [
            (Priority::Stat, true),
            (Priority::Routine, false),
            (Priority::Routine, false)
        ]
    );
    let ben = app.store.record(practice.ben.id).await.unwrap();
    assert_eq!(ben.dictations.len(), 3);
    assert!(
        ben.dictations
            .iter()
            .all(|d| d.dictation.author_id == practice.colleague.id)
    );
    let routes: Vec<Route> = ben
        .dictations
        .iter()
        .map(|d| d.dictation.orders.route)
        .collect();
    assert_eq!(routes.iter().filter(|r| **r == Route::Secretary).count(), 1);

    // As a table.
    let csv = summary.csv();
    assert_eq!(csv.lines().count(), 13);
    assert!(csv.starts_with("file,outcome,reason,mrn,"), "{csv}");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["counts"]["transcribed"], 6);
    assert_eq!(json["recordings"].as_array().unwrap().len(), 12);
    assert_eq!(json["recordings"][0]["words"], 6);
}

#[tokio::test]
async fn a_second_run_finds_everything_done_and_writes_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(twelve(folder.path()));
    run(app, &rules, folder.path()).await;
    let (dump, sounds) = (practice.dump(), practice.sounds());
    let (summary, heard) = run(app, &rules, folder.path()).await;
    assert_eq!(heard, 0);
    assert_eq!(summary.count(&["known"]), 6);
    assert_eq!(summary.count(&["duplicate"]), 2);
    assert_eq!(summary.count(&["inbox"]), 2);
    assert_eq!(summary.count(&["unreadable"]), 2);
    assert_eq!(practice.dump(), dump);
    assert_eq!(practice.sounds(), sounds);
}

#[tokio::test]
async fn a_dry_run_says_what_would_become_of_each_and_writes_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(twelve(folder.path()));
    let (dump, sounds) = (practice.dump(), practice.sounds());
    let arrivals = look(app, &rules, folder.path()).await;
    let summary = batch::summary(app, app.clock.now(), &arrivals, None, &BTreeSet::new())
        .await
        .unwrap();
    assert!(summary.dry_run);
    let counts: Vec<(&str, usize)> = summary.counts.iter().map(|(k, n)| (*k, *n)).collect();
    assert_eq!(
        counts,
        [
            ("duplicate", 2),
            ("unreadable", 2),
            ("would_take_in", 6),
            ("would_wait_in_inbox", 2)
        ]
    );
    assert_eq!(practice.dump(), dump);
    assert_eq!(practice.sounds(), sounds);
}

#[tokio::test]
async fn a_batch_that_is_stopped_while_it_takes_in_goes_on_where_it_was() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(twelve(folder.path()));
    let (send, mut stop) = watch::channel(false);
    let arrivals = look(&practice.app, &rules, folder.path()).await;
    let outcomes = batch::carry_out(&practice.app, &desk(), &arrivals, &mut stop, &mut |p| {
        if p == Progress::TakenIn(4) {
            send.send(true).unwrap();
        }
    })
    .await
    .unwrap();
    assert_eq!(outcomes.iter().flatten().count(), 4);
    assert_eq!(outcomes.len(), 12);
    let practice = practice.reopen().await;
    let (summary, heard) = run(&practice.app, &rules, folder.path()).await;
    assert_eq!(heard, 6);
    assert_eq!(summary.count(&["transcribed"]), 6);
    assert_eq!(summary.count(&["duplicate"]), 2);
    assert_eq!(
        practice
            .app
            .store
            .reports(Default::default())
            .await
            .unwrap()
            .len(),
        6
    );
}

#[tokio::test]
async fn a_batch_that_is_stopped_while_it_transcribes_goes_on_where_it_was() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules(twelve(folder.path()));
    let arrivals = look(&practice.app, &rules, folder.path()).await;
    let outcomes = batch::carry_out(&practice.app, &desk(), &arrivals, &mut never(), &mut |_| {})
        .await
        .unwrap();
    let ours = dictations(&outcomes);
    assert_eq!(ours.len(), 6);
    let (send, mut stop) = watch::channel(false);
    let (first, heard) = runner(&practice.app, move |done| {
        if done < 3 {
            return Ok(());
        }
        // The person has had enough.
        let _ = send.send(true);
        Err(SpeechError::Cancelled)
    });
    let done = batch::transcribe(&practice.app, &first, &ours, &mut stop, &mut |_| {})
        .await
        .unwrap();
    assert!(!done);
    let before = heard.load(Ordering::SeqCst);
    assert!((3..6).contains(&before), "{before}");
    drop(first);

    let practice = practice.reopen().await;
    let (summary, heard) = run(&practice.app, &rules, folder.path()).await;
    assert_eq!(heard, 6 - before);
    assert_eq!(summary.count(&["transcribed"]), 6 - before);
    assert_eq!(
        practice
            .app
            .store
            .reports(Default::default())
            .await
            .unwrap()
            .len(),
        6
    );
}

#[tokio::test]
async fn a_transcription_that_is_given_up_is_told_with_its_reason_and_holds_nothing_up() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("A-1_2025-03-01_dr.a.wav"), 1);
    let rules = rules(by_name());
    let arrivals = look(app, &rules, folder.path()).await;
    let outcomes = batch::carry_out(app, &desk(), &arrivals, &mut never(), &mut |_| {})
        .await
        .unwrap();
    let ours = dictations(&outcomes);
    // Its sound is damaged in the store.
    let id = *ours.first().unwrap();
    let sha256 = &app.store.dictation(id).await.unwrap().takes[0].sha256;
    std::fs::write(app.audio.vault().path(sha256), b"nothing").unwrap();
    let (runner, _) = runner(app, |_| panic!("it was heard"));
    assert!(
        batch::transcribe(app, &runner, &ours, &mut never(), &mut |_| {})
            .await
            .unwrap()
    );
    let summary = batch::summary(
        app,
        app.clock.now(),
        &arrivals,
        Some(&outcomes),
        &BTreeSet::new(),
    )
    .await
    .unwrap();
    let line = &summary.recordings[0];
    assert_eq!(line.outcome, "failed");
    assert!(
        line.reason.as_ref().unwrap().contains("damaged"),
        "{line:?}"
    );
}

// Whose a recording is.

/// What becomes of one recording with this name.
async fn alone(practice: &Practice, matching: Matching, name: &str, number: usize) -> Arrival {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    record(&path, number);
    look_at(
        &practice.app,
        &rules(matching),
        &desk(),
        Found::single(&path),
    )
    .await
    .unwrap()
}

#[track_caller]
fn waits_for(arrival: &Arrival, part: &str) {
    let Plan::Inbox { reason, .. } = &arrival.plan else {
        panic!("{:?}", arrival.plan);
    };
    assert!(reason.contains(part), "{reason}");
}

#[tokio::test]
async fn what_is_not_certain_waits_and_nobody_guesses() {
    let practice = Practice::new(Kind::Demo).await;
    for (name, part) in [
        ("visit.wav", "nothing names its patient"),
        (
            "Z-9_2025-03-01_dr.a.wav",
            "no patient with record number Z-9",
        ),
        ("A-1_2025-03-01_dr.x.wav", "is no physician here"),
        ("A-1_2025-03-01_s.s.wav", "is no physician here"),
    ] {
        waits_for(&alone(&practice, by_name(), name, 1).await, part);
    }
    let born = |pattern: &str| Matching {
        pattern: Some(pattern.into()),
        author: Some("dr.a".into()),
        ..Matching::default()
    };
    let wrong = alone(&practice, born("{mrn}_{birth_date}"), "A-1_19610315.wav", 1).await;
    waits_for(&wrong, "date of birth");
    let right = alone(&practice, born("{mrn}_{birth_date}"), "A-1_19610314.wav", 1).await;
    let Plan::TakeIn(request) = right.plan else {
        panic!("{:?}", right.plan);
    };
    assert_eq!(
        (request.birth_date, request.author.username.as_str()),
        (Some(BORN), "dr.a")
    );
    let twofold = alone(
        &practice,
        born("{mrn}-{encounter}"),
        "A-1-123456-123456.wav",
        1,
    )
    .await;
    waits_for(&twofold, "more than one way");
    // Two physicians, and nobody is named.
    let nobody = Matching {
        author: None,
        ..born("{mrn}")
    };
    waits_for(
        &alone(&practice, nobody, "A-1.wav", 1).await,
        "who dictated",
    );
}

#[tokio::test]
async fn a_list_that_contradicts_the_name_or_comes_round_again_is_not_believed() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    let listed = |text: &str| {
        std::fs::write(&list, text).unwrap();
        Matching {
            map: Some(list.clone()),
            ..by_name()
        }
    };
    let other = listed("file,mrn\nA-1_2025-03-01_dr.a.wav,B-2\n");
    waits_for(
        &alone(&practice, other, "A-1_2025-03-01_dr.a.wav", 1).await,
        "mrn is not the same everywhere",
    );

    // The recorder counts from 1 again, and the list is yesterday's.
    let yesterday = "file,mrn,author\nDS_0001.wav,A-1,dr.a\n";
    let first = alone(&practice, listed(yesterday), "DS_0001.wav", 2).await;
    assert!(matches!(first.plan, Plan::TakeIn(_)), "{:?}", first.plan);
    let path = folder.path().join("DS_0001.wav");
    record(&path, 2);
    let again = look_at(
        &practice.app,
        &rules(listed(yesterday)),
        &desk(),
        Found::single(&path),
    )
    .await
    .unwrap();
    take_in(&practice.app, &desk(), &again).await.unwrap();
    waits_for(
        &alone(&practice, listed(yesterday), "DS_0001.wav", 3).await,
        "the line may be an old one",
    );
    let today = "file,mrn,author\nDS_0001.wav,B-2,dr.a\n";
    let new = alone(&practice, listed(today), "DS_0001.wav", 3).await;
    assert!(matches!(new.plan, Plan::TakeIn(_)), "{:?}", new.plan);
}

#[tokio::test]
async fn two_recordings_of_one_name_do_not_share_a_line_of_the_list() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("mon/DS_0001.wav"), 1);
    record(&folder.path().join("tue/DS_0001.wav"), 2);
    let list = folder.path().join("list.csv");
    std::fs::write(&list, "file,mrn,author\nDS_0001.wav,A-1,dr.a\n").unwrap();
    let rules = rules(Matching {
        map: Some(list),
        ..Matching::default()
    });
    for arrival in look(&practice.app, &rules, folder.path()).await {
        waits_for(&arrival, "line 2 of the list");
    }
}

/// A dictaphone file with this header, which a program decodes that always gives the same sound.
fn dictaphone(folder: &Path, author: &str, priority: u8, comment: &str) -> (PathBuf, Desk) {
    let mut bytes = vec![0xff; 4096];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, b"\x02dss");
    put(0x0c, format!("{author:\0<16}").as_bytes());
    put(0x26, b"250301090902");
    put(0x319, &[priority]);
    put(0x31e, format!("{comment:<100}").as_bytes());
    let path = folder.join("DS_0007.dss");
    std::fs::write(&path, bytes).unwrap();
    record(&folder.join("decoded.wav"), 0);
    let mut desk = desk();
    let decoded = folder.join("decoded.wav").display().to_string();
    // Whatever file it is given.
    desk.open.dss_decoder = ["sh", "-c", "cat \"$0\"", &decoded, "{input}"]
        .map(str::to_owned)
        .to_vec();
    (path, desk)
}

#[tokio::test]
async fn the_header_of_a_recorder_says_who_how_urgent_and_in_its_comment_whose() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let (path, desk) = dictaphone(folder.path(), "DR AUTHOR", 3, "A-1 / knee");
    let recorders = Recorders {
        authors: [("Dr Author".to_owned(), "dr.a".to_owned())].into(),
        ..Recorders::default()
    };
    let matching = Matching {
        comment: Some("{mrn} /{*}".into()),
        ..Matching::default()
    };
    let rules = Arc::new(Rules::read(&matching, &recorders).unwrap());
    let found = Found::single(&path);
    let arrival = look_at(&practice.app, &rules, &desk, found.clone())
        .await
        .unwrap();
    let Plan::TakeIn(request) = &arrival.plan else {
        panic!("{:?}", arrival.plan);
    };
    assert_eq!(request.mrn, mrn("A-1"));
    assert_eq!(request.author.id, practice.author.id);
    assert_eq!(request.orders.priority, Priority::Urgent);
    assert_eq!(arrival.hints.get(Field::Date), Some("2025-03-01"));

    // Another's name on the file, and this one's recorder: somebody has to hear it.
    std::fs::write(path.with_extension("json"), r#"{"author": "dr.c"}"#).unwrap();
    let arrival = look_at(&practice.app, &rules, &desk, found.clone())
        .await
        .unwrap();
    waits_for(&arrival, "its author is not certain");
    std::fs::remove_file(path.with_extension("json")).unwrap();

    // A name from the factory is nobody's, and one who always dictates there is.
    let (path, desk) = dictaphone(folder.path(), "DPM", 0, "A-1 / knee");
    let matching = Matching {
        author: Some("dr.c".into()),
        ..matching
    };
    let rules = Arc::new(Rules::read(&matching, &recorders).unwrap());
    let arrival = look_at(&practice.app, &rules, &desk, Found::single(&path))
        .await
        .unwrap();
    let Plan::TakeIn(request) = &arrival.plan else {
        panic!("{:?}", arrival.plan);
    };
    assert_eq!(request.author.id, practice.colleague.id);
    assert_eq!(request.orders.priority, Priority::Routine);
}

// The inbox.

/// One recording in the inbox, and its file.
async fn waiting(practice: &Practice, folder: &Path) -> PathBuf {
    let path = folder.join("visit.wav");
    record(&path, 1);
    let arrival = look_at(
        &practice.app,
        &rules(by_name()),
        &desk(),
        Found::single(&path),
    )
    .await
    .unwrap();
    let outcome = take_in(&practice.app, &desk(), &arrival).await.unwrap();
    assert!(matches!(outcome, Outcome::InInbox(..)), "{outcome:?}");
    path
}

async fn again(practice: &Practice, path: &Path) -> Outcome {
    let found = Found::single(path);
    let arrival = look_at(&practice.app, &rules(by_name()), &desk(), found)
        .await
        .unwrap();
    take_in(&practice.app, &desk(), &arrival).await.unwrap()
}

#[tokio::test]
async fn somebody_says_whose_it_is_and_it_is_transcribed() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let path = waiting(&practice, folder.path()).await;
    let item = inbox::list(app, false).await.unwrap().remove(0);
    assert_eq!(item.original_name, "visit.wav");
    let id = item.id.to_string();
    let item = inbox::find(app, &id[id.len() - 8..]).await.unwrap();

    // Somebody has to hear it first.
    let copy = folder.path().join("hear.wav");
    inbox::save(app, &item, &copy).await.unwrap();
    assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(&path).unwrap());
    assert!(inbox::save(app, &item, &copy).await.is_err());

    let mut request = practice.request("visit.wav".into());
    request.birth_date = Some(jiff::civil::date(1999, 1, 1));
    assert!(
        inbox::assign(app, item.id, &request, &actor())
            .await
            .is_err()
    );
    assert_eq!(inbox::list(app, false).await.unwrap().len(), 1);
    request.birth_date = Some(BORN);
    let dictation = inbox::assign(app, item.id, &request, &actor())
        .await
        .unwrap();
    assert_eq!(
        (dictation.phase, dictation.state),
        (Phase::Recorded, State::Pending)
    );
    assert_eq!(dictation.takes[0].original_name, "visit.wav");
    assert_eq!(inbox::list(app, false).await.unwrap(), []);
    let all = inbox::list(app, true).await.unwrap();
    assert_eq!(all[0].dictation_id, Some(dictation.id));

    let twice = inbox::assign(app, item.id, &request, &actor())
        .await
        .unwrap_err();
    assert!(twice.to_string().contains("assigned already"), "{twice}");
    assert_eq!(again(&practice, &path).await, Outcome::Known(dictation.id));
    let (runner, heard) = runner(app, |_| Ok(()));
    runner.drain().await.unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    let actions = practice.actions().await;
    assert_eq!(
        actions[..4],
        [
            "inbox.received",
            "dictation.received",
            "dictation.identity_verified",
            "inbox.assigned"
        ]
    );
}

#[tokio::test]
async fn secretaries_decide_about_the_inbox_and_physicians_about_what_they_dictated() {
    const TYPED: &str = "a horse in the rain";
    let (practice, root) = administered().await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    waiting(&practice, folder.path()).await;
    let id = inbox::list(app, false).await.unwrap()[0].id;
    for username in ["s.s", "dr.a", "dr.c"] {
        settle(&practice, &root, username, TYPED).await;
    }
    let request = practice.request("visit.wav".into());
    for username in ["dr.c", "root"] {
        let who = match username {
            "root" => root.clone(),
            _ => log_in(&practice, username, TYPED).await.who,
        };
        let refused = inbox::assign_by(app, &who, id, &request).await.unwrap_err();
        assert!(matches!(refused, WorkflowError::Refused(_)), "{refused}");
        let refused = inbox::discard_by(app, &who, id, "nothing")
            .await
            .unwrap_err();
        assert!(matches!(refused, WorkflowError::Refused(_)), "{refused}");
    }
    let secretary = log_in(&practice, "s.s", TYPED).await.who;
    // Whoever decides has to hear it; nothing says that it is dr.c's, and administrators hear nobody.
    let item = inbox::find(app, &id.to_string()).await.unwrap();
    let heard = inbox::hear_by(app, &secretary, &item).await.unwrap();
    assert!(heard.duration_s > 0.4, "{}", heard.duration_s);
    for username in ["dr.c", "root"] {
        let who = match username {
            "root" => root.clone(),
            _ => log_in(&practice, username, TYPED).await.who,
        };
        let refused = inbox::hear_by(app, &who, &item)
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(refused, WorkflowError::Refused(_)), "{refused}");
    }
    let trail = practice.actions().await;
    assert!(
        trail.iter().any(|action| action == "record.read"),
        "{trail:?}"
    );
    inbox::discard_by(app, &secretary, id, "nothing")
        .await
        .unwrap();
    // Whoever dictated it knows better.
    let author = log_in(&practice, "dr.a", TYPED).await.who;
    inbox::assign_by(app, &author, id, &request).await.unwrap();
}

#[tokio::test]
async fn what_was_put_aside_stays_aside_and_can_be_taken_back() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let path = waiting(&practice, folder.path()).await;
    let item = inbox::list(app, false).await.unwrap().remove(0);
    assert!(inbox::discard(app, item.id, " ", &actor()).await.is_err());
    inbox::discard(app, item.id, "somebody tried the recorder", &actor())
        .await
        .unwrap();
    assert!(
        inbox::discard(app, item.id, "again", &actor())
            .await
            .is_err()
    );
    assert_eq!(again(&practice, &path).await, Outcome::Discarded(item.id));
    let all = inbox::list(app, true).await.unwrap();
    assert_eq!(all[0].state, InboxState::Discarded);
    assert_eq!(all[0].note.as_deref(), Some("somebody tried the recorder"));
    let request = practice.request("visit.wav".into());
    inbox::assign(app, item.id, &request, &actor())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_known_of_a_recording_that_waits_is_renewed_when_it_comes_again() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let path = waiting(&practice, folder.path()).await;
    std::fs::write(
        path.with_extension("json"),
        r#"{"mrn": "Z-9", "author": "dr.a"}"#,
    )
    .unwrap();
    assert!(matches!(
        again(&practice, &path).await,
        Outcome::InInbox(..)
    ));
    let items = inbox::list(app, false).await.unwrap();
    assert_eq!(items.len(), 1);
    assert!(items[0].reason.contains("Z-9"), "{}", items[0].reason);
    // The patient is added, and the recording finds its way.
    assert_eq!(inbox::look_again(app, &actor()).await.unwrap(), []);
    let new = NewPatient {
        mrn: mrn("Z-9"),
        family: "Herbst".into(),
        given: "Zoe".into(),
        birth_date: BORN,
        sex: Sex::Female,
    };
    patients::add(app, new, &actor()).await.unwrap();
    let assigned = inbox::look_again(app, &actor()).await.unwrap();
    assert_eq!(assigned.len(), 1);
    assert_eq!(
        again(&practice, &path).await,
        Outcome::Known(assigned[0].id)
    );
}

#[tokio::test]
async fn what_sources_disagree_about_is_never_settled_by_itself() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A-1_2025-03-01_dr.a.wav");
    record(&path, 1);
    std::fs::write(path.with_extension("json"), r#"{"mrn": "B-2"}"#).unwrap();
    assert!(matches!(
        again(&practice, &path).await,
        Outcome::InInbox(..)
    ));
    assert_eq!(inbox::look_again(app, &actor()).await.unwrap(), []);
    assert_eq!(inbox::list(app, false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_recording_whose_dictation_was_deleted_does_not_come_back_by_itself() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A-1_2025-03-01_dr.a.wav");
    record(&path, 1);
    let Outcome::TakenIn(id) = again(&practice, &path).await else {
        panic!("it was not taken in");
    };
    review::step(
        app,
        id,
        Step::Delete,
        Some("wrong patient"),
        &practice.author,
        &actor(),
    )
    .await
    .unwrap();
    assert_eq!(again(&practice, &path).await, Outcome::Deleted(id));
}

#[tokio::test]
async fn the_same_sound_for_another_patient_is_refused() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A-1_2025-03-01_dr.a.wav");
    record(&path, 1);
    again(&practice, &path).await;
    let other = folder.path().join("B-2_2025-03-01_dr.a.wav");
    std::fs::rename(&path, &other).unwrap();
    let outcome = again(&practice, &other).await;
    assert!(
        matches!(&outcome, Outcome::Refused(reason) if reason.contains("another patient")),
        "{outcome:?}"
    );
    assert_eq!(practice.app.store.queue().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_row_of_the_inbox_keeps_its_sound_and_is_never_deleted() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    waiting(&practice, folder.path()).await;
    let raw = practice.raw();
    for statement in [
        "DELETE FROM inbox",
        "UPDATE inbox SET sha256 = replace(sha256, 'a', 'b')",
        "UPDATE inbox SET original_name = 'x'",
        "UPDATE inbox SET state = 'assigned'",
        "UPDATE inbox SET state = 'discarded', ended_at = 1, ended_by = 'x'",
    ] {
        assert!(raw.execute(statement, []).is_err(), "{statement}");
    }
}

async fn asked(
    app: &App,
    username: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let opened = login::log_in_to_demonstration(app, username, "test")
        .await
        .unwrap();
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("host", "localhost")
        .header("x-osler", "1")
        .header("content-type", "application/json")
        .header("cookie", format!("osler_session={}", opened.token.reveal()))
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router(app.clone(), None).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn the_service_shows_the_inbox_and_takes_decisions() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let folder = tempfile::tempdir().unwrap();
    waiting(&practice, folder.path()).await;
    let (status, list) = asked(app, "s.s", "GET", "/inbox", "").await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let item = &list["items"][0];
    assert_eq!(
        (&item["name"], &item["state"]),
        (&json!("visit.wav"), &json!("waiting"))
    );
    let id = item["id"].as_str().unwrap();
    let to = |what: &str| format!("/inbox/{id}/{what}");

    // Two physicians, and nothing says which of them it was.
    let body = r#"{"mrn": "A-1", "birth_date": "1961-03-14"}"#;
    let (status, why) = asked(app, "s.s", "POST", &to("assignment"), body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{why}");
    assert!(
        why["detail"].as_str().unwrap().contains("who dictated"),
        "{why}"
    );
    let body = r#"{"mrn": "A-1", "birth_date": "1961-03-15", "author": "dr.a"}"#;
    let (status, why) = asked(app, "s.s", "POST", &to("assignment"), body).await;
    assert!(status.is_client_error(), "{why}");
    let body = r#"{"mrn": "A-1", "author": "dr.c"}"#;
    let (status, why) = asked(app, "dr.a", "POST", &to("assignment"), body).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{why}");
    let (status, _) = asked(
        app,
        "dr.a",
        "POST",
        &to("discard"),
        r#"{"reason": "noise"}"#,
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = asked(app, "s.s", "POST", &to("discard"), r#"{"reason": "noise"}"#).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (_, list) = asked(app, "s.s", "GET", "/inbox", "").await;
    assert_eq!(list["items"], json!([]));
    let (_, list) = asked(app, "s.s", "GET", "/inbox?all=1", "").await;
    assert_eq!(list["items"][0]["note"], "noise");

    // The physician knows that it is theirs.
    let body = r#"{"mrn": "A-1", "birth_date": "1961-03-14", "priority": "urgent"}"#;
    let (status, done) = asked(app, "dr.a", "POST", &to("assignment"), body).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let dictation = done["dictation_id"].as_str().unwrap().parse().unwrap();
    let dictation = app.store.dictation(dictation).await.unwrap();
    assert_eq!(dictation.author_id, practice.author.id);
    assert_eq!(dictation.orders.priority, Priority::Urgent);
    let (status, _) = asked(app, "dr.a", "POST", &to("assignment"), body).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

// Watched folders.

struct Place {
    practice: Practice,
    folder: tempfile::TempDir,
    watcher: Watcher,
}

fn watched(folder: &Path) -> WatchedFolder {
    WatchedFolder {
        folder: folder.to_path_buf(),
        name: Some("dictaphones".into()),
        pattern: Some("{mrn}_{date}_{author}".into()),
        ..WatchedFolder::default()
    }
}

fn config(practice: &Practice) -> Config {
    practice.app.config.clone()
}

impl Place {
    async fn new(change: impl Fn(&mut WatchedFolder)) -> Self {
        let practice = Practice::new(Kind::Demo).await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings = watched(folder.path());
        change(&mut settings);
        let watcher = Watcher::new(practice.app.clone(), &config(&practice), settings).unwrap();
        Self {
            practice,
            folder,
            watcher,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Looks, waits until files that stand still are believed, and looks again.
    async fn settle(&mut self) -> Vec<Event> {
        let mut events = self.watcher.look().await;
        self.practice.clock.pass(10);
        events.extend(self.watcher.look().await);
        events
    }

    async fn taken_in(&self) -> usize {
        self.practice.app.store.queue().await.unwrap().len()
    }
}

#[track_caller]
fn outcome(events: &[Event]) -> &Outcome {
    match events {
        [
            Event::File {
                outcome,
                left: None,
                ..
            },
        ] => outcome,
        other => panic!("{other:?}"),
    }
}

const NAME: &str = "A-1_2025-03-01_dr.a.wav";

#[tokio::test]
async fn a_file_that_grows_is_waited_for() {
    let mut place = Place::new(|_| {}).await;
    let whole = {
        let path = place.practice.data().join("whole.wav");
        record(&path, 1);
        std::fs::read(path).unwrap()
    };
    for part in [100, 5_000, whole.len() - 1] {
        std::fs::write(place.at(NAME), &whole[..part]).unwrap();
        assert!(place.watcher.look().await.is_empty());
        place.practice.clock.pass(9);
        assert!(place.watcher.look().await.is_empty(), "{part}");
    }
    std::fs::write(place.at(NAME), &whole).unwrap();
    let events = place.settle().await;
    assert!(
        matches!(outcome(&events), Outcome::TakenIn(_)),
        "{events:?}"
    );
    let Outcome::TakenIn(id) = outcome(&events) else {
        unreachable!()
    };
    let take = place
        .practice
        .app
        .store
        .dictation(*id)
        .await
        .unwrap()
        .takes
        .remove(0);
    assert_eq!(take.bytes, whole.len() as u64);
    assert!(!place.at(NAME).exists());
    assert!(place.at(DONE).join(NAME).is_file());
    // What is done is not looked at again.
    assert!(place.settle().await.is_empty());
    assert_eq!(place.taken_in().await, 1);
}

#[tokio::test]
async fn a_file_that_its_writer_holds_or_whose_sidecar_is_missing_is_waited_for() {
    let mut place = Place::new(|folder| {
        folder.sidecar = true;
        folder.pattern = None;
    })
    .await;
    record(&place.at("DS_1.wav"), 1);
    assert!(place.settle().await.is_empty());
    std::fs::write(place.at("DS_1.json"), r#"{"mrn": "A-1", "author": "dr.a"}"#).unwrap();
    let writer = std::fs::OpenOptions::new()
        .write(true)
        .open(place.at("DS_1.wav"))
        .unwrap();
    writer.lock().unwrap();
    assert!(place.settle().await.is_empty());
    drop(writer);
    let events = place.settle().await;
    assert!(
        matches!(outcome(&events[..1]), Outcome::TakenIn(_)),
        "{events:?}"
    );
    assert!(place.at(DONE).join("DS_1.json").is_file());
}

#[tokio::test]
async fn a_file_that_cannot_be_used_goes_aside_with_its_reason() {
    let mut place = Place::new(|_| {}).await;
    std::fs::create_dir(place.at("mon")).unwrap();
    std::fs::write(place.at("mon/A-1_2025-03-02_dr.a.wav"), b"Dear colleague").unwrap();
    record(&place.at(NAME), 1);
    let events = place.settle().await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(place.taken_in().await, 1);
    let aside = place.at(FAILED).join("mon/A-1_2025-03-02_dr.a.wav");
    assert_eq!(std::fs::read(&aside).unwrap(), b"Dear colleague");
    let reason = std::fs::read_to_string(aside.with_extension("wav.reason.txt")).unwrap();
    assert!(reason.contains("not a recording"), "{reason}");
    assert!(place.settle().await.is_empty());
}

#[tokio::test]
async fn an_empty_file_may_still_be_filled() {
    let mut place = Place::new(|_| {}).await;
    std::fs::write(place.at(NAME), b"").unwrap();
    assert!(place.settle().await.is_empty());
    record(&place.at(NAME), 1);
    let events = place.settle().await;
    assert!(matches!(outcome(&events), Outcome::TakenIn(_)));
    std::fs::write(place.at(NAME), b"").unwrap();
    assert!(place.settle().await.is_empty());
    place.practice.clock.pass(300);
    let events = place.watcher.look().await;
    assert!(
        matches!(outcome(&events), Outcome::Unreadable(_)),
        "{events:?}"
    );
}

#[tokio::test]
async fn files_may_stay_and_a_restart_takes_nothing_in_twice() {
    let mut place = Place::new(|folder| folder.done = Done::Leave).await;
    record(&place.at(NAME), 1);
    record(&place.at("visit.wav"), 2);
    assert_eq!(place.settle().await.len(), 2);
    assert!(place.settle().await.is_empty());
    assert!(place.at(NAME).is_file());
    let dump = place.practice.dump();

    let settings = WatchedFolder {
        done: Done::Leave,
        ..watched(place.folder.path())
    };
    let app = place.practice.app.clone();
    place.watcher = Watcher::new(app, &config(&place.practice), settings).unwrap();
    let events = place.settle().await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(place.practice.dump(), dump);
    assert_eq!(
        inbox::list(&place.practice.app, true).await.unwrap().len(),
        1
    );
    // One that is changed is another recording.
    record(&place.at(NAME), 3);
    assert_eq!(place.settle().await.len(), 1);
    assert_eq!(place.taken_in().await, 2);
}

#[tokio::test]
async fn a_program_that_dies_before_it_moves_the_file_does_so_after_its_restart() {
    let mut place = Place::new(|_| {}).await;
    record(&place.at(NAME), 1);
    let request = place.practice.request(place.at(NAME));
    intake::receive(&place.practice.app, request, &actor())
        .await
        .unwrap();
    let events = place.settle().await;
    assert!(matches!(outcome(&events), Outcome::Known(_)), "{events:?}");
    assert!(place.at(DONE).join(NAME).is_file());
    assert_eq!(place.taken_in().await, 1);
}

#[tokio::test]
async fn what_waits_in_the_inbox_is_looked_at_again_when_a_patient_is_added() {
    let mut place = Place::new(|_| {}).await;
    record(&place.at("Z-9_2025-03-01_dr.a.wav"), 1);
    let events = place.settle().await;
    assert!(
        matches!(outcome(&events), Outcome::InInbox(..)),
        "{events:?}"
    );
    let new = NewPatient {
        mrn: mrn("Z-9"),
        family: "Herbst".into(),
        given: "Zoe".into(),
        birth_date: BORN,
        sex: Sex::Female,
    };
    patients::add(&place.practice.app, new, &actor())
        .await
        .unwrap();
    place.practice.clock.pass(60);
    let events = place.watcher.look().await;
    assert!(matches!(events[..], [Event::Assigned(1)]), "{events:?}");
    assert_eq!(place.taken_in().await, 1);
}

#[tokio::test]
async fn a_list_is_read_again_when_it_changes_and_holds_while_it_is_broken() {
    let list = tempfile::tempdir().unwrap();
    let path = list.path().join("list.csv");
    std::fs::write(&path, "file,mrn,author\n").unwrap();
    let mut place = Place::new(|folder| folder.map = Some(path.clone())).await;
    std::fs::write(&path, "file,mrn,author\nDS_1.wav,A-1,dr.a\n").unwrap();
    record(&place.at("DS_1.wav"), 1);
    let events = place.settle().await;
    assert!(
        matches!(outcome(&events), Outcome::TakenIn(_)),
        "{events:?}"
    );
    std::fs::write(&path, "file,nmr\nDS_2.wav,A-1\n").unwrap();
    let events = place.watcher.look().await;
    assert!(
        matches!(&events[..], [Event::List(why)] if why.contains("nmr")),
        "{events:?}"
    );
    assert!(place.watcher.look().await.is_empty());
}

#[tokio::test]
async fn a_database_that_is_busy_loses_nothing() {
    let mut place = Place::new(|_| {}).await;
    record(&place.at(NAME), 1);
    let raw = place.practice.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let events = place.settle().await;
    assert!(matches!(events[..], [Event::Failed(_)]), "{events:?}");
    assert!(place.at(NAME).is_file());
    raw.execute_batch("ROLLBACK").unwrap();
    let events = place.watcher.look().await;
    assert!(
        matches!(outcome(&events), Outcome::TakenIn(_)),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_clock_that_is_set_back_begins_to_wait_anew() {
    let mut place = Place::new(|_| {}).await;
    record(&place.at(NAME), 1);
    place.watcher.look().await;
    place.practice.clock.pass(-86_400);
    assert!(place.settle().await.len() == 1);
}

#[tokio::test]
async fn folders_that_cannot_be_watched_are_named_before_anything_starts() {
    let practice = Practice::new(Kind::Demo).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let with = |folders: Vec<WatchedFolder>| Config {
        watch: folders,
        ..config(&practice)
    };
    let fails =
        |folders: Vec<WatchedFolder>| watchers(&practice.app, &with(folders)).err().unwrap();
    let outer = watched(folder.path());
    let inner = watched(&folder.path().join("in"));
    assert!(matches!(
        fails(vec![outer.clone(), inner]),
        WatchError::Nested(..)
    ));
    assert!(matches!(
        fails(vec![watched(&practice.data())]),
        WatchError::Data(_)
    ));
    let nowhere = watched(&folder.path().join("nowhere"));
    assert!(matches!(fails(vec![nowhere]), WatchError::Missing(_)));
    let bad = WatchedFolder {
        pattern: Some("{mrn}{date}".into()),
        ..outer.clone()
    };
    assert!(matches!(fails(vec![bad]), WatchError::Rules(..)));
    let watchers = watchers(&practice.app, &with(vec![outer])).unwrap();
    assert_eq!(watchers[0].name(), "dictaphones");
}

#[tokio::test]
async fn a_watcher_runs_until_it_is_stopped() {
    let Place {
        practice,
        folder,
        watcher,
    } = Place::new(|folder| folder.settle_s = 0).await;
    record(&folder.path().join(NAME), 1);
    let (send, stop) = watch::channel(false);
    let mut told = 0;
    watcher
        .run(None, stop, |name, event| {
            assert_eq!(name, "dictaphones");
            assert!(matches!(event, Event::File { .. }), "{event:?}");
            told += 1;
            send.send(true).unwrap();
        })
        .await;
    assert_eq!(told, 1);
    assert_eq!(practice.app.store.queue().await.unwrap().len(), 1);
}

// The command line.

struct Shell(tempfile::TempDir);

impl Shell {
    /// A practice with one physician and one patient, A-7.
    fn new() -> Self {
        let shell = Self(tempfile::tempdir().unwrap());
        std::fs::write(shell.at("osler.toml"), "model = \"tiny.en\"\n").unwrap();
        shell.run(&["init", "--demo"]);
        shell.run(&[
            "user",
            "add",
            "dr.a",
            "--name",
            "Anna, MD",
            "--role",
            "physician",
        ]);
        shell.run(&[
            "patient",
            "add",
            "--mrn",
            "A-7",
            "--family",
            "Winter",
            "--given",
            "Ada",
            "--birth-date",
            "1961-03-14",
        ]);
        shell
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osler"));
        command
            .current_dir(self.0.path())
            .args(arguments)
            .env("OSLER_CONFIG", self.at("osler.toml"))
            .env("OSLER_DATA", self.at("data"))
            .env("OSLER_MODELS", real::models());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        self.ends(arguments, 0)
    }

    #[track_caller]
    fn ends(&self, arguments: &[&str], code: i32) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }
}

#[test]
fn the_command_line_says_what_became_of_each_by_its_exit_code_too() {
    let shell = Shell::new();
    record(&shell.at("in/A-7_20250301.wav"), 1);
    let take_in = [
        "batch",
        "in",
        "--pattern",
        "{mrn}_{date}",
        "--no-transcription",
    ];
    let dry = shell.run(&["batch", "in", "--pattern", "{mrn}_{date}", "--dry-run"]);
    assert!(
        dry.contains("would take in") && dry.contains("MRN A-7"),
        "{dry}"
    );
    shell.run(&take_in);
    record(&shell.at("in/visit.wav"), 2);
    let summary = ["--summary", "all.csv", "--summary", "all.json"];
    let said = shell.ends(&[&take_in[..], &summary[..]].concat(), 7);
    assert!(
        said.contains("visit.wav") && said.contains("nothing names its patient"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(shell.at("all.csv"))
            .unwrap()
            .lines()
            .count(),
        3
    );
    let json = std::fs::read_to_string(shell.at("all.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["counts"]["inbox"], 1);

    let list = shell.run(&["inbox", "list", "--json"]);
    let item: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = item["id"].as_str().unwrap();
    assert!(shell.run(&["inbox", "list"]).contains(&id[id.len() - 8..]));
    let assign = [
        "inbox",
        "assign",
        id,
        "--patient",
        "a-7",
        "--birth-date",
        "1961-03-14",
    ];
    assert!(shell.run(&assign).contains("waits to be transcribed"));
    assert!(shell.run(&["inbox", "list"]).contains("nothing waits"));

    std::fs::write(shell.at("in/A-7_20250302.wav"), b"Dear colleague").unwrap();
    let said = shell.ends(&take_in, 3);
    assert!(said.contains("not a recording"), "{said}");
    shell.ends(&["batch", "in", "--pattern", "{nmr}"], 2);
    shell.ends(&["batch", "nowhere"], 2);
    assert_eq!(
        shell
            .run(&["patient", "show", "A-7"])
            .matches("\ndictation ")
            .count(),
        2
    );
}

#[test]
fn a_batch_that_is_killed_loses_nothing_and_repeats_nothing() {
    let shell = Shell::new();
    for number in 1..=20 {
        record(&shell.at(&format!("in/A-7_202503{number:02}.wav")), number);
    }
    let take_in = [
        "batch",
        "in",
        "--pattern",
        "{mrn}_{date}",
        "--no-transcription",
    ];
    let mut child = shell
        .command(&take_in)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let raw = crate::support::practice::raw(&shell.at("data"));
    let dictations = || -> i64 {
        // Busy: it is being written.
        raw.query_row("SELECT count(*) FROM dictations", [], |r| r.get(0))
            .unwrap_or(0)
    };
    while dictations() < 3 && child.try_wait().unwrap().is_none() {}
    child.kill().unwrap();
    child.wait().unwrap();
    let said = shell.run(&take_in);
    assert_eq!(dictations(), 20, "{said}");
    let takes: i64 = raw
        .query_row("SELECT count(DISTINCT sha256) FROM takes", [], |r| r.get(0))
        .unwrap();
    assert_eq!(takes, 20);
}

#[test]
fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let shell = Shell::new();
    let config = |text: &str| {
        std::fs::write(shell.at("osler.toml"), text).unwrap();
    };
    let empty = shell.at("models");
    std::fs::create_dir(&empty).unwrap();
    let doctor = |code: i32| -> Vec<serde_json::Value> {
        let output = shell
            .command(&["doctor", "--json", "--port", "0"])
            .env("OSLER_MODELS", &empty)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code));
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let health = |checks: &[serde_json::Value], what: &str| -> Vec<String> {
        checks
            .iter()
            .filter(|c| c["what"] == what)
            .map(|c| c["health"].as_str().unwrap().to_owned())
            .collect()
    };
    let checks = doctor(1);
    for what in [
        "version",
        "data folder",
        "permissions",
        "database",
        "integrity",
        "key",
        "clock",
        "recordings",
        "inbox",
        "queue",
        "dictionary",
        "port",
    ] {
        assert_eq!(health(&checks, what), ["ok"], "{what}: {checks:?}");
    }
    let model = checks.iter().find(|c| c["what"] == "model").unwrap();
    assert_eq!(model["health"], "failed");
    assert!(
        model["advice"]
            .as_str()
            .unwrap()
            .contains("osler models fetch"),
        "{model}"
    );

    // A model of one's own, a folder that is not there, a record that others can read, and a damaged database.
    std::fs::write(shell.at("own.bin"), b"weights").unwrap();
    let own = shell.at("own.bin").display().to_string();
    config(&format!("model = {own:?}\n"));
    doctor(0);
    config(&format!(
        "model = {own:?}\n[[watch]]\nfolder = \"/nowhere\"\npattern = \"{{mrn}}\"\n"
    ));
    assert_eq!(health(&doctor(1), "watched folder"), ["failed"]);
    config(&format!("model = {own:?}\n"));
    let database = shell.at("data").join(osler::store::FILE_NAME);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let set = |mode| {
            std::fs::set_permissions(&database, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set(0o644);
        assert_eq!(health(&doctor(1), "permissions"), ["failed"]);
        set(0o600);
    }
    record(&shell.at("in/A-7_20250301.wav"), 1);
    shell.run(&[
        "batch",
        "in",
        "--pattern",
        "{mrn}_{date}",
        "--no-transcription",
    ]);
    assert_eq!(health(&doctor(0), "recordings"), ["ok"]);
    std::fs::remove_dir_all(shell.at("data/sound")).unwrap();
    assert_eq!(health(&doctor(1), "recordings"), ["failed"]);
    std::fs::write(
        &database,
        b"This is no database, and it is long enough to look like one. ".repeat(40),
    )
    .unwrap();
    let checks = doctor(1);
    assert_eq!(health(&checks, "database"), ["failed"], "{checks:?}");
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn two_recordings_become_drafts_and_a_second_run_hears_nothing() {
    let shell = Shell::new();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::create_dir(shell.at("in")).unwrap();
    for (from, to) in [
        ("demo/emergency.ogg", "A-7_20250301_dr.a.ogg"),
        ("audio/clip.opus", "DS_0001.opus"),
    ] {
        std::fs::copy(demo.join(from), shell.at("in").join(to)).unwrap();
    }
    std::fs::write(
        shell.at("list.csv"),
        "file,mrn,birth_date,priority\nDS_0001.opus,A-7,1961-03-14,stat\n",
    )
    .unwrap();
    let batch = [
        "batch",
        "in",
        "--pattern",
        "{mrn}_{date}_{author}",
        "--map",
        "list.csv",
        "--summary",
        "all.json",
    ];
    let counts = || -> serde_json::Value {
        let json = std::fs::read_to_string(shell.at("all.json")).unwrap();
        serde_json::from_str(&json).unwrap()
    };
    shell.run(&batch);
    let first = counts();
    assert_eq!(first["counts"]["transcribed"], 2, "{first}");
    for line in first["recordings"].as_array().unwrap() {
        assert!(line["words"].as_u64().unwrap() > 5, "{line}");
    }
    shell.run(&batch);
    assert_eq!(counts()["counts"]["known"], 2);
    assert_eq!(shell.run(&["report", "list"]).matches("draft").count(), 2);
}
