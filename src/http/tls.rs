//! Encrypted connections: the practice's own certificate, or one that the service makes for itself.
//!
//! Browsers give the microphone to a page only over https or on the machine itself. In a practice's own network nobody issues
//! certificates, so the service makes one; whoever opens the page compares its fingerprint once.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// Folder inside the data folder for the certificate that the service makes.
pub const FOLDER: &str = "tls";

/// How long a client may take to agree on a key.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Clients that may be agreeing at the same time.
const AGREEING: usize = 256;

/// Days for which a certificate is made: what browsers accept at most of any.
const VALID_DAYS: i64 = 398;

/// Days before its end on which it is made anew.
const RENEW_DAYS: i64 = 30;

/// Why there is no encryption.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file is not what it should be.
    #[error("{0}: {1}; give a certificate chain and its private key as PEM files")]
    Pem(PathBuf, String),
    /// Certificate and key do not go together, or the key is of a kind that is not known.
    #[error(
        "the certificate cannot be used: {0}; check that --tls-cert and --tls-key belong together"
    )]
    Unusable(String),
    /// No certificate could be made.
    #[error("no certificate can be made: {0}; give one with --tls-cert and --tls-key")]
    NotMade(String),
}

/// A certificate that can be served with.
#[derive(Clone)]
pub struct Identity {
    config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, as browsers show it: pairs of digits with colons between.
    pub fingerprint: String,
}

impl Identity {
    /// The practice's own: a chain, its own certificate first, and the private key, in PEM files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|e| TlsError::File(path.to_path_buf(), e));
        let certificates = CertificateDer::pem_slice_iter(&read(chain)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| TlsError::Pem(chain.to_path_buf(), e.to_string()))?;
        if certificates.is_empty() {
            let why = "there is no certificate in it".to_owned();
            return Err(TlsError::Pem(chain.to_path_buf(), why));
        }
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|e| TlsError::Pem(key.to_path_buf(), e.to_string()))?;
        Self::of(certificates, secret)
    }

    /// The one that the service made for these names and addresses, or a new one: where there is none, where it ends soon,
    /// and where a name is missing in it.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn own(data: &Path, names: &[String], now: Timestamp) -> Result<Self, TlsError> {
        let folder = data.join(FOLDER);
        let (chain, key, about) = (
            folder.join("certificate.pem"),
            folder.join("key.pem"),
            folder.join("about.json"),
        );
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let known: Option<About> = std::fs::read(&about)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(known) = &known
            && names.iter().all(|n| known.names.contains(n))
            && today
                .until(known.until)
                .is_ok_and(|left| left.get_days() >= RENEW_DAYS as i32)
            && today >= known.from
        {
            return Self::load(&chain, &key);
        }
        let mut all = names.to_vec();
        all.extend(known.map(|k| k.names).unwrap_or_default());
        all.sort();
        all.dedup();
        let not_made = |e: &dyn std::fmt::Display| TlsError::NotMade(e.to_string());
        // From yesterday on: clocks differ.
        let from = today.saturating_sub(1.days());
        let until = today.saturating_add((VALID_DAYS - 1).days());
        let secret = KeyPair::generate().map_err(|e| not_made(&e))?;
        let day = |d: Date| rcgen::date_time_ymd(d.year().into(), d.month() as u8, d.day() as u8);
        let mut parameters = CertificateParams::new(all.clone()).map_err(|e| not_made(&e))?;
        parameters
            .distinguished_name
            .push(DnType::CommonName, "Osler");
        parameters.not_before = day(from);
        parameters.not_after = day(until);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = parameters.self_signed(&secret).map_err(|e| not_made(&e))?;
        private_folder(&folder).map_err(|e| TlsError::File(folder.clone(), e))?;
        let about_it = About {
            names: all,
            from,
            until,
        };
        // What tells of the pair comes last: where it is whole, they are.
        for (path, bytes) in [
            (&key, secret.serialize_pem().into_bytes()),
            (&chain, certificate.pem().into_bytes()),
            (&about, serde_json::to_vec(&about_it).unwrap_or_default()),
        ] {
            replace(path, &bytes).map_err(|e| TlsError::File(path.clone(), e))?;
        }
        Self::load(&chain, &key)
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let fingerprint = chain
            .first()
            .map(|c| fingerprint(c.as_ref()))
            .unwrap_or_default();
        let unusable = |e: tokio_rustls::rustls::Error| TlsError::Unusable(e.to_string());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            fingerprint,
        })
    }
}

/// Names and addresses under which others may ask for this machine, the best known last.
pub fn names_of_this_machine(bind: IpAddr) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if let Ok(name) = std::fs::read_to_string("/proc/sys/kernel/hostname")
        && rcgen::string::Ia5String::try_from(name.trim()).is_ok()
        && !name.trim().is_empty()
    {
        names.push(name.trim().to_owned());
    }
    let address = if bind.is_unspecified() {
        // Asks the system from which address it would send; nothing is sent to a datagram's address by connecting.
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
            .and_then(|socket| {
                socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
                socket.local_addr()
            })
            .map(|address| address.ip())
            .ok()
    } else {
        Some(bind)
    };
    if let Some(address) = address.filter(|a| !a.is_unspecified()) {
        let address = address.to_string();
        names.retain(|n| *n != address);
        names.push(address);
    }
    names
}

/// What a made certificate is for.
#[derive(Serialize, Deserialize)]
struct About {
    names: Vec<String>,
    from: Date,
    until: Date,
}

fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Puts a file in the place of another one, in one step.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

/// A socket that gives connections whose key is agreed. Clients that are slow to agree, or speak something else, keep nobody
/// waiting.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: tokio::task::JoinHandle<()>,
}

impl TlsListener {
    /// Over a socket that listens.
    ///
    /// # Errors
    /// Where the socket has no address.
    pub fn new(socket: TcpListener, identity: &Identity) -> std::io::Result<Self> {
        let address = socket.local_addr()?;
        let (done, ready) = mpsc::channel(32);
        let acceptor = TlsAcceptor::from(identity.config.clone());
        let agreeing = Arc::new(Semaphore::new(AGREEING));
        let accepting = tokio::spawn(async move {
            let mut socket = socket;
            loop {
                let Ok(turn) = agreeing.clone().acquire_owned().await else {
                    return;
                };
                // Handles errors, such as too many open files, by waiting.
                let (stream, peer) = Listener::accept(&mut socket).await;
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    let agreed = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                    drop(turn);
                    match agreed {
                        // A service that stops takes no more.
                        Ok(Ok(stream)) => drop(done.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::debug!(%error, "no key was agreed"),
                        Err(_) => tracing::debug!("a client took too long to agree on a key"),
                    }
                });
            }
        });
        Ok(Self {
            ready,
            address,
            accepting,
        })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The task that accepts lives as long as this.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Where an encrypted connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_certificate_is_kept_until_it_ends_or_a_name_is_missing() {
        let data = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let own = |list: &[&str], time: &str| {
            Identity::own(data.path(), &names(list), at(time))
                .unwrap()
                .fingerprint
        };
        let first = own(&["localhost", "127.0.0.1"], "2026-01-01T12:00:00Z");
        assert_eq!(first.len(), 32 * 3 - 1);
        assert_eq!(own(&["localhost"], "2026-06-01T12:00:00Z"), first);
        let second = own(&["localhost", "osler.lan"], "2026-06-01T12:00:00Z");
        assert_ne!(second, first);
        // Names that were in it stay in it.
        assert_eq!(own(&["127.0.0.1"], "2026-06-02T12:00:00Z"), second);
        assert_ne!(own(&["localhost"], "2027-06-20T12:00:00Z"), second);
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let data = tempfile::tempdir().unwrap();
        let (chain, key) = (data.path().join("c.pem"), data.path().join("k.pem"));
        std::fs::write(&chain, "hello").unwrap();
        std::fs::write(&key, "hello").unwrap();
        let error = Identity::load(&chain, &key).err().unwrap().to_string();
        assert!(error.contains("c.pem"), "{error}");
        let error = Identity::load(&data.path().join("none"), &key)
            .err()
            .unwrap();
        assert!(matches!(error, TlsError::File(..)), "{error}");
        // A key that belongs to another certificate.
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        for name in ["a", "b"] {
            Identity::own(&data.path().join(name), &names(&["localhost"]), now).unwrap();
        }
        let of = |name: &str, file: &str| data.path().join(name).join(FOLDER).join(file);
        let error = Identity::load(&of("a", "certificate.pem"), &of("b", "key.pem"))
            .err()
            .unwrap();
        assert!(matches!(error, TlsError::Unusable(_)), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        Identity::own(data.path(), &names(&["localhost"]), now).unwrap();
        let key = data.path().join(FOLDER).join("key.pem");
        let mode = std::fs::metadata(key).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
}
