//! Where things are and which model is used: defaults, then the file, then the environment, then the command line.

use crate::text::TextStyle;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Everything an installation can set. Every key may be left out of the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Database and audio.
    pub data: PathBuf,
    /// Name of the practice, as it is shown and printed.
    pub practice: String,
    /// Folder with the model files; `OSLER_MODELS` wins over the file.
    pub models: PathBuf,
    /// Folder of dictionary files instead of the built-in set; `OSLER_DICTIONARIES` wins over the file.
    pub dictionaries: Option<PathBuf>,
    /// Model that is used where none is named.
    pub model: String,
    /// ISO 639-1 code of the language that is dictated.
    pub language: String,
    /// What the engine is told to expect; empty for nothing, left out for the spoken marks where English is dictated.
    pub prompt: Option<String>,
    /// Threads of the engine; 0 for one per core.
    pub threads: usize,
    /// How dates, units and words with two spellings are written: as_heard, american or british.
    pub style: TextStyle,
    /// Program and arguments that decode dictaphone files, with `{input}` in the place of the file; it writes WAV, or
    /// raw 16-bit mono samples at 16 kHz, to its output. Empty: ffmpeg, which reads DSS and not DS2.
    pub dss_decoder: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let home = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("."))
            .join("osler");
        Self {
            data: home.join("data"),
            practice: String::new(),
            models: home.join("models"),
            dictionaries: None,
            model: "base".into(),
            language: "en".into(),
            prompt: None,
            threads: 0,
            style: TextStyle::AsHeard,
            dss_decoder: Vec::new(),
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file says something that is not understood.
    #[error("configuration file {0}: {1}")]
    Parse(PathBuf, String),
}

impl Config {
    /// Reads `file`, or `OSLER_CONFIG`, or nothing; then lets `OSLER_DATA` and `OSLER_MODELS` win.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let named = file
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os("OSLER_CONFIG").map(PathBuf::from));
        let mut config = match named {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| ConfigError::Read(path.clone(), e))?;
                toml::from_str(&text).map_err(|e| ConfigError::Parse(path, e.to_string()))?
            }
            None => Self::default(),
        };
        if let Some(dir) = std::env::var_os("OSLER_DATA") {
            config.data = dir.into();
        }
        if let Some(dir) = std::env::var_os("OSLER_MODELS") {
            config.models = dir.into();
        }
        if let Some(dir) = std::env::var_os("OSLER_DICTIONARIES") {
            config.dictionaries = Some(dir.into());
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_refused_by_name() {
        let error = toml::from_str::<Config>("modle = \"base\"").unwrap_err();
        assert!(error.to_string().contains("modle"), "{error}");
    }

    #[test]
    fn one_key_leaves_the_others_at_their_defaults() {
        let config: Config = toml::from_str("threads = 3").unwrap();
        assert_eq!(config.threads, 3);
        assert_eq!(config.model, "base");
        assert!(config.dss_decoder.is_empty());
    }

    #[test]
    fn a_decoder_is_a_program_and_its_arguments() {
        let config: Config =
            toml::from_str(r#"dss_decoder = ["python3", "decode.py", "{input}"]"#).unwrap();
        assert_eq!(config.dss_decoder, ["python3", "decode.py", "{input}"]);
    }
}
