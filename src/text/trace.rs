//! The proof that nothing was lost: every character of a report has its words, every word its place or its rule.

use crate::domain::report::ReportBody;
use crate::domain::transcript::CorrectedWord;
use crate::text::token::{EDITED, HEARD};

/// What is wrong with a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceFault {
    /// A span does not begin where the one before it ended, or runs backwards.
    #[error("the trace has a hole or an overlap at character {0}")]
    Hole(usize),
    /// The trace ends before or after the text does.
    #[error("the trace ends at character {0}, the text at {1}")]
    Length(usize, usize),
    /// A span names raw words that there are not.
    #[error("the trace names raw words {0}..{1}, which are not in the recording")]
    NoSuchWords(usize, usize),
    /// A raw word stands nowhere in the report and no rule says that it used it up.
    #[error("raw word {0} is neither in the report nor used up by a rule")]
    Lost(usize),
    /// Characters that claim to be a word as it was heard are not its letters.
    #[error("raw words from {0} do not stand in the report as they were heard")]
    Altered(usize),
}

/// Checks that `report` accounts for every one of the `corrected` words over `words` raw words.
///
/// Holds for any set of rules: a span whose rule is [`HEARD`] or [`EDITED`] must have the letters of its words (case
/// apart); words named by any other rule count as used up by it. A span may be empty (`from == to`): that is how words
/// which leave no character, such as "end of dictation", are named. Linear in words and characters.
pub fn accounted(
    words: usize,
    corrected: &[CorrectedWord],
    report: &ReportBody,
) -> Result<(), TraceFault> {
    let mut named = vec![false; words];
    let mut by_rule = vec![false; words];
    // Letters by the first raw word of their range: all words of one edit share a range.
    let mut stands: Vec<String> = vec![String::new(); words];
    let mut chars = report.text.chars();
    let mut at = 0;
    for span in &report.trace {
        if span.from != at || span.to < span.from {
            return Err(TraceFault::Hole(at));
        }
        if span.word_from > span.word_to || span.word_to > words {
            return Err(TraceFault::NoSuchWords(span.word_from, span.word_to));
        }
        let verbatim = span.rule == HEARD || span.rule == EDITED;
        for i in span.word_from..span.word_to {
            named[i] = true;
            by_rule[i] |= !verbatim;
        }
        for _ in span.from..span.to {
            let Some(c) = chars.next() else {
                return Err(TraceFault::Length(span.to, report.text.chars().count()));
            };
            if verbatim && span.word_from < span.word_to {
                push_letter(&mut stands[span.word_from], c);
            }
        }
        at = span.to;
    }
    if chars.next().is_some() {
        return Err(TraceFault::Length(at, report.text.chars().count()));
    }
    let mut group = 0;
    while let Some(first) = corrected.get(group) {
        let range = first.word_from..first.word_to.min(words);
        let same = corrected[group..]
            .iter()
            .take_while(|w| (w.word_from, w.word_to) == (first.word_from, first.word_to))
            .count();
        if let Some(lost) = range.clone().find(|i| !named[*i]) {
            return Err(TraceFault::Lost(lost));
        }
        if !range.is_empty() && !range.clone().any(|i| by_rule[i]) {
            let mut want = String::new();
            for word in &corrected[group..group + same] {
                word.text.chars().for_each(|c| push_letter(&mut want, c));
            }
            if want != stands[range.start] {
                return Err(TraceFault::Altered(range.start));
            }
        }
        group += same;
    }
    Ok(())
}

/// Letters and digits only, without case: formatting may change the rest.
fn push_letter(out: &mut String, c: char) {
    if c.is_alphanumeric() {
        // Upper first, so that letters with two small forms come out the same either way.
        out.extend(c.to_uppercase().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::TraceSpan;

    fn report(text: &str, trace: &[(usize, usize, usize, usize, &str)]) -> ReportBody {
        ReportBody {
            text: text.into(),
            trace: trace
                .iter()
                .map(|&(from, to, word_from, word_to, rule)| TraceSpan {
                    from,
                    to,
                    word_from,
                    word_to,
                    rule: rule.into(),
                })
                .collect(),
            ..ReportBody::default()
        }
    }

    fn words(text: &str) -> Vec<CorrectedWord> {
        text.split(' ')
            .enumerate()
            .map(|(i, t)| CorrectedWord {
                text: t.into(),
                word_from: i,
                word_to: i + 1,
            })
            .collect()
    }

    #[test]
    fn a_sound_trace_passes() {
        let trace = [
            (0, 2, 0, 1, "word"),
            (2, 3, 1, 2, "punctuation.period"),
            (3, 3, 2, 3, "command.end"),
        ];
        assert_eq!(
            accounted(3, &words("no period end"), &report("No.", &trace)),
            Ok(())
        );
    }

    #[test]
    fn each_fault_is_found() {
        let said = words("no pain");
        for (text, trace, fault) in [
            ("No", vec![(0, 2, 0, 1, "word")], TraceFault::Lost(1)),
            (
                "No x",
                vec![(0, 2, 0, 1, "word"), (3, 4, 1, 2, "word")],
                TraceFault::Hole(2),
            ),
            (
                "No",
                vec![(0, 2, 0, 1, "word"), (2, 4, 1, 2, "word")],
                TraceFault::Length(4, 2),
            ),
            (
                "No pain",
                vec![(0, 2, 0, 2, "rule")],
                TraceFault::Length(2, 7),
            ),
            (
                "No",
                vec![(0, 2, 0, 3, "word")],
                TraceFault::NoSuchWords(0, 3),
            ),
            (
                "No gain",
                vec![
                    (0, 2, 0, 1, "word"),
                    (2, 3, 1, 1, "layout"),
                    (3, 7, 1, 2, "word"),
                ],
                TraceFault::Altered(1),
            ),
        ] {
            assert_eq!(
                accounted(2, &said, &report(text, &trace)),
                Err(fault),
                "{text}"
            );
        }
    }
}
