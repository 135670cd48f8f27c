//! What goes wrong around the service has an answer that says so, and leaves nothing half done.

use crate::support::client::{ANNA, Client, ROOT, staffed};
use crate::support::practice::{Practice, open};
use axum::http::Method;
use osler::store::{Kind, Opening, Options, Store};
use serde_json::{Value, json};
use std::time::Duration;

fn patient(mrn: &str) -> Value {
    json!({"mrn": mrn, "family": "Frost", "given": "Fay", "birth_date": "1990-01-01", "sex": "other"})
}

/// Tables, triggers and indexes, and how far the database says that it is.
fn shape(conn: &rusqlite::Connection) -> (Vec<String>, i64) {
    let mut statement = conn
        .prepare("SELECT type || ' ' || name FROM sqlite_schema ORDER BY 1")
        .unwrap();
    let names = statement.query_map([], |r| r.get(0)).unwrap();
    let version = conn
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    (names.map(Result::unwrap).collect(), version)
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_the_database_as_it_was() {
    let practice = Practice::new(Kind::Practice).await;
    let raw = practice.raw();
    // As a database of an older program, in which somebody made one of the tables that the next step makes: the step has
    // made another by the time it comes to that one.
    raw.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE live_dictations;")
        .unwrap();
    raw.pragma_update(None, "user_version", 9).unwrap();
    let before = shape(&raw);
    let options = Options {
        busy_timeout: Duration::ZERO,
        ..Options::default()
    };
    let error = Store::open(&practice.data(), Opening::Existing, options)
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("uploads"), "{error}");
    assert_eq!(shape(&raw), before);
    assert_eq!(before.1, 9);
    let patients: i64 = raw
        .query_row("SELECT count(*) FROM patients", [], |r| r.get(0))
        .unwrap();
    assert_eq!(patients, 2);
}

#[tokio::test]
async fn a_busy_database_is_503_with_a_time_to_come_back_and_nothing_is_lost() {
    let practice = staffed().await;
    let anna = Client::page().log_in(&practice, "dr.a", ANNA).await;
    let other = practice.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = anna
        .with("idempotency-key", "k")
        .post(&practice, "/api/v1/patients", patient("F-1"))
        .await
        .is(503);
    assert_eq!(told.reason(), "busy");
    let seconds: u32 = told.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds));
    other.execute_batch("ROLLBACK").unwrap();
    anna.with("idempotency-key", "k")
        .post(&practice, "/api/v1/patients", patient("F-1"))
        .await
        .is(201);
    assert!(
        practice
            .app
            .store
            .check_audit(None)
            .await
            .unwrap()
            .broken
            .is_none()
    );
}

#[tokio::test]
async fn a_clock_that_is_set_back_logs_nobody_in_for_longer_and_breaks_no_trail() {
    let practice = staffed().await;
    let page = Client::page();
    let anna = page.log_in(&practice, "dr.a", ANNA).await;
    practice.clock.pass(-3600);
    // Work goes on, is written down, and the trail holds.
    anna.post(&practice, "/api/v1/patients", patient("F-1"))
        .await
        .is(201);
    let checked = practice.app.store.check_audit(None).await.unwrap();
    assert!(checked.broken.is_none(), "{checked:?}");
    // The day that a session lasts at most is over for this one too, wherever it is counted from.
    practice.clock.pass(3600 + 13 * 3600);
    anna.get(&practice, "/api/v1/session").await.is(401);
    // Whoever is new gets in.
    page.log_in(&practice, "dr.c", ANNA).await;
}

#[tokio::test]
async fn two_services_over_one_database_see_and_respect_what_the_other_does() {
    let practice = staffed().await;
    let second = open(&practice.data(), Opening::Existing, practice.clock.clone()).await;
    let router = osler::http::router(second.clone(), None);
    let anna = Client::page().log_in(&practice, "dr.a", ANNA).await;
    // A session of the one is one of the other, a patient too, and a key makes one thing.
    let once = anna.with("idempotency-key", "k");
    let path = "/api/v1/patients";
    let first = once.post(&practice, path, patient("F-1")).await.is(201);
    let again = once
        .send_to(router.clone(), Method::POST, path, patient("F-1"))
        .await
        .is(201);
    assert_eq!(first.body["id"], again.body["id"]);
    let taken = anna
        .send_to(router.clone(), Method::POST, path, patient("F-1"))
        .await
        .is(409);
    assert_eq!(taken.reason(), "conflict");
    // Both write the trail, in turn, and it is one chain.
    for n in 0..6 {
        let new = patient(&format!("G-{n}"));
        if n % 2 == 0 {
            anna.post(&practice, path, new).await.is(201);
        } else {
            let sent = anna.send_to(router.clone(), Method::POST, path, new).await;
            sent.is(201);
        }
    }
    let checked = second.store.check_audit(None).await.unwrap();
    assert!(checked.broken.is_none(), "{checked:?}");
    // An account that is closed at the one is closed at the other.
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    root.post(&practice, "/api/v1/users/dr.a/close", Value::Null)
        .await
        .is(204);
    anna.send_to(router, Method::GET, "/api/v1/session", Value::Null)
        .await
        .is(401);
}
