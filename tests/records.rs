//! From a recording to a filed report, with a recognition that no engine made; and the commands around it.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{BORN, Practice, REPORT, actor, mrn, recognition};
use crate::support::real;
use crate::support::voice::voice;
use jiff::civil::date;
use osler::audio::{Input, OpenOptions};
use osler::cli::exit::{Code, Failure};
use osler::domain::dictation::{Phase, State};
use osler::domain::finding::{FindingKind, Severity};
use osler::domain::ids::ReportId;
use osler::domain::patient::EntryKind;
use osler::domain::report::ReportStatus;
use osler::domain::signature::Authentication;
use osler::domain::user::User;
use osler::speech::engine::Cancel;
use osler::speech::pool::Pool;
use osler::store::{Kind, StoreError};
use osler::workflow::intake::{self, IntakeError, Request, Taken};
use osler::workflow::layers::Background;
use osler::workflow::patients::Change;
use osler::workflow::sign::Signed;
use osler::workflow::transcribe::{Options, transcribe};
use osler::workflow::{Refusal, WorkflowError, demo, patients, record, sign, users};
use std::io::Read;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn take_in(practice: &Practice, request: Request) -> Taken {
    intake::run(&practice.app, request, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap()
}

/// The refusal of an intake, which must not get as far as the engine.
async fn refused(practice: &Practice, request: Request) -> WorkflowError {
    let result = intake::run(&practice.app, request, &actor(), |_: &Input, _| {
        panic!("the engine was asked")
    })
    .await;
    match result {
        Err(IntakeError::<()>::Workflow(e)) => e,
        other => panic!("{other:?}"),
    }
}

async fn sign_it(
    practice: &Practice,
    id: ReportId,
    signer: &User,
    birth_date: Option<jiff::civil::Date>,
) -> Result<Signed, WorkflowError> {
    let by = Authentication::NoneCli;
    sign::sign(&practice.app, id, signer, birth_date, by, &actor()).await
}

#[tokio::test]
async fn a_recording_becomes_a_draft_that_waits_for_its_author() {
    let practice = Practice::new(Kind::Demo).await;
    let recording = practice.recording("visit.wav", b"the sound of a visit");
    let heard = Arc::new(AtomicUsize::new(0));
    let seen = heard.clone();
    let request = practice.request(recording);
    let taken = intake::run(&practice.app, request, &actor(), move |stored, _| {
        // What is transcribed is what is stored.
        assert_eq!(read(stored), b"the sound of a visit");
        seen.fetch_add(1, Ordering::SeqCst);
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    assert!(!taken.was_there);
    let dictation = &taken.dictation;
    assert_eq!(
        (dictation.phase, dictation.state),
        (Phase::AwaitingSignature, State::Pending)
    );
    assert_eq!(dictation.takes[0].original_name, "visit.wav");
    assert_eq!(dictation.takes[0].bytes, 20);

    let view = record::report(&practice.app, taken.report_id)
        .await
        .unwrap();
    assert_eq!(view.report.status, ReportStatus::Draft);
    assert_eq!(view.report.latest.body, recognition().report);
    assert_eq!((view.versions.len(), view.versions[0].version), (1, 1));
    assert_eq!(view.versions[0].made_by, None);
    let transcript = view.transcript.unwrap();
    assert_eq!(transcript.recognition, recognition());
    assert_eq!(transcript.dictionary_version.as_deref(), Some("en-1"));
    assert_eq!(
        practice.actions().await,
        [
            "dictation.received",
            "dictation.identity_verified",
            "dictation.transcription_started",
            "dictation.transcribed"
        ]
    );
}

/// What a reviewer is asked about when this is dictated for the record of the practice's patient. Each recording is
/// another one: the same sound is taken in once.
async fn dictated(
    practice: &Practice,
    seconds: f64,
    said: &'static str,
) -> Vec<(FindingKind, Severity)> {
    let path = practice.recording("visit.wav", b"");
    real::write_wav(&path, &voice(seconds));
    let request = practice.request(path);
    let pool = Pool::new(Arc::new(ScriptedEngine::new([Line::Says(said)])), 1).unwrap();
    let taken = intake::run(
        &practice.app,
        request,
        &actor(),
        move |stored, background| {
            let options = Options {
                language: "en".into(),
                patient: Some(background.patient.clone()),
                ..Options::default()
            };
            let cancel = Cancel::default();
            transcribe(
                stored,
                &pool,
                real::index(),
                &options,
                &cancel,
                &mut |_, _| {},
            )
        },
    )
    .await
    .unwrap();
    let view = record::report(&practice.app, taken.report_id)
        .await
        .unwrap();
    let findings = view.transcript.unwrap().recognition.findings;
    findings
        .iter()
        .filter(|f| f.severity > Severity::Info)
        .map(|f| (f.kind, f.severity))
        .collect()
}

async fn allergy(practice: &Practice, change: Change, text: &str) -> Result<(), WorkflowError> {
    let (mrn, actor) = (mrn("A-1"), actor());
    patients::change_entry(
        &practice.app,
        &mrn,
        change,
        EntryKind::Allergy,
        text,
        &actor,
    )
    .await
}

#[tokio::test]
async fn what_is_dictated_is_compared_with_the_record() {
    const SAID: &str = "start amoxicillin 500 mg three times daily period";
    let practice = Practice::new(Kind::Demo).await;
    assert_eq!(dictated(&practice, 3.0, SAID).await, []);
    allergy(&practice, Change::Add, " penicillin ")
        .await
        .unwrap();
    assert!(matches!(
        allergy(&practice, Change::Add, "penicillin").await,
        Err(WorkflowError::Store(StoreError::Conflict(_)))
    ));
    assert_eq!(
        dictated(&practice, 3.1, SAID).await,
        [(FindingKind::AllergyConflict, Severity::Critical)]
    );
    allergy(&practice, Change::Withdraw, "penicillin")
        .await
        .unwrap();
    assert!(
        allergy(&practice, Change::Withdraw, "penicillin")
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(dictated(&practice, 3.2, SAID).await, []);
    // Age, sex and name are those of the record.
    let other = "patient name is John Brown. This is a 12-year-old boy with cough period";
    let kinds: Vec<FindingKind> = dictated(&practice, 4.0, other)
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert!(kinds.contains(&FindingKind::OtherPatient), "{kinds:?}");
    assert!(
        kinds.contains(&FindingKind::PatientContradiction),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn the_audit_trail_holds_no_text_of_the_patient() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("winter ada.wav", b"sound"));
    let taken = take_in(&practice, request).await;
    sign_it(&practice, taken.report_id, &practice.author, None)
        .await
        .unwrap();
    let trail = practice
        .dump()
        .into_iter()
        .filter(|row| row.starts_with("audit"));
    for row in trail {
        for private in ["Winter", "winter", "Ada", "1961-03-14", "apixaban", "A-1"] {
            assert!(!row.contains(private), "{row}");
        }
    }
}

#[tokio::test]
async fn a_wrong_date_of_birth_stores_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let before = practice.dump();
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.birth_date = Some(date(1961, 3, 15));
    let error = refused(&practice, request).await;
    let message = error.to_string();
    assert!(
        message.contains("A-1") && !message.contains("1961"),
        "{message}"
    );
    assert_eq!(Failure::from(error).code, Code::Refused);
    assert_eq!(practice.dump(), before);
    assert_eq!(practice.sounds(), 0);
}

#[tokio::test]
async fn the_same_recording_again_is_the_same_dictation() {
    let practice = Practice::new(Kind::Demo).await;
    let first = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    let before = practice.dump();
    let request = practice.request(practice.recording("copy of a.wav", b"sound"));
    let again = intake::run(&practice.app, request, &actor(), |_: &Input, _| {
        panic!("transcribed twice")
    })
    .await;
    let again = match again {
        Ok::<_, IntakeError<()>>(taken) => taken,
        Err(e) => panic!("{e:?}"),
    };
    assert!(again.was_there);
    assert_eq!(
        (again.report_id, again.dictation),
        (first.report_id, first.dictation)
    );
    assert_eq!(practice.dump(), before);
    assert_eq!(practice.sounds(), 1);
}

#[tokio::test]
async fn a_date_of_birth_that_comes_with_the_second_delivery_counts() {
    let practice = Practice::new(Kind::Demo).await;
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.birth_date = None;
    let first = take_in(&practice, request).await;
    assert_eq!(first.dictation.identity_verified_at, None);
    practice.clock.set("2025-03-03T10:00:00Z");
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let again = take_in(&practice, request).await;
    let at: jiff::Timestamp = "2025-03-03T10:00:00Z".parse().unwrap();
    assert_eq!(again.dictation.identity_verified_at, Some(at));
}

#[tokio::test]
async fn the_recording_of_another_patient_is_refused_without_naming_them() {
    let practice = Practice::new(Kind::Demo).await;
    take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    let before = practice.dump();
    let mut request = practice.request(practice.recording("b.wav", b"sound"));
    request.mrn = practice.ben.mrn.clone();
    request.birth_date = None;
    let error = refused(&practice, request).await;
    let message = error.to_string();
    assert!(
        message.contains("b.wav") && message.contains("another patient"),
        "{message}"
    );
    for private in ["A-1", "Winter", "Ada"] {
        assert!(!message.contains(private), "{message}");
    }
    assert_eq!(Failure::from(error).code, Code::Refused);
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn the_same_recording_with_another_author_or_encounter_is_refused() {
    let practice = Practice::new(Kind::Demo).await;
    demo::seed(&practice.app, &actor()).await.unwrap();
    let patient = record::show(&practice.app, &mrn("D-1001")).await.unwrap();
    let mut first = practice.request(practice.recording("a.wav", b"sound"));
    first.mrn = mrn("D-1001");
    first.birth_date = None;
    let taken = take_in(&practice, first.clone()).await;
    let before = practice.dump();

    // With the second identifier, which must not be counted as checked.
    first.birth_date = Some(patient.stored.patient.birth_date);
    let mut other_author = first.clone();
    other_author.author = practice.colleague.clone();
    let mut other_encounter = first.clone();
    other_encounter.encounter = Some(patient.stored.encounters[0].id.to_string());
    for (request, part) in [
        (other_author, "another author"),
        (other_encounter, "does not belong to encounter"),
    ] {
        let error = refused(&practice, request).await;
        let message = error.to_string();
        assert!(
            message.contains(part) && message.contains("a.wav"),
            "{message}"
        );
        assert!(!message.contains("Whitfield"), "{message}");
        assert_eq!(Failure::from(error).code, Code::Refused);
        assert_eq!(practice.dump(), before);
    }
    assert_eq!(take_in(&practice, first).await.report_id, taken.report_id);
}

#[test]
fn a_header_without_samples_and_a_folder_are_no_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(&bare, spec)
        .unwrap()
        .finalize()
        .unwrap();
    let check = |path: &Path| {
        intake::check_recording(path, &OpenOptions::default())
            .unwrap_err()
            .to_string()
    };
    assert!(check(&bare).contains("0 samples"), "{}", check(&bare));
    let said = check(folder.path());
    assert!(said.contains("this is a folder"), "{said}");
    #[cfg(unix)]
    assert!(
        check(Path::new("/dev/null")).contains("a device or a pipe"),
        "{}",
        check(Path::new("/dev/null"))
    );
}

#[tokio::test]
async fn files_that_are_no_recording_are_named_and_store_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let before = practice.dump();
    let folder = practice.recording("x", b"").parent().unwrap().to_path_buf();
    let empty = practice.recording("empty.wav", b"");
    for (path, reason) in [
        (folder.join("gone.wav"), "no such file"),
        (empty, "empty"),
        (folder, "folder"),
        #[cfg(unix)]
        ("/dev/null".into(), "a device or a pipe"),
    ] {
        let name = path.display().to_string();
        let error = refused(&practice, practice.request(path)).await;
        let message = error.to_string();
        assert!(
            message.contains(reason) && message.contains(&name),
            "{message}"
        );
        assert_eq!(Failure::from(error).code, Code::Input);
    }
    assert_eq!(practice.dump(), before);
    assert_eq!(practice.sounds(), 0);
}

#[tokio::test]
async fn an_encounter_of_another_patient_is_refused() {
    let practice = Practice::new(Kind::Demo).await;
    demo::seed(&practice.app, &actor()).await.unwrap();
    let other = record::show(&practice.app, &mrn("D-1001")).await.unwrap();
    let encounter = other.stored.encounters[0].id;
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.encounter = Some(encounter.to_string());
    let error = refused(&practice, request.clone()).await;
    assert!(
        matches!(
            error,
            WorkflowError::Refused(Refusal::OtherEncounter { .. })
        ),
        "{error}"
    );

    request.mrn = mrn("D-1001");
    request.birth_date = None;
    let taken = take_in(&practice, request).await;
    assert_eq!(taken.dictation.encounter_id, Some(encounter));
}

#[tokio::test]
async fn a_run_that_was_killed_is_taken_up_by_the_next() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    // As far as a run gets before the engine answers.
    let killed = intake::receive(&practice.app, request.clone(), &actor())
        .await
        .unwrap();
    practice
        .app
        .store
        .start_transcription(killed.id, practice.app.stamp(&actor()))
        .await
        .unwrap();
    let practice = practice.reopen().await;
    let waiting = practice.app.store.dictation(killed.id).await.unwrap();
    assert_eq!(
        (waiting.phase, waiting.state),
        (Phase::Recorded, State::InProgress)
    );

    let taken = take_in(&practice, request).await;
    assert_eq!(taken.dictation.id, killed.id);
    assert_eq!(taken.dictation.phase, Phase::AwaitingSignature);
    assert_eq!(
        record::reports(&practice.app, None, None)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(practice.sounds(), 1);
}

#[tokio::test]
async fn a_failed_transcription_leaves_the_recording_waiting() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let failed = intake::run(&practice.app, request.clone(), &actor(), |_, _| {
        Err("no model")
    })
    .await;
    let Err(IntakeError::Transcription {
        dictation_id,
        error,
    }) = failed
    else {
        panic!("{failed:?}");
    };
    assert_eq!(error, "no model");
    let waiting = practice.app.store.dictation(dictation_id).await.unwrap();
    assert_eq!(
        (waiting.phase, waiting.state),
        (Phase::Recorded, State::Pending)
    );
    assert_eq!(
        practice.actions().await.last().unwrap(),
        "dictation.transcription_failed"
    );
    assert_eq!(take_in(&practice, request).await.dictation.id, dictation_id);
}

#[tokio::test]
async fn an_engine_that_panics_leaves_the_recording_waiting() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let failed = intake::run(&practice.app, request.clone(), &actor(), |_: &Input, _| {
        panic!("as an engine might")
    })
    .await;
    assert!(
        matches!(failed, Err(IntakeError::<()>::Workflow(_))),
        "{failed:?}"
    );
    let taken = take_in(&practice, request).await;
    assert!(!taken.was_there);
}

#[tokio::test]
async fn of_two_runs_over_one_recording_the_first_draft_stands() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("a.wav", b"sound"));
    let dictation = intake::receive(&practice.app, request.clone(), &actor())
        .await
        .unwrap();
    let (store, stamp) = (practice.app.store.clone(), practice.app.stamp(&actor()));
    let runtime = tokio::runtime::Handle::current();
    let taken = intake::run(&practice.app, request, &actor(), move |_, _| {
        // Somebody else is done first.
        runtime
            .block_on(store.complete_dictation(dictation.id, recognition(), stamp))
            .unwrap();
        let mut late = recognition();
        late.report.text = "late".into();
        Ok::<_, ()>(late)
    })
    .await
    .unwrap();
    assert!(taken.was_there);
    let report = practice.app.store.report(taken.report_id).await.unwrap();
    assert_eq!(report.latest.body.text, REPORT);
    assert_eq!(
        record::reports(&practice.app, None, None)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn signing_files_when_both_identifiers_were_checked() {
    let practice = Practice::new(Kind::Demo).await;
    let taken = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    practice.clock.set("2025-03-03T11:30:00Z");
    let signed = sign_it(&practice, taken.report_id, &practice.author, None)
        .await
        .unwrap();
    assert_eq!(signed.critical_findings, 1);
    let report = signed.report;
    let at: jiff::Timestamp = "2025-03-03T11:30:00Z".parse().unwrap();
    assert_eq!(
        (report.status, report.filed_at),
        (ReportStatus::Filed, Some(at))
    );
    let signature = report.signature.unwrap();
    assert_eq!(signature.signer_name, "Anna Author, MD");
    assert_eq!((signature.signed_at, signature.version), (at, 1));
    assert_eq!(signature.authentication.as_str(), "none (cli)");
    assert_eq!(signature.meaning, "authorship");
    assert_eq!(
        signature.text_sha256,
        osler::store::blobs::text_sha256(REPORT)
    );
    let dictation = practice
        .app
        .store
        .dictation(taken.dictation.id)
        .await
        .unwrap();
    assert_eq!(
        (dictation.phase, dictation.state),
        (Phase::Filed, State::Done)
    );
    assert!(
        practice
            .actions()
            .await
            .ends_with(&["report.signed".into(), "report.filed".into()])
    );
}

#[tokio::test]
async fn without_the_date_of_birth_a_report_is_signed_and_filed_later() {
    for again_by_signing in [false, true] {
        let practice = Practice::new(Kind::Demo).await;
        let mut request = practice.request(practice.recording("a.wav", b"sound"));
        request.birth_date = None;
        let id = take_in(&practice, request).await.report_id;
        let error = sign::file(&practice.app, id, Some(BORN), &actor())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("not signed"), "{error}");

        let signed = sign_it(&practice, id, &practice.author, None)
            .await
            .unwrap();
        assert_eq!(
            (signed.report.status, signed.report.filed_at),
            (ReportStatus::Signed, None)
        );
        let before = practice.dump();
        let wrong = Some(date(1999, 1, 1));
        let error = sign::file(&practice.app, id, wrong, &actor())
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            WorkflowError::Refused(Refusal::IdentityMismatch { .. })
        ));
        let error = sign::file(&practice.app, id, None, &actor())
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            WorkflowError::Refused(Refusal::IdentityOpen)
        ));
        let error = sign_it(&practice, id, &practice.author, None)
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            WorkflowError::Refused(Refusal::IdentityOpen)
        ));
        assert_eq!(practice.dump(), before);

        let filed = if again_by_signing {
            sign_it(&practice, id, &practice.author, Some(BORN))
                .await
                .unwrap()
        } else {
            sign::file(&practice.app, id, Some(BORN), &actor())
                .await
                .unwrap()
        };
        assert_eq!(filed.report.status, ReportStatus::Filed);
        assert!(practice.actions().await.ends_with(&[
            "report.signed".into(),
            "dictation.identity_verified".into(),
            "report.filed".into()
        ]));
    }
}

#[tokio::test]
async fn a_wrong_date_of_birth_signs_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.birth_date = None;
    let id = take_in(&practice, request).await.report_id;
    let before = practice.dump();
    let wrong = Some(date(1999, 1, 1));
    let error = sign_it(&practice, id, &practice.author, wrong)
        .await
        .unwrap_err();
    assert_eq!(Failure::from(error).code, Code::Refused);
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn only_the_author_signs() {
    let practice = Practice::new(Kind::Demo).await;
    let id = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await
    .report_id;
    let before = practice.dump();
    for signer in [&practice.colleague, &practice.secretary] {
        let error = sign_it(&practice, id, signer, None).await.unwrap_err();
        assert!(error.to_string().contains(&signer.username), "{error}");
        assert_eq!(Failure::from(error).code, Code::Refused);
    }
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn an_empty_report_is_not_signed() {
    let practice = Practice::new(Kind::Demo).await;
    let request = practice.request(practice.recording("silence.wav", b"sound"));
    let mut silent = recognition();
    silent.report.text.clear();
    let taken = intake::run(&practice.app, request, &actor(), |_, _| Ok::<_, ()>(silent))
        .await
        .unwrap();
    let before = practice.dump();
    let error = sign_it(&practice, taken.report_id, &practice.author, None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("nobody speaks"), "{error}");
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn a_real_practice_takes_no_signature_from_the_command_line() {
    let practice = Practice::new(Kind::Practice).await;
    let id = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await
    .report_id;
    let before = practice.dump();
    let error = sign_it(&practice, id, &practice.author, None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("real practice"), "{error}");
    assert_eq!(Failure::from(error).code, Code::Refused);
    let error = demo::seed(&practice.app, &actor()).await.unwrap_err();
    assert_eq!(Failure::from(error).code, Code::Refused);
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn a_filed_report_is_not_signed_filed_or_drafted_again() {
    let practice = Practice::new(Kind::Demo).await;
    let taken = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    let id = taken.report_id;
    sign_it(&practice, id, &practice.author, None)
        .await
        .unwrap();
    let before = practice.dump();
    let conflict = |e: WorkflowError| matches!(e, WorkflowError::Store(StoreError::Conflict(_)));
    assert!(conflict(
        sign_it(&practice, id, &practice.author, Some(BORN))
            .await
            .unwrap_err()
    ));
    assert!(conflict(
        sign::file(&practice.app, id, Some(BORN), &actor())
            .await
            .unwrap_err()
    ));
    let again = intake::complete(&practice.app, taken.dictation.id, recognition(), &actor()).await;
    assert!(conflict(again.unwrap_err()));
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn a_report_is_found_by_the_beginning_or_the_end_of_its_identifier() {
    let practice = Practice::new(Kind::Demo).await;
    let a = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    let b = take_in(
        &practice,
        practice.request(practice.recording("b.wav", b"other")),
    )
    .await;
    let store = &practice.app.store;
    let full = a.report_id.to_string();
    for typed in [&full, &full[28..], &full[30..].to_uppercase(), &full[19..]] {
        assert_eq!(
            store.find_report(typed).await.unwrap(),
            a.report_id,
            "{typed}"
        );
    }
    // Both were made in the same moment, and identifiers begin with it.
    assert_eq!(full[..8], b.report_id.to_string()[..8]);
    let error = store.find_report(&full[..8]).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    for unknown in ["ffffffff", "12345", "' OR 1=1", "%%%%%%"] {
        let error = store.find_report(unknown).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound(_)), "{error}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_newest_first() {
    let practice = Practice::new(Kind::Demo).await;
    let a = take_in(
        &practice,
        practice.request(practice.recording("a.wav", b"sound")),
    )
    .await;
    practice.clock.set("2025-03-04T09:00:00Z");
    let mut request = practice.request(practice.recording("b.wav", b"other"));
    request.mrn = practice.ben.mrn.clone();
    request.birth_date = None;
    let b = take_in(&practice, request).await;
    sign_it(&practice, a.report_id, &practice.author, None)
        .await
        .unwrap();
    let list = async |mrn: Option<&str>, status| {
        let mrn = mrn.map(|m| m.parse().unwrap());
        let found = record::reports(&practice.app, mrn.as_ref(), status)
            .await
            .unwrap();
        found.into_iter().map(|r| r.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None).await, [b.report_id, a.report_id]);
    assert_eq!(list(Some("a-1"), None).await, [a.report_id]);
    assert_eq!(list(None, Some(ReportStatus::Draft)).await, [b.report_id]);
    assert_eq!(list(Some("B-2"), Some(ReportStatus::Filed)).await, []);
}

#[tokio::test]
async fn names_and_dates_are_checked_before_they_are_stored() {
    let practice = Practice::new(Kind::Demo).await;
    let before = practice.dump();
    let new = |family: &str, birth_date| patients::NewPatient {
        mrn: mrn("X-1"),
        family: family.into(),
        given: "Given".into(),
        birth_date,
        sex: osler::domain::patient::Sex::Unknown,
    };
    for bad in [new("  ", BORN), new("Name", date(2025, 3, 4))] {
        let error = patients::add(&practice.app, bad, &actor())
            .await
            .unwrap_err();
        assert_eq!(Failure::from(error).code, Code::Usage);
    }
    let role = osler::domain::user::Role::Physician;
    for (username, name) in [
        ("", "N"),
        ("Dr A", "N"),
        ("dr.x", " "),
        (&*"x".repeat(33), "N"),
    ] {
        let error = users::add(&practice.app, username, name, role, &actor())
            .await
            .unwrap_err();
        assert_eq!(Failure::from(error).code, Code::Usage);
    }
    assert_eq!(practice.dump(), before);
}

#[tokio::test]
async fn the_author_is_named_unless_there_is_only_one_physician() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    assert_eq!(
        users::physician(app, Some("dr.c")).await.unwrap(),
        practice.colleague
    );
    let error = users::physician(app, None).await.unwrap_err();
    assert!(error.to_string().contains("--as"), "{error}");
    let error = users::physician(app, Some("s.s")).await.unwrap_err();
    assert_eq!(Failure::from(error).code, Code::Refused);
    assert!(users::physician(app, Some("nobody")).await.is_err());
}

#[tokio::test]
async fn the_sample_practice_is_the_same_after_a_second_run() {
    let practice = Practice::new(Kind::Demo).await;
    demo::seed(&practice.app, &actor()).await.unwrap();
    let before = practice.dump();
    practice.clock.set("2025-04-01T09:00:00Z");
    demo::seed(&practice.app, &actor()).await.unwrap();
    assert_eq!(practice.dump(), before);
    let record = record::show(&practice.app, &mrn("D-1002")).await.unwrap();
    assert_eq!(record.stored.encounters.len(), 1);
    assert_eq!(record.stored.encounters[0].date, date(2025, 3, 3));
}

#[tokio::test]
async fn the_demonstration_ends_with_one_filed_report_however_often_it_runs() {
    let practice = Practice::new(Kind::Demo).await;
    demo::seed(&practice.app, &actor()).await.unwrap();
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.author = users::find(&practice.app, "dr.marsh").await.unwrap();
    request.mrn = mrn("D-1001");
    request.birth_date = Some(date(1972, 2, 11));
    // The first run, which names the encounter as every demonstration does, is killed before the signature.
    let seeded = record::show(&practice.app, &mrn("D-1001")).await.unwrap();
    let mut killed = request.clone();
    killed.encounter = Some(seeded.stored.encounters[0].id.to_string());
    intake::run(&practice.app, killed, &actor(), |_, _| {
        Ok::<_, ()>(recognition())
    })
    .await
    .unwrap();
    for _ in 0..2 {
        let heard = |_: &Input, _: &Background| Err("heard twice");
        demo::take_in(&practice.app, request.clone(), heard)
            .await
            .unwrap();
    }
    practice.clock.set("2025-03-03T12:00:00Z");
    let mut second = request.clone();
    second.recording = practice.recording("b.wav", b"other");
    demo::take_in(&practice.app, second, |_, _| Ok::<_, ()>(recognition()))
        .await
        .unwrap();
    let record = record::show(&practice.app, &mrn("D-1001")).await.unwrap();
    assert_eq!(record.stored.dictations.len(), 2);
    let encounter = record.stored.encounters[0].id;
    assert_eq!(
        record.stored.dictations[1].dictation.encounter_id,
        Some(encounter)
    );
    for stored in &record.stored.dictations {
        assert_eq!(stored.reports.len(), 1);
        assert_eq!(stored.reports[0].0.status, ReportStatus::Filed);
    }

    let mut printed = Vec::new();
    osler::cli::show::record(&mut printed, &record).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    for part in [
        "Whitfield, Margaret  MRN D-1001  born 1972-02-11",
        "Eleanor Marsh, MD",
        "a.wav (5 bytes, sha256 ",
        "Continue apixaban 5 mg.",
        "\"a pixel of\" -> \"apixaban\"  [dictionary.sound, -5.5]",
        "1:01  critical: speech without text",
        "decode 0.50 s, hear 5.50 s",
        "6.5 s for 65.0 s of sound (10.0 times",
        "authentication: none (cli)",
        "filed (done)",
    ] {
        assert!(printed.contains(part), "{part:?} is missing in\n{printed}");
    }
}

fn read(recording: &Input) -> Vec<u8> {
    let mut bytes = Vec::new();
    recording.bytes().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn osler(data: &Path, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_osler"))
        .args(arguments)
        .env("OSLER_DATA", data)
        .env_remove("OSLER_CONFIG")
        .output()
        .unwrap()
}

#[track_caller]
fn answers(data: &Path, arguments: &[&str], code: i32, parts: &[&str]) -> String {
    let output = osler(data, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {all}");
    for part in parts {
        assert!(
            all.contains(part),
            "{arguments:?}: {part:?} is missing in {all}"
        );
    }
    text(&output.stdout)
}

#[test]
fn the_commands_keep_a_practice() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let add = [
        "patient",
        "add",
        "--mrn",
        "a-7",
        "--family",
        "Winter",
        "--given",
        "Ada",
        "--birth-date",
        "1961-03-14",
        "--sex",
        "female",
    ];
    answers(data, &add, 5, &["osler init"]);
    answers(data, &["init"], 0, &["practice database"]);
    answers(data, &["init"], 0, &["practice database"]);
    answers(data, &["init", "--demo"], 6, &["never mixed"]);
    answers(
        data,
        &[
            "user",
            "add",
            "dr.a",
            "--name",
            "Anna, MD",
            "--role",
            "physician",
        ],
        0,
        &["dr.a"],
    );
    answers(data, &["user", "list"], 0, &["physician     Anna, MD"]);
    answers(
        data,
        &["user", "add", "x", "--name", "X", "--role", "king"],
        2,
        &["secretary, administrator or auditor"],
    );
    answers(data, &add, 0, &["added A-7"]);
    answers(data, &add, 1, &["A-7 is taken"]);
    answers(
        data,
        &["patient", "list"],
        0,
        &["A-7", "1961-03-14", "Winter, Ada"],
    );
    answers(data, &["patient", "show", "a-7"], 0, &["no dictations yet"]);
    answers(
        data,
        &["patient", "show", "Z-9"],
        1,
        &["no patient with record number Z-9"],
    );
    answers(
        data,
        &["patient", "show", "Ada Winter"],
        2,
        &["record number"],
    );
    answers(data, &["report", "list"], 0, &[]);
    answers(
        data,
        &["report", "list", "--status", "open"],
        2,
        &["draft, signed or filed"],
    );
    answers(
        data,
        &["report", "show", "123456"],
        1,
        &["no report 123456"],
    );
    let missing = [
        "intake",
        "gone.wav",
        "--patient",
        "A-7",
        "--birth-date",
        "1961-03-14",
    ];
    answers(data, &missing, 3, &["gone.wav", "no such file"]);
    let mismatch = [
        "intake",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/audio/clip.opus"
        ),
        "--patient",
        "A-7",
        "--birth-date",
        "1961-03-15",
    ];
    answers(data, &mismatch, 6, &["date of birth"]);
    let nonsense = [
        "intake",
        "gone.wav",
        "--patient",
        "A-7",
        "--birth-date",
        "14.3.61",
    ];
    answers(data, &nonsense, 2, &["YYYY-MM-DD"]);
    let demo = folder.path().join("samples");
    std::fs::create_dir(&demo).unwrap();
    let demo_name = demo.to_str().unwrap();
    answers(
        data,
        &["demo", "--recordings", demo_name],
        3,
        &["recordings.toml"],
    );
    std::fs::write(demo.join("recordings.toml"), "recording = []").unwrap();
    answers(
        data,
        &["demo", "--recordings", demo_name],
        6,
        &["never mixed"],
    );
    let other = &folder.path().join("demo");
    answers(
        other,
        &["demo", "--recordings", demo_name],
        0,
        &["osler serve --data"],
    );
    answers(
        other,
        &["patient", "list"],
        0,
        &["D-1001", "D-1002", "D-1003"],
    );
}

#[tokio::test]
async fn the_report_commands_sign_and_show() {
    let practice = Practice::new(Kind::Demo).await;
    let mut request = practice.request(practice.recording("a.wav", b"sound"));
    request.birth_date = None;
    let id = take_in(&practice, request).await.report_id.to_string();
    let (data, short) = (&practice.data(), &id[28..]);
    answers(
        data,
        &["report", "list", "--patient", "A-1"],
        0,
        &[short, "draft", "Winter, Ada"],
    );
    answers(
        data,
        &["report", "show", short],
        0,
        &["Continue apixaban", "by the machine"],
    );
    answers(
        data,
        &["report", "sign", short, "--as", "dr.c"],
        6,
        &["not the author"],
    );
    answers(
        data,
        &["report", "sign", short, "--as", "dr.a"],
        0,
        &["none (cli)", "not filed yet", "critical"],
    );
    answers(data, &["report", "file", short], 6, &["--birth-date"]);
    answers(
        data,
        &["report", "file", short, "--birth-date", "1961-03-14"],
        0,
        &["filed"],
    );
    let json = answers(data, &["report", "show", &id, "--format", "json"], 0, &[]);
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["status"], "filed");
    assert_eq!(json["text"], REPORT);
    assert_eq!(json["signature"]["authentication"], "none (cli)");
    assert_eq!(json["edits"][0]["after"], "apixaban");
    assert_eq!(json["findings"][0]["severity"], "critical");
    answers(
        data,
        &["patient", "show", "A-1"],
        0,
        &["filed (done)", "Anna Author, MD"],
    );
}
