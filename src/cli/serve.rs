//! `osler serve`: the practice in a browser.

use crate::app::{self, App};
use crate::cli::batch::on_interrupt;
use crate::cli::exit::{Code, Failure};
use crate::cli::transcribe::EngineArgs;
use crate::cli::{background, doctor};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::Opening;
use crate::workflow::batch::stopped;
use crate::workflow::demo;
use crate::workflow::doctor::Examine;
use crate::workflow::people::users;
use crate::workflow::watch;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Port where none is named.
pub const PORT: u16 = 8470;

/// Arguments of `osler serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port on this machine; 0 takes a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Name under which a proxy on this machine, which speaks TLS, hands requests on, for example osler.practice.example
    #[arg(long, value_name = "NAME")]
    proxied_as: Option<String>,
    /// Check everything that the service needs, as osler doctor does, and end
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command until it is interrupted.
pub fn run(args: &Args, config: Config) -> Result<(), Failure> {
    if args.check {
        let what = Examine {
            port: args.port,
            thorough: false,
        };
        return doctor::report(&config, &what, false);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let app = App::open(config, Opening::Existing, Arc::new(SystemClock)).await?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
            .await
            .map_err(|e| {
                Failure::new(
                    Code::Failed,
                    format!(
                        "port {} cannot be used: {e}; choose another with --port",
                        args.port
                    ),
                )
            })?;
        let address = listener.local_addr()?;
        let watchers = watch::watchers(&app, &app.config)?;
        let mut out = std::io::stdout().lock();
        match &args.proxied_as {
            None => writeln!(out, "http://{address}/  (this machine only; Ctrl-C stops)")?,
            Some(name) => writeln!(
                out,
                "http://{address}/, handed on from https://{name}/  (Ctrl-C stops)"
            )?,
        }
        drop(out);
        if !demo::is_sample(&app) && !users::has_administrator(&app).await? {
            writeln!(
                std::io::stderr().lock(),
                "nobody can log in yet: make the first administrator with `osler admin init --name \"...\"`"
            )?;
        }
        let stop = on_interrupt();
        let mut end = stop.clone();
        let beside = tokio::spawn(background::run(
            app.clone(),
            args.engine.clone(),
            watchers,
            stop,
        ));
        let proxied_as = args.proxied_as.clone();
        app::serve(app, listener, proxied_as, async move {
            stopped(&mut end).await;
        })
        .await?;
        beside
            .await
            .map_err(|e| Failure::new(Code::Failed, format!("the queue stopped: {e}")))
    })
}

/// Ends with Ctrl-C or, where there are signals, with a request to terminate.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
