//! Deliveries that go out in one request.
//!
//! Owns: putting pending deliveries of a webhook together, once and for all their attempts, and finding
//! what belongs together. Refuses: when that is due (`domain::batch`), and sending anything (`engine`).
//!
//! # Why a batch is stored before it is sent
//! Whatever was sent once must be sent again as it was. So the rows say what belongs together before
//! the first byte leaves; a restart finds the same members, makes the same body and the same id of
//! them. A batch has no row of its own: it is called by the row of its first member, and ends with the
//! last.

use std::collections::HashSet;

use rusqlite::named_params;

use super::find;
use super::queue::{Batch, SELECT_QUEUED, queued, queued_rows};
use crate::domain::batch::{
    BATCH_BODY_BYTES_MAX, BATCHED_EVENTS_MAX, BatchPolicy, Gathered, batch_id,
};
use crate::domain::delivery::{Delivery, QueuedDelivery, Status, Trigger};
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::store::events::packing::data_bytes;
use crate::store::sql::id;
use crate::store::{Read, StoreError, WriteTx, row_list};

/// Rows that one reading looks at, beside those that its caller has under way.
const LOOKED_AT_MAX: usize = 5_000;
/// Deliveries of the newest batches that are looked at for a batch's id.
const SEARCHED_MAX: usize = 20_000;

/// Nothing with the same key, whose order it keeps, is before a delivery.
const IS_FIRST: &str = "(d.order_key IS NULL OR NOT EXISTS (
                 SELECT 1
                 FROM deliveries AS earlier INDEXED BY deliveries_in_order
                 WHERE earlier.webhook_seq = d.webhook_seq AND earlier.order_key = d.order_key
                     AND earlier.status IN (0, 1) AND earlier.seq < d.seq))";

/// What a reading of a webhook's pending deliveries found.
#[derive(Debug, Default)]
pub struct PendingBatches {
    /// One delivery of each batch, the first of them first.
    pub leads: Vec<QueuedDelivery>,
    /// The last row before which nothing waits to be put into a batch.
    pub looked_to: Option<i64>,
    /// What waits to be put into a batch.
    pub gathered: Gathered,
    /// Whether there is, or may be, more to look at.
    pub is_cut: bool,
}

/// What waits to be put into a batch.
struct Unbatched {
    seq: i64,
    /// The row of its wire profile, and its format.
    made_with: (i64, String),
    bytes: usize,
    since: Timestamp,
}

/// A delivery of a batch, for whoever looks at it.
#[derive(Clone, Copy, Debug)]
pub struct BatchMember {
    /// Its id.
    pub id: DeliveryId,
    /// Whether what it carried was erased.
    pub is_erased: bool,
}

/// Reads the pending deliveries of a webhook behind row `after`: batches that were made, and what waits
/// to be put into one, of which `max` are enough.
///
/// # Errors
/// [`StoreError::Damaged`] where an event is not what was once published.
pub fn pending_batches(
    conn: &Read<'_>,
    webhook_seq: i64,
    after: i64,
    batch: Batch<'_>,
    max: u32,
) -> Result<PendingBatches, StoreError> {
    let sql = format!(
        "SELECT d.seq, d.batch_seq, d.next_attempt_at
         FROM deliveries AS d
         WHERE d.webhook_seq = :webhook AND d.status = 0 AND d.seq > :after AND d.trigger <> 1
             AND {IS_FIRST}
         ORDER BY d.seq
         LIMIT :limit"
    );
    let mut found = PendingBatches::default();
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = LOOKED_AT_MAX + batch.rows_max;
    let mut rows = statement.query(named_params! {
        ":webhook": webhook_seq, ":after": after, ":limit": limit,
    })?;
    let (mut seen, mut looked_at) = (HashSet::new(), 0);
    while !found.is_cut
        && let Some(row) = rows.next()?
    {
        let seq: i64 = row.get("seq")?;
        looked_at += 1;
        match row.get::<_, Option<i64>>("batch_seq")? {
            Some(own) if seen.insert(own) => {
                if batch.is_full(&found.leads) {
                    found.is_cut = true;
                    break;
                }
                found.leads.extend(queued(conn, seq)?);
            }
            Some(_) => {}
            None => {
                let since: Option<Timestamp> = row.get("next_attempt_at")?;
                found.gathered.add(since.unwrap_or_default());
            }
        }
        if found.gathered.waiting == 0 {
            found.looked_to = Some(seq);
        }
        found.is_cut = found.gathered.waiting >= max || looked_at == limit;
    }
    found.is_cut |= found.gathered.waiting > 0;
    Ok(found)
}

/// One retrying delivery of each batch, and those in none, of a webhook that are due at `now`, the
/// longest due first; and whether there may be more.
pub fn due_batches(
    conn: &Read<'_>,
    webhook_seq: i64,
    now: Timestamp,
    batch: Batch<'_>,
) -> Result<(Vec<QueuedDelivery>, bool), StoreError> {
    let sql = format!(
        "SELECT d.seq, d.batch_seq
         FROM deliveries AS d INDEXED BY deliveries_due
         WHERE d.webhook_seq = :webhook AND d.status = 1 AND d.next_attempt_at <= :now
             AND {IS_FIRST}
         ORDER BY d.next_attempt_at, d.seq
         LIMIT :limit"
    );
    let limit = LOOKED_AT_MAX + batch.rows_max;
    let params = named_params! { ":webhook": webhook_seq, ":now": now, ":limit": limit };
    let rows: Vec<(i64, Option<i64>)> =
        conn.rows(&sql, params, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut is_cut = rows.len() == limit;
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for (seq, own) in rows {
        if own.is_some_and(|own| !seen.insert(own)) {
            continue;
        }
        if batch.is_full(&found) {
            is_cut = true;
            break;
        }
        found.extend(queued(conn, seq)?);
    }
    Ok((found, is_cut))
}

/// Puts the first pending deliveries of a webhook behind row `after` into a batch; they are of one wire
/// profile and format, and their data fits one body. `false` where that is not due: none waits, or so few
/// that others may still join them.
pub fn form_batch(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    after: i64,
    policy: BatchPolicy,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT d.seq, d.profile_seq, d.format, octet_length(events.data), substr(events.packed_data, 1, 4),
             d.next_attempt_at
         FROM deliveries AS d
         JOIN events ON events.seq = d.event_seq
         WHERE d.webhook_seq = :webhook AND d.status = 0 AND d.seq > :after AND d.trigger <> 1
             AND d.batch_seq IS NULL AND {IS_FIRST}
         ORDER BY d.seq
         LIMIT :limit"
    );
    let params = named_params! { ":webhook": webhook_seq, ":after": after, ":limit": policy.max };
    let mut gathered = Gathered::default();
    let rows = tx.rows(&sql, params, |row| {
        let since: Option<Timestamp> = row.get(5)?;
        Ok(Unbatched {
            seq: row.get(0)?,
            made_with: (row.get(1)?, row.get(2)?),
            bytes: data_bytes(row.get(3)?, row.get(4)?),
            since: since.unwrap_or_default(),
        })
    })?;
    for own in &rows {
        gathered.add(own.since);
    }
    let Some(first) = rows.first() else {
        return Ok(false);
    };
    let mut bytes = 0;
    let fitting = rows.iter().take_while(|own| {
        let is_first = bytes == 0;
        bytes += own.bytes + 1;
        own.made_with == first.made_with && (is_first || bytes <= BATCH_BODY_BYTES_MAX)
    });
    let members: Vec<i64> = fitting.map(|own| own.seq).collect();
    // What does not fit closes a batch as well as their number does.
    let is_closed = members.len() < rows.len();
    if !is_closed && !policy.is_due(gathered, tx.now()) {
        return Ok(false);
    }
    put_together(tx, &members)?;
    Ok(true)
}

/// Makes a batch of these deliveries, as far as they are in none.
pub fn put_together(tx: &mut WriteTx<'_>, rows: &[i64]) -> Result<(), StoreError> {
    tx.run(
        "UPDATE deliveries
         SET batch_seq = :batch
         WHERE seq IN (SELECT value FROM json_each(:rows)) AND batch_seq IS NULL",
        named_params! { ":batch": rows.first(), ":rows": row_list(rows) },
    )?;
    Ok(())
}

/// Takes deliveries out of their batch: they wait to be put into another.
pub fn leave_batch(tx: &WriteTx<'_>, rows: &[i64]) -> Result<(), StoreError> {
    tx.run(
        "UPDATE deliveries
         SET batch_seq = NULL
         WHERE seq IN (SELECT value FROM json_each(:rows))",
        named_params! { ":rows": row_list(rows) },
    )?;
    Ok(())
}

/// What of a batch waits for an attempt, in event order.
pub fn waiting_in_batch(
    conn: &Read<'_>,
    batch_seq: i64,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let sql = format!(
        "{SELECT_QUEUED}
         WHERE batch_seq = :batch AND status IN (0, 1)
         ORDER BY seq
         LIMIT :limit"
    );
    let all = Batch {
        rows_max: BATCHED_EVENTS_MAX as usize,
        bytes_max: usize::MAX,
        held: None,
    };
    let params = named_params! { ":batch": batch_seq, ":limit": all.rows_max };
    queued_rows(conn, &sql, params, all)
}

/// The deliveries of a batch, in event order, without those that were called off unsent.
pub fn batch_of(conn: &Read<'_>, batch_seq: i64) -> Result<Vec<BatchMember>, StoreError> {
    conn.rows(
        "SELECT d.seq, d.created_at, events.erased_at IS NOT NULL AS is_erased
         FROM deliveries AS d
         JOIN events ON events.seq = d.event_seq
         WHERE d.batch_seq = :batch AND (d.status <> :canceled OR d.attempt_count > 0)
         ORDER BY d.seq
         LIMIT :limit",
        named_params! {
            ":batch": batch_seq,
            ":canceled": Status::Canceled,
            ":limit": BATCHED_EVENTS_MAX,
        },
        |row| {
            Ok(BatchMember {
                id: id(row, "created_at", "seq")?,
                is_erased: row.get("is_erased")?,
            })
        },
    )
}

/// The row of the first delivery of the batch with this id, where it is one of the newest: an id is made of
/// the members, so that they are looked at, [`SEARCHED_MAX`] of them at most.
pub fn first_of_batch(
    conn: &Read<'_>,
    workspace_seq: i64,
    wanted: &str,
) -> Result<Option<i64>, StoreError> {
    let (mut before, mut looked_at) = (i64::MAX, 0);
    while looked_at < SEARCHED_MAX {
        let newest: Option<i64> = conn.value(
            "SELECT max(batch_seq)
             FROM deliveries INDEXED BY deliveries_in_batch
             WHERE batch_seq IS NOT NULL AND batch_seq < :before",
            named_params! { ":before": before },
        )?;
        let Some(batch_seq) = newest else {
            break;
        };
        let members = batch_of(conn, batch_seq)?;
        looked_at += members.len().max(1);
        let first = members.first().map(|member| member.id.seq());
        if batch_id(members.into_iter().map(|member| member.id)) == wanted {
            let found = first.map(|seq| find(conn, seq)).transpose()?.flatten();
            let own = found.filter(|delivery| delivery.workspace_seq == workspace_seq);
            return Ok(own.map(|delivery| delivery.id.seq()));
        }
        before = batch_seq;
    }
    Ok(None)
}

/// The rows of those that stand where `delivery` does and share its batch, without those that a person
/// discarded.
pub fn mates(conn: &Read<'_>, delivery: &Delivery) -> Result<Vec<i64>, StoreError> {
    let Some(batch_seq) = delivery.batch else {
        return Ok(Vec::new());
    };
    conn.values(
        "SELECT seq
         FROM deliveries
         WHERE batch_seq = :batch AND seq <> :seq AND status = :status AND discarded_at IS NULL
             AND trigger <> :test
         ORDER BY seq
         LIMIT :limit",
        named_params! {
            ":batch": batch_seq,
            ":seq": delivery.id.seq(),
            ":status": delivery.progress.status,
            ":test": Trigger::Test,
            ":limit": BATCHED_EVENTS_MAX,
        },
    )
}
