//! Single attempts: looking at one, and erasing the answer that it got.
//!
//! Owns: finding an attempt for its caller. Refuses: lists of them (`views`), and making any.

use serde_json::json;

use super::{Caller, Refusal, Service, audit};
use crate::domain::attempt::{Attempt, delivery_row};
use crate::domain::delivery::{Delivery, Trigger};
use crate::domain::id::{AttemptId, EventId};
use crate::store::{Read, WriteTx, attempts, deliveries, erasure};

impl Service {
    /// One attempt to deliver an event, and its delivery.
    pub async fn attempt(
        &self,
        caller: &Caller,
        event: EventId,
        id: AttemptId,
    ) -> Result<(Delivery, Attempt), Refusal> {
        let caller = caller.clone();
        self.read(move |_, conn| found(conn, &caller, event, id))
            .await
    }

    /// Erases the answer that an attempt got, its headers and its body; that there was one stays.
    pub async fn erase_answer(
        &self,
        caller: &Caller,
        event: EventId,
        id: AttemptId,
    ) -> Result<(), Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            found(tx, &caller, event, id)?;
            erasure::erase_answer(tx, id.seq())?;
            audit(tx, &caller, "attempt.erase", &id.to_string(), &json!({}))
        };
        self.store().write(work).await
    }
}

fn found(
    conn: &Read<'_>,
    caller: &Caller,
    event: EventId,
    id: AttemptId,
) -> Result<(Delivery, Attempt), Refusal> {
    let purview = caller.purview();
    let holds = |own: &Delivery| {
        own.event == event
            && own.trigger != Trigger::Alert
            && purview.holds(own.workspace_seq, own.consumer_seq)
    };
    let delivery = deliveries::find(conn, delivery_row(id.seq()))?.filter(holds);
    let attempt = attempts::find(conn, id.seq())?;
    let both = delivery.zip(attempt);
    let (delivery, attempt) = both
        .filter(|(delivery, attempt)| attempt.id(delivery.id) == id)
        .ok_or(Refusal::NotFound("attempt"))?;
    let hearer = caller.hearer();
    Ok((delivery.told_to(hearer), attempt.told_to(hearer)))
}
