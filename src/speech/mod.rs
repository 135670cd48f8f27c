//! From sound to words: the engine's interface, whisper behind it, the models it loads, and the pool that shares it.

pub mod careful;
pub mod engine;
pub mod live;
pub mod models;
pub mod pool;
mod vocabulary;
pub mod whisper;
