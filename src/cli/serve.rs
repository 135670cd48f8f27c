//! `osler serve`: the practice in a browser.

use crate::app::{self, App};
use crate::cli::batch::on_interrupt;
use crate::cli::exit::{Code, Failure};
use crate::cli::transcribe::EngineArgs;
use crate::cli::{background, doctor};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::tls::{self, Identity};
use crate::store::Opening;
use crate::workflow::batch::stopped;
use crate::workflow::demo;
use crate::workflow::doctor::Examine;
use crate::workflow::people::users;
use crate::workflow::watch;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Port where none is named.
pub const PORT: u16 = 8470;

/// Show the practice in a browser
///
/// On this machine it speaks plain http. Anywhere else it speaks https, with a certificate of your own or with one that it
/// makes for itself: browsers give the microphone only to https and to this machine.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Address to listen on, for example 0.0.0.0 for all of this machine's; over https where others can reach it
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Speak https also where only this machine can reach it
    #[arg(long)]
    tls: bool,
    /// Certificate chain (PEM) instead of one that is made
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Name or address that the made certificate is to be good for, beside those of this machine
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    tls_name: Vec<String>,
    /// Name under which a proxy on this machine, which speaks TLS, hands requests on, for example osler.practice.example
    #[arg(long, value_name = "NAME", conflicts_with_all = ["tls", "tls_cert", "tls_name"])]
    proxied_as: Option<String>,
    /// Address for figures (Prometheus) and health, for example 127.0.0.1:9470; without a log-in, so not for everybody
    #[arg(long, value_name = "ADDR:PORT")]
    metrics: Option<SocketAddr>,
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
            port: Some(args.port),
            thorough: false,
        };
        return doctor::report(&config, &what, false);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let served = runtime.block_on(serve(args, config));
    // What still runs, such as a decoder, keeps nobody waiting.
    runtime.shutdown_background();
    served
}

async fn serve(args: &Args, config: Config) -> Result<(), Failure> {
    if args.proxied_as.is_some() && !args.bind.is_loopback() {
        return Err(Failure::new(
            Code::Usage,
            "behind a proxy the service listens on this machine only; leave --bind out",
        ));
    }
    let app = App::open(config, Opening::Existing, Arc::new(SystemClock)).await?;
    let identity = identity(args, &app)?;
    let listener = listen(SocketAddr::new(args.bind, args.port), "--port").await?;
    let metrics = match args.metrics {
        Some(address) => Some(listen(address, "--metrics").await?),
        None => None,
    };
    let watchers = watch::watchers(&app, &app.config)?;
    announce(args, &listener, identity.as_ref(), metrics.as_ref())?;
    if !demo::is_sample(&app) && !users::has_administrator(&app).await? {
        writeln!(
            std::io::stderr().lock(),
            "nobody can log in yet: make the first administrator with `osler admin init --name \"...\"`"
        )?;
    }
    let figures = {
        let app = app.clone();
        async move {
            match metrics {
                Some(listener) => app::serve_metrics(app, listener).await,
                None => std::future::pending().await,
            }
        }
    };
    let stop = on_interrupt();
    let mut end = stop.clone();
    let beside = tokio::spawn(background::run(
        app.clone(),
        args.engine.clone(),
        watchers,
        stop,
    ));
    let ended = async move { stopped(&mut end).await };
    let service = async {
        match &identity {
            Some(identity) => app::serve_tls(app, listener, identity, ended).await,
            None => app::serve(app, listener, args.proxied_as.clone(), ended).await,
        }
    };
    tokio::select! {
        served = service => served?,
        // It does not end on its own; where it fails, whoever watches has to know.
        failed = figures => failed?,
    }
    beside
        .await
        .map_err(|e| Failure::new(Code::Failed, format!("the queue stopped: {e}")))
}

/// With what the service says who it is; none for plain http, which is for this machine only.
fn identity(args: &Args, app: &App) -> Result<Option<Identity>, Failure> {
    if let (Some(chain), Some(key)) = (&args.tls_cert, &args.tls_key) {
        return Ok(Some(Identity::load(chain, key).map_err(unusable)?));
    }
    if args.bind.is_loopback() && !args.tls && args.tls_name.is_empty() {
        return Ok(None);
    }
    let mut names = tls::names_of_this_machine(args.bind);
    names.extend(args.tls_name.iter().cloned());
    let own = Identity::own(&app.config.data, &names, app.clock.now());
    Ok(Some(own.map_err(unusable)?))
}

fn unusable(error: tls::TlsError) -> Failure {
    Failure::new(Code::Failed, error.to_string())
}

async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|e| {
        Failure::new(
            Code::Failed,
            format!("{address} cannot be listened on: {e}; choose another with {option}"),
        )
    })
}

fn announce(
    args: &Args,
    listener: &TcpListener,
    identity: Option<&Identity>,
    metrics: Option<&TcpListener>,
) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    match (identity, &args.proxied_as) {
        (Some(identity), _) => {
            let host = if address.ip().is_unspecified() {
                tls::names_of_this_machine(args.bind)
                    .into_iter()
                    .next_back()
                    .unwrap_or_else(|| "localhost".into())
            } else {
                match address.ip() {
                    IpAddr::V6(ip) => format!("[{ip}]"),
                    IpAddr::V4(ip) => ip.to_string(),
                }
            };
            writeln!(out, "https://{host}:{}/  (Ctrl-C stops)", address.port())?;
            writeln!(
                out,
                "SHA-256 fingerprint of its certificate, to compare where a browser asks:\n{}",
                identity.fingerprint
            )?;
        }
        (None, None) => writeln!(out, "http://{address}/  (this machine only; Ctrl-C stops)")?,
        (None, Some(name)) => writeln!(
            out,
            "http://{address}/, handed on from https://{name}/  (Ctrl-C stops)"
        )?,
    }
    if let Some(metrics) = metrics {
        writeln!(
            out,
            "figures and health: http://{}/metrics",
            metrics.local_addr()?
        )?;
    }
    Ok(())
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
