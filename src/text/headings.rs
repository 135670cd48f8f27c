//! Headings that every specialty uses: after them a spoken colon is a colon, and a paragraph begins.
//!
//! Only well-known ones: a heading that is not in the list costs a blank line, a wrong one tears a sentence apart.

use crate::text::token::{Break, Kind, Mark, Token};

/// Small-letter spoken forms.
#[rustfmt::skip]
const HEADINGS: &[&str] = &[
    "addendum", "admission diagnosis", "allergies", "anesthesia", "anaesthesia", "assessment",
    "assessment and plan", "assistant", "blood loss", "bones", "cardiovascular", "chief complaint",
    "clinical history", "clinical indication", "clinical information", "clinic date", "comment", "comparison",
    "complications", "condition on discharge", "consultation", "current medication", "current medications",
    "date of admission", "date of birth", "date of discharge", "date of service", "date of surgery",
    "description of procedure", "diagnosis", "diagnoses", "discharge diagnosis", "discharge diagnoses",
    "discharge instructions", "discharge medications", "disposition", "drug history", "electrocardiogram",
    "emergency department course", "estimated blood loss", "exam", "examination", "family history",
    "final diagnosis", "findings", "follow up", "follow-up", "gross description", "history",
    "history of present illness", "hospital course", "identifying information", "imaging", "immunizations",
    "impression", "impression and plan", "impression and recommendation", "impression and recommendations",
    "indication", "indications", "indication for procedure", "indications for procedure", "interpretation",
    "laboratory data", "laboratory results", "labs", "management plan", "medical decision making", "medical decision-making", "medication",
    "medications", "mental state examination", "mental status examination", "microscopic description",
    "objective", "on examination", "operation", "operative findings", "past history", "past medical history",
    "past psychiatric history", "past surgical history", "pathology", "physical exam", "physical examination",
    "plan", "plan of care", "postoperative diagnosis", "prenatal labs", "preoperative diagnosis",
    "presenting complaint", "procedure", "procedure performed", "reason for consultation",
    "reason for referral", "reason for visit", "recommendation", "recommendations", "review of systems",
    "risk assessment", "sedation", "social history", "specimen", "specimens", "subjective", "substance use",
    "summary", "surgeon", "surgical history", "technique", "tourniquet time", "treatment plan", "vital signs",
    "vitals",
];

/// Longest heading in words.
pub const LONGEST: usize = 5;

/// Whether the words (small letters) are a heading.
pub fn is_heading(words: &[impl AsRef<str>]) -> bool {
    if words.is_empty() || words.len() > LONGEST {
        return false;
    }
    HEADINGS.iter().any(|h| {
        let mut parts = h.split(' ');
        words.iter().all(|w| parts.next() == Some(w.as_ref())) && parts.next().is_none()
    })
}

/// Whether the last words of a phrase are a heading: "... and fever technique".
pub fn ends_with_heading(words: &[impl AsRef<str>]) -> bool {
    (0..words.len()).any(|from| is_heading(&words[from..]))
}

/// Whether the words between two marks could be a title: few, and none that only sentences have.
pub fn may_be_title(words: &[String]) -> bool {
    #[rustfmt::skip]
    const OF_SENTENCES: &[&str] = &[
        "a", "an", "the", "is", "was", "were", "are", "has", "had", "have", "he", "she", "they", "we", "i",
        "it", "his", "her", "their", "this", "that", "no", "not", "without", "denies", "reports", "shows",
        "showed",
    ];
    !words.is_empty()
        && words.len() <= LONGEST
        && !words.iter().any(|w| OF_SENTENCES.contains(&w.as_str()))
}

/// The index of the first word of the heading that a colon at `colon` ends, if there is a known one that begins a
/// sentence.
pub fn before_colon(tokens: &[Token], colon: usize) -> Option<usize> {
    let mut start = colon;
    while start > 0 && colon - start <= LONGEST && tokens[start - 1].kind == Kind::Word {
        start -= 1;
    }
    let begins = start == 0
        || match tokens[start - 1].kind {
            Kind::Mark(mark, _) => mark.is_stop(),
            kind => kind != Kind::Word,
        };
    let words: Vec<String> = tokens[start..colon]
        .iter()
        .map(|t| t.text.to_lowercase())
        .collect();
    (begins && is_heading(&words)).then_some(start)
}

/// Rule: a known heading with its colon begins a paragraph.
pub fn paragraphs(tokens: &[Token]) -> Vec<Token> {
    let mut breaks = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if token.mark() == Some(Mark::Colon)
            && let Some(start) = before_colon(tokens, i)
            && start > 0
            && !matches!(tokens[start - 1].kind, Kind::Break(_) | Kind::Item)
        {
            breaks.push(start);
        }
    }
    let mut out = Vec::with_capacity(tokens.len() + breaks.len());
    let mut breaks = breaks.into_iter().peekable();
    for (i, token) in tokens.iter().enumerate() {
        if breaks.next_if_eq(&i).is_some() {
            out.push(Token::unspoken_break(
                Break::Paragraph,
                token.words.start,
                "layout.heading",
            ));
        }
        out.push(token.clone());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_all_their_words() {
        let is = |s: &str| is_heading(&s.split(' ').collect::<Vec<_>>());
        assert!(is("findings") && is("history of present illness"));
        assert!(!is("history of") && !is("the findings") && !is("findings were normal"));
        assert!(ends_with_heading(&["pain", "and", "fever", "technique"]));
        assert!(!ends_with_heading(&["ascending"]));
    }

    #[test]
    fn no_heading_is_longer_than_the_search() {
        assert_eq!(HEADINGS.iter().map(|h| h.split(' ').count()).max(), Some(4));
        const { assert!(LONGEST >= 4) };
    }
}
