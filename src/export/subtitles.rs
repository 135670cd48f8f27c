//! SubRip and WebVTT: the transcript in short cues on word times.

use crate::domain::transcript::{CorrectedWord, Word};
use std::fmt::Write;

/// Longest cue in seconds and in characters; the usual limits of two lines of 42.
const LONGEST_S: f64 = 7.0;
const LONGEST_CHARS: usize = 84;

/// A pause in seconds that ends a cue.
const PAUSE_S: f64 = 0.8;

struct Cue {
    start_s: f64,
    end_s: f64,
    text: String,
}

fn cues(words: &[Word], corrected: &[CorrectedWord]) -> Vec<Cue> {
    let mut out: Vec<Cue> = Vec::new();
    for word in corrected {
        let span = words.get(word.word_from..word.word_to).unwrap_or_default();
        let (Some(first), Some(last)) = (span.first(), span.last()) else {
            continue;
        };
        match out.last_mut() {
            Some(cue)
                if first.start_s - cue.end_s < PAUSE_S
                    && last.end_s - cue.start_s <= LONGEST_S
                    && cue.text.chars().count() + word.text.chars().count() < LONGEST_CHARS =>
            {
                cue.text.push(' ');
                cue.text.push_str(&word.text);
                cue.end_s = cue.end_s.max(last.end_s);
            }
            _ => out.push(Cue {
                start_s: first.start_s,
                end_s: last.end_s,
                text: word.text.clone(),
            }),
        }
    }
    out
}

fn time(seconds: f64, decimal: char) -> String {
    let ms = (seconds.max(0.0) * 1000.0).round() as u64;
    format!(
        "{:02}:{:02}:{:02}{decimal}{:03}",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

/// SubRip (`.srt`).
pub fn srt(words: &[Word], corrected: &[CorrectedWord]) -> String {
    let mut out = String::new();
    for (i, cue) in cues(words, corrected).iter().enumerate() {
        let (start, end) = (time(cue.start_s, ','), time(cue.end_s, ','));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}\n{start} --> {end}\n{}\n", i + 1, cue.text);
    }
    out
}

/// WebVTT (`.vtt`). The arrow and the markup characters are escaped as the format asks.
pub fn vtt(words: &[Word], corrected: &[CorrectedWord]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for cue in cues(words, corrected) {
        let (start, end) = (time(cue.start_s, '.'), time(cue.end_s, '.'));
        let text = cue
            .text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = writeln!(out, "{start} --> {end}\n{text}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transcript::corrected;

    fn words(times: &[(&str, f64, f64)]) -> Vec<Word> {
        times
            .iter()
            .map(|&(text, start_s, end_s)| Word {
                text: text.into(),
                start_s,
                end_s,
                probability: 1.0,
                take: 0,
            })
            .collect()
    }

    #[test]
    fn a_pause_starts_a_new_cue() {
        let words = words(&[("No", 0.5, 0.7), ("fever.", 0.7, 1.25), ("Next", 3.0, 3.4)]);
        assert_eq!(
            srt(&words, &corrected(&words, &[])),
            "1\n00:00:00,500 --> 00:00:01,250\nNo fever.\n\n2\n00:00:03,000 --> 00:00:03,400\nNext\n\n"
        );
    }

    #[test]
    fn times_go_beyond_an_hour_and_markup_is_escaped() {
        let words = words(&[("<b>&", 3723.004, 3724.0)]);
        assert_eq!(
            vtt(&words, &corrected(&words, &[])),
            "WEBVTT\n\n01:02:03.004 --> 01:02:04.000\n&lt;b&gt;&amp;\n\n"
        );
    }

    #[test]
    fn no_cue_is_too_long() {
        let many: Vec<Word> = (0..200)
            .map(|i| Word {
                text: "cholecystectomy".into(),
                start_s: i as f64 * 0.5,
                end_s: i as f64 * 0.5 + 0.5,
                probability: 1.0,
                take: 0,
            })
            .collect();
        for cue in cues(&many, &corrected(&many, &[])) {
            assert!(cue.end_s - cue.start_s <= LONGEST_S && cue.text.len() <= LONGEST_CHARS);
        }
    }
}
