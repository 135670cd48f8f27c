//! `osler admin`: the first administrator, and tokens for programs.

use crate::cli::ask;
use crate::cli::common::{NOBODY, with_app};
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::role::{Scope, Scopes};
use crate::store::Opening;
use crate::workflow::people::{services, users};
use jiff::{SignedDuration, Timestamp};
use std::io::Write;

/// `osler admin ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the first administrator; the password is asked for
    Init {
        /// Login name
        #[arg(default_value = "admin")]
        username: String,
        /// Name as it is printed
        #[arg(long)]
        name: String,
    },
    /// Make a token for a program; it is shown once
    Token {
        /// Name of the program's account, which is made where it is missing
        service: String,
        /// Its name as it is printed, where the account is made
        #[arg(long, default_value = "Service")]
        name: String,
        /// What it may do: patients:read, patients:write, dictations:write, reports:read, worklist:read
        #[arg(long = "scope", value_parser = scope, required = true)]
        scopes: Vec<Scope>,
        /// Days until it runs out; without it, it counts until it is revoked
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: Option<u16>,
        /// The administrator who does this
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Take all tokens of a program away
    Revoke {
        /// Name of the program's account
        service: String,
        /// The administrator who does this
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
}

fn scope(typed: &str) -> Result<Scope, String> {
    typed.parse().map_err(|_| {
        let all = Scope::ALL.map(Scope::as_str).join(", ");
        format!("a scope is one of {all}")
    })
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let mut out = std::io::stdout().lock();
        match command {
            Command::Init { username, name } => {
                let password = ask::new_password(&format!("Password for {username}: "))?;
                let actor = Actor::cli(NOBODY);
                let user =
                    users::add_first_administrator(app, &username, &name, password, &actor).await?;
                writeln!(
                    out,
                    "added {}, administrator\nNext: osler user add NAME --name \"Printed Name, MD\" --role physician --as {}",
                    user.username, user.username
                )?;
            }
            Command::Token {
                service,
                name,
                scopes,
                days,
                by,
            } => {
                let expires_at = days.map(|days| in_days(app.clock.now(), days));
                let scopes: Scopes = scopes.into_iter().collect();
                let token = ask::logged_in(app, &by, async |who| {
                    Ok(
                        services::make_token(app, who, &service, &name, scopes.clone(), expires_at)
                            .await?,
                    )
                })
                .await?;
                writeln!(out, "{}", token.reveal())?;
            }
            Command::Revoke { service, by } => {
                let revoked = ask::logged_in(app, &by, async |who| {
                    Ok(services::revoke(app, who, &service).await?)
                })
                .await?;
                writeln!(out, "{service}: {revoked} token(s) revoked")?;
            }
        }
        Ok(())
    })
}

fn in_days(now: Timestamp, days: u16) -> Timestamp {
    let seconds = i64::from(days) * 24 * 60 * 60;
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
