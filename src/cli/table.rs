//! Tables for people.
//!
//! Owns: columns as wide as their widest cell, and which of them give way where the terminal is
//! narrower than that. Refuses: control characters of others.
//!
//! # Why characters are measured
//! A terminal gives most letters of East Asia and most emoji two columns, and accents that stand alone
//! none. Who counts characters draws columns that do not line up and lines that wrap.

use std::io;

use terminal_size::terminal_size_of;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::output::{say, visible};

/// How wide a table is at most where standard output is no terminal, in columns of a terminal.
const WIDTH_DEFAULT: usize = 80;
/// What a column is cut to at least, in columns of a terminal.
const CUT_WIDTH: usize = 6;
/// Spaces between two columns.
const GAP: usize = 2;

/// What becomes of a column where there is no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Give {
    Nothing,
    Characters,
    Way,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    heading: &'static str,
    give: Give,
}

impl Column {
    /// One whose cells are always whole, such as ids.
    pub(super) const fn whole(heading: &'static str) -> Self {
        let give = Give::Nothing;
        Self { heading, give }
    }

    /// One whose cells are cut where there is no room.
    pub(super) const fn cut(heading: &'static str) -> Self {
        let give = Give::Characters;
        Self { heading, give }
    }

    /// One that is left out where there is no room, the last of them first.
    pub(super) const fn spare(heading: &'static str) -> Self {
        let give = Give::Way;
        Self { heading, give }
    }
}

/// A table with a heading, columns as wide as their widest cell, two spaces apart.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows yet.
    pub(super) fn new(columns: &[Column]) -> Self {
        let headings = columns.iter().map(|column| column.heading.to_owned());
        Self {
            columns: columns.to_vec(),
            rows: vec![headings.collect()],
        }
    }

    /// Adds a row; it has as many cells as there are columns.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| visible(&cell));
        self.rows.push(cells.collect());
    }

    /// Prints it, no wider than the terminal.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub(super) fn print(&self) -> io::Result<()> {
        say(self.layout(width()).join("\n"))
    }

    fn layout(&self, width: usize) -> Vec<String> {
        let fitted = self.fitted(width);
        let line = |row: &Vec<String>| {
            let cells = fitted.iter().map(|(column, width)| {
                let mut cell = shortened(&row[*column], *width);
                let missing = width.saturating_sub(cell.width());
                cell.extend(std::iter::repeat_n(' ', missing));
                cell
            });
            let line: Vec<String> = cells.collect();
            line.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// The columns that are shown, each with its width.
    fn fitted(&self, width: usize) -> Vec<(usize, usize)> {
        let natural = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].width());
            (column, cells.max().unwrap_or_default())
        };
        let mut shown: Vec<_> = (0..self.columns.len()).map(natural).collect();
        let give = |column: usize| self.columns[column].give;
        while total(&shown) > width
            && let Some(at) = shown.iter().rposition(|(c, _)| give(*c) == Give::Way)
        {
            shown.remove(at);
        }
        while total(&shown) > width {
            let cut = shown
                .iter_mut()
                .filter(|(c, width)| give(*c) == Give::Characters && *width > CUT_WIDTH);
            match cut.max_by_key(|(_, width)| *width) {
                Some((_, width)) => *width -= 1,
                None => break,
            }
        }
        shown
    }
}

fn total(shown: &[(usize, usize)]) -> usize {
    let widths: usize = shown.iter().map(|(_, width)| width).sum();
    widths + GAP * shown.len().saturating_sub(1)
}

fn shortened(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let room = width.saturating_sub(1);
    let mut cut = String::new();
    for one in cell.chars() {
        if cut.width() + one.width().unwrap_or(0) > room {
            break;
        }
        cut.push(one);
    }
    cut.push('…');
    cut
}

/// What the shell says, else what the terminal says.
fn width() -> usize {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|text| text.parse().ok()).filter(|n| *n > 0);
    said.or_else(|| terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)))
        .unwrap_or(WIDTH_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[
            Column::whole("ID"),
            Column::cut("NAME"),
            Column::spare("MADE"),
        ]);
        table.row(["ws_1", "default", "today"].map(str::to_owned));
        table.row(["ws_22", "a\u{1b}[2J", "long ago"].map(str::to_owned));
        table
    }

    #[test]
    fn columns_line_up() {
        let expect = [
            "ID     NAME     MADE",
            "ws_1   default  today",
            "ws_22  a\u{fffd}[2J    long ago",
        ];
        assert_eq!(table().layout(80), expect);
    }

    #[test]
    fn wide_characters_line_up_and_are_cut_to_what_a_terminal_has_room_for() {
        let mut table = Table::new(&[Column::cut("LABEL"), Column::whole("LAST")]);
        let labels = [
            "配送センター倉庫",
            "📦📦📦📦📦📦📦📦",
            "u\u{308}ber",
            "Shop",
        ];
        for label in labels {
            table.row([label, "200"].map(str::to_owned));
        }
        for width in 12..40 {
            let lines = table.layout(width);
            let last = |line: &String| line.rfind("  ").map(|at| line[..at].trim_end().width());
            let begins = |line: &String| line.width() - line.rsplit("  ").next().unwrap().width();
            for line in &lines {
                assert!(line.width() <= width, "{width}: {line}");
                assert_eq!(begins(line), begins(&lines[0]), "{width}: {lines:#?}");
                assert!(last(line).is_some(), "{line}");
            }
        }
        assert_eq!(table.layout(14)[1], "配送セ…   200");
    }

    #[test]
    fn what_is_spare_goes_first_and_what_is_an_id_never() {
        let expect = ["ID     NAME", "ws_1   default", "ws_22  a\u{fffd}[2J"];
        assert_eq!(table().layout(20), expect);
        let expect = ["ID     NAME", "ws_1   defau…", "ws_22  a\u{fffd}[2J"];
        assert_eq!(table().layout(13), expect);
        // Nothing is cut to less than says anything.
        assert_eq!(table().layout(1), expect);
    }
}
