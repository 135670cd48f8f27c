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

/// How a patient is reached. Each part may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    phone: String,
    address: String,
    email: String,
}

/// Why something is no contact, or no number of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParticular {
    /// Longer than anybody's.
    #[error("telephone and e-mail have at most 100 characters, an address 400")]
    Long,
    /// Something that no address is made of.
    #[error("there are characters in it that cannot be printed")]
    Control,
    /// Not one.
    #[error("an e-mail address is NAME@DOMAIN, without spaces")]
    Email,
    /// Not one.
    #[error(
        "a number of another issuer needs who issued it and the number, each of 1 to 64 characters"
    )]
    Number,
}

impl Contact {
    /// A contact; white space at the ends is left out.
    ///
    /// # Errors
    /// [`InvalidParticular`].
    pub fn new(phone: &str, address: &str, email: &str) -> Result<Self, InvalidParticular> {
        let (phone, address, email) = (phone.trim(), address.trim(), email.trim());
        for (text, most) in [(phone, 100), (address, 400), (email, 100)] {
            if text.chars().count() > most {
                return Err(InvalidParticular::Long);
            }
        }
        let unprintable = |text: &str| text.chars().any(char::is_control);
        // An address has lines.
        if unprintable(phone) || unprintable(email) || address.lines().any(unprintable) {
            return Err(InvalidParticular::Control);
        }
        if !email.is_empty() {
            let is_one = email
                .split_once('@')
                .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
            if !is_one || email.contains(char::is_whitespace) {
                return Err(InvalidParticular::Email);
            }
        }
        Ok(Self {
            phone: phone.to_owned(),
            address: address
                .lines()
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("\n"),
            email: email.to_owned(),
        })
    }

    /// Telephone.
    pub fn phone(&self) -> &str {
        &self.phone
    }

    /// Postal address, in lines.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// E-mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The same, with what it lacks from another.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let either = |own: String, other: &String| if own.is_empty() { other.clone() } else { own };
        Self {
            phone: either(self.phone, &other.phone),
            address: either(self.address, &other.address),
            email: either(self.email, &other.email),
        }
    }
}

/// A number that somebody else gave the patient: an insurer, another hospital.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherNumber {
    issuer: String,
    value: String,
}

impl OtherNumber {
    /// A number with its issuer; white space is put in order.
    ///
    /// # Errors
    /// [`InvalidParticular::Number`].
    pub fn new(issuer: &str, value: &str) -> Result<Self, InvalidParticular> {
        let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (issuer, value) = (tidy(issuer), tidy(value));
        let is_one = |text: &String| {
            (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if !is_one(&issuer) || !is_one(&value) {
            return Err(InvalidParticular::Number);
        }
        Ok(Self { issuer, value })
    }

    /// Who gave it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The number as it is printed.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// In what two records of one patient contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Family name.
    Family,
    /// Given names.
    Given,
    /// Date of birth.
    BirthDate,
    /// Sex, where both know it.
    Sex,
}

written!(Difference {
    Family => "family",
    Given => "given",
    BirthDate => "birth_date",
    Sex => "sex",
});

impl Patient {
    /// In what this record contradicts another, which is said to be the same patient's.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        let sex_is_known = self.sex != Sex::Unknown && other.sex != Sex::Unknown;
        [
            (Difference::Family, !same(&self.family, &other.family)),
            (Difference::Given, !same(&self.given, &other.given)),
            (Difference::BirthDate, self.birth_date != other.birth_date),
            (Difference::Sex, sex_is_known && self.sex != other.sex),
        ]
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect()
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
    fn a_contact_is_something_that_can_be_printed_on_an_envelope() {
        let contact = Contact::new(" 0171 1 ", " 1 High St \r\n Oxford", "a@b.example").unwrap();
        assert_eq!(contact.address(), "1 High St\nOxford");
        assert_eq!(contact.phone(), "0171 1");
        assert!(Contact::new("", "", "").is_ok());
        for email in ["a", "@b", "a@", "a b@c"] {
            assert_eq!(
                Contact::new("", "", email),
                Err(InvalidParticular::Email),
                "{email}"
            );
        }
        let long = "1".repeat(101);
        assert_eq!(Contact::new(&long, "", ""), Err(InvalidParticular::Long));
        let bell = Contact::new("", "a\u{7}b", "");
        assert_eq!(bell, Err(InvalidParticular::Control));
        let filled = Contact::new("1", "", "").unwrap().or(&contact);
        assert_eq!((filled.phone(), filled.email()), ("1", "a@b.example"));
    }

    #[test]
    fn a_number_has_an_issuer() {
        let number = OtherNumber::new(" Health  plan ", " 12 34 ").unwrap();
        assert_eq!((number.issuer(), number.value()), ("Health plan", "12 34"));
        for (issuer, value) in [("", "1"), ("a", " "), ("a", &"1".repeat(65))] {
            assert_eq!(
                OtherNumber::new(issuer, value),
                Err(InvalidParticular::Number)
            );
        }
    }

    #[test]
    fn two_records_contradict_each_other_in_what_both_know() {
        let patient = |given: &str, sex| Patient {
            id: PatientId::new(jiff::Timestamp::UNIX_EPOCH),
            mrn: "A-1".parse().unwrap(),
            family: "Winter".into(),
            given: given.into(),
            birth_date: jiff::civil::date(1961, 3, 14),
            sex,
        };
        let ada = patient("Ada", Sex::Female);
        assert_eq!(ada.differences(&patient("ADA", Sex::Unknown)), []);
        let other = patient("Adam", Sex::Male);
        let differences = [Difference::Given, Difference::Sex];
        assert_eq!(ada.differences(&other), differences);
    }

    #[test]
    fn names_and_empty_strings_are_not_record_numbers() {
        for bad in ["", "  ", "John Smith", "12;34", &"9".repeat(33)] {
            assert_eq!(bad.parse::<Mrn>(), Err(InvalidMrn), "{bad:?}");
        }
    }
}
