//! `osler watch`: a folder whose recordings are taken in and transcribed as they come.

use crate::cli::batch::{MatchingArgs, on_interrupt};
use crate::cli::common::{short, with_app};
use crate::cli::exit::{Code, Failure};
use crate::cli::transcribe::{EngineArgs, Recogniser};
use crate::config::{Config, Done, WatchedFolder};
use crate::store::Opening;
use crate::workflow::arrivals::{Matching, Outcome};
use crate::workflow::batch::stopped;
use crate::workflow::queue::{self, Runner};
use crate::workflow::watch::{Event, WatchError, Watcher};
use std::io::Write;
use std::path::PathBuf;

/// Take recordings in and transcribe them as they come into a folder, until it is interrupted
///
/// A file is read once its size and time stand still. Then it is moved to DIR/done, or stays. What cannot be used is moved
/// to DIR/failed, beside a text that says why. Whose a recording is must be certain, as for osler batch.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder, with the folders in it
    dir: PathBuf,
    #[command(flatten)]
    matching: MatchingArgs,
    /// What becomes of a file once its recording is stored
    #[arg(long, value_enum, default_value_t = DoneArg::Move)]
    done: DoneArg,
    /// Every recording comes with a sidecar NAME.json, which is waited for
    #[arg(long)]
    sidecar: bool,
    /// Seconds for which size and time of a file have to stand still
    #[arg(long, default_value_t = WatchedFolder::default().settle_s, value_name = "SECONDS")]
    settle: u32,
    /// Seconds between two looks
    #[arg(long, default_value_t = WatchedFolder::default().every_s, value_name = "SECONDS")]
    every: u32,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DoneArg {
    /// It goes to the folder done
    Move,
    /// It stays
    Leave,
}

impl From<WatchError> for Failure {
    fn from(e: WatchError) -> Self {
        Self::new(Code::Usage, e.to_string())
    }
}

/// Runs the command until it is interrupted.
pub fn run(args: Args, config: Config) -> Result<(), Failure> {
    let matching = Matching::from(args.matching);
    let folder = WatchedFolder {
        folder: args.dir,
        name: None,
        pattern: matching.pattern,
        comment: matching.comment,
        map: matching.map,
        author: matching.author,
        priority: matching.priority,
        route: matching.route,
        done: match args.done {
            DoneArg::Move => Done::Move,
            DoneArg::Leave => Done::Leave,
        },
        sidecar: args.sidecar,
        settle_s: args.settle,
        every_s: args.every,
    };
    with_app(config, Opening::Existing, async |app| {
        let shown = folder.folder.display().to_string();
        let watcher = Watcher::new(app.clone(), &app.config, folder)?;
        let recogniser = Recogniser::load(&app.config, &args.engine)?;
        let runner = Runner::new(app.clone(), recogniser.hear(), recogniser.workers());
        let stop = on_interrupt();
        writeln!(std::io::stdout().lock(), "watching {shown} (Ctrl-C stops)")?;
        let mut events = runner.events();
        let (mut end, mut ended) = (stop.clone(), stop.clone());
        let work = runner.run(stopped(&mut end));
        let watch = watcher.run(Some(runner.clone()), stop, |_, event| say(&event));
        let tell = async {
            loop {
                tokio::select! {
                    () = stopped(&mut ended) => break,
                    event = events.recv() => match event {
                        Ok(queue::Event::Drafted(id)) => line(&format!("transcribed {}", short(id))),
                        Ok(queue::Event::Failed(id)) => line(&format!("failed      {}; it is tried again or was given up", short(id))),
                        _ => {}
                    },
                }
            }
        };
        tokio::join!(work, watch, tell);
        Ok(())
    })
}

/// A reader that went away is no reason to stop.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn say(event: &Event) {
    match event {
        Event::File {
            name,
            outcome,
            left,
        } => {
            let what = match outcome {
                Outcome::TakenIn(id) => format!("taken in    {name}  [{}]", short(id)),
                Outcome::Known(id) => format!("known       {name}  [{}]", short(id)),
                Outcome::Deleted(id) => {
                    format!(
                        "deleted     {name}: its dictation {} was deleted before",
                        short(id)
                    )
                }
                Outcome::InInbox(id, reason) => {
                    format!("inbox       {name}  [{}]: {reason}", short(id))
                }
                Outcome::Discarded(id) => format!(
                    "discarded   {name}: it was put aside in the inbox before [{}]",
                    short(id)
                ),
                Outcome::Duplicate(other) => format!("duplicate   {name}: the same as {other}"),
                Outcome::Refused(reason) => format!("refused     {name}: {reason}"),
                Outcome::Unreadable(reason) => format!("unreadable  {name}: {reason}"),
                Outcome::NotNow(reason) => {
                    format!("not now     {name}: {reason}; it is tried again later")
                }
            };
            line(&what);
            if let Some(left) = left {
                line(&format!("            {left}"));
            }
        }
        Event::Unreadable(folder, reason) => {
            line(&format!(
                "unreadable  {}: {reason}; it is tried again",
                folder.display()
            ));
        }
        Event::List(reason) => line(&format!("list        {reason}; what was read before holds")),
        Event::Failed(error) => line(&format!("failed      {error}; it is tried again")),
        Event::Assigned(n) => line(&format!(
            "inbox       {n} found their patient and were taken in"
        )),
    }
}
