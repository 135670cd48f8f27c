//! Words that the engine was unsure of and that matter, blanks, and forms that the author has to resolve.
//!
//! Thresholds were set on the development set's dictations as the engine heard them. A low probability alone says little
//! about figures (of 42 under 0.5 about five were wrong) and nothing about known medical words (a long word is heard in
//! pieces); it says much about an everyday word that does not belong where it stands.

use super::drugs::{Unit, dose};
use super::said::{Reading, Said};
use super::{Flag, Material};
use crate::dictionary::index::Known;
use crate::dictionary::load::File;
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::text::do_not_write;
use std::ops::Range;

/// An everyday word heard with less than this stands for something else more often than not.
const EVERYDAY: f32 = 0.3;
/// The same right behind a verb of prescribing, where a drug is expected.
const AFTER_VERB: f32 = 0.6;
/// A word that hardly anybody says.
const RARE: f32 = 0.4;
/// A negation or a side.
const DECIDING: f32 = 0.35;
/// A number of any kind.
const NUMBER: f32 = 0.2;
/// A dose that sounds like another one: sixteen and sixty.
const TEEN_OR_TY: f32 = 0.55;

/// Raises flags for words that were heard badly.
pub fn check(material: &Material, reading: &Reading, flags: &mut Vec<Flag>) {
    let edited = edited(material);
    for (k, said) in reading.said.iter().enumerate() {
        if said.words.is_empty() || is_edited(&edited, said) {
            continue;
        }
        if let Some((severity, message, rule)) = doubtful(material, reading, k, said) {
            flags.push(Flag::new(
                FindingKind::DoubtfulWord,
                severity,
                k..k + 1,
                message,
                format!(
                    "safety.doubt: {rule}, heard with {:.2} of 1",
                    said.probability
                ),
            ));
        }
    }
    for k in 0..reading.said.len() {
        if let Some((at, value)) = teen_or_ty(reading, k) {
            let other = if value < 20.0 {
                (value - 10.0) * 10.0
            } else {
                value / 10.0 + 10.0
            };
            flags.push(Flag::new(
                FindingKind::DoubtfulWord,
                Severity::Warning,
                at,
                format!(
                    "{value} or {other}? The two sound alike. Listen, and make the dose right."
                ),
                format!(
                    "safety.doubt: sounds alike, heard with {:.2} of 1",
                    reading.said[k].probability
                ),
            ));
        }
    }
}

/// A correction has been judged against the sound; its raw words have not.
fn is_edited(edited: &[bool], said: &Said) -> bool {
    edited
        .get(said.words.clone())
        .is_some_and(|words| words.contains(&true))
}

/// Which raw words a correction has replaced.
fn edited(material: &Material) -> Vec<bool> {
    let mut out = vec![false; material.words.len()];
    for edit in material.edits {
        if let Some(words) = out.get_mut(edit.word_from..edit.word_to) {
            words.fill(true);
        }
    }
    out
}

fn doubtful(
    material: &Material,
    reading: &Reading,
    k: usize,
    said: &Said,
) -> Option<(Severity, String, &'static str)> {
    let listen = |what: &str| {
        format!(
            "{what} \"{}\" was heard badly. Listen to the place.",
            said.text
        )
    };
    if is_deciding(&said.norm) {
        return (said.probability < DECIDING).then(|| {
            (
                Severity::Warning,
                listen("A word that decides the meaning,"),
                "negation or side",
            )
        });
    }
    match material.index.known(&said.text) {
        Known::Number => {
            (said.probability < NUMBER).then(|| (Severity::Warning, listen("The number"), "number"))
        }
        known @ (Known::English { .. } | Known::Compound | Known::Rare) => {
            let most = if after_verb(reading, k) {
                AFTER_VERB
            } else if known == Known::Rare {
                RARE
            } else {
                EVERYDAY
            };
            (said.probability < most
                && said.norm.len() > 2
                && !is_plain(&said.norm)
                && !said.heading)
                .then(|| (Severity::Warning, listen("The word"), "an everyday word"))
        }
        Known::Term(term) => {
            // Terms that are everyday words too; a long known medical word is heard in pieces and right.
            let everyday = term.zipf >= 3.5 && !term.category.is_drug() && said.norm.len() <= 8;
            let most = if after_verb(reading, k) {
                AFTER_VERB
            } else {
                EVERYDAY
            };
            (everyday && said.probability < most && !is_plain(&said.norm) && !said.heading)
                .then(|| (Severity::Warning, listen("The word"), "an everyday word"))
        }
        _ => None,
    }
}

/// Negations and sides.
pub fn is_deciding(norm: &str) -> bool {
    #[rustfmt::skip]
    const DECIDING: &[&str] = &[
        "no", "not", "never", "none", "without", "denies", "denied", "negative", "absent", "left", "right",
        "bilateral", "bilaterally", "left-sided", "right-sided", "neither", "nor", "cannot", "isn't", "wasn't",
        "doesn't", "didn't",
    ];
    DECIDING.contains(&norm)
}

/// Words that are often swallowed and seldom wrong, and those of dictation itself.
fn is_plain(norm: &str) -> bool {
    #[rustfmt::skip]
    const PLAIN: &[&str] = &[
        "a", "an", "the", "and", "of", "to", "at", "in", "on", "with", "for", "is", "was", "were", "are", "be", "been",
        "it", "that", "this", "he", "she", "we", "i", "his", "her", "which", "by", "as", "had", "has", "have", "or",
        "but", "from", "then", "than", "there", "their", "they", "also", "will", "would", "comma", "colon", "period",
        "stop", "full", "next", "new", "heading", "paragraph", "number", "line", "dear", "doctor", "patient", "note",
        "today", "tonight", "daily", "once", "twice", "uh", "um", "over", "per", "point", "minus", "plus", "note",
        "milligrams", "micrograms", "milliliters", "millimeters", "centimeters", "day", "days", "week", "weeks",
    ];
    PLAIN.contains(&norm)
}

/// Behind a verb after which a drug is named: "continue a pixel", "start becky".
pub fn after_verb(reading: &Reading, k: usize) -> bool {
    #[rustfmt::skip]
    const VERBS: &[&str] = &[
        "continue", "continued", "start", "started", "begin", "add", "resume", "restart", "hold", "prescribe",
        "prescribed", "commence", "discontinue", "stop", "stopped", "restarted", "resumed", "takes", "taking",
    ];
    (1..=2).any(|n| {
        k.checked_sub(n).is_some_and(|j| {
            VERBS.contains(&reading.norm(j)) && reading.said[j].sentence == reading.said[k].sentence
        })
    })
}

/// A dose of 13 to 19 or 30, 40 to 90 that was not heard well, with its words.
fn teen_or_ty(reading: &Reading, k: usize) -> Option<(Range<usize>, f64)> {
    let dose = dose(&reading.said, k)?;
    let value = dose.value?;
    let alike =
        (13.0..=19.0).contains(&value) || ((30.0..=90.0).contains(&value) && value % 10.0 == 0.0);
    let counted = matches!(dose.unit, Unit::Mg | Unit::Mcg | Unit::Units | Unit::Meq);
    (alike && value.fract() == 0.0 && counted && reading.said[k].probability < TEEN_OR_TY)
        .then_some((dose.at, value))
}

/// What must not be written: what was expanded is information, what could not be is asked about.
pub fn written(material: &Material, reading: &Reading, flags: &mut Vec<Flag>) {
    for span in &material.report.trace {
        let rule = span.rule.as_str();
        if (rule != do_not_write::EXPANDED && rule != do_not_write::ZERO) || span.from == span.to {
            continue;
        }
        let k = reading.said.partition_point(|s| s.to <= span.from);
        if reading.said.get(k).is_none_or(|s| span.to <= s.from) {
            continue;
        }
        let end = reading.said[k..]
            .iter()
            .take_while(|s| s.from < span.to)
            .count();
        let heard: Vec<&str> = material
            .words
            .get(span.word_from..span.word_to)
            .unwrap_or_default()
            .iter()
            .map(|w| w.text.as_str())
            .collect();
        let now: Vec<&str> = reading.said[k..k + end]
            .iter()
            .map(|s| s.text.as_str())
            .collect();
        flags.push(Flag::new(
            FindingKind::DoNotWrite,
            Severity::Info,
            k..k + end,
            format!(
                "\"{}\" was written out as \"{}\". Check that this is meant.",
                heard.join(" "),
                now.join(" ")
            ),
            rule,
        ));
    }
    for (k, said) in reading.said.iter().enumerate() {
        let near =
            |range: Range<usize>| range.into_iter().any(|j| dose(&reading.said, j).is_some());
        let sentence = reading.around(k);
        let before = near(sentence.start.max(k.saturating_sub(4))..k);
        let after = near(k + 1..sentence.end.min(k + 4));
        if let Some(meanings) = do_not_write::uncertain(&said.text, before, after) {
            let reason = material
                .index
                .tables()
                .table(File::DoNotUse)
                .rows(&said.text)
                .next()
                .and_then(|row| row.get(2).map(|r| (*r).to_owned()))
                .unwrap_or_default();
            flags.push(Flag::new(
                FindingKind::DoNotWrite,
                Severity::Warning,
                k..k + 1,
                format!("\"{}\" can mean {meanings}. Write out which.", said.text),
                format!("do_not_write: {reason}"),
            ));
        }
    }
}

/// Blanks that nobody filled in: "[ ]", "____", "***", "[blank]". Those in `found`, which the speaker left, are known.
pub fn blanks(material: &Material, found: &[Finding]) -> Vec<Finding> {
    let mut known: Vec<(usize, usize)> = found
        .iter()
        .filter(|f| f.kind == FindingKind::UnresolvedBlank)
        .filter_map(|f| Some((f.report_from?, f.report_to?)))
        .collect();
    known.sort_unstable();
    let chars: Vec<char> = material.report.text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let end = blank(&chars, at);
        if end == at {
            at += 1;
            continue;
        }
        let next = known.partition_point(|(_, to)| *to <= at);
        if known.get(next).is_some_and(|(from, _)| *from < end) {
            at = end;
            continue;
        }
        let trace = &material.report.trace;
        let spans = trace[trace.partition_point(|s| s.to <= at)..]
            .iter()
            .take_while(|s| s.from < end)
            .filter(|s| s.word_from < s.word_to);
        let raw = spans.fold(None, |all: Option<Range<usize>>, s| {
            let all = all.unwrap_or(s.word_from..s.word_to);
            Some(all.start.min(s.word_from)..all.end.max(s.word_to))
        });
        let raw = raw.unwrap_or(0..0);
        let heard = material.words.get(raw.clone()).unwrap_or_default();
        let times = match (heard.first(), heard.last()) {
            (Some(first), Some(last)) => (first.start_s, last.end_s),
            _ => (0.0, 0.0),
        };
        let mut finding = Finding::new(
            FindingKind::UnresolvedBlank,
            Severity::Warning,
            times,
            (raw.start, raw.end),
            "A blank that nobody filled in. Type what belongs here, or take it out.",
            "safety.blank",
        );
        (finding.report_from, finding.report_to) = (Some(at), Some(end));
        out.push(finding);
        at = end;
    }
    out
}

/// Where the blank that begins at `at` ends; `at` itself if none does.
fn blank(chars: &[char], at: usize) -> usize {
    let run = |c: char| chars[at..].iter().take_while(|x| **x == c).count();
    match chars[at] {
        '_' if run('_') >= 2 => at + run('_'),
        '*' if run('*') >= 3 => at + run('*'),
        '[' => {
            let Some(close) = chars[at..].iter().take(12).position(|c| *c == ']') else {
                return at;
            };
            let inside: String = chars[at + 1..at + close].iter().collect();
            let inside = inside.trim();
            let empty = inside.chars().all(|c| matches!(c, '_' | '.' | '?' | '*'));
            if empty || inside.eq_ignore_ascii_case("blank") {
                at + close + 1
            } else {
                at
            }
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{kinds, kinds_unsure, review_of};
    use super::*;
    use FindingKind::{DoNotWrite, DoubtfulWord, UnresolvedBlank};

    #[test]
    fn a_doubtful_word_that_matters_is_asked_about() {
        for (said, unsure) in [
            // Negation, side, number, everyday word, and a word where a drug belongs.
            ("there is no rash on the arm", (2, 0.2)),
            ("swelling of the left ankle", (3, 0.3)),
            ("sodium was 138 yesterday", (2, 0.1)),
            ("the abdomen has a skinny feeling", (4, 0.25)),
            ("please continue becky at home", (2, 0.5)),
            // Sixteen or sixty.
            ("increase furosemide to 16 mg daily", (3, 0.48)),
            ("start metoprolol 50 mg daily", (2, 0.4)),
        ] {
            assert_eq!(kinds_unsure(said, &[unsure]), [DoubtfulWord], "{said}");
        }
    }

    #[test]
    fn a_doubtful_word_that_is_usually_right_is_not() {
        for (said, unsure) in [
            ("there is no rash on the arm", (2, 0.5)),
            ("swelling of the left ankle", (0, 0.32)),
            ("sodium was 138 yesterday", (2, 0.45)),
            ("spirometry was done and she went home", (0, 0.2)),
            ("she went home and slept", (3, 0.1)),
            ("he takes ramipril 10 mg daily", (2, 0.15)),
            ("he takes ramipril 5 mg daily", (3, 0.4)),
            ("a dose of 25 mg was given", (3, 0.45)),
        ] {
            assert_eq!(kinds_unsure(said, &[unsure]), [], "{said}");
        }
    }

    #[test]
    fn blanks_are_found_in_all_their_forms() {
        for said in [
            "the dose is [ ] today",
            "the dose is ____ today",
            "seen by *** yesterday",
            "seen by [blank] yesterday",
            "seen by [___] yesterday",
        ] {
            assert_eq!(kinds(said), [UnresolvedBlank], "{said}");
        }
        for said in [
            "the list [1] is long",
            "2 * 3 is six",
            "normal [see above] today",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }

    #[test]
    fn what_was_written_out_is_information_and_what_is_open_is_asked() {
        let found = review_of("aspirin 81 mg QD", &[], None);
        let [finding] = found.as_slice() else {
            panic!("one finding, not {found:?}");
        };
        assert_eq!(
            (finding.kind, finding.severity),
            (DoNotWrite, Severity::Info)
        );
        assert!(finding.message.contains("\"QD\"") && finding.message.contains("\"daily\""));
        assert_eq!(kinds("give MS 4 mg now"), [DoNotWrite]);
        assert_eq!(kinds("she was D/C yesterday"), [DoNotWrite]);
        assert_eq!(kinds("aspirin 81 mg OD"), [DoNotWrite]);
        assert_eq!(kinds("MS was diagnosed 4 years ago"), []);
    }
}
