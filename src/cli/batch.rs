//! `osler batch`: folders and lists of recordings.

use crate::cli::common::{NOBODY, short, with_app};
use crate::cli::exit::{Code, Failure};
use crate::cli::transcribe::{self, EngineArgs, Recogniser};
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::ids::DictationId;
use crate::store::Opening;
use crate::workflow::arrivals::{
    Arrival, Desk, Listing, Matching, Outcome, Rules, RulesError, find_recordings,
};
use crate::workflow::batch::{self, Progress, Stop, Summary};
use crate::workflow::queue::Runner;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Take in and transcribe folders and lists of recordings; a second run does what is missing
///
/// Whose a recording is must be certain: from its name (--pattern), from a list (--map), from a sidecar NAME.json beside
/// it, or from the recorder's header. What is not certain waits in the inbox (osler inbox). The same sound is never taken
/// in twice.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folders, recordings, and lists of them (.txt, .lst; one path in a line)
    #[arg(required = true, value_name = "DIR|LIST|FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    matching: MatchingArgs,
    /// Show what would become of each recording; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Take in only; whoever works off the queue transcribes
    #[arg(long, conflicts_with = "dry_run")]
    no_transcription: bool,
    /// Write what became of each recording into this file, .csv or .json; several are possible
    #[arg(long, value_name = "FILE", value_parser = summary_file)]
    summary: Vec<PathBuf>,
    #[command(flatten)]
    engine: EngineArgs,
}

/// How it is known whose recordings are.
#[derive(Debug, Clone, clap::Args)]
pub struct MatchingArgs {
    /// How recordings are named: {mrn} {birth_date} {author} {date} {priority} {route} {encounter}, {*} for any text
    #[arg(long, value_name = "PATTERN")]
    pattern: Option<String>,
    /// How the comment in the header of dictaphone files is made up, for example {mrn}
    #[arg(long, value_name = "PATTERN")]
    comment_pattern: Option<String>,
    /// A list (CSV) with a column file, and what is known in columns named as in a pattern
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Who dictated where nothing else says so
    #[arg(long, value_name = "USER")]
    author: Option<String>,
    /// stat, urgent or routine, where nothing else says so
    #[arg(long, value_name = "PRIORITY")]
    priority: Option<String>,
    /// author or secretary: who gets the drafts, where nothing else says so
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
}

impl From<MatchingArgs> for Matching {
    fn from(args: MatchingArgs) -> Self {
        Self {
            pattern: args.pattern,
            comment: args.comment_pattern,
            map: args.map,
            author: args.author,
            priority: args.priority,
            route: args.route,
        }
    }
}

impl From<RulesError> for Failure {
    fn from(e: RulesError) -> Self {
        Self::new(Code::Usage, e.to_string())
    }
}

/// A summary is written as its ending says.
fn summary_file(typed: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(typed);
    if is_json(&path)
        || path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
    {
        return Ok(path);
    }
    Err("a summary is a .csv or a .json file".into())
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// Runs the command.
pub fn run(args: Args, config: Config) -> Result<(), Failure> {
    let rules = Arc::new(Rules::read(
        &args.matching.clone().into(),
        &config.recorders,
    )?);
    let listing = find_recordings(&args.paths)?;
    for path in &args.summary {
        // Asked before hours of work, not after.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|e| Failure::new(Code::Usage, format!("--summary {}: {e}", path.display())))?;
    }
    with_app(config, Opening::Existing, async |app| {
        let begun_at = app.clock.now();
        let desk = Desk {
            source: "batch".into(),
            actor: Actor {
                name: NOBODY.into(),
                via: "batch".into(),
            },
            open: transcribe::source(&app.config),
        };
        let mut stop = on_interrupt();
        let mut bars = Bars::new(listing.found.len());
        let found = listing.found.clone();
        let all = found.len();
        let arrivals =
            batch::look(app, &rules, &desk, found, &mut stop, &mut |p| bars.tell(p)).await?;
        let interrupted = arrivals.len() < all;
        if args.dry_run || interrupted {
            bars.clear();
            let summary = batch::summary(app, begun_at, &arrivals, None, &BTreeSet::new()).await?;
            return finish(&args.summary, &listing, &summary, interrupted);
        }
        let outcomes =
            batch::carry_out(app, &desk, &arrivals, &mut stop, &mut |p| bars.tell(p)).await?;
        let ours: BTreeSet<DictationId> = outcomes
            .iter()
            .flatten()
            .filter(|outcome| !matches!(outcome, Outcome::Deleted(_)))
            .filter_map(Outcome::dictation)
            .collect();
        let open = batch::open(app, &ours).await?;
        let before: BTreeSet<DictationId> = ours.difference(&open).copied().collect();
        let mut whole = outcomes.iter().all(Option::is_some);
        if whole && !open.is_empty() && !args.no_transcription {
            bars.begin_hearing(&arrivals, &outcomes, &open);
            // Loaded now: what was taken in is safe whatever becomes of the model.
            let recogniser =
                Recogniser::load(&app.config, &args.engine).inspect_err(|_| bars.clear())?;
            let runner = Runner::new(app.clone(), recogniser.hear(), recogniser.workers());
            whole =
                batch::transcribe(app, &runner, &open, &mut stop, &mut |p| bars.tell(p)).await?;
        }
        bars.clear();
        let summary = batch::summary(app, begun_at, &arrivals, Some(&outcomes), &before).await?;
        finish(&args.summary, &listing, &summary, !whole)
    })
}

/// Becomes true with the first Ctrl-C, or request to terminate; the second ends the program at once.
pub fn on_interrupt() -> Stop {
    let (send, stop) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        crate::cli::serve::interrupted().await;
        // Nobody has to listen.
        let _ = send.send(true);
        eprintln!("osler: stopping; press Ctrl-C again to end at once");
        crate::cli::serve::interrupted().await;
        std::process::exit(Code::Interrupted as i32);
    });
    stop
}

/// Writes and prints what became of everything, and says how it went.
fn finish(
    files: &[PathBuf],
    listing: &Listing,
    summary: &Summary,
    interrupted: bool,
) -> Result<(), Failure> {
    for path in files {
        let text = if is_json(path) {
            serde_json::to_string_pretty(summary)
                .map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))?
                + "\n"
        } else {
            summary.csv()
        };
        std::fs::write(path, text)
            .map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))?;
    }
    print(&mut std::io::stdout().lock(), listing, summary)?;
    if interrupted {
        return Err(Failure::new(
            Code::Interrupted,
            "interrupted; the same command goes on where this one stopped",
        ));
    }
    let unusable =
        summary.count(&["unreadable", "not_now", "failed", "refused"]) + listing.unreadable.len();
    if unusable > 0 {
        return Err(Failure::new(
            Code::Input,
            format!("{unusable} could not be used"),
        ));
    }
    let waiting = summary.count(&["inbox", "would_wait_in_inbox"]);
    if waiting > 0 {
        let verb = if summary.dry_run {
            "would wait"
        } else {
            "wait"
        };
        return Err(Failure::new(
            Code::Inbox,
            format!(
                "{waiting} {verb} in the inbox until somebody says whose they are (osler inbox list)"
            ),
        ));
    }
    Ok(())
}

/// Outcomes that somebody should read about one by one.
const TOLD: [&str; 8] = [
    "failed",
    "unreadable",
    "not_now",
    "refused",
    "inbox",
    "would_wait_in_inbox",
    "duplicate",
    "deleted",
];

fn print(out: &mut impl Write, listing: &Listing, summary: &Summary) -> std::io::Result<()> {
    let told = |outcome: &str| summary.dry_run || TOLD.contains(&outcome);
    for line in summary.recordings.iter().filter(|l| told(l.outcome)) {
        write!(out, "{:<20} {}", line.outcome.replace('_', " "), line.file)?;
        if let Some(mrn) = &line.mrn {
            write!(out, "  MRN {mrn}")?;
        }
        if let (Some(author), "would_take_in") = (&line.author, line.outcome) {
            write!(out, "  by {author}")?;
        }
        if let Some(id) = line.inbox_id.as_ref().or(line.dictation_id.as_ref()) {
            write!(out, "  [{}]", short(id))?;
        }
        writeln!(out)?;
        if let Some(reason) = &line.reason {
            writeln!(out, "{:<20} {reason}", "")?;
        }
    }
    for (folder, reason) in &listing.unreadable {
        writeln!(
            out,
            "{:<20} {}\n{:<20} {reason}",
            "unreadable",
            folder.display(),
            ""
        )?;
    }
    if summary.recordings.is_empty() {
        writeln!(out, "no recordings were found")?;
    } else {
        writeln!(out, "{:<20} {:>6}", "OUTCOME", "FILES")?;
    }
    for (outcome, n) in &summary.counts {
        writeln!(out, "{:<20} {n:>6}", outcome.replace('_', " "))?;
    }
    if !listing.ignored.is_empty() {
        writeln!(out, "{:<20} {:>6}", "other files", listing.ignored.len())?;
    }
    let took_s = summary
        .ended_at
        .duration_since(summary.begun_at)
        .as_secs_f64();
    if summary.transcribed_s > 0.0 && took_s > 0.0 {
        writeln!(
            out,
            "{} of sound in {} ({:.1} times as fast as it was spoken)",
            minutes(summary.transcribed_s),
            minutes(took_s),
            summary.transcribed_s / took_s
        )?;
    }
    Ok(())
}

fn minutes(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Seconds that a recording counts for whose header does not say how long it is.
const USUAL_S: f64 = 60.0;

/// One bar on a terminal: files while they are looked at and taken in, then milliseconds of sound.
struct Bars {
    bar: Option<ProgressBar>,
    lengths_ms: BTreeMap<DictationId, u64>,
    heard_ms: BTreeMap<DictationId, u64>,
}

impl Bars {
    fn new(files: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
            set_style(&bar, "{msg} {wide_bar} {pos}/{len}");
            bar.set_message("looking");
            bar
        });
        Self {
            bar,
            lengths_ms: BTreeMap::new(),
            heard_ms: BTreeMap::new(),
        }
    }

    /// From here on seconds of sound count, of those that are still to be transcribed.
    fn begin_hearing(
        &mut self,
        arrivals: &[Arrival],
        outcomes: &[Option<Outcome>],
        open: &BTreeSet<DictationId>,
    ) {
        self.lengths_ms = open
            .iter()
            .map(|id| (*id, (USUAL_S * 1000.0) as u64))
            .collect();
        for (arrival, outcome) in arrivals.iter().zip(outcomes) {
            if let (Some(id), Some(length_s)) = (
                outcome.as_ref().and_then(Outcome::dictation),
                arrival.length_s,
            ) && let Some(length_ms) = self.lengths_ms.get_mut(&id)
            {
                *length_ms = (length_s * 1000.0) as u64;
            }
        }
        if let Some(bar) = &self.bar {
            bar.reset();
            set_style(bar, "{msg} {wide_bar} {percent:>3} %  {eta_precise} left");
            bar.set_length(self.lengths_ms.values().sum());
            bar.enable_steady_tick(Duration::from_millis(250));
        }
    }

    fn tell(&mut self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        match progress {
            Progress::Looked(n) => bar.set_position(n as u64),
            Progress::TakenIn(n) => {
                bar.set_message("taking in");
                bar.set_position(n as u64);
            }
            Progress::Heard(id, done_s, total_s) => {
                if let Some(total_s) = total_s {
                    self.lengths_ms.insert(id, (total_s * 1000.0) as u64);
                }
                self.heard_ms.insert(id, (done_s * 1000.0) as u64);
                self.draw();
            }
            Progress::Open(open) => {
                let done: Vec<(DictationId, u64)> = self
                    .lengths_ms
                    .iter()
                    .filter(|(id, _)| !open.contains(*id))
                    .map(|(id, ms)| (*id, *ms))
                    .collect();
                bar.set_message(format!(
                    "{} of {} transcribed",
                    done.len(),
                    self.lengths_ms.len()
                ));
                self.heard_ms.extend(done);
                self.draw();
            }
        }
    }

    fn draw(&self) {
        if let Some(bar) = &self.bar {
            bar.set_length(self.lengths_ms.values().sum());
            let heard = self.heard_ms.iter().map(|(id, ms)| {
                // A header may say less than there is.
                self.lengths_ms.get(id).map_or(0, |all| (*ms).min(*all))
            });
            bar.set_position(heard.sum());
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_written_as_its_ending_says() {
        assert!(summary_file("a.csv").is_ok() && summary_file("a.JSON").is_ok());
        assert!(summary_file("a.txt").is_err() && summary_file("a").is_err());
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        assert_eq!(minutes(59.4), "59 s");
        assert_eq!(minutes(61.0), "1 min 1 s");
        assert_eq!(minutes(7_300.0), "2 h 1 min");
    }
}
