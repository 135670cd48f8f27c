//! Dictaphone files through a program of their own, stereo recordings channel by channel, the sound of videos.

use crate::audio::likeness;
use crate::support::engine::{Line, ScriptedEngine};
use crate::support::real;
use hound::{SampleFormat, WavSpec, WavWriter};
use osler::audio::decode::Decoder;
use osler::audio::{AudioError, Channel, OpenOptions};
use osler::domain::finding::FindingKind;
use osler::domain::recognition::Recognition;
use osler::speech::engine::{Cancel, SpeechError};
use osler::speech::pool::Pool;
use osler::workflow::transcribe::{Options, TranscribeError, channels, transcribe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/audio")
        .join(name)
}

/// A stereo or mono WAV with a tone of its own pitch on each channel.
fn tones(path: &Path, pitches: &[f32], seconds: f32) {
    let spec = WavSpec {
        channels: pitches.len() as u16,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for i in 0..(16_000.0 * seconds) as usize {
        for pitch in pitches {
            let s = (std::f32::consts::TAU * pitch * i as f32 / 16_000.0).sin();
            writer.write_sample((s * 16_000.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
}

/// A dictaphone file: a header and no sound that anything could decode.
fn dictation(dir: &Path, magic: &[u8; 4], length: &[u8; 6]) -> PathBuf {
    let mut bytes = vec![0xff; 4096];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, magic);
    put(0x0c, b"DR MARSH\0\0\0\0\0\0\0\0");
    put(0x26, b"260606090902");
    put(0x3e, length);
    put(0x2a4, &[0]);
    put(0x600, &[0, 3, 10, 0xff, 6]);
    // Stored recordings have no extension.
    let path = dir.join(format!("recording-{}", magic[0]));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A decoder that is a line of shell; `$1` is the recording, `$2` what else it needs.
fn shell(script: &str, other: &Path) -> OpenOptions {
    let other = other.display().to_string();
    OpenOptions {
        dss_decoder: ["sh", "-c", script, "decoder", "{input}", &other]
            .map(str::to_owned)
            .to_vec(),
        ..OpenOptions::default()
    }
}

fn decode(path: &Path, options: &OpenOptions) -> Result<(Vec<f32>, Decoder), AudioError> {
    let mut decoder = Decoder::open_with(path, options)?;
    let mut out = Vec::new();
    while let Some(block) = decoder.next_block()? {
        out.extend(block);
    }
    Ok((out, decoder))
}

fn refused(path: &Path, options: &OpenOptions) -> AudioError {
    match decode(path, options) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(e) => e,
    }
}

fn run(path: &Path, source: OpenOptions, cancel: &Cancel) -> Result<Recognition, TranscribeError> {
    let options = Options {
        language: "en".into(),
        prompt: String::new(),
        source,
        ..Options::default()
    };
    let engine = ScriptedEngine::new([Line::Says("The knee is stable period")]);
    let pool = Pool::new(Arc::new(engine), 1).unwrap();
    transcribe(path, &pool, real::index(), &options, cancel, &mut |_, _| {})
}

/// Whether the process whose number is in the file is there.
fn runs(pid_file: &Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    Path::new("/proc").join(pid.trim()).exists()
}

#[test]
fn a_dictation_is_heard_through_the_decoder_and_its_header_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let wav = dir.path().join("sound.wav");
    tones(&wav, &[440.0], 1.0);
    let want = decode(&wav, &OpenOptions::default()).unwrap().0;
    let dss = dictation(dir.path(), b"\x02dss", b"000001");
    // The decoder is given the recording, and complains without failing.
    let checks = "test -s \"$1\" || exit 9; echo careful >&2; ";
    for output in ["cat \"$2\"", "tail -c +45 \"$2\""] {
        let options = shell(&format!("{checks}{output}"), &wav);
        let (samples, decoder) = decode(&dss, &options).unwrap();
        assert_eq!(samples, want, "{output}");
        assert_eq!(decoder.info().format, "dss/sp");
        assert_eq!(decoder.holes(), []);
        assert_eq!(decoder.complaint(), None);
        let header = decoder.info().header.as_ref().unwrap();
        assert_eq!(header["author"], "DR MARSH");
        assert_eq!(header["recorded_start"], "2026-06-06T09:09:02");
        assert_eq!(header["length_s"], 1);
        assert_eq!(header["priority"], serde_json::Value::Null);
    }
    let ds2 = dictation(dir.path(), b"\x03ds2", b"000001");
    let (samples, decoder) = decode(&ds2, &shell("cat \"$2\"", &wav)).unwrap();
    assert_eq!(samples, want);
    assert_eq!(decoder.info().format, "ds2/qp");
}

#[test]
fn a_decoder_that_fails_without_sound_is_an_error_with_its_last_line() {
    let dir = tempfile::tempdir().unwrap();
    let dss = dictation(dir.path(), b"\x02dss", b"000001");
    let script = "i=0; while [ $i -lt 30000 ]; do echo noise; i=$((i+1)); done >&2; echo 'LP is not known' >&2; exit 3";
    let error = refused(&dss, &shell(script, dir.path()));
    assert_eq!(error.code(), "decoder_failed");
    let message = error.to_string();
    assert!(
        message.contains("LP is not known (exit status 3)"),
        "{message}"
    );
    assert!(message.contains("save it as WAV"), "{message}");
    assert!(!message.contains("noise"), "{message}");
    for silent in ["exit 0", "printf ''", "printf RIFFnonsense"] {
        let error = refused(&dss, &shell(silent, dir.path()));
        assert_eq!(error.code(), "decoder_failed", "{silent}: {error}");
    }
}

#[test]
fn a_decoder_that_fails_after_some_sound_leaves_a_finding_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let wav = dir.path().join("sound.wav");
    let (clip, _) = decode(&fixture("clip.flac"), &OpenOptions::default()).unwrap();
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&wav, spec).unwrap();
    for s in &clip {
        writer.write_sample((s * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    let script = "cat \"$2\"; echo 'bad block 17' >&2; exit 1";
    for (length, end_s) in [(b"000020", 20.0), (b"000008", 8.2), (b"xxxxxx", 8.2)] {
        let dss = dictation(dir.path(), b"\x02dss", length);
        let r = run(&dss, shell(script, &wav), &Cancel::default()).unwrap();
        assert_eq!(r.report.text, "The knee is stable.");
        let damaged: Vec<_> = r
            .findings
            .iter()
            .filter(|f| f.kind == FindingKind::AudioDamaged)
            .collect();
        assert_eq!(damaged.len(), 1, "{damaged:?}");
        assert!((damaged[0].start_s - 8.2).abs() < 0.1, "{:?}", damaged[0]);
        assert!((damaged[0].end_s - end_s).abs() < 0.1, "{:?}", damaged[0]);
        assert!(
            damaged[0].evidence.contains("bad block 17"),
            "{:?}",
            damaged[0]
        );
    }
}

#[test]
fn what_nothing_can_decode_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let none = OpenOptions::default();
    let encrypted = dictation(dir.path(), b"\x03enc", b"000001");
    let error = refused(&encrypted, &none);
    assert_eq!(error.code(), "encrypted");
    // Also where a decoder is set up: it has no password.
    assert_eq!(
        refused(&encrypted, &shell("cat", dir.path())).code(),
        "encrypted"
    );

    let ds2 = dictation(dir.path(), b"\x03ds2", b"000001");
    let error = refused(&ds2, &none);
    assert_eq!(error.code(), "no_decoder");
    assert!(error.to_string().contains("dss_decoder"), "{error}");

    let command = |words: &[&str]| OpenOptions {
        dss_decoder: words.iter().map(|&w| w.to_owned()).collect(),
        ..OpenOptions::default()
    };
    let error = refused(&ds2, &command(&["no-such-decoder-here", "{input}"]));
    assert_eq!(error.code(), "no_decoder");
    assert!(
        error
            .to_string()
            .contains("no-such-decoder-here is not installed"),
        "{error}"
    );
    let error = refused(&ds2, &command(&["cat", "-"]));
    assert!(error.to_string().contains("{input}"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_sound_comes_as_it_is_decoded_and_the_decoder_ends_with_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let dss = dictation(dir.path(), b"\x02dss", b"000001");
    // It would write for ever.
    let options = shell("echo $$ > \"$2\"; exec cat /dev/zero", &pid);
    let mut decoder = Decoder::open_with(&dss, &options).unwrap();
    for _ in 0..100 {
        assert!(decoder.next_block().unwrap().is_some());
    }
    assert!(runs(&pid));
    drop(decoder);
    assert!(!runs(&pid));
}

#[cfg(target_os = "linux")]
#[test]
fn a_cancelled_run_does_not_wait_for_a_decoder_that_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let dss = dictation(dir.path(), b"\x02dss", b"000001");
    let hangs = "echo $$ > \"$2\"; head -c 32000 /dev/zero; exec tail -f /dev/null";
    let cancel = Cancel::default();
    cancel.cancel();
    let result = run(&dss, shell(hangs, &pid), &cancel);
    assert!(
        matches!(result, Err(TranscribeError::Speech(SpeechError::Cancelled))),
        "{result:?}"
    );
    assert!(!runs(&pid));
}

/// Strength of a pitch in the middle of the sound.
fn strength(samples: &[f32], pitch: f32) -> f32 {
    let (mut sin, mut cos) = (0.0, 0.0);
    for (i, s) in samples.iter().enumerate() {
        let angle = std::f32::consts::TAU * pitch * i as f32 / 16_000.0;
        sin += s * angle.sin();
        cos += s * angle.cos();
    }
    (sin * sin + cos * cos).sqrt() / samples.len() as f32
}

#[test]
fn the_channels_of_a_telephone_recording_can_be_heard_apart() {
    let dir = tempfile::tempdir().unwrap();
    let call = dir.path().join("call.wav");
    tones(&call, &[400.0, 1_000.0], 1.0);
    let hear = |channel| {
        let options = OpenOptions {
            channel,
            ..OpenOptions::default()
        };
        let (samples, _) = decode(&call, &options).unwrap();
        (
            strength(&samples, 400.0) > 0.1,
            strength(&samples, 1_000.0) > 0.1,
        )
    };
    assert_eq!(hear(Channel::Mix), (true, true));
    assert_eq!(hear(Channel::Left), (true, false));
    assert_eq!(hear(Channel::Right), (false, true));
    assert_eq!(channels(&call, &OpenOptions::default()).unwrap(), 2);
}

#[test]
fn one_channel_of_a_mono_recording_is_refused() {
    let right = OpenOptions {
        channel: Channel::Right,
        ..OpenOptions::default()
    };
    for clip in ["clip.flac", "clip.mp3", "clip.aac", "clip.opus"] {
        assert_eq!(
            channels(&fixture(clip), &OpenOptions::default()).unwrap(),
            1,
            "{clip}"
        );
        assert_eq!(
            refused(&fixture(clip), &right).code(),
            "one_channel",
            "{clip}"
        );
    }
}

#[test]
fn the_channel_that_was_heard_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let call = dir.path().join("call.wav");
    tones(&call, &[400.0, 1_000.0], 1.0);
    let left = OpenOptions {
        channel: Channel::Left,
        ..OpenOptions::default()
    };
    let r = run(&call, left, &Cancel::default()).unwrap();
    assert_eq!(r.parameters["channel"], "left");
    assert_eq!(r.source.channels, 2);
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn split_prints_a_line_for_each_channel_and_writes_a_file_for_each() {
    let dir = tempfile::tempdir().unwrap();
    let call = dir.path().join("call.wav");
    let (clip, _) = decode(&fixture("clip.flac"), &OpenOptions::default()).unwrap();
    let spec = WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&call, spec).unwrap();
    for s in &clip {
        writer.write_sample(0i16).unwrap();
        writer.write_sample((s * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    let osler = |more: &[&str], file: &Path| {
        let models = std::env::var_os("OSLER_MODELS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("models"),
            PathBuf::from,
        );
        let out = assert_cmd::Command::new(env!("CARGO_BIN_EXE_osler"))
            .env("OSLER_MODELS", models)
            .env_remove("OSLER_CONFIG")
            .args(["transcribe", "--model", "tiny.en", "--format", "json"])
            .args(["--channels", "split"])
            .args(more)
            .arg(file)
            .assert()
            .success()
            .get_output()
            .stdout
            .clone();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect::<Vec<serde_json::Value>>()
    };
    let lines = osler(&[], &call);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["channel"], "left");
    assert_eq!(lines[0]["raw"]["words"], serde_json::json!([]));
    assert_eq!(lines[1]["channel"], "right");
    assert!(lines[1]["raw"]["words"].as_array().unwrap().len() > 5);
    // One channel is nothing to split.
    let lines = osler(&[], &fixture("clip.flac"));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["channel"], serde_json::Value::Null);
    let to = dir.path().join("out");
    osler(&["--out", &to.display().to_string()], &call);
    assert!(to.join("call-left.json").is_file() && to.join("call-right.json").is_file());
}

#[test]
fn the_sound_of_a_video_is_taken() {
    let (reference, _) = decode(&fixture("clip.flac"), &OpenOptions::default()).unwrap();
    for (name, codec) in [
        ("video.mp4", "aac"),
        ("video.mkv", "opus"),
        ("video.webm", "vorbis"),
    ] {
        let (samples, decoder) = decode(&fixture(name), &OpenOptions::default()).unwrap();
        assert!(
            decoder.info().format.contains(codec),
            "{name}: {}",
            decoder.info().format
        );
        let length = samples.len() as f64 / 16_000.0;
        assert!((length - 8.2).abs() < 0.2, "{name}: {length} s");
        assert_eq!(decoder.holes(), [], "{name}");
        let alike = likeness(&reference[..64_000], &samples);
        assert!(alike > 0.8, "{name}: {alike}");
    }
}

/// With overflow checks the demuxer stops with a panic over this header; without them it reads nonsense.
#[test]
fn a_header_over_which_the_demuxer_panics_is_an_error_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("overflow.wav");
    tones(&path, &[440.0], 0.1);
    let mut bytes = std::fs::read(&path).unwrap();
    let mut put = |at: usize, value: u16| bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    put(22, 0xffff);
    put(34, 32);
    std::fs::write(&path, &bytes).unwrap();
    let error = refused(&path, &OpenOptions::default());
    assert!(!error.code().is_empty(), "{error}");
    assert!(error.to_string().contains("overflow.wav"), "{error}");
}
