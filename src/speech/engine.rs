//! The interface between Osler and a recogniser.
//!
//! An [`Engine`] holds a loaded model; a [`Session`] is one decoder state over it. A session hears one piece of at most
//! 30 s and can then score other wordings against the same sound. Calls block; whoever calls runs them off the async
//! threads. Tests implement both traits; what ships is always [`crate::speech::whisper`].

use crate::domain::transcript::Word;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells work in another thread to stop at the next opportunity.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    own: AtomicBool,
    parent: Option<Cancel>,
}

impl Cancel {
    /// Asks for a stop.
    pub fn cancel(&self) {
        self.0.own.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.own.load(Ordering::Relaxed) || self.0.parent.as_ref().is_some_and(Self::is_cancelled)
    }

    /// One for a part of the work: it stops with the whole, and can be stopped without the whole.
    pub fn child(&self) -> Self {
        Self(Arc::new(Flag {
            own: AtomicBool::new(false),
            parent: Some(self.clone()),
        }))
    }
}

/// How a piece is decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct HearOptions {
    /// ISO 639-1 code, for example "en".
    pub language: String,
    /// Threads of this session.
    pub threads: usize,
    /// Beam width; 1 is greedy.
    pub beam: usize,
    /// Sampling temperature, 0 for the likeliest token.
    pub temperature: f32,
    /// Encoder positions (50 per second of sound) to use, or `None` to fit them to the piece.
    pub audio_ctx: Option<usize>,
}

/// What a session hears in one call.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// 16 kHz mono samples in -1 to 1, at most 30 s.
    pub pcm: &'a [f32],
    /// Where the piece begins in the recording, seconds; added to every time in the answer.
    pub offset_s: f64,
    /// Vocabulary prompt; empty for none.
    pub prompt: &'a str,
    /// How to decode.
    pub options: &'a HearOptions,
    /// Stops the call.
    pub cancel: &'a Cancel,
}

/// A token of the answer, special tokens left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Number in the model's vocabulary.
    pub id: i32,
    /// Natural logarithm of its probability.
    pub log_probability: f32,
    /// Which word of [`Heard::words`] it belongs to.
    pub word: usize,
}

/// What was heard in a piece.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Words with times in seconds of the recording, in order.
    pub words: Vec<Word>,
    /// The tokens behind the words.
    pub tokens: Vec<Token>,
}

impl Heard {
    /// Mean log probability of the tokens; 0 where there are none.
    pub fn mean_log_probability(&self) -> f32 {
        if self.tokens.is_empty() {
            return 0.0;
        }
        self.tokens.iter().map(|t| t.log_probability).sum::<f32>() / self.tokens.len() as f32
    }
}

/// Why the engine could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The model file is not there.
    #[error("model file {path} is missing; fetch it with `osler models fetch {name}`")]
    ModelMissing {
        /// Name in the manifest.
        name: String,
        /// Where it was looked for.
        path: String,
    },
    /// The model file cannot be used.
    #[error(
        "model file {path} cannot be loaded: {reason}; fetch it again with `osler models fetch`"
    )]
    ModelBroken {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The call was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The engine gave up on a piece.
    #[error("the speech engine failed: {0}")]
    Engine(String),
}

/// A loaded model.
pub trait Engine: Send + Sync {
    /// Opens a decoder state over the shared model.
    fn open(&self) -> Result<Box<dyn Session>, SpeechError>;
    /// Name of the model, for example "base".
    fn model_name(&self) -> &str;
    /// SHA-256 (hex) of the weights, stored with every transcript.
    fn model_sha256(&self) -> &str;
}

/// One decoder state.
pub trait Session: Send {
    /// Hears one piece.
    fn hear(&mut self, piece: &Piece<'_>) -> Result<Heard, SpeechError>;

    /// Log probability of each candidate standing in place of the words `span` of the last [`Heard`], judged against
    /// the same sound, in nats relative to what was heard; `None` where the engine cannot judge. A candidate that falls far
    /// behind what was heard, or behind one before it, may be given up with a score that says no more than that it is
    /// hopeless. Valid until the next `hear`; cheapest from the end of the piece to its beginning, likeliest candidate first.
    fn score(
        &mut self,
        span: Range<usize>,
        candidates: &[String],
    ) -> Result<Vec<Option<f32>>, SpeechError>;
}
