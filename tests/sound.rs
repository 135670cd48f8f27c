//! Sound out and in over HTTP: what is played, and recordings that come in parts.

use crate::support::practice::{Practice, actor};
use crate::support::web::{Answer, Browser, tone, wav};
use axum::body::Body;
use axum::http::Method;
use futures_util::{StreamExt, stream};
use osler::domain::dictation::Phase;
use osler::domain::ids::DictationId;
use osler::store::Kind;
use osler::store::vault::Vault;
use osler::workflow::intake;
use osler::workflow::uploads::{Limits, Uploads};
use serde_json::{Value, json};
use std::time::Duration;

async fn practice() -> Practice {
    Practice::new(Kind::Demo).await
}

/// A dictation of two seconds at 8 kHz, and its bytes as they came.
async fn dictated(practice: &Practice) -> (DictationId, Vec<u8>) {
    let bytes = wav(8_000, &tone(1, 16_000));
    let request = practice.request(practice.recording("visit.wav", &bytes));
    let dictation = intake::receive(&practice.app, request, &actor())
        .await
        .unwrap();
    (dictation.id, bytes)
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flat_map(|e| {
            let path = e.unwrap().path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn a_recording_is_played_at_16_khz_and_made_anew_when_it_was_deleted() {
    let practice = practice().await;
    let (id, _) = dictated(&practice).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let path = format!("/dictations/{id}/sound/0.wav");
    let whole = browser.get(&path).await.is(200);
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(
        whole.header("content-length"),
        whole.bytes.len().to_string()
    );
    let read = hound::WavReader::new(&whole.bytes[..]).unwrap();
    assert_eq!(read.spec().sample_rate, 16_000);
    assert!(read.duration().abs_diff(32_000) < 20, "{}", read.duration());

    let peaks = browser
        .get(&format!("/dictations/{id}/peaks/0"))
        .await
        .is(200)
        .json();
    assert_eq!(peaks["per_s"], 20);
    assert_eq!(peaks["peaks"].as_array().unwrap().len(), 40);
    assert!((peaks["duration_s"].as_f64().unwrap() - 2.0).abs() < 0.01);
    assert!(peaks["peaks"][20].as_u64().unwrap() > 40);

    let made = files(&practice.data().join(osler::workflow::sound::FOLDER));
    assert_eq!(made.len(), 2, "{made:?}");
    // One of the two is gone, or cut short: both are made anew.
    for damage in [0, 1] {
        std::fs::write(&made[damage], b"RIFF").unwrap();
        assert_eq!(browser.get(&path).await.is(200).bytes, whole.bytes);
    }
    for file in &made {
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(browser.get(&path).await.is(200).bytes, whole.bytes);
}

#[tokio::test]
async fn a_part_of_a_recording_is_the_same_part_of_the_whole() {
    let practice = practice().await;
    let (id, _) = dictated(&practice).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let path = format!("/dictations/{id}/sound/0.wav");
    let whole = browser.get(&path).await.is(200);
    let (tag, length) = (whole.header("etag").to_owned(), whole.bytes.len());
    let get = async |headers: &[(&str, &str)]| -> Answer {
        browser
            .send(Method::GET, &path, headers, Body::empty())
            .await
    };
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=44-1043", 44, 1043),
        ("bytes=1000-", 1000, length - 1),
        ("bytes=-10", length - 10, length - 1),
        ("bytes=0-99999999", 0, length - 1),
    ] {
        let part = get(&[("range", range)]).await.is(206);
        assert_eq!(part.bytes, whole.bytes[from..=to], "{range}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {from}-{to}/{length}")
        );
        let told = part.header("content-length").parse::<usize>();
        assert_eq!(told, Ok(to - from + 1));
    }
    let behind = format!("bytes={length}-");
    let nothing = get(&[("range", &behind)]).await;
    assert_eq!(nothing.header("content-range"), format!("bytes */{length}"));
    nothing.problem(416, "range");
    // A part of what is known, and the whole where it is another sound by now.
    let same = get(&[("range", "bytes=5-9"), ("if-range", &tag)]).await;
    assert_eq!(same.is(206).bytes, whole.bytes[5..=9]);
    for other in ["\"other\"", "Sun, 22 Nov 2026 00:00:00 GMT"] {
        let all = get(&[("range", "bytes=5-9"), ("if-range", other)]).await;
        assert_eq!(all.is(200).bytes, whole.bytes);
    }
    let known = get(&[("if-none-match", &tag)]).await.is(304);
    assert!(known.bytes.is_empty());
    let head = browser.send(Method::HEAD, &path, &[], Body::empty()).await;
    assert_eq!(head.header("content-length"), length.to_string());
    assert!(head.is(200).bytes.is_empty());
}

#[tokio::test]
async fn nobody_hears_what_is_not_in_their_care() {
    let practice = practice().await;
    let (id, _) = dictated(&practice).await;
    let path = format!("/dictations/{id}/sound/0.wav");
    let colleague = Browser::log_in(&practice.app, "dr.c").await;
    colleague.get(&path).await.problem(403, "relation");
    let peaks = format!("/dictations/{id}/peaks/0");
    colleague.get(&peaks).await.problem(403, "relation");
    let secretary = Browser::log_in(&practice.app, "s.s").await;
    secretary.get(&path).await.is(200);
    for missing in ["1.wav", "x.wav", "-1.wav"] {
        let path = format!("/dictations/{id}/sound/{missing}");
        secretary.get(&path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_recording_that_was_damaged_on_the_disk_is_not_played() {
    let practice = practice().await;
    let (id, _) = dictated(&practice).await;
    let audio = files(&practice.data().join(osler::store::blobs::FOLDER));
    let mut sealed = std::fs::read(&audio[0]).unwrap();
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    std::fs::write(&audio[0], sealed).unwrap();
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let path = format!("/dictations/{id}/sound/0.wav");
    browser.get(&path).await.is(500);
}

fn ada(bytes: usize) -> Value {
    json!({"name": "visit.wav", "bytes": bytes, "mrn": "A-1", "birth_date": "1961-03-14", "priority": "stat"})
}

async fn begin(browser: &Browser, body: Value) -> String {
    let answer = browser.post("/uploads", body).await.is(201).json();
    assert_eq!(answer["offset"], 0);
    answer["id"].as_str().unwrap().to_owned()
}

async fn part(browser: &Browser, id: &str, offset: usize, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    browser
        .send(
            Method::PATCH,
            &format!("/uploads/{id}"),
            &[("upload-offset", &offset)],
            bytes.to_vec(),
        )
        .await
}

/// The dictation that came of it, whose sound is what was sent.
async fn is_dictation(practice: &Practice, answer: &Value, sent: &[u8]) -> DictationId {
    let id: DictationId = answer["dictation_id"].as_str().unwrap().parse().unwrap();
    let dictation = practice.app.store.dictation(id).await.unwrap();
    assert_eq!(dictation.phase, Phase::Recorded);
    let audio = &practice.app.audio;
    let mut stored = audio.verified(&dictation.takes[0].sha256).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut stored, &mut bytes).unwrap();
    assert_eq!(bytes, sent);
    id
}

#[tokio::test]
async fn a_recording_in_parts_becomes_a_dictation_with_its_last_byte() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(3, 20_000));
    let id = begin(&browser, ada(sound.len())).await;
    let middle = sound.len() / 2;
    let first = part(&browser, &id, 0, &sound[..middle])
        .await
        .is(200)
        .json();
    assert_eq!(first["offset"], middle);
    assert!(first["dictation_id"].is_null());
    let last = part(&browser, &id, middle, &sound[middle..])
        .await
        .is(200)
        .json();
    let dictation = is_dictation(&practice, &last, &sound).await;
    let stored = practice.app.store.dictation(dictation).await.unwrap();
    assert_eq!(stored.orders.priority.as_str(), "stat");
    assert_eq!(stored.author_id, practice.author.id);
    assert!(stored.identity_verified_at.is_some());
    assert_eq!(stored.takes[0].original_name, "visit.wav");
    // Asking again gives the same, and nothing of the parts is left.
    let shown = browser.get(&format!("/uploads/{id}")).await.is(200).json();
    assert_eq!(shown["dictation_id"], last["dictation_id"]);
    part(&browser, &id, middle, &sound[middle..])
        .await
        .problem(409, "done");
    assert!(files(&practice.data().join("uploads")).is_empty());
    assert!(
        practice
            .actions()
            .await
            .contains(&"upload.begun".to_owned())
    );
}

#[tokio::test]
async fn an_upload_goes_on_after_a_cut_at_any_point() {
    let practice = practice().await;
    let sound = wav(16_000, &tone(4, 2_000));
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let mut tried = 0;
    for cut in (1..sound.len()).step_by(371) {
        tried += 1;
        let mut sound = sound.clone();
        // Each is another recording.
        sound[100] = tried;
        let id = begin(&browser, ada(sound.len())).await;
        part(&browser, &id, 0, &sound[..cut]).await.is(200);
        // The service was killed in the middle of the next part: some of it lies in the file and was never said to be there.
        let vault = Vault::new(practice.data().join("uploads"), practice.app.store.keys());
        let mut there = vault.append(&format!("upload {id}")).unwrap();
        there.append(b"torn").unwrap();
        drop(there);
        let file = vault.path(&format!("upload {id}"));
        let mut half = std::fs::read(&file).unwrap();
        half.extend_from_slice(b"and half a record");
        std::fs::write(&file, &half).unwrap();
        let shown = browser.get(&format!("/uploads/{id}")).await.is(200).json();
        assert_eq!(shown["offset"], cut);
        // A part that leaves a hole is refused, and is told where to go on.
        let hole = part(&browser, &id, cut + 1, &sound[cut..]).await;
        assert_eq!(hole.problem(409, "offset")["offset"], cut);
        // The answer to the first part was lost: it comes again, with the rest.
        let done = part(&browser, &id, 0, &sound).await.is(200).json();
        is_dictation(&practice, &done, &sound).await;
    }
    assert!(tried > 9);
}

#[tokio::test]
async fn the_same_part_twice_is_the_same_and_another_in_its_place_is_refused() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(5, 2_000));
    let id = begin(&browser, ada(sound.len())).await;
    for _ in 0..2 {
        let answer = part(&browser, &id, 0, &sound[..1000]).await.is(200).json();
        assert_eq!(answer["offset"], 1000);
    }
    part(&browser, &id, 100, &[0xee; 500])
        .await
        .problem(409, "differs");
    let done = part(&browser, &id, 1000, &sound[1000..])
        .await
        .is(200)
        .json();
    is_dictation(&practice, &done, &sound).await;
}

#[tokio::test]
async fn a_request_to_begin_that_is_repeated_begins_one_upload() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k-1"),
    ];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let body = ada(100).to_string();
        let answer = browser.send(Method::POST, "/uploads", &headers, body).await;
        ids.push(answer.is(201).json()["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let list = browser.get("/uploads").await.is(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_size_that_was_a_lie_is_found_out() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let id = begin(&browser, ada(100)).await;
    part(&browser, &id, 0, &[0; 101])
        .await
        .problem(413, "too_large");
    let shown = browser.get(&format!("/uploads/{id}")).await.json();
    assert_eq!(shown["offset"], 0);
    for body in [
        json!({"bytes": 0}),
        json!({"bytes": -1}),
        json!({"bytes": "x"}),
    ] {
        let mut wrong = ada(1);
        wrong["bytes"] = body["bytes"].clone();
        let answer = browser.post("/uploads", wrong).await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
    }
    let mut huge = ada(1);
    huge["bytes"] = json!(u64::MAX);
    browser
        .post("/uploads", huge)
        .await
        .problem(413, "too_large");
}

#[tokio::test]
async fn a_checksum_that_does_not_fit_has_the_recording_sent_again() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(6, 2_000));
    let mut body = ada(sound.len());
    body["sha256"] = json!("0".repeat(64));
    let id = begin(&browser, body).await;
    let answer = part(&browser, &id, 0, &sound).await;
    assert_eq!(answer.problem(422, "checksum")["offset"], 0);
    let shown = browser.get(&format!("/uploads/{id}")).await.json();
    assert_eq!(shown["offset"], 0);
    let mut body = ada(sound.len());
    body["sha256"] = json!("short");
    browser.post("/uploads", body).await.problem(400, "invalid");
}

#[tokio::test]
async fn what_is_no_recording_is_refused_by_its_content_and_is_gone() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    for (bytes, status, reason) in [
        (b"Dear colleague, thank you".to_vec(), 415, "not_audio"),
        (wav(16_000, &[]), 422, "no_samples"),
    ] {
        let id = begin(&browser, ada(bytes.len())).await;
        let problem = part(&browser, &id, 0, &bytes).await;
        // Whatever it is exactly, it is not taken, and is called by its name.
        let body = problem.json();
        assert!(
            body["detail"].as_str().unwrap().contains("visit.wav"),
            "{body}"
        );
        assert!(
            !body["detail"].as_str().unwrap().contains("uploads"),
            "{body}"
        );
        problem.problem(status, reason);
        let path = format!("/uploads/{id}");
        browser.get(&path).await.problem(404, "not_found");
    }
    assert!(files(&practice.data().join("uploads")).is_empty());
    assert_eq!(practice.sounds(), 0);
}

#[tokio::test]
async fn a_recording_whose_identifiers_contradict_waits_until_somebody_decides() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(7, 2_000));
    let mut body = ada(sound.len());
    body["birth_date"] = json!("1999-01-01");
    let begun = browser.post("/uploads", body).await.is(201).json();
    assert_eq!(begun["waits_for"], "identity_mismatch");
    let id = begun["id"].as_str().unwrap();
    let problem = part(&browser, id, 0, &sound)
        .await
        .problem(409, "identity_mismatch");
    assert!(!problem.to_string().contains("1961"), "{problem}");
    // It is kept, also by those who clean up, and the secretaries see it.
    practice.clock.pass(40 * 24 * 3600);
    practice.app.uploads.sweep(&practice.app).await.unwrap();
    let secretary = Browser::log_in(&practice.app, "s.s").await;
    let list = secretary.get("/uploads").await.is(200).json();
    assert_eq!(list["items"][0]["waits_for"], "identity_mismatch");
    let path = format!("/uploads/{id}/patient");
    let wrong = json!({"mrn": "B-2", "birth_date": "1999-01-01"});
    secretary
        .post(&path, wrong)
        .await
        .problem(409, "identity_mismatch");
    let right = json!({"mrn": "B-2", "birth_date": "1980-12-01"});
    let done = secretary.post(&path, right).await.is(200).json();
    let dictation = is_dictation(&practice, &done, &sound).await;
    let stored = practice.app.store.dictation(dictation).await.unwrap();
    assert_eq!(stored.patient_id, practice.ben.id);
    assert_eq!(stored.author_id, practice.author.id);
}

#[tokio::test]
async fn sound_that_is_another_patients_waits_and_can_be_given_up() {
    let practice = practice().await;
    let (_, bytes) = dictated(&practice).await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let body = json!({"name": "visit.wav", "bytes": bytes.len(), "mrn": "B-2"});
    let id = begin(&browser, body).await;
    part(&browser, &id, 0, &bytes)
        .await
        .problem(409, "conflict");
    let path = format!("/uploads/{id}");
    let gone = browser
        .send(Method::DELETE, &path, &[], Body::empty())
        .await;
    gone.is(204);
    browser.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn too_much_at_once_is_turned_away() {
    let mut practice = practice().await;
    let limits = Limits {
        bytes: 1000,
        part: 100,
        of_one: 2,
        of_all: 3,
        free: 0,
        ..Limits::default()
    };
    practice.app.uploads = Uploads::new(&practice.data(), practice.app.store.keys(), limits);
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    browser
        .post("/uploads", ada(1001))
        .await
        .problem(413, "too_large");
    let id = begin(&browser, ada(1000)).await;
    part(&browser, &id, 0, &[0; 101])
        .await
        .problem(413, "too_large");
    // A length that is told beforehand is not waited for.
    let told = browser
        .send(
            Method::PATCH,
            &format!("/uploads/{id}"),
            &[("upload-offset", "0"), ("content-length", "999999")],
            Body::empty(),
        )
        .await;
    told.problem(413, "too_large");
    begin(&browser, ada(10)).await;
    let answer = browser.post("/uploads", ada(10)).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(429, "too_many");
    let colleague = Browser::log_in(&practice.app, "dr.c").await;
    begin(&colleague, ada(10)).await;
    let answer = colleague.post("/uploads", ada(10)).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503, "busy");

    practice.app.uploads = Uploads::new(
        &practice.data(),
        practice.app.store.keys(),
        Limits {
            free: u64::MAX,
            ..Limits::default()
        },
    );
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    browser
        .post("/uploads", ada(10))
        .await
        .problem(507, "disk_full");
}

#[tokio::test]
async fn a_sender_that_stops_or_trickles_is_told_after_a_while_and_goes_on_from_there() {
    let (short, long) = (Duration::from_millis(40), Duration::from_secs(3600));
    // Silent in the middle of a part; and never done with it, however often something comes.
    for (silence, whole) in [(short, long), (long, short)] {
        let mut practice = practice().await;
        let limits = Limits {
            silence,
            whole,
            ..Limits::default()
        };
        practice.app.uploads = Uploads::new(&practice.data(), practice.app.store.keys(), limits);
        let browser = Browser::log_in(&practice.app, "dr.a").await;
        let id = begin(&browser, ada(20)).await;
        let first = Ok::<_, std::io::Error>(vec![7u8; 12]);
        let body = stream::iter([first]).chain(stream::pending());
        let path = format!("/uploads/{id}");
        let offset = [("upload-offset", "0")];
        let answer = browser
            .send(Method::PATCH, &path, &offset, Body::from_stream(body))
            .await;
        let told = answer.problem(408, "slow");
        assert_eq!(told["offset"], 12, "{told}");
        // Nothing of it is lost, and nobody else is kept out.
        let next = part(&browser, &id, 12, &[7; 4]).await;
        assert_eq!(next.is(200).json()["offset"], 16);
    }
}

#[tokio::test]
async fn an_upload_is_its_senders_and_in_its_authors_name() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let id = begin(&browser, ada(100)).await;
    let path = format!("/uploads/{id}");
    let colleague = Browser::log_in(&practice.app, "dr.c").await;
    colleague.get(&path).await.problem(404, "not_found");
    part(&colleague, &id, 0, &[0])
        .await
        .problem(404, "not_found");
    let secretary = Browser::log_in(&practice.app, "s.s").await;
    secretary
        .post("/uploads", ada(100))
        .await
        .problem(400, "invalid");
    let mut named = ada(100);
    named["author"] = json!("dr.a");
    begin(&secretary, named.clone()).await;
    named["author"] = json!("s.s");
    secretary
        .post("/uploads", named.clone())
        .await
        .problem(403, "role");
    named["author"] = json!("dr.a");
    colleague
        .post("/uploads", named)
        .await
        .problem(403, "relation");
    let mut unknown = ada(100);
    unknown["mrn"] = json!("X-999");
    browser
        .post("/uploads", unknown)
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_cleaned_up() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(8, 2_000));
    let id = begin(&browser, ada(sound.len())).await;
    part(&browser, &id, 0, &sound[..100]).await.is(200);
    let folder = practice.data().join("uploads");
    let vault = Vault::new(folder.clone(), practice.app.store.keys());
    drop(
        vault
            .create("upload 0199aaaa-0000-7000-8000-000000000000")
            .unwrap(),
    );
    practice.clock.pass(23 * 3600);
    practice.app.uploads.sweep(&practice.app).await.unwrap();
    assert_eq!(files(&folder).len(), 1, "a file without a row goes");
    practice.clock.pass(2 * 3600);
    assert_eq!(practice.app.uploads.sweep(&practice.app).await.unwrap(), 1);
    assert!(files(&folder).is_empty());
    assert!(
        practice
            .actions()
            .await
            .contains(&"upload.removed".to_owned())
    );
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let path = format!("/uploads/{id}");
    browser.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_sender_that_breaks_off_goes_on_where_it_was() {
    let practice = practice().await;
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    let sound = wav(16_000, &tone(9, 2_000));
    let id = begin(&browser, ada(sound.len())).await;
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = vec![
        Ok(sound[..700].to_vec()),
        Ok(sound[700..1100].to_vec()),
        Err(std::io::Error::other("the cable was pulled")),
    ];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let answer = browser
        .send(
            Method::PATCH,
            &format!("/uploads/{id}"),
            &[("upload-offset", "0")],
            body,
        )
        .await;
    assert_eq!(answer.problem(400, "invalid")["offset"], 1100);
    let done = part(&browser, &id, 1100, &sound[1100..])
        .await
        .is(200)
        .json();
    is_dictation(&practice, &done, &sound).await;
}
