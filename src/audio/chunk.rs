//! Cuts a stream into pieces for the engine: speech with a margin of silence, at most 30 s, cut where nobody speaks.
//!
//! Silence longer than the margins is left out, so that pauses cost no engine time and short utterances are packed into
//! one piece. Each piece carries a [`Clock`] that leads from its own seconds back to those of the recording.

use super::seconds;
use super::vad::{FRAME, FRAME_S, SMOOTH, Score, Vad, is_speech};
use crate::domain::transcript::Stretch;
use std::collections::VecDeque;

/// Frames of silence kept on each side of speech (0.32 s): the first and last sounds of a word are soft.
pub const MARGIN: usize = 20;

/// Frames of speech (96 ms) that make a piece worth hearing; the shortest "no" is twice as long.
pub const LEAST: usize = 6;

/// Least ratio between the loudest and the middle level of speech. Words reach ten and more; a fan that the detector takes
/// for a voice stays below 1.4.
const MODULATION: f32 = 1.5;

/// Silence in seconds that parts two utterances.
const PAUSE_S: f64 = 0.25;

/// Silence in seconds around an utterance that stands alone; at the edge of a chunk less of it is kept.
const ALONE_S: f64 = 0.5;

/// Seconds of speech in an utterance that stands alone from which it is a word: "no" is as short.
const LONE_WORD_S: f64 = 0.25;

/// Of those, the seconds that are at least half as loud as its loudest frame, which a knock has not.
const LONE_LOUD_S: f64 = 0.16;

/// Least deviation of those frames' levels, as a share of their mean: a beep keeps its level.
const LONE_DEVIATION: f32 = 0.08;

/// How loud an utterance that stands alone has to be against the speech of its chunk (-10 dB): breaths are softer.
const LONE_LEVEL: f32 = 0.3;

/// Longest piece in seconds; the engine takes 30, the rest is room for its last token.
pub const LONGEST_S: f64 = 20.0;

/// Left-out silence in seconds that ends a chunk: the engine may put a word on the wrong side of a pause, and its time
/// is then wrong by the length of the pause.
const LONG_PAUSE_S: f64 = 2.0;

/// Seconds that a chunk has to have before a long pause ends it: the engine hears lone words badly. With 5 s two dictations
/// with long pauses had 16.0 word errors of 100, with 10 s 14.8.
const WORTH_A_CALL_S: f64 = 10.0;

/// Seconds from which on a piece may be cut.
const EARLIEST_CUT_S: f64 = 10.0;

/// A piece ready for the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// 16 kHz mono samples.
    pub pcm: Vec<f32>,
    /// From seconds of the piece to seconds of the recording.
    pub clock: Clock,
    /// Speech inside, in seconds of the recording.
    pub speech: Vec<Stretch>,
    /// Whether the end had to be cut within speech: nobody paused.
    pub cut_in_speech: bool,
    /// Per frame of `pcm`: whether it is speech, and its root mean square.
    frames: Vec<(bool, f32)>,
}

impl Chunk {
    /// A piece of frames of the recording, in order but not always next to each other, with their samples.
    pub fn new(pcm: Vec<f32>, frames: &[Frame], cut_in_speech: bool) -> Self {
        let mut clock = Clock::default();
        let mut next = None;
        for (i, frame) in frames.iter().enumerate() {
            if next != Some(frame.number) {
                clock.mark(i as f64 * FRAME_S, seconds(frame.number * FRAME as u64));
            }
            next = Some(frame.number + 1);
        }
        Self {
            pcm,
            clock,
            speech: speech(frames),
            cut_in_speech,
            frames: frames.iter().map(|f| (f.speech, f.rms)).collect(),
        }
    }

    /// Length in seconds.
    pub fn length_s(&self) -> f64 {
        seconds(self.pcm.len() as u64)
    }

    /// Seconds of speech inside.
    pub fn speech_s(&self) -> f64 {
        self.speech.iter().map(Stretch::length_s).sum()
    }

    /// Root mean square of the speech inside, 0 to 1; 0 where there is none.
    pub fn level(&self) -> f32 {
        rms(self.frames.iter().filter(|f| f.0).map(|f| f.1))
    }

    /// Root mean square of the loudest frame between two seconds of the piece.
    pub fn loudest(&self, from_s: f64, to_s: f64) -> f32 {
        let last = self.frames.len().saturating_sub(1);
        let at = |s: f64| ((s / FRAME_S).max(0.0) as usize).min(last);
        self.frames
            .get(at(from_s)..=at(to_s.max(from_s)))
            .unwrap_or_default()
            .iter()
            .fold(0.0, |m, f| m.max(f.1))
    }

    /// Utterances that may be a lone word: short, with silence around them, as loud as the rest, not as steady as a hum.
    pub fn lone(&self) -> Vec<Stretch> {
        let (begins_s, ends_s) = (
            self.clock.recording_s(0.0),
            self.clock.recording_end_s(self.length_s()),
        );
        let all = utterances(&self.speech);
        let loud = LONE_LEVEL * self.level();
        let mut lone = Vec::new();
        for (i, utterance) in all.iter().enumerate() {
            let before_s = match i.checked_sub(1) {
                Some(k) => utterance.start_s - all[k].end_s - ALONE_S,
                None => utterance.start_s - begins_s - PAUSE_S,
            };
            let after_s = match all.get(i + 1) {
                Some(next) => next.start_s - utterance.end_s - ALONE_S,
                None => ends_s - utterance.end_s - PAUSE_S,
            };
            let levels: Vec<f32> = self
                .speech_frames(*utterance)
                .filter(|f| f.0)
                .map(|f| f.1)
                .collect();
            if before_s >= 0.0
                && after_s >= 0.0
                && levels.len() as f64 * FRAME_S >= LONE_WORD_S
                && rms(levels.iter().copied()) >= loud
                && is_word_like(&levels)
            {
                lone.push(*utterance);
            }
        }
        lone
    }

    /// The frames within a stretch of the recording.
    fn speech_frames(&self, stretch: Stretch) -> impl Iterator<Item = &(bool, f32)> {
        self.frames.iter().enumerate().filter_map(move |(i, f)| {
            let at_s = self.clock.recording_s((i as f64 + 0.5) * FRAME_S);
            (stretch.start_s..stretch.end_s)
                .contains(&at_s)
                .then_some(f)
        })
    }

    /// Two chunks, cut in the longest silence of the middle half, or at its softest frame where nobody pauses.
    /// `None` where the halves would be too short to be heard better.
    pub fn split(&self) -> Option<(Chunk, Chunk)> {
        let n = self.frames.len();
        if (n as f64) * FRAME_S < 4.0 {
            return None;
        }
        let middle = n / 4..n * 3 / 4;
        let mut best: Option<(usize, usize)> = None;
        let mut from = None;
        for i in middle.start..=middle.end {
            let silent = i < middle.end && !self.frames[i].0;
            match (silent, from) {
                (true, None) => from = Some(i),
                (false, Some(start)) => {
                    if best.is_none_or(|(length, _)| i - start > length) {
                        best = Some((i - start, (start + i) / 2));
                    }
                    from = None;
                }
                _ => {}
            }
        }
        let at = match best {
            Some((_, at)) => at,
            None => middle.min_by(|&a, &b| self.frames[a].1.total_cmp(&self.frames[b].1))?,
        };
        let at_s = at as f64 * FRAME_S;
        let (before, after) = (
            self.clock.recording_end_s(at_s),
            self.clock.recording_s(at_s),
        );
        let part = |frames: &[(bool, f32)], pcm: &[f32], clock, speech, cut_in_speech| Chunk {
            pcm: pcm.to_vec(),
            clock,
            speech,
            cut_in_speech,
            frames: frames.to_vec(),
        };
        let (left_clock, right_clock) = self.clock.split(at_s);
        Some((
            part(
                &self.frames[..at],
                &self.pcm[..at * FRAME],
                left_clock,
                clip(&self.speech, f64::NEG_INFINITY, before),
                best.is_none(),
            ),
            part(
                &self.frames[at..],
                &self.pcm[at * FRAME..],
                right_clock,
                clip(&self.speech, after, f64::INFINITY),
                self.cut_in_speech,
            ),
        ))
    }
}

/// Where somebody speaks in frames of the recording, in its seconds.
pub fn speech(frames: &[Frame]) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    let mut next = None;
    for frame in frames.iter().filter(|f| f.speech) {
        let start_s = seconds(frame.number * FRAME as u64);
        let end_s = start_s + FRAME_S;
        match out.last_mut() {
            Some(last) if next == Some(frame.number) => last.end_s = end_s,
            _ => out.push(Stretch { start_s, end_s }),
        }
        next = Some(frame.number + 1);
    }
    out
}

/// Stretches of speech as utterances: what no pause parts is one.
pub fn utterances(speech: &[Stretch]) -> Vec<Stretch> {
    let mut utterances: Vec<Stretch> = Vec::new();
    for stretch in speech {
        match utterances.last_mut() {
            Some(last) if stretch.start_s - last.end_s < PAUSE_S => last.end_s = stretch.end_s,
            _ => utterances.push(*stretch),
        }
    }
    utterances
}

/// The parts of the stretches that lie between two seconds.
fn clip(stretches: &[Stretch], from_s: f64, to_s: f64) -> Vec<Stretch> {
    stretches
        .iter()
        .map(|s| Stretch {
            start_s: s.start_s.max(from_s),
            end_s: s.end_s.min(to_s),
        })
        .filter(|s| s.length_s() > 0.0)
        .collect()
}

/// Leads from seconds of a piece to seconds of the recording: the piece is made of stretches of the recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clock {
    /// (second of the piece, second of the recording), both rising; between them time runs evenly.
    marks: Vec<(f64, f64)>,
}

impl Clock {
    /// A piece that is one stretch of the recording, from `offset_s` on.
    pub fn from_offset(offset_s: f64) -> Self {
        Self {
            marks: vec![(0.0, offset_s)],
        }
    }

    fn mark(&mut self, piece_s: f64, recording_s: f64) {
        self.marks.push((piece_s, recording_s));
    }

    fn split(&self, at_s: f64) -> (Self, Self) {
        let mut right = Self::from_offset(self.recording_s(at_s));
        right.marks.extend(
            self.marks
                .iter()
                .filter(|(p, _)| *p > at_s)
                .map(|(p, r)| (p - at_s, *r)),
        );
        let marks = self
            .marks
            .iter()
            .filter(|(p, _)| *p < at_s)
            .copied()
            .collect();
        (Self { marks }, right)
    }

    /// The second of the recording that is heard at `piece_s`.
    pub fn recording_s(&self, piece_s: f64) -> f64 {
        let at = self.marks.partition_point(|(p, _)| *p <= piece_s);
        match self.marks.get(at.saturating_sub(1)) {
            Some((p, r)) => r + (piece_s - p).max(0.0),
            None => piece_s,
        }
    }

    /// The same for the end of something: at a joint it belongs to the stretch before.
    pub fn recording_end_s(&self, piece_s: f64) -> f64 {
        let at = self.marks.partition_point(|(p, _)| *p < piece_s);
        match self.marks.get(at.saturating_sub(1)) {
            Some((p, r)) => r + (piece_s - p).max(0.0),
            None => piece_s,
        }
    }
}

/// A frame of the recording, judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its number in the recording, from 0.
    pub number: u64,
    /// Whether somebody speaks.
    pub speech: bool,
    /// Root mean square of its samples.
    pub rms: f32,
}

/// Root mean square of values that are root mean squares themselves; 0 of nothing.
fn rms(levels: impl Iterator<Item = f32>) -> f32 {
    let (sum, n) = levels.fold((0.0f32, 0u32), |(sum, n), l| (sum + l * l, n + 1));
    (sum / n.max(1) as f32).sqrt()
}

/// Whether the sound rises and falls as words do, over 80 ms: the loudest against the middle level (a word over a fan), or
/// the loud against the soft moments (a clipped dictation, whose loudest is its middle). A fan alone does neither.
pub fn is_modulated(frames: &[f32]) -> bool {
    let mut levels: Vec<f32> = frames
        .windows(SMOOTH)
        .map(|w| rms(w.iter().copied()))
        .collect();
    levels.sort_by(f32::total_cmp);
    match levels.last() {
        None => true,
        Some(loudest) => {
            let at = |tenth: usize| levels[(levels.len() - 1) * tenth / 10];
            *loudest >= MODULATION * at(5) || at(9) >= MODULATION * at(1)
        }
    }
}

/// Where to cut frames of more than 10 s, and whether that is within speech: the middle of the longest silence, rather late than early; if there is none,
/// the softest moment of the last third.
pub fn best_cut(frames: &[Frame]) -> (usize, bool) {
    let earliest = (EARLIEST_CUT_S / FRAME_S) as usize;
    let mut best: Option<(f64, usize)> = None;
    let mut i = earliest;
    while i < frames.len() {
        if frames[i].speech {
            i += 1;
            continue;
        }
        let from = i;
        while i < frames.len() && !frames[i].speech {
            i += 1;
        }
        // Twice as late in the piece is worth as much as 0.2 s more of silence.
        let length = ((i - from) as f64 * FRAME_S).min(0.7);
        let value = length + 0.2 * from as f64 / frames.len() as f64;
        // A joint inside the silence is the place itself, so that no piece begins with a leftover margin.
        let joint = (from + 1..i).find(|&k| frames[k].number != frames[k - 1].number + 1);
        let middle = joint.unwrap_or((from + i) / 2).max(1);
        if length >= 0.1 && best.is_none_or(|(v, _)| value > v) {
            best = Some((value, middle));
        }
    }
    if let Some((_, at)) = best {
        return (at, false);
    }
    let last_third = frames.len() * 2 / 3;
    let at = (last_third..frames.len())
        .min_by(|&a, &b| frames[a].rms.total_cmp(&frames[b].rms))
        .unwrap_or(frames.len());
    (at, true)
}

/// A frame that waits for the frames behind it, which decide whether it is kept.
struct Waiting {
    pcm: [f32; FRAME],
    score: Score,
}

/// Builds pieces from a stream of samples.
#[derive(Default)]
pub struct Chunker {
    vad: Vad,
    scores: Vec<Score>,
    partial: Vec<f32>,
    waiting: VecDeque<Waiting>,
    /// Number of the first waiting frame.
    first: u64,
    /// Whether the first waiting frames are speech, as far as that is known.
    classified: VecDeque<bool>,
    /// The frame up to which frames are kept because of speech before them.
    keep_until: Option<u64>,
    frames: Vec<Frame>,
    pcm: Vec<f32>,
    ready: VecDeque<Chunk>,
    dismissed: Vec<Stretch>,
}

impl Chunker {
    /// Takes samples of the recording.
    pub fn push(&mut self, samples: &[f32]) {
        self.vad.push(samples, &mut self.scores);
        self.partial.extend_from_slice(samples);
        self.advance();
    }

    /// Ends the recording; the last pieces become ready.
    pub fn finish(&mut self) {
        if !self.partial.is_empty() {
            let full = self.partial.len().next_multiple_of(FRAME);
            self.partial.resize(full, 0.0);
        }
        self.vad.finish(&mut self.scores);
        self.advance();
        // Silence behind the end lets the waiting frames be judged.
        for _ in 0..(MARGIN + SMOOTH) {
            self.waiting.push_back(Waiting {
                pcm: [0.0; FRAME],
                score: Score {
                    speech: 0.0,
                    rms: 0.0,
                },
            });
            self.settle();
        }
        let all = self.frames.len();
        self.emit(all, false);
    }

    /// The next piece that is ready.
    pub fn pop(&mut self) -> Option<Chunk> {
        self.ready.pop_front()
    }

    /// Stretches that the detector took for speech and that are as steady as a fan; they are in no chunk.
    pub fn dismissed(&self) -> &[Stretch] {
        &self.dismissed
    }

    fn advance(&mut self) {
        let whole = self.partial.len() / FRAME;
        let scores = std::mem::take(&mut self.scores);
        debug_assert_eq!(whole, scores.len());
        for (frame, score) in self.partial.chunks_exact(FRAME).zip(&scores) {
            let mut pcm = [0.0; FRAME];
            pcm.copy_from_slice(frame);
            self.waiting.push_back(Waiting { pcm, score: *score });
        }
        self.partial.drain(..whole * FRAME);
        while self.waiting.len() > MARGIN + SMOOTH {
            self.settle();
        }
    }

    /// Decides about the first waiting frame, now that those behind it are known.
    fn settle(&mut self) {
        while self.classified.len() + SMOOTH / 2 < self.waiting.len() {
            let i = self.classified.len();
            let speech = is_speech(&self.waiting, i, |w| w.score);
            self.classified.push_back(speech);
        }
        if self.waiting.len() <= MARGIN + SMOOTH / 2 {
            return;
        }
        let (Some(speech), Some(frame)) = (self.classified.pop_front(), self.waiting.pop_front())
        else {
            return;
        };
        let number = self.first;
        self.first += 1;
        if speech {
            self.keep_until = Some(number + MARGIN as u64);
        }
        let behind = self.keep_until.is_some_and(|until| number <= until);
        let ahead = self.classified.iter().take(MARGIN).any(|s| *s);
        if !(speech || behind || ahead) {
            return;
        }
        if let Some(last) = self.frames.last() {
            let pause_s = (number - last.number - 1) as f64 * FRAME_S;
            let length_s = self.frames.len() as f64 * FRAME_S;
            if pause_s >= LONG_PAUSE_S && length_s >= WORTH_A_CALL_S {
                let all = self.frames.len();
                self.emit(all, false);
            }
        }
        self.frames.push(Frame {
            number,
            speech,
            rms: frame.score.rms,
        });
        self.pcm.extend_from_slice(&frame.pcm);
        if self.frames.len() as f64 * FRAME_S >= LONGEST_S {
            let (at, in_speech) = best_cut(&self.frames);
            self.emit(at, in_speech);
        }
    }

    /// Makes a piece of the first `count` frames.
    fn emit(&mut self, count: usize, cut_in_speech: bool) {
        let rest = self.frames.split_off(count);
        let frames = std::mem::replace(&mut self.frames, rest);
        let rest = self.pcm.split_off(count * FRAME);
        let pcm = std::mem::replace(&mut self.pcm, rest);
        if frames.iter().filter(|f| f.speech).count() < LEAST {
            return;
        }
        let chunk = Chunk::new(pcm, &frames, cut_in_speech);
        let levels: Vec<f32> = frames.iter().map(|f| f.rms).collect();
        if !is_modulated(&levels) {
            self.dismissed.extend(chunk.speech);
            return;
        }
        self.ready.push_back(chunk);
    }
}

#[cfg(test)]
#[path = "../../tests/support/voice.rs"]
pub(crate) mod made;

/// Whether a short sound lasts and changes within as a word does; knocks and beeps do not.
fn is_word_like(levels: &[f32]) -> bool {
    let half = 0.5 * levels.iter().fold(0.0f32, |m, l| m.max(*l));
    let loud: Vec<f32> = levels.iter().copied().filter(|l| *l >= half).collect();
    let mean = loud.iter().sum::<f32>() / loud.len().max(1) as f32;
    let deviation = rms(loud.iter().map(|l| l - mean));
    loud.len() as f64 * FRAME_S >= LONE_LOUD_S && deviation >= LONE_DEVIATION * mean
}

/// The pieces of a whole recording, for tests.
#[cfg(test)]
pub(crate) fn chunks(samples: &[f32]) -> Vec<Chunk> {
    let mut chunker = Chunker::default();
    let mut out = Vec::new();
    for block in samples.chunks(1111) {
        chunker.push(block);
        out.extend(std::iter::from_fn(|| chunker.pop()));
    }
    chunker.finish();
    out.extend(std::iter::from_fn(|| chunker.pop()));
    out
}

#[cfg(test)]
mod tests {
    use super::made::{silence, voice};
    use super::*;
    use crate::audio::SAMPLE_RATE;

    #[test]
    fn the_made_voice_is_speech_to_the_detector() {
        let all = chunks(&[silence(1.0), voice(6.0), silence(1.0)].concat());
        let speech: f64 = all.iter().map(Chunk::speech_s).sum();
        assert!((4.0..6.5).contains(&speech), "{speech} s of 6 s");
    }

    #[test]
    fn a_steady_sound_is_no_speech_and_a_word_over_it_is() {
        let level = |n: usize, loud: f32| loud * (1.0 + 0.1 * ((n * 7) % 3) as f32);
        let fan: Vec<f32> = (0..1000).map(|n| level(n, 0.02)).collect();
        assert!(!is_modulated(&fan));
        let mut word = fan.clone();
        for (n, frame) in word.iter_mut().enumerate().skip(500).take(15) {
            *frame = level(n, 0.05);
        }
        assert!(
            is_modulated(&word),
            "a fifth of a second of speech in 16 s of fan"
        );
    }

    #[test]
    fn silence_gives_no_chunk_however_long() {
        assert!(chunks(&silence(90.0)).is_empty());
    }

    #[test]
    fn an_hour_of_silence_between_two_words_costs_no_memory_and_keeps_the_times_true() {
        let mut chunker = Chunker::default();
        chunker.push(&voice(3.0));
        let minute = silence(60.0);
        for _ in 0..60 {
            chunker.push(&minute);
            assert!(chunker.pcm.len() < 5 * SAMPLE_RATE, "silence is not kept");
        }
        chunker.push(&voice(3.0));
        chunker.finish();
        let chunk = chunker.pop().unwrap();
        assert!(chunker.pop().is_none());
        assert!(chunk.length_s() < 8.0);
        let last = chunk.speech.last().unwrap();
        assert!((last.end_s - 3606.0).abs() < 0.3, "{last:?}");
        let end = chunk.clock.recording_end_s(chunk.length_s());
        assert!((end - 3606.0).abs() < 0.4, "{end}");
    }

    #[test]
    fn no_chunk_is_longer_than_the_engine_takes_even_without_a_pause() {
        let all = chunks(&voice(75.0));
        assert!(all.len() >= 3);
        for chunk in &all {
            assert!(chunk.length_s() <= 28.1, "{}", chunk.length_s());
        }
    }

    #[test]
    fn a_long_pause_ends_a_chunk() {
        let all = chunks(&[voice(11.0), silence(5.0), voice(6.0)].concat());
        assert_eq!(all.len(), 2);
        assert!((all[1].clock.recording_s(0.0) - 15.7).abs() < 0.3);
    }

    #[test]
    fn pauses_decide_where_chunks_end() {
        let one = [voice(9.0), silence(0.5)].concat();
        let all = chunks(&[one.clone(), one.clone(), one.clone(), one].concat());
        assert!(all.len() >= 2);
        assert!(all.iter().all(|c| !c.cut_in_speech));
    }

    #[test]
    fn nothing_is_lost_or_doubled_at_a_cut() {
        let all = chunks(&voice(75.0));
        let total: usize = all.iter().map(|c| c.pcm.len()).sum();
        assert!(total.abs_diff(75 * SAMPLE_RATE) < SAMPLE_RATE, "{total}");
        for pair in all.windows(2) {
            let end = pair[0].clock.recording_end_s(pair[0].length_s());
            let start = pair[1].clock.recording_s(0.0);
            assert!((end - start).abs() < 0.02, "{end} then {start}");
        }
    }

    #[test]
    fn a_short_utterance_between_pauses_stands_alone_and_a_breath_does_not() {
        let breath: Vec<f32> = voice(0.4).iter().map(|s| s * 0.05).collect();
        let all = chunks(
            &[
                silence(0.5),
                voice(2.0),
                silence(1.0),
                voice(0.5),
                silence(1.0),
                voice(2.0),
                silence(1.0),
                breath,
                silence(1.0),
            ]
            .concat(),
        );
        assert_eq!(all.len(), 1);
        let lone: Vec<Stretch> = all[0].lone();
        let short: Vec<&Stretch> = lone.iter().filter(|s| s.length_s() < 1.0).collect();
        assert_eq!(short.len(), 1, "{lone:?}");
        assert!((short[0].start_s - 3.5).abs() < 0.15, "{lone:?}");
    }

    #[test]
    fn a_beep_and_a_knock_are_no_words() {
        let word: Vec<f32> = (0..22)
            .map(|i| 0.1 + 0.08 * (i as f32 * 0.6).sin())
            .collect();
        assert!(is_word_like(&word));
        // A beep of 0.12 s or 0.5 s over a hum, and a knock that dies away.
        for n in [8, 32] {
            let beep: Vec<f32> = (0..n + 12)
                .map(|i| if (6..n + 6).contains(&i) { 0.08 } else { 0.02 })
                .collect();
            assert!(!is_word_like(&beep), "{n}");
        }
        let knock: Vec<f32> = (0..22).map(|i| 0.3 * (-(i as f32) * 0.3).exp()).collect();
        assert!(!is_word_like(&knock));
        assert!(!is_word_like(&[]));
    }

    #[test]
    fn a_cut_where_nobody_pauses_is_known_also_after_a_split() {
        let all = chunks(&voice(35.0));
        assert!(all[0].cut_in_speech);
        let (left, right) = all[0].split().unwrap();
        assert!(left.cut_in_speech && right.cut_in_speech);
        let paused = chunks(&[voice(6.0), silence(2.0), voice(6.0)].concat());
        let (left, right) = paused[0].split().unwrap();
        assert!(!left.cut_in_speech && !right.cut_in_speech);
    }

    #[test]
    fn levels_are_those_of_the_speech_and_of_the_silence_beside_it() {
        let all = chunks(&[voice(3.0), silence(0.3), voice(3.0)].concat());
        let chunk = &all[0];
        assert!(chunk.level() > 0.01);
        assert!(chunk.loudest(3.1, 3.2) < 0.1 * chunk.level());
        assert!(chunk.loudest(1.0, 2.0) >= chunk.level());
        assert_eq!(chunk.loudest(1e9, 2e9), chunk.frames.last().unwrap().1);
    }

    #[test]
    fn a_split_keeps_samples_speech_and_times() {
        let all = chunks(&[voice(6.0), silence(2.0), voice(6.0)].concat());
        assert_eq!(all.len(), 1);
        let (left, right) = all[0].split().unwrap();
        assert_eq!(left.pcm.len() + right.pcm.len(), all[0].pcm.len());
        let speech = left.speech_s() + right.speech_s();
        assert!((speech - all[0].speech_s()).abs() < 0.05);
        assert!(left.clock.recording_end_s(left.length_s()) < 6.8);
        assert!(right.clock.recording_s(right.length_s()) > 13.5);
    }
}
