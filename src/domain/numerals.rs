//! The names of the English cardinals, for whoever has to know that a word is one.

/// 0 to 19, at their places.
#[rustfmt::skip]
pub const SMALL: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
];

/// 20 to 90, the first at place 0.
pub const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// What multiplies the number before it.
pub const POWERS: [&str; 3] = ["hundred", "thousand", "million"];

/// Whether a word in small letters is part of a cardinal.
pub fn is_name(word: &str) -> bool {
    SMALL.contains(&word) || TENS.contains(&word) || POWERS.contains(&word)
}
