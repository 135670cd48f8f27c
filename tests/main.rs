//! The only integration-test binary.

mod models;
#[path = "support/tiny_model.rs"]
mod tiny_model;
