//! What a browser plays: any recording once more as a 16 kHz mono WAV, and its waveform.
//!
//! The recording is decoded as for the engine, so that a second of the player is a second of the transcript. Decoding is
//! a stream; the waveform comes from the same pass.

use super::decode::Decoder;
use super::{AudioError, Input, OpenOptions, SAMPLE_RATE, to_i16};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};

/// Peaks per second of sound.
pub const PEAKS_PER_S: usize = 20;

/// Bytes of a WAV header as they are written here.
const HEADER: usize = 44;

/// Bytes that are written at a time.
const PART: usize = 64 * 1024;

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

/// Decodes `recording` and writes its samples, little-endian, without a header ([`Wave`] puts one before them). Blocks, for
/// as long as decoding takes.
///
/// # Errors
/// What the decoder says, [`AudioError::NoSamples`] where there is no sound, [`AudioError::Write`]; then some of it may have
/// been written.
pub fn render(
    recording: &Input,
    options: &OpenOptions,
    out: &mut impl Write,
) -> Result<Waveform, AudioError> {
    let failed = |e: std::io::Error| AudioError::Write(recording.name().to_path_buf(), e);
    let mut decoder = Decoder::open_with(recording, options)?;
    let mut waveform = Waveform::default();
    let mut samples = Vec::new();
    let mut bytes = Vec::new();
    while let Some(block) = decoder.next_block()? {
        samples.clear();
        samples.extend(block.iter().map(|s| to_i16(*s)));
        waveform.push(&samples);
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        if bytes.len() >= PART {
            out.write_all(&bytes).map_err(failed)?;
            bytes.clear();
        }
    }
    out.write_all(&bytes).map_err(failed)?;
    if waveform.samples == 0 {
        return Err(AudioError::NoSamples(recording.name().to_path_buf()));
    }
    Ok(waveform)
}

/// A WAV file: a header, and samples that lie somewhere without one. Reads from any place.
pub struct Wave<R> {
    header: [u8; HEADER],
    samples: R,
    length: u64,
    position: u64,
}

impl<R: Read + Seek> Wave<R> {
    /// Over this many samples; none where the format has no number for so much.
    pub fn new(samples: R, count: u64) -> Option<Self> {
        Some(Self {
            header: header(count)?,
            samples,
            length: HEADER as u64 + 2 * count,
            position: 0,
        })
    }

    /// Bytes of the whole.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl<R: Read + Seek> Read for Wave<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let n = match usize::try_from(self.position) {
            Ok(at) if at < HEADER => {
                let n = most.min(HEADER - at);
                out[..n].copy_from_slice(&self.header[at..at + n]);
                n
            }
            _ => {
                self.samples
                    .seek(SeekFrom::Start(self.position - HEADER as u64))?;
                self.samples.read(&mut out[..most])?
            }
        };
        self.position += n as u64;
        Ok(n)
    }
}

impl<R: Read + Seek> Seek for Wave<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| {
            std::io::Error::new(ErrorKind::InvalidInput, "a place before the beginning")
        })?;
        Ok(self.position)
    }
}

/// A WAV writer over a file.
pub(super) fn writer(file: File) -> Result<WavWriter<BufWriter<File>>, hound::Error> {
    WavWriter::new(BufWriter::new(file), SPEC)
}

/// How a WAV file of so many 16 kHz mono samples begins; nothing but the samples follows. None where the format has no
/// number for so much.
pub(super) fn header(samples: u64) -> Option<[u8; HEADER]> {
    let bytes = u32::try_from(samples.checked_mul(2)?).ok()?;
    let mut out = [0; HEADER];
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
    use std::io::Cursor;
    use std::path::{Path, PathBuf};

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
        let recording = recording(dir.path(), 44_100, &samples);
        let mut out = Vec::new();
        let waveform = render(&(&recording).into(), &OpenOptions::default(), &mut out).unwrap();
        let wave = Wave::new(Cursor::new(out), waveform.samples).unwrap();
        let read = hound::WavReader::new(wave).unwrap();
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
        let recording = recording(dir.path(), 16_000, &[]);
        let options = OpenOptions::default();
        let error = render(&(&recording).into(), &options, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, AudioError::NoSamples(_)), "{error}");
    }

    #[test]
    fn a_wave_is_read_from_any_place_across_its_header() {
        let samples: Vec<u8> = (0..200).collect();
        let mut wave = Wave::new(Cursor::new(samples.clone()), 100).unwrap();
        let mut whole = Vec::new();
        wave.read_to_end(&mut whole).unwrap();
        assert_eq!(whole[HEADER..], samples);
        assert_eq!(whole.len() as u64, wave.length());
        for from in [0, 1, 43, 44, 45, 100, 243, 244, 300] {
            wave.seek(SeekFrom::Start(from)).unwrap();
            let mut part = Vec::new();
            wave.read_to_end(&mut part).unwrap();
            assert_eq!(part, whole[whole.len().min(from as usize)..], "{from}");
        }
        assert_eq!(wave.seek(SeekFrom::End(-4)).unwrap(), 240);
        assert!(wave.seek(SeekFrom::End(-245)).is_err());
    }
}
