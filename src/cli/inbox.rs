//! `osler inbox`: recordings that came by themselves and wait until somebody says whose they are.

use crate::app::App;
use crate::cli::ask;
use crate::cli::common::{NOBODY, date, local, mrn, short, with_app};
use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::arrival::{InboxItem, InboxState};
use crate::domain::audit::Actor;
use crate::domain::patient::Mrn;
use crate::domain::worklist::{Priority, Route};
use crate::store::Opening;
use crate::workflow::inbox::{self, Decision};
use crate::workflow::users;
use jiff::civil::Date;
use std::io::Write;
use std::path::PathBuf;

/// `osler inbox ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what waits, the oldest first
    List {
        /// What was assigned and discarded as well
        #[arg(long)]
        all: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Copy a recording into a file, to hear whose it is
    Save {
        /// The recording
        id: String,
        /// The file; it must not be there yet
        file: PathBuf,
    },
    /// Say whose a recording is: it becomes a dictation and is transcribed
    Assign {
        /// The recording
        id: String,
        /// Record number of the patient
        #[arg(long, value_parser = mrn, value_name = "MRN")]
        patient: Mrn,
        /// The patient's date of birth, YYYY-MM-DD: checked against the record; without it the report cannot be filed
        #[arg(long, value_parser = date, value_name = "DATE")]
        birth_date: Option<Date>,
        /// The physician who dictated; left out: who is named with the recording, or the only one there is
        #[arg(long, value_name = "USER")]
        author: Option<String>,
        /// The encounter it is about
        #[arg(long, value_name = "ID")]
        encounter: Option<String>,
        /// stat, urgent or routine; left out: as it came
        #[arg(long, value_parser = priority, value_name = "PRIORITY")]
        priority: Option<Priority>,
        /// author or secretary: who gets the draft; left out: as it came
        #[arg(long, value_parser = route, value_name = "ROUTE")]
        route: Option<Route>,
        /// Who decides this; the password is asked for where the practice has an administrator
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
    /// Put a recording aside, with a reason; its sound stays, and it can still be assigned
    Discard {
        /// The recording
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decides this; the password is asked for where the practice has an administrator
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
}

fn priority(typed: &str) -> Result<Priority, String> {
    typed
        .parse()
        .map_err(|_| "a priority is stat, urgent or routine".into())
}

fn route(typed: &str) -> Result<Route, String> {
    typed
        .parse()
        .map_err(|_| "a route is author or secretary".into())
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| match command {
        Command::List { all, json } => list(app, all, json).await,
        Command::Save { id, file } => {
            let item = inbox::find(app, &id).await?;
            inbox::save(app, &item, &file).await?;
            writeln!(std::io::stdout().lock(), "{}", file.display())?;
            Ok(())
        }
        Command::Assign {
            id,
            patient,
            birth_date,
            author,
            encounter,
            priority,
            route,
            by,
        } => {
            let item = inbox::find(app, &id).await?;
            let decision = Decision {
                mrn: patient,
                birth_date,
                author,
                encounter,
                priority,
                route,
            };
            let request = inbox::request(app, &item, decision).await?;
            let dictation = match who(app, by).await? {
                Decider::Named(by) => {
                    ask::logged_in(app, &by, async |who| {
                        Ok(inbox::assign_by(app, who, item.id, &request).await?)
                    })
                    .await?
                }
                Decider::Anybody(actor) => inbox::assign(app, item.id, &request, &actor).await?,
            };
            let mut out = std::io::stdout().lock();
            writeln!(
                out,
                "dictation {}  {}; it waits to be transcribed",
                short(dictation.id),
                dictation.orders.priority.as_str()
            )?;
            if dictation.identity_verified_at.is_none() {
                writeln!(
                    out,
                    "the second identifier is open: the report is filed once the date of birth is given"
                )?;
            }
            Ok(())
        }
        Command::Discard { id, reason, by } => {
            let item = inbox::find(app, &id).await?;
            match who(app, by).await? {
                Decider::Named(by) => {
                    ask::logged_in(app, &by, async |who| {
                        Ok(inbox::discard_by(app, who, item.id, &reason).await?)
                    })
                    .await?;
                }
                Decider::Anybody(actor) => {
                    inbox::discard(app, item.id, &reason, &actor).await?;
                }
            }
            writeln!(std::io::stdout().lock(), "{} put aside", short(item.id))?;
            Ok(())
        }
    })
}

/// Who decides.
enum Decider {
    /// Somebody who has to prove who they are.
    Named(String),
    /// Whoever sits there: nobody administers this practice yet.
    Anybody(Actor),
}

async fn who(app: &App, by: Option<String>) -> Result<Decider, Failure> {
    if !users::has_administrator(app).await? {
        return Ok(Decider::Anybody(Actor::cli(
            by.unwrap_or_else(|| NOBODY.into()),
        )));
    }
    by.map(Decider::Named).ok_or_else(|| {
        Failure::new(
            Code::Usage,
            "this practice has an administrator: say who decides with --as USER",
        )
    })
}

async fn list(app: &App, all: bool, json: bool) -> Result<(), Failure> {
    let items = inbox::list(app, all).await?;
    let mut out = std::io::stdout().lock();
    if json {
        for item in &items {
            writeln!(out, "{}", as_json(item))?;
        }
        return Ok(());
    }
    if items.is_empty() {
        writeln!(out, "nothing waits in the inbox")?;
    }
    for item in &items {
        writeln!(
            out,
            "{}  {}  {:<9}  {}  {}",
            short(item.id),
            local(item.received_at),
            item.state.as_str(),
            item.source,
            item.original_name
        )?;
        match (item.state, &item.note, item.dictation_id) {
            (InboxState::Discarded, Some(note), _) => writeln!(out, "          {note}")?,
            (InboxState::Assigned, _, Some(id)) => {
                writeln!(out, "          dictation {}", short(id))?;
            }
            _ => writeln!(out, "          {}", item.reason)?,
        }
        let known: Vec<String> = item
            .hints
            .iter()
            .map(|(field, value)| format!("{} {value}", field.as_str().replace('_', " ")))
            .collect();
        if !known.is_empty() {
            writeln!(out, "          known: {}", known.join(", "))?;
        }
    }
    Ok(())
}

/// A contract: fields may be added, never renamed or given another meaning.
fn as_json(item: &InboxItem) -> serde_json::Value {
    serde_json::json!({
        "schema": 1,
        "id": item.id,
        "state": item.state,
        "name": item.original_name,
        "source": item.source,
        "received_at": item.received_at,
        "bytes": item.bytes,
        "sha256": item.sha256,
        "known": item.hints,
        "reason": item.reason,
        "dictation_id": item.dictation_id,
        "ended_at": item.ended.as_ref().map(|(at, _)| at),
        "ended_by": item.ended.as_ref().map(|(_, by)| by),
        "note": item.note,
    })
}
