//! The web application as the service hands it out. What its pages do is tested in tests/ui.

use crate::support::practice::{TestClock, open};
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use osler::app::App;
use osler::http::router;
use osler::store::{Kind, Opening};
use std::path::Path;
use tower::ServiceExt;

async fn app(dir: &Path) -> App {
    let clock = TestClock::at("2026-03-03T09:00:00Z");
    open(dir, Opening::OrCreate(Kind::Demo), clock).await
}

async fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path).header("host", "localhost:8470");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    router(app.clone(), None).oneshot(request).await.unwrap()
}

async fn bytes(response: Response<Body>) -> Vec<u8> {
    to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap()
        .to_vec()
}

/// Every file below src/web that a browser may get, as its address.
fn files() -> Vec<String> {
    fn walk(dir: &Path, root: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, out);
            } else if path.extension().is_some_and(|e| e != "md") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy();
                out.push(format!("/{}", name.replace('\\', "/")));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut out = Vec::new();
    walk(&root, &root, &mut out);
    out
}

#[tokio::test]
async fn the_pages_load_nothing_from_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path()).await;
    let files = files();
    assert!(files.len() > 10, "{files:?}");
    for path in files.iter().map(String::as_str).chain(["/"]) {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(policy.contains("default-src 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
        if path.ends_with(".woff2") || path.ends_with(".txt") {
            continue;
        }
        let text = String::from_utf8(bytes(response).await).unwrap();
        // The one address is the name of a kind of element, which nobody asks for.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_file_that_did_not_change_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path()).await;
    let first = get(&app, "/js/main.js", &[]).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = get(&app, "/js/main.js", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(bytes(again).await.is_empty());
    let other = get(&app, "/css/base.css", &[("if-none-match", &tag)]).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn text_is_compressed_for_who_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path()).await;
    let plain = bytes(get(&app, "/css/base.css", &[]).await).await;
    let packed = get(&app, "/css/base.css", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let packed = bytes(packed).await;
    assert!(packed.len() * 2 < plain.len());
    let font = get(&app, "/fonts/inter.woff2", &[("accept-encoding", "gzip")]).await;
    assert!(!font.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn what_the_first_page_needs_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path()).await;
    let mut sent = 0;
    for path in files() {
        sent += bytes(get(&app, &path, &[("accept-encoding", "gzip")]).await)
            .await
            .len();
    }
    assert!(sent < 300_000, "all of the application is {sent} bytes");
}

#[tokio::test]
async fn other_files_are_not_to_be_had() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path()).await;
    for path in ["/README.md", "/../Cargo.toml", "/js", "/js/none.js"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
