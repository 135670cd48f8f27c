//! Something that a person should look at before the report is signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a finding is about. The written form is part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The detector heard speech and the engine gave no words for it.
    SpeechWithoutText,
    /// The engine gave words where the detector heard no speech; they were left out of the report.
    TextWithoutSpeech,
    /// Nobody speaks in the whole recording.
    NoSpeech,
    /// A piece that looks wrong: repetition, too few words for its seconds, low probability.
    DoubtfulPassage,
    /// A word that neither the medical nor the general dictionary knows.
    UnknownWord,
    /// The recording could not be decoded here; what was said in this stretch is not in the text.
    AudioDamaged,
    /// A person changed words while they were dictated, and the pass over the whole recording heard something else.
    LiveDiffers,
    /// The microphone was overloaded: the loudest moments are cut flat.
    AudioClipped,
    /// The speaker is far softer than in any usual recording.
    AudioQuiet,
    /// A number that can be read in more than one way.
    LowConfidenceNumber,
    /// A text rule failed and the words were left as they were.
    RuleFailed,
    /// The speaker took back or replaced what was said before; both wordings are named.
    SpokenCorrection,
    /// A spoken command could not be carried out, or may not have been one.
    UnclearCommand,
    /// The speaker left a blank that must be filled in.
    UnresolvedBlank,
    /// Ordinary words, not said clearly, that sound like a term.
    SoundsLike,
    /// A word that the engine was unsure of and that matters: a number, a negation, a side, or a word that does not
    /// belong where it stands.
    DoubtfulWord,
    /// A drug whose strength or unit is missing.
    DrugWithoutDose,
    /// A strength with no known drug before it: what stands there may be a drug that was misheard.
    DoseWithoutDrug,
    /// A single dose above what the product information gives, or a rhythm that has killed.
    DoseOutOfRange,
    /// A drug that is taken for another one, where something says that it may have been.
    LookalikeDrug,
    /// Left and right of the same part of the body.
    SideContradiction,
    /// Sex or age that does not fit the patient or the rest of the report.
    PatientContradiction,
    /// A drug in the report that the patient is allergic to.
    AllergyConflict,
    /// The name or date of birth of somebody else.
    OtherPatient,
    /// A way of writing that has led to mix-ups; expanded, or to be expanded by the author.
    DoNotWrite,
    /// A section that this type of document must have is not there.
    MissingSection,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; does not hold up a signature.
    Info,
    /// To be looked at.
    Warning,
    /// Could harm someone if it is wrong.
    Critical,
}

/// A wording offered instead of what was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// The wording.
    pub text: String,
    /// Higher is better; comparable within one finding only.
    pub score: f32,
}

/// A flag for the reviewer: what, where in the sound, where in the words, where in the report, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Number within the transcript, from 1.
    pub id: u32,
    /// What it is about.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence for the reviewer: what is wrong and what to do.
    pub message: String,
    /// Start in the recording, seconds.
    pub start_s: f64,
    /// End in the recording, seconds.
    pub end_s: f64,
    /// First raw word concerned; for a gap, the word before which it lies.
    pub word_from: usize,
    /// One past the last raw word concerned; equal to `word_from` for a gap.
    pub word_to: usize,
    /// First character of the report concerned (Unicode scalar values), if it is in the report.
    pub report_from: Option<usize>,
    /// One past the last character of the report concerned.
    pub report_to: Option<usize>,
    /// What was heard there.
    pub heard: String,
    /// Other wordings, best first.
    pub suggestions: Vec<Suggestion>,
    /// By which evidence: which rule or measurement, with its value.
    pub evidence: String,
}

impl Finding {
    /// A finding over a stretch of sound that has no word, or whose words are given by `word_from..word_to`.
    /// Its `id` is given when the findings of a run are put in order ([`number`]).
    pub fn new(
        kind: FindingKind,
        severity: Severity,
        (start_s, end_s): (f64, f64),
        (word_from, word_to): (usize, usize),
        message: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Self {
        Self {
            id: 0,
            kind,
            severity,
            message: message.into(),
            start_s,
            end_s,
            word_from,
            word_to,
            report_from: None,
            report_to: None,
            heard: String::new(),
            suggestions: Vec::new(),
            evidence: evidence.into(),
        }
    }
}

/// Puts findings in the order of the words and numbers them from 1.
pub fn number(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (a.word_from, a.word_to)
            .cmp(&(b.word_from, b.word_to))
            .then(a.start_s.total_cmp(&b.start_s))
    });
    for (i, finding) in findings.iter_mut().enumerate() {
        finding.id = i as u32 + 1;
    }
}
