//! The stream as the number rules see it: cells that know their value and what they will be written as.
//!
//! A cell begins as one visible token, with the used-up tokens behind it (a filler between "five" and "milligrams" is no
//! obstacle). Rules read numbers, join cells, and give them a written form; what nobody writes comes out as it came in.

use crate::text::token::{Glue, Kind, Mark, Origin, Token};
use std::mem::take;

/// Rule name of numbers that have two readings: they stay as they were heard, and a finding points at them.
pub const UNCLEAR: &str = "number.unclear";
/// Rule name of the parts of a token that was cut ("10mg").
const CUT: &str = "number.cut";

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub struct Num {
    /// In figures.
    pub text: String,
    /// Its value; of a compound such as "49/51", its first number's.
    pub value: f64,
    /// Said in words, not written in figures by the engine.
    pub spoken: bool,
    /// "third", "14th".
    pub ordinal: bool,
    /// More than one number: "138/84", "5-10", "8:30".
    pub compound: bool,
    /// Carries its percent sign.
    pub percent: bool,
}

impl Num {
    /// A cardinal that was said in words.
    pub fn spoken(text: String) -> Self {
        Self {
            value: text.parse().unwrap_or(0.0),
            text,
            spoken: true,
            ordinal: false,
            compound: false,
            percent: false,
        }
    }

    /// Its value if it is a plain whole cardinal.
    pub fn whole(&self) -> Option<u64> {
        (!self.ordinal && !self.compound && !self.percent && !self.text.contains('.'))
            .then_some(self.value as u64)
    }

    /// A cardinal under ten that was said in words: in prose it stays one.
    pub fn is_small(&self) -> bool {
        self.spoken && self.whole().is_some_and(|n| n < 10)
    }

    /// A value that a unit can follow.
    pub fn is_cardinal(&self) -> bool {
        !self.ordinal
    }
}

/// What a cell comes out as.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    text: String,
    glue: Glue,
}

/// One visible token and what became of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    parts: Vec<Token>,
    /// The word in small letters; empty for anything that is no word.
    pub norm: String,
    /// Its value, if it is a number.
    pub num: Option<Num>,
    written: Option<Written>,
    /// The rule that settled it, also where it stays as it was; empty for none.
    rule: &'static str,
    unclear: bool,
}

impl Cell {
    fn of(token: Token) -> Self {
        let (norm, num) = match token.kind {
            Kind::Word => {
                // The engine's full stop of "mg." is a mark of its own; that of "a.m." is not.
                (token.text.to_lowercase(), heard(&token.text))
            }
            _ => (String::new(), None),
        };
        Self {
            parts: vec![token],
            norm,
            num,
            written: None,
            rule: "",
            unclear: false,
        }
    }

    fn visible(&self) -> Option<&Token> {
        self.parts.iter().find(|t| t.kind != Kind::Consumed)
    }

    /// The text of its first token as it came.
    pub fn text(&self) -> &str {
        self.visible().map_or("", |t| t.text.as_str())
    }

    /// What it will write, as far as that is settled.
    pub fn shown(&self) -> &str {
        self.written
            .as_ref()
            .map_or_else(|| self.text(), |w| w.text.as_str())
    }

    /// The mark that it is.
    pub fn mark(&self) -> Option<(Mark, Origin)> {
        match self.visible()?.kind {
            Kind::Mark(mark, origin) if self.written.is_none() => Some((mark, origin)),
            _ => None,
        }
    }

    /// A mark that the engine wrote.
    pub fn heard_mark(&self) -> Option<Mark> {
        self.mark()
            .and_then(|(mark, origin)| (origin == Origin::Heard).then_some(mark))
    }

    /// A word.
    pub fn is_word(&self) -> bool {
        self.visible().is_some_and(|t| t.kind == Kind::Word)
    }

    /// Begins with a capital letter.
    pub fn is_capital(&self) -> bool {
        self.text().starts_with(char::is_uppercase)
    }

    /// The rule that settled it.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// Whether it is settled.
    pub fn is_written(&self) -> bool {
        !self.rule.is_empty()
    }

    /// Settles what it writes; what would come out the same anyway stays untouched.
    pub fn write(&mut self, text: impl Into<String>, rule: &'static str) {
        self.write_glued(text, rule, Glue::default());
    }

    /// [`Cell::write`], touching its neighbours as `glue` says.
    pub fn write_glued(&mut self, text: impl Into<String>, rule: &'static str, glue: Glue) {
        let text = text.into();
        self.rule = rule;
        if let [token] = self.parts.as_slice()
            && token.text == text
            && token.glue == glue
            && token.rule != CUT
        {
            self.written = None;
            return;
        }
        self.written = Some(Written { text, glue });
    }

    /// Writes its number in figures.
    pub fn numeral(&mut self) {
        if let Some(num) = &self.num {
            let rule = if num.ordinal {
                "number.ordinal"
            } else if num.text.contains('.') {
                "number.decimal"
            } else {
                "number.cardinal"
            };
            self.numeral_as(rule);
        }
    }

    /// [`Cell::numeral`] under the name of the rule that asked for it.
    pub fn numeral_as(&mut self, rule: &'static str) {
        if let Some(num) = &self.num
            && !self.is_written()
        {
            let percent = if num.percent { "%" } else { "" };
            let text = format!("{}{percent}", num.text);
            self.write(text, rule);
        }
    }

    /// Leaves it as it was heard and points at it.
    pub fn unclear(&mut self) {
        self.written = None;
        self.rule = "";
        self.unclear = true;
    }

    /// Whether it was left to a person.
    pub fn is_unclear(&self) -> bool {
        self.unclear
    }

    fn out(self, out: &mut Vec<Token>) {
        let rule = self.rule;
        let Some(written) = self.written else {
            let unclear = self.unclear;
            out.extend(self.parts.into_iter().map(|mut t| {
                if unclear && t.kind == Kind::Word {
                    t.rule = UNCLEAR;
                }
                t
            }));
            return;
        };
        let mut seed: Option<Token> = None;
        for part in self.parts.iter().filter(|t| t.kind != Kind::Consumed) {
            match &mut seed {
                None => seed = Some(part.clone()),
                Some(seed) => {
                    seed.words.start = seed.words.start.min(part.words.start);
                    seed.words.end = seed.words.end.max(part.words.end);
                    seed.sound.end_s = seed.sound.end_s.max(part.sound.end_s);
                    seed.sound.probability = seed.sound.probability.min(part.sound.probability);
                }
            }
        }
        if let Some(seed) = seed {
            let kind = if written.text.is_empty() {
                Kind::Consumed
            } else {
                Kind::Word
            };
            let mut token = seed.with(written.text, kind, rule);
            token.glue = written.glue;
            out.push(token);
        }
        out.extend(self.parts.into_iter().filter(|t| t.kind == Kind::Consumed));
    }
}

/// The stream as cells.
pub fn cells(tokens: &[Token]) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::with_capacity(tokens.len() + 8);
    for token in tokens {
        match (token.kind, out.last_mut()) {
            (Kind::Consumed, Some(last)) => last.parts.push(token.clone()),
            _ => out.push(Cell::of(token.clone())),
        }
    }
    out
}

/// The cells as a stream.
pub fn tokens(cells: Vec<Cell>) -> Vec<Token> {
    let mut out = Vec::with_capacity(cells.len());
    for cell in cells {
        cell.out(&mut out);
    }
    out
}

/// Several cells as one that is to be written.
pub fn joined(cells: &mut [Cell]) -> Cell {
    let mut whole = Cell::default();
    for cell in cells {
        let cell = take(cell);
        if whole.norm.is_empty() {
            whole.norm = cell.norm;
        }
        if whole.num.is_none() {
            whole.num = cell.num;
        }
        whole.parts.extend(cell.parts);
    }
    whole
}

/// Cuts a word at byte offsets; where they `touch`, the pieces stay together until somebody writes them.
pub fn cut(cell: &mut Cell, at: &[usize], touch: bool) -> Vec<Cell> {
    let whole = take(cell);
    let mut rest = whole.parts.into_iter();
    let Some(token) = rest.next() else {
        return vec![Cell::default()];
    };
    let mut out: Vec<Cell> = Vec::with_capacity(at.len() + 1);
    let mut from = 0;
    for to in at.iter().copied().chain([token.text.len()]) {
        let mut piece = token.with(&token.text[from..to], Kind::Word, CUT);
        piece.glue.left = touch && from > 0;
        out.push(Cell::of(piece));
        from = to;
    }
    if let Some(last) = out.last_mut() {
        last.parts.extend(rest);
    }
    out
}

/// Goes through the cells from left to right. `step` sees what is done and what is to come; it gives how many cells it
/// took and what stands in their place, or nothing.
pub fn pass(
    mut cells: Vec<Cell>,
    step: impl Fn(&[Cell], &mut [Cell]) -> Option<(usize, Vec<Cell>)>,
) -> Vec<Cell> {
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        match step(&out, &mut cells[at..]) {
            Some((used, made)) => {
                out.extend(made);
                at += used.max(1);
            }
            None => {
                out.push(take(&mut cells[at]));
                at += 1;
            }
        }
    }
    out
}

/// The word at `at`, in small letters; empty past the end and for anything that is no word.
pub fn norm(cells: &[Cell], at: usize) -> &str {
    cells.get(at).map_or("", |c| c.norm.as_str())
}

/// The number at `at`.
pub fn num(cells: &[Cell], at: usize) -> Option<&Num> {
    cells.get(at)?.num.as_ref()
}

/// The `k`-th cell before the end (from 1), as a word.
pub fn back(done: &[Cell], k: usize) -> &str {
    done.len().checked_sub(k).map_or("", |i| norm(done, i))
}

/// The mark at `at`, if the engine wrote it.
pub fn heard_mark(cells: &[Cell], at: usize) -> Option<Mark> {
    cells.get(at)?.heard_mark()
}

/// A sentence, a line or an item begins after these cells.
pub fn starts_sentence(done: &[Cell]) -> bool {
    match done.last().and_then(Cell::visible).map(|t| t.kind) {
        None | Some(Kind::Break(_) | Kind::Item | Kind::Text | Kind::Consumed) => true,
        Some(Kind::Mark(mark, _)) => mark.is_stop(),
        Some(Kind::Word) => false,
    }
}

/// A number in figures, as the engine writes them: "84.6", "3,280", ".5", "96%", "14th", "138/84".
fn heard(text: &str) -> Option<Num> {
    let first = text.chars().next()?;
    if !(first.is_ascii_digit()
        || (first == '.' && text[1..].starts_with(|c: char| c.is_ascii_digit())))
    {
        return None;
    }
    let (body, percent) = match text.strip_suffix('%') {
        Some(body) => (body, true),
        None => (text, false),
    };
    let num = |text: String, ordinal, compound| {
        let digits: String = text
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        Num {
            value: digits.parse().unwrap_or(0.0),
            text,
            spoken: false,
            ordinal,
            compound,
            percent,
        }
    };
    for suffix in ["st", "nd", "rd", "th"] {
        if let Some(digits) = body.strip_suffix(suffix)
            && digits.chars().all(|c| c.is_ascii_digit())
        {
            return Some(num(body.to_owned(), true, false));
        }
    }
    if plain(body) {
        let text = body.replace(',', "");
        let text = if text.starts_with('.') {
            format!("0{text}")
        } else {
            text
        };
        return Some(num(text, false, false));
    }
    let compound = body.ends_with(|c: char| c.is_ascii_digit())
        && body
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | '-' | ':' | '\u{2013}'));
    compound.then(|| num(body.to_owned(), false, true))
}

/// Digits with at most one point, and commas only where thousands have them.
fn plain(text: &str) -> bool {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let mut more = groups.peekable();
    let whole_fits = digits(first)
        && (more.peek().is_none() || matches!(first.len(), 1..=3))
        && more.all(|g| g.len() == 3 && digits(g));
    whole_fits && fraction.is_none_or(|f| !f.is_empty() && digits(f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_with_their_signs() {
        for (text, figures, kind) in [
            ("84.6", "84.6", ""),
            ("3,280", "3280", ""),
            ("1,250,000", "1250000", ""),
            (".5", "0.5", ""),
            ("96%", "96", "percent"),
            ("14th", "14th", "ordinal"),
            ("138/84", "138/84", "compound"),
            ("5-10", "5-10", "compound"),
            ("1,2", "1,2", "compound"),
            ("12,34", "12,34", "compound"),
        ] {
            let num = heard(text).unwrap();
            let found = [
                (num.percent, "percent"),
                (num.ordinal, "ordinal"),
                (num.compound, "compound"),
            ];
            let found = found
                .iter()
                .find(|(is, _)| *is)
                .map_or("", |(_, name)| name);
            assert_eq!((num.text.as_str(), found), (figures, kind), "{text}");
        }
        for text in ["L4", "10mg", "4x3", "", ".", "one", "%", "3-way", "2+"] {
            assert_eq!(heard(text), None, "{text}");
        }
    }
}
