//! What the tests share.

pub mod practice;
pub mod tiny_model;
