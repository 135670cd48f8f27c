//! From tokens to characters, with the trace of where each came from.

use crate::domain::report::{ReportBody, Section, TraceSpan};
use crate::text::headings;
use crate::text::token::{Break, Glue, Kind, LAYOUT, Mark, Token};

/// The document type where none was heard or chosen.
pub const UNTYPED: &str = "dictation";

/// Writes the tokens. Every character gets its span; words without a character get an empty one.
pub fn report(tokens: &[Token]) -> ReportBody {
    let mut page = Page::default();
    // Breaks after the last visible token would leave the text with an open end.
    let visible = tokens
        .iter()
        .rposition(|t| !matches!(t.kind, Kind::Break(_) | Kind::Consumed))
        .map_or(0, |i| i + 1);
    for (i, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Consumed => page.write("", token),
            Kind::Break(_) if i >= visible || page.text.is_empty() => page.write("", token),
            Kind::Break(kind) => {
                let wanted = match kind {
                    Break::Line => 1,
                    Break::Paragraph => 2,
                };
                let more = wanted - page.newlines.min(wanted);
                page.write(&"\n\n"[..more], token);
                page.newlines += more;
                page.last = Glue::default();
            }
            Kind::Word | Kind::Item | Kind::Text | Kind::Mark(..) => {
                let glue = glue(tokens, i);
                let spaced =
                    !page.text.is_empty() && page.newlines == 0 && !glue.left && !page.last.right;
                if spaced {
                    page.space(token.words.start);
                }
                page.write(&token.text, token);
                (page.last, page.newlines) = (glue, 0);
            }
        }
    }
    let sections = sections(&page.text);
    ReportBody {
        kind: UNTYPED.to_owned(),
        text: page.text,
        sections,
        trace: page.trace,
        instructions: Vec::new(),
    }
}

/// A dash between numbers or single letters joins them ("L4-L5"); between words it stands apart.
fn glue(tokens: &[Token], at: usize) -> Glue {
    let token = &tokens[at];
    if token.spoken_mark() != Some(Mark::Dash) {
        return token.glue;
    }
    let short = |i: Option<usize>| {
        i.and_then(|i| tokens.get(i)).is_some_and(|t| {
            t.kind == Kind::Word
                && (t.text.chars().count() == 1 || t.text.chars().any(|c| c.is_ascii_digit()))
        })
    };
    if short(at.checked_sub(1)) && short(Some(at + 1)) {
        Mark::Hyphen.glue()
    } else {
        token.glue
    }
}

#[derive(Default)]
struct Page {
    text: String,
    chars: usize,
    trace: Vec<TraceSpan>,
    /// Line ends at the end of the text.
    newlines: usize,
    /// How the last visible token sits.
    last: Glue,
    /// One past the last raw word written, for the place of layout that nobody spoke.
    word_to: usize,
}

impl Page {
    fn span(&mut self, text: &str, words: std::ops::Range<usize>, rule: &str) {
        let from = self.chars;
        self.chars += text.chars().count();
        self.text.push_str(text);
        // Marks that the engine attached to a word continue the word's span.
        if let Some(last) = self.trace.last_mut()
            && last.rule == rule
            && (last.word_from, last.word_to) == (words.start, words.end)
        {
            last.to = self.chars;
            return;
        }
        if from == self.chars && words.is_empty() {
            return;
        }
        self.trace.push(TraceSpan {
            from,
            to: self.chars,
            word_from: words.start,
            word_to: words.end,
            rule: rule.to_owned(),
        });
    }

    fn write(&mut self, text: &str, token: &Token) {
        self.span(text, token.words.clone(), token.rule);
        self.word_to = token.words.end;
    }

    fn space(&mut self, before: usize) {
        let at = self.word_to.min(before);
        self.span(" ", at..at, LAYOUT);
    }
}

/// The parts of a text: each paragraph that begins with a known heading and a colon opens one.
pub fn sections(text: &str) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    for paragraph in text.split("\n\n").filter(|p| !p.is_empty()) {
        let heading = paragraph.split_once(':').filter(|(heading, _)| {
            heading.len() <= 60 && {
                let words: Vec<String> = heading.split(' ').map(str::to_lowercase).collect();
                headings::is_heading(&words)
            }
        });
        match (heading, out.last_mut()) {
            (Some((heading, text)), _) => out.push(Section {
                heading: heading.to_owned(),
                text: text.trim_start().to_owned(),
            }),
            (None, Some(section)) => {
                if !section.text.is_empty() {
                    section.text.push_str("\n\n");
                }
                section.text.push_str(paragraph);
            }
            (None, None) => out.push(Section {
                heading: String::new(),
                text: paragraph.to_owned(),
            }),
        }
    }
    out
}
