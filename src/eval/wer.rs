//! Word errors: what was done to the reference, counted, so that sums and intervals can be formed later.
//!
//! They are counted by sentence, because that is what an interval draws from. A sentence ends with a spoken or written
//! full stop, question or exclamation mark or a new paragraph, and after [`LONGEST_SENTENCE`] words at the latest: what
//! was typed as it was said in an interview has no marks at all. A cut in a wrong place (a "menstrual period") moves
//! words from one sentence to the next and changes no sum.

use crate::domain::align::{Step, align};
use crate::eval::normalise;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Words after which a sentence is taken to end.
const LONGEST_SENTENCE: usize = 30;

/// What ends a sentence when it is said.
const SPOKEN_ENDS: [&[&str]; 5] = [
    &["period"],
    &["full", "stop"],
    &["question", "mark"],
    &["exclamation", "mark"],
    &["new", "paragraph"],
];

/// Edits between a reference and a hypothesis, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WordErrors {
    /// Another word in its place.
    pub substitutions: usize,
    /// Missing from the hypothesis.
    pub deletions: usize,
    /// Only in the hypothesis.
    pub insertions: usize,
    /// Words of the reference.
    pub reference: usize,
}

impl WordErrors {
    /// Counts the steps of an alignment.
    pub fn of(steps: &[Step]) -> Self {
        let mut out = Self::default();
        for step in steps {
            match step {
                Step::Match => {}
                Step::Substitute => out.substitutions += 1,
                Step::Delete => out.deletions += 1,
                Step::Insert => out.insertions += 1,
            }
            out.reference += usize::from(*step != Step::Insert);
        }
        out
    }

    /// All edits.
    pub fn errors(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// Edits per 100 words of the reference; none where the reference has no word.
    pub fn percent(&self) -> Option<f64> {
        (self.reference > 0).then(|| 100.0 * self.errors() as f64 / self.reference as f64)
    }
}

impl AddAssign for WordErrors {
    fn add_assign(&mut self, other: Self) {
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
        self.reference += other.reference;
    }
}

/// Word errors of `hypothesis` against each sentence of `reference`, both normalised by [`normalise::words`]. There is
/// always at least one sentence; the sum is that of the whole text.
pub fn sentence_errors(reference: &str, hypothesis: &str) -> Vec<WordErrors> {
    let words = normalise::words(reference);
    let steps = align(&words, &normalise::words(hypothesis));
    let sentence_of = sentences_of(reference, &words);
    let mut parts: Vec<Vec<Step>> = vec![Vec::new(); sentence_of.last().map_or(1, |last| last + 1)];
    let mut word = 0;
    for step in steps {
        // What only the hypothesis has belongs to the word that it follows.
        let at = word - usize::from(step == Step::Insert && word > 0);
        parts[sentence_of.get(at).copied().unwrap_or(0)].push(step);
        word += usize::from(step != Step::Insert);
    }
    parts.iter().map(|steps| WordErrors::of(steps)).collect()
}

/// For each of the text's normalised `words` the number of its sentence, in ascending order.
fn sentences_of(text: &str, words: &[String]) -> Vec<usize> {
    let mut alone: Vec<String> = Vec::new();
    let mut belongs: Vec<usize> = Vec::new();
    for (n, sentence) in sentences(text).iter().enumerate() {
        let words = normalise::words(sentence);
        belongs.extend(std::iter::repeat_n(n, words.len()));
        alone.extend(words);
    }
    // A sentence by itself may come out a little otherwise than within the text (numbers that meet, say).
    let (mut at, mut current) = (0, 0);
    let mut out = Vec::with_capacity(words.len());
    for step in align(&alone, words) {
        if step != Step::Insert {
            current = belongs[at];
            at += 1;
        }
        if step != Step::Delete {
            out.push(current);
        }
    }
    out
}

fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut sentence: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        sentence.push(word);
        let said = SPOKEN_ENDS.iter().any(|end| {
            sentence.len() >= end.len()
                && sentence[sentence.len() - end.len()..]
                    .iter()
                    .zip(*end)
                    .all(|(word, part)| word.eq_ignore_ascii_case(part))
        });
        if said || word.ends_with(['.', '?', '!']) || sentence.len() == LONGEST_SENTENCE {
            out.push(sentence.join(" "));
            sentence.clear();
        }
    }
    out.push(sentence.join(" "));
    out
}

/// Words in a text as a reader would count them: runs between white space with a letter or digit in them. For
/// recordings in which nothing is said; a bracketed "[Music]" counts, because it would stand on the page.
pub fn visible_words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|w| w.chars().any(char::is_alphanumeric))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_errors(reference: &str, hypothesis: &str) -> WordErrors {
        let mut sum = WordErrors::default();
        for sentence in sentence_errors(reference, hypothesis) {
            sum += sentence;
        }
        sum
    }

    #[test]
    fn errors_are_counted_in_the_sentence_they_fall_into() {
        let by_sentence: Vec<(usize, usize)> = sentence_errors(
            "Stop aspirin period Is it red question mark New paragraph Take five milligrams full stop Thank you",
            "Stop the aspirin. Is it read? New paragraph. Take 4 mg. Thank.",
        )
        .iter()
        .map(|e| (e.errors(), e.reference))
        .collect();
        assert_eq!(by_sentence, [(1, 2), (1, 3), (0, 0), (1, 3), (1, 2)]);
    }

    #[test]
    fn without_marks_a_sentence_ends_somewhere() {
        let long = "word ".repeat(70);
        let lengths: Vec<usize> = sentence_errors(&long, "")
            .iter()
            .map(|e| e.deletions)
            .collect();
        assert_eq!(lengths, [30, 30, 10]);
        assert_eq!(sentence_errors("", "thank you").len(), 1);
        assert_eq!(sentence_errors("um period", "thank you").len(), 1);
    }

    #[test]
    fn counts_by_hand() {
        // apixaban -> "a pixel of" is one substitution and two insertions; "daily" is lost.
        let e = word_errors(
            "Start apixaban right now comma please daily period",
            "Start a pixel of right now, please.",
        );
        assert_eq!(
            (e.substitutions, e.deletions, e.insertions, e.reference),
            (1, 1, 2, 6)
        );
        assert_eq!(e.percent(), Some(400.0 / 6.0));
    }

    #[test]
    fn an_empty_reference_has_no_rate() {
        assert_eq!(word_errors("", "thank you").percent(), None);
        assert_eq!(word_errors("", "thank you").insertions, 2);
    }

    #[test]
    fn words_on_silence_are_what_would_be_read() {
        assert_eq!(visible_words(" ... - "), 0);
        assert_eq!(visible_words("Thank you. [Music]"), 3);
    }
}
