//! What stands around a spoken form, in the terms in which the rules ask for it.

use crate::domain::numerals::{self, SMALL, TENS};
use crate::text::token::{Kind, Mark, Token};

/// How surely a spoken form is a command and not a word of the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A word of the sentence.
    Word,
    /// A command if this dictation speaks its punctuation at all.
    Open,
    /// Like `Open`, but says nothing about how this dictation is spoken (a form that is often misheard).
    Weak,
    /// A command.
    Sure,
}

/// A place in the stream: the candidate is `tokens[at..end]`, all of them words.
pub struct View<'a> {
    /// The whole stream before any rule.
    pub tokens: &'a [Token],
    /// The small-letter form of each token's text.
    pub norms: &'a [String],
    /// Tokens before `at` that were judged to be commands.
    pub taken: &'a [bool],
    /// First token of the candidate.
    pub at: usize,
    /// One past its last token.
    pub end: usize,
    /// Words since the last end of a sentence, heard or spoken.
    pub sentence_words: usize,
    /// Quotation marks that were opened by voice and not closed.
    pub open_quotes: usize,
    /// A bullet was spoken in this paragraph.
    pub in_bullets: bool,
    /// How often "coma" was said in all.
    pub comas: usize,
    /// A spoken full stop comes right before, with nothing but heard marks between.
    pub after_stop: bool,
}

impl<'a> View<'a> {
    /// The `k`-th word to the left (from 1) with no mark and no command between; "" where there is none.
    pub fn left(&self, k: usize) -> &'a str {
        self.left_at(k).map_or("", |i| self.norms[i].as_str())
    }

    /// Index of [`View::left`].
    pub fn left_at(&self, k: usize) -> Option<usize> {
        let i = self.at.checked_sub(k)?;
        (i..self.at)
            .all(|j| self.tokens[j].kind == Kind::Word && !self.taken[j])
            .then_some(i)
    }

    /// The `k`-th word to the right (from 1) with no mark between; "" where there is none.
    pub fn right(&self, k: usize) -> &'a str {
        self.right_at(k).map_or("", |i| self.norms[i].as_str())
    }

    fn right_at(&self, k: usize) -> Option<usize> {
        let i = self.end + k - 1;
        (i < self.tokens.len() && (self.end..=i).all(|j| self.tokens[j].kind == Kind::Word))
            .then_some(i)
    }

    /// The word right after begins with a capital letter (and is not "I").
    pub fn capital_follows(&self) -> bool {
        self.right_at(1)
            .is_some_and(|i| self.tokens[i].is_capitalised() && self.norms[i] != "i")
    }

    /// The next word after the candidate, the engine's marks looked through; "" where there is none.
    pub fn next_word(&self) -> &'a str {
        self.tokens[self.end..]
            .iter()
            .position(|t| t.heard_mark().is_none())
            .map_or("", |i| self.norms[self.end + i].as_str())
    }

    /// Index of the word before the candidate, one mark of the engine's looked through.
    pub fn word_before(&self) -> Option<usize> {
        let end = if self.mark_before().is_some() {
            self.at - 1
        } else {
            self.at
        };
        end.checked_sub(1)
            .filter(|&i| self.tokens[i].kind == Kind::Word && !self.taken[i])
    }

    /// The mark that the engine wrote right before the candidate.
    pub fn mark_before(&self) -> Option<Mark> {
        let i = self.at.checked_sub(1)?;
        self.tokens[i].heard_mark().filter(|m| m.is_sentence())
    }

    /// The mark that the engine wrote right after the candidate.
    pub fn mark_after(&self) -> Option<Mark> {
        self.tokens
            .get(self.end)?
            .heard_mark()
            .filter(|m| m.is_sentence())
    }

    /// Another spoken mark that ends something comes next, with nothing but heard marks between.
    pub fn spoken_mark_follows(&self) -> bool {
        #[rustfmt::skip]
        const MARKS: &[&[&str]] = &[
            &["period"], &["comma"], &["semicolon"], &["full", "stop"], &["question", "mark"],
            &["exclamation", "mark"], &["close", "paren"], &["close", "parenthesis"],
        ];
        // "Period pain", "a period of rest", "comma shaped": no marks.
        const OF_NOUNS: &[&str] = &["pain", "pains", "cramps", "cramping", "of", "shaped"];
        let next = self.tokens[self.end..]
            .iter()
            .position(|t| t.heard_mark().is_none())
            .map_or(self.tokens.len(), |k| self.end + k);
        let rest = &self.norms[next..];
        MARKS.iter().any(|m| {
            rest.len() >= m.len()
                && rest.iter().zip(*m).all(|(n, w)| n == w)
                && !rest
                    .get(m.len())
                    .is_some_and(|w| OF_NOUNS.contains(&w.as_str()))
        })
    }

    /// Silence before and after the candidate, seconds.
    pub fn pauses(&self) -> (f64, f64) {
        let before = self.tokens[self.at].sound.pause_before_s;
        let after = self.tokens[self.end..]
            .iter()
            .find(|t| t.kind == Kind::Word)
            .map_or(f64::INFINITY, |t| t.sound.pause_before_s);
        (before, after)
    }

    /// Nothing but marks comes after the candidate.
    pub fn ends_text(&self) -> bool {
        self.tokens[self.end..]
            .iter()
            .all(|t| matches!(t.kind, Kind::Mark(..)))
    }

    /// The words between the last mark or command and the candidate, at most `most` of them, and whether that is all.
    /// One mark right before the candidate is looked through: the engine writes "Findings, colon, the".
    pub fn phrase_before(&self, most: usize) -> (&'a [String], bool) {
        let end = if self.mark_before().is_some() {
            self.at - 1
        } else {
            self.at
        };
        let mut start = end;
        while start > 0
            && end - start < most
            && self.tokens[start - 1].kind == Kind::Word
            && !self.taken[start - 1]
        {
            start -= 1;
        }
        let whole =
            start == 0 || self.taken[start - 1] || self.tokens[start - 1].kind != Kind::Word;
        (&self.norms[start..end], whole)
    }

    /// An article stands right before, and it is not the letter of "hepatitis A".
    pub fn article_before(&self) -> bool {
        match self.left(1) {
            "an" | "the" => true,
            "a" => !LETTERED.contains(&self.left(2)),
            _ => false,
        }
    }
}

/// Words after which "a" is a letter: "hepatitis A", "vitamin A".
#[rustfmt::skip]
const LETTERED: &[&str] = &[
    "hepatitis", "vitamin", "influenza", "flu", "type", "group", "grade", "class", "stage", "factor", "part",
    "level", "hemophilia", "haemophilia", "section", "zone", "option", "hemoglobin", "haemoglobin",
    "immunoglobulin", "pugh", "ward", "unit", "room", "hep",
];

/// Words that announce a noun.
#[rustfmt::skip]
pub const DETERMINERS: &[&str] = &[
    "a", "an", "the", "this", "that", "these", "those", "his", "her", "their", "its", "my", "your", "our",
    "each", "every", "another", "any", "no", "some", "one", "same", "which",
];

/// The value of a cardinal up to twenty, in figures or words.
pub fn small_number(word: &str) -> Option<u32> {
    let mut names = SMALL.iter().chain(&TENS[..1]);
    match names.position(|n| *n == word) {
        Some(n) => Some(n as u32),
        None if word.len() <= 2 => word.parse().ok().filter(|n| *n <= 20),
        None => None,
    }
}

/// Whether a word is a number, in figures or as part of a spoken one.
pub fn is_number(word: &str) -> bool {
    small_number(word).is_some()
        || numerals::is_name(word)
        || word == "oh"
        || (word.starts_with(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || ".,/%".contains(c)))
}
