//! The audio store: every recording is a file named by the SHA-256 of its bytes, so that the same sound lies there once
//! and a file can be checked against its name.
//!
//! A file comes into being under a temporary name, reaches the disk (fsync), and then gets its name in one step: what has
//! a name is whole. Calls block.

use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Folder of the recordings inside the data folder.
pub const FOLDER: &str = "audio";

/// Temporary files begin with this. The dot keeps them apart from the two hexadecimal digits of a shelf.
const INCOMING: &str = ".incoming-";

/// Bytes that are copied at a time.
const CHUNK: usize = 64 * 1024;

/// Why a recording could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The recording that was to be stored cannot be read.
    #[error("{0}")]
    Source(std::io::Error),
    /// The recording that was to be stored has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The audio store cannot be written.
    #[error(
        "the audio store {path} cannot be written: {source}; check its disk, owner and permissions"
    )]
    Store {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A recording that the database knows is not there.
    #[error("recording {sha256} is missing from the audio store; restore {path} from a backup")]
    Missing {
        /// Its address.
        sha256: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A stored recording is not the one that was taken in.
    #[error(
        "recording {sha256} in the audio store is damaged: {path} is not what was taken in; restore it from a backup, or take the original recording in again"
    )]
    Damaged {
        /// Its address.
        sha256: String,
        /// Where it lies.
        path: PathBuf,
    },
}

/// A recording in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAudio {
    /// SHA-256 (hex) of the bytes: its address.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// The folder of recordings.
#[derive(Debug, Clone)]
pub struct AudioStore {
    root: PathBuf,
}

impl AudioStore {
    /// Opens the audio store in the data folder, making it where it is missing, and removes what killed runs left
    /// half-written.
    pub fn open(data: &Path) -> Result<Self, BlobError> {
        let store = Self::at(data);
        make_folder(&store.root)?;
        store.remove_leftovers()?;
        Ok(store)
    }

    /// The audio store in the data folder as it is: nothing is made and nothing removed.
    pub fn at(data: &Path) -> Self {
        Self {
            root: data.join(FOLDER),
        }
    }

    /// Copies a recording into the store and gives its address once it is on the disk.
    pub fn put(&self, mut recording: impl Read) -> Result<StoredAudio, BlobError> {
        let (temporary, mut file) = self.incoming()?;
        let result = self.fill(&mut recording, &temporary, &mut file);
        if result.is_err() {
            // If even that fails, the next start removes it.
            let _ = std::fs::remove_file(&temporary);
        }
        result
    }

    fn fill(
        &self,
        recording: &mut impl Read,
        temporary: &Path,
        file: &mut File,
    ) -> Result<StoredAudio, BlobError> {
        let mut hash = Sha256::new();
        let mut bytes = 0u64;
        let mut buffer = vec![0u8; CHUNK];
        loop {
            let n = match recording.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(BlobError::Source(e)),
            };
            hash.update(&buffer[..n]);
            file.write_all(&buffer[..n]).map_err(at(temporary))?;
            bytes += n as u64;
        }
        if bytes == 0 {
            return Err(BlobError::Empty);
        }
        file.sync_all().map_err(at(temporary))?;
        let sha256 = hex(&hash.finalize());
        let path = self.place(&sha256);
        let shelf = path.parent().unwrap_or(&self.root);
        make_folder(shelf)?;
        // A file with other bytes under this name is a damaged one: it is replaced by the whole one. One that cannot be
        // read is no better.
        let is_there = std::fs::metadata(&path).is_ok_and(|m| m.len() == bytes)
            && file_sha256(&path).is_ok_and(|found| found == sha256);
        if is_there {
            std::fs::remove_file(temporary).map_err(at(temporary))?;
        } else {
            std::fs::rename(temporary, &path).map_err(at(&path))?;
        }
        sync_folder(shelf)?;
        sync_folder(&self.root)?;
        Ok(StoredAudio { sha256, bytes })
    }

    /// Where a recording lies; an error where it does not.
    pub fn path(&self, sha256: &str) -> Result<PathBuf, BlobError> {
        let path = self.place(sha256);
        if path.is_file() {
            return Ok(path);
        }
        Err(BlobError::Missing {
            sha256: sha256.to_owned(),
            path,
        })
    }

    /// Where a recording lies, once its bytes have been checked against its address.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Damaged`], and [`BlobError::Store`] where it cannot be read.
    pub fn verified(&self, sha256: &str) -> Result<PathBuf, BlobError> {
        let path = self.path(sha256)?;
        if file_sha256(&path).map_err(at(&path))? == sha256 {
            return Ok(path);
        }
        Err(BlobError::Damaged {
            sha256: sha256.to_owned(),
            path,
        })
    }

    fn place(&self, sha256: &str) -> PathBuf {
        // 256 shelves keep the folders of a large practice small enough to list.
        let (shelf, name) = sha256.split_at_checked(2).unwrap_or(("", sha256));
        self.root.join(shelf).join(name)
    }

    /// A temporary file that is locked for as long as it is open, which tells it from a killed run's.
    fn incoming(&self) -> Result<(PathBuf, File), BlobError> {
        loop {
            let path = self
                .root
                .join(format!("{INCOMING}{}", uuid::Uuid::now_v7().as_simple()));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(&path).map_err(at(&path))?;
            file.lock().map_err(at(&path))?;
            // Another process that cleans up may have taken it between the two calls; then it is gone by now.
            if path.exists() {
                return Ok((path, file));
            }
        }
    }

    fn remove_leftovers(&self) -> Result<(), BlobError> {
        for entry in std::fs::read_dir(&self.root).map_err(at(&self.root))? {
            let entry = entry.map_err(at(&self.root))?;
            if !entry.file_name().to_string_lossy().starts_with(INCOMING) {
                continue;
            }
            let path = entry.path();
            let Ok(file) = OpenOptions::new().write(true).open(&path) else {
                continue; // finished or removed by its owner in the meantime
            };
            match file.try_lock() {
                // The lock is held while the name goes, so that an owner waiting for it sees that it has gone.
                Ok(()) => match std::fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(at(&path)(e));
                    }
                    _ => {}
                },
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(at(&path)(e)),
            }
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> BlobError {
    let path = path.to_path_buf();
    move |source| BlobError::Store { path, source }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// SHA-256 (hex) of a file's bytes.
pub fn file_sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

/// SHA-256 (hex) of a text's UTF-8 bytes.
pub fn text_sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

pub(crate) fn make_folder(path: &Path) -> Result<(), BlobError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(at(path))
}

/// Makes a new name in a folder survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<(), BlobError> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(at(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(root: &Path) -> Vec<String> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                out.extend(files(&path));
            } else {
                out.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        out
    }

    /// Gives some bytes, then fails, as a disk that is pulled out does.
    struct Breaks(usize);
    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("pulled out"));
            }
            let n = buffer.len().min(self.0);
            self.0 -= n;
            Ok(n)
        }
    }

    #[test]
    fn a_recording_lies_under_its_hash_and_the_same_sound_lies_there_once() {
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        let sound = vec![7u8; 3 * CHUNK + 11];
        let first = store.put(&sound[..]).unwrap();
        assert_eq!(first, store.put(&sound[..]).unwrap());
        assert_eq!(first.bytes, sound.len() as u64);
        assert_eq!(first.sha256, hex(&Sha256::digest(&sound)));
        let path = store.path(&first.sha256).unwrap();
        assert!(path.ends_with(Path::new(&first.sha256[..2]).join(&first.sha256[2..])));
        assert_eq!(std::fs::read(path).unwrap(), sound);
        assert_eq!(files(data.path()).len(), 1);
    }

    #[test]
    fn nothing_is_left_of_a_recording_that_could_not_be_read() {
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        assert!(matches!(
            store.put(Breaks(2 * CHUNK)),
            Err(BlobError::Source(_))
        ));
        assert!(matches!(store.put(&b""[..]), Err(BlobError::Empty)));
        assert_eq!(files(data.path()), Vec::<String>::new());
    }

    #[test]
    fn a_damaged_file_is_replaced_when_the_recording_comes_again() {
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        let stored = store.put(&b"whole"[..]).unwrap();
        let path = store.path(&stored.sha256).unwrap();
        assert_eq!(store.verified(&stored.sha256).unwrap(), path);
        // Of another length, and of the same.
        for damage in [&b"who"[..], b"whale"] {
            std::fs::write(&path, damage).unwrap();
            let error = store.verified(&stored.sha256).unwrap_err();
            assert!(matches!(error, BlobError::Damaged { .. }), "{error}");
            store.put(&b"whole"[..]).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        }
        assert_eq!(files(data.path()).len(), 1);
    }

    #[test]
    fn the_leftovers_of_killed_runs_go_and_those_of_living_ones_stay() {
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        let (alive, _held) = store.incoming().unwrap();
        let dead = store.root.join(format!("{INCOMING}dead"));
        std::fs::write(&dead, b"half").unwrap();
        AudioStore::open(data.path()).unwrap();
        assert!(alive.exists());
        assert!(!dead.exists());
    }

    #[test]
    fn an_unknown_address_says_what_is_missing() {
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        let error = store.path(&"a".repeat(64)).unwrap_err();
        assert!(matches!(error, BlobError::Missing { .. }));
    }

    #[test]
    fn an_audio_folder_that_cannot_be_made_is_named() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let error = AudioStore::open(&file).unwrap_err().to_string();
        assert!(error.contains("audio"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_a_recording() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let store = AudioStore::open(data.path()).unwrap();
        let stored = store.put(&b"sound"[..]).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        let path = store.path(&stored.sha256).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&store.root), 0o700);
    }
}
