//! What signed reports teach: counted for each physician, tried before it is offered, a rule only where a person says so.

use crate::support::client::{ANNA, Client, ROOT, staffed};
use crate::support::practice::{BORN, Practice, actor, recognition};
use osler::domain::layer::{Layer, LocalKind, Origin};
use osler::domain::recognition::Recognition;
use osler::domain::report::TraceSpan;
use osler::domain::signature::Authentication;
use osler::domain::transcript::Word;
use osler::workflow::{intake, layers, review, sign};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/learned";

/// What a machine made of these words without a correction of its own.
fn heard(said: &str) -> Recognition {
    let mut made = recognition();
    made.raw.text = said.to_owned();
    made.raw.words = said
        .split_whitespace()
        .enumerate()
        .map(|(i, text)| Word {
            text: text.into(),
            start_s: i as f64 * 0.5,
            end_s: i as f64 * 0.5 + 0.4,
            probability: 0.75,
            take: 0,
        })
        .collect();
    made.transcript.text = said.to_owned();
    made.transcript.edits.clear();
    made.findings.clear();
    made.report.text = said.to_owned();
    made.report.sections.clear();
    made.report.trace = vec![TraceSpan {
        from: 0,
        to: said.chars().count(),
        word_from: 0,
        word_to: made.raw.words.len(),
        rule: "text".into(),
    }];
    made
}

/// A report of the author's, corrected to these words and signed.
async fn signed(practice: &Practice, said: &'static str, written: &str) {
    let app = &practice.app;
    let request = practice.request(practice.recording("a.wav", said.as_bytes()));
    let taken = intake::run(app, request, &actor(), move |_, _| Ok::<_, ()>(heard(said)))
        .await
        .unwrap();
    let (id, author) = (taken.report_id, &practice.author);
    review::correct(app, id, 1, written, author, &actor())
        .await
        .unwrap();
    let how = Authentication::PasswordAndCode;
    sign::sign(app, id, author, Some(BORN), how, &actor())
        .await
        .unwrap();
}

async fn rules(practice: &Practice) -> Vec<String> {
    let layer = Layer::Physician(practice.author.id);
    let found = layers::list(&practice.app, Some(&layer), false)
        .await
        .unwrap();
    found
        .into_iter()
        .filter(|(e, _)| e.entry.kind == LocalKind::Replacement && e.origin == Origin::Learned)
        .map(|(e, _)| e.entry.written)
        .collect()
}

#[tokio::test]
async fn a_correction_seen_three_times_is_offered_tried_accepted_and_taken_back() {
    let practice = staffed().await;
    let page = Client::page();
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let offered = async |who: &Client| {
        let body = who.get(&practice, PATH).await.is(200).body;
        body["items"].as_array().unwrap().clone()
    };
    signed(
        &practice,
        "Place the bear hugger on Ada now.",
        "Place the Bair hugger on Ada now.",
    )
    .await;
    signed(
        &practice,
        "The bear hugger is warm.",
        "The Bair hugger is warm.",
    )
    .await;
    assert!(offered(&sam).await.is_empty(), "twice is not often enough");
    signed(
        &practice,
        "Use a bear hugger, 5 mg.",
        "Use a Bair hugger, 10 mg.",
    )
    .await;
    signed(
        &practice,
        "He saw a bear in the left field.",
        "He saw a bear in the right field.",
    )
    .await;
    let offers = offered(&sam).await;
    // The dose and the side were corrected too, and are no rules however often.
    assert_eq!(offers.len(), 1, "{offers:?}");
    let offer = &offers[0];
    assert_eq!(
        (
            &offer["heard"],
            &offer["written"],
            &offer["places"],
            &offer["state"]
        ),
        (&json!("bear"), &json!("Bair"), &json!(3), &json!("open"))
    );
    assert_eq!(offer["physician"]["username"], "dr.a");
    assert_eq!(
        (
            &offer["trial"]["reports"],
            &offer["trial"]["right"],
            &offer["trial"]["worse"]
        ),
        (&json!(4), &json!(3), &json!(1))
    );
    let example = &offer["trial"]["examples"][0];
    assert_eq!(example["mrn"], "A-1");
    assert!(
        example["signed"]
            .as_str()
            .unwrap()
            .contains("saw a bear in")
    );

    let carl = page.log_in(&practice, "dr.c", ANNA).await;
    assert!(
        offered(&carl).await.is_empty(),
        "a colleague's reports are not theirs"
    );
    let path = format!("{PATH}/{}/decision", offer["id"]);
    let say = async |who: &Client, body: Value| who.post(&practice, &path, body).await;
    say(&carl, json!({"accept": true, "worse": 1}))
        .await
        .is(403);
    let root = page.log_in(&practice, "root", ROOT).await;
    root.get(&practice, PATH).await.is(403);
    // Whoever accepts has seen what it would have broken.
    let blind = say(&sam, json!({"accept": true})).await.is(409);
    assert_eq!(blind.body["worse"], 1);
    assert!(rules(&practice).await.is_empty());
    let declined = say(&sam, json!({"accept": false})).await.is(200).body;
    assert_eq!(declined["state"], "declined");
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let accepted = say(&anna, json!({"accept": true, "worse": 1}))
        .await
        .is(200)
        .body;
    assert_eq!(
        (&accepted["state"], &accepted["by"]),
        (&json!("accepted"), &json!("dr.a"))
    );
    assert_eq!(rules(&practice).await, ["Bair"]);
    say(&anna, json!({"accept": true, "worse": 1}))
        .await
        .is(409);

    let layer = Layer::Physician(practice.author.id);
    layers::undo(&practice.app, layers::RevokeLocal::Layer(layer), &actor())
        .await
        .unwrap();
    assert_eq!(offered(&anna).await[0]["state"], "taken_back");
    let trail = practice.app.store.audit(None).await.unwrap();
    let decided = trail
        .iter()
        .filter(|r| r.action.as_str() == "dictionary.learned_decided");
    assert_eq!(decided.count(), 2);
    assert!(
        practice
            .raw()
            .execute("DELETE FROM learned_decisions", [])
            .is_err()
    );
}
