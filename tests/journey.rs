//! Whole ways through the program, with the real model.

use crate::support::real;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A data folder and a configuration that names the small model.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.config(), "model = \"tiny.en\"\n").unwrap();
        place
    }

    /// With one physician and one patient, A-7.
    fn with_a_patient() -> Self {
        let place = Self::new();
        place.run(&["init", "--demo"]);
        place.run(&[
            "user",
            "add",
            "dr.a",
            "--name",
            "Anna, MD",
            "--role",
            "physician",
        ]);
        place.run(&[
            "patient",
            "add",
            "--mrn",
            "A-7",
            "--family",
            "Winter",
            "--given",
            "Ada",
            "--birth-date",
            "1961-03-14",
        ]);
        place
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("osler.toml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osler"));
        command
            .current_dir(root())
            .args(arguments)
            .env("OSLER_CONFIG", self.config())
            .env("OSLER_DATA", self.0.path().join("data"))
            .env("OSLER_MODELS", real::models());
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const CLIP: &str = "tests/fixtures/demo/emergency.ogg";

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn the_demonstration_ends_with_filed_reports_and_a_second_run_adds_nothing() {
    let place = Place::new();
    let first = place.run(&["demo"]);
    for part in [
        "Whitfield, Margaret  MRN D-1001",
        "Nguyen, Linh  MRN D-1003",
        "with tiny.en (sha256 5bc2b386",
        "authentication: none (cli)",
        "filed (done)",
        "OBJECTIVE",
        "142",
        "osler serve",
    ] {
        assert!(first.contains(part), "{part:?} is missing in\n{first}");
    }
    let reports = place.run(&["report", "list"]);
    let second = place.run(&["demo"]);
    assert_eq!(second.matches("nothing done twice").count(), 2, "{second}");
    assert_eq!(place.run(&["report", "list"]), reports);
    assert_eq!(
        reports.lines().filter(|l| l.contains("filed")).count(),
        2,
        "{reports}"
    );
}

#[test]
#[ignore = "needs the model that `make test` fetches"]
fn an_intake_that_is_killed_is_finished_by_the_next() {
    let place = Place::with_a_patient();
    let intake = [
        "intake",
        CLIP,
        "--patient",
        "A-7",
        "--birth-date",
        "1961-03-14",
    ];
    let mut child = place
        .command(&intake)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Killed as soon as the record shows that the engine is at work.
    while !place
        .run(&["patient", "show", "A-7"])
        .contains("recorded (in progress)")
    {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the intake ended before it could be killed"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = place.run(&["patient", "show", "A-7"]);
    assert!(killed.contains("recorded (in progress)"), "{killed}");
    assert!(
        place
            .run(&[
                "intake",
                CLIP,
                "--patient",
                "A-7",
                "--birth-date",
                "1961-03-14"
            ])
            .contains("draft")
    );
    let shown = place.run(&["patient", "show", "A-7"]);
    assert_eq!(shown.matches("\ndictation ").count(), 1, "{shown}");
    assert!(shown.contains("awaiting signature"), "{shown}");
    assert!(shown.to_lowercase().contains("chief complaint"), "{shown}");
}

#[test]
fn what_is_no_recording_is_refused_and_leaves_nothing_behind() {
    let place = Place::with_a_patient();
    let letter = place.0.path().join("letter.wav");
    std::fs::write(
        &letter,
        "Dear colleague, thank you for seeing this patient.",
    )
    .unwrap();
    let output = place
        .command(&["intake", letter.to_str().unwrap(), "--patient", "A-7"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("letter.wav"), "{}", said(&output));
    assert!(
        place
            .run(&["patient", "show", "A-7"])
            .contains("no dictations yet")
    );
}
