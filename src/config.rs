//! Where things are and which model is used: defaults, then the file, then the environment, then the command line.

use crate::text::TextStyle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything an installation can set. Every key may be left out of the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Database and audio.
    pub data: PathBuf,
    /// Name of the practice, as it is shown and printed.
    pub practice: String,
    /// File of the master key, which opens what lies in `data`; `OSLER_KEY_FILE` wins over the file. Left out: the name of
    /// the data folder with `.key` behind it. Keep a copy of it elsewhere, and apart from the backups.
    pub key_file: Option<PathBuf>,
    /// Folder of the backups, where `osler backup` is told no other; on another disk.
    pub backups: Option<PathBuf>,
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
    /// What the headers of recorders mean here.
    pub recorders: Recorders,
    /// Folders whose recordings are taken in as they come.
    pub watch: Vec<WatchedFolder>,
    /// What is removed when.
    pub retention: Retention,
}

/// What the headers of recorders mean in this practice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recorders {
    /// From which number on the priority in a header is urgent. Devices number it differently; most write 0 for none.
    pub urgent_from: u8,
    /// Login names by what recorders, file names and lists call people; capitals do not count.
    pub authors: BTreeMap<String, String>,
}

impl Default for Recorders {
    fn default() -> Self {
        Self {
            urgent_from: 1,
            authors: BTreeMap::new(),
        }
    }
}

/// What becomes of a recording's file once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It goes to the folder `done` beside it.
    #[default]
    Move,
    /// It stays where it is.
    Leave,
}

/// A folder whose recordings are taken in as they come, and how it is known whose they are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchedFolder {
    /// The folder, with the folders in it.
    pub folder: PathBuf,
    /// What the inbox calls it; its own name where nothing is given.
    pub name: Option<String>,
    /// How recordings are named, for example "{mrn}_{date}_{author}".
    pub pattern: Option<String>,
    /// How the comment in the header of a recorder is made up, for example "{mrn}".
    pub comment: Option<String>,
    /// A list (CSV) that says whose the recordings are; read again when it changes.
    pub map: Option<PathBuf>,
    /// Who dictated where nothing else says so.
    pub author: Option<String>,
    /// stat, urgent or routine, where nothing else says so.
    pub priority: Option<String>,
    /// author or secretary: who gets the draft, where nothing else says so.
    pub route: Option<String>,
    /// What becomes of the file.
    pub done: Done,
    /// Whether every recording comes with a sidecar (JSON), which is waited for.
    pub sidecar: bool,
    /// Seconds for which size and time of a file have to stand still before it is read.
    pub settle_s: u32,
    /// Seconds between two looks.
    pub every_s: u32,
}

impl Default for WatchedFolder {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            name: None,
            pattern: None,
            comment: None,
            map: None,
            author: None,
            priority: None,
            route: None,
            done: Done::Move,
            sidecar: false,
            settle_s: 10,
            every_s: 5,
        }
    }
}

/// What is removed when.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days for which a recording is kept after its report was filed, or its dictation deleted. Left out: for ever.
    pub audio_days: Option<u32>,
    /// Years for which rows of the audit trail are kept. Left out: for ever.
    pub audit_years: Option<u16>,
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
            key_file: None,
            backups: None,
            models: home.join("models"),
            dictionaries: None,
            model: "base".into(),
            language: "en".into(),
            prompt: None,
            threads: 0,
            style: TextStyle::AsHeard,
            dss_decoder: Vec::new(),
            recorders: Recorders::default(),
            watch: Vec::new(),
            retention: Retention::default(),
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
    /// Reads `file`, or `OSLER_CONFIG`, or nothing; then lets the environment win: `OSLER_DATA`, `OSLER_KEY_FILE`,
    /// `OSLER_MODELS`, `OSLER_DICTIONARIES`.
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
        if let Some(file) = std::env::var_os("OSLER_KEY_FILE") {
            config.key_file = Some(file.into());
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
    fn sound_is_kept_for_ever_unless_the_file_says_for_how_long() {
        assert_eq!(Config::default().retention.audio_days, None);
        let config: Config =
            toml::from_str("[retention]\naudio_days = 90\naudit_years = 6").unwrap();
        assert_eq!(config.retention.audit_years, Some(6));
        assert_eq!(config.retention.audio_days, Some(90));
        let error = toml::from_str::<Config>("[retention]\naudio_day = 90").unwrap_err();
        assert!(error.to_string().contains("audio_day"), "{error}");
    }

    #[test]
    fn a_decoder_is_a_program_and_its_arguments() {
        let config: Config =
            toml::from_str(r#"dss_decoder = ["python3", "decode.py", "{input}"]"#).unwrap();
        assert_eq!(config.dss_decoder, ["python3", "decode.py", "{input}"]);
    }

    #[test]
    fn a_watched_folder_needs_its_place_and_says_the_rest_if_it_differs() {
        let config: Config = toml::from_str(
            "[recorders.authors]\n\"DR MARSH\" = \"dr.marsh\"\n[[watch]]\nfolder = \"/in\"\npattern = \"{mrn}\"\ndone = \"leave\"",
        )
        .unwrap();
        assert_eq!(config.recorders.authors["DR MARSH"], "dr.marsh");
        assert_eq!(config.recorders.urgent_from, 1);
        let folder = &config.watch[0];
        assert_eq!(
            (folder.done, folder.settle_s, folder.sidecar),
            (Done::Leave, 10, false)
        );
        assert!(toml::from_str::<Config>("[[watch]]\nfolder = \"/in\"\npatern = \"x\"").is_err());
    }
}
