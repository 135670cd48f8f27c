//! What the house needs beside the work of the day: backups, removals, a look at the disk, the master key.

use crate::app::App;
use crate::config::Config;
use crate::domain::audit::{Action, Actor};
use crate::store::keys::{Keys, Rotated, default_file};
use crate::store::space::{Space, spoken};
use crate::store::{FILE_NAME, StoreError};
use crate::workflow::backup::{self, BackupError};
use crate::workflow::{WorkflowError, retention, trail};
use jiff::SignedDuration;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Held while a run of upkeep lasts: a backup does not find what a removal is about to take.
pub struct Turn(#[expect(dead_code, reason = "the lock goes with the file")] File);

/// Waits for nobody: one run of upkeep at a time on a data folder.
///
/// # Errors
/// [`StoreError::Conflict`] where another one is under way.
pub fn turn(app: &App) -> Result<Turn, WorkflowError> {
    let path = app.config.data.join(format!("{FILE_NAME}.upkeep"));
    let failed = |e: std::io::Error| StoreError::CannotCreate {
        path: path.clone(),
        reason: e.to_string(),
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Turn(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Conflict(
            "a backup or a removal of old recordings is under way; try again when it has ended"
                .into(),
        )
        .into()),
        Err(TryLockError::Error(e)) => Err(failed(e).into()),
    }
}

/// The key file that this configuration means.
pub fn key_file(config: &Config) -> PathBuf {
    config
        .key_file
        .clone()
        .unwrap_or_else(|| default_file(&config.data))
}

/// A word of warning where the disk of the data folder, or that of the backups, is nearly full.
pub fn warning(folder: &Path) -> Option<String> {
    let space = Space::of(folder).filter(|space| space.is_little())?;
    Some(format!(
        "only {} are left on the disk of {}; make room before recordings cannot be stored any more",
        spoken(space.free),
        folder.display()
    ))
}

/// Hours between two backups that a service makes by itself.
const BACKUP_H: i64 = 24;

/// What one look did.
#[derive(Debug, Default)]
pub struct Done {
    /// Recordings that were removed.
    pub removed: usize,
    /// Rows of the audit trail whose time was over.
    pub expired: i64,
    /// The backup that was made.
    pub backup: Option<PathBuf>,
}

/// Removes recordings and rows of the trail whose time is over, and makes a backup where the last one is a day old, each where it is set up. What
/// fails is in the log, and is tried again at the next look.
pub async fn look(app: &App) -> Done {
    let actor = Actor {
        name: "system".into(),
        via: "upkeep".into(),
    };
    let mut done = Done::default();
    for folder in [Some(&app.config.data), app.config.backups.as_ref()] {
        if let Some(warning) = folder.and_then(|folder| warning(folder)) {
            tracing::warn!("{warning}");
        }
    }
    if app.config.retention.audio_days.is_some() {
        match retention::run(app, false, &actor).await {
            Ok(removed) => done.removed = removed.sounds.len(),
            Err(error) => tracing::error!(%error, "recordings whose time is over were not removed"),
        }
    }
    if app.config.retention.audit_years.is_some() {
        match trail::expire(app, &actor).await {
            Ok(closed) => done.expired = closed.map_or(0, |checkpoint| checkpoint.rows),
            Err(error) => tracing::error!(%error, "the audit trail keeps rows whose time is over"),
        }
    }
    if let Some(place) = &app.config.backups {
        match backup_if_due(app, place, &actor).await {
            Ok(made) => done.backup = made,
            Err(error) => tracing::error!(%error, "no backup was made"),
        }
    }
    done
}

async fn backup_if_due(
    app: &App,
    place: &Path,
    actor: &Actor,
) -> Result<Option<PathBuf>, BackupError> {
    let last = if place.is_dir() {
        backup::list(place)?.pop()
    } else {
        None
    };
    let due = last.is_none_or(|(_, manifest)| {
        app.clock.now().duration_since(manifest.made_at) >= SignedDuration::from_hours(BACKUP_H)
    });
    if !due {
        return Ok(None);
    }
    let made = backup::create(app, place, actor).await?;
    tracing::info!(folder = %made.folder.display(), "a backup was made");
    Ok(Some(made.folder))
}

/// Puts a fresh master key in the place of the old one and writes that down. A service that runs goes on with the keys that
/// it has.
///
/// # Errors
/// What is wrong with the key file; nothing has changed then.
pub async fn rotate_key(app: &App, actor: &Actor) -> Result<Rotated, WorkflowError> {
    let _turn = turn(app)?;
    let (data, file) = (app.config.data.clone(), key_file(&app.config));
    let rotated = tokio::task::spawn_blocking(move || Keys::rotate(&data, &file))
        .await
        .map_err(|e| StoreError::Broken(e.to_string()))?
        .map_err(StoreError::from)?;
    let details = serde_json::json!({"from": rotated.from, "to": rotated.to});
    app.store
        .record_upkeep(
            Action::KeyRotated,
            rotated.to.clone(),
            details,
            app.stamp(actor),
        )
        .await?;
    Ok(rotated)
}
