//! Word times at the edges of utterances that are joined with measured pauses.

use crate::support::real;

const RATE: usize = 16_000;

/// A sentence cut out of a dictation, without the silence around it: the sound between its first and last loud frame.
fn utterance(samples: &[f32], from_s: f64, to_s: f64) -> Vec<f32> {
    let cut = &samples[(from_s * RATE as f64) as usize..(to_s * RATE as f64) as usize];
    let loud: Vec<bool> = cut
        .chunks(160)
        .map(|f| f.iter().map(|s| s * s).sum::<f32>() / f.len() as f32 > 1e-5)
        .collect();
    let first = loud.iter().position(|l| *l).unwrap();
    let last = loud.iter().rposition(|l| *l).unwrap();
    cut[first * 160..(last + 1) * 160].to_vec()
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn the_edges_of_utterances_are_found_also_after_long_pauses() {
    let clip = real::sound("audio/clip.flac");
    let utterance = utterance(&clip, 0.0, 8.2);
    let length = utterance.len() as f64 / RATE as f64;
    let pauses = [1.0, 3.0, 5.0, 12.0, 31.5, 60.0, 4.0, 1.5];
    let mut samples = Vec::new();
    let mut edges = Vec::new();
    for pause in pauses {
        samples.extend(std::iter::repeat_n(0.0f32, (pause * RATE as f64) as usize));
        let start = samples.len() as f64 / RATE as f64;
        samples.extend(&utterance);
        edges.push((start, start + length));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("joined.wav");
    real::write_wav(&path, &samples);
    let heard = real::transcribe(&path);
    let words = &heard.raw.words;
    let mut errors = Vec::new();
    for (start, end) in edges {
        let inside: Vec<_> = words
            .iter()
            .filter(|w| w.start_s > start - 0.9 && w.end_s < end + 0.9)
            .collect();
        let (first, last) = (inside.first().unwrap(), inside.last().unwrap());
        errors.push((first.start_s - start).abs());
        errors.push((last.end_s - end).abs());
    }
    errors.sort_by(f64::total_cmp);
    let median = errors[errors.len() / 2];
    println!(
        "edges: median {median:.3} s, worst {:.3} s; {errors:.2?}",
        errors.last().unwrap()
    );
    assert!(median <= 0.1, "{errors:?}");
    assert!(errors[errors.len() * 15 / 16 - 1] <= 0.25, "{errors:?}");
    assert!(*errors.last().unwrap() <= 0.8, "{errors:?}");
}
