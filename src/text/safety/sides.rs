//! Left and right of the same part of the body.
//!
//! Both sides in one report are common and right: the other knee is examined too. What is asked about is the one mention
//! that stands alone against the others, in a sentence that does not speak of the other side on purpose.

use super::Flag;
use super::said::{Gap, Reading};
use crate::domain::finding::{FindingKind, Severity};
use std::collections::BTreeMap;

/// Parts of the body that come in pairs and are operated on, one word each, in the singular.
#[rustfmt::skip]
const PAIRED: &[&str] = &[
    "ankle", "arm", "armpit", "axilla", "breast", "buttock", "calf", "cheek", "clavicle", "cornea", "ear", "elbow",
    "eye", "eyelid", "femur", "fibula", "finger", "flank", "foot", "forearm", "groin", "hand", "heel", "hip",
    "humerus", "kidney", "knee", "leg", "nostril", "ovary", "patella", "radius", "retina", "scapula", "shoulder",
    "testicle", "testis", "thigh", "thumb", "tibia", "toe", "tonsil", "ulna", "ureter", "wrist",
];
/// Words of a sentence that speaks of the other side on purpose, or of another time.
#[rustfmt::skip]
const ON_PURPOSE: &[&str] = &[
    "contralateral", "opposite", "other", "both", "bilateral", "bilaterally", "compared", "comparison",
    "unaffected", "uninvolved", "uninjured", "normal", "unremarkable", "clear", "symmetric", "symmetrical",
    "previous", "previously", "prior", "past", "history", "ago", "earlier", "old", "also", "too", "asymptomatic",
    "good", "intact", "similar", "similarly", "likewise", "later", "subsequently", "contrast", "whereas", "while",
    "formerly", "well-healed", "negative", "status", "remote", "now", "no", "without", "childhood", "greater", "than",
];

#[derive(Debug, Clone, PartialEq)]
struct Mention {
    left: bool,
    /// Words of the report.
    at: std::ops::Range<usize>,
    sentence: usize,
    on_purpose: bool,
}

/// Raises a flag for each part of the body of which one mention contradicts the rest.
pub fn check(reading: &Reading, flags: &mut Vec<Flag>) {
    for (part, mentions) in mentions(reading) {
        let both_in_one = |m: &Mention| {
            mentions
                .iter()
                .any(|o| o.sentence == m.sentence && o.left != m.left)
        };
        let left = mentions.iter().filter(|m| m.left).count();
        let right = mentions.len() - left;
        if left == 0 || right == 0 || left.min(right) > 1 {
            continue;
        }
        // The lone one; of two, the later.
        let odd = match left.cmp(&right) {
            std::cmp::Ordering::Less => mentions.iter().find(|m| m.left),
            std::cmp::Ordering::Greater => mentions.iter().find(|m| !m.left),
            std::cmp::Ordering::Equal => mentions.last(),
        };
        let Some(odd) = odd.filter(|m| !m.on_purpose && !both_in_one(m)) else {
            continue;
        };
        // Two mentions only: the first may be the one that speaks of the other side.
        if mentions.len() == 2 && mentions.iter().any(|m| m.on_purpose) {
            continue;
        }
        let (here, there) = if odd.left {
            ("left", "right")
        } else {
            ("right", "left")
        };
        flags.push(Flag::new(
            FindingKind::SideContradiction,
            Severity::Critical,
            odd.at.clone(),
            format!(
                "The {here} {part} here, the {there} {part} elsewhere in the report. Listen, and make the side right."
            ),
            format!("safety.side: left {left}, right {right}"),
        ));
    }
}

/// Mentions of each paired part with a side, in order.
fn mentions(reading: &Reading) -> BTreeMap<String, Vec<Mention>> {
    /// Words between the side and its part: "left distal radius", "right third finger".
    const REACH: usize = 2;
    let mut out: BTreeMap<String, Vec<Mention>> = BTreeMap::new();
    for (k, said) in reading.said.iter().enumerate() {
        let left = match said.norm.as_str() {
            "left" | "left-sided" => true,
            "right" | "right-sided" => false,
            _ => continue,
        };
        let last = (k + 1 + REACH).min(reading.said.len().saturating_sub(1));
        let part = (k + 1..=last)
            .take_while(|j| reading.said[k..*j].iter().all(|s| s.gap == Gap::None))
            .find_map(|j| Some((j, paired(reading.norm(j))?)));
        let Some((j, part)) = part else {
            continue;
        };
        // "left upper arm" and "left arm" are not compared, nor the fingers of one hand.
        let part = reading.said[k + 1..j]
            .iter()
            .map(|s| s.norm.as_str())
            .chain([part])
            .collect::<Vec<_>>()
            .join(" ");
        let sentence = reading.around(k);
        let on_purpose = sentence
            .clone()
            .any(|s| ON_PURPOSE.contains(&reading.norm(s)) || is_year(reading.norm(s)))
            || matches!(
                reading.category(k),
                "past_medical_history" | "past_surgical_history"
            );
        out.entry(part).or_default().push(Mention {
            left,
            at: k..j + 1,
            sentence: said.sentence,
            on_purpose,
        });
    }
    out
}

fn is_year(norm: &str) -> bool {
    norm.len() == 4
        && (norm.starts_with("19") || norm.starts_with("20"))
        && norm.parse::<u16>().is_ok()
}

/// The part of the body that a word names, in the singular.
fn paired(norm: &str) -> Option<&'static str> {
    let norm = norm.strip_suffix("'s").unwrap_or(norm);
    PAIRED.iter().find(|p| **p == norm).copied()
}

#[cfg(test)]
mod tests {
    use super::super::testing::kinds;
    use crate::domain::finding::FindingKind;

    #[test]
    fn one_side_against_the_others_is_asked_about() {
        for said in [
            "preoperative diagnosis colon left knee medial meniscus tear period procedure colon left knee arthroscopy \
             period a time-out confirmed the right knee period",
            "she fell on her right wrist. X-ray shows a fracture of the left wrist. A cast was applied to the right wrist.",
            "he has a cataract of the left eye. Plan: surgery of the right eye on Monday.",
        ] {
            assert_eq!(kinds(said), [FindingKind::SideContradiction], "{said}");
        }
    }

    #[test]
    fn the_other_side_on_purpose_is_not() {
        for said in [
            "the left tympanic membrane is red. The right tympanic membrane is clear.",
            "the right knee is swollen. The left knee is normal. The right knee was aspirated.",
            "pain in the left hip. The right hip was replaced in 2019.",
            "left hand weaker than right hand. The left hand was splinted.",
            "right carotid bruit with weakness of the left arm",
            "he left hand therapy early, then his right hand was stiff",
            "the left kidney has a cyst. The right kidney has a stone. The left kidney cyst is simple. The right kidney \
             stone is 4 mm.",
            "strength is 5/5 in the right leg. He cannot lift the left lower leg.",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }
}
