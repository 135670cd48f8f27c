//! Steps of dictations: every change of phase and state goes through [`advance`], which asks the table of transitions.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::{Dictation, Phase, State};
use crate::domain::ids::{DictationId, UserId};
use crate::domain::transition::{self, By, Need, Note, Place, Step, is_over};
use crate::domain::worklist::LOCK_S;
use crate::store::audit::{self, Entry};
use crate::store::dictations::by_id;
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::SignedDuration;
use rusqlite::{Connection, OptionalExtension, named_params};

/// A step that needs no more than words, or nothing: everything from opening to deleting. What carries more (a version, a
/// signature, another patient) has its own method.
#[derive(Debug, Clone)]
pub struct TakeStep {
    /// The dictation.
    pub dictation_id: DictationId,
    /// What is to happen.
    pub step: Step,
    /// Who asks.
    pub by: By,
    /// Reason, question or answer.
    pub note: Option<Note>,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTaken {
    /// Which.
    pub step: Step,
    /// Where it led.
    pub place: Place,
    /// Who took it; none for the machine.
    pub by: Option<UserId>,
    /// When.
    pub at: jiff::Timestamp,
    /// The words given for it.
    pub note: Option<String>,
}

/// A step as [`advance`] wants it.
pub(super) struct Going<'a> {
    pub step: Step,
    pub by: &'a By,
    /// What is given beside the note and the lock, which are found here.
    pub given: &'a [Need],
    pub note: Option<&'a Note>,
    pub stamp: &'a Stamp,
}

/// Who edits a dictation.
pub(super) fn lock_of(conn: &Connection, id: DictationId) -> Result<Option<UserId>, Fault> {
    Ok(conn
        .prepare_cached("SELECT lock_by FROM dictations WHERE id = ?1")?
        .query_row([id], |r| r.get(0))
        .optional()?
        .flatten())
}

/// Takes a step: asks the table, moves the dictation, keeps lock and job in step with it, writes the history. Gives the
/// dictation as it stands afterwards. The audit row is the caller's.
pub(super) fn advance(
    conn: &Connection,
    id: DictationId,
    going: &Going<'_>,
) -> Result<Dictation, Fault> {
    let mut dictation = by_id(conn, id)?;
    let from = (dictation.phase, dictation.state);
    let mut given = going.given.to_vec();
    if going.note.is_some() {
        given.extend([Need::Reason, Need::Question, Need::Answer]);
    }
    let user = going.by.user();
    if user.is_some() && lock_of(conn, id)? == user {
        given.push(Need::Lock);
    }
    let party = going.by.party(dictation.author_id);
    let to = transition::decide(going.step, Some(from), party, &given)?;
    if to != from {
        conn.prepare_cached("UPDATE dictations SET phase = ?2, state = ?3 WHERE id = ?1")?
            .execute((id, to.0, to.1))?;
    }
    keep_lock(conn, id, going, to)?;
    keep_job(conn, id, going, to)?;
    write(conn, id, going, to)?;
    (dictation.phase, dictation.state) = to;
    Ok(dictation)
}

/// The first line of a dictation's history; its row was written just now.
pub(super) fn begin(
    conn: &Connection,
    id: DictationId,
    note: Option<&Note>,
    stamp: &Stamp,
) -> Result<(), Fault> {
    let going = Going {
        step: Step::Receive,
        by: &By::Machine,
        given: &[],
        note,
        stamp,
    };
    let party = going.by.party(UserId::new(stamp.at));
    let to = transition::decide(going.step, None, party, going.given)?;
    conn.prepare_cached("INSERT INTO jobs (dictation_id, not_before) VALUES (?1, ?2)")?
        .execute((id, At(stamp.at)))?;
    write(conn, id, &going, to)
}

fn write(conn: &Connection, id: DictationId, going: &Going<'_>, to: Place) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO steps (dictation_id, step, phase, state, by_id, at, note)
         VALUES (:id, :step, :phase, :state, :by, :at, :note)",
    )?
    .execute(named_params! {
        ":id": id,
        ":step": going.step,
        ":phase": to.0,
        ":state": to.1,
        ":by": going.by.user(),
        ":at": At(going.stamp.at),
        ":note": going.note.map(Note::as_str),
    })?;
    Ok(())
}

/// A lock holds only while somebody corrects.
fn keep_lock(
    conn: &Connection,
    id: DictationId,
    going: &Going<'_>,
    to: Place,
) -> Result<(), Fault> {
    match going.step {
        Step::Open | Step::TakeOver => set_lock(conn, id, going.by, going.stamp),
        _ if to == (Phase::InCorrection, State::InProgress) => Ok(()),
        _ => {
            conn.prepare_cached(
                "UPDATE dictations SET lock_by = NULL, lock_until = NULL
                 WHERE id = ?1 AND lock_by IS NOT NULL",
            )?
            .execute([id])?;
            Ok(())
        }
    }
}

fn set_lock(conn: &Connection, id: DictationId, by: &By, stamp: &Stamp) -> Result<(), Fault> {
    let until = stamp.at + SignedDuration::from_secs(LOCK_S);
    conn.prepare_cached("UPDATE dictations SET lock_by = ?2, lock_until = ?3 WHERE id = ?1")?
        .execute((id, by.user(), At(until)))?;
    Ok(())
}

/// The queue holds what is recorded and nothing else; a claim lapses with whatever ends the work.
fn keep_job(conn: &Connection, id: DictationId, going: &Going<'_>, to: Place) -> Result<(), Fault> {
    if to.0 != Phase::Recorded {
        conn.prepare_cached("DELETE FROM jobs WHERE dictation_id = ?1")?
            .execute([id])?;
    } else if to.1 != State::InProgress {
        conn.prepare_cached("UPDATE jobs SET lease_until = NULL WHERE dictation_id = ?1")?
            .execute([id])?;
    }
    if matches!(going.step, Step::Retry | Step::Restore) {
        conn.prepare_cached(
            "UPDATE jobs SET failures = 0, not_before = ?2 WHERE dictation_id = ?1",
        )?
        .execute((id, At(going.stamp.at)))?;
    }
    Ok(())
}

/// Takes a plain step, with its audit row.
pub(super) fn take(
    conn: &Connection,
    request: &TakeStep,
    stamp: &Stamp,
) -> Result<Dictation, Fault> {
    if !request.step.is_plain() {
        return Err(StoreError::Broken(format!(
            "{} is not a step that can be taken without more",
            request.step.as_str()
        ))
        .into());
    }
    let held = lock_of(conn, request.dictation_id)?;
    let dictation = advance(
        conn,
        request.dictation_id,
        &Going {
            step: request.step,
            by: &request.by,
            given: &[],
            note: request.note.as_ref(),
            stamp,
        },
    )?;
    if matches!(request.step, Step::Ask | Step::PutAside) {
        // It comes back to whoever knows it.
        conn.prepare_cached("UPDATE dictations SET assigned_to = ?2, pool = NULL WHERE id = ?1")?
            .execute((dictation.id, request.by.user()))?;
    }
    let mut details = serde_json::json!({
        "step": request.step.as_str(),
        "phase": dictation.phase.as_str(),
        "state": dictation.state.as_str(),
    });
    if let Some(before) = held.filter(|held| Some(*held) != request.by.user()) {
        details["lock_of"] = before.to_string().into();
    }
    audit::record(
        conn,
        Entry {
            action: Action::DictationStepped,
            subject: ("dictation", dictation.id.to_string()),
            patient_id: Some(dictation.patient_id),
            details,
            stamp,
        },
    )?;
    Ok(dictation)
}

impl Store {
    /// Takes a step that needs no more than words; gives the dictation as it stands afterwards.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the dictation does not stand where the step begins, [`StoreError::Refused`] where
    /// somebody else may or something is missing.
    pub async fn take_step(
        &self,
        request: TakeStep,
        stamp: Stamp,
    ) -> Result<Dictation, StoreError> {
        self.write(move |conn| take(conn, &request, &stamp)).await
    }

    /// Keeps a lock for a while longer; whether it was still held.
    pub async fn renew_lock(
        &self,
        id: DictationId,
        by: By,
        stamp: Stamp,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| {
            let user = by.user();
            let holds = user.is_some() && lock_of(conn, id)? == user;
            if holds {
                set_lock(conn, id, &by, &stamp)?;
            }
            Ok(holds)
        })
        .await
    }

    /// All steps that a dictation took, in order.
    pub async fn history(&self, id: DictationId) -> Result<Vec<StepTaken>, StoreError> {
        self.read(move |conn| {
            let mut statement =
                conn.prepare_cached("SELECT * FROM steps WHERE dictation_id = ?1 ORDER BY seq")?;
            let rows = statement.query_map([id], |r| {
                Ok(StepTaken {
                    step: r.get("step")?,
                    place: (r.get("phase")?, r.get("state")?),
                    by: r.get("by_id")?,
                    at: r.get::<_, At>("at")?.0,
                    note: r.get("note")?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Dictations that are neither over nor in the worklist: there are none, and this is how that is checked.
    pub async fn lost(&self) -> Result<Vec<DictationId>, StoreError> {
        self.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id, phase, state FROM dictations ORDER BY id")?;
            let rows = statement
                .query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?
                .collect::<Result<Vec<(DictationId, Place)>, _>>()?;
            let mut waits = conn.prepare_cached(
                "SELECT 1 FROM dictations d LEFT JOIN jobs j ON j.dictation_id = d.id
                 WHERE d.id = ?1 AND d.state NOT IN ('done', 'deleted')
                   AND (d.phase <> 'recorded' OR j.dictation_id IS NOT NULL)
                   AND (d.phase <> 'recorded' OR d.state <> 'in_progress' OR j.lease_until IS NOT NULL)
                   AND (d.phase <> 'in_correction' OR d.state <> 'in_progress' OR d.lock_by IS NOT NULL)",
            )?;
            let mut lost = Vec::new();
            for (id, place) in rows {
                if !is_over(place) && !waits.exists([id])? {
                    lost.push(id);
                }
            }
            Ok(lost)
        })
        .await
    }
}
