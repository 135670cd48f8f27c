//! The dictionary files: where their text comes from, and that every line of them is what it claims to be.
//!
//! The set is embedded, so that the one binary runs anywhere; a folder of the same files replaces it as a whole. The
//! texts stay as they are (`Cow`), with the starts of their lines beside them: lookups search the sorted text itself.

use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::Path;
use std::sync::OnceLock;

/// A file of the set. All have one header line, tabs between columns, and lines sorted bytewise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File {
    /// Medical terms with category and tier.
    Terms,
    /// General English with frequencies.
    English,
    /// Rare English: a word that it has is not flagged, and never offered.
    Rare,
    /// Abbreviations and what they stand for.
    Abbreviations,
    /// Units as spoken and as written.
    Units,
    /// Headings as spoken and as written.
    Sections,
    /// What a report must not contain.
    DoNotUse,
    /// Drug names that are taken for one another.
    Lookalikes,
    /// Types of documents and the sections that they must have.
    Documents,
    /// Drugs and the greatest dose in their product information.
    DoseLimits,
}

/// Every file, in the order in which the version is computed.
pub const FILES: [File; 10] = [
    File::Terms,
    File::English,
    File::Rare,
    File::Abbreviations,
    File::Units,
    File::Sections,
    File::DoNotUse,
    File::Lookalikes,
    File::Documents,
    File::DoseLimits,
];

impl File {
    /// Name within the folder.
    pub fn name(self) -> &'static str {
        match self {
            File::Terms => "terms.tsv",
            File::English => "english.tsv",
            File::Rare => "rare.tsv",
            File::Abbreviations => "abbreviations.tsv",
            File::Units => "units.tsv",
            File::Sections => "sections.tsv",
            File::DoNotUse => "do_not_use.tsv",
            File::Lookalikes => "lookalikes.tsv",
            File::Documents => "documents.tsv",
            File::DoseLimits => "dose_limits.tsv",
        }
    }

    /// The header line.
    pub fn header(self) -> &'static str {
        match self {
            File::Terms => "key\tcategory\ttier\tweight\twritten\tgeneric\tsources",
            File::English => "key\tzipf\twritten",
            File::Rare => "key",
            File::Abbreviations => "key\twritten\trank\texpansion\tsource",
            File::Units => "key\twritten\tucum\tsource",
            File::Sections => "key\theading\tcategory\tspecialty\tsource",
            File::DoNotUse => "key\twrite_instead\treason\tapplies_to\tscope\tseverity",
            File::Lookalikes => "key\tother\ttall\ttall_other\tscore\tsource",
            File::Documents => "key\tsection\tcategories\tneed\tsource",
            File::DoseLimits => "key\tmost\tunit\tbasis\tsource",
        }
    }

    fn embedded(self) -> &'static str {
        match self {
            File::Terms => include_str!("../../dictionaries/en/terms.tsv"),
            File::English => include_str!("../../dictionaries/en/english.tsv"),
            File::Rare => include_str!("../../dictionaries/en/rare.tsv"),
            File::Abbreviations => include_str!("../../dictionaries/en/abbreviations.tsv"),
            File::Units => include_str!("../../dictionaries/en/units.tsv"),
            File::Sections => include_str!("../../dictionaries/en/sections.tsv"),
            File::DoNotUse => include_str!("../../dictionaries/en/do_not_use.tsv"),
            File::Lookalikes => include_str!("../../dictionaries/en/lookalikes.tsv"),
            File::Documents => include_str!("../../dictionaries/en/documents.tsv"),
            File::DoseLimits => include_str!("../../dictionaries/en/dose_limits.tsv"),
        }
    }

    /// Whether a key may stand on one line only.
    fn keys_are_unique(self) -> bool {
        matches!(
            self,
            File::Terms | File::English | File::Rare | File::DoseLimits
        )
    }

    /// What is wrong with a line.
    fn fault(self, line: &str) -> Option<String> {
        let wanted = self.columns();
        let found = count_of(line, b'\t') + 1;
        if found != wanted {
            return Some(format!(
                "{found} columns where {wanted} belong ({})",
                self.header().replace('\t', ", ")
            ));
        }
        if line.is_empty() || line.starts_with('\t') {
            return Some("the first column is empty".into());
        }
        if wanted == 1 {
            return None;
        }
        let mut column = [""; MOST_COLUMNS];
        for (slot, text) in column.iter_mut().zip(line.split('\t')) {
            *slot = text;
        }
        match self {
            File::Terms => {
                if Category::parse(column[1]).is_none() {
                    return Some(format!("unknown category \"{}\"", column[1]));
                }
                if !matches!(column[2], "1" | "2") {
                    return Some(format!("tier \"{}\" is neither 1 nor 2", column[2]));
                }
                if column[3].parse::<u8>().is_err() {
                    return Some(format!("weight \"{}\" is no small number", column[3]));
                }
                // Suggestions walk key and written form side by side, word by word.
                let (key, written) = (column[0], column[4]);
                (!written.is_empty() && spaces(key) != spaces(written))
                    .then(|| format!("\"{written}\" has not as many words as \"{key}\""))
            }
            File::English => (!column[1].is_empty() && !column[1].parse().is_ok_and(in_scale))
                .then(|| format!("frequency \"{}\" is not between 0 and 9", column[1])),
            File::Abbreviations => column[2]
                .parse::<u8>()
                .is_err()
                .then(|| format!("rank \"{}\" is no small number", column[2])),
            File::Lookalikes => (!column[4].parse().is_ok_and(in_scale))
                .then(|| format!("score \"{}\" is no number", column[4])),
            File::Documents => (!matches!(column[3], "must" | "should"))
                .then(|| format!("need \"{}\" is neither must nor should", column[3])),
            File::DoseLimits => {
                if !column[1].parse::<f64>().is_ok_and(|most| most > 0.0) {
                    return Some(format!("dose \"{}\" is no positive number", column[1]));
                }
                (!matches!(column[2], "mg" | "mEq" | "units"))
                    .then(|| format!("unit \"{}\" is none of mg, mEq, units", column[2]))
            }
            File::Rare | File::Units | File::Sections | File::DoNotUse => None,
        }
    }

    fn columns(self) -> usize {
        count_of(self.header(), b'\t') + 1
    }
}

/// The most columns that a file has.
const MOST_COLUMNS: usize = 7;

fn spaces(text: &str) -> usize {
    count_of(text, b' ')
}

fn count_of(text: &str, separator: u8) -> usize {
    text.bytes().filter(|b| *b == separator).count()
}

fn in_scale(number: f32) -> bool {
    (0.0..=9.0).contains(&number)
}

macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a term is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Category { $($(#[$doc])* $name,)* }

        impl Category {
            /// From its written form.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// As written in the files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

categories! {
    /// A part of the body.
    Anatomy = "anatomy",
    /// A device, an instrument, a suture.
    Device = "device",
    /// A disease.
    Disease = "disease",
    /// An infectious disease.
    InfectiousDisease = "disease.infectious",
    /// A neoplasm.
    Neoplasm = "disease.neoplasm",
    /// A form that a drug comes in.
    DoseForm = "doseform",
    /// A drug or class of drugs that the sources do not sort further.
    Drug = "drug",
    /// A brand name.
    DrugBrand = "drug.brand",
    /// A generic name in use.
    DrugGeneric = "drug.generic",
    /// An international nonproprietary name without known use.
    DrugInn = "drug.inn",
    /// A name of a product that holds a drug.
    DrugProduct = "drug.product",
    /// A sign or symptom.
    Finding = "finding",
    /// An injury.
    Injury = "injury",
    /// A laboratory test or what it measures.
    Lab = "lab",
    /// Medical, not sorted.
    Other = "other",
    /// An organism.
    Organism = "organism",
    /// An operation or examination.
    Procedure = "procedure",
    /// A medical field or who works in it.
    Specialty = "specialty",
    /// A chemical substance.
    Substance = "substance",
    /// A word out of a longer term.
    Word = "word",
    /// The name of a person, a place or an institution.
    Name = "name",
}

impl Category {
    /// Whether it names a drug, so that another drug must never silently take its place.
    pub fn is_drug(self) -> bool {
        self.as_str().starts_with("drug")
    }
}

/// The dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is missing or cannot be read.
    #[error(
        "dictionary file {file}: {source}; the folder must hold every file of dictionaries/en, or leave \
         OSLER_DICTIONARIES unset to use the built-in set"
    )]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what the format says.
    #[error("dictionary file {file}, line {line}: {fault}")]
    Line {
        /// The file.
        file: String,
        /// Line number, from 1, the header included.
        line: usize,
        /// What is wrong.
        fault: String,
    },
}

/// A sorted file in memory.
#[derive(Debug, Clone)]
pub struct Table {
    text: Cow<'static, str>,
    /// Start of each line after the header, and the end of the text.
    starts: Vec<u32>,
}

impl Table {
    /// Checks every line of `text`; `name` is what an error calls the file.
    pub fn parse(file: File, name: &str, text: Cow<'static, str>) -> Result<Self, LoadError> {
        let error = |line: usize, fault: String| LoadError::Line {
            file: name.to_owned(),
            line,
            fault,
        };
        if u32::try_from(text.len()).is_err() {
            return Err(error(1, "the file is larger than 4 GB".into()));
        }
        let header = text.lines().next().unwrap_or("");
        if header != file.header() {
            return Err(error(
                1,
                format!(
                    "the header must read {}",
                    file.header().replace('\t', "<tab>")
                ),
            ));
        }
        let mut starts = Vec::with_capacity(text.len() / 16);
        let mut at = (header.len() + 1).min(text.len());
        let mut before = "";
        let unique = file.keys_are_unique();
        for (i, line) in text[at..].split_inclusive('\n').enumerate() {
            starts.push(at as u32);
            at += line.len();
            let number = i + 2;
            if line.as_bytes().ends_with(b"\r\n") {
                return Err(error(
                    number,
                    "the line ends as on Windows; save it with Unix line ends".into(),
                ));
            }
            let Some(line) = line.strip_suffix('\n') else {
                return Err(error(number, "the last line has no line end".into()));
            };
            if let Some(fault) = file.fault(line) {
                return Err(error(number, fault));
            }
            if line <= before {
                return Err(error(
                    number,
                    "it does not come after the line before it; sort the file bytewise (LC_ALL=C sort)".into(),
                ));
            }
            if unique && key(line) == key(before) {
                return Err(error(
                    number,
                    format!("\"{}\" stands there twice", key(line)),
                ));
            }
            before = line;
        }
        starts.push(at as u32);
        Ok(Self { text, starts })
    }

    /// Number of lines without the header.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A line without its end; empty where there is none.
    pub fn line(&self, n: usize) -> &str {
        match (self.starts.get(n), self.starts.get(n + 1)) {
            (Some(&from), Some(&to)) => {
                self.text[from as usize..to as usize].trim_end_matches('\n')
            }
            _ => "",
        }
    }

    /// Where a line begins in the whole text.
    pub(super) fn start(&self, n: usize) -> u32 {
        self.starts.get(n).copied().unwrap_or(0)
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Number of the first line whose key is `wanted`.
    pub fn find(&self, wanted: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.compare(middle, wanted) == Ordering::Less {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.len() && self.compare(low, wanted) == Ordering::Equal).then_some(low)
    }

    /// Compares the key of a line with `wanted`, without looking for the end of the key first.
    fn compare(&self, n: usize, wanted: &str) -> Ordering {
        let from = self.starts[n] as usize;
        let line = &self.text.as_bytes()[from..self.starts[n + 1] as usize];
        let wanted = wanted.as_bytes();
        let shared = line.len().min(wanted.len());
        line[..shared]
            .cmp(&wanted[..shared])
            .then_with(|| match line.get(shared) {
                // The end of a key sorts before every character of a longer one.
                None => Ordering::Less,
                Some(b'\t' | b'\n') => Ordering::Equal,
                Some(_) => Ordering::Greater,
            })
    }

    /// The columns of every line with this key, in their order.
    pub fn rows<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = Vec<&'a str>> + 'a {
        let first = self.find(wanted).unwrap_or(self.len());
        (first..self.len())
            .map(|n| self.line(n))
            .take_while(move |line| key(line) == wanted)
            .map(|line| line.split('\t').collect())
    }
}

/// The first column.
fn key(line: &str) -> &str {
    let end = line.bytes().position(|b| b == b'\t');
    &line[..end.unwrap_or(line.len())]
}

/// The whole set, checked.
#[derive(Debug, Clone)]
pub struct Tables {
    tables: Vec<Table>,
    version: OnceLock<String>,
}

impl Tables {
    /// The set that is built into the program.
    pub fn embedded() -> Result<Self, LoadError> {
        Self::build(|file| Ok((file.name().to_owned(), Cow::Borrowed(file.embedded()))))
    }

    /// The files of a folder; every file must be there.
    pub fn from_dir(folder: &Path) -> Result<Self, LoadError> {
        Self::build(|file| {
            let path = folder.join(file.name());
            let name = path.display().to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => Ok((name, Cow::Owned(text))),
                Err(source) => Err(LoadError::Read { file: name, source }),
            }
        })
    }

    /// The folder if one is given, else the built-in set.
    pub fn open(folder: Option<&Path>) -> Result<Self, LoadError> {
        folder.map_or_else(Self::embedded, Self::from_dir)
    }

    fn build(
        read: impl Fn(File) -> Result<(String, Cow<'static, str>), LoadError>,
    ) -> Result<Self, LoadError> {
        let mut tables = Vec::with_capacity(FILES.len());
        for file in FILES {
            let (name, text) = read(file)?;
            tables.push(Table::parse(file, &name, text)?);
        }
        Ok(Self {
            tables,
            version: OnceLock::new(),
        })
    }

    /// One file.
    pub fn table(&self, file: File) -> &Table {
        // `FILES` lists the variants in their order, and `build` makes one table for each.
        &self.tables[file as usize]
    }

    /// SHA-256 (hex) over all files: names what a transcript was made with. Computed when it is first asked for.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let mut hash = Sha256::new();
            for (file, table) in FILES.into_iter().zip(&self.tables) {
                hash.update(file.name().as_bytes());
                hash.update((table.text.len() as u64).to_le_bytes());
                hash.update(table.text.as_bytes());
            }
            let digest = hash.finalize();
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(file: File, lines: &str) -> String {
        let text = format!("{}\n{lines}", file.header());
        Table::parse(file, "x.tsv", Cow::Owned(text))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_list_of_files_is_in_the_order_of_the_variants() {
        for (i, file) in FILES.into_iter().enumerate() {
            assert_eq!(file as usize, i);
            assert!(file.columns() <= MOST_COLUMNS);
        }
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        let cases = [
            (
                File::Rare,
                "b\na\n",
                "x.tsv, line 3: it does not come after",
            ),
            (File::Rare, "a\na\n", "line 3"),
            (File::Rare, "a\nb", "line 3: the last line has no line end"),
            (File::Rare, "a\r\n", "line 2: the line ends as on Windows"),
            (
                File::English,
                "a\t7.0\t\nb\tfew\t\n",
                "line 3: frequency \"few\"",
            ),
            (
                File::English,
                "a\t7.0\t\na\t7.1\t\n",
                "line 3: \"a\" stands there twice",
            ),
            (File::English, "a\tNaN\t\n", "line 2: frequency"),
            (File::English, "a\n", "line 2: 1 columns where 3 belong"),
            (
                File::English,
                "\t1.0\t\n",
                "line 2: the first column is empty",
            ),
            (
                File::Terms,
                "a\tpoem\t1\t3\t\t\t\n",
                "line 2: unknown category \"poem\"",
            ),
            (File::Terms, "a\tdrug\t3\t3\t\t\t\n", "line 2: tier \"3\""),
            (File::Terms, "a\tdrug\t1\tx\t\t\t\n", "line 2: weight"),
            (
                File::Terms,
                "a b\tdrug\t1\t3\tAB\t\t\n",
                "line 2: \"AB\" has not as many words",
            ),
            (File::Abbreviations, "a\tA\tx\tb\tc\n", "line 2: rank"),
            (File::Lookalikes, "a\tb\t\t\thigh\tc\n", "line 2: score"),
        ];
        for (file, lines, expected) in cases {
            let message = fault(file, lines);
            assert!(message.contains(expected), "{lines:?} gave {message}");
        }
    }

    #[test]
    fn a_wrong_header_is_line_one() {
        let error = Table::parse(File::Rare, "x.tsv", Cow::Borrowed("word\na\n")).unwrap_err();
        assert!(error.to_string().contains("x.tsv, line 1"), "{error}");
    }

    #[test]
    fn a_key_is_found_among_keys_that_begin_alike() {
        let text = "key\tzipf\twritten\nab\t1.0\t\nab c\t2.0\t\nabc\t3.0\t\n";
        let table = Table::parse(File::English, "x", Cow::Borrowed(text)).unwrap();
        assert_eq!(table.find("ab"), Some(0));
        assert_eq!(table.find("ab c"), Some(1));
        assert_eq!(table.find("abc"), Some(2));
        assert_eq!(table.find("a"), None);
        assert_eq!(table.find("zz"), None);
        assert_eq!(table.find(""), None);
    }

    #[test]
    fn an_empty_table_answers_nothing() {
        let table = Table::parse(File::Rare, "x", Cow::Borrowed("key\n")).unwrap();
        assert!(table.is_empty());
        assert_eq!(table.find("a"), None);
        assert_eq!(table.rows("a").count(), 0);
    }
}
