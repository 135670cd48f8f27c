//! Numbers as a report writes them, from words and from what the engine wrote ("ten milligrams", "10mg": 10 mg).
//!
//! One rule of the text pass, several families over one list of [`cells`]: [`read`] makes one cell of each spoken
//! number; [`dates`], [`ratios`], [`names`], [`units`] settle those that something around them explains; [`counts`]
//! decides about the rest. A value changes in no case but where it can be read in one way only; what could be read in
//! two ways stays as it was heard, and [`findings`] points at it.

mod cells;
mod counts;
mod dates;
mod names;
mod ratios;
mod read;
mod units;

use crate::domain::finding::{Finding, FindingKind, Severity, Suggestion};
use crate::domain::transcript::{Word, join};
use crate::text::token::{Kind, Token};

/// How a site writes dates, a few units, and words that have two spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStyle {
    /// By the dictation itself: who says "full stop" writes "3 March 2026", who says "period" "March 3, 2026".
    #[default]
    AsHeard,
    /// "March 3, 2026", "mcg".
    American,
    /// "3 March 2026", "micrograms".
    British,
}

impl TextStyle {
    /// The style itself, or the one that the dictation shows.
    pub fn or_heard(self, tokens: &[Token]) -> Self {
        match self {
            Self::AsHeard => Self::of(tokens),
            style => style,
        }
    }

    /// What a dictation shows of its style.
    fn of(tokens: &[Token]) -> Self {
        let spoken = |rule: &str| tokens.iter().filter(|t| t.rule == rule).count();
        let (stops, periods) = (
            spoken("punctuation.full_stop"),
            spoken("punctuation.period"),
        );
        #[rustfmt::skip]
        const BRITISH: &[&str] = &["litre", "litres", "metre", "metres", "oedema", "anaemia", "haemoglobin", "ischaemic"];
        if stops > periods {
            Self::British
        } else if periods > 0 {
            Self::American
        } else if tokens.iter().any(|t| BRITISH.contains(&t.text.as_str())) {
            Self::British
        } else {
            Self::AsHeard
        }
    }
}

/// Rule: numbers in a style.
pub fn written(tokens: &[Token], style: TextStyle) -> Vec<Token> {
    let style = style.or_heard(tokens);
    let cells = cells::cells(tokens);
    let cells = units::unstick(cells);
    let cells = names::unglue(cells);
    let cells = read::numbers(cells);
    let cells = dates::dates(cells, style);
    let cells = ratios::ratios(cells);
    let cells = ratios::partners(cells);
    let cells = names::names(cells);
    let cells = units::measures(cells, style);
    let cells = counts::prose(cells);
    cells::tokens(cells)
}

/// A finding for each number that was left as it was heard because it has two readings, and for each whose reading
/// follows from its value alone. `words` are the raw ones.
pub fn findings(tokens: &[Token], words: &[Word]) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].rule == ratios::READ {
            let message = format!(
                "The figures that were heard here were read as {}; listen and correct them if needed.",
                tokens[at].text
            );
            let of_number = (&tokens[at], &tokens[at]);
            out.push(finding(
                of_number,
                words,
                Severity::Warning,
                message,
                Vec::new(),
            ));
            at += 1;
            continue;
        }
        let run = tokens[at..]
            .iter()
            .take_while(|t| t.rule == cells::UNCLEAR || t.kind == Kind::Consumed)
            .count();
        let mut unclear = tokens[at..at + run]
            .iter()
            .filter(|t| t.rule == cells::UNCLEAR);
        if let Some(first) = unclear.next() {
            out.push(finding(
                (first, unclear.next_back().unwrap_or(first)),
                words,
                Severity::Critical,
                "This number can be read in more than one way; listen and write what was meant."
                    .into(),
                readings(&tokens[at..at + run]),
            ));
        }
        at += run.max(1);
    }
    out
}

fn finding(
    (first, last): (&Token, &Token),
    words: &[Word],
    severity: Severity,
    message: String,
    suggestions: Vec<Suggestion>,
) -> Finding {
    let (from, to) = (first.words.start, last.words.end);
    let heard = words.get(from..to).unwrap_or_default();
    Finding {
        heard: join(heard.iter().map(|w| w.text.as_str())),
        suggestions,
        ..Finding::new(
            FindingKind::LowConfidenceNumber,
            severity,
            (first.sound.start_s, last.sound.end_s),
            (from, to),
            message,
            first.rule,
        )
    }
}

/// What an unclear run could be: one number, a ratio, two numbers.
fn readings(tokens: &[Token]) -> Vec<Suggestion> {
    let numbers: Vec<String> = read::numbers(cells::cells(tokens))
        .into_iter()
        .filter_map(|c| c.num.map(|n| n.text))
        .collect();
    let texts = match numbers.as_slice() {
        [_, _, ..] => {
            let mut texts = vec![numbers.concat(), numbers.join("/"), numbers.join(", ")];
            if let [whole, tenths] = numbers.as_slice()
                && tenths.len() == 1
            {
                texts.push(format!("{whole}.{tenths}"));
            }
            texts
        }
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .map(|text: String| Suggestion { text, score: 0.0 })
        .collect()
}
