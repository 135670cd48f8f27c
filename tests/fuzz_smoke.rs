//! The fuzz targets over made inputs: valid files that were cut, overwritten and added to, crafted headers, and noise.
//! `OSLER_FUZZ_CASES=20000` makes a longer run of it.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use crate::support::tiny_model::{TinyModel, tiny_model};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use std::path::Path;

/// What a valid file goes through.
#[derive(Debug, Clone)]
struct Damage {
    seed: prop::sample::Index,
    cut: Option<prop::sample::Index>,
    overwritten: Vec<(prop::sample::Index, [u8; 4])>,
    added: Vec<u8>,
}

impl Damage {
    fn of(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.seed.get(seeds).clone();
        for (at, what) in &self.overwritten {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                let n = what.len().min(bytes.len() - at);
                bytes[at..at + n].copy_from_slice(&what[..n]);
            }
        }
        if let Some(cut) = &self.cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        bytes.extend(&self.added);
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let four = prop_oneof![
        any::<[u8; 4]>(),
        Just([0xff; 4]),
        Just([0; 4]),
        Just([0xff, 0xff, 0xff, 0x7f]),
    ];
    (
        any::<prop::sample::Index>(),
        prop::option::of(any::<prop::sample::Index>()),
        prop::collection::vec((any::<prop::sample::Index>(), four), 0..6),
        prop::collection::vec(any::<u8>(), 0..200),
    )
        .prop_map(|(seed, cut, overwritten, added)| Damage {
            seed,
            cut,
            overwritten,
            added,
        })
}

fn smoke(cases: u32, body: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    for seed in &seeds {
        body(seed);
    }
    let cases = std::env::var("OSLER_FUZZ_CASES").map_or(cases, |n| n.parse().unwrap());
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result: Result<(), _> = runner.run(&damage(), |damage| -> TestCaseResult {
        body(&damage.of(&seeds));
        Ok(())
    });
    result.unwrap();
}

/// A file behind the byte that chooses no beginning, short enough for hundreds of runs.
fn clip(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio");
    let mut bytes = vec![0];
    bytes.extend(std::fs::read(path.join(name)).unwrap());
    bytes.truncate(12_000);
    bytes
}

fn wav() -> Vec<u8> {
    let mut bytes = b"\0RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data\xff\xff\xff\xff".to_vec();
    bytes.extend((0..4_000u32).map(|i| (i * 7) as u8));
    bytes
}

#[test]
fn recordings() {
    let mut seeds: Vec<Vec<u8>> = [
        "clip.flac",
        "clip.mp3",
        "clip.m4a",
        "clip.aac",
        "clip.ogg",
        "clip.opus",
        "clip.webm",
        "video.mp4",
        "video.mkv",
    ]
    .map(clip)
    .to_vec();
    seeds.push(wav());
    // Each beginning alone, and with a length of 4 GB behind it.
    for choice in 0..bodies::BEGINNINGS.len() as u8 {
        seeds.push(vec![choice]);
        seeds.push([&[choice][..], &[0xff; 64]].concat());
    }
    smoke(250, bodies::audio, seeds);
}

#[test]
fn dictation_headers() {
    let seeds = [b"\x02dss", b"\x03ds2", b"\x03enc"]
        .map(|magic| [&magic[..], &[b'1'; 2_000]].concat())
        .to_vec();
    smoke(300, bodies::dss_header, seeds);
}

#[test]
fn frames() {
    let whole = [
        &[1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3e, 0, 0, 0, 0, 0, 0][..],
        &[7; 640],
    ]
    .concat();
    let far = [&[0xff; 4][..], &[0; 4], &[0xff; 8], &[1; 6]].concat();
    smoke(2_000, bodies::frame, vec![whole, far, Vec::new()]);
}

#[test]
fn models() {
    let TinyModel {
        ggml,
        model_bin,
        tokenizer,
        ..
    } = tiny_model(&osler::speech::models::mel_filters(80));
    // A head that claims everything there can be, and nothing behind it.
    let mut greedy = ggml[..4].to_vec();
    greedy.extend([0xff; 60]);
    smoke(200, bodies::ggml, vec![ggml, greedy]);
    let mut greedy = model_bin[..24].to_vec();
    greedy.extend([0xff; 60]);
    let whole = [&model_bin[..], b"\0", tokenizer.as_bytes()].concat();
    smoke(200, bodies::ct2, vec![whole, greedy]);
}

#[test]
fn dictated_words() {
    let seeds = [
        "Impression colon number one hypertension period next paragraph scratch that period",
        "open quote close parenthesis comma comma comma new line new line heading plan colon",
        "\u{feff}\u{202e}naïve \u{0301}e\u{0301} 5 mg. 1. 2. \u{1f600} period",
        "",
    ]
    .map(|s| s.as_bytes().to_vec())
    .to_vec();
    smoke(250, bodies::draft, seeds);
}

#[test]
fn dictionary_questions() {
    let seeds = [
        "metoprolol\nhypertention\nDr.\ntype 2 diabetes mellitus\n5 mg/kg",
        "\u{0}\n''s\n-\n\u{1e9e}\u{130}\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]
    .map(|s| s.as_bytes().to_vec())
    .to_vec();
    smoke(200, bodies::dictionary, seeds);
}
