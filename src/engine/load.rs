//! Filling a lane from the database.
//!
//! Owns: one read for one lane, in one snapshot. Refuses: taking it in; the lanes do.

use std::sync::Arc;

use super::lanes::{Cut, LoadOrder, Loaded};
use super::target::Target;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, Batch};
use crate::store::{Read, Store, StoreError};

/// Reads what `order` asks for.
pub(super) fn load(
    store: &Store,
    conn: &Read<'_>,
    order: LoadOrder,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let target = Target::load(store, conn, order.webhook_seq, now)?.map(Arc::new);
    let mut loaded = Loaded {
        order,
        target,
        first: Vec::new(),
        first_cut: Cut::All,
        retries: Vec::new(),
        retries_cut: Cut::All,
        retry_at: None,
        order_blocked: false,
        looked_to: None,
    };
    match &loaded.target {
        Some(target) if target.open && target.is_keyed => {
            load_keyed(conn, &mut loaded, now)?;
            return Ok(loaded);
        }
        Some(target) if target.open && target.ordered => load_ordered(conn, &mut loaded, now)?,
        Some(target) if target.open => load_any(conn, &mut loaded, now)?,
        Some(_) | None => {}
    }
    loaded.first_cut = cut(&loaded.first, batch(order));
    loaded.retries_cut = cut(&loaded.retries, batch(order));
    Ok(loaded)
}

fn batch(order: LoadOrder) -> Batch {
    Batch {
        rows_max: order.rows_max,
        bytes_max: order.bytes_max,
    }
}

/// Whether what was read fills a batch, so that there may be more.
fn cut(read: &[QueuedDelivery], batch: Batch) -> Cut {
    if batch.is_full(read) {
        Cut::More
    } else {
        Cut::All
    }
}

fn load_any(conn: &Read<'_>, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let order = loaded.order;
    if let Some(after) = order.first_after {
        loaded.first = deliveries::pending(conn, order.webhook_seq, after, batch(order))?;
    }
    if order.retries {
        loaded.retries = deliveries::due(conn, order.webhook_seq, now, batch(order))?;
        loaded.retry_at = deliveries::next_due(conn, order.webhook_seq, now)?;
    }
    Ok(())
}

/// Where deliveries with the same key keep their order, nothing is taken that another is before.
fn load_keyed(conn: &Read<'_>, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let order = loaded.order;
    if let Some(after) = order.first_after {
        let heads = deliveries::pending_heads(conn, order.webhook_seq, after, batch(order))?;
        loaded.first = heads.found;
        loaded.looked_to = heads.looked_to;
        loaded.first_cut = if heads.is_cut { Cut::More } else { Cut::All };
    }
    if order.retries {
        loaded.retries = deliveries::due_heads(conn, order.webhook_seq, now, batch(order))?;
        loaded.retries_cut = cut(&loaded.retries, batch(order));
        loaded.retry_at = deliveries::next_due(conn, order.webhook_seq, now)?;
    }
    Ok(())
}

/// In an ordered lane nothing is taken while an earlier delivery waits for its retry.
fn load_ordered(conn: &Read<'_>, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let order = loaded.order;
    if let Some(head) = deliveries::oldest_retrying(conn, order.webhook_seq)? {
        loaded.order_blocked = true;
        match head.progress.next.at() {
            Some(at) if at > now => loaded.retry_at = Some(at),
            Some(_) | None => loaded.retries.push(head),
        }
    } else if let Some(after) = order.first_after {
        loaded.first = deliveries::pending(conn, order.webhook_seq, after, batch(order))?;
    }
    Ok(())
}
