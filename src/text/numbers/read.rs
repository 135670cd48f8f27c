//! Reads numbers that were said: cardinals, decimals and ordinals, one cell each.
//!
//! Only what can be read in one way becomes one number: "three hundred and forty", "zero point two five", "twenty
//! first". "One thirty eight" stays two cells here ("1", "38"): whether that is 138 or two numbers is for the rules that
//! see a unit, a vital sign or "over" beside it ([`quantity`]).

use super::cells::{Cell, Num, back, heard_mark, joined, norm, num, pass};
use super::{counts, dates, units};
use crate::domain::numerals::{SMALL, TENS};
use crate::text::token::Mark;

const UNIT_ORDINALS: [&str; 9] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
];
const TEEN_ORDINALS: [&str; 10] = [
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENS_ORDINALS: [&str; 8] = [
    "twentieth",
    "thirtieth",
    "fortieth",
    "fiftieth",
    "sixtieth",
    "seventieth",
    "eightieth",
    "ninetieth",
];

fn place(table: &[&str], word: &str) -> Option<u64> {
    table
        .iter()
        .zip(0..)
        .find_map(|(w, n)| (*w == word).then_some(n))
}

/// 0 to 9.
pub fn unit(word: &str) -> Option<u64> {
    match word {
        "nought" => Some(0),
        _ => place(&SMALL[..10], word),
    }
}

fn teen(word: &str) -> Option<u64> {
    place(&SMALL[10..], word).map(|n| n + 10)
}

/// 20 to 90.
pub fn tens(word: &str) -> Option<u64> {
    match word {
        "fourty" => Some(40),
        _ => place(&TENS, word).map(|n| (n + 2) * 10),
    }
}

/// "forty-two".
fn hyphened(word: &str) -> Option<u64> {
    let (left, right) = word.split_once('-')?;
    let right = unit(right).filter(|n| *n > 0)?;
    Some(tens(left)? + right)
}

/// A number up to 99 in one word: "seven", "twelve", "forty-two".
pub fn word(word: &str) -> Option<u64> {
    hyphened(word)
        .or_else(|| unit(word))
        .or_else(|| teen(word))
        .or_else(|| tens(word))
}

/// 1 to 99 in words: "fifty-five".
pub fn spelled(n: u64) -> Option<String> {
    let below = |n: u64| SMALL.get(n as usize);
    match (n, n % 10) {
        (0, _) | (100.., _) => None,
        (1..20, _) => below(n).map(|w| (*w).to_owned()),
        (_, 0) => TENS.get(n as usize / 10 - 2).map(|w| (*w).to_owned()),
        (_, last) => Some(format!(
            "{}-{}",
            TENS.get(n as usize / 10 - 2)?,
            below(last)?
        )),
    }
}

/// "fifty-fifth"; 21 to 99, and only where there are two words.
pub fn spelled_ordinal(n: u64) -> Option<String> {
    let last = UNIT_ORDINALS.get((n % 10).checked_sub(1)? as usize)?;
    Some(format!(
        "{}-{last}",
        TENS.get((n / 10).checked_sub(2)? as usize)?
    ))
}

fn ordinal_suffix(n: u64) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Whether a word could be part of a spoken number; a cheap question that nearly every word answers with no.
fn may_begin(word: &str) -> bool {
    matches!(
        word.as_bytes().first(),
        Some(b'z' | b'o' | b't' | b'f' | b's' | b'e' | b'n' | b'p' | b'a' | b'h')
    )
}

/// Pass: every number in one cell.
pub fn numbers(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |done, rest| {
        let (num, used, sure) = if rest[0].num.is_some() {
            after_figures(rest)?
        } else if may_begin(&rest[0].norm) {
            in_words(done, rest)?
        } else {
            return None;
        };
        let mut cell = joined(&mut rest[..used]);
        cell.num = Some(num);
        if sure {
            cell.numeral();
        }
        Some((used, vec![cell]))
    })
}

/// Figures that go on in words: "37 point 8", "37, point 8", "0 .25", "10 thousand".
fn after_figures(rest: &[Cell]) -> Option<(Num, usize, bool)> {
    let first = rest[0].num.as_ref()?;
    first.whole()?;
    let joined_up = |text: String, used| {
        Some((
            Num {
                spoken: false,
                ..Num::spoken(text)
            },
            used,
            true,
        ))
    };
    if let Some((digits, used)) = point_and_digits(rest, 1) {
        return joined_up(format!("{}.{digits}", first.text), used);
    }
    if and_a_half(rest, 1) {
        return joined_up(format!("{}.5", first.text), 4);
    }
    if let Some(next) = rest.get(1)
        && next.text().starts_with('.')
        && let Some(fraction) = next.num.as_ref().and_then(|n| n.text.strip_prefix("0."))
    {
        return joined_up(format!("{}.{fraction}", first.text), 2);
    }
    let scale = match norm(rest, 1) {
        "hundred" if first.value < 100.0 => 100,
        "thousand" if first.value < 1000.0 => 1000,
        _ => return None,
    };
    joined_up((first.value as u64 * scale).to_string(), 2)
}

/// "and a half" at `at`, before a unit: tablets and weeks keep their words.
fn and_a_half(rest: &[Cell], at: usize) -> bool {
    ["and", "a", "half"]
        .iter()
        .enumerate()
        .all(|(i, w)| norm(rest, at + i) == *w)
        && rest.get(at + 3..).is_some_and(units::begins_unit)
}

/// "half a milligram", "one half milligram", "half percent": cells before the unit.
fn half(rest: &[Cell]) -> Option<usize> {
    if norm(rest, 0) == "half" && norm(rest, 1) == "percent" {
        return Some(1);
    }
    let fits = matches!(
        (norm(rest, 0), norm(rest, 1)),
        ("half", "a" | "an") | ("a" | "one", "half")
    );
    let measured = rest.len() > 2 && units::begins_dose(&rest[2..]) || norm(rest, 2) == "percent";
    (fits && measured).then_some(2)
}

/// "point eight" at `at`, or ", point eight" (no sentence has that): the digits, and where they end.
fn point_and_digits(rest: &[Cell], at: usize) -> Option<(String, usize)> {
    let point = at + usize::from(heard_mark(rest, at) == Some(Mark::Comma));
    let point_ends = match (norm(rest, point), norm(rest, point + 1)) {
        ("decimal", "point") => point + 2,
        ("point" | "decimal", _) => point + 1,
        _ => return None,
    };
    let (digits, used) = fraction(&rest[point_ends.min(rest.len())..])?;
    Some((digits, point_ends + used))
}

/// Digits after a spoken point: "two five", "oh five", "seventy five", "25".
fn fraction(rest: &[Cell]) -> Option<(String, usize)> {
    let mut digits = String::new();
    let mut used = 0;
    loop {
        let word = norm(rest, used);
        let heard = num(rest, used).filter(|n| n.whole().is_some() && !n.text.starts_with("0."));
        if let Some(n) = unit(word) {
            digits.push_str(&n.to_string());
        } else if matches!(word, "oh" | "o") {
            digits.push('0');
        } else if let Some(n) = heard {
            if n.text.len() > 1 && !digits.is_empty() {
                break;
            }
            digits.push_str(&n.text);
        } else if digits.is_empty() {
            let (n, more) = below_hundred(rest)?;
            return Some((n.to_string(), more));
        } else {
            break;
        }
        used += 1;
    }
    (used > 0).then_some((digits, used))
}

/// A number that begins in words, how many cells it has, and whether it is figures wherever it stands.
fn in_words(done: &[Cell], rest: &[Cell]) -> Option<(Num, usize, bool)> {
    let word = rest[0].norm.as_str();
    if let Some((n, used)) = ordinal(done, rest) {
        let mut num = Num::spoken(n.to_string());
        num.text.push_str(ordinal_suffix(n));
        num.ordinal = true;
        return Some((num, used, false));
    }
    if let Some(used) = half(rest) {
        return Some((Num::spoken("0.5".into()), used, true));
    }
    if word == "point" {
        // "At this point five milligrams": a point of time. "Point five milligrams": a half.
        let (digits, used) = fraction(&rest[1..])?;
        let measured = units::begins_unit(&rest[1 + used..])
            || matches!(norm(rest, 1), "oh" | "zero")
            || counts::head(done, counts::VALUES).is_some();
        let point_of = crate::text::context::DETERMINERS.contains(&back(done, 1))
            || matches!(
                back(done, 1),
                "bullet" | "starting" | "end" | "decimal" | "pressure"
            );
        let after_number = done.last().is_some_and(|c| c.num.is_some());
        return (measured && !point_of && !after_number)
            .then(|| (Num::spoken(format!("0.{digits}")), used + 1, true));
    }
    if word == "oh" {
        let beside = done
            .last()
            .is_some_and(|c| c.num.as_ref().is_some_and(|n| n.spoken))
            || below_hundred(&rest[1..]).is_some();
        return beside.then(|| (Num::spoken("0".into()), 1, false));
    }
    if word == "a" {
        if !matches!(norm(rest, 1), "hundred" | "thousand") {
            return None;
        }
        let (n, used) = integer(rest)?;
        return units::begins_unit(&rest[used..])
            .then(|| (Num::spoken(n.to_string()), used, false));
    }
    let (n, used) = integer(rest)?;
    if and_a_half(rest, used) {
        return Some((Num::spoken(format!("{n}.5")), used + 3, true));
    }
    if let Some((digits, used)) = point_and_digits(rest, used)
        // "At one point two patients fell."
        && (back(done, 1) != "at" || word != "one" || units::begins_unit(&rest[used..]))
    {
        return Some((Num::spoken(format!("{n}.{digits}")), used, true));
    }
    // "Gabapentin three hundred three times a day": two numbers, and both are clear.
    // "Twenty two times daily" has two readings, unless it is one tablet.
    let one = is_one_piece(norm(rest, used + 1));
    let clear = one || n >= 100 || (10..20).contains(&n);
    let taken = clear && unit(norm(rest, used)).is_some() && is_taken(rest, used + 1);
    Some((Num::spoken(n.to_string()), used, taken))
}

/// "twenty second" is an ordinal only where a date or a rank stands around it: else it is twenty seconds' adjective.
fn ordinal(done: &[Cell], rest: &[Cell]) -> Option<(u64, usize)> {
    let word = norm(rest, 0);
    if let Some(n) = place(&UNIT_ORDINALS, word) {
        return Some((n + 1, 1));
    }
    if let Some(n) = place(&TEEN_ORDINALS, word) {
        return Some((n + 10, 1));
    }
    if let Some(n) = place(&TENS_ORDINALS, word) {
        return Some(((n + 2) * 10, 1));
    }
    if let Some((left, right)) = word.split_once('-') {
        return Some((tens(left)? + place(&UNIT_ORDINALS, right)? + 1, 1));
    }
    let n = tens(word)? + place(&UNIT_ORDINALS, norm(rest, 1))? + 1;
    let ranked = matches!(
        norm(rest, 2),
        "of" | "percentile" | "week" | "day" | "birthday"
    ) || dates::month(norm(rest, 2)).is_some()
        || back(done, 1) == "the"
        || dates::month(back(done, 1)).is_some();
    (norm(rest, 1) != "second" || ranked).then_some((n, 2))
}

fn below_hundred(rest: &[Cell]) -> Option<(u64, usize)> {
    let word = norm(rest, 0);
    if let Some(n) = hyphened(word).or_else(|| unit(word)).or_else(|| teen(word)) {
        return Some((n, 1));
    }
    let n = tens(word)?;
    Some(match unit(norm(rest, 1)) {
        // "Metoprolol twenty two times daily": hardly 22 times, but it could be.
        Some(2..=6) if often(rest, 2) => (n, 1),
        // "Lisinopril twenty, one tablet daily."
        Some(1) if is_one_piece(norm(rest, 2)) => (n, 1),
        Some(m @ 1..) => (n + m, 2),
        _ => (n, 1),
    })
}

/// "times a day" at `at`.
pub fn often(rest: &[Cell], at: usize) -> bool {
    norm(rest, at) == "times"
        && matches!(
            norm(rest, at + 1),
            "a" | "daily" | "per" | "each" | "every" | "weekly"
        )
}

fn is_one_piece(word: &str) -> bool {
    matches!(
        word,
        "tablet" | "capsule" | "puff" | "pill" | "tab" | "cap" | "spray" | "drop" | "patch"
    )
}

/// What a dose without its unit is taken as: "gabapentin three hundred three times a day", "... two capsules".
pub fn is_taken(rest: &[Cell], at: usize) -> bool {
    norm(rest, at) == "times"
        || is_one_piece(norm(rest, at))
        || matches!(
            norm(rest, at),
            "tablets" | "capsules" | "puffs" | "pills" | "tabs" | "caps" | "drops" | "sprays"
        )
}

fn is_teen_or_tens(word: &str) -> bool {
    teen(word).or_else(|| tens(word)).is_some()
}

fn is_scale(word: &str) -> bool {
    matches!(word, "hundred" | "thousand" | "million" | "billion")
}

/// "three hundred and forty", "sixteen hundred"; "a hundred" is one.
fn below_thousand(rest: &[Cell]) -> Option<(u64, usize)> {
    let (n, used) = match norm(rest, 0) {
        "a" => (1, 1),
        _ => below_hundred(rest)?,
    };
    if norm(rest, used) != "hundred" || n == 0 {
        return (norm(rest, 0) != "a" || norm(rest, 1) == "thousand").then_some((n, used));
    }
    let (n, used) = (n * 100, used + 1);
    let and = usize::from(norm(rest, used) == "and");
    match rest.get(used + and..).and_then(below_hundred) {
        // "Eight hundred one sixty": the second number has its own hundred, left out.
        Some((1..10, more))
            if and == 0
                && (is_teen_or_tens(norm(rest, used + more)) || is_taken(rest, used + more)) =>
        {
            Some((n, used))
        }
        // "One hundred and two hundred" are two numbers, "one hundred fifty thousand" is one.
        Some((m @ 1.., more)) if norm(rest, used + and + more) != "hundred" => {
            Some((n + m, used + and + more))
        }
        _ => Some((n, used)),
    }
}

/// "two thousand and twenty six". Millions stay words: "5 million units".
fn integer(rest: &[Cell]) -> Option<(u64, usize)> {
    let (n, used) = below_thousand(rest)?;
    if norm(rest, used) != "thousand" || n == 0 {
        return Some((n, used));
    }
    let (n, used) = (n * 1000, used + 1);
    let and = usize::from(norm(rest, used) == "and");
    match rest.get(used + and..).and_then(below_thousand) {
        Some((m @ 1.., more)) if !is_scale(norm(rest, used + and + more)) => {
            Some((n + m, used + and + more))
        }
        _ => Some((n, used)),
    }
}

/// A value of one to three cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// In figures.
    pub text: String,
    /// Cells.
    pub used: usize,
    /// The hundred was not said: "one thirty eight".
    pub implied: bool,
}

/// The value that begins a run of cells, with the hundred that speakers leave out: "one thirty eight", "three oh five",
/// "one oh two point six". Which of the readings is meant is for the caller to say.
pub fn quantity(rest: &[Cell]) -> Option<Quantity> {
    let first = num(rest, 0).filter(|n| n.is_cardinal())?;
    let single = Quantity {
        text: first.text.clone(),
        used: 1,
        implied: false,
    };
    let hundreds = first.spoken && first.whole().is_some_and(|n| (1..10).contains(&n));
    let second = num(rest, 1).filter(|n| n.spoken && n.is_cardinal() && !n.compound);
    let (true, Some(second)) = (hundreds, second) else {
        return Some(single);
    };
    let implied = |text, used| {
        Some(Quantity {
            text,
            used,
            implied: true,
        })
    };
    if (10.0..100.0).contains(&second.value) {
        return implied(format!("{}{}", first.text, second.text), 2);
    }
    if rest[1].norm == "oh"
        && let Some(third) = num(rest, 2).filter(|n| n.spoken && n.is_cardinal())
        && (1.0..10.0).contains(&third.value)
    {
        return implied(format!("{}0{}", first.text, third.text), 3);
    }
    Some(single)
}
