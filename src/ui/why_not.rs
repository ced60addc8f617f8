//! Why a webhook did not get an event, in words.
//!
//! Owns: the words. Refuses: finding out (`service::events`).

use super::delivery_row::short;
use super::names::Names;
use super::parts::badge::disabled_words;
use crate::service::events::{EventDetail, EventWebhook, WhyNot};

/// A webhook that did not get the event, and why.
#[derive(Clone, Debug)]
pub struct Without {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub called: String,
    /// Why.
    pub why: String,
    /// Whether a replay could reach it.
    pub missed: bool,
}

/// Who got nothing: those that missed it first, for they wanted it.
#[must_use]
pub fn without(detail: &EventDetail, names: &Names) -> Vec<Without> {
    let row = |webhook: &EventWebhook| {
        let why = webhook.why_not.as_ref()?;
        Some(Without {
            id: webhook.id.to_string(),
            called: short(&names.called(webhook.id.seq())),
            why: why_words(why),
            missed: matches!(why, WhyNot::Disabled(_)),
        })
    };
    let mut found: Vec<Without> = detail.webhooks.iter().filter_map(row).collect();
    found.sort_by_key(|one| !one.missed);
    found
}

/// Why, as the end of a sentence about the webhook.
#[must_use]
pub fn why_words(why: &WhyNot) -> String {
    match why {
        WhyNot::Disabled(reason) => format!("missed: {}", disabled_words(*reason)),
        WhyNot::Revoked => "was revoked".to_owned(),
        WhyNot::RegisteredLater => "was registered after the event".to_owned(),
        WhyNot::OtherVersion => "pins another version of the event's type".to_owned(),
        WhyNot::OtherChannels => "listens to channels that the event was not said in".to_owned(),
        WhyNot::NotSubscribed => "does not subscribe to this type".to_owned(),
        WhyNot::Filtered(misfit) => format!("its filter: {}", misfit.words),
        WhyNot::SubscribedLater => "came to want it after the event".to_owned(),
    }
}
