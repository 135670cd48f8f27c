//! How this installation is while it runs, for whoever looks after it: what `osler doctor` finds, the engine, the models,
//! room, and the last backup. Nothing of a patient.

use crate::app::App;
use crate::speech::models::{Manifest, ModelError, Verdict, verify};
use crate::store::IS_ENCRYPTED;
use crate::store::space::Space;
use crate::workflow::doctor::{self, Check, Examine};
use crate::workflow::health;
use crate::workflow::hub::Readiness;
use crate::workflow::{WorkflowError, backup, blocking};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// A speech model that Osler knows, or that lies in the models folder.
#[derive(Debug, Clone)]
pub struct Model {
    /// For example "base".
    pub name: String,
    /// What it understands, for people.
    pub languages: String,
    /// Licence of the weights.
    pub licence: String,
    /// Bytes that fetching it takes.
    pub download_bytes: u64,
    /// Bytes that it takes then.
    pub disk_bytes: u64,
    /// Whether the engine hears with it now.
    pub in_use: bool,
    /// The file that is used of those that are there.
    pub file: Option<File>,
}

/// A model file.
#[derive(Debug, Clone)]
pub struct File {
    /// Where.
    pub path: PathBuf,
    /// Its sum, in hex.
    pub sha256: String,
    /// Whether that is what it should be; none where nobody knows.
    pub is_right: Option<bool>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Each check of `osler doctor`, the port aside: who reads this was answered.
    pub checks: Vec<Check>,
    /// How far the engine is.
    pub engine: Readiness,
    /// Room on the disk of the data folder.
    pub disk: Option<Space>,
    /// Memory of this program, bytes.
    pub memory_bytes: Option<u64>,
    /// Whether the database is encrypted; recordings always are.
    pub is_encrypted: bool,
    /// The models folder.
    pub models_folder: PathBuf,
    /// The name in the configuration.
    pub configured: String,
    /// What there is, and what could be there.
    pub models: Vec<Model>,
    /// Where backups go by themselves, and when the last one was made.
    pub backup: Option<(PathBuf, Option<Timestamp>)>,
}

/// Looks at everything. Model files are read once; after that their sums are known.
///
/// # Errors
/// [`WorkflowError::Store`] where looking panicked.
pub async fn look(app: &App) -> Result<Installation, WorkflowError> {
    let memory_bytes = health::look(app).await.resident_bytes;
    let (config, clock, engine) = (app.config.clone(), app.clock.clone(), app.hub.engine());
    blocking(move || {
        let what = Examine {
            port: None,
            thorough: false,
        };
        let mut checks = doctor::examine(&config, &what, &*clock);
        let models = models(&config.models, &engine).unwrap_or_else(|error| {
            checks.push(Check::failed(
                "models",
                error.to_string(),
                "osler models verify",
            ));
            Vec::new()
        });
        let backup = config.backups.as_ref().map(|place| {
            let last = backup::list(place).ok().and_then(|mut found| found.pop());
            (place.clone(), last.map(|(_, manifest)| manifest.made_at))
        });
        Ok(Installation {
            checks,
            engine,
            disk: Space::of(&config.data),
            memory_bytes,
            is_encrypted: IS_ENCRYPTED,
            models_folder: config.models,
            configured: config.model,
            models,
            backup,
        })
    })
    .await
}

fn models(folder: &Path, engine: &Readiness) -> Result<Vec<Model>, ModelError> {
    let manifest = Manifest::builtin()?;
    let mut out = Vec::new();
    for model in &manifest.models {
        // The first file is the one that is loaded.
        let file = verify(Some(&model.name), folder, &manifest)?
            .into_iter()
            .next()
            .map(|found| File {
                path: found.path,
                sha256: found.sha256,
                is_right: match found.verdict {
                    Verdict::Wrong(..) => Some(false),
                    Verdict::Unknown => None,
                    Verdict::Pinned | Verdict::Published | Verdict::Recorded => Some(true),
                },
            });
        out.push(Model {
            name: model.name.clone(),
            languages: model.languages.clone(),
            licence: model.licence.clone(),
            download_bytes: model.f16.bytes,
            disk_bytes: model.q8_0.bytes,
            in_use: matches!(engine, Readiness::Ready(name) if *name == model.name),
            file,
        });
    }
    Ok(out)
}
