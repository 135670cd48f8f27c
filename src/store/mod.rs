//! The store: SQLite in one file, the recordings beside it ([`blobs`]), both encrypted ([`keys`], [`vault`]).
//!
//! One async method is one use case is one transaction, which holds the change and its audit row. A single connection
//! writes, on its own thread; a few read. No type of rusqlite leaves this module, so that another database can take its
//! place behind the same methods.

mod audit;
pub mod backup;
pub mod blobs;
mod bulk;
mod chain;
pub mod cipher;
mod dictations;
mod encounters;
mod examine;
mod inbox;
pub mod keys;
mod lane;
mod layers;
mod learned;
mod letters;
mod live;
mod marks;
mod once;
mod particulars;
mod patients;
mod people;
mod queue;
mod reports;
mod retention;
mod review;
mod search;
mod settings;
pub mod space;
mod sql;
mod steps;
mod templates;
mod uploads;
mod users;
pub mod vault;
mod worklist;

pub use audit::{AuditFilter, AuditLine, AuditRow, Note};
pub use bulk::Past;
pub use chain::{AuditCheck, Broken, Checkpoint};
pub use dictations::{Completed, NewDictation, NewTake, Received, StoredTranscript};
pub use encounters::Visit;
pub use examine::{Examination, examine};
pub use inbox::{KnownDictation, KnownSound, NewItem};
pub use layers::{AddedLocal, LayerCount, RevokeLocal, StoredLocal};
pub use learned::{Decide, Learned, LearnedPair, SignedReport};
pub use live::{LiveDictation, LiveEnd};
pub use marks::SayMarks;
pub use once::Once;
pub use particulars::{
    Change, ChangePatient, Former, KeptNumber, Merge, MergePreview, Merged, Obstacle, Particulars,
};
pub use patients::KeptEntry;
pub use people::{
    Account, AccountListing, Attempt, Begun, EmergencyAccess, NewService, NewSession,
    ServiceAccount, ServiceListing, ServiceToken, StoredSession,
};
pub use queue::{Claim, Queued};
pub use reports::{
    FileReport, Filter, Listing, SignReport, StageErrors, StoredDictation, StoredRecord,
};
pub use retention::{Hold, Over};
pub use review::{Anew, Correction, MoveTo, NewAddendum, Part, Retract, SplitInto};
pub use search::{FoundReport, HIT_FROM, HIT_TO, Sight};
pub use settings::{DueTimes, Pool};
pub use steps::{StepTaken, TakeStep};
pub use templates::{NewTemplate, StoredTemplate};
pub use uploads::Upload;
pub use worklist::{Count, Cursor, Item, Turnaround, WorkFilter};

use crate::domain::transition::Refused;
use keys::{KEYRING, KeyError, Keys};
use lane::Lane;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// File name of the database in the data folder.
pub const FILE_NAME: &str = "osler.db";

/// "OSLR", in the header of every database of ours; the first migration writes it.
const APPLICATION_ID: i64 = 0x4F53_4C52;

/// Whether this build keeps the database encrypted. Recordings always are.
pub const IS_ENCRYPTED: bool = cfg!(feature = "encrypted");

/// Schema version that this program writes.
pub const SCHEMA_VERSION: i64 = 17;

const READERS: usize = 4;

/// Statements that a connection keeps prepared: more than there are, so that none is prepared twice.
const STATEMENTS: usize = 256;

/// Memory in which a connection keeps pages, at most: the upper levels of the indexes of a busy practice and what is read
/// all the time.
const PAGES_KIB: i64 = 32 * 1024;

/// What a database holds. Fixed when it is made; the two are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Made-up patients, to try things out. Accepts signatures that nobody authenticated.
    Demo,
    /// A real practice.
    Practice,
}

impl Kind {
    /// The written form, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Practice => "practice",
        }
    }

    fn parse(written: &str) -> Option<Self> {
        [Self::Demo, Self::Practice]
            .into_iter()
            .find(|kind| kind.as_str() == written)
    }
}

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It has to be there already, of either kind.
    Existing,
    /// It is made where it is missing; where it is there, it has to be of this kind.
    OrCreate(Kind),
}

/// Settings that tests and installations may want to change.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a statement waits for another program that holds the database.
    pub busy_timeout: Duration,
    /// File of the master key; beside the data folder where none is named.
    pub key_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            key_file: None,
        }
    }
}

/// Why the store did not do something. No message holds a patient's data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database yet.
    #[error(
        "there is no database at {0}; make one with `osler init` (or `osler init --demo` to try things out), or name another folder with --data"
    )]
    Missing(PathBuf),
    /// Another program holds it.
    #[error(
        "the database {0} is locked by another program; wait until that has finished, or stop it, and try again"
    )]
    Locked(PathBuf),
    /// It cannot be written.
    #[error(
        "the database {0} cannot be written: the file, its folder or the disk is read-only or belongs to another user; check owner and permissions"
    )]
    ReadOnly(PathBuf),
    /// The disk has no room left.
    #[error("the disk of {0} is full; nothing was stored; make room and try again")]
    Full(PathBuf),
    /// A newer program has written it.
    #[error(
        "the database {path} was written by a newer version of Osler (schema {found}, this program knows {known}); install that version"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// Newest schema version known here.
        known: i64,
    },
    /// The file is something else.
    #[error(
        "{0} is not an Osler database, or not the one that the keys beside it belong to, or its beginning is damaged; move it away, or restore it from a backup"
    )]
    NotADatabase(PathBuf),
    /// The file is not encrypted, and this program keeps it encrypted.
    #[error(
        "the database {0} is not encrypted; run `osler db encrypt` once to encrypt it where it lies"
    )]
    Plain(PathBuf),
    /// The file is encrypted, and this program was built without that.
    #[error(
        "the database {0} is encrypted, and this program was built without encryption; use the usual build of Osler"
    )]
    Encrypted(PathBuf),
    /// The file or its folder cannot be made.
    #[error("the data folder {path} cannot be made or used: {reason}")]
    CannotCreate {
        /// The folder or file.
        path: PathBuf,
        /// What the system said, or what is wrong with the place.
        reason: String,
    },
    /// Demonstration and practice would be mixed.
    #[error(
        "{path} is a {} database, not a {} one; demonstration data and a real practice are never mixed: use another folder (--data)", .found.as_str(), .wanted.as_str()
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: Kind,
        /// What was asked for.
        wanted: Kind,
    },
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// It is already there, or somebody was faster.
    #[error("{0}")]
    Conflict(String),
    /// What it is based on is not the newest version any more.
    #[error(
        "this was changed in the meantime: version {newest} is the newest; read that, and change or sign it"
    )]
    Outdated {
        /// The newest version.
        newest: u32,
        /// Printed name of whoever made it; none for the machine.
        by: Option<String>,
    },
    /// The table of transitions forbids it.
    #[error(transparent)]
    Refused(Refused),
    /// What lies there cannot be opened.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store was closed while a call was under way.
    #[error("the database was closed")]
    Closed,
    /// Anything else; a defect or a damaged file.
    #[error(
        "the database failed: {0}; run the command again, and if it fails again check the disk and restore a backup"
    )]
    Broken(String),
}

/// What can go wrong inside a transaction: SQLite's word, or ours.
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    Ours(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sql(e)
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self::Ours(e)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Ours(match refused {
            // Somebody was faster.
            Refused::Place { .. } => StoreError::Conflict(refused.to_string()),
            other => StoreError::Refused(other),
        })
    }
}

impl From<serde_json::Error> for Fault {
    fn from(e: serde_json::Error) -> Self {
        // Place and category only: a parser may quote what it read.
        Self::Ours(StoreError::Broken(format!(
            "stored JSON is damaged (line {}, column {})",
            e.line(),
            e.column()
        )))
    }
}

impl Fault {
    /// The public error, for the database at `path`.
    fn at(self, path: &Path) -> StoreError {
        let error = match self {
            Self::Ours(error) => return error,
            Self::Sql(error) => error,
        };
        let path = path.to_path_buf();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly(path),
            // The file was found before SQLite was asked, so it is the journal beside it that cannot be made.
            Some(ErrorCode::CannotOpen) => StoreError::ReadOnly(path),
            Some(ErrorCode::DiskFull) => StoreError::Full(path),
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase(path),
            _ => StoreError::Broken(error.to_string()),
        }
    }
}

/// The database. Cheap to clone; closed when the last clone goes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Before the writer: fields are dropped in order, and only a writer that closes last can fold the log into the file.
    readers: Lane,
    writer: Lane,
    notes: audit::Notes,
    kind: Kind,
    path: PathBuf,
    keys: Keys,
}

impl Store {
    /// Opens the database in the folder `data`, brings its schema up to date, and starts its threads.
    ///
    /// # Errors
    /// [`StoreError::Missing`], `Locked`, `ReadOnly`, `Newer`, `NotADatabase`, `CannotCreate`, `WrongKind`.
    pub async fn open(data: &Path, opening: Opening, options: Options) -> Result<Self, StoreError> {
        let data = data.to_path_buf();
        tokio::task::spawn_blocking(move || Self::open_blocking(&data, opening, options))
            .await
            .map_err(|e| StoreError::Broken(e.to_string()))?
    }

    fn open_blocking(data: &Path, opening: Opening, options: Options) -> Result<Self, StoreError> {
        let path = data.join(FILE_NAME);
        match opening {
            Opening::Existing => require_file(&path)?,
            Opening::OrCreate(_) => prepare_folder(data, &path)?,
        }
        // Asked before SQLite is, because SQLite falls back to reading without a word.
        std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| unusable(&path, &e))?;
        let key_file = options.key_file.clone();
        let key_file = key_file.unwrap_or_else(|| keys::default_file(data));
        let timeout = options.busy_timeout;
        let form = form(&path).map_err(|e| unusable(&path, &e))?;
        if form == Form::Plain && cfg!(feature = "encrypted") {
            is_ours(&path, timeout)?;
            return Err(StoreError::Plain(path));
        }
        let keys = open_keys(data, &path, &key_file)?;
        if form == Form::Other && !cfg!(feature = "encrypted") {
            return Err(StoreError::Encrypted(path));
        }
        let (writer, kind) = open_writer(&path, &keys, opening, timeout)?;
        keep_private(&path);
        let reopen = {
            let (path, keys) = (path.clone(), keys.clone());
            Arc::new(move || connect(&path, &keys, timeout, false))
        };
        let read = {
            let (path, keys) = (path.clone(), keys.clone());
            Arc::new(move || connect(&path, &keys, timeout, true))
        };
        let inner = Inner {
            writer: Lane::start(
                "writer",
                1,
                // A deferred transaction that reads first cannot wait for its turn to write.
                TransactionBehavior::Immediate,
                path.clone(),
                Some(writer),
                reopen,
            )?,
            readers: Lane::start(
                "reader",
                READERS,
                TransactionBehavior::Deferred,
                path.clone(),
                None,
                read,
            )?,
            notes: audit::Notes::default(),
            kind,
            path,
            keys,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What this database holds.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// 32 bytes that this installation alone can make, for one purpose and within it for one thing or person: the same
    /// each time.
    pub fn derived_key(&self, purpose: &str, about: &str) -> [u8; 32] {
        self.inner.keys.derive(purpose, about)
    }

    /// The keys of its folder.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let key = self.inner.keys.clone();
        self.inner
            .writer
            .run(move |conn| {
                let before = chain::last(conn)?;
                let value = job(conn)?;
                chain::seal(conn, &key, before)?;
                Ok(value)
            })
            .await
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.run(job).await
    }
}

fn unusable(path: &Path, e: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    match e.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(path.to_path_buf())
        }
        ErrorKind::StorageFull => StoreError::Full(path.to_path_buf()),
        ErrorKind::IsADirectory => StoreError::NotADatabase(path.to_path_buf()),
        _ => StoreError::CannotCreate {
            path: path.to_path_buf(),
            reason: e.to_string(),
        },
    }
}

fn require_file(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        // An empty file is a database whose making was interrupted at once.
        Ok(meta) if meta.is_file() && meta.len() == 0 => {
            Err(StoreError::Missing(path.to_path_buf()))
        }
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::Missing(path.to_path_buf()))
        }
        Err(e) => Err(unusable(path, &e)),
    }
}

/// The keys of the data folder; made where nothing in it is sealed yet.
fn open_keys(data: &Path, database: &Path, key_file: &Path) -> Result<Keys, StoreError> {
    match Keys::open(data, key_file) {
        Err(KeyError::NoKeyring(_)) if !is_sealed(data) => {
            match form(database).map_err(|e| unusable(database, &e))? {
                Form::Other => return Err(StoreError::NotADatabase(database.to_path_buf())),
                Form::Plain => is_ours(database, Options::default().busy_timeout)?,
                Form::Empty => {}
            }
            Ok(Keys::open_or_create(data, key_file)?)
        }
        other => Ok(other?),
    }
}

/// What a database file is by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Empty,
    /// SQLite, not encrypted.
    Plain,
    /// Encrypted, or no database at all.
    Other,
}

fn form(path: &Path) -> std::io::Result<Form> {
    use std::io::Read;
    let mut start = Vec::new();
    std::fs::File::open(path)?
        .take(16)
        .read_to_end(&mut start)?;
    Ok(match start.as_slice() {
        [] => Form::Empty,
        b"SQLite format 3\0" => Form::Plain,
        _ => Form::Other,
    })
}

/// An error where a file that is not encrypted is another program's.
fn is_ours(path: &Path, busy_timeout: Duration) -> Result<(), StoreError> {
    let conn = link(path, None, busy_timeout, true)?;
    let look = || -> Result<bool, Fault> {
        let application: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
        Ok(application == APPLICATION_ID || tables == 0)
    };
    if look().map_err(|fault| fault.at(path))? {
        Ok(())
    } else {
        Err(StoreError::NotADatabase(path.to_path_buf()))
    }
}

/// Whether there are sealed files, which no new keys would open.
fn is_sealed(data: &Path) -> bool {
    std::fs::read_dir(data.join(blobs::FOLDER))
        .is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| e.path().is_dir())))
}

/// Makes the data folder and an empty database file, both for the owner only. A folder that is there keeps its mode:
/// whoever made it decided who may look in.
fn prepare_folder(data: &Path, path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let failed = |e: std::io::Error| StoreError::CannotCreate {
        path: data.to_path_buf(),
        reason: e.to_string(),
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(failed)?;
    // A folder that is used for other things is not taken over.
    for entry in std::fs::read_dir(data).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let ours = [blobs::FOLDER, blobs::PLAIN_FOLDER].contains(&&*name)
            || name.starts_with(FILE_NAME)
            || name.starts_with(KEYRING)
            || name == keys::UNSEALED;
        if !ours {
            return Err(StoreError::CannotCreate {
                path: data.to_path_buf(),
                reason: "the folder holds other files and no Osler database; name an empty or a new folder".into(),
            });
        }
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map_err(failed)?;
    Ok(())
}

/// Takes the rights of group and others at the database away, without giving anybody a right that is missing. Where that is not
/// allowed, the file belongs to somebody else, and opening it decides.
fn keep_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = std::fs::metadata(path) {
            let mode = meta.permissions().mode();
            if mode & 0o077 != 0 {
                let _ =
                    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700));
            }
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn connect(
    path: &Path,
    keys: &Keys,
    busy_timeout: Duration,
    read_only: bool,
) -> Result<Connection, StoreError> {
    link(path, Some(keys), busy_timeout, read_only)
}

/// Without keys, a connection to a file that is not encrypted.
fn link(
    path: &Path,
    keys: Option<&Keys>,
    busy_timeout: Duration,
    read_only: bool,
) -> Result<Connection, StoreError> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let open = || -> Result<Connection, Fault> {
        let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if let Some(keys) = keys {
            cipher::unlock(&conn, keys)?;
        }
        conn.busy_timeout(busy_timeout)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        // Negative: in KiB. A page that is kept has not to be read and deciphered again.
        conn.pragma_update(None, "cache_size", -PAGES_KIB)?;
        conn.pragma_update(None, "foreign_keys", true)?;
        // Without it, INSERT OR REPLACE would delete a row past the trigger that forbids it.
        conn.pragma_update(None, "recursive_triggers", true)?;
        Ok(conn)
    };
    open().map_err(|fault| fault.at(path))
}

fn open_writer(
    path: &Path,
    keys: &Keys,
    opening: Opening,
    busy_timeout: Duration,
) -> Result<(Connection, Kind), StoreError> {
    let mut conn = connect(path, keys, busy_timeout, false)?;
    let kind = prepare(&mut conn, path, keys, opening).map_err(|fault| fault.at(path))?;
    Ok((conn, kind))
}

/// Checks what the file is before anything is written to it, then sets it up.
fn prepare(
    conn: &mut Connection,
    path: &Path,
    keys: &Keys,
    opening: Opening,
) -> Result<Kind, Fault> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    let is_new = found == 0 && application == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::NotADatabase(path.to_path_buf()).into());
    }
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found,
            known: SCHEMA_VERSION,
        }
        .into());
    }
    if is_new && opening == Opening::Existing {
        return Err(StoreError::Missing(path.to_path_buf()).into());
    }
    knows(conn, keys, path)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Broken(format!(
            "write-ahead logging is not possible on this disk (journal mode {mode})"
        ))
        .into());
    }
    // A report that was acknowledged survives a power cut.
    conn.pragma_update(None, "synchronous", "FULL")?;
    if found < SCHEMA_VERSION {
        if !is_new {
            backup::keep_before_migration(conn, keys, path, found)?;
        }
        let kind = match opening {
            Opening::OrCreate(kind) => kind,
            Opening::Existing => Kind::Practice, // not used: only the first migration asks
        };
        migrate(conn, kind, keys)?;
    }
    let kind: Option<String> = conn
        .query_row("SELECT value FROM meta WHERE key = 'kind'", [], |r| {
            r.get(0)
        })
        .optional()?;
    let kind = kind
        .as_deref()
        .and_then(Kind::parse)
        .ok_or_else(|| StoreError::Broken("the kind of the database is unknown".into()))?;
    match opening {
        Opening::OrCreate(wanted) if wanted != kind => Err(StoreError::WrongKind {
            path: path.to_path_buf(),
            found: kind,
            wanted,
        }
        .into()),
        _ => Ok(kind),
    }
}

/// Whether the database remembers these keys, or none yet.
fn knows(conn: &Connection, keys: &Keys, path: &Path) -> Result<(), Fault> {
    let has_meta: bool = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'",
        [],
        |r| r.get(0),
    )?;
    if !has_meta {
        return Ok(());
    }
    let known: Option<String> = conn
        .query_row("SELECT value FROM meta WHERE key = 'keyring'", [], |r| {
            r.get(0)
        })
        .optional()?;
    match known {
        Some(known) if known != keys.fingerprint() => {
            Err(StoreError::from(KeyError::Foreign(path.with_file_name(KEYRING))).into())
        }
        _ => Ok(()),
    }
}

fn migrate(conn: &mut Connection, kind: Kind, keys: &Keys) -> Result<(), Fault> {
    let (fingerprint, sealing) = (keys.fingerprint(), keys.clone());
    // The kind is written in the transaction that makes the tables: there is no database without one.
    let migrations = Migrations::new(vec![
        M::up_with_hook(
            include_str!("migrations/0001_initial.sql"),
            move |tx: &rusqlite::Transaction<'_>| {
                tx.execute(
                    "INSERT INTO meta (key, value) VALUES ('kind', ?1)",
                    [kind.as_str()],
                )?;
                Ok(())
            },
        ),
        M::up(include_str!("migrations/0002_entries.sql")),
        M::up(include_str!("migrations/0010_people.sql")),
        M::up(include_str!("migrations/0020_work.sql")),
        M::up(include_str!("migrations/0021_dictionary.sql")),
        M::up(include_str!("migrations/0030_sessions.sql")),
        M::up(include_str!("migrations/0031_inbox.sql")),
        M::up_with_hook(
            include_str!("migrations/0032_trail.sql"),
            move |tx: &rusqlite::Transaction<'_>| Ok(chain::seal(tx, &sealing, 0)?),
        ),
        M::up(include_str!("migrations/0050_review.sql")),
        M::up(include_str!("migrations/0060_sound.sql")),
        M::up(include_str!("migrations/0070_templates.sql")),
        M::up_with_hook(
            include_str!("migrations/0080_retention.sql"),
            move |tx: &rusqlite::Transaction<'_>| {
                // The database remembers its keys, to know them again.
                tx.execute(
                    "INSERT INTO meta (key, value) VALUES ('keyring', ?1)",
                    [&fingerprint],
                )?;
                Ok(())
            },
        ),
        M::up(include_str!("migrations/0090_learned.sql")),
        M::up(include_str!("migrations/0100_patients.sql")),
        M::up(include_str!("migrations/0110_letters.sql")),
        M::up(include_str!("migrations/0120_checkpoints.sql")),
        M::up(include_str!("migrations/0130_placed.sql")),
    ]);
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    match migrations.to_latest(conn) {
        Ok(()) => Ok(()),
        // Another process may have been making the same database at the same moment.
        Err(error) => {
            let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
            if found == SCHEMA_VERSION {
                return Ok(());
            }
            Err(match error {
                rusqlite_migration::Error::RusqliteError { err, .. } => Fault::Sql(err),
                other => StoreError::Broken(format!("setting up the tables: {other}")).into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_version_is_the_number_of_migrations() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut conn, Kind::Demo, &Keys::for_testing()).is_ok());
        let version: i64 = conn
            .pragma_query_value(None, "user_version", |r| r.get(0))
            .unwrap();
        assert_eq!(version, SCHEMA_VERSION);
    }

    #[test]
    fn a_full_disk_and_a_read_only_one_are_told_apart() {
        let fault = |code| {
            Fault::Sql(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(code),
                None,
            ))
            .at(Path::new("x.db"))
        };
        assert!(matches!(
            fault(rusqlite::ffi::SQLITE_FULL),
            StoreError::Full(_)
        ));
        assert!(matches!(
            fault(rusqlite::ffi::SQLITE_READONLY_DIRECTORY),
            StoreError::ReadOnly(_)
        ));
        assert!(matches!(
            fault(rusqlite::ffi::SQLITE_BUSY_SNAPSHOT),
            StoreError::Locked(_)
        ));
    }
}
