use super::*;
use crate::domain::transcript::Stretch;
use proptest::prelude::*;

/// A dictation as it would be heard by a perfect ear: words with their seconds.
#[derive(Debug, Clone, Default)]
struct Spoken(Vec<(String, f64, f64)>);

impl Spoken {
    /// Words of 0.3 s, 0.05 s apart; a number is a pause of so many seconds.
    fn new(text: &str) -> Self {
        let (mut out, mut at) = (Vec::new(), 0.5);
        for word in text.split_whitespace() {
            match word.parse::<f64>() {
                Ok(pause) => at += pause,
                Err(_) => {
                    out.push((word.to_owned(), at, at + 0.3));
                    at += 0.35;
                }
            }
        }
        Self(out)
    }

    fn end_s(&self) -> f64 {
        self.0.last().map_or(1.0, |w| w.2)
    }

    fn text(&self) -> Vec<String> {
        self.0.iter().map(|w| w.0.clone()).collect()
    }

    fn is_speech(&self, at_s: f64) -> bool {
        self.0
            .iter()
            .any(|w| w.1 - 0.03 <= at_s && at_s < w.2 + 0.03)
    }

    /// What a good engine makes of a stretch: words that are cut off are heard wrong.
    fn hear(&self, from_s: f64, to_s: f64) -> Vec<Word> {
        self.0
            .iter()
            .filter_map(|(text, start_s, end_s)| {
                let inside = (end_s.min(to_s) - start_s.max(from_s)) / (end_s - start_s);
                let text = match inside {
                    i if i > 0.85 => text.clone(),
                    i if i > 0.4 => format!("{text}-cut"),
                    _ => return None,
                };
                Some(word(&text, start_s.max(from_s), end_s.min(to_s)))
            })
            .collect()
    }
}

fn word(text: &str, start_s: f64, end_s: f64) -> Word {
    Word {
        text: text.into(),
        start_s,
        end_s,
        probability: 0.9,
        take: 0,
    }
}

fn passage(words: Vec<Word>) -> Passage {
    Passage {
        words,
        log_probability: -0.2,
        ..Passage::default()
    }
}

/// Feeds a dictation frame by frame to an engine that takes its time, and keeps all that comes out.
struct Stage<'a> {
    live: Live,
    spoken: &'a Spoken,
    frame: u64,
    waiting: Option<(u64, Request)>,
    requests: Vec<(f64, f64, bool)>,
    committed: Vec<Word>,
    updates: Vec<Update>,
    findings: Vec<Finding>,
    ended_s: Vec<f64>,
}

impl<'a> Stage<'a> {
    fn new(spoken: &'a Spoken) -> Self {
        Self {
            live: Live::default(),
            spoken,
            frame: 0,
            waiting: None,
            requests: Vec::new(),
            committed: Vec::new(),
            updates: Vec::new(),
            findings: Vec::new(),
            ended_s: Vec::new(),
        }
    }

    fn take(&mut self, update: Update) {
        self.committed.extend(update.committed.clone());
        assert_eq!(self.committed, self.live.committed());
        for pair in self.committed.windows(2) {
            assert!(pair[0].end_s <= pair[1].start_s, "{pair:?}");
        }
        self.findings.extend(update.findings.clone());
        self.ended_s.extend(update.ended_s);
        self.updates.push(update);
    }

    fn tick(&mut self, delay: u64, hear: &mut dyn FnMut(&Request, f64, f64) -> Passage) {
        if let Some((_, request)) = self.waiting.take_if(|(due, _)| *due <= self.frame) {
            let from_s = request.chunk.clock.recording_s(0.0);
            let to_s = from_s + request.chunk.length_s();
            let answer = hear(&request, from_s, to_s);
            let settled_s = self.live.settled_s();
            let update = self.live.heard(answer);
            assert!(self.live.settled_s() >= settled_s);
            self.take(update);
        }
        if self.waiting.is_none()
            && let Some(request) = self.live.next_piece()
        {
            assert!(request.chunk.length_s() <= 20.1);
            let from_s = request.chunk.clock.recording_s(0.0);
            self.requests
                .push((from_s, from_s + request.chunk.length_s(), request.thorough));
            self.waiting = Some((self.frame + delay, request));
        }
    }

    fn frame(&mut self, speech: bool, rms: f32) {
        self.live.pcm.extend([0.0; FRAME]);
        self.live.fresh.push(Score {
            speech: f32::from(u8::from(speech)),
            rms,
        });
        self.frame += 1;
        if let Some(update) = self.live.judge() {
            self.take(update);
        }
    }

    /// Plays all, each pass taking `delay` frames.
    fn play(mut self, delay: u64, mut hear: impl FnMut(&Request, f64, f64) -> Passage) -> Self {
        let frames = ((self.spoken.end_s() + 2.0) / FRAME_S) as u64;
        for i in 0..frames {
            let speech = self.spoken.is_speech(i as f64 * FRAME_S);
            // Louder and softer as words are.
            let rms = match (speech, i % 12) {
                (true, 0..6) => 0.2,
                (true, _) => 0.05,
                _ => 0.001,
            };
            self.frame(speech, rms);
            self.tick(delay, &mut hear);
        }
        self.end(delay, hear)
    }

    fn end(mut self, delay: u64, mut hear: impl FnMut(&Request, f64, f64) -> Passage) -> Self {
        if let Some(update) = self.live.finish() {
            self.take(update);
        }
        self.tick(delay, &mut hear);
        while self.waiting.is_some() {
            self.frame += 1;
            self.tick(delay, &mut hear);
        }
        assert!(self.live.frames.is_empty(), "everything is settled");
        self
    }

    /// With the good engine.
    fn heard(spoken: &'a Spoken, delay: u64) -> Self {
        Stage::new(spoken).play(delay, |_, from_s, to_s| passage(spoken.hear(from_s, to_s)))
    }

    fn text(&self) -> Vec<String> {
        self.committed.iter().map(|w| w.text.clone()).collect()
    }
}

fn numbered(n: usize) -> String {
    (0..n).map(|i| format!("w{i} ")).collect()
}

#[test]
fn words_are_committed_while_the_sentence_goes_on() {
    let spoken = Spoken::new("the patient denies any chest pain or shortness of breath");
    let stage = Stage::heard(&spoken, 20);
    assert_eq!(stage.text(), spoken.text());
    let early: usize = stage
        .updates
        .iter()
        .take_while(|u| u.ended_s.is_none())
        .map(|u| u.committed.len())
        .sum();
    assert!(early >= 6, "{early} words before the end");
    assert!((stage.ended_s[0] - spoken.end_s()).abs() < 0.1);
    assert!(stage.findings.is_empty(), "{:?}", stage.findings);
}

#[test]
fn a_word_on_which_two_passes_differ_is_not_committed_before_the_end() {
    let spoken = Spoken::new("start apixaban five milligrams daily today please");
    let mut pass = 0;
    let stage = Stage::new(&spoken).play(10, |request, from_s, to_s| {
        let mut words = spoken.hear(from_s, to_s);
        pass += 1;
        if let Some(word) = words.get_mut(1).filter(|_| !request.thorough) {
            word.text = format!("guess{pass}");
        }
        passage(words)
    });
    let first = stage
        .updates
        .iter()
        .position(|u| u.ended_s.is_some())
        .unwrap();
    let early: Vec<&str> = stage.updates[..first]
        .iter()
        .flat_map(|u| &u.committed)
        .map(|w| w.text.as_str())
        .collect();
    assert_eq!(early, ["start"]);
    assert_eq!(stage.text(), spoken.text());
}

#[test]
fn case_and_edge_punctuation_do_not_part_two_passes_and_the_newer_spelling_stays() {
    let spoken = Spoken::new("no fever today but some cough");
    let mut pass = 0;
    let stage = Stage::new(&spoken).play(10, |_, from_s, to_s| {
        let mut words = spoken.hear(from_s, to_s);
        pass += 1;
        if let Some(word) = words.first_mut() {
            word.text = if pass == 1 { "no," } else { "No" }.into();
        }
        passage(words)
    });
    assert_eq!(stage.text()[0], "No");
    assert_eq!(key("(No)."), key("no"));
    assert_ne!(key("5/5"), key("5"));
}

#[test]
fn the_last_word_waits_since_it_may_be_cut_off() {
    let spoken = Spoken::new("one two three four five six");
    let stage = Stage::new(&spoken).play(10, |_, from_s, to_s| {
        let words = spoken.hear(from_s, to_s);
        passage(words)
    });
    for update in stage.updates.iter().filter(|u| u.ended_s.is_none()) {
        assert!(update.committed.iter().all(|w| !w.text.ends_with("-cut")));
    }
    assert!(
        stage
            .updates
            .iter()
            .any(|u| u.partial.iter().any(|w| w.text.ends_with("-cut"))),
        "what may be cut off is shown all the same"
    );
}

#[test]
fn a_pause_ends_the_utterance_with_one_thorough_pass() {
    let spoken = Spoken::new("no fever 2 no cough 3 no rash");
    let stage = Stage::heard(&spoken, 10);
    assert_eq!(stage.text(), spoken.text());
    assert_eq!(stage.ended_s.len(), 3);
    assert_eq!(stage.requests.iter().filter(|r| r.2).count(), 3);
    // None goes back behind the pause.
    for (from_s, to_s, _) in &stage.requests {
        assert!(to_s - from_s < 2.0, "{from_s} to {to_s}");
    }
}

#[test]
fn a_breath_does_not_end_the_utterance_and_costs_no_word() {
    let spoken = Spoken::new("blood pressure 0.38 one forty 0.38 over ninety");
    for delay in [1, 15, 60] {
        let stage = Stage::heard(&spoken, delay);
        assert_eq!(stage.text(), spoken.text());
        assert_eq!(stage.ended_s.len(), 1);
    }
}

#[test]
fn silence_is_never_heard_and_takes_no_memory() {
    let spoken = Spoken::default();
    let mut stage = Stage::new(&spoken);
    for _ in 0..10_000 {
        stage.frame(false, 0.001);
        stage.tick(1, &mut |_, _, _| panic!("a pass over silence"));
        assert!(stage.live.pcm.len() <= (MARGIN + SMOOTH) * FRAME);
    }
    let stage = stage.end(1, |_, _, _| panic!("a pass over silence"));
    assert!(stage.updates.is_empty());
}

#[test]
fn a_click_is_not_heard() {
    let spoken = Spoken::default();
    let mut stage = Stage::new(&spoken);
    for i in 0..300 {
        stage.frame(i == 100 || i == 101, 0.5);
        stage.tick(1, &mut |_, _, _| panic!("a pass over a click"));
    }
    assert!(
        stage
            .end(1, |_, _, _| panic!("a pass over a click"))
            .updates
            .is_empty()
    );
}

#[test]
fn a_fan_that_the_detector_takes_for_a_voice_is_a_finding_and_no_text() {
    let spoken = Spoken::default();
    let mut stage = Stage::new(&spoken);
    for i in 0..4_000 {
        stage.frame(i > 50, 0.1);
        stage.tick(1, &mut |_, _, _| panic!("a pass over a fan"));
    }
    let stage = stage.end(1, |_, _, _| panic!("a pass over a fan"));
    assert!(stage.committed.is_empty());
    let heard_s: f64 = stage.findings.iter().map(|f| f.end_s - f.start_s).sum();
    assert!(heard_s > 60.0, "{heard_s}");
}

#[test]
fn words_over_the_silence_behind_the_speech_are_a_finding() {
    let spoken = Spoken::new("no further questions");
    let stage = Stage::new(&spoken).play(10, |_, from_s, to_s| Passage {
        phantoms: vec![word("Thank", to_s - 0.1, to_s), word("you.", to_s, to_s)],
        ..passage(spoken.hear(from_s, to_s))
    });
    assert_eq!(stage.text(), spoken.text());
    assert_eq!(stage.findings.len(), 1);
    assert_eq!(stage.findings[0].kind, FindingKind::TextWithoutSpeech);
    assert_eq!(stage.findings[0].heard, "Thank you.");
}

#[test]
fn a_guess_is_told_as_what_it_is() {
    let spoken = Spoken::new("no further questions");
    let stage = Stage::new(&spoken).play(10, |_, from_s, to_s| Passage {
        guesses: vec![word("You", from_s, to_s)],
        log_probability: -3.3,
        ..Passage::default()
    });
    let guess = stage.findings.iter().find(|f| f.heard == "You");
    assert!(guess.unwrap().evidence.contains("-3.30"), "{guess:?}");
}

#[test]
fn a_loop_is_not_shown_and_commits_nothing_before_the_end() {
    let spoken = Spoken::new("one two three four five six seven eight");
    let stage = Stage::new(&spoken).play(10, |request, from_s, to_s| Passage {
        repeats: !request.thorough,
        ..passage(spoken.hear(from_s, to_s))
    });
    // What the thorough pass heard is shown, and is committed when the pause is long enough.
    let shown = stage.updates.iter().filter(|u| !u.partial.is_empty());
    assert!(shown.count() <= 1);
    let committing = stage.updates.iter().filter(|u| !u.committed.is_empty());
    assert!(committing.into_iter().all(|u| u.ended_s.is_some()));
    assert_eq!(stage.text(), spoken.text());
}

#[test]
fn speech_without_words_is_a_finding() {
    let spoken = Spoken::new("one two three four five six 2 seven eight nine ten eleven twelve");
    let stage = Stage::new(&spoken).play(10, |_, from_s, to_s| {
        passage(if from_s < 3.0 {
            Vec::new()
        } else {
            spoken.hear(from_s, to_s)
        })
    });
    assert_eq!(stage.text(), &spoken.text()[6..]);
    assert_eq!(stage.findings.len(), 1, "{:?}", stage.findings);
    assert_eq!(stage.findings[0].kind, FindingKind::SpeechWithoutText);
    assert!(stage.findings[0].start_s < 0.6 && stage.findings[0].end_s > 2.4);
}

#[test]
fn long_speech_with_short_pauses_is_cut_in_them() {
    let text: String = (0..150)
        .map(|i| format!("w{i} {}", if i % 9 == 8 { "0.25 " } else { "" }))
        .collect();
    let spoken = Spoken::new(&text);
    let stage = Stage::heard(&spoken, 25);
    assert_eq!(stage.text(), spoken.text());
    let longest = stage.requests.iter().map(|r| r.1 - r.0).fold(0.0, f64::max);
    assert!(longest < 14.0, "{longest}");
    assert!(stage.findings.is_empty(), "{:?}", stage.findings);
}

#[test]
fn long_speech_without_any_pause_is_cut_behind_words_that_are_heard_again() {
    let mut spoken = Spoken::new(&numbered(150));
    for word in &mut spoken.0 {
        word.2 += 0.05;
    }
    let stage = Stage::heard(&spoken, 25);
    assert_eq!(stage.text(), spoken.text());
    let longest = stage.requests.iter().map(|r| r.1 - r.0).fold(0.0, f64::max);
    assert!(longest < 14.0, "{longest}");
}

#[test]
fn where_passes_never_agree_the_sound_still_becomes_words_piece_by_piece() {
    let spoken = Spoken::new(&numbered(150));
    let mut pass = 0;
    let stage = Stage::new(&spoken).play(25, |request, from_s, to_s| {
        pass += 1;
        let mut words = spoken.hear(from_s, to_s);
        if !request.thorough {
            words.iter_mut().for_each(|w| w.text = format!("p{pass}"));
        }
        passage(words)
    });
    assert_eq!(stage.text(), spoken.text());
}

#[test]
fn an_engine_slower_than_the_speaker_skips_passes_and_loses_nothing() {
    let text: String = (0..200)
        .map(|i| format!("w{i} {}", if i % 11 == 10 { "1 " } else { "" }))
        .collect();
    let spoken = Spoken::new(&text);
    let quick = Stage::heard(&spoken, 10);
    let slow = Stage::heard(&spoken, 1_000);
    assert_eq!(quick.text(), spoken.text());
    assert_eq!(slow.text(), spoken.text());
    assert!(slow.requests.len() * 3 < quick.requests.len());
}

#[test]
fn what_waits_for_a_hopeless_engine_is_bounded_and_a_finding() {
    let spoken = Spoken::new("one");
    let mut stage = Stage::new(&spoken);
    for i in 0..80_000u64 {
        stage.frame(i % 100 < 60, if i % 12 < 6 { 0.2 } else { 0.05 });
        if i == 79_000 {
            assert!(stage.live.next_piece().is_some());
            assert!(stage.live.frames.len() <= MOST_WAITING);
        }
    }
    assert!(!stage.findings.is_empty());
    assert!(
        stage
            .findings
            .iter()
            .all(|f| f.evidence.contains("keep up"))
    );
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut live = Live::default();
    let update = live.heard(passage(vec![word("one", 0.0, 0.5)]));
    assert_eq!(update, Update::default());
}

#[test]
fn words_that_are_heard_again_are_known_by_their_neighbours_and_times() {
    let check = |committed: &[(&str, f64)], again: &[(&str, f64)], rest: &[&str]| {
        let words = |list: &[(&str, f64)]| -> Vec<Word> {
            list.iter().map(|(t, s)| word(t, *s, s + 0.3)).collect()
        };
        let live = Live {
            committed: words(committed),
            ..Live::default()
        };
        let left: Vec<String> = live
            .behind_committed(words(again))
            .into_iter()
            .map(|w| w.text)
            .collect();
        assert_eq!(left, rest, "{committed:?} {again:?}");
    };
    check(&[], &[("no", 0.0)], &["no"]);
    check(&[("no", 0.0)], &[], &[]);
    check(&[("no", 0.0)], &[("no", 0.0), ("no", 0.4)], &["no"]);
    // The first word is cut off, another one was heard differently, one is missing.
    let old = [("blood", 0.0), ("pressure", 0.4), ("is", 0.8)];
    check(
        &old,
        &[("Pressure", 0.4), ("is", 0.8), ("high", 1.2)],
        &["high"],
    );
    check(
        &old,
        &[
            ("blood", 0.0),
            ("treasure", 0.4),
            ("is", 0.8),
            ("high", 1.2),
        ],
        &["high"],
    );
    check(&old, &[("pressure", 0.4), ("high", 1.2)], &["high"]);
    check(&old, &[("high", 1.2)], &["high"]);
    check(&old, &[("flood", 0.0), ("measures", 0.4)], &[]);
}

/// Dictations of words out of a small vocabulary, with all kinds of pauses between them.
fn dictations() -> impl Strategy<Value = Spoken> {
    let pause = prop_oneof![6 => 0.0..0.12f64, 2 => 0.12..0.5f64, 1 => 0.5..3.0f64];
    proptest::collection::vec((0..60u32, 0.15..0.6f64, pause), 0..120).prop_map(|words| {
        let mut at = 0.3;
        Spoken(
            words
                .into_iter()
                .map(|(number, length, pause)| {
                    let start = at;
                    at += length + pause;
                    (format!("v{number}"), start, start + length)
                })
                .collect(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn with_a_good_engine_nothing_is_lost_and_nothing_said_twice(
        spoken in dictations(),
        delay in prop_oneof![Just(1u64), 5..60u64, 200..2_000u64],
    ) {
        let stage = Stage::heard(&spoken, delay);
        prop_assert_eq!(stage.text(), spoken.text());
        let gaps = stage.findings.iter().filter(|f| f.kind == FindingKind::SpeechWithoutText);
        prop_assert_eq!(gaps.count(), 0, "{:?}", stage.findings);
    }

    #[test]
    fn whatever_the_passes_say_committed_words_stay_and_speech_is_words_or_a_finding(
        spoken in dictations(),
        delay in prop_oneof![1..60u64, 200..2_000u64],
        mut noise in proptest::collection::vec((0u8..8, -1.0..1.0f64), 1..200),
    ) {
        // Stage checks that committed words only grow, that their times rise, and that all is settled in the end.
        let stage = Stage::new(&spoken).play(delay, |_, from_s, to_s| {
            let (kind, shift_s) = noise[0];
            noise.rotate_left(1);
            let mut words = spoken.hear(from_s, to_s);
            match kind {
                0 => words.clear(),
                1 => words.iter_mut().for_each(|w| { w.start_s += shift_s; w.end_s += shift_s; }),
                2 => words.truncate(words.len() / 2),
                3 => { words.drain(..words.len() / 2); }
                4 => words.reverse(),
                5 => words.iter_mut().for_each(|w| w.text = format!("x{shift_s:.1}")),
                _ => {}
            }
            Passage { repeats: kind == 6, ..passage(words) }
        });
        let speech: Vec<Stretch> = spoken
            .0
            .iter()
            .map(|w| Stretch { start_s: w.1, end_s: w.2 })
            .collect();
        for gap in careful::gaps(&stage.committed, &speech) {
            prop_assert!(
                stage.findings.iter().any(|f| f.start_s < gap.end_s && f.end_s > gap.start_s),
                "{gap:?} {:?}", stage.findings
            );
        }
    }
}
