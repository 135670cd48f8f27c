//! Spoken layout, told apart from the same words in a sentence: "a new line was placed in the right jugular".

use crate::text::context::{DETERMINERS, Verdict, View, small_number};
use crate::text::headings;

/// "new line", "next line"
pub fn line(v: &View) -> Verdict {
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "placed", "inserted", "via", "through", "from", "with", "for", "requires", "requiring", "needs",
        "needed", "required", "of", "central", "arterial", "venous", "picc", "iv", "as", "and", "start",
        "place", "insert", "insertion", "brand",
    ];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "was", "is", "were", "will", "has", "had", "of", "placement", "placed", "inserted", "insertion",
        "infection", "infections", "therapy", "treatment", "agent", "agents", "chemotherapy", "management",
        "sepsis", "required", "drug", "drugs", "needed", "access", "could", "should", "must", "would",
        "options", "option",
    ];
    let in_sentence = DETERMINERS.contains(&v.left(1)) || BEFORE.contains(&v.left(1));
    if in_sentence || (AFTER.contains(&v.right(1)) && !v.capital_follows()) {
        Verdict::Word
    } else if v.left(1).is_empty() {
        Verdict::Sure
    } else {
        Verdict::Open
    }
}

/// "new paragraph", "next paragraph"
pub fn paragraph(v: &View) -> Verdict {
    if DETERMINERS.contains(&v.left(1)) || ["of", "in", "see"].contains(&v.left(1)) {
        Verdict::Word
    } else {
        Verdict::Sure
    }
}

/// "paragraph" by itself, as some say it after a full stop
pub fn bare_paragraph(v: &View) -> Verdict {
    let named = ["of", "in", "on"].contains(&v.right(1)) || small_number(v.right(1)).is_some();
    if v.after_stop && !named {
        Verdict::Sure
    } else {
        Verdict::Word
    }
}

/// "bullet", "bullet point"
pub fn bullet(v: &View) -> Verdict {
    const BEFORE: &[&str] = &[
        "retained", "of", "from", "by", "stray", "single", "removed", "rubber", "which",
    ];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "wound", "wounds", "fragment", "fragments", "hole", "holes", "injury", "injuries", "track", "tract",
        "trajectory", "entered", "exited", "was", "is", "lodged", "in", "removal", "removed", "remains",
        "passed", "penetrated", "path", "casing", "entry", "exit", "to", "through", "has", "had",
    ];
    if DETERMINERS.contains(&v.left(1))
        || BEFORE.contains(&v.left(1))
        || AFTER.contains(&v.right(1))
    {
        return Verdict::Word;
    }
    // In the middle of a sentence only "bullet point", or a list that has begun.
    let point = v.end - v.at == 2;
    if point || v.in_bullets || v.sentence_words == 0 || after_heading(v) {
        Verdict::Open
    } else {
        Verdict::Word
    }
}

/// "next number"
pub fn next_number(v: &View) -> Verdict {
    if DETERMINERS.contains(&v.left(1))
        || ["is", "of", "was", "on", "to", "should"].contains(&v.right(1))
    {
        Verdict::Word
    } else {
        Verdict::Sure
    }
}

/// "number two" as an item: at the start of a sentence or right after a heading
pub fn number(v: &View) -> Verdict {
    if (v.sentence_words == 0 || after_heading(v)) && v.right(1) != "of" {
        Verdict::Open
    } else {
        Verdict::Word
    }
}

fn after_heading(v: &View) -> bool {
    let (phrase, _) = v.phrase_before(headings::LONGEST);
    headings::ends_with_heading(phrase)
}

/// "end of dictation"
pub fn end(v: &View) -> Verdict {
    if v.ends_text() || (v.sentence_words == 0 && v.left(1).is_empty()) {
        Verdict::Sure
    } else {
        Verdict::Word
    }
}

#[cfg(test)]
mod tests {
    use crate::text::testing::{check, draft_of};

    #[test]
    #[rustfmt::skip]
    fn lines_and_paragraphs() {
        check(&[
            ("lungs clear period new paragraph no edema period", "Lungs clear.\n\nNo edema."),
            ("dear Doctor Okafor comma new line thank you period", "Dear Dr. Okafor,\n\nThank you."),
            ("rest period next line ice period", "Rest.\nIce."),
            ("rest period next paragraph ice period", "Rest.\n\nIce."),
            ("rest period paragraph ice period", "Rest.\n\nIce."),
            ("rest period new line new paragraph ice period", "Rest.\n\nIce."),
            ("new paragraph rest period", "Rest."),
            ("no complaints new line chest clear", "No complaints\nChest clear"),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn the_same_words_in_a_sentence() {
        check(&[
            ("a new line was placed in the right jugular period", "A new line was placed in the right jugular."),
            ("new line placed in the groin period", "New line placed in the groin."),
            ("this is the next line of treatment period", "This is the next line of treatment."),
            ("rest period new line infection was ruled out period", "Rest. New line infection was ruled out."),
            ("as next line we chose methotrexate period", "As next line we chose methotrexate."),
            ("see the new paragraph below period", "See the new paragraph below."),
            ("paragraph two applies period", "Paragraph two applies."),
            ("a bullet wound of the thigh period", "A bullet wound of the thigh."),
            ("removed period bullet fragments remain period", "Removed. Bullet fragments remain."),
            ("the next number is wrong period", "The next number is wrong."),
            ("the end of dictation training was late period", "The end of dictation training was late."),
            ("he is number one on the list period", "He is number one on the list."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn lists() {
        check(&[
            ("plan colon bullet point rest bullet point ice", "PLAN:\n- Rest\n- Ice"),
            ("plan colon bullet rest period bullet ice period", "PLAN:\n- Rest.\n- Ice."),
            ("plan colon next number rest period next number ice period", "PLAN:\n1. Rest.\n2. Ice."),
            ("plan colon number one diabetes comma stable period number two gout period", "PLAN:\n1. Diabetes, stable.\n2. Gout."),
            ("plan colon number one diabetes period next number gout period", "PLAN:\n1. Diabetes.\n2. Gout."),
            ("rest period number two is worse period", "Rest. Number two is worse."),
            ("plan. 1. Gout, period. 2. Flu, period.", "Plan.\n1. Gout.\n2. Flu."),
            ("aspirin twice a day period 1. with food period", "Aspirin twice a day. 1. With food."),
            ("assessment and plan Number 1, gout. Number 2, flu. Period.", "Assessment and plan\n1. Gout.\n2. Flu."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn a_value_after_a_colon_is_no_list_number() {
        check(&[
            ("gravida colon 1. para colon 2.", "Gravida: 1. Para: 2."),
            ("Gravida colon 1. Para colon 2. Living children colon 3.", "Gravida: 1. Para: 2. Living children: 3."),
            ("Allergies colon 1. Medications colon 2.", "ALLERGIES: 1.\n\nMEDICATIONS: 2."),
            ("gravida colon 1. para colon 2. plan colon 1. Rest period 2. Ice period", "Gravida: 1. Para: 2.\n\nPLAN:\n1. Rest.\n2. Ice."),
            ("Impression colon 1. Acute appendicitis with appendicolith period 2. Cholelithiasis period", "IMPRESSION:\n1. Acute appendicitis with appendicolith.\n2. Cholelithiasis."),
            ("Impression colon 1. Gout period 2. Flu period Plan colon rest period", "IMPRESSION:\n1. Gout.\n2. Flu.\n\nPLAN: Rest."),
            ("Impression colon 1. Gout colon flaring period 2. Flu period", "IMPRESSION:\n1. Gout: Flaring.\n2. Flu."),
            ("plan colon number one gout colon rest period number two flu period", "PLAN:\n1. Gout: Rest.\n2. Flu."),
        ]);
    }

    #[test]
    fn headings_open_paragraphs_and_sections() {
        let report = draft_of("clinic note period chief complaint colon cough period lungs clear period plan colon rest period").report;
        assert_eq!(
            report.text,
            "CLINIC NOTE\n\nCHIEF COMPLAINT:\nCough. Lungs clear.\n\nPLAN: Rest."
        );
        let sections: Vec<_> = report
            .sections
            .iter()
            .map(|s| (s.heading.as_str(), s.text.as_str()))
            .collect();
        assert_eq!(
            sections,
            [
                ("", "CLINIC NOTE"),
                ("CHIEF COMPLAINT", "Cough. Lungs clear."),
                ("PLAN", "Rest.")
            ]
        );
    }

    #[test]
    #[rustfmt::skip]
    fn the_end_of_dictation_is_no_text() {
        check(&[
            ("rest period end of dictation period", "Rest."),
            ("rest period End of dictation. Thank you.", "Rest. Thank you."),
            ("rest end dictation", "Rest"),
            ("rest period end of report", "Rest."),
            ("rest period This is the end of the dictation.", "Rest."),
            ("the end of report writing is near period", "The end of report writing is near."),
        ]);
    }
}
