//! What people do to reports and dictations beside the plain steps: corrected versions, another patient, two patients in
//! one recording, addenda, retraction.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::{Dictation, Take};
use crate::domain::ids::{DictationId, PatientId, ReportId, TakeId};
use crate::domain::recognition::Recognition;
use crate::domain::report::{Report, ReportBody};
use crate::domain::transition::{By, Need, Note, Step};
use crate::domain::worklist::{Orders, Route};
use crate::store::audit::{self, Entry};
use crate::store::dictations::{self, NewRow, by_id, verify_identity};
use crate::store::once::{Once, once};
use crate::store::reports::{self, given, with_versions};
use crate::store::sql::At;
use crate::store::steps::{Going, advance};
use crate::store::{Fault, Store, StoreError, patients, users};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A corrected version of a draft.
#[derive(Debug, Clone)]
pub struct Correction {
    /// The report, or an addendum.
    pub report_id: ReportId,
    /// The version that was corrected; the newest, or nothing is stored.
    pub based_on: u32,
    /// The corrected text.
    pub body: ReportBody,
    /// Who corrected it.
    pub by: By,
}

/// A dictation that belongs to another patient.
#[derive(Debug, Clone)]
pub struct MoveTo {
    /// The dictation, not signed yet.
    pub dictation_id: DictationId,
    /// Whose it is.
    pub patient_id: PatientId,
    /// Whether that patient's second identifier was checked; otherwise it is open again.
    pub identity_verified: bool,
    /// Why.
    pub reason: Note,
    /// Who moves it.
    pub by: By,
}

/// One of the two reports in a recording.
#[derive(Debug, Clone)]
pub struct Part {
    /// Whose.
    pub patient_id: PatientId,
    /// Whether the second identifier was checked.
    pub identity_verified: bool,
    /// Its words, and the draft made of them.
    pub recognition: Recognition,
}

/// A recording with the reports of two patients.
#[derive(Debug, Clone)]
pub struct SplitInto {
    /// The dictation, not signed yet.
    pub dictation_id: DictationId,
    /// What comes first, and what comes then.
    pub parts: [Part; 2],
    /// Why.
    pub reason: Note,
    /// Who splits it.
    pub by: By,
}

/// An addendum to a filed report.
#[derive(Debug, Clone)]
pub struct NewAddendum {
    /// The filed report.
    pub report_id: ReportId,
    /// What is added.
    pub body: ReportBody,
    /// The author.
    pub by: By,
    /// So that a request that is repeated begins no second one.
    pub key: Option<Once>,
}

/// A signed report or addendum that was entered in error.
#[derive(Debug, Clone)]
pub struct Retract {
    /// The report.
    pub report_id: ReportId,
    /// Why.
    pub reason: Note,
    /// Who says so.
    pub by: By,
    /// Where it is to be filed instead, if it is to be.
    pub anew: Option<Anew>,
}

/// The record that a retracted report belongs to. Its words and its text become a draft there.
#[derive(Debug, Clone, Copy)]
pub struct Anew {
    /// Whose.
    pub patient_id: PatientId,
    /// Whether that patient's second identifier was checked.
    pub identity_verified: bool,
}

fn going<'a>(
    step: Step,
    by: &'a By,
    given: &'a [Need],
    note: Option<&'a Note>,
    stamp: &'a Stamp,
) -> Going<'a> {
    Going {
        step,
        by,
        given,
        note,
        stamp,
    }
}

fn trail(
    conn: &Connection,
    action: Action,
    subject: (&'static str, String),
    patient_id: PatientId,
    details: Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject,
            patient_id: Some(patient_id),
            details,
            stamp,
        },
    )
}

/// Whether `based_on` is the newest version.
pub(super) fn newest(conn: &Connection, report: &Report, based_on: u32) -> Result<(), Fault> {
    if report.latest.version == based_on {
        return Ok(());
    }
    let by = match report.latest.made_by {
        Some(id) => Some(users::by_id(conn, id)?.name),
        None => None,
    };
    Err(StoreError::Outdated {
        newest: report.latest.version,
        by,
    }
    .into())
}

fn correct(conn: &Connection, request: &Correction, stamp: &Stamp) -> Result<u32, Fault> {
    let (report, _) = with_versions(conn, request.report_id)?;
    newest(conn, &report, request.based_on)?;
    let mut given = vec![Need::NewestVersion];
    if !request.body.text.trim().is_empty() {
        given.push(Need::Text);
    }
    let step = match report.parent_id {
        None => Step::Correct,
        Some(_) => Step::CorrectAddendum,
    };
    let by = &request.by;
    let dictation = advance(
        conn,
        report.dictation_id,
        &going(step, by, &given, None, stamp),
    )?;
    let version = report.latest.version + 1;
    reports::insert_version(conn, report.id, version, &request.body, by.user(), stamp)?;
    if report.parent_id.is_none() {
        let (orders, since) = (dictation.orders, dictation.created_at);
        dictations::set_kind(conn, dictation.id, orders, since, &request.body.kind)?;
    }
    trail(
        conn,
        Action::ReportCorrected,
        ("report", report.id.to_string()),
        report.patient_id,
        json!({"version": version}),
        stamp,
    )?;
    Ok(version)
}

/// Refuses a record that has one of these recordings already.
fn not_there_yet(conn: &Connection, of: &Dictation, patient: PatientId) -> Result<(), Fault> {
    for take in &of.takes {
        let there = conn
            .prepare_cached(
                "SELECT 1 FROM takes t JOIN dictations d ON d.id = t.dictation_id
                 WHERE t.sha256 = ?1 AND d.patient_id = ?2 AND d.state <> 'deleted' AND d.id <> ?3",
            )?
            .exists((&take.sha256, patient, of.id))?;
        if there {
            return Err(StoreError::Conflict(
                "that record has this recording already; open the dictation that is there".into(),
            )
            .into());
        }
    }
    Ok(())
}

fn other_patient(given: &mut Vec<Need>, is_other: bool) {
    if is_other {
        given.push(Need::OtherPatient);
    }
}

fn move_to(conn: &Connection, request: &MoveTo, stamp: &Stamp) -> Result<Dictation, Fault> {
    let before = by_id(conn, request.dictation_id)?;
    patients::in_use(conn, request.patient_id)?;
    let mut given = Vec::new();
    other_patient(&mut given, request.patient_id != before.patient_id);
    let reason = Some(&request.reason);
    advance(
        conn,
        before.id,
        &going(Step::Move, &request.by, &given, reason, stamp),
    )?;
    not_there_yet(conn, &before, request.patient_id)?;
    // The visit was the other patient's.
    conn.execute(
        "UPDATE dictations SET patient_id = ?2, encounter_id = NULL, identity_verified_at = NULL
         WHERE id = ?1",
        (before.id, request.patient_id),
    )?;
    conn.execute(
        "UPDATE reports SET patient_id = ?2 WHERE dictation_id = ?1",
        (before.id, request.patient_id),
    )?;
    // Both records say so.
    for patient in [before.patient_id, request.patient_id] {
        trail(
            conn,
            Action::DictationMoved,
            ("dictation", before.id.to_string()),
            patient,
            json!({"from": before.patient_id, "to": request.patient_id}),
            stamp,
        )?;
    }
    if request.identity_verified {
        verify_identity(conn, before.id, request.patient_id, stamp)?;
    }
    by_id(conn, before.id)
}

/// A dictation with the recordings of another one, drafted at once.
fn copy(
    conn: &Connection,
    of: &Dictation,
    patient_id: PatientId,
    verified_at: Option<Timestamp>,
    recognition: &Recognition,
    stamp: &Stamp,
) -> Result<(DictationId, ReportId), Fault> {
    let same_patient = patient_id == of.patient_id;
    let row = NewRow {
        patient_id,
        encounter_id: of.encounter_id.filter(|_| same_patient),
        author_id: of.author_id,
        orders: of.orders,
        identity_verified_at: verified_at,
        note: None,
    };
    let id = dictations::insert(conn, &row, stamp)?;
    for take in &of.takes {
        let take = Take {
            id: TakeId::new(stamp.at),
            ..take.clone()
        };
        dictations::insert_take(conn, id, &take)?;
    }
    trail(
        conn,
        Action::DictationReceived,
        ("dictation", id.to_string()),
        patient_id,
        json!({"copy_of": of.id}),
        stamp,
    )?;
    let completed = dictations::complete(conn, id, recognition, stamp)?;
    Ok((id, completed.report_id))
}

fn split(conn: &Connection, request: &SplitInto, stamp: &Stamp) -> Result<[DictationId; 2], Fault> {
    let before = by_id(conn, request.dictation_id)?;
    let [first, then] = &request.parts;
    let mut given = Vec::new();
    other_patient(&mut given, first.patient_id != then.patient_id);
    let reason = Some(&request.reason);
    advance(
        conn,
        before.id,
        &going(Step::Split, &request.by, &given, reason, stamp),
    )?;
    let mut made = Vec::new();
    for part in &request.parts {
        patients::by_id(conn, part.patient_id)?;
        not_there_yet(conn, &before, part.patient_id)?;
        let verified_at = match before.identity_verified_at {
            Some(at) if part.patient_id == before.patient_id => Some(at),
            _ => part.identity_verified.then_some(stamp.at),
        };
        let (id, _) = copy(
            conn,
            &before,
            part.patient_id,
            verified_at,
            &part.recognition,
            stamp,
        )?;
        made.push(id);
    }
    trail(
        conn,
        Action::DictationSplit,
        ("dictation", before.id.to_string()),
        before.patient_id,
        json!({"into": made}),
        stamp,
    )?;
    made.try_into()
        .map_err(|_| StoreError::Broken("a split made no two dictations".into()).into())
}

fn add_addendum(
    conn: &Connection,
    request: &NewAddendum,
    stamp: &Stamp,
) -> Result<ReportId, Fault> {
    let (parent, _) = with_versions(conn, request.report_id)?;
    if parent.parent_id.is_some() {
        return Err(StoreError::Conflict(
            "an addendum has no addenda of its own; add to its report".into(),
        )
        .into());
    }
    let mut given = Vec::new();
    if !request.body.text.trim().is_empty() {
        given.push(Need::Text);
    }
    let by = &request.by;
    let dictation = advance(
        conn,
        parent.dictation_id,
        &going(Step::Addendum, by, &given, None, stamp),
    )?;
    let id = reports::insert(conn, &dictation, Some(parent.id), stamp)?;
    reports::insert_version(conn, id, 1, &request.body, by.user(), stamp)?;
    trail(
        conn,
        Action::AddendumAdded,
        ("report", id.to_string()),
        parent.patient_id,
        json!({"to": parent.id}),
        stamp,
    )?;
    Ok(id)
}

fn retract(
    conn: &Connection,
    request: &Retract,
    stamp: &Stamp,
) -> Result<Option<DictationId>, Fault> {
    let (report, _) = with_versions(conn, request.report_id)?;
    if report.retraction.is_some() {
        return Err(StoreError::Conflict(
            "the report is marked as entered in error already".into(),
        )
        .into());
    }
    if report.signature.is_none() {
        return Err(StoreError::Conflict(
            "the report is not signed; correct it, move it to the right patient, or delete it"
                .into(),
        )
        .into());
    }
    let step = match report.parent_id {
        None => Step::Retract,
        Some(_) => Step::RetractAddendum,
    };
    let (by, reason) = (&request.by, Some(&request.reason));
    let dictation = advance(
        conn,
        report.dictation_id,
        &going(step, by, &[], reason, stamp),
    )?;
    let mut retracted = vec![report.id];
    if report.parent_id.is_none() {
        // What was added to it falls with it.
        let mut statement = conn.prepare_cached(
            "SELECT id FROM reports WHERE parent_id = ?1 AND status <> 'draft'
               AND id NOT IN (SELECT report_id FROM retractions)",
        )?;
        let addenda = statement
            .query_map([report.id], |r| r.get(0))?
            .collect::<Result<Vec<ReportId>, _>>()?;
        retracted.extend(addenda);
    }
    for id in retracted {
        conn.execute(
            "INSERT INTO retractions (report_id, by_id, at, reason) VALUES (?1, ?2, ?3, ?4)",
            (id, by.user(), At(stamp.at), request.reason.as_str()),
        )?;
        trail(
            conn,
            Action::ReportRetracted,
            ("report", id.to_string()),
            report.patient_id,
            json!({}),
            stamp,
        )?;
    }
    let Some(anew) = request.anew else {
        return Ok(None);
    };
    if report.parent_id.is_some() {
        return Err(StoreError::Conflict(
            "an addendum is not filed anew on its own; retract its report".into(),
        )
        .into());
    }
    file_anew(conn, &dictation, &report, anew, by, stamp).map(Some)
}

/// A draft in the right record, of the same words, with the text that was signed as its newest version.
fn file_anew(
    conn: &Connection,
    dictation: &Dictation,
    report: &Report,
    anew: Anew,
    by: &By,
    stamp: &Stamp,
) -> Result<DictationId, Fault> {
    patients::by_id(conn, anew.patient_id)?;
    not_there_yet(conn, dictation, anew.patient_id)?;
    let heard = dictations::transcript_of(conn, dictation.id)?.ok_or_else(|| {
        StoreError::Broken(format!("dictation {} has no transcript", dictation.id))
    })?;
    let verified_at = anew.identity_verified.then_some(stamp.at);
    let direct = Dictation {
        orders: Orders {
            route: Route::Author,
            ..dictation.orders
        },
        ..dictation.clone()
    };
    let (id, report_id) = copy(
        conn,
        &direct,
        anew.patient_id,
        verified_at,
        &heard.recognition,
        stamp,
    )?;
    if report.latest.body != heard.recognition.report {
        let (copied, _) = with_versions(conn, report_id)?;
        let given = given(&copied, 1);
        advance(conn, id, &going(Step::Correct, by, &given, None, stamp))?;
        let body = &report.latest.body;
        reports::insert_version(conn, report_id, 2, body, by.user(), stamp)?;
    }
    Ok(id)
}

impl Store {
    /// Stores a corrected version of a draft; gives its number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is not based on the newest version or the dictation cannot be corrected where it
    /// stands; [`StoreError::Refused`] where somebody else may, or the lock is another's.
    pub async fn correct_report(
        &self,
        request: Correction,
        stamp: Stamp,
    ) -> Result<u32, StoreError> {
        self.write(move |conn| correct(conn, &request, &stamp))
            .await
    }

    /// Moves a dictation that is not signed into another patient's record. Its visit is forgotten.
    pub async fn move_dictation(
        &self,
        request: MoveTo,
        stamp: Stamp,
    ) -> Result<Dictation, StoreError> {
        self.write(move |conn| move_to(conn, &request, &stamp))
            .await
    }

    /// Puts two dictations, each with its patient and its words, in the place of one, which is deleted with the reason.
    pub async fn split_dictation(
        &self,
        request: SplitInto,
        stamp: Stamp,
    ) -> Result<[DictationId; 2], StoreError> {
        self.write(move |conn| split(conn, &request, &stamp)).await
    }

    /// Begins an addendum to a filed report: a draft that its author signs.
    pub async fn add_addendum(
        &self,
        request: NewAddendum,
        stamp: Stamp,
    ) -> Result<ReportId, StoreError> {
        self.write(move |conn| {
            once(conn, request.key.as_ref(), "addendum", &stamp, || {
                add_addendum(conn, &request, &stamp)
            })
        })
        .await
    }

    /// Marks a signed report as entered in error, its addenda with it; gives the new dictation where it is filed anew.
    pub async fn retract_report(
        &self,
        request: Retract,
        stamp: Stamp,
    ) -> Result<Option<DictationId>, StoreError> {
        self.write(move |conn| retract(conn, &request, &stamp))
            .await
    }
}
