//! Running sums: what happened in each minute and hour, and how many deliveries stand where.
//!
//! Owns: reading them. Refuses: keeping them (`sums`), and counting history; reading a day
//! costs the same however long the instance has been running.

use rusqlite::{Params, named_params};

use super::{Read, StoreError};
use crate::domain::consumer::Purview;
use crate::domain::stats::{Counts, Durations, HOUR_MS, Latency, Period, StatsBucket};
use crate::domain::time::Timestamp;

/// How long minute buckets are kept: two days.
pub const MINUTES_KEPT_MS: i64 = 48 * HOUR_MS;
/// Buckets that one reading answers at most.
pub const BUCKETS_MAX: i64 = 3000;
/// Rows of durations that one reading looks at most: two months of hours, each with attempts of 160
/// classes.
const DURATION_ROWS_MAX: i64 = BUCKETS_MAX * 80;

/// How many of a webhook's deliveries stand where.
pub fn counts(conn: &Read<'_>, webhook_seq: i64) -> Result<Counts, StoreError> {
    counted(
        conn,
        "SELECT status, deliveries FROM delivery_counts WHERE webhook_seq = :webhook LIMIT 6",
        named_params! { ":webhook": webhook_seq },
    )
}

/// How many of the whole instance's deliveries stand where.
pub fn instance_counts(conn: &Read<'_>) -> Result<Counts, StoreError> {
    counted(
        conn,
        "SELECT status, SUM(deliveries) FROM delivery_counts GROUP BY status LIMIT 6",
        [],
    )
}

fn counted(conn: &Read<'_>, sql: &str, params: impl Params) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for (status, deliveries) in conn.rows(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))? {
        counts.add(status, deliveries);
    }
    Ok(counts)
}

/// Dead letters of the whole instance that nobody has discarded; no more than `max` are counted, so
/// that it costs the same however many there are.
pub fn dead_letters_up_to(conn: &Read<'_>, max: u32) -> Result<u64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM (
             SELECT 1
             FROM deliveries INDEXED BY dead_letters
             WHERE status = 3 AND discarded_at IS NULL
             LIMIT :max)",
        named_params! { ":max": max },
    )
}

/// How many registered webhooks have which status.
pub fn webhooks_by_status(conn: &Read<'_>) -> Result<Vec<(String, u64)>, StoreError> {
    conn.rows(
        "SELECT status, count(*)
         FROM webhooks
         WHERE kind = 'registered' AND deleted_at IS NULL
         GROUP BY status
         LIMIT 3",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// When the delivery was due that has been due longest, of those that nothing holds back. It looks at
/// the first that waits of each webhook, whatever else there is.
pub fn oldest_due(conn: &Read<'_>) -> Result<Option<Timestamp>, StoreError> {
    conn.value(
        "SELECT min(at)
         FROM (
             SELECT CASE counts.status
                 WHEN 0 THEN (
                     SELECT next_attempt_at
                     FROM deliveries INDEXED BY deliveries_by_webhook
                     WHERE webhook_seq = counts.webhook_seq AND status = 0
                     ORDER BY seq
                     LIMIT 1)
                 ELSE (
                     SELECT next_attempt_at
                     FROM deliveries INDEXED BY deliveries_due
                     WHERE webhook_seq = counts.webhook_seq AND status = 1
                     ORDER BY next_attempt_at
                     LIMIT 1)
                 END AS at
             FROM delivery_counts AS counts
             JOIN webhooks ON webhooks.seq = counts.webhook_seq
             WHERE counts.status IN (0, 1) AND counts.deliveries > 0
                 AND webhooks.status = 'active'
             LIMIT -1)",
        [],
    )
}

/// How many deliveries of what `purview` holds stand where, by webhook; alerts are not counted.
pub fn counts_by_webhook(
    conn: &Read<'_>,
    purview: Purview,
) -> Result<Vec<(i64, Counts)>, StoreError> {
    let from = match purview.consumer_seq {
        None => {
            "delivery_counts AS c
             JOIN webhooks ON webhooks.seq = c.webhook_seq
             WHERE :consumer IS NULL"
        }
        // The consumer's webhooks lead, however many others there are.
        Some(_) => {
            "webhooks INDEXED BY webhooks_of_consumer
             CROSS JOIN delivery_counts AS c ON c.webhook_seq = webhooks.seq
             WHERE webhooks.consumer_seq = :consumer"
        }
    };
    let sql = format!(
        "SELECT c.webhook_seq, c.status, c.deliveries
         FROM {from} AND webhooks.workspace_seq = :workspace AND webhooks.kind <> 'alert'
         ORDER BY c.webhook_seq
         LIMIT -1"
    );
    let params = named_params! {
        ":workspace": purview.workspace_seq,
        ":consumer": purview.consumer_seq,
    };
    let rows = conn.rows(&sql, params, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let mut found: Vec<(i64, Counts)> = Vec::new();
    for (webhook_seq, status, deliveries) in rows {
        if found.last().is_none_or(|(last, _)| *last != webhook_seq) {
            found.push((webhook_seq, Counts::default()));
        }
        if let Some((_, counts)) = found.last_mut() {
            counts.add(status, deliveries);
        }
    }
    Ok(found)
}

/// The steps of a period in which anything happened, oldest first. A step is `step_ms` long, a
/// multiple of the period's bucket width.
pub fn series(
    conn: &Read<'_>,
    period: &Period,
    step_ms: i64,
) -> Result<Vec<StatsBucket>, StoreError> {
    conn.rows(
        "SELECT bucket_at - bucket_at % :step AS step_at, sum(events), sum(attempts),
             sum(failures), sum(delivered), sum(exhausted), sum(canceled)
         FROM stats
         WHERE workspace_seq = :workspace AND webhook_seq = :webhook AND width_ms = :width
             AND bucket_at >= :since AND bucket_at < :until
         GROUP BY step_at
         ORDER BY step_at
         LIMIT :limit",
        named_params! {
            ":workspace": period.workspace_seq,
            ":webhook": period.webhook_seq,
            ":width": period.width_ms,
            ":step": step_ms,
            ":since": first_bucket(period),
            ":until": period.until,
            ":limit": BUCKETS_MAX,
        },
        |row| {
            Ok(StatsBucket {
                at: row.get(0)?,
                events: row.get(1)?,
                attempts: row.get(2)?,
                failures: row.get(3)?,
                delivered: row.get(4)?,
                exhausted: row.get(5)?,
                canceled: row.get(6)?,
            })
        },
    )
}

/// The durations of a period.
pub fn durations(conn: &Read<'_>, period: &Period) -> Result<Durations, StoreError> {
    let mut durations = Durations::default();
    add_durations(conn, period, &mut durations)?;
    Ok(durations)
}

/// Adds the durations of a period to others.
pub fn add_durations(
    conn: &Read<'_>,
    period: &Period,
    durations: &mut Durations,
) -> Result<(), StoreError> {
    for part in parts(period) {
        let add = |_, slot, attempts| durations.add(slot, attempts);
        each_duration(conn, &part, add)?;
    }
    Ok(())
}

/// The same period, with whole hours in the place of their minutes: sixty times fewer rows.
fn parts(period: &Period) -> Vec<Period> {
    let (since, until) = (first_bucket(period), period.until.millis());
    let (first, last) = ((since + HOUR_MS - 1) / HOUR_MS, until / HOUR_MS);
    if period.width_ms == HOUR_MS || first >= last {
        return vec![*period];
    }
    let part = |width_ms, since, until| Period {
        width_ms,
        since: Timestamp::from_millis(since),
        until: Timestamp::from_millis(until),
        ..*period
    };
    vec![
        part(period.width_ms, since, first * HOUR_MS),
        part(HOUR_MS, first * HOUR_MS, last * HOUR_MS),
        part(period.width_ms, last * HOUR_MS, until),
    ]
}

/// Hands over every bucket, class and number of attempts of a period, in that order: as they are
/// stored, because sorting or grouping a month's takes longer than reading it.
fn each_duration(
    conn: &Read<'_>,
    period: &Period,
    mut sink: impl FnMut(i64, i64, u64),
) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT bucket_at, slot, attempts
         FROM duration_stats
         WHERE workspace_seq = :workspace AND webhook_seq = :webhook AND width_ms = :width
             AND bucket_at >= :since AND bucket_at < :until
         ORDER BY bucket_at, slot
         LIMIT :limit",
    )?;
    let mut rows = statement.query(named_params! {
        ":workspace": period.workspace_seq,
        ":webhook": period.webhook_seq,
        ":width": period.width_ms,
        ":since": first_bucket(period),
        ":until": period.until.millis(),
        ":limit": DURATION_ROWS_MAX,
    })?;
    while let Some(row) = rows.next()? {
        sink(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// How long attempts took, step by step; steps without attempts are left out. A step is `step_ms`
/// long, a multiple of the period's bucket width.
pub fn latencies(
    conn: &Read<'_>,
    period: &Period,
    step_ms: i64,
) -> Result<Vec<Latency>, StoreError> {
    let mut found = Vec::new();
    let mut present: Option<(i64, Durations)> = None;
    let mut add = |bucket_at: i64, slot, attempts| {
        let at = bucket_at - bucket_at % step_ms;
        if present.as_ref().is_none_or(|(own, _)| *own != at) {
            let ended = present.replace((at, Durations::default()));
            found.extend(ended.and_then(latency));
        }
        if let Some((_, durations)) = &mut present {
            durations.add(slot, attempts);
        }
    };
    let parts = match step_ms % HOUR_MS {
        0 => parts(period),
        _ => vec![*period],
    };
    for part in parts {
        each_duration(conn, &part, &mut add)?;
    }
    found.extend(present.and_then(latency));
    Ok(found)
}

fn latency((at, durations): (i64, Durations)) -> Option<Latency> {
    Some(Latency {
        at: Timestamp::from_millis(at),
        p50_ms: durations.quantile_ms(0.5)?,
        p95_ms: durations.quantile_ms(0.95)?,
    })
}

fn first_bucket(period: &Period) -> i64 {
    period.since.millis() - period.since.millis() % period.width_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stats::{MINUTE_MS, WHOLE_WORKSPACE};

    #[test]
    fn a_period_of_minutes_is_read_by_whole_hours_where_it_holds_some() {
        let check = |since: i64, until: i64, expect: &[(i64, i64, i64)]| {
            let period = Period {
                workspace_seq: 1,
                webhook_seq: WHOLE_WORKSPACE,
                width_ms: MINUTE_MS,
                since: Timestamp::from_millis(since * MINUTE_MS),
                until: Timestamp::from_millis(until * MINUTE_MS),
            };
            let found = parts(&period).into_iter().map(|part| {
                let minutes = |at: Timestamp| at.millis() / MINUTE_MS;
                (
                    part.width_ms / MINUTE_MS,
                    minutes(part.since),
                    minutes(part.until),
                )
            });
            assert_eq!(found.collect::<Vec<_>>(), expect, "{since} to {until}");
        };
        check(10, 50, &[(1, 10, 50)]);
        check(10, 119, &[(1, 10, 119)]);
        check(10, 120, &[(1, 10, 60), (60, 60, 120), (1, 120, 120)]);
        check(60, 190, &[(1, 60, 60), (60, 60, 180), (1, 180, 190)]);
    }
}
