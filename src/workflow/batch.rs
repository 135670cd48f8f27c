//! Hundreds of recordings at once: look at all, take in what is certain, have it transcribed, say what became of each.
//!
//! Nothing of a batch is kept beside the database: what is a dictation, what waits in the inbox and what is still to be
//! transcribed stands there, and a recording is known by its sound. So a second run does what is missing, whatever
//! ended the first.

use crate::app::App;
use crate::domain::arrival::Field;
use crate::domain::dictation::{Phase, State};
use crate::domain::finding::Severity;
use crate::domain::ids::DictationId;
use crate::store::StoreError;
use crate::workflow::WorkflowError;
use crate::workflow::arrivals::{
    Arrival, Desk, Found, Outcome, Plan, Rules, csv_line, look_at, take_in,
};
use crate::workflow::queue::{Event, Runner};
use serde::Serialize;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How often the queue is asked what others did with it.
const LOOK: Duration = Duration::from_secs(1);

/// How far a batch has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// So many files were looked at.
    Looked(usize),
    /// So many files were taken in, or needed nothing.
    TakenIn(usize),
    /// So many seconds of a recording were heard, of so many if its header says.
    Heard(DictationId, f64, Option<f64>),
    /// These are still to be transcribed.
    Open(BTreeSet<DictationId>),
}

/// Becomes true when somebody wants it to stop.
pub type Stop = tokio::sync::watch::Receiver<bool>;

/// Waits until it is to stop; for ever, where nobody can say so any more.
pub async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Looks at files and finds out what should become of each. Writes nothing. Ends early where it is stopped.
///
/// # Errors
/// As [`look_at`].
pub async fn look(
    app: &App,
    rules: &Arc<Rules>,
    desk: &Desk,
    found: Vec<Found>,
    stop: &mut Stop,
    tell: &mut dyn FnMut(Progress),
) -> Result<Vec<Arrival>, WorkflowError> {
    let shared = rules
        .list()
        .map(|list| list.shared(found.iter()))
        .unwrap_or_default();
    let mut arrivals = Vec::with_capacity(found.len());
    for found in found {
        let shared = shared.get(&found.relative).copied();
        let mut arrival = tokio::select! {
            biased;
            () = stopped(stop) => break,
            arrival = look_at(app, rules, desk, found) => arrival?,
        };
        if let (Some(line), Plan::TakeIn(_) | Plan::Assign(..)) = (shared, &arrival.plan) {
            arrival.plan = Plan::Inbox {
                reason: format!("line {line} of the list names several recordings of this name"),
                by_hand: true,
            };
        }
        arrivals.push(arrival);
        tell(Progress::Looked(arrivals.len()));
    }
    settle_doubles(&mut arrivals);
    Ok(arrivals)
}

/// The same sound in several files is one recording. Where they name different patients, nobody knows whose it is.
fn settle_doubles(arrivals: &mut [Arrival]) {
    let mut by_sound: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, arrival) in arrivals.iter().enumerate() {
        let is_new = !matches!(arrival.plan, Plan::Nothing(_));
        if let (true, Some(sha256)) = (is_new, &arrival.sha256) {
            by_sound.entry(sha256.clone()).or_default().push(at);
        }
    }
    for doubles in by_sound.into_values().filter(|d| d.len() > 1) {
        let patients: BTreeSet<&str> = doubles
            .iter()
            .filter_map(|at| arrivals[*at].hints.get(Field::Mrn))
            .collect();
        let contradictory = patients.len() > 1;
        // One that is certain stands for those that are not.
        let first = doubles
            .iter()
            .copied()
            .find(|at| matches!(arrivals[*at].plan, Plan::TakeIn(_) | Plan::Assign(..)))
            .unwrap_or(doubles[0]);
        let name = arrivals[first].found.relative.clone();
        for at in doubles {
            let arrival = &mut arrivals[at];
            if at != first {
                arrival.plan = Plan::Nothing(Outcome::Duplicate(name.clone()));
            } else if contradictory {
                arrival.plan = Plan::Inbox {
                    reason: "it was delivered under several names, for different patients".into(),
                    by_hand: true,
                };
            }
        }
    }
}

/// Does what was planned, file by file, and says what became of each. Ends early where it is stopped: what is left out
/// has no outcome.
///
/// # Errors
/// As [`take_in`]; what was taken in before stays.
pub async fn carry_out(
    app: &App,
    desk: &Desk,
    arrivals: &[Arrival],
    stop: &mut Stop,
    tell: &mut dyn FnMut(Progress),
) -> Result<Vec<Option<Outcome>>, WorkflowError> {
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let outcome = tokio::select! {
            biased;
            () = stopped(stop) => break,
            outcome = take_in(app, desk, arrival) => outcome?,
        };
        outcomes.push(Some(outcome));
        tell(Progress::TakenIn(outcomes.len()));
    }
    outcomes.resize(arrivals.len(), None);
    Ok(outcomes)
}

/// Of these dictations, those that are still to be transcribed: they wait, for their next attempt as well, or somebody
/// is at it.
///
/// # Errors
/// [`StoreError`] where the queue cannot be read.
pub async fn open(
    app: &App,
    ours: &BTreeSet<DictationId>,
) -> Result<BTreeSet<DictationId>, StoreError> {
    let queue = app.store.queue().await?;
    Ok(queue
        .into_iter()
        .filter(|q| q.state != State::Suspended && ours.contains(&q.dictation_id))
        .map(|q| q.dictation_id)
        .collect())
}

/// Works off the queue until these dictations are transcribed or given up, by whomever, or until it is stopped; says
/// whether that is so.
///
/// # Errors
/// [`StoreError`] where the queue cannot be read.
pub async fn transcribe(
    app: &App,
    runner: &Runner,
    ours: &BTreeSet<DictationId>,
    stop: &mut Stop,
    tell: &mut dyn FnMut(Progress),
) -> Result<bool, StoreError> {
    let mut events = runner.events();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let work = runner.run(async {
        // Sent or dropped: both mean the end.
        let _ = ended.await;
    });
    let wait = async {
        let end = end;
        let done = loop {
            let left = open(app, ours).await?;
            let is_done = left.is_empty();
            tell(Progress::Open(left));
            if is_done {
                break true;
            }
            let look = tokio::time::sleep(LOOK);
            tokio::pin!(look);
            // Until something ended, or until it is time to see what others did.
            let stopped = loop {
                tokio::select! {
                    () = stopped(stop) => break true,
                    () = &mut look => break false,
                    event = events.recv() => match event {
                        Ok(Event::Heard(id, done_s, total_s)) => {
                            if ours.contains(&id) {
                                tell(Progress::Heard(id, done_s, total_s));
                            }
                        }
                        Ok(Event::Started(_)) => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => break false,
                        Err(RecvError::Closed) => (&mut look).await,
                    },
                }
            };
            if stopped {
                break false;
            }
        };
        drop(end);
        Ok(done)
    };
    let ((), done) = tokio::join!(work, wait);
    done
}

/// What became of one file. A contract: fields may be added, never renamed or given another meaning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The file as it was found.
    pub file: String,
    /// In one word; [`Summary`] lists them.
    pub outcome: &'static str,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// Record number that was named.
    pub mrn: Option<String>,
    /// Who dictated.
    pub author: Option<String>,
    /// Priority that was named.
    pub priority: Option<String>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// Seconds.
    pub length_s: Option<f64>,
    /// Its dictation.
    pub dictation_id: Option<String>,
    /// Its report.
    pub report_id: Option<String>,
    /// Its place in the inbox.
    pub inbox_id: Option<String>,
    /// Where the dictation stands.
    pub phase: Option<&'static str>,
    /// What happens to it there.
    pub state: Option<&'static str>,
    /// Words that were heard.
    pub words: Option<usize>,
    /// Findings that a person has to look at.
    pub flags: Option<usize>,
}

/// What became of a batch. The outcomes: `transcribed`; `waiting` (taken in, not transcribed yet); `known` (taken in and
/// transcribed before); `failed` (its transcription was given up); `inbox`; `discarded` and `deleted` (by a person,
/// before); `duplicate`; `refused`; `unreadable`; `not_now`; `not_reached` (it was stopped before). With `--dry-run`
/// instead of the first two: `would_take_in`, and `would_wait_in_inbox`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Version of this form.
    pub schema: u32,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// When it began.
    pub begun_at: jiff::Timestamp,
    /// When it ended.
    pub ended_at: jiff::Timestamp,
    /// How many of each outcome.
    pub counts: BTreeMap<&'static str, usize>,
    /// Seconds of sound that were transcribed in this run.
    pub transcribed_s: f64,
    /// Every file.
    pub recordings: Vec<Line>,
}

/// What became of the files, as the database says now. Without outcomes: what would become of them.
///
/// # Errors
/// [`WorkflowError::Store`] where the database cannot be asked.
pub async fn summary(
    app: &App,
    begun_at: jiff::Timestamp,
    arrivals: &[Arrival],
    outcomes: Option<&[Option<Outcome>]>,
    before: &BTreeSet<DictationId>,
) -> Result<Summary, WorkflowError> {
    let mut recordings: Vec<Line> = Vec::with_capacity(arrivals.len());
    let mut by_dictation: HashMap<DictationId, String> = HashMap::new();
    for (at, arrival) in arrivals.iter().enumerate() {
        let outcome = match (outcomes, &arrival.plan) {
            (Some(outcomes), _) => outcomes.get(at).and_then(Option::as_ref),
            (None, Plan::Nothing(outcome)) => Some(outcome),
            (None, _) => None,
        };
        let mut line = line(arrival, outcome, outcomes.is_none());
        if let Some(id) = outcome.and_then(Outcome::dictation) {
            fill_in(app, &mut line, id, before.contains(&id)).await?;
            match by_dictation.entry(id) {
                Entry::Vacant(first) => {
                    first.insert(arrival.found.relative.clone());
                }
                // A copy that was found when the first had become a dictation already.
                Entry::Occupied(first) => {
                    line.outcome = "duplicate";
                    line.reason = Some(same_as(first.get()));
                }
            }
        }
        recordings.push(line);
    }
    let mut counts = BTreeMap::new();
    for line in &recordings {
        *counts.entry(line.outcome).or_default() += 1;
    }
    let transcribed_s = recordings
        .iter()
        .filter(|line| line.outcome == "transcribed")
        .filter_map(|line| line.length_s)
        .sum();
    Ok(Summary {
        schema: 1,
        dry_run: outcomes.is_none(),
        begun_at,
        ended_at: app.clock.now(),
        counts,
        transcribed_s,
        recordings,
    })
}

fn line(arrival: &Arrival, outcome: Option<&Outcome>, dry_run: bool) -> Line {
    let hint = |field| arrival.hints.get(field).map(str::to_owned);
    let author = match &arrival.plan {
        Plan::TakeIn(request) | Plan::Assign(_, request) => Some(request.author.username.clone()),
        _ => hint(Field::Author),
    };
    let word = match outcome {
        Some(Outcome::TakenIn(_)) => "waiting",
        Some(Outcome::Known(_)) => "known",
        Some(Outcome::Deleted(_)) => "deleted",
        Some(Outcome::InInbox(..)) => "inbox",
        Some(Outcome::Discarded(_)) => "discarded",
        Some(Outcome::Duplicate(_)) => "duplicate",
        Some(Outcome::Refused(_)) => "refused",
        Some(Outcome::Unreadable(_)) => "unreadable",
        Some(Outcome::NotNow(_)) => "not_now",
        None if !dry_run => "not_reached",
        None => match arrival.plan {
            Plan::Inbox { .. } => "would_wait_in_inbox",
            _ => "would_take_in",
        },
    };
    let reason = match (outcome, &arrival.plan) {
        (Some(Outcome::Duplicate(other)), _) => Some(same_as(other)),
        (Some(outcome), _) => outcome.reason().map(str::to_owned),
        (None, Plan::Inbox { reason, .. }) => Some(reason.clone()),
        (None, _) => None,
    };
    Line {
        file: arrival.found.path.display().to_string(),
        outcome: word,
        reason,
        mrn: hint(Field::Mrn),
        author,
        priority: hint(Field::Priority),
        sha256: arrival.sha256.clone(),
        length_s: arrival.length_s,
        dictation_id: None,
        report_id: None,
        inbox_id: match outcome {
            Some(Outcome::InInbox(id, _) | Outcome::Discarded(id)) => Some(id.to_string()),
            _ => None,
        },
        phase: None,
        state: None,
        words: None,
        flags: None,
    }
}

fn same_as(other: &str) -> String {
    format!("the same sound as {other}")
}

/// What the database says of a line's dictation. `before`: it had its draft before this run.
async fn fill_in(
    app: &App,
    line: &mut Line,
    id: DictationId,
    before: bool,
) -> Result<(), WorkflowError> {
    let dictation = app.store.dictation(id).await?;
    line.dictation_id = Some(id.to_string());
    line.phase = Some(dictation.phase.as_str());
    line.state = Some(dictation.state.as_str());
    line.report_id = app
        .store
        .report_of(id)
        .await?
        .map(|report| report.id.to_string());
    if let Some(transcript) = app.store.transcript_of(id).await? {
        let recognition = transcript.recognition;
        line.length_s = Some(recognition.duration_s);
        line.words = Some(recognition.raw.words.len());
        line.flags = Some(
            recognition
                .findings
                .iter()
                .filter(|f| f.severity != Severity::Info)
                .count(),
        );
    }
    if !matches!(line.outcome, "waiting" | "known") {
        return Ok(());
    }
    line.outcome = match (dictation.phase, dictation.state) {
        (Phase::Recorded, State::Suspended) => {
            let queue = app.store.queue().await?;
            line.reason = queue
                .into_iter()
                .find(|q| q.dictation_id == id)
                .and_then(|q| q.reason);
            "failed"
        }
        (Phase::Recorded, State::Pending | State::InProgress) => "waiting",
        _ if before => "known",
        _ => "transcribed",
    };
    Ok(())
}

impl Summary {
    /// As CSV, a line per file.
    pub fn csv(&self) -> String {
        let mut out = csv_line([
            "file",
            "outcome",
            "reason",
            "mrn",
            "author",
            "priority",
            "sha256",
            "length_s",
            "dictation_id",
            "report_id",
            "inbox_id",
            "phase",
            "state",
            "words",
            "flags",
        ]);
        for line in &self.recordings {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let number = |value: Option<usize>| value.map_or_else(String::new, |n| n.to_string());
            let fields = [
                line.file.clone(),
                line.outcome.to_owned(),
                text(&line.reason),
                text(&line.mrn),
                text(&line.author),
                text(&line.priority),
                text(&line.sha256),
                line.length_s
                    .map_or_else(String::new, |s| format!("{s:.1}")),
                text(&line.dictation_id),
                text(&line.report_id),
                text(&line.inbox_id),
                line.phase.unwrap_or_default().to_owned(),
                line.state.unwrap_or_default().to_owned(),
                number(line.words),
                number(line.flags),
            ];
            out += &csv_line(fields.iter().map(String::as_str));
        }
        out
    }

    /// How many files have one of these outcomes.
    pub fn count(&self, outcomes: &[&str]) -> usize {
        self.counts
            .iter()
            .filter(|(outcome, _)| outcomes.contains(outcome))
            .map(|(_, n)| n)
            .sum()
    }
}
