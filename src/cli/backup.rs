//! `osler backup`: the database and the recordings, saved while everybody works, checked, and put back.

use crate::app::App;
use crate::cli::ask;
use crate::cli::common::{NOBODY, local, with_app};
use crate::cli::exit::{Code, Failure};
use crate::config::Config;
use crate::domain::audit::{Action, Actor};
use crate::domain::policy;
use crate::store::Opening;
use crate::store::space::spoken;
use crate::workflow::backup::{self, BackupError, Checked};
use crate::workflow::people::{Subject, authorise};
use crate::workflow::upkeep;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `osler backup ...`. A backup stays encrypted; the key file is not in it: keep a copy of that elsewhere.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Save the database and the recordings in a new folder; the service may run meanwhile
    Create {
        /// Folder of the backups, on another disk; the configured one where it is left out
        place: Option<PathBuf>,
        /// The administrator who does this; left out, the trail names the system
        #[arg(long = "as", value_name = "USER")]
        by: Option<String>,
    },
    /// List the backups, oldest first
    List {
        /// Folder of the backups
        place: Option<PathBuf>,
    },
    /// Check a backup: each file, and with the key the database and the audit trail
    Verify {
        /// The backup's folder; the newest one where it is left out
        backup: Option<PathBuf>,
        /// Decrypt every recording and compare it with what was taken in
        #[arg(long)]
        sound: bool,
    },
    /// Put a backup into a new data folder (--data), with the key that it was made with
    Restore {
        /// The backup's folder
        backup: PathBuf,
    },
}

/// Runs the command.
pub fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::Create { place, by } => create(place, by, config),
        Command::List { place } => list(place, &config),
        Command::Verify { backup, sound } => verify(backup, sound, config),
        Command::Restore { backup } => restore(&backup, config),
    }
}

fn place(named: Option<PathBuf>, config: &Config) -> Result<PathBuf, BackupError> {
    named
        .or_else(|| config.backups.clone())
        .ok_or(BackupError::NoPlace)
}

fn create(named: Option<PathBuf>, by: Option<String>, config: Config) -> Result<(), Failure> {
    let place = place(named, &config)?;
    with_app(config, Opening::Existing, async |app| {
        let made = match by {
            None => backup::create(app, &place, &Actor::cli(NOBODY)).await?,
            Some(by) => {
                ask::logged_in(app, &by, async |who| {
                    authorise(app, who, policy::Action::Backup, Subject::NONE).await?;
                    Ok(backup::create(app, &place, &who.actor()).await?)
                })
                .await?
            }
        };
        writeln!(
            std::io::stdout().lock(),
            "{}: {} files, {}, {} of them linked to the backup before; opened by key {}",
            made.folder.display(),
            made.manifest.files.len(),
            spoken(made.manifest.bytes()),
            made.linked,
            made.manifest.key
        )?;
        if let Some(warning) = upkeep::warning(&place) {
            writeln!(std::io::stderr().lock(), "osler: warning: {warning}")?;
        }
        match made.manifest.missing.len() {
            0 => Ok(()),
            n => Err(Failure::new(
                Code::Store,
                format!(
                    "the backup was made, but {n} recording(s) that the database knows are not in the audio store; osler backup verify on an older backup tells whether they are there"
                ),
            )),
        }
    })
}

fn list(named: Option<PathBuf>, config: &Config) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (folder, manifest) in backup::list(&place(named, config)?)? {
        writeln!(
            out,
            "{}  {}  {:>9}  {} files  key {}  {}",
            local(manifest.made_at),
            manifest.kind,
            spoken(manifest.bytes()),
            manifest.files.len(),
            manifest.key,
            folder.display()
        )?;
    }
    Ok(())
}

fn verify(named: Option<PathBuf>, sound: bool, config: Config) -> Result<(), Failure> {
    let folder = match named {
        Some(folder) => folder,
        None => {
            let place = place(None, &config)?;
            let newest = backup::list(&place)?.pop();
            newest.ok_or(BackupError::NoBackup(place))?.0
        }
    };
    let checked = backup::verify(&folder, &upkeep::key_file(&config), sound)?;
    report(&folder, &checked)?;
    // Where the practice itself is there, its trail has to go on from where the backup ends.
    if config.data.join(crate::store::FILE_NAME).is_file() && checked.problems.is_empty() {
        with_app(config, Opening::Existing, async |app| {
            compare(app, &checked).await
        })?;
    }
    if checked.problems.is_empty() {
        return Ok(());
    }
    Err(BackupError::NotWhole {
        folder,
        problems: checked.problems,
    }
    .into())
}

fn report(folder: &Path, checked: &Checked) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let manifest = &checked.manifest;
    writeln!(
        out,
        "{}: made {}, {} files, {}, audit trail up to row {}",
        folder.display(),
        local(manifest.made_at),
        manifest.files.len(),
        spoken(manifest.bytes()),
        manifest.audit.seq
    )?;
    for note in &checked.notes {
        writeln!(out, "note: {note}")?;
    }
    if checked.problems.is_empty() {
        writeln!(out, "whole")?;
    }
    Ok(())
}

async fn compare(app: &App, checked: &Checked) -> Result<(), Failure> {
    // A backup of another folder has other keys and says nothing about this one.
    if !backup::is_of(app, &checked.manifest)? {
        return Ok(());
    }
    if backup::trail_goes_on(app, &checked.manifest).await? {
        writeln!(
            std::io::stdout().lock(),
            "the audit trail of {} goes on from there",
            app.config.data.display()
        )?;
        return Ok(());
    }
    Err(Failure::new(
        Code::Refused,
        format!(
            "the audit trail of {} was changed or cut since this backup: its row {} is not what it was",
            app.config.data.display(),
            checked.manifest.audit.seq
        ),
    ))
}

fn restore(folder: &Path, config: Config) -> Result<(), Failure> {
    let data = config.data.clone();
    let manifest = backup::restore(folder, &data, &upkeep::key_file(&config))?;
    with_app(config, Opening::Existing, async |app| {
        let details = serde_json::json!({
            "made_at": manifest.made_at,
            "audit_seq": manifest.audit.seq,
        });
        let what = manifest.made_at.to_string();
        let stamp = app.stamp(&Actor::cli(NOBODY));
        app.store
            .record_upkeep(Action::BackupRestored, what, details, stamp)
            .await?;
        writeln!(
            std::io::stdout().lock(),
            "{}: {} database of {}, {} files, {}",
            data.display(),
            manifest.kind,
            local(manifest.made_at),
            manifest.files.len(),
            spoken(manifest.bytes())
        )?;
        Ok(())
    })
}
