//! People and programs: how they get in, what they may do, and what the trail says about it.

use crate::support::practice::{Practice, actor, recognition};
use jiff::Timestamp;
use osler::audio::Input;
use osler::cli::exit::{Code, Failure};
use osler::domain::credentials::{Password, Token};
use osler::domain::ids::PatientId;
use osler::domain::policy::{Action, Reason, Relation, Stage};
use osler::domain::role::{Role, Scope, Scopes};
use osler::domain::session::End;
use osler::domain::signature::Authentication;
use osler::domain::totp::Secret;
use osler::store::{Kind, StoreError};
use osler::workflow::people::login::{self, LoggedIn, Login};
use osler::workflow::people::second_factor::{self, Proof};
use osler::workflow::people::{
    self, AccessRefusal, Subject, Who, authorise, emergency, services, users,
};
use osler::workflow::{Refusal, WorkflowError, intake, sign};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ROOT: &str = "keys and candles";
const ANNA: &str = "a horse in the rain";

fn password(typed: &str) -> Password {
    Password::new(typed)
}

fn access(error: WorkflowError) -> AccessRefusal {
    match error {
        WorkflowError::Refused(Refusal::Access(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn reason(error: WorkflowError) -> Reason {
    match error {
        WorkflowError::Refused(Refusal::Policy(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn give(username: &str, typed: &str) -> Login {
    Login {
        username: username.into(),
        password: password(typed),
        code: None,
        via: "test".into(),
        place: Some("192.0.2.7".into()),
    }
}

pub async fn log_in(practice: &Practice, username: &str, typed: &str) -> LoggedIn {
    login::log_in(&practice.app, give(username, typed))
        .await
        .unwrap()
}

async fn refused(practice: &Practice, login: Login) -> AccessRefusal {
    access(login::log_in(&practice.app, login).await.unwrap_err())
}

/// A practice with an administrator who is logged in.
pub async fn administered() -> (Practice, Who) {
    let practice = Practice::new(Kind::Practice).await;
    users::add_first_administrator(&practice.app, "root", "Rita Root", password(ROOT), &actor())
        .await
        .unwrap();
    let who = log_in(&practice, "root", ROOT).await.who;
    (practice, who)
}

/// Gives a user of the practice this password, by way of the one for the first log-in.
pub async fn settle(practice: &Practice, root: &Who, username: &str, typed: &str) {
    let app = &practice.app;
    let first = users::reset_password(app, root, username).await.unwrap();
    let opened = log_in(practice, username, &first).await;
    login::change_password(app, &opened.who, password(&first), password(typed))
        .await
        .unwrap();
    login::log_out(app, &opened.token, "test").await.unwrap();
}

/// The code that an authenticator app shows now.
fn code(practice: &Practice, username: &str) -> String {
    let secret: Vec<u8> = practice
        .raw()
        .query_row(
            "SELECT totp_secret FROM accounts JOIN users ON id = user_id WHERE username = ?1",
            [username],
            |r| r.get(0),
        )
        .unwrap();
    let secret = Secret::from_stored(&secret).unwrap();
    secret.shown(practice.app.clock.now())
}

/// Sets a second factor up for somebody who is logged in.
async fn enrol(practice: &Practice, who: &Who) {
    let app = &practice.app;
    second_factor::begin_enrolment(app, who).await.unwrap();
    let code = code(practice, &who.user.username);
    second_factor::confirm(app, who, &code).await.unwrap();
}

/// Action and details of the last rows of the trail.
async fn trail(practice: &Practice, last: usize) -> Vec<(String, serde_json::Value)> {
    let rows = practice.app.store.audit(None).await.unwrap();
    let from = rows.len().saturating_sub(last);
    rows.into_iter()
        .skip(from)
        .map(|row| (row.action, row.details))
        .collect()
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_with_a_password_of_their_own() {
    let practice = Practice::new(Kind::Practice).await;
    let app = &practice.app;
    let make = async |typed: &str| {
        users::add_first_administrator(app, "root", "Rita Root", password(typed), &actor()).await
    };
    let before = practice.dump();
    for weak in ["", "short", "root-root-root", "aaaaaaaaaaaaaaaa"] {
        let error = make(weak).await.unwrap_err();
        assert_eq!(Failure::from(error).code, Code::Usage, "{weak}");
    }
    assert_eq!(practice.dump(), before);
    assert!(!users::has_administrator(app).await.unwrap());
    let root = make(ROOT).await.unwrap();
    assert_eq!(root.role, Role::Administrator);
    assert!(users::has_administrator(app).await.unwrap());
    let error = users::add_first_administrator(app, "other", "O", password(ROOT), &actor())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WorkflowError::Store(StoreError::Conflict(_))),
        "{error:?}"
    );
    let actions: Vec<String> = trail(&practice, 2).await.into_iter().map(|r| r.0).collect();
    assert_eq!(actions, ["user.added", "user.password_set"]);
    log_in(&practice, "root", ROOT).await;
}

#[tokio::test]
async fn nobody_logs_in_without_a_password() {
    let practice = Practice::new(Kind::Practice).await;
    for typed in ["", "dr.a", "password"] {
        assert_eq!(
            refused(&practice, give("dr.a", typed)).await,
            AccessRefusal::Wrong
        );
        practice.clock.set("2025-03-03T10:00:00Z");
    }
}

#[tokio::test]
async fn whoever_got_a_password_changes_it_before_anything_else() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let (user, first) = users::add_by(app, &root, "dr.n", "Nora New, MD", Role::Physician)
        .await
        .unwrap();
    let opened = log_in(&practice, "dr.n", &first).await;
    let elsewhere = log_in(&practice, "dr.n", &first).await;
    let ask = async |who: &Who| {
        let action = Action::ReadWorklist;
        authorise(app, who, action, Subject::NONE).await
    };
    assert_eq!(
        reason(ask(&opened.who).await.unwrap_err()),
        Reason::PasswordDue
    );
    let last = trail(&practice, 1).await.remove(0);
    assert_eq!(last.0, "access.refused");
    assert_eq!(
        last.1,
        serde_json::json!({"action": "read_worklist", "why": "password_due"})
    );
    let change = async |old: &str, new: &str| {
        login::change_password(app, &opened.who, password(old), password(new)).await
    };
    let error = change("not the old one", ANNA).await.unwrap_err();
    assert_eq!(access(error), AccessRefusal::Wrong);
    for weak in ["short", first.as_str()] {
        let error = change(&first, weak).await.unwrap_err();
        assert!(matches!(error, WorkflowError::Invalid(_)), "{error:?}");
    }
    change(&first, ANNA).await.unwrap();
    // This session goes on, the other one does not.
    let who = people::who(app, &opened.token, "test").await.unwrap();
    assert_eq!(who.user, user);
    ask(&who).await.unwrap();
    let error = people::who(app, &elsewhere.token, "test")
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::Over(End::Revoked));
    assert_eq!(
        refused(&practice, give("dr.n", &first)).await,
        AccessRefusal::Wrong
    );
    log_in(&practice, "dr.n", ANNA).await;
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_alike_and_leave_no_typed_word() {
    let (practice, root) = administered().await;
    settle(&practice, &root, "dr.a", ANNA).await;
    let before = practice.dump().len();
    for (username, typed) in [
        ("dr.a", "hunter2-hunter2"),
        ("hunter2-hunter2", "dr.a"),
        ("Hunter2 Hunter2", "dr.a"),
    ] {
        assert_eq!(
            refused(&practice, give(username, typed)).await,
            AccessRefusal::Wrong
        );
    }
    let after = practice.dump();
    assert!(after.len() > before);
    for row in &after {
        assert!(!row.to_lowercase().contains("hunter2"), "{row}");
    }
    let rows = trail(&practice, 3).await;
    assert!(rows.iter().all(|(action, _)| action == "session.refused"));
}

#[tokio::test]
async fn passwords_and_tokens_are_not_in_the_database() {
    let (practice, root) = administered().await;
    let (_, first) = users::add_by(&practice.app, &root, "dr.n", "N", Role::Physician)
        .await
        .unwrap();
    let opened = log_in(&practice, "dr.n", &first).await;
    let scopes: Scopes = [Scope::ReportsRead].into_iter().collect();
    let token = services::make_token(&practice.app, &root, "export", "Export", scopes, None)
        .await
        .unwrap();
    let all = practice.dump().join("\n");
    assert!(all.contains("$argon2id$"));
    for secret in [ROOT, first.as_str(), opened.token.reveal(), token.reveal()] {
        assert!(!all.contains(secret));
    }
    assert!(!format!("{opened:?}").contains(opened.token.reveal()));
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour() {
    let (practice, root) = administered().await;
    settle(&practice, &root, "dr.a", ANNA).await;
    for minute in 0..10 {
        practice
            .clock
            .set(&format!("2025-03-03T10:{:02}:00Z", 2 * minute));
        assert_eq!(
            refused(&practice, give("dr.a", "wrong wrong wrong")).await,
            AccessRefusal::Wrong
        );
    }
    let until = AccessRefusal::TooMany("2025-03-03T10:33:00Z".parse().unwrap());
    for time in ["2025-03-03T10:20:00Z", "2025-03-03T10:32:59Z"] {
        practice.clock.set(time);
        assert_eq!(refused(&practice, give("dr.a", ANNA)).await, until);
    }
    let last = trail(&practice, 1).await.remove(0);
    assert_eq!(last.1, serde_json::json!({"why": "too_many_attempts"}));
    // Nobody else is locked out, not even from the same place.
    log_in(&practice, "root", ROOT).await;
    practice.clock.set("2025-03-03T10:33:00Z");
    log_in(&practice, "dr.a", ANNA).await;
    // And the count begins anew.
    for _ in 0..2 {
        assert_eq!(
            refused(&practice, give("dr.a", "wrong wrong wrong")).await,
            AccessRefusal::Wrong
        );
    }
    log_in(&practice, "dr.a", ANNA).await;
}

#[tokio::test]
async fn guesses_made_at_the_same_moment_are_counted_before_they_are_judged() {
    let (practice, root) = administered().await;
    settle(&practice, &root, "dr.a", ANNA).await;
    let guess = || refused(&practice, give("dr.a", "wrong wrong wrong"));
    let (a, b, c, d, e) = tokio::join!(guess(), guess(), guess(), guess(), guess());
    let judged = [a, b, c, d, e]
        .into_iter()
        .filter(|refusal| *refusal == AccessRefusal::Wrong)
        .count();
    assert_eq!(judged, 3);
}

#[tokio::test]
async fn a_place_that_tries_name_after_name_is_stopped() {
    let (practice, root) = administered().await;
    settle(&practice, &root, "dr.a", ANNA).await;
    for n in 0..20 {
        let name = format!("nobody{n}");
        assert_eq!(
            refused(&practice, give(&name, "wrong wrong wrong")).await,
            AccessRefusal::Wrong
        );
    }
    let stopped = refused(&practice, give("nobody", "wrong wrong wrong")).await;
    assert!(matches!(stopped, AccessRefusal::TooMany(_)), "{stopped:?}");
    let elsewhere = Login {
        place: Some("192.0.2.8".into()),
        ..give("dr.a", ANNA)
    };
    login::log_in(&practice.app, elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_alone_and_at_the_end_of_the_day() {
    let (practice, _) = administered().await;
    let app = &practice.app;
    practice.clock.set("2025-03-03T08:00:00Z");
    let opened = log_in(&practice, "root", ROOT).await;
    let over = async |token: &Token| access(people::who(app, token, "test").await.unwrap_err());
    practice.clock.set("2025-03-03T08:14:59Z");
    people::who(app, &opened.token, "test").await.unwrap();
    practice.clock.set("2025-03-03T08:29:58Z");
    people::who(app, &opened.token, "test").await.unwrap();
    practice.clock.set("2025-03-03T08:44:58Z");
    assert_eq!(over(&opened.token).await, AccessRefusal::Over(End::Idle));
    let last = trail(&practice, 1).await.remove(0);
    assert_eq!(last.0, "session.ended");
    assert_eq!(last.1["why"], "idle");
    // It stays over, and is written down once.
    assert_eq!(over(&opened.token).await, AccessRefusal::Over(End::Idle));
    assert_eq!(trail(&practice, 1).await.remove(0), last);

    practice.clock.set("2025-03-03T09:00:00Z");
    let busy = log_in(&practice, "root", ROOT).await;
    for minute in 1..72 {
        let (hour, minute) = (9 + minute / 6, minute % 6 * 10);
        practice
            .clock
            .set(&format!("2025-03-03T{hour:02}:{minute:02}:00Z"));
        people::who(app, &busy.token, "test").await.unwrap();
    }
    practice.clock.set("2025-03-03T21:00:00Z");
    assert_eq!(over(&busy.token).await, AccessRefusal::Over(End::Expired));
}

#[tokio::test]
async fn logging_out_ends_one_session_and_an_unknown_token_opens_nothing() {
    let (practice, _) = administered().await;
    let app = &practice.app;
    let (one, other) = (
        log_in(&practice, "root", ROOT).await,
        log_in(&practice, "root", ROOT).await,
    );
    for _ in 0..2 {
        login::log_out(app, &one.token, "test").await.unwrap();
    }
    let error = people::who(app, &one.token, "test").await.unwrap_err();
    assert_eq!(access(error), AccessRefusal::Over(End::LoggedOut));
    people::who(app, &other.token, "test").await.unwrap();
    for token in ["", "0", &"0".repeat(64), "svc_", "svc_0"] {
        let error = people::who(app, &Token::new(token), "test")
            .await
            .unwrap_err();
        assert_eq!(access(error), AccessRefusal::NotLoggedIn, "{token}");
    }
    let raw = practice.raw();
    for change in [
        "UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE ended_at IS NOT NULL",
        "UPDATE sessions SET user_id = (SELECT id FROM users WHERE username = 'dr.a')",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
}

#[tokio::test]
async fn with_a_second_factor_a_password_alone_opens_nothing_and_a_code_counts_once() {
    let (practice, _) = administered().await;
    let app = &practice.app;
    let opened = log_in(&practice, "root", ROOT).await;
    let error = second_factor::confirm(app, &opened.who, "123456")
        .await
        .unwrap_err();
    assert!(matches!(error, WorkflowError::Invalid(_)), "{error:?}");
    let enrolment = second_factor::begin_enrolment(app, &opened.who)
        .await
        .unwrap();
    assert!(enrolment.uri.contains(&enrolment.secret));
    // It does not count before its app has shown a code.
    log_in(&practice, "root", ROOT).await;
    let error = second_factor::confirm(app, &opened.who, "12345")
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::Wrong);
    let first = code(&practice, "root");
    second_factor::confirm(app, &opened.who, &first)
        .await
        .unwrap();
    let with = |code: &str| Login {
        code: Some(code.into()),
        ..give("root", ROOT)
    };
    // Asking for the code is no wrong attempt.
    for _ in 0..5 {
        assert_eq!(
            refused(&practice, give("root", ROOT)).await,
            AccessRefusal::CodeNeeded
        );
    }
    assert_eq!(refused(&practice, with(&first)).await, AccessRefusal::Wrong);
    practice.clock.set("2025-03-03T09:01:00Z");
    let second = code(&practice, "root");
    let wrong_password = Login {
        password: password("wrong wrong wrong"),
        ..with(&second)
    };
    assert_eq!(
        refused(&practice, wrong_password).await,
        AccessRefusal::Wrong
    );
    login::log_in(app, with(&second)).await.unwrap();
    assert_eq!(
        refused(&practice, with(&second)).await,
        AccessRefusal::Wrong
    );
    // Two at the same moment: one gets in.
    practice.clock.set("2025-03-03T09:02:00Z");
    let third = code(&practice, "root");
    let (a, b) = tokio::join!(
        login::log_in(app, with(&third)),
        login::log_in(app, with(&third))
    );
    assert!(a.is_ok() != b.is_ok());
    let error = second_factor::begin_enrolment(app, &opened.who)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WorkflowError::Store(StoreError::Conflict(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_first_signature_of_a_session_needs_both_and_a_further_one_needs_one() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    settle(&practice, &root, "dr.a", ANNA).await;
    let mut who = log_in(&practice, "dr.a", ANNA).await.who;
    let both = |code: String| Proof {
        password: Some(password(ANNA)),
        code: Some(code),
    };
    let only_password = || Proof {
        password: Some(password(ANNA)),
        code: None,
    };
    let error = second_factor::prove(app, &mut who, only_password())
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::NoSecondFactor);
    enrol(&practice, &who).await;
    practice.clock.set("2025-03-03T09:01:00Z");
    let alone = Proof {
        password: None,
        code: Some(code(&practice, "dr.a")),
    };
    for proof in [only_password(), alone, Proof::default()] {
        let error = second_factor::prove(app, &mut who, proof)
            .await
            .unwrap_err();
        assert_eq!(access(error), AccessRefusal::BothNeeded);
    }
    let last = trail(&practice, 1).await.remove(0);
    assert_eq!(
        last.1,
        serde_json::json!({"action": "sign", "why": "both_needed"})
    );
    let own = Subject::in_record("report", "r", practice.ada.id)
        .by(practice.author.id)
        .at(Stage::Awaiting);
    let error = authorise(app, &who, Action::Sign, own.clone())
        .await
        .unwrap_err();
    assert_eq!(reason(error), Reason::NotProven);

    let shown = code(&practice, "dr.a");
    let how = second_factor::prove(app, &mut who, both(shown.clone()))
        .await
        .unwrap();
    assert_eq!(how, Authentication::PasswordAndCode);
    authorise(app, &who, Action::Sign, own).await.unwrap();
    let how = second_factor::prove(app, &mut who, only_password())
        .await
        .unwrap();
    assert_eq!(how, Authentication::Password);
    let used = Proof {
        password: None,
        code: Some(shown),
    };
    let error = second_factor::prove(app, &mut who, used).await.unwrap_err();
    assert_eq!(access(error), AccessRefusal::Wrong);
    let error = second_factor::prove(app, &mut who, Proof::default())
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::OneNeeded);

    // In another session all begins anew, and nobody else's session has proved anything.
    practice.clock.set("2025-03-03T09:03:00Z");
    let login = Login {
        code: Some(code(&practice, "dr.a")),
        ..give("dr.a", ANNA)
    };
    let mut fresh = login::log_in(app, login).await.unwrap().who;
    let error = second_factor::prove(app, &mut fresh, only_password())
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::BothNeeded);
}

#[tokio::test]
async fn a_proven_author_signs_in_a_real_practice_and_nobody_else_does() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let taken = intake::run(app, request, &actor(), |_: &Input, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    let mut proven = Vec::new();
    for username in ["dr.c", "dr.a"] {
        settle(&practice, &root, username, ANNA).await;
        let mut who = log_in(&practice, username, ANNA).await.who;
        enrol(&practice, &who).await;
        let later = app.clock.now() + jiff::SignedDuration::from_secs(60);
        practice.clock.set(&later.to_string());
        let proof = Proof {
            password: Some(password(ANNA)),
            code: Some(code(&practice, username)),
        };
        let how = second_factor::prove(app, &mut who, proof).await.unwrap();
        proven.push((who, how));
    }
    let (colleague, how) = &proven[0];
    let error = sign::sign(
        app,
        taken.report_id,
        &colleague.user,
        None,
        *how,
        &colleague.actor(),
    )
    .await
    .unwrap_err();
    assert!(
        matches!(error, WorkflowError::Refused(Refusal::NotTheAuthor { .. })),
        "{error:?}"
    );
    let (author, how) = &proven[1];
    let signed = sign::sign(
        app,
        taken.report_id,
        &author.user,
        None,
        *how,
        &author.actor(),
    )
    .await
    .unwrap();
    let signature = signed.report.signature.unwrap();
    assert_eq!(signature.authentication, Authentication::PasswordAndCode);
    assert_eq!(signature.signer_id, practice.author.id);
    assert!(signed.report.filed_at.is_some());
}

#[tokio::test]
async fn a_log_in_with_password_and_code_proves_its_owner_for_a_signature() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let (_, first) = users::add_by(app, &root, "dr.n", "Nora New, MD", Role::Physician)
        .await
        .unwrap();
    let with = |code: &str| Login {
        code: Some(code.into()),
        ..give("dr.a", ANNA)
    };
    // A password that an administrator knows signs nothing.
    let error = second_factor::log_in_to_sign(app, give("dr.n", &first))
        .await
        .unwrap_err();
    assert_eq!(reason(error), Reason::PasswordDue);
    settle(&practice, &root, "dr.a", ANNA).await;
    let error = second_factor::log_in_to_sign(app, with("123456"))
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::NoSecondFactor);
    let who = log_in(&practice, "dr.a", ANNA).await.who;
    enrol(&practice, &who).await;
    practice.clock.set("2025-03-03T09:01:00Z");
    let error = second_factor::log_in_to_sign(app, give("dr.a", ANNA))
        .await
        .unwrap_err();
    assert_eq!(access(error), AccessRefusal::CodeNeeded);
    let code = code(&practice, "dr.a");
    let (opened, how) = second_factor::log_in_to_sign(app, with(&code))
        .await
        .unwrap();
    assert_eq!(how, Authentication::PasswordAndCode);
    let mut who = opened.who;
    assert!(who.asker.proven);
    let proof = Proof {
        password: Some(password(ANNA)),
        code: None,
    };
    let how = second_factor::prove(app, &mut who, proof).await.unwrap();
    assert_eq!(how, Authentication::Password);
}

#[tokio::test]
async fn a_service_does_what_its_token_says_until_it_ends() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let scopes = |scopes: &[Scope]| scopes.iter().copied().collect::<Scopes>();
    let end: Timestamp = "2025-03-04T09:00:00Z".parse().unwrap();
    let make = async |username: &str, given: Scopes, until: Option<Timestamp>| {
        services::make_token(app, &root, username, "Export", given, until).await
    };
    for (username, given, until) in [
        ("export", Scopes::default(), None),
        (
            "export",
            scopes(&[Scope::ReportsRead]),
            Some("2025-03-03T09:00:00Z".parse().unwrap()),
        ),
        ("dr.a", scopes(&[Scope::ReportsRead]), None),
        ("Export Program", scopes(&[Scope::ReportsRead]), None),
    ] {
        let error = make(username, given, until).await.unwrap_err();
        assert!(
            matches!(error, WorkflowError::Invalid(_)),
            "{username}: {error:?}"
        );
    }
    let token = make("export", scopes(&[Scope::ReportsRead]), Some(end))
        .await
        .unwrap();
    let second = make("export", scopes(&[Scope::PatientsRead]), None)
        .await
        .unwrap();
    let who = people::who(app, &token, "api").await.unwrap();
    assert_eq!(who.user.role, Role::Service);
    let report = || Subject::in_record("report", "r", practice.ada.id);
    authorise(app, &who, Action::ReadRecord, report().at(Stage::Filed))
        .await
        .unwrap();
    for (action, subject, expected) in [
        (Action::ReadRecord, report().at(Stage::Draft), Reason::Stage),
        (
            Action::FindPatients,
            Subject::NONE,
            Reason::Scope(Scope::PatientsRead),
        ),
        (
            Action::OwnAccount,
            Subject::NONE,
            Reason::Role(Role::Service, Action::OwnAccount),
        ),
    ] {
        let error = authorise(app, &who, action, subject).await.unwrap_err();
        assert_eq!(reason(error), expected);
    }
    // It cannot log in, nor make tokens.
    assert_eq!(
        refused(&practice, give("export", token.reveal())).await,
        AccessRefusal::Wrong
    );
    let error = services::revoke(app, &who, "export").await.unwrap_err();
    assert_eq!(
        reason(error),
        Reason::Role(Role::Service, Action::ManageServices)
    );
    practice.clock.set("2025-03-04T09:00:00Z");
    let root = log_in(&practice, "root", ROOT).await.who;
    let gone = async |token: &Token| access(people::who(app, token, "api").await.unwrap_err());
    assert_eq!(gone(&token).await, AccessRefusal::NotLoggedIn);
    people::who(app, &second, "api").await.unwrap();
    assert_eq!(services::revoke(app, &root, "export").await.unwrap(), 2);
    assert_eq!(gone(&second).await, AccessRefusal::NotLoggedIn);
    let raw = practice.raw();
    for change in [
        "UPDATE service_tokens SET revoked_at = NULL",
        "UPDATE service_tokens SET scopes = 'patients:write'",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_physician_opens_anothers_record_in_an_emergency_for_an_hour_and_not_unseen() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let ada = practice.ada.id;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    intake::receive(app, request, &actor()).await.unwrap();
    settle(&practice, &root, "dr.c", ANNA).await;
    settle(&practice, &root, "s.s", ANNA).await;
    let opened = log_in(&practice, "dr.c", ANNA).await;
    let carl = &opened.who;
    let read = async |who: &Who| -> Result<(), WorkflowError> {
        authorise(app, who, Action::ReadRecord, Subject::patient(ada)).await
    };
    assert_eq!(reason(read(carl).await.unwrap_err()), Reason::Relation);
    let refusals = app.store.audit(Some(ada)).await.unwrap();
    let last = refusals.last().unwrap();
    assert_eq!(
        (last.action.as_str(), last.actor.as_str()),
        ("access.refused", "dr.c")
    );
    let error = emergency::open(app, carl, ada, "  ").await.unwrap_err();
    assert_eq!(reason(error), Reason::NoReason);
    let secretary = log_in(&practice, "s.s", ANNA).await.who;
    let error = emergency::open(app, &secretary, ada, "curious")
        .await
        .unwrap_err();
    assert_eq!(
        reason(error),
        Reason::Role(Role::Secretary, Action::OpenInEmergency)
    );
    let nobody = PatientId::new(Timestamp::UNIX_EPOCH);
    assert!(
        emergency::open(app, carl, nobody, "collapsed")
            .await
            .unwrap_err()
            .is_not_found()
    );
    let access = emergency::open(app, carl, ada, " Mrs Winter collapsed ")
        .await
        .unwrap();
    let end: Timestamp = "2025-03-03T10:00:00Z".parse().unwrap();
    assert_eq!(access.ends_at, end);
    read(carl).await.unwrap();
    assert_eq!(
        app.store.emergencies_of(ada).await.unwrap(),
        std::slice::from_ref(&access)
    );
    assert_eq!(access.reason, "Mrs Winter collapsed");
    let rows = app.store.audit(Some(ada)).await.unwrap();
    let [.., row, read_row] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(row.action, "patient.emergency_access");
    assert_eq!(read_row.action, "record.read");
    assert_eq!(
        read_row.details,
        serde_json::json!({"relation": "emergency"})
    );
    assert!(!row.details.to_string().contains("Winter"));
    practice.clock.set("2025-03-03T10:00:00Z");
    assert_eq!(reason(read(carl).await.unwrap_err()), Reason::Relation);
    let raw = practice.raw();
    for change in [
        "UPDATE emergency_access SET ends_at = 9999999999999999",
        "DELETE FROM emergency_access",
        "INSERT OR REPLACE INTO emergency_access SELECT * FROM emergency_access",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
}

#[tokio::test]
async fn what_somebody_has_to_do_with_a_record_is_found_in_the_record() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    intake::receive(app, request, &actor()).await.unwrap();
    for username in ["dr.a", "dr.c", "s.s"] {
        settle(&practice, &root, username, ANNA).await;
    }
    let author = Some(practice.author.id);
    for (username, patient, author, expected) in [
        ("dr.a", practice.ada.id, author, Relation::Own),
        ("dr.a", practice.ada.id, None, Relation::InCare),
        ("dr.a", practice.ben.id, None, Relation::Stranger),
        ("dr.c", practice.ada.id, author, Relation::Stranger),
        ("s.s", practice.ada.id, author, Relation::Assigned),
    ] {
        let who = log_in(&practice, username, ANNA).await.who;
        let found = people::relation(app, &who, patient, author).await.unwrap();
        assert_eq!(found, expected, "{username}");
    }
    let found = people::relation(app, &root, practice.ada.id, author)
        .await
        .unwrap();
    assert_eq!(found, Relation::Stranger);
}

#[tokio::test]
async fn a_closed_account_gets_nowhere_and_only_an_administrator_closes_one() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    settle(&practice, &root, "dr.a", ANNA).await;
    let opened = log_in(&practice, "dr.a", ANNA).await;
    let error = users::close(app, &opened.who, "dr.c").await.unwrap_err();
    assert_eq!(
        reason(error),
        Reason::Role(Role::Physician, Action::ManageUsers)
    );
    let error = users::close(app, &root, "root").await.unwrap_err();
    assert!(matches!(error, WorkflowError::Invalid(_)), "{error:?}");
    users::close(app, &root, "dr.a").await.unwrap();
    let error = people::who(app, &opened.token, "test").await.unwrap_err();
    assert_eq!(access(error), AccessRefusal::Over(End::Revoked));
    assert_eq!(
        refused(&practice, give("dr.a", ANNA)).await,
        AccessRefusal::Wrong
    );
    users::reopen(app, &root, "dr.a").await.unwrap();
    log_in(&practice, "dr.a", ANNA).await;
    // The last administrator stays, whoever asks.
    let before = practice.dump();
    let stamp = app.stamp(&actor());
    let error = app
        .store
        .set_disabled(root.user.id, true, stamp)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn a_lost_telephone_is_answered_by_an_administrator() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    settle(&practice, &root, "dr.a", ANNA).await;
    let opened = log_in(&practice, "dr.a", ANNA).await;
    enrol(&practice, &opened.who).await;
    assert_eq!(
        refused(&practice, give("dr.a", ANNA)).await,
        AccessRefusal::CodeNeeded
    );
    users::remove_second_factor(app, &root, "dr.a")
        .await
        .unwrap();
    let error = people::who(app, &opened.token, "test").await.unwrap_err();
    assert_eq!(access(error), AccessRefusal::Over(End::Revoked));
    log_in(&practice, "dr.a", ANNA).await;
}

#[tokio::test]
async fn without_its_row_in_the_trail_nothing_is_changed() {
    let (practice, root) = administered().await;
    let app = &practice.app;
    practice
        .raw()
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    let before = practice.dump();
    assert!(users::reset_password(app, &root, "dr.a").await.is_err());
    assert!(users::close(app, &root, "dr.a").await.is_err());
    assert!(
        users::add_by(app, &root, "dr.n", "N", Role::Physician)
            .await
            .is_err()
    );
    assert!(second_factor::begin_enrolment(app, &root).await.is_err());
    assert!(login::log_in(app, give("root", ROOT)).await.is_err());
    // Only the attempts are counted: they are no change to a record.
    let without = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter()
            .filter(|row| !row.starts_with("attempts:"))
            .collect()
    };
    assert_eq!(without(practice.dump()), without(before));
}

/// Runs the program with these lines as its input.
fn osler(data: &Path, arguments: &[&str], lines: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_osler"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env_remove("OSLER_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        // A program that has refused already does not read on.
        let _ = writeln!(input, "{line}");
    }
    drop(input);
    child.wait_with_output().unwrap()
}

fn answers(data: &Path, arguments: &[&str], lines: &[&str], code: i32, part: &str) -> String {
    let output = osler(data, arguments, lines);
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {out}{err}"
    );
    assert!(
        out.contains(part) || err.contains(part),
        "{arguments:?}: {part:?} is missing in {out}{err}"
    );
    out
}

#[test]
fn on_the_command_line_an_administrator_is_made_and_then_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    answers(data, &["init"], &[], 0, "osler admin init");
    let init = ["admin", "init", "root", "--name", "Rita Root"];
    answers(data, &init, &[], 2, "password");
    answers(data, &init, &["short"], 2, "12 characters");
    answers(data, &init, &[ROOT], 0, "added root");
    answers(data, &init, &[ROOT], 1, "already");
    let add = [
        "user",
        "add",
        "dr.n",
        "--name",
        "Nora, MD",
        "--role",
        "physician",
    ];
    answers(data, &add, &[], 2, "--as");
    let add_by = [&add[..], &["--as", "root"]].concat();
    answers(data, &add_by, &["wrong wrong wrong"], 6, "wrong");
    let out = answers(data, &add_by, &[ROOT], 0, "added dr.n, physician");
    let first = out.trim().rsplit(' ').next().unwrap();
    let change = ["user", "password", "--as", "dr.n"];
    answers(data, &change, &[first, ANNA], 0, "changed");
    // Nothing is looked for before it is known who asks.
    let sign = ["report", "sign", "00000000", "--as", "dr.n"];
    answers(data, &sign, &[ANNA, "123456"], 6, "second factor");
    let close = ["user", "close", "root", "--as", "dr.n"];
    answers(data, &close, &[ANNA], 6, "physician");
    let token = [
        "admin",
        "token",
        "export",
        "--scope",
        "reports:read",
        "--days",
        "30",
        "--as",
        "root",
    ];
    answers(data, &token, &[ROOT], 0, "svc_");
    let king = [
        "admin",
        "token",
        "export",
        "--scope",
        "everything",
        "--as",
        "root",
    ];
    answers(data, &king, &[ROOT], 2, "worklist:read");
    let revoke = ["admin", "revoke", "export", "--as", "root"];
    answers(data, &revoke, &[ROOT], 0, "1 token(s)");
}
