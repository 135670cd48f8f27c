//! A recording that comes in parts: from a browser, a dictaphone's dock, another program.
//!
//! What is on the disk for certain stands in the database; what a broken connection left behind it in the file is cut off and
//! sent again. With its last byte a recording goes into the queue; what is none is refused. Where the record contradicts
//! what was said about it, it stays here until a person decides.

use crate::app::App;
use crate::audio::{AudioError, Input, OpenOptions};
use crate::domain::audit::Actor;
use crate::domain::ids::{DictationId, UploadId};
use crate::domain::patient::Mrn;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::domain::worklist::Orders;
pub use crate::store::Upload;
use crate::store::blobs::{BlobError, hex};
use crate::store::keys::Keys;
use crate::store::vault::{Appender, Vault, VaultError};
use crate::store::{NewTake, StoreError};
use crate::workflow::intake::{self, Sound};
use crate::workflow::room::{self, NoRoom};
use crate::workflow::{Refusal, WorkflowError, blocking};
use jiff::SignedDuration;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Folder inside the data folder.
pub const FOLDER: &str = "uploads";

/// Hours after which an upload that nobody goes on with is given up.
const ABANDONED_H: i64 = 24;

/// Days for which it is remembered what an upload became.
const REMEMBERED_DAYS: i64 = 7;

/// Longest file name that is kept.
const LONGEST_NAME: usize = 200;

/// What a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one recording.
    pub bytes: u64,
    /// Bytes of one part.
    pub part: u64,
    /// Uploads of one person that are under way.
    pub of_one: usize,
    /// Uploads of all people together.
    pub of_all: usize,
    /// Bytes that have to stay free on the disk.
    pub free: u64,
    /// How long a sender may be silent in the middle of a part.
    pub silence: Duration,
    /// How long a part may take as a whole, however it trickles.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 2 * 1024 * 1024 * 1024,
            part: 8 * 1024 * 1024,
            of_one: 50,
            of_all: 500,
            free: room::KEEP_FREE,
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(15 * 60),
        }
    }
}

/// A recording that somebody wants to send.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Tells a request that is repeated from another one.
    pub request_key: Option<String>,
    /// File name.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 (hex), if the sender knows it.
    pub sha256: Option<String>,
    /// The first identifier.
    pub mrn: Mrn,
    /// The second identifier.
    pub birth_date: Option<Date>,
    /// The encounter, as it is named.
    pub encounter: Option<String>,
    /// How it is to be worked on.
    pub orders: Orders,
}

/// Why a recording is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// A rule forbids it, or the database failed.
    #[error(transparent)]
    Workflow(WorkflowError),
    /// It is too large.
    #[error(
        "a recording may have {limit} bytes, this one has {bytes}; cut it, or save it in a smaller format"
    )]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        limit: u64,
    },
    /// More came than was said.
    #[error(
        "more bytes came than the {0} that were announced; begin the upload again with the right size"
    )]
    TooMany(u64),
    /// There are too many of this sender's.
    #[error("{0} of your uploads are under way; finish or delete some first")]
    YoursTooMany(usize),
    /// There are too many.
    #[error("too many uploads are under way; try again in a minute")]
    Busy,
    /// The disk is full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// This part belongs elsewhere.
    #[error("the upload is at byte {0}; send it from there on")]
    Offset(u64),
    /// Other bytes came than the first time.
    #[error("these bytes differ from what was sent before for the same place; begin a new upload")]
    Differs,
    /// Another request writes to it.
    #[error("another request sends to this upload at the moment")]
    InUse,
    /// It became a dictation already.
    #[error("this recording was taken in already")]
    Done(DictationId),
    /// The bytes are not those that were announced.
    #[error(
        "the recording does not have the SHA-256 that was announced; it is to be sent again from the beginning"
    )]
    Checksum,
    /// It is no recording that can be read.
    #[error("{message}")]
    NoRecording {
        /// [`AudioError::code`].
        code: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// It is whole, and a person has to decide whose it is.
    #[error("{message}; the recording is kept until somebody decides whose it is")]
    Waits {
        /// Why: `identity_mismatch`, `not_found` or `conflict`.
        reason: &'static str,
        /// What is wrong.
        message: String,
    },
}

impl<T: Into<WorkflowError>> From<T> for UploadError {
    fn from(error: T) -> Self {
        Self::Workflow(error.into())
    }
}

/// All uploads of a service. Clones are the same.
#[derive(Debug, Clone)]
pub struct Uploads {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    vault: Vault,
    limits: Limits,
    /// Those that a request writes to.
    in_use: Mutex<HashSet<UploadId>>,
}

impl Uploads {
    /// Over the data folder; its own folder is made when it is needed.
    pub fn new(data: &Path, keys: &Keys, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                vault: Vault::new(data.join(FOLDER), keys),
                limits,
                in_use: Mutex::default(),
            }),
        }
    }

    /// What is taken.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Begins an upload; a request that is repeated finds the one it began. Gives also why it will wait for a person once it
    /// is whole, if that is known already.
    ///
    /// # Errors
    /// [`UploadError`]; nothing is stored then.
    pub async fn begin(
        &self,
        app: &App,
        by: &User,
        author: &User,
        new: NewUpload,
        actor: &Actor,
    ) -> Result<(Upload, Option<&'static str>), UploadError> {
        let limits = &self.inner.limits;
        if new.bytes == 0 {
            return Err(invalid("an upload has at least one byte"));
        }
        if new.bytes > limits.bytes {
            return Err(UploadError::TooLarge {
                bytes: new.bytes,
                limit: limits.bytes,
            });
        }
        let sha256 = match new.sha256.map(|s| s.to_ascii_lowercase()) {
            Some(s) if s.len() != 64 || !s.bytes().all(|b| b.is_ascii_hexdigit()) => {
                return Err(invalid("sha256 has 64 hexadecimal digits"));
            }
            sha256 => sha256,
        };
        let doubt =
            match intake::identify(app, &new.mrn, new.birth_date, new.encounter.as_deref()).await {
                Ok(_) => None,
                // Taken all the same: the sound may be the only copy, and somebody will find out whose it is.
                Err(e) => Some(waits_for(&e).ok_or(e)?),
            };
        // Nobody can decide about a record that is not there.
        if doubt == Some("not_found") {
            crate::workflow::patients::find(app, &new.mrn).await?;
        }
        let open = app.store.open_uploads(None).await?;
        let known = new.request_key.is_some()
            && open
                .iter()
                .any(|u| u.by_id == by.id && u.request_key == new.request_key);
        if !known {
            let mine = open.iter().filter(|u| u.by_id == by.id).count();
            if mine >= limits.of_one {
                return Err(UploadError::YoursTooMany(mine));
            }
            if open.len() >= limits.of_all {
                return Err(UploadError::Busy);
            }
            // What others have announced will come as well.
            let announced: u64 = open.iter().map(|u| u.bytes - u.received.min(u.bytes)).sum();
            room::check(self.inner.vault.root(), announced + new.bytes, limits.free)?;
        }
        let stamp = app.stamp(actor);
        let upload = Upload {
            id: UploadId::new(stamp.at),
            by_id: by.id,
            request_key: new.request_key,
            name: plain_name(&new.name),
            bytes: new.bytes,
            sha256,
            mrn: new.mrn,
            birth_date: new.birth_date,
            encounter: new.encounter,
            author_id: author.id,
            orders: new.orders,
            received: 0,
            waits_for: None,
            begun_at: stamp.at,
            touched_at: stamp.at,
            dictation_id: None,
        };
        Ok((app.store.begin_upload(upload, stamp).await?, doubt))
    }

    /// An upload that concerns this person: their own, and for those who look after the worklist any.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn find(&self, app: &App, by: &User, id: UploadId) -> Result<Upload, UploadError> {
        let upload = app.store.upload(id).await?;
        if upload.by_id == by.id || by.role == Role::Secretary {
            return Ok(upload);
        }
        Err(StoreError::NotFound(format!("there is no upload {id}")).into())
    }

    /// The open uploads that concern this person: their own, and for those who look after the worklist what waits for a
    /// decision.
    pub async fn open(&self, app: &App, by: &User) -> Result<Vec<Upload>, UploadError> {
        let mut open = app.store.open_uploads(None).await?;
        open.retain(|u| u.by_id == by.id || (by.role == Role::Secretary && u.waits_for.is_some()));
        Ok(open)
    }

    /// Opens an upload to write a part that begins at `offset`.
    ///
    /// # Errors
    /// [`UploadError::Offset`] where something is missing before it, [`UploadError::InUse`], [`UploadError::Done`].
    pub async fn part(
        &self,
        app: &App,
        by: &User,
        id: UploadId,
        offset: u64,
    ) -> Result<Part, UploadError> {
        let upload = self.find(app, by, id).await?;
        let held = self.hold(id)?;
        if let Some(dictation) = upload.dictation_id {
            return Err(UploadError::Done(dictation));
        }
        // Read again: a request that held it may just have ended.
        let upload = app.store.upload(id).await?;
        if offset > upload.received {
            return Err(UploadError::Offset(upload.received));
        }
        let (inner, received) = (self.inner.clone(), upload.received);
        let file = blocking(move || {
            let name = name_of(id);
            if received == 0 {
                // Nothing of it counts; what a broken request left is not known to be whole.
                inner.vault.remove(&name)?;
                return Ok(inner.vault.create(&name)?);
            }
            match inner.vault.append_from(&name, received) {
                Err(VaultError::Damaged { .. } | VaultError::Missing(_)) => {
                    Err(StoreError::Broken(format!(
                        "upload {id} is shorter than what was received; delete it and begin it again"
                    ))
                    .into())
                }
                other => Ok(other?),
            }
        })
        .await?;
        Ok(Part {
            inner: self.inner.clone(),
            upload,
            at: offset,
            file: Some(file),
            _held: held,
        })
    }

    /// Makes a dictation of an upload that is whole. Safe to repeat.
    ///
    /// # Errors
    /// [`UploadError::Checksum`], [`UploadError::NoRecording`] (the upload is gone then), [`UploadError::Waits`].
    pub async fn complete(
        &self,
        app: &App,
        id: UploadId,
        actor: &Actor,
    ) -> Result<DictationId, UploadError> {
        let _held = self.hold(id)?;
        let upload = app.store.upload(id).await?;
        if let Some(dictation) = upload.dictation_id {
            return Ok(dictation);
        }
        if upload.received < upload.bytes {
            return Err(UploadError::Offset(upload.received));
        }
        let input = self.inner.input(&upload);
        if let Some(announced) = upload.sha256.clone() {
            let hashed = input.clone();
            let found = blocking(move || sha256(&hashed)).await?;
            if found != announced {
                app.store.upload_received(id, 0, app.clock.now()).await?;
                return Err(UploadError::Checksum);
            }
        }
        let options = OpenOptions {
            dss_decoder: app.config.dss_decoder.clone(),
            ..OpenOptions::default()
        };
        let checked = input.clone();
        let looked = blocking(move || Ok(intake::check_sound(&checked, &options))).await?;
        if let Err(error) = looked {
            if let AudioError::Read(path, source) = error {
                return Err(at(&path, source).into());
            }
            // The sender has it, and nothing can be made of it here.
            self.remove(app, id, error.code(), actor).await?;
            return Err(UploadError::NoRecording {
                code: error.code(),
                message: error.to_string(),
            });
        }
        match self.hand_over(app, &upload, input, actor).await {
            Ok(dictation) => {
                app.store
                    .upload_done(id, dictation, app.clock.now())
                    .await?;
                // A file that stays goes with the sweep.
                self.remove_file(id).await;
                Ok(dictation)
            }
            Err(error) => match waits_for(&error) {
                Some(reason) => {
                    app.store.upload_waits(id, reason, app.stamp(actor)).await?;
                    Err(UploadError::Waits {
                        reason,
                        message: error.to_string(),
                    })
                }
                None => Err(error.into()),
            },
        }
    }

    async fn hand_over(
        &self,
        app: &App,
        upload: &Upload,
        input: Input,
        actor: &Actor,
    ) -> Result<DictationId, WorkflowError> {
        let owner = intake::identify(
            app,
            &upload.mrn,
            upload.birth_date,
            upload.encounter.as_deref(),
        )
        .await?;
        let stored = intake::keep_input(app, input).await?;
        let sound = Sound {
            recording: NewTake {
                sha256: stored.sha256,
                bytes: stored.bytes,
                original_name: upload.name.clone(),
            },
            made_of: Vec::new(),
            placed: Vec::new(),
        };
        let dictation = intake::hand_over(
            app,
            &owner,
            upload.author_id,
            upload.orders,
            None,
            sound,
            actor,
        )
        .await?;
        Ok(dictation.id)
    }

    /// Says whose an upload is, and makes a dictation of it if it is whole.
    ///
    /// # Errors
    /// As [`Uploads::complete`].
    pub async fn decide(
        &self,
        app: &App,
        id: UploadId,
        (mrn, birth_date, encounter): (Mrn, Option<Date>, Option<String>),
        actor: &Actor,
    ) -> Result<Option<DictationId>, UploadError> {
        let owner = intake::identify(app, &mrn, birth_date, encounter.as_deref()).await?;
        let upload = app
            .store
            .upload_belongs(id, mrn, birth_date, encounter, app.stamp(actor))
            .await?;
        tracing::debug!(upload = %id, patient = %owner.patient.id, "an upload was assigned");
        if upload.received < upload.bytes {
            return Ok(None);
        }
        self.complete(app, id, actor).await.map(Some)
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// [`UploadError::Done`] where it became a dictation.
    pub async fn give_up(&self, app: &App, id: UploadId, actor: &Actor) -> Result<(), UploadError> {
        let _held = self.hold(id)?;
        let upload = app.store.upload(id).await?;
        match upload.dictation_id {
            Some(dictation) => Err(UploadError::Done(dictation)),
            None => self.remove(app, id, "given_up", actor).await,
        }
    }

    async fn remove(
        &self,
        app: &App,
        id: UploadId,
        reason: &'static str,
        actor: &Actor,
    ) -> Result<(), UploadError> {
        app.store
            .remove_upload(id, reason, app.stamp(actor))
            .await?;
        // A file without a row goes with the sweep.
        self.remove_file(id).await;
        Ok(())
    }

    async fn remove_file(&self, id: UploadId) {
        let inner = self.inner.clone();
        let _ = blocking(move || Ok(inner.vault.remove(&name_of(id))?)).await;
    }

    /// Gives up what nobody goes on with, and deletes files that belong to nothing. What waits for a person waits.
    pub async fn sweep(&self, app: &App) -> Result<usize, UploadError> {
        let system = Actor {
            name: "system".into(),
            via: "uploads".into(),
        };
        let now = app.clock.now();
        let mut gone = 0;
        for upload in app.store.open_uploads(None).await? {
            let abandoned = upload.touched_at < now - SignedDuration::from_hours(ABANDONED_H);
            if abandoned
                && upload.waits_for.is_none()
                && let Ok(_held) = self.hold(upload.id)
            {
                self.remove(app, upload.id, "abandoned", &system).await?;
                gone += 1;
            }
        }
        app.store
            .forget_uploads(now - SignedDuration::from_hours(24 * REMEMBERED_DAYS))
            .await?;
        // The folder is read first: what begins meanwhile has its row before its file.
        let inner = self.inner.clone();
        let files = blocking(move || Ok(inner.vault.files()?)).await?;
        let known: HashSet<PathBuf> = app
            .store
            .open_uploads(None)
            .await?
            .iter()
            .map(|upload| self.inner.vault.path(&name_of(upload.id)))
            .collect();
        let left: Vec<PathBuf> = files.into_iter().filter(|f| !known.contains(f)).collect();
        blocking(move || {
            for path in left {
                // What cannot be removed now is tried again.
                let _ = std::fs::remove_file(path);
            }
            Ok(())
        })
        .await?;
        Ok(gone)
    }

    fn hold(&self, id: UploadId) -> Result<Held, UploadError> {
        let mut in_use = self
            .inner
            .in_use
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !in_use.insert(id) {
            return Err(UploadError::InUse);
        }
        Ok(Held {
            inner: self.inner.clone(),
            id,
        })
    }
}

impl Inner {
    /// What was received of an upload, to be read.
    fn input(&self, upload: &Upload) -> Input {
        let (vault, name, bytes) = (self.vault.clone(), name_of(upload.id), upload.received);
        Input::opened_by(&upload.name, move || {
            let reader = vault.open_growing(&name).map_err(std::io::Error::other)?;
            if reader.length() < bytes {
                return Err(std::io::Error::other("its end is missing"));
            }
            Ok(Box::new(reader))
        })
    }
}

/// What the sealed file of an upload is known by.
fn name_of(id: UploadId) -> String {
    format!("upload {id}")
}

/// SHA-256 (hex) of what can be read.
fn sha256(input: &Input) -> Result<String, WorkflowError> {
    let failed = |e| at(input.name(), e);
    let mut hash = Sha256::new();
    let mut bytes = input.bytes().map_err(failed)?;
    std::io::copy(&mut bytes, &mut hash).map_err(failed)?;
    Ok(hex(&hash.finalize()))
}

/// An upload that nobody else writes to.
struct Held {
    inner: Arc<Inner>,
    id: UploadId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner
            .in_use
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

/// A part that is being written. What came counts after [`Part::close`]; where that is not called, it comes again.
pub struct Part {
    inner: Arc<Inner>,
    upload: Upload,
    /// The byte that comes next.
    at: u64,
    file: Option<Appender>,
    _held: Held,
}

impl Part {
    /// Takes the next bytes. Bytes that are known are compared, not written.
    ///
    /// # Errors
    /// [`UploadError::Differs`] and [`UploadError::TooMany`]; none of these bytes was written then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        let end = self.at + bytes.len() as u64;
        if end > self.upload.bytes {
            return Err(UploadError::TooMany(self.upload.bytes));
        }
        let known = (self.upload.received.saturating_sub(self.at) as usize).min(bytes.len());
        let (old, new) = (bytes[..known].to_vec(), bytes[known..].to_vec());
        let Some(mut file) = self.file.take() else {
            return Err(StoreError::Closed.into());
        };
        let (start, inner, id) = (self.at, self.inner.clone(), self.upload.id);
        let (file, same) = blocking(move || {
            if !old.is_empty() {
                let mut there = vec![0; old.len()];
                let mut reader = inner.vault.open_growing(&name_of(id))?;
                reader
                    .seek(SeekFrom::Start(start))
                    .and_then(|_| reader.read_exact(&mut there))
                    .map_err(|e| at(reader.path(), e))?;
                if there != old {
                    return Ok((file, false));
                }
            }
            file.append(&new)?;
            Ok((file, true))
        })
        .await?;
        self.file = Some(file);
        if !same {
            return Err(UploadError::Differs);
        }
        self.at = end;
        Ok(())
    }

    /// Puts what came on the disk and says so. Gives the upload as it is now.
    pub async fn close(mut self, app: &App) -> Result<Upload, UploadError> {
        if self.at > self.upload.received
            && let Some(mut file) = self.file.take()
        {
            blocking(move || Ok(file.sync()?)).await?;
            app.store
                .upload_received(self.upload.id, self.at, app.clock.now())
                .await?;
            self.upload.received = self.at;
        }
        Ok(self.upload)
    }
}

/// Why a person has to decide about a recording that is whole; none where something else is wrong.
fn waits_for(error: &WorkflowError) -> Option<&'static str> {
    match error {
        WorkflowError::Refused(Refusal::IdentityMismatch { .. }) => Some("identity_mismatch"),
        WorkflowError::Refused(
            Refusal::OtherPatient { .. }
            | Refusal::OtherAuthor { .. }
            | Refusal::KnownEncounter { .. }
            | Refusal::OtherEncounter { .. },
        ) => Some("conflict"),
        e if e.is_not_found() => Some("not_found"),
        _ => None,
    }
}

/// A file name without folders and without what no name has.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_NAME)
        .collect();
    match plain.trim() {
        "" => "recording".into(),
        trimmed => trimmed.to_owned(),
    }
}

fn invalid(message: &str) -> UploadError {
    WorkflowError::Invalid(message.to_owned()).into()
}

fn at(path: &Path, source: std::io::Error) -> WorkflowError {
    BlobError::Store {
        path: path.to_path_buf(),
        source,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_without_folders_and_control_characters() {
        for (given, kept) in [
            ("visit.m4a", "visit.m4a"),
            ("C:\\dictaphone\\A 17.dss", "A 17.dss"),
            ("../../etc/passwd", "passwd"),
            ("a\u{0}b\nc.wav", "abc.wav"),
            ("dir/", "recording"),
            ("", "recording"),
        ] {
            assert_eq!(plain_name(given), kept, "{given:?}");
        }
        assert_eq!(plain_name(&"ä".repeat(999)).chars().count(), LONGEST_NAME);
    }
}
