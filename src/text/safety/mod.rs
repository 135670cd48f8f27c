//! Findings about a finished draft: what could harm somebody if it is wrong, few enough to be read.
//!
//! Pure, like all of [`text`](crate::text). [`review`] reads the report with the trace back to the raw words and asks,
//! one family of questions per file:
//!
//! * [`drugs`]: strength or unit missing, a strength without a drug, a dose out of range, look-alikes, allergies.
//! * [`sides`]: left and right of the same part of the body.
//! * [`patient`]: sex, age, name and date of birth against the record and within the report.
//! * [`doubt`]: words that the engine was unsure of and that matter; blanks that nobody filled in.
//!
//! [`triage`] puts these together with the unknown words of the dictionary, merges what is one place to listen to, and
//! ranks: what is left over at the end is kept as information.

pub mod doubt;
pub mod drugs;
pub mod patient;
pub mod said;
pub mod sides;
pub mod triage;

use crate::dictionary::index::Index;
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::patient::Sex;
use crate::domain::report::ReportBody;
use crate::domain::transcript::{Edit, Word, join};
use crate::text::document;
use jiff::civil::Date;
use said::Reading;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is known about the patient in whose record the report will lie. Everything may be missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatientContext {
    /// Administrative sex.
    pub sex: Option<Sex>,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// The day of the dictation, for ages; without it ages are not compared with the date of birth.
    pub dictated_on: Option<Date>,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Allergies as the record writes them.
    pub allergies: Vec<String>,
    /// Medications as the record writes them, with or without doses.
    pub medications: Vec<String>,
    /// Problems as the record writes them.
    pub problems: Vec<String>,
}

/// What a review looks at.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The raw words.
    pub words: &'a [Word],
    /// The edits that led to the corrected words.
    pub edits: &'a [Edit],
    /// The draft, with its trace.
    pub report: &'a ReportBody,
    /// The dictionary.
    pub index: &'a Index,
    /// The patient, if one is selected.
    pub patient: Option<&'a PatientContext>,
}

/// A finding in the making: about words of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// What it is about.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// The words of the report, numbered as in [`Reading::said`]; empty: the report as a whole.
    pub at: Range<usize>,
    /// What is wrong and what to do.
    pub message: String,
    /// By which rule, with its value.
    pub evidence: String,
}

impl Flag {
    /// A flag over words of the report.
    pub fn new(
        kind: FindingKind,
        severity: Severity,
        at: Range<usize>,
        message: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            severity,
            at,
            message: message.into(),
            evidence: evidence.into(),
        }
    }

    fn finding(self, reading: &Reading, words: &[Word]) -> Finding {
        let raw = reading.raw(self.at.clone());
        let heard = words.get(raw.clone()).unwrap_or_default();
        let times = match (heard.first(), heard.last()) {
            (Some(first), Some(last)) => (first.start_s, last.end_s),
            _ => (0.0, words.last().map_or(0.0, |w| w.end_s)),
        };
        let mut finding = Finding::new(
            self.kind,
            self.severity,
            times,
            (raw.start, raw.end),
            self.message,
            self.evidence,
        );
        finding.heard = join(heard.iter().map(|w| w.text.as_str()));
        if let (Some(first), Some(last)) = (
            reading.said.get(self.at.start),
            self.at.end.checked_sub(1).and_then(|k| reading.said.get(k)),
        ) && !self.at.is_empty()
        {
            (finding.report_from, finding.report_to) = (Some(first.from), Some(last.to));
        }
        finding
    }
}

/// All findings about a draft: its own and `found` (those of the engine, the dictionary and the text rules), merged and
/// ranked. Ids are given by [`number`](crate::domain::finding::number).
///
/// Never panics: if a check fails, `found` comes back with one more finding that says so.
pub fn review(material: &Material, found: Vec<Finding>) -> Vec<Finding> {
    let kept = found.clone();
    catch_unwind(AssertUnwindSafe(|| review_all(material, found))).unwrap_or_else(|_| {
        let mut findings = kept;
        findings.push(super::failed(
            material.words,
            "safety",
            "it stopped with an error; nothing was checked",
        ));
        findings
    })
}

fn review_all(material: &Material, mut found: Vec<Finding>) -> Vec<Finding> {
    let reading = Reading::of(material.report, material.words);
    let mut flags = Vec::new();
    drugs::check(material, &reading, &mut flags);
    sides::check(&reading, &mut flags);
    patient::check(material, &reading, &mut flags);
    doubt::check(material, &reading, &mut flags);
    doubt::written(material, &reading, &mut flags);
    document::check(material, &reading, &mut flags);
    // What the dictionary asks with the sound at hand is not asked again.
    let asked: Vec<Range<usize>> = found
        .iter()
        .filter(|f| f.kind == FindingKind::LookalikeDrug)
        .map(|f| f.word_from..f.word_to)
        .collect();
    found.extend(
        flags
            .into_iter()
            .map(|flag| flag.finding(&reading, material.words))
            .filter(|f| {
                f.kind != FindingKind::LookalikeDrug
                    || !asked
                        .iter()
                        .any(|a| a.start < f.word_to && f.word_from < a.end)
            }),
    );
    let blanks = doubt::blanks(material, &found);
    found.extend(blanks);
    triage::triage(material, &reading, found)
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the tables of cases are written with.

    use super::*;
    use crate::dictionary::load::Tables;
    use crate::domain::transcript::corrected;
    use crate::text::testing::words;
    use std::sync::{Arc, OnceLock};

    pub fn index() -> Arc<Index> {
        static INDEX: OnceLock<Arc<Index>> = OnceLock::new();
        INDEX
            .get_or_init(|| Arc::new(Index::new(Tables::embedded().unwrap())))
            .clone()
    }

    /// The findings about what was said, where the words with these numbers were heard with these probabilities.
    pub fn review_of(
        said: &str,
        unsure: &[(usize, f32)],
        patient: Option<&PatientContext>,
    ) -> Vec<Finding> {
        let mut words = words(said);
        for (k, probability) in unsure {
            words[*k].probability = *probability;
        }
        let draft = crate::text::draft(&words, &corrected(&words, &[]));
        let material = Material {
            words: &words,
            edits: &[],
            report: &draft.report,
            index: &index(),
            patient,
        };
        review(&material, Vec::new())
    }

    fn flagged(findings: Vec<Finding>) -> Vec<FindingKind> {
        findings
            .into_iter()
            .filter(|f| f.severity > Severity::Info)
            .map(|f| f.kind)
            .collect()
    }

    /// Kinds of what a reviewer is asked about.
    pub fn kinds(said: &str) -> Vec<FindingKind> {
        flagged(review_of(said, &[], None))
    }

    /// The same with a patient selected.
    pub fn kinds_for(said: &str, patient: &PatientContext) -> Vec<FindingKind> {
        flagged(review_of(said, &[], Some(patient)))
    }

    /// The same with words that the engine was unsure of.
    pub fn kinds_unsure(said: &str, unsure: &[(usize, f32)]) -> Vec<FindingKind> {
        flagged(review_of(said, unsure, None))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;

    #[test]
    fn a_finding_says_where_it_stands_in_sound_words_and_report() {
        let findings = review_of("plan colon start apixaban 50 mg daily period", &[], None);
        let [finding] = findings.as_slice() else {
            panic!("one finding, not {findings:?}");
        };
        assert_eq!(finding.kind, FindingKind::DoseOutOfRange);
        assert_eq!((finding.word_from, finding.word_to), (3, 6));
        assert_eq!(finding.heard, "apixaban 50 mg");
        assert!((finding.start_s - 1.2).abs() < 1e-9 && (finding.end_s - 2.4).abs() < 1e-9);
        // "Plan: Start apixaban 50 mg daily."
        assert_eq!(
            (finding.report_from, finding.report_to),
            (Some(12), Some(26))
        );
        assert!(finding.message.contains("Check") && finding.evidence.contains("FDA label"));
    }

    #[test]
    fn prose_without_danger_has_no_finding() {
        assert_eq!(
            review_of(
                "the patient is a 54-year-old woman with type 2 diabetes. She takes metformin 1000 mg twice daily. Her \
                 left knee hurts. No fever, no cough. She will return in 3 months.",
                &[],
                None
            ),
            []
        );
    }

    #[test]
    fn no_words_no_findings() {
        assert_eq!(review_of("", &[], None), []);
    }
}
