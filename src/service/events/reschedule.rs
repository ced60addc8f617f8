//! Events that are for later: another time for them, and calling them off.
//!
//! Owns: who may ask, and that only what still waits for its time is touched. Refuses: what was sent
//! already, or is being sent.

use serde_json::json;

use super::{EventDetail, detail_in};
use crate::domain::delivery::{Delivery, Status, StepInput, step};
use crate::domain::event::{EventKind, StoredEvent};
use crate::domain::retry::RetryPolicy;
use crate::domain::schedule::{DueTime, Schedule};
use crate::service::webhooks::cancel;
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{WriteTx, deliveries, events, poll};

/// Deliveries of one event that one transaction reschedules or calls off.
const AT_ONCE: usize = 1_000_000;

/// Another time for an event, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct RescheduleInput {
    /// When it is to be delivered.
    pub deliver_at: Option<String>,
    /// How long after now it is to be delivered.
    pub delay: Option<String>,
}

impl Service {
    /// Gives an event another time, and with it all of its deliveries that still wait for theirs. A time
    /// that is past means now.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the field at fault; [`Refusal::NotFound`]; [`Refusal::Conflict`] where
    /// no delivery of it is scheduled any more.
    pub async fn reschedule_event(
        &self,
        caller: &Caller,
        id: &str,
        input: RescheduleInput,
    ) -> Result<EventDetail, Refusal> {
        caller.check_platform()?;
        let now = self.clock().now();
        let asked = Schedule::parse(input.deliver_at.as_deref(), input.delay.as_deref(), now);
        let asked = asked.map_err(|fault| Refusal::field(fault.field, fault.message))?;
        let Some(asked) = asked else {
            let message = "is needed: a time, or a delay in its place";
            return Err(Refusal::field("deliver_at", message));
        };
        let (worker, wanted) = (caller.clone(), id.to_owned());
        self.store()
            .write(move |tx| reschedule(tx, &worker, &wanted, asked))
            .await?;
        let (caller, id) = (caller.clone(), id.to_owned());
        self.read(move |store, conn| detail_in(store, conn, &caller, &id))
            .await
    }

    /// Calls off the deliveries of an event that wait for their time or for an attempt; answers how many.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where nothing of it waits.
    pub async fn cancel_event(&self, caller: &Caller, id: &str) -> Result<usize, Refusal> {
        caller.check_platform()?;
        let (caller, id) = (caller.clone(), id.to_owned());
        self.store()
            .write(move |tx| call_off(tx, &caller, &id))
            .await
    }
}

fn published(tx: &WriteTx<'_>, caller: &Caller, id: &str) -> Result<StoredEvent, Refusal> {
    events::find_public(tx, caller.purview(), id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))
}

fn reschedule(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: &str,
    asked: Schedule,
) -> Result<(), Refusal> {
    let stored = published(tx, caller, id)?;
    let all = deliveries::of_event(tx, stored.event.id.seq(), AT_ONCE)?;
    let is_scheduled = |own: &&Delivery| own.progress.status == Status::Scheduled;
    let scheduled: Vec<&Delivery> = all.iter().filter(is_scheduled).collect();
    let at = asked.instant(tx.now());
    // What is due at once takes the way of all that falls due.
    let due = asked.due(tx.now()).unwrap_or(DueTime {
        at: tx.now(),
        not_before: None,
    });
    let kept = poll::replan(tx, stored.event.id.seq(), due)?;
    if scheduled.is_empty() && kept == 0 {
        return Err(Refusal::Conflict(
            "no delivery of this event is scheduled any more; replay it to deliver it again"
                .to_owned(),
        ));
    }
    for delivery in &scheduled {
        let (input, policy) = (StepInput::Reschedule(due.at), RetryPolicy::standard());
        let next = step(delivery.progress, input, &policy, tx.now(), 0.0)?;
        let place = delivery.place();
        deliveries::set_progress(tx, place, &delivery.progress, &next, None)?;
        deliveries::plan(tx, place.seq, due)?;
    }
    events::set_deliver_at(tx, stored.event.id.seq(), at)?;
    let detail = json!({ "deliver_at": at.rfc3339(), "deliveries": scheduled.len() });
    audit(tx, caller, "event.reschedule", id, &detail)
}

fn call_off(tx: &mut WriteTx<'_>, caller: &Caller, id: &str) -> Result<usize, Refusal> {
    let stored = published(tx, caller, id)?;
    let all = deliveries::of_event(tx, stored.event.id.seq(), AT_ONCE)?;
    let waiting = all.iter().filter(|own| own.progress.status.is_waiting());
    let waiting: Vec<i64> = waiting.map(|own| own.id.seq()).collect();
    let kept = poll::call_off(tx, stored.event.id.seq())?;
    if waiting.is_empty() && kept == 0 {
        return Err(Refusal::Conflict(
            "nothing of this event waits to be delivered any more".to_owned(),
        ));
    }
    for seq in &waiting {
        cancel(tx, *seq)?;
    }
    let detail = json!({ "canceled": waiting.len() });
    audit(tx, caller, "event.cancel", id, &detail)?;
    Ok(waiting.len())
}
