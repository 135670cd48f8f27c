//! What the tests share.

pub mod practice;
