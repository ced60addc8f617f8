//! Erasing what an event carried.
//!
//! Owns: who may ask, and calling off what still waits. Refuses: erasing while an attempt is under way,
//! whose answer would be kept after it.

use serde_json::json;

use crate::domain::event::EventKind;
use crate::domain::time::Timestamp;
use crate::engine::Engine;
use crate::service::deliveries::is_under_way;
use crate::service::webhooks::cancel;
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{WriteTx, deliveries, erasure, events};

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
        let (caller, id, engine) = (caller.clone(), id.to_owned(), self.engine().clone());
        let work = move |tx: &mut WriteTx<'_>| erase(tx, &engine, &caller, &id);
        self.store().write(work).await
    }
}

fn erase(
    tx: &mut WriteTx<'_>,
    engine: &Engine,
    caller: &Caller,
    id: &str,
) -> Result<ErasedEvent, Refusal> {
    let stored = events::find_public(tx, caller.purview(), id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))?;
    let public_id = stored.event.public_id();
    if let Some(erased_at) = stored.erased_at {
        return Ok(ErasedEvent {
            id: public_id,
            erased_at,
            canceled: 0,
        });
    }
    let all = deliveries::of_event(tx, stored.event.id.seq(), LOOKED_AT_MAX)?;
    if all.iter().any(|delivery| is_under_way(engine, delivery)) {
        return Err(Refusal::Conflict(
            "an attempt to deliver this event is under way; wait for its result".to_owned(),
        ));
    }
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
