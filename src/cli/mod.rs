//! The command line: arguments, one file per command, exit codes. Commands call `workflow` and print.

use crate::config::Config;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

pub mod dictionary;
pub mod eval;
pub mod exit;
pub mod models;
pub mod transcribe;

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
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Transcribe(transcribe::Args),
    /// List, fetch and check speech models
    #[command(subcommand)]
    Models(models::Args),
    /// Ask the dictionary: is it a word, what may it have been, how much is in it
    #[command(subcommand)]
    Dictionary(dictionary::Command),
    Eval(eval::Args),
}

/// Parses the arguments, runs the command, and says how it went.
pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
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
    match cli.command {
        Command::Transcribe(args) => transcribe::run(&args, &config),
        Command::Models(args) => models::run(args, &config),
        Command::Dictionary(command) => dictionary::run(&config, &command),
        Command::Eval(args) => eval::run(args, &config),
    }
}
