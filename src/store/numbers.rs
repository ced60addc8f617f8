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
    Idempotency,
    Jobs,
    PortalLinks,
    Profiles,
    Sessions,
    Users,
    WebhookSecrets,
    WebhookShapes,
    Webhooks,
    Workspaces,
}

const TABLES: usize = 16;

impl NumberedTable {
    fn name(self) -> &'static str {
        match self {
            Self::ApiKeys => "api_keys",
            Self::AuditLog => "audit_log",
            Self::Consumers => "consumers",
            Self::Deliveries => "deliveries",
            Self::Events => "events",
            Self::EventTypes => "event_types",
            Self::Idempotency => "idempotency",
            Self::Jobs => "jobs",
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
