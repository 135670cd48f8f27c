//! What is wrong with the sound itself: an offset from zero, which is taken out, and clipping, which is told.

use crate::domain::transcript::Stretch;

/// Takes out what stands still: a one-pole high-pass at 13 Hz, far below any voice. A sound card's offset would otherwise
/// be loud sound to the detector and to every measure of level.
#[derive(Debug, Default)]
pub struct HighPass {
    before: Option<f32>,
    out: f32,
}

impl HighPass {
    /// Filters samples at 16 kHz in place.
    pub fn run(&mut self, samples: &mut [f32]) {
        // 1 - 2 pi 13 Hz / 16 kHz.
        const POLE: f32 = 0.995;
        for s in samples {
            let x = *s;
            // The first sample counts as having stood there for ever: no thump at the start.
            self.out = x - self.before.unwrap_or(x) + POLE * self.out;
            self.before = Some(x);
            *s = self.out;
        }
    }
}

/// Seconds of a window in which samples at the rails are counted.
const WINDOW_S: f64 = 0.5;

/// A sample this near to the loudest of its window, and flat, stands at the rails, wherever those are: what was clipped
/// may have been made softer since.
const RAIL: f32 = 0.985;

/// Largest step between two samples at 16 kHz, as a share of the window's loudest, that counts as flat.
const FLAT: f32 = 0.005;

/// Step between two samples at 16 kHz, as a share of the window's loudest, that is a corner.
const CORNER: f32 = 0.05;

/// Fewest flat samples in a row.
const RUN: usize = 3;

/// Windows softer than this (-38 dB of full scale) have no rails worth a name.
const SOFTEST: f32 = 0.0125;

/// Share of a window's samples at the rails from which it is clipped. Clean dictations stay below 0.04 %, also out of MP3;
/// 6 dB over full scale gives up to 1.8 %, 12 dB 17 %, and as MP3 0.9 %.
const CLIPPED: f32 = 0.001;

/// Counts samples at the rails, window by window, before anything is resampled: resampling rounds them off.
#[derive(Debug, Default)]
pub struct Clipping {
    rate: u32,
    window: Vec<f32>,
    from_s: f64,
    clipped: Vec<(Stretch, f32)>,
}

impl Clipping {
    /// Takes samples of one channel at `rate`; `at_s` is their second of the recording.
    pub fn push(&mut self, samples: &[f32], rate: u32, at_s: f64) {
        if rate != self.rate {
            self.window.clear();
            self.rate = rate;
        }
        let full = (f64::from(rate) * WINDOW_S) as usize;
        for (i, s) in samples.iter().enumerate() {
            if self.window.is_empty() {
                self.from_s = at_s + i as f64 / f64::from(rate);
            }
            self.window.push(*s);
            if self.window.len() >= full {
                self.count();
            }
        }
    }

    /// Windows that are clipped, with the share of their samples at the rails, in order.
    pub fn windows(&self) -> &[(Stretch, f32)] {
        &self.clipped
    }

    fn count(&mut self) {
        let loudest = self.window.iter().fold(0.0f32, |m, s| m.max(s.abs()));
        if loudest >= SOFTEST {
            // The faster the samples follow each other, the smaller the steps.
            let step = loudest * (16_000.0 / self.rate as f32).min(1.0);
            let at_rails = at_rails(&self.window, RAIL * loudest, FLAT * step, CORNER * step);
            let share = at_rails as f32 / self.window.len() as f32;
            if share >= CLIPPED {
                let end_s = self.from_s + self.window.len() as f64 / f64::from(self.rate);
                let stretch = Stretch {
                    start_s: self.from_s,
                    end_s,
                };
                self.clipped.push((stretch, share));
            }
        }
        self.window.clear();
    }
}

/// Samples in runs of [`RUN`] and more beyond `rail`, with steps of at most `flat` inside and one of at least `corner`
/// where they begin or end. A tone has round tops without corners, however slow.
fn at_rails(samples: &[f32], rail: f32, flat: f32, corner: f32) -> usize {
    let (mut total, mut run, mut cornered, mut before) = (0, 0, false, 0.0f32);
    for &s in samples {
        let step = (s - before).abs();
        if run > 0 && s.abs() >= rail && step <= flat {
            run += 1;
        } else {
            if run >= RUN && (cornered || step >= corner) {
                total += run;
            }
            run = usize::from(s.abs() >= rail);
            cornered = step >= corner;
        }
        before = s;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Syllables of a voice: a pulse train through a formant, rising and falling.
    fn voice(rate: u32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize)
            .map(|i| {
                let t = i as f32 / rate as f32;
                let since = (t * 120.0).fract() / 120.0;
                let syllable = 0.4 + 0.3 * (t * 4.0 * std::f32::consts::TAU).sin();
                (std::f32::consts::TAU * 650.0 * since).sin() * (-since * 250.0).exp() * syllable
            })
            .collect()
    }

    fn share(samples: &[f32], rate: u32) -> f32 {
        let mut clipping = Clipping::default();
        for (i, block) in samples.chunks(777).enumerate() {
            clipping.push(block, rate, (i * 777) as f64 / f64::from(rate));
        }
        clipping.windows().iter().map(|w| w.1).sum::<f32>()
    }

    #[test]
    fn flat_tops_are_clipping_at_any_level_and_rate_and_a_voice_is_not() {
        for rate in [8_000, 16_000, 48_000] {
            let voice = voice(rate, 4.0);
            assert_eq!(share(&voice, rate), 0.0, "{rate}");
            for level in [1.0, 0.1] {
                let clipped: Vec<f32> = voice
                    .iter()
                    .map(|s| (s * 4.0).clamp(-1.0, 1.0) * level)
                    .collect();
                assert!(share(&clipped, rate) > 0.08, "{rate} at {level}");
            }
        }
    }

    #[test]
    fn a_clipped_window_knows_its_place() {
        let mut samples = voice(16_000, 4.0);
        for s in &mut samples[32_000..40_000] {
            *s = (*s * 6.0).clamp(-1.0, 1.0);
        }
        let mut clipping = Clipping::default();
        clipping.push(&samples, 16_000, 0.0);
        let [(stretch, _)] = clipping.windows() else {
            panic!("{:?}", clipping.windows())
        };
        assert_eq!((stretch.start_s, stretch.end_s), (2.0, 2.5));
    }

    #[test]
    fn silence_and_tones_have_no_rails() {
        assert_eq!(share(&vec![0.0; 32_000], 16_000), 0.0);
        for rate in [8_000, 16_000, 48_000] {
            for pitch in [50.0, 120.0, 300.0, 500.0, 700.0, 960.0, 2_000.0] {
                let tone: Vec<f32> = (0..2 * rate)
                    .map(|i| (i as f32 / rate as f32 * pitch * std::f32::consts::TAU).sin() * 0.9)
                    .collect();
                assert_eq!(share(&tone, rate), 0.0, "{pitch} at {rate}");
            }
        }
    }

    #[test]
    fn an_offset_is_taken_out_from_the_first_sample_and_a_voice_stays() {
        let voice = voice(16_000, 1.0);
        let mut plain = voice.clone();
        HighPass::default().run(&mut plain);
        let mut offset: Vec<f32> = voice.iter().map(|s| s + 0.3).collect();
        let mut filter = HighPass::default();
        for block in offset.chunks_mut(700) {
            filter.run(block);
        }
        let worst = |a: &[f32], b: &[f32]| {
            a.iter()
                .zip(b)
                .map(|(x, y)| (x - y).abs())
                .fold(0.0f32, f32::max)
        };
        assert!(worst(&plain, &offset) < 1e-3);
        let mean = offset.iter().sum::<f32>() / offset.len() as f32;
        assert!(mean.abs() < 1e-3, "{mean}");
        let tone: Vec<f32> = (0..16_000).map(|i| (i as f32 * 0.04).sin()).collect();
        let mut filtered = tone.clone();
        HighPass::default().run(&mut filtered);
        assert!(
            worst(&tone[1_000..], &filtered[1_000..]) < 0.15,
            "100 Hz stay"
        );
    }
}
