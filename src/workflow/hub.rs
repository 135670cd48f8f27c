//! What happens, for whoever watches: the pages that are open, and the runner that waits for work. No patient's data.

use crate::domain::ids::DictationId;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Notify, broadcast, watch};

/// Events that a listener may be behind before it misses some.
const EVENTS: usize = 256;

/// What happened to a dictation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It took a step, was corrected, assigned, or marked.
    Changed(DictationId),
    /// The engine began.
    Started(DictationId),
    /// It has heard so many seconds, of so many if the header says.
    Heard(DictationId, f64, Option<f64>),
    /// The draft is there.
    Drafted(DictationId),
    /// It failed; it will be tried again, or is given up.
    Failed(DictationId),
    /// It was stopped and waits.
    Stopped(DictationId),
    /// The order of everything that waits may be another.
    Rearranged,
}

/// Whether the engine can hear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Readiness {
    /// There is none in this program: recordings wait.
    #[default]
    Off,
    /// The model is being loaded.
    Loading,
    /// It hears, with the model of this name.
    Ready(String),
    /// It could not be loaded, for this reason; recordings wait.
    Failed(String),
}

impl Readiness {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Loading => "loading",
            Self::Ready(_) => "ready",
            Self::Failed(_) => "failed",
        }
    }
}

/// Where events come together. Clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    wake: Arc<Notify>,
    events: broadcast::Sender<Event>,
    closing: watch::Sender<bool>,
    engine: Arc<RwLock<Readiness>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            wake: Arc::default(),
            events: broadcast::channel(EVENTS).0,
            closing: watch::channel(false).0,
            engine: Arc::default(),
        }
    }
}

impl Hub {
    /// Says what happened. Nobody has to listen.
    pub fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Says that there may be something to transcribe.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Until there may be something to transcribe.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Says that the program ends: whoever listens goes home.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Until the program ends.
    pub async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as this hub.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// How far the engine is.
    pub fn engine(&self) -> Readiness {
        self.engine
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says how far the engine is.
    pub fn set_engine(&self, readiness: Readiness) {
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = readiness;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_late_hears_that_it_is_closed() {
        let hub = Hub::default();
        hub.close();
        hub.clone().closed().await;
    }

    #[tokio::test]
    async fn a_call_is_kept_for_a_runner_that_is_busy() {
        let hub = Hub::default();
        hub.wake();
        hub.woken().await;
    }
}
