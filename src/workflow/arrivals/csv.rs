//! Comma-separated values as RFC 4180 has them, read and written. Spreadsheets of some countries part by semicolons, and
//! tabs are common: the first line decides.

/// A record that cannot be read: its line, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// The records of a text, each with the line where it begins. Empty lines are left out.
pub fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, Broken> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut out = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let (mut line, mut begun) = (1, 1);
    let (mut quoted, mut was_quoted) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => field.push(c),
            '"' if field.trim().is_empty() && !was_quoted => {
                field.clear();
                (quoted, was_quoted) = (true, true);
            }
            '"' => {
                return Err(Broken {
                    line,
                    reason: "a quotation mark stands within a value; write the value in quotation marks and this one twice",
                });
            }
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                record.push(std::mem::take(&mut field));
                end(&mut out, begun, std::mem::take(&mut record));
                was_quoted = false;
                begun = line;
            }
            c if c == separator => {
                record.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            c if was_quoted && !c.is_whitespace() => {
                return Err(Broken {
                    line,
                    reason: "text follows a value in quotation marks",
                });
            }
            _ if was_quoted => {}
            c => field.push(c),
        }
    }
    if quoted {
        return Err(Broken {
            line: begun,
            reason: "a quotation mark is never closed",
        });
    }
    record.push(field);
    end(&mut out, begun, record);
    Ok(out)
}

fn end(out: &mut Vec<(usize, Vec<String>)>, line: usize, record: Vec<String>) {
    if record.iter().any(|field| !field.trim().is_empty()) {
        out.push((line, record));
    }
}

/// What parts the values: of the three, the one that the first line has most of.
fn separator(text: &str) -> char {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
    [',', ';', '\t']
        .into_iter()
        .rev()
        .max_by_key(|c| first.matches(*c).count())
        .unwrap_or(',')
}

/// A record as a line.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields: Vec<String> = fields
        .into_iter()
        .map(|field| {
            if field.contains(['"', ',', ';', '\t', '\n', '\r']) || field.trim() != field {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.to_owned()
            }
        })
        .collect();
    fields.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        records(text).unwrap()
    }

    fn strings(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|f| (*f).to_owned()).collect()
    }

    #[test]
    fn the_first_line_says_what_parts_the_values() {
        for (text, separator) in [
            ("a,b\n1,2;3", ','),
            ("a;b;c\n1,2", ';'),
            ("a\tb", '\t'),
            ("a", ','),
        ] {
            assert_eq!(super::separator(text), separator, "{text:?}");
        }
        assert_eq!(
            read("\u{feff}file;mrn\r\n1,5.wav;A-1\r\n"),
            [
                (1, strings(&["file", "mrn"])),
                (2, strings(&["1,5.wav", "A-1"]))
            ]
        );
    }

    #[test]
    fn quotation_marks_hold_everything_together_and_lines_are_counted() {
        assert_eq!(
            read("a,b\n\n\"x, \"\"y\"\"\nz\" ,2\n3,4"),
            [
                (1, strings(&["a", "b"])),
                (3, strings(&["x, \"y\"\nz", "2"])),
                (5, strings(&["3", "4"])),
            ]
        );
    }

    #[test]
    fn a_broken_quotation_is_named_by_its_line() {
        assert_eq!(records("a,b\n1,\"2").unwrap_err().line, 2);
        assert_eq!(records("a,b\n1,2\"3\"").unwrap_err().line, 2);
        assert_eq!(records("a\n\"1\"2").unwrap_err().line, 2);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in proptest::collection::vec(
            proptest::collection::vec("[a-z\",;\t\n ]{0,6}", 3), 1..5
        )) {
            let head = line(["a", "b", "c"]);
            let text: String = rows.iter().map(|row| line(row.iter().map(String::as_str))).collect();
            let kept: Vec<Vec<String>> = rows
                .into_iter()
                .filter(|row| row.iter().any(|f| !f.trim().is_empty()))
                .collect();
            let found: Vec<Vec<String>> = read(&(head + &text)).into_iter().skip(1).map(|(_, r)| r).collect();
            prop_assert_eq!(found, kept);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,80}") {
            let _ = records(&text);
        }
    }
}
