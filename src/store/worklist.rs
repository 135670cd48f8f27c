//! The worklist: what waits, for whom, until when; who is next; and how long it took.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, PatientId, ReportId, UserId};
use crate::domain::patient::Patient;
use crate::domain::role::Role;
use crate::domain::transition::{By, Place, Step, is_over};
use crate::domain::user::User;
use crate::domain::worklist::{Assignment, Figures, LOCK_S, Mark, Orders, Priority, Tray, figures};
use crate::domain::{dictation::Phase, dictation::State};
use crate::store::audit::{self, Entry};
use crate::store::dictations::{by_id, due_at};
use crate::store::sql::At;
use crate::store::steps::{TakeStep, take};
use crate::store::{Fault, Store, StoreError, patients, settings, users};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// Which waiting dictations are meant; everything is optional, and what is named has to be true of each.
#[derive(Debug, Clone, Default)]
pub struct WorkFilter {
    /// In this tray; of what is filed, what was filed since then.
    pub tray: Option<(Tray, Timestamp)>,
    /// In this phase.
    pub phase: Option<Phase>,
    /// In this state.
    pub state: Option<State>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// Of this document type.
    pub kind: Option<String>,
    /// Dictated by this physician.
    pub author_id: Option<UserId>,
    /// In this patient's record.
    pub patient_id: Option<PatientId>,
    /// Assigned to this person, pool, or to nobody.
    pub assigned: Option<Assignment>,
    /// Due before this time.
    pub due_before: Option<Timestamp>,
    /// Behind this one.
    pub after: Option<Cursor>,
    /// How many at most; all where it is left out.
    pub most: Option<u32>,
}

/// The place of a dictation in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// How urgent.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Timestamp,
    /// Which of those that are due at once.
    pub row: i64,
}

/// A line of the worklist.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The dictation.
    pub dictation_id: DictationId,
    /// Where it stands.
    pub place: Place,
    /// How it is to be worked on.
    pub orders: Orders,
    /// Document type.
    pub kind: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// Its place in the list.
    pub cursor: Cursor,
    /// Whose.
    pub patient: Patient,
    /// Who dictated.
    pub author: User,
    /// To whom it is assigned.
    pub assigned: Assignment,
    /// The login name, where it is a person.
    pub assigned_to: Option<String>,
    /// Who edits it, and until when that holds unless it is renewed.
    pub lock: Option<(User, Timestamp)>,
    /// Seconds, once it was heard.
    pub length_s: Option<f64>,
    /// Findings that somebody still has to look at.
    pub flags: u32,
    /// Its report and the report's newest version, once it is drafted.
    pub report: Option<(ReportId, u32)>,
    /// Addenda that wait for a signature.
    pub open_addenda: u32,
    /// The newest words given for a step: the question, the reason.
    pub note: Option<String>,
}

impl Item {
    /// The pool that it is assigned to.
    pub fn pool(&self) -> Option<String> {
        match &self.assigned {
            Assignment::Pool(pool) => Some(pool.clone()),
            Assignment::Nobody | Assignment::Person(_) => None,
        }
    }
}

/// How many dictations wait in one place with one priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Where.
    pub place: Place,
    /// How urgent.
    pub priority: Priority,
    /// How many.
    pub waiting: u32,
    /// How many of them are overdue.
    pub overdue: u32,
}

/// What turnaround is asked for.
#[derive(Debug, Clone)]
pub struct Turnaround {
    /// The clock starts here, the first time a dictation gets there.
    pub start: Mark,
    /// And stops here, the first time after the start.
    pub stop: Mark,
    /// Of dictations that started at or after this time.
    pub from: Timestamp,
    /// And before this.
    pub until: Timestamp,
    /// Only of this document type.
    pub kind: Option<String>,
    /// Only of this priority.
    pub priority: Option<Priority>,
}

/// What waits: everything that is not over, and what is filed but for an addendum that is not signed yet. Both are found in
/// indexes that hold nothing else.
const WAITING: &str = "d.id IN (
        SELECT id FROM dictations WHERE state NOT IN ('done', 'deleted')
        UNION
        SELECT dictation_id FROM reports INDEXED BY addenda_waiting WHERE parent_id IS NOT NULL AND status = 'draft')";

/// What was filed since then. The plus sign keeps the index of phases out of it: nearly everything is filed.
const FILED: &str = "+d.phase = 'filed' AND d.id IN (
        SELECT dictation_id FROM reports WHERE parent_id IS NULL AND filed_at >= :since)";

const WANTED: &str = "d.state <> 'deleted'
    AND (:tray IS NULL OR :since IS NULL OR :tray = 'filed'
      OR :tray = CASE
        WHEN d.state = 'rejected' THEN 'rejected'
        WHEN d.state = 'returned' THEN 'questions'
        WHEN d.phase = 'recorded' THEN 'under_way'
        WHEN d.phase IN ('transcribed', 'in_correction') THEN 'to_correct'
        ELSE 'to_sign' END)
    AND (:phase IS NULL OR d.phase = :phase)
    AND (:state IS NULL OR d.state = :state)
    AND (:priority IS NULL OR d.priority = :priority)
    AND (:kind IS NULL OR d.kind = :kind)
    AND (:author IS NULL OR d.author_id = :author)
    AND (:patient IS NULL OR d.patient_id = :patient)
    AND (:person IS NULL OR d.assigned_to = :person)
    AND (:pool IS NULL OR d.pool = :pool)
    AND (NOT :nobody OR (d.assigned_to IS NULL AND d.pool IS NULL))
    AND (:due_before IS NULL OR d.due_at < :due_before)";

const COLUMNS: &str =
    "p.*, d.id AS dictation_id, d.rowid AS row, d.phase AS phase, d.state AS state, d.priority AS priority, d.route AS route,
    d.kind AS kind, d.due_at AS due_at, d.created_at AS received_at,
    d.author_id AS author_id, a.username AS author_username, a.name AS author_name, a.role AS author_role,
    d.assigned_to AS assigned_to, g.username AS assigned_username, d.pool AS pool, d.lock_by AS lock_by,
    l.username AS lock_username, l.name AS lock_name, l.role AS lock_role, d.lock_until AS lock_until,
    d.length_s AS length_s, d.flags AS flags, o.id AS report_id,
    (SELECT max(v.version) FROM report_versions v WHERE v.report_id = o.id) AS version,
    (SELECT count(*) FROM reports r
      WHERE r.dictation_id = d.id AND r.parent_id IS NOT NULL AND r.status = 'draft') AS addenda,
    (SELECT s.note FROM steps s
      WHERE s.dictation_id = d.id AND s.note IS NOT NULL ORDER BY s.seq DESC LIMIT 1) AS note";

const TABLES: &str =
    "dictations d JOIN patients p ON p.id = d.patient_id JOIN users a ON a.id = d.author_id
    LEFT JOIN users l ON l.id = d.lock_by LEFT JOIN users g ON g.id = d.assigned_to
    LEFT JOIN reports o ON o.dictation_id = d.id AND o.parent_id IS NULL";

fn item(r: &Row<'_>) -> rusqlite::Result<Item> {
    let assigned = match (r.get("assigned_to")?, r.get("pool")?) {
        (Some(person), _) => Assignment::Person(person),
        (None, Some(pool)) => Assignment::Pool(pool),
        (None, None) => Assignment::Nobody,
    };
    let person = |who: &str| -> rusqlite::Result<Option<User>> {
        let key = if who == "lock" {
            "lock_by"
        } else {
            "author_id"
        };
        let Some(id) = r.get::<_, Option<UserId>>(key)? else {
            return Ok(None);
        };
        Ok(Some(User {
            id,
            username: r.get(format!("{who}_username").as_str())?,
            name: r.get(format!("{who}_name").as_str())?,
            role: r.get(format!("{who}_role").as_str())?,
        }))
    };
    let until = r.get::<_, Option<At>>("lock_until")?.map(|at| at.0);
    let orders = Orders {
        priority: r.get("priority")?,
        route: r.get("route")?,
    };
    let due_at = r.get::<_, At>("due_at")?.0;
    Ok(Item {
        dictation_id: r.get("dictation_id")?,
        place: (r.get("phase")?, r.get("state")?),
        orders,
        kind: r.get("kind")?,
        due_at,
        created_at: r.get::<_, At>("received_at")?.0,
        cursor: Cursor {
            priority: orders.priority,
            due_at,
            row: r.get("row")?,
        },
        patient: patients::row(r)?,
        author: person("author")?.ok_or(rusqlite::Error::QueryReturnedNoRows)?,
        assigned,
        assigned_to: r.get("assigned_username")?,
        lock: person("lock")?.zip(until),
        length_s: r.get("length_s")?,
        flags: r.get("flags")?,
        report: r
            .get::<_, Option<ReportId>>("report_id")?
            .zip(r.get::<_, Option<u32>>("version")?),
        open_addenda: r.get("addenda")?,
        note: r.get("note")?,
    })
}

fn one(conn: &Connection, id: DictationId) -> Result<Item, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE d.id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], item)?)
}

/// Person, pool, and whether nobody is meant.
fn assigned(to: Option<&Assignment>) -> (Option<UserId>, Option<&str>, bool) {
    match to {
        None => (None, None, false),
        Some(Assignment::Nobody) => (None, None, true),
        Some(Assignment::Person(id)) => (Some(*id), None, false),
        Some(Assignment::Pool(pool)) => (None, Some(pool.as_str()), false),
    }
}

fn list(conn: &Connection, filter: &WorkFilter) -> Result<Vec<Item>, Fault> {
    let source = source(filter);
    // First which, then everything about those: what is not shown is not read.
    let sql = format!(
        "SELECT {COLUMNS} FROM (
            SELECT d.rowid AS place FROM dictations d WHERE {source} AND {WANTED}
              AND (:after IS NULL OR (d.priority, d.due_at, d.rowid) > (:after, :after_due, :after_row))
            ORDER BY d.priority, d.due_at, d.rowid LIMIT :most
         ) w JOIN {TABLES} WHERE d.rowid = w.place ORDER BY d.priority, d.due_at, d.rowid"
    );
    let (person, pool, nobody) = assigned(filter.assigned.as_ref());
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":phase": filter.phase,
            ":state": filter.state,
            ":priority": filter.priority,
            ":kind": filter.kind,
            ":author": filter.author_id,
            ":patient": filter.patient_id,
            ":person": person,
            ":pool": pool,
            ":nobody": nobody,
            ":due_before": filter.due_before.map(At),
            ":tray": filter.tray.map(|(tray, _)| tray.as_str()),
            ":since": filter.tray.map(|(_, since)| At(since)),
            ":after": filter.after.map(|a| a.priority),
            ":after_due": filter.after.map(|a| At(a.due_at)),
            ":after_row": filter.after.map(|a| a.row),
            ":most": filter.most.map_or(-1, i64::from),
        },
        item,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where the list is read from.
fn source(filter: &WorkFilter) -> &'static str {
    match filter.tray {
        Some((Tray::Filed, _)) => FILED,
        _ => WAITING,
    }
}

fn counts(conn: &Connection, filter: &WorkFilter, now: Timestamp) -> Result<Vec<Count>, Fault> {
    let source = source(filter);
    let sql = format!(
        "SELECT d.phase AS phase, d.state AS state, d.priority AS priority, count(*) AS waiting,
                sum(d.due_at < :now) AS overdue
         FROM dictations d WHERE {source} AND {WANTED}
         GROUP BY d.phase, d.state, d.priority ORDER BY d.priority, d.phase, d.state"
    );
    let (person, pool, nobody) = assigned(filter.assigned.as_ref());
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":phase": filter.phase,
            ":state": filter.state,
            ":priority": filter.priority,
            ":kind": filter.kind,
            ":author": filter.author_id,
            ":patient": filter.patient_id,
            ":person": person,
            ":pool": pool,
            ":nobody": nobody,
            ":due_before": filter.due_before.map(At),
            ":now": At(now),
            ":tray": filter.tray.map(|(tray, _)| tray.as_str()),
            ":since": filter.tray.map(|(_, since)| At(since)),
        },
        |r| {
            Ok(Count {
                place: (r.get("phase")?, r.get("state")?),
                priority: r.get("priority")?,
                waiting: r.get("waiting")?,
                overdue: r.get("overdue")?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Free for a secretary to take: theirs, their pools', or nobody's; and locked by nobody, or by somebody who is gone.
const FREE: &str = "SELECT d.id FROM dictations d
    WHERE d.state NOT IN ('done', 'deleted')
      AND ((d.phase = 'transcribed' AND d.state = 'pending')
        OR (d.phase = 'in_correction' AND d.state = 'pending')
        OR (d.phase = 'in_correction' AND d.state = 'suspended' AND d.assigned_to = :me)
        OR (d.phase = 'in_correction' AND d.state = 'in_progress' AND d.lock_by <> :me
            AND (d.lock_until <= :now OR d.lock_until > :longest)))
      AND (d.assigned_to = :me
        OR (d.assigned_to IS NULL
            AND (d.pool IS NULL OR d.pool IN (SELECT pool FROM pool_members WHERE user_id = :me))))
    ORDER BY d.priority, d.due_at, d.rowid LIMIT 1";

/// Waiting for its author, who has far more that is done.
const OWN: &str = "SELECT d.id FROM dictations d
    WHERE +d.author_id = :me
      AND d.id IN (
        SELECT id FROM dictations WHERE state NOT IN ('done', 'deleted')
        UNION
        SELECT dictation_id FROM reports INDEXED BY addenda_waiting WHERE parent_id IS NOT NULL AND status = 'draft')
      AND (d.phase IN ('awaiting_signature', 'signed', 'filed') OR d.state IN ('returned', 'rejected'))
      AND d.state <> 'deleted'
    ORDER BY d.priority, d.due_at, d.rowid LIMIT 1";

fn next(conn: &Connection, by: &By, stamp: &Stamp) -> Result<Option<Item>, Fault> {
    let By::Person(user) = by else {
        return Ok(None);
    };
    if user.role != Role::Secretary {
        let id: Option<DictationId> = conn
            .prepare_cached(OWN)?
            .query_row(named_params! {":me": user.id}, |r| r.get(0))
            .optional()?;
        return id.map(|id| one(conn, id)).transpose();
    }
    // A lock that ends later than any that could begin now was given before the clock was set back.
    let longest = stamp.at + SignedDuration::from_secs(LOCK_S);
    let id: Option<DictationId> = conn
        .prepare_cached(FREE)?
        .query_row(
            named_params! {":me": user.id, ":now": At(stamp.at), ":longest": At(longest)},
            |r| r.get(0),
        )
        .optional()?;
    let Some(id) = id else {
        return Ok(None);
    };
    let dictation = by_id(conn, id)?;
    let request = TakeStep {
        dictation_id: id,
        step: match (dictation.phase, dictation.state) {
            (Phase::InCorrection, State::InProgress) => Step::TakeOver,
            _ => Step::Open,
        },
        by: by.clone(),
        note: None,
    };
    take(conn, &request, stamp)?;
    one(conn, id).map(Some)
}

fn audited(
    conn: &Connection,
    action: Action,
    id: DictationId,
    details: serde_json::Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("dictation", id.to_string()),
            patient_id: Some(by_id(conn, id)?.patient_id),
            details,
            stamp,
        },
    )
}

fn turnaround(conn: &Connection, of: &Turnaround) -> Result<Figures, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT s.at AS started, d.due_at AS due_at, d.state AS state,
                (SELECT e.at FROM steps e WHERE e.dictation_id = d.id AND e.seq > s.seq
                   AND e.step IN (:stop, :or_stop) ORDER BY e.seq LIMIT 1) AS stopped
         FROM steps s JOIN dictations d ON d.id = s.dictation_id
         WHERE s.step IN (:start, :or_start) AND s.at >= :from AND s.at < :until
           AND s.seq = (SELECT min(f.seq) FROM steps f
                        WHERE f.dictation_id = d.id AND f.step IN (:start, :or_start))
           AND (:kind IS NULL OR d.kind = :kind) AND (:priority IS NULL OR d.priority = :priority)",
    )?;
    let (start, or_start) = of.start.steps();
    let (stop, or_stop) = of.stop.steps();
    let rows = statement
        .query_map(
            named_params! {
                ":start": start,
                ":or_start": or_start,
                ":stop": stop,
                ":or_stop": or_stop,
                ":from": At(of.from),
                ":until": At(of.until),
                ":kind": of.kind,
                ":priority": of.priority,
            },
            |r| {
                Ok((
                    r.get::<_, At>("started")?.0,
                    r.get::<_, Option<At>>("stopped")?.map(|at| at.0),
                    r.get::<_, At>("due_at")?.0,
                    r.get::<_, State>("state")?,
                ))
            },
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let mut finished = Vec::new();
    let mut open = 0;
    for (started, stopped, due, state) in rows {
        match stopped {
            Some(stopped) => {
                finished.push((stopped.duration_since(started).as_secs(), stopped > due));
            }
            None if state == State::Deleted => {}
            None => open += 1,
        }
    }
    Ok(figures(&finished, open))
}

fn passed(conn: &Connection, mark: Mark, since: Timestamp) -> Result<Vec<Timestamp>, Fault> {
    let (step, or_step) = mark.steps();
    let mut statement = conn
        .prepare_cached("SELECT at FROM steps WHERE step IN (?1, ?2) AND at >= ?3 ORDER BY seq")?;
    let times = statement
        .query_map((step, or_step, At(since)), |r| Ok(r.get::<_, At>("at")?.0))?
        .collect::<Result<_, _>>()?;
    Ok(times)
}

impl Store {
    /// What waits, the most urgent first, then what is due first.
    pub async fn worklist(&self, filter: WorkFilter) -> Result<Vec<Item>, StoreError> {
        self.read(move |conn| list(conn, &filter)).await
    }

    /// One dictation as the list shows it; [`StoreError::NotFound`] where there is none.
    pub async fn item(&self, id: DictationId) -> Result<Item, StoreError> {
        self.read(move |conn| {
            by_id(conn, id)?;
            one(conn, id)
        })
        .await
    }

    /// All dictations of a patient, the newest first; what was deleted before it was signed is left out.
    pub async fn items_of(&self, patient: PatientId) -> Result<Vec<Item>, StoreError> {
        self.read(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM {TABLES}
                 WHERE d.patient_id = ?1 AND (d.state <> 'deleted' OR d.phase IN ('signed', 'filed'))
                 ORDER BY d.created_at DESC, d.rowid DESC"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map([patient], item)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How much waits, by place and priority. `after` and `most` of the filter do not count.
    pub async fn worklist_counts(
        &self,
        filter: WorkFilter,
        now: Timestamp,
    ) -> Result<Vec<Count>, StoreError> {
        self.read(move |conn| counts(conn, &filter, now)).await
    }

    /// What this person does next, if anything waits for them. A secretary has the lock on it with that: of two who ask
    /// at once each gets another.
    pub async fn next_item(&self, by: By, stamp: Stamp) -> Result<Option<Item>, StoreError> {
        self.write(move |conn| next(conn, &by, &stamp)).await
    }

    /// Assigns a waiting dictation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is over; [`StoreError::NotFound`] for a pool that has no member.
    pub async fn assign(
        &self,
        id: DictationId,
        to: Assignment,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let (person, pool, _) = assigned(Some(&to));
            if let Some(person) = person {
                users::by_id(conn, person)?;
            }
            if let Some(pool) = pool {
                settings::pool_exists(conn, pool)?;
            }
            waits(conn, id)?;
            conn.execute(
                "UPDATE dictations SET assigned_to = ?2, pool = ?3 WHERE id = ?1",
                (id, person, pool),
            )?;
            let details = serde_json::json!({"person": person, "pool": pool});
            audited(conn, Action::DictationAssigned, id, details, &stamp)
        })
        .await
    }

    /// Gives a waiting dictation another priority, and the due time that goes with it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is over.
    pub async fn set_priority(
        &self,
        id: DictationId,
        priority: Priority,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            waits(conn, id)?;
            let (kind, created_at): (String, At) = conn
                .prepare_cached("SELECT kind, created_at FROM dictations WHERE id = ?1")?
                .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
            let due = due_at(conn, &kind, priority, created_at.0)?;
            conn.execute(
                "UPDATE dictations SET priority = ?2, due_at = ?3 WHERE id = ?1",
                (id, priority, At(due)),
            )?;
            let details = serde_json::json!({"priority": priority.as_str()});
            audited(conn, Action::DictationPrioritised, id, details, &stamp)
        })
        .await
    }

    /// How long dictations took from one mark to another.
    pub async fn turnaround(&self, of: Turnaround) -> Result<Figures, StoreError> {
        self.read(move |conn| turnaround(conn, &of)).await
    }

    /// When dictations passed a mark, since a time.
    pub async fn passed(&self, mark: Mark, since: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        self.read(move |conn| passed(conn, mark, since)).await
    }
}

/// A conflict where nothing waits any more.
fn waits(conn: &Connection, id: DictationId) -> Result<(), Fault> {
    let dictation = by_id(conn, id)?;
    if is_over((dictation.phase, dictation.state)) {
        return Err(StoreError::Conflict(format!(
            "dictation {id} is {} already",
            dictation.state.as_str()
        ))
        .into());
    }
    Ok(())
}
