//! Sealed files: encrypted while they are written, readable from any place, also while they grow.
//!
//! A file is a header and records. The header holds the file's own data key, random, sealed under the key of the data folder
//! together with the file's name, so that one file put in the place of another is found. A record holds at most
//! [`CHUNK`] bytes, sealed with XChaCha20-Poly1305 together with its number, its place and whether it is the last, as in
//! the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): records that were changed, left out, repeated, put
//! elsewhere or added do not open, and a file that was cut off lacks its last one. Where STREAM counts its nonces up, a
//! record here carries 24 random bytes: a file that goes on after a crash has to write again where half a record stood, and
//! must not use that nonce twice.
//!
//! What was written and synced is never touched again. A file that grows is the same as a finished one without its last
//! record; half a record at its end is what a crash left, and is cut off before it goes on.
//!
//! ```text
//! header   8 magic, 8 name of the key, 24 nonce, 48 sealed data key
//! record   4 length (highest bit: the last one), 24 nonce, length bytes, 16 tag
//! ```

use crate::store::keys::{KeyError, Keys, NONCE, Secret, random};
use chacha20poly1305::aead::{AeadInPlace, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce, aead::Aead};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Most bytes of a record.
pub const CHUNK: usize = 64 * 1024;

/// The first bytes of every sealed file.
pub(super) const MAGIC: [u8; 8] = *b"OSLRSEA1";

const KEY_NAME: usize = 8;
const TAG: usize = 16;
const SEALED_KEY: usize = 32 + TAG;
const HEADER: usize = MAGIC.len() + KEY_NAME + NONCE + SEALED_KEY;
/// Bytes of a record beside its contents.
const AROUND: u64 = (4 + NONCE + TAG) as u64;
const LAST: u32 = 1 << 31;

/// Why a sealed file cannot be used. No message holds the name under which it is known.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It is not there.
    #[error("{0} is missing")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// It was changed, cut off, extended, or put in another's place.
    #[error("{path} is damaged: {what}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// It was sealed in another data folder.
    #[error(
        "{0} was sealed with the key of another data folder (another {ring} belongs to it); put both back from the same backup", ring = crate::store::keys::KEYRING
    )]
    OtherKey(PathBuf),
    /// It cannot be read or written.
    #[error("{path} cannot be read or written: {source}; check its disk, owner and permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No data key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> VaultError {
    let path = path.to_path_buf();
    move |source| match source.kind() {
        ErrorKind::NotFound => VaultError::Missing(path),
        ErrorKind::AlreadyExists => VaultError::Exists(path),
        _ => VaultError::Io { path, source },
    }
}

fn damaged(path: &Path, what: &'static str) -> VaultError {
    VaultError::Damaged {
        path: path.to_path_buf(),
        what,
    }
}

/// A folder of sealed files. Each is known by a name that its file name does not tell: that is an HMAC of it.
#[derive(Debug, Clone)]
pub struct Vault {
    root: PathBuf,
    names: Secret,
    seals: Secret,
}

impl Vault {
    /// The vault in the folder `root`, which is made when the first file is.
    pub fn new(root: PathBuf, keys: &Keys) -> Self {
        Self {
            root,
            names: keys.secret("names 1"),
            seals: keys.secret("seals 1"),
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file called `name` lies or would lie.
    pub fn path(&self, name: &str) -> PathBuf {
        let keyed = crate::store::blobs::hex(&self.names.mac(name.as_bytes()));
        // 256 shelves keep the folders of a large practice small enough to list.
        let (shelf, file) = keyed.split_at(2);
        self.root.join(shelf).join(file)
    }

    /// Begins a file that can be read while it grows.
    ///
    /// # Errors
    /// [`VaultError::Exists`] where there is one of that name.
    pub fn create(&self, name: &str) -> Result<Appender, VaultError> {
        let path = self.path(name);
        if path.exists() {
            return Err(VaultError::Exists(path));
        }
        make_folder(path.parent().unwrap_or(&self.root))?;
        // What has its name has its header: a crash before that leaves nothing that is in the way.
        let begun = path.with_extension("begun");
        let file = private(&begun, OpenOptions::new().create(true).truncate(true));
        let mut appender = Appender::begin(begun.clone(), file.map_err(io(&begun))?)?;
        self.settle(&mut appender, name)?;
        Ok(appender)
    }

    /// Goes on with a file that was not finished; what a crash left half-written at its end is cut off. Its length is what
    /// can be read of it, at least all that was synced.
    pub fn append(&self, name: &str) -> Result<Appender, VaultError> {
        self.append_at(name, None)
    }

    /// The same, from this length on, to which it was appended before; what came behind it goes.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where it is shorter, or was never appended to just there.
    pub fn append_from(&self, name: &str, length: u64) -> Result<Appender, VaultError> {
        self.append_at(name, Some(length))
    }

    fn append_at(&self, name: &str, length: Option<u64>) -> Result<Appender, VaultError> {
        let path = self.path(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io(&path))?;
        let cipher = self.data_key(&mut file, &path, name)?;
        let mut map = Map::growing(&mut file, &path, &cipher)?;
        if map.finished {
            return Err(damaged(&path, "it is finished and takes no more"));
        }
        if let Some(length) = length {
            map.cut(length, &path)?;
        }
        let end = map.end();
        file.set_len(end).map_err(io(&path))?;
        file.seek(SeekFrom::Start(end)).map_err(io(&path))?;
        Ok(Appender {
            file,
            path,
            cipher,
            data_key: None,
            records: map.records.len() as u64,
            length: map.length,
            end,
        })
    }

    /// Opens a finished file.
    pub fn open(&self, name: &str) -> Result<Reader, VaultError> {
        self.reader(name, false)
    }

    /// Opens a file that is perhaps not finished: what stands in it now.
    pub fn open_growing(&self, name: &str) -> Result<Reader, VaultError> {
        self.reader(name, true)
    }

    fn reader(&self, name: &str, growing: bool) -> Result<Reader, VaultError> {
        let path = self.path(name);
        let mut file = File::open(&path).map_err(io(&path))?;
        let cipher = self.data_key(&mut file, &path, name)?;
        let map = if growing {
            Map::growing(&mut file, &path, &cipher)?
        } else {
            Map::finished(&mut file, &path, &cipher)?
        };
        Ok(Reader {
            file,
            path,
            cipher,
            map,
            position: 0,
            held: None,
        })
    }

    /// Every file, whatever it is called.
    pub fn files(&self) -> Result<Vec<PathBuf>, VaultError> {
        let mut out = Vec::new();
        let entries = |folder: &Path| -> Result<Vec<PathBuf>, VaultError> {
            match std::fs::read_dir(folder) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(e) => Err(io(folder)(e)),
                Ok(entries) => entries
                    .map(|entry| entry.map(|e| e.path()).map_err(io(folder)))
                    .collect(),
            }
        };
        for shelf in entries(&self.root)? {
            if shelf.is_dir() {
                // With an ending: one that is being begun.
                out.extend(
                    entries(&shelf)?
                        .into_iter()
                        .filter(|f| f.extension().is_none()),
                );
            }
        }
        out.sort();
        Ok(out)
    }

    /// Whether there is a file of that name.
    pub fn holds(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Removes a file; whether there was one.
    pub fn remove(&self, name: &str) -> Result<bool, VaultError> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => {
                sync_folder(path.parent().unwrap_or(&self.root))?;
                Ok(true)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(io(&path)(e)),
        }
    }

    /// Gives a file that was written elsewhere, under the vault's root, its name and its place.
    pub(super) fn settle(&self, appender: &mut Appender, name: &str) -> Result<(), VaultError> {
        appender.name(&self.seals, name)?;
        appender.sync()?;
        let path = self.path(name);
        let shelf = path.parent().unwrap_or(&self.root);
        make_folder(shelf)?;
        std::fs::rename(&appender.path, &path).map_err(io(&path))?;
        appender.path = path.clone();
        sync_folder(shelf)?;
        sync_folder(&self.root)
    }

    fn data_key(
        &self,
        file: &mut File,
        path: &Path,
        name: &str,
    ) -> Result<XChaCha20Poly1305, VaultError> {
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => damaged(path, "its beginning is missing"),
            _ => io(path)(e),
        })?;
        let (magic, rest) = header.split_at(MAGIC.len());
        let (key_name, rest) = rest.split_at(KEY_NAME);
        let (nonce, sealed) = rest.split_at(NONCE);
        if magic != MAGIC {
            return Err(damaged(path, "it is no sealed file"));
        }
        if key_name != name_of(&self.seals) {
            return Err(VaultError::OtherKey(path.to_path_buf()));
        }
        let aad = [&MAGIC[..], name.as_bytes()].concat();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let wrong = || damaged(path, "its key does not open, or it is another file");
        let key = self
            .seals
            .cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| wrong())?;
        let key: [u8; 32] = key.try_into().map_err(|_| wrong())?;
        Ok(Secret::of(key).cipher())
    }
}

fn name_of(seals: &Secret) -> [u8; KEY_NAME] {
    let mut name = [0; KEY_NAME];
    name.copy_from_slice(&seals.mac(b"osler key name")[..KEY_NAME]);
    name
}

/// What a record is bound to.
fn bound(number: u64, start: u64, mark: u32) -> [u8; 20] {
    let mut aad = [0; 20];
    aad[..8].copy_from_slice(&number.to_be_bytes());
    aad[8..16].copy_from_slice(&start.to_be_bytes());
    aad[16..].copy_from_slice(&mark.to_be_bytes());
    aad
}

/// A sealed file being written. Dropped without [`Appender::finish`] it stays as it is, to go on with later.
pub struct Appender {
    file: File,
    path: PathBuf,
    cipher: XChaCha20Poly1305,
    /// Until it stands in the header.
    data_key: Option<Secret>,
    records: u64,
    length: u64,
    /// Where the next record goes.
    end: u64,
}

impl Appender {
    /// A file whose name is not known yet: the header is written by [`Appender::name`].
    pub(super) fn begin(path: PathBuf, mut file: File) -> Result<Self, VaultError> {
        let data_key = Secret::fresh()?;
        file.write_all(&[0; HEADER]).map_err(io(&path))?;
        Ok(Self {
            file,
            path,
            cipher: data_key.cipher(),
            data_key: Some(data_key),
            records: 0,
            length: 0,
            end: HEADER as u64,
        })
    }

    fn name(&mut self, seals: &Secret, name: &str) -> Result<(), VaultError> {
        let Some(data_key) = self.data_key.take() else {
            return Ok(());
        };
        let nonce: [u8; NONCE] = random()?;
        let aad = [&MAGIC[..], name.as_bytes()].concat();
        let payload = Payload {
            msg: data_key.bytes(),
            aad: &aad,
        };
        let sealed = seals
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| damaged(&self.path, "its key cannot be sealed"))?;
        let header = [&MAGIC[..], &name_of(seals), &nonce, &sealed].concat();
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&header))
            .and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
        written.map(drop).map_err(io(&self.path))
    }

    /// Seals bytes behind what is there. They are on the disk after [`Appender::sync`]. Where the disk is full nothing of
    /// the record that failed stays, and the file can go on once there is room.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        for chunk in bytes.chunks(CHUNK) {
            self.record(chunk, 0)?;
        }
        Ok(())
    }

    fn record(&mut self, contents: &[u8], last: u32) -> Result<(), VaultError> {
        let mark = contents.len() as u32 | last;
        let nonce: [u8; NONCE] = random()?;
        let mut record = Vec::with_capacity(contents.len() + AROUND as usize);
        record.extend(mark.to_be_bytes());
        record.extend(nonce);
        record.extend(contents);
        let aad = bound(self.records, self.length, mark);
        let tag = self
            .cipher
            .encrypt_in_place_detached(&XNonce::from(nonce), &aad, &mut record[4 + NONCE..])
            .map_err(|_| damaged(&self.path, "a record cannot be sealed"))?;
        record.extend(tag);
        if let Err(e) = self.file.write_all(&record) {
            // Where even this fails, opening it again cuts the half record off.
            let _ = self.file.set_len(self.end);
            let _ = self.file.seek(SeekFrom::Start(self.end));
            return Err(io(&self.path)(e));
        }
        self.records += 1;
        self.length += contents.len() as u64;
        self.end += record.len() as u64;
        Ok(())
    }

    /// Returns when everything that was appended is on the disk.
    pub fn sync(&mut self) -> Result<(), VaultError> {
        self.file.sync_data().map_err(io(&self.path))
    }

    /// Bytes that were appended so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the file: from here on a missing end is found. Its length.
    pub fn finish(&mut self) -> Result<u64, VaultError> {
        self.record(&[], LAST)?;
        self.file.sync_all().map_err(io(&self.path))?;
        Ok(self.length)
    }
}

impl Write for Appender {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(CHUNK)];
        self.append(chunk).map_err(std::io::Error::other)?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A record: where it lies in the file, and where its contents lie in the whole.
#[derive(Debug, Clone, Copy)]
struct Record {
    at: u64,
    start: u64,
    mark: u32,
}

impl Record {
    fn length(self) -> usize {
        (self.mark & !LAST) as usize
    }

    fn is_last(self) -> bool {
        self.mark & LAST != 0
    }

    fn end(self) -> u64 {
        self.at + AROUND + self.length() as u64
    }
}

/// Where the records of a file are. Lengths are believed here and proven when a record is opened; the last one, which
/// proves the length of the whole, is opened at once.
#[derive(Debug)]
struct Map {
    records: Vec<Record>,
    length: u64,
    finished: bool,
}

impl Map {
    /// Everything up to the last record, or to where no further one is whole.
    fn scan(file: &mut File, path: &Path) -> Result<(Self, bool), VaultError> {
        let size = file.metadata().map_err(io(path))?.len();
        let mut map = Self {
            records: Vec::new(),
            length: 0,
            finished: false,
        };
        let mut at = HEADER as u64;
        while at + AROUND <= size && !map.finished {
            let mut mark = [0; 4];
            file.seek(SeekFrom::Start(at)).map_err(io(path))?;
            file.read_exact(&mut mark).map_err(io(path))?;
            let record = Record {
                at,
                start: map.length,
                mark: u32::from_be_bytes(mark),
            };
            let possible = record.length() <= CHUNK
                && (record.length() > 0 || record.is_last())
                && record.end() <= size;
            if !possible {
                break;
            }
            at = record.end();
            map.length += record.length() as u64;
            map.finished = record.is_last();
            map.records.push(record);
        }
        Ok((map, at == size))
    }

    fn finished(
        file: &mut File,
        path: &Path,
        cipher: &XChaCha20Poly1305,
    ) -> Result<Self, VaultError> {
        let (map, to_the_end) = Self::scan(file, path)?;
        if !map.finished {
            return Err(damaged(path, "its end is missing"));
        }
        if !to_the_end {
            return Err(damaged(path, "something stands behind its end"));
        }
        map.open(map.records.len() - 1, file, path, cipher)?;
        Ok(map)
    }

    fn growing(
        file: &mut File,
        path: &Path,
        cipher: &XChaCha20Poly1305,
    ) -> Result<Self, VaultError> {
        let (mut map, _) = Self::scan(file, path)?;
        // After a power cut the length of the file may have reached the disk before its contents.
        while let Some(last) = map.records.len().checked_sub(1) {
            match map.open(last, file, path, cipher) {
                Ok(_) => break,
                Err(VaultError::Damaged { .. }) => {
                    if let Some(record) = map.records.pop() {
                        map.length = record.start;
                        map.finished = false;
                    }
                }
                Err(e) => return Err(e),
            }
        }
        Ok(map)
    }

    /// Leaves out what is behind a length at which a record ends.
    fn cut(&mut self, length: u64, path: &Path) -> Result<(), VaultError> {
        if length > self.length {
            return Err(damaged(path, "its end is missing"));
        }
        let kept = self.records.partition_point(|r| r.start < length);
        self.records.truncate(kept);
        self.length = self
            .records
            .last()
            .map_or(0, |r| r.start + r.length() as u64);
        if self.length == length {
            Ok(())
        } else {
            Err(damaged(
                path,
                "nothing ends at the place where it is to go on",
            ))
        }
    }

    /// Where the next record goes.
    fn end(&self) -> u64 {
        self.records.last().map_or(HEADER as u64, |r| r.end())
    }

    /// The contents of a record.
    fn open(
        &self,
        number: usize,
        file: &mut File,
        path: &Path,
        cipher: &XChaCha20Poly1305,
    ) -> Result<Vec<u8>, VaultError> {
        let changed = || damaged(path, "a part of it was changed");
        let record = *self.records.get(number).ok_or_else(changed)?;
        let mut bytes = vec![0; NONCE + record.length() + TAG];
        file.seek(SeekFrom::Start(record.at + 4))
            .map_err(io(path))?;
        file.read_exact(&mut bytes).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => damaged(path, "its end is missing"),
            _ => io(path)(e),
        })?;
        let tag = bytes.split_off(NONCE + record.length());
        let (nonce, contents) = bytes.split_at_mut(NONCE);
        let aad = bound(number as u64, record.start, record.mark);
        cipher
            .decrypt_in_place_detached(
                XNonce::from_slice(nonce),
                &aad,
                contents,
                chacha20poly1305::Tag::from_slice(&tag),
            )
            .map_err(|_| changed())?;
        bytes.drain(..NONCE);
        Ok(bytes)
    }
}

/// Reads a sealed file from any place. What cannot be opened is an error of kind `InvalidData`, never other bytes and
/// never an early end.
pub struct Reader {
    file: File,
    path: PathBuf,
    cipher: XChaCha20Poly1305,
    map: Map,
    position: u64,
    /// The record that was opened last.
    held: Option<(usize, Vec<u8>)>,
}

impl Reader {
    /// Length of what can be read.
    pub fn length(&self) -> u64 {
        self.map.length
    }

    /// Whether nothing more will be appended.
    pub fn is_finished(&self) -> bool {
        self.map.finished
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if out.is_empty() || self.position >= self.map.length {
            return Ok(0);
        }
        // The first record starts at 0; an empty one can only be the last, which starts behind every place that is read.
        let number = self
            .map
            .records
            .partition_point(|r| r.start <= self.position)
            .saturating_sub(1);
        if self.held.as_ref().is_none_or(|(held, _)| *held != number) {
            let opened = self
                .map
                .open(number, &mut self.file, &self.path, &self.cipher)
                .map_err(unreadable)?;
            self.held = Some((number, opened));
        }
        let (Some((_, contents)), Some(record)) = (&self.held, self.map.records.get(number)) else {
            return Ok(0);
        };
        let from = usize::try_from(self.position - record.start).unwrap_or(usize::MAX);
        let rest = contents.get(from..).unwrap_or_default();
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.position += n as u64;
        Ok(n)
    }
}

fn unreadable(error: VaultError) -> std::io::Error {
    match error {
        VaultError::Io { source, .. } => source,
        other => std::io::Error::new(ErrorKind::InvalidData, other),
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.map.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| {
            std::io::Error::new(ErrorKind::InvalidInput, "a place before the beginning")
        })?;
        Ok(self.position)
    }
}

fn private(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Makes a folder for the owner only, with those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), VaultError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| VaultError::Io {
        path: path.to_path_buf(),
        source,
    })
}

/// Makes a new name in a folder survive a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), VaultError> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(io(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests;
