//! Dictations, their takes, and what the engine heard in them.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::{Dictation, Phase, State, Take};
use crate::domain::ids::{
    DictationId, EncounterId, PatientId, ReportId, TakeId, TranscriptId, UserId,
};
use crate::domain::marks::Marks;
use crate::domain::recognition::Recognition;
use crate::domain::template::PlacedText;
use crate::domain::transition::Note;
use crate::domain::transition::{By, Step};
use crate::domain::worklist::{Orders, Priority, Route};
use crate::store::audit::{self, Entry};
use crate::store::sql::At;
use crate::store::steps::{self, Going, advance};
use crate::store::{Fault, Store, StoreError, marks, patients, reports};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A recording in the audio store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTake {
    /// SHA-256 (hex) of the file.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The name it came with, without folders.
    pub original_name: String,
}

/// A recording to be taken in; its sound is already in the audio store.
#[derive(Debug, Clone)]
pub struct NewDictation {
    /// Whose record it is for.
    pub patient_id: PatientId,
    /// The visit, if it is known; one of this patient's.
    pub encounter_id: Option<EncounterId>,
    /// Who dictated.
    pub author_id: UserId,
    /// What is heard.
    pub recording: NewTake,
    /// The takes that it was made of, where there were several; they are kept and not heard.
    pub made_of: Vec<NewTake>,
    /// Whether the second identifier was checked.
    pub identity_verified: bool,
    /// How it is to be worked on.
    pub orders: Orders,
    /// What its author says to the secretary, beside the dictation.
    pub note: Option<Note>,
    /// Ready texts that its author put between the words, in their order.
    pub placed: Vec<PlacedText>,
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A new dictation.
    New(DictationId),
    /// This patient's record has this very recording already.
    Existing(DictationId),
    /// Another patient's record has it; nothing was stored.
    OtherPatient,
    /// This patient's record has it as dictated by somebody else; nothing was stored.
    OtherAuthor,
    /// This patient's record has it with another encounter than the one that was named, or with none; nothing was
    /// stored.
    OtherEncounter,
}

/// What completing a dictation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// The recognition, as stored.
    pub transcript_id: TranscriptId,
    /// The draft.
    pub report_id: ReportId,
}

/// A recognition run as it is stored; it never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTranscript {
    /// Identifier.
    pub id: TranscriptId,
    /// Number of the run over its dictation, from 1.
    pub seq: u32,
    /// Everything the run gave.
    pub recognition: Recognition,
    /// Which dictionaries were used, where the run said so.
    pub dictionary_version: Option<String>,
    /// When it was stored.
    pub created_at: jiff::Timestamp,
}

fn take(r: &Row<'_>) -> rusqlite::Result<Take> {
    Ok(Take {
        id: r.get("id")?,
        index: r.get("idx")?,
        sha256: r.get("sha256")?,
        bytes: r.get::<_, i64>("bytes")?.max(0) as u64,
        original_name: r.get("original_name")?,
    })
}

/// A dictation whose takes are still to be read.
fn row(r: &Row<'_>) -> rusqlite::Result<Dictation> {
    Ok(Dictation {
        id: r.get("id")?,
        patient_id: r.get("patient_id")?,
        encounter_id: r.get("encounter_id")?,
        author_id: r.get("author_id")?,
        orders: Orders {
            priority: r.get("priority")?,
            route: r.get("route")?,
        },
        phase: r.get("phase")?,
        state: r.get("state")?,
        takes: Vec::new(),
        identity_verified_at: r
            .get::<_, Option<At>>("identity_verified_at")?
            .map(|at| at.0),
        created_at: r.get::<_, At>("created_at")?.0,
    })
}

fn with_takes(conn: &Connection, mut dictation: Dictation) -> Result<Dictation, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT * FROM takes WHERE dictation_id = ?1 ORDER BY idx")?;
    dictation.takes = statement
        .query_map([dictation.id], take)?
        .collect::<Result<_, _>>()?;
    Ok(dictation)
}

pub(super) fn by_id(conn: &Connection, id: DictationId) -> Result<Dictation, Fault> {
    let dictation = conn
        .prepare_cached("SELECT * FROM dictations WHERE id = ?1")?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound(format!("there is no dictation {id}")))?;
    with_takes(conn, dictation)
}

pub(super) fn of(conn: &Connection, patient: PatientId) -> Result<Vec<Dictation>, Fault> {
    let mut statement = conn
        .prepare_cached("SELECT * FROM dictations WHERE patient_id = ?1 ORDER BY created_at, id")?;
    let found = statement
        .query_map([patient], row)?
        .collect::<Result<Vec<_>, _>>()?;
    found.into_iter().map(|d| with_takes(conn, d)).collect()
}

pub(super) fn transcript_of(
    conn: &Connection,
    dictation: DictationId,
) -> Result<Option<StoredTranscript>, Fault> {
    let found = conn
        .prepare_cached(
            "SELECT * FROM transcripts WHERE dictation_id = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([dictation], |r| {
            Ok((
                r.get("id")?,
                r.get("seq")?,
                r.get::<_, String>("recognition")?,
                r.get("dictionary_version")?,
                r.get::<_, At>("created_at")?.0,
            ))
        })
        .optional()?;
    found
        .map(|(id, seq, recognition, dictionary_version, created_at)| {
            Ok(StoredTranscript {
                id,
                seq,
                recognition: serde_json::from_str(&recognition)?,
                dictionary_version,
                created_at,
            })
        })
        .transpose()
}

/// Writes that the second identifier was checked, once, with its audit row.
pub(super) fn verify_identity(
    conn: &Connection,
    id: DictationId,
    patient_id: PatientId,
    stamp: &Stamp,
) -> Result<(), Fault> {
    let changed = conn
        .prepare_cached(
            "UPDATE dictations SET identity_verified_at = ?2
         WHERE id = ?1 AND identity_verified_at IS NULL",
        )?
        .execute((id, At(stamp.at)))?;
    if changed == 0 {
        return Ok(());
    }
    audit::record(
        conn,
        Entry {
            action: Action::IdentityVerified,
            subject: ("dictation", id.to_string()),
            patient_id: Some(patient_id),
            details: serde_json::json!({}),
            stamp,
        },
    )
}

/// When a dictation is due: by its document type and priority, counted from when it was taken in.
pub(super) fn due_at(
    conn: &Connection,
    kind: &str,
    priority: Priority,
    created_at: Timestamp,
) -> Result<Timestamp, Fault> {
    let minutes: i64 = conn
        .prepare_cached(
            "SELECT minutes FROM due_times WHERE priority = ?1 AND kind IN (?2, '')
             ORDER BY kind = '' LIMIT 1",
        )?
        .query_row((priority, kind), |r| r.get(0))?;
    Ok(created_at + SignedDuration::from_mins(minutes))
}

/// Writes of which type a dictation's report is, and by when it is due for that.
pub(super) fn set_kind(
    conn: &Connection,
    id: DictationId,
    orders: Orders,
    created_at: Timestamp,
    kind: &str,
) -> Result<(), Fault> {
    let due = due_at(conn, kind, orders.priority, created_at)?;
    conn.prepare_cached("UPDATE dictations SET kind = ?2, due_at = ?3 WHERE id = ?1")?
        .execute((id, kind, At(due)))?;
    Ok(())
}

/// Document type before anything was heard.
const UNHEARD: &str = "dictation";

/// A dictation's row and its history's first line, without recordings.
pub(super) fn insert(conn: &Connection, new: &NewRow, stamp: &Stamp) -> Result<DictationId, Fault> {
    patients::in_use(conn, new.patient_id)?;
    let id = DictationId::new(stamp.at);
    let due = due_at(conn, UNHEARD, new.orders.priority, stamp.at)?;
    conn.prepare_cached(
        "INSERT INTO dictations (id, patient_id, encounter_id, author_id, phase, state, created_at,
                                 identity_verified_at, priority, route, kind, due_at)
         VALUES (:id, :patient, :encounter, :author, :phase, :state, :at,
                 :verified, :priority, :route, :kind, :due)",
    )?
    .execute(named_params! {
        ":id": id,
        ":patient": new.patient_id,
        ":encounter": new.encounter_id,
        ":author": new.author_id,
        ":phase": Phase::Recorded,
        ":state": State::Pending,
        ":at": At(stamp.at),
        ":verified": new.identity_verified_at.map(At),
        ":priority": new.orders.priority,
        ":route": new.orders.route,
        ":kind": UNHEARD,
        ":due": At(due),
    })?;
    steps::begin(conn, id, new.note.as_ref(), stamp)?;
    Ok(id)
}

/// What [`insert`] writes.
pub(super) struct NewRow {
    pub patient_id: PatientId,
    pub encounter_id: Option<EncounterId>,
    pub author_id: UserId,
    pub orders: Orders,
    pub identity_verified_at: Option<Timestamp>,
    pub note: Option<Note>,
}

/// Adds a recording to a dictation.
pub(super) fn insert_take(conn: &Connection, id: DictationId, take: &Take) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO takes (id, dictation_id, idx, sha256, bytes, original_name)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        take.id,
        id,
        take.index,
        &take.sha256,
        take.bytes as i64,
        &take.original_name,
    ))?;
    Ok(())
}

pub(super) fn receive(
    conn: &Connection,
    new: &NewDictation,
    stamp: &Stamp,
) -> Result<Received, Fault> {
    // What was deleted on purpose may be delivered again.
    let mut statement = conn.prepare_cached(
        "SELECT d.id, d.patient_id, d.author_id, d.encounter_id FROM takes t JOIN dictations d ON d.id = t.dictation_id
         WHERE t.sha256 = ?1 AND d.state <> 'deleted' ORDER BY d.created_at",
    )?;
    let owners = statement
        .query_map([&new.recording.sha256], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })?
        .collect::<Result<Vec<(DictationId, PatientId, UserId, Option<EncounterId>)>, _>>()?;
    if let Some((id, _, author, encounter)) = owners
        .iter()
        .find(|(_, owner, ..)| *owner == new.patient_id)
    {
        // Asked before anything is written: what contradicts the record must not verify it.
        if *author != new.author_id {
            return Ok(Received::OtherAuthor);
        }
        // Without an encounter nothing is said about it.
        if new.encounter_id.is_some() && *encounter != new.encounter_id {
            return Ok(Received::OtherEncounter);
        }
        if new.identity_verified {
            verify_identity(conn, *id, new.patient_id, stamp)?;
        }
        return Ok(Received::Existing(*id));
    }
    if !owners.is_empty() {
        return Ok(Received::OtherPatient);
    }
    let id = insert(
        conn,
        &NewRow {
            patient_id: new.patient_id,
            encounter_id: new.encounter_id,
            author_id: new.author_id,
            orders: new.orders,
            identity_verified_at: None,
            note: new.note.clone(),
        },
        stamp,
    )?;
    for (index, take) in (0..).zip(std::iter::once(&new.recording).chain(&new.made_of)) {
        let take = Take {
            id: TakeId::new(stamp.at),
            index,
            sha256: take.sha256.clone(),
            bytes: take.bytes,
            original_name: take.original_name.clone(),
        };
        insert_take(conn, id, &take)?;
    }
    for (n, placed) in (0i64..).zip(&new.placed) {
        conn.execute(
            "INSERT INTO placed_texts (dictation_id, n, at_s, text) VALUES (?1, ?2, ?3, ?4)",
            (id, n, placed.at_s, &placed.text),
        )?;
    }
    let mut details =
        serde_json::json!({"sha256": new.recording.sha256, "bytes": new.recording.bytes});
    if !new.placed.is_empty() {
        details["ready_texts"] = new.placed.len().into();
    }
    audit::record(
        conn,
        Entry {
            action: Action::DictationReceived,
            subject: ("dictation", id.to_string()),
            patient_id: Some(new.patient_id),
            details,
            stamp,
        },
    )?;
    if new.identity_verified {
        verify_identity(conn, id, new.patient_id, stamp)?;
    }
    Ok(Received::New(id))
}

pub(super) fn complete(
    conn: &Connection,
    id: DictationId,
    recognition: &Recognition,
    stamp: &Stamp,
) -> Result<Completed, Fault> {
    let step = match by_id(conn, id)?.orders.route {
        Route::Author => Step::DraftForAuthor,
        Route::Secretary => Step::DraftForSecretary,
    };
    let going = Going {
        step,
        by: &By::Machine,
        given: &[],
        note: None,
        stamp,
    };
    let dictation = advance(conn, id, &going)?;
    let kind = &recognition.report.kind;
    set_kind(conn, id, dictation.orders, dictation.created_at, kind)?;
    let transcript_id = TranscriptId::new(stamp.at);
    conn.prepare_cached("INSERT INTO transcripts (id, dictation_id, seq, model, model_sha256, parameters,
                                  dictionary_version, recognition, created_at)
         VALUES (:id, :dictation,
                 (SELECT 1 + coalesce(max(seq), 0) FROM transcripts WHERE dictation_id = :dictation),
                 :model, :sha256, :parameters, :dictionaries, :recognition, :at)")?.execute(named_params! {
            ":id": transcript_id,
            ":dictation": id,
            ":model": recognition.model,
            ":sha256": recognition.model_sha256,
            ":parameters": recognition.parameters.to_string(),
            ":dictionaries": recognition.parameters.get("dictionary_version").and_then(|v| v.as_str()),
            ":recognition": serde_json::to_string(recognition)?,
            ":at": At(stamp.at),
        })?;
    marks::keep_counts(conn, id, recognition, &Marks::default())?;
    let report_id = reports::insert(conn, &dictation, None, stamp)?;
    reports::insert_version(conn, report_id, 1, &recognition.report, None, stamp)?;
    audit::record(
        conn,
        Entry {
            action: Action::DictationTranscribed,
            subject: ("dictation", id.to_string()),
            patient_id: Some(dictation.patient_id),
            details: serde_json::json!({
                "transcript": transcript_id,
                "report": report_id,
                "model": recognition.model,
                "model_sha256": recognition.model_sha256,
                "words": recognition.raw.words.len(),
                "findings": recognition.findings.len(),
            }),
            stamp,
        },
    )?;
    Ok(Completed {
        transcript_id,
        report_id,
    })
}

impl Store {
    /// How many dictations are not done, by phase and state.
    pub async fn waiting(&self) -> Result<Vec<(Phase, State, u64)>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT phase, state, count(*) FROM dictations WHERE state NOT IN ('done', 'deleted')
                 GROUP BY phase, state ORDER BY phase, state",
            )?;
            let rows = statement.query_map([], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)?.max(0) as u64))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Makes a dictation of a recording, or finds the one that was made of it before.
    pub async fn receive_dictation(
        &self,
        new: NewDictation,
        stamp: Stamp,
    ) -> Result<Received, StoreError> {
        self.write(move |conn| receive(conn, &new, &stamp)).await
    }

    /// Stores what was heard and the draft that follows from it, and lets the dictation wait for its author or for a
    /// secretary; [`StoreError::Conflict`] where that was done before.
    pub async fn complete_dictation(
        &self,
        id: DictationId,
        recognition: Recognition,
        stamp: Stamp,
    ) -> Result<Completed, StoreError> {
        self.write(move |conn| complete(conn, id, &recognition, &stamp))
            .await
    }

    /// One dictation with its takes.
    pub async fn dictation(&self, id: DictationId) -> Result<Dictation, StoreError> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// The ready texts that the author of a dictation put between the words, in their order.
    pub async fn placed_texts(&self, id: DictationId) -> Result<Vec<PlacedText>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT at_s, text FROM placed_texts WHERE dictation_id = ?1 ORDER BY n",
            )?;
            let placed = statement
                .query_map([id], |r| {
                    Ok(PlacedText {
                        at_s: r.get("at_s")?,
                        text: r.get("text")?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(placed)
        })
        .await
    }

    /// The newest recognition of a dictation.
    pub async fn transcript_of(
        &self,
        id: DictationId,
    ) -> Result<Option<StoredTranscript>, StoreError> {
        self.read(move |conn| transcript_of(conn, id)).await
    }
}
