//! What happens, as server-sent events: no patient's data, so that a page knows what to read again.

use super::caller::Caller;
use super::error::Problem;
use super::views::lock_of;
use crate::app::App;
use crate::domain::ids::DictationId;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::workflow::hub::Event;
use crate::workflow::people::Subject;
use crate::workflow::worklist;
use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// How often it is asked whether the listener is still logged in.
const STILL_THERE: Duration = Duration::from_secs(20);

/// One page that listens.
struct Listener {
    app: App,
    caller: Caller,
    events: Receiver<Event>,
    ask_at: Instant,
}

/// `GET /events`
pub async fn events(
    State(app): State<App>,
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    caller
        .may(&app, Action::ReadWorklist, Subject::NONE)
        .await?;
    let listener = Listener {
        events: app.hub.events(),
        ask_at: Instant::now() + STILL_THERE,
        app,
        caller,
    };
    Ok(Sse::new(stream::unfold(listener, Listener::next)).keep_alive(KeepAlive::default()))
}

fn event(name: &str, data: &Value) -> sse::Event {
    sse::Event::default().event(name).data(data.to_string())
}

impl Listener {
    /// The next event; none where the program ends or the listener is not logged in any more.
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        loop {
            tokio::select! {
                () = self.app.hub.closed() => return None,
                () = tokio::time::sleep_until(self.ask_at) => {
                    self.ask_at = Instant::now() + STILL_THERE;
                    self.caller.again(&self.app, false).await.ok()?;
                }
                heard = self.events.recv() => match heard {
                    Ok(heard) => {
                        if let Some(told) = self.told(heard).await {
                            return Some((Ok(told), self));
                        }
                    }
                    // What was missed is read again from the lists.
                    Err(RecvError::Lagged(_)) => {
                        return Some((Ok(event("counts", &json!({}))), self));
                    }
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    async fn told(&self, heard: Event) -> Option<sse::Event> {
        match heard {
            Event::Heard(id, done_s, of_s) => {
                let data = json!({"id": id, "done_s": done_s, "of_s": of_s});
                Some(event("progress", &data))
            }
            Event::Rearranged => Some(event("counts", &json!({}))),
            Event::Changed(id)
            | Event::Started(id)
            | Event::Drafted(id)
            | Event::Failed(id)
            | Event::Stopped(id) => self.work(id).await,
        }
    }

    /// Where a dictation stands now; a physician hears of their own.
    async fn work(&self, id: DictationId) -> Option<sse::Event> {
        let item = worklist::item(&self.app, id).await.ok()?;
        let user = self.caller.user();
        if user.role == Role::Physician && item.author.id != user.id {
            return None;
        }
        let data = json!({
            "id": id,
            "phase": item.place.0.as_str(),
            "state": item.place.1.as_str(),
            "priority": item.orders.priority.as_str(),
            "flags": item.flags,
            "version": item.report.map(|(_, version)| version),
            "lock": lock_of(&item, user.id, self.app.clock.now()),
        });
        Some(event("work", &data))
    }
}
