//! What a page or list needs to read: one call each.
//!
//! Owns: gathering it in one snapshot, so that no two figures of a page contradict each other, and in
//! a number of statements that does not grow with the rows of the page. Refuses: words, colours and
//! markup; what is answered are values of `domain`. Changing anything.
//!
//! # Why a part of the floor of its own
//! A page reads across nouns: names of webhooks beside deliveries, jobs beside dead letters. Were
//! each noun asked for itself, a page would wait for a connection as often as it has parts, and show
//! as many moments.

use super::{Caller, Service};
use crate::domain::delivery::Delivery;

mod attempts;
mod audit_log;
mod consumer;
mod dead_letters;
mod deliveries;
mod delivery;
mod event;
mod instance;
mod layout;
mod names;
mod overview;
mod own;
mod search;
mod sent;
mod webhook;
mod webhooks;

pub use attempts::{CarriedAttempt, CarriedEvents};
pub use audit_log::{AuditLog, AuditNames};
pub use consumer::ConsumerActivity;
pub use dead_letters::{DeadLetters, Matching};
pub use deliveries::{Deliveries, WantedDeliveries};
pub use delivery::DeliveryWithSiblings;
pub use event::EventWithNames;
pub use instance::{InstanceFigures, SystemFigures, WebhookFigures};
pub use names::WebhookNames;
pub use overview::{FirstSteps, Overview, Troubled};
pub use search::{SEARCH_HITS_MAX, SearchHits, SearchPlace};
pub use sent::SentDelivery;
#[cfg(test)]
pub(in crate::service) use sent::sent;
pub(in crate::service) use sent::shown_body;
pub use webhook::WebhookActivity;
pub use webhooks::{FoundWebhooks, NamedWebhooks, OUTCOMES, WebhookHits, WebhookSummary};

/// What may be read for pages and lists.
#[derive(Clone, Copy)]
pub struct Views<'a> {
    service: &'a Service,
}

impl Service {
    /// What may be read for pages and lists.
    #[must_use]
    pub fn views(&self) -> Views<'_> {
        Views { service: self }
    }
}

/// Deliveries with no more of their failures than the caller is told.
fn told(all: Vec<Delivery>, caller: &Caller) -> Vec<Delivery> {
    let hearer = caller.hearer();
    all.into_iter().map(|own| own.told_to(hearer)).collect()
}
