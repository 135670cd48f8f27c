//! The key of an installation: 32 random bytes in a file beside the database, which therefore holds nothing that could be
//! forged or opened with the database alone. What it is used for is derived from it, never the key itself.

use crate::store::{Fault, StoreError};
use hmac::{Hmac, Mac};
use rusqlite::{Connection, OptionalExtension};
use sha2::Sha256;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Its file in the data folder.
pub const KEY_FILE: &str = "osler.key";

const BYTES: usize = 32;

/// The key.
#[derive(Clone)]
pub(super) struct Key([u8; BYTES]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// Reads the key of the data folder; where there is none and `may_make`, makes one.
    ///
    /// # Errors
    /// [`StoreError::KeyMissing`], `KeyDamaged`, or `CannotCreate`.
    pub(super) fn open(data: &Path, may_make: bool) -> Result<Self, StoreError> {
        let path = data.join(KEY_FILE);
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        if !may_make {
            return Err(StoreError::KeyMissing(path));
        }
        make(data, &path).map_err(|e| StoreError::CannotCreate {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        // What lies there now counts: another program may have been faster.
        Self::read(&path)?.ok_or(StoreError::KeyMissing(path))
    }

    fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => {
                return Err(StoreError::CannotCreate {
                    path: path.to_path_buf(),
                    reason: e.to_string(),
                });
            }
        };
        super::keep_private(path);
        match unhex(text.trim()) {
            Some(bytes) => Ok(Some(Self(bytes))),
            None => Err(StoreError::KeyDamaged(path.to_path_buf())),
        }
    }

    /// A key for one purpose, and within it for one thing or person.
    pub(super) fn derive(&self, purpose: &str, about: &str) -> [u8; BYTES] {
        authenticate(
            &self.0,
            &[purpose.as_bytes(), &[0], about.as_bytes()].concat(),
        )
    }

    /// What the database remembers of its key, to know it again.
    fn fingerprint(&self) -> String {
        hex(&self.derive("fingerprint", ""))
    }

    /// Lets a database remember the key.
    pub(super) fn remember(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.execute(
            "INSERT INTO meta (key, value) VALUES ('key', ?1)",
            [self.fingerprint()],
        )?;
        Ok(())
    }

    /// Whether this is the key of the database; [`StoreError::KeyWrong`] where it is another's.
    pub(super) fn check(&self, conn: &Connection, data: &Path) -> Result<(), Fault> {
        let known: Option<String> = conn
            .query_row("SELECT value FROM meta WHERE key = 'key'", [], |r| r.get(0))
            .optional()?;
        if known == Some(self.fingerprint()) {
            Ok(())
        } else {
            Err(StoreError::KeyWrong(data.join(KEY_FILE)).into())
        }
    }
}

/// HMAC-SHA-256.
pub(super) fn authenticate(key: &[u8; BYTES], message: &[u8]) -> [u8; BYTES] {
    // A key of any length is taken, so there is no error to be had.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; BYTES];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a string cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

fn unhex(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.is_ascii() {
        return None;
    }
    let mut out = [0; BYTES];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}

/// Writes a fresh key for its owner only. It reaches the disk under another name first: what has the name is whole.
fn make(data: &Path, path: &Path) -> std::io::Result<()> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let temporary: PathBuf = data.join(format!("{KEY_FILE}.{}", hex(&bytes[..4])));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // The name must say nothing about the key.
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let written = options.open(&temporary).and_then(|mut file| {
        writeln!(file, "{}", hex(&bytes))?;
        file.sync_all()?;
        // A link, unlike a rename, does not replace the key that somebody else has just made.
        match std::fs::hard_link(&temporary, path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    });
    let removed = std::fs::remove_file(&temporary);
    written?;
    removed?;
    #[cfg(unix)]
    std::fs::File::open(data)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
impl Key {
    /// The same in every run.
    pub(super) fn for_testing() -> Self {
        Self([7; BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_rfc() {
        // RFC 4231, test case 2, whose key is shorter: HMAC pads it with zeros.
        let mut key = [0; BYTES];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&authenticate(&key, b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_key_is_made_once_and_each_purpose_gets_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let missing = Key::open(data, false).unwrap_err();
        assert!(matches!(missing, StoreError::KeyMissing(_)), "{missing}");
        let made = Key::open(data, true).unwrap();
        let again = Key::open(data, true).unwrap();
        assert_eq!(made.0, again.0);
        assert_ne!(made.derive("a", "b"), made.derive("ab", ""));
        assert_ne!(made.derive("a", "b"), made.0);
        assert_eq!(format!("{made:?}"), "Key(..)");
        let files: Vec<_> = std::fs::read_dir(data).unwrap().collect();
        assert_eq!(files.len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = data.join(KEY_FILE);
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(data.join(KEY_FILE), "nonsense").unwrap();
        let damaged = Key::open(data, true).unwrap_err();
        assert!(matches!(damaged, StoreError::KeyDamaged(_)), "{damaged}");
    }
}
