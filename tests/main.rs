//! The one integration-test binary.

mod architecture;
mod audio;
mod dictionary;
mod models;
mod text;
