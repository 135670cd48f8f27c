//! What becomes of the proposals when the engine has judged them.

use super::names::names;
use super::{Proposal, ProposalKind, guard, identity};
use crate::dictionary::index::{Index, Known, core, fold, heard_words, is_spoken_mark, key};
use crate::dictionary::sounds::Query;
use crate::dictionary::tuning::*;
use crate::domain::finding::{Finding, FindingKind, Severity, Suggestion};
use crate::domain::transcript::{Edit, EditState, Word, join};
use std::collections::HashSet;

/// Words that already have a finding in this dictation; kept by the caller from piece to piece.
#[derive(Debug, Clone, Default)]
pub struct Seen(HashSet<String>);

/// Edits and findings from proposals and the engine's scores.
///
/// `words` are all words of the dictation so far, and the proposals' spans count in them: a title at the end of one piece
/// makes a name of the first word of the next. `scores[i][j]` is the log probability of candidate `j` of proposal `i`
/// against the same sound, relative to what was heard, as `Session::score` gives it; an empty slice, a short row or
/// `None` means "not judged", and what was not judged changes nothing.
///
/// The best judged candidate of a place wins, if it is above the margin of its kind and nothing forbids it; what is left
/// of an unknown word is a finding, once for each word of a dictation; other words become one only where the engine
/// itself was in doubt. Ids are given when a run's edits and findings are put in order.
pub fn decide(
    proposals: Vec<Proposal>,
    scores: &[Vec<Option<f32>>],
    words: &[Word],
    index: &Index,
    seen: &mut Seen,
) -> (Vec<Edit>, Vec<Finding>) {
    let names = names(words);
    let judged: Vec<Judged> = proposals
        .into_iter()
        .enumerate()
        .filter(|(_, p)| p.word_from < p.word_to && p.word_to <= words.len())
        .filter(|(_, p)| !names[p.word_from..p.word_to].contains(&true))
        .map(|(i, proposal)| Judged::new(proposal, scores.get(i).map_or(&[][..], Vec::as_slice)))
        .collect();
    let edits = edits(&judged, words, index);
    let mut findings = findings(judged, &edits, words, index);
    findings.retain(|finding| seen.0.insert(identity(&finding.heard)));
    (edits, findings)
}

/// A proposal and what the engine says about each candidate.
struct Judged {
    proposal: Proposal,
    /// Nats against what was heard, less what a candidate gains by being short, and with what it has for being alike;
    /// `None` where not judged.
    nats: Vec<Option<f32>>,
}

impl Judged {
    fn new(proposal: Proposal, scores: &[Option<f32>]) -> Self {
        let heard = Query::new(&proposal.heard).weight();
        let nats = (proposal.candidates.iter().enumerate())
            .map(|(j, candidate)| {
                let score = scores.get(j).copied().flatten()?;
                let missing = heard - Query::new(&candidate.text).weight() - SHORTER_FREE;
                let alike = match proposal.kind {
                    // What somebody asked for need not be alike.
                    ProposalKind::Lookalike | ProposalKind::Replacement => 0.0,
                    _ => LIKENESS * (candidate.score - USUAL_LIKENESS),
                };
                Some(score - SHORTER * missing.max(0.0) + alike).filter(|nats| !nats.is_nan())
            })
            .collect();
        Self { proposal, nats }
    }

    fn span(&self) -> (usize, usize) {
        (self.proposal.word_from, self.proposal.word_to)
    }

    fn best(&self) -> Option<f32> {
        self.nats.iter().flatten().copied().max_by(f32::total_cmp)
    }

    /// Suggestions for a finding: in the engine's order where it judged them all, else as alike as they are.
    fn suggestions(&self) -> Vec<Suggestion> {
        let candidates = &self.proposal.candidates;
        let mut ranked: Vec<Suggestion> =
            match self.nats.iter().copied().collect::<Option<Vec<f32>>>() {
                Some(nats) => (candidates.iter().zip(nats))
                    .map(|(candidate, score)| Suggestion {
                        text: candidate.text.clone(),
                        score,
                    })
                    .collect(),
                None => candidates.clone(),
            };
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked.truncate(SUGGESTIONS);
        ranked
    }
}

fn overlap(a: (usize, usize), b: (usize, usize)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

/// A candidate that the engine judged.
#[derive(Clone, Copy)]
struct Judgement<'j> {
    judged: &'j Judged,
    text: &'j str,
    nats: f32,
}

/// The best candidate of each place, where it may stand.
fn edits(judged: &[Judged], words: &[Word], index: &Index) -> Vec<Edit> {
    let mut options: Vec<Judgement<'_>> = judged
        .iter()
        .filter(|j| j.proposal.kind != ProposalKind::Lookalike)
        .flat_map(|judged| {
            let candidates = judged.proposal.candidates.iter().zip(&judged.nats);
            candidates.filter_map(move |(candidate, nats)| {
                Some(Judgement {
                    judged,
                    text: &candidate.text,
                    nats: (*nats)?,
                })
            })
        })
        .collect();
    options.sort_by(|a, b| (b.nats.total_cmp(&a.nats)).then(a.judged.span().cmp(&b.judged.span())));
    let mut taken: Vec<(usize, usize)> = Vec::new();
    let mut edits = Vec::new();
    for option in &options {
        let span = option.judged.span();
        if taken.iter().any(|t| overlap(*t, span)) || !is_above_margin(option, words, index) {
            continue;
        }
        // The best of a place that may not stand there leaves the place to a person, not to the next best.
        taken.push(span);
        let rivals = options
            .iter()
            .filter(|rival| overlap(rival.judged.span(), span));
        if guard::forbidden(&option.judged.proposal.heard, option.text, index).is_none()
            && leads(option, rivals, index)
        {
            edits.push(edit(option, words));
        }
    }
    edits.sort_by_key(|edit| edit.word_from);
    edits
}

fn is_above_margin(option: &Judgement<'_>, words: &[Word], index: &Index) -> bool {
    let margin = match option.judged.proposal.kind {
        ProposalKind::UnknownWord | ProposalKind::DrugPlace => {
            let weight = weight(&option.judged.proposal.heard, option.text, index);
            ACCEPT + RARER * f32::from(USUAL_WEIGHT.saturating_sub(weight))
        }
        ProposalKind::Replacement => ACCEPT,
        ProposalKind::SoundsLike | ProposalKind::NearTerm => ACCEPT_KNOWN,
        ProposalKind::Lookalike => return false,
    };
    let (from, to) = option.judged.span();
    option.nats > margin
        && !is_confident_english(&words[from..to], index)
        && !is_clear_name(option.judged, words)
}

/// The weight of a term, or, of words that are none together, of the weightiest that was not heard.
fn weight(heard: &str, text: &str, index: &Index) -> u8 {
    if is_spoken_mark(text) {
        return USUAL_WEIGHT;
    }
    let of = |text: &str| {
        let term = index.term(text).filter(|term| term.tier == 1);
        term.map(|term| term.weight)
    };
    let heard = heard_words(heard);
    let new = text
        .split_whitespace()
        .filter(|word| !heard.contains(&key(word)));
    of(text)
        .or_else(|| new.filter_map(of).max())
        .unwrap_or_default()
}

/// Ordinary English said with confidence stays, whatever sounds like it.
fn is_confident_english(span: &[Word], index: &Index) -> bool {
    span.iter()
        .all(|w| w.probability >= CONFIDENT && index.known(&w.text) != Known::No)
}

/// A drug must be clearly better than any other drug for the same words.
fn leads<'o>(
    option: &Judgement<'_>,
    mut rivals: impl Iterator<Item = &'o Judgement<'o>>,
    index: &Index,
) -> bool {
    let drugs = index.drugs(option.text);
    // A brand and its generic name, and a drug and its salt, are one drug.
    let first = |key: &str| -> String {
        let name = index.term(key).and_then(|t| t.generic).unwrap_or(key);
        name.split([' ', '/']).next().unwrap_or(name).to_owned()
    };
    let ours: Vec<String> = drugs.iter().map(|drug| first(drug)).collect();
    drugs.is_empty()
        || rivals.all(|rival| {
            rival.nats <= option.nats - DRUG_LEAD
                || (index.drugs(rival.text).iter()).all(|drug| ours.contains(&first(drug)))
        })
}

fn edit(option: &Judgement<'_>, words: &[Word]) -> Edit {
    let (from, to) = option.judged.span();
    let span = &words[from..to];
    Edit {
        id: 0,
        word_from: from,
        word_to: to,
        before: join(span.iter().map(|w| w.text.as_str())),
        after: dressed(
            option.text,
            span,
            from == 0 || ends_sentence(&words[from - 1].text),
        ),
        rule: option.judged.proposal.kind.rule().to_owned(),
        score: Some(option.nats),
        state: EditState::Applied,
    }
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '?', '!'])
}

/// The candidate with the marks of the heard words around it, and their capital where a sentence begins.
fn dressed(text: &str, span: &[Word], sentence_start: bool) -> String {
    let (first, last) = match (span.first(), span.last()) {
        (Some(first), Some(last)) => (first.text.as_str(), last.text.as_str()),
        _ => return text.to_owned(),
    };
    let lead = first.len()
        - first
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .len();
    let tail = last.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    let capital = sentence_start && core(first).starts_with(char::is_uppercase);
    let mut out = first[..lead].to_owned();
    let mut letters = text.chars();
    match letters.next() {
        Some(letter) if capital => out.extend(letter.to_uppercase()),
        Some(letter) => out.push(letter),
        None => {}
    }
    out.push_str(letters.as_str());
    out.push_str(&last[tail..]);
    out
}

/// What a person should look at, of what was not changed.
fn findings(judged: Vec<Judged>, edits: &[Edit], words: &[Word], index: &Index) -> Vec<Finding> {
    let mut open: Vec<Judged> = judged
        .into_iter()
        .filter(|j| {
            !edits
                .iter()
                .any(|e| overlap((e.word_from, e.word_to), j.span()))
        })
        .filter(|j| is_worth_a_look(j, words, index))
        .collect();
    // Of proposals for the same words the one with the best candidate speaks.
    let standing = |j: &Judged| {
        let likeness = match j.proposal.kind {
            ProposalKind::Replacement => 1.0,
            _ => j.proposal.candidates.first().map_or(0.0, |c| c.score),
        };
        (j.best().unwrap_or(f32::MIN), likeness)
    };
    open.sort_by(|a, b| {
        let (a_nats, a_like) = standing(a);
        let (b_nats, b_like) = standing(b);
        (b_nats.total_cmp(&a_nats))
            .then(b_like.total_cmp(&a_like))
            .then(a.span().cmp(&b.span()))
    });
    let mut kept: Vec<Judged> = Vec::new();
    for judged in open {
        if !kept.iter().any(|k| overlap(k.span(), judged.span())) {
            kept.push(judged);
        }
    }
    kept.sort_by_key(Judged::span);
    let mut findings: Vec<Finding> = Vec::new();
    let mut group: Vec<Judged> = Vec::new();
    for judged in kept {
        let unknown = judged.proposal.kind == ProposalKind::UnknownWord;
        let neighbour = group.last().is_some_and(|before| {
            unknown
                && before.proposal.kind == ProposalKind::UnknownWord
                && before.proposal.word_to == judged.proposal.word_from
                && !ends_sentence(&words[before.proposal.word_to - 1].text)
        });
        if !neighbour {
            findings.extend(finding(&group, words));
            group.clear();
        }
        group.push(judged);
    }
    findings.extend(finding(&group, words));
    findings
}

fn is_worth_a_look(judged: &Judged, words: &[Word], index: &Index) -> bool {
    let (from, to) = judged.span();
    let span = &words[from..to];
    match judged.proposal.kind {
        ProposalKind::UnknownWord => !is_clear_name(judged, words),
        ProposalKind::Lookalike => judged.best().is_some_and(|nats| nats > LOOKALIKE),
        // Somebody asked for it: it is offered unless the sound speaks against it.
        ProposalKind::Replacement => judged.best().is_none_or(|nats| nats > OFFER),
        kind => {
            let least = match kind {
                ProposalKind::DrugPlace => OFFER_DRUG,
                _ => OFFER,
            };
            judged.best().is_some_and(|nats| nats > least) && !is_confident_english(span, index)
        }
    }
}

/// An unknown word with a capital inside a sentence, said with confidence and like no term: a person or a place.
fn is_clear_name(judged: &Judged, words: &[Word]) -> bool {
    let from = judged.proposal.word_from;
    from > 0
        && judged.proposal.kind == ProposalKind::UnknownWord
        && !ends_sentence(&words[from - 1].text)
        && words[from].probability >= CONFIDENT
        && is_like_a_name(&judged.proposal)
}

fn is_like_a_name(proposal: &Proposal) -> bool {
    proposal.heard.starts_with(char::is_uppercase)
        && proposal.candidates.first().is_none_or(|s| s.score < LIKELY)
}

/// One finding for a proposal, or for neighbours that no dictionary has.
fn finding(group: &[Judged], words: &[Word]) -> Option<Finding> {
    let (head, tail) = (group.first()?, group.last()?);
    let (from, to) = (head.proposal.word_from, tail.proposal.word_to);
    let span = words.get(from..to)?;
    let (first, last) = (span.first()?, span.last()?);
    let suggestions = match group {
        [one] => one.suggestions(),
        _ => together(group),
    };
    let heard = join(group.iter().map(|j| j.proposal.heard.as_str()));
    let best = suggestions.first();
    let question = best.map_or_else(String::new, |best| format!(" Did you mean {}?", best.text));
    let kind = head.proposal.kind;
    let (what, severity, message) = match kind {
        ProposalKind::UnknownWord => {
            let name = group.iter().all(|j| is_like_a_name(&j.proposal));
            let severity = if name {
                Severity::Info
            } else {
                Severity::Warning
            };
            let message = if group.len() == 1 && !head.proposal.heard.contains(' ') {
                format!(
                    "\"{heard}\" is in no dictionary.{question} Listen to the place and correct it if needed."
                )
            } else {
                format!(
                    "\"{heard}\" makes no sense here.{question} Listen to the place and correct it if needed."
                )
            };
            (FindingKind::UnknownWord, severity, message)
        }
        ProposalKind::Lookalike => (
            FindingKind::LookalikeDrug,
            Severity::Critical,
            format!(
                "\"{heard}\" may also have been {}; the two sound alike. Listen and choose.",
                best?.text
            ),
        ),
        ProposalKind::Replacement => (
            FindingKind::SoundsLike,
            Severity::Warning,
            format!(
                "\"{heard}\" may have been {}, as a layer of the dictionary says. Listen to the place and correct it if needed.",
                best?.text
            ),
        ),
        _ => (
            FindingKind::SoundsLike,
            Severity::Warning,
            format!(
                "\"{heard}\" sounds like {}. Listen to the place and correct it if needed.",
                best?.text
            ),
        ),
    };
    let rule = kind.rule();
    let evidence = match (best, head.best()) {
        (None, _) => format!("{rule}: nothing in the dictionary is like it"),
        (Some(best), Some(nats)) if group.len() == 1 => {
            format!(
                "{rule}: {} is judged {nats:.1} nats against what was heard, by sound and likeness",
                best.text
            )
        }
        (Some(best), _) => format!(
            "{rule}: nearest is {} with {:.2} of 1",
            best.text, best.score
        ),
    };
    let times = (first.start_s, last.end_s);
    let mut finding = Finding::new(what, severity, times, (from, to), message, evidence);
    finding.heard = join(span.iter().map(|w| w.text.as_str()));
    finding.suggestions = suggestions;
    Some(finding)
}

/// One suggestion for neighbours: the best of each, or what was heard where there is none.
fn together(group: &[Judged]) -> Vec<Suggestion> {
    let mut score: Option<f32> = None;
    let texts: Vec<String> = group
        .iter()
        .map(|judged| match judged.suggestions().into_iter().next() {
            Some(best) => {
                score = Some(score.map_or(best.score, |s| s.min(best.score)));
                best.text
            }
            None => judged.proposal.heard.clone(),
        })
        .collect();
    score
        .map(|score| Suggestion {
            text: texts.join(" "),
            score,
        })
        .into_iter()
        .filter(|s| fold(&s.text) != fold(&join(group.iter().map(|j| j.proposal.heard.as_str()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::propose;
    use super::super::tests::{index, words, words_with};
    use super::*;

    fn candidate(text: &str, score: f32) -> Suggestion {
        Suggestion {
            text: text.into(),
            score,
        }
    }

    fn proposal(
        words: &[Word],
        span: (usize, usize),
        kind: ProposalKind,
        texts: &[&str],
    ) -> Proposal {
        Proposal {
            word_from: span.0,
            word_to: span.1,
            heard: join(words[span.0..span.1].iter().map(|w| core(&w.text))),
            kind,
            candidates: texts.iter().map(|t| candidate(t, USUAL_LIKENESS)).collect(),
        }
    }

    /// The text after the decision, with one proposal.
    fn decided(
        text: &str,
        probability: f32,
        span: (usize, usize),
        kind: ProposalKind,
        candidates: &[(&str, f32)],
    ) -> (String, Vec<Finding>) {
        let words = words_with(text, probability);
        let texts: Vec<&str> = candidates.iter().map(|c| c.0).collect();
        let scores = vec![candidates.iter().map(|c| Some(c.1)).collect()];
        let proposals = vec![proposal(&words, span, kind, &texts)];
        let (edits, findings) = decide(proposals, &scores, &words, &index(), &mut Seen::default());
        let corrected = crate::domain::transcript::corrected(&words, &edits);
        (join(corrected.iter().map(|w| w.text.as_str())), findings)
    }

    use ProposalKind::{DrugPlace, Lookalike, NearTerm, Replacement, SoundsLike, UnknownWord};

    #[test]
    fn a_candidate_above_the_margin_takes_the_place_and_keeps_the_marks() {
        let (text, findings) = decided(
            "Etorvastatin, 80 mg",
            0.2,
            (0, 1),
            UnknownWord,
            &[("atorvastatin", -1.0), ("rosuvastatin", -20.0)],
        );
        assert_eq!((text.as_str(), findings.len()), ("Atorvastatin, 80 mg", 0));
        let (text, _) = decided(
            "takes (metaprol), daily",
            0.2,
            (1, 2),
            UnknownWord,
            &[("metoprolol", -6.9)],
        );
        assert_eq!(text, "takes (metoprolol), daily");
        let (text, _) = decided(
            "on a pixel of 5 mg",
            0.4,
            (1, 4),
            DrugPlace,
            &[("apixaban", -5.9)],
        );
        assert_eq!(text, "on apixaban 5 mg");
    }

    #[test]
    fn an_edit_names_rule_score_and_span() {
        let words = words_with("on a pixel of 5 mg", 0.4);
        let proposals = vec![proposal(&words, (1, 4), DrugPlace, &["apixaban"])];
        let (edits, _) = decide(
            proposals,
            &[vec![Some(-5.0)]],
            &words,
            &index(),
            &mut Seen::default(),
        );
        assert_eq!(edits.len(), 1);
        let edit = &edits[0];
        assert_eq!((edit.word_from, edit.word_to), (1, 4));
        assert_eq!(
            (edit.before.as_str(), edit.after.as_str()),
            ("a pixel of", "apixaban")
        );
        assert_eq!(
            (edit.rule.as_str(), edit.score),
            ("dictionary.drug_place", Some(-5.0))
        );
        assert_eq!(edit.state, EditState::Applied);
    }

    #[test]
    fn below_the_margin_it_is_offered_in_the_order_of_the_sound() {
        let (text, findings) = decided(
            "Secubitrol daily",
            0.2,
            (0, 1),
            UnknownWord,
            &[("sorbitol", -30.0), ("sacubitril", -13.1)],
        );
        assert_eq!(text, "Secubitrol daily");
        assert_eq!(findings.len(), 1);
        let order: Vec<&str> = findings[0]
            .suggestions
            .iter()
            .map(|s| s.text.as_str())
            .collect();
        assert_eq!(order, ["sacubitril", "sorbitol"]);
        assert!(findings[0].message.contains("Did you mean sacubitril?"));
        assert!(
            findings[0].evidence.contains("-13.1 nats"),
            "{}",
            findings[0].evidence
        );
    }

    #[test]
    fn ordinary_english_said_with_confidence_stays_without_a_word() {
        for kind in [DrugPlace, SoundsLike, NearTerm] {
            let (text, findings) = decided(
                "on a pixel of 5 mg",
                0.95,
                (1, 4),
                kind,
                &[("apixaban", 5.0)],
            );
            assert_eq!((text.as_str(), findings.len()), ("on a pixel of 5 mg", 0));
        }
        let (text, findings) = decided(
            "a skinny man",
            0.6,
            (0, 2),
            SoundsLike,
            &[("ischemic", -20.0)],
        );
        assert_eq!((text.as_str(), findings.len()), ("a skinny man", 0));
    }

    #[test]
    fn doubtful_english_that_sounds_like_a_term_is_offered() {
        let (text, findings) = decided(
            "on a pixel of 5 mg",
            0.4,
            (1, 4),
            DrugPlace,
            &[("apixaban", -10.6)],
        );
        assert_eq!(text, "on a pixel of 5 mg");
        assert_eq!(findings[0].kind, FindingKind::SoundsLike);
        assert_eq!((findings[0].word_from, findings[0].word_to), (1, 4));
        assert!(findings[0].message.contains("sounds like apixaban"));
    }

    #[test]
    fn a_replacement_needs_the_sound_and_is_only_offered_for_confident_english() {
        let said = "on a pixel of 5 mg";
        let (text, findings) = decided(said, 0.6, (1, 4), Replacement, &[("apixaban", -5.0)]);
        assert_eq!((text.as_str(), findings.len()), ("on apixaban 5 mg", 0));
        let (text, findings) = decided(said, 0.95, (1, 4), Replacement, &[("apixaban", -1.0)]);
        assert_eq!(text, said);
        assert_eq!(findings[0].kind, FindingKind::SoundsLike);
        assert!(findings[0].message.contains("layer of the dictionary"));
        assert!(findings[0].evidence.contains("dictionary.replacement"));
        let (text, findings) = decided(said, 0.6, (1, 4), Replacement, &[("apixaban", -20.0)]);
        assert_eq!((text.as_str(), findings.len()), (said, 0));
    }

    #[test]
    fn a_term_that_is_seldom_said_must_fit_better() {
        for (candidate, nats, changed) in [
            ("acidophil", -7.0, false),
            ("acidophil", -2.0, true),
            ("cystoscopy", -7.0, true),
            ("enteron cystoscopy", -7.0, true),
            ("enteron medial", -7.0, false),
            ("comma", -7.0, true),
        ] {
            let said = "the asinifil was seen";
            let (text, findings) = decided(said, 0.2, (1, 2), UnknownWord, &[(candidate, nats)]);
            let want = format!("the {candidate} was seen");
            assert_eq!(text == want, changed, "{text}");
            // What is not changed is offered.
            assert_eq!(findings.len(), usize::from(!changed), "{candidate}");
        }
    }

    #[test]
    fn known_words_need_more_than_unknown_ones() {
        let nats = &[("cystoscopy", -5.0)];
        let decided = |text, span, kind| decided(text, 0.3, span, kind, nats).0;
        assert_eq!(
            decided("with sistascape today", (1, 2), UnknownWord),
            "with cystoscopy today"
        );
        assert_eq!(
            decided("with sister scope today", (1, 3), SoundsLike),
            "with sister scope today"
        );
    }

    #[test]
    fn the_hard_limits_hold_whatever_the_sound_says() {
        for (text, span, candidate) in [
            ("give hydralazine now", (1, 2), "hydroxyzine"),
            ("by bezzler 8 lactases", (0, 4), "bibasilar atelectasis"),
            ("no hemoptisis today", (0, 2), "hemoptysis"),
            ("left tempanic membrane", (0, 2), "right tympanic"),
            ("10 milligrams daily", (1, 2), "micrograms"),
            ("comma next", (0, 1), "coma"),
            ("the noesis heard", (1, 2), "wheezes"),
            ("marked hypertension here", (1, 2), "hypotension"),
        ] {
            for kind in [
                UnknownWord,
                DrugPlace,
                SoundsLike,
                NearTerm,
                Lookalike,
                Replacement,
            ] {
                let (after, _) = decided(text, 0.1, span, kind, &[(candidate, 50.0)]);
                assert_eq!(after, text, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_name_is_not_touched_even_if_the_title_stands_in_the_piece_before() {
        let words = words_with("seen by Dr. Zzmarchetti for zzflasin", 0.3);
        let piece = propose(&words[3..], &index());
        let shifted: Vec<Proposal> = piece
            .into_iter()
            .map(|p| Proposal {
                word_from: p.word_from + 3,
                word_to: p.word_to + 3,
                ..p
            })
            .collect();
        assert!(shifted.iter().any(|p| p.word_from == 3));
        let (edits, findings) = decide(shifted, &[], &words, &index(), &mut Seen::default());
        assert!(edits.is_empty());
        assert!(findings.iter().all(|f| f.word_from > 3), "{findings:#?}");
        assert!(findings.iter().any(|f| f.heard == "zzflasin"));
    }

    #[test]
    fn the_best_of_overlapping_spans_wins() {
        let words = words_with("take Empaglo flows in 10 mg", 0.3);
        let proposals = vec![
            proposal(&words, (1, 2), UnknownWord, &["Empagen"]),
            proposal(&words, (1, 4), UnknownWord, &["empagliflozin"]),
            proposal(&words, (1, 3), UnknownWord, &["empagliflozin"]),
        ];
        let scores = vec![vec![Some(-6.0)], vec![Some(-1.0)], vec![Some(-4.0)]];
        let (edits, findings) = decide(proposals, &scores, &words, &index(), &mut Seen::default());
        assert_eq!(edits.len(), 1);
        assert_eq!((edits[0].word_from, edits[0].word_to), (1, 4));
        assert!(findings.is_empty());
    }

    #[test]
    fn a_clear_name_is_not_changed() {
        for (probability, changed) in [(0.95, false), (0.2, true)] {
            let words = words_with("seen with Kovalenko today", probability);
            let mut unlike = proposal(&words, (2, 3), UnknownWord, &["carvedilol"]);
            unlike.candidates[0].score = LIKELY - 0.1;
            let scores = [vec![Some(2.0)]];
            let (edits, _) = decide(
                vec![unlike],
                &scores,
                &words,
                &index(),
                &mut Seen::default(),
            );
            assert_eq!(edits.len(), usize::from(changed), "{probability}");
        }
    }

    #[test]
    fn ordinary_words_are_offered_a_term_only_where_it_nearly_fits() {
        let found = |kind, nats| {
            let candidates = &[("ischemic", nats)];
            decided("a skinny man", 0.4, (0, 2), kind, candidates)
                .1
                .len()
        };
        assert_eq!(found(SoundsLike, OFFER + 0.5), 1);
        assert_eq!(found(SoundsLike, OFFER - 0.5), 0);
        assert_eq!(found(DrugPlace, OFFER_DRUG + 0.5), 1);
        assert_eq!(found(DrugPlace, OFFER_DRUG - 0.5), 0);
    }

    #[test]
    fn two_drugs_that_fit_alike_are_left_to_a_person() {
        let close = &[("hydroxyzine", -1.0), ("hydralazine", -2.5)];
        let (text, findings) = decided("hydraxazine 25 mg", 0.2, (0, 1), UnknownWord, close);
        assert_eq!(text, "hydraxazine 25 mg");
        assert_eq!(findings.len(), 1);
        let clear = &[("hydroxyzine", -1.0), ("hydralazine", -9.0)];
        assert_eq!(
            decided("hydraxazine 25 mg", 0.2, (0, 1), UnknownWord, clear).0,
            "hydroxyzine 25 mg"
        );
    }

    #[test]
    fn leaving_sound_out_gains_nothing() {
        // Probability grows with every word that is left out; the sound that is missing is taken off.
        let (text, _) = decided(
            "spiral act on tone blockade",
            0.2,
            (0, 5),
            SoundsLike,
            &[("spiral", 0.0)],
        );
        assert_eq!(text, "spiral act on tone blockade");
    }

    #[test]
    fn a_look_alike_that_fits_as_well_is_asked_about_and_never_changed() {
        let (text, findings) = decided(
            "hydralazine 25 mg",
            0.5,
            (0, 1),
            Lookalike,
            &[("hydroxyzine", 0.5)],
        );
        assert_eq!(text, "hydralazine 25 mg");
        assert_eq!(findings[0].kind, FindingKind::LookalikeDrug);
        assert_eq!(findings[0].severity, Severity::Critical);
        let (_, findings) = decided(
            "hydralazine 25 mg",
            0.5,
            (0, 1),
            Lookalike,
            &[("hydroxyzine", -9.0)],
        );
        assert!(findings.is_empty());
    }

    #[test]
    fn one_finding_per_word_and_dictation_where_it_is_said_first() {
        let all = words("Metaprol, then metaprol and METAPROL's metaprol");
        let mut seen = Seen::default();
        let index = index();
        let first = decide(
            propose(&all[..3], &index),
            &[],
            &all[..3],
            &index,
            &mut seen,
        );
        let second = decide(propose(&all, &index), &[], &all, &index, &mut seen);
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
        let fresh = decide(
            propose(&all, &index),
            &[],
            &all,
            &index,
            &mut Seen::default(),
        );
        assert_eq!(fresh.1.len(), 1, "another dictation is told again");
    }

    #[test]
    fn neighbours_that_no_dictionary_has_are_one_finding() {
        let words = words_with("given Secubitrol Belsartin daily", 0.3);
        let proposals = vec![
            proposal(&words, (1, 2), UnknownWord, &["sacubitril"]),
            proposal(&words, (2, 3), UnknownWord, &["valsartan"]),
        ];
        let (_, findings) = decide(proposals, &[], &words, &index(), &mut Seen::default());
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].word_from, findings[0].word_to), (1, 3));
        assert_eq!(findings[0].suggestions[0].text, "sacubitril valsartan");
    }

    #[test]
    fn an_unknown_capital_without_a_likeness_is_information_only_or_nothing() {
        let severity = |text: &str, probability: f32| {
            let all = words_with(text, probability);
            let found = decide(
                propose(&all, &index()),
                &[],
                &all,
                &index(),
                &mut Seen::default(),
            )
            .1;
            found.first().map(|f| f.severity)
        };
        assert_eq!(severity("Qzxwvkj", 0.9), Some(Severity::Info));
        assert_eq!(severity("qzxwvkj", 0.9), Some(Severity::Warning));
        assert_eq!(severity("Spironolactonne", 0.9), Some(Severity::Warning));
        assert_eq!(severity("from Qzxwvkj", 0.95), None);
        assert_eq!(severity("from Qzxwvkj", 0.4), Some(Severity::Info));
    }

    #[test]
    fn a_span_outside_the_words_or_a_strange_score_is_dropped() {
        let mut outside = proposal(&words("x"), (0, 1), UnknownWord, &["xanax"]);
        (outside.word_from, outside.word_to) = (5, 6);
        let (edits, findings) = decide(
            vec![outside],
            &[],
            &words("x"),
            &index(),
            &mut Seen::default(),
        );
        assert!(edits.is_empty() && findings.is_empty());
        let (text, _) = decided(
            "zzflasin",
            0.2,
            (0, 1),
            UnknownWord,
            &[("Zofran", f32::NAN)],
        );
        assert_eq!(text, "zzflasin");
    }
}
