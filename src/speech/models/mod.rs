//! Model files: which there are, fetching them, converting them, and finding the one to load.
//!
//! A model NAME has up to two files in the models folder: `ggml-NAME.bin`, float16 as published by whisper.cpp, and
//! `ggml-NAME-q8_0.bin`, which Osler makes of it. Where both are there the second is used: it is half as large, faster, and
//! wrote the same words. Both sources end in the same bytes, because what is rebuilt from the Python packages is the
//! published file. A folder that was filled by hand works the same; any other file can be named by its path.
//!
//! * [`manifest`]: names, sums, sources;
//! * [`local`]: what is in the folder and whether it is what it should be;
//! * [`mod@fetch`]: sources in order, under a lock, with [`http`] and [`pip`];
//! * [`ggml`], [`ct2`], [`mel`]: the file formats and the conversion.

mod bytes;
mod ct2;
mod fetch;
mod ggml;
mod http;
mod local;
mod manifest;
mod mel;
mod pip;
#[cfg(test)]
mod tests;

pub use fetch::{Event, FetchOptions, fetch};
pub use http::Patience;
pub use local::{ModelFile, Verdict, Verified, present, resolve, verify};
pub use manifest::{Expected, Manifest, Model, Packages, Source, SourceKind};
pub use mel::filters as mel_filters;

use crate::speech::engine::SpeechError;
use std::path::{Path, PathBuf};

/// Reads the index of a model file of any weight type and compares what it claims with what it holds, before an engine
/// sizes its memory by the claims.
pub fn inspect(path: &Path) -> Result<(), SpeechError> {
    let broken = |reason: String| SpeechError::ModelBroken {
        path: path.display().to_string(),
        reason,
    };
    let file = std::fs::File::open(path).map_err(|e| broken(e.to_string()))?;
    ggml::inspect(file).map_err(|e| broken(e.to_string()))
}

/// The readers of model files over bytes in memory, for fuzzing: whatever the bytes are, an answer and no more memory
/// than a small multiple of them.
#[doc(hidden)]
pub mod reading {
    use super::{ct2, ggml};
    use std::io::Cursor;

    /// Reads a float16 ggml file and writes it as q8_0; the number of its tensors.
    pub fn ggml(bytes: &[u8]) -> Result<usize, ggml::ConvertError> {
        convert(&ggml::Plan::read(Cursor::new(bytes))?, bytes)
    }

    /// Compares a ggml file of any weight type with its own claims.
    pub fn inspect(bytes: &[u8]) -> Result<(), ggml::ConvertError> {
        Ok(ggml::inspect(Cursor::new(bytes))?)
    }

    /// Reads a CTranslate2 model with its tokenizer.json and writes it as q8_0; the number of its tensors.
    pub fn ct2(bytes: &[u8], tokenizer: &[u8]) -> Result<usize, ggml::ConvertError> {
        convert(&ct2::plan(Cursor::new(bytes), tokenizer)?, bytes)
    }

    fn convert(plan: &ggml::Plan, bytes: &[u8]) -> Result<usize, ggml::ConvertError> {
        let mut output = ggml::Output {
            encoding: ggml::Encoding::Q8_0,
            to: &mut std::io::sink(),
        };
        plan.write(
            &mut Cursor::new(bytes),
            std::slice::from_mut(&mut output),
            &mut |_, _| {},
        )?;
        Ok(plan.tensors.len())
    }
}

/// Why a model could not be fetched or checked.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The manifest does not say what a manifest says.
    #[error("models/manifest.toml: {0}")]
    Manifest(String),
    /// Nobody knows this name.
    #[error("no model is called {name:?}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is, separated by commas.
        known: String,
    },
    /// A file or the folder cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not the one that it should be.
    #[error(
        "{file} has the wrong {algorithm} sum and is not used: expected {expected}, got {actual}"
    )]
    Checksum {
        /// The file.
        file: String,
        /// "SHA-1" or "SHA-256".
        algorithm: &'static str,
        /// The sum in the manifest.
        expected: String,
        /// The sum of the file.
        actual: String,
    },
    /// A download failed.
    #[error("{0}")]
    Http(String),
    /// The pip client failed.
    #[error("{0}")]
    Pip(String),
    /// Weights cannot be converted.
    #[error("{path} cannot be converted: {reason}")]
    Convert {
        /// The weights.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Every source failed.
    #[error(
        "model {name} could not be fetched:{}\nOr place {file} in {folder} by hand (on a machine with a network, from \
         {address}); it is checked before it is used.",
        .reasons.iter().map(|r| format!("\n  - {r}")).collect::<String>()
    )]
    AllFailed {
        /// The model.
        name: String,
        /// One line for each source.
        reasons: Vec<String>,
        /// The file to place by hand.
        file: String,
        /// Where to place it.
        folder: PathBuf,
        /// Where to get it.
        address: String,
    },
}

impl ModelError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}
