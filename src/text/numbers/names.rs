//! Names that have a number in them: laboratory values, scales, vertebrae, classes and stages, sutures.

use super::cells::{Cell, Num, back, cut, heard_mark, joined, norm, num, pass, starts_sentence};
use super::counts::is_time;
use super::ratios::near;
use super::units;
use crate::text::token::{Mark, Origin};

/// How freely the parts of a name may stand apart.
#[derive(Clone, Copy, PartialEq)]
enum Apart {
    /// Its letters are no word: "phq nine".
    Free,
    /// Its letters must be capitals: "her two children", "HER two".
    Capitals,
    /// Only in one word: "O 2 units" is blood.
    Never,
}

/// Letters and digits of a name as they are said, in small letters without anything between, and the name.
#[rustfmt::skip]
const NAMES: &[(&str, &str, Apart)] = &[
    ("a1c", "A1c", Apart::Free), ("hba1c", "HbA1c", Apart::Free), ("hgba1c", "HbA1c", Apart::Free),
    ("phq9", "PHQ-9", Apart::Free), ("phq2", "PHQ-2", Apart::Free), ("gad7", "GAD-7", Apart::Free),
    ("fev1", "FEV1", Apart::Free), ("fev6", "FEV6", Apart::Free), ("s1q3t3", "S1Q3T3", Apart::Free),
    ("ca125", "CA-125", Apart::Capitals), ("ca199", "CA 19-9", Apart::Capitals), ("ca153", "CA 15-3", Apart::Capitals),
    ("abcd2", "ABCD2", Apart::Free), ("chads2", "CHADS2", Apart::Free), ("cha2ds2", "CHA2DS2", Apart::Free),
    ("cha2ds2vasc", "CHA2DS2-VASc", Apart::Free), ("chads2vasc", "CHA2DS2-VASc", Apart::Free),
    ("h1n1", "H1N1", Apart::Free), ("covid19", "COVID-19", Apart::Free), ("her2", "HER2", Apart::Capitals),
    ("ki67", "Ki-67", Apart::Free), ("cd4", "CD4", Apart::Free), ("cd8", "CD8", Apart::Free), ("cd20", "CD20", Apart::Capitals),
    ("brca1", "BRCA1", Apart::Free), ("brca2", "BRCA2", Apart::Free), ("il6", "IL-6", Apart::Capitals),
    ("spo2", "SpO2", Apart::Free), ("sao2", "SaO2", Apart::Free), ("pao2", "PaO2", Apart::Free), ("paco2", "PaCO2", Apart::Free),
    ("fio2", "FiO2", Apart::Free), ("pco2", "pCO2", Apart::Free), ("po2", "pO2", Apart::Never), ("co2", "CO2", Apart::Capitals),
    ("o2", "O2", Apart::Never), ("ft4", "FT4", Apart::Capitals), ("ft3", "FT3", Apart::Capitals), ("g6pd", "G6PD", Apart::Free),
    ("p2y12", "P2Y12", Apart::Free), ("d5w", "D5W", Apart::Free), ("hpv16", "HPV 16", Apart::Capitals),
    ("ddimer", "D-dimer", Apart::Free), ("ige", "IgE", Apart::Free), ("igg", "IgG", Apart::Free), ("igm", "IgM", Apart::Free),
    ("iga", "IgA", Apart::Free), ("egfr", "eGFR", Apart::Free), ("ntprobnp", "NT-proBNP", Apart::Free),
    ("ki-67", "Ki-67", Apart::Free), ("icd10", "ICD-10", Apart::Free), ("pirads", "PI-RADS", Apart::Free),
    ("birads", "BI-RADS", Apart::Free), ("lirads", "LI-RADS", Apart::Free), ("tirads", "TI-RADS", Apart::Free),
    ("lungrads", "Lung-RADS", Apart::Free), ("chadsvasc", "CHA2DS2-VASc", Apart::Free), ("curb65", "CURB-65", Apart::Free),
    ("b12", "B12", Apart::Capitals), ("d5", "D5", Apart::Never), ("hscrp", "hs-CRP", Apart::Free),
    ("h2blocker", "H2 blocker", Apart::Free), ("h2blockers", "H2 blockers", Apart::Free),
];

/// Laboratory values and vital signs that the engine glues to their number: "GFR82", "BNP410".
#[rustfmt::skip]
const GLUED: &[&str] = &[
    "GFR", "EGFR", "BNP", "INR", "LDL", "HDL", "TSH", "CRP", "ESR", "WBC", "HGB", "HCT", "PSA", "BMI", "BP", "HR",
    "RR", "EF", "LVEF", "BUN", "AST", "ALT", "ALP", "GGT", "LDH", "CK", "PLT", "MCV", "FVC", "FEV1", "A1C", "HBA1C",
    "AFP", "CEA", "HCG", "FSH", "PH", "PTT", "PT", "SPO2", "MMSE", "MOCA", "GCS", "AHI", "PVR",
];

/// Words whose letter is part of their own name: "vitamin C 500", "hepatitis C two years ago".
#[rustfmt::skip]
const LETTERED: &[&str] = &[
    "vitamin", "hepatitis", "hep", "group", "type", "protein", "class", "plan", "factor", "child-pugh", "pugh",
    "influenza", "level", "option", "ward", "stage", "grade", "part",
];

/// Pass: cuts apart what the engine glued: "GFR82", "A1C7.2%", "L4L5", "I0.12", "G5" before "million".
pub fn unglue(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |_, rest| {
        let cell = &rest[0];
        let text = cell.text();
        if !cell.is_word()
            || !text.is_ascii()
            || !text.starts_with(|c: char| c.is_ascii_uppercase())
        {
            return None;
        }
        if !text.ends_with(|c: char| c.is_ascii_digit() || c == '%') {
            return None;
        }
        let at = glued_at(text, norm(rest, 1))?;
        // "L4L2" is no disc and stays as it is.
        let touch = text[at..].starts_with(|c: char| c.is_ascii_uppercase());
        Some((1, cut(&mut rest[0], &[at], touch)))
    })
}

fn glued_at(text: &str, next: &str) -> Option<usize> {
    let digits = |s: &str| {
        let s = s.strip_suffix('%').unwrap_or(s);
        !s.is_empty()
            && s.starts_with(|c: char| c.is_ascii_digit())
            && s.ends_with(|c: char| c.is_ascii_digit())
            && s.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    // "A1C7.2%": the longest name that leaves a number.
    if let Some(name) = GLUED
        .iter()
        .filter(|n| {
            text.len() > n.len()
                && text[..n.len()].eq_ignore_ascii_case(n)
                && digits(&text[n.len()..])
        })
        .max_by_key(|n| n.len())
    {
        return Some(name.len());
    }
    let letters = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let (head, tail) = text.split_at(letters);
    // "L4L5"
    if head.len() == 1
        && let Some(second) = tail.find(|c: char| c.is_ascii_alphabetic())
        && level(&text[..letters + second]).is_some()
        && level(&tail[second..]).is_some()
    {
        return Some(letters + second);
    }
    let decimal = tail.contains('.') && digits(tail);
    ((decimal && head.len() <= 4) || (head.len() == 1 && digits(tail) && next == "million"))
        .then_some(letters)
}

/// Pass: names.
pub fn names(cells: Vec<Cell>) -> Vec<Cell> {
    pass(cells, |done, rest| {
        let cell = &rest[0];
        if !cell.is_word() || cell.is_written() {
            return None;
        }
        if cell.num.is_some() {
            return suture(done, rest)
                .or_else(|| shaped(rest))
                .or_else(|| roman(done, rest))
                .or_else(|| arabic(done, rest));
        }
        if cell.norm.len() > 12 {
            return None;
        }
        tnm(rest)
            .or_else(|| obstetric(rest))
            .or_else(|| lead(done, rest))
            .or_else(|| table(done, rest))
            .or_else(|| vertebra(done, rest))
            .or_else(|| letters(done, rest))
            .or_else(|| suture(done, rest))
            .or_else(|| roman(done, rest))
            .or_else(|| arabic(done, rest))
            .or_else(|| shaped(rest))
    })
}

/// What a cell adds to a name: its letters, or its figures.
fn piece(cell: &Cell) -> Option<(String, bool)> {
    if !cell.is_word() || cell.is_written() {
        return None;
    }
    if let Some(n) = &cell.num {
        return n.whole().map(|n| (n.to_string(), true));
    }
    let text: String = cell
        .norm
        .chars()
        .filter(|c| !matches!(c, '-' | '.'))
        .collect();
    (text.len() <= 7 && text.chars().all(|c| c.is_ascii_alphanumeric())).then_some((text, false))
}

fn table(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let (first, _) = piece(&rest[0])?;
    let begins = |key: &str| NAMES.iter().any(|(k, _, _)| k.starts_with(key));
    if !begins(&first) {
        return None;
    }
    let capitals = |c: &Cell| c.num.is_some() || c.text().chars().all(|c| !c.is_lowercase());
    let mut key = String::new();
    let mut shouted = true;
    let mut best = None;
    for (i, cell) in rest.iter().enumerate().take(8) {
        let Some((text, _)) = piece(cell) else { break };
        key.push_str(&text);
        shouted &= capitals(cell);
        if !begins(&key) {
            break;
        }
        if let Some((_, name, apart)) = NAMES.iter().find(|(k, _, _)| *k == key) {
            let may = i == 0
                || match apart {
                    Apart::Free => true,
                    Apart::Capitals => {
                        // "Hepatitis B twelve years ago."
                        let lettered =
                            back(done, 1) != "vitamin" && LETTERED.contains(&back(done, 1));
                        let counts =
                            is_time(norm(rest, i + 1)) || units::begins_unit(&rest[i + 1..]);
                        (shouted || back(done, 1) == "vitamin") && !lettered && !counts
                    }
                    Apart::Never => oxygen(done, rest, &key, i + 1),
                };
            if may {
                best = Some((i + 1, *name));
            }
        }
    }
    let (used, name) = best?;
    // "A one C" in small letters is only a name where something is measured.
    if used > 1
        && first == "a"
        && !rest[0].is_capital()
        && !near(
            done,
            3,
            &["hemoglobin", "haemoglobin", "glycated", "glycosylated"],
        )
    {
        return None;
    }
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.norm = name.to_lowercase();
    cell.write(name, "number.name");
    Some((used, vec![cell]))
}

/// "O two sat", "P O two sixty" behind a pH: not blood, not "by mouth".
fn oxygen(done: &[Cell], rest: &[Cell], key: &str, used: usize) -> bool {
    match key {
        "o2" => matches!(
            norm(rest, used),
            "sat"
                | "sats"
                | "saturation"
                | "saturations"
                | "requirement"
                | "requirements"
                | "therapy"
                | "via"
        ),
        "d5" => {
            back(done, 1) != "vitamin"
                && matches!(
                    norm(rest, used),
                    "half" | "quarter" | "normal" | "lr" | "ns" | "1/2"
                )
        }
        _ => near(done, 8, &["ph", "pco2", "paco2", "abg", "gas"]),
    }
}

/// "T two N one M zero", "p T three N two b": T2N1M0.
fn tnm(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let first = rest[0].norm.as_str();
    let prefix = first
        .strip_suffix('t')
        .filter(|p| matches!(*p, "" | "p" | "c" | "yp"))?;
    let mut text = prefix.to_owned();
    let mut at = 0;
    for (letter, most) in [('t', 4), ('n', 3), ('m', 1)] {
        let here = match at {
            0 => true,
            _ => norm(rest, at).len() == 1 && norm(rest, at).starts_with(letter),
        };
        if !here {
            break;
        }
        match (num(rest, at + 1).and_then(Num::whole), norm(rest, at + 1)) {
            (Some(n), _) if n <= most => {
                text.push_str(&format!("{}{n}", letter.to_ascii_uppercase()))
            }
            (_, "x") => text.push_str(&format!("{}X", letter.to_ascii_uppercase())),
            _ => break,
        }
        at += 2;
        if matches!(norm(rest, at), "a" | "b" | "c")
            && (norm(rest, at) != "a" || matches!(norm(rest, at + 1), "n" | "m" | ""))
        {
            text.push_str(norm(rest, at));
            at += 1;
        }
    }
    // "T two" alone is a vertebra.
    if !text.contains('N') {
        return None;
    }
    let mut cell = joined(&mut rest[..at]);
    cell.num = None;
    cell.write(text, "number.stage");
    Some((at, vec![cell]))
}

/// "V one through V four" of an electrocardiogram.
fn lead(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let n = num(rest, 1)?.whole().filter(|n| (1..=9).contains(n))?;
    let another = (matches!(norm(rest, 2), "through" | "to" | "and") && norm(rest, 3) == "v")
        || matches!(back(done, 1), "through" | "to");
    if rest[0].text() != "V" || !(another || near(done, 3, &["lead", "leads"])) {
        return None;
    }
    let mut cell = joined(&mut rest[..2]);
    cell.num = None;
    cell.write(format!("V{n}"), "number.name");
    Some((2, vec![cell]))
}

/// "G two P one", "G 3 P one zero zero one": G2 P1.
fn obstetric(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let pregnancies = num(rest, 1)?.whole().filter(|n| *n < 20)?;
    let p = 2 + usize::from(heard_mark(rest, 2) == Some(Mark::Comma));
    if rest[0].norm != "g" || norm(rest, p) != "p" {
        return None;
    }
    let mut births = String::new();
    let mut used = p + 1;
    while let Some(n) = num(rest, used)
        .and_then(Num::whole)
        .filter(|_| births.len() < 4)
    {
        births.push_str(&n.to_string());
        used += 1;
    }
    if births.is_empty() || births.len() > 4 {
        return None;
    }
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(format!("G{pregnancies} P{births}"), "number.name");
    Some((used, vec![cell]))
}

/// A level of the spine: its letter and number.
fn level(text: &str) -> Option<(char, u64)> {
    let mut chars = text.chars();
    let letter = chars.next()?;
    let n: u64 = chars.as_str().parse().ok()?;
    let most = match letter {
        'C' => 8,
        'T' => 12,
        'L' | 'S' => 5,
        _ => return None,
    };
    (1..=most).contains(&n).then_some((letter, n))
}

/// The level at `at`: "L4", "L four", "L 4"; and its cells.
fn level_at(cells: &[Cell], at: usize) -> Option<((char, u64), usize)> {
    let cell = cells.get(at).filter(|c| c.is_word() && !c.is_written())?;
    if let Some(found) = level(cell.text()) {
        return Some((found, 1));
    }
    let text = cell.text();
    if text.len() != 1 {
        return None;
    }
    let n = num(cells, at + 1)?.whole()?;
    Some((level(&format!("{text}{n}"))?, 2))
}

/// Whether two levels are neighbours, as they are named where a disc is meant.
fn neighbours(first: (char, u64), second: (char, u64)) -> bool {
    match (first, second) {
        // Heart sounds are said in pairs too.
        (('S', 1), ('S', 2)) => false,
        (('C', 7 | 8), ('T', 1)) | (('T', 12), ('L', 1)) | (('L', 5), ('S', 1)) => true,
        ((a, m), (b, n)) => a == b && n == m + 1,
    }
}

fn vertebra(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let ((letter, n), used) = level_at(rest, 0)?;
    let next = level_at(rest, used);
    let counts = next.is_none() && (units::begins_unit(&rest[used..]) || is_time(norm(rest, used)));
    if used == 2 && (LETTERED.contains(&back(done, 1)) || counts) {
        return None;
    }
    let first = format!("{letter}{n}");
    // "T3 T4" are hormones, "C3 C4" complement.
    let spine = !matches!((letter, n), ('T', 3) | ('C', 3))
        || near(
            done,
            5,
            &[
                "spine",
                "disc",
                "disk",
                "fusion",
                "level",
                "vertebra",
                "vertebral",
                "cervical",
                "thoracic",
                "foramen",
                "stenosis",
                "at",
                "fracture",
            ],
        );
    let mut found = (used, first.clone());
    if let Some((second, more)) = next
        && neighbours((letter, n), second)
        && spine
    {
        found = (used + more, format!("{first}-{}{}", second.0, second.1));
    } else if num(rest, used).and_then(Num::whole) == Some(n + 1)
        && letter != 'S'
        && !units::begins_unit(&rest[used + 1..])
        && !rest.get(used + 1).is_some_and(|c| {
            // "At L4 five lesions": something is counted.
            c.is_word()
                && (is_time(&c.norm)
                    || c.norm.ends_with('s')
                        && !matches!(
                            c.norm.as_str(),
                            "levels"
                                | "facets"
                                | "discs"
                                | "disks"
                                | "is"
                                | "was"
                                | "has"
                                | "shows"
                        )
                        && !c.norm.ends_with("sis")
                        && !c.norm.ends_with("ous"))
        })
        && spine
    {
        found = (used + 1, format!("{first}-{}", n + 1));
    }
    let mut cell = joined(&mut rest[..found.0]);
    cell.num = None;
    cell.norm = found.1.to_lowercase();
    cell.write(found.1, "number.name");
    Some((found.0, vec![cell]))
}

/// "N Y H A", "C T": letters said one by one, in capitals as the engine writes them.
fn letters(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    // The first letter of a sentence will be a capital.
    let raised = starts_sentence(done);
    let single = |(i, c): &(usize, &Cell)| {
        c.is_word()
            && !c.is_written()
            && c.text().len() == 1
            && c.text().starts_with(|c: char| {
                c.is_ascii_uppercase() || (raised && *i == 0 && c.is_ascii_lowercase())
            })
    };
    let used = rest.iter().enumerate().take_while(single).count();
    if used < 2
        || LETTERED.contains(&back(done, 1))
        || back(done, 1) == "initial"
        || back(done, 1) == "initials"
    {
        return None;
    }
    let text: String = rest[..used].iter().map(Cell::text).collect();
    let text = text.to_uppercase();
    // Two letters may be a word and an initial.
    if used == 2 && (text.starts_with('A') || text.starts_with('I') && text != "IV" && text != "ID")
    {
        return None;
    }
    let mut cell = joined(&mut rest[..used]);
    cell.norm = text.to_lowercase();
    cell.write(text, "number.letters");
    Some((used, vec![cell]))
}

/// "two oh Vicryl", "3-O nylon": 2-0.
fn suture(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    #[rustfmt::skip]
    const MATERIAL: &[&str] = &[
        "vicryl", "nylon", "prolene", "silk", "monocryl", "pds", "ethilon", "chromic", "catgut", "ethibond", "polysorb",
        "maxon", "suture", "sutures", "stratafix", "gut", "mersilene", "polypropylene", "monofilament", "dexon",
    ];
    let named = |at: usize| (0..2).any(|k| MATERIAL.contains(&norm(rest, at + k)));
    let (n, used) = match rest[0].num.as_ref() {
        Some(n) => {
            let n = n.whole().filter(|n| (1..=11).contains(n))?;
            let zero = match rest.get(1) {
                Some(c) if matches!(c.norm.as_str(), "oh" | "o" | "zero" | "0") => 2,
                // "2, 0 Vicryl" and "2 hyphen 0".
                Some(c)
                    if c.heard_mark() == Some(Mark::Comma)
                        || matches!(
                            c.mark(),
                            Some((Mark::Hyphen | Mark::Dash, Origin::Spoken))
                        ) =>
                {
                    matches!(norm(rest, 2), "oh" | "o" | "zero" | "0").then_some(3)?
                }
                _ => return None,
            };
            (n, zero)
        }
        None => {
            let word = rest[0].norm.as_str();
            let head = word
                .strip_suffix("-o")
                .or_else(|| word.strip_suffix("-oh"))
                .or_else(|| word.strip_suffix('o'))?;
            let n = super::read::unit(head)
                .or_else(|| head.parse().ok())
                .filter(|n| (1..=11).contains(n))?;
            (n, 1)
        }
    };
    // "Repaired with two o" and a material that was misheard; "with two O negative units" is blood.
    let sewn = matches!(
        back(done, 1),
        "with" | "using" | "interrupted" | "running" | "absorbable" | "buried"
    ) && used == 2
        && matches!(norm(rest, 1), "oh" | "o")
        && rest
            .get(used)
            .is_some_and(|c| c.is_word() && c.num.is_none())
        && !matches!(
            norm(rest, used),
            "negative" | "positive" | "neg" | "pos" | "blood" | "packed"
        );
    (named(used) || sewn).then_some(())?;
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(format!("{n}-0"), "number.suture");
    Some((used, vec![cell]))
}

const ROMAN: [&str; 12] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
];

/// A number from 1 to 12 and the letter behind it: "3", "three", "3A", "3 a"; and its cells.
fn with_letter(rest: &[Cell]) -> Option<(u64, String, usize)> {
    let cell = rest.first()?;
    if cell.is_written() {
        return None;
    }
    let (n, suffix) = match &cell.num {
        Some(n) => (n.whole()?, String::new()),
        None => {
            let word = cell.norm.as_str();
            let digits = word
                .find(|c: char| !c.is_ascii_digit())
                .filter(|at| *at > 0)?;
            let (n, letter) = word.split_at(digits);
            let letter = letter.trim_start_matches('-');
            let fits = letter.len() <= 2 && letter.starts_with(['a', 'b', 'c', 'd', 'f']);
            (n.parse().ok()?, fits.then(|| letter.to_uppercase())?)
        }
    };
    (1..=12).contains(&n).then_some(())?;
    if suffix.is_empty()
        && let Some(next) = rest.get(1)
        && (matches!(next.text(), "A" | "B" | "C" | "D" | "F" | "b" | "c")
            || next.text() == "a"
                && matches!(norm(rest, 2), "" | "chronic" | "kidney" | "ckd" | "disease"))
    {
        return Some((n, next.text().to_uppercase(), 2));
    }
    Some((n, suffix, 1))
}

/// Whether the words so far ask for a Roman numeral.
fn asks_for_roman(done: &[Cell], rest: &[Cell], used: usize, suffix: &str) -> bool {
    let (l1, l2) = (back(done, 1), back(done, 2));
    match l1 {
        "class" => {
            matches!(
                l2,
                "nyha" | "functional" | "killip" | "mallampati" | "asa" | "ccs" | "association"
            ) || near(done, 8, &["nyha"])
        }
        "nyha" | "killip" | "mallampati" | "mobitz" | "figo" | "bosniak" => true,
        "nerve" | "nerves" if l2 == "cranial" => true,
        // "Nerves two to twelve" are the cranial ones, whatever was heard before.
        "nerves" => {
            matches!(norm(rest, used), "to" | "through")
                && num(rest, used + 1).and_then(Num::whole) == Some(12)
        }
        "cn" => true,
        "type" => matches!(l2, "mobitz" | "salter-harris" | "harris"),
        "bipolar" => matches!(norm(rest, used), "disorder" | "affective" | ""),
        "factor" => {
            matches!(
                norm(rest, used),
                "leiden"
                    | "deficiency"
                    | "inhibitor"
                    | "inhibitors"
                    | "mutation"
                    | "concentrate"
                    | "level"
                    | "levels"
                    | "assay"
                    | "activity"
            ) || (7..=12).contains(&num(rest, 0).and_then(Num::whole).unwrap_or(0))
        }
        "lead" | "leads" => {
            num(rest, used).and_then(Num::whole).is_some_and(|n| n <= 3)
                || rest.get(used).is_none_or(|c| {
                    !c.is_word()
                        || matches!(c.norm.as_str(), "avf" | "avl" | "and" | "shows" | "showed")
                })
        }
        "stage" => is_cancer(done, rest, suffix),
        _ => false,
    }
}

/// Cancers have Roman stages; kidneys and pressure sores Arabic ones.
fn is_cancer(done: &[Cell], rest: &[Cell], suffix: &str) -> bool {
    #[rustfmt::skip]
    const CANCERS: &[&str] = &[
        "cancer", "carcinoma", "adenocarcinoma", "lymphoma", "melanoma", "tumor", "tumour", "sarcoma", "malignancy",
        "neoplasm", "non-small", "small-cell", "seminoma", "blastoma", "neuroblastoma", "mesothelioma", "hodgkin",
        "hodgkin's", "nsclc", "clinical", "pathologic", "pathological", "figo", "arbor", "breast", "colon", "lung",
        "ovarian", "cervical", "endometrial", "prostate", "rectal", "colorectal", "gastric", "pancreatic",
    ];
    #[rustfmt::skip]
    const ARABIC: &[&str] = &[
        "kidney", "ckd", "renal", "pressure", "decubitus", "ulcer", "hypertension", "sleep", "labor", "labour", "sacral",
        "injury", "parkinson's", "sarcoidosis",
    ];
    let around = |words: &[&str]| {
        near(done, 7, words)
            || rest
                .iter()
                .take(7)
                .take_while(|c| c.is_word())
                .any(|c| words.contains(&c.norm.as_str()))
    };
    !around(ARABIC) && (around(CANCERS) || (!suffix.is_empty() && suffix != "D"))
}

fn roman(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let (n, mut suffix, mut used) = with_letter(rest)?;
    if is_time(norm(rest, used)) || units::begins_unit(&rest[used..]) {
        return None;
    }
    // "Cranial nerves two to twelve": the second number as the first.
    let goes_on = done.len() >= 2
        && done[done.len() - 2].rule() == "number.roman"
        && (matches!(back(done, 1), "to" | "through" | "and" | "or")
            || (heard_mark(done, done.len() - 1) == Some(Mark::Comma)
                && near(done, 10, &["nerves", "leads"])));
    // "Cranial nerves three four and six."
    let goes_on = goes_on
        || done.last().is_some_and(|c| c.rule() == "number.roman")
            && near(done, 8, &["nerves", "leads"]);
    let stage = matches!(back(done, 1), "stage" | "bosniak") || goes_on;
    if !stage && !suffix.is_empty() {
        // "Class 2 A": the letter belongs to a stage only.
        (suffix, used) = (String::new(), 1);
        rest[0].num.as_ref()?;
    }
    if !goes_on && !asks_for_roman(done, rest, used, &suffix) {
        return None;
    }
    let text = format!("{}{suffix}", ROMAN[n as usize - 1]);
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(text, "number.roman");
    Some((used, vec![cell]))
}

/// "grade II", "type II diabetes": Arabic by the house's rules; "stage three a" of a kidney: 3a.
fn arabic(done: &[Cell], rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let head = back(done, 1);
    let asked = match head {
        "grade" => true,
        "type" => norm(rest, 1).starts_with("diabet"),
        _ => false,
    };
    if asked && let Some(n) = ROMAN[..5].iter().position(|r| *r == rest[0].text()) {
        let mut cell = joined(&mut rest[..1]);
        cell.write((n + 1).to_string(), "number.grade");
        return Some((1, vec![cell]));
    }
    if head == "stage" && rest[0].num.as_ref().is_some_and(|n| n.spoken) {
        let (n, suffix, used) = with_letter(rest)?;
        let text = format!("{n}{}", suffix.to_lowercase());
        let mut cell = joined(&mut rest[..used]);
        cell.write(text, "number.grade");
        return Some((used, vec![cell]));
    }
    None
}

/// "3-way" and "3 vessel" are said and typed as words.
fn shaped(rest: &mut [Cell]) -> Option<(usize, Vec<Cell>)> {
    let (n, shape, used) = match rest[0].num.as_ref() {
        Some(n) if !n.spoken => (n.whole()?, norm(rest, 1), 2),
        Some(_) => return None,
        None => {
            let (n, shape) = rest[0].norm.split_once('-')?;
            (n.parse().ok()?, shape, 1)
        }
    };
    let word = ["two", "three", "four", "five"].get((n as usize).checked_sub(2)?)?;
    matches!(shape, "way" | "vessel" | "chamber").then_some(())?;
    let text = format!("{word}-{shape}");
    let mut cell = joined(&mut rest[..used]);
    cell.num = None;
    cell.write(text, "number.name");
    Some((used, vec![cell]))
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn laboratory_names_and_scales() {
        check(&[
            ("hemoglobin A one C seven point two percent", "Hemoglobin A1c 7.2%"),
            ("hemoglobin A1C7.2% comma down", "Hemoglobin A1c 7.2%, down"),
            ("hemoglobin a1c of 6.9%", "Hemoglobin A1c of 6.9%"),
            ("P H Q nine score is nineteen", "PHQ-9 score is 19"),
            ("PHQ9 score is 19 and GAD7 score is 12", "PHQ-9 score is 19 and GAD-7 score is 12"),
            ("GAD seven score is twelve", "GAD-7 score is 12"),
            ("an F E V one of two point one litres", "An FEV1 of 2.1 L"),
            ("an FEV-1 of 2.1 litres", "An FEV1 of 2.1 L"),
            ("an S one Q three T three pattern", "An S1Q3T3 pattern"),
            ("estimated GFR82 and BNP410", "Estimated GFR 82 and BNP 410"),
            ("troponin I0.12 today", "Troponin I 0.12 today"),
            ("free T four is normal", "Free T4 is normal"),
            ("C T angiogram and M R I", "CT angiogram and MRI"),
            ("vitamin B twelve is low", "Vitamin B12 is low"),
            ("hepatitis B twelve years ago", "Hepatitis B 12 years ago"),
            ("PI RADS four lesion", "PI-RADS 4 lesion"),
            ("BI RADS category two", "BI-RADS category 2"),
            ("T two N one M zero adenocarcinoma", "T2N1M0 adenocarcinoma"),
            ("stage pT three N two b disease", "Stage pT3N2b disease"),
            ("ST elevation in leads V one through V four", "ST elevation in leads V1 through V4"),
            ("G two P one", "G2 P1"),
            ("a G 3 P one zero zero one", "A G3 P1001"),
            ("pH seven point three two PCO two fifty five PO two sixty", "pH 7.32 pCO2 55 pO2 60"),
            ("O two sat ninety four percent", "O2 sat 94%"),
            ("two units of O two units of A", "2 units of O 2 units of A"),
            ("total I g E and eosinophils", "Total IgE and eosinophils"),
            ("C A one twenty five is raised", "CA-125 is raised"),
            ("her two children are well", "Her two children are well"),
            ("D dimer greater than five thousand", "D-dimer greater than 5000"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn vertebrae() {
        check(&[
            ("degenerative change at L four L five", "Degenerative change at L4-L5"),
            ("degenerative change at L4L5 period", "Degenerative change at L4-L5."),
            ("fusion of C 5 C 6", "Fusion of C5-C6"),
            ("disc bulge at L five S one", "Disc bulge at L5-S1"),
            ("stenosis at L 4 5", "Stenosis at L4-5"),
            ("fracture of T twelve", "Fracture of T12"),
            ("S1 S2 normal", "S1 S2 normal"),
            ("L three four and L four five levels", "L3-4 and L4-5 levels"),
            ("at L four five lesions were seen", "At L4 five lesions were seen"),
            ("hepatitis C 2 years ago", "Hepatitis C 2 years ago"),
            ("vitamin C 500 mg", "Vitamin C 500 mg"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn classes_and_stages() {
        check(&[
            ("NYHA class two", "NYHA class II"),
            ("NYHA class 2", "NYHA class II"),
            ("N Y H A class three", "NYHA class III"),
            ("cranial nerves two to twelve intact", "Cranial nerves II to XII intact"),
            ("cranial nerves 2 through 12 intact", "Cranial nerves II through XII intact"),
            ("cranial nerve seven palsy", "Cranial nerve VII palsy"),
            ("cranial nerves three four and six", "Cranial nerves III IV and VI"),
            ("leads two three and aVF", "Leads II III and aVF"),
            ("Bosniak two F cyst", "Bosniak IIF cyst"),
            ("stage three b chronic kidney disease", "Stage 3b chronic kidney disease"),
            ("factor five Leiden", "Factor V Leiden"),
            ("Mobitz type 2 block", "Mobitz type II block"),
            ("stage three A non-small cell lung cancer", "Stage IIIA non-small cell lung cancer"),
            ("stage 3A breast cancer", "Stage IIIA breast cancer"),
            ("adenocarcinoma of the colon, stage four", "Adenocarcinoma of the colon, stage IV"),
            ("stage three chronic kidney disease", "Stage 3 chronic kidney disease"),
            ("stage 3B chronic kidney disease", "Stage 3B chronic kidney disease"),
            ("a stage two sacral pressure ulcer", "A stage 2 sacral pressure ulcer"),
            ("grade two chondromalacia", "Grade 2 chondromalacia"),
            ("grade II chondromalacia", "Grade 2 chondromalacia"),
            ("type two diabetes and type II diabetes", "Type 2 diabetes and type 2 diabetes"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn sutures_and_shapes() {
        check(&[
            ("closed with three oh nylon", "Closed with 3-0 nylon"),
            ("closed with 3-O nylon", "Closed with 3-0 nylon"),
            ("repaired with two O Vicryl", "Repaired with 2-0 Vicryl"),
            ("repaired with 4-0 Monocryl", "Repaired with 4-0 Monocryl"),
            ("a 3-way Foley catheter", "A three-way Foley catheter"),
            ("a 3 way catheter", "A three-way catheter"),
            ("repaired with two o vichral", "Repaired with 2-0 vichral"),
            ("closed using interrupted four oh proleen", "Closed using interrupted 4-0 proleen"),
            ("transfused with two O negative units", "Transfused with two O negative units"),
        ]);
    }
}
