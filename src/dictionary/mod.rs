//! Which words exist, and what a misheard span may have been.
//!
//! [`load`] reads the files, [`index`] answers without I/O, [`correct`] turns heard words into proposals that the
//! engine judges against the sound.

pub mod correct;
pub mod index;
pub mod load;
