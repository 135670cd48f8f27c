//! `osler db`: the database file itself.

use crate::cli::exit::Failure;
use crate::config::Config;

/// `osler db ...`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Encrypt a database of an earlier version, or of a build without encryption, where it lies; nothing else may use it
    Encrypt,
    /// Make an encrypted database plain, for a build without encryption. Recordings stay encrypted
    Decrypt {
        /// Say that everybody who can read the file will be able to read the records
        #[arg(long)]
        readable_by_anyone: bool,
    },
}

/// Runs the command.
#[cfg(feature = "encrypted")]
pub fn run(command: &Command, config: Config) -> Result<(), Failure> {
    use crate::cli::common::NOBODY;
    use crate::cli::exit::Code;
    use crate::clock::{Clock, SystemClock};
    use crate::domain::audit::{Actor, Stamp};
    use crate::store::cipher;
    use crate::store::space::spoken;
    use std::io::Write;

    let key_file = config.key_file.as_deref();
    let stamp = Stamp {
        actor: Actor::cli(NOBODY),
        at: SystemClock.now(),
    };
    let (done, what) = match command {
        Command::Encrypt => (
            cipher::encrypt(&config.data, key_file, &stamp)?,
            "encrypted",
        ),
        Command::Decrypt {
            readable_by_anyone: true,
        } => (cipher::decrypt(&config.data, key_file, &stamp)?, "plain"),
        Command::Decrypt { .. } => {
            return Err(Failure::new(
                Code::Usage,
                "a plain database can be read by whoever gets at the file; say --readable-by-anyone if that is what you want",
            ));
        }
    };
    let was = if done.was_so { " already" } else { "" };
    writeln!(
        std::io::stdout().lock(),
        "{} is {what}{was} ({})",
        done.path.display(),
        spoken(done.bytes)
    )?;
    Ok(())
}

/// Runs the command.
#[cfg(not(feature = "encrypted"))]
pub fn run(_: &Command, _: Config) -> Result<(), Failure> {
    Err(Failure::new(
        crate::cli::exit::Code::Usage,
        "this program was built without encryption of the database; use the usual build of Osler",
    ))
}
