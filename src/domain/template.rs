//! Ready texts that a site or a physician keeps, and the names they are called by.

/// Most letters of a name.
const LONGEST_NAME: usize = 80;
/// Most names beside the first.
const MOST_NAMES: usize = 8;
/// Most characters of a text.
const LONGEST_BODY: usize = 20_000;

/// A ready text. `[ ]` in it is a field to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    name: String,
    spoken: Vec<String>,
    body: String,
    kind: Option<String>,
}

/// Most ready texts that are put into one dictation.
pub const MOST_PLACED: usize = 100;

/// A ready text that its author put between the words, by key, while dictating.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedText {
    /// Where: seconds of the recording as it was put together.
    pub at_s: f64,
    /// What is written there.
    pub text: String,
}

impl PlacedText {
    /// One place with its text.
    ///
    /// # Errors
    /// [`InvalidTemplate::Body`] for a text that no ready text can be, [`InvalidTemplate::Place`] for no place.
    pub fn new(at_s: f64, text: &str) -> Result<Self, InvalidTemplate> {
        if !at_s.is_finite() || at_s < 0.0 {
            return Err(InvalidTemplate::Place);
        }
        let text = text.replace("\r\n", "\n");
        if text.trim().is_empty() || !is_body(&text) {
            return Err(InvalidTemplate::Body);
        }
        Ok(Self { at_s, text })
    }
}

/// Not too long, and no control characters.
fn is_body(text: &str) -> bool {
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.chars().count() <= LONGEST_BODY && !text.contains(bad)
}

/// Why something is no ready text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// A name has no word, or is too long.
    #[error(
        "a name of a ready text is one line of at most 80 letters with a word in it, for example: normal chest exam"
    )]
    Name,
    /// There are too many names.
    #[error("a ready text has at most 8 spoken names beside its own")]
    Names,
    /// There is no text, or too much of it.
    #[error(
        "a ready text has at least one letter, at most 20,000 characters, and no control characters"
    )]
    Body,
    /// It stands nowhere in the recording.
    #[error("a ready text stands at a place in the recording, in seconds from 0")]
    Place,
}

impl Template {
    /// Puts a ready text into its one form; `kind` is the document type that it is meant for, if it is for one.
    ///
    /// # Errors
    /// [`InvalidTemplate`].
    pub fn new(
        name: &str,
        spoken: &[String],
        body: &str,
        kind: Option<String>,
    ) -> Result<Self, InvalidTemplate> {
        let name = one_line(name)?;
        let mut keys = vec![key(&name)];
        let mut others = Vec::new();
        for other in spoken.iter().filter(|s| !s.trim().is_empty()) {
            let other = one_line(other)?;
            // A name that is said like another one is the same name.
            if !keys.contains(&key(&other)) {
                keys.push(key(&other));
                others.push(other);
            }
        }
        if others.len() > MOST_NAMES {
            return Err(InvalidTemplate::Names);
        }
        let body = body.replace("\r\n", "\n").trim().to_owned();
        if !body.contains(char::is_alphanumeric) || !is_body(&body) {
            return Err(InvalidTemplate::Body);
        }
        Ok(Self {
            name,
            spoken: others,
            body,
            kind,
        })
    }

    /// What lists show, and what it is called by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What else it is called by.
    pub fn spoken(&self) -> &[String] {
        &self.spoken
    }

    /// What is written.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The document type that it is meant for.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Every name as it is compared, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        std::iter::once(key(&self.name)).chain(self.spoken.iter().map(|s| key(s)))
    }
}

/// A name as it is compared: its words in small letters, without marks.
pub fn key(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn one_line(name: &str) -> Result<String, InvalidTemplate> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
    if !fits || !key(&name).contains(char::is_alphanumeric) {
        return Err(InvalidTemplate::Name);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, spoken: &[&str], body: &str) -> Result<Template, InvalidTemplate> {
        let spoken: Vec<String> = spoken.iter().map(|s| (*s).to_owned()).collect();
        Template::new(name, &spoken, body, None)
    }

    #[test]
    fn names_that_are_said_alike_are_one_name() {
        let text = made(
            " Normal  chest-exam ",
            &["normal chest exam", "", "Clear chest"],
            " Clear.\r\n[ ] ",
        )
        .unwrap();
        assert_eq!(text.name(), "Normal chest-exam");
        assert_eq!(text.spoken(), ["Clear chest"]);
        assert_eq!(text.body(), "Clear.\n[ ]");
        assert!(
            text.keys()
                .eq(["normal chest exam", "clear chest"].map(str::to_owned))
        );
    }

    #[test]
    fn what_nobody_can_call_or_write_is_no_ready_text() {
        assert_eq!(made("...", &[], "x"), Err(InvalidTemplate::Name));
        assert_eq!(made(&"x".repeat(81), &[], "x"), Err(InvalidTemplate::Name));
        assert_eq!(made("a", &["?"], "x"), Err(InvalidTemplate::Name));
        assert_eq!(made("a", &[], " [ ] "), Err(InvalidTemplate::Body));
        assert_eq!(made("a", &[], "x\u{7}"), Err(InvalidTemplate::Body));
        let many: Vec<String> = (0..9).map(|n| format!("name {n}")).collect();
        assert_eq!(
            Template::new("a", &many, "x", None),
            Err(InvalidTemplate::Names)
        );
    }
}
