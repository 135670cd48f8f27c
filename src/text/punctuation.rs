//! Spoken punctuation, told apart from the same words in a sentence: "a three week period", "the ascending colon".
//!
//! Each function judges one form by its neighbours. Where they do not decide, the answer is `Open`, and the dictation
//! as a whole decides: somebody who says "comma" eight times means a full stop by "period".

use crate::text::context::{DETERMINERS, Verdict, View, is_number, small_number};
use crate::text::headings;
use crate::text::token::Mark;

/// Verbs after a noun: "the latency period was", "the colon showed".
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "was", "is", "were", "has", "had", "lasted", "lasts", "lasting", "ended", "began", "begins", "started",
    "starts", "showed", "shows", "between", "during", "which", "appeared", "appears", "remains", "can", "may",
    "will", "should",
];

/// Words that stand before "period" as a noun and hardly anywhere else at the end of a sentence, given an article.
#[rustfmt::skip]
const STRONG: &[&str] = &[
    "postoperative", "post-operative", "postop", "post-op", "perioperative", "preoperative", "intraoperative",
    "incubation", "latency", "latent", "refractory", "neonatal", "perinatal", "postnatal", "antenatal",
    "antepartum", "intrapartum", "peripartum", "postpartum", "puerperal", "prenatal", "gestational",
    "convalescent", "washout", "wash-out", "waiting", "grace", "reporting", "billing", "prodromal", "postictal",
    "interictal", "lucid", "menopausal", "post-treatment", "pretreatment", "transitional", "transition",
    "infectious", "contagious", "quarantine", "isolation", "probationary", "honeymoon", "embryonic", "fetal",
    "newborn", "peri-operative", "perimenopausal", "nap", "run-in", "lead-in", "look-back", "pre-operative",
];

/// Qualities of a stretch of time.
#[rustfmt::skip]
const ADJECTIVES: &[&str] = &[
    "long", "longer", "short", "shorter", "brief", "prolonged", "extended", "lengthy", "first", "second",
    "third", "last", "next", "previous", "prior", "initial", "early", "late", "given", "certain", "specified",
    "defined", "critical", "dry", "missed", "heavy", "irregular", "monthly", "painful", "variable", "limited",
    "entire", "usual", "recent", "immediate", "symptom-free", "pain-free", "sustained", "considerable",
    "intervening", "uneventful", "same", "safe", "whole", "light", "recommended", "indefinite", "minimum",
    "maximum",
];

/// Nouns that name a period, but end a sentence just as well.
#[rustfmt::skip]
const NOUNS: &[&str] = &[
    "follow-up", "followup", "recovery", "rest", "resting", "treatment", "trial", "study", "observation",
    "monitoring", "rehabilitation", "healing", "fasting", "training", "surveillance", "therapy", "induction",
    "stabilization", "weaning", "immobilization", "holiday",
];

/// What a menstrual period is said to be; most of these end a sentence just as well ("rhythm regular period").
#[rustfmt::skip]
const CYCLE: &[&str] = &[
    "heavy", "heavier", "painful", "irregular", "regular", "normal", "light", "lighter", "scanty", "late",
    "missed", "delayed", "monthly", "last", "latent",
];

/// Prepositions of time.
const DURING: &[&str] = &["during", "throughout", "over", "within", "through"];

const UNITS_OF_TIME: &[&str] = &["second", "minute", "hour", "day", "week", "month", "year"];

/// "period"
pub fn period(v: &View) -> Verdict {
    let (l1, r1) = (v.left(1), v.right(1));
    let has_note = [
        "note",
        "course",
        "importance",
        "significance",
        "interest",
        "concern",
    ]
    .contains(&v.right(2));
    let of_follows = r1 == "of" && !v.capital_follows() && !has_note;
    let pain_follows =
        ["pain", "pains", "cramps", "cramping", "prevalence"].contains(&r1) && !v.capital_follows();
    if l1.is_empty() {
        // Alone between marks, or right after a command: a noun would have something to lean on.
        return if of_follows || pain_follows || (v.at == 0 && !v.ends_text()) {
            Verdict::Word
        } else {
            Verdict::Sure
        };
    }
    if of_follows || noun_period(v, pain_follows) || cycle_period(v) {
        Verdict::Word
    } else {
        Verdict::Open
    }
}

fn noun_period(v: &View, pain_follows: bool) -> bool {
    let (l1, l2, l3) = (v.left(1), v.left(2), v.left(3));
    let verb_follows = VERBS.contains(&v.right(1)) && !v.capital_follows();
    #[rustfmt::skip]
    const PAINED: &[&str] = &[
        "severe", "heavy", "her", "has", "had", "have", "having", "with", "for", "of", "from", "reports",
        "denies", "describes", "experiences", "experiencing", "mild", "bad", "worsening", "increased",
        "increasing",
    ];
    if pain_follows && PAINED.contains(&l1) {
        return true;
    }
    if v.article_before()
        || [
            "her",
            "his",
            "my",
            "your",
            "our",
            "its",
            "each",
            "every",
            "another",
            "which",
            "same",
            "entire",
            "whole",
            "and",
            "or",
            "during",
            "between",
            "throughout",
            "per",
        ]
        .contains(&l1)
    {
        return true;
    }
    if ["this", "that", "their", "any", "what"].contains(&l1) {
        // "for that period" is a noun, "scratch that period" is not.
        return verb_follows
            || DURING.contains(&l2)
            || ["in", "for", "after", "before", "until"].contains(&l2);
    }
    if l1 == "menstrual" {
        return true;
    }
    if let Some((number, unit)) = l1.rsplit_once('-')
        && UNITS_OF_TIME.contains(&unit)
        && !number.is_empty()
    {
        return true;
    }
    if UNITS_OF_TIME.contains(&l1) && is_number(l2) {
        // After any other number a sentence would have ended in "weeks".
        return !["one", "1"].contains(&l2) || DETERMINERS.contains(&l3);
    }
    if l1 == "time" {
        // "at this time period" ends a sentence; "over this time period" does not.
        return (l2 == "a" || ["this", "that", "same", "the", "given", "certain"].contains(&l2))
            && (l2 == "a" || DURING.contains(&l3) || l3 == "in");
    }
    let follow_up = l1 == "up" && l2 == "follow";
    if follow_up || NOUNS.contains(&l1) {
        let k = if follow_up { 3 } else { 2 };
        let announced = (k..k + 3).any(|k| DURING.contains(&v.left(k)));
        return announced || (verb_follows && DETERMINERS.contains(&v.left(k)));
    }
    let strong = STRONG.contains(&l1);
    if strong || ADJECTIVES.contains(&l1) {
        if verb_follows {
            return true;
        }
        // An article or a preposition of time, with nothing but adjectives between.
        for k in 2..=4 {
            let word = v.left(k);
            if DETERMINERS.contains(&word) || DURING.contains(&word) {
                return true;
            }
            if strong && ["in", "for", "of"].contains(&word) {
                return true;
            }
            if !(ADJECTIVES.contains(&word) || STRONG.contains(&word) || is_number(word)) {
                return false;
            }
        }
    }
    false
}

/// "No period since March", "complains of missed period", "describes irregular period with clots".
///
/// A stop that was not meant disappears from the report without a trace, a word that was not meant is seen.
fn cycle_period(v: &View) -> bool {
    const HAS: &[&str] = &[
        "has",
        "had",
        "have",
        "having",
        "gets",
        "describes",
        "described",
    ];
    #[rustfmt::skip]
    const REPORTS: &[&str] = &[
        "reports", "reported", "denies", "denied", "experiences", "experienced", "experiencing", "of", "with",
        "since", "from", "after", "before", "for",
    ];
    const ARTICLES: &[&str] = &[
        "a", "an", "the", "her", "his", "each", "every", "another", "no",
    ];
    #[rustfmt::skip]
    const PREDICATES: &[&str] = &[
        "is", "was", "are", "were", "be", "been", "being", "not", "very", "too", "feels", "felt", "became",
        "remains", "remained", "and", "or",
    ];
    let (l1, l2, r1) = (v.left(1), v.left(2), v.right(1));
    let goes_on = !v.capital_follows()
        && (["for", "since", "with", "between"].contains(&r1)
            || (r1 == "after" && v.right(2) == "which"));
    if l1 == "no" {
        // "No period" by itself is an answer: "Pain no period".
        return goes_on
            || HAS.contains(&l2)
            || ["of", "with", "gets", "reports"].contains(&l2)
            || v.left(3) == "there";
    }
    if !CYCLE.contains(&l1) {
        return false;
    }
    if l1 == "last" && l2.is_empty() {
        return true;
    }
    if l1 == "latent" && !PREDICATES.contains(&l2) {
        return true;
    }
    // "TSH normal", "rhythm regular" and "every month" are findings unless somebody has them.
    let plain = ["normal", "regular", "monthly"].contains(&l1);
    if goes_on && !plain && !PREDICATES.contains(&l2) {
        return true;
    }
    for k in 2..=4 {
        let word = v.left(k);
        if HAS.contains(&word) || ARTICLES.contains(&word) {
            return true;
        }
        if REPORTS.contains(&word) {
            // "Upper limit of normal", "of late", "at the apex from normal".
            return l1 != "normal" && !(l1 == "late" && word == "of");
        }
        if !(CYCLE.contains(&word) || ["very", "more", "extremely"].contains(&word)) {
            return false;
        }
    }
    false
}

/// "comma", "semicolon", "hyphen", "full stop", "question mark", "open paren": names that hardly mean anything else.
pub fn plain(v: &View) -> Verdict {
    const NOT_AFTER: &[&str] = &[
        "shaped",
        "sign",
        "bacillus",
        "separated",
        "delimited",
        "like",
    ];
    if v.article_before() || v.left(1) == "complete" || NOT_AFTER.contains(&v.right(1)) {
        Verdict::Word
    } else {
        Verdict::Sure
    }
}

/// "Full stock" at the end of a sentence.
pub fn misheard_stop(v: &View) -> Verdict {
    let ended = v.mark_after().is_some() || v.capital_follows() || v.ends_text();
    if ended && !v.article_before() && v.right(1) != "of" {
        Verdict::Weak
    } else {
        Verdict::Word
    }
}

/// What the engine writes for "comma" where it hears a word that it does not know.
const MISHEARD: &[&str] = &[
    "kama", "kamma", "komma", "cama", "camma", "calma", "commer", "comer",
];

/// "Kama", "Commer": no English words, but possibly names.
///
/// So only beside a mark of the engine, which is how it writes an interjection, never after a title, another name or
/// another of these words, and only in a dictation that speaks its punctuation.
pub fn misheard_comma(v: &View) -> Verdict {
    #[rustfmt::skip]
    const OF_NAMES: &[&str] = &[
        "dr.", "dr", "doctor", "mr.", "mr", "mrs.", "mrs", "ms.", "ms", "miss", "nurse", "professor", "prof.", "prof",
        "sister", "patient", "by", "name", "from", "with", "to", "and", "of",
    ];
    let (before, _) = v.phrase_before(1);
    let named = before
        .last()
        .is_none_or(|w| OF_NAMES.contains(&w.as_str()) || MISHEARD.contains(&w.as_str()));
    let after_name = v.word_before().is_some_and(|i| {
        v.tokens[i].is_capitalised()
            && i > 0
            && v.tokens[i - 1].heard_mark().is_none_or(|m| !m.is_stop())
            && !v.taken[i - 1]
            && v.tokens[v.at].is_capitalised()
            && v.norms[v.at] != "kama"
    });
    let among = MISHEARD.contains(&v.next_word());
    let beside = v.mark_before().is_some() || v.mark_after().is_some();
    if beside && !named && !after_name && !among {
        Verdict::Weak
    } else {
        Verdict::Word
    }
}

/// "Calmer", "karma", "common": words, and commas only where the engine sets them apart on both sides.
pub fn common(v: &View) -> Verdict {
    if v.norms[v.at] == "common" {
        let layout = ["new", "next"].contains(&v.next_word())
            && v.norms[v.end..]
                .iter()
                .take(4)
                .any(|w| w == "line" || w == "paragraph");
        return if layout && v.mark_before().is_some() {
            Verdict::Weak
        } else {
            Verdict::Word
        };
    }
    let (before, _) = v.phrase_before(1);
    let compared = before.last().is_none_or(|w| {
        [
            "is", "was", "feels", "felt", "much", "and", "more", "became", "good", "bad",
        ]
        .contains(&w.as_str())
    });
    if v.mark_before().is_some() && v.mark_after() == Some(Mark::Comma) && !compared {
        Verdict::Weak
    } else {
        Verdict::Word
    }
}

/// "Coma", where a dictation that speaks many commas has not one word about consciousness.
///
/// A coma that is taken for a comma would vanish, so everything has to speak for the comma, and a finding names it.
pub fn coma(v: &View) -> Verdict {
    #[rustfmt::skip]
    const CUES: &[&str] = &[
        "gcs", "glasgow", "unconscious", "unconsciousness", "consciousness", "unresponsive", "intubated", "intubation",
        "hepatic", "myxedema", "myxoedema", "hypoglycemia", "hypoglycaemia", "hypoglycemic", "overdose",
        "encephalopathy", "seizure", "seizures", "barbiturate", "ventilator", "ventilated", "comatose", "obtunded",
        "pupils", "arrest", "hyperosmolar", "ketoacidosis", "stupor", "sedated", "delirium", "hemorrhage", "vigil",
        "injury", "trauma", "meningitis", "encephalitis",
    ];
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "a", "the", "in", "of", "into", "with", "or", "induced", "deep", "diabetic", "from", "no", "grade", "and", "his",
        "her",
    ];
    const AFTER: &[&str] = &["scale", "score", "persists", "is", "was", "vigil", "or"];
    let beside = v.mark_before() == Some(Mark::Comma) || v.mark_after() == Some(Mark::Comma);
    let (before, _) = v.phrase_before(1);
    let noun = before.last().is_none_or(|w| BEFORE.contains(&w.as_str()))
        || AFTER.contains(&v.right(1))
        || v.next_word() == "comma";
    if v.comas > 3 || !beside || noun {
        return Verdict::Word;
    }
    let commas = v.norms.iter().filter(|n| *n == "comma").take(3).count();
    let cue = v.norms.iter().any(|n| CUES.contains(&n.as_str()));
    if !cue && commas >= 3 {
        Verdict::Weak
    } else {
        Verdict::Word
    }
}

/// Strings that are no words and can only be a misheard mark.
pub fn no_word(_: &View) -> Verdict {
    Verdict::Weak
}

/// "Colin" after a heading is "colon"; elsewhere he is a person.
pub fn misheard_colon(v: &View) -> Verdict {
    const PEOPLE: &[&str] = &[
        "surgeon",
        "assistant",
        "anesthesiologist",
        "anaesthetist",
        "history",
        "follow up",
    ];
    let (phrase, _) = v.phrase_before(headings::LONGEST);
    let person = phrase.last().is_some_and(|w| PEOPLE.contains(&w.as_str())) && v.capital_follows();
    let beside = v.mark_before().is_some()
        || v.mark_after().is_some()
        || ["colin's", "colins", "coloned"].contains(&v.norms[v.at].as_str());
    if headings::ends_with_heading(phrase) && beside && !person {
        Verdict::Weak
    } else {
        Verdict::Word
    }
}

/// Words before "colon" as a part of the body.
#[rustfmt::skip]
const COLON_BEFORE: &[&str] = &[
    "ascending", "descending", "transverse", "sigmoid", "left", "right", "proximal", "distal", "entire",
    "whole", "redundant", "large", "mid", "remaining", "normal", "tortuous", "spastic", "irritable", "pelvic",
    "iliac", "left-sided", "right-sided", "residual", "dilated", "toxic", "visualized", "examined", "remainder",
    "rectosigmoid", "collapsed", "decompressed", "perforated", "mobilized", "metastatic", "upper", "lower",
    "the", "a", "his", "her", "their", "your", "this", "of", "in", "into", "and", "or", "to", "through", "for",
    "from", "including", "within", "throughout", "around", "along", "with", "per", "my", "both", "screening",
];

/// Words after "colon" as a part of the body.
#[rustfmt::skip]
const COLON_AFTER: &[&str] = &[
    "cancer", "cancers", "carcinoma", "polyp", "polyps", "resection", "surgery", "mucosa", "screening",
    "biopsy", "biopsies", "wall", "tumor", "tumour", "adenocarcinoma", "mass", "lesion", "distension",
    "distention", "perforation", "interposition", "preparation", "prep", "cleansing", "conduit", "ischemia",
    "ischaemia", "is", "was", "were", "has", "had", "showed", "shows", "appeared", "appears", "looked",
    "reveals", "revealed", "contained", "contains", "measured", "itself", "demonstrated", "demonstrates",
    "without",
];

/// "colon"
pub fn colon(v: &View) -> Verdict {
    let (l1, r1) = (v.left(1), v.right(1));
    let (phrase, whole) = v.phrase_before(8);
    if phrase.is_empty() {
        // At the start of a sentence there is nothing to divide: "Colon was normal".
        return Verdict::Word;
    }
    if v.spoken_mark_follows() {
        // Nobody says two marks in a row: "partially obstructed colon period".
        return Verdict::Word;
    }
    let organ_follows = COLON_AFTER.contains(&r1);
    if headings::ends_with_heading(phrase) {
        // "Indication: colon cancer screening" against "Diagnosis colon adenocarcinoma".
        return match v.mark_before() {
            Some(_) if organ_follows && v.mark_after().is_none() => Verdict::Word,
            None if organ_follows => Verdict::Open,
            _ => Verdict::Sure,
        };
    }
    if COLON_BEFORE.contains(&l1) || organ_follows {
        return Verdict::Word;
    }
    if let [number] = phrase
        && whole
        && small_number(number).is_some()
        && !is_number(v.next_word())
    {
        // Nobody says a mark after the number of an item.
        return Verdict::Word;
    }
    if phrase
        .last()
        .is_some_and(|w| ["follows", "following", "below"].contains(&w.as_str()))
    {
        return Verdict::Open;
    }
    if is_number(l1) && is_number(r1) {
        return Verdict::Open;
    }
    let listed = v.mark_before() == Some(Mark::Comma) && v.mark_after() == Some(Mark::Comma);
    if listed && whole && phrase.len() > 1 && is_number(v.next_word()) {
        // "Tourniquet time, colon, 32 minutes".
        return if headings::may_be_title(phrase) {
            Verdict::Open
        } else {
            Verdict::Word
        };
    }
    if whole && !listed && headings::may_be_title(phrase) {
        return Verdict::Open;
    }
    // A pause on both sides is how a mark is spoken; 0.35 s is longer than the gap inside a phrase.
    let (before, after) = v.pauses();
    if before.min(after) >= 0.35 && before.is_finite() {
        Verdict::Open
    } else {
        Verdict::Word
    }
}

/// "dash"
pub fn dash(v: &View) -> Verdict {
    let shouted = v.tokens[v.at].text.chars().all(char::is_uppercase);
    if v.article_before()
        || shouted
        || ["yard", "meter", "metre"].contains(&v.left(1))
        || ["of", "diet", "score", "board", "cam"].contains(&v.right(1))
    {
        Verdict::Word
    } else {
        Verdict::Open
    }
}

/// "slash"
pub fn slash(v: &View) -> Verdict {
    if v.article_before()
        || [
            "wound",
            "wounds",
            "injury",
            "injuries",
            "mark",
            "marks",
            "laceration",
            "lacerations",
        ]
        .contains(&v.right(1))
        || (v.right(1) == "and" && v.right(2) == "burn")
        || ["multiple", "deep", "superficial", "knife"].contains(&v.left(1))
    {
        Verdict::Word
    } else {
        Verdict::Open
    }
}

/// "quote", which needs an "unquote" within forty words
pub fn quote(v: &View) -> Verdict {
    const VERB: &[&str] = &[
        "i",
        "to",
        "we",
        "you",
        "they",
        "will",
        "can",
        "price",
        "insurance",
    ];
    // "Quote unquote" in one breath marks irony: nobody knows where the quotation ends.
    if DETERMINERS.contains(&v.left(1)) || VERB.contains(&v.left(1)) || v.right(1) == "unquote" {
        return Verdict::Word;
    }
    let ahead = &v.norms[v.end..v.norms.len().min(v.end + 40)];
    let closed = ahead.iter().enumerate().any(|(i, w)| {
        w == "unquote"
            || (["close", "end", "closed"].contains(&w.as_str())
                && ahead
                    .get(i + 1)
                    .is_some_and(|n| n == "quote" || n == "quotes"))
    });
    if closed { Verdict::Sure } else { Verdict::Word }
}

/// "unquote", "end quote": only where one was opened
pub fn unquote(v: &View) -> Verdict {
    if v.open_quotes > 0 && !v.article_before() {
        Verdict::Sure
    } else {
        Verdict::Word
    }
}

#[cfg(test)]
mod tests {
    use crate::text::testing::check;

    #[test]
    #[rustfmt::skip]
    fn period_ends_a_sentence() {
        check(&[
            ("lungs are clear period no wheeze period", "Lungs are clear. No wheeze."),
            ("swelling on the left period new paragraph", "Swelling on the left."),
            ("no acute distress period", "No acute distress."),
            ("seen today for routine follow up period she is well period", "Seen today for routine follow up. She is well."),
            ("no intervention at this time period return in a week period", "No intervention at this time. Return in a week."),
            ("take it twice a day period stop aspirin period", "Take it twice a day. Stop aspirin."),
            ("he was admitted for one week period he recovered period", "He was admitted for one week. He recovered."),
            ("immune to hepatitis A period no rash period", "Immune to hepatitis A. No rash."),
            ("she is six weeks postpartum period", "She is 6 weeks postpartum."),
            ("prognosis is critical period family informed period", "Prognosis is critical. Family informed."),
            ("admitted to the intensive care unit period", "Admitted to the intensive care unit."),
            ("he completed the treatment period no side effects period", "He completed the treatment. No side effects."),
            ("chest clear period of note comma he smokes period", "Chest clear. Of note, he smokes."),
            ("pulses are regular period during the visit he slept period", "Pulses are regular. During the visit he slept."),
            ("symptoms for three weeks period", "Symptoms for 3 weeks."),
            ("seen for medication review period She has no pain period", "Seen for medication review. She has no pain."),
            ("does she smoke comma no period she is well period", "Does she smoke, no. She is well."),
            ("the answer was no period For pain comma ice period", "The answer was no. For pain, ice."),
            ("rhythm regular period since May no pain period", "Rhythm regular. Since May no pain."),
            ("upper limit of normal period repeat in a week period", "Upper limit of normal. Repeat in a week."),
            ("bleeding was heavy period for pain give ice period", "Bleeding was heavy. For pain give ice."),
            ("the dose was missed period with food comma better period", "The dose was missed. With food, better."),
            ("more tired of late period sleeps well period", "More tired of late. Sleeps well."),
            ("tuberculosis is latent period rest period", "Tuberculosis is latent. Rest."),
            ("borders irregular period margin painful period With rest comma better period", "Borders irregular. Margin painful. With rest, better."),
            ("stopped because of side effects period was seen by psychiatry period", "Stopped because of side effects. Was seen by psychiatry."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn period_is_a_stretch_of_time() {
        check(&[
            ("he who comma in the three month period before admission comma lost weight comma is well period", "He who, in the 3-month period before admission, lost weight, is well."),
            ("in the postoperative period period he did well period", "In the postoperative period. He did well."),
            ("he is taking a period of leave from work full stop", "He is taking a period of leave from work."),
            ("over a three week period he improved period", "Over a 3-week period he improved."),
            ("within a 24 hour period comma then daily period", "Within a 24-hour period, then daily."),
            ("a six-month period of observation period", "A 6-month period of observation."),
            ("her last menstrual period was in May period", "Her last menstrual period was in May."),
            ("she missed her period comma and tested period", "She missed her period, and tested."),
            ("the postoperative period was uneventful period", "The postoperative period was uneventful."),
            ("no fever in the immediate postoperative period period", "No fever in the immediate postoperative period."),
            ("the incubation period is short period", "The incubation period is short."),
            ("after a period of rest he walked period", "After a period of rest he walked."),
            ("during the follow up period there were no events period", "During the follow up period there were no events."),
            ("pain over this time period comma then relief period", "Pain over this time period, then relief."),
            ("she has period pain comma mostly at night period", "She has period pain, mostly at night."),
            ("the latency period lasted two years period", "The latency period lasted 2 years."),
            ("a prolonged period without food period", "A prolonged period without food."),
            ("stable throughout the neonatal period period", "Stable throughout the neonatal period."),
            ("brief periods of apnea period", "Brief periods of apnea."),
            ("She has had no period for three months period", "She has had no period for 3 months."),
            ("no period since March period rest period", "No period since March. Rest."),
            ("complains of missed period comma nausea period", "Complains of missed period, nausea."),
            ("first day of last period 3 May period", "First day of last period May 3."),
            ("last period 3 May comma regular period", "Last period May 3, regular."),
            ("describes irregular period with clots period", "Describes irregular period with clots."),
            ("she has very heavy painful period comma worse in winter period", "She has very heavy painful period, worse in winter."),
            ("seen for late period comma test negative period", "Seen for late period, test negative."),
            ("she had a normal period in May period", "She had a normal period in May."),
            ("painful period for five days comma then none period", "Painful period for 5 days, then none."),
            ("infected in the latent period comma untreated period", "Infected in the latent period, untreated."),
            ("menstrual period regular comma each period lasting 4 days period", "Menstrual period regular, each period lasting 4 days."),
            ("it returned in his period between drugs period", "It returned in his period between drugs."),
            ("there is no period this month period", "There is no period this month."),
        ]);
    }

    #[test]
    fn prose_keeps_its_words() {
        for text in [
            "The observation period ended without an event.",
            "A screening of the colon was normal.",
            "Colon cancer was found in the ascending colon.",
            "He lay in a coma for 3 days.",
            "The latency period of the drug is short, and the period is critical.",
            "A dash of salt was added to the diet.",
            "There was a slash wound to the forearm and a bullet wound to the thigh.",
            "A new line was placed in the right jugular vein.",
            "He was quoted in the letter, and the quote was right.",
            "A comma-shaped scar was noted.",
        ] {
            check(&[(text, text)]);
        }
    }

    #[test]
    fn a_lone_doubtful_word_in_long_prose_stays() {
        let prose = "The wing is from the Victorian period and it is old. ";
        let text = format!("{}{}", prose, "The lungs are clear. ".repeat(80));
        check(&[(text.trim(), text.trim())]);
        check(&[(
            "sent to the Victorian period and it is old",
            "Sent to the Victorian. And it is old",
        )]);
    }

    #[test]
    #[rustfmt::skip]
    fn colon_after_a_heading_is_a_mark() {
        check(&[
            ("findings colon the appendix is dilated period", "FINDINGS: The appendix is dilated."),
            ("Assessment and plan colon rest period", "ASSESSMENT AND PLAN: Rest."),
            ("clear lungs period bones colon no fracture period", "Clear lungs.\nBones: No fracture."),
            ("right shin colon no edema period left shin colon edema period", "Right shin: No edema. Left shin: Edema."),
            ("findings colon colon normal to the cecum period", "FINDINGS: Colon normal to the cecum."),
            ("he takes the following colon aspirin comma iron period", "He takes the following: aspirin, iron."),
            ("diagnosis colon adenocarcinoma of the lung period", "DIAGNOSIS: Adenocarcinoma of the lung."),
            ("pain and fever technique colon axial images period", "Pain and fever technique: Axial images."),
            ("history colon period pain since May period", "HISTORY: Period pain since May."),
            ("findings colon comma shaped scar period", "FINDINGS: Comma shaped scar."),
            ("plan colon open paren see below close paren rest period", "PLAN: (See below) rest."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn colon_is_a_part_of_the_body() {
        check(&[
            ("the colon was normal period", "The colon was normal."),
            ("polyp in the ascending colon comma removed period", "Polyp in the ascending colon, removed."),
            ("transverse colon polyp period", "Transverse colon polyp."),
            ("sigmoid colon was tortuous period", "Sigmoid colon was tortuous."),
            ("indication colon colon cancer screening period", "INDICATION: Colon cancer screening."),
            ("history of colon cancer in his father period", "History of colon cancer in his father."),
            ("family history colon mother had colon cancer period", "FAMILY HISTORY: Mother had colon cancer."),
            ("Colon was well prepared period", "Colon was well prepared."),
            ("the stomach, colon, and rectum were seen period", "The stomach, colon, and rectum were seen."),
            ("diverticulosis of the left colon without bleeding period", "Diverticulosis of the left colon without bleeding."),
            ("there is stool in the colon period", "There is stool in the colon."),
            ("partially obstructed colon period rest period", "Partially obstructed colon. Rest."),
            ("resected colon comma no polyps period", "Resected colon, no polyps."),
            ("Partially obstructed colon. Period. Rest, period.", "Partially obstructed colon. Rest."),
            ("impression colon obstructed colon full stop rest period", "IMPRESSION:\nObstructed colon. Rest."),
            ("is it an inflamed colon question mark rest period", "Is it an inflamed colon? Rest."),
            ("scan open paren inflamed colon close paren normal period", "Scan (inflamed colon) normal."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn comma_and_its_kin() {
        check(&[
            ("pain comma swelling comma and fever full stop", "Pain, swelling, and fever."),
            ("he came to a full stop comma then fell full stop", "He came to a full stop, then fell."),
            ("a comma shaped scar period", "A comma shaped scar."),
            ("hepatitis A comma B and C period", "Hepatitis A, B and C."),
            ("stable semicolon no change period", "Stable; no change."),
            ("stable semi colon no change period", "Stable; no change."),
            ("is it broken question mark", "Is it broken?"),
            ("query malignancy question mark biopsy period", "Query malignancy? Biopsy."),
            ("follow hyphen up in a week period", "Follow-up in a week."),
            ("and slash or surgery period", "And/or surgery."),
            ("pain dash worse at night period", "Pain - worse at night."),
            ("fusion L4 dash L5 period", "Fusion L4-L5."),
            ("on a DASH diet period", "On a DASH diet."),
            ("a dash of salt comma no sugar period", "A dash of salt, no sugar."),
            ("a slash wound of the arm period", "A slash wound of the arm."),
            ("scan open paren see below close paren was normal period", "Scan (see below) was normal."),
            ("aspirin open parenthesis stopped close parenthesis period", "Aspirin (stopped)."),
            ("mood quote empty unquote comma flat period", "Mood \"empty,\" flat."),
            ("she said open quote I am fine close quote period", "She said \"I am fine.\""),
            ("a quote unquote normal scan period", "A quote unquote normal scan."),
            ("to quote the report comma normal period", "To quote the report, normal."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_coma_is_never_a_comma() {
        check(&[
            ("aspirin 81 mg daily coma iron period rest period", "Aspirin 81 mg daily coma iron. Rest."),
            ("hepatic encephalopathy grade 4 coma period intubated period", "Hepatic encephalopathy grade 4 coma. Intubated."),
            ("on day 5 coma persists period rest comma ice period", "On day 5 coma persists. Rest, ice."),
            ("hypoglycemia 22 coma comma glucose given period", "Hypoglycemia 22 coma, glucose given."),
            ("GCS of 3, coma, intubated, period. Rest, comma, ice, period.", "GCS of 3, coma, intubated. Rest, ice."),
            ("he was in a coma period he woke comma slowly period", "He was in a coma. He woke, slowly."),
            ("seizures coma and death comma then rest period no", "Seizures coma and death, then rest. No"),
            ("Glasgow coma scale 15 period rest comma sleep period", "Glasgow coma scale 15. Rest, sleep."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn misheard_marks_in_dictations_that_speak_many() {
        check(&[
            ("pulse 72, comma, pressure 120. Cama, temperature 37, comma, weight 80, period.", "Pulse 72, pressure 120, temperature 37, weight 80."),
            ("reflexes equal, Commer, plantars flexor, commer, power full, full stop. Tone normal, comma, gait normal, full stop.", "Reflexes equal, plantars flexor, power full. Tone normal, gait normal."),
            ("the patient was placed supine, calma, and cefazolin given, period. Rest, comma, ice, period.", "The patient was placed supine, and cefazolin given. Rest, ice."),
            ("hydronephrosis, calmer, right more than left, period. Rest, comma, ice, period.", "Hydronephrosis, right more than left. Rest, ice."),
            ("he was agitated, then calmer, and slept, period. Rest, comma, ice, period.", "He was agitated, then calmer, and slept. Rest, ice."),
            ("full stop. Dear Doctor Hill, common new line. Thank you, full stop. Rest, full stop.", "Dear Dr Hill,\n\nThank you. Rest."),
            ("common new line of therapy, period. Rest, comma, ice, period.", "Common new line of therapy. Rest, ice."),
            ("Anesthesia, Colin, general, period. Rest, comma, ice, period.", "ANESTHESIA:\nGeneral. Rest, ice."),
            ("seen by Colin, today, period. Rest, comma, ice, period.", "Seen by Colin, today. Rest, ice."),
            ("finasteride 5 mg. periode. Rest, comma, ice, period.", "Finasteride 5 mg. Rest, ice."),
            ("Rest, period. New para graph ice, period.", "Rest.\n\nIce."),
            ("past history, colon, hypertension, coma, gout, comma, asthma, comma, eczema, comma, migraine, period.", "PAST HISTORY: Hypertension, gout, asthma, eczema, migraine."),
            ("hepatic encephalopathy, comma, coma, comma, ascites, comma, jaundice, period.", "Hepatic encephalopathy, coma, ascites, jaundice."),
            ("Rest, period. Tourniquet hours, colon, 32 minutes, period. Ice, comma, rest, period.", "Rest. Tourniquet hours: 32 minutes. Ice, rest."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_word_that_is_none_beside_a_mark_may_be_a_misheard_comma() {
        check(&[
            ("chest clear, Kama, abdomen soft, period. Rest, comma, ice, period.", "Chest clear, abdomen soft. Rest, ice."),
            ("the patient, Kama, is well, period. Rest, comma, ice, period.", "The patient, Kama, is well. Rest, ice."),
            ("blood type O negative. kama group B positive period rest comma ice period", "Blood type O negative, group B positive. Rest, ice."),
            ("seen by Anna, Comer, period. Rest, comma, ice, period.", "Seen by Anna, Comer. Rest, ice."),
            ("the heirs, Cama, Commer, and Comor, came, period. Rest, comma, ice, period.", "The heirs, Cama, Commer, and Comor, came. Rest, ice."),
            ("the goddess Kama is old period rest comma ice period", "The goddess Kama is old. Rest, ice."),
        ]);
    }

    #[test]
    fn a_pause_on_both_sides_makes_a_colon_of_a_doubtful_one() {
        let mut words =
            crate::text::testing::words("she takes her usual tablets colon aspirin period");
        let text = |words: &[_]| {
            let corrected = crate::domain::transcript::corrected(words, &[]);
            crate::text::draft(words, &corrected).report.text
        };
        assert_eq!(text(&words), "She takes her usual tablets colon aspirin.");
        for (i, word) in words.iter_mut().enumerate() {
            let late = 0.5 * f64::from(u8::from(i >= 5) + u8::from(i >= 6));
            (word.start_s, word.end_s) = (word.start_s + late, word.end_s + late);
        }
        assert_eq!(text(&words), "She takes her usual tablets: aspirin.");
    }
}
