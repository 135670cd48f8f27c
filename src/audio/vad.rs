//! Voice activity: which stretches of the sound are speech.
//!
//! The `earshot` network scores frames of 16 ms. On this network a gain of 10 dB finds quiet dictations as well as loud
//! ones, while 20 dB makes it call ventilation and hum speech; so the sound is lifted by 10 dB at most, by a gain that
//! follows the loudest recent frames. Only a voice that was never much louder and that stands out of a silent room is
//! lifted further.

use super::SAMPLE_RATE;
use std::collections::VecDeque;

/// Samples of one frame (16 ms).
pub const FRAME: usize = 256;

/// Seconds of one frame.
pub const FRAME_S: f64 = FRAME as f64 / SAMPLE_RATE as f64;

/// Frame score, averaged over [`SMOOTH`] frames, from which it counts as speech.
const SPEECH: f32 = 0.5;

/// Frames of the average (80 ms): a click of one frame is not speech.
pub const SMOOTH: usize = 5;

/// Whether frame `i` is speech, by the average around it; `score` finds the score in what is kept of a frame.
pub fn is_speech<T>(frames: &VecDeque<T>, i: usize, score: impl Fn(&T) -> Score) -> bool {
    let half = SMOOTH / 2;
    let from = i.saturating_sub(half);
    let to = (i + half + 1).min(frames.len());
    let sum: f32 = frames.range(from..to).map(|f| score(f).speech).sum();
    sum / (to - from).max(1) as f32 >= SPEECH
}

/// Scores frames as they come.
pub struct Vad {
    detector: Box<earshot::Detector>,
    frame: Vec<f32>,
    level: Level,
}

/// What the detector says of one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Probability of speech, 0 to 1.
    pub speech: f32,
    /// Root mean square of the frame before the gain.
    pub rms: f32,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            detector: earshot::Detector::default_boxed(),
            frame: Vec::with_capacity(FRAME),
            level: Level::default(),
        }
    }
}

impl Vad {
    /// Takes samples, appends one score per full frame to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<Score>) {
        let mut rest = samples;
        while !rest.is_empty() {
            let take = (FRAME - self.frame.len()).min(rest.len());
            self.frame.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            if self.frame.len() == FRAME {
                out.push(self.score());
                self.frame.clear();
            }
        }
    }

    /// Scores what is left, filled up with silence. Ends the stream.
    pub fn finish(&mut self, out: &mut Vec<Score>) {
        if !self.frame.is_empty() {
            self.frame.resize(FRAME, 0.0);
            out.push(self.score());
            self.frame.clear();
        }
    }

    fn score(&mut self) -> Score {
        let rms = (self.frame.iter().map(|s| s * s).sum::<f32>() / FRAME as f32).sqrt();
        let gain = self.level.gain(rms);
        for s in &mut self.frame {
            *s = (*s * gain).clamp(-1.0, 1.0);
        }
        Score {
            speech: self.detector.predict_f32(&self.frame),
            rms,
        }
    }
}

/// Follows the level of the loud frames.
#[derive(Debug)]
struct Level {
    loud: f32,
    /// The same, however soft.
    heard: f32,
    /// Level of the soft frames.
    floor: f32,
    /// Highest value of `heard`.
    most: f32,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            loud: 0.0,
            heard: 0.0,
            floor: 1.0,
            most: 0.0,
        }
    }
}

/// Root mean square that loud speech is brought to (about -20 dB of full scale).
const TARGET_RMS: f32 = 0.1;

/// Largest gain, 10 dB. Share of frames above 0.5 at gains of 0, 10 and 20 dB: ward noise 0, 0.1, 48 %; three quiet
/// readings (speech at -55 dB of full scale) 43 to 76, 73 to 76, 75 to 77 %.
const MAX_GAIN: f32 = 3.0;

/// How much (10 dB) the loudest frames so far may come out above [`TARGET_RMS`] where a faint voice is lifted further: a
/// usual voice leaves no room for it, so that what is faint in its pauses stays faint. There is no level above which a
/// voice is no longer faint: a reading with one syllable above such a level lost its soft words from there on.
const HEADROOM: f32 = 3.0;

/// Ratio (20 dB) of loud to soft frames that a faint voice in a silent room has; noise has not.
const STANDS_OUT: f32 = 10.0;

/// Level (-90 dB) under which there is nothing but the last bit of 16.
const NOTHING: f32 = 3e-5;

/// Largest gain then, 34 dB: a reading at -74 dB of full scale is found as it is at -24 dB.
const MAX_FAINT_GAIN: f32 = 50.0;

impl Level {
    fn gain(&mut self, rms: f32) -> f32 {
        // Rises within a syllable, falls by half in about 20 s.
        const FALL: f32 = 0.999_45;
        // Falls within a pause, rises by 1 dB a second.
        const RISE: f32 = 1.002;
        let follow = |level: f32| {
            if rms > level {
                level + 0.5 * (rms - level)
            } else {
                level * FALL
            }
        };
        self.heard = follow(self.heard);
        self.most = self.most.max(self.heard);
        self.floor = if rms < self.floor {
            rms.max(NOTHING * 0.1)
        } else {
            self.floor * RISE
        };
        let faint = self.heard > NOTHING && self.heard >= STANDS_OUT * self.floor;
        self.loud = follow(self.loud).max(TARGET_RMS / MAX_GAIN);
        let usual = (TARGET_RMS / self.loud).clamp(0.25, MAX_GAIN);
        if faint {
            let room = TARGET_RMS * HEADROOM / self.most;
            (TARGET_RMS / self.heard)
                .min(room)
                .clamp(usual, MAX_FAINT_GAIN)
        } else {
            usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain after frames of these levels.
    fn gain(levels: impl IntoIterator<Item = f32>) -> f32 {
        let mut level = Level::default();
        levels.into_iter().map(|l| level.gain(l)).last().unwrap()
    }

    /// Syllables of a level over a floor, 20 s.
    fn speech(loud: f32, floor: f32) -> Vec<f32> {
        (0..1250)
            .map(|i| if i % 16 < 9 { loud } else { floor })
            .collect()
    }

    #[test]
    fn a_faint_voice_in_a_silent_room_is_lifted_far_and_nothing_else_is() {
        assert!(gain(speech(0.0005, 0.00001)) > 30.0);
        // One loud syllable does not end it.
        let loud = speech(0.0065, 0.0001)[..16].to_vec();
        assert!(gain([loud, speech(0.0025, 0.00005)].concat()) > 30.0);
        assert_eq!(gain(speech(0.02, 0.0001)).round(), 5.0);
        assert_eq!(gain(speech(0.1, 0.001)).round(), 1.0);
        // Noise, however faint; nothing at all.
        assert_eq!(gain(speech(0.0006, 0.0004)), MAX_GAIN);
        assert_eq!(gain(vec![0.0; 1000]), MAX_GAIN);
        assert_eq!(gain(vec![0.00001; 1000]), MAX_GAIN);
        // A pause after a usual voice, however long.
        let pause = vec![0.0001; 20_000];
        let after = gain([speech(0.1, 0.001), pause, speech(0.002, 0.0001)].concat());
        assert!((after - MAX_GAIN).abs() < 0.01, "{after}");
    }
}
