//! The sample practice that is filled to the size of a busy one.

use crate::support::practice::{Practice, actor};
use crate::support::web::Browser;
use osler::domain::report::ReportStatus;
use osler::store::{Kind, WorkFilter};
use osler::workflow::fill::{Size, fill};
use osler::workflow::{Refusal, StoreError, WorkflowError, record};

const SMALL: Size = Size {
    dictations: 60,
    patients: 12,
    rows: 1_000,
};

#[tokio::test]
async fn a_filled_practice_is_as_years_of_work_would_have_left_it() {
    let practice = Practice::new(Kind::Demo).await;
    let app = &practice.app;
    let mut told = Vec::new();
    let mut tell = |what: &'static str, done: u64, of: u64| told.push((what, done, of));
    fill(app, SMALL, &actor(), &mut tell).await.unwrap();
    assert_eq!(told.last(), Some(&("rows of the trail", 1_000, 1_000)));
    let checked = app.store.check_audit(None).await.unwrap();
    assert_eq!((checked.broken, checked.rows), (None, 1_000));
    assert_eq!(app.store.lost().await.unwrap(), []);
    let waiting = app.store.worklist(WorkFilter::default()).await.unwrap();
    let mut places: Vec<String> = waiting
        .iter()
        .map(|i| format!("{}/{}", i.place.0.as_str(), i.place.1.as_str()))
        .collect();
    places.sort();
    places.dedup();
    assert_eq!(
        places,
        [
            "awaiting_signature/pending",
            "in_correction/returned",
            "in_correction/suspended",
            "transcribed/pending"
        ]
    );
    // Those that wait can be heard; the record of each patient can be read, and what is filed is signed.
    for item in &waiting {
        let dictation = app.store.dictation(item.dictation_id).await.unwrap();
        app.audio.holds(&dictation.takes[0].sha256).unwrap();
    }
    let (mut filed, mut dictations) = (0, 0);
    for patient in app.store.patients().await.unwrap() {
        let record = record::show(app, &patient.mrn).await.unwrap();
        for dictation in &record.stored.dictations {
            let (report, _) = &dictation.reports[0];
            dictations += 1;
            filed += usize::from(report.status == ReportStatus::Filed);
            assert_eq!(
                report.status == ReportStatus::Filed,
                report.signature.is_some()
            );
        }
    }
    assert_eq!((dictations, filed), (60, 60 - waiting.len()));
    let secretary = Browser::log_in(app, "s.m00").await;
    let found = secretary
        .get("/search?q=echocardiogram")
        .await
        .is(200)
        .json();
    assert!(!found["items"].as_array().unwrap().is_empty());
    // A second time nothing is added.
    let before = app.store.trail_length().await.unwrap();
    let again = fill(app, SMALL, &actor(), &mut |_, _, _| {}).await;
    assert!(matches!(
        again,
        Err(WorkflowError::Store(StoreError::Conflict(_)))
    ));
    assert_eq!(app.store.trail_length().await.unwrap(), before);
}

#[tokio::test]
async fn made_up_patients_do_not_go_into_a_real_practice() {
    let practice = Practice::new(Kind::Practice).await;
    let before = practice.dump();
    let refused = fill(&practice.app, SMALL, &actor(), &mut |_, _, _| {}).await;
    assert!(matches!(
        refused,
        Err(WorkflowError::Refused(Refusal::NoDemoHere))
    ));
    let stamp = practice.app.stamp(&actor());
    let refused = practice
        .app
        .store
        .fill_people(Vec::new(), Vec::new(), stamp);
    assert!(matches!(refused.await, Err(StoreError::WrongKind { .. })));
    assert_eq!(practice.dump(), before);
}
