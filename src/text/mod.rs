//! From corrected words to a readable report: spoken punctuation, layout, and the trace back to the words.
//!
//! Pure: no I/O, no clock. The words become a stream of [`token`]s; each rule is a function from one stream to the
//! next, one rule family per file, and [`draft`] runs them in order:
//!
//! 1. [`macros`] puts in the ready texts that were asked for by name; they are data and come with the words.
//! 2. [`fillers`] drops "um" and what was begun twice.
//! 3. [`commands`] finds the spoken commands; [`punctuation`] and [`layout`] tell them from the same words in a
//!    sentence by their neighbours ([`context`]).
//! 4. [`headings`], [`lists`], [`spelled`] and [`blanks`] carry out what was said about form.
//! 5. [`lists::amended`] and [`corrections`] carry out what the speaker corrected; [`instructions`] takes out what was
//!    said to the secretary.
//! 6. [`marks`] brings the engine's own punctuation and the spoken one together.
//! 7. [`numbers`] writes numbers, doses, dates and times as a report has them.
//! 8. [`headings`], [`lists`] and [`letters`] lay out title, sections, the ends of lists, and letters.
//! 9. [`do_not_write`] expands what must not be written, [`orthography`] writes American or British, [`case`] sets
//!    capitals.
//!
//! A word that leaves no character is set aside after the rule that used it up, so that no later rule stumbles over it,
//! and comes back in its place for the trace. [`notes`] reads from these words what a person should know. [`render`]
//! writes the stream, and [`trace`] proves that no word was lost. [`document`] hears what kind of document it is,
//! [`sections`] knows the headings, and [`safety`] reads the finished draft for what could harm somebody.

pub mod blanks;
pub mod case;
pub mod commands;
pub mod context;
pub mod corrections;
pub mod do_not_write;
pub mod document;
pub mod fillers;
pub mod headings;
pub mod instructions;
pub mod layout;
pub mod letters;
pub mod lists;
pub mod macros;
pub mod marks;
pub mod notes;
pub mod numbers;
pub mod orthography;
pub mod phrases;
pub mod punctuation;
pub mod render;
pub mod safety;
pub mod sections;
pub mod spelled;
pub mod token;
pub mod trace;

use crate::domain::finding::{Finding, FindingKind, Severity, number};
use crate::domain::report::ReportBody;
use crate::domain::template::PlacedText;
use crate::domain::transcript::{CorrectedWord, Word, corrected};
use macros::ReadyText;
use std::panic::{AssertUnwindSafe, catch_unwind};
use token::{Kind, Token};

pub use numbers::TextStyle;

/// What the text pass makes of a dictation.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The report.
    pub report: ReportBody,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}

/// One step of the text pass: a pure function from a stream to a stream that names at least the same raw words.
pub struct Rule {
    /// Its name, as a finding shows it.
    pub name: &'static str,
    /// What it does.
    pub apply: fn(&[Token], &Setup) -> Vec<Token>,
}

/// The rules in their order.
pub const RULES: &[Rule] = &[
    Rule {
        name: "placed texts",
        apply: |tokens, setup| macros::placed(tokens, setup.placed),
    },
    Rule {
        name: "macros",
        apply: |tokens, setup| macros::inserted(tokens, setup.ready_texts),
    },
    Rule {
        name: "fillers",
        apply: |tokens, _| fillers::dropped(tokens),
    },
    Rule {
        name: "commands",
        apply: |tokens, _| commands::spoken(tokens),
    },
    Rule {
        name: "doctors",
        apply: |tokens, _| spelled::doctors(tokens),
    },
    Rule {
        name: "next heading",
        apply: |tokens, _| headings::spoken(tokens),
    },
    Rule {
        name: "lists",
        apply: |tokens, _| lists::numbered(tokens),
    },
    Rule {
        name: "spelling",
        apply: |tokens, _| spelled::words(tokens),
    },
    Rule {
        name: "caps",
        apply: |tokens, _| spelled::caps(tokens),
    },
    Rule {
        name: "blanks",
        apply: |tokens, _| blanks::visible(tokens),
    },
    Rule {
        name: "amendments",
        apply: |tokens, _| lists::amended(tokens),
    },
    Rule {
        name: "corrections",
        apply: |tokens, _| corrections::spoken(tokens),
    },
    Rule {
        name: "instructions",
        apply: |tokens, _| instructions::taken_out(tokens),
    },
    Rule {
        name: "marks",
        apply: |tokens, _| marks::reconcile(tokens),
    },
    Rule {
        name: "breaths",
        apply: |tokens, _| marks::breaths(tokens),
    },
    Rule {
        name: "quotes",
        apply: |tokens, setup| marks::inside_quotes(tokens, setup.style),
    },
    Rule {
        name: "titles of people",
        apply: |tokens, setup| spelled::british_titles(tokens, setup.style),
    },
    Rule {
        name: "numbers",
        apply: |tokens, setup| numbers::written(tokens, setup.style),
    },
    Rule {
        name: "bare headings",
        apply: |tokens, _| headings::alone(tokens),
    },
    Rule {
        name: "title",
        apply: |tokens, _| headings::title(tokens),
    },
    Rule {
        name: "headings",
        apply: |tokens, _| headings::paragraphs(tokens),
    },
    Rule {
        name: "list ends",
        apply: |tokens, _| lists::ended(tokens),
    },
    Rule {
        name: "letters",
        apply: |tokens, _| letters::laid_out(tokens),
    },
    Rule {
        name: "do_not_write",
        apply: |tokens, _| do_not_write::expand(tokens),
    },
    Rule {
        name: "orthography",
        apply: |tokens, setup| orthography::written(tokens, setup.style),
    },
    Rule {
        name: "case",
        apply: |tokens, _| case::sentences(tokens),
    },
    Rule {
        name: "capitals",
        apply: |tokens, _| headings::capitals(tokens),
    },
];

/// Makes a report of the corrected words; `words` are the raw ones, for their times and probabilities.
///
/// Never panics and never loses a word: a rule that fails is left out, the text stays as it was before it, and a
/// finding says so.
pub fn draft(words: &[Word], corrected: &[CorrectedWord]) -> Draft {
    draft_with(words, corrected, &Setup::default())
}

/// What the text pass is told beside the words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup<'a> {
    /// How the site writes dates and units.
    pub style: TextStyle,
    /// The texts that may be asked for by name.
    pub ready_texts: &'a [ReadyText],
    /// Those that stand between the words already, in their order.
    pub placed: &'a [PlacedText],
    /// Names of rules to leave out, to measure what they do.
    pub without: &'a [String],
}

/// [`draft`] for a practice with its own settings.
pub fn draft_with(words: &[Word], corrected: &[CorrectedWord], setup: &Setup) -> Draft {
    draft_by(RULES, words, corrected, setup)
}

/// [`draft_with`] with other rules.
pub fn draft_by(
    rules: &[Rule],
    words: &[Word],
    corrected_words: &[CorrectedWord],
    setup: &Setup,
) -> Draft {
    let mut stream = Stream::new(words, corrected_words);
    let left_out = |rule: &Rule| setup.without.iter().any(|name| name == rule.name);
    for rule in rules.iter().filter(|rule| !left_out(rule)) {
        stream.step(rule.name, |tokens| (rule.apply)(tokens, setup));
    }
    let (mut findings, tokens) = stream.end();
    let (told, instructions) = notes::told(&tokens, words);
    findings.extend(told);
    findings.extend(
        catch_unwind(AssertUnwindSafe(|| numbers::findings(&tokens, words))).unwrap_or_default(),
    );
    let written = catch_unwind(AssertUnwindSafe(|| {
        let report = render::report(&tokens);
        trace::accounted(words.len(), corrected_words, &report).map(|()| report)
    }));
    let mut report = match written {
        Ok(Ok(report)) => report,
        Ok(Err(fault)) => {
            findings.push(failed(words, "render", &fault.to_string()));
            as_said(words, corrected_words)
        }
        Err(_) => {
            findings.push(failed(words, "render", "it stopped with an error"));
            as_said(words, corrected_words)
        }
    };
    report.instructions = instructions;
    if let Some(heard) = document::heard(&report.text) {
        heard.kind.as_str().clone_into(&mut report.kind);
    }
    number(&mut findings);
    Draft { report, findings }
}

/// The tokens on their way through the rules.
struct Stream<'a> {
    words: &'a [Word],
    tokens: Vec<Token>,
    /// Used up by an earlier rule.
    aside: Vec<Token>,
    /// Which raw words there were at first.
    named: Vec<bool>,
    findings: Vec<Finding>,
}

impl<'a> Stream<'a> {
    fn new(words: &'a [Word], corrected_words: &[CorrectedWord]) -> Self {
        let tokens = token::tokens(words, corrected_words);
        let named = named(tokens.iter(), words.len());
        let (aside, tokens) = tokens.into_iter().partition(|t| t.kind == Kind::Consumed);
        Self {
            words,
            tokens,
            aside,
            named,
            findings: Vec::new(),
        }
    }

    /// Applies a rule, unless it fails or loses a word.
    fn step(&mut self, name: &str, apply: impl Fn(&[Token]) -> Vec<Token>) {
        match catch_unwind(AssertUnwindSafe(|| apply(&self.tokens))) {
            Err(_) => self.fault(name, "it stopped with an error"),
            Ok(next) => {
                let now = named(next.iter().chain(&self.aside), self.words.len());
                if now.iter().zip(&self.named).any(|(now, then)| *then && !now) {
                    self.fault(name, "it lost words");
                } else {
                    self.tokens = next;
                    let used = self.tokens.extract_if(.., |t| t.kind == Kind::Consumed);
                    self.aside.extend(used);
                }
            }
        }
    }

    fn fault(&mut self, name: &str, how: &str) {
        self.findings.push(failed(self.words, name, how));
    }

    /// The findings, and all tokens: what was set aside comes back before the first word that was said after it.
    fn end(self) -> (Vec<Finding>, Vec<Token>) {
        let mut aside = self.aside;
        aside.sort_by_key(|t| (t.words.start, t.words.end));
        // What was moved back in the text does not take along what was said before it elsewhere.
        let mut least = vec![usize::MAX; self.tokens.len() + 1];
        for (i, token) in self.tokens.iter().enumerate().rev() {
            least[i] = least[i + 1].min(token.words.start);
        }
        let mut out = Vec::with_capacity(self.tokens.len() + aside.len());
        let mut aside = aside.into_iter().peekable();
        for (token, least) in self.tokens.into_iter().zip(least) {
            while let Some(used) = aside.next_if(|t| t.words.start < least) {
                out.push(used);
            }
            out.push(token);
        }
        out.extend(aside);
        (self.findings, out)
    }
}

/// The words joined by spaces, each with its span: what is left when everything else failed.
fn as_said(words: &[Word], corrected_words: &[CorrectedWord]) -> ReportBody {
    let raw;
    let said = if corrected_words.iter().all(|w| w.word_to <= words.len()) {
        corrected_words
    } else {
        raw = corrected(words, &[]);
        &raw
    };
    let plain: Vec<Token> = token::tokens(words, said)
        .into_iter()
        .map(|t| match t.kind {
            Kind::Consumed => t,
            _ => Token {
                kind: Kind::Word,
                ..t
            },
        })
        .collect();
    render::report(&plain)
}

fn failed(words: &[Word], rule: &str, how: &str) -> Finding {
    let times = match (words.first(), words.last()) {
        (Some(first), Some(last)) => (first.start_s, last.end_s),
        _ => (0.0, 0.0),
    };
    Finding::new(
        FindingKind::RuleFailed,
        Severity::Warning,
        times,
        (0, words.len()),
        "A step of the formatting failed and was left out. No word is missing; check punctuation and layout.",
        format!("text.{rule}: {how}"),
    )
}

/// Which raw words the tokens name.
fn named<'t>(tokens: impl Iterator<Item = &'t Token>, words: usize) -> Vec<bool> {
    let mut named = vec![false; words];
    for token in tokens {
        if let Some(range) = named.get_mut(token.words.clone()) {
            range.fill(true);
        }
    }
    named
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the tables of cases are written with.

    use super::*;

    /// Words of 0.4 s each, without pauses.
    pub fn words(text: &str) -> Vec<Word> {
        text.split_whitespace()
            .enumerate()
            .map(|(i, t)| Word {
                text: t.into(),
                start_s: i as f64 * 0.4,
                end_s: (i + 1) as f64 * 0.4,
                probability: 0.9,
                take: 0,
            })
            .collect()
    }

    /// Drafts what was said and checks that every word is accounted for.
    pub fn draft_of(said: &str) -> Draft {
        let words = words(said);
        let corrected = corrected(&words, &[]);
        let draft = draft(&words, &corrected);
        assert!(
            !draft
                .findings
                .iter()
                .any(|f| f.kind == FindingKind::RuleFailed),
            "{said}: {:?}",
            draft.findings
        );
        assert_eq!(
            trace::accounted(words.len(), &corrected, &draft.report),
            Ok(()),
            "{said}"
        );
        draft
    }

    /// Each line said becomes the text beside it.
    pub fn check(cases: &[(&str, &str)]) {
        check_in(TextStyle::AsHeard, cases);
    }

    /// The report's text and the findings about numbers with two readings.
    pub fn unclear(said: &str) -> (String, Vec<Finding>) {
        let words = words(said);
        let draft = draft(&words, &corrected(&words, &[]));
        (draft.report.text, draft.findings)
    }

    /// [`check`] in a site's style.
    pub fn check_in(style: TextStyle, cases: &[(&str, &str)]) {
        let wrong: Vec<String> = cases
            .iter()
            .filter_map(|(said, want)| {
                let words = words(said);
                let corrected = corrected(&words, &[]);
                let setup = Setup {
                    style,
                    ..Setup::default()
                };
                let draft = draft_with(&words, &corrected, &setup);
                let accounted = trace::accounted(words.len(), &corrected, &draft.report);
                // What a speaker corrected is told, and is no doubt about the text.
                let doubtful = [FindingKind::RuleFailed, FindingKind::LowConfidenceNumber];
                let sound =
                    accounted.is_ok() && !draft.findings.iter().any(|f| doubtful.contains(&f.kind));
                let got = match sound {
                    true => draft.report.text,
                    false => format!("{} {:?} {accounted:?}", draft.report.text, draft.findings),
                };
                (got != *want).then(|| format!("said {said:?}\nwant {want:?}\ngot  {got:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;

    fn panics(_: &[Token], _: &Setup) -> Vec<Token> {
        // Not `panic!`: an index out of range is how a rule would fail.
        let none: Vec<Token> = Vec::new();
        vec![none[0].clone()]
    }

    fn loses_a_word(tokens: &[Token], _: &Setup) -> Vec<Token> {
        tokens[1..].to_vec()
    }

    #[test]
    fn a_rule_that_fails_is_left_out_and_reported_and_the_others_still_work() {
        for (name, apply) in [
            ("panics", panics as fn(&[Token], &Setup) -> Vec<Token>),
            ("loses", loses_a_word),
        ] {
            let rules = [
                Rule {
                    name: "commands",
                    apply: |tokens, _| commands::spoken(tokens),
                },
                Rule { name, apply },
                Rule {
                    name: "case",
                    apply: |tokens, _| case::sentences(tokens),
                },
            ];
            let words = words("lungs clear period no wheeze period");
            let corrected = corrected(&words, &[]);
            let draft = draft_by(&rules, &words, &corrected, &Setup::default());
            assert_eq!(draft.report.text, "Lungs clear. No wheeze.");
            let [finding] = draft.findings.as_slice() else {
                panic!("one finding, not {:?}", draft.findings);
            };
            assert_eq!((finding.id, finding.kind), (1, FindingKind::RuleFailed));
            assert_eq!((finding.word_from, finding.word_to), (0, 6));
            assert!(finding.evidence.contains(name));
        }
    }

    #[test]
    fn corrected_words_that_name_no_raw_word_give_the_raw_words() {
        let words = words("lungs clear");
        let corrected = [CorrectedWord {
            text: "nothing".into(),
            word_from: 7,
            word_to: 9,
        }];
        let draft = draft(&words, &corrected);
        assert_eq!(draft.report.text, "lungs clear");
        assert_eq!(draft.findings.len(), 1);
    }

    #[test]
    fn the_trace_names_the_words_behind_every_character() {
        let draft = draft_of("Lungs clear period new paragraph no wheeze, end of dictation");
        assert_eq!(draft.report.text, "Lungs clear.\n\nNo wheeze,");
        let spans: Vec<_> = draft
            .report
            .trace
            .iter()
            .map(|s| (s.from, s.to, s.word_from, s.word_to, s.rule.as_str()))
            .collect();
        assert_eq!(
            spans,
            [
                (0, 5, 0, 1, "word"),
                (5, 6, 1, 1, "layout"),
                (6, 11, 1, 2, "word"),
                (11, 12, 2, 3, "punctuation.period"),
                (12, 14, 3, 5, "layout.paragraph"),
                (14, 16, 5, 6, "word"),
                (16, 17, 6, 6, "layout"),
                (17, 24, 6, 7, "word"),
                (24, 24, 7, 10, "command.end"),
            ]
        );
    }

    #[test]
    fn words_of_one_edit_keep_the_span_of_what_was_heard() {
        let words = words("on a pixel of five coma then rest period");
        let edit = |id, word_from, word_to, after: &str| crate::domain::transcript::Edit {
            id,
            word_from,
            word_to,
            before: String::new(),
            after: after.into(),
            rule: "dictionary".into(),
            score: None,
            state: crate::domain::transcript::EditState::Applied,
        };
        let corrected = corrected(&words, &[edit(1, 1, 4, "apixaban"), edit(2, 5, 6, "comma")]);
        let draft = draft(&words, &corrected);
        assert_eq!(draft.report.text, "On apixaban five, then rest.");
        let span = &draft.report.trace[2];
        assert_eq!(
            (span.word_from, span.word_to, span.rule.as_str()),
            (1, 4, "edit")
        );
        assert_eq!(
            trace::accounted(words.len(), &corrected, &draft.report),
            Ok(())
        );
    }

    #[test]
    fn nothing_said_is_an_empty_report() {
        let draft = draft(&[], &[]);
        assert_eq!(draft.report.text, "");
        assert_eq!(draft.report.kind, "dictation");
        assert!(draft.report.sections.is_empty() && draft.findings.is_empty());
    }
}
