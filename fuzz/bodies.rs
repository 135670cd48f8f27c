//! What each fuzz target does with its bytes. `fuzz_targets/` runs these under libFuzzer; `tests/fuzz_smoke.rs` runs
//! the same functions over made inputs with every test run.

use osler::audio::decode::Decoder;
use osler::audio::dss::Header;
use osler::dictionary::index::Index;
use osler::dictionary::load::Tables;
use osler::domain::finding::FindingKind;
use osler::domain::transcript::{self, Word};
use osler::http::frame::Frame;
use osler::speech::models::reading;
use osler::text;
use osler::workflow::redraft::{self, Material};
use std::path::Path;
use std::sync::OnceLock;

/// How each container begins; the first byte of the input chooses one, the rest follows it.
pub const BEGINNINGS: [&[u8]; 10] = [
    b"",
    b"RIFF\x24\x80\0\0WAVEfmt ",
    b"fLaC\0\0\0\x22",
    b"OggS\0\x02\0\0\0\0\0\0\0\0",
    b"\x1a\x45\xdf\xa3",
    b"\0\0\0\x20ftypM4A \0\0\x02\0",
    b"ID3\x04\0\0\0\0\0\x0a",
    b"\xff\xf1\x50\x80",
    b"FORM\0\0\x80\0AIFFCOMM",
    b"caff\0\x01\0\0desc",
];

/// Blocks that are decoded before a stream is believed to go on for ever.
const BLOCKS: usize = 20_000;

/// A recording of any format: samples that are numbers, or an error.
pub fn audio(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else {
        return;
    };
    let beginning = BEGINNINGS[usize::from(choice) % BEGINNINGS.len()];
    let Ok(mut decoder) = Decoder::of_bytes(Path::new("fuzz"), [beginning, rest].concat()) else {
        return;
    };
    for _ in 0..BLOCKS {
        match decoder.next_block() {
            Ok(Some(block)) => assert!(block.iter().all(|s| s.is_finite())),
            Ok(None) | Err(_) => return,
        }
    }
}

/// The header of a dictaphone file; what was read can be written as JSON.
pub fn dss_header(bytes: &[u8]) {
    if let Some((_, header)) = Header::parse(bytes) {
        assert!(serde_json::to_value(header).is_ok());
    }
}

/// Sound on a socket: what is taken is what was sent, byte for byte.
pub fn frame(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes) else {
        return;
    };
    let mut again = frame.take.to_le_bytes().to_vec();
    again.extend([0; 4]);
    again.extend(frame.first.to_le_bytes());
    again.extend(frame.samples.iter().flat_map(|s| s.to_le_bytes()));
    assert_eq!(again, bytes);
    assert!(!frame.samples.is_empty());
    assert!(
        frame
            .first
            .checked_add(frame.samples.len() as u64)
            .is_some()
    );
}

/// A ggml model.
pub fn ggml(bytes: &[u8]) {
    let _ = reading::ggml(bytes);
    let _ = reading::inspect(bytes);
}

/// A CTranslate2 model and, behind its last NUL, the tokenizer.
pub fn ct2(bytes: &[u8]) {
    let at = bytes.iter().rposition(|&b| b == 0).map_or(0, |at| at + 1);
    let _ = reading::ct2(bytes, &bytes[at..]);
}

/// Words of any kind to a report that accounts for each of them.
pub fn draft(bytes: &[u8]) {
    let said = String::from_utf8_lossy(bytes);
    let words: Vec<Word> = said
        .split_whitespace()
        .enumerate()
        .map(|(i, text)| Word {
            text: text.into(),
            start_s: i as f64 * 0.4,
            end_s: i as f64 * 0.4 + 0.3,
            probability: 0.9,
            take: 0,
        })
        .collect();
    let draft = text::draft(&words, &transcript::corrected(&words, &[]));
    let mut told = vec![false; words.len()];
    for span in &draft.report.trace {
        told[span.word_from..span.word_to].fill(true);
    }
    assert!(told.iter().all(|t| *t), "a word is not accounted for");
    let (_, findings) = redraft::drafted(&words, &[], Vec::new(), &Material::new(index()));
    assert!(
        findings.iter().all(|f| f.kind != FindingKind::RuleFailed),
        "a rule or the review failed"
    );
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Option<Index>> = OnceLock::new();
    let index = INDEX.get_or_init(|| Tables::embedded().ok().map(Index::new));
    let Some(index) = index else {
        panic!("the built-in dictionary cannot be read");
    };
    index
}

/// Questions to the dictionary, one a line.
pub fn dictionary(bytes: &[u8]) {
    let index = index();
    for line in String::from_utf8_lossy(bytes).lines() {
        let _ = index.known(line);
        let _ = index.term(line);
        assert!(index.suggest(line, 5).len() <= 5);
    }
}
