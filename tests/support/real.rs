//! The real engine with the small model, in this process.

use hound::{SampleFormat, WavSpec, WavWriter};
use osler::dictionary::index::Index;
use osler::dictionary::load::Tables;
use osler::domain::recognition::Recognition;
use osler::speech::engine::Cancel;
use osler::speech::models;
use osler::speech::pool::Pool;
use osler::speech::whisper::{LoadOptions, WhisperEngine};
use osler::workflow::transcribe::{self, Options};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The folder that `make test` fetches into.
pub fn models() -> PathBuf {
    std::env::var_os("OSLER_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("models"),
        PathBuf::from,
    )
}

pub fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let file = models::resolve("tiny.en", &models()).unwrap();
        let engine =
            WhisperEngine::load(&file.path, &file.name, &file.sha256, LoadOptions::default())
                .unwrap();
        Pool::new(Arc::new(engine), 2).unwrap()
    })
}

pub fn index() -> &'static Arc<Index> {
    static INDEX: OnceLock<Arc<Index>> = OnceLock::new();
    INDEX.get_or_init(|| Arc::new(Index::new(Tables::embedded().unwrap())))
}

pub fn transcribe(recording: &Path) -> Recognition {
    let options = Options {
        language: "en".into(),
        prompt: String::new(),
        ..Options::default()
    };
    transcribe::transcribe(
        recording,
        pool(),
        index(),
        &options,
        &Cancel::default(),
        &mut |_, _| {},
    )
    .unwrap()
}

pub fn write_wav(path: &Path, samples: &[f32]) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for s in samples {
        writer.write_sample((s * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// The samples of a fixture.
pub fn sound(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    let mut decoder = osler::audio::decode::Decoder::open(&path).unwrap();
    let mut out = Vec::new();
    while let Some(block) = decoder.next_block().unwrap() {
        out.extend(block);
    }
    out
}
