//! Getting in over HTTP: cookies, second factor, lock-out, other sites' pages, programs; the demonstration.

use crate::support::client::{ANNA, Client, ROOT, give, staffed};
use crate::support::practice::{Practice, TestClock, actor, open};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use osler::domain::credentials::Token;
use osler::domain::role::Scope;
use osler::domain::totp::Secret;
use osler::http::router;
use osler::store::{Kind, Opening};
use osler::workflow::people::{login, services};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tower::ServiceExt;

/// The code that an authenticator app with this secret shows.
fn shown(practice: &Practice, secret: &str) -> String {
    let mut bits = 0_u64;
    let mut held = 0;
    let mut bytes = Vec::new();
    for letter in secret.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            other => other - b'2' + 26,
        };
        bits = bits << 5 | u64::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Secret::from_stored(&bytes)
        .unwrap()
        .shown(practice.app.clock.now())
}

async fn last_row(practice: &Practice) -> osler::store::AuditRow {
    practice.app.store.audit(None).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_whole_day_from_the_first_password_to_the_log_off() {
    let practice = staffed().await;
    let page = Client::page();
    let told = page.get(&practice, "/api/v1/practice").await.is(200).body;
    assert_eq!(told["demonstration"], false);
    assert_eq!(told["needs_setup"], false);
    assert!(told.get("people").is_none(), "who works here is not told");
    assert_eq!(
        page.get(&practice, "/api/v1/session")
            .await
            .is(401)
            .reason(),
        "not_logged_in"
    );

    let body = json!({"username": "dr.a", "password": ANNA});
    let answer = page.post(&practice, "/api/v1/session", body).await.is(200);
    let set = answer.headers["set-cookie"].to_str().unwrap();
    for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(set.contains(flag), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Max-Age"), "{set}");
    let token = answer.cookie().split_once('=').unwrap().1.to_owned();
    assert_eq!(token.len(), 64);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let anna = page.with("cookie", &answer.cookie());

    let session = anna.get(&practice, "/api/v1/session").await.is(200).body;
    assert_eq!(session, answer.body);
    assert_eq!(session["user"]["username"], "dr.a");
    assert_eq!(session["user"]["role"], "physician");
    assert_eq!(session["idle_s"], 900);
    assert_eq!(session["proof_needed"], "both");
    assert_eq!(session["proven"], false);
    assert_eq!(session["second_factor"], false);
    assert!(!practice.dump().join("\n").contains(&token));

    // A second factor, and with it a proof.
    let begun = anna
        .post(&practice, "/api/v1/account/second-factor", Value::Null)
        .await
        .is(200)
        .body;
    let secret = begun["secret"].as_str().unwrap();
    let wrong = json!({"code": "000000"});
    let path = "/api/v1/account/second-factor/confirm";
    let refused = anna.post(&practice, path, wrong).await.is(401);
    assert_eq!(refused.reason(), "wrong");
    let code = json!({"code": shown(&practice, secret)});
    anna.post(&practice, path, code).await.is(204);
    practice.clock.set("2025-03-03T09:01:00Z");
    let path = "/api/v1/session/proof";
    let half = json!({"password": ANNA});
    let refused = anna.post(&practice, path, half.clone()).await.is(403);
    assert_eq!(refused.reason(), "both_needed");
    let both = json!({"password": ANNA, "code": shown(&practice, secret)});
    let proven = anna.post(&practice, path, both).await.is(200).body;
    assert_eq!(proven["proven"], true);
    assert_eq!(proven["proof_needed"], Value::Null);
    assert_eq!(proven["second_factor"], true);
    // It waits for its signature, and not for long; a further one needs one of the two.
    practice.clock.set("2025-03-03T09:06:01Z");
    let stale = anna.get(&practice, "/api/v1/session").await.is(200).body;
    assert_eq!(stale["proof_needed"], "one");
    anna.post(&practice, path, half).await.is(200);

    // Without the code nobody gets in from now on.
    let body = json!({"username": "dr.a", "password": ANNA});
    let refused = page
        .post(&practice, "/api/v1/session", body.clone())
        .await
        .is(401);
    assert_eq!(refused.reason(), "code_needed");
    let mut with_code = body;
    with_code["code"] = json!(shown(&practice, secret));
    let second = page
        .post(&practice, "/api/v1/session", with_code)
        .await
        .is(200);
    let elsewhere = page.with("cookie", &second.cookie());
    assert_eq!(second.body["storage_key"], session["storage_key"]);
    assert_eq!(session["storage_key"].as_str().unwrap().len(), 44);

    // A new password ends the other session.
    let change = json!({"old": ANNA, "new": "a goose in the fog"});
    anna.post(&practice, "/api/v1/account/password", change)
        .await
        .is(204);
    assert_eq!(
        elsewhere
            .get(&practice, "/api/v1/session")
            .await
            .is(401)
            .reason(),
        "not_logged_in"
    );
    let answer = anna
        .send(&practice, Method::DELETE, "/api/v1/session", Value::Null)
        .await
        .is(204);
    assert!(
        answer.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("osler_session=; ")
    );
    anna.get(&practice, "/api/v1/session").await.is(401);
    // Whoever has gone may go again.
    anna.send(&practice, Method::DELETE, "/api/v1/session", Value::Null)
        .await
        .is(204);
}

#[tokio::test]
async fn the_storage_key_is_each_users_own() {
    let practice = staffed().await;
    let page = Client::page();
    let mut keys = Vec::new();
    for username in ["dr.a", "dr.c"] {
        let client = page.log_in(&practice, username, ANNA).await;
        let session = client.get(&practice, "/api/v1/session").await.body;
        keys.push(session["storage_key"].as_str().unwrap().to_owned());
    }
    assert_ne!(keys[0], keys[1]);
    let everything = practice.dump().join("\n");
    assert!(keys.iter().all(|key| !everything.contains(key)));
}

#[tokio::test]
async fn too_many_wrong_passwords_wait_and_the_answer_says_how_long() {
    let practice = staffed().await;
    let page = Client::page();
    let wrong = || json!({"username": "dr.a", "password": "wrong wrong wrong"});
    for _ in 0..3 {
        let refused = page
            .post(&practice, "/api/v1/session", wrong())
            .await
            .is(401);
        assert_eq!(refused.reason(), "wrong");
    }
    let refused = page
        .post(&practice, "/api/v1/session", wrong())
        .await
        .is(429);
    assert_eq!(refused.reason(), "too_many");
    assert_eq!(refused.headers["retry-after"], "1");
    for minute in 1..8 {
        practice
            .clock
            .set(&format!("2025-03-03T09:{:02}:00Z", 2 * minute));
        page.post(&practice, "/api/v1/session", wrong())
            .await
            .is(401);
    }
    let right = json!({"username": "dr.a", "password": ANNA});
    let refused = page
        .post(&practice, "/api/v1/session", right.clone())
        .await
        .is(429);
    assert_eq!(refused.headers["retry-after"], "900");
    assert_eq!(last_row(&practice).await.action, "session.refused");
    practice.clock.set("2025-03-03T09:29:00Z");
    page.post(&practice, "/api/v1/session", right).await.is(200);
}

#[tokio::test]
async fn a_place_is_the_address_that_the_connection_or_the_proxy_names() {
    let practice = staffed().await;
    let from = |address: &'static str, client: Client, proxied_as: Option<String>| {
        let app = practice.app.clone();
        async move {
            let address: SocketAddr = address.parse().unwrap();
            let router = router(app, proxied_as).layer(axum::Extension(ConnectInfo(address)));
            let body = json!({"username": "nobody", "password": "wrong wrong wrong"});
            client
                .send_to(router, Method::POST, "/api/v1/session", body)
                .await
        }
    };
    let count = || -> i64 {
        practice
            .raw()
            .query_row("SELECT count(*) FROM attempts", [], |r| r.get(0))
            .unwrap()
    };
    let page = Client::page();
    from("127.0.0.1:50000", page.clone(), None).await.is(401);
    assert_eq!(count(), 1, "the name only");
    let proxied = page
        .with("host", "osler.example")
        .with("x-forwarded-for", "203.0.113.9, 192.0.2.7");
    let name = Some("osler.example".to_owned());
    from("127.0.0.1:50000", proxied.clone(), name.clone())
        .await
        .is(401);
    assert_eq!(count(), 2, "the name and one place");
    // What a visitor wrote into the header before the proxy did makes no new place.
    let lying = proxied.with("x-forwarded-for", "198.51.100.4, 192.0.2.7");
    from("127.0.0.1:50000", lying, name).await.is(401);
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_tls_the_cookie_is_sent_over_tls_only() {
    let practice = staffed().await;
    let page = Client::page().with("host", "osler.example");
    let body = || json!({"username": "dr.a", "password": ANNA});
    let unknown = page
        .post(&practice, "/api/v1/session", body())
        .await
        .is(403);
    assert_eq!(unknown.reason(), "host");
    let router = router(practice.app.clone(), Some("osler.example".into()));
    let answer = page
        .send_to(router, Method::POST, "/api/v1/session", body())
        .await
        .is(200);
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let practice = staffed().await;
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let path = "/api/v1/account/second-factor";
    let before = practice.dump();
    for foreign in [
        anna.without("x-osler"),
        anna.with("origin", "https://evil.example"),
        anna.with("origin", "null"),
        anna.with("origin", "http://localhost:9999"),
        // A token that is none does not open the way past the check and then count as the cookie's owner.
        anna.without("x-osler").with("authorization", "Basic YTpi"),
    ] {
        let refused = foreign.post(&practice, path, Value::Null).await.is(403);
        assert_eq!(refused.reason(), "origin");
    }
    let with_token = anna
        .without("x-osler")
        .with("authorization", "Bearer svc_x");
    with_token.post(&practice, path, Value::Null).await.is(401);
    // Nor may its script open a socket with the cookie.
    for origin in ["https://evil.example", "null"] {
        let socket = anna.with("upgrade", "websocket").with("origin", origin);
        socket.get(&practice, "/api/v1/patients").await.is(403);
    }
    let socket = anna.with("upgrade", "websocket");
    socket.get(&practice, "/api/v1/patients").await.is(403);
    assert_eq!(practice.dump(), before);
    let own = anna.with("origin", "http://localhost:8470");
    own.post(&practice, path, Value::Null).await.is(200);
}

#[tokio::test]
async fn a_session_is_in_a_cookie_and_a_services_token_in_its_header_and_not_the_other_way_round() {
    let practice = staffed().await;
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    let token = anna
        .headers
        .last()
        .unwrap()
        .1
        .split_once('=')
        .unwrap()
        .1
        .to_owned();
    let root = login::log_in(&practice.app, give("root", ROOT))
        .await
        .unwrap()
        .who;
    let scopes = [Scope::PatientsRead].into_iter().collect();
    let service: Token =
        services::make_token(&practice.app, &root, "finder", "Finder", scopes, None)
            .await
            .unwrap();
    let path = "/api/v1/patients";
    let bearer = |token: &str| page.with("authorization", &format!("Bearer {token}"));
    bearer(&token).get(&practice, path).await.is(401);
    let in_cookie = format!("osler_session={}", service.reveal());
    page.with("cookie", &in_cookie)
        .get(&practice, path)
        .await
        .is(401);
    bearer(service.reveal()).get(&practice, path).await.is(200);
    let row = last_row(&practice).await;
    assert_eq!((row.actor.as_str(), row.via.as_str()), ("finder", "api"));
    let refused = bearer(service.reveal())
        .get(&practice, "/api/v1/patients/A-1")
        .await
        .is(403);
    assert_eq!(refused.reason(), "scope");
    assert_eq!(last_row(&practice).await.action, "access.refused");
    bearer(service.reveal())
        .get(&practice, "/api/v1/session")
        .await
        .is(401);
}

#[tokio::test]
async fn what_a_page_asks_on_its_own_does_not_keep_a_session_alive() {
    let practice = staffed().await;
    let anna = Client::page().log_in(&practice, "dr.a", ANNA).await;
    let away = anna.with("x-osler-background", "1");
    for minute in 1..=14 {
        practice
            .clock
            .set(&format!("2025-03-03T09:{minute:02}:00Z"));
        away.get(&practice, "/api/v1/session").await.is(200);
    }
    practice.clock.set("2025-03-03T09:15:00Z");
    let over = anna.get(&practice, "/api/v1/session").await.is(401);
    assert_eq!(over.reason(), "not_logged_in");
    let row = last_row(&practice).await;
    assert_eq!(row.action, "session.ended");
    assert_eq!(row.details["why"], "idle");
}

#[tokio::test]
async fn in_a_demonstration_one_click_lets_a_sample_person_in_and_nowhere_else() {
    let real = staffed().await;
    let page = Client::page();
    let click = |username: &str| json!({"username": username, "demonstration": true});
    let refused = page
        .post(&real, "/api/v1/session", click("dr.a"))
        .await
        .is(403);
    assert_eq!(refused.reason(), "no_demonstration");
    assert!(!refused.headers.contains_key("set-cookie"));

    let dir = tempfile::tempdir().unwrap();
    let clock = TestClock::at("2026-03-03T09:00:00Z");
    let app = open(dir.path(), Opening::OrCreate(Kind::Demo), clock).await;
    osler::workflow::demo::seed(&app, &actor()).await.unwrap();
    let send = |client: Client, method: Method, path: &'static str, body: Value| {
        let router = router(app.clone(), None);
        async move { client.send_to(router, method, path, body).await }
    };
    let told = send(page.clone(), Method::GET, "/api/v1/practice", Value::Null)
        .await
        .is(200)
        .body;
    assert_eq!(told["demonstration"], true);
    assert_eq!(told["needs_setup"], false);
    let roles: Vec<&str> = told["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["role"].as_str().unwrap())
        .collect();
    for role in ["physician", "secretary", "administrator", "auditor"] {
        assert!(roles.contains(&role), "{roles:?}");
    }
    let nobody = send(page.clone(), Method::POST, "/api/v1/session", click("dr.x")).await;
    assert_eq!(nobody.is(401).reason(), "wrong");
    let answer = send(
        page.clone(),
        Method::POST,
        "/api/v1/session",
        click("dr.marsh"),
    )
    .await
    .is(200);
    assert_eq!(answer.body["demonstration"], true);
    assert_eq!(answer.body["proof_needed"], Value::Null);
    let marsh = page.with("cookie", &answer.cookie());
    send(marsh, Method::GET, "/api/v1/patients/D-1001", Value::Null)
        .await
        .is(200);
}

#[tokio::test]
async fn every_answer_is_kept_to_its_own_site_and_to_nobodys_cache() {
    let practice = staffed().await;
    let page = Client::page();
    for path in ["/", "/api/v1/practice", "/api/v1/session", "/nothing"] {
        let answer = page.get(&practice, path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(
            answer.headers["cross-origin-resource-policy"],
            "same-origin"
        );
        if path.starts_with("/api") {
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_as_a_problem() {
    let practice = staffed().await;
    let page = Client::page();
    let send = |text: &'static str, kind: &'static str| {
        let request = Request::post("/api/v1/session")
            .header("host", "localhost")
            .header("x-osler", "1")
            .header("content-type", kind)
            .body(Body::from(text))
            .unwrap();
        router(practice.app.clone(), None).oneshot(request)
    };
    for (text, kind, status) in [
        ("{", "application/json", 400),
        ("{}", "application/json", 422),
        ("{\"username\":1}", "application/json", 422),
        ("{}", "text/plain", 415),
    ] {
        let response = send(text, kind).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{text}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
    let wrong = page
        .send(&practice, Method::PUT, "/api/v1/session", Value::Null)
        .await
        .is(405);
    assert_eq!(wrong.reason(), "method");
    assert_eq!(
        page.get(&practice, "/api/v1/nothing")
            .await
            .is(404)
            .reason(),
        "not_found"
    );
}
