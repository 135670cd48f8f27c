//! `osler letter`: signed reports as letters.

use super::ask;
use super::common::{local, with_app};
use super::exit::Failure;
use crate::config::Config;
use crate::domain::ids::LetterId;
use crate::domain::letter::Letter;
use crate::domain::policy::Action;
use crate::store::Opening;
use crate::workflow::letters::{self, NewLetter};
use crate::workflow::people::authorise;
use crate::workflow::print::{Format, print_letter};
use std::io::Write;

/// `osler letter ...`. The password of whoever does it is asked for. A report is named by its identifier or by at least 6
/// digits of its beginning or end.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the letters of a report, and the copies that were dictated and stand in none
    List {
        /// The report
        report: String,
        /// Who asks
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Make a signed report a letter
    Write {
        /// The report
        report: String,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Where; lines are parted by ";"
        #[arg(long)]
        address: String,
        /// Who gets a copy, as "NAME" or "NAME; ADDRESS; ..."; may be given several times
        #[arg(long, value_name = "NAME")]
        copy: Vec<String>,
        /// Who writes it
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Print a letter to the standard output
    Print {
        /// Its identifier, as `list` prints it
        letter: LetterId,
        /// The sheet for the copy of this number, counted from 1
        #[arg(long, value_name = "NUMBER")]
        copy: Option<usize>,
        /// As a PDF
        #[arg(long)]
        pdf: bool,
        /// Who prints it
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
    /// Say that a letter was not to go out; it stays readable
    Withdraw {
        /// Its identifier
        letter: LetterId,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who says so
        #[arg(long = "as", value_name = "USER")]
        by: String,
    },
}

/// Lines that are parted by ";".
fn lines(typed: &str) -> String {
    let lines = typed.split(';').map(str::trim);
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    with_app(config, Opening::Existing, async |app| match command {
        Command::List { report, by } => {
            let report = app.store.find_report(&report).await?;
            let (letters, proposals) = ask::logged_in(app, &by, async |who| {
                Ok(letters::of(app, who, report).await?)
            })
            .await?;
            for letter in &letters {
                line(letter)?;
            }
            let mut out = std::io::stdout().lock();
            for proposal in proposals {
                writeln!(out, "dictated\t{}\t{}", proposal.name, proposal.said)?;
            }
            Ok(())
        }
        Command::Write {
            report,
            to,
            address,
            copy,
            by,
        } => {
            let report = app.store.find_report(&report).await?;
            let copies = copy.iter().map(|typed| {
                let (name, address) = typed.split_once(';').unwrap_or((typed.as_str(), ""));
                (name.to_owned(), lines(address))
            });
            let new = NewLetter {
                to: (to, lines(&address)),
                copies: copies.collect(),
            };
            let letter = ask::logged_in(app, &by, async |who| {
                Ok(letters::write(app, who, report, &new, None).await?)
            })
            .await?;
            line(&letter)
        }
        Command::Print {
            letter,
            copy,
            pdf,
            by,
        } => {
            let format = if pdf { Format::Pdf } else { Format::Text };
            let bytes = ask::logged_in(app, &by, async |who| {
                let letter = app.store.letter(letter).await?;
                let report = app.store.report(letter.report_id).await?;
                authorise(app, who, Action::Export, letters::about(&report)).await?;
                Ok(print_letter(app, letter, copy, &who.user.name, format).await?)
            })
            .await?;
            std::io::stdout().lock().write_all(&bytes)?;
            Ok(())
        }
        Command::Withdraw { letter, reason, by } => {
            let letter = ask::logged_in(app, &by, async |who| {
                Ok(letters::withdraw(app, who, letter, &reason).await?)
            })
            .await?;
            line(&letter)
        }
    })
}

fn line(letter: &Letter) -> Result<(), Failure> {
    let copies: Vec<String> = letter.copies.iter().map(|c| c.in_a_line()).collect();
    let state = match &letter.withdrawal {
        None => "in force".to_owned(),
        Some(withdrawal) => format!("withdrawn {}: {}", local(withdrawal.at), withdrawal.reason),
    };
    writeln!(
        std::io::stdout().lock(),
        "{}\t{}\tto {}\tcopies: {}\t{state}",
        letter.id,
        local(letter.made_at),
        letter.to.in_a_line(),
        copies.join(" | ")
    )?;
    Ok(())
}
