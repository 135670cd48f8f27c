//! Logs: what happened to which identifier, never what was dictated.

use tracing_subscriber::EnvFilter;

/// Writes warnings and errors to stderr; `OSLER_LOG` asks for more, for example `OSLER_LOG=osler=debug`.
pub fn start() {
    let filter =
        EnvFilter::try_from_env("OSLER_LOG").unwrap_or_else(|_| EnvFilter::new("osler=warn"));
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
