//! The worklist: what waits, who is next, how long it took.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::{DictationId, UserId};
use crate::domain::role::Role;
use crate::domain::transition::By;
use crate::domain::user::User;
use crate::domain::worklist::{Assignment, Figures, Mark, Priority, Tray};
use crate::workflow::hub::Event;
use crate::workflow::{WorkflowError, settings};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::collections::BTreeMap;

pub use crate::store::{Count, Cursor, Item, Queued, Turnaround, Visit, WorkFilter};

/// What waits, the most urgent first, then what is due first.
pub async fn list(app: &App, filter: WorkFilter) -> Result<Vec<Item>, WorkflowError> {
    Ok(app.store.worklist(filter).await?)
}

/// How much waits, by place and priority, and how much of it is overdue.
pub async fn counts(app: &App, filter: WorkFilter) -> Result<Vec<Count>, WorkflowError> {
    Ok(app.store.worklist_counts(filter, app.clock.now()).await?)
}

/// One dictation as the list shows it.
pub async fn item(app: &App, id: DictationId) -> Result<Item, WorkflowError> {
    Ok(app.store.item(id).await?)
}

/// When today began where the practice is.
pub fn midnight(app: &App) -> Timestamp {
    let today = app.clock.today();
    // A day that begins at no time is not on any calendar in use.
    today
        .to_zoned(TimeZone::system())
        .map_or_else(|_| app.clock.now(), |day| day.timestamp())
}

/// How many, and how many of them are overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Number {
    /// How many.
    pub count: u32,
    /// How many of them are overdue.
    pub overdue: u32,
}

impl Number {
    fn add(&mut self, count: &Count) {
        self.count += count.waiting;
        self.overdue += count.overdue;
    }
}

/// How much lies in each tray, and how much of what is to be corrected is how urgent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trays {
    /// By tray; of what is filed, what was filed today.
    pub trays: BTreeMap<Tray, Number>,
    /// What is to be corrected, by priority.
    pub priorities: BTreeMap<Priority, Number>,
    /// What is assigned to whoever asks.
    pub assigned: Number,
}

/// How much lies in each tray, of everybody's dictations or of one author's.
pub async fn trays(app: &App, user: &User, author: Option<UserId>) -> Result<Trays, WorkflowError> {
    let all = WorkFilter {
        author_id: author,
        ..WorkFilter::default()
    };
    let mut trays = Trays::default();
    for tray in Tray::ALL {
        trays.trays.insert(tray, Number::default());
    }
    for priority in [Priority::Stat, Priority::Urgent, Priority::Routine] {
        trays.priorities.insert(priority, Number::default());
    }
    for count in counts(app, all.clone()).await? {
        let tray = Tray::of_waiting(count.place);
        trays.trays.entry(tray).or_default().add(&count);
        if tray == Tray::ToCorrect {
            trays
                .priorities
                .entry(count.priority)
                .or_default()
                .add(&count);
        }
    }
    let filed = WorkFilter {
        tray: Some((Tray::Filed, midnight(app))),
        ..all.clone()
    };
    for count in counts(app, filed).await? {
        // What is filed is done, whenever it was due.
        trays.trays.entry(Tray::Filed).or_default().count += count.waiting;
    }
    let mine = WorkFilter {
        assigned: Some(Assignment::Person(user.id)),
        ..all
    };
    for count in counts(app, mine).await? {
        trays.assigned.add(&count);
    }
    Ok(trays)
}

/// What somebody finds on their desk.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Today's visits with them.
    pub visits: Vec<Visit>,
    /// Questions that they have to answer.
    pub questions: Vec<Item>,
    /// What waits for their signature.
    pub to_sign: Vec<Item>,
    /// What others or the engine work on, and what was refused.
    pub under_way: Vec<Item>,
}

/// What somebody finds on their desk: a physician their own dictations, anybody else what is assigned to them.
pub async fn desk(app: &App, user: &User) -> Result<Desk, WorkflowError> {
    let is_physician = user.role == Role::Physician;
    let filter = WorkFilter {
        author_id: is_physician.then_some(user.id),
        assigned: (!is_physician).then_some(Assignment::Person(user.id)),
        ..WorkFilter::default()
    };
    let mut desk = Desk::default();
    if is_physician {
        let today = app.clock.today();
        desk.visits = app.store.visits_on(today, Some(user.id)).await?;
    }
    for item in list(app, filter).await? {
        match Tray::of_waiting(item.place) {
            Tray::Questions => desk.questions.push(item),
            Tray::ToSign => desk.to_sign.push(item),
            _ => desk.under_way.push(item),
        }
    }
    Ok(desk)
}

/// What this person does next; a secretary has the lock on it with that.
pub async fn next(app: &App, user: &User, actor: &Actor) -> Result<Option<Item>, WorkflowError> {
    let by = By::Person(user.clone());
    let item = app.store.next_item(by, app.stamp(actor)).await?;
    if let Some(item) = &item {
        app.hub.tell(Event::Changed(item.dictation_id));
    }
    Ok(item)
}

/// Keeps a lock for a while longer; whether it was still held.
pub async fn keep_lock(
    app: &App,
    id: DictationId,
    user: &User,
    actor: &Actor,
) -> Result<bool, WorkflowError> {
    let by = By::Person(user.clone());
    Ok(app.store.renew_lock(id, by, app.stamp(actor)).await?)
}

/// Assigns a waiting dictation.
pub async fn assign(
    app: &App,
    id: DictationId,
    to: Assignment,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    if let Assignment::Pool(pool) = &to {
        settings::pool_name(pool)?;
    }
    app.store.assign(id, to, app.stamp(actor)).await?;
    app.hub.tell(Event::Changed(id));
    Ok(())
}

/// Gives a waiting dictation another priority, and the due time that goes with it.
pub async fn prioritise(
    app: &App,
    id: DictationId,
    priority: Priority,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    app.store
        .set_priority(id, priority, app.stamp(actor))
        .await?;
    app.hub.tell(Event::Changed(id));
    Ok(())
}

/// How long dictations took from one mark to another.
///
/// # Errors
/// [`WorkflowError::Invalid`] where start and stop are the same.
pub async fn turnaround(app: &App, of: Turnaround) -> Result<Figures, WorkflowError> {
    if of.start == of.stop {
        return Err(WorkflowError::Invalid(
            "turnaround needs a start and another mark to stop at".into(),
        ));
    }
    Ok(app.store.turnaround(of).await?)
}

/// What a day brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayVolume {
    /// The day where the practice is.
    pub date: Date,
    /// Recordings that were taken in.
    pub received: u32,
    /// Reports that were signed.
    pub signed: u32,
}

/// The most days that are shown.
pub const MOST_DAYS: u16 = 366;

/// How much was taken in and signed on each of the last days, today last. Days without anything are there, too.
///
/// # Errors
/// [`WorkflowError::Invalid`] for no days, or more than a year.
pub async fn volume(app: &App, days: u16) -> Result<Vec<DayVolume>, WorkflowError> {
    if days == 0 || days > MOST_DAYS {
        return Err(WorkflowError::Invalid(format!(
            "ask for 1 to {MOST_DAYS} days"
        )));
    }
    let today = app.clock.today();
    let mut out: Vec<DayVolume> = (0..i64::from(days))
        .rev()
        .map(|back| DayVolume {
            date: today.saturating_sub(Span::new().days(back)),
            received: 0,
            signed: 0,
        })
        .collect();
    let zone = TimeZone::system();
    let since = out[0]
        .date
        .to_zoned(zone.clone())
        .map_or_else(|_| app.clock.now(), |day| day.timestamp());
    let received = app.store.passed(Mark::Received, since).await?;
    let signed = app.store.passed(Mark::Signed, since).await?;
    for (times, is_signed) in [(received, false), (signed, true)] {
        for at in times {
            let date = at.to_zoned(zone.clone()).date();
            let Ok(at) = out.binary_search_by_key(&date, |day| day.date) else {
                continue;
            };
            let day = &mut out[at];
            let number = if is_signed {
                &mut day.signed
            } else {
                &mut day.received
            };
            *number += 1;
        }
    }
    Ok(out)
}

/// The queue of transcriptions in its order: what runs, what waits, what was given up.
pub async fn queue(app: &App) -> Result<Vec<Queued>, WorkflowError> {
    Ok(app.store.queue().await?)
}
