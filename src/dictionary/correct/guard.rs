//! The hard limits: what no correction of the dictionary may touch, whatever the sound says.
//!
//! Never a digit, a unit, a negation, a side, a spoken mark or a name; never one known drug for another; never a word of
//! opposite meaning; never the same words with one left out.

use crate::dictionary::index::{self, Index, Known, core, fold};
use crate::dictionary::load::Category;
use crate::domain::numerals;

/// Parts of numbers beside the cardinals, and how often.
const NUMBERS: &[&str] = &[
    "half", "quarter", "third", "first", "second", "fourth", "fifth", "sixth", "seventh", "eighth",
    "ninth", "tenth", "once", "twice", "thrice", "double", "single", "triple", "point",
];
/// Units that are everyday words; the rest is in units.tsv.
const UNITS: &[&str] = &[
    "mg", "mcg", "g", "kg", "ml", "l", "cm", "mm", "day", "days", "daily", "week", "weeks",
    "weekly", "month", "months", "monthly", "year", "years", "hour", "hours", "hourly", "minute",
    "minutes", "second", "seconds", "unit", "units", "drop", "drops", "puff", "puffs", "tablet",
    "tablets", "capsule", "capsules", "spray", "sprays", "percent", "degrees", "nightly",
    "bedtime", "morning", "evening",
];
const NEGATIONS: &[&str] = &[
    "no",
    "not",
    "nor",
    "none",
    "never",
    "neither",
    "without",
    "denies",
    "deny",
    "denied",
    "denying",
    "negative",
    "absent",
    "absence",
    "cannot",
    "nil",
    "nothing",
    "non",
    "unremarkable",
    "stop",
    "stopped",
    "discontinue",
    "discontinued",
];
/// Sides and directions.
const SIDES: &[&str] = &[
    "left",
    "right",
    "bilateral",
    "bilaterally",
    "unilateral",
    "both",
    "upper",
    "lower",
    "anterior",
    "posterior",
    "superior",
    "inferior",
    "medial",
    "lateral",
    "proximal",
    "distal",
    "male",
    "female",
];
/// Spoken marks and commands of one word.
const COMMANDS: &[&str] = &[
    "comma",
    "period",
    "colon",
    "semicolon",
    "semi-colon",
    "hyphen",
    "dash",
    "slash",
    "paren",
    "parens",
    "parenthesis",
    "parentheses",
    "bracket",
    "brackets",
    "quote",
    "unquote",
    "bullet",
    "newline",
    "paragraph",
    "heading",
    "correction",
];
/// Commands of two words.
const COMMAND_PAIRS: &[(&str, &str)] = &[
    ("full", "stop"),
    ("new", "line"),
    ("next", "line"),
    ("next", "number"),
    ("next", "section"),
    ("next", "item"),
    ("question", "mark"),
    ("exclamation", "mark"),
    ("exclamation", "point"),
    ("scratch", "that"),
    ("strike", "that"),
    ("delete", "that"),
    ("make", "that"),
    ("of", "dictation"),
    ("end", "dictation"),
    ("bullet", "point"),
    ("all", "caps"),
    ("cap", "that"),
    ("spell", "it"),
];
/// Beginnings that turn a meaning round; an empty one stands for the bare word.
const OPPOSITES: &[(&str, &str)] = &[
    ("hyper", "hypo"),
    ("hyper", ""),
    ("hypo", ""),
    ("pre", "post"),
    ("inter", "intra"),
    ("ab", "ad"),
    ("supra", "infra"),
    ("supra", "sub"),
    ("super", "sub"),
    ("macro", "micro"),
    ("tachy", "brady"),
    ("a", ""),
    ("an", ""),
    ("non", ""),
    ("un", ""),
    ("in", ""),
    ("im", ""),
    ("ir", ""),
    ("dis", ""),
    ("anti", ""),
    ("de", ""),
    ("mal", ""),
    ("en", "ex"),
    ("in", "ex"),
    ("endo", "exo"),
    ("poly", "oligo"),
    ("hemi", ""),
    ("sub", ""),
];

/// The parts of words, folded: "left-tempanic," is "left" and "tempanic".
fn parts(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric() && !"'%.".contains(c))
        .map(|part| part.trim_matches(['.', '\'']).to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether a part of a word is a digit, a unit, a negation, a side or a spoken mark.
fn is_guarded(part: &str, index: &Index) -> bool {
    let listed = [NUMBERS, UNITS, NEGATIONS, SIDES, COMMANDS]
        .iter()
        .any(|list| list.contains(&part));
    listed
        || numerals::is_name(part)
        || part.contains(|c: char| c.is_numeric() || c == '%')
        || part.ends_with("n't")
        || (part.len() > 2 && index.is_unit(part) && !is_everyday(part, index))
}

/// "are", "bar" and "at" are units too, for the lists of units.
fn is_everyday(part: &str, index: &Index) -> bool {
    match index.known(part) {
        Known::English { zipf } => zipf > 4.5,
        Known::Term(term) => term.zipf > 4.5,
        _ => false,
    }
}

/// Which of the parts must be there after a correction too.
fn guarded(parts: &[String], index: &Index) -> Vec<String> {
    let pair = |i: usize| {
        parts.get(i + 1).is_some_and(|next| {
            COMMAND_PAIRS
                .iter()
                .any(|(a, b)| *a == parts[i] && b == next)
        })
    };
    let mut found: Vec<String> = (0..parts.len())
        .filter(|&i| is_guarded(&parts[i], index) || pair(i) || (i > 0 && pair(i - 1)))
        .map(|i| parts[i].clone())
        .collect();
    found.sort();
    found
}

/// Which words a span may not cross: they are guarded as a whole. A part of a word with hyphens is not ("left-tempanic"):
/// it must only stay.
pub(super) fn fences(words: &[&str], index: &Index) -> Vec<bool> {
    let folded: Vec<String> = words.iter().map(|word| fold(core(word))).collect();
    let mut fences: Vec<bool> = (folded.iter())
        .map(|word| {
            let compound = word.contains(['-', '/']) && index.known(word) == Known::No;
            word.is_empty()
                || (!compound && guarded(&parts(word), index).len() == parts(word).len())
                || (!compound && word.contains(|c: char| c.is_numeric()))
        })
        .collect();
    for i in 1..folded.len() {
        if COMMAND_PAIRS
            .iter()
            .any(|(a, b)| *a == folded[i - 1] && *b == folded[i])
        {
            fences[i - 1] = true;
            fences[i] = true;
        }
    }
    fences
}

/// Why a candidate may not take the place of what was heard, if so.
pub(super) fn forbidden(heard: &str, candidate: &str, index: &Index) -> Option<&'static str> {
    let (before, after) = (parts(heard), parts(candidate));
    // A mark that was spoken changes nothing that stands there; it must only not take the place of another.
    let mark = index::is_spoken_mark(candidate);
    let kept = if mark {
        Vec::new()
    } else {
        guarded(&after, index)
    };
    if guarded(&before, index) != kept {
        return Some("it would change a number, a unit, a negation, a side or a spoken mark");
    }
    let (named, drugs) = (index.drugs(heard), index.drugs(candidate));
    let count = |all: &[String], drug: &String| all.iter().filter(|other| *other == drug).count();
    if named
        .iter()
        .any(|drug| count(&drugs, drug) < count(&named, drug))
    {
        return Some("it would put one drug in place of another");
    }
    let is_name =
        |part: &String| matches!(index.known(part), Known::Term(t) if t.category == Category::Name);
    if before
        .iter()
        .any(|part| is_name(part) && !after.contains(part))
    {
        return Some("it would change a name");
    }
    let fewer = (0..before.len()).any(|from| {
        (from + 1..=before.len())
            .any(|to| to - from < before.len() && before[from..to].concat() == after.concat())
    });
    if fewer || (after.len() < before.len() && after.iter().all(|part| before.contains(part))) {
        return Some("it would only leave words out");
    }
    let turned = before.iter().any(|from| {
        index.known(from) != Known::No && after.iter().any(|to| are_opposite(from, to))
    });
    if turned {
        return Some("it would turn the meaning round");
    }
    // "noesis" for "no wheezes": the negation has melted into the word.
    if before
        .first()
        .is_some_and(|word| word.starts_with("no") || word.starts_with("kno"))
        && after.first().is_none_or(|word| {
            !["n", "kn", "pn"]
                .iter()
                .any(|start| word.starts_with(start))
        })
    {
        return Some("a negation may have melted into the word");
    }
    None
}

fn are_opposite(a: &str, b: &str) -> bool {
    let turns = |a: &str, b: &str| {
        OPPOSITES.iter().any(
            |(one, other)| match (a.strip_prefix(one), b.strip_prefix(other)) {
                (Some(x), Some(y)) => x == y && x.len() > 3,
                _ => false,
            },
        )
    };
    a != b && (turns(a, b) || turns(b, a))
}

#[cfg(test)]
mod tests {
    use super::super::tests::index;
    use super::*;

    fn check(heard: &str, candidate: &str, why: Option<&str>) {
        let found = forbidden(heard, candidate, &index());
        assert_eq!(
            found.map(|text| why.is_some_and(|why| text.contains(why))),
            why.map(|_| true),
            "{heard} -> {candidate}: {found:?}"
        );
    }

    #[test]
    fn never_one_known_drug_for_another() {
        for (heard, candidate) in [
            ("hydralazine", "hydroxyzine"),
            ("Metoprolol,", "metoprolol succinate"),
            ("Celebrex", "Celexa"),
            ("on warfarin", "on enoxaparin"),
            ("heparin-bolus", "Hespan bolus"),
            ("Lasix", "furosemide"),
            ("hydralazine hydralazine", "hydralazine hydrochloride"),
        ] {
            let kept = candidate.starts_with(&fold(core(heard)));
            check(
                heard,
                candidate,
                (!kept).then_some("one drug in place of another"),
            );
        }
        check("metaprol", "metoprolol", None);
        check("a pixel of", "apixaban", None);
    }

    #[test]
    fn never_a_digit_a_unit_a_negation_a_side_or_a_mark() {
        for (heard, candidate) in [
            ("by bezzler 8 lactases", "bibasilar atelectasis"),
            ("five Leiden", "Leiden"),
            ("10 milligrams", "10 micrograms"),
            ("twice", "thrice"),
            ("no hemoptysis", "hemoptysis"),
            ("without pain", "with pain"),
            ("doesn't", "does"),
            ("left tempanic", "right tympanic"),
            ("left-tempanic", "tympanic"),
            ("bilateral", "lateral"),
            ("comma", "coma"),
            ("a period", "aperiodic"),
            ("scratch that", "scratch test"),
            ("35%", "35"),
            ("laughed bundle branch block", "left bundle branch block"),
        ] {
            check(heard, candidate, Some("it would change a number"));
        }
        check("left-tempanic", "left tympanic", None);
        check("gravita-3", "gravida 3", None);
        check("Cama", "comma", None);
        check("five Cama", "comma", Some("it would change a number"));
    }

    #[test]
    fn never_the_opposite_nor_a_melted_negation() {
        check("hypertension", "hypotension", Some("turn the meaning"));
        check("symptomatic", "asymptomatic", Some("turn the meaning"));
        check("afebrile", "febrile", Some("turn the meaning"));
        check("preoperative", "postoperative", Some("turn the meaning"));
        check("noesis", "wheezes", Some("melted"));
        check("numonia", "pneumonia", None);
        check("nocturea", "nocturia", None);
    }

    #[test]
    fn never_fewer_of_the_same_words() {
        check(
            "attempted suicide by",
            "attempted suicide",
            Some("only leave words out"),
        );
        check("a hospitalization", "hospitalization", Some("only leave"));
        check("the post-mortem", "postmortem", Some("only leave"));
        check("a skinny cardiomyopathy", "ischemic cardiomyopathy", None);
    }

    #[test]
    fn never_a_name() {
        let name = crate::dictionary::index::LocalTerm {
            written: "Okafor".into(),
            category: Category::Name,
            generic: None,
            spoken: None,
        };
        let index = index().with_local(vec![name].into());
        assert!(forbidden("Okafor's", "okra", &index).is_some_and(|why| why.contains("name")));
    }

    #[test]
    fn spans_stop_at_guarded_words() {
        let words = [
            "a",
            "pixel",
            "of",
            "5",
            "mg",
            "twice",
            "daily,",
            "comma,",
            "full",
            "stop.",
            "left-tempanic",
            "at",
        ];
        let fences = fences(&words, &index());
        let open: Vec<&str> = (words.iter().zip(fences))
            .filter_map(|(w, f)| (!f).then_some(*w))
            .collect();
        assert_eq!(open, ["a", "pixel", "of", "left-tempanic", "at"]);
    }
}
