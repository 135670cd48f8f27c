//! Signed reports as letters: to whom, with copies, in force or withdrawn.

use crate::support::client::{ANNA, Client, staffed};
use crate::support::practice::{Practice, actor, recognition};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use osler::domain::ids::ReportId;
use osler::domain::report::Instruction;
use osler::domain::signature::Authentication;
use osler::http::router;
use osler::workflow::{intake, review, sign};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A draft with an order for copies in it.
async fn dictated(practice: &Practice) -> ReportId {
    let mut heard = recognition();
    heard.report.instructions = vec![Instruction {
        text: "Please send copies to Dr. Lee and the family physician.".into(),
        word_from: 0,
        word_to: 1,
    }];
    let request = practice.request(practice.recording("a.wav", b"sound"));
    intake::run(&practice.app, request, &actor(), move |_, _| {
        Ok::<_, ()>(heard.clone())
    })
    .await
    .unwrap()
    .report_id
}

async fn signed(practice: &Practice, report: ReportId) {
    let by = Authentication::PasswordAndCode;
    sign::sign(&practice.app, report, &practice.author, None, by, &actor())
        .await
        .unwrap();
}

/// A file with its type.
async fn file(practice: &Practice, client: &Client, path: &str) -> (String, Vec<u8>) {
    let mut request = Request::builder().uri(path);
    for (name, value) in &client.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = router(practice.app.clone(), None)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let bytes = to_bytes(answer.into_body(), 1 << 22).await.unwrap();
    (kind, bytes.to_vec())
}

fn names(items: &Value) -> Vec<&str> {
    let items = items.as_array().unwrap();
    items.iter().map(|p| p["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_dictated_copy_is_proposed_and_a_person_makes_the_letter() {
    let practice = staffed().await;
    let page = Client::page();
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let carl = page.log_in(&practice, "dr.c", ANNA).await;
    let report = dictated(&practice).await;
    let path = format!("/api/v1/reports/{report}/letters");
    let letter = json!({"to": {"name": "Dr. Marsh", "address": "1 High St\nOxford"},
        "copies": [{"name": "Dr. Lee", "address": "2 Low St"}]});
    let early = sam.post(&practice, &path, letter.clone()).await.is(409);
    assert_eq!(early.reason(), "stage");
    let listed = sam.get(&practice, &path).await.is(200).body;
    assert_eq!(listed["items"], json!([]));
    assert_eq!(
        names(&listed["proposals"]),
        ["Dr. Lee", "the family physician"]
    );
    signed(&practice, report).await;
    carl.post(&practice, &path, letter.clone()).await.is(403);
    for wrong in [
        json!({"to": {"name": "", "address": "x"}}),
        json!({"to": {"name": "Dr. Lee", "address": ""}}),
        json!({"to": {"name": "Dr. Lee", "address": "x"}, "copies": [{"name": " "}]}),
    ] {
        sam.post(&practice, &path, wrong).await.is(400);
    }
    let keyed = sam.with("idempotency-key", "k-1");
    let made = keyed
        .post(&practice, &path, letter.clone())
        .await
        .is(201)
        .body;
    let again = keyed
        .post(&practice, &path, letter.clone())
        .await
        .is(201)
        .body;
    assert_eq!(made, again);
    assert_eq!(made["to"], letter["to"]);
    assert_eq!(made["by"], json!(practice.secretary.name));
    let listed = sam.get(&practice, &path).await.is(200).body;
    assert_eq!(listed["items"], json!([made]));
    assert_eq!(names(&listed["proposals"]), ["the family physician"]);

    // On paper.
    let one = format!("/api/v1/letters/{}", made["id"].as_str().unwrap());
    sam.get(&practice, &one).await.is(200);
    let (kind, text) = file(&practice, &sam, &format!("{one}.txt")).await;
    let text = String::from_utf8(text).unwrap();
    assert!(kind.starts_with("text/plain"));
    for part in [
        "Dr. Marsh\n1 High St\nOxford",
        "Re: Winter, Ada",
        "Copy to: Dr. Lee, 2 Low St",
        "Signed by",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, copy) = file(&practice, &sam, &format!("{one}.txt?copy=1")).await;
    let copy = String::from_utf8(copy).unwrap();
    assert!(copy.contains("Dr. Lee\n2 Low St\n\nCopy of a letter to:\nDr. Marsh"));
    let (kind, pdf) = file(&practice, &sam, &format!("{one}.pdf")).await;
    assert!(kind == "application/pdf" && pdf.starts_with(b"%PDF-"));
    sam.get(&practice, &format!("{one}.txt?copy=2"))
        .await
        .is(400);
    carl.get(&practice, &one).await.is(403);
    carl.get(&practice, &format!("{one}.pdf")).await.is(403);

    // A letter to somebody else of that name.
    let withdrawal = format!("{one}/withdrawal");
    let why = |reason: &str| json!({"reason": reason});
    sam.post(&practice, &withdrawal, why(" ")).await.is(400);
    carl.post(&practice, &withdrawal, why("x")).await.is(403);
    let gone = sam
        .post(&practice, &withdrawal, why("other Lee"))
        .await
        .is(200)
        .body;
    assert_eq!(gone["withdrawal"]["reason"], "other Lee");
    sam.post(&practice, &withdrawal, why("again")).await.is(409);
    let (_, text) = file(&practice, &sam, &format!("{one}.txt")).await;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("LETTER WITHDRAWN"), "{text}");
    let listed = sam.get(&practice, &path).await.is(200).body;
    assert_eq!(listed["items"][0]["withdrawal"]["reason"], "other Lee");
    assert_eq!(
        names(&listed["proposals"]),
        ["Dr. Lee", "the family physician"],
        "what was not to go out is still to be done"
    );
    let trail = practice.app.store.audit(None).await.unwrap();
    let letters: Vec<_> = trail
        .iter()
        .filter(|row| row.subject_kind == "letter")
        .collect();
    let actions: Vec<&str> = letters.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["letter.written", "letter.withdrawn"]);
    assert_eq!(letters[0].patient_id, Some(practice.ada.id));
    let exports = trail.iter().filter(|row| row.action == "record.exported");
    assert_eq!(
        exports.count(),
        5,
        "each sheet that left, and one that had no recipient"
    );
    assert!(!format!("{letters:?}").contains("Marsh"));
    let raw = practice.raw();
    for sql in [
        "UPDATE letters SET to_name = 'X'",
        "DELETE FROM letters",
        "UPDATE letter_copies SET name = 'X'",
        "INSERT INTO letter_copies SELECT id, 1, 'X', '' FROM letters",
        "DELETE FROM letter_withdrawals",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_was_entered_in_error_becomes_no_letter() {
    let practice = staffed().await;
    let sam = Client::page().log_in(&practice, "s.s", ANNA).await;
    let report = dictated(&practice).await;
    signed(&practice, report).await;
    review::retract(
        &practice.app,
        report,
        "other patient",
        None,
        &practice.author,
        &actor(),
    )
    .await
    .unwrap();
    let path = format!("/api/v1/reports/{report}/letters");
    let letter = json!({"to": {"name": "Dr. Lee", "address": "Oxford"}});
    let refused = sam.post(&practice, &path, letter).await.is(409);
    assert!(refused.body["detail"].as_str().unwrap().contains("error"));
}
