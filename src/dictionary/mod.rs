//! Which words exist, and what a misheard span may have been.
//!
//! [`load`] reads the files, [`index`] answers without I/O, [`pronounce`] says how a spelling sounds, [`correct`] turns
//! heard words into proposals that the engine judges against the sound, and what it says into edits and findings.

pub mod correct;
pub mod index;
pub mod learn;
pub mod load;
pub mod pronounce;
mod sounds;
mod tuning;
