//! How far a report is from the one that should have come out: words, marks and headings apart.
//!
//! * **Words**: what is left without case, punctuation and layout. White space, hyphens (but not between digits:
//!   "3-0"), brackets and quotation marks separate; "96%" is "96" and "%", "5mg" is "5" and "mg"; "1,000" is "1000";
//!   "138/84", "2.5", "16:45", "mg/mL" and "-2" are one word each, because another sign would be another value.
//! * **Marks** (`. , ; : ? !`): after each pair of aligned words, the marks that follow. Words that only one side has are
//!   errors already and bring no second one.
//! * **Headings**: a line in capitals, capitals before a colon, or a line of at most [`HEADING_WORDS`] words that ends
//!   with a colon. A heading is right if the other side has it too; the order is not looked at.

use crate::domain::align::{Step, align, distance};
use crate::eval::normalise::plain_char;
use crate::eval::wer::WordErrors;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::AddAssign;

/// A longer line that ends with a colon is a sentence that introduces something.
const HEADING_WORDS: usize = 6;

/// What separates a report from its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportErrors {
    /// Word edits.
    pub words: WordErrors,
    /// Wrong, missing or added marks after aligned words.
    pub mark_errors: usize,
    /// Marks of the reference after aligned words.
    pub marks: usize,
    /// Headings on both sides.
    pub headings_right: usize,
    /// Headings of the reference.
    pub headings_reference: usize,
    /// Headings of the report.
    pub headings_found: usize,
}

impl ReportErrors {
    /// Mark errors per 100 marks of the reference.
    pub fn mark_percent(&self) -> Option<f64> {
        percent(self.mark_errors, self.marks)
    }

    /// Share of the reference's headings that the report has.
    pub fn heading_recall(&self) -> Option<f64> {
        percent(self.headings_right, self.headings_reference)
    }

    /// Share of the report's headings that the reference has.
    pub fn heading_precision(&self) -> Option<f64> {
        percent(self.headings_right, self.headings_found)
    }
}

impl AddAssign for ReportErrors {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.mark_errors += other.mark_errors;
        self.marks += other.marks;
        self.headings_right += other.headings_right;
        self.headings_reference += other.headings_reference;
        self.headings_found += other.headings_found;
    }
}

fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// A word of a report and the marks after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportWord {
    /// Lower case, without punctuation.
    pub text: String,
    /// Of `. , ; : ? !`, what follows; repeats once.
    pub marks: String,
}

/// Compares a report with its reference.
pub fn report_errors(reference: &str, report: &str) -> ReportErrors {
    let ours = report_words(report);
    let theirs = report_words(reference);
    let texts =
        |words: &[ReportWord]| -> Vec<String> { words.iter().map(|w| w.text.clone()).collect() };
    let steps = align(&texts(&theirs), &texts(&ours));
    let mut out = ReportErrors {
        words: WordErrors::of(&steps),
        ..ReportErrors::default()
    };
    let (mut i, mut j) = (0, 0);
    for step in steps {
        if matches!(step, Step::Match | Step::Substitute) {
            let marks: Vec<char> = theirs[i].marks.chars().collect();
            let found: Vec<char> = ours[j].marks.chars().collect();
            out.marks += marks.len();
            out.mark_errors += distance(&marks, &found);
        }
        i += usize::from(step != Step::Insert);
        j += usize::from(step != Step::Delete);
    }
    let mut left: HashMap<String, usize> = HashMap::new();
    for heading in headings(reference) {
        *left.entry(heading).or_default() += 1;
        out.headings_reference += 1;
    }
    for heading in headings(report) {
        out.headings_found += 1;
        if let Some(n) = left.get_mut(&heading).filter(|n| **n > 0) {
            *n -= 1;
            out.headings_right += 1;
        }
    }
    out
}

/// The words of a report with their marks.
pub fn report_words(text: &str) -> Vec<ReportWord> {
    let mut out: Vec<ReportWord> = Vec::new();
    for chunk in text.split_whitespace() {
        let chars: Vec<char> = chunk.chars().map(plain_char).collect();
        let mut word = String::new();
        for (i, &c) in chars.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| chars[i]);
            let after = chars.get(i + 1).copied();
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            let between_digits = digit(before) && digit(after);
            match c {
                '%' | '\u{b0}' => {
                    flush(&mut out, &mut word);
                    word.push(c);
                    if c == '%' {
                        flush(&mut out, &mut word);
                    }
                }
                _ if c.is_alphanumeric() => {
                    if is_number(&word) && c.is_alphabetic() && !ordinal(&chars[i..]) {
                        flush(&mut out, &mut word);
                    }
                    word.extend(c.to_lowercase());
                }
                // "1,000" is a thousand; a list "1,2" keeps its comma inside the word.
                ',' if between_digits && thousands(&chars[i + 1..]) => {}
                '.' | ',' | ':' | '-' if between_digits => word.push(c),
                '.' if digit(after) && word.is_empty() => word.push_str("0."),
                // "e.g."
                '.' if letter(before) && letter(after) => {}
                '\'' if letter(before) && letter(after) => word.push(c),
                '/' if !word.is_empty() && after.is_some_and(char::is_alphanumeric) => word.push(c),
                '-' if before.is_none() && digit(after) => word.push(c),
                '.' | ',' | ';' | ':' | '?' | '!' => {
                    flush(&mut out, &mut word);
                    if let Some(last) = out.last_mut().filter(|w| !w.marks.ends_with(c)) {
                        last.marks.push(c);
                    }
                }
                _ => flush(&mut out, &mut word),
            }
        }
        flush(&mut out, &mut word);
    }
    out
}

fn flush(out: &mut Vec<ReportWord>, word: &mut String) {
    if !word.is_empty() {
        out.push(ReportWord {
            text: std::mem::take(word),
            marks: String::new(),
        });
    }
}

/// Digits with the signs that stand inside a number, and nothing else.
fn is_number(word: &str) -> bool {
    word.ends_with(|c: char| c.is_ascii_digit()) && !word.contains(char::is_alphabetic)
}

/// "th" of "4th" and its like, up to the end of the word.
fn ordinal(rest: &[char]) -> bool {
    let letters: String = rest
        .iter()
        .take_while(|c| c.is_alphabetic())
        .flat_map(|c| c.to_lowercase())
        .collect();
    matches!(letters.as_str(), "st" | "nd" | "rd" | "th")
}

/// Exactly three digits follow, then no further one.
fn thousands(rest: &[char]) -> bool {
    rest.iter().take_while(|c| c.is_ascii_digit()).count() == 3
}

/// The headings of a report, in lower case without punctuation, in order.
pub fn headings(text: &str) -> Vec<String> {
    text.lines().filter_map(heading).collect()
}

fn heading(line: &str) -> Option<String> {
    let line = line.trim();
    let (head, rest) = line.split_once(':').unwrap_or((line, ""));
    let closed = head.len() < line.len();
    let words: Vec<String> = report_words(head).into_iter().map(|w| w.text).collect();
    let capitals = head.chars().filter(|c| c.is_uppercase()).count() >= 2
        && !head.chars().any(char::is_lowercase);
    let alone = closed && rest.trim().is_empty() && words.len() <= HEADING_WORDS;
    ((capitals || alone) && !words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> String {
        let words: Vec<String> = report_words(text).into_iter().map(|w| w.text).collect();
        words.join("|")
    }

    #[test]
    fn words_by_hand() {
        for (text, expected) in [
            (
                "Blood pressure 138/84, pulse 72.",
                "blood|pressure|138/84|pulse|72",
            ),
            ("96% on air", "96|%|on|air"),
            ("96 %", "96|%"),
            ("5mg", "5|mg"),
            ("125 mg/5 mL", "125|mg/5|ml"),
            ("55th percentile", "55th|percentile"),
            ("68-year-old", "68|year|old"),
            ("3-0 nylon", "3-0|nylon"),
            ("-2 station", "-2|station"),
            ("L4-L5", "l4|l5"),
            ("S1Q3T3", "s1q3t3"),
            ("1,000 mg", "1000|mg"),
            (".5 mg", "0.5|mg"),
            ("102.6 \u{b0}F", "102.6|\u{b0}f"),
            ("102.6\u{b0}F", "102.6|\u{b0}f"),
            (
                "Rho(D) \"empty,\" Dr. O\u{2019}Hara",
                "rho|d|empty|dr|o'hara",
            ),
            ("one - two \u{2014} three", "one|two|three"),
            ("e.g. this", "eg|this"),
            ("16:45 hours", "16:45|hours"),
            ("PLAN:\n1. Stop.", "plan|1|stop"),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn case_marks_and_layout_are_no_word_errors() {
        let e = report_errors(
            "PLAN:\nStop aspirin. Follow-up.",
            "Plan stop, aspirin follow up",
        );
        assert_eq!(e.words.errors(), 0);
        assert_eq!(e.words.reference, 5);
    }

    #[test]
    fn marks_by_hand() {
        // plan ":" lost, stop "," added, aspirin "." lost, up "." lost.
        let e = report_errors(
            "PLAN:\nStop aspirin. Follow-up.",
            "Plan stop, aspirin follow up",
        );
        assert_eq!((e.mark_errors, e.marks), (4, 3));
        // A mark of another kind is one error; marks after words that only one side has are none.
        let e = report_errors("One, two. Three.", "One. two. three. Four.");
        assert_eq!((e.mark_errors, e.marks), (1, 3));
    }

    #[test]
    fn a_number_that_changed_is_one_error() {
        let e = report_errors("Aspirin 81 mg, BP 138/84.", "Aspirin 18 mg, BP 138/48.");
        assert_eq!(e.words.substitutions, 2);
        assert_eq!(e.words.errors(), 2);
    }

    #[test]
    fn headings_by_hand() {
        let text = "CARDIOLOGY NOTE\nDictated by: Dr. Hallam\n\nMEDICATIONS:\nApixaban 5 mg.\nALLERGIES: None.\nManagement \
                    plan:\nBones: fine.\nI went home today and took the following with me:\nA\n5/5";
        assert_eq!(
            headings(text),
            [
                "cardiology note",
                "medications",
                "allergies",
                "management plan"
            ]
        );
    }

    #[test]
    fn headings_are_matched_once_each() {
        let e = report_errors("PLAN:\nx\nPLAN:\ny\nLABS: z", "PLAN: x\nFINDINGS: q");
        assert_eq!(
            (e.headings_right, e.headings_reference, e.headings_found),
            (1, 3, 2)
        );
        assert_eq!(e.heading_precision(), Some(50.0));
    }

    proptest! {
        #[test]
        fn a_report_equals_itself(text in "[A-Za-z0-9 .,:%/\n-]{0,60}") {
            let e = report_errors(&text, &text);
            prop_assert_eq!(e.words.errors() + e.mark_errors, 0);
            prop_assert_eq!(e.headings_right, e.headings_reference);
        }

        #[test]
        fn no_text_panics(a in "\\PC{0,40}", b in "\\PC{0,40}") {
            report_errors(&a, &b);
        }
    }
}
