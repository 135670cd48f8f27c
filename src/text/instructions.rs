//! What is said to the secretary: "please send a copy to Doctor Lee". It becomes an instruction beside the report.

use crate::text::notes;
use crate::text::phrases::{begins_sentence, norms, past_heard, said, sentence_end, stands, used};
use crate::text::token::{Kind, Mark, Token};

/// Whoever types.
const SECRETARY: &[&str] = &[
    "secretary",
    "transcriptionist",
    "transcriber",
    "typist",
    "transcription",
    "medical secretary",
];

/// How the secretary is addressed before the order itself.
#[rustfmt::skip]
const ADDRESSES: &[&[&str]] = &[
    &["note", "to", "the"], &["note", "to"], &["note", "for", "the"], &["note", "for"], &["to", "the"], &["to", "my"],
    &["for", "the"], &["message", "to", "the"], &["message", "for", "the"], &["instruction", "to", "the"],
    &["instructions", "for", "the"], &["dear"], &["hello"], &["attention"],
];

/// Orders that only a secretary can carry out, after "please" or at the start of a sentence.
#[rustfmt::skip]
const ORDERS: &[&[&str]] = &[
    &["send", "a", "copy"], &["send", "copies"], &["send", "one", "copy"], &["send", "this", "report"],
    &["send", "this", "letter"], &["send", "this", "note"], &["send", "this", "dictation"], &["send", "the", "report"],
    &["send", "the", "letter"], &["copy", "this"], &["copy", "to"], &["copy", "the", "letter"], &["copy", "the", "report"],
    &["copies", "to"], &["carbon", "copy"], &["fax", "a", "copy"], &["fax", "this"], &["fax", "the", "report"],
    &["fax", "the", "letter"], &["mail", "a", "copy"], &["mail", "this"], &["email", "a", "copy"], &["email", "this"],
    &["forward", "a", "copy"], &["forward", "this", "report"], &["forward", "this", "letter"], &["forward", "copies"],
    &["forward", "the", "report"], &["forward", "this", "note"], &["print", "this"], &["print", "a", "copy"],
    &["type", "this"], &["type", "up"], &["file", "this"], &["add", "to", "the", "copy", "list"],
    &["mark", "this", "as", "urgent"], &["mark", "this", "report"], &["mark", "this", "stat"], &["look", "up", "the", "spelling"],
];

/// Orders after "please" whose object decides: "check the date", but not "check the potassium".
const CHECKS: &[&[&str]] = &[
    &["check"],
    &["verify"],
    &["confirm"],
    &["double", "check"],
    &["double-check"],
    &["look", "up"],
    &["fill", "in"],
    &["insert"],
    &["add"],
    &["get"],
    &["find"],
    &["pull"],
    &["attach"],
    &["enclose"],
    &["correct"],
    &["include"],
    &["make", "sure"],
    &["use"],
    &["leave", "out"],
];

/// What a secretary looks up, and no physician orders.
#[rustfmt::skip]
const OBJECTS: &[&str] = &[
    "date", "dates", "spelling", "spellings", "name", "names", "chart", "record", "address", "template", "format",
    "letterhead", "demographics", "mrn", "punctuation", "grammar", "dictation", "transcript", "heading", "headings",
    "enclosure", "enclosures", "correspondence",
];

/// Rule: takes the secretary's sentences out of the text.
pub fn taken_out(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some(start) = begins_sentence(tokens, at)
            .then(|| order(tokens, &norms, at))
            .flatten()
        else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let end = sentence_end(tokens, at);
        let mut text = said(&tokens[start..end]);
        while text.ends_with([',', ';', ':', '.', ' ']) {
            text.pop();
        }
        let text = crate::text::case::raised(&text) + ".";
        out.extend(used(&tokens[at..end], notes::INSTRUCTION, &text));
        at = end;
    }
    out
}

/// Where the order itself begins, if the sentence at `at` is one.
fn order(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    if tokens[at].kind != Kind::Word {
        return None;
    }
    let mut i = at;
    if let Some(address) = ADDRESSES.iter().find(|a| stands(norms, i, a)) {
        i += address.len();
    }
    let addressed = norms
        .get(i)
        .is_some_and(|w| SECRETARY.contains(&w.as_str()));
    if addressed {
        let end = i + 1;
        let next = past_mark(tokens, end);
        let word = norms.get(next).map_or("", String::as_str);
        const STARTS: &[&str] = &[
            "please", "can", "could", "would", "leave", "make", "send", "check", "this", "you",
        ];
        // "Secretary of the clinic" is somebody else.
        return ((next > end || STARTS.contains(&word)) && next < tokens.len()).then_some(next);
    }
    i = at;
    let mut polite = false;
    for ask in [
        &["can", "you"][..],
        &["could", "you"],
        &["would", "you"],
        &["will", "you"],
        &["and"],
    ] {
        if stands(norms, i, ask) {
            i += ask.len();
            break;
        }
    }
    for please in [
        &["please", "also"][..],
        &["please"],
        &["kindly"],
        &["also", "please"],
    ] {
        if stands(norms, i, please) {
            polite = true;
            i = past_heard(tokens, i + please.len());
            break;
        }
    }
    if ORDERS.iter().any(|o| stands(norms, i, o)) && (polite || i == at) {
        return Some(at);
    }
    let check = CHECKS.iter().find(|c| stands(norms, i, c))?;
    let end = sentence_end(tokens, i);
    let object = norms[i + check.len()..end]
        .iter()
        .take(7)
        .take_while(|w| {
            !w.is_empty() && !["of", "to", "in", "if", "for", "on", "at"].contains(&w.as_str())
        })
        .any(|w| OBJECTS.contains(&w.as_str()));
    (polite && object).then_some(at)
}

/// Past the mark after an address, heard or spoken.
fn past_mark(tokens: &[Token], at: usize) -> usize {
    at + tokens[at..]
        .iter()
        .take_while(|t| matches!(t.mark(), Some(Mark::Comma | Mark::Colon | Mark::Dash)))
        .count()
}

#[cfg(test)]
mod tests {
    use crate::text::testing::{check, draft_of};

    #[test]
    fn what_is_said_to_the_secretary_is_no_text() {
        for (said, report, order) in [
            (
                "rest period please send a copy to Doctor Lee period",
                "Rest.",
                "Please send a copy to Dr. Lee.",
            ),
            (
                "Please check the date. Lungs clear, period.",
                "Lungs clear.",
                "Please check the date.",
            ),
            (
                "rest period secretary comma please use the clinic letterhead period ice period",
                "Rest. Ice.",
                "Please use the clinic letterhead.",
            ),
            (
                "rest period Note to transcriptionist, the next name is new, period. ice period",
                "Rest. Ice.",
                "The next name is new.",
            ),
            (
                "rest period please verify the spelling of his name period",
                "Rest.",
                "Please verify the spelling of his name.",
            ),
            (
                "rest period could you please fax this to the family physician period",
                "Rest.",
                "Could you please fax this to the family physician.",
            ),
        ] {
            let report_body = draft_of(said).report;
            assert_eq!(report_body.text, report, "{said}");
            let orders: Vec<&str> = report_body
                .instructions
                .iter()
                .map(|i| i.text.as_str())
                .collect();
            assert_eq!(orders, [order], "{said}");
        }
    }

    #[test]
    fn what_is_said_to_a_reader_stays() {
        for text in [
            "Please check the potassium in a week.",
            "Please call if the fever returns.",
            "Please send urine for culture.",
            "The secretary called the family.",
            "Secretary of the clinic, he works long hours.",
            "She was asked to send a copy of the scan.",
            "Please continue the name-brand drug.",
            "Check the date of the last tetanus booster.",
        ] {
            let report = draft_of(text).report;
            assert_eq!(report.text, text);
            assert!(report.instructions.is_empty());
        }
        check(&[("no copy to keep period", "No copy to keep.")]);
    }
}
