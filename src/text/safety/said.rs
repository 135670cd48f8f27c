//! The report as words that know what they are called, where they stand and which raw words they came from.

use crate::dictionary::index::fold;
use crate::domain::report::ReportBody;
use crate::domain::transcript::Word;
use crate::text::{headings, sections};
use std::ops::Range;

/// What stands between a word and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nothing but a space.
    None,
    /// A comma.
    Comma,
    /// A semicolon or colon.
    Clause,
    /// The end of a sentence or line.
    Stop,
}

/// A word of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Without the marks around it.
    pub text: String,
    /// The same in small ASCII letters.
    pub norm: String,
    /// First character in the report.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Raw words that it came from; empty for what no word stands for.
    pub words: Range<usize>,
    /// Lowest probability of them; 1 where there are none.
    pub probability: f32,
    /// What comes after it.
    pub gap: Gap,
    /// Number of its sentence.
    pub sentence: usize,
    /// Number of its section in [`Reading::headings`].
    pub section: usize,
    /// It is a word of a heading.
    pub heading: bool,
}

/// The report, read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Its words in order.
    pub said: Vec<Said>,
    /// Its headings; the first is empty and stands for the text before any.
    pub headings: Vec<String>,
    /// Words of each sentence, by its number.
    sentences: Vec<Range<usize>>,
    /// For each raw word the words of the report that came from it; empty where none did.
    places: Vec<Range<usize>>,
}

/// Words to either side that [`Reading::around`] looks at: no sentence that somebody speaks is longer.
const SENTENCE: usize = 40;

impl Reading {
    /// Reads a report. `words` are the raw words that its trace names.
    pub fn of(report: &ReportBody, words: &[Word]) -> Self {
        let mut reading = Self {
            said: Vec::new(),
            headings: vec![String::new()],
            sentences: Vec::new(),
            places: vec![0..0; words.len()],
        };
        let mut at = 0;
        let mut sentence = 0;
        for line in report.text.split('\n') {
            let heading = heading(line);
            if let Some((text, _)) = &heading {
                reading.headings.push(text.clone());
            }
            let heading_chars = heading.map_or(0, |(_, chars)| chars);
            sentence = reading.line(line, at, heading_chars, sentence, report, words) + 1;
            at += line.chars().count() + 1;
        }
        for (k, said) in reading.said.iter().enumerate() {
            if reading.sentences.len() <= said.sentence {
                reading.sentences.resize(said.sentence + 1, k..k);
            }
            reading.sentences[said.sentence].end = k + 1;
            for place in reading
                .places
                .get_mut(said.words.clone())
                .into_iter()
                .flatten()
            {
                *place = if place.start == place.end {
                    k..k + 1
                } else {
                    place.start.min(k)..place.end.max(k + 1)
                };
            }
        }
        reading
    }

    fn line(
        &mut self,
        line: &str,
        line_from: usize,
        heading_chars: usize,
        mut sentence: usize,
        report: &ReportBody,
        words: &[Word],
    ) -> usize {
        let chars: Vec<char> = line.chars().collect();
        let mut i = 0;
        let first = self.said.len();
        while i < chars.len() {
            if chars[i].is_whitespace() {
                i += 1;
                continue;
            }
            let end = (i..chars.len())
                .find(|k| chars[*k].is_whitespace())
                .unwrap_or(chars.len());
            let gap = match gap(&chars[i..end]) {
                Gap::Stop if is_abbreviation(&chars[i..end]) => Gap::None,
                gap => gap,
            };
            for part in parts(&chars, i, end) {
                let text: String = chars[part.clone()].iter().collect();
                let (from, to) = (line_from + part.start, line_from + part.end);
                let heard = heard(report, from, to);
                let probability = words
                    .get(heard.clone())
                    .unwrap_or_default()
                    .iter()
                    .map(|w| w.probability)
                    .fold(1.0_f32, f32::min);
                self.said.push(Said {
                    norm: fold(&text),
                    text,
                    from,
                    to,
                    words: heard,
                    probability,
                    gap: Gap::None,
                    sentence,
                    section: self.headings.len() - 1,
                    heading: part.end <= heading_chars,
                });
            }
            if let Some(last) = self.said.get_mut(first..).and_then(<[Said]>::last_mut) {
                last.gap = last.gap.max(gap);
                if gap == Gap::Stop {
                    sentence += 1;
                }
            }
            i = end;
        }
        if let Some(last) = self.said.get_mut(first..).and_then(<[Said]>::last_mut) {
            last.gap = Gap::Stop;
        }
        sentence
    }

    /// The kind of the section in which the word stands, or "".
    pub fn category(&self, at: usize) -> &'static str {
        self.said
            .get(at)
            .and_then(|s| sections::category(&self.headings[s.section]))
            .unwrap_or("")
    }

    /// The small-letter form of a word; "" where there is none.
    pub fn norm(&self, at: usize) -> &str {
        self.said.get(at).map_or("", |s| s.norm.as_str())
    }

    /// First and one past the last word of the sentence around `at`.
    pub fn sentence(&self, at: usize) -> Range<usize> {
        self.said
            .get(at)
            .and_then(|s| self.sentences.get(s.sentence))
            .map_or(at..at, Clone::clone)
    }

    /// The words of the sentence around `at` that are not far from it.
    pub fn around(&self, at: usize) -> Range<usize> {
        let sentence = self.sentence(at);
        sentence.start.max(at.saturating_sub(SENTENCE))..sentence.end.min(at + SENTENCE)
    }

    /// The words of the report that came from the raw words; empty where none did.
    pub fn places(&self, raw: Range<usize>) -> Range<usize> {
        let none = self.said.len()..self.said.len();
        let raw = self.places.get(raw).unwrap_or_default();
        let mut places = raw.iter().filter(|p| !p.is_empty());
        let Some(first) = places.next() else {
            return none;
        };
        places.fold(first.clone(), |all, p| {
            all.start.min(p.start)..all.end.max(p.end)
        })
    }

    /// Whether nothing that ends a clause stands between the words `from` and `to`.
    pub fn joined(&self, from: usize, to: usize) -> bool {
        self.said[from..to].iter().all(|s| s.gap < Gap::Clause)
    }

    /// The raw words behind `range`. Where a correction brought words of two places together, those of the last one.
    pub fn raw(&self, range: Range<usize>) -> Range<usize> {
        /// Words that a command or a mark between two words of the report may have.
        const APART: usize = 6;
        let mut named = self.said[range]
            .iter()
            .rev()
            .map(|s| &s.words)
            .filter(|w| !w.is_empty());
        let Some(last) = named.next() else {
            return 0..0;
        };
        let mut all = last.clone();
        for w in named {
            if w.start > all.end || w.end + APART < all.start {
                break;
            }
            all = all.start.min(w.start)..all.end.max(w.end);
        }
        all
    }
}

/// The heading with which a line begins, and how many characters it has.
fn heading(line: &str) -> Option<(String, usize)> {
    let (head, closed) = match line.split_once(':') {
        Some((head, _)) => (head.trim(), true),
        None => (line.trim(), false),
    };
    let words: Vec<String> = head.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() || words.len() > headings::LONGEST {
        return None;
    }
    let capitals = head.chars().any(char::is_alphabetic) && !head.chars().any(char::is_lowercase);
    let known = headings::is_heading(&words) || sections::category(head).is_some();
    ((closed && known) || (capitals && (closed || known))).then(|| {
        (
            head.to_owned(),
            line.chars()
                .count()
                .min(head.chars().count() + line.len() - line.trim_start().len()),
        )
    })
}

/// What the marks at the end of a run of characters close.
fn gap(chunk: &[char]) -> Gap {
    for c in chunk.iter().rev() {
        match c {
            '.' | '?' | '!' | '…' => return Gap::Stop,
            ';' | ':' => return Gap::Clause,
            ',' => return Gap::Comma,
            c if c.is_alphanumeric() || *c == '%' => return Gap::None,
            _ => {}
        }
    }
    Gap::None
}

/// "Dr." and its like, whose full stop ends no sentence.
fn is_abbreviation(chunk: &[char]) -> bool {
    let text: String = chunk.iter().collect::<String>().to_lowercase();
    matches!(
        text.as_str(),
        "dr." | "mr." | "mrs." | "ms." | "prof." | "st." | "vs." | "approx." | "e.g." | "i.e."
    )
}

fn inside(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '%' | '°' | 'µ')
}

/// The words of a run without white space: one, or the halves of "sacubitril/valsartan" and "heparin-bolus".
fn parts(chars: &[char], from: usize, to: usize) -> Vec<Range<usize>> {
    let Some(start) = (from..to).find(|k| inside(chars[*k])) else {
        return Vec::new();
    };
    let end = (start..to)
        .rev()
        .find(|k| inside(chars[*k]))
        .map_or(to, |k| k + 1);
    let long =
        |r: &Range<usize>| r.len() >= 5 && chars[r.clone()].iter().all(|c| c.is_alphabetic());
    if let Some(cut) = (start..end).find(|k| chars[*k] == '/') {
        let halves = [start..cut, cut + 1..end];
        if halves.iter().all(long) {
            return halves.to_vec();
        }
    }
    std::iter::once(start..end).collect()
}

/// The raw words behind the characters `from..to`.
fn heard(report: &ReportBody, from: usize, to: usize) -> Range<usize> {
    let first = report.trace.partition_point(|s| s.to <= from);
    let mut out: Option<Range<usize>> = None;
    for span in report.trace[first..].iter().take_while(|s| s.from < to) {
        if span.from == span.to || span.word_from == span.word_to {
            continue;
        }
        out = Some(match out {
            None => span.word_from..span.word_to,
            Some(o) => o.start.min(span.word_from)..o.end.max(span.word_to),
        });
    }
    out.unwrap_or(0..0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::testing::{draft_of, words};

    fn read(said: &str) -> Reading {
        Reading::of(&draft_of(said).report, &words(said))
    }

    #[test]
    fn words_know_their_marks_sentences_and_sections() {
        let r = read(
            "clinic note period plan colon sacubitril/valsartan 49/51 mg, rest period ice period",
        );
        let texts: Vec<&str> = r.said.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "CLINIC",
                "NOTE",
                "PLAN",
                "Sacubitril",
                "valsartan",
                "49/51",
                "mg",
                "rest",
                "Ice"
            ]
        );
        assert_eq!(r.said[1].gap, Gap::Stop);
        assert_eq!((r.said[6].gap, r.said[2].gap), (Gap::Comma, Gap::Stop));
        assert!(r.said[2].heading && !r.said[3].heading);
        assert_eq!((r.category(0), r.category(3)), ("", "plan"));
        assert_eq!(r.sentence(8), 8..9);
        assert_eq!(r.raw(3..7), 5..8);
        assert!(r.joined(3, 7) && !r.joined(1, 3));
        assert_eq!((r.places(5..6), r.places(6..8)), (3..5, 5..7));
        assert_eq!(r.places(2..3), 9..9);
    }

    #[test]
    fn a_line_in_capitals_is_a_heading() {
        let report = ReportBody {
            text: "MEDICATIONS:\nAspirin 81 mg.\nIV fluids were given.".into(),
            ..ReportBody::default()
        };
        let r = Reading::of(&report, &[]);
        assert_eq!(r.category(1), "medications");
        assert!(r.said[0].heading && !r.said[1].heading);
    }

    #[test]
    fn nothing_at_all_is_read_as_nothing() {
        assert!(read("").said.is_empty());
    }
}
