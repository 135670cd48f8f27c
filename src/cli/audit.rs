//! `osler audit`: checking and exporting the audit trail.

use crate::app::App;
use crate::cli::ask;
use crate::cli::common::{NOBODY, local, with_app};
use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::audit::{Actor, Head};
use crate::store::{AuditLine, Opening};
use crate::workflow::people::{Who, users};
use crate::workflow::trail::{self, Query};
use jiff::Timestamp;
use std::io::Write;

/// Rows that are fetched at a time.
const PAGE: u32 = 1000;

/// `osler audit ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check that no row was changed, added or taken away; prints the head of the chain
    Verify {
        /// A head that was printed earlier and kept elsewhere: it has to be in the trail still
        #[arg(long, value_name = "NUMBER:CODE")]
        head: Option<Head>,
    },
    /// Let rows go whose time is over (audit_years below [retention]); a checkpoint keeps the rest checkable
    ///
    /// A running service does this by itself. Export the trail first where the rows are to be kept elsewhere.
    Expire,
    /// Print the trail, newest first, one JSON object a line
    Export {
        /// Only what this user did
        #[arg(long)]
        user: Option<String>,
        /// Only this, for example report.signed, or report for all that begins so
        #[arg(long)]
        action: Option<String>,
        /// Only what was done to this record number, user or identifier
        #[arg(long)]
        subject: Option<String>,
        /// Only what was refused
        #[arg(long)]
        refused: bool,
        /// Not before this time, for example 2026-03-01T00:00:00Z
        #[arg(long)]
        since: Option<Timestamp>,
        /// Before this time
        #[arg(long)]
        until: Option<Timestamp>,
        /// The auditor who does this, once the practice has an administrator; the password is asked for
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| match command {
        Command::Verify { head } => verify(app, head).await,
        Command::Expire => {
            let closed = trail::expire(app, &Actor::cli(NOBODY)).await?;
            let mut out = std::io::stdout().lock();
            match closed {
                None => writeln!(out, "no row's time is over")?,
                Some(at) => writeln!(
                    out,
                    "{} rows left; the trail begins behind row {}",
                    at.rows, at.seq
                )?,
            }
            Ok(())
        }
        Command::Export {
            user,
            action,
            subject,
            refused,
            since,
            until,
            by,
        } => {
            let query = Query {
                user,
                action,
                subject,
                refused: refused.then_some(true),
                since,
                until,
            };
            match by {
                Some(by) => {
                    ask::logged_in(app, &by, async |who| export(app, Some(who), &query).await).await
                }
                None if users::has_administrator(app).await? => Err(Failure::new(
                    Code::Usage,
                    "this practice has an administrator: say which auditor reads the trail with --as USER",
                )),
                None => export(app, None, &query).await,
            }
        }
    })
}

async fn verify(app: &App, head: Option<Head>) -> Result<(), Failure> {
    let found = trail::verify(app, head).await?;
    let mut out = std::io::stdout().lock();
    if let Some(closed) = &found.closed {
        writeln!(
            out,
            "closed behind row {} of {}: it and the rows before it left {}",
            closed.seq,
            local(closed.last_at),
            local(closed.closed_at)
        )?;
    }
    match &found.head {
        Some(head) => writeln!(out, "{} rows, head {head}", found.rows)?,
        None => writeln!(out, "no rows")?,
    }
    match found.broken {
        None => Ok(writeln!(out, "the trail is whole")?),
        Some(broken) => Err(Failure::new(
            Code::Store,
            format!(
                "the audit trail is broken: {broken}; somebody or something other than Osler changed the database: keep a copy of it, and compare it with a backup"
            ),
        )),
    }
}

async fn export(app: &App, who: Option<&Who>, query: &Query) -> Result<(), Failure> {
    let mut before = None;
    loop {
        let lines = match who {
            Some(who) => trail::list(app, who, query, before, PAGE).await?,
            None => trail::page(app, query, before, PAGE).await?,
        };
        let mut out = std::io::stdout().lock();
        for line in &lines {
            writeln!(out, "{}", json(line))?;
        }
        before = lines.last().map(|line| line.row.seq);
        if before.is_none() {
            return Ok(());
        }
    }
}

fn json(line: &AuditLine) -> serde_json::Value {
    let row = &line.row;
    serde_json::json!({
        "seq": row.seq,
        "at": row.at.to_string(),
        "who": row.actor,
        "via": row.via,
        "action": row.action,
        "subject": {"kind": row.subject_kind, "id": row.subject_id, "name": line.subject_name},
        "mrn": line.mrn.as_ref().map(ToString::to_string),
        "details": row.details,
        "mac": line.mac,
    })
}
