//! `osler pool`: people who share work.

use super::ask;
use super::common::with_app;
use super::exit::Failure;
use crate::config::Config;
use crate::store::Opening;
use crate::workflow::settings;
use std::io::Write;

/// `osler pool ...`. A dictation that is given to a pool is offered to whoever of its members asks for the next.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the pools: name, members, how much waits
    List,
    /// Take a secretary into a pool; the first one makes it
    Join(Change),
    /// Take somebody out of a pool; it ends with the last one
    Leave(Change),
}

/// Who, and which pool.
#[derive(Debug, clap::Args)]
pub struct Change {
    /// Name of the pool
    pool: String,
    /// User name
    user: String,
    /// The administrator who does this; the password is asked for
    #[arg(long = "as", value_name = "USER")]
    by: String,
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let (change, is_member) = match command {
            Command::List => {
                let mut out = std::io::stdout().lock();
                for pool in settings::all_pools(app).await? {
                    let members: Vec<&str> =
                        pool.members.iter().map(|u| u.username.as_str()).collect();
                    let members = members.join(", ");
                    writeln!(out, "{}\t{members}\t{}", pool.name, pool.waiting)?;
                }
                return Ok(());
            }
            Command::Join(change) => (change, true),
            Command::Leave(change) => (change, false),
        };
        let Change { pool, user, by } = change;
        ask::logged_in(app, &by, async |who| {
            Ok(settings::set_pool_member(app, who, &pool, &user, is_member).await?)
        })
        .await?;
        let is = if is_member { "is" } else { "is no longer" };
        writeln!(std::io::stdout().lock(), "{user} {is} in {pool}")?;
        Ok(())
    })
}
