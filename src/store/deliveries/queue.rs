//! What is due, as the engine takes it.
//!
//! Owns: the two ways to what is due. Refuses: remembering who is in flight (`engine`).
//!
//! # Why first attempts and retries are found in two ways
//! A pending delivery is due from its creation on, so its row number is its place in line. A
//! retrying one is due at a time of its own, so it is found by an index on that time. The two never
//! compete for one scan, and a mass of retries cannot hide new events.

use std::sync::Arc;

use rusqlite::{Params, named_params};

use super::row::{SELECT, delivery, progress_of};
use crate::domain::delivery::{Delivery, QueuedDelivery};
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::store::events::HeldEvents;
use crate::store::found::readable;
use crate::store::sql::{InOrder, id};
use crate::store::{Read, StoreError, damaged, events};

/// What [`queued_rows`] reads, in its order.
pub(super) const SELECT_QUEUED: &str = "SELECT seq, status, attempt_count, failed_in_run, run_started_at,
        next_attempt_at, manual_fallback, fallback_at, webhook_seq, event_seq, profile_seq, format, shape_seq,
        trigger, order_key, batch_seq, created_at
    FROM deliveries";
/// Where it has the two columns of a delivery's id: when its row was made, and the row's number.
pub(super) const QUEUED_ID_AT: (usize, usize) = (16, 0);

/// How much one read takes at most, and what it need not read.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Rows.
    pub rows_max: usize,
    /// Bytes of event data, beyond the first row; an event that several rows share counts once.
    pub bytes_max: usize,
    /// Events that are in memory already.
    pub held: Option<&'a HeldEvents>,
}

impl Batch<'_> {
    /// One row, however large.
    const ONE: Self = Self {
        rows_max: 1,
        bytes_max: 0,
        held: None,
    };

    fn event(self, conn: &Read<'_>, seq: i64) -> Result<Option<Arc<Event>>, StoreError> {
        match self.held.and_then(|held| held.find(seq)) {
            Some(held) => Ok(Some(held)),
            None => Ok(events::find(conn, seq)?.map(|stored| Arc::new(stored.event))),
        }
    }

    /// Whether nothing more fits behind what was read.
    #[must_use]
    pub fn is_full(self, read: &[QueuedDelivery]) -> bool {
        let mut bytes = 0;
        let mut last = None;
        for delivery in read {
            if last != Some(delivery.event.id) {
                bytes += delivery.event.data.len();
            }
            last = Some(delivery.event.id);
        }
        read.len() >= self.rows_max || (bytes >= self.bytes_max && !read.is_empty())
    }
}

/// Pending deliveries of a webhook behind row `after`, oldest first, with their events.
///
/// # Errors
/// [`StoreError::Damaged`] where an event is not what was once published.
pub fn pending(
    conn: &Read<'_>,
    webhook_seq: i64,
    after: i64,
    batch: Batch<'_>,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let sql = format!(
        "{SELECT_QUEUED}
         WHERE webhook_seq = :webhook AND status = 0 AND seq > :after AND trigger <> 1
         ORDER BY seq
         LIMIT :limit"
    );
    let params =
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": batch.rows_max };
    queued_rows(conn, &sql, params, batch)
}

/// Retrying deliveries of a webhook that are due at `now`, longest due first, with their events.
pub fn due(
    conn: &Read<'_>,
    webhook_seq: i64,
    now: Timestamp,
    batch: Batch<'_>,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let sql = format!(
        "{SELECT_QUEUED}
         WHERE webhook_seq = :webhook AND status = 1 AND next_attempt_at <= :now
         ORDER BY next_attempt_at, seq
         LIMIT :limit"
    );
    let params = named_params! { ":webhook": webhook_seq, ":now": now, ":limit": batch.rows_max };
    queued_rows(conn, &sql, params, batch)
}

/// One delivery as the engine takes it, whatever its state.
pub fn queued(conn: &Read<'_>, seq: i64) -> Result<Option<QueuedDelivery>, StoreError> {
    let sql = format!(
        "{SELECT_QUEUED}
         WHERE seq = :seq"
    );
    Ok(queued_rows(conn, &sql, named_params! { ":seq": seq }, Batch::ONE)?.pop())
}

/// The oldest retrying delivery of a webhook, due or not: the one that an ordered webhook's later
/// deliveries wait for.
pub fn oldest_retrying(
    conn: &Read<'_>,
    webhook_seq: i64,
) -> Result<Option<QueuedDelivery>, StoreError> {
    let seq: Option<i64> = conn.optional(
        "SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 1 ORDER BY seq LIMIT 1",
        named_params! { ":webhook": webhook_seq },
    )?;
    seq.map_or(Ok(None), |seq| queued(conn, seq))
}

/// When the first retrying delivery of a webhook after `now` is due.
pub fn next_due(
    conn: &Read<'_>,
    webhook_seq: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    conn.value(
        "SELECT min(next_attempt_at)
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 1 AND next_attempt_at > :now",
        named_params! { ":webhook": webhook_seq, ":now": now },
    )
}

/// Every webhook with deliveries that wait; read once at start.
pub fn webhooks_waiting(conn: &Read<'_>) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT DISTINCT webhook_seq
         FROM delivery_counts
         WHERE status IN (0, 1) AND deliveries > 0
         ORDER BY webhook_seq
         LIMIT -1",
        [],
    )
}

/// A webhook that is out for good and for which deliveries still wait.
pub fn ended_waiting(conn: &Read<'_>) -> Result<Option<i64>, StoreError> {
    conn.optional(
        "SELECT c.webhook_seq
         FROM delivery_counts AS c
         JOIN webhooks ON webhooks.seq = c.webhook_seq
         WHERE c.status IN (0, 1, 5) AND c.deliveries > 0
             AND (webhooks.status = 'revoked' OR webhooks.deleted_at IS NOT NULL)
         LIMIT 1",
        [],
    )
}

/// Tests that were under way when the process ended: they are over, and nobody waits for them.
pub fn interrupted_tests(conn: &Read<'_>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE d.trigger = 1 AND d.status = 0 AND d.webhook_seq = :webhook
         LIMIT :limit"
    );
    let mut found = Vec::new();
    for webhook_seq in webhooks_waiting(conn)? {
        let limit = limit.saturating_sub(found.len());
        let params = named_params! { ":webhook": webhook_seq, ":limit": limit };
        let rows = conn.rows(&sql, params, |row| readable(delivery(row)))?;
        found.extend(rows.into_iter().flatten());
    }
    Ok(found)
}

pub(super) fn queued_rows(
    conn: &Read<'_>,
    sql: &str,
    params: impl Params,
    batch: Batch<'_>,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found: Vec<QueuedDelivery> = Vec::new();
    let mut bytes = 0;
    while (found.is_empty() || bytes < batch.bytes_max)
        && let Some(row) = rows.next()?
    {
        let mut columns = InOrder::of(row);
        let progress = progress_of(&mut columns)?;
        let id: DeliveryId = id(row, QUEUED_ID_AT.0, QUEUED_ID_AT.1)?;
        let (webhook_seq, event_seq) = (columns.next()?, columns.next()?);
        let event = match found.last().filter(|last| last.event.id.seq() == event_seq) {
            Some(last) => Arc::clone(&last.event),
            None => batch
                .event(conn, event_seq)?
                .ok_or_else(|| damaged("deliveries.event_seq", id.seq()))?,
        };
        if found.last().is_none_or(|last| last.event.id != event.id) {
            bytes += event.data.len();
        }
        found.push(QueuedDelivery {
            id,
            webhook_seq,
            event,
            profile_seq: columns.next()?,
            format: columns.next()?,
            shape_seq: columns.next()?,
            trigger: columns.next()?,
            order_key: columns.next()?,
            batch: columns.next()?,
            progress,
        });
    }
    Ok(found)
}
