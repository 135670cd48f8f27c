//! The conversion against a small model that other code wrote down, and against files that lie.

use super::ct2;
use super::ggml::{self, BLOCK, Encoding, Output, Plan};
use super::mel;
use half::f16;
use std::io::Cursor;

#[path = "../../../tests/support/tiny_model.rs"]
mod tiny_model;
use tiny_model::{TinyModel, ct2_string, tiny_model};

fn tiny() -> TinyModel {
    tiny_model(&mel::filters(80))
}

fn written(plan: &Plan, source: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut f16, mut q8_0) = (Vec::new(), Vec::new());
    plan.write(
        &mut Cursor::new(source),
        &mut [
            Output {
                encoding: Encoding::F16,
                to: &mut f16,
            },
            Output {
                encoding: Encoding::Q8_0,
                to: &mut q8_0,
            },
        ],
        &mut |_, _| {},
    )
    .unwrap();
    (f16, q8_0)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn ctranslate2_weights_become_the_published_file() {
    let tiny = tiny();
    let plan = ct2::plan(Cursor::new(&tiny.model_bin), tiny.tokenizer.as_bytes()).unwrap();
    let (f16, _) = written(&plan, &tiny.model_bin);
    assert!(f16 == tiny.ggml);
}

#[test]
fn the_quantised_file_is_the_same_whichever_form_it_is_made_of() {
    let tiny = tiny();
    let from_ct2 = ct2::plan(Cursor::new(&tiny.model_bin), tiny.tokenizer.as_bytes()).unwrap();
    let from_ggml = Plan::read(Cursor::new(&tiny.ggml)).unwrap();
    let (f16, q8_0) = written(&from_ggml, &tiny.ggml);
    assert!(f16 == tiny.ggml);
    assert!(q8_0 == written(&from_ct2, &tiny.model_bin).1);
}

#[test]
fn matrices_are_quantised_and_everything_else_is_kept() {
    let tiny = tiny();
    let plan = Plan::read(Cursor::new(&tiny.ggml)).unwrap();
    let (f16_file, q8_0) = written(&plan, &tiny.ggml);
    assert_eq!(u32_at(&q8_0, 44), 2007);
    let mut at = plan_head(&f16_file);
    assert_eq!(f16_file[..44], q8_0[..44]);
    assert_eq!(f16_file[48..at], q8_0[48..at]);
    for (name, shape, values) in &tiny.tensors {
        let kind = u32_at(&q8_0, at + 8);
        at += 12 + 4 * shape.len() + name.len();
        assert_eq!(&q8_0[at - name.len()..at], name.as_bytes());
        let matrix = shape.len() == 2 && shape[1] > 1 && !name.contains("positional");
        match (matrix, shape.len()) {
            (true, _) => {
                assert_eq!(kind, 8, "{name}");
                for block in values.chunks(BLOCK) {
                    let scale = f16::from_le_bytes([q8_0[at], q8_0[at + 1]]).to_f32();
                    for (value, &byte) in block.iter().zip(&q8_0[at + 2..]) {
                        let back = f32::from(byte as i8) * scale;
                        assert!((back - value.to_f32()).abs() <= scale * 0.6, "{name}");
                    }
                    at += 2 + BLOCK;
                }
            }
            (false, 3) => {
                assert_eq!(kind, 1, "{name}");
                at += 2 * values.len();
            }
            _ => {
                assert_eq!(kind, 0, "{name}");
                at += 4 * values.len();
            }
        }
    }
    assert_eq!(at, q8_0.len());
}

/// Where the tensors begin.
fn plan_head(ggml: &[u8]) -> usize {
    let mut at = 56 + 80 * mel::BINS * 4;
    let words = u32_at(ggml, at);
    at += 4;
    for _ in 0..words {
        at += 4 + u32_at(ggml, at) as usize;
    }
    at
}

/// Every length up to the head and then some: none may panic, and none may pass for a whole model.
#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let tiny = tiny();
    let complete = Plan::read(Cursor::new(&tiny.ggml)).unwrap().tensors.len();
    for cut in (0..tiny.ggml.len()).step_by(7) {
        if let Ok(plan) = Plan::read(Cursor::new(&tiny.ggml[..cut])) {
            // Only between two tensors can a ggml file end unnoticed: its sum is what tells.
            assert!(plan.tensors.len() < complete, "cut at {cut}");
        }
    }
    for cut in (0..tiny.model_bin.len() - 60).step_by(7) {
        let result = ct2::plan(
            Cursor::new(&tiny.model_bin[..cut]),
            tiny.tokenizer.as_bytes(),
        );
        assert!(result.is_err(), "cut at {cut}");
    }
}

/// Every byte of both heads set to its extremes: an answer or an error, never a panic or a huge allocation.
#[test]
fn absurd_bytes_are_survived() {
    let tiny = tiny();
    let ct2_head = 400;
    for at in (0..ct2_head).chain((ct2_head..tiny.model_bin.len()).step_by(997)) {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = tiny.model_bin.clone();
            bytes[at] = value;
            let _ = ct2::plan(Cursor::new(&bytes), tiny.tokenizer.as_bytes());
        }
    }
    let head = plan_head(&tiny.ggml);
    for at in (0..56).chain(head - 60..head + 200) {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = tiny.ggml.clone();
            bytes[at] = value;
            let _ = Plan::read(Cursor::new(&bytes));
        }
    }
}

#[test]
fn a_model_of_any_weight_type_that_holds_what_it_claims_may_be_loaded() {
    let tiny = tiny();
    let plan = Plan::read(Cursor::new(&tiny.ggml)).unwrap();
    let (f16, q8_0) = written(&plan, &tiny.ggml);
    for whole in [&f16, &q8_0] {
        ggml::inspect(Cursor::new(whole)).unwrap();
        for cut in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            assert!(
                ggml::inspect(Cursor::new(&whole[..cut])).is_err(),
                "cut at {cut}"
            );
        }
        let twice = [&whole[..], &whole[plan_head(whole)..]].concat();
        assert!(ggml::inspect(Cursor::new(twice)).is_err());
    }
}

/// Whatever number of the head is changed, and to what, the file holds something else then and is refused before
/// anything is sized by it.
#[test]
fn claims_that_the_tensors_do_not_bear_out_are_refused() {
    let tiny = tiny();
    for number in 1..=10 {
        for claim in [
            0,
            1,
            2,
            3,
            64,
            80,
            448,
            1_500,
            51_865,
            1 << 16,
            1 << 31,
            u32::MAX,
        ] {
            let mut bytes = tiny.ggml.clone();
            let at = 4 * number;
            if u32_at(&bytes, at) == claim {
                continue;
            }
            bytes[at..at + 4].copy_from_slice(&claim.to_le_bytes());
            let result = ggml::inspect(Cursor::new(&bytes));
            // The number of heads changes no shape.
            let heads = matches!(number, 4 | 8) && [1, 2].contains(&claim);
            assert_eq!(result.is_ok(), heads, "number {number}: {claim}");
        }
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that what was read takes in memory.
    fn taken(plan: &Plan) -> usize {
        let words: usize = plan
            .vocabulary
            .iter()
            .map(|w| w.capacity() + size_of::<Vec<u8>>())
            .sum();
        let tensors: usize = plan
            .tensors
            .iter()
            .map(|t| size_of_val(t) + t.name.capacity() + t.shape.capacity() * 4)
            .sum();
        plan.mel.capacity() * 4 + words + tensors
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Random heads, and valid ones with random numbers in them: refused, or no more memory than a few times the file.
        #[test]
        fn heads_take_no_more_than_the_file_bears(
            valid in 0usize..60_000,
            numbers in proptest::collection::vec((0usize..20_000, any::<u32>()), 0..4),
            junk in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let tiny = tiny();
            for whole in [&tiny.ggml, &tiny.model_bin] {
                let mut bytes = whole[..valid.min(whole.len())].to_vec();
                for (at, number) in &numbers {
                    if let Some(place) = bytes.get_mut(4 * at..4 * at + 4) {
                        place.copy_from_slice(&number.to_le_bytes());
                    }
                }
                bytes.extend(&junk);
                let _ = ggml::inspect(Cursor::new(&bytes));
                if let Ok(plan) = Plan::read(Cursor::new(&bytes)) {
                    prop_assert!(taken(&plan) < 16 * bytes.len() + 1024);
                }
                if let Ok(plan) = ct2::plan(Cursor::new(&bytes), tiny.tokenizer.as_bytes()) {
                    prop_assert!(taken(&plan) < 16 * bytes.len() + (1 << 20));
                }
            }
        }
    }
}

#[test]
fn lies_are_named() {
    let tiny = tiny();
    let plan = |bytes: &[u8]| {
        ct2::plan(Cursor::new(bytes), tiny.tokenizer.as_bytes())
            .unwrap_err()
            .to_string()
    };
    // A variable of four dimensions of 4 billion each.
    let mut huge = 6u32.to_le_bytes().to_vec();
    huge.extend(ct2_string("WhisperSpec"));
    huge.extend(3u32.to_le_bytes());
    huge.extend(u32::MAX.to_le_bytes());
    huge.extend(ct2_string("x"));
    huge.push(4);
    huge.extend([0xff; 16]);
    huge.push(4);
    huge.extend(u32::MAX.to_le_bytes());
    assert!(
        plan(&huge).contains("x has 4294967295 bytes"),
        "{}",
        plan(&huge)
    );
    let mut other = 6u32.to_le_bytes().to_vec();
    other.extend(ct2_string("TransformerSpec"));
    assert!(plan(&other).contains("TransformerSpec"));

    let mut quantised = tiny.ggml.clone();
    quantised[44..48].copy_from_slice(&2007u32.to_le_bytes());
    let error = Plan::read(Cursor::new(&quantised)).unwrap_err().to_string();
    assert!(error.contains("float16 (1) is needed"), "{error}");
    let mut wide = tiny.ggml.clone();
    wide[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(
        Plan::read(Cursor::new(&wide))
            .unwrap_err()
            .to_string()
            .contains("dimensions")
    );
    let mut words = tiny.ggml.clone();
    let at = 56 + 80 * mel::BINS * 4;
    words[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(
        Plan::read(Cursor::new(&words))
            .unwrap_err()
            .to_string()
            .contains("token")
    );
}
