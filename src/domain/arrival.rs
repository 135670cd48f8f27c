//! What is known about a recording that nobody sits beside: from its name, from a list, from a note that lies beside it,
//! from the recorder's header. Nothing is guessed: what is not written in one certain way is not known, and two sources
//! that disagree are a contradiction that a person settles.

use crate::domain::ids::{DictationId, InboxId};
use crate::domain::patient::Mrn;
use crate::domain::worklist::{Priority, Route};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Something that can be known about a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Record number of the patient.
    Mrn,
    /// The patient's date of birth: the second identifier.
    BirthDate,
    /// Who dictated: a login name, or what the recorders call them.
    Author,
    /// How urgent it is.
    Priority,
    /// Who gets the draft.
    Route,
    /// The encounter, as lists show it.
    Encounter,
    /// Day of the dictation.
    Date,
    /// Whom the recorder's header names as its author. Nobody has to be meant by it: devices come with a name from the factory.
    RecorderAuthor,
    /// Whose recordings come from this place where nothing else says who dictated.
    UsualAuthor,
}

written!(Field {
    Mrn => "mrn",
    BirthDate => "birth_date",
    Author => "author",
    Priority => "priority",
    Route => "route",
    Encounter => "encounter",
    Date => "date",
    RecorderAuthor => "recorder_author",
    UsualAuthor => "usual_author",
});

impl Field {
    /// What a name, a list or a note can say.
    pub const WRITTEN: [Self; 7] = [
        Self::Mrn,
        Self::BirthDate,
        Self::Author,
        Self::Priority,
        Self::Route,
        Self::Encounter,
        Self::Date,
    ];

    /// Their names, for messages.
    pub fn names() -> String {
        Self::WRITTEN.map(Self::as_str).join(", ")
    }

    /// The one a person or a program names, of those that can be written.
    pub fn written(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::WRITTEN.into_iter().find(|f| f.as_str() == name)
    }

    /// The value in its one written form; `None` where this cannot be one.
    pub fn read(self, text: &str) -> Option<String> {
        let text = text.trim();
        match self {
            Self::Mrn => text.parse::<Mrn>().ok().map(|mrn| mrn.to_string()),
            Self::BirthDate | Self::Date => date(text).map(|date| date.to_string()),
            Self::Author | Self::RecorderAuthor | Self::UsualAuthor => {
                let can_be = !text.is_empty()
                    && text.chars().count() <= 64
                    && !text.chars().any(|c| c.is_control() || c == '/');
                can_be.then(|| text.to_lowercase())
            }
            Self::Priority => {
                let word = text.to_ascii_lowercase();
                word.parse::<Priority>().ok().map(|_| word)
            }
            Self::Route => {
                let word = text.to_ascii_lowercase();
                word.parse::<Route>().ok().map(|_| word)
            }
            Self::Encounter => {
                let digits = text.chars().filter(|c| *c != '-').count();
                let can_be = (6..=32).contains(&digits)
                    && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
                can_be.then(|| text.to_ascii_lowercase())
            }
        }
    }

    fn how(self) -> &'static str {
        match self {
            Self::Mrn => "a record number is 1 to 32 letters, digits, '-', '.' or '/'",
            Self::BirthDate | Self::Date => "write a date as YYYY-MM-DD, YYYYMMDD or DD.MM.YYYY",
            Self::Author | Self::RecorderAuthor | Self::UsualAuthor => {
                "an author is a login name of at most 64 characters"
            }
            Self::Priority => "a priority is stat, urgent or routine",
            Self::Route => "a route is author or secretary",
            Self::Encounter => "an encounter is 6 to 32 hexadecimal digits, as the lists show it",
        }
    }
}

/// A date in one of the three ways that cannot be read in another: 2026-03-14, 20260314, 14.03.2026.
fn date(text: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| -> Option<i16> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let at = |place: usize, mark: u8| text.as_bytes().get(place) == Some(&mark);
    let (year, month, day) = match text.len() {
        10 if at(4, b'-') && at(7, b'-') => (number(0..4)?, number(5..7)?, number(8..10)?),
        10 if at(2, b'.') && at(5, b'.') => (number(6..10)?, number(3..5)?, number(0..2)?),
        8 => (number(0..4)?, number(4..6)?, number(6..8)?),
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A value that cannot be one. What was written is not repeated: it may be a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be that: {}", .0.as_str(), .0.how())]
pub struct Unreadable(pub Field);

/// Two sources that say different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is not the same everywhere", .0.as_str())]
pub struct Contradiction(pub Field);

/// What is known about a recording, each value in its one written form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hints(BTreeMap<Field, String>);

impl Hints {
    /// Notes a value.
    ///
    /// # Errors
    /// [`Unreadable`] where this cannot be one.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), Unreadable> {
        let value = field.read(text).ok_or(Unreadable(field))?;
        self.0.insert(field, value);
        Ok(())
    }

    /// Notes a value where there is none.
    ///
    /// # Errors
    /// [`Unreadable`] where this cannot be one.
    pub fn set_default(&mut self, field: Field, text: &str) -> Result<(), Unreadable> {
        if self.0.contains_key(&field) {
            return Ok(());
        }
        self.set(field, text)
    }

    /// Adds what another source says.
    ///
    /// # Errors
    /// [`Contradiction`] where it says something else; what was known before stays.
    pub fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        let mut contradiction = None;
        for (field, value) in other.0 {
            match self.0.get(&field) {
                Some(known) if *known != value => contradiction = Some(Contradiction(field)),
                Some(_) => {}
                None => {
                    self.0.insert(field, value);
                }
            }
        }
        contradiction.map_or(Ok(()), Err)
    }

    /// A value as it is written.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    fn parsed<T: FromStr>(&self, field: Field) -> Option<T> {
        self.get(field)?.parse().ok()
    }

    /// The patient's record number.
    pub fn mrn(&self) -> Option<Mrn> {
        self.parsed(Field::Mrn)
    }

    /// The patient's date of birth.
    pub fn birth_date(&self) -> Option<Date> {
        self.get(Field::BirthDate).and_then(date)
    }

    /// How urgent it is.
    pub fn priority(&self) -> Option<Priority> {
        self.parsed(Field::Priority)
    }

    /// Who gets the draft.
    pub fn route(&self) -> Option<Route> {
        self.parsed(Field::Route)
    }

    /// Everything, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }
}

/// How recordings are named, for example `{mrn}_{date}_{author}`; `{*}` is any text. A `/` stands for a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
    /// Folders above the name that it speaks of.
    depth: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
    Any,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// No such placeholder.
    #[error(
        "there is no {{{name}}} in a pattern; there are {{*}} and {}, each in braces",
        Field::names()
    )]
    Unknown {
        /// What stands in the braces.
        name: String,
    },
    /// One placeholder twice.
    #[error("{{{}}} stands in the pattern twice", .0.as_str())]
    Twice(Field),
    /// Where the first would end could not be known.
    #[error("two placeholders need something between them, for example _")]
    Touching,
    /// A brace without its other half.
    #[error("a brace in the pattern has no other half; placeholders look like {{mrn}}")]
    Brace,
    /// It would say nothing.
    #[error("the pattern has no placeholder; an example: {{mrn}}_{{date}}_{{author}}")]
    Empty,
}

/// What a pattern reads in a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The name is made in another way.
    No,
    /// It can be read in one way only.
    One(Hints),
    /// It can be read in several ways that say different things.
    Several,
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let (part, behind) = match first {
                '{' => {
                    let (name, behind) = rest[1..].split_once('}').ok_or(InvalidPattern::Brace)?;
                    let part = match name.trim() {
                        "*" => Part::Any,
                        name => Part::Field(Field::written(name).ok_or_else(|| {
                            InvalidPattern::Unknown {
                                name: name.to_owned(),
                            }
                        })?),
                    };
                    if matches!(parts.last(), Some(Part::Field(_) | Part::Any)) {
                        return Err(InvalidPattern::Touching);
                    }
                    if let Part::Field(field) = part
                        && parts.contains(&part)
                    {
                        return Err(InvalidPattern::Twice(field));
                    }
                    (part, behind)
                }
                '}' => return Err(InvalidPattern::Brace),
                _ => {
                    let end = rest.find(['{', '}']).unwrap_or(rest.len());
                    let (literal, behind) = rest.split_at(end);
                    (Part::Text(literal.to_owned()), behind)
                }
            };
            parts.push(part);
            rest = behind;
        }
        if !parts.iter().any(|p| matches!(p, Part::Field(_))) {
            return Err(InvalidPattern::Empty);
        }
        let depth = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.matches('/').count(),
                _ => 0,
            })
            .sum();
        Ok(Self { parts, depth })
    }
}

impl Pattern {
    /// Reads a name: the path below the folder that was searched, with `/` between its parts and without the ending.
    pub fn read(&self, path: &str) -> Reading {
        let Some(name) = tail(path, self.depth) else {
            return Reading::No;
        };
        let cuts: Vec<usize> = name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .collect();
        // What the parts behind a place can say, for each place of the name; two answers are as many as matter.
        let mut behind: Vec<Vec<Hints>> = vec![Vec::new(); cuts.len()];
        if let Some(end) = behind.last_mut() {
            end.push(Hints::default());
        }
        for part in self.parts.iter().rev() {
            behind = (0..cuts.len())
                .map(|from| readings(part, name, &cuts, from, &behind))
                .collect();
        }
        match behind.first().map(Vec::as_slice) {
            Some([one]) => Reading::One(one.clone()),
            Some([_, _, ..]) => Reading::Several,
            _ => Reading::No,
        }
    }
}

/// The last part of a path and so many folders above it.
fn tail(path: &str, depth: usize) -> Option<&str> {
    let from = match path.rmatch_indices('/').nth(depth) {
        Some((at, _)) => at + 1,
        None if path.matches('/').count() == depth => 0,
        None => return None,
    };
    path.get(from..)
}

fn readings(
    part: &Part,
    name: &str,
    cuts: &[usize],
    from: usize,
    behind: &[Vec<Hints>],
) -> Vec<Hints> {
    let rest = &name[cuts[from]..];
    let mut out: Vec<Hints> = Vec::new();
    let mut add = |hints: Hints| {
        if out.len() < 2 && !out.contains(&hints) {
            out.push(hints);
        }
    };
    if let Part::Text(text) = part {
        if rest
            .get(..text.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(text))
            && let Ok(to) = cuts.binary_search(&(cuts[from] + text.len()))
        {
            behind[to].iter().cloned().for_each(&mut add);
        }
        return out;
    }
    for (to, found) in behind.iter().enumerate().skip(from + 1) {
        let text = &name[cuts[from]..cuts[to]];
        if text.ends_with('/') {
            break;
        }
        if found.is_empty() {
            continue;
        }
        match part {
            Part::Field(field) => {
                if let Some(value) = field.read(text) {
                    for hints in found {
                        let mut hints = hints.clone();
                        hints.0.insert(*field, value.clone());
                        add(hints);
                    }
                }
            }
            _ => found.iter().cloned().for_each(&mut add),
        }
    }
    out
}

/// Where something in the inbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboxState {
    /// Nobody has said yet whose it is.
    Waiting,
    /// It became a dictation.
    Assigned,
    /// It was put aside, with a reason. Its sound is still there.
    Discarded,
}

written!(InboxState {
    Waiting => "waiting",
    Assigned => "assigned",
    Discarded => "discarded",
});

/// A recording of which it is not certain whose it is, or who dictated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxItem {
    /// Identifier.
    pub id: InboxId,
    /// SHA-256 (hex) of the recording, which is its address in the audio store.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The name it came with, without folders.
    pub original_name: String,
    /// Where it came from: "batch", or the name of a watched folder.
    pub source: String,
    /// What is known.
    pub hints: Hints,
    /// Why that is not enough.
    pub reason: String,
    /// Whether only a person can settle it; else a patient or a physician may just not be there yet.
    pub by_hand: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: InboxState,
    /// What it became.
    pub dictation_id: Option<DictationId>,
    /// When it was assigned or discarded, and by whom.
    pub ended: Option<(Timestamp, String)>,
    /// Why it was discarded.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hints(pairs: &[(Field, &str)]) -> Hints {
        let mut hints = Hints::default();
        for (field, text) in pairs {
            hints.set(*field, text).unwrap();
        }
        hints
    }

    fn read(pattern: &str, name: &str) -> Reading {
        pattern.parse::<Pattern>().unwrap().read(name)
    }

    #[test]
    fn a_name_says_what_its_pattern_names() {
        let expected = hints(&[
            (Field::Mrn, "A-1"),
            (Field::Date, "2026-03-14"),
            (Field::Author, "dr_marsh"),
        ]);
        for name in ["a-1_2026-03-14_dr_marsh", "A-1_20260314_DR_MARSH"] {
            assert_eq!(
                read("{mrn}_{date}_{author}", name),
                Reading::One(expected.clone())
            );
        }
        assert_eq!(
            read("{mrn}-{birth_date}", "A-1-14.03.1961"),
            Reading::One(hints(&[
                (Field::Mrn, "A-1"),
                (Field::BirthDate, "1961-03-14")
            ]))
        );
    }

    #[test]
    fn folders_and_any_text_can_stand_in_a_pattern() {
        let expected = Reading::One(hints(&[(Field::Author, "dr.a"), (Field::Mrn, "D-7")]));
        let pattern = "{author}/ds_{*}_{mrn}";
        assert_eq!(read(pattern, "in/dr.a/DS_0001_x_d-7"), expected);
        assert_eq!(read(pattern, "dr.a/DS_1_D-7"), expected);
        assert_eq!(read(pattern, "DS_1_D-7"), Reading::No);
        // Any text ends with its folder.
        assert_eq!(read("{*}_{mrn}", "a_b/D-7"), Reading::No);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        // 12-34 of 5, or 12 of 34-5.
        assert_eq!(read("{mrn}-{author}", "12-34-5"), Reading::Several);
        assert_eq!(read("{*}-{mrn}.{*}", "a-1.b-1.c"), Reading::Several);
        // Several ways, and all say the same.
        assert!(matches!(read("{*}_{mrn}_{*}", "a_1_b"), Reading::One(_)));
    }

    #[test]
    fn names_that_are_made_otherwise_say_nothing() {
        for name in [
            "",
            "A-1",
            "A-1_2026-02-30_dr.a",
            "A-1_2026-03-14_",
            "Winter Ada_2026-03-14_dr.a",
        ] {
            assert_eq!(read("{mrn}_{date}_{author}", name), Reading::No, "{name}");
        }
    }

    #[test]
    fn a_pattern_that_could_not_be_read_is_refused() {
        for (text, error) in [
            ("{mrn}{date}", InvalidPattern::Touching),
            ("{*}{mrn}", InvalidPattern::Touching),
            ("{mrn}_{mrn}", InvalidPattern::Twice(Field::Mrn)),
            (
                "{name}",
                InvalidPattern::Unknown {
                    name: "name".into(),
                },
            ),
            (
                "{recorder_author}",
                InvalidPattern::Unknown {
                    name: "recorder_author".into(),
                },
            ),
            ("{mrn", InvalidPattern::Brace),
            ("mrn}", InvalidPattern::Brace),
            ("dictation", InvalidPattern::Empty),
            ("{*}", InvalidPattern::Empty),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(error), "{text}");
        }
    }

    #[test]
    fn two_sources_that_disagree_are_a_contradiction_and_the_rest_is_kept() {
        let mut known = hints(&[(Field::Mrn, "a-1"), (Field::Author, "dr.a")]);
        assert_eq!(
            known.join(hints(&[(Field::Mrn, "A-1"), (Field::Priority, "STAT")])),
            Ok(())
        );
        assert_eq!(known.priority(), Some(Priority::Stat));
        let other = hints(&[(Field::Mrn, "B-2"), (Field::BirthDate, "19610314")]);
        assert_eq!(known.join(other), Err(Contradiction(Field::Mrn)));
        assert_eq!(known.mrn().unwrap().as_str(), "A-1");
        assert_eq!(known.birth_date(), Some(jiff::civil::date(1961, 3, 14)));
    }

    #[test]
    fn a_date_is_written_in_a_way_that_is_read_in_one_way() {
        for text in ["2026-03-14", "20260314", "14.03.2026"] {
            assert_eq!(date(text), Some(jiff::civil::date(2026, 3, 14)), "{text}");
        }
        for text in [
            "14-03-2026",
            "03/14/2026",
            "2026-3-14",
            "2026-13-01",
            "+2026314",
            "1403.2026",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_message_does_not_repeat_what_was_written() {
        let error = Hints::default()
            .set(Field::BirthDate, "14 March 61")
            .unwrap_err();
        assert!(!error.to_string().contains("61"), "{error}");
        assert!(error.to_string().contains("YYYY-MM-DD"), "{error}");
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_panic(name in ".{0,40}", pattern in "[{}a-z*_/é]{0,20}") {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                let _ = pattern.read(&name);
            }
            let _ = read("{*}_{mrn}-{date}.{author}", &name);
        }

        #[test]
        fn a_name_that_was_made_by_the_pattern_is_read_back(
            mrn in "[A-Z0-9]{1,8}", day in 1i8..29, author in "[a-z]{2,8}"
        ) {
            let day = jiff::civil::date(2026, 3, day);
            let name = format!("{author}/{mrn}_{day}");
            let expected = hints(&[
                (Field::Author, &author), (Field::Mrn, &mrn), (Field::Date, &day.to_string()),
            ]);
            prop_assert_eq!(read("{author}/{mrn}_{date}", &name), Reading::One(expected));
        }
    }
}
