//! People and programs that use Osler.

use crate::domain::ids::UserId;

pub use crate::domain::role::Role;

/// A person or a program with a login name.
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
