//! Signing a report and filing it in the patient's record.
//!
//! Signing files in the same transaction, unless the second identifier is still open; then [`file`] does once it is
//! given. A filed report never changes.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::finding::Severity;
use crate::domain::ids::ReportId;
use crate::domain::policy::{self, Action, Asker, Decision, Facts, Reason, Relation, Stage};
use crate::domain::report::{Report, ReportStatus};
use crate::domain::signature::{Authentication, Signature};
use crate::domain::user::User;
use crate::store::blobs::text_sha256;
use crate::store::{FileReport, Kind, SignReport};
use crate::workflow::{Refusal, WorkflowError, check_identity};
use jiff::civil::Date;

/// What a physician's signature under their own dictation means.
pub const AUTHORSHIP: &str = "authorship";

/// What signing or filing did.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// The report as it stands now.
    pub report: Report,
    /// Findings that could harm someone if they were overlooked, still in the report's transcript.
    pub critical_findings: usize,
}

/// Signs the newest version of a report. A report that `signer` has signed already and that waits for its second
/// identifier is filed.
///
/// # Errors
/// [`WorkflowError::Refused`] where the database, the signer or the date of birth forbids it;
/// [`crate::store::StoreError::Conflict`] where the report is filed or was changed at the same moment.
pub async fn sign(
    app: &App,
    id: ReportId,
    signer: &User,
    birth_date: Option<Date>,
    authentication: Authentication,
    actor: &Actor,
) -> Result<Signed, WorkflowError> {
    let report = app.store.report(id).await?;
    may_sign(app.store.kind(), &report, signer, authentication)?;
    if report.latest.body.text.trim().is_empty() {
        return Err(Refusal::EmptyReport.into());
    }
    let patient = app.store.patient(report.patient_id).await?;
    let identity_verified = check_identity(&patient, birth_date)?;
    if report.status == ReportStatus::Signed {
        if !identity_verified {
            return Err(Refusal::IdentityOpen.into());
        }
        app.store
            .file_report(FileReport { report_id: id }, app.stamp(actor))
            .await?;
        return signed(app, id).await;
    }
    let stamp = app.stamp(actor);
    let signature = Signature {
        signer_id: signer.id,
        signer_name: signer.name.clone(),
        signed_at: stamp.at,
        meaning: AUTHORSHIP.into(),
        authentication,
        version: report.latest.version,
        text_sha256: text_sha256(&report.latest.body.text),
    };
    app.store
        .sign_report(
            SignReport {
                report_id: id,
                signature,
                identity_verified,
            },
            stamp,
        )
        .await?;
    signed(app, id).await
}

/// Files a signed report whose second identifier was open.
///
/// # Errors
/// [`WorkflowError::Refused`] where the date of birth is missing or not the record's;
/// [`crate::store::StoreError::Conflict`] where the report is not signed or filed already.
pub async fn file(
    app: &App,
    id: ReportId,
    birth_date: Option<Date>,
    actor: &Actor,
) -> Result<Signed, WorkflowError> {
    let report = app.store.report(id).await?;
    let patient = app.store.patient(report.patient_id).await?;
    if !check_identity(&patient, birth_date)? {
        return Err(Refusal::IdentityOpen.into());
    }
    app.store
        .file_report(FileReport { report_id: id }, app.stamp(actor))
        .await?;
    signed(app, id).await
}

/// Who may sign which report, where. Whether it still waits for a signature is the store's to say, at the moment of
/// signing.
fn may_sign(
    kind: Kind,
    report: &Report,
    signer: &User,
    authentication: Authentication,
) -> Result<(), Refusal> {
    let is_asked = !matches!(
        authentication,
        Authentication::NoneCli | Authentication::Demonstration
    );
    if !is_asked && kind == Kind::Practice {
        return Err(Refusal::Unauthenticated);
    }
    let asker = Asker {
        proven: true,
        ..Asker::person(signer.id, signer.role)
    };
    let relation = if signer.id == report.author_id {
        Relation::Own
    } else {
        Relation::Stranger
    };
    let facts = Facts::dictation(relation, Stage::Awaiting);
    let username = signer.username.clone();
    match policy::decide(&asker, Action::Sign, &facts) {
        Decision::Allowed => Ok(()),
        Decision::Refused(Reason::Role(..)) => Err(Refusal::NoPhysician { username }),
        Decision::Refused(Reason::Relation) => Err(Refusal::NotTheAuthor { username }),
        Decision::Refused(other) => Err(other.into()),
    }
}

async fn signed(app: &App, id: ReportId) -> Result<Signed, WorkflowError> {
    let report = app.store.report(id).await?;
    let critical_findings = app
        .store
        .transcript_of(report.dictation_id)
        .await?
        .map_or(0, |t| {
            t.recognition
                .findings
                .iter()
                .filter(|f| f.severity == Severity::Critical)
                .count()
        });
    Ok(Signed {
        report,
        critical_findings,
    })
}
