//! Wordings judged against the sound, with the real model.

use crate::support::real;
use osler::speech::engine::{Cancel, Engine, HearOptions, Heard, Piece, Session};
use osler::speech::models;
use osler::speech::whisper::{LoadOptions, WhisperEngine};

/// The recording as the model hears it.
fn heard() -> (Box<dyn Session>, Heard) {
    let mut session = real::pool().engine().open().unwrap();
    let heard = hear(session.as_mut(), "", 0.0);
    (session, heard)
}

fn hear(session: &mut dyn Session, prompt: &str, from_s: f64) -> Heard {
    let sound = real::sound("audio/clip.flac");
    let options = HearOptions {
        language: "en".into(),
        threads: 2,
        beam: 1,
        temperature: 0.0,
        audio_ctx: None,
    };
    session
        .hear(&Piece {
            pcm: &sound[(from_s * 16_000.0) as usize..],
            offset_s: 0.0,
            prompt,
            options: &options,
            cancel: &Cancel::default(),
        })
        .unwrap()
}

fn score(session: &mut dyn Session, at: usize, wordings: &[&str]) -> Vec<Option<f32>> {
    let wordings: Vec<String> = wordings.iter().map(|w| (*w).to_owned()).collect();
    session.score(at..at + 1, &wordings).unwrap()
}

fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn place(heard: &Heard, word: &str) -> usize {
    let found = heard.words.iter().position(|w| core(&w.text) == word);
    found.unwrap_or_else(|| panic!("{word} in {:?}", heard.words))
}

/// What was heard is judged in the same way as any other wording: where it comes out as likely as in hearing, the decoder
/// was given what it was given then, and the text in the same tokens.
#[test]
#[ignore = "needs the model that `make test` fetches"]
fn what_was_heard_is_as_good_as_itself_and_nonsense_is_not() {
    // Longer than the decoder takes: it is given the last 223 tokens.
    let long =
        "He has asthma. She was seen for back pain; blood pressure 130 over 70. Lungs are clear. "
            .repeat(12);
    let marks = "Dictation, with spoken punctuation: comma, period.";
    // A model of an unknown name is used without alignment, and writes times between the words.
    for (name, prompt) in [
        ("tiny.en", ""),
        ("tiny.en", marks),
        ("tiny.en", &long),
        ("mine", ""),
    ] {
        let file = models::resolve("tiny.en", &real::models()).unwrap();
        let engine = WhisperEngine::load(&file.path, name, &file.sha256, LoadOptions::default());
        let mut session = engine.unwrap().open().unwrap();
        let heard = hear(session.as_mut(), prompt, 0.0);
        assert!(heard.words.len() > 10, "{name} {prompt}: {heard:?}");
        for (i, word) in heard.words.iter().enumerate().rev().step_by(2) {
            let same = core(&word.text);
            let itself = score(session.as_mut(), i, &[same])[0].unwrap();
            assert!(itself.abs() < 0.4, "{name} {prompt} {same}: {itself}");
            let nonsense = score(session.as_mut(), i, &["marmalade hippopotamus"])[0].unwrap();
            assert!(nonsense < -12.0, "{same}: {nonsense}");
        }
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn the_word_that_was_said_fits_the_sound_better_than_one_that_sounds_like_it() {
    let (mut session, heard) = heard();
    for (said, other) in [("pressure", "pleasure"), ("temperature", "temperate")] {
        let at = place(&heard, said);
        let scores = score(session.as_mut(), at, &[other]);
        assert!(scores[0].unwrap() < -4.0, "{other}: {scores:?}");
        // In company only the best need be followed to its end.
        let alone = score(session.as_mut(), at, &[said])[0].unwrap();
        for wordings in [&[said, other, "colour"][..], &["colour", other, said]] {
            let scores = score(session.as_mut(), at, wordings);
            for (wording, score) in wordings.iter().zip(scores) {
                let score = score.unwrap();
                if *wording == said {
                    assert!((score - alone).abs() < 0.1, "{said}: {score} {alone}");
                } else {
                    assert!(score < alone - 4.0, "{wording}: {score} {alone}");
                }
            }
        }
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn the_order_of_the_questions_changes_no_answer() {
    let (mut session, heard) = heard();
    let all: Vec<usize> = (0..heard.words.len().min(9)).collect();
    let ask = |session: &mut dyn Session, order: &[usize]| -> Vec<f32> {
        let mut answers = vec![0.0; all.len()];
        for &at in order {
            answers[at] = score(session, at, &["lisinopril"])[0].unwrap();
        }
        answers
    };
    let backward: Vec<usize> = all.iter().rev().copied().collect();
    let mixed: Vec<usize> = all.iter().map(|i| i * 7 % all.len()).collect();
    let expected = ask(session.as_mut(), &backward);
    for order in [&all, &mixed] {
        let mut order = order.clone();
        order.extend(&all);
        for (at, answer) in ask(session.as_mut(), &order).into_iter().enumerate() {
            assert!((answer - expected[at]).abs() < 0.1, "{at}");
        }
    }
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn what_cannot_be_judged_is_not_judged() {
    let mut session = real::pool().engine().open().unwrap();
    assert_eq!(score(session.as_mut(), 0, &["pressure"]), [None]);
    let first = hear(session.as_mut(), "", 0.0);
    let words = first.words.len();
    assert_eq!(score(session.as_mut(), words, &["pressure"]), [None]);
    assert!(score(session.as_mut(), words - 1, &["pressure"])[0].is_some());
    let long = "pressure ".repeat(100);
    assert_eq!(score(session.as_mut(), 1, &["", "  "]), [None; 2]);
    // One that is no text leaves the others judged.
    let mixed = score(session.as_mut(), 1, &["pres\0sure", &long, ""]);
    assert!(mixed[0].is_none() && mixed[1].unwrap() < -10.0, "{mixed:?}");
    assert!(mixed[2].is_none(), "{mixed:?}");
    let empty: [&str; 0] = [];
    assert_eq!(score(session.as_mut(), 1, &empty), []);
    #[allow(clippy::reversed_empty_ranges)]
    let backward = session.score(3..2, &["pressure".to_owned()]).unwrap();
    assert_eq!(backward, [None]);
    // Another hearing is another sound.
    let second = hear(session.as_mut(), "", 8.0);
    assert!(second.words.len() < words);
    let last = second.words.len() - 1;
    let same = core(&second.words[last].text).to_owned();
    let scores = score(session.as_mut(), last, &[&same]);
    assert!(scores[0].unwrap().abs() < 0.4, "{same}: {scores:?}");
}
