//! The queue of transcriptions. Its unit is a dictation, and it alone says whose turn it is.
//!
//! Whether a transcription waits, runs or was given up stands in the dictation; the table `jobs` adds attempts, back-off
//! and lease. A claim is one transaction; nothing is held while the engine works. The number of the attempt tells a
//! claim from an older one that lapsed: only the newest may renew or give back. A draft is welcome from whoever is first.

use crate::domain::audit::{Action, Stamp};
use crate::domain::dictation::State;
use crate::domain::ids::DictationId;
use crate::domain::queue::{LEASE, LONGEST_WAIT, MOST_FAILURES, back_off};
use crate::domain::transition::{By, Note, Step};
use crate::domain::worklist::Priority;
use crate::store::audit::{self, Entry};
use crate::store::sql::At;
use crate::store::steps::{Going, advance};
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;

/// The right to transcribe a dictation, for as long as it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The dictation.
    pub dictation_id: DictationId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How urgent it is.
    pub priority: Priority,
}

/// A transcription that is still to be made, or was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The dictation.
    pub dictation_id: DictationId,
    /// Pending: it waits. In progress: it runs. Suspended: it was given up, and a person may have it tried again.
    pub state: State,
    /// How urgent it is.
    pub priority: Priority,
    /// Attempts so far.
    pub attempts: u32,
    /// Failures since a person last had it tried.
    pub failures: u32,
    /// Not tried again before this.
    pub not_before: Timestamp,
    /// Until when the claim holds, where one does.
    pub lease_until: Option<Timestamp>,
    /// Why it failed last, once it did.
    pub reason: Option<String>,
}

/// A claim that lapsed. A lease that ends later than any lease given now would was given before the clock was set back.
const LAPSED: &str = "lease_until IS NOT NULL AND (lease_until <= ?1 OR lease_until > ?2)";

fn step(
    conn: &Connection,
    id: DictationId,
    step: Step,
    note: Option<&Note>,
    (action, details): (Action, serde_json::Value),
    stamp: &Stamp,
) -> Result<(), Fault> {
    let going = Going {
        step,
        by: &By::Machine,
        given: &[],
        note,
        stamp,
    };
    let dictation = advance(conn, id, &going)?;
    audit::record(
        conn,
        Entry {
            action,
            subject: ("dictation", id.to_string()),
            patient_id: Some(dictation.patient_id),
            details,
            stamp,
        },
    )
}

pub(super) fn start(conn: &Connection, id: DictationId, stamp: &Stamp) -> Result<Claim, Fault> {
    // The table is asked first: where there is no job any more, its answer says why.
    let going = Going {
        step: Step::Transcribe,
        by: &By::Machine,
        given: &[],
        note: None,
        stamp,
    };
    let dictation = advance(conn, id, &going)?;
    let attempt: u32 = conn
        .prepare_cached(
            "UPDATE jobs SET attempts = attempts + 1, lease_until = ?2 WHERE dictation_id = ?1
             RETURNING attempts",
        )?
        .query_row((id, At(stamp.at + LEASE)), |r| r.get(0))?;
    audit::record(
        conn,
        Entry {
            action: Action::TranscriptionStarted,
            subject: ("dictation", id.to_string()),
            patient_id: Some(dictation.patient_id),
            details: serde_json::json!({"attempt": attempt}),
            stamp,
        },
    )?;
    Ok(Claim {
        dictation_id: id,
        attempt,
        priority: dictation.orders.priority,
    })
}

/// Puts a failed transcription back behind its back-off, or gives it up. Gives when it is tried again.
fn failed(
    conn: &Connection,
    id: DictationId,
    reason: &Note,
    for_good: bool,
    stamp: &Stamp,
) -> Result<Option<Timestamp>, Fault> {
    let failures: u32 = conn
        .prepare_cached(
            "UPDATE jobs SET failures = failures + 1 WHERE dictation_id = ?1 RETURNING failures",
        )?
        .query_row([id], |r| r.get(0))?;
    let given_up = for_good || failures >= MOST_FAILURES;
    let next = (!given_up).then(|| stamp.at + back_off(failures));
    if let Some(next) = next {
        conn.prepare_cached("UPDATE jobs SET not_before = ?2 WHERE dictation_id = ?1")?
            .execute((id, At(next)))?;
    }
    let details = serde_json::json!({"failures": failures, "given_up": given_up});
    step(
        conn,
        id,
        if given_up {
            Step::GiveUp
        } else {
            Step::Release
        },
        Some(reason),
        (Action::TranscriptionFailed, details),
        stamp,
    )?;
    Ok(next)
}

/// What a program that was killed had under way waits again. One that kills each program that hears it ends as a dead
/// letter like any other that fails.
fn reap(conn: &Connection, stamp: &Stamp) -> Result<(), Fault> {
    let lapsed = conn
        .prepare_cached(&format!("SELECT dictation_id FROM jobs WHERE {LAPSED}"))?
        .query_map((At(stamp.at), At(stamp.at + LEASE)), |r| r.get(0))?
        .collect::<Result<Vec<DictationId>, _>>()?;
    let reason = Note::of_machine("the program that transcribed it ended before it was done");
    for id in lapsed {
        failed(conn, id, &reason, false, stamp)?;
    }
    Ok(())
}

fn claim(
    conn: &Connection,
    most: usize,
    only_stat: bool,
    stamp: &Stamp,
) -> Result<Vec<Claim>, Fault> {
    reap(conn, stamp)?;
    let longest = stamp.at + LONGEST_WAIT;
    let next = conn
        .prepare_cached(
            "SELECT d.id FROM dictations d JOIN jobs j ON j.dictation_id = d.id
             WHERE d.state NOT IN ('done', 'deleted') AND d.phase = 'recorded' AND d.state = 'pending'
               AND (j.not_before <= ?1 OR j.not_before > ?2) AND (NOT ?3 OR d.priority = 0)
             ORDER BY d.priority, d.due_at, d.rowid LIMIT ?4",
        )?
        .query_map(
            (
                At(stamp.at),
                At(longest),
                only_stat,
                i64::try_from(most).unwrap_or(i64::MAX),
            ),
            |r| r.get(0),
        )?
        .collect::<Result<Vec<DictationId>, _>>()?;
    next.into_iter().map(|id| start(conn, id, stamp)).collect()
}

/// Whether a claim is the newest of its dictation and was not given back.
fn holds(conn: &Connection, claim: &Claim) -> Result<bool, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM jobs j JOIN dictations d ON d.id = j.dictation_id
             WHERE j.dictation_id = ?1 AND j.attempts = ?2 AND j.lease_until IS NOT NULL
               AND d.phase = 'recorded' AND d.state = 'in_progress'",
        )?
        .exists((claim.dictation_id, claim.attempt))?)
}

impl Store {
    /// Claims the next transcriptions, at most `most` of them: the most urgent first, then what is due first. What lapsed
    /// is put back before.
    pub async fn claim_transcriptions(
        &self,
        most: usize,
        only_stat: bool,
        stamp: Stamp,
    ) -> Result<Vec<Claim>, StoreError> {
        self.write(move |conn| claim(conn, most, only_stat, &stamp))
            .await
    }

    /// Claims this one, out of turn, whoever else works on it or gave it up: a person wants it now. Of two runs the first
    /// that completes wins.
    pub async fn start_transcription(
        &self,
        id: DictationId,
        stamp: Stamp,
    ) -> Result<Claim, StoreError> {
        self.write(move |conn| start(conn, id, &stamp)).await
    }

    /// Renews a claim. Where it gives `false` the work is somebody else's, or nobody's any more.
    pub async fn renew_claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |conn| {
            let held = holds(conn, &claim)?;
            if held {
                conn.prepare_cached("UPDATE jobs SET lease_until = ?2 WHERE dictation_id = ?1")?
                    .execute((claim.dictation_id, At(now + LEASE)))?;
            }
            Ok(held)
        })
        .await
    }

    /// Writes that a claimed transcription failed. It waits for its next attempt, whose time is given, or is given up:
    /// `for_good` where another attempt cannot help. A claim that is not held any more changes nothing.
    pub async fn fail_transcription(
        &self,
        claim: Claim,
        reason: Note,
        for_good: bool,
        stamp: Stamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.write(move |conn| {
            if !holds(conn, &claim)? {
                return Ok(None);
            }
            failed(conn, claim.dictation_id, &reason, for_good, &stamp)
        })
        .await
    }

    /// Gives a claimed transcription back, because this program ends: no failure, and no waiting.
    pub async fn release_transcription(
        &self,
        claim: Claim,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            if !holds(conn, &claim)? {
                return Ok(());
            }
            step(
                conn,
                claim.dictation_id,
                Step::Release,
                Some(&Note::of_machine("stopped with the program")),
                (
                    Action::TranscriptionFailed,
                    serde_json::json!({"stopped": true}),
                ),
                &stamp,
            )
        })
        .await
    }

    /// The queue in its order: what runs, what waits, and what was given up.
    pub async fn queue(&self) -> Result<Vec<Queued>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT d.id, d.state, d.priority, j.attempts, j.failures, j.not_before, j.lease_until,
                        (SELECT s.note FROM steps s WHERE s.dictation_id = d.id
                           AND s.step IN ('release', 'give_up') ORDER BY s.seq DESC LIMIT 1) AS reason
                 FROM dictations d JOIN jobs j ON j.dictation_id = d.id
                 WHERE d.state NOT IN ('done', 'deleted') AND d.phase = 'recorded' AND d.state <> 'rejected'
                 ORDER BY d.state = 'suspended', d.state = 'pending', d.priority, d.due_at, d.rowid",
            )?;
            let rows = statement.query_map([], |r| {
                Ok(Queued {
                    dictation_id: r.get("id")?,
                    state: r.get("state")?,
                    priority: r.get("priority")?,
                    attempts: r.get("attempts")?,
                    failures: r.get("failures")?,
                    not_before: r.get::<_, At>("not_before")?.0,
                    lease_until: r.get::<_, Option<At>>("lease_until")?.map(|at| at.0),
                    reason: r.get("reason")?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
