//! The layers over the dictionary's base set. An entry is added once, revoked at most once, and stays.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::UserId;
use crate::domain::layer::{Layer, LayerKind, LocalEntry, LocalKind, Origin};
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// An entry of a layer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLocal {
    /// Its number.
    pub seq: i64,
    /// Number of the change it came with; the lines of a list came with one.
    pub change: i64,
    /// Where it belongs.
    pub layer: Layer,
    /// What it says.
    pub entry: LocalEntry,
    /// Where it came from.
    pub origin: Origin,
    /// Who added it, and when.
    pub added: (String, Timestamp),
    /// Who took it back, and when, if anybody did.
    pub revoked: Option<(String, Timestamp)>,
}

/// What became of entries that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedLocal {
    /// Number of the change; `None` where all of them were there.
    pub change: Option<i64>,
    /// How many are new.
    pub added: usize,
}

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeLocal {
    /// These entries.
    Entries(Vec<i64>),
    /// Everything that came with a change and is still in force.
    Change(i64),
    /// Everything of a layer that is in force.
    Layer(Layer),
}

/// How many entries of a kind a layer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerCount {
    /// The layer.
    pub layer: Layer,
    /// The kind.
    pub kind: LocalKind,
    /// Entries in force.
    pub in_force: u64,
    /// Entries that were taken back.
    pub revoked: u64,
}

fn layer(r: &Row<'_>) -> rusqlite::Result<Layer> {
    let (kind, owner): (LayerKind, String) = (r.get("layer")?, r.get("owner")?);
    Ok(Layer::stored(kind, &owner).ok_or(FromSqlError::InvalidType)?)
}

fn row(r: &Row<'_>) -> rusqlite::Result<StoredLocal> {
    let revoked_by: Option<String> = r.get("revoked_by")?;
    let revoked_at: Option<At> = r.get("revoked_at")?;
    Ok(StoredLocal {
        seq: r.get("seq")?,
        change: r.get("change")?,
        layer: layer(r)?,
        entry: LocalEntry {
            kind: r.get("kind")?,
            key: r.get("key")?,
            written: r.get("written")?,
            spoken: r.get("spoken")?,
            category: r.get("category")?,
        },
        origin: r.get("origin")?,
        added: (r.get("added_by")?, r.get::<_, At>("added_at")?.0),
        revoked: revoked_by.zip(revoked_at.map(|at| at.0)),
    })
}

pub(super) fn add(
    conn: &Connection,
    layer: &Layer,
    origin: Origin,
    entries: &[LocalEntry],
    stamp: &Stamp,
) -> Result<AddedLocal, Fault> {
    let change: i64 = conn.query_row(
        "SELECT 1 + coalesce(max(change), 0) FROM dictionary_entries",
        [],
        |r| r.get(0),
    )?;
    let owner = layer.owner();
    let mut there = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM dictionary_entries
                        WHERE layer = ?1 AND owner = ?2 AND (kind = 'replacement') = ?3 AND key = ?4
                          AND revoked_at IS NULL)",
    )?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO dictionary_entries
             (change, layer, owner, kind, key, written, spoken, category, origin, added_by, added_at)
         VALUES (:change, :layer, :owner, :kind, :key, :written, :spoken, :category, :origin, :by, :at)",
    )?;
    let mut added = 0;
    for entry in entries {
        let replaces = entry.kind == LocalKind::Replacement;
        let known: bool =
            there.query_row((layer.kind(), &owner, replaces, &entry.key), |r| r.get(0))?;
        if known {
            continue;
        }
        insert.execute(named_params! {
            ":change": change,
            ":layer": layer.kind(),
            ":owner": owner,
            ":kind": entry.kind,
            ":key": entry.key,
            ":written": entry.written,
            ":spoken": entry.spoken,
            ":category": entry.category,
            ":origin": origin,
            ":by": stamp.actor.name,
            ":at": At(stamp.at),
        })?;
        added += 1;
    }
    if added == 0 {
        return Ok(AddedLocal {
            change: None,
            added,
        });
    }
    record(conn, Action::DictionaryAdded, layer, change, added, stamp)?;
    Ok(AddedLocal {
        change: Some(change),
        added,
    })
}

/// The audit row of a change. The entries themselves say the rest: who added or took back which, and when.
fn record(
    conn: &Connection,
    action: Action,
    layer: &Layer,
    change: i64,
    entries: usize,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("dictionary_change", change.to_string()),
            patient_id: layer.patient(),
            details: serde_json::json!({
                "layer": layer.kind().as_str(),
                "owner": layer.owner(),
                "entries": entries,
            }),
            stamp,
        },
    )
}

/// An entry that is to be taken back.
struct Target {
    seq: i64,
    change: i64,
    layer: Layer,
    in_force: bool,
}

fn target(r: &Row<'_>) -> rusqlite::Result<Target> {
    Ok(Target {
        seq: r.get("seq")?,
        change: r.get("change")?,
        layer: layer(r)?,
        in_force: r.get::<_, Option<At>>("revoked_at")?.is_none(),
    })
}

/// The entries that are meant, of which one at least must be in force, and all that are named.
fn targets(conn: &Connection, which: &RevokeLocal) -> Result<Vec<Target>, Fault> {
    let found: Vec<Target> = match which {
        RevokeLocal::Entries(numbers) => {
            let mut numbers = numbers.clone();
            numbers.sort_unstable();
            numbers.dedup();
            let mut statement =
                conn.prepare_cached("SELECT * FROM dictionary_entries WHERE seq = ?1")?;
            let mut found = Vec::with_capacity(numbers.len());
            for seq in numbers {
                let target = statement.query_row([seq], target).optional()?;
                let target = target.ok_or_else(|| {
                    StoreError::NotFound(format!(
                        "there is no entry {seq}; `osler dictionary list` prints all with their numbers"
                    ))
                })?;
                if !target.in_force {
                    return Err(StoreError::Conflict(format!(
                        "entry {seq} was taken back before; nothing was changed"
                    ))
                    .into());
                }
                found.push(target);
            }
            found
        }
        RevokeLocal::Change(change) => conn
            .prepare_cached("SELECT * FROM dictionary_entries WHERE change = ?1 ORDER BY seq")?
            .query_map([change], target)?
            .collect::<Result<_, _>>()?,
        RevokeLocal::Layer(layer) => conn
            .prepare_cached(
                "SELECT * FROM dictionary_entries WHERE layer = ?1 AND owner = ?2 ORDER BY seq",
            )?
            .query_map((layer.kind(), layer.owner()), target)?
            .collect::<Result<_, _>>()?,
    };
    if found.is_empty() {
        return Err(StoreError::NotFound(
            "nothing is there to take back; `osler dictionary list` prints what there is".into(),
        )
        .into());
    }
    let in_force: Vec<Target> = found.into_iter().filter(|t| t.in_force).collect();
    if in_force.is_empty() {
        return Err(StoreError::Conflict("all of it was taken back before".into()).into());
    }
    Ok(in_force)
}

fn revoke(conn: &Connection, which: &RevokeLocal, stamp: &Stamp) -> Result<usize, Fault> {
    let mut targets = targets(conn, which)?;
    let mut statement = conn.prepare_cached(
        "UPDATE dictionary_entries SET revoked_by = ?2, revoked_at = ?3 WHERE seq = ?1",
    )?;
    for target in &targets {
        statement.execute((target.seq, &stamp.actor.name, At(stamp.at)))?;
    }
    // One audit row for what came together, so that a patient's is found by the patient.
    targets.sort_by_key(|t| (t.change, t.seq));
    for group in targets.chunk_by(|a, b| a.change == b.change) {
        if let Some(first) = group.first() {
            record(
                conn,
                Action::DictionaryRevoked,
                &first.layer,
                first.change,
                group.len(),
                stamp,
            )?;
        }
    }
    Ok(targets.len())
}

fn of(conn: &Connection, layer: &Layer) -> Result<Vec<StoredLocal>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT * FROM dictionary_entries
         WHERE layer = ?1 AND owner = ?2 AND revoked_at IS NULL ORDER BY seq",
    )?;
    let rows = statement.query_map((layer.kind(), layer.owner()), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// Adds entries to a layer as one change; what the layer has already is left as it is. With a key of a creation that
    /// was done before, what it made then.
    pub async fn add_local(
        &self,
        layer: Layer,
        origin: Origin,
        entries: Vec<LocalEntry>,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<AddedLocal, StoreError> {
        self.write(move |conn| {
            if key.is_none() {
                return add(conn, &layer, origin, &entries, &stamp);
            }
            let mut added = 0;
            let change = once(conn, key.as_ref(), "dictionary entry", &stamp, || {
                let made = add(conn, &layer, origin, &entries, &stamp)?;
                added = made.added;
                // What changed nothing is not kept under the key.
                made.change
                    .ok_or_else(|| StoreError::Conflict("the layer has it already".into()).into())
            })?;
            Ok(AddedLocal {
                change: Some(change),
                added,
            })
        })
        .await
    }

    /// Takes entries back, all or none, and says how many.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such entry, [`StoreError::Conflict`] where it was taken back before.
    pub async fn revoke_local(
        &self,
        which: RevokeLocal,
        stamp: Stamp,
    ) -> Result<usize, StoreError> {
        self.write(move |conn| revoke(conn, &which, &stamp)).await
    }

    /// What is in force in these layers, read at one moment: layer after layer, in the order in which entries came.
    pub async fn local_in_force(&self, layers: Vec<Layer>) -> Result<Vec<StoredLocal>, StoreError> {
        self.read(move |conn| {
            let mut found = Vec::new();
            for layer in &layers {
                found.append(&mut of(conn, layer)?);
            }
            Ok(found)
        })
        .await
    }

    /// Every entry in the order in which they came, those that were taken back too.
    pub async fn local_entries(&self) -> Result<Vec<StoredLocal>, StoreError> {
        self.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT * FROM dictionary_entries ORDER BY seq")?;
            let rows = statement.query_map([], row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How many entries each layer has, by kind.
    pub async fn local_counts(&self) -> Result<Vec<LayerCount>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT layer, owner, kind, count(*) - count(revoked_at) AS in_force, count(revoked_at) AS revoked
                 FROM dictionary_entries GROUP BY layer, owner, kind ORDER BY min(seq)",
            )?;
            let rows = statement.query_map([], |r| {
                Ok(LayerCount {
                    layer: layer(r)?,
                    kind: r.get("kind")?,
                    in_force: r.get::<_, i64>("in_force")?.max(0) as u64,
                    revoked: r.get::<_, i64>("revoked")?.max(0) as u64,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Says which specialty a user belongs to, or that it is none.
    pub async fn set_specialty(
        &self,
        user: UserId,
        specialty: Option<String>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let changed = conn.execute(
                "UPDATE users SET specialty = ?2 WHERE id = ?1",
                (user, &specialty),
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound("there is no such user".into()).into());
            }
            audit::record(
                conn,
                Entry {
                    action: Action::SpecialtySet,
                    subject: ("user", user.to_string()),
                    patient_id: None,
                    details: serde_json::json!({"specialty": specialty}),
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// The specialty that a user belongs to.
    pub async fn specialty_of(&self, user: UserId) -> Result<Option<String>, StoreError> {
        self.read(move |conn| {
            let found: Option<Option<String>> = conn
                .prepare_cached("SELECT specialty FROM users WHERE id = ?1")?
                .query_row([user], |r| r.get(0))
                .optional()?;
            Ok(found.flatten())
        })
        .await
    }
}
