//! The work of a practice over HTTP: the whole way of a report, and what is refused on it.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{BORN, Practice, actor};
use crate::support::real;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use futures_util::StreamExt;
use osler::domain::ids::DictationId;
use osler::domain::user::User;
use osler::domain::worklist::{Orders, Priority, Route};
use osler::http::router;
use osler::speech::pool::Pool;
use osler::store::Kind;
use osler::workflow::intake;
use osler::workflow::people::login;
use osler::workflow::queue::{Runner, hear_with};
use osler::workflow::transcribe::Options;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;

const SAID: &str = "Chest pain since Monday period no fever comma no cough period";
const HEARD: &str = "Chest pain since Monday. No fever, no cough.";

/// Somebody with a session.
struct Client {
    router: Router,
    cookie: String,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    #[track_caller]
    fn refused(self, status: u16, reason: &str) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.body["reason"].as_str()),
            (status, Some(reason)),
            "{}",
            self.body
        );
        self.body
    }
}

async fn client(practice: &Practice, user: &User) -> Client {
    let opened = login::log_in_to_demonstration(&practice.app, &user.username, "test")
        .await
        .unwrap();
    Client {
        router: router(practice.app.clone(), None),
        cookie: format!("osler_session={}", opened.token.reveal()),
    }
}

impl Client {
    async fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: Value) -> Answer {
        let response = self.raw(method, path, more, body).await;
        let status = response.status();
        let etag = response.headers().get(header::ETAG);
        let etag = etag.map(|tag| tag.to_str().unwrap().to_owned());
        let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, etag, body }
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Value,
    ) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "localhost:8470")
            .header("x-osler", "1")
            .header("content-type", "application/json")
            .header("cookie", &self.cookie);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], body).await
    }

    async fn step(&self, id: DictationId, step: &str, note: Option<&str>) -> Answer {
        let body = json!({"step": step, "note": note});
        self.post(&format!("/dictations/{id}/steps"), body).await
    }

    async fn write(&self, report: &str, based_on: u64, text: &str) -> Answer {
        let tag = format!("\"{based_on}\"");
        let path = format!("/reports/{report}/text");
        self.send("PUT", &path, &[("if-match", &tag)], json!({"text": text}))
            .await
    }
}

/// A dictation for Ada that goes to a secretary, heard by an engine that says what it is told to.
async fn heard(practice: &Practice, birth_date: bool) -> DictationId {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/clip.flac");
    let mut request = practice.request(clip);
    request.birth_date = birth_date.then_some(BORN);
    request.orders = Orders {
        priority: Priority::Urgent,
        route: Route::Secretary,
    };
    let id = intake::receive(&practice.app, request, &actor())
        .await
        .unwrap()
        .id;
    let pool = Pool::new(Arc::new(ScriptedEngine::new([Line::Says(SAID)])), 1).unwrap();
    let options = Options {
        language: "en".into(),
        ..Options::default()
    };
    let hear = hear_with(pool, real::index().clone(), options);
    let runner = Runner::new(practice.app.clone(), hear, 1);
    runner.drain().await.unwrap();
    id
}

fn strings(values: &Value) -> Vec<&str> {
    let values = values.as_array().unwrap();
    values.iter().map(|v| v.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_report_goes_its_whole_way_over_http() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let secretary = client(&practice, &practice.secretary).await;
    let id = heard(&practice, false).await;
    let path = format!("/dictations/{id}");

    // It waits for a secretary, who takes the next and has the lock with that.
    let list = secretary.get("/worklist?place=to_correct").await.ok();
    assert_eq!(list["items"][0]["id"], id.to_string());
    assert_eq!(list["items"][0]["patient"]["mrn"], "A-1");
    assert_eq!(list["items"][0]["patient"]["birth_date"], "1961-03-14");
    assert_eq!(list["next"], Value::Null);
    let counts = secretary.get("/worklist/counts").await.ok();
    assert_eq!(counts["places"]["to_correct"]["n"], 1);
    assert_eq!(counts["priorities"]["urgent"]["n"], 1);
    let next = secretary.post("/worklist/next", json!({})).await.ok();
    assert_eq!(next["lock"]["mine"], true);
    let none = secretary.post("/worklist/next", json!({})).await;
    assert_eq!(none.status, StatusCode::NO_CONTENT);

    let open = secretary.get(&path).await;
    assert_eq!(open.etag.as_deref(), Some("\"1\""));
    let open = open.ok();
    let report = open["report"]["id"].as_str().unwrap().to_owned();
    assert_eq!(open["report"]["text"], HEARD);
    assert_eq!(open["raw"]["words"].as_array().unwrap().len(), 11);
    assert!(!open["report"]["trace"].as_array().unwrap().is_empty());
    assert_eq!(open["identity_verified"], false);
    assert!(strings(&open["steps"]).contains(&"ask"));
    assert!(!strings(&open["steps"]).contains(&"sign"));

    // Corrected on top of what was read, asked about, answered, submitted.
    let corrected = "Chest pain since Monday. No fever, no dry cough.";
    let stored = secretary.write(&report, 1, corrected).await;
    assert_eq!(stored.etag.as_deref(), Some("\"2\""));
    stored.ok();
    secretary.step(id, "ask", Some("Dry cough?")).await.ok();
    let desk = author.get("/mine").await.ok();
    assert_eq!(desk["questions"][0]["note"], "Dry cough?");
    author.step(id, "answer", Some("Dry.")).await.ok();
    secretary.step(id, "open", None).await.ok();
    let lock = secretary
        .post(&format!("{path}/lock"), json!({}))
        .await
        .ok();
    assert!(lock["until"].is_string());
    secretary.step(id, "submit", None).await.ok();
    let desk = author.get("/mine").await.ok();
    assert_eq!(desk["to_sign"][0]["id"], id.to_string());

    // What was recognised, and what became of it.
    let diff = author
        .get(&format!("/reports/{report}/diff?from=1&to=2"))
        .await
        .ok();
    assert_eq!(
        diff,
        json!([
            {"op": "same", "text": "Chest pain since Monday. No fever, no "},
            {"op": "ins", "text": "dry "},
            {"op": "same", "text": "cough."},
        ])
    );
    let heard = author
        .get(&format!("/reports/{report}/diff?from=0&to=2"))
        .await
        .ok();
    assert!(heard.as_array().unwrap().iter().any(|p| p["op"] == "del"));
    let versions = author
        .get(&format!("/reports/{report}/versions"))
        .await
        .ok();
    assert_eq!(versions["items"][0]["by"], Value::Null);
    assert_eq!(versions["items"][1]["by"], "Sam Secretary");
    let second = author
        .get(&format!("/reports/{report}/versions/2"))
        .await
        .ok();
    assert_eq!(second["text"], corrected);

    // Signed as read; the second identifier files it.
    let signature = format!("/reports/{report}/signature");
    author
        .post(&signature, json!({"version": 1, "clear": true}))
        .await
        .refused(412, "conflict");
    let signed = author
        .post(&signature, json!({"version": 2, "clear": true}))
        .await
        .ok();
    assert_eq!(signed["status"], "signed");
    assert_eq!(signed["signature"]["name"], "Anna Author, MD");
    assert_eq!(signed["stage_errors"]["recognised"], 1);
    assert_eq!(signed["stage_errors"]["corrected"], 0);
    let filing = format!("/reports/{report}/filing");
    author
        .post(&filing, json!({"birth_date": "1961-03-15"}))
        .await
        .refused(409, "identity_mismatch");
    let filed = author
        .post(&filing, json!({"birth_date": "1961-03-14"}))
        .await
        .ok();
    assert_eq!(filed["status"], "filed");
    let today = author.get("/worklist?place=filed").await.ok();
    assert_eq!(today["items"][0]["id"], id.to_string());

    // An addendum, begun once, signed; then the report was in error.
    let addenda = format!("/reports/{report}/addenda");
    let more = json!({"text": "Cough is gone."});
    let key = [("idempotency-key", "one")];
    let first = author.send("POST", &addenda, &key, more.clone()).await.ok();
    let again = author.send("POST", &addenda, &key, more).await.ok();
    assert_eq!(first["report_id"], again["report_id"]);
    let addendum = first["report_id"].as_str().unwrap();
    author
        .write(addendum, 1, "Cough is gone since today.")
        .await
        .ok();
    let signed = author
        .post(
            &format!("/reports/{addendum}/signature"),
            json!({"version": 2}),
        )
        .await
        .ok();
    assert_eq!(signed["status"], "filed");
    assert_eq!(signed["parent_id"], report.as_str());
    author
        .post(
            &format!("/reports/{report}/retraction"),
            json!({"reason": " "}),
        )
        .await
        .refused(400, "no_reason");
    let retracted = author
        .post(
            &format!("/reports/{report}/retraction"),
            json!({"reason": "another patient's", "mrn": "B-2", "birth_date": "1980-12-01"}),
        )
        .await
        .ok();
    assert_eq!(retracted["retraction"]["reason"], "another patient's");
    assert_eq!(retracted["text"], corrected);
    let anew = retracted["anew"].as_str().unwrap();
    let anew = author.get(&format!("/dictations/{anew}")).await.ok();
    assert_eq!(anew["patient"]["mrn"], "B-2");
    assert_eq!(anew["report"]["text"], corrected);

    let record = author.get("/patients/a-1").await.ok();
    let reports = record["dictations"][0]["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1]["text"], "Cough is gone since today.");
    let steps: Vec<&str> = open["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        steps,
        ["receive", "transcribe", "draft_for_secretary", "open"]
    );
}

#[tokio::test]
async fn a_lost_update_is_refused_and_says_who_was_faster() {
    let practice = Practice::new(Kind::Demo).await;
    let secretary = client(&practice, &practice.secretary).await;
    let id = heard(&practice, true).await;
    let next = secretary.post("/worklist/next", json!({})).await.ok();
    let report = next["report_id"].as_str().unwrap().to_owned();
    secretary.write(&report, 1, "One.").await.ok();
    let lost = secretary.write(&report, 1, "Another.").await;
    let lost = lost.refused(412, "conflict");
    assert_eq!(
        (&lost["version"], &lost["by"]),
        (&json!(2), &json!("Sam Secretary"))
    );
    let text = json!({"text": "Blindly."});
    let path = format!("/reports/{report}/text");
    let blind = secretary.send("PUT", &path, &[], text).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    // What did not change makes no version.
    let same = secretary.write(&report, 2, "One.").await;
    assert_eq!(same.etag.as_deref(), Some("\"2\""));
    let shown = secretary.get(&format!("/dictations/{id}")).await;
    assert_eq!(shown.ok()["report"]["text"], "One.");
}

#[tokio::test]
async fn each_does_what_is_theirs_and_nothing_else() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let colleague = client(&practice, &practice.colleague).await;
    let secretary = client(&practice, &practice.secretary).await;
    let id = heard(&practice, true).await;
    let path = format!("/dictations/{id}");
    colleague.get(&path).await.refused(403, "relation");
    colleague
        .get("/patients/A-1")
        .await
        .refused(403, "relation");
    let list = colleague.get("/worklist").await.ok();
    assert_eq!(list["items"], json!([]));
    colleague
        .step(id, "open", None)
        .await
        .refused(403, "relation");
    let open = secretary.step(id, "open", None).await.ok();
    let report = open["report"]["id"].as_str().unwrap();
    secretary
        .post(
            &format!("/reports/{report}/signature"),
            json!({"version": 1, "clear": true}),
        )
        .await
        .refused(403, "role");
    secretary
        .step(id, "delete", Some("why"))
        .await
        .refused(403, "role");
    // The author holds no lock, and may take it over.
    author
        .write(report, 1, "Mine.")
        .await
        .refused(409, "locked");
    author
        .post(&format!("{path}/lock"), json!({}))
        .await
        .refused(409, "locked");
    author.step(id, "take_over", None).await.ok();
    secretary
        .write(report, 1, "Mine.")
        .await
        .refused(409, "locked");
    author.step(id, "submit", None).await.ok();
    author.step(id, "submit", None).await.refused(409, "stage");
    author.step(id, "sign", None).await.refused(400, "invalid");
    // Emergency opens reading to a colleague, with a reason.
    let emergency = "/patients/A-1/emergency";
    colleague
        .post(emergency, json!({"reason": ""}))
        .await
        .refused(400, "no_reason");
    colleague
        .post(emergency, json!({"reason": "found unconscious"}))
        .await
        .ok();
    colleague.get(&path).await.ok();
}

#[tokio::test]
async fn flags_are_cleared_one_by_one_or_with_the_signature() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let request = practice.request(practice.recording("sound.wav", b"sound"));
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(crate::support::practice::recognition())
    })
    .await
    .unwrap();
    let id = taken.dictation.id;
    let path = format!("/dictations/{id}");
    let shown = author.get(&path).await.ok();
    assert_eq!(
        (&shown["flags"], &shown["length_s"]),
        (&json!(1), &json!(65.0))
    );
    let signature = format!("/reports/{}/signature", taken.report_id);
    let open = author.post(&signature, json!({"version": 1})).await;
    assert_eq!(open.refused(409, "flags_open")["count"], 1);
    let marks = format!("{path}/marks");
    let said = author
        .post(
            &marks,
            json!({"findings": {"1": "cleared"}, "edits": {"1": "undone"}}),
        )
        .await
        .ok();
    assert_eq!(said["findings"]["1"]["state"], "cleared");
    assert_eq!(said["findings"]["1"]["by"], "Anna Author, MD");
    assert_eq!(said["edits"]["1"]["state"], "undone");
    assert_eq!(author.get(&path).await.ok()["flags"], 0);
    author
        .post(&marks, json!({"findings": {"1": "open"}}))
        .await
        .ok();
    assert_eq!(author.get(&path).await.ok()["flags"], 1);
    author
        .post(&marks, json!({"findings": {"9": "cleared"}}))
        .await
        .refused(404, "not_found");
    let signed = author
        .post(&signature, json!({"version": 1, "clear": true}))
        .await
        .ok();
    assert_eq!(signed["status"], "filed");
    let shown = author.get(&path).await.ok();
    assert_eq!(shown["flags"], 0);
    assert_eq!(shown["marks"]["findings"]["1"]["state"], "cleared");
}

#[tokio::test]
async fn search_finds_words_in_other_forms_and_respects_rights() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let colleague = client(&practice, &practice.colleague).await;
    let secretary = client(&practice, &practice.secretary).await;
    heard(&practice, true).await;
    let reports = |found: Value| -> Vec<String> {
        let items = found["items"].as_array().unwrap().clone();
        items
            .iter()
            .filter(|i| i["kind"] == "report")
            .map(|i| i["snippet"].as_str().unwrap().to_owned())
            .collect()
    };
    for somebody in [&author, &secretary] {
        let found = somebody.get("/search?q=coughing%20FEVERS").await.ok();
        assert_eq!(
            reports(found),
            ["Chest pain since Monday. No \u{1}fever\u{2}, no \u{1}cough\u{2}."]
        );
    }
    assert!(reports(colleague.get("/search?q=cough").await.ok()).is_empty());
    assert!(reports(author.get("/search?q=cough%20leg").await.ok()).is_empty());
    assert!(reports(author.get("/search?q=%22%20OR%20*").await.ok()).is_empty());
    // The newest text is what is found.
    let next = secretary.post("/worklist/next", json!({})).await.ok();
    let report = next["report_id"].as_str().unwrap();
    secretary.write(report, 1, "Ankle sprain.").await.ok();
    assert!(reports(author.get("/search?q=cough").await.ok()).is_empty());
    assert_eq!(
        reports(author.get("/search?q=sprained").await.ok()).len(),
        1
    );
    // Patients by name, number, and date of birth in two ways.
    for typed in ["wint", "Ada%20Winter", "a-1", "1961-03-14", "14.3.1961"] {
        let found = colleague.get(&format!("/patients?q={typed}")).await.ok();
        assert_eq!(found["items"][0]["mrn"], "A-1", "{typed}");
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{typed}");
    }
    let both = colleague.get("/patients?limit=1").await.ok();
    assert_eq!(both["items"][0]["family"], "Sommer");
    let cursor = both["next"].as_str().unwrap();
    let rest = colleague
        .get(&format!("/patients?limit=1&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(rest["items"][0]["family"], "Winter");
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn patients_visits_and_lines_are_added_once() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let new = json!({"mrn": "C-3", "family": "Lind", "given": "Eva", "birth_date": "1990-01-02", "sex": "female"});
    let key = [("idempotency-key", "k1")];
    let added = author.send("POST", "/patients", &key, new.clone()).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let again = author
        .send("POST", "/patients", &key, new.clone())
        .await
        .ok();
    assert_eq!(added.ok()["id"], again["id"]);
    author.post("/patients", new).await.refused(409, "conflict");
    // A visit brings the patient into one's care.
    author.get("/patients/C-3").await.refused(403, "relation");
    let visit = author
        .post(
            "/encounters",
            json!({"mrn": "C-3", "location": "Room 2", "reason": "Fever"}),
        )
        .await
        .ok();
    assert_eq!(visit["status"], "planned");
    let today = author.get("/encounters?mine=1").await.ok();
    assert_eq!(today["items"][0]["id"], visit["id"]);
    assert_eq!(
        author.get("/mine").await.ok()["encounters"][0]["patient"]["family"],
        "Lind"
    );
    let entries = "/patients/C-3/entries";
    let line = author
        .post(entries, json!({"kind": "allergy", "text": " penicillin "}))
        .await
        .ok();
    assert_eq!(
        (&line["text"], &line["by"]),
        (&json!("penicillin"), &json!("Anna Author, MD"))
    );
    let record = author.get("/patients/C-3").await.ok();
    assert_eq!(record["patient"]["allergies"][0]["text"], "penicillin");
    author
        .post(entries, json!({"kind": "allergy", "text": ""}))
        .await
        .refused(400, "invalid");
    let gone = format!("{entries}/{}", line["id"]);
    let gone = author.send("DELETE", &gone, &[], Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let record = author.get("/patients/C-3").await.ok();
    assert_eq!(record["patient"]["allergies"], json!([]));
}

#[tokio::test]
async fn the_list_comes_in_pages_and_says_how_urgent_and_whose() {
    let practice = Practice::new(Kind::Demo).await;
    let secretary = client(&practice, &practice.secretary).await;
    let mut ids = Vec::new();
    for (name, priority) in [
        ("1", Priority::Routine),
        ("2", Priority::Stat),
        ("3", Priority::Urgent),
    ] {
        let mut request = practice.request(practice.recording(name, name.as_bytes()));
        request.orders.priority = priority;
        let taken = intake::receive(&practice.app, request, &actor()).await;
        ids.push(taken.unwrap().id.to_string());
    }
    let first = secretary.get("/worklist?limit=2").await.ok();
    let shown = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|i| i["id"].clone()).collect()
    };
    assert_eq!(shown(&first), [json!(ids[1]), json!(ids[2])]);
    let cursor = first["next"].as_str().unwrap();
    let rest = secretary
        .get(&format!("/worklist?limit=2&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(shown(&rest), [json!(ids[0])]);
    secretary
        .get("/worklist?cursor=nonsense")
        .await
        .refused(400, "invalid");
    secretary
        .get("/worklist?place=nowhere")
        .await
        .refused(400, "invalid");
    let path = format!("/dictations/{}", ids[0]);
    let urgent = secretary
        .post(&format!("{path}/priority"), json!({"priority": "stat"}))
        .await
        .ok();
    assert_eq!(urgent["priority"], "stat");
    let given = secretary
        .post(&format!("{path}/assign"), json!({"user": "s.s"}))
        .await
        .ok();
    assert_eq!(given["assigned"], "s.s");
    let mine = secretary.get("/worklist?place=mine").await.ok();
    assert_eq!(shown(&mine), [json!(ids[0])]);
    let queue = secretary.get("/queue").await.ok();
    assert_eq!(queue["items"].as_array().unwrap().len(), 3);
    let figures = secretary
        .get("/worklist/turnaround?start=received&stop=signed")
        .await
        .ok();
    assert_eq!((&figures["n"], &figures["open"]), (&json!(0), &json!(3)));
    // Who was shown what is in the trail.
    let trail = practice.actions().await;
    assert!(
        trail
            .iter()
            .any(|action| action == "record.listed" || action == "records.listed")
    );
}

#[tokio::test]
async fn a_page_hears_what_happens_until_the_program_ends() {
    let practice = Practice::new(Kind::Demo).await;
    let author = client(&practice, &practice.author).await;
    let colleague = client(&practice, &practice.colleague).await;
    let listening = author.raw("GET", "/events", &[], Value::Null).await;
    let other = colleague.raw("GET", "/events", &[], Value::Null).await;
    assert_eq!(listening.status(), StatusCode::OK);
    let id = heard(&practice, true).await;
    let mut stream = listening.into_body().into_data_stream();
    let mut told = String::new();
    while !told.contains("\"transcribed\"") {
        let frame = stream.next().await.unwrap().unwrap();
        told.push_str(std::str::from_utf8(&frame).unwrap());
    }
    assert!(
        told.contains("event: work") && told.contains(&id.to_string()),
        "{told}"
    );
    assert!(!told.contains("Winter") && !told.contains("A-1"), "{told}");
    practice.app.hub.close();
    while stream.next().await.is_some() {}
    // Others hear nothing of it but that something is heard.
    let bytes = to_bytes(other.into_body(), 1 << 20).await.unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("event: work"));
}

#[tokio::test]
async fn who_is_not_logged_in_sees_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let nobody = Client {
        router: router(practice.app.clone(), None),
        cookie: String::new(),
    };
    for path in [
        "/patients",
        "/patients/A-1",
        "/encounters",
        "/mine",
        "/worklist",
        "/worklist/counts",
        "/worklist/turnaround?start=received&stop=signed",
        "/queue",
        "/search?q=a",
        "/events",
        "/dictations/01890000-0000-7000-8000-000000000000",
        "/reports/01890000-0000-7000-8000-000000000000",
    ] {
        nobody.get(path).await.refused(401, "not_logged_in");
    }
}
