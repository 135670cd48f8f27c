//! `osler retention`: what is removed after its time, and what is kept although its time is over.

use crate::cli::ask;
use crate::cli::common::{NOBODY, local, mrn, with_app};
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::patient::Mrn;
use crate::store::Opening;
use crate::store::space::spoken;
use crate::workflow::retention::{self, Removed};
use std::io::Write;

/// `osler retention ...`. For how long recordings are kept says audio_days below [retention] in the configuration file.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Remove the recordings whose time is over; reports and the words that were heard stay
    Run {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Keep everything of a patient's until the hold is lifted
    Hold(Change),
    /// Lift a hold
    Lift(Change),
    /// List the holds, newest first
    Holds,
}

/// A change of a hold.
#[derive(Debug, clap::Args)]
pub struct Change {
    /// Record number of the patient
    #[arg(value_parser = mrn)]
    mrn: Mrn,
    /// Why, for example the number of the case
    #[arg(long)]
    reason: String,
    /// The administrator who does this; the password is asked for
    #[arg(long = "as", value_name = "USER")]
    by: String,
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        match command {
            Command::Run { dry_run } => {
                let removed = retention::run(app, dry_run, &Actor::cli(NOBODY)).await?;
                say(&removed, dry_run)?;
            }
            Command::Hold(Change { mrn, reason, by }) => {
                ask::logged_in(app, &by, async |who| {
                    Ok(retention::hold(app, who, &mrn, &reason).await?)
                })
                .await?;
                writeln!(std::io::stdout().lock(), "everything of {mrn} is kept")?;
            }
            Command::Lift(Change { mrn, reason, by }) => {
                ask::logged_in(app, &by, async |who| {
                    Ok(retention::lift(app, who, &mrn, &reason).await?)
                })
                .await?;
                writeln!(std::io::stdout().lock(), "the hold on {mrn} is lifted")?;
            }
            Command::Holds => {
                let mut out = std::io::stdout().lock();
                for hold in retention::holds(app).await? {
                    let until = hold
                        .lifted_at
                        .map_or_else(|| "in force".into(), |at| format!("until {}", local(at)));
                    writeln!(
                        out,
                        "{:<12} {}  {until:<24}  {}  {}",
                        hold.mrn,
                        local(hold.placed_at),
                        hold.placed_by,
                        hold.reason
                    )?;
                }
            }
        }
        Ok(())
    })
}

fn say(removed: &Removed, dry_run: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for sound in &removed.sounds {
        writeln!(
            out,
            "{}  {:>9}  {}",
            local(sound.over_at),
            spoken(sound.bytes),
            sound.sha256
        )?;
    }
    writeln!(
        out,
        "{} {} recording(s), {}, of dictations that have been over for more than {} days; {} kept by a legal hold",
        if dry_run { "would remove" } else { "removed" },
        removed.sounds.len(),
        spoken(removed.bytes()),
        removed.days,
        removed.held
    )?;
    Ok(())
}
