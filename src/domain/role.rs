//! What somebody may be, and what a program may be allowed on a practice's behalf.

use crate::domain::UnknownWord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a user may be. Nobody is two of them: whoever administers the practice and also dictates has two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Dictates and signs.
    Physician,
    /// Reviews and corrects.
    Secretary,
    /// Looks after people, settings and backups; sees no record.
    Administrator,
    /// Reads the audit trail and changes nothing.
    Auditor,
    /// A program with a token, allowed what its scopes say.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Physician,
        Self::Secretary,
        Self::Administrator,
        Self::Auditor,
        Self::Service,
    ];
}

written!(Role {
    Physician => "physician",
    Secretary => "secretary",
    Administrator => "administrator",
    Auditor => "auditor",
    Service => "service",
});

/// One thing that a service account may be allowed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Scope {
    /// Find patients.
    #[serde(rename = "patients:read")]
    PatientsRead,
    /// Add patients and change what is known about them.
    #[serde(rename = "patients:write")]
    PatientsWrite,
    /// Hand in recordings for an author.
    #[serde(rename = "dictations:write")]
    DictationsWrite,
    /// Read and export filed reports.
    #[serde(rename = "reports:read")]
    ReportsRead,
    /// See what waits.
    #[serde(rename = "worklist:read")]
    WorklistRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::PatientsRead,
        Self::PatientsWrite,
        Self::DictationsWrite,
        Self::ReportsRead,
        Self::WorklistRead,
    ];
}

written!(Scope {
    PatientsRead => "patients:read",
    PatientsWrite => "patients:write",
    DictationsWrite => "dictations:write",
    ReportsRead => "reports:read",
    WorklistRead => "worklist:read",
});

/// What a service account is allowed; written as words with spaces between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether this is allowed.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// What is allowed.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownWord;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.split_whitespace().map(str::parse::<Scope>).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_scopes_are_read_back_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope));
        }
        let both: Scopes = [Scope::ReportsRead, Scope::PatientsRead]
            .into_iter()
            .collect();
        assert_eq!(both.to_string(), "patients:read reports:read");
        assert_eq!(both.to_string().parse::<Scopes>(), Ok(both));
        assert_eq!("".parse::<Scopes>(), Ok(Scopes::default()));
        assert!("patients:read everything".parse::<Scopes>().is_err());
    }
}
