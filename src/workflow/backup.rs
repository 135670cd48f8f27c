//! Backups: the database and the recordings as they stand at one moment, taken while everybody works.
//!
//! A backup is a folder that is complete when it has its name: the database, the keyring, the sealed recordings, and a
//! manifest with the size and sum of each file and the end of the audit trail. Everything in it stays encrypted; the key
//! file is not in it and has to be kept elsewhere. A recording never changes, so that one which the backup before it in the
//! same folder holds is linked and takes no further room.

use crate::app::App;
use crate::domain::audit::{Action, Actor};
use crate::store::backup::{self, AuditHead};
use crate::store::blobs::{AudioStore, BlobError, FOLDER as SOUND, hex};
use crate::store::keys::{KEYRING, KeyError, Keys, authenticate};
use crate::store::space::{Space, spoken};
use crate::store::{FILE_NAME, StoreError};
use crate::workflow::{WorkflowError, live_session, upkeep, uploads};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The list of what is in a backup.
pub const MANIFEST: &str = "manifest.json";

/// What the folder of a backup is called before its time.
const PREFIX: &str = "osler-";

/// What a backup that is being made is called before its name.
const PARTIAL: &str = ".partial-";

/// Version of the manifest.
const VERSION: u32 = 1;

/// Why a backup was not made, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No place is known.
    #[error(
        "no folder for backups is set; name one (osler backup create DIR), or set backups in the configuration file"
    )]
    NoPlace,
    /// It would lie in what it is to save.
    #[error(
        "{0} lies in the data folder; a backup there is lost with it. Name a folder on another disk"
    )]
    Inside(PathBuf),
    /// The disk has not enough room.
    #[error(
        "the backup needs {} and the disk of {folder} has {} left; remove old backups there, or name another disk", spoken(*.needed), spoken(*.free)
    )]
    Room {
        /// Where the backup was to go.
        folder: PathBuf,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// There is no backup.
    #[error("{0} is no backup of Osler: it has no {MANIFEST} that can be read")]
    NoBackup(PathBuf),
    /// A newer program has made it.
    #[error("the backup {0} was made by a newer version of Osler; install that version")]
    Newer(PathBuf),
    /// It is not what was saved.
    #[error("the backup {folder} is not whole: {}; use another one", .problems.join("; "))]
    NotWhole {
        /// The backup.
        folder: PathBuf,
        /// What is wrong, first things first.
        problems: Vec<String>,
    },
    /// There is something where the backup is to go.
    #[error(
        "{0} is not empty; a backup is restored into a new folder, so that nothing is overwritten. Name one with --data"
    )]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written: {source}; check its disk, owner and permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recordings.
    #[error(transparent)]
    Audio(#[from] BlobError),
    /// Another run keeps the folder for itself.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_path_buf();
    move |source| BackupError::Io { path, source }
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the backup, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 (hex) of its bytes as they lie there, encrypted.
    pub sha256: String,
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Version of the program.
    pub program: String,
    /// "demo" or "practice".
    pub kind: String,
    /// Version of the database's schema.
    pub schema: i64,
    /// Name of the master key that opens it.
    pub key: String,
    /// The end of the audit trail.
    pub audit: AuditHead,
    /// Recordings that the database knows and that were not there to be saved.
    pub missing: Vec<String>,
    /// Every file.
    pub files: Vec<Entry>,
    /// Authentication code of all the above, with a key that the master key opens.
    mac: String,
}

impl Manifest {
    fn code(&self, keys: &Keys) -> Result<String, BackupError> {
        let bare = Self {
            mac: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_vec(&bare).map_err(|e| StoreError::Broken(e.to_string()))?;
        let code = authenticate(&keys.derive("backup 1", ""), &text);
        Ok(hex(&code))
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }

    fn read(folder: &Path) -> Result<Self, BackupError> {
        let none = || BackupError::NoBackup(folder.to_path_buf());
        let text = std::fs::read(folder.join(MANIFEST)).map_err(|_| none())?;
        let version = serde_json::from_slice::<serde_json::Value>(&text)
            .ok()
            .and_then(|value| value.get("version")?.as_u64())
            .ok_or_else(none)?;
        if version > u64::from(VERSION) {
            return Err(BackupError::Newer(folder.to_path_buf()));
        }
        serde_json::from_slice(&text).map_err(|_| none())
    }
}

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its folder.
    pub folder: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// Files that were linked to the backup before.
    pub linked: usize,
    /// Room left on its disk, where the system tells.
    pub space: Option<Space>,
}

/// Makes a backup in a new folder below `place`. Everybody goes on working.
///
/// # Errors
/// [`BackupError::Inside`], [`BackupError::Room`], and whatever the disk says. What was begun is removed.
pub async fn create(app: &App, place: &Path, actor: &Actor) -> Result<Made, BackupError> {
    let _turn = upkeep::turn(app)?;
    make_folder(place)?;
    refuse_inside(&app.config.data, place)?;
    let made_at = app.clock.now();
    let name = made_at
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H%M%SZ")
        .to_string();
    let folder = place.join(format!("{PREFIX}{name}"));
    let partial = place.join(format!("{PARTIAL}{name}"));
    if folder.exists() {
        return Err(BackupError::NotEmpty(folder));
    }
    sweep(place)?;
    make_folder(&partial)?;
    let made = fill(app, place, &partial, made_at).await;
    let (manifest, linked) = match made {
        Ok(made) => made,
        Err(e) => {
            // What cannot be removed now is removed by the next backup.
            let _ = std::fs::remove_dir_all(&partial);
            return Err(e);
        }
    };
    std::fs::rename(&partial, &folder).map_err(io(&folder))?;
    sync_folder(place)?;
    let details = serde_json::json!({
        "files": manifest.files.len(),
        "bytes": manifest.bytes(),
        "audit_seq": manifest.audit.seq,
        "missing": manifest.missing.len(),
    });
    app.store
        .record_upkeep(Action::BackupMade, name, details, app.stamp(actor))
        .await?;
    Ok(Made {
        space: Space::of(place),
        folder,
        manifest,
        linked,
    })
}

async fn fill(
    app: &App,
    place: &Path,
    partial: &Path,
    made_at: Timestamp,
) -> Result<(Manifest, usize), BackupError> {
    let before = newest(place)?;
    let known: BTreeMap<String, Entry> = match &before {
        Some(folder) => Manifest::read(folder)?
            .files
            .into_iter()
            .map(|entry| (entry.path.clone(), entry))
            .collect(),
        None => BTreeMap::new(),
    };
    check_room(app, place, &known)?;
    // The database first: every recording that it knows was on the disk before.
    let database = partial.join(FILE_NAME);
    app.store.copy_to(&database).await?;
    let (keys, audio, data) = (
        app.store.keys().clone(),
        app.audio.clone(),
        app.config.data.clone(),
    );
    let partial = partial.to_path_buf();
    tokio::task::spawn_blocking(move || -> Result<(Manifest, usize), BackupError> {
        let contents = backup::inspect(&database, &keys, false)?;
        let mut files = Vec::new();
        for name in [FILE_NAME, KEYRING] {
            let target = partial.join(name);
            let (bytes, sha256) = if name == FILE_NAME {
                sum(&target)?
            } else {
                copy(&data.join(name), &target)?
            };
            files.push(Entry {
                path: name.into(),
                bytes,
                sha256,
            });
        }
        let sealed = sealed_files(&data)?;
        let missing = contents
            .sounds
            .iter()
            .filter(|sha256| audio.holds(sha256).is_err())
            .cloned()
            .collect();
        // Whole recordings never change. What still grows is copied as far as it has come.
        let whole: BTreeSet<PathBuf> = contents
            .sounds
            .iter()
            .map(|sha256| audio.vault().path(sha256))
            .collect();
        let mut linked = 0;
        for source in sealed {
            let Some(path) = relative(&data, &source) else {
                continue;
            };
            let target = partial.join(&path);
            if let Some(parent) = target.parent() {
                make_folder(parent)?;
            }
            if let (Some(entry), Some(before)) = (known.get(&path), &before)
                && whole.contains(&source)
                && std::fs::hard_link(before.join(&path), &target).is_ok()
            {
                linked += 1;
                files.push(entry.clone());
                continue;
            }
            match copy(&source, &target) {
                Ok((bytes, sha256)) => files.push(Entry {
                    path,
                    bytes,
                    sha256,
                }),
                // Finished, and so under another name, or discarded in the meantime.
                Err(BackupError::Io { source: e, .. })
                    if e.kind() == ErrorKind::NotFound && !whole.contains(&source) => {}
                Err(e) => return Err(e),
            }
        }
        let mut manifest = Manifest {
            version: VERSION,
            made_at,
            program: env!("CARGO_PKG_VERSION").into(),
            kind: contents.kind.as_str().into(),
            schema: contents.schema,
            key: keys.master().into(),
            audit: contents.audit,
            missing,
            files,
            mac: String::new(),
        };
        manifest.mac = manifest.code(&keys)?;
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|e| StoreError::Broken(e.to_string()))?;
        write(&partial.join(MANIFEST), &text)?;
        sync_folder(&partial)?;
        Ok((manifest, linked))
    })
    .await
    .map_err(|e| StoreError::Broken(e.to_string()))?
}

/// What has to be copied, and whether there is room for it.
fn check_room(app: &App, place: &Path, known: &BTreeMap<String, Entry>) -> Result<(), BackupError> {
    let data = &app.config.data;
    let mut needed = size(&data.join(FILE_NAME)) + size(&data.join(format!("{FILE_NAME}-wal")));
    for file in sealed_files(data)? {
        if relative(data, &file).is_none_or(|path| !known.contains_key(&path)) {
            needed += size(&file);
        }
    }
    match Space::of(place) {
        Some(space) if space.free < needed => Err(BackupError::Room {
            folder: place.to_path_buf(),
            needed,
            free: space.free,
        }),
        _ => Ok(()),
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

/// The sealed files of a data folder, in order.
fn sealed_files(data: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut out = Vec::new();
    let mut folders: Vec<PathBuf> = [SOUND, live_session::FOLDER, uploads::FOLDER]
        .iter()
        .map(|name| data.join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            other => other.map_err(io(&folder))?,
        };
        for entry in entries {
            let path = entry.map_err(io(&folder))?.path();
            let hidden = path
                .file_name()
                .is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() {
                folders.push(path);
            } else if !hidden && path.extension().is_none() {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// The place of a file below a folder, with `/`.
fn relative(folder: &Path, file: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = file
        .strip_prefix(folder)
        .ok()?
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    Some(parts?.join("/"))
}

fn refuse_inside(data: &Path, place: &Path) -> Result<(), BackupError> {
    let real = |path: &Path| std::fs::canonicalize(path).map_err(io(path));
    if real(place)?.starts_with(real(data)?) {
        return Err(BackupError::Inside(place.to_path_buf()));
    }
    Ok(())
}

/// Removes what killed runs left.
fn sweep(place: &Path) -> Result<(), BackupError> {
    for folder in below(place)? {
        if named(&folder, PARTIAL) {
            std::fs::remove_dir_all(&folder).map_err(io(&folder))?;
        }
    }
    Ok(())
}

fn named(folder: &Path, prefix: &str) -> bool {
    folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}

fn below(place: &Path) -> Result<Vec<PathBuf>, BackupError> {
    std::fs::read_dir(place)
        .map_err(io(place))?
        .map(|entry| entry.map(|e| e.path()).map_err(io(place)))
        .collect()
}

/// The newest backup in a folder of backups.
fn newest(place: &Path) -> Result<Option<PathBuf>, BackupError> {
    Ok(list(place)?.pop().map(|(folder, _)| folder))
}

/// The backups in a folder, oldest first.
pub fn list(place: &Path) -> Result<Vec<(PathBuf, Manifest)>, BackupError> {
    let mut out: Vec<_> = below(place)?
        .into_iter()
        .filter(|folder| named(folder, PREFIX))
        .filter_map(|folder| Manifest::read(&folder).ok().map(|found| (folder, found)))
        .collect();
    out.sort_by_key(|(_, manifest)| manifest.made_at);
    Ok(out)
}

/// What a check of a backup found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What is in it.
    pub manifest: Manifest,
    /// What is wrong with it, first things first; empty where it can be restored.
    pub problems: Vec<String>,
    /// What is not wrong and still worth knowing.
    pub notes: Vec<String>,
}

/// Checks a backup: every file against its sum; with the key, that nobody wrote another manifest, that the database can be
/// read and fits together, that it has its recordings, and, with `sound`, that each of them is what was taken in. Blocks.
///
/// # Errors
/// [`BackupError::NoBackup`], [`BackupError::Newer`]; what is wrong inside is in the answer.
pub fn verify(folder: &Path, key_file: &Path, sound: bool) -> Result<Checked, BackupError> {
    let manifest = Manifest::read(folder)?;
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    for entry in &manifest.files {
        let Some(path) = inside(folder, &entry.path) else {
            problems.push(format!("{} leads out of the backup", entry.path));
            continue;
        };
        match sum(&path) {
            Ok(found) if found == (entry.bytes, entry.sha256.clone()) => {}
            Ok(_) => problems.push(format!("{} was changed", entry.path)),
            Err(BackupError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                problems.push(format!("{} is missing", entry.path));
            }
            Err(e) => problems.push(e.to_string()),
        }
    }
    for needed in [FILE_NAME, KEYRING] {
        if !manifest.files.iter().any(|f| f.path == needed) {
            problems.push(format!("{needed} is not in its list"));
        }
    }
    match Keys::open(folder, key_file) {
        Ok(keys) => {
            if manifest.code(&keys)? != manifest.mac {
                problems.push(format!(
                    "{MANIFEST} was not written by Osler, or changed since"
                ));
            }
            if problems.is_empty() {
                look_inside(folder, &manifest, &keys, sound, &mut problems)?;
            }
        }
        Err(e @ (KeyError::NoKeyring(_) | KeyError::Damaged(_))) => problems.push(e.to_string()),
        Err(e) => notes.push(format!(
            "the sums were checked, the contents could not be: {e}"
        )),
    }
    if !manifest.missing.is_empty() {
        notes.push(format!(
            "{} recording(s) were missing already when it was made",
            manifest.missing.len()
        ));
    }
    Ok(Checked {
        manifest,
        problems,
        notes,
    })
}

fn look_inside(
    folder: &Path,
    manifest: &Manifest,
    keys: &Keys,
    sound: bool,
    problems: &mut Vec<String>,
) -> Result<(), BackupError> {
    let contents = match backup::inspect(&folder.join(FILE_NAME), keys, true) {
        Ok(contents) => contents,
        Err(e) => {
            problems.push(e.to_string());
            return Ok(());
        }
    };
    if contents.audit != manifest.audit {
        problems.push("the audit trail does not end where it did when the backup was made".into());
    }
    let audio = AudioStore::at(folder, keys);
    for sha256 in &contents.sounds {
        if manifest.missing.contains(sha256) {
            continue;
        }
        let found = if sound {
            audio.verified(sha256).map(drop)
        } else {
            audio.holds(sha256)
        };
        if let Err(e) = found {
            problems.push(e.to_string());
        }
    }
    Ok(())
}

/// A place below the folder; none for one that leads out of it.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let fine = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\\');
    path.split('/').all(fine).then(|| {
        path.split('/')
            .fold(folder.to_path_buf(), |at, p| at.join(p))
    })
}

/// Puts a backup into the folder `data`, which has to be new or empty; complete when it has its name. Blocks.
///
/// # Errors
/// [`BackupError::NotWhole`] with what is wrong, [`BackupError::NotEmpty`], [`BackupError::Key`] without the key that it was
/// made with.
pub fn restore(folder: &Path, data: &Path, key_file: &Path) -> Result<Manifest, BackupError> {
    let occupied = std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || data.is_file() {
        return Err(BackupError::NotEmpty(data.to_path_buf()));
    }
    // Without the key there would be nothing to read: said before anything is copied.
    Keys::open(folder, key_file)?;
    let checked = verify(folder, key_file, false)?;
    if !checked.problems.is_empty() {
        return Err(BackupError::NotWhole {
            folder: folder.to_path_buf(),
            problems: checked.problems,
        });
    }
    let parent = match data.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_folder(parent)?;
    if let Some(space) = Space::of(parent)
        && space.free < checked.manifest.bytes()
    {
        return Err(BackupError::Room {
            folder: parent.to_path_buf(),
            needed: checked.manifest.bytes(),
            free: space.free,
        });
    }
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    let partial = parent.join(format!(".{name}.restoring"));
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(io(&partial))?;
    }
    make_folder(&partial)?;
    for entry in &checked.manifest.files {
        let (Some(from), Some(to)) = (inside(folder, &entry.path), inside(&partial, &entry.path))
        else {
            continue; // found by the check above
        };
        if let Some(shelf) = to.parent() {
            make_folder(shelf)?;
        }
        if copy(&from, &to)? != (entry.bytes, entry.sha256.clone()) {
            return Err(BackupError::NotWhole {
                folder: folder.to_path_buf(),
                problems: vec![format!("{} cannot be read twice alike", entry.path)],
            });
        }
    }
    backup::inspect(
        &partial.join(FILE_NAME),
        &Keys::open(&partial, key_file)?,
        true,
    )?;
    sync_folder(&partial)?;
    if data.exists() {
        std::fs::remove_dir(data).map_err(io(data))?;
    }
    std::fs::rename(&partial, data).map_err(io(data))?;
    sync_folder(parent)?;
    Ok(checked.manifest)
}

/// Whether a backup was made of this data folder, whatever became of the folder since: its manifest has our code.
///
/// # Errors
/// [`BackupError::Store`] where the manifest cannot be written down again.
pub fn is_of(app: &App, manifest: &Manifest) -> Result<bool, BackupError> {
    Ok(manifest.code(app.store.keys())? == manifest.mac)
}

/// Compares the running database with what a backup noted: a trail that was cut or changed since is seen here.
pub async fn trail_goes_on(app: &App, manifest: &Manifest) -> Result<bool, StoreError> {
    Ok(app.store.audit_at(manifest.audit.seq).await? == manifest.audit)
}

/// Copies a file for the owner only, and gives size and sum of what was written, which is on the disk then.
fn copy(from: &Path, to: &Path) -> Result<(u64, String), BackupError> {
    let mut source = File::open(from).map_err(io(from))?;
    let mut target = private(to).map_err(io(to))?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(io(from)(e)),
        };
        hash.update(&buffer[..n]);
        target.write_all(&buffer[..n]).map_err(io(to))?;
        bytes += n as u64;
    }
    target.sync_all().map_err(io(to))?;
    Ok((bytes, hex(&hash.finalize())))
}

fn sum(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = File::open(path).map_err(io(path))?;
    let mut hash = Sha256::new();
    let bytes = std::io::copy(&mut file, &mut hash).map_err(io(path))?;
    Ok((bytes, hex(&hash.finalize())))
}

fn write(path: &Path, contents: &[u8]) -> Result<(), BackupError> {
    let mut file = private(path).map_err(io(path))?;
    file.write_all(contents)
        .and_then(|()| file.sync_all())
        .map_err(io(path))
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_folder(path: &Path) -> Result<(), BackupError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(io(path))
}

fn sync_folder(path: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(io(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
