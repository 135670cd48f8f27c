//! The worklist: what waits, who is next, how long it took.

use crate::app::App;
use crate::domain::audit::Actor;
use crate::domain::ids::{DictationId, UserId};
use crate::domain::transition::By;
use crate::domain::user::User;
use crate::domain::worklist::{Assignment, Figures, Priority};
use crate::workflow::WorkflowError;

pub use crate::store::{Count, Item, Queued, Turnaround, WorkFilter};

/// What waits, the most urgent first, then what is due first.
pub async fn list(app: &App, filter: WorkFilter) -> Result<Vec<Item>, WorkflowError> {
    Ok(app.store.worklist(filter).await?)
}

/// How much waits, by place and priority, and how much of it is overdue.
pub async fn counts(app: &App, filter: WorkFilter) -> Result<Vec<Count>, WorkflowError> {
    Ok(app.store.worklist_counts(filter, app.clock.now()).await?)
}

/// What this person does next; a secretary has the lock on it with that.
pub async fn next(app: &App, user: &User, actor: &Actor) -> Result<Option<Item>, WorkflowError> {
    let by = By::Person(user.clone());
    Ok(app.store.next_item(by, app.stamp(actor)).await?)
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
        pool_name(pool)?;
    }
    Ok(app.store.assign(id, to, app.stamp(actor)).await?)
}

/// Gives a waiting dictation another priority, and the due time that goes with it.
pub async fn prioritise(
    app: &App,
    id: DictationId,
    priority: Priority,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    Ok(app
        .store
        .set_priority(id, priority, app.stamp(actor))
        .await?)
}

/// Sets the minutes until a document type is due; the empty type stands for all that have no line of their own.
///
/// # Errors
/// [`WorkflowError::Invalid`] for no minutes at all.
pub async fn set_due_time(
    app: &App,
    kind: &str,
    priority: Priority,
    minutes: u32,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    if minutes == 0 {
        return Err(WorkflowError::Invalid(
            "a due time is at least one minute".into(),
        ));
    }
    let kind = kind.trim().to_owned();
    Ok(app
        .store
        .set_due_time(kind, priority, minutes, app.stamp(actor))
        .await?)
}

/// Takes a person into a pool, or out of it.
pub async fn set_pool_member(
    app: &App,
    pool: &str,
    user: UserId,
    is_member: bool,
    actor: &Actor,
) -> Result<(), WorkflowError> {
    pool_name(pool)?;
    Ok(app
        .store
        .set_pool_member(pool.to_owned(), user, is_member, app.stamp(actor))
        .await?)
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

/// The queue of transcriptions in its order: what runs, what waits, what was given up.
pub async fn queue(app: &App) -> Result<Vec<Queued>, WorkflowError> {
    Ok(app.store.queue().await?)
}

fn pool_name(pool: &str) -> Result<(), WorkflowError> {
    if pool.trim().is_empty() || pool.trim() != pool || pool.chars().count() > 64 {
        return Err(WorkflowError::Invalid(
            "a pool has a name of 1 to 64 characters".into(),
        ));
    }
    Ok(())
}
