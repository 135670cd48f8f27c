//! Two sequences side by side at the least number of substitutions, deletions and insertions (Levenshtein 1966).
//!
//! A backtrace table has one byte per pair; above [`TABLE_LIMIT`] pairs the problem is halved (Hirschberg 1975), which
//! doubles the time and keeps memory linear: an hour of speech is about 10,000 words against 10,000.

use std::collections::HashMap;
use std::hash::Hash;

/// One step of an alignment; positions in both sequences follow from counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The same on both sides.
    Match,
    /// Something else stands in its place.
    Substitute,
    /// Only the reference has it.
    Delete,
    /// Only the hypothesis has it.
    Insert,
}

/// Pairs for which a backtrace table is held: 16 MB.
const TABLE_LIMIT: usize = 16 << 20;

/// The least number of edits that turn `reference` into `hypothesis`. Time is their product, memory linear.
pub fn distance<T: Eq + Hash>(reference: &[T], hypothesis: &[T]) -> usize {
    let (a, b) = intern(reference, hypothesis);
    last_row(&a, &b).last().copied().unwrap_or(0) as usize
}

/// An alignment with the least number of edits; among those, one that pairs rather than skips.
pub fn align<T: Eq + Hash>(reference: &[T], hypothesis: &[T]) -> Vec<Step> {
    align_within(reference, hypothesis, TABLE_LIMIT)
}

fn align_within<T: Eq + Hash>(reference: &[T], hypothesis: &[T], limit: usize) -> Vec<Step> {
    let (a, b) = intern(reference, hypothesis);
    let mut steps = Vec::with_capacity(a.len().max(b.len()));
    halve(&a, &b, limit, &mut steps);
    steps
}

/// Numbers for values, so that comparing costs one instruction.
fn intern<'a, T: Eq + Hash>(a: &'a [T], b: &'a [T]) -> (Vec<u32>, Vec<u32>) {
    let mut numbers: HashMap<&'a T, u32> = HashMap::new();
    let mut number = |value: &'a T| {
        let next = numbers.len() as u32;
        *numbers.entry(value).or_insert(next)
    };
    let a = a.iter().map(&mut number).collect();
    let b = b.iter().map(&mut number).collect();
    (a, b)
}

fn halve(a: &[u32], b: &[u32], limit: usize, steps: &mut Vec<Step>) {
    if a.is_empty() || b.is_empty() {
        steps.extend(std::iter::repeat_n(Step::Delete, a.len()));
        steps.extend(std::iter::repeat_n(Step::Insert, b.len()));
        return;
    }
    // One row always fits: its table is no larger than the input.
    if a.len() == 1 || (a.len() + 1).saturating_mul(b.len() + 1) <= limit {
        backtrace(a, b, steps);
        return;
    }
    let (head, tail) = a.split_at(a.len() / 2);
    let forward = last_row(head, b);
    let mut tail_back = tail.to_vec();
    tail_back.reverse();
    let mut b_back = b.to_vec();
    b_back.reverse();
    let mut backward = last_row(&tail_back, &b_back);
    backward.reverse();
    let cut = (0..=b.len())
        .min_by_key(|&j| forward[j] + backward[j])
        .unwrap_or(0);
    halve(head, &b[..cut], limit, steps);
    halve(tail, &b[cut..], limit, steps);
}

/// Costs of turning all of `a` into every prefix of `b`.
fn last_row(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i as u32 + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + u32::from(x != y))
                .min(row[j + 1] + 1)
                .min(row[j] + 1);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row
}

fn backtrace(a: &[u32], b: &[u32], steps: &mut Vec<Step>) {
    let width = b.len() + 1;
    let mut came = vec![Step::Insert; (a.len() + 1) * width];
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i as u32 + 1;
        came[(i + 1) * width] = Step::Delete;
        for (j, y) in b.iter().enumerate() {
            let (mut cost, mut step) = if x == y {
                (diagonal, Step::Match)
            } else {
                (diagonal + 1, Step::Substitute)
            };
            if row[j + 1] + 1 < cost {
                (cost, step) = (row[j + 1] + 1, Step::Delete);
            }
            if row[j] + 1 < cost {
                (cost, step) = (row[j] + 1, Step::Insert);
            }
            diagonal = row[j + 1];
            row[j + 1] = cost;
            came[(i + 1) * width + j + 1] = step;
        }
    }
    let from = steps.len();
    let (mut i, mut j) = (a.len(), b.len());
    while i > 0 || j > 0 {
        let step = came[i * width + j];
        steps.push(step);
        if step != Step::Insert {
            i -= 1;
        }
        if step != Step::Delete {
            j -= 1;
        }
    }
    steps[from..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    fn edits(steps: &[Step]) -> usize {
        steps.iter().filter(|s| **s != Step::Match).count()
    }

    /// Follows the steps and checks each claim.
    fn check_path(a: &[u8], b: &[u8], steps: &[Step]) {
        let (mut i, mut j) = (0, 0);
        for step in steps {
            match step {
                Step::Match => assert_eq!(a[i], b[j]),
                Step::Substitute => assert_ne!(a[i], b[j]),
                _ => {}
            }
            i += usize::from(*step != Step::Insert);
            j += usize::from(*step != Step::Delete);
        }
        assert_eq!((i, j), (a.len(), b.len()));
    }

    #[test]
    fn distances_by_hand() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a b c", "a b c", 0),
            ("a b c", "", 3),
            ("", "a b", 2),
            ("a b c", "a x c", 1),
            ("a b c", "a c", 1),
            ("a c", "a b c", 1),
            ("on apixaban five mg", "on a pixel of five mg", 3),
            ("a b c d", "b c d a", 2),
        ] {
            assert_eq!(distance(&words(a), &words(b)), expected, "{a} | {b}");
        }
    }

    #[test]
    fn a_misheard_word_is_paired_with_what_stands_there() {
        let steps = align(&words("on apixaban daily"), &words("on epixaban daily"));
        assert_eq!(steps, [Step::Match, Step::Substitute, Step::Match]);
    }

    #[test]
    fn an_hour_of_words_needs_no_table() {
        let a: Vec<u32> = (0..5_000).map(|i| i % 700).collect();
        let mut b = a.clone();
        b.remove(4_000);
        b[100] = 9_999;
        b.insert(2_500, 9_999);
        let steps = align(&a, &b);
        assert_eq!(edits(&steps), 3);
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(a in proptest::collection::vec(0u8..5, 0..40)) {
            prop_assert_eq!(distance(&a, &a), 0);
        }

        #[test]
        fn distance_is_symmetric_and_bounded(
            a in proptest::collection::vec(0u8..5, 0..40),
            b in proptest::collection::vec(0u8..5, 0..40),
        ) {
            let d = distance(&a, &b);
            prop_assert_eq!(d, distance(&b, &a));
            prop_assert!(d <= a.len().max(b.len()));
            prop_assert!(d >= a.len().abs_diff(b.len()));
        }

        #[test]
        fn an_alignment_is_a_path_and_costs_the_distance(
            a in proptest::collection::vec(0u8..4, 0..40),
            b in proptest::collection::vec(0u8..4, 0..40),
            limit in prop_oneof![Just(0usize), Just(60), Just(1 << 20)],
        ) {
            let steps = align_within(&a, &b, limit);
            check_path(&a, &b, &steps);
            prop_assert_eq!(edits(&steps), distance(&a, &b));
        }
    }
}
