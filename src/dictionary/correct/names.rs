//! Where names of people stand.

use super::identity;
use crate::dictionary::index::{core, fold};
use crate::domain::transcript::Word;
use std::collections::HashSet;

/// Words after which a name stands.
const TITLES: [&str; 16] = [
    "dr",
    "drs",
    "doctor",
    "doctors",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mister",
    "missus",
    "mx",
    "prof",
    "professor",
    "sir",
    "nurse",
    "sister",
];
/// Given name, middle name and surname.
const NAME_WORDS: usize = 3;

/// Which words are a name because a title stands before them, there or elsewhere.
pub(super) fn names(words: &[Word]) -> Vec<bool> {
    let mut at = vec![false; words.len()];
    let mut met = HashSet::new();
    for (i, word) in words.iter().enumerate() {
        if !TITLES.contains(&fold(core(&word.text)).as_str()) {
            continue;
        }
        for (n, next) in words.iter().enumerate().skip(i + 1).take(NAME_WORDS) {
            let capital = core(&next.text).starts_with(char::is_uppercase);
            // Engines that write small letters only still put the surname right behind the title.
            if !capital && n > i + 1 {
                break;
            }
            at[n] = true;
            met.insert(identity(&next.text));
            if !capital || next.text.ends_with([',', '.', ';', ':']) {
                break;
            }
        }
    }
    for (name, word) in at.iter_mut().zip(words) {
        let capital = core(&word.text).starts_with(char::is_uppercase);
        *name = *name || (capital && met.contains(&identity(&word.text)));
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let words: Vec<Word> = text
            .split(' ')
            .map(|text| Word {
                text: text.into(),
                start_s: 0.0,
                end_s: 0.0,
                probability: 1.0,
                take: 0,
            })
            .collect();
        let found: Vec<&str> = (words.iter().zip(names(&words)))
            .filter(|(_, name)| *name)
            .map(|(word, _)| core(&word.text))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_name_stands_behind_a_title_and_is_known_everywhere() {
        check("seen by Dr. Marchetti today", &["Marchetti"]);
        check(
            "Dr. Anna Maria Okafor, consultant",
            &["Anna", "Maria", "Okafor"],
        );
        check("doctor smith gave metoprolol", &["smith"]);
        check("Okafor's plan. Dr. Okafor, comma", &["Okafor's", "Okafor"]);
        check("Dr. Smith. Metoprolol was given", &["Smith"]);
        check("the patient was seen", &[]);
        check("Dr.", &[]);
    }
}
