//! The whole result of one recognition run; its serialised form is the JSON contract of `osler transcribe`.

use crate::domain::finding::Finding;
use crate::domain::report::ReportBody;
use crate::domain::transcript::{Coverage, Edit, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the recording is, as its container says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Container and codec, for example "wav/pcm_mulaw".
    pub format: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
    /// What a dictation header says (author, time, priority), where there is one.
    pub header: Option<serde_json::Value>,
}

/// What the engine heard.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Raw {
    /// The words joined by spaces.
    pub text: String,
    /// The words; never changed after the run.
    pub words: Vec<Word>,
}

/// The words after the dictionary.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Transcript {
    /// The raw words with the edits in force, joined by spaces.
    pub text: String,
    /// What was changed, each undoable.
    pub edits: Vec<Edit>,
}

/// One recognition run over one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// The recording.
    pub source: SourceInfo,
    /// Its length in seconds, as decoded.
    pub duration_s: f64,
    /// Name of the model.
    pub model: String,
    /// SHA-256 (hex) of the weights.
    pub model_sha256: String,
    /// Everything that is needed to repeat the run.
    pub parameters: serde_json::Value,
    /// Wall time of the run in seconds.
    pub elapsed_s: f64,
    /// Seconds of work by stage, over all threads; stages overlap, so that they need not add up to `elapsed_s`.
    pub stages_s: BTreeMap<String, f64>,
    /// What the engine heard.
    pub raw: Raw,
    /// After the dictionary.
    pub transcript: Transcript,
    /// After commands and formatting.
    pub report: ReportBody,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// How much of the speech became words.
    pub coverage: Coverage,
}
