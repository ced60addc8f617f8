//! What a webhook is where nobody says anything.
//!
//! Owns: the settings that a wire profile gives. Refuses: what callers say (`input`).

use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::order::DeliveryOrder;
use crate::domain::profile::Profile;
use crate::domain::shape::{BodyShape, SendMethod};
use crate::domain::webhook::{IN_FLIGHT_DEFAULT, Transport, Via, WebhookSettings};

/// What a profile gives a webhook that says nothing else.
#[must_use]
pub fn defaults_of(profile: &Profile, url: String, subscription: Subscription) -> WebhookSettings {
    WebhookSettings {
        label: String::new(),
        transport: Transport::Push,
        url,
        subscription,
        filter: None,
        method: SendMethod::default(),
        shape: BodyShape::default(),
        auth: None,
        ca: None,
        via: Via::Usual,
        channels: None,
        format: Format::Json,
        headers: Vec::new(),
        aliases: None,
        retry: profile.retry_policy().clone(),
        timeout: profile.timeout(),
        max_in_flight: IN_FLIGHT_DEFAULT,
        rate_limit: None,
        order: DeliveryOrder::Any,
        batch: None,
        breaker: profile.breaker(),
        metadata: "{}".into(),
    }
}
