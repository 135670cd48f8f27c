//! `osler due`: by when documents are due.

use super::ask;
use super::common::with_app;
use super::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::worklist::Priority;
use crate::store::Opening;
use crate::workflow::settings::{self, Due, DueTimes};
use std::io::Write;

/// `osler due ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print minutes by document type: stat, urgent, routine; "*" marks what is as for all types
    List,
    /// Set the minutes of a document type; what waits already is due by them too
    Set {
        /// Document type as `list` prints it; "default" is all types that have no time of their own
        kind: String,
        /// Minutes for STAT; what is left out is as for all types
        #[arg(long, value_name = "MINUTES")]
        stat: Option<u32>,
        /// Minutes for urgent
        #[arg(long, value_name = "MINUTES")]
        urgent: Option<u32>,
        /// Minutes for routine
        #[arg(long, value_name = "MINUTES")]
        routine: Option<u32>,
        /// The administrator who does this; the password is asked for
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Take the minutes of a document type back: it is due as all types are
    Reset {
        /// Document type
        kind: String,
        /// The administrator who does this; the password is asked for
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let (kind, times, by) = match command {
            Command::List => {
                for due in settings::all(app).await? {
                    line(&due)?;
                }
                return Ok(());
            }
            Command::Set {
                kind,
                stat,
                urgent,
                routine,
                by,
            } => {
                let each = [
                    (Priority::Stat, stat),
                    (Priority::Urgent, urgent),
                    (Priority::Routine, routine),
                ];
                let set = each.into_iter().filter_map(|(p, n)| n.map(|n| (p, n)));
                let times = DueTimes(set.collect());
                if times.0.is_empty() {
                    return Err(Failure::new(
                        Code::Usage,
                        "name minutes with --stat, --urgent or --routine; `osler due reset` takes all of a type back",
                    ));
                }
                (kind, times, by)
            }
            Command::Reset { kind, by } => (kind, DueTimes::default(), by),
        };
        let due = ask::logged_in(app, &by, async |who| {
            Ok(settings::set_due_times(app, who, &kind, times).await?)
        })
        .await?;
        line(&due)
    })
}

fn line(due: &Due) -> Result<(), Failure> {
    let minutes = |priority: Priority| {
        let own = if due.own.0.contains_key(&priority) {
            ""
        } else {
            "*"
        };
        let in_force = due.times.0.get(&priority);
        in_force.map_or_else(String::new, |n| format!("{n}{own}"))
    };
    writeln!(
        std::io::stdout().lock(),
        "{}\t{}\t{}\t{}",
        due.kind,
        minutes(Priority::Stat),
        minutes(Priority::Urgent),
        minutes(Priority::Routine)
    )?;
    Ok(())
}
