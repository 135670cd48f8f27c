//! Reports: versions, signatures, and how they come into the record.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::Dictation;
use crate::domain::encounter::Encounter;
use crate::domain::ids::{DictationId, PatientId, ReportId, UserId};
use crate::domain::patient::{Mrn, Patient};
use crate::domain::report::{Report, ReportBody, ReportStatus, ReportVersion, Retraction};
use crate::domain::signature::{Authentication, Signature};
use crate::domain::transition::{By, Need, Step};
use crate::store::audit::{self, Entry};
use crate::store::blobs::text_sha256;
use crate::store::dictations::{self, StoredTranscript, verify_identity};
use crate::store::encounters::{self, ambiguous, not_an_id};
use crate::store::review::newest;
use crate::store::sql::{At, typed_id};
use crate::store::steps::{Going, advance};
use crate::store::{Fault, Store, StoreError, patients, users};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// Which reports a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this patient's.
    pub patient_id: Option<PatientId>,
    /// Only those that stand here.
    pub status: Option<ReportStatus>,
}

/// A line of a list of reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The report.
    pub id: ReportId,
    /// Where it stands.
    pub status: ReportStatus,
    /// Document type of its newest version.
    pub kind: String,
    /// Record number of the patient.
    pub mrn: Mrn,
    /// "Family, Given" of the patient.
    pub patient: String,
    /// Printed name of the author.
    pub author: String,
    /// When the draft was made.
    pub created_at: jiff::Timestamp,
    /// When it was filed.
    pub filed_at: Option<jiff::Timestamp>,
    /// Whether it was entered in error.
    pub is_retracted: bool,
}

/// A signature to be put under a report. Whether the signer may do so is decided before.
#[derive(Debug, Clone)]
pub struct SignReport {
    /// The report.
    pub report_id: ReportId,
    /// The signature, over one of its versions.
    pub signature: Signature,
    /// Whether the second identifier was checked just now.
    pub identity_verified: bool,
    /// How far the earlier stages were from this text.
    pub stages: StageErrors,
}

/// Words by which the earlier stages of a report differ from the text that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageErrors {
    /// Words of the signed text.
    pub words: u32,
    /// Of the machine's draft.
    pub recognised: u32,
    /// Of the last version that somebody else than the author wrote, where there was one.
    pub corrected: Option<u32>,
}

/// A signed report that is to be filed, because its second identifier has been checked.
#[derive(Debug, Clone, Copy)]
pub struct FileReport {
    /// The report.
    pub report_id: ReportId,
}

/// All of a patient's record, read at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// Who.
    pub patient: Patient,
    /// Visits by date.
    pub encounters: Vec<Encounter>,
    /// Dictations in the order in which they came, each with its newest recognition and its documents.
    pub dictations: Vec<StoredDictation>,
}

/// A dictation with all that came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDictation {
    /// The dictation.
    pub dictation: Dictation,
    /// What was heard, once it was.
    pub transcript: Option<StoredTranscript>,
    /// The report and its addenda, each with all its versions.
    pub reports: Vec<(Report, Vec<ReportVersion>)>,
}

fn signature(r: &Row<'_>) -> rusqlite::Result<Signature> {
    Ok(Signature {
        signer_id: r.get("signer_id")?,
        signer_name: r.get("signer_name")?,
        signed_at: r.get::<_, At>("signed_at")?.0,
        meaning: r.get("meaning")?,
        authentication: r.get::<_, Authentication>("authentication")?,
        version: r.get("version")?,
        text_sha256: r.get("text_sha256")?,
    })
}

fn versions(conn: &Connection, id: ReportId) -> Result<Vec<ReportVersion>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT version, body, made_by, made_at FROM report_versions
         WHERE report_id = ?1 ORDER BY version",
    )?;
    let rows = statement
        .query_map([id], |r| {
            Ok((
                r.get("version")?,
                r.get::<_, String>("body")?,
                r.get::<_, Option<UserId>>("made_by")?,
                r.get::<_, At>("made_at")?.0,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(version, body, made_by, made_at)| {
            Ok(ReportVersion {
                report_id: id,
                version,
                body: serde_json::from_str(&body)?,
                made_by,
                made_at,
            })
        })
        .collect()
}

/// Whether the text is the one that was signed.
fn as_signed(
    id: ReportId,
    signature: &Signature,
    versions: &[ReportVersion],
) -> Result<(), StoreError> {
    let is_same = versions.iter().any(|v| {
        v.version == signature.version && text_sha256(&v.body.text) == signature.text_sha256
    });
    if is_same {
        return Ok(());
    }
    Err(StoreError::Broken(format!(
        "the text of report {id} is not the one that was signed (version {}: its checksum differs from the signature's)",
        signature.version
    )))
}

pub(super) fn with_versions(
    conn: &Connection,
    id: ReportId,
) -> Result<(Report, Vec<ReportVersion>), Fault> {
    let versions = versions(conn, id)?;
    let latest = versions
        .last()
        .cloned()
        .ok_or_else(|| StoreError::NotFound(format!("there is no report {id}")))?;
    let signature = conn
        .prepare_cached(
            "SELECT * FROM signatures WHERE report_id = ?1 ORDER BY version DESC LIMIT 1",
        )?
        .query_row([id], signature)
        .optional()?;
    if let Some(signature) = &signature {
        as_signed(id, signature, &versions)?;
    }
    let retraction = conn
        .prepare_cached("SELECT * FROM retractions WHERE report_id = ?1")?
        .query_row([id], |r| {
            Ok(Retraction {
                by: r.get("by_id")?,
                at: r.get::<_, At>("at")?.0,
                reason: r.get("reason")?,
            })
        })
        .optional()?;
    let report = conn
        .prepare_cached("SELECT * FROM reports WHERE id = ?1")?
        .query_row([id], |r| {
            Ok(Report {
                id,
                dictation_id: r.get("dictation_id")?,
                patient_id: r.get("patient_id")?,
                parent_id: r.get("parent_id")?,
                author_id: r.get("author_id")?,
                status: r.get("status")?,
                latest,
                signature,
                filed_at: r.get::<_, Option<At>>("filed_at")?.map(|at| at.0),
                retraction,
            })
        })?;
    Ok((report, versions))
}

/// An empty draft for a dictation's patient and author: its report, or an addendum to `parent`.
pub(super) fn insert(
    conn: &Connection,
    dictation: &Dictation,
    parent: Option<ReportId>,
    stamp: &Stamp,
) -> Result<ReportId, Fault> {
    let id = ReportId::new(stamp.at);
    conn.prepare_cached("INSERT INTO reports (id, dictation_id, patient_id, author_id, status, parent_id, created_at)
         VALUES (:id, :dictation, :patient, :author, :status, :parent, :at)")?.execute(named_params! {
            ":id": id,
            ":dictation": dictation.id,
            ":patient": dictation.patient_id,
            ":author": dictation.author_id,
            ":status": ReportStatus::Draft,
            ":parent": parent,
            ":at": At(stamp.at),
        })?;
    Ok(id)
}

/// Adds a version to a draft; the database refuses any number but the next.
pub(super) fn insert_version(
    conn: &Connection,
    id: ReportId,
    version: u32,
    body: &ReportBody,
    made_by: Option<UserId>,
    stamp: &Stamp,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO report_versions (report_id, version, kind, text, body, made_by, made_at)
         VALUES (:id, :version, :kind, :text, :body, :by, :at)",
    )?
    .execute(named_params! {
        ":id": id,
        ":version": version,
        ":kind": body.kind,
        ":text": body.text,
        ":body": serde_json::to_string(body)?,
        ":by": made_by,
        ":at": At(stamp.at),
    })?;
    Ok(())
}

/// What the newest version brings along for a step.
pub(super) fn given(report: &Report, known_version: u32) -> Vec<Need> {
    let mut given = Vec::new();
    if report.latest.version == known_version {
        given.push(Need::NewestVersion);
    }
    if !report.latest.body.text.trim().is_empty() {
        given.push(Need::Text);
    }
    given
}

pub(super) fn sign(
    conn: &Connection,
    request: &SignReport,
    stamp: &Stamp,
) -> Result<ReportStatus, Fault> {
    let (report, _) = with_versions(conn, request.report_id)?;
    match report.status {
        ReportStatus::Draft => {}
        ReportStatus::Signed => {
            return Err(StoreError::Conflict("the report is signed already".into()).into());
        }
        ReportStatus::Filed => {
            return Err(StoreError::Conflict(
                "the report is signed and filed already; a filed report never changes".into(),
            )
            .into());
        }
    }
    let signature = &request.signature;
    newest(conn, &report, signature.version)?;
    conn.prepare_cached(
        "INSERT INTO signatures (report_id, version, signer_id, signer_name, signed_at, meaning,
                                 authentication, text_sha256)
         VALUES (:report, :version, :signer, :name, :at, :meaning, :authentication, :sha256)",
    )?
    .execute(named_params! {
        ":report": report.id,
        ":version": signature.version,
        ":signer": signature.signer_id,
        ":name": signature.signer_name,
        ":at": At(signature.signed_at),
        ":meaning": signature.meaning,
        ":authentication": signature.authentication,
        ":sha256": signature.text_sha256,
    })?;
    conn.prepare_cached("UPDATE reports SET status = ?2 WHERE id = ?1")?
        .execute((report.id, ReportStatus::Signed))?;
    let stages = request.stages;
    conn.prepare_cached("INSERT INTO stage_errors (report_id, words, recognised, corrected) VALUES (?1, ?2, ?3, ?4)")?.execute((report.id, stages.words, stages.recognised, stages.corrected))?;
    let by = By::Person(users::by_id(conn, signature.signer_id)?);
    let mut given = given(&report, signature.version);
    let before = dictations::by_id(conn, report.dictation_id)?;
    if before.identity_verified_at.is_some() {
        given.push(Need::SecondIdentifier);
    }
    let step = match report.parent_id {
        None => Step::Sign,
        Some(_) => Step::SignAddendum,
    };
    let going = Going {
        step,
        by: &by,
        given: &given,
        note: None,
        stamp,
    };
    advance(conn, report.dictation_id, &going)?;
    audit::record(
        conn,
        Entry {
            action: Action::ReportSigned,
            subject: ("report", report.id.to_string()),
            patient_id: Some(report.patient_id),
            details: serde_json::json!({
                "version": signature.version,
                "meaning": signature.meaning,
                "authentication": signature.authentication.as_str(),
                "text_sha256": signature.text_sha256,
            }),
            stamp,
        },
    )?;
    if request.identity_verified {
        verify_identity(conn, report.dictation_id, report.patient_id, stamp)?;
    }
    let dictation = dictations::by_id(conn, report.dictation_id)?;
    if dictation.identity_verified_at.is_none() {
        return Ok(ReportStatus::Signed);
    }
    file(conn, &report, stamp)?;
    Ok(ReportStatus::Filed)
}

fn file(conn: &Connection, report: &Report, stamp: &Stamp) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE reports SET status = ?2, filed_at = ?3 WHERE id = ?1")?
        .execute((report.id, ReportStatus::Filed, At(stamp.at)))?;
    // An addendum is filed with its signature: the dictation is in the record already.
    if report.parent_id.is_none() {
        let going = Going {
            step: Step::File,
            by: &By::Machine,
            given: &[Need::SecondIdentifier],
            note: None,
            stamp,
        };
        advance(conn, report.dictation_id, &going)?;
    }
    audit::record(
        conn,
        Entry {
            action: Action::ReportFiled,
            subject: ("report", report.id.to_string()),
            patient_id: Some(report.patient_id),
            details: serde_json::json!({"version": report.latest.version}),
            stamp,
        },
    )
}

impl Store {
    /// Signs a draft, and files it in the same transaction unless the second identifier is still open. Gives where the
    /// report stands then; [`StoreError::Conflict`] where it is signed already or has a newer version.
    pub async fn sign_report(
        &self,
        request: SignReport,
        stamp: Stamp,
    ) -> Result<ReportStatus, StoreError> {
        self.write(move |conn| sign(conn, &request, &stamp)).await
    }

    /// Files a signed report whose second identifier has just been checked.
    pub async fn file_report(&self, request: FileReport, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            let (report, _) = with_versions(conn, request.report_id)?;
            match report.status {
                ReportStatus::Signed => {
                    verify_identity(conn, report.dictation_id, report.patient_id, &stamp)?;
                    file(conn, &report, &stamp)
                }
                ReportStatus::Draft => {
                    Err(StoreError::Conflict("the report is not signed yet".into()).into())
                }
                ReportStatus::Filed => {
                    Err(StoreError::Conflict("the report is filed already".into()).into())
                }
            }
        })
        .await
    }

    /// One report with its newest version; [`StoreError::NotFound`] where there is none.
    pub async fn report(&self, id: ReportId) -> Result<Report, StoreError> {
        self.read(move |conn| Ok(with_versions(conn, id)?.0)).await
    }

    /// All versions of a report in order.
    pub async fn report_versions(&self, id: ReportId) -> Result<Vec<ReportVersion>, StoreError> {
        self.read(move |conn| versions(conn, id)).await
    }

    /// How far the earlier stages of a signed report were from what was signed.
    pub async fn stage_errors(&self, id: ReportId) -> Result<Option<StageErrors>, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached("SELECT * FROM stage_errors WHERE report_id = ?1")?
                .query_row([id], |r| {
                    Ok(StageErrors {
                        words: r.get("words")?,
                        recognised: r.get("recognised")?,
                        corrected: r.get("corrected")?,
                    })
                })
                .optional()?)
        })
        .await
    }

    /// A report and its addenda, in the order in which they came.
    pub async fn documents_of(&self, id: DictationId) -> Result<Vec<Report>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id FROM reports WHERE dictation_id = ?1 ORDER BY parent_id IS NOT NULL, created_at, rowid",
            )?;
            let ids = statement
                .query_map([id], |r| r.get(0))?
                .collect::<Result<Vec<ReportId>, _>>()?;
            ids.into_iter()
                .map(|id| Ok(with_versions(conn, id)?.0))
                .collect()
        })
        .await
    }

    /// The report of a dictation (not its addenda), once it is drafted.
    pub async fn report_of(&self, id: DictationId) -> Result<Option<Report>, StoreError> {
        self.read(move |conn| {
            let report: Option<ReportId> = conn
                .prepare_cached(
                    "SELECT id FROM reports WHERE dictation_id = ?1 AND parent_id IS NULL",
                )?
                .query_row([id], |r| r.get(0))
                .optional()?;
            report
                .map(|report| Ok(with_versions(conn, report)?.0))
                .transpose()
        })
        .await
    }

    /// The report that a person means by an identifier or by the beginning or end of one.
    pub async fn find_report(&self, typed: &str) -> Result<ReportId, StoreError> {
        let shown = typed.to_owned();
        let digits = typed_id(typed);
        self.read(move |conn| {
            let digits = digits.ok_or_else(|| not_an_id(&shown))?;
            let mut statement = conn.prepare_cached(
                "SELECT id FROM reports
                 WHERE replace(id, '-', '') LIKE ?1 || '%' OR replace(id, '-', '') LIKE '%' || ?1
                 LIMIT 2",
            )?;
            let mut found = statement
                .query_map([digits], |r| r.get(0))?
                .collect::<Result<Vec<ReportId>, _>>()?;
            match (found.pop(), found.pop()) {
                (Some(one), None) => Ok(one),
                (Some(_), Some(_)) => Err(ambiguous(&shown).into()),
                _ => Err(StoreError::NotFound(format!(
                    "there is no report {shown}; `osler report list` shows all"
                ))
                .into()),
            }
        })
        .await
    }

    /// Reports, newest first.
    pub async fn reports(&self, filter: Filter) -> Result<Vec<Listing>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT r.id, r.status, v.kind, p.mrn, p.family || ', ' || p.given AS patient,
                        u.name AS author, r.created_at, r.filed_at,
                        EXISTS (SELECT 1 FROM retractions x WHERE x.report_id = r.id) AS retracted
                 FROM reports r
                 JOIN patients p ON p.id = r.patient_id
                 JOIN users u ON u.id = r.author_id
                 JOIN report_versions v ON v.report_id = r.id AND v.version =
                     (SELECT max(version) FROM report_versions WHERE report_id = r.id)
                 WHERE (:patient IS NULL OR r.patient_id = :patient)
                   AND (:status IS NULL OR r.status = :status)
                 ORDER BY r.created_at DESC, r.id DESC",
            )?;
            let rows = statement.query_map(
                named_params! {":patient": filter.patient_id, ":status": filter.status},
                |r| {
                    Ok(Listing {
                        id: r.get("id")?,
                        status: r.get("status")?,
                        kind: r.get("kind")?,
                        mrn: r.get("mrn")?,
                        patient: r.get("patient")?,
                        author: r.get("author")?,
                        created_at: r.get::<_, At>("created_at")?.0,
                        filed_at: r.get::<_, Option<At>>("filed_at")?.map(|at| at.0),
                        is_retracted: r.get("retracted")?,
                    })
                },
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// A patient's whole record, read in one transaction.
    pub async fn record(&self, patient: PatientId) -> Result<StoredRecord, StoreError> {
        self.read(move |conn| {
            let dictations = dictations::of(conn, patient)?
                .into_iter()
                .map(|dictation| stored(conn, dictation))
                .collect::<Result<_, Fault>>()?;
            Ok(StoredRecord {
                patient: patients::by_id(conn, patient)?,
                encounters: encounters::of(conn, patient)?,
                dictations,
            })
        })
        .await
    }
}

fn stored(conn: &Connection, dictation: Dictation) -> Result<StoredDictation, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM reports WHERE dictation_id = ?1 ORDER BY parent_id IS NOT NULL, created_at",
    )?;
    let ids = statement
        .query_map([dictation.id], |r| r.get(0))?
        .collect::<Result<Vec<ReportId>, _>>()?;
    Ok(StoredDictation {
        transcript: dictations::transcript_of(conn, dictation.id)?,
        reports: ids
            .into_iter()
            .map(|id| with_versions(conn, id))
            .collect::<Result<_, _>>()?,
        dictation,
    })
}
