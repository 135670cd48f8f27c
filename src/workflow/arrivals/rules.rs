//! How it is known whose a recording is: the pattern of its name, a list, a sidecar beside it, the recorder's header.

use super::csv;
use crate::audio::dss;
use crate::config::{Recorders, WatchedFolder};
use crate::domain::arrival::{Field, Hints, InvalidPattern, Pattern, Reading};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest list that is read, bytes.
const LONGEST_LIST: u64 = 64 << 20;

/// Largest sidecar that is read, bytes.
const LONGEST_SIDECAR: u64 = 64 << 10;

/// What somebody says about the recordings of a place.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    /// How recordings are named.
    pub pattern: Option<String>,
    /// How the comment in a recorder's header is made up.
    pub comment: Option<String>,
    /// A list that says whose they are.
    pub map: Option<PathBuf>,
    /// Who dictated where nothing else says so.
    pub author: Option<String>,
    /// Priority where nothing else says so.
    pub priority: Option<String>,
    /// Route where nothing else says so.
    pub route: Option<String>,
}

impl From<&WatchedFolder> for Matching {
    fn from(folder: &WatchedFolder) -> Self {
        Self {
            pattern: folder.pattern.clone(),
            comment: folder.comment.clone(),
            map: folder.map.clone(),
            author: folder.author.clone(),
            priority: folder.priority.clone(),
            route: folder.route.clone(),
        }
    }
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// No pattern.
    #[error("the pattern {0:?} cannot be used: {1}")]
    Pattern(String, InvalidPattern),
    /// A default that cannot be one.
    #[error("{0}")]
    Default(String),
    /// The list.
    #[error(transparent)]
    List(#[from] ListError),
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("the list {0} cannot be read: {1}")]
    Read(PathBuf, String),
    /// A line of it is not understood.
    #[error("the list {0}, line {1}: {2}")]
    Line(PathBuf, usize, String),
}

/// How it is known whose a recording is.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pattern: Option<Pattern>,
    comment: Option<Pattern>,
    list: Option<List>,
    usual: Hints,
    recorders: Recorders,
}

/// A recording's file, and the path below the folder that was searched, with `/` between its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Its place below the folder.
    pub relative: String,
}

impl Found {
    /// A file that was named by itself.
    pub fn single(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            relative: file_name(path),
        }
    }

    /// Its name, without folders.
    pub fn name(&self) -> String {
        file_name(&self.path)
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What the sources say about a recording.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What is known.
    pub hints: Hints,
    /// Why a person has to look at it, where sources cannot be read or disagree.
    pub problem: Option<String>,
    /// Whether the list names it.
    pub listed: bool,
}

impl Known {
    fn trouble(&mut self, problem: String) {
        // The first is told; the others come when that is settled.
        self.problem.get_or_insert(problem);
    }

    fn join(&mut self, hints: Hints, source: &str) {
        if let Err(contradiction) = self.hints.join(hints) {
            self.trouble(format!("{contradiction}: the {source} says something else"));
        }
    }
}

impl Rules {
    /// Reads what somebody says.
    ///
    /// # Errors
    /// [`RulesError`], with what has to be changed.
    pub fn read(matching: &Matching, recorders: &Recorders) -> Result<Self, RulesError> {
        let pattern = |text: &Option<String>| {
            text.as_ref()
                .map(|text| {
                    text.parse::<Pattern>()
                        .map_err(|e| RulesError::Pattern(text.clone(), e))
                })
                .transpose()
        };
        let mut usual = Hints::default();
        for (field, text) in [
            (Field::UsualAuthor, &matching.author),
            (Field::Priority, &matching.priority),
            (Field::Route, &matching.route),
        ] {
            if let Some(text) = text {
                usual
                    .set(field, text)
                    .map_err(|e| RulesError::Default(e.to_string()))?;
            }
        }
        let recorders = Recorders {
            authors: recorders
                .authors
                .iter()
                .map(|(called, login)| (called.trim().to_lowercase(), login.clone()))
                .collect(),
            ..recorders.clone()
        };
        Ok(Self {
            pattern: pattern(&matching.pattern)?,
            comment: pattern(&matching.comment)?,
            list: matching.map.as_deref().map(List::read).transpose()?,
            usual,
            recorders,
        })
    }

    /// Everything the sources say about a recording. Reads its first bytes and its sidecar.
    pub fn known(&self, found: &Found) -> Known {
        let mut known = Known::default();
        if let Some(pattern) = &self.pattern {
            match pattern.read(without_ending(&found.relative)) {
                Reading::One(hints) => known.join(hints, "file name"),
                Reading::Several => known.trouble(
                    "its file name can be read in more than one way by the pattern".into(),
                ),
                Reading::No => {}
            }
        }
        if let Some(list) = &self.list {
            match list.find(&found.relative) {
                Ok(Some(row)) => {
                    known.listed = true;
                    known.join(row.hints.clone(), &format!("list (line {})", row.line));
                }
                Ok(None) => {}
                Err(problem) => known.trouble(problem),
            }
        }
        for sidecar in sidecars(&found.path) {
            match read_sidecar(&sidecar) {
                Ok(Some(hints)) => known.join(hints, &format!("sidecar {}", file_name(&sidecar))),
                Ok(None) => {}
                Err(problem) => {
                    known.trouble(format!("its sidecar {}: {problem}", file_name(&sidecar)));
                }
            }
        }
        self.ask_header(&found.path, &mut known);
        // What is called otherwise here.
        for field in [Field::Author, Field::RecorderAuthor] {
            if let Some(login) = known
                .hints
                .get(field)
                .and_then(|called| self.recorders.authors.get(called))
                && let Err(e) = known.hints.set(field, &login.clone())
            {
                known.trouble(e.to_string());
            }
        }
        for (field, text) in self.usual.iter() {
            if let Err(e) = known.hints.set_default(field, text) {
                known.trouble(e.to_string());
            }
        }
        known
    }

    fn ask_header(&self, path: &Path, known: &mut Known) {
        // A file that cannot be read is told of when it is opened as a recording.
        let Some(header) = header(path) else { return };
        if let (Some(pattern), Some(comment)) = (&self.comment, &header.comment) {
            match pattern.read(comment) {
                Reading::One(hints) => known.join(hints, "comment in the recorder's header"),
                Reading::Several => known.trouble(
                    "the comment in the recorder's header can be read in more than one way".into(),
                ),
                Reading::No => {}
            }
        }
        if let Some(author) = &header.author {
            // A name that cannot be one is none.
            let _ = known.hints.set(Field::RecorderAuthor, author);
        }
        let urgent = header
            .priority
            .is_some_and(|p| p >= self.recorders.urgent_from);
        if urgent && known.hints.set_default(Field::Priority, "urgent").is_err() {
            known.trouble("the priority in the recorder's header cannot be noted".into());
        }
        if let Some(start) = header.recorded_start {
            // Only what nothing else says: the clocks of recorders are often wrong.
            let _ = known
                .hints
                .set_default(Field::Date, &start.date().to_string());
        }
    }

    /// The list that belongs to these rules.
    pub fn list(&self) -> Option<&List> {
        self.list.as_ref()
    }
}

/// A name without its ending.
fn without_ending(relative: &str) -> &str {
    match relative.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty() && !ending.contains('/') && !stem.ends_with('/') =>
        {
            stem
        }
        _ => relative,
    }
}

/// What the header of a dictaphone file says.
fn header(path: &Path) -> Option<dss::Header> {
    let mut start = Vec::with_capacity(dss::PREFIX);
    std::fs::File::open(path)
        .ok()?
        .take(dss::PREFIX as u64)
        .read_to_end(&mut start)
        .ok()?;
    dss::Header::parse(&start).map(|(_, header)| header)
}

/// The notes that may lie beside a recording: `a.wav.json`, `a.json`.
pub fn sidecars(recording: &Path) -> [PathBuf; 2] {
    let mut whole = recording.as_os_str().to_owned();
    whole.push(".json");
    [whole.into(), recording.with_extension("json")]
}

/// What a sidecar says; `None` where there is none.
fn read_sidecar(path: &Path) -> Result<Option<Hints>, String> {
    let mut text = String::new();
    match std::fs::File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("it cannot be read ({e})")),
        Ok(file) => {
            let read = file.take(LONGEST_SIDECAR + 1).read_to_string(&mut text);
            read.map_err(|e| format!("it cannot be read ({e})"))?;
        }
    }
    if text.len() as u64 > LONGEST_SIDECAR {
        return Err("it is too large to be one".into());
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).map_err(|e| {
        // Place only: a parser may quote what it read.
        format!("it is no JSON object (line {})", e.line())
    })?;
    let mut hints = Hints::default();
    for (name, value) in values {
        let field = Field::written(&name).ok_or_else(|| {
            format!(
                "there is no {name:?} in a sidecar; there are {}",
                Field::names()
            )
        })?;
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Null => continue,
            _ => return Err(format!("{name} has to be a text")),
        };
        if !text.trim().is_empty() {
            hints.set(field, &text).map_err(|e| e.to_string())?;
        }
    }
    Ok(Some(hints))
}

/// A list that says whose recordings are: CSV with a column `file`, and what is known in the others.
#[derive(Debug, Clone)]
pub struct List {
    path: PathBuf,
    modified: Option<(std::time::SystemTime, u64)>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    line: usize,
    /// As [`key`] writes it.
    file: String,
    hints: Hints,
}

/// A path as lists compare it: capitals and the kind of stroke do not count.
fn key(path: &str) -> String {
    let path = path.trim().replace('\\', "/").to_lowercase();
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

impl List {
    /// Reads a list.
    ///
    /// # Errors
    /// [`ListError`], with the line.
    pub fn read(path: &Path) -> Result<Self, ListError> {
        let failed = |e: String| ListError::Read(path.to_path_buf(), e);
        let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
        let modified = stand(path);
        let mut text = String::new();
        let read = file.take(LONGEST_LIST + 1).read_to_string(&mut text);
        read.map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => failed("it is not UTF-8; save it as UTF-8".into()),
            _ => failed(e.to_string()),
        })?;
        if text.len() as u64 > LONGEST_LIST {
            return Err(failed("it is larger than 64 MB".into()));
        }
        let rows = Self::parse(&text)
            .map_err(|(line, reason)| ListError::Line(path.to_path_buf(), line, reason))?;
        Ok(Self {
            path: path.to_path_buf(),
            modified,
            rows,
        })
    }

    fn parse(text: &str) -> Result<Vec<Row>, (usize, String)> {
        let records = csv::records(text).map_err(|e| (e.line, e.reason.to_owned()))?;
        let mut records = records.into_iter();
        let Some((first, names)) = records.next() else {
            return Err((
                1,
                format!("the first line names the columns: file, {}", Field::names()),
            ));
        };
        let mut place_of_file = None;
        let mut columns = Vec::new();
        for (place, name) in names.iter().enumerate() {
            if name.trim().eq_ignore_ascii_case("file") {
                place_of_file = Some(place);
                continue;
            }
            let field = Field::written(name).ok_or_else(|| {
                let name = name.trim();
                (
                    first,
                    format!(
                        "there is no column {name:?}; there are file, {}",
                        Field::names()
                    ),
                )
            })?;
            if columns.iter().any(|(_, known)| *known == field) {
                return Err((
                    first,
                    format!("the column {} is there twice", field.as_str()),
                ));
            }
            columns.push((place, field));
        }
        let place_of_file =
            place_of_file.ok_or_else(|| (first, "the column file is missing".to_owned()))?;
        let mut rows = Vec::new();
        for (line, record) in records {
            if record.len() > names.len() {
                return Err((line, "it has more values than there are columns".into()));
            }
            let file = key(record.get(place_of_file).map_or("", String::as_str));
            if file.is_empty() {
                return Err((line, "it names no file".into()));
            }
            let mut hints = Hints::default();
            for (place, field) in &columns {
                let text = record.get(*place).map_or("", |t| t.trim());
                if !text.is_empty() {
                    hints.set(*field, text).map_err(|e| (line, e.to_string()))?;
                }
            }
            rows.push(Row { line, file, hints });
        }
        Ok(rows)
    }

    /// The line for a recording: by its path, or by its name, or by its name without its ending.
    fn find(&self, relative: &str) -> Result<Option<&Row>, String> {
        let path = key(relative);
        let name = path
            .rsplit_once('/')
            .map_or(path.as_str(), |(_, name)| name);
        for wanted in [path.as_str(), name, without_ending(name)] {
            let mut rows = self.rows.iter().filter(|row| row.file == wanted);
            let Some(first) = rows.next() else { continue };
            return match rows.find(|row| row.hints != first.hints) {
                None => Ok(Some(first)),
                Some(other) => Err(format!(
                    "lines {} and {} of the list both name it and say different things",
                    first.line, other.line
                )),
            };
        }
        Ok(None)
    }

    /// The line that these recordings share, though it names one by its name only.
    pub fn shared<'a>(&self, found: impl Iterator<Item = &'a Found>) -> BTreeMap<String, usize> {
        let mut by_line: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for found in found {
            if let Ok(Some(row)) = self.find(&found.relative) {
                by_line.entry(row.line).or_default().push(&found.relative);
            }
        }
        by_line
            .into_iter()
            .filter(|(_, files)| files.len() > 1)
            .flat_map(|(line, files)| files.into_iter().map(move |f| (f.to_owned(), line)))
            .collect()
    }
}

impl Rules {
    /// Whether the file of the list has changed since it was read.
    pub fn is_stale(&self) -> bool {
        self.list
            .as_ref()
            .is_some_and(|list| stand(&list.path) != list.modified)
    }

    /// Reads the list again.
    ///
    /// # Errors
    /// As [`List::read`]; what was read before stays.
    pub fn refresh(&mut self) -> Result<(), ListError> {
        if let Some(list) = &mut self.list {
            *list = List::read(&list.path)?;
        }
        Ok(())
    }
}

/// Time and size of a file, to see that it changed.
fn stand(path: &Path) -> Option<(std::time::SystemTime, u64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> List {
        List {
            path: PathBuf::new(),
            modified: None,
            rows: List::parse(text).unwrap(),
        }
    }

    fn mrn(row: Option<&Row>) -> Option<&str> {
        row?.hints.get(Field::Mrn)
    }

    #[test]
    fn a_list_is_asked_by_path_then_by_name_then_without_the_ending() {
        let list = list("file;mrn\nmon/a.wav;M-1\na.wav;M-2\nb;M-3\n.\\C.WAV;M-4\n");
        assert_eq!(mrn(list.find("mon/a.wav").unwrap()), Some("M-1"));
        assert_eq!(mrn(list.find("tue/A.wav").unwrap()), Some("M-2"));
        assert_eq!(mrn(list.find("mon/b.dss").unwrap()), Some("M-3"));
        assert_eq!(mrn(list.find("c.wav").unwrap()), Some("M-4"));
        assert_eq!(mrn(list.find("d.wav").unwrap()), None);
    }

    #[test]
    fn lines_that_disagree_are_named() {
        let list = list("file,mrn\na.wav,M-1\nb.wav,M-1\na.wav,M-2\nb.wav,M-1\n");
        let problem = list.find("a.wav").unwrap_err();
        assert!(problem.contains("lines 2 and 4"), "{problem}");
        assert_eq!(mrn(list.find("b.wav").unwrap()), Some("M-1"));
    }

    #[test]
    fn two_recordings_do_not_share_a_line() {
        let list = list("file,mrn\na.wav,M-1\nb.wav,M-2\n");
        let found: Vec<Found> = ["mon/a.wav", "tue/a.wav", "tue/b.wav"]
            .iter()
            .map(|relative| Found {
                path: PathBuf::from(relative),
                relative: (*relative).to_owned(),
            })
            .collect();
        let shared = list.shared(found.iter());
        assert_eq!(
            shared.keys().collect::<Vec<_>>(),
            ["mon/a.wav", "tue/a.wav"]
        );
    }

    #[test]
    fn a_list_that_is_not_understood_names_the_line_and_what_there_is() {
        for (text, line, part) in [
            ("", 1, "names the columns"),
            ("mrn\nM-1", 1, "file is missing"),
            ("file,mnr\na,M-1", 1, "\"mnr\""),
            ("file,mrn,mrn\na,M-1,", 1, "twice"),
            ("file,mrn\n\na,M 1", 3, "record number"),
            ("file,birth_date\na,14/3/61", 2, "YYYY-MM-DD"),
            ("file,mrn\n,M-1", 2, "no file"),
            ("file,mrn\na,M-1,x", 2, "more values"),
        ] {
            let (at, reason) = List::parse(text).unwrap_err();
            assert_eq!(at, line, "{text:?}");
            assert!(reason.contains(part), "{text:?}: {reason}");
        }
    }

    #[test]
    fn the_ending_of_a_name_is_no_part_of_it() {
        for (name, stem) in [
            ("a.wav", "a"),
            ("x.y/a", "x.y/a"),
            ("x/.hidden", "x/.hidden"),
            (".hidden", ".hidden"),
            ("x/a.b.wav", "x/a.b"),
        ] {
            assert_eq!(without_ending(name), stem);
        }
    }

    #[test]
    fn a_sidecar_says_what_it_says_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_sidecar(&path)
        };
        let hints =
            said(r#"{"mrn": 1007, "birth_date": "1961-03-14", "author": null, "priority": ""}"#);
        let hints = hints.unwrap().unwrap();
        assert_eq!(hints.get(Field::Mrn), Some("1007"));
        assert_eq!(hints.get(Field::BirthDate), Some("1961-03-14"));
        assert_eq!(hints.get(Field::Author), None);
        for (text, part) in [
            ("[]", "no JSON object"),
            (r#"{"mnr": "A-1"}"#, "\"mnr\""),
            (r#"{"mrn": ["A-1"]}"#, "has to be a text"),
            (r#"{"birth_date": "1961"}"#, "YYYY-MM-DD"),
        ] {
            let problem = said(text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
        assert_eq!(read_sidecar(&dir.path().join("none.json")), Ok(None));
    }
}
