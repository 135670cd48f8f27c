//! Letters: a signed report to somebody, with copies. Who is to get a copy may have been dictated; a person confirms it.

use crate::app::App;
use crate::domain::ids::{LetterId, ReportId};
use crate::domain::letter::{Letter, MOST_COPIES, Recipient, copies_said};
use crate::domain::policy::{Action, Stage};
use crate::domain::report::{Report, ReportStatus};
use crate::store::Once;
use crate::workflow::WorkflowError;
use crate::workflow::people::{Subject, Who, authorise};

/// Somebody for whom a copy was dictated, and whom no letter names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// As it was said.
    pub name: String,
    /// The whole instruction.
    pub said: String,
}

/// A letter to be written: name and address of each.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// To whom.
    pub to: (String, String),
    /// Who gets a copy.
    pub copies: Vec<(String, String)>,
}

/// A report as the policy asks about it. An addendum stands for itself: its dictation is filed already.
pub fn about(report: &Report) -> Subject {
    let stage = match report.status {
        ReportStatus::Draft => Stage::Draft,
        ReportStatus::Signed => Stage::Signed,
        ReportStatus::Filed => Stage::Filed,
    };
    Subject::in_record("report", report.id, report.patient_id)
        .by(report.author_id)
        .at(stage)
}

/// The letters of a report, and the copies that were dictated and stand in none.
///
/// # Errors
/// The policy's refusal.
pub async fn of(
    app: &App,
    who: &Who,
    report: ReportId,
) -> Result<(Vec<Letter>, Vec<Proposal>), WorkflowError> {
    let report = app.store.report(report).await?;
    authorise(app, who, Action::ReadRecord, about(&report)).await?;
    let letters = app.store.letters_of(report.id).await?;
    let proposals = proposals(&report, &letters);
    Ok((letters, proposals))
}

/// Who is named in no letter that goes out.
fn proposals(report: &Report, letters: &[Letter]) -> Vec<Proposal> {
    let named: Vec<String> = letters
        .iter()
        .filter(|letter| letter.withdrawal.is_none())
        .flat_map(|letter| std::iter::once(&letter.to).chain(&letter.copies))
        .map(|recipient| recipient.name().to_lowercase())
        .collect();
    let said = report.latest.body.instructions.iter();
    said.flat_map(|instruction| {
        copies_said(&instruction.text)
            .into_iter()
            .map(|name| Proposal {
                name,
                said: instruction.text.clone(),
            })
    })
    .filter(|proposal| !named.contains(&proposal.name.to_lowercase()))
    .collect()
}

fn recipient((name, address): &(String, String)) -> Result<Recipient, WorkflowError> {
    Recipient::new(name, address).map_err(|e| WorkflowError::Invalid(e.to_string()))
}

/// Makes a signed report a letter.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] for a recipient without a name or an address; a conflict where the
/// report was entered in error.
pub async fn write(
    app: &App,
    who: &Who,
    report: ReportId,
    new: &NewLetter,
    key: Option<Once>,
) -> Result<Letter, WorkflowError> {
    let report = app.store.report(report).await?;
    authorise(app, who, Action::WriteLetter, about(&report)).await?;
    let to = recipient(&new.to)?;
    if to.address().is_empty() {
        return Err(WorkflowError::Invalid(
            "a letter needs the address of whom it is sent to".into(),
        ));
    }
    if new.copies.len() > MOST_COPIES {
        return Err(WorkflowError::Invalid(format!(
            "a letter has at most {MOST_COPIES} copies; write a second one"
        )));
    }
    let stamp = app.stamp(&who.actor());
    let letter = Letter {
        id: LetterId::new(stamp.at),
        report_id: report.id,
        to,
        copies: new.copies.iter().map(recipient).collect::<Result<_, _>>()?,
        made_by: who.user.id,
        made_at: stamp.at,
        withdrawal: None,
    };
    let id = app.store.add_letter(letter, key, stamp).await?;
    Ok(app.store.letter(id).await?)
}

/// One letter.
///
/// # Errors
/// The policy's refusal.
pub async fn show(app: &App, who: &Who, id: LetterId) -> Result<Letter, WorkflowError> {
    let letter = app.store.letter(id).await?;
    let report = app.store.report(letter.report_id).await?;
    authorise(app, who, Action::ReadRecord, about(&report)).await?;
    Ok(letter)
}

/// Says that a letter was not to go out. It stays readable.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] without a reason; a conflict where it was withdrawn before.
pub async fn withdraw(
    app: &App,
    who: &Who,
    id: LetterId,
    reason: &str,
) -> Result<Letter, WorkflowError> {
    let letter = app.store.letter(id).await?;
    let report = app.store.report(letter.report_id).await?;
    authorise(app, who, Action::WriteLetter, about(&report)).await?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(WorkflowError::Invalid(
            "withdrawing a letter needs a reason, which stays with it".into(),
        ));
    }
    let stamp = app.stamp(&who.actor());
    app.store
        .withdraw_letter(id, who.user.id, reason, stamp)
        .await?;
    Ok(app.store.letter(id).await?)
}
