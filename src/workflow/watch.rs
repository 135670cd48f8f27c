//! Watched folders: recordings are taken in as they come.
//!
//! A folder is looked at again and again, because network shares tell nobody what happens in them. A file is read once
//! its size and time have stood still, nobody holds a lock on it and, where sidecars are the rule, its sidecar is there.
//! Then it is taken in, and goes to `done`, or stays. What cannot be used goes to `failed`, beside a text that says why.
//! Nothing is remembered but in the database: after a restart every file is looked at again, and known by its sound.

use crate::app::App;
use crate::audio::OpenOptions;
use crate::config::{Config, Done, WatchedFolder};
use crate::domain::audit::Actor;
use crate::workflow::arrivals::{
    Desk, Found, Matching, Outcome, Plan, Rules, RulesError, find_in_watched, look_at, sidecars,
    take_in,
};
use crate::workflow::batch::{Stop, stopped};
use crate::workflow::queue::Runner;
use crate::workflow::{WorkflowError, inbox};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Folder for files that were taken in.
pub const DONE: &str = "done";

/// Folder for files that cannot be used.
pub const FAILED: &str = "failed";

/// How long a file that could not be read is left alone before it is tried again.
const LATER: SignedDuration = SignedDuration::from_mins(5);

/// How often the inbox is looked at again: a patient may have been added since.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// What happened in a watched folder.
#[derive(Debug)]
pub enum Event {
    /// A file was dealt with.
    File {
        /// Its name in the folder.
        name: String,
        /// What became of it.
        outcome: Outcome,
        /// Why its file could not be moved, where it had to be.
        left: Option<String>,
    },
    /// The folder, or one in it, cannot be read; told once.
    Unreadable(PathBuf, String),
    /// The list cannot be read; what was read before holds. Told once.
    List(String),
    /// Something could not be stored at this time; it is tried again.
    Failed(WorkflowError),
    /// So many recordings in the inbox became dictations.
    Assigned(usize),
}

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is none.
    #[error("the watched folder {0} is not there or is no folder")]
    Missing(PathBuf),
    /// Files would go from one folder to the other for ever.
    #[error("the watched folders {0} and {1} lie in each other; watch the outer one only")]
    Nested(PathBuf, PathBuf),
    /// Osler's own files.
    #[error("the watched folder {0} and the data folder lie in each other; watch another folder")]
    Data(PathBuf),
    /// The rules.
    #[error("the watched folder {0}: {1}")]
    Rules(PathBuf, RulesError),
}

/// Watches one folder.
pub struct Watcher {
    app: App,
    folder: WatchedFolder,
    desk: Desk,
    rules: Arc<Rules>,
    seen: HashMap<PathBuf, Seen>,
    told: Vec<(PathBuf, String)>,
    told_list: Option<String>,
    looked_again: Option<Timestamp>,
}

/// What a file looked like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    look: Look,
    /// Since when it has looked like this.
    since: Timestamp,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It is waited for.
    Wait,
    /// It was dealt with and stays where it is.
    Leave,
    /// It is tried again after this.
    Later(Timestamp),
}

/// Watchers for all folders of a configuration.
///
/// # Errors
/// [`WatchError`], with what has to be changed.
pub fn watchers(app: &App, config: &Config) -> Result<Vec<Watcher>, WatchError> {
    let mut places: Vec<PathBuf> = Vec::new();
    for folder in &config.watch {
        let place = std::fs::canonicalize(&folder.folder)
            .map_err(|_| WatchError::Missing(folder.folder.clone()))?;
        for other in &places {
            if place.starts_with(other) || other.starts_with(&place) {
                return Err(WatchError::Nested(other.clone(), place));
            }
        }
        places.push(place);
    }
    config
        .watch
        .iter()
        .map(|folder| Watcher::new(app.clone(), config, folder.clone()))
        .collect()
}

impl Watcher {
    /// A watcher that has seen nothing yet.
    ///
    /// # Errors
    /// [`WatchError`], with what has to be changed.
    pub fn new(app: App, config: &Config, folder: WatchedFolder) -> Result<Self, WatchError> {
        let place = std::fs::canonicalize(&folder.folder)
            .ok()
            .filter(|place| place.is_dir())
            .ok_or_else(|| WatchError::Missing(folder.folder.clone()))?;
        let data = std::fs::canonicalize(&config.data).unwrap_or_else(|_| config.data.clone());
        if place.starts_with(&data) || data.starts_with(&place) {
            return Err(WatchError::Data(folder.folder));
        }
        let rules = Rules::read(&Matching::from(&folder), &config.recorders)
            .map_err(|e| WatchError::Rules(folder.folder.clone(), e))?;
        let name = folder.name.clone().unwrap_or_else(|| {
            folder
                .folder
                .file_name()
                .map_or_else(|| "folder".into(), |n| n.to_string_lossy().into_owned())
        });
        Ok(Self {
            app,
            desk: Desk {
                source: name,
                actor: Actor {
                    name: "system".into(),
                    via: "watch".into(),
                },
                open: OpenOptions {
                    dss_decoder: config.dss_decoder.clone(),
                    ..OpenOptions::default()
                },
            },
            rules: Arc::new(rules),
            folder,
            seen: HashMap::new(),
            told: Vec::new(),
            told_list: None,
            looked_again: None,
        })
    }

    /// What the inbox calls the folder.
    pub fn name(&self) -> &str {
        &self.desk.source
    }

    /// Looks again and again until it is to stop. The runner is told of what is to be transcribed.
    pub async fn run(
        mut self,
        runner: Option<Runner>,
        mut stop: Stop,
        mut tell: impl FnMut(&str, Event),
    ) {
        let every = Duration::from_secs(u64::from(self.folder.every_s.max(1)));
        loop {
            let events = tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                events = self.look() => events,
            };
            let mut taken_in = false;
            for event in events {
                taken_in |= matches!(
                    event,
                    Event::Assigned(_)
                        | Event::File {
                            outcome: Outcome::TakenIn(_),
                            ..
                        }
                );
                tell(&self.desk.source, event);
            }
            if let (true, Some(runner)) = (taken_in, &runner) {
                runner.wake();
            }
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// Looks once: takes in what is ready, and notes what is not.
    pub async fn look(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.refresh_list(&mut events);
        let folder = self.folder.folder.clone();
        let listing =
            tokio::task::spawn_blocking(move || find_in_watched(&folder, &[DONE, FAILED]))
                .await
                .unwrap_or_default();
        self.tell_unreadable(&listing.unreadable, &mut events);
        if listing.unreadable.is_empty() {
            // What is gone is forgotten; of a folder that cannot be read nothing is known.
            let there: std::collections::HashSet<&PathBuf> =
                listing.found.iter().map(|f| &f.path).collect();
            self.seen.retain(|path, _| there.contains(path));
        }
        for found in listing.found {
            if !self.is_ready(&found) {
                continue;
            }
            match self.deal_with(found).await {
                Ok(event) => events.push(event),
                Err(error) => {
                    // The database or its disk: the files wait.
                    events.push(Event::Failed(error));
                    return events;
                }
            }
        }
        self.look_again(&mut events).await;
        events
    }

    fn refresh_list(&mut self, events: &mut Vec<Event>) {
        if !self.rules.is_stale() {
            self.told_list = None;
            return;
        }
        let mut rules = (*self.rules).clone();
        match rules.refresh() {
            Ok(()) => {
                self.rules = Arc::new(rules);
                self.told_list = None;
            }
            Err(error) => {
                let error = error.to_string();
                if self.told_list.as_ref() != Some(&error) {
                    events.push(Event::List(error.clone()));
                    self.told_list = Some(error);
                }
            }
        }
    }

    fn tell_unreadable(&mut self, unreadable: &[(PathBuf, String)], events: &mut Vec<Event>) {
        for trouble in unreadable {
            if !self.told.contains(trouble) {
                events.push(Event::Unreadable(trouble.0.clone(), trouble.1.clone()));
            }
        }
        self.told = unreadable.to_vec();
    }

    /// Whether a file has stood still for long enough and can be read.
    fn is_ready(&mut self, found: &Found) -> bool {
        let Ok(meta) = std::fs::metadata(&found.path) else {
            return false;
        };
        let look = Look {
            bytes: meta.len(),
            modified: meta.modified().ok(),
        };
        let now = self.app.clock.now();
        let fresh = Seen {
            look,
            since: now,
            then: Then::Wait,
        };
        let seen = self.seen.entry(found.path.clone()).or_insert(fresh);
        // A clock that was set back begins to wait anew.
        if seen.look != look || now < seen.since {
            *seen = fresh;
        }
        let settle = SignedDuration::from_secs(self.folder.settle_s.into());
        // Some programs make a file long before they fill it.
        let settle = if look.bytes == 0 {
            settle.max(LATER)
        } else {
            settle
        };
        let settled = now.duration_since(seen.since) >= settle;
        let due = match seen.then {
            Then::Wait => settled,
            Then::Leave => false,
            Then::Later(at) => now >= at,
        };
        due && (!self.folder.sidecar || self.has_sidecar(found)) && !is_held(&found.path)
    }

    fn has_sidecar(&self, found: &Found) -> bool {
        sidecars(&found.path).iter().any(|path| path.is_file())
    }

    async fn deal_with(&mut self, found: Found) -> Result<Event, WorkflowError> {
        let name = found.relative.clone();
        let arrival = look_at(&self.app, &self.rules, &self.desk, found.clone()).await?;
        let outcome = match &arrival.plan {
            // What is not there any more, or changes again, is no news.
            Plan::Nothing(outcome) => outcome.clone(),
            _ => take_in(&self.app, &self.desk, &arrival).await?,
        };
        let (then, moved) = match &outcome {
            Outcome::NotNow(_) => (Then::Later(self.app.clock.now() + LATER), Ok(())),
            Outcome::Unreadable(reason) | Outcome::Refused(reason) => (
                Then::Leave,
                self.put_aside(&found, FAILED, Some(reason.clone())).await,
            ),
            _ => match self.folder.done {
                Done::Move => (Then::Leave, self.put_aside(&found, DONE, None).await),
                Done::Leave => (Then::Leave, Ok(())),
            },
        };
        if let Some(seen) = self.seen.get_mut(&found.path) {
            seen.then = then;
        }
        Ok(Event::File {
            name,
            outcome,
            left: moved.err(),
        })
    }

    /// Moves a file, its sidecars with it, and says why beside it where there is a reason.
    async fn put_aside(
        &self,
        found: &Found,
        to: &'static str,
        reason: Option<String>,
    ) -> Result<(), String> {
        let (root, found) = (self.folder.folder.clone(), found.clone());
        let now = self.app.clock.now();
        tokio::task::spawn_blocking(move || {
            put_aside(&root, &found, to, reason.as_deref(), now)
                .map_err(|e| format!("its file cannot be moved to {to}: {e}"))
        })
        .await
        .map_err(|e| e.to_string())?
    }

    async fn look_again(&mut self, events: &mut Vec<Event>) {
        let now = self.app.clock.now();
        let due = self
            .looked_again
            .is_none_or(|last| now < last || now.duration_since(last) >= LOOK_AGAIN);
        if !due {
            return;
        }
        self.looked_again = Some(now);
        match inbox::look_again(&self.app, &self.desk.actor).await {
            Ok(assigned) if assigned.is_empty() => {}
            Ok(assigned) => events.push(Event::Assigned(assigned.len())),
            Err(error) => events.push(Event::Failed(error)),
        }
    }
}

/// Whether whoever writes a file holds a lock on it, or the system does not let it be opened for that reason.
fn is_held(path: &Path) -> bool {
    match std::fs::File::open(path) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(e) => matches!(
            e.kind(),
            std::io::ErrorKind::ResourceBusy | std::io::ErrorKind::WouldBlock
        ),
    }
}

fn put_aside(
    root: &Path,
    found: &Found,
    to: &str,
    reason: Option<&str>,
    now: Timestamp,
) -> std::io::Result<()> {
    let below = Path::new(&found.relative).parent().unwrap_or(Path::new(""));
    let folder = root.join(to).join(below);
    std::fs::create_dir_all(&folder)?;
    let target = free_name(&folder, &found.name());
    if let Some(reason) = reason {
        // Before the file itself: where it lies aside, there is a reason beside it.
        let text = format!(
            "{}\n{reason}\n\nNothing of this file was taken in. When that is settled, put it back into {}.\n",
            now.strftime("%Y-%m-%d %H:%M:%S UTC"),
            root.join(below).display(),
        );
        std::fs::write(with_ending(&target, "reason.txt"), text)?;
    }
    std::fs::rename(&found.path, &target)?;
    for sidecar in sidecars(&found.path) {
        let Some(name) = sidecar.file_name() else {
            continue;
        };
        if sidecar.is_file() {
            let target = free_name(&folder, &name.to_string_lossy());
            std::fs::rename(&sidecar, target)?;
        }
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A name in a folder that no file has: `a.wav`, `a (2).wav`, ...
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    let (stem, ending) = match name.split_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut n = 2;
    while path.symlink_metadata().is_ok() {
        path = folder.join(format!("{stem} ({n}){ending}"));
        n += 1;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_locked_by_its_writer_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let writer = std::fs::File::create(&path).unwrap();
        assert!(!is_held(&path));
        writer.lock().unwrap();
        assert!(is_held(&path));
        writer.unlock().unwrap();
        assert!(!is_held(&path));
    }

    #[test]
    fn nothing_is_overwritten_when_files_are_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("mon")).unwrap();
        let found = Found {
            path: root.join("mon/a.wav"),
            relative: "mon/a.wav".into(),
        };
        for n in ["1", "2"] {
            std::fs::write(&found.path, n).unwrap();
            std::fs::write(root.join("mon/a.json"), "{}").unwrap();
            put_aside(root, &found, FAILED, Some("why"), Timestamp::UNIX_EPOCH).unwrap();
        }
        let mut names: Vec<String> = std::fs::read_dir(root.join("failed/mon"))
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "a (2).json",
                "a (2).wav",
                "a (2).wav.reason.txt",
                "a.json",
                "a.wav",
                "a.wav.reason.txt"
            ]
        );
        assert_eq!(
            std::fs::read(root.join("failed/mon/a (2).wav")).unwrap(),
            b"2"
        );
        let why = std::fs::read_to_string(root.join("failed/mon/a.wav.reason.txt")).unwrap();
        assert!(why.contains("why") && why.contains("1970-01-01"), "{why}");
    }
}
