//! `osler template`: the ready texts of the site and of physicians.

use super::common::{NOBODY, local, with_app};
use super::exit::{Code, Failure};
use crate::app::App;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::layer::LayerKind;
use crate::store::Opening;
use crate::workflow::people::users;
use crate::workflow::templates::{self, Given};
use std::io::{Read, Write};

/// `osler template ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the ready texts: number, whose, name, other names, document type, who added it, when, text
    List {
        /// Old versions and what was taken back too
        #[arg(long)]
        revoked: bool,
    },
    /// Add a ready text, read from the standard input; "[ ]" in it is a field to be filled in
    Add {
        /// What it is called by: "insert NAME" puts it in
        name: String,
        /// What else it is called by; may be given several times
        #[arg(long, value_name = "NAME")]
        spoken: Vec<String>,
        /// User name of the physician whose it is; without it, it is the site's
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        /// Document type that it is meant for, for example consultation
        #[arg(long)]
        kind: Option<String>,
        /// Number of the ready text that it takes the place of; that version stays readable
        #[arg(long, value_name = "NUMBER")]
        replaces: Option<i64>,
        /// Who does it: a user name, for the audit trail
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
    /// Take a ready text back; it stays in the list of what was taken back
    Remove {
        /// Its number, as `list` prints it
        number: i64,
        /// Who does it: a user name, for the audit trail
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| match command {
        Command::List { revoked } => list(app, revoked).await,
        Command::Add {
            name,
            spoken,
            owner,
            kind,
            replaces,
            by,
        } => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|e| {
                Failure::new(
                    Code::Input,
                    format!("the text cannot be read: {e}; give it as UTF-8 on the standard input"),
                )
            })?;
            let layer = match &owner {
                Some(_) => LayerKind::Physician,
                None => LayerKind::Site,
            };
            let layer = templates::find(app, layer, owner.as_deref()).await?;
            let given = Given {
                name,
                spoken,
                text,
                kind,
                replaces,
            };
            let actor = actor(app, by).await?;
            let stored = templates::add(app, layer, given, None, &actor).await?;
            writeln!(std::io::stdout().lock(), "added\t{}", stored.seq)?;
            Ok(())
        }
        Command::Remove { number, by } => {
            templates::revoke(app, number, &actor(app, by).await?).await?;
            writeln!(std::io::stdout().lock(), "taken back\t{number}")?;
            Ok(())
        }
    })
}

async fn actor(app: &App, by: Option<String>) -> Result<Actor, Failure> {
    match by {
        None => Ok(Actor::cli(NOBODY)),
        Some(name) => Ok(Actor::cli(users::find(app, &name).await?.username)),
    }
}

async fn list(app: &App, revoked: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (stored, owner) in templates::all(app, revoked).await? {
        let template = &stored.template;
        let taken_back = match &stored.revoked {
            Some((by, at)) => format!("\ttaken back by {by} {}", local(*at)),
            None => String::new(),
        };
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}{taken_back}",
            stored.seq,
            owner.as_deref().unwrap_or("site"),
            template.name(),
            template.spoken().join(", "),
            template.kind().unwrap_or(""),
            stored.added.0,
            local(stored.added.1),
            template.body().replace('\n', "\\n"),
        )?;
    }
    Ok(())
}
