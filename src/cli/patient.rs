//! `osler patient`: the patients and their records.

use crate::cli::ask;
use crate::cli::common::{NOBODY, date, local, mrn, with_app};
use crate::cli::exit::Failure;
use crate::cli::show;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::patient::{Difference, EntryKind, Mrn, Sex};
use crate::store::{Opening, StoreError};
use crate::workflow::particulars::{self, Changed};
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
    /// Change what is known about a patient; what is not named stays
    Change {
        /// Record number
        #[arg(value_parser = mrn)]
        mrn: Mrn,
        /// Family name
        #[arg(long)]
        family: Option<String>,
        /// Given names
        #[arg(long)]
        given: Option<String>,
        /// Date of birth, YYYY-MM-DD; what is not filed is asked for it again
        #[arg(long, value_parser = date, value_name = "DATE")]
        birth_date: Option<Date>,
        /// female, male, other or unknown
        #[arg(long, value_parser = sex)]
        sex: Option<Sex>,
        /// Telephone; "" takes it out
        #[arg(long)]
        phone: Option<String>,
        /// Postal address
        #[arg(long)]
        address: Option<String>,
        /// E-mail address
        #[arg(long)]
        email: Option<String>,
    },
    /// Add a number that somebody else gave the patient, for example an insurer; it finds the patient too
    Number {
        /// Record number
        #[arg(value_parser = mrn)]
        mrn: Mrn,
        /// Who issued it
        issuer: String,
        /// The number
        value: String,
        /// It does not hold any more
        #[arg(long)]
        withdraw: bool,
    },
    /// Join another record of the same patient with this one: all that lies in it moves, and its number finds this one
    Merge {
        /// Record number of the record that stays
        #[arg(value_parser = mrn)]
        mrn: Mrn,
        /// Record number of the record that ends
        #[arg(long, value_parser = mrn, value_name = "MRN")]
        from: Mrn,
        /// How it is known that they are the same patient's
        #[arg(long)]
        reason: String,
        /// What they differ in, as it is printed when it is missing: family, given, birth_date, sex
        #[arg(long, value_delimiter = ',', value_parser = difference)]
        differ: Vec<Difference>,
        /// The secretary who does this; the password is asked for
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Print how a record changed, newest first
    History {
        /// Record number
        #[arg(value_parser = mrn)]
        mrn: Mrn,
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

fn difference(typed: &str) -> Result<Difference, String> {
    typed
        .parse()
        .map_err(|_| "name family, given, birth_date or sex".into())
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
            Command::Change {
                mrn,
                family,
                given,
                birth_date,
                sex,
                phone,
                address,
                email,
            } => {
                let patient = patients::find(app, &mrn).await?;
                let known = particulars::of(app, patient.id).await?;
                let kept = |new: Option<String>, old: &str| new.unwrap_or_else(|| old.to_owned());
                let new = Changed {
                    family: kept(family, &patient.family),
                    given: kept(given, &patient.given),
                    birth_date: birth_date.unwrap_or(patient.birth_date),
                    sex: sex.unwrap_or(patient.sex),
                    contact: [
                        kept(phone, known.contact.phone()),
                        kept(address, known.contact.address()),
                        kept(email, known.contact.email()),
                    ],
                };
                let actor = Actor::cli(NOBODY);
                let (id, version) = (patient.id, known.version);
                let patient = particulars::change(app, id, version, new, &actor).await?;
                let name = patient.listed_name();
                writeln!(out, "changed {} {name}", patient.mrn)?;
            }
            Command::Number {
                mrn,
                issuer,
                value,
                withdraw,
            } => {
                let patient = patients::find(app, &mrn).await?;
                let actor = Actor::cli(NOBODY);
                if withdraw {
                    let known = particulars::of(app, patient.id).await?;
                    let kept = known.numbers.iter().find(|kept| {
                        kept.number.issuer() == issuer && kept.number.value() == value
                    });
                    let Some(kept) = kept else {
                        let message = "the record has no such number; `osler patient show` prints what it has";
                        return Err(StoreError::NotFound(message.into()).into());
                    };
                    particulars::withdraw_number(app, patient.id, kept.id, &actor).await?;
                } else {
                    let given = (issuer.as_str(), value.as_str());
                    particulars::add_number(app, patient.id, given, None, &actor).await?;
                }
                let done = if withdraw { "withdrawn" } else { "added" };
                writeln!(out, "{done}: number of {issuer} in record {mrn}")?;
            }
            Command::Merge {
                mrn,
                from,
                reason,
                differ,
                by,
            } => {
                let patient = ask::logged_in(app, &by, async |who| {
                    Ok(particulars::merge(app, who, (&mrn, &from), differ, &reason).await?)
                })
                .await?;
                writeln!(out, "{from} is in {} now", patient.mrn)?;
            }
            Command::History { mrn } => {
                let patient = patients::find(app, &mrn).await?;
                for change in particulars::history(app, patient.id).await? {
                    writeln!(
                        out,
                        "{}  {:<12} {:<10} {} -> {}",
                        local(change.at),
                        change.by,
                        change.field,
                        change.before.replace('\n', ", "),
                        change.after.replace('\n', ", ")
                    )?;
                }
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
