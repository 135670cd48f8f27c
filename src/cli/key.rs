//! `osler key`: the master key.

use crate::cli::ask;
use crate::cli::common::{NOBODY, with_app};
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::policy;
use crate::store::Opening;
use crate::workflow::people::{Subject, authorise};
use crate::workflow::upkeep;
use std::io::Write;

/// `osler key ...`. The key file opens the database, the recordings and their backups; without it nothing does.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say where the key file is and what its key is called
    Show,
    /// Put a new key into the key file. Nothing has to be encrypted anew; backups made before need the old key, which is
    /// kept beside the new one
    Rotate {
        /// The administrator who does this; left out, the trail names the system
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
}

/// Runs the command.
pub fn run(command: &Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let file = upkeep::key_file(&app.config);
        let mut out = std::io::stdout().lock();
        match command {
            Command::Show => {
                writeln!(
                    out,
                    "key {} in {}",
                    app.store.keys().master(),
                    file.display()
                )?;
            }
            Command::Rotate { by } => {
                let rotated = match by {
                    None => upkeep::rotate_key(app, &Actor::cli(NOBODY)).await?,
                    Some(by) => {
                        ask::logged_in(app, by, async |who| {
                            let action = policy::Action::ManageSettings;
                            authorise(app, who, action, Subject::NONE).await?;
                            Ok(upkeep::rotate_key(app, &who.actor()).await?)
                        })
                        .await?
                    }
                };
                writeln!(
                    out,
                    "key {} in {}; the old key {} is in {}\nKeep a copy of the new key away from this machine, and the old one as long as backups of before are kept",
                    rotated.to,
                    file.display(),
                    rotated.from,
                    rotated.kept.display()
                )?;
            }
        }
        Ok(())
    })
}
