//! Times the service on a practice of the size of a busy one, which it makes where it is missing:
//!
//!     cargo bench --bench service -- [--data DIR] [--dictations N] [--rate N] [--seconds N] [--plain PROGRAM] [--no-live]
//!
//! `osler serve` runs as a process of its own. Requests are sent when their time has come, whether or not the ones before
//! were answered, and their time counts from then; so a slow answer is not hidden by fewer questions. With `--plain`, a
//! program that was built with `--no-default-features`, the same is asked of it on a decrypted copy of the same data, and
//! the ratio is printed.
//!
//! The last part dictates fifty times at once, in real time, into a service in this process, because there the engine is
//! replaced by one that only burns as much time as a real one would; every recording is read back and compared.

#![expect(clippy::print_stdout, reason = "it is made to print figures")]

use futures_util::{SinkExt, StreamExt};
use osler::app::{self, App};
use osler::clock::SystemClock;
use osler::config::Config;
use osler::domain::ids::DictationId;
use osler::domain::transcript::Word;
use osler::domain::transition::{By, Note, Step};
use osler::speech::engine::{Engine, Heard, Piece, Session, SpeechError, Token};
use osler::speech::pool::Pool;
use osler::store::{Opening, TakeStep};
use osler::workflow::live_session::Hearing;
use osler::workflow::queue::{Runner, hear_with};
use osler::workflow::transcribe::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

#[path = "../tests/support/voice.rs"]
#[expect(dead_code, reason = "silence is for the tests")]
mod voice;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Dictations at once, and for how many seconds.
const LIVE: usize = 50;
const LIVE_S: usize = 20;

struct Asked {
    data: PathBuf,
    dictations: u32,
    rate: u32,
    seconds: u32,
    plain: Option<PathBuf>,
    live: bool,
}

fn asked() -> Result<Asked, Failed> {
    let mut asked = Asked {
        data: Path::new(env!("CARGO_TARGET_TMPDIR")).join("service"),
        dictations: 100_000,
        rate: 200,
        seconds: 20,
        plain: None,
        live: true,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--data" => asked.data = value()?.into(),
            "--dictations" => asked.dictations = value()?.parse()?,
            "--rate" => asked.rate = value()?.parse()?,
            "--seconds" => asked.seconds = value()?.parse()?,
            "--plain" => asked.plain = Some(value()?.into()),
            "--no-live" => asked.live = false,
            "--bench" => {} // cargo says so
            _ => return Err(format!("{word} is not known; see benches/service.rs").into()),
        }
    }
    Ok(asked)
}

fn main() -> Result<(), Failed> {
    let asked = asked()?;
    let program = Path::new(env!("CARGO_BIN_EXE_osler"));
    if !asked.data.join("osler.db").exists() {
        let mut command = Command::new(program);
        command.args(["demo", "--fill", &asked.dictations.to_string(), "--data"]);
        must(command.arg(&asked.data))?;
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let mut failed = false;
    let mut measured = Vec::new();
    let decrypted = PathBuf::from(format!("{}-plain", asked.data.display()));
    let mut places = vec![("encrypted", program, &asked.data)];
    if let Some(plain) = &asked.plain {
        copy(program, &asked.data, &decrypted)?;
        places.push(("plain", plain, &decrypted));
    }
    for (what, program, data) in places {
        let figures = runtime.block_on(service(what, program, data, &asked))?;
        failed |= figures.wrong > 0;
        measured.push(figures);
    }
    if let [encrypted, plain] = measured.as_slice() {
        println!("\nencrypted / plain");
        for (name, times) in &encrypted.times {
            let other = &plain.times[name];
            let ratio = |share| at(times, share) / at(other, share);
            println!(
                "  {name:18} median {:5.2}   p99 {:5.2}",
                ratio(0.5),
                ratio(0.99)
            );
        }
        println!(
            "  {:18} {:12.2}",
            "CPU per request",
            encrypted.cpu / plain.cpu
        );
    }
    if asked.live {
        failed |= runtime.block_on(live(&asked.data))?;
    }
    runtime.shutdown_background();
    if failed {
        Err("something was lost or refused; see above".into())
    } else {
        Ok(())
    }
}

fn must(command: &mut Command) -> Result<(), Failed> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}

/// A copy of the data folder whose database is not encrypted.
fn copy(program: &Path, from: &Path, to: &Path) -> Result<(), Failed> {
    if to.join("osler.db").exists() {
        return Ok(());
    }
    must(Command::new("cp").arg("-r").arg(from).arg(to))?;
    let key = |folder: &Path| format!("{}.key", folder.display());
    std::fs::copy(key(from), key(to))?;
    let mut command = Command::new(program);
    must(
        command
            .args(["db", "decrypt", "--readable-by-anyone", "--data"])
            .arg(to),
    )
}

/// The service; killed with this.
struct Service {
    process: Child,
    port: u16,
    started: Duration,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

impl Service {
    /// Starts it and waits for its first answer.
    async fn start(program: &Path, data: &Path) -> Result<Self, Failed> {
        use std::io::BufRead;
        let begun = Instant::now();
        let mut process = Command::new(program)
            .args(["serve", "--port", "0", "--model", "none", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = process.stdout.take().ok_or("the service has no output")?;
        let mut line = String::new();
        std::io::BufReader::new(out).read_line(&mut line)?;
        let port = line
            .split(['/', ' '])
            .find_map(|part| part.strip_prefix("127.0.0.1:")?.parse().ok())
            .ok_or(format!("the service does not start: {line}"))?;
        let mut service = Self {
            process,
            port,
            started: Duration::ZERO,
        };
        Line::default().get(port, "/practice", "").await?;
        service.started = begun.elapsed();
        Ok(service)
    }

    /// Seconds of processor time so far.
    fn cpu(&self) -> Result<f64, Failed> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let ticks = |n: usize| {
            fields
                .get(n)
                .and_then(|f| f.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        Ok((ticks(11) + ticks(12)) / 100.0)
    }

    /// The most memory it had, in MB.
    fn memory(&self) -> Result<f64, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kb.unwrap_or(0.0) / 1000.0)
    }
}

/// One connection that is kept open; a request at a time.
#[derive(Default)]
struct Line(Option<TcpStream>);

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: Vec<u8>,
}

impl Line {
    async fn get(&mut self, port: u16, path: &str, cookie: &str) -> Result<Answer, Failed> {
        self.ask(port, "GET", path, cookie, "").await
    }

    async fn ask(
        &mut self,
        port: u16,
        method: &str,
        path: &str,
        cookie: &str,
        body: &str,
    ) -> Result<Answer, Failed> {
        let mut stream = match self.0.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(("127.0.0.1", port)).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nX-Osler: 1\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::with_capacity(16 * 1024);
        let (head, length) = loop {
            if stream.read_buf(&mut read).await? == 0 {
                return Err("the service closed the connection".into());
            }
            if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&read[..end]).into_owned();
                let length = header(&head, "content-length").and_then(|l| l.parse().ok());
                read.drain(..end + 4);
                break (head, length.unwrap_or(0usize));
            }
        };
        while read.len() < length {
            if stream.read_buf(&mut read).await? == 0 {
                return Err("the service closed the connection".into());
            }
        }
        self.0 = Some(stream);
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        Ok(Answer {
            status: status.ok_or("no status")?,
            cookie: header(&head, "set-cookie")
                .and_then(|c| c.split(';').next())
                .map(str::to_owned),
            body: read,
        })
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

async fn log_in(port: u16, username: &str) -> Result<String, Failed> {
    let body = json!({"username": username, "demonstration": true}).to_string();
    let answer = Line::default()
        .ask(port, "POST", "/session", "", &body)
        .await?;
    answer
        .cookie
        .ok_or(format!("{username} cannot log in: {}", answer.status).into())
}

/// A dictation that may be asked for, and who may.
#[derive(Clone)]
struct Row {
    mrn: String,
    family: String,
    dictation: String,
    author: String,
}

/// What is asked for, and by whom.
struct Samples {
    rows: Vec<Row>,
    words: Vec<String>,
    cookies: BTreeMap<String, String>,
    secretary: String,
}

/// Patients from all over the practice, with their dictations, and the words of these.
async fn samples(port: u16) -> Result<Samples, Failed> {
    let secretary = log_in(port, "s.m00").await?;
    let mut line = Line::default();
    let mut cookies = BTreeMap::new();
    for n in 0..20 {
        let name = format!("dr.m{n:02}");
        cookies.insert(name.clone(), log_in(port, &name).await?);
    }
    let newest = line.get(port, "/patients?limit=1", &secretary).await?;
    if newest.status != 200 {
        return Err(format!("no patients: {}", newest.status).into());
    }
    let (mut rows, mut words) = (Vec::new(), Vec::new());
    let mut n: u64 = 1;
    let mut missing = 0;
    let mut most = 50_000;
    while rows.len() < 1200 {
        n = n
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mrn = format!("M-{}", 100_000 + (n >> 33) % most);
        let answer = line
            .get(port, &format!("/patients/{mrn}"), &secretary)
            .await?;
        if answer.status == 404 {
            // A smaller practice than usual.
            most = (most / 2).max(1);
            missing += 1;
            if missing > 100 {
                return Err("the practice was not filled with `osler demo --fill`".into());
            }
            continue;
        }
        let chart: Value = serde_json::from_slice(&answer.body)?;
        let family = chart["patient"]["family"].as_str().unwrap_or_default();
        for dictation in chart["dictations"].as_array().into_iter().flatten() {
            let author = dictation["author"]["username"].as_str().unwrap_or_default();
            if cookies.contains_key(author) {
                rows.push(Row {
                    mrn: mrn.clone(),
                    family: family.to_owned(),
                    dictation: dictation["id"].as_str().unwrap_or_default().to_owned(),
                    author: author.to_owned(),
                });
            }
            let text = dictation["reports"][0]["text"].as_str().unwrap_or_default();
            words.extend(
                text.split(|c: char| !c.is_ascii_lowercase())
                    .filter(|w| w.len() >= 5)
                    .map(str::to_owned),
            );
        }
    }
    words.sort();
    words.dedup();
    Ok(Samples {
        rows,
        words,
        cookies,
        secretary,
    })
}

/// One question: its kind, the path, the cookie.
type Question = (&'static str, String, String);

#[derive(Default)]
struct Load {
    times: BTreeMap<&'static str, Vec<f64>>,
    bytes: BTreeMap<&'static str, usize>,
    wrong: BTreeMap<String, usize>,
}

/// Sends each question at its time; times are seconds from then until the whole answer is there.
async fn load(port: u16, rate: u32, questions: Vec<Question>) -> Result<Load, Failed> {
    let lines: Arc<Mutex<Vec<Line>>> = Arc::default();
    let found: Arc<Mutex<Load>> = Arc::default();
    let mut tasks = tokio::task::JoinSet::new();
    let begun = tokio::time::Instant::now() + Duration::from_millis(10);
    for (n, (kind, path, cookie)) in questions.into_iter().enumerate() {
        let due = begun + Duration::from_secs(1) * n as u32 / rate;
        tokio::time::sleep_until(due).await;
        let (lines, found) = (lines.clone(), found.clone());
        tasks.spawn(async move {
            let kept = lines.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut line = kept.unwrap_or_default();
            let answer = line.get(port, &path, &cookie).await;
            let took = due.elapsed().as_secs_f64();
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.times.entry(kind).or_default().push(took);
            match answer {
                Ok(answer) if answer.status == 200 => {
                    *found.bytes.entry(kind).or_default() += answer.body.len();
                    lines
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line);
                }
                Ok(answer) => {
                    *found
                        .wrong
                        .entry(format!("{kind}: {}", answer.status))
                        .or_default() += 1
                }
                Err(e) => *found.wrong.entry(format!("{kind}: {e}")).or_default() += 1,
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let mut found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    found
        .times
        .values_mut()
        .for_each(|t| t.sort_by(f64::total_cmp));
    Ok(found)
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let n = (share * sorted.len() as f64) as usize;
    sorted
        .get(n.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

struct Figures {
    times: BTreeMap<&'static str, Vec<f64>>,
    cpu: f64,
    wrong: usize,
}

fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

async fn service(
    what: &str,
    program: &Path,
    data: &Path,
    asked: &Asked,
) -> Result<Figures, Failed> {
    let cores = std::thread::available_parallelism()?;
    let bytes = std::fs::metadata(data.join("osler.db"))?.len() as f64 / 1e9;
    println!(
        "\n{what}, database of {bytes:.2} GB; {cores} cores, load {} before",
        load_average()
    );
    let service = Service::start(program, data).await?;
    let port = service.port;
    println!(
        "  {:18} {:8.0} ms until the first answer   aim 1000",
        "start",
        ms(service.started)
    );
    let samples = samples(port).await?;
    let row = |n: usize| &samples.rows[n * 7919 % samples.rows.len()];
    let own = |n: usize| samples.cookies[&row(n).author].clone();
    let either = |n: usize| {
        if n.is_multiple_of(2) {
            samples.secretary.clone()
        } else {
            own(n)
        }
    };
    let question = |n: usize| -> Question {
        let (kind, n) = (n % 4, n / 4);
        match kind {
            0 => {
                let places = ["to_correct", "to_sign", "questions", "under_way", "filed"];
                (
                    "worklist",
                    format!("/worklist?place={}", places[n % 5]),
                    either(n),
                )
            }
            1 => ("worklist counts", "/worklist/counts".into(), either(n)),
            2 => ("patient page", format!("/patients/{}", row(n).mrn), own(n)),
            _ => {
                let typed = if n.is_multiple_of(3) {
                    row(n).family.clone()
                } else {
                    samples.words[n * 31 % samples.words.len()].clone()
                };
                ("search", format!("/search?q={typed}"), either(n))
            }
        }
    };
    // As on any day, not the first seconds of the process.
    load(
        port,
        asked.rate / 4,
        (0..asked.rate as usize).map(question).collect(),
    )
    .await?;
    let before = service.cpu()?;
    let count = (asked.rate * asked.seconds) as usize;
    let begun = Instant::now();
    let found = load(
        port,
        asked.rate,
        (9_000..9_000 + count).map(question).collect(),
    )
    .await?;
    let took = begun.elapsed().as_secs_f64();
    let used = service.cpu()? - before;
    let open = |n: usize| -> Question {
        (
            "open a report",
            format!("/dictations/{}", row(n).dictation),
            own(n),
        )
    };
    let opened = load(port, 20, (0..200).map(open).collect()).await?;
    let mut figures = Figures {
        times: BTreeMap::new(),
        cpu: used / count as f64,
        wrong: 0,
    };
    for (load, rate, aim) in [(found, asked.rate, 50), (opened, 20, 30)] {
        for (kind, times) in load.times {
            let kb = load.bytes.get(kind).copied().unwrap_or(0) as f64 / times.len() as f64 / 1e3;
            println!(
                "  {kind:18} n {:5}   median {:6.1}   p95 {:6.1}   p99 {:6.1}   longest {:6.1} ms   {kb:5.1} kB   aim p99 {aim}",
                times.len(),
                1e3 * at(&times, 0.5),
                1e3 * at(&times, 0.95),
                1e3 * at(&times, 0.99),
                1e3 * at(&times, 1.0),
            );
            figures.times.insert(kind, times);
        }
        for (what, n) in load.wrong {
            println!("  at {rate}/s {n} times {what}");
            figures.wrong += n;
        }
    }
    println!(
        "  {} requests in {took:.1} s ({}/s asked for); the service used {:.2} of {cores} cores, {:.1} ms a request, {:.0} MB at most",
        count,
        asked.rate,
        used / took,
        1e3 * figures.cpu,
        service.memory()?
    );
    Ok(figures)
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

/// An engine without a model: it keeps a core busy for a tenth of the length of what it hears, as the smaller models do
/// on a desktop, and gives words.
struct Busy;

impl Engine for Busy {
    fn open(&self) -> Result<Box<dyn Session>, SpeechError> {
        Ok(Box::new(Self))
    }
    fn model_name(&self) -> &str {
        "made up"
    }
    fn model_sha256(&self) -> &str {
        "0000"
    }
}

impl Session for Busy {
    fn hear(&mut self, piece: &Piece<'_>) -> Result<Heard, SpeechError> {
        let length_s = piece.pcm.len() as f64 / 16_000.0;
        let until = Instant::now() + Duration::from_secs_f64(length_s / 10.0);
        while Instant::now() < until {
            if piece.cancel.is_cancelled() {
                return Err(SpeechError::Cancelled);
            }
            std::hint::spin_loop();
        }
        let count = (2.0 * length_s) as usize;
        let words = (0..count).map(|n| Word {
            text: if n.is_multiple_of(2) { "chest" } else { "pain" }.into(),
            start_s: piece.offset_s + 0.5 * n as f64,
            end_s: piece.offset_s + 0.5 * n as f64 + 0.4,
            probability: 0.9,
            take: 0,
        });
        let tokens = (0..count).map(|word| Token {
            id: 1,
            log_probability: -0.2,
            word,
        });
        Ok(Heard {
            words: words.collect(),
            tokens: tokens.collect(),
        })
    }

    fn score(&mut self, _: Range<usize>, all: &[String]) -> Result<Vec<Option<f32>>, SpeechError> {
        Ok(vec![None; all.len()])
    }
}

/// Fifty at once; whether something was lost.
async fn live(data: &Path) -> Result<bool, Failed> {
    println!(
        "\n{LIVE} dictations at once into one service, {LIVE_S} s of sound each in real time, while a recording of 60 s is transcribed\n  (engine replaced by one that only keeps a core busy; it gives live text to all of them too)"
    );
    let config = Config {
        data: data.to_owned(),
        ..Config::default()
    };
    let app = App::open(config, Opening::Existing, Arc::new(SystemClock)).await?;
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let port = socket.local_addr()?.port();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let over = |mut stopped: tokio::sync::watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|s| *s).await;
    };
    let serving = tokio::spawn(app::serve(app.clone(), socket, None, over(stopped.clone())));
    let cores = std::thread::available_parallelism()?.get();
    let pool = Pool::new(Arc::new(Busy), cores)?;
    app.live.hear_with(Hearing {
        pool: pool.clone(),
        language: "en".into(),
        prompt: String::new(),
    });
    let samples = samples(port).await?;
    // No patient twice: a recording is known by its sound and its patient.
    let mut rows = samples.rows.clone();
    rows.dedup_by(|a, b| a.mrn == b.mrn);
    let cookie = |row: &Row| samples.cookies[&row.author].clone();
    let seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_micros() as u64;
    // What is transcribed meanwhile.
    let first = &rows[LIVE];
    let other = dictate(
        port,
        cookie(first),
        first.mrn.clone(),
        speech(60, seed),
        false,
    )
    .await?;
    let id: DictationId = other.id.parse()?;
    let index = app.index().await?;
    let runner = Runner::new(
        app.clone(),
        hear_with(pool, index, Options::default()),
        cores,
    );
    let end = over(stopped);
    let working = tokio::spawn(async move { runner.run(end).await });
    let mut speaking = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for (n, row) in rows.iter().take(LIVE).enumerate() {
        let sound = speech(LIVE_S, seed + 1 + n as u64);
        speaking.spawn(dictate(port, cookie(row), row.mrn.clone(), sound, true));
    }
    let mut spoken = Vec::new();
    while let Some(done) = speaking.join_next().await {
        spoken.push(done??);
    }
    let took = begun.elapsed();
    let place = app.store.item(id).await?.place;
    stop.send_replace(true);
    working.await?;
    serving.await??;
    let sent: usize = spoken.iter().map(|s| s.sound.len()).sum();
    let mut lost = 0;
    for dictated in spoken.iter().chain([&other]) {
        let id: DictationId = dictated.id.parse()?;
        let sha256 = app.store.dictation(id).await?.takes[0].sha256.clone();
        let kept = hound::WavReader::new(app.audio.open_sound(&sha256)?)?
            .into_samples::<i16>()
            .collect::<Result<Vec<_>, _>>()?;
        let same = kept
            .iter()
            .zip(&dictated.sound)
            .take_while(|(a, b)| a == b)
            .count();
        lost += dictated.sound.len().max(kept.len()) - same;
        clear(&app, id).await?;
    }
    let mut waits: Vec<f64> = spoken.iter().flat_map(|s| s.acked_s.clone()).collect();
    waits.sort_by(f64::total_cmp);
    println!(
        "  {sent} samples sent in {:.1} s, read back and compared: {lost} lost; from sent to certain median {:.0}, p99 {:.0}, longest {:.0} ms\n  live text came to {} of {LIVE}; the other recording was by then {} {}",
        took.as_secs_f64(),
        1e3 * at(&waits, 0.5),
        1e3 * at(&waits, 0.99),
        1e3 * at(&waits, 1.0),
        spoken.iter().filter(|s| s.texts > 0).count(),
        place.0.as_str(),
        place.1.as_str(),
    );
    Ok(lost > 0)
}

/// Takes a dictation of this measurement off the worklist again.
async fn clear(app: &App, id: DictationId) -> Result<(), Failed> {
    let request = TakeStep {
        dictation_id: id,
        step: Step::Delete,
        by: By::Person(app.store.item(id).await?.author),
        note: Some("made for measuring".parse::<Note>()?),
    };
    let actor = osler::domain::audit::Actor::cli("bench");
    app.store.take_step(request, app.stamp(&actor)).await?;
    Ok(())
}

/// A voice, each time another recording.
fn speech(seconds: usize, seed: u64) -> Vec<i16> {
    let mut noise = seed;
    let mut sound: Vec<i16> = Vec::with_capacity(seconds * 16_000);
    for s in voice::voice(seconds as f64) {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let dither = (noise >> 61) as f32;
        sound.push((s.clamp(-0.9, 0.9) * 32_000.0 + dither) as i16);
    }
    sound
}

struct Dictated {
    id: String,
    sound: Vec<i16>,
    /// Seconds from a frame's sending until it was said to be on the disk.
    acked_s: Vec<f64>,
    /// Messages with text.
    texts: usize,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn hear(socket: &mut Socket) -> Result<Value, Failed> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let said: Value = serde_json::from_str(text.as_str())?;
                if said["type"] == "error" {
                    return Err(said.to_string().into());
                }
                return Ok(said);
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err("the socket closed".into()),
            Some(Ok(_)) => {}
        }
    }
}

/// Dictates, waits until everything is certain, and hands it on.
async fn dictate(
    port: u16,
    cookie: String,
    mrn: String,
    sound: Vec<i16>,
    real_time: bool,
) -> Result<Dictated, Failed> {
    let mut request = format!("ws://127.0.0.1:{port}/api/v1/live").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("cookie", cookie.parse()?);
    headers.insert("origin", format!("http://127.0.0.1:{port}").parse()?);
    let (mut socket, _) = connect_async(request).await?;
    let id = uuid::Uuid::now_v7();
    let start = json!({"type": "start", "id": id, "mrn": mrn}).to_string();
    socket.send(Message::Text(start.into())).await?;
    while hear(&mut socket).await?["type"] != "ready" {}
    let mut done = Dictated {
        id: String::new(),
        acked_s: Vec::new(),
        texts: 0,
        sound,
    };
    let begun = tokio::time::Instant::now();
    let mut sent: Vec<(u64, tokio::time::Instant)> = Vec::new();
    let mut acked = 0;
    let mut next = 0;
    while acked < done.sound.len() as u64 {
        let due = if real_time {
            begun + Duration::from_millis(next as u64 / 16)
        } else {
            begun
        };
        let more = next < done.sound.len();
        tokio::select! {
            () = tokio::time::sleep_until(due), if more => {
                let end = done.sound.len().min(next + 1600);
                let mut frame = vec![0; 8];
                frame.extend((next as u64).to_le_bytes());
                frame.extend(done.sound[next..end].iter().flat_map(|s| s.to_le_bytes()));
                socket.send(Message::Binary(frame.into())).await?;
                next = end;
                sent.push((end as u64, due.max(begun)));
            }
            said = hear(&mut socket) => {
                let said = said?;
                if said["type"] == "text" {
                    done.texts += 1;
                }
                if said["type"] == "ack" {
                    acked = said["samples"].as_u64().unwrap_or(acked);
                    sent.retain(|(end, at)| {
                        if *end <= acked {
                            done.acked_s.push(at.elapsed().as_secs_f64());
                        }
                        *end > acked
                    });
                }
            }
        }
    }
    let finish = json!({"type": "finish"}).to_string();
    socket.send(Message::Text(finish.into())).await?;
    loop {
        let said = hear(&mut socket).await?;
        if said["type"] == "finished" {
            done.id = said["dictation_id"].as_str().unwrap_or_default().to_owned();
            return Ok(done);
        }
    }
}
