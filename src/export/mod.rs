//! Other forms of a transcript.

pub mod subtitles;
