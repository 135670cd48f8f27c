//! `osler user`: the people who use Osler.

use crate::cli::ask;
use crate::cli::common::{NOBODY, with_app};
use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::role::Role;
use crate::store::Opening;
use crate::workflow::people::{login, second_factor, users};
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
        /// physician, secretary, administrator or auditor
        #[arg(long, value_parser = role)]
        role: Role,
        /// The administrator who does this, once there is one; the password is asked for
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
    /// Say which specialty a physician belongs to; its layer of the dictionary is used for what they dictate
    Specialty {
        /// Login name
        username: String,
        /// For example cardiology or "internal medicine"; left out: none any more
        specialty: Option<String>,
        /// The administrator who does this, once there is one
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
    /// List all
    List,
    /// Change one's own password
    Password {
        /// Whose
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Set up one's own second factor, with an authenticator app
    SecondFactor {
        /// Whose
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Set a new password for somebody who forgot theirs; it is shown once
    Reset(Managed),
    /// Take away somebody's second factor, for example because a telephone was lost
    RemoveSecondFactor(Managed),
    /// Close somebody's account
    Close(Managed),
    /// Open a closed account again
    Reopen(Managed),
}

/// Whom an administrator does something to.
#[derive(Debug, clap::Args)]
pub struct Managed {
    /// Login name
    username: String,
    /// The administrator who does this
    #[arg(long = "as", value_name = "USER")]
    by: String,
}

fn role(typed: &str) -> Result<Role, String> {
    match typed.parse::<Role>() {
        Ok(Role::Service) | Err(_) => {
            Err("a role is physician, secretary, administrator or auditor".into())
        }
        Ok(role) => Ok(role),
    }
}

fn no_administrator() -> Failure {
    Failure::new(
        Code::Usage,
        "this practice has an administrator: say who does this with --as USER",
    )
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
                by,
            } => {
                if !users::has_administrator(app).await? {
                    let user = users::add(app, &username, &name, role, &Actor::cli(NOBODY)).await?;
                    writeln!(out, "added {}, {}", user.username, user.role.as_str())?;
                    return Ok(());
                }
                let by = by.ok_or_else(no_administrator)?;
                let (user, password) = ask::logged_in(app, &by, async |who| {
                    Ok(users::add_by(app, who, &username, &name, role).await?)
                })
                .await?;
                writeln!(out, "added {}, {}", user.username, user.role.as_str())?;
                writeln!(out, "password for the first log-in: {password}")?;
            }
            Command::Specialty {
                username,
                specialty,
                by,
            } => {
                let specialty = specialty.as_deref();
                let set = if users::has_administrator(app).await? {
                    let by = by.ok_or_else(no_administrator)?;
                    ask::logged_in(app, &by, async |who| {
                        Ok(users::set_specialty_by(app, who, &username, specialty).await?)
                    })
                    .await?
                } else {
                    users::set_specialty(app, &username, specialty, &Actor::cli(NOBODY)).await?
                };
                let set = set.unwrap_or_else(|| "no specialty".into());
                writeln!(out, "{username}: {set}")?;
            }
            Command::List => {
                for user in users::list(app).await? {
                    writeln!(
                        out,
                        "{:<16} {:<13} {}",
                        user.username,
                        user.role.as_str(),
                        user.name
                    )?;
                }
            }
            Command::Password { by } => {
                let old = ask::password_of(&by)?;
                ask::logged_in_with(app, &by, old.clone(), async |who| {
                    let new = ask::new_password("New password: ")?;
                    Ok(login::change_password(app, who, old, new).await?)
                })
                .await?;
                writeln!(out, "password of {by} changed")?;
            }
            Command::SecondFactor { by } => {
                ask::logged_in(app, &by, async |who| {
                    let enrolment = second_factor::begin_enrolment(app, who).await?;
                    writeln!(
                        std::io::stderr().lock(),
                        "type into an authenticator app: {}\nor show it as a QR code: {}",
                        enrolment.secret,
                        enrolment.uri
                    )?;
                    let code = ask::secret("Code that the app shows: ")?;
                    Ok(second_factor::confirm(app, who, &code).await?)
                })
                .await?;
                writeln!(out, "{by} has a second factor now")?;
            }
            Command::Reset(Managed { username, by }) => {
                let password = ask::logged_in(app, &by, async |who| {
                    Ok(users::reset_password(app, who, &username).await?)
                })
                .await?;
                writeln!(out, "password for the next log-in: {password}")?;
            }
            Command::RemoveSecondFactor(Managed { username, by }) => {
                ask::logged_in(app, &by, async |who| {
                    Ok(users::remove_second_factor(app, who, &username).await?)
                })
                .await?;
                writeln!(out, "{username} has no second factor")?;
            }
            Command::Close(Managed { username, by }) => {
                ask::logged_in(app, &by, async |who| {
                    Ok(users::close(app, who, &username).await?)
                })
                .await?;
                writeln!(out, "account of {username} closed")?;
            }
            Command::Reopen(Managed { username, by }) => {
                ask::logged_in(app, &by, async |who| {
                    Ok(users::reopen(app, who, &username).await?)
                })
                .await?;
                writeln!(out, "account of {username} open")?;
            }
        }
        Ok(())
    })
}
