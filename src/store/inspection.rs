//! A slow look at every row, so that a corrupt page is noticed before somebody needs it.
//!
//! Owns: one bounded step of a walk over all tables that keep their rows by number. Refuses: saying
//! when to look (`service` does), and indexes: those are met in passing, and `hookpost check` reads
//! them all.
//!
//! # What a step does
//! It reads whole rows, with the pages that their large values go on in. A page that cannot be read
//! sounds the alarm, as any read does that meets one.

use rusqlite::named_params;
use rusqlite::types::ValueRef;

use super::{Read, StoreError};

/// Rows that a step reads.
const STEP_ROWS_MAX: usize = 1_000;
/// Bytes of values after which a step ends: 4 MiB.
const STEP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where a look has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The table; empty before the first one.
    table: String,
    /// The last row of it that was read.
    after: i64,
}

/// Reads on behind `from`; answers where to go on, and nothing once all was read.
///
/// # Errors
/// [`StoreError::Sqlite`] where a page cannot be read.
pub fn step(conn: &Read<'_>, from: &Inspection) -> Result<Option<Inspection>, StoreError> {
    if !from.table.is_empty()
        && let Some(after) = read_rows(conn, from)?
    {
        let table = from.table.clone();
        return Ok(Some(Inspection { table, after }));
    }
    let next = table_behind(conn, &from.table)?;
    Ok(next.map(|table| Inspection {
        table,
        after: i64::MIN,
    }))
}

/// The table behind `name` in the order of names, among those whose rows have numbers.
fn table_behind(conn: &Read<'_>, name: &str) -> Result<Option<String>, StoreError> {
    conn.optional(
        "SELECT name
         FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE 'sqlite%'
             AND name > :name
         ORDER BY name
         LIMIT 1",
        named_params! { ":name": name },
    )
}

/// Reads some rows on; answers the last of them, and nothing where there is none.
fn read_rows(conn: &Read<'_>, from: &Inspection) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "SELECT rowid, *
         FROM {}
         WHERE rowid > :after
         ORDER BY rowid
         LIMIT :rows",
        from.table
    );
    let mut statement = conn.prepare(&sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(named_params! {
        ":after": from.after,
        ":rows": STEP_ROWS_MAX,
    })?;
    let (mut last, mut bytes) = (None, 0);
    while bytes < STEP_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        last = Some(row.get(0)?);
        for column in 1..columns {
            bytes += bytes_of(row.get_ref(column)?);
        }
    }
    Ok(last)
}

fn bytes_of(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::samples::{event, office};

    #[test]
    fn a_look_reads_every_row_in_steps_and_ends() {
        let office = office();
        office.write(|tx| (0..2 * STEP_ROWS_MAX + 1).try_for_each(|_| event(tx, "a.b").map(drop)));
        let mut place = Some(Inspection::default());
        let (mut seen, mut tables) = (Vec::new(), Vec::new());
        while let Some(from) = place {
            place = office.read(|conn| step(conn, &from));
            tables.push(from.table.clone());
            if from.table == "events" && from.after > 0 {
                seen.push(from.after);
            }
        }
        let last = office.number("SELECT max(seq) FROM events");
        assert_eq!(seen.last(), Some(&last));
        assert_eq!(seen.len(), 3, "{seen:?}");
        tables.dedup();
        let all = "SELECT count(*)
                   FROM sqlite_schema
                   WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND sql NOT LIKE '%WITHOUT ROWID%'";
        assert_eq!(i64::try_from(tables.len()).unwrap() - 1, office.number(all));
    }
}
