//! Reading and checking the audit trail. That somebody read it stands in it.

use crate::app::App;
use crate::domain::audit::{self, Actor, Head};
use crate::domain::patient::Mrn;
use crate::domain::policy::Action;
use crate::store::{AuditCheck, AuditFilter, AuditLine, Checkpoint, Note};
use crate::workflow::people::{Subject, Who, authorise};
use crate::workflow::{WorkflowError, upkeep};
use jiff::{SignedDuration, Timestamp};

/// Which rows somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Login name of who did it.
    pub user: Option<String>,
    /// What was done: a whole word such as "report.signed", or its first part, "report".
    pub action: Option<String>,
    /// What it was done to: a record number, a login name, or an identifier.
    pub subject: Option<String>,
    /// Only what was refused, or only what was done.
    pub refused: Option<bool>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

impl Query {
    /// What the trail says about the question.
    fn note(&self) -> serde_json::Value {
        serde_json::json!({
            "user": self.user,
            "action": self.action,
            "subject": self.subject,
            "refused": self.refused,
            "since": self.since.map(|at| at.to_string()),
            "until": self.until.map(|at| at.to_string()),
        })
    }
}

/// Rows of the trail, newest first: at most `limit` of those before the row `before`.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`] for anybody but an auditor.
pub async fn list(
    app: &App,
    who: &Who,
    query: &Query,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditLine>, WorkflowError> {
    authorise(app, who, Action::ReadAudit, Subject::NONE).await?;
    app.store
        .note(Note {
            action: audit::Action::TrailRead,
            subject: (
                "audit",
                before.map_or_else(String::new, |seq| seq.to_string()),
            ),
            patient_id: None,
            details: query.note(),
            stamp: app.stamp(&who.actor()),
        })
        .await?;
    page(app, query, before, limit).await
}

/// The same for whoever sits at the machine of a practice that nobody administers.
pub async fn page(
    app: &App,
    query: &Query,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditLine>, WorkflowError> {
    let mut filter = AuditFilter {
        actor: query.user.clone(),
        action: query.action.clone(),
        subject_id: query.subject.clone(),
        patient_id: None,
        refused: query.refused,
        since: query.since,
        until: query.until,
        before,
        limit,
    };
    if let Some(subject) = &query.subject {
        if let Some(user) = app.store.user_by_name(subject).await? {
            filter.subject_id = Some(user.id.to_string());
        } else if let Ok(mrn) = subject.parse::<Mrn>()
            && let Some(patient) = app.store.patient_by_mrn(mrn).await?
        {
            filter.subject_id = None;
            filter.patient_id = Some(patient.id);
        }
    }
    Ok(app.store.audit_lines(filter).await?)
}

/// Checks the whole trail.
///
/// # Errors
/// [`crate::workflow::Refusal::Policy`] for anybody but an auditor.
pub async fn check(app: &App, who: &Who) -> Result<AuditCheck, WorkflowError> {
    authorise(app, who, Action::ReadAudit, Subject::NONE).await?;
    verify(app, None).await
}

/// The same at the machine itself, and whether the trail still holds a head that was kept elsewhere. It shows nothing of
/// what the trail says.
pub async fn verify(app: &App, kept: Option<Head>) -> Result<AuditCheck, WorkflowError> {
    Ok(app.store.check_audit(kept).await?)
}

/// Takes rows out of the trail whose time is over, as a closed beginning of it with a checkpoint in its place. Rows of a
/// patient under a legal hold, and all behind the first of them, stay. None where no row's time is over.
///
/// # Errors
/// [`WorkflowError::Invalid`] where no time is set; a conflict where the trail is broken.
pub async fn expire(app: &App, actor: &Actor) -> Result<Option<Checkpoint>, WorkflowError> {
    let Some(years @ 1..) = app.config.retention.audit_years else {
        return Err(WorkflowError::Invalid(
            "the audit trail is kept for ever; to let rows go after a time set audit_years (1 or more) below [retention] in the configuration file"
                .into(),
        ));
    };
    let _turn = upkeep::turn(app)?;
    let hours = i64::from(years) * HOURS_OF_A_YEAR;
    let before = app
        .clock
        .now()
        .checked_sub(SignedDuration::from_hours(hours))
        .map_err(|_| WorkflowError::Invalid(format!("{years} years are too long a time")))?;
    Ok(app.store.close_audit(before, app.stamp(actor)).await?)
}

/// With leap years.
const HOURS_OF_A_YEAR: i64 = 8766;
