//! From a file to pieces for the engine, as a stream: nothing here holds a whole recording.
//!
//! [`decode`] reads any container (of dictaphone files [`dss`] reads the header and a program of its own the sound) and gives 16 kHz mono blocks, [`vad`] says where somebody speaks, [`chunk`] cuts the
//! speech into pieces of at most 30 s in silence, with a clock that leads back to the recording.

pub mod capture;
pub mod chunk;
pub mod decode;
pub mod dss;
mod external;
mod input;
pub mod journal;
mod lost;
#[cfg(feature = "microphone")]
pub mod microphone;
pub mod playable;
mod quality;
pub mod recorder;
mod resample;
pub mod vad;

pub use external::{INPUT, Stopper};
pub use input::{Bytes, Growing, Input};

use std::fs::File;
use std::path::{Path, PathBuf};

/// Samples per second of everything behind [`decode`].
pub const SAMPLE_RATE: usize = 16_000;

/// Seconds in `samples` at [`SAMPLE_RATE`].
pub fn seconds(samples: u64) -> f64 {
    samples as f64 / SAMPLE_RATE as f64
}

/// A sample in -1 to 1 as 16 bits; what lies outside is cut off, and what is no number is silence.
fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

/// A new file that only its owner can read; one that is there already is not overwritten.
fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn plain(e: hound::Error) -> std::io::Error {
    match e {
        hound::Error::IoError(e) => e,
        other => std::io::Error::other(other.to_string()),
    }
}

/// Which channel of a recording is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channel {
    /// All channels together.
    #[default]
    Mix,
    /// The first one.
    Left,
    /// The second one.
    Right,
}

impl Channel {
    /// Its name in the JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// How a recording is opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// Which channel is heard.
    pub channel: Channel,
    /// Program and arguments that decode dictaphone files, [`INPUT`] in the place of the file; it writes WAV, or raw
    /// 16-bit little-endian mono samples at 16 kHz, to its output. Empty: ffmpeg, which reads DSS and not DS2.
    pub dss_decoder: Vec<String>,
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
    /// A recording cannot be written.
    #[error("{0}: the recording cannot be written: {1}")]
    Write(PathBuf, std::io::Error),
    /// A microphone cannot be used.
    #[error("microphone: {0}")]
    Device(String),
    /// Nothing in it.
    #[error("{0}: the file is empty (0 bytes); copy it from the recorder again")]
    Empty(PathBuf),
    /// No container that is known.
    #[error(
        "{0}: not a recording that can be read ({1}); WAV, FLAC, MP3, M4A/AAC, OGG Vorbis, Opus, WebM, MP4 and MKV can"
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
    /// One channel was asked for and there is only one.
    #[error("{0}: has one channel only; leave --channels out")]
    OneChannel(PathBuf),
    /// A dictaphone file that only the device's software can open.
    #[error(
        "{0}: an encrypted DS2 recording; save it without encryption, or as WAV, with the software of the dictaphone"
    )]
    Encrypted(PathBuf),
    /// A dictaphone file and nothing that decodes it.
    #[error(
        "{0}: a {1} dictation, and {2}; save it as WAV with the software of the dictaphone, or set dss_decoder in the configuration file to a program that decodes it (README, \"Dictaphones\")"
    )]
    NoDecoder(PathBuf, &'static str, String),
    /// The program that decodes dictaphone files did not.
    #[error(
        "{0}: a {1} dictation that {2} cannot decode: {3}; save it as WAV with the software of the dictaphone, or set dss_decoder in the configuration file to another program"
    )]
    DecoderFailed(PathBuf, &'static str, String, String),
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
            Self::Write(..) => "unwritable",
            Self::Device(_) => "microphone",
            Self::Empty(_) => "empty",
            Self::NotAudio(..) => "not_audio",
            Self::NoTrack(_) => "no_audio_track",
            Self::Codec(..) => "unsupported_codec",
            Self::Absurd(..) => "absurd_header",
            Self::OneChannel(_) => "one_channel",
            Self::Encrypted(_) => "encrypted",
            Self::NoDecoder(..) => "no_decoder",
            Self::DecoderFailed(..) => "decoder_failed",
            Self::NoSamples(_) => "no_samples",
        }
    }
}
