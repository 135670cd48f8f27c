//! Answers from the dictionary: is this a word, which term is it, what may it have been.
//!
//! Pure: it works on texts that are already in memory, and is shared between threads behind an `Arc`. Lookups are
//! binary searches in the sorted texts, so that nothing but the texts, their line starts and the sounds of the targets
//! is held.

use super::load::{Category, File, Table, Tables};
use super::sounds::{Hit, Query, Sounds};
use super::tuning::{EVERYDAY, LEAST_LIKENESS, LONGEST, SPAN_WORDS};
use crate::domain::finding::Suggestion;
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

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

impl TermInfo<'_> {
    /// Whether it is everyday English as well.
    pub fn is_everyday(&self) -> bool {
        self.zipf >= EVERYDAY
    }
}

/// Something that misheard words may have been: a tier-1 term, or a word of one.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// Line of the term in its file.
    line: u32,
    /// Where it begins in the text of the file.
    start: u32,
    len: u16,
    /// Which word of the term it is, or [`WHOLE`].
    nth: u8,
    weight: u8,
}

/// The term itself, and no word of it.
const WHOLE: u8 = u8::MAX;

/// A word or phrase of a layer above the base set: of a site, a physician, a patient's medications.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalTerm {
    /// As a report writes it inside a sentence.
    pub written: String,
    /// What it is; a [`Category::Name`] is known and protected, and never put in place of what was heard.
    pub category: Category,
    /// The generic name of a brand.
    pub generic: Option<String>,
    /// How it is said, in ordinary spelling, where the written form does not tell.
    pub spoken: Option<String>,
}

/// What is to be offered wherever these words were heard; judged against the sound like any other wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The words as heard, in any case.
    pub heard: String,
    /// As a report writes it inside a sentence.
    pub written: String,
}

/// All layers that lie over the base set, those that take precedence first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overlay {
    /// Words and phrases.
    pub terms: Vec<LocalTerm>,
    /// Words as heard, and what is offered for them.
    pub replacements: Vec<Replacement>,
}

impl From<Vec<LocalTerm>> for Overlay {
    fn from(terms: Vec<LocalTerm>) -> Self {
        Self {
            terms,
            replacements: Vec::new(),
        }
    }
}

/// What misheard words may have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// As a report writes it inside a sentence.
    pub written: String,
    /// Letters and sounds compared, 0 to 1.
    pub likeness: f32,
    /// 1 to 9 for terms, 0 for a word out of a longer term.
    pub weight: u8,
    /// Whether it names a drug.
    pub drug: bool,
    /// Log10 of occurrences per 10^9 words of general English.
    pub zipf: f32,
    /// Whether it is a spoken mark ("comma").
    pub mark: bool,
    /// Whether it is somebody's name.
    pub name: bool,
}

/// The dictionary, ready for questions: the base set, and layers above it.
///
/// Layers are few and small; [`with_local`](Self::with_local) makes an index that shares the base with this one.
#[derive(Debug, Clone)]
pub struct Index {
    base: Arc<Base>,
    local: Arc<Local>,
}

#[derive(Debug)]
struct Base {
    tables: Tables,
    /// Units in their written form, folded and sorted.
    units: Vec<String>,
    targets: Vec<Target>,
    /// How the targets sound; made when it is first asked for, which takes some tens of milliseconds.
    sounds: OnceLock<Sounds>,
    /// How the marks sound that are spoken.
    marks: Sounds,
}

/// The layers above the base set.
#[derive(Debug, Default)]
struct Local {
    /// Sorted by key, each key once.
    terms: Vec<(String, LocalTerm)>,
    /// Words of the terms of several words, sorted.
    words: Vec<String>,
    /// The words as heard, folded, and what is offered for them; sorted, the same words once.
    replacements: Vec<(Vec<String>, String)>,
    sounds: Sounds,
    /// Names base and layers; empty without layers.
    version: String,
}

/// Marks that physicians speak and engines mishear.
const MARKS: [&str; 7] = [
    "comma",
    "period",
    "colon",
    "semicolon",
    "full stop",
    "new paragraph",
    "new line",
];

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
        let base = Base {
            tables,
            units: written,
            targets,
            sounds: OnceLock::new(),
            marks: Sounds::new(MARKS.into_iter()),
        };
        Self {
            base: Arc::new(base),
            local: Arc::default(),
        }
    }

    /// The same base set with these layers above it, in place of those that were; of two entries with the same key the
    /// first stays. What the base set knows as a drug stays one, and keeps its generic name, whatever a layer says: the
    /// limits of corrections rest on it.
    pub fn with_local(&self, overlay: Overlay) -> Self {
        let plain = Self {
            base: self.base.clone(),
            local: Arc::default(),
        };
        if overlay == Overlay::default() {
            return plain;
        }
        let mut version = Sha256::new();
        version.update(self.base.tables.version());
        version.update((overlay.terms.len() as u64).to_le_bytes());
        let mut told = |part: Option<&str>| {
            // The length, and another number for what is missing, so that no two overlays read alike.
            version.update(
                part.map_or(u64::MAX, |part| part.len() as u64)
                    .to_le_bytes(),
            );
            version.update(part.unwrap_or(""));
        };
        let mut keyed: Vec<(String, LocalTerm)> = Vec::with_capacity(overlay.terms.len());
        for mut term in overlay.terms {
            told(Some(&term.written));
            told(Some(term.category.as_str()));
            told(term.generic.as_deref());
            told(term.spoken.as_deref());
            let key = key(&term.written);
            if key.is_empty() {
                continue;
            }
            let base = match plain.known(&key) {
                Known::Term(base) => Some(base),
                _ => plain.term(&key),
            };
            if let Some(base) = base.filter(names_drug) {
                term.category = base.category;
                term.generic = base.generic.map(str::to_owned);
            }
            keyed.push((key, term));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|b, a| a.0 == b.0);
        let mut replacements: Vec<(Vec<String>, String)> = Vec::new();
        for replacement in overlay.replacements {
            told(Some(&replacement.heard));
            told(Some(&replacement.written));
            let heard = heard_words(&replacement.heard);
            if !heard.is_empty() {
                replacements.push((heard, replacement.written));
            }
        }
        replacements.sort_by(|a, b| a.0.cmp(&b.0));
        replacements.dedup_by(|b, a| a.0 == b.0);
        let mut words: Vec<String> = (keyed.iter())
            .filter(|(key, _)| key.contains(' '))
            .flat_map(|(key, _)| key.split(' ').map(|word| core(word).to_owned()))
            .collect();
        words.sort();
        words.dedup();
        let said =
            |(key, term): &(String, LocalTerm)| term.spoken.clone().unwrap_or_else(|| key.clone());
        let said: Vec<String> = keyed.iter().map(said).collect();
        let sounds = Sounds::new(said.iter().map(String::as_str));
        let digest = version.finalize();
        let local = Local {
            sounds,
            words,
            replacements,
            version: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            terms: keyed,
        };
        Self {
            base: self.base.clone(),
            local: Arc::new(local),
        }
    }

    /// SHA-256 (hex) of what answers are based on; stored with every transcript.
    pub fn version(&self) -> &str {
        if self.local.version.is_empty() {
            return self.base.tables.version();
        }
        &self.local.version
    }

    /// The tables behind the answers.
    pub fn tables(&self) -> &Tables {
        &self.base.tables
    }

    /// How many terms and words [`suggest`](Self::suggest) chooses from.
    pub fn target_count(&self) -> usize {
        self.base.targets.len() + self.local.terms.len()
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
        let folded = fold(&single_spaces(phrase));
        let folded = core(&folded);
        std::iter::once(folded.to_owned())
            .chain(american(folded))
            .find_map(|spelling| self.term_by_key(&spelling))
    }

    fn term_by_key(&self, key: &str) -> Option<TermInfo<'_>> {
        if let Ok(at) = self
            .local
            .terms
            .binary_search_by(|(k, _)| k.as_str().cmp(key))
        {
            return Some(self.local_term(at));
        }
        let line = self.base.tables.table(File::Terms).find(key)?;
        self.term_at(line)
    }

    /// What the layers offer in place of words that begin with this one, folded: the words as heard, and what is
    /// offered.
    pub(super) fn replacements_from(&self, first: &str) -> &[(Vec<String>, String)] {
        fn begins(entry: &(Vec<String>, String)) -> &str {
            entry.0.first().map_or("", String::as_str)
        }
        let all = &self.local.replacements;
        let from = all.partition_point(|entry| begins(entry) < first);
        let count = all[from..].partition_point(|entry| begins(entry) == first);
        &all[from..from + count]
    }

    fn term_at(&self, line: usize) -> Option<TermInfo<'_>> {
        let mut columns = self.base.tables.table(File::Terms).line(line).split('\t');
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

    fn local_term(&self, at: usize) -> TermInfo<'_> {
        let (key, term) = &self.local.terms[at];
        TermInfo {
            key,
            written: &term.written,
            category: term.category,
            tier: 1,
            weight: 9,
            generic: term.generic.as_deref(),
            zipf: self.english(key).unwrap_or(0.0),
        }
    }

    /// Frequency of an English word, `None` where it is none.
    fn english(&self, key: &str) -> Option<f32> {
        let table = self.base.tables.table(File::English);
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
        if self
            .base
            .tables
            .table(File::Abbreviations)
            .find(key)
            .is_some()
        {
            return Known::Abbreviation;
        }
        if self.base.tables.table(File::Rare).find(key).is_some() || self.is_local_word(key) {
            return Known::Rare;
        }
        Known::No
    }

    fn is_local_word(&self, key: &str) -> bool {
        self.local
            .words
            .binary_search_by(|w| w.as_str().cmp(key))
            .is_ok()
    }

    /// Whether it is a unit as spoken or as written, folded.
    pub(super) fn is_unit(&self, key: &str) -> bool {
        self.base
            .units
            .binary_search_by(|u| u.as_str().cmp(key))
            .is_ok()
            || self.base.tables.table(File::Units).find(key).is_some()
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

    /// Terms that sound and look most like a word or a phrase, best first, at most `n`: 0.45 of the score by letters,
    /// 0.55 by sounds, from 0.5 to 1; equal scores go by the weight of the term.
    pub fn suggest(&self, phrase: &str, n: usize) -> Vec<Suggestion> {
        self.sounding_like(phrase, n, LEAST_LIKENESS)
            .into_iter()
            .filter(|candidate| !candidate.mark)
            .map(|candidate| Suggestion {
                text: candidate.written,
                score: candidate.likeness,
            })
            .collect()
    }

    /// The drugs that words name, by their keys, each as often as it is named; everyday words that are also brands are none.
    pub fn drugs(&self, text: &str) -> Vec<String> {
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || "-/,;()".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let mut found = Vec::new();
        for from in 0..words.len() {
            if let Known::Term(term) = self.known(words[from])
                && names_drug(&term)
            {
                found.push(term.key.to_owned());
            }
            for to in from + 2..=words.len().min(from + 3) {
                if let Some(term) = self.term(&words[from..to].join(" ")).filter(names_drug) {
                    found.push(term.key.to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Drugs that are taken for this one, the likelier first.
    pub fn lookalikes(&self, drug: &str) -> Vec<String> {
        let table = self.base.tables.table(File::Lookalikes);
        let mut found: Vec<(f32, String)> = Vec::new();
        for n in 0..table.len() {
            let mut columns = table.line(n).split('\t');
            let (one, other) = (columns.next().unwrap_or(""), columns.next().unwrap_or(""));
            let partner = match () {
                () if one == drug => other,
                () if other == drug => one,
                () => continue,
            };
            let score = columns.nth(2).and_then(|s| s.parse().ok()).unwrap_or(0.0);
            if !found.iter().any(|(_, name)| name == partner) {
                found.push((score, partner.to_owned()));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Terms, words of terms and spoken marks that sound and look most like words, best first, at most `n`, none less
    /// alike than `least`.
    pub fn sounding_like(&self, phrase: &str, n: usize, least: f32) -> Vec<Candidate> {
        let folded = fold(core(phrase));
        let query = Query::new(folded.strip_suffix("'s").unwrap_or(&folded));
        if n == 0 {
            return Vec::new();
        }
        let sounds = self.sounds();
        let found = |hits: Vec<Hit>| hits.into_iter().take(n);
        let mut candidates: Vec<Candidate> = found(sounds.nearest(&query, least))
            .filter_map(|hit| self.base_candidate(hit))
            .chain(
                found(self.local.sounds.nearest(&query, least))
                    .map(|hit| self.local_candidate(hit)),
            )
            .chain(found(self.base.marks.nearest(&query, least)).map(mark_candidate))
            .collect();
        candidates.sort_by(|a, b| {
            (b.likeness.total_cmp(&a.likeness))
                .then(b.weight.cmp(&a.weight))
                .then(a.written.cmp(&b.written))
        });
        let mut seen = Vec::with_capacity(n);
        candidates.retain(|candidate| {
            let key = fold(&candidate.written);
            let fresh = !seen.contains(&key);
            if fresh {
                seen.push(key);
            }
            fresh
        });
        candidates.truncate(n);
        candidates
    }

    fn sounds(&self) -> &Sounds {
        self.base.sounds.get_or_init(|| {
            let text = self.base.tables.table(File::Terms).text();
            Sounds::new(self.base.targets.iter().map(|target| target.key(text)))
        })
    }

    fn base_candidate(&self, hit: Hit) -> Option<Candidate> {
        let target = self.base.targets.get(hit.entry)?;
        let key = target.key(self.base.tables.table(File::Terms).text());
        let term = self.term_at(target.line as usize)?;
        let (written, drug) = if target.nth == WHOLE {
            (term.written, term.category.is_drug())
        } else {
            let word = term.written.split_whitespace().nth(usize::from(target.nth));
            let drug = self.term_by_key(key).is_some_and(|t| t.category.is_drug());
            (word.unwrap_or(key), drug)
        };
        Some(Candidate {
            written: written.to_owned(),
            likeness: hit.likeness,
            weight: target.weight,
            drug,
            zipf: self.english(key).unwrap_or(0.0),
            mark: false,
            name: false,
        })
    }

    fn local_candidate(&self, hit: Hit) -> Candidate {
        let term = self.local_term(hit.entry);
        Candidate {
            written: term.written.to_owned(),
            likeness: hit.likeness,
            weight: term.weight,
            drug: term.category.is_drug(),
            zipf: term.zipf,
            mark: false,
            name: term.category == Category::Name,
        }
    }
}

impl Target {
    fn key<'t>(&self, text: &'t str) -> &'t str {
        let from = self.start as usize;
        text.get(from..from + usize::from(self.len)).unwrap_or("")
    }
}

/// Whether these words are a mark that physicians speak.
pub(super) fn is_spoken_mark(words: &str) -> bool {
    MARKS.contains(&words)
}

fn mark_candidate(hit: Hit) -> Candidate {
    Candidate {
        written: MARKS.get(hit.entry).copied().unwrap_or("").to_owned(),
        likeness: hit.likeness,
        weight: 9,
        drug: false,
        zipf: 0.0,
        mark: true,
        name: false,
    }
}

/// Everyday words are no names of drugs, nor are the unsorted words that only keep text from being flagged ("bolus").
fn names_drug(term: &TermInfo<'_>) -> bool {
    let sorted = term.tier == 1 || term.category != Category::Drug;
    term.category.is_drug() && sorted && term.zipf < EVERYDAY
}

/// With one space between words and none around them.
pub fn single_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The form under which what is written so is looked up.
pub fn key(written: &str) -> String {
    fold(core(&single_spaces(written)))
}

/// Words as heard, in the form in which they are compared; marks alone are none.
pub fn heard_words(heard: &str) -> Vec<String> {
    heard
        .split_whitespace()
        .map(|word| fold(core(word)))
        .filter(|word| !word.is_empty())
        .collect()
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

/// The tier-1 terms of up to four words, and the words of all of them that are long enough to be recognised alone.
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
        let line = n as u32;
        let weight: u8 = weight.and_then(|w| w.parse().ok()).unwrap_or(0);
        let start = terms.start(n);
        if (3..=LONGEST).contains(&key.len()) && key.split(' ').count() <= SPAN_WORDS {
            let len = key.len() as u16;
            all.push(Target {
                line,
                start,
                len,
                nth: WHOLE,
                weight,
            });
        }
        if !key.contains(' ') {
            continue;
        }
        let mut at = start;
        for (nth, word) in key.split(' ').enumerate() {
            if (5..=LONGEST).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic())
            {
                all.push(Target {
                    line,
                    start: at,
                    len: word.len() as u16,
                    nth: nth.min(usize::from(WHOLE) - 1) as u8,
                    // A term of its own comes before the same word inside another term.
                    weight: 0,
                });
            }
            at += word.len() as u32 + 1;
        }
    }
    all.sort_unstable_by(|a, b| {
        (a.key(text).cmp(b.key(text)))
            .then(b.weight.cmp(&a.weight))
            .then(b.nth.cmp(&a.nth))
            .then(a.line.cmp(&b.line))
    });
    all.dedup_by(|b, a| a.key(text) == b.key(text));
    all
}

/// The word without the marks around it.
pub fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Small letters, without accents, Greek letters as words, one kind of apostrophe and of hyphen: the form of the keys.
/// `key` in dictionaries/tools/reduce.py does the same.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
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

/// Plurals of Greek and Latin words.
const LATIN: [(&str, &str); 10] = [
    ("a", "um"),
    ("ae", "a"),
    ("i", "us"),
    ("ses", "sis"),
    ("ices", "ix"),
    ("ices", "ex"),
    ("mata", "ma"),
    ("ia", "ium"),
    ("inges", "inx"),
    ("anges", "anx"),
];

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
    for (plural, singular) in LATIN {
        if let Some(stem) = word.strip_suffix(plural).filter(|s| s.len() > 3) {
            stems.push(format!("{stem}{singular}"));
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

/// Whether two writings are one word or phrase, with or without hyphens and spaces, in American or British spelling.
pub(super) fn is_spelling_of(a: &str, b: &str) -> bool {
    let letters = |text: &str| fold(text).replace(|c: char| !c.is_alphanumeric(), "");
    let (a, b) = (letters(a), letters(b));
    a == b || american(&a).contains(&b) || american(&b).contains(&a)
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
    fn two_spellings_of_one_word_are_told_from_two_words() {
        for (a, b, same) in [
            ("post-mortem", "postmortem", true),
            ("rigour mortis", "rigor mortis", true),
            ("Oedema", "edema", true),
            ("prosthetic", "prostatic", false),
            ("no tension", "hypotension", false),
        ] {
            assert_eq!(is_spelling_of(a, b), same, "{a} {b}");
            assert_eq!(is_spelling_of(b, a), same, "{b} {a}");
        }
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
        assert!(
            found
                .iter()
                .all(|s| (LEAST_LIKENESS..=1.0).contains(&s.score))
        );
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
    fn phrases_are_suggested_by_their_sound() {
        for (heard, right) in [
            ("a pixel of", "apixaban"),
            ("spiral act on to", "spironolactone"),
            ("in pagla flasin", "empagliflozin"),
            ("colon othiasis", "cholelithiasis"),
            ("corroded brute", "carotid bruit"),
        ] {
            let found = index().suggest(heard, 3);
            assert!(found.iter().any(|s| s.text == right), "{heard}: {found:?}");
        }
    }

    fn local(written: &str, category: Category) -> LocalTerm {
        LocalTerm {
            written: written.into(),
            category,
            generic: None,
            spoken: None,
        }
    }

    #[test]
    fn layers_add_terms_and_share_the_base() {
        let mut spoken = local("Xqar-7", Category::DrugBrand);
        spoken.spoken = Some("exker seven".into());
        let terms = vec![
            local("Zorvaxil", Category::DrugBrand),
            local("Bair Zzugger", Category::Device),
            local("Okafor", Category::Name),
            spoken,
        ];
        let with = index().with_local(terms.clone().into());
        assert_eq!(with.suggest("zor vaxel", 1)[0].text, "Zorvaxil");
        assert_eq!(with.suggest("ex car seven", 1)[0].text, "Xqar-7");
        assert!(matches!(with.known("Zorvaxil,"), Known::Term(t) if t.category.is_drug()));
        assert_eq!(with.known("zzugger"), Known::Rare);
        assert!(matches!(with.known("Okafor's"), Known::Term(t) if t.category == Category::Name));
        assert!(
            with.sounding_like("ocafur", 3, 0.5)
                .iter()
                .any(|c| c.name && c.written == "Okafor")
        );
        assert_eq!(index().known("Zorvaxil"), Known::No);
        assert_ne!(with.version(), index().version());
        assert_eq!(with.version(), with.with_local(terms.into()).version());
        let without = with.with_local(Overlay::default());
        assert_eq!(without.version(), index().version());
        assert_eq!(without.known("Zorvaxil"), Known::No);
    }

    #[test]
    fn the_first_of_two_entries_counts_and_every_part_counts_for_the_version() {
        let overlay = |written: &[&str]| {
            let terms = written.iter().map(|w| local(w, Category::Device));
            Overlay::from(terms.collect::<Vec<_>>())
        };
        let with = index().with_local(overlay(&["ZorvaLOCK", "Zorvalock"]));
        assert_eq!(with.term("zorvalock").map(|t| t.written), Some("ZorvaLOCK"));
        let versions: std::collections::HashSet<String> = [
            overlay(&["ab", "c"]),
            overlay(&["a", "bc"]),
            overlay(&["c", "ab"]),
            Overlay {
                replacements: vec![Replacement {
                    heard: "ab".into(),
                    written: "c".into(),
                }],
                ..Overlay::default()
            },
        ]
        .into_iter()
        .map(|o| index().with_local(o).version().to_owned())
        .collect();
        assert_eq!(versions.len(), 4);
    }

    #[test]
    fn a_layer_cannot_make_a_drug_something_else() {
        let with = index().with_local(
            vec![
                local("Hydralazine", Category::Name),
                local("LASIX", Category::Finding),
                local("warfarins", Category::Device),
            ]
            .into(),
        );
        let drug = with.term("hydralazine").unwrap();
        assert!(drug.category.is_drug() && drug.written == "Hydralazine");
        assert_eq!(
            with.drugs("hydralazine and lasix, no warfarins"),
            ["hydralazine", "lasix", "warfarins"]
        );
        assert_eq!(
            with.term("lasix").and_then(|t| t.generic),
            Some("furosemide")
        );
    }

    #[test]
    fn replacements_are_found_by_their_first_word_and_the_first_of_two_counts() {
        let replacement = |heard: &str, written: &str| Replacement {
            heard: heard.into(),
            written: written.into(),
        };
        let with = index().with_local(Overlay {
            replacements: vec![
                replacement("A pixel, of", "apixaban"),
                replacement("a pixel of", "Eliquis"),
                replacement("a pixel", "Apixa"),
                replacement("b", "c"),
                replacement(" ,", "nothing"),
            ],
            ..Overlay::default()
        });
        let found: Vec<(String, &str)> = (with.replacements_from("a").iter())
            .map(|(heard, written)| (heard.join(" "), written.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("a pixel".to_owned(), "Apixa"),
                ("a pixel of".to_owned(), "apixaban")
            ]
        );
        assert!(with.replacements_from("pixel").is_empty());
        assert!(index().replacements_from("a").is_empty());
    }

    #[test]
    fn drugs_are_named_by_their_key_and_everyday_brands_are_none() {
        assert_eq!(
            index().drugs("on Lasix, and apixaban's dose"),
            ["apixaban", "lasix"]
        );
        assert_eq!(index().drugs("unfractionated heparin-bolus"), ["heparin"]);
        assert_eq!(index().drugs("today by choice"), [""; 0]);
    }

    #[test]
    fn look_alikes_are_found_from_either_side() {
        assert!(
            index()
                .lookalikes("hydralazine")
                .contains(&"hydroxyzine".to_owned())
        );
        assert!(
            index()
                .lookalikes("hydroxyzine")
                .contains(&"hydralazine".to_owned())
        );
        assert!(index().lookalikes("the").is_empty());
    }

    #[test]
    fn greek_and_latin_plurals_are_known() {
        for word in [
            "diverticula",
            "metastases",
            "emboli",
            "bursae",
            "appendices",
            "carcinomata",
            "phalanges",
        ] {
            assert_ne!(index().known(word), Known::No, "{word}");
        }
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
