//! Headings: after them a spoken colon is a colon, and a paragraph begins. The list has what every specialty says;
//! [`sections`] adds the rest.
//!
//! Only well-known ones: a heading that is not in the list costs a blank line, a wrong one tears a sentence apart.
//! Headings that were dictated as such ("findings colon", "next heading medications") are written in capitals, as the
//! title of the report is; in British dictation ("full stop") they keep their small letters.

use crate::text::case::{raised, shouted};
use crate::text::notes;
use crate::text::phrases::{
    begins_sentence, is_amount, norms, said, sentence_end, stands, stands_apart, used,
};
use crate::text::sections;
use crate::text::token::{Break, Glue, Kind, Mark, Origin, Token};

/// Small-letter spoken forms.
#[rustfmt::skip]
const HEADINGS: &[&str] = &[
    "access site", "active problem list", "addendum", "admission diagnosis", "admission diagnoses", "admission labs",
    "admission medications", "allergies", "apgar scores", "birth history", "brief hospital course", "cardiac history",
    "clinical impression", "code status", "coronary angiography", "date of operation", "date of procedure",
    "date dictated", "developmental history", "diagnostic impression", "dilated fundus examination",
    "discharge condition", "discharge disposition", "discharge labs", "discharge plan", "echocardiogram",
    "feeding history", "fetal heart tones", "final diagnoses", "growth parameters", "gynecologic history",
    "gynaecological history", "hemodynamics", "home medications", "implants", "intraocular pressure",
    "left ventriculography", "medications on admission", "medications on discharge", "obstetric history",
    "patient education", "past gynecologic history", "prior imaging", "problem list", "psychiatric history",
    "radiation dose", "refraction", "sexual history", "slit lamp examination", "specimen submitted",
    "substance use history", "urine output", "visual acuity", "postoperative diagnoses", "preoperative diagnoses",
    "procedures performed", "operative indications", "operative procedure", "closure", "prognosis", "discussion",
    "history of presenting complaint", "drug allergies", "occupational history", "travel history",
    "mental status exam", "immunization history", "nutrition", "advance directives", "consultations", "anesthesia", "anaesthesia", "assessment",
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
    }) || sections::is_heading(
        &words
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<&str>>()
            .join(" "),
    )
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

/// Headings of a part inside another one: a line, no paragraph and no capitals.
const PARTS: &[&str] = &["bones"];

/// What announces a heading by its name.
#[rustfmt::skip]
const ANNOUNCED: &[&[&str]] = &[
    &["next", "heading"], &["new", "heading"], &["next", "section"], &["new", "section"], &["next", "headline"],
    &["main", "heading"], &["sub", "heading"], &["subheading"], &["section", "heading"], &["heading"],
];

/// Rule: "next heading medications" opens a section.
pub fn spoken(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let Some((from, to, end)) = announced(tokens, &norms, at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let mut seed = tokens[at].with("", Kind::Break(Break::Paragraph), "layout.heading.spoken");
        seed.words.end = tokens[from - 1].words.end;
        seed.sound.end_s = tokens[from - 1].sound.end_s;
        out.push(seed.clone());
        out.extend_from_slice(&tokens[from..to]);
        let mut colon = seed.with(
            ":",
            Kind::Mark(Mark::Colon, Origin::Spoken),
            "layout.heading.spoken",
        );
        colon.words = tokens[to - 1].words.end..tokens[to - 1].words.end;
        out.push(colon);
        out.extend(used(&tokens[to..end], "layout.heading.spoken", ""));
        at = end;
    }
    out
}

/// First and one past the last word of a heading that is announced at `at`, and the end of the marks behind it.
fn announced(tokens: &[Token], norms: &[String], at: usize) -> Option<(usize, usize, usize)> {
    let (form, end) = ANNOUNCED
        .iter()
        .find_map(|form| Some((form, stands_apart(tokens, norms, at, form)?)))?;
    let left = at.checked_sub(1).map_or("", |i| norms[i].as_str());
    if [
        "the", "a", "an", "this", "his", "under", "of", "each", "to", "is", "was",
    ]
    .contains(&left)
    {
        return None;
    }
    let from = past_colon(tokens, end);
    let words = norms[from..]
        .iter()
        .take(LONGEST + 1)
        .take_while(|n| !n.is_empty())
        .count();
    let known = (1..=words.min(LONGEST))
        .rev()
        .find(|n| is_heading(&norms[from..from + n]));
    // An unknown heading ends at the next mark; one that is not announced as the next one must be known.
    let free = form.len() == 2
        && (1..=LONGEST).contains(&words)
        && tokens
            .get(from + words)
            .is_some_and(|t| t.mark().is_some() || matches!(t.kind, Kind::Break(_)))
        && may_be_title(&norms[from..from + words]);
    let len = match known {
        Some(n) if form.len() == 2 || begins_sentence(tokens, at) => n,
        None if free => words,
        _ => return None,
    };
    let to = from + len;
    let after = to
        + tokens[to..]
            .iter()
            .take_while(|t| t.mark().is_some_and(Mark::is_sentence))
            .count();
    Some((from, to, after))
}

fn past_colon(tokens: &[Token], at: usize) -> usize {
    at + tokens[at..]
        .iter()
        .take_while(|t| {
            t.heard_mark().is_some_and(Mark::is_sentence)
                || matches!(t.mark(), Some(Mark::Comma | Mark::Colon))
        })
        .count()
}

/// Headings that begin no sentence of their own, so that they need no colon: "Chief complaint chest pain period".
const LEADING: &[&str] = &[
    "chief complaint",
    "history of present illness",
    "past medical history",
    "past surgical history",
    "family history",
    "social history",
    "review of systems",
    "physical examination",
    "physical exam",
    "assessment and plan",
    "preoperative diagnosis",
    "postoperative diagnosis",
    "procedure performed",
    "reason for consultation",
    "reason for visit",
    "clinical history",
    "clinical indication",
    "discharge diagnosis",
    "discharge medications",
    "hospital course",
];

/// Words behind which the heading is the subject of a sentence, or goes on.
#[rustfmt::skip]
const GOES_ON: &[&str] = &[
    "is", "was", "were", "are", "has", "had", "have", "shows", "showed", "reveals", "revealed", "remains", "remained",
    "includes", "included", "include", "demonstrates", "demonstrated", "of", "at", "with", "on", "today", "in", "and",
    "or", "as", "by", "from", "for", "to", "that", "which", "does", "did", "will", "would", "should", "could", "may",
    "can", "obtained", "taken", "reviewed", "also", "about", "suggests", "suggested", "findings", "finding", "because",
];

/// The words of a heading that begins a sentence without its colon, in a dictation that speaks headings.
fn leads(tokens: &[Token], norms: &[String], at: usize) -> Option<usize> {
    if tokens[at].kind != Kind::Word || !begins_sentence(tokens, at) {
        return None;
    }
    let len = LEADING.iter().find_map(|heading| {
        let words: Vec<&str> = heading.split(' ').collect();
        stands(norms, at, &words).then_some(words.len())
    })?;
    let next = norms.get(at + len).filter(|w| !w.is_empty())?;
    (!GOES_ON.contains(&next.as_str())).then_some(len)
}

/// Rule: a heading that stands alone after a spoken paragraph opens a section: "new paragraph. Impression. Normal."; so
/// does one without its colon in a dictation that speaks others with it.
pub fn alone(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let speaks = tokens
        .iter()
        .enumerate()
        .any(|(at, t)| t.spoken_mark() == Some(Mark::Colon) && before_colon(tokens, at).is_some());
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let words = norms[at..]
            .iter()
            .take(LONGEST + 1)
            .take_while(|n| !n.is_empty())
            .count();
        let spoken_break = at > 0
            && matches!(tokens[at - 1].kind, Kind::Break(Break::Paragraph))
            && !tokens[at - 1].words.is_empty();
        if let Some(len) = leads(tokens, &norms, at).filter(|_| speaks) {
            out.extend_from_slice(&tokens[at..at + len]);
            let place = tokens[at + len].words.start;
            let mut colon = Token::unspoken_break(Break::Line, place, "layout.heading.alone");
            colon.kind = Kind::Mark(Mark::Colon, Origin::Spoken);
            colon.glue = Mark::Colon.glue();
            colon.text = ":".into();
            out.push(colon);
            at += len;
            continue;
        }
        let end = at + words;
        let stopped = tokens.get(end).is_some_and(|t| {
            t.mark().is_some_and(Mark::is_stop) || matches!(t.kind, Kind::Break(_))
        });
        if !(spoken_break && stopped && is_heading(&norms[at..end]) && end + 1 < tokens.len()) {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        }
        out.extend_from_slice(&tokens[at..end]);
        let mut colon = tokens[end].with(
            ":",
            Kind::Mark(Mark::Colon, Origin::Spoken),
            "layout.heading.alone",
        );
        at = end + 1;
        if tokens[end].mark().is_none() {
            // The break behind it stays what it is.
            colon.words = tokens[end].words.start..tokens[end].words.start;
            at = end;
        }
        out.push(colon);
    }
    out
}

/// Keys whose value stands behind them on the line: "Date of service March 3 period".
const DATES: &[&str] = &[
    "date of service",
    "date of visit",
    "date of admission",
    "date of discharge",
    "date of surgery",
    "date of operation",
    "date of procedure",
    "date of birth",
    "date of consultation",
    "date of examination",
    "date of dictation",
    "date dictated",
    "clinic date",
    "admission date",
    "discharge date",
    "visit date",
    "procedure date",
    "exam date",
];

/// Keys whose value is a name or a number: "Dictated by Doctor Santos period".
const NAMED: &[&str] = &[
    "dictated by",
    "referring physician",
    "attending physician",
    "primary care physician",
    "patient name",
    "medical record number",
];

/// What a report is called.
#[rustfmt::skip]
const TITLE_NOUNS: &[&str] = &[
    "note", "report", "consultation", "consult", "visit", "evaluation", "review", "summary", "addendum", "history",
    "examination", "certificate", "assessment",
];

/// What radiologists begin with.
#[rustfmt::skip]
const STUDIES: &[&str] = &[
    "ct", "mri", "mr", "cta", "mra", "ultrasound", "radiograph", "radiographs", "x-ray", "xray", "mammogram",
    "mammography", "pet/ct", "echocardiogram", "fluoroscopy",
];

/// What may stand before the kind of study: "portable chest x-ray".
#[rustfmt::skip]
const BEFORE_STUDIES: &[&str] = &[
    "chest", "portable", "screening", "diagnostic", "bilateral", "left", "right", "transthoracic", "transesophageal",
    "renal", "abdominal", "pelvic", "thyroid", "carotid", "cardiac", "brain", "head", "knee", "shoulder", "hip",
    "lumbar", "cervical", "thoracic", "spine", "venous", "duplex", "frontal", "obstetric", "contrast", "noncontrast",
];

/// Rule: title, "Dictated by" and dates at the beginning of a dictation that speaks its marks.
pub fn title(tokens: &[Token]) -> Vec<Token> {
    let norms = norms(tokens);
    let spoken = tokens.iter().any(|t| t.spoken_mark().is_some());
    let first = tokens.iter().position(|t| t.kind == Kind::Word);
    let (Some(first), true) = (first, spoken) else {
        return tokens.to_vec();
    };
    let mut out = tokens[..first].to_vec();
    let mut at = first;
    let by = dictating(&norms, at);
    let from = by.map_or(at, |(_, _, from)| from);
    let words = norms[from..]
        .iter()
        .take(12)
        .take_while(|n| !n.is_empty())
        .count();
    // "Progress note date of service March 3" and "Progress note, date of service".
    let key = (from + 1..from + words).find(|&i| date(&norms, i).is_some());
    let to = key.unwrap_or(from + words);
    let ended = tokens
        .get(to)
        .is_none_or(|t| t.mark().is_some_and(Mark::is_stop) || matches!(t.kind, Kind::Break(_)));
    let end = if ended { sentence_end(tokens, to) } else { to };
    let comma = tokens
        .get(to)
        .is_some_and(|t| t.heard_mark() == Some(Mark::Comma));
    let (ended, end) = if key.is_some() {
        (true, to)
    } else if comma && date(&norms, to + 1).is_some() {
        (true, to + 1)
    } else {
        (ended, end)
    };
    // A study goes on behind a comma of the engine's: "CT of the abdomen, with contrast".
    let leads = norms[from..]
        .iter()
        .take_while(|w| BEFORE_STUDIES.contains(&w.as_str()))
        .count();
    let kind = norms.get(from + leads).map_or("", String::as_str);
    let study = STUDIES.contains(&kind)
        || stands(&norms, from + leads, &["c", "t"])
        || stands(&norms, from + leads, &["x", "ray"]);
    let (to, end, ended) = if study
        && tokens
            .get(to)
            .is_some_and(|t| t.heard_mark() == Some(Mark::Comma))
    {
        let end = sentence_end(tokens, from);
        let to = tokens[..end]
            .iter()
            .rposition(|t| t.kind == Kind::Word)
            .map_or(to, |i| i + 1);
        let short = to - from <= 12
            && tokens[from..to]
                .iter()
                .all(|t| t.kind == Kind::Word || t.heard_mark() == Some(Mark::Comma));
        (to, end, short)
    } else {
        (to, end, ended)
    };
    let words: Vec<String> = norms[from..to]
        .iter()
        .filter(|n| !n.is_empty())
        .cloned()
        .collect();
    let plain = !words.iter().any(|w| VERBS.contains(&w.as_str()))
        && words
            .first()
            .is_some_and(|w| !["the", "a", "an", "patient", "please", "see"].contains(&w.as_str()));
    // "Discharge summary on John Smith".
    let patient = (from + 1..to).find(|&i| {
        let name = i + 1 + usize::from(norms.get(i + 1).is_some_and(|w| w == "patient"));
        ["on", "for", "regarding"].contains(&norms[i].as_str())
            && TITLE_NOUNS.contains(&norms[i - 1].as_str())
            && name < to
            && tokens[name..to].iter().all(Token::is_capitalised)
    });
    let named = patient.is_some()
        || words.ends_with(&["history", "and", "physical"].map(str::to_owned))
        || words
            .last()
            .is_some_and(|w| TITLE_NOUNS.contains(&w.as_str()));
    let letter = words.first().is_some_and(|w| w == "letter")
        && words.get(1).is_some_and(|w| w == "to")
        && norms[to..].iter().take(40).any(|w| w == "dear");
    if ended && plain && letter && words.len() <= 9 {
        // Which kind of document it is; nobody writes it above a letter.
        let text = raised(&said(&tokens[from..to])) + ".";
        out.extend(used(&tokens[at..end], notes::INSTRUCTION, &text));
        at = end;
    } else if ended
        && plain
        && (1..=12).contains(&words.len())
        && (named || study)
        && (words.len() > 1 || by.is_some())
    {
        for token in &tokens[from..patient.unwrap_or(to)] {
            if token.kind == Kind::Word {
                let mut token = token.clone();
                token.text = shouted(&token.text);
                out.push(token);
            } else {
                out.extend(used(std::slice::from_ref(token), "punctuation.dropped", ""));
            }
        }
        let labelled = |out: &mut Vec<Token>, label: &str, at: usize| {
            let mut token =
                Token::unspoken_break(Break::Line, tokens[at].words.start, "layout.title");
            out.push(token.clone());
            token.kind = Kind::Text;
            token.text = label.into();
            out.push(token);
        };
        out.extend(used(&tokens[to..end], "layout.title", ""));
        if let Some((name_from, name_to, _)) = by {
            labelled(&mut out, "Dictated by:", name_from);
            out.extend(used(&tokens[at..name_from], "layout.title", ""));
            out.extend_from_slice(&tokens[name_from..name_to]);
            if let Some(last) = out.last_mut()
                && let Some(name) = last.text.strip_suffix(DICTATING)
            {
                last.text = name.to_owned();
                last.rule = "layout.title";
            }
            out.extend(used(&tokens[name_to..from], "layout.title", ""));
        }
        if let Some(on) = patient {
            let name = on + 1 + usize::from(norms[on + 1] == "patient");
            labelled(&mut out, "Patient:", name);
            out.extend(used(&tokens[on..name], "layout.title", ""));
            out.extend_from_slice(&tokens[name..to]);
        }
        at = end;
        let dated = date(&norms, at).is_some();
        if at < tokens.len() && !matches!(tokens[at].kind, Kind::Break(_)) {
            let kind = if dated { Break::Line } else { Break::Paragraph };
            out.push(Token::unspoken_break(
                kind,
                tokens[at].words.start,
                "layout.title",
            ));
        }
    }
    // Dates among the first sentences.
    let mut sentences = 0;
    let titled = at;
    while at < tokens.len() && sentences < 3 {
        if (begins_sentence(tokens, at) || at == titled)
            && let Some(key) = date(&norms, at)
        {
            let value = at + key;
            let from = past_colon(tokens, value);
            let end = sentence_end(tokens, from);
            let to = tokens[..end]
                .iter()
                .rposition(|t| !t.mark().is_some_and(Mark::is_sentence))
                .map_or(from, |i| i + 1);
            let valued = norms[from.min(end)..end]
                .iter()
                .any(|n| is_amount(n) || n.contains(|c: char| c.is_ascii_digit()) || n == "____");
            let named = is_named(&norms[at..value])
                && to - from <= 5
                && tokens[from..to].iter().all(|t| {
                    t.kind == Kind::Word && t.text.starts_with(|c: char| !c.is_lowercase())
                });
            if to > from
                && to - from <= 8
                && (valued || named)
                && !VERBS.contains(&norms[from].as_str())
            {
                if !out.is_empty()
                    && !out
                        .last()
                        .is_some_and(|t| matches!(t.kind, Kind::Break(_) | Kind::Consumed))
                {
                    out.push(Token::unspoken_break(
                        Break::Line,
                        tokens[at].words.start,
                        "layout.title",
                    ));
                }
                out.extend_from_slice(&tokens[at..value]);
                let mut colon =
                    Token::unspoken_break(Break::Line, tokens[value].words.start, "layout.title");
                colon.kind = Kind::Mark(Mark::Colon, Origin::Heard);
                colon.text = ":".into();
                colon.glue = Glue {
                    left: true,
                    right: false,
                };
                out.push(colon);
                out.extend(used(&tokens[value..from], "layout.title", ""));
                out.extend_from_slice(&tokens[from..to]);
                out.extend(used(&tokens[to..end], "layout.title", ""));
                at = end;
                let next_dated = date(&norms, at).is_some();
                if at < tokens.len() && !matches!(tokens[at].kind, Kind::Break(_)) {
                    let kind = if next_dated {
                        Break::Line
                    } else {
                        Break::Paragraph
                    };
                    out.push(Token::unspoken_break(
                        kind,
                        tokens[at].words.start,
                        "layout.title",
                    ));
                }
                sentences += 1;
                continue;
            }
        }
        sentences += usize::from(tokens[at].mark().is_some_and(Mark::is_stop));
        out.push(tokens[at].clone());
        at += 1;
    }
    out.extend_from_slice(&tokens[at..]);
    out
}

/// Words that no title has.
#[rustfmt::skip]
const VERBS: &[&str] = &[
    "is", "was", "were", "are", "has", "had", "have", "he", "she", "they", "we", "i", "it", "denies", "reports", "seen",
    "presents", "presented", "admitted", "came", "shows", "showed", "this", "there", "will", "no",
];

const DICTATING: &str = "dictating";

/// "This is Doctor Hallam dictating a clinic note": the name, its end, and where the title begins. The engine glues
/// the verb to the name at times; it belongs to the name then, and is cut off there.
fn dictating(norms: &[String], at: usize) -> Option<(usize, usize, usize)> {
    let mut i = at;
    if stands(norms, i, &["this", "is"]) {
        i += 2;
    }
    let name = i;
    if !norms
        .get(i)
        .is_some_and(|w| ["dr.", "dr", "doctor", "professor"].contains(&w.as_str()))
    {
        return None;
    }
    let with = |k: usize| i > at && stands(norms, k, &["with", "a"]);
    let verb = (i + 1..i + 6)
        .find(|&k| with(k) || norms.get(k).is_some_and(|w| w.ends_with(DICTATING)))?;
    let mut from = verb + 1;
    if norms
        .get(from)
        .is_some_and(|w| ["a", "an", "the"].contains(&w.as_str()))
    {
        from += 1;
    }
    let glued = norms[verb].ends_with(DICTATING) && norms[verb] != DICTATING;
    let end = verb + usize::from(glued);
    norms
        .get(from)
        .is_some_and(|w| !w.is_empty())
        .then_some((name, end, from))
}

fn is_named(key: &[String]) -> bool {
    NAMED.contains(&key.join(" ").as_str())
}

/// How many words of the key of a date or a name stand at `at`.
fn date(norms: &[String], at: usize) -> Option<usize> {
    DATES.iter().chain(NAMED).find_map(|key| {
        let words: Vec<&str> = key.split(' ').collect();
        stands(norms, at, &words).then_some(words.len())
    })
}

/// Whether the speaker says "full stop" and not "period".
fn british(tokens: &[Token]) -> bool {
    let count = |rule| tokens.iter().filter(|t| t.rule == rule).count();
    count("punctuation.full_stop") > count("punctuation.period")
}

/// Rule: dictated headings in capitals, and a line of their own above more than one sentence.
pub fn capitals(tokens: &[Token]) -> Vec<Token> {
    if british(tokens) {
        return tokens.to_vec();
    }
    // For each place, how many sentences begin behind another one up to the end of the paragraph.
    let mut more = vec![0_usize; tokens.len() + 1];
    for at in (1..tokens.len()).rev() {
        let begins =
            tokens[at].kind == Kind::Word && tokens[at - 1].mark().is_some_and(Mark::is_stop);
        more[at] = match tokens[at].kind {
            Kind::Break(Break::Paragraph) => 0,
            _ => more[at + 1] + usize::from(begins),
        };
    }
    // Of a speaker who says "colon" after headings, the engine has written some as the sign.
    let speaks = tokens
        .iter()
        .enumerate()
        .any(|(at, t)| t.spoken_mark() == Some(Mark::Colon) && before_colon(tokens, at).is_some());
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 8);
    let mut below_heading = false;
    for (at, token) in tokens.iter().enumerate() {
        // "Heading findings, new paragraph": the text stands right below its heading.
        if std::mem::take(&mut below_heading) && token.kind == Kind::Break(Break::Paragraph) {
            out.push(token.with("", Kind::Break(Break::Line), token.rule));
            continue;
        }
        out.push(token.clone());
        let colon = if speaks {
            token.mark()
        } else {
            token.spoken_mark()
        };
        if colon != Some(Mark::Colon) || token.rule == "layout.title" {
            continue;
        }
        let announced = token.rule == "layout.heading.spoken";
        let start = match before_colon(tokens, at) {
            Some(start) => Some(start),
            // A heading of the speaker's own.
            None if announced => tokens[..at]
                .iter()
                .rposition(|t| t.kind != Kind::Word)
                .map(|i| i + 1),
            None => None,
        };
        let Some(start) = start else { continue };
        let own_line = start == 0 || matches!(tokens[start - 1].kind, Kind::Break(_));
        if !own_line || is_part(&tokens[start..at]) {
            continue;
        }
        let end = out.len() - 1;
        for token in &mut out[end - (at - start)..end] {
            token.text = shouted(&token.text);
        }
        let next = tokens.get(at + 1);
        let broken = next.is_none_or(|t| matches!(t.kind, Kind::Break(_)));
        let below = tokens.get(at + 2..).unwrap_or_default();
        let another = below
            .iter()
            .take(LONGEST + 1)
            .find(|t| t.kind != Kind::Word)
            .is_some_and(|t| t.mark() == Some(Mark::Colon));
        below_heading = broken && !another && below.first().is_some_and(|t| t.kind == Kind::Word);
        if let Some(next) = next
            && !broken
            && (announced || more.get(at + 2).is_some_and(|n| *n > 0))
        {
            out.push(Token::unspoken_break(
                Break::Line,
                next.words.start,
                "layout.heading",
            ));
        }
    }
    out
}

fn is_part(words: &[Token]) -> bool {
    let text: Vec<String> = words.iter().map(|t| t.text.to_lowercase()).collect();
    PARTS.contains(&text.join(" ").as_str())
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
            breaks.push((start, is_part(&tokens[start..i])));
        }
    }
    let mut out = Vec::with_capacity(tokens.len() + breaks.len());
    let mut breaks = breaks.into_iter().peekable();
    for (i, token) in tokens.iter().enumerate() {
        if let Some((_, part)) = breaks.next_if(|(at, _)| *at == i) {
            out.push(Token::unspoken_break(
                if part { Break::Line } else { Break::Paragraph },
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
        assert!(HEADINGS.iter().all(|h| h.split(' ').count() <= LONGEST));
    }

    #[test]
    #[rustfmt::skip]
    fn the_next_heading_is_one() {
        use crate::text::testing::check;
        check(&[
            ("swelling period new paragraph next heading medications aspirin 5 mg daily period next heading physical examination lungs clear period", "Swelling.\n\nMEDICATIONS:\nAspirin 5 mg daily.\n\nPHYSICAL EXAMINATION:\nLungs clear."),
            ("Lungs clear, period. Next, heading, assessment and plan. Number one, gout, period. Number two, flu, period.", "Lungs clear.\n\nASSESSMENT AND PLAN:\n1. Gout.\n2. Flu."),
            ("findings colon clear period family history no gout period past medical history significant for asthma period", "FINDINGS: Clear.\n\nFAMILY HISTORY: No gout.\n\nPAST MEDICAL HISTORY: Significant for asthma."),
            ("findings colon clear period family history is negative period the family history no longer matters period", "FINDINGS:\nClear. Family history is negative. The family history no longer matters."),
            ("family history no gout period", "Family history no gout."),
            ("rest period heading family history no gout period", "Rest.\n\nFAMILY HISTORY:\nNo gout."),
            ("rest period heading family history new paragraph no gout period", "Rest.\n\nFAMILY HISTORY:\nNo gout."),
            ("findings colon new paragraph clear period new paragraph plan colon rest period", "FINDINGS:\nClear.\n\nPLAN: Rest."),
            ("findings colon new paragraph impression colon gout period", "FINDINGS:\n\nIMPRESSION: Gout."),
            ("rest period new heading, wound care, daily dressing period", "Rest.\n\nWOUND CARE:\nDaily dressing."),
            ("rest period new paragraph. Impression. Normal study period", "Rest.\n\nIMPRESSION: Normal study."),
            ("the next heading was wrong period", "The next heading was wrong."),
            ("he is heading home period", "He is heading home."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn titles_stand_above_the_report() {
        use crate::text::testing::check;
        check(&[
            ("This is Doctor Hallam dictating a cardiology progress note period Patient is well period", "CARDIOLOGY PROGRESS NOTE\nDictated by: Dr. Hallam\n\nPatient is well."),
            ("Operative report period Preoperative diagnosis colon gout period", "OPERATIVE REPORT\n\nPREOPERATIVE DIAGNOSIS: Gout."),
            ("Progress note. Date of service March 3, 2026, period. Subjective colon well period", "PROGRESS NOTE\nDate of service: March 3, 2026\n\nSUBJECTIVE: Well."),
            ("CT of the abdomen, with contrast, period. Findings colon normal period", "CT OF THE ABDOMEN WITH CONTRAST\n\nFINDINGS: Normal."),
            ("This is Dr. Halndictating a clinic note period Patient is well period", "CLINIC NOTE\nDictated by: Dr. Haln\n\nPatient is well."),
            ("clinic note period Dictated by Doctor Maria Santos period Date of service April 4 2025 period chief complaint colon cough period", "CLINIC NOTE\nDictated by: Dr. Maria Santos\nDate of service: April 4, 2025\n\nCHIEF COMPLAINT: Cough."),
            ("Exam: MRI of the knee period findings colon normal period", "EXAM: MRI of the knee.\n\nFINDINGS: Normal."),
            ("physical examination colon general colon well period heart colon regular period", "PHYSICAL EXAMINATION:\nGeneral: Well. Heart: Regular."),
            ("Progress note, date of service March 3, 2026, period. Subjective colon well period", "PROGRESS NOTE\nDate of service: March 3, 2026\n\nSUBJECTIVE: Well."),
            ("Discharge summary date of admission May 2 2025 period date of discharge May 5 2025 period Diagnosis colon flu period", "DISCHARGE SUMMARY\nDate of admission: May 2, 2025\nDate of discharge: May 5, 2025\n\nDIAGNOSIS: Flu."),
            ("Clinic date, 14 January, 2026, full stop. Dear Dr. Lee, comma, new line. thank you full stop", "Clinic date: 14 January 2026\n\nDear Dr Lee,\n\nThank you."),
            ("This is Dr. Patel dictating a discharge summary on John Smith, medical record number 12345, period. Plan colon rest period", "DISCHARGE SUMMARY\nDictated by: Dr. Patel\nPatient: John Smith\nMedical record number: 12345\n\nPLAN: Rest."),
            ("This is Doctor Patel with a clinic note on patient Ann Hill period Plan colon rest period", "CLINIC NOTE\nDictated by: Dr. Patel\nPatient: Ann Hill\n\nPLAN: Rest."),
            ("history and physical period plan colon rest period", "HISTORY AND PHYSICAL\n\nPLAN: Rest."),
            ("The patient asked for a note period rest period", "The patient asked for a note. Rest."),
            ("Clinic visit. Nothing new.", "Clinic visit. Nothing new."),
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn british_headings_keep_small_letters() {
        use crate::text::testing::check;
        check(&[
            ("on examination colon well full stop plan colon rest full stop ice full stop", "On examination: Well.\n\nPlan: Rest. Ice."),
        ]);
    }
}
