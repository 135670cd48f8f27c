//! Dictating through a socket: real sockets against the real routes.

use crate::support::engine::{Line, ScriptedEngine};
use crate::support::practice::{Practice, open};
use crate::support::real;
use crate::support::voice::voice;
use crate::support::web::{Browser, tone};
use futures_util::{SinkExt, StreamExt};
use osler::app::{self, App};
use osler::audio::SAMPLE_RATE;
use osler::domain::ids::DictationId;
use osler::speech::pool::Pool;
use osler::store::vault::Vault;
use osler::store::{Kind, Opening};
use osler::workflow::live_session::{Hearing, Limits, Sessions};
use osler::workflow::queue::{Runner, hear_with};
use osler::workflow::transcribe::Options;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A service that runs, and ends with this.
struct Running {
    address: SocketAddr,
    cookie: String,
    stop: Option<oneshot::Sender<()>>,
    done: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn of(app: &App, username: &str) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = app.clone();
        let done = tokio::spawn(async move {
            app::serve(served, socket, None, async {
                let _ = stopped.await;
            })
            .await
            .unwrap();
        });
        let cookie = Browser::log_in(app, username).await.cookie;
        Self {
            address,
            cookie,
            stop: Some(stop),
            done,
        }
    }

    async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.done.await.unwrap();
    }

    async fn try_connect(&self, origin: &str) -> Result<Socket, u16> {
        let address = self.address;
        let mut request = format!("ws://{address}/api/v1/live")
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie.parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(e) => panic!("{e}"),
        }
    }

    async fn connect(&self) -> Socket {
        let origin = format!("http://{}", self.address);
        self.try_connect(&origin).await.unwrap()
    }
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn say(&mut self, message: Value) {
        let text = Message::Text(message.to_string().into());
        self.0.send(text).await.unwrap();
    }

    async fn sound(&mut self, take: u32, first: u64, samples: &[i16]) {
        let mut bytes = take.to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        bytes.extend(first.to_le_bytes());
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        self.0.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// The next message; none when the socket was closed.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(text.as_str()).unwrap());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message of this type; what comes before it is passed over.
    async fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let message = self
                .hear()
                .await
                .unwrap_or_else(|| panic!("closed before {kind}"));
            if message["type"] == kind {
                return message;
            }
            assert_ne!(message["type"], "error", "{message}");
        }
    }

    /// Waits until so many samples of a take are said to be on the disk.
    async fn acked(&mut self, take: u32, samples: u64) {
        loop {
            let ack = self.wait_for("ack").await;
            if ack["take"] == take && ack["samples"].as_u64() >= Some(samples) {
                return;
            }
        }
    }

    async fn start(&mut self, id: &str) -> Value {
        self.say(ada(id)).await;
        self.wait_for("ready").await
    }

    async fn finish(&mut self) -> DictationId {
        self.say(json!({"type": "finish"})).await;
        let finished = self.wait_for("finished").await;
        assert!(self.hear().await.is_none(), "the socket ends");
        finished["dictation_id"].as_str().unwrap().parse().unwrap()
    }
}

const ID: &str = "0199aaaa-0000-7000-8000-000000000001";

fn ada(id: &str) -> Value {
    json!({"type": "start", "id": id, "mrn": "A-1", "birth_date": "1961-03-14", "priority": "urgent", "route": "secretary"})
}

async fn practice() -> Practice {
    Practice::new(Kind::Demo).await
}

/// The samples of a stored recording.
fn recorded(app: &App, sha256: &str) -> Vec<i16> {
    hound::WavReader::new(app.audio.open_sound(sha256).unwrap())
        .unwrap()
        .into_samples()
        .map(Result::unwrap)
        .collect()
}

#[tokio::test]
async fn what_is_dictated_becomes_a_dictation_in_the_queue() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    let ready = socket.start(ID).await;
    assert_eq!(ready["id"], ID);
    assert_eq!(
        ready["takes"],
        json!([{"take": 0, "samples": 0, "mode": "append", "committed": []}])
    );
    let sound = tone(1, 3 * SAMPLE_RATE);
    for (i, part) in sound.chunks(1600).enumerate() {
        socket.sound(0, i as u64 * 1600, part).await;
    }
    socket.acked(0, sound.len() as u64).await;
    let id = socket.finish().await;
    let dictation = practice.app.store.dictation(id).await.unwrap();
    assert_eq!(dictation.patient_id, practice.ada.id);
    assert_eq!(dictation.author_id, practice.author.id);
    assert_eq!(dictation.orders.priority.as_str(), "urgent");
    assert_eq!(dictation.orders.route.as_str(), "secretary");
    assert!(dictation.identity_verified_at.is_some());
    assert_eq!(dictation.takes.len(), 1);
    assert_eq!(recorded(&practice.app, &dictation.takes[0].sha256), sound);
    // Asked again, the same answer; nothing is left in the folder.
    let mut socket = service.connect().await;
    socket.say(json!({"type": "resume", "id": ID})).await;
    let again = socket.wait_for("finished").await;
    assert_eq!(again["dictation_id"], id.to_string());
    for shelf in std::fs::read_dir(practice.data().join("live")).unwrap() {
        let left = std::fs::read_dir(shelf.unwrap().path()).unwrap();
        assert_eq!(left.count(), 0);
    }
    let actions = practice.actions().await;
    for action in ["live.begun", "live.finished", "dictation.received"] {
        assert!(actions.contains(&action.to_owned()), "{actions:?}");
    }
}

#[tokio::test]
async fn a_ready_text_that_was_put_between_the_words_stands_there_in_the_draft() {
    let practice = practice().await;
    let app = &practice.app;
    let service = Running::of(app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    let sound: Vec<i16> = voice(2.0)
        .iter()
        .map(|s| (s.clamp(-1.0, 1.0) * 32_767.0) as i16)
        .collect();
    socket.sound(0, 0, &sound).await;
    socket.acked(0, sound.len() as u64).await;
    // A place that is none: nothing happens, and the socket stays.
    let wrong = json!({"type": "finish", "texts": [{"at_s": -1.0, "text": "Chest: clear."}]});
    socket.say(wrong).await;
    let refused = loop {
        let message = socket.hear().await.unwrap();
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(refused["reason"], "invalid");
    let texts = json!([{"at_s": 0.0, "text": "Chest: clear."}, {"at_s": 60.0, "text": "Follow-up in [number] weeks."}]);
    socket.say(json!({"type": "finish", "texts": texts})).await;
    let finished = socket.wait_for("finished").await;
    let id: DictationId = finished["dictation_id"].as_str().unwrap().parse().unwrap();
    let engine = ScriptedEngine::new(std::iter::repeat_n(Line::Says("no pain"), 9));
    let pool = Pool::new(Arc::new(engine), 1).unwrap();
    let hear = hear_with(pool, real::index().clone(), Options::default());
    Runner::new(app.clone(), hear, 1).drain().await.unwrap();
    let record = osler::workflow::record::show(app, &practice.ada.mrn)
        .await
        .unwrap();
    let text = &record.stored.dictations[0].reports[0].0.latest.body.text;
    assert!(text.starts_with("Chest: clear. "), "{text}");
    assert!(text.ends_with("Follow-up in [number] weeks."), "{text}");
    assert!(text.to_lowercase().contains("no pain"), "{text}");
    let placed = app.store.placed_texts(id).await.unwrap();
    assert_eq!(placed.len(), 2);
    let gone = practice.raw().execute("DELETE FROM placed_texts", []);
    assert!(gone.is_err(), "what was put in is kept");
}

#[tokio::test]
async fn takes_are_inserted_and_overwritten_and_all_of_them_are_kept() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    let (a, b, c) = (tone(1, 48_000), tone(2, 8_000), tone(3, 16_000));
    socket.sound(0, 0, &a).await;
    socket
        .say(json!({"type": "take", "take": 1, "mode": "insert", "at_s": 1.0}))
        .await;
    socket.sound(1, 0, &b).await;
    socket
        .say(json!({"type": "take", "take": 2, "mode": "overwrite", "at_s": 0.5, "to_s": 0.75}))
        .await;
    socket.sound(2, 0, &c).await;
    socket.acked(2, c.len() as u64).await;
    let id = socket.finish().await;
    let mut made = a.clone();
    made.splice(16_000..16_000, b.iter().copied());
    made.splice(8_000..12_000, c.iter().copied());
    let dictation = practice.app.store.dictation(id).await.unwrap();
    let sounds: Vec<Vec<i16>> = dictation
        .takes
        .iter()
        .map(|t| recorded(&practice.app, &t.sha256))
        .collect();
    assert_eq!(sounds, [made, a, b, c]);
    // The recording that is heard can be played, and so can each take.
    let browser = Browser::log_in(&practice.app, "dr.a").await;
    for (take, sound) in sounds.iter().enumerate() {
        let peaks = browser
            .get(&format!("/dictations/{id}/peaks/{take}"))
            .await
            .is(200)
            .json();
        let length_s = sound.len() as f64 / 16_000.0;
        assert_eq!(peaks["duration_s"], length_s);
    }
}

#[tokio::test]
async fn a_broken_connection_loses_nothing_and_repeats_nothing() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let sound = tone(4, 40_000);
    let mut sent = 0;
    let mut connections = 0;
    while sent < sound.len() {
        let mut socket = service.connect().await;
        connections += 1;
        // The browser does not know whether its first message arrived: starting again is going on.
        socket
            .say(if connections % 2 == 1 {
                ada(ID)
            } else {
                json!({"type": "resume", "id": ID})
            })
            .await;
        let ready = socket.wait_for("ready").await;
        sent = ready["takes"][0]["samples"].as_u64().unwrap() as usize;
        // What was sent before the line broke may have been kept to its end.
        if sent == sound.len() {
            break;
        }
        // Some that are known, some that are new; then the line breaks without a word, sometimes before the answer.
        let from = sent.saturating_sub(777);
        let to = (sent + 9_001).min(sound.len());
        socket
            .sound(0, from as u64, &sound[from..sent.max(from + 1)])
            .await;
        socket.sound(0, sent as u64, &sound[sent..to]).await;
        if connections % 3 != 0 {
            socket.acked(0, to as u64).await;
            sent = to;
        }
        drop(socket);
    }
    assert!(connections > 4);
    let mut socket = service.connect().await;
    socket.say(json!({"type": "resume", "id": ID})).await;
    socket.wait_for("ready").await;
    let id = socket.finish().await;
    let dictation = practice.app.store.dictation(id).await.unwrap();
    assert_eq!(recorded(&practice.app, &dictation.takes[0].sha256), sound);
}

/// Where the sound of the dictation lies.
fn kept(practice: &Practice) -> std::path::PathBuf {
    Vault::new(practice.data().join("live"), practice.app.store.keys()).path(&format!("live {ID}"))
}

#[tokio::test]
async fn a_service_that_was_killed_goes_on_with_what_it_had_acknowledged() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    let (a, b) = (tone(5, 20_000), tone(6, 10_000));
    socket.sound(0, 0, &a).await;
    socket
        .say(json!({"type": "take", "take": 1, "mode": "insert", "at_s": 0.5}))
        .await;
    socket.sound(1, 0, &b[..4_000]).await;
    socket.acked(1, 4_000).await;
    // Another process opens the same folder, as after a kill; the end of the file is torn.
    let file = kept(&practice);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7]);
    drop(socket);
    service.done.abort();
    let app = open(&practice.data(), Opening::Existing, practice.clock.clone()).await;
    std::fs::write(&file, &bytes).unwrap();
    let service = Running::of(&app, "dr.a").await;
    // It is there for its author to see, and for nobody else.
    let browser = Browser::log_in(&app, "dr.a").await;
    let list = browser.get("/live").await.is(200).json();
    assert_eq!(list["items"][0]["id"], ID);
    assert_eq!(list["items"][0]["patient"]["mrn"], "A-1");
    assert_eq!(list["items"][0]["length_s"], 1.5);
    assert_eq!(list["items"][0]["recording"], false);
    let colleague = Browser::log_in(&app, "dr.c").await;
    let none = colleague.get("/live").await.is(200).json();
    assert_eq!(none["items"], json!([]));
    let mut socket = service.connect().await;
    socket.say(json!({"type": "resume", "id": ID})).await;
    let ready = socket.wait_for("ready").await;
    assert_eq!(ready["takes"][0]["samples"], 20_000);
    assert_eq!(ready["takes"][1]["samples"], 4_000);
    assert_eq!(ready["takes"][1]["mode"], "insert");
    assert_eq!(ready["takes"][1]["at_s"], 0.5);
    socket.sound(1, 4_000, &b[4_000..]).await;
    socket.acked(1, 10_000).await;
    let id = socket.finish().await;
    let mut made = a;
    made.splice(8_000..8_000, b);
    let dictation = app.store.dictation(id).await.unwrap();
    assert_eq!(recorded(&app, &dictation.takes[0].sha256), made);
    service.stop().await;
}

#[tokio::test]
async fn a_gap_is_refused_with_the_sample_that_is_expected() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    let sound = tone(7, 6_000);
    socket.sound(0, 0, &sound[..1_000]).await;
    socket.acked(0, 1_000).await;
    socket.sound(0, 2_000, &sound[2_000..3_000]).await;
    let error = loop {
        let message = socket.hear().await.unwrap();
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(error["reason"], "gap");
    assert_eq!(error["take"], 0);
    assert_eq!(error["expected"], 1_000);
    assert!(error["message"].as_str().unwrap().contains("sample 1000"));
    // The same socket goes on.
    socket.sound(0, 1_000, &sound[1_000..]).await;
    socket.acked(0, 6_000).await;
    for (message, reason) in [
        (json!({"type": "take", "take": 5, "mode": "append"}), "take"),
        (
            json!({"type": "take", "take": 1, "mode": "insert"}),
            "invalid",
        ),
        (
            json!({"type": "take", "take": 1, "mode": "insert", "at_s": -1.0}),
            "invalid",
        ),
        (json!({"type": "dance"}), "invalid"),
        (json!({"type": "discard"}), "invalid"),
    ] {
        socket.say(message).await;
        let error = socket.hear().await.unwrap();
        assert_eq!(error["type"], "error", "{error}");
        assert_eq!(error["reason"], reason, "{error}");
    }
    let id = socket.finish().await;
    let dictation = practice.app.store.dictation(id).await.unwrap();
    assert_eq!(recorded(&practice.app, &dictation.takes[0].sha256), sound);
}

#[tokio::test]
async fn a_second_window_takes_over_and_the_first_one_is_told() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut first = service.connect().await;
    first.start(ID).await;
    first.sound(0, 0, &tone(8, 1_000)).await;
    first.acked(0, 1_000).await;
    let mut second = service.connect().await;
    let ready = second.start(ID).await;
    assert_eq!(ready["takes"][0]["samples"], 1_000);
    let told = loop {
        let message = first.hear().await.unwrap();
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(told["reason"], "taken_over");
    assert!(first.hear().await.is_none());
    second.sound(0, 1_000, &tone(8, 500)).await;
    second.acked(0, 1_500).await;
    second.finish().await;
}

#[tokio::test]
async fn a_dictation_that_must_not_be_begun_is_refused_and_leaves_nothing() {
    let mut practice = practice().await;
    let limits = Limits {
        sessions: 1,
        longest: 1_000,
        free: 0,
        ..Limits::default()
    };
    practice.app.live = Sessions::new(&practice.data(), practice.app.store.keys(), limits);
    let service = Running::of(&practice.app, "dr.a").await;
    let refused = async |message: Value| {
        let mut socket = service.connect().await;
        socket.say(message).await;
        let error = socket.hear().await.unwrap();
        assert_eq!(error["type"], "error", "{error}");
        assert!(socket.hear().await.is_none());
        error["reason"].as_str().unwrap().to_owned()
    };
    let mut wrong = ada(ID);
    wrong["birth_date"] = json!("1999-01-01");
    assert_eq!(refused(wrong).await, "identity_mismatch");
    let mut unknown = ada(ID);
    unknown["mrn"] = json!("X-9");
    assert_eq!(refused(unknown).await, "not_found");
    let nothing = json!({"type": "resume", "id": ID});
    assert_eq!(refused(nothing).await, "not_found");
    assert_eq!(refused(json!({"type": "finish"})).await, "invalid");
    assert_eq!(refused(json!("hello")).await, "invalid");
    assert!(practice.actions().await.iter().all(|a| a != "live.begun"));

    let mut socket = service.connect().await;
    socket.start(ID).await;
    let other = ID.replace("0001", "0002");
    assert_eq!(refused(ada(&other)).await, "busy");
    // Somebody else's is not there.
    let colleague = Running::of(&practice.app, "dr.c").await;
    let mut theirs = colleague.connect().await;
    theirs.say(json!({"type": "resume", "id": ID})).await;
    assert_eq!(theirs.hear().await.unwrap()["reason"], "not_found");
    let mut theirs = colleague.connect().await;
    theirs.say(ada(ID)).await;
    assert_eq!(theirs.hear().await.unwrap()["reason"], "not_found");

    socket.say(json!({"type": "finish"})).await;
    let empty = loop {
        let message = socket.hear().await.unwrap();
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(empty["reason"], "empty");
    socket.sound(0, 0, &[1; 1_001]).await;
    assert_eq!(socket.hear().await.unwrap()["reason"], "too_large");
    socket
        .say(json!({"type": "discard", "reason": "wrong patient"}))
        .await;
    socket.wait_for("discarded").await;
    assert_eq!(
        refused(json!({"type": "resume", "id": ID})).await,
        "discarded"
    );
    let list = Browser::log_in(&practice.app, "dr.a")
        .await
        .get("/live")
        .await
        .json();
    assert_eq!(list["items"], json!([]));
    // Its sound stays for a month.
    let file = kept(&practice);
    assert_eq!(practice.app.live.sweep(&practice.app).await.unwrap(), 0);
    assert!(file.exists());
    practice.clock.pass(31 * 24 * 3600);
    assert_eq!(practice.app.live.sweep(&practice.app).await.unwrap(), 1);
    assert!(!file.exists());
}

#[tokio::test]
async fn only_a_page_of_the_service_and_a_physician_dictate() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    assert_eq!(
        service.try_connect("http://evil.example").await.err(),
        Some(403)
    );
    let secretary = Running::of(&practice.app, "s.s").await;
    let origin = format!("http://{}", secretary.address);
    assert_eq!(secretary.try_connect(&origin).await.err(), Some(403));
    let nobody = Running {
        cookie: "osler_session=x".into(),
        ..Running::of(&practice.app, "dr.a").await
    };
    let origin = format!("http://{}", nobody.address);
    assert_eq!(nobody.try_connect(&origin).await.err(), Some(401));
}

#[tokio::test]
async fn text_comes_while_somebody_speaks_and_is_there_after_a_reload() {
    let practice = practice().await;
    let script = std::iter::repeat_n(Line::Says("blood pressure is high"), 500);
    practice.app.live.hear_with(Hearing {
        pool: Pool::new(Arc::new(ScriptedEngine::new(script)), 2).unwrap(),
        language: "en".into(),
        prompt: String::new(),
    });
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    let mut sound: Vec<i16> = voice(2.0)
        .iter()
        .map(|s| (s.clamp(-1.0, 1.0) * 32_767.0) as i16)
        .collect();
    sound.extend(std::iter::repeat_n(0, 2 * SAMPLE_RATE));
    for (i, part) in sound.chunks(1_600).enumerate() {
        socket.sound(0, i as u64 * 1_600, part).await;
    }
    let committed = loop {
        let text = socket.wait_for("text").await;
        assert_eq!(text["take"], 0);
        if text["committed"].as_array().is_some_and(|c| !c.is_empty()) {
            break text["committed"].clone();
        }
    };
    assert_eq!(committed[0]["text"], "blood");
    drop(socket);
    let mut socket = service.connect().await;
    let ready = socket.start(ID).await;
    let kept = ready["takes"][0]["committed"].as_array().unwrap();
    assert_eq!(kept[0], committed[0]);
    // So it is after the program was killed.
    service.done.abort();
    let app = open(&practice.data(), Opening::Existing, practice.clock.clone()).await;
    let service = Running::of(&app, "dr.a").await;
    let mut socket = service.connect().await;
    let ready = socket.start(ID).await;
    assert_eq!(ready["takes"][0]["committed"][0], committed[0]);
    // Without a model the dictation goes on, and says so.
    let warning = socket.wait_for("warning").await;
    assert_eq!(warning["reason"], "no_text");
    socket.acked_nothing().await;
    socket.finish().await;
}

impl Socket {
    /// One more sample is kept, whatever came before.
    async fn acked_nothing(&mut self) {
        self.say(json!({"type": "take", "take": 1, "mode": "append"}))
            .await;
        self.sound(1, 0, &[5; 100]).await;
        self.acked(1, 100).await;
    }
}

#[tokio::test]
async fn a_service_that_stops_says_so_and_keeps_what_came() {
    let practice = practice().await;
    let service = Running::of(&practice.app, "dr.a").await;
    let mut socket = service.connect().await;
    socket.start(ID).await;
    socket.sound(0, 0, &tone(9, 5_000)).await;
    socket.acked(0, 5_000).await;
    service.stop().await;
    assert!(socket.hear().await.is_none());
    let list = practice
        .app
        .live
        .unfinished(&practice.app, practice.author.id)
        .await
        .unwrap();
    assert_eq!(list[0].length_s, 5_000.0 / 16_000.0);
}

/// What comes until the service ends the connection. Nothing is answered, pings neither, as by a machine that was
/// unplugged.
async fn half_open(socket: Socket) -> Vec<u8> {
    let mut stream = socket.0.into_inner();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).await.unwrap();
    came
}

/// The last frame of what came: why the service closed the socket.
fn closing(came: &[u8]) -> (u16, String) {
    let at = came
        .windows(2)
        .rposition(|w| w[0] == 0x88 && w[1] < 126)
        .unwrap();
    let code = u16::from_be_bytes([came[at + 2], came[at + 3]]);
    (code, String::from_utf8(came[at + 4..].to_vec()).unwrap())
}

#[tokio::test]
async fn a_socket_at_which_nobody_is_any_more_is_closed_and_what_came_is_kept() {
    let mut practice = practice().await;
    let limits = Limits {
        hello: Duration::from_millis(500),
        silence: Duration::from_secs(1),
        ..Limits::default()
    };
    practice.app.live = Sessions::new(&practice.data(), practice.app.store.keys(), limits);
    let service = Running::of(&practice.app, "dr.a").await;
    // It never says what it is for.
    let came = half_open(service.connect().await).await;
    assert_eq!(closing(&came), (1008, "slow".into()));

    let mut socket = service.connect().await;
    socket.start(ID).await;
    let sound = tone(3, 1600);
    socket.sound(0, 0, &sound).await;
    socket.acked(0, 1600).await;
    let came = half_open(socket).await;
    assert_eq!(closing(&came), (1001, "silent".into()));
    assert!(came.contains(&0x89), "it was asked whether it is there");
    // Whoever comes back goes on where the sound ended.
    let mut socket = service.connect().await;
    socket.say(json!({"type": "resume", "id": ID})).await;
    let ready = socket.wait_for("ready").await;
    assert_eq!(ready["takes"][0]["samples"], 1600);
    let id = socket.finish().await;
    let dictation = practice.app.store.dictation(id).await.unwrap();
    assert_eq!(recorded(&practice.app, &dictation.takes[0].sha256), sound);
    service.stop().await;
}
