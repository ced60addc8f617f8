//! What readers hold of the database: statements of the store's own functions, and nothing else.
//!
//! Owns: the one snapshot that a closure reads from; the one way each to run a statement, and to
//! read one row, all rows or a page. Refuses: handing out the connection; callers name no database
//! crate and write no SQL.

use std::borrow::Cow;

use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, Statement, ToSql};

use super::StoreError;
use super::found::Found;
use crate::domain::page::{Cursor, Limit, List, Page, is_backwards};

/// A view of the database that does not change while it is held.
#[derive(Clone, Copy)]
pub struct Read<'a>(&'a Connection);

/// Which page of a list.
#[derive(Clone, Copy)]
pub(super) struct PageOf {
    pub(super) list: List,
    pub(super) cursor: Option<Cursor>,
    pub(super) limit: Limit,
}

impl<'a> Read<'a> {
    pub(super) fn new(conn: &'a Connection) -> Self {
        Self(conn)
    }

    /// A statement, prepared once for each connection. It borrows the connection and not the view,
    /// so that a transaction can note its effects while it runs.
    pub(super) fn prepare_cached(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.0.prepare_cached(sql)
    }

    /// As [`Read::prepare_cached`], for a statement whose text differs each time.
    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<Statement<'a>> {
        self.0.prepare(sql)
    }

    /// Runs a statement that changes rows; answers how many.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.prepare_cached(sql)?.execute(params)?)
    }

    /// The one value that a statement always answers, such as a count.
    pub(super) fn value<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<T, StoreError> {
        let mut statement = self.prepare_cached(sql)?;
        Ok(statement.query_row(params, |row| row.get(0))?)
    }

    /// The first value of the first row, if there is one.
    pub(super) fn optional<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.prepare_cached(sql)?;
        let found = statement.query_row(params, |row| row.get(0));
        Ok(found.optional()?)
    }

    /// The first value of each row, such as row numbers.
    pub(super) fn values<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(sql, params, |row| Ok(row.get(0)?))
    }

    /// The first row, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        item: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        first_row(&mut *self.prepare_cached(sql)?, params, item)
    }

    /// Every row.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        item: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(named(row, item(row))?);
        }
        Ok(found)
    }

    /// A page, newest first, of what a statement reads below `:before` with `:limit`. A row that
    /// cannot be read is left out, and the log says so: it hides no other.
    pub(super) fn page<T>(
        &self,
        sql: &str,
        of: PageOf,
        params: &[(&str, &dyn ToSql)],
        item: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        self.heavy_page(sql, of, params, item, |_| 0)
    }

    /// As [`Read::page`], of items that are as many bytes as `bytes` says. Before a cursor the same
    /// statement is read upwards.
    pub(super) fn heavy_page<T>(
        &self,
        sql: &str,
        of: PageOf,
        params: &[(&str, &dyn ToSql)],
        item: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        bytes: impl Fn(&T) -> usize,
    ) -> Result<Page<T>, StoreError> {
        let before = of.cursor.map_or(i64::MAX, Cursor::seq);
        let is_backwards = is_backwards(of.cursor);
        let sql = match is_backwards {
            false => Cow::Borrowed(sql),
            true => Cow::Owned(upwards(sql)),
        };
        let rows = of.limit.rows() + 1;
        let own: [(&str, &dyn ToSql); 2] = [(":before", &before), (":limit", &rows)];
        let params = [params, &own].concat();
        let mut statement = self.prepare_cached(&sql)?;
        let mut rows = statement.query(params.as_slice())?;
        let mut found = Found::new(of.limit);
        while found.has_room()
            && let Some(row) = rows.next()?
        {
            found.take(row.get("seq")?, named(row, item(row)), &bytes)?;
        }
        let page = found.paged(of.list);
        Ok(match is_backwards {
            false => page,
            true => page.turned(),
        })
    }

    /// Rows that were written on this connection so far.
    pub(super) fn changes(&self) -> u64 {
        self.0.total_changes()
    }

    /// Whether no transaction is under way.
    pub(super) fn is_autocommit(&self) -> bool {
        self.0.is_autocommit()
    }

    /// The connection itself, for tests that look over its shoulder.
    #[cfg(test)]
    pub(crate) fn connection(&self) -> &'a Connection {
        self.0
    }
}

/// The first row that a statement answers, if there is one.
pub(super) fn first_row<T>(
    statement: &mut Statement<'_>,
    params: impl Params,
    item: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| named(row, item(row))).transpose()
}

/// A page's statement that reads what lies above `:before`, nearest first.
fn upwards(sql: &str) -> String {
    sql.replace("seq < :before", "seq > :before")
        .replace("seq DESC", "seq ASC")
}

/// Damage with the number of the row that it is in.
fn named<T>(row: &Row<'_>, read: Result<T, StoreError>) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Damaged(what)) => {
            let seq: i64 = row.get("seq").unwrap_or_default();
            Err(StoreError::Damaged(format!("row {seq}: {what}")))
        }
        read => read,
    }
}
