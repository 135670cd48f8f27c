//! The report of a recognition made again from its words, with the rules and the dictionary of today.

use crate::dictionary::correct;
use crate::dictionary::index::Index;
use crate::domain::finding::{self, Finding, FindingKind};
use crate::domain::recognition::Recognition;
use crate::domain::transcript::{corrected, join};
use crate::text;

/// Makes transcript, report and findings again. The words stay, and so do the edits and findings that came from the
/// sound, which is not at hand.
pub fn redraft(mut recognition: Recognition, index: &Index) -> Recognition {
    let words = &recognition.raw.words;
    let edits = &recognition.transcript.edits;
    let mut findings: Vec<Finding> = std::mem::take(&mut recognition.findings)
        .into_iter()
        .filter(|f| is_about_sound(f.kind))
        .collect();
    let proposals = correct::propose(words, 0, index)
        .into_iter()
        .filter(|p| {
            !edits
                .iter()
                .any(|e| e.word_from < p.word_to && p.word_from < e.word_to)
        })
        .collect();
    let (_, unknown) = correct::decide(proposals, &[], words, &mut correct::Seen::default());
    findings.extend(unknown);
    let shown = corrected(words, edits);
    let draft = text::draft(words, &shown);
    findings.extend(draft.findings);
    finding::number(&mut findings);
    recognition.transcript.text = join(shown.iter().map(|w| w.text.as_str()));
    recognition.findings = findings;
    recognition.report = draft.report;
    recognition
}

fn is_about_sound(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::SpeechWithoutText
            | FindingKind::TextWithoutSpeech
            | FindingKind::NoSpeech
            | FindingKind::DoubtfulPassage
            | FindingKind::AudioDamaged
    )
}
