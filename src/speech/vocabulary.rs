//! How a whisper model writes a text in tokens.
//!
//! whisper.cpp cuts a text into the longest tokens that fit; the model learned from byte pairs that are joined in the
//! order in which the vocabulary names them. For a rare word the two differ, and a wording in tokens that the model would
//! never write is judged too low.

/// The text tokens of a model.
pub struct Vocabulary {
    /// The tokens' bytes, one behind the other.
    bytes: Vec<u8>,
    /// Where each token ends in `bytes`.
    ends: Vec<u32>,
    /// The tokens by their bytes.
    sorted: Vec<u32>,
}

impl Vocabulary {
    /// The tokens in the order of their numbers, without the special ones.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut vocabulary = Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            sorted: Vec::new(),
        };
        for token in tokens {
            vocabulary.bytes.extend_from_slice(token);
            vocabulary.ends.push(vocabulary.bytes.len() as u32);
        }
        let mut sorted: Vec<u32> = (0..vocabulary.ends.len() as u32).collect();
        sorted.sort_by(|a, b| vocabulary.token(*a).cmp(vocabulary.token(*b)));
        vocabulary.sorted = sorted;
        vocabulary
    }

    fn token(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[from as usize..self.ends[at] as usize]
    }

    fn number(&self, bytes: &[u8]) -> Option<u32> {
        self.sorted
            .binary_search_by(|number| self.token(*number).cmp(bytes))
            .ok()
            .map(|at| self.sorted[at])
    }

    /// The tokens of a text; `None` where the vocabulary lacks one of its bytes.
    pub fn tokens(&self, text: &str) -> Option<Vec<i32>> {
        let mut tokens = Vec::new();
        for piece in pieces(text) {
            // Where its parts begin, and its end.
            let bytes = piece.as_bytes();
            let mut cuts: Vec<usize> = (0..=bytes.len()).collect();
            // The pair that the vocabulary names first is joined first.
            while let Some((_, at)) = (1..cuts.len() - 1)
                .filter_map(|at| Some((self.number(&bytes[cuts[at - 1]..cuts[at + 1]])?, at)))
                .min()
            {
                cuts.remove(at);
            }
            for cut in cuts.windows(2) {
                tokens.push(self.number(&bytes[cut[0]..cut[1]])? as i32);
            }
        }
        Some(tokens)
    }
}

/// What never shares a token: words with the space before them, numbers, marks, English endings behind an apostrophe.
fn pieces(text: &str) -> Vec<&str> {
    const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    let kind = |c: char| {
        if c.is_alphabetic() {
            0
        } else if c.is_numeric() {
            1
        } else if c.is_whitespace() {
            2
        } else {
            3
        }
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ending = ENDINGS.iter().find(|e| rest.starts_with(**e));
        let behind = &rest[first.len_utf8()..];
        let length = match (ending, behind.chars().next()) {
            (Some(ending), _) => ending.len(),
            // One space belongs to what follows it.
            (None, Some(next)) if first == ' ' && kind(next) != 2 => {
                1 + run(behind, |c| kind(c) == kind(next))
            }
            (None, _) if kind(first) == 2 => {
                let spaces = run(rest, |c| kind(c) == 2);
                let last = rest[..spaces].chars().next_back().map_or(0, char::len_utf8);
                if spaces == rest.len() || spaces == last {
                    spaces
                } else {
                    spaces - last
                }
            }
            (None, _) => run(rest, |c| kind(c) == kind(first)),
        };
        let (piece, behind) = rest.split_at(length);
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Bytes at the beginning whose characters are all of a kind.
fn run(text: &str, of_kind: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of_kind(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_falls_into_words_numbers_and_marks() {
        for (text, expected) in [
            (" apixaban 5mg", &[" apixaban", " 5", "mg"][..]),
            (" patient's, don't", &[" patient", "'s", ",", " don", "'t"]),
            (" 49/51 mg.", &[" 49", "/", "51", " mg", "."]),
            ("a  b \n", &["a", " ", " b", " \n"]),
            (" naïve β-blocker", &[" naïve", " β", "-", "blocker"]),
            ("", &[]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
            assert_eq!(pieces(text).concat(), text);
        }
    }

    #[test]
    fn pairs_are_joined_in_the_order_of_the_vocabulary() {
        let words = ["a", "b", "c", "bc", "ab", "bcc", "abc"];
        let vocabulary = Vocabulary::new(words.map(str::as_bytes));
        let texts = |text: &str| -> Vec<&str> {
            let tokens = vocabulary.tokens(text).unwrap();
            tokens.iter().map(|t| words[*t as usize]).collect()
        };
        // The longest token that fits first would be "ab", "c", "c".
        assert_eq!(texts("abcc"), ["a", "bcc"]);
        assert_eq!(texts("abc"), ["abc"]);
        assert_eq!(texts("cab"), ["c", "ab"]);
        assert_eq!(vocabulary.tokens("x"), None);
        assert_eq!(vocabulary.tokens(""), Some(vec![]));
    }

    #[test]
    fn letters_of_several_bytes_are_joined_from_their_bytes() {
        let tokens: [&[u8]; 3] = [&[0xc3], &[0xaf], "ï".as_bytes()];
        assert_eq!(Vocabulary::new(tokens).tokens("ï"), Some(vec![2]));
        assert_eq!(Vocabulary::new([&[0xc3u8][..]]).tokens("ï"), None);
    }
}
