//! The layers over the dictionary's base set: kept in the store, heard with, and never past the limits.

use crate::support::client::{ANNA, Client, staffed};
use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{Practice, actor, mrn};
use crate::support::real;
use crate::support::voice::voice;
use axum::http::Method;
use osler::cli::exit::{Code, Failure};
use osler::dictionary::correct::{Seen, decide, propose};
use osler::dictionary::index::{Index, Known, LocalTerm, Overlay, Replacement};
use osler::dictionary::load::Category;
use osler::domain::finding::FindingKind;
use osler::domain::layer::{Layer, LayerKind, LocalKind};
use osler::domain::patient::EntryKind;
use osler::domain::recognition::Recognition;
use osler::domain::transcript::Word;
use osler::speech::engine::Cancel;
use osler::speech::pool::Pool;
use osler::store::{Kind, RevokeLocal, StoreError};
use osler::workflow::layers::{self, Given, List, Verdict};
use osler::workflow::patients::{self, Change};
use osler::workflow::people::users;
use osler::workflow::transcribe::{Options, transcribe};
use osler::workflow::{WorkflowError, intake, record};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

fn term(written: &str) -> Given<'_> {
    Given {
        kind: LocalKind::Term,
        written,
        spoken: None,
        category: None,
    }
}

fn replacement<'a>(heard: &'a str, written: &'a str) -> Given<'a> {
    Given {
        kind: LocalKind::Replacement,
        written,
        spoken: Some(heard),
        category: None,
    }
}

async fn add(practice: &Practice, layer: &Layer, given: Given<'_>) -> Result<i64, WorkflowError> {
    layers::add(&practice.app, layer, given, real::index(), None, &actor()).await
}

async fn written(practice: &Practice, layer: &Layer) -> Vec<String> {
    layers::list(&practice.app, Some(layer), false)
        .await
        .unwrap()
        .into_iter()
        .map(|(stored, _)| stored.entry.written)
        .collect()
}

/// The index with which a dictation of the author about Ada is heard.
async fn index(practice: &Practice) -> Index {
    let app = &practice.app;
    let chain = layers::of_dictation(app, practice.author.id, practice.ada.id)
        .await
        .unwrap();
    let day = jiff::civil::date(2025, 3, 3);
    let background = layers::background(app, chain, day).await.unwrap();
    layers::over(real::index(), &background)
}

#[tokio::test]
async fn an_entry_is_added_listed_and_taken_back_and_stays_in_the_trail() {
    let practice = Practice::new(Kind::Practice).await;
    let layer = Layer::Physician(practice.author.id);
    let change = add(&practice, &layer, term("Bair Zzugger")).await.unwrap();
    practice.clock.set("2025-03-04T09:00:00Z");
    let (stored, owner) = layers::list(&practice.app, None, false)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((stored.change, owner.as_str()), (change, "dr.a"));
    assert_eq!(stored.added.0, "tester");
    assert_eq!(stored.added.1.to_string(), "2025-03-03T09:00:00Z");

    let again = add(&practice, &layer, term("bair  zzugger"))
        .await
        .unwrap_err();
    assert!(again.to_string().contains("has it already"), "{again}");
    assert_eq!(Failure::from(again).code, Code::Failed);
    let base = add(&practice, &layer, term("apixaban")).await.unwrap_err();
    assert!(base.to_string().contains("base set"), "{base}");

    let entries = || RevokeLocal::Entries(vec![stored.seq]);
    let undone = layers::undo(&practice.app, entries(), &actor())
        .await
        .unwrap();
    assert_eq!(undone, 1);
    assert!(written(&practice, &layer).await.is_empty());
    let twice = layers::undo(&practice.app, entries(), &actor())
        .await
        .unwrap_err();
    assert!(
        matches!(twice, WorkflowError::Store(StoreError::Conflict(_))),
        "{twice}"
    );
    let missing = RevokeLocal::Entries(vec![99]);
    let missing = layers::undo(&practice.app, missing, &actor())
        .await
        .unwrap_err();
    assert!(missing.is_not_found(), "{missing}");

    let all = layers::list(&practice.app, Some(&layer), true)
        .await
        .unwrap();
    let revoked = all[0].0.revoked.clone().unwrap();
    assert_eq!(
        (revoked.0.as_str(), revoked.1.to_string().as_str()),
        ("tester", "2025-03-04T09:00:00Z")
    );
    // What was taken back can be given again, and is another entry.
    add(&practice, &layer, term("Bair Zzugger")).await.unwrap();
    assert_eq!(written(&practice, &layer).await, ["Bair Zzugger"]);
    assert_eq!(
        practice.actions().await,
        ["dictionary.added", "dictionary.revoked", "dictionary.added"]
    );
}

#[tokio::test]
async fn an_entry_and_its_audit_row_stand_or_fall_together_and_rows_never_change() {
    let practice = Practice::new(Kind::Practice).await;
    let site = Layer::Site;
    add(&practice, &site, term("Zorvaxil")).await.unwrap();
    let raw = practice.raw();
    raw.execute_batch(
        "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .unwrap();
    let before = practice.dump();
    add(&practice, &site, term("Zzugger")).await.unwrap_err();
    layers::undo(&practice.app, RevokeLocal::Layer(Layer::Site), &actor())
        .await
        .unwrap_err();
    assert_eq!(practice.dump(), before);
    raw.execute_batch("DROP TRIGGER broken").unwrap();
    for change in [
        "DELETE FROM dictionary_entries",
        "UPDATE dictionary_entries SET written = 'x'",
        "UPDATE dictionary_entries SET layer = 'specialty', owner = 'x', revoked_by = 'x', revoked_at = 1",
        "UPDATE dictionary_entries SET revoked_at = 1",
        "INSERT OR REPLACE INTO dictionary_entries SELECT * FROM dictionary_entries",
        "INSERT OR REPLACE INTO dictionary_entries
             SELECT 77, change, layer, owner, kind, key, 'x', spoken, category, origin, added_by, added_at, NULL, NULL
             FROM dictionary_entries",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
    assert_eq!(practice.dump(), before);
    raw.execute(
        "UPDATE dictionary_entries SET revoked_by = 'x', revoked_at = 1",
        [],
    )
    .unwrap();
    for change in [
        "UPDATE dictionary_entries SET revoked_by = NULL, revoked_at = NULL",
        "UPDATE dictionary_entries SET revoked_at = 2",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
}

#[tokio::test]
async fn the_trail_of_a_patients_layer_is_the_patients_and_holds_none_of_its_words() {
    let practice = Practice::new(Kind::Practice).await;
    let layer = Layer::Patient(practice.ada.id);
    add(&practice, &layer, term("Zorvaxil")).await.unwrap();
    layers::undo(&practice.app, RevokeLocal::Layer(layer), &actor())
        .await
        .unwrap();
    let trail = practice
        .app
        .store
        .audit(Some(practice.ada.id))
        .await
        .unwrap();
    let actions: Vec<&str> = trail.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        ["patient.added", "dictionary.added", "dictionary.revoked"]
    );
    assert!(
        trail
            .iter()
            .all(|row| !row.details.to_string().contains("orvaxil"))
    );
}

#[tokio::test]
async fn a_list_is_imported_as_one_change_after_a_look_at_it_and_comes_back_the_same() {
    let practice = Practice::new(Kind::Practice).await;
    let app = &practice.app;
    let mut text = "the\n\n42\nBair Zzugger\n".to_owned();
    for n in 0..3000 {
        text.push_str(&format!("zq{}vort\n", letters(n)));
    }
    let list = List {
        text: &text,
        kind: LocalKind::Term,
        category: Some("device"),
    };
    let site = Layer::Site;
    let before = practice.dump();
    let look = layers::preview(app, &site, list, real::index())
        .await
        .unwrap();
    assert_eq!(practice.dump(), before, "a look stores nothing");
    let counts = [Verdict::New, Verdict::Known, Verdict::Invalid].map(|v| look.count(v));
    assert_eq!(counts, [3001, 1, 1]);
    let done = layers::import(app, &site, look, &actor()).await.unwrap();
    assert_eq!(done.added, 3001);
    assert_eq!(practice.actions().await, ["dictionary.added"]);
    let again = layers::preview(app, &site, list, real::index())
        .await
        .unwrap();
    assert_eq!(again.count(Verdict::New), 0);
    let nothing = layers::import(app, &site, again, &actor()).await.unwrap();
    assert_eq!((nothing.change, nothing.added), (None, 0));

    let exported = layers::export(app, &site).await.unwrap();
    assert!(
        exported.contains("\nterm\tBair Zzugger\t\tdevice\n"),
        "{exported:.200}"
    );
    let change = RevokeLocal::Change(done.change.unwrap());
    assert_eq!(layers::undo(app, change, &actor()).await.unwrap(), 3001);
    assert!(written(&practice, &site).await.is_empty());
    let back = List {
        text: &exported,
        ..list
    };
    let look = layers::preview(app, &site, back, real::index())
        .await
        .unwrap();
    assert_eq!(look.count(Verdict::New), 3001);
    layers::import(app, &site, look, &actor()).await.unwrap();
    assert_eq!(layers::export(app, &site).await.unwrap(), exported);

    let counts = layers::stats(app).await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!((counts[0].0.in_force, counts[0].0.revoked), (3001, 3001));
}

fn letters(n: usize) -> String {
    [n / 676, n / 26 % 26, n % 26]
        .map(|d| char::from(b'a' + d as u8))
        .iter()
        .collect()
}

#[tokio::test]
async fn the_layers_of_a_dictation_are_those_of_its_people() {
    let practice = Practice::new(Kind::Practice).await;
    let app = &practice.app;
    let name = users::set_specialty(app, "dr.a", Some(" Internal  Medicine "), &actor())
        .await
        .unwrap();
    assert_eq!(name.as_deref(), Some("internal medicine"));
    let find = |kind, owner| layers::find(app, kind, owner);
    let specialty = find(LayerKind::Specialty, Some("internal medicine"))
        .await
        .unwrap();
    let patient = find(LayerKind::Patient, Some("a-1")).await.unwrap();
    assert_eq!(patient, Layer::Patient(practice.ada.id));
    for (layer, word) in [
        (Layer::Site, "zqsite"),
        (specialty, "zqspecialty"),
        (
            find(LayerKind::Physician, Some("dr.a")).await.unwrap(),
            "zqphysician",
        ),
        (patient, "zqpatient"),
        (Layer::Physician(practice.colleague.id), "zqcolleague"),
        (Layer::Specialty("surgery".into()), "zqsurgery"),
        (Layer::Patient(practice.ben.id), "zqben"),
    ] {
        add(&practice, &layer, term(word)).await.unwrap();
    }
    let heard_with = index(&practice).await;
    for (word, known) in [
        ("zqsite", true),
        ("zqspecialty", true),
        ("zqphysician", true),
        ("zqpatient", true),
        ("zqcolleague", false),
        ("zqsurgery", false),
        ("zqben", false),
    ] {
        assert_eq!(heard_with.known(word) != Known::No, known, "{word}");
    }
    // The record knows the patient's name.
    let winter = heard_with.known("Winter's");
    assert!(
        matches!(winter, Known::Term(t) if t.category == Category::Name),
        "{winter:?}"
    );
    users::set_specialty(app, "dr.a", None, &actor())
        .await
        .unwrap();
    let without = index(&practice).await;
    assert_eq!(without.known("zqspecialty"), Known::No);
    assert_ne!(without.version(), heard_with.version());

    for (kind, owner) in [
        (LayerKind::Site, Some("x")),
        (LayerKind::Specialty, None),
        (LayerKind::Specialty, Some("12")),
        (LayerKind::Physician, None),
        (LayerKind::Patient, Some("A 1")),
    ] {
        let error = find(kind, owner).await.unwrap_err();
        assert!(
            matches!(error, WorkflowError::Invalid(_)),
            "{owner:?}: {error}"
        );
    }
    assert!(
        find(LayerKind::Physician, Some("nobody"))
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        find(LayerKind::Patient, Some("Z-9"))
            .await
            .unwrap_err()
            .is_not_found()
    );
    let secretary = find(LayerKind::Physician, Some("s.s")).await.unwrap_err();
    assert_eq!(Failure::from(secretary).code, Code::Refused);
}

/// What is heard and drafted when the author dictates about Ada. Each length of sound is another recording.
async fn dictated(
    practice: &Practice,
    seconds: f64,
    said: &'static str,
    verdicts: &[(&'static str, f32)],
) -> (Recognition, Option<String>) {
    let path = practice.recording("visit.wav", b"");
    real::write_wav(&path, &voice(seconds));
    let engine = ScriptedEngine::new([Line::Says(said)]);
    engine.verdicts.lock().unwrap().extend(verdicts);
    let pool = Pool::new(Arc::new(engine), 1).unwrap();
    let request = practice.request(path);
    let taken = intake::run(
        &practice.app,
        request,
        &actor(),
        move |stored, background| {
            let options = Options {
                language: "en".into(),
                patient: Some(background.patient.clone()),
                ..Options::default()
            };
            let index = Arc::new(layers::over(real::index(), background));
            transcribe(
                stored,
                &pool,
                &index,
                &options,
                &Cancel::default(),
                &mut |_, _| {},
            )
        },
    )
    .await
    .unwrap();
    let view = record::report(&practice.app, taken.report_id)
        .await
        .unwrap();
    let transcript = view.transcript.unwrap();
    (transcript.recognition, transcript.dictionary_version)
}

#[tokio::test]
async fn a_change_holds_from_the_next_recording_on_and_each_says_what_it_was_heard_with() {
    const SAID: &str = "continue zor vaxel daily period stop there please now and again thank you";
    let verdicts = [("Zorvaxil", -1.0)];
    let practice = Practice::new(Kind::Practice).await;
    let (before, first) = dictated(&practice, 5.0, SAID, &verdicts).await;
    assert!(before.transcript.edits.is_empty());

    let site = Layer::Site;
    let drug = Given {
        category: Some("drug.brand"),
        ..term("Zorvaxil")
    };
    add(&practice, &site, drug).await.unwrap();
    let (after, second) = dictated(&practice, 5.1, SAID, &verdicts).await;
    assert!(
        after.report.text.contains("Zorvaxil"),
        "{}",
        after.report.text
    );
    let expected = index(&practice).await;
    assert_eq!(second.as_deref(), Some(expected.version()));
    assert_ne!(first, second);

    layers::undo(&practice.app, RevokeLocal::Layer(site), &actor())
        .await
        .unwrap();
    let (undone, third) = dictated(&practice, 5.2, SAID, &verdicts).await;
    assert!(undone.transcript.edits.is_empty());
    assert_eq!(third, first);

    // The patient's own medications are a layer too.
    let ada = mrn("A-1");
    let line = "Zorvaxil 5 mg daily";
    patients::change_entry(
        &practice.app,
        &ada,
        Change::Add,
        EntryKind::Medication,
        line,
        &actor(),
    )
    .await
    .unwrap();
    let (own, fourth) = dictated(&practice, 5.3, SAID, &verdicts).await;
    assert!(own.report.text.contains("Zorvaxil"), "{}", own.report.text);
    assert_ne!(fourth, first);
}

#[tokio::test]
async fn a_physicians_replacement_is_judged_like_any_other_wording() {
    const SAID: &str = "resume qzark vlim today period stop there please now and again thank you";
    let practice = Practice::new(Kind::Practice).await;
    let own = Layer::Physician(practice.author.id);
    let wanted = "apixaban";
    add(&practice, &own, replacement("qzark vlim", wanted))
        .await
        .unwrap();

    let (applied, _) = dictated(&practice, 5.0, SAID, &[(wanted, -1.0)]).await;
    let edit = &applied.transcript.edits[0];
    assert_eq!(
        (edit.before.as_str(), edit.after.as_str()),
        ("qzark vlim", wanted)
    );
    assert_eq!(edit.rule, "dictionary.replacement");
    // Without the engine's word for it nothing is changed, and it is offered.
    let (offered, _) = dictated(&practice, 5.1, SAID, &[]).await;
    assert!(offered.transcript.edits.is_empty());
    assert!(
        offered
            .findings
            .iter()
            .any(|f| f.suggestions.iter().any(|s| s.text == wanted)),
        "{:#?}",
        offered.findings
    );
    let (refuted, _) = dictated(&practice, 5.2, SAID, &[(wanted, -30.0)]).await;
    assert!(refuted.transcript.edits.is_empty());
    assert!(
        refuted
            .findings
            .iter()
            .all(|f| f.kind != FindingKind::SoundsLike)
    );

    // Another physician's dictation has nothing of it.
    let colleague = layers::of_dictation(&practice.app, practice.colleague.id, practice.ada.id)
        .await
        .unwrap();
    assert!(!colleague.contains(&own));

    for (heard, written) in [
        ("hydralazine", "hydroxyzine"),
        ("left", "right"),
        ("10 mg", "100 mg"),
    ] {
        let error = add(&practice, &own, replacement(heard, written))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("never be applied"), "{error}");
        assert_eq!(Failure::from(error).code, Code::Usage);
    }
}

/// Everything that a layer could say to get past the limits, as if nobody had looked at it when it was given.
fn hostile() -> Overlay {
    let term = |written: &str, category: Category, spoken: Option<&str>| LocalTerm {
        written: written.into(),
        category,
        generic: Some("water".into()),
        spoken: spoken.map(str::to_owned),
    };
    let pairs = [
        ("hydralazine", "hydroxyzine"),
        ("heparin-bolus", "Hespan bolus"),
        ("left", "right"),
        ("no", "known"),
        ("not", "knot"),
        ("without", "with"),
        ("5", "50"),
        ("10mg", "100mg"),
        ("mg", "mcg"),
        ("twice", "thrice"),
        ("comma", "coma"),
        ("left-tempanic", "tympanic"),
        ("hypertension", "hypotension"),
        ("okafor", "okra"),
    ];
    Overlay {
        terms: vec![
            term("Hydralazine", Category::Finding, None),
            term("heparin", Category::Device, None),
            term("Hydroxyzine", Category::DrugBrand, Some("hydralazine")),
            term("right", Category::Disease, Some("left")),
            term("50 mg", Category::Device, Some("five milligrams")),
            term("left", Category::Other, None),
            term("no", Category::DrugBrand, None),
            term("Okafor", Category::Name, None),
        ],
        replacements: pairs
            .into_iter()
            .map(|(heard, written)| Replacement {
                heard: heard.into(),
                written: written.into(),
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_layer_gets_past_the_hard_limits(
        texts in proptest::collection::vec(
            "(no|not|without|left|right|left-tempanic|5|10mg|mg|twice|comma,|hydralazine|heparin-bolus|hypertension|\
              Okafor|metaprol|a|pixel|of|[a-z]{3,10})", 1..12),
        probability in 0.05f32..1.0,
    ) {
        // A digit, a unit, a negation, a side: there as often as before.
        const SAME: [&str; 9] = ["no", "not", "without", "left", "right", "5", "10mg", "mg", "twice"];
        // A known drug, a name, a spoken mark: what was there stays.
        const KEPT: [&str; 4] = ["hydralazine", "heparin", "okafor", "comma"];
        let index = real::index().with_local(hostile());
        let words: Vec<Word> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| Word {
                text: text.clone(),
                start_s: i as f64,
                end_s: i as f64 + 0.5,
                probability,
                take: 0,
            })
            .collect();
        let proposals = propose(&words, &index);
        // Whatever is proposed, the sound is made to agree.
        let scores: Vec<Vec<Option<f32>>> =
            proposals.iter().map(|p| vec![Some(50.0); p.candidates.len()]).collect();
        let (edits, _) = decide(proposals, &scores, &words, &index, &mut Seen::default());
        let count = |text: &str, word: &str| {
            let text = text.to_lowercase();
            text.split(|c: char| !c.is_alphanumeric()).filter(|part| *part == word).count()
        };
        for e in &edits {
            let told = format!("{} -> {}", e.before, e.after);
            for word in SAME {
                prop_assert_eq!(count(&e.before, word), count(&e.after, word), "{}", &told);
            }
            for word in KEPT {
                prop_assert!(count(&e.after, word) >= count(&e.before, word), "{}", &told);
            }
            let turned = count(&e.before, "hypertension") > 0 && count(&e.after, "hypotension") > 0;
            prop_assert!(!turned, "{}", &told);
        }
        if probability >= 0.8 {
            // Ordinary English that was said with confidence stays.
            for e in &edits {
                prop_assert!(words[e.word_from..e.word_to].iter().any(|w| index.known(&w.text) == Known::No));
            }
        }
    }
}

fn osler(data: &Path, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_osler"))
        .args(arguments)
        .env("OSLER_DATA", data)
        .env_remove("OSLER_CONFIG")
        .env_remove("OSLER_DICTIONARIES")
        .output()
        .unwrap()
}

#[track_caller]
fn answers(data: &Path, arguments: &[&str], code: i32, parts: &[&str]) -> String {
    let output = osler(data, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {all}");
    for part in parts {
        assert!(
            all.contains(part),
            "{arguments:?}: {part:?} is missing in {all}"
        );
    }
    text(&output.stdout)
}

#[tokio::test]
async fn the_commands_keep_the_layers() {
    let practice = Practice::new(Kind::Practice).await;
    let data = &practice.data();
    let physician = ["--layer", "physician", "--owner", "dr.a"];
    let run = |command: &[&str], more: &[&str], code: i32, parts: &[&str]| {
        let arguments = [&["dictionary"][..], command, more].concat();
        answers(data, &arguments, code, parts)
    };
    run(
        &["add", "Zorvaxil", "--category", "drug.brand"],
        &physician,
        0,
        &["added\tchange 1"],
    );
    run(&["add", "zorvaxil"], &physician, 1, &["has it already"]);
    run(
        &["add", "Okafor", "--name", "--as", "s.s"],
        &["--layer", "site"],
        0,
        &["change 2"],
    );
    run(
        &["add", "apixaban", "--heard", "a pixel of"],
        &physician,
        0,
        &["change 3"],
    );
    run(
        &["add", "right", "--heard", "left"],
        &physician,
        2,
        &["never be applied"],
    );
    run(
        &["add", "x", "--name", "--heard", "y"],
        &physician,
        2,
        &["cannot be used with"],
    );
    run(
        &["add", "zqvort"],
        &["--layer", "ward"],
        2,
        &["site, specialty, physician or patient"],
    );
    run(
        &["add", "zqvort"],
        &["--layer", "physician"],
        2,
        &["--owner"],
    );
    run(
        &["add", "zqvort"],
        &["--layer", "physician", "--owner", "s.s"],
        6,
        &["no physician"],
    );

    run(
        &["check", "Zorvaxil", "Okafor"],
        &physician,
        0,
        &["Zorvaxil\tZorvaxil\tdrug.brand", "Okafor\tname"],
    );
    run(
        &["check", "Zorvaxil"],
        &["--layer", "site"],
        1,
        &["in no dictionary: Zorvaxil"],
    );
    run(&["check", "Zorvaxil"], &[], 1, &["in no dictionary"]);
    run(
        &["suggest", "zor vaxel", "-n", "1"],
        &physician,
        0,
        &["Zorvaxil\t"],
    );

    let listed = run(&["list"], &[], 0, &[]);
    let rows: Vec<Vec<&str>> = listed.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(rows.len(), 4, "{listed}");
    assert!(rows.iter().all(|row| row.len() == 13), "{listed}");
    assert_eq!(
        rows[2][2..10],
        ["site", "", "name", "Okafor", "", "name", "typed", "s.s"]
    );
    assert_eq!(rows[3][6], "a pixel of");
    run(
        &["stats"],
        &[],
        0,
        &["layer physician\tdr.a\treplacement\t1\t0", "version\t"],
    );

    let file = practice.recording("words.txt", b"Bair Zzugger\n42\nOkafor\n");
    let file = file.to_str().unwrap();
    let site = ["--layer", "site"];
    let look = run(
        &["import", file, "--preview"],
        &site,
        3,
        &["1 new, 1 known, 1 invalid"],
    );
    assert!(
        look.starts_with("new\t1\tBair Zzugger\tterm\ninvalid\t2\t42\t"),
        "{look}"
    );
    run(
        &["import", file, "--names"],
        &site,
        3,
        &["change 4\t1 entries", "1 new, 1 known, 1 invalid"],
    );
    let exported = run(&["export"], &site, 0, &["name\tBair Zzugger\t\tname\n"]);
    let copy = practice.recording("copy.tsv", exported.as_bytes());
    run(
        &["import", copy.to_str().unwrap()],
        &["--layer", "specialty", "--owner", "Surgery"],
        0,
        &["2 entries"],
    );
    let bytes = practice.recording("latin.txt", b"ok\nNaj\xe4r\n");
    run(
        &["import", bytes.to_str().unwrap()],
        &site,
        3,
        &["line 2 is not UTF-8"],
    );
    run(&["import", "gone.txt"], &site, 3, &["gone.txt"]);

    run(&["undo", "1"], &[], 0, &["taken back\t1"]);
    run(&["undo", "1"], &[], 1, &["before"]);
    run(&["undo", "77"], &[], 1, &["no entry 77"]);
    run(&["undo", "--change", "4"], &[], 0, &["taken back\t1"]);
    run(
        &["undo", "--all"],
        &["--layer", "specialty", "--owner", "surgery"],
        0,
        &["taken back\t2"],
    );
    run(&["undo"], &[], 2, &["say what to take back"]);
    run(&["undo", "3"], &physician, 2, &["--all"]);
    let left = run(&["list"], &physician, 0, &[]);
    assert_eq!(left.lines().count(), 2, "{left}");
    let all = run(&["list", "--revoked"], &physician, 0, &["Zorvaxil"]);
    assert_eq!(all.lines().count(), 3, "{all}");

    answers(
        data,
        &["user", "specialty", "dr.a", "Cardiology"],
        0,
        &["dr.a: cardiology"],
    );
    answers(
        data,
        &["user", "specialty", "s.s", "cardiology"],
        6,
        &["no physician"],
    );
    // Questions to the base set need no practice, entries do.
    let nowhere = &data.join("nowhere");
    answers(nowhere, &["dictionary", "check", "apixaban"], 0, &["drug"]);
    answers(nowhere, &["dictionary", "list"], 5, &["osler init"]);
}

#[tokio::test]
async fn the_layers_of_the_dictionary_belong_to_their_people() {
    let practice = staffed().await;
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let other = page.log_in(&practice, "dr.c", ANNA).await;
    let secretary = page.log_in(&practice, "s.s", ANNA).await;
    let auditor = page.log_in(&practice, "au", ANNA).await;
    let check = "/api/v1/dictionary/check?words=asthma,Zorvaxil,,the";
    page.get(&practice, check).await.is(401);
    let unknown = anna.get(&practice, check).await.is(200).body;
    assert_eq!(unknown, json!({"unknown": ["Zorvaxil"]}));

    // Her own word: known to her, not to her colleague, who may neither see nor change it.
    let path = "/api/v1/dictionary/entries";
    let word = json!({"layer": "physician", "owner": "dr.a", "kind": "term", "text": "Zorvaxil", "category": "device"});
    let added = anna.post(&practice, path, word.clone()).await.is(201).body;
    assert_eq!(
        (&added["text"], &added["by"]),
        (&json!("Zorvaxil"), &json!("dr.a"))
    );
    anna.post(&practice, path, word.clone()).await.is(409);
    other.post(&practice, path, word.clone()).await.is(403);
    auditor.post(&practice, path, word).await.is(403);
    let layer = "/api/v1/dictionary/layers/physician?owner=dr.a";
    assert_eq!(anna.get(&practice, layer).await.is(200).body[0], added);
    secretary.get(&practice, layer).await.is(200);
    other.get(&practice, layer).await.is(403);
    assert_eq!(
        practice
            .app
            .store
            .audit(None)
            .await
            .unwrap()
            .pop()
            .unwrap()
            .action
            .as_str(),
        "access.refused"
    );
    let known = anna.get(&practice, check).await.body;
    assert_eq!(known, json!({"unknown": []}));
    assert_eq!(other.get(&practice, check).await.body, unknown);
    let suggested = anna
        .get(&practice, "/api/v1/dictionary/suggest?word=zor%20vaxel")
        .await
        .is(200)
        .body;
    assert_eq!(suggested[0]["text"], "Zorvaxil");

    // What the limits forbid is refused when it is given.
    for (kind, text, replaces) in [
        ("replacement", "left", json!("right")),
        ("replacement", "hydralazine", json!("hydroxyzine")),
        ("replacement", "apixaban", Value::Null),
        ("spell", "apixaban", Value::Null),
    ] {
        let body = json!({"layer": "site", "kind": kind, "text": text, "replaces": replaces});
        assert_eq!(
            secretary.post(&practice, path, body).await.is(400).reason(),
            "invalid"
        );
    }
    let body = json!({"layer": "site", "kind": "replacement", "text": "apixaban", "replaces": "a pixel of"});
    let shared = secretary.post(&practice, path, body).await.is(201).body;
    assert_eq!(shared["replaces"], "a pixel of");

    // A patient's layer is part of the record.
    let own = json!({"layer": "patient", "owner": "A-1", "kind": "name", "text": "Zzugger"});
    other.post(&practice, path, own).await.is(403);
    let counts = anna
        .get(&practice, "/api/v1/dictionary/layers")
        .await
        .is(200)
        .body;
    let layers: Vec<&str> = (counts.as_array().unwrap().iter())
        .map(|count| count["layer"].as_str().unwrap())
        .collect();
    assert_eq!(layers, ["physician", "site"]);

    let entry = format!("{path}/{}", added["id"]);
    other
        .send(&practice, Method::DELETE, &entry, Value::Null)
        .await
        .is(403);
    anna.send(&practice, Method::DELETE, &entry, Value::Null)
        .await
        .is(204);
    anna.send(&practice, Method::DELETE, &entry, Value::Null)
        .await
        .is(409);
    anna.send(
        &practice,
        Method::DELETE,
        &format!("{path}/99"),
        Value::Null,
    )
    .await
    .is(404);
    assert_eq!(anna.get(&practice, check).await.body, unknown);
}
