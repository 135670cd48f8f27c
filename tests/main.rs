//! The one integration-test binary: the whole crate links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod audio;
mod batch;
mod day;
mod dictate;
mod dictionary;
mod eval;
mod formats;
mod fuzz_smoke;
mod journey;
mod layers;
mod live;
mod log_in;
mod models;
mod nonspeech;
mod outside;
mod people;
mod pool;
mod queue;
mod records;
mod roles;
mod score;
mod service;
mod sound;
mod store;
mod support;
mod text;
mod times;
mod trail;
mod transcribe;
mod transitions;
mod web;
mod work;
mod worklist;
