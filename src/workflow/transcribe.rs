//! From a recording to a report draft: hear, propose, score, decide, text.
//!
//! One thread reads and cuts the sound, the caller's thread hears; between them lie two chunks at most, so that memory
//! does not grow with the recording.

use crate::audio::AudioError;
use crate::audio::chunk::{Chunk, Chunker};
use crate::audio::decode::Decoder;
use crate::dictionary::correct;
use crate::dictionary::index::Index;
use crate::domain::finding::{self, Finding, FindingKind, Severity};
use crate::domain::recognition::{Raw, Recognition, SourceInfo, Transcript};
use crate::domain::transcript::{self, Coverage, Edit, Stretch, Word};
use crate::speech::careful::{self, Passage};
use crate::speech::engine::{Cancel, Engine, HearOptions, Session, SpeechError};
use crate::text;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// Chunks that may wait between the reading and the hearing thread (28 s, 1.8 MB each).
const WAITING: usize = 2;

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

/// What the reading thread sends.
enum Read {
    Chunk(Chunk),
    End(End),
    Failed(AudioError),
}

/// What is known when the recording is read.
struct End {
    info: SourceInfo,
    duration_s: f64,
    holes: Vec<Stretch>,
    repaired: u64,
    decode_s: f64,
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
    let decoder = Decoder::open(recording)?;
    let claimed_s = decoder.claimed_s();
    let hear_options = HearOptions {
        language: options.language.clone(),
        threads: options.threads,
        beam: 1,
        temperature: 0.0,
        audio_ctx: None,
    };
    let mut run = Run {
        session: engine.open()?,
        index,
        seen: correct::Seen::default(),
        prompt: &options.prompt,
        hear_options: &hear_options,
        cancel,
        words: Vec::new(),
        edits: Vec::new(),
        findings: Vec::new(),
        speech: Vec::new(),
        hear_s: 0.0,
        dictionary_s: 0.0,
        retries: 0,
    };
    let end = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || read(decoder, &sender));
        run.consume(receiver, claimed_s, progress)
    })?;
    Ok(run.finish(end, engine, started))
}

/// Reads and cuts until the end, or until nobody listens any more.
fn read(mut decoder: Decoder, sender: &SyncSender<Read>) {
    let started = Instant::now();
    let mut chunker = Chunker::default();
    loop {
        match decoder.next_block() {
            Ok(Some(block)) => chunker.push(&block),
            Ok(None) => break,
            Err(e) => {
                // The other side may have been cancelled and gone; then nobody needs the reason.
                let _ = sender.send(Read::Failed(e));
                return;
            }
        }
        while let Some(chunk) = chunker.pop() {
            if sender.send(Read::Chunk(chunk)).is_err() {
                return;
            }
        }
    }
    chunker.finish();
    while let Some(chunk) = chunker.pop() {
        if sender.send(Read::Chunk(chunk)).is_err() {
            return;
        }
    }
    let _ = sender.send(Read::End(End {
        info: decoder.info().clone(),
        duration_s: decoder.decoded_s(),
        holes: decoder.holes().to_vec(),
        repaired: decoder.repaired(),
        decode_s: started.elapsed().as_secs_f64(),
    }));
}

/// A run in progress.
struct Run<'a> {
    session: Box<dyn Session>,
    index: &'a Index,
    seen: correct::Seen,
    prompt: &'a str,
    hear_options: &'a HearOptions,
    cancel: &'a Cancel,
    words: Vec<Word>,
    edits: Vec<Edit>,
    findings: Vec<Finding>,
    speech: Vec<Stretch>,
    hear_s: f64,
    dictionary_s: f64,
    retries: u32,
}

impl Run<'_> {
    fn consume(
        &mut self,
        receiver: Receiver<Read>,
        claimed_s: Option<f64>,
        progress: &mut dyn FnMut(f64, Option<f64>),
    ) -> Result<End, TranscribeError> {
        for read in receiver {
            match read {
                Read::Chunk(chunk) => {
                    self.hear(&chunk)?;
                    progress(chunk.clock.recording_end_s(chunk.length_s()), claimed_s);
                }
                Read::End(end) => {
                    progress(end.duration_s, Some(end.duration_s));
                    return Ok(end);
                }
                Read::Failed(e) => return Err(e.into()),
            }
        }
        Err(SpeechError::Engine("the recording's reader stopped without a word".into()).into())
    }

    /// Hears a chunk, then lets the dictionary propose and the engine judge.
    fn hear(&mut self, chunk: &Chunk) -> Result<(), TranscribeError> {
        let started = Instant::now();
        let passage = careful::hear(
            self.session.as_mut(),
            chunk,
            self.prompt,
            self.hear_options,
            self.cancel,
        )?;
        self.hear_s += started.elapsed().as_secs_f64();
        self.retries += passage.retries;

        let started = Instant::now();
        let offset = self.words.len();
        self.doubt(&passage, chunk, offset);
        // Chunks follow each other, so that times rise over the whole recording.
        let floor = self.words.last().map_or(0.0, |w| w.end_s);
        self.words.extend(passage.words.into_iter().map(|mut w| {
            w.start_s = w.start_s.max(floor);
            w.end_s = w.end_s.max(w.start_s);
            w
        }));
        self.speech.extend(chunk.speech.iter().copied());
        self.correct(offset)?;
        self.dictionary_s += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Lets the dictionary propose for the words from `offset` on, which are those that the session heard last, and
    /// the engine judge.
    fn correct(&mut self, offset: usize) -> Result<(), TranscribeError> {
        let proposals = correct::propose(&self.words, offset, self.index);
        let mut scores = Vec::with_capacity(proposals.len());
        for proposal in &proposals {
            let candidates: Vec<String> =
                proposal.candidates.iter().map(|c| c.text.clone()).collect();
            let span = proposal.word_from - offset..proposal.word_to - offset;
            scores.push(self.session.score(span, &candidates)?);
        }
        let (edits, findings) = correct::decide(proposals, &scores, &self.words, &mut self.seen);
        self.edits.extend(edits);
        self.findings.extend(findings);
        Ok(())
    }

    /// Findings about a passage as a whole.
    fn doubt(&mut self, passage: &Passage, chunk: &Chunk, offset: usize) {
        let (first, last) = (offset, offset + passage.words.len());
        if let (Some(from), Some(to)) = (passage.phantoms.first(), passage.phantoms.last()) {
            let mut finding = Finding::new(
                FindingKind::TextWithoutSpeech,
                Severity::Info,
                (from.start_s, to.end_s),
                (last, last),
                "The engine wrote words where nobody speaks; they were left out.",
                "detector: no speech within 0.4 s",
            );
            finding.heard = transcript::join(passage.phantoms.iter().map(|w| w.text.as_str()));
            self.findings.push(finding);
        }
        let low = passage.log_probability < DOUBTFUL && !passage.words.is_empty();
        if passage.repeats || low {
            let (start_s, end_s) = (
                chunk.clock.recording_s(0.0),
                chunk.clock.recording_end_s(chunk.length_s()),
            );
            let (message, evidence) = if passage.repeats {
                (
                    "The words of this passage repeat themselves; listen to it.",
                    "the same words three times in a row, also when heard again".to_owned(),
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

    fn finish(mut self, end: End, engine: &dyn Engine, started: Instant) -> Recognition {
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
                "language": self.hear_options.language,
                "threads": self.hear_options.threads,
                "beam": self.hear_options.beam,
                "temperature": self.hear_options.temperature,
                "prompt": self.prompt,
                "dictionary": self.index.version(),
                "retries": self.retries,
            }),
            elapsed_s: started.elapsed().as_secs_f64(),
            stages_s: BTreeMap::from([
                ("decode".to_owned(), end.decode_s),
                ("hear".to_owned(), self.hear_s),
                ("dictionary".to_owned(), self.dictionary_s),
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
        for gap in &gaps {
            let before = self.words.partition_point(|w| w.start_s < gap.start_s);
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
            Finding::new(
                FindingKind::AudioDamaged,
                Severity::Critical,
                (hole.start_s, hole.end_s),
                (before, before),
                format!(
                    "The recording is damaged here: {:.1} s cannot be heard. What was said there is not in the text.",
                    hole.length_s()
                ),
                "decoder: unreadable or missing",
            )
        })
        .collect();
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
