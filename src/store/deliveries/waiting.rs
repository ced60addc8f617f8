//! What waits in a whole workspace: how much at which webhook, and what is due soonest.
//!
//! Owns: these questions. Refuses: counting history; what is counted here is work that is still
//! open, and the rest comes from counts that are kept with every change.
//!
//! # Why the soonest are merged from webhooks
//! Every webhook's retries lie in one index, ordered by when they are due. Merging the active
//! webhooks' heads costs a step for each delivery asked for, whatever a disabled webhook holds
//! back, and needs no further index that every failed attempt would have to write.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use rusqlite::named_params;

use super::attempted::{AttemptedSoFar, so_far};
use crate::domain::consumer::Purview;
use crate::domain::delivery::Standing;
use crate::domain::stats::Counts;
use crate::domain::time::Timestamp;
use crate::store::sql::id;
use crate::store::stats;
use crate::store::{Read, StoreError, WriteTx};

/// A retry, and before it when it is due.
type DueRetry = (Timestamp, AttemptedSoFar);

/// The `limit` retries of the active webhooks that `purview` holds that are due soonest, due or not, soonest
/// first. Alerts are not among them.
pub fn soonest(
    conn: &Read<'_>,
    purview: Purview,
    limit: usize,
) -> Result<Vec<AttemptedSoFar>, StoreError> {
    let mut heads = BinaryHeap::new();
    for webhook_seq in retrying_webhooks(conn, purview)? {
        heads.extend(next_of(conn, webhook_seq, None)?.map(Reverse));
    }
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(Reverse(head)) = heads.pop()
    {
        let (_, retry) = head;
        found.push(retry);
        heads.extend(next_of(conn, retry.webhook_seq, Some(head))?.map(Reverse));
    }
    Ok(found)
}

/// The active webhooks that `purview` holds and that have retries waiting.
fn retrying_webhooks(conn: &Read<'_>, purview: Purview) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT c.webhook_seq
         FROM delivery_counts AS c
         JOIN webhooks ON webhooks.seq = c.webhook_seq
         WHERE c.status = 1 AND c.deliveries > 0
             AND webhooks.workspace_seq = :workspace
             AND (:consumer IS NULL OR webhooks.consumer_seq = :consumer)
             AND webhooks.status = 'active'
             AND webhooks.deleted_at IS NULL
             AND webhooks.kind <> 'alert'
         LIMIT -1",
        named_params! {
            ":workspace": purview.workspace_seq,
            ":consumer": purview.consumer_seq,
        },
    )
}

/// The retry of a webhook that is due next behind `last`.
fn next_of(
    conn: &Read<'_>,
    webhook_seq: i64,
    last: Option<DueRetry>,
) -> Result<Option<DueRetry>, StoreError> {
    conn.row(
        "SELECT next_attempt_at, seq, webhook_seq, event_seq, attempt_count
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 1 AND (next_attempt_at, seq) > (:at, :seq)
         ORDER BY next_attempt_at, seq
         LIMIT 1",
        named_params! {
            ":webhook": webhook_seq,
            ":at": last.map_or(-1, |(at, _)| at.millis()),
            ":seq": last.map_or(0, |(_, retry)| retry.seq),
        },
        |row| Ok((row.get("next_attempt_at")?, so_far(row)?)),
    )
}

/// How the deliveries of each of a workspace's webhooks stand; those with nothing open are left
/// out, and so are alerts.
pub fn standings(
    conn: &Read<'_>,
    purview: Purview,
    now: Timestamp,
) -> Result<Vec<Standing>, StoreError> {
    let mut found = Vec::new();
    for (webhook_seq, counts) in stats::counts_by_webhook(conn, purview)? {
        if counts.pending + counts.retrying + counts.exhausted > 0
            && let Some(standing) = standing(conn, webhook_seq, &counts, now)?
        {
            found.push(standing);
        }
    }
    Ok(found)
}

fn standing(
    conn: &Read<'_>,
    webhook_seq: i64,
    counts: &Counts,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let standing = conn.row(
        "SELECT seq, created_at, status = 'active' AND deleted_at IS NULL AS is_active,
             kind = 'registered' AND deleted_at IS NULL AS is_listed
         FROM webhooks
         WHERE seq = :webhook",
        named_params! { ":webhook": webhook_seq },
        |row| {
            Ok(Standing {
                webhook: id(row, "created_at", "seq")?,
                is_listed: row.get("is_listed")?,
                is_active: row.get("is_active")?,
                pending: counts.pending,
                retrying: counts.retrying,
                due_now: 0,
                next_attempt_at: None,
                dead_letters: 0,
            })
        },
    )?;
    let Some(mut standing) = standing else {
        return Ok(None);
    };
    if standing.is_active && counts.retrying > 0 {
        standing.due_now = count_due(conn, webhook_seq, now)?;
        standing.next_attempt_at = next_of(conn, webhook_seq, None)?.map(|(at, _)| at);
    }
    if standing.is_active {
        standing.due_now += counts.pending;
    }
    if counts.exhausted > 0 {
        standing.dead_letters = count_dead_letters(conn, webhook_seq)?;
    }
    let open = standing.pending + standing.retrying + standing.dead_letters;
    Ok(Some(standing).filter(|_| open > 0))
}

fn count_due(conn: &Read<'_>, webhook_seq: i64, now: Timestamp) -> Result<u64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM deliveries INDEXED BY deliveries_due
         WHERE webhook_seq = :webhook AND status = 1 AND next_attempt_at <= :now",
        named_params! { ":webhook": webhook_seq, ":now": now },
    )
}

fn count_dead_letters(conn: &Read<'_>, webhook_seq: i64) -> Result<u64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM deliveries INDEXED BY dead_letters_of
         WHERE webhook_seq = :webhook AND status = 3 AND discarded_at IS NULL",
        named_params! { ":webhook": webhook_seq },
    )
}

/// Moves up to `limit` retries of a webhook behind row `after` by `by_ms`, as
/// `domain::delivery::Progress::shifted` does, except those in `right`. Answers where to go on;
/// `None` where there are no more.
pub fn shift_retries(
    tx: &WriteTx<'_>,
    webhook_seq: i64,
    after: i64,
    limit: usize,
    by_ms: i64,
    right: &HashSet<i64>,
) -> Result<Option<i64>, StoreError> {
    let rows: Vec<i64> = tx.values(
        "SELECT seq
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 1 AND seq > :after
         ORDER BY seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": limit },
    )?;
    let mut shift = tx.prepare_cached(
        "UPDATE deliveries
         SET next_attempt_at = CASE WHEN manual_fallback IS NULL
                 THEN max(0, next_attempt_at + :by)
                 ELSE min(next_attempt_at, :now) END,
             fallback_at = max(0, fallback_at + :by),
             run_started_at = max(0, run_started_at + :by)
         WHERE seq = :seq",
    )?;
    for seq in rows.iter().filter(|seq| !right.contains(seq)) {
        shift.execute(named_params! {
            ":seq": seq,
            ":by": by_ms,
            ":now": tx.now(),
        })?;
    }
    Ok(rows.last().copied().filter(|_| rows.len() == limit))
}

/// Deliveries of a webhook that still wait, oldest first of each state; at most `limit`.
pub fn waiting_of(conn: &Read<'_>, webhook_seq: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT seq
         FROM deliveries
         WHERE webhook_seq = :webhook AND status IN (0, 1, 5)
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":limit": limit },
    )
}
