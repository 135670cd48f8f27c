//! What counts as the same word when word errors are counted.
//!
//! In the spirit of the English normaliser that came with Whisper (Radford et al. 2022, appendix C), extended for
//! dictation. Everything is done to both sides alike, so what a rule blurs is blurred for every tool:
//!
//! 1. Case, punctuation, hyphens and bracketed notes ("[Music]") go. A minus sign before a number is "minus".
//! 2. Spoken punctuation goes: comma, period, full stop, colon (but not "sigmoid colon" and its like), semicolon,
//!    question mark, exclamation mark, hyphen, dash, slash, new line, new paragraph, quote and unquote, brackets.
//!    Commands that are more than punctuation ("next heading", "scratch that") stay words.
//! 3. Spelled letters are joined ("G F R", "G.F.R." are "gfr"); letters and digits are parted ("S1Q3T3" is "s 1 q 3 t
//!    3", as spoken). A lower-case "a", "i" or "o" begins no such run.
//! 4. Numbers are digits: "one thousand two hundred and five", "zero point two five", "2.5 million". Numbers that stand
//!    side by side are written as one, and "over", "out of", "to", "by", a slash, a colon or a hyphen between two
//!    numbers goes: "one forty two over eighty eight", "142 over 88" and "142/88" are "14288"; "twenty twenty six" is
//!    "2026". An ordinal is its number ("14th" is "14"), and "the 14th of January" is "14 January"; "oh" beside a
//!    number is 0; Roman numerals of at least two capitals are numbers (not "IV"), other ones only after "class",
//!    "factor", "grade", "nerve", "stage" or "type".
//! 5. Units have one form ("milligrams", "mg"); "per" and a slash after a unit are the same; "%" is "percent".
//! 6. Contractions are written out, titles too ("Dr" is "doctor"); um, uh and their like go.
//! 7. British spelling becomes American by stems; the rules need not give real words, only the same ones.
//!
//! What it does not do: compounds ("post mortem" against "postmortem") and synonyms stay different.

/// Typographic hyphens, minus signs and apostrophes as their plain forms, any white space as it is.
pub(super) fn plain_char(c: char) -> char {
    match c {
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{02bc}' => '\'',
        '\u{00b5}' => '\u{03bc}',
        c => c,
    }
}

/// The words of `text`, normalised.
pub fn words(text: &str) -> Vec<String> {
    let tokens = lex(text);
    let tokens = join_letters(tokens);
    let tokens = roman(tokens);
    let words = lower(tokens);
    let words = drop_spoken_marks(words);
    let words = expand(words);
    let tokens = numbers(&words);
    let tokens = units(tokens);
    let tokens = dates(tokens);
    let tokens = connect(tokens);
    tokens.into_iter().filter_map(finish).collect()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// Letters and apostrophes.
    Word(String),
    /// Digits, at most one point.
    Number(String),
    Slash,
    /// A mark that ends something: no spelled abbreviation runs across it.
    Break,
}

use Token::{Break, Number, Slash, Word};

fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().map(plain_char).collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        if c.is_ascii_digit()
            || (c == '.' && digit(after) && !before.is_some_and(char::is_alphanumeric))
        {
            i = lex_number(&chars, i, &mut out);
            continue;
        }
        if c.is_alphabetic() {
            let from = i;
            while i < chars.len()
                && (chars[i].is_alphabetic()
                    || (chars[i] == '\'' && chars.get(i + 1).is_some_and(|c| c.is_alphabetic())))
            {
                i += 1;
            }
            out.push(Word(chars[from..i].iter().collect()));
            continue;
        }
        i += 1;
        let sign = match c {
            '[' => {
                if let Some(end) = chars[i..].iter().position(|c| *c == ']') {
                    i += end + 1;
                }
                continue;
            }
            '/' => {
                out.push(Slash);
                continue;
            }
            '-' if digit(after) && !before.is_some_and(|c| c.is_alphanumeric() || c == '-') => {
                "minus"
            }
            '.' | ',' | ';' | ':' | '!' | '?' => {
                if after.is_none_or(char::is_whitespace) {
                    out.push(Break);
                }
                continue;
            }
            '\n' => {
                out.push(Break);
                continue;
            }
            '%' => "percent",
            '\u{b0}' => "degrees",
            '&' => "and",
            '+' => "plus",
            '=' => "equals",
            '<' => "less than",
            '>' => "greater than",
            '#' => "number",
            '@' => "at",
            _ => continue,
        };
        out.extend(sign.split(' ').map(|w| Word(w.into())));
    }
    out
}

fn digit(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit())
}

/// Reads a number from `i`: "1,000", "0.25", ".5", "14th". Gives where it ends.
fn lex_number(chars: &[char], mut i: usize, out: &mut Vec<Token>) -> usize {
    let mut text = String::new();
    let mut point = false;
    while let Some(&c) = chars.get(i) {
        let after = chars.get(i + 1).copied();
        match c {
            _ if c.is_ascii_digit() => text.push(c),
            '.' if digit(after) && !point => {
                if text.is_empty() {
                    text.push('0');
                }
                text.push('.');
                point = true;
            }
            ',' if chars[i + 1..]
                .iter()
                .take_while(|c| c.is_ascii_digit())
                .count()
                == 3 => {}
            _ => break,
        }
        i += 1;
    }
    out.push(Number(text));
    let suffix: String = chars[i..]
        .iter()
        .take_while(|c| c.is_alphabetic())
        .flat_map(|c| c.to_lowercase())
        .collect();
    if matches!(suffix.as_str(), "st" | "nd" | "rd" | "th") {
        i += 2;
    }
    i
}

fn join_letters(tokens: Vec<Token>) -> Vec<Token> {
    let single = |t: Option<&Token>| match t {
        Some(Word(w)) => w.chars().next().filter(|_| w.chars().count() == 1),
        _ => None,
    };
    let mut out = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let run: String = tokens[i..].iter().map_while(|t| single(Some(t))).collect();
        let word_like = run.starts_with(['a', 'i', 'o']);
        if run.chars().count() >= 2 && !word_like {
            i += run.chars().count();
            out.push(Word(run));
            continue;
        }
        out.push(tokens[i].clone());
        i += 1;
    }
    out
}

fn roman(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let value = match &token {
            // "IV" is more often a way of giving a drug.
            Word(w) => match w.as_str() {
                "II" => Some("2"),
                "III" => Some("3"),
                "VI" => Some("6"),
                "VII" => Some("7"),
                "VIII" => Some("8"),
                "IX" => Some("9"),
                "XI" => Some("11"),
                "XII" => Some("12"),
                "I" | "IV" | "V" | "X" if takes_roman(out.last()) => Some(match w.as_str() {
                    "I" => "1",
                    "IV" => "4",
                    "V" => "5",
                    _ => "10",
                }),
                _ => None,
            },
            _ => None,
        };
        out.push(value.map_or(token, |v| Number(v.into())));
    }
    out
}

fn takes_roman(before: Option<&Token>) -> bool {
    matches!(before, Some(Word(w)) if matches!(
        w.to_lowercase().as_str(),
        "class" | "factor" | "grade" | "nerve" | "nerves" | "stage" | "type"
    ))
}

/// Lower case; breaks have done their work.
fn lower(tokens: Vec<Token>) -> Vec<Token> {
    tokens
        .into_iter()
        .filter(|t| *t != Break)
        .map(|t| match t {
            Word(w) => Word(w.to_lowercase()),
            t => t,
        })
        .collect()
}

fn word(token: Option<&Token>) -> &str {
    match token {
        Some(Word(w)) => w,
        _ => "",
    }
}

/// Spoken marks of several words, longest first where one begins another.
const SPOKEN_MARKS: [&[&str]; 27] = [
    &["full", "stop"],
    &["new", "paragraph"],
    &["next", "paragraph"],
    &["new", "line"],
    &["next", "line"],
    &["newline"],
    &["question", "mark"],
    &["exclamation", "mark"],
    &["exclamation", "point"],
    &["semi", "colon"],
    &["semicolon"],
    &["open", "bracket"],
    &["close", "bracket"],
    &["open", "parenthesis"],
    &["close", "parenthesis"],
    &["open", "paren"],
    &["close", "paren"],
    &["open", "quote"],
    &["close", "quote"],
    &["end", "quote"],
    &["forward", "slash"],
    &["comma"],
    &["period"],
    &["quote"],
    &["unquote"],
    &["hyphen"],
    &["dash"],
];

fn drop_spoken_marks(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let rest = &tokens[i..];
        let spoken = SPOKEN_MARKS.iter().find(|mark| {
            mark.iter()
                .enumerate()
                .all(|(n, part)| word(rest.get(n)) == *part)
        });
        if let Some(mark) = spoken {
            i += mark.len();
            continue;
        }
        let text = word(rest.first());
        let organ = matches!(
            word(out.last()),
            "sigmoid" | "transverse" | "ascending" | "descending"
        );
        i += 1;
        if text == "slash" {
            out.push(Slash);
        } else if text != "colon" || organ {
            out.push(rest[0].clone());
        }
    }
    out
}

/// Contractions, titles, fillers and a few spellings of small words.
fn expand(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Word(w) = &token else {
            out.push(token);
            continue;
        };
        let written_out = match w.as_str() {
            "um" | "umm" | "uh" | "uhm" | "hmm" | "hm" | "mmm" | "mhm" | "erm" => "",
            "can't" | "cannot" => "can not",
            "won't" => "will not",
            "shan't" => "shall not",
            "ain't" => "aint",
            "let's" => "let us",
            "o'clock" => "oclock",
            "okay" => "ok",
            "alright" => "all right",
            "gonna" => "going to",
            "wanna" => "want to",
            "gotta" => "got to",
            "'cause" | "cuz" => "because",
            "dr" => "doctor",
            "mr" => "mister",
            "mrs" => "missus",
            "st" => "saint",
            "prof" => "professor",
            "followup" => "follow up",
            "checkup" => "check up",
            other => {
                out.extend(contraction(other).into_iter().map(Word));
                continue;
            }
        };
        out.extend(written_out.split_whitespace().map(|w| Word(w.into())));
    }
    out
}

fn contraction(w: &str) -> Vec<String> {
    const ENDINGS: [(&str, &str); 6] = [
        ("n't", "not"),
        ("'re", "are"),
        ("'ll", "will"),
        ("'ve", "have"),
        ("'m", "am"),
        ("'d", "would"),
    ];
    for (ending, full) in ENDINGS {
        if let Some(stem) = w.strip_suffix(ending).filter(|s| !s.is_empty()) {
            return vec![stem.replace('\'', ""), full.into()];
        }
    }
    // "it's" is "it is"; on any other word it marks a possessive.
    const HEADS: [&str; 9] = [
        "it", "he", "she", "that", "there", "here", "what", "who", "where",
    ];
    match w.strip_suffix("'s") {
        Some(head) if HEADS.contains(&head) => vec![head.into(), "is".into()],
        _ => vec![w.replace('\'', "")],
    }
}

/// What a number word is worth.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// 0 to 9.
    Unit(u64),
    /// 10 to 19.
    Teen(u64),
    /// 20, 30 ... 90.
    Tens(u64),
    Hundred,
    /// A power of ten: thousand, million, billion.
    Scale(u32),
}

/// A number word, and whether it is an ordinal, after which a number ends.
fn number_word(w: &str) -> Option<(Part, bool)> {
    use Part::{Hundred, Scale, Teen, Tens, Unit};
    const UNITS: [(&str, &str); 10] = [
        ("zero", "zeroth"),
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("four", "fourth"),
        ("five", "fifth"),
        ("six", "sixth"),
        ("seven", "seventh"),
        ("eight", "eighth"),
        ("nine", "ninth"),
    ];
    const TEENS: [(&str, &str); 10] = [
        ("ten", "tenth"),
        ("eleven", "eleventh"),
        ("twelve", "twelfth"),
        ("thirteen", "thirteenth"),
        ("fourteen", "fourteenth"),
        ("fifteen", "fifteenth"),
        ("sixteen", "sixteenth"),
        ("seventeen", "seventeenth"),
        ("eighteen", "eighteenth"),
        ("nineteen", "nineteenth"),
    ];
    const TENS: [(&str, &str); 8] = [
        ("twenty", "twentieth"),
        ("thirty", "thirtieth"),
        ("forty", "fortieth"),
        ("fifty", "fiftieth"),
        ("sixty", "sixtieth"),
        ("seventy", "seventieth"),
        ("eighty", "eightieth"),
        ("ninety", "ninetieth"),
    ];
    let find = |table: &[(&str, &str)]| {
        table
            .iter()
            .zip(0u64..)
            .find_map(|((cardinal, ordinal), n)| {
                (w == *cardinal || w == *ordinal).then_some((n, w == *ordinal))
            })
    };
    if let Some((n, ordinal)) = find(&UNITS) {
        return Some((Unit(n), ordinal));
    }
    if let Some((n, ordinal)) = find(&TEENS) {
        return Some((Teen(n + 10), ordinal));
    }
    if let Some((n, ordinal)) = find(&TENS) {
        return Some((Tens((n + 2) * 10), ordinal));
    }
    Some(match w {
        "nought" => (Unit(0), false),
        "fourty" => (Tens(40), false),
        "hundred" => (Hundred, false),
        "hundredth" => (Hundred, true),
        "thousand" => (Scale(3), false),
        "thousandth" => (Scale(3), true),
        "million" => (Scale(6), false),
        "millionth" => (Scale(6), true),
        "billion" => (Scale(9), false),
        _ => return None,
    })
}

fn part(token: Option<&Token>) -> Option<(Part, bool)> {
    match token {
        Some(Word(w)) => number_word(w),
        _ => None,
    }
}

/// Spoken numbers as digits; nothing is joined yet.
fn numbers(tokens: &[Token]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let begins_number = |t: Option<&Token>| matches!(t, Some(Number(_))) || part(t).is_some();
        let text = word(tokens.get(i));
        let beside = matches!(out.last(), Some(Number(_))) || begins_number(tokens.get(i + 1));
        if matches!(text, "oh" | "o") && beside {
            out.push(Number("0".into()));
            i += 1;
            continue;
        }
        let scale_follows = matches!(
            part(tokens.get(i + 1)),
            Some((Part::Hundred | Part::Scale(_), _))
        );
        let from = if text == "a" && scale_follows {
            i + 1
        } else {
            i
        };
        match read_number(&tokens[from..]) {
            Some((digits, used)) => {
                out.push(Number(digits));
                i = from + used;
            }
            None => {
                out.push(tokens[i].clone());
                i += 1;
            }
        }
    }
    out
}

/// A number at the start of `tokens`: its digits and how many tokens it took.
fn read_number(tokens: &[Token]) -> Option<(String, usize)> {
    if let Some(Number(digits)) = tokens.first() {
        return Some(scaled(digits.clone(), tokens, 1));
    }
    let (value, mut used, ended) = read_integer(tokens)?;
    let mut digits = value.to_string();
    if !ended
        && matches!(word(tokens.get(used)), "point" | "decimal")
        && let Some((fraction, more)) = read_fraction(&tokens[used + 1..])
    {
        digits = format!("{digits}.{fraction}");
        used += 1 + more;
        return Some(scaled(digits, tokens, used));
    }
    Some((digits, used))
}

/// Digits after a spoken point: "two five", "seventy five", "25".
fn read_fraction(tokens: &[Token]) -> Option<(String, usize)> {
    let mut digits = String::new();
    let mut used = 0;
    while let Some(token) = tokens.get(used) {
        match (token, number_word(word(Some(token)))) {
            (_, Some((Part::Unit(n), false))) => digits.push_str(&n.to_string()),
            (Word(w), None) if matches!(w.as_str(), "oh" | "o") => digits.push('0'),
            (Number(n), _) if digits.is_empty() && !n.contains('.') => {
                return Some((n.clone(), 1));
            }
            (_, Some((Part::Teen(_) | Part::Tens(_), _))) if digits.is_empty() => {
                let (n, used, _) = below_hundred(tokens)?;
                return Some((n.to_string(), used));
            }
            _ => break,
        }
        used += 1;
    }
    (used > 0).then_some((digits, used))
}

/// "2.5" before "million", "5" before "hundred", "5" "point" "25".
fn scaled(digits: String, tokens: &[Token], used: usize) -> (String, usize) {
    if word(tokens.get(used)) == "point"
        && !digits.contains('.')
        && let Some((fraction, more)) = read_fraction(&tokens[used + 1..])
    {
        return scaled(format!("{digits}.{fraction}"), tokens, used + 1 + more);
    }
    let power = match part(tokens.get(used)) {
        Some((Part::Hundred, _)) => 2,
        Some((Part::Scale(n), _)) => n as usize,
        _ => return (digits, used),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut shifted = whole.to_owned();
    let padded: Vec<char> = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(power.max(fraction.len()))
        .collect();
    shifted.extend(&padded[..power]);
    if padded.len() > power {
        shifted.push('.');
        shifted.extend(&padded[power..]);
    }
    let trimmed = shifted.trim_start_matches('0');
    let kept = if trimmed.is_empty() || trimmed.starts_with('.') {
        format!("0{trimmed}")
    } else {
        trimmed.to_owned()
    };
    (kept, used + 1)
}

/// "forty two", "twelve", "seven": value, tokens, whether an ordinal ended it.
fn below_hundred(tokens: &[Token]) -> Option<(u64, usize, bool)> {
    match part(tokens.first())? {
        (Part::Unit(n) | Part::Teen(n), ordinal) => Some((n, 1, ordinal)),
        (Part::Tens(n), true) => Some((n, 1, true)),
        (Part::Tens(n), false) => match part(tokens.get(1)) {
            Some((Part::Unit(m @ 1..), ordinal)) => Some((n + m, 2, ordinal)),
            _ => Some((n, 1, false)),
        },
        _ => None,
    }
}

/// As [`below_hundred`], with "three hundred and forty"; a bare "hundred" is 100.
fn below_thousand(tokens: &[Token]) -> Option<(u64, usize, bool)> {
    let (value, used, ended) = match part(tokens.first())? {
        (Part::Hundred, _) => (1, 0, false),
        _ => below_hundred(tokens)?,
    };
    let hundred = match part(tokens.get(used)) {
        Some((Part::Hundred, ordinal)) if !ended => ordinal,
        _ => return Some((value, used, ended)),
    };
    let (value, used) = (value * 100, used + 1);
    if hundred {
        return Some((value, used, true));
    }
    let and = usize::from(word(tokens.get(used)) == "and");
    match below_hundred(tokens.get(used + and..)?) {
        // "one hundred over" ends; "one hundred hundred" is two numbers.
        Some((rest, more, ended)) if rest > 0 => Some((value + rest, used + and + more, ended)),
        _ => Some((value, used, false)),
    }
}

/// As [`below_thousand`], with "two thousand and twenty six".
fn read_integer(tokens: &[Token]) -> Option<(u64, usize, bool)> {
    let (mut value, mut used, mut ended) = match part(tokens.first())? {
        (Part::Scale(_), _) => (1, 0, false),
        _ => below_thousand(tokens)?,
    };
    let mut total = 0;
    let mut limit = u32::MAX;
    while !ended {
        let Some((Part::Scale(power), ordinal)) = part(tokens.get(used)) else {
            break;
        };
        if power >= limit {
            break;
        }
        limit = power;
        total += value * 10u64.pow(power);
        value = 0;
        used += 1;
        ended = ordinal;
        if ended {
            break;
        }
        let and = usize::from(word(tokens.get(used)) == "and");
        match tokens.get(used + and..).and_then(below_thousand) {
            Some((rest, more, stop)) if rest > 0 => {
                value = rest;
                used += and + more;
                ended = stop;
            }
            _ => break,
        }
    }
    Some((total + value, used, ended))
}

fn units(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let rest = &tokens[i..];
        let at = |n: usize| word(rest.get(n));
        let after_number = matches!(out.last(), Some(Number(_)));
        let after_per = word(out.last()) == "per" || out.last() == Some(&Slash);
        let (unit, used) = match (at(0), at(1), at(2)) {
            (
                "millimeters" | "millimetres" | "millimeter" | "millimetre" | "mm",
                "of",
                "mercury",
            ) => ("mmhg", 3),
            ("millimeters" | "millimetres" | "mm", "hg" | "mercury", _) => ("mmhg", 2),
            ("cubic", "centimeters" | "centimetres" | "centimeter" | "centimetre", _) => ("cc", 2),
            ("per", "cent", _) => ("percent", 2),
            ("parts", "per", _) if rest.get(2) == Some(&Number("1000000000".into())) => ("ppb", 3),
            ("parts", "per", _) if rest.get(2) == Some(&Number("1000000".into())) => ("ppm", 3),
            ("beats", "per", "minute") => ("bpm", 3),
            ("international", "units", _) => ("iu", 2),
            ("degrees" | "degree", "fahrenheit" | "f", _) => ("fahrenheit", 2),
            ("degrees" | "degree", "celsius" | "centigrade" | "c", _) => ("celsius", 2),
            ("f", _, _) if after_number => ("fahrenheit", 1),
            ("mm", _, _) if !after_number && !after_per => ("", 1),
            ("h", _, _) if after_number || after_per => ("hour", 1),
            (w, _, _) => (unit(w), 1),
        };
        match (unit, rest.first()) {
            ("", Some(Word(w))) if w == "mm" => {}
            ("", Some(other)) => out.push(other.clone()),
            ("", None) => {}
            (unit, _) => out.push(Word(unit.into())),
        }
        i += used;
    }
    out
}

/// The one form of a unit of one word; empty for any other word.
fn unit(w: &str) -> &'static str {
    match w {
        "milligram" | "milligrams" | "milligramme" | "milligrammes" | "mg" | "mgs" => "mg",
        "microgram" | "micrograms" | "microgramme" | "mcg" | "ug" | "\u{3bc}g" => "mcg",
        "nanogram" | "nanograms" | "ng" => "ng",
        "kilogram" | "kilograms" | "kilo" | "kilos" | "kg" | "kgs" => "kg",
        "gram" | "grams" | "gramme" | "grammes" | "g" => "g",
        "milliliter" | "milliliters" | "millilitre" | "millilitres" | "ml" | "mls" => "ml",
        "microliter" | "microliters" | "microlitre" | "microlitres" | "ul" | "\u{3bc}l" => "ul",
        "deciliter" | "deciliters" | "decilitre" | "decilitres" | "dl" => "dl",
        "liter" | "liters" | "litre" | "litres" | "l" => "l",
        "millimeter" | "millimeters" | "millimetre" | "millimetres" => "mm",
        "centimeter" | "centimeters" | "centimetre" | "centimetres" | "cm" | "cms" => "cm",
        "meter" | "meters" | "metre" | "metres" => "m",
        "kilometer" | "kilometers" | "kilometre" | "kilometres" | "km" => "km",
        "inch" | "inches" => "inch",
        "pound" | "pounds" | "lb" | "lbs" => "pound",
        "ounce" | "ounces" | "oz" => "ounce",
        "minute" | "minutes" | "min" | "mins" => "minute",
        "hour" | "hours" | "hr" | "hrs" => "hour",
        "unit" | "units" => "unit",
        "milliunit" | "milliunits" => "milliunit",
        "millimole" | "millimoles" | "mmol" => "mmol",
        "micromole" | "micromoles" | "umol" | "\u{3bc}mol" => "umol",
        "milliequivalent" | "milliequivalents" | "meq" => "meq",
        "mmhg" => "mmhg",
        "cc" | "ccs" => "cc",
        "percent" | "pct" => "percent",
        "fahrenheit" => "fahrenheit",
        "celsius" | "centigrade" => "celsius",
        "ppb" => "ppb",
        "bpm" => "bpm",
        _ => "",
    }
}

/// "the 14 of january" is "14 january".
fn dates(tokens: Vec<Token>) -> Vec<Token> {
    let day_of_month = |at: usize| {
        matches!(tokens.get(at), Some(Number(_)))
            && word(tokens.get(at + 1)) == "of"
            && MONTHS.contains(&word(tokens.get(at + 2)))
    };
    tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| match word(Some(token)) {
            "the" => !day_of_month(at + 1),
            "of" => !at.checked_sub(1).is_some_and(day_of_month),
            _ => true,
        })
        .map(|(_, token)| token.clone())
        .collect()
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Resolves slashes, drops what stands between two numbers, and joins numbers that stand side by side.
fn connect(tokens: Vec<Token>) -> Vec<Token> {
    let number = |t: Option<&Token>| matches!(t, Some(Number(_)));
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        i += 1;
        let rest = &tokens[i..];
        match token {
            Slash if !unit(word(out.last())).is_empty() => out.push(Word("per".into())),
            Slash => {}
            Word(w)
                if matches!(w.as_str(), "over" | "to" | "by" | "x")
                    && number(out.last())
                    && number(rest.first()) => {}
            Word(w)
                if w == "out"
                    && word(rest.first()) == "of"
                    && number(out.last())
                    && number(rest.get(1)) =>
            {
                i += 1;
            }
            Number(more) => match out.last_mut() {
                Some(Number(digits)) => digits.push_str(more),
                _ => out.push(token.clone()),
            },
            _ => out.push(token.clone()),
        }
    }
    out
}

fn finish(token: Token) -> Option<String> {
    match token {
        Number(digits) => Some(digits),
        Word(w) => Some(american(w)),
        Slash | Break => None,
    }
}

/// Stems of British spelling and what stands for them; applied anywhere in a word.
const STEMS: [(&str, &str); 63] = [
    ("colour", "color"),
    ("favour", "favor"),
    ("flavour", "flavor"),
    ("honour", "honor"),
    ("labour", "labor"),
    ("neighbour", "neighbor"),
    ("behaviour", "behavior"),
    ("tumour", "tumor"),
    ("humour", "humor"),
    ("rumour", "rumor"),
    ("vapour", "vapor"),
    ("vigour", "vigor"),
    ("rigour", "rigor"),
    ("odour", "odor"),
    ("harbour", "harbor"),
    ("parlour", "parlor"),
    ("saviour", "savior"),
    ("savour", "savor"),
    ("splendour", "splendor"),
    ("endeavour", "endeavor"),
    ("armour", "armor"),
    ("ardour", "ardor"),
    ("candour", "candor"),
    ("clamour", "clamor"),
    ("fervour", "fervor"),
    ("valour", "valor"),
    ("centre", "center"),
    ("fibre", "fiber"),
    ("theatre", "theater"),
    ("calibre", "caliber"),
    ("sombre", "somber"),
    ("lustre", "luster"),
    ("meagre", "meager"),
    ("spectre", "specter"),
    ("travell", "travel"),
    ("labell", "label"),
    ("cancell", "cancel"),
    ("modell", "model"),
    ("levell", "level"),
    ("channell", "channel"),
    ("tunnell", "tunnel"),
    ("counsell", "counsel"),
    ("signall", "signal"),
    ("quarrell", "quarrel"),
    ("marvell", "marvel"),
    ("jewell", "jewel"),
    ("shovell", "shovel"),
    ("analogue", "analog"),
    ("catalogue", "catalog"),
    ("dialogue", "dialog"),
    ("manoeuv", "maneuv"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("oestr", "estr"),
    ("foet", "fet"),
    ("coeli", "celi"),
    ("rrhoe", "rrhe"),
    ("pnoea", "pnea"),
    ("sulph", "sulf"),
    ("leucocyt", "leukocyt"),
    ("mould", "mold"),
    ("sceptic", "skeptic"),
    ("enquir", "inquir"),
];

/// One spelling for the British and the American form.
fn american(mut w: String) -> String {
    let whole = match w.as_str() {
        "grey" => "gray",
        "programme" => "program",
        "programmes" => "programs",
        "licence" => "license",
        "practise" => "practice",
        "defence" => "defense",
        "offence" => "offense",
        "pretence" => "pretense",
        "cheque" => "check",
        "plough" => "plow",
        "aluminium" => "aluminum",
        "judgement" => "judgment",
        "moustache" => "mustache",
        "pyjamas" => "pajamas",
        "towards" => "toward",
        "speciality" => "specialty",
        _ => "",
    };
    if !whole.is_empty() {
        return whole.into();
    }
    for (british, stem) in STEMS {
        if w.contains(british) {
            w = w.replace(british, stem);
        }
    }
    if w.len() > 4 {
        // Also "rise" -> "rize" and "does" -> "des"; on both sides alike, and no two words meet.
        for (british, one_form) in [("isation", "ization"), ("yse", "yze"), ("ysing", "yzing")] {
            if w.contains(british) {
                w = w.replace(british, one_form);
            }
        }
        for (british, one_form) in [
            ("ise", "ize"),
            ("ised", "ized"),
            ("ises", "izes"),
            ("ising", "izing"),
        ] {
            if let Some(stem) = w.strip_suffix(british) {
                w = format!("{stem}{one_form}");
                break;
            }
        }
        w = w.replace("ae", "e");
    }
    w
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One line per rule: both sides come to the same words.
    #[test]
    fn these_are_the_same_words() {
        for (a, b) in [
            (
                "Start apixaban comma then stop period",
                "Start apixaban, then stop.",
            ),
            (
                "Plan colon rest full stop New paragraph Thanks",
                "Plan: rest.\n\nThanks",
            ),
            ("mood quote empty unquote comma", "mood \"empty\","),
            ("question mark hyphen dash next line", ""),
            ("one forty two over eighty eight", "142 over 88"),
            ("one forty two over eighty eight", "142/88"),
            ("one hundred and sixty six over ninety two", "166/92"),
            ("ten milligrams", "10 mg"),
            ("ten milligrams", "10mg"),
            ("fifty micrograms", "50 mcg"),
            ("fifty micrograms", "50 \u{b5}g"),
            ("ninety six percent", "96%"),
            ("ninety six per cent", "96 %"),
            ("estimated G F R eighty two", "estimated GFR 82"),
            ("the G.F.R. was low", "the GFR was low"),
            ("a C T of the head", "a CT of the head"),
            ("n y h a class two", "NYHA class II"),
            ("total I g E", "total IgE"),
            (
                "hemoglobin A one C seven point two percent",
                "hemoglobin A1c 7.2%",
            ),
            ("S one Q three T three", "S1Q3T3"),
            ("L four L five", "L4-L5"),
            ("P H Q nine score", "PHQ-9 score"),
            ("A B C D two score", "ABCD2 score"),
            ("zero point two five", "0.25"),
            ("zero point two five", ".25"),
            ("eighty four point six kilograms", "84.6 kg"),
            ("two point five million units", "2.5 million units"),
            ("two point five million units", "2,500,000 units"),
            ("twelve point seventy five", "12.75"),
            ("5 point 25", "5.25"),
            ("one thousand milligrams", "1,000 mg"),
            ("three thousand two hundred eighty grams", "3280 g"),
            ("twenty twenty six", "2026"),
            ("two thousand and twenty six", "2026"),
            ("nineteen oh four", "1904"),
            ("oh two fifteen", "02:15"),
            ("three oh nylon", "3-0 nylon"),
            ("forty nine fifty one milligrams", "49/51 mg"),
            ("eight out of nine", "8/9"),
            ("four to six weeks", "4-6 weeks"),
            ("the fourteenth of January", "the 14th of January"),
            ("March third twenty twenty six", "March 3, 2026"),
            ("March third twenty twenty six", "March 3rd, 2026"),
            (
                "on the fourteenth of January twenty twenty six",
                "on 14 January 2026",
            ),
            ("fifty fifth percentile", "55th percentile"),
            ("a hundred and twenty", "120"),
            ("nine eight eight", "988"),
            ("sixteen forty five hours", "16:45 hours"),
            ("minus two station", "-2 station"),
            ("factor five Leiden", "factor V Leiden"),
            ("nerves two to twelve", "nerves II to XII"),
            ("sixty eight year old", "68-year-old"),
            ("nine point four grams per deciliter", "9.4 g/dL"),
            ("eighteen units per kilogram per hour", "18 units/kg/hour"),
            ("three hundred and forty litres per minute", "340 L/min"),
            (
                "one twenty five milligrams per five milliliters",
                "125 mg/5 mL",
            ),
            ("three hundred millimeters of mercury", "300 mmHg"),
            ("eighty five cubic centimeters", "85 cc"),
            ("fifty six parts per billion", "56 ppb"),
            ("one hundred two point six Fahrenheit", "102.6 \u{b0}F"),
            ("thirty eight degrees Celsius", "38\u{b0}C"),
            ("sacubitril valsartan", "sacubitril/valsartan"),
            ("Doctor Okafor", "Dr. Okafor"),
            ("it's uh uh I'm sorry", "it is, I am sorry"),
            ("I can't, won't, don't", "I cannot will not do not"),
            ("dinah's haste", "Dinah\u{2019}s haste"),
            (
                "anaemia oedema oesophagus haemorrhage diarrhoea",
                "anemia edema esophagus hemorrhage diarrhea",
            ),
            ("tumour colour litres centre", "tumor color liters center"),
            (
                "organise organisation analysed",
                "organize organization analyzed",
            ),
            (
                "paediatric orthopaedics ischaemic",
                "pediatric orthopedics ischemic",
            ),
            ("okay", "OK"),
            ("followup", "follow-up"),
            ("[coughs] yes", "yes"),
        ] {
            assert_eq!(words(a), words(b), "{a} | {b}");
        }
    }

    #[test]
    fn these_stay_different() {
        for (a, b) in [
            ("25 mg", "2.5 mg"),
            ("5 mg", "5 mcg"),
            ("fifteen", "fifty"),
            ("138/84", "138/85"),
            ("left", "right"),
            ("no pain", "pain"),
            ("can", "cannot"),
            ("coma", "comma"),
            ("filed", "filled"),
            ("hypertension", "hypotension"),
            ("ten milligrams", "ten milliliters"),
            ("the IV line", "the 4 line"),
        ] {
            assert_ne!(words(a), words(b), "{a} | {b}");
        }
    }

    #[test]
    fn words_by_hand() {
        for (text, expected) in [
            ("", ""),
            ("BP 142/88.", "bp 14288"),
            (
                "ten point two comma creatinine one point eight",
                "10.2 creatinine 1.8",
            ),
            (
                "the sigmoid colon period Plan colon rest",
                "the sigmoid colon plan rest",
            ),
            ("oh good morning", "oh good morning"),
            (
                "gravida three para one at thirty nine weeks",
                "gravida 3 para 1 at 39 weeks",
            ),
            ("Apgar scores eight and nine", "apgar scores 8 and 9"),
            ("to agree to whatever", "to agree to whatever"),
            ("next heading medications", "next heading medications"),
            ("thousands of miles", "thousands of miles"),
            ("the two of them in may", "the 2 of them in may"),
            ("one hundred hundred", "100100"),
            ("at this point two patients", "at this point 2 patients"),
            ("a million and one", "1000001"),
            ("two thousand thousand", "20001000"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_words_without_case_or_white_space(text in "\\PC{0,60}") {
            for w in words(&text) {
                prop_assert!(!w.is_empty());
                prop_assert!(!w.contains(char::is_whitespace), "{w:?}");
            }
        }

        #[test]
        fn case_and_marks_do_not_matter(text in "[a-z]{2,8}( [a-z]{2,8}){0,6}") {
            let shouted = format!("{}.", text.to_uppercase().replace(' ', ", "));
            // Capitals make Roman numerals; those two readings are a rule of their own.
            prop_assume!(!text.split(' ').any(|w| w.chars().all(|c| "ivx".contains(c))));
            prop_assert_eq!(words(&shouted), words(&text));
        }

        #[test]
        fn digits_survive(n in 0u32..1_000_000) {
            prop_assert_eq!(words(&n.to_string()), [n.to_string()]);
        }
    }
}
