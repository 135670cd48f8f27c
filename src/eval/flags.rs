//! Do the flags point at what is wrong, and is what is wrong flagged?
//!
//! * **Flag**: a finding that a reviewer is asked about; information (`info`) is counted apart.
//! * **Right**: among the words of a flag at least one is not what was said, or something that was said is missing
//!   there. Compared is what stands in the corrected transcript with what was said, both through
//!   [`normalise::words`]: "5 mg" is "five milligrams", spoken marks do not count.
//! * **Caught**: of the drugs, doses, sides and negations that were said and came out otherwise, those over which a flag
//!   stands. A flag over a whole passage ([`PASSAGE`] words or more) is a flag, but catches nothing: it does not say where.
//! * What the text rules change later (self-corrections, figures) is not looked at.

use crate::domain::align::{Step, align};
use crate::domain::numerals;
use crate::eval::hypothesis::Outcome;
use crate::eval::manifest::Clip;
use crate::eval::normalise;
use crate::eval::score::ClipScore;
use serde::Serialize;
use std::ops::{AddAssign, Range};

/// Words from which a flag is about a passage.
const PASSAGE: usize = 13;

/// A word of the corrected transcript and the raw words it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardWord {
    /// Its text, marks included.
    pub text: String,
    /// Raw words.
    pub raw: Range<usize>,
    /// When it was said, seconds.
    pub start_s: f64,
}

/// A finding, as far as it is scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// Raw words; empty for a gap.
    pub raw: Range<usize>,
    /// A reviewer is asked; else it is information.
    pub asked: bool,
    /// When, seconds.
    pub start_s: f64,
}

/// What was said and came out otherwise, and over how much of it a flag stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Caught {
    /// Said.
    pub said: usize,
    /// Of these, came out otherwise.
    pub wrong: usize,
    /// Of these, flagged.
    pub flagged: usize,
}

impl AddAssign for Caught {
    fn add_assign(&mut self, other: Self) {
        self.said += other.said;
        self.wrong += other.wrong;
        self.flagged += other.flagged;
    }
}

/// The flags of one dictation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FlagScore {
    /// Words that were said, without spoken marks, numbers as one: about as many as the report has.
    pub words: usize,
    /// Flags.
    pub flags: usize,
    /// Of these, right.
    pub right: usize,
    /// Findings that are information only.
    pub notes: usize,
    /// Drugs.
    pub drugs: Caught,
    /// Numbers before a unit of dose, and the units.
    pub doses: Caught,
    /// Left, right, both.
    pub sides: Caught,
    /// Negations.
    pub negations: Caught,
}

impl FlagScore {
    /// Flags per 200 words that were said; none where nothing is said.
    pub fn per_200_words(&self) -> Option<f64> {
        (self.words > 0).then(|| 200.0 * self.flags as f64 / self.words as f64)
    }

    /// Per cent of the flags that are right.
    pub fn precision(&self) -> Option<f64> {
        (self.flags > 0).then(|| 100.0 * self.right as f64 / self.flags as f64)
    }

    /// Drugs, doses, sides and negations together.
    pub fn dangerous(&self) -> Caught {
        let mut all = self.drugs;
        all += self.doses;
        all += self.sides;
        all += self.negations;
        all
    }

    /// Per cent of the wrong drugs, doses, sides and negations that are flagged.
    pub fn recall(&self) -> Option<f64> {
        let all = self.dangerous();
        (all.wrong > 0).then(|| 100.0 * all.flagged as f64 / all.wrong as f64)
    }
}

impl AddAssign for FlagScore {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.flags += other.flags;
        self.right += other.right;
        self.notes += other.notes;
        self.drugs += other.drugs;
        self.doses += other.doses;
        self.sides += other.sides;
        self.negations += other.negations;
    }
}

/// The middle of the values; none where there are none.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = values.into_iter().collect();
    all.sort_by(f64::total_cmp);
    let upper = *all.get(all.len() / 2)?;
    Some(if all.len() % 2 == 1 {
        upper
    } else {
        (all[all.len() / 2 - 1] + upper) / 2.0
    })
}

/// Something that was said: one word, or the words of a number.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    text: String,
    /// Where it came out, in raw words; empty: at this place it is missing.
    at: Range<usize>,
    right: bool,
}

/// Scores the flags of one dictation. `is_drug` knows drugs by one word.
pub fn score(
    verbatim: &str,
    heard: &[HeardWord],
    flags: &[Flag],
    is_drug: &dyn Fn(&str) -> bool,
) -> FlagScore {
    let (said, wrong) = compare(verbatim, heard);
    let mut out = FlagScore {
        words: normalise::words(verbatim).len(),
        ..FlagScore::default()
    };
    for flag in flags {
        if !flag.asked {
            out.notes += 1;
            continue;
        }
        out.flags += 1;
        out.right += usize::from(wrong.iter().any(|w| meets(&flag.raw, w)));
    }
    let catches = |at: &Range<usize>| {
        flags
            .iter()
            .any(|f| f.asked && f.raw.len() < PASSAGE && meets(&f.raw, at))
    };
    for (k, item) in said.iter().enumerate() {
        let caught = Caught {
            said: 1,
            wrong: usize::from(!item.right),
            flagged: usize::from(!item.right && catches(&item.at)),
        };
        let lower = item.text.to_lowercase();
        let next = said.get(k + 1).map_or("", |s| s.text.as_str());
        let before = k.checked_sub(1).map_or("", |k| said[k].text.as_str());
        if is_negation(&lower) {
            out.negations += caught;
        } else if is_side(&lower) {
            out.sides += caught;
        } else if is_drug(&lower) {
            out.drugs += caught;
        } else if (is_number(&lower) && is_unit(next)) || (is_unit(&lower) && is_number(before)) {
            out.doses += caught;
        }
    }
    out
}

/// Scores the flags of every dictation of a clip; nothing where the tool gave no findings. `is_drug` knows drugs by one
/// word.
pub fn mark(
    scored: &mut ClipScore,
    clip: &Clip,
    outcome: &Outcome,
    is_drug: &dyn Fn(&str) -> bool,
) {
    let Ok(hypothesis) = outcome else {
        return;
    };
    let Some(flags) = &hypothesis.flags else {
        return;
    };
    // As texts are cut: the border lies in the middle of the pause.
    let borders: Vec<f64> = clip
        .dictations
        .windows(2)
        .map(|pair| (pair[0].end_s + pair[1].start_s) / 2.0)
        .collect();
    let part = |second: f64| borders.partition_point(|border| *border <= second);
    for (n, dictation) in clip.dictations.iter().enumerate() {
        if dictation.verbatim.trim().is_empty() {
            continue;
        }
        let words: Vec<HeardWord> = hypothesis
            .words
            .iter()
            .filter(|w| part(w.start_s) == n)
            .cloned()
            .collect();
        let flags: Vec<Flag> = flags
            .iter()
            .filter(|f| part(f.start_s) == n)
            .cloned()
            .collect();
        if let Some(scored) = scored.dictations.get_mut(n) {
            scored.flags = Some(score(&dictation.verbatim, &words, &flags, is_drug));
        }
    }
}

/// Whether a flag and a place have a word in common, or the one lies at the edge of the other where it has no words.
fn meets(flag: &Range<usize>, place: &Range<usize>) -> bool {
    if flag.is_empty() || place.is_empty() {
        flag.start <= place.end && place.start <= flag.end
    } else {
        flag.start < place.end && place.start < flag.end
    }
}

fn is_negation(word: &str) -> bool {
    matches!(
        word,
        "no" | "not"
            | "denies"
            | "denied"
            | "without"
            | "never"
            | "none"
            | "negative"
            | "nor"
            | "neither"
            | "absent"
    )
}

fn is_side(word: &str) -> bool {
    matches!(word, "left" | "right" | "bilateral" | "bilaterally")
}

fn is_unit(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "milligram"
            | "milligrams"
            | "microgram"
            | "micrograms"
            | "gram"
            | "grams"
            | "unit"
            | "units"
            | "milliunits"
            | "milliequivalents"
            | "milliliter"
            | "milliliters"
            | "millilitres"
    )
}

fn is_number(text: &str) -> bool {
    text.split(' ').next().is_some_and(is_number_word)
}

fn is_number_word(word: &str) -> bool {
    numerals::is_name(word) || word.starts_with(|c: char| c.is_ascii_digit())
}

fn key(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What was said with where it came out, and the raw words that are wrong (or, empty, the places where some are missing).
fn compare(verbatim: &str, heard: &[HeardWord]) -> (Vec<Said>, Vec<Range<usize>>) {
    let reference: Vec<&str> = verbatim
        .split_whitespace()
        .filter(|w| !key(w).is_empty())
        .collect();
    let heard: Vec<&HeardWord> = heard.iter().filter(|w| !key(&w.text).is_empty()).collect();
    let reference_keys: Vec<String> = reference.iter().map(|w| key(w)).collect();
    let heard_keys: Vec<String> = heard.iter().map(|w| key(&w.text)).collect();
    let mut said = Vec::new();
    let mut wrong = Vec::new();
    for run in runs(&align(&reference_keys, &heard_keys)) {
        let groups = grouped(&reference[run.reference.clone()]);
        let place = place(&heard, &run.heard);
        if run.same || same(&reference, &heard, &run) {
            said.extend(groups.into_iter().map(|text| Said {
                text,
                at: place.clone(),
                right: true,
            }));
            continue;
        }
        fine(
            &groups,
            &heard[run.heard.clone()],
            &place,
            &mut said,
            &mut wrong,
        );
    }
    (said, wrong)
}

/// A stretch in which the words are all the same, or all not.
struct Run {
    reference: Range<usize>,
    heard: Range<usize>,
    same: bool,
}

fn runs(steps: &[Step]) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    let (mut i, mut j) = (0, 0);
    for step in steps {
        let same = *step == Step::Match;
        let (di, dj) = (
            usize::from(*step != Step::Insert),
            usize::from(*step != Step::Delete),
        );
        match out.last_mut() {
            Some(run) if run.same == same => {
                run.reference.end += di;
                run.heard.end += dj;
            }
            _ => out.push(Run {
                reference: i..i + di,
                heard: j..j + dj,
                same,
            }),
        }
        i += di;
        j += dj;
    }
    out
}

/// Raw words of a run; where it has none, the place between its neighbours.
fn place(heard: &[&HeardWord], run: &Range<usize>) -> Range<usize> {
    let words = &heard[run.clone()];
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.raw.start..last.raw.end,
        _ => {
            let at = run.start.checked_sub(1).map_or(0, |k| heard[k].raw.end);
            at..at
        }
    }
}

/// Whether a run says the same in another form, alone or with its neighbours: "the fourteenth of" and "14" before
/// "January".
fn same(reference: &[&str], heard: &[&HeardWord], run: &Run) -> bool {
    (0..=2).any(|around| {
        let wider = |r: &Range<usize>, len: usize| {
            r.start.saturating_sub(around)..(r.end + around).min(len)
        };
        let left = reference[wider(&run.reference, reference.len())].join(" ");
        let right: Vec<&str> = heard[wider(&run.heard, heard.len())]
            .iter()
            .map(|w| w.text.as_str())
            .collect();
        normalise::words(&left) == normalise::words(&right.join(" "))
    })
}

/// Words of a number, and of a spoken mark, belong together.
fn grouped(words: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut in_number = false;
    for (k, word) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        let next_is_number = words
            .get(k + 1)
            .is_some_and(|w| is_number_word(&w.to_lowercase()));
        let number = is_number_word(&lower);
        let inside = in_number
            && next_is_number
            && matches!(lower.as_str(), "point" | "and" | "over" | "oh");
        let mark = out.last().is_some_and(|before| {
            matches!(
                (before.as_str(), lower.as_str()),
                ("full", "stop") | ("new", "paragraph" | "line") | ("question", "mark")
            )
        });
        match out.last_mut() {
            Some(last) if (in_number && (number || inside)) || mark => {
                last.push(' ');
                last.push_str(&lower);
            }
            _ => out.push(lower),
        }
        in_number = number || inside;
    }
    out
}

/// Word by word inside a run that is not the same.
fn fine(
    groups: &[String],
    heard: &[&HeardWord],
    place: &Range<usize>,
    said: &mut Vec<Said>,
    wrong: &mut Vec<Range<usize>>,
) {
    let tokens = |texts: Vec<&str>| -> (Vec<String>, Vec<usize>) {
        texts
            .into_iter()
            .enumerate()
            .flat_map(|(k, text)| normalise::words(text).into_iter().map(move |t| (t, k)))
            .unzip()
    };
    let (left, left_owner) = tokens(groups.iter().map(String::as_str).collect());
    let (right, right_owner) = tokens(heard.iter().map(|w| w.text.as_str()).collect());
    let mut group_right = vec![true; groups.len()];
    let mut group_at: Vec<Option<Range<usize>>> = vec![None; groups.len()];
    let mut heard_right = vec![true; heard.len()];
    let (mut i, mut j) = (0, 0);
    for step in align(&left, &right) {
        match step {
            Step::Match => {}
            Step::Substitute => {
                group_right[left_owner[i]] = false;
                heard_right[right_owner[j]] = false;
            }
            Step::Delete => group_right[left_owner[i]] = false,
            Step::Insert => heard_right[right_owner[j]] = false,
        }
        if matches!(step, Step::Match | Step::Substitute) {
            group_at[left_owner[i]] = Some(heard[right_owner[j]].raw.clone());
        }
        i += usize::from(step != Step::Insert);
        j += usize::from(step != Step::Delete);
    }
    let any_wrong_word = heard_right.contains(&false);
    wrong.extend(
        heard
            .iter()
            .zip(&heard_right)
            .filter(|(_, right)| !**right)
            .map(|(w, _)| w.raw.clone()),
    );
    if group_right.contains(&false) && !any_wrong_word {
        // Only something missing: everything heard here is right.
        wrong.push(place.end..place.end);
    }
    for ((text, right), at) in groups.iter().zip(group_right).zip(group_at) {
        said.push(Said {
            text: text.clone(),
            // Where a garbled word of a run ends and the next begins nobody can say: the run is its place.
            at: if right {
                at.unwrap_or_else(|| place.clone())
            } else {
                place.clone()
            },
            right,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Vec<HeardWord> {
        text.split_whitespace()
            .enumerate()
            .map(|(k, t)| HeardWord {
                text: t.into(),
                raw: k..k + 1,
                start_s: k as f64,
            })
            .collect()
    }

    fn asked(raw: Range<usize>) -> Flag {
        Flag {
            raw,
            asked: true,
            start_s: 0.0,
        }
    }

    fn drug(word: &str) -> bool {
        matches!(word, "apixaban" | "furosemide" | "morphine")
    }

    fn of(verbatim: &str, text: &str, flags: &[Flag]) -> FlagScore {
        score(verbatim, &heard(text), flags, &drug)
    }

    #[test]
    fn another_form_of_the_same_is_no_error() {
        for (verbatim, text) in [
            (
                "apixaban five milligrams comma twice daily period",
                "Apixaban 5mg, twice daily.",
            ),
            (
                "on the fourteenth of January twenty twenty six",
                "On 14 January 2026,",
            ),
            (
                "blood pressure one thirty eight over eighty four",
                "Blood pressure 138 over 84.",
            ),
            (
                "follow up in three weeks full stop",
                "follow-up in 3 weeks.",
            ),
            (
                "an F E V one of two point one litres",
                "an FEV1 of 2.1 liters",
            ),
        ] {
            let s = of(verbatim, text, &[asked(0..20)]);
            assert_eq!(
                (s.flags, s.right, s.dangerous().wrong),
                (1, 0, 0),
                "{verbatim}"
            );
        }
    }

    #[test]
    fn a_flag_is_right_over_a_wrong_word_only() {
        let s = of(
            "continue apixaban and rest at home",
            "continue a pixel band and rest at home",
            &[
                asked(1..2),
                asked(5..6),
                Flag {
                    asked: false,
                    ..asked(0..1)
                },
            ],
        );
        assert_eq!((s.flags, s.right, s.notes), (2, 1, 1));
        assert_eq!(s.precision(), Some(50.0));
        assert_eq!(
            s.drugs,
            Caught {
                said: 1,
                wrong: 1,
                flagged: 1
            }
        );
    }

    #[test]
    fn wrong_doses_sides_and_negations_are_counted_by_kind() {
        let s = of(
            "increase furosemide to sixty milligrams for the left leg with no pain and not before morphine",
            "increase furosemide to 16 mg for the right leg with pain and not before morphine",
            &[asked(3..4)],
        );
        assert_eq!(
            s.doses,
            Caught {
                said: 2,
                wrong: 1,
                flagged: 1
            }
        );
        assert_eq!(
            s.sides,
            Caught {
                said: 1,
                wrong: 1,
                flagged: 0
            }
        );
        assert_eq!(
            s.negations,
            Caught {
                said: 2,
                wrong: 1,
                flagged: 0
            }
        );
        assert_eq!(
            s.drugs,
            Caught {
                said: 2,
                wrong: 0,
                flagged: 0
            }
        );
        assert_eq!(s.recall(), Some(100.0 / 3.0));
    }

    #[test]
    fn a_missing_word_is_caught_by_a_gap_at_its_place() {
        let s = of("pain with no fever", "pain with fever", &[asked(2..2)]);
        assert_eq!((s.right, s.negations.flagged), (1, 1));
        let s = of("pain with no fever", "pain with fever", &[asked(0..1)]);
        assert_eq!((s.right, s.negations.flagged), (0, 0));
    }

    #[test]
    fn a_flag_over_a_passage_catches_nothing() {
        let text = "a b c d e f g h i j k l no m n";
        let verbatim = "a b c d e f g h i j k l not m n";
        let s = of(verbatim, text, &[asked(0..15)]);
        assert_eq!((s.flags, s.right, s.negations.flagged), (1, 1, 0));
    }

    #[test]
    fn rates_and_medians() {
        let s = FlagScore {
            words: 100,
            flags: 3,
            ..FlagScore::default()
        };
        assert_eq!(s.per_200_words(), Some(6.0));
        assert_eq!(FlagScore::default().per_200_words(), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
        assert_eq!(median([]), None);
    }
}
