//! Two results on the same clips: the difference of a rate, with a 95 % interval by a paired bootstrap (Efron 1979;
//! for word errors Bisani and Ney 2004).
//!
//! What is drawn is a text, not a clip: the degraded twins of a dictation, and its place in a long recording, go wrong
//! together, and drawing them one by one would make the interval too narrow.

use crate::eval::score::{ClipScore, DictationScore, distinct};
use serde::Serialize;
use std::collections::BTreeMap;

/// Draws of the bootstrap.
const DRAWS: usize = 10_000;

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
    /// Which rate.
    pub figure: &'static str,
    /// Texts that were drawn from.
    pub texts: usize,
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
}

/// A part and the whole it is taken of.
type Count = fn(&DictationScore) -> (usize, usize);

const FIGURES: [(&str, Count); 4] = [
    ("WER", |d| (d.transcript.errors(), d.transcript.reference)),
    ("WER raw", |d| (d.raw.errors(), d.raw.reference)),
    ("terms missed", |d| (d.terms_missed.len(), d.terms)),
    ("report errors", |d| {
        d.report
            .map_or((0, 0), |r| (r.words.errors(), r.words.reference))
    }),
];

/// Compares clip by clip, per domain and in all. Clips that only one side has are left out.
pub fn compare(this: &[ClipScore], other: &[ClipScore]) -> Vec<Difference> {
    let pairs: Vec<(&ClipScore, &ClipScore)> = this
        .iter()
        .filter_map(|a| Some((a, other.iter().find(|b| b.id == a.id)?)))
        .collect();
    let mut domains: Vec<Option<&str>> = distinct(pairs.iter().map(|(a, _)| a.domain.as_str()))
        .into_iter()
        .map(Some)
        .collect();
    if domains.len() > 1 {
        domains.push(None);
    }
    let mut out = Vec::new();
    for domain in domains {
        for (figure, count) in FIGURES {
            let mut texts: BTreeMap<&str, Pair> = BTreeMap::new();
            for (a, b) in &pairs {
                if domain.is_some_and(|d| d != a.domain) {
                    continue;
                }
                for (x, y) in a.dictations.iter().zip(&b.dictations) {
                    let pair = texts.entry(x.text_id.as_str()).or_default();
                    add(&mut pair.this, count(x));
                    add(&mut pair.other, count(y));
                }
            }
            let texts: Vec<Pair> = texts.into_values().filter(|p| p.this.1 > 0).collect();
            if let Some(difference) = bootstrap(&texts) {
                out.push(Difference {
                    domain: domain.map(String::from),
                    figure,
                    ..difference
                });
            }
        }
    }
    out
}

fn add(sum: &mut (usize, usize), more: (usize, usize)) {
    sum.0 += more.0;
    sum.1 += more.1;
}

fn rates<'a>(texts: impl Iterator<Item = &'a Pair>) -> (f64, f64) {
    let (mut this, mut other) = ((0, 0), (0, 0));
    for pair in texts {
        add(&mut this, pair.this);
        add(&mut other, pair.other);
    }
    let rate = |(part, whole): (usize, usize)| 100.0 * part as f64 / whole.max(1) as f64;
    (rate(this), rate(other))
}

fn bootstrap(texts: &[Pair]) -> Option<Difference> {
    if texts.is_empty() {
        return None;
    }
    // A fixed seed: the same results give the same interval.
    let mut random = SplitMix(0x05_1e_12);
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let draw: Vec<&Pair> = (0..texts.len())
                .map(|_| &texts[random.below(texts.len())])
                .collect();
            let (this, other) = rates(draw.into_iter());
            this - other
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let at = |share: f64| differences[((DRAWS - 1) as f64 * share).round() as usize];
    let (this, other) = rates(texts.iter());
    Some(Difference {
        domain: None,
        figure: "",
        texts: texts.len(),
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
    use crate::eval::wer::WordErrors;

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
                words_on_silence: None,
                terms: 0,
                terms_missed: Vec::new(),
                report: None,
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
        assert_eq!((d.texts, d.low, d.high), (1, 3.0, 3.0));
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
}
