//! Looking at deliveries, putting them back in line, calling them off.
//!
//! Owns: the rules of manual retry and cancel, single dead letters. Refuses: bulk work, which goes
//! through jobs.

use bytes::Bytes;
use serde_json::json;

use super::batches::{DeliveryBatch, batch_in};
use super::events::erased;
use super::views::shown_body;
use super::{Caller, Refusal, Service, audit};
use crate::domain::attempt::Attempt;
use crate::domain::consumer::Purview;
use crate::domain::delivery::{
    Cause, Delivery, DeliveryFilter, IllegalTransition, Next, QueuedDelivery, Status, StepInput,
    Trigger, step,
};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::retry::RetryPolicy;
use crate::engine::request;
use crate::store::{Read, Store, StoreError, WriteTx, attempts, deliveries, events, webhooks};

/// A delivery with everything that was sent and that came back.
#[derive(Clone, Debug)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: Delivery,
    /// Where it goes, or went last.
    pub url: String,
    /// The headers of the last attempt, one a line; empty before the first.
    pub request_headers: String,
    /// The body, the same in every attempt.
    pub request_body: Bytes,
    /// The batch with which it goes out, if it does.
    pub batch: Option<DeliveryBatch>,
    /// Its attempts, oldest first; the latest of those that were asked for.
    pub attempts: Vec<Attempt>,
    /// The number of the first of them, where there are earlier ones.
    pub attempts_before: Option<u32>,
}

impl Service {
    /// A page of deliveries, newest first.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        filter: DeliveryFilter,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Delivery>, Refusal> {
        let hearer = caller.hearer();
        let read = move |conn: &Read<'_>| deliveries::list(conn, &filter, cursor, limit);
        let page = self.store().read(read).await?;
        Ok(page.map(|own| own.told_to(hearer)))
    }

    /// One delivery with its latest attempts.
    pub async fn delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<DeliveryDetail, Refusal> {
        self.delivery_before(caller, id, None).await
    }

    /// One delivery with its attempts before the one of a number.
    pub async fn delivery_before(
        &self,
        caller: &Caller,
        id: DeliveryId,
        before: Option<u32>,
    ) -> Result<DeliveryDetail, Refusal> {
        let caller = caller.clone();
        self.read(move |store, conn| detail_in(store, conn, &caller, id, before))
            .await
    }

    /// Asks for one attempt now, with the same id and body.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] while an attempt is under way;
    /// [`Refusal::Revoked`] where its webhook was revoked or deleted.
    pub async fn retry_delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, Refusal> {
        let purview = caller.purview();
        let found =
            move |conn: &Read<'_>| Ok::<_, Refusal>(deliveries::find_in(conn, purview, id)?);
        let found = self.store().read(found).await?;
        if found.is_some_and(|delivery| self.is_under_way(&delivery)) {
            return Err(Refusal::Conflict(
                "an attempt of this delivery is under way; wait for its result".to_owned(),
            ));
        }
        let retry = move |tx: &mut WriteTx<'_>, delivery: &Delivery| {
            sendable(tx, id)?;
            // A job that is over does not run again because of it.
            let together = [vec![id.seq()], mates(tx, delivery)?].concat();
            put_back(tx, delivery)?;
            deliveries::set_job(tx, &together, None)?;
            if let Some(queued) = sendable(tx, id)? {
                tx.notices().urgent.push(queued);
            }
            Ok(())
        };
        self.act_on_delivery(caller, id, "delivery.retry", retry)
            .await
    }

    /// Acts on one delivery that the caller may see, and says so in the audit log; answers what it is
    /// then.
    pub(super) async fn act_on_delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
        action: &'static str,
        act: impl FnOnce(&mut WriteTx<'_>, &Delivery) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Delivery, Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let delivery = deliveries::find_in(tx, caller.purview(), id)?
                .ok_or(Refusal::NotFound("delivery"))?;
            act(tx, &delivery)?;
            audit(tx, &caller, action, &id.to_string(), &json!({}))?;
            let now = deliveries::find(tx, id.seq())?.ok_or(Refusal::NotFound("delivery"))?;
            Ok(now.told_to(caller.hearer()))
        };
        self.store().write(work).await
    }

    /// Calls a waiting delivery off.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where it no longer waits.
    pub async fn cancel_delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, Refusal> {
        let cancel = move |tx: &mut WriteTx<'_>, delivery: &Delivery| {
            if !delivery.progress.status.is_waiting() {
                return Err(IllegalTransition::NotWaiting(delivery.progress.status).into());
            }
            Ok(super::webhooks::cancel(tx, id.seq()).map(drop)?)
        };
        self.act_on_delivery(caller, id, "delivery.cancel", cancel)
            .await
    }

    /// Asks for one attempt of a dead letter now.
    ///
    /// # Errors
    /// As [`Service::retry_delivery`]; [`Refusal::NotFound`] where it is no dead letter.
    pub async fn retry_dead_letter(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, Refusal> {
        let purview = caller.purview();
        self.read(move |_, conn| dead_letter(conn, purview, id).map(drop))
            .await?;
        self.retry_delivery(caller, id).await
    }

    /// The dead letters of a webhook that have one cause, as far as grouping looks.
    pub async fn dead_letters_with(
        &self,
        caller: &Caller,
        webhook: WebhookId,
        cause: Cause,
    ) -> Result<Vec<DeliveryId>, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.read(move |_, conn| {
            let seq = webhook.seq();
            Ok(deliveries::letters_of(conn, workspace_seq, seq, cause)?)
        })
        .await
    }

    /// Takes a dead letter off the list; the delivery stays exhausted.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where it is no dead letter.
    pub async fn discard_dead_letter(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<(), Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            dead_letter(tx, caller.purview(), id)?;
            deliveries::discard(tx, id.seq())?;
            audit(
                tx,
                &caller,
                "dead_letter.discard",
                &id.to_string(),
                &json!({}),
            )
        };
        self.store().write(work).await
    }
}

/// One delivery that the caller may see, with its attempts before the one of a number.
pub(super) fn detail_in(
    store: &Store,
    conn: &Read<'_>,
    caller: &Caller,
    id: DeliveryId,
    before: Option<u32>,
) -> Result<DeliveryDetail, Refusal> {
    let (purview, hearer) = (caller.purview(), caller.hearer());
    let delivery = deliveries::find_in(conn, purview, id)?.ok_or(Refusal::NotFound("delivery"))?;
    let (batch, request_body) = match batch_in(store, conn, &delivery)? {
        Some((batch, body)) => (Some(batch), body),
        None => (None, own_body(store, conn, &delivery)?),
    };
    let attempts = attempts::latest_of(conn, id.seq(), before)?;
    let last = attempts.items.last();
    let url = match last {
        Some(last) => last.url.clone(),
        None => webhooks::url(conn, delivery.webhook.seq())?.unwrap_or_default(),
    };
    let request_headers = last
        .map(|last| last.request_headers.clone())
        .unwrap_or_default();
    Ok(DeliveryDetail {
        delivery: delivery.told_to(hearer),
        url,
        request_headers,
        request_body,
        batch,
        attempts_before: attempts.before,
        attempts: attempts
            .items
            .into_iter()
            .map(|own| own.told_to(hearer))
            .collect(),
    })
}

/// The body of a delivery that goes out alone, as it is shown.
fn own_body(store: &Store, conn: &Read<'_>, delivery: &Delivery) -> Result<Bytes, Refusal> {
    let profile = store.profile(conn, delivery.profile_seq)?;
    let queued = match deliveries::queued(conn, delivery.id.seq()) {
        // Nothing was sent of it since, and nothing will be.
        Err(StoreError::Damaged(_)) => return Ok(Bytes::new()),
        queued => queued?.ok_or(Refusal::NotFound("delivery"))?,
    };
    if events::erased_at(conn, queued.event.id.seq())?.is_some() {
        return Ok(Bytes::new());
    }
    let shape = store.shape(conn, delivery.shape_seq)?;
    shown_body(request::body(&queued, &profile, shape.as_deref()))
}

fn dead_letter(conn: &Read<'_>, purview: Purview, id: DeliveryId) -> Result<Delivery, Refusal> {
    deliveries::find_in(conn, purview, id)?
        .filter(Delivery::is_dead_letter)
        .ok_or(Refusal::NotFound("dead letter"))
}

/// The delivery as the engine takes it, unless what it carries is damaged.
fn sendable(tx: &WriteTx<'_>, id: DeliveryId) -> Result<Option<QueuedDelivery>, Refusal> {
    match deliveries::queued(tx, id.seq()) {
        Err(StoreError::Damaged(_)) => Err(Refusal::Conflict(
            "the stored event is not what was once published; it can't be sent".to_owned(),
        )),
        queued => Ok(queued?),
    }
}

/// Puts a delivery back in line, due now, and with it what was sent with it and stands where it does.
///
/// # Errors
/// [`Refusal::Conflict`] for tests and for deliveries with too many attempts; [`Refusal::Revoked`]
/// where nobody receives any more.
pub(super) fn put_back(tx: &mut WriteTx<'_>, delivery: &Delivery) -> Result<(), Refusal> {
    put_one_back(tx, delivery)?;
    for seq in mates(tx, delivery)? {
        let Some(mate) = deliveries::find(tx, seq)? else {
            continue;
        };
        match put_one_back(tx, &mate) {
            // What can't be sent any more stays behind, and is told when somebody asks for it.
            Ok(()) | Err(Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// The others of its batch that are tried again with a delivery: those that stand where it does.
fn mates(tx: &WriteTx<'_>, delivery: &Delivery) -> Result<Vec<i64>, StoreError> {
    let was_sent = match delivery.progress.status {
        Status::Retrying | Status::Delivered | Status::Exhausted => true,
        Status::Scheduled | Status::Pending | Status::Canceled => false,
    };
    match delivery.batch.is_some() && was_sent {
        true => deliveries::mates(tx, delivery),
        false => Ok(Vec::new()),
    }
}

/// Whether a delivery was put back in line with another of its batch.
pub(super) fn was_put_back_with_batch(delivery: &Delivery) -> bool {
    delivery.batch.is_some() && matches!(delivery.progress.next, Next::Manual { .. })
}

fn put_one_back(tx: &mut WriteTx<'_>, delivery: &Delivery) -> Result<(), Refusal> {
    if delivery.trigger == Trigger::Test {
        return Err(IllegalTransition::TestIsFinal.into());
    }
    if webhooks::is_ended(tx, delivery.webhook.seq())? {
        return Err(Refusal::Revoked);
    }
    if events::erased_at(tx, delivery.event.seq())?.is_some() {
        return Err(erased());
    }
    let policy = RetryPolicy::standard();
    let next = step(delivery.progress, StepInput::Retry, &policy, tx.now(), 0.0)?;
    let place = delivery.place();
    deliveries::set_progress(tx, place, &delivery.progress, &next, None)?;
    if delivery.progress.status == Status::Scheduled {
        tx.notices().fell_due.push(place.webhook_seq);
    }
    // Nothing was ever sent of it, so nothing has to be repeated; the template may be mended by now.
    let is_unsent = delivery.progress.attempt_count == 0;
    if is_unsent && delivery.last_error_kind == Some(FailureKind::Template) {
        deliveries::pin_anew(tx, delivery.id.seq())?;
    }
    Ok(())
}
