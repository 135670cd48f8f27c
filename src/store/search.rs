//! Full-text search over patients and the newest text of each report.

use crate::domain::ids::{DictationId, PatientId, ReportId, UserId};
use crate::domain::patient::Patient;
use crate::domain::report::ReportStatus;
use crate::store::sql::At;
use crate::store::{Fault, Store, StoreError, patients};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

/// Stands before a word that was found.
pub const HIT_FROM: char = '\u{1}';

/// Stands behind a word that was found.
pub const HIT_TO: char = '\u{2}';

/// Of how many reports the best are shown: the newest with these words that whoever asks may see. Nobody reads more, and a
/// search for a word that is everywhere has an end.
const NEWEST: u32 = 100;

/// Whose reports somebody may find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Those of everybody.
    All,
    /// What is in the records, of everybody.
    Filed,
    /// Their own, and those of patients in their care or opened in an emergency.
    InCare(UserId),
}

/// A report that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundReport {
    /// The report.
    pub id: ReportId,
    /// The dictation it came from.
    pub dictation_id: DictationId,
    /// Whose.
    pub patient: Patient,
    /// Document type.
    pub kind: String,
    /// Where it stands.
    pub status: ReportStatus,
    /// When its newest version was made.
    pub at: Timestamp,
    /// Whether it was entered in error.
    pub is_retracted: bool,
    /// A few words around what was found, which stands between [`HIT_FROM`] and [`HIT_TO`].
    pub snippet: String,
}

/// What somebody typed as a query of FTS5: all words, each as the beginning of one. None where there is no word in it.
fn query(typed: &str) -> Option<String> {
    let words: Vec<String> = typed
        .split(|c: char| c.is_whitespace() || c == '"' || c == '\0')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"*", as_stored(word)))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A date as people on the continent write it, as it is stored; any other word as it is.
fn as_stored(word: &str) -> String {
    let parts: Vec<&str> = word.trim_end_matches('.').split('.').collect();
    let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [day, month, year]
            if parts.iter().all(is_number)
                && (1..=2).contains(&day.len())
                && (1..=2).contains(&month.len())
                && year.len() == 4 =>
        {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => word.to_owned(),
    }
}

fn found(r: &Row<'_>) -> rusqlite::Result<FoundReport> {
    Ok(FoundReport {
        id: r.get("report_id")?,
        dictation_id: r.get("dictation_id")?,
        patient: patients::row(r)?,
        kind: r.get("kind")?,
        status: r.get("status")?,
        at: r.get::<_, At>("made_at")?.0,
        is_retracted: r.get("retracted")?,
        snippet: r.get("snippet")?,
    })
}

fn reports(
    conn: &Connection,
    query: &str,
    sight: Sight,
    now: Timestamp,
    most: u32,
) -> Result<Vec<FoundReport>, Fault> {
    let (me, filed) = match sight {
        Sight::All => (None, false),
        Sight::Filed => (None, true),
        Sight::InCare(me) => (Some(me), false),
    };
    // A common word is in tens of thousands: FTS5 gives the newest first without looking at the rest, and how well a report
    // matches is computed for these alone.
    let mut statement = conn.prepare_cached(
        "SELECT x.id AS id, report_words.rank AS rank
         FROM report_words
         CROSS JOIN documents x ON x.id = report_words.rowid
         CROSS JOIN reports r ON r.id = x.report_id
         WHERE report_words MATCH :query
           AND (NOT :filed OR r.status = 'filed')
           AND (r.status <> 'draft'
             OR EXISTS (SELECT 1 FROM dictations d WHERE d.id = r.dictation_id AND d.state <> 'deleted'))
           AND (:me IS NULL OR r.author_id = :me
             OR EXISTS (SELECT 1 FROM encounters e WHERE e.physician_id = :me AND e.patient_id = r.patient_id)
             OR EXISTS (SELECT 1 FROM dictations o WHERE o.author_id = :me AND o.patient_id = r.patient_id)
             OR EXISTS (SELECT 1 FROM emergency_access a
                        WHERE a.user_id = :me AND a.patient_id = r.patient_id
                          AND a.opened_at <= :now AND a.ends_at > :now))
         ORDER BY report_words.rowid DESC LIMIT :newest",
    )?;
    let mut best = statement
        .query_map(
            named_params! {
                ":query": query,
                ":filed": filed,
                ":me": me,
                ":now": At(now),
                ":newest": most.max(NEWEST),
            },
            |r| Ok((r.get("id")?, r.get("rank")?)),
        )?
        .collect::<Result<Vec<(i64, f64)>, _>>()?;
    best.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    best.truncate(most as usize);
    let ids = || best.iter().map(|(id, _)| *id);
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else {
        return Ok(Vec::new());
    };
    // In one pass: asked for one by one, each would be a search of its own.
    let mut statement = conn.prepare_cached(
        "SELECT p.*, report_words.rowid AS document, r.id AS report_id, r.dictation_id AS dictation_id,
                r.status AS status, v.kind AS kind, v.made_at AS made_at,
                EXISTS (SELECT 1 FROM retractions x WHERE x.report_id = r.id) AS retracted,
                snippet(report_words, 0, char(1), char(2), '…', 24) AS snippet
         FROM report_words
         CROSS JOIN documents x ON x.id = report_words.rowid
         CROSS JOIN reports r ON r.id = x.report_id
         CROSS JOIN patients p ON p.id = r.patient_id
         CROSS JOIN report_versions v ON v.report_id = r.id
              AND v.version = (SELECT max(version) FROM report_versions WHERE report_id = r.id)
         WHERE report_words MATCH :query AND report_words.rowid BETWEEN :first AND :last
           AND +report_words.rowid IN (SELECT value FROM json_each(:ids))",
    )?;
    let mut shown = statement
        .query_map(
            named_params! {
                ":query": query,
                ":first": first,
                ":last": last,
                ":ids": serde_json::to_string(&ids().collect::<Vec<_>>())?,
            },
            |r| Ok((r.get::<_, i64>("document")?, found(r)?)),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    shown.sort_by_key(|(id, _)| ids().position(|best| best == *id));
    Ok(shown.into_iter().map(|(_, found)| found).collect())
}

impl Store {
    /// Reports with all these words, the best of the newest first; those of a dictation that was deleted are left out.
    pub async fn search_reports(
        &self,
        typed: &str,
        sight: Sight,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<FoundReport>, StoreError> {
        let Some(query) = query(typed) else {
            return Ok(Vec::new());
        };
        self.read(move |conn| reports(conn, &query, sight, now, most))
            .await
    }

    /// Patients by name, record number, date of birth or a number of another issuer, all of them where nothing is typed; by name, from behind `after`.
    pub async fn find_patients(
        &self,
        typed: &str,
        after: Option<PatientId>,
        most: u32,
    ) -> Result<Vec<Patient>, StoreError> {
        let wanted = query(typed);
        let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        // Something was typed, and it cannot be in a record.
        if wanted.is_none() && !typed.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |conn| {
            let from = match &wanted {
                // A record that was joined with another is found by what stood in it, and so is a number of another issuer.
                Some(_) => {
                    "patients p WHERE p.merged_into IS NULL AND p.id IN (
                        SELECT patient_id FROM patient_words WHERE patient_words MATCH :query
                        UNION ALL
                        SELECT f.merged_into FROM patients f WHERE f.merged_into IS NOT NULL
                           AND f.id IN (SELECT patient_id FROM patient_words WHERE patient_words MATCH :query)
                        UNION ALL
                        SELECT patient_id FROM patient_numbers
                         WHERE withdrawn_at IS NULL AND value = :typed COLLATE NOCASE)"
                }
                None => "patients p WHERE :query IS NULL AND :typed IS NOT NULL AND p.merged_into IS NULL",
            };
            let sql = format!(
                "SELECT p.* FROM {from}
                   AND (:after IS NULL OR (p.family, p.given, p.mrn) >
                        (SELECT family, given, mrn FROM patients WHERE id = :after))
                 ORDER BY p.family, p.given, p.mrn LIMIT :most"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(
                named_params! {":query": wanted, ":typed": typed, ":after": after, ":most": most},
                patients::row,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_words_and_never_a_query() {
        assert_eq!(query("chest pain").unwrap(), "\"chest\"* \"pain\"*");
        assert_eq!(query("a\" OR b").unwrap(), "\"a\"* \"OR\"* \"b\"*");
        assert_eq!(query("D-1001").unwrap(), "\"D-1001\"*");
        assert_eq!(query("14.3.1961").unwrap(), "\"1961-03-14\"*");
        assert_eq!(query(" - \" * "), None);
        assert_eq!(query(""), None);
    }
}
