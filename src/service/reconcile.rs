//! Events with whether their receivers have them: what a poller reconciles with.
//!
//! Owns: what "delivered" means for an event with several receivers. Refuses: other lists of events
//! (`events`).

use std::collections::BTreeMap;

use super::events::EVENT_DELIVERIES_MAX;
use super::{Caller, Refusal, Service};
use crate::domain::delivery::{Delivery, Status};
use crate::domain::event::{EventFilter, EventKind, StoredEvent};
use crate::domain::event_type::Pattern;
use crate::domain::page::{Cursor, Limit, Page};
use crate::store::Read;
use crate::store::deliveries;
use crate::store::events;

/// An event, and whether every one of its receivers has it.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// The event.
    pub stored: StoredEvent,
    /// Whether it had receivers and each of them accepted it.
    pub delivered: bool,
}

impl Service {
    /// A page of the events whose types fit `pattern`, newest first. Looks at a bounded number of events, so
    /// that a page may be short although there are more.
    pub async fn reconcile(
        &self,
        caller: &Caller,
        pattern: Pattern,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Reconciled>, Refusal> {
        let purview = caller.purview();
        let filter = EventFilter {
            workspace_seq: purview.workspace_seq,
            consumer_seq: purview.consumer_seq,
            pattern: Some(pattern),
            cursor,
            ..EventFilter::default()
        };
        self.read(move |_, conn| {
            let page = events::list(conn, &filter, limit)?;
            let items = page
                .items
                .into_iter()
                .map(|stored| reconciled(conn, stored));
            Ok(Page {
                items: items.collect::<Result<_, Refusal>>()?,
                next: page.next,
            })
        })
        .await
    }

    /// One event whose type fits `pattern`, by the id that its publisher gave it or by ours.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] says that there is no such `what`.
    pub async fn reconcile_one(
        &self,
        caller: &Caller,
        pattern: Pattern,
        id: &str,
        what: &'static str,
    ) -> Result<Reconciled, Refusal> {
        let purview = caller.purview();
        let id = id.to_owned();
        self.read(move |_, conn| {
            let stored = events::find_public(conn, purview, &id)?
                .filter(|stored| stored.event.kind == EventKind::Published)
                .filter(|stored| pattern.fits(&stored.event.event_type))
                .ok_or(Refusal::NotFound(what))?;
            reconciled(conn, stored)
        })
        .await
    }
}

fn reconciled(conn: &Read<'_>, stored: StoredEvent) -> Result<Reconciled, Refusal> {
    let deliveries = deliveries::of_event(conn, stored.event.id.seq(), EVENT_DELIVERIES_MAX)?;
    let delivered = all_have_it(&deliveries);
    Ok(Reconciled { stored, delivered })
}

/// Whether each receiver accepted one of its deliveries; a replay counts for the first one.
fn all_have_it(deliveries: &[Delivery]) -> bool {
    let mut receivers: BTreeMap<i64, bool> = BTreeMap::new();
    for delivery in deliveries {
        *receivers.entry(delivery.webhook.seq()).or_default() |=
            delivery.progress.status == Status::Delivered;
    }
    !receivers.is_empty() && receivers.values().all(|has_it| *has_it)
}
