//! The database file: made, opened, refused; and what it holds to, whoever writes.

use crate::support::practice::{
    BORN, Practice, TestClock, actor, mrn, open, options, raw, recognition,
};
use osler::app::App;
use osler::cli::exit::{Code, Failure};
use osler::domain::ids::PatientId;
use osler::domain::patient::{Patient, Sex};
use osler::domain::signature::Authentication;
use osler::store::{FILE_NAME, Kind, Opening, Received, SCHEMA_VERSION, Store, StoreError};
use osler::workflow::{intake, sign};
use std::path::Path;

async fn refused(data: &Path, opening: Opening) -> StoreError {
    Store::open(data, opening, options(data))
        .await
        .err()
        .unwrap()
}

fn code(error: StoreError) -> Code {
    Failure::from(error).code
}

fn someone(n: &str) -> Patient {
    Patient {
        id: PatientId::new(jiff::Timestamp::UNIX_EPOCH),
        mrn: mrn(n),
        family: "Some".into(),
        given: "One".into(),
        birth_date: BORN,
        sex: Sex::Other,
    }
}

#[tokio::test]
async fn a_database_is_made_once_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let opening = Opening::OrCreate(Kind::Practice);
    let clock = TestClock::at("2025-01-01T00:00:00.000001Z");
    let app = open(&data, opening, clock.clone()).await;
    let stamp = app.stamp(&actor());
    app.store
        .add_patient(someone("X-1"), None, stamp.clone())
        .await
        .unwrap();
    app.store.patients().await.unwrap();
    drop(app);
    let log_was_left = data.join(format!("{FILE_NAME}-wal")).exists();
    let app = open(&data, Opening::Existing, clock.clone()).await;
    assert_eq!(app.store.kind(), Kind::Practice);
    // Closed cleanly, all is in the one file.
    assert!(!log_was_left, "the log beside the database");
    let found = app.store.patient_by_mrn(mrn("x-1")).await.unwrap().unwrap();
    assert_eq!((found.birth_date, found.sex), (BORN, Sex::Other));
    let trail = app.store.audit(Some(found.id)).await.unwrap();
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0].at, stamp.at);
    assert_eq!(
        (trail[0].actor.as_str(), trail[0].via.as_str()),
        ("tester", "cli")
    );
    drop(app);
    open(&data, opening, clock).await;
}

#[tokio::test]
async fn demonstration_and_practice_are_never_mixed() {
    let folder = tempfile::tempdir().unwrap();
    for (n, (made, other)) in [(Kind::Demo, Kind::Practice), (Kind::Practice, Kind::Demo)]
        .into_iter()
        .enumerate()
    {
        let data = folder.path().join(n.to_string());
        drop(
            Store::open(&data, Opening::OrCreate(made), options(&data))
                .await
                .unwrap(),
        );
        let error = refused(&data, Opening::OrCreate(other)).await;
        let message = error.to_string();
        assert!(
            message.contains(made.as_str()) && message.contains("never mixed"),
            "{message}"
        );
        assert_eq!(code(error), Code::Refused);
        let raw = raw(&data);
        for change in [
            "UPDATE meta SET value = 'x'",
            "DELETE FROM meta",
            "INSERT OR REPLACE INTO meta VALUES ('kind', 'x')",
        ] {
            assert!(raw.execute(change, []).is_err(), "{change}");
        }
    }
}

#[tokio::test]
async fn a_missing_database_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path(), Opening::Existing).await;
    assert!(error.to_string().contains("osler init"), "{error}");
    assert_eq!(code(error), Code::Store);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_making_that_was_interrupted_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), b"").unwrap();
    let error = refused(folder.path(), Opening::Existing).await;
    assert!(matches!(error, StoreError::Missing(_)), "{error}");
    Store::open(
        folder.path(),
        Opening::OrCreate(Kind::Demo),
        options(folder.path()),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let opening = Opening::OrCreate(Kind::Demo);
    drop(
        Store::open(folder.path(), opening, options(folder.path()))
            .await
            .unwrap(),
    );
    let raw = raw(folder.path());
    raw.pragma_update(None, "user_version", SCHEMA_VERSION + 1)
        .unwrap();
    let error = refused(folder.path(), opening).await;
    let message = error.to_string();
    assert!(message.contains("newer version"), "{message}");
    assert!(message.contains(FILE_NAME), "{message}");
    assert_eq!(code(error), Code::Store);
    let version: i64 = raw
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    assert_eq!(version, SCHEMA_VERSION + 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let text = "Dear colleague, this is a letter. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    for opening in [Opening::Existing, Opening::OrCreate(Kind::Practice)] {
        let error = refused(folder.path(), opening).await;
        assert!(
            error.to_string().contains("not an Osler database"),
            "{error}"
        );
        assert_eq!(code(error), Code::Store);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    raw.execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let error = refused(folder.path(), Opening::OrCreate(Kind::Practice)).await;
    assert!(matches!(error, StoreError::NotADatabase(_)), "{error}");
    let tables: i64 = raw
        .query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_locked_database_says_so_and_can_still_be_read() {
    let practice = Practice::new(Kind::Demo).await;
    let other = practice.raw();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let stamp = practice.app.stamp(&actor());
    let error = practice
        .app
        .store
        .add_patient(someone("X-9"), None, stamp.clone())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("locked by another program"),
        "{error}"
    );
    assert_eq!(code(error), Code::Store);
    assert_eq!(practice.app.store.patients().await.unwrap().len(), 2);
    other.execute_batch("ROLLBACK").unwrap();
    practice
        .app
        .store
        .add_patient(someone("X-9"), None, stamp)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_database_that_another_program_keeps_for_itself_says_so_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let opening = Opening::OrCreate(Kind::Demo);
    drop(
        Store::open(folder.path(), opening, options(folder.path()))
            .await
            .unwrap(),
    );
    let other = raw(folder.path());
    other
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = refused(folder.path(), Opening::Existing).await;
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
}

#[tokio::test]
async fn a_place_where_no_folder_can_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, b"x").unwrap();
    for data in [file.clone(), file.join("data")] {
        let error = refused(&data, Opening::OrCreate(Kind::Demo)).await;
        assert!(error.to_string().contains("letter.txt"), "{error}");
        assert_eq!(code(error), Code::Store);
    }
}

#[tokio::test]
async fn a_folder_with_other_files_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("holiday.jpg"), b"x").unwrap();
    let error = refused(folder.path(), Opening::OrCreate(Kind::Practice)).await;
    assert!(error.to_string().contains("other files"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn everything_in_the_data_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    fn check(path: &Path) {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", path.display());
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                check(&entry.unwrap().path());
            }
        }
    }
    let practice = Practice::new(Kind::Demo).await;
    let recording = practice.recording("a.wav", b"sound");
    intake::receive(&practice.app, practice.request(recording), &actor())
        .await
        .unwrap();
    check(&practice.data());
    // And the file is made so again where a copy or a restored backup was open to others.
    let path = practice.data().join(FILE_NAME);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let practice = practice.reopen().await;
    check(&practice.data());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_was_there_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
    for opening in [Opening::OrCreate(Kind::Demo), Opening::Existing] {
        Store::open(folder.path(), opening, options(folder.path()))
            .await
            .unwrap();
        assert_eq!(mode(folder.path()), 0o750);
        assert_eq!(mode(&folder.path().join(FILE_NAME)), 0o600);
    }
}

/// Runs the program as somebody who may not write what root may.
#[cfg(unix)]
fn unprivileged(folder: &Path, arguments: &[&str]) -> std::process::Output {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let built = Path::new(env!("CARGO_BIN_EXE_osler"));
    let is_root = std::fs::metadata(folder).unwrap().uid() == 0;
    let mut command = if is_root {
        // Where the program was built, nobody else may be able to look.
        let program = folder.join("osler");
        if !program.exists() {
            std::fs::copy(built, &program).unwrap();
        }
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(program);
        command.uid(65534).gid(65534);
        command
    } else {
        std::process::Command::new(built)
    };
    command
        .args(arguments)
        .env_remove("OSLER_CONFIG")
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_read_only_file_or_folder_is_told_with_exit_code_5() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let folder = tempfile::tempdir().unwrap();
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(folder.path(), 0o777);
    let data = folder.path().join("data");
    let data_name = data.to_str().unwrap();
    let add = [
        "--data",
        data_name,
        "user",
        "add",
        "dr.a",
        "--name",
        "A",
        "--role",
        "physician",
    ];
    let made = unprivileged(folder.path(), &["--data", data_name, "init"]);
    assert_eq!(
        made.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let file = data.join(FILE_NAME);
    let refused = |what: &str| {
        let output = unprivileged(folder.path(), &add);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{what}: {message}");
        assert!(message.contains("read-only"), "{what}: {message}");
        assert!(message.contains(FILE_NAME), "{what}: {message}");
    };
    set(&file, 0o400);
    refused("file");
    set(&file, 0o600);
    set(&data, 0o500);
    refused("folder");
    set(&data, 0o700);
    // Somebody else's database: only root can give a file away.
    if chown(&file, Some(0), Some(0)).is_ok() {
        refused("owner");
        chown(&file, Some(65534), Some(65534)).unwrap();
    }
    let output = unprivileged(folder.path(), &add);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Lets the next row of `table` fail, as a full disk or a defect would.
fn break_table(practice: &Practice, table: &str) {
    practice
        .raw()
        .execute_batch(&format!(
            "CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        ))
        .unwrap();
}

fn mend(practice: &Practice) {
    practice.raw().execute_batch("DROP TRIGGER broken").unwrap();
}

#[tokio::test]
async fn a_change_and_its_audit_row_stand_or_fall_together() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, actor) = (&practice.app, actor());
    let request = || practice.request(practice.recording("a.wav", b"sound"));

    // Each use case fails at its last row (audit) and somewhere in the middle, leaves nothing, and then succeeds.
    break_table(&practice, "audit");
    let before = practice.dump();
    app.store
        .add_patient(someone("X-1"), None, app.stamp(&actor))
        .await
        .unwrap_err();
    intake::receive(app, request(), &actor).await.unwrap_err();
    assert_eq!(practice.dump(), before);
    mend(&practice);
    break_table(&practice, "takes");
    intake::receive(app, request(), &actor).await.unwrap_err();
    assert_eq!(practice.dump(), before);
    mend(&practice);
    let dictation = intake::receive(app, request(), &actor).await.unwrap();

    for table in ["audit", "report_versions"] {
        break_table(&practice, table);
        let before = practice.dump();
        intake::complete(app, dictation.id, recognition(), &actor)
            .await
            .unwrap_err();
        assert_eq!(practice.dump(), before, "{table}");
        mend(&practice);
    }
    let report = intake::complete(app, dictation.id, recognition(), &actor)
        .await
        .unwrap()
        .report_id;

    for table in ["audit", "signatures"] {
        break_table(&practice, table);
        let before = practice.dump();
        sign::sign(
            app,
            report,
            &practice.author,
            None,
            Authentication::NoneCli,
            &actor,
        )
        .await
        .unwrap_err();
        assert_eq!(practice.dump(), before, "{table}");
        mend(&practice);
    }
    sign::sign(
        app,
        report,
        &practice.author,
        None,
        Authentication::NoneCli,
        &actor,
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn what_must_not_change_cannot_be_changed_by_anybody() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, actor) = (&practice.app, actor());
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let taken = intake::run(app, request, &actor, |_, _| Ok::<_, ()>(recognition()))
        .await
        .unwrap();
    let by = Authentication::NoneCli;
    sign::sign(app, taken.report_id, &practice.author, None, by, &actor)
        .await
        .unwrap();
    let before = practice.dump();
    let raw = practice.raw();
    for change in [
        "UPDATE report_versions SET text = 'x'",
        "DELETE FROM report_versions",
        "INSERT INTO report_versions SELECT report_id, 2, kind, text, body, made_by, made_at FROM report_versions",
        "INSERT OR REPLACE INTO report_versions SELECT * FROM report_versions",
        "UPDATE signatures SET signer_name = 'x'",
        "DELETE FROM signatures",
        "INSERT OR REPLACE INTO signatures SELECT * FROM signatures",
        "UPDATE transcripts SET recognition = '{}'",
        "DELETE FROM transcripts",
        "INSERT OR REPLACE INTO transcripts SELECT * FROM transcripts",
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "UPDATE reports SET status = 'draft', filed_at = NULL",
        "UPDATE reports SET patient_id = 'x'",
        "DELETE FROM reports",
        "INSERT OR REPLACE INTO reports SELECT * FROM reports",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn what_a_signed_report_came_from_stays_and_its_text_is_checked() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, actor) = (&practice.app, actor());
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.birth_date = None;
    let taken = intake::run(app, request, &actor, |_, _| Ok::<_, ()>(recognition()))
        .await
        .unwrap();
    let by = Authentication::NoneCli;
    // Signed and, the second identifier being open, not filed.
    sign::sign(app, taken.report_id, &practice.author, None, by, &actor)
        .await
        .unwrap();
    let before = practice.dump();
    let raw = practice.raw();
    let ben = "(SELECT id FROM patients WHERE mrn = 'B-2')";
    let carl = "(SELECT id FROM users WHERE username = 'dr.c')";
    for change in [
        format!("UPDATE reports SET patient_id = {ben}"),
        format!("UPDATE reports SET author_id = {carl}"),
        "UPDATE reports SET dictation_id = 'x'".into(),
        format!("UPDATE dictations SET patient_id = {ben}"),
        format!("UPDATE dictations SET author_id = {carl}"),
        format!("UPDATE dictations SET phase = 'recorded', patient_id = {ben}"),
        "INSERT OR REPLACE INTO dictations SELECT * FROM dictations".into(),
        "UPDATE takes SET original_name = 'x'".into(),
        "DELETE FROM takes".into(),
        "INSERT OR REPLACE INTO takes SELECT * FROM takes".into(),
        "INSERT INTO takes SELECT 'x', dictation_id, 1, sha256, bytes, original_name FROM takes"
            .into(),
    ] {
        assert!(raw.execute(&change, []).is_err(), "{change}");
    }
    assert_eq!(practice.dump(), before);

    raw.execute_batch(
        "DROP TRIGGER report_versions_no_update;
         UPDATE report_versions SET body = replace(body, '5 mg', '50 mg')",
    )
    .unwrap();
    let error = app.store.report(taken.report_id).await.unwrap_err();
    assert!(
        error.to_string().contains("not the one that was signed"),
        "{error}"
    );
    assert!(!error.to_string().contains("50 mg"), "{error}");
    assert_eq!(code(error), Code::Store);
}

#[tokio::test]
async fn a_draft_is_not_filed_without_a_signature_and_versions_have_no_holes() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    let raw = practice.raw();
    for change in [
        "UPDATE reports SET status = 'signed'",
        "UPDATE reports SET status = 'filed', filed_at = 1",
        "INSERT INTO report_versions SELECT report_id, 3, kind, text, body, made_by, made_at FROM report_versions",
        "UPDATE dictations SET phase = 'filed', identity_verified_at = NULL",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
    raw.execute(
        "INSERT INTO report_versions SELECT report_id, 2, kind, text, body, made_by, made_at FROM report_versions",
        [],
    )
    .unwrap();
}

#[tokio::test]
async fn many_writers_and_readers_at_once_lose_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let app: &App = &practice.app;
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let (store, stamp) = (app.store.clone(), app.stamp(&actor()));
            tokio::spawn(async move {
                store
                    .add_patient(someone(&format!("N-{n}")), None, stamp)
                    .await
                    .unwrap();
                store.patients().await.unwrap().len()
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap() >= 3);
    }
    assert_eq!(app.store.patients().await.unwrap().len(), 42);
}

#[tokio::test]
async fn a_record_number_and_a_user_name_are_given_once() {
    let practice = Practice::new(Kind::Demo).await;
    let before = practice.dump();
    let error = practice
        .app
        .store
        .add_patient(someone("A-1"), None, practice.app.stamp(&actor()))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Conflict(m) if m.contains("A-1")),
        "{error}"
    );
    let mut user = practice.author.clone();
    user.id = osler::domain::ids::UserId::new(jiff::Timestamp::UNIX_EPOCH);
    let stamp = practice.app.stamp(&actor());
    let error = practice.app.store.add_user(user, stamp).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Conflict(m) if m.contains("dr.a")),
        "{error}"
    );
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn two_deliveries_of_one_recording_at_the_same_moment_make_one_dictation() {
    let practice = Practice::new(Kind::Demo).await;
    let new = osler::store::NewDictation {
        patient_id: practice.ada.id,
        encounter_id: None,
        author_id: practice.author.id,
        recording: osler::store::NewTake {
            sha256: "a".repeat(64),
            bytes: 5,
            original_name: "a.wav".into(),
        },
        made_of: Vec::new(),
        identity_verified: false,
        orders: Default::default(),
        note: None,
        placed: Vec::new(),
    };
    let store = &practice.app.store;
    let stamp = practice.app.stamp(&actor());
    let (first, second) = tokio::join!(
        store.receive_dictation(new.clone(), stamp.clone()),
        store.receive_dictation(new.clone(), stamp.clone()),
    );
    let (Received::New(a), Received::Existing(b)) = (first.unwrap(), second.unwrap()) else {
        panic!("one is new and the other finds it");
    };
    assert_eq!(a, b);
}
