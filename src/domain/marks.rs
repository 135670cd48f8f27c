//! What a person said about the findings and edits of a recognition, which themselves never change.

use crate::domain::ids::UserId;
use crate::domain::transcript::EditState;
use std::collections::BTreeMap;

/// Whether a finding is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// Somebody still has to look.
    Open,
    /// Somebody has looked.
    Cleared,
}

written!(FindingState {
    Open => "open",
    Cleared => "cleared",
});

written!(EditState {
    Applied => "applied",
    Undone => "undone",
});

/// What is said, by number of the finding or edit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Said {
    /// About findings.
    pub findings: BTreeMap<u32, FindingState>,
    /// About edits.
    pub edits: BTreeMap<u32, EditState>,
}

/// The last word about a finding or edit.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked<T> {
    /// What it is now.
    pub state: T,
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: jiff::Timestamp,
}

/// The last word about each finding and edit that somebody said anything about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    /// By number of the finding.
    pub findings: BTreeMap<u32, Marked<FindingState>>,
    /// By number of the edit.
    pub edits: BTreeMap<u32, Marked<EditState>>,
}

impl Marks {
    /// Whether somebody has looked at this finding.
    pub fn is_cleared(&self, finding: u32) -> bool {
        self.findings
            .get(&finding)
            .is_some_and(|m| m.state == FindingState::Cleared)
    }
}
