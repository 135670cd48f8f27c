//! The document of the service's interface: that it holds together, and says what the service does.

use crate::support::client::{ANNA, Client, ROOT, staffed};
use crate::support::practice::{actor, recognition};
use osler::http::openapi::document;
use osler::workflow::intake;
use serde_json::{Value, json};

/// Every reference within it.
fn references(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(all) => {
            if let Some(reference) = all.get("$ref").and_then(Value::as_str) {
                out.push(reference.to_owned());
            }
            all.values().for_each(|v| references(v, out));
        }
        Value::Array(all) => all.iter().for_each(|v| references(v, out)),
        _ => {}
    }
}

#[test]
fn it_refers_to_nothing_that_is_not_there() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn each_creation_takes_an_idempotency_key_and_the_text_an_if_match() {
    let document = document();
    let mut without = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let post = &methods["post"];
        if post["responses"].get("201").is_some()
            && !post["parameters"].to_string().contains("IdempotencyKey")
        {
            without.push(path.as_str());
        }
    }
    // A record is open once, however often it is opened; a dictation is split once, then it is gone.
    assert_eq!(
        without,
        ["/dictations/{id}/split", "/patients/{mrn}/emergency"]
    );
    let text = &document["paths"]["/reports/{id}/text"]["put"]["parameters"];
    assert!(text.to_string().contains("IfMatch"), "{text}");
}

/// The members that an answer may have, by its schema.
fn members(document: &Value, schema: &Value) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return members(document, document.pointer(&reference[1..]).unwrap());
    }
    let mut out: Vec<String> = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys().cloned())
        .collect();
    for part in ["allOf", "anyOf"] {
        for one in schema[part].as_array().into_iter().flatten() {
            out.extend(members(document, one));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

#[tokio::test]
async fn answers_have_the_members_that_it_names() {
    let practice = staffed().await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let heard = |_: &osler::audio::Input, _: &_| Ok::<_, ()>(recognition());
    let taken = intake::run(&practice.app, request, &actor(), heard)
        .await
        .unwrap();
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let root = page.log_in(&practice, "root", ROOT).await;
    let auditor = page.log_in(&practice, "au", ANNA).await;
    let dictation = format!("/dictations/{}", taken.dictation.id);
    let report = format!("/reports/{}", taken.report_id);
    let document = document();
    for (client, route, path) in [
        (&anna, "/practice", "/practice".to_owned()),
        (&anna, "/session", "/session".to_owned()),
        (&anna, "/patients/{mrn}", "/patients/A-1".to_owned()),
        (&anna, "/dictations/{id}", dictation),
        (&anna, "/reports/{id}", report.clone()),
        (
            &anna,
            "/reports/{id}/versions/{n}",
            format!("{report}/versions/1"),
        ),
        (&anna, "/mine", "/mine".to_owned()),
        (&root, "/worklist/counts", "/worklist/counts".to_owned()),
        (&root, "/users", "/users".to_owned()),
        (&auditor, "/audit", "/audit".to_owned()),
    ] {
        let answer = client
            .get(&practice, &format!("/api/v1{path}"))
            .await
            .is(200);
        let content = &document["paths"][route]["get"]["responses"]["200"]["content"];
        let named = members(&document, &content["application/json"]["schema"]);
        for member in answer.body.as_object().unwrap().keys() {
            assert!(
                named.contains(member),
                "{route}: {member} is not in {named:?}"
            );
        }
    }
}

#[tokio::test]
async fn it_is_served_with_a_page_that_loads_nothing_from_elsewhere() {
    let practice = staffed().await;
    let nobody = Client::page();
    let served = nobody.get(&practice, "/api/v1/openapi.json").await.is(200);
    assert_eq!(served.body, document());
    assert_eq!(served.headers["content-type"], "application/json");
    let page = osler::http::openapi::page().await.unwrap();
    let bytes = axum::body::to_bytes(page.into_body(), 4 << 20)
        .await
        .unwrap();
    let page = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!page.contains("://") && !page.contains("<script"), "{page}");
    for (path, _) in document()["paths"].as_object().unwrap() {
        assert!(page.contains(path.as_str()), "{path}");
    }
    for link in page.split("href=\"#").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
    nobody.get(&practice, "/api.css").await.is(200);
}

#[tokio::test]
async fn a_person_a_program_and_a_word_are_added_once_with_one_key() {
    let practice = staffed().await;
    let page = Client::page();
    let root = page.log_in(&practice, "root", ROOT).await;
    let once = root.with("idempotency-key", "k1");
    let new = json!({"username": "dr.n", "name": "Nora New, MD", "role": "physician"});
    let first = once
        .post(&practice, "/api/v1/users", new.clone())
        .await
        .is(201);
    let again = once
        .post(&practice, "/api/v1/users", new.clone())
        .await
        .is(201);
    assert_eq!(first.body["username"], again.body["username"]);
    // The first answer was lost: the password of the second is the one that counts.
    let password = again.body["password"].as_str().unwrap();
    page.post(
        &practice,
        "/api/v1/session",
        json!({"username": "dr.n", "password": first.body["password"]}),
    )
    .await
    .is(401);
    let nora = page.log_in(&practice, "dr.n", password).await;
    let other = json!({"username": "dr.m", "name": "Max More, MD", "role": "physician"});
    once.post(&practice, "/api/v1/users", other).await.is(409);
    let own = json!({"old": password, "new": "rivers under the moon"});
    nora.post(&practice, "/api/v1/account/password", own)
        .await
        .is(204);
    once.post(&practice, "/api/v1/users", new).await.is(409);

    let once = root.with("idempotency-key", "k2");
    let new = json!({"username": "finder", "scopes": ["patients:read"]});
    let first = once
        .post(&practice, "/api/v1/services", new.clone())
        .await
        .is(201);
    let again = once.post(&practice, "/api/v1/services", new).await.is(201);
    for (token, status) in [(&first, 401), (&again, 200)] {
        let bearer = format!("Bearer {}", token.body["token"].as_str().unwrap());
        let program = page.with("authorization", &bearer);
        program.get(&practice, "/api/v1/patients").await.is(status);
    }
    let services = root.get(&practice, "/api/v1/services").await.is(200).body;
    assert_eq!(services["items"][0]["tokens"].as_array().unwrap().len(), 1);

    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let once = anna.with("idempotency-key", "k3");
    let word = json!({"layer": "physician", "owner": "dr.a", "kind": "term", "text": "Zorvaxil"});
    let path = "/api/v1/dictionary/entries";
    let first = once.post(&practice, path, word.clone()).await.is(201);
    let again = once.post(&practice, path, word.clone()).await.is(201);
    assert_eq!(first.body, again.body);
    anna.post(&practice, path, word).await.is(409);
}
