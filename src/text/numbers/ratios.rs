//! Two numbers that belong together: blood pressures, scores, strengths of combined drugs, visual acuity; and the
//! hundred that speakers leave out after a vital sign.

use super::cells::{Cell, Num, heard_mark, joined, norm, num, pass};
use super::counts::{self, is_time};
use super::read::{Quantity, quantity};
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
    ("200", "6"), ("400", "12"), ("115", "21"), ("230", "21"), ("150", "12.5"), ("300", "12.5"), ("40", "12.5"),
];

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

/// Pass: ratios.
pub fn ratios(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |done, rest| {
        match rest[0].norm.as_str() {
            "minus" | "plus" if rest[0].num.is_none() => return signed(done, rest),
            _ => {}
        }
        rest[0].num.as_ref()?;
        let found = digits_one_by_one(done, rest)
            .or_else(|| split_vital(done, rest))
            .or_else(|| over(done, rest))
            .or_else(|| out_of(rest))
            .or_else(|| combined(done, rest))
            .or_else(|| glued(done, rest))
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
    let at = first.used;
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
        format!("{}/{}", first.text, second.text),
        "number.ratio",
    )
}

/// "forty nine fifty one milligrams".
fn combined(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    // The hundred that is left out may belong to either: "five three twenty five", "eight hundred one sixty".
    let (first, used, second) = (1..=2).find_map(|split| {
        let first = if split == 1 {
            num(rest, 0)?.text.clone()
        } else {
            quantity(rest).filter(|q| q.used == split)?.text
        };
        let second = rest.get(split..).and_then(quantity)?;
        let used = split + second.used;
        let known = PAIRS.contains(&(first.as_str(), second.text.as_str()));
        (known && units::begins_dose(rest.get(used..)?)).then_some((first, used, second))
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

/// "vision twenty twenty", "acuity is twenty forty".
fn acuity(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = num(rest, 0)?.whole().filter(|n| *n == 20)?;
    let second = rest.get(1..).and_then(quantity)?;
    let value: u32 = second.text.parse().ok()?;
    (near(done, 5, &["vision", "acuity", "snellen"]) && (10..=800).contains(&value))
        .then_some(())?;
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
    if num(rest, q.used).is_some()
        || units::begins_unit(&rest[q.used..])
        || is_time(norm(rest, q.used))
    {
        return None;
    }
    counts::head(done, counts::VALUES)?;
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
    let long = single && used >= 6;
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
            ("sacubitril valsartan forty nine fifty one milligrams twice daily", "Sacubitril valsartan 49/51 mg twice daily"),
            ("sacubitril valsartan 4951 milligrams twice daily", "Sacubitril valsartan 49/51 mg twice daily"),
            ("entresto ninety seven one oh three milligrams", "Entresto 97/103 mg"),
            ("hydrocodone acetaminophen five three twenty five milligrams", "Hydrocodone acetaminophen 5/325 mg"),
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
    fn digits_said_one_by_one() {
        check(&[
            ("he has the nine eight eight crisis line number", "He has the 988 crisis line number"),
            ("medical record number four five eight eight", "Medical record number 4588"),
            ("MRN seven seven oh two one", "MRN 77021"),
            ("phone number five five five oh one nine nine", "Phone number 555-0199"),
            ("telephone two one two five five five oh one four two", "Telephone 212-555-0142"),
            ("account number forty five eighty eight twelve", "Account number 458812"),
        ]);
    }
}
