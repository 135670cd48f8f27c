//! What others see of the service: encrypted connections, figures, health, paper.

use crate::support::practice::{BORN, Practice, actor, recognition};
use crate::support::web::{Browser, tone, wav};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use osler::app;
use osler::domain::ids::ReportId;
use osler::domain::signature::Authentication;
use osler::http::metrics;
use osler::http::tls::Identity;
use osler::store::Kind;
use osler::workflow::{intake, sign};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tower::ServiceExt;

/// A report that its author has signed and that is filed, or a draft.
async fn report(practice: &Practice, signed: bool) -> ReportId {
    let sound = wav(16_000, &tone(1, 16_000));
    let request = practice.request(practice.recording("visit.wav", &sound));
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    if signed {
        sign::sign(
            &practice.app,
            taken.report_id,
            &practice.author,
            Some(BORN),
            Authentication::NoneCli,
            &actor(),
        )
        .await
        .unwrap();
    }
    taken.report_id
}

#[tokio::test]
async fn a_filed_report_is_printed_as_text_pdf_and_page() {
    let practice = Practice::new(Kind::Demo).await;
    let id = report(&practice, true).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let text = browser.get(&format!("/reports/{id}.txt")).await.is(200);
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(!text.header("content-disposition").contains("Winter"));
    let text = String::from_utf8(text.bytes).unwrap();
    for part in [
        "Winter, Ada   born 1961-03-14   record A-1",
        "Continue apixaban 5 mg.",
        "Signed by Anna Author, MD",
        "meaning:",
        "version 1",
        "Page 1 of 1",
        "by Anna Author, MD",
        &id.to_string(),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let pdf = browser.get(&format!("/reports/{id}.pdf")).await.is(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    assert!(pdf.bytes.len() < 200_000, "{}", pdf.bytes.len());
    let page = browser.get(&format!("/reports/{id}/print")).await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(
        page.contains("/print.css") && page.contains("record A-1"),
        "{page}"
    );
    // Each of them left Osler, and the trail says so.
    let exported = practice.actions().await;
    let exported = exported.iter().filter(|a| *a == "record.exported").count();
    assert_eq!(exported, 3);
}

#[tokio::test]
async fn a_draft_is_not_handed_out_nor_a_report_to_a_stranger() {
    let practice = Practice::new(Kind::Demo).await;
    let id = report(&practice, false).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    for path in [".txt", ".pdf", "/print"] {
        let path = format!("/reports/{id}{path}");
        browser.get(&path).await.problem(409, "stage");
    }
    let colleague = Browser::log_in(&practice.app, "dr.c").await;
    let path = format!("/reports/{id}.pdf");
    colleague.get(&path).await.problem(403, "relation");
    browser
        .get("/reports/nothing.pdf")
        .await
        .problem(404, "not_found");
}

async fn ask(router: axum::Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn figures_count_answers_and_work_and_name_no_patient() {
    let practice = Practice::new(Kind::Demo).await;
    report(&practice, false).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    browser.get("/patients/A-1").await.is(200);
    browser.get("/patients/A-99").await.is(404);
    let outside = metrics::router(practice.app.clone());
    let (status, text) = ask(outside.clone(), "/metrics").await;
    assert_eq!(status, 200);
    for part in [
        "osler_http_request_seconds_count{route=\"/api/v1/patients/{mrn}\",method=\"GET\",status=\"200\"} 1",
        "osler_http_request_seconds_count{route=\"/api/v1/patients/{mrn}\",method=\"GET\",status=\"404\"} 1",
        "osler_dictations{phase=\"awaiting_signature\",state=\"pending\"} 1",
        "osler_live_sessions{state=\"open\"} 0",
        "osler_uploads 0",
        "osler_engine_ready 0",
        "# TYPE osler_http_request_seconds histogram",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    for private in ["A-1\"", "A-99", "Winter", "apixaban"] {
        assert!(!text.contains(private), "{private}:\n{text}");
    }
    let (status, _) = ask(outside.clone(), "/health/live").await;
    assert_eq!(status, 200);
    let (status, ready) = ask(outside.clone(), "/health/ready").await;
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["database"], true);
    assert_eq!(ready["engine"], false);
    let disk = ready["disk"].as_bool().unwrap();
    assert_eq!(status, if disk { 200 } else { 503 });
    // Nothing else is there, above all no record.
    for path in ["/api/v1/patients", "/"] {
        assert_eq!(ask(outside.clone(), path).await.0, 404);
    }
}

/// One request over TLS; the whole answer.
async fn over_tls(connector: &TlsConnector, port: u16, request: &str) -> String {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, socket).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A peer that closes without a farewell has still answered.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_tls_only_and_slow_clients_keep_nobody_waiting() {
    let practice = Practice::new(Kind::Demo).await;
    let names = ["localhost".to_owned(), "osler.lan".to_owned()];
    // The client compares with the machine's clock.
    let identity = Identity::own(&practice.data(), &names, jiff::Timestamp::now()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = {
        let app = practice.app.clone();
        tokio::spawn(async move {
            app::serve_tls(app, listener, &identity, async {
                let _ = stopped.await;
            })
            .await
        })
    };
    let pem = practice.data().join("tls").join("certificate.pem");
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(pem).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));

    // One that says nothing, and one that speaks plain http.
    let silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();

    let body = r#"{"username":"dr.a","demonstration":true}"#;
    let answer = over_tls(
        &connector,
        port,
        &format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: osler.lan:{port}\r\nOrigin: https://osler.lan:{port}\r\nX-Osler: 1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let cookie = answer
        .lines()
        .find(|l| l.to_ascii_lowercase().starts_with("set-cookie:"))
        .unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    // Another site's page is refused here as well.
    let foreign = over_tls(
        &connector,
        port,
        &format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: osler.lan:{port}\r\nOrigin: https://evil.example\r\nX-Osler: 1\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        ),
    )
    .await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    drop((silent, plain));
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
