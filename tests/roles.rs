//! Each role against each route: who gets through, and that every refusal is in the trail.

use crate::support::client::{ANNA, Client, ROOT, give, staffed};
use crate::support::practice::{Practice, actor, key_file, recognition};
use axum::http::Method;
use osler::domain::role::{Role, Scope};
use osler::workflow::intake;
use osler::workflow::people::{login, services};
use serde_json::{Value, json};

/// Method and route, the path that is asked for, a body, and who gets through: p the physician whose patient it is, c a
/// physician who has nothing to do with the record, s secretary, a administrator, u auditor, x a program with every scope.
/// `{D}` and `{R}` stand for the dictation and its report. `*` is everybody, with or without a log-in. Whoever gets through may still be told that something else is wrong.
const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("GET /practice", "/practice", "", "*"),
    (
        "POST /session",
        "/session",
        r#"{"username":"dr.a","password":"a horse in the rain"}"#,
        "*",
    ),
    ("GET /session", "/session", "", "pcsau"),
    ("POST /session/proof", "/session/proof", "{}", "-"),
    (
        "POST /account/password",
        "/account/password",
        r#"{"old":"x","new":"x"}"#,
        "pcsau",
    ),
    (
        "POST /account/second-factor",
        "/account/second-factor",
        "",
        "pcsau",
    ),
    (
        "POST /account/second-factor/confirm",
        "/account/second-factor/confirm",
        r#"{"code":"1"}"#,
        "pcsau",
    ),
    ("GET /users", "/users", "", "pcsau"),
    ("GET /due-times", "/due-times", "", "a"),
    (
        "PUT /due-times/{kind}",
        "/due-times/consultation",
        r#"{"stat":30}"#,
        "a",
    ),
    ("GET /pools", "/pools", "", "pcsau"),
    (
        "PUT /pools/{pool}/members/{username}",
        "/pools/surgery/members/s.s",
        "",
        "a",
    ),
    (
        "DELETE /pools/{pool}/members/{username}",
        "/pools/surgery/members/s.s",
        "",
        "a",
    ),
    ("GET /retention", "/retention", "", "a"),
    ("GET /holds", "/holds", "", "a"),
    (
        "PUT /patients/{mrn}/hold",
        "/patients/A-1/hold",
        r#"{"reason":"case 12"}"#,
        "a",
    ),
    (
        "POST /patients/{mrn}/hold/lift",
        "/patients/A-1/hold/lift",
        r#"{"reason":"closed"}"#,
        "a",
    ),
    (
        "POST /users",
        "/users",
        r#"{"username":"n","name":"N","role":"physician"}"#,
        "a",
    ),
    (
        "POST /users/{username}/reset-password",
        "/users/dr.b/reset-password",
        "",
        "a",
    ),
    ("POST /users/{username}/close", "/users/dr.b/close", "", "a"),
    (
        "POST /users/{username}/reopen",
        "/users/dr.b/reopen",
        "",
        "a",
    ),
    (
        "POST /users/{username}/remove-second-factor",
        "/users/dr.b/remove-second-factor",
        "",
        "a",
    ),
    ("GET /services", "/services", "", "a"),
    (
        "POST /services",
        "/services",
        r#"{"username":"other","scopes":["reports:read"]}"#,
        "a",
    ),
    ("DELETE /services/{username}", "/services/other", "", "a"),
    ("GET /audit", "/audit", "", "u"),
    ("GET /audit/check", "/audit/check", "", "u"),
    ("GET /live", "/live", "", "pc"),
    // Everybody sees their own uploads, and nobody those of others.
    ("GET /uploads", "/uploads", "", "pcsaux"),
    (
        "POST /uploads",
        "/uploads",
        r#"{"name":"a.wav","bytes":9,"mrn":"A-1","author":"dr.a"}"#,
        "psx",
    ),
    ("GET /uploads/{id}", "/uploads/1", "", "pcsaux"),
    ("PATCH /uploads/{id}", "/uploads/1", "", "pcsaux"),
    ("DELETE /uploads/{id}", "/uploads/1", "", "pcsaux"),
    (
        "POST /uploads/{id}/patient",
        "/uploads/1/patient",
        r#"{"mrn":"A-1"}"#,
        "pcsaux",
    ),
    // Only what is signed is handed out.
    ("GET /reports/{id}/print", "/reports/{R}/print", "", "-"),
    (
        "GET /dictations/{id}/sound/{take}",
        "/dictations/{D}/sound/0.wav",
        "",
        "ps",
    ),
    (
        "GET /dictations/{id}/peaks/{take}",
        "/dictations/{D}/peaks/0",
        "",
        "ps",
    ),
    ("GET /inbox", "/inbox", "", "pcsx"),
    (
        "POST /inbox/{id}/assignment",
        "/inbox/000000/assignment",
        r#"{"mrn":"A-1"}"#,
        "pcsx",
    ),
    (
        "POST /inbox/{id}/discard",
        "/inbox/000000/discard",
        r#"{"reason":"noise"}"#,
        "sx",
    ),
    ("GET /inbox/{id}/sound", "/inbox/000000/sound", "", "pcsx"),
    ("GET /patients", "/patients", "", "pcsx"),
    // A program sees filed reports, not a record as a whole.
    ("GET /patients/{mrn}", "/patients/A-1", "", "ps"),
    (
        "PUT /patients/{mrn}",
        "/patients/A-1",
        r#"{"family":"F","given":"G","birth_date":"1961-03-14","sex":"other"}"#,
        "psx",
    ),
    (
        "POST /patients/{mrn}/numbers",
        "/patients/A-1/numbers",
        r#"{"issuer":"Plan","value":"1"}"#,
        "psx",
    ),
    (
        "DELETE /patients/{mrn}/numbers/{id}",
        "/patients/A-1/numbers/99",
        "",
        "psx",
    ),
    (
        "GET /patients/{mrn}/history",
        "/patients/A-1/history",
        "",
        "ps",
    ),
    (
        "GET /patients/{mrn}/merge",
        "/patients/A-1/merge?from=B-2",
        "",
        "s",
    ),
    (
        "POST /patients/{mrn}/merge",
        "/patients/A-1/merge",
        r#"{"from":"B-2"}"#,
        "s",
    ),
    // It waits for its author: not signed, not filed, not with the secretaries.
    (
        "POST /patients",
        "/patients",
        r#"{"mrn":"Z-1","family":"F","given":"G","birth_date":"1990-01-01","sex":"other"}"#,
        "pcsx",
    ),
    (
        "POST /patients/{mrn}/entries",
        "/patients/A-1/entries",
        r#"{"kind":"allergy","text":"latex"}"#,
        "psx",
    ),
    (
        "DELETE /patients/{mrn}/entries/{id}",
        "/patients/A-1/entries/99",
        "",
        "psx",
    ),
    (
        "POST /patients/{mrn}/emergency",
        "/patients/A-1/emergency",
        r#"{"reason":""}"#,
        "pc",
    ),
    ("GET /encounters", "/encounters", "", "pcsx"),
    (
        "POST /encounters",
        "/encounters",
        r#"{"mrn":"X-404"}"#,
        "pcsx",
    ),
    ("GET /mine", "/mine", "", "pcsx"),
    ("GET /worklist", "/worklist", "", "pcsx"),
    ("GET /worklist/counts", "/worklist/counts", "", "pcsax"),
    ("POST /worklist/next", "/worklist/next", "", "pcsx"),
    (
        "GET /worklist/turnaround",
        "/worklist/turnaround?start=received&stop=signed",
        "",
        "pcsax",
    ),
    ("GET /worklist/volume", "/worklist/volume", "", "pcsax"),
    ("GET /system", "/system", "", "a"),
    ("GET /queue", "/queue", "", "pcsax"),
    ("POST /queue/{id}/retry", "/queue/{D}/retry", "", "psx"),
    ("GET /dictations/{id}", "/dictations/{D}", "", "ps"),
    (
        "POST /dictations/{id}/steps",
        "/dictations/{D}/steps",
        r#"{"step":"answer","note":"yes"}"#,
        "p",
    ),
    (
        "POST /dictations/{id}/lock",
        "/dictations/{D}/lock",
        "",
        "p",
    ),
    (
        "POST /dictations/{id}/marks",
        "/dictations/{D}/marks",
        r#"{"findings":{}}"#,
        "p",
    ),
    (
        "POST /dictations/{id}/move",
        "/dictations/{D}/move",
        r#"{"mrn":"B-2","reason":""}"#,
        "p",
    ),
    (
        "POST /dictations/{id}/split",
        "/dictations/{D}/split",
        r#"{"at_word":1,"mrn":"B-2","reason":""}"#,
        "p",
    ),
    (
        "POST /dictations/{id}/assign",
        "/dictations/{D}/assign",
        r#"{"user":"nobody"}"#,
        "ps",
    ),
    (
        "POST /dictations/{id}/priority",
        "/dictations/{D}/priority",
        r#"{"priority":"routine"}"#,
        "ps",
    ),
    ("GET /reports/{id}", "/reports/{R}", "", "ps"),
    (
        "GET /reports/{id}/versions",
        "/reports/{R}/versions",
        "",
        "ps",
    ),
    (
        "GET /reports/{id}/versions/{n}",
        "/reports/{R}/versions/1",
        "",
        "ps",
    ),
    (
        "GET /reports/{id}/diff",
        "/reports/{R}/diff?from=0&to=1",
        "",
        "ps",
    ),
    (
        "PUT /reports/{id}/text",
        "/reports/{R}/text",
        r#"{"text":"x"}"#,
        "p",
    ),
    (
        "POST /reports/{id}/signature",
        "/reports/{R}/signature",
        r#"{"version":9}"#,
        "p",
    ),
    (
        "POST /reports/{id}/filing",
        "/reports/{R}/filing",
        r#"{"birth_date":"1961-03-14"}"#,
        "-",
    ),
    (
        "POST /reports/{id}/addenda",
        "/reports/{R}/addenda",
        r#"{"text":"more"}"#,
        "-",
    ),
    (
        "POST /reports/{id}/retraction",
        "/reports/{R}/retraction",
        r#"{"reason":"wrong"}"#,
        "-",
    ),
    // It is read like the report; written only of what is signed.
    (
        "GET /reports/{id}/letters",
        "/reports/{R}/letters",
        "",
        "ps",
    ),
    (
        "POST /reports/{id}/letters",
        "/reports/{R}/letters",
        r#"{"to":{"name":"Dr. Lee","address":"Oxford"}}"#,
        "-",
    ),
    // There is none.
    (
        "GET /letters/{id}",
        "/letters/00000000-0000-7000-8000-000000000000",
        "",
        "pcsaux",
    ),
    (
        "POST /letters/{id}/withdrawal",
        "/letters/00000000-0000-7000-8000-000000000000/withdrawal",
        r#"{"reason":"other"}"#,
        "pcsaux",
    ),
    ("GET /search", "/search?q=apixaban", "", "pcsx"),
    ("GET /events", "/events", "", "pcsx"),
    ("GET /learned", "/learned", "", "pcs"),
    (
        "POST /learned/{id}/decision",
        "/learned/1/decision",
        r#"{"accept":false}"#,
        "pcs",
    ),
    ("GET /templates", "/templates", "", "pcsa"),
    // The site's are the secretaries' and the administrator's.
    (
        "POST /templates",
        "/templates",
        r#"{"layer":"site","name":"normal gait","text":"Gait is normal."}"#,
        "sa",
    ),
    ("DELETE /templates/{id}", "/templates/1", "", "sa"),
    (
        "GET /dictionary/check",
        "/dictionary/check?words=a,b",
        "",
        "pcsa",
    ),
    (
        "GET /dictionary/suggest",
        "/dictionary/suggest?word=asthma",
        "",
        "pcsa",
    ),
    ("GET /dictionary/layers", "/dictionary/layers", "", "pcsa"),
    // A patient's layer is part of the record; a physician's is nothing to a colleague.
    (
        "GET /dictionary/layers/{layer}",
        "/dictionary/layers/patient?owner=A-1",
        "",
        "ps",
    ),
    (
        "POST /dictionary/entries",
        "/dictionary/entries",
        r#"{"layer":"physician","owner":"dr.a","kind":"term","text":"Zorvaxil"}"#,
        "psa",
    ),
    (
        "DELETE /dictionary/entries/{id}",
        "/dictionary/entries/1",
        "",
        "psa",
    ),
    ("GET /openapi.json", "/openapi.json", "", "*"),
    ("GET /openapi.html", "/openapi.html", "", "*"),
    ("DELETE /session", "/session", "", "*"),
];

/// Methods and routes as `src/http/mod.rs` names them.
fn routes() -> Vec<String> {
    let source = include_str!("../src/http/mod.rs").replace([' ', '\n'], "");
    let from = source.find("letapi=").unwrap();
    let api = &source[from..source[from..].find(';').unwrap() + from];
    let mut found = Vec::new();
    for route in api.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            let calls = [format!(",{method}("), format!(").{method}(")];
            if calls.iter().any(|call| route.contains(call.as_str())) {
                found.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

#[test]
fn every_route_is_in_the_openapi_document() {
    let document = osler::http::openapi::document();
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mut found = routes();
    described.sort_unstable();
    found.sort_unstable();
    assert_eq!(
        described, found,
        "each route in src/http/mod.rs has a line in src/http/openapi.rs"
    );
}

/// Everybody by letter, logged in.
async fn everybody(practice: &Practice) -> Vec<(char, &'static str, Client)> {
    let page = Client::page();
    let mut out = Vec::new();
    for (letter, username, password) in [
        ('p', "dr.a", ANNA),
        ('c', "dr.c", ANNA),
        ('s', "s.s", ANNA),
        ('a', "root", ROOT),
        ('u', "au", ANNA),
    ] {
        out.push((
            letter,
            username,
            page.log_in(practice, username, password).await,
        ));
    }
    let root = login::log_in(&practice.app, give("root", ROOT))
        .await
        .unwrap()
        .who;
    let scopes = Scope::ALL.into_iter().collect();
    let token = services::make_token(&practice.app, &root, "program", "Program", scopes, None)
        .await
        .unwrap();
    let bearer = format!("Bearer {}", token.reveal());
    out.push(('x', "program", page.with("authorization", &bearer)));
    out
}

#[test]
fn every_route_has_its_line() {
    let mut known: Vec<&str> = ROUTES.iter().map(|route| route.0).collect();
    let mut found = routes();
    known.sort_unstable();
    found.sort_unstable();
    assert!(found.len() >= 20, "{found:?}");
    assert_eq!(
        known, found,
        "each route in src/http/mod.rs has a line in ROUTES"
    );
}

#[tokio::test]
async fn each_role_gets_through_where_it_should_and_a_refusal_is_in_the_trail() {
    let practice = staffed().await;
    let app = &practice.app;
    osler::workflow::users::add(app, "dr.b", "Bea Busy, MD", Role::Physician, &actor())
        .await
        .unwrap();
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let heard = |_: &osler::audio::Input, _: &_| Ok::<_, ()>(recognition());
    let taken = intake::run(app, request, &actor(), heard).await.unwrap();
    let (dictation, report) = (taken.dictation.id.to_string(), taken.report_id.to_string());
    // Whoever listens is sent home at once.
    app.hub.close();
    let everybody = everybody(&practice).await;
    let mut wrong = Vec::new();
    for (route, path, body, allowed) in ROUTES {
        let method: Method = route.split(' ').next().unwrap().parse().unwrap();
        let path = format!("/api/v1{path}")
            .replace("{D}", &dictation)
            .replace("{R}", &report);
        let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let ask = |client: &Client| {
            let (client, body) = (client.clone(), body.clone());
            let (method, path, practice) = (method.clone(), path.clone(), &practice);
            async move { client.send(practice, method, &path, body).await }
        };
        let nobody = ask(&Client::page()).await;
        if *allowed == "*" {
            if !nobody.status.is_success() {
                wrong.push(format!("{route}, nobody: {}", nobody.body));
            }
            continue;
        }
        if nobody.status != 401 || nobody.reason() != "not_logged_in" {
            wrong.push(format!("{route}, nobody: {}", nobody.body));
        }
        for (letter, username, client) in &everybody {
            let answer = ask(client).await;
            // A wrong password or a missing one is no question of the role; a program has no session.
            let is_refused = matches!(answer.status.as_u16(), 403 | 409)
                && ["role", "scope", "relation", "stage"].contains(&answer.reason())
                || answer.reason() == "not_logged_in";
            let expected = allowed.contains(*letter);
            let is_proof = *route == "POST /session/proof";
            if is_refused == expected && !is_proof {
                wrong.push(format!(
                    "{route}, {username}: {} {}",
                    answer.status, answer.body
                ));
            }
            if answer.status.is_server_error() {
                wrong.push(format!("{route}, {username}: {}", answer.body));
            }
            if is_refused && answer.reason() != "not_logged_in" {
                let last = app.store.audit(None).await.unwrap().pop().unwrap();
                if (last.action.as_str(), last.actor.as_str()) != ("access.refused", *username) {
                    wrong.push(format!("{route}, {username}: not in the trail"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn an_administrator_manages_people_and_programs_in_the_browser() {
    let practice = staffed().await;
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    let new = json!({"username": "dr.n", "name": "Nora New, MD", "role": "physician"});
    let added = root
        .post(&practice, "/api/v1/users", new.clone())
        .await
        .is(201)
        .body;
    let first = added["password"].as_str().unwrap();
    let again = root.post(&practice, "/api/v1/users", new).await.is(409);
    assert_eq!(again.reason(), "conflict");
    let nora = Client::page().log_in(&practice, "dr.n", first).await;
    let session = nora.get(&practice, "/api/v1/session").await.is(200).body;
    assert_eq!(session["password_due"], true);
    let due = nora.get(&practice, "/api/v1/patients").await.is(403);
    assert_eq!(due.reason(), "password_due");
    let list = root.get(&practice, "/api/v1/users").await.is(200).body;
    let entry = |list: &Value| {
        let items = list["items"].as_array().unwrap().clone();
        items.into_iter().find(|u| u["username"] == "dr.n").unwrap()
    };
    assert_eq!(
        entry(&list),
        json!({
            "username": "dr.n", "name": "Nora New, MD", "role": "physician", "closed": false,
            "has_password": true, "password_due": true, "second_factor": false,
            "last_seen_at": "2025-03-03T09:00:00Z",
        })
    );
    let anna = Client::page().log_in(&practice, "dr.a", ANNA).await;
    let seen = anna.get(&practice, "/api/v1/users").await.is(200).body;
    let named = json!({"username": "dr.n", "name": "Nora New, MD", "role": "physician"});
    assert_eq!(
        entry(&seen),
        named,
        "how an account stands is not for colleagues"
    );

    root.post(&practice, "/api/v1/users/dr.n/close", Value::Null)
        .await
        .is(204);
    nora.get(&practice, "/api/v1/session").await.is(401);
    root.post(&practice, "/api/v1/users/dr.n/reopen", Value::Null)
        .await
        .is(204);
    let path = "/api/v1/users/dr.n/reset-password";
    let reset = root.post(&practice, path, Value::Null).await.is(200).body;
    assert_ne!(reset["password"], added["password"]);
    let own = "/api/v1/users/root/close";
    root.post(&practice, own, Value::Null).await.is(400);
    root.post(&practice, "/api/v1/users/nobody/close", Value::Null)
        .await
        .is(404);

    let token =
        json!({"username": "finder", "name": "Finder", "scopes": ["patients:read"], "days": 2});
    let made = root
        .post(&practice, "/api/v1/services", token)
        .await
        .is(201)
        .body;
    assert_eq!(made["expires_at"], "2025-03-05T09:00:00Z");
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let program = Client::page()
        .without("x-osler")
        .with("authorization", &bearer);
    program.get(&practice, "/api/v1/patients").await.is(200);
    let services = root.get(&practice, "/api/v1/services").await.is(200).body;
    assert_eq!(
        services["items"],
        json!([{"username": "finder", "name": "Finder", "tokens": [{
            "scopes": ["patients:read"], "created_at": "2025-03-03T09:00:00Z", "expires_at": "2025-03-05T09:00:00Z",
        }]}])
    );
    let gone = root
        .send(
            &practice,
            Method::DELETE,
            "/api/v1/services/finder",
            Value::Null,
        )
        .await
        .is(200)
        .body;
    assert_eq!(gone["revoked"], 1);
    program.get(&practice, "/api/v1/patients").await.is(401);
}

#[tokio::test]
async fn an_administrator_sees_how_the_installation_is() {
    let mut practice = staffed().await;
    practice.app.config.models = practice.data().join("models");
    practice.app.config.key_file = Some(key_file(&practice.data()));
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    let seen = root.get(&practice, "/api/v1/system").await.is(200).body;
    assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(seen["engine"]["state"], "off");
    assert_eq!(seen["database_encrypted"], true);
    assert!(seen["disk"]["free_bytes"].as_u64().unwrap() > 0);
    let checks = seen["checks"].as_array().unwrap();
    let of = |what: &str| checks.iter().find(|check| check["what"] == what);
    assert_eq!(of("key").unwrap()["health"], "ok", "{checks:#?}");
    assert_eq!(of("integrity").unwrap()["health"], "ok");
    assert!(of("port").is_none(), "who reads this was answered");
    // The models folder of this practice is empty: what is missing is told, with what to do.
    let model = of("model").unwrap();
    assert_eq!(
        (model["health"].as_str(), &seen["health"]),
        (Some("failed"), &json!("failed"))
    );
    assert!(
        model["advice"]
            .as_str()
            .unwrap()
            .contains("osler models fetch")
    );
    let models = seen["models"].as_array().unwrap();
    let base = models.iter().find(|model| model["name"] == "base").unwrap();
    assert_eq!(
        (&base["file"], &base["in_use"]),
        (&Value::Null, &json!(false))
    );
    assert!(base["download_bytes"].as_u64() > base["disk_bytes"].as_u64());
    let last = practice.app.store.audit(None).await.unwrap().pop().unwrap();
    assert_eq!(last.action.as_str(), "records.listed");
}
