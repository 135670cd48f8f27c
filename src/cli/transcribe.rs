//! `osler transcribe`: recordings to text, JSON or subtitles. Files that fail do not stop the others.

use super::exit::{Code, Failure};
use crate::audio::AudioError;
use crate::config::Config;
use crate::dictionary::index::Index;
use crate::dictionary::load::Tables;
use crate::domain::recognition::Recognition;
use crate::domain::transcript;
use crate::export::subtitles;
use crate::speech::engine::{Cancel, Engine, SpeechError};
use crate::speech::models;
use crate::speech::whisper::{LoadOptions, WhisperEngine};
use crate::workflow::transcribe::{Options, TranscribeError, transcribe};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Transcribe recordings: WAV, FLAC, MP3, M4A/AAC, OGG Vorbis, Opus, WebM
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
    #[command(flatten)]
    engine: EngineArgs,
}

/// Which model hears, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct EngineArgs {
    /// Model name (see `osler models list`) or path of a ggml file
    #[arg(long)]
    pub model: Option<String>,
    /// Language that is dictated, ISO 639-1
    #[arg(long)]
    pub language: Option<String>,
    /// Threads of the engine; default one per core
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
    engine: Box<dyn Engine>,
    index: Index,
    options: Options,
    cancel: Cancel,
    bar: bool,
}

impl Recogniser {
    /// Loads what the configuration and the arguments name.
    pub fn load(config: &Config, args: &EngineArgs) -> Result<Self, Failure> {
        let name = args.model.as_deref().unwrap_or(&config.model);
        let file = models::resolve(name, &config.models)?;
        let engine =
            WhisperEngine::load(&file.path, &file.name, &file.sha256, LoadOptions::default())?;
        Ok(Self {
            engine: Box::new(engine),
            index: Index::new(Tables::open(config.dictionaries.as_deref())?),
            options: Options {
                language: args
                    .language
                    .clone()
                    .unwrap_or_else(|| config.language.clone()),
                threads: args.threads.unwrap_or_else(|| config.thread_count()).max(1),
                prompt: String::new(),
            },
            cancel: Cancel::default(),
            bar: std::io::stderr().is_terminal(),
        })
    }

    /// Transcribes one recording, with a progress bar where somebody watches.
    pub fn recognise(&self, recording: &Path) -> Result<Recognition, TranscribeError> {
        let bar = self.bar.then(|| bar(recording));
        let result = transcribe(
            recording,
            self.engine.as_ref(),
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

/// Transcribes one recording for commands that take recordings in.
pub fn recognise(
    recording: &Path,
    config: &Config,
    model: Option<&str>,
) -> Result<Recognition, Failure> {
    let args = EngineArgs {
        model: model.map(str::to_owned),
        language: None,
        threads: None,
    };
    Ok(Recogniser::load(config, &args)?.recognise(recording)?)
}

/// Runs the command.
pub fn run(args: &Args, config: &Config) -> Result<(), Failure> {
    if let Some(dir) = &args.out {
        std::fs::create_dir_all(dir)
            .map_err(|e| Failure::new(Code::Usage, format!("--out {}: {e}", dir.display())))?;
    }
    let recogniser = Recogniser::load(config, &args.engine)?;
    let mut names = HashSet::new();
    let mut failed = 0;
    for file in &args.files {
        match recogniser.recognise(file) {
            Ok(recognition) => deliver(args, file, &recognition, &mut names)?,
            Err(TranscribeError::Speech(e @ SpeechError::Cancelled)) => return Err(e.into()),
            Err(e) => {
                failed += 1;
                eprintln!("osler: {e}");
                if args.format == Format::Json {
                    fail(args, file, &e, &mut names)?;
                }
            }
        }
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

fn deliver(
    args: &Args,
    file: &Path,
    recognition: &Recognition,
    names: &mut HashSet<PathBuf>,
) -> Result<(), Failure> {
    let words = &recognition.raw.words;
    let corrected = || transcript::corrected(words, &recognition.transcript.edits);
    let text = match args.format {
        Format::Txt => format!("{}\n", recognition.report.text),
        Format::Srt => subtitles::srt(words, &corrected()),
        Format::Vtt => subtitles::vtt(words, &corrected()),
        Format::Json => line(
            file,
            Body::Done {
                recognition,
                peak_memory_bytes: peak_memory_bytes(),
            },
        )?,
    };
    if recognition.raw.words.is_empty() && args.format != Format::Json {
        eprintln!(
            "osler: {}: nobody speaks in this recording; check that it is the right file",
            file.display()
        );
    }
    emit(args, file, &text, names)
}

fn fail(
    args: &Args,
    file: &Path,
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
    emit(args, file, &line(file, Body::Failed { error })?, names)
}

fn line(file: &Path, result: Body<'_>) -> Result<String, Failure> {
    let line = Line {
        schema: 1,
        file: &file.to_string_lossy(),
        result,
    };
    let mut text = serde_json::to_string(&line)
        .map_err(|e| Failure::new(Code::Failed, format!("JSON output: {e}")))?;
    text.push('\n');
    Ok(text)
}

/// Prints, or writes a file of its own: two inputs of one name do not overwrite each other.
fn emit(args: &Args, file: &Path, text: &str, names: &mut HashSet<PathBuf>) -> Result<(), Failure> {
    let Some(dir) = &args.out else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    };
    let extension = args.format.extension();
    let stem = file
        .file_stem()
        .map_or_else(|| "recording".into(), |s| s.to_string_lossy().into_owned());
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
