//! Half an hour in which nobody speaks, of six made kinds, with the real model: not a word.

use crate::support::real;
use osler::domain::finding::FindingKind;
use std::f32::consts::TAU;

const RATE: usize = 16_000;
const MINUTES: usize = 5;

/// A small generator of noise, the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() * 0.5 + 0.5) * n as f32) as usize % n
    }
}

fn made(mut at: impl FnMut(usize) -> f32) -> Vec<f32> {
    (0..MINUTES * 60 * RATE)
        .map(|i| at(i).clamp(-1.0, 1.0))
        .collect()
}

/// Near-silence of a converter, -70 dB of full scale.
fn quiet_room() -> Vec<f32> {
    let mut noise = Noise(1);
    made(|_| noise.next() * 0.0005)
}

/// Noise of a fan: low-passed, -30 dB, with white noise on top.
fn fan() -> Vec<f32> {
    let mut noise = Noise(2);
    let mut low = 0.0;
    made(|_| {
        let white = noise.next();
        low += 0.05 * (white - low);
        low * 0.25 + white * 0.01
    })
}

/// Mains hum with its harmonics and a monitor's beep every two seconds.
fn hum_and_beeps() -> Vec<f32> {
    made(|i| {
        let t = i as f32 / RATE as f32;
        let hum: f32 = (1..6)
            .map(|h| (TAU * 50.0 * h as f32 * t).sin() / h as f32)
            .sum();
        let beep = if t % 2.0 < 0.12 {
            (TAU * 960.0 * t).sin()
        } else {
            0.0
        };
        hum * 0.02 + beep * 0.08
    })
}

/// Music on hold: plucked chords that change every two seconds.
fn music() -> Vec<f32> {
    const CHORDS: [[f32; 3]; 4] = [
        [261.6, 329.6, 392.0],
        [220.0, 261.6, 329.6],
        [174.6, 220.0, 261.6],
        [196.0, 246.9, 293.7],
    ];
    made(|i| {
        let t = i as f32 / RATE as f32;
        let chord = CHORDS[(t / 2.0) as usize % 4];
        let since = t % 0.5;
        let note = chord[((t * 2.0) as usize) % 3];
        let pluck: f32 = (1..6)
            .map(|h| (TAU * note * h as f32 * t).sin() / h as f32 * (-since * 3.0 * h as f32).exp())
            .sum();
        let pad: f32 = chord.iter().map(|f| (TAU * f * t).sin()).sum();
        pluck * 0.12 + pad * 0.03
    })
}

/// Breathing into a microphone: coloured noise that rises and falls every four seconds.
fn breathing() -> Vec<f32> {
    let mut noise = Noise(3);
    let (mut low, mut lower) = (0.0, 0.0);
    made(|i| {
        let t = i as f32 / RATE as f32;
        let white = noise.next();
        low += 0.3 * (white - low);
        lower += 0.02 * (low - lower);
        let breath = (TAU * t / 4.0).sin().max(0.0).powi(2);
        (low - lower) * breath * 0.08
    })
}

/// Doors, knocks and keys: bangs with a ring, at random times.
fn bangs() -> Vec<f32> {
    let mut noise = Noise(4);
    let mut events: Vec<(usize, f32, f32)> = Vec::new();
    let mut at = RATE;
    while at < MINUTES * 60 * RATE {
        events.push((
            at,
            80.0 + noise.below(400) as f32,
            0.1 + 0.3 * noise.next().abs(),
        ));
        at += RATE / 4 + noise.below(3 * RATE);
    }
    let mut current = 0;
    made(|i| {
        while current + 1 < events.len() && events[current + 1].0 <= i {
            current += 1;
        }
        let (start, pitch, loud) = events[current];
        if i < start {
            return 0.0;
        }
        let t = (i - start) as f32 / RATE as f32;
        ((TAU * pitch * t).sin() * (-t * 25.0).exp() + noise.next() * (-t * 60.0).exp()) * loud
            + noise.next() * 0.0005
    })
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn half_an_hour_without_speech_gives_no_word() {
    let dir = tempfile::tempdir().unwrap();
    let kinds = [
        ("quiet room", quiet_room()),
        ("fan", fan()),
        ("hum and beeps", hum_and_beeps()),
        ("music on hold", music()),
        ("breathing", breathing()),
        ("bangs", bangs()),
    ];
    for (kind, samples) in kinds {
        let path = dir.path().join("sound.wav");
        real::write_wav(&path, &samples);
        let heard = real::transcribe(&path);
        assert_eq!(heard.raw.text, "", "{kind}");
        assert_eq!(heard.report.text, "", "{kind}");
        assert!(
            heard.findings.iter().all(|f| match f.kind {
                FindingKind::NoSpeech
                | FindingKind::TextWithoutSpeech
                | FindingKind::SpeechWithoutText
                | FindingKind::AudioQuiet => true,
                // Music without a pause has to be cut somewhere.
                FindingKind::DoubtfulPassage => f.evidence.starts_with("cut:"),
                _ => false,
            }),
            "{kind}: {:?}",
            heard.findings
        );
    }
}
