//! What somebody hears: a recording as a browser can play it, with its waveform.
//!
//! Recordings stay as they came; a browser cannot play all of them, and no two players count seconds alike in a damaged
//! one. So each is decoded once, as for the engine, into a WAV that lies beside its waveform in the data folder. Both can
//! be deleted at any time: what is asked for and missing is made again.

use crate::app::App;
use crate::audio::playable::{self, PEAKS_PER_S};
use crate::audio::{AudioError, OpenOptions, seconds};
use crate::store::StoreError;
use crate::store::blobs::{BlobError, make_folder};
use crate::workflow::WorkflowError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;

/// Folder inside the data folder. The number goes up where what is made changes.
pub const FOLDER: &str = "playable-1";

/// What is being made begins with this.
const MAKING: &str = ".making-";

/// Recordings that are decoded at the same time; more of them only take the engine's cores.
const AT_ONCE: usize = 2;

/// What nobody has heard for so long is deleted.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);

/// Bytes of a WAV header as they are written here.
const HEADER: u64 = 44;

/// A recording that can be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Playable {
    /// 16 kHz mono WAV.
    pub wav: PathBuf,
    /// Changes when the sound does.
    pub tag: String,
    /// Seconds.
    pub duration_s: f64,
    /// The greatest level of each twentieth of a second, 0 to 255.
    pub peaks: Vec<u8>,
}

impl Playable {
    /// How many peaks there are for a second.
    pub const PER_S: usize = PEAKS_PER_S;
}

/// The folder of what can be played. Clones are the same.
#[derive(Debug, Clone)]
pub struct Renditions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    /// One lock per recording that is being made, so that it is made once.
    making: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    slots: Semaphore,
}

impl Renditions {
    /// Over the data folder; the folder itself is made when it is needed.
    pub fn new(data: &Path) -> Self {
        Self {
            inner: Arc::new(Inner {
                root: data.join(FOLDER),
                making: Mutex::default(),
                slots: Semaphore::new(AT_ONCE),
            }),
        }
    }

    /// The recording with this address, made playable if it is not.
    ///
    /// # Errors
    /// [`WorkflowError::Audio`] where the recording is missing or damaged, [`WorkflowError::Recording`] where it cannot be
    /// decoded.
    pub async fn get(&self, app: &App, sha256: &str) -> Result<Playable, WorkflowError> {
        // Whoever waits here finds it made.
        let lock = self
            .inner
            .making
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(sha256.to_owned())
            .or_default()
            .clone();
        let held = lock.lock().await;
        let result = self.find_or_make(app, sha256).await;
        drop(held);
        let mut making = self
            .inner
            .making
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The map and this call hold it; a third one waits for it.
        if Arc::strong_count(&lock) <= 2 {
            making.remove(sha256);
        }
        result
    }

    async fn find_or_make(&self, app: &App, sha256: &str) -> Result<Playable, WorkflowError> {
        let place = self.place(sha256);
        let tag = tag(sha256);
        let looked = {
            let (place, tag) = (place.clone(), tag.clone());
            blocking(move || Ok(place.find(tag))).await?
        };
        if let Some(found) = looked {
            return Ok(found);
        }
        let _slot = self.inner.slots.acquire().await;
        let (audio, sha256) = (app.audio.clone(), sha256.to_owned());
        let options = OpenOptions {
            dss_decoder: app.config.dss_decoder.clone(),
            ..OpenOptions::default()
        };
        blocking(move || {
            let recording = audio.verified(&sha256)?;
            place.make(&recording, &options)?;
            place.find(tag).ok_or_else(|| {
                StoreError::Broken(format!(
                    "{} was written and cannot be read",
                    place.wav.display()
                ))
                .into()
            })
        })
        .await
    }

    /// Deletes what can be played of a recording that is no longer kept.
    pub async fn forget(&self, sha256: &str) -> Result<(), WorkflowError> {
        let place = self.place(sha256);
        blocking(move || {
            place.remove();
            Ok(())
        })
        .await
    }

    /// Deletes what nobody has heard for two weeks, and what killed runs left.
    pub async fn sweep(&self) -> Result<usize, WorkflowError> {
        let root = self.inner.root.clone();
        blocking(move || Ok(sweep(&root, SystemTime::now()))).await
    }

    fn place(&self, sha256: &str) -> Place {
        let (shelf, name) = sha256.split_at_checked(2).unwrap_or(("", sha256));
        let folder = self.inner.root.join(shelf);
        Place {
            wav: folder.join(format!("{name}.wav")),
            peaks: folder.join(format!("{name}.peaks")),
            folder,
        }
    }
}

/// Where the two files of a recording lie.
#[derive(Clone)]
struct Place {
    folder: PathBuf,
    wav: PathBuf,
    peaks: PathBuf,
}

impl Place {
    /// Both files, if they are there and belong together.
    fn find(&self, tag: String) -> Option<Playable> {
        let peaks = std::fs::read(&self.peaks).ok()?;
        let file = std::fs::File::open(&self.wav).ok()?;
        let meta = file.metadata().ok()?;
        let samples = meta.len().checked_sub(HEADER)? / 2;
        let span = (crate::audio::SAMPLE_RATE / PEAKS_PER_S) as u64;
        if samples.div_ceil(span) != peaks.len() as u64 {
            return None;
        }
        // Tells the sweep that somebody hears it. Where that fails it is only made again sooner.
        let _ = std::fs::OpenOptions::new()
            .write(true)
            .open(&self.wav)
            .and_then(|f| f.set_modified(SystemTime::now()));
        Some(Playable {
            wav: self.wav.clone(),
            tag,
            duration_s: seconds(samples),
            peaks,
        })
    }

    fn make(&self, recording: &Path, options: &OpenOptions) -> Result<(), WorkflowError> {
        make_folder(&self.folder)?;
        let temporary = self
            .folder
            .join(format!("{MAKING}{}", uuid::Uuid::now_v7().as_simple()));
        let at = |path: &Path, source| BlobError::Store {
            path: path.to_path_buf(),
            source,
        };
        let made = playable::render(recording, options, &temporary)
            .map_err(|e| match e {
                AudioError::Write(path, source) => WorkflowError::Audio(at(&path, source)),
                other => WorkflowError::Recording {
                    file: "the recording".into(),
                    reason: format!("it cannot be played ({})", other.code()),
                },
            })
            .and_then(|waveform| {
                // The sound comes last: where it is, the waveform is.
                write_private(&self.peaks, &waveform.peaks).map_err(|e| at(&self.peaks, e))?;
                std::fs::rename(&temporary, &self.wav).map_err(|e| at(&self.wav, e))?;
                Ok(())
            });
        if made.is_err() {
            // If even that fails, the sweep does it.
            let _ = std::fs::remove_file(&temporary);
        }
        made
    }

    fn remove(&self) {
        // What is not there is gone already; what cannot be removed goes with the sweep.
        let _ = std::fs::remove_file(&self.wav);
        let _ = std::fs::remove_file(&self.peaks);
    }
}

/// What a browser is told a recording's sound is known by.
fn tag(sha256: &str) -> String {
    format!("{FOLDER}-{}", sha256.get(..32).unwrap_or(sha256))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// How many files were deleted.
fn sweep(root: &Path, now: SystemTime) -> usize {
    let mut deleted = 0;
    let Ok(shelves) = std::fs::read_dir(root) else {
        return 0; // nothing was ever played
    };
    for shelf in shelves.flatten() {
        let Ok(files) = std::fs::read_dir(shelf.path()) else {
            continue;
        };
        for file in files.flatten() {
            let path = file.path();
            let left = file.file_name().to_string_lossy().starts_with(MAKING);
            let old = file
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|at| now.duration_since(at).ok())
                // No decoding takes an hour.
                .is_some_and(|age| {
                    age > if left {
                        Duration::from_secs(3600)
                    } else {
                        KEEP
                    }
                });
            let is_wav = path.extension().is_some_and(|e| e == "wav");
            if old && (left || is_wav) && std::fs::remove_file(&path).is_ok() {
                deleted += 1;
                if is_wav {
                    let _ = std::fs::remove_file(path.with_extension("peaks"));
                }
            }
        }
    }
    deleted
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkflowError> + Send + 'static,
) -> Result<T, WorkflowError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_heard_for_two_weeks_goes_with_its_waveform() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = dir.path().join("ab");
        std::fs::create_dir(&shelf).unwrap();
        let now = SystemTime::now();
        for (name, days) in [("old", 15), ("new", 13)] {
            for extension in ["wav", "peaks"] {
                let path = shelf.join(format!("{name}.{extension}"));
                std::fs::write(&path, "x").unwrap();
                std::fs::File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_modified(now - Duration::from_secs(days * 24 * 3600))
                    .unwrap();
            }
        }
        assert_eq!(sweep(dir.path(), now), 1);
        assert!(!shelf.join("old.peaks").exists());
        assert!(shelf.join("new.wav").exists() && shelf.join("new.peaks").exists());
    }
}
