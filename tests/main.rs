//! The one integration-test binary.

mod architecture;
mod audio;
mod eval;
mod text;
