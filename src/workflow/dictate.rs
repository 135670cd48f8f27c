//! A dictation while it is spoken: sound to disk, to [`Live`], and to the engine; text to whoever looks.
//!
//! One thread takes the sound from its source, the pool hears, and the caller's thread keeps the recording, decides and tells.
//! Sound is on disk before anything else happens to it. What comes out is for the eye; the report is made from the pass
//! over the whole recording that follows ([`crate::workflow::transcribe`]), which [`crate::workflow::merge`] joins with
//! what a person changed in the meantime.

use crate::audio::capture::{Block, Source};
use crate::audio::recorder::Recorder;
use crate::audio::{AudioError, seconds};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::recognition::Recognition;
use crate::domain::transcript::{Stretch, Word};
use crate::speech::careful::Passage;
use crate::speech::engine::{Cancel, HearOptions, SpeechError};
use crate::speech::live::{Live, Request, Update, key};
use crate::speech::pool::{Job, Pool, Ticket, Urgency};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How often somebody looks for an answer of the engine while sound comes in.
const LOOK: Duration = Duration::from_millis(10);

/// Blocks that may wait for the caller's thread before the source waits.
const WAITING: usize = 64;

/// How a dictation is heard.
#[derive(Debug, Clone)]
pub struct Options {
    /// ISO 639-1 code.
    pub language: String,
    /// Vocabulary prompt; empty for none.
    pub prompt: String,
    /// When the sound comes.
    pub pace: Pace,
}

/// When the next sound is taken from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// When the source has it: a microphone.
    Source,
    /// When it would have been spoken: a recording that is played.
    Clock,
    /// When the engine has heard what came before: a recording, as fast as that goes.
    Engine,
}

/// What whoever looks is told: with every update, and with every block of sound.
#[derive(Debug)]
pub struct News<'a> {
    /// What changed in the text.
    pub update: Option<&'a Update>,
    /// Seconds of sound so far.
    pub at_s: f64,
    /// Root mean square of the last 0.1 s, 0 to 1.
    pub level: f32,
    /// Whether somebody speaks.
    pub speaks: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Dictated {
    /// The committed words.
    pub words: Vec<Word>,
    /// What live hearing found.
    pub findings: Vec<Finding>,
    /// Length of the sound, seconds.
    pub length_s: f64,
    /// Where sound was lost before it came here.
    pub holes: Vec<Stretch>,
    /// Why the source stopped, if it was not the end.
    pub broken: Option<String>,
    /// How long words and utterances took to appear; empty where sound did not come at its own pace.
    pub latency: Latency,
}

/// Why a dictation ended without a result. What was said until then is in the recording.
#[derive(Debug, thiserror::Error)]
pub enum DictateError {
    /// The sound cannot be taken or kept.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The engine cannot do its work.
    #[error(transparent)]
    Speech(#[from] SpeechError),
}

enum Event {
    Sound(Block),
    Broken(AudioError),
    End,
}

/// Hears a dictation until its source ends or `stop` is asked for; `cancel` ends it without a result.
pub fn dictate(
    mut source: impl Source,
    recorder: &mut Recorder,
    pool: &Pool,
    options: &Options,
    (stop, cancel): (&Cancel, &Cancel),
    tell: &mut dyn FnMut(&News<'_>),
) -> Result<Dictated, DictateError> {
    let mut table = Table {
        desk: Desk::new(pool, &options.language, &options.prompt, cancel),
        recorder,
        started: None,
        timed: options.pace != Pace::Engine,
        done: Dictated::default(),
        tell,
    };
    std::thread::scope(|scope| {
        let (events, incoming) = sync_channel(WAITING);
        let (more, wanted) = sync_channel(1);
        let pace = options.pace;
        scope.spawn(move || {
            let mut started = None;
            let mut played = 0;
            let last = loop {
                if stop.is_cancelled() {
                    break Event::End;
                }
                match source.next() {
                    Ok(None) => break Event::End,
                    Err(e) => break Event::Broken(e),
                    Ok(Some(block)) => {
                        played += block.samples.len() as u64;
                        if pace == Pace::Clock {
                            let due = *started.get_or_insert_with(Instant::now)
                                + Duration::from_secs_f64(seconds(played));
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        }
                        let listens = events.send(Event::Sound(block)).is_ok();
                        if !listens || (pace == Pace::Engine && wanted.recv().is_err()) {
                            return;
                        }
                    }
                }
            };
            // Where nobody listens any more, there is nothing to end.
            let _ = events.send(last);
        });
        table.run(&incoming, &more, cancel)
    })?;
    table.done.words = table.desk.live.committed().to_vec();
    table.done.length_s = table.desk.at_s();
    Ok(table.done)
}

/// Sound goes in, text comes out: one stretch of speech that is heard while it goes on. It has no thread of its own; who
/// drives it keeps the sound, pushes it, and takes turns. What the command line and the service both work with.
pub struct Desk {
    ear: Ear,
    live: Live,
    samples: u64,
}

impl Desk {
    /// A desk that has heard nothing. `language` is an ISO 639-1 code; `prompt` may be empty.
    pub fn new(pool: &Pool, language: &str, prompt: &str, cancel: &Cancel) -> Self {
        Self {
            ear: Ear {
                job: pool.job(Urgency::Live, cancel),
                how: HearOptions {
                    language: language.to_owned(),
                    threads: 1,
                    beam: 1,
                    temperature: 0.0,
                    audio_ctx: None,
                },
                prompt: prompt.into(),
                ticket: None,
            },
            live: Live::default(),
            samples: 0,
        }
    }

    /// Takes 16 kHz mono samples in -1 to 1 that are kept already. There is an update where a pause has ended an utterance.
    pub fn push(&mut self, samples: &[f32]) -> Option<Update> {
        self.samples += samples.len() as u64;
        self.live.push(samples)
    }

    /// No more sound comes; there may be more to hear.
    pub fn finish(&mut self) -> Option<Update> {
        self.live.finish()
    }

    /// The answer of the engine, if there is one; with `wait`, when there is one.
    ///
    /// # Errors
    /// What the engine failed with, and [`SpeechError::Cancelled`].
    pub fn answer(&mut self, wait: bool) -> Result<Option<Update>, SpeechError> {
        Ok(self.ear.answer(wait)?.map(|answer| self.live.heard(answer)))
    }

    /// Asks the engine for what is to be heard next, unless it is busy for this desk.
    pub fn ask(&mut self) -> Result<(), SpeechError> {
        match self.live.next_piece() {
            Some(request) => self.ear.hear(request),
            None => Ok(()),
        }
    }

    /// Whether an answer of the engine is to come.
    pub fn hears(&self) -> bool {
        self.ear.hears()
    }

    /// Seconds of sound so far.
    pub fn at_s(&self) -> f64 {
        seconds(self.samples)
    }
}

/// The caller's thread.
struct Table<'a> {
    desk: Desk,
    recorder: &'a mut Recorder,
    started: Option<Instant>,
    timed: bool,
    done: Dictated,
    tell: &'a mut dyn FnMut(&News<'_>),
}

impl Table<'_> {
    fn run(
        &mut self,
        incoming: &Receiver<Event>,
        more: &SyncSender<()>,
        cancel: &Cancel,
    ) -> Result<(), DictateError> {
        let mut ended = false;
        let mut owed = false;
        loop {
            if cancel.is_cancelled() {
                return Err(SpeechError::Cancelled.into());
            }
            if let Some(update) = self.desk.answer(ended)? {
                self.report(Some(update));
            }
            self.desk.ask()?;
            if ended {
                if self.desk.hears() {
                    continue;
                }
                return Ok(());
            }
            if owed && !self.desk.hears() {
                owed = false;
                // Only a source that is paced by the engine takes this; it must not be waited for.
                let _ = more.try_send(());
            }
            match incoming.recv_timeout(LOOK) {
                Ok(Event::Sound(block)) => {
                    self.take(&block)?;
                    owed = true;
                }
                Ok(Event::Broken(e)) if self.desk.samples == 0 => return Err(e.into()),
                Ok(Event::Broken(e)) => {
                    self.done.broken = Some(e.to_string());
                    ended = true;
                }
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => ended = true,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ended {
                let update = self.desk.finish();
                self.report(update);
            }
        }
    }

    fn take(&mut self, block: &Block) -> Result<(), DictateError> {
        self.recorder.write(&block.samples)?;
        let length = Duration::from_secs_f64(seconds(block.samples.len() as u64));
        // The first block was spoken before it came.
        self.started.get_or_insert_with(|| {
            Instant::now()
                .checked_sub(length)
                .unwrap_or_else(Instant::now)
        });
        if block.missed > 0 {
            let before = self.desk.samples;
            self.done.holes.push(Stretch {
                start_s: seconds(before),
                end_s: seconds(before + block.missed as u64),
            });
        }
        let update = self.desk.push(&block.samples);
        self.report(update);
        Ok(())
    }

    fn report(&mut self, update: Option<Update>) {
        if let Some(update) = &update {
            self.done.findings.extend(update.findings.iter().cloned());
            if let Some(started) = self.started.filter(|_| self.timed) {
                self.done
                    .latency
                    .take(update, started.elapsed().as_secs_f64());
            }
        }
        (self.tell)(&News {
            update: update.as_ref(),
            at_s: self.desk.at_s(),
            level: self.desk.live.level(),
            speaks: self.desk.live.speaks(),
        });
    }
}

/// The pool, as one dictation sees it: one request at a time.
struct Ear {
    job: Job,
    how: HearOptions,
    prompt: Arc<str>,
    ticket: Option<Ticket<Passage>>,
}

impl Ear {
    fn hear(&mut self, request: Request) -> Result<(), SpeechError> {
        let (how, prompt) = (self.how.clone(), self.prompt.clone());
        let ticket = self
            .job
            .submit(request.chunk.length_s(), move |session, turn| {
                let options = HearOptions {
                    threads: turn.threads,
                    ..how
                };
                request.hear(session, &prompt, &options, &turn.cancel)
            })?;
        self.ticket = Some(ticket);
        Ok(())
    }

    fn hears(&self) -> bool {
        self.ticket.is_some()
    }

    /// The answer to the request, once.
    fn answer(&mut self, wait: bool) -> Result<Option<Passage>, SpeechError> {
        if wait {
            return self.ticket.take().map(Ticket::wait).transpose();
        }
        let answer = self.ticket.as_ref().and_then(Ticket::poll);
        if answer.is_some() {
            self.ticket = None;
        }
        answer.transpose()
    }
}

/// Adds to the recognition of the whole recording what only the one who recorded knows: where sound was lost.
pub fn conclude(dictated: &Dictated, recognition: &mut Recognition) {
    let words = &recognition.raw.words;
    let mut holes: Vec<(Stretch, String)> = dictated
        .holes
        .iter()
        .map(|hole| {
            let message = format!(
                "The machine was too busy to record here: {:.1} s are missing. What was said there is not in the text.",
                hole.length_s()
            );
            (*hole, message)
        })
        .collect();
    if dictated.broken.is_some() {
        let end = Stretch {
            start_s: dictated.length_s,
            end_s: dictated.length_s,
        };
        let message = "The recording broke off here. What was said after this is not in the text.";
        holes.push((end, message.into()));
    }
    for (hole, message) in holes {
        let before = words.partition_point(|w| w.start_s < hole.start_s);
        recognition.findings.push(Finding::new(
            FindingKind::AudioDamaged,
            Severity::Critical,
            (hole.start_s, hole.end_s),
            (before, before),
            message,
            dictated
                .broken
                .clone()
                .unwrap_or_else(|| "recording: the queue was full".into()),
        ));
    }
    crate::domain::finding::number(&mut recognition.findings);
}

/// How far apart in seconds the middles of a word may lie in two passes.
const SAME_WORD_S: f64 = 0.7;

/// How long it took until words stood there, and until utterances were final.
#[derive(Debug, Clone, Default)]
pub struct Latency {
    /// Partial words of the utterance: key, middle, moment of first appearance; seconds of the recording.
    shown: Vec<(String, f64, f64)>,
    /// Per committed word the seconds from its end to its first appearance, partial or committed.
    pub words: Vec<f64>,
    /// Per utterance the seconds from the end of speech until all of it was committed.
    pub utterances: Vec<f64>,
}

impl Latency {
    /// Takes an update that came at `now_s` of the recording's own time.
    pub fn take(&mut self, update: &Update, now_s: f64) {
        let middle = |w: &Word| (w.start_s + w.end_s) / 2.0;
        for word in &update.committed {
            let name = key(&word.text);
            let first_s = self
                .shown
                .iter()
                .filter(|(k, at, _)| *k == name && (at - middle(word)).abs() < SAME_WORD_S)
                .map(|(_, _, first_s)| *first_s)
                .fold(now_s, f64::min);
            self.words.push(first_s - word.end_s);
        }
        for word in &update.partial {
            let (name, at) = (key(&word.text), middle(word));
            let known = self
                .shown
                .iter()
                .any(|(k, t, _)| *k == name && (t - at).abs() < SAME_WORD_S);
            if !known {
                self.shown.push((name, at, now_s));
            }
        }
        if let Some(ended_s) = update.ended_s {
            self.utterances.push(now_s - ended_s);
            self.shown.clear();
        }
    }
}

/// Median and 95th percentile (nearest rank).
pub fn median_and_p95(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |share: f64| {
        let n = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(n.saturating_sub(1)).copied()
    };
    Some((rank(0.5)?, rank(0.95)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, start_s: f64) -> Word {
        Word {
            text: text.into(),
            start_s,
            end_s: start_s + 0.4,
            probability: 0.9,
            take: 0,
        }
    }

    #[test]
    fn a_word_counts_from_when_it_first_stood_there() {
        let mut latency = Latency::default();
        let update = |committed: &[Word], partial: &[Word], ended_s| Update {
            committed: committed.to_vec(),
            partial: partial.to_vec(),
            ended_s,
            ..Update::default()
        };
        latency.take(
            &update(&[], &[word("no", 1.0), word("fee", 1.5)], None),
            2.0,
        );
        latency.take(
            &update(&[word("No", 1.1)], &[word("fever", 1.5)], None),
            2.5,
        );
        latency.take(
            &update(&[word("fever,", 1.5), word("no", 3.0)], &[], Some(3.4)),
            4.0,
        );
        let rounded: Vec<i64> = latency
            .words
            .iter()
            .map(|s| (s * 10.0).round() as i64)
            .collect();
        // "no" at 2.0, "fever" at 2.5, and the second "no", which is another one, at 4.0.
        assert_eq!(rounded, [5, 6, 6]);
        assert_eq!(latency.utterances.len(), 1);
        assert!((latency.utterances[0] - 0.6).abs() < 1e-9);
    }

    #[test]
    fn median_and_p95_are_values_that_were_measured() {
        assert_eq!(median_and_p95(&[]), None);
        assert_eq!(median_and_p95(&[3.0]), Some((3.0, 3.0)));
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(median_and_p95(&values), Some((50.0, 95.0)));
    }
}
