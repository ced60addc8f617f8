//! The audit log: who changed what, and when.
//!
//! Owns: its rows. Refuses: changing one once written; they only leave by age.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::{id, optional_id};
use super::{Read, StoreError, WriteTx};
use crate::domain::audit::{AuditEntry, EntriesOf, NewAuditEntry};
use crate::domain::id::AuditId;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;

/// Writes an entry, in the transaction of the change that it tells of.
pub fn append(tx: &WriteTx<'_>, new: &NewAuditEntry<'_>) -> Result<AuditId, StoreError> {
    let id = AuditId::new(tx.now(), tx.next_seq(NumberedTable::AuditLog)?);
    tx.run(
        "INSERT INTO audit_log
             (seq, workspace_seq, consumer_seq, at, actor_kind, actor, action, target, detail)
         VALUES
             (:seq, :workspace, :consumer, :now, :actor_kind, :actor, :action, :target, :detail)",
        named_params! {
            ":seq": id.seq(),
            ":workspace": new.workspace_seq,
            ":consumer": new.consumer_seq,
            ":now": id.at(),
            ":actor_kind": new.actor_kind,
            ":actor": new.actor,
            ":action": new.action,
            ":target": new.target,
            ":detail": new.detail,
        },
    )?;
    tracing::info!(
        entry = %id,
        actor = new.actor_kind.as_str(),
        who = new.actor,
        what = new.target,
        "{}",
        new.action
    );
    Ok(id)
}

/// A page of entries, newest first.
pub fn list(
    conn: &Read<'_>,
    of: EntriesOf,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<AuditEntry>, StoreError> {
    let (owner, seq) = match of {
        EntriesOf::Everybody => (":owner IS NULL", None),
        EntriesOf::Workspace(seq) => ("log.workspace_seq = :owner", Some(seq)),
        EntriesOf::Consumer(seq) => ("log.consumer_seq = :owner", Some(seq)),
    };
    let sql = format!(
        "SELECT log.seq, log.workspace_seq, log.at, log.actor_kind, log.actor, log.action,
             log.target, log.detail, workspaces.created_at AS workspace_created_at
         FROM audit_log AS log
         LEFT JOIN workspaces ON workspaces.seq = log.workspace_seq
         WHERE {owner} AND log.seq < :before
         ORDER BY log.seq DESC
         LIMIT :limit"
    );
    let list = List::AuditLog;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[(":owner", &seq)], entry)
}

/// Removes those of the `limit` oldest entries that were written before `before`; answers how many.
pub fn prune(tx: &WriteTx<'_>, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM audit_log
         WHERE seq IN (
             SELECT seq
             FROM (SELECT seq, at FROM audit_log ORDER BY seq LIMIT :limit)
             WHERE at < :before)",
        named_params! { ":before": before, ":limit": limit },
    )
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: id(row, "at", "seq")?,
        workspace: optional_id(row, "workspace_created_at", "workspace_seq")?,
        at: row.get("at")?,
        actor_kind: row.get("actor_kind")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        target: row.get("target")?,
        detail: row.get("detail")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::ActorKind;
    use crate::store::Store;
    use crate::store::tests::{Fixture, fixture};

    fn write(store: &Store, workspace_seq: Option<i64>, target: &'static str) {
        store
            .write_blocking(move |tx| {
                let new = NewAuditEntry {
                    workspace_seq,
                    consumer_seq: (target == "d").then_some(7),
                    actor_kind: ActorKind::Key,
                    actor: "key_x",
                    action: "webhook.revoke",
                    target,
                    detail: "{}",
                };
                append(tx, &new)
            })
            .unwrap();
    }

    fn targets(store: &Store, of: EntriesOf) -> Vec<String> {
        let read = move |conn: &Read<'_>| list(conn, of, None, Limit::clamped(50));
        let page = store.read_blocking(read).unwrap();
        page.items.into_iter().map(|entry| entry.target).collect()
    }

    #[test]
    fn entries_are_listed_newest_first_by_workspace_or_all_together() {
        let Fixture { store, dir: _dir } = fixture();
        write(&store, Some(1), "a");
        write(&store, None, "b");
        write(&store, Some(2), "c");
        write(&store, Some(1), "d");
        assert_eq!(targets(&store, EntriesOf::Everybody), ["d", "c", "b", "a"]);
        assert_eq!(targets(&store, EntriesOf::Workspace(1)), ["d", "a"]);
        assert_eq!(targets(&store, EntriesOf::Consumer(7)), ["d"]);
        assert_eq!(targets(&store, EntriesOf::Consumer(8)), [""; 0]);
    }

    #[test]
    fn the_entries_of_a_consumer_are_found_by_an_index() {
        let Fixture { store, dir: _dir } = fixture();
        let plan = |conn: &Read<'_>| {
            let sql = "EXPLAIN QUERY PLAN SELECT seq FROM audit_log AS log
                 WHERE log.consumer_seq = 7 AND log.seq < 9 ORDER BY log.seq DESC LIMIT 5";
            let mut statement = conn.connection().prepare(sql).unwrap();
            let rows = statement
                .query_map([], |row| row.get::<_, String>("detail"))
                .unwrap();
            Ok::<_, StoreError>(rows.map(Result::unwrap).collect::<Vec<_>>().join("\n"))
        };
        let plan = store.read_blocking(plan).unwrap();
        assert!(plan.contains("audit_log_consumers"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn pages_of_entries_neither_skip_nor_repeat() {
        let Fixture { store, dir: _dir } = fixture();
        for target in ["a", "b", "c", "d", "e"] {
            write(&store, None, target);
        }
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let read =
                move |conn: &Read<'_>| list(conn, EntriesOf::Everybody, cursor, Limit::clamped(2));
            let page = store.read_blocking(read).unwrap();
            seen.extend(page.items.into_iter().map(|entry| entry.target));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["e", "d", "c", "b", "a"]);
    }

    #[test]
    fn old_entries_leave_in_bounded_batches() {
        let Fixture { store, dir: _dir } = fixture();
        for target in ["a", "b", "c"] {
            write(&store, None, target);
        }
        let later = Timestamp::MAX;
        let prune = |before, limit| {
            store
                .write_blocking(move |tx| prune(tx, before, limit))
                .unwrap()
        };
        assert_eq!(prune(Timestamp::from_millis(1), 10), 0);
        assert_eq!(prune(later, 2), 2);
        assert_eq!(targets(&store, EntriesOf::Everybody), ["c"]);
    }
}
