//! The audit trail: who did what to which record, when. A row is written in the transaction of its change.

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A patient was added.
    PatientAdded,
    /// A user was added.
    UserAdded,
    /// An encounter was added.
    EncounterAdded,
    /// A recording was taken in.
    DictationReceived,
    /// The engine's words and the first draft were stored.
    DictationTranscribed,
    /// A report was signed.
    ReportSigned,
    /// A report was filed in the patient's record.
    ReportFiled,
}

impl Action {
    /// The written form, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PatientAdded => "patient.added",
            Self::UserAdded => "user.added",
            Self::EncounterAdded => "encounter.added",
            Self::DictationReceived => "dictation.received",
            Self::DictationTranscribed => "dictation.transcribed",
            Self::ReportSigned => "report.signed",
            Self::ReportFiled => "report.filed",
        }
    }
}

/// Who acts: a named user, or the machine itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Login name, or "system".
    pub name: String,
    /// Where from, for example "cli".
    pub via: String,
}

impl Actor {
    /// Somebody at the command line.
    pub fn cli(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            via: "cli".into(),
        }
    }
}
