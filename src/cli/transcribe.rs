//! From a recording to a recognition, at the command line.

use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::recognition::Recognition;
use std::path::Path;

/// Recognises one recording. Blocks; `progress` shows a bar on stderr.
pub fn recognise(
    _recording: &Path,
    _config: &Config,
    _model: Option<&str>,
    _progress: bool,
) -> Result<Recognition, Failure> {
    Err(Failure::new(Code::Model, "transcription is not available"))
}
