//! Whether the things that must be right stand in a report.
//!
//! A term is found where its characters stand in the text, without regard to case and white space ("5mg" is "5 mg"),
//! and where it is not part of something larger:
//! * a letter or digit next to a letter or digit of the term belongs to it: "5 mg" is not in "25 mg" or "5 mgs";
//! * white space between two digits counts: "89" is not "8 9";
//! * a number goes on through `.`, `,`, `:` and `/` to a further digit and to `%`: "72" is not in "72.5", "172", "72%",
//!   "72/40" or "1,072"; nor does "84" stand in "138/84";
//! * a hyphen without a space joins: "72" is not in "72-year-old", "pleuritic" not in "non-pleuritic", "2 cm" not in
//!   "-2 cm"; and "L4-L5" is not "L4 L5";
//! * a dose goes on through a slash: "5 mg" is not in "5 mg/kg".
//!
//! Typographic hyphens, en dashes, minus signs and apostrophes equal their plain forms; an em dash separates.

/// One character of a text without white space, and where it stood.
struct Solid {
    /// Lower case; one character may have become two.
    text: char,
    /// Index into the characters of the original.
    at: usize,
}

/// Of `terms`, those that do not stand in `text`.
pub fn missing<'a>(text: &str, terms: &'a [String]) -> Vec<&'a str> {
    let chars: Vec<char> = plain(text);
    let solid = solid(&chars);
    terms
        .iter()
        .map(String::as_str)
        .filter(|term| !stands(term, &chars, &solid))
        .collect()
}

/// Whether `term` stands in `text`.
pub fn found(text: &str, term: &str) -> bool {
    let chars: Vec<char> = plain(text);
    stands(term, &chars, &solid(&chars))
}

fn stands(term: &str, chars: &[char], solid_text: &[Solid]) -> bool {
    let term_chars = plain(term);
    let term: Vec<char> = solid(&term_chars).into_iter().map(|s| s.text).collect();
    let (Some(&first), Some(&last)) = (term.first(), term.last()) else {
        return false;
    };
    // A dose is a number with its unit: digits somewhere, a letter at the end.
    let dose = last.is_alphabetic() && term.iter().any(char::is_ascii_digit);
    solid_text.windows(term.len()).any(|window| {
        window.iter().map(|s| s.text).eq(term.iter().copied())
            && starts(chars, window[0].at, first)
            && ends(chars, window[window.len() - 1].at, last, dose)
    })
}

/// Whether a term that begins with `first` may begin at `at`.
fn starts(chars: &[char], at: usize, first: char) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|i| chars[i]);
    let Some(previous) = before(1) else {
        return true;
    };
    let digit_before_mark = before(2).is_some_and(|c| c.is_ascii_digit());
    if previous.is_alphanumeric() {
        return false;
    }
    if first.is_ascii_digit() {
        if matches!(previous, '.' | ',' | ':' | '/') && digit_before_mark {
            return false;
        }
        // "138 / 84"
        if joined_by_slash(chars[..at].iter().rev()) {
            return false;
        }
    }
    // It touches the term, so it is a minus sign or joins it to a longer word.
    !(previous == '-' && first.is_alphanumeric())
}

/// Whether a term that ends with `last` may end at `at`.
fn ends(chars: &[char], at: usize, last: char, dose: bool) -> bool {
    let rest = &chars[at + 1..];
    let next = rest.first().copied();
    let after = rest.get(1).copied();
    let Some(next) = next else {
        return true;
    };
    if next.is_alphanumeric() && last.is_alphanumeric() {
        return false;
    }
    if next == '-' && after.is_some_and(char::is_alphanumeric) {
        return false;
    }
    if last.is_ascii_digit() {
        let digit_follows = after.is_some_and(|c| c.is_ascii_digit());
        if matches!(next, '.' | ',' | ':' | '/') && digit_follows {
            return false;
        }
        let percent = rest.iter().find(|c| !c.is_whitespace()) == Some(&'%');
        if percent || joined_by_slash(rest.iter()) {
            return false;
        }
    }
    !(dose && next == '/' && after.is_some_and(char::is_alphanumeric))
}

/// Whether the next things on the way, past white space, are a slash and then a digit.
fn joined_by_slash<'a>(way: impl Iterator<Item = &'a char>) -> bool {
    let mut way = way.filter(|c| !c.is_whitespace());
    way.next() == Some(&'/') && way.next().is_some_and(char::is_ascii_digit)
}

fn plain(text: &str) -> Vec<char> {
    text.chars().map(super::normalise::plain_char).collect()
}

/// The characters without white space, except one space between two digits, where it tells two numbers apart.
fn solid(chars: &[char]) -> Vec<Solid> {
    let mut out: Vec<Solid> = Vec::with_capacity(chars.len());
    let mut space = false;
    for (at, c) in chars.iter().enumerate() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        let after_digit = out.last().is_some_and(|s| s.text.is_ascii_digit());
        if space && c.is_ascii_digit() && after_digit {
            out.push(Solid {
                text: ' ',
                at: at - 1,
            });
        }
        space = false;
        out.extend(c.to_lowercase().map(|text| Solid { text, at }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boundaries_by_hand() {
        for (text, term, expected) in [
            ("Take 5 mg daily.", "5 mg", true),
            ("Take 5mg daily.", "5 mg", true),
            ("Take 5 MG daily.", "5 mg", true),
            ("Take 5\n mg", "5 mg", true),
            ("Take 25 mg daily.", "5 mg", false),
            ("Take 2.5 mg daily.", "5 mg", false),
            ("Take 5 mgs", "5 mg", false),
            ("Take 5 mg/kg", "5 mg", false),
            ("125 mg/5 mL", "125 mg/5 mL", true),
            ("heart rate 72.", "72", true),
            ("heart rate 72, regular", "72", true),
            ("(72)", "72", true),
            ("172", "72", false),
            ("720", "72", false),
            ("72.5", "72", false),
            ("3.72", "72", false),
            ("1,072", "072", false),
            ("72%", "72", false),
            ("72 %", "72", false),
            ("72 %", "72%", true),
            ("72-year-old", "72", false),
            ("72/40", "72", false),
            ("72 / 40", "72", false),
            ("138/72", "72", false),
            ("138 / 72", "72", false),
            ("138 / 72", "138/72", true),
            ("BP 138/84, HR 72", "138/84", true),
            ("1138/84", "138/84", false),
            ("138/845", "138/84", false),
            ("96%", "96%", true),
            ("saturation 96% on air", "96%", true),
            ("at 16:45 hours", "16:45", true),
            ("at 16:45:10", "16:45", false),
            ("8 9", "89", false),
            ("89", "8 9", false),
            ("Apgar scores 8 and 9.", "Apgar scores 8 and 9", true),
            ("L4-L5.", "L4-L5", true),
            ("L4\u{2013}L5", "L4-L5", true),
            ("L4 L5", "L4-L5", false),
            ("cervix, -2 station", "-2 station", true),
            ("cervix, \u{2212}2 station", "-2 station", true),
            ("3-2 station", "-2 station", false),
            ("PHQ-19", "19", false),
            ("non-pleuritic pain", "pleuritic", false),
            ("LEFT ANKLE:", "left ankle", true),
            ("left ankles", "left ankle", false),
            ("left. ankle", "left ankle", false),
            ("NYHA class III", "NYHA class II", false),
            ("two negative", "O negative", false),
            ("Type O negative", "O negative", true),
            ("Rho(D) immune", "Rho(D) immune", true),
            ("salbutamol/ipratropium", "salbutamol", true),
            ("warfarin\u{2014}held", "warfarin", true),
            ("warfarin-held", "warfarin", false),
            ("warfarin - held", "warfarin", true),
            ("25 mg, then 5 mg", "5 mg", true),
            ("", "5 mg", false),
            ("5 mg", "", false),
        ] {
            assert_eq!(found(text, term), expected, "{term:?} in {text:?}");
        }
    }

    #[test]
    fn the_missing_ones_are_named() {
        let terms = ["138/84".to_owned(), "72".to_owned(), "left".to_owned()];
        assert_eq!(missing("BP 138/84, HR 172", &terms), ["72", "left"]);
    }

    proptest! {
        #[test]
        fn a_term_is_found_between_spaces(term in "[a-z0-9]{1,6}( [a-z]{1,6}){0,2}") {
            let text = format!("Before {} after", term.to_uppercase());
            prop_assert!(found(&text, &term));
        }

        #[test]
        fn a_term_is_not_found_inside_a_word_or_number(term in "[a-z0-9]{1,6}", c in "[a-z0-9]") {
            // "#" never occurs in the term, so the one place it could stand is inside the longer word.
            let (before, after) = (format!("# {c}{term} #"), format!("# {term}{c} #"));
            let elsewhere = |s: &str| s.split(' ').any(|w| w == term);
            prop_assert!(elsewhere(&before) || !found(&before, &term));
            prop_assert!(elsewhere(&after) || !found(&after, &term));
        }

        #[test]
        fn no_text_and_no_term_panics(text in "\\PC{0,30}", term in "\\PC{0,6}") {
            found(&text, &term);
        }
    }
}
