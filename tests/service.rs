//! The service over a sample practice.

use crate::support::practice::{TestClock, open, recognition};
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use osler::app::App;
use osler::domain::audit::Actor;
use osler::http::router;
use osler::store::{Kind, Opening};
use osler::workflow::people::login;
use osler::workflow::{demo, intake};
use serde_json::Value;
use tower::ServiceExt;

async fn sample(dir: &std::path::Path) -> App {
    let clock = TestClock::at("2026-03-03T09:00:00Z");
    let app = open(dir, Opening::OrCreate(Kind::Demo), clock).await;
    demo::seed(&app, &Actor::cli("tester")).await.unwrap();
    app
}

async fn get(app: &App, path: &str, host: &str) -> Response<Body> {
    let opened = login::log_in_to_demonstration(app, "dr.marsh", "test")
        .await
        .unwrap();
    let request = Request::get(path)
        .header("host", host)
        .header("cookie", format!("osler_session={}", opened.token.reveal()))
        .body(Body::empty())
        .unwrap();
    router(app.clone(), None).oneshot(request).await.unwrap()
}

async fn json(response: Response<Body>) -> Value {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_record_shows_both_identifiers_the_report_and_its_signature() {
    let dir = tempfile::tempdir().unwrap();
    let app = sample(dir.path()).await;
    let sound = dir.path().join("sound.bin");
    std::fs::write(&sound, b"stands for a recording").unwrap();
    let author = osler::workflow::users::find(&app, "dr.marsh")
        .await
        .unwrap();
    let request = intake::Request {
        recording: sound,
        mrn: "D-1001".parse().unwrap(),
        birth_date: Some(jiff::civil::date(1972, 2, 11)),
        author,
        encounter: None,
        orders: Default::default(),
    };
    demo::take_in(&app, request, |_, _| Ok::<_, ()>(recognition()))
        .await
        .unwrap();

    let list = json(get(&app, "/api/v1/patients", "localhost:8470").await).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let record = json(get(&app, "/api/v1/patients/d-1001", "127.0.0.1:8470").await).await;
    assert_eq!(record["patient"]["mrn"], "D-1001");
    assert_eq!(record["patient"]["birth_date"], "1972-02-11");
    let report = &record["dictations"][0]["reports"][0];
    assert_eq!(report["status"], "filed");
    assert_eq!(report["text"], recognition().report.text);
    assert_eq!(report["signature"]["authentication"], "none (cli)");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let dir = tempfile::tempdir().unwrap();
    let app = sample(dir.path()).await;
    for (path, status) in [
        ("/api/v1/patients/D-9999", StatusCode::NOT_FOUND),
        ("/api/v1/patients/a%20b", StatusCode::BAD_REQUEST),
        ("/nothing", StatusCode::NOT_FOUND),
    ] {
        let response = get(&app, path, "localhost").await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert!(json(response).await["detail"].is_string());
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_read_through_a_name_that_points_here() {
    let dir = tempfile::tempdir().unwrap();
    let app = sample(dir.path()).await;
    let response = get(&app, "/api/v1/patients", "evil.example:8470").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
