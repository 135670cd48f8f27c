//! The way of a draft through people's hands, and the list that shows it: locks, questions, versions, other patients,
//! retraction; order, filters, counts, who is next, how long it took.

use crate::support::practice::{BORN, Practice, REPORT, actor, recognition};
use osler::domain::dictation::{Phase, State};
use osler::domain::ids::{DictationId, ReportId};
use osler::domain::report::ReportStatus;
use osler::domain::role::Role;
use osler::domain::signature::Authentication;
use osler::domain::transition::{Refused, Step};
use osler::domain::user::User;
use osler::domain::worklist::{Assignment, Mark, Orders, Priority, Route, Tray};
use osler::store::{DueTimes, Item, Kind, Received, StoreError, Turnaround, WorkFilter};
use osler::workflow::review::{self, BY_HAND, Named};
use osler::workflow::{WorkflowError, intake, record, sign, users, worklist};

/// A recording that was heard, on its way to a secretary or to its author.
async fn drafted(practice: &Practice, name: &str, orders: Orders) -> (DictationId, ReportId) {
    let mut request = practice.request(practice.recording(name, name.as_bytes()));
    request.orders = orders;
    let taken = intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    (taken.dictation.id, taken.report_id)
}

fn typist() -> Orders {
    Orders {
        route: Route::Secretary,
        ..Orders::default()
    }
}

async fn step(
    practice: &Practice,
    id: DictationId,
    step: Step,
    words: Option<&str>,
    user: &User,
) -> Result<(Phase, State), WorkflowError> {
    review::step(&practice.app, id, step, words, user, &actor())
        .await
        .map(|d| (d.phase, d.state))
}

async fn signed(practice: &Practice, report: ReportId) -> ReportStatus {
    let by = Authentication::NoneCli;
    sign::sign(&practice.app, report, &practice.author, None, by, &actor())
        .await
        .unwrap()
        .report
        .status
}

async fn place(practice: &Practice, id: DictationId) -> (Phase, State) {
    let dictation = practice.app.store.dictation(id).await.unwrap();
    (dictation.phase, dictation.state)
}

async fn items(practice: &Practice, filter: WorkFilter) -> Vec<Item> {
    worklist::list(&practice.app, filter).await.unwrap()
}

async fn item(practice: &Practice, id: DictationId) -> Item {
    let all = items(practice, WorkFilter::default()).await;
    all.into_iter().find(|i| i.dictation_id == id).unwrap()
}

fn is_conflict<T>(result: Result<T, WorkflowError>) -> bool {
    matches!(
        result,
        Err(WorkflowError::Store(
            StoreError::Conflict(_) | StoreError::Outdated { .. }
        ))
    )
}

fn is_refused<T>(result: Result<T, WorkflowError>) -> bool {
    matches!(
        result,
        Err(WorkflowError::Store(StoreError::Refused(
            Refused::Party { .. } | Refused::Missing { .. }
        )))
    )
}

async fn another_secretary(practice: &Practice) -> User {
    let role = Role::Secretary;
    users::add(&practice.app, "t.t", "Tom Typist", role, &actor())
        .await
        .unwrap()
}

fn ben(practice: &Practice) -> Named {
    Named {
        mrn: practice.ben.mrn.clone(),
        birth_date: Some(practice.ben.birth_date),
    }
}

#[tokio::test]
async fn through_a_secretary_with_a_question_to_a_filed_report() {
    let practice = Practice::new(Kind::Demo).await;
    let (author, secretary) = (&practice.author, &practice.secretary);
    let (id, report) = drafted(&practice, "a", typist()).await;
    assert_eq!(
        place(&practice, id).await,
        (Phase::Transcribed, State::Pending)
    );
    let app = &practice.app;
    // Nobody signs past the secretary.
    let by = Authentication::NoneCli;
    assert!(is_conflict(
        sign::sign(app, report, author, None, by, &actor()).await
    ));
    step(&practice, id, Step::Open, None, secretary)
        .await
        .unwrap();
    let corrected = "Assessment:\nContinue apixaban 2.5 mg.";
    let version = review::correct(app, report, 1, corrected, secretary, &actor())
        .await
        .unwrap();
    assert_eq!(version.version, 2);
    assert!(is_refused(
        step(&practice, id, Step::Ask, None, secretary).await
    ));
    let place = step(
        &practice,
        id,
        Step::Ask,
        Some("Is it 2.5 mg or 5 mg?"),
        secretary,
    )
    .await
    .unwrap();
    assert_eq!(place, (Phase::InCorrection, State::Returned));
    let shown = item(&practice, id).await;
    assert_eq!(shown.note.as_deref(), Some("Is it 2.5 mg or 5 mg?"));
    assert_eq!(shown.assigned, Assignment::Person(secretary.id));
    assert_eq!(shown.lock, None);
    assert!(is_refused(
        step(&practice, id, Step::Answer, Some("5 mg"), secretary).await
    ));
    step(&practice, id, Step::Answer, Some("5 mg"), author)
        .await
        .unwrap();
    let next = worklist::next(app, secretary, &actor()).await.unwrap();
    assert_eq!(next.unwrap().dictation_id, id);
    review::correct(app, report, 2, REPORT, secretary, &actor())
        .await
        .unwrap();
    step(&practice, id, Step::Submit, None, secretary)
        .await
        .unwrap();
    assert_eq!(signed(&practice, report).await, ReportStatus::Filed);

    // Each version has its author, and what was not touched leads back to its words.
    let versions = app.store.report_versions(report).await.unwrap();
    let by: Vec<_> = versions.iter().map(|v| v.made_by).collect();
    assert_eq!(by, [None, Some(secretary.id), Some(secretary.id)]);
    assert_eq!(versions[1].body.text, corrected);
    assert!(versions[1].body.trace.iter().any(|t| t.rule == BY_HAND));
    let steps: Vec<Step> = review::history(app, id)
        .await
        .unwrap()
        .iter()
        .map(|s| s.step)
        .collect();
    assert_eq!(
        steps,
        [
            Step::Receive,
            Step::Transcribe,
            Step::DraftForSecretary,
            Step::Open,
            Step::Correct,
            Step::Ask,
            Step::Answer,
            Step::Open,
            Step::Correct,
            Step::Submit,
            Step::Sign,
            Step::File
        ]
    );
    assert_eq!(items(&practice, WorkFilter::default()).await, []);
}

#[tokio::test]
async fn the_words_given_for_a_step_stay_out_of_the_audit_trail() {
    let practice = Practice::new(Kind::Demo).await;
    let (id, _) = drafted(&practice, "a", typist()).await;
    let secretary = &practice.secretary;
    step(
        &practice,
        id,
        Step::Reject,
        Some("Winter is another patient"),
        secretary,
    )
    .await
    .unwrap();
    let trail = practice
        .dump()
        .into_iter()
        .filter(|row| row.starts_with("audit"));
    for row in trail {
        assert!(!row.contains("Winter"), "{row}");
    }
}

#[tokio::test]
async fn a_lock_keeps_others_out_until_it_is_taken_over() {
    let practice = Practice::new(Kind::Demo).await;
    let other = another_secretary(&practice).await;
    let (id, report) = drafted(&practice, "a", typist()).await;
    let (app, first) = (&practice.app, &practice.secretary);
    step(&practice, id, Step::Open, None, first).await.unwrap();
    let lock = item(&practice, id).await.lock.unwrap();
    assert_eq!(
        (lock.0.id, lock.0.name.as_str()),
        (first.id, "Sam Secretary")
    );
    assert!(is_conflict(
        step(&practice, id, Step::Open, None, &other).await
    ));
    assert!(is_refused(
        review::correct(app, report, 1, "x", &other, &actor()).await
    ));
    assert!(is_refused(
        step(&practice, id, Step::Submit, None, &other).await
    ));
    // It holds as long as it is renewed; then the next who asks for work gets it.
    practice.clock.pass(299);
    assert!(worklist::keep_lock(app, id, first, &actor()).await.unwrap());
    practice.clock.pass(299);
    assert_eq!(worklist::next(app, &other, &actor()).await.unwrap(), None);
    practice.clock.pass(1);
    let next = worklist::next(app, &other, &actor()).await.unwrap();
    assert_eq!(next.unwrap().lock.unwrap().0.id, other.id);
    assert!(!worklist::keep_lock(app, id, first, &actor()).await.unwrap());
    assert!(is_refused(
        review::correct(app, report, 1, "x", first, &actor()).await
    ));
    // And is taken over before that where somebody says so; the trail names who had it.
    step(&practice, id, Step::TakeOver, None, first)
        .await
        .unwrap();
    let trail = app.store.audit(Some(practice.ada.id)).await.unwrap();
    let details = &trail.last().unwrap().details;
    assert_eq!(details["step"], "take_over");
    assert_eq!(details["lock_of"], other.id.to_string());
    // The author always has access.
    step(&practice, id, Step::TakeBack, None, &practice.author)
        .await
        .unwrap();
    assert_eq!(item(&practice, id).await.lock, None);
    review::correct(app, report, 1, "No fever.", &practice.author, &actor())
        .await
        .unwrap();
    assert!(is_refused(
        review::correct(app, report, 2, "x", first, &actor()).await
    ));
}

#[tokio::test]
async fn a_correction_of_an_older_version_is_refused() {
    let practice = Practice::new(Kind::Demo).await;
    let (_, report) = drafted(&practice, "a", Orders::default()).await;
    let (app, author) = (&practice.app, &practice.author);
    review::correct(app, report, 1, "one", author, &actor())
        .await
        .unwrap();
    let before = practice.dump();
    assert!(is_conflict(
        review::correct(app, report, 1, "another", author, &actor()).await
    ));
    assert!(is_refused(
        review::correct(app, report, 2, "another", &practice.colleague, &actor()).await
    ));
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn rejected_and_deleted_need_a_reason_and_what_was_deleted_stays_deleted() {
    let practice = Practice::new(Kind::Demo).await;
    let (author, secretary) = (&practice.author, &practice.secretary);
    let (id, _) = drafted(&practice, "a", typist()).await;
    for words in [None, Some("  ")] {
        assert!(
            step(&practice, id, Step::Reject, words, secretary)
                .await
                .is_err()
        );
    }
    step(&practice, id, Step::Reject, Some("only noise"), secretary)
        .await
        .unwrap();
    assert_eq!(
        item(&practice, id).await.note.as_deref(),
        Some("only noise")
    );
    let own = worklist::next(&practice.app, author, &actor())
        .await
        .unwrap();
    assert_eq!(own.unwrap().dictation_id, id);
    step(&practice, id, Step::Restore, None, author)
        .await
        .unwrap();
    assert_eq!(
        place(&practice, id).await,
        (Phase::Transcribed, State::Pending)
    );
    assert!(is_refused(
        step(&practice, id, Step::Delete, Some("why"), secretary).await
    ));
    step(&practice, id, Step::Delete, Some("dictated twice"), author)
        .await
        .unwrap();
    assert_eq!(items(&practice, WorkFilter::default()).await, []);
    for again in [Step::Restore, Step::Open, Step::TakeBack] {
        assert!(is_conflict(step(&practice, id, again, None, author).await));
    }
    // The same recording may be delivered again.
    let (again, _) = drafted(&practice, "a", typist()).await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn a_dictation_moves_to_another_patient_before_it_is_signed() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, author) = (&practice.app, &practice.author);
    let (id, report) = drafted(&practice, "a", Orders::default()).await;
    let before = practice.dump();
    let own = Named {
        mrn: practice.ada.mrn.clone(),
        birth_date: None,
    };
    assert!(is_refused(
        review::move_to(app, id, &own, "why", author, &actor()).await
    ));
    assert!(
        review::move_to(app, id, &ben(&practice), " ", author, &actor())
            .await
            .is_err()
    );
    let mut wrong = ben(&practice);
    wrong.birth_date = Some(BORN);
    assert!(matches!(
        review::move_to(app, id, &wrong, "why", author, &actor()).await,
        Err(WorkflowError::Refused(_))
    ));
    assert_eq!(practice.dump(), before);

    let mut to = ben(&practice);
    to.birth_date = None;
    let moved = review::move_to(app, id, &to, "the wrong record was open", author, &actor())
        .await
        .unwrap();
    assert_eq!(moved.patient_id, practice.ben.id);
    assert_eq!(moved.identity_verified_at, None);
    assert_eq!(
        app.store.report(report).await.unwrap().patient_id,
        practice.ben.id
    );
    for patient in [practice.ada.id, practice.ben.id] {
        let trail = app.store.audit(Some(patient)).await.unwrap();
        assert!(trail.iter().any(|r| r.action == "dictation.moved"));
    }
    // The second identifier of the new record is asked for before it is filed.
    assert_eq!(signed(&practice, report).await, ReportStatus::Signed);
    assert!(is_conflict(
        review::move_to(app, id, &own, "back", author, &actor()).await
    ));
}

#[tokio::test]
async fn one_recording_with_two_patients_becomes_two_dictations() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, author) = (&practice.app, &practice.author);
    let (id, _) = drafted(&practice, "a", Orders::default()).await;
    let to = ben(&practice);
    for nowhere in [0, 6, 99] {
        let split = review::split(app, id, nowhere, &to, "two", author, &actor()).await;
        assert!(matches!(split, Err(WorkflowError::Invalid(_))), "{nowhere}");
    }
    // A correction covers words 1 to 3.
    let split = review::split(app, id, 2, &to, "two", author, &actor()).await;
    assert!(matches!(split, Err(WorkflowError::Invalid(_))));
    let [first, then] = review::split(app, id, 4, &to, "two patients", author, &actor())
        .await
        .unwrap();
    assert_eq!(
        place(&practice, id).await,
        (Phase::AwaitingSignature, State::Deleted)
    );
    for (part, patient, text) in [
        (first, practice.ada.id, "Continue apixaban"),
        (then, practice.ben.id, "5 mg."),
    ] {
        let dictation = app.store.dictation(part).await.unwrap();
        assert_eq!(dictation.patient_id, patient);
        assert_eq!(
            (dictation.phase, dictation.state),
            (Phase::AwaitingSignature, State::Pending)
        );
        assert_eq!(dictation.takes[0].bytes, 1);
        assert!(dictation.identity_verified_at.is_some());
        let heard = app.store.transcript_of(part).await.unwrap().unwrap();
        assert_eq!(heard.recognition.transcript.text, text);
        let report = app.store.report_of(part).await.unwrap().unwrap();
        assert_eq!(report.patient_id, patient);
        assert_eq!(signed(&practice, report.id).await, ReportStatus::Filed);
    }
    assert_eq!(items(&practice, WorkFilter::default()).await, []);
}

#[tokio::test]
async fn an_addendum_is_signed_like_a_report_and_leaves_the_report_alone() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, author) = (&practice.app, &practice.author);
    let (id, report) = drafted(&practice, "a", Orders::default()).await;
    assert!(is_conflict(
        review::add_to(app, report, "more", None, author, &actor()).await
    ));
    signed(&practice, report).await;
    let filed = app.store.report(report).await.unwrap();
    for (text, user) in [("more", &practice.secretary), (" ", author)] {
        assert!(is_refused(
            review::add_to(app, report, text, None, user, &actor()).await
        ));
    }
    let addendum = review::add_to(
        app,
        report,
        "Allergic to penicillin.",
        None,
        author,
        &actor(),
    )
    .await
    .unwrap();
    // It waits for its author, and is seen.
    let shown = item(&practice, id).await;
    assert_eq!(shown.open_addenda, 1);
    let own = worklist::next(app, author, &actor()).await.unwrap();
    assert_eq!(own.unwrap().dictation_id, id);
    let text = "Allergic to penicillin (rash).";
    review::correct(app, addendum, 1, text, author, &actor())
        .await
        .unwrap();
    assert_eq!(signed(&practice, addendum).await, ReportStatus::Filed);
    assert_eq!(items(&practice, WorkFilter::default()).await, []);
    assert_eq!(app.store.report(report).await.unwrap(), filed);
    let view = app.store.record(practice.ada.id).await.unwrap();
    let reports = &view.dictations[0].reports;
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].0.parent_id, Some(report));
    assert_eq!(reports[1].0.latest.body.text, text);
    assert!(is_conflict(
        review::add_to(app, addendum, "more", None, author, &actor()).await
    ));
}

#[tokio::test]
async fn a_report_in_the_wrong_record_is_retracted_and_filed_anew() {
    let practice = Practice::new(Kind::Demo).await;
    let (app, author) = (&practice.app, &practice.author);
    let (id, report) = drafted(&practice, "a", Orders::default()).await;
    assert!(is_conflict(
        review::retract(app, report, "why", None, author, &actor()).await
    ));
    review::correct(app, report, 1, "No fever.", author, &actor())
        .await
        .unwrap();
    signed(&practice, report).await;
    assert!(is_refused(
        review::retract(app, report, "why", None, &practice.secretary, &actor()).await
    ));
    let filed = app.store.report(report).await.unwrap();
    let right = ben(&practice);
    let anew = review::retract(app, report, "wrong record", Some(&right), author, &actor())
        .await
        .unwrap()
        .unwrap();
    // What was signed stays to be read, with the mark.
    let mut retracted = app.store.report(report).await.unwrap();
    let mark = retracted.retraction.take().unwrap();
    assert_eq!((mark.by, mark.reason.as_str()), (author.id, "wrong record"));
    assert_eq!(retracted, filed);
    assert_eq!(place(&practice, id).await, (Phase::Filed, State::Deleted));
    let listed = record::reports(app, Some(&practice.ada.mrn), None)
        .await
        .unwrap();
    assert!(listed[0].is_retracted);
    assert!(is_conflict(
        review::retract(app, report, "again", None, author, &actor()).await
    ));
    assert!(is_conflict(
        review::add_to(app, report, "more", None, author, &actor()).await
    ));
    // The right record has a draft with the signed text.
    let moved = app.store.report_of(anew).await.unwrap().unwrap();
    assert_eq!(moved.patient_id, practice.ben.id);
    assert_eq!(moved.latest.body.text, "No fever.");
    assert_eq!(signed(&practice, moved.id).await, ReportStatus::Filed);
    let raw = practice.raw();
    for change in [
        "UPDATE retractions SET reason = 'x'",
        "DELETE FROM retractions",
        "UPDATE steps SET note = 'x'",
        "DELETE FROM steps",
        "INSERT OR REPLACE INTO steps SELECT * FROM steps",
        "UPDATE dictations SET state = 'done' WHERE state = 'deleted'",
        "UPDATE dictations SET phase = 'recorded', state = 'pending' WHERE phase = 'filed'",
    ] {
        assert!(raw.execute(change, []).is_err(), "{change}");
    }
}

// The list.

async fn received(practice: &Practice, name: &str, priority: Priority) -> DictationId {
    let mut request = practice.request(practice.recording(name, name.as_bytes()));
    request.orders = Orders {
        priority,
        route: Route::Secretary,
    };
    intake::receive(&practice.app, request, &actor())
        .await
        .unwrap()
        .id
}

#[tokio::test]
async fn the_list_is_in_order_and_filtered_and_counted() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let soon = DueTimes([(Priority::Routine, 30)].into());
    app.store
        .set_due_times("dictation".into(), soon, app.stamp(&actor()))
        .await
        .unwrap();
    let routine = received(&practice, "1", Priority::Routine).await;
    let urgent = received(&practice, "2", Priority::Urgent).await;
    practice.clock.pass(60);
    let stat = received(&practice, "3", Priority::Stat).await;
    let (drafted, _) = drafted(&practice, "4", typist()).await;
    let list = async |filter| -> Vec<DictationId> {
        items(&practice, filter)
            .await
            .into_iter()
            .map(|i| i.dictation_id)
            .collect()
    };
    let all = WorkFilter::default;
    assert_eq!(list(all()).await, [stat, urgent, routine, drafted]);
    let page = WorkFilter {
        after: Some(items(&practice, all()).await[0].cursor),
        most: Some(2),
        ..all()
    };
    assert_eq!(list(page).await, [urgent, routine]);
    let in_tray = async |tray| {
        let midnight = worklist::midnight(&practice.app);
        let tray = Some((tray, midnight));
        list(WorkFilter { tray, ..all() }).await
    };
    assert_eq!(in_tray(Tray::UnderWay).await, [stat, urgent, routine]);
    assert_eq!(in_tray(Tray::ToCorrect).await, [drafted]);
    for empty in [Tray::Questions, Tray::ToSign, Tray::Rejected, Tray::Filed] {
        assert_eq!(in_tray(empty).await, []);
    }
    let only = |change: fn(&mut WorkFilter)| {
        let mut filter = all();
        change(&mut filter);
        filter
    };
    assert_eq!(
        list(only(|f| f.phase = Some(Phase::Transcribed))).await,
        [drafted]
    );
    assert_eq!(
        list(only(|f| f.priority = Some(Priority::Stat))).await,
        [stat]
    );
    assert_eq!(list(only(|f| f.kind = Some("letter".into()))).await, []);
    let of = WorkFilter {
        author_id: Some(practice.colleague.id),
        ..all()
    };
    assert_eq!(list(of).await, []);
    let of = WorkFilter {
        patient_id: Some(practice.ada.id),
        state: Some(State::Pending),
        ..all()
    };
    assert_eq!(list(of).await.len(), 4);
    let stamp = app.stamp(&actor());
    let member = practice.secretary.id;
    app.store
        .set_pool_member("surgery".into(), member, true, stamp)
        .await
        .unwrap();
    worklist::assign(app, routine, Assignment::Pool("surgery".into()), &actor())
        .await
        .unwrap();
    let person = Assignment::Person(practice.secretary.id);
    worklist::assign(app, urgent, person.clone(), &actor())
        .await
        .unwrap();
    for (assigned, expected) in [
        (Assignment::Pool("surgery".into()), vec![routine]),
        (person, vec![urgent]),
        (Assignment::Nobody, vec![stat, drafted]),
    ] {
        let filter = WorkFilter {
            assigned: Some(assigned),
            ..all()
        };
        assert_eq!(list(filter).await, expected);
    }

    // Due by document type and priority: 30 minutes for these, 60 for STAT, 240 for urgent.
    practice.clock.pass(30 * 60 - 59);
    let counts = worklist::counts(app, all()).await.unwrap();
    let sum = |of: fn(&osler::store::Count) -> u32| counts.iter().map(of).sum::<u32>();
    assert_eq!((sum(|c| c.waiting), sum(|c| c.overdue)), (4, 1));
    let late = WorkFilter {
        due_before: Some(app.clock.now()),
        ..all()
    };
    assert_eq!(list(late).await, [routine]);
    worklist::prioritise(app, routine, Priority::Urgent, &actor())
        .await
        .unwrap();
    let counts = worklist::counts(app, all()).await.unwrap();
    assert_eq!(counts.iter().map(|c| c.overdue).sum::<u32>(), 0);
}

#[tokio::test]
async fn each_of_two_secretaries_gets_another_item_the_most_urgent_first() {
    let practice = Practice::new(Kind::Demo).await;
    let other = another_secretary(&practice).await;
    let (app, one) = (&practice.app, &practice.secretary);
    let (routine, _) = drafted(&practice, "1", typist()).await;
    let stat = Orders {
        priority: Priority::Stat,
        ..typist()
    };
    let (stat, _) = drafted(&practice, "2", stat).await;
    let (a, b) = (actor(), actor());
    let (first, second) = tokio::join!(
        worklist::next(app, one, &a),
        worklist::next(app, &other, &b)
    );
    let mut got = [
        first.unwrap().unwrap().dictation_id,
        second.unwrap().unwrap().dictation_id,
    ];
    got.sort_by_key(|id| *id != stat);
    assert_eq!(got, [stat, routine]);
    assert_eq!(worklist::next(app, one, &actor()).await.unwrap(), None);
    // A colleague who did not dictate has nothing to sign.
    let colleague = &practice.colleague;
    assert_eq!(
        worklist::next(app, colleague, &actor()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn what_is_assigned_is_offered_to_those_it_is_assigned_to() {
    let practice = Practice::new(Kind::Demo).await;
    let other = another_secretary(&practice).await;
    let (app, one) = (&practice.app, &practice.secretary);
    let (pooled, _) = drafted(&practice, "1", typist()).await;
    let (put_aside, _) = drafted(&practice, "2", typist()).await;
    let surgery = || Assignment::Pool("surgery".into());
    let put = async |user: &User, is_member| {
        let stamp = app.stamp(&actor());
        let pool = "surgery".to_owned();
        app.store
            .set_pool_member(pool, user.id, is_member, stamp)
            .await
    };
    // Nobody would ever take it from there.
    let nobody = worklist::assign(app, pooled, surgery(), &actor()).await;
    assert!(nobody.unwrap_err().is_not_found());
    let first = users::add(app, "s.x", "Xenia First", Role::Secretary, &actor())
        .await
        .unwrap();
    put(&first, true).await.unwrap();
    worklist::assign(app, pooled, surgery(), &actor())
        .await
        .unwrap();
    let last = put(&first, false).await;
    assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
    let next = async |user: &User| {
        worklist::next(app, user, &actor())
            .await
            .unwrap()
            .map(|i| i.dictation_id)
    };
    assert_eq!(next(one).await, Some(put_aside));
    step(&practice, put_aside, Step::PutAside, None, one)
        .await
        .unwrap();
    assert_eq!(next(&other).await, None);
    put(&other, true).await.unwrap();
    put(&first, false).await.unwrap();
    assert_eq!(next(&other).await, Some(pooled));
    assert_eq!(next(one).await, Some(put_aside));
    // What is over is not assigned, and a pool has a name.
    step(
        &practice,
        put_aside,
        Step::Delete,
        Some("x"),
        &practice.author,
    )
    .await
    .unwrap();
    assert!(is_conflict(
        worklist::assign(app, put_aside, Assignment::Nobody, &actor()).await
    ));
    let nameless = Assignment::Pool(" ".into());
    assert!(
        worklist::assign(app, pooled, nameless, &actor())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn turnaround_runs_from_an_explicit_start_to_an_explicit_stop() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let start = app.clock.now();
    let mut reports = Vec::new();
    for (name, minutes) in [("1", 10), ("2", 20), ("3", 90)] {
        let stat = Orders {
            priority: Priority::Stat,
            ..Orders::default()
        };
        let mut request = practice.request(practice.recording(name, name.as_bytes()));
        request.orders = stat;
        let id = intake::receive(app, request, &actor()).await.unwrap().id;
        practice.clock.pass(60);
        let completed = intake::complete(app, id, recognition(), &actor())
            .await
            .unwrap();
        practice.clock.pass(60 * minutes);
        reports.push(completed.report_id);
        signed(&practice, completed.report_id).await;
    }
    // One is still open, and one was deleted.
    received(&practice, "open", Priority::Stat).await;
    let gone = received(&practice, "gone", Priority::Stat).await;
    step(&practice, gone, Step::Delete, Some("x"), &practice.author)
        .await
        .unwrap();
    let of = |start_mark, stop_mark| Turnaround {
        start: start_mark,
        stop: stop_mark,
        from: start,
        until: app.clock.now() + jiff::SignedDuration::from_secs(1),
        kind: None,
        priority: None,
    };
    let figures = worklist::turnaround(app, of(Mark::Received, Mark::Filed))
        .await
        .unwrap();
    assert_eq!((figures.finished, figures.open), (3, 1));
    assert_eq!(figures.seconds, Some((21 * 60, 91 * 60, 91 * 60)));
    // STAT is due after an hour.
    assert_eq!(figures.late, 1);
    let figures = worklist::turnaround(app, of(Mark::Received, Mark::Drafted))
        .await
        .unwrap();
    assert_eq!(figures.seconds, Some((60, 60, 60)));
    let figures = worklist::turnaround(app, of(Mark::Drafted, Mark::Signed))
        .await
        .unwrap();
    assert_eq!((figures.finished, figures.open), (3, 0));
    assert_eq!(figures.seconds, Some((1200, 5400, 5400)));
    let mut none = of(Mark::Received, Mark::Filed);
    none.kind = Some("letter".into());
    assert_eq!(worklist::turnaround(app, none).await.unwrap().finished, 0);
    let same = of(Mark::Filed, Mark::Filed);
    assert!(worklist::turnaround(app, same).await.is_err());

    let days = worklist::volume(app, 3).await.unwrap();
    let today = app.clock.today();
    assert_eq!(days.len(), 3);
    assert_eq!((days[2].date, days[0].received), (today, 0));
    assert_eq!((days[2].received, days[2].signed), (5, 3));
    assert!(worklist::volume(app, 0).await.is_err());
}

/// A database of the first schema, with a report that waits, one that is filed, and a recording whose engine was killed.
#[tokio::test]
async fn what_an_older_version_left_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(osler::store::FILE_NAME);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(include_str!("../src/store/migrations/0001_initial.sql"))
        .unwrap();
    let id = |n: u8| format!("00000000-0000-7000-8000-0000000000{n:02}");
    raw.execute_batch(&format!(
        "INSERT INTO meta VALUES ('kind', 'demo');
         INSERT INTO users VALUES ('{u}', 'dr.a', 'A', 'physician', 1);
         INSERT INTO patients VALUES ('{p}', 'A-1', 'W', 'A', '1961-03-14', 'female', 1);
         INSERT INTO dictations VALUES ('{d1}', '{p}', NULL, '{u}', 'recorded', 'in_progress', NULL, 1000000);
         INSERT INTO dictations VALUES ('{d2}', '{p}', NULL, '{u}', 'awaiting_signature', 'pending', NULL, 2000000);
         INSERT INTO reports VALUES ('{r}', '{d2}', '{p}', '{u}', 'draft', NULL, 3000000, NULL);
         PRAGMA user_version = 1;",
        u = id(1),
        p = id(2),
        d1 = id(3),
        d2 = id(4),
        r = id(5),
    ))
    .unwrap();
    drop(raw);
    let clock = crate::support::practice::TestClock::at("2025-03-03T09:00:00Z");
    let app = crate::support::practice::open_earlier(folder.path(), clock.clone()).await;
    let list = app.store.worklist(WorkFilter::default()).await.unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(app.store.lost().await.unwrap(), []);
    let claims = app
        .store
        .claim_transcriptions(9, false, app.stamp(&actor()))
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    let history = app.store.history(list[1].dictation_id).await.unwrap();
    assert_eq!(history[1].step, Step::DraftForAuthor);
    assert_eq!(list[1].due_at.as_second(), 86_402);
}

#[tokio::test]
async fn the_same_recording_again_keeps_its_orders() {
    let practice = Practice::new(Kind::Demo).await;
    let id = received(&practice, "1", Priority::Stat).await;
    let request = practice.request(practice.recording("1", b"1"));
    let again = intake::receive(&practice.app, request, &actor())
        .await
        .unwrap();
    assert_eq!(again.id, id);
    assert_eq!(again.orders.priority, Priority::Stat);
    let new = osler::store::NewDictation {
        patient_id: practice.ben.id,
        encounter_id: None,
        author_id: practice.author.id,
        recording: osler::store::NewTake {
            sha256: again.takes[0].sha256.clone(),
            bytes: 1,
            original_name: "1".into(),
        },
        made_of: Vec::new(),
        identity_verified: false,
        orders: Orders::default(),
        note: None,
        placed: Vec::new(),
    };
    let stamp = practice.app.stamp(&actor());
    let received = practice.app.store.receive_dictation(new, stamp).await;
    assert_eq!(received.unwrap(), Received::OtherPatient);
}
