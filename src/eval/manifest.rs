//! The list of recordings to measure on: JSON lines beside the audio and the texts.
//!
//! `verbatim` is a path if it begins with `text/`, else what was said ("" = nothing). `report` is a path or null. All
//! paths are relative to the manifest. A long recording has `text/<id>.segments.json`: a list of `{id, start, end}`, one
//! per dictation, whose texts and terms are those of the clip of that id.

use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The manifest or something it names cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// A line or a file is not what the format says.
    #[error("{0}, line {1}: {2}")]
    Parse(PathBuf, usize, serde_json::Error),
    /// Two lines have one id, so results could not be told apart.
    #[error("{0}, line {1}: the id {2} was used before")]
    Twice(PathBuf, usize, String),
    /// A long recording names a dictation that no line describes.
    #[error("{0}: no clip in the manifest has the id {1}")]
    UnknownDictation(PathBuf, String),
}

/// One line of the manifest.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    id: String,
    file: PathBuf,
    duration_s: f64,
    kind: String,
    domain: String,
    condition: String,
    verbatim: String,
    report: Option<PathBuf>,
    #[serde(default)]
    terms: Vec<String>,
    clean_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SegmentLine {
    id: String,
    start: f64,
    end: f64,
}

/// A recording and what should come out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Unique name.
    pub id: String,
    /// The recording.
    pub file: PathBuf,
    /// Its length in seconds, as the manifest says.
    pub duration_s: f64,
    /// `real` or `tts`.
    pub kind: String,
    /// `medical-dictation`, `medical` or `general`.
    pub domain: String,
    /// `clean`, `telephone`, `babble` and so on.
    pub condition: String,
    /// One dictation, or those of a long recording in order of time; never empty.
    pub dictations: Vec<Dictation>,
}

/// What should come out of one dictation.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictation {
    /// The text it shares with other clips; results on the same text are not independent of each other.
    pub text_id: String,
    /// Where it lies in the recording, seconds.
    pub start_s: f64,
    /// Where it ends, seconds.
    pub end_s: f64,
    /// What was said; empty if nothing is said.
    pub verbatim: String,
    /// The report that should come out.
    pub report: Option<String>,
    /// What must stand in it.
    pub terms: Vec<String>,
}

/// Reads a manifest and everything it names, except the recordings.
///
/// # Errors
/// [`ManifestError`] names the file and the line.
pub fn load(path: &Path) -> Result<Vec<Clip>, ManifestError> {
    let dir = path.parent().unwrap_or(Path::new(""));
    let mut lines: Vec<Line> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (n, line) in read(path)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(line).map_err(|e| ManifestError::Parse(path.into(), n + 1, e))?;
        if by_id.insert(line.id.clone(), lines.len()).is_some() {
            return Err(ManifestError::Twice(path.into(), n + 1, line.id));
        }
        lines.push(line);
    }
    lines
        .iter()
        .map(|line| {
            Ok(Clip {
                id: line.id.clone(),
                file: dir.join(&line.file),
                duration_s: line.duration_s,
                kind: line.kind.clone(),
                domain: line.domain.clone(),
                condition: line.condition.clone(),
                dictations: dictations(dir, line, &lines, &by_id)?,
            })
        })
        .collect()
}

fn dictations(
    dir: &Path,
    line: &Line,
    lines: &[Line],
    by_id: &HashMap<String, usize>,
) -> Result<Vec<Dictation>, ManifestError> {
    let path = dir.join("text").join(format!("{}.segments.json", line.id));
    if !path.exists() {
        return Ok(vec![dictation(dir, line, 0.0, line.duration_s)?]);
    }
    let segments: Vec<SegmentLine> = serde_json::from_str(&read(&path)?)
        .map_err(|e| ManifestError::Parse(path.clone(), e.line(), e))?;
    let mut out = Vec::with_capacity(segments.len());
    for segment in segments {
        let Some(&at) = by_id.get(&segment.id) else {
            return Err(ManifestError::UnknownDictation(path, segment.id));
        };
        out.push(dictation(dir, &lines[at], segment.start, segment.end)?);
    }
    out.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    if out.is_empty() {
        out.push(dictation(dir, line, 0.0, line.duration_s)?);
    }
    Ok(out)
}

fn dictation(
    dir: &Path,
    line: &Line,
    start_s: f64,
    end_s: f64,
) -> Result<Dictation, ManifestError> {
    let verbatim = if line.verbatim.starts_with("text/") {
        read(&dir.join(&line.verbatim))?
    } else {
        line.verbatim.clone()
    };
    let report = match &line.report {
        Some(report) => Some(read(&dir.join(report))?),
        None => None,
    };
    Ok(Dictation {
        text_id: line.clean_id.clone().unwrap_or_else(|| line.id.clone()),
        start_s,
        end_s,
        verbatim,
        report,
        terms: line.terms.clone(),
    })
}

fn read(path: &Path) -> Result<String, ManifestError> {
    std::fs::read_to_string(path).map_err(|e| ManifestError::Read(path.into(), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(id: &str, verbatim: &str, extra: &str) -> String {
        format!(
            r#"{{"id":"{id}","file":"audio/{id}.wav","duration_s":10.0,"kind":"tts","domain":"general","condition":"clean","verbatim":"{verbatim}","report":null{extra}}}"#
        )
    }

    fn folder(manifest: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("text")).unwrap();
        std::fs::write(dir.path().join("manifest.jsonl"), manifest).unwrap();
        dir
    }

    #[test]
    fn a_text_may_stand_in_the_line_or_in_a_file() {
        let manifest = [
            clip("a", "hello", ""),
            clip("b", "text/b.txt", ",\"clean_id\":\"a\""),
        ]
        .join("\n");
        let dir = folder(&manifest);
        std::fs::write(dir.path().join("text/b.txt"), "from the file").unwrap();
        let clips = load(&dir.path().join("manifest.jsonl")).unwrap();
        assert_eq!(clips[0].dictations[0].verbatim, "hello");
        assert_eq!(clips[1].dictations[0].verbatim, "from the file");
        assert_eq!(clips[1].dictations[0].text_id, "a");
        assert_eq!(clips[1].file, dir.path().join("audio/b.wav"));
    }

    #[test]
    fn a_long_recording_takes_texts_and_terms_of_its_dictations() {
        let manifest = [
            clip("a", "one", ",\"terms\":[\"5 mg\"]"),
            clip("b", "two", ""),
            clip("long", "one two", ",\"terms\":[\"5 mg\",\"x\"]"),
        ]
        .join("\n");
        let dir = folder(&manifest);
        let segments =
            r#"[{"id":"b","start":6.0,"end":9.0},{"id":"a","start":1.0,"end":4.0,"pass_":0}]"#;
        std::fs::write(dir.path().join("text/long.segments.json"), segments).unwrap();
        let clips = load(&dir.path().join("manifest.jsonl")).unwrap();
        let long = &clips[2].dictations;
        assert_eq!((long[0].verbatim.as_str(), long[0].start_s), ("one", 1.0));
        assert_eq!(long[0].terms, ["5 mg"]);
        assert_eq!(long[1].verbatim, "two");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let dir = folder(&[clip("a", "x", ""), "{".into()].join("\n"));
        let error = load(&dir.path().join("manifest.jsonl"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("manifest.jsonl, line 2"), "{error}");
        let dir = folder(&[clip("a", "x", ""), clip("a", "y", "")].join("\n"));
        let error = load(&dir.path().join("manifest.jsonl"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 2: the id a"), "{error}");
        let dir = folder(&clip("a", "text/none.txt", ""));
        let error = load(&dir.path().join("manifest.jsonl"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none.txt"), "{error}");
        let dir = folder(&clip("long", "x", ""));
        std::fs::write(
            dir.path().join("text/long.segments.json"),
            r#"[{"id":"q","start":0,"end":1}]"#,
        )
        .unwrap();
        let error = load(&dir.path().join("manifest.jsonl"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("has the id q"), "{error}");
    }
}
