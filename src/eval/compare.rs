//! Two results on the same clips: the difference of a rate, with a 95 % interval by a paired bootstrap (Efron 1979;
//! for word errors Bisani and Ney 2004).
//!
//! Of word errors, what is drawn is a sentence; of terms and reports, a whole text. All recordings of one sentence are
//! drawn together: the degraded twins of a dictation, and its place in a long recording, go wrong together, and drawing
//! them one by one would make the interval too narrow.

use crate::eval::score::{ClipScore, DictationScore, distinct};
use crate::eval::wer::WordErrors;
use serde::Serialize;
use std::collections::BTreeMap;

/// Draws of the bootstrap.
const DRAWS: usize = 10_000;

/// So many points more word errors than another tool are too many, whatever the interval says.
const POINTS: f64 = 1.5;

/// Part and whole of a rate, for both results.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Pair {
    this: (usize, usize),
    other: (usize, usize),
}

/// A rate of two results, in per cent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// None: all domains.
    pub domain: Option<String>,
    /// None: all conditions.
    pub condition: Option<String>,
    /// Which rate.
    pub figure: &'static str,
    /// Sentences (of word errors) or texts (of terms and reports) that were drawn from.
    pub units: usize,
    /// The rate of this result.
    pub this: f64,
    /// The rate of the other.
    pub other: f64,
    /// This less the other.
    pub difference: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// What must not be: "worse" if the whole interval lies above 0, and more than 1.5 points more word errors.
    pub flag: Option<&'static str>,
}

/// Of each unit of a dictation, a part and the whole it is taken of.
type Count = fn(&DictationScore) -> Vec<(usize, usize)>;

/// The first two are of words.
const FIGURES: [(&str, Count); 4] = [
    ("WER", |d| by_sentence(&d.transcript_sentences)),
    ("WER raw", |d| by_sentence(&d.raw_sentences)),
    ("terms missed", |d| vec![(d.terms_missed.len(), d.terms)]),
    ("report errors", |d| {
        d.report
            .iter()
            .map(|r| (r.words.errors(), r.words.reference))
            .collect()
    }),
];

fn by_sentence(sentences: &[WordErrors]) -> Vec<(usize, usize)> {
    sentences
        .iter()
        .map(|s| (s.errors(), s.reference))
        .collect()
}

/// Compares clip by clip: per domain and for all domains together, each condition and all conditions. Clips that only
/// one side has are left out.
pub fn compare(this: &[ClipScore], other: &[ClipScore]) -> Vec<Difference> {
    let pairs: Vec<(&ClipScore, &ClipScore)> = this
        .iter()
        .filter_map(|a| Some((a, other.iter().find(|b| b.id == a.id)?)))
        .collect();
    let mut out = Vec::new();
    for domain in each_and_all(pairs.iter().map(|(a, _)| a.domain.as_str())) {
        let of_domain: Vec<_> = pairs
            .iter()
            .filter(|(a, _)| domain.is_none_or(|d| d == a.domain))
            .collect();
        for condition in each_and_all(of_domain.iter().map(|(a, _)| a.condition.as_str())) {
            let chosen = of_domain
                .iter()
                .filter(|(a, _)| condition.is_none_or(|c| c == a.condition));
            for (n, (figure, count)) in FIGURES.into_iter().enumerate() {
                let Some(difference) = bootstrap(&units(chosen.clone().copied(), count)) else {
                    continue;
                };
                let flag = if n < 2 && difference.difference > POINTS {
                    Some("worse by more than 1.5 points")
                } else {
                    (difference.low > 0.0).then_some("worse")
                };
                out.push(Difference {
                    domain: domain.map(String::from),
                    condition: condition.map(String::from),
                    figure,
                    flag,
                    ..difference
                });
            }
        }
    }
    out
}

/// Each value that occurs, then none for all of them unless there is only one.
fn each_and_all<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Option<&'a str>> {
    let mut out: Vec<Option<&str>> = distinct(values).into_iter().map(Some).collect();
    if out.len() > 1 {
        out.push(None);
    }
    out
}

fn units<'a>(
    pairs: impl Iterator<Item = &'a (&'a ClipScore, &'a ClipScore)>,
    count: Count,
) -> Vec<Pair> {
    let mut units: BTreeMap<(&str, usize), Pair> = BTreeMap::new();
    for (a, b) in pairs {
        for (x, y) in a.dictations.iter().zip(&b.dictations) {
            for (n, (this, other)) in count(x).into_iter().zip(count(y)).enumerate() {
                let pair = units.entry((x.text_id.as_str(), n)).or_default();
                add(&mut pair.this, this);
                add(&mut pair.other, other);
            }
        }
    }
    units.into_values().filter(|p| p.this.1 > 0).collect()
}

fn add(sum: &mut (usize, usize), more: (usize, usize)) {
    sum.0 += more.0;
    sum.1 += more.1;
}

fn rates<'a>(units: impl Iterator<Item = &'a Pair>) -> (f64, f64) {
    let (mut this, mut other) = ((0, 0), (0, 0));
    for pair in units {
        add(&mut this, pair.this);
        add(&mut other, pair.other);
    }
    let rate = |(part, whole): (usize, usize)| 100.0 * part as f64 / whole.max(1) as f64;
    (rate(this), rate(other))
}

fn bootstrap(units: &[Pair]) -> Option<Difference> {
    if units.is_empty() {
        return None;
    }
    // A fixed seed: the same results give the same interval.
    let mut random = SplitMix(0x05_1e_12);
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let draw: Vec<&Pair> = (0..units.len())
                .map(|_| &units[random.below(units.len())])
                .collect();
            let (this, other) = rates(draw.into_iter());
            this - other
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let at = |share: f64| differences[((DRAWS - 1) as f64 * share).round() as usize];
    let (this, other) = rates(units.iter());
    Some(Difference {
        domain: None,
        condition: None,
        flag: None,
        figure: "",
        units: units.len(),
        this,
        other,
        difference: this - other,
        low: at(0.025),
        high: at(0.975),
    })
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to draw with.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to, not including, `n`; `n` must not be 0.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(id: &str, text: &str, domain: &str, errors: usize) -> ClipScore {
        let wer = WordErrors {
            substitutions: errors,
            reference: 100,
            ..WordErrors::default()
        };
        ClipScore {
            id: id.into(),
            domain: domain.into(),
            condition: "clean".into(),
            kind: "tts".into(),
            duration_s: 1.0,
            error: None,
            wall_s: None,
            elapsed_s: None,
            peak_memory_bytes: None,
            dictations: vec![DictationScore {
                text_id: text.into(),
                raw: wer,
                transcript: wer,
                raw_sentences: vec![wer],
                transcript_sentences: vec![wer],
                words_on_silence: None,
                terms: 0,
                terms_missed: Vec::new(),
                report: None,
                flags: None,
            }],
        }
    }

    fn clips(errors: impl Fn(usize) -> usize) -> Vec<ClipScore> {
        (0..40)
            .map(|n| clip(&n.to_string(), &n.to_string(), "general", errors(n)))
            .collect()
    }

    #[test]
    fn a_result_does_not_differ_from_itself() {
        let all = clips(|n| n % 7);
        let d = &compare(&all, &all)[0];
        assert_eq!((d.difference, d.low, d.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn an_even_gain_is_certain_and_an_uneven_one_is_not() {
        let other = clips(|_| 20);
        let d = &compare(&clips(|_| 15), &other)[0];
        assert_eq!((d.figure, d.this, d.other), ("WER", 15.0, 20.0));
        assert_eq!((d.difference, d.low, d.high), (-5.0, -5.0, -5.0));
        // Ten points better on one half of the texts, nine worse on the other.
        let d = &compare(&clips(|n| if n % 2 == 0 { 10 } else { 29 }), &other)[0];
        assert!((d.difference + 0.5).abs() < 1e-9);
        assert!(d.low < -2.0 && d.high > 2.0, "{d:?}");
    }

    #[test]
    fn twins_of_one_text_are_drawn_together() {
        let this = [clip("a", "t", "general", 1), clip("b", "t", "general", 9)];
        let other = [clip("a", "t", "general", 2), clip("b", "t", "general", 2)];
        let d = &compare(&this, &other)[0];
        assert_eq!((d.units, d.low, d.high), (1, 3.0, 3.0));
    }

    #[test]
    fn clips_of_one_side_only_are_left_out_and_domains_kept_apart() {
        let this = [
            clip("a", "a", "x", 1),
            clip("b", "b", "y", 3),
            clip("c", "c", "y", 50),
        ];
        let other = [clip("b", "b", "y", 4), clip("a", "a", "x", 1)];
        let wer: Vec<(Option<String>, f64)> = compare(&this, &other)
            .into_iter()
            .filter(|d| d.figure == "WER")
            .map(|d| (d.domain, d.difference))
            .collect();
        assert_eq!(
            wer,
            [
                (Some("x".into()), 0.0),
                (Some("y".into()), -1.0),
                (None, -0.5)
            ]
        );
    }

    #[test]
    fn sentences_are_drawn_and_not_texts() {
        let of = |errors: [usize; 4]| {
            let mut clip = clip("a", "t", "general", 0);
            clip.dictations[0].raw_sentences = errors
                .map(|deletions| WordErrors {
                    deletions,
                    reference: 10,
                    ..WordErrors::default()
                })
                .to_vec();
            [clip]
        };
        let differences = compare(&of([4, 0, 2, 0]), &of([0, 0, 0, 4]));
        let d = differences.iter().find(|d| d.figure == "WER raw").unwrap();
        assert_eq!((d.units, d.this, d.other), (4, 15.0, 10.0));
        assert!(d.low < 0.0 && d.high > 10.0, "{d:?}");
    }

    #[test]
    fn conditions_are_kept_apart_within_a_domain_and_over_all() {
        let mut this = [
            clip("a", "a", "x", 6),
            clip("b", "b", "x", 4),
            clip("c", "c", "y", 8),
        ];
        this[1].condition = "babble".into();
        let mut other = this.clone();
        other[0] = clip("a", "a", "x", 5);
        other[2] = clip("c", "c", "y", 5);
        let rows: Vec<_> = compare(&this, &other)
            .into_iter()
            .filter(|d| d.figure == "WER")
            .map(|d| (d.domain, d.condition, (d.difference * 10.0).round(), d.flag))
            .collect();
        let some = |s: &str| Some(s.to_owned());
        let more = Some("worse by more than 1.5 points");
        assert_eq!(
            rows,
            [
                (some("x"), some("clean"), 10.0, Some("worse")),
                (some("x"), some("babble"), 0.0, None),
                (some("x"), None, 5.0, None),
                (some("y"), some("clean"), 30.0, more),
                (None, some("clean"), 20.0, more),
                (None, some("babble"), 0.0, None),
                (None, None, 13.0, None),
            ]
        );
    }
}
