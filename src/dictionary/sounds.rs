//! Which of many words sound and look most like a span of speech.
//!
//! Two inverted lists, one over letter pairs and one over pairs of consonants, choose a short list; the short list is
//! compared exactly: 0.45 letters and 0.55 sounds, each an edit distance in which likely confusions cost little.

use super::pronounce::{VOWEL_SOUNDS as VOWELS, pronounce};
use super::tuning::{LETTERS, LONGEST, SHORTLIST, SOUNDS};

/// Words in the form in which they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// Letters and digits, without spaces.
    letters: Vec<u8>,
    /// Sounds, as [`pronounce`] gives them.
    sounds: Vec<u8>,
}

impl Query {
    /// Words, folded or not, joined by spaces.
    pub(super) fn new(text: &str) -> Self {
        Self {
            letters: letters(text),
            sounds: pronounce(text).into_bytes(),
        }
    }

    /// Nothing that could be compared.
    fn is_hopeless(&self) -> bool {
        self.letters.len() < 3 || self.letters.len() > LONGEST || self.sounds.len() > LONGEST
    }

    /// How much they are alike, 0 to 1.
    pub(super) fn likeness(&self, other: &Query) -> f32 {
        likeness(&self.letters, &self.sounds, &other.letters, &other.sounds)
    }

    /// How much sound there is, in consonants.
    pub(super) fn weight(&self) -> f32 {
        weight(&self.sounds)
    }
}

fn letters(text: &str) -> Vec<u8> {
    text.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|b| b.to_ascii_lowercase())
        .collect()
}

/// Something to be found.
#[derive(Debug, Clone, Copy)]
struct Entry {
    letters: (u32, u8),
    sounds: (u32, u8),
    /// Pairs of the letters and of the consonants, each pair once.
    pairs: (u8, u8),
}

/// Everything that can be found, by number in the order in which it was put in.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    entries: Vec<Entry>,
    text: Vec<u8>,
    by_letters: Postings,
    by_sounds: Postings,
}

/// A word that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Number of the entry.
    pub(super) entry: usize,
    /// 0 to 1.
    pub(super) likeness: f32,
}

impl Sounds {
    /// Prepares words or terms, each in the form of the keys.
    pub(super) fn new<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let mut made = Self::default();
        let (mut letter_pairs, mut sound_pairs) = (Vec::new(), Vec::new());
        for query in queries(&keys.collect::<Vec<_>>()) {
            let (letters, sounds) = (shortened(&query.letters), shortened(&query.sounds));
            let at = letter_pairs.len();
            letter_pairs.extend(pairs_of_letters(letters));
            let ours = unique_from(&mut letter_pairs, at);
            let at = sound_pairs.len();
            sound_pairs.extend(pairs_of_sounds(sounds));
            let theirs = unique_from(&mut sound_pairs, at);
            made.entries.push(Entry {
                letters: (made.text.len() as u32, letters.len() as u8),
                sounds: ((made.text.len() + letters.len()) as u32, sounds.len() as u8),
                pairs: (ours as u8, theirs as u8),
            });
            made.text.extend_from_slice(letters);
            made.text.extend_from_slice(sounds);
        }
        let counts =
            |pick: fn(&Entry) -> u8| -> Vec<u8> { made.entries.iter().map(pick).collect() };
        let (by_letters, by_sounds) = (counts(|e| e.pairs.0), counts(|e| e.pairs.1));
        made.by_letters = Postings::new(LETTER_PAIRS, &letter_pairs, &by_letters);
        made.by_sounds = Postings::new(SOUND_PAIRS, &sound_pairs, &by_sounds);
        made
    }

    fn part(&self, (from, len): (u32, u8)) -> &[u8] {
        let from = from as usize;
        self.text.get(from..from + usize::from(len)).unwrap_or(&[])
    }

    /// The entries that are most alike, best first; none below `least`.
    pub(super) fn nearest(&self, query: &Query, least: f32) -> Vec<Hit> {
        if query.is_hopeless() {
            return Vec::new();
        }
        let mut hits: Vec<Hit> = self
            .shortlist(query)
            .into_iter()
            .filter_map(|entry| {
                let e = &self.entries[entry];
                let likeness = likeness_from(
                    least,
                    (&query.letters, &query.sounds),
                    (self.part(e.letters), self.part(e.sounds)),
                )?;
                Some(Hit { entry, likeness })
            })
            .collect();
        hits.sort_by(|a, b| (b.likeness.total_cmp(&a.likeness)).then(a.entry.cmp(&b.entry)));
        hits
    }

    /// Numbers of the entries that share most pairs with the query.
    fn shortlist(&self, query: &Query) -> Vec<usize> {
        let mut shared = vec![(0u8, 0u8); self.entries.len()];
        let mut pairs: Vec<u16> = pairs_of_letters(&query.letters).collect();
        let letters = unique_from(&mut pairs, 0);
        for &pair in &pairs {
            for &entry in self.by_letters.list(pair) {
                shared[entry as usize].0 += 1;
            }
        }
        pairs.clear();
        pairs.extend(pairs_of_sounds(&query.sounds));
        let sounds = unique_from(&mut pairs, 0);
        for &pair in &pairs {
            for &entry in self.by_sounds.list(pair) {
                shared[entry as usize].1 += 1;
            }
        }
        // More than half again as much or as little sound is another word, whatever pairs they share.
        let (shortest, longest) = (query.sounds.len() * 5 / 9, query.sounds.len() * 9 / 5 + 1);
        // What one shared pair is worth, by how many pairs the entry has: nothing is divided for each entry.
        let worth = |share: f32, ours: usize| -> [f32; 256] {
            std::array::from_fn(|theirs| 20_000.0 * share / ((ours + theirs) as f32).max(1.0))
        };
        let (by_letters, by_sounds) = (worth(LETTERS, letters), worth(SOUNDS, sounds));
        let mut steps = [0usize; STEPS];
        let alike: Vec<u16> = (shared.iter().zip(&self.entries))
            .map(|(count, e)| {
                let fits = count.0.saturating_add(count.1) > 1
                    && (shortest..=longest).contains(&usize::from(e.sounds.1));
                if !fits {
                    return 0;
                }
                let alike = f32::from(count.0) * by_letters[usize::from(e.pairs.0)]
                    + f32::from(count.1) * by_sounds[usize::from(e.pairs.1)];
                let alike = (alike as u16).max(1);
                steps[usize::from(alike) / STEP] += 1;
                alike
            })
            .collect();
        // Only what is as good as the step in which the list is full is put in order.
        let mut found = 0;
        let full = (steps.iter().rposition(|count| {
            found += count;
            found >= SHORTLIST
        }))
        .unwrap_or(0);
        let least = ((full * STEP) as u16).max(1);
        let mut best: Vec<(u16, usize)> = (alike.into_iter().enumerate())
            .filter(|(_, alike)| *alike >= least)
            .map(|(i, alike)| (alike, i))
            .collect();
        if best.len() > SHORTLIST {
            best.select_nth_unstable_by(SHORTLIST, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            best.truncate(SHORTLIST);
        }
        best.into_iter().map(|(_, i)| i).collect()
    }
}

/// How finely what shares pairs is sorted before it is put in order; of 10,000 for everything.
const STEP: usize = 64;
/// Steps of that, and room for rounding.
const STEPS: usize = 10_000 / STEP + 2;

/// Each word in the form in which it is compared; every core takes a part of a long list.
fn queries(keys: &[&str]) -> Vec<Query> {
    const WORTH_A_THREAD: usize = 4_000;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = cores.min(keys.len() / WORTH_A_THREAD).max(1);
    let made = |part: &[&str]| -> Vec<Query> { part.iter().map(|key| Query::new(key)).collect() };
    if parts == 1 {
        return made(keys);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = keys
            .chunks(keys.len().div_ceil(parts))
            .map(|part| (part, scope.spawn(move || made(part))))
            .collect();
        threads
            .into_iter()
            .flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| made(part)))
            .collect()
    })
}

fn shortened(text: &[u8]) -> &[u8] {
    &text[..text.len().min(LONGEST)]
}

/// For each pair the entries that have it, as one list with the start of each pair's part.
#[derive(Debug, Default)]
struct Postings {
    starts: Vec<u32>,
    entries: Vec<u32>,
}

impl Postings {
    /// `pairs` of all entries one after the other, `counts` how many each has.
    fn new(kinds: usize, pairs: &[u16], counts: &[u8]) -> Self {
        let mut starts = vec![0u32; kinds + 1];
        for &pair in pairs {
            starts[usize::from(pair) + 1] += 1;
        }
        for i in 0..kinds {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut entries = vec![0u32; pairs.len()];
        let mut rest = pairs;
        for (number, &count) in counts.iter().enumerate() {
            let (ours, after) = rest.split_at(usize::from(count).min(rest.len()));
            for &pair in ours {
                let place = &mut next[usize::from(pair)];
                entries[*place as usize] = number as u32;
                *place += 1;
            }
            rest = after;
        }
        Self { starts, entries }
    }

    fn list(&self, pair: u16) -> &[u32] {
        let pair = usize::from(pair);
        match (self.starts.get(pair), self.starts.get(pair + 1)) {
            (Some(&from), Some(&to)) => &self.entries[from as usize..to as usize],
            _ => &[],
        }
    }
}

/// Sorts what stands from `at` on and keeps each once; how many are left there.
fn unique_from(all: &mut Vec<u16>, at: usize) -> usize {
    all[at..].sort_unstable();
    let mut kept = at;
    for i in at..all.len() {
        if i == at || all[i] != all[kept - 1] {
            all[kept] = all[i];
            kept += 1;
        }
    }
    all.truncate(kept);
    kept - at
}

/// Letters a to z, and 26 for everything else and for the edges.
const LETTER_PAIRS: usize = 27 * 27;

fn pairs_of_letters(letters: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let class = |letter: u8| match letter {
        b'a'..=b'z' => u16::from(letter - b'a'),
        _ => 26,
    };
    let mut before = 26;
    (letters.iter().map(move |l| class(*l)))
        .chain(std::iter::once(26))
        .map(move |now| {
            let pair = before * 27 + now;
            before = now;
            pair
        })
}

/// Kinds of consonants that are taken for one another, and one for the edges.
const KINDS: u16 = 12;
/// Neighbours, and neighbours but one.
const SOUND_PAIRS: usize = 2 * (KINDS * KINDS) as usize;

/// The kind of a consonant; vowels, h and y have none.
fn kind(sound: u8) -> Option<u16> {
    Some(match sound {
        b'p' | b'b' => 1,
        b't' | b'd' => 2,
        b'T' | b'D' => 3,
        b'k' | b'g' => 4,
        b'f' | b'v' => 5,
        b's' | b'z' => 6,
        b'S' | b'Z' | b'C' | b'J' => 7,
        b'm' => 8,
        b'n' | b'N' => 9,
        b'l' | b'w' => 10,
        b'r' | b'R' => 11,
        _ => return None,
    })
}

fn pairs_of_sounds(sounds: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let (mut one_before, mut two_before) = (0, 0);
    (sounds.iter().filter_map(|s| kind(*s)))
        .chain(std::iter::once(0))
        .flat_map(move |now| {
            let near = one_before * KINDS + now;
            let far = KINDS * KINDS + two_before * KINDS + now;
            (two_before, one_before) = (one_before, now);
            [near, far]
        })
}

fn likeness(letters_a: &[u8], sounds_a: &[u8], letters_b: &[u8], sounds_b: &[u8]) -> f32 {
    likeness_from(0.0, (letters_a, sounds_a), (letters_b, sounds_b)).unwrap_or(0.0)
}

/// How much letters and sounds are alike, if no less than `least`; what cannot be is not compared to its end.
fn likeness_from(least: f32, a: (&[u8], &[u8]), b: (&[u8], &[u8])) -> Option<f32> {
    let longest = a.0.len().max(b.0.len()).max(1) as f32;
    // At least the difference in length is an edit.
    let most = 1.0 - a.0.len().abs_diff(b.0.len()) as f32 / longest;
    let (ours, theirs) = (weight(a.1), weight(b.1));
    let heaviest = ours.max(theirs).max(1.0);
    let above = |likeness: f32| (likeness >= least).then_some(likeness);
    above(LETTERS * most + SOUNDS * (1.0 - (ours - theirs).abs() / heaviest) + ROUNDING)?;
    let by_sounds = SOUNDS * (1.0 - sound_distance(a.1, b.1) / heaviest).max(0.0);
    above(LETTERS * most + by_sounds + ROUNDING)?;
    let by_letters = 1.0 - letter_distance(a.0, b.0) as f32 / longest;
    above(LETTERS * by_letters.max(0.0) + by_sounds)
}

/// More than what rounding does to a likeness.
const ROUNDING: f32 = 1e-4;

/// How much sound there is: what it costs to leave it out, in consonants.
fn weight(sounds: &[u8]) -> f32 {
    let cents: u32 = sounds.iter().map(|s| u32::from(left_out(*s))).sum();
    cents as f32 / 90.0
}

/// Edits between two strings: a letter more, less, another, or two that changed places.
fn letter_distance(a: &[u8], b: &[u8]) -> usize {
    // The letters are ASCII.
    let text = |letters| std::str::from_utf8(letters).unwrap_or("");
    strsim::osa_distance(text(a), text(b))
}

/// Edits between two strings of sounds, each at its cost; in consonants.
fn sound_distance(a: &[u8], b: &[u8]) -> f32 {
    let b = shortened(b);
    // One row is enough: what stood to the left in the row before is kept aside.
    let mut row = [0u32; LONGEST + 1];
    let mut omitted = [0u32; LONGEST];
    for (j, &y) in b.iter().enumerate() {
        omitted[j] = u32::from(left_out(y));
        row[j + 1] = row[j] + omitted[j];
    }
    for &x in a {
        let (costs, added) = (&COSTS[usize::from(x & 127)], u32::from(left_out(x)));
        let mut corner = row[0];
        row[0] += added;
        let mut left = row[0];
        for ((&y, &omitted), above) in b.iter().zip(&omitted).zip(&mut row[1..]) {
            let taken_for = corner + u32::from(costs[usize::from(y & 127)]);
            corner = *above;
            left = taken_for.min(*above + added).min(left + omitted);
            *above = left;
        }
    }
    row[b.len()] as f32 / 90.0
}

/// What a sound costs that is there on one side only, in hundredths.
fn left_out(sound: u8) -> u8 {
    OMITTED[usize::from(sound & 127)]
}

static OMITTED: [u8; 128] = omitted();

const fn omitted() -> [u8; 128] {
    let mut table = [90u8; 128];
    let mut i = 0;
    while i < VOWELS.len() {
        table[VOWELS[i] as usize] = 50;
        i += 1;
    }
    table[b'@' as usize] = 25;
    table[b'I' as usize] = 35;
    table[b'h' as usize] = 30;
    table[b'y' as usize] = 30;
    table[b'r' as usize] = 45;
    table[b'R' as usize] = 55;
    table[b't' as usize] = 75;
    table[b'd' as usize] = 75;
    table[b'n' as usize] = 75;
    table
}

/// What one sound for the other costs, in hundredths.
static COSTS: [[u8; 128]; 128] = costs();

/// Sounds that are often taken for one another, with the cost in hundredths.
#[rustfmt::skip]
const NEAR: &[(u8, u8, u8)] = &[
    (b'p', b'b', 25), (b't', b'd', 20), (b'k', b'g', 25), (b'f', b'v', 20), (b's', b'z', 12), (b'S', b'Z', 15),
    (b'C', b'J', 25), (b'T', b'D', 15), (b'T', b't', 35), (b'D', b'd', 35), (b'T', b'f', 30), (b'D', b'v', 45),
    (b'T', b's', 40), (b'D', b'z', 45), (b'S', b'C', 30), (b'Z', b'J', 20), (b'S', b's', 35), (b'Z', b'z', 35),
    (b'J', b'z', 45), (b'n', b'm', 35), (b'n', b'N', 15), (b'm', b'N', 40), (b'l', b'r', 50), (b'r', b'w', 50),
    (b'l', b'w', 50), (b'v', b'b', 45), (b'v', b'w', 50), (b't', b'C', 45), (b'd', b'J', 45), (b'k', b't', 60),
    (b'p', b't', 60), (b'p', b'k', 60), (b'b', b'd', 60), (b'd', b'g', 60), (b'b', b'g', 60), (b'n', b'd', 65),
    (b'm', b'b', 60), (b'n', b'l', 60), (b'k', b'C', 50), (b's', b'k', 65), (b'g', b'J', 45), (b'f', b'p', 55),
    (b's', b'C', 55), (b'k', b'h', 70), (b'r', b'd', 60), (b'y', b'i', 30), (b'y', b'I', 30), (b'w', b'u', 30),
    (b'w', b'W', 40), (b'R', b'r', 30), (b'@', b'r', 60), (b'J', b'y', 60), (b'l', b'o', 70), (b'l', b'@', 75),
    (b'@', b'a', 15), (b'@', b'e', 15), (b'@', b'I', 15), (b'@', b'A', 15), (b'@', b'U', 10), (b'@', b'u', 30),
    (b'@', b'o', 25), (b'@', b'R', 12), (b'@', b'i', 25), (b'@', b'E', 30), (b'@', b'Y', 35), (b'a', b'e', 20),
    (b'a', b'A', 20), (b'a', b'U', 20), (b'a', b'E', 25), (b'e', b'I', 15), (b'e', b'E', 25), (b'e', b'i', 20),
    (b'I', b'i', 12), (b'I', b'Y', 30), (b'A', b'o', 15), (b'A', b'U', 15), (b'A', b'W', 30), (b'o', b'u', 25),
    (b'o', b'W', 25), (b'o', b'O', 30), (b'u', b'U', 25), (b'U', b'R', 25), (b'E', b'I', 30), (b'E', b'i', 30),
    (b'Y', b'O', 30), (b'Y', b'E', 30), (b'Y', b'i', 30), (b'e', b'R', 25), (b'U', b'I', 30), (b'o', b'U', 25),
];

const fn costs() -> [[u8; 128]; 128] {
    let mut table = [[100u8; 128]; 128];
    let mut i = 0;
    while i < VOWELS.len() {
        let mut j = 0;
        while j < VOWELS.len() {
            table[VOWELS[i] as usize][VOWELS[j] as usize] = 40;
            j += 1;
        }
        i += 1;
    }
    let mut i = 0;
    while i < NEAR.len() {
        let (a, b, cost) = NEAR[i];
        table[a as usize][b as usize] = cost;
        table[b as usize][a as usize] = cost;
        i += 1;
    }
    let mut i = 0;
    while i < 128 {
        table[i][i] = 0;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(a: &str, b: &str) -> f32 {
        Query::new(a).likeness(&Query::new(b))
    }

    #[test]
    fn the_same_word_is_quite_alike_and_nothing_is_more() {
        assert!((alike("apixaban", "apixaban") - 1.0).abs() < 1e-6);
        assert!(alike("apixaban", "rivaroxaban") < 0.7);
        assert!(alike("apixaban", "zzz") < 0.2);
    }

    #[test]
    fn what_was_misheard_is_nearer_than_another_word() {
        for (heard, right, wrong) in [
            ("a pixel of", "apixaban", "rivaroxaban"),
            ("the picks have been", "apixaban", "alpha-fetoprotein"),
            ("spiral act on to", "spironolactone", "spiramycin"),
            ("by bezzler", "bibasilar", "bacillary"),
            ("commer", "comma", "hammer"),
            ("brute", "bruit", "root"),
        ] {
            assert!(alike(heard, right) > alike(heard, wrong), "{heard}");
        }
    }

    #[test]
    fn distances_are_symmetric() {
        for (a, b) in [
            ("ptosis", "tosses"),
            ("colon", "colin"),
            ("ab", "ba"),
            ("", "x"),
        ] {
            assert!((alike(a, b) - alike(b, a)).abs() < 1e-6, "{a} {b}");
        }
        assert_eq!(letter_distance(b"abcd", b"acbd"), 1);
        assert_eq!(letter_distance(b"", b"abc"), 3);
        assert_eq!(letter_distance(b"kitten", b"sitting"), 3);
    }

    #[test]
    fn nearest_finds_and_orders() {
        let words = [
            "apixaban",
            "rivaroxaban",
            "edoxaban",
            "aspirin",
            "apex beat",
        ];
        let sounds = Sounds::new(words.into_iter());
        let found = sounds.nearest(&Query::new("a pixel band"), 0.3);
        assert_eq!(found.first().map(|hit| words[hit.entry]), Some("apixaban"));
        assert!(found.is_sorted_by(|a, b| a.likeness >= b.likeness));
        assert!(sounds.nearest(&Query::new(""), 0.0).is_empty());
        assert!(
            sounds
                .nearest(&Query::new(&"a".repeat(500)), 0.0)
                .is_empty()
        );
        assert!(
            Sounds::new(std::iter::empty())
                .nearest(&Query::new("apixaban"), 0.0)
                .is_empty()
        );
    }

    #[test]
    fn a_very_long_key_is_cut_and_does_no_harm() {
        let key = "ab".repeat(200);
        let sounds = Sounds::new([key.as_str(), "apixaban"].into_iter());
        assert_eq!(sounds.entries.len(), 2);
        assert_eq!(sounds.nearest(&Query::new("apixabann"), 0.5).len(), 1);
    }
}
