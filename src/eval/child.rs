//! One recording in a process of its own, so that its memory and its time are its own.

use crate::eval::hypothesis::{self, Outcome};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How the program is called: `PROGRAM transcribe --format json ARGUMENTS FILE`.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Further arguments, before the file.
    pub arguments: Vec<OsString>,
    /// Environment on top of one's own.
    pub environment: Vec<(&'static str, OsString)>,
}

/// A run: the line that the program printed, and what is in it.
#[derive(Debug)]
pub struct Run {
    /// The line, if it was JSON.
    pub line: Option<serde_json::Value>,
    /// The result with the wall time, or why there is none.
    pub outcome: Outcome,
    /// Wall time of the process in seconds.
    pub wall_s: f64,
}

/// Runs the program on one recording. Everything that can go wrong with it is a failed outcome: the other recordings
/// are still to be measured.
pub fn run(program: &Program, file: &Path) -> Run {
    let begun = Instant::now();
    let output = Command::new(&program.path)
        .args(["transcribe", "--format", "json"])
        .args(&program.arguments)
        .arg(file)
        .envs(program.environment.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::null())
        .output();
    let wall_s = begun.elapsed().as_secs_f64();
    let output = match output {
        Ok(output) => output,
        Err(e) => {
            return Run {
                line: None,
                outcome: Err(format!("{} cannot be run: {e}", program.path.display())),
                wall_s,
            };
        }
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let line = stdout.lines().rfind(|line| !line.trim().is_empty());
    let parsed = line.map(|line| (serde_json::from_str(line).ok(), hypothesis::parse(line)));
    let (line, outcome) = match parsed {
        Some((line, Ok(outcome))) => (line, outcome),
        Some((line, Err(e))) => (line, Err(e.to_string())),
        None => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let said = stderr.lines().rfind(|line| !line.trim().is_empty());
            (
                None,
                Err(format!(
                    "{}: {}",
                    output.status,
                    said.unwrap_or("no output")
                )),
            )
        }
    };
    Run {
        line,
        outcome: outcome.map(|mut hypothesis| {
            hypothesis.wall_s = Some(wall_s);
            hypothesis
        }),
        wall_s,
    }
}
