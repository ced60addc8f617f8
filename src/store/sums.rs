//! Keeping running sums: what happened in each minute and hour, and how many deliveries stand where.
//!
//! Owns: adding to them with every commit. Refuses: reading them (`stats`).

use rusqlite::named_params;

use super::effects::{EffectPlace, Effects, Sums};
use super::{Read, StoreError};
use crate::domain::delivery::Status;
use crate::domain::stats::{HOUR_MS, MINUTE_MS};

/// Adds a batch's sums to the tables, just before its commit.
pub(super) fn apply(conn: &Read<'_>, effects: &Effects) -> Result<(), StoreError> {
    for ((webhook_seq, status), change) in &effects.counts {
        if *change != 0 {
            add_count(conn, *webhook_seq, *status, *change)?;
        }
    }
    for (place, sums) in &effects.sums {
        for width_ms in [MINUTE_MS, HOUR_MS] {
            add_sums(conn, *place, width_ms, sums)?;
        }
    }
    Ok(())
}

fn add_count(
    conn: &Read<'_>,
    webhook_seq: i64,
    status: Status,
    change: i64,
) -> Result<(), StoreError> {
    conn.run(
        "INSERT INTO delivery_counts (webhook_seq, status, deliveries)
         VALUES (:webhook, :status, :change)
         ON CONFLICT DO UPDATE SET deliveries = deliveries + :change",
        named_params! { ":webhook": webhook_seq, ":status": status, ":change": change },
    )?;
    Ok(())
}

fn add_sums(
    conn: &Read<'_>,
    place: EffectPlace,
    width_ms: i64,
    sums: &Sums,
) -> Result<(), StoreError> {
    let bucket_at = place.minute_at - place.minute_at % width_ms;
    conn.run(
        "INSERT INTO stats (workspace_seq, webhook_seq, width_ms, bucket_at, events, attempts,
             failures, delivered, exhausted, canceled)
         VALUES (:workspace, :webhook, :width, :bucket, :events, :attempts, :failures, :delivered,
             :exhausted, :canceled)
         ON CONFLICT DO UPDATE
         SET events = events + :events, attempts = attempts + :attempts,
             failures = failures + :failures, delivered = delivered + :delivered,
             exhausted = exhausted + :exhausted, canceled = canceled + :canceled",
        named_params! {
            ":workspace": place.workspace_seq,
            ":webhook": place.webhook_seq,
            ":width": width_ms,
            ":bucket": bucket_at,
            ":events": sums.events,
            ":attempts": sums.attempts,
            ":failures": sums.failures,
            ":delivered": sums.delivered,
            ":exhausted": sums.exhausted,
            ":canceled": sums.canceled,
        },
    )?;
    for (slot, attempts) in &sums.durations {
        conn.run(
            "INSERT INTO duration_stats (workspace_seq, webhook_seq, width_ms, bucket_at, slot,
                 attempts)
             VALUES (:workspace, :webhook, :width, :bucket, :slot, :attempts)
             ON CONFLICT DO UPDATE SET attempts = attempts + :attempts",
            named_params! {
                ":workspace": place.workspace_seq,
                ":webhook": place.webhook_seq,
                ":width": width_ms,
                ":bucket": bucket_at,
                ":slot": slot,
                ":attempts": attempts,
            },
        )?;
    }
    Ok(())
}
