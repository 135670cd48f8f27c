//! `osler user`: the people who use Osler.

use crate::cli::common::{NOBODY, with_app};
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::user::Role;
use crate::store::Opening;
use crate::workflow::users;
use std::io::Write;

/// `osler user ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a person
    Add {
        /// Login name: small letters, digits, '.', '_' or '-'
        username: String,
        /// Name as it is printed under a signature
        #[arg(long)]
        name: String,
        /// physician or secretary
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// List all
    List,
}

fn role(typed: &str) -> Result<Role, String> {
    typed
        .parse()
        .map_err(|_| "a role is physician or secretary".into())
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let mut out = std::io::stdout().lock();
        match command {
            Command::Add {
                username,
                name,
                role,
            } => {
                let user = users::add(app, &username, &name, role, &Actor::cli(NOBODY)).await?;
                writeln!(out, "added {}, {}", user.username, user.role.as_str())?;
            }
            Command::List => {
                for user in users::list(app).await? {
                    writeln!(
                        out,
                        "{:<16} {:<10} {}",
                        user.username,
                        user.role.as_str(),
                        user.name
                    )?;
                }
            }
        }
        Ok(())
    })
}
