//! A browser, or a program, at the service of a practice.

use super::practice::{Practice, actor};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use osler::domain::credentials::Password;
use osler::domain::role::Role;
use osler::http::router;
use osler::store::Kind;
use osler::workflow::people::login::{self, Login};
use osler::workflow::people::users;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Password of root.
pub const ROOT: &str = "keys and candles";
/// Password of everybody else.
pub const ANNA: &str = "a horse in the rain";

/// An answer with its body read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn reason(&self) -> &str {
        self.body["reason"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// The cookie that it sets, as a browser sends it back.
    pub fn cookie(&self) -> String {
        let set = self.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

/// A browser, or a program: what it sends with every request.
#[derive(Clone, Default)]
pub struct Client {
    pub headers: Vec<(&'static str, String)>,
}

impl Client {
    /// A page of the service's own.
    pub fn page() -> Self {
        Self::default()
            .with("host", "localhost:8470")
            .with("x-osler", "1")
    }

    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(n, _)| *n != name);
        headers.push((name, value.to_owned()));
        Self { headers }
    }

    pub fn without(&self, name: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(n, _)| *n != name);
        Self { headers }
    }

    pub async fn send(
        &self,
        practice: &Practice,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        self.send_to(router(practice.app.clone(), None), method, path, body)
            .await
    }

    pub async fn send_to(
        &self,
        router: axum::Router,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = router
            .oneshot(request.body(Body::from(text)).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    pub async fn get(&self, practice: &Practice, path: &str) -> Answer {
        self.send(practice, Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, practice: &Practice, path: &str, body: Value) -> Answer {
        self.send(practice, Method::POST, path, body).await
    }

    /// The same, logged in.
    pub async fn log_in(&self, practice: &Practice, username: &str, password: &str) -> Self {
        let body = json!({"username": username, "password": password});
        let answer = self.post(practice, "/api/v1/session", body).await.is(200);
        self.with("cookie", &answer.cookie())
    }
}

/// A practice that people log in to: root administers it, au audits it, and everybody has a password.
pub async fn staffed() -> Practice {
    let practice = Practice::new(Kind::Practice).await;
    let app = &practice.app;
    users::add_first_administrator(app, "root", "Rita Root", Password::new(ROOT), &actor())
        .await
        .unwrap();
    let root = login::log_in(app, give("root", ROOT)).await.unwrap().who;
    users::add_by(app, &root, "au", "Axel Auditor", Role::Auditor)
        .await
        .unwrap();
    for username in ["dr.a", "dr.c", "s.s", "au"] {
        let first = users::reset_password(app, &root, username).await.unwrap();
        let who = login::log_in(app, give(username, &first))
            .await
            .unwrap()
            .who;
        login::change_password(app, &who, Password::new(first), Password::new(ANNA))
            .await
            .unwrap();
    }
    practice
}

/// What somebody types, without a second factor.
pub fn give(username: &str, typed: &str) -> Login {
    Login {
        username: username.into(),
        password: Password::new(typed),
        code: None,
        via: "test".into(),
        place: None,
    }
}
