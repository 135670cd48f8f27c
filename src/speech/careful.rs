//! Hears a chunk, looks at the result with suspicion, and hears it again in another way where it looks wrong.
//!
//! The engine can lose the end of a piece, run in a loop, or write words over silence. Each leaves evidence: speech
//! without words, the same words over and over, the vocabulary prompt, a low probability. A chunk with such evidence is cut in two and heard
//! again; the better result is kept, and what doubt remains becomes a finding.

use super::engine::{Cancel, HearOptions, Heard, Piece, Session, SpeechError};
use crate::audio::chunk::{Chunk, utterances};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::transcript::{Stretch, Word};
use std::ops::Range;

/// Widest distance in seconds between a word and the speech that it accounts for: word times are this rough.
const REACH_S: f64 = 0.4;

/// How long after the last speech, in seconds, a word has to begin to be a phantom; a piece ends 0.32 s after it.
const PHANTOM_S: f64 = 0.2;

/// Shortest stretch of speech in seconds whose lack of words is worth a finding.
const GAP_S: f64 = 0.9;

/// Mean log probability of the tokens under which a piece is heard again.
const DOUBTFUL_LOG_PROBABILITY: f32 = -0.8;

/// Mean log probability of the tokens under which a few words are a guess: "You" over the beeps of a monitor had -3.3.
const GUESS_LOG_PROBABILITY: f32 = -2.0;

/// Encoder positions for a short piece that is heard again: twice the usual least. All 1500 would be the most memory that
/// a recording ever takes.
const WIDER: usize = 1024;

/// How often a chunk may be cut in two.
const DEEPEST: u32 = 2;

/// Words in a row that stand in the prompt in the same order from which they may be the prompt and not what was said.
const ECHO: usize = 4;

/// Likeness by letters, 0 to 1, from which two hearings are of the same words: "apixabanmetoprolol" and
/// "apixelbandmetaprol" have 0.7, two dictations with nothing in common 0.2.
const ALIKE: f64 = 0.5;

/// Shortest pause in seconds in which words are phantoms, and how far they have to be from the speech around it.
const SILENT_S: f64 = 1.0;
const AWAY_S: f64 = 0.1;

/// Loudest moment below a phantom in a pause against the speech of the chunk (-16 dB).
const SILENT_LEVEL: f32 = 0.15;

/// What was heard in a chunk, in seconds of the recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Passage {
    /// The words.
    pub words: Vec<Word>,
    /// Where the engine has each of them in what it heard.
    pub(super) places: Vec<Place>,
    /// Which of the hearings of the chunk was the last.
    pub(super) last_hearing: u32,
    /// Mean log probability of the tokens.
    pub log_probability: f32,
    /// Words over stretches where nobody speaks; they are not among `words`.
    pub phantoms: Vec<Word>,
    /// Words that the engine does not believe in itself over what may be speech; they are not among `words`.
    pub guesses: Vec<Word>,
    /// Words of the prompt that nobody said, as a hearing without the prompt shows; they are not among `words`.
    pub echo: Vec<Word>,
    /// Short utterances between pauses that have no word.
    pub unheard: Vec<Stretch>,
    /// Seconds of the recording at which it was cut although nobody paused.
    pub torn_s: Vec<f64>,
    /// Whether the words go round in a loop.
    pub repeats: bool,
    /// Whether there are too few words for the seconds of speech.
    pub sparse: bool,
    /// Tries beyond the first.
    pub retries: u32,
}

/// Where a word stands in what the engine heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Hearings of the chunk are numbered from 1.
    hearing: u32,
    /// Number among the words of that hearing.
    word: usize,
}

/// Words of the engine that are not in the text, and what a reviewer is told of them.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The words, in the order of their times.
    pub words: Vec<Word>,
    /// What is wrong and what to do.
    pub message: &'static str,
    /// How it was seen.
    pub evidence: String,
}

impl Passage {
    /// What was left out of this passage, one entry per reason.
    pub fn left_out(&self) -> Vec<LeftOut> {
        let all = [
            (
                &self.phantoms,
                "The engine wrote words where nobody speaks; they were left out.",
                "detector: no speech within 0.1 s".to_owned(),
            ),
            (
                &self.guesses,
                "A noise or a soft word: the engine does not believe what it wrote here, and it was left out. Listen.",
                format!("mean log probability {:.2}", self.log_probability),
            ),
            (
                &self.echo,
                "The engine wrote its list of expected words here; they were left out. Listen whether somebody says them.",
                "prompt: the same words in the same order; not heard without the prompt".to_owned(),
            ),
        ];
        all.into_iter()
            .filter(|(words, ..)| !words.is_empty())
            .map(|(words, message, evidence)| LeftOut {
                words: words.clone(),
                message,
                evidence,
            })
            .collect()
    }

    /// The words of a span as the session numbers them that heard the passage; `None` where it has heard something else
    /// since, or has other words between them.
    pub fn in_session(&self, span: Range<usize>) -> Option<Range<usize>> {
        let places = self.places.get(span)?;
        let first = places.first()?;
        let follow = places
            .iter()
            .enumerate()
            .all(|(i, place)| place.hearing == self.last_hearing && place.word == first.word + i);
        follow.then(|| first.word..first.word + places.len())
    }
}

/// Hears one chunk, with second tries where the first looks wrong.
pub fn hear(
    session: &mut dyn Session,
    chunk: &Chunk,
    prompt: &str,
    options: &HearOptions,
    cancel: &Cancel,
) -> Result<Passage, SpeechError> {
    let mut ear = Ear {
        session,
        hearings: 0,
        options,
        cancel,
    };
    let mut passage = ear.hear(chunk, prompt, 0)?;
    passage.last_hearing = ear.hearings;
    if is_guess(&passage, chunk.speech_s()) {
        passage.guesses.append(&mut passage.words);
        passage.places.clear();
        // There are no words left to be in doubt about.
        passage.repeats = false;
    }
    Ok(passage)
}

/// Whether the words are what the engine writes when it has to write something: a lone word, or fewer than one in a second
/// of what the detector takes for speech (beeps, for example), and it does not believe in them itself. They are told.
fn is_guess(passage: &Passage, speech_s: f64) -> bool {
    passage.log_probability < GUESS_LOG_PROBABILITY
        && (passage.words.len() as f64) < speech_s.max(2.0)
}

/// Hears one chunk without a second try: for sound that will be heard again anyway.
pub fn hear_once(
    session: &mut dyn Session,
    chunk: &Chunk,
    prompt: &str,
    options: &HearOptions,
    cancel: &Cancel,
) -> Result<Passage, SpeechError> {
    let mut ear = Ear {
        session,
        hearings: 0,
        options,
        cancel,
    };
    let mut passage = ear.once(chunk, prompt, options)?;
    passage.last_hearing = ear.hearings;
    Ok(passage)
}

/// A session that hears a chunk, perhaps several times.
struct Ear<'a> {
    session: &'a mut dyn Session,
    hearings: u32,
    options: &'a HearOptions,
    cancel: &'a Cancel,
}

impl Ear<'_> {
    fn once(
        &mut self,
        chunk: &Chunk,
        prompt: &str,
        options: &HearOptions,
    ) -> Result<Passage, SpeechError> {
        self.hearings += 1;
        let heard = self.session.hear(&Piece {
            pcm: &chunk.pcm,
            offset_s: 0.0,
            prompt,
            options,
            cancel: self.cancel,
        })?;
        Ok(passage(heard, self.hearings, chunk))
    }

    fn hear(&mut self, chunk: &Chunk, prompt: &str, depth: u32) -> Result<Passage, SpeechError> {
        let mut best = self.once(chunk, prompt, self.options)?;
        let mut prompt = prompt;
        if let Some(run) = echo(&best.words, prompt) {
            let plain = self.once(chunk, "", self.options)?;
            if !said(&best.words[run.clone()], &plain.words) {
                // What the engine takes from the prompt here, it would take again.
                prompt = "";
                best = without_echo(best, run, plain, chunk);
            }
            best.retries += 1;
        }
        if !suspicious(&best, chunk) || depth >= DEEPEST {
            return Ok(best);
        }
        let other = match chunk.split() {
            Some((left, right)) => {
                let left = self.hear(&left, prompt, depth + 1)?;
                let right = self.hear(&right, prompt, depth + 1)?;
                joined(left, right)
            }
            None => {
                let wider = HearOptions {
                    beam: 3,
                    audio_ctx: Some(WIDER),
                    ..self.options.clone()
                };
                let mut again = self.once(chunk, "", &wider)?;
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
        let echo = std::mem::take(&mut best.echo);
        if merit(&other, chunk) > merit(&best, chunk) {
            best = other;
        }
        best.retries = retries;
        best.echo = echo;
        Ok(best)
    }
}

/// The longest run of words that stands in the prompt in the same order, if it is long enough to be a suspicion.
fn echo(words: &[Word], prompt: &str) -> Option<Range<usize>> {
    let said: Vec<String> = words.iter().map(|w| plain(&w.text)).collect();
    let given: Vec<String> = prompt
        .split_whitespace()
        .map(plain)
        .filter(|w| !w.is_empty())
        .collect();
    let mut longest = 0..0;
    for from in 0..said.len() {
        for start in 0..given.len() {
            let n = said[from..]
                .iter()
                .zip(&given[start..])
                .take_while(|(a, b)| a == b)
                .count();
            if n > longest.len() {
                longest = from..from + n;
            }
        }
    }
    let enough = ECHO.min(given.len().max(2));
    (longest.len() >= enough).then_some(longest)
}

/// Whether some words of another hearing are like these, letter by letter: without the prompt the same sound gives rare
/// words badly spelled.
fn said(run: &[Word], heard: &[Word]) -> bool {
    let letters = |words: &[Word]| words.iter().map(|w| plain(&w.text)).collect::<String>();
    let wanted = letters(run);
    let shortest = (run.len() / 2).max(1);
    (shortest..=run.len() * 2).any(|n| {
        heard
            .windows(n)
            .any(|some| strsim::normalized_levenshtein(&wanted, &letters(some)) >= ALIKE)
    }) || (heard.len() < shortest
        && strsim::normalized_levenshtein(&wanted, &letters(heard)) >= ALIKE)
}

/// What a hearing without the prompt leaves of one that wrote the prompt: its own words where it has any, else the first
/// one's without the run.
fn without_echo(
    mut first: Passage,
    run: Range<usize>,
    mut plain: Passage,
    chunk: &Chunk,
) -> Passage {
    first.places.drain(run.clone());
    let echo: Vec<Word> = first.words.drain(run).collect();
    if plain.words.len() < first.words.len() && merit(&plain, chunk) <= merit(&first, chunk) {
        plain = first;
    }
    plain.unheard = unheard(&plain.words, chunk);
    plain.sparse = too_few_words(&plain.words, chunk.speech_s());
    plain.echo = echo;
    plain
}

/// Leads the times back to the recording and takes out what was written over silence.
fn passage(heard: Heard, hearing: u32, chunk: &Chunk) -> Passage {
    let log_probability = heard.mean_log_probability();
    let mut words = heard.words;
    let utterances = utterances(&chunk.speech);
    // Where no sound is, judged before the times are moved.
    let silent: Vec<bool> = words
        .iter()
        .map(|w| chunk.loudest(w.start_s, w.end_s) < SILENT_LEVEL * chunk.level())
        .collect();
    for word in &mut words {
        word.start_s = chunk.clock.recording_s(word.start_s);
        word.end_s = chunk.clock.recording_end_s(word.end_s).max(word.start_s);
    }
    let repeats = in_a_loop(&words);
    let (mut places, mut phantoms) = take_from_pauses(&mut words, &silent, &utterances, chunk);
    fit(&mut words, &utterances);
    // After the last speech words are phantoms whatever sounds there.
    if let Some(last) = chunk.speech.last() {
        let keep = words
            .iter()
            .rposition(|w| w.start_s < last.end_s + PHANTOM_S)
            .map_or(0, |i| i + 1);
        phantoms.extend(words.split_off(keep));
    }
    places.truncate(words.len());
    let sparse = too_few_words(&words, chunk.speech_s());
    let unheard = unheard(&words, chunk);
    let torn_s = chunk
        .cut_in_speech
        .then(|| chunk.clock.recording_end_s(chunk.length_s()));
    Passage {
        words,
        places: places
            .into_iter()
            .map(|word| Place { hearing, word })
            .collect(),
        last_hearing: hearing,
        log_probability,
        phantoms,
        guesses: Vec::new(),
        echo: Vec::new(),
        unheard,
        torn_s: torn_s.into_iter().collect(),
        repeats,
        sparse,
        retries: 0,
    }
}

/// Takes out the words that lie in a pause, away from the speech before and behind it, where there is no sound either,
/// unless speech would be without words then: a word's time is rough. Returns the numbers of the words that stay, and the
/// words that were taken out.
fn take_from_pauses(
    words: &mut Vec<Word>,
    silent: &[bool],
    utterances: &[Stretch],
    chunk: &Chunk,
) -> (Vec<usize>, Vec<Word>) {
    let in_a_pause = |word: &Word| {
        utterances.windows(2).any(|u| {
            u[1].start_s - u[0].end_s >= SILENT_S
                && word.start_s >= u[0].end_s + AWAY_S
                && word.end_s <= u[1].start_s - AWAY_S
        })
    };
    let (mut kept, mut places, mut phantoms) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (word, silent)) in words.iter().zip(silent).enumerate() {
        if *silent && in_a_pause(word) {
            phantoms.push(word.clone());
        } else {
            kept.push(word.clone());
            places.push(i);
        }
    }
    let all = (0..words.len()).collect();
    if phantoms.is_empty() {
        return (all, phantoms);
    }
    let missing_s = |words: &[Word]| {
        let mut fitted = words.to_vec();
        fit(&mut fitted, utterances);
        let alone: f64 = unheard(&fitted, chunk).iter().map(Stretch::length_s).sum();
        uncovered_s(&fitted, &chunk.speech) + alone
    };
    if missing_s(&kept) > missing_s(words) {
        return (all, Vec::new());
    }
    *words = kept;
    (places, phantoms)
}

/// Short utterances between pauses that no word overlaps.
fn unheard(words: &[Word], chunk: &Chunk) -> Vec<Stretch> {
    chunk
        .lone()
        .into_iter()
        .filter(|u| words.iter().all(|w| overlap_s(w, u) <= -LONE_REACH_S))
        .collect()
}

/// Distance in seconds between a word and an utterance that stands alone up to which the word may be that utterance;
/// half the silence around it.
const LONE_REACH_S: f64 = 0.2;

/// How far in seconds the first and the last word of an utterance are drawn to its edges.
const DRAW_S: f64 = 0.8;

/// Fits rough word times to the detector's utterances: a word lies in the utterance that it overlaps most, the first one
/// begins and the last one ends with it, none reaches into the silence between them.
fn fit(words: &mut [Word], utterances: &[Stretch]) {
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
    left.places.extend(right.places);
    left.phantoms.extend(right.phantoms);
    left.guesses.extend(right.guesses);
    left.echo.extend(right.echo);
    left.unheard.extend(right.unheard);
    left.torn_s.extend(right.torn_s);
    left.repeats |= right.repeats;
    left.sparse |= right.sparse;
    left.retries += right.retries + 1;
    left
}

fn suspicious(passage: &Passage, chunk: &Chunk) -> bool {
    passage.repeats
        || uncovered_s(&passage.words, &chunk.speech) > 0.0
        // Where no word at all was heard it may be no voice, and asking again invents one.
        || (!passage.unheard.is_empty() && !passage.words.is_empty())
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
    let alone: f64 = passage.unheard.iter().map(Stretch::length_s).sum();
    let covered = 1.0 - (uncovered_s(&passage.words, &chunk.speech) + alone) / speech_s;
    let looped = if passage.repeats { 1.0 } else { 0.0 };
    let sparse = if too_few_words(&passage.words, speech_s) {
        0.5
    } else {
        0.0
    };
    2.0 * covered - looped - sparse + f64::from(passage.log_probability.max(-2.0)) * 0.5
}

/// Letters and figures of a word, in lower case.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether the words go round: a run of 2 to 12 words three times in a row or of 13 to 40 twice, one word six times, a
/// word that goes round in itself, or hardly any three words that do not come again.
fn in_a_loop(words: &[Word]) -> bool {
    let plain: Vec<String> = words.iter().map(|w| plain(&w.text)).collect();
    let round = |n: usize, times: usize| {
        plain.windows(n * times).any(|run| {
            run.chunks(n)
                .skip(1)
                .all(|turn| turn == &run[..n] && turn.iter().any(|w| !w.is_empty()))
        })
    };
    if round(1, 6) || (2..=12).any(|n| round(n, 3)) || (13..=40).any(|n| round(n, 2)) {
        return true;
    }
    if plain.iter().any(|w| stammers(w)) {
        return true;
    }
    let threes: Vec<&[String]> = plain.windows(3).collect();
    let distinct: std::collections::HashSet<&&[String]> = threes.iter().collect();
    threes.len() >= 20 && distinct.len() * 2 < threes.len()
}

/// Whether the same one to six letters come five times in a row, over 15 letters and more ("hahahahahahahaha").
fn stammers(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    (1..=6).any(|n| {
        let times = 5.max(15usize.div_ceil(n));
        letters
            .windows(n * times)
            .any(|run| run.chunks(n).all(|turn| turn == &run[..n]))
    })
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

/// A finding for every gap among `words`; gaps with no word between them and less than `near_s` seconds apart are one place
/// to listen to. `why` says what the engine did about it.
pub fn speech_without_text(
    gaps: &[Stretch],
    words: &[Word],
    near_s: f64,
    why: &str,
) -> Vec<Finding> {
    let mut places: Vec<(usize, Stretch)> = Vec::new();
    for gap in gaps {
        let before = words.partition_point(|w| w.start_s < gap.start_s);
        match places.last_mut() {
            Some((same, place)) if *same == before && gap.start_s - place.end_s < near_s => {
                place.end_s = gap.end_s;
            }
            _ => places.push((before, *gap)),
        }
    }
    places
        .into_iter()
        .map(|(before, gap)| {
            Finding::new(
                FindingKind::SpeechWithoutText,
                Severity::Critical,
                (gap.start_s, gap.end_s),
                (before, before),
                format!(
                    "Somebody speaks for {:.1} s here and there is no text; listen and type it.",
                    gap.length_s()
                ),
                format!("detector: speech; engine: no words, {why}"),
            )
        })
        .collect()
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
    use crate::audio::chunk::chunks;
    use crate::audio::chunk::made::{silence, voice};

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

    /// Answers from a script; keeps the prompts.
    #[derive(Default)]
    struct Script {
        answers: Vec<Heard>,
        prompts: Vec<String>,
    }

    impl Session for Script {
        fn hear(&mut self, piece: &Piece<'_>) -> Result<Heard, SpeechError> {
            self.prompts.push(piece.prompt.to_owned());
            Ok(match self.answers.len() {
                0 => Heard::default(),
                _ => self.answers.remove(0),
            })
        }
        fn score(
            &mut self,
            _: Range<usize>,
            c: &[String],
        ) -> Result<Vec<Option<f32>>, SpeechError> {
            Ok(vec![None; c.len()])
        }
    }

    /// The words spread over a stretch of the piece.
    fn over(text: &str, from_s: f64, to_s: f64) -> Vec<Word> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let each = (to_s - from_s) / words.len() as f64;
        (0..words.len())
            .map(|i| {
                let at = from_s + i as f64 * each;
                word(words[i], at, at + each * 0.9)
            })
            .collect()
    }

    fn heard(words: Vec<Word>) -> Heard {
        Heard {
            words,
            tokens: Vec::new(),
        }
    }

    fn options() -> HearOptions {
        HearOptions {
            language: "en".into(),
            threads: 1,
            beam: 1,
            temperature: 0.0,
            audio_ctx: None,
        }
    }

    fn hear_script(answers: Vec<Heard>, chunk: &Chunk, prompt: &str) -> (Passage, Vec<String>) {
        let mut session = Script {
            answers,
            prompts: Vec::new(),
        };
        let passage = hear(&mut session, chunk, prompt, &options(), &Cancel::default()).unwrap();
        (passage, session.prompts)
    }

    fn text(words: &[Word]) -> String {
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        texts.join(" ")
    }

    const PROMPT: &str = "Apixaban, metoprolol succinate, lisinopril, atorvastatin.";
    const ECHOED: &str = "Apixaban, metoprolol succinate, lisinopril, atorvastatin. Apixaban";
    const SAID: &str = "the knee is stable and there is no effusion";

    #[test]
    fn an_echo_of_the_prompt_is_heard_again_without_it() {
        let chunk = &chunks(&voice(5.0))[0];
        let (passage, prompts) = hear_script(
            vec![heard(over(ECHOED, 0.1, 4.9)), heard(over(SAID, 0.1, 4.9))],
            chunk,
            PROMPT,
        );
        assert_eq!(prompts, [PROMPT, ""]);
        assert_eq!(text(&passage.words), SAID);
        assert_eq!(passage.echo.len(), 5);
        assert_eq!(passage.retries, 1);
    }

    #[test]
    fn an_echo_over_which_nothing_else_is_heard_is_taken_out_and_told() {
        let chunk = &chunks(&voice(5.0))[0];
        let (passage, prompts) = hear_script(vec![heard(over(ECHOED, 0.1, 4.9))], chunk, PROMPT);
        assert!(prompts[1..].iter().all(String::is_empty), "{prompts:?}");
        assert_eq!(
            text(&passage.echo),
            "Apixaban, metoprolol succinate, lisinopril, atorvastatin."
        );
        assert!(!text(&passage.words).contains("lisinopril"));
        assert!(uncovered_s(&passage.words, &chunk.speech) > 2.0);
    }

    #[test]
    fn a_list_of_the_prompts_words_that_was_dictated_stays() {
        let chunk = &chunks(&voice(5.0))[0];
        let said = "apixaban metoprolol succinate lisinopril atorvastatin daily";
        let misheard = "a pixel band metaprol 6 and 8 lysinopril a torvastatin daily";
        for again in [said, misheard] {
            let (passage, prompts) = hear_script(
                vec![heard(over(said, 0.1, 4.9)), heard(over(again, 0.1, 4.9))],
                chunk,
                PROMPT,
            );
            assert_eq!(prompts.len(), 2);
            assert_eq!(text(&passage.words), said, "{again}");
            assert_eq!(passage.echo, []);
        }
    }

    /// Two utterances of 3 s with a pause of 2 s, of which the piece keeps about 0.64 s.
    fn with_a_pause() -> (Chunk, f64, f64) {
        let chunk = chunks(&[voice(3.0), silence(2.0), voice(3.0)].concat()).remove(0);
        let spoken = utterances(&chunk.speech);
        assert_eq!(spoken.len(), 2, "{spoken:?}");
        let end = spoken[0].end_s;
        let next = chunk.length_s() - (8.0 - spoken[1].start_s);
        (chunk, end, next)
    }

    #[test]
    fn words_over_the_silence_between_two_utterances_are_taken_out() {
        let (chunk, end, next) = with_a_pause();
        let mut words = over(SAID, 0.1, end);
        words.extend([
            word("Thank", end + 0.15, end + 0.3),
            word("you.", end + 0.3, next - 0.15),
        ]);
        words.extend(over("she walks without pain", next, next + 2.8));
        let (passage, prompts) = hear_script(vec![heard(words)], &chunk, "");
        assert_eq!(prompts.len(), 1);
        assert_eq!(text(&passage.phantoms), "Thank you.");
        assert_eq!(
            text(&passage.words),
            format!("{SAID} she walks without pain")
        );
    }

    #[test]
    fn a_word_with_a_rough_time_stays() {
        let (chunk, end, next) = with_a_pause();
        // The only words of the second utterance, put into the pause by the engine.
        let mut words = over(SAID, 0.1, end);
        words.extend(over("no pain", end + 0.15, next - 0.15));
        let (passage, _) = hear_script(vec![heard(words)], &chunk, "");
        assert_eq!(passage.phantoms, []);
        // A word that reaches into speech.
        let mut words = over(SAID, 0.1, end - 0.1);
        words.push(word("period", end - 0.1, end + 0.4));
        words.extend(over("she walks without pain", next, next + 2.8));
        let (passage, _) = hear_script(vec![heard(words)], &chunk, "");
        assert_eq!(passage.phantoms, []);
    }

    #[test]
    fn a_lone_word_that_is_not_heard_is_asked_for_again_and_told() {
        let sound = [
            voice(3.0),
            silence(1.0),
            voice(0.5),
            silence(1.0),
            voice(3.0),
        ];
        let chunk = chunks(&sound.concat()).remove(0);
        let spoken = utterances(&chunk.speech);
        assert_eq!(spoken.len(), 3, "{spoken:?}");
        let piece_s = |s: f64| {
            let mut at = 0.0;
            while chunk.clock.recording_s(at) < s {
                at += 0.01;
            }
            at
        };
        let around = |middle: bool| {
            let mut words = over(SAID, 0.1, piece_s(spoken[0].end_s));
            if middle {
                words.push(word(
                    "no",
                    piece_s(spoken[1].start_s),
                    piece_s(spoken[1].end_s),
                ));
            }
            words.extend(over(
                "she walks",
                piece_s(spoken[2].start_s),
                chunk.length_s(),
            ));
            heard(words)
        };
        let (passage, prompts) = hear_script(vec![around(true)], &chunk, "");
        assert_eq!((passage.unheard.len(), prompts.len()), (0, 1));
        let (passage, prompts) = hear_script(vec![around(false)], &chunk, "");
        assert!(prompts.len() > 1);
        assert_eq!(passage.unheard, [spoken[1]]);
    }

    #[test]
    fn a_cut_within_speech_is_known() {
        let all = chunks(&voice(35.0));
        let said = |chunk: &Chunk| {
            let many = "word ".repeat(40);
            let numbered: Vec<Word> = over(&many, 0.0, chunk.length_s())
                .into_iter()
                .enumerate()
                .map(|(i, w)| Word {
                    text: format!("word{i}"),
                    ..w
                })
                .collect();
            hear_script(vec![heard(numbered)], chunk, "").0.torn_s
        };
        let end = all[0].clock.recording_end_s(all[0].length_s());
        assert_eq!(said(&all[0]), [end]);
        assert!(said(all.last().unwrap()).is_empty());
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
            &utterances(&speech(&[(0.2, 1.0), (1.1, 1.5), (3.0, 3.4), (3.5, 4.0)])),
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
    fn a_lone_word_that_the_engine_does_not_believe_is_a_guess() {
        let passage = |text: &str, log_probability| Passage {
            words: spoken(text),
            log_probability,
            ..Passage::default()
        };
        assert!(is_guess(&passage("You", -3.3), 2.9));
        assert!(!is_guess(&passage("You", -0.9), 2.9));
        assert!(is_guess(&passage("You", -3.3), 0.4));
        assert!(!is_guess(
            &passage("take the cycle phosphor mite", -2.2),
            2.9
        ));
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
    fn a_long_phrase_twice_and_a_word_that_goes_round_in_itself_are_loops() {
        let sentence =
            "the patient was seen in the clinic today for a follow up of his chronic disease ";
        assert!(in_a_loop(&spoken(&sentence.repeat(2))));
        assert!(in_a_loop(&spoken("he said hahahahahahahahaha then")));
        assert!(in_a_loop(&spoken(
            "a value of 1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1 was"
        )));
        for text in [
            sentence,
            "1000000 units",
            "barbarbar",
            "no no no",
            "mississippi",
        ] {
            assert!(!in_a_loop(&spoken(text)), "{text}");
        }
    }

    #[test]
    fn a_run_of_the_prompt_is_an_echo_and_a_short_one_is_not() {
        let prompt = "Apixaban, metoprolol succinate, lisinopril, atorvastatin.";
        let run = |text: &str| echo(&spoken(text), prompt);
        assert_eq!(
            run("he takes apixaban metoprolol succinate lisinopril daily"),
            Some(2..6)
        );
        assert_eq!(
            run("he takes metoprolol succinate and lisinopril daily"),
            None
        );
        assert_eq!(run(""), None);
        assert_eq!(
            echo(&spoken("apixaban warfarin"), "Apixaban, warfarin"),
            Some(0..2)
        );
        assert_eq!(echo(&spoken("apixaban"), "Apixaban"), None);
        assert_eq!(echo(&spoken("apixaban warfarin"), ""), None);
    }

    #[test]
    fn the_same_words_badly_spelled_were_said_and_others_were_not() {
        let run = spoken("apixaban metoprolol succinate lisinopril");
        assert!(said(
            &run,
            &spoken("he takes a pixel band metaprol 6 and 8 lysinopril daily")
        ));
        assert!(!said(
            &run,
            &spoken("the knee is stable and there is no effusion today")
        ));
        assert!(!said(&run, &[]));
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
