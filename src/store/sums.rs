//! Keeping running sums: what happened in each minute and hour, and how many deliveries stand where.
//!
//! Owns: adding to them with every commit. Refuses: reading them (`stats`).

use std::collections::HashMap;

use rusqlite::params;

use super::effects::{EffectPlace, Effects, Sums};
use super::{Read, StoreError};
use crate::domain::delivery::Status;
use crate::domain::stats::{HOUR_MS, MINUTE_MS};

/// Adds a batch's sums to the tables, just before its commit.
pub(super) fn apply(conn: &Read<'_>, effects: &Effects) -> Result<(), StoreError> {
    add_counts(conn, &effects.counts)?;
    add_sums(conn, &effects.sums)?;
    add_durations(conn, &effects.sums)
}

// A batch may change hundreds of these rows: each statement is prepared once for all of them, and takes
// its values in the order in which it first names them.

fn add_counts(conn: &Read<'_>, counts: &HashMap<(i64, Status), i64>) -> Result<(), StoreError> {
    let mut add = conn.prepare_cached(
        "INSERT INTO delivery_counts (webhook_seq, status, deliveries)
         VALUES (:webhook, :status, :change)
         ON CONFLICT DO UPDATE SET deliveries = deliveries + :change",
    )?;
    for ((webhook_seq, status), change) in counts {
        if *change != 0 {
            add.execute(params![webhook_seq, status, change])?;
        }
    }
    Ok(())
}

fn add_sums(conn: &Read<'_>, sums: &HashMap<EffectPlace, Sums>) -> Result<(), StoreError> {
    let mut add = conn.prepare_cached(
        "INSERT INTO stats (workspace_seq, webhook_seq, width_ms, bucket_at, events, attempts,
             failures, delivered, exhausted, canceled)
         VALUES (:workspace, :webhook, :width, :bucket, :events, :attempts, :failures, :delivered,
             :exhausted, :canceled)
         ON CONFLICT DO UPDATE
         SET events = events + :events, attempts = attempts + :attempts,
             failures = failures + :failures, delivered = delivered + :delivered,
             exhausted = exhausted + :exhausted, canceled = canceled + :canceled",
    )?;
    for (place, own) in sums {
        for (width_ms, bucket_at) in buckets(*place) {
            add.execute(params![
                place.workspace_seq,
                place.webhook_seq,
                width_ms,
                bucket_at,
                own.events,
                own.attempts,
                own.failures,
                own.delivered,
                own.exhausted,
                own.canceled,
            ])?;
        }
    }
    Ok(())
}

fn add_durations(conn: &Read<'_>, sums: &HashMap<EffectPlace, Sums>) -> Result<(), StoreError> {
    let mut add = conn.prepare_cached(
        "INSERT INTO duration_stats (workspace_seq, webhook_seq, width_ms, bucket_at, slot,
             attempts)
         VALUES (:workspace, :webhook, :width, :bucket, :slot, :attempts)
         ON CONFLICT DO UPDATE SET attempts = attempts + :attempts",
    )?;
    for (place, own) in sums {
        for (width_ms, bucket_at) in buckets(*place) {
            for (slot, attempts) in &own.durations {
                add.execute(params![
                    place.workspace_seq,
                    place.webhook_seq,
                    width_ms,
                    bucket_at,
                    slot,
                    attempts,
                ])?;
            }
        }
    }
    Ok(())
}

/// The minute and the hour to which a place belongs: their widths and where they begin.
fn buckets(place: EffectPlace) -> [(i64, i64); 2] {
    [MINUTE_MS, HOUR_MS].map(|width_ms| (width_ms, place.minute_at - place.minute_at % width_ms))
}
