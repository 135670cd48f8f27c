//! # Osler: dictate, transcribe, correct, sign, file
//!
//! recording -> [`audio`] (decode, 16 kHz mono, voice activity, pieces) -> [`speech`] (whisper: words with time and
//! probability) -> [`dictionary`] (proposals, checked against the sound) -> [`text`] (spoken punctuation and layout: a
//! report draft with findings) -> signature -> filed, immutable, in the patient's record ([`store`]).
//!
//! * [`domain`]: pure values that every part speaks in.
//! * [`workflow`]: one use case per file; what the command line and the service both call.
//! * [`eval`]: how good it is, measured.
//! * [`cli`], [`http`], [`app`], [`config`]: the outside.
//!
//! `docs/ARCHITECTURE.md` has the map with its rules; `tests/architecture.rs` holds the code to them.

pub mod app;
pub mod audio;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dictionary;
pub mod domain;
pub mod eval;
pub mod export;
pub mod http;
pub mod speech;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod workflow;
