//! Brings the engine's own punctuation and the spoken one together: one mark in one place.
//!
//! The engine writes "pain, comma, and" as well as "stable. Period. New paragraph." and sometimes turns a spoken mark
//! into the sign by itself. So a spoken mark wins over what the engine wrote next to it. Elsewhere the engine's marks
//! stay: many are spoken marks that it converted, and the commas of lists are left out by speakers and typed by
//! secretaries. The lone commas of somebody who says "comma" are breaths ([`breaths`]).

use crate::text::TextStyle;
use crate::text::phrases::divides_sentences;
use crate::text::token::{Kind, Mark, Token};
use std::collections::HashSet;

/// Rule: one mark in one place.
pub fn reconcile(tokens: &[Token]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let run = at
            + tokens[at..]
                .iter()
                .take_while(|t| matches!(t.kind, Kind::Mark(..) | Kind::Consumed))
                .count();
        if run == at {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let before = out.iter().rev().find(|t| t.kind != Kind::Consumed);
        let opens_line = before.is_none_or(|t| matches!(t.kind, Kind::Break(_) | Kind::Item));
        let salutation = starts_with_dear(&out);
        let after = tokens[run..].iter().find(|t| t.kind != Kind::Consumed);
        let kept = kept(&tokens[at..run], opens_line, salutation, after);
        let mut named: HashSet<_> = [at.checked_sub(1), Some(run)]
            .into_iter()
            .flatten()
            .filter_map(|i| Some(tokens.get(i)?.words.clone()))
            .collect();
        named.extend(
            tokens[at..run]
                .iter()
                .zip(&kept)
                .filter(|(_, keep)| **keep)
                .map(|(t, _)| t.words.clone()),
        );
        for (token, keep) in tokens[at..run].iter().zip(&kept) {
            if *keep {
                out.push(token.clone());
            } else if token.spoken_mark().is_some() || named.insert(token.words.clone()) {
                // A spoken mark, and a word that was nothing but this mark, must stay accounted for.
                out.push(token.with("", Kind::Consumed, dropped_rule(token)));
            }
        }
        at = run;
    }
    out
}

/// Spoken commas from which on a speaker counts as one who says them.
const COMMAS: usize = 3;
/// The most words to one spoken comma of such a speaker.
const WORDS_PER_COMMA: usize = 50;

/// Rule: where the speaker says the commas, a comma of the engine's in the middle of a sentence is a breath.
///
/// What speakers leave out all the same stays: the commas of a list ("liver, spleen, and kidneys"), of a sentence
/// without a spoken one that has several, of a date, and before words that begin a clause.
pub fn breaths(tokens: &[Token]) -> Vec<Token> {
    let spoken = |t: &Token| t.spoken_mark() == Some(Mark::Comma);
    let commas = tokens.iter().filter(|t| spoken(t)).count();
    let words = tokens.iter().filter(|t| t.kind == Kind::Word).count();
    let mut out = tokens.to_vec();
    if commas < COMMAS || words > commas * WORDS_PER_COMMA {
        return out;
    }
    let mut start = 0;
    while start < tokens.len() {
        let end = start
            + tokens[start..]
                .iter()
                .position(divides_sentences)
                .map_or(tokens.len() - start, |i| i + 1);
        let heard: Vec<usize> = (start..end)
            .filter(|&i| tokens[i].heard_mark() == Some(Mark::Comma))
            .collect();
        let said = tokens[start..end].iter().any(spoken);
        if said || heard.len() == 1 {
            for (k, &at) in heard.iter().enumerate() {
                if !stays(tokens, &heard, k, at) {
                    out[at] = tokens[at].with("", Kind::Consumed, "punctuation.dropped");
                }
            }
        }
        start = end;
    }
    out
}

/// Words before which a comma is more than a breath.
#[rustfmt::skip]
const CLAUSES: &[&str] = &[
    "then", "with", "without", "which", "who", "whom", "whose", "although", "however", "because", "while", "whereas",
    "so", "i", "please",
];

/// How many words an element of a list has at most.
const ELEMENT: usize = 6;

/// Whether the `k`-th comma of a sentence stays.
fn stays(tokens: &[Token], heard: &[usize], k: usize, at: usize) -> bool {
    let next = tokens.get(at + 1);
    let text = next.map_or(String::new(), |t| t.text.to_lowercase());
    let clause = CLAUSES.contains(&text.as_str());
    let year = text.len() == 4 && text.chars().all(|c| c.is_ascii_digit());
    let vocative = at > 0 && tokens[at - 1].text.ends_with('.');
    let marked = next.is_none_or(|t| t.kind != Kind::Word);
    // "X, Y, and Z": commas up to the one before "and", a few words apart, no spoken one between.
    let joins = |i: usize| {
        tokens
            .get(i + 1)
            .is_some_and(|t| ["and", "or"].contains(&t.text.to_lowercase().as_str()))
    };
    let near = |a: usize, b: usize| {
        b - a <= ELEMENT + 1 && tokens[a + 1..b].iter().all(|t| t.kind == Kind::Word)
    };
    let mut last = k;
    while !joins(heard[last]) && last + 1 < heard.len() && near(heard[last], heard[last + 1]) {
        last += 1;
    }
    let before = k > 0 && near(heard[k - 1], at);
    let series = joins(heard[last]) && (last > k || before);
    clause || year || vocative || marked || series
}

/// Rule: in American reports a comma or full stop stands inside the closing quotation mark.
pub fn inside_quotes(tokens: &[Token], style: TextStyle) -> Vec<Token> {
    let mut out = tokens.to_vec();
    if style.or_heard(tokens) != TextStyle::American {
        return out;
    }
    for at in 1..out.len() {
        let quote = out[at - 1].spoken_mark() == Some(Mark::Close) && out[at - 1].text == "\"";
        if quote && matches!(out[at].mark(), Some(Mark::Comma | Mark::Period)) {
            out.swap(at - 1, at);
        }
    }
    out
}

/// Spoken marks are dropped under their own name.
fn dropped_rule(token: &Token) -> &'static str {
    if token.spoken_mark().is_some() {
        token.rule
    } else {
        "punctuation.dropped"
    }
}

/// Which marks of a run stay. `after` is what follows the run, if anything does.
fn kept(run: &[Token], opens_line: bool, salutation: bool, after: Option<&Token>) -> Vec<bool> {
    let break_follows = after.is_some_and(|t| matches!(t.kind, Kind::Break(_)));
    let capital_follows = after.is_none_or(|t| t.is_capitalised() || t.kind != Kind::Word);
    let spoken = run.iter().any(|t| t.spoken_mark().is_some());
    // Of several spoken marks of the sentence the last one counts: the speaker corrected himself, or it is the same.
    let last_spoken = run
        .iter()
        .rposition(|t| t.spoken_mark().is_some_and(Mark::is_sentence));
    let closed = run
        .iter()
        .rposition(|t| t.spoken_mark() == Some(Mark::Close));
    let first_other = run
        .iter()
        .position(|t| t.mark().is_some_and(|m| !m.is_sentence()))
        .unwrap_or(run.len());
    run.iter()
        .enumerate()
        .map(|(i, token)| {
            let Some(mark) = token.mark().filter(|m| m.is_sentence()) else {
                return true;
            };
            if opens_line && i < first_other {
                // Nothing stands before it that it could end.
                return false;
            }
            if token.spoken_mark().is_some() {
                return Some(i) == last_spoken;
            }
            if break_follows && !spoken {
                return match mark {
                    Mark::Comma => salutation,
                    mark => mark.is_stop() || mark == Mark::Colon,
                };
            }
            if !spoken {
                return true;
            }
            // After a spoken closing bracket a full stop of the engine may be a spoken one that it converted.
            last_spoken.is_none()
                && closed.is_some_and(|close| i > close)
                && mark.is_stop()
                && capital_follows
        })
        .collect()
}

/// The line that is being written begins with "Dear": the comma after a salutation stays.
fn starts_with_dear(out: &[Token]) -> bool {
    // A salutation is short: look at the last few words only.
    let tail = &out[out.len().saturating_sub(8)..];
    let line = tail
        .iter()
        .rposition(|t| matches!(t.kind, Kind::Break(_)) || t.mark().is_some_and(Mark::is_stop))
        .map_or(0, |i| i + 1);
    tail[line..]
        .iter()
        .find(|t| t.kind == Kind::Word)
        .is_some_and(|t| t.text.eq_ignore_ascii_case("dear"))
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn a_spoken_mark_wins_over_what_the_engine_wrote_beside_it() {
        check(&[
            ("chest pain, comma, and dyspnea. Period.", "Chest pain, and dyspnea."),
            ("He is stable. Period. New paragraph. Lungs clear, period.", "He is stable.\n\nLungs clear."),
            ("No pain. Comma, And no fever. Period", "No pain, and no fever."),
            ("Findings: Colon. The scan is normal. Period.", "FINDINGS: The scan is normal."),
            ("Findings, colon, the scan is normal, period.", "FINDINGS: The scan is normal."),
            ("Dr. Hallam. Period. He is well, full stop.", "Dr. Hallam. He is well."),
            ("Is it broken? Question mark.", "Is it broken?"),
            ("Scan, open paren, see below, close paren. The end, period.", "Scan (see below). The end."),
            ("Scan open paren see below close paren, period", "Scan (see below)."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn what_the_engine_wrote_elsewhere_stays() {
        check(&[
            ("He denies chest pain, orthopnea, or cough, period.", "He denies chest pain, orthopnea, or cough."),
            ("He is well. She is ill, period.", "He is well. She is ill."),
            ("It was 3.25 vs. 4.5, period.", "It was 3.25 vs. 4.5."),
            ("lungs clear. heart regular.", "Lungs clear. Heart regular."),
            ("He is well. New paragraph. She is ill.", "He is well.\n\nShe is ill."),
            ("He is well, new paragraph, she is ill.", "He is well\n\nShe is ill."),
            ("Dear Dr. Okafor, new line, thank you.", "Dear Dr. Okafor,\n\nThank you."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn who_says_the_commas_means_no_others() {
        let commas = "rest comma ice comma heat comma sleep period";
        for (said, text) in [
            ("insight, fair period", "Insight fair."),
            ("mild edema, of the left ankle comma no rash period", "Mild edema of the left ankle, no rash."),
            ("alcohol, two drinks weekly comma no cannabis period", "Alcohol 2 drinks weekly, no cannabis."),
            ("the liver, spleen, pancreas, and kidneys are normal period", "The liver, spleen, pancreas, and kidneys are normal."),
            ("no fever, chills, or cough comma no rash period", "No fever, chills, or cough, no rash."),
            ("aspirin 81 mg, ramipril 5 mg, iron period", "Aspirin 81 mg, ramipril 5 mg, iron."),
            ("repaired with suture, which held period", "Repaired with suture, which held."),
            ("seen on March 3, 2026 period", "Seen on March 3, 2026."),
        ] {
            check(&[
                (&format!("{commas} {said}"), &format!("Rest, ice, heat, sleep. {text}")),
            ]);
        }
        // Who says only the full stops leaves the commas to others.
        check(&[("rest period insight, fair period", "Rest. Insight, fair.")]);
    }

    #[test]
    #[rustfmt::skip]
    fn american_quotation_marks_close_behind_the_comma() {
        check(&[
            ("mood quote empty unquote comma affect flat period", "Mood \"empty,\" affect flat."),
            ("he said quote I am well unquote period", "He said \"I am well.\""),
            ("she felt open quote odd close quote full stop", "She felt \"odd\"."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn the_same_word_is_a_mark_and_an_organ_in_one_sentence() {
        check(&[
            ("there is a mass in the descending colon period colon biopsy was taken period", "There is a mass in the descending colon. Colon biopsy was taken."),
            ("findings colon the colon is dilated period", "FINDINGS: The colon is dilated."),
            ("impression colon colon cancer period", "IMPRESSION: Colon cancer."),
            ("colonoscopy findings colon sigmoid colon polyp comma transverse colon normal period", "Colonoscopy findings: Sigmoid colon polyp, transverse colon normal."),
            ("he emerged from the coma comma and was extubated period", "He emerged from the coma, and was extubated."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn of_several_spoken_marks_the_last_one_counts() {
        check(&[
            ("rest comma period ice period", "Rest. Ice."),
            ("rest period period ice period", "Rest. Ice."),
            ("rest full stop full stop", "Rest."),
        ]);
    }
}
