//! What kind of document was dictated, and what belongs into it.

use crate::dictionary::load::File;
use crate::domain::finding::{FindingKind, Severity};
use crate::text::safety::said::Reading;
use crate::text::safety::{Flag, Material};
use crate::text::sections;
use std::ops::Range;

/// A type of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentType {
    /// Follow-up in clinic or on the ward.
    ProgressNote,
    /// An opinion that another physician asked for.
    Consultation,
    /// The end of a stay.
    DischargeSummary,
    /// An operation or procedure.
    OperativeNote,
    /// Imaging.
    Radiology,
    /// Tissue and cells.
    Pathology,
    /// A letter to another physician.
    ReferralLetter,
}

/// Every type, in the order in which a choice shows them.
pub const TYPES: [DocumentType; 7] = [
    DocumentType::ProgressNote,
    DocumentType::Consultation,
    DocumentType::DischargeSummary,
    DocumentType::OperativeNote,
    DocumentType::Radiology,
    DocumentType::Pathology,
    DocumentType::ReferralLetter,
];

impl DocumentType {
    /// As [`ReportBody::kind`](crate::domain::report::ReportBody::kind) and the table of documents have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProgressNote => "progress_note",
            Self::Consultation => "consultation",
            Self::DischargeSummary => "discharge_summary",
            Self::OperativeNote => "operative_note",
            Self::Radiology => "radiology",
            Self::Pathology => "pathology",
            Self::ReferralLetter => "referral_letter",
        }
    }

    /// From its written form.
    pub fn parse(text: &str) -> Option<Self> {
        TYPES.into_iter().find(|t| t.as_str() == text)
    }
}

/// A type that was heard, and the words that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The type.
    pub kind: DocumentType,
    /// The words, as they stand in the report.
    pub evidence: String,
    /// Their characters in the report.
    pub chars: Range<usize>,
}

/// Phrases in which types are announced, small letters, hyphens as spaces.
#[rustfmt::skip]
const ANNOUNCED: &[(&str, DocumentType)] = {
    use DocumentType::{Consultation, DischargeSummary, OperativeNote, Pathology, ProgressNote, Radiology, ReferralLetter};
    &[
        ("progress note", ProgressNote), ("follow up note", ProgressNote), ("followup note", ProgressNote),
        ("follow up visit", ProgressNote), ("clinic note", ProgressNote), ("clinic visit", ProgressNote),
        ("office visit", ProgressNote), ("office note", ProgressNote), ("soap note", ProgressNote),
        ("ward round", ProgressNote), ("daily note", ProgressNote), ("outpatient review", ProgressNote),
        ("consultation", Consultation), ("consult note", Consultation), ("consultation note", Consultation),
        ("consult report", Consultation), ("psychiatric evaluation", Consultation),
        ("discharge summary", DischargeSummary), ("discharge letter", DischargeSummary),
        ("summary of discharge", DischargeSummary), ("hospital discharge", DischargeSummary),
        ("operative report", OperativeNote), ("operative note", OperativeNote), ("operation note", OperativeNote),
        ("operation report", OperativeNote), ("op note", OperativeNote), ("surgical note", OperativeNote),
        ("procedure note", OperativeNote), ("procedure report", OperativeNote), ("operative dictation", OperativeNote),
        ("radiology report", Radiology), ("imaging report", Radiology), ("ct report", Radiology),
        ("mri report", Radiology), ("ct of", Radiology), ("ct scan of", Radiology), ("ct abdomen", Radiology),
        ("ct head", Radiology), ("ct chest", Radiology), ("mri of", Radiology), ("mri brain", Radiology),
        ("ultrasound of", Radiology), ("ultrasound report", Radiology), ("x ray of", Radiology),
        ("chest x ray", Radiology), ("radiograph of", Radiology), ("radiographs of", Radiology),
        ("mammogram", Radiology), ("screening mammography", Radiology), ("computed tomography of", Radiology),
        ("magnetic resonance imaging of", Radiology),
        ("pathology report", Pathology), ("surgical pathology", Pathology), ("histopathology report", Pathology),
        ("histology report", Pathology), ("cytology report", Pathology), ("pathology consultation", Pathology),
        ("letter to", ReferralLetter), ("referral letter", ReferralLetter), ("letter of referral", ReferralLetter),
        ("clinic letter", ReferralLetter), ("dear dr", ReferralLetter),
        ("dear doctor", ReferralLetter), ("dear colleague", ReferralLetter),
    ]
};

/// Words right before a phrase that speak about such a document instead of beginning one.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "the", "his", "her", "their", "a", "an", "my", "your", "per", "from", "see", "after", "for", "of", "by", "that",
    "previous", "prior", "last", "recent", "outside", "in", "with", "had", "on",
];
/// "This is a ..." begins one all the same.
const BEGINS: &[&str] = &["is", "dictating", "dictate", "dictates"];

/// The type that the first words of a report announce. Pure; none where nothing is said or it is not certain.
pub fn heard(text: &str) -> Option<Heard> {
    /// Words among which a type is announced: "This is Doctor Hallam dictating a cardiology follow-up note."
    const FIRST: usize = 16;
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    let (mut word, mut start) = (String::new(), 0);
    // Hyphens separate: "follow-up note", "X-ray of".
    for (at, c) in text.chars().chain([' ']).enumerate() {
        if c.is_alphanumeric() || matches!(c, '\'' | '.') {
            if word.is_empty() {
                start = at;
            }
            // One letter may become two.
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            let bare = word.trim_end_matches('.').to_owned();
            words.push((bare, start..at));
            word.clear();
            if words.len() >= FIRST {
                break;
            }
        }
    }
    // A full stop belongs to the sentence, not to the evidence.
    for (bare, chars) in &mut words {
        chars.end = (chars.start + bare.chars().count()).min(chars.end);
    }
    let (first, length, kind) = (0..words.len()).find_map(|at| {
        ANNOUNCED
            .iter()
            .filter(|(phrase, _)| {
                let mut parts = phrase.split(' ');
                let n = parts.clone().count();
                at + n <= words.len()
                    && words[at..at + n]
                        .iter()
                        .all(|(w, _)| parts.next() == Some(w.as_str()))
            })
            .max_by_key(|(phrase, _)| phrase.len())
            .map(|(phrase, kind)| (at, phrase.split(' ').count(), *kind))
    })?;
    let before = |k: usize| first.checked_sub(k).map_or("", |i| words[i].0.as_str());
    let begun = (2..=4).any(|k| BEGINS.contains(&before(k))) || BEGINS.contains(&before(1));
    if ABOUT.contains(&before(1)) && !begun {
        return None;
    }
    let next = words.get(first + length).map_or("", |(w, _)| w.as_str());
    if matches!(
        next,
        "was" | "were" | "has" | "had" | "showed" | "shows" | "reviewed"
    ) {
        return None;
    }
    let chars = words[first].1.start..words[first + length - 1].1.end;
    Some(Heard {
        kind,
        evidence: text.chars().skip(chars.start).take(chars.len()).collect(),
        chars,
    })
}

/// One finding that names the sections which a document of the report's type must have and has not.
pub fn check(material: &Material, reading: &Reading, flags: &mut Vec<Flag>) {
    let Some(kind) = DocumentType::parse(&material.report.kind) else {
        return;
    };
    let table = material.index.tables().table(File::Documents);
    let mut missing = Vec::new();
    let mut must = false;
    for row in table.rows(kind.as_str()) {
        let &[_, section, wanted, need, _] = row.as_slice() else {
            continue;
        };
        if !reading
            .headings
            .iter()
            .any(|h| sections::is_one_of(h, wanted))
        {
            must |= need == "must";
            missing.push(section);
        }
    }
    // Without any heading the document is dictated as prose: what it lacks cannot be told from headings.
    if missing.is_empty() || reading.headings.len() < 3 {
        return;
    }
    flags.push(Flag::new(
        FindingKind::MissingSection,
        if must {
            Severity::Warning
        } else {
            Severity::Info
        },
        0..0,
        format!(
            "This {} has no section for: {}. Add it, or sign without.",
            kind.as_str().replace('_', " "),
            missing.join(", ")
        ),
        format!("document.sections: {}", kind.as_str()),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::safety::testing::review_of;

    #[test]
    fn the_type_is_heard_in_the_first_words() {
        for (text, kind) in [
            (
                "This is Dr. Reyes dictating a nephrology follow-up note.",
                "progress_note",
            ),
            ("Progress note, date of service May 2.", "progress_note"),
            (
                "Discharge summary for a patient of Dr. Lee.",
                "discharge_summary",
            ),
            (
                "Cardiology consultation. Reason for consultation: Syncope.",
                "consultation",
            ),
            (
                "This is an operative report on hospital number 5512.",
                "operative_note",
            ),
            ("MRI of the lumbar spine without contrast.", "radiology"),
            ("Chest X-ray, two views.", "radiology"),
            ("Surgical pathology. Specimen: Gallbladder.", "pathology"),
            (
                "Dear Dr Patel,\nThank you for seeing him.",
                "referral_letter",
            ),
            ("Ward round, bed 12.", "progress_note"),
        ] {
            let heard = heard(text);
            assert_eq!(
                heard.as_ref().map(|h| h.kind.as_str()),
                Some(kind),
                "{text}"
            );
        }
    }

    #[test]
    fn a_document_that_is_spoken_about_is_none() {
        for text in [
            "The discharge summary was reviewed.",
            "She brought her operative report from 2019.",
            "According to the previous progress note she smokes.",
            "He had a chest X-ray yesterday.",
            "The patient is a 40-year-old man.",
            "",
        ] {
            assert_eq!(heard(text), None, "{text}");
        }
    }

    #[test]
    fn the_evidence_is_what_was_said() {
        let h = heard("Ärztin Weiß. Operative report.").unwrap();
        assert_eq!((h.evidence.as_str(), h.chars), ("Operative report", 13..29));
    }

    fn missing(said: &str) -> Option<(Severity, String)> {
        review_of(said, &[], None)
            .into_iter()
            .find(|f| f.kind == FindingKind::MissingSection)
            .map(|f| (f.severity, f.message))
    }

    #[test]
    fn missing_sections_are_one_finding() {
        let (severity, message) = missing(
            "operative note period preoperative diagnosis colon gallstones period procedure colon cholecystectomy period \
             findings colon stones period",
        )
        .unwrap();
        assert_eq!(severity, Severity::Warning);
        assert!(
            message.contains("postoperative diagnosis") && message.contains("surgeon"),
            "{message}"
        );
        assert!(!message.contains("findings"), "{message}");
        let (severity, _) = missing(
            "CT of the chest period technique colon axial images period findings colon no nodule period impression colon normal period",
        )
        .unwrap();
        assert_eq!(severity, Severity::Info);
    }

    #[test]
    fn a_complete_document_and_one_in_prose_have_no_such_finding() {
        for said in [
            "radiology report period clinical indication colon cough period findings colon clear period impression colon normal period",
            "progress note period subjective colon tired period assessment and plan colon rest period",
            "dear doctor Okafor comma she is well period diagnosis colon asthma period plan colon inhaler period",
            "operative note period the gallbladder was removed without difficulty period",
        ] {
            assert_eq!(missing(said), None, "{said}");
        }
    }
}
