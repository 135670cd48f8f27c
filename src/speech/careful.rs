//! Hears a chunk, looks at the result with suspicion, and hears it again in another way where it looks wrong.
//!
//! The engine can lose the end of a piece, run in a loop, or write words over silence. Each leaves evidence: speech
//! without words, the same words over and over, a low probability. A chunk with such evidence is cut in two and heard
//! again; the better result is kept, and what doubt remains becomes a finding.

use super::engine::{Cancel, HearOptions, Heard, Piece, Session, SpeechError};
use crate::audio::chunk::Chunk;
use crate::domain::transcript::{Stretch, Word};

/// Widest distance in seconds between a word and the speech that it accounts for: word times are this rough.
const REACH_S: f64 = 0.4;

/// How long after the last speech, in seconds, a word has to begin to be a phantom; a piece ends 0.32 s after it.
const PHANTOM_S: f64 = 0.2;

/// Shortest stretch of speech in seconds whose lack of words is worth a finding.
const GAP_S: f64 = 0.9;

/// Mean log probability of the tokens under which a piece is heard again.
const DOUBTFUL_LOG_PROBABILITY: f32 = -0.8;

/// How often a chunk may be cut in two.
const DEEPEST: u32 = 2;

/// What was heard in a chunk, in seconds of the recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Passage {
    /// The words.
    pub words: Vec<Word>,
    /// Mean log probability of the tokens.
    pub log_probability: f32,
    /// Words over stretches where nobody speaks; they are not among `words`.
    pub phantoms: Vec<Word>,
    /// Whether the words go round in a loop.
    pub repeats: bool,
    /// Whether there are too few words for the seconds of speech.
    pub sparse: bool,
    /// Tries beyond the first.
    pub retries: u32,
}

/// Hears one chunk, with second tries where the first looks wrong.
pub fn hear(
    session: &mut dyn Session,
    chunk: &Chunk,
    prompt: &str,
    options: &HearOptions,
    cancel: &Cancel,
) -> Result<Passage, SpeechError> {
    hear_at_depth(session, chunk, prompt, options, cancel, 0)
}

/// Hears one chunk without a second try: for sound that will be heard again anyway.
pub fn hear_once(
    session: &mut dyn Session,
    chunk: &Chunk,
    prompt: &str,
    options: &HearOptions,
    cancel: &Cancel,
) -> Result<Passage, SpeechError> {
    let heard = session.hear(&Piece {
        pcm: &chunk.pcm,
        offset_s: 0.0,
        prompt,
        options,
        cancel,
    })?;
    Ok(passage(heard, chunk))
}

fn hear_at_depth(
    session: &mut dyn Session,
    chunk: &Chunk,
    prompt: &str,
    options: &HearOptions,
    cancel: &Cancel,
    depth: u32,
) -> Result<Passage, SpeechError> {
    let mut best = hear_once(session, chunk, prompt, options, cancel)?;
    if !suspicious(&best, chunk) || depth >= DEEPEST {
        return Ok(best);
    }
    let other = match chunk.split() {
        Some((left, right)) => {
            let left = hear_at_depth(session, &left, prompt, options, cancel, depth + 1)?;
            let right = hear_at_depth(session, &right, prompt, options, cancel, depth + 1)?;
            joined(left, right)
        }
        None => {
            let wider = HearOptions {
                beam: 5,
                audio_ctx: Some(1500),
                ..options.clone()
            };
            let mut again = hear_once(session, chunk, "", &wider, cancel)?;
            again.retries = 1;
            again
        }
    };
    let retries = best.retries + other.retries.max(1);
    tracing::debug!(
        at_s = chunk.clock.recording_s(0.0),
        length_s = chunk.length_s(),
        depth,
        words = best.words.len(),
        uncovered_s = uncovered_s(&best.words, &chunk.speech),
        repeats = best.repeats,
        log_probability = best.log_probability,
        merit = merit(&best, chunk),
        other_words = other.words.len(),
        other_uncovered_s = uncovered_s(&other.words, &chunk.speech),
        other_merit = merit(&other, chunk),
        "heard again"
    );
    if merit(&other, chunk) > merit(&best, chunk) {
        best = other;
    }
    best.retries = retries;
    Ok(best)
}

/// Leads the times back to the recording and takes out what was written over silence.
fn passage(heard: Heard, chunk: &Chunk) -> Passage {
    let log_probability = heard.mean_log_probability();
    let mut words = heard.words;
    for word in &mut words {
        word.start_s = chunk.clock.recording_s(word.start_s);
        word.end_s = chunk.clock.recording_end_s(word.end_s).max(word.start_s);
    }
    fit(&mut words, &chunk.speech);
    let repeats = in_a_loop(&words);
    let mut phantoms = Vec::new();
    // Phantoms come at the end of a piece, after the last speech; elsewhere a word's rough time proves nothing.
    if let Some(last) = chunk.speech.last() {
        let keep = words
            .iter()
            .rposition(|w| w.start_s < last.end_s + PHANTOM_S)
            .map_or(0, |i| i + 1);
        phantoms = words.split_off(keep);
    }
    let sparse = too_few_words(&words, chunk.speech_s());
    Passage {
        words,
        log_probability,
        phantoms,
        repeats,
        sparse,
        retries: 0,
    }
}

/// Silence in seconds that parts two utterances.
const PAUSE_S: f64 = 0.25;

/// How far in seconds the first and the last word of an utterance are drawn to its edges.
const DRAW_S: f64 = 0.8;

/// Fits rough word times to the detector's utterances: a word lies in the utterance that it overlaps most, the first one
/// begins and the last one ends with it, none reaches into the silence between them.
fn fit(words: &mut [Word], speech: &[Stretch]) {
    let mut utterances: Vec<Stretch> = Vec::new();
    for stretch in speech {
        match utterances.last_mut() {
            Some(last) if stretch.start_s - last.end_s < PAUSE_S => last.end_s = stretch.end_s,
            _ => utterances.push(*stretch),
        }
    }
    let mut at = 0;
    let mut from = 0;
    while from < words.len() && at < utterances.len() {
        // Words come in order, so that none belongs to an earlier utterance than the one before it.
        while at + 1 < utterances.len()
            && overlap_s(&words[from], &utterances[at + 1])
                > overlap_s(&words[from], &utterances[at])
        {
            at += 1;
        }
        let utterance = utterances[at];
        let next = utterances.get(at + 1);
        let count = words[from..]
            .iter()
            .position(|w| next.is_some_and(|n| overlap_s(w, n) > overlap_s(w, &utterance)))
            .unwrap_or(words.len() - from)
            .max(1);
        place(&mut words[from..from + count], utterance);
        from += count;
    }
}

/// How long a word lies in an utterance; beside it, the distance, negative.
fn overlap_s(word: &Word, utterance: &Stretch) -> f64 {
    word.end_s.min(utterance.end_s) - word.start_s.max(utterance.start_s)
}

fn place(words: &mut [Word], utterance: Stretch) {
    if let Some(first) = words.first_mut()
        && (first.start_s - utterance.start_s).abs() < DRAW_S
    {
        first.start_s = utterance.start_s;
    }
    if let Some(last) = words.last_mut()
        && (last.end_s - utterance.end_s).abs() < DRAW_S
    {
        last.end_s = utterance.end_s;
    }
    for word in words {
        // A word that lies wholly outside was written over silence; its times are the evidence for that.
        if overlap_s(word, &utterance) > 0.0 {
            word.start_s = word.start_s.max(utterance.start_s);
            word.end_s = word.end_s.min(utterance.end_s);
        }
        word.end_s = word.end_s.max(word.start_s);
    }
}

fn joined(mut left: Passage, right: Passage) -> Passage {
    let (l, r) = (left.words.len() as f32, right.words.len() as f32);
    if l + r > 0.0 {
        left.log_probability = (left.log_probability * l + right.log_probability * r) / (l + r);
    }
    left.words.extend(right.words);
    left.phantoms.extend(right.phantoms);
    left.repeats |= right.repeats;
    left.sparse |= right.sparse;
    left.retries += right.retries + 1;
    left
}

fn suspicious(passage: &Passage, chunk: &Chunk) -> bool {
    passage.repeats
        || uncovered_s(&passage.words, &chunk.speech) > 0.0
        || passage.log_probability < DOUBTFUL_LOG_PROBABILITY
        || passage.sparse
}

/// Fewer than one word in two seconds of speech: the slowest dictation with pauses taken out has more.
fn too_few_words(words: &[Word], speech_s: f64) -> bool {
    speech_s > 3.0 && (words.len() as f64) < speech_s * 0.5
}

/// Higher is better: speech that has words, no loop, then probability.
fn merit(passage: &Passage, chunk: &Chunk) -> f64 {
    let speech_s = chunk.speech_s().max(0.1);
    let covered = 1.0 - uncovered_s(&passage.words, &chunk.speech) / speech_s;
    let looped = if passage.repeats { 1.0 } else { 0.0 };
    let sparse = if too_few_words(&passage.words, speech_s) {
        0.5
    } else {
        0.0
    };
    2.0 * covered - looped - sparse + f64::from(passage.log_probability.max(-2.0)) * 0.5
}

/// Whether the words go round: a run of 2 to 12 words three times in a row, one word six times, or hardly any three
/// words that do not come again.
fn in_a_loop(words: &[Word]) -> bool {
    let plain: Vec<String> = words
        .iter()
        .map(|w| {
            w.text
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        })
        .collect();
    let round = |n: usize, times: usize| {
        plain.windows(n * times).any(|run| {
            run.chunks(n)
                .skip(1)
                .all(|turn| turn == &run[..n] && turn.iter().any(|w| !w.is_empty()))
        })
    };
    if round(1, 6) || (2..=12).any(|n| round(n, 3)) {
        return true;
    }
    let threes: Vec<&[String]> = plain.windows(3).collect();
    let distinct: std::collections::HashSet<&&[String]> = threes.iter().collect();
    threes.len() >= 20 && distinct.len() * 2 < threes.len()
}

/// Stretches of speech of at least [`GAP_S`] for which there is no word within [`REACH_S`].
pub fn gaps(words: &[Word], speech: &[Stretch]) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut at = 0;
    for stretch in speech {
        let mut from = stretch.start_s;
        // Words come in order, but a word may reach into several stretches.
        while at < words.len() && words[at].end_s + REACH_S < stretch.start_s {
            at += 1;
        }
        for word in &words[at..] {
            if word.start_s - REACH_S > stretch.end_s {
                break;
            }
            // A word that seems to last long hides what was lost before it: only as much counts as its letters take.
            let start_s = word.start_s.max(word.end_s - longest_s(&word.text));
            if start_s - REACH_S - from >= GAP_S {
                out.push(Stretch {
                    start_s: from,
                    end_s: start_s - REACH_S,
                });
            }
            from = from.max(word.end_s + REACH_S);
        }
        if stretch.end_s - from >= GAP_S {
            out.push(Stretch {
                start_s: from,
                end_s: stretch.end_s,
            });
        }
    }
    out
}

/// Longest time in seconds that a slow speaker takes for a word; figures are longer than they look.
fn longest_s(text: &str) -> f64 {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    0.7 + 0.12 * letters as f64 + 0.4 * digits as f64
}

fn uncovered_s(words: &[Word], speech: &[Stretch]) -> f64 {
    gaps(words, speech).iter().map(Stretch::length_s).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, start_s: f64, end_s: f64) -> Word {
        Word {
            text: text.into(),
            start_s,
            end_s,
            probability: 0.9,
            take: 0,
        }
    }

    fn spoken(text: &str) -> Vec<Word> {
        text.split_whitespace()
            .enumerate()
            .map(|(i, t)| word(t, i as f64 * 0.4, i as f64 * 0.4 + 0.35))
            .collect()
    }

    fn speech(stretches: &[(f64, f64)]) -> Vec<Stretch> {
        stretches
            .iter()
            .map(|&(start_s, end_s)| Stretch { start_s, end_s })
            .collect()
    }

    #[test]
    fn words_are_fitted_to_the_utterances_around_a_pause() {
        let mut words = vec![
            word("one", 0.0, 0.5),
            word("two", 0.5, 1.9),
            word("three", 1.7, 3.6),
            word("four", 3.6, 4.4),
        ];
        fit(
            &mut words,
            &speech(&[(0.2, 1.0), (1.1, 1.5), (3.0, 3.4), (3.5, 4.0)]),
        );
        let times: Vec<(f64, f64)> = words.iter().map(|w| (w.start_s, w.end_s)).collect();
        assert_eq!(times, [(0.2, 0.5), (0.5, 1.5), (3.0, 3.6), (3.6, 4.0)]);
    }

    #[test]
    fn words_far_behind_all_speech_stay_where_they_are() {
        let mut words = vec![word("one", 0.1, 0.9), word("thanks", 4.0, 4.5)];
        fit(&mut words, &speech(&[(0.0, 1.0)]));
        assert_eq!((words[1].start_s, words[1].end_s), (4.0, 4.5));
    }

    #[test]
    fn a_loop_is_a_phrase_three_times_in_a_row() {
        assert!(in_a_loop(&spoken(
            "Start by 10 mg per day, and start by 10 mg per day, and start by 10 mg per day, and"
        )));
        assert!(in_a_loop(&spoken("no no no no no no")));
    }

    #[test]
    fn lists_and_spoken_commas_are_no_loop() {
        for text in [
            "mood comma effect constricted comma thought process linear comma insight fair period",
            "no fever comma no chills comma no cough comma no rash comma no nausea comma no vomiting",
            "two two two",
            "5/5 in the right arm, 5/5 in the left arm, 5/5 in the right leg, 5/5 in the left leg",
        ] {
            assert!(!in_a_loop(&spoken(text)), "{text}");
        }
    }

    #[test]
    fn speech_behind_the_last_word_is_a_gap() {
        let words = vec![word("one", 0.2, 0.6), word("two", 0.7, 1.1)];
        let found = gaps(&words, &speech(&[(0.1, 1.2), (2.0, 5.0)]));
        assert_eq!(found, speech(&[(2.0, 5.0)]));
    }

    #[test]
    fn speech_between_two_words_is_a_gap_less_their_reach() {
        let words = vec![word("one", 0.0, 0.5), word("two", 6.0, 6.5)];
        let found = gaps(&words, &speech(&[(0.0, 6.5)]));
        assert_eq!(found.len(), 1);
        assert!((found[0].start_s - 0.9).abs() < 1e-9 && (found[0].end_s - 5.6).abs() < 1e-9);
    }

    #[test]
    fn a_word_that_seems_to_last_eight_seconds_hides_nothing() {
        let words = vec![word("No", 0.0, 0.4), word("fever.", 0.4, 8.4)];
        let found = gaps(&words, &speech(&[(0.0, 8.4)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].length_s() > 4.0, "{found:?}");
    }

    #[test]
    fn covered_speech_has_no_gap() {
        let words = spoken("the quick brown fox jumps");
        assert!(gaps(&words, &speech(&[(0.0, 1.9)])).is_empty());
        assert!(gaps(&words, &[]).is_empty());
    }

    #[test]
    fn no_words_at_all_is_one_gap_per_stretch() {
        assert_eq!(gaps(&[], &speech(&[(0.0, 2.0), (3.0, 3.2)])).len(), 1);
    }
}
