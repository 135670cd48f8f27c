//! Signed reports as letters, with copies.

use super::caller::Caller;
use super::error::Problem;
use super::extract::{Json, Path, Query};
use super::patients::once;
use super::print::{asked, given};
use crate::app::App;
use crate::domain::ids::{LetterId, ReportId};
use crate::domain::letter::{Letter, Recipient};
use crate::domain::policy::Action;
use crate::domain::user::User;
use crate::workflow::case::name_of;
use crate::workflow::letters::{self, NewLetter, Proposal};
use crate::workflow::people::users;
use crate::workflow::print::print_letter;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody who gets a letter.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct RecipientView {
    name: String,
    /// In lines; whom the letter itself goes to has one.
    #[serde(default)]
    address: String,
}

impl From<&Recipient> for RecipientView {
    fn from(recipient: &Recipient) -> Self {
        Self {
            name: recipient.name().to_owned(),
            address: recipient.address().to_owned(),
        }
    }
}

/// A letter.
#[derive(Serialize, JsonSchema)]
pub struct LetterView {
    id: LetterId,
    report_id: ReportId,
    to: RecipientView,
    copies: Vec<RecipientView>,
    by: String,
    at: Timestamp,
    withdrawal: Option<WithdrawalView>,
}

#[derive(Serialize, JsonSchema)]
struct WithdrawalView {
    by: String,
    at: Timestamp,
    reason: String,
}

impl LetterView {
    fn new(letter: &Letter, people: &[User]) -> Self {
        Self {
            id: letter.id,
            report_id: letter.report_id,
            to: (&letter.to).into(),
            copies: letter.copies.iter().map(RecipientView::from).collect(),
            by: name_of(people, letter.made_by),
            at: letter.made_at,
            withdrawal: letter.withdrawal.as_ref().map(|w| WithdrawalView {
                by: name_of(people, w.by),
                at: w.at,
                reason: w.reason.clone(),
            }),
        }
    }
}

/// Somebody for whom a copy was dictated.
#[derive(Serialize, JsonSchema)]
struct ProposalView {
    name: String,
    /// The whole instruction.
    said: String,
}

impl From<Proposal> for ProposalView {
    fn from(proposal: Proposal) -> Self {
        Self {
            name: proposal.name,
            said: proposal.said,
        }
    }
}

/// The letters of a report.
#[derive(Serialize, JsonSchema)]
pub struct LettersView {
    items: Vec<LetterView>,
    /// Copies that were dictated and stand in no letter yet.
    proposals: Vec<ProposalView>,
}

/// `GET /reports/{id}/letters`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
) -> Result<Json<LettersView>, Problem> {
    let (letters, proposals) = letters::of(&app, &caller.who, id).await?;
    let people = users::list(&app).await?;
    Ok(Json(LettersView {
        items: letters
            .iter()
            .map(|letter| LetterView::new(letter, &people))
            .collect(),
        proposals: proposals.into_iter().map(ProposalView::from).collect(),
    }))
}

/// To whom a report is sent.
#[derive(Deserialize, JsonSchema)]
pub struct LetterBody {
    to: RecipientView,
    #[serde(default)]
    copies: Vec<RecipientView>,
}

/// `POST /reports/{id}/letters`
pub async fn write(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReportId>,
    headers: HeaderMap,
    Json(body): Json<LetterBody>,
) -> Result<(StatusCode, Json<LetterView>), Problem> {
    let new = NewLetter {
        to: (body.to.name, body.to.address),
        copies: body
            .copies
            .into_iter()
            .map(|copy| (copy.name, copy.address))
            .collect(),
    };
    let key = once(&caller, &headers)?;
    let letter = letters::write(&app, &caller.who, id, &new, key).await?;
    let people = users::list(&app).await?;
    Ok((StatusCode::CREATED, Json(LetterView::new(&letter, &people))))
}

/// For whom a sheet is printed.
#[derive(Deserialize, JsonSchema)]
pub struct Sheet {
    /// The copy of this number, counted from 1; the letter itself where it is left out.
    copy: Option<usize>,
}

/// `GET /letters/{id}`, and as files `{id}.txt` and `{id}.pdf`
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(sheet): Query<Sheet>,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such letter");
    let Some((id, format)) = asked(&name) else {
        let id: LetterId = name.parse().map_err(|_| none())?;
        let letter = letters::show(&app, &caller.who, id).await?;
        let people = users::list(&app).await?;
        return Ok(Json(LetterView::new(&letter, &people)).into_response());
    };
    let id: LetterId = id.parse().map_err(|_| none())?;
    let letter = app.store.letter(id).await?;
    let report = app.store.report(letter.report_id).await?;
    let subject = letters::about(&report);
    caller.may(&app, Action::Export, subject).await?;
    let by = &caller.user().name;
    let bytes = print_letter(&app, letter, sheet.copy, by, format).await?;
    Ok(given(format!("letter-{id}"), format, bytes))
}

/// Why a letter was not to go out.
#[derive(Deserialize, JsonSchema)]
pub struct WithdrawalBody {
    #[serde(default)]
    reason: String,
}

/// `POST /letters/{id}/withdrawal`
pub async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<LetterId>,
    Json(body): Json<WithdrawalBody>,
) -> Result<Json<LetterView>, Problem> {
    let letter = letters::withdraw(&app, &caller.who, id, &body.reason).await?;
    let people = users::list(&app).await?;
    Ok(Json(LetterView::new(&letter, &people)))
}
