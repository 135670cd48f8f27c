//! What became another text between two versions of a report, word by word.

use crate::domain::align::{Step, align, distance};

/// What happened to a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It stands in both.
    Same,
    /// It stood in the older one only.
    Del,
    /// It stands in the newer one only.
    Ins,
}

written!(Op {
    Same => "same",
    Del => "del",
    Ins => "ins",
});

/// A stretch of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What happened to it.
    pub op: Op,
    /// The text with the white space behind its words; of what is the same, as the newer one has it.
    pub text: String,
}

/// A word, and the same with the white space behind it.
struct Token<'a> {
    word: &'a str,
    whole: &'a str,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let end = rest[word_end..]
            .find(|c: char| !c.is_whitespace())
            .map_or(rest.len(), |i| word_end + i);
        out.push(Token {
            word: &rest[..word_end],
            whole: &rest[..end],
        });
        rest = &rest[end..];
    }
    out
}

fn words<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens.iter().map(|t| t.word).collect()
}

/// How many tokens are the same at the beginning, and then at the end.
fn common(a: &[Token<'_>], b: &[Token<'_>]) -> (usize, usize) {
    let same = |(a, b): &(&Token<'_>, &Token<'_>)| a.word == b.word;
    let head = a.iter().zip(b).take_while(same).count();
    let tail = (a[head..].iter().rev())
        .zip(b[head..].iter().rev())
        .take_while(same)
        .count();
    (head, tail)
}

/// Pieces under way: what went and what came since the last word that stayed.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    del: String,
    ins: String,
}

impl Pieces {
    fn push(&mut self, op: Op, text: &str) {
        match self.done.last_mut() {
            Some(last) if last.op == op => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.done.push(Piece {
                op,
                text: text.to_owned(),
            }),
        }
    }

    fn flush(&mut self) {
        let (del, ins) = (std::mem::take(&mut self.del), std::mem::take(&mut self.ins));
        self.push(Op::Del, &del);
        self.push(Op::Ins, &ins);
    }

    fn same(&mut self, token: &Token<'_>) {
        self.flush();
        self.push(Op::Same, token.whole);
    }
}

/// The difference of two texts. White space alone is none. What stayed and what came make up the newer text exactly.
pub fn diff(before: &str, after: &str) -> Vec<Piece> {
    let (a, b) = (tokens(before), tokens(after));
    let (head, tail) = common(&a, &b);
    let (from, to) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let mut pieces = Pieces::default();
    b[..head].iter().for_each(|t| pieces.same(t));
    let (mut old, mut new) = (from.iter(), to.iter());
    for step in align(&words(from), &words(to)) {
        let gone = (step != Step::Insert).then(|| old.next()).flatten();
        let come = (step != Step::Delete).then(|| new.next()).flatten();
        match (step, come) {
            (Step::Match, Some(token)) => pieces.same(token),
            _ => {
                pieces.del.extend(gone.map(|t| t.whole));
                pieces.ins.extend(come.map(|t| t.whole));
            }
        }
    }
    pieces.flush();
    b[b.len() - tail..].iter().for_each(|t| pieces.same(t));
    pieces.done
}

/// Words of a text.
pub fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Words that have to be put in, taken out or replaced to make `after` of `before`.
pub fn errors(before: &str, after: &str) -> usize {
    let (a, b) = (tokens(before), tokens(after));
    let (head, tail) = common(&a, &b);
    distance(
        &words(&a[head..a.len() - tail]),
        &words(&b[head..b.len() - tail]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        let shown: String = diff(before, after)
            .iter()
            .map(|p| match p.op {
                Op::Same => p.text.clone(),
                Op::Del => format!("[-{}]", p.text),
                Op::Ins => format!("[+{}]", p.text),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_went_stands_before_what_came_for_it() {
        check("no pain today", "no rain today", "no [-pain ][+rain ]today");
        check("a b c d", "a x y d", "a [-b c ][+x y ]d");
        check("no pain", "no pain today", "no pain [+today]");
        check("no pain today", "today", "[-no pain ]today");
        check("", "new", "[+new]");
        check("old", "", "[-old]");
        check("one\n\ntwo", "one two", "one two");
    }

    #[test]
    fn errors_are_words() {
        assert_eq!(errors("a b c", "a b c"), 0);
        assert_eq!(errors("a b c", "a x c"), 1);
        assert_eq!(errors("a b c", "c"), 2);
        assert_eq!(count(" a  b\nc "), 3);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_difference(a in "([abc]{1,2}[ \n]{1,2}){0,12}", b in "([abc]{1,2}[ \n]{1,2}){0,12}") {
            let pieces = diff(&a, &b);
            let of = |op: Op| -> String {
                pieces.iter().filter(|p| p.op == Op::Same || p.op == op).map(|p| p.text.as_str()).collect()
            };
            prop_assert_eq!(of(Op::Ins), b.clone());
            let old = of(Op::Del);
            prop_assert!(old.split_whitespace().eq(a.split_whitespace()));
            prop_assert!(pieces.windows(2).all(|p| p[0].op != p[1].op));
        }
    }
}
