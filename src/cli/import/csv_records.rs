//! Records of a table as RFC 4180 writes them.
//!
//! Owns: cells, quotes, and the line on which each record begins. Refuses: what a cell means.

use anyhow::{anyhow, bail};

/// A record and the line on which it begins, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CsvRecord {
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

/// The records of a text; empty lines are none.
///
/// # Errors
/// The line on which a quote begins that nothing ends, or on which something follows one.
pub(super) fn records(text: &str) -> anyhow::Result<Vec<CsvRecord>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut all = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (record, behind) = record(rest, line)?;
        let read = &rest[..rest.len() - behind.len()];
        let is_empty = record.cells.iter().all(String::is_empty);
        if !is_empty {
            all.push(record);
        }
        line += read.matches('\n').count();
        rest = behind;
    }
    Ok(all)
}

/// The first record of a text, and what stands behind its end of line.
fn record(text: &str, line: usize) -> anyhow::Result<(CsvRecord, &str)> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, line)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                (rest[..end].trim_end_matches('\r').to_owned(), &rest[end..])
            }
        };
        cells.push(cell);
        let behind = behind.strip_prefix('\r').unwrap_or(behind);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                let behind = match behind.strip_prefix('\n') {
                    Some(behind) => behind,
                    None if behind.is_empty() => behind,
                    None => bail!("line {line}: something follows a quoted cell"),
                };
                return Ok((CsvRecord { line, cells }, behind));
            }
        }
    }
}

/// A cell whose opening quote has been read, and what stands behind its closing one.
fn quoted_cell(text: &str, line: usize) -> anyhow::Result<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let end = rest
            .find('"')
            .ok_or_else(|| anyhow!("line {line}: a quote is never closed"))?;
        cell.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Ok((cell, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(usize, &[&str])]) {
        let found = records(text).unwrap();
        let found: Vec<(usize, Vec<&str>)> = found
            .iter()
            .map(|own| (own.line, own.cells.iter().map(String::as_str).collect()))
            .collect();
        let expect: Vec<(usize, Vec<&str>)> = expect
            .iter()
            .map(|(line, cells)| (*line, cells.to_vec()))
            .collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn cells_are_read_with_their_quotes_and_lines() {
        check("", &[]);
        check("a,b\n", &[(1, &["a", "b"])]);
        check("a,b\r\n\r\nc,\r\n", &[(1, &["a", "b"]), (3, &["c", ""])]);
        check(
            "\"a,\"\"b\"\"\nc\",d\ne",
            &[(1, &["a,\"b\"\nc", "d"]), (3, &["e"])],
        );
        check("\u{feff}a,\"b\"\r\nc", &[(1, &["a", "b"]), (2, &["c"])]);
    }

    #[test]
    fn a_quote_that_is_wrong_is_told_with_its_line() {
        for (text, line) in [("a\n\"b", "line 2"), ("\"a\"b,c", "line 1")] {
            let error = records(text).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
    }
}
