//! From everything that could be asked to what is asked: one flag per place, the weightiest first, the rest as information.
//!
//! A reviewer who meets twelve flags in a page reads none of them. So doubts about words that stand together are one
//! flag, and beyond [`PER_200_WORDS`] of them the lighter ones become information. What is about a drug, a dose, a negation or
//! a side is never demoted, nor what is about meaning (a dose out of range, an allergy, a gap).

use super::Material;
use super::doubt::{after_verb, is_deciding};
use super::drugs::{alike, dose};
use super::said::Reading;
use crate::domain::finding::{Finding, FindingKind, Severity, Suggestion};
use crate::domain::transcript::{Word, join};
use std::ops::Range;

/// Doubts about words that a reviewer is asked about per 200 words of the report.
const PER_200_WORDS: usize = 5;
/// The same in a very short dictation.
const AT_LEAST: usize = 2;
/// Doubts of this weight (about a drug, a dose, a negation, a side) are asked about however many there are.
const DANGEROUS: u32 = 4;
/// A merged doubt of more words is a passage, and nobody listens to half of it.
const LONGEST: usize = 10;
/// Likeness of the letters to a drug from which what was heard is that drug, whatever its capital says.
const A_DRUG: f64 = 0.8;
/// An unknown word of so many letters is no name.
const NO_NAME: usize = 12;

/// Doubts about single words; everything else is kept as it is.
fn is_word_doubt(finding: &Finding) -> bool {
    matches!(
        finding.kind,
        FindingKind::UnknownWord
            | FindingKind::DoubtfulWord
            | FindingKind::SoundsLike
            | FindingKind::DoseWithoutDrug
            | FindingKind::LowConfidenceNumber
    ) && finding.word_from < finding.word_to
}

/// Merges and ranks. The order is that of the words; ids are not given here.
pub fn triage(material: &Material, reading: &Reading, findings: Vec<Finding>) -> Vec<Finding> {
    let (mut doubts, mut out): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(is_word_doubt);
    for doubt in &mut doubts {
        name_or_not(material, reading, doubt);
    }
    doubts.sort_by_key(|f| (f.word_from, f.word_to));
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    for doubt in doubts {
        match groups.last_mut() {
            Some(group) if belongs(group, &doubt, material.words) => group.push(doubt),
            _ => groups.push(vec![doubt]),
        }
    }
    let mut ranked: Vec<(u32, Finding)> = groups
        .into_iter()
        .map(|group| {
            let merged = merge(group, material.words);
            (weight(material, reading, &merged), merged)
        })
        .collect();
    ranked.sort_by(|(a, f), (b, g)| b.cmp(a).then(f.word_from.cmp(&g.word_from)));
    let room = AT_LEAST.max(PER_200_WORDS * reading.said.len() / 200);
    let mut asked = 0;
    for (weight, finding) in &mut ranked {
        if finding.severity == Severity::Info {
            continue;
        }
        if *weight < DANGEROUS && asked >= room {
            finding.severity = Severity::Info;
            let note = format!("; triage: weight {weight}, room for {room}");
            finding.evidence.push_str(&note);
        } else {
            asked += 1;
        }
    }
    out.extend(ranked.into_iter().map(|(_, finding)| finding));
    out.sort_by_key(|f| (f.word_from, f.word_to));
    out
}

/// A capital makes an unknown word a name only inside a sentence, and not before a dose.
fn name_or_not(material: &Material, reading: &Reading, finding: &mut Finding) {
    if finding.kind != FindingKind::UnknownWord || finding.severity > Severity::Info {
        return;
    }
    let said = reading.places(finding.word_from..finding.word_to);
    let Some(first) = reading.said.get(said.start) else {
        return;
    };
    let begins = reading.sentence(said.start).start == said.start;
    let long = first.norm.chars().count() >= NO_NAME;
    if begins || long || dose_follows(reading, said.end) || may_be_drug(material, finding) {
        finding.severity = Severity::Warning;
    }
}

/// Whether what was heard is spelled nearly like a drug, with or without the spaces.
fn may_be_drug(material: &Material, finding: &Finding) -> bool {
    finding.suggestions.first().is_some_and(|s| {
        material
            .index
            .term(&s.text)
            .is_some_and(|t| t.category.is_drug())
            && alike(&s.text, &finding.heard) >= A_DRUG
    })
}

fn dose_follows(reading: &Reading, end: usize) -> bool {
    (end..(end + 3).min(reading.said.len())).any(|k| dose(&reading.said, k).is_some())
}

/// Whether a doubt is about the same place as the group before it.
fn belongs(group: &[Finding], next: &Finding, words: &[Word]) -> bool {
    let from = group.first().map_or(0, |f| f.word_from);
    let to = group.iter().map(|f| f.word_to).max().unwrap_or(0);
    if next.word_from < to {
        return true;
    }
    if next.word_to - from > LONGEST {
        return false;
    }
    let ends = |k: usize| {
        words
            .get(k)
            .is_some_and(|w| w.text.ends_with(['.', '?', '!', ':']))
    };
    // Side by side, or with one word between that is no end of anything.
    next.word_from == to
        || (next.word_from == to + 1 && !ends(to) && !ends(to - 1) && !is_spoken_mark(words, to))
}

fn is_spoken_mark(words: &[Word], at: usize) -> bool {
    words.get(at).is_some_and(|w| {
        let bare = w
            .text
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        matches!(
            bare.as_str(),
            "period" | "comma" | "colon" | "stop" | "semicolon" | "paragraph" | "heading"
        )
    })
}

/// One finding for a group. What is known best gives its kind.
fn merge(group: Vec<Finding>, words: &[Word]) -> Finding {
    let rank = |f: &Finding| match f.kind {
        FindingKind::UnknownWord => 0,
        FindingKind::SoundsLike => 1,
        FindingKind::DoseWithoutDrug => 2,
        FindingKind::LowConfidenceNumber => 3,
        _ => 4,
    };
    let mut parts = group;
    parts.sort_by_key(|f| (rank(f), f.word_from));
    if parts.len() < 2 {
        return parts.remove(0);
    }
    let from = parts.iter().map(|f| f.word_from).min().unwrap_or(0);
    let to = parts.iter().map(|f| f.word_to).max().unwrap_or(0);
    let heard = words.get(from..to).unwrap_or_default();
    let mut merged = parts[0].clone();
    (merged.word_from, merged.word_to) = (from, to);
    if let (Some(first), Some(last)) = (heard.first(), heard.last()) {
        (merged.start_s, merged.end_s) = (first.start_s, last.end_s);
    }
    merged.report_from = parts.iter().filter_map(|f| f.report_from).min();
    merged.report_to = parts.iter().filter_map(|f| f.report_to).max();
    merged.severity = parts
        .iter()
        .map(|f| f.severity)
        .max()
        .unwrap_or(merged.severity);
    merged.heard = join(heard.iter().map(|w| w.text.as_str()));
    merged.suggestions = together(&parts, from..to, words).into_iter().collect();
    let question = merged
        .suggestions
        .first()
        .map_or_else(String::new, |s| format!(" Did you mean \"{}\"?", s.text));
    merged.message = format!(
        "\"{}\" was probably heard wrong.{question} Listen to the place and correct it if needed.",
        merged.heard.trim_end_matches([',', '.', ':', ';'])
    );
    merged.evidence = join_evidence(&parts);
    merged
}

fn join_evidence(parts: &[Finding]) -> String {
    let mut all: Vec<&str> = parts.iter().map(|f| f.evidence.as_str()).collect();
    all.dedup();
    all.join("; ")
}

/// A wording for the whole place: each part with a suggestion as its best one, the other words as heard.
fn together(parts: &[Finding], span: Range<usize>, words: &[Word]) -> Option<Suggestion> {
    let mut text: Vec<String> = Vec::new();
    let mut least: Option<f32> = None;
    let mut at = span.start;
    while at < span.end {
        let part = parts
            .iter()
            .find(|p| p.word_from == at && !p.suggestions.is_empty());
        match part {
            Some(part) if part.word_to > at => {
                let best = &part.suggestions[0];
                least = Some(least.map_or(best.score, |l| l.min(best.score)));
                let last = words.get(part.word_to - 1).map_or("", |w| w.text.as_str());
                let mark = last
                    .chars()
                    .next_back()
                    .filter(|c| matches!(c, ',' | '.' | ';' | ':'));
                let mark = mark.filter(|_| part.word_to < span.end);
                text.push(format!(
                    "{}{}",
                    best.text,
                    mark.map_or_else(String::new, String::from)
                ));
                at = part.word_to;
            }
            _ => {
                text.push(words.get(at)?.text.clone());
                at += 1;
            }
        }
    }
    least.map(|score| Suggestion {
        text: text.join(" "),
        score,
    })
}

/// How much a doubt matters: drugs, doses, negations and sides first, then likely medical words.
fn weight(material: &Material, reading: &Reading, finding: &Finding) -> u32 {
    let said = reading.places(finding.word_from..finding.word_to);
    let mut weight = 0;
    let here = reading.said.get(said.clone()).unwrap_or_default();
    if matches!(
        finding.kind,
        FindingKind::DoseWithoutDrug | FindingKind::LowConfidenceNumber
    ) || here.iter().any(|s| is_deciding(&s.norm))
    {
        weight += 4;
    }
    if said.clone().any(|k| dose(&reading.said, k).is_some()) || dose_follows(reading, said.end) {
        weight += 4;
    }
    if matches!(
        reading.category(said.start),
        "medications"
            | "discharge_medications"
            | "current_medications"
            | "drug_history"
            | "allergy"
    ) {
        weight += 2;
    }
    if may_be_drug(material, finding) || (said.start < said.end && after_verb(reading, said.start))
    {
        weight += 4;
    }
    if here.iter().any(|s| s.norm.chars().count() >= 7) {
        weight += 1;
    }
    if here.iter().any(|s| s.probability < 0.3) {
        weight += 1;
    }
    if here.iter().any(|s| s.heading) {
        weight += 1;
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::super::testing::index;
    use super::*;
    use crate::domain::transcript::corrected;
    use crate::text::testing::words;

    fn unknown(words: &[Word], at: usize, suggestion: &str, severity: Severity) -> Finding {
        let mut f = Finding::new(
            FindingKind::UnknownWord,
            severity,
            (words[at].start_s, words[at].end_s),
            (at, at + 1),
            "m",
            "dictionary.unknown_word",
        );
        f.heard.clone_from(&words[at].text);
        if !suggestion.is_empty() {
            f.suggestions = vec![Suggestion {
                text: suggestion.into(),
                score: 0.8,
            }];
        }
        f
    }

    fn triaged(said: &str, at: &[(usize, &str)]) -> Vec<Finding> {
        let words = words(said);
        let draft = crate::text::draft(&words, &corrected(&words, &[]));
        let index = index();
        let material = Material {
            words: &words,
            edits: &[],
            report: &draft.report,
            index: &index,
            patient: None,
        };
        let found = at
            .iter()
            .map(|(k, s)| unknown(&words, *k, s, Severity::Warning))
            .collect();
        triage(&material, &Reading::of(&draft.report, &words), found)
    }

    #[test]
    fn doubts_side_by_side_are_one_with_one_wording() {
        let found = triaged(
            "he takes secubitrol, and belsartin 49/51 mg",
            &[(2, "sacubitril"), (4, "valsartan")],
        );
        let [one] = found.as_slice() else {
            panic!("one, not {found:?}");
        };
        assert_eq!((one.word_from, one.word_to), (2, 5));
        assert_eq!(one.heard, "secubitrol, and belsartin");
        assert_eq!(one.suggestions[0].text, "sacubitril, and valsartan");
        assert!((one.start_s - 0.8).abs() < 1e-9 && (one.end_s - 2.0).abs() < 1e-9);
    }

    #[test]
    fn doubts_in_two_sentences_are_two() {
        let found = triaged("he has zzpain. zzmed was given", &[(2, ""), (3, "")]);
        assert_eq!(
            found.len(),
            1,
            "side by side, whatever mark the engine put there"
        );
        let found = triaged("he has zzpain. Then zzmed was given", &[(2, ""), (4, "")]);
        assert_eq!(found.len(), 2);
        let found = triaged("he has zzpain comma zzmed was given", &[(2, ""), (4, "")]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn beyond_the_room_the_lighter_doubts_become_information() {
        // Room for two; the one before a dose and the one with a drug behind it stay.
        let found = triaged(
            "zza was well and zzb was not and zzmetopral 50 mg was given and zzc came with zzfurosamid too",
            &[
                (0, ""),
                (4, ""),
                (8, "metoprolol"),
                (14, ""),
                (17, "furosemide"),
            ],
        );
        let asked: Vec<usize> = found
            .iter()
            .filter(|f| f.severity > Severity::Info)
            .map(|f| f.word_from)
            .collect();
        assert_eq!(asked, [8, 17]);
        assert_eq!(found.len(), 5);
        assert!(found[0].evidence.contains("triage"));
    }

    #[test]
    fn a_capital_is_a_name_inside_a_sentence_only() {
        let said = "Zzanorak was given. seen by Zzbert today. he took Zzcillin 5 mg";
        let all = words(said);
        let draft = crate::text::draft(&all, &corrected(&all, &[]));
        let reading = Reading::of(&draft.report, &all);
        let index = index();
        let material = Material {
            words: &all,
            edits: &[],
            report: &draft.report,
            index: &index,
            patient: None,
        };
        let severity = |at: usize| {
            let mut f = unknown(&all, at, "", Severity::Info);
            name_or_not(&material, &reading, &mut f);
            f.severity
        };
        assert_eq!(severity(0), Severity::Warning);
        assert_eq!(severity(5), Severity::Info);
        assert_eq!(severity(9), Severity::Warning);
    }
}
