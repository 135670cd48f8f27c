//! A long recording's text, cut into its dictations.
//!
//! With times, each part goes to the dictation in which it was said; the border lies in the middle of the pause, because
//! word times drift by tenths of a second. Without times, the text is aligned with everything that was said, and each
//! word goes where its partner belongs.

use crate::domain::align::{Step, align};
use crate::eval::hypothesis::{TimedText, word_starts};
use crate::eval::manifest::Dictation;

/// One text per dictation, in their order.
pub fn cut(text: &TimedText, dictations: &[Dictation]) -> Vec<String> {
    if dictations.len() < 2 {
        return vec![text.text.clone()];
    }
    let parts = if text.anchors.is_empty() {
        by_alignment(&text.text, dictations)
    } else {
        by_time(&text.anchors, dictations)
    };
    let mut out = vec![String::new(); dictations.len()];
    for (n, &(from, dictation)) in parts.iter().enumerate() {
        // What stands before the first part belongs to it; each part reaches to the next.
        let from = if n == 0 { 0 } else { from };
        let to = parts.get(n + 1).map_or(text.text.len(), |next| next.0);
        let target = &mut out[dictation];
        if !target.is_empty() && !target.ends_with(char::is_whitespace) {
            target.push(' ');
        }
        target.push_str(&text.text[from..to]);
    }
    out
}

/// Where parts begin, in bytes, and the dictation each belongs to.
fn by_time(anchors: &[(usize, f64)], dictations: &[Dictation]) -> Vec<(usize, usize)> {
    let borders: Vec<f64> = dictations
        .windows(2)
        .map(|pair| (pair[0].end_s + pair[1].start_s) / 2.0)
        .collect();
    anchors
        .iter()
        .map(|&(at, second)| (at, borders.partition_point(|border| *border <= second)))
        .collect()
}

fn by_alignment(text: &str, dictations: &[Dictation]) -> Vec<(usize, usize)> {
    let mut reference = Vec::new();
    let mut belongs = Vec::new();
    for (n, dictation) in dictations.iter().enumerate() {
        for word in dictation.verbatim.split_whitespace() {
            reference.push(key(word));
            belongs.push(n);
        }
    }
    let starts = word_starts(text);
    let words: Vec<String> = text.split_whitespace().map(key).collect();
    let (mut i, mut j) = (0, 0);
    let mut out: Vec<(usize, usize)> = Vec::with_capacity(words.len());
    let mut current = 0;
    for step in align(&reference, &words) {
        if matches!(step, Step::Match | Step::Substitute) {
            current = belongs[i];
        }
        if step != Step::Delete {
            out.push((starts[j], current));
            j += 1;
        }
        if step != Step::Insert {
            i += 1;
        }
    }
    out
}

fn key(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictation(start_s: f64, end_s: f64, verbatim: &str) -> Dictation {
        Dictation {
            text_id: "t".into(),
            start_s,
            end_s,
            verbatim: verbatim.into(),
            report: None,
            terms: Vec::new(),
        }
    }

    fn two() -> [Dictation; 2] {
        [
            dictation(0.0, 10.0, "stop aspirin today period"),
            dictation(14.0, 20.0, "start heparin now period"),
        ]
    }

    fn timed(text: &str, anchors: &[(usize, f64)]) -> TimedText {
        TimedText {
            text: text.into(),
            anchors: anchors.to_vec(),
        }
    }

    #[test]
    fn the_border_lies_in_the_middle_of_the_pause() {
        let text = timed("a b c d", &[(0, 1.0), (2, 11.9), (4, 12.0), (6, 19.0)]);
        assert_eq!(cut(&text, &two()), ["a b ", "c d"]);
    }

    #[test]
    fn a_correction_spoken_later_goes_where_it_was_said() {
        let text = timed("a X b c", &[(0, 1.0), (2, 15.0), (4, 2.0), (6, 16.0)]);
        assert_eq!(cut(&text, &two()), ["a b ", "X c"]);
    }

    #[test]
    fn a_single_dictation_keeps_everything() {
        let text = timed(" a b", &[(3, 99.0)]);
        assert_eq!(cut(&text, &two()[..1]), [" a b"]);
    }

    #[test]
    fn without_times_the_words_find_their_place() {
        let text = timed("Stop aspirin to day.\n\nStart heaping now.", &[]);
        assert_eq!(
            cut(&text, &two()),
            ["Stop aspirin to day.\n\n", "Start heaping now."]
        );
    }

    #[test]
    fn nothing_is_lost_where_one_dictation_was_not_heard() {
        let text = timed("start heparin now", &[]);
        assert_eq!(cut(&text, &two()), ["", "start heparin now"]);
        assert_eq!(cut(&timed("", &[]), &two()), ["", ""]);
    }
}
