//! Who the report is about: sex, age, name and date of birth, against the record and within the report.

use super::said::{Gap, Reading};
use super::{Flag, Material, PatientContext};
use crate::dictionary::index::fold;
use crate::domain::finding::{FindingKind, Severity};
use crate::domain::patient::Sex;
use jiff::civil::Date;
use std::ops::Range;

/// A sex and the words of the report that say so.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    female: bool,
    at: Range<usize>,
}

/// Other people, whose "he" and "she" are not the patient's.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "mother", "father", "mom", "mum", "dad", "parent", "parents", "wife", "husband", "spouse", "partner", "fiance",
    "fiancee", "daughter", "son", "sister", "brother", "sibling", "siblings", "aunt", "uncle", "niece", "nephew",
    "cousin", "grandmother", "grandfather", "grandson", "granddaughter", "grandparent", "girlfriend", "boyfriend",
    "friend", "neighbor", "neighbour", "colleague", "caregiver", "carer", "guardian", "nurse", "doctor",
    "dr", "physician", "surgeon", "anesthesiologist", "anaesthetist", "therapist", "midwife", "donor", "twin",
    "baby", "infant", "newborn", "neonate", "fetus", "foetus", "child", "children", "roommate", "boss", "employer",
    "interpreter", "mr", "mrs", "ms", "miss", "resident", "consultant", "pharmacist", "psychologist", "family",
    "relatives", "relative",
];

fn sex_word(norm: &str) -> Option<bool> {
    match norm.strip_suffix("'s").unwrap_or(norm) {
        "woman" | "female" | "girl" | "lady" | "gentlewoman" => Some(true),
        "man" | "male" | "boy" | "gentleman" => Some(false),
        _ => None,
    }
}

fn pronoun(norm: &str) -> Option<bool> {
    match norm {
        "she" | "her" | "hers" | "herself" => Some(true),
        "he" | "him" | "his" | "himself" => Some(false),
        _ => None,
    }
}

fn word(female: bool) -> &'static str {
    if female { "female" } else { "male" }
}

/// Raises flags about who the report is about.
pub fn check(material: &Material, reading: &Reading, flags: &mut Vec<Flag>) {
    let ages = ages(reading);
    sex(material.patient, reading, &ages, flags);
    age(material.patient, &ages, flags);
    if let Some(patient) = material.patient {
        birth_date(patient, reading, flags);
        name(patient, reading, flags);
    }
}

/// "68-year-old ... man": an age, and the sex named right after it.
#[derive(Debug, Clone, PartialEq)]
struct Age {
    years: u32,
    at: Range<usize>,
    sex: Option<Said>,
}

fn ages(reading: &Reading) -> Vec<Age> {
    let said = &reading.said;
    let mut out = Vec::new();
    for k in 0..said.len() {
        let norm = said[k].norm.as_str();
        let (years, end) = if let Some(number) = norm
            .strip_suffix("-year-old")
            .or_else(|| norm.strip_suffix("-years-old"))
        {
            (years(number), k + 1)
        } else if matches!(reading.norm(k + 1), "year" | "years" | "year-old") {
            let old = reading.norm(k + 1) == "year-old" || reading.norm(k + 2) == "old";
            let end = if reading.norm(k + 1) == "year-old" {
                k + 2
            } else {
                k + 3
            };
            (if old { years(norm) } else { None }, end)
        } else {
            (None, k)
        };
        let Some(years) = years else {
            continue;
        };
        let end = end.min(said.len());
        // "her son, a 40-year-old man"
        let sentence = reading.sentence(k);
        if (sentence.start.max(k.saturating_sub(5))..k).any(|j| OTHERS.contains(&reading.norm(j))) {
            continue;
        }
        // "54-year-old right-handed retired woman", but not the person after her.
        let sex = (end..(end + 5).min(said.len()))
            .take_while(|j| said[*j - 1].gap < Gap::Clause && !OTHERS.contains(&reading.norm(*j)))
            .find_map(|j| {
                Some(Said {
                    female: sex_word(reading.norm(j))?,
                    at: j..j + 1,
                })
            });
        let of_another = (end..(end + 4).min(said.len()))
            .take_while(|j| said[*j - 1].gap == Gap::None)
            .any(|j| OTHERS.contains(&reading.norm(j)))
            && sex.is_none();
        let of_thing = !of_another && sex.is_none() && !reads_on_as_patient(reading, end);
        if !of_another && !of_thing {
            out.push(Age {
                years,
                at: k..end,
                sex,
            });
        }
    }
    out
}

/// After the age something that a patient is: "patient", a trade, or a verb of the story.
fn reads_on_as_patient(reading: &Reading, end: usize) -> bool {
    (end..end + 4).any(|k| {
        matches!(
            reading.norm(k),
            "patient" | "who" | "whom" | "presents" | "presenting" | "referred"
        )
    })
}

fn years(norm: &str) -> Option<u32> {
    norm.parse().ok().filter(|y| *y < 125)
}

fn sex(patient: Option<&PatientContext>, reading: &Reading, ages: &[Age], flags: &mut Vec<Flag>) {
    let stated = ages.iter().find_map(|a| a.sex.clone());
    let of_record = patient.and_then(|p| p.sex).and_then(|s| match s {
        Sex::Female => Some(true),
        Sex::Male => Some(false),
        Sex::Other | Sex::Unknown => None,
    });
    let pronouns = pronouns(reading);
    let count = |female: bool| pronouns.iter().filter(|p| p.female == female).count();
    if let (Some(record), Some(stated)) = (of_record, &stated)
        && record != stated.female
    {
        flags.push(contradiction(
            Severity::Critical,
            stated.at.clone(),
            format!(
                "The report speaks of a {} patient, the record is of a {} one. Check that it is the right record.",
                word(stated.female),
                word(record)
            ),
            "safety.sex: record against report",
        ));
        return;
    }
    let usual = stated
        .as_ref()
        .map(|s| s.female)
        .or(match (count(true), count(false)) {
            (f, m) if f >= 2 && f > 2 * m => Some(true),
            (f, m) if m >= 2 && m > 2 * f => Some(false),
            _ => None,
        });
    if let (Some(record), Some(usual)) = (of_record, usual)
        && record != usual
        && let Some(first) = pronouns.iter().find(|p| p.female == usual)
    {
        flags.push(contradiction(
            Severity::Critical,
            first.at.clone(),
            format!("The report says \"{}\", the record is of a {} patient. Check that it is the right record.",
                reading.said[first.at.start].text, word(record)),
            "safety.sex: record against pronouns",
        ));
        return;
    }
    let sex = usual.or(of_record);
    if let Some(sex) = sex {
        // A few slips are slips; where both are common, the report speaks of two people.
        if let Some(slip) = pronouns.iter().find(|p| p.female != sex)
            && count(!sex) <= 2.max(count(sex) / 2)
        {
            flags.push(contradiction(
                Severity::Warning,
                slip.at.clone(),
                format!(
                    "\"{}\" in a report about a {} patient. Listen, and make it right.",
                    reading.said[slip.at.start].text,
                    word(sex)
                ),
                format!("safety.sex: {} against {}", count(!sex), count(sex)),
            ));
        }
        organs(reading, sex, flags);
    }
}

fn contradiction(
    severity: Severity,
    at: Range<usize>,
    message: impl Into<String>,
    evidence: impl Into<String>,
) -> Flag {
    Flag::new(
        FindingKind::PatientContradiction,
        severity,
        at,
        message,
        evidence,
    )
}

/// Pronouns of the patient: those of sentences in which, as in the one before, nobody else is spoken of.
fn pronouns(reading: &Reading) -> Vec<Said> {
    let mut out = Vec::new();
    let (mut sentence, mut others, mut others_before) = (usize::MAX, false, false);
    for (k, said) in reading.said.iter().enumerate() {
        if said.sentence != sentence {
            others_before = others;
            sentence = said.sentence;
            others = reading.around(k).any(|j| {
                OTHERS.contains(
                    &reading
                        .norm(j)
                        .strip_suffix("'s")
                        .unwrap_or(reading.norm(j)),
                )
            });
        }
        if let Some(female) = pronoun(&said.norm)
            && !others
            && !others_before
            && reading.category(k) != "family_history"
        {
            out.push(Said {
                female,
                at: k..k + 1,
            });
        }
    }
    out
}

/// Organs and states that only one sex has.
fn organs(reading: &Reading, female: bool, flags: &mut Vec<Flag>) {
    #[rustfmt::skip]
    const OF_WOMEN: &[&str] = &[
        "uterus", "uterine", "ovary", "ovaries", "ovarian", "pregnant", "pregnancy", "gravida", "hysterectomy",
        "menopause", "postmenopausal", "menstrual", "vagina", "vaginal", "endometrial", "endometrium", "menarche",
        "eclampsia", "preeclampsia", "oophorectomy",
    ];
    #[rustfmt::skip]
    const OF_MEN: &[&str] = &[
        "prostate", "prostatic", "prostatectomy", "testicle", "testicles", "testicular", "testis", "testes", "scrotum",
        "scrotal", "penis", "penile", "vasectomy", "epididymitis", "prostatitis",
    ];
    let wrong = if female { OF_MEN } else { OF_WOMEN };
    let found = (0..reading.said.len()).find(|k| {
        let sentence = reading.around(*k);
        wrong.contains(&reading.norm(*k))
            && reading.category(*k) != "family_history"
            && !sentence.into_iter().any(|j| {
                OTHERS.contains(
                    &reading
                        .norm(j)
                        .strip_suffix("'s")
                        .unwrap_or(reading.norm(j)),
                )
            })
    });
    if let Some(k) = found {
        flags.push(contradiction(
            Severity::Warning,
            k..k + 1,
            format!(
                "\"{}\" in a report about a {} patient. Listen, and check the record.",
                reading.said[k].text,
                word(female)
            ),
            "safety.sex: an organ of the other sex",
        ));
    }
}

fn age(patient: Option<&PatientContext>, ages: &[Age], flags: &mut Vec<Flag>) {
    let Some(first) = ages.first() else {
        return;
    };
    if let Some(other) = ages.iter().find(|a| a.years != first.years) {
        flags.push(contradiction(
            Severity::Warning,
            other.at.clone(),
            format!(
                "{} years here, {} years before. Listen to both.",
                other.years, first.years
            ),
            "safety.age: two ages in one report",
        ));
    }
    let Some((born, on)) = patient.and_then(|p| Some((p.birth_date?, p.dictated_on?))) else {
        return;
    };
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    let years = i32::from(on.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    // Around the birthday, and where a report is dictated late, a year is no contradiction.
    if (i64::from(first.years) - i64::from(years)).abs() > 1 {
        flags.push(contradiction(
            Severity::Critical,
            first.at.clone(),
            format!(
                "The report says {} years, by the record the patient is {years}. Check that it is the right record.",
                first.years
            ),
            "safety.age: record against report",
        ));
    }
}

/// A date of birth that is not the patient's.
fn birth_date(patient: &PatientContext, reading: &Reading, flags: &mut Vec<Flag>) {
    let Some(born) = patient.birth_date else {
        return;
    };
    for k in 0..reading.said.len() {
        let start = match (reading.norm(k), reading.norm(k + 1), reading.norm(k + 2)) {
            ("date", "of", "birth") => k + 3,
            ("dob" | "d.o.b", _, _) => k + 1,
            ("born", "on", _) => k + 2,
            _ => continue,
        };
        // "Date of birth is the third of March".
        let found = (start..start + 3).find_map(|j| date(reading, j));
        let Some((dates, end)) = found else {
            continue;
        };
        if !dates.contains(&born) {
            flags.push(Flag::new(
                FindingKind::OtherPatient,
                Severity::Critical,
                k..end,
                "The date of birth that was dictated is not that of the selected patient. Check that it is the right record.",
                "safety.patient: date of birth",
            ));
        }
    }
}

/// The dates that may be meant by the words from `at`, and one past their end.
fn date(reading: &Reading, at: usize) -> Option<(Vec<Date>, usize)> {
    #[rustfmt::skip]
    const MONTHS: &[&str] = &[
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
        "november", "december",
    ];
    let month = |k: usize| {
        let norm = reading.norm(k);
        (norm.len() >= 3)
            .then(|| MONTHS.iter().position(|m| m.starts_with(norm)))
            .flatten()
            .map(|m| m as i8 + 1)
    };
    let day = |k: usize| {
        let norm = reading.norm(k);
        let digits = norm.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        digits.parse::<i8>().ok().filter(|d| (1..=31).contains(d))
    };
    let year = |k: usize| {
        let norm = reading.norm(k);
        (norm.len() == 4)
            .then(|| norm.parse::<i16>().ok())
            .flatten()
    };
    let make = |y, m, d| Date::new(y, m, d).ok();
    // "March 3, 1958"
    if let (Some(m), Some(d), Some(y)) = (month(at), day(at + 1), year(at + 2)) {
        return Some((make(y, m, d).into_iter().collect(), at + 3));
    }
    if let Some(d) = day(at) {
        // "3 March 1958", "3rd of March 1958"
        let of = usize::from(reading.norm(at + 1) == "of");
        if let (Some(m), Some(y)) = (month(at + 1 + of), year(at + 2 + of)) {
            return Some((make(y, m, d).into_iter().collect(), at + 3 + of));
        }
    }
    let parts: Vec<i16> = reading
        .norm(at)
        .split(['/', '-', '.'])
        .map_while(|p| p.parse().ok())
        .collect();
    let small = |n: i16| i8::try_from(n).unwrap_or(0);
    match *parts.as_slice() {
        // Day and month change places between the two countries: either reading may be meant.
        [a, b, y] if y > 1000 => Some((
            [make(y, small(a), small(b)), make(y, small(b), small(a))]
                .into_iter()
                .flatten()
                .collect(),
            at + 1,
        )),
        [y, m, d] if y > 1000 => Some((make(y, small(m), small(d)).into_iter().collect(), at + 1)),
        _ => None,
    }
}

/// A name that is not the patient's.
fn name(patient: &PatientContext, reading: &Reading, flags: &mut Vec<Flag>) {
    let parts = |text: &str| -> Vec<String> {
        fold(text)
            .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '-'))
            .filter(|w| w.len() > 1)
            .map(String::from)
            .collect()
    };
    let (family, given) = (parts(&patient.family), parts(&patient.given));
    if family.is_empty() {
        return;
    }
    let is = |names: &[String], heard: &str| names.iter().any(|n| resembles(n, heard));
    let mut titled = Vec::new();
    for k in 0..reading.said.len() {
        let (start, explicit) = match (reading.norm(k), reading.norm(k + 1), reading.norm(k + 2)) {
            ("patient" | "patient's", "name", "is") => (k + 3, true),
            ("patient" | "patient's", "name", _) => (k + 2, true),
            ("name", "of", "patient") => (k + 3, true),
            ("patient", "is", "named") => (k + 3, true),
            ("mr" | "mrs" | "ms" | "miss" | "mister" | "missus", _, _) => (k + 1, false),
            ("mr." | "mrs." | "ms.", _, _) => (k + 1, false),
            _ => continue,
        };
        let names = names(reading, start);
        if names.is_empty() {
            continue;
        }
        // The given name alone is the patient's; together with another family name it is somebody else's.
        let same = names.clone().any(|j| is(&family, reading.norm(j)))
            || (names.len() == 1 && is(&given, reading.norm(names.start)));
        if explicit && !same {
            flags.push(Flag::new(
                FindingKind::OtherPatient,
                Severity::Critical,
                names.clone(),
                "The name that was dictated is not that of the selected patient. Check that it is the right record.",
                "safety.patient: name",
            ));
        } else if !explicit {
            titled.push((k..names.end, same));
        }
    }
    if let Some((at, _)) = titled
        .first()
        .filter(|_| !titled.iter().any(|(_, same)| *same))
    {
        flags.push(Flag::new(
            FindingKind::OtherPatient,
            Severity::Warning,
            at.clone(),
            "This name is not that of the selected patient. Check that it is the right record.",
            "safety.patient: name after a title",
        ));
    }
}

/// Up to three capitalised words from `start`.
fn names(reading: &Reading, start: usize) -> Range<usize> {
    let end = (start..start + 3)
        .take_while(|j| {
            reading
                .said
                .get(*j)
                .is_some_and(|s| s.text.starts_with(char::is_uppercase))
                && (*j == start || reading.said[*j - 1].gap == Gap::None)
        })
        .last()
        .map_or(start, |j| j + 1);
    start..end
}

/// Names are misheard more than anything else: a likeness is enough.
fn resembles(name: &str, heard: &str) -> bool {
    let heard = heard.strip_suffix("'s").unwrap_or(heard);
    name == heard || strsim::jaro_winkler(name, heard) >= 0.75
}

#[cfg(test)]
mod tests {
    use super::super::testing::{kinds, kinds_for};
    use super::*;

    fn anna() -> PatientContext {
        PatientContext {
            sex: Some(Sex::Female),
            birth_date: Some(Date::constant(1958, 3, 4)),
            dictated_on: Some(Date::constant(2026, 6, 1)),
            family: "Okafor".into(),
            given: "Anna Maria".into(),
            ..PatientContext::default()
        }
    }

    #[test]
    fn another_sex_or_age_than_the_record_is_critical() {
        for said in [
            "this is a 68-year-old man with gout",
            "the patient is a 41-year-old woman with gout",
            "He has gout. He takes allopurinol 100 mg daily. His knee hurts.",
        ] {
            assert_eq!(
                kinds_for(said, &anna()),
                [FindingKind::PatientContradiction],
                "{said}"
            );
        }
    }

    #[test]
    fn the_patients_own_sex_and_age_are_not() {
        for said in [
            "this is a 68-year-old retired teacher and woman of few words",
            "a 67-year-old woman. Her husband is 72 years old. He drove her here.",
            "she was seen with her son, a 40-year-old man. He worries.",
            "delivery of a viable male infant, her 3 year old daughter is well",
        ] {
            assert_eq!(kinds_for(said, &anna()), [], "{said}");
        }
    }

    #[test]
    fn a_report_that_contradicts_itself_is_asked_about() {
        for said in [
            "a 54-year-old woman with cough. She has no fever. He denies chest pain. She smokes.",
            "a 54-year-old man with cough. This 45-year-old man was treated.",
            "a 60-year-old man after hysterectomy",
            "a 60-year-old woman with an enlarged prostate",
        ] {
            assert_eq!(kinds(said), [FindingKind::PatientContradiction], "{said}");
        }
    }

    #[test]
    fn other_people_in_a_report_are_no_contradiction() {
        for said in [
            "a 4-year-old boy brought in by his mother. She says that he coughs.",
            "a 54-year-old woman. Her father died of prostate cancer.",
            "family history colon prostate cancer in a man period the patient is a 50-year-old woman",
            "Dr. Smith saw him. She advised rest. He is a 30-year-old man.",
            "a 31-year-old woman delivered a male infant. He cried at once.",
        ] {
            assert_eq!(kinds(said), [], "{said}");
        }
    }

    #[test]
    fn another_name_or_date_of_birth_is_critical() {
        for said in [
            "patient name: John Smith. She is well.",
            "the patient's name is Mary Jones, she is well",
            "date of birth March 4, 1985. She is well.",
            "date of birth: 4 April 1958. She is well.",
            "DOB 03/05/1958, she is well",
            "Mrs. Vandenberg was seen today, she is well",
        ] {
            assert_eq!(
                kinds_for(said, &anna()),
                [FindingKind::OtherPatient],
                "{said}"
            );
        }
    }

    #[test]
    fn the_patients_own_name_however_heard_is_not() {
        for said in [
            "patient name: Anna Ockafor. She is well.",
            "Mrs. Okafor was seen today. Her neighbor Mr. Brown drove her.",
            "date of birth March 4, 1958. She is well.",
            "date of birth the 4th of March 1958. She is well.",
            "DOB 04/03/1958 she is well",
            "Dear Dr. Thornton, she is well",
        ] {
            assert_eq!(kinds_for(said, &anna()), [], "{said}");
        }
    }
}
