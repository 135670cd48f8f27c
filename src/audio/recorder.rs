//! A recording being made: WAV on disk, block by block, so that nothing that was said is lost.

use super::playable;
use super::{AudioError, create_private, plain, to_i16};
use hound::WavWriter;
use std::fs::File;
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
        let file = create_private(path).map_err(failed)?;
        let handle = file.try_clone().map_err(failed)?;
        let writer = playable::writer(file).map_err(|e| failed(plain(e)))?;
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
                self.writer.write_sample(to_i16(*s))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SAMPLE_RATE;

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
        assert_eq!(samples[samples.len() - 3..], [i16::MAX, i16::MIN, 0]);
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
