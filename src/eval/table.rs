//! Columns for a terminal.

/// Text columns left-aligned (the first `left`), the others right-aligned, two spaces apart. Rows may be shorter than
/// the first, which is the header.
pub fn table(left: usize, rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[column] - cell.chars().count());
            if column > 0 {
                line.push_str("  ");
            }
            if column < left {
                line.push_str(cell);
                line.push_str(&space);
            } else {
                line.push_str(&space);
                line.push_str(cell);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One decimal, or "-" where there is no figure.
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["name".to_owned(), "WER".to_owned()],
            vec!["caf\u{e9}".to_owned(), figure(Some(12.34))],
            vec!["a longer one".to_owned(), figure(None)],
        ];
        assert_eq!(
            table(1, &rows),
            "name           WER\ncaf\u{e9}          12.3\na longer one     -\n"
        );
    }
}
