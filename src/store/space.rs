//! Room on a disk, so that somebody hears of it before it is full.

use std::path::Path;

/// Fewer free bytes than these are little: nine hours of uncompressed dictation.
const LITTLE: u64 = 1 << 30;

/// On a small disk this part of it is little, but never less than two hours.
const PART: u64 = 20;
const LEAST: u64 = LITTLE / 4;

/// Room on the disk of a folder, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What this user can still write.
    pub free: u64,
    /// What the disk holds.
    pub total: u64,
}

impl Space {
    /// The room on the disk of `folder`; nothing where the system does not tell.
    pub fn of(folder: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            let told = rustix::fs::statvfs(folder).ok()?;
            Some(Self {
                free: told.f_bavail.saturating_mul(told.f_frsize),
                total: told.f_blocks.saturating_mul(told.f_frsize),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = folder;
            None
        }
    }

    /// Whether it is time to make room.
    pub fn is_little(self) -> bool {
        self.free < LITTLE.min(self.total / PART).max(LEAST)
    }
}

/// Bytes as a person reads them.
pub fn spoken(bytes: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1 << 40, "TB"),
        (1 << 30, "GB"),
        (1 << 20, "MB"),
        (1 << 10, "kB"),
    ];
    for (size, name) in STEPS {
        if bytes >= size {
            return format!("{:.1} {name}", bytes as f64 / size as f64);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_tells_how_much_room_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::of(folder.path()).unwrap();
        assert!(space.total > 0 && space.free <= space.total, "{space:?}");
        assert_eq!(Space::of(&folder.path().join("none")), None);
    }

    #[test]
    fn little_is_a_gigabyte_or_a_twentieth_of_a_small_disk() {
        let is_little = |free, total| Space { free, total }.is_little();
        let gigabyte = 1 << 30;
        assert!(is_little(gigabyte - 1, 500 * gigabyte));
        assert!(!is_little(gigabyte, 500 * gigabyte));
        assert!(is_little(gigabyte / 2 - 1, 10 * gigabyte));
        assert!(!is_little(gigabyte / 2 + 1, 10 * gigabyte));
        assert!(is_little(gigabyte / 5, gigabyte));
    }

    #[test]
    fn sizes_are_read_by_people() {
        for (bytes, text) in [(12, "12 bytes"), (1536, "1.5 kB"), (3 << 30, "3.0 GB")] {
            assert_eq!(spoken(bytes), text);
        }
    }
}
