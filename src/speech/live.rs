//! Text while somebody speaks: sound comes in, partial and committed words come out.
//!
//! [`Live`] is told what comes and decides; it has no thread, no clock and no engine. It keeps the sound from the last
//! cut on and has the growing rest heard again and again. A word is committed when two passes in a row agree on it and
//! on all before it (LocalAgreement-2; Macháček, Dabre, Bojar 2023), away from the end of the sound, where it may be cut
//! off. A pause ends the utterance: what was heard of it then is committed as a whole and its sound is let go. Long
//! speech without a pause is shortened behind words that are committed, so that a pass stays cheap.
//!
//! Committed words never change. What they lack, or say too much, is a finding, and the pass over the whole recording
//! that follows a dictation is what a report is made of.

use super::careful::{self, LeftOut, Passage};
use super::engine::{Cancel, HearOptions, Session, SpeechError};
use crate::audio::chunk::{self, Chunk, Frame, LEAST, LONGEST_S, MARGIN};
use crate::audio::seconds;
use crate::audio::vad::{FRAME, FRAME_S, SMOOTH, Score, Vad, is_speech};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::transcript::{self, Word};
use std::collections::VecDeque;

/// Frames of silence (0.56 s) that end an utterance.
const PAUSE: usize = 35;

/// Frames of silence (0.16 s) after which a pass waits for the end of the utterance: the next one may be the last.
const BREATH: usize = 10;

/// Frames of sound (0.7 s) that the first pass over an utterance takes; over less the engine guesses.
const FIRST: usize = 44;

/// Frames of sound (0.3 s) that a pass has to have more than the one before.
const NEW: usize = 19;

/// How far in seconds from the end of the sound a word ends at least to be committed while more may come.
const UNSTABLE_S: f64 = 0.3;

/// Frames of sound (12 s) from which on it is shortened behind committed words.
const LONG: usize = 750;

/// Least frames (3 s) that shortening takes off; each cut costs the engine what it knew of the sentence.
const WORTH_A_CUT: usize = 188;

/// Frames of silence (0.13 s) between two committed words in which the sound may be cut.
const SHORT_PAUSE: usize = 8;

/// Seconds of committed words that are kept, and heard again, where the sound is cut without a pause: the words on both
/// sides show which are the same.
const OVERLAP_S: f64 = 1.5;

/// How much an edit costs in seconds by which the words on both sides of a cut overlap.
const EDITS_PER_S: f64 = 3.0;

/// Frames of sound (10 minutes, 38 MB) that may wait for an engine that cannot keep up.
const MOST_WAITING: usize = 37_500;

/// Sound that is to be heard next.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// From the last cut on; the whole of it is one stretch of the recording.
    pub chunk: Chunk,
    /// Whether this may be the last time that its words are heard, so that a second try is worth its time.
    pub thorough: bool,
}

impl Request {
    /// Has it heard. Blocks.
    pub fn hear(
        &self,
        session: &mut dyn Session,
        prompt: &str,
        options: &HearOptions,
        cancel: &Cancel,
    ) -> Result<Passage, SpeechError> {
        if self.thorough {
            careful::hear(session, &self.chunk, prompt, options, cancel)
        } else {
            careful::hear_once(session, &self.chunk, prompt, options, cancel)
        }
    }
}

/// What has changed for the one who looks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Update {
    /// Words that are committed now and follow those before; they never change. Times in seconds of the recording rise.
    pub committed: Vec<Word>,
    /// What else is heard so far; replaces all partial words before.
    pub partial: Vec<Word>,
    /// What a person should look at. Word numbers count all committed words.
    pub findings: Vec<Finding>,
    /// The second at which the speech of an utterance ended, once all of it is committed.
    pub ended_s: Option<f64>,
}

/// A pass that is under way.
#[derive(Debug, Clone, Copy)]
struct Pass {
    /// Number of the frame behind the sound.
    to: u64,
    /// Number of the frame behind the speech of the utterance.
    speech_to: u64,
    thorough: bool,
    cut: Cut,
}

/// Why a pass ends where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// It has all there is.
    No,
    /// There is more than one piece can hold, and here is a silence.
    InSilence,
    /// There is more than one piece can hold, and nobody pauses.
    InSpeech,
}

/// An utterance at the front of the sound at hand; positions among the frames.
struct Utterance {
    speech: usize,
    speech_to: usize,
    /// Frames of speech.
    length: usize,
    ended: bool,
}

/// One dictation while it is spoken.
#[derive(Default)]
pub struct Live {
    vad: Vad,
    fresh: Vec<Score>,
    /// Samples from the last cut on; the last ones may not make a whole frame yet.
    pcm: Vec<f32>,
    /// Scores of the whole frames of `pcm`.
    scores: VecDeque<Score>,
    /// Those frames, as far as they can be judged.
    frames: Vec<Frame>,
    /// Number of the first frame at hand: where the last cut was.
    first: u64,
    ended: bool,
    committed: Vec<Word>,
    /// The first committed word whose sound is still at hand.
    anchor: usize,
    /// Whether words were committed since the last utterance ended.
    open: bool,
    /// What the last pass heard behind the committed words.
    rest: Vec<Word>,
    /// What it wrote that is no text.
    left_out: Vec<LeftOut>,
    /// Where the speech ended that it heard to the end, margin included.
    whole: Option<u64>,
    /// The frame up to which it heard.
    heard_to: u64,
    under_way: Option<Pass>,
    findings: Vec<Finding>,
}

impl Live {
    /// Takes 16 kHz mono samples in -1 to 1. There is an update where a pause has ended an utterance.
    pub fn push(&mut self, samples: &[f32]) -> Option<Update> {
        self.pcm.extend_from_slice(samples);
        self.vad.push(samples, &mut self.fresh);
        self.judge()
    }

    /// Ends the recording. There may be more to hear.
    pub fn finish(&mut self) -> Option<Update> {
        self.pcm.resize(self.pcm.len().next_multiple_of(FRAME), 0.0);
        self.vad.finish(&mut self.fresh);
        self.ended = true;
        self.judge()
    }

    /// What should be heard next. Nothing while a request waits for its answer ([`Live::heard`]), while nobody speaks,
    /// and while there is little new.
    pub fn next_piece(&mut self) -> Option<Request> {
        if self.under_way.is_some() {
            return None;
        }
        self.give_up_the_oldest();
        let utterance = self.utterance()?;
        let longest = (LONGEST_S / FRAME_S) as usize;
        let end = utterance.speech_to + MARGIN;
        let mut count = end.min(self.frames.len());
        let mut thorough = self.ended || end <= self.frames.len();
        let mut cut = Cut::No;
        if count > longest {
            let (at, in_speech) = chunk::best_cut(&self.frames[..longest]);
            (count, thorough) = (at, true);
            cut = if in_speech {
                Cut::InSpeech
            } else {
                Cut::InSilence
            };
        }
        let speech_to = self.first + utterance.speech_to as u64;
        let known = cut == Cut::No && self.whole == Some(speech_to);
        if known
            || utterance.length < LEAST
            || self.is_steady(count)
            || !(thorough || self.is_worth_it(&utterance))
        {
            return None;
        }
        self.under_way = Some(Pass {
            to: self.first + count as u64,
            speech_to,
            thorough,
            cut,
        });
        Some(Request {
            chunk: Chunk::new(
                self.pcm[..count * FRAME].to_vec(),
                &self.frames[..count],
                cut == Cut::InSpeech,
            ),
            thorough,
        })
    }

    /// Takes the answer to the request that waits for one.
    pub fn heard(&mut self, passage: Passage) -> Update {
        let mut update = Update::default();
        let Some(pass) = self.under_way.take() else {
            return update;
        };
        self.heard_to = pass.to;
        let looped = passage.repeats && !pass.thorough;
        if !looped {
            self.left_out = passage.left_out();
            let words = self.behind_committed(passage.words);
            let all = pass.thorough && pass.cut == Cut::No;
            self.whole = all.then_some(pass.speech_to);
            if pass.cut == Cut::No {
                let agreed = if passage.repeats {
                    0
                } else {
                    self.agreed(&words, pass.to)
                };
                self.rest = words;
                self.commit(agreed, &mut update);
                if self.frames.len() >= LONG {
                    self.shorten();
                }
            } else {
                self.rest = words;
                self.cut_off(pass, &mut update);
            }
        }
        self.advance(&mut update);
        self.complete(update)
    }

    /// All words committed so far.
    pub fn committed(&self) -> &[Word] {
        &self.committed
    }

    /// Up to which second of the recording everything is settled.
    pub fn settled_s(&self) -> f64 {
        second(self.first)
    }

    /// Whether somebody speaks, as far as the last frames say.
    pub fn speaks(&self) -> bool {
        let last = self.frames.len().saturating_sub(BREATH);
        self.frames[last..].iter().any(|f| f.speech)
    }

    /// Root mean square of the last 0.1 s.
    pub fn level(&self) -> f32 {
        let last = self.frames.len().saturating_sub(6);
        let frames = &self.frames[last..];
        let sum: f32 = frames.iter().map(|f| f.rms * f.rms).sum();
        (sum / frames.len().max(1) as f32).sqrt()
    }

    /// Takes the fresh scores, whose samples are in `pcm`.
    fn judge(&mut self) -> Option<Update> {
        self.scores.extend(self.fresh.drain(..));
        // A frame is judged with those behind it.
        let behind = if self.ended { 0 } else { SMOOTH / 2 };
        while self.frames.len() + behind < self.scores.len() {
            let i = self.frames.len();
            self.frames.push(Frame {
                number: self.first + i as u64,
                speech: is_speech(&self.scores, i, |s| *s),
                rms: self.scores[i].rms,
            });
        }
        let mut update = Update::default();
        self.advance(&mut update);
        let update = self.complete(update);
        let news = Update {
            partial: Vec::new(),
            ..update.clone()
        } != Update::default();
        news.then_some(update)
    }

    fn complete(&mut self, mut update: Update) -> Update {
        update.findings.append(&mut self.findings);
        update.partial.clone_from(&self.rest);
        update
    }

    fn utterance(&self) -> Option<Utterance> {
        let speech = self.frames.iter().position(|f| f.speech)?;
        let mut speech_to = speech;
        let mut length = 0;
        for (i, frame) in self.frames.iter().enumerate().skip(speech) {
            if frame.speech {
                speech_to = i + 1;
                length += 1;
            } else if i + 1 - speech_to >= PAUSE {
                break;
            }
        }
        Some(Utterance {
            speech,
            speech_to,
            length,
            ended: self.ended || self.frames.len() - speech_to >= PAUSE,
        })
    }

    /// Whether a pass over an utterance that goes on would tell something new.
    fn is_worth_it(&self, utterance: &Utterance) -> bool {
        let to = self.first + self.frames.len() as u64;
        self.frames.len() - utterance.speech >= FIRST
            && self.frames.len() - utterance.speech_to < BREATH
            && to >= self.heard_to + NEW as u64
            && self.first + utterance.speech_to as u64 > self.heard_to
    }

    /// Whether the first frames are as steady as a fan, and nobody heard a word in them.
    fn is_steady(&self, count: usize) -> bool {
        let levels: Vec<f32> = self.frames[..count].iter().map(|f| f.rms).collect();
        self.anchor == self.committed.len() && self.rest.is_empty() && !chunk::is_modulated(&levels)
    }

    /// Settles what needs no engine: utterances that were heard to their end, clicks, fans, silence.
    fn advance(&mut self, update: &mut Update) {
        if self.under_way.is_some() {
            return;
        }
        while let Some(utterance) = self.utterance() {
            let longest = (LONGEST_S / FRAME_S) as usize;
            let margin = (utterance.speech_to + MARGIN).min(self.frames.len());
            let steady = if utterance.ended {
                self.is_steady(margin).then_some(margin)
            } else {
                (self.frames.len() >= longest && self.is_steady(longest)).then_some(longest)
            };
            if let Some(count) = steady.filter(|_| utterance.length >= LEAST) {
                self.dismiss(count);
            } else if utterance.ended
                && (utterance.length < LEAST
                    || self.whole == Some(self.first + utterance.speech_to as u64))
            {
                self.settle(&utterance, update);
            } else {
                return;
            }
        }
        // Nobody speaks: what precedes the next word is enough.
        self.rest.clear();
        self.anchor = self.committed.len();
        let keep = if self.ended { 0 } else { MARGIN };
        self.cut(
            self.frames.len().saturating_sub(keep),
            "also when heard again",
        );
    }

    /// Ends an utterance: all that was heard of it is committed and its sound let go.
    fn settle(&mut self, utterance: &Utterance, update: &mut Update) {
        self.commit(self.rest.len(), update);
        for left_out in std::mem::take(&mut self.left_out) {
            let (Some(from), Some(to)) = (left_out.words.first(), left_out.words.last()) else {
                continue;
            };
            let mut finding = Finding::new(
                FindingKind::TextWithoutSpeech,
                Severity::Warning,
                (from.start_s, to.end_s),
                (self.committed.len(), self.committed.len()),
                left_out.message,
                left_out.evidence,
            );
            finding.heard = transcript::join(left_out.words.iter().map(|w| w.text.as_str()));
            self.findings.push(finding);
        }
        if self.open {
            update.ended_s = Some(second(self.first + utterance.speech_to as u64));
            self.open = false;
        }
        self.anchor = self.committed.len();
        // The margin before the next utterance stays at hand.
        let behind = utterance.speech_to + (PAUSE - MARGIN);
        self.cut(behind.min(self.frames.len()), "also when heard again");
    }

    /// Lets go of sound that the detector took for speech and that is none.
    fn dismiss(&mut self, count: usize) {
        let speech = chunk::speech(&self.frames[..count]);
        if let (Some(from), Some(to)) = (speech.first(), speech.last()) {
            let at = self.committed.len();
            self.findings.push(Finding::new(
                FindingKind::SpeechWithoutText,
                Severity::Warning,
                (from.start_s, to.end_s),
                (at, at),
                "A steady sound here was taken for noise, not for speech; listen whether somebody speaks.",
                "detector: speech; level: as steady as a fan",
            ));
        }
        self.drop_frames(count);
    }

    /// Bounds what waits for an engine that cannot keep up. The pass over the whole recording hears it.
    fn give_up_the_oldest(&mut self) {
        if self.frames.len() > MOST_WAITING {
            self.rest.clear();
            self.anchor = self.committed.len();
            self.cut(self.frames.len() - MOST_WAITING / 2, "it cannot keep up");
        }
    }

    /// How many of the words behind the committed ones two passes in a row agree on.
    fn agreed(&self, words: &[Word], to: u64) -> usize {
        let stable_s = second(to) - UNSTABLE_S;
        self.rest
            .iter()
            .zip(words)
            .take_while(|(old, new)| key(&old.text) == key(&new.text) && new.end_s <= stable_s)
            .count()
    }

    /// Commits the first words of the rest.
    fn commit(&mut self, count: usize, update: &mut Update) {
        for mut word in self.rest.drain(..count) {
            let floor_s = self.committed.last().map_or(0.0, |w| w.end_s);
            word.start_s = word.start_s.max(floor_s);
            word.end_s = word.end_s.max(word.start_s);
            update.committed.push(word.clone());
            self.committed.push(word);
            self.open = true;
        }
    }

    /// Takes off the words of a pass that are committed already: the number of words at which edits, and the seconds by
    /// which the words on both sides overlap, are least.
    fn behind_committed(&self, mut words: Vec<Word>) -> Vec<Word> {
        let here = &self.committed[self.anchor..];
        let Some(last) = here.last() else {
            return words;
        };
        let old: Vec<String> = here.iter().map(|w| key(&w.text)).collect();
        // Edits between the committed words and each number of words of the pass.
        let mut row: Vec<usize> = (0..=old.len()).collect();
        let mut best = (f64::INFINITY, 0);
        for count in 0..=words.len() {
            if count > 0 {
                let new = key(&words[count - 1].text);
                let mut diagonal = row[0];
                row[0] = count;
                for (i, old) in old.iter().enumerate() {
                    let cost = (diagonal + usize::from(*old != new))
                        .min(row[i] + 1)
                        .min(row[i + 1] + 1);
                    diagonal = row[i + 1];
                    row[i + 1] = cost;
                }
            }
            let edits = row.last().copied().unwrap_or(0) as f64;
            let before_s = count
                .checked_sub(1)
                .map_or(0.0, |i| (words[i].end_s - last.end_s).max(0.0));
            let behind_s = words
                .get(count)
                .map_or(0.0, |w| (last.end_s - w.start_s).max(0.0));
            let cost = edits + EDITS_PER_S * (before_s + behind_s);
            if cost < best.0 {
                best = (cost, count);
            }
        }
        words.split_off(best.1)
    }

    /// Ends a pass over more than one piece can hold.
    fn cut_off(&mut self, pass: Pass, update: &mut Update) {
        let count = (pass.to - self.first) as usize;
        if pass.cut == Cut::InSpeech {
            let stable_s = second(pass.to) - UNSTABLE_S;
            let stable = self.rest.iter().take_while(|w| w.end_s <= stable_s).count();
            self.commit(stable, update);
            if let Some((at, anchor)) = self.overlapping_cut() {
                self.anchor = anchor;
                self.cut(at, "also when heard again");
                return;
            }
        }
        self.commit(self.rest.len(), update);
        self.anchor = self.committed.len();
        self.cut(count, "also when heard again");
    }

    /// Lets go of sound whose words are committed.
    fn shorten(&mut self) {
        if let Some((at, anchor)) = self.cut_in_a_pause().or_else(|| self.overlapping_cut()) {
            self.anchor = anchor;
            self.cut(at, "also when heard again");
        }
    }

    /// A short silence with committed words alone before it: where, and the first word behind it.
    fn cut_in_a_pause(&self) -> Option<(usize, usize)> {
        let last_s = self.committed[self.anchor..].last()?.end_s;
        let limit_s = self.rest.first().map_or(f64::INFINITY, |w| w.start_s);
        let mut best: Option<(f64, usize)> = None;
        let mut from = 0;
        for (i, frame) in self.frames.iter().enumerate() {
            if !frame.speech {
                continue;
            }
            let (silent, at) = (i - from, from + (i - from) / 2);
            let at_s = second(self.first + at as u64);
            // Speech between the last committed word and the silence would be lost.
            let safe = at_s <= limit_s && second(self.first + from as u64) <= last_s + UNSTABLE_S;
            if silent >= SHORT_PAUSE && at >= WORTH_A_CUT && safe {
                // A longer silence is better, and so is a later one: 0.4 s as much as all of the sound.
                let value = silent.min(25) as f64 + 25.0 * i as f64 / self.frames.len() as f64;
                if best.is_none_or(|(v, _)| value > v) {
                    best = Some((value, at));
                }
            }
            from = i + 1;
        }
        let (_, at) = best?;
        let at_s = second(self.first + at as u64);
        let behind = self.committed[self.anchor..]
            .iter()
            .take_while(|w| (w.start_s + w.end_s) / 2.0 < at_s)
            .count();
        Some((at, self.anchor + behind))
    }

    /// The beginning of a committed word from which on the words are kept and heard again: where, and the word.
    fn overlapping_cut(&self) -> Option<(usize, usize)> {
        let here = &self.committed[self.anchor..];
        let from_s = here.last()?.end_s - OVERLAP_S;
        let word = here.iter().rposition(|w| w.start_s <= from_s)?;
        let at = ((here[word].start_s / FRAME_S) as u64).checked_sub(self.first)? as usize;
        let near = at.saturating_sub(4)..(at + 2).min(self.frames.len());
        let softest = near.min_by(|&a, &b| self.frames[a].rms.total_cmp(&self.frames[b].rms))?;
        (softest >= WORTH_A_CUT).then_some((softest, self.anchor + word))
    }

    /// Lets go of the first frames. Speech in them without words is a finding.
    fn cut(&mut self, count: usize, why: &str) {
        let speech = chunk::speech(&self.frames[..count]);
        let from_s = second(self.first) - 2.0;
        let recent = self.committed.partition_point(|w| w.end_s < from_s);
        let gaps = careful::gaps(&self.committed[recent..], &speech);
        self.findings.extend(careful::speech_without_text(
            &gaps,
            &self.committed,
            f64::INFINITY,
            why,
        ));
        self.drop_frames(count);
    }

    fn drop_frames(&mut self, count: usize) {
        self.pcm.drain(..count * FRAME);
        self.scores.drain(..count);
        self.frames.drain(..count);
        self.first += count as u64;
    }
}

/// The second at which a frame begins.
fn second(frame: u64) -> f64 {
    seconds(frame * FRAME as u64)
}

/// A word as it is compared between passes: case and punctuation at its edges say nothing.
pub fn key(text: &str) -> String {
    let inner = text.trim_matches(|c: char| !c.is_alphanumeric());
    let inner = if inner.is_empty() { text } else { inner };
    inner.to_lowercase()
}

#[cfg(test)]
mod tests;
