//! Time of the text pass, without an engine: a long dictation of marks, numbers, lists and corrections, at several lengths.
//!
//! `cargo bench --bench text` prints the figures; nothing is asserted, as they depend on the machine.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use osler::dictionary::index::Index;
use osler::dictionary::load::Tables;
use osler::domain::transcript::{Word, corrected};
use osler::text::draft;
use osler::workflow::redraft::{Material, drafted};
use std::hint::black_box;
use std::time::Instant;

/// A page as an engine that expects spoken marks hears it.
const PAGE: &str = "History of present illness colon this is a sixty eight year old man with ischemic cardiomyopathy \
    comma paroxysmal atrial fibrillation and type two diabetes period He denies chest pain comma orthopnea and syncope \
    period Um blood pressure one thirty eight over eighty four comma pulse seventy two period He takes metoprolol \
    succinate twenty five milligrams twice daily and apixaban five milligrams twice daily period There is edema of the \
    right ankle comma scratch that comma left ankle period New paragraph. The patient was seen on March third, twenty \
    twenty four. Hemoglobin was 11.2, creatinine 1.3 mg/dL, open paren stable close paren. Lungs are clear to \
    auscultation bilaterally. The abdomen is soft, the ascending colon was normal. Plan colon number one continue \
    aspirin 81 mg daily period number two repeat echocardiogram in six months period number three begin lisinopril ten \
    milligrams daily period correction change number three lisinopril should be losartan twenty five milligrams daily \
    period Please send a copy to Doctor Lee period ";

/// Thousands of bytes of text.
const LENGTHS: [usize; 4] = [125, 250, 500, 1000];

/// Rounds of each length.
const ROUNDS: usize = 5;

fn main() {
    let index = Index::new(Tables::embedded().unwrap());
    // What is made once for a program.
    black_box(drafted(
        &words(PAGE),
        &[],
        Vec::new(),
        &Material::new(&index),
    ));
    for length in LENGTHS {
        let words = words(&PAGE.repeat(length * 1000 / PAGE.len() + 1));
        let said = corrected(&words, &[]);
        let report = fastest(|| drop(black_box(draft(&words, &said))));
        let with = Material::new(&index);
        let all = fastest(|| drop(black_box(drafted(&words, &[], Vec::new(), &with))));
        println!(
            "{length} kB, {} words: report {report:.2} s, with its review {all:.2} s",
            words.len()
        );
    }
}

/// Seconds of the fastest of some rounds, as other programs disturb the others.
fn fastest(mut round: impl FnMut()) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            round();
            started.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn words(text: &str) -> Vec<Word> {
    text.split_whitespace()
        .enumerate()
        .map(|(i, text)| Word {
            text: text.into(),
            start_s: i as f64 * 0.4,
            end_s: i as f64 * 0.4 + 0.35,
            probability: 0.95,
            take: 0,
        })
        .collect()
}
