//! What the rules of editing tell a person: findings and instructions, read from the tokens that leave no character.
//!
//! A consumed token with a text carries a note, and its rule says of which kind.

use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::report::Instruction;
use crate::domain::transcript::{Word, join};
use crate::text::token::{Kind, Token};

/// The speaker corrected himself; the note says what became what.
pub const CORRECTED: &str = "correction.speaker";
/// The speaker asked for a correction that could not be carried out.
pub const UNCLEAR: &str = "correction.unclear";
/// Spoken to the secretary.
pub const INSTRUCTION: &str = "instruction";
/// A ready text was asked for that nobody has stored.
pub const UNKNOWN_TEXT: &str = "autotext.unknown";
/// A blank to be filled in; its visible token bears the same rule.
pub const BLANK: &str = "blank";
/// A word that exists was taken for the name of a mark.
pub const TAKEN_AS_MARK: &str = "punctuation.comma.doubtful";

/// The findings and instructions that a finished stream holds.
pub fn told(tokens: &[Token], words: &[Word]) -> (Vec<Finding>, Vec<Instruction>) {
    let (mut findings, mut instructions) = (Vec::new(), Vec::new());
    for token in tokens {
        let note = match token.kind {
            Kind::Consumed if !token.text.is_empty() => token.text.as_str(),
            // The blank and the comma are seen in the text.
            _ if [BLANK, TAKEN_AS_MARK].contains(&token.rule) => "",
            _ => continue,
        };
        let (kind, severity, message) = match token.rule {
            INSTRUCTION => {
                instructions.push(Instruction {
                    text: note.to_owned(),
                    word_from: token.words.start,
                    word_to: token.words.end,
                });
                continue;
            }
            CORRECTED => (
                FindingKind::SpokenCorrection,
                Severity::Info,
                note.to_owned(),
            ),
            UNCLEAR | UNKNOWN_TEXT => (
                FindingKind::UnclearCommand,
                Severity::Warning,
                note.to_owned(),
            ),
            BLANK if token.kind != Kind::Consumed => (
                FindingKind::UnresolvedBlank,
                Severity::Warning,
                "The speaker left a blank; it must be filled in before the report is signed."
                    .to_owned(),
            ),
            TAKEN_AS_MARK => (
                FindingKind::UnclearCommand,
                Severity::Warning,
                "\"Coma\" was taken for a spoken comma; check that no coma was meant.".to_owned(),
            ),
            _ => continue,
        };
        let mut finding = Finding::new(
            kind,
            severity,
            (token.sound.start_s, token.sound.end_s),
            (token.words.start, token.words.end),
            message,
            format!("text.{}", token.rule),
        );
        let heard = words.get(token.words.clone()).unwrap_or_default();
        finding.heard = join(heard.iter().map(|w| w.text.as_str()));
        findings.push(finding);
    }
    (findings, instructions)
}
