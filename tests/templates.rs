//! Ready texts: kept in versions, each by whom it belongs to, and put into a report by name.

use crate::support::client::{ANNA, Client, ROOT, staffed};
use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{Practice, actor};
use crate::support::real;
use axum::http::Method;
use osler::domain::finding::FindingKind;
use osler::domain::layer::Layer;
use osler::speech::pool::Pool;
use osler::store::Kind;
use osler::workflow::intake;
use osler::workflow::queue::{Runner, hear_with};
use osler::workflow::templates::{self, Given};
use osler::workflow::transcribe::Options;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const PATH: &str = "/api/v1/templates";

fn given(name: &str, spoken: &[&str], text: &str) -> Given {
    Given {
        name: name.into(),
        spoken: spoken.iter().map(|s| (*s).to_owned()).collect(),
        text: text.into(),
        kind: None,
        replaces: None,
    }
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|t| t["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_asked_for_by_name_stands_in_the_draft_the_physicians_own_before_the_sites() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    for (layer, text) in [
        (Layer::Site, given("normal chest exam", &[], "Chest clear.")),
        (
            Layer::Site,
            given("standard abdomen", &["belly"], "Abdomen soft, [ ] scars."),
        ),
        (
            Layer::Physician(practice.author.id),
            given("Normal chest exam", &[], "Lungs clear to auscultation."),
        ),
        (
            Layer::Physician(practice.colleague.id),
            given("follow up", &[], "Not the author's."),
        ),
    ] {
        templates::add(app, layer, text, None, &actor())
            .await
            .unwrap();
    }
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/clip.flac");
    let dictation = intake::receive(app, practice.request(clip), &actor())
        .await
        .unwrap();
    let engine = ScriptedEngine::new([Line::Says(
        "Insert normal chest exam period insert template belly period insert template follow up period",
    )]);
    let pool = Pool::new(Arc::new(engine), 1).unwrap();
    let options = Options {
        language: "en".into(),
        ..Options::default()
    };
    let hear = hear_with(pool, real::index().clone(), options);
    Runner::new(app.clone(), hear, 1).drain().await.unwrap();
    let report = app.store.report_of(dictation.id).await.unwrap().unwrap();
    let text = &report.latest.body.text;
    assert!(
        text.starts_with("Lungs clear to auscultation. Abdomen soft, [ ] scars."),
        "{text}"
    );
    assert!(!text.contains("Not the author's"), "{text}");
    let heard = app
        .store
        .transcript_of(dictation.id)
        .await
        .unwrap()
        .unwrap();
    let kinds: Vec<FindingKind> = heard.recognition.findings.iter().map(|f| f.kind).collect();
    // The field is to be filled in, and nobody has the third text.
    assert!(kinds.contains(&FindingKind::UnresolvedBlank), "{kinds:?}");
    assert!(kinds.contains(&FindingKind::UnclearCommand), "{kinds:?}");
}

#[tokio::test]
async fn a_physician_keeps_their_own_the_secretary_the_sites_and_a_change_is_another_version() {
    let practice = staffed().await;
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let carl = page.log_in(&practice, "dr.c", ANNA).await;
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let own = json!({"layer": "physician", "name": "Follow-up", "spoken": ["see again"],
        "text": "Follow-up in [ ] weeks.", "kind": "consultation"});
    let keyed = anna.with("idempotency-key", "k-1");
    let first = keyed.post(&practice, PATH, own.clone()).await.is(201).body;
    let again = keyed.post(&practice, PATH, own.clone()).await.is(201).body;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(
        (&first["owner"], &first["spoken"], &first["kind"]),
        (
            &json!("dr.a"),
            &json!(["see again"]),
            &json!("consultation")
        )
    );
    // Said alike, it would not be certain which is meant.
    let alike = json!({"layer": "physician", "name": "SEE AGAIN", "text": "x"});
    anna.post(&practice, PATH, alike).await.is(409);
    let wrong = json!({"layer": "physician", "name": "x", "text": "x", "kind": "poem"});
    anna.post(&practice, PATH, wrong).await.is(400);
    let site = json!({"layer": "site", "name": "normal gait", "text": "Gait is normal."});
    let refused = anna.post(&practice, PATH, site.clone()).await.is(403);
    assert_eq!(refused.reason(), "role");
    sam.post(&practice, PATH, site).await.is(201);

    let seen = async |who: &Client, query: &str| {
        let path = format!("{PATH}{query}");
        who.get(&practice, &path).await.is(200).body
    };
    assert_eq!(names(&seen(&anna, "").await), ["Follow-up", "normal gait"]);
    assert_eq!(names(&seen(&carl, "?author=dr.a").await), ["normal gait"]);
    assert_eq!(names(&seen(&sam, "").await), ["normal gait"]);
    assert_eq!(
        names(&seen(&sam, "?author=dr.a").await),
        ["Follow-up", "normal gait"]
    );

    let path = format!("{PATH}/{}", first["id"]);
    for (who, reason) in [(&carl, "relation"), (&sam, "role")] {
        let refused = who
            .send(&practice, Method::DELETE, &path, Value::Null)
            .await
            .is(403);
        assert_eq!(refused.reason(), reason);
    }
    let mut changed = own;
    changed["text"] = json!("Follow-up in [ ] days.");
    changed["replaces"] = first["id"].clone();
    practice.clock.pass(60);
    let second = anna
        .post(&practice, PATH, changed.clone())
        .await
        .is(201)
        .body;
    // Who changes what somebody else has changed meanwhile is told.
    anna.post(&practice, PATH, changed).await.is(409);
    let versions = templates::all(&practice.app, true).await.unwrap();
    let old = &versions
        .iter()
        .find(|(t, _)| t.seq == first["id"])
        .unwrap()
        .0;
    assert_eq!(old.template.body(), "Follow-up in [ ] weeks.");
    assert_eq!(old.revoked.as_ref().unwrap().0, "dr.a");
    let path = format!("{PATH}/{}", second["id"]);
    let remove = async || {
        anna.send(&practice, Method::DELETE, &path, Value::Null)
            .await
    };
    remove().await.is(204);
    remove().await.is(409);
    assert_eq!(names(&seen(&anna, "").await), ["normal gait"]);
    let trail = practice.app.store.audit(None).await.unwrap();
    let count = |action: &str| trail.iter().filter(|r| r.action.as_str() == action).count();
    assert_eq!((count("template.added"), count("template.revoked")), (3, 2));
    // Not even at the database is a version changed or deleted.
    let raw = practice.raw();
    assert!(raw.execute("DELETE FROM templates", []).is_err());
    assert!(raw.execute("UPDATE templates SET body = 'x'", []).is_err());
    let root = page.log_in(&practice, "root", ROOT).await;
    assert_eq!(names(&seen(&root, "").await), ["normal gait"]);
}

#[tokio::test]
async fn the_commands_keep_ready_texts() {
    let practice = Practice::new(Kind::Practice).await;
    let run = |arguments: &[&str], typed: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_osler"))
            .arg("template")
            .args(arguments)
            .env("OSLER_DATA", practice.data())
            .env_remove("OSLER_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read is gone already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = run(
        &[
            "add",
            "normal chest",
            "--spoken",
            "clear chest",
            "--owner",
            "dr.a",
            "--as",
            "s.s",
        ],
        "Chest clear.\nHeart [ ].\n",
    );
    assert_eq!((code, text.as_str()), (0, "added\t1\n"));
    let (code, text) = run(&["list"], "");
    assert_eq!(code, 0);
    assert!(
        text.contains("1\tdr.a\tnormal chest\tclear chest\t\ts.s\t"),
        "{text}"
    );
    assert!(
        text.trim_end().ends_with("Chest clear.\\nHeart [ ]."),
        "{text}"
    );
    let (code, text) = run(&["add", "..."], "x");
    assert_ne!(code, 0);
    assert!(text.contains("normal chest exam"), "{text}");
    let (code, _) = run(&["remove", "1"], "");
    assert_eq!(code, 0);
    let (code, text) = run(&["list"], "");
    assert_eq!((code, text.as_str()), (0, ""));
    let (_, text) = run(&["list", "--revoked"], "");
    assert!(text.contains("taken back by system"), "{text}");
}
