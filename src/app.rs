//! The composition root: the parts of a running Osler, opened from a configuration.

use crate::clock::Clock;
use crate::config::Config;
use crate::dictionary::index::Index;
use crate::dictionary::load::Tables;
use crate::domain::audit::{Actor, Stamp};
use crate::http;
use crate::store::blobs::{AudioStore, BlobError};
use crate::store::{Opening, Options, Store, StoreError};
use crate::workflow::WorkflowError;
use crate::workflow::hub::Hub;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

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
        Self::open_with(config, opening, Options::default(), clock).await
    }

    /// The same, with settings for the database.
    pub async fn open_with(
        config: Config,
        opening: Opening,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let store = Store::open(&config.data, opening, options).await?;
        let audio = AudioStore::open(&config.data)?;
        Ok(Self {
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

/// Serves until `shutdown` is done; requests under way are finished. The caller owns socket and stop signal. `proxied_as`:
/// see [`http::router`].
pub async fn serve(
    app: App,
    listener: TcpListener,
    proxied_as: Option<String>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServiceError> {
    let hub = app.hub.clone();
    let shutdown = async move {
        shutdown.await;
        // Whoever listens to events would wait for ever.
        hub.close();
    };
    let router = http::router(app, proxied_as);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .await?;
    Ok(())
}
