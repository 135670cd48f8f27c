//! Ready texts. A version is added once, revoked at most once, and stays.

use crate::domain::audit::{Action, Stamp};
use crate::domain::layer::{Layer, LayerKind};
use crate::domain::template::{Template, key};
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError};
use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// A version of a ready text as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Its number.
    pub seq: i64,
    /// Whose it is: the site's or a physician's.
    pub layer: Layer,
    /// What it says.
    pub template: Template,
    /// Who added it, and when.
    pub added: (String, Timestamp),
    /// Who took it back or changed it, and when, if anybody did.
    pub revoked: Option<(String, Timestamp)>,
}

/// A version to be added.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    /// Whose: the site's or a physician's.
    pub layer: Layer,
    /// What it says.
    pub template: Template,
    /// The version that it takes the place of.
    pub replaces: Option<i64>,
    /// Makes it once however often it is asked for.
    pub once: Option<Once>,
}

fn row(r: &Row<'_>) -> rusqlite::Result<StoredTemplate> {
    let damaged = || FromSqlError::InvalidType;
    let (kind, owner): (LayerKind, String) = (r.get("layer")?, r.get("owner")?);
    let spoken: String = r.get("spoken")?;
    let spoken: Vec<String> = serde_json::from_str(&spoken).map_err(|_| damaged())?;
    let (name, body): (String, String) = (r.get("name")?, r.get("body")?);
    let revoked_by: Option<String> = r.get("revoked_by")?;
    let revoked_at: Option<At> = r.get("revoked_at")?;
    Ok(StoredTemplate {
        seq: r.get("seq")?,
        layer: Layer::stored(kind, &owner).ok_or_else(damaged)?,
        template: Template::new(&name, &spoken, &body, r.get("kind")?).map_err(|_| damaged())?,
        added: (r.get("added_by")?, r.get::<_, At>("added_at")?.0),
        revoked: revoked_by.zip(revoked_at.map(|at| at.0)),
    })
}

fn in_force(conn: &Connection, layer: &Layer) -> Result<Vec<StoredTemplate>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT * FROM templates WHERE layer = ?1 AND owner = ?2 AND revoked_at IS NULL ORDER BY key",
    )?;
    let rows = statement.query_map((layer.kind(), layer.owner()), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn by_seq(conn: &Connection, seq: i64) -> Result<StoredTemplate, Fault> {
    conn.prepare_cached("SELECT * FROM templates WHERE seq = ?1")?
        .query_row([seq], row)
        .optional()?
        .ok_or_else(|| {
            StoreError::NotFound(format!(
                "there is no ready text {seq}; `osler template list` prints all with their numbers"
            ))
            .into()
        })
}

fn revoke(conn: &Connection, seq: i64, stamp: &Stamp) -> Result<StoredTemplate, Fault> {
    let stored = by_seq(conn, seq)?;
    if stored.revoked.is_some() {
        return Err(StoreError::Conflict(
            "this version of the ready text was changed or taken back before; read the list again"
                .into(),
        )
        .into());
    }
    conn.prepare_cached("UPDATE templates SET revoked_by = ?2, revoked_at = ?3 WHERE seq = ?1")?
        .execute((seq, &stamp.actor.name, At(stamp.at)))?;
    record(conn, Action::TemplateRevoked, seq, &stored.layer, stamp)?;
    Ok(stored)
}

fn add(conn: &Connection, new: &NewTemplate, stamp: &Stamp) -> Result<i64, Fault> {
    let layer = &new.layer;
    if let Some(seq) = new.replaces {
        let before = revoke(conn, seq, stamp)?;
        if before.layer != *layer {
            return Err(StoreError::Conflict(
                "a ready text stays with whom it belongs to; add another one there".into(),
            )
            .into());
        }
    }
    let keys: Vec<String> = new.template.keys().collect();
    for there in in_force(conn, layer)? {
        if let Some(taken) = there.template.keys().find(|k| keys.contains(k)) {
            return Err(StoreError::Conflict(format!(
                "the ready text \"{}\" is called \"{taken}\" already; change that one, or choose another name",
                there.template.name()
            ))
            .into());
        }
    }
    conn.prepare_cached(
        "INSERT INTO templates (layer, owner, name, key, spoken, body, kind, added_by, added_at)
         VALUES (:layer, :owner, :name, :key, :spoken, :body, :kind, :by, :at)",
    )?
    .execute(named_params! {
        ":layer": layer.kind(),
        ":owner": layer.owner(),
        ":name": new.template.name(),
        ":key": key(new.template.name()),
        ":spoken": serde_json::to_string(new.template.spoken())?,
        ":body": new.template.body(),
        ":kind": new.template.kind(),
        ":by": stamp.actor.name,
        ":at": At(stamp.at),
    })?;
    let seq = conn.last_insert_rowid();
    record(conn, Action::TemplateAdded, seq, layer, stamp)?;
    Ok(seq)
}

/// The audit row of a change; the rows of the texts say the rest.
fn record(
    conn: &Connection,
    action: Action,
    seq: i64,
    layer: &Layer,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("template", seq.to_string()),
            patient_id: None,
            details: serde_json::json!({"layer": layer.kind().as_str(), "owner": layer.owner()}),
            stamp,
        },
    )
}

impl Store {
    /// Adds a version of a ready text and takes back the one whose place it takes, both or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another text has one of the names, or the version was taken back before.
    pub async fn add_template(
        &self,
        new: NewTemplate,
        stamp: Stamp,
    ) -> Result<StoredTemplate, StoreError> {
        self.write(move |conn| {
            let make = || add(conn, &new, &stamp);
            let seq = once(conn, new.once.as_ref(), "template", &stamp, make)?;
            by_seq(conn, seq)
        })
        .await
    }

    /// Takes a ready text back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] where that was done before.
    pub async fn revoke_template(&self, seq: i64, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| revoke(conn, seq, &stamp).map(|_| ()))
            .await
    }

    /// One version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn template(&self, seq: i64) -> Result<StoredTemplate, StoreError> {
        self.read(move |conn| by_seq(conn, seq)).await
    }

    /// The ready texts in force in these layers, layer after layer, by name.
    pub async fn templates_in_force(
        &self,
        layers: Vec<Layer>,
    ) -> Result<Vec<StoredTemplate>, StoreError> {
        self.read(move |conn| {
            let mut found = Vec::new();
            for layer in &layers {
                found.append(&mut in_force(conn, layer)?);
            }
            Ok(found)
        })
        .await
    }

    /// Every version in the order in which they came, those that were taken back too.
    pub async fn templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT * FROM templates ORDER BY seq")?;
            let rows = statement.query_map([], row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
