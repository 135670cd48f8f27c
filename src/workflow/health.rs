//! Whether the service can do its work, and how much of it there is.

use crate::app::App;
use crate::domain::dictation::{Phase, State};
use crate::workflow::hub::Readiness;
use crate::workflow::room;
use serde::Serialize;

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// Whether the database answers.
    pub database: bool,
    /// Whether there is room for what is recorded.
    pub disk: bool,
    /// Whether a speech model is loaded. Without one recordings are taken and wait.
    pub engine: bool,
    /// Bytes that are free on the disk of the data folder.
    #[serde(skip)]
    pub free_bytes: Option<u64>,
    /// Dictations that are not done.
    #[serde(skip)]
    pub waiting: Vec<(Phase, State, u64)>,
    /// Uploads that are open.
    #[serde(skip)]
    pub uploads: usize,
    /// Memory of this program, where the system says.
    #[serde(skip)]
    pub resident_bytes: Option<u64>,
}

impl Health {
    /// Whether it makes sense to send somebody here: recordings can be taken.
    pub fn is_ready(&self) -> bool {
        self.database && self.disk
    }
}

/// Looks.
pub async fn look(app: &App) -> Health {
    let waiting = app.store.waiting().await;
    let uploads = app.store.open_uploads(None).await;
    let free_bytes = room::free(&app.config.data);
    Health {
        database: waiting.is_ok() && uploads.is_ok(),
        disk: free_bytes.is_none_or(|free| free >= room::KEEP_FREE),
        engine: matches!(app.hub.engine(), Readiness::Ready(_)),
        free_bytes,
        waiting: waiting.unwrap_or_default(),
        uploads: uploads.map_or(0, |u| u.len()),
        resident_bytes: resident(),
    }
}

/// On Linux the second number of `statm` counts pages of 4 KiB.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
