//! The composition root: the parts of a running Osler, opened from a configuration.

use crate::clock::Clock;
use crate::config::Config;
use crate::dictionary::index::Index;
use crate::dictionary::load::Tables;
use crate::domain::audit::{Actor, Stamp};
use crate::http;
use crate::http::metrics::Metrics;
use crate::http::tls::{Identity, TlsListener};
use crate::store::blobs::{AudioStore, BlobError};
use crate::store::{Opening, Options, Store, StoreError};
use crate::workflow::hub::Hub;
use crate::workflow::live_session::{self, Sessions};
use crate::workflow::sound::Renditions;
use crate::workflow::uploads::{self, Uploads};
use crate::workflow::{WorkflowError, upkeep};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};

/// What every use case works with.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The recordings.
    pub audio: AudioStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What happens.
    pub hub: Hub,
    /// Recordings as they are played.
    pub sound: Renditions,
    /// Recordings that come in parts.
    pub uploads: Uploads,
    /// Dictations that are being spoken.
    pub live: Sessions,
    /// What was asked and answered.
    pub metrics: Arc<Metrics>,
    dictionary: Arc<OnceCell<Arc<Index>>>,
}

/// Why Osler cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recordings.
    #[error(transparent)]
    Audio(#[from] BlobError),
}

impl App {
    /// Opens the database and the audio store in the configured data folder.
    pub async fn open(
        config: Config,
        opening: Opening,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let options = Options {
            key_file: config.key_file.clone(),
            ..Options::default()
        };
        Self::open_with(config, opening, options, clock).await
    }

    /// The same, with settings for the database.
    pub async fn open_with(
        config: Config,
        opening: Opening,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let store = Store::open(&config.data, opening, options).await?;
        let audio = AudioStore::open(&config.data, store.keys())?;
        if let Some(warning) = upkeep::warning(&config.data) {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            sound: Renditions::new(&config.data, store.keys()),
            uploads: Uploads::new(&config.data, store.keys(), uploads::Limits::default()),
            live: Sessions::new(&config.data, store.keys(), live_session::Limits::default()),
            metrics: Arc::default(),
            config,
            store,
            audio,
            clock,
            hub: Hub::default(),
            dictionary: Arc::default(),
        })
    }

    /// The dictionary, read when it is first asked for.
    ///
    /// # Errors
    /// [`WorkflowError::Dictionary`] where a file of the configured folder cannot be used.
    pub async fn index(&self) -> Result<Arc<Index>, WorkflowError> {
        let load = || async {
            let folder = self.config.dictionaries.clone();
            let load = move || Tables::open(folder.as_deref()).map(Index::new);
            let index = tokio::task::spawn_blocking(load).await.map_err(|e| {
                StoreError::Broken(format!("reading the dictionary panicked: {e}"))
            })??;
            Ok(Arc::new(index))
        };
        self.dictionary.get_or_try_init(load).await.cloned()
    }

    /// A stamp for what `actor` does now.
    pub fn stamp(&self, actor: &Actor) -> Stamp {
        Stamp {
            actor: actor.clone(),
            at: self.clock.now(),
        }
    }
}

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The network.
    #[error("the service stopped: {0}")]
    Io(#[from] std::io::Error),
}

/// How long requests that are under way may take to end once the service stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often what is left over is cleared away.
const CLEARING: Duration = Duration::from_secs(3600);

/// Serves until `shutdown` is done; requests under way are finished. The caller owns socket and stop signal. `proxied_as`:
/// see [`http::router`].
pub async fn serve(
    app: App,
    listener: TcpListener,
    proxied_as: Option<String>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServiceError> {
    let router = http::router(app.clone(), proxied_as);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (going, stopped) = stopping(&app, shutdown);
    let served = axum::serve(listener, service).with_graceful_shutdown(going);
    until_done(app, served.into_future(), stopped).await
}

/// The same over TLS, for whoever can reach the socket.
pub async fn serve_tls(
    app: App,
    listener: TcpListener,
    identity: &Identity,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServiceError> {
    let router = http::encrypted_router(app.clone());
    let service = router.into_make_service_with_connect_info::<http::tls::Peer>();
    let (going, stopped) = stopping(&app, shutdown);
    let served =
        axum::serve(TlsListener::new(listener, identity)?, service).with_graceful_shutdown(going);
    until_done(app, served.into_future(), stopped).await
}

/// Figures and health, on a listener of their own.
pub async fn serve_metrics(app: App, listener: TcpListener) -> Result<(), ServiceError> {
    Ok(axum::serve(listener, http::metrics::router(app)).await?)
}

/// What is done when the service stops: dictations are told, and the time that everybody else has begins.
fn stopping(
    app: &App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (
    impl Future<Output = ()> + Send + 'static,
    oneshot::Receiver<()>,
) {
    let hub = app.hub.clone();
    let (stop, stopped) = oneshot::channel();
    let going = async move {
        shutdown.await;
        // Whoever dictates comes back later; whoever listens to events would wait for ever.
        hub.close();
        // Nobody has to wait.
        let _ = stop.send(());
    };
    (going, stopped)
}

async fn until_done(
    app: App,
    served: impl Future<Output = std::io::Result<()>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), ServiceError> {
    let late = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(PATIENCE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = served => Ok(served?),
        () = late => {
            tracing::warn!("requests that were under way were ended");
            Ok(())
        }
        never = clear_away(&app) => match never {},
    }
}

/// Clears away what is left over, now and every hour.
async fn clear_away(app: &App) -> Infallible {
    loop {
        if let Err(error) = app.uploads.sweep(app).await {
            tracing::error!(%error, "abandoned uploads cannot be cleared away");
        }
        if let Err(error) = app.live.sweep(app).await {
            tracing::error!(%error, "discarded dictations cannot be cleared away");
        }
        if let Err(error) = app.sound.sweep().await {
            tracing::error!(%error, "old renditions cannot be cleared away");
        }
        upkeep::look(app).await;
        tokio::time::sleep(CLEARING).await;
    }
}
