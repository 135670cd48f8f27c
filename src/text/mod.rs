//! From corrected words to a readable report: spoken punctuation, layout, and the trace back to the words.
//!
//! Pure: no I/O, no clock. One rule family per file; [`draft`] runs them in order.

pub mod commands;
pub mod render;
pub mod token;

use crate::domain::finding::Finding;
use crate::domain::report::ReportBody;
use crate::domain::transcript::{CorrectedWord, Word};

/// What the text pass makes of a dictation.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The report.
    pub report: ReportBody,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}
