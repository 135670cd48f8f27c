//! Numbered lists beyond the spoken "number one": bare numbers after a heading, where a list ends, and corrections of
//! a numbered item.

use crate::text::context::small_number;
use crate::text::headings;
use crate::text::notes;
use crate::text::phrases::{
    self, alike, before_heard, begins_sentence, divides_sentences, is_amount, lower_first, norms,
    past_heard, said, sentence_end, stands, stands_apart, used,
};
use crate::text::token::{Break, Kind, Mark, Token};

/// Words after a number that make it an amount: "Plan: one week of rest".
#[rustfmt::skip]
const COUNTED: &[&str] = &[
    "week", "weeks", "day", "days", "month", "months", "year", "years", "hour", "hours", "minute", "minutes", "of",
    "prior", "previous", "drink", "drinks", "pack", "packs", "mg", "ml", "milligram", "milligrams", "milliliters",
    "tablet", "tablets", "puff", "puffs", "unit", "units", "times", "time", "point", "over", "to", "or", "percent",
    "millimeters", "centimeters", "millimeter", "centimeter", "mm", "cm", "liters", "hundred", "thousand", "sessile",
    "plus", "view", "views", "and", "small", "large", "polyps", "more", "grams", "micrograms", "biopsies",
];

/// Rule: "Impression: one acute appendicitis. Two gallstones." is a list.
///
/// The first number stands right after a heading's colon or at a new line, and the next ones in their order at the
/// start of sentences. A lone number is an amount.
pub fn numbered(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut items: Vec<(usize, u32)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if value(tokens, &norms, at) == Some(1) && opens_list(tokens, &norms, at) {
            let run = run(tokens, &norms, at);
            if run.len() > 1 {
                at = run.last().map_or(at, |(i, _)| *i);
                items.extend(run);
            }
        }
        at += 1;
    }
    let mut out = Vec::with_capacity(tokens.len() + items.len());
    let mut items = items.into_iter().peekable();
    let mut at = 0;
    while at < tokens.len() {
        let Some((_, n)) = items.next_if(|(i, _)| *i == at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let seed = &tokens[at];
        let next = past_heard(tokens, at + 1);
        out.push(seed.with("", Kind::Break(Break::Line), "layout.number"));
        out.push(seed.with(format!("{n}."), Kind::Item, "layout.number"));
        out.extend(used(&tokens[at + 1..next], "punctuation.dropped", ""));
        at = next;
    }
    out
}

fn value(tokens: &[Token], norms: &[String], at: usize) -> Option<u32> {
    // "First" and "second" begin sentences of their own.
    let n = small_number(&norms[at]).filter(|n| (1..=20).contains(n))?;
    let next = past_heard(tokens, at + 1);
    let follows = tokens.get(next).is_some_and(|t| t.kind == Kind::Word);
    let counted = next == at + 1
        && norms
            .get(next)
            .is_some_and(|w| COUNTED.contains(&w.as_str()));
    let amount = next == at + 1 && norms.get(next).is_some_and(|w| is_amount(w));
    (follows && !counted && !amount).then_some(n)
}

/// Right after a heading with its colon.
fn opens_list(tokens: &[Token], norms: &[String], at: usize) -> bool {
    let mut i = at;
    while i > 0
        && (tokens[i - 1].heard_mark().is_some_and(|m| m != Mark::Colon)
            || matches!(tokens[i - 1].kind, Kind::Break(_)))
    {
        i -= 1;
    }
    if i == 0 || tokens[i - 1].mark() != Some(Mark::Colon) {
        return false;
    }
    closes_heading(tokens, norms, i - 1)
}

/// Whether the colon at `colon` stands behind a heading, the engine's marks between them looked through.
fn closes_heading(tokens: &[Token], norms: &[String], colon: usize) -> bool {
    let end = before_heard(tokens, colon);
    let words = norms[..end]
        .iter()
        .rev()
        .take(headings::LONGEST)
        .take_while(|n| !n.is_empty())
        .count();
    headings::ends_with_heading(&norms[end - words..end])
}

/// The numbers of the list that begins at `at`, up to its heading's end.
fn run(tokens: &[Token], norms: &[String], at: usize) -> Vec<(usize, u32)> {
    let mut found = vec![(at, 1)];
    let mut i = at + 1;
    while i < tokens.len() {
        match tokens[i].kind {
            Kind::Break(Break::Paragraph) | Kind::Item => break,
            Kind::Mark(Mark::Colon, _) if closes_heading(tokens, norms, i) => break,
            _ => {}
        }
        let next = found.len() as u32 + 1;
        let starts = divides_sentences(&tokens[i - 1])
            || (tokens[i - 1].mark().is_some_and(Mark::is_sentence)
                && past_heard(tokens, i + 1) > i + 1);
        if starts && value(tokens, norms, i) == Some(next) {
            found.push((i, next));
        }
        i += 1;
    }
    found
}

/// How the sentence after a list begins.
#[rustfmt::skip]
const CLOSING: &[&[&str]] = &[
    &["return", "visit"], &["return", "to", "clinic"], &["return", "in"], &["follow", "up", "in"], &["follow-up", "in"],
    &["follow", "up", "with"], &["follow-up", "with"], &["thank", "you"], &["thanks"], &["many", "thanks"],
    &["these", "findings"], &["this", "was", "discussed"], &["these", "results"], &["findings", "were"],
    &["the", "findings"], &["results", "were"], &["the", "results"],
    &["i", "would", "be", "grateful"], &["we", "would", "be", "grateful"], &["i", "will", "see"], &["we", "will", "see"],
    &["i", "shall", "see"], &["we", "shall", "see"], &["i", "have", "arranged"], &["we", "have", "arranged"],
    &["he", "will", "return"], &["she", "will", "return"], &["the", "patient", "will"], &["patient", "will", "return"],
    &["the", "patient", "was"], &["the", "patient", "understands"], &["patient", "was", "advised"],
    &["all", "questions"], &["yours", "sincerely"], &["yours", "faithfully"], &["with", "kind", "regards"],
    &["kind", "regards"], &["sincerely"], &["it", "was", "a", "pleasure"], &["time", "spent"], &["total", "time"],
    &["i", "spent"], &["critical", "care", "time"], &["electronically", "signed"], &["dictated", "by"],
    &["discussed", "with"], &["next", "appointment"], &["next", "visit"], &["we'll", "be", "grateful"],
    &["we", "will", "be", "grateful"], &["please", "do", "not", "hesitate"],
];

/// What is checked again after so long belongs to the whole plan: "Repeat echocardiogram in 3 months."
const AGAIN: &[&str] = &["repeat", "return", "review", "reassess", "re-evaluate"];

/// Rule: the sentence after the last item that closes the report begins a paragraph.
pub fn ended(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    // Whether another item follows in the same paragraph.
    let mut goes_on = vec![false; tokens.len() + 1];
    for (at, token) in tokens.iter().enumerate().rev() {
        goes_on[at] = match token.kind {
            Kind::Break(Break::Paragraph) => false,
            Kind::Item => true,
            _ => goes_on[at + 1],
        };
    }
    let mut out = Vec::with_capacity(tokens.len() + 8);
    let mut items = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Item if token.text != "-" => items += 1,
            Kind::Break(Break::Paragraph) => items = 0,
            _ => {}
        }
        if items > 1
            && token.kind == Kind::Word
            && tokens[at - 1].mark().is_some_and(Mark::is_stop)
            && !goes_on[at]
            && closes(tokens, &norms, at)
        {
            out.push(Token::unspoken_break(
                Break::Paragraph,
                token.words.start,
                "layout.list_end",
            ));
            items = 0;
        }
        out.push(token.clone());
    }
    out
}

fn closes(tokens: &[Token], norms: &[String], at: usize) -> bool {
    if CLOSING.iter().any(|c| stands(norms, at, c)) {
        return true;
    }
    let end = sentence_end(tokens, at);
    let words = &norms[at..end];
    AGAIN.contains(&words[0].as_str())
        && words.iter().rev().take(5).any(|w| w == "in")
        && words.iter().any(|w| {
            ["days", "weeks", "months", "year", "years", "week", "month"].contains(&w.as_str())
        })
}

/// Rule: "correction, change number two, finasteride should be dutasteride" changes the item.
pub fn amended(tokens: &[Token]) -> Vec<Token> {
    let mut stream = tokens.to_vec();
    let mut norms = norms(tokens);
    let mut from = 0;
    for _ in 0..ORDERS {
        let Some(order) = (from..stream.len()).find_map(|at| read(&stream, &norms, at)) else {
            break;
        };
        from = carry_out(&mut stream, &mut norms, &order);
    }
    stream
}

/// Nobody changes more items in one dictation; each change looks through the text before it.
const ORDERS: usize = 30;

/// A spoken change of what was dictated before.
#[derive(Debug)]
struct Order {
    at: usize,
    end: usize,
    item: Option<u32>,
    /// The wording to be replaced; empty for the whole item.
    old: std::ops::Range<usize>,
    /// What takes its place.
    new: std::ops::Range<usize>,
}

fn read(tokens: &[Token], norms: &[String], at: usize) -> Option<Order> {
    // What was used up by the order before leaves the place that it had in its sentence.
    let before = tokens[..at]
        .iter()
        .rposition(|t| t.kind != Kind::Consumed)
        .map_or(0, |i| i + 1);
    if !begins_sentence(tokens, before) && tokens[before - 1].mark().is_none() {
        return None;
    }
    let mut i = at;
    let mut announced = false;
    // The engine hears "collection" as well.
    if let Some(end) = ["correction", "collection", "sorry", "amendment"]
        .iter()
        .find_map(|w| stands_apart(tokens, norms, i, &[*w]))
    {
        announced = true;
        if ["of", "is", "was", "with"].contains(&norms.get(end).map_or("", String::as_str)) {
            return None;
        }
        i = past_heard(tokens, end);
    }
    let mut changed = false;
    for verb in [
        &["please", "change"][..],
        &["change"],
        &["amend"],
        &["correct"],
        &["go", "back", "to"],
        &["in"],
        &["on"],
        &["under"],
        &["for"],
    ] {
        if let Some(end) = stands_apart(tokens, norms, i, verb) {
            changed = !["in", "on", "under", "for"].contains(&verb[0]);
            i = past_heard(tokens, end);
            break;
        }
    }
    let mut item = None;
    if norms
        .get(i)
        .is_some_and(|w| ["number", "item", "point", "problem"].contains(&w.as_str()))
        && let Some(n) = norms
            .get(i + 1)
            .and_then(|w| small_number(w.trim_end_matches('.')))
    {
        item = Some(n);
        i = past_heard(tokens, i + 2);
    }
    // "Change metformin to insulin" is a plan, and "number two should be seen" a sentence.
    if !(announced || (changed && item.is_some())) {
        return None;
    }
    // "Sorry, it should be noted": these need the number of an item.
    let loose = ["collection", "sorry"].contains(&norms[at].as_str());
    if loose && !(changed && item.is_some()) {
        return None;
    }
    let end = sentence_end(tokens, i);
    let link = (i..end).find_map(|k| {
        [
            &["should", "be"][..],
            &["should", "read"],
            &["should", "say"],
            &["needs", "to", "be"],
            &["instead", "of"],
        ]
        .iter()
        .find(|l| stands(norms, k, l))
        .map(|l| (k, k + l.len(), l[0] == "instead"))
        .or_else(|| (changed && k > i && norms[k] == "to").then_some((k, k + 1, false)))
    });
    let (a, b, turned) = link?;
    let words_end = tokens[..end]
        .iter()
        .rposition(|t| !t.mark().is_some_and(Mark::is_sentence))
        .map_or(b, |k| k + 1);
    let (mut old, mut new) = (i..a, b..words_end.max(b));
    if turned {
        (old, new) = (new, old);
    }
    let at_most = 10;
    if new.is_empty() || new.len() > 2 * at_most || old.len() > at_most {
        return None;
    }
    // Without an item the wording must be one that can be found again.
    let telling = norms[old.clone()].iter().any(|n| n.chars().count() > 3);
    if item.is_none() && !telling {
        return None;
    }
    let words = |r: &std::ops::Range<usize>| {
        tokens[r.clone()]
            .iter()
            .all(|t| t.kind == Kind::Word || t.heard_mark() == Some(Mark::Comma))
    };
    (words(&old) && words(&new)).then_some(Order {
        at,
        end,
        item,
        old,
        new,
    })
}

/// Changes the stream, and its small-letter forms with it, and gives the place from where to look for the next order.
fn carry_out(stream: &mut Vec<Token>, norms: &mut Vec<String>, order: &Order) -> usize {
    let scope = match order.item {
        Some(n) => item(stream, order.at, n),
        None => Some(0..order.at),
    };
    let target = scope.and_then(|scope| {
        if order.old.is_empty() {
            return Some(scope);
        }
        let old: Vec<&str> = norms[order.old.clone()]
            .iter()
            .map(String::as_str)
            .filter(|n| !n.is_empty() && !["the", "a"].contains(n))
            .collect();
        find(norms, scope, &old)
    });
    let whole = stream.len();
    let Some(target) = target else {
        let what = said(&stream[order.at..order.end]);
        let mut note = stream[order.at].with("", Kind::Consumed, notes::UNCLEAR);
        note.text = format!(
            "\"{what}\" could not be carried out: there is no such wording. Change the text by hand."
        );
        stream.insert(order.at, note);
        norms.insert(order.at, String::new());
        return order.end + 1;
    };
    let new: Vec<Token> = stream[order.new.clone()].to_vec();
    let target = target.start..widened(stream, norms, &target, &new, order.at);
    let note = format!(
        "The speaker corrected \"{}\" to \"{}\".",
        said(&stream[target.clone()]),
        said(&new)
    );
    // From the back to the front, so that places stay true: first the order itself.
    let mut command: Vec<Token> = stream.drain(order.at..order.end).collect();
    command.drain(order.new.start - order.at..order.new.end - order.at);
    let mut told = used(&command, notes::CORRECTED, &note);
    if let (Some(first), Some(last)) = (told.first_mut(), new.last()) {
        first.sound.end_s = first.sound.end_s.max(last.sound.end_s);
    }
    stream.splice(order.at..order.at, told);
    let mut new = new;
    let small = stream[target.start]
        .text
        .chars()
        .next()
        .is_some_and(|c| !c.is_uppercase());
    if small && let Some(first) = new.first_mut() {
        lower_first(&mut first.text);
    }
    let removed: Vec<Token> = stream[target.clone()].to_vec();
    let gone = used(&removed, notes::CORRECTED, "");
    let grown = new.len() + gone.len();
    let (from, before) = (target.start, target.len());
    stream.splice(target, gone.into_iter().chain(new));
    let to = order.end + stream.len() - whole;
    norms.splice(from..order.end, phrases::norms(&stream[from..to]));
    (order.at + grown).saturating_sub(before)
}

/// The words of the numbered item before `at`.
fn item(tokens: &[Token], at: usize, n: u32) -> Option<std::ops::Range<usize>> {
    let name = format!("{n}.");
    let start = tokens[..at]
        .iter()
        .rposition(|t| t.kind == Kind::Item && t.text == name)?
        + 1;
    let end = tokens[start..at]
        .iter()
        .position(|t| matches!(t.kind, Kind::Break(_) | Kind::Item))
        .map_or(at, |i| start + i);
    let last = tokens[start..end]
        .iter()
        .rposition(|t| t.kind == Kind::Word)
        .map_or(start, |i| start + i + 1);
    Some(start..last)
}

/// Where the words stand in the scope, the last place first; a single word also as another hearing of it.
fn find(
    norms: &[String],
    scope: std::ops::Range<usize>,
    old: &[&str],
) -> Option<std::ops::Range<usize>> {
    if old.is_empty() {
        return None;
    }
    let exact = scope
        .clone()
        .rev()
        .find(|&i| i + old.len() <= scope.end && old.iter().zip(&norms[i..]).all(|(o, n)| o == n));
    if let Some(i) = exact {
        return Some(i..i + old.len());
    }
    let [one] = old else { return None };
    let mut near = scope.filter(|&i| alike(&norms[i], one) && !is_amount(one));
    let i = near.next()?;
    // Two that are alike are a question for a person.
    near.next().is_none().then_some(i..i + 1)
}

/// The end of the target: a new dose replaces the old one behind the word.
fn widened(
    tokens: &[Token],
    norms: &[String],
    target: &std::ops::Range<usize>,
    new: &[Token],
    limit: usize,
) -> usize {
    let words: Vec<String> = new
        .iter()
        .filter(|t| t.kind == Kind::Word)
        .map(|t| t.text.to_lowercase())
        .collect();
    let dosed = words.iter().any(|w| is_amount(w));
    let rest: Vec<usize> = (target.end..limit)
        .take(10)
        .take_while(|&i| tokens[i].kind == Kind::Word)
        .collect();
    if !dosed || !rest.first().is_some_and(|&i| is_amount(&norms[i])) {
        return target.end;
    }
    let last = words.last().map_or("", String::as_str);
    if let Some(&i) = rest.iter().find(|&&i| norms[i] == last) {
        return i + 1;
    }
    // The amount and its unit.
    let amounts = rest.iter().take_while(|&&i| is_amount(&norms[i])).count();
    let attached = norms[rest[amounts - 1]].ends_with(char::is_alphabetic)
        && norms[rest[amounts - 1]].starts_with(|c: char| c.is_ascii_digit());
    let unit = usize::from(!attached && rest.len() > amounts);
    rest[amounts + unit - 1] + 1
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::FindingKind;
    use crate::text::testing::{check, draft_of};

    #[test]
    #[rustfmt::skip]
    fn bare_numbers_after_a_heading_are_a_list() {
        check(&[
            ("impression colon one acute appendicitis period two gallstones period three renal cyst period", "IMPRESSION:\n1. Acute appendicitis.\n2. Gallstones.\n3. Renal cyst."),
            ("Management plan, colon. One, stop beclometasone, full stop. Two, start budesonide, full stop.", "Management plan:\n1. Stop beclometasone.\n2. Start budesonide."),
            ("recommendations colon 1 rest period 2 ice period", "RECOMMENDATIONS:\n1. Rest.\n2. Ice."),
            ("plan colon one week of rest period two weeks of ice period", "PLAN:\nOne week of rest. Two weeks of ice."),
            ("past history colon one prior episode period", "PAST HISTORY: One prior episode."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_closes_the_report_is_no_item() {
        check(&[
            ("plan colon number one gout period continue allopurinol period number two asthma period return visit in six weeks period", "PLAN:\n1. Gout. Continue allopurinol.\n2. Asthma.\n\nReturn visit in 6 weeks."),
            ("plan colon number one angina period repeat stress test in a month period number two gout period rest the foot period repeat echocardiogram in three months period", "PLAN:\n1. Angina. Repeat stress test in a month.\n2. Gout. Rest the foot.\n\nRepeat echocardiogram in 3 months."),
            ("impression colon number one flu period number two gout period thank you for this consultation period", "IMPRESSION:\n1. Flu.\n2. Gout.\n\nThank you for this consultation."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn an_item_is_changed_by_its_number() {
        check(&[
            ("plan colon number one hold warfarin period number two begin tamsulosin 0.4 mg nightly and finasteride 5 mg daily period number three cystoscopy period correction change number two finasteride should be dutasteride 0.5 mg daily period thank you for this consultation period",
             "PLAN:\n1. Hold warfarin.\n2. Begin tamsulosin 0.4 mg nightly and dutasteride 0.5 mg daily.\n3. Cystoscopy.\n\nThank you for this consultation."),
            ("plan colon number one gout period number two begin finastered 5 mg daily period Collection, change number 2. Fenasteride should be dutasteride 0.5 mg daily, period.",
             "PLAN:\n1. Gout.\n2. Begin dutasteride 0.5 mg daily."),
            ("plan colon number one start metoprolol 25 milligrams period number two rest period change number one metoprolol to atenolol period",
             "PLAN:\n1. Start atenolol 25 mg.\n2. Rest."),
            ("plan colon number one rest period number two ice period correction number two should be heat period",
             "PLAN:\n1. Rest.\n2. Heat."),
            ("plan colon number one metoprolol 25 mg period number two aspirin daily period number three rest period change number two aspirin to clopidogrel period change number three rest to ice period change number one metoprolol to atenolol period",
             "PLAN:\n1. Atenolol 25 mg.\n2. Clopidogrel daily.\n3. Ice."),
            ("the left knee is swollen period correction left knee should be right knee period",
             "The right knee is swollen."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_plan_to_change_is_no_command() {
        for (said, text) in [
            ("change metformin to insulin period", "Change metformin to insulin."),
            ("number two should be seen again period", "Number two should be seen again."),
            ("correction of sodium should be slow period", "Correction of sodium should be slow."),
        ] {
            check(&[(said, text)]);
        }
    }

    #[test]
    fn an_order_that_fits_nothing_stays_and_is_told() {
        let draft = draft_of(
            "plan colon number one rest period number two ice period correction change number two aspirin should be iron period",
        );
        assert!(
            draft
                .report
                .text
                .ends_with("Correction change number two aspirin should be iron."),
            "{}",
            draft.report.text
        );
        assert_eq!(draft.findings.len(), 1);
        assert_eq!(draft.findings[0].kind, FindingKind::UnclearCommand);
    }
}
