//! Use cases, one per file. The command line and the service call these and nothing deeper.

pub mod transcribe;
