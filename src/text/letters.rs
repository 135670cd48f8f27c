//! The form of a letter: salutation, closing, and who signs.

use crate::text::phrases::{begins_sentence, norms, past_heard, stands, used};
use crate::text::token::{Break, Kind, Mark, Origin, Token};

/// How letters close.
#[rustfmt::skip]
const CLOSINGS: &[&[&str]] = &[
    &["yours", "sincerely"], &["yours", "faithfully"], &["yours", "truly"], &["with", "kind", "regards"],
    &["with", "best", "wishes"], &["with", "kindest", "regards"], &["kind", "regards"], &["kindest", "regards"],
    &["best", "wishes"], &["best", "regards"], &["sincerely", "yours"], &["sincerely"],
];

const TITLES: &[&str] = &[
    "dr",
    "dr.",
    "doctor",
    "mr",
    "mr.",
    "mrs",
    "mrs.",
    "ms",
    "ms.",
    "miss",
    "prof",
    "prof.",
    "professor",
];

/// Longest name and role after a closing, in words.
const SIGNATURE: usize = 12;

/// Rule: paragraphs for "Dear Dr. Okafor," and "Yours sincerely,", a line each for name and role.
pub fn laid_out(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 8);
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = salutation(tokens, &norms, at) {
            paragraph(&mut out, &tokens[at]);
            out.extend_from_slice(&tokens[at..end]);
            at = end;
            // What follows a salutation stands apart from it.
            if let Some(next) = tokens.get(at)
                && next.kind == Kind::Break(Break::Line)
            {
                out.push(next.with("", Kind::Break(Break::Paragraph), next.rule));
                at += 1;
            }
            continue;
        }
        if let Some(end) = closing(tokens, &norms, at) {
            paragraph(&mut out, &tokens[at]);
            at = signature(&mut out, tokens, &norms, at, end);
            continue;
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

fn paragraph(out: &mut Vec<Token>, before: &Token) {
    match out.last_mut() {
        None => {}
        Some(last) if last.kind == Kind::Break(Break::Paragraph) => {}
        Some(_) => out.push(Token::unspoken_break(
            Break::Paragraph,
            before.words.start,
            "layout.letter",
        )),
    }
}

/// "Dear Dr. Okafor," with its mark.
fn salutation(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    if norms[at] != "dear" || !begins_sentence(tokens, at) {
        return None;
    }
    let titled = norms
        .get(at + 1)
        .is_some_and(|w| TITLES.contains(&w.as_str()));
    let words = norms[at..]
        .iter()
        .take(7)
        .take_while(|n| !n.is_empty())
        .count();
    let mut end = at + words;
    while tokens
        .get(end)
        .is_some_and(|t| t.mark() == Some(Mark::Comma))
    {
        end += 1;
    }
    let broken = tokens
        .get(end)
        .is_some_and(|t| matches!(t.kind, Kind::Break(_)));
    (words > 1 && words < 7 && titled && broken).then_some(end)
}

/// "Yours sincerely" with a name of a few words and the end of the text, or of the paragraph, behind it.
fn closing(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    let phrase = CLOSINGS.iter().find(|c| stands(norms, at, c))?;
    let end = at + phrase.len();
    let name = past_commas(tokens, end);
    let rest = tokens[name..]
        .iter()
        .take(3 * SIGNATURE)
        .take_while(|t| matches!(t.kind, Kind::Word) || t.mark().is_some())
        .count();
    let last = name + rest;
    let words = norms[name..last].iter().filter(|n| !n.is_empty()).count();
    let closed = tokens
        .get(last)
        .is_none_or(|t| matches!(t.kind, Kind::Break(_)));
    let one = !tokens[name..last.max(1) - usize::from(rest > 0)]
        .iter()
        .any(|t| t.mark().is_some_and(Mark::is_stop));
    let titled = norms
        .get(name)
        .is_some_and(|w| TITLES.contains(&w.as_str()))
        || tokens.get(name).is_some_and(Token::is_capitalised);
    (begins_sentence(tokens, at) && closed && one && words <= SIGNATURE && (titled || words == 0))
        .then_some(end)
}

/// Past the commas after a closing, and a stop that the engine put there.
fn past_commas(tokens: &[Token], at: usize) -> usize {
    at + tokens[at..]
        .iter()
        .take_while(|t| {
            t.mark() == Some(Mark::Comma) || t.heard_mark().is_some_and(Mark::is_sentence)
        })
        .count()
}

/// Writes closing, name and role; gives the place behind them.
fn signature(
    out: &mut Vec<Token>,
    tokens: &[Token],
    norms: &[String],
    at: usize,
    end: usize,
) -> usize {
    out.extend_from_slice(&tokens[at..end]);
    let name = past_commas(tokens, end);
    let has_name = norms.get(name).is_some_and(|n| !n.is_empty());
    if !has_name {
        return end;
    }
    match tokens.get(end).filter(|t| t.mark() == Some(Mark::Comma)) {
        Some(comma) => {
            out.push(comma.clone());
        }
        None => {
            let mut comma =
                Token::unspoken_break(Break::Line, tokens[name].words.start, "layout.letter");
            comma.kind = Kind::Mark(Mark::Comma, Origin::Heard);
            comma.glue = Mark::Comma.glue();
            comma.text = ",".into();
            out.push(comma);
        }
    }
    out.extend(used(&tokens[end..name], "punctuation.dropped", ""));
    out.push(Token::unspoken_break(
        Break::Paragraph,
        tokens[name].words.start,
        "layout.letter",
    ));
    let title = usize::from(TITLES.contains(&norms[name].as_str()));
    let named = tokens[name + title..]
        .iter()
        .take(3)
        .take_while(|t| t.kind == Kind::Word && t.text.starts_with(char::is_uppercase))
        .count();
    let mut i = name + title + named.max(1);
    i = i.min(tokens.len());
    out.extend_from_slice(&tokens[name..i]);
    let role = past_heard(tokens, i);
    let mut last = role;
    while tokens
        .get(last)
        .is_some_and(|t| t.kind == Kind::Word || t.mark() == Some(Mark::Comma))
    {
        last += 1;
    }
    if last > role {
        out.extend(used(&tokens[i..role], "punctuation.dropped", ""));
        out.push(Token::unspoken_break(
            Break::Line,
            tokens[role].words.start,
            "layout.letter",
        ));
        for token in &tokens[role..last] {
            let mut token = token.clone();
            // A comma inside a role is the engine's breath.
            if token.heard_mark().is_some() {
                out.extend(used(&[token], "punctuation.dropped", ""));
                continue;
            }
            if !["of", "and", "in", "the", "for", "to"].contains(&token.text.as_str()) {
                token.text = crate::text::case::raised(&token.text);
            }
            out.push(token);
        }
    }
    // A stop after a signature ends nothing.
    let mut next = last;
    while tokens
        .get(next)
        .is_some_and(|t| t.mark().is_some_and(Mark::is_stop))
    {
        next += 1;
    }
    out.extend(used(&tokens[last..next], "punctuation.dropped", ""));
    next
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn letters_have_their_form() {
        check(&[
            ("Dear Doctor Okafor comma new line thank you for referring this man full stop", "Dear Dr Okafor,\n\nThank you for referring this man."),
            ("we shall see her again full stop Yours sincerely Doctor Amelia Thornton consultant respiratory physician", "We shall see her again.\n\nYours sincerely,\n\nDr Amelia Thornton\nConsultant Respiratory Physician"),
            ("See her again, full stop. Kind regards, Dr. Tom Hill, consultant in pain medicine.", "See her again.\n\nKind regards,\n\nDr Tom Hill\nConsultant in Pain Medicine"),
            ("rest full stop yours faithfully comma Professor Ames", "Rest.\n\nYours faithfully,\n\nProfessor Ames"),
        ]);
    }

    #[test]
    fn words_of_a_closing_in_a_sentence_stay() {
        for text in [
            "He sends his best wishes to the ward.",
            "She sincerely regrets the delay.",
            "Dear to him is his garden.",
        ] {
            check(&[(text, text)]);
        }
    }
}
