//! Mono to 16 kHz, block by block.

use super::SAMPLE_RATE;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Input frames handed to the resampler at a time.
const CHUNK: usize = 1024;

/// A streaming resampler to 16 kHz whose output lines up with its input: the filter's delay is cut off at the start
/// and what it still holds comes out at the end.
pub struct To16k {
    inner: Option<Fft<f32>>,
    rate: usize,
    pending: Vec<f32>,
    skip: usize,
    taken: u64,
    given: u64,
    scratch: Vec<f32>,
}

impl To16k {
    /// For input at `rate` samples per second.
    pub fn new(rate: usize) -> Result<Self, String> {
        let inner = if rate == SAMPLE_RATE {
            None
        } else {
            Some(
                Fft::new(rate, SAMPLE_RATE, CHUNK, 1, FixedSync::Input)
                    .map_err(|e| e.to_string())?,
            )
        };
        Ok(Self {
            skip: inner.as_ref().map_or(0, |r| r.output_delay()),
            inner,
            rate,
            pending: Vec::new(),
            taken: 0,
            given: 0,
            scratch: Vec::new(),
        })
    }

    /// Takes samples at the input rate, appends samples at 16 kHz to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), String> {
        self.taken += samples.len() as u64;
        if self.inner.is_none() {
            out.extend_from_slice(samples);
            return Ok(());
        }
        self.pending.extend_from_slice(samples);
        self.drain(out)
    }

    /// Ends the stream: appends what is still inside, so that the output is as long as the input.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), String> {
        if self.inner.is_none() {
            return Ok(());
        }
        let wanted = (self.taken as f64 * SAMPLE_RATE as f64 / self.rate as f64).round() as u64;
        // Silence pushes the rest through; the filter is far shorter than these blocks in sum.
        let mut rounds = 0;
        while self.given < wanted && rounds < 64 {
            self.pending
                .resize(self.pending.len() + CHUNK.max(self.rate / 8), 0.0);
            let before = out.len();
            self.drain(out)?;
            let excess = self.given.saturating_sub(wanted) as usize;
            out.truncate(out.len().saturating_sub(excess).max(before));
            rounds += 1;
        }
        self.pending.clear();
        Ok(())
    }

    fn drain(&mut self, out: &mut Vec<f32>) -> Result<(), String> {
        let Some(inner) = &mut self.inner else {
            return Ok(());
        };
        let mut used = 0;
        loop {
            let need = inner.input_frames_next();
            if self.pending.len() - used < need {
                break;
            }
            let room = inner.output_frames_next();
            self.scratch.resize(room, 0.0);
            let input = SequentialSlice::new(&self.pending[used..used + need], 1, need)
                .map_err(|e| e.to_string())?;
            let mut output =
                SequentialSlice::new_mut(&mut self.scratch, 1, room).map_err(|e| e.to_string())?;
            let (read, written) = inner
                .process_into_buffer(&input, &mut output, None)
                .map_err(|e| e.to_string())?;
            used += read;
            let cut = self.skip.min(written);
            self.skip -= cut;
            self.given += (written - cut) as u64;
            out.extend_from_slice(&self.scratch[cut..written]);
        }
        self.pending.drain(..used);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(rate: usize, tone: f32, seconds: f32) -> Vec<f32> {
        let n = (rate as f32 * seconds) as usize;
        let samples: Vec<f32> = (0..n)
            .map(|i| (std::f32::consts::TAU * tone * i as f32 / rate as f32).sin())
            .collect();
        let mut to = To16k::new(rate).unwrap();
        let mut out = Vec::new();
        for block in samples.chunks(700) {
            to.push(block, &mut out).unwrap();
        }
        to.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn a_tone_keeps_its_length_its_pitch_and_its_place() {
        for rate in [
            8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000,
        ] {
            let out = resampled(rate, 100.0, 1.5);
            assert!(
                (out.len() as i64 - 24_000).abs() <= 1,
                "{rate}: {} samples",
                out.len()
            );
            // Compared with the same tone made at 16 kHz, away from the edges: no change of level, and no delay beyond
            // one sample (63 microseconds), since the filter's delay need not be a whole number of output samples.
            let worst = (2_000..22_000)
                .map(|i| {
                    let want = (std::f32::consts::TAU * 100.0 * i as f32 / 16_000.0).sin();
                    (out[i] - want).abs()
                })
                .fold(0.0f32, f32::max);
            assert!(worst < 0.045, "{rate}: off by {worst}");
        }
    }
}
