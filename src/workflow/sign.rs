//! Signing a report and filing it in the patient's record.
//!
//! Signing files in the same transaction, unless the second identifier is still open; then [`file`] does once it is
//! given. A filed report never changes.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::diff;
use crate::domain::finding::Severity;
use crate::domain::ids::ReportId;
use crate::domain::marks::{FindingState, Said};
use crate::domain::policy::{self, Action, Asker, Decision, Facts, Reason, Relation, Stage};
use crate::domain::report::{Report, ReportStatus, ReportVersion};
use crate::domain::signature::{Authentication, Signature};
use crate::domain::user::User;
use crate::store::blobs::text_sha256;
use crate::store::{FileReport, Kind, SignReport, StageErrors, StoreError};
use crate::workflow::hub::Event;
use crate::workflow::{Refusal, WorkflowError, check_identity, review};
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
    sign_version(app, id, None, signer, birth_date, authentication, actor).await
}

/// The same, of the version that the signer has read; the newest where none is named.
///
/// # Errors
/// As [`sign`]; [`StoreError::Outdated`] where there is a newer version.
pub async fn sign_version(
    app: &App,
    id: ReportId,
    version: Option<u32>,
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
        // Where it is not the newest, the store says so.
        version: version.unwrap_or(report.latest.version),
        text_sha256: text_sha256(&report.latest.body.text),
    };
    app.store
        .sign_report(
            SignReport {
                report_id: id,
                signature,
                identity_verified,
                stages: stages(app, &report).await?,
            },
            stamp,
        )
        .await?;
    signed(app, id).await
}

/// How far the earlier stages are from the newest version.
async fn stages(app: &App, report: &Report) -> Result<StageErrors, WorkflowError> {
    let versions = app.store.report_versions(report.id).await?;
    let author = report.author_id;
    let count = move || {
        let text = |v: &ReportVersion| v.body.text.clone();
        let signed = versions.last().map(text).unwrap_or_default();
        let others = |v: &&ReportVersion| v.made_by.is_some_and(|by| by != author);
        let errors =
            |before: &str| u32::try_from(diff::errors(before, &signed)).unwrap_or(u32::MAX);
        StageErrors {
            words: u32::try_from(diff::count(&signed)).unwrap_or(u32::MAX),
            recognised: versions.first().map_or(0, |v| errors(&v.body.text)),
            corrected: versions
                .iter()
                .rev()
                .find(others)
                .map(|v| errors(&v.body.text)),
        }
    };
    Ok(tokio::task::spawn_blocking(count)
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?)
}

/// Whether a report can be signed as it is, asked before the signer proves who they are. Flags that are open are cleared
/// where the signer says so.
///
/// # Errors
/// [`StoreError::Outdated`] where there is a newer version than the one that was read, [`Refusal::FlagsOpen`].
pub async fn ready(
    app: &App,
    id: ReportId,
    version: u32,
    clear: bool,
    signer: &User,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    let report = app.store.report(id).await?;
    review::is_newest(app, &report, version).await?;
    if report.latest.body.text.trim().is_empty() {
        return Err(Refusal::EmptyReport.into());
    }
    if report.parent_id.is_some() {
        return Ok(());
    }
    let open = review::open_flags(app, report.dictation_id).await?;
    if open.is_empty() {
        return Ok(());
    }
    if !clear {
        return Err(Refusal::FlagsOpen { count: open.len() }.into());
    }
    let said = Said {
        findings: open
            .into_iter()
            .map(|id| (id, FindingState::Cleared))
            .collect(),
        ..Said::default()
    };
    review::mark(app, report.dictation_id, said, signer, actor).await?;
    Ok(())
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
    app.hub.tell(Event::Changed(report.dictation_id));
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
