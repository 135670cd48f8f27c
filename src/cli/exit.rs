//! Exit codes for scripts, and the one place that prints why a command failed.

use crate::app::{OpenError, ServiceError};
use crate::config::ConfigError;
use crate::dictionary::load::LoadError;
use crate::store::StoreError;
use crate::store::blobs::BlobError;
use crate::workflow::WorkflowError;
use crate::workflow::backup::BackupError;
use std::process::ExitCode;

/// Shown under `--help`.
pub const HELP: &str = "Exit codes: 0 done; 1 failed; 2 wrong arguments or configuration; 3 a recording, or a line of \
a list, could not be used (the others were done); 4 a model is missing or broken; 5 the database or the audio store \
cannot be used; 6 refused by a rule (identity, signature, demonstration data); 7 recordings wait in the inbox (the \
others were done); 130 interrupted.";

/// Why a command ends with another code than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Anything that has no code of its own.
    Failed = 1,
    /// Wrong arguments or configuration.
    Usage = 2,
    /// At least one recording, or one line of a list, could not be used.
    Input = 3,
    /// A model is missing, incomplete or not the one that was pinned.
    Model = 4,
    /// The database or the audio store is locked, read-only, newer, or broken.
    Store = 5,
    /// A rule forbids it.
    Refused = 6,
    /// Everything was done, and recordings wait until somebody says whose they are.
    Inbox = 7,
    /// The user interrupted.
    Interrupted = 130,
}

/// A failed command: its code and what the user is told. An empty message prints nothing.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What went wrong, where, what to do.
    pub message: String,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Prints the message on stderr and gives the exit code.
    pub fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("osler: {}", self.message);
        }
        ExitCode::from(self.code as u8)
    }
}

impl From<ServiceError> for Failure {
    fn from(e: ServiceError) -> Self {
        Self::new(Code::Failed, e.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(e: LoadError) -> Self {
        Self::new(Code::Usage, e.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(e: ConfigError) -> Self {
        Self::new(Code::Usage, e.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        let code = match &e {
            StoreError::NotFound(_) | StoreError::Conflict(_) | StoreError::Outdated { .. } => {
                Code::Failed
            }
            StoreError::WrongKind { .. } | StoreError::Refused(_) => Code::Refused,
            _ => Code::Store,
        };
        Self::new(code, e.to_string())
    }
}

impl From<BlobError> for Failure {
    fn from(e: BlobError) -> Self {
        let code = match &e {
            BlobError::Source(_) | BlobError::Empty => Code::Input,
            BlobError::Full(_)
            | BlobError::Store { .. }
            | BlobError::Missing { .. }
            | BlobError::Damaged { .. }
            | BlobError::Sealed(_) => Code::Store,
        };
        Self::new(code, e.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(e: OpenError) -> Self {
        match e {
            OpenError::Store(e) => e.into(),
            OpenError::Audio(e) => e.into(),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(e: BackupError) -> Self {
        let code = match e {
            BackupError::Store(e) => return e.into(),
            BackupError::Audio(e) => return e.into(),
            BackupError::Workflow(e) => return e.into(),
            BackupError::NoPlace
            | BackupError::Inside(_)
            | BackupError::NotEmpty(_)
            | BackupError::NoBackup(_) => Code::Usage,
            BackupError::Newer(_)
            | BackupError::Room { .. }
            | BackupError::NotWhole { .. }
            | BackupError::Io { .. }
            | BackupError::Key(_) => Code::Store,
        };
        Self::new(code, e.to_string())
    }
}

impl From<WorkflowError> for Failure {
    fn from(e: WorkflowError) -> Self {
        match e {
            WorkflowError::Store(e) => e.into(),
            WorkflowError::Audio(e) => e.into(),
            WorkflowError::Dictionary(e) => e.into(),
            WorkflowError::Refused(_) => Self::new(Code::Refused, e.to_string()),
            WorkflowError::Invalid(_) => Self::new(Code::Usage, e.to_string()),
            WorkflowError::Recording { .. } => Self::new(Code::Input, e.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// A closed pipe (`osler ... | head`) is the reader's choice, not a failure worth a message.
    fn from(e: std::io::Error) -> Self {
        if e.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Code::Failed, "");
        }
        Self::new(Code::Failed, e.to_string())
    }
}
