//! People and programs: who they are, how they prove it, what they may do.
//!
//! A token, of a session or of a service, becomes a [`Who`] through [`who`]; a [`Who`] asks through [`authorise`] before
//! a use case begins. What is refused is in the audit trail before the answer is given.
//!
//! * [`users`]: adding, finding, closing accounts; the first administrator
//! * [`login`]: password and code, sessions, changing one's password
//! * [`second_factor`]: setting one up, and proving who one is for a signature
//! * [`services`]: accounts of programs with scoped tokens
//! * [`emergency`]: opening a record that is not one's own, with a reason

pub mod emergency;
pub mod login;
pub mod second_factor;
mod secrets;
pub mod services;
pub mod users;

use crate::app::App;
use crate::domain::audit::{self, Stamp};
use crate::domain::credentials::Token;
use crate::domain::ids::{PatientId, UserId};
use crate::domain::policy::{self, Action, Asker, Decision, Facts, Relation, Stage};
use crate::domain::role::Role;
use crate::domain::session::End;
use crate::domain::user::User;
use crate::store::Note;
use crate::workflow::{Refusal, WorkflowError};
use jiff::Timestamp;
use serde_json::json;

/// Why somebody did not get in, or was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefusal {
    /// Something is wrong, and it is not said what: a login name that exists is nobody's business.
    #[error("user name, password or code is wrong")]
    Wrong,
    /// Too many wrong attempts.
    #[error("too many wrong attempts; the next one counts from {0} on")]
    TooMany(Timestamp),
    /// The password was right, and there is a second factor.
    #[error("the code of your second factor is needed as well")]
    CodeNeeded,
    /// No session, or none of that token.
    #[error("not logged in")]
    NotLoggedIn,
    /// The session is over.
    #[error("the session is over ({}); log in again", .0.as_str())]
    Over(End),
    /// Signing needs a second factor.
    #[error("signing needs a second factor; set one up first")]
    NoSecondFactor,
    /// The first signature of a session needs both.
    #[error("the first signature of a session needs the password and a code")]
    BothNeeded,
    /// Every further one needs one of the two.
    #[error("a signature needs the password or a code")]
    OneNeeded,
}

/// Somebody who has proved who they are: by a session or by a service's token.
#[derive(Debug, Clone)]
pub struct Who {
    /// Their account.
    pub user: User,
    /// What the policy asks about.
    pub asker: Asker,
    /// Where from, for example "web".
    pub via: String,
    /// SHA-256 of the session's token; none for a service.
    session: Option<String>,
}

impl Who {
    /// How the audit trail names them.
    pub fn actor(&self) -> audit::Actor {
        audit::Actor {
            name: self.user.username.clone(),
            via: self.via.clone(),
        }
    }

    fn session(&self) -> Result<&str, AccessRefusal> {
        self.session.as_deref().ok_or(AccessRefusal::NotLoggedIn)
    }
}

/// What a question is about: what the policy asks for, and what the audit trail names.
#[derive(Debug, Clone)]
pub struct Subject {
    kind: &'static str,
    id: String,
    patient: Option<PatientId>,
    author: Option<UserId>,
    stage: Stage,
    locked: bool,
    has_reason: bool,
}

impl Subject {
    /// No record: the worklist, settings, users.
    pub const NONE: Self = Self {
        kind: "none",
        id: String::new(),
        patient: None,
        author: None,
        stage: Stage::Whole,
        locked: false,
        has_reason: false,
    };

    /// A patient's record as a whole.
    pub fn patient(id: PatientId) -> Self {
        Self::in_record("patient", id, id)
    }

    /// Something in a patient's record, for example a "report".
    pub fn in_record(kind: &'static str, id: impl ToString, patient: PatientId) -> Self {
        Self {
            kind,
            id: id.to_string(),
            patient: Some(patient),
            ..Self::NONE
        }
    }

    /// A recording in the inbox, of which nobody has said yet whose it is.
    pub fn arrival(id: impl ToString) -> Self {
        Self {
            kind: "inbox",
            id: id.to_string(),
            ..Self::NONE
        }
    }

    /// A user.
    pub fn user(id: UserId) -> Self {
        Self {
            kind: "user",
            id: id.to_string(),
            ..Self::NONE
        }
    }

    /// The same, made by this author.
    #[must_use]
    pub fn by(self, author: UserId) -> Self {
        Self {
            author: Some(author),
            ..self
        }
    }

    /// The same, standing there.
    #[must_use]
    pub fn at(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// The same; `locked` where somebody else is editing it.
    #[must_use]
    pub fn locked(self, locked: bool) -> Self {
        Self { locked, ..self }
    }

    /// The same, with the reason that was given; an empty one is none.
    #[must_use]
    pub fn reason(self, reason: &str) -> Self {
        Self {
            has_reason: !reason.trim().is_empty(),
            ..self
        }
    }
}

/// Whose token this is. Using a session keeps it alive.
///
/// # Errors
/// [`AccessRefusal::NotLoggedIn`] or [`AccessRefusal::Over`].
pub async fn who(app: &App, token: &Token, via: &str) -> Result<Who, WorkflowError> {
    if token.is_service() {
        services::who(app, token, via).await
    } else {
        login::who(app, token, via, true).await
    }
}

/// Whose session this is, without keeping it alive: for what a page asks on its own, while nobody may be there.
///
/// # Errors
/// As [`who`].
pub async fn who_is_away(app: &App, token: &Token, via: &str) -> Result<Who, WorkflowError> {
    login::who(app, token, via, false).await
}

/// Lets `who` do `action`, or writes the refusal down and gives it. What they have to do with the record is found out
/// here. That somebody read a record is written down before it is shown.
///
/// # Errors
/// [`Refusal::Policy`].
pub async fn authorise(
    app: &App,
    who: &Who,
    action: Action,
    subject: Subject,
) -> Result<(), WorkflowError> {
    let relation = match (subject.patient, subject.author) {
        (Some(patient), author) => relation(app, who, patient, author).await?,
        (None, Some(owner)) if owner == who.user.id => Relation::Own,
        (None, _) => Relation::Stranger,
    };
    let facts = Facts {
        relation,
        stage: subject.stage,
        locked: subject.locked,
        has_reason: subject.has_reason,
    };
    let decision = policy::decide(&who.asker, action, &facts);
    let (noted, details) = match (decision, action) {
        (Decision::Refused(reason), _) => (
            audit::Action::AccessRefused,
            json!({"action": action.as_str(), "why": reason.as_str()}),
        ),
        (_, Action::ReadRecord | Action::HearArrival) => (
            audit::Action::RecordRead,
            json!({"relation": relation.as_str()}),
        ),
        (_, Action::Export) => (
            audit::Action::RecordExported,
            json!({"relation": relation.as_str()}),
        ),
        _ => return Ok(()),
    };
    let note = Note {
        action: noted,
        subject: (subject.kind, subject.id),
        patient_id: subject.patient,
        details,
        stamp: app.stamp(&who.actor()),
    };
    app.store.note(note).await?;
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Refused(reason) => Err(Refusal::Policy(reason).into()),
    }
}

/// Writes down that a list or the result of a search was shown: what was asked, and which records the answer names.
pub async fn listed(
    app: &App,
    who: &Who,
    kind: &'static str,
    query: &str,
    ids: Vec<String>,
) -> Result<(), WorkflowError> {
    let note = Note {
        action: audit::Action::RecordsListed,
        subject: (kind, String::new()),
        patient_id: None,
        details: json!({"query": query, "ids": ids}),
        stamp: app.stamp(&who.actor()),
    };
    Ok(app.store.note(note).await?)
}

/// What `who` has to do with something in a patient's record that `author` made; `author` is none where the record as a
/// whole is meant. All secretaries are one pool, to which everything is given.
pub async fn relation(
    app: &App,
    who: &Who,
    patient: PatientId,
    author: Option<UserId>,
) -> Result<Relation, WorkflowError> {
    let user = who.user.id;
    if author == Some(user) {
        return Ok(Relation::Own);
    }
    match who.user.role {
        Role::Secretary => return Ok(Relation::Assigned),
        Role::Physician => {}
        _ => return Ok(Relation::Stranger),
    }
    if app.store.is_in_care(user, patient).await? {
        return Ok(Relation::InCare);
    }
    let now = app.clock.now();
    if app.store.is_emergency_open(user, patient, now).await? {
        return Ok(Relation::Emergency);
    }
    Ok(Relation::Stranger)
}

/// A stamp for what happens before it is known who acts.
fn stamp_as(app: &App, name: &str, via: &str) -> Stamp {
    app.stamp(&audit::Actor {
        name: name.to_owned(),
        via: via.to_owned(),
    })
}
