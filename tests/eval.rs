//! `osler eval` as a user runs it. The recognising program is a stand-in: `sh` is given a script named `transcribe`,
//! which prints what the "recording" contains, so that each clip says what was heard in it.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::path::Path;

const SCRIPT: &str = r#"
echo "$@" >> calls
for last; do :; done
case "$(cat "$last")" in
  die) echo "no model" >&2; exit 4 ;;
esac
cat "$last"
"#;

/// A manifest of two dictations, their long recording and a silent one, in a folder of its own.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("text")).unwrap();
    std::fs::write(at("transcribe"), SCRIPT).unwrap();
    let clip = |id: &str,
                domain: &str,
                condition: &str,
                verbatim: &str,
                report: Option<&str>,
                terms: Value| {
        json!({"id": id, "file": id, "duration_s": 10.0, "kind": "tts", "domain": domain, "condition": condition,
               "verbatim": verbatim, "report": report, "terms": terms})
        .to_string()
    };
    let manifest = [
        clip(
            "one",
            "medical-dictation",
            "clean",
            "start apixaban five milligrams daily period",
            Some("text/one.txt"),
            json!(["apixaban 5 mg", "daily"]),
        ),
        clip(
            "two",
            "medical-dictation",
            "telephone",
            "stop heparin period",
            Some("text/two.txt"),
            json!(["heparin"]),
        ),
        clip("long", "medical-dictation", "pauses", "", None, json!([])),
        clip("quiet", "general", "silence", "", None, json!([])),
    ];
    std::fs::write(at("manifest.jsonl"), manifest.join("\n")).unwrap();
    std::fs::write(at("text/one.txt"), "PLAN:\nStart apixaban 5 mg daily.\n").unwrap();
    std::fs::write(at("text/two.txt"), "Stop heparin.\n").unwrap();
    let segments =
        json!([{"id": "one", "start": 0.0, "end": 4.0}, {"id": "two", "start": 6.0, "end": 9.0}]);
    std::fs::write(at("text/long.segments.json"), segments.to_string()).unwrap();
    let words = |texts: &str, from: f64| -> Vec<Value> {
        texts
            .split(' ')
            .enumerate()
            .map(|(n, w)| {
                let start = from + n as f64 * 0.5;
                json!({"text": w, "start_s": start, "end_s": start + 0.4, "probability": 0.9})
            })
            .collect()
    };
    let result = |raw: &str,
                  words: Vec<Value>,
                  transcript: &str,
                  edits: Value,
                  report: &str,
                  trace: Value| {
        json!({"schema": 1, "file": "x", "elapsed_s": 2.0, "peak_memory_bytes": 250_000_000u64,
               "source": {"format": "wav", "sample_rate": 16_000, "channels": 1, "header": null}, "duration_s": 10.0,
               "model": "m", "model_sha256": "", "parameters": {}, "stages_s": {}, "findings": [],
               "coverage": {"speech_s": 1.0, "covered_s": 1.0, "gaps": []},
               "raw": {"text": raw, "words": words}, "transcript": {"text": transcript, "edits": edits},
               "report": {"type": "dictation", "text": report, "sections": [], "trace": trace, "instructions": []}})
        .to_string()
    };
    let heard = "start epixaban five milligrams daily period";
    let edit = json!([{"id": 1, "word_from": 1, "word_to": 2, "before": "epixaban", "after": "apixaban", "rule": "r",
                       "score": null, "state": "applied"}]);
    let mended = "start apixaban five milligrams daily period";
    std::fs::write(
        at("one"),
        result(
            heard,
            words(heard, 0.0),
            mended,
            edit.clone(),
            "Start apixaban 5mg.",
            json!([]),
        ),
    )
    .unwrap();
    std::fs::write(at("two"), "die").unwrap();
    let both = format!("{heard} stop heparin");
    let mut timed = words(heard, 0.0);
    timed.extend(words("stop heparin", 6.0));
    let trace = json!([
        {"from": 0, "to": 25, "word_from": 0, "word_to": 6, "rule": "r"},
        {"from": 25, "to": 27, "word_from": 6, "word_to": 6, "rule": "layout"},
        {"from": 27, "to": 40, "word_from": 6, "word_to": 8, "rule": "r"}]);
    let report = "Start apixaban 5 mg today\n\nStop heparin.";
    std::fs::write(
        at("long"),
        result(
            &both,
            timed,
            &format!("{mended} stop heparin"),
            edit,
            report,
            trace,
        ),
    )
    .unwrap();
    std::fs::write(
        at("quiet"),
        result("", vec![], "", json!([]), "", json!([])),
    )
    .unwrap();
    dir
}

fn eval(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_osler"))
        .current_dir(dir)
        .env_remove("OSLER_CONFIG")
        .args(["eval", "manifest.jsonl", "--program", "sh"])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn group(document: &Value, domain: &str, condition: &str) -> Value {
    let groups = document["groups"].as_array().unwrap();
    let found = groups
        .iter()
        .find(|g| g["domain"] == domain && g["condition"] == condition);
    found.unwrap().clone()
}

#[test]
fn a_run_measures_every_clip_and_lists_the_one_that_failed() {
    let dir = folder();
    let (code, out, err) = eval(
        dir.path(),
        &["--json", "--model", "tiny.en", "--threads", "2"],
    );
    assert_eq!(code, Some(3), "{err}");
    assert!(
        err.contains("1 of 4 clips") && err.contains("two: exit status: 4: no model"),
        "{err}"
    );
    let document: Value = serde_json::from_str(&out).unwrap();

    let clean = group(&document, "medical-dictation", "clean");
    // Raw: one wrong of five; mended in the transcript.
    assert_eq!(clean["wer_raw_percent"], 20.0);
    assert_eq!(clean["wer_percent"], 0.0);
    assert_eq!(clean["counts"]["terms_right"], 1);
    assert_eq!(clean["counts"]["terms"], 2);
    // "plan" and "daily" are missing of six words.
    assert_eq!(clean["counts"]["report"]["words"]["deletions"], 2);
    assert_eq!(clean["counts"]["report"]["words"]["reference"], 6);
    assert_eq!(clean["heading_recall_percent"], 0.0);
    assert_eq!(clean["counts"]["peak_memory_bytes"], 250_000_000);
    assert_eq!(clean["engine_speed"], 5.0);
    assert!(clean["speed"].as_f64().unwrap() > 0.0);

    let failed = group(&document, "medical-dictation", "telephone");
    assert_eq!(failed["counts"]["failed"], 1);
    assert_eq!(failed["wer_percent"], 100.0);

    // The long recording, cut by times: its report by the trace, each dictation against its own texts.
    let long = group(&document, "medical-dictation", "pauses");
    assert_eq!(long["wer_percent"], 0.0);
    assert_eq!(long["counts"]["terms_right"], 2);
    assert_eq!(long["counts"]["terms"], 3);
    let clip = &document["clips"][2];
    assert_eq!(clip["dictations"][0]["report"]["words"]["substitutions"], 1);
    assert_eq!(clip["dictations"][1]["report"]["words"]["reference"], 2);
    assert_eq!(clip["dictations"][1]["report"]["mark_errors"], 0);

    assert_eq!(
        group(&document, "general", "silence")["counts"]["words_on_silence"],
        0
    );

    let calls = std::fs::read_to_string(dir.path().join("calls")).unwrap();
    assert_eq!(calls.lines().count(), 4);
    assert!(
        calls.starts_with("--format json --model tiny.en --language en --threads 2 one\n"),
        "{calls}"
    );
}

#[test]
fn filter_and_limit_choose_clips_and_the_table_names_them() {
    let dir = folder();
    let (code, out, _) = eval(dir.path(), &["--filter", "medical", "--limit", "1"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        std::fs::read_to_string(dir.path().join("calls"))
            .unwrap()
            .lines()
            .count(),
        1
    );
    let row = out.lines().nth(1).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        cells[..11],
        [
            "medical-dictation",
            "clean",
            "1",
            "0",
            "0.0",
            "20.0",
            "1/2",
            "50.0",
            "33.3",
            "-",
            "0/-"
        ],
        "{out}"
    );
    assert_eq!(cells[13..], ["5.0", "250"]);
    let (code, _, err) = eval(dir.path(), &["--filter", "nothing"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("no clip"), "{err}");
}

#[test]
fn what_was_saved_scores_the_same_without_running() {
    let dir = folder();
    let (_, measured, _) = eval(dir.path(), &["--json", "--save", "saved.jsonl"]);
    let (code, again, err) = eval(dir.path(), &["--json", "--hypotheses", "saved.jsonl"]);
    assert_eq!(code, Some(3));
    assert!(
        err.contains("two: failed: exit status: 4: no model"),
        "{err}"
    );
    let document = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (measured, again) = (document(&measured), document(&again));
    assert_eq!(measured["groups"], again["groups"]);
    let calls = std::fs::read_to_string(dir.path().join("calls")).unwrap();
    assert_eq!(calls.lines().count(), 4);
}

#[test]
fn a_saved_run_is_written_again_by_the_rules_of_today() {
    let dir = folder();
    eval(dir.path(), &["--save", "saved.jsonl"]);
    let (code, out, err) = eval(
        dir.path(),
        &[
            "--json",
            "--limit",
            "1",
            "--redraft",
            "--hypotheses",
            "saved.jsonl",
        ],
    );
    assert_eq!(code, Some(0), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let clean = group(&document, "medical-dictation", "clean");
    // The saved report had no "daily" and a wrong dose; words and edits are the saved ones.
    assert_eq!(clean["counts"]["terms_right"], 2);
    assert_eq!(clean["counts"]["report"]["words"]["deletions"], 1);
    assert_eq!(clean["counts"]["report"]["words"]["substitutions"], 0);
    assert_eq!(clean["wer_raw_percent"], 20.0);
    assert_eq!(clean["wer_percent"], 0.0);
    // Without the dictionary the transcript is what was heard; what is no rule cannot be left out.
    let without = |rules: &str| {
        let arguments = ["--json", "--limit", "1", "--redraft", "--without", rules];
        eval(
            dir.path(),
            &[&arguments[..], &["--hypotheses", "saved.jsonl"]].concat(),
        )
    };
    let (_, out, err) = without("dictionary,numbers");
    let document: Value = serde_json::from_str(&out).expect(&err);
    let clean = group(&document, "medical-dictation", "clean");
    assert_eq!(clean["wer_percent"], 20.0);
    let (code, _, err) = without("cats");
    assert_eq!(code, Some(2));
    assert!(err.contains("no rule \"cats\""), "{err}");
    let calls = std::fs::read_to_string(dir.path().join("calls")).unwrap();
    assert_eq!(calls.lines().count(), 4);
}

#[test]
fn another_tool_is_scored_and_compared_by_the_same_rules() {
    let dir = folder();
    let lines = [
        json!({"id": "one", "text": "Start a pixel of 5 mg daily.", "elapsed_s": 4.0}),
        // Without times: the words find the dictation they belong to.
        json!({"id": "long", "text": "Start apixaban 5 mg daily. Stop heparin."}),
        json!({"id": "quiet", "text": "Thank you."}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(dir.path().join("other.jsonl"), lines.join("\n")).unwrap();
    let (code, out, err) = eval(dir.path(), &["--json", "--hypotheses", "other.jsonl"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("two: no line for this clip"), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        group(&document, "medical-dictation", "clean")["wer_percent"],
        60.0
    );
    assert_eq!(group(&document, "medical-dictation", "clean")["speed"], 2.5);
    assert_eq!(
        group(&document, "medical-dictation", "pauses")["wer_percent"],
        0.0
    );
    assert_eq!(
        group(&document, "general", "silence")["counts"]["words_on_silence"],
        2
    );

    let (_, out, _) = eval(dir.path(), &["--limit", "1", "--against", "other.jsonl"]);
    let row = out.lines().find(|l| l.contains("WER raw")).unwrap();
    assert!(
        row.contains("20.0") && row.contains("60.0") && row.contains("-40.00"),
        "{row}"
    );
    assert!(row.contains("clean") && !row.contains("worse"), "{row}");

    let worse = json!({"id": "one", "text": "Start."}).to_string();
    std::fs::write(dir.path().join("worse.jsonl"), worse).unwrap();
    let arguments = "--filter one --hypotheses worse.jsonl --against other.jsonl";
    let (_, out, _) = eval(dir.path(), &arguments.split(' ').collect::<Vec<_>>());
    let row = out.lines().find(|l| l.contains("WER raw")).unwrap();
    assert!(
        row.contains("+20.00") && row.ends_with("worse by more than 1.5 points"),
        "{row}"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = folder();
    std::fs::write(
        dir.path().join("bad.jsonl"),
        "{\"id\":\"one\",\"text\":\"x\"}\nnot json",
    )
    .unwrap();
    let (code, _, err) = eval(dir.path(), &["--hypotheses", "bad.jsonl"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("bad.jsonl, line 2"), "{err}");
    std::fs::write(dir.path().join("manifest.jsonl"), "{").unwrap();
    let (code, _, err) = eval(dir.path(), &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("manifest.jsonl, line 1"), "{err}");
}
