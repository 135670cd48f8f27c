//! Passwords and tokens as values that no log shows by accident.

use std::fmt;

/// Fewest characters of a password. Length is what counts (NIST SP 800-63B); there are no rules about which characters.
pub const SHORTEST: usize = 12;

/// Most bytes of a password: hashing must not become a way to keep the machine busy.
pub const LONGEST: usize = 512;

/// Fewest different characters of a password.
const FEWEST_DIFFERENT: usize = 5;

/// A password as it was typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error(
        "a password has at least {} characters; a few words with spaces are easy to keep in mind",
        SHORTEST
    )]
    Short,
    /// Too long.
    #[error("a password has at most {} bytes", LONGEST)]
    Long,
    /// Its owner's login name with something around it.
    #[error("a password is not the user name, and is not made of it")]
    Name,
    /// A few characters again and again.
    #[error("a password has at least {} different characters", FEWEST_DIFFERENT)]
    Monotonous,
}

impl Password {
    /// What somebody typed.
    pub fn new(typed: impl Into<String>) -> Self {
        Self(typed.into())
    }

    /// The bytes, for hashing only.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is too long to be anybody's.
    pub fn is_too_long(&self) -> bool {
        self.0.len() > LONGEST
    }

    /// Whether `username` may choose it.
    ///
    /// # Errors
    /// [`WeakPassword`], which says what it lacks.
    pub fn check(&self, username: &str) -> Result<(), WeakPassword> {
        if self.is_too_long() {
            return Err(WeakPassword::Long);
        }
        if self.0.chars().count() < SHORTEST {
            return Err(WeakPassword::Short);
        }
        let lower = self.0.to_lowercase();
        if !username.is_empty() && lower.replace(username, "").chars().count() < SHORTEST / 2 {
            return Err(WeakPassword::Name);
        }
        let different: std::collections::BTreeSet<char> = lower.chars().collect();
        if different.len() < FEWEST_DIFFERENT {
            return Err(WeakPassword::Monotonous);
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What somebody shows to be known again: of a session, or of a service. Shown once; only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What the token of a service begins with, which tells it from a session's.
pub const SERVICE_TOKEN: &str = "svc_";

impl Token {
    /// Whether this is a service's token by its form.
    pub fn is_service(&self) -> bool {
        self.0.starts_with(SERVICE_TOKEN)
    }

    /// A token as it was made or shown.
    pub fn new(shown: impl Into<String>) -> Self {
        Self(shown.into())
    }

    /// The token itself, to hand it over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_neither_the_name_nor_a_few_characters() {
        for (password, expected) in [
            ("correct horse battery", Ok(())),
            ("Ünd größer als zwölf", Ok(())),
            ("elevenchars", Err(WeakPassword::Short)),
            ("", Err(WeakPassword::Short)),
            ("dr.a-dr.a-dr.a", Err(WeakPassword::Name)),
            ("DR.A12345678", Ok(())),
            ("dr.adr.adr.a1", Err(WeakPassword::Name)),
            ("aaaaaaaaaaaa", Err(WeakPassword::Monotonous)),
            ("121212121212", Err(WeakPassword::Monotonous)),
            (&*"long ".repeat(200), Err(WeakPassword::Long)),
        ] {
            assert_eq!(
                Password::new(password).check("dr.a"),
                expected,
                "{password}"
            );
        }
    }

    #[test]
    fn nothing_secret_is_shown_by_a_slip() {
        assert_eq!(format!("{:?}", Password::new("hush")), "Password(..)");
        assert_eq!(format!("{:?}", Token::new("hush")), "Token(..)");
    }
}
