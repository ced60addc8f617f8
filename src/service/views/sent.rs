//! A list of deliveries with what each sends and the answer it got last, for dialects that show both.
//!
//! Owns: gathering these in a number of statements that does not grow with the page, and ending the
//! page where it holds enough bytes. Refuses: attempts before the last ([`super::delivery`]).

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Views;
use crate::domain::delivery::{Delivery, DeliveryFilter, QueuedDelivery};
use crate::domain::event::Event;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::shape::BodyError;
use crate::engine::request;
use crate::service::Refusal;
use crate::store::{PAGE_BYTES_MAX, Read, Store, attempts, deliveries, events};

/// A delivery with its bytes.
#[derive(Clone, Debug)]
pub struct SentDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The body, the same in every attempt; empty where its event is damaged.
    pub request_body: Bytes,
    /// What the receiver answered last, as far as it was kept.
    pub response_body: Option<Vec<u8>>,
}

impl Views<'_> {
    /// A page of the deliveries that `filter` describes, newest first: at most
    /// [`PAGE_BYTES_MAX`] bytes of bodies beyond its first item.
    pub async fn sent_deliveries(
        &self,
        filter: DeliveryFilter,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<SentDelivery>, Refusal> {
        self.service
            .read(move |store, conn| sent(store, conn, &filter, cursor, limit))
            .await
    }
}

/// As [`Views::sent_deliveries`], in a snapshot.
pub(in crate::service) fn sent(
    store: &Store,
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<SentDelivery>, Refusal> {
    let page = deliveries::list(conn, filter, cursor, limit)?;
    let mut wanted: Vec<i64> = page.items.iter().map(|one| one.event.seq()).collect();
    wanted.dedup();
    let carried: HashMap<i64, Option<Arc<Event>>> = events::in_rows(conn, &wanted)?
        .into_iter()
        .map(|(seq, stored)| {
            // What was erased was sent once, but nobody can say any more what it was.
            let kept = stored.filter(|stored| stored.erased_at.is_none());
            (seq, kept.map(|stored| Arc::new(stored.event)))
        })
        .collect();
    let mut answers: HashMap<i64, Vec<u8>> = attempts::last_answers(conn, &page.items)?
        .into_iter()
        .collect();
    let mut found = Vec::with_capacity(page.items.len());
    let mut next = page.next;
    let mut bytes = 0;
    for delivery in page.items {
        let seq = delivery.id.seq();
        let event = carried.get(&delivery.event.seq());
        let request_body = match event.cloned().flatten() {
            Some(event) => body(store, conn, &delivery, event)?,
            None => Bytes::new(),
        };
        bytes += request_body.len();
        let is_full = event.is_none() || bytes > PAGE_BYTES_MAX;
        if is_full && let Some(SentDelivery { delivery, .. }) = found.last() {
            next = Some(Cursor::behind(List::Deliveries, delivery.id.seq()));
            break;
        }
        found.push(SentDelivery {
            delivery,
            request_body,
            response_body: answers.remove(&seq),
        });
    }
    Ok(Page { items: found, next })
}

/// The body as it is shown; empty where there is none, because nothing was sent then.
///
/// # Errors
/// [`Refusal::Internal`] where a body should be there.
pub(in crate::service) fn shown_body(made: Result<Bytes, BodyError>) -> Result<Bytes, Refusal> {
    match made {
        Ok(body) => Ok(body),
        Err(BodyError::Template(_) | BodyError::NoForm) => Ok(Bytes::new()),
        Err(error @ BodyError::Envelope(_)) => Err(Refusal::Internal(error.to_string())),
    }
}

fn body(
    store: &Store,
    conn: &Read<'_>,
    delivery: &Delivery,
    event: Arc<Event>,
) -> Result<Bytes, Refusal> {
    let queued = QueuedDelivery {
        id: delivery.id,
        webhook_seq: delivery.webhook.seq(),
        event,
        profile_seq: delivery.profile_seq,
        format: delivery.format,
        shape_seq: delivery.shape_seq,
        trigger: delivery.trigger,
        order_key: delivery.order_key,
        batch: delivery.batch,
        progress: delivery.progress,
    };
    let profile = store.profile(conn, delivery.profile_seq)?;
    let shape = store.shape(conn, delivery.shape_seq)?;
    shown_body(request::body(&queued, &profile, shape.as_deref()))
}
