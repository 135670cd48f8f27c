//! The audit trail: who did what to which record, when. A row is written in the transaction of its change.

use std::fmt;
use std::str::FromStr;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A patient was added.
    PatientAdded,
    /// A line was added to a patient's record: an allergy, a medication, a problem.
    EntryAdded,
    /// A line of a patient's record was withdrawn.
    EntryWithdrawn,
    /// What is known about a patient was changed: name, date of birth, contact.
    PatientChanged,
    /// A patient got a number of another issuer.
    NumberAdded,
    /// A number of another issuer was withdrawn.
    NumberWithdrawn,
    /// Two records of one patient were joined.
    PatientsMerged,
    /// A user was added.
    UserAdded,
    /// An encounter was added.
    EncounterAdded,
    /// A recording was taken in.
    DictationReceived,
    /// Record number and date of birth were checked against each other for a dictation.
    IdentityVerified,
    /// The engine began with a dictation.
    TranscriptionStarted,
    /// The engine gave up on a dictation, which waits again.
    TranscriptionFailed,
    /// The engine's words and the first draft were stored.
    DictationTranscribed,
    /// Waiting for its author or a secretary, a dictation took another step; the details name it.
    DictationStepped,
    /// A dictation was moved to another patient's record.
    DictationMoved,
    /// A dictation was replaced by two.
    DictationSplit,
    /// Somebody said something about findings or edits of a dictation.
    DictationMarked,
    /// A dictation was assigned to a person, a pool or nobody.
    DictationAssigned,
    /// A dictation got another priority.
    DictationPrioritised,
    /// The due time of a document type was set.
    DueTimeSet,
    /// Somebody joined or left a pool.
    PoolChanged,
    /// A corrected version of a report was stored.
    ReportCorrected,
    /// An addendum was begun.
    AddendumAdded,
    /// A signed report was marked as entered in error.
    ReportRetracted,
    /// A signed report was made a letter to somebody.
    LetterWritten,
    /// A letter was withdrawn.
    LetterWithdrawn,
    /// A recording came of which it is not certain whose it is.
    InboxReceived,
    /// A recording in the inbox became a dictation.
    InboxAssigned,
    /// A recording in the inbox was put aside.
    InboxDiscarded,
    /// A report was signed.
    ReportSigned,
    /// A report was filed in the patient's record.
    ReportFiled,
    /// Somebody logged in.
    SessionStarted,
    /// Somebody did not get in.
    SessionRefused,
    /// A session was ended: by its owner, by time, or taken away.
    SessionEnded,
    /// Somebody proved who they are before signing.
    IdentityProven,
    /// Something was asked for and refused.
    AccessRefused,
    /// A password was set.
    PasswordSet,
    /// A second factor was begun; it does not count yet.
    SecondFactorBegun,
    /// A second factor was confirmed with a code.
    SecondFactorConfirmed,
    /// A second factor was taken away.
    SecondFactorRemoved,
    /// An account was closed.
    UserDisabled,
    /// An account was opened again.
    UserEnabled,
    /// A service account got a token.
    ServiceTokenMade,
    /// The tokens of a service account were taken away.
    ServiceTokensRevoked,
    /// A physician opened a record that was not theirs, in an emergency.
    EmergencyOpened,
    /// Entries were added to a layer of the dictionary.
    DictionaryAdded,
    /// Entries of a layer of the dictionary were taken back.
    DictionaryRevoked,
    /// Somebody said whether a correction is to be a rule.
    LearnedDecided,
    /// A ready text was added.
    TemplateAdded,
    /// A ready text was taken back.
    TemplateRevoked,
    /// It was said which specialty a physician belongs to.
    SpecialtySet,
    /// Something in a patient's record was read.
    RecordRead,
    /// Something was taken out of Osler: printed, exported, sent.
    RecordExported,
    /// Records were listed or searched.
    RecordsListed,
    /// The audit trail was read.
    TrailRead,
    /// Somebody began to dictate into the service.
    LiveBegun,
    /// A dictation at the microphone was handed on.
    LiveFinished,
    /// A dictation at the microphone was thrown away by its author.
    LiveDiscarded,
    /// A recording began to come in parts.
    UploadBegun,
    /// A recording came whole, and a person has to decide about it.
    UploadWaits,
    /// A person decided whose an upload is.
    UploadDecided,
    /// An upload was given up.
    UploadRemoved,
    /// A backup was made.
    BackupMade,
    /// This data folder was put back from a backup.
    BackupRestored,
    /// The master key was replaced.
    KeyRotated,
    /// The database was encrypted or decrypted where it lies.
    DatabaseConverted,
    /// Rows of the trail whose time was over left it.
    TrailClosed,
    /// A legal hold was placed on a patient's record.
    HoldPlaced,
    /// A legal hold was lifted.
    HoldLifted,
    /// A recording was removed because its time was over.
    SoundRemoved,
}

impl Action {
    /// Whether it says that something was asked for and refused.
    pub fn is_refusal(self) -> bool {
        Self::REFUSALS.contains(&self)
    }

    /// Those that say so.
    pub const REFUSALS: [Self; 2] = [Self::SessionRefused, Self::AccessRefused];
}

written!(Action {
    PatientAdded => "patient.added",
    EntryAdded => "patient.entry_added",
    EntryWithdrawn => "patient.entry_withdrawn",
    PatientChanged => "patient.changed",
    NumberAdded => "patient.number_added",
    NumberWithdrawn => "patient.number_withdrawn",
    PatientsMerged => "patient.merged",
    UserAdded => "user.added",
    EncounterAdded => "encounter.added",
    DictationReceived => "dictation.received",
    IdentityVerified => "dictation.identity_verified",
    TranscriptionStarted => "dictation.transcription_started",
    TranscriptionFailed => "dictation.transcription_failed",
    DictationTranscribed => "dictation.transcribed",
    DictationStepped => "dictation.stepped",
    DictationMoved => "dictation.moved",
    DictationSplit => "dictation.split",
    DictationMarked => "dictation.marked",
    DictationAssigned => "dictation.assigned",
    DictationPrioritised => "dictation.prioritised",
    DueTimeSet => "worklist.due_time_set",
    PoolChanged => "worklist.pool_changed",
    ReportCorrected => "report.corrected",
    AddendumAdded => "report.addendum_added",
    ReportRetracted => "report.retracted",
    LetterWritten => "letter.written",
    LetterWithdrawn => "letter.withdrawn",
    InboxReceived => "inbox.received",
    InboxAssigned => "inbox.assigned",
    InboxDiscarded => "inbox.discarded",
    ReportSigned => "report.signed",
    ReportFiled => "report.filed",
    SessionStarted => "session.started",
    SessionRefused => "session.refused",
    SessionEnded => "session.ended",
    IdentityProven => "session.identity_proven",
    AccessRefused => "access.refused",
    PasswordSet => "user.password_set",
    SecondFactorBegun => "user.second_factor_begun",
    SecondFactorConfirmed => "user.second_factor_confirmed",
    SecondFactorRemoved => "user.second_factor_removed",
    UserDisabled => "user.disabled",
    UserEnabled => "user.enabled",
    ServiceTokenMade => "service.token_made",
    ServiceTokensRevoked => "service.tokens_revoked",
    EmergencyOpened => "patient.emergency_access",
    DictionaryAdded => "dictionary.added",
    DictionaryRevoked => "dictionary.revoked",
    LearnedDecided => "dictionary.learned_decided",
    TemplateAdded => "template.added",
    TemplateRevoked => "template.revoked",
    SpecialtySet => "user.specialty_set",
    RecordRead => "record.read",
    RecordExported => "record.exported",
    RecordsListed => "records.listed",
    TrailRead => "audit.read",
    LiveBegun => "live.begun",
    LiveFinished => "live.finished",
    LiveDiscarded => "live.discarded",
    UploadBegun => "upload.begun",
    UploadWaits => "upload.waits",
    UploadDecided => "upload.decided",
    UploadRemoved => "upload.removed",
    BackupMade => "backup.made",
    BackupRestored => "backup.restored",
    KeyRotated => "key.rotated",
    DatabaseConverted => "database.converted",
    TrailClosed => "audit.closed",
    HoldPlaced => "retention.hold_placed",
    HoldLifted => "retention.hold_lifted",
    SoundRemoved => "retention.sound_removed",
});

/// The last row of the trail at some moment: its number and its code. Written "12:3f...".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of the row.
    pub seq: i64,
    /// Its code, 64 hexadecimal digits.
    pub mac: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.mac)
    }
}

/// Not the head of a trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a head is the number of a row, ':', and 64 hexadecimal digits, as `osler audit verify` prints it"
)]
pub struct NoHead;

impl FromStr for Head {
    type Err = NoHead;

    fn from_str(s: &str) -> Result<Self, NoHead> {
        let (seq, mac) = s.trim().split_once(':').ok_or(NoHead)?;
        let is_code = mac.len() == 64 && mac.bytes().all(|b| b.is_ascii_hexdigit());
        match seq.parse() {
            Ok(seq) if is_code => Ok(Self {
                seq,
                mac: mac.to_ascii_lowercase(),
            }),
            _ => Err(NoHead),
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

/// By whom and when: what every change carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: jiff::Timestamp,
}
