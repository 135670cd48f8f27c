//! Two numbers that belong together: blood pressures, scores, strengths of combined drugs, visual acuity; and the
//! hundred that speakers leave out after a vital sign.

use super::cells::{Cell, Num, back, heard_mark, joined, norm, num, pass};
use super::counts::{self, is_time};
use super::read::{self, Quantity, quantity};
use super::units::{self, amount};
use crate::text::token::Mark;

/// Strengths of combined drugs that are dictated without a word between. Only such as could not be a dose and its
/// correction: "ten twenty milligrams" is for a person.
#[rustfmt::skip]
const PAIRS: &[(&str, &str)] = &[
    ("24", "26"), ("49", "51"), ("97", "103"), ("5", "325"), ("7.5", "325"), ("10", "325"), ("800", "160"),
    ("400", "80"), ("875", "125"), ("500", "125"), ("250", "125"), ("20", "12.5"), ("10", "12.5"), ("50", "12.5"),
    ("100", "12.5"), ("160", "12.5"), ("160", "25"), ("320", "12.5"), ("320", "25"), ("80", "12.5"), ("10", "160"),
    ("5", "160"), ("5", "320"), ("10", "320"), ("25", "250"), ("250", "50"), ("80", "4.5"), ("160", "4.5"),
    ("200", "6"), ("400", "12"), ("100", "6"), ("320", "9"), ("500", "50"), ("100", "50"), ("8", "500"), ("15", "500"),
    ("30", "500"), ("115", "21"), ("230", "21"), ("150", "12.5"), ("300", "12.5"), ("40", "12.5"),
];

/// Strengths of insulins that are mixed; never with a unit.
const MIXES: &[(&str, &str)] = &[
    ("70", "30"),
    ("75", "25"),
    ("50", "50"),
    ("30", "70"),
    ("25", "75"),
];

/// Drugs behind which a pair of strengths needs no unit: "Advair two fifty fifty, one puff".
#[rustfmt::skip]
const COMBINED: &[&str] = &[
    "advair", "seretide", "symbicort", "dulera", "breo", "percocet", "norco", "vicodin", "lortab", "entresto", "valsartan",
    "augmentin", "bactrim", "septra", "formoterol", "salmeterol", "co-codamol", "acetaminophen", "clavulanate",
];

/// Whole numbers that are two strengths behind these drugs: "formoterol two hundred six micrograms".
#[rustfmt::skip]
const MERGED: &[(&str, &str, &[&str])] = &[
    ("206", "200/6", FORMOTEROL), ("106", "100/6", FORMOTEROL), ("412", "400/12", FORMOTEROL), ("329", "320/9", FORMOTEROL),
    ("164.5", "160/4.5", FORMOTEROL), ("84.5", "80/4.5", FORMOTEROL), ("150", "100/50", SALMETEROL),
    ("550", "500/50", SALMETEROL), ("3500", "30/500", CODEINE), ("8500", "8/500", CODEINE), ("1500", "15/500", CODEINE),
];
const FORMOTEROL: &[&str] = &[
    "formoterol",
    "budesonide/formoterol",
    "symbicort",
    "beclometasone/formoterol",
];
const SALMETEROL: &[&str] = &["salmeterol", "fluticasone/salmeterol", "advair", "seretide"];
const CODEINE: &[&str] = &["co-codamol"];

/// Strengths whose figures the engine runs together, and the words one of which must stand before.
#[rustfmt::skip]
const GLUED: &[(&str, &str, &[&str])] = &[
    ("2426", "24/26", &["sacubitril", "valsartan", "sacubitril/valsartan", "entresto"]),
    ("4951", "49/51", &["sacubitril", "valsartan", "sacubitril/valsartan", "entresto"]),
    ("97103", "97/103", &["sacubitril", "valsartan", "sacubitril/valsartan", "entresto"]),
    ("5325", "5/325", &["hydrocodone", "oxycodone", "acetaminophen", "percocet", "norco", "vicodin"]),
    ("10325", "10/325", &["hydrocodone", "oxycodone", "acetaminophen", "percocet", "norco", "vicodin"]),
    ("800160", "800/160", &["sulfamethoxazole", "trimethoprim", "bactrim", "septra"]),
    ("875125", "875/125", &["amoxicillin", "clavulanate", "augmentin"]),
    ("500125", "500/125", &["amoxicillin", "clavulanate", "augmentin", "co-amoxiclav"]),
    ("2006", "200/6", &["budesonide", "formoterol", "symbicort"]),
    ("1604.5", "160/4.5", &["budesonide", "formoterol", "symbicort"]),
];

/// Rule name of figures that were read as a ratio by their value alone: a finding points at them.
pub const READ: &str = "number.read_as_ratio";

/// Drugs that come as one: the names, what joins them, and whether they are one also without a strength.
#[rustfmt::skip]
const PARTNERS: &[(&str, &str, &str, bool)] = &[
    ("sacubitril", "valsartan", "/", true), ("budesonide", "formoterol", "/", true), ("fluticasone", "salmeterol", "/", true),
    ("fluticasone", "vilanterol", "/", true), ("umeclidinium", "vilanterol", "/", true), ("beclometasone", "formoterol", "/", true),
    ("carbidopa", "levodopa", "/", true), ("trimethoprim", "sulfamethoxazole", "/", true), ("buprenorphine", "naloxone", "/", true),
    ("amoxicillin", "clavulanate", "-", true), ("piperacillin", "tazobactam", "-", true), ("ampicillin", "sulbactam", "-", true),
    ("hydrocodone", "acetaminophen", "/", false), ("oxycodone", "acetaminophen", "/", false), ("ipratropium", "albuterol", "/", false),
    ("losartan", "hydrochlorothiazide", "/", false), ("lisinopril", "hydrochlorothiazide", "/", false),
    ("valsartan", "hydrochlorothiazide", "/", false), ("amlodipine", "valsartan", "/", false),
    ("amlodipine", "benazepril", "/", false), ("ezetimibe", "simvastatin", "/", false), ("sitagliptin", "metformin", "/", false),
];

/// Pass: names of combined drugs, behind which the strengths are settled.
pub fn partners(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |_, rest| {
        let first = rest[0].norm.as_str();
        if !rest[0].is_word() || rest[0].num.is_some() || first.len() < 8 {
            return None;
        }
        let (_, second, joint, always) = PARTNERS
            .iter()
            .find(|(a, b, _, _)| *a == first && *b == norm(rest, 1))?;
        let strength = num(rest, 2).is_some_and(|n| n.compound && n.text.contains('/'));
        if !always && !strength {
            return None;
        }
        let text = format!("{}{joint}{second}", rest[0].text());
        let mut cell = joined(&mut rest[..2]);
        cell.write(text, "number.partners");
        Some((2, vec![cell]))
    })
}

/// Pass: ratios.
pub fn ratios(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |done, rest| {
        match rest[0].norm.as_str() {
            "minus" | "plus" if rest[0].num.is_none() => return signed(done, rest),
            _ => {}
        }
        if rest[0].num.is_none() {
            return lone_decade(done, rest).or_else(|| signed_out_of(rest));
        }
        let found = digits_one_by_one(done, rest)
            .or_else(|| split_vital(done, rest))
            .or_else(|| over(done, rest))
            .or_else(|| out_of(rest))
            .or_else(|| combined(done, rest))
            .or_else(|| hyphened_pair(done, rest))
            .or_else(|| decade(done, rest))
            .or_else(|| glued(done, rest))
            .or_else(|| merged(done, rest))
            .or_else(|| pointless(done, rest))
            .or_else(|| acuity(done, rest))
            .or_else(|| dilution(done, rest))
            .or_else(|| gleason(done, rest))
            .or_else(|| graded(rest))
            .or_else(|| beside_a_mark(done, rest));
        found.or_else(|| implied(done, rest))
    })
}

fn write(
    rest: &mut [Cell],
    used: usize,
    text: String,
    rule: &'static str,
) -> Option<(usize, Vec<Cell>)> {
    let mut cell = joined(&mut rest[..used]);
    cell.num = Some(Num {
        compound: true,
        spoken: false,
        ..Num::spoken(text.clone())
    });
    cell.write(text, rule);
    Some((used, vec![cell]))
}

/// "one thirty eight over eighty four", "138 over 84", "138, over 84".
fn over(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = quantity(rest).filter(|q| is_plain(rest, q))?;
    let pressure = near(done, 4, &["pressure", "bp", "pressures"]);
    let comma = usize::from(pressure && heard_mark(rest, first.used) == Some(Mark::Comma));
    let over = first.used + comma;
    if norm(rest, over) != "over" {
        return None;
    }
    let second_at = over + 1;
    let second = rest
        .get(second_at..)
        .and_then(quantity)
        .filter(|q| is_plain(&rest[second_at..], q))?;
    let used = second_at + second.used;
    // "From 80 to 60 over 2 weeks": a stretch of time.
    let unit = rest.get(used..).unwrap_or_default();
    if is_time(norm(unit, 0)) || num(unit, 0).is_some() || is_between(unit) {
        return None;
    }
    let text = format!("{}/{}", first.text, second.text);
    write(rest, used, text, "number.ratio")
}

/// "over two to three days"
fn is_between(rest: &[Cell]) -> bool {
    matches!(norm(rest, 0), "to" | "or") && num(rest, 1).is_some() && is_time(norm(rest, 2))
}

/// A cardinal without sign, percent or ratio of its own.
fn is_plain(rest: &[Cell], q: &Quantity) -> bool {
    rest[..q.used].iter().all(|c| {
        c.num
            .as_ref()
            .is_some_and(|n| !n.compound && !n.percent && !n.ordinal)
    })
}

/// "eight out of nine", unless it counts things: "two out of three samples".
fn out_of(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = quantity(rest).filter(|q| is_plain(rest, q))?;
    // "Four plus out of five."
    let sign = match norm(rest, first.used) {
        "plus" => "+",
        "minus" => "-",
        _ => "",
    };
    let at = first.used + usize::from(!sign.is_empty());
    let (out, second_at) = match (norm(rest, at), norm(rest, at + 1)) {
        ("out", "of") => (true, at + 2),
        _ => return None,
    };
    let second = rest
        .get(second_at..)
        .and_then(quantity)
        .filter(|q| is_plain(&rest[second_at..], q))?;
    let used = second_at + second.used;
    let next = norm(rest, used);
    #[rustfmt::skip]
    const NO_THINGS: &[&str] = &[
        "is", "was", "this", "has", "today's", "bilaterally", "strength", "murmur", "systolic", "diastolic",
        "throughout", "pain", "in", "on", "at", "and", "with", "without", "for", "but", "or", "today", "now", "after",
        "before", "to", "as", "power", "severity", "yesterday", "currently", "over", "by", "from", "improved",
    ];
    let counts_things = rest
        .get(used)
        .is_some_and(|c| c.is_word() && c.num.is_none())
        && !NO_THINGS.contains(&next);
    let values: (f64, f64) = (first.text.parse().ok()?, second.text.parse().ok()?);
    if !out || counts_things || values.0 > values.1 {
        return None;
    }
    write(
        rest,
        used,
        format!("{}{sign}/{}", first.text, second.text),
        "number.ratio",
    )
}

/// "forty nine fifty one milligrams".
fn combined(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    // The hundred that is left out may belong to either: "five three twenty five", "eight hundred one sixty".
    let mixed = near(
        done,
        3,
        &[
            "insulin", "humalog", "novolog", "novolin", "humulin", "mix", "novomix",
        ],
    );
    let unitless = near(done, 3, COMBINED);
    let (first, used, second) = (1..=2).find_map(|split| {
        let first = if split == 1 {
            num(rest, 0)?.text.clone()
        } else {
            quantity(rest).filter(|q| q.used == split)?.text
        };
        let second = rest.get(split..).and_then(quantity)?;
        let used = split + second.used;
        let pair = (first.as_str(), second.text.as_str());
        let dose = units::begins_dose(rest.get(used..)?) || unitless;
        let known = (PAIRS.contains(&pair) && dose) || (mixed && MIXES.contains(&pair));
        known.then_some((first, used, second))
    })?;
    // "One two fifty milligram tablet" has a number before it already.
    if done.last().is_some_and(|c| c.num.is_some()) {
        return None;
    }
    // "Five 325 milligram tablets" are five of them.
    if matches!(
        norm(rest, used + 1),
        "tablet" | "tablets" | "capsules" | "pills"
    ) {
        return None;
    }
    write(
        rest,
        used,
        format!("{first}/{}", second.text),
        "number.ratio",
    )
}

/// The engine's "875-125 mg".
fn hyphened_pair(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0).filter(|n| n.compound && !n.spoken)?;
    let (first, second) = n.text.split_once('-')?;
    let strength = PAIRS.contains(&(first, second)) && units::begins_dose(&rest[1..]);
    // "24-26 mg" could be a range.
    let values: (f64, f64) = (first.parse().ok()?, second.parse().ok()?);
    let close = values.0 < values.1 && values.1 < 1.5 * values.0;
    if !strength || (close && !near(done, 6, GLUED[0].2)) {
        return None;
    }
    let text = format!("{first}/{second}");
    write(rest, 1, text, "number.ratio")
}

/// "twenties" to "nineties".
fn tens_plural(word: &str) -> Option<u64> {
    read::tens(&format!("{}y", word.strip_suffix("ies")?))
}

/// "one sixties" behind a vital sign, "nineteen eighties", "two hundreds".
fn decade(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = num(rest, 0).filter(|n| n.spoken)?.whole()?;
    let value = match (first, norm(rest, 1)) {
        (1..=4, "hundreds") => first * 100,
        (1..=4 | 19, word) => first * 100 + tens_plural(word)?,
        _ => return None,
    };
    let in_the = matches!(
        back(done, 1),
        "the" | "low" | "mid" | "high" | "upper" | "early" | "late" | "to" | "and" | "over"
    );
    if !in_the {
        return None;
    }
    write(rest, 2, format!("{value}s"), "number.decade")
}

/// "in his sixties", "over nineties".
fn lone_decade(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let tens = tens_plural(norm(rest, 0))?;
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "his", "her", "their", "the", "low", "mid", "high", "upper", "lower", "early", "late", "to", "and",
    ];
    let over = back(done, 1) == "over"
        && done.len() >= 2
        && done[done.len() - 2].rule() == "number.decade";
    if !over && !BEFORE.contains(&back(done, 1)) {
        return None;
    }
    write(rest, 1, format!("{tens}s"), "number.decade")
}

/// The engine's "4+ out of 5".
fn signed_out_of(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let sign = if rest[0].norm.ends_with('+') {
        '+'
    } else {
        '-'
    };
    let first: u64 = rest[0].norm.strip_suffix(['+', '-'])?.parse().ok()?;
    let second = num(rest, 3)?.whole()?;
    let fits = norm(rest, 1) == "out" && norm(rest, 2) == "of" && first <= second && second <= 5;
    fits.then_some(())?;
    write(rest, 4, format!("{first}{sign}/{second}"), "number.ratio")
}

/// The engine's "4951 milligrams": no drug comes in such a strength, but sacubitril/valsartan in 49/51. Where its name does
/// not stand before it (it may be misheard), a finding says how the figures were read.
fn glued(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let text = num(rest, 0).filter(|n| !n.spoken)?.text.clone();
    let (_, ratio, drugs) = GLUED.iter().find(|(figures, _, _)| *figures == text)?;
    if !units::begins_dose(&rest[1..]) {
        return None;
    }
    if near(done, 6, drugs) {
        return write(rest, 1, (*ratio).to_owned(), "number.ratio");
    }
    if norm(rest, 1).starts_with("unit") {
        return None;
    }
    write(rest, 1, (*ratio).to_owned(), READ)
}

/// "formoterol two hundred six": 200/6.
fn merged(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let text = num(rest, 0).filter(|n| n.spoken)?.text.as_str();
    let (_, ratio, _) = MERGED
        .iter()
        .find(|(merged, _, drugs)| *merged == text && near(done, 2, drugs))?;
    write(rest, 1, (*ratio).to_owned(), "number.ratio")
}

/// "temperature ninety eight six", "pH seven three two": the point is left out where the value can have no other.
fn pointless(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let head = counts::head(done, &["temperature", "temp", "tmax", "t-max", "ph"])?;
    let first = quantity(rest)?;
    let value: u32 = first.text.parse().ok()?;
    let digits = |at: usize, most: usize| {
        num(rest, at)
            .filter(|n| n.spoken && n.whole().is_some() && n.text.len() <= most)
            .map(|n| n.text.clone())
    };
    let at = first.used;
    let (fraction, used) = match head {
        "ph" if value == 7 => match (digits(at, 2)?, digits(at + 1, 1)) {
            (tenths, Some(more)) if tenths.len() == 1 => (tenths + &more, at + 2),
            (both, _) => (both, at + 1),
        },
        // "Seven thirty two" is read as a quantity of 732.
        "ph" if (700..=799).contains(&value) && first.used == 2 => {
            let text = format!("{}.{}", value / 100, &first.text[1..]);
            return decimal(rest, first.used, text);
        }
        "ph" => return None,
        _ if (90..=108).contains(&value) || (34..=43).contains(&value) => (digits(at, 1)?, at + 1),
        _ => return None,
    };
    if num(rest, used).is_some() {
        return None;
    }
    decimal(rest, used, format!("{value}.{fraction}"))
}

fn decimal(rest: &mut [Cell], used: usize, text: String) -> Option<(usize, Vec<Cell>)> {
    let mut cell = joined(&mut rest[..used]);
    cell.num = Some(Num::spoken(text.clone()));
    cell.write(text, "number.decimal");
    Some((used, vec![cell]))
}

/// "vision twenty twenty", "acuity is twenty forty".
fn acuity(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = num(rest, 0)?.whole().filter(|n| *n == 20)?;
    let second = rest.get(1..).and_then(quantity)?;
    let value: u32 = second.text.parse().ok()?;
    let seen =
        near(done, 5, &["vision", "acuity", "snellen"]) || norm(rest, 1 + second.used) == "vision";
    (seen && (10..=800).contains(&value)).then_some(())?;
    write(
        rest,
        1 + second.used,
        format!("{first}/{value}"),
        "number.ratio",
    )
}

/// "epinephrine one to one hundred thousand", "titer one to one sixty".
fn dilution(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    num(rest, 0)?.whole().filter(|n| *n == 1)?;
    if norm(rest, 1) != "to" {
        return None;
    }
    let second = rest.get(2..).and_then(quantity)?;
    let used = 2 + second.used;
    #[rustfmt::skip]
    const OF: &[&str] = &["titer", "titre", "titers", "dilution", "diluted", "epinephrine", "adrenaline", "ratio"];
    let named =
        near(done, 3, OF) || OF.contains(&norm(rest, used)) || OF.contains(&norm(rest, used + 1));
    named.then_some(())?;
    write(
        rest,
        used,
        format!("1:{}", units::grouped(&second.text, 5)),
        "number.ratio",
    )
}

/// "Gleason three plus four equals seven".
fn gleason(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    if !near(done, 4, &["gleason"]) || norm(rest, 1) != "plus" {
        return None;
    }
    let first = num(rest, 0)?.whole().filter(|n| *n <= 5)?;
    let second = num(rest, 2)?.whole().filter(|n| *n <= 5)?;
    let mut text = format!("{first} + {second}");
    let mut used = 3;
    if matches!(norm(rest, 3), "equals" | "is" | "=")
        && let Some(sum) = num(rest, 4).and_then(Num::whole)
        && sum == first + second
    {
        text.push_str(&format!(" = {sum}"));
        used = 5;
    }
    write(rest, used, text, "number.ratio")
}

/// "two plus edema": 2+.
fn graded(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0)?.whole().filter(|n| (1..=4).contains(n))?;
    #[rustfmt::skip]
    const GRADED: &[&str] = &[
        "edema", "oedema", "pitting", "pulse", "pulses", "reflexes", "reflex", "protein", "proteinuria", "ketones",
        "blood", "bilateral", "bilaterally", "tonsils", "regurgitation", "leukocyte", "pedal", "lower", "dorsalis",
        "radial", "femoral", "peripheral", "throughout", "patellar", "glucose", "and",
    ];
    if norm(rest, 1) != "plus" {
        return None;
    }
    let next = rest.get(2);
    let ends = next.is_none_or(|c| !c.is_word());
    (ends || GRADED.contains(&norm(rest, 2))).then_some(())?;
    write(rest, 2, format!("{n}+"), "number.grade")
}

/// "minus two station", "T-score minus two point five".
fn signed(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let sign = if norm(rest, 0) == "minus" { "-" } else { "+" };
    if done.last().is_some_and(|c| c.num.is_some()) {
        return None;
    }
    let value = num(rest, 1)
        .filter(|n| n.is_cardinal() && !n.compound)?
        .text
        .clone();
    #[rustfmt::skip]
    const SIGNED: &[&str] = &[
        "station", "score", "t-score", "z-score", "sphere", "cylinder", "refraction", "excess", "t-scores", "deviation",
    ];
    let named = SIGNED.contains(&norm(rest, 2))
        || matches!(norm(rest, 2), "diopters" | "dioptres")
        || counts::head(done, SIGNED).is_some();
    named.then_some(())?;
    write(rest, 2, format!("{sign}{value}"), "number.signed")
}

/// "pulse one, twenty four": no pulse is one.
fn split_vital(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    if heard_mark(rest, 1) != Some(Mark::Comma) {
        return None;
    }
    let first = num(rest, 0).filter(|n| n.is_small())?;
    let second =
        num(rest, 2).filter(|n| n.spoken && !n.ordinal && (10.0..100.0).contains(&n.value))?;
    #[rustfmt::skip]
    const IMPOSSIBLE_BELOW_TEN: &[&str] = &["pulse", "pressure", "bp", "rate"];
    if !(1.0..=2.0).contains(&first.value) || counts::head(done, IMPOSSIBLE_BELOW_TEN).is_none() {
        return None;
    }
    let text = format!("{}{}", first.text, second.text);
    let mut cell = joined(&mut rest[..3]);
    let number = Num::spoken(text.clone());
    let mut out = cell.clone();
    out.num = Some(number);
    out.write(text.clone(), "number.split");
    // A blood pressure goes on with "over".
    if norm(rest, 3) == "over"
        && let Some(second) = rest.get(4..).and_then(quantity)
    {
        let used = 4 + second.used;
        let mut tail: Vec<Cell> = vec![cell];
        tail.extend(rest[3..used].iter_mut().map(std::mem::take));
        cell = joined(&mut tail);
        cell.num = None;
        cell.write(format!("{text}/{}", second.text), "number.split");
        return Some((used, vec![cell]));
    }
    Some((3, vec![out]))
}

/// "one twenty four" behind a vital sign or a laboratory value is a hundred and more.
fn implied(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let q = quantity(rest).filter(|q| q.implied)?;
    // "Tylenol six fifty every six hours", "saline at one fifty an hour".
    let next = norm(rest, q.used);
    let taken = matches!(
        next,
        "every"
            | "daily"
            | "twice"
            | "once"
            | "nightly"
            | "bid"
            | "tid"
            | "qid"
            | "b.i.d."
            | "t.i.d."
            | "po"
            | "p.o."
            | "weekly"
    ) || (matches!(next, "an" | "a" | "per")
        && matches!(norm(rest, q.used + 1), "hour" | "minute"))
        || (next == "at" && matches!(norm(rest, q.used + 1), "bedtime" | "night"))
        || (next == "by" && norm(rest, q.used + 1) == "mouth");
    let gas = next == "po" && num(rest, q.used + 1).is_some();
    // "Take one eighty one daily": one of 81?
    let counts = matches!(
        back(done, 1),
        "" | "take"
            | "takes"
            | "taking"
            | "took"
            | "give"
            | "gives"
            | "given"
            | "use"
            | "uses"
            | "using"
            | "and"
            | "with"
            | "or"
    );
    if taken && !gas && !counts && done.last().is_none_or(|c| c.num.is_none()) {
        return Some((q.used, vec![amount(rest, &q, "number.cardinal")]));
    }
    if num(rest, q.used).is_some()
        || units::begins_unit(&rest[q.used..])
        || is_time(norm(rest, q.used))
    {
        return None;
    }
    counts::head(done, counts::VALUES)
        .or_else(|| counts::head(done, &["room", "suite", "apartment", "extension"]))?;
    Some((q.used, vec![amount(rest, &q, "number.cardinal")]))
}

/// "49 slash 51", "two hyphen three": beside a spoken slash or hyphen numbers are figures.
fn beside_a_mark(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let joins = |cell: Option<&Cell>| {
        cell.and_then(Cell::mark)
            .is_some_and(|(mark, _)| matches!(mark, Mark::Slash | Mark::Hyphen))
    };
    let q = quantity(rest)?;
    let left = joins(done.last()) && done.len() >= 2 && done[done.len() - 2].num.is_some();
    let right = joins(rest.get(q.used)) && num(rest, q.used + 1).is_some();
    (left || right).then(|| (q.used, vec![amount(rest, &q, "number.cardinal")]))
}

/// "four five eight eight" after "record number": one number, as are telephone numbers. Elsewhere three single
/// digits could be three numbers ("leads two three four").
fn digits_one_by_one(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let mut figures = String::new();
    let mut used = 0;
    let mut single = true;
    let mut spoken = 0;
    while let Some(n) = num(rest, used).filter(|n| n.whole().is_some()) {
        if n.text.contains(',') {
            break;
        }
        single &= n.text.len() == 1;
        spoken += usize::from(n.spoken);
        figures.push_str(&n.text);
        used += 1;
    }
    if used < 3 || units::begins_unit(&rest[used..]) || is_time(norm(rest, used)) {
        return None;
    }
    #[rustfmt::skip]
    const RECORDS: &[&str] = &[
        "mrn", "record", "phone", "telephone", "mobile", "cell", "fax", "pager", "extension", "accession", "account",
        "id", "hospital", "nhs", "insurance", "policy", "serial", "lot", "zip", "code", "identifier", "reference",
        "call", "line", "hotline", "helpline", "lifeline",
    ];
    let named = counts::head(done, RECORDS).is_some()
        || (near(done, 3, RECORDS) && near(done, 2, &["number", "is", "at", "code", "extension"]))
        || (0..3).any(|k| {
            matches!(
                norm(rest, used + k),
                "line" | "hotline" | "helpline" | "lifeline"
            )
        });
    // "Para one zero zero one" counts four things.
    let births = back(done, 1) == "para" && single && used == 4;
    let long = (single && used >= 6) || births;
    // Figures that the engine wrote apart, and few of them, may be apart.
    if !(named || long) || (spoken == 0 && used < 4) {
        return None;
    }
    let phone = near(
        done,
        4,
        &[
            "phone",
            "telephone",
            "mobile",
            "cell",
            "fax",
            "call",
            "pager",
        ],
    );
    let text = match figures.len() {
        7 if phone => format!("{}-{}", &figures[..3], &figures[3..]),
        10 if phone && !figures.starts_with('0') => {
            format!("{}-{}-{}", &figures[..3], &figures[3..6], &figures[6..])
        }
        _ => figures,
    };
    write(rest, used, text, "number.digits")
}

/// One of `words` stands among the last `k` words.
pub fn near(done: &[Cell], k: usize, words: &[&str]) -> bool {
    done.iter()
        .rev()
        .take(k)
        .any(|c| words.contains(&c.norm.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn blood_pressures() {
        check(&[
            ("blood pressure one thirty eight over eighty four", "Blood pressure 138/84"),
            ("blood pressure 138 over 84 comma pulse 72", "Blood pressure 138/84, pulse 72"),
            ("blood pressure one hundred and sixty six over ninety two", "Blood pressure 166/92"),
            ("BP ninety eight over sixty two", "BP 98/62"),
            ("blood pressure is one oh five over sixty", "Blood pressure is 105/60"),
            ("blood pressure 138, over 84", "Blood pressure 138/84"),
            ("blood pressure one, twenty four over eighty", "Blood pressure 124/80"),
            ("pressures of two ten over one hundred five", "Pressures of 210/105"),
            ("pulse one, eighteen", "Pulse 118"),
            ("Tylenol six fifty every six hours", "Tylenol 650 every 6 hours"),
            ("lactated Ringer's at one fifty an hour", "Lactated Ringer's at 150 an hour"),
            ("gabapentin three hundred three times a day", "Gabapentin 300 three times a day"),
            ("lisinopril twenty one tablet daily", "Lisinopril 20 one tablet daily"),
            ("docusate one hundred two capsules at night", "Docusate 100 two capsules at night"),
            ("pulse one eighteen and regular", "Pulse 118 and regular"),
            ("heart rate is one oh four", "Heart rate is 104"),
            ("glucose of two fifty", "Glucose of 250"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn over_a_time_is_no_ratio() {
        check(&[
            ("it fell from 80 to 60 over 2 weeks", "It fell from 80 to 60 over 2 weeks"),
            ("lost 10 over three months", "Lost 10 over 3 months"),
            ("he is over 60", "He is over 60"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn scores_and_strengths() {
        check(&[
            ("Boston score eight out of nine", "Boston score 8/9"),
            ("power was 5 out of 5 throughout", "Power was 5/5 throughout"),
            ("pain is six out of ten today", "Pain is 6/10 today"),
            ("two out of three samples were positive", "Two out of three samples were positive"),
            ("a three over six systolic murmur", "A 3/6 systolic murmur"),
            ("sacubitril valsartan forty nine fifty one milligrams twice daily", "Sacubitril/valsartan 49/51 mg twice daily"),
            ("amoxicillin-clavulanate 875-125 mg twice daily", "Amoxicillin-clavulanate 875/125 mg twice daily"),
            ("she takes losartan hydrochlorothiazide and aspirin", "She takes losartan hydrochlorothiazide and aspirin"),
            ("Losartan hydrochlorothiazide fifty twelve point five milligrams", "Losartan/hydrochlorothiazide 50/12.5 mg"),
            ("piperacillin tazobactam 4.5 grams", "Piperacillin-tazobactam 4.5 g"),
            ("Advair two fifty fifty one puff twice daily", "Advair 250/50 one puff twice daily"),
            ("formoterol two hundred six micrograms period", "Formoterol 200/6 mcg."),
            ("co-codamol thirty five hundred full stop", "Co-codamol 30/500."),
            ("insulin seventy thirty twenty units", "Insulin 70/30 20 units"),
            ("temperature ninety eight six", "Temperature 98.6"),
            ("temp one oh one four pulse ninety", "Temp 101.4 pulse 90"),
            ("pH seven three two", "pH 7.32"),
            ("pH of seven thirty two", "pH of 7.32"),
            ("give 24-26 mg", "Give 24-26 mg"),
            ("pain eight to nine out of ten", "Pain 8 to 9/10"),
            ("strength four plus out of five", "Strength 4+/5"),
            ("strength 4+ out of 5 on the left", "Strength 4+/5 on the left"),
            ("he has twenty twenty vision", "He has 20/20 vision"),
            ("sacubitril valsartan 4951 milligrams twice daily", "Sacubitril/valsartan 49/51 mg twice daily"),
            ("entresto ninety seven one oh three milligrams", "Entresto 97/103 mg"),
            ("hydrocodone acetaminophen five three twenty five milligrams", "Hydrocodone/acetaminophen 5/325 mg"),
            ("bactrim eight hundred one sixty milligrams", "Bactrim 800/160 mg"),
            ("formoterol two hundred over six micrograms full stop", "Formoterol 200/6 micrograms."),
            ("losartan fifty slash twelve point five milligrams", "Losartan 50/12.5 mg"),
            ("visual acuity twenty forty in the right eye", "Visual acuity 20/40 in the right eye"),
            ("vision is twenty over two hundred", "Vision is 20/200"),
            ("lidocaine with one to one hundred thousand epinephrine", "Lidocaine with 1:100,000 epinephrine"),
            ("ANA titer of one to one sixty", "ANA titer of 1:160"),
            ("Gleason three plus four equals seven", "Gleason 3 + 4 = 7"),
            ("two plus pitting edema", "2+ pitting edema"),
            ("reflexes are two plus period", "Reflexes are 2+."),
            ("at minus two station", "At -2 station"),
            ("a T-score of minus 2.5", "A T-score of -2.5"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn decades() {
        check(&[
            ("heart rate in the one twenties", "Heart rate in the 120s"),
            ("pressures in the one sixties over nineties", "Pressures in the 160s over 90s"),
            ("sugars in the two hundreds", "Sugars in the 200s"),
            ("a man in his late sixties", "A man in his late 60s"),
            ("diagnosed in the nineteen eighties", "Diagnosed in the 1980s"),
            ("one eighties song", "One eighties song"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn digits_said_one_by_one() {
        check(&[
            ("he has the nine eight eight crisis line number", "He has the 988 crisis line number"),
            ("medical record number four five eight eight", "Medical record number 4588"),
            ("para one zero zero one", "Para 1001"),
            ("MRN seven seven oh two one", "MRN 77021"),
            ("phone number five five five oh one nine nine", "Phone number 555-0199"),
            ("telephone two one two five five five oh one four two", "Telephone 212-555-0142"),
            ("account number forty five eighty eight twelve", "Account number 458812"),
        ]);
    }
}
