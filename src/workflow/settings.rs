//! What an administrator sets for the worklist: by when documents are due, and who shares work.

use crate::app::App;
use crate::domain::policy::Action;
use crate::domain::role::Role;
use crate::domain::worklist::Priority;
use crate::text::document::TYPES;
use crate::workflow::WorkflowError;
use crate::workflow::hub::Event;
use crate::workflow::people::{Subject, Who, authorise, users};

pub use crate::store::{DueTimes, Pool};

/// What the due times of all types without their own are called.
pub const DEFAULT: &str = "default";

/// What a dictation is called whose type nobody has heard yet.
const UNHEARD: &str = "dictation";

/// The longest due time: a year.
const LONGEST: u32 = 365 * 24 * 60;

/// By when documents of a type are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The type, or [`DEFAULT`].
    pub kind: String,
    /// Its own times.
    pub own: DueTimes,
    /// Those in force.
    pub times: DueTimes,
}

/// By when each type of document is due, what holds for all others first.
///
/// # Errors
/// The policy's refusal.
pub async fn due_times(app: &App, who: &Who) -> Result<Vec<Due>, WorkflowError> {
    authorise(app, who, Action::ManageSettings, Subject::NONE).await?;
    all(app).await
}

/// The same for the command line, which whoever holds the key may ask.
pub async fn all(app: &App) -> Result<Vec<Due>, WorkflowError> {
    let set = app.store.due_times().await?;
    let default = set.get("").cloned().unwrap_or_default();
    let mut kinds = vec![DEFAULT.to_owned(), UNHEARD.to_owned()];
    kinds.extend(TYPES.map(|kind| kind.as_str().to_owned()));
    let others = set.keys().filter(|kind| !kind.is_empty());
    for kind in others {
        // A type that an earlier version of Osler knew.
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    let due = kinds.into_iter().map(|kind| {
        let own = set.get(stored(&kind)).cloned().unwrap_or_default();
        let mut times = default.clone();
        times.0.extend(&own.0);
        Due { kind, own, times }
    });
    Ok(due.collect())
}

fn stored(kind: &str) -> &str {
    if kind == DEFAULT { "" } else { kind }
}

/// Sets the times that a type has of its own; a priority without one has that of all types. What waits follows.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] for an unknown type, a time of nothing or of more than a year, and for
/// [`DEFAULT`] without all three.
pub async fn set_due_times(
    app: &App,
    who: &Who,
    kind: &str,
    times: DueTimes,
) -> Result<Due, WorkflowError> {
    authorise(app, who, Action::ManageSettings, Subject::NONE).await?;
    let known = all(app).await?;
    if !known.iter().any(|due| due.kind == kind) {
        let known: Vec<String> = known.into_iter().map(|due| due.kind).collect();
        return Err(WorkflowError::Invalid(format!(
            "{kind:?} is no document type; those are {}",
            known.join(", ")
        )));
    }
    if times.0.values().any(|n| !(1..=LONGEST).contains(n)) {
        return Err(WorkflowError::Invalid(format!(
            "a due time is 1 to {LONGEST} minutes"
        )));
    }
    let every = [Priority::Stat, Priority::Urgent, Priority::Routine];
    if kind == DEFAULT && !every.iter().all(|p| times.0.contains_key(p)) {
        return Err(WorkflowError::Invalid(
            "what holds for all types needs a time for each of stat, urgent and routine".into(),
        ));
    }
    let stamp = app.stamp(&who.actor());
    app.store
        .set_due_times(stored(kind).to_owned(), times, stamp)
        .await?;
    app.hub.tell(Event::Rearranged);
    let now = all(app).await?;
    now.into_iter()
        .find(|due| due.kind == kind)
        .ok_or_else(|| WorkflowError::Invalid(format!("{kind:?} is no document type")))
}

/// The pools, for whoever gives work to one.
///
/// # Errors
/// The policy's refusal.
pub async fn pools(app: &App, who: &Who) -> Result<Vec<Pool>, WorkflowError> {
    authorise(app, who, Action::ListUsers, Subject::NONE).await?;
    Ok(app.store.pools().await?)
}

/// The same for the command line.
pub async fn all_pools(app: &App) -> Result<Vec<Pool>, WorkflowError> {
    Ok(app.store.pools().await?)
}

/// Takes a secretary into a pool, which that makes where it is not there, or a person out of it.
///
/// # Errors
/// The policy's refusal; [`WorkflowError::Invalid`] for a name that is none and for somebody who is no secretary; what
/// [`crate::store::Store::set_pool_member`] says.
pub async fn set_pool_member(
    app: &App,
    who: &Who,
    pool: &str,
    username: &str,
    is_member: bool,
) -> Result<(), WorkflowError> {
    authorise(app, who, Action::ManageSettings, Subject::NONE).await?;
    pool_name(pool)?;
    let user = users::find(app, username).await?;
    if is_member && user.role != Role::Secretary {
        return Err(WorkflowError::Invalid(format!(
            "{username} is no secretary; a pool shares what secretaries correct"
        )));
    }
    let stamp = app.stamp(&who.actor());
    Ok(app
        .store
        .set_pool_member(pool.to_owned(), user.id, is_member, stamp)
        .await?)
}

/// An error where this cannot be the name of a pool.
pub(super) fn pool_name(pool: &str) -> Result<(), WorkflowError> {
    if pool.trim().is_empty() || pool.trim() != pool || pool.chars().count() > 64 {
        return Err(WorkflowError::Invalid(
            "a pool has a name of 1 to 64 characters".into(),
        ));
    }
    Ok(())
}
