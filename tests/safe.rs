//! What lies on the disk: sealed, saved, put back, and removed when its time is over.

use crate::support::client::{Client, ROOT, staffed};
use crate::support::practice::{
    BORN, Practice, TestClock, actor, key_file, open, open_earlier, options, recognition,
};
use axum::http::Method;
use osler::audio::decode::Decoder;
use osler::audio::{AudioError, Input, OpenOptions};
use osler::domain::ids::DictationId;
use osler::domain::signature::Authentication;
use osler::store::blobs::{AudioStore, FOLDER};
use osler::store::keys::{KEYRING, KeyError};
use osler::store::{FILE_NAME, Kind, Opening, Store, StoreError};
use osler::workflow::backup::{self, BackupError, MANIFEST};
use osler::workflow::{WorkflowError, intake, retention, sign, upkeep};
use serde_json::{Value, json};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/audio")
        .join(name)
}

/// Every file below a folder, with its bytes, in order.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            out.push((path, bytes));
        }
    }
    out.sort();
    out
}

fn holds(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|w| w == what.as_bytes())
}

/// Takes a recording into Ada's record, signs and files its report.
async fn filed(practice: &Practice, name: &str, sound: &[u8]) -> DictationId {
    let request = practice.request(practice.recording(name, sound));
    let taken = intake::run(&practice.app, request, &actor(), |_: &Input, _| {
        Ok::<_, AudioError>(recognition())
    })
    .await
    .unwrap();
    sign::sign(
        &practice.app,
        taken.report_id,
        &practice.author,
        Some(BORN),
        Authentication::PasswordAndCode,
        &actor(),
    )
    .await
    .unwrap();
    taken.dictation.id
}

async fn sha256(practice: &Practice, id: DictationId) -> String {
    let dictation = practice.app.store.dictation(id).await.unwrap();
    dictation.takes[0].sha256.clone()
}

fn decode(recording: impl Into<Input>, options: &OpenOptions) -> Result<Vec<f32>, AudioError> {
    let mut decoder = Decoder::open_with(recording, options)?;
    let mut out = Vec::new();
    while let Some(block) = decoder.next_block()? {
        out.extend(block);
    }
    Ok(out)
}

/// A stored recording, to be heard.
fn stored(audio: &AudioStore, bytes: &[u8]) -> Input {
    let address = audio.put(bytes).unwrap().sha256;
    let audio = audio.clone();
    Input::opened_by("stored", move || {
        Ok(Box::new(audio.open_sound(&address).unwrap()))
    })
}

// Sealed.

#[tokio::test]
async fn a_sealed_recording_of_any_format_is_heard_as_its_file_is() {
    let practice = Practice::new(Kind::Demo).await;
    for name in [
        "clip.aac",
        "clip.flac",
        "clip.m4a",
        "clip.mp3",
        "clip.ogg",
        "clip.opus",
        "clip.webm",
        "other-rate.mp3",
        "video.mkv",
        "video.mp4",
    ] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let plain = decode(&fixture(name), &OpenOptions::default()).unwrap();
        let sealed = stored(&practice.app.audio, &bytes);
        assert!(
            decode(&sealed, &OpenOptions::default()).unwrap() == plain,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_in_the_middle_of_a_sealed_mp3_is_told() {
    let practice = Practice::new(Kind::Demo).await;
    let mut bytes = std::fs::read(fixture("clip.mp3")).unwrap();
    let middle = bytes.len() / 2;
    bytes.drain(middle..middle + 4_000);
    let file = practice.recording("cut.mp3", &bytes);
    let holes = |input: Input| {
        let mut decoder = Decoder::open(&input).unwrap();
        while decoder.next_block().unwrap().is_some() {}
        decoder.holes().to_vec()
    };
    let plain = holes((&file).into());
    assert!(!plain.is_empty());
    assert_eq!(holes(stored(&practice.app.audio, &bytes)), plain);
}

#[cfg(unix)]
#[tokio::test]
async fn a_sealed_dictaphone_file_is_given_to_its_decoder_and_not_left_behind() {
    let practice = Practice::new(Kind::Demo).await;
    let mut bytes = vec![0xff; 4096];
    bytes[..4].copy_from_slice(b"\x02dss");
    let seen = practice.recording("seen", b"");
    // Says where it found the file and what was in it, then gives half a second of silence.
    let script = "echo \"$1\" > \"$2\"; wc -c < \"$1\" >> \"$2\"; head -c 16000 /dev/zero";
    let options = OpenOptions {
        dss_decoder: [
            "sh",
            "-c",
            script,
            "decoder",
            "{input}",
            seen.to_str().unwrap(),
        ]
        .map(str::to_owned)
        .to_vec(),
        ..OpenOptions::default()
    };
    let sealed = stored(&practice.app.audio, &bytes);
    assert_eq!(decode(&sealed, &options).unwrap().len(), 8_000);
    let seen = std::fs::read_to_string(seen).unwrap();
    let mut lines = seen.lines();
    let place = Path::new(lines.next().unwrap());
    assert_eq!(lines.next().unwrap().trim(), "4096");
    assert!(!place.starts_with(practice.data()));
    assert!(!std::fs::read(place).is_ok_and(|left| left == bytes));
}

#[tokio::test]
async fn a_sealed_recording_is_read_from_any_place() {
    let practice = Practice::new(Kind::Demo).await;
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let address = practice.app.audio.put(&bytes[..]).unwrap().sha256;
    let mut sound = practice.app.audio.open_sound(&address).unwrap();
    for (from, length) in [(0, 10), (65_535, 3), (1_199_990, 10), (700_001, 200_000)] {
        sound.seek(SeekFrom::Start(from as u64)).unwrap();
        let mut part = vec![0; length];
        sound.read_exact(&mut part).unwrap();
        assert_eq!(part, bytes[from..from + length]);
    }
}

#[tokio::test]
async fn nothing_that_was_said_can_be_read_in_the_data_folder() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"the sound of what was said").await;
    let practice = practice.reopen().await;
    let mut never = vec!["what was said"];
    if cfg!(feature = "encrypted") {
        never.extend(["apixaban", "Winter", "SQLite format", "dictation"]);
    }
    for (path, bytes) in files(&practice.data()) {
        for word in &never {
            assert!(!holds(&bytes, word), "{word} in {}", path.display());
        }
    }
}

// Keys.

async fn refused(data: &Path) -> StoreError {
    let opened = Store::open(data, Opening::Existing, options(data)).await;
    opened.err().unwrap()
}

#[tokio::test]
async fn without_its_key_a_practice_is_not_opened_and_each_reason_is_told() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let practice = practice.reopen().await;
    let data = practice.data();
    let key = key_file(&data);
    let aside = key.with_extension("aside");

    std::fs::rename(&key, &aside).unwrap();
    let error = refused(&data).await;
    assert!(
        matches!(error, StoreError::Key(KeyError::Missing { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(key.to_str().unwrap()), "{error}");
    assert!(!key.exists(), "no other key was made");

    let other = Practice::new(Kind::Demo).await;
    std::fs::copy(key_file(&other.data()), &key).unwrap();
    let error = refused(&data).await;
    assert!(
        matches!(error, StoreError::Key(KeyError::Wrong { .. })),
        "{error}"
    );

    std::fs::rename(&aside, &key).unwrap();
    let ring = data.join(KEYRING);
    let kept = std::fs::read(&ring).unwrap();
    std::fs::remove_file(&ring).unwrap();
    let error = refused(&data).await;
    assert!(
        matches!(error, StoreError::Key(KeyError::NoKeyring(_))),
        "{error}"
    );
    assert!(!ring.exists(), "no other keyring was made");

    // The keyring of another folder under the same key.
    let third = practice.recording("third", b"");
    std::fs::remove_file(&third).unwrap();
    let same_key = osler::store::Options {
        key_file: Some(key.clone()),
        ..options(&third)
    };
    let made = Store::open(&third, Opening::OrCreate(Kind::Demo), same_key).await;
    drop(made.unwrap());
    std::fs::copy(third.join(KEYRING), &ring).unwrap();
    let error = refused(&data).await;
    if cfg!(feature = "encrypted") {
        assert!(matches!(error, StoreError::NotADatabase(_)), "{error}");
    } else {
        assert!(
            matches!(error, StoreError::Key(KeyError::Foreign(_))),
            "{error}"
        );
    }
    assert!(error.to_string().contains("keys"), "{error}");
    std::fs::write(&ring, kept).unwrap();
    Store::open(&data, Opening::Existing, options(&data))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_new_master_key_opens_everything_and_the_old_one_nothing() {
    let practice = Practice::new(Kind::Demo).await;
    let id = filed(&practice, "a.wav", b"sound").await;
    let before = files(&practice.data().join(FOLDER));
    let rotated = upkeep::rotate_key(&practice.app, &actor()).await.unwrap();
    assert_eq!(files(&practice.data().join(FOLDER)), before);
    let practice = practice.reopen().await;
    assert_eq!(practice.app.store.keys().master(), rotated.to);
    practice
        .app
        .audio
        .verified(&sha256(&practice, id).await)
        .unwrap();
    assert_eq!(practice.actions().await.last().unwrap(), "key.rotated");
    let data = practice.data();
    std::fs::copy(&rotated.kept, key_file(&data)).unwrap();
    assert!(matches!(
        refused(&data).await,
        StoreError::Key(KeyError::Wrong { .. })
    ));
}

#[cfg(feature = "encrypted")]
mod encrypted {
    use super::*;
    use crate::support::practice::{dump, stamp};
    use osler::store::cipher;

    #[tokio::test]
    async fn a_database_becomes_plain_and_encrypted_again_and_holds_the_same() {
        let practice = Practice::new(Kind::Demo).await;
        filed(&practice, "a.wav", b"sound").await;
        let before = practice.dump();
        let (data, key) = (practice.data(), key_file(&practice.data()));
        // Nobody else may use it meanwhile.
        let locked = cipher::decrypt(&data, Some(&key), &stamp()).unwrap_err();
        assert!(matches!(locked, StoreError::Locked(_)), "{locked}");
        assert_eq!(practice.dump(), before);
        let clock = practice.clock.clone();
        drop(practice.app);
        let path = data.join(FILE_NAME);
        assert!(!cipher::decrypt(&data, Some(&key), &stamp()).unwrap().was_so);
        assert!(cipher::decrypt(&data, Some(&key), &stamp()).unwrap().was_so);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"SQLite format 3\0") && holds(&bytes, "apixaban"));
        let error = refused(&data).await;
        assert!(matches!(error, StoreError::Plain(_)), "{error}");
        assert!(error.to_string().contains("osler db encrypt"), "{error}");
        assert!(!cipher::encrypt(&data, Some(&key), &stamp()).unwrap().was_so);
        assert!(cipher::encrypt(&data, Some(&key), &stamp()).unwrap().was_so);
        assert!(!holds(&std::fs::read(&path).unwrap(), "apixaban"));
        let app = open(&data, Opening::Existing, clock).await;
        assert_eq!(app.store.kind(), Kind::Demo);
        let checked = app.store.check_audit(None).await.unwrap();
        assert_eq!(checked.broken, None);
        drop(app);
        // The same, and two rows that say what was done.
        let after = dump(&data);
        let (same, noted) = after.split_at(before.len());
        assert_eq!(same, before);
        assert_eq!(noted.len(), 2);
        for (row, form) in noted.iter().zip(["plain", "encrypted"]) {
            assert!(
                row.contains("database.converted") && row.contains(form),
                "{row}"
            );
        }
        let left: Vec<_> = std::fs::read_dir(&data)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(FILE_NAME) && name != FILE_NAME)
            .collect();
        assert_eq!(left, Vec::<String>::new());
    }

    #[test]
    fn a_conversion_that_fails_leaves_the_database_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let path = data.join(FILE_NAME);
        let other = rusqlite::Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE bookmarks (url TEXT)")
            .unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        cipher::encrypt(&data, None, &stamp()).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(!data.join(format!("{FILE_NAME}.converting")).exists());
        assert!(!data.join(KEYRING).exists() && !key_file(&data).exists());
    }
}

// Backups.

/// A folder for backups beside the practice.
fn place(practice: &Practice) -> PathBuf {
    practice.data().with_file_name("backups")
}

#[tokio::test]
async fn a_backup_is_made_while_everybody_works_checked_and_put_back() {
    let practice = Practice::new(Kind::Demo).await;
    let first = filed(&practice, "a.wav", &[1; 70_000]).await;
    let place = place(&practice);
    let made = {
        let writing = async {
            for n in 0..20 {
                let sound = format!("sound {n}");
                filed(&practice, &format!("{n}.wav"), sound.as_bytes()).await;
            }
        };
        let actor = actor();
        let backup = backup::create(&practice.app, &place, &actor);
        tokio::join!(backup, writing).0.unwrap()
    };
    assert_eq!(made.manifest.missing, Vec::<String>::new());
    assert!(made.manifest.audit.rows > 0);
    let key = key_file(&practice.data());
    let checked = backup::verify(&made.folder, &key, true).unwrap();
    assert_eq!((checked.problems, checked.notes), (vec![], vec![]));
    for (path, bytes) in files(&made.folder) {
        assert!(!holds(&bytes, "sound 1"), "{}", path.display());
    }

    // On another machine: the backup and the key file, nothing else.
    let there = practice.data().with_file_name("there");
    let manifest = backup::restore(&made.folder, &there, &key).unwrap();
    assert_eq!(manifest, made.manifest);
    let opening = osler::store::Options {
        key_file: Some(key.clone()),
        ..options(&there)
    };
    let store = Store::open(&there, Opening::Existing, opening)
        .await
        .unwrap();
    let audio = AudioStore::open(&there, store.keys()).unwrap();
    let take = &store.dictation(first).await.unwrap().takes[0];
    audio.verified(&take.sha256).unwrap();
    let report = store.report_of(first).await.unwrap().unwrap();
    assert!(report.latest.body.text.contains("apixaban"));
    assert_eq!(
        store.audit_at(manifest.audit.seq).await.unwrap(),
        manifest.audit
    );
    // Nothing is overwritten.
    let again = backup::restore(&made.folder, &there, &key).unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty(_)), "{again}");
    assert!(
        backup::trail_goes_on(&practice.app, &made.manifest)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn every_file_of_a_backup_that_is_missing_or_changed_is_named() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    let key = key_file(&practice.data());
    let problems = || backup::verify(&made.folder, &key, false).unwrap().problems;
    let there = practice.data().with_file_name("there");
    for (path, bytes) in files(&made.folder) {
        let name = path.strip_prefix(&made.folder).unwrap().to_str().unwrap();
        if name == MANIFEST {
            continue;
        }
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert!(problems().iter().any(|p| p.contains(name)), "{name}");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(problems().iter().any(|p| p.contains(name)), "{name}");
        std::fs::remove_file(&path).unwrap();
        assert!(problems().iter().any(|p| p.contains(name)), "{name}");
        backup::restore(&made.folder, &there, &key).unwrap_err();
        assert!(!there.exists());
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_manifest_that_somebody_rewrote_is_found() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    let key = key_file(&practice.data());
    let path = made.folder.join(MANIFEST);
    let good = std::fs::read_to_string(&path).unwrap();
    let problems = || backup::verify(&made.folder, &key, false).unwrap().problems;
    // A recording left out of the list and of the folder.
    let mut forged: serde_json::Value = serde_json::from_str(&good).unwrap();
    let gone = forged["files"].as_array_mut().unwrap().pop().unwrap();
    std::fs::write(&path, forged.to_string()).unwrap();
    assert!(problems()[0].contains(MANIFEST), "{:?}", problems());
    // A list that leads elsewhere.
    let mut forged: serde_json::Value = serde_json::from_str(&good).unwrap();
    forged["files"][0]["path"] = "../osler.db".into();
    std::fs::write(&path, forged.to_string()).unwrap();
    assert!(problems()[0].contains("leads out"), "{:?}", problems());
    let mut newer: serde_json::Value = serde_json::from_str(&good).unwrap();
    newer["version"] = 2.into();
    std::fs::write(&path, newer.to_string()).unwrap();
    assert!(matches!(
        backup::verify(&made.folder, &key, false),
        Err(BackupError::Newer(_))
    ));
    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(
        backup::verify(&made.folder, &key, false),
        Err(BackupError::NoBackup(_))
    ));
    std::fs::write(&path, &good).unwrap();
    assert_eq!(problems(), Vec::<String>::new());
    assert!(gone["path"].as_str().unwrap().starts_with(FOLDER));
}

#[tokio::test]
async fn without_the_key_the_sums_are_checked_and_nothing_is_put_back() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    let none = practice.data().with_file_name("no.key");
    let checked = backup::verify(&made.folder, &none, false).unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
    assert!(checked.notes[0].contains("no.key"), "{:?}", checked.notes);
    let there = practice.data().with_file_name("there");
    let error = backup::restore(&made.folder, &there, &none).unwrap_err();
    assert!(matches!(error, BackupError::Key(_)), "{error}");
    assert!(!there.exists());
}

#[tokio::test]
async fn a_second_backup_links_what_has_not_changed_and_stands_alone() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let place = place(&practice);
    let first = backup::create(&practice.app, &place, &actor())
        .await
        .unwrap();
    practice.clock.pass(60);
    filed(&practice, "b.wav", b"other").await;
    let second = backup::create(&practice.app, &place, &actor())
        .await
        .unwrap();
    assert_eq!((first.linked, second.linked), (0, 1));
    std::fs::remove_dir_all(&first.folder).unwrap();
    let key = key_file(&practice.data());
    let checked = backup::verify(&second.folder, &key, true).unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
    let listed = backup::list(&place).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].1, second.manifest);
    // An older key opens an older backup.
    upkeep::rotate_key(&practice.app, &actor()).await.unwrap();
    let checked = backup::verify(&second.folder, &key, true).unwrap();
    assert_eq!((checked.problems, checked.notes), (vec![], vec![]));
}

#[tokio::test]
async fn a_recording_that_still_grows_is_saved_as_far_as_it_has_come() {
    let practice = Practice::new(Kind::Demo).await;
    let mut take = practice.app.audio.vault().create("take 1").unwrap();
    take.append(b"so far").unwrap();
    take.sync().unwrap();
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    take.append(b" and further").unwrap();
    let saved = AudioStore::at(&made.folder, practice.app.store.keys());
    let mut reader = saved.vault().open_growing("take 1").unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "so far");
}

#[tokio::test]
async fn a_backup_with_a_recording_missing_says_so_and_is_made() {
    let practice = Practice::new(Kind::Demo).await;
    let id = filed(&practice, "a.wav", b"sound").await;
    let address = sha256(&practice, id).await;
    practice.app.audio.remove(&address).unwrap();
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    assert_eq!(made.manifest.missing, [address]);
    let checked = backup::verify(&made.folder, &key_file(&practice.data()), true).unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
    assert!(checked.notes[0].contains("1 recording(s) were missing"));
}

#[tokio::test]
async fn a_backup_does_not_go_into_what_it_saves_and_only_one_is_made_at_a_time() {
    let practice = Practice::new(Kind::Demo).await;
    let inside = practice.data().join("backups");
    let error = backup::create(&practice.app, &inside, &actor())
        .await
        .unwrap_err();
    assert!(matches!(error, BackupError::Inside(_)), "{error}");
    let turn = upkeep::turn(&practice.app).unwrap();
    let error = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("under way"), "{error}");
    drop(turn);
    // What a killed run left goes with the next.
    let left = place(&practice).join(".partial-2020");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join(FILE_NAME), b"half").unwrap();
    backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    assert!(!left.exists());
}

#[tokio::test]
async fn a_trail_that_was_cut_since_a_backup_is_seen() {
    let practice = Practice::new(Kind::Demo).await;
    filed(&practice, "a.wav", b"sound").await;
    let made = backup::create(&practice.app, &place(&practice), &actor())
        .await
        .unwrap();
    practice
        .raw()
        .execute_batch(
            "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)",
        )
        .unwrap();
    assert!(backup::is_of(&practice.app, &made.manifest).unwrap());
    assert!(
        !backup::trail_goes_on(&practice.app, &made.manifest)
            .await
            .unwrap()
    );
}

/// A database of the first schema.
fn first_schema(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    let raw = rusqlite::Connection::open(data.join(FILE_NAME)).unwrap();
    raw.execute_batch(include_str!("../src/store/migrations/0001_initial.sql"))
        .unwrap();
    raw.execute_batch("INSERT INTO meta VALUES ('kind', 'demo'); PRAGMA user_version = 1")
        .unwrap();
}

#[tokio::test]
async fn the_database_is_copied_before_its_tables_are_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    first_schema(&data);
    let clock = TestClock::at("2025-03-03T09:00:00Z");
    let app = open_earlier(&data, clock.clone()).await;
    let copy = data.join(format!("{FILE_NAME}.before-schema-2"));
    let held = osler::store::backup::inspect(&copy, app.store.keys(), true).unwrap();
    assert_eq!((held.schema, held.kind), (1, Kind::Demo));
    let written = std::fs::metadata(&copy).unwrap().modified().unwrap();
    drop(app);
    open(&data, Opening::Existing, clock).await;
    assert_eq!(
        std::fs::metadata(&copy).unwrap().modified().unwrap(),
        written
    );
    let names: Vec<String> = files(&data)
        .into_iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!names.iter().any(|n| n.contains("copy-")), "{names:?}");
}

// Removal.

/// A practice that keeps recordings for this many days.
async fn keeping(days: Option<u32>) -> Practice {
    let mut practice = Practice::new(Kind::Demo).await;
    practice.app.config.retention.audio_days = days;
    practice
}

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn recordings_go_when_their_time_is_over_and_reports_stay() {
    let practice = keeping(Some(30)).await;
    let app = &practice.app;
    let old = filed(&practice, "old.wav", b"old").await;
    let waiting = practice.request(practice.recording("waiting.wav", b"waiting"));
    let waiting = intake::receive(app, waiting, &actor()).await.unwrap().id;
    practice.clock.pass(29 * DAY);
    let young = filed(&practice, "young.wav", b"young").await;
    assert_eq!(
        retention::run(app, false, &actor()).await.unwrap().sounds,
        []
    );
    practice.clock.pass(2 * DAY);

    let before = practice.dump();
    let would = retention::run(app, true, &actor()).await.unwrap();
    assert_eq!(practice.dump(), before);
    assert_eq!(practice.sounds(), 3);
    let removed = retention::run(app, false, &actor()).await.unwrap();
    assert_eq!(removed, would);
    let old_sound = sha256(&practice, old).await;
    assert_eq!(removed.sounds.len(), 1);
    assert_eq!(removed.sounds[0].sha256, old_sound);
    assert_eq!(removed.bytes(), 3);

    assert_eq!(practice.sounds(), 2);
    app.audio.verified(&old_sound).err().unwrap();
    for kept in [waiting, young] {
        app.audio.verified(&sha256(&practice, kept).await).unwrap();
    }
    assert_eq!(
        app.store.sound_removed_at(&old_sound).await.unwrap(),
        Some(app.stamp(&actor()).at)
    );
    let report = app.store.report_of(old).await.unwrap().unwrap();
    assert!(report.latest.body.text.contains("apixaban"));
    let trail = app.store.audit(Some(practice.ada.id)).await.unwrap();
    let row = trail.last().unwrap();
    assert_eq!(row.action, "retention.sound_removed");
    assert_eq!(row.subject_id, old.to_string());
    assert_eq!(row.details["sha256"], old_sound.as_str());
    assert_eq!(row.details["days"], 30);
    // Once.
    assert_eq!(
        retention::run(app, false, &actor()).await.unwrap().sounds,
        []
    );
    // A backup does not miss it.
    let made = backup::create(app, &place(&practice), &actor())
        .await
        .unwrap();
    assert_eq!(made.manifest.missing, Vec::<String>::new());
}

#[tokio::test]
async fn a_removal_that_was_killed_is_ended_by_the_next() {
    let practice = keeping(Some(1)).await;
    let app = &practice.app;
    let id = filed(&practice, "a.wav", b"sound").await;
    practice.clock.pass(2 * DAY);
    let address = sha256(&practice, id).await;
    let now = app.stamp(&actor());
    let (before, stamp) = (now.at, now);
    assert!(
        app.store
            .remove_sound(address, 1, before, stamp)
            .await
            .unwrap()
    );
    assert_eq!(practice.sounds(), 1);
    retention::run(app, true, &actor()).await.unwrap();
    assert_eq!(practice.sounds(), 1);
    retention::run(app, false, &actor()).await.unwrap();
    assert_eq!(practice.sounds(), 0);
}

#[tokio::test]
async fn a_hold_keeps_everything_until_it_is_lifted() {
    let practice = keeping(Some(1)).await;
    let app = &practice.app;
    let id = filed(&practice, "a.wav", b"sound").await;
    practice.clock.pass(2 * DAY);
    let stamp = || app.stamp(&actor());
    let (ada, by) = (practice.ada.id, practice.secretary.id);
    app.store
        .place_hold(ada, by, "case 12".into(), stamp())
        .await
        .unwrap();
    let twice = app
        .store
        .place_hold(ada, by, "case 13".into(), stamp())
        .await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))));
    let removed = retention::run(app, false, &actor()).await.unwrap();
    assert_eq!((removed.sounds.len(), removed.held), (0, 1));
    let address = sha256(&practice, id).await;
    let raw = practice.raw();
    let past = "INSERT INTO removed_sounds VALUES (?1, 1, 1)";
    let refused = raw.execute(past, [&address]).unwrap_err().to_string();
    assert!(refused.contains("legal hold"), "{refused}");
    for change in [
        "UPDATE holds SET reason = 'none'",
        "DELETE FROM holds",
        "INSERT OR REPLACE INTO holds SELECT * FROM holds",
    ] {
        raw.execute(change, []).unwrap_err();
    }
    assert_eq!(practice.sounds(), 1);
    app.store
        .lift_hold(ada, by, "case closed".into(), stamp())
        .await
        .unwrap();
    let again = app.store.lift_hold(ada, by, "again".into(), stamp()).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))));
    let holds = retention::holds(app).await.unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!(
        (holds[0].mrn.as_str(), holds[0].reason.as_str()),
        ("A-1", "case 12")
    );
    assert!(holds[0].lifted_at.is_some());
    let removed = retention::run(app, false, &actor()).await.unwrap();
    assert_eq!((removed.sounds.len(), removed.held), (1, 0));
    let actions = practice.actions().await;
    assert!(actions.ends_with(&[
        "retention.hold_placed".into(),
        "retention.hold_lifted".into(),
        "retention.sound_removed".into(),
    ]));
}

#[tokio::test]
async fn below_every_line_of_code_only_what_is_over_is_noted_as_removed() {
    let practice = keeping(Some(1)).await;
    let waiting = practice.request(practice.recording("a.wav", b"waiting"));
    let waiting = intake::receive(&practice.app, waiting, &actor())
        .await
        .unwrap();
    let raw = practice.raw();
    for (address, why) in [
        (waiting.takes[0].sha256.clone(), "under way"),
        ("0".repeat(64), "under way"),
    ] {
        let sql = "INSERT INTO removed_sounds VALUES (?1, 1, 1)";
        let refused = raw.execute(sql, [&address]).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

#[tokio::test]
async fn without_a_time_nothing_is_removed() {
    let practice = keeping(None).await;
    filed(&practice, "a.wav", b"sound").await;
    practice.clock.pass(100 * 365 * DAY);
    let error = retention::run(&practice.app, false, &actor())
        .await
        .unwrap_err();
    assert!(matches!(error, WorkflowError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("audio_days"), "{error}");
    assert_eq!(practice.sounds(), 1);
}

#[tokio::test]
async fn a_service_saves_once_a_day_and_removes_what_is_over() {
    let mut practice = keeping(Some(1)).await;
    filed(&practice, "a.wav", b"sound").await;
    let nothing = upkeep::look(&practice.app).await;
    assert_eq!((nothing.removed, nothing.backup), (0, None));
    practice.app.config.backups = Some(place(&practice));
    let first = upkeep::look(&practice.app).await.backup.unwrap();
    practice.clock.pass(DAY - 1);
    assert_eq!(upkeep::look(&practice.app).await.backup, None);
    practice.clock.pass(1);
    let done = upkeep::look(&practice.app).await;
    assert_eq!(done.removed, 1);
    assert_ne!(done.backup.unwrap(), first);
    assert_eq!(backup::list(&place(&practice)).unwrap().len(), 2);
}

#[tokio::test]
async fn an_administrator_holds_a_record_and_sees_what_is_due() {
    let mut practice = staffed().await;
    practice.app.config.retention.audio_days = Some(30);
    filed(&practice, "a.wav", b"sound").await;
    practice.clock.pass(31 * DAY);
    let root = Client::page().log_in(&practice, "root", ROOT).await;
    let due = async |root: &Client| {
        let view = root.get(&practice, "/api/v1/retention").await.is(200).body;
        (
            view["due"].clone(),
            view["held"].clone(),
            view["due_bytes"].clone(),
        )
    };
    assert_eq!(due(&root).await, (json!(1), json!(0), json!(5)));
    let hold = "/api/v1/patients/A-1/hold";
    let ask = async |method: Method, path: &str, reason: &str| {
        let body = json!({"reason": reason});
        root.send(&practice, method, path, body).await
    };
    ask(Method::PUT, hold, " ").await.is(400);
    ask(Method::PUT, hold, "case 12").await.is(204);
    ask(Method::PUT, hold, "case 13").await.is(409);
    assert_eq!(due(&root).await, (json!(0), json!(1), json!(0)));
    let listed = root.get(&practice, "/api/v1/holds").await.is(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["mrn"], "A-1");
    assert_eq!(listed["items"][0]["reason"], "case 12");
    assert_eq!(listed["items"][0]["placed_by"], "root");
    assert_eq!(listed["items"][0]["lifted_at"], Value::Null);
    let lift = format!("{hold}/lift");
    ask(Method::POST, &lift, "case closed").await.is(204);
    ask(Method::POST, &lift, "again").await.is(404);
    assert_eq!(due(&root).await, (json!(1), json!(0), json!(5)));
    let listed = root.get(&practice, "/api/v1/holds").await.is(200).body;
    assert_ne!(listed["items"][0]["lifted_at"], Value::Null);
    let actions = practice.actions().await;
    for action in [
        "retention.hold_placed",
        "retention.hold_lifted",
        "records.listed",
    ] {
        assert!(actions.iter().any(|a| a == action), "{action}: {actions:?}");
    }
}

// The commands.

fn osler(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osler"))
        .args(arguments)
        .env("OSLER_DATA", data)
        .env_remove("OSLER_CONFIG")
        .env_remove("OSLER_KEY_FILE")
        .output()
        .unwrap()
}

#[track_caller]
fn answers(data: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = osler(data, arguments);
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    let all = format!("{out}{err}");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {all}");
    for part in parts {
        assert!(
            all.contains(part),
            "{arguments:?}: {part:?} is missing in {all}"
        );
    }
}

#[test]
fn the_commands_save_a_practice_and_put_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let key = folder.path().join("data.key");
    let place = folder.path().join("backups");
    let place = place.to_str().unwrap();
    answers(data, &["init"], 0, &["practice database", "data.key"]);
    answers(data, &["backup", "create"], 2, &["osler backup create DIR"]);
    answers(data, &["backup", "verify", place], 2, &["no backup"]);
    answers(data, &["backup", "create", place], 0, &["opened by key"]);
    answers(data, &["backup", "list", place], 0, &["practice"]);
    let made = std::fs::read_dir(place)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let made = made.to_str().unwrap();
    answers(
        data,
        &["backup", "verify", made],
        0,
        &["whole", "goes on from there"],
    );
    answers(data, &["backup", "restore", made], 2, &["not empty"]);
    answers(data, &["key", "show"], 0, &["data.key"]);
    answers(data, &["key", "rotate"], 0, &["the old key"]);
    answers(data, &["user", "list"], 0, &[]);

    let there = &folder.path().join("there");
    answers(there, &["backup", "restore", made], 5, &["--key-file"]);
    let key = key.to_str().unwrap();
    let restore = ["backup", "restore", made, "--key-file", key];
    answers(there, &restore, 0, &["practice database"]);
    answers(there, &["user", "list", "--key-file", key], 0, &[]);
    answers(there, &["user", "list"], 5, &["is missing", "--key-file"]);

    let database = Path::new(made).join(FILE_NAME);
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&database, bytes).unwrap();
    answers(
        data,
        &["backup", "verify", made],
        5,
        &["osler.db was changed"],
    );
    answers(data, &["retention", "run"], 2, &["audio_days"]);
    answers(data, &["retention", "holds"], 0, &[]);
}

#[cfg(unix)]
#[test]
fn a_key_that_an_earlier_version_left_is_sealed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    std::fs::create_dir(data).unwrap();
    let left = data.join("osler.key");
    std::fs::write(&left, "5".repeat(64)).unwrap();
    std::fs::set_permissions(&left, std::fs::Permissions::from_mode(0o600)).unwrap();
    answers(data, &["init"], 0, &["practice database"]);
    assert!(!left.exists());
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_stops_the_program() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    answers(data, &["init"], 0, &[]);
    let key = folder.path().join("data.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    answers(data, &["user", "list"], 5, &["chmod 600"]);
}
