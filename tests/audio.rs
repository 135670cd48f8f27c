//! Recordings of every format, whole and broken, become the same sound or a clear refusal.

use hound::{SampleFormat, WavSpec, WavWriter};
use osler::audio::AudioError;
use osler::audio::chunk::Chunker;
use osler::audio::decode::Decoder;
use std::path::{Path, PathBuf};

/// 8.2 s of a dictation, in every compressed format that is read.
const CLIPS: [&str; 7] = [
    "clip.flac",
    "clip.mp3",
    "clip.m4a",
    "clip.aac",
    "clip.ogg",
    "clip.opus",
    "clip.webm",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/audio")
        .join(name)
}

fn decode(path: &Path) -> Result<(Vec<f32>, Decoder), AudioError> {
    let mut decoder = Decoder::open(path)?;
    let mut out = Vec::new();
    while let Some(block) = decoder.next_block()? {
        out.extend(block);
    }
    Ok((out, decoder))
}

fn reference() -> Vec<f32> {
    decode(&fixture("clip.flac")).unwrap().0
}

/// Best normalised correlation over shifts of up to 100 ms: 1 for the same sound, about 0 for another.
pub fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let correlation = |shift: i32| {
        let (mut ab, mut aa, mut bb) = (0.0f64, 0.0f64, 0.0f64);
        for (i, x) in a.iter().enumerate() {
            let Some(y) = usize::try_from(i as i32 + shift)
                .ok()
                .and_then(|j| b.get(j))
            else {
                continue;
            };
            let (x, y) = (f64::from(*x), f64::from(*y));
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        (ab / (aa * bb).sqrt().max(1e-12)) as f32
    };
    (-1600..1600)
        .step_by(2)
        .map(correlation)
        .fold(-1.0, f32::max)
}

fn write_wav(path: &Path, spec: WavSpec, samples: &[f32]) {
    let mut writer = WavWriter::create(path, spec).unwrap();
    for &s in samples {
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(s).unwrap(),
                SampleFormat::Int => {
                    let full = (1i64 << (spec.bits_per_sample - 1)) as f32 - 1.0;
                    writer.write_sample((s * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
}

/// A tone with a rising pitch, so that a shift or a wrong rate shows.
fn sweep(rate: u32, seconds: f32) -> Vec<f32> {
    (0..(rate as f32 * seconds) as usize)
        .map(|i| {
            let t = i as f32 / rate as f32;
            0.5 * (std::f32::consts::TAU * (300.0 + 400.0 * t) * t).sin()
        })
        .collect()
}

#[test]
fn every_compressed_format_gives_the_same_sound() {
    let reference = reference();
    for name in CLIPS {
        let (samples, decoder) = decode(&fixture(name)).unwrap();
        let length = samples.len() as f64 / 16_000.0;
        assert!((length - 8.2).abs() < 0.15, "{name}: {length} s");
        assert!(decoder.holes().is_empty(), "{name}: {:?}", decoder.holes());
        assert_eq!(decoder.unfinished(), None, "{name}");
        assert_eq!(decoder.clipped(), [], "{name}");
        let alike = likeness(&reference[..64_000], &samples);
        assert!(alike > 0.9, "{name}: {alike}");
    }
}

#[test]
fn every_kind_of_wav_gives_the_same_sound() {
    let dir = tempfile::tempdir().unwrap();
    let want = sweep(16_000, 1.0);
    let kinds = [
        (8, SampleFormat::Int),
        (16, SampleFormat::Int),
        (24, SampleFormat::Int),
        (32, SampleFormat::Int),
        (32, SampleFormat::Float),
    ];
    for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
        for (bits, format) in kinds {
            for channels in [1, 2] {
                let path = dir
                    .path()
                    .join(format!("{rate}-{bits}-{channels}-{format:?}.wav"));
                let spec = WavSpec {
                    channels,
                    sample_rate: rate,
                    bits_per_sample: bits,
                    sample_format: format,
                };
                write_wav(&path, spec, &sweep(rate, 1.0));
                let (samples, decoder) = decode(&path).unwrap();
                assert_eq!(decoder.info().sample_rate, rate);
                assert_eq!(decoder.info().channels, channels);
                assert!(
                    samples.len().abs_diff(16_000) <= 2,
                    "{}: {}",
                    path.display(),
                    samples.len()
                );
                let alike = likeness(&want[1600..8000], &samples[1600..8000]);
                assert!(alike > 0.98, "{}: {alike}", path.display());
            }
        }
    }
}

#[test]
fn mu_law_telephone_wav_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("phone.wav");
    let sound = sweep(8_000, 1.0);
    let mut bytes = Vec::new();
    let data: Vec<u8> = sound
        .iter()
        .map(|s| mu_law((s * 32_000.0) as i16))
        .collect();
    bytes.extend(b"RIFF");
    bytes.extend((36 + 2 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(18u32.to_le_bytes());
    for half in [7u16, 1] {
        bytes.extend(half.to_le_bytes());
    }
    for word in [8_000u32, 8_000] {
        bytes.extend(word.to_le_bytes());
    }
    for half in [1u16, 8, 0] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(&data);
    std::fs::write(&path, bytes).unwrap();
    let (samples, decoder) = decode(&path).unwrap();
    assert!(
        decoder.info().format.contains("mulaw"),
        "{}",
        decoder.info().format
    );
    assert!(likeness(&sweep(16_000, 1.0)[1600..8000], &samples[1600..8000]) > 0.98);
}

/// ITU-T G.711 mu-law of a 16-bit sample.
fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(sample).abs() + 132).min(32_767);
    let exponent = (31 - (magnitude as u32).leading_zeros())
        .saturating_sub(7)
        .min(7);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}

#[test]
fn what_is_no_recording_is_refused_by_name_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let nothing = dir.path().join("nothing.wav");
    write_wav(&nothing, spec, &[]);
    let cases = [
        (dir.path().join("absent.wav"), "missing"),
        (file("empty.mp3", b""), "empty"),
        (
            file(
                "letter.wav",
                b"Dear colleague, thank you for referring this patient to our clinic.",
            ),
            "not_audio",
        ),
        (nothing, "no_samples"),
        (dir.path().to_path_buf(), "not_audio"),
    ];
    for (path, code) in cases {
        let Err(error) = decode(&path) else {
            panic!("{} was read", path.display())
        };
        assert_eq!(error.code(), code, "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}

#[test]
fn a_header_that_claims_four_gigabytes_costs_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge.wav");
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    write_wav(&path, spec, &sweep(16_000, 0.5));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    for claim in [u32::MAX - 36, u32::MAX, 0x7fff_ffff, 0x7fff_f000] {
        bytes[40..44].copy_from_slice(&claim.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let (samples, decoder) = decode(&path).unwrap();
        assert!(samples.len().abs_diff(8_000) < 100, "{}", samples.len());
        // Nobody is told of a hole of 37 hours; that the end may be missing is said where the header claims one.
        assert_eq!(decoder.holes(), [], "{claim}");
        assert_eq!(decoder.unfinished().is_some(), claim != u32::MAX, "{claim}");
    }
}

#[test]
fn a_recording_that_ends_within_a_frame_gives_everything_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd.wav");
    let spec = WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 24,
        sample_format: SampleFormat::Int,
    };
    write_wav(&path, spec, &sweep(16_000, 1.0));
    let bytes = std::fs::read(&path).unwrap();
    for missing in 1..8 {
        std::fs::write(&path, &bytes[..bytes.len() - missing]).unwrap();
        let (samples, _) = decode(&path).unwrap();
        assert!(
            samples.len().abs_diff(16_000) < 4,
            "{missing}: {}",
            samples.len()
        );
    }
    for name in CLIPS {
        let path = dir.path().join(name);
        let bytes = std::fs::read(fixture(name)).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 101]).unwrap();
        // The index of an M4A stands at its end.
        if let Ok((samples, _)) = decode(&path) {
            assert!(samples.len() > 120_000, "{name}: {}", samples.len());
        }
    }
}

#[test]
fn an_ogg_stream_without_its_last_page_may_be_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["clip.ogg", "clip.opus"] {
        let path = dir.path().join(name);
        let bytes = std::fs::read(fixture(name)).unwrap();
        let pages: Vec<usize> = (0..bytes.len() - 4)
            .filter(|&i| bytes[i..].starts_with(b"OggS"))
            .collect();
        // Before the last page, and within it.
        let last = *pages.last().unwrap();
        for end in [last, last + 40, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let (samples, decoder) = decode(&path).unwrap();
            assert!(!samples.is_empty());
            assert!(decoder.unfinished().is_some(), "{name} of {end} bytes");
        }
    }
}

#[test]
fn one_stream_behind_another_is_heard_too_whatever_its_codec_and_rate() {
    let dir = tempfile::tempdir().unwrap();
    // What it is called does not matter.
    let path = dir.path().join("chained");
    let reference = reference();
    for (first, second) in [
        ("clip.mp3", "clip.mp3"),
        ("clip.ogg", "clip.opus"),
        ("clip.opus", "clip.ogg"),
        ("clip.opus", "clip.opus"),
    ] {
        let bytes = [fixture(first), fixture(second)].map(|f| std::fs::read(f).unwrap());
        std::fs::write(&path, bytes.concat()).unwrap();
        let (samples, decoder) = decode(&path).unwrap();
        let length = samples.len() as f64 / 16_000.0;
        assert!((length - 16.4).abs() < 0.3, "{first}, {second}: {length} s");
        assert_eq!(decoder.unfinished(), None, "{first}, {second}");
        assert_eq!(decoder.holes(), [], "{first}, {second}");
        for part in [&samples[..64_000], &samples[samples.len() / 2..][..64_000]] {
            let alike = likeness(part, &reference);
            assert!(alike > 0.9, "{first}, {second}: {alike}");
        }
    }
}

#[test]
fn an_mp3_whose_rate_changes_on_the_way_is_heard_at_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two-rates.mp3");
    let bytes = ["clip.mp3", "other-rate.mp3"].map(|f| std::fs::read(fixture(f)).unwrap());
    std::fs::write(&path, bytes.concat()).unwrap();
    let (samples, _) = decode(&path).unwrap();
    let length = samples.len() as f64 / 16_000.0;
    assert!((length - 12.2).abs() < 0.4, "{length} s");
    let alike = likeness(&samples[132_800..180_000], &reference());
    assert!(alike > 0.8, "the second part at its own rate: {alike}");
}

#[test]
fn a_hole_in_a_stream_without_time_stamps_is_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let reference = reference();
    for name in ["clip.mp3", "clip.aac"] {
        let path = dir.path().join(name);
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let all = bytes.len();
        bytes[all * 35 / 100..all * 60 / 100].fill(0);
        std::fs::write(&path, bytes).unwrap();
        let (samples, decoder) = decode(&path).unwrap();
        let [hole] = decoder.holes() else {
            panic!("{name}: {:?}", decoder.holes())
        };
        assert!((hole.start_s - 8.2 * 0.35).abs() < 0.5, "{name}: {hole:?}");
        assert!((hole.end_s - 8.2 * 0.60).abs() < 0.5, "{name}: {hole:?}");
        if name.ends_with("aac") {
            // Of a variable rate the length of a hole is an estimate.
            continue;
        }
        let length = samples.len() as f64 / 16_000.0;
        assert!((length - 8.2).abs() < 0.2, "{name}: {length} s");
        let alike = likeness(&reference[112_000..126_000], &samples[112_000..126_000]);
        assert!(alike > 0.6, "{name}: the end is not where it was: {alike}");
    }
}

#[test]
fn an_offset_from_zero_changes_neither_the_sound_nor_where_speech_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("offset.wav");
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let reference = reference();
    let speech = |samples: &[f32]| {
        let mut chunker = Chunker::default();
        chunker.push(samples);
        chunker.finish();
        std::iter::from_fn(|| chunker.pop())
            .flat_map(|c| c.speech)
            .collect::<Vec<_>>()
    };
    let offset: Vec<f32> = reference.iter().map(|s| s * 0.6 + 0.3).collect();
    write_wav(&path, spec, &offset);
    let (samples, decoder) = decode(&path).unwrap();
    let mean = samples.iter().sum::<f32>() / samples.len() as f32;
    assert!(mean.abs() < 1e-3, "{mean}");
    assert!(likeness(&reference[..64_000], &samples) > 0.99);
    assert_eq!(decoder.clipped(), []);
    let softer: Vec<f32> = reference.iter().map(|s| s * 0.6).collect();
    let (with, without) = (speech(&samples), speech(&softer));
    let length =
        |s: &[osler::domain::transcript::Stretch]| s.iter().map(|s| s.length_s()).sum::<f64>();
    assert!(
        (length(&with) - length(&without)).abs() < 0.1,
        "{with:?} {without:?}"
    );
}

#[test]
fn a_truncated_recording_gives_what_is_there_and_names_the_missing_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.flac");
    let bytes = std::fs::read(fixture("clip.flac")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let (samples, decoder) = decode(&path).unwrap();
    let length = samples.len() as f64 / 16_000.0;
    assert!((2.0..7.0).contains(&length), "{length} s");
    let last = decoder.holes().last().unwrap();
    assert!(
        (last.end_s - 8.2).abs() < 0.1 && (last.start_s - length).abs() < 0.2,
        "{last:?}"
    );
}

#[test]
fn damage_in_the_middle_leaves_the_rest_and_its_times() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["clip.flac", "clip.mp3", "clip.opus", "clip.ogg", "clip.aac"] {
        let path = dir.path().join(name);
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let from = bytes.len() * 2 / 5;
        for (i, b) in bytes[from..from + 1500].iter_mut().enumerate() {
            *b = (i as u8).wrapping_mul(37).wrapping_add(11);
        }
        std::fs::write(&path, bytes).unwrap();
        let (samples, _) = decode(&path).unwrap();
        let length = samples.len() as f64 / 16_000.0;
        assert!(length > 6.0, "{name}: {length} s are left");
    }
}

#[test]
fn missing_packets_keep_the_times_behind_them_and_are_a_hole() {
    let dir = tempfile::tempdir().unwrap();
    let reference = reference();
    for name in ["clip.opus", "clip.ogg"] {
        let path = dir.path().join(name);
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let all = bytes.len();
        bytes[all * 35 / 100..all * 60 / 100].fill(0);
        std::fs::write(&path, bytes).unwrap();
        let (samples, decoder) = decode(&path).unwrap();
        let length = samples.len() as f64 / 16_000.0;
        assert!((length - 8.2).abs() < 0.3, "{name}: {length} s");
        assert!(!decoder.holes().is_empty(), "{name}");
        let (tail, same) = (&samples[112_000..128_000], &reference[112_000..128_000]);
        assert!(
            likeness(same, tail) > 0.8,
            "{name}: the end is not where it was"
        );
    }
}

#[test]
fn two_opposed_channels_do_not_cancel() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("opposed.wav");
    let spec = WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&path, spec).unwrap();
    let sound = sweep(16_000, 1.0);
    for s in &sound {
        writer.write_sample((s * 20_000.0) as i16).unwrap();
        writer.write_sample((s * -20_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    let (samples, _) = decode(&path).unwrap();
    assert!(likeness(&sound[1600..8000], &samples[1600..8000]).abs() > 0.98);
    let loudest = samples.iter().fold(0.0f32, |m, s| m.max(s.abs()));
    assert!(loudest > 0.2, "{loudest}");
}

#[test]
fn samples_that_are_not_numbers_become_silence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nan.wav");
    let mut samples = sweep(16_000, 1.0);
    samples[5_000..5_100].fill(f32::NAN);
    samples[6_000] = f32::INFINITY;
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    write_wav(&path, spec, &samples);
    let (decoded, decoder) = decode(&path).unwrap();
    assert!(decoded.iter().all(|s| s.is_finite()));
    assert_eq!(decoder.repaired(), 101);
}

#[test]
fn ten_hours_of_silence_around_a_sentence_become_one_chunk_at_its_place() {
    let mut chunker = Chunker::default();
    let silence = vec![0.0; 16_000 * 60];
    for _ in 0..300 {
        chunker.push(&silence);
    }
    chunker.push(&reference());
    for _ in 0..300 {
        chunker.push(&silence);
    }
    chunker.finish();
    let chunk = chunker.pop().unwrap();
    assert!(chunker.pop().is_none());
    assert!(chunk.length_s() < 9.5, "{}", chunk.length_s());
    let start = chunk.clock.recording_s(0.0);
    assert!((start - 18_000.0).abs() < 0.6, "{start}");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any bytes, also behind a valid beginning, end in samples or an error, never in a panic or without end.
        #[test]
        fn arbitrary_bytes_never_panic(clip in 0..CLIPS.len(), keep in 0usize..4000, junk in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(CLIPS[clip]);
            let mut bytes = std::fs::read(fixture(CLIPS[clip])).unwrap();
            bytes.truncate(keep);
            bytes.extend(junk);
            std::fs::write(&path, bytes).unwrap();
            if let Ok((samples, _)) = decode(&path) {
                prop_assert!(samples.iter().all(|s| s.is_finite()));
            }
        }
    }
}
