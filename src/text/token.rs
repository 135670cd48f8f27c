//! The token stream that the rules work on.
//!
//! A token knows the raw words it came from, the rule that made it and how it sits next to its neighbours. Rules take
//! a stream and give a stream; none of them may forget a raw word: a word that leaves no character stays in the
//! stream as [`Kind::Consumed`], so that the trace can still name it.

use crate::domain::transcript::{CorrectedWord, Word};
use std::ops::Range;

/// Rule name of a word that stands as the engine heard it.
pub const HEARD: &str = "word";
/// Rule name of a word that the dictionary or a person put in place of what was heard.
pub const EDITED: &str = "edit";
/// Rule name of layout characters that no word stands for.
pub const LAYOUT: &str = "layout";

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word, a number, or any sign without a role in the sentence.
    Word,
    /// A punctuation mark.
    Mark(Mark, Origin),
    /// The end of a line or paragraph.
    Break(Break),
    /// The number or dot that opens a list item; always follows a break.
    Item,
    /// Ready text that is written as it is; no rule looks inside.
    Text,
    /// Raw words that a command used up and that leave no character; its text is a note for a person, or empty.
    Consumed,
}

/// A punctuation mark by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// "."
    Period,
    /// ","
    Comma,
    /// ":"
    Colon,
    /// ";"
    Semicolon,
    /// "?"
    Question,
    /// "!"
    Exclamation,
    /// "..." or the one-character form.
    Ellipsis,
    /// A dash between words.
    Dash,
    /// A hyphen inside a word.
    Hyphen,
    /// "/"
    Slash,
    /// An opening parenthesis, bracket or quotation mark.
    Open,
    /// A closing parenthesis, bracket or quotation mark.
    Close,
}

impl Mark {
    /// Ends a sentence.
    pub fn is_stop(self) -> bool {
        matches!(
            self,
            Self::Period | Self::Question | Self::Exclamation | Self::Ellipsis
        )
    }

    /// Divides or ends sentences: of these, exactly one may stand in one place.
    pub fn is_sentence(self) -> bool {
        self.is_stop() || matches!(self, Self::Comma | Self::Colon | Self::Semicolon)
    }

    /// How it sits between its neighbours.
    pub fn glue(self) -> Glue {
        match self {
            Self::Dash => Glue::default(),
            Self::Hyphen | Self::Slash => Glue {
                left: true,
                right: true,
            },
            Self::Open => Glue {
                left: false,
                right: true,
            },
            _ => Glue {
                left: true,
                right: false,
            },
        }
    }
}

/// Who put a mark there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The engine wrote it by itself.
    Heard,
    /// The speaker said its name.
    Spoken,
}

/// How far apart two stretches of text stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    /// The next line.
    Line,
    /// A blank line between.
    Paragraph,
}

/// Whether a token touches its neighbours without a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glue {
    /// Touches the token before it.
    pub left: bool,
    /// Touches the token after it.
    pub right: bool,
}

/// The sound behind a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sound {
    /// Start in the recording of its take, seconds.
    pub start_s: f64,
    /// End, seconds.
    pub end_s: f64,
    /// Silence between the word before and this one, seconds, never negative; infinite where a take begins.
    pub pause_before_s: f64,
    /// Lowest probability of its raw words, 0 to 1.
    pub probability: f32,
}

/// One element of the text that is being made.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it writes; empty for breaks, a note for consumed words.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// Raw words it stands for, half-open; empty for layout that nobody spoke.
    pub words: Range<usize>,
    /// The rule that made it, for example `punctuation.period`.
    pub rule: &'static str,
    /// How it sits between its neighbours.
    pub glue: Glue,
    /// Its sound.
    pub sound: Sound,
}

impl Token {
    /// The same place and sound, as something else.
    pub fn with(&self, text: impl Into<String>, kind: Kind, rule: &'static str) -> Self {
        let glue = match kind {
            Kind::Mark(mark, _) => mark.glue(),
            _ => Glue::default(),
        };
        Self {
            text: text.into(),
            kind,
            words: self.words.clone(),
            rule,
            glue,
            sound: self.sound,
        }
    }

    /// A break before the raw word `at` that nobody spoke.
    pub fn unspoken_break(kind: Break, at: usize, rule: &'static str) -> Self {
        Self {
            text: String::new(),
            kind: Kind::Break(kind),
            words: at..at,
            rule,
            glue: Glue::default(),
            sound: Sound {
                start_s: 0.0,
                end_s: 0.0,
                pause_before_s: 0.0,
                probability: 1.0,
            },
        }
    }

    /// The mark, if it is one.
    pub fn mark(&self) -> Option<Mark> {
        match self.kind {
            Kind::Mark(mark, _) => Some(mark),
            _ => None,
        }
    }

    /// A mark that the engine wrote.
    pub fn heard_mark(&self) -> Option<Mark> {
        match self.kind {
            Kind::Mark(mark, Origin::Heard) => Some(mark),
            _ => None,
        }
    }

    /// A mark whose name was said.
    pub fn spoken_mark(&self) -> Option<Mark> {
        match self.kind {
            Kind::Mark(mark, Origin::Spoken) => Some(mark),
            _ => None,
        }
    }

    /// Starts with a capital letter and goes on in small ones, or is one capital letter.
    pub fn is_capitalised(&self) -> bool {
        let mut chars = self.text.chars();
        chars.next().is_some_and(char::is_uppercase) && !chars.any(char::is_uppercase)
    }
}

/// Splits corrected words into words and the marks that the engine attached to them.
pub fn tokens(words: &[Word], corrected: &[CorrectedWord]) -> Vec<Token> {
    let mut out = Vec::with_capacity(corrected.len() + corrected.len() / 4);
    for word in corrected {
        let range = word.word_from..word.word_to.max(word.word_from);
        let heard = words.get(range.clone()).unwrap_or_default();
        let as_heard = matches!(heard, [one] if one.text == word.text);
        let seed = Token {
            text: String::new(),
            kind: Kind::Consumed,
            words: range.clone(),
            rule: if as_heard { HEARD } else { EDITED },
            glue: Glue::default(),
            sound: sound(words, range),
        };
        split(&word.text, &seed, &mut out);
    }
    out
}

fn sound(words: &[Word], range: Range<usize>) -> Sound {
    let heard = words.get(range.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (heard.first(), heard.last()) else {
        return Sound {
            start_s: 0.0,
            end_s: 0.0,
            pause_before_s: 0.0,
            probability: 0.0,
        };
    };
    let before = range.start.checked_sub(1).and_then(|i| words.get(i));
    Sound {
        start_s: first.start_s,
        end_s: last.end_s,
        pause_before_s: match before {
            Some(word) if word.take == first.take => (first.start_s - word.end_s).max(0.0),
            _ => f64::INFINITY,
        },
        probability: heard
            .iter()
            .map(|w| w.probability)
            .fold(1.0_f32, |a, b| a.min(b)),
    }
}

/// Abbreviations whose full stop is part of the word and ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "jr", "sr", "fig", "mt", "messrs",
];

/// Whether the full stop after `core` belongs to it: "Dr.", "e.g.", "a.m.".
fn keeps_its_stop(core: &str) -> bool {
    let dotted = core.contains('.')
        && core.split('.').all(|part| {
            !part.is_empty() && part.chars().count() <= 2 && part.chars().all(char::is_alphabetic)
        });
    dotted || ABBREVIATIONS.iter().any(|a| core.eq_ignore_ascii_case(a))
}

fn mark_of(c: char) -> Option<Mark> {
    Some(match c {
        '.' => Mark::Period,
        ',' => Mark::Comma,
        ':' => Mark::Colon,
        ';' => Mark::Semicolon,
        '?' => Mark::Question,
        '!' => Mark::Exclamation,
        '…' => Mark::Ellipsis,
        _ => return None,
    })
}

fn closes(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '"' | '”' | '»')
}

fn opens(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '"' | '“' | '«')
}

/// One corrected word into opening marks, the word itself, and the marks after it. The characters stay the same.
fn split(text: &str, seed: &Token, out: &mut Vec<Token>) {
    let text = text.trim();
    if text.is_empty() {
        out.push(seed.clone());
        return;
    }
    let start = text
        .char_indices()
        .find(|(_, c)| !opens(*c))
        .map_or(text.len(), |(i, _)| i);
    // A word of opening marks only is no word to open: it stays as it is.
    let (opening, rest) = if start == text.len() {
        ("", text)
    } else {
        text.split_at(start)
    };
    let mut end = rest
        .char_indices()
        .rev()
        .find(|(_, c)| mark_of(*c).is_none() && !closes(*c))
        .map_or(0, |(i, c)| i + c.len_utf8());
    if rest[end..].starts_with('.')
        && !rest[end..].starts_with("..")
        && keeps_its_stop(&rest[..end])
    {
        end += 1;
    }
    let (core, closing) = rest.split_at(end);
    let heard = |mark| Kind::Mark(mark, Origin::Heard);
    for c in opening.chars() {
        out.push(seed.with(c, heard(Mark::Open), seed.rule));
    }
    if !core.is_empty() {
        out.push(seed.with(core, Kind::Word, seed.rule));
    }
    let mut at = 0;
    while let Some(c) = closing[at..].chars().next() {
        let dots = closing[at..].len() - closing[at..].trim_start_matches('.').len();
        let (mark, len) = if dots > 1 {
            (Mark::Ellipsis, dots)
        } else {
            (mark_of(c).unwrap_or(Mark::Close), c.len_utf8())
        };
        out.push(seed.with(&closing[at..at + len], heard(mark), seed.rule));
        at += len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let words = [Word {
            text: text.into(),
            start_s: 0.0,
            end_s: 0.4,
            probability: 0.9,
            take: 0,
        }];
        let corrected = [CorrectedWord {
            text: text.into(),
            word_from: 0,
            word_to: 1,
        }];
        tokens(&words, &corrected)
            .into_iter()
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn marks_come_off_words_and_stay_in_numbers_and_abbreviations() {
        for (text, parts) in [
            ("mg,", vec!["mg", ","]),
            ("stable.", vec!["stable", "."]),
            ("(see", vec!["(", "see"]),
            ("below).", vec!["below", ")", "."]),
            ("\"empty,\"", vec!["\"", "empty", ",", "\""]),
            ("wait...", vec!["wait", "..."]),
            ("3.25", vec!["3.25"]),
            ("10,000", vec!["10,000"]),
            ("138/84", vec!["138/84"]),
            ("Dr.", vec!["Dr."]),
            ("e.g.", vec!["e.g."]),
            ("a.m.,", vec!["a.m.", ","]),
            ("patients'", vec!["patients'"]),
            ("...", vec!["..."]),
            ("-", vec!["-"]),
            ("((", vec!["(("]),
            ("Ärzte?!", vec!["Ärzte", "?", "!"]),
        ] {
            assert_eq!(cut(text), parts, "{text}");
        }
    }

    #[test]
    fn a_word_without_characters_is_still_in_the_stream() {
        assert_eq!(cut(" "), [""]);
    }

    #[test]
    fn pauses_are_silence_since_the_word_before_of_the_same_take() {
        let word = |start_s, take| Word {
            text: "a".into(),
            start_s,
            end_s: start_s + 0.5,
            probability: 0.9,
            take,
        };
        let words = [word(0.0, 0), word(1.5, 0), word(1.8, 0), word(0.2, 1)];
        let corrected = crate::domain::transcript::corrected(&words, &[]);
        let pauses: Vec<f64> = tokens(&words, &corrected)
            .iter()
            .map(|t| t.sound.pause_before_s)
            .collect();
        assert_eq!(pauses, [f64::INFINITY, 1.0, 0.0, f64::INFINITY]);
    }
}
