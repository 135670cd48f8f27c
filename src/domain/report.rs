//! The report: a draft derived from the words, then append-only versions.

use crate::domain::ids::{DictationId, PatientId, ReportId, UserId};
use crate::domain::signature::Signature;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A titled part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Heading as it stands in the report; empty for text before the first heading.
    pub heading: String,
    /// The text under it.
    pub text: String,
}

/// Where a run of report characters came from: raw words `word_from..word_to`, by `rule`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceSpan {
    /// First character, counted in Unicode scalar values.
    pub from: usize,
    /// One past the last character.
    pub to: usize,
    /// First raw word.
    pub word_from: usize,
    /// One past the last raw word; equal to `word_from` for layout that no word stands for.
    pub word_to: usize,
    /// The rule that wrote it.
    pub rule: String,
}

/// Something the author said to the secretary, which is not part of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instruction {
    /// What was said.
    pub text: String,
    /// First raw word.
    pub word_from: usize,
    /// One past the last raw word.
    pub word_to: usize,
}

/// A report's text with its parts and its provenance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReportBody {
    /// Document type, for example `dictation` where none was heard or chosen.
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole text.
    pub text: String,
    /// The same text by heading.
    pub sections: Vec<Section>,
    /// Every character of `text`, in order, without a hole.
    pub trace: Vec<TraceSpan>,
    /// Spoken to the secretary, not part of the text.
    pub instructions: Vec<Instruction>,
}

/// Whether a report may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Not signed: nothing here may be relied on.
    Draft,
    /// Signed, but the second identifier is still open.
    Signed,
    /// Signed and in the patient's record; never changes again.
    Filed,
}

written!(ReportStatus {
    Draft => "draft",
    Signed => "signed",
    Filed => "filed",
});

/// One immutable version of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportVersion {
    /// The document.
    pub report_id: ReportId,
    /// From 1, without holes.
    pub version: u32,
    /// Text, sections and trace.
    pub body: ReportBody,
    /// Who made this version; none where the machine did.
    pub made_by: Option<UserId>,
    /// When.
    pub made_at: jiff::Timestamp,
}

/// A report with its newest version and, if there is one, its signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Identifier.
    pub id: ReportId,
    /// The dictation it came from.
    pub dictation_id: DictationId,
    /// The patient in whose record it lies.
    pub patient_id: PatientId,
    /// The report that this one is an addendum to.
    pub parent_id: Option<ReportId>,
    /// The author who has to sign.
    pub author_id: UserId,
    /// Where it stands.
    pub status: ReportStatus,
    /// Its newest version.
    pub latest: ReportVersion,
    /// The signature over one of its versions.
    pub signature: Option<Signature>,
    /// When it was filed in the record.
    pub filed_at: Option<jiff::Timestamp>,
    /// Signed and found to be wrong afterwards; the report itself stays as it was signed.
    pub retraction: Option<Retraction>,
}

/// A signed report was entered in error.
#[derive(Debug, Clone, PartialEq)]
pub struct Retraction {
    /// Who says so.
    pub by: UserId,
    /// When.
    pub at: jiff::Timestamp,
    /// Why.
    pub reason: String,
}
