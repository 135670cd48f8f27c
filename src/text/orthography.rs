//! American and British spelling: one setting; both are understood.
//!
//! Only words that differ by nothing but spelling. Names of drugs stay as they were said (acetaminophen and paracetamol
//! are two names), and so does -ize, which British medicine writes too.

use crate::text::TextStyle;
use crate::text::token::{Kind, Token};
use std::collections::HashMap;

/// Rule name of a word that was spelled otherwise.
pub const RESPELLED: &str = "spelling";

/// Stems: American, British. They hold wherever they stand in a word.
#[rustfmt::skip]
const STEMS: &[(&str, &str)] = &[
    ("anesthe", "anaesthe"), ("anemi", "anaemi"), ("azotemi", "azotaemi"), ("bacteremi", "bacteraemi"),
    ("calcemi", "calcaemi"), ("cecal", "caecal"), ("cecum", "caecum"), ("celiac", "coeliac"),
    ("cholesterolemi", "cholesterolaemi"), ("diarrhea", "diarrhoea"), ("edema", "oedema"), ("gastroesophag", "gastro-oesophag"), ("esophag", "oesophag"),
    ("estrogen", "oestrogen"), ("etiolog", "aetiolog"), ("fecal", "faecal"), ("feces", "faeces"),
    ("glycemi", "glycaemi"), ("gynecolog", "gynaecolog"), ("hemangi", "haemangi"), ("hemarthr", "haemarthr"),
    ("hematemes", "haematemes"), ("hematocrit", "haematocrit"), ("hematolog", "haematolog"), ("hematom", "haematom"),
    ("hematuri", "haematuri"), ("hemochrom", "haemochrom"), ("hemodialys", "haemodialys"), ("hemodynamic", "haemodynamic"),
    ("hemoglobin", "haemoglobin"), ("hemolysis", "haemolysis"), ("hemolytic", "haemolytic"), ("hemophili", "haemophili"),
    ("hemoptysis", "haemoptysis"), ("hemorrh", "haemorrh"), ("hemosta", "haemosta"), ("hemothorax", "haemothorax"),
    ("ischemi", "ischaemi"), ("kalemi", "kalaemi"), ("leukemi", "leukaemi"), ("lipidemi", "lipidaemi"),
    ("natremi", "natraemi"), ("orthopedic", "orthopaedic"), ("pediatric", "paediatric"), ("phosphatemi", "phosphataemi"),
    ("rrhea", "rrhoea"), ("septicemi", "septicaemi"), ("toxemi", "toxaemi"), ("uremi", "uraemi"), ("uricemi", "uricaemi"),
    ("viremi", "viraemi"), ("volemi", "volaemi"), ("xemia", "xaemia"), ("albuminemi", "albuminaemi"),
    ("maneuver", "manoeuvre"), ("apnea", "apnoea"), ("dyspnea", "dyspnoea"), ("dyspneic", "dyspnoeic"),
    ("hypopnea", "hypopnoea"), ("orthopnea", "orthopnoea"), ("tachypnea", "tachypnoea"),
];
/// Whole words, with a plural s.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("behavior", "behaviour"), ("behavioral", "behavioural"), ("caliber", "calibre"), ("center", "centre"),
    ("centimeter", "centimetre"), ("color", "colour"), ("colored", "coloured"), ("deciliter", "decilitre"),
    ("discolored", "discoloured"), ("discoloration", "discolouration"), ("favor", "favour"), ("favorable", "favourable"),
    ("fiber", "fibre"), ("gray", "grey"), ("kilometer", "kilometre"), ("labor", "labour"), ("liter", "litre"),
    ("meter", "metre"), ("micrometer", "micrometre"), ("milliliter", "millilitre"), ("millimeter", "millimetre"),
    ("mold", "mould"), ("neighbor", "neighbour"), ("odor", "odour"), ("tumor", "tumour"), ("vapor", "vapour"),
    ("counseling", "counselling"), ("counseled", "counselled"), ("labeled", "labelled"), ("theater", "theatre"),
    ("fulfill", "fulfil"), ("enrollment", "enrolment"),
];

/// The word in the wanted spelling; `None` where it stays as it is.
pub fn respell(word: &str, wanted: TextStyle) -> Option<String> {
    let british = match wanted {
        TextStyle::AsHeard => return None,
        TextStyle::American => false,
        TextStyle::British => true,
    };
    let pick = |(american, british_form): &(&'static str, &'static str)| {
        if british {
            (*american, *british_form)
        } else {
            (*british_form, *american)
        }
    };
    let lower = word.to_lowercase();
    // Letters outside ASCII may change their length with their case; no word of the tables has any.
    if lower.len() != word.len() || !word.is_ascii() {
        return None;
    }
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    for (from, to) in WORDS.iter().map(pick) {
        if lower == from || singular == from {
            return Some(with_case(word, 0, from, to));
        }
    }
    for (from, to) in STEMS.iter().map(pick) {
        if let Some(at) = lower.find(from)
            // "oedema" holds "edema": what is there already is not written twice.
            && !(british && lower.contains(to))
            // "gastroesophageal" is American, whatever stands inside it.
            && !lower[..at].ends_with("gastr")
        {
            return Some(with_case(word, at, from, to));
        }
    }
    None
}

/// `word` with `from` at `at` replaced, capitals kept.
fn with_case(word: &str, at: usize, from: &str, to: &str) -> String {
    let found = &word[at..at + from.len()];
    let capitals = found.chars().all(char::is_uppercase);
    let new = if capitals {
        to.to_uppercase()
    } else if found.starts_with(char::is_uppercase) {
        let mut chars = to.chars();
        chars
            .next()
            .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
    } else {
        to.to_owned()
    };
    format!("{}{new}{}", &word[..at], &word[at + from.len()..])
}

/// Rule: words in the spelling of the style, or of whoever dictates.
pub fn written(tokens: &[Token], style: TextStyle) -> Vec<Token> {
    spell(tokens, style.or_heard(tokens))
}

/// Words in the wanted spelling. Names (capitals inside a sentence) stay.
fn spell(tokens: &[Token], wanted: TextStyle) -> Vec<Token> {
    if wanted == TextStyle::AsHeard {
        return tokens.to_vec();
    }
    let mut start = true;
    // A dictation has few words, often.
    let mut known: HashMap<&str, Option<String>> = HashMap::new();
    tokens
        .iter()
        .map(|token| {
            let begins = start;
            match token.kind {
                Kind::Word | Kind::Text => start = false,
                Kind::Consumed => {}
                Kind::Mark(mark, _) => start |= mark.is_sentence(),
                Kind::Break(_) | Kind::Item => start = true,
            }
            let name = token.is_capitalised() && !begins;
            let other = (token.kind == Kind::Word && !name).then(|| {
                known
                    .entry(&token.text)
                    .or_insert_with(|| respell(&token.text, wanted))
                    .clone()
            });
            match other.flatten() {
                Some(text) => {
                    let mut new = token.with(text, Kind::Word, RESPELLED);
                    new.glue = token.glue;
                    new
                }
                None => token.clone(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::testing::check;

    #[test]
    fn every_word_goes_both_ways() {
        for (american, british) in [
            ("ischemic", "ischaemic"),
            ("Hypoglycemia", "Hypoglycaemia"),
            ("EDEMA", "OEDEMA"),
            ("lymphedema", "lymphoedema"),
            ("gastroesophageal", "gastro-oesophageal"),
            ("tumors", "tumours"),
            ("milliliters", "millilitres"),
            ("orthopnea", "orthopnoea"),
            ("hemorrhoids", "haemorrhoids"),
            ("diarrhea", "diarrhoea"),
        ] {
            assert_eq!(
                respell(american, TextStyle::British).as_deref(),
                Some(british)
            );
            assert_eq!(
                respell(british, TextStyle::American).as_deref(),
                Some(american)
            );
            assert_eq!(respell(american, TextStyle::American), None, "{american}");
            assert_eq!(respell(british, TextStyle::British), None, "{british}");
            assert_eq!(respell(american, TextStyle::AsHeard), None);
        }
    }

    #[test]
    fn words_that_only_look_alike_stay() {
        for word in [
            "diameter",
            "parameters",
            "spirometer",
            "laboratory",
            "humoral",
            "academic",
            "epidemic",
            "systemic",
            "acetaminophen",
            "paracetamol",
            "hemisphere",
            "grayscale",
            "academia",
            "sulfate",
            "Ärztin",
        ] {
            assert_eq!(respell(word, TextStyle::British), None, "{word}");
            assert_eq!(respell(word, TextStyle::American), None, "{word}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn who_says_full_stop_writes_british() {
        check(&[
            ("transient ischemic attack full stop no edema full stop", "Transient ischaemic attack. No oedema."),
            ("transient ischaemic attack period", "Transient ischemic attack."),
            ("transient ischaemic attack", "Transient ischaemic attack"),
            ("seen at the Royal Pediatric Hospital full stop", "Seen at the Royal Pediatric Hospital."),
        ]);
    }
}
