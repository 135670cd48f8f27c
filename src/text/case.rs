//! Capitals at the start of sentences, and small letters where the engine's capital has lost its reason.

use crate::text::headings;
use crate::text::token::{HEARD, Kind, Mark, Origin, Token};

/// Rule: capital letters at the start of the text, of sentences, lines, items and after a heading's colon.
pub fn sentences(tokens: &[Token]) -> Vec<Token> {
    let mut start = true;
    // Whether it is the engine's own "!" or "?", or its dot behind "etc", behind which its own small letter counts: "What?"
    // said he.
    let mut by_cry = false;
    let mut after_spoken = false;
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let mut token = token.clone();
        match token.kind {
            Kind::Word => {
                if start && !(by_cry && token.rule == HEARD) {
                    capitalise(&mut token.text);
                } else if after_spoken && is_function_word(&token.text) {
                    token.text = token.text.to_lowercase();
                }
                (start, after_spoken) = (false, false);
            }
            Kind::Mark(mark, origin) => {
                let heading = mark == Mark::Colon && ends_heading(&out, origin);
                if mark.is_stop() || heading {
                    start = true;
                    by_cry = origin == Origin::Heard
                        && match mark {
                            Mark::Question | Mark::Exclamation => true,
                            Mark::Period => out.last().is_some_and(is_et_cetera),
                            _ => false,
                        };
                } else if mark.is_sentence() || matches!(mark, Mark::Hyphen | Mark::Slash) {
                    start = false;
                }
                after_spoken = origin == Origin::Spoken;
            }
            Kind::Break(_) | Kind::Item => (start, by_cry) = (true, false),
            Kind::Text => {
                by_cry = false;
                start = token.text.ends_with(['.', '!', '?']);
                after_spoken = false;
            }
            Kind::Consumed => {}
        }
        out.push(token);
    }
    out
}

/// Whether the colon that comes next ends a heading: a known one, or, if the colon was spoken, any short title.
fn ends_heading(out: &[Token], origin: Origin) -> bool {
    let mut start = out.len();
    while start > 0
        && out.len() - start <= headings::LONGEST
        && matches!(out[start - 1].kind, Kind::Word | Kind::Consumed)
    {
        start -= 1;
    }
    let phrase: Vec<String> = out[start..]
        .iter()
        .filter(|t| t.kind == Kind::Word)
        .map(|t| t.text.to_lowercase())
        .collect();
    let begins = start == 0
        || match out[start - 1].kind {
            // "Physical examination: General: Well."
            Kind::Mark(mark, _) => mark.is_stop() || mark == Mark::Colon,
            kind => kind != Kind::Word,
        };
    let known = headings::ends_with_heading(&phrase);
    match origin {
        Origin::Heard => known && begins,
        Origin::Spoken => known || (begins && headings::may_be_title(&phrase)),
    }
}

/// Words that carry a capital only at the start of a sentence; "I", "A", "May" and "Will" can be something else.
#[rustfmt::skip]
const FUNCTION_WORDS: &[&str] = &[
    "The", "This", "That", "These", "Those", "There", "She", "He", "They", "We", "It", "His", "Her", "Their",
    "And", "But", "Or", "Nor", "So", "Then", "Than", "With", "Without", "Which", "Who", "Whom", "Whose",
    "Where", "When", "While", "Because", "Although", "However", "If", "As", "At", "In", "On", "Of", "For",
    "From", "To", "By", "Is", "Was", "Were", "Are", "Has", "Had", "Have", "No", "Not", "An", "Now", "Also",
    "After", "Before", "Both", "Here",
];

fn is_et_cetera(token: &Token) -> bool {
    token.kind == Kind::Word && token.text.eq_ignore_ascii_case("etc")
}

fn is_function_word(text: &str) -> bool {
    FUNCTION_WORDS.contains(&text)
}

/// The text in capitals; letters without a capital of one letter stay.
pub fn shouted(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}

/// The text with its first letter raised.
pub fn raised(text: &str) -> String {
    let mut text = text.to_owned();
    let end = text.find(' ').unwrap_or(text.len());
    let mut first = text[..end].to_owned();
    capitalise(&mut first);
    text.replace_range(..end, &first);
    text
}

/// Raises the first letter, unless the word has its own way of writing ("pH", "mRNA").
fn capitalise(text: &mut String) {
    let mut chars = text.chars();
    let Some(first) = chars.next().filter(|c| c.is_lowercase()) else {
        return;
    };
    let rest = chars.as_str();
    if rest.chars().any(char::is_uppercase) {
        return;
    }
    let mut upper = first.to_uppercase();
    // "ß" has no capital of one letter: such a word stays.
    if let (Some(raised), None) = (upper.next(), upper.next()) {
        *text = format!("{raised}{rest}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_the_engines_own_cry_its_own_letter_counts() {
        crate::text::testing::check(&[
            (
                "Bleeding, infection, etc. were discussed. Swelling, etc. The wound is dry.",
                "Bleeding, infection, etc. were discussed. Swelling, etc. The wound is dry.",
            ),
            (
                "\"What now?\" she asked. \"Stop!\" he cried.",
                "\"What now?\" she asked. \"Stop!\" he cried.",
            ),
            (
                "is it broken question mark no fracture period",
                "Is it broken? No fracture.",
            ),
            (
                "Atypical naevus? new line biopsy.",
                "Atypical naevus?\nBiopsy.",
            ),
        ]);
    }

    #[test]
    fn words_with_their_own_case_keep_it() {
        for (word, raised) in [
            ("patient", "Patient"),
            ("pH", "pH"),
            ("eGFR", "eGFR"),
            ("ätiology", "Ätiology"),
            ("ßx", "ßx"),
            ("5", "5"),
            ("", ""),
        ] {
            let mut text = word.to_owned();
            capitalise(&mut text);
            assert_eq!(text, raised);
        }
    }
}
