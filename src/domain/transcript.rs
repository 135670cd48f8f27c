//! What the engine heard, and the edits that lead from there to the corrected transcript.
//!
//! The raw words never change. A correction is an [`Edit`] over a half-open span of raw words; the corrected text is
//! derived, so that each edit can be shown and undone.

use serde::{Deserialize, Serialize};

/// A word as heard: text without surrounding white space, times in seconds of its take's recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The written form that the engine gave, with attached punctuation ("mg,").
    pub text: String,
    /// Start, seconds from the beginning of the take.
    pub start_s: f64,
    /// End, seconds; never before `start_s`.
    pub end_s: f64,
    /// Lowest token probability of the word, 0 to 1.
    pub probability: f32,
    /// Which take of the dictation, counted from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub take: u16,
}

fn is_zero(take: &u16) -> bool {
    *take == 0
}

/// Where an edit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditState {
    /// In force.
    Applied,
    /// A person took it back; the raw words stand.
    Undone,
}

/// A replacement of raw words `word_from..word_to` by `after`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Number within the transcript, from 1.
    pub id: u32,
    /// First raw word that is replaced.
    pub word_from: usize,
    /// One past the last raw word that is replaced.
    pub word_to: usize,
    /// The raw words as heard, joined by spaces.
    pub before: String,
    /// What stands there now.
    pub after: String,
    /// The rule that made it, for example `dictionary.sound`.
    pub rule: String,
    /// Evidence in nats or points of the rule, where the rule has one.
    pub score: Option<f32>,
    /// Whether it is in force.
    pub state: EditState,
}

/// A word of the corrected transcript, and the raw words it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectedWord {
    /// Text, with attached punctuation.
    pub text: String,
    /// First raw word it came from.
    pub word_from: usize,
    /// One past the last raw word it came from.
    pub word_to: usize,
}

/// Applies the edits in force to the raw words.
///
/// Edits outside the words, or overlapping an earlier one, are left out: what was heard wins over a broken edit.
/// The replacement is split at white space; each of its words carries the whole span of the edit.
pub fn corrected(words: &[Word], edits: &[Edit]) -> Vec<CorrectedWord> {
    let mut live: Vec<&Edit> = edits
        .iter()
        .filter(|e| {
            e.state == EditState::Applied && e.word_from < e.word_to && e.word_to <= words.len()
        })
        .collect();
    live.sort_by_key(|e| (e.word_from, e.word_to));
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    for edit in live {
        if edit.word_from < at {
            continue;
        }
        out.extend(untouched(words, at, edit.word_from));
        out.extend(edit.after.split_whitespace().map(|text| CorrectedWord {
            text: text.to_owned(),
            word_from: edit.word_from,
            word_to: edit.word_to,
        }));
        at = edit.word_to;
    }
    out.extend(untouched(words, at, words.len()));
    out
}

fn untouched(words: &[Word], from: usize, to: usize) -> impl Iterator<Item = CorrectedWord> + '_ {
    (from..to).map(|i| CorrectedWord {
        text: words[i].text.clone(),
        word_from: i,
        word_to: i + 1,
    })
}

/// Words joined by single spaces.
pub fn join<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for text in texts {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(text);
    }
    out
}

/// A stretch of a recording in seconds, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Start, seconds.
    pub start_s: f64,
    /// End, seconds.
    pub end_s: f64,
}

impl Stretch {
    /// Length in seconds, never negative.
    pub fn length_s(&self) -> f64 {
        (self.end_s - self.start_s).max(0.0)
    }
}

/// How much of the detected speech became words.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Seconds that the detector calls speech.
    pub speech_s: f64,
    /// Of those, the seconds that words account for.
    pub covered_s: f64,
    /// Speech without words, each one a finding too.
    pub gaps: Vec<Stretch>,
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn edit(from: usize, to: usize, after: &str, state: EditState) -> Edit {
        Edit {
            id: 1,
            word_from: from,
            word_to: to,
            before: String::new(),
            after: after.into(),
            rule: "test".into(),
            score: None,
            state,
        }
    }

    fn text(words: &[CorrectedWord]) -> String {
        join(words.iter().map(|w| w.text.as_str()))
    }

    #[test]
    fn an_edit_replaces_its_span_and_keeps_where_it_came_from() {
        let raw = words("on a pixel of 5 mg");
        let out = corrected(&raw, &[edit(1, 4, "apixaban", EditState::Applied)]);
        assert_eq!(text(&out), "on apixaban 5 mg");
        assert_eq!((out[1].word_from, out[1].word_to), (1, 4));
        assert_eq!((out[2].word_from, out[2].word_to), (4, 5));
    }

    #[test]
    fn an_undone_edit_shows_what_was_heard() {
        let raw = words("on a pixel of 5 mg");
        let out = corrected(&raw, &[edit(1, 4, "apixaban", EditState::Undone)]);
        assert_eq!(text(&out), "on a pixel of 5 mg");
    }

    #[test]
    fn broken_edits_lose_no_word() {
        let raw = words("a b c");
        let out = corrected(
            &raw,
            &[
                edit(0, 2, "x", EditState::Applied),
                edit(1, 3, "y", EditState::Applied),
                edit(2, 9, "z", EditState::Applied),
            ],
        );
        assert_eq!(text(&out), "x c");
    }
}
