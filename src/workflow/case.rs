//! One dictation with everything that whoever works on it needs, and what they may do with it.

use crate::app::App;
use crate::domain::dictation::Dictation;
use crate::domain::ids::{DictationId, ReportId, UserId};
use crate::domain::marks::Marks;
use crate::domain::policy::{self, Action, Asker, Decision, Facts, Stage};
use crate::domain::report::{Report, ReportStatus};
use crate::domain::transition::{self, By, Need, Step, TABLE};
use crate::domain::user::User;
use crate::store::{Item, KeptEntry, StageErrors, StepTaken, StoredTranscript};
use crate::workflow::WorkflowError;
use crate::workflow::people::{self, Subject, Who};

/// Everything about one dictation.
#[derive(Debug, Clone)]
pub struct Case {
    /// As the worklist shows it.
    pub item: Item,
    /// The dictation with its recordings.
    pub dictation: Dictation,
    /// Allergies, medications, problems.
    pub entries: Vec<KeptEntry>,
    /// The steps it took.
    pub history: Vec<StepTaken>,
    /// What was heard, once it was.
    pub heard: Option<StoredTranscript>,
    /// What was said about findings and edits.
    pub marks: Marks,
    /// The report, once it is drafted, and its addenda.
    pub documents: Vec<Report>,
    /// Everyone who may be named.
    pub people: Vec<User>,
}

/// Printed name of somebody; the identifier where there is none.
pub fn name_of(people: &[User], id: UserId) -> String {
    people
        .iter()
        .find(|u| u.id == id)
        .map_or_else(|| id.to_string(), |u| u.name.clone())
}

/// Everything about one dictation.
pub async fn show(app: &App, id: DictationId) -> Result<Case, WorkflowError> {
    let store = &app.store;
    let item = store.item(id).await?;
    let heard = store.transcript_of(id).await?;
    let marks = match &heard {
        Some(heard) => store.marks_of(heard.id).await?,
        None => Marks::default(),
    };
    Ok(Case {
        dictation: store.dictation(id).await?,
        entries: store.kept_entries_of(item.patient.id).await?,
        history: store.history(id).await?,
        marks,
        documents: store.documents_of(id).await?,
        people: store.users().await?,
        heard,
        item,
    })
}

/// What the policy has to know about a dictation.
pub async fn about(app: &App, who: &Who, id: DictationId) -> Result<Subject, WorkflowError> {
    let item = app.store.item(id).await?;
    Ok(Subject::in_record("dictation", id, item.patient.id)
        .by(item.author.id)
        .at(Stage::of(item.place.0, item.place.1))
        .locked(is_locked_for(app, &item, who.user.id)))
}

/// Whether somebody else is editing.
fn is_locked_for(app: &App, item: &Item, user: UserId) -> bool {
    item.lock
        .as_ref()
        .is_some_and(|(by, until)| by.id != user && *until > app.clock.now())
}

/// A report with what the policy has to know about it, and with its author's name.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The report.
    pub report: Report,
    /// How far the earlier stages were from what was signed, once it is.
    pub stages: Option<StageErrors>,
    /// Everyone who may be named.
    pub people: Vec<User>,
}

/// One report.
pub async fn paper(app: &App, id: ReportId) -> Result<Paper, WorkflowError> {
    Ok(Paper {
        report: app.store.report(id).await?,
        stages: app.store.stage_errors(id).await?,
        people: app.store.users().await?,
    })
}

/// What the policy has to know about a report. An addendum that is not signed waits for its author, wherever its
/// dictation stands.
pub async fn about_report(app: &App, who: &Who, id: ReportId) -> Result<Subject, WorkflowError> {
    let report = app.store.report(id).await?;
    let item = app.store.item(report.dictation_id).await?;
    let stage = if report.parent_id.is_some() && report.status == ReportStatus::Draft {
        Stage::Awaiting
    } else {
        Stage::of(item.place.0, item.place.1)
    };
    Ok(Subject::in_record("report", id, report.patient_id)
        .by(report.author_id)
        .at(stage)
        .locked(is_locked_for(app, &item, who.user.id)))
}

/// What the policy calls a step.
pub fn action_of(step: Step) -> Action {
    match step {
        Step::Open
        | Step::PutAside
        | Step::Correct
        | Step::CorrectAddendum
        | Step::Answer
        | Step::TakeBack
        | Step::SendToSecretary => Action::Correct,
        Step::TakeOver => Action::TakeOver,
        Step::Ask => Action::ReturnToAuthor,
        Step::Submit => Action::SendToAuthor,
        Step::Reject => Action::Reject,
        Step::Delete => Action::Delete,
        Step::Move | Step::Split => Action::Move,
        Step::Sign | Step::SignAddendum => Action::Sign,
        Step::File => Action::File,
        Step::Addendum => Action::AddAddendum,
        Step::Retract | Step::RetractAddendum => Action::Retract,
        // To hand in, and to hand in again; the machine's own steps are nobody's.
        Step::Receive
        | Step::Transcribe
        | Step::Release
        | Step::GiveUp
        | Step::Retry
        | Step::Restore
        | Step::DraftForAuthor
        | Step::DraftForSecretary => Action::HandIn,
    }
}

/// What can be given with a step at once.
const GIVEN: [Need; 7] = [
    Need::Reason,
    Need::Question,
    Need::Answer,
    Need::SecondIdentifier,
    Need::NewestVersion,
    Need::Text,
    Need::OtherPatient,
];

/// The steps that somebody may take now, in the order of the table.
pub async fn steps(app: &App, who: &Who, item: &Item) -> Result<Vec<Step>, WorkflowError> {
    let author = item.author.id;
    let relation = people::relation(app, who, item.patient.id, Some(author)).await?;
    let user = who.user.id;
    let facts = Facts {
        locked: is_locked_for(app, item, user),
        ..Facts::dictation(relation, Stage::of(item.place.0, item.place.1)).with_reason()
    };
    // The proof is asked for when it is needed.
    let asker = Asker {
        proven: true,
        ..who.asker.clone()
    };
    let mut given = GIVEN.to_vec();
    if item.lock.as_ref().is_some_and(|(by, _)| by.id == user) {
        given.push(Need::Lock);
    }
    let party = By::Person(who.user.clone()).party(author);
    let mut steps: Vec<Step> = Vec::new();
    for step in TABLE.iter().map(|rule| rule.step) {
        let possible = transition::decide(step, Some(item.place), party, &given).is_ok()
            && policy::decide(&asker, action_of(step), &facts) == Decision::Allowed;
        if possible && !steps.contains(&step) {
            steps.push(step);
        }
    }
    // Those of an addendum are taken with the addendum.
    steps.retain(|s| {
        !matches!(
            s,
            Step::CorrectAddendum | Step::SignAddendum | Step::RetractAddendum
        )
    });
    Ok(steps)
}
