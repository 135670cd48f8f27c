//! From a recording to a draft: with an engine that follows a script, and with the real one through the program.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::real;
use crate::support::voice::{silence, voice};
use assert_cmd::Command;
use osler::domain::finding::{FindingKind, Severity};
use osler::domain::recognition::Recognition;
use osler::speech::engine::{Cancel, SpeechError};
use osler::speech::pool::Pool;
use osler::workflow::transcribe::{Options, SPOKEN_MARKS, TranscribeError, transcribe};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn options() -> Options {
    Options {
        language: "en".into(),
        prompt: String::new(),
        ..Options::default()
    }
}

fn pool(engine: &ScriptedEngine, threads: usize) -> Pool {
    Pool::new(Arc::new(engine.clone()), threads).unwrap()
}

fn run_with(
    engine: &ScriptedEngine,
    recording: &Path,
    threads: usize,
) -> Result<Recognition, TranscribeError> {
    transcribe(
        recording,
        &pool(engine, threads),
        real::index(),
        &options(),
        &Cancel::default(),
        &mut |_, _| {},
    )
}

fn run(script: impl IntoIterator<Item = Line>, recording: &Path) -> Recognition {
    run_with(&ScriptedEngine::new(script), recording, 1).unwrap()
}

fn kinds(recognition: &Recognition) -> Vec<FindingKind> {
    recognition.findings.iter().map(|f| f.kind).collect()
}

#[test]
fn words_become_a_report_that_leads_back_to_them() {
    let r = run(
        [Line::Says(
            "Chest pain period no fever comma no cough period",
        )],
        &fixture("audio/clip.flac"),
    );
    assert_eq!(r.report.text, "Chest pain. No fever, no cough.");
    assert_eq!(r.raw.words.len(), 9);
    assert_eq!(r.transcript.text, r.raw.text);
    assert!(
        r.raw
            .words
            .windows(2)
            .all(|w| w[0].end_s <= w[1].start_s + 1e-9)
    );
    assert!(
        r.raw
            .words
            .iter()
            .all(|w| w.start_s >= 0.0 && w.end_s <= r.duration_s)
    );
    let span = r
        .report
        .trace
        .iter()
        .find(|t| (t.word_from, t.word_to) == (4, 5))
        .unwrap();
    let said: String = r
        .report
        .text
        .chars()
        .skip(span.from)
        .take(span.to - span.from)
        .collect();
    assert_eq!(said.trim(), "fever");
    assert_eq!(kinds(&r), []);
    assert!(r.coverage.gaps.is_empty() && r.coverage.speech_s > 5.0);
}

#[test]
fn chunks_come_back_in_order_whoever_hears_them() {
    let lines = || {
        (0..12).map(|_| Line::Says("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"))
    };
    let path = fixture("demo/internal-medicine.opus");
    for threads in [1, 2, 4] {
        let r = run_with(&ScriptedEngine::new(lines()), &path, threads).unwrap();
        assert!(r.raw.words.len() >= 80);
        assert!(
            r.raw.words.windows(2).all(|w| w[0].start_s <= w[1].start_s),
            "{threads} threads"
        );
    }
}

#[test]
fn all_cores_hear_a_short_recording_and_the_last_chunk_of_a_long_one() {
    const TEN: &str = "one two three four five six seven eight nine ten";
    let engine = ScriptedEngine::new([Line::Says(TEN)]);
    let r = run_with(&engine, &fixture("audio/clip.flac"), 4).unwrap();
    assert_eq!(*engine.threads.lock().unwrap(), [4]);
    assert_eq!(engine.opened.load(Ordering::Relaxed), 1);
    for (name, value) in [
        ("workers", 1),
        ("threads_per_worker", 4),
        ("threads_at_most", 4),
    ] {
        assert_eq!(r.parameters[name], value, "{name}");
    }
    let engine = ScriptedEngine::new(std::iter::repeat_n(Line::Says(TEN), 99));
    let r = run_with(&engine, &fixture("demo/internal-medicine.opus"), 2).unwrap();
    let threads = engine.threads.lock().unwrap().clone();
    assert_eq!(r.parameters["workers"], 2);
    assert_eq!(
        r.parameters["threads_at_most"],
        *threads.iter().max().unwrap()
    );
    assert_eq!(r.parameters["threads_per_worker"], 1);
    assert!(threads.is_sorted(), "{threads:?}");
}

#[test]
fn speech_for_which_the_engine_has_no_words_is_a_finding_with_its_place() {
    let r = run([], &fixture("audio/clip.flac"));
    assert_eq!(r.raw.words.len(), 0);
    let gap = r
        .findings
        .iter()
        .find(|f| f.kind == FindingKind::SpeechWithoutText)
        .unwrap();
    assert!(gap.end_s > gap.start_s && gap.end_s <= r.duration_s);
    assert!(!r.coverage.gaps.is_empty());
    assert!(r.coverage.covered_s < r.coverage.speech_s);
}

#[test]
fn a_lost_end_is_heard_again_in_halves() {
    let script = [
        Line::Timed(vec![("New", 0.2, 0.5), ("paragraph", 0.5, 1.0)], -0.2),
        Line::Says("New paragraph objective colon"),
        Line::Says("blood pressure 142 over 88 comma pulse 78"),
    ];
    let engine = ScriptedEngine::new(script);
    let r = run_with(&engine, &fixture("audio/clip.flac"), 1).unwrap();
    assert!(r.raw.text.ends_with("pulse 78"), "{}", r.raw.text);
    let calls = engine.heard_s.lock().unwrap().clone();
    assert_eq!(calls.len(), 3);
    assert!((calls[1] + calls[2] - calls[0]).abs() < 0.05, "{calls:?}");
    assert!(!kinds(&r).contains(&FindingKind::SpeechWithoutText));
}

#[test]
fn a_loop_is_heard_again_and_what_stays_one_is_pointed_out() {
    const LOOP: &str =
        "by 10 mg per day and by 10 mg per day and by 10 mg per day and by 10 mg per day";
    let r = run(
        [
            Line::Says(LOOP),
            Line::Says("new paragraph objective"),
            Line::Says("blood pressure 142"),
        ],
        &fixture("audio/clip.flac"),
    );
    assert_eq!(r.raw.text, "new paragraph objective blood pressure 142");
    let r = run(
        std::iter::repeat_n(Line::Says(LOOP), 9),
        &fixture("audio/clip.flac"),
    );
    assert!(
        kinds(&r).contains(&FindingKind::DoubtfulPassage),
        "{:?}",
        r.findings
    );
}

#[test]
fn words_after_the_last_speech_are_left_out_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tail.wav");
    let mut samples = real::sound("audio/clip.flac");
    samples.extend(std::iter::repeat_n(0.0, 16_000 * 5));
    real::write_wav(&path, &samples);
    let mut words: Vec<(&str, f64, f64)> =
        "new paragraph objective colon blood pressure 142 over 88 comma pulse 78 comma temperature"
            .split(' ')
            .enumerate()
            .map(|(i, w)| (w, i as f64 * 0.56, i as f64 * 0.56 + 0.5))
            .collect();
    words.extend([("Thank", 9.5, 9.7), ("you.", 9.7, 9.9)]);
    let r = run([Line::Timed(words, -0.3)], &path);
    assert!(!r.raw.text.contains("Thank"), "{}", r.raw.text);
    let phantom = r
        .findings
        .iter()
        .find(|f| f.kind == FindingKind::TextWithoutSpeech)
        .unwrap();
    assert_eq!(phantom.heard, "Thank you.");
}

#[test]
fn silence_gives_no_words_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("silence.wav");
    real::write_wav(&path, &vec![0.0; 16_000 * 40]);
    let engine = ScriptedEngine::new([Line::Says("Thank you.")]);
    let r = run_with(&engine, &path, 2).unwrap();
    assert_eq!((r.raw.text.as_str(), r.report.text.as_str()), ("", ""));
    assert_eq!(kinds(&r), [FindingKind::NoSpeech]);
    assert!(
        engine.heard_s.lock().unwrap().is_empty(),
        "the engine is not asked about silence"
    );
}

#[test]
fn a_missing_end_is_a_critical_finding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.flac");
    let bytes = std::fs::read(fixture("audio/clip.flac")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let r = run(
        [Line::Says(
            "new paragraph objective colon blood pressure 142",
        )],
        &path,
    );
    let damaged = r
        .findings
        .iter()
        .find(|f| f.kind == FindingKind::AudioDamaged)
        .unwrap();
    assert!((damaged.end_s - 8.2).abs() < 0.1, "{damaged:?}");
}

const MANY_WORDS: &str = "new paragraph objective colon blood pressure 142 over 88 comma pulse 78";

/// The clip, changed sample by sample.
fn changed(dir: &Path, change: impl Fn(f32) -> f32) -> PathBuf {
    let path = dir.join("changed.wav");
    let samples: Vec<f32> = real::sound("audio/clip.flac")
        .into_iter()
        .map(change)
        .collect();
    real::write_wav(&path, &samples);
    path
}

#[test]
fn an_overloaded_recording_is_told_once_with_its_place_and_share() {
    let dir = tempfile::tempdir().unwrap();
    let of = |gain: f32, level: f32| {
        let path = changed(dir.path(), |s| (s * gain).clamp(-1.0, 1.0) * level);
        run([Line::Says(MANY_WORDS)], &path)
    };
    for level in [1.0, 0.3] {
        let r = of(12.0, level);
        assert_eq!(kinds(&r), [FindingKind::AudioClipped], "{:?}", r.findings);
        let finding = &r.findings[0];
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.start_s < 2.0 && finding.end_s > 6.0, "{finding:?}");
        assert!(finding.evidence.contains("at the rails"), "{finding:?}");
    }
    assert_eq!(kinds(&of(1.0, 1.0)), []);
}

#[test]
fn a_very_quiet_recording_is_heard_and_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let usual = run([Line::Says(MANY_WORDS)], &fixture("audio/clip.flac"));
    for gain in [0.01, 0.003] {
        let path = changed(dir.path(), |s| s * gain);
        let r = run([Line::Says(MANY_WORDS)], &path);
        assert_eq!(kinds(&r), [FindingKind::AudioQuiet], "{:?}", r.findings);
        assert_eq!(r.findings[0].severity, Severity::Info);
        let lost = usual.coverage.speech_s - r.coverage.speech_s;
        assert!(lost < 0.5, "{gain}: {lost} s of speech are not found");
    }
}

#[test]
fn a_cut_where_nobody_pauses_is_told_with_the_words_around_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("breathless.wav");
    real::write_wav(&path, &voice(30.0));
    let many: &'static str = Box::leak(
        (0..40)
            .map(|i| format!("word{i} "))
            .collect::<String>()
            .into_boxed_str(),
    );
    let r = run([Line::Says(many), Line::Says(many)], &path);
    let cuts: Vec<_> = r
        .findings
        .iter()
        .filter(|f| f.evidence.starts_with("cut:"))
        .collect();
    assert_eq!(cuts.len(), 1, "{:?}", r.findings);
    assert_eq!(cuts[0].severity, Severity::Info);
    assert!((10.0..20.5).contains(&cuts[0].start_s), "{:?}", cuts[0]);
    assert!(cuts[0].heard.contains("word39"), "{:?}", cuts[0]);
}

#[test]
fn a_stream_without_an_end_mark_is_pointed_out_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.opus");
    let bytes = std::fs::read(fixture("audio/clip.opus")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let r = run(
        [Line::Says("new paragraph objective colon blood pressure")],
        &path,
    );
    let damaged: Vec<_> = r
        .findings
        .iter()
        .filter(|f| f.kind == FindingKind::AudioDamaged)
        .collect();
    assert_eq!(damaged.len(), 1, "{:?}", r.findings);
    assert_eq!(damaged[0].start_s, r.duration_s);
    assert!(damaged[0].message.contains("may be cut off"));
}

#[test]
fn an_echo_of_the_prompt_is_left_out_and_told() {
    const PROMPT: &str = "Apixaban, metoprolol succinate, lisinopril, atorvastatin.";
    let engine = ScriptedEngine::new([
        Line::Says("Apixaban, metoprolol succinate, lisinopril, atorvastatin."),
        Line::Says(MANY_WORDS),
    ]);
    let options = Options {
        prompt: PROMPT.into(),
        ..options()
    };
    let r = transcribe(
        &fixture("audio/clip.flac"),
        &pool(&engine, 1),
        real::index(),
        &options,
        &Cancel::default(),
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(r.raw.text, MANY_WORDS);
    assert_eq!(kinds(&r), [FindingKind::TextWithoutSpeech]);
    assert!(r.findings[0].heard.contains("lisinopril"));
    assert!(r.findings[0].evidence.starts_with("prompt:"));
}

/// The prompts with which a recording of 70 s without a pause is heard, a chunk at a time.
fn prompts(script: Vec<Line>) -> (Vec<String>, Recognition) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    real::write_wav(&path, &voice(70.0));
    let engine = ScriptedEngine::new(script);
    let options = Options {
        prompt: SPOKEN_MARKS.into(),
        ..options()
    };
    let r = transcribe(
        &path,
        &pool(&engine, 1),
        real::index(),
        &options,
        &Cancel::default(),
        &mut |_, _| {},
    )
    .unwrap();
    let prompts = engine.prompts.lock().unwrap().clone();
    (prompts, r)
}

#[test]
fn the_prompt_for_spoken_marks_stays_where_marks_are_spoken() {
    let marked = "the knee is stable comma she walks without any pain period new paragraph";
    let (prompts, _) = prompts(vec![Line::Says(marked); 4]);
    assert!(prompts.len() >= 4, "{prompts:?}");
    assert!(
        prompts[..4].iter().all(|p| p == SPOKEN_MARKS),
        "{prompts:?}"
    );
}

#[test]
fn what_has_no_spoken_mark_is_heard_without_the_prompt_for_them() {
    let with = "the knee misstable and the patient walks without any pain at all today";
    let without = "the knee is stable and the patient walks without any pain at all today";
    let (prompts, r) = prompts(vec![Line::Says(with), Line::Says(without)]);
    assert_eq!(prompts[..2], [SPOKEN_MARKS, ""]);
    assert!(
        r.raw.text.starts_with("the knee is stable"),
        "{}",
        r.raw.text
    );
    assert!(!r.raw.text.contains("misstable"));
}

#[test]
fn words_over_a_pause_are_told_at_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pause.wav");
    real::write_wav(&path, &[voice(3.0), silence(2.0), voice(3.0)].concat());
    let mut words: Vec<(&str, f64, f64)> = "the knee is stable today"
        .split(' ')
        .enumerate()
        .map(|(i, w)| (w, i as f64 * 0.6, i as f64 * 0.6 + 0.55))
        .collect();
    words.extend([("Thank", 3.28, 3.34), ("you.", 3.34, 3.5)]);
    words.extend([
        ("she", 3.8, 4.5),
        ("walks", 4.5, 5.2),
        ("without", 5.2, 6.0),
        ("pain", 6.0, 6.6),
    ]);
    let r = run([Line::Timed(words, -0.3)], &path);
    assert_eq!(
        r.raw.text,
        "the knee is stable today she walks without pain"
    );
    let [phantom] = &r.findings[..] else {
        panic!("{:?}", r.findings)
    };
    assert_eq!(phantom.kind, FindingKind::TextWithoutSpeech);
    assert_eq!((phantom.word_from, phantom.word_to), (5, 5));
    assert!(phantom.start_s > 3.0 && phantom.end_s < 5.0, "{phantom:?}");
}

#[test]
fn candidates_are_judged_in_place_of_the_words_that_the_session_heard() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pause.wav");
    real::write_wav(&path, &[voice(3.0), silence(2.0), voice(3.0)].concat());
    let mut words: Vec<(&str, f64, f64)> = "she takes empigliflozin daily today"
        .split(' ')
        .enumerate()
        .map(|(i, w)| (w, i as f64 * 0.6, i as f64 * 0.6 + 0.55))
        .collect();
    words.extend([("Thank", 3.28, 3.34), ("you.", 3.34, 3.5)]);
    words.extend([("and", 3.8, 4.5), ("metaprol", 4.5, 5.2)]);
    words.extend([("without", 5.2, 6.0), ("pain", 6.0, 6.6)]);
    let engine = ScriptedEngine::new([Line::Timed(words.clone(), -0.3)]);
    let r = run_with(&engine, &path, 1).unwrap();
    assert!(!r.raw.text.contains("Thank"));
    // The two words that were left out are still words of the session.
    assert_eq!(*engine.spans.lock().unwrap(), [8..9, 2..3]);
    let judged = engine.judged.lock().unwrap().clone();
    assert!(judged[0].contains(&"metoprolol".to_owned()), "{judged:?}");
    assert!(
        judged[1].contains(&"empagliflozin".to_owned()),
        "{judged:?}"
    );

    // Doubted, and heard again in two halves, of which the first hearing is better.
    let engine = ScriptedEngine::new([
        Line::Timed(words, -0.9),
        Line::Timed(vec![("no", 0.5, 0.6)], -3.0),
        Line::Timed(vec![("no", 0.5, 0.6)], -3.0),
    ]);
    let r = run_with(&engine, &path, 1).unwrap();
    assert!(engine.heard_s.lock().unwrap().len() > 1);
    assert!(r.raw.text.contains("empigliflozin"), "{}", r.raw.text);
    assert!(engine.spans.lock().unwrap().is_empty());
    assert!(kinds(&r).contains(&FindingKind::UnknownWord));
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn an_offset_from_zero_changes_no_word() {
    let dir = tempfile::tempdir().unwrap();
    let plain = real::transcribe(&changed(dir.path(), |s| s * 0.6));
    let offset = real::transcribe(&changed(dir.path(), |s| s * 0.6 + 0.3));
    assert!(plain.raw.words.len() > 10);
    assert_eq!(offset.raw.text, plain.raw.text);
}

#[test]
fn an_unknown_word_is_asked_about_once() {
    let engine = ScriptedEngine::new([Line::Says(
        "continue empigliflozin daily and empigliflozin again period stop there please now",
    )]);
    let r = run_with(&engine, &fixture("audio/clip.flac"), 1).unwrap();
    let unknown: Vec<_> = r
        .findings
        .iter()
        .filter(|f| f.kind == FindingKind::UnknownWord)
        .collect();
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].suggestions[0].text, "empagliflozin");
    assert_eq!((unknown[0].word_from, unknown[0].word_to), (1, 2));
    let (from, to) = (
        unknown[0].report_from.unwrap(),
        unknown[0].report_to.unwrap(),
    );
    let shown: String = r.report.text.chars().skip(from).take(to - from).collect();
    assert_eq!(shown, "empigliflozin");
    assert!(
        engine
            .judged
            .lock()
            .unwrap()
            .iter()
            .any(|c| c.contains(&"empagliflozin".to_owned()))
    );
    assert_eq!(
        r.transcript.edits,
        [],
        "nothing is changed without the engine's judgement"
    );
}

#[test]
fn what_the_engine_prefers_stands_in_the_report_and_can_be_traced() {
    let engine = ScriptedEngine::new([Line::Says(
        "continue empigliflozin 10 milligrams daily period stop there please now and again thank you",
    )]);
    engine
        .verdicts
        .lock()
        .unwrap()
        .push(("empagliflozin", -2.5));
    let r = run_with(&engine, &fixture("audio/clip.flac"), 1).unwrap();
    assert_eq!(r.transcript.edits.len(), 1);
    let edit = &r.transcript.edits[0];
    assert_eq!((edit.word_from, edit.word_to), (1, 2));
    assert_eq!(
        (edit.before.as_str(), edit.after.as_str()),
        ("empigliflozin", "empagliflozin")
    );
    assert_eq!(edit.rule, "dictionary.unknown_word");
    assert!(edit.score.is_some_and(|score| (-8.0..2.0).contains(&score)));
    assert!(r.raw.text.contains("empigliflozin"), "the raw words stay");
    assert!(r.report.text.contains("empagliflozin"), "{}", r.report.text);
    assert!(!kinds(&r).contains(&FindingKind::UnknownWord));
}

#[test]
fn an_engine_that_fails_and_a_cancelled_run_end_at_once() {
    let path = fixture("demo/internal-medicine.opus");
    let failed = run_with(&ScriptedEngine::new([Line::Fails]), &path, 2);
    assert!(matches!(
        failed,
        Err(TranscribeError::Speech(SpeechError::Engine(_)))
    ));
    let cancel = Cancel::default();
    cancel.cancel();
    let cancelled = transcribe(
        &path,
        &pool(&ScriptedEngine::default(), 2),
        real::index(),
        &options(),
        &cancel,
        &mut |_, _| {},
    );
    assert!(matches!(
        cancelled,
        Err(TranscribeError::Speech(SpeechError::Cancelled))
    ));
}

fn osler(models: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_osler"));
    command
        .env("OSLER_MODELS", models)
        .env_remove("OSLER_CONFIG")
        .env_remove("OSLER_DATA");
    command
}

fn json_lines(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[test]
fn a_missing_model_says_how_to_fetch_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = osler(dir.path())
        .args(["transcribe"])
        .arg(fixture("audio/clip.flac"))
        .assert()
        .code(4);
    let error = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
    assert!(error.contains("osler models fetch base"), "{error}");
}

#[test]
fn a_missing_model_is_a_json_line_for_every_recording() {
    let dir = tempfile::tempdir().unwrap();
    let files = [fixture("audio/clip.flac"), dir.path().join("other.wav")];
    let out = osler(dir.path())
        .args(["transcribe", "--format", "json"])
        .args(&files)
        .assert()
        .code(4);
    let lines = json_lines(&out.get_output().stdout);
    assert_eq!(lines.len(), 2);
    for (line, file) in lines.iter().zip(&files) {
        assert_eq!(line["schema"], 1);
        assert_eq!(line["file"], file.to_str().unwrap());
        assert_eq!(line["error"]["code"], "model");
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains("osler models fetch base"), "{message}");
    }
}

#[test]
fn arguments_that_cannot_be_right_are_told_before_any_model_is_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["--format", "srt", "x.wav"][..], "--out"),
        (&["--format", "vtt", "x.wav"], "--out"),
        (&["--format", "srt", "--channels", "split"], "--out"),
        (&["--language", "klingon"], "ISO 639-1"),
        (&["--model", "tiny.en", "--language", "de"], "English only"),
    ] {
        let out = osler(dir.path())
            .arg("transcribe")
            .arg(fixture("audio/clip.flac"))
            .args(arguments)
            .assert()
            .code(2);
        let error = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
        assert!(error.contains(part), "{arguments:?}: {error}");
        assert!(out.get_output().stdout.is_empty());
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn the_real_model_hears_every_format_alike() {
    let files = [
        "clip.flac",
        "clip.mp3",
        "clip.m4a",
        "clip.aac",
        "clip.ogg",
        "clip.opus",
        "clip.webm",
    ];
    let out = osler(&real::models())
        .args(["transcribe", "--model", "tiny.en", "--format", "json"])
        .args(files.map(|f| fixture("audio").join(f)))
        .assert()
        .success();
    let lines = json_lines(&out.get_output().stdout);
    assert_eq!(lines.len(), files.len());
    for line in &lines {
        let text = line["report"]["text"].as_str().unwrap();
        for word in ["OBJECTIVE", "ressure", "142", "88", "78", "emperature"] {
            assert!(text.contains(word), "{}: {text}", line["file"]);
        }
        assert_eq!(line["schema"], 1);
        assert_eq!(line["model"], "tiny.en");
        assert_eq!(line["model_sha256"].as_str().unwrap().len(), 64);
        assert!(line["peak_memory_bytes"].as_u64().unwrap() > 0);
        assert_eq!(line["coverage"]["gaps"].as_array().unwrap().len(), 0);
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn bad_files_are_named_and_the_others_are_done() {
    let dir = tempfile::tempdir().unwrap();
    let letter = dir.path().join("letter.wav");
    std::fs::write(
        &letter,
        "Dear colleague, thank you for referring this patient to our clinic.",
    )
    .unwrap();
    let silence = dir.path().join("silence.wav");
    real::write_wav(&silence, &vec![0.0; 16_000 * 3]);
    let out = osler(&real::models())
        .args(["transcribe", "--model", "tiny.en", "--format", "json"])
        .args([
            &letter,
            &dir.path().join("absent.mp3"),
            &silence,
            &fixture("audio/clip.opus"),
        ])
        .assert()
        .code(3);
    let lines = json_lines(&out.get_output().stdout);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["error"]["code"], "not_audio");
    assert_eq!(lines[1]["error"]["code"], "missing");
    assert_eq!(lines[2]["report"]["text"], "");
    assert_eq!(lines[2]["findings"][0]["kind"], "no_speech");
    assert!(lines[3]["raw"]["text"].as_str().unwrap().contains("142"));
    let errors = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
    assert!(
        errors.contains("letter.wav") && errors.contains("absent.mp3"),
        "{errors}"
    );
    assert!(errors.contains("2 of 4 recordings"), "{errors}");
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn subtitles_and_text_go_into_a_folder_without_overwriting_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let clip = fixture("audio/clip.opus");
    for (format, start) in [
        ("srt", "1\n00:00:0"),
        ("vtt", "WEBVTT\n\n00:00:0"),
        ("txt", ""),
    ] {
        osler(&real::models())
            .args([
                "transcribe",
                "--model",
                "tiny.en",
                "--format",
                format,
                "--out",
            ])
            .arg(dir.path())
            .args([&clip, &clip])
            .assert()
            .success()
            .stdout("");
        for name in ["clip", "clip-2"] {
            let text =
                std::fs::read_to_string(dir.path().join(format!("{name}.{format}"))).unwrap();
            assert!(text.starts_with(start) && text.contains("142"), "{text}");
        }
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn a_whole_dictation_is_heard_without_a_gap() {
    let out = osler(&real::models())
        .args(["transcribe", "--model", "tiny.en", "--format", "json"])
        .arg(fixture("demo/internal-medicine.opus"))
        .assert()
        .success();
    let line = &json_lines(&out.get_output().stdout)[0];
    let text = line["report"]["text"].as_str().unwrap().to_lowercase();
    for word in [
        "date of service",
        "metformin",
        "blood pressure",
        "creatinine",
        "visit in 6 weeks",
    ] {
        assert!(text.contains(word), "{word} is missing: {text}");
    }
    let words = line["raw"]["words"].as_array().unwrap();
    assert!(words.len() > 150);
    let starts: Vec<f64> = words
        .iter()
        .map(|w| w["start_s"].as_f64().unwrap())
        .collect();
    assert!(starts.windows(2).all(|w| w[0] <= w[1]));
    assert!(*starts.last().unwrap() < line["duration_s"].as_f64().unwrap());
    assert!(line["coverage"]["covered_s"].as_f64().unwrap() > 75.0);
}
