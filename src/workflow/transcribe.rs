//! From a recording to a report draft: hear, propose, score, decide, text.
//!
//! One thread reads and cuts the sound, workers with a session each hear the chunks, and the caller's thread puts them
//! back in order and decides. Workers with one thread each get more done than one session with many: the engine's
//! threads wait for each other after every matrix, workers never do. Few chunks are under way at any time, so that
//! memory does not grow with the recording.

use crate::audio::chunk::{Chunk, Chunker};
use crate::audio::decode::Decoder;
use crate::audio::{AudioError, OpenOptions};
use crate::dictionary::correct::{self, Proposal};
use crate::dictionary::index::Index;
use crate::domain::finding::{self, Finding, FindingKind, Severity};
use crate::domain::recognition::{Raw, Recognition, SourceInfo, Transcript};
use crate::domain::transcript::{self, Coverage, Edit, Stretch, Word};
use crate::speech::careful::{self, Passage};
use crate::speech::engine::{Cancel, Engine, HearOptions, Session, SpeechError};
use crate::text;
use serde_json::json;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Chunks that may wait to be heard (20 s, 1.3 MB each).
const WAITING: usize = 2;

/// Most workers for one recording; each needs a decoder state of about 100 MB with the base model.
const MOST_WORKERS: usize = 4;

/// Recordings up to this length in seconds are one chunk: all threads work on it together.
const ONE_CHUNK_S: f64 = 20.0;

/// Gaps closer than this, in seconds, with no word between them are shown as one.
const ONE_PLACE_S: f64 = 5.0;

/// Mean log probability of a passage's tokens under which it is pointed out.
const DOUBTFUL: f32 = -1.0;

/// How a recording is transcribed.
#[derive(Debug, Clone)]
pub struct Options {
    /// ISO 639-1 code.
    pub language: String,
    /// Threads of the engine.
    pub threads: usize,
    /// Vocabulary prompt; empty for none.
    pub prompt: String,
    /// How the recording is opened: which channel, and what decodes dictaphone files.
    pub source: OpenOptions,
}

/// How often a run that waits for results looks whether it was cancelled.
const CANCEL_LOOK: Duration = Duration::from_millis(100);

/// Channels of a recording.
pub fn channels(recording: &Path, source: &OpenOptions) -> Result<u16, AudioError> {
    let mut decoder = Decoder::open_with(recording, source)?;
    if decoder.info().channels == 0 {
        // The header does not say; the sound does.
        decoder.next_block()?;
    }
    Ok(decoder.info().channels)
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// The recording cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The engine cannot do its work.
    #[error(transparent)]
    Speech(#[from] SpeechError),
}

/// What is known when the recording is read.
struct End {
    info: SourceInfo,
    duration_s: f64,
    holes: Vec<Stretch>,
    complaint: Option<String>,
    repaired: u64,
    dismissed: Vec<Stretch>,
    decode_s: f64,
}

/// A chunk with its place in the recording.
struct Numbered {
    number: usize,
    chunk: Chunk,
}

/// What a worker made of a chunk. Spans of the proposals count from the chunk's first word.
struct Worked {
    chunk: Chunk,
    passage: Passage,
    proposals: Vec<Proposal>,
    scores: Vec<Vec<Option<f32>>>,
    hear: Duration,
    dictionary: Duration,
}

/// How the threads are used.
fn plan(threads: usize, claimed_s: Option<f64>) -> (usize, usize) {
    let threads = threads.max(1);
    if claimed_s.is_some_and(|s| s <= ONE_CHUNK_S) {
        return (1, threads);
    }
    let workers = threads.min(MOST_WORKERS);
    (workers, threads / workers)
}

/// Transcribes a recording. `progress` is told the seconds done and, if the header says, the seconds there are.
pub fn transcribe(
    recording: &Path,
    engine: &dyn Engine,
    index: &Index,
    options: &Options,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f64, Option<f64>),
) -> Result<Recognition, TranscribeError> {
    let started = Instant::now();
    let decoder = Decoder::open_with(recording, &options.source)?;
    let stopper = decoder.stopper();
    let claimed_s = decoder.claimed_s();
    let (workers, threads) = plan(options.threads, claimed_s);
    let hear_options = HearOptions {
        language: options.language.clone(),
        threads,
        beam: 1,
        temperature: 0.0,
        audio_ctx: None,
    };
    let sessions = (0..workers)
        .map(|_| engine.open())
        .collect::<Result<Vec<_>, _>>()?;
    let job = Job {
        index,
        prompt: &options.prompt,
        channel: options.source.channel.as_str(),
        hear_options: &hear_options,
        cancel,
    };
    let mut run = Run::default();
    let end = std::thread::scope(|scope| {
        let (to_workers, chunks) = sync_channel(WAITING);
        let (to_caller, results) = channel();
        let reader = scope.spawn(move || read(decoder, &to_workers));
        let chunks = Arc::new(Mutex::new(chunks));
        let job = &job;
        for session in sessions {
            let (chunks, to_caller) = (chunks.clone(), to_caller.clone());
            scope.spawn(move || work(session, &chunks, &to_caller, job));
        }
        // The workers alone hold the ends now: when they stop, so do the reader and the loop below.
        drop((chunks, to_caller));
        let collected = run.collect(&results, claimed_s, job.cancel, progress);
        if collected.is_err() {
            // The reader may be waiting for a program that never writes again.
            stopper.stop();
        }
        // Nobody listens any more: workers stop after their chunk, and the reader with the last of them.
        drop(results);
        let read = reader.join();
        collected?;
        read.unwrap_or_else(|_| {
            Err(AudioError::Absurd(
                recording.to_path_buf(),
                "the decoder stopped with an error".into(),
            ))
        })
        .map_err(TranscribeError::from)
    })?;
    progress(end.duration_s, Some(end.duration_s));
    Ok(run.finish(end, engine, &job, workers, started))
}

/// Reads and cuts until the end, or until nobody listens any more.
fn read(mut decoder: Decoder, sender: &SyncSender<Numbered>) -> Result<End, AudioError> {
    let mut chunker = Chunker::default();
    let mut busy = Duration::ZERO;
    let mut number = 0;
    let mut ended = false;
    while !ended {
        let started = Instant::now();
        match decoder.next_block()? {
            Some(block) => chunker.push(&block),
            None => {
                chunker.finish();
                ended = true;
            }
        }
        busy += started.elapsed();
        while let Some(chunk) = chunker.pop() {
            if sender.send(Numbered { number, chunk }).is_err() {
                ended = true;
                break;
            }
            number += 1;
        }
    }
    Ok(End {
        info: decoder.info().clone(),
        duration_s: decoder.decoded_s(),
        holes: decoder.holes().to_vec(),
        complaint: decoder.complaint().map(str::to_owned),
        repaired: decoder.repaired(),
        dismissed: chunker.dismissed().to_vec(),
        decode_s: busy.as_secs_f64(),
    })
}

/// What the workers share.
struct Job<'a> {
    index: &'a Index,
    prompt: &'a str,
    channel: &'static str,
    hear_options: &'a HearOptions,
    cancel: &'a Cancel,
}

/// Hears chunks until there are none, or until nobody listens any more.
fn work(
    mut session: Box<dyn Session>,
    chunks: &Mutex<Receiver<Numbered>>,
    sender: &Sender<(usize, Result<Worked, SpeechError>)>,
    job: &Job<'_>,
) {
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Numbered { number, chunk }) = next else {
            return;
        };
        // A panic in the engine costs this recording and not the process with the others.
        let worked = catch_unwind(AssertUnwindSafe(|| job.hear(session.as_mut(), chunk)))
            .unwrap_or_else(|_| Err(SpeechError::Engine("it stopped with an error".into())));
        if sender.send((number, worked)).is_err() {
            return;
        }
    }
}

impl Job<'_> {
    /// Hears a chunk, lets the dictionary propose and the engine judge while it still has the sound.
    fn hear(&self, session: &mut dyn Session, chunk: Chunk) -> Result<Worked, SpeechError> {
        let started = Instant::now();
        let passage = careful::hear(session, &chunk, self.prompt, self.hear_options, self.cancel)?;
        let hear = started.elapsed();
        let started = Instant::now();
        let proposals = correct::propose(&passage.words, 0, self.index);
        let mut scores = Vec::with_capacity(proposals.len());
        for proposal in &proposals {
            let candidates: Vec<String> =
                proposal.candidates.iter().map(|c| c.text.clone()).collect();
            scores.push(session.score(proposal.word_from..proposal.word_to, &candidates)?);
        }
        Ok(Worked {
            chunk,
            passage,
            proposals,
            scores,
            hear,
            dictionary: started.elapsed(),
        })
    }
}

/// A run in progress: what has been heard so far, in order.
#[derive(Default)]
struct Run {
    seen: correct::Seen,
    words: Vec<Word>,
    edits: Vec<Edit>,
    findings: Vec<Finding>,
    speech: Vec<Stretch>,
    hear: Duration,
    dictionary: Duration,
    retries: u32,
}

impl Run {
    /// Takes the workers' results in the order of the recording.
    fn collect(
        &mut self,
        results: &Receiver<(usize, Result<Worked, SpeechError>)>,
        claimed_s: Option<f64>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f64, Option<f64>),
    ) -> Result<(), SpeechError> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        loop {
            let (number, worked) = match results.recv_timeout(CANCEL_LOOK) {
                Ok(result) => result,
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    return Err(SpeechError::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            early.insert(number, worked?);
            while let Some(worked) = early.remove(&next) {
                next += 1;
                progress(
                    worked.chunk.clock.recording_end_s(worked.chunk.length_s()),
                    claimed_s,
                );
                self.take(worked);
            }
        }
    }

    fn take(&mut self, worked: Worked) {
        let Worked {
            chunk,
            passage,
            mut proposals,
            scores,
            ..
        } = worked;
        self.hear += worked.hear;
        self.dictionary += worked.dictionary;
        self.retries += passage.retries;
        let offset = self.words.len();
        self.doubt(&passage, &chunk, offset);
        // Chunks follow each other, so that times rise over the whole recording.
        let floor = self.words.last().map_or(0.0, |w| w.end_s);
        self.words.extend(passage.words.into_iter().map(|mut w| {
            w.start_s = w.start_s.max(floor);
            w.end_s = w.end_s.max(w.start_s);
            w
        }));
        self.speech.extend(chunk.speech);
        for proposal in &mut proposals {
            proposal.word_from += offset;
            proposal.word_to += offset;
        }
        let (edits, findings) = correct::decide(proposals, &scores, &self.words, &mut self.seen);
        self.edits.extend(edits);
        self.findings.extend(findings);
    }

    /// Findings about a passage as a whole.
    fn doubt(&mut self, passage: &Passage, chunk: &Chunk, offset: usize) {
        let (first, last) = (offset, offset + passage.words.len());
        if let (Some(from), Some(to)) = (passage.phantoms.first(), passage.phantoms.last()) {
            let mut finding = Finding::new(
                FindingKind::TextWithoutSpeech,
                Severity::Warning,
                (from.start_s, to.end_s),
                (last, last),
                "The engine wrote words where nobody speaks; they were left out.",
                "detector: the last speech ended 0.2 s before",
            );
            finding.heard = transcript::join(passage.phantoms.iter().map(|w| w.text.as_str()));
            self.findings.push(finding);
        }
        let low = passage.log_probability < DOUBTFUL && !passage.words.is_empty();
        let sparse = passage.sparse && !passage.words.is_empty();
        if passage.repeats || sparse || low {
            let (start_s, end_s) = (
                chunk.clock.recording_s(0.0),
                chunk.clock.recording_end_s(chunk.length_s()),
            );
            let (message, evidence) = if passage.repeats {
                (
                    "The words of this passage repeat themselves; listen to it.",
                    "the same words three times in a row, also when heard again".to_owned(),
                )
            } else if sparse {
                (
                    "There are few words for so much speech here; listen for what is missing.",
                    format!(
                        "{} words in {:.1} s of speech",
                        passage.words.len(),
                        chunk.speech_s()
                    ),
                )
            } else {
                (
                    "The engine is unsure of this whole passage; listen to it.",
                    format!("mean log probability {:.2}", passage.log_probability),
                )
            };
            let mut finding = Finding::new(
                FindingKind::DoubtfulPassage,
                Severity::Warning,
                (start_s, end_s),
                (first, last),
                message,
                evidence,
            );
            finding.heard = transcript::join(passage.words.iter().map(|w| w.text.as_str()));
            self.findings.push(finding);
        }
    }

    fn finish(
        mut self,
        end: End,
        engine: &dyn Engine,
        job: &Job<'_>,
        workers: usize,
        started: Instant,
    ) -> Recognition {
        // The last frame is filled up with silence, so that a word may seem to end after the recording.
        for word in &mut self.words {
            word.end_s = word.end_s.min(end.duration_s);
            word.start_s = word.start_s.min(word.end_s);
        }
        let coverage = self.coverage();
        self.findings.extend(damage(&end, &self.words));
        if self.words.is_empty() && coverage.speech_s == 0.0 {
            self.findings.push(Finding::new(
                FindingKind::NoSpeech,
                Severity::Warning,
                (0.0, end.duration_s),
                (0, 0),
                "Nobody speaks in this recording; check the microphone and that it is the right file.",
                "detector: no speech",
            ));
        }
        let text_started = Instant::now();
        for (i, edit) in self.edits.iter_mut().enumerate() {
            edit.id = i as u32 + 1;
        }
        let corrected = transcript::corrected(&self.words, &self.edits);
        let draft = text::draft(&self.words, &corrected);
        self.findings.extend(draft.findings);
        for finding in &mut self.findings {
            locate(finding, &draft.report.trace);
        }
        finding::number(&mut self.findings);
        let text_s = text_started.elapsed().as_secs_f64();
        Recognition {
            source: end.info,
            duration_s: end.duration_s,
            model: engine.model_name().to_owned(),
            model_sha256: engine.model_sha256().to_owned(),
            parameters: json!({
                "engine": "whisper.cpp 1.8.3",
                "osler": env!("CARGO_PKG_VERSION"),
                "language": job.hear_options.language,
                "workers": workers,
                "threads_per_worker": job.hear_options.threads,
                "beam": job.hear_options.beam,
                "temperature": job.hear_options.temperature,
                "prompt": job.prompt,
                "channel": job.channel,
                "dictionary_version": job.index.version(),
                "retries": self.retries,
            }),
            elapsed_s: started.elapsed().as_secs_f64(),
            stages_s: BTreeMap::from([
                ("decode".to_owned(), end.decode_s),
                ("hear".to_owned(), self.hear.as_secs_f64()),
                ("dictionary".to_owned(), self.dictionary.as_secs_f64()),
                ("text".to_owned(), text_s),
            ]),
            raw: Raw {
                text: transcript::join(self.words.iter().map(|w| w.text.as_str())),
                words: self.words,
            },
            transcript: Transcript {
                text: transcript::join(corrected.iter().map(|w| w.text.as_str())),
                edits: self.edits,
            },
            report: draft.report,
            findings: self.findings,
            coverage,
        }
    }

    /// Compares speech and words; every gap becomes a finding.
    fn coverage(&mut self) -> Coverage {
        let gaps = careful::gaps(&self.words, &self.speech);
        // Gaps with no word between them are one place to listen to.
        let mut places: Vec<(usize, Stretch)> = Vec::new();
        for gap in &gaps {
            let before = self.words.partition_point(|w| w.start_s < gap.start_s);
            match places.last_mut() {
                Some((same, place))
                    if *same == before && gap.start_s - place.end_s < ONE_PLACE_S =>
                {
                    place.end_s = gap.end_s;
                }
                _ => places.push((before, *gap)),
            }
        }
        for (before, gap) in places {
            self.findings.push(Finding::new(
                FindingKind::SpeechWithoutText,
                Severity::Critical,
                (gap.start_s, gap.end_s),
                (before, before),
                format!(
                    "Somebody speaks for {:.1} s here and there is no text; listen and type it.",
                    gap.length_s()
                ),
                "detector: speech; engine: no words, also when heard again",
            ));
        }
        let speech_s: f64 = self.speech.iter().map(Stretch::length_s).sum();
        let missing_s: f64 = gaps.iter().map(Stretch::length_s).sum();
        Coverage {
            speech_s,
            covered_s: (speech_s - missing_s).max(0.0),
            gaps,
        }
    }
}

/// What was wrong with the file.
fn damage(end: &End, words: &[Word]) -> Vec<Finding> {
    let mut out: Vec<Finding> = end
        .holes
        .iter()
        .map(|hole| {
            let before = words.partition_point(|w| w.start_s < hole.start_s);
            let cut_off = hole.start_s >= end.duration_s - 0.01;
            let message = if cut_off && hole.length_s() < 0.05 {
                "The recording could not be decoded to its end. What was said after this is not in the text."
                    .to_owned()
            } else {
                format!(
                    "The recording is damaged here: {:.1} s cannot be heard. What was said there is not in the text.",
                    hole.length_s()
                )
            };
            let evidence = match &end.complaint {
                Some(complaint) if cut_off => format!("decoder: {complaint}"),
                _ => "decoder: unreadable or missing".to_owned(),
            };
            Finding::new(
                FindingKind::AudioDamaged,
                Severity::Critical,
                (hole.start_s, hole.end_s),
                (before, before),
                message,
                evidence,
            )
        })
        .collect();
    for steady in &end.dismissed {
        let before = words.partition_point(|w| w.start_s < steady.start_s);
        out.push(Finding::new(
            FindingKind::SpeechWithoutText,
            Severity::Warning,
            (steady.start_s, steady.end_s),
            (before, before),
            "A steady sound here was taken for noise, not for speech; listen whether somebody speaks.",
            "detector: speech; level: as steady as a fan",
        ));
    }
    if end.repaired > 0 {
        out.push(Finding::new(
            FindingKind::AudioDamaged,
            Severity::Info,
            (0.0, end.duration_s),
            (0, 0),
            format!(
                "{} samples of the recording are not numbers and were taken as silence.",
                end.repaired
            ),
            "decoder: not a number",
        ));
    }
    out
}

/// Where in the report a finding's words stand.
fn locate(finding: &mut Finding, trace: &[crate::domain::report::TraceSpan]) {
    if finding.word_from == finding.word_to || finding.report_from.is_some() {
        return;
    }
    let mut spans = trace.iter().filter(|t| {
        t.word_from < t.word_to && t.word_from < finding.word_to && finding.word_from < t.word_to
    });
    if let Some(first) = spans.next() {
        finding.report_from = Some(first.from);
        finding.report_to = Some(spans.next_back().map_or(first.to, |last| last.to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_become_workers_unless_there_is_one_chunk_only() {
        assert_eq!(plan(2, Some(95.0)), (2, 1));
        assert_eq!(plan(2, Some(12.0)), (1, 2));
        assert_eq!(plan(1, None), (1, 1));
        assert_eq!(plan(0, None), (1, 1));
        assert_eq!(plan(16, None), (4, 4));
    }
}
