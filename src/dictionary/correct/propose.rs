//! Which spans may have been something else, and what.

use super::names::names;
use super::{Proposal, ProposalKind, guard, identity};
use crate::dictionary::index::{self, Candidate, Index, Known, core, fold};
use crate::dictionary::sounds::Query;
use crate::dictionary::tuning::*;
use crate::domain::finding::Suggestion;
use crate::domain::transcript::Word;

/// Spans of a piece that are in doubt, in the order of their words, with what the engine is to judge.
///
/// Titles that stand in an earlier piece are not seen here; [`super::decide`] sees all words and leaves names out.
pub fn propose(words: &[Word], index: &Index) -> Vec<Proposal> {
    let heard = heard(words, index);
    let mut options: Vec<Choice> = Vec::new();
    for from in 0..heard.len() {
        for to in from + 1..=heard.len().min(from + SPAN_WORDS) {
            let span = &heard[from..to];
            // A span ends at what is guarded, and at the engine's own marks.
            let goes_on = match span {
                [.., before, last] => goes_on(before, last),
                _ => true,
            };
            if span[to - from - 1].closed || !goes_on {
                break;
            }
            if let Some(suspicion) = suspicion(&heard, from, to) {
                options.extend(choices(&heard, from, to, suspicion, index));
            }
        }
    }
    let mut proposals = grouped(select(options, heard.len()), &heard);
    for (i, word) in heard.iter().enumerate() {
        let alone = |p: &Proposal| (p.word_from, p.word_to) == (i, i + 1);
        if word.unknown && !word.closed && !proposals.iter().any(alone) {
            proposals.push(Proposal {
                word_from: i,
                word_to: i + 1,
                heard: word.core.to_owned(),
                kind: ProposalKind::UnknownWord,
                candidates: Vec::new(),
            });
        }
    }
    proposals.extend(lookalikes(&heard, index));
    proposals.extend(replacements(&heard, index));
    proposals.sort_by_key(|p| (p.word_from, p.word_to));
    proposals
}

/// A word and what matters about it here.
struct Heard<'w> {
    core: &'w str,
    folded: String,
    probability: f32,
    /// No dictionary has it.
    unknown: bool,
    /// A name or guarded: no span has it.
    closed: bool,
    /// The mark that the engine wrote behind it.
    mark: Option<char>,
    /// A medical term; no general English word.
    medical: bool,
    /// How common in general English.
    zipf: f32,
    /// Part of a dose: a number, with or without its unit.
    number: bool,
    /// A unit of dose.
    unit: bool,
}

/// Words behind which a drug stands.
const BEFORE_DRUGS: &[&str] = &[
    "start",
    "started",
    "starting",
    "continue",
    "continued",
    "continues",
    "continuing",
    "begin",
    "began",
    "begun",
    "add",
    "added",
    "hold",
    "held",
    "resume",
    "resumed",
    "prescribed",
    "prescribe",
    "taking",
    "takes",
    "increase",
    "increased",
    "decrease",
    "decreased",
    "titrate",
    "titrated",
    "medications",
    "medication",
    "restart",
    "restarted",
];
const DOSE_UNITS: &[&str] = &[
    "mg",
    "mcg",
    "g",
    "milligram",
    "milligrams",
    "microgram",
    "micrograms",
    "gram",
    "grams",
    "units",
    "unit",
    "puffs",
    "puff",
    "ml",
    "milliliters",
    "millilitres",
    "milliequivalents",
    "meq",
    "tablets",
    "tablet",
    "drops",
    "percent",
    "microns",
    "ug",
];

fn heard<'w>(words: &'w [Word], index: &Index) -> Vec<Heard<'w>> {
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let fences = guard::fences(&texts, index);
    let names = names(words);
    let mut heard = Vec::with_capacity(words.len());
    for ((word, fence), name) in words.iter().zip(fences).zip(names) {
        let core = core(&word.text);
        let folded = fold(core);
        let known = index.known(&word.text);
        let (medical, zipf) = match known {
            Known::Term(term) => (term.zipf < EVERYDAY, term.zipf),
            Known::English { zipf } => (false, zipf),
            _ => (false, 0.0),
        };
        let digits = folded.starts_with(|c: char| c.is_ascii_digit());
        let unit = DOSE_UNITS.iter().any(|unit| {
            folded == *unit
                || (digits && folded.trim_start_matches(|c: char| !c.is_alphabetic()) == *unit)
        });
        heard.push(Heard {
            core,
            probability: word.probability,
            unknown: known == Known::No,
            closed: fence || name,
            mark: (word.text.chars().next_back()).filter(|last| ".,;:?!".contains(*last)),
            medical,
            zipf,
            number: digits,
            unit,
            folded,
        });
    }
    heard
}

/// Whether two neighbours may be one misheard term: a comma between words that are both in doubt is in doubt too.
fn goes_on(before: &Heard<'_>, next: &Heard<'_>) -> bool {
    let doubtful = |word: &Heard<'_>| word.unknown || word.probability < UNSURE;
    match before.mark {
        None => true,
        Some(',') => doubtful(before) && doubtful(next),
        Some(_) => false,
    }
}

/// How suspicious a span is.
struct Suspicion {
    kind: ProposalKind,
    /// How alike a candidate must be.
    least: f32,
    /// Where a drug belongs: what it has for it.
    drug_place: Option<f32>,
}

fn suspicion(heard: &[Heard<'_>], from: usize, to: usize) -> Option<Suspicion> {
    let span = &heard[from..to];
    let drug_place = drug_place(heard, from, to);
    let of = |kind, least| {
        Some(Suspicion {
            kind,
            least,
            drug_place,
        })
    };
    if span.iter().any(|w| w.unknown) {
        return of(ProposalKind::UnknownWord, UNKNOWN_LIKENESS);
    }
    let unsure = span.iter().any(|w| w.probability < UNSURE);
    let sure = span.iter().all(|w| w.probability >= CONFIDENT);
    let medical = span.iter().any(|w| w.medical);
    let asks = |w: &Heard<'_>| BEFORE_DRUGS.contains(&w.folded.as_str());
    if drug_place.is_some() && !medical && !sure && !span.iter().any(asks) {
        return of(ProposalKind::DrugPlace, DRUG_PLACE_LIKENESS);
    }
    if unsure && !medical {
        return of(ProposalKind::SoundsLike, UNSURE_LIKENESS);
    }
    if let [word] = span
        && !medical
        && word.zipf > 0.0
        && word.zipf < RARE
        && word.probability < CONFIDENT
    {
        return of(ProposalKind::SoundsLike, RARE_LIKENESS);
    }
    if span.len() > 1 && !sure {
        return of(ProposalKind::NearTerm, NEAR_TERM_LIKENESS);
    }
    None
}

/// Whether a dose follows, or a word that asks for a drug goes before: what a drug has for it there. `None` elsewhere.
fn drug_place(heard: &[Heard<'_>], from: usize, to: usize) -> Option<f32> {
    let dose = (to..heard.len().min(to + DOSE_WITHIN + 1)).find(|&i| {
        heard[i].number && (heard[i].unit || heard.get(i + 1).is_some_and(|next| next.unit))
    });
    let asked = from
        .checked_sub(1)
        .is_some_and(|before| BEFORE_DRUGS.contains(&heard[before].folded.as_str()));
    match dose {
        Some(at) if at == to => Some(BEFORE_DOSE_BONUS),
        Some(_) => Some(DRUG_PLACE_BONUS),
        None => asked.then_some(DRUG_PLACE_BONUS),
    }
}

/// One candidate for one span.
struct Choice {
    from: usize,
    to: usize,
    kind: ProposalKind,
    text: String,
    likeness: f32,
    /// What decides which are judged.
    merit: f32,
}

fn choices(
    heard: &[Heard<'_>],
    from: usize,
    to: usize,
    suspicion: Suspicion,
    index: &Index,
) -> Vec<Choice> {
    let span = &heard[from..to];
    let said = joined(span);
    // Several words that are a term already are not like another one.
    if span.len() > 1 && matches!(index.known(&said), Known::Term(_)) {
        return Vec::new();
    }
    let mut found = wordings(&said, span, &suspicion, index);
    if let [word] = span
        && word.unknown
    {
        found.extend(pieced(word, &suspicion, index));
    }
    let right = span
        .iter()
        .filter(|w| !w.unknown && w.probability >= CONFIDENT)
        .count();
    let unknown = span.iter().any(|w| w.unknown);
    found.retain(|wording| {
        // How a known word is spelled is not for the sound to say.
        let spelling = !unknown && index::is_spelling_of(&said, &wording.text);
        fold(&wording.text) != fold(&said)
            && !spelling
            && guard::forbidden(&said, &wording.text, index).is_none()
    });
    found
        .into_iter()
        .map(|wording| {
            let mut merit = wording.likeness + wording.bonus
                - WORD_PENALTY * (span.len() - 1) as f32
                - SOUND_WORD_PENALTY * right as f32;
            if wording.drug {
                merit += suspicion.drug_place.unwrap_or(0.0);
            }
            Choice {
                from,
                to,
                kind: suspicion.kind,
                text: wording.text,
                likeness: wording.likeness,
                merit,
            }
        })
        .collect()
}

/// Something that may have been said, and what speaks for it.
#[derive(Clone)]
struct Wording {
    text: String,
    likeness: f32,
    /// For what it is, whatever was heard.
    bonus: f32,
    drug: bool,
}

/// What `asked`, a span or a piece of a word, may have been.
fn wordings(asked: &str, span: &[Heard<'_>], suspicion: &Suspicion, index: &Index) -> Vec<Wording> {
    let sound = Query::new(asked).weight().max(0.1);
    let fitting = |candidate: &Candidate| {
        let ratio = Query::new(&fold(&candidate.written)).weight() / sound;
        (SOUND_RATIO.0..=SOUND_RATIO.1).contains(&ratio) && fits(suspicion, span, asked, candidate)
    };
    index
        .sounding_like(asked, LOOKED_AT, suspicion.least)
        .into_iter()
        .filter(fitting)
        .map(|candidate| Wording {
            bonus: WEIGHT_BONUS * f32::from(candidate.weight)
                + if candidate.mark { MARK_BONUS } else { 0.0 },
            text: candidate.written,
            likeness: candidate.likeness,
            drug: candidate.drug,
        })
        .collect()
}

/// A single word with hyphens, of which each piece that no dictionary has is another word ("left-tempanic").
fn pieced(word: &Heard<'_>, suspicion: &Suspicion, index: &Index) -> Vec<Wording> {
    let pieces: Vec<&str> = word
        .core
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '.')
        .filter(|piece| !piece.is_empty())
        .collect();
    let unknown: Vec<usize> = (0..pieces.len())
        .filter(|&i| index.known(pieces[i]) == Known::No)
        .collect();
    if pieces.len() < 2 || unknown.is_empty() || unknown.len() > 2 {
        return Vec::new();
    }
    let options: Vec<Vec<Wording>> = unknown
        .iter()
        .map(|&i| wordings(pieces[i], std::slice::from_ref(word), suspicion, index))
        .collect();
    let best: Option<Vec<&Wording>> = options.iter().map(|wordings| wordings.first()).collect();
    let Some(best) = best else {
        return Vec::new();
    };
    let together = |chosen: &[&Wording]| {
        let mut text: Vec<&str> = pieces.clone();
        for (&i, wording) in unknown.iter().zip(chosen) {
            text[i] = &wording.text;
        }
        let share = 1.0 / chosen.len() as f32;
        Wording {
            text: text.join(" "),
            likeness: chosen.iter().map(|w| w.likeness).sum::<f32>() * share,
            bonus: chosen.iter().map(|w| w.bonus).sum::<f32>() * share,
            drug: chosen.iter().any(|w| w.drug),
        }
    };
    // The best of each, and the others of each beside the best of the other.
    let mut found = vec![together(&best)];
    for (at, wordings) in options.iter().enumerate() {
        for wording in wordings.iter().skip(1) {
            let mut chosen = best.clone();
            chosen[at] = wording;
            found.push(together(&chosen));
        }
    }
    found
}

/// Whether a candidate may stand where the span is, by what made the span suspicious.
fn fits(suspicion: &Suspicion, span: &[Heard<'_>], said: &str, candidate: &Candidate) -> bool {
    // A name is nothing that the dictionary puts into a report, and a mark is one word misheard.
    if candidate.name || (candidate.mark && (span.len() > 1 || candidate.likeness < RARE_LIKENESS))
    {
        return false;
    }
    let everyday = candidate.zipf >= EVERYDAY;
    match suspicion.kind {
        // What the engine writes as no word at all is none that it knows well.
        ProposalKind::UnknownWord => {
            let common = candidate.zipf >= COMMON && candidate.weight < CERTAIN_TERM;
            span.iter().any(|w| w.unknown) && !common
        }
        ProposalKind::DrugPlace => candidate.drug && !everyday,
        ProposalKind::SoundsLike => {
            // Nor is it another form of a word in the span, with the others left out.
            let form = is_form_of(said, &candidate.written)
                || span.iter().any(|w| is_form_of(w.core, &candidate.written));
            (!everyday && !form) || (candidate.mark && span.iter().all(|w| w.zipf < EVERYDAY))
        }
        ProposalKind::NearTerm => is_near_term(said, candidate),
        ProposalKind::Lookalike | ProposalKind::Replacement => false,
    }
}

/// Endings by which forms of one word differ.
const FORMS: &[&str] = &[
    "", "s", "es", "e", "d", "ed", "ing", "er", "ers", "or", "al", "ally", "ly", "c", "ic", "cal",
    "ical", "y", "ies", "us", "is", "ion", "ions", "ive", "a", "ae", "um",
];

/// Whether two words are forms of one, both in the language: the engine knows better than the dictionary which was said.
fn is_form_of(said: &str, written: &str) -> bool {
    let (said, written) = (fold(said), fold(written));
    let shared = (said.bytes().zip(written.bytes()))
        .take_while(|(a, b)| a == b)
        .count();
    let ends = |word: &str| word.get(shared..).is_some_and(|end| FORMS.contains(&end));
    shared >= 4 && ends(&said) && ends(&written)
}

/// Whether all words but one are the same, and that one sounds like it.
fn is_near_term(said: &str, candidate: &Candidate) -> bool {
    let (said, written) = (fold(said), fold(&candidate.written));
    let (said, written): (Vec<&str>, Vec<&str>) =
        (said.split(' ').collect(), written.split(' ').collect());
    if said.len() != written.len() || said.len() < 2 {
        return false;
    }
    let mut other = said.iter().zip(&written).filter(|(a, b)| a != b);
    match (other.next(), other.next()) {
        (Some((a, b)), None) => {
            !is_form_of(a, b) && Query::new(a).likeness(&Query::new(b)) >= UNKNOWN_LIKENESS
        }
        _ => false,
    }
}

fn joined(span: &[Heard<'_>]) -> String {
    span.iter().map(|w| w.core).collect::<Vec<_>>().join(" ")
}

/// The best choices, few for each place and few in all.
fn select(mut choices: Vec<Choice>, words: usize) -> Vec<Choice> {
    let most = ((words as f32 * CANDIDATES_PER_WORD) as usize).max(CANDIDATES_AT_LEAST);
    choices.sort_by(|a, b| {
        (b.merit.total_cmp(&a.merit))
            .then((a.from, a.to).cmp(&(b.from, b.to)))
            .then(a.text.cmp(&b.text))
    });
    let mut kept: Vec<Choice> = Vec::new();
    for choice in choices {
        if kept.len() >= most {
            break;
        }
        let same_place = |k: &&Choice| k.from < choice.to && choice.from < k.to;
        let there = kept.iter().filter(same_place).count();
        // The engine tells which span is the term's, but need not be asked about every one.
        let same = (kept.iter().filter(same_place)).filter(|k| fold(&k.text) == fold(&choice.text));
        let far = (kept.iter().filter(same_place)).any(|k| k.likeness > choice.likeness + FAR);
        if there < CANDIDATES_PER_PLACE && same.count() < SPANS_PER_TERM && !far {
            kept.push(choice);
        }
    }
    kept
}

/// Choices of the same span as one proposal, best first.
fn grouped(choices: Vec<Choice>, heard: &[Heard<'_>]) -> Vec<Proposal> {
    let mut proposals: Vec<Proposal> = Vec::new();
    for choice in choices {
        let suggestion = Suggestion {
            text: choice.text,
            score: choice.likeness,
        };
        let same = |p: &&mut Proposal| (p.word_from, p.word_to) == (choice.from, choice.to);
        match proposals.iter_mut().find(same) {
            Some(proposal) => proposal.candidates.push(suggestion),
            None => proposals.push(Proposal {
                word_from: choice.from,
                word_to: choice.to,
                heard: joined(&heard[choice.from..choice.to]),
                kind: choice.kind,
                candidates: vec![suggestion],
            }),
        }
    }
    proposals
}

/// Heard drugs that are taken for others, where the engine was not sure.
fn lookalikes(heard: &[Heard<'_>], index: &Index) -> Vec<Proposal> {
    let partners = |(i, word): (usize, &Heard<'_>)| {
        if word.closed || !word.medical || word.probability >= SURE_DRUG {
            return None;
        }
        let drugs = index.drugs(word.core);
        let [drug] = drugs.as_slice() else {
            return None;
        };
        // The whole word is the drug, in its own letters.
        if *drug != identity(word.core) {
            return None;
        }
        let ours = Query::new(drug);
        let candidates: Vec<Suggestion> = index
            .lookalikes(drug)
            .into_iter()
            .filter_map(|other| {
                let score = ours.likeness(&Query::new(&other));
                let written = index.term(&other)?.written.to_owned();
                Some(Suggestion {
                    text: written,
                    score,
                })
            })
            .take(LOOKALIKES)
            .collect();
        (!candidates.is_empty()).then(|| Proposal {
            word_from: i,
            word_to: i + 1,
            heard: word.core.to_owned(),
            kind: ProposalKind::Lookalike,
            candidates,
        })
    };
    heard.iter().enumerate().filter_map(partners).collect()
}

/// Words for which a layer has another wording. They may stand at a guarded word: what is offered must keep it.
fn replacements(heard: &[Heard<'_>], index: &Index) -> Vec<Proposal> {
    let mut found = Vec::new();
    for (from, first) in heard.iter().enumerate() {
        for (words, written) in index.replacements_from(&first.folded) {
            let Some(span) = heard.get(from..from + words.len()) else {
                continue;
            };
            let same = span.iter().zip(words).all(|(w, word)| w.folded == *word);
            // A mark of the engine's within the words is a pause that the rule did not have.
            let marked = span[..span.len() - 1].iter().any(|w| w.mark.is_some());
            if same && !marked {
                let said = joined(span);
                if said != *written && guard::forbidden(&said, written, index).is_none() {
                    found.push(Proposal {
                        word_from: from,
                        word_to: from + words.len(),
                        kind: ProposalKind::Replacement,
                        candidates: vec![Suggestion {
                            text: written.clone(),
                            score: Query::new(&said).likeness(&Query::new(written)),
                        }],
                        heard: said,
                    });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::{index, words, words_with};
    use super::*;

    fn proposed(words: &[Word]) -> Vec<String> {
        propose(words, &index())
            .into_iter()
            .flat_map(|p| {
                let heard = p.heard;
                p.candidates
                    .into_iter()
                    .map(move |c| format!("{heard} -> {}", c.text))
            })
            .collect()
    }

    #[track_caller]
    fn finds(text: &str, expected: &str) {
        finds_at(0.6, text, expected);
    }

    #[track_caller]
    fn finds_at(probability: f32, text: &str, expected: &str) {
        let found = proposed(&words_with(text, probability));
        assert!(found.iter().any(|p| p == expected), "{text}: {found:#?}");
    }

    fn unknown(text: &str) -> Vec<String> {
        propose(&words(text), &index())
            .into_iter()
            .filter(|p| p.kind == ProposalKind::UnknownWord && p.word_to - p.word_from == 1)
            .map(|p| p.heard)
            .collect()
    }

    #[test]
    fn what_no_dictionary_has_is_proposed() {
        assert_eq!(
            unknown("Continue metaprol, 50 mg daily, and atorvastatin 80mg at bedtime."),
            ["metaprol"]
        );
        finds("Continue metaprol, 50 mg", "metaprol -> metoprolol");
        finds(
            "mild hydronofrosis on the left",
            "hydronofrosis -> hydronephrosis",
        );
    }

    #[test]
    fn ordinary_words_before_a_dose_are_looked_up_as_drugs() {
        finds(
            "he takes a pixel of 5 mg twice daily",
            "a pixel of -> apixaban",
        );
        finds(
            "medications. The picks have been 5 milligrams",
            "The picks have been -> apixaban",
        );
        finds(
            "spiral act on to 25 mg daily",
            "spiral act on to -> spironolactone",
        );
        finds("continue a pixel band today", "a pixel band -> apixaban");
    }

    #[test]
    fn a_term_of_several_words_is_found_where_one_is_wrong() {
        finds(
            "benign prosthetic hyperplasia was seen",
            "benign prosthetic hyperplasia -> benign prostatic hyperplasia",
        );
        finds_at(
            0.4,
            "a right corroded brute was heard",
            "corroded brute -> carotid bruit",
        );
    }

    #[test]
    fn a_part_of_a_word_with_hyphens_is_replaced_and_the_rest_stays() {
        finds(
            "the left-tempanic membrane",
            "left-tempanic -> left tympanic",
        );
        finds(
            "plan to start-apropian now",
            "start-apropian -> start bupropion",
        );
    }

    #[test]
    fn spoken_marks_that_were_misheard_are_looked_up_too() {
        finds("96. Cama, cervix 2 centimeters", "Cama -> comma");
        finds(
            "nerves intact. Commer reflexes symmetrical",
            "Commer -> comma",
        );
    }

    #[test]
    fn spoken_marks_fillers_and_everyday_words_are_left_alone() {
        let text = "um comma the period colon semicolon uh new paragraph full stop erm hyphen slash next heading \
                    scratch that okay alright doesn't patient's 3-week follow-up";
        assert_eq!(unknown(text), [""; 0]);
        assert_eq!(proposed(&words(text)), [""; 0]);
    }

    #[test]
    fn another_spelling_is_not_proposed_nor_fewer_of_the_words() {
        for text in [
            "the post-mortem examination",
            "signs of rigour mortis",
            "attempted suicide in may",
        ] {
            let found = proposed(&words_with(text, 0.3));
            let changed = |p: &String| {
                let (said, written) = p.split_once(" -> ").unwrap();
                !index::is_spelling_of(said, written) && !written.contains("suicide")
            };
            assert!(found.iter().all(changed), "{text}: {found:#?}");
        }
    }

    #[test]
    fn another_form_of_a_word_is_no_other_word() {
        for (said, written, same) in [
            ("vomiting", "vomit", true),
            ("wheeze", "Wheezes", true),
            ("arthritis", "arthritic", true),
            ("prosthetic", "prostatic", false),
            ("shoddy", "shotty", false),
            ("diffusion", "effusion", false),
        ] {
            assert_eq!(is_form_of(said, written), same, "{said} {written}");
        }
    }

    #[test]
    fn ordinary_prose_said_with_confidence_is_left_alone() {
        let text = "The patient was seen in the clinic today with her husband and reports that she has been feeling \
                    well since the last visit and would like to return to work next week";
        assert_eq!(proposed(&words_with(text, 0.95)), [""; 0]);
    }

    #[test]
    fn names_after_a_title_are_left_alone() {
        assert_eq!(
            unknown("Dr. Zzmarchetti saw her. Zzmarchetti's plan stands."),
            [""; 0]
        );
        assert_eq!(unknown("for Doctor Anna Zzmarchetti today"), [""; 0]);
        assert_eq!(unknown("doctor zzmarchetti agreed"), [""; 0]);
        assert_eq!(unknown("Dr. Smith. Zzmarchetti came"), ["Zzmarchetti"]);
        assert_eq!(unknown("doctor smith gave zzmetaprol"), ["zzmetaprol"]);
    }

    #[test]
    fn no_candidate_touches_what_is_guarded() {
        let index = index();
        for text in [
            "by bezzler 8 lactases at the left base",
            "hydralazine 25 mg and hydroxyzine 10 mg",
            "no hemoptisis, no vomitting without exudeate",
            "heparin-bolus 80 units per kilogram twice dayly",
            "left-tempanic and rite-tempanic membranes period",
        ] {
            for p in propose(&words_with(text, 0.3), &index) {
                if p.kind == ProposalKind::Lookalike {
                    continue;
                }
                for c in p.candidates {
                    assert_eq!(
                        guard::forbidden(&p.heard, &c.text, &index),
                        None,
                        "{} -> {}",
                        p.heard,
                        c.text
                    );
                }
            }
        }
    }

    #[test]
    fn a_doubtful_drug_with_a_look_alike_is_asked_about() {
        let kinds = |p: f32| -> Vec<String> {
            propose(&words_with("give hydralazine 25 mg", p), &index())
                .into_iter()
                .filter(|p| p.kind == ProposalKind::Lookalike)
                .flat_map(|p| p.candidates.into_iter().map(|c| c.text))
                .collect()
        };
        assert!(kinds(0.5).contains(&"hydroxyzine".to_owned()));
        assert!(kinds(0.99).is_empty());
    }

    #[test]
    fn words_that_a_layer_replaces_are_proposed_but_for_what_is_guarded() {
        let replacement = |heard: &str, written: &str| crate::dictionary::index::Replacement {
            heard: heard.into(),
            written: written.into(),
        };
        let index = index().with_local(crate::dictionary::index::Overlay {
            replacements: vec![
                replacement("the usual", "the usual post-operative regimen"),
                replacement("left sided", "left-sided"),
                replacement("right sided", "left-sided"),
                replacement("hydralazine", "hydroxyzine"),
                replacement("no", "known"),
            ],
            ..Default::default()
        });
        let proposed = |text: &str| -> Vec<(usize, usize, String)> {
            propose(&words_with(text, 0.95), &index)
                .into_iter()
                .filter(|p| p.kind == ProposalKind::Replacement)
                .map(|p| (p.word_from, p.word_to, p.candidates[0].text.clone()))
                .collect()
        };
        assert_eq!(
            proposed("Give The usual, then"),
            [(1, 3, "the usual post-operative regimen".to_owned())]
        );
        assert_eq!(
            proposed("left sided pain"),
            [(0, 2, "left-sided".to_owned())]
        );
        for text in [
            "give the, usual",
            "the",
            "right sided pain",
            "no pain on hydralazine",
        ] {
            assert_eq!(proposed(text), [], "{text}");
        }
    }

    #[test]
    fn the_work_for_the_engine_is_bounded() {
        let text =
            "zzqart flumox bezzler lactases metaprol secubitrol belsartin etorvastatin ".repeat(25);
        let all = words_with(text.trim(), 0.2);
        let count: usize = propose(&all, &index())
            .iter()
            .map(|p| p.candidates.len())
            .sum();
        assert!(
            count <= all.len() / 2,
            "{count} candidates for {} words",
            all.len()
        );
    }
}
