//! What happens to customers' webhooks, as those are told who look after the platform: operational
//! webhooks.
//!
//! Owns: the kinds of news, when an attempt is one, and what is said of each, in the form that Svix
//! documents. Refuses: finding who wants to know (`engine::operational`).
//!
//! # Why the ids are not ours
//! The form has names and prefixes of its own (`appId`, `app_…`), and receivers that know it match them
//! with what its API gave them. An id is the same under either prefix.

use serde_json::{Value, json};

use super::delivery::{Progress, Status};
use super::id::{AttemptId, ConsumerId, EventId, WebhookId};
use super::svix_id::{APPLICATION, ATTEMPT, ENDPOINT, message_id, theirs};
use super::time::Timestamp;

/// Failed attempts after which a delivery is news, and its success again.
pub const FAILING_AFTER: u32 = 4;

/// What became of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointNews {
    /// It was registered.
    Created,
    /// Its settings or state changed.
    Updated,
    /// It was deleted, or revoked.
    Deleted,
    /// It was disabled for failing, since when it failed.
    Disabled(Option<Timestamp>),
}

impl EndpointNews {
    /// The event type.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Created => "endpoint.created",
            Self::Updated => "endpoint.updated",
            Self::Deleted => "endpoint.deleted",
            Self::Disabled(_) => "endpoint.disabled",
        }
    }
}

/// What became of a message at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptNews {
    /// Nobody tries any more.
    Exhausted,
    /// It failed [`FAILING_AFTER`] times.
    Failing,
    /// It arrived after that.
    Recovered,
}

impl AttemptNews {
    /// The event type.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Exhausted => "message.attempt.exhausted",
            Self::Failing => "message.attempt.failing",
            Self::Recovered => "message.attempt.recovered",
        }
    }

    /// What an attempt is to those who look after the platform, by where its delivery stood before and
    /// stands after it; mostly nothing.
    #[must_use]
    pub fn of(before: &Progress, after: &Progress) -> Option<Self> {
        let (was, is) = (before.status, after.status);
        if is == Status::Exhausted {
            return (was != Status::Exhausted).then_some(Self::Exhausted);
        }
        if was == Status::Delivered {
            return None;
        }
        if is == Status::Delivered {
            return (before.attempt_count >= FAILING_AFTER).then_some(Self::Recovered);
        }
        let is_fourth = is == Status::Retrying && after.attempt_count == FAILING_AFTER;
        is_fourth.then_some(Self::Failing)
    }
}

/// Whose endpoint it is.
#[derive(Clone, Copy, Debug)]
pub struct EndpointPlace<'a> {
    /// The application.
    pub consumer: ConsumerId,
    /// What the platform calls it.
    pub consumer_uid: Option<&'a str>,
    /// The endpoint.
    pub webhook: WebhookId,
    /// What the platform calls it.
    pub webhook_uid: Option<&'a str>,
}

impl EndpointPlace<'_> {
    fn members(&self) -> Value {
        json!({
            "appId": theirs(APPLICATION, self.consumer),
            "appUid": self.consumer_uid,
            "endpointId": theirs(ENDPOINT, self.webhook),
            "endpointUid": self.webhook_uid,
        })
    }

    /// What is said of it.
    #[must_use]
    pub fn told(&self, news: EndpointNews) -> String {
        let mut members = self.members();
        if let EndpointNews::Disabled(since) = news {
            members["failSince"] = json!(since.map(Timestamp::rfc3339));
        }
        members.to_string()
    }

    /// What is said of a message there.
    #[must_use]
    pub fn told_of(&self, message: &MessagePlace<'_>) -> String {
        let mut members = self.members();
        members["msgId"] = json!(message_id(message.event, message.public_id));
        members["msgEventId"] = json!(message.uid);
        members["lastAttempt"] = json!({
            "id": theirs(ATTEMPT, message.attempt),
            "responseStatusCode": message.status_code.unwrap_or_default(),
            "timestamp": message.attempted_at.rfc3339(),
        });
        members.to_string()
    }
}

/// A message, and the last attempt of it.
#[derive(Clone, Copy, Debug)]
pub struct MessagePlace<'a> {
    /// The event.
    pub event: EventId,
    /// The id by which its readers know it.
    pub public_id: &'a str,
    /// What the platform calls it.
    pub uid: Option<&'a str>,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its answer's status code.
    pub status_code: Option<u16>,
    /// When it started.
    pub attempted_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::Next;

    #[test]
    fn giving_up_is_news_and_so_is_the_fourth_failure_and_arriving_after_it() {
        let at = |status: Status, attempt_count: u32| Progress {
            status,
            attempt_count,
            failed_in_run: 0,
            run_started_at: None,
            next: Next::Never,
        };
        let check = |before: (Status, u32), after: (Status, u32), expect: Option<AttemptNews>| {
            let found = AttemptNews::of(&at(before.0, before.1), &at(after.0, after.1));
            assert_eq!(found, expect, "{before:?} {after:?}");
        };
        use Status::{Delivered, Exhausted, Pending, Retrying};
        check((Pending, 0), (Delivered, 1), None);
        check((Pending, 0), (Retrying, 1), None);
        check((Retrying, 3), (Retrying, 4), Some(AttemptNews::Failing));
        check((Retrying, 4), (Retrying, 5), None);
        check((Retrying, 3), (Delivered, 4), None);
        check((Retrying, 4), (Delivered, 5), Some(AttemptNews::Recovered));
        check((Retrying, 8), (Exhausted, 9), Some(AttemptNews::Exhausted));
        check((Pending, 0), (Exhausted, 1), Some(AttemptNews::Exhausted));
        check((Exhausted, 9), (Exhausted, 10), None);
        check(
            (Exhausted, 9),
            (Delivered, 10),
            Some(AttemptNews::Recovered),
        );
        check((Delivered, 9), (Delivered, 10), None);
    }
}
