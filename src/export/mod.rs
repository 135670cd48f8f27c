//! Other forms of a transcript.

pub mod pdf;
pub mod print;
pub mod subtitles;
