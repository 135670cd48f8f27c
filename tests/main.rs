//! The integration tests: one binary, so that the crate links once.

mod records;
mod store;
mod support;
