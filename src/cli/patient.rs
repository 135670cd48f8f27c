//! `osler patient`: the patients and their records.

use crate::cli::common::{NOBODY, date, mrn, with_app};
use crate::cli::exit::Failure;
use crate::cli::show;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::patient::{EntryKind, Mrn, Sex};
use crate::store::Opening;
use crate::workflow::patients::{self, Change, NewPatient};
use crate::workflow::record;
use jiff::civil::Date;
use std::io::Write;

/// `osler patient ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a patient
    Add {
        /// Record number
        #[arg(long, value_parser = mrn)]
        mrn: Mrn,
        /// Family name
        #[arg(long)]
        family: String,
        /// Given names
        #[arg(long)]
        given: String,
        /// Date of birth, YYYY-MM-DD
        #[arg(long, value_parser = date, value_name = "DATE")]
        birth_date: Date,
        /// female, male, other or unknown
        #[arg(long, value_parser = sex, default_value = "unknown")]
        sex: Sex,
    },
    /// Add an allergy, a medication or a problem to a record; reports are compared with it
    Note {
        /// Record number
        #[arg(value_parser = mrn)]
        mrn: Mrn,
        /// allergy, medication or problem
        #[arg(value_parser = kind)]
        kind: EntryKind,
        /// As it is to stand in the record, for example "penicillin" or "metoprolol succinate 50 mg daily"
        text: String,
        /// It does not hold any more
        #[arg(long)]
        withdraw: bool,
    },
    /// List all by name
    List,
    /// Print a patient's record
    Show {
        /// Record number
        #[arg(value_parser = mrn)]
        mrn: Mrn,
    },
}

fn sex(typed: &str) -> Result<Sex, String> {
    typed
        .parse()
        .map_err(|_| "sex is female, male, other or unknown".into())
}

fn kind(typed: &str) -> Result<EntryKind, String> {
    typed
        .parse()
        .map_err(|_| "name an allergy, a medication or a problem".into())
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| {
        let mut out = std::io::stdout().lock();
        match command {
            Command::Add {
                mrn,
                family,
                given,
                birth_date,
                sex,
            } => {
                let new = NewPatient {
                    mrn,
                    family,
                    given,
                    birth_date,
                    sex,
                };
                let patient = patients::add(app, new, &Actor::cli(NOBODY)).await?;
                writeln!(out, "added {} {}", patient.mrn, patient.listed_name())?;
            }
            Command::Note {
                mrn,
                kind,
                text,
                withdraw,
            } => {
                let change = if withdraw {
                    Change::Withdraw
                } else {
                    Change::Add
                };
                let actor = Actor::cli(NOBODY);
                patients::change_entry(app, &mrn, change, kind, &text, &actor).await?;
                let done = if withdraw { "withdrawn" } else { "added" };
                writeln!(out, "{done}: {} in record {mrn}", kind.as_str())?;
            }
            Command::List => {
                for patient in patients::list(app).await? {
                    writeln!(
                        out,
                        "{:<12} {}  {:<7}  {}",
                        patient.mrn.as_str(),
                        patient.birth_date,
                        patient.sex.as_str(),
                        patient.listed_name()
                    )?;
                }
            }
            Command::Show { mrn } => show::record(&mut out, &record::show(app, &mrn).await?)?,
        }
        Ok(())
    })
}
