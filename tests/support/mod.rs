//! What the tests share.

pub mod client;
pub mod engine;
pub mod practice;
pub mod real;
pub mod tiny_model;
pub mod voice;
pub mod web;
