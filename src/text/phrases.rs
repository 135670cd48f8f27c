//! What the rules of editing have in common: phrases in the stream, boundaries, and words that leave no character.

use crate::text::context::is_number;
use crate::text::token::{Kind, Mark, Token};

/// The small-letter text of each word; "" for whatever is no word.
pub fn norms(tokens: &[Token]) -> Vec<String> {
    tokens
        .iter()
        .map(|t| match t.kind {
            // One allocation where it can be one: this runs for every word in every rule.
            Kind::Word if t.text.is_ascii() => t.text.to_ascii_lowercase(),
            Kind::Word => t.text.to_lowercase().replace('’', "'"),
            _ => String::new(),
        })
        .collect()
}

/// Whether the words stand at `at`, next to each other.
pub fn stands(norms: &[String], at: usize, phrase: &[&str]) -> bool {
    norms
        .get(at..at + phrase.len())
        .is_some_and(|n| n.iter().zip(phrase).all(|(n, w)| n == w))
}

/// The end of the words from `at` if they stand there, the engine's own marks between them looked through.
pub fn stands_apart(
    tokens: &[Token],
    norms: &[String],
    at: usize,
    phrase: &[&str],
) -> Option<usize> {
    let mut i = at;
    for (k, word) in phrase.iter().enumerate() {
        if k > 0 {
            i = past_heard(tokens, i);
        }
        if norms.get(i).is_none_or(|n| n != word) {
            return None;
        }
        i += 1;
    }
    Some(i)
}

/// The first index from `at` that is no mark of the engine's that divides or ends sentences.
pub fn past_heard(tokens: &[Token], at: usize) -> usize {
    at + tokens
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|t| t.heard_mark().is_some_and(Mark::is_sentence))
        .count()
}

/// The first index of the engine's marks right before `at`.
pub fn before_heard(tokens: &[Token], at: usize) -> usize {
    at - tokens[..at]
        .iter()
        .rev()
        .take_while(|t| t.heard_mark().is_some_and(Mark::is_sentence))
        .count()
}

/// Ends a sentence, or is no part of one: a stop, a break, the number of an item.
pub fn divides_sentences(token: &Token) -> bool {
    match token.kind {
        Kind::Mark(mark, _) => mark.is_stop(),
        Kind::Break(_) | Kind::Item | Kind::Text => true,
        Kind::Word | Kind::Consumed => false,
    }
}

/// Whether a sentence begins at `at`.
pub fn begins_sentence(tokens: &[Token], at: usize) -> bool {
    at == 0 || divides_sentences(&tokens[at - 1]) || tokens[at - 1].mark() == Some(Mark::Colon)
}

/// One past the last token of the sentence at `at`, its stop included, a break not.
pub fn sentence_end(tokens: &[Token], at: usize) -> usize {
    let mut i = at;
    while let Some(token) = tokens.get(i) {
        if token.mark().is_some_and(Mark::is_stop) {
            // "well, period." is one end.
            while tokens
                .get(i)
                .is_some_and(|t| t.mark().is_some_and(Mark::is_stop))
            {
                i += 1;
            }
            return i;
        }
        if divides_sentences(token) {
            return i;
        }
        i += 1;
    }
    i
}

/// What tokens say, marks attached as they would be written.
pub fn said(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut open = true;
    for token in tokens {
        if token.text.is_empty() || matches!(token.kind, Kind::Consumed) {
            continue;
        }
        if !open && !token.glue.left {
            out.push(' ');
        }
        out.push_str(&token.text);
        open = token.glue.right;
    }
    out
}

/// Tokens that leave no character. `note` is for a person and stands on the first of them.
///
/// Neighbouring raw words become one token; what was moved from elsewhere gets its own.
pub fn used(tokens: &[Token], rule: &'static str, note: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    for token in tokens {
        if let Some(last) = out.last_mut()
            && (last.words.start..=last.words.end).contains(&token.words.start)
        {
            last.words.end = last.words.end.max(token.words.end);
            last.sound.end_s = last.sound.end_s.max(token.sound.end_s);
            continue;
        }
        out.push(token.with("", Kind::Consumed, rule));
    }
    if let Some(first) = out.first_mut() {
        first.text = note.to_owned();
    }
    out
}

/// Whether a word is an amount: figures with or without a unit attached ("5", "10mg"), or part of a spoken number.
pub fn is_amount(word: &str) -> bool {
    is_number(word)
        || (word.starts_with(|c: char| c.is_ascii_digit())
            && !word.contains(|c: char| !c.is_ascii_alphanumeric() && !".,/%-".contains(c)))
        || ["half", "quarter", "point", "dozen"].contains(&word)
}

/// Small letters where the engine began a sentence of its own in the middle of one.
pub fn lower_first(text: &mut String) {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return };
    let rest = chars.as_str();
    let mut lower = first.to_lowercase();
    // One letter for one letter, and no abbreviations.
    if let (Some(small), None) = (lower.next(), lower.next())
        && !rest.is_empty()
        && rest.chars().all(|c| !c.is_uppercase())
    {
        *text = std::iter::once(small).chain(rest.chars()).collect();
    }
}

/// Whether two words may be two hearings of one: words of five letters or more that begin alike and differ in at most
/// a third of them. "Finasteride" and "dutasteride" are two drugs.
pub fn alike(a: &str, b: &str) -> bool {
    let longer = a.chars().count().max(b.chars().count());
    let same_start = a.chars().next() == b.chars().next();
    a == b || (same_start && (5..=40).contains(&longer) && strsim::levenshtein(a, b) * 3 <= longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hearings_of_one_word_are_alike() {
        assert!(alike("finastered", "fenasteride") && alike("a", "a"));
        assert!(!alike("left", "lift") && !alike("metoprolol", "atorvastatin"));
    }
}
