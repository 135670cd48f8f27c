//! `osler doctor`: is this installation well?

use crate::cli::exit::{Code, Failure};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::workflow::doctor::{self, Check, Examine, Health};
use std::io::Write;

/// Check disk, permissions, database, recordings, clock, model, dictionary, watched folders and port
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port that the service listens on
    #[arg(long, default_value_t = crate::cli::serve::PORT)]
    port: u16,
    /// Read the whole database and every recording, which takes a while
    #[arg(long)]
    thorough: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args, config: &Config) -> Result<(), Failure> {
    let what = Examine {
        port: Some(args.port),
        thorough: args.thorough,
    };
    report(config, &what, args.json)
}

/// Looks at everything and prints it; a failure where something does not work.
pub fn report(config: &Config, what: &Examine, json: bool) -> Result<(), Failure> {
    let checks = doctor::examine(config, what, &SystemClock);
    let mut out = std::io::stdout().lock();
    for check in &checks {
        if json {
            let line = serde_json::to_string(check)
                .map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
            writeln!(out, "{line}")?;
        } else {
            print(&mut out, check)?;
        }
    }
    let count = |health| checks.iter().filter(|c| c.health == health).count();
    let (failed, warnings) = (count(Health::Failed), count(Health::Warning));
    if doctor::overall(&checks) == Health::Failed {
        return Err(Failure::new(
            Code::Failed,
            format!("failed: {failed}, with a warning: {warnings}"),
        ));
    }
    if !json {
        writeln!(
            out,
            "all well{}",
            match warnings {
                0 => String::new(),
                n => format!("; with a warning: {n}"),
            }
        )?;
    }
    Ok(())
}

fn print(out: &mut impl Write, check: &Check) -> std::io::Result<()> {
    let health = match check.health {
        Health::Failed => "FAILED",
        other => other.as_str(),
    };
    writeln!(out, "{health:<8} {:<15} {}", check.what, check.found)?;
    if let Some(advice) = &check.advice {
        writeln!(out, "{:<24} -> {advice}", "")?;
    }
    Ok(())
}
