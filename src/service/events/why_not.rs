//! Why a webhook does not get an event.
//!
//! Owns: the reasons, and those that follow from a webhook's settings alone. Refuses: what became of an
//! event that was published (`detail`).

use crate::domain::breaker::DisabledReason;
use crate::domain::event::Event;
use crate::domain::event_context::reaches;
use crate::domain::event_type::EventTypeName;
use crate::domain::filter::Misfit;
use crate::domain::json::JsonValue;
use crate::domain::webhook::Webhook;

/// Why a webhook got no delivery of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// It wanted the event, but was disabled.
    Disabled(DisabledReason),
    /// It was revoked.
    Revoked,
    /// It was registered after the event.
    RegisteredLater,
    /// It does not subscribe to the event's type.
    NotSubscribed,
    /// The event does not meet its filter: the first condition that failed.
    Filtered(Misfit),
    /// It pins another version of the event's type.
    OtherVersion,
    /// It listens to channels, and the event was said in none of them.
    OtherChannels,
    /// It wants the event now, but did not when the event was published.
    SubscribedLater,
}

impl WhyNot {
    /// The words of the API.
    pub const WORDS: [&'static str; 8] = [
        "disabled",
        "filtered",
        "revoked",
        "registered_later",
        "not_subscribed",
        "other_version",
        "other_channels",
        "subscribed_later",
    ];

    /// The word of the API.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled(_) => "disabled",
            Self::Filtered(_) => "filtered",
            Self::Revoked => "revoked",
            Self::RegisteredLater => "registered_later",
            Self::NotSubscribed => "not_subscribed",
            Self::OtherVersion => "other_version",
            Self::OtherChannels => "other_channels",
            Self::SubscribedLater => "subscribed_later",
        }
    }
}

/// Why an event is none of those for which the webhook asks, by type, version and channels.
pub(in crate::service) fn unasked(webhook: &Webhook, event: &Event) -> Option<WhyNot> {
    let settings = &webhook.settings;
    let name = EventTypeName::parse(&event.event_type).ok();
    let subscribed = name.filter(|name| settings.subscription.matches(name));
    let Some(name) = subscribed else {
        return Some(WhyNot::NotSubscribed);
    };
    if !settings.subscription.wants(&name, event.version()) {
        return Some(WhyNot::OtherVersion);
    }
    match reaches(settings.channels.as_deref(), event.channels()) {
        true => None,
        false => Some(WhyNot::OtherChannels),
    }
}

/// The first condition of the webhook's filter that an event does not meet; `view` is read where there
/// is a filter.
pub(in crate::service) fn filtered<'a>(
    webhook: &Webhook,
    view: impl FnOnce() -> JsonValue<'a>,
) -> Option<WhyNot> {
    let filter = webhook.settings.filter.as_ref()?;
    filter.misfit(view()).map(WhyNot::Filtered)
}
