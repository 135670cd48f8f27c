//! Ages, times and counts; and which numbers of prose are figures at all.
//!
//! As in the reports of the house: ten and more are figures; under ten words ("two courses of prednisolone"), except
//! before times and measures ("2 weeks"), after grades, scores and laboratory values ("grade 1", "INR 2"), and in
//! company ("1 to 2 days"). "One" stays a word more often than not. A sentence does not begin with figures, unless it
//! begins with an age or a dose.

use super::cells::{Cell, back, heard_mark, joined, norm, num, pass, starts_sentence};
use super::ratios::near;
use super::read::{self, quantity};
use super::units::{self, amount, grouped};
use crate::text::token::Mark;

/// Laboratory values and vital signs: what follows is a value.
#[rustfmt::skip]
pub const VALUES: &[&str] = &[
    "pulse", "rate", "pressure", "pressures", "bp", "hr", "rr", "temperature", "temp", "saturation", "saturations",
    "sat", "sats", "spo2", "weight", "height", "bmi", "index", "glucose", "sugar", "sugars", "creatinine",
    "potassium", "sodium", "chloride", "bicarbonate", "calcium", "magnesium", "phosphorus", "phosphate",
    "hemoglobin", "haemoglobin", "hematocrit", "haematocrit", "platelets", "count", "inr", "lactate", "troponin",
    "bnp", "d-dimer", "tsh", "psa", "antigen", "cholesterol", "ldl", "hdl", "triglycerides", "a1c", "hba1c",
    "albumin", "bilirubin", "lipase", "amylase", "ferritin", "crp", "esr", "peep", "fio2", "pco2", "paco2", "po2",
    "pao2", "ph", "bicarb", "hco3", "wbc", "hgb", "hct", "mcv", "ast", "alt", "phosphatase", "acid",
    "procalcitonin", "ck", "ldh", "ammonia", "osmolality", "gap", "gradient", "velocity", "volume", "ef", "lvef",
    "nt-probnp", "ca-125", "afp", "cea", "hcg", "phq-9", "gad-7", "flexion", "extension", "abduction", "adduction",
    "rotation", "dorsiflexion", "pronation", "supination", "iop", "ofc", "auc", "axis", "qtc", "gfr", "egfr",
    "urea", "bun", "fraction", "iohexol", "iopamidol", "iodixanol", "omnipaque", "isovue", "visipaque", "protein",
    "lithium", "vancomycin", "trough",
];

/// Words behind which even a small number is figures.
#[rustfmt::skip]
const HEADS: &[&str] = &[
    "grade", "stage", "class", "type", "phase", "level", "cycle", "gravida", "para", "abortus", "score", "scores",
    "apgar", "apgars", "age", "aged", "size", "category", "bi-rads", "birads", "asa", "room", "bed", "ward", "zone",
    "segment", "step", "gcs", "phq-9", "gad-7", "mmse", "moca", "bishop", "station", "day", "week", "trial",
    "chapter", "mallampati", "fitzpatrick", "tanner", "ecog", "tier", "nihss", "scale", "pod", "karnofsky",
    "rankin", "pi-rads", "li-rads", "ti-rads", "lung-rads", "cha2ds2-vasc", "chads2", "abcd2", "curb-65", "ribs",
    "edss", "meld", "hasbled", "has-bled", "wells",
];

/// Words before a "day" that is counted.
const DAYS_OF: &[&str] = &[
    "hospital",
    "postoperative",
    "post-operative",
    "post-op",
    "postop",
    "operative",
    "on",
    "cycle",
    "admission",
    "illness",
];

/// Words that may stand between such a word and its number.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "of", "is", "was", "were", "are", "at", "about", "approximately", "around", "today", "now", "currently", "equals",
    "greater", "less", "than", "only", "just", "level", "levels", "number", "to", "up", "down", "from", "score", "roughly",
    "nearly", "over", "under", "below", "above", "measured", "stable",
];

/// Words that are no noun: behind a singular time they leave it alone.
#[rustfmt::skip]
pub const FUNCTION_WORDS: &[&str] = &[
    "of", "in", "on", "at", "to", "for", "from", "with", "without", "and", "or", "but", "is", "was", "were", "are", "has",
    "had", "have", "ago", "later", "after", "before", "prior", "post", "by", "per", "the", "a", "an", "this", "that",
    "who", "which", "he", "she", "it", "they", "his", "her", "if", "as", "when", "then", "since", "until", "during",
    "out", "into", "daily", "apart", "now", "today", "will", "can", "may", "should", "so", "because", "while", "not",
    "no", "x", "old", "mark", "each", "every", "and/or", "earlier", "above", "below", "via", "tall", "long", "wide",
    "deep", "thick",
];

/// The word of `words` that the number after `done` belongs to: "score of", "D-dimer greater than", "pulse".
pub fn head<'a>(done: &'a [Cell], words: &[&str]) -> Option<&'a str> {
    for (k, cell) in done.iter().rev().take(5).enumerate() {
        let word = cell.norm.as_str();
        if words.contains(&word) && cell.num.is_none() {
            return Some(word);
        }
        // "D-dimer, greater than".
        if cell
            .mark()
            .is_some_and(|(mark, _)| mark == Mark::Colon || (mark == Mark::Comma && k > 0))
        {
            continue;
        }
        if !LINKS.contains(&word) {
            return None;
        }
    }
    None
}

/// A time: "week", "weeks".
pub fn is_time(word: &str) -> bool {
    is_one_time(word)
        || matches!(
            word,
            "seconds" | "minutes" | "hours" | "days" | "weeks" | "months" | "years" | "nights"
        )
}

/// A time in the singular. "Second" is an ordinal as often.
fn is_one_time(word: &str) -> bool {
    matches!(word, "minute" | "hour" | "day" | "week" | "month" | "year")
}

/// Pass: what no other rule has settled.
pub fn prose(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |done, rest| {
        if rest[0].is_written() || rest[0].is_unclear() || !rest[0].is_word() {
            return None;
        }
        if rest[0].num.is_some()
            && let Some(found) = adjective(done, rest).or_else(|| small_again(rest))
        {
            return Some(found);
        }
        if rest[0].num.is_none() {
            return hyphened_age(rest)
                .or_else(|| pack_years(rest))
                .or_else(|| hyphened_time(done, rest))
                .or_else(|| times_three(done, rest));
        }
        age(rest)
            .or_else(|| fraction(rest))
            .or_else(|| split(done, rest))
            .or_else(|| timed(done, rest))
            .or_else(|| side_by_side(rest))
            .or_else(|| value(done, rest))
            .or_else(|| plain(done, rest))
    })
}

/// "sixty eight year old", "68 year old": 68-year-old. "68 years old" keeps its words.
fn age(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let q = quantity(rest)?;
    let (unit, ends) = match (norm(rest, q.used), norm(rest, q.used + 1)) {
        (unit, "old") if is_one_time(unit) => (unit, q.used + 2),
        (unit, "olds") if is_one_time(unit) => (unit, q.used + 2),
        (unit, "old") if is_time(unit) => {
            return Some((q.used, vec![amount(rest, &q, "number.age")]));
        }
        (word, _) => {
            let unit = word.strip_suffix("-old")?;
            (unit, q.used + 1)
        }
    };
    if !is_one_time(unit) {
        return None;
    }
    let plural = if norm(rest, ends - 1) == "olds" {
        "s"
    } else {
        ""
    };
    let text = format!("{}-{unit}-old{plural}", q.text);
    let mut cell = joined(&mut rest[..ends]);
    cell.num = None;
    cell.write(text, "number.age");
    Some((ends, vec![cell]))
}

/// "four-year-old", "68-year old", "sixty-eight-year-old".
fn hyphened_age(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let word = rest[0].norm.as_str();
    let (body, used) = match word.strip_suffix("-old") {
        Some(body) => (body, 1),
        None if norm(rest, 1) == "old" => (word, 2),
        None => return None,
    };
    let (number, unit) = body
        .rsplit_once('-')
        .filter(|(_, unit)| is_one_time(unit))?;
    let figures = match number.parse::<u32>() {
        Ok(n) => n.to_string(),
        Err(_) => read::word(number)?.to_string(),
    };
    let text = format!("{figures}-{unit}-old");
    let mut cell = joined(&mut rest[..used]);
    cell.write(text, "number.age");
    Some((used, vec![cell]))
}

/// "twelve lead electrocardiogram", "ten point review of systems": 12-lead, 10-point.
fn adjective(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0)?.whole().filter(|n| (10..100).contains(n))?;
    let fits = match norm(rest, 1) {
        "lead" => matches!(
            norm(rest, 2),
            "ecg" | "ekg" | "electrocardiogram" | "electrocardiography" | "tracing"
        ),
        "point" => matches!(norm(rest, 2), "review" | "ros" | "system" | "systems"),
        _ => false,
    };
    fits.then_some(())?;
    let number = match starts_sentence(done) {
        true => read::spelled(n)?,
        false => n.to_string(),
    };
    let text = format!("{number}-{}", norm(rest, 1));
    let mut cell = joined(&mut rest[..2]);
    cell.num = None;
    cell.write(text, "number.name");
    Some((2, vec![cell]))
}

/// The engine's "3 times a day" and "2 puffs", as they are written when they are heard in words.
fn small_again(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0)
        .filter(|n| !n.spoken)?
        .whole()
        .filter(|n| (2..10).contains(n))?;
    let taken = read::often(rest, 1) || norm(rest, 1) == "puffs";
    let text = read::spelled(n).filter(|_| taken)?;
    let mut cell = joined(&mut rest[..1]);
    cell.write(text, "number.spelled");
    Some((1, vec![cell]))
}

/// The engine's "30-pack years".
fn pack_years(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let number = rest[0].norm.strip_suffix("-pack")?;
    let years = norm(rest, 1);
    if !matches!(years, "year" | "years") || !number.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let text = format!("{number} pack-{years}");
    let mut cell = joined(&mut rest[..2]);
    cell.write(text, "number.unit");
    Some((2, vec![cell]))
}

/// "oriented times three": x3.
fn times_three(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    if norm(rest, 0) != "times" {
        return None;
    }
    let n = num(rest, 1)?.whole().filter(|n| (1..=12).contains(n))?;
    // "Blood cultures times two", "vomiting times three days"; "at times two people" and "many times two" count nothing.
    #[rustfmt::skip]
    const SEVERAL: &[&str] = &[
        "", "at", "many", "several", "some", "few", "all", "other", "these", "those", "such", "of", "both", "the", "most",
        "multiple", "numerous", "hard", "good", "bad", "different", "more", "a", "five", "by", "is", "was",
    ];
    let ends = rest.get(2).is_none_or(|c| {
        !c.is_word() || is_time(&c.norm) || matches!(c.norm.as_str(), "and" | "with" | "in" | "on")
    });
    let counted =
        ends && !SEVERAL.contains(&back(done, 1)) && done.last().is_some_and(|c| c.num.is_none());
    if !near(done, 4, &["oriented"]) && !counted {
        return None;
    }
    let mut cell = joined(&mut rest[..2]);
    cell.num = None;
    cell.write(format!("x{n}"), "number.times");
    Some((2, vec![cell]))
}

/// "two thirds of the stomach".
fn fraction(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0).filter(|n| n.is_small())?.value;
    let part = norm(rest, 1).to_owned();
    let fits = match part.as_str() {
        "half" | "third" | "quarter" | "fourth" | "fifth" => n == 1.0,
        "thirds" | "quarters" | "fourths" | "fifths" => n > 1.0,
        _ => false,
    };
    if !fits || norm(rest, 2) != "of" {
        return None;
    }
    let text = format!("{}-{part}", rest[0].text());
    let mut cell = joined(&mut rest[..2]);
    cell.num = None;
    cell.write(text, "number.fraction");
    Some((2, vec![cell]))
}

/// "of 2. 1.1 litres", "of 2. 5 mg": no sentence ends behind "of". What was said is not certain.
fn split(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let leads_on = matches!(back(done, 1), "of" | "is" | "was" | "at" | "to" | "than");
    let figures = num(rest, 2).is_some_and(|n| !n.ordinal && !n.percent);
    let measured = rest.get(3..).is_some_and(units::begins_unit)
        || rest.get(3).is_some_and(|c| c.rule() == "number.unit");
    if !leads_on || heard_mark(rest, 1) != Some(Mark::Period) || !figures || !measured {
        return None;
    }
    Some((1, units::unclear(&mut rest[..1])))
}

/// Numbers before times: "two weeks", "two to three weeks", "a three week history".
fn timed(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let q = quantity(rest)?;
    let first = &rest[0];
    let small_one = first
        .num
        .as_ref()
        .is_some_and(|n| n.is_small() && n.value == 1.0);
    let spoken = first.num.as_ref().is_some_and(|n| n.spoken);
    let next = norm(rest, q.used);
    let sentence = starts_sentence(done);
    if matches!(next, "to" | "or" | "and" | "through") {
        let second = rest.get(q.used + 1..).and_then(quantity)?;
        let unit = norm(rest, q.used + 1 + second.used);
        let partner_is_figures = num(rest, q.used + 1)
            .is_some_and(|n| n.whole().is_some_and(|n| n >= 10))
            && next != "and"
            || matches!(next, "to" | "or") && num(rest, q.used + 1).is_some_and(|n| n.compound);
        if sentence && spoken
            || !(is_time(unit) || matches!(unit, "doses" | "fractions") || partner_is_figures)
        {
            return None;
        }
        return Some((q.used, vec![amount(rest, &q, "number.range")]));
    }
    if !(is_time(next) || matches!(next, "doses" | "trimesters" | "fractions")) {
        return None;
    }
    if spoken && sentence {
        return first_of_sentence(rest, q.used);
    }
    // The second number of a range goes with the first.
    let first_of_range = (done.len() >= 2
        && matches!(back(done, 1), "to" | "or" | "and" | "through"))
    .then(|| &done[done.len() - 2])
    .filter(|c| c.num.is_some());
    let in_range = first_of_range.is_some_and(|c| c.rule() == "number.range");
    if spoken && first_of_range.is_some_and(|c| !c.is_written()) {
        return None;
    }
    if small_one && !in_range {
        return None;
    }
    let noun = rest.get(q.used + 1).is_some_and(|c| {
        c.is_word() && c.num.is_none() && !FUNCTION_WORDS.contains(&c.norm.as_str())
    });
    if is_one_time(next)
        && noun
        && rest[..q.used]
            .iter()
            .all(|c| c.num.as_ref().is_some_and(|n| !n.compound))
        && !in_range
    {
        let text = format!("{}-{next}", q.text);
        let mut cell = joined(&mut rest[..=q.used]);
        cell.num = None;
        cell.write(text, "number.time_span");
        return Some((q.used + 1, vec![cell]));
    }
    Some((q.used, vec![amount(rest, &q, "number.time_span")]))
}

/// "Three day history": Three-day history.
fn first_of_sentence(rest: &mut [Cell], used: usize) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 0)?.whole().filter(|_| used == 1)?;
    let unit = norm(rest, 1).to_owned();
    let noun = rest.get(2).is_some_and(|c| {
        c.is_word() && c.num.is_none() && !FUNCTION_WORDS.contains(&c.norm.as_str())
    });
    let text = format!("{}-{unit}", read::spelled(n)?);
    if !is_one_time(&unit) || !noun {
        return None;
    }
    let mut cell = joined(&mut rest[..2]);
    cell.num = None;
    cell.write(text, "number.time_span");
    Some((2, vec![cell]))
}

/// The engine's "two-week", as "two week" is written.
fn hyphened_time(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let (number, unit) = rest[0]
        .norm
        .rsplit_once('-')
        .filter(|(_, unit)| is_one_time(unit))?;
    let n = read::word(number).filter(|n| *n > 1)?;
    if starts_sentence(done) || behind_spelled(done) {
        return None;
    }
    let text = format!("{n}-{unit}");
    let mut cell = joined(&mut rest[..1]);
    cell.write(text, "number.time_span");
    Some((1, vec![cell]))
}

/// Whether a range began with a number in letters: "four to five-month" has both alike.
fn behind_spelled(done: &[Cell]) -> bool {
    let [.., from, to] = done else { return false };
    matches!(to.norm.as_str(), "to" | "or") && from.num.is_some() && !from.is_written()
}

/// Two numbers that nothing divides and no rule could read: a person has to say what they are.
fn side_by_side(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let open = |c: &Cell| {
        !c.is_written()
            && c.num
                .as_ref()
                .is_some_and(|n| !n.ordinal && !n.compound && !n.percent)
    };
    let run = rest.iter().take_while(|c| open(c)).count();
    if run < 2 {
        return None;
    }
    // "Gabapentin 300 3 times a day": both are clear.
    let small = num(rest, 1).is_some_and(|n| n.value < 10.0);
    let large = num(rest, 0).is_some_and(|n| !n.spoken && n.value >= 10.0);
    if run == 2 && small && large && read::is_taken(rest, 2) {
        let mut cell = std::mem::take(&mut rest[0]);
        cell.numeral_as("number.cardinal");
        return Some((1, vec![cell]));
    }
    // "In 2019 12 patients": the engine's years are clear.
    let year = rest[0]
        .num
        .as_ref()
        .is_some_and(|n| !n.spoken && (1900.0..2100.0).contains(&n.value));
    // "Two 18 gauge needles" were measured before; "two fourteen" is open.
    (!year).then(|| (run, units::unclear(&mut rest[..run])))
}

/// Behind a grade, a score, a vital sign.
fn value(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let number = rest[0].num.as_ref().filter(|n| !n.ordinal)?;
    // "One of"; and "oh" alone is no value.
    // "Type one of"; "day three of antibiotics" is a value.
    let first_of = norm(rest, 1) == "of" && number.is_small() && number.value == 1.0;
    if (first_of && !near(done, 1, &["day", "week", "cycle"])) || rest[0].norm == "oh" {
        return None;
    }
    let of_value = head(done, VALUES);
    if matches!(of_value, Some("pressure" | "bp"))
        && !number.spoken
        && number.whole().is_some_and(|n| n > 300)
    {
        return Some((1, units::unclear(&mut rest[..1])));
    }
    let company = done.len() >= 2
        && matches!(back(done, 1), "and" | "or" | "to" | "through")
        && done[done.len() - 2].rule() == "number.value"
        && (matches!(
            back(done, 3),
            "type" | "types" | "grade" | "grades" | "stage" | "class" | "phase" | "ribs"
        ) || !rest
            .get(1)
            .is_some_and(|c| c.is_word() && !FUNCTION_WORDS.contains(&c.norm.as_str())));
    let headed = match head(done, HEADS) {
        // "Twice a day two tablets."
        Some("day" | "week") => {
            near(done, 4, DAYS_OF)
                || norm(rest, 1) == "of"
                || starts_sentence(&done[..done.len() - 1])
        }
        head => head.is_some(),
    };
    if of_value.is_none() && !headed && !company {
        return None;
    }
    // "Level two units": the head's number is not the next thing's.
    let thing = number.is_small()
        && rest.get(1).is_some_and(|c| {
            matches!(
                c.norm.as_str(),
                "days" | "weeks" | "hours" | "months" | "years" | "patients" | "people"
            ) || read::is_taken(rest, 1)
        });
    if thing {
        return None;
    }
    let percent = if number.percent { "%" } else { "" };
    let text = match number.whole() {
        Some(_) => grouped(&number.text, 5),
        None => format!("{}{percent}", number.text),
    };
    let heard_long = !number.spoken && number.text.len() > 4 && !rest[0].text().contains(',');
    let mut cell = joined(&mut rest[..1]);
    if heard_long {
        // A figure that the engine wrote without commas may be a record number.
        cell.numeral_as("number.value");
    } else {
        cell.write(text, "number.value");
    }
    Some((1, vec![cell]))
}

/// Any other number.
fn plain(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let number = rest[0].num.as_ref()?;
    if number.ordinal {
        let percentile = norm(rest, 1) == "percentile";
        let long = number.value >= 10.0 || number.text.len() > 3;
        if !number.spoken || !(long || percentile) {
            return None;
        }
        if starts_sentence(done) {
            return spelled_out(rest);
        }
        let mut cell = joined(&mut rest[..1]);
        cell.numeral_as("number.ordinal");
        return Some((1, vec![cell]));
    }
    if !number.spoken {
        // The engine's ".5".
        let bare = rest[0].text().starts_with('.')
            && !matches!(norm(rest, 1), "caliber" | "calibre" | "cal");
        return bare.then(|| {
            let mut cell = joined(&mut rest[..1]);
            cell.numeral_as("number.decimal");
            (1, vec![cell])
        });
    }
    let text = match number.whole() {
        Some(n) if n < 10 => return None,
        Some(_) => grouped(&number.text, 5),
        None => number.text.clone(),
    };
    // "Twelve patients were seen": a sentence does not begin with figures.
    if starts_sentence(done) && rest.get(1).is_some_and(Cell::is_word) {
        return spelled_out(rest);
    }
    let mut cell = joined(&mut rest[..1]);
    cell.write(text, "number.cardinal");
    Some((1, vec![cell]))
}

/// "Fifty five patients": Fifty-five.
fn spelled_out(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let number = rest[0].num.as_ref()?;
    let n = number
        .text
        .trim_end_matches(|c: char| c.is_alphabetic())
        .parse()
        .ok()?;
    let text = match number.ordinal {
        true => read::spelled_ordinal(n),
        false => read::spelled(n),
    }?;
    // "Twelve" stands there already.
    if !text.contains('-') {
        return None;
    }
    let mut cell = joined(&mut rest[..1]);
    cell.write(text, "number.spelled");
    Some((1, vec![cell]))
}

#[cfg(test)]
mod tests {
    use crate::text::testing::{check, unclear};

    #[test]
    #[rustfmt::skip]
    fn ages() {
        check(&[
            ("a sixty eight year old man", "A 68-year-old man"),
            ("a 68-year old man", "A 68-year-old man"),
            ("a 68 year old man", "A 68-year-old man"),
            ("fifty four year old woman", "54-year-old woman"),
            ("a four-year-old boy", "A 4-year-old boy"),
            ("a six week old infant", "A 6-week-old infant"),
            ("she is one hundred and two years old", "She is 102 years old"),
            ("he is seven years old", "He is 7 years old"),
            ("a seventy-one-year-old engineer", "A 71-year-old engineer"),
            ("a son aged four", "A son aged 4"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn times() {
        check(&[
            ("return in six weeks", "Return in 6 weeks"),
            ("two to three weeks of rest", "Two to three weeks of rest"),
            ("rest for two to three weeks", "Rest for 2 to 3 weeks"),
            ("every four to six hours as needed", "Every 4 to 6 hours as needed"),
            ("pain for two or three days", "Pain for 2 or 3 days"),
            ("a three week history of cough", "A 3-week history of cough"),
            ("a 24 hour urine collection", "A 24-hour urine collection"),
            ("a six minute walk test", "A 6-minute walk test"),
            ("he must not drive for one month", "He must not drive for one month"),
            ("rest for one to two weeks", "Rest for 1 to 2 weeks"),
            ("at thirty nine weeks and two days", "At 39 weeks and 2 days"),
            ("given every four hours for three doses", "Given every 4 hours for 3 doses"),
            ("Apgar scores eight and nine", "Apgar scores 8 and 9"),
            ("at one and five minutes", "At 1 and 5 minutes"),
            ("critical care time fifty five minutes", "Critical care time 55 minutes"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn prose_keeps_its_small_numbers() {
        check(&[
            ("two courses of prednisolone", "Two courses of prednisolone"),
            ("cough three times a week", "Cough three times a week"),
            ("one of the polyps and no one else", "One of the polyps and no one else"),
            ("three colonic polyps", "Three colonic polyps"),
            ("two small foci", "Two small foci"),
            ("the first and the second toe", "The first and the second toe"),
            ("a second degree laceration", "A second degree laceration"),
            ("two puffs twice daily", "Two puffs twice daily"),
            ("take 2 puffs 3 times a day", "Take two puffs three times a day"),
            ("gabapentin 300 3 times a day", "Gabapentin 300 three times a day"),
            ("fifty fifth percentile for weight", "Fifty-fifth percentile for weight"),
            ("in the fifty fifth percentile", "In the 55th percentile"),
            ("in the fifth percentile", "In the 5th percentile"),
            ("twelve patients were seen", "Twelve patients were seen"),
            ("forty two patients were seen", "Forty-two patients were seen"),
            ("three day history of fever", "Three-day history of fever"),
            ("a two-week history of cough", "A 2-week history of cough"),
            ("after four to five-month trials", "After four to five-month trials"),
            ("fifty gray in twenty five fractions or five fractions", "50 Gy in 25 fractions or 5 fractions"),
            ("we saw twelve patients", "We saw 12 patients"),
            ("two thirds of the stomach", "Two-thirds of the stomach"),
            ("alert and oriented times three", "Alert and oriented x3"),
            ("blood cultures times two were sent", "Blood cultures times two were sent"),
            ("blood cultures times two period", "Blood cultures x2."),
            ("vomiting times three days period", "Vomiting x3 days."),
            ("at times two people lifted him", "At times two people lifted him"),
            ("a twelve lead EKG", "A 12-lead EKG"),
            ("a ten point review of systems", "A 10-point review of systems"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn values_and_heads() {
        check(&[
            ("gravida three para one", "Gravida 3 para 1"),
            ("a score of five", "A score of 5"),
            ("INR of two", "INR of 2"),
            ("postoperative day one", "Postoperative day 1"),
            ("day seven of ten of ceftriaxone", "Day 7 of 10 of ceftriaxone"),
            ("cycle four day one of chemotherapy", "Cycle 4 day 1 of chemotherapy"),
            ("folic acid two tablets daily", "Folic acid two tablets daily"),
            ("carboplatin AUC of six", "Carboplatin AUC of 6"),
            ("on day three of antibiotics", "On day 3 of antibiotics"),
            ("NIH stroke scale of six", "NIH stroke scale of 6"),
            ("type one and two diabetes", "Type 1 and 2 diabetes"),
            ("ribs five through eight", "Ribs 5 through 8"),
            ("knee flexion to one ten", "Knee flexion to 110"),
            ("troponin less than point oh four", "Troponin less than 0.04"),
            ("the type one of them had", "The type one of them had"),
            ("Glasgow coma score fifteen", "Glasgow coma score 15"),
            ("D-dimer greater than 5,000 today", "D-dimer greater than 5000 today"),
            ("smoker of 30-pack years", "Smoker of 30 pack-years"),
            ("she drinks two drinks weekly", "She drinks 2 drinks weekly"),
            ("about 5,000 people", "About 5,000 people"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_has_two_readings_stays_and_is_pointed_at() {
        for (said, text, heard) in [
            ("give one twenty four of them", "Give one twenty four of them", vec!["one twenty four"]),
            ("valsartin 4951 milligrams", "Valsartin 49/51 mg", vec!["4951"]),
            ("two fifty milligram tablets", "Two fifty mg tablets", vec!["two fifty"]),
            ("metoprolol twenty two times daily", "Metoprolol twenty two times daily", vec!["twenty two"]),
            ("take one eighty one daily", "Take one eighty one daily", vec!["one eighty one"]),
            ("one eighty one milligram aspirin", "One eighty one mg aspirin", vec!["one eighty one"]),
            ("give 1 25 mg now", "Give 1 25 mg now", vec!["1 25"]),
            ("give forty nine fifty two milligrams", "Give forty nine fifty two mg", vec!["forty nine fifty two"]),
            ("blood pressure 13884 today", "Blood pressure 13884 today", vec!["13884"]),
            ("an FEV1 of 2. 1.1 litres", "An FEV1 of 2. 1.1 L", vec!["2."]),
            ("pulse 72 and regular", "Pulse 72 and regular", vec![]),
        ] {
            let (got, findings) = unclear(said);
            assert_eq!(got, text, "{said}");
            let findings: Vec<String> = findings.into_iter().map(|f| f.heard.to_lowercase()).collect();
            let heard: Vec<String> = heard.into_iter().map(str::to_lowercase).collect();
            assert_eq!(findings, heard, "{said}");
        }
    }
}
