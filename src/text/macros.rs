//! Ready texts by voice: "insert normal chest exam".
//!
//! The texts are data of the practice or the physician and come with the words; which one is meant is decided by its
//! name alone. A ready text is put in whole, and no other rule looks inside.

use crate::domain::template::PlacedText;
use crate::text::notes;
use crate::text::phrases::{begins_sentence, norms, past_heard, said, stands, used};
use crate::text::token::{Glue, Kind, Mark, Sound, Token};

/// A stored text and the name it is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyText {
    /// Spoken name, for example `normal chest exam`; case and marks do not matter.
    pub name: String,
    /// What is written.
    pub text: String,
}

/// Words that ask for a ready text.
const VERBS: &[&str] = &["insert", "paste", "include", "use", "add"];
/// What it may be called between the verb and the name, or after the name.
#[rustfmt::skip]
const CALLED: &[&str] = &[
    "macro", "template", "autotext", "auto-text", "text", "my", "the", "standard", "usual", "phrase", "dotphrase",
    "paragraph", "called", "named", "for",
];
/// Of these the first ones name the kind, so that an unknown name after them is worth a finding.
const KINDS: &[&str] = &["macro", "template", "autotext", "auto-text", "dotphrase"];

/// Last words of the spoken marks behind which a sentence begins; the marks themselves are found later.
const SPOKEN: &[&str] = &["period", "stop", "paragraph", "line", "colon", "mark"];

/// Rule: puts the ready texts in. Runs before the spoken marks are found, so that a name ends at the next spoken mark.
pub fn inserted(tokens: &[Token], texts: &[ReadyText]) -> Vec<Token> {
    let names: Vec<(Vec<String>, &str)> = texts
        .iter()
        .map(|t| (plain_words(&t.name), t.text.trim()))
        .filter(|(name, text)| !name.is_empty() && !text.is_empty())
        .collect();
    let norms = norms(tokens);
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match asked(tokens, &norms, at, &names) {
            Some(Asked::Known(end, text)) => {
                let mut ready = tokens[at].with(text, Kind::Text, "autotext");
                ready.words.end = tokens[end - 1].words.end.max(ready.words.end);
                ready.sound.end_s = tokens[end - 1].sound.end_s;
                out.push(ready);
                let next = past_stop(tokens, &norms, end, text);
                out.extend(used(&tokens[end..next], "autotext", ""));
                at = next;
            }
            Some(Asked::Unknown(end)) => {
                let mut note = tokens[at].with("", Kind::Consumed, notes::UNKNOWN_TEXT);
                note.text = format!(
                    "There is no ready text called \"{}\"; the words stand in the text.",
                    said(&tokens[at + 1..end])
                );
                note.words.end = tokens[end - 1].words.end.max(note.words.end);
                note.sound.end_s = tokens[end - 1].sound.end_s;
                out.push(note);
                out.extend_from_slice(&tokens[at..end]);
                at = end;
            }
            None => {
                out.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    out
}

/// Rule: puts in the texts that stand at places of the recording. Runs before all others, while every word has its own sound.
pub fn placed(tokens: &[Token], texts: &[PlacedText]) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len() + texts.len());
    let mut texts = texts
        .iter()
        .filter(|t| !t.text.trim().is_empty())
        .peekable();
    let middle = |token: &Token| (token.sound.start_s + token.sound.end_s) / 2.0;
    let put = |text: &PlacedText, word: usize| Token {
        text: text.text.trim().to_owned(),
        kind: Kind::Text,
        words: word..word,
        rule: "autotext",
        glue: Glue::default(),
        sound: Sound {
            start_s: text.at_s,
            end_s: text.at_s,
            pause_before_s: 0.0,
            probability: 1.0,
        },
    };
    for token in tokens {
        // A mark has the sound of its word, so that nothing comes between the two.
        while let Some(text) = texts.next_if(|t| t.at_s < middle(token)) {
            go_on(&mut out, text);
            out.push(put(text, token.words.start));
        }
        out.push(token.clone());
    }
    let end = tokens.last().map_or(0, |token| token.words.end);
    for text in texts {
        go_on(&mut out, text);
        out.push(put(text, end));
    }
    out
}

/// What fills a field ends no sentence: where the text goes on in small letters, a mark that the engine wrote there goes.
fn go_on(out: &mut [Token], text: &PlacedText) {
    let goes_on = |c: char| c.is_lowercase() || ",.;:!?)%".contains(c);
    if !text.text.trim_start().starts_with(goes_on) {
        return;
    }
    if let Some(mark) = out.last_mut().filter(|token| token.heard_mark().is_some()) {
        *mark = mark.with("", Kind::Consumed, "autotext");
    }
}

fn plain_words(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

enum Asked<'a> {
    Known(usize, &'a str),
    Unknown(usize),
}

fn asked<'a>(
    tokens: &[Token],
    norms: &[String],
    at: usize,
    names: &[(Vec<String>, &'a str)],
) -> Option<Asked<'a>> {
    let verb = norms[at].as_str();
    if !VERBS.contains(&verb) {
        return None;
    }
    let mut start = past_heard(tokens, at + 1);
    let mut kind = false;
    // The name itself may begin with one of these words: the longest reading wins below.
    let mut starts = vec![start];
    while norms
        .get(start)
        .is_some_and(|w| CALLED.contains(&w.as_str()))
    {
        kind |= KINDS.contains(&norms[start].as_str());
        start = past_heard(tokens, start + 1);
        starts.push(start);
    }
    let known = starts
        .iter()
        .flat_map(|&s| names.iter().map(move |(name, text)| (s, name, *text)))
        .filter_map(|(s, name, text)| Some((name_end(tokens, norms, s, name)?, text)))
        .filter(|(end, _)| ends(tokens, norms, *end))
        .max_by_key(|(end, _)| *end);
    if let Some((mut end, text)) = known {
        let after = norms.get(end).map_or("", String::as_str);
        if KINDS.contains(&after) {
            end += 1;
        }
        return Some(Asked::Known(end, text));
    }
    // "Insert the catheter" is a sentence; "insert normal abdomen" at its start can be nothing else.
    let normal = verb == "insert"
        && norms.get(start).is_some_and(|w| w == "normal")
        && (begins_sentence(tokens, at)
            || SPOKEN.contains(&at.checked_sub(1).map_or("", |i| norms[i].as_str())));
    let asked = kind && ["insert", "paste"].contains(&verb);
    let words = norms[start..]
        .iter()
        .take(6)
        .take_while(|n| {
            !n.is_empty()
                && !["comma", "new", "next", "full"].contains(&n.as_str())
                && !SPOKEN.contains(&n.as_str())
        })
        .count();
    ((normal || asked) && words > 0 && start + words <= tokens.len())
        .then_some(Asked::Unknown(start + words))
}

fn name_end(tokens: &[Token], norms: &[String], at: usize, name: &[String]) -> Option<usize> {
    let name: Vec<&str> = name.iter().map(String::as_str).collect();
    if stands(norms, at, &name) {
        return Some(at + name.len());
    }
    // "Exam" and "examination" are one.
    let words: Vec<&str> = norms
        .get(at..at + name.len())?
        .iter()
        .map(String::as_str)
        .collect();
    let same = words.iter().zip(&name).all(|(a, b)| {
        a == b || (["exam", "examination"].contains(a) && ["exam", "examination"].contains(b))
    });
    (same && tokens.len() >= at + name.len()).then_some(at + name.len())
}

/// The name ends here: nothing follows, or a mark, or what is no continuation of a sentence.
fn ends(tokens: &[Token], norms: &[String], at: usize) -> bool {
    const ON: &[&str] = &[
        "was", "is", "were", "and", "of", "in", "with", "as", "but", "or", "which", "that", "to",
    ];
    tokens.get(at).is_none_or(|t| t.kind != Kind::Word) || !ON.contains(&norms[at].as_str())
}

/// A text that ends with a stop needs no other after it.
fn past_stop(tokens: &[Token], norms: &[String], at: usize, text: &str) -> usize {
    let next = past_heard(tokens, at);
    if !text.ends_with(['.', '!', '?', ':']) {
        return at;
    }
    let spoken = [&["period"][..], &["full", "stop"], &["comma"]]
        .iter()
        .find(|w| stands(norms, next, w))
        .map_or(0, |w| w.len());
    let end = if spoken > 0 {
        past_heard(tokens, next + spoken)
    } else {
        next
    };
    // What stands right after may open something.
    end.min(tokens.len()).max(
        at + usize::from(
            tokens
                .get(at)
                .is_some_and(|t| t.mark() == Some(Mark::Period)),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::ReadyText;
    use crate::domain::finding::FindingKind;
    use crate::domain::template::PlacedText;
    use crate::domain::transcript::{Word, corrected};
    use crate::text::testing::{check, words};
    use crate::text::{Draft, Setup, draft_with, trace};

    fn drafted(said: &str) -> Draft {
        let texts = [
            ("Normal chest exam", "Lungs are clear. Heart regular."),
            ("normal chest", "Chest normal"),
            ("Discharge advice", "Return if:\n1. Fever.\n2. Pain."),
        ]
        .map(|(name, text)| ReadyText {
            name: name.into(),
            text: text.into(),
        });
        let words = words(said);
        let corrected = corrected(&words, &[]);
        let draft = draft_with(
            &words,
            &corrected,
            &Setup {
                ready_texts: &texts,
                ..Setup::default()
            },
        );
        assert_eq!(
            trace::accounted(words.len(), &corrected, &draft.report),
            Ok(()),
            "{said}"
        );
        draft
    }

    /// Words of 0.4 s each, from second 0 on, with what was put at places between them.
    fn with_placed(said: &str, placed: &[(f64, &str)]) -> String {
        let words: Vec<Word> = said
            .split(' ')
            .enumerate()
            .map(|(i, text)| Word {
                text: text.into(),
                start_s: i as f64 * 0.4,
                end_s: i as f64 * 0.4 + 0.4,
                probability: 0.9,
                take: 0,
            })
            .collect();
        let placed: Vec<PlacedText> = placed
            .iter()
            .map(|(at_s, text)| PlacedText::new(*at_s, text).unwrap())
            .collect();
        let setup = Setup {
            placed: &placed,
            ..Setup::default()
        };
        let draft = draft_with(&words, &corrected(&words, &[]), &setup);
        assert_eq!(draft.findings, [], "{}", draft.report.text);
        assert_eq!(
            trace::accounted(words.len(), &corrected(&words, &[]), &draft.report),
            Ok(())
        );
        draft.report.text
    }

    #[test]
    fn a_text_that_was_put_in_stands_at_its_place() {
        let text = "Chest: clear to auscultation bilaterally.";
        let all = with_placed("He coughs. No fever.", &[(0.8, text)]);
        assert_eq!(all, format!("He coughs. {text} No fever."));
        assert_eq!(
            with_placed("He coughs.", &[(0.0, text)]),
            format!("{text} He coughs.")
        );
        assert_eq!(
            with_placed("He coughs.", &[(9.0, text)]),
            format!("He coughs. {text}")
        );
    }

    #[test]
    fn what_was_said_into_a_field_stands_in_it() {
        let placed = [(0.0, "Follow-up in"), (0.8, "weeks with"), (1.6, "[whom].")];
        // Two words fill the first field; nobody said anything for the last.
        assert_eq!(
            with_placed("a few. Then stop", &[placed[0], placed[1]]),
            "Follow-up in a few weeks with Then stop"
        );
        assert!(with_placed("a few.", &placed).ends_with("weeks with [whom]."));
    }

    #[test]
    #[rustfmt::skip]
    fn a_ready_text_is_put_in_by_its_name() {
        for (said, text) in [
            ("he is well period insert normal chest exam period no edema period", "He is well. Lungs are clear. Heart regular. No edema."),
            ("He is well, period. Insert normal chest examination. No edema, period.", "He is well. Lungs are clear. Heart regular. No edema."),
            ("insert macro normal chest period no edema period", "Chest normal. No edema."),
            ("rest period new paragraph insert template discharge advice new paragraph ice period", "Rest.\n\nReturn if:\n1. Fever.\n2. Pain.\n\nIce."),
            ("insert normal chest exam", "Lungs are clear. Heart regular."),
        ] {
            let draft = drafted(said);
            assert_eq!(draft.report.text, text, "{said}");
            assert!(draft.findings.is_empty(), "{said}");
        }
    }

    #[test]
    fn an_unknown_name_stays_text_and_is_told() {
        for (said, text) in [
            (
                "insert macro normal abdomen period",
                "Insert macro normal abdomen.",
            ),
            (
                "rest period insert normal gait period",
                "Rest. Insert normal gait.",
            ),
        ] {
            let draft = drafted(said);
            assert_eq!(draft.report.text, text, "{said}");
            assert_eq!(draft.findings.len(), 1, "{said}");
            assert_eq!(draft.findings[0].kind, FindingKind::UnclearCommand);
        }
    }

    #[test]
    fn what_is_inserted_into_people_is_no_ready_text() {
        for text in [
            "We will insert the catheter tomorrow.",
            "Insert a chest tube on the left.",
            "The normal chest exam was repeated.",
        ] {
            let draft = drafted(text);
            assert_eq!(draft.report.text, text);
            assert!(draft.findings.is_empty());
            check(&[(text, text)]);
        }
    }
}
