//! What a tool made of a recording.
//!
//! Read from a line of JSON, either of `osler transcribe --format json` (`raw`, `transcript`, `report` with their words,
//! edits and trace) or of any tool: `{id, text, words?: [{text, start_s, end_s}], elapsed_s?, wall_s?,
//! peak_memory_bytes?}`, whose text then stands for all three. A saved line of a measurement has the former and an id.

use crate::domain::finding::Severity;
use crate::domain::report::TraceSpan;
use crate::domain::transcript::{CorrectedWord, Edit, Word, corrected};
use crate::eval::flags::{Flag, HeardWord};
use serde::Deserialize;
use std::collections::HashMap;

/// A text, and when parts of it were said where that is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimedText {
    /// The whole text.
    pub text: String,
    /// Byte offsets in ascending order, and the second at which what begins there was said. Empty: not known.
    pub anchors: Vec<(usize, f64)>,
}

/// A result to be scored.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hypothesis {
    /// As heard.
    pub raw: TimedText,
    /// After corrections.
    pub transcript: TimedText,
    /// After commands and formatting.
    pub report: TimedText,
    /// The words of the corrected transcript, with the raw words they stand for.
    pub words: Vec<HeardWord>,
    /// The findings; none where the tool gives none.
    pub flags: Option<Vec<Flag>>,
    /// Wall time of the whole process, seconds.
    pub wall_s: Option<f64>,
    /// Time of the recognition as the tool reports it, seconds.
    pub elapsed_s: Option<f64>,
    /// Greatest resident memory of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct WireWord {
    text: String,
    start_s: f64,
    end_s: f64,
}

#[derive(Deserialize)]
struct WireRaw {
    text: String,
    #[serde(default)]
    words: Vec<WireWord>,
}

#[derive(Deserialize)]
struct WireTranscript {
    text: String,
    #[serde(default)]
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
struct WireReport {
    text: String,
    #[serde(default)]
    trace: Vec<TraceSpan>,
}

#[derive(Deserialize)]
struct WireFinding {
    severity: Severity,
    word_from: usize,
    word_to: usize,
    start_s: f64,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Wire {
    id: Option<String>,
    error: Option<WireError>,
    raw: Option<WireRaw>,
    transcript: Option<WireTranscript>,
    report: Option<WireReport>,
    text: Option<String>,
    #[serde(default)]
    words: Vec<WireWord>,
    findings: Option<Vec<WireFinding>>,
    wall_s: Option<f64>,
    elapsed_s: Option<f64>,
    peak_memory_bytes: Option<u64>,
}

/// A line of JSON cannot be used as a result.
#[derive(Debug, thiserror::Error)]
pub enum HypothesisError {
    /// Not the format.
    #[error("not a result: {0}")]
    Parse(#[from] serde_json::Error),
    /// Neither `raw` nor `text`.
    #[error("not a result: it has neither \"raw\" nor \"text\"")]
    NoText,
    /// No `id`, in a file of several.
    #[error("not a result of a known clip: it has no \"id\"")]
    NoId,
    /// The id was used before.
    #[error("the id {0} was used before")]
    Twice(String),
}

/// A result, or why the tool has none.
pub type Outcome = Result<Hypothesis, String>;

/// Reads the line of one recording.
///
/// # Errors
/// If the line is not a result; a result that says the recording failed is an `Ok(Err(why))`.
pub fn parse(line: &str) -> Result<Outcome, HypothesisError> {
    outcome(serde_json::from_str(line)?)
}

/// Reads a file of results, one line each, by id of the clip.
///
/// # Errors
/// The line's number and what is wrong with it.
pub fn parse_many(text: &str) -> Result<HashMap<String, Outcome>, (usize, HypothesisError)> {
    let mut out = HashMap::new();
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let at = |e: HypothesisError| (n + 1, e);
        let wire: Wire = serde_json::from_str(line).map_err(|e| at(e.into()))?;
        let id = wire.id.clone().ok_or_else(|| at(HypothesisError::NoId))?;
        let outcome = outcome(wire).map_err(at)?;
        if out.insert(id.clone(), outcome).is_some() {
            return Err(at(HypothesisError::Twice(id)));
        }
    }
    Ok(out)
}

fn outcome(wire: Wire) -> Result<Outcome, HypothesisError> {
    if let Some(error) = wire.error {
        let code = match error.code {
            serde_json::Value::String(code) => code,
            serde_json::Value::Null => "error".into(),
            other => other.to_string(),
        };
        return Ok(Err(format!("{code}: {}", error.message)));
    }
    let (raw_text, wire_words) = match (wire.raw, wire.text) {
        (Some(raw), _) => (raw.text, raw.words),
        (None, Some(text)) => (text, wire.words),
        (None, None) => return Err(HypothesisError::NoText),
    };
    let words: Vec<Word> = wire_words
        .into_iter()
        .map(|w| Word {
            text: w.text,
            start_s: w.start_s,
            end_s: w.end_s,
            probability: 0.0,
            take: 0,
        })
        .collect();
    let raw = by_words(raw_text, &corrected(&words, &[]), &words);
    let (transcript, shown) = match wire.transcript {
        Some(t) => {
            let shown = corrected(&words, &t.edits);
            (by_words(t.text, &shown, &words), shown)
        }
        None => (raw.clone(), corrected(&words, &[])),
    };
    let shown = shown
        .into_iter()
        .map(|w| HeardWord {
            start_s: words.get(w.word_from).map_or(0.0, |heard| heard.start_s),
            raw: w.word_from..w.word_to,
            text: w.text,
        })
        .collect();
    let flags = wire.findings.map(|findings| {
        findings
            .into_iter()
            .map(|f| Flag {
                raw: f.word_from..f.word_to,
                asked: f.severity > Severity::Info,
                start_s: f.start_s,
            })
            .collect()
    });
    let report = match wire.report {
        Some(r) => by_trace(r.text, &r.trace, &words),
        None => transcript.clone(),
    };
    Ok(Ok(Hypothesis {
        raw,
        transcript,
        report,
        words: shown,
        flags,
        wall_s: wire.wall_s,
        elapsed_s: wire.elapsed_s,
        peak_memory_bytes: wire.peak_memory_bytes,
    }))
}

/// Times for a text that consists of `shown`, whatever stands between them. A word that is not found where it should be
/// makes the times unusable: none are better than wrong ones.
fn by_words(text: String, shown: &[CorrectedWord], words: &[Word]) -> TimedText {
    let mut anchors = Vec::with_capacity(shown.len());
    let mut at = 0;
    for word in shown {
        let Some(from) = text[at..].find(word.text.trim()) else {
            return TimedText {
                text,
                anchors: Vec::new(),
            };
        };
        if let Some(heard) = words.get(word.word_from) {
            anchors.push((at + from, heard.start_s));
        }
        at += from + word.text.trim().len();
    }
    TimedText { text, anchors }
}

/// Times for a report from its trace. Within a span, the words of the text are spread over the raw words.
fn by_trace(text: String, trace: &[TraceSpan], words: &[Word]) -> TimedText {
    let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    bytes.push(text.len());
    let mut anchors: Vec<(usize, f64)> = Vec::new();
    for span in trace {
        let heard = span.word_to.min(words.len()).saturating_sub(span.word_from);
        let (Some(&from), Some(&to)) = (bytes.get(span.from), bytes.get(span.to)) else {
            continue;
        };
        if heard == 0 || from >= to {
            continue;
        }
        let starts = word_starts(&text[from..to]);
        for (n, start) in starts.iter().enumerate() {
            let word = span.word_from + n * heard / starts.len();
            anchors.push((from + start, words[word].start_s));
        }
    }
    anchors.sort_by_key(|(at, _)| *at);
    TimedText { text, anchors }
}

/// Byte offsets at which the runs between white space begin.
pub(super) fn word_starts(text: &str) -> Vec<usize> {
    let mut inside = false;
    text.char_indices()
        .filter_map(|(at, c)| {
            let begins = !c.is_whitespace() && !inside;
            inside = !c.is_whitespace();
            begins.then_some(at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"schema":1,"file":"a.wav","elapsed_s":2.5,"peak_memory_bytes":1000,
        "raw":{"text":"a pixel of five. Stop","words":[
          {"text":"a","start_s":1.0,"end_s":1.1,"probability":0.9},{"text":"pixel","start_s":2.0,"end_s":2.1,"probability":0.9},
          {"text":"of","start_s":3.0,"end_s":3.1,"probability":0.9},{"text":"five.","start_s":4.0,"end_s":4.1,"probability":0.9},
          {"text":"Stop","start_s":5.0,"end_s":5.1,"probability":0.9}]},
        "transcript":{"text":"apixaban five. Stop","edits":[{"id":1,"word_from":0,"word_to":3,"before":"a pixel of",
          "after":"apixaban","rule":"r","score":null,"state":"applied"}]},
        "report":{"type":"dictation","text":"Ärzte 5.\n\nStop","sections":[],"instructions":[],"trace":[
          {"from":0,"to":5,"word_from":0,"word_to":3,"rule":"r"},{"from":5,"to":8,"word_from":3,"word_to":4,"rule":"r"},
          {"from":8,"to":10,"word_from":4,"word_to":4,"rule":"layout"},{"from":10,"to":14,"word_from":4,"word_to":5,"rule":"r"}]},
        "findings":[],"coverage":{"speech_s":1,"covered_s":1,"gaps":[]}}"#;

    #[test]
    fn all_three_texts_get_their_times() {
        let h = parse(FULL).unwrap().unwrap();
        assert_eq!(
            h.raw.anchors,
            [(0, 1.0), (2, 2.0), (8, 3.0), (11, 4.0), (17, 5.0)]
        );
        assert_eq!(h.transcript.anchors, [(0, 1.0), (9, 4.0), (15, 5.0)]);
        // Offsets of the trace are characters, those of the anchors bytes.
        assert_eq!(h.report.anchors, [(0, 1.0), (7, 4.0), (11, 5.0)]);
        assert_eq!((h.elapsed_s, h.peak_memory_bytes), (Some(2.5), Some(1000)));
    }

    #[test]
    fn the_text_of_another_tool_stands_for_all_three() {
        let h = parse(r#"{"id":"x","text":"hello there","words":[{"text":"hello","start_s":0.5,"end_s":1.0},{"text":"there","start_s":1.0,"end_s":2.0}]}"#)
            .unwrap()
            .unwrap();
        assert_eq!(h.raw.anchors, [(0, 0.5), (6, 1.0)]);
        assert_eq!(h.raw, h.report);
        let h = parse(r#"{"text":"hello"}"#).unwrap().unwrap();
        assert!(h.transcript.anchors.is_empty());
    }

    #[test]
    fn words_that_do_not_make_the_text_give_no_times() {
        let h =
            parse(r#"{"text":"hello there","words":[{"text":"bye","start_s":0.5,"end_s":1.0}]}"#)
                .unwrap()
                .unwrap();
        assert!(h.raw.anchors.is_empty());
    }

    #[test]
    fn a_failed_recording_says_why() {
        let outcome =
            parse(r#"{"schema":1,"file":"a","error":{"code":"empty","message":"a: no sound"}}"#);
        assert_eq!(outcome.unwrap().unwrap_err(), "empty: a: no sound");
    }

    #[test]
    fn a_file_names_the_line_that_is_wrong() {
        let (line, error) =
            parse_many("{\"id\":\"a\",\"text\":\"x\"}\n\n{\"id\":\"b\"}").unwrap_err();
        assert_eq!(line, 3);
        assert!(error.to_string().contains("neither"));
        let (line, _) = parse_many("{\"text\":\"x\"}").unwrap_err();
        assert_eq!(line, 1);
        let twice = "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"y\"}";
        assert_eq!(parse_many(twice).unwrap_err().0, 2);
    }

    #[test]
    fn a_trace_that_points_nowhere_is_left_out() {
        let line = FULL.replace(
            "\"word_from\":4,\"word_to\":5",
            "\"word_from\":40,\"word_to\":50",
        );
        let h = parse(&line.replace("\"from\":10,\"to\":14", "\"from\":10,\"to\":99"))
            .unwrap()
            .unwrap();
        assert_eq!(h.report.anchors.len(), 2);
    }
}
