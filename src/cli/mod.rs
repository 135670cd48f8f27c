//! The command line: arguments, one file per command, exit codes. Commands call `workflow` and print.

use crate::config::Config;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

pub mod admin;
pub mod ask;
mod audit;
pub mod background;
pub mod backup;
pub mod batch;
pub mod common;
pub mod db;
pub mod demo;
pub mod dictate;
pub mod dictionary;
pub mod doctor;
pub mod due;
pub mod eval;
pub mod exit;
pub mod inbox;
pub mod init;
pub mod intake;
pub mod key;
pub mod letter;
pub mod models;
pub mod patient;
pub mod pool;
pub mod report;
pub mod retention;
pub mod serve;
pub mod show;
pub mod template;
pub mod transcribe;
pub mod user;
pub mod watch;

use exit::Failure;

/// Dictation and transcription for medicine. No sound and no word leaves this machine.
#[derive(Debug, Parser)]
#[command(name = "osler", version, about, after_help = exit::HELP)]
pub struct Cli {
    /// Configuration file (TOML); also OSLER_CONFIG
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database and the audio; also OSLER_DATA
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// File of the master key; also OSLER_KEY_FILE
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Transcribe(transcribe::Args),
    Dictate(dictate::Args),
    /// List, fetch and check speech models
    #[command(subcommand)]
    Models(models::Args),
    /// Ask the dictionary, and keep what a site, a specialty, a physician or a patient has beyond it
    ///
    /// Answers are lines with columns parted by tabs. Of two entries with the same words that of the patient counts before
    /// that of the physician, of the specialty, of the site, and of the base set. No entry makes the machine change a
    /// drug, a number, a unit, a negation, a side or a name. What is changed here holds from the next recording that is
    /// taken in.
    #[command(subcommand)]
    Dictionary(dictionary::Command),
    /// List, add and take back ready texts, which "insert NAME" puts into a report
    #[command(subcommand)]
    Template(template::Command),
    Eval(eval::Args),
    /// Make an empty database in the data folder
    Init(init::Args),
    /// Make the first administrator, and tokens for programs
    #[command(subcommand)]
    Admin(admin::Command),
    /// Add, list and close the accounts of the people who use Osler; change one's own password
    #[command(subcommand)]
    User(user::Command),
    /// Add, list or show patients
    #[command(subcommand)]
    Patient(patient::Command),
    /// Take a recording into a patient's record and draft its report
    Intake(intake::Args),
    Batch(batch::Args),
    Watch(watch::Args),
    /// List, hear, assign or discard recordings of which it is not certain whose they are
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// List, show, sign or file reports
    #[command(subcommand)]
    Report(report::Command),
    /// Print and set by when documents are due
    #[command(subcommand)]
    Due(due::Command),
    /// Print and change the pools of secretaries who share work
    #[command(subcommand)]
    Pool(pool::Command),
    /// List, write, print and withdraw letters: signed reports to somebody, with copies
    #[command(subcommand)]
    Letter(letter::Command),
    /// Save the database and the recordings, check a backup, put it back
    #[command(subcommand)]
    Backup(backup::Command),
    /// Show or replace the master key
    #[command(subcommand)]
    Key(key::Command),
    /// Encrypt or decrypt the database file
    #[command(subcommand)]
    Db(db::Command),
    /// Remove recordings whose time is over; keep what a legal hold names
    #[command(subcommand)]
    Retention(retention::Command),
    /// Make a sample practice, take two recordings in, and print what became of them
    Demo(demo::Args),
    /// Check or export the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Run the practice in a browser
    Serve(serve::Args),
    Doctor(doctor::Args),
}

/// Parses the arguments, runs the command, and says how it went.
pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    crate::telemetry::start();
    match run(cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let mut config = Config::load(cli.config.as_deref())?;
    if let Some(data) = cli.data {
        config.data = data;
    }
    if let Some(file) = cli.key_file {
        config.key_file = Some(file);
    }
    match cli.command {
        Command::Transcribe(args) => transcribe::run(&args, &config),
        Command::Dictate(args) => dictate::run(&args, &config),
        Command::Models(args) => models::run(args, &config),
        Command::Dictionary(command) => dictionary::run(&config, &command),
        Command::Template(command) => template::run(command, config),
        Command::Eval(args) => eval::run(args, &config),
        Command::Init(args) => init::run(&args, config),
        Command::Admin(command) => admin::run(command, config),
        Command::User(command) => user::run(command, config),
        Command::Patient(command) => patient::run(command, config),
        Command::Intake(args) => intake::run(args, config),
        Command::Batch(args) => batch::run(args, config),
        Command::Watch(args) => watch::run(args, config),
        Command::Inbox(command) => inbox::run(command, config),
        Command::Report(command) => report::run(command, config),
        Command::Letter(command) => letter::run(command, config),
        Command::Due(command) => due::run(command, config),
        Command::Pool(command) => pool::run(command, config),
        Command::Backup(command) => backup::run(command, config),
        Command::Key(command) => key::run(&command, config),
        Command::Db(command) => db::run(&command, config),
        Command::Retention(command) => retention::run(command, config),
        Command::Demo(args) => demo::run(&args, config),
        Command::Audit(command) => audit::run(command, config),
        Command::Serve(args) => serve::run(&args, config),
        Command::Doctor(args) => doctor::run(&args, &config),
    }
}
