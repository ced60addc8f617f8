//! Statements that a transaction runs again and again.
//!
//! Owns: finding each once for a transaction. Refuses: running them (`tx`), and preparing what the connection
//! has prepared before; that is its own cache's.
//!
//! # Why the connection's cache is not enough
//! It finds a statement by its text: each time it hashes and compares hundreds of bytes and changes its order.
//! A transaction records hundreds of deliveries by the same few statements.

use rusqlite::CachedStatement;

use super::Read;

/// What a transaction has found so far; as many as there are places that ask.
#[derive(Default)]
pub(super) struct HotStatements<'a>(Vec<(&'static str, CachedStatement<'a>)>);

impl<'a> HotStatements<'a> {
    /// The statement for a text, which is known by where it stands in the program.
    pub(super) fn statement(
        &mut self,
        conn: &Read<'a>,
        sql: &'static str,
    ) -> rusqlite::Result<&mut CachedStatement<'a>> {
        let known = self.0.iter().position(|(own, _)| std::ptr::eq(*own, sql));
        let at = match known {
            Some(at) => at,
            None => {
                self.0.push((sql, conn.prepare_cached(sql)?));
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_looked_up_once_and_goes_back_to_the_connection() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let read = Read::new(&conn);
        let texts = ["SELECT 1", "SELECT 2"];
        let mut hot = HotStatements::default();
        for (value, sql) in [(1, texts[0]), (2, texts[1]), (1, texts[0])] {
            let statement = hot.statement(&read, sql).unwrap();
            let found: i64 = statement.query_row([], |row| row.get(0)).unwrap();
            assert_eq!(found, value);
        }
        assert_eq!(hot.0.len(), texts.len());
        drop(hot);
        conn.flush_prepared_statement_cache();
        conn.close().unwrap();
    }
}
