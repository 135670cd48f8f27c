//! Whether there is room on the disk. Asked before sound is taken: a disk that is full in the middle of a dictation is too late.

use crate::store::space::Space;
use std::path::{Path, PathBuf};

/// Bytes that stay free for the database and for what is being worked on.
pub const KEEP_FREE: u64 = 512 * 1024 * 1024;

/// There is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk of {folder} is nearly full ({} MB are free); nothing was stored; make room and try again", .free / 1_000_000
)]
pub struct NoRoom {
    /// Where.
    pub folder: PathBuf,
    /// Free bytes.
    pub free: u64,
}

/// Bytes that are free on the disk of a folder; the folder may still be missing. None where the system does not say.
pub fn free(folder: &Path) -> Option<u64> {
    folder
        .ancestors()
        .filter(|f| !f.as_os_str().is_empty())
        .find_map(Space::of)
        .map(|space| space.free)
}

/// Whether `bytes` fit and `keep` bytes stay free.
///
/// # Errors
/// [`NoRoom`].
pub fn check(folder: &Path, bytes: u64, keep: u64) -> Result<(), NoRoom> {
    match free(folder) {
        Some(free) if free < bytes.saturating_add(keep) => Err(NoRoom {
            folder: folder.to_path_buf(),
            free,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_its_disk() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("not").join("yet");
        assert!(free(&folder).unwrap() > 0);
        assert_eq!(check(&folder, 0, 0), Ok(()));
        let error = check(&folder, u64::MAX, 1).unwrap_err();
        assert!(error.to_string().contains("make room"), "{error}");
    }
}
