//! What a signed report teaches: which heard words a person wrote otherwise, and what a rule made of that would have
//! changed in reports that are signed.

use super::correct;
use super::index::{Index, Known, core, fold, is_spoken_mark};
use super::load::Category;
use crate::domain::align::{Step, align};
use std::collections::HashSet;
use std::ops::Range;

/// Most words that are learned at once, on either side.
const MOST: usize = 4;
/// Words that are shown before and behind a place.
const AROUND: usize = 4;

/// Heard words that a person wrote otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    /// As heard: small letters, without marks.
    pub heard: String,
    /// As written inside a sentence.
    pub written: String,
}

/// A place of a signed report where a rule would have acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether what is signed says there what the rule would have written.
    pub is_right: bool,
    /// What was heard, with the words around it.
    pub heard: String,
    /// What is signed, with the words around it.
    pub signed: String,
}

/// Words as they are compared, and as they stand.
struct Words<'a> {
    keys: Vec<String>,
    texts: Vec<&'a str>,
}

impl<'a> Words<'a> {
    fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        let (keys, texts) = texts
            .map(|text| (fold(core(text)), text))
            .filter(|(key, _)| !key.is_empty())
            .unzip();
        Self { keys, texts }
    }

    fn around(&self, range: &Range<usize>) -> String {
        let from = range.start.saturating_sub(AROUND);
        let to = (range.end + AROUND).min(self.texts.len());
        self.texts[from..to].join(" ")
    }
}

/// For each word of `a` the words of `b` that stand in its place: one that is the same, or the whole stretch that differs.
fn places(a: &Words<'_>, b: &Words<'_>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(a.keys.len());
    let (mut block, mut at) = (0, 0);
    let close = |out: &mut Vec<Range<usize>>, block: usize, words: usize, at: usize| {
        let from = at - words;
        out[block..].fill(from..at);
    };
    let mut inserted = 0;
    for step in align(&a.keys, &b.keys) {
        match step {
            Step::Match => {
                close(&mut out, block, inserted, at);
                out.push(at..at + 1);
                at += 1;
                block = out.len();
                inserted = 0;
            }
            Step::Delete => out.push(0..0),
            Step::Substitute => {
                out.push(0..0);
                at += 1;
                inserted += 1;
            }
            Step::Insert => {
                at += 1;
                inserted += 1;
            }
        }
    }
    close(&mut out, block, inserted, at);
    out
}

/// Stretches that differ: words of `a`, and the words of `b` in their place.
fn blocks(a: &Words<'_>, b: &Words<'_>) -> Vec<(Range<usize>, Range<usize>)> {
    let places = places(a, b);
    let mut out = Vec::new();
    let mut at = 0;
    while at < places.len() {
        let place = &places[at];
        let same = place.len() == 1 && a.keys[at] == b.keys[place.start];
        let mut end = at + 1;
        if !same {
            while end < places.len() && places[end] == *place {
                end += 1;
            }
            out.push((at..end, place.clone()));
        }
        at = end;
    }
    out
}

/// What was heard and what a person made of it, where the machine had not done the same: `raw` are the words as heard,
/// `draft` is the machine's report, `signed` what was signed.
///
/// Digits, numbers, units, sides, negations, spoken marks and names are never learned, nor one known drug for another.
pub fn corrections<'a>(
    raw: impl Iterator<Item = &'a str>,
    draft: &str,
    signed: &str,
    index: &Index,
) -> Vec<Pair> {
    let heard = Words::of(raw);
    let machine = Words::of(draft.split_whitespace());
    let person = Words::of(signed.split_whitespace());
    let by_machine: HashSet<(Range<usize>, String)> = blocks(&heard, &machine)
        .into_iter()
        .map(|(from, to)| (from, machine.keys[to].join(" ")))
        .collect();
    blocks(&heard, &person)
        .into_iter()
        .filter(|(from, to)| {
            let written = person.keys[to.clone()].join(" ");
            !by_machine.contains(&(from.clone(), written))
        })
        .filter_map(|(from, to)| pair(&heard, from, &person, to, index))
        .collect()
}

fn pair(
    heard: &Words<'_>,
    mut from: Range<usize>,
    signed: &Words<'_>,
    to: Range<usize>,
    index: &Index,
) -> Option<Pair> {
    // The marks around were said to the machine.
    for length in [2, 1, 2, 1] {
        if from.len() > length && is_mark(&heard.keys[from.end - length..from.end]) {
            from.end -= length;
        }
        if from.len() > length && is_mark(&heard.keys[from.start..from.start + length]) {
            from.start += length;
        }
    }
    if !(1..=MOST).contains(&from.len()) || !(1..=MOST).contains(&to.len()) {
        return None;
    }
    let words = heard.keys[from].join(" ");
    let mut written = core(&signed.texts[to.clone()].join(" ")).to_owned();
    let begins = (to.start.checked_sub(1))
        .is_none_or(|before| signed.texts[before].ends_with(['.', '!', '?', ':']));
    let mut letters = written.chars();
    if begins
        && let (Some(first), Some(second)) = (letters.next(), letters.next())
        && second.is_lowercase()
    {
        written = first
            .to_lowercase()
            .chain(written.chars().skip(1))
            .collect();
    }
    let has_digit = |text: &str| text.contains(char::is_numeric);
    let is_name = |text: &str| {
        text.split_whitespace().any(|word| {
            matches!(index.known(core(word)), Known::Term(t) if t.category == Category::Name)
        })
    };
    let is_learned = !has_digit(&words)
        && !has_digit(&written)
        && !is_name(&words)
        && !is_name(&written)
        && correct::refusal(&words, &written, index).is_none();
    is_learned.then_some(Pair {
        heard: words,
        written,
    })
}

fn is_mark(words: &[String]) -> bool {
    let words = words.join(" ");
    is_spoken_mark(&words) || words == "full stop"
}

/// Where a rule would have acted in a report: every place of the words as heard, and what is signed there.
pub fn trial<'a>(
    raw: impl Iterator<Item = &'a str>,
    signed: &str,
    heard: &str,
    written: &str,
) -> Vec<Place> {
    let raw = Words::of(raw);
    let signed = Words::of(signed.split_whitespace());
    let heard = Words::of(heard.split_whitespace()).keys;
    let written = Words::of(written.split_whitespace()).keys;
    if heard.is_empty() || written.is_empty() {
        return Vec::new();
    }
    let places = places(&raw, &signed);
    let mut out = Vec::new();
    for (at, window) in raw.keys.windows(heard.len()).enumerate() {
        if window != heard {
            continue;
        }
        let here = &places[at..at + heard.len()];
        let from = here.iter().map(|r| r.start).min().unwrap_or(0);
        let to = here.iter().map(|r| r.end).max().unwrap_or(0);
        out.push(Place {
            is_right: signed.keys[from..to]
                .windows(written.len())
                .any(|words| words == written),
            heard: raw.around(&(at..at + heard.len())),
            signed: signed.around(&(from..to)),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::load::Tables;
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    fn index() -> &'static Index {
        static INDEX: OnceLock<Index> = OnceLock::new();
        INDEX.get_or_init(|| Index::new(Tables::embedded().unwrap()))
    }

    fn learned(raw: &str, draft: &str, signed: &str) -> Vec<(String, String)> {
        corrections(raw.split_whitespace(), draft, signed, index())
            .into_iter()
            .map(|p| (p.heard, p.written))
            .collect()
    }

    fn one(heard: &str, written: &str) -> Vec<(String, String)> {
        vec![(heard.to_owned(), written.to_owned())]
    }

    #[test]
    fn what_a_person_corrected_is_learned_and_what_the_machine_did_is_not() {
        let raw = "the patient takes bear hugger at night period she sleeps well period";
        let draft = "The patient takes bear hugger at night. She sleeps well.";
        let signed = "The patient takes Bair Hugger at night. She sleeps well.";
        assert_eq!(learned(raw, draft, signed), one("bear", "Bair"));
        assert_eq!(learned(raw, draft, draft), []);
        assert_eq!(learned(raw, signed, signed), []);
    }

    #[test]
    fn several_words_are_one_correction_and_a_sentence_begins_with_no_capital_of_its_own() {
        let raw = "stop there period broncho scopy was normal period";
        let draft = "Stop there. Broncho scopy was normal.";
        let signed = "Stop there. Bronchoscopy was normal.";
        assert_eq!(
            learned(raw, draft, signed),
            one("broncho scopy", "bronchoscopy")
        );
    }

    #[test]
    fn numbers_sides_negations_and_other_drugs_are_never_learned() {
        for (raw, signed) in [
            ("give five mg now", "Give 10 mg now"),
            ("pain in the left leg", "Pain in the right leg"),
            ("she has no fever", "She has a fever"),
            ("she takes hydralazine daily", "She takes hydroxyzine daily"),
            ("she takes it daily", "She takes it weekly"),
            ("there is hypotension today", "There is hypertension today"),
        ] {
            assert_eq!(learned(raw, raw, signed), [], "{raw}");
        }
    }

    #[test]
    fn a_trial_tells_the_places_where_something_else_is_signed() {
        let raw = "the bear hugger was on period a bear bit him period";
        let signed = "The Bair Hugger was on. A bear bit him.";
        let found = trial(raw.split_whitespace(), signed, "bear", "Bair");
        let right: Vec<bool> = found.iter().map(|p| p.is_right).collect();
        assert_eq!(right, [true, false]);
        assert!(found[1].signed.contains("A bear bit him."), "{found:?}");
    }

    proptest! {
        /// A rule that would have changed a signed report for the worse is shown with it.
        #[test]
        fn no_word_that_was_signed_as_heard_is_changed_unseen(
            words in proptest::collection::vec("[a-d]{1,2}", 1..40),
            at in any::<proptest::sample::Index>(),
        ) {
            let heard = at.get(&words).clone();
            let signed = words.join(" ");
            let found = trial(words.iter().map(String::as_str), &signed, &heard, "zzz");
            let there = words.iter().filter(|w| **w == heard).count();
            prop_assert_eq!(found.len(), there);
            prop_assert!(found.iter().all(|p| !p.is_right));
        }
    }
}
