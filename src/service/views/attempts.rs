//! Attempts with their deliveries and, where that is asked for, their events; and where events stand at
//! webhooks. For dialects that show all of it.
//!
//! Owns: gathering these in one snapshot, in few statements. Refuses: the shapes of any dialect.

use std::collections::{BTreeSet, HashMap};

use super::Views;
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{AttemptFilter, Delivery, DeliveryFilter, Trigger};
use crate::domain::event::StoredEvent;
use crate::domain::id::EventId;
use crate::domain::page::{Cursor, Limit, List, Page, is_backwards};
use crate::domain::webhook::{Webhook, WebhookKind};
use crate::service::events::EVENT_DELIVERIES_MAX;
use crate::service::{Caller, Refusal};
use crate::store::{Read, StoreError, attempts, deliveries, events, webhooks};

/// Whether attempts are read with the events that they carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedEvents {
    /// With them.
    Read,
    /// Without.
    Left,
}

/// An attempt, its delivery, and what it carried where that was asked for.
#[derive(Clone, Debug)]
pub struct CarriedAttempt {
    /// The attempt.
    pub attempt: Attempt,
    /// Its delivery.
    pub delivery: Delivery,
    /// What it carried.
    pub event: Option<StoredEvent>,
}

impl Views<'_> {
    /// A page of attempts, the latest deliveries' first.
    pub async fn attempts(
        &self,
        filter: AttemptFilter,
        carried: CarriedEvents,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<CarriedAttempt>, Refusal> {
        self.service
            .read(move |_, conn| {
                let page = attempts::list(conn, &filter, cursor, limit)?;
                let read = |page| with_deliveries(conn, page, carried);
                Ok(in_reading_order(cursor, page, read)?)
            })
            .await
    }

    /// A page of what a webhook was given, the latest first: each event once, with its newest delivery.
    pub async fn events_at(
        &self,
        webhook_seq: i64,
        filter: DeliveryFilter,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<(Delivery, StoredEvent)>, Refusal> {
        let filter = DeliveryFilter {
            webhook_seq: Some(webhook_seq),
            ..filter
        };
        self.service
            .read(move |_, conn| {
                let mut page = deliveries::list(conn, &filter, cursor, limit)?;
                let seqs: Vec<i64> = page.items.iter().map(|own| own.event.seq()).collect();
                let newest = deliveries::newest_of(conn, webhook_seq, &seqs)?;
                let newest: BTreeSet<i64> = newest.into_iter().collect();
                page.items.retain(|own| newest.contains(&own.id.seq()));
                let behind = |own: &Delivery| Cursor::behind(List::Deliveries, own.id.seq());
                let read = |page| with_events(conn, page, |own| own.event.seq(), behind);
                Ok(in_reading_order(cursor, page, read)?)
            })
            .await
    }

    /// The webhooks of one consumer that were given an event, each with its newest delivery, newest
    /// webhook first.
    pub async fn webhooks_given(
        &self,
        caller: &Caller,
        event: EventId,
    ) -> Result<Vec<(Delivery, Webhook)>, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |store, conn| {
                let given = deliveries::of_event(conn, event.seq(), EVENT_DELIVERIES_MAX)?;
                let is_own = |own: &Delivery| {
                    own.trigger != Trigger::Alert
                        && purview.holds(own.workspace_seq, own.consumer_seq)
                };
                // Later ones take the place of earlier ones.
                let newest: HashMap<i64, Delivery> = given
                    .into_iter()
                    .filter(is_own)
                    .map(|own| (own.webhook.seq(), own))
                    .collect();
                let mut seqs: Vec<i64> = newest.keys().copied().collect();
                seqs.sort_unstable_by(|one, other| other.cmp(one));
                let now = store.clock().now();
                let found = webhooks::in_rows(conn, store.vault(), &seqs, now)?.into_iter();
                let is_listed =
                    |own: &Webhook| own.kind == WebhookKind::Registered && own.deleted_at.is_none();
                let with_delivery = |own: Webhook| {
                    let delivery = newest.get(&own.id.seq())?.clone();
                    Some((delivery, own))
                };
                Ok(found.filter(is_listed).filter_map(with_delivery).collect())
            })
            .await
    }
}

/// Adds to a page what may end it early: that has to be at its far end, seen from the cursor.
fn in_reading_order<T, U>(
    cursor: Option<Cursor>,
    page: Page<T>,
    read: impl FnOnce(Page<T>) -> Result<Page<U>, StoreError>,
) -> Result<Page<U>, StoreError> {
    match is_backwards(cursor) {
        false => read(page),
        true => Ok(read(page.turned())?.turned()),
    }
}

fn with_deliveries(
    conn: &Read<'_>,
    page: Page<(i64, Attempt)>,
    carried: CarriedEvents,
) -> Result<Page<CarriedAttempt>, StoreError> {
    let mut seqs: Vec<i64> = page.items.iter().map(|(seq, _)| *seq).collect();
    seqs.dedup();
    let found = deliveries::in_rows(conn, &seqs)?.into_iter();
    let found: HashMap<i64, Delivery> = found.map(|own| (own.id.seq(), own)).collect();
    let pair = |(seq, attempt)| Some((attempt, found.get(&seq)?.clone()));
    let pairs = Page {
        items: page.items.into_iter().filter_map(pair).collect(),
        next: page.next,
    };
    let shape = |attempt, delivery, event| CarriedAttempt {
        attempt,
        delivery,
        event,
    };
    if carried == CarriedEvents::Left {
        return Ok(pairs.map(|(attempt, delivery)| shape(attempt, delivery, None)));
    }
    let behind = |(attempt, delivery): &(Attempt, Delivery)| {
        Cursor::behind(List::Attempts, attempt.id(delivery.id).seq())
    };
    let pairs = with_events(conn, pairs, |(_, own)| own.event.seq(), behind)?;
    Ok(pairs.map(|((attempt, delivery), event)| shape(attempt, delivery, Some(event))))
}

/// A page with the event of each item; it ends where its events come to as many bytes as an answer
/// bears. What carries a damaged event is left out.
fn with_events<T>(
    conn: &Read<'_>,
    page: Page<T>,
    event_of: impl Fn(&T) -> i64,
    behind: impl Fn(&T) -> Cursor,
) -> Result<Page<(T, StoredEvent)>, StoreError> {
    let mut seqs: Vec<i64> = Vec::new();
    for seq in page.items.iter().map(&event_of) {
        if !seqs.contains(&seq) {
            seqs.push(seq);
        }
    }
    let read: HashMap<i64, Option<StoredEvent>> =
        events::in_rows(conn, &seqs)?.into_iter().collect();
    let mut found = Vec::with_capacity(page.items.len());
    let mut last = None;
    for item in page.items {
        let Some(event) = read.get(&event_of(&item)) else {
            return Ok(Page {
                items: found,
                next: last,
            });
        };
        last = Some(behind(&item));
        found.extend(event.clone().map(|event| (item, event)));
    }
    Ok(Page {
        items: found,
        next: page.next,
    })
}
