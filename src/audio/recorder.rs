//! A recording being made: WAV on disk, block by block, so that nothing that was said is lost.

use super::{AudioError, SAMPLE_RATE};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Writes 16 kHz mono, 16 bit.
pub struct Recorder {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    file: File,
}

impl Recorder {
    /// Begins a new file; one that is there already is not overwritten.
    pub fn create(path: &Path) -> Result<Self, AudioError> {
        let failed = |e| AudioError::Write(path.to_path_buf(), e);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let handle = file.try_clone().map_err(failed)?;
        let spec = WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE as u32,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::new(BufWriter::new(file), spec).map_err(|e| failed(plain(e)))?;
        let mut recorder = Self {
            path: path.to_path_buf(),
            writer,
            file: handle,
        };
        recorder.write(&[])?;
        Ok(recorder)
    }

    /// Appends samples. When it returns, they are on disk and the file is whole as it is.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        let mut write = || -> Result<(), hound::Error> {
            for s in samples {
                self.writer
                    .write_sample((s.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16)?;
            }
            self.writer.flush()?;
            Ok(self.file.sync_data()?)
        };
        write().map_err(|e| AudioError::Write(self.path.clone(), plain(e)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn plain(e: hound::Error) -> std::io::Error {
    match e {
        hound::Error::IoError(e) => e,
        other => std::io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_can_be_read_while_the_recording_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("take.wav");
        let mut recorder = Recorder::create(&path).unwrap();
        for second in 1..4u32 {
            recorder.write(&[0.25; SAMPLE_RATE]).unwrap();
            let read = hound::WavReader::open(&path).unwrap();
            assert_eq!(read.duration(), second * SAMPLE_RATE as u32);
        }
        recorder.write(&[2.0, -2.0, f32::NAN]).unwrap();
        let samples: Vec<i16> = hound::WavReader::open(&path)
            .unwrap()
            .into_samples()
            .map(Result::unwrap)
            .collect();
        assert_eq!(samples[0], 8192);
        assert_eq!(samples[samples.len() - 3..], [i16::MAX, -i16::MAX, 0]);
    }

    #[test]
    fn a_recording_that_is_there_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("take.wav");
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(
            Recorder::create(&path),
            Err(AudioError::Write(..))
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
