//! What is known about a patient beside record number and date of birth, how it changed, and records that were joined.

use crate::domain::audit::{Action, Stamp};
use crate::domain::ids::{DictationId, PatientId};
use crate::domain::patient::{Contact, Difference, Mrn, OtherNumber, Patient, Sex};
use crate::store::audit::{self, Entry};
use crate::store::once::{Once, once};
use crate::store::sql::{At, Day, or_conflict};
use crate::store::{Fault, Store, StoreError, patients};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

/// A number of another issuer as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptNumber {
    /// Its number in the store.
    pub id: i64,
    /// Number and issuer.
    pub number: OtherNumber,
    /// Since when.
    pub at: Timestamp,
    /// Login name of whoever added it.
    pub by: String,
}

/// A record that was joined with this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Former {
    /// What it said.
    pub patient: Patient,
    /// When.
    pub at: Timestamp,
    /// Login name of whoever joined them.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What is known about a patient beside both identifiers.
#[derive(Debug, Clone, PartialEq)]
pub struct Particulars {
    /// Grows with each change.
    pub version: u32,
    /// How the patient is reached.
    pub contact: Contact,
    /// Numbers of other issuers.
    pub numbers: Vec<KeptNumber>,
    /// Records that were joined with this one.
    pub former: Vec<Former>,
    /// Dictations that lay in another record, and the number of the first such record.
    pub moved: Vec<(DictationId, Mrn)>,
}

/// A change of what is known about a patient.
#[derive(Debug, Clone)]
pub struct ChangePatient {
    /// Who.
    pub id: PatientId,
    /// The version that was read.
    pub based_on: u32,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Sex.
    pub sex: Sex,
    /// How the patient is reached.
    pub contact: Contact,
}

/// A line of a patient's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Login name of whoever changed it.
    pub by: String,
    /// What.
    pub field: String,
    /// What stood there.
    pub before: String,
    /// What took its place.
    pub after: String,
}

/// Why two records cannot be joined now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// locked: a draft is being edited; dictating: somebody has not ended a dictation; hold: the record that would end is
    /// under a legal hold.
    pub what: &'static str,
    /// Login name of whoever is at it.
    pub by: Option<String>,
}

/// What joining two records would do.
#[derive(Debug, Clone, PartialEq)]
pub struct MergePreview {
    /// The record that stays.
    pub into: Patient,
    /// The record that ends.
    pub from: Patient,
    /// In what they contradict each other.
    pub differences: Vec<Difference>,
    /// What moves: dictations, reports, visits, lines.
    pub moves: [u32; 4],
    /// What has to be settled before.
    pub in_the_way: Vec<Obstacle>,
}

/// Two records of one patient to be joined.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The record that stays.
    pub into: PatientId,
    /// The record that ends.
    pub from: PatientId,
    /// The contradictions that were seen.
    pub seen: Vec<Difference>,
    /// Why they are the same patient's.
    pub reason: String,
}

/// Dictations that lie in another record now.
pub type Merged = Vec<DictationId>;

fn contact(r: &Row<'_>) -> rusqlite::Result<Contact> {
    let text = |column: &str| r.get::<_, String>(column);
    Contact::new(&text("phone")?, &text("address")?, &text("email")?)
        .map_err(|_| FromSqlError::InvalidType.into())
}

fn number(r: &Row<'_>) -> rusqlite::Result<KeptNumber> {
    let (issuer, value): (String, String) = (r.get("issuer")?, r.get("value")?);
    Ok(KeptNumber {
        id: r.get("seq")?,
        number: OtherNumber::new(&issuer, &value).map_err(|_| FromSqlError::InvalidType)?,
        at: r.get::<_, At>("added_at")?.0,
        by: r.get("added_by")?,
    })
}

fn numbers(conn: &Connection, id: PatientId) -> Result<Vec<KeptNumber>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT * FROM patient_numbers WHERE patient_id = ?1 AND withdrawn_at IS NULL ORDER BY seq",
        )?
        .query_map([id], number)?
        .collect::<Result<_, _>>()?)
}

fn particulars(conn: &Connection, id: PatientId) -> Result<Particulars, Fault> {
    let (version, contact) = conn
        .prepare_cached("SELECT revision, phone, address, email FROM patients WHERE id = ?1")?
        .query_row([id], |r| Ok((r.get("revision")?, contact(r)?)))
        .optional()?
        .ok_or_else(|| StoreError::NotFound("there is no such patient".into()))?;
    let former = conn
        .prepare_cached(
            "SELECT p.*, m.at AS joined_at, m.made_by AS made_by, m.reason AS reason
             FROM patients p JOIN patient_merges m ON m.from_id = p.id
             WHERE p.merged_into = ?1 ORDER BY m.seq",
        )?
        .query_map([id], |r| {
            Ok(Former {
                patient: patients::row(r)?,
                at: r.get::<_, At>("joined_at")?.0,
                by: r.get("made_by")?,
                reason: r.get("reason")?,
            })
        })?
        .collect::<Result<Vec<Former>, _>>()?;
    let mut moved: Vec<(DictationId, Mrn)> = Vec::new();
    if !former.is_empty() {
        let mut statement = conn.prepare_cached(
            "SELECT d.id, p.mrn FROM dictations d
             JOIN merged_things t ON t.kind = 'dictation' AND t.thing = d.id
             JOIN patient_merges m ON m.seq = t.merge JOIN patients p ON p.id = m.from_id
             WHERE d.patient_id = ?1 ORDER BY m.seq",
        )?;
        let rows = statement.query_map([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        for row in rows {
            let (dictation, mrn) = row?;
            if !moved.iter().any(|(known, _)| *known == dictation) {
                moved.push((dictation, mrn));
            }
        }
    }
    Ok(Particulars {
        version,
        contact,
        numbers: numbers(conn, id)?,
        former,
        moved,
    })
}

fn changed(
    conn: &Connection,
    id: PatientId,
    (field, before, after): (&str, &str, &str),
    stamp: &Stamp,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO patient_changes (patient_id, at, made_by, field, before, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((id, At(stamp.at), &stamp.actor.name, field, before, after))?;
    Ok(())
}

fn trail(
    conn: &Connection,
    action: Action,
    id: PatientId,
    details: Value,
    stamp: &Stamp,
) -> Result<(), Fault> {
    audit::record(
        conn,
        Entry {
            action,
            subject: ("patient", id.to_string()),
            patient_id: Some(id),
            details,
            stamp,
        },
    )
}

/// Nobody overwrites what they have not seen.
fn newest(conn: &Connection, id: PatientId, version: u32, based_on: u32) -> Result<(), Fault> {
    if version == based_on {
        return Ok(());
    }
    let by: Option<String> = conn
        .prepare_cached(
            "SELECT coalesce(u.name, c.made_by) FROM patient_changes c
             LEFT JOIN users u ON u.username = c.made_by
             WHERE c.patient_id = ?1 ORDER BY c.seq DESC LIMIT 1",
        )?
        .query_row([id], |r| r.get(0))
        .optional()?;
    Err(StoreError::Outdated {
        newest: version,
        by,
    }
    .into())
}

fn write_contact(conn: &Connection, id: PatientId, contact: &Contact) -> Result<(), Fault> {
    conn.prepare_cached(
        "UPDATE patients SET phone = ?2, address = ?3, email = ?4, revision = revision + 1 WHERE id = ?1",
    )?
    .execute((id, contact.phone(), contact.address(), contact.email()))?;
    Ok(())
}

/// The parts of a contact with their names.
fn parts(contact: &Contact) -> [(&'static str, &str); 3] {
    [
        ("phone", contact.phone()),
        ("address", contact.address()),
        ("email", contact.email()),
    ]
}

/// Notes what differs; gives the names of the fields.
fn compare<'a>(
    conn: &Connection,
    id: PatientId,
    fields: impl Iterator<Item = (&'static str, &'a str, &'a str)>,
    stamp: &Stamp,
) -> Result<Vec<&'static str>, Fault> {
    let mut differ = Vec::new();
    for (field, before, after) in fields.filter(|(_, before, after)| before != after) {
        changed(conn, id, (field, before, after), stamp)?;
        differ.push(field);
    }
    Ok(differ)
}

fn change(
    conn: &Connection,
    new: &ChangePatient,
    stamp: &Stamp,
) -> Result<(u32, Vec<DictationId>), Fault> {
    patients::in_use(conn, new.id)?;
    let before = patients::by_id(conn, new.id)?;
    let known = particulars(conn, new.id)?;
    newest(conn, new.id, known.version, new.based_on)?;
    let (born, now_born) = (before.birth_date.to_string(), new.birth_date.to_string());
    let own = [
        ("family", before.family.as_str(), new.family.as_str()),
        ("given", &before.given, &new.given),
        ("birth_date", &born, &now_born),
        ("sex", before.sex.as_str(), new.sex.as_str()),
    ];
    let contact = parts(&known.contact)
        .into_iter()
        .zip(parts(&new.contact))
        .map(|((field, before), (_, after))| (field, before, after));
    let fields = compare(conn, new.id, own.into_iter().chain(contact), stamp)?;
    if fields.is_empty() {
        return Ok((known.version, Vec::new()));
    }
    conn.prepare_cached(
        "UPDATE patients SET family = ?2, given = ?3, birth_date = ?4, sex = ?5 WHERE id = ?1",
    )?
    .execute((
        new.id,
        &new.family,
        &new.given,
        Day(new.birth_date),
        new.sex,
    ))?;
    write_contact(conn, new.id, &new.contact)?;
    let mut reopened = Vec::new();
    if before.birth_date != new.birth_date {
        // It was checked against what was wrong.
        reopened = conn
            .prepare_cached(
                "UPDATE dictations SET identity_verified_at = NULL
                 WHERE patient_id = ?1 AND phase <> 'filed' AND state <> 'deleted'
                   AND identity_verified_at IS NOT NULL RETURNING id",
            )?
            .query_map([new.id], |r| r.get(0))?
            .collect::<Result<Vec<DictationId>, _>>()?;
        conn.prepare_cached(
            "UPDATE live_dictations SET identity_verified = 0
             WHERE patient_id = ?1 AND dictation_id IS NULL AND discarded_at IS NULL",
        )?
        .execute([new.id])?;
    }
    let details = json!({"fields": fields, "identity_open_again": reopened});
    trail(conn, Action::PatientChanged, new.id, details, stamp)?;
    Ok((known.version + 1, reopened))
}

fn add_number(
    conn: &Connection,
    patient: PatientId,
    number: &OtherNumber,
    stamp: &Stamp,
) -> Result<i64, Fault> {
    patients::in_use(conn, patient)?;
    conn.prepare_cached(
        "INSERT INTO patient_numbers (patient_id, issuer, value, added_by, added_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        patient,
        number.issuer(),
        number.value(),
        &stamp.actor.name,
        At(stamp.at),
    ))
    .map_err(or_conflict(
        "this number of this issuer is in a record already; find whose it is: two records may be one patient's".into(),
    ))?;
    let id = conn.last_insert_rowid();
    changed(conn, patient, ("number", "", &written(number)), stamp)?;
    let details = json!({"number": id});
    trail(conn, Action::NumberAdded, patient, details, stamp)?;
    Ok(id)
}

fn written(number: &OtherNumber) -> String {
    format!("{}: {}", number.issuer(), number.value())
}

fn withdraw_number(
    conn: &Connection,
    patient: PatientId,
    id: i64,
    stamp: &Stamp,
) -> Result<(), Fault> {
    let all = numbers(conn, patient)?;
    let Some(kept) = all.iter().find(|kept| kept.id == id) else {
        return Err(StoreError::NotFound("the record has no such number".into()).into());
    };
    conn.prepare_cached(
        "UPDATE patient_numbers SET withdrawn_by = ?2, withdrawn_at = ?3 WHERE seq = ?1",
    )?
    .execute((id, &stamp.actor.name, At(stamp.at)))?;
    changed(conn, patient, ("number", &written(&kept.number), ""), stamp)?;
    let details = json!({"number": id});
    trail(conn, Action::NumberWithdrawn, patient, details, stamp)
}

/// Who is at something, one obstacle each.
fn obstacles(
    conn: &Connection,
    what: &'static str,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Obstacle>, Fault> {
    Ok(conn
        .prepare_cached(sql)?
        .query_map(params, |r| {
            Ok(Obstacle {
                what,
                by: r.get(0)?,
            })
        })?
        .collect::<Result<_, _>>()?)
}

fn preview(
    conn: &Connection,
    into: PatientId,
    from: PatientId,
    now: Timestamp,
) -> Result<MergePreview, Fault> {
    for id in [into, from] {
        patients::in_use(conn, id)?;
    }
    if into == from {
        return Err(StoreError::Conflict(
            "these are one record already; name the number of another".into(),
        )
        .into());
    }
    let moves = conn
        .prepare_cached(
            "SELECT (SELECT count(*) FROM dictations WHERE patient_id = ?1),
                    (SELECT count(*) FROM reports WHERE patient_id = ?1),
                    (SELECT count(*) FROM encounters WHERE patient_id = ?1),
                    (SELECT count(*) FROM entries WHERE patient_id = ?1 AND withdrawn_at IS NULL)",
        )?
        .query_row([from], |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?]))?;
    let mut in_the_way = obstacles(
        conn,
        "locked",
        "SELECT DISTINCT u.username FROM dictations d JOIN users u ON u.id = d.lock_by
         WHERE d.patient_id IN (?1, ?2) AND d.state = 'in_progress' AND d.lock_until > ?3 ORDER BY 1",
        (into, from, At(now)),
    )?;
    in_the_way.extend(obstacles(
        conn,
        "dictating",
        "SELECT DISTINCT u.username FROM live_dictations l JOIN users u ON u.id = l.author_id
         WHERE l.patient_id = ?1 AND l.dictation_id IS NULL AND l.discarded_at IS NULL ORDER BY 1",
        [from],
    )?);
    in_the_way.extend(obstacles(
        conn,
        "hold",
        "SELECT u.username FROM holds h JOIN users u ON u.id = h.placed_by
         WHERE h.patient_id = ?1 AND h.lifted_at IS NULL",
        [from],
    )?);
    let (into, from) = (patients::by_id(conn, into)?, patients::by_id(conn, from)?);
    Ok(MergePreview {
        differences: into.differences(&from),
        into,
        from,
        moves,
        in_the_way,
    })
}

/// What is in the way, for whoever cannot go on.
fn refusal(obstacle: &Obstacle) -> StoreError {
    let by = obstacle.by.as_deref().unwrap_or("somebody");
    StoreError::Conflict(match obstacle.what {
        "locked" => format!(
            "{by} is editing a draft of one of the two records; wait until they are done, or take the draft over"
        ),
        "dictating" => {
            format!(
                "{by} has begun a dictation for this record; it has to be ended or discarded first"
            )
        }
        _ => format!(
            "a legal hold that {by} placed keeps the record that would end; join them the other way round, or have the hold lifted"
        ),
    })
}

/// Moves all of a kind, and notes each.
fn move_all(
    conn: &Connection,
    (kind, table, key): (&str, &str, &str),
    (merge, from, into): (i64, PatientId, PatientId),
) -> Result<usize, Fault> {
    conn.execute(
        &format!(
            "INSERT INTO merged_things (kind, thing, merge) SELECT ?1, {key}, ?2 FROM {table} WHERE patient_id = ?3"
        ),
        (kind, merge, from),
    )?;
    Ok(conn.execute(
        &format!("UPDATE {table} SET patient_id = ?2 WHERE patient_id = ?1"),
        (from, into),
    )?)
}

fn merge(conn: &Connection, request: &Merge, stamp: &Stamp) -> Result<Merged, Fault> {
    let seen = preview(conn, request.into, request.from, stamp.at)?;
    if let Some(obstacle) = seen.in_the_way.first() {
        return Err(refusal(obstacle).into());
    }
    if seen.differences != request.seen {
        let words: Vec<&str> = seen.differences.iter().map(|d| d.as_str()).collect();
        let what = if words.is_empty() {
            "nothing".to_owned()
        } else {
            words.join(", ")
        };
        return Err(StoreError::Conflict(format!(
            "the two records differ in {what}; look at both, and name that to join them"
        ))
        .into());
    }
    let (from, into) = (&seen.from, &seen.into);
    let contacts = (
        particulars(conn, from.id)?.contact,
        particulars(conn, into.id)?.contact,
    );
    conn.prepare_cached(
        "INSERT INTO patient_merges (from_id, into_id, made_by, at, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        from.id,
        into.id,
        &stamp.actor.name,
        At(stamp.at),
        &request.reason,
    ))?;
    let way = (conn.last_insert_rowid(), from.id, into.id);
    // What both records say holds once.
    conn.execute(
        "UPDATE entries SET withdrawn_at = ?3 WHERE patient_id = ?1 AND withdrawn_at IS NULL
           AND EXISTS (SELECT 1 FROM entries o WHERE o.patient_id = ?2 AND o.withdrawn_at IS NULL
                       AND o.kind = entries.kind AND o.text = entries.text)",
        (from.id, into.id, At(stamp.at)),
    )?;
    let dictations: Vec<DictationId> = conn
        .prepare_cached("SELECT id FROM dictations WHERE patient_id = ?1 ORDER BY id")?
        .query_map([from.id], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let reports = move_all(conn, ("report", "reports", "id"), way)?;
    move_all(conn, ("dictation", "dictations", "id"), way)?;
    let encounters = move_all(conn, ("encounter", "encounters", "id"), way)?;
    let entries = move_all(conn, ("entry", "entries", "seq"), way)?;
    let numbers = move_all(conn, ("number", "patient_numbers", "seq"), way)?;
    // Words of the patient's own, where the other record has none for them.
    conn.execute(
        "INSERT INTO dictionary_entries (change, layer, owner, kind, key, written, spoken, category, origin, added_by, added_at)
         SELECT e.change, e.layer, ?2, e.kind, e.key, e.written, e.spoken, e.category, e.origin, e.added_by, e.added_at
         FROM dictionary_entries e
         WHERE e.layer = 'patient' AND e.owner = ?1 AND e.revoked_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM dictionary_entries o
                           WHERE o.layer = 'patient' AND o.owner = ?2 AND o.revoked_at IS NULL
                             AND o.key = e.key AND (o.kind = 'replacement') = (e.kind = 'replacement'))",
        (from.id, into.id),
    )?;
    let contact = contacts.1.clone().or(&contacts.0);
    let parts = parts(&contacts.1)
        .into_iter()
        .zip(parts(&contact))
        .map(|((field, before), (_, after))| (field, before, after));
    compare(conn, into.id, parts, stamp)?;
    write_contact(conn, into.id, &contact)?;
    // Those that were joined with the one that ends follow it, so that each names the record where all lies.
    conn.execute(
        "UPDATE patients SET merged_into = ?2, revision = revision + 1 WHERE id = ?1 OR merged_into = ?1",
        (from.id, into.id),
    )?;
    let joined = ("merged", from.mrn.as_str(), into.mrn.as_str());
    changed(conn, into.id, joined, stamp)?;
    for id in [from.id, into.id] {
        let details = json!({
            "from": from.id, "into": into.id, "differences": request.seen.iter().map(|d| d.as_str()).collect::<Vec<_>>(),
            "dictations": dictations.len(), "reports": reports, "encounters": encounters, "entries": entries,
            "numbers": numbers,
        });
        trail(conn, Action::PatientsMerged, id, details, stamp)?;
    }
    Ok(dictations)
}

impl Store {
    /// What is known about a patient beside both identifiers.
    pub async fn particulars(&self, id: PatientId) -> Result<Particulars, StoreError> {
        self.read(move |conn| particulars(conn, id)).await
    }

    /// Changes what is known about a patient. Gives the version, and the dictations whose second identifier is open again.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] where somebody else changed it meanwhile; [`StoreError::Conflict`] where the record was
    /// joined with another.
    pub async fn change_patient(
        &self,
        new: ChangePatient,
        stamp: Stamp,
    ) -> Result<(u32, Vec<DictationId>), StoreError> {
        self.write(move |conn| change(conn, &new, &stamp)).await
    }

    /// Adds a number of another issuer; [`StoreError::Conflict`] where a record has it.
    pub async fn add_patient_number(
        &self,
        patient: PatientId,
        number: OtherNumber,
        key: Option<Once>,
        stamp: Stamp,
    ) -> Result<i64, StoreError> {
        self.write(move |conn| {
            once(conn, key.as_ref(), "number", &stamp, || {
                add_number(conn, patient, &number, &stamp)
            })
        })
        .await
    }

    /// Withdraws a number of another issuer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn withdraw_patient_number(
        &self,
        patient: PatientId,
        id: i64,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        self.write(move |conn| withdraw_number(conn, patient, id, &stamp))
            .await
    }

    /// How a patient's record changed, newest first; with what was changed in records that were joined with it.
    pub async fn patient_history(&self, id: PatientId) -> Result<Vec<Change>, StoreError> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT * FROM patient_changes
                     WHERE patient_id IN (SELECT :id UNION ALL SELECT id FROM patients WHERE merged_into = :id)
                     ORDER BY seq DESC",
                )?
                .query_map(named_params! {":id": id}, |r| {
                    Ok(Change {
                        at: r.get::<_, At>("at")?.0,
                        by: r.get("made_by")?,
                        field: r.get("field")?,
                        before: r.get("before")?,
                        after: r.get("after")?,
                    })
                })?
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// What joining two records would do.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for one record twice, or one that was joined before.
    pub async fn preview_merge(
        &self,
        into: PatientId,
        from: PatientId,
        now: Timestamp,
    ) -> Result<MergePreview, StoreError> {
        self.read(move |conn| preview(conn, into, from, now)).await
    }

    /// Joins two records of one patient. Gives the dictations that moved.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where something is in the way, or the records differ in something else than was seen.
    pub async fn merge_patients(&self, request: Merge, stamp: Stamp) -> Result<Merged, StoreError> {
        self.write(move |conn| merge(conn, &request, &stamp)).await
    }
}
