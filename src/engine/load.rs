//! Filling a lane from the database.
//!
//! Owns: one read for one lane, in one snapshot, and putting together before what is to go out in one
//! request. Refuses: taking it in; the lanes do.

use std::sync::Arc;

use super::Shared;
use super::lanes::{Cut, LoadOrder, Loaded};
use super::target::Target;
use crate::domain::batch::{BatchPolicy, Gathered};
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, Batch};
use crate::store::events::HeldEvents;
use crate::store::{Read, Store, StoreError, WriteTx};

/// Batches that one load puts together at most.
const BATCHES_AT_ONCE: usize = 8;

/// Reads what `order` asks for; of a webhook whose deliveries go out in batches, those that are due are
/// put together first.
pub(super) async fn fill(
    shared: &Arc<Shared>,
    order: LoadOrder,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let store = &shared.parts.store;
    let read = async || {
        let (reader, held) = (store.clone(), Arc::clone(&shared.held_events));
        let read = store.read(move |conn| load(&reader, conn, order, &held, now));
        read.await
    };
    let loaded = read().await?;
    let target = loaded.target.as_ref();
    let policy = target.and_then(|target| target.batch);
    // What fell due behind others in an ordered lane must not take later ones past them.
    let is_behind = target.is_some_and(|target| target.ordered) && !loaded.first.is_empty();
    match policy {
        Some(policy) if policy.is_due(loaded.gathered, now) && !is_behind => {
            let formed = move |tx: &mut WriteTx<'_>| put_together(tx, order, policy);
            store.settle(formed).await?;
            read().await
        }
        Some(_) | None => Ok(loaded),
    }
}

/// Puts what waits into batches: full ones, and the last once its first event has waited long enough.
fn put_together(
    tx: &mut WriteTx<'_>,
    order: LoadOrder,
    policy: BatchPolicy,
) -> Result<(), StoreError> {
    let after = order.first_after.unwrap_or(0);
    for _ in 0..BATCHES_AT_ONCE {
        if !deliveries::form_batch(tx, order.webhook_seq, after, policy)? {
            break;
        }
    }
    Ok(())
}

/// Reads what `order` asks for.
fn load(
    store: &Store,
    conn: &Read<'_>,
    order: LoadOrder,
    held: &HeldEvents,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let batch = Batch {
        rows_max: order.rows_max,
        bytes_max: order.bytes_max,
        held: Some(held),
    };
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
        gathered: Gathered::default(),
    };
    match &loaded.target {
        Some(target) if target.open && target.batch.is_some() => {
            load_batches(conn, &mut loaded, batch, now)?;
            return Ok(loaded);
        }
        Some(target) if target.open && target.is_keyed => {
            load_keyed(conn, &mut loaded, batch, now)?;
            return Ok(loaded);
        }
        Some(target) if target.open && target.ordered => {
            load_ordered(conn, &mut loaded, batch, now)?;
        }
        Some(target) if target.open => load_any(conn, &mut loaded, batch, now)?,
        Some(_) | None => {}
    }
    loaded.first_cut = cut(&loaded.first, batch);
    loaded.retries_cut = cut(&loaded.retries, batch);
    Ok(loaded)
}

/// Whether what was read fills a batch, so that there may be more.
fn cut(read: &[QueuedDelivery], batch: Batch<'_>) -> Cut {
    if batch.is_full(read) {
        Cut::More
    } else {
        Cut::All
    }
}

fn load_any(
    conn: &Read<'_>,
    loaded: &mut Loaded,
    batch: Batch<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = loaded.order;
    if let Some(after) = order.first_after {
        loaded.first = deliveries::pending(conn, order.webhook_seq, after, batch)?;
    }
    if order.retries {
        loaded.retries = deliveries::due(conn, order.webhook_seq, now, batch)?;
        loaded.retry_at = deliveries::next_due(conn, order.webhook_seq, now)?;
    }
    Ok(())
}

/// Where deliveries with the same key keep their order, nothing is taken that another is before.
fn load_keyed(
    conn: &Read<'_>,
    loaded: &mut Loaded,
    batch: Batch<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = loaded.order;
    if let Some(after) = order.first_after {
        let heads = deliveries::pending_heads(conn, order.webhook_seq, after, batch)?;
        loaded.first = heads.found;
        loaded.looked_to = heads.looked_to;
        loaded.first_cut = if heads.is_cut { Cut::More } else { Cut::All };
    }
    if order.retries {
        loaded.retries = deliveries::due_heads(conn, order.webhook_seq, now, batch)?;
        loaded.retries_cut = cut(&loaded.retries, batch);
        loaded.retry_at = deliveries::next_due(conn, order.webhook_seq, now)?;
    }
    Ok(())
}

/// Where deliveries go out in batches, one of each stands for it.
fn load_batches(
    conn: &Read<'_>,
    loaded: &mut Loaded,
    batch: Batch<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = loaded.order;
    let target = loaded.target.as_ref();
    let ordered = target.is_some_and(|target| target.ordered);
    let policy = target.and_then(|target| target.batch);
    let max = policy.map_or(1, |policy| policy.max);
    if ordered && hold_behind_head(conn, loaded, now)? {
        return Ok(());
    }
    if let Some(after) = order.first_after {
        let found = deliveries::pending_batches(conn, order.webhook_seq, after, batch, max)?;
        loaded.first_cut = if found.is_cut { Cut::More } else { Cut::All };
        loaded.looked_to = found.looked_to;
        loaded.gathered = found.gathered;
        loaded.first = found.leads;
    }
    if order.retries && !ordered {
        let (due, is_cut) = deliveries::due_batches(conn, order.webhook_seq, now, batch)?;
        loaded.retries = due;
        loaded.retries_cut = if is_cut { Cut::More } else { Cut::All };
        loaded.retry_at = deliveries::next_due(conn, order.webhook_seq, now)?;
    }
    Ok(())
}

/// In an ordered lane nothing is taken while an earlier delivery waits for its retry.
fn load_ordered(
    conn: &Read<'_>,
    loaded: &mut Loaded,
    batch: Batch<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = loaded.order;
    if hold_behind_head(conn, loaded, now)? {
        return Ok(());
    }
    if let Some(after) = order.first_after {
        loaded.first = deliveries::pending(conn, order.webhook_seq, after, batch)?;
    }
    Ok(())
}

/// Takes the delivery that all others of an ordered lane wait for, if there is one.
fn hold_behind_head(
    conn: &Read<'_>,
    loaded: &mut Loaded,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(head) = deliveries::oldest_retrying(conn, loaded.order.webhook_seq)? else {
        return Ok(false);
    };
    loaded.order_blocked = true;
    match head.progress.next.at() {
        Some(at) if at > now => loaded.retry_at = Some(at),
        Some(_) | None => loaded.retries.push(head),
    }
    Ok(true)
}
