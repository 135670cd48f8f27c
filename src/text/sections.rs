//! Headings of all specialties, as spoken and as written, from the dictionary's table of sections.
//!
//! The table serves two questions: may these words be a heading (the text rules, which need no dictionary at hand), and
//! what kind of section is it (the checks on a finished report).

use std::collections::HashMap;
use std::sync::LazyLock;

/// The table that is built into the program, so that the text rules know it too.
const TABLE: &str = include_str!("../../dictionaries/en/sections.tsv");

/// Headings of one word that mean nothing else at the start of a sentence and before a colon; other single words of
/// the table ("primary", "service", "studies") would take a colon of the bowel for punctuation.
#[rustfmt::skip]
const ALONE: &[&str] = &[
    "anaesthetic", "conclusion", "contrast", "counts", "drains", "fluids", "hemodynamics", "hpi",
    "immunohistochemistry", "implants", "investigations", "macroscopy", "microbiology", "microscopy", "opinion",
    "pmh", "refraction",
];

/// Spoken forms of the table.
static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (key, _, category) = (columns.next()?, columns.next()?, columns.next()?);
            Some((key, category))
        })
        .collect()
});

/// Whether the words (small letters, single spaces) are a heading wherever a heading can stand.
pub fn is_heading(phrase: &str) -> bool {
    KNOWN.contains_key(phrase) && (phrase.contains(' ') || ALONE.contains(&phrase))
}

/// The kind of section under a heading, in any case: `medications`, `physical_exam`, ...
pub fn category(heading: &str) -> Option<&'static str> {
    let key = key(heading);
    KNOWN
        .get(key.as_str())
        .copied()
        .or_else(|| KNOWN.get(key.replace('-', " ").as_str()).copied())
}

/// A heading in the form in which the table has it.
pub fn key(heading: &str) -> String {
    heading
        .split_whitespace()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a heading is one of `wanted`: names of categories or of headings, with underscores for spaces.
pub fn is_one_of(heading: &str, wanted: &str) -> bool {
    let category = category(heading);
    let name = key(heading).replace(['-', ' '], "_");
    wanted
        .split(',')
        .any(|one| Some(one) == category || one == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_every_specialty_and_of_both_countries_are_known() {
        for heading in [
            "slit lamp examination",
            "gross description",
            "history of presenting complaint",
            "radiation dose",
            "implants",
        ] {
            assert!(is_heading(heading), "{heading}");
        }
    }

    #[test]
    fn words_that_stand_before_the_bowel_are_no_headings() {
        for word in ["primary", "secondary", "service", "sh", "studies", "colon"] {
            assert!(!is_heading(word), "{word}");
        }
    }

    #[test]
    fn a_heading_has_its_kind_in_any_case() {
        assert_eq!(category("PHYSICAL EXAMINATION"), Some("physical_exam"));
        assert_eq!(category("Follow-up"), Some("follow_up"));
        assert_eq!(category("Current Medications"), Some("medications"));
        assert_eq!(category("Banana"), None);
    }

    #[test]
    fn a_heading_counts_by_its_kind_or_by_its_name() {
        assert!(is_one_of("Impression", "plan,observation_and_plan"));
        assert!(is_one_of("Operative Findings", "operative_findings"));
        assert!(!is_one_of("Complications", "plan,findings"));
    }
}
