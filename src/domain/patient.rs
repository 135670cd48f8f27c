//! A patient and the two identifiers that every filing needs: record number and date of birth.

use crate::domain::ids::PatientId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A medical record number: 1 to 32 letters, digits, `-`, `.` or `/`, stored in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Mrn(String);

/// Why a string is not a record number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record number (MRN) is 1 to 32 letters, digits, '-', '.' or '/'")]
pub struct InvalidMrn;

impl Mrn {
    /// The number as it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Mrn {
    type Err = InvalidMrn;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let s = s.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
        if s.is_empty() || s.len() > 32 || !s.chars().all(allowed) {
            return Err(InvalidMrn);
        }
        Ok(Self(s.to_ascii_uppercase()))
    }
}

impl fmt::Display for Mrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Administrative sex as in HL7 table 0001, spelled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither of the two.
    Other,
    /// Not known.
    Unknown,
}

written!(Sex {
    Female => "female",
    Male => "male",
    Other => "other",
    Unknown => "unknown",
});

/// What a line of a patient's record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Something that harms the patient.
    Allergy,
    /// A drug that the patient takes, with or without its dose.
    Medication,
    /// A diagnosis or complaint.
    Problem,
}

written!(EntryKind {
    Allergy => "allergy",
    Medication => "medication",
    Problem => "problem",
});

/// A line of a patient's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordEntry {
    /// What it is about.
    pub kind: EntryKind,
    /// As it was written.
    pub text: String,
}

/// A patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Identifier inside Osler.
    pub id: PatientId,
    /// Record number of the practice, unique.
    pub mrn: Mrn,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Date of birth: the second identifier.
    pub birth_date: jiff::civil::Date,
    /// Sex.
    pub sex: Sex,
}

impl Patient {
    /// "Family, Given", as lists show it.
    pub fn listed_name(&self) -> String {
        format!("{}, {}", self.family, self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_number_is_trimmed_and_put_in_capitals() {
        assert_eq!("  ab-12/3 ".parse::<Mrn>().unwrap().as_str(), "AB-12/3");
    }

    #[test]
    fn names_and_empty_strings_are_not_record_numbers() {
        for bad in ["", "  ", "John Smith", "12;34", &"9".repeat(33)] {
            assert_eq!(bad.parse::<Mrn>(), Err(InvalidMrn), "{bad:?}");
        }
    }
}
