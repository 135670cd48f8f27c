//! The speaker's own corrections: "the right ankle, scratch that, left ankle", "delete the last sentence".
//!
//! What is said after the command replaces the shortest stretch before it that it runs parallel to: the same head word,
//! or a word of the same kind in its place. Without a parallel "scratch that" takes back what was said since the last
//! mark or pause; a softer word ("sorry", "I mean", "correction") is then a word of the sentence. What was replaced
//! stays in the stream as used up, with a note that says what became what.

use crate::text::notes;
use crate::text::phrases::{
    before_heard, begins_sentence, divides_sentences, is_amount, lower_first, norms, past_heard,
    said, stands_apart, used,
};
use crate::text::token::{Kind, Mark, Origin, Token};

/// Commands that always take something back.
#[rustfmt::skip]
const STRONG: &[&[&str]] = &[
    &["scratch", "that"], &["strike", "that"], &["strike", "that", "out"], &["delete", "that"], &["erase", "that"],
    &["disregard", "that"], &["cancel", "that"], &["undo", "that"], &["cross", "that", "out"],
    &["no", "make", "that"], &["no", "make", "it"], &["correction", "make", "that"], &["actually", "make", "that"],
    &["sorry", "make", "that"], &["or", "make", "that"],
];

/// Words that are a correction only where what follows runs parallel to what came before.
#[rustfmt::skip]
const WEAK: &[&[&str]] = &[
    &["correction"], &["i", "mean"], &["i", "meant"], &["sorry"], &["i'm", "sorry"], &["i", "am", "sorry"],
    &["excuse", "me"], &["pardon", "me"], &["pardon"], &["or", "rather"], &["no", "wait"], &["wait", "no"],
    &["my", "mistake"], &["my", "apologies"], &["let", "me", "correct", "that"], &["i", "misspoke"],
    &["make", "that"], &["make", "it"], &["that", "should", "be"], &["that", "should", "read"], &["should", "read"],
    &["oops"], &["whoops"], &["scratch", "at"], &["actually", "no"], &["no", "actually"],
];

/// Words that may stand between two commands or before one: "no, sorry, scratch that".
const JOINERS: &[&str] = &["no", "oh", "well", "please", "actually", "oops"];

/// After these the words are the object of a verb: "he could not scratch that", "told to make that call".
#[rustfmt::skip]
const NOT_AFTER: &[&str] = &[
    "to", "not", "could", "can", "cannot", "can't", "will", "would", "should", "did", "do", "does", "don't", "doesn't",
    "didn't", "must", "may", "might", "he", "she", "they", "you", "we", "who", "i", "is", "was", "am", "are", "be",
    "been", "feels", "felt", "feel", "very", "so", "says", "said", "what", "if", "as", "by", "and", "were", "that",
];

/// What "correction" is in a sentence: "the correction of hyponatremia", "surgical correction".
#[rustfmt::skip]
const CORRECTION_AFTER: &[&str] = &[
    "the", "a", "an", "of", "for", "after", "with", "without", "before", "following", "any", "no", "this", "his", "her",
    "surgical", "operative", "volume", "fluid", "electrolyte", "sodium", "potassium", "calcium", "glucose", "insulin",
    "deformity", "scoliosis", "visual", "vision", "refractive", "rapid", "slow", "partial", "full", "complete",
    "gradual", "further", "careful", "cautious", "best", "needs", "need", "require", "requires", "anemia", "anaemia",
    "metabolic", "motion", "attenuation", "overly", "adequate", "alignment", "curve", "angular", "hallux", "bunion",
];
#[rustfmt::skip]
const CORRECTION_BEFORE: &[&str] = &[
    "of", "is", "was", "were", "with", "for", "to", "in", "factor", "insulin", "and", "by", "at", "has", "will",
    "should", "on", "fluid", "scale", "dose", "osteotomy", "surgery", "lenses", "or", "over", "during", "using",
];

/// Words after which "sorry" and the like go on as a sentence: "sorry for the delay", "excuse me for asking".
const SORRY_BEFORE: &[&str] = &["to", "for", "about", "that", "if", "we", "i", "from"];

/// What a word is, so that another of its kind can take its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Amount,
    Unit,
    Side,
    Level,
    Region,
    Degree,
    Frequency,
    Rate,
    Interval,
    Month,
    Weekday,
    Person,
    Pronoun,
    Possessive,
    Polarity,
    Action,
    Route,
    Ordinal,
    Drug,
    Finger,
}

#[rustfmt::skip]
const CLASSES: &[(Class, &[&str])] = &[
    (Class::Side, &["left", "right", "bilateral", "both", "left-sided", "right-sided", "unilateral"]),
    (Class::Level, &[
        "upper", "lower", "middle", "mid", "proximal", "distal", "anterior", "posterior", "medial", "lateral",
        "superior", "inferior", "ascending", "transverse", "descending", "sigmoid", "dorsal", "volar", "plantar",
        "ventral", "radial", "ulnar", "internal", "external", "superficial", "deep",
    ]),
    (Class::Region, &[
        "frontal", "parietal", "temporal", "occipital", "cervical", "thoracic", "lumbar", "sacral", "aortic", "mitral",
        "tricuspid", "pulmonary", "femoral", "tibial", "fibular", "humeral", "ankle", "knee", "hip", "wrist", "elbow",
        "shoulder", "foot", "hand", "arm", "leg", "thigh", "calf", "forearm",
    ]),
    (Class::Degree, &["trace", "minimal", "mild", "slight", "moderate", "marked", "severe", "small", "large", "acute", "chronic", "subacute"]),
    (Class::Frequency, &["once", "twice", "thrice"]),
    (Class::Rate, &["daily", "nightly", "weekly", "monthly", "hourly"]),
    (Class::Interval, &[
        "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months",
        "year", "years",
    ]),
    (Class::Month, &[
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]),
    (Class::Weekday, &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
    (Class::Person, &[
        "man", "woman", "male", "female", "boy", "girl", "gentleman", "lady", "mother", "father", "brother", "sister",
        "son", "daughter", "husband", "wife", "aunt", "uncle", "grandmother", "grandfather",
    ]),
    (Class::Pronoun, &["he", "she", "him"]),
    (Class::Possessive, &["his", "her"]),
    (Class::Polarity, &[
        "positive", "negative", "normal", "abnormal", "present", "absent", "no", "with", "without", "denies", "reports",
        "endorses", "higher", "lower", "greater", "less", "increased", "decreased", "improved", "worse", "benign",
        "malignant",
    ]),
    (Class::Action, &[
        "start", "stop", "continue", "hold", "begin", "discontinue", "resume", "increase", "decrease", "reduce",
    ]),
    (Class::Route, &[
        "orally", "intravenously", "subcutaneously", "intramuscularly", "topically", "rectally", "sublingually",
        "intravenous", "oral", "subcutaneous", "intramuscular", "topical",
    ]),
    (Class::Ordinal, &[
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    ]),
    (Class::Unit, &[
        "mg", "milligram", "milligrams", "mcg", "microgram", "micrograms", "g", "gram", "grams", "kg", "kilogram",
        "kilograms", "ml", "milliliter", "milliliters", "millilitre", "millilitres", "liter", "liters", "litre",
        "litres", "mm", "millimeter", "millimeters", "millimetre", "millimetres", "cm", "centimeter", "centimeters",
        "centimetre", "centimetres", "percent", "%", "units", "unit", "milliunits", "mmhg", "celsius", "fahrenheit",
        "french", "gauge", "tablets", "tablet", "puffs", "puff", "drops", "meq", "milliequivalents", "pounds",
        "inches",
    ]),
    (Class::Finger, &["thumb", "index", "ring", "little"]),
];

/// How the names of drugs end.
#[rustfmt::skip]
const DRUG_ENDINGS: &[&str] = &[
    "pril", "sartan", "olol", "statin", "azole", "mycin", "micin", "cillin", "floxacin", "gliptin", "gliflozin",
    "glutide", "xaban", "grel", "parin", "prazole", "tidine", "setron", "triptan", "azepam", "azolam", "barbital",
    "caine", "predniso", "sone", "solone", "mab", "tinib", "vir", "dronate", "zosin", "terol", "profen", "cycline",
    "thiazide", "semide", "formin", "glitazone", "steride", "lukast", "tropium", "afil", "triptyline", "oxetine",
    "traline", "apine", "idone", "dipine", "fibrate", "cef", "penem", "warfarin", "aspirin", "insulin", "heparin",
    "digoxin", "acetaminophen", "paracetamol", "naproxen", "morphine", "codone", "codeine", "morphone", "fentanyl",
    "gabapentin", "pregabalin", "amiodarone", "clonidine", "hydralazine", "hydroxyzine", "famotidine", "citalopram",
    "losin", "amide", "urea", "zide", "lactone", "renone", "bactam", "nazole", "glinide",
];

fn classes(word: &str) -> impl Iterator<Item = Class> + '_ {
    let listed = CLASSES
        .iter()
        .filter(move |(_, words)| words.contains(&word))
        .map(|(class, _)| *class);
    let amount = is_amount(word).then_some(Class::Amount);
    let drug =
        (word.len() > 5 && DRUG_ENDINGS.iter().any(|e| word.ends_with(e))).then_some(Class::Drug);
    listed.chain(amount).chain(drug)
}

fn share_class(a: &str, b: &str) -> bool {
    !a.is_empty() && (a == b || classes(a).any(|c| classes(b).any(|d| c == d)))
}

fn is(word: &str, class: Class) -> bool {
    classes(word).any(|c| c == class)
}

/// Words without content, at which a stretch of content begins.
#[rustfmt::skip]
const FUNCTION: &[&str] = &[
    "the", "a", "an", "of", "in", "on", "at", "to", "with", "for", "from", "by", "and", "or", "but", "is", "was",
    "are", "were", "has", "have", "had", "he", "she", "they", "we", "i", "it", "his", "her", "their", "this", "that",
    "no", "not", "there", "as", "into", "over", "under", "without", "denies", "reports", "shows", "showed", "which",
    "who", "be", "been", "will", "than", "then", "per", "takes", "taking", "start", "stop", "continue", "hold",
    "begin", "add", "increase", "decrease", "reduce", "resume", "via", "status", "post", "see", "sees", "saw",
];

fn is_function(word: &str) -> bool {
    FUNCTION.contains(&word)
}

/// The longest stretches that are looked at, in words.
const BEFORE: usize = 16;
const AFTER: usize = 8;

/// How many tokens of commands may stand in a row.
const CHAIN: usize = 24;

/// Silence at which a stretch without a mark ends, seconds.
const PAUSE_S: f64 = 0.45;

/// A command that was found.
#[derive(Debug, Clone, Copy)]
struct Trigger {
    end: usize,
    strong: bool,
    /// The word "correction", or one that is as common in sentences.
    doubtful: bool,
}

/// Rule: carries out the speaker's corrections.
pub fn spoken(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out = Text::default();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((end, unit)) = take_back(tokens, &norms, at) {
            at = take_back_unit(&mut out, tokens, at, end, unit);
            continue;
        }
        if let Some(trigger) = trigger(tokens, &norms, at)
            && let Some(next) = correct(&mut out, tokens, &norms, at, trigger)
        {
            at = next;
            continue;
        }
        if out.breath == Some(at) {
            out.gone
                .extend(used(&tokens[at..=at], "punctuation.dropped", ""));
        } else {
            out.kept.push(tokens[at].clone());
        }
        at += 1;
    }
    out.kept.extend(out.gone);
    out.kept
}

/// The text as far as it has been read.
#[derive(Default)]
struct Text {
    kept: Vec<Token>,
    /// What was taken back, and the commands.
    gone: Vec<Token>,
    /// The comma behind a correction in the middle of a sentence; it goes with the one before it.
    breath: Option<usize>,
}

/// What a command takes back by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Word,
    Sentence,
    Paragraph,
}

/// "Delete the last sentence", at the start of a sentence or followed by its end.
fn take_back(tokens: &[Token], norms: &[String], at: usize) -> Option<(usize, Unit)> {
    const VERBS: &[&str] = &[
        "delete",
        "strike",
        "scratch",
        "remove",
        "erase",
        "cancel",
        "undo",
        "disregard",
    ];
    if !VERBS.contains(&norms[at].as_str()) {
        return None;
    }
    let mut i = at + 1;
    let (mut that, mut last) = (false, false);
    while let Some(word) = norms.get(i) {
        match word.as_str() {
            "the" | "my" => {}
            "that" | "this" => that = true,
            "last" | "previous" | "prior" | "preceding" | "entire" | "whole" => last = true,
            _ => break,
        }
        i += 1;
    }
    let unit = match norms.get(i)?.as_str() {
        "word" => Unit::Word,
        "sentence" | "phrase" => Unit::Sentence,
        "paragraph" => Unit::Paragraph,
        // "Remove that line" is about a catheter.
        "line" if ["delete", "strike", "scratch", "erase"].contains(&norms[at].as_str()) => {
            Unit::Sentence
        }
        _ => return None,
    };
    let bounded = begins_sentence(tokens, at)
        || tokens[at - 1].mark().is_some()
        || tokens.get(i + 1).is_none_or(|t| t.kind != Kind::Word);
    let object = at > 0 && NOT_AFTER.contains(&norms[at - 1].as_str());
    ((that || last) && bounded && !object).then_some((i + 1, unit))
}

fn take_back_unit(out: &mut Text, tokens: &[Token], at: usize, end: usize, unit: Unit) -> usize {
    // The mark that ends the command itself goes with it.
    let mut next = end;
    while tokens
        .get(next)
        .is_some_and(|t| t.mark().is_some_and(Mark::is_sentence))
    {
        next += 1;
    }
    let mut removed = Vec::new();
    let kept = &mut out.kept;
    if let Some(last) = kept
        .iter()
        .rposition(|t| matches!(t.kind, Kind::Word | Kind::Text))
    {
        let opens = |t: &Token| match unit {
            Unit::Word => true,
            Unit::Sentence => divides_sentences(t) || t.mark() == Some(Mark::Colon),
            Unit::Paragraph => matches!(t.kind, Kind::Break(_)),
        };
        let from = match unit {
            Unit::Word => last,
            _ => kept[..last].iter().rposition(opens).map_or(0, |i| i + 1),
        };
        removed = kept.split_off(from);
    }
    let note = if removed.is_empty() {
        String::new()
    } else {
        taken_back(&said(&removed))
    };
    removed.extend_from_slice(&tokens[at..next]);
    out.gone.extend(used(&removed, notes::CORRECTED, &note));
    next
}

fn taken_back(what: &str) -> String {
    format!("The speaker took back \"{what}\".")
}

fn replaced(what: &str, by: &str) -> String {
    format!("The speaker corrected \"{what}\" to \"{by}\".")
}

/// The longest chain of commands that begins here: "no, sorry, scratch that".
fn trigger(tokens: &[Token], norms: &[String], at: usize) -> Option<Trigger> {
    if norms[at].is_empty() {
        return None;
    }
    let left = at.checked_sub(1).map_or("", |i| norms[i].as_str());
    if NOT_AFTER.contains(&left) {
        return None;
    }
    let mut found: Option<Trigger> = None;
    let mut i = at;
    loop {
        let strong = longest(tokens, norms, i, STRONG);
        let weak = longest(tokens, norms, i, WEAK);
        let (end, is_strong, doubtful) = match (strong, weak) {
            (Some((_, end)), _) => (end, true, false),
            (None, Some((first, end))) => {
                if in_sentence(tokens, norms, i, end, first) {
                    break;
                }
                let doubtful = first != "or" && first != "oops" && first != "whoops";
                (end, false, doubtful)
            }
            (None, None) if JOINERS.contains(&norms.get(i).map_or("", String::as_str)) => {
                // Only before another command.
                let next = past_heard(tokens, i + 1);
                let apart = next > i + 1 || i == 0 || tokens[i - 1].kind != Kind::Word;
                if !apart || next >= tokens.len() || next > at + 12 {
                    break;
                }
                i = next;
                continue;
            }
            _ => break,
        };
        let before = found;
        found = Some(Trigger {
            end,
            strong: is_strong || before.is_some_and(|b| b.strong),
            doubtful: doubtful && before.is_none_or(|b| b.doubtful),
        });
        i = past_heard(tokens, end);
        if i >= tokens.len() || i > at + CHAIN {
            break;
        }
    }
    found
}

/// The longest of the phrases that stands here: its first word and its end.
fn longest(
    tokens: &[Token],
    norms: &[String],
    at: usize,
    phrases: &'static [&'static [&'static str]],
) -> Option<(&'static str, usize)> {
    phrases
        .iter()
        .filter_map(|p| Some((p[0], stands_apart(tokens, norms, at, p)?)))
        .max_by_key(|(_, end)| *end)
}

/// Whether a weak command is plainly a word of the sentence.
fn in_sentence(tokens: &[Token], norms: &[String], at: usize, end: usize, first: &str) -> bool {
    let left = at.checked_sub(1).map_or("", |i| norms[i].as_str());
    // A word only if nothing parts it from the command.
    let right = norms.get(end).map_or("", String::as_str);
    let marked = at > 0 && tokens[at - 1].mark().is_some();
    match first {
        "correction" => CORRECTION_AFTER.contains(&left) || CORRECTION_BEFORE.contains(&right),
        "sorry" | "i'm" | "excuse" | "pardon" => SORRY_BEFORE.contains(&right),
        "i" => ["that", "to", "by", "it", "what"].contains(&right),
        "make" => !marked,
        "scratch" => !marked || past_heard(tokens, end) == end,
        "that" | "should" => !marked,
        _ => false,
    }
}

/// The stretch that is replaced, in words of the window before the command: `from..to`, and how many words after the
/// command take its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parallel {
    from: usize,
    to: usize,
    by: usize,
    /// The last words of both are the same, or there was a word of the same kind.
    sure: bool,
}

fn correct(
    text: &mut Text,
    tokens: &[Token],
    norms: &[String],
    at: usize,
    trigger: Trigger,
) -> Option<usize> {
    let mut a0 = past_heard(tokens, trigger.end);
    if tokens
        .get(a0)
        .is_some_and(|t| t.spoken_mark() == Some(Mark::Comma))
    {
        a0 = past_heard(tokens, a0 + 1);
    }
    let after: Vec<&str> = norms[a0..]
        .iter()
        .take(AFTER)
        .map(String::as_str)
        .take_while(|n| !n.is_empty())
        .collect();
    let bounded = after.len() < AFTER;
    // The engine's marks around the command are part of it; a spoken stop before it ends the sentence it corrects.
    let out = &mut text.kept;
    let last = out.len();
    let mut end = before_heard(out, last);
    let heard_before = end < last;
    let stop = |t: &Token| matches!(t.kind, Kind::Mark(m, Origin::Spoken) if m.is_stop() || m == Mark::Comma);
    let crossed = end > 0 && stop(&out[end - 1]);
    let crossed_stop = crossed && out[end - 1].mark().is_some_and(Mark::is_stop);
    if crossed {
        end = before_heard(out, end - 1);
    }
    let window = window(out, end);
    let before: Vec<String> = window.iter().map(|&i| out[i].text.to_lowercase()).collect();
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let heard_after = a0 > trigger.end;
    let parted = heard_before
        || heard_after
        || crossed
        || tokens[at].sound.pause_before_s >= PAUSE_S
        || before.is_empty();
    let found = parallel(&before, &after, bounded)
        .filter(|p| trigger.strong || (p.sure && (parted || !trigger.doubtful)));
    if let Some(p) = found {
        return Some(replace(text, tokens, at, trigger, a0, &window, p));
    }
    // "A miners' strike that week": in one breath it must replace something.
    let scratched = norms[at..trigger.end]
        .iter()
        .any(|n| n == "scratch" || n == "no");
    let closed = a0 > trigger.end || after.is_empty();
    if !trigger.strong || !(closed || (parted && scratched)) {
        return None;
    }
    // Nothing runs parallel: back to the last mark or pause.
    let spoken_break =
        last > 0 && matches!(out[last - 1].kind, Kind::Break(_)) && !out[last - 1].words.is_empty();
    let item = last > 1 && out[last - 1].kind == Kind::Item;
    let from = if before.is_empty() && spoken_break {
        // "New paragraph, scratch that."
        last - 1
    } else if before.is_empty() && item {
        // "Number three, scratch that."
        last - 2
    } else if before.is_empty() {
        end
    } else if crossed_stop || after.len() > 3 || !bounded || after.is_empty() {
        let marked = (window[0]..end)
            .rev()
            .find(|&i| {
                !crossed_stop
                    && i + 1 < end
                    && (out[i].mark().is_some_and(Mark::is_sentence)
                        || (i > window[0] && out[i].sound.pause_before_s >= PAUSE_S))
            })
            .map(|i| if out[i].mark().is_some() { i + 1 } else { i });
        marked.unwrap_or(window[0])
    } else {
        // A few words for the last phrase: back to the word that leads up to it.
        let lead = before.iter().rposition(|w| is_function(w));
        match lead {
            Some(i) if i + 1 < before.len() => window[i + 1],
            _ => window[0],
        }
    };
    let removed = out.split_off(from);
    let note = if removed.iter().any(|t| t.kind == Kind::Word) {
        taken_back(&said(
            &removed[..removed.len().min(end.saturating_sub(from))],
        ))
    } else {
        String::new()
    };
    let mut all = removed;
    all.extend_from_slice(&tokens[at..a0]);
    text.gone.extend(used(&all, notes::CORRECTED, &note));
    Some(a0)
}

/// The words of the sentence before `end`, by their place; nothing before a colon, and at most [`BEFORE`] of them.
fn window(out: &[Token], end: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for i in (0..end).rev() {
        if divides_sentences(&out[i]) || out[i].mark() == Some(Mark::Colon) || found.len() == BEFORE
        {
            break;
        }
        if out[i].kind == Kind::Word {
            found.push(i);
        }
    }
    found.reverse();
    found
}

/// The shortest stretch of `before` that `after` runs parallel to.
fn parallel(before: &[&str], after: &[&str], bounded: bool) -> Option<Parallel> {
    let first = *after.first()?;
    let n = before.len();
    if n == 0 {
        return None;
    }
    // "Three times daily" is a frequency, not an amount.
    let times = after.get(1) == Some(&"times");
    let often = times || is(first, Class::Frequency);
    let same = |i: usize| -> bool {
        let often_before = is(before[i], Class::Frequency) || before.get(i + 1) == Some(&"times");
        if often || often_before {
            return often && often_before;
        }
        !is_function(first) && share_class(before[i], first)
    };
    let equal = (0..n).rev().find(|&i| before[i] == first);
    let kind = (0..n).rev().find(|&i| same(i));
    if is_amount(first) && !times {
        return amounts(before, after, bounded, equal.or(kind)?);
    }
    if let Some(from) = kind {
        // A word of the same kind: as far as both run alike.
        let mut to = from + 1;
        let mut by = 1;
        while to < n && by < after.len() && share_class(before[to], after[by]) {
            (to, by) = (to + 1, by + 1);
        }
        let all_used = bounded && by == after.len();
        if to == n || all_used {
            return Some(Parallel {
                from,
                to,
                by,
                sure: true,
            });
        }
        // "Right ankle ... left foot": another head, but as long.
        let rest = n - to;
        if rest <= 3 {
            let by = by_length(before, after, from, bounded);
            let alike = before[to..]
                .iter()
                .any(|b| after[1..by].iter().any(|a| share_class(a, b)));
            return Some(Parallel {
                from,
                to: n,
                by,
                sure: alike || (bounded && n - from == by),
            });
        }
    }
    if let Some(from) = equal {
        let near = n - from;
        let next = before.get(from + 1).zip(after.get(1));
        let goes_on = next.is_some_and(|(b, a)| share_class(b, a));
        if !is_function(first) || goes_on || near <= 6 || from == 0 {
            let by = by_length(before, after, from, bounded);
            // A word like "the" says nothing by itself: something behind it must be of one kind.
            let alike = before[from + 1..]
                .iter()
                .any(|b| !is_function(b) && after[1..by].iter().any(|a| share_class(a, b)));
            let sure = near <= 8 && if is_function(first) { alike } else { near <= 6 };
            return Some(Parallel {
                from,
                to: n,
                by,
                sure,
            });
        }
    }
    // The same head word.
    let head = before[n - 1];
    if !is_function(head)
        && let Some(j) = after.iter().take(5).position(|a| *a == head)
        && j > 0
    {
        let mut from = n.saturating_sub(j + 1);
        while from + 1 < n && is_function(before[from]) && !is_function(first) {
            from += 1;
        }
        return Some(Parallel {
            from,
            to: n,
            by: j + 1,
            sure: true,
        });
    }
    None
}

/// How many of the words after the command stand for what is replaced, for the note.
fn by_length(before: &[&str], after: &[&str], from: usize, bounded: bool) -> usize {
    let head = before[before.len() - 1];
    match after.iter().position(|a| *a == head) {
        Some(j) => j + 1,
        None if bounded => after.len(),
        None => after.len().min(before.len() - from),
    }
}

/// An amount for an amount, with or without its unit: "50 mg daily, scratch that, 60".
fn amounts(before: &[&str], after: &[&str], bounded: bool, at: usize) -> Option<Parallel> {
    const LINKS: &[&str] = &["over", "to", "by", "x", "point", "and", "slash", "out"];
    let linked = |words: &[&str], i: usize| {
        words.get(i).is_some_and(|w| is_amount(w))
            || (words.get(i).is_some_and(|w| LINKS.contains(w))
                && words.get(i + 1).is_some_and(|w| is_amount(w) || *w == "of"))
            || (words.get(i) == Some(&"of") && i > 0 && words[i - 1] == "out")
    };
    let run = |words: &[&str], from: usize| {
        let mut to = from;
        while linked(words, to) {
            to += 1;
        }
        to
    };
    let by_amount = run(after, 0).max(1);
    let has_link = after[..by_amount].iter().any(|w| LINKS.contains(w));
    let mut from = at;
    if before[at] != after[0] || has_link {
        while from > 0
            && (is_amount(before[from - 1])
                || (has_link
                    && from > 1
                    && LINKS.contains(&before[from - 1])
                    && is_amount(before[from - 2])))
        {
            from -= 1;
        }
    }
    let mut to = if has_link {
        run(before, from).max(at + 1)
    } else {
        let mut to = at + 1;
        while to < before.len() && is_amount(before[to]) {
            to += 1;
        }
        to
    };
    let mut by = by_amount;
    while to < before.len() && by < after.len() && share_class(before[to], after[by]) {
        (to, by) = (to + 1, by + 1);
    }
    let rest = before.len() - to;
    if to == before.len() || (bounded && by == after.len()) {
        return Some(Parallel {
            from,
            to,
            by,
            sure: true,
        });
    }
    (rest <= 2).then_some(Parallel {
        from,
        to: before.len(),
        by: if bounded { after.len() } else { by },
        // "Two sons, sorry, two daughters."
        sure: bounded && before[at] == after[0] && after.len() == before.len() - from,
    })
}

/// Puts the words after the command in the place of the stretch; where they stand for its beginning only, the rest
/// stays behind them.
fn replace(
    text: &mut Text,
    tokens: &[Token],
    at: usize,
    trigger: Trigger,
    a0: usize,
    window: &[usize],
    p: Parallel,
) -> usize {
    let next = a0 + p.by;
    let comma = |i: usize| {
        tokens
            .get(i)
            .is_some_and(|t| t.heard_mark() == Some(Mark::Comma))
    };
    let aside = at > 0 && comma(at - 1) && comma(next);
    let goes_on = tokens.get(next + 1).is_some_and(|t| t.kind == Kind::Word);
    text.breath = (aside && goes_on).then_some(next);
    let Text {
        kept: out, gone, ..
    } = text;
    let b0 = window[p.from];
    let whole = p.to == window.len();
    let b1 = window[p.to - 1] + 1;
    let after = &tokens[a0..a0 + p.by];
    let note = replaced(&said(&out[b0..b1]), &said(after));
    let small = out[b0]
        .text
        .chars()
        .next()
        .is_some_and(|c| !c.is_uppercase())
        && !begins_sentence(out, b0);
    let mut first = tokens[a0].clone();
    let known = !classes(&first.text.to_lowercase())
        .all(|c| c == Class::Month || c == Class::Weekday)
        || first.text.eq_ignore_ascii_case(&out[b0].text);
    let own_sentence = tokens[trigger.end..a0]
        .iter()
        .any(|t| t.mark().is_some_and(Mark::is_stop));
    if small && (known || own_sentence) {
        lower_first(&mut first.text);
    }
    let tail = out.split_off(b1);
    let mut removed = out.split_off(b0);
    let command = &tokens[at..a0];
    let heard_until = after.last().map_or(0.0, |t| t.sound.end_s);
    let mark_note = |mut used: Vec<Token>| {
        if let Some(first) = used.first_mut() {
            first.sound.end_s = first.sound.end_s.max(heard_until);
        }
        used
    };
    if whole {
        removed.extend(tail);
        removed.extend_from_slice(command);
        gone.extend(mark_note(used(&removed, notes::CORRECTED, &note)));
        out.push(first);
        return a0 + 1;
    }
    gone.extend(mark_note(used(&removed, notes::CORRECTED, &note)));
    out.push(first);
    out.extend_from_slice(&after[1..]);
    // The rest of what stood there, without the mark before the command.
    let kept = tail
        .iter()
        .rposition(|t| t.kind == Kind::Word)
        .map_or(0, |i| i + 1);
    out.extend_from_slice(&tail[..kept]);
    gone.extend(used(&tail[kept..], notes::CORRECTED, ""));
    gone.extend(used(command, notes::CORRECTED, ""));
    a0 + p.by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{FindingKind, Severity};
    use crate::text::testing::{check, draft_of};

    #[test]
    #[rustfmt::skip]
    fn a_correction_replaces_what_it_runs_parallel_to() {
        check(&[
            ("edema of the right ankle scratch that left ankle period", "Edema of the left ankle."),
            ("Trace edema of the right ankle, scratch that, left ankle, period.", "Trace edema of the left ankle."),
            ("polyps in the ascending colon, scratch that, transverse colon and removed with forceps period", "Polyps in the transverse colon and removed with forceps."),
            ("edema of the right ankle strike that left foot period", "Edema of the left foot."),
            ("edema of the right ankle scratch that left period", "Edema of the left ankle."),
            ("pain in the left knee scratch that in the right hip period", "Pain in the right hip."),
            ("a fracture of the distal right radius, no, make that distal left radius, period", "A fracture of the distal left radius."),
            ("opacity in the right lower lobe scratch that left lower lobe with effusion period", "Opacity in the left lower lobe with effusion."),
            ("pulse 72 and regular scratch that 82 period", "Pulse 82 and regular."),
            ("furosemide 50 milligrams daily scratch that 60 milligrams period", "Furosemide 60 mg daily."),
            ("take two tablets twice daily scratch that three times daily period", "Take two tablets three times daily."),
            ("a 45 year old man scratch that woman with asthma period", "A 45-year-old woman with asthma."),
            ("mild scratch that moderate stenosis period", "Moderate stenosis."),
            ("start lisinopril 10 milligrams scratch that ramipril 5 milligrams daily period", "Start ramipril 5 mg daily."),
            ("seen on Monday scratch that Tuesday period", "Seen on Tuesday."),
            ("Edema of the right ankle. Scratch that. Left ankle. Lungs clear.", "Edema of the left ankle. Lungs clear."),
            ("edema of the right ankle period scratch that left ankle period lungs clear period", "Edema of the left ankle. Lungs clear."),
            ("there is a fracture period scratch that there is no fracture period", "There is no fracture."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_soft_correction_needs_a_parallel() {
        check(&[
            ("the left kidney, sorry, the right kidney is normal period", "The right kidney is normal."),
            ("metoprolol 25 milligrams, I mean 50 milligrams, daily period", "Metoprolol 50 mg daily."),
            ("He is a 60-year-old man. Correction, 65-year-old man.", "He is a 65-year-old man."),
            ("the mass is in the upper lobe, correction, lower lobe, period", "The mass is in the lower lobe."),
            ("her mother, I'm sorry, her father had gout period", "Her father had gout."),
            ("grade two, or rather grade three, strain period", "Grade 3 strain."),
            ("no fracture of the left, I mean right, femur period", "No fracture of the right femur."),
            ("she has two sons, sorry, two daughters, period", "She has two daughters."),
            ("left, no, sorry, right ankle period", "Right ankle."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn without_a_parallel_the_last_stretch_goes() {
        check(&[
            ("lungs clear comma no wheeze scratch that period", "Lungs clear."),
            ("lungs clear period he has a cough scratch that period heart regular period", "Lungs clear. Heart regular."),
            ("lungs clear period new paragraph scratch that no wheeze period", "Lungs clear. No wheeze."),
            ("plan colon number one rest period number two ice period number three actually delete that period thanks period", "PLAN:\n1. Rest.\n2. Ice.\n\nThanks."),
            ("lungs clear period delete the last sentence heart regular period", "Heart regular."),
            ("lungs clear period no wheeze period strike the last sentence period heart regular period", "Lungs clear. Heart regular."),
            ("lungs clear period new paragraph no wheeze period he smokes period delete that paragraph new paragraph heart regular period", "Lungs clear.\n\nHeart regular."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn the_same_words_in_a_sentence_stay() {
        for text in [
            "The lesion was scratched.",
            "He could not scratch that itch.",
            "Correction of hyponatremia was slow.",
            "After surgical correction left ankle pain was gone.",
            "He was sorry, left the room, and came back.",
            "Sorry for the delay in this letter.",
            "What I mean is that the left side is worse.",
            "She asked him to make that call.",
            "The last sentence was deleted.",
            "You should delete the last word of the letter.",
            "A miners' strike that week closed the clinic.",
            "Weight was lost, wait and see was advised.",
        ] {
            check(&[(text, text)]);
        }
    }

    #[test]
    fn a_correction_is_told_with_both_wordings() {
        let draft = draft_of("edema of the right ankle scratch that left ankle period");
        let [finding] = draft.findings.as_slice() else {
            panic!("one finding, not {:?}", draft.findings);
        };
        assert_eq!(
            (finding.kind, finding.severity),
            (FindingKind::SpokenCorrection, Severity::Info)
        );
        assert_eq!(
            finding.message,
            "The speaker corrected \"right ankle\" to \"left ankle\"."
        );
        assert_eq!(finding.heard, "right ankle scratch that");
        assert_eq!((finding.word_from, finding.word_to), (3, 7));
        assert!((finding.start_s - 1.2).abs() < 1e-9 && (finding.end_s - 3.6).abs() < 1e-9);
    }

    #[test]
    fn drugs_are_of_one_kind() {
        assert!(share_class("finasteride", "dutasteride") && share_class("lisinopril", "losartan"));
        assert!(!share_class("lisinopril", "daily"));
    }
}
