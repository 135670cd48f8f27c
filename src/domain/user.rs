//! People who use Osler.

use crate::domain::ids::UserId;
use serde::{Deserialize, Serialize};

/// What a person may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Dictates and signs.
    Physician,
    /// Reviews and corrects.
    Secretary,
}

written!(Role {
    Physician => "physician",
    Secretary => "secretary",
});

/// A person with a login name.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Identifier.
    pub id: UserId,
    /// Login name, unique.
    pub username: String,
    /// Printed name, for example on a signature.
    pub name: String,
    /// Role.
    pub role: Role,
}
