//! Drugs and their doses in the report: what is missing, what is out of range, what may have been another drug, what
//! the patient is allergic to.

use super::said::{Gap, Reading, Said};
use super::{Flag, Material, PatientContext};
use crate::dictionary::index::{Index, TermInfo, fold};
use crate::dictionary::load::{Category, File};
use crate::domain::finding::{FindingKind, Severity};
use crate::domain::numerals::{SMALL, TENS};
use crate::domain::transcript::join;
use std::collections::BTreeSet;
use std::ops::Range;

/// A drug named in the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Drug {
    /// Its words in [`Reading::said`].
    pub at: Range<usize>,
    /// As the report's dictionary writes it.
    pub name: String,
    /// Its generic name in small letters; the name itself where no generic name is known.
    pub generic: String,
}

/// An amount: "5 mg", "two puffs", "49/51 mg".
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    /// Its words.
    pub at: Range<usize>,
    /// The number; none for "49/51".
    pub value: Option<f64>,
    /// What it counts.
    pub unit: Unit,
    /// Per kilogram, hour, square meter and so on.
    pub per: Option<String>,
}

/// Units in which drugs are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milligram.
    Mg,
    /// Microgram.
    Mcg,
    /// Gram.
    G,
    /// Units of an activity.
    Units,
    /// Milliequivalent.
    Meq,
    /// Milliliter.
    Ml,
    /// Percent.
    Percent,
    /// Tablets, puffs, drops.
    Pieces,
}

/// The unit that a word names, and what stands behind its slash.
fn unit(norm: &str) -> Option<(Unit, Option<&str>)> {
    let (head, per) = match norm.split_once('/') {
        Some((head, per)) => (head, Some(per)),
        None => (norm, None),
    };
    let unit = match head {
        "mg" | "mgs" | "milligram" | "milligrams" | "milligramme" | "milligrammes" => Unit::Mg,
        "mcg" | "ug" | "µg" | "microgram" | "micrograms" | "microgramme" | "microgrammes" => {
            Unit::Mcg
        }
        "g" | "gm" | "gram" | "grams" | "gramme" | "grammes" => Unit::G,
        "unit" | "units" | "iu" | "u" => Unit::Units,
        "meq" | "milliequivalent" | "milliequivalents" => Unit::Meq,
        "ml" | "cc" | "milliliter" | "milliliters" | "millilitre" | "millilitres" => Unit::Ml,
        "%" | "percent" => Unit::Percent,
        "tablet" | "tablets" | "tab" | "tabs" | "capsule" | "capsules" | "puff" | "puffs"
        | "drop" | "drops" | "spray" | "sprays" | "patch" | "patches" | "sachet" | "sachets"
        | "suppository" | "suppositories" | "pill" | "pills" | "vial" | "vials" | "ampoule"
        | "ampule" | "dose" | "doses" | "inhalation" | "inhalations" | "application" => {
            Unit::Pieces
        }
        _ => return None,
    };
    Some((unit, per))
}

/// A number at `at`: its value where it is a single one, and one past its last word.
fn number(said: &[Said], at: usize) -> Option<(Option<f64>, usize)> {
    let word = said.get(at)?;
    if word.norm.starts_with(|c: char| c.is_ascii_digit()) {
        let (digits, rest) = split_number(&word.norm);
        return rest.is_empty().then(|| (value(digits), at + 1));
    }
    spelled(said, at)
}

/// "125-milligrams" into "125" and "milligrams".
fn split_number(norm: &str) -> (&str, &str) {
    let end = norm
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_digit() || ".,/:-".contains(*c)))
        .map_or(norm.len(), |(i, _)| i);
    let digits = norm[..end].trim_end_matches(['-', '.', ',', '/']);
    (digits, &norm[end..])
}

fn value(digits: &str) -> Option<f64> {
    digits.replace(',', "").parse().ok()
}

/// A number in words: "five", "two hundred and fifty", "zero point two five".
fn spelled(said: &[Said], from: usize) -> Option<(Option<f64>, usize)> {
    let small = |w: &str| SMALL.iter().position(|s| *s == w).map(|n| n as f64);
    let tens = |w: &str| {
        TENS.iter()
            .position(|s| *s == w)
            .map(|n| (n as f64 + 2.0) * 10.0)
    };
    let (mut total, mut group, mut at) = (0.0, 0.0, from);
    let mut decimals: Option<f64> = None;
    while let Some(word) = said.get(at) {
        let w = word.norm.as_str();
        if let Some(place) = decimals {
            let Some(digit) = small(w).filter(|d| *d < 10.0) else {
                break;
            };
            group += digit * place;
            decimals = Some(place / 10.0);
        } else if let Some(n) = small(w).or_else(|| tens(w)) {
            group += n;
        } else if w == "hundred" && at > from {
            group *= 100.0;
        } else if w == "thousand" && at > from {
            total += group * 1000.0;
            group = 0.0;
        } else if w == "point" && at > from {
            decimals = Some(0.1);
        } else if !(w == "and"
            && at > from
            && said
                .get(at + 1)
                .is_some_and(|n| small(&n.norm).or_else(|| tens(&n.norm)).is_some())
            && group >= 100.0)
        {
            break;
        }
        at += 1;
        if word.gap > Gap::None {
            break;
        }
    }
    (at > from).then_some((Some(total + group), at))
}

/// The dose that begins at `at`, if one does.
pub fn dose(said: &[Said], at: usize) -> Option<Dose> {
    let word = said.get(at)?;
    let joined = |end: usize| end > 0 && said[end - 1].gap == Gap::None;
    // "10mg", "125-milligrams": number and unit in one word.
    if word.norm.starts_with(|c: char| c.is_ascii_digit()) {
        let (digits, rest) = split_number(&word.norm);
        if let Some((unit, per)) = unit(rest) {
            let (per, end) = per_what(said, at + 1, per);
            return Some(Dose {
                at: at..end,
                value: value(digits),
                unit,
                per,
            });
        }
    }
    let (value, end) = number(said, at)?;
    if !joined(end) {
        return None;
    }
    let (unit, per) = unit(&said.get(end)?.norm)?;
    let (per, end) = per_what(said, end + 1, per);
    Some(Dose {
        at: at..end,
        value,
        unit,
        per,
    })
}

/// "per kilogram" after a unit that ends before `end`.
fn per_what(said: &[Said], end: usize, per: Option<&str>) -> (Option<String>, usize) {
    if let Some(per) = per {
        return (Some(per.to_owned()), end);
    }
    if end > 0
        && said[end - 1].gap == Gap::None
        && said.get(end).is_some_and(|s| s.norm == "per")
        && let Some(what) = said.get(end + 1)
    {
        return (Some(what.norm.clone()), end + 2);
    }
    (None, end)
}

/// Words of the terms table that are called drugs and are not what a prescription is about.
#[rustfmt::skip]
const NO_PRESCRIPTION: &[&str] = &[
    "water", "oxygen", "alcohol", "ethanol", "nicotine", "caffeine", "iron", "air", "sugar", "salt", "cannabis",
    "tobacco", "cocaine", "heroin", "blood", "plasma", "albumin", "protein", "urea", "latex", "silver", "gold",
    "barium", "contrast", "saline", "silk", "vaccine", "carbon dioxide", "nitrogen", "helium", "dextrose",
    "sucrose", "lactose", "gluten", "egg", "milk", "peanut", "honey", "charcoal", "coffee", "tea", "starch",
    "opioid", "opioids", "steroid", "steroids", "antibiotic", "antibiotics", "statin", "statins", "insulin",
];
/// Salts, releases and routes between a drug and its dose.
#[rustfmt::skip]
const BETWEEN: &[&str] = &[
    "succinate", "tartrate", "sulfate", "sulphate", "hydrochloride", "sodium", "potassium", "calcium",
    "magnesium", "mesylate", "besylate", "maleate", "fumarate", "acetate", "phosphate", "citrate", "gluconate",
    "extended", "immediate", "sustained", "modified", "delayed", "release", "er", "xl", "xr", "sr", "la", "cr",
    "mr", "ec", "dose", "at", "of", "to", "oral", "orally", "iv", "intravenously", "intravenous", "bolus",
];
const SALTS: &[&str] = &[
    "succinate",
    "tartrate",
    "sulfate",
    "sulphate",
    "hydrochloride",
    "sodium",
    "potassium",
    "calcium",
    "magnesium",
    "chloride",
    "phosphate",
    "acetate",
    "citrate",
    "gluconate",
    "fumarate",
    "maleate",
    "mesylate",
    "zinc",
    "bicarbonate",
    "carbonate",
    "nitrate",
    "lactate",
    "bromide",
    "iodide",
    "fluoride",
    "sulfide",
    "oxide",
];

/// The drugs that the report names, in order.
pub fn drugs(reading: &Reading, index: &Index) -> Vec<Drug> {
    let said = &reading.said;
    let mut out = Vec::new();
    let mut at = 0;
    while at < said.len() {
        let found = (1..=2)
            .rev()
            .filter(|n| at + n <= said.len() && (at..at + n - 1).all(|k| said[k].gap == Gap::None))
            .find_map(|n| {
                let phrase: Vec<&str> = said[at..at + n].iter().map(|s| s.text.as_str()).collect();
                Some((n, drug(index, &phrase.join(" "))?))
            });
        match found {
            Some((n, (name, generic))) => {
                out.push(Drug {
                    at: at..at + n,
                    name,
                    generic,
                });
                at += n;
            }
            None => at += 1,
        }
    }
    out
}

/// Name and generic name, if the phrase names a drug that is prescribed.
fn drug(index: &Index, phrase: &str) -> Option<(String, String)> {
    let term = index.term(phrase)?;
    // Of the everyday words among the drugs only those in many sources are prescribed: aspirin, not "today".
    let known = term.category == Category::DrugGeneric && term.weight >= 7;
    let everyday = term.tier != 1 && !known && term.key != "penicillin";
    let excluded = NO_PRESCRIPTION.contains(&term.key) || SALTS.contains(&term.key);
    if !is_medicine(&term) || everyday || excluded {
        return None;
    }
    let generic = term.generic.map_or_else(|| term.key.to_owned(), fold);
    Some((term.written.to_owned(), generic))
}

fn is_medicine(term: &TermInfo) -> bool {
    matches!(
        term.category,
        Category::DrugGeneric | Category::DrugBrand | Category::Drug | Category::DrugProduct
    )
}

/// Whether a word may be part of a drug's name, however unusual: enough to explain a dose behind it.
fn may_be_drug(index: &Index, said: &Said) -> bool {
    let one = |text: &str| {
        index.term(text).is_some_and(|t| {
            t.category.is_drug()
                || matches!(
                    t.category,
                    Category::Substance | Category::DoseForm | Category::Lab
                )
        }) || EXPLAINS.contains(&fold(text).as_str())
    };
    one(&said.text)
        || said
            .text
            .split(['-', '/'])
            .any(|part| part.len() > 3 && one(part))
}

/// Words that explain a dose without being a drug: a dose that is spoken about, changed, repeated or divided.
#[rustfmt::skip]
const EXPLAINS: &[&str] = &[
    "dose", "doses", "dosage", "dosing", "increase", "increased", "increasing", "decrease", "decreased",
    "reduce", "reduced", "reducing", "titrate", "titrated", "titrating", "taper", "tapered", "tapering",
    "uptitrate", "uptitrated", "escalate", "escalated", "total", "then", "followed", "another", "additional",
    "repeat", "repeated", "maximum", "minimum", "daily", "weekly", "morning", "evening", "night", "bedtime",
    "noon", "insulin", "globulin", "vaccine", "immunoglobulin", "toxin", "antigen", "score", "tablet", "tablets",
    "capsule", "capsules", "pill", "pills", "patch", "bolus", "infusion", "drip", "loading", "maintenance",
    "strength", "equivalent", "equivalents", "each", "chemotherapy", "regimen", "supplement", "medication", "steroid",
    "steroids", "antibiotic", "antibiotics", "statin", "opioid", "opioids", "calcium", "cholesterol", "glucose",
    "protein", "count", "ms", "up", "down", "from", "between", "once", "twice", "or", "extra", "only", "just", "cycle",
];

/// Of these, what explains no dose that stands before them: a rhythm, another dose.
#[rustfmt::skip]
const NOT_BEHIND: &[&str] = &[
    "daily", "weekly", "morning", "evening", "night", "bedtime", "noon", "once", "twice", "or", "then", "up", "down",
    "from", "between", "only", "just", "extra", "each", "increase", "increased", "decrease", "decreased", "followed",
];

/// After these, a lab value and no dose.
fn is_concentration(per: Option<&str>) -> bool {
    per.is_some_and(|p| {
        matches!(
            p.trim_end_matches('s'),
            "dl" | "l"
                | "ml"
                | "deciliter"
                | "decilitre"
                | "liter"
                | "litre"
                | "milliliter"
                | "millilitre"
                | "mmol"
                | "millimole"
                | "g"
                | "gram"
                | "24"
                | "mg"
                | "mol"
                | "cc"
                | "mm"
        )
    })
}

/// How often, after a drug or dose.
#[rustfmt::skip]
const RHYTHM: &[&str] = &[
    "daily", "nightly", "weekly", "once", "twice", "bid", "tid", "qid", "qhs", "qam", "qpm",
];

fn rhythm_at(reading: &Reading, at: usize) -> bool {
    let norm = |k: usize| reading.norm(k);
    RHYTHM.contains(&norm(at))
        || (norm(at) == "every"
            && matches!(
                norm(at + 1),
                "day" | "night" | "morning" | "evening" | "other"
            ))
        || (norm(at) == "every" && norm(at + 2).starts_with("hour"))
        || (norm(at) == "at" && matches!(norm(at + 1), "bedtime" | "night"))
        || (norm(at) == "in"
            && norm(at + 1) == "the"
            && matches!(norm(at + 2), "morning" | "evening"))
        || (matches!(norm(at), "three" | "four" | "3" | "4") && norm(at + 1) == "times")
        || (norm(at) == "each" && matches!(norm(at + 1), "morning" | "night" | "day" | "evening"))
}

/// Everything about drugs and doses.
pub fn check(material: &Material, reading: &Reading, flags: &mut Vec<Flag>) {
    let drugs = drugs(reading, material.index);
    for drug in &drugs {
        missing_dose(reading, drug, flags);
        if let Some(dose) = dose_of(reading, &drugs, drug) {
            out_of_range(material.index, reading, drug, &dose, flags);
        }
    }
    without_drug(material.index, reading, &drugs, flags);
    lookalikes(material, reading, &drugs, flags);
    allergies(material, reading, &drugs, flags);
}

/// A drug with a number and no unit, a unit and no number, or a rhythm and no strength.
fn missing_dose(reading: &Reading, drug: &Drug, flags: &mut Vec<Flag>) {
    let said = &reading.said;
    let mut at = drug.at.end;
    while BETWEEN.contains(&reading.norm(at)) && said[at - 1].gap <= Gap::Comma {
        // "at bedtime" and "at night" are rhythms.
        if rhythm_at(reading, at) {
            break;
        }
        at += 1;
    }
    if at >= said.len() || said[at - 1].gap > Gap::Comma || said[drug.at.start].heading {
        return;
    }
    let near = said[at - 1].gap == Gap::None;
    let mut flag = |at: Range<usize>, what: String, rule: &str| {
        flags.push(Flag::new(
            FindingKind::DrugWithoutDose,
            Severity::Warning,
            drug.at.start..at.end,
            what,
            format!("safety.dose: {rule}"),
        ));
    };
    if dose(said, at).is_some() {
        return;
    }
    let rhythm = rhythm_at(reading, at);
    if let Some((Some(value), end)) = number(said, at).filter(|_| !rhythm) {
        let of_something_else = unit_of_something_else(reading.norm(end));
        if said[end - 1].gap == Gap::None && !of_something_else && rhythm_at(reading, end) {
            flag(
                at..end,
                format!(
                    "No unit for {} {}. Listen, and type the strength with its unit.",
                    drug.name,
                    plain(value)
                ),
                "a number and a rhythm, no unit",
            );
        }
    } else if near
        && matches!(
            unit(reading.norm(at)),
            Some((Unit::Mg | Unit::Mcg | Unit::Units | Unit::Meq, _))
        )
    {
        flag(
            at..at + 1,
            format!(
                "No strength for {}. Listen, and type the number.",
                drug.name
            ),
            "a unit, no number",
        );
    } else if near && rhythm && !has_dose_before(reading, drug) && prescribed(reading, drug) {
        flag(
            at..at + 1,
            format!(
                "No strength for {}. Listen, and type it or leave a blank.",
                drug.name
            ),
            "a rhythm, no strength",
        );
    }
}

/// "2 mg of morphine twice": the dose stands before the drug.
fn has_dose_before(reading: &Reading, drug: &Drug) -> bool {
    let from = drug.at.start.saturating_sub(4);
    (from..drug.at.start).any(|k| {
        dose(&reading.said, k)
            .is_some_and(|d| d.at.end <= drug.at.start && reading.joined(k, drug.at.start))
    })
}

/// What a number behind a drug counts instead of a strength.
fn unit_of_something_else(norm: &str) -> bool {
    matches!(
        norm,
        "day"
            | "days"
            | "week"
            | "weeks"
            | "month"
            | "months"
            | "year"
            | "years"
            | "hours"
            | "times"
    )
}

/// A drug that is ordered or listed, not talked about.
fn prescribed(reading: &Reading, drug: &Drug) -> bool {
    #[rustfmt::skip]
    const ORDERS: &[&str] = &[
        "start", "starts", "started", "begin", "began", "add", "added", "prescribe", "prescribed", "commence",
        "commenced", "initiate", "initiated", "give", "given", "resume", "restart",
    ];
    let before = drug.at.start.checked_sub(1).map_or("", |k| reading.norm(k));
    ORDERS.contains(&before)
        || matches!(
            reading.category(drug.at.start),
            "medications" | "discharge_medications" | "current_medications" | "drug_history"
        )
}

/// The dose of a drug: right after it, before the next drug and the end of the clause.
fn dose_of(reading: &Reading, drugs: &[Drug], drug: &Drug) -> Option<Dose> {
    /// "metoprolol succinate extended release was increased from 50 mg"
    const REACH: usize = 5;
    let next = drugs
        .get(drugs.partition_point(|d| d.at.start < drug.at.end))
        .map_or(reading.said.len(), |d| d.at.start);
    let end = next.min(drug.at.end + REACH).min(reading.said.len());
    (drug.at.end..end)
        .take_while(|k| reading.joined(drug.at.end - 1, *k))
        .find_map(|k| dose(&reading.said, k))
        .filter(|d| d.at.end <= next)
}

/// Times the greatest dose of the product information from which a dose is asked about: mistakes of hearing are mistakes of
/// a digit or a unit, and specialists go beyond the label.
const MARGIN: f64 = 1.5;

fn out_of_range(index: &Index, reading: &Reading, drug: &Drug, dose: &Dose, flags: &mut Vec<Flag>) {
    let span = drug.at.start..dose.at.end;
    if drug.generic == "methotrexate"
        && dose.unit == Unit::Mg
        && (dose.at.end..dose.at.end + 3).any(|k| {
            reading.norm(k) == "daily" && reading.joined(dose.at.end - 1, k)
                || reading.norm(k) == "every" && reading.norm(k + 1) == "day"
        })
    {
        flags.push(Flag::new(
            FindingKind::DoseOutOfRange,
            Severity::Critical,
            span,
            "Methotrexate every day: tablets are taken once a week, and daily use has killed. Ask for the rhythm.",
            "safety.dose_range: boxed warning of the FDA label",
        ));
        return;
    }
    // Per kilogram, per hour and per square meter need the patient's size; pieces have no strength.
    let (Some(value), None) = (dose.value, &dose.per) else {
        return;
    };
    let limit = index.tables().table(File::DoseLimits);
    let Some(line) = limit.find(&drug.generic) else {
        return;
    };
    let columns: Vec<&str> = limit.line(line).split('\t').collect();
    let &[_, most, of, basis, source] = columns.as_slice() else {
        return;
    };
    let Ok(most) = most.parse::<f64>() else {
        return;
    };
    let amount = match (dose.unit, of) {
        (Unit::Mg, "mg") | (Unit::Meq, "mEq") | (Unit::Units, "units") => value,
        (Unit::Mcg, "mg") => value / 1000.0,
        (Unit::G, "mg") => value * 1000.0,
        _ => return,
    };
    if amount <= most * MARGIN {
        return;
    }
    let severity = if amount >= most * 5.0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let unit = match dose.unit {
        Unit::Mcg => "mcg",
        Unit::G => "g",
        _ => of,
    };
    flags.push(Flag::new(
        FindingKind::DoseOutOfRange,
        severity,
        span,
        format!(
            "{} {} {unit} is above the usual range (at most {} {of}, {basis}). Check number and unit.",
            drug.name,
            plain(value),
            plain(most),
        ),
        format!(
            "safety.dose_range: {} {of} ({basis}; {source})",
            plain(most)
        ),
    ));
}

fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A strength in mg, mcg or mEq whose words before it hold no drug: one was misheard, or left out.
fn without_drug(index: &Index, reading: &Reading, drugs: &[Drug], flags: &mut Vec<Flag>) {
    /// Words before a dose among which its drug stands, and after it ("2 mg of morphine").
    const BEFORE: usize = 5;
    const AFTER: usize = 4;
    let said = &reading.said;
    let mut last_end = 0;
    let mut at = 0;
    while at < said.len() {
        let Some(dose) = dose(said, at) else {
            at += 1;
            continue;
        };
        let next = dose.at.end;
        let strength = matches!(dose.unit, Unit::Mg | Unit::Mcg | Unit::Meq);
        if strength && !is_concentration(dose.per.as_deref()) && !said[at].heading {
            let mut from = at;
            while from > last_end
                && at - from < BEFORE
                && said[from - 1].gap <= Gap::Comma
                && said[from - 1].sentence == said[at].sentence
                // Behind one comma only: "Tamsulosin, 0.4 mg", not the item before.
                && !(said[from - 1].gap == Gap::Comma && at - from > 0)
            {
                from -= 1;
            }
            let after = (next..(next + AFTER).min(said.len()))
                .take_while(|k| reading.joined(next - 1, *k) && said[k - 1].gap == Gap::None);
            let before = drugs.partition_point(|d| d.at.end <= from);
            let explained = (from..at).any(|k| may_be_drug(index, &said[k]))
                || after
                    .filter(|k| !NOT_BEHIND.contains(&reading.norm(*k)))
                    .any(|k| may_be_drug(index, &said[k]))
                || drugs.get(before).is_some_and(|d| d.at.start < at)
                || (from..at).all(|k| is_small(&said[k].norm));
            if !explained {
                let from = (from..at)
                    .find(|k| !is_small(&said[*k].norm))
                    .unwrap_or(from);
                flags.push(Flag::new(
                    FindingKind::DoseWithoutDrug,
                    Severity::Warning,
                    from..next,
                    "A strength without a known drug before it: the drug may have been misheard. Listen, and type its name.",
                    "safety.dose: no drug among the words before the strength",
                ));
            }
        }
        last_end = next;
        at = next;
    }
}

/// Words without content of their own.
fn is_small(norm: &str) -> bool {
    #[rustfmt::skip]
    const SMALL: &[&str] = &[
        "a", "an", "the", "and", "of", "to", "at", "in", "on", "with", "for", "is", "was", "were", "be", "been",
        "it", "that", "this", "he", "she", "we", "i", "which", "by", "as", "had", "has", "have", "about",
    ];
    SMALL.contains(&norm)
}

/// Drugs that are taken for one another, and a reason to ask in this report.
fn lookalikes(material: &Material, reading: &Reading, drugs: &[Drug], flags: &mut Vec<Flag>) {
    /// A drug heard with less than this is asked about if it has a look-alike. Of known drugs that the engine wrote on
    /// the development set, even those under 0.35 were right; this leaves only the lowest.
    const UNSURE: f32 = 0.1;
    /// How much less like what was heard a look-alike may be than the drug that a correction put there.
    const NEARLY: f64 = 0.05;
    let record: BTreeSet<String> = material
        .patient
        .map(|p| {
            p.medications
                .iter()
                .flat_map(|m| names_in(material.index, m))
                .collect()
        })
        .unwrap_or_default();
    let edited: BTreeSet<usize> = material.edits.iter().map(|e| e.word_from).collect();
    let mut told = BTreeSet::new();
    for drug in drugs {
        if !told.insert(drug.generic.clone()) {
            continue;
        }
        let written = fold(&drug.name);
        let mut others = material.index.lookalikes(&drug.generic);
        if written != drug.generic {
            others.extend(material.index.lookalikes(&written));
        }
        let in_record = (!record.contains(&drug.generic))
            .then(|| others.iter().find(|o| record.contains(*o)))
            .flatten();
        let probability = reading.said[drug.at.clone()]
            .iter()
            .map(|s| s.probability)
            .fold(1.0_f32, f32::min);
        let raw = reading.raw(drug.at.clone());
        let edited = edited.range(raw.clone()).next().is_some();
        let heard = join(
            material
                .words
                .get(raw)
                .unwrap_or_default()
                .iter()
                .map(|w| w.text.as_str()),
        );
        if let Some(other) = in_record {
            flags.push(Flag::new(
                FindingKind::LookalikeDrug,
                Severity::Critical,
                drug.at.clone(),
                format!("The record has {other}, the report says {}: the two are taken for one another. Ask.", drug.name),
                "safety.lookalike: the other one is in the record",
            ));
        } else if let Some(other) = others.first().filter(|_| edited || probability < UNSURE) {
            // A correction was judged against the sound; it is asked about where the other one is spelled as nearly.
            let nearly = others
                .iter()
                .any(|o| alike(&heard, o) + NEARLY >= alike(&heard, &written));
            flags.push(Flag::new(
                FindingKind::LookalikeDrug,
                if !edited || nearly {
                    Severity::Warning
                } else {
                    Severity::Info
                },
                drug.at.clone(),
                format!(
                    "{} or {other}? The two are taken for one another. Listen.",
                    drug.name
                ),
                if edited {
                    "safety.lookalike: put there by a correction".to_owned()
                } else {
                    format!("safety.lookalike: heard with {probability:.2} of 1")
                },
            ));
        }
    }
}

/// Likeness of the letters of two wordings, whatever their spaces.
pub fn alike(one: &str, other: &str) -> f64 {
    let letters = |text: &str| -> String {
        fold(text)
            .chars()
            .filter(|c| c.is_ascii_alphabetic())
            .collect()
    };
    strsim::jaro_winkler(&letters(one), &letters(other))
}

/// The drugs that an entry of the record names ("Metoprolol succinate 50 mg daily"), by generic name.
fn names_in(index: &Index, entry: &str) -> Vec<String> {
    let words: Vec<&str> = entry
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .filter(|w| !w.is_empty())
        .collect();
    let mut out = Vec::new();
    for n in [2, 1] {
        for phrase in words.windows(n) {
            if let Some((_, generic)) = drug(index, &phrase.join(" ")) {
                out.push(generic);
            }
        }
    }
    out
}

/// Groups that an allergy is named by, and the drugs in them (pharmacological classes; names in small letters).
#[rustfmt::skip]
const FAMILIES: &[(&[&str], &[&str])] = &[
    (&["penicillin", "penicillins"], &[
        "penicillin", "penicillin g", "penicillin v", "amoxicillin", "ampicillin", "piperacillin", "flucloxacillin",
        "oxacillin", "nafcillin", "dicloxacillin", "cloxacillin", "pivmecillinam", "benzylpenicillin",
        "phenoxymethylpenicillin",
    ]),
    (&["cephalosporin", "cephalosporins"], &[
        "cephalexin", "cefazolin", "ceftriaxone", "cefuroxime", "cefdinir", "cefepime", "cefotaxime", "ceftazidime",
        "cefixime", "cefadroxil", "cefpodoxime", "cefaclor", "cefoxitin",
    ]),
    (&["sulfa", "sulfonamide", "sulfonamides", "sulpha", "sulfa drugs"], &[
        "sulfamethoxazole", "sulfadiazine", "sulfasalazine", "co-trimoxazole", "bactrim", "septra",
    ]),
    (&["nsaid", "nsaids"], &[
        "ibuprofen", "naproxen", "diclofenac", "ketorolac", "indomethacin", "meloxicam", "celecoxib", "piroxicam",
        "etodolac", "aspirin",
    ]),
    (&["macrolide", "macrolides"], &["erythromycin", "azithromycin", "clarithromycin"]),
    (&["quinolone", "quinolones", "fluoroquinolone", "fluoroquinolones"], &[
        "ciprofloxacin", "levofloxacin", "moxifloxacin", "ofloxacin",
    ]),
    (&["statin", "statins"], &[
        "atorvastatin", "rosuvastatin", "simvastatin", "pravastatin", "lovastatin", "fluvastatin", "pitavastatin",
    ]),
    (&["ace inhibitor", "ace inhibitors"], &[
        "lisinopril", "ramipril", "enalapril", "captopril", "perindopril", "benazepril", "quinapril",
    ]),
    (&["tetracycline", "tetracyclines"], &["tetracycline", "doxycycline", "minocycline"]),
];

/// Whether somebody who is allergic to `allergen` must not have the drug.
fn conflicts(index: &Index, allergen: &str, drug: &Drug) -> bool {
    let folded = fold(allergen.trim());
    let folded = folded.trim_end_matches(" allergy");
    let own: Vec<String> = names_in(index, folded);
    let is = |name: &str| {
        drug.generic == name
            || fold(&drug.name) == name
            || drug.generic.split('/').any(|part| part == name)
    };
    own.iter().any(|name| is(name))
        || is(folded)
        || FAMILIES.iter().any(|(names, members)| {
            names.iter().any(|n| {
                folded
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|w| w == *n)
                    || folded == *n
            }) && members.iter().any(|m| is(m))
        })
}

/// A drug that is given although the record, or the report itself, says that the patient is allergic to it.
fn allergies(material: &Material, reading: &Reading, drugs: &[Drug], flags: &mut Vec<Flag>) {
    let known = material
        .patient
        .map_or(&[][..], |p: &PatientContext| p.allergies.as_slice());
    let said: BTreeSet<String> = drugs
        .iter()
        .filter(|d| is_named_as_allergy(reading, d))
        .map(|d| d.generic.clone())
        .chain(family_named_as_allergy(reading))
        .collect();
    let mut told = BTreeSet::new();
    let mut harmless = BTreeSet::new();
    for drug in drugs {
        if harmless.contains(&drug.generic) || told.contains(&drug.generic) {
            continue;
        }
        if is_named_as_allergy(reading, drug)
            || is_kept_away(reading, drug)
            || reading.said[drug.at.start].heading
        {
            continue;
        }
        let of_record = known.iter().find(|a| conflicts(material.index, a, drug));
        let of_report = said.iter().find(|a| conflicts(material.index, a, drug));
        let (allergen, whose) = match (of_record, of_report) {
            (Some(a), _) => (a, "The record"),
            (None, Some(a)) => (a, "The report itself"),
            (None, None) => {
                harmless.insert(drug.generic.clone());
                continue;
            }
        };
        if told.insert(drug.generic.clone()) {
            flags.push(Flag::new(
                FindingKind::AllergyConflict,
                Severity::Critical,
                drug.at.clone(),
                format!("{whose} names an allergy to {allergen}, and {} is given here. Ask before signing.", drug.name),
                format!("safety.allergy: {allergen}"),
            ));
        }
    }
}

/// In the section of allergies, or "allergic to", "allergy to" before it, or "allergy" right after it.
fn is_named_as_allergy(reading: &Reading, drug: &Drug) -> bool {
    allergy_near(reading, drug.at.clone())
}

fn allergy_near(reading: &Reading, at: Range<usize>) -> bool {
    if reading.category(at.start) == "allergy" {
        return true;
    }
    let sentence = reading.sentence(at.start);
    let about = |k: usize| {
        let norm = reading.norm(k);
        norm.starts_with("allerg")
            || norm.starts_with("anaphyla")
            || norm.starts_with("intoleran")
            || norm == "reaction"
    };
    let before = sentence.start.max(at.start.saturating_sub(8))..at.start;
    let after = at.end..sentence.end.min(at.end + 3);
    before.chain(after).any(about)
}

/// "allergic to penicillin", "sulfa allergy": the words for groups, which are no drugs of the table or everyday words.
fn family_named_as_allergy(reading: &Reading) -> Vec<String> {
    let mut out = Vec::new();
    for (k, said) in reading.said.iter().enumerate() {
        let family = FAMILIES
            .iter()
            .any(|(names, _)| names.contains(&said.norm.as_str()));
        if family && allergy_near(reading, k..k + 1) && !denied(reading, k) {
            out.push(said.norm.clone());
        }
    }
    out
}

fn denied(reading: &Reading, at: usize) -> bool {
    let sentence = reading.around(at);
    (sentence.start..at).any(|k| {
        matches!(
            reading.norm(k),
            "no" | "not" | "denies" | "denied" | "never" | "without"
        )
    })
}

/// The drug is stopped, avoided or denied here, not given.
fn is_kept_away(reading: &Reading, drug: &Drug) -> bool {
    let sentence = reading.sentence(drug.at.start);
    let from = sentence.start.max(drug.at.start.saturating_sub(6));
    (from..drug.at.start).any(|k| {
        matches!(
            reading.norm(k),
            "no" | "not"
                | "avoid"
                | "avoiding"
                | "stop"
                | "stopped"
                | "discontinue"
                | "discontinued"
                | "hold"
                | "held"
                | "never"
                | "without"
                | "instead"
                | "denies"
                | "contraindicated"
                | "tolerated"
                | "tolerates"
                | "previously"
                | "despite"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{index, kinds, kinds_for};
    use super::*;
    use crate::text::testing::{draft_of, words};

    fn read(said: &str) -> Reading {
        Reading::of(&draft_of(said).report, &words(said))
    }

    fn first_dose(said: &str) -> Option<(Option<f64>, Unit, Option<String>)> {
        let r = read(said);
        (0..r.said.len())
            .find_map(|k| dose(&r.said, k))
            .map(|d| (d.value, d.unit, d.per))
    }

    #[test]
    fn doses_are_read_however_they_are_written() {
        let kg = Some("kg".to_owned());
        for (said, want) in [
            ("give 5 mg", Some((Some(5.0), Unit::Mg, None))),
            ("give 10mg daily", Some((Some(10.0), Unit::Mg, None))),
            ("give 125-milligrams", Some((Some(125.0), Unit::Mg, None))),
            (
                "give zero point two five milligrams",
                Some((Some(0.25), Unit::Mg, None)),
            ),
            (
                "give two hundred and fifty micrograms",
                Some((Some(250.0), Unit::Mcg, None)),
            ),
            (
                "give one thousand milligrams",
                Some((Some(1000.0), Unit::Mg, None)),
            ),
            ("give 1,000 units", Some((Some(1000.0), Unit::Units, None))),
            ("give 49/51 mg", Some((None, Unit::Mg, None))),
            ("give 15 mg/kg", Some((Some(15.0), Unit::Mg, kg.clone()))),
            (
                "give 15 milligrams per kilogram",
                Some((Some(15.0), Unit::Mg, kg.clone())),
            ),
            ("in 5 days", None),
            ("at 5, mg", None),
        ] {
            assert_eq!(first_dose(said), want, "{said}");
        }
    }

    #[test]
    fn drugs_are_found_by_generic_and_brand_and_everyday_words_are_not() {
        let r = read("takes Eliquis and ferrous sulfate with water, no alcohol, today");
        let found: Vec<String> = drugs(&r, &index()).into_iter().map(|d| d.generic).collect();
        assert_eq!(found, ["apixaban", "ferrous sulfate"]);
    }

    #[test]
    fn a_drug_without_number_or_unit_is_asked_about() {
        for said in [
            "start metoprolol 25 twice daily",
            "continue lisinopril mg daily",
            "medications colon ramipril daily, bisoprolol 2.5 mg daily",
            "prescribed amoxicillin three times a day",
            "begin gabapentin 300 at bedtime",
        ] {
            assert_eq!(kinds(said), [FindingKind::DrugWithoutDose], "{said}");
        }
    }

    #[test]
    fn a_drug_that_is_only_named_or_has_its_dose_is_not() {
        for said in [
            "continue apixaban",
            "hold clopidogrel for 5 days",
            "he takes metoprolol succinate 50 mg once daily",
            "she used two courses of prednisolone 3 times a year",
            "start budesonide with formoterol 200/6 micrograms, two puffs twice daily",
            "hydrocortisone cream twice daily",
            "morphine 2 mg every 4 hours",
            "she was on warfarin daily when she bled",
            "start levothyroxine one hundred micrograms daily",
            "give cefdinir 125 mg/5 mL, 4.6 mL by mouth twice daily",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }

    #[test]
    fn a_dose_without_a_drug_is_asked_about() {
        for said in [
            "the picks have been 5 mg twice daily",
            "begin due to asteroid 0.5 mg daily",
            "plan colon ask the minute 240 mg every 6 hours",
            "she takes her garden picture 300 mg nightly",
        ] {
            assert_eq!(kinds(said), [FindingKind::DoseWithoutDrug], "{said}");
        }
    }

    #[test]
    fn a_dose_that_its_sentence_explains_is_not() {
        for said in [
            "increase furosemide to 60 mg daily",
            "add semaglutide 0.25 mg weekly for 4 weeks, then 0.5 mg weekly",
            "the dose was 40 mg",
            "we gave 2 mg of morphine",
            "closed with 20 mL of 0.25% bupivacaine",
            "glucose 110 mg/dL and calcium 9.4 mg per deciliter",
            "calcium 600 mg daily",
            "it was titrated to 80 mg",
            "urine protein 300 mg per gram",
            "immune globulin 300 mcg at 28 weeks",
            "a blood loss of 50 mL and 3 units of packed cells",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }

    #[test]
    fn a_dose_above_the_range_is_asked_about() {
        for said in [
            "start apixaban 50 mg twice daily",
            "levothyroxine 100 mg every morning",
            "amlodipine fifty milligrams daily",
            "warfarin 25 mg tonight",
            "lorazepam 20 mg intravenously",
            "tamsulosin 4 mg nightly",
            "methotrexate 15 mg daily",
        ] {
            assert_eq!(kinds(said), [FindingKind::DoseOutOfRange], "{said}");
        }
    }

    #[test]
    fn a_usual_dose_is_not() {
        for said in [
            "apixaban 10 mg twice daily for 7 days",
            "levothyroxine 100 mcg every morning",
            "levothyroxine 0.1 mg daily",
            "metoprolol succinate 200 mg daily",
            "methotrexate 15 mg once weekly, folic acid 1 mg daily",
            "warfarin 5 mg daily",
            "acetaminophen 1 g every 6 hours",
            "fentanyl 100 mcg intravenously",
            "paracetamol 15 mg/kg",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }

    #[test]
    fn a_drug_that_the_patient_is_allergic_to_is_critical() {
        for (allergy, said) in [
            ("Penicillin", "start amoxicillin 500 mg three times daily"),
            ("sulfa drugs", "Bactrim twice daily for 3 days was given"),
            ("Naproxen 500 mg", "naproxen 500 mg twice daily"),
            (
                "",
                "allergies colon lisinopril period plan colon lisinopril 10 mg daily",
            ),
            (
                "",
                "he is allergic to penicillin. Start ampicillin 500 mg daily",
            ),
        ] {
            let patient = PatientContext {
                allergies: vec![allergy.into()],
                ..PatientContext::default()
            };
            assert!(
                kinds_for(said, &patient).contains(&FindingKind::AllergyConflict),
                "{said}"
            );
        }
    }

    #[test]
    fn a_drug_that_is_avoided_or_of_another_family_is_not() {
        for (allergy, said) in [
            ("Penicillin", "no amoxicillin because of her allergy"),
            ("Penicillin", "start azithromycin 500 mg daily"),
            ("Penicillin", "amoxicillin allergy with hives"),
            (
                "",
                "allergies colon amoxicillin causing urticaria period plan colon cefdinir 300 mg daily",
            ),
            ("", "no known drug allergies. Start ampicillin 500 mg daily"),
            ("latex", "start amoxicillin 500 mg daily"),
        ] {
            let patient = PatientContext {
                allergies: vec![allergy.into()],
                ..PatientContext::default()
            };
            assert!(
                !kinds_for(said, &patient).contains(&FindingKind::AllergyConflict),
                "{said}"
            );
        }
    }

    #[test]
    fn a_look_alike_matters_when_the_record_has_the_other_one() {
        let patient = PatientContext {
            medications: vec!["Hydralazine 25 mg three times daily".into()],
            ..PatientContext::default()
        };
        assert_eq!(
            kinds_for("continue hydroxyzine 25 mg three times daily", &patient),
            [FindingKind::LookalikeDrug]
        );
        assert_eq!(
            kinds_for("continue hydralazine 25 mg three times daily", &patient),
            []
        );
        assert_eq!(kinds("continue hydroxyzine 25 mg three times daily"), []);
    }
}
