//! The text pass as a whole: whatever is said, nothing is lost, and what is written already stays as it is.

use crate::support::real;
use jiff::civil::date;
use osler::domain::finding::FindingKind;
use osler::domain::patient::Sex;
use osler::domain::transcript::{CorrectedWord, Edit, EditState, Word, corrected};
use osler::text::safety::PatientContext;
use osler::text::{Draft, draft, trace};
use osler::workflow::redraft::{self, Material};
use proptest::prelude::*;

fn words(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<Word> {
    texts
        .into_iter()
        .enumerate()
        .map(|(i, text)| Word {
            text: text.into(),
            start_s: i as f64 * 0.4,
            end_s: (i + 1) as f64 * 0.4,
            probability: 0.9,
            take: 0,
        })
        .collect()
}

fn drafted(text: &str) -> Draft {
    let words = words(text.split_whitespace());
    draft(&words, &corrected(&words, &[]))
}

fn sound(words: &[Word], corrected: &[CorrectedWord]) -> Draft {
    let draft = draft(words, corrected);
    let failed = draft
        .findings
        .iter()
        .find(|f| f.kind == FindingKind::RuleFailed);
    assert_eq!(failed, None);
    assert_eq!(
        trace::accounted(words.len(), corrected, &draft.report),
        Ok(())
    );
    draft
}

/// Words that the review looks at.
#[rustfmt::skip]
fn of_medicine() -> impl Strategy<Value = Vec<String>> {
    const WORDS: &[&str] = &[
        "metoprolol", "apixaban", "amoxicillin", "hydroxyzine", "methotrexate", "insulin", "5", "50", "mg", "10mg",
        "five", "hundred", "milligrams", "units", "per", "kilogram", "daily", "twice", "every", "8", "hours", "left",
        "right", "knee", "ankle", "eye", "she", "he", "her", "his", "68-year-old", "41", "years", "old", "woman", "man",
        "patient", "name", "is", "Mary", "Jones", "Mrs.", "Okafor", "date", "of", "birth", "March", "4,", "1958", "DOB",
        "03/05/1958", "allergic", "to", "penicillin", "allergies", "colon", "plan", "medications", "period", "comma",
        "no", "not", "denies", "MS", "QD", "OD", "10U", ".5", "5.0", "[", "]", "____", "***", "[blank]", "uterus",
        "prostate", "mother", "progress", "note", "operative", "ischaemic", "zzflasin", "start", "stop", "<5", "/", "-",
        "Ärztin", "5/5", "mg/dL",
    ];
    prop::collection::vec(prop::sample::select(WORDS).prop_map(String::from), 0..60)
}

/// Words that rules look at, beside ordinary ones and what an engine may write.
fn said() -> impl Strategy<Value = Vec<String>> {
    const WORDS: &[&str] = &[
        "period",
        "Period.",
        "comma",
        "Comma,",
        "coma",
        "colon",
        "Colon:",
        "semicolon",
        "full",
        "stop",
        "stop.",
        "new",
        "New",
        "next",
        "line",
        "paragraph",
        "Paragraph.",
        "number",
        "Number",
        "one",
        "two",
        "3",
        "bullet",
        "point",
        "open",
        "close",
        "paren",
        "parenthesis",
        "quote",
        "unquote",
        "end",
        "of",
        "dictation",
        "dictation.",
        "dash",
        "hyphen",
        "slash",
        "question",
        "mark",
        "the",
        "a",
        "her",
        "scratch",
        "that",
        "that,",
        "correction",
        "Correction,",
        "change",
        "should",
        "be",
        "to",
        "I",
        "mean",
        "sorry,",
        "no",
        "make",
        "delete",
        "last",
        "sentence",
        "heading",
        "heading,",
        "medications",
        "insert",
        "normal",
        "spelled",
        "S-A-C-U-B",
        "double",
        "l",
        "cap",
        "all",
        "caps",
        "please",
        "send",
        "copy",
        "Doctor",
        "Lee",
        "leave",
        "blank",
        "um",
        "um.",
        "he",
        "has",
        "ha-",
        "left",
        "right",
        "ankle",
        "yours",
        "sincerely",
        "dictating",
        "date",
        "service",
        "Cama,",
        "Colin",
        "coma,",
        "note",
        "this",
        "is",
        "three",
        "week",
        "postoperative",
        "was",
        "Findings",
        "findings:",
        "plan",
        "Dear",
        "Dr.",
        "5",
        "mg",
        "daily",
        "10mg",
        "milligrams",
        "per",
        "kilogram",
        "hundred",
        "thirty",
        "eight",
        "and",
        "over",
        "point",
        "oh",
        "to",
        "weeks",
        "year",
        "old",
        "March",
        "third",
        "twenty",
        "L",
        "4",
        "T",
        "stage",
        "score",
        "pulse",
        "percent",
        ".25",
        "5,000",
        "A1C7.2%",
        "hours",
        "by",
        "centimeters",
        "out",
        "plus",
        "minus",
        "station",
        "cranial",
        "nerves",
        "Vicryl",
        "phone",
        "ascending",
        "pain,",
        "...",
        ".",
        "(",
        ")",
        "\"",
        "-",
        "Ärztin",
        "pH",
        "…",
        "e.g.",
        "—",
        "İ",
        "ß",
        "\u{301}",
        "👩‍⚕️",
        "",
    ];
    prop::collection::vec(
        prop_oneof![
            4 => prop::sample::select(WORDS).prop_map(str::to_owned),
            1 => "\\PC{0,6}",
            1 => any::<String>(),
        ],
        0..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_word_is_lost_and_every_character_is_traced(texts in said()) {
        let words = words(texts);
        sound(&words, &corrected(&words, &[]));
    }

    #[test]
    fn whatever_is_said_it_is_reviewed_and_every_finding_has_its_place(texts in of_medicine()) {
        let words = words(texts);
        let edits: Vec<Edit> = Vec::new();
        let patient = PatientContext {
            sex: Some(Sex::Female),
            birth_date: Some(date(1958, 3, 4)),
            dictated_on: Some(date(2026, 6, 1)),
            family: "Okafor".into(),
            given: "Anna".into(),
            allergies: vec!["penicillin".into()],
            medications: vec!["hydralazine 25 mg".into()],
            problems: Vec::new(),
        };
        let with = Material {
            patient: Some(&patient),
            ..Material::new(real::index())
        };
        let (report, findings) = redraft::drafted(&words, &edits, Vec::new(), &with);
        let chars = report.text.chars().count();
        for (n, f) in findings.iter().enumerate() {
            assert_ne!(f.kind, FindingKind::RuleFailed, "{f:?}");
            assert_eq!(f.id as usize, n + 1);
            assert!(f.word_from <= f.word_to && f.word_to <= words.len(), "{f:?}");
            assert!(f.report_from <= f.report_to && f.report_to.unwrap_or(0) <= chars, "{f:?}");
            assert!(f.start_s <= f.end_s, "{f:?}");
        }
    }

    #[test]
    fn edits_are_traced_to_the_words_that_were_heard(
        texts in said(),
        spans in prop::collection::vec((0_usize..60, 1_usize..4, said()), 0..6),
    ) {
        let words = words(texts);
        let edits: Vec<Edit> = spans
            .into_iter()
            .map(|(word_from, len, after)| Edit {
                id: 1,
                word_from,
                word_to: word_from + len,
                before: String::new(),
                after: after.join(" "),
                rule: "test".into(),
                score: None,
                state: EditState::Applied,
            })
            .collect();
        sound(&words, &corrected(&words, &edits));
    }

    #[test]
    fn any_span_is_survived(
        texts in said(),
        spans in prop::collection::vec((0_usize..70, 0_usize..70, "\\PC{0,8}"), 0..8),
    ) {
        let words = words(texts);
        let corrected: Vec<CorrectedWord> = spans
            .into_iter()
            .map(|(word_from, word_to, text)| CorrectedWord { text, word_from, word_to })
            .collect();
        let draft = draft(&words, &corrected);
        let chars = draft.report.text.chars().count();
        prop_assert_eq!(draft.report.trace.last().map_or(0, |s| s.to), chars);
        for pair in draft.report.trace.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
        }
    }

    #[test]
    fn a_finished_text_stays_as_it_is(texts in prop::collection::vec("[A-Za-z]{1,8}[.,;]?", 1..40)) {
        let once = drafted(&texts.join(" ")).report.text;
        prop_assert_eq!(&drafted(&once).report.text, &once);
    }
}

/// A dictation in words of its own, drafted once and then again from the text that came out.
const CLINIC: &str = "dermatology clinic note period reason for visit colon a changing mole on the back period \
    she is a teacher comma forty two comma with no family history of melanoma period new paragraph \
    examination colon over a six month period the lesion has grown period the left calf has a scar period \
    impression colon atypical naevus question mark plan colon number one excision biopsy period \
    number two review in two weeks period end of dictation";

#[test]
fn a_dictation_becomes_a_report() {
    assert_eq!(
        drafted(CLINIC).report.text,
        "DERMATOLOGY CLINIC NOTE\n\n\
         REASON FOR VISIT:\nA changing mole on the back. She is a teacher, 42, with no family history of \
         melanoma.\n\n\
         EXAMINATION:\nOver a 6-month period the lesion has grown. The left calf has a scar.\n\n\
         IMPRESSION: Atypical naevus?\n\n\
         PLAN:\n1. Excision biopsy.\n2. Review in 2 weeks."
    );
}

#[test]
fn drafting_a_draft_changes_no_word_and_no_mark() {
    let once = drafted(CLINIC).report.text;
    let twice = drafted(&once).report.text;
    let flat = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat(&twice), flat(&once));
}

#[test]
fn prose_without_spoken_marks_keeps_every_character() {
    let prose = "The incubation period is 2 to 14 days, and the period of isolation is longer. Colon cancer \
        was ruled out: the ascending colon, the transverse colon, and the sigmoid colon were normal. A new line was \
        placed in the right jugular vein; the next line of treatment is rituximab. He fell into a coma. She asked \
        about her period. A slash wound (4 x 3 cm) and a bullet wound were closed. Dr. Okafor called at 5 p.m. \
        \"Nothing hurts,\" he was quoted. The pH was 7.35. mRNA vaccines were discussed.";
    assert_eq!(drafted(prose).report.text, prose);
}

#[test]
fn nobodys_letter_is_changed_where_nothing_was_dictated() {
    let letter = "My dear Ann, the road to the village ran along the river for a long way, and in late autumn the wagons \
        left deep ruts in it. Grandfather drove it once a week. He was a quiet man: he liked his dog, his pipe and a \
        second cup of coffee, and he did not care for talk about money. It was a period of which nobody speaks any \
        longer. When you asked him about it, it took him a while to answer. \"Who knows?\" he would say. \"What a question!\" \
        cried my aunt. She was the one who, with a dash of salt and a new line of argument, won every dispute; she had \
        had that gift since school. At the point where the path turns left there stood a mill, or what was left of one. \
        We used to count the stairs, one by one, and say that there were more than last year. The capital was far away. \
        I never saw him in a hurry, not even when the barn burned: he came to a full stop, took off his cap, and looked. \
        That, he said, was that. Then he went on and on and on, up the hill, as if nothing in the world mattered less, \
        and we children ran beside him, two or three of us, each with a bullet of clay in the hand, and no mark upon it.";
    assert_eq!(drafted(letter).report.text, letter);
}
