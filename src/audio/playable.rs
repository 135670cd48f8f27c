//! What a browser plays: any recording once more as a 16 kHz mono WAV, and its waveform.
//!
//! The recording is decoded as for the engine, so that a second of the player is a second of the transcript. Decoding is
//! a stream; the waveform comes from the same pass.

use super::decode::Decoder;
use super::{AudioError, OpenOptions, SAMPLE_RATE, plain, to_i16};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Peaks per second of sound.
pub const PEAKS_PER_S: usize = 20;

/// Samples of one peak.
const SPAN: usize = SAMPLE_RATE / PEAKS_PER_S;

/// How 16 kHz mono sound lies in a WAV file.
pub(super) const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: SAMPLE_RATE as u32,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// The waveform of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waveform {
    /// The greatest level of each twentieth of a second, 0 to 255; the last one may be shorter.
    pub peaks: Vec<u8>,
    /// Samples of the sound at 16 kHz.
    pub samples: u64,
}

impl Waveform {
    /// Adds samples that follow those before.
    fn push(&mut self, samples: &[i16]) {
        for &sample in samples {
            if self.samples.is_multiple_of(SPAN as u64) {
                self.peaks.push(0);
            }
            self.samples += 1;
            // i16::MIN has no positive counterpart; 32767 is full level as well.
            let level = (u32::from(sample.unsigned_abs()) * 255 + 16_384) / 32_768;
            if let Some(peak) = self.peaks.last_mut() {
                *peak = (*peak).max(level.min(255) as u8);
            }
        }
    }
}

/// Decodes `recording` into the new WAV file `wav`, which is on the disk when this returns. Blocks, for as long as
/// decoding takes.
///
/// # Errors
/// What the decoder says, [`AudioError::NoSamples`] where there is no sound, [`AudioError::Write`]; then `wav` may be
/// there in part.
pub fn render(recording: &Path, options: &OpenOptions, wav: &Path) -> Result<Waveform, AudioError> {
    let failed = |e: std::io::Error| AudioError::Write(wav.to_path_buf(), e);
    let mut decoder = Decoder::open_with(recording, options)?;
    let file = super::create_private(wav).map_err(failed)?;
    let handle = file.try_clone().map_err(failed)?;
    let mut writer = writer(file).map_err(|e| failed(plain(e)))?;
    let mut waveform = Waveform::default();
    let mut samples = Vec::new();
    while let Some(block) = decoder.next_block()? {
        samples.clear();
        samples.extend(block.iter().map(|s| to_i16(*s)));
        waveform.push(&samples);
        for sample in &samples {
            writer.write_sample(*sample).map_err(|e| failed(plain(e)))?;
        }
    }
    writer.finalize().map_err(|e| failed(plain(e)))?;
    handle.sync_all().map_err(failed)?;
    if waveform.samples == 0 {
        return Err(AudioError::NoSamples(recording.to_path_buf()));
    }
    Ok(waveform)
}

/// A WAV writer over a file.
pub(super) fn writer(file: File) -> Result<WavWriter<BufWriter<File>>, hound::Error> {
    WavWriter::new(BufWriter::new(file), SPEC)
}

/// How a WAV file of so many 16 kHz mono samples begins; nothing but the samples follows. None where the format has no
/// number for so much.
pub(super) fn header(samples: u64) -> Option<[u8; 44]> {
    let bytes = u32::try_from(samples.checked_mul(2)?).ok()?;
    let mut out = [0; 44];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        out[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    put(b"RIFF");
    put(&bytes.checked_add(36)?.to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes()); // PCM
    put(&SPEC.channels.to_le_bytes());
    put(&SPEC.sample_rate.to_le_bytes());
    put(&(SPEC.sample_rate * 2).to_le_bytes());
    put(&2u16.to_le_bytes());
    put(&SPEC.bits_per_sample.to_le_bytes());
    put(b"data");
    put(&bytes.to_le_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn recording(dir: &Path, rate: u32, samples: &[i16]) -> PathBuf {
        let path = dir.join("in.wav");
        let spec = WavSpec {
            sample_rate: rate,
            ..SPEC
        };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        for s in samples {
            writer.write_sample(*s).unwrap();
        }
        writer.finalize().unwrap();
        path
    }

    #[test]
    fn a_recording_of_another_rate_plays_for_as_long_at_ours() {
        let dir = tempfile::tempdir().unwrap();
        let samples: Vec<i16> = (0..44_100)
            .map(|i| ((f64::from(i) * 0.05).sin() * 16_384.0) as i16)
            .collect();
        let wav = dir.path().join("out.wav");
        let waveform = render(
            &recording(dir.path(), 44_100, &samples),
            &OpenOptions::default(),
            &wav,
        )
        .unwrap();
        let read = hound::WavReader::open(&wav).unwrap();
        assert_eq!(read.spec(), SPEC);
        assert_eq!(u64::from(read.duration()), waveform.samples);
        assert!(waveform.samples.abs_diff(16_000) < 20);
        assert_eq!(waveform.peaks.len(), PEAKS_PER_S);
        assert!(
            waveform.peaks.iter().all(|p| p.abs_diff(128) < 14),
            "{:?}",
            waveform.peaks
        );
    }

    #[test]
    fn a_peak_is_the_greatest_level_of_its_span_whatever_its_sign() {
        let mut waveform = Waveform::default();
        let mut samples = vec![0; SPAN + 3];
        samples[7] = i16::MIN;
        samples[SPAN + 1] = -16_384;
        // In parts, as it comes.
        for part in samples.chunks(111) {
            waveform.push(part);
        }
        assert_eq!(waveform.peaks, [255, 128]);
        assert_eq!(waveform.samples, SPAN as u64 + 3);
    }

    #[test]
    fn a_recording_without_a_sample_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = render(
            &recording(dir.path(), 16_000, &[]),
            &OpenOptions::default(),
            &dir.path().join("out.wav"),
        )
        .unwrap_err();
        assert!(matches!(error, AudioError::NoSamples(_)), "{error}");
    }
}
