//! Answers from the dictionary: is this a word, which term is it, what may it have been.
//!
//! Pure: it works on texts that are already in memory, and is shared between threads behind an `Arc`. Lookups are
//! binary searches in the sorted texts, so that nothing but the texts, their line starts and the letter pairs of the
//! targets is held.

use super::load::{Category, File, Table, Tables};
use crate::domain::finding::Suggestion;

/// What a word is. The first that fits, in this order, for the word as a whole before its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'a> {
    /// A medical term of one word.
    Term(TermInfo<'a>),
    /// General English.
    English {
        /// Log10 of its occurrences per 10^9 words; 0 where it was not counted.
        zipf: f32,
    },
    /// An abbreviation.
    Abbreviation,
    /// A unit of measure.
    Unit,
    /// Rare English, or a known word behind a prefix ("nontender"): nothing to flag, nothing to offer.
    Rare,
    /// A number, alone or with a unit, a code ("L4-L5") or a range ("49/51").
    Number,
    /// A single letter, or letters said one by one ("p.m.", "SIRT").
    Letters,
    /// Known words joined by hyphens, slashes or other marks.
    Compound,
    /// Marks only.
    Mark,
    /// Nothing that the dictionary has.
    No,
}

/// A term and what is known about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TermInfo<'a> {
    /// The form under which it is looked up: small letters, ASCII.
    pub key: &'a str,
    /// As a report writes it inside a sentence.
    pub written: &'a str,
    /// What it is.
    pub category: Category,
    /// 1: a correction may aim at it; 2: it only keeps a word from being flagged.
    pub tier: u8,
    /// 1 to 9: in how many sources it stands, with a bonus for drugs in use.
    pub weight: u8,
    /// The generic name, for a brand whose generic name is certain.
    pub generic: Option<&'a str>,
    /// How common it is in general English (log10 per 10^9 words): "control" is a term and everyday English too.
    pub zipf: f32,
}

/// A word that a misheard word may have been: a word of a tier-1 term.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// Line of the term in its file.
    line: u32,
    /// Where the word begins in the text of the file.
    start: u32,
    len: u16,
    /// Which word of the term it is.
    nth: u16,
    weight: u8,
}

/// The dictionary, ready for questions.
#[derive(Debug)]
pub struct Index {
    tables: Tables,
    /// Units in their written form, folded and sorted.
    units: Vec<String>,
    targets: Vec<Target>,
    /// For each letter pair, where its list begins in `postings`.
    pair_starts: Vec<u32>,
    /// Numbers of the targets that have the pair.
    postings: Vec<u32>,
}

/// Letters a to z, and 26 for everything else and for the edges of a word.
const EDGE: usize = 26;
const PAIRS: usize = 27 * 27;
/// Best targets by letter pairs that are then compared letter by letter.
const SHORTLIST: usize = 48;
/// Suggestions below this resemble the word by accident.
const LEAST_SCORE: f32 = 0.6;
/// Longer strings are no misheard words, and comparing them would take its time.
const LONGEST: usize = 60;

impl Index {
    /// Prepares the tables; takes some tens of milliseconds.
    pub fn new(tables: Tables) -> Self {
        let units = tables.table(File::Units);
        let mut written: Vec<String> = (0..units.len())
            .filter_map(|n| units.line(n).split('\t').nth(1).map(fold))
            .collect();
        written.sort();
        written.dedup();
        let targets = targets(tables.table(File::Terms));
        let (pair_starts, postings) = postings(tables.table(File::Terms).text(), &targets);
        Self {
            tables,
            units: written,
            targets,
            pair_starts,
            postings,
        }
    }

    /// SHA-256 (hex) of what answers are based on; stored with every transcript.
    pub fn version(&self) -> &str {
        self.tables.version()
    }

    /// The tables behind the answers.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// How many words [`suggest`](Self::suggest) chooses from.
    pub fn target_count(&self) -> usize {
        self.targets.len()
    }

    /// What a word is, in any case, with attached punctuation, as plural or possessive, in American or British
    /// spelling.
    pub fn known(&self, word: &str) -> Known<'_> {
        let core = core(word);
        if core.is_empty() {
            return Known::Mark;
        }
        let folded = fold(core);
        match self.exact(&folded) {
            Known::No => {}
            found => return found,
        }
        if core.contains(|c: char| c.is_ascii_digit()) {
            return self.number(core);
        }
        if folded.chars().count() == 1 || is_initials(core) {
            return Known::Letters;
        }
        let whole = self.inflected(&folded);
        if whole != Known::No {
            return whole;
        }
        let mut parts = folded
            .split(|c: char| !c.is_alphanumeric() && c != '\'')
            .filter(|part| !part.is_empty())
            .peekable();
        let first_is_all = parts.peek().is_some_and(|part| part.len() == folded.len());
        if !first_is_all
            && parts.all(|part| part.chars().count() == 1 || self.inflected(part) != Known::No)
        {
            return Known::Compound;
        }
        Known::No
    }

    /// A term of one or more words, exactly, but for case, white space and British spelling.
    pub fn term(&self, phrase: &str) -> Option<TermInfo<'_>> {
        let folded = fold(&phrase.split_whitespace().collect::<Vec<_>>().join(" "));
        let folded = core(&folded);
        std::iter::once(folded.to_owned())
            .chain(american(folded))
            .find_map(|spelling| self.term_by_key(&spelling))
    }

    fn term_by_key(&self, key: &str) -> Option<TermInfo<'_>> {
        let line = self.tables.table(File::Terms).find(key)?;
        self.term_at(line)
    }

    fn term_at(&self, line: usize) -> Option<TermInfo<'_>> {
        let mut columns = self.tables.table(File::Terms).line(line).split('\t');
        let mut next = || columns.next().unwrap_or("");
        let (key, category, tier, weight) = (next(), next(), next(), next());
        let (written, generic) = (next(), next());
        Some(TermInfo {
            key,
            written: if written.is_empty() { key } else { written },
            category: Category::parse(category)?,
            tier: tier.parse().ok()?,
            weight: weight.parse().ok()?,
            generic: (!generic.is_empty()).then_some(generic),
            zipf: self.english(key).unwrap_or(0.0),
        })
    }

    /// Frequency of an English word, `None` where it is none.
    fn english(&self, key: &str) -> Option<f32> {
        let table = self.tables.table(File::English);
        let line = table.line(table.find(key)?);
        Some(
            line.split('\t')
                .nth(1)
                .and_then(|z| z.parse().ok())
                .unwrap_or(0.0),
        )
    }

    /// The word in exactly this form.
    fn exact(&self, key: &str) -> Known<'_> {
        if let Some(term) = self.term_by_key(key) {
            return Known::Term(term);
        }
        if let Some(zipf) = self.english(key) {
            return Known::English { zipf };
        }
        if self.is_unit(key) {
            return Known::Unit;
        }
        if self.tables.table(File::Abbreviations).find(key).is_some() {
            return Known::Abbreviation;
        }
        if self.tables.table(File::Rare).find(key).is_some() {
            return Known::Rare;
        }
        Known::No
    }

    fn is_unit(&self, key: &str) -> bool {
        self.units.binary_search_by(|u| u.as_str().cmp(key)).is_ok()
            || self.tables.table(File::Units).find(key).is_some()
    }

    /// The word, or what it is the plural, the possessive or the British form of.
    fn inflected(&self, word: &str) -> Known<'_> {
        let found = self.spelled(word);
        if found != Known::No {
            return found;
        }
        for spelling in american(word) {
            let found = self.spelled(&spelling);
            if found != Known::No {
                return found;
            }
        }
        // Derived words are known and nothing more: "hyponatremic" is not the term "hyponatremia".
        if self.derived(word, 2) {
            return Known::Rare;
        }
        Known::No
    }

    /// Whether the word comes from a known one by a prefix or an ending of medical language, taken off up to `depth`
    /// times.
    fn derived(&self, word: &str, depth: u8) -> bool {
        // What is left must be a word that people use: short and rare rests would let nonsense pass.
        let in_use = |stem: &str| {
            std::iter::once(stem.to_owned())
                .chain(american(stem))
                .any(|spelling| match self.spelled(&spelling) {
                    Known::Term(term) => term.tier == 1 || term.zipf >= COMMON_STEM,
                    Known::English { zipf } => zipf >= COMMON_STEM,
                    _ => false,
                })
                || (depth > 1 && self.derived(stem, depth - 1))
        };
        PREFIXES
            .iter()
            .filter_map(|prefix| word.strip_prefix(prefix))
            .any(|rest| rest.len() >= 5 && in_use(rest))
            || ENDINGS.iter().any(|(ending, of)| {
                word.strip_suffix(ending)
                    .is_some_and(|stem| stem.len() >= 4 && in_use(&format!("{stem}{of}")))
            })
    }

    /// The word or its singular, in this spelling.
    fn spelled(&self, word: &str) -> Known<'_> {
        let found = self.exact(word);
        if found != Known::No {
            return found;
        }
        singulars(word)
            .map(|stem| self.exact(&stem))
            .find(|found| *found != Known::No)
            .unwrap_or(Known::No)
    }

    /// A string that has digits: its other parts must be units, short codes or known words.
    fn number(&self, core: &str) -> Known<'_> {
        let all = core
            .split(|c: char| !c.is_alphabetic())
            .filter(|letters| !letters.is_empty())
            .all(|letters| {
                if letters.chars().count() <= 2 || is_initials(letters) {
                    return true;
                }
                let folded = fold(letters);
                self.is_unit(&folded) || self.inflected(&folded) != Known::No
            });
        if all { Known::Number } else { Known::No }
    }

    /// Words of tier-1 terms that are spelled most like `word`, best first, at most `n`.
    ///
    /// Score: 0.6 of the normalised Damerau-Levenshtein similarity plus 0.4 of Jaro-Winkler, from 0.6 to 1; equal
    /// scores go by the weight of the term.
    pub fn suggest(&self, word: &str, n: usize) -> Vec<Suggestion> {
        let folded = fold(core(word));
        let stem = folded.strip_suffix("'s").unwrap_or(&folded);
        let wanted: String = stem.chars().filter(char::is_ascii_alphanumeric).collect();
        if n == 0 || wanted.len() < 3 || wanted.len() > LONGEST {
            return Vec::new();
        }
        let mut scored: Vec<(f32, &Target)> = self
            .shortlist(&wanted)
            .into_iter()
            .filter_map(|number| {
                let target = self.targets.get(number)?;
                let score = similarity(&wanted, self.target_key(target)) as f32;
                (score >= LEAST_SCORE).then_some((score, target))
            })
            .collect();
        scored.sort_by(|a, b| {
            (b.0.total_cmp(&a.0))
                .then(b.1.weight.cmp(&a.1.weight))
                .then(self.target_key(a.1).cmp(self.target_key(b.1)))
        });
        scored
            .into_iter()
            .take(n)
            .map(|(score, target)| Suggestion {
                text: self.target_written(target).to_owned(),
                score,
            })
            .collect()
    }

    /// Numbers of the targets that share most letter pairs with the word.
    fn shortlist(&self, wanted: &str) -> Vec<usize> {
        let mut pairs: Vec<usize> = pairs(wanted).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut shared = vec![0u8; self.targets.len()];
        for &pair in &pairs {
            let (from, to) = (self.pair_starts[pair], self.pair_starts[pair + 1]);
            for &target in &self.postings[from as usize..to as usize] {
                let count = &mut shared[target as usize];
                *count = count.saturating_add(1);
            }
        }
        // More than half again as long or as short is another word, whatever letters they share.
        let (shortest, longest) = (wanted.len() * 2 / 3, wanted.len() * 3 / 2 + 2);
        let mut best: Vec<(u32, usize)> = shared
            .iter()
            .zip(&self.targets)
            .enumerate()
            .filter(|(_, (count, target))| {
                **count > 1 && (shortest..=longest).contains(&usize::from(target.len))
            })
            // Dice's coefficient in thousandths.
            .map(|(i, (&count, target))| {
                let both = pairs.len() + usize::from(target.len) + 1;
                (2000 * u32::from(count) / both as u32, i)
            })
            .collect();
        if best.len() > SHORTLIST {
            best.select_nth_unstable_by(SHORTLIST, |a, b| b.cmp(a));
            best.truncate(SHORTLIST);
        }
        best.into_iter().map(|(_, i)| i).collect()
    }

    fn target_key(&self, target: &Target) -> &str {
        let from = target.start as usize;
        let text = self.tables.table(File::Terms).text();
        text.get(from..from + usize::from(target.len)).unwrap_or("")
    }

    fn target_written(&self, target: &Target) -> &str {
        self.term_at(target.line as usize)
            .and_then(|term| term.written.split_whitespace().nth(usize::from(target.nth)))
            .unwrap_or_else(|| self.target_key(target))
    }
}

/// Log10 of occurrences per 10^9 words from which on a word is taken as the stem of others.
const COMMON_STEM: f32 = 2.0;

/// Prefixes that physicians put before any word.
const PREFIXES: [&str; 46] = [
    "non", "pre", "post", "anti", "un", "re", "sub", "intra", "inter", "peri", "over", "under",
    "mid", "multi", "retro", "infra", "supra", "para", "micro", "macro", "trans", "hyper", "hypo",
    "endo", "extra", "antero", "postero", "supero", "infero", "medio", "latero", "dorso", "ventro",
    "cranio", "oligo", "poly", "hemi", "semi", "ultra", "pseudo", "cardio", "neuro", "bi", "de",
    "up", "down",
];

/// Endings, and what stands in their place in the word they are derived from.
const ENDINGS: [(&str, &str); 24] = [
    ("emic", "emia"),
    ("uric", "uria"),
    ("cardic", "cardia"),
    ("pneic", "pnea"),
    ("penic", "penia"),
    ("pathic", "pathy"),
    ("path", "pathy"),
    ("plegic", "plegia"),
    ("paretic", "paresis"),
    ("thymic", "thymia"),
    ("arthric", "arthria"),
    ("otic", "osis"),
    ("graphic", "graphy"),
    ("scopic", "scopy"),
    ("metric", "metry"),
    ("megalic", "megaly"),
    ("ally", ""),
    ("ally", "al"),
    ("ly", ""),
    ("ized", "ization"),
    ("ized", "ize"),
    ("izing", "ization"),
    ("osed", "osis"),
    ("ness", ""),
];

/// The distinct words of tier-1 terms that are long enough to be recognised by their letters.
fn targets(terms: &Table) -> Vec<Target> {
    let text = terms.text();
    let mut all: Vec<Target> = Vec::new();
    for n in 0..terms.len() {
        let mut columns = terms.line(n).split('\t');
        let (key, _, tier, weight) = (
            columns.next().unwrap_or(""),
            columns.next(),
            columns.next(),
            columns.next(),
        );
        if tier != Some("1") {
            continue;
        }
        let weight: u8 = weight.and_then(|w| w.parse().ok()).unwrap_or(0);
        let single = !key.contains(' ');
        let mut start = terms.start(n);
        for (nth, word) in key.split(' ').enumerate() {
            let len = word.len();
            if len <= LONGEST
                && len >= if single { 3 } else { 5 }
                && word.bytes().all(|b| b.is_ascii_alphabetic())
            {
                all.push(Target {
                    line: n as u32,
                    start,
                    len: len as u16,
                    nth: nth as u16,
                    // A term of its own comes before the same word inside another term.
                    weight: if single { weight } else { 0 },
                });
            }
            start += len as u32 + 1;
        }
    }
    let text = text.as_bytes();
    let word = |t: &Target| &text[t.start as usize..t.start as usize + usize::from(t.len)];
    all.sort_unstable_by(|a, b| {
        word(a)
            .cmp(word(b))
            .then(b.weight.cmp(&a.weight))
            .then(a.line.cmp(&b.line))
    });
    all.dedup_by(|b, a| word(a) == word(b));
    all
}

/// For each letter pair the targets that have it, as one list with the start of each pair's part.
fn postings(text: &str, targets: &[Target]) -> (Vec<u32>, Vec<u32>) {
    let mut found: Vec<usize> = Vec::with_capacity(LONGEST + 1);
    let mut each_pair = |t: &Target, act: &mut dyn FnMut(usize)| {
        let from = t.start as usize;
        found.clear();
        found.extend(pairs(&text[from..from + usize::from(t.len)]));
        for (i, pair) in found.iter().enumerate() {
            if !found[..i].contains(pair) {
                act(*pair);
            }
        }
    };
    let mut starts = vec![0u32; PAIRS + 1];
    for target in targets {
        each_pair(target, &mut |pair| starts[pair + 1] += 1);
    }
    for i in 0..PAIRS {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut lists = vec![0u32; starts[PAIRS] as usize];
    for (number, target) in targets.iter().enumerate() {
        each_pair(target, &mut |pair| {
            lists[next[pair] as usize] = number as u32;
            next[pair] += 1;
        });
    }
    (starts, lists)
}

/// The letter pairs of a word with its edges, each below [`PAIRS`].
fn pairs(word: &str) -> impl Iterator<Item = usize> + '_ {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        _ => EDGE,
    };
    let mut before = EDGE;
    word.bytes()
        .map(class)
        .chain(std::iter::once(EDGE))
        .map(move |now| {
            let pair = before * 27 + now;
            before = now;
            pair
        })
}

/// How much two words look alike, 0 to 1.
fn similarity(a: &str, b: &str) -> f64 {
    0.6 * strsim::normalized_damerau_levenshtein(a, b) + 0.4 * strsim::jaro_winkler(a, b)
}

/// The word without the marks around it.
pub fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Small letters, without accents, Greek letters as words, one kind of apostrophe and of hyphen: the form of the keys.
/// `key` in dictionaries/tools/reduce.py does the same.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' => "a",
            'ç' | 'ć' | 'č' => "c",
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ě' | 'ę' => "e",
            'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
            'ñ' | 'ń' | 'ň' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ō' | 'ő' => "o",
            'ŕ' | 'ř' => "r",
            'ś' | 'š' | 'ş' => "s",
            'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            'æ' => "ae",
            'œ' => "oe",
            'ø' => "o",
            'ß' => "ss",
            'ł' => "l",
            'α' => "alpha",
            'β' => "beta",
            'γ' => "gamma",
            'δ' => "delta",
            'ε' => "epsilon",
            'κ' => "kappa",
            'λ' => "lambda",
            'μ' | 'µ' => "mu",
            'σ' => "sigma",
            'τ' => "tau",
            'ω' => "omega",
            '’' | '‘' | 'ʼ' => "'",
            '‐' | '‑' | '–' | '—' => "-",
            // The dot that a capital I with a dot leaves behind, and accents written after their letter.
            '\u{300}'..='\u{36f}' => "",
            other => {
                out.push(other);
                continue;
            }
        };
        out.push_str(plain);
    }
    out
}

/// "p.m", "N.Y.H.A": single letters with full stops between them; or up to five capitals, which were said letter by
/// letter and which no list has all of ("SIRT").
fn is_initials(core: &str) -> bool {
    let stops = core.contains('.') && core.split('.').all(|part| part.chars().count() == 1);
    stops || (core.len() <= 5 && core.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Forms of which `word` may be the plural or the possessive.
fn singulars(word: &str) -> impl Iterator<Item = String> {
    let mut stems: Vec<String> = Vec::new();
    let word = match word.strip_suffix("'s").or_else(|| word.strip_suffix('\'')) {
        Some(owner) => {
            stems.push(owner.to_owned());
            owner
        }
        None => word,
    };
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        stems.push(word[..word.len() - 1].to_owned());
        if let Some(stem) = word.strip_suffix("es").filter(|s| s.len() > 2) {
            stems.push(stem.to_owned());
        }
        if let Some(stem) = word.strip_suffix("ies").filter(|s| s.len() > 1) {
            stems.push(format!("{stem}y"));
        }
    }
    stems.into_iter()
}

/// American forms of a word in British spelling; empty if it has no such letters.
fn american(word: &str) -> Vec<String> {
    const RULES: [(&str, &str); 12] = [
        ("ae", "e"),
        ("oe", "e"),
        ("our", "or"),
        ("isation", "ization"),
        ("ise", "ize"),
        ("ising", "izing"),
        ("yse", "yze"),
        ("ysing", "yzing"),
        ("sulph", "sulf"),
        ("tre", "ter"),
        ("lle", "le"),
        ("lli", "li"),
    ];
    let mut forms = vec![word.to_owned()];
    for (british, ours) in RULES {
        if !word.contains(british) {
            continue;
        }
        for i in 0..forms.len() {
            let changed = forms[i].replace(british, ours);
            if !forms.contains(&changed) {
                forms.push(changed);
            }
        }
        // Eight spellings are more than any real word has.
        forms.truncate(8);
    }
    forms.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;

    fn index() -> &'static Index {
        static INDEX: OnceLock<Index> = OnceLock::new();
        INDEX.get_or_init(|| Index::new(Tables::embedded().unwrap()))
    }

    /// What a word is, shortly: the key of a term, else the name of the kind.
    fn kind(word: &str) -> String {
        match index().known(word) {
            Known::Term(term) => term.key.to_owned(),
            Known::English { .. } => "English".into(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn it_is_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(index());
    }

    #[test]
    fn case_marks_plural_and_possessive_do_not_hide_a_term() {
        for word in [
            "apixaban",
            "Apixaban",
            "APIXABAN,",
            "(apixaban)",
            "“apixaban”",
            "apixaban's",
            "apixaban’s.",
        ] {
            assert_eq!(kind(word), "apixaban", "{word}");
        }
        assert_eq!(kind("laparoscopies"), "laparoscopy");
        assert_eq!(kind("apixabans"), "apixaban");
    }

    #[test]
    fn both_spellings_are_known() {
        let pairs = [
            ("haemoglobin", "hemoglobin"),
            ("oesophagogastroduodenoscopy", "esophagogastroduodenoscopy"),
            ("leukaemia", "leukemia"),
            ("Dyspnoea", "dyspnea"),
            ("hyponatraemia", "hyponatremia"),
        ];
        for (british, american) in pairs {
            for word in [british, american] {
                assert_ne!(index().known(word), Known::No, "{word}");
            }
            let term = index().term(british).map(|t| t.key);
            assert!(
                term == Some(american) || term == Some(&*fold(british)),
                "{term:?}"
            );
        }
        for word in [
            "anaesthetised",
            "catheterisation",
            "tumours",
            "paediatric",
            "litres",
            "programme",
            "labelled",
        ] {
            assert_ne!(index().known(word), Known::No, "{word}");
        }
    }

    #[test]
    fn english_has_its_frequency_and_a_term_too() {
        let Known::English { zipf } = index().known("the") else {
            panic!("the: {}", kind("the"));
        };
        assert!(zipf > 7.0);
        let control = index().term("control").map_or(0.0, |t| t.zipf);
        let apixaban = index().term("apixaban").map_or(9.0, |t| t.zipf);
        assert!(control > 4.0 && apixaban < 1.0, "{control} {apixaban}");
    }

    #[test]
    fn numbers_units_codes_letters_and_marks_are_no_unknown_words() {
        let cases = [
            ("10mg", Known::Number),
            ("138/84", Known::Number),
            ("49/51", Known::Number),
            ("84.6", Known::Number),
            ("1,000", Known::Number),
            ("35%,", Known::Number),
            ("68-year-old", Known::Number),
            ("L4-L5", Known::Number),
            ("2nd", Known::Number),
            ("3rd", Known::Number),
            ("250mcg/h", Known::Number),
            ("98.6°F", Known::Number),
            ("CHA2DS2-VASc", Known::Abbreviation),
            ("ABCD2", Known::Number),
            ("p.m.", Known::Letters),
            ("N.Y.H.A.", Known::Letters),
            ("QZXV", Known::Letters),
            ("mmHg", Known::Unit),
            ("-", Known::Mark),
            ("...", Known::Mark),
            ("", Known::Mark),
            ("%", Known::Mark),
        ];
        for (word, expected) in cases {
            assert_eq!(index().known(word), expected, "{word}");
        }
        assert_eq!(index().known("10qzxmg"), Known::No);
        for letter in 'A'..='Z' {
            assert_ne!(index().known(&format!("{letter},")), Known::No, "{letter}");
        }
    }

    #[test]
    fn a_compound_is_known_if_each_part_is() {
        assert_eq!(index().known("sacubitril/valsartan"), Known::Compound);
        assert_eq!(index().known("ankle.The"), Known::Compound);
        assert_eq!(index().known("ankle-zzqvort"), Known::No);
        assert_ne!(index().known("heart-healthy"), Known::No);
    }

    #[test]
    fn derived_words_are_known_but_are_not_the_term() {
        for word in [
            "supraumbilical",
            "nontender",
            "periumbilical",
            "ultrasonographically",
            "polyneuropathic",
        ] {
            assert_ne!(index().known(word), Known::No, "{word}");
        }
        assert_eq!(index().known("supraclinical"), Known::Rare);
        assert_eq!(index().known("perizzq"), Known::No);
    }

    #[test]
    fn what_a_recogniser_makes_of_medicine_is_unknown() {
        let heard = "colsostectomy hydronofrosis misdegmas metaprol secubitrol lapperscopic bezzler dysmia flasin medazolam \
                     iliocecal metroprolol lisinipril empaglaflozin upixaban de-sephry enfuro-somide";
        for word in heard.split_whitespace() {
            assert_eq!(index().known(word), Known::No, "{word}");
        }
    }

    #[test]
    fn terms_of_several_words_are_found_exactly() {
        let term = index().term(" Paroxysmal  atrial fibrillation ");
        assert!(term.is_none_or(|t| t.key == "paroxysmal atrial fibrillation"));
        let crohn = index().term("CROHN’S disease").unwrap();
        assert_eq!(crohn.written, "Crohn's disease");
        assert_eq!(crohn.category, Category::Disease);
        assert_eq!(crohn.tier, 1);
        assert_eq!(
            index().term("oesophageal varices").map(|t| t.key),
            Some("esophageal varices")
        );
        assert!(index().term("crohn's of the").is_none());
        assert!(index().term("").is_none());
    }

    #[test]
    fn a_brand_knows_its_generic_name() {
        let lasix = index().term("lasix").unwrap();
        assert_eq!(
            (lasix.written, lasix.generic),
            ("Lasix", Some("furosemide"))
        );
        assert!(lasix.category.is_drug());
        assert!(!index().term("appendicitis").unwrap().category.is_drug());
    }

    #[test]
    fn a_brand_that_is_an_everyday_word_is_no_target() {
        for word in ["today", "choice", "justice"] {
            assert!(index().term(word).is_none_or(|t| t.tier == 2), "{word}");
        }
    }

    #[test]
    fn suggestions_put_the_right_term_first() {
        let cases = [
            ("hydronofrosis", "hydronephrosis"),
            ("Secubitrol,", "sacubitril"),
            ("lapperscopic", "laparoscopic"),
            ("medazolam", "midazolam"),
            ("Enfuro-Somide", "furosemide"),
            ("iliocecal", "ileocecal"),
            ("spironolactonne's", "spironolactone"),
            ("eliquiss", "Eliquis"),
            ("apixaban", "apixaban"),
        ];
        for (heard, right) in cases {
            let found = index().suggest(heard, 3);
            assert_eq!(
                found.first().map(|s| s.text.as_str()),
                Some(right),
                "{heard}: {found:?}"
            );
        }
    }

    #[test]
    fn suggestions_are_ordered_limited_and_never_far_fetched() {
        let found = index().suggest("metaprol", 4);
        assert_eq!(found.len(), 4);
        assert!(
            found.windows(2).all(|w| w[0].score >= w[1].score),
            "{found:?}"
        );
        assert!(found.iter().any(|s| s.text == "metoprolol"), "{found:?}");
        assert!(found.iter().all(|s| (LEAST_SCORE..=1.0).contains(&s.score)));
        for nothing in ["", "x", "qq", "qzxqzxqzx", &"a".repeat(5000)] {
            assert!(index().suggest(nothing, 5).is_empty(), "{nothing:.20}");
        }
        assert!(index().suggest("metaprol", 0).is_empty());
    }

    #[test]
    fn words_inside_longer_terms_are_suggested_in_their_own_case() {
        let found = index().suggest("natriuretik", 1);
        assert_eq!(found[0].text, "natriuretic");
    }

    #[test]
    fn tier_two_is_never_suggested() {
        for word in ["vevorisertib", "besipirdine"] {
            let term = index().term(word).unwrap();
            assert_eq!(term.tier, 2);
            assert!(
                index()
                    .suggest(word, 5)
                    .iter()
                    .all(|s| fold(&s.text) != word)
            );
        }
    }
}
