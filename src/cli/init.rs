//! `osler init`: makes a database.

use crate::cli::common::with_app;
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::store::{Kind, Opening};
use crate::workflow::upkeep;
use std::io::Write;

/// Arguments of `osler init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For made-up patients: accepts signatures on the command line, and can never become a real practice
    #[arg(long)]
    demo: bool,
}

/// Makes the database where it is missing; says what is there where it is not.
pub fn run(args: &Args, config: Config) -> Result<(), Failure> {
    let kind = if args.demo {
        Kind::Demo
    } else {
        Kind::Practice
    };
    with_app(config, Opening::OrCreate(kind), async |app| {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{} database: {}",
            kind.as_str(),
            app.store.path().display()
        )?;
        writeln!(
            out,
            "key file: {} (keep a copy away from this machine: without it nothing can be read)",
            upkeep::key_file(&app.config).display()
        )?;
        if app.store.users().await?.is_empty() {
            writeln!(
                out,
                "Next: {}",
                match kind {
                    Kind::Demo =>
                        "osler user add NAME --name \"Printed Name, MD\" --role physician",
                    Kind::Practice => "osler admin init --name \"Printed Name\"",
                }
            )?;
        }
        Ok(())
    })
}
