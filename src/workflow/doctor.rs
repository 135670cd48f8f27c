//! Is this installation well? One check per line, each with what to do about it. Nothing is changed, but for a file that
//! is written into the data folder and removed again.

use crate::clock::Clock;
use crate::config::Config;
use crate::dictionary::load::{FILES, Tables};
use crate::domain::arrival::Field;
use crate::speech::models::{Manifest, Verdict, verify};
use crate::store::blobs::{self, AudioStore};
use crate::store::keys::{KEYRING, Keys};
use crate::store::space::{Space, spoken};
use crate::store::{self, Examination, FILE_NAME, Kind, SCHEMA_VERSION, StoreError};
use crate::workflow::arrivals::{Matching, Rules};
use crate::workflow::upkeep::key_file;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Free bytes below which nothing can be stored soon: an hour of uncompressed dictation.
const FULL: u64 = 128 << 20;

/// How far the clock may stand behind the newest entry of the trail: other machines' clocks write there, too.
const BEHIND: SignedDuration = SignedDuration::from_mins(2);

/// How long a program on a port may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It is well.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
}

impl Health {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            health: Health::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn not_ok(
        what: &'static str,
        health: Health,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            what,
            health,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    fn warning(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::not_ok(what, Health::Warning, found, advice)
    }

    pub(super) fn failed(
        what: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::not_ok(what, Health::Failed, found, advice)
    }
}

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct Examine {
    /// The port that the service listens on; none where that is not the question.
    pub port: Option<u16>,
    /// Whether the whole database and every recording are read, which takes a while.
    pub thorough: bool,
}

/// Looks at everything. Blocks.
pub fn examine(config: &Config, what: &Examine, clock: &dyn Clock) -> Vec<Check> {
    let mut checks = vec![versions()];
    checks.extend(data_folder(&config.data));
    let examined = store::examine(&config.data, &key_file(config), what.thorough);
    checks.extend(database(config, &examined));
    let newest = examined.as_ref().ok().and_then(|e| e.newest_audit);
    checks.push(time(clock.now(), newest));
    if let Ok(examined) = &examined {
        checks.push(recordings(config, examined, what.thorough));
        checks.extend(waiting(examined));
    }
    checks.push(model(config));
    checks.push(dictionary(config));
    checks.push(dictaphones(config));
    checks.extend(config.watch.iter().map(|folder| {
        let rules = Rules::read(&Matching::from(folder), &config.recorders);
        watched(folder, rules.map_err(|e| e.to_string()))
    }));
    checks.extend(what.port.map(port));
    checks
}

/// The worst of all.
pub fn overall(checks: &[Check]) -> Health {
    checks.iter().map(|c| c.health).max().unwrap_or(Health::Ok)
}

fn versions() -> Check {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    Check::ok(
        "version",
        format!(
            "osler {}, schema {SCHEMA_VERSION}, {cores} cores",
            env!("CARGO_PKG_VERSION")
        ),
    )
}

fn data_folder(data: &Path) -> Vec<Check> {
    const WHAT: &str = "data folder";
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return vec![Check::failed(
                WHAT,
                format!("{shown} is not there"),
                "`osler init` makes it; --data or the configuration names another",
            )];
        }
        Err(e) => {
            return vec![Check::failed(
                WHAT,
                format!("{shown}: {e}"),
                "run this as the user that Osler runs as",
            )];
        }
        Ok(meta) if !meta.is_dir() => {
            return vec![Check::failed(
                WHAT,
                format!("{shown} is no folder"),
                "name another with --data or in the configuration",
            )];
        }
        Ok(_) => {}
    }
    vec![can_write(data), private(data), disk(data)]
}

fn can_write(data: &Path) -> Check {
    const WHAT: &str = "data folder";
    let probe = data.join(format!(".osler-doctor-{}", std::process::id()));
    let written = std::fs::File::create(&probe)
        .and_then(|mut file| file.write_all(b"osler").and_then(|()| file.sync_all()));
    // Nothing to remove where it could not be made.
    let _ = std::fs::remove_file(&probe);
    match written {
        Ok(()) => Check::ok(WHAT, format!("{} can be written", data.display())),
        Err(e) => Check::failed(
            WHAT,
            format!("{} cannot be written: {e}", data.display()),
            "check owner, permissions and whether the disk is mounted read-only",
        ),
    }
}

/// Whether only the owner can look in.
fn private(data: &Path) -> Check {
    const WHAT: &str = "permissions";
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mut open = Vec::new();
        let mut foreign = Vec::new();
        let owner = std::fs::metadata(data).map(|meta| meta.uid()).ok();
        for name in ["", FILE_NAME, KEYRING, blobs::FOLDER] {
            let path = data.join(name);
            let Ok(meta) = std::fs::metadata(&path) else {
                continue;
            };
            // The folder itself may be shared, as long as nothing in it can be read.
            if !name.is_empty() && meta.mode() & 0o077 != 0 {
                open.push(format!("{} ({:o})", path.display(), meta.mode() & 0o777));
            }
            if owner.is_some_and(|owner| owner != meta.uid()) {
                foreign.push(path.display().to_string());
            }
        }
        if !open.is_empty() {
            return Check::failed(
                WHAT,
                format!("others can read or write {}", open.join(", ")),
                format!("chmod -R go= {}", data.display()),
            );
        }
        if !foreign.is_empty() {
            return Check::warning(
                WHAT,
                format!(
                    "{} belongs to another user than the data folder",
                    foreign.join(", ")
                ),
                "give all of it to the user that Osler runs as (chown -R)",
            );
        }
    }
    #[cfg(not(unix))]
    let _ = data;
    Check::ok(WHAT, "nobody but the owner can read the records")
}

fn disk(data: &Path) -> Check {
    const WHAT: &str = "disk";
    let Some(space) = Space::of(data) else {
        return Check::ok(WHAT, "the system does not tell how much room is left");
    };
    let found = format!("{} of {} free", spoken(space.free), spoken(space.total));
    if space.free < FULL {
        return Check::failed(WHAT, found, "make room: soon nothing can be stored");
    }
    if space.is_little() {
        return Check::warning(WHAT, found, "make room");
    }
    Check::ok(WHAT, found)
}

fn database(config: &Config, examined: &Result<Examination, StoreError>) -> Vec<Check> {
    const WHAT: &str = "database";
    let examined = match examined {
        Err(error @ StoreError::Missing(_)) => {
            return vec![Check::failed(
                WHAT,
                format!("there is none in {}", config.data.display()),
                error.to_string(),
            )];
        }
        Err(error) => {
            return vec![Check::failed(
                WHAT,
                error.to_string(),
                "see docs/ARCHITECTURE.md, or restore a backup",
            )];
        }
        Ok(examined) => examined,
    };
    let kind = examined.kind.map_or("of an unknown kind", Kind::as_str);
    let size = format!(
        "{kind}, schema {}, {}, SQLite {}",
        examined.schema,
        spoken(examined.bytes),
        examined.sqlite
    );
    let mut checks = Vec::new();
    if examined.kind.is_none() {
        checks.push(Check::failed(WHAT, size, "restore a backup"));
    } else if examined.schema < SCHEMA_VERSION {
        checks.push(Check::warning(
            WHAT,
            size,
            format!("the next start brings it to schema {SCHEMA_VERSION}: make a copy of the data folder first"),
        ));
    } else {
        checks.push(Check::ok(WHAT, size));
    }
    checks.push(match examined.problems.as_slice() {
        [] => Check::ok("integrity", "SQLite finds nothing wrong"),
        problems => Check::failed(
            "integrity",
            problems.join("; "),
            "stop Osler, copy the data folder as it is, check the disk, and restore a backup",
        ),
    });
    checks.push(match &examined.key {
        None => Check::ok(
            "key",
            format!("{} opens this practice", key_file(config).display()),
        ),
        Some(problem) => Check::failed(
            "key",
            problem,
            "restore the key file from where you keep its copy",
        ),
    });
    checks
}

/// Whether the clock can be right: it goes into signatures and the audit trail.
fn time(now: Timestamp, newest: Option<Timestamp>) -> Check {
    const WHAT: &str = "clock";
    // This version was not there before.
    let earliest = date(2026, 1, 1)
        .to_zoned(TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp());
    let shown = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    if now < earliest {
        return Check::failed(
            WHAT,
            format!("{shown} cannot be: it lies before this version of Osler"),
            "set the clock, and let the system keep it (timedatectl set-ntp true)",
        );
    }
    if let Some(newest) = newest
        && now + BEHIND < newest
    {
        return Check::failed(
            WHAT,
            format!(
                "{shown} lies before the newest entry of the audit trail ({})",
                newest.strftime("%Y-%m-%d %H:%M:%S UTC")
            ),
            "set the clock, and let the system keep it (timedatectl set-ntp true)",
        );
    }
    Check::ok(WHAT, shown)
}

/// Whether every recording that the database knows is there.
fn recordings(config: &Config, examined: &Examination, thorough: bool) -> Check {
    const WHAT: &str = "recordings";
    let known = examined.recordings.len();
    let keys = match Keys::open(&config.data, &key_file(config)) {
        Ok(keys) => keys,
        Err(e) => {
            return Check::failed(
                WHAT,
                format!("{known}, which cannot be looked at: {e}"),
                "restore the key file from where you keep its copy",
            );
        }
    };
    let store = AudioStore::at(&config.data, &keys);
    let bad = examined
        .recordings
        .iter()
        .filter(|sha256| {
            if thorough {
                store.verified(sha256).is_err()
            } else {
                store.holds(sha256).is_err()
            }
        })
        .count();
    let (how, checked) = if thorough {
        ("missing or damaged", "there and whole")
    } else {
        ("missing", "there")
    };
    match bad {
        0 => Check::ok(WHAT, format!("{known}, all {checked}")),
        bad => Check::failed(
            WHAT,
            format!("{bad} of {known} {how}"),
            "restore the folder sound from a backup, or take the original recordings in again",
        ),
    }
}

fn waiting(examined: &Examination) -> Vec<Check> {
    let Some((inbox, given_up)) = examined.waiting else {
        return Vec::new();
    };
    let mut checks = Vec::new();
    if inbox > 0 {
        checks.push(Check::warning(
            "inbox",
            format!("waiting until somebody says whose they are: {inbox}"),
            "osler inbox list",
        ));
    } else {
        checks.push(Check::ok("inbox", "nothing waits"));
    }
    if given_up > 0 {
        checks.push(Check::warning(
            "queue",
            format!("transcriptions that were given up: {given_up}"),
            "the worklist shows why, and has them tried again",
        ));
    } else {
        checks.push(Check::ok("queue", "nothing was given up"));
    }
    checks
}

fn model(config: &Config) -> Check {
    const WHAT: &str = "model";
    let name = config.model.as_str();
    let fetch = format!("osler models fetch {name}");
    // A path is the operator's own choice, and has no sum to compare with.
    if name.ends_with(".bin") || name.contains(['/', '\\']) {
        return match std::fs::File::open(name) {
            Ok(_) => Check::ok(WHAT, format!("{name}, a file of your own")),
            Err(e) => Check::failed(
                WHAT,
                format!("{name}: {e}"),
                "name another in the configuration",
            ),
        };
    }
    let files =
        Manifest::builtin().and_then(|manifest| verify(Some(name), &config.models, &manifest));
    let files = match files {
        Ok(files) => files,
        Err(e) => return Check::failed(WHAT, e.to_string(), fetch),
    };
    let Some(first) = files.first() else {
        return Check::failed(
            WHAT,
            format!("{name} is not in {}", config.models.display()),
            fetch,
        );
    };
    let file = first.path.display();
    match &first.verdict {
        Verdict::Wrong(algorithm, ..) => Check::failed(
            WHAT,
            format!("{file} is not what it should be ({algorithm} differs)"),
            fetch,
        ),
        Verdict::Unknown => Check::warning(
            WHAT,
            format!(
                "{file} has no sum to compare with (sha256 {})",
                first.sha256
            ),
            "make sure that it is the model you mean",
        ),
        _ => Check::ok(WHAT, format!("{name}: {file}, sum as it should be")),
    }
}

fn dictionary(config: &Config) -> Check {
    const WHAT: &str = "dictionary";
    match Tables::open(config.dictionaries.as_deref()) {
        Ok(tables) => {
            let lines: usize = FILES.iter().map(|f| tables.table(*f).len()).sum();
            let whose = match &config.dictionaries {
                Some(folder) => folder.display().to_string(),
                None => "built in".into(),
            };
            Check::ok(WHAT, format!("{whose}, {lines} entries"))
        }
        Err(e) => Check::failed(
            WHAT,
            e.to_string(),
            "correct the file, or leave `dictionaries` out of the configuration",
        ),
    }
}

/// Whether there is something that decodes dictaphone files.
fn dictaphones(config: &Config) -> Check {
    const WHAT: &str = "dictaphones";
    let program = config.dss_decoder.first().map_or("ffmpeg", String::as_str);
    match find_program(program) {
        Some(path) => Check::ok(WHAT, format!("decoded by {}", path.display())),
        None => Check::warning(
            WHAT,
            format!("DSS and DS2 cannot be read: there is no {program}"),
            "install ffmpeg, or set dss_decoder (README, \"Dictaphones\"); without dictaphones nothing is missing",
        ),
    }
}

fn find_program(name: &str) -> Option<PathBuf> {
    let named = Path::new(name);
    if named.components().count() > 1 {
        return named.is_file().then(|| named.to_path_buf());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn watched(folder: &crate::config::WatchedFolder, rules: Result<Rules, String>) -> Check {
    const WHAT: &str = "watched folder";
    let shown = folder.folder.display();
    if let Err(problem) = rules {
        return Check::failed(
            WHAT,
            format!("{shown}: {problem}"),
            "correct it in the configuration",
        );
    }
    if let Err(e) = std::fs::read_dir(&folder.folder) {
        return Check::failed(
            WHAT,
            format!("{shown} cannot be read: {e}"),
            "make it, mount it, or give the user that Osler runs as the right to read it",
        );
    }
    let probe = folder
        .folder
        .join(format!(".osler-doctor-{}", std::process::id()));
    let written = std::fs::File::create(&probe);
    // Nothing to remove where it could not be made.
    let _ = std::fs::remove_file(&probe);
    if let Err(e) = written {
        return Check::warning(
            WHAT,
            format!("{shown} cannot be written: {e}"),
            "files that cannot be used are put aside there; give the user that Osler runs as the right to write",
        );
    }
    if folder.pattern.is_none()
        && folder.map.is_none()
        && folder.comment.is_none()
        && !folder.sidecar
    {
        return Check::warning(
            WHAT,
            format!(
                "{shown}: nothing says whose the recordings are, so that all wait in the inbox"
            ),
            format!(
                "give a pattern or a list (map); a pattern knows {}",
                Field::names()
            ),
        );
    }
    Check::ok(WHAT, shown.to_string())
}

fn port(port: u16) -> Check {
    const WHAT: &str = "port";
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Check::ok(WHAT, format!("{port} is free")),
        Err(_) if answers(port) => Check::ok(WHAT, format!("{port}: Osler answers")),
        Err(e) => Check::failed(
            WHAT,
            format!("{port} cannot be used: {e}"),
            "stop the program that has it, or choose another with --port",
        ),
    }
}

/// Whether an Osler answers on a port of this machine.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut said = Vec::new();
        stream.take(4096).read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    };
    ask().is_ok_and(|said| said.contains("\"status\":\"ok\"") && said.contains("\"version\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_told() {
        let now = at("2026-03-03T09:00:00Z");
        assert_eq!(time(now, None).health, Health::Ok);
        assert_eq!(
            time(now, Some(at("2026-03-03T08:00:00Z"))).health,
            Health::Ok
        );
        // Another machine's clock is a little ahead.
        assert_eq!(
            time(now, Some(at("2026-03-03T09:01:00Z"))).health,
            Health::Ok
        );
        assert_eq!(
            time(now, Some(at("2026-03-03T09:10:00Z"))).health,
            Health::Failed
        );
        assert_eq!(
            time(at("1970-01-05T00:00:00Z"), None).health,
            Health::Failed
        );
    }

    #[test]
    fn a_port_that_somebody_else_has_is_told() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = taken.local_addr().unwrap().port();
        // Whoever has it says nothing that Osler would say.
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = taken.accept().unwrap();
            let _ = stream.write_all(b"220 mail\r\n");
        });
        assert_eq!(port(number).health, Health::Failed);
        answer.join().unwrap();
        assert_eq!(port(0).health, Health::Ok);
    }

    #[test]
    fn the_worst_check_decides() {
        let checks = [
            Check::ok("a", ""),
            Check::warning("b", "", ""),
            Check::ok("c", ""),
        ];
        assert_eq!(overall(&checks), Health::Warning);
        assert_eq!(overall(&[]), Health::Ok);
    }
}
