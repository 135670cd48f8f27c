//! Dictating through a socket: what travels between a browser and [`crate::workflow::live_session`].

use super::caller::Caller;
use super::error::Problem;
use super::extract::Json;
use super::frame::{self, Frame};
use super::uploads::{orders, parse_mrn};
use super::views::PatientView;
use crate::app::App;
use crate::domain::finding::Finding;
use crate::domain::ids::{DictationId, LiveId};
use crate::domain::policy::Action;
use crate::domain::template::{MOST_PLACED, PlacedText};
use crate::domain::transcript::Word;
use crate::domain::transition::Note;
use crate::workflow::live_session::{
    Attached, Decision, LiveError, Mode, Refused, Start, Told, seconds,
};
use crate::workflow::patients;
use crate::workflow::people::Subject;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Longest time between sound and its acknowledgement.
const ACK: Duration = Duration::from_millis(250);

/// Bytes of sound that wait for the disk at most.
const WAITING: usize = 256 * 1024;

/// How often it is asked whether the speaker is still logged in.
const LOGGED_IN: Duration = Duration::from_secs(60);

/// What a browser says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum In {
    Start {
        id: LiveId,
        mrn: String,
        birth_date: Option<Date>,
        encounter_id: Option<String>,
        #[serde(default)]
        priority: String,
        #[serde(default)]
        route: String,
    },
    Resume {
        id: LiveId,
    },
    Take {
        take: u32,
        mode: ModeName,
        at_s: Option<f64>,
        to_s: Option<f64>,
    },
    Finish {
        #[serde(default)]
        priority: String,
        #[serde(default)]
        route: String,
        #[serde(default)]
        instruction: String,
        /// Ready texts that were put between the words: seconds of the recording as composed, in the order of the text.
        #[serde(default)]
        texts: Vec<PlacedView>,
    },
    Discard {
        #[serde(default)]
        reason: String,
    },
}

#[derive(Deserialize)]
struct PlacedView {
    at_s: f64,
    text: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeName {
    Append,
    Insert,
    Overwrite,
}

/// What it is told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Out<'a> {
    Ready {
        id: LiveId,
        takes: Vec<TakeView>,
    },
    Ack {
        take: u32,
        samples: u64,
    },
    Text {
        take: u32,
        committed: Vec<WordView>,
        partial: Vec<WordView>,
    },
    Finding {
        take: u32,
        finding: &'a Finding,
    },
    Warning {
        reason: &'a str,
        message: String,
    },
    Error {
        reason: &'a str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        take: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expected: Option<u64>,
    },
    Finished {
        dictation_id: DictationId,
    },
    Discarded,
}

/// A take that is kept.
#[derive(Serialize)]
struct TakeView {
    take: u32,
    samples: u64,
    mode: ModeName,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_s: Option<f64>,
    committed: Vec<WordView>,
}

#[derive(Serialize)]
struct WordView {
    text: String,
    start_s: f64,
    end_s: f64,
}

fn views(words: &[Word]) -> Vec<WordView> {
    words
        .iter()
        .map(|w| WordView {
            text: w.text.clone(),
            start_s: w.start_s,
            end_s: w.end_s,
        })
        .collect()
}

/// What its author has begun and not ended.
#[derive(Serialize, JsonSchema)]
struct UnfinishedView {
    id: LiveId,
    patient: PatientView,
    begun_at: Timestamp,
    touched_at: Timestamp,
    length_s: f64,
    recording: bool,
    priority: &'static str,
    route: &'static str,
}

#[derive(Serialize, JsonSchema)]
pub struct UnfinishedList {
    items: Vec<UnfinishedView>,
    next: Option<String>,
}

/// `GET /live`: a socket to dictate through; without an upgrade, the caller's unfinished dictations.
pub async fn live(
    State(app): State<App>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    caller.may(&app, Action::Dictate, Subject::NONE).await?;
    match upgrade {
        Ok(upgrade) => Ok(upgrade
            .max_message_size(frame::LONGEST)
            .max_frame_size(frame::LONGEST)
            .on_upgrade(move |socket| Line::new(socket, app, caller).run())),
        Err(WebSocketUpgradeRejection::MethodNotGet(_)) => {
            Err(Problem::invalid("a socket is opened with GET"))
        }
        Err(_) => unfinished(&app, &caller).await,
    }
}

async fn unfinished(app: &App, caller: &Caller) -> Result<Response, Problem> {
    let mut items = Vec::new();
    for one in app.live.unfinished(app, caller.user().id).await? {
        let patient = app.store.patient(one.live.patient_id).await?;
        items.push(UnfinishedView {
            id: one.live.id,
            patient: PatientView::from(&patient),
            begun_at: one.live.begun_at,
            touched_at: one.live.touched_at,
            length_s: one.length_s,
            recording: one.attached,
            priority: one.live.orders.priority.as_str(),
            route: one.live.orders.route.as_str(),
        });
    }
    let ids = items.iter().map(|i| i.id.to_string()).collect();
    caller.listed(app, "live", "", ids).await?;
    Ok(Json(UnfinishedList { items, next: None }).into_response())
}

/// What the author decided at the end.
fn decision(priority: &str, route: &str, instruction: &str) -> Result<Decision, Problem> {
    let orders = orders(priority, route)?;
    let instruction = match instruction.trim() {
        "" => None,
        words => Some(
            words
                .parse::<Note>()
                .map_err(|e| Problem::invalid(format!("{e}")))?,
        ),
    };
    Ok(Decision {
        priority: (!priority.is_empty()).then_some(orders.priority),
        route: (!route.is_empty()).then_some(orders.route),
        instruction,
        placed: Vec::new(),
    })
}

/// The ready texts that an author put between the words.
fn texts_placed(texts: &[PlacedView]) -> Result<Vec<PlacedText>, Problem> {
    if texts.len() > MOST_PLACED {
        return Err(Problem::invalid(format!(
            "at most {MOST_PLACED} ready texts are put into one dictation"
        )));
    }
    texts
        .iter()
        .map(|placed| PlacedText::new(placed.at_s, &placed.text))
        .collect::<Result<_, _>>()
        .map_err(|e| Problem::invalid(e.to_string()))
}

/// How a socket ends.
enum End {
    /// The other side is gone, or was told already.
    Gone,
    /// With a code and a word.
    Close(u16, &'static str),
}

type Going = Result<(), End>;

/// One socket.
struct Line {
    socket: WebSocket,
    app: App,
    caller: Caller,
    /// Sound that is not on the disk yet, and since when.
    pending: Vec<(u32, u64, Vec<i16>)>,
    bytes: usize,
    since: Option<Instant>,
    /// The gap that was reported last: frames under way behind it are gaps as well, and say nothing new.
    gap: Option<(u32, u64)>,
}

impl Line {
    fn new(socket: WebSocket, app: App, caller: Caller) -> Self {
        Self {
            socket,
            app,
            caller,
            pending: Vec::new(),
            bytes: 0,
            since: None,
            gap: None,
        }
    }

    async fn run(mut self) {
        let end = match self.hello().await {
            Ok(mut attached) => self.dictate(&mut attached).await,
            Err(end) => Err(end),
        };
        if let Err(End::Close(code, reason)) = end {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            // Where nobody listens any more, nobody has to be told.
            let _ = self.socket.send(Message::Close(Some(frame))).await;
        }
    }

    /// The first message says which dictation it is.
    async fn hello(&mut self) -> Result<Attached, End> {
        let message =
            match tokio::time::timeout(self.app.live.limits().hello, self.next_text()).await {
                Ok(message) => message?,
                Err(_) => return Err(End::Close(close_code::POLICY, "slow")),
            };
        let app = self.app.clone();
        let (user, actor) = (self.caller.user().clone(), self.caller.actor());
        let attached = match message {
            In::Start {
                id,
                mrn,
                birth_date,
                encounter_id,
                priority,
                route,
            } => {
                let start = parse_mrn(&mrn).and_then(|mrn| {
                    Ok(Start {
                        id,
                        mrn,
                        birth_date,
                        encounter: encounter_id,
                        orders: orders(&priority, &route)?,
                    })
                });
                match start {
                    Ok(start) => {
                        self.may_dictate(&start).await?;
                        app.live.start(&app, &user, &actor, start).await
                    }
                    Err(problem) => {
                        self.error(problem.reason(), problem.detail()).await?;
                        return Err(End::Close(close_code::POLICY, "invalid"));
                    }
                }
            }
            In::Resume { id } => app.live.resume(&app, &user, id).await,
            _ => {
                self.error("invalid", "begin with start or resume").await?;
                return Err(End::Close(close_code::POLICY, "invalid"));
            }
        };
        let attached = match attached {
            Ok(attached) => attached,
            Err(e) => return Err(self.refuse(e).await),
        };
        let takes = match attached.takes().await {
            Ok(takes) => takes,
            Err(e) => return Err(self.refuse(e).await),
        };
        let takes = (0..)
            .zip(takes)
            .map(|(take, kept)| {
                let (mode, at, to) = match kept.mode {
                    Mode::Append => (ModeName::Append, None, None),
                    Mode::Insert { at } => (ModeName::Insert, Some(at), None),
                    Mode::Overwrite { at, to } => (ModeName::Overwrite, Some(at), to),
                };
                TakeView {
                    take,
                    samples: kept.samples,
                    mode,
                    at_s: at.map(seconds),
                    to_s: to.map(seconds),
                    committed: views(&kept.committed),
                }
            })
            .collect();
        let id = attached.id();
        self.tell(&Out::Ready { id, takes }).await?;
        Ok(attached)
    }

    /// Dictating shows nothing of a record, so that a physician may dictate about anybody; a refusal is in the trail.
    async fn may_dictate(&mut self, start: &Start) -> Going {
        let Ok(patient) = patients::find(&self.app, &start.mrn).await else {
            return Ok(()); // said by who begins it
        };
        let subject = Subject::in_record("live", start.id, patient.id).by(self.caller.user().id);
        if let Err(problem) = self.caller.may(&self.app, Action::Dictate, subject).await {
            self.error(problem.reason(), problem.detail()).await?;
            return Err(End::Close(close_code::POLICY, "refused"));
        }
        Ok(())
    }

    async fn dictate(&mut self, attached: &mut Attached) -> Going {
        let mut heard_of = Instant::now();
        let mut worked = false;
        let silence = self.app.live.limits().silence;
        let mut ping = tokio::time::interval(silence / 3);
        let mut login = tokio::time::interval_at((Instant::now() + LOGGED_IN).into(), LOGGED_IN);
        let hub = self.app.hub.clone();
        let stopping = hub.closed();
        tokio::pin!(stopping);
        loop {
            let due = self.since.map(|since| since + ACK);
            let flush = async move {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What waits for the disk goes before what comes.
                biased;
                () = flush => self.flush(attached).await?,
                message = self.socket.recv() => {
                    heard_of = Instant::now();
                    match message {
                        Some(Ok(Message::Binary(bytes))) => {
                            worked = true;
                            self.sound(attached, &bytes).await?;
                        }
                        Some(Ok(Message::Text(text))) => {
                            worked = true;
                            self.flush(attached).await?;
                            self.said(attached, text.as_str()).await?;
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => {
                            // What came is kept, whether or not somebody hears of it.
                            let _ = self.flush(attached).await;
                            return Err(End::Gone);
                        }
                    }
                }
                told = attached.told() => match told {
                    Some(told) => self.pass_on(told).await?,
                    None => return Err(self.refuse(LiveError::TakenOver).await),
                },
                _ = ping.tick() => {
                    if heard_of.elapsed() > silence {
                        self.flush(attached).await?;
                        return Err(End::Close(close_code::AWAY, "silent"));
                    }
                    self.send(Message::Ping(Vec::new().into())).await?;
                }
                _ = login.tick() => {
                    let is_use = std::mem::take(&mut worked);
                    if let Err(problem) = self.caller.again(&self.app, is_use).await {
                        self.flush(attached).await?;
                        self.error(problem.reason(), problem.detail()).await?;
                        return Err(End::Close(close_code::POLICY, "not_logged_in"));
                    }
                }
                () = &mut stopping => {
                    self.flush(attached).await?;
                    return Err(End::Close(close_code::RESTART, "restart"));
                }
            }
        }
    }

    async fn sound(&mut self, attached: &Attached, bytes: &[u8]) -> Going {
        match Frame::parse(bytes) {
            Ok(frame) => {
                self.since.get_or_insert_with(Instant::now);
                self.bytes += bytes.len();
                self.pending.push((frame.take, frame.first, frame.samples));
            }
            Err(e) => self.error("frame", e.to_string()).await?,
        }
        if self.bytes >= WAITING {
            self.flush(attached).await?;
        }
        Ok(())
    }

    /// Puts what waits on the disk, and says so.
    async fn flush(&mut self, attached: &Attached) -> Going {
        self.since = None;
        self.bytes = 0;
        if self.pending.is_empty() {
            return Ok(());
        }
        let (acks, refused) = match attached.keep(std::mem::take(&mut self.pending)).await {
            Ok(kept) => kept,
            Err(e) => return Err(self.refuse(e).await),
        };
        for (take, samples) in acks {
            self.gap = None;
            self.tell(&Out::Ack { take, samples }).await?;
        }
        match refused {
            None => Ok(()),
            Some(e) => self.object(e).await,
        }
    }

    async fn said(&mut self, attached: &Attached, text: &str) -> Going {
        let message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(e) => return self.error("invalid", format!("not understood: {e}")).await,
        };
        let actor = self.caller.actor();
        match message {
            In::Start { id, .. } | In::Resume { id } if id == attached.id() => Ok(()),
            In::Start { .. } | In::Resume { .. } => {
                self.error(
                    "invalid",
                    "this socket has its dictation; open another one for another",
                )
                .await
            }
            In::Take {
                take,
                mode,
                at_s,
                to_s,
            } => {
                let Some(mode) = placed(mode, at_s, to_s) else {
                    return self
                        .error(
                            "invalid",
                            "insert and overwrite need at_s, in seconds from 0",
                        )
                        .await;
                };
                match attached.begin(take, mode).await {
                    Ok(()) => self.tell(&Out::Ack { take, samples: 0 }).await,
                    Err(e) => self.object(e).await,
                }
            }
            In::Finish {
                priority,
                route,
                instruction,
                texts,
            } => {
                let decided = decision(&priority, &route, &instruction).and_then(|last| {
                    Ok(Decision {
                        placed: texts_placed(&texts)?,
                        ..last
                    })
                });
                let last = match decided {
                    Ok(last) => last,
                    Err(problem) => return self.error(problem.reason(), problem.detail()).await,
                };
                match attached.finish(last, &actor).await {
                    Ok(dictation_id) => {
                        self.tell(&Out::Finished { dictation_id }).await?;
                        Err(End::Close(close_code::NORMAL, "finished"))
                    }
                    Err(e) => self.object(e).await,
                }
            }
            In::Discard { reason } => match attached.discard(&reason, &actor).await {
                Ok(()) => {
                    self.tell(&Out::Discarded).await?;
                    Err(End::Close(close_code::NORMAL, "discarded"))
                }
                Err(e) => self.object(e).await,
            },
        }
    }

    async fn pass_on(&mut self, told: Told) -> Going {
        match &told {
            Told::Text {
                take,
                committed,
                partial,
            } => {
                self.tell(&Out::Text {
                    take: *take,
                    committed: views(committed),
                    partial: views(partial),
                })
                .await
            }
            Told::Finding { take, finding } => {
                self.tell(&Out::Finding {
                    take: *take,
                    finding,
                })
                .await
            }
            Told::NoText(message) => {
                self.tell(&Out::Warning {
                    reason: "no_text",
                    message: message.clone(),
                })
                .await
            }
        }
    }

    /// Says what is wrong; where the browser can put it right, the socket stays.
    async fn object(&mut self, error: LiveError) -> Going {
        let (take, expected) = match &error {
            LiveError::Sound(Refused::Gap { take, expected, .. }) => {
                if self.gap == Some((*take, *expected)) {
                    return Ok(());
                }
                self.gap = Some((*take, *expected));
                (Some(*take), Some(*expected))
            }
            LiveError::Sound(Refused::Closed { take, samples, .. }) => {
                (Some(*take), Some(*samples))
            }
            LiveError::Sound(
                Refused::NoTake { take, next } | Refused::OtherTake { take, next },
            ) => (Some(*take), Some(u64::from(*next))),
            LiveError::Sound(Refused::TooLong(_) | Refused::TooMany) | LiveError::Empty => {
                (None, None)
            }
            LiveError::Workflow(crate::workflow::WorkflowError::Invalid(_)) => (None, None),
            _ => return Err(self.refuse(error).await),
        };
        self.tell(&Out::Error {
            reason: error.reason(),
            message: error.to_string(),
            take,
            expected,
        })
        .await
    }

    /// Says why it does not go on, and how the socket ends.
    async fn refuse(&mut self, error: LiveError) -> End {
        let (code, said) = match &error {
            LiveError::Finished(dictation_id) => {
                let out = Out::Finished {
                    dictation_id: *dictation_id,
                };
                (close_code::NORMAL, self.tell(&out).await)
            }
            e => {
                let code = match e {
                    LiveError::Busy | LiveError::NoRoom(_) => close_code::AGAIN,
                    LiveError::Sound(Refused::Disk { .. } | Refused::Foreign(_)) => {
                        close_code::ERROR
                    }
                    LiveError::Workflow(w) if e.reason() == "failed" => {
                        tracing::error!(error = %w, "a dictation failed");
                        close_code::ERROR
                    }
                    _ => close_code::POLICY,
                };
                let message = match e.reason() {
                    "failed" | "disk" => {
                        tracing::error!(error = %e, "a dictation cannot be kept");
                        "the service cannot keep this; the log of the service says why".to_owned()
                    }
                    "disk_full" => {
                        "the disk of the service is nearly full; tell whoever looks after it"
                            .to_owned()
                    }
                    _ => e.to_string(),
                };
                (code, self.error(e.reason(), message).await)
            }
        };
        match said {
            Ok(()) => End::Close(code, error.reason()),
            Err(end) => end,
        }
    }

    async fn next_text(&mut self) -> Result<In, End> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                    Ok(message) => return Ok(message),
                    Err(e) => {
                        self.error("invalid", format!("not understood: {e}"))
                            .await?;
                        return Err(End::Close(close_code::POLICY, "invalid"));
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    self.error("invalid", "begin with start or resume").await?;
                    return Err(End::Close(close_code::POLICY, "invalid"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
            }
        }
    }

    async fn error(&mut self, reason: &str, message: impl Into<String>) -> Going {
        self.tell(&Out::Error {
            reason,
            message: message.into(),
            take: None,
            expected: None,
        })
        .await
    }

    async fn tell(&mut self, out: &Out<'_>) -> Going {
        let Ok(text) = serde_json::to_string(out) else {
            return Err(End::Close(close_code::ERROR, "failed"));
        };
        self.send(Message::Text(text.into())).await
    }

    /// A reader that takes nothing is as good as gone.
    async fn send(&mut self, message: Message) -> Going {
        match tokio::time::timeout(self.app.live.limits().silence, self.socket.send(message)).await
        {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Gone),
        }
    }
}

/// Where a take goes; none where its place is missing or no time.
fn placed(mode: ModeName, at_s: Option<f64>, to_s: Option<f64>) -> Option<Mode> {
    Some(match mode {
        ModeName::Append => Mode::Append,
        ModeName::Insert => Mode::Insert {
            at: Mode::place(at_s?)?,
        },
        ModeName::Overwrite => Mode::Overwrite {
            at: Mode::place(at_s?)?,
            to: match to_s {
                None => None,
                Some(s) => Some(Mode::place(s)?),
            },
        },
    })
}
