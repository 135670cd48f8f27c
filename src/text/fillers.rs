//! Fillers and false starts: "um", "the the patient", "he has he has", "he ha- he has".

use crate::text::phrases::{norms, past_heard, stands_apart, used};
use crate::text::token::{Kind, Mark, Token};

/// Sounds that are no words, as the engine writes them.
const FILLERS: &[&str] = &[
    "um", "umm", "ummm", "uhm", "uh", "uhh", "uhhh", "er", "err", "erm", "hmm", "hm", "ehm", "äh",
    "ähm",
];

/// Said while thinking; dropped only where a mark ends them.
const ASIDES: &[&[&str]] = &[
    &["let", "me", "see"],
    &["let's", "see"],
    &["let", "me", "think"],
    &["where", "was", "i"],
    &["what", "else"],
];

/// Words that nobody says twice in a row and means it. "That that", "had had", "her her", "in in", "on on" are not here:
/// "gave her her medication", "was brought in in shock".
#[rustfmt::skip]
const TWICE: &[&str] = &[
    "the", "a", "an", "of", "to", "at", "with", "for", "from", "by", "and", "or", "but", "is", "was", "are", "were",
    "has", "have", "he", "she", "they", "we", "it", "i", "his", "my", "their", "this", "as", "be", "there", "if",
    "because", "which", "who", "when",
];

/// Of these, words that may end one clause and begin the next: "when you saw it, it was", "what it is, is a cyst".
const ENDS: &[&str] = &[
    "is", "was", "are", "were", "has", "have", "it", "this", "there", "be", "with", "for", "to",
    "from",
];

/// Words that begin a phrase which is begun again: "he has he has", "in the in the".
#[rustfmt::skip]
const BEGINS: &[&str] = &[
    "the", "a", "an", "he", "she", "they", "we", "it", "i", "there", "this", "his", "her", "their", "patient", "of",
    "in", "on", "at", "with", "for", "from", "to",
];

/// Of these, words that begin the name of a thing. Behind a verb or a preposition such a phrase ends one clause, and after a
/// pause the same thing may begin the next: "after identifying the patient, the patient was draped".
const THINGS: &[&str] = &["the", "a", "an", "this", "his", "her", "their", "patient"];

/// Words between clauses, behind which a phrase begins one.
const BETWEEN: &[&str] = &[
    "and", "or", "but", "that", "if", "because", "which", "who", "when", "so",
];

/// Words that may end the first of two equal phrases that are both meant: "on and on and on".
const LINKS: &[&str] = &["and", "or", "by", "to", "after", "than", "but", "not", "no"];

/// Rule: fillers and repeated words go.
pub fn dropped(tokens: &[Token]) -> Vec<Token> {
    let mut gone = Vec::new();
    let kept = without_fillers(tokens, &mut gone);
    let mut kept = without_repeats(&kept, &mut gone);
    kept.extend(gone);
    kept
}

fn without_fillers(tokens: &[Token], gone: &mut Vec<Token>) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some(end) = filler(tokens, &norms, at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        // A mark that the engine wrote after the filler is a pause, unless it ends the sentence.
        let after = past_heard(tokens, end);
        let before = out.last();
        let stop = tokens[end..after]
            .iter()
            .any(|t| t.mark().is_some_and(Mark::is_stop));
        let goes_on = before.is_none_or(|t| {
            t.heard_mark().is_some() || UNFINISHED.contains(&t.text.to_lowercase().as_str())
        });
        let keeps = stop && !goes_on && tokens.get(after).is_none_or(Token::is_capitalised);
        // "He has, um, pain": both commas belong to the filler.
        if after > end
            && !stop
            && let Some(comma) = out.pop_if(|t| t.heard_mark() == Some(Mark::Comma))
        {
            gone.extend(used(&[comma], "filler", ""));
        }
        let until = if keeps { end } else { after };
        gone.extend(used(&tokens[at..until], "filler", ""));
        at = until;
    }
    out
}

/// Words that no sentence ends with.
#[rustfmt::skip]
const UNFINISHED: &[&str] = &[
    "and", "or", "but", "the", "a", "an", "of", "to", "with", "for", "from", "by", "is", "was", "are", "were", "has",
    "have", "had", "his", "her", "their", "he", "she", "they", "we", "this", "as", "at", "in", "on",
];

/// Said before the dictation itself begins.
const OPENINGS: &[&[&str]] = &[
    &["okay", "so"],
    &["okay"],
    &["ok", "so"],
    &["ok"],
    &["alright"],
    &["all", "right"],
    &["right", "then"],
];

fn filler(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    if at == 0
        && let Some(end) = OPENINGS
            .iter()
            .find_map(|words| stands_apart(tokens, norms, at, words))
        && (past_heard(tokens, end) > end || norms.get(end - 1).is_some_and(|w| w == "so"))
    {
        return Some(end);
    }
    let text = tokens[at].text.as_str();
    // "ER" is a room or a receptor.
    let shouted = text.chars().count() > 1 && text.chars().all(|c| !c.is_lowercase());
    if FILLERS.contains(&norms[at].as_str()) && !shouted {
        return Some(at + 1);
    }
    ASIDES.iter().find_map(|aside| {
        let end = stands_apart(tokens, norms, at, aside)?;
        let alone = (at == 0 || tokens[at - 1].mark().is_some())
            && tokens
                .get(end)
                .is_none_or(|t| t.heard_mark().is_some_and(Mark::is_sentence));
        alone.then_some(end)
    })
}

fn without_repeats(tokens: &[Token], gone: &mut Vec<Token>) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match repeat(tokens, &norms, at) {
            Some(end) => {
                gone.extend(used(&tokens[at..end], "filler.repeated", ""));
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

/// One past the words from `at` that are said again right after, pauses of the engine's included.
fn repeat(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    let first = norms[at].as_str();
    if first.is_empty() {
        return None;
    }
    if let Some(stem) = first.strip_suffix('-')
        && !stem.is_empty()
        && stem.chars().all(char::is_alphabetic)
    {
        let end = past_pause(tokens, at + 1);
        return norms
            .get(end)
            .is_some_and(|n| n.starts_with(stem))
            .then_some(end);
    }
    for len in [3, 2] {
        let Some(words) = norms.get(at..at + len) else {
            continue;
        };
        let again = past_pause(tokens, at + len);
        let begins = BEGINS.contains(&first) && !lettered(tokens, at);
        let plain = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphabetic() || c == '\'');
        let (last, others) = (words[len - 1].as_str(), &words[..len - 1]);
        // "He ha- he has": the last word may be broken off.
        let stem = last.strip_suffix('-').filter(|stem| plain(stem));
        let same = norms
            .get(again..again + len)
            .is_some_and(|next| match stem {
                Some(stem) => next[..len - 1] == *others && next[len - 1].starts_with(stem),
                None => next == words && plain(last) && !LINKS.contains(&last),
            });
        let both = again > at + len && THINGS.contains(&first) && !opens_clause(tokens, at);
        if begins && others.iter().all(|w| plain(w)) && same && !both {
            return Some(again);
        }
    }
    let again = match ENDS.contains(&first) {
        true => at + 1,
        false => past_pause(tokens, at + 1),
    };
    (TWICE.contains(&first)
        && norms.get(again).is_some_and(|n| n == first)
        && !lettered(tokens, at)
        && !lettered(tokens, again))
    .then_some(again)
}

/// Whether a clause can begin at a word.
fn opens_clause(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| {
        let before = &tokens[before];
        before.kind != Kind::Word || BETWEEN.contains(&before.text.to_lowercase().as_str())
    })
}

/// Past the comma, dash or dots with which the engine writes a stumble.
fn past_pause(tokens: &[Token], at: usize) -> usize {
    match tokens.get(at).and_then(Token::heard_mark) {
        Some(Mark::Comma | Mark::Ellipsis | Mark::Dash) => at + 1,
        _ => at,
    }
}

/// "A" in capitals inside a sentence, and words in capitals, are no articles: "vitamin A a day", "OR or ward".
fn lettered(tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else {
        return false;
    };
    let capitals = !token.text.is_empty() && token.text.chars().all(char::is_uppercase);
    let starts = at == 0 || tokens[at - 1].kind != Kind::Word;
    match token.text.as_str() {
        "I" => false,
        "A" => !starts,
        _ => capitals,
    }
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn fillers_go() {
        check(&[
            ("twice daily and um empagliflozin period", "Twice daily and empagliflozin."),
            ("twice daily, and um. Empagliflozin 10 mg, period.", "Twice daily, and Empagliflozin 10 mg."),
            ("He has, um, chest pain, period.", "He has chest pain."),
            ("Um, the lungs are uh clear period", "The lungs are clear."),
            ("he takes, uh, let me see, aspirin period", "He takes aspirin."),
            ("no fever. Um, no chills. Uh, no rash.", "No fever. No chills. No rash."),
            ("seen in the ER period ER positive comma er HER2 negative period", "Seen in the ER. ER positive, HER2 negative."),
            ("mean gradient 12 mm period", "Mean gradient 12 mm."),
            ("Okay, um, the patient is well period", "The patient is well."),
            ("Okay, so the patient is well period", "The patient is well."),
            ("All right. The patient is all right period", "The patient is all right."),
            ("let's see her in two weeks period", "Let's see her in 2 weeks."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_begun_again_stands_once() {
        check(&[
            ("the the patient is well period", "The patient is well."),
            ("The, the patient is well period", "The patient is well."),
            ("he has he has no pain period", "He has no pain."),
            ("pain in the in the left knee period", "Pain in the left knee."),
            ("she she she was seen period", "She was seen."),
            ("with a, with a normal gait period", "With a normal gait."),
            ("there is a there is a mass period", "There is a mass."),
            ("he ha- he has no pain period", "He has no pain."),
            ("The patient, the patient was seen period", "The patient was seen."),
            ("no fever, and the chest, the chest is clear period", "No fever, and the chest is clear."),
            ("palpation of the left the left knee period", "Palpation of the left knee."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_meant_twice_stands_twice() {
        for text in [
            "We gave her her medication.",
            "He had had two falls.",
            "She knew that that was wrong.",
            "He was brought in in shock.",
            "It went on and on and on.",
            "Vitamin A a day later.",
            "He is very very ill.",
            "Step by step by step.",
            "Long- and short-acting insulin.",
            "When we removed it, it was intact.",
            "What it is, is a cyst.",
            "After identifying the patient, the patient was draped.",
            "We dissected up to the base, the base was clipped.",
            "Having discussed it with her son, her son agreed.",
        ] {
            check(&[(text, text)]);
        }
    }
}
