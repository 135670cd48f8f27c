//! How domain values lie in columns. The only place where a stored word meets a domain type.

use crate::domain::arrival::InboxState;
use crate::domain::ids::{
    DictationId, EncounterId, InboxId, LetterId, LiveId, PatientId, ReportId, TakeId, TranscriptId,
    UploadId, UserId,
};
use crate::domain::layer::{LayerKind, LocalKind, Origin};
use crate::domain::marks::FindingState;
use crate::domain::patient::{EntryKind, Mrn, Sex};
use crate::domain::report::ReportStatus;
use crate::domain::role::{Role, Scopes};
use crate::domain::session::End;
use crate::domain::signature::Authentication;
use crate::domain::transcript::EditState;
use crate::domain::transition::Step;
use crate::domain::worklist::{Priority, Route};
use crate::domain::{dictation::Phase, dictation::State};
use crate::store::{Fault, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A time: microseconds since 1970 in UTC.
pub(super) struct At(pub Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_microsecond(value.as_i64()?)
            .map(Self)
            .map_err(|_| FromSqlError::InvalidType)
    }
}

/// A date: ISO 8601.
pub(super) struct Day(pub Date);

impl ToSql for Day {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl FromSql for Day {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value).map(Self)
    }
}

/// The text of a column as a domain value. What stands there is not quoted: it may be a patient's.
fn parsed<T: std::str::FromStr>(value: ValueRef<'_>) -> FromSqlResult<T> {
    value
        .as_str()?
        .parse()
        .map_err(|_| FromSqlError::InvalidType)
}

macro_rules! as_text {
    ($($t:ty),+ $(,)?) => {$(
        impl ToSql for $t {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }
        impl FromSql for $t {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                parsed(value)
            }
        }
    )+};
}

macro_rules! as_word {
    ($($t:ty),+ $(,)?) => {$(
        impl ToSql for $t {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
        impl FromSql for $t {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                parsed(value)
            }
        }
    )+};
}

as_text!(
    PatientId,
    EncounterId,
    DictationId,
    TakeId,
    TranscriptId,
    ReportId,
    UserId,
    InboxId,
    LetterId,
    LiveId,
    UploadId,
    Mrn,
    Scopes
);
as_word!(
    Sex,
    EntryKind,
    LayerKind,
    LocalKind,
    Origin,
    InboxState,
    Role,
    Phase,
    State,
    ReportStatus,
    Authentication,
    End,
    Step,
    Route,
    FindingState,
    EditState
);

/// A priority: its number, so that the database can put it in order.
impl ToSql for Priority {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

impl FromSql for Priority {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Stat),
            1 => Ok(Self::Urgent),
            2 => Ok(Self::Routine),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// Whether SQLite refused a row because a unique column already holds its value.
pub(super) fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| {
        e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            || e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
    })
}

/// A duplicate becomes a conflict with this message; any other error stays.
pub(super) fn or_conflict(message: String) -> impl FnOnce(rusqlite::Error) -> Fault {
    move |e| {
        if is_duplicate(&e) {
            StoreError::Conflict(message).into()
        } else {
            e.into()
        }
    }
}

/// Fewest characters of an identifier that are taken as a short form of it.
const SHORTEST: usize = 6;

/// What a person typed for an identifier: the digits without hyphens, where it can be one.
pub(super) fn typed_id(typed: &str) -> Option<String> {
    let digits: String = typed
        .trim()
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let is_one =
        (SHORTEST..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
    is_one.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_identifier_is_six_hexadecimal_digits_or_more() {
        assert_eq!(typed_id(" 12AB-34f ").as_deref(), Some("12ab34f"));
        for bad in ["12ab3", "12ab3g", "", "12ab3%", &"0".repeat(33)] {
            assert_eq!(typed_id(bad), None, "{bad:?}");
        }
    }
}
