//! Who missed an event, because it was disabled when the event was published.
//!
//! Owns: these records. Refuses: giving the events after all (`service`).

use rusqlite::named_params;

use crate::domain::breaker::DisabledReason;
use crate::domain::event::MissedEvents;
use crate::domain::id::WebhookId;
use crate::store::sql::id;
use crate::store::{Read, StoreError, WriteTx};

/// Records that a webhook wanted an event but was disabled when it was published.
pub fn insert_miss(
    tx: &WriteTx<'_>,
    event_seq: i64,
    webhook_seq: i64,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT OR IGNORE INTO event_misses (webhook_seq, event_seq, reason)
         VALUES (:webhook, :event, :reason)",
        named_params! { ":webhook": webhook_seq, ":event": event_seq, ":reason": reason },
    )?;
    Ok(())
}

/// Forgets a miss, because the event has been given to the webhook after all.
pub fn delete_miss(tx: &WriteTx<'_>, event_seq: i64, webhook_seq: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM event_misses WHERE webhook_seq = :webhook AND event_seq = :event",
        named_params! { ":webhook": webhook_seq, ":event": event_seq },
    )?;
    Ok(())
}

/// Of the events that a webhook missed those that are meant, oldest first.
pub fn missed(conn: &Read<'_>, which: &MissedEvents, limit: usize) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT event_seq
         {MISSED}
         ORDER BY event_seq
         LIMIT :limit"
    );
    conn.values(
        &sql,
        named_params! {
            ":webhook": which.webhook_seq,
            ":after": which.after,
            ":end": which.end,
            ":since": which.since,
            ":until": which.until,
            ":limit": limit,
        },
    )
}

/// How many there are of these.
pub fn count_missed(conn: &Read<'_>, which: &MissedEvents) -> Result<u64, StoreError> {
    conn.value(
        &format!("SELECT count(*) {MISSED}"),
        named_params! {
            ":webhook": which.webhook_seq,
            ":after": which.after,
            ":end": which.end,
            ":since": which.since,
            ":until": which.until,
        },
    )
}

const MISSED: &str = "FROM event_misses
    JOIN events ON events.seq = event_misses.event_seq
    WHERE webhook_seq = :webhook AND event_seq > :after AND event_seq < :end
        AND (:since IS NULL OR events.created_at >= :since)
        AND (:until IS NULL OR events.created_at < :until)";

/// The webhooks that missed an event, and why.
pub fn misses(
    conn: &Read<'_>,
    event_seq: i64,
    limit: usize,
) -> Result<Vec<(WebhookId, DisabledReason)>, StoreError> {
    conn.rows(
        "SELECT event_misses.webhook_seq, webhooks.created_at, event_misses.reason
         FROM event_misses
         JOIN webhooks ON webhooks.seq = event_misses.webhook_seq
         WHERE event_seq = :event
         ORDER BY event_misses.webhook_seq
         LIMIT :limit",
        named_params! { ":event": event_seq, ":limit": limit },
        |row| Ok((id(row, "created_at", "webhook_seq")?, row.get("reason")?)),
    )
}
