//! What people said about findings and edits: appended, never changed.

use crate::domain::audit::{Action, Stamp};
use crate::domain::finding::Severity;
use crate::domain::ids::{DictationId, TranscriptId, UserId};
use crate::domain::marks::{Marked, Marks, Said};
use crate::domain::recognition::Recognition;
use crate::domain::transition::{self, By, Need, Step};
use crate::store::audit::{self, Entry};
use crate::store::dictations::{by_id, transcript_of};
use crate::store::sql::At;
use crate::store::steps::lock_of;
use crate::store::{Fault, Store, StoreError};
use rusqlite::{Connection, named_params};

/// What somebody says about findings and edits of a dictation.
#[derive(Debug, Clone)]
pub struct SayMarks {
    /// The dictation.
    pub dictation_id: DictationId,
    /// What is said.
    pub said: Said,
    /// By whom: whoever may correct it now.
    pub by: By,
}

pub(super) fn of(conn: &Connection, transcript: TranscriptId) -> Result<Marks, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT about, number, state, by_id, at FROM marks WHERE transcript_id = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([transcript])?;
    let mut marks = Marks::default();
    while let Some(r) = rows.next()? {
        let (number, by, at): (u32, UserId, At) = (r.get("number")?, r.get("by_id")?, r.get("at")?);
        if r.get::<_, String>("about")? == "finding" {
            let state = r.get("state")?;
            marks.findings.insert(
                number,
                Marked {
                    state,
                    by,
                    at: at.0,
                },
            );
        } else {
            let state = r.get("state")?;
            marks.edits.insert(
                number,
                Marked {
                    state,
                    by,
                    at: at.0,
                },
            );
        }
    }
    Ok(marks)
}

/// Findings that somebody has to look at and nobody has.
pub(super) fn open_flags(recognition: &Recognition, marks: &Marks) -> usize {
    recognition
        .findings
        .iter()
        .filter(|f| f.severity != Severity::Info && !marks.is_cleared(f.id))
        .count()
}

/// Writes how long a dictation is and how many flags are open, beside it.
pub(super) fn keep_counts(
    conn: &Connection,
    id: DictationId,
    recognition: &Recognition,
    marks: &Marks,
) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE dictations SET length_s = ?2, flags = ?3 WHERE id = ?1")?
        .execute((
            id,
            recognition.duration_s,
            open_flags(recognition, marks) as i64,
        ))?;
    Ok(())
}

fn insert(
    conn: &Connection,
    transcript: TranscriptId,
    (about, number, state): (&str, u32, &str),
    by: UserId,
    stamp: &Stamp,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO marks (transcript_id, about, number, state, by_id, at)
         VALUES (:transcript, :about, :number, :state, :by, :at)",
    )?
    .execute(named_params! {
        ":transcript": transcript,
        ":about": about,
        ":number": number,
        ":state": state,
        ":by": by,
        ":at": At(stamp.at),
    })?;
    Ok(())
}

fn unknown(what: &str, number: u32) -> Fault {
    StoreError::NotFound(format!("the dictation has no {what} {number}")).into()
}

fn say(conn: &Connection, request: &SayMarks, stamp: &Stamp) -> Result<Marks, Fault> {
    let id = request.dictation_id;
    let dictation = by_id(conn, id)?;
    let heard = transcript_of(conn, id)?
        .ok_or_else(|| StoreError::Conflict("nothing was heard in this recording yet".into()))?;
    // Whoever may correct the text now may say this as well.
    let mut given = vec![Need::NewestVersion];
    let user = request.by.user();
    if user.is_some() && lock_of(conn, id)? == user {
        given.push(Need::Lock);
    }
    let place = (dictation.phase, dictation.state);
    let party = request.by.party(dictation.author_id);
    transition::decide(Step::Correct, Some(place), party, &given)?;
    let Some(user) = user else {
        return Err(StoreError::Broken("the machine marks nothing".into()).into());
    };
    for (number, state) in &request.said.findings {
        if !heard.recognition.findings.iter().any(|f| f.id == *number) {
            return Err(unknown("finding", *number));
        }
        let row = ("finding", *number, state.as_str());
        insert(conn, heard.id, row, user, stamp)?;
    }
    for (number, state) in &request.said.edits {
        if !heard
            .recognition
            .transcript
            .edits
            .iter()
            .any(|e| e.id == *number)
        {
            return Err(unknown("edit", *number));
        }
        insert(
            conn,
            heard.id,
            ("edit", *number, state.as_str()),
            user,
            stamp,
        )?;
    }
    let marks = of(conn, heard.id)?;
    keep_counts(conn, id, &heard.recognition, &marks)?;
    let numbers = |numbers: Vec<(&u32, &'static str)>| -> serde_json::Value {
        numbers
            .into_iter()
            .map(|(number, state)| (number.to_string(), state.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    audit::record(
        conn,
        Entry {
            action: Action::DictationMarked,
            subject: ("dictation", id.to_string()),
            patient_id: Some(dictation.patient_id),
            details: serde_json::json!({
                "findings": numbers(request.said.findings.iter().map(|(n, s)| (n, s.as_str())).collect()),
                "edits": numbers(request.said.edits.iter().map(|(n, s)| (n, s.as_str())).collect()),
            }),
            stamp,
        },
    )?;
    Ok(marks)
}

impl Store {
    /// Appends what somebody says; gives the last word about each finding and edit.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Refused`] as for a correction, [`StoreError::NotFound`] for a number that
    /// the recognition does not have.
    pub async fn mark(&self, request: SayMarks, stamp: Stamp) -> Result<Marks, StoreError> {
        self.write(move |conn| say(conn, &request, &stamp)).await
    }

    /// The last word about each finding and edit of a recognition.
    pub async fn marks_of(&self, transcript: TranscriptId) -> Result<Marks, StoreError> {
        self.read(move |conn| of(conn, transcript)).await
    }
}
