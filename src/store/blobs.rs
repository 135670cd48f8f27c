//! The audio store: every recording is a sealed file ([`crate::store::vault`]), known by the SHA-256 of the sound, so that
//! the same sound lies there once and can be checked against its address. Its file name does not tell the address.
//!
//! A file comes into being under a temporary name, reaches the disk (fsync), and then gets its name in one step: what has
//! a name is whole. Calls block.

use crate::store::keys::Keys;
use crate::store::vault::{Appender, Reader, Vault, VaultError, make_folder, sync_folder};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folder of the recordings inside the data folder.
pub const FOLDER: &str = "sound";

/// Where recordings lay before they were sealed.
pub const PLAIN_FOLDER: &str = "audio";

/// Temporary files begin with this. The dot keeps them apart from the two hexadecimal digits of a shelf.
const INCOMING: &str = ".incoming-";

/// Bytes that are copied at a time.
const CHUNK: usize = crate::store::vault::CHUNK;

/// Why a recording could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The recording that was to be stored cannot be read.
    #[error("{0}")]
    Source(std::io::Error),
    /// The recording that was to be stored has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The disk of the audio store has no room left.
    #[error(
        "the disk of the audio store {0} is full; the recording was not stored; make room and try again"
    )]
    Full(PathBuf),
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
    /// A sealed file cannot be used.
    #[error(transparent)]
    Sealed(VaultError),
}

/// A recording in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAudio {
    /// SHA-256 (hex) of the sound: its address.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What became of the recordings of an earlier version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Encrypted {
    /// So many were sealed.
    pub recordings: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// The folder of recordings.
#[derive(Debug, Clone)]
pub struct AudioStore {
    vault: Vault,
}

impl AudioStore {
    /// Opens the audio store in the data folder, making it where it is missing, and removes what killed runs left
    /// half-written. Recordings that an earlier version stored unencrypted are sealed; a run that is killed meanwhile goes
    /// on at the next opening.
    pub fn open(data: &Path, keys: &Keys) -> Result<Self, BlobError> {
        let store = Self::at(data, keys);
        make_folder(store.vault.root()).map_err(no_store)?;
        store.remove_leftovers()?;
        let plain = data.join(PLAIN_FOLDER);
        if plain.is_dir() {
            let Encrypted { recordings, bytes } = store.encrypt(&plain)?;
            tracing::info!(
                recordings,
                bytes,
                "recordings of an earlier version were encrypted"
            );
        }
        Ok(store)
    }

    /// The audio store of a data folder, or of a backup, as it lies there; nothing is made or removed.
    pub fn at(data: &Path, keys: &Keys) -> Self {
        Self {
            vault: Vault::new(data.join(FOLDER), keys),
        }
    }

    /// The sealed files themselves, for what is still being recorded.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Copies a recording into the store and gives its address once it is on the disk.
    pub fn put(&self, mut recording: impl Read) -> Result<StoredAudio, BlobError> {
        self.put_as(&mut recording, None)
    }

    /// The same, at a given address, or at that of its bytes.
    fn put_as(
        &self,
        recording: &mut impl Read,
        address: Option<&str>,
    ) -> Result<StoredAudio, BlobError> {
        let (temporary, file) = self.incoming()?;
        let result = self.fill(recording, &temporary, file, address);
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
        file: File,
        address: Option<&str>,
    ) -> Result<StoredAudio, BlobError> {
        let mut sealed = Appender::begin(temporary.to_path_buf(), file).map_err(no_store)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0u8; CHUNK];
        loop {
            let n = fill(recording, &mut buffer)?;
            hash.update(&buffer[..n]);
            sealed.append(&buffer[..n]).map_err(no_store)?;
            if n < buffer.len() {
                break;
            }
        }
        let bytes = sealed.length();
        if bytes == 0 {
            return Err(BlobError::Empty);
        }
        sealed.finish().map_err(no_store)?;
        let sha256 = address.map_or_else(|| hex(&hash.finalize()), str::to_owned);
        // A file with other bytes under this name is a damaged one: it is replaced by the whole one. One that cannot be
        // read is no better.
        if address.is_none() && self.verified(&sha256).is_ok() {
            std::fs::remove_file(temporary).map_err(at(temporary))?;
        } else {
            self.vault.settle(&mut sealed, &sha256).map_err(no_store)?;
        }
        Ok(StoredAudio { sha256, bytes })
    }

    /// Opens a recording, to be read from any place. Every part of it is checked when it is read.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Damaged`], [`BlobError::Sealed`] with another key, [`BlobError::Store`].
    pub fn open_sound(&self, sha256: &str) -> Result<Reader, BlobError> {
        self.vault.open(sha256).map_err(|e| match e {
            VaultError::Missing(path) => BlobError::Missing {
                sha256: sha256.to_owned(),
                path,
            },
            VaultError::Damaged { path, .. } => BlobError::Damaged {
                sha256: sha256.to_owned(),
                path,
            },
            other => no_store(other),
        })
    }

    /// Whether a recording is there; an error where it is not.
    pub fn holds(&self, sha256: &str) -> Result<(), BlobError> {
        if self.vault.holds(sha256) {
            return Ok(());
        }
        Err(BlobError::Missing {
            sha256: sha256.to_owned(),
            path: self.vault.path(sha256),
        })
    }

    /// Opens a recording once all of it has been checked against its address.
    ///
    /// # Errors
    /// As [`AudioStore::open_sound`].
    pub fn verified(&self, sha256: &str) -> Result<Reader, BlobError> {
        let mut reader = self.open_sound(sha256)?;
        let mut hash = Sha256::new();
        match std::io::copy(&mut reader, &mut hash) {
            Ok(_) if hex(&hash.finalize()) == sha256 => {}
            Err(e) if e.kind() != std::io::ErrorKind::InvalidData => {
                return Err(at(reader.path())(e));
            }
            _ => {
                return Err(BlobError::Damaged {
                    sha256: sha256.to_owned(),
                    path: reader.path().to_path_buf(),
                });
            }
        }
        std::io::Seek::rewind(&mut reader).map_err(at(reader.path()))?;
        Ok(reader)
    }

    /// Removes a recording for good; whether it was there.
    pub fn remove(&self, sha256: &str) -> Result<bool, BlobError> {
        self.vault.remove(sha256).map_err(no_store)
    }

    /// Seals the recordings of an earlier version, which lay under the hash of their bytes, and removes them. One that is
    /// damaged is sealed as it is, so that it goes on being found damaged.
    fn encrypt(&self, plain: &Path) -> Result<Encrypted, BlobError> {
        let mut done = Encrypted::default();
        for shelf in folder(plain)? {
            let Some(start) = address_part(&shelf, 2).filter(|_| shelf.is_dir()) else {
                if shelf.is_file() {
                    // Half a recording of a run that was killed; nobody was told that it was stored.
                    std::fs::remove_file(&shelf).map_err(at(&shelf))?;
                }
                continue;
            };
            for path in folder(&shelf)? {
                let Some(end) = address_part(&path, 62) else {
                    continue;
                };
                let address = format!("{start}{end}");
                let mut file = File::open(&path).map_err(at(&path))?;
                // Empty recordings were never stored.
                if file.metadata().map_err(at(&path))?.len() > 0 {
                    let stored = self.put_as(&mut file, Some(&address))?;
                    done.recordings += 1;
                    done.bytes += stored.bytes;
                }
                std::fs::remove_file(&path).map_err(at(&path))?;
            }
            remove_empty(&shelf);
        }
        remove_empty(plain);
        Ok(done)
    }

    /// A temporary file that is locked for as long as it is open, which tells it from a killed run's.
    fn incoming(&self) -> Result<(PathBuf, File), BlobError> {
        loop {
            let path = self
                .vault
                .root()
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
        for path in folder(self.vault.root())? {
            let name = path.file_name().unwrap_or_default();
            if !name.to_string_lossy().starts_with(INCOMING) {
                continue;
            }
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

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, BlobError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(BlobError::Source(e)),
        }
    }
    Ok(filled)
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> BlobError {
    let path = path.to_path_buf();
    move |source| match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            BlobError::Full(path)
        }
        _ => BlobError::Store { path, source },
    }
}

/// What the vault says, as the audio store says it.
fn no_store(error: VaultError) -> BlobError {
    match error {
        VaultError::Io { path, source } => at(&path)(source),
        other => BlobError::Sealed(other),
    }
}

impl From<VaultError> for BlobError {
    fn from(error: VaultError) -> Self {
        no_store(error)
    }
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, BlobError> {
    std::fs::read_dir(path)
        .map_err(at(path))?
        .map(|entry| entry.map(|e| e.path()).map_err(at(path)))
        .collect()
}

/// A part of an address that is a file's name.
fn address_part(path: &Path, length: usize) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let hex = name.len() == length && name.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then_some(name)
}

/// Removes a folder where nothing else lies in it, and makes that last.
fn remove_empty(path: &Path) {
    // What is foreign stays where it is.
    if std::fs::remove_dir(path).is_ok()
        && let Some(parent) = path.parent()
    {
        let _ = sync_folder(parent);
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys::default_file;

    struct Room {
        dir: tempfile::TempDir,
        keys: Keys,
        store: AudioStore,
    }

    impl Room {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            std::fs::create_dir(&data).unwrap();
            let keys = Keys::open_or_create(&data, &default_file(&data)).unwrap();
            let store = AudioStore::open(&data, &keys).unwrap();
            Self { dir, keys, store }
        }

        fn data(&self) -> PathBuf {
            self.dir.path().join("data")
        }

        fn files(&self) -> usize {
            files(self.store.vault.root()).len()
        }
    }

    fn files(root: &Path) -> Vec<PathBuf> {
        let mut out = Vec::new();
        for path in folder(root).unwrap() {
            if path.is_dir() {
                out.extend(files(&path));
            } else {
                out.push(path);
            }
        }
        out
    }

    fn read(mut reader: Reader) -> Vec<u8> {
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
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
    fn a_recording_is_found_by_its_hash_and_the_same_sound_lies_there_once() {
        let room = Room::new();
        let sound: Vec<u8> = (0..3 * CHUNK + 11).map(|i| (i / 7) as u8).collect();
        let first = room.store.put(&sound[..]).unwrap();
        assert_eq!(first, room.store.put(&sound[..]).unwrap());
        assert_eq!(first.bytes, sound.len() as u64);
        assert_eq!(first.sha256, hex(&Sha256::digest(&sound)));
        room.store.holds(&first.sha256).unwrap();
        assert_eq!(read(room.store.open_sound(&first.sha256).unwrap()), sound);
        assert_eq!(read(room.store.verified(&first.sha256).unwrap()), sound);
        assert_eq!(room.files(), 1);
        assert!(room.store.remove(&first.sha256).unwrap());
        assert_eq!(room.files(), 0);
    }

    #[test]
    fn neither_the_sound_nor_its_hash_can_be_seen_on_the_disk() {
        let room = Room::new();
        let stored = room.store.put(&b"what was said about her"[..]).unwrap();
        let all = files(&room.data());
        assert!(!all.is_empty());
        for path in all {
            let shown = path.to_string_lossy().into_owned();
            assert!(!shown.contains(&stored.sha256[2..]), "{shown}");
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(4).any(|w| w == b"said"), "{shown}");
        }
    }

    #[test]
    fn nothing_is_left_of_a_recording_that_could_not_be_read() {
        let room = Room::new();
        assert!(matches!(
            room.store.put(Breaks(2 * CHUNK)),
            Err(BlobError::Source(_))
        ));
        assert!(matches!(room.store.put(&b""[..]), Err(BlobError::Empty)));
        assert_eq!(room.files(), 0);
    }

    #[test]
    fn a_damaged_file_is_replaced_when_the_recording_comes_again() {
        let room = Room::new();
        let stored = room.store.put(&b"whole"[..]).unwrap();
        let path = room.store.vault.path(&stored.sha256);
        let good = std::fs::read(&path).unwrap();
        let mut flipped = good.clone();
        flipped[100] ^= 1;
        for damage in [&good[..good.len() - 1], &flipped, b"whole", b""] {
            std::fs::write(&path, damage).unwrap();
            let error = room.store.verified(&stored.sha256).err().unwrap();
            assert!(matches!(error, BlobError::Damaged { .. }), "{error}");
            room.store.put(&b"whole"[..]).unwrap();
            assert_eq!(read(room.store.verified(&stored.sha256).unwrap()), b"whole");
        }
        assert_eq!(room.files(), 1);
    }

    #[test]
    fn the_leftovers_of_killed_runs_go_and_those_of_living_ones_stay() {
        let room = Room::new();
        let (alive, _held) = room.store.incoming().unwrap();
        let dead = room.store.vault.root().join(format!("{INCOMING}dead"));
        std::fs::write(&dead, b"half").unwrap();
        AudioStore::open(&room.data(), &room.keys).unwrap();
        assert!(alive.exists());
        assert!(!dead.exists());
    }

    #[test]
    fn an_unknown_address_says_what_is_missing() {
        let room = Room::new();
        for error in [
            room.store.holds(&"a".repeat(64)).unwrap_err(),
            room.store.verified(&"a".repeat(64)).err().unwrap(),
        ] {
            assert!(matches!(error, BlobError::Missing { .. }), "{error}");
        }
    }

    #[test]
    fn an_audio_folder_that_cannot_be_made_is_named() {
        let room = Room::new();
        let file = room.dir.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let error = AudioStore::open(&file, &room.keys).unwrap_err().to_string();
        assert!(error.contains(FOLDER), "{error}");
    }

    /// A folder as earlier versions left it: two recordings, a damaged one, half of one, and something foreign.
    fn earlier(data: &Path) -> Vec<(String, Vec<u8>)> {
        let plain = data.join(PLAIN_FOLDER);
        let mut out = Vec::new();
        for (name, bytes) in [
            (None, b"one".to_vec()),
            (None, vec![7; 2 * CHUNK + 1]),
            (Some("d".repeat(64)), b"not what was taken in".to_vec()),
        ] {
            let sha256 = name.unwrap_or_else(|| hex(&Sha256::digest(&bytes)));
            let shelf = plain.join(&sha256[..2]);
            std::fs::create_dir_all(&shelf).unwrap();
            std::fs::write(shelf.join(&sha256[2..]), &bytes).unwrap();
            out.push((sha256, bytes));
        }
        std::fs::write(plain.join(".incoming-1"), b"half").unwrap();
        out
    }

    #[test]
    fn recordings_of_an_earlier_version_are_encrypted_and_their_plain_files_go() {
        let room = Room::new();
        let sounds = earlier(&room.data());
        let store = AudioStore::open(&room.data(), &room.keys).unwrap();
        for (sha256, bytes) in &sounds {
            assert_eq!(&read(store.open_sound(sha256).unwrap()), bytes);
        }
        store.verified(&sounds[0].0).unwrap();
        store.verified(&sounds[1].0).unwrap();
        let damaged = store.verified(&sounds[2].0).err().unwrap();
        assert!(matches!(damaged, BlobError::Damaged { .. }), "{damaged}");
        assert!(!room.data().join(PLAIN_FOLDER).exists());
    }

    #[test]
    fn encrypting_them_goes_on_where_it_was_killed() {
        let room = Room::new();
        let sounds = earlier(&room.data());
        let plain = room.data().join(PLAIN_FOLDER);
        // Killed after the first was sealed and before its plain file went.
        room.store
            .put_as(&mut &sounds[0].1[..], Some(&sounds[0].0))
            .unwrap();
        // And a file that nobody knows.
        std::fs::create_dir_all(plain.join("ab")).unwrap();
        std::fs::write(plain.join("ab/notes.txt"), b"mine").unwrap();
        let store = AudioStore::open(&room.data(), &room.keys).unwrap();
        for (sha256, bytes) in &sounds {
            assert_eq!(&read(store.open_sound(sha256).unwrap()), bytes);
        }
        assert_eq!(files(&plain), [plain.join("ab/notes.txt")]);
        assert_eq!(room.files(), sounds.len());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_a_recording() {
        use std::os::unix::fs::PermissionsExt;
        let room = Room::new();
        let stored = room.store.put(&b"sound"[..]).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        let path = room.store.vault.path(&stored.sha256);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(room.store.vault.root()), 0o700);
    }
}
