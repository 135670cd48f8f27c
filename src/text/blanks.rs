//! Blanks: what the speaker could not say and has to fill in.

use crate::text::context::is_number;
use crate::text::notes;
use crate::text::phrases::{divides_sentences, norms, past_heard, stands};
use crate::text::token::{Kind, Mark, Token};

/// What a blank looks like in the report.
pub const BLANK: &str = "____";

/// Spoken forms, the longest first.
#[rustfmt::skip]
const FORMS: &[&[&str]] = &[
    &["please", "leave", "a", "blank", "space"], &["please", "leave", "a", "blank"], &["please", "leave", "blank"],
    &["please", "leave", "a", "space"],
    &["leave", "a", "blank", "space"], &["leave", "a", "blank", "line"], &["leave", "a", "blank"], &["leave", "blank"],
    &["leave", "it", "blank"], &["leave", "that", "blank"], &["leave", "this", "blank"], &["leave", "a", "space"],
    &["insert", "a", "blank"], &["insert", "blank"], &["blank", "space"],
];

/// Words before which the form is a verb of the sentence.
#[rustfmt::skip]
const NOT_AFTER: &[&str] = &[
    "to", "not", "will", "would", "did", "should", "could", "can", "may", "must", "don't", "didn't", "he", "she",
    "they", "we", "you", "the", "a", "no", "with",
];

/// Words before a lone "blank" that stands for something.
const BEFORE: &[&str] = &[
    "of",
    "on",
    "at",
    "in",
    "by",
    "to",
    "with",
    "for",
    "from",
    "doctor",
    "dr.",
    "dr",
    "is",
    "was",
    "until",
    "through",
    "surgery",
    "service",
    "birth",
    "admission",
    "discharge",
    "number",
    "dated",
];

/// Units after a lone "blank".
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "mg", "milligrams", "milligram", "mcg", "micrograms", "grams", "ml", "milliliters", "units", "mm", "millimeters",
    "cm", "centimeters", "percent", "days", "weeks", "months", "hours", "minutes", "times", "over", "kilograms", "pounds",
];

/// Rule: a spoken blank becomes a visible one, which a finding names.
pub fn visible(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some(end) = blank(tokens, &norms, at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        // The engine's comma before "leave a blank" belongs to it.
        if tokens[at..end].len() > 1
            && let Some(last) = out.last_mut()
            && last.heard_mark() == Some(Mark::Comma)
        {
            *last = last.with("", Kind::Consumed, "punctuation.dropped");
        }
        let mut seed = tokens[at].with(BLANK, Kind::Word, notes::BLANK);
        if let Some(last) = tokens.get(end - 1) {
            seed.words.end = last.words.end;
            seed.sound.end_s = last.sound.end_s;
        }
        out.push(seed);
        at = end;
    }
    out
}

fn blank(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    let left = at.checked_sub(1).map_or("", |i| norms[i].as_str());
    if let Some(form) = FORMS.iter().find(|f| stands(norms, at, f)) {
        let mut end = at + form.len();
        if NOT_AFTER.contains(&left) {
            return None;
        }
        if norms
            .get(end)
            .is_some_and(|w| ["here", "there"].contains(&w.as_str()))
        {
            end += 1;
        }
        // "Leave a blank for the date": what it is for is no text either.
        if stands(norms, end, &["for", "the"])
            || stands(norms, end, &["for", "his"])
            || stands(norms, end, &["for", "her"])
        {
            let words = norms[end..].iter().take_while(|n| !n.is_empty()).count();
            if words <= 6 {
                end += words;
            }
        }
        return Some(end);
    }
    if norms[at] != "blank" || !BEFORE.contains(&left) {
        return None;
    }
    let next = past_heard(tokens, at + 1);
    let ended = tokens
        .get(at + 1)
        .is_none_or(|t| t.mark().is_some() || divides_sentences(t));
    let unit = norms
        .get(next)
        .is_some_and(|w| UNITS.contains(&w.as_str()) || is_number(w));
    // "The screen was blank" ends a sentence as well.
    let predicate = ["is", "was", "with"].contains(&left);
    ((ended && !predicate) || unit).then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::FindingKind;
    use crate::text::testing::{check, draft_of};

    #[test]
    #[rustfmt::skip]
    fn a_blank_is_seen() {
        check(&[
            ("seen by Doctor leave a blank period", "Seen by Doctor ____."),
            ("the dose was, leave a blank, daily period", "The dose was ____, daily."),
            ("date of surgery colon leave blank period", "Date of surgery: ____"),
            ("metformin at blank milligrams twice daily period", "Metformin at ____ milligrams twice daily."),
            ("date of surgery blank period rest period", "Date of surgery: ____\n\nRest."),
            ("he was referred by blank period", "He was referred by ____."),
            ("operated on leave a blank for the date period", "Operated on ____."),
        ]);
        let findings = draft_of("seen by blank period").findings;
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].kind, FindingKind::UnresolvedBlank);
    }

    #[test]
    fn other_blanks_stay_words() {
        for text in [
            "He had a blank stare and blank affect.",
            "The screen was blank.",
            "He was told not to leave a blank field.",
            "Her mind went blank.",
            "He was shot at point blank range.",
        ] {
            check(&[(text, text)]);
            assert!(draft_of(text).findings.is_empty());
        }
    }
}
