//! Pure values: no I/O, no async, no clock. Everything else speaks in these types.

/// Gives an enum of stored words its written form and the way back.
macro_rules! written {
    ($t:ty { $($v:ident => $s:literal),+ $(,)? }) => {
        impl $t {
            /// The written form, as stored and typed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$v => $s),+ }
            }
        }
        impl std::str::FromStr for $t {
            type Err = $crate::domain::UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s { $($s => Ok(Self::$v),)+ _ => Err($crate::domain::UnknownWord(s.to_owned())) }
            }
        }
    };
}

/// A stored or typed word that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown value {0:?}")]
pub struct UnknownWord(pub String);

pub mod align;
pub mod arrival;
pub mod audit;
pub mod credentials;
pub mod dictation;
pub mod diff;
pub mod encounter;
pub mod finding;
pub mod ids;
pub mod layer;
pub mod letter;
pub mod lockout;
pub mod marks;
pub mod numerals;
pub mod patient;
pub mod policy;
pub mod queue;
pub mod recognition;
pub mod report;
pub mod role;
pub mod session;
pub mod signature;
pub mod template;
pub mod totp;
pub mod transcript;
pub mod transition;
pub mod user;
pub mod worklist;
