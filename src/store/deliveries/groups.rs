//! Dead letters by webhook and cause, and how a webhook's latest deliveries went.
//!
//! Owns: the two readings. Refuses: looking at all of a million: both look at the newest only, and
//! say so by their bounds.

use rusqlite::{Row, named_params};

use super::list::scan_statuses;
use crate::domain::delivery::{Cause, DeliveryFilter, LetterGroup, Status};
use crate::domain::id::DeliveryId;
use crate::domain::page::Order;
use crate::domain::time::Timestamp;
use crate::store::sql::id;
use crate::store::{Read, StoreError};

/// Dead letters that grouping looks at: the newest.
pub const GROUPED_ROWS_MAX: u32 = 5000;
/// Groups that are told apart: those with the most letters.
pub const GROUPS_MAX: u32 = 12;

/// A workspace's newest dead letters by webhook and cause, the largest group first.
pub fn groups(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<LetterGroup>, StoreError> {
    conn.rows(
        "SELECT d.webhook_seq, d.last_error_kind, d.last_status_code, count(*) AS letters,
             min(d.created_at), max(d.created_at)
         FROM (SELECT seq
               FROM deliveries INDEXED BY dead_letters
               WHERE workspace_seq = :workspace AND status = 3 AND discarded_at IS NULL
               ORDER BY seq DESC
               LIMIT :rows) AS newest
         JOIN deliveries AS d ON d.seq = newest.seq
         WHERE d.trigger <> 3
         GROUP BY d.webhook_seq, d.last_error_kind, d.last_status_code
         ORDER BY letters DESC
         LIMIT :groups",
        named_params! {
            ":workspace": workspace_seq,
            ":rows": GROUPED_ROWS_MAX,
            ":groups": GROUPS_MAX,
        },
        group,
    )
}

fn group(row: &Row<'_>) -> Result<LetterGroup, StoreError> {
    Ok(LetterGroup {
        webhook_seq: row.get(0)?,
        cause: Cause {
            kind: row.get(1)?,
            status_code: row.get(2)?,
        },
        letters: row.get(3)?,
        oldest: row.get(4)?,
        newest: row.get(5)?,
    })
}

/// The dead letters of one group, among the webhook's newest [`GROUPED_ROWS_MAX`].
pub fn letters_of(
    conn: &Read<'_>,
    workspace_seq: i64,
    webhook_seq: i64,
    cause: Cause,
) -> Result<Vec<DeliveryId>, StoreError> {
    conn.rows(
        "SELECT d.seq, d.created_at
         FROM (SELECT seq
               FROM deliveries INDEXED BY dead_letters_of
               WHERE webhook_seq = :webhook AND status = 3 AND discarded_at IS NULL
               ORDER BY seq DESC
               LIMIT :rows) AS newest
         JOIN deliveries AS d ON d.seq = newest.seq
         WHERE d.workspace_seq = :workspace
             AND d.last_error_kind IS :kind
             AND d.last_status_code IS :code
         LIMIT :rows",
        named_params! {
            ":workspace": workspace_seq,
            ":webhook": webhook_seq,
            ":kind": cause.kind,
            ":code": cause.status_code,
            ":rows": GROUPED_ROWS_MAX,
        },
        |row| id(row, "created_at", "seq"),
    )
}

/// When the oldest delivery was made that still waits for an attempt; one that was for later counts from
/// its time on.
pub fn oldest_waiting(
    conn: &Read<'_>,
    workspace_seq: i64,
) -> Result<Option<Timestamp>, StoreError> {
    conn.value(
        "SELECT min(created_at)
         FROM (SELECT created_at
               FROM (SELECT next_attempt_at AS created_at
                     FROM deliveries INDEXED BY deliveries_by_workspace
                     WHERE workspace_seq = :workspace AND status = 0
                     ORDER BY seq
                     LIMIT 1)
               UNION ALL
               SELECT created_at
               FROM (SELECT created_at
                     FROM deliveries INDEXED BY deliveries_by_workspace
                     WHERE workspace_seq = :workspace AND status = 1
                     ORDER BY seq
                     LIMIT 1))",
        named_params! { ":workspace": workspace_seq },
    )
}

/// How the latest deliveries of a webhook stand, newest first.
pub fn latest(
    conn: &Read<'_>,
    workspace_seq: i64,
    webhook_seq: i64,
    rows: usize,
) -> Result<Vec<Status>, StoreError> {
    let filter = DeliveryFilter {
        workspace_seq,
        webhook_seq: Some(webhook_seq),
        ..DeliveryFilter::default()
    };
    scan_statuses(conn, &filter, rows, Order::Descending)
}
