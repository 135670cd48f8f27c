//! Ways of writing that have led to mix-ups: expanded where the meaning is certain, else left for the author.
//!
//! What to write instead stands in the dictionary's do_not_use.tsv; here stands when that is certain. What was changed
//! can be seen in the trace by its rule, and what is left becomes a finding ([`safety`](crate::text::safety)).

use crate::text::token::{Kind, Token};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The table that is built into the program.
const TABLE: &str = include_str!("../../dictionaries/en/do_not_use.tsv");

static INSTEAD: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .map(|(key, rest)| (key, rest.split('\t').next().unwrap_or("")))
        .collect()
});

/// What to write instead of `key`.
fn instead(key: &str) -> Option<&'static str> {
    INSTEAD.get(key).copied()
}

/// Rule name of an expanded abbreviation.
pub const EXPANDED: &str = "do_not_write.expanded";
/// Rule name of a zero that was added before or taken away behind a decimal point.
pub const ZERO: &str = "do_not_write.zero";

/// Forms with one meaning wherever they stand.
#[rustfmt::skip]
const CERTAIN: &[&str] = &[
    "QD", "Q.D.", "qd", "q.d.", "QOD", "Q.O.D.", "qod", "q.o.d.", "BIW", "TIW", "qhs", "MSO4", "MgSO4", "ZnSO4", "HCTZ",
    "MTX", "PTU", "@", "<", ">",
];
/// Forms with one meaning after a dose.
const AFTER_DOSE: &[&str] = &["SC", "SQ", "sub q"];
/// Forms with one meaning in a sentence about eyes, and about ears.
const OF_EYES: &[&str] = &["OD", "OS", "OU"];
const OF_EARS: &[&str] = &["AD", "AS", "AU"];
#[rustfmt::skip]
const EYES: &[&str] = &[
    "eye", "eyes", "drops", "drop", "vision", "visual", "acuity", "intraocular", "ophthalmic", "lens", "cornea",
    "retina", "cataract", "pupil", "macula", "fundus",
];
const EARS: &[&str] = &[
    "ear", "ears", "drops", "drop", "otic", "tympanic", "cerumen", "hearing",
];

/// Rule: expands what must not be written where its meaning is certain, and puts zeros right.
pub fn expand(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.kind != Kind::Word {
            out.push(token.clone());
            at += 1;
            continue;
        }
        if token.text.eq_ignore_ascii_case("sub")
            && tokens
                .get(at + 1)
                .is_some_and(|t| t.kind == Kind::Word && t.text.eq_ignore_ascii_case("q"))
            && dose_before(tokens, at)
        {
            out.push(token.with(instead("sub q").unwrap_or("sub q"), Kind::Word, EXPANDED));
            out.push(tokens[at + 1].with("", Kind::Consumed, EXPANDED));
            at += 2;
            continue;
        }
        out.push(match replacement(tokens, at) {
            Some((text, rule)) => token.with(text, Kind::Word, rule),
            None => token.clone(),
        });
        at += 1;
    }
    // A replaced token keeps how it sat between its neighbours.
    debug_assert!(out.len() == tokens.len());
    for (new, old) in out.iter_mut().zip(tokens) {
        if new.kind == Kind::Word {
            new.glue = old.glue;
        }
    }
    out
}

fn replacement(tokens: &[Token], at: usize) -> Option<(String, &'static str)> {
    let text = tokens[at].text.as_str();
    let expanded = |key: &str| instead(key).map(|to| (to.to_owned(), EXPANDED));
    if CERTAIN.contains(&text) {
        return expanded(text);
    }
    if AFTER_DOSE.contains(&text) && dose_before(tokens, at) {
        return expanded(text);
    }
    if text == "HS" && dose_before(tokens, at) {
        return Some(("at bedtime".into(), EXPANDED));
    }
    if OF_EYES.contains(&text) && sentence_has(tokens, at, EYES) {
        return expanded(text);
    }
    if OF_EARS.contains(&text) && sentence_has(tokens, at, EARS) {
        return expanded(text);
    }
    let before = at
        .checked_sub(1)
        .map(|k| &tokens[k])
        .filter(|t| t.kind == Kind::Word)
        .map_or("", |t| t.text.as_str());
    if is_figure(before)
        && let Some(unit) = unit(text, before)
    {
        return Some((unit, EXPANDED));
    }
    // "10U", "5cc", "100µg"
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .unwrap_or(text.len());
    let (number, letters) = text.split_at(digits);
    if is_figure(number)
        && let Some(unit) = unit(letters, number)
    {
        return Some((format!("{number} {unit}"), EXPANDED));
    }
    // ">5"
    for sign in ['<', '>'] {
        if let Some(rest) = text.strip_prefix(sign)
            && rest.starts_with(|c: char| c.is_ascii_digit())
        {
            return instead(&sign.to_string()).map(|to| (format!("{to} {rest}"), EXPANDED));
        }
    }
    zeros(tokens, at).map(|text| (text, ZERO))
}

/// The unit that must not be abbreviated, behind a number.
fn unit(text: &str, number: &str) -> Option<String> {
    let to = match text {
        "U" | "u" | "IU" | "cc" | "µg" | "μg" => instead(text)?,
        "ug" => instead("µg")?,
        _ => return None,
    };
    let counted = to.ends_with("unit") && number.parse::<f64>().ok() != Some(1.0);
    Some(if counted {
        format!("{to}s")
    } else {
        to.to_owned()
    })
}

fn is_figure(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '/'))
}

/// ".5" is "0.5" everywhere; "5.0 mg" is "5 mg", but 5.0 stays in laboratory values and sizes.
fn zeros(tokens: &[Token], at: usize) -> Option<String> {
    let text = tokens[at].text.as_str();
    if let Some(rest) = text.strip_prefix('.')
        && rest.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(format!("0{text}"));
    }
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, glued) = text.split_at(end);
    let whole = trimmed(number)?;
    let next = |k: usize| {
        tokens
            .get(at + k)
            .filter(|t| t.kind == Kind::Word)
            .map_or("", |t| t.text.as_str())
    };
    let (unit, after) = if glued.is_empty() {
        (next(1), next(2))
    } else {
        (glued.trim_start_matches('-'), next(1))
    };
    #[rustfmt::skip]
    const DOSES: &[&str] = &[
        "mg", "mcg", "milligram", "milligrams", "microgram", "micrograms", "units", "unit", "mEq",
        "milliequivalents", "mg/kg", "mcg/kg",
    ];
    // "4.0 mEq per liter" is a laboratory value; per kilogram, hour and dose are not.
    let concentration = after == "per"
        && !matches!(
            (if glued.is_empty() { next(3) } else { next(2) })
                .to_lowercase()
                .as_str(),
            "kilogram" | "kg" | "hour" | "minute" | "day" | "dose" | "tablet"
        );
    (DOSES.contains(&unit) && !concentration).then(|| format!("{whole}{glued}"))
}

/// A decimal number without the zeros at its end, if it has such.
fn trimmed(number: &str) -> Option<&str> {
    let (_, decimals) = number.split_once('.')?;
    if decimals.is_empty() || !decimals.ends_with('0') || decimals.contains('.') {
        return None;
    }
    let short = number.trim_end_matches('0').trim_end_matches('.');
    (!short.is_empty()).then_some(short)
}

/// A number with a unit of a dose stands within the words right before.
fn dose_before(tokens: &[Token], at: usize) -> bool {
    /// "5000 units of heparin SC"
    const REACH: usize = 5;
    tokens[at.saturating_sub(REACH)..at]
        .iter()
        .rev()
        .take_while(|t| t.kind == Kind::Word)
        .any(|t| {
            let letters = t
                .text
                .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
            matches!(
                letters.to_lowercase().as_str(),
                "mg" | "mcg"
                    | "g"
                    | "units"
                    | "unit"
                    | "ml"
                    | "milligrams"
                    | "micrograms"
                    | "meq"
                    | "u"
                    | "milliliters"
            )
        })
}

fn sentence_has(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    let ends = |t: &Token| {
        t.mark().is_some_and(crate::text::token::Mark::is_stop) || matches!(t.kind, Kind::Break(_))
    };
    let from = tokens[..at].iter().rposition(ends).map_or(0, |k| k + 1);
    let to = tokens[at..]
        .iter()
        .position(ends)
        .map_or(tokens.len(), |k| at + k);
    tokens[from..to]
        .iter()
        .any(|t| t.kind == Kind::Word && words.contains(&t.text.to_lowercase().as_str()))
}

/// Whether a word of a finished report must not be there, although nothing certain can be written instead. `dose_after`
/// and `dose_before` say what stands around it. Gives what it may mean.
pub fn uncertain(text: &str, dose_before: bool, dose_after: bool) -> Option<&'static str> {
    let asked = match text {
        // Multiple sclerosis and mental status are no drugs.
        "MS" | "TAC" | "AZT" | "CPZ" => dose_after,
        "HCT" => dose_after,
        "D/C" | "NoAC" => true,
        "OD" | "BT" | "HS" => dose_before,
        _ => false,
    };
    if !asked {
        return None;
    }
    match text {
        "MS" => Some("morphine sulfate or magnesium sulfate"),
        "OD" => Some("once daily or right eye"),
        _ => instead(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transcript::corrected;
    use crate::text::testing::words;
    use crate::text::{Rule, Setup, case, commands, draft_by};

    fn written(said: &str) -> String {
        let rules = [
            Rule {
                name: "commands",
                apply: |tokens, _| commands::spoken(tokens),
            },
            Rule {
                name: "do_not_write",
                apply: |tokens, _| expand(tokens),
            },
            Rule {
                name: "case",
                apply: |tokens, _| case::sentences(tokens),
            },
        ];
        let words = words(said);
        let draft = draft_by(&rules, &words, &corrected(&words, &[]), &Setup::default());
        assert_eq!(draft.findings, [], "{said}");
        draft.report.text
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_certain_is_expanded() {
        for (said, want) in [
            ("aspirin 81 mg QD", "Aspirin 81 mg daily"),
            ("prednisone 5 mg q.o.d. period", "Prednisone 5 mg every other day."),
            ("insulin 10 U at night", "Insulin 10 units at night"),
            ("insulin 10U at night", "Insulin 10 units at night"),
            ("heparin 5000 units SC", "Heparin 5000 units subcutaneously"),
            ("enoxaparin 40 mg sub q daily", "Enoxaparin 40 mg subcutaneously daily"),
            ("vitamin D 400 IU", "Vitamin D 400 international units"),
            ("infiltrated with 5 cc of lidocaine", "Infiltrated with 5 mL of lidocaine"),
            ("fentanyl 50 µg", "Fentanyl 50 mcg"),
            ("zolpidem 5 mg HS", "Zolpidem 5 mg at bedtime"),
            ("MgSO4 2 g over an hour", "Magnesium sulfate 2 g over an hour"),
            ("D-dimer > 5000", "D-dimer greater than 5000"),
            ("ejection fraction <35%", "Ejection fraction less than 35%"),
            ("latanoprost one drop OU nightly", "Latanoprost one drop both eyes nightly"),
            ("visual acuity 20/40 OD and 20/30 OS", "Visual acuity 20/40 right eye and 20/30 left eye"),
        ] {
            assert_eq!(written(said), want, "{said}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn the_same_letters_with_another_meaning_stay() {
        for said in [
            "MS was diagnosed in 2010", "Severe AS and mild AR", "The AU was closed", "Group U patients", "HCT 38",
            "SC joint is tender", "Patient-controlled analgesia by PCA", "Alert and oriented, AD is likely", "5 cm mass",
        ] {
            assert_eq!(written(said), said, "{said}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn zeros_of_doses() {
        for (said, want) in [
            ("digoxin .125 mg daily", "Digoxin 0.125 mg daily"),
            ("warfarin 5.0 mg daily", "Warfarin 5 mg daily"),
            ("warfarin 2.50 mg daily", "Warfarin 2.5 mg daily"),
            ("warfarin 5.0mg daily", "Warfarin 5mg daily"),
            ("gentamicin 5.0 mg per kilogram", "Gentamicin 5 mg per kilogram"),
            ("potassium 4.0 mEq per liter", "Potassium 4.0 mEq per liter"),
            ("creatinine 1.0 mg/dL", "Creatinine 1.0 mg/dL"),
            ("a 2.0 cm nodule", "A 2.0 cm nodule"),
            ("INR 2.0", "INR 2.0"),
            ("morphine 10 mg", "Morphine 10 mg"),
            ("levothyroxine 100 mcg", "Levothyroxine 100 mcg"),
        ] {
            assert_eq!(written(said), want, "{said}");
        }
    }

    #[test]
    fn every_form_stands_in_the_table() {
        for key in CERTAIN
            .iter()
            .chain(AFTER_DOSE)
            .chain(OF_EYES)
            .chain(OF_EARS)
        {
            assert!(instead(key).is_some(), "{key}");
        }
    }

    #[test]
    fn what_is_not_certain_is_asked_about_in_its_place_only() {
        assert!(uncertain("MS", false, true).is_some());
        assert!(uncertain("MS", false, false).is_none());
        assert!(uncertain("D/C", false, false).is_some());
        assert!(uncertain("OD", true, false).is_some());
        assert!(uncertain("CT", true, true).is_none());
    }
}
