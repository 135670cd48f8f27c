//! Keys of what lies on the disk.
//!
//! The master key, 32 random bytes, lies in a file of its own outside the data folder. It seals one secret, the root, which
//! lies in the data folder (`keys.json`); every other key is derived from the root by its purpose: that of the database,
//! that under which recordings are sealed, that of their names. A new master key therefore seals one line anew and leaves
//! the database, the recordings and their backups as they are.
//!
//! Who has the data folder alone can read nothing of it; who has the key file as well can read everything.

use crate::store::blobs::hex;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroize;

/// File of the sealed root in the data folder.
pub const KEYRING: &str = "keys.json";

/// File in which an earlier version kept the root, unsealed, in the data folder.
pub(super) const UNSEALED: &str = "osler.key";

/// Bytes of every key.
const LENGTH: usize = 32;

/// Bytes of a nonce of XChaCha20-Poly1305, long enough to be drawn at random.
pub(super) const NONCE: usize = 24;

/// What the sealing of the root is bound to, with the name of the master key.
const ROOT: &[u8] = b"osler root 1 ";

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file is not there.
    #[error(
        "the key file {key_file} is missing, and without it nothing in {data} can be read; put it back from where you keep its copy, or name it with --key-file or OSLER_KEY_FILE"
    )]
    Missing {
        /// Where it should be.
        key_file: PathBuf,
        /// What it opens.
        data: PathBuf,
    },
    /// The key file belongs to other data, or is an older or newer one.
    #[error(
        "{key_file} is not the key of {data}: it is key {found}, and the data are sealed with key {wanted}; name the right file with --key-file or OSLER_KEY_FILE"
    )]
    Wrong {
        /// The key file.
        key_file: PathBuf,
        /// What it was to open.
        data: PathBuf,
        /// Name of the key in the file.
        found: String,
        /// Name of the key that is needed.
        wanted: String,
    },
    /// The key file holds something else.
    #[error(
        "{0} is not a key file: it has to hold 64 hexadecimal digits; put the right file back, or name another with --key-file or OSLER_KEY_FILE"
    )]
    NotAKey(PathBuf),
    /// Others may read the key file.
    #[error(
        "other users of this machine may read the key file {0}; take that right away (chmod 600 {0}) and try again"
    )]
    Open(PathBuf),
    /// There is sealed data and no keyring.
    #[error(
        "{0} is missing, and without it nothing in its folder can be read; put it back from a backup"
    )]
    NoKeyring(PathBuf),
    /// The keyring is another database's.
    #[error(
        "{0} belongs to another database than the one beside it; put both back from the same backup"
    )]
    Foreign(PathBuf),
    /// The keyring was changed or damaged.
    #[error("{0} is damaged; put it back from a backup")]
    Damaged(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written: {source}; check its disk, owner and permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key that a rotation is to make is there already.
    #[error(
        "{0} is in the way of the new key; it is left from a change of the key that did not end: keep it safe, move it away, and try again"
    )]
    InTheWay(PathBuf),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers ({0}), so that no key can be made")]
    Random(String),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = path.to_path_buf();
    move |source| KeyError::Io { path, source }
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| KeyError::Random(e.to_string()))?;
    Ok(bytes)
}

/// A key in memory; wiped when it goes, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; LENGTH]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// HMAC-SHA-256.
pub fn authenticate(key: &[u8; LENGTH], message: &[u8]) -> [u8; LENGTH] {
    // HMAC fills a short key up with zeros to the length of a block.
    let mut block = [0; 64];
    block[..LENGTH].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
    block.zeroize();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl Secret {
    pub(super) fn fresh() -> Result<Self, KeyError> {
        random().map(Self)
    }

    pub(super) fn of(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// HMAC-SHA-256 of `message` under this key.
    pub(super) fn mac(&self, message: &[u8]) -> [u8; LENGTH] {
        authenticate(&self.0, message)
    }

    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    /// What a key is called where it is not to be told.
    fn name(&self) -> String {
        hex(&self.mac(b"osler key name")[..8])
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut bytes = [0; LENGTH];
        if text.len() != 2 * LENGTH || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// The keyring as it lies in the data folder.
#[derive(Serialize, Deserialize)]
struct Sealed {
    version: u32,
    /// Name of the master key that opens it.
    master: String,
    /// Nonce and sealed root, hexadecimal.
    root: String,
}

/// The keys of one data folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keys {
    root: Secret,
    master: String,
}

/// The key file where none is named: beside the data folder, so that a copy of the folder does not hold it.
pub fn default_file(data: &Path) -> PathBuf {
    // "." and ".." have no name to put an ending to.
    let folder = match data.file_name() {
        Some(_) => data.components().as_path().to_path_buf(),
        None => std::fs::canonicalize(data).unwrap_or_else(|_| data.to_path_buf()),
    };
    beside(&folder, "key")
}

impl Keys {
    /// The keys of the folder `data`, opened with the key file.
    ///
    /// # Errors
    /// [`KeyError::NoKeyring`] where none were made, [`KeyError::Missing`], `Wrong`, `NotAKey`, `Open`, `Damaged`.
    pub fn open(data: &Path, key_file: &Path) -> Result<Self, KeyError> {
        let path = data.join(KEYRING);
        let Some(sealed) = read_keyring(&path)? else {
            return Err(KeyError::NoKeyring(path));
        };
        let master = match read_master(key_file)? {
            Some(master) if master.name() == sealed.master => master,
            found => match another(key_file, &sealed)? {
                Some(master) => master,
                None => {
                    return Err(match found {
                        None => KeyError::Missing {
                            key_file: key_file.to_path_buf(),
                            data: data.to_path_buf(),
                        },
                        Some(found) => KeyError::Wrong {
                            key_file: key_file.to_path_buf(),
                            data: data.to_path_buf(),
                            found: found.name(),
                            wanted: sealed.master,
                        },
                    });
                }
            },
        };
        let keys = Self::unsealed(&path, &sealed, &master)?;
        keys.forget_unsealed(data)?;
        Ok(keys)
    }

    /// The same; makes what is missing: the keyring, and a key file where there is none. Only for a folder in which nothing
    /// is sealed yet.
    pub(super) fn open_or_create(data: &Path, key_file: &Path) -> Result<Self, KeyError> {
        let path = data.join(KEYRING);
        // Two programs that start at the same time make one keyring.
        let lock_path = data.join(format!("{KEYRING}.lock"));
        let lock = private(&lock_path, OpenOptions::new().create(true)).map_err(io(&lock_path))?;
        lock.lock().map_err(io(&lock_path))?;
        if read_keyring(&path)?.is_some() {
            return Self::open(data, key_file);
        }
        let master = match read_master(key_file)? {
            Some(master) => master,
            None => make_master(key_file)?,
        };
        let root = match read_master(&data.join(UNSEALED))? {
            Some(root) => root,
            None => Secret::fresh()?,
        };
        let keys = Self {
            root,
            master: master.name(),
        };
        write_keyring(&path, &keys.sealed(&master)?)?;
        keys.forget_unsealed(data)?;
        Ok(keys)
    }

    /// Removes the root that an earlier version left unsealed, once it is the one in the keyring.
    fn forget_unsealed(&self, data: &Path) -> Result<(), KeyError> {
        let path = data.join(UNSEALED);
        if read_master(&path)?.as_ref() == Some(&self.root) {
            std::fs::remove_file(&path).map_err(io(&path))?;
        }
        Ok(())
    }

    /// Puts a fresh master key into the key file and seals the keyring with it. The old key stays beside it: older backups
    /// need it. A run that is killed half-way leaves one of the two keys in force, and the next opening ends it.
    ///
    /// # Errors
    /// As [`Keys::open`]; [`KeyError::InTheWay`].
    pub fn rotate(data: &Path, key_file: &Path) -> Result<Rotated, KeyError> {
        let keys = Self::open(data, key_file)?;
        let next = beside(key_file, "new");
        if next.exists() {
            return Err(KeyError::InTheWay(next));
        }
        let master = make_master(&next)?;
        write_keyring(&data.join(KEYRING), &keys.sealed(&master)?)?;
        let kept = put_in_place(key_file, &next)?;
        Ok(Rotated {
            from: keys.master,
            to: master.name(),
            kept,
        })
    }

    fn sealed(&self, master: &Secret) -> Result<Sealed, KeyError> {
        let name = master.name();
        let nonce: [u8; NONCE] = random()?;
        let aad = [ROOT, name.as_bytes()].concat();
        let payload = Payload {
            msg: self.root.bytes(),
            aad: &aad,
        };
        let sealed = master
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|e| KeyError::Random(e.to_string()))?;
        Ok(Sealed {
            version: 1,
            master: name,
            root: hex(&[&nonce[..], &sealed].concat()),
        })
    }

    fn unsealed(path: &Path, sealed: &Sealed, master: &Secret) -> Result<Self, KeyError> {
        let damaged = || KeyError::Damaged(path.to_path_buf());
        let bytes = unhex(&sealed.root).ok_or_else(damaged)?;
        let (nonce, root) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let aad = [ROOT, sealed.master.as_bytes()].concat();
        let payload = Payload {
            msg: root,
            aad: &aad,
        };
        let mut root = master
            .cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| damaged())?;
        let bytes: [u8; LENGTH] = root.as_slice().try_into().map_err(|_| damaged())?;
        root.zeroize();
        Ok(Self {
            root: Secret(bytes),
            master: sealed.master.clone(),
        })
    }

    /// Name of the master key; says nothing about it.
    pub fn master(&self) -> &str {
        &self.master
    }

    /// A key for one purpose, and within it for one thing or person; always the same for the same data folder.
    pub fn derive(&self, purpose: &str, about: &str) -> [u8; LENGTH] {
        self.root.mac(format!("{purpose}\0{about}").as_bytes())
    }

    /// The same for what is kept in memory.
    pub(super) fn secret(&self, purpose: &str) -> Secret {
        Secret(self.derive(purpose, ""))
    }

    /// The key of the database.
    pub fn database(&self) -> Secret {
        self.secret("database 1")
    }

    /// What a database remembers of its keys, to know them again.
    pub(super) fn fingerprint(&self) -> String {
        hex(&self.derive("fingerprint", ""))
    }
}

/// What became of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Name of the key until now.
    pub from: String,
    /// Name of the key from now on.
    pub to: String,
    /// Where the old one is kept.
    pub kept: PathBuf,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Puts the new key in the place of the old one, which keeps its name as ending.
fn put_in_place(key_file: &Path, next: &Path) -> Result<PathBuf, KeyError> {
    let old = read_master(key_file)?.map_or_else(|| "old".to_owned(), |old| old.name());
    let kept = beside(key_file, &old);
    match std::fs::rename(key_file, &kept) {
        Ok(()) => {}
        // The second half of a change that was killed between the two.
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(io(key_file)(e)),
    }
    std::fs::rename(next, key_file).map_err(io(next))?;
    sync_parent(key_file)?;
    Ok(kept)
}

/// Where the key file holds another key: the one that a change of the key was to put there, or the one that it put aside,
/// with which an older backup is sealed.
fn another(key_file: &Path, sealed: &Sealed) -> Result<Option<Secret>, KeyError> {
    if let Some(master) = finish_rotation(key_file, sealed)? {
        return Ok(Some(master));
    }
    let kept = read_master(&beside(key_file, &sealed.master))?;
    Ok(kept.filter(|master| master.name() == sealed.master))
}

/// Where a change of the key was killed after the keyring was sealed with the new one: ends it.
fn finish_rotation(key_file: &Path, sealed: &Sealed) -> Result<Option<Secret>, KeyError> {
    let next = beside(key_file, "new");
    match read_master(&next)? {
        Some(master) if master.name() == sealed.master => {
            put_in_place(key_file, &next)?;
            Ok(Some(master))
        }
        _ => Ok(None),
    }
}

fn read_keyring(path: &Path) -> Result<Option<Sealed>, KeyError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(path)(e)),
    };
    let sealed: Sealed =
        serde_json::from_str(&text).map_err(|_| KeyError::Damaged(path.to_path_buf()))?;
    // The name becomes a part of a file's name.
    let is_name = sealed.master.len() == 16 && sealed.master.bytes().all(|b| b.is_ascii_hexdigit());
    if sealed.version != 1 || !is_name {
        return Err(KeyError::Damaged(path.to_path_buf()));
    }
    Ok(Some(sealed))
}

/// Replaces the keyring in one step.
fn write_keyring(path: &Path, sealed: &Sealed) -> Result<(), KeyError> {
    let text = serde_json::to_string_pretty(sealed).map_err(|e| io(path)(e.into()))? + "\n";
    let next = path.with_extension("json.next");
    let mut file =
        private(&next, OpenOptions::new().create(true).truncate(true)).map_err(io(&next))?;
    file.write_all(text.as_bytes()).map_err(io(&next))?;
    file.sync_all().map_err(io(&next))?;
    std::fs::rename(&next, path).map_err(io(path))?;
    sync_parent(path)
}

fn read_master(path: &Path) -> Result<Option<Secret>, KeyError> {
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == ErrorKind::InvalidData => {
            return Err(KeyError::NotAKey(path.to_path_buf()));
        }
        Err(e) => return Err(io(path)(e)),
    };
    let master = Secret::parse(&text);
    text.zeroize();
    let Some(master) = master else {
        return Err(KeyError::NotAKey(path.to_path_buf()));
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)
            .map_err(io(path))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Open(path.to_path_buf()));
        }
    }
    Ok(Some(master))
}

/// Makes a key file; one that is there is not overwritten.
fn make_master(path: &Path) -> Result<Secret, KeyError> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(io(folder))?;
    }
    let master = Secret::fresh()?;
    // Whole or not there: another program may look for it at this moment.
    let next = beside(path, &format!("{}.making", std::process::id()));
    let mut file =
        private(&next, OpenOptions::new().create(true).truncate(true)).map_err(io(&next))?;
    let mut text = master.hex() + "\n";
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io(&next))
        .and_then(|()| take_name(&next, path));
    text.zeroize();
    if written.is_err() {
        // What cannot be removed is a key that opens nothing.
        let _ = std::fs::remove_file(&next);
    }
    if !written? {
        // Somebody was faster; that key holds.
        return read_master(path)?.ok_or_else(|| KeyError::NotAKey(path.to_path_buf()));
    }
    sync_parent(path)?;
    Ok(master)
}

/// Gives a file its name unless that is taken; whether it got it.
fn take_name(from: &Path, to: &Path) -> Result<bool, KeyError> {
    let linked = std::fs::hard_link(from, to);
    match linked {
        Ok(()) => {
            std::fs::remove_file(from).map_err(io(from))?;
            Ok(true)
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(from).map_err(io(from))?;
            Ok(false)
        }
        // A disk without hard links.
        Err(_) if !to.exists() => {
            std::fs::rename(from, to).map_err(io(to))?;
            Ok(true)
        }
        Err(e) => Err(io(to)(e)),
    }
}

fn private(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

fn sync_parent(path: &Path) -> Result<(), KeyError> {
    #[cfg(unix)]
    {
        let folder = match path.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io(folder))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
impl Keys {
    /// The same in every run.
    pub(crate) fn for_testing() -> Self {
        Self {
            root: Secret([7; LENGTH]),
            master: "0".repeat(16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_rfc() {
        // RFC 4231, test case 2, whose key is shorter: HMAC pads it with zeros.
        let mut key = [0; LENGTH];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&authenticate(&key, b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let key = default_file(&data);
        (dir, data, key)
    }

    #[test]
    fn the_keys_of_a_folder_stay_the_same_and_are_no_other_folders() {
        let (_dir, data, key) = folder();
        let made = Keys::open_or_create(&data, &key).unwrap();
        let again = Keys::open(&data, &key).unwrap();
        assert_eq!(made.database(), again.database());
        assert_eq!(
            Keys::open_or_create(&data, &key).unwrap().database(),
            made.database()
        );
        assert_ne!(made.database(), made.secret("names 1"));
        assert_ne!(made.derive("a", "b"), made.derive("ab", ""));
        assert_ne!(made.derive("a", "b"), made.derive("a", "c"));
        let (_other_dir, other, other_key) = folder();
        let other = Keys::open_or_create(&other, &other_key).unwrap();
        assert_ne!(made.database(), other.database());
        // A second folder under the same key has keys of its own.
        let (_third_dir, third, _) = folder();
        let third = Keys::open_or_create(&third, &key).unwrap();
        assert_eq!(third.master(), made.master());
        assert_ne!(third.database(), made.database());
    }

    #[cfg(unix)]
    #[test]
    fn what_an_earlier_version_derived_from_its_key_stays_and_the_key_is_sealed() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, data, key) = folder();
        let unsealed = data.join(UNSEALED);
        let leave = || {
            std::fs::write(&unsealed, "ab".repeat(LENGTH)).unwrap();
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&unsealed, private).unwrap();
        };
        leave();
        let keys = Keys::open_or_create(&data, &key).unwrap();
        assert_eq!(
            keys.derive("audit trail", ""),
            authenticate(&[0xab; LENGTH], b"audit trail\0")
        );
        assert!(!unsealed.exists());
        // Killed before it was removed.
        leave();
        assert_eq!(Keys::open(&data, &key).unwrap().root, keys.root);
        assert!(!unsealed.exists());
    }

    #[test]
    fn each_thing_that_is_wrong_with_a_key_has_its_own_message() {
        let (_dir, data, key) = folder();
        let none = Keys::open(&data, &key).unwrap_err();
        assert!(matches!(none, KeyError::NoKeyring(_)), "{none}");
        Keys::open_or_create(&data, &key).unwrap();
        let right = std::fs::read_to_string(&key).unwrap();

        std::fs::remove_file(&key).unwrap();
        let missing = Keys::open(&data, &key).unwrap_err();
        assert!(matches!(missing, KeyError::Missing { .. }), "{missing}");
        assert!(missing.to_string().contains("--key-file"), "{missing}");

        make_master(&key).unwrap();
        let wrong = Keys::open(&data, &key).unwrap_err();
        assert!(matches!(wrong, KeyError::Wrong { .. }), "{wrong}");
        // Making keys again is no way around it.
        assert!(matches!(
            Keys::open_or_create(&data, &key),
            Err(KeyError::Wrong { .. })
        ));

        for nonsense in ["", "hello", &right[1..], "\u{e9}"] {
            std::fs::write(&key, nonsense).unwrap();
            let error = Keys::open(&data, &key).unwrap_err();
            assert!(matches!(error, KeyError::NotAKey(_)), "{error}");
        }

        std::fs::write(&key, &right).unwrap();
        let ring = data.join(KEYRING);
        let text = std::fs::read_to_string(&ring).unwrap();
        let at = text.rfind("\"\n").unwrap() - 1;
        let flipped = if &text[at..=at] == "0" { "1" } else { "0" };
        let damaged = format!("{}{flipped}{}", &text[..at], &text[at + 1..]);
        for bad in [damaged.as_str(), "{}", ""] {
            std::fs::write(&ring, bad).unwrap();
            let error = Keys::open(&data, &key).unwrap_err();
            assert!(matches!(error, KeyError::Damaged(_)), "{error}");
        }
        std::fs::write(&ring, text).unwrap();
        Keys::open(&data, &key).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused_and_ours_is_not_one() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, data, key) = folder();
        Keys::open_or_create(&data, &key).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&key), 0o600);
        assert_eq!(mode(&data.join(KEYRING)), 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open(&data, &key), Err(KeyError::Open(_))));
    }

    #[test]
    fn a_new_master_key_opens_the_same_data_and_the_old_one_does_not() {
        let (_dir, data, key) = folder();
        let before = Keys::open_or_create(&data, &key).unwrap();
        let rotated = Keys::rotate(&data, &key).unwrap();
        assert_eq!(rotated.from, before.master());
        let after = Keys::open(&data, &key).unwrap();
        assert_eq!(after.master(), rotated.to);
        assert_eq!(after.database(), before.database());
        let old = Keys::open(&data, &rotated.kept).unwrap_err();
        assert!(matches!(old, KeyError::Wrong { .. }), "{old}");
        // What was sealed before, as in a backup, is opened with the old key, which lies beside the new one.
        let old_master = read_master(&rotated.kept).unwrap().unwrap();
        write_keyring(&data.join(KEYRING), &after.sealed(&old_master).unwrap()).unwrap();
        let backup = Keys::open(&data, &key).unwrap();
        assert_eq!(
            (backup.master(), backup.database()),
            (before.master(), before.database())
        );
        std::fs::remove_file(&rotated.kept).unwrap();
        assert!(matches!(
            Keys::open(&data, &key),
            Err(KeyError::Wrong { .. })
        ));
    }

    #[test]
    fn a_change_of_the_key_that_is_killed_at_any_point_is_ended_by_the_next_opening() {
        let (_dir, data, key) = folder();
        let keys = Keys::open_or_create(&data, &key).unwrap();
        let next = beside(&key, "new");
        // Killed before the keyring was sealed anew: the old key holds, and the new one is in the way until it is looked at.
        let master = make_master(&next).unwrap();
        assert_eq!(Keys::open(&data, &key).unwrap().master(), keys.master());
        assert!(matches!(
            Keys::rotate(&data, &key),
            Err(KeyError::InTheWay(_))
        ));
        // Killed after it.
        write_keyring(&data.join(KEYRING), &keys.sealed(&master).unwrap()).unwrap();
        let opened = Keys::open(&data, &key).unwrap();
        assert_eq!(opened.database(), keys.database());
        assert!(!next.exists());
        // Killed between the two names.
        let key_text = std::fs::read(&key).unwrap();
        std::fs::rename(&key, &next).unwrap();
        Keys::open(&data, &key).unwrap();
        assert_eq!(std::fs::read(&key).unwrap(), key_text);
    }

    #[test]
    fn the_key_lies_beside_the_data_folder_and_not_in_it() {
        for (data, key) in [
            ("/srv/osler/data", "/srv/osler/data.key"),
            ("/srv/osler/data/", "/srv/osler/data.key"),
            ("demo-data", "demo-data.key"),
        ] {
            assert_eq!(default_file(Path::new(data)), Path::new(key));
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::of([0xab; LENGTH]);
        assert!(!format!("{secret:?}").contains("ab"));
        assert_eq!(secret.hex(), "ab".repeat(LENGTH));
    }
}
