//! From heard words to proposals, and from judged proposals to edits and findings.
//!
//! [`propose`] is pure spelling; the engine judges the candidates against the sound; [`decide`] draws the line. Without
//! the engine's judgement nothing is changed: a word that no dictionary has becomes a finding.

use super::index::{Index, Known, core, fold};
use crate::domain::finding::{Finding, FindingKind, Severity, Suggestion};
use crate::domain::transcript::{Edit, Word, join};
use std::collections::HashSet;

/// Why a span is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// No dictionary has the word.
    UnknownWord,
}

/// A span of words that may have been something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// First word, numbered in the whole dictation.
    pub word_from: usize,
    /// One past the last word.
    pub word_to: usize,
    /// The words as heard, joined by spaces, without the marks around them.
    pub heard: String,
    /// Why it is in doubt.
    pub kind: ProposalKind,
    /// Other wordings, best first; scores compare spellings, 0 to 1.
    pub candidates: Vec<Suggestion>,
}

/// Words that already have a finding in this dictation; kept by the caller from piece to piece.
#[derive(Debug, Clone, Default)]
pub struct Seen(HashSet<String>);

/// Candidates per span: more than five are not read by anybody, and each costs the engine time.
const CANDIDATES: usize = 5;
/// From this likeness on, a capital does not make an unknown word a name.
const LIKELY: f32 = 0.8;
/// Words after which a name stands.
const TITLES: [&str; 16] = [
    "dr",
    "drs",
    "doctor",
    "doctors",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mister",
    "missus",
    "mx",
    "prof",
    "professor",
    "sir",
    "nurse",
    "sister",
];
/// Given name, middle name and surname.
const NAME_WORDS: usize = 3;

/// Spans of `words[from..]` that are in doubt.
///
/// `words` are all words of the dictation so far and `from` is the first of the new piece: the words before it give the
/// context (a title at the end of one piece, the name at the start of the next) and the numbering. Proposals never
/// reach back before `from`.
pub fn propose(words: &[Word], from: usize, index: &Index) -> Vec<Proposal> {
    let names = names(words, index);
    words
        .iter()
        .enumerate()
        .skip(from)
        .filter(|(_, word)| index.known(&word.text) == Known::No)
        .filter(|(_, word)| !names.contains(&identity(&word.text)))
        .map(|(i, word)| Proposal {
            word_from: i,
            word_to: i + 1,
            heard: core(&word.text).to_owned(),
            kind: ProposalKind::UnknownWord,
            candidates: index.suggest(&word.text, CANDIDATES),
        })
        .collect()
}

/// Unknown words that stand after a title: surnames, which no dictionary needs to have.
fn names(words: &[Word], index: &Index) -> HashSet<String> {
    let mut found = HashSet::new();
    for (i, word) in words.iter().enumerate() {
        if !TITLES.contains(&fold(core(&word.text)).as_str()) {
            continue;
        }
        for (n, next) in words.iter().skip(i + 1).take(NAME_WORDS).enumerate() {
            let capital = core(&next.text).starts_with(char::is_uppercase);
            // Engines that write small letters only still put the surname right behind the title.
            if !capital && n > 0 {
                break;
            }
            if index.known(&next.text) == Known::No {
                found.insert(identity(&next.text));
            }
            if !capital || next.text.ends_with([',', '.', ';', ':']) {
                break;
            }
        }
    }
    found
}

/// What makes two words the same word: "Marchetti's" and "marchetti,".
fn identity(word: &str) -> String {
    let folded = fold(core(word));
    folded.strip_suffix("'s").unwrap_or(&folded).to_owned()
}

/// Edits and findings from proposals and the engine's scores.
///
/// `words` are those given to [`propose`]. `scores[i][j]` is the log probability of candidate `j` of proposal `i`
/// against the same sound, relative to what was heard, as `Session::score` gives it; an empty slice, a short row or
/// `None` means "not judged". No score leads to an edit yet, so every proposal becomes at most one finding, and a word
/// that is unknown twenty times becomes one finding, where it is said first. Ids are given when a run's findings are put
/// in order.
pub fn decide(
    proposals: Vec<Proposal>,
    scores: &[Vec<Option<f32>>],
    words: &[Word],
    seen: &mut Seen,
) -> (Vec<Edit>, Vec<Finding>) {
    let mut findings = Vec::new();
    for (i, proposal) in proposals.into_iter().enumerate() {
        if !seen.0.insert(identity(&proposal.heard)) {
            continue;
        }
        let judged = scores.get(i).map_or(&[][..], Vec::as_slice);
        findings.extend(finding(proposal, judged, words));
    }
    (Vec::new(), findings)
}

fn finding(proposal: Proposal, scores: &[Option<f32>], words: &[Word]) -> Option<Finding> {
    let span = words.get(proposal.word_from..proposal.word_to)?;
    let (first, last) = (span.first()?, span.last()?);
    let ProposalKind::UnknownWord = proposal.kind;
    let nearest = proposal.candidates.first();
    let evidence = nearest.map_or_else(
        || "dictionary.unknown_word: nothing in the dictionary is spelled like it".to_owned(),
        |s| {
            format!(
                "dictionary.unknown_word: nearest by spelling is {} with {:.2} of 1",
                s.text, s.score
            )
        },
    );
    // A capital without a word that it resembles is most likely a name of a person or place.
    let name =
        proposal.heard.starts_with(char::is_uppercase) && nearest.is_none_or(|s| s.score < LIKELY);
    let severity = if name {
        Severity::Info
    } else {
        Severity::Warning
    };
    let suggestions = ranked(proposal.candidates, scores);
    let question = suggestions
        .first()
        .map_or_else(String::new, |best| format!(" Did you mean {}?", best.text));
    let message = format!(
        "\"{}\" is in no dictionary.{question} Listen to the place and correct it if needed.",
        proposal.heard
    );
    let mut finding = Finding::new(
        FindingKind::UnknownWord,
        severity,
        (first.start_s, last.end_s),
        (proposal.word_from, proposal.word_to),
        message,
        evidence,
    );
    finding.heard = join(span.iter().map(|w| w.text.as_str()));
    finding.suggestions = suggestions;
    Some(finding)
}

/// The candidates with the engine's scores and in their order where all were judged, else by spelling as they came.
fn ranked(candidates: Vec<Suggestion>, scores: &[Option<f32>]) -> Vec<Suggestion> {
    let judged: Vec<f32> = scores.iter().flatten().copied().collect();
    if judged.len() != candidates.len() || scores.len() != judged.len() {
        return candidates;
    }
    let mut ranked: Vec<Suggestion> = candidates
        .into_iter()
        .zip(judged)
        .map(|(candidate, score)| Suggestion { score, ..candidate })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::load::Tables;
    use std::sync::{Arc, OnceLock};

    fn index() -> Arc<Index> {
        static INDEX: OnceLock<Arc<Index>> = OnceLock::new();
        INDEX
            .get_or_init(|| Arc::new(Index::new(Tables::embedded().unwrap())))
            .clone()
    }

    fn words(text: &str) -> Vec<Word> {
        text.split(' ')
            .enumerate()
            .map(|(i, t)| Word {
                text: t.into(),
                start_s: i as f64,
                end_s: i as f64 + 0.9,
                probability: 0.9,
                take: 0,
            })
            .collect()
    }

    fn heard(text: &str) -> Vec<String> {
        propose(&words(text), 0, &index())
            .into_iter()
            .map(|p| p.heard)
            .collect()
    }

    #[test]
    fn only_what_no_dictionary_has_is_proposed() {
        assert_eq!(
            heard("Continue metaprol, 50 mg daily, and atorvastatin 80mg at bedtime."),
            ["metaprol"]
        );
    }

    #[test]
    fn spoken_marks_fillers_and_everyday_words_are_left_alone() {
        let text = "um comma the period colon semicolon uh new paragraph full stop erm hyphen slash next heading \
                    scratch that okay alright doesn't patient's 3-week follow-up";
        assert_eq!(heard(text), [""; 0]);
    }

    #[test]
    fn names_after_a_title_are_accepted_everywhere() {
        assert_eq!(
            heard("Dr. Zzmarchetti saw her. Zzmarchetti's plan stands."),
            [""; 0]
        );
        assert_eq!(heard("for Doctor Anna Zzmarchetti today"), [""; 0]);
        assert_eq!(heard("doctor zzmarchetti agreed"), [""; 0]);
    }

    #[test]
    fn a_title_does_not_excuse_the_next_sentence_or_small_letters_further_on() {
        assert_eq!(heard("Dr. Smith. Zzmarchetti came"), ["Zzmarchetti"]);
        assert_eq!(heard("doctor smith gave zzmetaprol"), ["zzmetaprol"]);
    }

    #[test]
    fn a_title_at_the_end_of_the_piece_before_counts() {
        let all = words("seen by Dr. Zzmarchetti for zzflasin");
        let found = propose(&all, 3, &index());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].word_from, found[0].word_to), (5, 6));
    }

    #[test]
    fn nothing_before_the_piece_is_proposed_again() {
        let all = words("zzflasin and zzbezzler");
        let found = propose(&all, 1, &index());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].heard, "zzbezzler");
        assert!(propose(&all, 9, &index()).is_empty());
    }

    #[test]
    fn one_finding_per_word_and_dictation_where_it_is_said_first() {
        let all = words("Metaprol, then metaprol and METAPROL's metaprol");
        let mut seen = Seen::default();
        let first = decide(propose(&all[..3], 0, &index()), &[], &all[..3], &mut seen);
        let second = decide(propose(&all, 3, &index()), &[], &all, &mut seen);
        assert!(first.0.is_empty() && second.0.is_empty());
        assert_eq!((first.1.len(), second.1.len()), (1, 0));
        let finding = &first.1[0];
        assert_eq!(finding.kind, FindingKind::UnknownWord);
        assert_eq!((finding.word_from, finding.word_to), (0, 1));
        assert_eq!((finding.start_s, finding.end_s), (0.0, 0.9));
        assert_eq!(finding.heard, "Metaprol,");
        assert!(
            finding
                .message
                .starts_with("\"Metaprol\" is in no dictionary."),
            "{}",
            finding.message
        );
        assert!(finding.evidence.contains("dictionary.unknown_word"));
        assert!(!finding.suggestions.is_empty());
        let fresh = decide(propose(&all, 3, &index()), &[], &all, &mut Seen::default());
        assert_eq!(fresh.1.len(), 1, "another dictation is told again");
    }

    #[test]
    fn an_unknown_capital_without_a_likeness_is_information_only() {
        let severity = |text: &str| {
            let all = words(text);
            decide(propose(&all, 0, &index()), &[], &all, &mut Seen::default()).1[0].severity
        };
        assert_eq!(severity("Qzxwvkj"), Severity::Info);
        assert_eq!(severity("qzxwvkj"), Severity::Warning);
        assert_eq!(severity("Spironolactonne"), Severity::Warning);
    }

    #[test]
    fn the_engines_order_wins_where_it_judged_every_candidate() {
        let candidate = |text: &str, score| Suggestion {
            text: text.into(),
            score,
        };
        let proposal = Proposal {
            word_from: 0,
            word_to: 1,
            heard: "x".into(),
            kind: ProposalKind::UnknownWord,
            candidates: vec![candidate("a", 0.9), candidate("b", 0.8)],
        };
        let order = |scores: &[Vec<Option<f32>>]| -> Vec<String> {
            let (edits, findings) = decide(
                vec![proposal.clone()],
                scores,
                &words("x"),
                &mut Seen::default(),
            );
            assert!(edits.is_empty());
            findings[0]
                .suggestions
                .iter()
                .map(|s| s.text.clone())
                .collect()
        };
        assert_eq!(order(&[]), ["a", "b"]);
        assert_eq!(order(&[vec![None, Some(1.0)]]), ["a", "b"]);
        assert_eq!(order(&[vec![Some(1.0)]]), ["a", "b"]);
        assert_eq!(order(&[vec![Some(-9.0), Some(-1.0)]]), ["b", "a"]);
    }

    #[test]
    fn a_span_outside_the_words_is_dropped() {
        let proposal = Proposal {
            word_from: 5,
            word_to: 6,
            heard: "x".into(),
            kind: ProposalKind::UnknownWord,
            candidates: vec![],
        };
        let (_, findings) = decide(vec![proposal], &[], &words("x"), &mut Seen::default());
        assert!(findings.is_empty());
    }
}
