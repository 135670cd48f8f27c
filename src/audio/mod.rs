//! From a file to pieces for the engine, as a stream: nothing here holds a whole recording.
//!
//! [`decode`] reads any container and gives 16 kHz mono blocks, [`vad`] says where somebody speaks, [`chunk`] cuts the
//! speech into pieces of at most 30 s in silence, with a clock that leads back to the recording.

pub mod chunk;
pub mod decode;
mod resample;
pub mod vad;

use std::path::PathBuf;

/// Samples per second of everything behind [`decode`].
pub const SAMPLE_RATE: usize = 16_000;

/// Seconds in `samples` at [`SAMPLE_RATE`].
pub fn seconds(samples: u64) -> f64 {
    samples as f64 / SAMPLE_RATE as f64
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// There is no such file.
    #[error("{0}: no such file")]
    Missing(PathBuf),
    /// The file cannot be opened or read.
    #[error("{0}: cannot be read: {1}")]
    Read(PathBuf, std::io::Error),
    /// Nothing in it.
    #[error("{0}: the file is empty (0 bytes); copy it from the recorder again")]
    Empty(PathBuf),
    /// No container that is known.
    #[error(
        "{0}: not a recording that can be read ({1}); WAV, FLAC, MP3, M4A/AAC, OGG Vorbis, Opus and WebM can"
    )]
    NotAudio(PathBuf, String),
    /// A container without sound.
    #[error("{0}: has no audio track")]
    NoTrack(PathBuf),
    /// A codec that is not built in.
    #[error("{0}: {1} audio cannot be decoded; convert it to WAV, FLAC or Opus first")]
    Codec(PathBuf, String),
    /// A header that cannot be true.
    #[error("{0}: {1}; the file is damaged or not a recording")]
    Absurd(PathBuf, String),
    /// A header and nothing behind it.
    #[error("{0}: contains no sound (0 samples)")]
    NoSamples(PathBuf),
}

impl AudioError {
    /// A short stable name for the JSON output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Read(..) => "unreadable",
            Self::Empty(_) => "empty",
            Self::NotAudio(..) => "not_audio",
            Self::NoTrack(_) => "no_audio_track",
            Self::Codec(..) => "unsupported_codec",
            Self::Absurd(..) => "absurd_header",
            Self::NoSamples(_) => "no_samples",
        }
    }
}
