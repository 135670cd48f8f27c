//! What runs beside the service: the queue of transcriptions and the watched folders. Its messages go to the log, so that
//! they name identifiers and no file: a file's name may be a patient's.

use crate::app::App;
use crate::cli::transcribe::{EngineArgs, Recogniser};
use crate::workflow::arrivals::Outcome;
use crate::workflow::batch::{Stop, stopped};
use crate::workflow::hub::Readiness;
use crate::workflow::queue::Runner;
use crate::workflow::watch::{Event, Watcher};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a model that cannot be loaded is left alone.
const LATER: Duration = Duration::from_secs(60);

/// Works until it is to stop.
pub async fn run(app: App, engine: EngineArgs, watchers: Vec<Watcher>, mut stop: Stop) {
    let mut watching = JoinSet::new();
    for watcher in watchers {
        watching.spawn(watcher.run(None, stop.clone(), |folder, event| note(folder, &event)));
    }
    transcribe(&app, &engine, &mut stop).await;
    while watching.join_next().await.is_some() {}
}

/// Works off the queue. The model is loaded while the service answers already. Without one the service goes on, and
/// recordings wait; it may be there a while later.
async fn transcribe(app: &App, engine: &EngineArgs, stop: &mut Stop) {
    loop {
        app.hub.set_engine(Readiness::Loading);
        let (config, engine) = (app.config.clone(), engine.clone());
        let load = tokio::task::spawn_blocking(move || Recogniser::load(&config, &engine));
        let reason = match load.await {
            Ok(Ok(recogniser)) => {
                app.live.hear_with(recogniser.hearing());
                app.hub
                    .set_engine(Readiness::Ready(recogniser.model().to_owned()));
                let runner = Runner::new(app.clone(), recogniser.hear(), recogniser.workers());
                return runner.run(stopped(stop)).await;
            }
            Ok(Err(failure)) => failure.message,
            Err(_) => "loading the model failed".into(),
        };
        tracing::error!(reason, "recordings wait: they cannot be transcribed");
        app.hub.set_engine(Readiness::Failed(reason));
        tokio::select! {
            () = stopped(stop) => return,
            () = tokio::time::sleep(LATER) => {}
        }
    }
}

fn note(folder: &str, event: &Event) {
    match event {
        Event::File { outcome, left, .. } => {
            match outcome {
                Outcome::TakenIn(id) => tracing::info!(folder, dictation = %id, "taken in"),
                Outcome::Known(id) => tracing::info!(folder, dictation = %id, "delivered again"),
                Outcome::Deleted(id) => {
                    tracing::info!(folder, dictation = %id, "delivered again after it was deleted");
                }
                Outcome::InInbox(id, _) => {
                    tracing::warn!(folder, inbox = %id, "waits in the inbox")
                }
                Outcome::Discarded(id) => {
                    tracing::info!(folder, inbox = %id, "delivered again after it was put aside");
                }
                Outcome::Duplicate(_) => tracing::info!(folder, "delivered twice"),
                Outcome::Refused(_) => {
                    tracing::warn!(
                        folder,
                        "a recording was refused; the folder failed says why"
                    );
                }
                Outcome::Unreadable(_) => {
                    tracing::warn!(folder, "a file cannot be used; the folder failed says why");
                }
                Outcome::NotNow(_) => tracing::warn!(folder, "a file cannot be read now"),
            }
            if left.is_some() {
                tracing::warn!(
                    folder,
                    "a file cannot be moved; check the rights at the folder"
                );
            }
        }
        Event::Unreadable(_, reason) => tracing::warn!(folder, reason, "the folder cannot be read"),
        Event::List(reason) => tracing::warn!(folder, reason, "what was read before holds"),
        Event::Failed(error) => tracing::error!(folder, %error, "recordings wait"),
        Event::Assigned(n) => {
            tracing::info!(folder, n, "recordings in the inbox found their patient")
        }
    }
}
