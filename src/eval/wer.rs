//! Word errors: what was done to the reference, counted, so that sums and intervals can be formed later.

use crate::domain::align::{Step, align};
use crate::eval::normalise;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

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

/// Word errors of `hypothesis` against `reference`, both normalised by [`normalise::words`].
pub fn word_errors(reference: &str, hypothesis: &str) -> WordErrors {
    let reference = normalise::words(reference);
    let hypothesis = normalise::words(hypothesis);
    WordErrors::of(&align(&reference, &hypothesis))
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
