//! A letter: a signed report on its way to somebody, and to whom copies of it go.

use crate::domain::ids::{LetterId, ReportId, UserId};
use jiff::Timestamp;

/// Copies of a letter at most.
pub const MOST_COPIES: usize = 20;

/// Somebody who gets a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    name: String,
    address: String,
}

/// Why nobody can get a letter there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a recipient has a name of 1 to 120 characters in one line, and an address of at most 400 that can be printed"
)]
pub struct InvalidRecipient;

impl Recipient {
    /// A recipient; white space at the ends is left out.
    ///
    /// # Errors
    /// [`InvalidRecipient`].
    pub fn new(name: &str, address: &str) -> Result<Self, InvalidRecipient> {
        let (name, address) = (name.trim(), address.trim());
        let unprintable = |text: &str| text.chars().any(char::is_control);
        let is_one = (1..=120).contains(&name.chars().count())
            && address.chars().count() <= 400
            && !unprintable(name)
            && !address.lines().any(unprintable);
        if !is_one {
            return Err(InvalidRecipient);
        }
        let lines = address.lines().map(str::trim).filter(|l| !l.is_empty());
        Ok(Self {
            name: name.to_owned(),
            address: lines.collect::<Vec<_>>().join("\n"),
        })
    }

    /// As it is printed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In lines; may be empty.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Name and address in one line.
    pub fn in_a_line(&self) -> String {
        let parts = std::iter::once(self.name.as_str()).chain(self.address.lines());
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// A letter that was not to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A signed report on its way to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its identifier.
    pub id: LetterId,
    /// What is sent.
    pub report_id: ReportId,
    /// To whom.
    pub to: Recipient,
    /// Who gets a copy.
    pub copies: Vec<Recipient>,
    /// Who wrote it.
    pub made_by: UserId,
    /// When.
    pub made_at: Timestamp,
    /// Where it was not to go out.
    pub withdrawal: Option<Withdrawal>,
}

/// Words with which somebody asks that something goes to somebody.
const SENDS: &[&str] = &[
    "copy", "copies", "send", "fax", "mail", "email", "forward", "cc",
];

/// What does not belong to a name any more.
const AFTER: &[&str] = &[
    " as well",
    " too",
    " also",
    " please",
    " by fax",
    " by mail",
    " by email",
];

/// Words with which another recipient begins, beside a capital letter.
const BEGIN: &[&str] = &["the ", "his ", "her ", "their ", "our ", "my ", "to "];

/// Who is to get a copy, by what was said to the secretary: "Please send a copy to Dr. Lee and the family physician."
/// Nothing where nobody is named. It is a proposal: a person confirms it.
pub fn copies_said(instruction: &str) -> Vec<String> {
    let words: Vec<&str> = instruction.split_whitespace().collect();
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let Some(send) = words.iter().position(|w| SENDS.contains(&bare(w).as_str())) else {
        return Vec::new();
    };
    let Some(to) = words[send..].iter().position(|w| bare(w) == "to") else {
        return Vec::new();
    };
    let said = words[send + to + 1..].join(" ");
    let mut found: Vec<String> = Vec::new();
    for part in said.split(" and ").flat_map(|part| part.split(", and ")) {
        let mut name = String::new();
        for piece in part.split(", ") {
            let begins = piece.starts_with(char::is_uppercase)
                || BEGIN.iter().any(|word| piece.starts_with(word));
            if begins || name.is_empty() {
                found.extend(one(&name));
                name = piece.to_owned();
            } else {
                // "Dr. Lee, cardiology" is one.
                name = format!("{name}, {piece}");
            }
        }
        found.extend(one(&name));
    }
    let mut seen = Vec::new();
    found.retain(|name| {
        let is_new = !seen.contains(&name.to_lowercase());
        seen.push(name.to_lowercase());
        is_new
    });
    found.truncate(MOST_COPIES);
    found
}

/// A name without what stands around it.
fn one(said: &str) -> Option<String> {
    let mut name = said.trim_matches([' ', ',', ';', '.', ':']);
    name = name.strip_prefix("to ").unwrap_or(name);
    while let Some(shorter) = AFTER.iter().find_map(|after| name.strip_suffix(after)) {
        name = shorter;
    }
    let name = name.trim();
    (name.chars().any(char::is_alphabetic) && name.chars().count() <= 120).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_a_copy_is_heard_from_the_instruction() {
        for (said, expected) in [
            ("Please send a copy to Dr. Lee.", vec!["Dr. Lee"]),
            (
                "Copies to Dr. Lee and Dr. Marsh.",
                vec!["Dr. Lee", "Dr. Marsh"],
            ),
            (
                "Please send copies to Dr. Lee, Dr. Marsh, and the family physician as well.",
                vec!["Dr. Lee", "Dr. Marsh", "the family physician"],
            ),
            (
                "Send a copy of this letter to his GP and to Dr. Lee.",
                vec!["his GP", "Dr. Lee"],
            ),
            ("Copy to Dr. Lee, cardiology.", vec!["Dr. Lee, cardiology"]),
            (
                "Could you please fax this to the family physician.",
                vec!["the family physician"],
            ),
            ("Copies to Dr. Lee and Dr. Lee.", vec!["Dr. Lee"]),
            ("Please send a copy.", vec![]),
            ("Please check the date.", vec![]),
            ("Please use the clinic letterhead.", vec![]),
            ("Please send a copy to.", vec![]),
        ] {
            assert_eq!(copies_said(said), expected, "{said}");
        }
    }

    #[test]
    fn a_recipient_can_be_printed() {
        let lee = Recipient::new(" Dr. Lee ", "1 High St\r\n\r\n Oxford ").unwrap();
        assert_eq!(lee.in_a_line(), "Dr. Lee, 1 High St, Oxford");
        for (name, address) in [
            ("", "x"),
            ("a\nb", ""),
            (&*"a".repeat(121), ""),
            ("a", "\u{7}"),
        ] {
            assert_eq!(Recipient::new(name, address), Err(InvalidRecipient));
        }
    }
}
