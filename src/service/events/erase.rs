//! Erasing what an event carried.
//!
//! Owns: who may ask, and calling off what still waits. Refuses: erasing while an attempt is known to be
//! under way: who asked would not know whether the data still goes out.

use serde_json::json;

use crate::domain::consumer::Purview;
use crate::domain::event::{EventKind, StoredEvent};
use crate::domain::time::Timestamp;
use crate::service::webhooks::cancel;
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{Read, WriteTx, deliveries, erasure, events};

/// Deliveries of one event that are looked at; more than webhooks may be registered.
const LOOKED_AT_MAX: usize = 1_000_000;

/// An event without its data.
#[derive(Clone, Debug)]
pub struct ErasedEvent {
    /// Its id, as the publisher knows it.
    pub id: String,
    /// When its data was erased.
    pub erased_at: Timestamp,
    /// Deliveries that waited and were called off.
    pub canceled: usize,
}

impl Service {
    /// Erases the data of an event, the bodies built from it and the answers kept for it. What waits is
    /// called off; the event's row stays, with the time. Erased again, nothing changes.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] while an attempt is under way.
    pub async fn erase_event(&self, caller: &Caller, id: &str) -> Result<ErasedEvent, Refusal> {
        let (purview, named) = (caller.purview(), id.to_owned());
        let found = self.store().read(move |conn| found(conn, purview, &named));
        let row = found.await?.event.id.seq();
        if self.under_way_of(vec![row]).await?.has_of(row) {
            return Err(Refusal::Conflict(
                "an attempt to deliver this event is under way; wait for its result".to_owned(),
            ));
        }
        let (caller, id) = (caller.clone(), id.to_owned());
        let work = move |tx: &mut WriteTx<'_>| erase(tx, &caller, &id);
        self.store().write(work).await
    }
}

fn found(conn: &Read<'_>, purview: Purview, id: &str) -> Result<StoredEvent, Refusal> {
    events::find_public(conn, purview, id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))
}

/// Erases it, whatever is under way.
pub(in crate::service) fn erase(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: &str,
) -> Result<ErasedEvent, Refusal> {
    let stored = found(tx, caller.purview(), id)?;
    let public_id = stored.event.public_id();
    if let Some(erased_at) = stored.erased_at {
        return Ok(ErasedEvent {
            id: public_id,
            erased_at,
            canceled: 0,
        });
    }
    let all = deliveries::of_event(tx, stored.event.id.seq(), LOOKED_AT_MAX)?;
    let waiting = all.iter().filter(|own| own.progress.status.is_waiting());
    let waiting: Vec<i64> = waiting.map(|own| own.id.seq()).collect();
    for seq in &waiting {
        cancel(tx, *seq)?;
    }
    erasure::erase(tx, stored.event.id.seq())?;
    let detail = json!({ "canceled": waiting.len() });
    audit(tx, caller, "event.erase", &public_id, &detail)?;
    Ok(ErasedEvent {
        id: public_id,
        erased_at: tx.now(),
        canceled: waiting.len(),
    })
}
