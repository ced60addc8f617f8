//! Whose filters an event fits.
//!
//! Owns: judging an event by the filters of the webhooks that subscribe to its type, as far as can be
//! before the writer is asked. Refuses: subscriptions and states; whoever asks has looked at them.
//!
//! # Why it is judged twice at most
//! The writer alone knows who is subscribed. What its memory showed when the event came in holds if it
//! is still the same memory when the event is accepted; only if a webhook changed in between, or the
//! workspace's first event after a start is accepted, is the event judged by the writer.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::event::{GivenId, NewEvent};
use crate::domain::event_context::reaches;
use crate::domain::event_document::EventDocument;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::filter::ContentFilter;
use crate::domain::json::JsonTape;
use crate::domain::order::OrderKey;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Subscriber;
use crate::service::{Refusal, Service};

/// Bytes of data, times filters, up to which an event is judged at once, on the thread that answers:
/// 256 KiB, some 0.3 ms.
const JUDGED_BYTES_AT_ONCE: usize = 256 * 1024;

/// What an event was found to fit before the writer was asked.
pub(super) struct JudgedEvent {
    subscribers: Arc<Vec<Subscriber>>,
    misfits: BTreeSet<i64>,
    /// Of those whose deliveries keep an order by a value, what it has there.
    keys: BTreeMap<i64, OrderKey>,
}

/// An event that is judged by one filter after the other: read when the first asks.
pub(in crate::service) struct Fitting<'a> {
    view: EventDocument<'a>,
    tape: OnceCell<JsonTape>,
    judged: Option<&'a JudgedEvent>,
}

impl<'a> Fitting<'a> {
    /// Nothing is known of `view` yet.
    pub(in crate::service) fn new(view: EventDocument<'a>) -> Self {
        Self {
            view,
            tape: OnceCell::new(),
            judged: None,
        }
    }

    /// What was found before counts where it was found of these very subscribers, the platform's own.
    pub(super) fn judged(
        view: EventDocument<'a>,
        judged: Option<&'a JudgedEvent>,
        subscribers: &Arc<Vec<Subscriber>>,
    ) -> Self {
        Self {
            judged: judged.filter(|judged| Arc::ptr_eq(&judged.subscribers, subscribers)),
            ..Self::new(view)
        }
    }

    /// Whether a subscriber's filter lets the event through.
    pub(in crate::service) fn fits(&self, subscriber: &Subscriber) -> bool {
        match (&subscriber.filter, self.known_of(subscriber)) {
            (None, _) => true,
            (Some(_), Some(judged)) => !judged.misfits.contains(&subscriber.webhook_seq),
            (Some(filter), None) => self.fits_filter(filter),
        }
    }

    /// What the event has in common with those whose order it keeps at a subscriber.
    pub(in crate::service) fn order_key(&self, subscriber: &Subscriber) -> Option<OrderKey> {
        let ordered_by = subscriber.ordered_by.as_ref()?;
        match self.known_of(subscriber) {
            Some(judged) => judged.keys.get(&subscriber.webhook_seq).copied(),
            None => ordered_by.key(self.tape().root()),
        }
    }

    /// What was found before is about the platform's own; a consumer has few.
    fn known_of(&self, subscriber: &Subscriber) -> Option<&JudgedEvent> {
        self.judged.filter(|_| subscriber.consumer_seq.is_none())
    }

    fn tape(&self) -> &JsonTape {
        self.tape.get_or_init(|| self.view.tape())
    }

    fn fits_filter(&self, filter: &ContentFilter) -> bool {
        filter.fits(self.tape().root())
    }
}

/// A new event as its filters see it; one that says no time happens `now`.
pub(super) fn view_of(new: &NewEvent, now: Timestamp) -> EventDocument<'_> {
    EventDocument {
        id: new.given_id.as_ref().map(GivenId::as_str),
        delivery: None,
        event_type: &new.event_type,
        event_version: new.version().map(VersionName::as_str),
        occurred_at: new.occurred_at.unwrap_or(now),
        data: &new.data,
    }
}

impl Service {
    /// Judges an event by the filters of its workspace. Answers the event again.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where too much of the workspace's data waits to be judged.
    pub(super) async fn judge(
        &self,
        workspace_seq: i64,
        name: &EventTypeName,
        new: NewEvent,
    ) -> Result<(NewEvent, Option<JudgedEvent>), Refusal> {
        let Some(subscribers) = self.store().filtered_subscribers(workspace_seq) else {
            return Ok((new, None));
        };
        let channels = new.context.as_ref().map_or(&[][..], |own| &own.channels);
        let asked: Vec<usize> = subscribers
            .iter()
            .enumerate()
            .filter(|(_, own)| {
                own.looks_into_events()
                    && own.subscription.wants(name, new.version())
                    && reaches(own.channels.as_deref(), channels)
            })
            .map(|(index, _)| index)
            .collect();
        let bytes = new.data.len().saturating_mul(asked.len());
        let now = self.store().clock().now();
        let piece = move || {
            let fitting = Fitting::new(view_of(&new, now));
            let asked = || asked.iter().map(|index| &subscribers[*index]);
            let misfits = asked().filter(|own| !fitting.fits(own));
            let misfits = misfits.map(|own| own.webhook_seq).collect();
            let key = |own: &Subscriber| Some((own.webhook_seq, fitting.order_key(own)?));
            let judged = JudgedEvent {
                misfits,
                keys: asked().filter_map(key).collect(),
                subscribers: Arc::clone(&subscribers),
            };
            (new, Some(judged))
        };
        if bytes <= JUDGED_BYTES_AT_ONCE {
            Ok(piece())
        } else {
            self.work_on_payload(workspace_seq, piece).await
        }
    }
}
