//! An engine that says what a test tells it to: one script of words per call of `hear`.

use osler::domain::transcript::Word;
use osler::speech::engine::{Engine, Heard, Piece, Session, SpeechError, Token};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What one call of `hear` answers.
#[derive(Debug, Clone)]
pub enum Line {
    /// These words, spread evenly over the piece.
    Says(&'static str),
    /// These words with their times in the piece, and a mean log probability.
    Timed(Vec<(&'static str, f64, f64)>, f32),
    /// An error.
    Fails,
}

/// The stand-in. Its calls are kept for the test to look at.
#[derive(Clone, Default)]
pub struct ScriptedEngine {
    script: Arc<Mutex<VecDeque<Line>>>,
    /// Seconds of sound of each call.
    pub heard_s: Arc<Mutex<Vec<f64>>>,
    /// Threads of each call.
    pub threads: Arc<Mutex<Vec<usize>>>,
    /// Prompt of each call.
    pub prompts: Arc<Mutex<Vec<String>>>,
    /// Sessions that were opened.
    pub opened: Arc<AtomicUsize>,
    /// Candidates that were to be judged.
    pub judged: Arc<Mutex<Vec<Vec<String>>>>,
    /// What it says of a candidate, in nats; it does not judge the others.
    pub verdicts: Arc<Mutex<Vec<(&'static str, f32)>>>,
    /// The words in whose place they were to be judged, numbered as they were heard.
    pub spans: Arc<Mutex<Vec<Range<usize>>>>,
}

impl ScriptedEngine {
    pub fn new(script: impl IntoIterator<Item = Line>) -> Self {
        Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            ..Self::default()
        }
    }
}

impl Engine for ScriptedEngine {
    fn open(&self) -> Result<Box<dyn Session>, SpeechError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(self.clone()))
    }
    fn model_name(&self) -> &str {
        "scripted"
    }
    fn model_sha256(&self) -> &str {
        "0000"
    }
}

impl Session for ScriptedEngine {
    fn hear(&mut self, piece: &Piece<'_>) -> Result<Heard, SpeechError> {
        if piece.cancel.is_cancelled() {
            return Err(SpeechError::Cancelled);
        }
        let length_s = piece.pcm.len() as f64 / 16_000.0;
        self.heard_s.lock().unwrap().push(length_s);
        self.threads.lock().unwrap().push(piece.options.threads);
        self.prompts.lock().unwrap().push(piece.prompt.to_owned());
        let line = self.script.lock().unwrap().pop_front();
        let (timed, log_probability) = match line {
            None => (Vec::new(), -0.2),
            Some(Line::Fails) => return Err(SpeechError::Engine("told to fail".into())),
            Some(Line::Timed(words, p)) => (words, p),
            Some(Line::Says(text)) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let each = length_s / words.len().max(1) as f64;
                let timed = words
                    .iter()
                    .enumerate()
                    .map(|(i, w)| (*w, i as f64 * each, (i + 1) as f64 * each))
                    .collect();
                (timed, -0.2)
            }
        };
        let words: Vec<Word> = timed
            .into_iter()
            .map(|(text, start_s, end_s)| Word {
                text: text.into(),
                start_s: start_s + piece.offset_s,
                end_s: end_s + piece.offset_s,
                probability: 0.9,
                take: 0,
            })
            .collect();
        let tokens = (0..words.len())
            .map(|word| Token {
                id: word as i32,
                log_probability,
                word,
            })
            .collect();
        Ok(Heard { words, tokens })
    }

    fn score(
        &mut self,
        span: Range<usize>,
        candidates: &[String],
    ) -> Result<Vec<Option<f32>>, SpeechError> {
        self.judged.lock().unwrap().push(candidates.to_vec());
        self.spans.lock().unwrap().push(span);
        let verdicts = self.verdicts.lock().unwrap();
        let of = |text: &String| {
            verdicts
                .iter()
                .find(|(known, _)| known == text)
                .map(|v| v.1)
        };
        Ok(candidates.iter().map(of).collect())
    }
}
