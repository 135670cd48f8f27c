//! The pass over the whole recording meets what a person did to the live text in the meantime.
//!
//! Words nobody touched take the wording of the final pass. What a person wrote stands, as an edit over what the final
//! pass heard there; where that is something else, a finding says what. Both sides are cut at the pauses that they share
//! and aligned word by word between them; within what differs, time decides.

use crate::domain::align::{Step, align};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::transcript::{self, Edit, EditState, Word};
use crate::speech::live::key;

/// The rule that a person's changes are kept under.
pub const RULE: &str = "person.live";

/// Silence in seconds between words of both passes at which they are cut.
const PAUSE_S: f64 = 0.3;

/// How far in seconds a word that the final pass heard may lie from the live words to be another wording of them.
const NEAR_S: f64 = 0.5;

/// A committed live word, and what a person made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveWord {
    /// As it was committed.
    pub heard: Word,
    /// What stands there now, where a person touched it: another word, several, or nothing. A change over several words
    /// stands at the first and leaves the others empty; words inserted stand with the word before or behind them.
    pub person: Option<String>,
}

/// The result: raw words, and the person's changes over them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Merged {
    /// The final pass's words, and the live words that a person touched and the final pass did not hear.
    pub words: Vec<Word>,
    /// The person's changes, numbered from 1.
    pub edits: Vec<Edit>,
    /// Where the final pass differs from what a person wrote.
    pub findings: Vec<Finding>,
}

/// Merges the committed live words with the words of the final pass. Both in order, times in seconds of the recording.
pub fn merge(live: &[LiveWord], last: &[Word]) -> Merged {
    let mut merged = Merged::default();
    let (mut i, mut j) = (0, 0);
    while i < live.len() || j < last.len() {
        let (i_end, j_end) = up_to_pause(live, last, i, j);
        merged.window(&live[i..i_end], &last[j..j_end]);
        (i, j) = (i_end, j_end);
    }
    merged
}

/// The words of both sides up to the next moment at which neither side has a word.
fn up_to_pause(live: &[LiveWord], last: &[Word], mut i: usize, mut j: usize) -> (usize, usize) {
    let mut end_s = f64::INFINITY;
    loop {
        let a = live.get(i).map(|w| &w.heard);
        let b = last.get(j);
        let next = match (a, b) {
            (Some(a), Some(b)) if a.start_s <= b.start_s => a,
            (Some(a), None) => a,
            (_, Some(b)) => b,
            (None, None) => return (i, j),
        };
        if next.start_s - end_s >= PAUSE_S {
            return (i, j);
        }
        end_s = if end_s.is_finite() {
            end_s.max(next.end_s)
        } else {
            next.end_s
        };
        if a.is_some_and(|a| std::ptr::eq(a, next)) {
            i += 1;
        } else {
            j += 1;
        }
    }
}

impl Merged {
    fn window(&mut self, live: &[LiveWord], last: &[Word]) {
        if live.iter().all(|w| w.person.is_none()) {
            self.words.extend_from_slice(last);
            return;
        }
        let owners = owners(live, last);
        let (mut i, mut j) = (0, 0);
        while i < live.len() || j < last.len() {
            match owners.get(j) {
                Some(None) => {
                    self.words.push(last[j].clone());
                    j += 1;
                    continue;
                }
                Some(Some(owner)) if *owner < i => {
                    // Only of words nobody touched: those before it have been passed.
                    self.words.push(last[j].clone());
                    j += 1;
                    continue;
                }
                _ => {}
            }
            if live[i].person.is_none() {
                i += 1;
                continue;
            }
            let run_to = i + live[i..].iter().take_while(|w| w.person.is_some()).count();
            let mine = |o: &&Option<usize>| o.is_some_and(|o| (i..run_to).contains(&o));
            // Words that the final pass alone heard, between two that a person touched, part them.
            let count = owners[j..].iter().take_while(mine).count();
            let to = match owners.get(j + count) {
                Some(None) => {
                    let last_mine = owners[j..j + count].iter().flatten().max();
                    let next_mine = owners[j + count..].iter().find_map(|o| *o);
                    match (last_mine, next_mine) {
                        (_, Some(next)) if next < run_to => next.max(i + 1),
                        (Some(_), _) | (None, _) => run_to,
                    }
                }
                _ => run_to,
            };
            let count = owners[j..j + count]
                .iter()
                .take_while(|o| o.is_some_and(|o| o < to))
                .count();
            self.touched(&live[i..to], &last[j..j + count]);
            (i, j) = (to, j + count);
        }
    }

    /// Words that a person touched, and what the final pass heard there.
    fn touched(&mut self, live: &[LiveWord], last: &[Word]) {
        let from = self.words.len();
        if last.is_empty() {
            // The person's words need a place in the sound.
            self.words.extend(live.iter().map(|w| w.heard.clone()));
        } else {
            self.words.extend_from_slice(last);
        }
        let to = self.words.len();
        let person = transcript::join(
            live.iter()
                .filter_map(|w| w.person.as_deref())
                .flat_map(str::split_whitespace),
        );
        let heard = transcript::join(last.iter().map(|w| w.text.as_str()));
        let before = transcript::join(self.words[from..to].iter().map(|w| w.text.as_str()));
        let span_s = (self.words[from].start_s, self.words[to - 1].end_s);
        if before != person {
            self.edits.push(Edit {
                id: self.edits.len() as u32 + 1,
                word_from: from,
                word_to: to,
                before,
                after: person.clone(),
                rule: RULE.into(),
                score: None,
                state: EditState::Applied,
            });
        }
        if same(&person, &heard) {
            return;
        }
        let live_text = transcript::join(live.iter().map(|w| w.heard.text.as_str()));
        let (severity, message) = if same(&live_text, &heard) {
            (
                Severity::Info,
                "You changed this while it was dictated; the whole recording was heard as before your change.",
            )
        } else if heard.is_empty() {
            (
                Severity::Warning,
                "You changed this while it was dictated; in the whole recording nothing was heard here. Listen to it.",
            )
        } else {
            (
                Severity::Warning,
                "You changed this while it was dictated; in the whole recording something else was heard. Listen to it.",
            )
        };
        let mut finding = Finding::new(
            FindingKind::LiveDiffers,
            severity,
            span_s,
            (from, to),
            message,
            "two passes over the same sound; a person's change stands",
        );
        finding.heard = heard;
        self.findings.push(finding);
    }
}

/// Whether two texts have the same words.
fn same(a: &str, b: &str) -> bool {
    a.split_whitespace()
        .map(key)
        .eq(b.split_whitespace().map(key))
}

/// For each word of the final pass the live word whose place it takes; they rise. `None` where live had nothing.
fn owners(live: &[LiveWord], last: &[Word]) -> Vec<Option<usize>> {
    let a: Vec<String> = live.iter().map(|w| key(&w.heard.text)).collect();
    let b: Vec<String> = last.iter().map(|w| key(&w.text)).collect();
    let mut owners = Vec::with_capacity(last.len());
    let (mut i, mut j) = (0, 0);
    let mut steps = align(&a, &b).into_iter().peekable();
    while steps.peek().is_some() {
        let (i_from, j_from) = (i, j);
        while let Some(step) = steps.next_if(|s| *s != Step::Match) {
            i += usize::from(step != Step::Insert);
            j += usize::from(step != Step::Delete);
        }
        let mut floor = i_from;
        for word in &last[j_from..j] {
            let owner = nearest(&live[floor..i], word).map(|n| floor + n);
            floor = owner.unwrap_or(floor);
            owners.push(owner);
        }
        if steps.next().is_some() {
            owners.push(Some(i));
            i += 1;
            j += 1;
        }
    }
    owners
}

/// The live word that a word lies over, or beside.
fn nearest(live: &[LiveWord], word: &Word) -> Option<usize> {
    let apart_s = |w: &LiveWord| w.heard.start_s.max(word.start_s) - w.heard.end_s.min(word.end_s);
    live.iter()
        .enumerate()
        .map(|(n, w)| (n, apart_s(w)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, apart_s)| *apart_s <= NEAR_S)
        .map(|(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(text: &str, start_s: f64) -> Word {
        Word {
            text: text.into(),
            start_s,
            end_s: start_s + 0.3,
            probability: 0.9,
            take: 0,
        }
    }

    /// Words 0.35 s apart; "_" leaves a place empty.
    fn heard(text: &str) -> Vec<Word> {
        text.split_whitespace()
            .enumerate()
            .filter(|(_, t)| *t != "_")
            .map(|(i, t)| word(t, i as f64 * 0.35))
            .collect()
    }

    /// The same, "heard=person" where a person touched a word, with "+" for spaces.
    fn live(text: &str) -> Vec<LiveWord> {
        text.split_whitespace()
            .enumerate()
            .filter(|(_, t)| *t != "_")
            .map(|(i, t)| {
                let (heard, person) = t.split_once('=').map_or((t, None), |(h, p)| (h, Some(p)));
                LiveWord {
                    heard: word(heard, i as f64 * 0.35),
                    person: person.map(|p| p.replace('+', " ")),
                }
            })
            .collect()
    }

    fn text(merged: &Merged) -> String {
        let words = transcript::corrected(&merged.words, &merged.edits);
        transcript::join(words.iter().map(|w| w.text.as_str()))
    }

    fn check(live_text: &str, last: &str, expected: &str, differs: &[&str]) {
        let merged = merge(&live(live_text), &heard(last));
        assert_eq!(text(&merged), expected, "{live_text} | {last}");
        let found: Vec<&str> = merged.findings.iter().map(|f| f.heard.as_str()).collect();
        assert_eq!(found, differs, "{live_text} | {last}");
    }

    #[test]
    fn words_nobody_touched_take_the_final_wording() {
        check(
            "start a pixel band",
            "start apixaban",
            "start apixaban",
            &[],
        );
        check("", "hello there", "hello there", &[]);
        check("hello there", "", "", &[]);
    }

    #[test]
    fn what_a_person_wrote_stands_and_the_final_pass_may_agree() {
        check(
            "start epixaban=apixaban today",
            "start Apixaban, today",
            "start apixaban today",
            &[],
        );
        check(
            "start epixaban=apixaban today",
            "start epixaban today",
            "start apixaban today",
            &["epixaban"],
        );
        check(
            "start epixaban=rivaroxaban today",
            "start apixaban today",
            "start rivaroxaban today",
            &["apixaban"],
        );
    }

    #[test]
    fn a_change_over_several_words_meets_one_word() {
        check(
            "on a=apixaban pixel= of= five",
            "on _ apixaban _ five",
            "on apixaban five",
            &[],
        );
        check(
            "on a=apixaban pixel= of= five",
            "on a pixel of five",
            "on apixaban five",
            &["a pixel of"],
        );
    }

    #[test]
    fn what_a_person_deleted_does_not_come_back_silently() {
        check("no um= fever", "no um fever", "no fever", &["um"]);
        check("no um= fever", "no _ fever", "no fever", &[]);
    }

    #[test]
    fn a_touched_word_that_the_final_pass_does_not_hear_keeps_its_place() {
        check(
            "no fever=fever+today please",
            "no _ please",
            "no fever today please",
            &[""],
        );
        check("a=b", "", "b", &[""]);
    }

    #[test]
    fn words_that_only_the_final_pass_heard_come_in_beside_touched_ones() {
        check(
            "one=1 _ _ _ _ five=5",
            "one two three four _ five",
            "1 two three four 5",
            &["one", "five"],
        );
    }

    #[test]
    fn the_same_word_said_twice_is_known_by_its_time() {
        // Both sides lost one of two; without times they would be taken for each other.
        check(
            "no=know _ _ _ fever _ _ _ _",
            "_ _ _ _ fever _ _ _ no",
            "know fever no",
            &[""],
        );
    }

    #[test]
    fn severity_tells_a_confirmed_hearing_from_a_new_one() {
        let severity = |l: &str, f: &str| merge(&live(l), &heard(f)).findings[0].severity;
        assert_eq!(severity("left=right", "left"), Severity::Info);
        assert_eq!(severity("left=right", "lift"), Severity::Warning);
    }

    fn sides() -> impl Strategy<Value = (Vec<LiveWord>, Vec<Word>)> {
        let person = proptest::option::weighted(0.3, "[xyz]{0,2}( [xyz])?");
        let live = proptest::collection::vec(("[abc]", 0.0..0.8f64, person), 0..25);
        let last = proptest::collection::vec(("[abcd]", 0.0..0.8f64), 0..25);
        (live, last).prop_map(|(live, last)| {
            let mut at = 0.0;
            let live = live
                .into_iter()
                .map(|(text, gap, person)| {
                    at += gap + 0.3;
                    LiveWord {
                        heard: word(&text, at),
                        person,
                    }
                })
                .collect();
            let mut at = 0.0;
            let last = last
                .into_iter()
                .map(|(text, gap)| {
                    at += gap + 0.3;
                    word(&text, at)
                })
                .collect();
            (live, last)
        })
    }

    proptest! {
        #[test]
        fn with_nothing_touched_the_result_is_the_final_pass((live, last) in sides()) {
            let live: Vec<LiveWord> = live
                .into_iter()
                .map(|w| LiveWord { person: None, ..w })
                .collect();
            let merged = merge(&live, &last);
            prop_assert_eq!(merged, Merged { words: last, ..Merged::default() });
        }

        #[test]
        fn no_touched_word_is_lost_or_changed((live, last) in sides()) {
            let merged = merge(&live, &last);
            let person: Vec<&str> = live
                .iter()
                .filter_map(|w| w.person.as_deref())
                .flat_map(str::split_whitespace)
                .collect();
            let words = transcript::corrected(&merged.words, &merged.edits);
            // Only a person writes x, y and z here.
            let kept: Vec<&str> = words
                .iter()
                .map(|w| w.text.as_str())
                .filter(|w| w.contains(['x', 'y', 'z']))
                .collect();
            prop_assert_eq!(kept, person);
        }

        #[test]
        fn no_final_word_is_lost_without_a_finding((live, last) in sides()) {
            let merged = merge(&live, &last);
            // Every final word is among the raw words, in order.
            let mut rest = merged.words.iter();
            for word in &last {
                prop_assert!(rest.any(|w| w == word), "{word:?}");
            }
            // And those under an edit are in a finding, for no person writes what is heard here.
            for (i, word) in merged.words.iter().enumerate() {
                let edited = merged.edits.iter().any(|e| (e.word_from..e.word_to).contains(&i));
                if edited && last.contains(word) {
                    let found = merged
                        .findings
                        .iter()
                        .any(|f| (f.word_from..f.word_to).contains(&i));
                    prop_assert!(found, "{word:?}");
                }
            }
        }
    }
}
