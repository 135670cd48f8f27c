//! Downloading one large file, resumably.
//!
//! The bytes go into `FILE.part`; `FILE.part.json` remembers the address and the server's tag of that version. The next
//! try asks for the rest, on the condition that the tag still holds; a server that cannot do that sends the whole, and the
//! part starts again.

use super::ModelError;
use super::manifest::is_loopback;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A line that is cut is taken up again this often without a single new byte before the source is given up.
const TRIES_WITHOUT_PROGRESS: u32 = 2;

/// How long to wait for a host.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For its name and for a connection.
    pub connect: Duration,
    /// For the first and for every further byte.
    pub read: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Origin {
    url: String,
    etag: Option<String>,
}

fn origin_path(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Forgets a partial download.
pub fn discard(part: &Path) {
    let _ = fs::remove_file(part);
    let _ = fs::remove_file(origin_path(part));
}

enum Stop {
    /// Trying again may help: the bytes so far are kept.
    Cut(String),
    /// It would not.
    Failed(ModelError),
}

/// Fetches `url` into `part`, going on where an earlier call stopped. `bytes` is the length that is expected; far more is
/// refused. `progress` gets the bytes so far and their total. The sum is the caller's to check.
pub fn download(
    url: &str,
    part: &Path,
    bytes: u64,
    patience: &Patience,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), ModelError> {
    let plain = is_loopback(url);
    let mut config = ureq::Agent::config_builder()
        .https_only(!plain)
        .http_status_as_error(false)
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.read))
        .timeout_per_read(Some(patience.read))
        .accept_encoding("identity")
        .user_agent(concat!("osler/", env!("CARGO_PKG_VERSION")));
    if plain {
        // A proxy cannot reach this machine's own loopback address, and a redirection could leave it.
        config = config.proxy(None).max_redirects(0);
    }
    let agent = config.build().new_agent();
    let mut idle = 0;
    loop {
        let before = length(part);
        match attempt(&agent, url, part, bytes, progress) {
            Ok(()) => return Ok(()),
            Err(Stop::Failed(e)) => return Err(e),
            Err(Stop::Cut(reason)) => {
                idle = if length(part) > before { 0 } else { idle + 1 };
                if idle >= TRIES_WITHOUT_PROGRESS {
                    return Err(ModelError::Http(format!("{url}: {reason}")));
                }
            }
        }
    }
}

fn length(part: &Path) -> u64 {
    fs::metadata(part).map_or(0, |m| m.len())
}

fn attempt(
    agent: &ureq::Agent,
    url: &str,
    part: &Path,
    bytes: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Stop> {
    let failed = |reason: String| Stop::Failed(ModelError::Http(format!("{url}: {reason}")));
    let origin: Option<Origin> = fs::read(origin_path(part))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .filter(|o: &Origin| o.url == url);
    if origin.is_none() {
        discard(part);
    }
    let have = length(part);
    if have == bytes {
        return Ok(());
    }
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
        // Without a strong tag the sum at the end is what notices a changed file.
        if let Some(etag) = origin.and_then(|o| o.etag) {
            request = request.header("If-Range", etag);
        }
    }
    // A connection that was never made is not tried twice.
    let response = request.call().map_err(|e| failed(e.to_string()))?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let status = response.status().as_u16();
    let start = match status {
        200 => 0,
        206 if starts_at(header("content-range").as_deref(), have) => have,
        206 | 416 => {
            discard(part);
            return Err(Stop::Cut(format!(
                "the server cannot resume (status {status})"
            )));
        }
        _ => return Err(failed(format!("the server answers {}", response.status()))),
    };
    let total = header("content-length")
        .and_then(|l| l.parse::<u64>().ok())
        .map_or(bytes, |l| start + l);
    let too_long = format!("the file is larger than the {bytes} bytes that were expected");
    if total > bytes {
        discard(part);
        return Err(failed(too_long));
    }
    let origin = Origin {
        url: url.into(),
        etag: header("etag").filter(|tag| tag.starts_with('"')),
    };
    let disk = |e| Stop::Failed(ModelError::io(part)(e));
    let mut file = open(part, start).map_err(disk)?;
    let note = serde_json::to_vec(&origin).map_err(|e| failed(e.to_string()))?;
    fs::write(origin_path(part), note).map_err(disk)?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut done = start;
    progress(done, total);
    loop {
        match body.read(&mut buffer) {
            Ok(0) if done < total => {
                return Err(Stop::Cut(format!(
                    "the connection ended after {done} of {total} bytes"
                )));
            }
            Ok(0) => break,
            Ok(n) => {
                file.write_all(&buffer[..n]).map_err(disk)?;
                done += n as u64;
                progress(done, total);
                if done > bytes {
                    discard(part);
                    return Err(failed(too_long));
                }
            }
            Err(e) => {
                return Err(Stop::Cut(format!(
                    "the connection broke after {done} of {total} bytes ({e})"
                )));
            }
        }
    }
    file.sync_all().map_err(disk)
}

fn starts_at(content_range: Option<&str>, have: u64) -> bool {
    content_range
        .and_then(|r| r.strip_prefix("bytes "))
        .and_then(|r| r.split_once('-'))
        .is_some_and(|(start, _)| start.trim().parse() == Ok(have))
}

fn open(part: &Path, start: u64) -> std::io::Result<File> {
    if start == 0 {
        File::create(part)
    } else {
        OpenOptions::new().append(true).open(part)
    }
}
