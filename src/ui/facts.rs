//! What pages say of a webhook and of a delivery, whoever reads them.
//!
//! Owns: these values in the form in which templates show them. Refuses: what only one audience is shown.

use super::parts::badge::disabled_words;
use super::parts::{Ago, Since, Stamp, counted, further, shortened};
use crate::domain::delivery::Delivery;
use crate::domain::webhook::{Transport, Webhook, WebhookState};
use crate::service::webhooks::shown_header;

/// The event types of a webhook that are shown.
const PATTERNS_SHOWN: usize = 30;
/// What a webhook's filter may take of a page, in bytes of HTML.
const FILTER_HTML_BYTES: usize = 4 * 1024;
/// What one of its headers' values may take of a page, in bytes of HTML.
const HEADER_HTML_BYTES: usize = 240;

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

    /// The event types it wants, as many as are read at a glance; the form has them all.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        let mut patterns = self.0.settings.subscription.texts();
        patterns.truncate(PATTERNS_SHOWN);
        patterns
    }

    /// How many more of them there are, in words.
    #[must_use]
    pub fn further_patterns(&self) -> Option<String> {
        let all = self.0.settings.subscription.texts().len();
        let left_out = all.checked_sub(PATTERNS_SHOWN).filter(|count| *count > 0)?;
        Some(further(left_out as u64))
    }

    /// What it wants of their data, as much of it as there is room for.
    #[must_use]
    pub fn filter(&self) -> Option<String> {
        let filter = self.0.settings.filter.as_ref()?;
        Some(shortened(filter.text(), FILTER_HTML_BYTES))
    }

    /// Its own headers, credentials masked and values within what there is room for.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'a str, String)> {
        let headers = self.0.settings.headers.iter().map(shown_header);
        headers
            .map(|(name, value)| (name, shortened(value, HEADER_HTML_BYTES)))
            .collect()
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
