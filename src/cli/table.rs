//! Tables for people.
//!
//! Owns: columns as wide as their widest cell. Refuses: control characters of others.

use std::io;

use super::output::{say, visible};

/// A table with a heading, columns as wide as their widest cell, two spaces apart.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows yet.
    pub(super) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|heading| (*heading).to_owned());
        Self {
            rows: vec![headings.collect()],
        }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| visible(&cell)).into());
    }

    /// Prints it.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub(super) fn print(&self) -> io::Result<()> {
        say(self.layout().join("\n"))
    }

    fn layout(&self) -> Vec<String> {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let padded = cells.map(|(cell, width)| format!("{cell:<width$}"));
            let line: Vec<String> = padded.collect();
            line.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["ID", "NAME"]);
        table.row(["ws_1".to_owned(), "default".to_owned()]);
        table.row(["ws_22".to_owned(), "a\u{1b}[2J".to_owned()]);
        let expect = ["ID     NAME", "ws_1   default", "ws_22  a\u{fffd}[2J"];
        assert_eq!(table.layout(), expect);
    }
}
