//! A practice in a temporary folder, a clock that is set by hand, and a recognition that no engine made.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use osler::app::App;
use osler::clock::Clock;
use osler::config::Config;
use osler::domain::audit::Actor;
use osler::domain::finding::{Finding, FindingKind, Severity};
use osler::domain::patient::{Mrn, Patient, Sex};
use osler::domain::recognition::{Raw, Recognition, SourceInfo, Transcript};
use osler::domain::report::{ReportBody, Section, TraceSpan};
use osler::domain::role::Role;
use osler::domain::transcript::{Coverage, Edit, EditState, Word};
use osler::domain::user::User;
use osler::store::keys::{Keys, default_file};
use osler::store::{Kind, Opening, Options};
use osler::workflow::intake::Request;
use osler::workflow::patients::NewPatient;
use osler::workflow::{patients, users};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Stands still until it is set.
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time.parse().unwrap())))
    }

    pub fn set(&self, time: &str) {
        *self.0.lock().unwrap() = time.parse().unwrap();
    }

    /// Goes on by so many seconds, or back.
    pub fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += jiff::SignedDuration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }
}

/// Two physicians, a secretary, two patients.
pub struct Practice {
    pub app: App,
    pub clock: Arc<TestClock>,
    pub author: User,
    pub colleague: User,
    pub secretary: User,
    pub ada: Patient,
    pub ben: Patient,
    folder: tempfile::TempDir,
}

pub const BORN: Date = date(1961, 3, 14);

pub fn actor() -> Actor {
    Actor::cli("tester")
}

pub fn mrn(text: &str) -> Mrn {
    text.parse().unwrap()
}

pub async fn open(data: &Path, opening: Opening, clock: Arc<TestClock>) -> App {
    let config = Config {
        data: data.to_path_buf(),
        ..Config::default()
    };
    let options = options(data);
    App::open_with(config, opening, options, clock)
        .await
        .unwrap()
}

/// Nobody waits for a lock in a test, and no key file is left behind.
pub fn options(data: &Path) -> Options {
    Options {
        busy_timeout: Duration::ZERO,
        key_file: Some(key_file(data)),
    }
}

/// A connection to a database that Osler has made, with its key.
pub fn raw(data: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(data.join(osler::store::FILE_NAME)).unwrap();
    if cfg!(feature = "encrypted") {
        let keys = Keys::open(data, &key_file(data)).unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"", keys.database().hex()))
            .unwrap();
    }
    conn
}

/// Every row of every table, to compare before and after.
pub fn dump(data: &Path) -> Vec<String> {
    let conn = raw(data);
    let mut out = Vec::new();
    for table in [
        "users",
        "patients",
        "encounters",
        "dictations",
        "takes",
        "transcripts",
        "reports",
        "report_versions",
        "signatures",
        "accounts",
        "attempts",
        "sessions",
        "service_tokens",
        "emergency_access",
        "steps",
        "jobs",
        "retractions",
        "dictionary_entries",
        "templates",
        "inbox",
        "holds",
        "removed_sounds",
        "letters",
        "letter_copies",
        "letter_withdrawals",
        "patient_numbers",
        "patient_changes",
        "patient_merges",
        "merged_things",
        "audit_checkpoints",
        "audit",
    ] {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|i| row.get(i).unwrap()).collect();
            out.push(format!("{table}: {values:?}"));
        }
    }
    out
}

#[cfg(feature = "encrypted")]
pub fn stamp() -> osler::domain::audit::Stamp {
    osler::domain::audit::Stamp {
        actor: actor(),
        at: "2025-03-03T09:00:00Z".parse().unwrap(),
    }
}

/// Opens a database that an earlier version has made, once it is encrypted as a user would do it.
pub async fn open_earlier(data: &Path, clock: Arc<TestClock>) -> App {
    #[cfg(feature = "encrypted")]
    osler::store::cipher::encrypt(data, Some(&key_file(data)), &stamp()).unwrap();
    open(data, Opening::Existing, clock).await
}

/// Beside the data folder as usual; a folder with nothing around it that goes with the test has a key that all such share.
pub fn key_file(data: &Path) -> PathBuf {
    if data.parent() == Some(&std::env::temp_dir()) {
        return Path::new(env!("CARGO_TARGET_TMPDIR")).join("osler-test.key");
    }
    default_file(data)
}

impl Practice {
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at("2025-03-03T09:00:00Z");
        let app = open(
            &folder.path().join("data"),
            Opening::OrCreate(kind),
            clock.clone(),
        )
        .await;
        let author = user(&app, "dr.a", "Anna Author, MD", Role::Physician).await;
        let colleague = user(&app, "dr.c", "Carl Colleague, MD", Role::Physician).await;
        let secretary = user(&app, "s.s", "Sam Secretary", Role::Secretary).await;
        let ada = patient(&app, "A-1", "Winter", "Ada", BORN).await;
        let ben = patient(&app, "B-2", "Sommer", "Ben", date(1980, 12, 1)).await;
        Self {
            app,
            clock,
            author,
            colleague,
            secretary,
            ada,
            ben,
            folder,
        }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A recording with these bytes.
    pub fn recording(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The intake of a recording into Ada's record, by the author, with both identifiers.
    pub fn request(&self, recording: PathBuf) -> Request {
        Request {
            recording,
            mrn: self.ada.mrn.clone(),
            birth_date: Some(BORN),
            author: self.author.clone(),
            encounter: None,
            orders: Default::default(),
        }
    }

    /// Closes the database as a killed process would leave it to the next, and opens it again.
    pub async fn reopen(mut self) -> Self {
        self.app = open(&self.data(), Opening::Existing, self.clock.clone()).await;
        self
    }

    /// A connection of somebody else's to the same file.
    pub fn raw(&self) -> rusqlite::Connection {
        raw(&self.data())
    }

    /// Every row of every table, to compare before and after.
    pub fn dump(&self) -> Vec<String> {
        dump(&self.data())
    }

    /// Recordings in the audio store, finished or not.
    pub fn sounds(&self) -> usize {
        fn count(folder: &Path) -> usize {
            std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(&self.data().join(osler::store::blobs::FOLDER))
    }

    /// What was done, in order, without the set-up.
    pub async fn actions(&self) -> Vec<String> {
        self.app
            .store
            .audit(None)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.action)
            .filter(|a| !matches!(a.as_str(), "user.added" | "patient.added"))
            .collect()
    }
}

async fn user(app: &App, username: &str, name: &str, role: Role) -> User {
    users::add(app, username, name, role, &actor())
        .await
        .unwrap()
}

async fn patient(app: &App, mrn: &str, family: &str, given: &str, birth_date: Date) -> Patient {
    let new = NewPatient {
        mrn: mrn.parse().unwrap(),
        family: family.into(),
        given: given.into(),
        birth_date,
        sex: Sex::Unknown,
    };
    patients::add(app, new, &actor()).await.unwrap()
}

pub const REPORT: &str = "Assessment:\nContinue apixaban 5 mg.";

/// A short recognition with one edit and one critical finding.
pub fn recognition() -> Recognition {
    let heard = ["Continue", "a", "pixel", "of", "5", "mg."];
    let words: Vec<Word> = heard
        .iter()
        .enumerate()
        .map(|(i, text)| Word {
            text: (*text).into(),
            start_s: i as f64 * 0.5,
            end_s: i as f64 * 0.5 + 0.4,
            probability: 0.75,
            take: 0,
        })
        .collect();
    let mut finding = Finding::new(
        FindingKind::SpeechWithoutText,
        Severity::Critical,
        (61.0, 64.5),
        (6, 6),
        "speech without text: listen here",
        "3.5 s of speech",
    );
    finding.id = 1;
    Recognition {
        source: SourceInfo {
            format: "wav/pcm_s16le".into(),
            sample_rate: 16_000,
            channels: 1,
            header: None,
        },
        duration_s: 65.0,
        model: "made-up".into(),
        model_sha256: "0".repeat(64),
        parameters: serde_json::json!({"beam": 1, "dictionary_version": "en-1"}),
        elapsed_s: 6.5,
        stages_s: [("decode".to_owned(), 0.5), ("hear".to_owned(), 5.5)].into(),
        raw: Raw {
            text: heard.join(" "),
            words,
        },
        transcript: Transcript {
            text: "Continue apixaban 5 mg.".into(),
            edits: vec![Edit {
                id: 1,
                word_from: 1,
                word_to: 4,
                before: "a pixel of".into(),
                after: "apixaban".into(),
                rule: "dictionary.sound".into(),
                score: Some(-5.5),
                state: EditState::Applied,
            }],
        },
        report: ReportBody {
            kind: "dictation".into(),
            text: REPORT.into(),
            sections: vec![Section {
                heading: "Assessment".into(),
                text: "Continue apixaban 5 mg.".into(),
            }],
            trace: vec![TraceSpan {
                from: 0,
                to: REPORT.chars().count(),
                word_from: 0,
                word_to: 6,
                rule: "text".into(),
            }],
            instructions: Vec::new(),
        },
        findings: vec![finding],
        coverage: Coverage {
            speech_s: 60.0,
            covered_s: 56.5,
            gaps: Vec::new(),
        },
    }
}
