//! Events: what a publisher said, kept byte for byte.
//!
//! Owns: the stored event, its public name, and the rules for names that publishers choose.
//! Refuses: matching webhooks (`event_type`) and shaping the body (`envelope`).

use std::sync::Arc;
use std::time::Duration;

use super::event_context::EventContext;
use super::event_type::{Pattern, VersionName};
use super::id::{ConsumerId, EventId, WorkspaceId};
use super::page::{Cursor, Order};
use super::schedule::Schedule;
use super::time::Timestamp;

/// The longest name a publisher may give an event, in characters.
pub const GIVEN_ID_CHARS_MAX: usize = 128;

/// A name that the publisher chose for an event: letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GivenId(Arc<str>);

impl GivenId {
    /// Reads a publisher's name.
    ///
    /// # Errors
    /// A sentence for the caller where the name is empty, too long or holds other characters.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = (1..=GIVEN_ID_CHARS_MAX).contains(&text.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if fits && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err("must be 1 to 128 letters, digits, _ or -".to_owned())
        }
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an event exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A publisher published it.
    Published,
    /// A test made it up; only its delivery is visible.
    Test,
    /// hookpost itself made it for an alert target.
    Alert,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Published, Self::Test, Self::Alert];

    /// The number that the database holds.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Published => 0,
            Self::Test => 1,
            Self::Alert => 2,
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// An event as it is stored. Shared by every delivery that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The row's own identity.
    pub id: EventId,
    /// The publisher's name for it, which then is its id everywhere.
    pub given_id: Option<GivenId>,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// The consumer it is for; `None` is for nobody but the platform.
    pub consumer: Option<ConsumerId>,
    /// Why it exists.
    pub kind: EventKind,
    /// Its type.
    pub event_type: Arc<str>,
    /// When it happened, as the publisher says.
    pub occurred_at: Timestamp,
    /// The publisher's JSON, byte for byte.
    pub data: Arc<str>,
    /// What it carries beside its data.
    pub context: Option<Arc<EventContext>>,
}

impl Event {
    /// The id that the API and the wire show.
    #[must_use]
    pub fn public_id(&self) -> String {
        match &self.given_id {
            Some(given) => given.as_str().to_owned(),
            None => self.id.to_string(),
        }
    }

    /// The channels in which it was said.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        self.context.as_ref().map_or(&[], |own| &own.channels)
    }

    /// What the platform calls it, where that is not its id.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.context.as_ref().and_then(|own| own.uid.as_deref())
    }

    /// The version of its type as which it was published.
    #[must_use]
    pub fn version(&self) -> Option<&VersionName> {
        self.context.as_ref().and_then(|own| own.version.as_ref())
    }

    /// What its data is where that is a text that goes out as itself.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let context = self.context.as_ref();
        context.and_then(|own| own.content_type.as_deref())
    }

    /// The publisher's tags.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        self.context.as_ref().map_or(&[], |own| &own.tags)
    }
}

/// An event about to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The publisher's own id for it.
    pub given_id: Option<GivenId>,
    /// The consumer it is for.
    pub consumer: Option<ConsumerId>,
    /// Why it exists.
    pub kind: EventKind,
    /// Its type.
    pub event_type: Arc<str>,
    /// When it happened; absent means now.
    pub occurred_at: Option<Timestamp>,
    /// The publisher's JSON, byte for byte.
    pub data: Arc<str>,
    /// What it carries beside its data.
    pub context: Option<Arc<EventContext>>,
    /// When it is to be delivered; absent means now.
    pub schedule: Option<Schedule>,
    /// How long its data is kept, where that is less long than all the workspace's.
    pub keep: Option<Duration>,
}

impl NewEvent {
    /// The version of its type as which it is published.
    #[must_use]
    pub fn version(&self) -> Option<&VersionName> {
        self.context.as_ref().and_then(|own| own.version.as_ref())
    }

    /// What hookpost itself tells of: it is nobody's, and goes out now.
    #[must_use]
    pub fn told(event_type: &str, data: String) -> Self {
        Self {
            given_id: None,
            consumer: None,
            kind: EventKind::Alert,
            event_type: event_type.into(),
            occurred_at: None,
            data: data.into(),
            context: None,
            schedule: None,
            keep: None,
        }
    }
}

/// An event with what lists show beside it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The event.
    pub event: Event,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// How many deliveries it was given when it was published.
    pub delivery_count: u32,
    /// When its publisher wanted it delivered, where that was said.
    pub schedule: Option<Schedule>,
    /// When it is to be delivered, or was, where that was not at once.
    pub deliver_at: Option<Timestamp>,
    /// When its data was erased.
    pub erased_at: Option<Timestamp>,
    /// When its data will be erased, where its publisher wanted that.
    pub erase_at: Option<Timestamp>,
}

/// Which events a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// The workspace they belong to.
    pub workspace_seq: i64,
    /// Only for this consumer.
    pub consumer_seq: Option<i64>,
    /// Only these types; empty means any.
    pub event_types: Vec<String>,
    /// Only types that fit; looked for row by row.
    pub pattern: Option<Pattern>,
    /// Only what was said in this channel.
    pub channel: Option<String>,
    /// Only what has this tag.
    pub tag: Option<String>,
    /// Only accepted at or after this instant.
    pub since: Option<Timestamp>,
    /// Only accepted before this instant.
    pub until: Option<Timestamp>,
    /// Which end comes first.
    pub order: Order,
    /// Where the page begins.
    pub cursor: Option<Cursor>,
}

/// Which of the events that a webhook missed are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedEvents {
    /// The webhook.
    pub webhook_seq: i64,
    /// Only behind this row.
    pub after: i64,
    /// Only before this row.
    pub end: i64,
    /// Only accepted at or after this instant.
    pub since: Option<Timestamp>,
    /// Only accepted before this instant.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_bounded() {
        for good in ["job_456", "A-1", &"x".repeat(128)] {
            assert!(GivenId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "ä", "a/b", &"x".repeat(129)] {
            assert!(GivenId::parse(bad).is_err(), "{bad}");
        }
    }
}
