//! Finds the spoken commands in the stream and carries them out.
//!
//! Two passes. The first judges each spoken form by its neighbours ([`punctuation`], [`layout`]); the second knows how
//! many there are, so that an undecided "period" is a full stop in a dictation which speaks its punctuation and a word
//! in prose that does not.

use crate::text::context::{Verdict, View, small_number};
use crate::text::token::{Break, Kind, Mark, Origin, Token};
use crate::text::{headings, layout, punctuation};

/// What a spoken form does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Mark(Mark, &'static str),
    OpenQuote,
    CloseQuote,
    Break(Break),
    NextNumber,
    Number(u32),
    Bullet,
    End,
}

/// A spoken form, what it does, the name of the rule in the trace, and who judges it.
struct Form {
    words: &'static [&'static str],
    act: Act,
    rule: &'static str,
    judge: fn(&View) -> Verdict,
}

const fn mark(
    words: &'static [&'static str],
    mark: Mark,
    text: &'static str,
    rule: &'static str,
    judge: fn(&View) -> Verdict,
) -> Form {
    Form {
        words,
        act: Act::Mark(mark, text),
        rule,
        judge,
    }
}

const fn form(
    words: &'static [&'static str],
    act: Act,
    rule: &'static str,
    judge: fn(&View) -> Verdict,
) -> Form {
    Form {
        words,
        act,
        rule,
        judge,
    }
}

/// Every spoken form, in small letters; of two that begin alike the longer one stands first.
#[rustfmt::skip]
const FORMS: &[Form] = &{
    use punctuation::{
        colon, coma, common, dash, misheard_colon, misheard_comma, misheard_stop, no_word, period, plain, quote, slash, unquote,
    };
    [
        mark(&["period"], Mark::Period, ".", "punctuation.period", period),
        mark(&["full", "stop"], Mark::Period, ".", "punctuation.full_stop", plain),
        mark(&["full", "stock"], Mark::Period, ".", "punctuation.full_stop.misheard", misheard_stop),
        mark(&["full", "stops"], Mark::Period, ".", "punctuation.full_stop.misheard", misheard_stop),
        mark(&["full-stop"], Mark::Period, ".", "punctuation.full_stop", plain),
        mark(&["fullstop"], Mark::Period, ".", "punctuation.full_stop", plain),
        mark(&["comma"], Mark::Comma, ",", "punctuation.comma", plain),
        mark(&["kama"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["kamma"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["komma"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["cama"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["camma"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["calma"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["commer"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["comer"], Mark::Comma, ",", "punctuation.comma.misheard", misheard_comma),
        mark(&["calmer"], Mark::Comma, ",", "punctuation.comma.misheard", common),
        mark(&["karma"], Mark::Comma, ",", "punctuation.comma.misheard", common),
        mark(&["common"], Mark::Comma, ",", "punctuation.comma.misheard", common),
        mark(&["coma"], Mark::Comma, ",", crate::text::notes::TAKEN_AS_MARK, coma),
        mark(&["periode"], Mark::Period, ".", "punctuation.period.misheard", no_word),
        mark(&["peroid"], Mark::Period, ".", "punctuation.period.misheard", no_word),
        mark(&["pariod"], Mark::Period, ".", "punctuation.period.misheard", no_word),
        mark(&["colon"], Mark::Colon, ":", "punctuation.colon", colon),
        mark(&["colin"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["collin"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["colin's"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["colins"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["coloned"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["cologne"], Mark::Colon, ":", "punctuation.colon.misheard", misheard_colon),
        mark(&["semicolon"], Mark::Semicolon, ";", "punctuation.semicolon", plain),
        mark(&["semi-colon"], Mark::Semicolon, ";", "punctuation.semicolon", plain),
        mark(&["semi", "colon"], Mark::Semicolon, ";", "punctuation.semicolon", plain),
        mark(&["dash"], Mark::Dash, "-", "punctuation.dash", dash),
        mark(&["hyphen"], Mark::Hyphen, "-", "punctuation.hyphen", plain),
        mark(&["forward", "slash"], Mark::Slash, "/", "punctuation.slash", slash),
        mark(&["slash"], Mark::Slash, "/", "punctuation.slash", slash),
        mark(&["question", "mark"], Mark::Question, "?", "punctuation.question", plain),
        mark(&["exclamation", "mark"], Mark::Exclamation, "!", "punctuation.exclamation", plain),
        mark(&["exclamation", "point"], Mark::Exclamation, "!", "punctuation.exclamation", plain),
        mark(&["open", "paren"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "parens"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "parenthesis"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "parentheses"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["left", "paren"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["left", "parenthesis"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "bracket"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "brackets"], Mark::Open, "(", "punctuation.open", plain),
        mark(&["open", "square", "bracket"], Mark::Open, "[", "punctuation.open", plain),
        mark(&["close", "paren"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "parens"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "parenthesis"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "parentheses"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["closed", "paren"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["closed", "parenthesis"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["right", "paren"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["right", "parenthesis"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "bracket"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "brackets"], Mark::Close, ")", "punctuation.close", plain),
        mark(&["close", "square", "bracket"], Mark::Close, "]", "punctuation.close", plain),
        form(&["open", "quote"], Act::OpenQuote, "punctuation.quote", plain),
        form(&["open", "quotes"], Act::OpenQuote, "punctuation.quote", plain),
        form(&["begin", "quote"], Act::OpenQuote, "punctuation.quote", plain),
        form(&["close", "quote"], Act::CloseQuote, "punctuation.unquote", unquote),
        form(&["close", "quotes"], Act::CloseQuote, "punctuation.unquote", unquote),
        form(&["closed", "quote"], Act::CloseQuote, "punctuation.unquote", unquote),
        form(&["end", "quote"], Act::CloseQuote, "punctuation.unquote", unquote),
        form(&["unquote"], Act::CloseQuote, "punctuation.unquote", unquote),
        form(&["quote"], Act::OpenQuote, "punctuation.quote", quote),
        form(&["new", "line"], Act::Break(Break::Line), "layout.line", layout::line),
        form(&["next", "line"], Act::Break(Break::Line), "layout.line", layout::line),
        form(&["newline"], Act::Break(Break::Line), "layout.line", layout::line),
        form(&["new", "paragraph"], Act::Break(Break::Paragraph), "layout.paragraph", layout::paragraph),
        form(&["next", "paragraph"], Act::Break(Break::Paragraph), "layout.paragraph", layout::paragraph),
        form(&["new", "para", "graph"], Act::Break(Break::Paragraph), "layout.paragraph", layout::paragraph),
        form(&["new", "para"], Act::Break(Break::Paragraph), "layout.paragraph", layout::paragraph),
        form(&["paragraph"], Act::Break(Break::Paragraph), "layout.paragraph", layout::bare_paragraph),
        form(&["bullet", "point"], Act::Bullet, "layout.bullet", layout::bullet),
        form(&["bullet"], Act::Bullet, "layout.bullet", layout::bullet),
        form(&["next", "number"], Act::NextNumber, "layout.number", layout::next_number),
        form(&["end", "of", "dictation"], Act::End, "command.end", layout::end),
        form(&["end", "of", "the", "dictation"], Act::End, "command.end", layout::end),
        form(&["end", "dictation"], Act::End, "command.end", layout::end),
        form(&["end", "of", "report"], Act::End, "command.end", layout::end),
        form(&["end", "of", "the", "report"], Act::End, "command.end", layout::end),
        form(&["end", "report"], Act::End, "command.end", layout::end),
        form(&["end", "of", "note"], Act::End, "command.end", layout::end),
        form(&["end", "of", "letter"], Act::End, "command.end", layout::end),
        form(&["end", "of", "consultation"], Act::End, "command.end", layout::end),
        form(&["this", "is", "the", "end", "of", "the", "dictation"], Act::End, "command.end", layout::end),
        form(&["this", "is", "the", "end", "of", "dictation"], Act::End, "command.end", layout::end),
        form(&["that's", "the", "end", "of", "the", "dictation"], Act::End, "command.end", layout::end),
    ]
};

/// A spoken form that is not plainly a word.
struct Candidate {
    at: usize,
    end: usize,
    act: Act,
    rule: &'static str,
    verdict: Verdict,
}

/// How rare commands may be before an undecided one is taken for a word: one in so many words. Dictations that speak
/// their punctuation have one in 6 to 12; a "period" or "dash" that its neighbours do not explain turns up in prose
/// about once in several thousand.
const WORDS_PER_COMMAND: usize = 250;

/// Rule: carries out the spoken punctuation and layout.
pub fn spoken(tokens: &[Token]) -> Vec<Token> {
    let candidates = candidates(tokens);
    let words = tokens.iter().filter(|t| t.kind == Kind::Word).count();
    let counted = candidates
        .iter()
        .filter(|c| c.verdict != Verdict::Weak && !matches!(c.act, Act::Number(_)))
        .count();
    let speaks = counted > 0 && words <= counted * WORDS_PER_COMMAND;
    let speaks_much = counted >= 2 && words <= counted * 60;
    let taken: Vec<Candidate> = candidates
        .into_iter()
        .filter(|c| match c.verdict {
            Verdict::Sure => true,
            Verdict::Open => speaks,
            Verdict::Weak => speaks_much,
            Verdict::Word => false,
        })
        .collect();
    let taken = in_sequence(tokens, taken);
    carry_out(tokens, &taken)
}

/// First pass: the forms, judged one by one from left to right.
fn candidates(tokens: &[Token]) -> Vec<Candidate> {
    let norms: Vec<String> = tokens
        .iter()
        .map(|t| match t.kind {
            Kind::Word => t.text.to_lowercase(),
            _ => String::new(),
        })
        .collect();
    let comas = norms.iter().filter(|n| *n == "coma").count();
    let mut taken = vec![false; tokens.len()];
    let mut found: Vec<Candidate> = Vec::new();
    let (mut sentence_words, mut open_quotes, mut in_bullets) = (0, 0_usize, false);
    let mut at = 0;
    while at < tokens.len() {
        if let Kind::Mark(mark, _) = tokens[at].kind {
            if mark.is_stop() || mark == Mark::Colon {
                sentence_words = 0;
            }
            at += 1;
            continue;
        }
        let Some((end, act, rule, judge)) = form_at(tokens, &norms, at) else {
            sentence_words += usize::from(tokens[at].kind == Kind::Word);
            at += 1;
            continue;
        };
        let after_stop = found.last().is_some_and(|c| {
            matches!(c.act, Act::Mark(m, _) if m.is_stop())
                && tokens[c.end..at].iter().all(|t| t.heard_mark().is_some())
        });
        let verdict = judge(&View {
            tokens,
            norms: &norms,
            taken: &taken,
            at,
            end,
            sentence_words,
            open_quotes,
            in_bullets,
            comas,
            after_stop,
        });
        if verdict == Verdict::Word {
            sentence_words += end - at;
            at = end;
            continue;
        }
        taken[at..end].fill(true);
        match act {
            Act::Mark(m, _) if m.is_stop() || m == Mark::Colon => sentence_words = 0,
            Act::Mark(..) => {}
            Act::OpenQuote => open_quotes += 1,
            Act::CloseQuote => open_quotes = open_quotes.saturating_sub(1),
            Act::Bullet => (in_bullets, sentence_words) = (true, 0),
            Act::Break(Break::Paragraph) => (in_bullets, sentence_words) = (false, 0),
            Act::Break(Break::Line) | Act::NextNumber | Act::Number(_) | Act::End => {
                sentence_words = 0;
            }
        }
        found.push(Candidate {
            at,
            end,
            act,
            rule,
            verdict,
        });
        at = end;
    }
    found
}

type Found = (usize, Act, &'static str, fn(&View) -> Verdict);

/// The form that begins at a token: its words stand next to each other with no mark between.
fn form_at(tokens: &[Token], norms: &[String], at: usize) -> Option<Found> {
    let first = norms[at].as_str();
    // The engine writes "number two" as "2." by itself; the full stop goes when the item is made.
    if let Some(n) = small_number(first).filter(|n| *n > 0)
        && first.starts_with(|c: char| c.is_ascii_digit())
        && tokens
            .get(at + 1)
            .is_some_and(|t| t.heard_mark() == Some(Mark::Period) && t.words == tokens[at].words)
    {
        return Some((at + 1, Act::Number(n), "layout.number", layout::number));
    }
    if first == "number" {
        let n = norms
            .get(at + 1)
            .and_then(|w| small_number(w))
            .filter(|n| *n > 0)?;
        return Some((at + 2, Act::Number(n), "layout.number", layout::number));
    }
    FORMS
        .iter()
        .find(|f| {
            f.words[0] == first
                && f.words.len() <= norms.len() - at
                && f.words.iter().zip(&norms[at..]).all(|(w, n)| w == n)
        })
        .map(|f| (at + f.words.len(), f.act, f.rule, f.judge))
}

/// Spoken numbers are list items only in a sequence: "number one ... number two ...". A lone "number one" is a word.
fn in_sequence(tokens: &[Token], mut taken: Vec<Candidate>) -> Vec<Candidate> {
    let mut values = lone_values(tokens, &taken).into_iter();
    taken.retain(|_| !values.next().unwrap_or(false));
    let values: Vec<Option<u32>> = taken
        .iter()
        .map(|c| match c.act {
            Act::Number(n) => Some(n),
            _ => None,
        })
        .collect();
    // The next spoken number after each candidate, or "next number", which continues any list.
    let mut following = vec![None; taken.len()];
    let mut next = None;
    for (i, candidate) in taken.iter().enumerate().rev() {
        following[i] = next;
        next = match candidate.act {
            Act::Number(n) => Some(n),
            Act::NextNumber => Some(2),
            _ => next,
        };
    }
    let mut last = 0;
    let mut out = Vec::with_capacity(taken.len());
    for (i, mut candidate) in taken.into_iter().enumerate() {
        match (candidate.act, values[i]) {
            (_, Some(1)) if following[i] != Some(2) => continue,
            (_, Some(n)) if n != 1 && n != last + 1 => continue,
            (_, Some(n)) => last = n,
            (Act::NextNumber, _) => {
                last += 1;
                candidate.act = Act::Number(last);
            }
            // A new heading begins a new list.
            (Act::Mark(Mark::Colon, _), _) => {
                let start = candidate.at.saturating_sub(headings::LONGEST);
                let phrase: Vec<String> = tokens[start..candidate.at]
                    .iter()
                    .map(|t| t.text.to_lowercase())
                    .collect();
                if headings::ends_with_heading(&phrase) {
                    last = 0;
                }
            }
            _ => {}
        }
        out.push(candidate);
    }
    out
}

/// Which candidates are values and no list numbers: "gravida colon 1. para colon 2."
///
/// A value is a "1." of the engine's right after a spoken colon, alone up to the next spoken colon with at most three
/// words, the next title, between. Only the first item of a list stands right after a colon, so any other number there
/// is a value however long its text. "Impression colon 1. Gout colon flaring period 2. Flu" is a list: its second
/// number follows a full stop.
fn lone_values(tokens: &[Token], taken: &[Candidate]) -> Vec<bool> {
    const TITLE_WORDS: usize = 3;
    let is_colon = |c: &Candidate| matches!(c.act, Act::Mark(Mark::Colon, _));
    let after_colon: Vec<bool> = (0..taken.len())
        .map(|i| {
            i > 0
                && is_colon(&taken[i - 1])
                && tokens[taken[i - 1].end..taken[i].at]
                    .iter()
                    .all(|t| t.heard_mark().is_some())
        })
        .collect();
    let number = |c: &Candidate| matches!(c.act, Act::Number(_) | Act::NextNumber);
    let value = |(i, candidate): (usize, &Candidate)| {
        let Act::Number(n) = candidate.act else {
            return false;
        };
        if !after_colon[i] || candidate.end - candidate.at != 1 {
            return false;
        }
        let rest = &taken[i + 1..];
        let next = rest.iter().find(|c| is_colon(c) || number(c));
        let lone = next.is_none_or(is_colon);
        let until = next.map_or(tokens.len(), |c| c.at);
        let words = tokens[candidate.end..until]
            .iter()
            .filter(|t| t.kind == Kind::Word)
            .count();
        let listed = rest
            .iter()
            .zip(&after_colon[i + 1..])
            .find(|(c, _)| number(c))
            .is_some_and(|(_, after_colon)| !after_colon);
        lone && (n != 1 || (words <= TITLE_WORDS && !listed))
    };
    taken.iter().enumerate().map(value).collect()
}

/// Second pass: replaces the words of each command by what it makes.
fn carry_out(tokens: &[Token], taken: &[Candidate]) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    for candidate in taken {
        out.extend_from_slice(&tokens[at..candidate.at]);
        at = candidate.end;
        let mut seed = tokens[candidate.at].clone();
        if let Some(last) = tokens.get(candidate.end - 1) {
            seed.words.end = last.words.end.max(seed.words.end);
            seed.sound.end_s = last.sound.end_s;
        }
        let rule = candidate.rule;
        let spoken = |mark| Kind::Mark(mark, Origin::Spoken);
        match candidate.act {
            Act::Mark(mark, text) => out.push(seed.with(text, spoken(mark), rule)),
            Act::OpenQuote => out.push(seed.with("\"", spoken(Mark::Open), rule)),
            Act::CloseQuote => out.push(seed.with("\"", spoken(Mark::Close), rule)),
            Act::Break(kind) => out.push(seed.with("", Kind::Break(kind), rule)),
            Act::Bullet => item(&mut out, &seed, "-", rule),
            Act::Number(n) => item(&mut out, &seed, &format!("{n}."), rule),
            Act::NextNumber => item(&mut out, &seed, "-", rule),
            Act::End => out.push(seed.with("", Kind::Consumed, rule)),
        }
    }
    out.extend_from_slice(&tokens[at..]);
    out
}

fn item(out: &mut Vec<Token>, seed: &Token, text: &str, rule: &'static str) {
    out.push(seed.with("", Kind::Break(Break::Line), rule));
    out.push(seed.with(text, Kind::Item, rule));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_form_stands_before_the_form_it_begins_with() {
        for (i, a) in FORMS.iter().enumerate() {
            for b in &FORMS[i + 1..] {
                assert!(
                    !b.words.starts_with(a.words),
                    "{:?} hides {:?}",
                    a.words,
                    b.words
                );
            }
        }
    }
}
