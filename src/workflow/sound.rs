//! What somebody hears: a recording as a browser can play it, with its waveform.
//!
//! Recordings stay as they came; a browser cannot play all of them, and no two players count seconds alike in a damaged
//! one. So each is decoded once, as for the engine, into samples that lie, sealed, beside their waveform in the data folder.
//! Both can be deleted at any time: what is asked for and missing is made again.

use crate::app::App;
use crate::audio::playable::{self, PEAKS_PER_S, Wave};
use crate::audio::{AudioError, Input, OpenOptions, seconds};
use crate::store::StoreError;
use crate::store::blobs::BlobError;
use crate::store::keys::Keys;
use crate::store::vault::{Reader, Vault, VaultError};
use crate::workflow::{WorkflowError, blocking, intake};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;

/// Folder inside the data folder. The number goes up where what is made changes.
pub const FOLDER: &str = "playable-2";

/// Recordings that are decoded at the same time; more of them only take the engine's cores.
const AT_ONCE: usize = 2;

/// What nobody has heard for so long is deleted.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);

/// A recording that can be played.
pub struct Playable {
    /// 16 kHz mono WAV.
    pub wav: Wave<Reader>,
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
    vault: Vault,
    /// One lock per recording that is being made, so that it is made once.
    making: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    slots: Semaphore,
}

impl Renditions {
    /// Over the data folder; the folder itself is made when it is needed.
    pub fn new(data: &Path, keys: &Keys) -> Self {
        Self {
            inner: Arc::new(Inner {
                vault: Vault::new(data.join(FOLDER), keys),
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
            blocking(move || Ok(place.find(&tag))).await?
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
            let recording = intake::stored_sound(&audio, &sha256)?;
            place.make(&recording, &options)?;
            place.find(&tag).ok_or_else(|| {
                let path = place.vault.path(&place.samples);
                let what = format!("{} was written and cannot be read", path.display());
                StoreError::Broken(what).into()
            })
        })
        .await
    }

    /// Deletes what can be played of a recording that is no longer kept.
    pub async fn forget(&self, sha256: &str) -> Result<(), WorkflowError> {
        let place = self.place(sha256);
        blocking(move || Ok(place.remove()?)).await
    }

    /// Deletes what nobody has heard for two weeks, and what killed runs left.
    pub async fn sweep(&self) -> Result<usize, WorkflowError> {
        let inner = self.inner.clone();
        blocking(move || sweep(&inner.vault, SystemTime::now())).await
    }

    fn place(&self, sha256: &str) -> Place {
        Place {
            vault: self.inner.vault.clone(),
            samples: format!("samples {sha256}"),
            peaks: format!("peaks {sha256}"),
        }
    }
}

/// What the two files of a recording are known by.
#[derive(Clone)]
struct Place {
    vault: Vault,
    samples: String,
    peaks: String,
}

impl Place {
    /// Both files, if they are there and belong together.
    fn find(&self, tag: &str) -> Option<Playable> {
        let mut peaks = Vec::new();
        let mut reader = self.vault.open(&self.peaks).ok()?;
        reader.read_to_end(&mut peaks).ok()?;
        let samples = self.vault.open(&self.samples).ok()?;
        let count = samples.length() / 2;
        let span = (crate::audio::SAMPLE_RATE / PEAKS_PER_S) as u64;
        if count.div_ceil(span) != peaks.len() as u64 {
            return None;
        }
        // Tells the sweep that somebody hears it. Where that fails it is only made again sooner.
        for name in [&self.samples, &self.peaks] {
            let _ = std::fs::OpenOptions::new()
                .write(true)
                .open(self.vault.path(name))
                .and_then(|f| f.set_modified(SystemTime::now()));
        }
        Some(Playable {
            wav: Wave::new(samples, count)?,
            tag: tag.to_owned(),
            duration_s: seconds(count),
            peaks,
        })
    }

    fn make(&self, recording: &Input, options: &OpenOptions) -> Result<(), WorkflowError> {
        self.remove()?;
        let mut out = self.vault.create(&self.samples)?;
        let waveform = playable::render(recording, options, &mut out).map_err(|e| match e {
            AudioError::Write(_, source) => WorkflowError::Audio(BlobError::Store {
                path: out.path().to_path_buf(),
                source,
            }),
            other => WorkflowError::Recording {
                file: "the recording".into(),
                reason: format!("it cannot be played ({})", other.code()),
            },
        });
        let made = waveform.and_then(|waveform| {
            let mut peaks = self.vault.create(&self.peaks)?;
            peaks.append(&waveform.peaks)?;
            peaks.finish()?;
            // The sound ends last: where it is whole, the waveform is.
            out.finish()?;
            Ok(())
        });
        if made.is_err() {
            // If even that fails, the sweep does it.
            let _ = self.remove();
        }
        made
    }

    fn remove(&self) -> Result<(), VaultError> {
        self.vault.remove(&self.samples)?;
        self.vault.remove(&self.peaks)?;
        Ok(())
    }
}

/// What a browser is told a recording's sound is known by.
fn tag(sha256: &str) -> String {
    format!("{FOLDER}-{}", sha256.get(..32).unwrap_or(sha256))
}

/// How many files were deleted.
fn sweep(vault: &Vault, now: SystemTime) -> Result<usize, WorkflowError> {
    let mut deleted = 0;
    for path in vault.files()? {
        let old = std::fs::metadata(&path)
            .and_then(|m| m.modified())
            .ok()
            .and_then(|at| now.duration_since(at).ok())
            .is_some_and(|age| age > KEEP);
        if old && std::fs::remove_file(&path).is_ok() {
            deleted += 1;
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_heard_for_two_weeks_goes() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path().join(FOLDER), &Keys::for_testing());
        let now = SystemTime::now();
        for (name, days) in [("old", 15), ("new", 13)] {
            vault.create(name).unwrap().finish().unwrap();
            std::fs::File::options()
                .write(true)
                .open(vault.path(name))
                .unwrap()
                .set_modified(now - Duration::from_secs(days * 24 * 3600))
                .unwrap();
        }
        assert_eq!(sweep(&vault, now).unwrap(), 1);
        assert!(!vault.holds("old") && vault.holds("new"));
    }
}
