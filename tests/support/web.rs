//! A browser in which somebody is logged in to a demonstration, over the real routes.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use osler::app::App;
use osler::http::router;
use serde_json::{Value, json};
use tower::ServiceExt;

/// An answer with its body read.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(500)]).into_owned();
        assert_eq!(self.status, status, "{body}");
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, reason: &str) -> Value {
        let answer = self.is(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body = answer.json();
        assert_eq!(body["reason"], reason, "{body}");
        assert!(body["detail"].as_str().is_some_and(|d| d.len() > 10));
        body
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |v| v.to_str().unwrap_or_default())
    }
}

#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookie: String,
}

impl Browser {
    pub async fn log_in(app: &App, username: &str) -> Self {
        let mut browser = Self {
            router: router(app.clone(), None),
            cookie: String::new(),
        };
        let body = json!({"username": username, "demonstration": true});
        let answer = browser.post("/session", body).await.is(200);
        browser.cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        browser
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "localhost:8470")
            .header("x-osler", "1")
            .header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes: to_bytes(body, 1 << 26).await.unwrap().to_vec(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, &headers, body.to_string())
            .await
    }
}

/// A WAV file of these samples.
pub fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// A tone, different for each number.
pub fn tone(number: u32, samples: usize) -> Vec<i16> {
    let step = 0.05 + f64::from(number) * 0.013;
    (0..samples)
        .map(|i| ((i as f64 * step).sin() * 9000.0) as i16)
        .collect()
}
