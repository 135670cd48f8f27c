//! Pure values: no I/O, no async, no clock. Everything else speaks in these types.

pub mod audit;
pub mod dictation;
pub mod encounter;
pub mod finding;
pub mod ids;
pub mod patient;
pub mod recognition;
pub mod report;
pub mod signature;
pub mod transcript;
pub mod user;
