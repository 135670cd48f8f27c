//! Time and memory of the dictionary: loading it, and looking up spans of one to four words among all its terms.
//!
//! `cargo bench --bench dictionary` prints the figures; nothing is asserted, as they depend on the machine.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use osler::dictionary::correct::propose;
use osler::dictionary::index::Index;
use osler::dictionary::load::Tables;
use osler::domain::transcript::Word;
use std::hint::black_box;
use std::time::Instant;

/// A dictation as an engine that knows no medicine may hear it.
const HEARD: &str = "this is a follow up of a sixty eight year old man with a skinny cardio my opathy and hyper \
    lipid emia he denies chest pain and or thop nea he takes a pixel of five milligrams twice daily met a pro law \
    sucks innate and spiral act on twenty five milligrams lungs are clear to oscillation bilaterally abdomen is soft \
    with by bezzler crackles no hepatto megaly and trace pit in edema of the left ankle we continue a torva statin";

/// Rounds over all spans; the fastest of a span counts, as other programs disturb the others.
const ROUNDS: usize = 5;

fn main() {
    let before = resident_mb();
    let started = Instant::now();
    let index = Index::new(Tables::embedded().unwrap());
    let loaded = started.elapsed();
    let started = Instant::now();
    black_box(index.suggest("a pixel of", 5));
    let first = started.elapsed();
    println!("{} terms and words to choose from", index.target_count());
    println!(
        "load: {:.0} ms, first lookup {:.0} ms",
        ms(loaded),
        ms(first)
    );
    if let (Some(before), Some(after)) = (before, resident_mb()) {
        println!("memory: {:.0} MB", after - before);
    }
    let words: Vec<&str> = HEARD.split_whitespace().collect();
    for length in 1..=4 {
        let mut times: Vec<f64> = words
            .windows(length)
            .map(|span| {
                let span = span.join(" ");
                (0..ROUNDS)
                    .map(|_| {
                        let started = Instant::now();
                        black_box(index.suggest(&span, 5));
                        ms(started.elapsed())
                    })
                    .fold(f64::INFINITY, f64::min)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "lookup of {length} words: mean {:.2} ms, slowest of {} {:.2} ms",
            times.iter().sum::<f64>() / times.len() as f64,
            times.len(),
            times.last().unwrap()
        );
    }
    let heard: Vec<Word> = words
        .iter()
        .enumerate()
        .map(|(i, text)| Word {
            text: (*text).into(),
            start_s: i as f64,
            end_s: i as f64 + 0.9,
            probability: if i % 3 == 0 { 0.4 } else { 0.9 },
            take: 0,
        })
        .collect();
    let started = Instant::now();
    let proposals = propose(&heard, &index);
    let candidates: usize = proposals.iter().map(|p| p.candidates.len()).sum();
    println!(
        "proposals for {} words: {:.0} ms, {candidates} candidates at {} places",
        heard.len(),
        ms(started.elapsed()),
        proposals.len()
    );
}

fn ms(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Memory of this process, where the system tells it.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024.0)
}
