//! What becomes of a draft: corrected, asked about, returned, rejected, moved, split; and of a signed report: added to,
//! retracted. Who may what is in [`crate::domain::transition`]; the store asks there.

use crate::app::App;
use crate::dictionary::index::Index;
use crate::domain::audit::Actor;
use crate::domain::dictation::{Dictation, Phase};
use crate::domain::diff::{self, Piece};
use crate::domain::finding::{Finding, Severity};
use crate::domain::ids::{DictationId, PatientId, ReportId};
use crate::domain::marks::{Marks, Said};
use crate::domain::patient::Mrn;
use crate::domain::recognition::{Raw, Recognition, Transcript};
use crate::domain::report::{Report, ReportBody, ReportVersion, TraceSpan};
use crate::domain::template::PlacedText;
use crate::domain::transcript::{Coverage, corrected, join};
use crate::domain::transition::{By, Note, Step};
use crate::domain::user::User;
use crate::store::{
    Anew, Correction, MoveTo, NewAddendum, Once, Part, Retract, SayMarks, SplitInto, StepTaken,
    StoreError, TakeStep,
};
use crate::text::{self, render};
use crate::workflow::hub::Event;
use crate::workflow::layers::{self, Background};
use crate::workflow::redraft::{Material, redraft};
use crate::workflow::{WorkflowError, check_identity, patients};
use jiff::civil::Date;

/// The rule of a stretch of text that a person wrote.
pub const BY_HAND: &str = "person";

/// A patient as a person names one: record number, and the date of birth where it is known.
#[derive(Debug, Clone)]
pub struct Named {
    /// Record number.
    pub mrn: Mrn,
    /// The second identifier.
    pub birth_date: Option<Date>,
}

async fn who(app: &App, named: &Named) -> Result<(PatientId, bool), WorkflowError> {
    let patient = patients::find(app, &named.mrn).await?;
    let verified = check_identity(&patient, named.birth_date)?;
    Ok((patient.id, verified))
}

fn note(text: &str) -> Result<Note, WorkflowError> {
    text.parse()
        .map_err(|e| WorkflowError::Invalid(format!("{e}")))
}

/// Takes a step that needs no more than words: from opening to deleting.
///
/// # Errors
/// [`WorkflowError::Store`] with `Conflict` where the dictation stands elsewhere, with `Refused` where somebody else may or
/// something is missing; [`WorkflowError::Invalid`] for words that are none.
pub async fn step(
    app: &App,
    id: DictationId,
    step: Step,
    words: Option<&str>,
    user: &User,
    actor: &Actor,
) -> Result<Dictation, WorkflowError> {
    let request = TakeStep {
        dictation_id: id,
        step,
        by: By::Person(user.clone()),
        note: words.map(note).transpose()?,
    };
    let dictation = app.store.take_step(request, app.stamp(actor)).await?;
    app.hub.tell(Event::Changed(id));
    if dictation.phase == Phase::Recorded {
        app.hub.wake();
    }
    Ok(dictation)
}

/// All steps that a dictation took, in order.
pub async fn history(app: &App, id: DictationId) -> Result<Vec<StepTaken>, WorkflowError> {
    Ok(app.store.history(id).await?)
}

/// Stores a corrected text as the next version of a draft; gives the newest version, which is the old one where nothing
/// changed.
///
/// # Errors
/// `Conflict` where `based_on` is not the newest version.
pub async fn correct(
    app: &App,
    report_id: ReportId,
    based_on: u32,
    text: &str,
    user: &User,
    actor: &Actor,
) -> Result<ReportVersion, WorkflowError> {
    let report = app.store.report(report_id).await?;
    if report.latest.body.text == text && report.latest.version == based_on {
        return Ok(report.latest);
    }
    let request = Correction {
        report_id,
        based_on,
        body: retyped(&report.latest.body, text),
        by: By::Person(user.clone()),
    };
    let stamp = app.stamp(actor);
    let mut made = ReportVersion {
        report_id,
        version: 0,
        body: request.body.clone(),
        made_by: Some(user.id),
        made_at: stamp.at,
    };
    made.version = app.store.correct_report(request, stamp).await?;
    app.hub.tell(Event::Changed(report.dictation_id));
    Ok(made)
}

/// Moves a dictation that is not signed into another patient's record, with the reason.
pub async fn move_to(
    app: &App,
    id: DictationId,
    to: &Named,
    reason: &str,
    user: &User,
    actor: &Actor,
) -> Result<Dictation, WorkflowError> {
    let (patient_id, identity_verified) = who(app, to).await?;
    let request = MoveTo {
        dictation_id: id,
        patient_id,
        identity_verified,
        reason: note(reason)?,
        by: By::Person(user.clone()),
    };
    let dictation = app.store.move_dictation(request, app.stamp(actor)).await?;
    app.hub.tell(Event::Changed(id));
    Ok(dictation)
}

/// What one of the parts of a split is drafted with.
fn material<'a>(
    app: &App,
    index: &'a Index,
    background: &'a Background,
    placed: &'a [PlacedText],
) -> Material<'a> {
    Material {
        index,
        setup: text::Setup {
            style: app.config.style,
            ready_texts: &background.ready_texts,
            placed,
            ..text::Setup::default()
        },
        patient: Some(&background.patient),
    }
}

/// Splits a recording that holds the reports of two patients: what is before word `at` stays with the patient it has, the
/// rest goes to `other`. Two dictations take the place of the one.
///
/// # Errors
/// [`WorkflowError::Invalid`] where one of the parts has no word, or a correction reaches over the place.
pub async fn split(
    app: &App,
    id: DictationId,
    at: usize,
    other: &Named,
    reason: &str,
    user: &User,
    actor: &Actor,
) -> Result<[DictationId; 2], WorkflowError> {
    let dictation = app.store.dictation(id).await?;
    let (other, identity_verified) = who(app, other).await?;
    let heard = app.store.transcript_of(id).await?.ok_or_else(|| {
        StoreError::Conflict("nothing was heard in this recording yet; wait until it is".into())
    })?;
    let index = app.index().await?;
    let mut moved = dictation.clone();
    moved.patient_id = other;
    let (here, there) = (
        layers::background_of(app, &dictation).await?,
        layers::background_of(app, &moved).await?,
    );
    let (index_here, index_there) = (layers::over(&index, &here), layers::over(&index, &there));
    // What was put in before the place stays before it.
    let from_s = (heard.recognition.raw.words.get(at)).map_or(f64::INFINITY, |word| word.start_s);
    let before = here.placed.partition_point(|text| text.at_s < from_s);
    let (placed_here, placed_there) = here.placed.split_at(before);
    let [first, then] = divide(
        &heard.recognition,
        at,
        [
            &material(app, &index_here, &here, placed_here),
            &material(app, &index_there, &there, placed_there),
        ],
    )?;
    let request = SplitInto {
        dictation_id: id,
        parts: [
            Part {
                patient_id: dictation.patient_id,
                identity_verified: false,
                recognition: first,
            },
            Part {
                patient_id: other,
                identity_verified,
                recognition: then,
            },
        ],
        reason: note(reason)?,
        by: By::Person(user.clone()),
    };
    let made = app.store.split_dictation(request, app.stamp(actor)).await?;
    for id in [id, made[0], made[1]] {
        app.hub.tell(Event::Changed(id));
    }
    Ok(made)
}

/// Begins an addendum to a filed report; its author signs it like a report.
pub async fn add_to(
    app: &App,
    report_id: ReportId,
    text: &str,
    key: Option<Once>,
    user: &User,
    actor: &Actor,
) -> Result<ReportId, WorkflowError> {
    let report = app.store.report(report_id).await?;
    let nothing = ReportBody {
        kind: report.latest.body.kind,
        ..ReportBody::default()
    };
    let request = NewAddendum {
        report_id,
        body: retyped(&nothing, text),
        by: By::Person(user.clone()),
        key,
    };
    let addendum = app.store.add_addendum(request, app.stamp(actor)).await?;
    app.hub.tell(Event::Changed(report.dictation_id));
    Ok(addendum)
}

/// Marks a signed report as entered in error, with the reason; with `right` it is made anew as a draft in that record.
pub async fn retract(
    app: &App,
    report_id: ReportId,
    reason: &str,
    right: Option<&Named>,
    user: &User,
    actor: &Actor,
) -> Result<Option<DictationId>, WorkflowError> {
    let anew = match right {
        None => None,
        Some(named) => {
            let (patient_id, identity_verified) = who(app, named).await?;
            Some(Anew {
                patient_id,
                identity_verified,
            })
        }
    };
    let request = Retract {
        report_id,
        reason: note(reason)?,
        by: By::Person(user.clone()),
        anew,
    };
    let anew = app.store.retract_report(request, app.stamp(actor)).await?;
    let retracted = app.store.report(report_id).await?.dictation_id;
    for id in std::iter::once(retracted).chain(anew) {
        app.hub.tell(Event::Changed(id));
    }
    Ok(anew)
}

/// Writes what somebody says about findings and edits; gives the last word about each.
pub async fn mark(
    app: &App,
    id: DictationId,
    said: Said,
    user: &User,
    actor: &Actor,
) -> Result<Marks, WorkflowError> {
    let request = SayMarks {
        dictation_id: id,
        said,
        by: By::Person(user.clone()),
    };
    let marks = app.store.mark(request, app.stamp(actor)).await?;
    app.hub.tell(Event::Changed(id));
    Ok(marks)
}

/// Numbers of the findings that somebody has to look at and nobody has.
pub async fn open_flags(app: &App, id: DictationId) -> Result<Vec<u32>, WorkflowError> {
    let Some(heard) = app.store.transcript_of(id).await? else {
        return Ok(Vec::new());
    };
    let marks = app.store.marks_of(heard.id).await?;
    let findings = heard.recognition.findings.iter();
    Ok(findings
        .filter(|f| f.severity != Severity::Info && !marks.is_cleared(f.id))
        .map(|f| f.id)
        .collect())
}

/// Whether `version` is the newest of a report.
///
/// # Errors
/// [`StoreError::Outdated`].
pub async fn is_newest(app: &App, report: &Report, version: u32) -> Result<(), WorkflowError> {
    if report.latest.version == version {
        return Ok(());
    }
    let by = match report.latest.made_by {
        Some(id) => Some(app.store.user(id).await?.name),
        None => None,
    };
    let newest = report.latest.version;
    Err(StoreError::Outdated { newest, by }.into())
}

/// What became another text between two versions of a report; version 0 is what was recognised, word for word.
///
/// # Errors
/// [`StoreError::NotFound`] for a version that there is not.
pub async fn compare(
    app: &App,
    id: ReportId,
    from: u32,
    to: u32,
) -> Result<Vec<Piece>, WorkflowError> {
    let report = app.store.report(id).await?;
    let versions = app.store.report_versions(id).await?;
    let heard = app.store.transcript_of(report.dictation_id).await?;
    let text = move |version: u32| -> Result<String, StoreError> {
        if version == 0 {
            // An addendum was never spoken.
            let spoken = heard.as_ref().filter(|_| report.parent_id.is_none());
            return Ok(spoken
                .map(|h| h.recognition.raw.text.clone())
                .unwrap_or_default());
        }
        versions
            .iter()
            .find(|v| v.version == version)
            .map(|v| v.body.text.clone())
            .ok_or_else(|| StoreError::NotFound(format!("the report has no version {version}")))
    };
    let (before, after) = (text(from)?, text(to)?);
    Ok(
        tokio::task::spawn_blocking(move || diff::diff(&before, &after))
            .await
            .map_err(|e| StoreError::Broken(e.to_string()))?,
    )
}

/// A text that a person changed. What is the same at the beginning and at the end keeps its way back to the words; what
/// lies between is the person's, over the words that stood there.
pub fn retyped(before: &ReportBody, text: &str) -> ReportBody {
    let old: Vec<char> = before.text.chars().collect();
    let new: Vec<char> = text.chars().collect();
    let both = old.len().min(new.len());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(both - head)
        .take_while(|(a, b)| a == b)
        .count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut trace: Vec<TraceSpan> = before
        .trace
        .iter()
        .take_while(|span| span.to <= head)
        .cloned()
        .collect();
    let behind: Vec<TraceSpan> = before.trace[trace.len()..]
        .iter()
        .filter(|span| span.from >= old_end && span.from >= head)
        .map(|span| TraceSpan {
            from: span.from - old_end + new_end,
            to: span.to - old_end + new_end,
            ..span.clone()
        })
        .collect();
    let between = &before.trace[trace.len()..before.trace.len() - behind.len()];
    let from = trace.last().map_or(0, |span| span.to);
    let to = behind.first().map_or(new.len(), |span| span.from);
    let at = trace.last().map_or(0, |span| span.word_to);
    let words = between.iter().map(|span| (span.word_from, span.word_to));
    let span = TraceSpan {
        from,
        to,
        word_from: words.clone().map(|w| w.0).min().unwrap_or(at),
        word_to: words.map(|w| w.1).max().unwrap_or(at),
        rule: BY_HAND.into(),
    };
    // Words that were taken out altogether stay as a span without a character.
    if span.from < span.to || span.word_from < span.word_to {
        trace.push(span);
    }
    trace.extend(behind);
    ReportBody {
        kind: before.kind.clone(),
        text: text.to_owned(),
        sections: render::sections(text),
        trace,
        instructions: before.instructions.clone(),
    }
}

/// A recognition in two at a word, each drafted with what it is compared with; times go on counting from the beginning of
/// the recording, which both share.
///
/// # Errors
/// [`WorkflowError::Invalid`] where one of the parts has no word, or a correction reaches over the place.
pub fn divide(
    whole: &Recognition,
    at: usize,
    with: [&Material; 2],
) -> Result<[Recognition; 2], WorkflowError> {
    let count = whole.raw.words.len();
    if at == 0 || at >= count {
        return Err(WorkflowError::Invalid(format!(
            "a recording is split before one of its words 1 to {}",
            count.saturating_sub(1)
        )));
    }
    let edits = &whole.transcript.edits;
    if edits.iter().any(|e| e.word_from < at && at < e.word_to) {
        return Err(WorkflowError::Invalid(
            "a correction reaches over this place; split before or behind it".into(),
        ));
    }
    Ok([part(whole, 0, at, with[0]), part(whole, at, count, with[1])])
}

fn part(whole: &Recognition, from: usize, to: usize, with: &Material) -> Recognition {
    let words = whole.raw.words[from..to].to_vec();
    let is_last = to == whole.raw.words.len();
    let begins_s = if from == 0 { 0.0 } else { words[0].start_s };
    let ends_s = whole.raw.words.get(to).map_or(f64::MAX, |w| w.start_s);
    let edits: Vec<_> = whole
        .transcript
        .edits
        .iter()
        .filter(|e| from <= e.word_from && e.word_to <= to)
        .map(|e| {
            let mut edit = e.clone();
            edit.word_from -= from;
            edit.word_to -= from;
            edit
        })
        .collect();
    let findings: Vec<Finding> = whole
        .findings
        .iter()
        .filter(|f| {
            // A gap lies before a word: one before the first word of the second part is told by its time.
            if f.word_from == f.word_to {
                begins_s <= f.start_s && f.start_s < ends_s
            } else {
                f.word_from < to && from < f.word_to
            }
        })
        .map(|f| {
            let mut finding = f.clone();
            finding.word_from = f.word_from.clamp(from, to) - from;
            finding.word_to = f.word_to.clamp(from, to) - from;
            finding.report_from = None;
            finding.report_to = None;
            finding
        })
        .collect();
    let gaps: Vec<_> = whole
        .coverage
        .gaps
        .iter()
        .filter(|g| begins_s <= g.start_s && g.start_s < ends_s)
        .copied()
        .collect();
    let share = words.len() as f64 / whole.raw.words.len() as f64;
    let mut parameters = whole.parameters.clone();
    if let Some(parameters) = parameters.as_object_mut() {
        parameters.insert("words_of_recording".into(), serde_json::json!([from, to]));
    }
    let end_s = if is_last { whole.duration_s } else { ends_s };
    let part = Recognition {
        source: whole.source.clone(),
        duration_s: end_s - begins_s,
        model: whole.model.clone(),
        model_sha256: whole.model_sha256.clone(),
        parameters,
        // Of the run over the whole, by the share of its words: nobody measured the halves.
        elapsed_s: whole.elapsed_s * share,
        stages_s: whole.stages_s.clone(),
        raw: Raw {
            text: join(words.iter().map(|w| w.text.as_str())),
            words: words.clone(),
        },
        transcript: Transcript {
            text: join(corrected(&words, &edits).iter().map(|w| w.text.as_str())),
            edits,
        },
        report: ReportBody::default(),
        findings,
        coverage: Coverage {
            speech_s: whole.coverage.speech_s * share,
            covered_s: whole.coverage.covered_s * share,
            gaps,
        },
    };
    // What the sound tells is kept; what text, dictionary and record tell is found again for the part alone.
    redraft(part, with)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> ReportBody {
        // A span for each word with the white space before it.
        let mut trace = Vec::new();
        let mut from = 0;
        let mut inside = false;
        let chars: Vec<char> = text.chars().collect();
        for (i, c) in chars.iter().enumerate() {
            if *c == ' ' && inside {
                trace.push((from, i));
                from = i;
                inside = false;
            } else if *c != ' ' {
                inside = true;
            }
        }
        trace.push((from, chars.len()));
        ReportBody {
            kind: "dictation".into(),
            text: text.into(),
            trace: trace
                .into_iter()
                .enumerate()
                .map(|(i, (from, to))| TraceSpan {
                    from,
                    to,
                    word_from: i,
                    word_to: i + 1,
                    rule: "text".into(),
                })
                .collect(),
            ..ReportBody::default()
        }
    }

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[(usize, usize, usize, usize)]) {
        let made = retyped(&body(before), after);
        let spans: Vec<_> = made
            .trace
            .iter()
            .map(|t| (t.from, t.to, t.word_from, t.word_to))
            .collect();
        assert_eq!(spans, expected);
        let mut at = 0;
        for span in &made.trace {
            assert_eq!(span.from, at, "a hole");
            at = span.to;
        }
        assert_eq!(at, after.chars().count());
    }

    #[test]
    fn what_a_person_changed_lies_over_the_words_that_stood_there() {
        check(
            "no pain today",
            "no rain today",
            &[(0, 2, 0, 1), (2, 7, 1, 2), (7, 13, 2, 3)],
        );
        check("no pain", "no pain", &[(0, 2, 0, 1), (2, 7, 1, 2)]);
        check("no pain", "no", &[(0, 2, 0, 1), (2, 2, 1, 2)]);
        check(
            "no pain",
            "no pain today",
            &[(0, 2, 0, 1), (2, 7, 1, 2), (7, 13, 2, 2)],
        );
        check("no", "", &[(0, 0, 0, 1)]);
        check("no pain", "Ärger", &[(0, 5, 0, 2)]);
    }

    #[test]
    fn an_empty_body_takes_any_text() {
        let made = retyped(&ReportBody::default(), "Addendum: no fever.");
        assert_eq!(made.trace.len(), 1);
        assert_eq!(made.trace[0].rule, BY_HAND);
        assert_eq!(made.trace[0].to, 19);
    }
}
