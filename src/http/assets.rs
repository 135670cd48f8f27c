//! The web application (`src/web`), embedded in the program. A debug build reads the files from the source folder at each
//! request, so that a changed page needs no build.

use super::error::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

#[derive(RustEmbed)]
#[folder = "src/web/"]
struct Files;

/// Compressed files by the digest of what they hold: each is compressed once.
static COMPRESSED: LazyLock<Mutex<HashMap<[u8; 32], Vec<u8>>>> = LazyLock::new(Mutex::default);

/// A file of the application; the page itself for `/`. A browser asks again each time and is told when nothing changed.
pub async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let (Some(kind), Some(found)) = (content_type(path), Files::get(path)) else {
        return Problem::not_found("there is no such page").into_response();
    };
    let digest = found.metadata.sha256_hash();
    let tag: String = digest[..12].iter().map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| {
            v.split(',')
                .any(|t| t.trim().trim_start_matches("W/") == tag)
        });
    let gzip = !kind.starts_with("font/")
        && headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.split(',').any(|e| e.trim().starts_with("gzip")));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else if gzip {
        let mut response = Response::new(Body::from(compressed(digest, &found.data)));
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Response::new(Body::from(found.data.into_owned()))
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    response
}

fn compressed(digest: [u8; 32], data: &[u8]) -> Vec<u8> {
    let mut known = COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .entry(digest)
        .or_insert_with(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(7));
            // Writing into memory does not fail.
            let _ = encoder.write_all(data);
            encoder.finish().unwrap_or_default()
        })
        .clone()
}

/// What a file is, by its ending; a file with another ending is not served.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}
