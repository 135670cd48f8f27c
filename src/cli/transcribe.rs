//! `osler transcribe`: recordings to text, JSON or subtitles. Files that fail do not stop the others.

use super::exit::{Code, Failure};
use crate::audio::{AudioError, Channel, Input, OpenOptions};
use crate::config::Config;
use crate::dictionary::index::Index;
use crate::dictionary::load::Tables;
use crate::domain::recognition::Recognition;
use crate::domain::transcript;
use crate::export::subtitles;
use crate::speech::engine::{Cancel, SpeechError};
use crate::speech::models;
use crate::speech::pool::Pool;
use crate::speech::whisper::{LoadOptions, WhisperEngine, knows_language};
use crate::workflow::layers::{self, Background};
use crate::workflow::live_session::Hearing;
use crate::workflow::queue::{self, Hear};
use crate::workflow::transcribe::{Options, SPOKEN_MARKS, TranscribeError, channels, transcribe};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Transcribe recordings: WAV, FLAC, MP3, M4A/AAC, OGG Vorbis, Opus, WebM, the sound of MP4 and MKV; DSS through ffmpeg
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Recordings
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to print: the report's text, one JSON object a line, or subtitles on word times
    #[arg(long, value_enum, default_value_t = Format::Txt)]
    format: Format,
    /// Write one file per recording into this folder instead of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Stereo: both channels together, one of them, or each as a recording of its own
    #[arg(long, value_enum, default_value_t = Channels::Mix, value_name = "WHICH")]
    channels: Channels,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Which model hears, and how.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EngineArgs {
    /// Model name (see `osler models list`) or path of a ggml file
    #[arg(long)]
    pub model: Option<String>,
    /// Language that is dictated, ISO 639-1
    #[arg(long)]
    pub language: Option<String>,
    /// What the engine is told to expect, for example names; empty for nothing. Left out: the spoken marks in English,
    /// or what the configuration says
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Threads of the engine, at most one per core; 0 or left out: one per core, or what the configuration says
    #[arg(long)]
    pub threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Txt,
    Json,
    Srt,
    Vtt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Channels {
    Mix,
    Left,
    Right,
    Split,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Json => "json",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
        }
    }
}

/// One line of `--format json`. A contract: fields may be added, never renamed or given another meaning.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    file: &'a str,
    /// Left out where all channels were heard together.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    #[serde(flatten)]
    result: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Done {
        #[serde(flatten)]
        recognition: &'a Recognition,
        peak_memory_bytes: Option<u64>,
    },
    Failed {
        error: ErrorBody,
    },
}

#[derive(Serialize)]
struct ErrorBody {
    code: &'static str,
    message: String,
}

/// A loaded model and dictionary, ready for any number of recordings.
pub struct Recogniser {
    pub(super) pool: Pool,
    index: Arc<Index>,
    pub(super) options: Options,
    pub(super) cancel: Cancel,
    bar: bool,
}

impl Recogniser {
    /// Loads what the configuration and the arguments name.
    pub fn load(config: &Config, args: &EngineArgs) -> Result<Self, Failure> {
        let name = args.model.as_deref().unwrap_or(&config.model);
        let language = args.language.as_deref().unwrap_or(&config.language);
        check_language(language, name)?;
        let file = models::resolve(name, &config.models)?;
        let (engine, index) = std::thread::scope(|scope| {
            let index =
                scope.spawn(|| Tables::open(config.dictionaries.as_deref()).map(Index::new));
            let engine =
                WhisperEngine::load(&file.path, &file.name, &file.sha256, LoadOptions::default());
            (engine, index.join())
        });
        let engine = Arc::new(engine?);
        let index = index.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Self {
            pool: Pool::new(engine, threads(args.threads, config, cores()))?,
            index: Arc::new(index),
            options: Options {
                language: language.to_owned(),
                prompt: args
                    .prompt
                    .as_deref()
                    .or(config.prompt.as_deref())
                    .unwrap_or_else(|| usual_prompt(language))
                    .to_owned(),
                source: source(config),
                style: config.style,
                patient: None,
                ready_texts: Vec::new(),
                placed: Vec::new(),
            },
            cancel: Cancel::default(),
            bar: std::io::stderr().is_terminal(),
        })
    }

    /// How the queue has stored recordings heard.
    pub fn hear(&self) -> Arc<Hear> {
        queue::hear_with(self.pool.clone(), self.index.clone(), self.options.clone())
    }

    /// Recordings that are heard at the same time.
    pub fn workers(&self) -> usize {
        self.pool.workers()
    }

    /// Name of the loaded model.
    pub fn model(&self) -> &str {
        self.pool.engine().model_name()
    }

    /// With what text is made while somebody speaks.
    pub fn hearing(&self) -> Hearing {
        Hearing {
            pool: self.pool.clone(),
            language: self.options.language.clone(),
            prompt: self.options.prompt.clone(),
        }
    }

    /// Transcribes one recording, with a progress bar where somebody watches.
    pub fn recognise(&self, recording: impl Into<Input>) -> Result<Recognition, TranscribeError> {
        let recording = recording.into();
        let bar = self.bar.then(|| bar(recording.name()));
        let result = transcribe(
            &recording,
            &self.pool,
            &self.index,
            &self.options,
            &self.cancel,
            &mut |done_s, total_s| {
                if let Some(bar) = &bar {
                    if let Some(total_s) = total_s {
                        bar.set_length((total_s * 1000.0) as u64);
                    }
                    bar.set_position((done_s * 1000.0) as u64);
                }
            },
        );
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        result
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// What is expected where nobody says what to expect.
fn usual_prompt(language: &str) -> &'static str {
    match language {
        "en" | "english" => SPOKEN_MARKS,
        _ => "",
    }
}

/// Threads of the engine: what was asked for, or what the configuration says. More than there are cores only make each
/// other wait.
fn threads(asked: Option<usize>, config: &Config, cores: usize) -> usize {
    match asked.unwrap_or(config.threads) {
        0 => cores,
        n => n.min(cores),
    }
}

/// Whether the model can hear the language; asked before anything is loaded.
fn check_language(language: &str, model: &str) -> Result<(), Failure> {
    if !knows_language(language) {
        return Err(Failure::new(
            Code::Usage,
            format!(
                "the language {language:?} is not one that whisper knows; name it by its ISO 639-1 code, for example en, de, fr or es"
            ),
        ));
    }
    if is_english_only(model) && !matches!(language, "en" | "english") {
        return Err(Failure::new(
            Code::Usage,
            format!(
                "the model {model} hears English only, not {language:?}; use the model of that name without .en, or --language en"
            ),
        ));
    }
    Ok(())
}

/// Whether a model's name, or the name of its file, says that it was trained on English alone: "base.en",
/// "ggml-base.en.bin", "base.en-q5_1".
fn is_english_only(model: &str) -> bool {
    let name = model
        .trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(model);
    let name = name.strip_suffix(".bin").unwrap_or(name);
    name.ends_with(".en") || name.contains(".en-")
}

/// How recordings are opened.
pub fn source(config: &Config) -> OpenOptions {
    OpenOptions {
        channel: Channel::Mix,
        dss_decoder: config.dss_decoder.clone(),
    }
}

/// A bar over the milliseconds of the recording.
fn bar(recording: &Path) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %  {eta_precise} left")
    {
        bar.set_style(style);
    }
    bar.set_message(file_name(recording));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The recogniser of commands that take recordings in, loaded when the first of them is to be heard.
#[derive(Clone)]
pub struct Lazy {
    config: Config,
    args: EngineArgs,
    loaded: Arc<Mutex<Option<Recogniser>>>,
}

impl Lazy {
    /// Loads nothing yet.
    pub fn new(config: Config, model: Option<String>) -> Self {
        let args = EngineArgs {
            model,
            language: None,
            prompt: None,
            threads: None,
        };
        Self {
            config,
            args,
            loaded: Arc::default(),
        }
    }

    /// Transcribes one recording after the other, each for the record of its patient and with the layers of its
    /// dictation over the dictionary.
    pub fn recognise(
        &self,
        recording: &Input,
        background: &Background,
    ) -> Result<Recognition, Failure> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let recogniser = match &mut *loaded {
            Some(recogniser) => recogniser,
            none => none.insert(Recogniser::load(&self.config, &self.args)?),
        };
        recogniser.index = Arc::new(layers::over(&recogniser.index, background));
        recogniser.options.patient = Some(background.patient.clone());
        recogniser
            .options
            .ready_texts
            .clone_from(&background.ready_texts);
        Ok(recogniser.recognise(recording)?)
    }
}

/// Runs the command.
pub fn run(args: &Args, config: &Config) -> Result<(), Failure> {
    let several = args.files.len() > 1 && args.out.is_none();
    if several && matches!(args.format, Format::Srt | Format::Vtt) {
        return Err(Failure::new(
            Code::Usage,
            "the subtitles of several recordings cannot be printed one after the other; give a folder with --out",
        ));
    }
    if args.channels == Channels::Split
        && args.out.is_none()
        && matches!(args.format, Format::Srt | Format::Vtt)
    {
        return Err(Failure::new(
            Code::Usage,
            "the subtitles of two channels cannot be printed one after the other; give a folder with --out",
        ));
    }
    if let Some(dir) = &args.out {
        std::fs::create_dir_all(dir)
            .map_err(|e| Failure::new(Code::Usage, format!("--out {}: {e}", dir.display())))?;
    }
    let mut names = HashSet::new();
    let mut recogniser = match Recogniser::load(config, &args.engine) {
        Ok(recogniser) => recogniser,
        Err(failure) => {
            if args.format == Format::Json && failure.code == Code::Model {
                without_model(args, &failure, &mut names)?;
            }
            return Err(failure);
        }
    };
    let mut failed = 0;
    for file in &args.files {
        let mut whole = true;
        let mut heading = several;
        for heard in parts(args.channels, file, config) {
            let channel = *heard.as_ref().unwrap_or(&Channel::Mix);
            let part = Part { file, channel };
            let result = heard.map_err(TranscribeError::from).and_then(|channel| {
                recogniser.options.source.channel = channel;
                recogniser.recognise(file)
            });
            match result {
                Ok(recognition) => {
                    deliver(args, part, heading, &recognition, &mut names)?;
                    heading = false;
                }
                Err(TranscribeError::Speech(e @ SpeechError::Cancelled)) => return Err(e.into()),
                Err(e) => {
                    whole = false;
                    eprintln!("osler: {e}");
                    if args.format == Format::Json {
                        fail(args, part, &e, &mut names)?;
                    }
                }
            }
        }
        failed += usize::from(!whole);
    }
    if failed > 0 {
        let message = match args.files.len() {
            1 => String::new(),
            all => format!("{failed} of {all} recordings could not be used"),
        };
        return Err(Failure::new(Code::Input, message));
    }
    Ok(())
}

/// What of a recording is heard: all of it, or one channel after the other.
fn parts(which: Channels, file: &Path, config: &Config) -> Vec<Result<Channel, AudioError>> {
    match which {
        Channels::Mix => vec![Ok(Channel::Mix)],
        Channels::Left => vec![Ok(Channel::Left)],
        Channels::Right => vec![Ok(Channel::Right)],
        Channels::Split => match channels(file, &source(config)) {
            Ok(0 | 1) => vec![Ok(Channel::Mix)],
            Ok(_) => vec![Ok(Channel::Left), Ok(Channel::Right)],
            Err(e) => vec![Err(e)],
        },
    }
}

/// A recording, or one channel of it.
#[derive(Clone, Copy)]
struct Part<'a> {
    file: &'a Path,
    channel: Channel,
}

impl Part<'_> {
    fn channel_name(self) -> Option<&'static str> {
        (self.channel != Channel::Mix).then(|| self.channel.as_str())
    }
}

/// Says of every input that there is no model to hear it with, for programs that read the lines.
fn without_model(
    args: &Args,
    failure: &Failure,
    names: &mut HashSet<PathBuf>,
) -> Result<(), Failure> {
    for file in &args.files {
        let part = Part {
            file,
            channel: Channel::Mix,
        };
        let error = ErrorBody {
            code: "model",
            message: failure.message.clone(),
        };
        emit(args, part, &line(part, Body::Failed { error })?, names)?;
    }
    Ok(())
}

/// What is printed of a report: its text, below the name of its recording or channel where several follow each other.
fn printed(text: &str, file: Option<&Path>, channel: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(file) = file {
        out += &format!("== {} ==\n", file.display());
    }
    if let Some(channel) = channel {
        out += &format!("[{channel}]\n");
    }
    out + text + "\n"
}

fn deliver(
    args: &Args,
    part: Part<'_>,
    heading: bool,
    recognition: &Recognition,
    names: &mut HashSet<PathBuf>,
) -> Result<(), Failure> {
    let words = &recognition.raw.words;
    let corrected = || transcript::corrected(words, &recognition.transcript.edits);
    let text = match args.format {
        Format::Txt => {
            // Printed one after the other, the channels could not be told apart.
            let split = args.out.is_none() && args.channels == Channels::Split;
            printed(
                &recognition.report.text,
                heading.then_some(part.file),
                part.channel_name().filter(|_| split),
            )
        }
        Format::Srt => subtitles::srt(words, &corrected()),
        Format::Vtt => subtitles::vtt(words, &corrected()),
        Format::Json => line(
            part,
            Body::Done {
                recognition,
                peak_memory_bytes: peak_memory_bytes(),
            },
        )?,
    };
    if recognition.raw.words.is_empty() && args.format != Format::Json {
        eprintln!(
            "osler: {}{}: nobody speaks in this recording; check that it is the right file",
            part.file.display(),
            part.channel_name()
                .map(|c| format!(" ({c} channel)"))
                .unwrap_or_default()
        );
    }
    emit(args, part, &text, names)
}

fn fail(
    args: &Args,
    part: Part<'_>,
    e: &TranscribeError,
    names: &mut HashSet<PathBuf>,
) -> Result<(), Failure> {
    let code = match e {
        TranscribeError::Audio(e) => e.code(),
        TranscribeError::Speech(_) => "engine",
    };
    let error = ErrorBody {
        code,
        message: e.to_string(),
    };
    emit(args, part, &line(part, Body::Failed { error })?, names)
}

fn line(part: Part<'_>, result: Body<'_>) -> Result<String, Failure> {
    let line = Line {
        schema: 1,
        file: &part.file.to_string_lossy(),
        channel: part.channel_name(),
        result,
    };
    let mut text = serde_json::to_string(&line)
        .map_err(|e| Failure::new(Code::Failed, format!("JSON output: {e}")))?;
    text.push('\n');
    Ok(text)
}

/// Prints, or writes a file of its own: two inputs of one name do not overwrite each other.
fn emit(
    args: &Args,
    part: Part<'_>,
    text: &str,
    names: &mut HashSet<PathBuf>,
) -> Result<(), Failure> {
    let Some(dir) = &args.out else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    };
    let extension = args.format.extension();
    let mut stem = part
        .file
        .file_stem()
        .map_or_else(|| "recording".into(), |s| s.to_string_lossy().into_owned());
    if let Some(channel) = part.channel_name() {
        stem = format!("{stem}-{channel}");
    }
    let mut path = dir.join(format!("{stem}.{extension}"));
    let mut n = 2;
    while !names.insert(path.clone()) {
        path = dir.join(format!("{stem}-{n}.{extension}"));
        n += 1;
    }
    // Written beside and renamed: a killed run leaves no half file under the name.
    let partial = path.with_extension(format!("{extension}.part"));
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, &path))
        .map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))
}

/// Highest resident memory of this process so far, where the system tells (Linux).
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

impl From<SpeechError> for Failure {
    fn from(e: SpeechError) -> Self {
        let code = match e {
            SpeechError::ModelMissing { .. } | SpeechError::ModelBroken { .. } => Code::Model,
            SpeechError::Cancelled => Code::Interrupted,
            SpeechError::Engine(_) => Code::Failed,
        };
        Self::new(code, e.to_string())
    }
}

impl From<AudioError> for Failure {
    fn from(e: AudioError) -> Self {
        Self::new(Code::Input, e.to_string())
    }
}

impl From<TranscribeError> for Failure {
    fn from(e: TranscribeError) -> Self {
        match e {
            TranscribeError::Audio(e) => e.into(),
            TranscribeError::Speech(e) => e.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoken_marks_are_expected_in_english() {
        assert_eq!(usual_prompt("en"), SPOKEN_MARKS);
        assert_eq!(usual_prompt("de"), "");
    }

    #[test]
    fn several_recordings_are_printed_below_their_names() {
        let file = Path::new("a.wav");
        assert_eq!(printed("Text.", None, None), "Text.\n");
        assert_eq!(printed("Text.", Some(file), None), "== a.wav ==\nText.\n");
        assert_eq!(
            printed("Text.", Some(file), Some("left")),
            "== a.wav ==\n[left]\nText.\n"
        );
        assert_eq!(printed("Text.", None, Some("right")), "[right]\nText.\n");
    }

    #[test]
    fn there_is_at_most_one_thread_per_core_and_0_means_that_many() {
        let config = |threads| Config {
            threads,
            ..Config::default()
        };
        assert_eq!(threads(Some(0), &config(1), 4), 4);
        assert_eq!(threads(None, &config(0), 4), 4);
        assert_eq!(threads(None, &config(3), 4), 3);
        assert_eq!(threads(Some(2), &config(3), 4), 2);
        assert_eq!(threads(Some(5000), &config(0), 4), 4);
        assert_eq!(threads(None, &config(5000), 4), 4);
    }

    #[test]
    fn an_english_model_is_known_by_its_name_or_file() {
        for name in [
            "tiny.en",
            "models/ggml-base.en.bin",
            "small.en-q5_1",
            "x/tiny.en/",
        ] {
            assert!(is_english_only(name), "{name}");
        }
        for name in ["tiny", "large-v3", "dir.en/ggml-base.bin", "my.enlarged"] {
            assert!(!is_english_only(name), "{name}");
        }
    }
}
