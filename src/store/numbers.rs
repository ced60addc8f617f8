//! The numbers that new rows get.
//!
//! Owns: giving each table's next one. Refuses: giving one twice, also after its row has left.
//!
//! # Why the store numbers rows and not the database
//! A row's number is in its id, in what its secrets are sealed with and in the hash of its token. Known
//! beforehand, each row is written once and whole. The writer is the only one who adds rows, so what
//! it remembers is exact; whatever is undone makes it look again.

use std::cell::Cell;

use rusqlite::named_params;

use super::{Read, StoreError};

/// A table whose rows are numbered in `seq`.
#[derive(Clone, Copy, Debug)]
pub(super) enum NumberedTable {
    ApiKeys,
    AuditLog,
    Consumers,
    Deliveries,
    Events,
    EventTypes,
    EventTypeVersions,
    Idempotency,
    Jobs,
    PollEntries,
    PortalLinks,
    Profiles,
    Sessions,
    Users,
    WebhookSecrets,
    WebhookShapes,
    Webhooks,
    Workspaces,
}

const TABLES: usize = 18;

impl NumberedTable {
    fn name(self) -> &'static str {
        match self {
            Self::ApiKeys => "api_keys",
            Self::AuditLog => "audit_log",
            Self::Consumers => "consumers",
            Self::Deliveries => "deliveries",
            Self::Events => "events",
            Self::EventTypes => "event_types",
            Self::EventTypeVersions => "event_type_versions",
            Self::Idempotency => "idempotency",
            Self::Jobs => "jobs",
            Self::PollEntries => "poll_entries",
            Self::PortalLinks => "portal_links",
            Self::Profiles => "profiles",
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::WebhookSecrets => "webhook_secrets",
            Self::WebhookShapes => "webhook_shapes",
            Self::Webhooks => "webhooks",
            Self::Workspaces => "workspaces",
        }
    }
}

/// The last number that each table has given, as far as it is known.
#[derive(Default)]
pub(super) struct Numbers([Cell<Option<i64>>; TABLES]);

impl Numbers {
    /// The next number of a table.
    pub(super) fn next(&self, conn: &Read<'_>, table: NumberedTable) -> Result<i64, StoreError> {
        let last = &self.0[table as usize];
        let next = last.get().map_or_else(|| last_given(conn, table), Ok)? + 1;
        last.set(Some(next));
        Ok(next)
    }
}

/// Writes down the number of an event or a delivery that is about to leave, if none came after it:
/// otherwise nothing would remember it, and it would be given again after the next start.
pub(super) fn keep(conn: &Read<'_>, table: NumberedTable, seq: i64) -> Result<(), StoreError> {
    let name = table.name();
    let newest: Option<i64> = conn.value(&format!("SELECT max(seq) FROM {name}"), [])?;
    if newest.is_some_and(|newest| newest > seq) {
        return Ok(());
    }
    let params = named_params! { ":table": name, ":seq": seq };
    let known = conn.run(
        "UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :table",
        params,
    )?;
    if known == 0 {
        conn.run(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)",
            params,
        )?;
    }
    Ok(())
}

/// The database remembers the highest number that a table ever had.
fn last_given(conn: &Read<'_>, table: NumberedTable) -> Result<i64, StoreError> {
    let name = table.name();
    let sql = format!(
        "SELECT max(
             coalesce((SELECT seq FROM sqlite_sequence WHERE name = :table), 0),
             coalesce((SELECT max(seq) FROM {name}), 0))"
    );
    conn.value(&sql, named_params! { ":table": name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::Trigger;
    use crate::domain::webhook::WebhookKind;
    use crate::store::Store;
    use crate::store::tests::samples::{delivery, event, office, webhook};

    const TABLES_KEPT: [NumberedTable; 2] = [NumberedTable::Events, NumberedTable::Deliveries];

    /// The numbers that a process would give next which starts now.
    fn next(store: &Store) -> [i64; 2] {
        let next = |conn: &Read<'_>| {
            let mut given = [0; 2];
            for (own, table) in given.iter_mut().zip(TABLES_KEPT) {
                *own = Numbers::default().next(conn, table)?;
            }
            Ok::<_, StoreError>(given)
        };
        store.read_blocking(next).unwrap()
    }

    #[test]
    fn no_number_is_given_twice_whatever_leaves_in_whatever_order() {
        for leaving in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let office = office();
            office.write(|tx| {
                let webhook = webhook(tx, WebhookKind::Registered)?;
                for _ in 0..3 {
                    let event = event(tx, "a")?;
                    delivery(tx, &event, webhook, Trigger::Event)?;
                }
                Ok(())
            });
            for seq in leaving {
                office.write(move |tx| {
                    for table in TABLES_KEPT {
                        keep(tx, table, seq)?;
                        let name = table.name();
                        tx.run(&format!("DELETE FROM {name} WHERE seq = {seq}"), [])?;
                    }
                    Ok(())
                });
                assert_eq!(next(&office.store), [4, 4], "{leaving:?} {seq}");
            }
        }
    }
}
