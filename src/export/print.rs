//! A report on paper: what stands on it, and how it is cut into pages. The same for a text file, a PDF and a browser.
//!
//! Every page names the patient with both identifiers, the document and its version, and which page of how many it is, so
//! that a page that was separated from the others still says whose it is.

use crate::domain::letter::{Letter, Recipient};
use crate::domain::patient::Patient;
use crate::domain::report::{Report, ReportBody, ReportStatus, Section};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Everything that is printed.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Name of the practice; may be empty.
    pub practice: String,
    /// Whose record it is in.
    pub patient: Patient,
    /// Printed name of the author.
    pub author: String,
    /// The day of the dictation.
    pub dictated_on: Date,
    /// The visit: its day and place.
    pub encounter: Option<(Date, String)>,
    /// The report.
    pub report: Report,
    /// Signed addenda in order.
    pub addenda: Vec<Report>,
    /// The letter that it is sent as, and for whom this sheet is: the recipient, or the copy of that place.
    pub letter: Option<(Letter, Option<usize>)>,
    /// When it is printed.
    pub printed_at: Timestamp,
    /// Printed name of whoever prints it.
    pub printed_by: String,
    /// Where the practice is.
    pub zone: TimeZone,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// The name of the document.
    Title,
    /// The heading of a section.
    Heading,
    /// What the report says.
    Body,
    /// What is said about it: who, when, which version.
    Small,
    /// What must not be overlooked.
    Warning,
}

/// A paragraph, or the space between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Text that is broken into lines where it is too long.
    Text(Style, String),
    /// Space of a line.
    Space,
    /// A line across the page.
    Rule,
}

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Text that fits.
    Text(Style, String),
    /// An empty one.
    Space,
    /// A line across the page.
    Rule,
}

/// What a page can hold.
pub trait Sheet {
    /// How wide a text is.
    fn width(&self, style: Style, text: &str) -> f32;
    /// How wide a line may be.
    fn line_width(&self) -> f32;
    /// How high a line is.
    fn height(&self, line: &Line) -> f32;
    /// How high all lines between head and foot may be.
    fn page_height(&self) -> f32;
}

/// What a document type is called on paper.
fn title(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

impl Paper {
    /// The name of the document.
    pub fn title(&self) -> String {
        let title = title(&self.report.latest.body.kind);
        if self.report.parent_id.is_some() {
            format!("Addendum: {title}")
        } else {
            title
        }
    }

    /// Who the patient is, as it stands on every page: name, date of birth, record number.
    pub fn identity(&self) -> String {
        format!("{}   {}", self.name(), self.identifiers())
    }

    /// The patient's name, which may be long.
    pub fn name(&self) -> String {
        format!("{}, {}", self.patient.family, self.patient.given)
    }

    /// Both identifiers, which are never shortened.
    pub fn identifiers(&self) -> String {
        format!(
            "born {}   record {}",
            self.patient.birth_date, self.patient.mrn
        )
    }

    /// What must not be overlooked, on every page; empty for a filed report.
    pub fn warning(&self) -> Option<&'static str> {
        if self.report.retraction.is_some() {
            return Some("ENTERED IN ERROR - not valid");
        }
        if let Some((letter, _)) = &self.letter
            && letter.withdrawal.is_some()
        {
            return Some("LETTER WITHDRAWN - not to be sent");
        }
        match self.report.status {
            ReportStatus::Draft => Some("DRAFT - not signed"),
            ReportStatus::Signed => Some("Signed, not filed: the second identifier is open"),
            ReportStatus::Filed => None,
        }
    }

    /// Which document and version this is, as it stands on every page.
    pub fn document(&self) -> String {
        let mut out = format!(
            "Document {}, version {}",
            self.report.id, self.report.latest.version
        );
        if let Some((letter, _)) = &self.letter {
            out = format!("Letter {}   {out}", letter.id);
        }
        if !self.practice.is_empty() {
            out = format!("{}   {out}", self.practice);
        }
        out
    }

    /// Who prints it, and when.
    pub fn printed(&self) -> String {
        format!(
            "Printed {} by {}",
            self.moment(self.printed_at),
            self.printed_by
        )
    }

    /// Which page of how many.
    pub fn page_of(page: usize, pages: usize) -> String {
        format!("Page {page} of {pages}")
    }

    /// A time as people read it where the practice is.
    pub fn moment(&self, at: Timestamp) -> String {
        let local: Zoned = at.to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// All that stands between head and foot.
    pub fn blocks(&self) -> Vec<Block> {
        use Block::{Rule, Space, Text};
        let small = |text: String| Text(Style::Small, text);
        let mut out = Vec::new();
        self.envelope(&mut out);
        out.push(Text(Style::Title, self.title()));
        let mut about = format!("Dictated {} by {}", self.dictated_on, self.author);
        if let Some((date, place)) = &self.encounter {
            about += &format!("; visit of {date}");
            if !place.is_empty() {
                about += &format!(", {place}");
            }
        }
        out.push(small(about));
        if let Some(retraction) = &self.report.retraction {
            out.push(Text(
                Style::Warning,
                format!(
                    "Entered in error, said {}: {}",
                    self.moment(retraction.at),
                    retraction.reason
                ),
            ));
        }
        out.push(Space);
        body(&self.report.latest.body, &mut out);
        self.signature(&self.report, &mut out);
        for addendum in &self.addenda {
            out.extend([
                Space,
                Rule,
                Text(
                    Style::Heading,
                    format!(
                        "Addendum {}, version {}",
                        addendum.id, addendum.latest.version
                    ),
                ),
            ]);
            if let Some(retraction) = &addendum.retraction {
                out.push(Text(
                    Style::Warning,
                    format!(
                        "Entered in error, said {}: {}",
                        self.moment(retraction.at),
                        retraction.reason
                    ),
                ));
            }
            body(&addendum.latest.body, &mut out);
            self.signature(addendum, &mut out);
        }
        if let Some((letter, _)) = &self.letter {
            out.push(Space);
            for copy in &letter.copies {
                out.push(Text(Style::Body, format!("Copy to: {}", copy.in_a_line())));
            }
        }
        out
    }

    /// From whom a letter comes, to whom it goes, and about whom it is.
    fn envelope(&self, out: &mut Vec<Block>) {
        use Block::{Rule, Space, Text};
        let Some((letter, copy)) = &self.letter else {
            return;
        };
        let mut address = |recipient: &Recipient| {
            out.push(Text(Style::Body, recipient.name().to_owned()));
            let lines = recipient.address().lines();
            out.extend(lines.map(|line| Text(Style::Body, line.to_owned())));
            out.push(Space);
        };
        // A copy goes into an envelope of its own.
        let copy = copy.and_then(|at| letter.copies.get(at));
        if let Some(copy) = copy {
            address(copy);
        }
        if copy.is_some() {
            out.push(Text(Style::Heading, "Copy of a letter to:".into()));
        }
        out.push(Text(Style::Body, letter.to.name().to_owned()));
        let lines = letter.to.address().lines();
        out.extend(lines.map(|line| Text(Style::Body, line.to_owned())));
        out.push(Space);
        let day = letter.made_at.to_zoned(self.zone.clone()).date();
        let from = if self.practice.is_empty() {
            day.to_string()
        } else {
            format!("{}, {day}", self.practice)
        };
        out.push(Text(Style::Body, from));
        out.push(Text(Style::Heading, format!("Re: {}", self.identity())));
        out.extend([Rule, Space]);
    }

    /// Printed name, time and meaning, as 21 CFR 11.50 asks for.
    fn signature(&self, report: &Report, out: &mut Vec<Block>) {
        out.push(Block::Space);
        match &report.signature {
            None => out.push(Block::Text(Style::Warning, "Not signed.".into())),
            Some(s) => {
                out.push(Block::Text(
                    Style::Body,
                    format!("Signed by {}", s.signer_name),
                ));
                out.push(Block::Text(
                    Style::Small,
                    format!(
                        "{}; meaning: {}; version {}; identified by: {}",
                        self.moment(s.signed_at),
                        s.meaning,
                        s.version,
                        s.authentication.as_str()
                    ),
                ));
                out.push(Block::Text(
                    Style::Small,
                    format!("SHA-256 of the signed text: {}", s.text_sha256),
                ));
            }
        }
    }
}

/// The text with its headings; where the parts are not the whole, the whole as it stands.
fn body(body: &ReportBody, out: &mut Vec<Block>) {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let joined: String = body
        .sections
        .iter()
        .map(|s| letters(&s.heading) + &letters(&s.text))
        .collect();
    let whole = [Section {
        heading: String::new(),
        text: body.text.clone(),
    }];
    // A report is printed as it was signed: parts that leave a word out must not stand for it.
    let sections = if joined == letters(&body.text) {
        &body.sections[..]
    } else {
        &whole
    };
    for (i, section) in sections.iter().enumerate() {
        if i > 0 {
            out.push(Block::Space);
        }
        if !section.heading.is_empty() {
            out.push(Block::Text(Style::Heading, section.heading.clone()));
        }
        for line in section.text.lines() {
            if line.trim().is_empty() {
                out.push(Block::Space);
            } else {
                out.push(Block::Text(Style::Body, line.trim_end().to_owned()));
            }
        }
    }
}

/// Cuts blocks into pages. A heading is not left alone at the foot of a page, and no page begins with space.
pub fn pages(blocks: &[Block], sheet: &dyn Sheet) -> Vec<Vec<Line>> {
    let mut pages: Vec<Vec<Line>> = vec![Vec::new()];
    let mut used = 0.0;
    let mut lines: Vec<(Line, bool)> = Vec::new();
    for block in blocks {
        match block {
            Block::Space => lines.push((Line::Space, false)),
            Block::Rule => lines.push((Line::Rule, true)),
            Block::Text(style, text) => {
                let keeps = matches!(style, Style::Title | Style::Heading);
                lines.extend(
                    broken(*style, text, sheet)
                        .into_iter()
                        .map(|text| (Line::Text(*style, text), keeps)),
                );
            }
        }
    }
    let mut at = 0;
    while at < lines.len() {
        // A line and those that it must not be parted from.
        let mut end = at + 1;
        while end < lines.len() && lines[end - 1].1 {
            end += 1;
        }
        let needed: f32 = lines[at..end].iter().map(|(l, _)| sheet.height(l)).sum();
        let fits_alone = needed <= sheet.page_height();
        if used + needed > sheet.page_height() && used > 0.0 && fits_alone {
            pages.push(Vec::new());
            used = 0.0;
        }
        for (line, _) in &lines[at..end] {
            let height = sheet.height(line);
            if used + height > sheet.page_height() && used > 0.0 {
                pages.push(Vec::new());
                used = 0.0;
            }
            if used == 0.0 && *line == Line::Space {
                continue;
            }
            used += height;
            if let Some(page) = pages.last_mut() {
                page.push(line.clone());
            }
        }
        at = end;
    }
    pages
}

/// A text in lines that fit; a word that is too long for any is cut.
fn broken(style: Style, text: &str, sheet: &dyn Sheet) -> Vec<String> {
    let mut lines = Vec::new();
    let fits = |text: &str| sheet.width(style, text) <= sheet.line_width();
    let mut line = String::new();
    for word in text.split(' ') {
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while !fits(rest) {
            // At least one letter, so that it ends.
            let cut = rest
                .char_indices()
                .map(|(i, c)| i + c.len_utf8())
                .take_while(|end| fits(&rest[..*end]))
                .last()
                .or_else(|| rest.chars().next().map(char::len_utf8))
                .unwrap_or(rest.len());
            lines.push(rest[..cut].to_owned());
            rest = &rest[cut..];
        }
        line = rest.to_owned();
    }
    lines.push(line);
    lines
}

/// A sheet of letters that are all as wide as each other.
struct Letters;

/// Letters of a line of a text file.
const COLUMNS: usize = 78;

/// Lines of a page of a text file between head and foot.
const ROWS: usize = 56;

impl Sheet for Letters {
    fn width(&self, _: Style, text: &str) -> f32 {
        text.chars().count() as f32
    }
    fn line_width(&self) -> f32 {
        COLUMNS as f32
    }
    fn height(&self, _: &Line) -> f32 {
        1.0
    }
    fn page_height(&self) -> f32 {
        ROWS as f32
    }
}

/// The report as a text file. Pages end with a form feed.
pub fn text(paper: &Paper) -> String {
    let pages = pages(&paper.blocks(), &Letters);
    let rule = "-".repeat(COLUMNS);
    let mut out = String::new();
    for (i, page) in pages.iter().enumerate() {
        let mut line = |text: &str| {
            out.push_str(text.trim_end());
            out.push('\n');
        };
        for head in broken(Style::Small, &paper.identity(), &Letters) {
            line(&head);
        }
        if let Some(warning) = paper.warning() {
            line(&format!("*** {warning} ***"));
        }
        line(&rule);
        for text in page {
            match text {
                Line::Text(Style::Warning, text) => line(&format!("*** {text}")),
                Line::Text(_, text) => line(text),
                Line::Space => line(""),
                Line::Rule => line(&rule),
            }
        }
        line(&rule);
        for foot in [paper.document(), paper.printed()] {
            for foot in broken(Style::Small, &foot, &Letters) {
                line(&foot);
            }
        }
        line(&Paper::page_of(i + 1, pages.len()));
        if i + 1 < pages.len() {
            out.push('\u{c}');
        }
    }
    out
}

/// The report as a page that a browser prints; its style is a file of its own.
pub fn html(paper: &Paper, style: &str) -> String {
    let mut main = String::new();
    for block in paper.blocks() {
        let (tag, class, text) = match &block {
            Block::Space => continue,
            Block::Rule => {
                main.push_str("<hr>\n");
                continue;
            }
            Block::Text(Style::Title, text) => ("h1", "", text),
            Block::Text(Style::Heading, text) => ("h2", "", text),
            Block::Text(Style::Body, text) => ("p", "", text),
            Block::Text(Style::Small, text) => ("p", " class=\"small\"", text),
            Block::Text(Style::Warning, text) => ("p", " class=\"warning\"", text),
        };
        main.push_str(&format!("<{tag}{class}>{}</{tag}>\n", escaped(text)));
    }
    let warning = paper
        .warning()
        .map(|w| format!("<p class=\"warning\">{}</p>", escaped(w)))
        .unwrap_or_default();
    // The head and the foot of a table are repeated on every printed page.
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"{style}\">\n</head>\n<body>\n<table>\n\
         <thead><tr><th>{identity}{warning}</th></tr></thead>\n\
         <tfoot><tr><td class=\"small\">{document}<br>{printed}</td></tr></tfoot>\n\
         <tbody><tr><td>\n{main}</td></tr></tbody>\n</table>\n</body>\n</html>\n",
        title = escaped(&paper.title()),
        identity = escaped(&paper.identity()),
        document = escaped(&paper.document()),
        printed = escaped(&paper.printed()),
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ids::{DictationId, PatientId, ReportId, UserId};
    use crate::domain::patient::Sex;
    use crate::domain::report::{ReportVersion, Retraction};
    use crate::domain::signature::{Authentication, Signature};
    use jiff::civil::date;

    pub fn paper(text: &str) -> Paper {
        let at: Timestamp = "2026-03-03T09:30:00Z".parse().unwrap();
        let report = Report {
            id: ReportId::new(at),
            dictation_id: DictationId::new(at),
            patient_id: PatientId::new(at),
            parent_id: None,
            author_id: UserId::new(at),
            status: ReportStatus::Filed,
            latest: ReportVersion {
                report_id: ReportId::new(at),
                version: 3,
                body: ReportBody {
                    kind: "discharge_summary".into(),
                    text: text.into(),
                    ..ReportBody::default()
                },
                made_by: None,
                made_at: at,
            },
            signature: Some(Signature {
                signer_id: UserId::new(at),
                signer_name: "Anna Author, MD".into(),
                signed_at: at,
                meaning: "authorship".into(),
                authentication: Authentication::PasswordAndCode,
                version: 3,
                text_sha256: "ab".repeat(32),
            }),
            filed_at: Some(at),
            retraction: None,
        };
        Paper {
            practice: "Practice <One>".into(),
            patient: Patient {
                id: PatientId::new(at),
                mrn: "A-1".parse().unwrap(),
                family: "Winter".into(),
                given: "Ada".into(),
                birth_date: date(1961, 3, 14),
                sex: Sex::Female,
            },
            author: "Anna Author, MD".into(),
            dictated_on: date(2026, 3, 2),
            encounter: Some((date(2026, 3, 1), "Ward 7".into())),
            report,
            addenda: Vec::new(),
            letter: None,
            printed_at: at,
            printed_by: "Sam Secretary".into(),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn every_page_names_the_patient_the_version_and_its_number() {
        let long: String = (0..150).map(|i| format!("Sentence {i} stays.\n")).collect();
        let printed = text(&paper(&long));
        let pages: Vec<&str> = printed.split('\u{c}').collect();
        assert_eq!(pages.len(), 3);
        for (i, page) in pages.iter().enumerate() {
            for part in [
                "Winter, Ada   born 1961-03-14   record A-1".to_owned(),
                "version 3".into(),
                format!("Page {} of 3", i + 1),
                "Printed 2026-03-03 09:30 UTC by Sam Secretary".into(),
            ] {
                assert!(page.contains(&part), "{part}: {page}");
            }
            assert!(page.lines().all(|l| l.chars().count() <= COLUMNS));
        }
        for i in 0..150 {
            assert_eq!(printed.matches(&format!("Sentence {i} stays.")).count(), 1);
        }
        assert!(printed.contains(
            "Discharge summary\nDictated 2026-03-02 by Anna Author, MD; visit of 2026-03-01, Ward 7"
        ));
        assert!(printed.contains(
            "Signed by Anna Author, MD\n2026-03-03 09:30 UTC; meaning: authorship; version 3;"
        ));
    }

    #[test]
    fn a_heading_is_not_parted_from_its_text() {
        for lines in 40..60 {
            let mut paper = paper("");
            let filler = "x\n".repeat(lines);
            paper.report.latest.body.text = format!("{filler}Plan\nRest.");
            paper.report.latest.body.sections = vec![
                Section {
                    heading: String::new(),
                    text: filler,
                },
                Section {
                    heading: "Plan".into(),
                    text: "Rest.".into(),
                },
            ];
            let pages = pages(&paper.blocks(), &Letters);
            let last = |page: &Vec<Line>| page.last().cloned();
            for page in &pages {
                assert_ne!(
                    last(page),
                    Some(Line::Text(Style::Heading, "Plan".into())),
                    "{lines}"
                );
                assert!(page.len() <= ROWS);
            }
        }
    }

    #[test]
    fn sections_that_leave_a_word_out_do_not_stand_for_the_report() {
        let mut paper = paper("Plan: no apixaban.");
        paper.report.latest.body.sections = vec![Section {
            heading: "Plan".into(),
            text: "apixaban.".into(),
        }];
        assert!(text(&paper).contains("Plan: no apixaban."));
    }

    #[test]
    fn what_must_not_be_overlooked_stands_on_every_page() {
        let mut paper = paper("Text.");
        assert_eq!(paper.warning(), None);
        paper.report.retraction = Some(Retraction {
            by: paper.report.author_id,
            at: paper.printed_at,
            reason: "other patient".into(),
        });
        let printed = text(&paper);
        assert!(printed.contains("*** ENTERED IN ERROR - not valid ***"));
        assert!(printed.contains("Entered in error, said 2026-03-03 09:30 UTC: other patient"));
        paper.report.retraction = None;
        paper.report.signature = None;
        paper.report.status = ReportStatus::Draft;
        let printed = text(&paper);
        assert!(printed.contains("DRAFT - not signed") && printed.contains("Not signed."));
    }

    #[test]
    fn an_addendum_stands_below_with_its_own_signature() {
        let mut paper = paper("First text.");
        let mut addendum = paper.report.clone();
        addendum.parent_id = Some(paper.report.id);
        addendum.latest.body.text = "Second text.".into();
        addendum.latest.version = 1;
        paper.addenda.push(addendum);
        let printed = text(&paper);
        let (first, second) = (
            printed.find("First text.").unwrap(),
            printed.find("Second text.").unwrap(),
        );
        assert!(first < second);
        assert_eq!(printed.matches("Signed by Anna Author, MD").count(), 2);
        assert!(printed.contains(", version 1"));
    }

    #[test]
    fn a_letter_names_whom_it_goes_to_and_who_gets_a_copy() {
        let mut paper = paper("Text.");
        let letter = Letter {
            id: crate::domain::ids::LetterId::new(paper.printed_at),
            report_id: paper.report.id,
            to: Recipient::new("Dr. Lee", "1 High St\nOxford").unwrap(),
            copies: vec![
                Recipient::new("Dr. Marsh", "2 Low St").unwrap(),
                Recipient::new("Family physician", "").unwrap(),
            ],
            made_by: paper.report.author_id,
            made_at: paper.printed_at,
            withdrawal: None,
        };
        paper.letter = Some((letter.clone(), None));
        let printed = text(&paper);
        assert!(
            printed.contains(
                "Dr. Lee\n1 High St\nOxford\n\nPractice <One>, 2026-03-03\nRe: Winter, Ada"
            )
        );
        assert!(printed.contains("Copy to: Dr. Marsh, 2 Low St\nCopy to: Family physician\n"));
        assert!(!printed.contains("Copy of a letter"));
        paper.letter = Some((letter.clone(), Some(0)));
        let copy = text(&paper);
        assert!(copy.contains("Dr. Marsh\n2 Low St\n\nCopy of a letter to:\nDr. Lee\n1 High St"));
        assert!(
            copy.contains("Copy to: Dr. Marsh"),
            "each sees who else has it"
        );
        let withdrawal = crate::domain::letter::Withdrawal {
            by: letter.made_by,
            at: letter.made_at,
            reason: "other Lee".into(),
        };
        let letter = Letter {
            withdrawal: Some(withdrawal),
            ..letter
        };
        paper.letter = Some((letter, None));
        assert!(text(&paper).contains("*** LETTER WITHDRAWN - not to be sent ***"));
    }

    #[test]
    fn a_browser_gets_no_tags_of_the_text() {
        let page = html(&paper("BP < 140 & <script>alert(1)</script>"), "/print.css");
        assert!(page.contains("BP &lt; 140 &amp; &lt;script&gt;"));
        assert!(page.contains("Practice &lt;One&gt;"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn a_word_that_is_too_long_is_cut_and_nothing_is_lost() {
        let word = "ä".repeat(200);
        let lines = broken(Style::Body, &format!("a {word} b"), &Letters);
        assert!(lines.iter().all(|l| l.chars().count() <= COLUMNS));
        assert_eq!(lines.concat().matches('ä').count(), 200);
    }
}
