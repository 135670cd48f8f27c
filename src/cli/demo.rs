//! `osler demo`: the whole way, from two recordings to two filed reports.

use crate::app::App;
use crate::audio::Input;
use crate::cli::common::{NOBODY, date, mrn, short, with_app};
use crate::cli::exit::{Code, Failure};
use crate::cli::{intake, show};
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::patient::Mrn;
use crate::domain::recognition::Recognition;
use crate::domain::worklist::Orders;
use crate::store::{Kind, Opening};
use crate::workflow::fill::{self, Size};
use crate::workflow::intake::{Request, Taken};
use crate::workflow::layers::Background;
use crate::workflow::{demo, record, users};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `osler demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder with the recordings and recordings.toml, which says whose they are
    #[arg(long, value_name = "DIR", default_value = "tests/fixtures/demo")]
    recordings: PathBuf,
    /// Instead of the recordings, make up the records of a busy practice, for measuring: so many dictations, half as many
    /// patients, ten rows of the audit trail for each
    #[arg(long, value_name = "DICTATIONS", num_args = 0..=1, default_missing_value = "100000", conflicts_with = "recordings",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    fill: Option<u32>,
}

/// `recordings.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    recording: Vec<Entry>,
}

/// A recording in it. `file` is relative to the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: PathBuf,
    mrn: String,
    birth_date: String,
    author: String,
}

fn read(folder: &Path) -> Result<List, Failure> {
    let path = folder.join("recordings.toml");
    let unusable = |reason: String| {
        Failure::new(
            Code::Input,
            format!(
                "{}: {reason}; name the folder of the sample recordings with --recordings",
                path.display()
            ),
        )
    };
    let text = std::fs::read_to_string(&path).map_err(|e| unusable(e.to_string()))?;
    toml::from_str(&text).map_err(|e| unusable(e.to_string()))
}

/// Runs the command.
pub fn run(args: &Args, config: Config) -> Result<(), Failure> {
    if let Some(dictations) = args.fill {
        return fill(Size::of(dictations), config);
    }
    // Read before anything is made, so that a wrong folder leaves no database behind.
    let list = read(&args.recordings)?;
    let data = config.data.clone();
    with_app(config, Opening::OrCreate(Kind::Demo), async |app| {
        demo::seed(app, &Actor::cli(NOBODY)).await?;
        // Not locked: the recogniser works on another thread and may have something to say.
        let mut out = std::io::stdout();
        writeln!(
            out,
            "Sample practice in {} (made-up people)",
            data.display()
        )?;
        let hear = intake::recogniser(app, None);
        let mut patients: Vec<Mrn> = Vec::new();
        for entry in list.recording {
            let mrn = mrn(&entry.mrn).map_err(|e| Failure::new(Code::Input, e))?;
            let file = entry.file.display().to_string();
            let taken = take_in(app, &args.recordings, entry, mrn.clone(), hear.clone()).await?;
            let done = if taken.was_there {
                "was taken in before, nothing done twice"
            } else {
                "taken in, transcribed, signed and filed"
            };
            writeln!(out, "{file}: {done} (report {})", short(taken.report_id))?;
            if !patients.contains(&mrn) {
                patients.push(mrn);
            }
        }
        for mrn in patients {
            writeln!(out, "\n{}", "-".repeat(72))?;
            show::record(&mut out, &record::show(app, &mrn).await?)?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "Start the service with: osler serve --data {}",
            data.display()
        )?;
        Ok(())
    })
}

/// Makes up a busy practice.
fn fill(size: Size, config: Config) -> Result<(), Failure> {
    let data = config.data.clone();
    with_app(config, Opening::OrCreate(Kind::Demo), async |app| {
        let bar = ProgressBar::new(1);
        if let Ok(style) = ProgressStyle::with_template(
            "{msg} {wide_bar} {human_pos}/{human_len}  {eta_precise} left",
        ) {
            bar.set_style(style);
        }
        let mut tell = |what: &'static str, done: u64, of: u64| {
            if bar.message() != what {
                bar.reset();
                bar.set_message(what);
            }
            bar.set_length(of);
            bar.set_position(done);
        };
        let filled = fill::fill(app, size, &Actor::cli(NOBODY), &mut tell).await;
        bar.finish_and_clear();
        filled?;
        writeln!(
            std::io::stdout(),
            "Sample practice in {}: {} patients, {} dictations, {} rows of the audit trail (all made up)",
            data.display(),
            size.patients,
            size.dictations,
            app.store.trail_length().await?
        )?;
        Ok(())
    })
}

async fn take_in(
    app: &App,
    folder: &Path,
    entry: Entry,
    mrn: Mrn,
    hear: impl FnOnce(&Input, &Background) -> Result<Recognition, Failure> + Send + 'static,
) -> Result<Taken, Failure> {
    let recording = folder.join(&entry.file);
    let file = recording.display().to_string();
    let birth_date =
        date(&entry.birth_date).map_err(|e| Failure::new(Code::Input, format!("{file}: {e}")))?;
    let request = Request {
        recording,
        mrn,
        birth_date: Some(birth_date),
        author: users::find(app, &entry.author).await?,
        encounter: None,
        orders: Orders::default(),
    };
    demo::take_in(app, request, hear)
        .await
        .map_err(|e| intake::failure(&file, e))
}
