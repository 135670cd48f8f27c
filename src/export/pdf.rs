//! A report as a PDF: A4, the letters that it uses embedded, so that it looks the same everywhere.

use super::print::{Line, Paper, Sheet, Style, pages};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::collections::BTreeMap;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

/// Size of the page and of its margins, points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 57.0;

/// Heights of head and foot.
const HEAD: f32 = 44.0;
const FOOT: f32 = 48.0;

const REGULAR: &[u8] = include_bytes!("fonts/OpenSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/OpenSans-Bold.ttf");

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
#[error("the built-in font cannot be used: {0}")]
pub struct PdfError(String);

/// A font, and which of its letters are used.
struct Font {
    face: Face<'static>,
    data: &'static [u8],
    used: GlyphRemapper,
    /// Number in the PDF: what it stands for, and how wide it is in thousandths of the size.
    letters: BTreeMap<u16, (char, f32)>,
}

impl Font {
    fn new(data: &'static [u8]) -> Result<Self, PdfError> {
        Ok(Self {
            face: Face::parse(data, 0).map_err(|e| PdfError(e.to_string()))?,
            data,
            used: GlyphRemapper::new(),
            letters: BTreeMap::new(),
        })
    }

    /// The glyph of a letter; a letter that the font does not have is shown as one that says so.
    fn glyph(&self, letter: char) -> GlyphId {
        [letter, '\u{fffd}', '?']
            .into_iter()
            .find_map(|c| self.face.glyph_index(c))
            .unwrap_or(GlyphId(0))
    }

    /// Width of a glyph in thousandths of the size.
    fn advance(&self, glyph: GlyphId) -> f32 {
        let units = f32::from(self.face.units_per_em());
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * 1000.0 / units
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        let thousandths: f32 = text.chars().map(|c| self.advance(self.glyph(c))).sum();
        thousandths * size / 1000.0
    }

    /// A text as the numbers of its letters.
    fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() * 2);
        for letter in text.chars() {
            let glyph = self.glyph(letter);
            let number = self.used.remap(glyph.0);
            let advance = self.advance(glyph);
            self.letters.entry(number).or_insert((letter, advance));
            out.extend(number.to_be_bytes());
        }
        out
    }
}

/// The two fonts, measuring.
struct Fonts {
    regular: Font,
    bold: Font,
}

fn is_bold(style: Style) -> bool {
    matches!(style, Style::Title | Style::Heading | Style::Warning)
}

fn size(style: Style) -> f32 {
    match style {
        Style::Title => 15.0,
        Style::Heading => 10.5,
        Style::Body => 10.0,
        Style::Small => 8.0,
        Style::Warning => 9.0,
    }
}

impl Fonts {
    fn of(&self, style: Style) -> &Font {
        if is_bold(style) {
            &self.bold
        } else {
            &self.regular
        }
    }

    fn of_mut(&mut self, style: Style) -> &mut Font {
        if is_bold(style) {
            &mut self.bold
        } else {
            &mut self.regular
        }
    }
}

impl Sheet for Fonts {
    fn width(&self, style: Style, text: &str) -> f32 {
        self.of(style).width(text, size(style))
    }
    fn line_width(&self) -> f32 {
        PAGE.0 - 2.0 * MARGIN
    }
    fn height(&self, line: &Line) -> f32 {
        match line {
            Line::Text(style, _) => size(*style) * 1.45,
            Line::Space => 8.0,
            Line::Rule => 10.0,
        }
    }
    fn page_height(&self) -> f32 {
        PAGE.1 - 2.0 * MARGIN - HEAD - FOOT
    }
}

/// Names of the fonts within the PDF.
const NAMES: [Name<'static>; 2] = [Name(b"F1"), Name(b"F2")];

fn put(content: &mut Content, fonts: &mut Fonts, style: Style, (x, y): (f32, f32), text: &str) {
    let letters = fonts.of_mut(style).encode(text);
    content.begin_text();
    content.set_font(NAMES[usize::from(is_bold(style))], size(style));
    content.next_line(x, y);
    content.show(Str(&letters));
    content.end_text();
}

fn rule(content: &mut Content, y: f32) {
    content.set_line_width(0.5);
    content.move_to(MARGIN, y);
    content.line_to(PAGE.0 - MARGIN, y);
    content.stroke();
}

/// As much of a text as fits into a line, which a name of two hundred letters does not.
fn shortened(fonts: &Fonts, style: Style, text: &str, room: f32) -> String {
    let mut text = text.to_owned();
    while fonts.width(style, &text) > room && text.pop().is_some() {}
    text
}

/// The report as a PDF.
///
/// # Errors
/// [`PdfError`] where the built-in font is damaged.
pub fn pdf(paper: &Paper) -> Result<Vec<u8>, PdfError> {
    let mut fonts = Fonts {
        regular: Font::new(REGULAR)?,
        bold: Font::new(BOLD)?,
    };
    let pages = pages(&paper.blocks(), &fonts);
    let mut contents = Vec::new();
    for (i, page) in pages.iter().enumerate() {
        contents.push(draw(paper, &mut fonts, page, (i + 1, pages.len())));
    }

    let mut next = 1;
    let mut fresh = || {
        next += 1;
        Ref::new(next - 1)
    };
    let (catalog, tree, info) = (fresh(), fresh(), fresh());
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree);
    root.lang(TextStr("en"));
    root.finish();
    pdf.document_info(info)
        .title(TextStr(&paper.title()))
        .author(TextStr(&paper.author))
        .producer(TextStr("Osler"));
    let font_refs = [fresh(), fresh()];
    let page_refs: Vec<(Ref, Ref)> = contents.iter().map(|_| (fresh(), fresh())).collect();
    pdf.pages(tree)
        .kids(page_refs.iter().map(|(page, _)| *page))
        .count(i32::try_from(contents.len()).unwrap_or(i32::MAX));
    for ((page_ref, content_ref), content) in page_refs.iter().zip(&contents) {
        let mut page = pdf.page(*page_ref);
        page.parent(tree)
            .media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1))
            .contents(*content_ref);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for (name, font) in NAMES.iter().zip(font_refs) {
            named.pair(*name, font);
        }
        named.finish();
        resources.finish();
        page.finish();
        pdf.stream(*content_ref, content);
    }
    let names = [
        &b"OSLRAA+OpenSans-Regular"[..],
        &b"OSLRAB+OpenSans-Bold"[..],
    ];
    for ((font, name), id) in [&fonts.regular, &fonts.bold]
        .into_iter()
        .zip(names)
        .zip(font_refs)
    {
        embed(&mut pdf, font, Name(name), id, &mut fresh)?;
    }
    Ok(pdf.finish())
}

fn draw(paper: &Paper, fonts: &mut Fonts, lines: &[Line], (page, of): (usize, usize)) -> Vec<u8> {
    let mut content = Content::new();
    let room = fonts.line_width();
    let top = PAGE.1 - MARGIN;
    let identifiers = paper.identifiers();
    let behind = room - fonts.width(Style::Heading, &identifiers);
    let name = shortened(fonts, Style::Heading, &paper.name(), behind - 12.0);
    for (x, text) in [(0.0, &name), (behind, &identifiers)] {
        let at = (MARGIN + x, top - 10.0);
        put(&mut content, fonts, Style::Heading, at, text);
    }
    if let Some(warning) = paper.warning() {
        put(
            &mut content,
            fonts,
            Style::Warning,
            (MARGIN, top - 24.0),
            warning,
        );
    }
    rule(&mut content, top - 32.0);
    let mut y = top - HEAD;
    for line in lines {
        let height = fonts.height(line);
        y -= height;
        match line {
            // The baseline lies above the foot of the line.
            Line::Text(style, text) => {
                let base = y + height * 0.28;
                put(&mut content, fonts, *style, (MARGIN, base), text);
            }
            Line::Space => {}
            Line::Rule => rule(&mut content, y + height / 2.0),
        }
    }
    let foot = MARGIN + FOOT - 14.0;
    rule(&mut content, foot);
    let number = Paper::page_of(page, of);
    let width = fonts.width(Style::Small, &number);
    let at = (PAGE.0 - MARGIN - width, foot - 12.0);
    put(&mut content, fonts, Style::Small, at, &number);
    for (row, text) in [(12.0, paper.document()), (24.0, paper.printed())] {
        let text = shortened(fonts, Style::Small, &text, room - width - 12.0);
        put(
            &mut content,
            fonts,
            Style::Small,
            (MARGIN, foot - row),
            &text,
        );
    }
    content.finish().to_vec()
}

/// Writes a font with the letters that are used.
fn embed(
    pdf: &mut Pdf,
    font: &Font,
    name: Name<'_>,
    id: Ref,
    fresh: &mut impl FnMut() -> Ref,
) -> Result<(), PdfError> {
    let (cid, descriptor, file, cmap) = (fresh(), fresh(), fresh(), fresh());
    let system = SystemInfo {
        registry: Str(b"Adobe"),
        ordering: Str(b"Identity"),
        supplement: 0,
    };
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(cmap);
    let mut cid_font = pdf.cid_font(cid);
    cid_font
        .subtype(CidFontType::Type2)
        .base_font(name)
        .system_info(system)
        .font_descriptor(descriptor)
        .default_width(0.0)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid_font.widths();
    for (number, (_, width)) in &font.letters {
        widths.same(*number, *number, *width);
    }
    widths.finish();
    cid_font.finish();
    let face = &font.face;
    let scale = |units: i16| f32::from(units) * 1000.0 / f32::from(face.units_per_em());
    let bbox = face.global_bounding_box();
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(
            scale(bbox.x_min),
            scale(bbox.y_min),
            scale(bbox.x_max),
            scale(bbox.y_max),
        ))
        .italic_angle(0.0)
        .ascent(scale(face.ascender()))
        .descent(scale(face.descender()))
        .cap_height(scale(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(80.0)
        .font_file2(file);
    let subset =
        subsetter::subset(font.data, 0, &font.used).map_err(|e| PdfError(e.to_string()))?;
    pdf.stream(file, &subset);
    let mut map = UnicodeCmap::new(Name(b"Osler"), system);
    for (number, (letter, _)) in &font.letters {
        map.pair(*number, *letter);
    }
    pdf.cmap(cmap, &map.finish());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::print::tests::paper;
    use super::*;

    #[test]
    fn a_report_of_many_pages_has_them_with_its_fonts() {
        let long: String = (0..200)
            .map(|i| format!("Sentence {i}: Größe 5 µg, α-Blocker.\n"))
            .collect();
        let bytes = pdf(&paper(&long)).unwrap();
        assert!(bytes.starts_with(b"%PDF-1."));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.trim_end().ends_with("%%EOF"));
        let count = text.matches("/MediaBox").count();
        assert!(count >= 4, "{count}");
        assert_eq!(text.matches("/FontFile2").count(), 2);
    }

    #[test]
    fn letters_are_measured_and_those_that_are_missing_are_shown() {
        let mut font = Font::new(REGULAR).unwrap();
        assert!(font.width("mmm", 10.0) > font.width("iii", 10.0) * 2.0);
        assert_eq!(font.encode("aba").len(), 6);
        assert_eq!(font.letters.len(), 2);
        let unknown = font.glyph('\u{4e2d}');
        assert_ne!(unknown, font.glyph('a'));
        assert!(font.advance(unknown) > 0.0);
    }

    #[test]
    fn a_name_of_any_length_stays_on_the_page() {
        let mut paper = paper("Text.");
        paper.patient.family = "Maximiliane".repeat(40);
        let fonts = Fonts {
            regular: Font::new(REGULAR).unwrap(),
            bold: Font::new(BOLD).unwrap(),
        };
        let short = shortened(&fonts, Style::Heading, &paper.name(), 300.0);
        assert!(fonts.width(Style::Heading, &short) <= 300.0);
        assert!(short.len() > 20);
        assert!(pdf(&paper).is_ok());
    }
}
