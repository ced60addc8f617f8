//! Publishing events and finding them again.
//!
//! Owns: the rules of publishing (types, schemas, sizes, ids), the fan-out, one-off targets,
//! replays. Refuses: attempting anything; what is committed is the engine's.

use std::sync::Arc;

use super::consumers::{NamedConsumer, asked_for};
use super::{Caller, Refusal, Service};
use crate::domain::event::{EventFilter, StoredEvent};
use crate::domain::event_context::TraceContext;
use crate::domain::event_type::{Pattern, VersionName};
use crate::domain::id::ConsumerId;
use crate::domain::page::{Cursor, Limit, Order, Page};
use crate::domain::time::Timestamp;
use crate::store::events;

mod accept;
pub mod batch;
mod detail;
pub(super) mod erase;
mod fitting;
mod one_off;
mod publish;
mod reached;
mod replay;
mod reschedule;
mod traced;
mod why_not;

pub(super) use detail::detail_in;
pub use detail::{EventDetail, EventWebhook};
pub use erase::ErasedEvent;
pub(super) use fitting::Fitting;
pub(super) use one_off::workspace_secret;
pub(super) use replay::erased;
pub use reschedule::RescheduleInput;
pub use why_not::WhyNot;
pub(super) use why_not::{filtered, unasked};

/// Events that one batch call may carry, unless the operator says otherwise.
pub const BATCH_EVENTS_DEFAULT: usize = 1000;
/// Deliveries and misses of one event that its page lists.
pub const EVENT_DELIVERIES_MAX: usize = 1000;

/// What a publisher says, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct PublishInput {
    /// The event's type.
    pub event_type: String,
    /// The JSON, byte for byte.
    pub data: String,
    /// The consumer it is for; nobody but the platform if absent.
    pub consumer: Option<NamedConsumer>,
    /// The publisher's own id for it.
    pub id: Option<String>,
    /// When it happened.
    pub occurred_at: Option<String>,
    /// When it is to be delivered; now if absent.
    pub deliver_at: Option<String>,
    /// How long after it is accepted it is to be delivered.
    pub delay: Option<String>,
    /// A receiver for this event only.
    pub webhook_url: Option<String>,
    /// The secret that signs for it; else the workspace's own.
    pub webhook_secret: Option<String>,
    /// The wire profile for it; else the workspace's.
    pub profile: Option<String>,
    /// The channels in which it is said.
    pub channels: Vec<String>,
    /// The publisher's own words to find it again.
    pub tags: Vec<String>,
    /// The trace of the call that publishes it.
    pub trace: Option<TraceContext>,
    /// What the platform calls it, where that is not its id: unique with its consumer.
    pub uid: Option<String>,
    /// The version of its type; the newest in use if absent.
    pub version: Option<String>,
    /// What its data is where that is a text that is to go out as itself.
    pub content_type: Option<String>,
    /// How long its data is kept; as long as the workspace's if absent.
    pub keep_data: Option<String>,
}

/// Event types that one list may be narrowed to.
pub const LISTED_TYPES_MAX: usize = 100;

/// What of the events a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventListing {
    /// Only these types; empty means any.
    pub event_types: Vec<String>,
    /// Only types that fit.
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

/// An accepted event.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its id, as the publisher knows it.
    pub id: String,
    /// Its type.
    pub event_type: Arc<str>,
    /// The version of its type as which it was published.
    pub version: Option<VersionName>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is to be delivered, where that was said.
    pub deliver_at: Option<Timestamp>,
    /// The consumer it is for.
    pub consumer: Option<ConsumerId>,
    /// How many deliveries it was given.
    pub deliveries: u32,
    /// Whether it had been published before: then nothing was done now.
    pub known: Known,
}

/// Whether an event is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It was accepted now.
    New,
    /// The same event had been published under the same id.
    Before,
}

impl Service {
    /// A page of published events: all that the caller reaches, or those for the consumer that
    /// `consumer` names.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where more than [`LISTED_TYPES_MAX`] types are asked for;
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn events(
        &self,
        caller: &Caller,
        consumer: Option<String>,
        mut listing: EventListing,
        limit: Limit,
    ) -> Result<Page<StoredEvent>, Refusal> {
        let purview = caller.purview();
        // One type has an index of its own.
        if let Some(Pattern::Exact(name)) = &listing.pattern {
            listing.event_types.push(name.to_string());
        }
        listing.event_types.sort_unstable();
        listing.event_types.dedup();
        if listing.event_types.len() > LISTED_TYPES_MAX {
            let message = format!("may name at most {LISTED_TYPES_MAX} event types");
            return Err(Refusal::field("event_types", message));
        }
        self.read(move |_, conn| {
            let filter = EventFilter {
                workspace_seq: purview.workspace_seq,
                consumer_seq: asked_for(conn, purview, consumer.as_deref())?,
                event_types: listing.event_types,
                pattern: listing
                    .pattern
                    .filter(|pattern| matches!(pattern, Pattern::Below(_))),
                channel: listing.channel,
                tag: listing.tag,
                since: listing.since,
                until: listing.until,
                order: listing.order,
                cursor: listing.cursor,
            };
            Ok(events::list(conn, &filter, limit)?)
        })
        .await
    }
}
