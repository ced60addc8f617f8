//! What pages say of a webhook and of a delivery, whoever reads them.
//!
//! Owns: these values in the form in which templates show them. Refuses: what only one audience is shown.

use super::parts::badge::disabled_words;
use super::parts::{Ago, Since, Stamp, counted};
use crate::domain::delivery::Delivery;
use crate::domain::webhook::{Transport, Webhook, WebhookState};
use crate::service::webhooks::shown_header;

/// Of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct WebhookFacts<'a>(pub &'a Webhook);

impl<'a> WebhookFacts<'a> {
    /// Whether its receiver fetches what there is.
    #[must_use]
    pub fn is_fetched(&self) -> bool {
        self.0.settings.transport == Transport::Poll
    }

    /// Whether it was revoked.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.state == WebhookState::Revoked
    }

    /// Whether it takes part.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.state == WebhookState::Active
    }

    /// Why it is disabled, and since when.
    #[must_use]
    pub fn disabled(&self) -> Option<(&'static str, Since)> {
        match self.0.state {
            WebhookState::Disabled { reason, at } => Some((disabled_words(reason), Since(at))),
            WebhookState::Active | WebhookState::Revoked => None,
        }
    }

    /// How many attempts have failed in a row.
    #[must_use]
    pub fn failures(&self) -> String {
        let count = u64::from(self.0.health.consecutive_failures);
        counted(count, "failed attempt", "failed attempts")
    }

    /// When it last took something.
    #[must_use]
    pub fn last_success(&self) -> Option<Ago> {
        self.0.health.last_success_at.map(Ago)
    }

    /// The event types it wants.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        self.0.settings.subscription.texts()
    }

    /// Its own headers, credentials masked.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'a str, &'a str)> {
        let headers = &self.0.settings.headers;
        headers.iter().map(shown_header).collect()
    }
}

/// Of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryFacts<'a>(pub &'a Delivery);

impl DeliveryFacts<'_> {
    /// When it is attempted next.
    #[must_use]
    pub fn next(&self) -> Option<Stamp> {
        self.0.next_attempt_at().map(Stamp)
    }

    /// Whether it waits.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.0.progress.status.is_waiting()
    }

    /// Whether it gave up and waits for a person.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.0.is_dead_letter()
    }

    /// When it was made.
    #[must_use]
    pub fn made(&self) -> Stamp {
        Stamp(self.0.created_at)
    }

    /// When it ended.
    #[must_use]
    pub fn completed(&self) -> Option<Stamp> {
        self.0.completed_at.map(Stamp)
    }
}
