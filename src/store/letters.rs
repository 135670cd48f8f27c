//! Letters: written once, withdrawn at most once.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{LetterId, PatientId, ReportId, UserId};
use crate::domain::letter::{Letter, Recipient, Withdrawal};
use crate::domain::report::ReportStatus;
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::json;

fn recipient(r: &Row<'_>, name: &str, address: &str) -> rusqlite::Result<Recipient> {
    let (name, address): (String, String) = (r.get(name)?, r.get(address)?);
    Recipient::new(&name, &address).map_err(|_| FromSqlError::InvalidType.into())
}

fn row(r: &Row<'_>) -> rusqlite::Result<Letter> {
    let withdrawn: Option<UserId> = r.get("withdrawn_by")?;
    let withdrawal = match withdrawn {
        None => None,
        Some(by) => Some(Withdrawal {
            by,
            at: r.get::<_, At>("withdrawn_at")?.0,
            reason: r.get("reason")?,
        }),
    };
    Ok(Letter {
        id: r.get("id")?,
        report_id: r.get("report_id")?,
        to: recipient(r, "to_name", "to_address")?,
        copies: Vec::new(),
        made_by: r.get("made_by")?,
        made_at: r.get::<_, At>("made_at")?.0,
        withdrawal,
    })
}

const LETTERS: &str =
    "SELECT l.*, w.by_id AS withdrawn_by, w.at AS withdrawn_at, w.reason AS reason
    FROM letters l LEFT JOIN letter_withdrawals w ON w.letter_id = l.id";

fn with_copies(conn: &Connection, letter: Letter) -> Result<Letter, Fault> {
    let copies = conn
        .prepare_cached(
            "SELECT name, address FROM letter_copies WHERE letter_id = ?1 ORDER BY idx",
        )?
        .query_map([letter.id], |r| recipient(r, "name", "address"))?
        .collect::<Result<_, _>>()?;
    Ok(Letter { copies, ..letter })
}

fn by_id(conn: &Connection, id: LetterId) -> Result<Letter, Fault> {
    let letter = conn
        .prepare_cached(&format!("{LETTERS} WHERE l.id = ?1"))?
        .query_row([id], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such letter".into()))?;
    with_copies(conn, letter)
}

fn of(conn: &Connection, report: ReportId) -> Result<Vec<Letter>, Fault> {
    let mut statement = conn.prepare_cached(&format!(
        "{LETTERS} WHERE l.report_id = ?1 ORDER BY l.made_at, l.id"
    ))?;
    let letters: Vec<Letter> = statement
        .query_map([report], row)?
        .collect::<Result<_, _>>()?;
    letters
        .into_iter()
        .map(|letter| with_copies(conn, letter))
        .collect()
}

fn trail(conn: &Connection, action: Action, letter: &Letter, stamp: &Stamp) -> Result<(), Fault> {
    let patient: PatientId = conn
        .prepare_cached("SELECT patient_id FROM reports WHERE id = ?1")?
        .query_row([letter.report_id], |r| r.get(0))?;
    audit::record(
        conn,
        Entry {
            action,
            subject: ("letter", letter.id.to_string()),
            patient_id: Some(patient),
            details: json!({"report": letter.report_id, "copies": letter.copies.len()}),
            stamp,
        },
    )
}

fn add(conn: &Connection, letter: &Letter, stamp: &Stamp) -> Result<LetterId, Fault> {
    let (status, is_retracted): (ReportStatus, bool) = conn
        .prepare_cached(
            "SELECT status, EXISTS (SELECT 1 FROM retractions x WHERE x.report_id = r.id) FROM reports r WHERE id = ?1",
        )?
        .query_row([letter.report_id], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such report".into()))?;
    if status == ReportStatus::Draft || is_retracted {
        return Err(StoreError::Conflict(
            "only a report that is signed, and was not entered in error, becomes a letter".into(),
        )
        .into());
    }
    let copies = u32::try_from(letter.copies.len()).unwrap_or(u32::MAX);
    conn.prepare_cached(
        "INSERT INTO letters (id, report_id, to_name, to_address, copies, made_by, made_at)
         VALUES (:id, :report, :name, :address, :copies, :by, :at)",
    )?
    .execute(named_params! {
        ":id": letter.id,
        ":report": letter.report_id,
        ":name": letter.to.name(),
        ":address": letter.to.address(),
        ":copies": copies,
        ":by": letter.made_by,
        ":at": At(letter.made_at),
    })?;
    let mut statement = conn.prepare_cached(
        "INSERT INTO letter_copies (letter_id, idx, name, address) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (idx, copy) in (0u32..).zip(&letter.copies) {
        statement.execute((letter.id, idx, copy.name(), copy.address()))?;
    }
    trail(conn, Action::LetterWritten, letter, stamp)?;
    Ok(letter.id)
}

fn withdraw(
    conn: &Connection,
    id: LetterId,
    (by, reason): (UserId, &str),
    stamp: &Stamp,
) -> Result<(), Fault> {
    let letter = by_id(conn, id)?;
    if letter.withdrawal.is_some() {
        return Err(StoreError::Conflict("this letter was withdrawn before".into()).into());
    }
    conn.prepare_cached(
        "INSERT INTO letter_withdrawals (letter_id, by_id, at, reason) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((id, by, At(stamp.at), reason))?;
    trail(conn, Action::LetterWithdrawn, &letter, stamp)
}

impl Store {
    /// Adds a letter. Gives its identifier, which is another one where the same key added a letter before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the report is a draft or was entered in error.
    pub async fn add_letter(
        &self,
        letter: Letter,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<LetterId, StoreError> {
        self.write(move |conn| {
            once(conn, key.as_ref(), "letter", &stamp, || {
                add(conn, &letter, &stamp)
            })
        })
        .await
    }

    /// One letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn letter(&self, id: LetterId) -> Result<Letter, StoreError> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// The letters of a report in order.
    pub async fn letters_of(&self, report: ReportId) -> Result<Vec<Letter>, StoreError> {
        self.read(move |conn| of(conn, report)).await
    }

    /// Says that a letter was not to go out, and why.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where that was said before.
    pub async fn withdraw_letter(
        &self,
        id: LetterId,
        by: UserId,
        reason: String,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| withdraw(conn, id, (by, &reason), &stamp))
            .await
    }
}
