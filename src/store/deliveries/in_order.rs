//! Deliveries that keep the order of others with the same key.
//!
//! Owns: which of them is first, and finding the next when one is over. Refuses: keys themselves
//! (`domain::order`), and starting anything (`engine`).
//!
//! # Who is first
//! Of the deliveries of a webhook with one key, that with the lowest row which is pending or retrying. A
//! lane is given no other: what is behind it stays here, found by an index, however many keys there
//! are. With the write that ends the first the next one is offered, so that a restart, which looks at
//! the rows alone, sees the same order.

use rusqlite::named_params;

use super::queue::{Batch, queued};
use crate::domain::delivery::{DeliveryPlace, QueuedDelivery, Status};
use crate::domain::order::OrderKey;
use crate::domain::time::Timestamp;
use crate::store::{Read, StoreError, WriteTx, webhooks};

/// Rows that one reading looks at for those that are first.
const LOOKED_AT_MAX: usize = 2_000;

/// What a reading of first deliveries found.
#[derive(Debug)]
pub struct Heads {
    /// Those that are first, oldest first.
    pub found: Vec<QueuedDelivery>,
    /// The last row that was looked at; `None` where there was none.
    pub looked_to: Option<i64>,
    /// Whether there may be more behind it.
    pub is_cut: bool,
}

/// Pending deliveries of a webhook behind row `after` that nothing with their key is before, oldest
/// first.
///
/// # Errors
/// [`StoreError::Damaged`] where an event is not what was once published.
pub fn pending_heads(
    conn: &Read<'_>,
    webhook_seq: i64,
    after: i64,
    batch: Batch<'_>,
) -> Result<Heads, StoreError> {
    let rows: Vec<(i64, bool)> = conn.rows(
        "SELECT d.seq,
             d.order_key IS NULL OR NOT EXISTS (
                 SELECT 1
                 FROM deliveries AS earlier INDEXED BY deliveries_in_order
                 WHERE earlier.webhook_seq = d.webhook_seq AND earlier.order_key = d.order_key
                     AND earlier.status IN (0, 1) AND earlier.seq < d.seq)
         FROM deliveries AS d
         WHERE d.webhook_seq = :webhook AND d.status = 0 AND d.seq > :after AND d.trigger <> 1
         ORDER BY d.seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": LOOKED_AT_MAX },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut heads = Heads {
        found: Vec::new(),
        looked_to: None,
        is_cut: rows.len() == LOOKED_AT_MAX,
    };
    for (seq, is_first) in rows {
        if is_first {
            if batch.is_full(&heads.found) {
                heads.is_cut = true;
                break;
            }
            heads.found.extend(queued(conn, seq)?);
        }
        heads.looked_to = Some(seq);
    }
    Ok(heads)
}

/// Retrying deliveries of a webhook that are due at `now` and that nothing with their key is before,
/// longest due first.
pub fn due_heads(
    conn: &Read<'_>,
    webhook_seq: i64,
    now: Timestamp,
    batch: Batch<'_>,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let rows: Vec<i64> = conn.values(
        "SELECT d.seq
         FROM deliveries AS d INDEXED BY deliveries_due
         WHERE d.webhook_seq = :webhook AND d.status = 1 AND d.next_attempt_at <= :now
             AND (d.order_key IS NULL OR NOT EXISTS (
                 SELECT 1
                 FROM deliveries AS earlier INDEXED BY deliveries_in_order
                 WHERE earlier.webhook_seq = d.webhook_seq AND earlier.order_key = d.order_key
                     AND earlier.status IN (0, 1) AND earlier.seq < d.seq))
         ORDER BY d.next_attempt_at, d.seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":now": now, ":limit": batch.rows_max },
    )?;
    let mut found = Vec::new();
    for seq in rows {
        if batch.is_full(&found) {
            break;
        }
        found.extend(queued(conn, seq)?);
    }
    Ok(found)
}

/// Whether nothing with its key is before a delivery.
pub(super) fn is_first(
    conn: &Read<'_>,
    webhook_seq: i64,
    key: OrderKey,
    seq: i64,
) -> Result<bool, StoreError> {
    Ok(first_of(conn, webhook_seq, key)?.is_none_or(|(first, _)| first >= seq))
}

fn first_of(
    conn: &Read<'_>,
    webhook_seq: i64,
    key: OrderKey,
) -> Result<Option<(i64, Status)>, StoreError> {
    conn.row(
        "SELECT seq, status
         FROM deliveries INDEXED BY deliveries_in_order
         WHERE webhook_seq = :webhook AND order_key = :key AND status IN (0, 1)
         ORDER BY seq
         LIMIT 1",
        named_params! { ":webhook": webhook_seq, ":key": key },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// A delivery with a key is over: the next one with that key is offered to the engine.
pub(super) fn offer_next(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    key: OrderKey,
) -> Result<(), StoreError> {
    let webhook_seq = place.webhook_seq;
    let Some((seq, status)) = first_of(tx, webhook_seq, key)? else {
        return Ok(());
    };
    // What waits for a webhook that is out for good is called off, one after the other.
    if webhooks::is_ended(tx, webhook_seq)? {
        return Ok(());
    }
    match status {
        Status::Retrying => tx.notices().woken.push(webhook_seq),
        Status::Scheduled
        | Status::Pending
        | Status::Delivered
        | Status::Exhausted
        | Status::Canceled => match queued(tx, seq) {
            Ok(next) => tx.notices().followers.extend(next),
            // The lane finds out, and sets it apart.
            Err(StoreError::Damaged(_)) => tx.notices().fell_due.push(webhook_seq),
            Err(error) => return Err(error),
        },
    }
    Ok(())
}
