//! What is known about a patient beside both identifiers, and records of one patient that are joined.

use crate::support::client::{ANNA, Answer, Client, ROOT, staffed};
use crate::support::practice::{BORN, Practice, actor, recognition};
use axum::http::Method;
use jiff::civil::date;
use osler::domain::ids::{DictationId, ReportId};
use osler::domain::patient::{EntryKind, Mrn, Sex};
use osler::domain::signature::Authentication;
use osler::domain::worklist::{Orders, Route};
use osler::workflow::patients::{self, Change, NewPatient};
use osler::workflow::{intake, retention, sign};
use serde_json::{Value, json};

const ADA: &str = "/api/v1/patients/A-1";
const MERGE: &str = "/api/v1/patients/A-1/merge";

/// A second record of Ada's.
async fn ada_again(practice: &Practice, born: jiff::civil::Date) -> Mrn {
    let new = NewPatient {
        mrn: "A-9".parse().unwrap(),
        family: "Winter".into(),
        given: "Ada".into(),
        birth_date: born,
        sex: Sex::Female,
    };
    patients::add(&practice.app, new, &actor())
        .await
        .unwrap()
        .mrn
}

/// A recording that was heard, in the record of that number.
async fn drafted(practice: &Practice, mrn: &Mrn, name: &str) -> (DictationId, ReportId) {
    let patient = patients::find(&practice.app, mrn).await.unwrap();
    let mut request = practice.request(practice.recording(name, name.as_bytes()));
    request.mrn = mrn.clone();
    request.birth_date = Some(patient.birth_date);
    request.orders = Orders {
        route: Route::Author,
        ..Orders::default()
    };
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    (taken.dictation.id, taken.report_id)
}

async fn filed(practice: &Practice, mrn: &Mrn, name: &str) -> (DictationId, ReportId) {
    let (dictation, report) = drafted(practice, mrn, name).await;
    let by = Authentication::PasswordAndCode;
    sign::sign(&practice.app, report, &practice.author, None, by, &actor())
        .await
        .unwrap();
    (dictation, report)
}

fn ada() -> Value {
    json!({"family": "Winter", "given": "Ada", "birth_date": "1961-03-14", "sex": "female",
        "contact": {"phone": "0171 555", "address": "1 High St\nOxford", "email": "ada@mail.example"}})
}

async fn put(client: &Client, practice: &Practice, version: &str, body: Value) -> Answer {
    let client = client.with("if-match", version);
    client.send(practice, Method::PUT, ADA, body).await
}

#[tokio::test]
async fn a_change_is_based_on_what_was_read_and_what_stood_there_before_stays_readable() {
    let practice = staffed().await;
    let page = Client::page();
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let read = sam.get(&practice, ADA).await.is(200);
    assert_eq!(read.headers["etag"], "\"1\"");
    let empty = json!({"phone": "", "address": "", "email": ""});
    assert_eq!(read.body["patient"]["contact"], empty);
    sam.send(&practice, Method::PUT, ADA, ada()).await.is(428);
    let changed = put(&sam, &practice, "\"1\"", ada()).await.is(200);
    assert_eq!(changed.headers["etag"], "\"2\"");
    assert_eq!(changed.body["patient"]["contact"], ada()["contact"]);
    let late = put(&sam, &practice, "\"1\"", ada()).await.is(412);
    assert_eq!(
        (late.reason(), &late.body["version"], &late.body["by"]),
        ("conflict", &json!(2), &json!(practice.secretary.name))
    );
    // The same once more is no change.
    let same = put(&sam, &practice, "\"2\"", ada()).await.is(200);
    assert_eq!(same.headers["etag"], "\"2\"");
    for (field, wrong) in [
        ("family", json!(" ")),
        ("birth_date", json!("2999-01-01")),
        ("sex", json!("none")),
        ("contact", json!({"email": "nobody"})),
    ] {
        let mut body = ada();
        body[field] = wrong;
        put(&sam, &practice, "\"2\"", body).await.is(400);
    }
    let mut married = ada();
    married["family"] = json!("Sommer-Winter");
    put(&sam, &practice, "\"2\"", married).await.is(200);
    let path = format!("{ADA}/history");
    let history = sam.get(&practice, &path).await.is(200).body;
    let items = history["items"].as_array().unwrap();
    assert_eq!(
        items[0],
        json!({"at": "2025-03-03T09:00:00Z", "by": practice.secretary.name, "field": "family",
            "before": "Winter", "after": "Sommer-Winter"})
    );
    let fields: Vec<&str> = items.iter().map(|i| i["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["family", "email", "address", "phone", "sex"]);
    // What was found under the name before is found under the new one.
    let found = async |q: &str| {
        let path = format!("/api/v1/patients?q={q}");
        let list = sam.get(&practice, &path).await.is(200).body;
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(
        (found("Sommer-Winter").await, found("Winter").await),
        (1, 1)
    );
    // The trail says what was changed, and not how.
    let trail = practice.app.store.audit(None).await.unwrap();
    let rows: Vec<_> = trail
        .iter()
        .filter(|row| row.action == "patient.changed")
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].details["fields"], json!(["family"]));
    assert!(!format!("{rows:?}").contains("High St"));
}

#[tokio::test]
async fn another_date_of_birth_is_checked_again_before_anything_is_filed() {
    let practice = staffed().await;
    let app = &practice.app;
    let sam = Client::page().log_in(&practice, "s.s", ANNA).await;
    let (done, _) = filed(&practice, &practice.ada.mrn, "filed").await;
    let (open, _) = drafted(&practice, &practice.ada.mrn, "open").await;
    let checked = async |id| {
        let dictation = app.store.dictation(id).await.unwrap();
        dictation.identity_verified_at.is_some()
    };
    put(&sam, &practice, "\"1\"", ada()).await.is(200);
    assert!(checked(open).await, "nothing was wrong with it");
    let mut corrected = ada();
    corrected["birth_date"] = json!("1961-03-15");
    put(&sam, &practice, "\"2\"", corrected).await.is(200);
    assert!(!checked(open).await);
    assert!(checked(done).await, "what is filed does not change");
}

#[tokio::test]
async fn a_number_of_another_issuer_is_one_patients_and_finds_that_patient() {
    let practice = staffed().await;
    let sam = Client::page().log_in(&practice, "s.s", ANNA).await;
    let path = format!("{ADA}/numbers");
    let number = json!({"issuer": "Health  Plan", "value": "77 12 a"});
    let keyed = sam.with("idempotency-key", "k-1");
    let first = keyed.post(&practice, &path, number.clone()).await.is(201);
    let again = keyed.post(&practice, &path, number.clone()).await.is(201);
    assert_eq!(first.body["id"], again.body["id"]);
    assert_eq!(first.body["issuer"], "Health Plan");
    let bens = "/api/v1/patients/B-2/numbers";
    let taken = json!({"issuer": "HEALTH PLAN", "value": "77 12 A"});
    sam.post(&practice, bens, taken.clone()).await.is(409);
    let other_issuer = json!({"issuer": "Registry", "value": "77 12 a"});
    sam.post(&practice, bens, other_issuer).await.is(201);
    let nothing = json!({"issuer": "", "value": "1"});
    sam.post(&practice, &path, nothing).await.is(400);
    let find = async || {
        let q = "/api/v1/patients?q=77%2012%20A";
        let list = sam.get(&practice, q).await.is(200).body;
        let items = list["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|p| p["mrn"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(find().await, ["B-2", "A-1"]);
    let one = format!("{path}/{}", first.body["id"]);
    let gone = async || sam.send(&practice, Method::DELETE, &one, Value::Null).await;
    gone().await.is(204);
    gone().await.is(404);
    assert_eq!(find().await, ["B-2"]);
    // Now it may be somebody else's.
    sam.post(&practice, bens, taken).await.is(201);
    let chart = sam.get(&practice, ADA).await.is(200).body;
    assert_eq!(chart["patient"]["numbers"], json!([]));
    let actions = practice.actions().await;
    let count = |what: &str| actions.iter().filter(|a| *a == what).count();
    assert_eq!(count("patient.number_added"), 3);
    assert_eq!(count("patient.number_withdrawn"), 1);
}

#[tokio::test]
async fn two_records_of_one_patient_become_one_and_each_thing_says_where_it_came_from() {
    let practice = staffed().await;
    let app = &practice.app;
    let page = Client::page();
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let again = ada_again(&practice, BORN).await;
    let (own, _) = filed(&practice, &practice.ada.mrn, "own").await;
    let (came, report) = filed(&practice, &again, "came").await;
    let (open, _) = drafted(&practice, &again, "open").await;
    for (mrn, kind, text) in [
        (&practice.ada.mrn, EntryKind::Allergy, "latex"),
        (&again, EntryKind::Allergy, "latex"),
        (&again, EntryKind::Problem, "asthma"),
    ] {
        patients::change_entry(app, mrn, Change::Add, kind, text, &actor())
            .await
            .unwrap();
    }
    let number = json!({"issuer": "Plan", "value": "12"});
    sam.post(&practice, "/api/v1/patients/A-9/numbers", number)
        .await
        .is(201);
    let text = app.store.report(report).await.unwrap();

    let seen = sam
        .get(&practice, &format!("{MERGE}?from=A-9"))
        .await
        .is(200)
        .body;
    assert_eq!(
        (&seen["into"]["mrn"], &seen["from"]["mrn"]),
        (&json!("A-1"), &json!("A-9"))
    );
    assert_eq!(seen["differences"], json!([]), "unknown is no other sex");
    assert_eq!(
        (&seen["dictations"], &seen["reports"], &seen["entries"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(seen["in_the_way"], json!([]));
    let join = |reason: &str| json!({"from": "A-9", "reason": reason, "differences": []});
    sam.post(&practice, MERGE, join(" ")).await.is(400);
    let itself = json!({"from": "A-1", "reason": "x"});
    sam.post(&practice, MERGE, itself).await.is(409);
    anna.post(&practice, MERGE, join("x")).await.is(403);
    let joined = sam
        .post(&practice, MERGE, join("same passport"))
        .await
        .is(200)
        .body;
    let former = &joined["patient"]["former"];
    assert_eq!(
        former[0],
        json!({"mrn": "A-9", "family": "Winter", "given": "Ada", "birth_date": "1961-03-14",
            "at": "2025-03-03T09:00:00Z", "by": practice.secretary.name, "reason": "same passport"})
    );

    // The number of the record that ended finds the one that stays.
    let chart = sam
        .get(&practice, "/api/v1/patients/A-9")
        .await
        .is(200)
        .body;
    assert_eq!(chart["patient"]["mrn"], "A-1");
    let allergies = chart["patient"]["allergies"].as_array().unwrap();
    assert_eq!(allergies.len(), 1, "what both say is said once");
    assert_eq!(chart["patient"]["problems"][0]["text"], "asthma");
    assert_eq!(chart["patient"]["numbers"][0]["value"], "12");
    let dictations = chart["dictations"].as_array().unwrap();
    let from = |id: DictationId| {
        let found = dictations.iter().find(|d| d["id"] == id.to_string());
        found.unwrap()["from_mrn"].clone()
    };
    assert_eq!(dictations.len(), 3);
    assert_eq!(
        (from(own), from(came), from(open)),
        (Value::Null, json!("A-9"), json!("A-9"))
    );
    let listed = sam
        .get(&practice, "/api/v1/patients?q=A-9")
        .await
        .is(200)
        .body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["mrn"], "A-1");
    let all = sam.get(&practice, "/api/v1/patients").await.is(200).body;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);

    // What was signed stays as it was signed, in another record.
    let moved = app.store.report(report).await.unwrap();
    assert_eq!(moved.patient_id, practice.ada.id);
    assert_eq!(
        (&moved.latest, &moved.signature, moved.filed_at),
        (&text.latest, &text.signature, text.filed_at)
    );
    // A recording for the old number comes into the record that stays.
    let (later, _) = drafted(&practice, &again, "later").await;
    let later = app.store.dictation(later).await.unwrap();
    assert_eq!(later.patient_id, practice.ada.id);
    let trail = app.store.audit(None).await.unwrap();
    let rows: Vec<_> = trail
        .iter()
        .filter(|row| row.action == "patient.merged")
        .collect();
    assert_eq!(rows.len(), 2, "in both records");
    assert!(!format!("{rows:?}").contains("passport"));
    // Once is enough, and nothing of a patient's is taken away below the program either.
    sam.post(&practice, MERGE, join("again")).await.is(409);
    let raw = practice.raw();
    for sql in [
        "UPDATE reports SET patient_id = (SELECT id FROM patients WHERE mrn = 'B-2')",
        "UPDATE dictations SET patient_id = (SELECT id FROM patients WHERE mrn = 'B-2')",
        "UPDATE dictations SET patient_id = (SELECT id FROM patients WHERE mrn = 'A-9')",
        "UPDATE reports SET filed_at = 1 WHERE status = 'filed'",
        "UPDATE patients SET merged_into = NULL",
        "UPDATE patients SET family = 'X' WHERE mrn = 'A-9'",
        "UPDATE patients SET merged_into = (SELECT id FROM patients WHERE mrn = 'A-1') WHERE mrn = 'B-2'",
        "DELETE FROM patient_merges",
        "UPDATE merged_things SET kind = 'entry'",
        "DELETE FROM patient_changes",
        "DELETE FROM patients",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
}

#[tokio::test]
async fn records_are_not_joined_while_somebody_is_at_them_or_a_hold_keeps_one() {
    let practice = staffed().await;
    let app = &practice.app;
    let page = Client::page();
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let root = page.log_in(&practice, "root", ROOT).await;
    let again = ada_again(&practice, date(1961, 4, 13)).await;
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.orders.route = Route::Secretary;
    let taken = intake::run(app, request, &actor(), |_, _| Ok::<_, ()>(recognition()))
        .await
        .unwrap();
    let next = "/api/v1/worklist/next";
    sam.post(&practice, next, Value::Null).await.is(200);
    let join = json!({"from": "A-9", "reason": "same passport", "differences": ["birth_date"]});
    let locked = sam.post(&practice, MERGE, join.clone()).await.is(409);
    assert!(locked.body["detail"].as_str().unwrap().contains("s.s"));
    let preview = format!("{MERGE}?from=A-9");
    let seen = sam.get(&practice, &preview).await.is(200).body;
    assert_eq!(seen["in_the_way"], json!([{"what": "locked", "by": "s.s"}]));
    assert_eq!(seen["differences"], json!(["birth_date"]));
    let steps = format!("/api/v1/dictations/{}/steps", taken.dictation.id);
    sam.post(&practice, &steps, json!({"step": "submit"}))
        .await
        .is(200);

    // What they differ in has to have been looked at.
    let blind = json!({"from": "A-9", "reason": "same passport"});
    let blind = sam.post(&practice, MERGE, blind).await.is(409);
    assert!(
        blind.body["detail"]
            .as_str()
            .unwrap()
            .contains("birth_date")
    );
    let hold = json!({"reason": "case 12"});
    root.send(
        &practice,
        Method::PUT,
        "/api/v1/patients/A-9/hold",
        hold.clone(),
    )
    .await
    .is(204);
    let held = sam.post(&practice, MERGE, join.clone()).await.is(409);
    assert!(held.body["detail"].as_str().unwrap().contains("legal hold"));
    assert_eq!(
        patients::find(app, &again).await.unwrap().mrn,
        again,
        "what is refused changes nothing"
    );
    root.post(&practice, "/api/v1/patients/A-9/hold/lift", hold)
        .await
        .is(204);
    sam.post(&practice, MERGE, join).await.is(200);
    assert_eq!(retention::holds(app).await.unwrap().len(), 1);
}
