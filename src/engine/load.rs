//! Filling a lane from the database.
//!
//! Owns: one read for one lane, in one snapshot. Refuses: taking it in; the lanes do.

use std::sync::Arc;

use super::lane::QUEUE_MAX;
use super::lanes::{LoadOrder, Loaded};
use super::target::Target;
use crate::domain::time::Timestamp;
use crate::store::{Read, Store, StoreError, deliveries};

/// Reads what `order` asks for.
pub(super) fn load(
    store: &Store,
    conn: &Read<'_>,
    order: LoadOrder,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    // What is active is shown again by the database, so that many more rows are wanted.
    let limit = QUEUE_MAX + order.active;
    let target = Target::load(store, conn, order.webhook_seq, now)?.map(Arc::new);
    let mut loaded = Loaded {
        order,
        target,
        fresh: Vec::new(),
        late: Vec::new(),
        limit,
        late_at: None,
        order_blocked: false,
    };
    match &loaded.target {
        Some(target) if target.open && target.ordered => load_ordered(conn, &mut loaded, now)?,
        Some(target) if target.open => load_any(conn, &mut loaded, now)?,
        Some(_) | None => {}
    }
    Ok(loaded)
}

fn load_any(conn: &Read<'_>, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let LoadOrder {
        webhook_seq,
        fresh_after,
        late,
        ..
    } = loaded.order;
    if let Some(after) = fresh_after {
        loaded.fresh = deliveries::pending(conn, webhook_seq, after, loaded.limit)?;
    }
    if late {
        loaded.late = deliveries::due(conn, webhook_seq, now, loaded.limit)?;
        loaded.late_at = deliveries::next_due(conn, webhook_seq, now)?;
    }
    Ok(())
}

/// In an ordered lane nothing is taken while an earlier delivery waits for its retry.
fn load_ordered(conn: &Read<'_>, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let LoadOrder {
        webhook_seq,
        fresh_after,
        ..
    } = loaded.order;
    if let Some(head) = deliveries::oldest_retrying(conn, webhook_seq)? {
        loaded.order_blocked = true;
        match head.progress.next.at() {
            Some(at) if at > now => loaded.late_at = Some(at),
            Some(_) | None => loaded.late.push(head),
        }
    } else if let Some(after) = fresh_after {
        loaded.fresh = deliveries::pending(conn, webhook_seq, after, loaded.limit)?;
    }
    Ok(())
}
