//! The report of a recognition made again from its words, with the rules and the dictionary of today.

use crate::dictionary::correct;
use crate::dictionary::index::Index;
use crate::domain::finding::{self, Finding, FindingKind};
use crate::domain::recognition::Recognition;
use crate::domain::report::{ReportBody, TraceSpan};
use crate::domain::transcript::{Edit, Word, corrected};
use crate::text;
use crate::text::safety::{self, PatientContext};

/// What a report is made with, beside the words.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// The dictionary.
    pub index: &'a Index,
    /// How the site writes.
    pub setup: text::Setup<'a>,
    /// The patient in whose record the report will lie, if one is selected.
    pub patient: Option<&'a PatientContext>,
}

impl<'a> Material<'a> {
    /// With the usual settings, for nobody in particular.
    pub fn new(index: &'a Index) -> Self {
        Self {
            index,
            setup: text::Setup::default(),
            patient: None,
        }
    }
}

/// Makes report and findings again. Words and edits stay as they are; so do the findings about the sound.
pub fn redraft(mut recognition: Recognition, with: &Material) -> Recognition {
    let words = &recognition.raw.words;
    let edits = &recognition.transcript.edits;
    let mut findings: Vec<Finding> = std::mem::take(&mut recognition.findings)
        .into_iter()
        .filter(|f| is_about_sound(f.kind))
        .collect();
    let proposals = correct::propose(words, with.index)
        .into_iter()
        .filter(|p| {
            !edits
                .iter()
                .any(|e| e.word_from < p.word_to && p.word_from < e.word_to)
        })
        .collect();
    let (_, unknown) = correct::decide(
        proposals,
        &[],
        words,
        with.index,
        &mut correct::Seen::default(),
    );
    findings.extend(unknown);
    let (report, findings) = drafted(words, edits, findings, with);
    recognition.findings = findings;
    recognition.report = report;
    recognition
}

/// The report of corrected words, and everything that a reviewer should look at: `findings` and those of the text,
/// merged, ranked, numbered, each with its place in the report. With a patient, the report is compared with the record.
pub fn drafted(
    words: &[Word],
    edits: &[Edit],
    mut findings: Vec<Finding>,
    with: &Material,
) -> (ReportBody, Vec<Finding>) {
    let draft = text::draft_with(words, &corrected(words, edits), &with.setup);
    findings.extend(draft.findings);
    let places = places(words.len(), &draft.report.trace);
    for finding in &mut findings {
        locate(finding, &places);
    }
    let material = safety::Material {
        words,
        edits,
        report: &draft.report,
        index: with.index,
        patient: with.patient,
    };
    let mut findings = safety::review(&material, findings);
    finding::number(&mut findings);
    (draft.report, findings)
}

/// For each raw word the first character of the report that came from it and one past the last.
fn places(words: usize, trace: &[TraceSpan]) -> Vec<Option<(usize, usize)>> {
    let mut places: Vec<Option<(usize, usize)>> = vec![None; words];
    for span in trace {
        let of_span = places.get_mut(span.word_from..span.word_to);
        for place in of_span.into_iter().flatten() {
            let (from, to) = place.unwrap_or((span.from, span.to));
            *place = Some((from.min(span.from), to.max(span.to)));
        }
    }
    places
}

/// Where in the report a finding's words stand.
fn locate(finding: &mut Finding, places: &[Option<(usize, usize)>]) {
    if finding.report_from.is_some() {
        return;
    }
    let words = places.get(finding.word_from..finding.word_to);
    let mut spans = words.unwrap_or_default().iter().flatten();
    let Some(first) = spans.next() else {
        return;
    };
    let (from, to) = spans.fold(*first, |(from, to), span| {
        (from.min(span.0), to.max(span.1))
    });
    (finding.report_from, finding.report_to) = (Some(from), Some(to));
}

/// Findings that come from the recording and the engine, which are not at hand.
fn is_about_sound(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::SpeechWithoutText
            | FindingKind::TextWithoutSpeech
            | FindingKind::NoSpeech
            | FindingKind::DoubtfulPassage
            | FindingKind::AudioDamaged
            | FindingKind::AudioClipped
            | FindingKind::AudioQuiet
            | FindingKind::LiveDiffers
    )
}
