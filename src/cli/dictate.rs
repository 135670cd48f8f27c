//! `osler dictate`: text while somebody speaks, then the pass over the whole recording.

use super::exit::{Code, Failure};
use super::transcribe::{EngineArgs, Recogniser};
use crate::audio::capture::{Recording, Source};
use crate::audio::recorder::Recorder;
use crate::config::Config;
use crate::domain::recognition::Recognition;
use crate::domain::transcript::{self, Word};
use crate::speech::engine::{Cancel, SpeechError};
use crate::workflow::dictate::{
    DictateError, Dictated, Latency, News, Options, Pace, conclude, dictate, median_and_p95,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Dictate into a microphone, or play a recording as if it were spoken; Ctrl-C ends the dictation
///
/// While somebody speaks the text grows on the terminal; elsewhere each utterance is printed as a line when it ends.
/// Then the whole recording is heard once more, and the report's text follows below an empty line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Play this recording instead of listening to a microphone
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Play it at the speed at which it was spoken; otherwise as fast as the engine hears
    #[arg(long, requires = "input")]
    realtime: bool,
    /// Microphone, by its name or identifier in --list-devices
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    device: Option<String>,
    /// List the microphones and end
    #[arg(long, conflicts_with_all = ["input", "device"])]
    list_devices: bool,
    /// What to print: text, or one JSON object per update and a last one with the whole recognition
    #[arg(long, value_enum, default_value_t = Format::Txt)]
    format: Format,
    /// Keep the recording under this name (WAV); otherwise it is deleted when the text is printed
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Txt,
    Json,
}

/// A line of `--format json`. A contract: fields may be added, never renamed or given another meaning.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Body<'a> {
    /// The text changed.
    Update {
        /// Seconds of sound so far.
        at_s: f64,
        /// Words that follow those committed before, and never change.
        committed: &'a [Word],
        /// What else is heard so far; replaces the partial words before.
        partial: &'a [Word],
        findings: &'a [crate::domain::finding::Finding],
        /// The second at which an utterance ended, all of which is committed now.
        ended_s: Option<f64>,
    },
    /// The last line.
    Recognition {
        /// What was played; left out for a microphone.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<&'a Path>,
        /// Where the recording is kept; left out where it is not.
        #[serde(skip_serializing_if = "Option::is_none")]
        recording: Option<&'a Path>,
        live: Summary,
        #[serde(flatten)]
        recognition: &'a Recognition,
    },
}

/// How the live text did.
#[derive(Serialize)]
struct Summary {
    /// Committed words.
    words: usize,
    /// Seconds from the end of a word until it stood there; none where sound did not come at its own pace.
    word_s: Option<Figures>,
    /// Seconds from the end of speech until an utterance was final.
    final_s: Option<Figures>,
}

#[derive(Serialize)]
struct Figures {
    median: f64,
    p95: f64,
    n: usize,
}

impl Figures {
    fn of(values: &[f64]) -> Option<Self> {
        median_and_p95(values).map(|(median, p95)| Self {
            median,
            p95,
            n: values.len(),
        })
    }
}

/// Runs the command.
pub fn run(args: &Args, config: &Config) -> Result<(), Failure> {
    if args.list_devices {
        return list_devices();
    }
    match &args.input {
        Some(input) => {
            // What is no recording is refused before a model is loaded.
            let source = Recording::open(input, &super::transcribe::source(config))?;
            let pace = if args.realtime {
                Pace::Clock
            } else {
                Pace::Engine
            };
            with_source(args, config, pace, || Ok((source, ())))
        }
        None => from_microphone(args, config),
    }
}

#[cfg(feature = "microphone")]
fn list_devices() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let devices = crate::audio::microphone::devices()?;
    if devices.is_empty() {
        return Err(Failure::new(Code::Input, "no microphone is connected"));
    }
    for device in devices {
        let mark = if device.is_default { '*' } else { ' ' };
        writeln!(out, "{mark} {}\n    {}", device.name, device.id)?;
    }
    Ok(())
}

#[cfg(feature = "microphone")]
fn from_microphone(args: &Args, config: &Config) -> Result<(), Failure> {
    let device = args.device.as_deref();
    with_source(args, config, Pace::Source, || {
        let (microphone, recorded) = crate::audio::microphone::Microphone::open(device)?;
        Ok((recorded, microphone))
    })
}

#[cfg(not(feature = "microphone"))]
fn list_devices() -> Result<(), Failure> {
    Err(no_microphone())
}

#[cfg(not(feature = "microphone"))]
fn from_microphone(_: &Args, _: &Config) -> Result<(), Failure> {
    Err(no_microphone())
}

#[cfg(not(feature = "microphone"))]
fn no_microphone() -> Failure {
    Failure::new(
        Code::Usage,
        "this build has no microphone; build it with `cargo build --release --features microphone` (on Linux with libasound2-dev), or play a recording with --input FILE",
    )
}

/// Dictates from a source that is opened when the model is ready; what comes with it is held until the end.
fn with_source<S: Source, H>(
    args: &Args,
    config: &Config,
    pace: Pace,
    open: impl FnOnce() -> Result<(S, H), Failure>,
) -> Result<(), Failure> {
    let recogniser = Recogniser::load(config, &args.engine)?;
    let path = match &args.keep {
        Some(path) => path.clone(),
        None => scratch(config)?,
    };
    let mut recorder = Recorder::create(&path)?;
    let stop = Cancel::default();
    on_interrupt(stop.clone(), recogniser.cancel.clone())?;
    let result = (|| {
        let (source, held) = open()?;
        let options = Options {
            language: recogniser.options.language.clone(),
            prompt: recogniser.options.prompt.clone(),
            pace,
        };
        let mut screen = Screen::new(args.format);
        let dictated = dictate(
            source,
            &mut recorder,
            &recogniser.pool,
            &options,
            (&stop, &recogniser.cancel),
            &mut |news| screen.show(news),
        )?;
        drop(held);
        screen.close()?;
        deliver(args, &recogniser, &path, &dictated)
    })();
    let has_sound = std::fs::metadata(&path).is_ok_and(|m| m.len() > 44);
    match result {
        Ok(()) if args.keep.is_none() => {
            let removed = std::fs::remove_file(&path);
            removed.map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))
        }
        Err(failure) if has_sound => Err(Failure::new(
            failure.code,
            format!(
                "{}; what was said is kept in {}: osler transcribe hears it",
                failure.message,
                path.display()
            ),
        )),
        Err(failure) => {
            // There is nothing in it.
            let _ = std::fs::remove_file(&path);
            Err(failure)
        }
        Ok(()) => Ok(()),
    }
}

/// Hears the whole recording and prints what came of it.
fn deliver(
    args: &Args,
    recogniser: &Recogniser,
    path: &Path,
    dictated: &Dictated,
) -> Result<(), Failure> {
    if let Some(broken) = &dictated.broken {
        eprintln!("osler: {broken}; what was said before that follows");
    }
    if dictated.length_s == 0.0 {
        return Err(Failure::new(Code::Input, "no sound came"));
    }
    let mut recognition = recogniser.recognise(path)?;
    conclude(dictated, &mut recognition);
    match args.format {
        Format::Txt => {
            let mut out = std::io::stdout().lock();
            writeln!(out, "\n{}", recognition.report.text)?;
            out.flush()?;
        }
        Format::Json => print(Body::Recognition {
            file: args.input.as_deref(),
            recording: args.keep.as_deref(),
            live: Summary {
                words: dictated.words.len(),
                word_s: Figures::of(&dictated.latency.words),
                final_s: Figures::of(&dictated.latency.utterances),
            },
            recognition: &recognition,
        })?,
    }
    if let Some(line) = latency(&dictated.latency) {
        eprintln!("{line}");
    }
    Ok(())
}

/// How long the text took to appear, in a line.
fn latency(latency: &Latency) -> Option<String> {
    let words = Figures::of(&latency.words)?;
    let finals = Figures::of(&latency.utterances)?;
    Some(format!(
        "latency: words median {:.2} s, p95 {:.2} s ({}); final text median {:.2} s, p95 {:.2} s ({} utterances)",
        words.median, words.p95, words.n, finals.median, finals.p95, finals.n
    ))
}

fn print(body: Body<'_>) -> Result<(), Failure> {
    let mut text = serde_json::to_string(&Line { schema: 1, body })
        .map_err(|e| Failure::new(Code::Failed, format!("JSON output: {e}")))?;
    text.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A name for the recording in the data folder, which is closed to others.
fn scratch(config: &Config) -> Result<PathBuf, Failure> {
    let dir = config.data.join("dictating");
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&dir).map_err(|e| {
        Failure::new(
            Code::Store,
            format!(
                "{}: the recording cannot be kept: {e}; name a folder with --data",
                dir.display()
            ),
        )
    })?;
    Ok(dir.join(format!("{}.wav", uuid::Uuid::now_v7())))
}

/// The first Ctrl-C ends the dictation, the second one everything.
fn on_interrupt(stop: Cancel, cancel: Cancel) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Code::Failed, format!("cannot start: {e}")))?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            for asked in [stop, cancel] {
                if tokio::signal::ctrl_c().await.is_err() {
                    return;
                }
                asked.cancel();
            }
        });
    });
    Ok(())
}

/// Where the text grows.
struct Screen {
    format: Format,
    /// The words of this utterance that are committed.
    line: Vec<String>,
    /// Where somebody watches: the utterance so far, and the state below.
    bar: Option<ProgressBar>,
    shown: String,
    failed: Option<Failure>,
}

impl Screen {
    fn new(format: Format) -> Self {
        let watched = format == Format::Txt
            && std::io::stdout().is_terminal()
            && std::io::stderr().is_terminal();
        let bar = watched.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            format,
            line: Vec::new(),
            bar,
            shown: String::new(),
            failed: None,
        }
    }

    fn show(&mut self, news: &News<'_>) {
        if let Err(failure) = self.try_show(news)
            && self.failed.is_none()
        {
            // The recording goes on; that nobody reads is said in the end.
            self.failed = Some(failure);
        }
    }

    fn try_show(&mut self, news: &News<'_>) -> Result<(), Failure> {
        if let Some(update) = news.update {
            if self.format == Format::Json {
                return print(Body::Update {
                    at_s: news.at_s,
                    committed: &update.committed,
                    partial: &update.partial,
                    findings: &update.findings,
                    ended_s: update.ended_s,
                });
            }
            self.line
                .extend(update.committed.iter().map(|w| w.text.clone()));
            if update.ended_s.is_some() {
                self.end_line()?;
            }
            let committed = transcript::join(self.line.iter().map(String::as_str));
            let partial = transcript::join(update.partial.iter().map(|w| w.text.as_str()));
            self.shown = match (committed.is_empty(), partial.is_empty()) {
                (true, true) => String::new(),
                (_, true) => committed + "\n",
                (true, _) => format!("\x1b[2m{partial}\x1b[0m\n"),
                _ => format!("{committed} \x1b[2m{partial}\x1b[0m\n"),
            };
        }
        if let Some(bar) = &self.bar {
            let state = if news.speaks { "recording" } else { "silent" };
            bar.set_message(format!(
                "{}[{}] {:6.1} s  {state}",
                self.shown,
                meter(news.level),
                news.at_s
            ));
            bar.tick();
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Failure> {
        let text = self.line.join(" ");
        self.line.clear();
        if text.is_empty() {
            return Ok(());
        }
        let write = || {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{text}")?;
            out.flush()
        };
        Ok(match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }?)
    }

    fn close(mut self) -> Result<(), Failure> {
        self.end_line()?;
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.failed.map_or(Ok(()), Err)
    }
}

/// A level as ten marks from -60 dB to 0 dB of full scale.
fn meter(rms: f32) -> String {
    let db = 20.0 * rms.max(1e-6).log10();
    let marks = ((db + 60.0) / 6.0).clamp(0.0, 10.0).round() as usize;
    "#".repeat(marks) + &".".repeat(10 - marks)
}

impl From<DictateError> for Failure {
    fn from(e: DictateError) -> Self {
        match e {
            DictateError::Audio(e) => e.into(),
            DictateError::Speech(SpeechError::Cancelled) => {
                Self::new(Code::Interrupted, "interrupted")
            }
            DictateError::Speech(e) => e.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_shows_silence_speech_and_clipping() {
        assert_eq!(meter(0.0), "..........");
        assert_eq!(meter(0.03), "#####.....");
        assert_eq!(meter(1.0), "##########");
        assert_eq!(meter(f32::NAN), "..........");
    }
}
