//! What an administrator sets for the worklist: due times and pools.

use crate::support::client::{ANNA, Answer, Client, ROOT, staffed};
use crate::support::practice::{Practice, actor, recognition};
use axum::http::Method;
use osler::domain::worklist::{Orders, Priority, Route};
use osler::workflow::intake;
use osler::workflow::worklist;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// A draft for a secretary.
async fn drafted(practice: &Practice, name: &str, priority: Priority) -> String {
    let mut request = practice.request(practice.recording(name, name.as_bytes()));
    request.orders = Orders {
        priority,
        route: Route::Secretary,
    };
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    taken.dictation.id.to_string()
}

/// Minutes from its taking in until a dictation is due.
async fn minutes(client: &Client, practice: &Practice, id: &str) -> i64 {
    let path = format!("/api/v1/dictations/{id}");
    let case = client.get(practice, &path).await.is(200).body;
    let at = |what: &str| {
        let at: jiff::Timestamp = case[what].as_str().unwrap().parse().unwrap();
        at.as_second()
    };
    (at("due_at") - at("received_at")) / 60
}

async fn put(client: &Client, practice: &Practice, path: &str, body: Value) -> Answer {
    let path = format!("/api/v1{path}");
    client.send(practice, Method::PUT, &path, body).await
}

#[tokio::test]
async fn what_waits_is_due_by_the_times_that_are_set() {
    let practice = staffed().await;
    let app = &practice.app;
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    let sam = Client::page().log_in(&practice, "s.s", ANNA).await;
    let routine = drafted(&practice, "1", Priority::Routine).await;
    let stat = drafted(&practice, "2", Priority::Stat).await;
    let listed = root.get(&practice, "/api/v1/due-times").await.is(200).body;
    assert_eq!(
        listed["items"][0],
        json!({"kind": "default", "stat": 60, "urgent": 240, "routine": 1440,
            "own": {"stat": 60, "urgent": 240, "routine": 1440}})
    );
    let kind = worklist::item(app, routine.parse().unwrap())
        .await
        .unwrap()
        .kind;
    let due = async |id: &str| minutes(&sam, &practice, id).await;
    assert_eq!((due(&routine).await, due(&stat).await), (1440, 60));

    // A time of its own, the others as for all.
    let path = format!("/due-times/{kind}");
    let mut told = app.hub.events();
    let set = put(&root, &practice, &path, json!({"routine": 90}))
        .await
        .is(200)
        .body;
    assert_eq!(
        set,
        json!({"kind": kind, "stat": 60, "urgent": 240, "routine": 90,
            "own": {"stat": null, "urgent": null, "routine": 90}})
    );
    assert_eq!(
        told.try_recv().unwrap(),
        osler::workflow::hub::Event::Rearranged
    );
    assert_eq!((due(&routine).await, due(&stat).await), (90, 60));
    let all = json!({"stat": 30, "urgent": 120, "routine": 600});
    put(&root, &practice, "/due-times/default", all)
        .await
        .is(200);
    assert_eq!((due(&routine).await, due(&stat).await), (90, 30));
    // What comes later goes by them as well.
    let later = drafted(&practice, "3", Priority::Urgent).await;
    assert_eq!(due(&later).await, 120);
    put(&root, &practice, &path, json!({})).await.is(200);
    assert_eq!(due(&routine).await, 600);

    for (path, wrong) in [
        ("/due-times/poem", json!({"stat": 5})),
        ("/due-times/default", json!({"stat": 5})),
        (path.as_str(), json!({"stat": 0})),
        (path.as_str(), json!({"stat": 525_601})),
    ] {
        put(&root, &practice, path, wrong).await.is(400);
    }
    assert_eq!(due(&routine).await, 600, "what is refused changes nothing");
    let trail = app.store.audit(None).await.unwrap();
    let set: Vec<_> = trail
        .iter()
        .filter(|row| row.action == "worklist.due_time_set")
        .collect();
    assert_eq!(set.len(), 3);
    assert_eq!(set[0].details["minutes"], json!({"routine": 90}));
    assert_eq!(set[2].details["before"], json!({"routine": 90}));
    assert_eq!(
        (set[0].actor.as_str(), set[0].via.as_str()),
        ("root", "web")
    );
}

#[tokio::test]
async fn what_is_over_keeps_the_time_by_which_it_was_due() {
    let practice = staffed().await;
    let app = &practice.app;
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    let anna = Client::page().log_in(&practice, "dr.a", ANNA).await;
    let id = drafted(&practice, "1", Priority::Routine).await;
    let step = json!({"step": "delete", "note": "a test"});
    let path = format!("/api/v1/dictations/{id}/steps");
    anna.post(&practice, &path, step).await.is(200);
    let all = json!({"stat": 1, "urgent": 1, "routine": 1});
    put(&root, &practice, "/due-times/default", all)
        .await
        .is(200);
    let item = worklist::item(app, id.parse().unwrap()).await.unwrap();
    let minutes = (item.due_at.as_second() - item.created_at.as_second()) / 60;
    assert_eq!(minutes, 1440);
}

#[tokio::test]
async fn a_pool_is_its_members_and_what_is_given_to_it_is_theirs() {
    let practice = staffed().await;
    let page = Client::page();
    let root = page.log_in(&practice, "root", ROOT).await;
    let sam = page.log_in(&practice, "s.s", ANNA).await;
    let id = drafted(&practice, "1", Priority::Routine).await;
    let assign = format!("/api/v1/dictations/{id}/assign");
    let to = json!({"pool": "Night shift"});
    sam.post(&practice, &assign, to.clone()).await.is(404);
    let member = "/pools/Night%20shift/members/s.s";
    put(&root, &practice, member, Value::Null).await.is(204);
    put(&root, &practice, member, Value::Null).await.is(204);
    for wrong in [
        "/pools/Night%20shift/members/dr.a",
        "/pools/%20/members/s.s",
    ] {
        put(&root, &practice, wrong, Value::Null).await.is(400);
    }
    let nobody = "/pools/Night%20shift/members/nobody";
    put(&root, &practice, nobody, Value::Null).await.is(404);
    sam.post(&practice, &assign, to).await.is(200);
    let listed = sam.get(&practice, "/api/v1/pools").await.is(200).body;
    assert_eq!(
        listed["items"],
        json!([{"name": "Night shift", "waiting": 1,
            "members": [{"username": "s.s", "name": practice.secretary.name}]}])
    );
    let next = sam
        .post(&practice, "/api/v1/worklist/next", Value::Null)
        .await
        .is(200);
    assert_eq!(next.body["id"], id);
    let leave = format!("/api/v1{member}");
    let gone = async || {
        root.send(&practice, Method::DELETE, &leave, Value::Null)
            .await
    };
    assert_eq!(gone().await.is(409).reason(), "conflict");
    sam.post(&practice, &assign, json!({"user": "s.s"}))
        .await
        .is(200);
    gone().await.is(204);
    gone().await.is(404);
    let listed = sam.get(&practice, "/api/v1/pools").await.is(200).body;
    assert_eq!(listed["items"], json!([]));
    let changes = practice.actions().await;
    let changes = changes.iter().filter(|a| *a == "worklist.pool_changed");
    assert_eq!(changes.count(), 2, "what changes nothing is no change");
}

#[test]
fn an_administrator_sets_both_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |args: &[&str], typed: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_osler"))
            .args(args)
            .env("OSLER_DATA", &data)
            .env("OSLER_KEY_FILE", folder.path().join("key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(typed.as_bytes())
            .unwrap();
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8(out.stdout).unwrap();
        let why = String::from_utf8(out.stderr).unwrap();
        (out.status.success(), said, why)
    };
    let done = |args: &[&str], typed: &str| {
        let (is_done, said, why) = run(args, typed);
        assert!(is_done, "{args:?}: {why}");
        said
    };
    let password = format!("{ROOT}\n");
    done(&["init"], "");
    let admin = ["admin", "init", "root", "--name", "Rita Root"];
    done(&admin, &password);
    let add = ["user", "add", "s.s", "--name", "Sam", "--role", "secretary"];
    done(&[&add[..], &["--as", "root"]].concat(), &password);

    assert!(done(&["due", "list"], "").starts_with("default\t60\t240\t1440\ndictation\t60*\t"));
    let set = ["due", "set", "radiology", "--urgent", "45", "--as", "root"];
    assert_eq!(done(&set, &password), "radiology\t60*\t45\t1440*\n");
    let (is_done, _, why) = run(&set, "wrong\n");
    assert!(!is_done && why.contains("wrong"), "{why}");
    let reset = ["due", "reset", "radiology", "--as", "root"];
    assert_eq!(done(&reset, &password), "radiology\t60*\t240*\t1440*\n");

    let join = ["pool", "join", "night", "s.s", "--as", "root"];
    assert_eq!(done(&join, &password), "s.s is in night\n");
    assert_eq!(done(&["pool", "list"], ""), "night\ts.s\t0\n");
    let leave = ["pool", "leave", "night", "s.s", "--as", "root"];
    assert_eq!(done(&leave, &password), "s.s is no longer in night\n");
}
