//! How good it is, measured: every figure that the project states about itself comes from here.
//!
//! * [`manifest`]: the recordings, what was said in them, the report that should come out, the terms that must be right.
//! * [`hypothesis`]: what a tool made of a recording; this one's JSON or any other's.
//! * [`cut`]: a long recording's result, cut into its dictations.
//! * [`normalise`]: what counts as the same word.
//! * [`wer`], [`terms`], [`report`]: the three questions: were the words heard, do the dangerous things stand in the
//!   report, how much would a secretary have to change.
//! * [`flags`]: what a reviewer is asked about, and whether it was wrong.
//! * [`score`]: all of it for one clip, and sums of it. [`compare`]: two tools on the same clips, with an interval.
//! * [`child`]: one run in a process of its own, so that its memory is its own. [`table`]: columns for a terminal.
//!
//! # Rules
//! * **WER** (of `raw` and of `transcript`): both sides through [`normalise::words`], then substitutions, deletions and
//!   insertions per reference word. A recording in which nothing is said has no WER; its words are counted as they are.
//! * **Terms**: in the report, see [`terms`]. In a long recording a term counts once per dictation.
//! * **Report**: word edits without case, punctuation and layout per 100 words of the reference; marks and headings
//!   have figures of their own, see [`report`].
//! * **A clip that failed** counts as an empty result (all its words deleted, its terms missed) and is listed: leaving
//!   it out would reward failing. It has no speed and no memory.
//! * **Speed** is seconds of recording per second of wall time around the process, start and model load included.

pub mod child;
pub mod compare;
pub mod cut;
pub mod flags;
pub mod hypothesis;
pub mod manifest;
pub mod normalise;
pub mod report;
pub mod score;
pub mod table;
pub mod terms;
pub mod wer;
