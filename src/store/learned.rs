//! What signed reports teach, and what people said about making rules of it.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, ReportId, UserId};
use crate::domain::layer::{Layer, LocalEntry, Origin};
use crate::domain::patient::Mrn;
use crate::store::audit::{self, Entry};
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError, layers};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

/// A signed report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReport {
    /// The report.
    pub report_id: ReportId,
    /// What it was made from.
    pub dictation_id: DictationId,
    /// Who signed it.
    pub author_id: UserId,
    /// In whose record it is.
    pub mrn: Mrn,
}

/// Heard words that were written otherwise, in one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedPair {
    /// As heard, in the form in which words are compared.
    pub heard: String,
    /// As written, in that form.
    pub key: String,
    /// As written.
    pub written: String,
}

/// A correction that a physician's reports teach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Its number.
    pub id: i64,
    /// Whose reports.
    pub physician: UserId,
    /// What was heard and what was written.
    pub pair: LearnedPair,
    /// How many places.
    pub places: u32,
    /// In how many reports.
    pub reports: u32,
    /// What a person said last: whether it became a rule, who, when.
    pub decided: Option<(bool, String, Timestamp)>,
    /// Whether the rule is in the dictionary; it can be taken back there.
    pub in_force: bool,
}

/// What somebody says about making a rule of a correction.
#[derive(Debug, Clone)]
pub struct Decide {
    /// The correction.
    pub learned: Learned,
    /// The rule, where it is accepted.
    pub entry: Option<LocalEntry>,
    /// How many places of signed reports it would have made worse.
    pub worse: u32,
}

const SIGNED: &str = "r.parent_id IS NULL AND r.status IN ('signed', 'filed')
    AND NOT EXISTS (SELECT 1 FROM retractions x WHERE x.report_id = r.id)";

fn signed(r: &Row<'_>) -> rusqlite::Result<SignedReport> {
    Ok(SignedReport {
        report_id: r.get("id")?,
        dictation_id: r.get("dictation_id")?,
        author_id: r.get("author_id")?,
        mrn: r.get("mrn")?,
    })
}

fn learned(r: &Row<'_>) -> rusqlite::Result<Learned> {
    let decided = match r.get::<_, Option<bool>>("accepted")? {
        Some(accepted) => Some((accepted, r.get("made_by")?, r.get::<_, At>("made_at")?.0)),
        None => None,
    };
    Ok(Learned {
        id: r.get("id")?,
        physician: r.get("physician_id")?,
        pair: LearnedPair {
            heard: r.get("heard")?,
            key: r.get("key")?,
            written: r.get("written")?,
        },
        places: r.get("places")?,
        reports: r.get("reports")?,
        decided,
        in_force: r.get("in_force")?,
    })
}

fn all(conn: &Connection, least: u32) -> Result<Vec<Learned>, Fault> {
    // Of the ways in which it was written the one with the fewest capitals: small letters sort behind capitals.
    let mut statement = conn.prepare_cached(
        "SELECT g.*, d.accepted AS accepted, d.made_by AS made_by, d.made_at AS made_at,
                EXISTS (SELECT 1 FROM dictionary_entries e
                         WHERE e.change = d.change AND e.revoked_at IS NULL) AS in_force
         FROM (SELECT min(seq) AS id, physician_id, heard, key, max(written) AS written, count(*) AS places,
                      count(DISTINCT report_id) AS reports
               FROM learned_pairs GROUP BY physician_id, heard, key) g
         LEFT JOIN learned_decisions d ON d.seq = (
             SELECT max(seq) FROM learned_decisions x
              WHERE x.physician_id = g.physician_id AND x.heard = g.heard AND x.key = g.key)
         WHERE g.places >= ?1 ORDER BY g.places DESC, g.id",
    )?;
    let rows = statement.query_map([least], learned)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// Signed reports, their addenda and what was entered in error aside, of which nothing was learned yet.
    pub async fn unlearned(&self) -> Result<Vec<SignedReport>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT r.*, p.mrn AS mrn FROM reports r JOIN patients p ON p.id = r.patient_id
                 WHERE {SIGNED} AND NOT EXISTS (SELECT 1 FROM learned_reports l WHERE l.report_id = r.id)
                 ORDER BY r.created_at"
            ))?;
            let rows = statement.query_map([], signed)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The signed reports of a physician, those that were entered in error and addenda aside.
    pub async fn signed_by(&self, physician: UserId) -> Result<Vec<SignedReport>, StoreError> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT r.*, p.mrn AS mrn FROM reports r JOIN patients p ON p.id = r.patient_id
                 WHERE r.author_id = ?1 AND {SIGNED} ORDER BY r.created_at"
            ))?;
            let rows = statement.query_map([physician], signed)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps what a report teaches; once for each report, whoever comes second changes nothing.
    pub async fn learn(
        &self,
        report: SignedReport,
        pairs: Vec<LearnedPair>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| {
            let is_new = conn
                .prepare_cached(
                    "INSERT INTO learned_reports (report_id, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute((report.report_id, At(at)))?;
            if is_new == 0 {
                return Ok(());
            }
            let mut insert = conn.prepare_cached(
                "INSERT INTO learned_pairs (report_id, physician_id, heard, key, written)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for pair in &pairs {
                insert.execute((
                    report.report_id,
                    report.author_id,
                    &pair.heard,
                    &pair.key,
                    &pair.written,
                ))?;
            }
            Ok(())
        })
        .await
    }

    /// The corrections that were seen at this many places at least, the most frequent first.
    pub async fn learned(&self, least: u32) -> Result<Vec<Learned>, StoreError> {
        self.read(move |conn| all(conn, least)).await
    }

    /// Keeps what somebody said about a correction; where it is accepted, with the rule that it becomes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is a rule already, or the dictionary has another for the same words.
    pub async fn decide_learned(&self, decide: Decide, stamp: Stamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            let Decide {
                learned,
                entry,
                worse,
            } = &decide;
            let now: Option<Learned> = all(conn, 0)?.into_iter().find(|l| l.id == learned.id);
            if now.is_some_and(|l| l.in_force) {
                return Err(StoreError::Conflict(
                    "it is a rule already; take it back in the dictionary".into(),
                )
                .into());
            }
            let change = match entry {
                None => None,
                Some(entry) => {
                    let layer = Layer::Physician(learned.physician);
                    let entries = std::slice::from_ref(entry);
                    let added = layers::add(conn, &layer, Origin::Learned, entries, &stamp)?;
                    Some(added.change.ok_or_else(|| {
                        StoreError::Conflict(
                            "the physician's dictionary has another rule for these words; take that back first".into(),
                        )
                    })?)
                }
            };
            conn.prepare_cached(
                "INSERT INTO learned_decisions
                     (physician_id, heard, key, accepted, change, worse, made_by, made_at)
                 VALUES (:physician, :heard, :key, :accepted, :change, :worse, :by, :at)",
            )?
            .execute(named_params! {
                ":physician": learned.physician,
                ":heard": learned.pair.heard,
                ":key": learned.pair.key,
                ":accepted": entry.is_some(),
                ":change": change,
                ":worse": worse,
                ":by": stamp.actor.name,
                ":at": At(stamp.at),
            })?;
            audit::record(
                conn,
                Entry {
                    action: Action::LearnedDecided,
                    subject: ("learned", learned.id.to_string()),
                    patient_id: None,
                    details: serde_json::json!({
                        "physician": learned.physician, "accepted": entry.is_some(), "change": change, "worse": worse,
                    }),
                    stamp: &stamp,
                },
            )
        })
        .await
    }

    /// One correction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn learned_one(&self, id: i64) -> Result<Learned, StoreError> {
        let found = self.learned(0).await?.into_iter().find(|l| l.id == id);
        found.ok_or_else(|| {
            StoreError::NotFound(format!(
                "there is no correction {id}; `osler dictionary learned list` prints all"
            ))
        })
    }
}
