//! Units of measurement: how they are said, how they are written, and the numbers before them.
//!
//! The written forms are those of `dictionaries/en/units.tsv` (a test compares), with "hour" and "day" written out
//! behind a slash. Non-metric units and times stay words ("12 pounds", "3 weeks"): only their number becomes figures.

use super::cells::{Cell, Num, back, cut, heard_mark, joined, norm, num, pass};
use super::read::{self, Quantity, quantity};
use super::{TextStyle, counts};
use crate::text::token::{Glue, Mark};

/// What kind of thing a unit measures, as far as writing depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Doses: no trailing zero.
    Dose,
    /// Lengths: may follow "4 by 3".
    Length,
    /// Any other that is written short.
    Other,
    /// Times behind "per".
    Time,
}

/// A unit: its spoken and engine-written forms in small letters, singular first; its written form.
struct Unit {
    said: &'static [&'static str],
    written: &'static str,
    class: Class,
}

const fn unit(said: &'static [&'static str], written: &'static str, class: Class) -> Unit {
    Unit {
        said,
        written,
        class,
    }
}

/// Units of one word. A form of one or two letters counts only where it is the engine's ("g", "L").
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    unit(&["milligram", "milligrams", "milligramme", "milligrammes", "mg", "mgs"], "mg", Class::Dose),
    unit(&["microgram", "micrograms", "microgramme", "microgrammes", "mcg", "mcgs", "mic", "mics", "ug", "µg", "μg"], "mcg", Class::Dose),
    unit(&["nanogram", "nanograms", "ng"], "ng", Class::Dose),
    unit(&["picogram", "picograms", "pg"], "pg", Class::Other),
    unit(&["gram", "grams", "gramme", "grammes", "g", "gm", "gms"], "g", Class::Dose),
    unit(&["kilogram", "kilograms", "kilogramme", "kilogrammes", "kilo", "kilos", "kg", "kgs"], "kg", Class::Other),
    unit(&["milliliter", "milliliters", "millilitre", "millilitres", "ml", "mls", "cc", "ccs", "cc's"], "mL", Class::Other),
    unit(&["microliter", "microliters", "microlitre", "microlitres"], "mcL", Class::Other),
    unit(&["deciliter", "deciliters", "decilitre", "decilitres", "dl"], "dL", Class::Other),
    unit(&["liter", "liters", "litre", "litres", "l"], "L", Class::Other),
    unit(&["millimeter", "millimeters", "millimetre", "millimetres", "mm"], "mm", Class::Length),
    unit(&["centimeter", "centimeters", "centimetre", "centimetres", "cm", "cms"], "cm", Class::Length),
    unit(&["meter", "meters", "metre", "metres", "m"], "m", Class::Length),
    unit(&["kilometer", "kilometers", "kilometre", "kilometres", "km"], "km", Class::Length),
    unit(&["milliequivalent", "milliequivalents", "milliequivalence", "meq", "meqs"], "mEq", Class::Dose),
    unit(&["millimole", "millimoles", "mmol", "mmols"], "mmol", Class::Other),
    unit(&["micromole", "micromoles", "umol", "µmol", "μmol"], "micromol", Class::Other),
    unit(&["nanomole", "nanomoles", "nmol"], "nmol", Class::Other),
    unit(&["milliosmole", "milliosmoles", "mosm"], "mOsm", Class::Other),
    unit(&["unit", "units"], "units", Class::Dose),
    unit(&["milliunit", "milliunits"], "milliunits", Class::Dose),
    unit(&["joule", "joules"], "J", Class::Other),
    unit(&["gray", "grays"], "Gy", Class::Other),
    unit(&["hertz", "hz"], "Hz", Class::Other),
    unit(&["mmhg"], "mmHg", Class::Other),
    unit(&["bpm"], "bpm", Class::Other),
    unit(&["ppb"], "ppb", Class::Other),
    unit(&["ppm"], "ppm", Class::Other),
    unit(&["second", "seconds", "sec", "secs", "s"], "s", Class::Time),
    unit(&["minute", "minutes", "min", "mins"], "min", Class::Time),
    unit(&["hour", "hours", "hr", "hrs", "h"], "hour", Class::Time),
    unit(&["day", "days"], "day", Class::Time),
    unit(&["week", "weeks"], "week", Class::Time),
];

/// Units of several words.
#[rustfmt::skip]
const PHRASES: &[(&[&str], &str, Class)] = &[
    (&["millimeters", "of", "mercury"], "mmHg", Class::Other),
    (&["millimeter", "of", "mercury"], "mmHg", Class::Other),
    (&["millimetres", "of", "mercury"], "mmHg", Class::Other),
    (&["mm", "of", "mercury"], "mmHg", Class::Other),
    (&["mm", "of", "hg"], "mmHg", Class::Other),
    (&["mm", "hg"], "mmHg", Class::Other),
    (&["millimeters", "mercury"], "mmHg", Class::Other),
    (&["centimeters", "of", "water"], "cm H2O", Class::Other),
    (&["centimetres", "of", "water"], "cm H2O", Class::Other),
    (&["cm", "of", "water"], "cm H2O", Class::Other),
    (&["cm", "of", "h2o"], "cm H2O", Class::Other),
    (&["cubic", "centimeters"], "mL", Class::Other),
    (&["cubic", "centimeter"], "mL", Class::Other),
    (&["cubic", "centimetres"], "mL", Class::Other),
    (&["square", "meter"], "m²", Class::Other),
    (&["square", "meters"], "m²", Class::Other),
    (&["square", "metre"], "m²", Class::Other),
    (&["square", "metres"], "m²", Class::Other),
    (&["square", "centimeters"], "cm²", Class::Other),
    (&["square", "centimetres"], "cm²", Class::Other),
    (&["meter", "squared"], "m²", Class::Other),
    (&["metre", "squared"], "m²", Class::Other),
    (&["meters", "squared"], "m²", Class::Other),
    (&["metres", "squared"], "m²", Class::Other),
    (&["parts", "per", "billion"], "ppb", Class::Other),
    (&["parts", "per", "million"], "ppm", Class::Other),
    (&["milli", "equivalents"], "mEq", Class::Dose),
    (&["milli", "units"], "milliunits", Class::Dose),
    (&["micro", "grams"], "mcg", Class::Dose),
    (&["beats", "per", "minute"], "bpm", Class::Other),
    (&["beats", "a", "minute"], "bpm", Class::Other),
    (&["breaths", "per", "minute"], "breaths/min", Class::Other),
    (&["breaths", "a", "minute"], "breaths/min", Class::Other),
    (&["international", "units", "per", "liter"], "IU/L", Class::Other),
    (&["international", "units", "per", "litre"], "IU/L", Class::Other),
    (&["international", "units"], "international units", Class::Dose),
    (&["international", "unit"], "international units", Class::Dose),
    (&["colony", "forming", "units"], "CFU", Class::Other),
    (&["degrees", "fahrenheit"], "°F", Class::Other),
    (&["degrees", "celsius"], "°C", Class::Other),
    (&["degrees", "centigrade"], "°C", Class::Other),
    (&["degree", "fahrenheit"], "°F", Class::Other),
    (&["degree", "celsius"], "°C", Class::Other),
    (&["fahrenheit"], "°F", Class::Other),
    (&["celsius"], "°C", Class::Other),
    (&["centigrade"], "°C", Class::Other),
    (&["°f"], "°F", Class::Other),
    (&["°c"], "°C", Class::Other),
];

/// Units that stay words; the number before them is written in figures.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "pound", "pounds", "lb", "lbs", "ounce", "ounces", "oz", "inch", "inches", "foot", "feet", "degree", "degrees",
    "french", "gauge", "percent", "per", "drops", "diopters", "dioptres", "calories", "kilocalories", "kcal",
    "milliamps", "volts", "watts", "mets", "pack", "drink", "drinks", "stone", "fahrenheit", "kilopascals", "percentile",
    "million",
];

/// A unit as it stands in the text.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    written: String,
    class: Class,
    used: usize,
    /// Said in the singular, as before a noun.
    singular: bool,
}

/// Whether the cells begin with a unit, of whatever kind.
pub fn begins_unit(rest: &[Cell]) -> bool {
    simple(rest).is_some_and(|(_, class, _)| class != Class::Time)
        || PLAIN.contains(&norm(rest, 0))
        || norm(rest, 0) == "%"
}

/// Whether the cells begin with a unit of doses: mg, units and their like.
pub fn begins_dose(rest: &[Cell]) -> bool {
    simple(rest).is_some_and(|(_, class, _)| class == Class::Dose)
}

/// One unit, without what is behind "per".
fn simple(rest: &[Cell]) -> Option<(&'static str, Class, usize)> {
    let word = norm(rest, 0);
    if word.is_empty() {
        return None;
    }
    if let Some((words, written, class)) = PHRASES
        .iter()
        .find(|(words, _, _)| words.iter().enumerate().all(|(i, w)| norm(rest, i) == *w))
    {
        return Some((*written, *class, words.len()));
    }
    let unit = by_word(word)?;
    // "10 M" is no length, "2 gram negative rods" no weight.
    let text = rest[0].text();
    let not_meant = match word {
        "m" | "g" | "h" | "pg" => text != word,
        "gram" => {
            norm(rest, 1).starts_with("neg")
                || norm(rest, 1).starts_with("pos")
                || norm(rest, 1).starts_with("stain")
        }
        "gray" => matches!(norm(rest, 1), "matter" | "white" | "zone" | "scale"),
        _ => false,
    };
    (!not_meant).then_some((unit.written, unit.class, 1))
}

fn by_word(word: &str) -> Option<&'static Unit> {
    let unit = |word: &str| UNITS.iter().find(|u| u.said.contains(&word));
    // The engine's "milli-equivalents".
    unit(word).or_else(|| match word.contains('-') && word.len() > 6 {
        true => unit(&word.replace('-', "")),
        false => None,
    })
}

/// "mg/dL", "units/kg" in one word of the engine's.
fn by_slashes(word: &str) -> Option<(String, Class)> {
    let mut parts = word.split('/');
    let first = by_word(parts.next()?)?;
    let mut written = first.written.to_owned();
    let mut more = false;
    for part in parts {
        let next = match part {
            "m2" | "m²" => "m²",
            part => by_word(part)?.written,
        };
        written.push('/');
        written.push_str(next);
        more = true;
    }
    more.then_some((written, first.class))
}

/// The whole unit at the start of `rest`: "units per kilogram per hour", "milligrams per 5 milliliters".
fn whole(rest: &[Cell], style: TextStyle) -> Option<Found> {
    if let Some((written, class)) = by_slashes(norm(rest, 0)) {
        return Some(Found {
            written,
            class,
            used: 1,
            singular: false,
        });
    }
    let (first, class, mut used) = simple(rest)?;
    let mut written = first.to_owned();
    let british = style == TextStyle::British && norm(rest, 0).starts_with("microgram");
    if british {
        written = "micrograms".into();
    }
    loop {
        let per = match rest.get(used) {
            Some(c) if c.norm == "per" => true,
            Some(c) => matches!(c.mark(), Some((Mark::Slash, _))),
            None => false,
        };
        if !per {
            break;
        }
        let amount = num(rest, used + 1).filter(|n| n.whole().is_some() || n.text.contains('.'));
        let at = used + 1 + usize::from(amount.is_some());
        let Some((next, next_class, more)) = rest.get(at..).and_then(simple) else {
            break;
        };
        // "Milligrams per day" stays as it is said; "per hour" behind another unit does not.
        if next_class == Class::Time && class == Class::Time {
            break;
        }
        written.push('/');
        if let Some(amount) = amount.filter(|n| n.text != "1") {
            written.push_str(&amount.text);
            written.push(' ');
        }
        written.push_str(next);
        used = at + more;
    }
    if class == Class::Time {
        return None;
    }
    Some(Found {
        written,
        class,
        used,
        singular: used == 1 && by_word(norm(rest, 0)).is_some_and(|u| u.said[0] == norm(rest, 0)),
    })
}

/// Pass: cuts a unit off the figures it sticks to: "10mg", "12-millimeter", "37.8°C".
pub fn unstick(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |_, rest| {
        if rest[0].num.is_some() || !rest[0].is_word() {
            return None;
        }
        if !rest[0]
            .text()
            .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        {
            return unstick_word(rest);
        }
        if let Some(found) = crossed(rest) {
            return Some(found);
        }
        let text = rest[0].text();
        let letter = text.find(|c: char| c.is_alphabetic() || matches!(c, '°' | '%'))?;
        let hyphen = text[..letter].ends_with('-');
        let from = letter - usize::from(hyphen);
        let digits = text[..from].ends_with(|c: char| c.is_ascii_digit());
        let word = text[letter..].to_lowercase();
        let known = by_word(&word).is_some_and(|u| u.class != Class::Time)
            || by_slashes(&word).is_some()
            || matches!(word.as_str(), "°f" | "°c" | "%");
        // "3-g" and "5-l" could be anything.
        if !digits || !known || (hyphen && word.len() < 2) {
            return None;
        }
        Some((1, number_and_unit(&mut rest[0], from, hyphen)))
    })
}

/// A word as its number, with the hyphen behind it, and its unit.
fn number_and_unit(cell: &mut Cell, from: usize, hyphen: bool) -> Vec<Cell> {
    if !hyphen {
        return cut(cell, &[from], true);
    }
    let mut pieces = cut(cell, &[from, from + 1], true);
    if pieces.len() == 3 {
        // The hyphen goes with the number, which will be written anew.
        let head = joined(&mut pieces[..2]);
        let unit = pieces.pop();
        pieces = [head].into_iter().chain(unit).collect();
    }
    pieces
}

/// "five-milligram".
fn unstick_word(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let (number, unit) = rest[0].norm.rsplit_once('-')?;
    let known = by_word(unit).is_some_and(|u| u.class != Class::Time && unit.len() > 3);
    if !known || read::word(number).is_none() || !rest[0].text().is_ascii() {
        return None;
    }
    let from = number.len();
    Some((1, number_and_unit(&mut rest[0], from, true)))
}

/// "4x3cm", "4x4" before gauze or a length.
fn crossed(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let text = rest[0].text();
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let parts: Vec<&str> = text[..end].split(['x', 'X', '×']).collect();
    let plain = |s: &&str| s.parse::<f64>().is_ok() && s.ends_with(|c: char| c.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(plain) {
        return None;
    }
    let tail = &text[end..];
    let unit = match tail {
        "" => rest.get(1..).is_some_and(of_size),
        tail => by_word(&tail.to_lowercase()).is_some_and(|u| u.class == Class::Length),
    };
    if !unit {
        return None;
    }
    let written = parts.join(" x ");
    let mut out = if tail.is_empty() {
        vec![std::mem::take(&mut rest[0])]
    } else {
        cut(&mut rest[0], &[end], true)
    };
    let size = out.first_mut()?;
    size.num = Some(Num {
        compound: true,
        spoken: false,
        ..Num::spoken(written.clone())
    });
    size.write(written, "number.size");
    Some((1, out))
}

/// Whether the cells begin with what is measured by "4 x 4".
fn of_size(rest: &[Cell]) -> bool {
    simple(rest).is_some_and(|(_, class, _)| class == Class::Length)
        || matches!(
            norm(rest, 0),
            "inch"
                | "inches"
                | "foot"
                | "feet"
                | "gauze"
                | "gauzes"
                | "pad"
                | "pads"
                | "sponge"
                | "sponges"
        )
}

/// Pass: a number before a unit is figures, the unit is written short.
pub fn measures(cells: Vec<Cell>, style: TextStyle) -> Vec<Cell> {
    pass(cells, |done, rest| {
        rest[0].num.as_ref()?;
        if rest[0].is_unclear() {
            return None;
        }
        size(rest)
            .or_else(|| range(rest, style))
            .or_else(|| million(rest))
            .or_else(|| measured(done, rest, style))
    })
}

/// "4 by 3 by 2 centimeters": "4 x 3 x 2 cm".
fn size(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let mut at = 0;
    let mut figures = 0;
    loop {
        num(rest, at).filter(|n| n.is_cardinal() && !n.compound)?;
        figures += 1;
        if !matches!(norm(rest, at + 1), "by" | "x" | "times" | "×") {
            break;
        }
        at += 2;
    }
    let unit = rest.get(at + 1..)?;
    let length = simple(unit).is_some_and(|(_, class, _)| class == Class::Length)
        || matches!(norm(unit, 0), "inch" | "inches" | "foot" | "feet");
    let dressing = figures == 2
        && matches!(
            norm(unit, 0),
            "gauze" | "gauzes" | "pad" | "pads" | "sponge" | "sponges" | "dressing"
        );
    if figures < 2 || !(length || dressing) {
        return None;
    }
    let mut out: Vec<Cell> = rest[..=at].iter_mut().map(std::mem::take).collect();
    for (i, cell) in out.iter_mut().enumerate() {
        if i % 2 == 1 {
            cell.write("x", "number.size");
        } else if i < at {
            cell.numeral();
        }
    }
    // The last number meets its unit in the next step.
    let last = out.pop()?;
    let used = out.len();
    rest[at] = last;
    if dressing {
        rest[at].numeral();
    }
    Some((used, out))
}

/// "two to three milligrams", "50 to 60 percent": the first number is figures because of the second one's unit.
fn range(rest: &mut [Cell], style: TextStyle) -> Option<(usize, Vec<Cell>)> {
    let first = quantity(rest)?;
    if !matches!(norm(rest, first.used), "to" | "through" | "or" | "and") {
        return None;
    }
    let second_at = first.used + 1;
    let second = rest.get(second_at..).and_then(quantity)?;
    let unit = rest.get(second_at + second.used..)?;
    // "And" joins two things as easily as two amounts: only where the unit is one of measurement.
    let measured = whole(unit, style).is_some()
        || matches!(
            norm(unit, 0),
            "percent" | "degrees" | "pounds" | "inches" | "feet" | "%"
        );
    if !measured || rest[0].num.as_ref().is_some_and(|n| n.percent) {
        return None;
    }
    Some((first.used, vec![amount(rest, &first, "number.range")]))
}

/// "five million units": the million stays a word.
fn million(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    if !matches!(norm(rest, 1), "million" | "billion") || !rest[0].num.as_ref()?.is_cardinal() {
        return None;
    }
    let mut cell = std::mem::take(&mut rest[0]);
    cell.numeral();
    Some((1, vec![cell]))
}

/// One number with its unit.
fn measured(done: &[Cell], rest: &mut [Cell], style: TextStyle) -> Option<(usize, Vec<Cell>)> {
    let q = quantity(rest)?;
    let after = &rest[q.used..];
    if norm(after, 0) == "percent"
        || norm(after, 0) == "%"
        || (norm(after, 0) == "per" && norm(after, 1) == "cent")
    {
        let sign = 1 + usize::from(norm(after, 0) == "per");
        let cell = amount(rest, &q, "number.percent");
        let mut percent = joined(&mut rest[q.used..q.used + sign]);
        percent.write_glued(
            "%",
            "number.percent",
            Glue {
                left: true,
                right: false,
            },
        );
        return Some((q.used + sign, vec![cell, percent]));
    }
    if PLAIN_MEASURES.contains(&norm(after, 0)) && whole(after, style).is_none() {
        return plain_measure(done, rest, &q);
    }
    let found = whole(after, style).or_else(|| temperature(done, rest, &q))?;
    let thing = after.get(found.used).is_some_and(|c| {
        c.is_word() && c.num.is_none() && !counts::FUNCTION_WORDS.contains(&c.norm.as_str())
    });
    // "Two fifty milligram tablets", "one eighty one milligram aspirin": two of 50 mg, or 250 mg? A person has to say.
    let either = q.implied && found.singular && thing;
    if either || (q.used == 1 && divided(done, &rest[0], thing)) {
        let mut out = unclear(&mut rest[..q.used]);
        let mut unit = joined(&mut rest[q.used..q.used + found.used]);
        unit.write(found.written, "number.unit");
        out.push(unit);
        return Some((q.used + found.used, out));
    }
    let mut number = amount(rest, &q, "number.dose");
    let text = figures(number.shown(), &found);
    if number.num.as_ref().is_some_and(|n| !n.compound) {
        number.write(text, "number.dose");
    }
    let mut unit = joined(&mut rest[q.used..q.used + found.used]);
    unit.write(found.written.clone(), "number.unit");
    let mut out = vec![number, unit];
    let mut used = q.used + found.used;
    // The engine's "0.4 mg. and": an abbreviation's full stop ends no sentence that goes on in small letters.
    let goes_on = rest
        .get(used + 1)
        .is_some_and(|c| c.is_word() && c.text().starts_with(char::is_lowercase));
    if heard_mark(rest, used) == Some(Mark::Period) && goes_on && out[1].text().len() <= 3 {
        let mut stop = std::mem::take(&mut rest[used]);
        stop.write("", "number.unit");
        out.push(stop);
        used += 1;
    }
    Some((used, out))
}

/// Whether the number stands behind another one that nobody has settled: two numbers before one unit are one that
/// was torn apart, or two. "Two 50 mg tablets" are things that are counted.
fn divided(done: &[Cell], number: &Cell, thing: bool) -> bool {
    let (Some(last), Some(this)) = (done.last(), &number.num) else {
        return false;
    };
    let Some(before) = last
        .num
        .as_ref()
        .filter(|n| n.is_cardinal() && !n.percent && !n.compound)
    else {
        return false;
    };
    if last.is_written() || last.is_unclear() {
        return false;
    }
    let spoken_pair = this.spoken && !before.is_small();
    let torn = !this.spoken
        && !before.spoken
        && before.value < 10.0
        && (10.0..100.0).contains(&this.value)
        && !thing;
    spoken_pair || torn
}

/// Units that stay words.
const PLAIN_MEASURES: &[&str] = &[
    "pound",
    "pounds",
    "ounce",
    "ounces",
    "inch",
    "inches",
    "foot",
    "feet",
    "degrees",
    "french",
    "gauge",
    "drops",
    "diopters",
    "dioptres",
    "calories",
    "kilocalories",
    "drink",
    "drinks",
    "stone",
    "volts",
    "watts",
    "mets",
    "pack",
    "pack-years",
    "pack-year",
    "kilopascals",
];

fn plain_measure(done: &[Cell], rest: &mut [Cell], q: &Quantity) -> Option<(usize, Vec<Cell>)> {
    let unit = norm(&rest[q.used..], 0).to_owned();
    // "One drink" and "one foot" are things.
    let one = rest[0]
        .num
        .as_ref()
        .is_some_and(|n| n.is_small() && n.value == 1.0);
    if one && matches!(unit.as_str(), "foot" | "drink" | "stone") {
        return None;
    }
    // "He has two feet": things too. At the start of a sentence a small number stays a word.
    if matches!(unit.as_str(), "feet" | "drops" | "pack")
        && rest[0].num.as_ref().is_some_and(|n| n.is_small())
        && super::cells::starts_sentence(done)
    {
        return None;
    }
    if unit == "pack" {
        let years = norm(rest, q.used + 1).to_owned();
        if !matches!(years.as_str(), "year" | "years") {
            return None;
        }
        let number = amount(rest, q, "number.cardinal");
        let mut pack = joined(&mut rest[q.used..q.used + 2]);
        pack.write(format!("pack-{years}"), "number.unit");
        return Some((q.used + 2, vec![number, pack]));
    }
    let noun_follows = rest
        .get(q.used + 1)
        .is_some_and(|c| c.is_word() && c.num.is_none())
        && !counts::FUNCTION_WORDS.contains(&norm(rest, q.used + 1));
    let adjective = unit == "gauge"
        || (noun_follows && matches!(unit.as_str(), "pound" | "inch" | "foot" | "ounce"));
    if adjective {
        let mut whole = joined(&mut rest[..=q.used]);
        whole.write(format!("{}-{unit}", q.text), "number.unit");
        return Some((q.used + 1, vec![whole]));
    }
    Some((q.used, vec![amount(rest, q, "number.cardinal")]))
}

/// "37.8 C", "102.6 F": degrees only where the number is a temperature.
fn temperature(done: &[Cell], rest: &[Cell], q: &Quantity) -> Option<Found> {
    let value: f64 = q.text.parse().ok()?;
    let letter = rest.get(q.used)?.text();
    let written = match letter {
        "F" if (90.0..112.0).contains(&value) => "°F",
        "C" if (33.0..44.0).contains(&value) && (q.text.contains('.') || is_temperature(done)) => {
            "°C"
        }
        _ => return None,
    };
    Some(Found {
        written: written.into(),
        class: Class::Other,
        used: 1,
        singular: false,
    })
}

fn is_temperature(done: &[Cell]) -> bool {
    (1..=3).any(|k| matches!(back(done, k), "temperature" | "temp" | "fever" | "febrile"))
}

/// The cells of a quantity as one, in figures.
pub fn amount(rest: &mut [Cell], q: &Quantity, rule: &'static str) -> Cell {
    if let [cell] = &mut rest[..q.used] {
        let mut cell = std::mem::take(cell);
        cell.numeral_as(rule);
        return cell;
    }
    let mut cell = joined(&mut rest[..q.used]);
    cell.num = Some(super::cells::Num::spoken(q.text.clone()));
    cell.write(q.text.clone(), rule);
    cell
}

/// Cells left as they are, for a person to look at.
pub fn unclear(cells: &mut [Cell]) -> Vec<Cell> {
    cells
        .iter_mut()
        .map(|cell| {
            let mut cell = std::mem::take(cell);
            cell.unclear();
            cell
        })
        .collect()
}

/// Figures before a unit: no trailing zero on doses, commas from 10,000 on and before "units" from 1,000 on.
fn figures(text: &str, unit: &Found) -> String {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let fraction = fraction.map(|f| {
        if unit.class == Class::Dose
            && !unit.written.contains("/dL")
            && !unit.written.contains("/mL")
            && !unit.written.contains("/L")
        {
            f.trim_end_matches('0')
        } else {
            f
        }
    });
    let units = unit.written.contains("units") && unit.class == Class::Dose;
    let mut out = grouped(whole, if units { 4 } else { 5 });
    if let Some(fraction) = fraction.filter(|f| !f.is_empty()) {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Commas between thousands where there are at least `from` digits.
pub fn grouped(digits: &str, from: usize) -> String {
    if digits.len() < from || !digits.chars().all(|c| c.is_ascii_digit()) || digits.starts_with('0')
    {
        return digits.to_owned();
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::testing::check;

    #[test]
    fn units_are_written_as_the_dictionary_says() {
        let tsv = include_str!("../../../dictionaries/en/units.tsv");
        let curated = tsv
            .lines()
            .map(|l| l.split('\t').collect::<Vec<_>>())
            .filter(|c| c[3] == "curated");
        for columns in curated {
            let (said, written) = (columns[0], columns[1]);
            let stays_a_word =
                PLAIN.contains(&said.split(' ').next().unwrap()) && !said.starts_with("degrees ");
            if stays_a_word {
                continue;
            }
            let hour = written.replace("/h", "/hour");
            let (heard, want) = (
                format!("rate is seven {said} today"),
                format!("Rate is 7 {hour} today"),
            );
            check(&[(heard.as_str(), want.as_str())]);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn doses() {
        check(&[
            ("take five milligrams twice daily", "Take 5 mg twice daily"),
            ("take 10mg daily", "Take 10 mg daily"),
            ("Ten milligrams at night", "10 mg at night"),
            ("levothyroxine eighty eight micrograms each morning", "Levothyroxine 88 mcg each morning"),
            ("levothyroxine 88 mcg each morning", "Levothyroxine 88 mcg each morning"),
            ("digoxin zero point one two five milligrams", "Digoxin 0.125 mg"),
            ("digoxin point one two five milligrams", "Digoxin 0.125 mg"),
            ("digoxin .125 mg", "Digoxin 0.125 mg"),
            ("digoxin 0 .125 mg", "Digoxin 0.125 mg"),
            ("warfarin 5.0 mg tonight", "Warfarin 5 mg tonight"),
            ("warfarin 2.50mg tonight", "Warfarin 2.5 mg tonight"),
            ("potassium chloride forty milliequivalents by mouth", "Potassium chloride 40 mEq by mouth"),
            ("ceftriaxone two grams daily", "Ceftriaxone 2 g daily"),
            ("ceftriaxone 2g daily", "Ceftriaxone 2 g daily"),
            ("one hundred and fifty milligrams each morning", "150 mg each morning"),
            ("give one fifty milligrams now", "Give 150 mg now"),
            ("give one twenty five milligrams now", "Give 125 mg now"),
            ("insulin glargine twenty two units at bedtime", "Insulin glargine 22 units at bedtime"),
            ("heparin five thousand units subcutaneously", "Heparin 5,000 units subcutaneously"),
            ("heparin 5000 units subcutaneously", "Heparin 5,000 units subcutaneously"),
            ("metformin 1,000 mg daily", "Metformin 1000 mg daily"),
            ("nystatin one hundred thousand units", "Nystatin 100,000 units"),
            ("penicillin five million units then 2.5 million units", "Penicillin 5 million units then 2.5 million units"),
            ("cephalexin two hundred fifty milligrams per five milliliters", "Cephalexin 250 mg/5 mL"),
            ("cephalexin 250 mg per 5 ml", "Cephalexin 250 mg/5 mL"),
            ("one to two milligrams every four hours", "1 to 2 mg every 4 hours"),
            ("begin 0.4 mg. and continue", "Begin 0.4 mg and continue"),
            ("give five um milligrams", "Give 5 mg"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn measurements() {
        check(&[
            ("weight eighty four point six kilograms", "Weight 84.6 kg"),
            ("a 12-millimeter polyp", "A 12 mm polyp"),
            ("a six millimeter nodule", "A 6 mm nodule"),
            ("a mass of four by three by two centimeters", "A mass of 4 x 3 x 2 cm"),
            ("a mass of 4 by 3 cm", "A mass of 4 x 3 cm"),
            ("a two by three inch abrasion", "A 2 x 3-inch abrasion"),
            ("covered with four by four gauze", "Covered with 4 x 4 gauze"),
            ("flow of four liters per minute", "Flow of 4 L/min"),
            ("peak velocity four point two meters per second", "Peak velocity 4.2 m/s"),
            ("warfarin two and a half milligrams", "Warfarin 2.5 mg"),
            ("lorazepam half a milligram", "Lorazepam 0.5 mg"),
            ("lorazepam one half milligram at night", "Lorazepam 0.5 mg at night"),
            ("one and a half tablets", "One and a half tablets"),
            ("norepinephrine at point one mics per kilo per minute", "Norepinephrine at 0.1 mcg/kg/min"),
            ("potassium forty milli-equivalents", "Potassium 40 mEq"),
            ("potassium 40 milliequivalence by mouth", "Potassium 40 mEq by mouth"),
            ("take a five-milligram tablet", "Take a 5 mg tablet"),
            ("give 5-10mg now", "Give 5-10 mg now"),
            ("a 4x3cm mass", "A 4 x 3 cm mass"),
            ("a 1.2x0.8x0.6 cm nodule", "A 1.2 x 0.8 x 0.6 cm nodule"),
            ("covered with 4x4 gauze", "Covered with 4 x 4 gauze"),
            ("a 4x4 vehicle", "A 4x4 vehicle"),
            ("half percent Marcaine", "0.5% Marcaine"),
            ("half a liter of saline", "Half a liter of saline"),
            ("oxygen at two litres by nasal cannula", "Oxygen at 2 L by nasal cannula"),
            ("eighteen units per kilogram per hour", "18 units/kg/hour"),
            ("norepinephrine at five micrograms per minute", "Norepinephrine at 5 mcg/min"),
            ("glucose one hundred ten milligrams per deciliter", "Glucose 110 mg/dL"),
            ("glucose 5.0 mmol/l", "Glucose 5.0 mmol/L"),
            ("pressure of three hundred millimeters of mercury", "Pressure of 300 mmHg"),
            ("pressure of 300 mm hg", "Pressure of 300 mmHg"),
            ("volume is eighty five cubic centimeters", "Volume is 85 mL"),
            ("temperature thirty seven point eight Celsius", "Temperature 37.8 °C"),
            ("temperature 101.2 degrees Fahrenheit", "Temperature 101.2 °F"),
            ("temperature 101.2 F", "Temperature 101.2 °F"),
            ("temperature one oh two point six Fahrenheit", "Temperature 102.6 °F"),
            ("temperature 37, point 8 Celsius", "Temperature 37.8 °C"),
            ("saturation ninety six percent on room air", "Saturation 96% on room air"),
            ("saturation 96 % on room air", "Saturation 96% on room air"),
            ("fifty to sixty percent stenosis", "50 to 60% stenosis"),
            ("a twelve pound weight loss", "A 12-pound weight loss"),
            ("lost twelve pounds", "Lost 12 pounds"),
            ("a twenty two French catheter", "A 22 French catheter"),
            ("an eighteen gauge needle", "An 18-gauge needle"),
            ("smoker of thirty pack years", "Smoker of 30 pack-years"),
            ("flexion to ninety degrees", "Flexion to 90 degrees"),
            ("platelets one hundred fifty thousand", "Platelets 150,000"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_no_measure_stays() {
        check(&[
            ("the unit of measure is the gram", "The unit of measure is the gram"),
            ("two gram negative organisms grew", "Two gram negative organisms grew"),
            ("at this point five milligrams was given", "At this point 5 mg was given"),
            ("at one point two patients fell", "At one point two patients fell"),
            ("the gray matter of both hemispheres", "The gray matter of both hemispheres"),
            ("hemoglobin 12.0 g/dL", "Hemoglobin 12.0 g/dL"),
            ("a 2.0 cm lesion", "A 2.0 cm lesion"),
        ]);
    }

    #[test]
    fn commas_stand_between_thousands() {
        assert_eq!(grouped("1000", 5), "1000");
        assert_eq!(grouped("1000", 4), "1,000");
        assert_eq!(grouped("1250000", 5), "1,250,000");
        assert_eq!(grouped("0215", 4), "0215");
    }
}
