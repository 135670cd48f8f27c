//! The audit trail: its chain, what breaks it, who reads it.

use crate::support::client::{ANNA, Client, staffed};
use crate::support::practice::{Practice, actor, raw};
use osler::domain::audit::Head;
use osler::domain::role::Role;
use osler::store::{AuditCheck, Broken, Kind};
use osler::workflow::{retention, trail, users};
use std::path::Path;
use std::process::{Command, Output};

async fn check(practice: &Practice) -> AuditCheck {
    trail::verify(&practice.app, None).await.unwrap()
}

/// Does something to the file that Osler would not do.
fn tamper(practice: &Practice, statements: &str) {
    practice
        .raw()
        .execute_batch(&format!(
            "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; {statements}"
        ))
        .unwrap();
}

#[tokio::test]
async fn an_untouched_trail_is_whole_and_its_head_goes_on() {
    let practice = Practice::new(Kind::Practice).await;
    let first = check(&practice).await;
    assert_eq!(first.broken, None);
    assert_eq!(first.rows, 5, "three users, two patients");
    let kept = first.head.unwrap();
    assert_eq!(kept.seq, 5);
    assert_eq!(kept.to_string().parse::<Head>(), Ok(kept.clone()));
    osler::workflow::users::add(
        &practice.app,
        "dr.n",
        "N",
        osler::domain::role::Role::Physician,
        &actor(),
    )
    .await
    .unwrap();
    let later = trail::verify(&practice.app, Some(kept)).await.unwrap();
    assert_eq!(later.broken, None);
    assert_eq!(later.head.unwrap().seq, 6);
    // What was sealed is not sealed again.
    assert!(
        practice
            .raw()
            .execute("UPDATE audit SET mac = 'x'", [])
            .is_err()
    );
}

#[tokio::test]
async fn a_row_that_was_changed_added_or_taken_away_is_named() {
    for (statements, broken) in [
        (
            "UPDATE audit SET actor = 'somebody.else' WHERE seq = 3",
            Broken::Altered(3),
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE seq = 2",
            Broken::Altered(2),
        ),
        (
            "UPDATE audit SET details = '{}' WHERE seq = 1",
            Broken::Altered(1),
        ),
        // The same letters in other columns.
        (
            "UPDATE audit SET actor = actor || 'c', via = 'li' WHERE seq = 4",
            Broken::Altered(4),
        ),
        (
            "UPDATE audit SET patient_id = NULL WHERE seq = 5",
            Broken::Altered(5),
        ),
        ("DELETE FROM audit WHERE seq = 2", Broken::Missing(2)),
        ("DELETE FROM audit WHERE seq = 1", Broken::Missing(1)),
        ("DELETE FROM audit WHERE seq = 5", Broken::Cut(5)),
        (
            "DELETE FROM audit WHERE seq = 2; UPDATE audit SET seq = seq - 1 WHERE seq > 2;
             UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'",
            Broken::Altered(2),
        ),
        (
            "INSERT INTO audit (at, actor, via, action, subject_kind, subject_id, details)
             VALUES (1, 'x', 'x', 'report.signed', 'report', 'x', '{}')",
            Broken::Altered(6),
        ),
    ] {
        let practice = Practice::new(Kind::Practice).await;
        tamper(&practice, statements);
        assert_eq!(check(&practice).await.broken, Some(broken), "{statements}");
    }
}

#[tokio::test]
async fn what_somebody_else_put_there_is_not_sealed_by_the_next_row() {
    let practice = Practice::new(Kind::Practice).await;
    tamper(
        &practice,
        "INSERT INTO audit (at, actor, via, action, subject_kind, subject_id, details)
         VALUES (1, 'x', 'x', 'report.signed', 'report', 'x', '{}')",
    );
    let role = osler::domain::role::Role::Physician;
    osler::workflow::users::add(&practice.app, "dr.n", "N", role, &actor())
        .await
        .unwrap();
    assert_eq!(check(&practice).await.broken, Some(Broken::Altered(6)));
}

#[tokio::test]
async fn a_tail_that_was_cut_with_its_counter_is_seen_by_the_head_that_was_kept() {
    let practice = Practice::new(Kind::Practice).await;
    let kept = check(&practice).await.head.unwrap();
    tamper(
        &practice,
        "DELETE FROM audit WHERE seq > 3; UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'",
    );
    assert_eq!(
        check(&practice).await.broken,
        None,
        "the file alone cannot know"
    );
    let found = trail::verify(&practice.app, Some(kept.clone()))
        .await
        .unwrap();
    assert_eq!(found.broken, Some(Broken::Cut(4)));
    // Nor are other rows taken for those that were there.
    let role = osler::domain::role::Role::Physician;
    for username in ["n1", "n2", "n3"] {
        osler::workflow::users::add(&practice.app, username, "N", role, &actor())
            .await
            .unwrap();
    }
    let found = trail::verify(&practice.app, Some(kept)).await.unwrap();
    assert_eq!(found.broken, Some(Broken::OtherHead(5)));
}

#[tokio::test]
async fn an_auditor_reads_filters_and_checks_the_trail_and_that_is_in_it() {
    let practice = staffed().await;
    let auditor = Client::page().log_in(&practice, "au", ANNA).await;
    let carl = Client::page().log_in(&practice, "dr.c", ANNA).await;
    carl.get(&practice, "/api/v1/patients/A-1").await.is(403);
    let get = async |query: &str| {
        let path = format!("/api/v1/audit{query}");
        auditor.get(&practice, &path).await.is(200).body
    };
    let refused = get("?outcome=refused").await;
    let first = &refused["items"][0];
    assert_eq!(first["who"], "dr.c");
    assert_eq!(first["action"], "access.refused");
    assert_eq!(first["outcome"], "refused");
    assert_eq!(first["subject"]["kind"], "patient");
    assert_eq!(first["subject"]["mrn"], "A-1");
    assert_eq!(first["details"]["why"], "relation");
    assert_eq!(refused["items"].as_array().unwrap().len(), 1);

    let done = get("?user=dr.c&outcome=done").await;
    assert_eq!(done["items"][0]["outcome"], "done");
    assert!(
        done["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["action"] != "access.refused")
    );
    let own = get("?user=au&action=audit").await;
    assert_eq!(
        own["items"][0]["details"]["outcome"],
        serde_json::Value::Null
    );
    assert_eq!(own["items"][0]["action"], "audit.read");
    let of_patient = get("?subject=a-1").await;
    let actions: Vec<&str> = of_patient["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["access.refused", "patient.added"]);
    let of_user = get("?subject=dr.c&action=session").await;
    assert_eq!(of_user["items"][0]["action"], "session.started");
    assert_eq!(of_user["items"][0]["subject"]["name"], "dr.c");
    for nothing in [
        "?until=2025-03-03T09:00:00Z",
        "?since=2025-03-03T09:00:01Z",
        "?user=nobody",
        "?action=sess",
    ] {
        assert_eq!(
            get(nothing).await["items"].as_array().unwrap().len(),
            0,
            "{nothing}"
        );
    }

    // Page by page, each row once, newest first.
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = get(&format!("?limit=7{next}")).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["seq"].as_i64().unwrap()),
        );
        match page["next"].as_i64() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert!(
        seen.windows(2).all(|pair| pair[0] == pair[1] + 1),
        "{seen:?}"
    );
    assert_eq!(seen.last(), Some(&1));

    let found = auditor
        .get(&practice, "/api/v1/audit/check")
        .await
        .is(200)
        .body;
    assert_eq!(found["ok"], true);
    let rows = found["rows"].as_i64().unwrap();
    assert!(
        found["head"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{rows}:"))
    );
    tamper(&practice, "UPDATE audit SET actor = 'nobody' WHERE seq = 3");
    let found = auditor
        .get(&practice, "/api/v1/audit/check")
        .await
        .is(200)
        .body;
    assert_eq!(found["ok"], false);
    assert_eq!(found["broken_at"], 3);
    assert!(found["message"].as_str().unwrap().contains("row 3"));
}

#[tokio::test]
async fn many_readers_at_once_are_all_in_the_trail() {
    let practice = staffed().await;
    let secretary = Client::page().log_in(&practice, "s.s", ANNA).await;
    let before = check(&practice).await.rows;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (client, app) = (secretary.clone(), practice.app.clone());
        asked.spawn(async move {
            let router = osler::http::router(app, None);
            let answer = client
                .send_to(
                    router,
                    axum::http::Method::GET,
                    "/api/v1/patients/A-1",
                    serde_json::Value::Null,
                )
                .await;
            answer.is(200);
        });
    }
    while let Some(done) = asked.join_next().await {
        done.unwrap();
    }
    let found = check(&practice).await;
    assert_eq!(found.broken, None);
    assert_eq!(found.rows, before + 40);
}

#[tokio::test]
async fn where_the_trail_cannot_be_written_nothing_is_shown() {
    let practice = staffed().await;
    let secretary = Client::page().log_in(&practice, "s.s", ANNA).await;
    practice
        .raw()
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    let answer = secretary
        .get(&practice, "/api/v1/patients/A-1")
        .await
        .is(500);
    assert!(!answer.body.to_string().contains("Winter"));
}

fn osler(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osler"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env_remove("OSLER_CONFIG")
        .output()
        .unwrap()
}

#[test]
fn the_command_line_prints_the_head_and_names_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let ok = |arguments: &[&str]| {
        let output = osler(data, arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{error}");
        text
    };
    ok(&["init"]);
    for username in ["dr.a", "dr.c"] {
        ok(&[
            "user",
            "add",
            username,
            "--name",
            "N",
            "--role",
            "physician",
        ]);
    }
    let printed = ok(&["audit", "verify"]);
    assert!(
        printed.contains("2 rows") && printed.contains("whole"),
        "{printed}"
    );
    let head = printed.lines().next().unwrap().rsplit(' ').next().unwrap();
    ok(&["audit", "verify", "--head", head]);
    let lines = ok(&["audit", "export", "--action", "user"]);
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["subject"]["name"], "dr.c");
    assert!(head.ends_with(rows[0]["mac"].as_str().unwrap()));
    let wrong = osler(data, &["audit", "verify", "--head", "2:12"]);
    assert_eq!(wrong.status.code(), Some(2));

    raw(data)
        .execute_batch("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'x' WHERE seq = 1")
        .unwrap();
    let broken = osler(data, &["audit", "verify"]);
    assert_eq!(broken.status.code(), Some(5));
    let error = String::from_utf8(broken.stderr).unwrap();
    assert!(error.contains("row 1"), "{error}");
}

const YEAR: i64 = 8766 * 3600;

/// Writes a row, now.
async fn row(practice: &Practice, username: &str) {
    users::add(&practice.app, username, "N", Role::Physician, &actor())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_over_leaves_as_a_closed_beginning_and_the_rest_is_still_checked() {
    let mut practice = Practice::new(Kind::Practice).await;
    let expire = async |practice: &Practice| trail::expire(&practice.app, &actor()).await;
    assert!(expire(&practice).await.is_err(), "no time is set");
    practice.app.config.retention.audit_years = Some(6);
    let first = check(&practice).await.head.unwrap();
    practice.clock.pass(3 * YEAR);
    row(&practice, "n6").await;
    let kept = check(&practice).await.head.unwrap();
    assert_eq!(expire(&practice).await.unwrap(), None, "nothing is over");
    practice.clock.pass(4 * YEAR);
    let closed = expire(&practice).await.unwrap().unwrap();
    assert_eq!((closed.seq, closed.rows), (5, 5));
    let found = check(&practice).await;
    assert_eq!(
        (found.broken, found.rows),
        (None, 2),
        "row 6 and the closing"
    );
    assert_eq!(found.closed, Some(closed.clone()));
    assert_eq!(practice.actions().await.last().unwrap(), "audit.closed");
    // Heads that were kept: one that stands, the last that left, and one before it.
    let verify = async |head: &Head| {
        let found = trail::verify(&practice.app, Some(head.clone())).await;
        found.unwrap().broken
    };
    assert_eq!(verify(&kept).await, None);
    assert_eq!(verify(&first).await, None);
    let older = Head {
        seq: 4,
        ..first.clone()
    };
    assert_eq!(verify(&older).await, Some(Broken::Expired(4)));
    // All of it, so that only the closing itself is left.
    practice.clock.pass(7 * YEAR);
    assert_eq!(expire(&practice).await.unwrap().unwrap().seq, 7);
    row(&practice, "n9").await;
    let found = check(&practice).await;
    assert_eq!((found.broken, found.rows), (None, 2));
}

#[tokio::test]
async fn a_checkpoint_cannot_be_made_or_changed_without_the_key() {
    let over = async || {
        let mut practice = Practice::new(Kind::Practice).await;
        practice.app.config.retention.audit_years = Some(6);
        practice.clock.pass(7 * YEAR);
        row(&practice, "n6").await;
        trail::expire(&practice.app, &actor()).await.unwrap();
        practice
    };
    let practice = over().await;
    for sql in [
        "DELETE FROM audit",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_checkpoints SET rows = 1",
    ] {
        assert!(practice.raw().execute(sql, []).is_err(), "{sql}");
    }
    const FREE: &str =
        "DROP TRIGGER audit_checkpoints_no_update; DROP TRIGGER audit_checkpoints_no_delete;
        DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace;";
    for (sql, broken) in [
        (
            "UPDATE audit_checkpoints SET last_at = 1",
            Broken::Checkpoint(5),
        ),
        ("DELETE FROM audit_checkpoints", Broken::Missing(1)),
        // More than was over.
        (
            "UPDATE audit_checkpoints SET seq = 6, mac = (SELECT mac FROM audit WHERE seq = 6);
             DELETE FROM audit WHERE seq = 6",
            Broken::Checkpoint(6),
        ),
        ("DELETE FROM audit WHERE seq = 6", Broken::Missing(6)),
        (
            "INSERT INTO audit (seq, at, actor, via, action, subject_kind, subject_id, details)
             VALUES (3, 1, 'x', 'x', 'report.signed', 'report', 'x', '{}')",
            Broken::Altered(3),
        ),
    ] {
        let practice = over().await;
        practice
            .raw()
            .execute_batch(&format!("{FREE} {sql}"))
            .unwrap();
        assert_eq!(check(&practice).await.broken, Some(broken), "{sql}");
        // Nothing leaves a trail that is broken.
        practice.clock.pass(7 * YEAR);
        let refused = trail::expire(&practice.app, &actor()).await;
        assert!(refused.unwrap_err().to_string().contains("broken"), "{sql}");
    }
}

#[tokio::test]
async fn a_legal_hold_keeps_the_rows_of_its_patient_and_what_came_after() {
    let mut practice = staffed().await;
    practice.app.config.retention.audit_years = Some(6);
    let root = osler::workflow::people::login::log_in(
        &practice.app,
        crate::support::client::give("root", crate::support::client::ROOT),
    )
    .await
    .unwrap()
    .who;
    let mrn = practice.ben.mrn.clone();
    retention::hold(&practice.app, &root, &mrn, "case 12")
        .await
        .unwrap();
    let rows = practice.app.store.audit(None).await.unwrap();
    let bens = rows
        .iter()
        .find(|row| row.patient_id == Some(practice.ben.id))
        .unwrap()
        .seq;
    practice.clock.pass(7 * YEAR);
    let closed = trail::expire(&practice.app, &actor()).await.unwrap();
    assert_eq!(closed.unwrap().seq, bens - 1);
    assert_eq!(check(&practice).await.broken, None);
    let again = trail::expire(&practice.app, &actor()).await.unwrap();
    assert_eq!(again, None);
}

#[tokio::test]
async fn the_command_line_says_where_the_trail_was_closed() {
    let mut practice = Practice::new(Kind::Demo).await;
    practice.app.config.retention.audit_years = Some(6);
    practice.clock.pass(7 * YEAR);
    row(&practice, "n6").await;
    trail::expire(&practice.app, &actor()).await.unwrap();
    let said = osler(&practice.data(), &["audit", "verify"]);
    let out = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{out}");
    assert!(out.contains("closed behind row 5 of 2025-03-0"), "{out}");
    assert!(out.contains("the trail is whole"), "{out}");
    let never = osler(&practice.data(), &["audit", "expire"]);
    assert!(!never.status.success());
    let why = String::from_utf8_lossy(&never.stderr);
    assert!(why.contains("audit_years"), "{why}");
}
