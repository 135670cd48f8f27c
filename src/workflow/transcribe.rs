//! From a recording to a report draft: hear, propose, score, decide, text.
//!
//! One thread reads and cuts the sound and submits the chunks to the pool, whose workers hear them; the caller's thread
//! takes the results in order and decides. Few chunks are under way at any time, so that memory does not grow with the
//! recording.

use crate::audio::chunk::{Chunk, Chunker};
use crate::audio::decode::Decoder;
use crate::audio::{AudioError, Input, OpenOptions};
use crate::dictionary::correct::{self, Proposal};
use crate::dictionary::index::Index;
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::recognition::{Raw, Recognition, SourceInfo, Transcript};
use crate::domain::template::PlacedText;
use crate::domain::transcript::{self, Coverage, Edit, Stretch, Word};
use crate::speech::careful::{self, Passage};
use crate::speech::engine::{Cancel, HearOptions, Session, SpeechError};
use crate::speech::pool::{Job, MOST_WORKERS, Pool, Ticket, Turn, Urgency};
use crate::text::TextStyle;
use crate::text::macros::ReadyText;
use crate::text::safety::PatientContext;
use crate::workflow::redraft;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Chunks between the reader and the text: waiting, being heard, or heard before those in front of them.
const UNDER_WAY: usize = 8;

/// Seconds of recording that may all be one chunk. Where no more than this is left, or nobody can tell, a chunk is
/// submitted when the next is there or the end is reached: the last one is heard with all cores.
const ONE_CHUNK_S: f64 = 20.0;

/// Gaps closer than this, in seconds, with no word between them are shown as one.
const ONE_PLACE_S: f64 = 5.0;

/// Mean log probability of a passage's tokens under which it is pointed out.
const DOUBTFUL: f32 = -1.0;

/// Words that were left out closer than this, in seconds, are one finding.
const ONE_RUN_S: f64 = 1.0;

/// Seconds before and behind a cut within speech that are pointed out.
const TORN_S: f64 = 0.5;

/// Share of the samples within speech at the rails that is worth saying, and that spoils words: 6 dB over full scale
/// gives 0.1 %, 12 dB 3 %, a recording that is clipped all along 28 %.
const CLIPPED: f64 = 0.000_5;
const BADLY_CLIPPED: f64 = 0.01;

/// Level of the speech, in dB of full scale, under which a recording is very quiet; usual dictations have -30 to -15.
const QUIET_DB: f64 = -45.0;

/// Tells the engine that marks are spoken. Without it "comma" comes out as "kama" and "colon" as "Colin"; where nobody
/// speaks marks it costs a word in a hundred, so that [`How`] leaves it out there.
pub const SPOKEN_MARKS: &str = "Dictation, with spoken punctuation: comma, period, colon, semicolon, new line, new paragraph, next number.";

/// What a spoken mark is heard as.
const MARKS: [&str; 6] = ["comma", "period", "colon", "semicolon", "paragraph", "stop"];

/// How a recording is transcribed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// ISO 639-1 code.
    pub language: String,
    /// Vocabulary prompt; empty for none.
    pub prompt: String,
    /// How the recording is opened: which channel, and what decodes dictaphone files.
    pub source: OpenOptions,
    /// How the report is written.
    pub style: TextStyle,
    /// The patient in whose record the report will lie; the report is compared with it.
    pub patient: Option<PatientContext>,
    /// The texts that may be asked for by name.
    pub ready_texts: Vec<ReadyText>,
    /// Those that stand between the words already.
    pub placed: Vec<PlacedText>,
}

/// How often a run that waits for results looks whether it was cancelled.
const CANCEL_LOOK: Duration = Duration::from_millis(100);

/// Channels of a recording.
pub fn channels(recording: impl Into<Input>, source: &OpenOptions) -> Result<u16, AudioError> {
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
    unfinished: Option<&'static str>,
    clipped: Vec<(Stretch, f32)>,
    decode_s: f64,
}

/// What a worker made of a chunk; the sound itself is no longer needed.
struct Worked {
    /// Where the chunk lies in the recording, seconds.
    stretch: Stretch,
    speech: Vec<Stretch>,
    /// Sum over the seconds of speech of the square of its level.
    energy: f64,
    passage: Passage,
    /// Spans count from the chunk's first word.
    proposals: Vec<Proposal>,
    scores: Vec<Vec<Option<f32>>>,
    threads: usize,
    hear: Duration,
    dictionary: Duration,
}

/// Transcribes a recording. `progress` is told the seconds done and, if the header says, the seconds there are.
pub fn transcribe(
    recording: impl Into<Input>,
    pool: &Pool,
    index: &Arc<Index>,
    options: &Options,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f64, Option<f64>),
) -> Result<Recognition, TranscribeError> {
    let urgency = Urgency::Batch;
    transcribe_as(urgency, recording, pool, index, options, cancel, progress)
}

/// The same, before or behind other recordings.
pub fn transcribe_as(
    urgency: Urgency,
    recording: impl Into<Input>,
    pool: &Pool,
    index: &Arc<Index>,
    options: &Options,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f64, Option<f64>),
) -> Result<Recognition, TranscribeError> {
    let started = Instant::now();
    let recording = recording.into();
    let decoder = Decoder::open_with(&recording, &options.source)?;
    let stopper = decoder.stopper();
    let claimed_s = decoder.claimed_s();
    let job = pool.job(urgency, cancel);
    let how = Arc::new(How {
        index: index.clone(),
        style: options.style,
        patient: options.patient.clone(),
        ready_texts: options.ready_texts.clone(),
        placed: options.placed.clone(),
        prompt: options.prompt.clone(),
        unmarked: Default::default(),
        hear_options: HearOptions {
            language: options.language.clone(),
            threads: 1,
            beam: 1,
            temperature: 0.0,
            audio_ctx: None,
        },
    });
    let mut run = Run::default();
    let end = std::thread::scope(|scope| {
        let (to_caller, tickets) = sync_channel(UNDER_WAY);
        let reader = Reader {
            job: &job,
            how: &how,
            to_caller,
        };
        let reader = scope.spawn(move || reader.read(decoder));
        let collected = run.collect(&tickets, &how.index, claimed_s, cancel, progress);
        if collected.is_err() {
            // The reader may be waiting for a program that never writes again, or for room for a chunk.
            stopper.stop();
            job.stop();
        }
        drop(tickets);
        let read = reader.join();
        collected?;
        read.unwrap_or_else(|_| {
            Err(TranscribeError::Audio(AudioError::Absurd(
                recording.name().to_path_buf(),
                "the decoder stopped with an error".into(),
            )))
        })
    })?;
    progress(end.duration_s, Some(end.duration_s));
    let channel = options.source.channel.as_str();
    Ok(run.finish(end, pool, &how, channel, started))
}

/// Reads and cuts a recording and has its chunks heard.
struct Reader<'a> {
    job: &'a Job,
    how: &'a Arc<How>,
    to_caller: SyncSender<Ticket<Worked>>,
}

impl Reader<'_> {
    /// Until the end, or until nobody listens any more.
    fn read(self, mut decoder: Decoder) -> Result<End, TranscribeError> {
        let mut chunker = Chunker::default();
        let mut busy = Duration::ZERO;
        let claimed_s = decoder.claimed_s();
        let mut held = None;
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
                if let Some(before) = held.replace(chunk) {
                    self.submit(before, number, false)?;
                    number += 1;
                }
                if let Some(chunk) = held.take_if(|chunk| !may_be_last(chunk, claimed_s)) {
                    self.submit(chunk, number, false)?;
                    number += 1;
                }
            }
        }
        match held {
            Some(last) => self.submit(last, number, true)?,
            None => self.job.expect_more(false),
        }
        Ok(End {
            info: decoder.info().clone(),
            duration_s: decoder.decoded_s(),
            holes: decoder.holes().to_vec(),
            complaint: decoder.complaint().map(str::to_owned),
            repaired: decoder.repaired(),
            dismissed: chunker.dismissed().to_vec(),
            unfinished: decoder.unfinished(),
            clipped: decoder.clipped().to_vec(),
            decode_s: busy.as_secs_f64(),
        })
    }

    fn submit(&self, chunk: Chunk, number: usize, last: bool) -> Result<(), SpeechError> {
        let how = self.how.clone();
        let length_s = chunk.length_s();
        let hear =
            move |session: &mut dyn Session, turn: &Turn| how.hear(session, &chunk, number, turn);
        let ticket = if last {
            self.job.submit_last(length_s, hear)?
        } else {
            self.job.submit(length_s, hear)?
        };
        self.to_caller
            .send(ticket)
            .map_err(|_| SpeechError::Cancelled)
    }
}

/// Whether there may be no other chunk behind this one.
fn may_be_last(chunk: &Chunk, claimed_s: Option<f64>) -> bool {
    let end_s = chunk.clock.recording_end_s(chunk.length_s());
    claimed_s.is_none_or(|claimed_s| claimed_s - end_s <= ONE_CHUNK_S)
}

/// How the chunks of a recording are heard.
struct How {
    index: Arc<Index>,
    style: TextStyle,
    patient: Option<PatientContext>,
    ready_texts: Vec<ReadyText>,
    placed: Vec<PlacedText>,
    prompt: String,
    /// Of the chunks last heard, by their number modulo the most that are heard at once: whether no mark was spoken there.
    unmarked: [AtomicBool; MOST_WORKERS],
    /// Threads aside, which are those of the turn.
    hear_options: HearOptions,
}

impl How {
    /// Hears a chunk. The usual prompt is for spoken marks: where none is spoken, the chunk is heard again without it. So
    /// that this is not done for every chunk of a conversation, a chunk goes by the one [`MOST_WORKERS`] before it, which
    /// has always been heard by then: what comes out does not depend on who was faster.
    fn passage(
        &self,
        session: &mut dyn Session,
        chunk: &Chunk,
        number: usize,
        options: &HearOptions,
        turn: &Turn,
    ) -> Result<Passage, SpeechError> {
        if self.prompt != SPOKEN_MARKS {
            return careful::hear(session, chunk, &self.prompt, options, &turn.cancel);
        }
        let unmarked = &self.unmarked[number % MOST_WORKERS];
        let expected = !unmarked.load(Ordering::Relaxed);
        let prompt = if expected { SPOKEN_MARKS } else { "" };
        let mut passage = careful::hear(session, chunk, prompt, options, &turn.cancel)?;
        let marked = passage.words.iter().any(|w| is_mark(&w.text));
        if expected && !marked && !passage.words.is_empty() {
            let retries = passage.retries;
            passage = careful::hear(session, chunk, "", options, &turn.cancel)?;
            passage.retries += retries;
        }
        unmarked.store(!marked, Ordering::Relaxed);
        Ok(passage)
    }

    /// Hears a chunk, lets the dictionary propose and the engine judge while it still has the sound.
    fn hear(
        &self,
        session: &mut dyn Session,
        chunk: &Chunk,
        number: usize,
        turn: &Turn,
    ) -> Result<Worked, SpeechError> {
        let started = Instant::now();
        let options = HearOptions {
            threads: turn.threads,
            ..self.hear_options.clone()
        };
        let passage = self.passage(session, chunk, number, &options, turn)?;
        let hear = started.elapsed();
        let started = Instant::now();
        let proposals = correct::propose(&passage.words, &self.index);
        let scores = judged(session, &passage, &proposals)?;
        Ok(Worked {
            stretch: Stretch {
                start_s: chunk.clock.recording_s(0.0),
                end_s: chunk.clock.recording_end_s(chunk.length_s()),
            },
            speech: chunk.speech.clone(),
            energy: f64::from(chunk.level()).powi(2) * chunk.speech_s(),
            passage,
            proposals,
            scores,
            threads: turn.threads,
            hear,
            dictionary: started.elapsed(),
        })
    }
}

/// Has the engine judge the candidates of each proposal against what it heard last.
fn judged(
    session: &mut dyn Session,
    passage: &Passage,
    proposals: &[Proposal],
) -> Result<Vec<Vec<Option<f32>>>, SpeechError> {
    let mut scores = vec![Vec::new(); proposals.len()];
    // From the end to the beginning: what the decoder remembers of the words before a place holds for all places before.
    let mut order: Vec<usize> = (0..proposals.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(proposals[i].word_from));
    for i in order {
        let proposal = &proposals[i];
        let candidates: Vec<String> = proposal.candidates.iter().map(|c| c.text.clone()).collect();
        if let Some(span) = passage.in_session(proposal.word_from..proposal.word_to)
            && !candidates.is_empty()
        {
            scores[i] = session.score(span, &candidates)?;
        }
    }
    Ok(scores)
}

/// Whether a word is a mark as somebody says it.
fn is_mark(word: &str) -> bool {
    let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
    MARKS.iter().any(|m| plain.eq_ignore_ascii_case(m))
}

/// A run in progress: what has been heard so far, in order.
#[derive(Default)]
struct Run {
    seen: correct::Seen,
    words: Vec<Word>,
    edits: Vec<Edit>,
    findings: Vec<Finding>,
    speech: Vec<Stretch>,
    /// Short utterances that have no word.
    unheard: Vec<Stretch>,
    /// Energy of the speech: sum over its seconds of the square of its level.
    energy: f64,
    hear: Duration,
    dictionary: Duration,
    retries: u32,
    /// Threads of each chunk.
    threads: Vec<usize>,
}

impl Run {
    /// Takes the workers' results in the order of the recording.
    fn collect(
        &mut self,
        tickets: &Receiver<Ticket<Worked>>,
        index: &Index,
        claimed_s: Option<f64>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f64, Option<f64>),
    ) -> Result<(), SpeechError> {
        loop {
            let ticket = match tickets.recv_timeout(CANCEL_LOOK) {
                Ok(ticket) => ticket,
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    return Err(SpeechError::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let worked = ticket.wait()?;
            progress(worked.stretch.end_s, claimed_s);
            self.take(worked, index);
        }
    }

    fn take(&mut self, worked: Worked, index: &Index) {
        let offset = self.words.len();
        self.doubt(&worked, offset);
        let Worked {
            speech,
            passage,
            mut proposals,
            scores,
            ..
        } = worked;
        self.hear += worked.hear;
        self.dictionary += worked.dictionary;
        self.threads.push(worked.threads);
        self.retries += passage.retries;
        // Chunks follow each other, so that times rise over the whole recording.
        let floor = self.words.last().map_or(0.0, |w| w.end_s);
        self.words.extend(passage.words.into_iter().map(|mut w| {
            w.start_s = w.start_s.max(floor);
            w.end_s = w.end_s.max(w.start_s);
            w
        }));
        self.speech.extend(speech);
        for proposal in &mut proposals {
            proposal.word_from += offset;
            proposal.word_to += offset;
        }
        let (edits, findings) =
            correct::decide(proposals, &scores, &self.words, index, &mut self.seen);
        self.edits.extend(edits);
        self.findings.extend(findings);
    }

    /// Findings about a passage as a whole.
    fn doubt(&mut self, worked: &Worked, offset: usize) {
        let passage = &worked.passage;
        let (first, last) = (offset, offset + passage.words.len());
        self.unheard.extend(&passage.unheard);
        self.energy += worked.energy;
        self.left_out(passage, offset);
        self.torn(passage, offset);
        let low = passage.log_probability < DOUBTFUL && !passage.words.is_empty();
        let sparse = passage.sparse && !passage.words.is_empty();
        let repeats = passage.repeats && !passage.words.is_empty();
        if repeats || sparse || low {
            let (message, evidence) = if repeats {
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
                        worked.speech.iter().map(Stretch::length_s).sum::<f64>()
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
                (worked.stretch.start_s, worked.stretch.end_s),
                (first, last),
                message,
                evidence,
            );
            finding.heard = transcript::join(passage.words.iter().map(|w| w.text.as_str()));
            self.findings.push(finding);
        }
    }

    /// Words of the engine that are not in the text.
    fn left_out(&mut self, passage: &Passage, offset: usize) {
        for left_out in passage.left_out() {
            for run in left_out
                .words
                .chunk_by(|a, b| b.start_s - a.end_s < ONE_RUN_S)
            {
                let (Some(from), Some(to)) = (run.first(), run.last()) else {
                    continue;
                };
                let before = offset + passage.words.partition_point(|w| w.start_s < from.start_s);
                let mut finding = Finding::new(
                    FindingKind::TextWithoutSpeech,
                    Severity::Warning,
                    (from.start_s, to.end_s),
                    (before, before),
                    left_out.message,
                    left_out.evidence.clone(),
                );
                finding.heard = transcript::join(run.iter().map(|w| w.text.as_str()));
                self.findings.push(finding);
            }
        }
    }

    /// Places at which the sound was cut although nobody paused: a word there was heard in two halves.
    fn torn(&mut self, passage: &Passage, offset: usize) {
        for &at_s in &passage.torn_s {
            let from = passage.words.partition_point(|w| w.end_s < at_s - TORN_S);
            let to = passage
                .words
                .partition_point(|w| w.start_s <= at_s + TORN_S);
            let span = (offset + from, offset + to.max(from));
            let mut finding = Finding::new(
                FindingKind::DoubtfulPassage,
                Severity::Info,
                ((at_s - TORN_S).max(0.0), at_s + TORN_S),
                span,
                "Nobody pauses around here, so that the sound was cut within speech; a word may be missing, halved or doubled.",
                "cut: no silence of 0.1 s in the 10 s before",
            );
            finding.heard = transcript::join(
                passage.words[from..to.max(from)]
                    .iter()
                    .map(|w| w.text.as_str()),
            );
            self.findings.push(finding);
        }
    }

    fn finish(
        mut self,
        end: End,
        pool: &Pool,
        how: &How,
        channel: &str,
        started: Instant,
    ) -> Recognition {
        // The last frame is filled up with silence, so that a word may seem to end after the recording.
        for word in &mut self.words {
            word.end_s = word.end_s.min(end.duration_s);
            word.start_s = word.start_s.min(word.end_s);
        }
        let coverage = self.coverage();
        self.findings.extend(damage(&end, &self.words));
        self.findings
            .extend(clipped(&end.clipped, &self.speech, &self.words));
        self.findings.extend(quiet(self.energy, &self.speech));
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
        let (report, findings) = redraft::drafted(
            &self.words,
            &self.edits,
            self.findings,
            &redraft::Material {
                index: &how.index,
                setup: crate::text::Setup {
                    style: how.style,
                    ready_texts: &how.ready_texts,
                    placed: &how.placed,
                    ..Default::default()
                },
                patient: how.patient.as_ref(),
            },
        );
        let text_s = text_started.elapsed().as_secs_f64();
        Recognition {
            source: end.info,
            duration_s: end.duration_s,
            model: pool.engine().model_name().to_owned(),
            model_sha256: pool.engine().model_sha256().to_owned(),
            parameters: json!({
                "engine": "whisper.cpp 1.8.3",
                "osler": env!("CARGO_PKG_VERSION"),
                "language": how.hear_options.language,
                "workers": pool.workers().min(self.threads.len()),
                "threads_per_worker": self.threads.iter().min().unwrap_or(&0),
                "threads_at_most": self.threads.iter().max().unwrap_or(&0),
                "beam": how.hear_options.beam,
                "temperature": how.hear_options.temperature,
                "prompt": how.prompt,
                "channel": channel,
                "dictionary_version": how.index.version(),
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
            report,
            findings,
            coverage,
        }
    }

    /// Compares speech and words; every gap becomes a finding.
    fn coverage(&mut self) -> Coverage {
        let mut gaps = careful::gaps(&self.words, &self.speech);
        self.unheard.retain(|u| {
            gaps.iter()
                .all(|g| u.end_s <= g.start_s || g.end_s <= u.start_s)
        });
        gaps.append(&mut self.unheard);
        gaps.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        self.findings.extend(careful::speech_without_text(
            &gaps,
            &self.words,
            ONE_PLACE_S,
            "also when heard again",
        ));
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
    if let Some(reason) = end.unfinished {
        out.push(Finding::new(
            FindingKind::AudioDamaged,
            Severity::Warning,
            (end.duration_s, end.duration_s),
            (words.len(), words.len()),
            "The recording may be cut off here; compare its length with that on the recorder. What was said after this is not in the text.",
            format!("decoder: {reason}"),
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

/// Overload of the microphone, once for the recording: how much of the speech and from when to when.
fn clipped(windows: &[(Stretch, f32)], speech: &[Stretch], words: &[Word]) -> Option<Finding> {
    let mut at = 0;
    let spoken: Vec<&(Stretch, f32)> = windows
        .iter()
        .filter(|(window, _)| {
            at += speech[at..].partition_point(|s| s.end_s <= window.start_s);
            speech.get(at).is_some_and(|s| s.start_s < window.end_s)
        })
        .collect();
    let (first, last) = (spoken.first()?.0, spoken.last()?.0);
    let speech_s: f64 = speech.iter().map(Stretch::length_s).sum();
    let clipped_s: f64 = spoken.iter().map(|(w, _)| w.length_s()).sum();
    let flat_s: f64 = spoken
        .iter()
        .map(|(w, share)| w.length_s() * f64::from(*share))
        .sum();
    let share = flat_s / speech_s.max(0.5);
    if share < CLIPPED {
        return None;
    }
    let severity = if share < BADLY_CLIPPED {
        Severity::Info
    } else {
        Severity::Warning
    };
    let before = words.partition_point(|w| w.start_s < first.start_s);
    Some(Finding::new(
        FindingKind::AudioClipped,
        severity,
        (first.start_s, last.end_s),
        (before, before),
        "The recording is overloaded: its loudest moments are cut flat and words may be misheard. Next time turn the microphone down or keep further away.",
        format!(
            "level: {:.1} % of the samples within speech at the rails, in {clipped_s:.1} of {speech_s:.1} s",
            share * 100.0
        ),
    ))
}

/// A speaker who is hardly there, once for the recording.
fn quiet(energy: f64, speech: &[Stretch]) -> Option<Finding> {
    let speech_s: f64 = speech.iter().map(Stretch::length_s).sum();
    let (first, last) = (speech.first()?, speech.last()?);
    let level_db = 10.0 * (energy / speech_s.max(0.1)).max(1e-12).log10();
    (level_db < QUIET_DB).then(|| {
        Finding::new(
            FindingKind::AudioQuiet,
            Severity::Info,
            (first.start_s, last.end_s),
            (0, 0),
            "The recording is very quiet; soft words may be missing. Next time turn the microphone up or come closer.",
            format!("level: speech at {level_db:.0} dB of full scale"),
        )
    })
}
