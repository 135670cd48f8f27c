//! Every number by which the dictionary proposes and decides, in one place.

/// Share of the letters in how much two words are alike; with [`SOUNDS`] it found the right term first in 57 of 60
/// made-up garbles.
pub(super) const LETTERS: f32 = 0.45;
/// Share of the sounds.
pub(super) const SOUNDS: f32 = 0.55;
/// Longer strings are no misheard words, and comparing them would take its time. Letters or sounds.
pub(super) const LONGEST: usize = 60;
/// Entries that are compared exactly.
pub(super) const SHORTLIST: usize = 96;
/// What is less alike resembles by accident.
pub(super) const LEAST_LIKENESS: f32 = 0.5;
/// Log10 of occurrences per 10^9 words from which a word is everyday English: never the aim of a correction of words
/// that are English themselves.
pub(super) const EVERYDAY: f32 = 3.5;

// Proposing: how alike a candidate must be, by how suspicious the words are.

/// Words of a span.
pub(super) const SPAN_WORDS: usize = 4;
/// A span with a word that no dictionary has.
pub(super) const UNKNOWN_LIKENESS: f32 = 0.52;
/// Ordinary words where a drug belongs: a drug.
pub(super) const DRUG_PLACE_LIKENESS: f32 = 0.5;
/// Ordinary words of which the engine itself was unsure.
pub(super) const UNSURE_LIKENESS: f32 = 0.66;
/// A single word that is rare in English.
pub(super) const RARE_LIKENESS: f32 = 0.72;
/// A phrase that differs from a term of several words in one word only.
pub(super) const NEAR_TERM_LIKENESS: f32 = 0.78;
/// Engine's probability of a word under which it was unsure: a tenth of the right words, two thirds of the wrong ones.
pub(super) const UNSURE: f32 = 0.5;
/// Engine's probability above which ordinary English was said with confidence.
pub(super) const CONFIDENT: f32 = 0.8;
/// Log10 of occurrences per 10^9 words under which an English word is rare.
pub(super) const RARE: f32 = 3.6;
/// Bonus for a drug where a drug belongs.
pub(super) const DRUG_PLACE_BONUS: f32 = 0.04;
/// Bonus for a drug right before a dose.
pub(super) const BEFORE_DOSE_BONUS: f32 = 0.12;
/// What a span must be more alike for each word beyond the first.
pub(super) const WORD_PENALTY: f32 = 0.015;
/// What a span must be more alike for each word in it that seemed right.
pub(super) const SOUND_WORD_PENALTY: f32 = 0.03;
/// Bonus for the weight of a term, 1 to 9, each.
pub(super) const WEIGHT_BONUS: f32 = 0.004;
/// Bonus for a spoken mark, which physicians say more often than any term.
pub(super) const MARK_BONUS: f32 = 0.1;
/// Candidates that are looked at for a span.
pub(super) const LOOKED_AT: usize = 10;
/// Least and most sound of a candidate, as a share of the sound of the span.
pub(super) const SOUND_RATIO: (f32, f32) = (0.62, 1.6);
/// Words after a span within which a dose makes it the place of a drug.
pub(super) const DOSE_WITHIN: usize = 2;
/// Candidates whose spans share a word.
pub(super) const CANDIDATES_PER_PLACE: usize = 5;
/// What is so much less alike than another candidate of the place is not judged: none of those was ever the right one.
pub(super) const FAR: f32 = 0.2;
/// Spans that share a word and may be the same term.
pub(super) const SPANS_PER_TERM: usize = 2;
/// Log10 of occurrences per 10^9 words from which a word is so common that an engine hears it where it is said.
pub(super) const COMMON: f32 = 4.2;
/// Weight from which a common word is a medical term all the same.
pub(super) const CERTAIN_TERM: u8 = 7;
/// Candidates for each heard word, over a whole piece: 30 spans of 3 for 200 words.
pub(super) const CANDIDATES_PER_WORD: f32 = 0.45;
/// Candidates that a short piece may have all the same.
pub(super) const CANDIDATES_AT_LEAST: usize = 8;
/// Look-alikes that are asked about for one heard drug.
pub(super) const LOOKALIKES: usize = 2;
/// Engine's probability of a heard drug from which its look-alikes are not asked about.
pub(super) const SURE_DRUG: f32 = 0.9;

// Deciding: nats against what was heard.

/// An unknown word, or ordinary words where a drug belongs.
pub(super) const ACCEPT: f32 = -10.0;
/// What a term must fit better for each step that its weight is under [`USUAL_WEIGHT`]: what is seldom said is seldom
/// what was said, and an unknown name is like some rare term or other.
pub(super) const RARER: f32 = 1.0;
/// Weight from which a term is common in reports.
pub(super) const USUAL_WEIGHT: u8 = 7;
/// Ordinary words, or a term, that the engine was not sure of.
pub(super) const ACCEPT_KNOWN: f32 = -3.0;
/// What a candidate gains, in nats, for all the likeness there is, counted from [`USUAL_LIKENESS`]: of two that fit the
/// sound, the one that is written like what the engine wrote.
pub(super) const LIKENESS: f32 = 15.0;
/// What a right candidate has on average.
pub(super) const USUAL_LIKENESS: f32 = 0.8;
/// What an accepted drug must be better than the next one.
pub(super) const DRUG_LEAD: f32 = 7.0;
/// For each consonant's worth of sound that a candidate is shorter than the span: deletion gains nothing.
pub(super) const SHORTER: f32 = 1.5;
/// Shorter by no more than this costs nothing, in consonants.
pub(super) const SHORTER_FREE: f32 = 1.0;
/// From here on a candidate is offered for words that are English: of 20 dictations' 11 such places 8 were misheard, of
/// the 61 between this and -14 a third.
pub(super) const OFFER: f32 = -7.0;
/// The same for a drug where a drug belongs: five places of six were misheard.
pub(super) const OFFER_DRUG: f32 = -14.0;
/// A look-alike that fits the sound as well as this is asked about.
pub(super) const LOOKALIKE: f32 = -2.0;
/// Suggestions in a finding.
pub(super) const SUGGESTIONS: usize = 5;
/// From this likeness on, a capital does not make an unknown word a name.
pub(super) const LIKELY: f32 = 0.8;
