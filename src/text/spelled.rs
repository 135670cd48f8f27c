//! How a word is written, as the speaker says it: letter by letter, in capitals, in small letters; "Doctor" before
//! names.

use crate::text::TextStyle;
use crate::text::notes;
use crate::text::phrases::{begins_sentence, norms, past_heard, said, stands, used};
use crate::text::token::{Kind, Mark, Token};

/// What announces letters.
#[rustfmt::skip]
const ANNOUNCED: &[&[&str]] = &[
    &["that's", "spelled"], &["that", "is", "spelled"], &["which", "is", "spelled"], &["it's", "spelled"],
    &["it", "is", "spelled"], &["spelled", "as"], &["spelled"], &["spelt"], &["spelling", "is"], &["spelling"],
    &["spell", "it"], &["spell", "that"], &["i", "spell"], &["i'll", "spell", "that"], &["let", "me", "spell", "that"],
    &["spell"],
];

/// No word has more letters.
const LONGEST: usize = 45;

/// Rule: letters that were spelled out become the word before them.
pub fn words(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some((start, end, announced)) = letters_at(tokens, &norms, at)
            && put_in(&mut out, tokens, at, start, end, announced)
        {
            at = end;
            continue;
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

/// Where letters begin and end, an announcement before them included.
fn letters_at(tokens: &[Token], norms: &[String], at: usize) -> Option<(usize, usize, bool)> {
    let announced = ANNOUNCED
        .iter()
        .filter(|a| stands(norms, at, a))
        .map(|a| a.len())
        .max();
    let start = match announced {
        Some(len) => past_colon(tokens, at + len),
        None => at,
    };
    let mut end = start;
    let mut count = 0;
    let mut hyphens = false;
    while count < LONGEST {
        let word = norms.get(end).map_or("", String::as_str);
        let parts: Vec<&str> = word.split('-').collect();
        let letters = !word.is_empty()
            && parts
                .iter()
                .all(|p| p.chars().count() == 1 && p.chars().all(char::is_alphabetic));
        // "Double L".
        let double = word == "double"
            && count > 0
            && norms.get(end + 1).is_some_and(|w| w.chars().count() == 1);
        if double {
            (end, count) = (end + 2, count + 2);
        } else if letters {
            (end, count) = (end + 1, count + parts.len());
            hyphens |= parts.len() > 1;
        } else {
            break;
        }
        let next = past_heard(tokens, end);
        let comma = next == end + 1 && tokens[end].heard_mark() == Some(Mark::Comma);
        let more = norms.get(next).is_some_and(|w| {
            w.split('-')
                .all(|p| p.chars().count() == 1 && p.chars().all(char::is_alphabetic))
                || w == "double"
        });
        if comma && more {
            end = next;
        }
    }
    let enough = match announced {
        Some(_) => count >= 3,
        // By itself only a whole word of letters: "S-A-C-U-B-I-T-R-I-L".
        None => hyphens && count >= 5 && end == at + 1,
    };
    enough.then_some((start, end, announced.is_some()))
}

fn past_colon(tokens: &[Token], at: usize) -> usize {
    at + tokens
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|t| matches!(t.mark(), Some(Mark::Comma | Mark::Colon)))
        .count()
}

fn put_in(
    out: &mut Vec<Token>,
    tokens: &[Token],
    at: usize,
    start: usize,
    end: usize,
    announced: bool,
) -> bool {
    let mut word = String::new();
    let mut double = false;
    for token in &tokens[start..end] {
        let lower = token.text.to_lowercase();
        if lower == "double" {
            double = true;
            continue;
        }
        if token.kind != Kind::Word {
            continue;
        }
        for c in lower.chars().filter(|c| c.is_alphabetic()) {
            word.push(c);
            if double {
                word.push(c);
                double = false;
            }
        }
    }
    // The words before, as far as they sound like it: up to four of them.
    let mut last = out.len();
    while last > 0
        && (out[last - 1].kind == Kind::Consumed
            || matches!(out[last - 1].mark(), Some(Mark::Comma | Mark::Period)))
    {
        last -= 1;
    }
    let mut best: Option<(usize, usize)> = None;
    let mut joined = String::new();
    for i in (last.saturating_sub(4)..last).rev() {
        if out[i].kind != Kind::Word {
            break;
        }
        let plain: String = out[i]
            .text
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphabetic())
            .collect();
        joined = plain + &joined;
        let far = strsim::levenshtein(&joined, &word);
        if best.is_none_or(|(_, least)| far < least) {
            best = Some((i, far));
        }
    }
    let long = word.chars().count();
    let near = best.filter(|(i, far)| {
        let named = announced && out[*i].is_capitalised() && !begins_sentence(out, *i);
        let same_start = out[*i].text.to_lowercase().chars().next() == word.chars().next();
        far * 2 <= long || (named && same_start) || (announced && same_start && far * 3 <= long * 2)
    });
    let Some((from, _)) = near else { return false };
    let capital = out[from].text.starts_with(char::is_uppercase) && !begins_sentence(out, from)
        || out[from].is_capitalised();
    if capital {
        word = crate::text::case::raised(&word);
    }
    let changed = last - from != 1 || out[from].text != word;
    let old: Vec<Token> = out.split_off(from);
    let note = if changed {
        format!(
            "The speaker spelled \"{word}\"; \"{}\" was heard.",
            said(&old[..last - from])
        )
    } else {
        String::new()
    };
    let mut seed = tokens[start].with(word, Kind::Word, "spelling");
    seed.words.end = tokens[end - 1].words.end;
    seed.sound.end_s = tokens[end - 1].sound.end_s;
    let mut gone = old;
    gone.extend_from_slice(&tokens[at..start]);
    out.extend(used(&gone, notes::CORRECTED, &note));
    out.push(seed);
    true
}

/// Words after which "cap" is a thing, and before which.
#[rustfmt::skip]
const CAP_AFTER: &[&str] = &[
    "knee", "cradle", "skull", "night", "bottle", "ice", "the", "a", "white", "cervical", "wear", "gas", "his", "her",
    "shower", "swim", "fibrous", "ventilation", "clave", "end", "heparin", "red", "blue", "ceramic", "metal", "no",
    "acetabular", "dental", "stool", "and", "of", "with", "to", "market", "salary",
];
#[rustfmt::skip]
const CAP_BEFORE: &[&str] = &[
    "refill", "on", "off", "for", "was", "is", "of", "and", "placed", "removed", "toxin", "at", "in", "score", "with",
    "the", "to", "or", "assisted", "fitted", "snare",
];

/// Rule: "all caps", "no caps" and "cap" before a word.
pub fn caps(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some((len, form)) = caps_form(&norms, at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let word = past_heard(tokens, at + len);
        let Some(target) = tokens.get(word).filter(|t| t.kind == Kind::Word) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        out.extend(used(&tokens[at..word], "command.caps", ""));
        let mut target = target.clone();
        target.rule = "command.caps";
        target.text = match form {
            Caps::All => target.text.to_uppercase(),
            Caps::None => target.text.to_lowercase(),
            Caps::First => crate::text::case::raised(&target.text),
        };
        out.push(target);
        at = word + 1;
    }
    out
}

#[derive(Clone, Copy)]
enum Caps {
    All,
    None,
    First,
}

fn caps_form(norms: &[String], at: usize) -> Option<(usize, Caps)> {
    let left = at.checked_sub(1).map_or("", |i| norms[i].as_str());
    let forms: [(&[&str], Caps); 7] = [
        (&["all", "caps"], Caps::All),
        (&["all", "capitals"], Caps::All),
        (&["all", "cap"], Caps::All),
        (&["no", "caps"], Caps::None),
        (&["no", "cap"], Caps::None),
        (&["lower", "case"], Caps::None),
        (&["initial", "cap"], Caps::First),
    ];
    let plain = !["the", "in", "with", "wears", "of", "a"].contains(&left);
    if let Some((words, form)) = forms.iter().find(|(words, _)| stands(norms, at, words)) {
        let right = norms.get(at + words.len()).map_or("", String::as_str);
        return (plain && !right.is_empty() && !CAP_BEFORE.contains(&right) && right != "letters")
            .then_some((words.len(), *form));
    }
    let right = norms.get(at + 1).map_or("", String::as_str);
    match norms[at].as_str() {
        "cap"
            if !left.is_empty()
                && !CAP_AFTER.contains(&left)
                && !right.is_empty()
                && !CAP_BEFORE.contains(&right) =>
        {
            Some((1, Caps::First))
        }
        // "Capital C": one letter.
        "capital"
            if plain && right.chars().count() == 1 && right.chars().all(char::is_alphabetic) =>
        {
            Some((1, Caps::First))
        }
        _ => None,
    }
}

/// Rule: "Doctor Lee" is "Dr. Lee".
pub fn doctors(tokens: &[Token]) -> Vec<Token> {
    let mut out = tokens.to_vec();
    for at in 0..out.len() {
        let doctor = out[at].kind == Kind::Word && out[at].text.eq_ignore_ascii_case("doctor");
        let name = out.get(at + 1).is_some_and(|t| {
            t.kind == Kind::Word
                && t.text.starts_with(char::is_uppercase)
                && !["Who", "Of", "And", "The", "I"].contains(&t.text.as_str())
        });
        if doctor && name {
            out[at] = out[at].with("Dr.", Kind::Word, "title.doctor");
        }
    }
    out
}

/// Rule: British "Dr Lee" has no full stop.
pub fn british_titles(tokens: &[Token], style: TextStyle) -> Vec<Token> {
    let mut out = tokens.to_vec();
    if style.or_heard(tokens) == TextStyle::British {
        for token in &mut out {
            if ["Dr.", "Mr.", "Mrs.", "Ms.", "Prof."].contains(&token.text.as_str()) {
                token.text.pop();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::text::testing::{check, draft_of};

    #[test]
    #[rustfmt::skip]
    fn letters_replace_the_word_before_them() {
        check(&[
            ("start secubitrol, spelled S-A-C-U-B-I-T-R-I-L, daily period", "Start sacubitril, daily."),
            ("start sacubitrol that's spelled s a c u b i t r i l daily period", "Start sacubitril daily."),
            ("seen by Doctor Ockaffer, O-K-A-F-O-R, today period", "Seen by Dr. Okafor, today."),
            ("her aunt is Miss Halen, spelled H, A, double L, I, N, period", "Her aunt is Miss Hallin."),
            ("referred by Doctor Nguyen spelled N G U Y E N period", "Referred by Dr. Nguyen."),
        ]);
        assert_eq!(draft_of("start secubitrol, S-A-C-U-B-I-T-R-I-L period").findings.len(), 1);
        assert!(draft_of("seen by Doctor Nguyen spelled N G U Y E N period").findings.is_empty());
    }

    #[test]
    fn letters_that_are_no_spelling_stay() {
        for text in [
            "The A-B-C-D-E approach was used.",
            "He spelled world backwards.",
            "Hepatitis A, B and C were negative.",
            "He had a spell of dizziness.",
        ] {
            check(&[(text, text)]);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn capitals_as_they_are_said() {
        check(&[
            ("allergic to all caps penicillin period", "Allergic to PENICILLIN."),
            ("the brand is cap lasix comma stopped period", "The brand is Lasix, stopped."),
            ("seen on no caps Monday period", "Seen on monday."),
            ("a capital C shaped scar period", "A capital C shaped scar."),
            ("cap refill is brisk and a knee cap period", "Cap refill is brisk and a knee cap."),
            ("the bottle cap was swallowed period", "The bottle cap was swallowed."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_doctor_with_a_name_is_dr() {
        check(&[
            ("seen by Doctor Lee and doctor Okafor period", "Seen by Dr. Lee and Dr. Okafor."),
            ("the doctor called period Doctor of medicine period", "The doctor called. Doctor of medicine."),
            ("seen by Dr. Lee period", "Seen by Dr. Lee."),
            ("seen by Doctor Lee and Mrs. Hill full stop", "Seen by Dr Lee and Mrs Hill."),
        ]);
    }
}
