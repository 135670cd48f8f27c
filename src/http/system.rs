//! How the installation is, for administrators.

use super::caller::Caller;
use super::error::Problem;
use super::extract::Json;
use crate::app::App;
use crate::domain::policy::Action;
use crate::workflow::doctor::{self, Check};
use crate::workflow::hub::Readiness;
use crate::workflow::installation::{self, Installation, Model};
use crate::workflow::people::Subject;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// One check: ok, warning or failed, what was found, and what to do.
#[derive(Serialize, JsonSchema)]
pub struct CheckView {
    what: &'static str,
    health: &'static str,
    found: String,
    advice: Option<String>,
}

impl From<Check> for CheckView {
    fn from(check: Check) -> Self {
        Self {
            what: check.what,
            health: check.health.as_str(),
            found: check.found,
            advice: check.advice,
        }
    }
}

/// The speech engine: off, loading, ready (with a model) or failed (with a reason).
#[derive(Serialize, JsonSchema)]
struct EngineView {
    state: &'static str,
    model: Option<String>,
    reason: Option<String>,
}

/// Room on the disk of the data folder, bytes.
#[derive(Serialize, JsonSchema)]
struct DiskView {
    free_bytes: u64,
    total_bytes: u64,
    is_little: bool,
}

/// A speech model. `is_right`: whether the file's sum is the expected one; null where nobody knows.
#[derive(Serialize, JsonSchema)]
struct ModelView {
    name: String,
    languages: String,
    licence: String,
    download_bytes: u64,
    disk_bytes: u64,
    in_use: bool,
    file: Option<String>,
    sha256: Option<String>,
    is_right: Option<bool>,
}

impl From<Model> for ModelView {
    fn from(model: Model) -> Self {
        let (file, sha256, is_right) = match model.file {
            Some(file) => (
                Some(file.path.display().to_string()),
                Some(file.sha256),
                file.is_right,
            ),
            None => (None, None, None),
        };
        Self {
            name: model.name,
            languages: model.languages,
            licence: model.licence,
            download_bytes: model.download_bytes,
            disk_bytes: model.disk_bytes,
            in_use: model.in_use,
            file,
            sha256,
            is_right,
        }
    }
}

/// Where backups go, and when the last one was made.
#[derive(Serialize, JsonSchema)]
struct BackupView {
    folder: String,
    last_at: Option<Timestamp>,
}

/// How the installation is.
#[derive(Serialize, JsonSchema)]
pub struct SystemView {
    version: &'static str,
    health: &'static str,
    checks: Vec<CheckView>,
    engine: EngineView,
    disk: Option<DiskView>,
    memory_bytes: Option<u64>,
    database_encrypted: bool,
    models_folder: String,
    configured_model: String,
    models: Vec<ModelView>,
    backup: Option<BackupView>,
}

impl From<Installation> for SystemView {
    fn from(found: Installation) -> Self {
        let state = found.engine.as_str();
        let (model, reason) = match found.engine {
            Readiness::Ready(model) => (Some(model), None),
            Readiness::Failed(reason) => (None, Some(reason)),
            Readiness::Off | Readiness::Loading => (None, None),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            health: doctor::overall(&found.checks).as_str(),
            checks: found.checks.into_iter().map(CheckView::from).collect(),
            engine: EngineView {
                state,
                model,
                reason,
            },
            disk: found.disk.map(|disk| DiskView {
                free_bytes: disk.free,
                total_bytes: disk.total,
                is_little: disk.is_little(),
            }),
            memory_bytes: found.memory_bytes,
            database_encrypted: found.is_encrypted,
            models_folder: found.models_folder.display().to_string(),
            configured_model: found.configured,
            models: found.models.into_iter().map(ModelView::from).collect(),
            backup: found.backup.map(|(folder, last_at)| BackupView {
                folder: folder.display().to_string(),
                last_at,
            }),
        }
    }
}

/// `GET /system`
pub async fn show(State(app): State<App>, caller: Caller) -> Result<Json<SystemView>, Problem> {
    caller
        .may(&app, Action::ManageSettings, Subject::NONE)
        .await?;
    caller.listed(&app, "system", "", Vec::new()).await?;
    Ok(Json(installation::look(&app).await?.into()))
}
