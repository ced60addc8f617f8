//! Where the clock went back.
//!
//! Owns: writing it down as rows are stamped, and finding the rows of a span of time. Refuses: judging
//! single rows; a span's rows are the least that hold all of them, and whoever reads looks at each.
//!
//! # Why setbacks are written down
//! Rows are numbered in the order in which they were made, so the first one of a day is found by
//! halving, at any depth, without an index on times that every event would have to write. That holds
//! for as long as times rise with the numbers, and a machine's clock may be set back. The writer
//! notices when it stamps a row with less than the row before: it writes down which numbers come
//! next. Between two such marks times only rise, and each of these runs is halved on its own.
//!
//! # Why marks are bounded
//! A clock that is set back again and again costs a mark each time. Of more than [`MARKS_MAX`] the
//! oldest is forgotten, and the rows before the next one count as a run without order: they are all
//! looked at, which is slow and right.

use rusqlite::{OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::instance::{self, Fact};
use super::{Read, StoreError};
use crate::domain::time::Timestamp;

/// Marks that are kept: the newest.
const MARKS_MAX: usize = 64;

/// A table whose rows are numbered as they are made.
#[derive(Clone, Copy, Debug)]
pub(super) enum DatedTable {
    Events,
    Deliveries,
}

impl DatedTable {
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
        }
    }

    /// The number of its oldest row and one past that of its newest.
    fn ends(self, conn: &Read<'_>) -> Result<(i64, i64), StoreError> {
        let table = self.name();
        let mut ends = conn.prepare_cached(&format!(
            "SELECT coalesce((SELECT min(seq) FROM {table}), 1),
                 coalesce((SELECT max(seq) FROM {table}), 0) + 1"
        ))?;
        Ok(ends.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The first row from `seq` on, and when it was made.
    fn row_from(self, conn: &Read<'_>, seq: i64) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let mut probe = conn.prepare_cached(&format!(
            "SELECT seq, created_at FROM {} WHERE seq >= :seq ORDER BY seq LIMIT 1",
            self.name()
        ))?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?)));
        Ok(probe
            .query_row(named_params! { ":seq": seq }, read)
            .optional()?)
    }
}

/// Since which rows the clock showed less than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    events: i64,
    deliveries: i64,
}

impl Mark {
    fn of(self, table: DatedTable) -> i64 {
        match table {
            DatedTable::Events => self.events,
            DatedTable::Deliveries => self.deliveries,
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Marks {
    /// Oldest first.
    marks: Vec<Mark>,
    /// Whether older ones were forgotten.
    forgotten: bool,
}

fn read(conn: &Read<'_>) -> Result<Marks, StoreError> {
    match instance::read(conn, Fact::ClockSetbacks)? {
        None => Ok(Marks::default()),
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::Damaged(format!("the clock's setbacks: {error}"))),
    }
}

/// What the writer stamps rows with, and what it stamped last.
pub(super) struct Stamps {
    last: Timestamp,
    committed: Timestamp,
}

impl Stamps {
    /// Goes on behind the newest rows, whoever wrote them.
    pub(super) fn resume(conn: &Read<'_>) -> Result<Self, StoreError> {
        let mut last = Timestamp::default();
        for table in [DatedTable::Events, DatedTable::Deliveries] {
            let (_, end) = table.ends(conn)?;
            let newest = table.row_from(conn, end - 1)?;
            last = last.max(newest.map_or(last, |(_, at)| at));
        }
        Ok(Self {
            last,
            committed: last,
        })
    }

    /// Takes `now` as the next stamp; a setback is written down in the transaction under way.
    pub(super) fn take(&mut self, conn: &Read<'_>, now: Timestamp) -> Result<(), StoreError> {
        if now < self.last {
            note(conn)?;
        }
        self.last = now;
        Ok(())
    }

    /// The transaction was committed.
    pub(super) fn keep(&mut self) {
        self.committed = self.last;
    }

    /// The transaction was lost, and what it wrote down with it.
    pub(super) fn undo(&mut self) {
        self.last = self.committed;
    }
}

fn note(conn: &Read<'_>) -> Result<(), StoreError> {
    let ((_, events), (_, deliveries)) = (
        DatedTable::Events.ends(conn)?,
        DatedTable::Deliveries.ends(conn)?,
    );
    let mark = Mark { events, deliveries };
    let mut known = read(conn)?;
    if known.marks.last() == Some(&mark) {
        return Ok(());
    }
    known.marks.push(mark);
    if known.marks.len() > MARKS_MAX {
        known.marks.remove(0);
        known.forgotten = true;
    }
    let bytes = serde_json::to_vec(&known).expect("numbers always serialise");
    instance::write(conn, Fact::ClockSetbacks, Some(&bytes))
}

/// Rows from `start` to `end`, exclusive, whose times only rise; or, without order, rows that all
/// have to be looked at.
#[derive(Clone, Copy, Debug)]
struct SpanRun {
    start: i64,
    end: i64,
    is_ordered: bool,
}

fn runs(conn: &Read<'_>, table: DatedTable) -> Result<Vec<SpanRun>, StoreError> {
    let (first, end) = table.ends(conn)?;
    let Marks { marks, forgotten } = read(conn)?;
    let mut runs = Vec::with_capacity(marks.len() + 1);
    let mut start = first;
    let mut is_ordered = !forgotten;
    for mark in marks {
        let next = mark.of(table).clamp(first, end);
        if next > start {
            runs.push(SpanRun {
                start,
                end: next,
                is_ordered,
            });
            start = next;
        }
        is_ordered = true;
    }
    runs.push(SpanRun {
        start,
        end,
        is_ordered,
    });
    Ok(runs)
}

impl SpanRun {
    /// The number of its first row made at or after `at`; its end where there is none.
    fn first_at(
        self,
        conn: &Read<'_>,
        table: DatedTable,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let (mut low, mut high) = (self.start, self.end);
        while low < high {
            let middle = low + (high - low) / 2;
            match table.row_from(conn, middle)? {
                Some((seq, made_at)) if seq < high && made_at < at => low = seq + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }
}

/// The lowest number of a row of `table` made at or after `at`; one past the newest where there is
/// none.
pub(super) fn first_since(
    conn: &Read<'_>,
    table: DatedTable,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let runs = runs(conn, table)?;
    for run in &runs {
        let found = if run.is_ordered {
            run.first_at(conn, table, at)?
        } else {
            run.start
        };
        if found < run.end {
            return Ok(found);
        }
    }
    Ok(runs.last().map_or(1, |run| run.end))
}

/// One past the highest number of a row of `table` made before `at`; that of the oldest row where
/// there is none.
pub(super) fn end_until(
    conn: &Read<'_>,
    table: DatedTable,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let runs = runs(conn, table)?;
    for run in runs.iter().rev() {
        let found = if run.is_ordered {
            run.first_at(conn, table, at)?
        } else {
            run.end
        };
        if found > run.start {
            return Ok(found);
        }
    }
    Ok(runs.first().map_or(1, |run| run.start))
}

#[cfg(test)]
mod tests;
