//! From heard words to proposals, and from judged proposals to edits and findings.
//!
//! [`propose`] finds the spans that may have been something else, by spelling and sound; the engine judges the
//! candidates against the recording; [`decide`] draws the line. Without the engine's judgement nothing is changed: a word
//! that no dictionary has becomes a finding. What a correction must never touch stands in `guard`, and both ask it.

mod decide;
mod guard;
mod names;
mod propose;

pub use decide::{Seen, decide};
pub use propose::propose;

use super::index::Index;
use crate::domain::finding::Suggestion;

/// Why a span is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// No dictionary has one of its words.
    UnknownWord,
    /// Ordinary words stand where a drug belongs, and sound like one.
    DrugPlace,
    /// Known words that the engine was not sure of, or that are rare, sound like a term.
    SoundsLike,
    /// Known words are a term of several words but for one that sounds like it.
    NearTerm,
    /// A drug that is taken for another one; never changed, only asked about.
    Lookalike,
    /// Words for which a layer above the base set has another wording.
    Replacement,
}

impl ProposalKind {
    /// The rule in whose name an edit is made.
    fn rule(self) -> &'static str {
        match self {
            ProposalKind::UnknownWord => "dictionary.unknown_word",
            ProposalKind::DrugPlace => "dictionary.drug_place",
            ProposalKind::SoundsLike => "dictionary.sounds_like",
            ProposalKind::NearTerm => "dictionary.near_term",
            ProposalKind::Lookalike => "dictionary.lookalike",
            ProposalKind::Replacement => "dictionary.replacement",
        }
    }
}

/// A span of words that may have been something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// First word, numbered as the words that were given to [`propose`].
    pub word_from: usize,
    /// One past the last word.
    pub word_to: usize,
    /// The words as heard, joined by spaces, without the marks around them.
    pub heard: String,
    /// Why it is in doubt.
    pub kind: ProposalKind,
    /// Other wordings, best first; scores compare letters and sounds, 0 to 1.
    pub candidates: Vec<Suggestion>,
}

/// Why no correction ever writes `written` where `heard` was heard, if so: asked when somebody gives a replacement, so that
/// nobody waits for one that never comes.
pub fn refusal(heard: &str, written: &str, index: &Index) -> Option<&'static str> {
    guard::forbidden(heard, written, index)
}

/// What makes two words the same word: "Marchetti's" and "marchetti,".
fn identity(word: &str) -> String {
    let folded = super::index::fold(super::index::core(word));
    folded.strip_suffix("'s").unwrap_or(&folded).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::index::Index;
    use super::super::load::Tables;
    use crate::domain::transcript::Word;
    use std::sync::OnceLock;

    pub(super) fn index() -> Index {
        static INDEX: OnceLock<Index> = OnceLock::new();
        INDEX
            .get_or_init(|| Index::new(Tables::embedded().unwrap()))
            .clone()
    }

    /// Words of which the engine was nearly sure.
    pub(super) fn words(text: &str) -> Vec<Word> {
        words_with(text, 0.9)
    }

    pub(super) fn words_with(text: &str, probability: f32) -> Vec<Word> {
        text.split_whitespace()
            .enumerate()
            .map(|(i, text)| Word {
                text: text.into(),
                start_s: i as f64,
                end_s: i as f64 + 0.9,
                probability,
                take: 0,
            })
            .collect()
    }
}
