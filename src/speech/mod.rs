//! From sound to words: the engine's interface, whisper behind it, and the models it loads.

pub mod careful;
pub mod engine;
pub mod models;
pub mod whisper;
