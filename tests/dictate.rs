//! Dictation: the driver with a scripted engine, and text while a recording is played with the real one.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::real;
use osler::audio::capture::{Block, Recording, Source};
use osler::audio::recorder::Recorder;
use osler::audio::{AudioError, OpenOptions};
use osler::domain::align;
use osler::domain::finding::FindingKind;
use osler::domain::transcript::Word;
use osler::speech::engine::{Cancel, SpeechError};
use osler::speech::live::key;
use osler::speech::pool::Pool;
use osler::workflow::dictate::{DictateError, Dictated, Options, Pace, conclude, dictate};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/clip.flac")
}

fn recording() -> Recording {
    Recording::open(&clip(), &OpenOptions::default()).unwrap()
}

/// A source that follows a script.
struct Played(VecDeque<Result<Block, AudioError>>);

impl Source for Played {
    fn next(&mut self) -> Result<Option<Block>, AudioError> {
        self.0.pop_front().transpose()
    }
}

/// The clip in blocks of half a second.
fn blocks() -> VecDeque<Result<Block, AudioError>> {
    real::sound("audio/clip.flac")
        .chunks(8_000)
        .map(|samples| {
            Ok(Block {
                samples: samples.to_vec(),
                missed: 0,
            })
        })
        .collect()
}

struct Outcome {
    result: Result<Dictated, DictateError>,
    /// What the recording on disk holds.
    recorded: Vec<i16>,
    /// Committed words as they were told.
    told: Vec<Word>,
    updates: usize,
}

fn run(source: impl Source, pool: &Pool, stops: (&Cancel, &Cancel)) -> Outcome {
    run_at(Pace::Engine, source, pool, stops)
}

fn run_at(
    pace: Pace,
    source: impl Source,
    pool: &Pool,
    (stop, cancel): (&Cancel, &Cancel),
) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("take.wav");
    let mut recorder = Recorder::create(&path).unwrap();
    let options = Options {
        language: "en".into(),
        prompt: String::new(),
        pace,
    };
    let mut told: Vec<Word> = Vec::new();
    let mut updates = 0;
    let result = dictate(
        source,
        &mut recorder,
        pool,
        &options,
        (stop, cancel),
        &mut |news| {
            // Every sample that was spoken is on disk before it is answered for.
            let on_disk = hound::WavReader::open(&path).unwrap().duration();
            assert_eq!(f64::from(on_disk), news.at_s * 16_000.0);
            if let Some(update) = news.update {
                told.extend(update.committed.clone());
                updates += 1;
            }
        },
    );
    let recorded = hound::WavReader::open(&path)
        .unwrap()
        .into_samples()
        .map(Result::unwrap)
        .collect();
    Outcome {
        result,
        recorded,
        told,
        updates,
    }
}

fn scripted(script: impl IntoIterator<Item = Line>) -> Pool {
    Pool::new(Arc::new(ScriptedEngine::new(script)), 2).unwrap()
}

fn never() -> (Cancel, Cancel) {
    Default::default()
}

#[test]
fn every_sample_is_recorded_and_what_was_told_is_the_result() {
    let (stop, cancel) = never();
    let script = std::iter::repeat_n(Line::Says("blood pressure is high"), 500);
    let outcome = run(recording(), &scripted(script), (&stop, &cancel));
    let samples = real::sound("audio/clip.flac");
    assert_eq!(outcome.recorded.len(), samples.len());
    let worst = samples
        .iter()
        .zip(&outcome.recorded)
        .map(|(a, b)| (a.clamp(-1.0, 1.0) - f32::from(*b) / 32_767.0).abs())
        .fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
    let dictated = outcome.result.unwrap();
    assert!(!dictated.words.is_empty());
    assert_eq!(outcome.told, dictated.words);
    assert!(outcome.updates > 5);
    assert!((dictated.length_s - samples.len() as f64 / 16_000.0).abs() < 1e-6);
    // The sound did not come at its own pace.
    assert!(dictated.latency.words.is_empty());
}

#[test]
fn sound_that_comes_faster_than_it_is_heard_is_all_heard_in_the_end() {
    let (stop, cancel) = never();
    let script = std::iter::repeat_n(Line::Says("blood pressure is high"), 500);
    let outcome = run_at(
        Pace::Source,
        Played(blocks()),
        &scripted(script),
        (&stop, &cancel),
    );
    let dictated = outcome.result.unwrap();
    assert_eq!(outcome.recorded.len(), real::sound("audio/clip.flac").len());
    assert_eq!(outcome.told, dictated.words);
    assert_eq!(dictated.latency.words.len(), dictated.words.len());
    assert!(!dictated.latency.utterances.is_empty());
}

#[test]
fn an_engine_that_says_nothing_leaves_a_finding() {
    let (stop, cancel) = never();
    let dictated = run(recording(), &scripted([]), (&stop, &cancel))
        .result
        .unwrap();
    assert!(dictated.words.is_empty());
    assert!(
        dictated
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::SpeechWithoutText)
    );
}

#[test]
fn an_engine_that_fails_ends_the_dictation_and_not_the_recording() {
    let (stop, cancel) = never();
    let outcome = run(recording(), &scripted([Line::Fails]), (&stop, &cancel));
    assert!(matches!(
        outcome.result,
        Err(DictateError::Speech(SpeechError::Engine(_)))
    ));
    assert!(outcome.recorded.len() > 8_000);
}

#[test]
fn who_stops_before_the_first_word_has_a_result_and_who_cancels_has_none() {
    let (stop, cancel) = never();
    stop.cancel();
    let outcome = run(recording(), &scripted([]), (&stop, &cancel));
    assert_eq!(outcome.result.unwrap().length_s, 0.0);
    let (stop, cancel) = never();
    cancel.cancel();
    let outcome = run(recording(), &scripted([]), (&stop, &cancel));
    assert!(matches!(
        outcome.result,
        Err(DictateError::Speech(SpeechError::Cancelled))
    ));
}

#[test]
fn a_microphone_that_breaks_off_leaves_what_was_said_and_a_finding() {
    let (stop, cancel) = never();
    let mut blocks = blocks();
    blocks.truncate(4);
    blocks[2].as_mut().unwrap().missed = 4_000;
    blocks.push_back(Err(AudioError::Device("unplugged".into())));
    let script = std::iter::repeat_n(Line::Says("blood pressure"), 100);
    let outcome = run(Played(blocks), &scripted(script), (&stop, &cancel));
    assert_eq!(outcome.recorded.len(), 32_000);
    let dictated = outcome.result.unwrap();
    assert_eq!(dictated.broken.as_deref(), Some("microphone: unplugged"));
    assert_eq!(dictated.holes.len(), 1);
    assert!((dictated.holes[0].start_s - 1.0).abs() < 1e-9);
    assert!((dictated.holes[0].end_s - 1.25).abs() < 1e-9);
    let mut recognition = osler::workflow::transcribe::transcribe(
        &clip(),
        &scripted([Line::Says("blood pressure")]),
        real::index(),
        &osler::workflow::transcribe::Options {
            language: "en".into(),
            prompt: String::new(),
            ..Default::default()
        },
        &cancel,
        &mut |_, _| {},
    )
    .unwrap();
    conclude(&dictated, &mut recognition);
    let damaged: Vec<(f64, f64)> = recognition
        .findings
        .iter()
        .filter(|f| f.kind == FindingKind::AudioDamaged)
        .map(|f| (f.start_s, f.end_s))
        .collect();
    assert_eq!(damaged, [(1.0, 1.25), (2.0, 2.0)]);
    assert!(recognition.findings.iter().zip(1..).all(|(f, n)| f.id == n));
}

#[test]
fn a_source_that_gives_nothing_at_all_is_an_error() {
    let (stop, cancel) = never();
    let source = Played([Err(AudioError::Device("busy".into()))].into());
    let outcome = run(source, &scripted([]), (&stop, &cancel));
    assert!(matches!(
        outcome.result,
        Err(DictateError::Audio(AudioError::Device(_)))
    ));
}

fn osler(data: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    assert_cmd::Command::cargo_bin("osler")
        .unwrap()
        .env_remove("OSLER_CONFIG")
        .env("OSLER_MODELS", real::models())
        .arg("--data")
        .arg(data)
        .arg("dictate")
        .args(arguments)
        .assert()
}

#[test]
#[cfg(not(feature = "microphone"))]
fn a_build_without_microphone_says_how_to_get_one() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["--list-devices"]] {
        let out = osler(data.path(), arguments).code(2);
        let message = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
        assert!(message.contains("--features microphone"), "{message}");
    }
}

#[test]
fn what_is_no_recording_is_refused_before_anything_is_loaded() {
    let data = tempfile::tempdir().unwrap();
    osler(data.path(), &["--input", "absent.wav", "--model", "none"]).code(3);
    osler(data.path(), &["--realtime"]).code(2);
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(key).collect()
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn live_words_are_nearly_those_of_the_whole_recording() {
    let (stop, cancel) = never();
    let outcome = run(recording(), real::pool(), (&stop, &cancel));
    let dictated = outcome.result.unwrap();
    let whole = real::transcribe(&clip());
    let live: Vec<String> = dictated.words.iter().map(|w| key(&w.text)).collect();
    let last = words(&whole.raw.text);
    let errors = align::distance(&last, &live);
    println!("{errors} of {}: {live:?} | {last:?}", last.len());
    assert!(last.len() > 10);
    assert!(errors * 5 <= last.len(), "{live:?} | {last:?}");
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn a_recording_is_dictated_through_the_program() {
    let data = tempfile::tempdir().unwrap();
    let clip = clip();
    let clip = clip.to_str().unwrap();
    let common = ["--model", "tiny.en", "--input", clip];
    let out = osler(data.path(), &[&common[..], &["--format", "json"]].concat()).success();
    let lines: Vec<Value> = String::from_utf8_lossy(&out.get_output().stdout)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let (last, updates) = lines.split_last().unwrap();
    assert!(updates.len() > 3);
    assert!(
        updates
            .iter()
            .all(|u| u["type"] == "update" && u["schema"] == 1)
    );
    let committed: usize = updates
        .iter()
        .map(|u| u["committed"].as_array().unwrap().len())
        .sum();
    assert_eq!(last["type"], "recognition");
    assert_eq!(last["live"]["words"], committed);
    assert!(last["raw"]["text"].as_str().unwrap().contains("142"));
    // The recording is gone when its text is there.
    let left = std::fs::read_dir(data.path().join("dictating")).unwrap();
    assert_eq!(left.count(), 0);

    let keep = data.path().join("kept.wav");
    let keep = keep.to_str().unwrap();
    let out = osler(data.path(), &[&common[..], &["--keep", keep]].concat()).success();
    let text = String::from_utf8_lossy(&out.get_output().stdout).into_owned();
    let (live, report) = text.split_once("\n\n").unwrap();
    assert!(live.contains("142") && report.contains("142"), "{text}");
    assert!(std::fs::metadata(keep).unwrap().len() > 100_000);
    // What is kept is not overwritten.
    osler(data.path(), &[&common[..], &["--keep", keep]].concat()).code(3);
}
