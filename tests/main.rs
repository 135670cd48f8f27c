//! The integration tests: one binary, so that the crate links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod records;
mod store;
mod support;
