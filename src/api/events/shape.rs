//! How events read in requests and answers.
//!
//! Owns: their JSON, and how many bytes of it a request may carry. Refuses: touching `data`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::consumer::PublishConsumer;
use crate::api::version_text::VersionText;
use crate::api::words::{DeliveryStatus, DeliveryTrigger, WebhookDisabledReason, WhyNotWord};
use crate::service::events::PublishInput;
use crate::web::AppState;
use crate::web::extract::{DATA_DEPTH_MAX, RequestBody};
use crate::web::problem::ProblemBody;
use crate::web::wire::Time;

/// What a publish call may carry besides its data: 64 KiB.
const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a batch call: 16 MiB.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An event to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBody {
    /// Its type.
    pub r#type: String,
    /// The version of its type that it is of: `data` must fit that version's schema. The newest in use if
    /// absent; a type without versions has none. A webhook that pins a version of the type gets events of
    /// that version only; one that pins none gets them all.
    #[serde(default)]
    pub version: Option<VersionText>,
    /// Any JSON, carried byte for byte.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// The publisher's own id for it.
    #[serde(default)]
    pub id: Option<String>,
    /// The consumer it is for: an id or uid, or what a consumer is made of that may not be there yet.
    /// It reaches that consumer's webhooks and the platform's own; without one, the platform's own only.
    #[serde(default)]
    pub consumer: Option<PublishConsumer>,
    /// When it happened; now if absent.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// When it is to be delivered, at most 30 days ahead; at once if absent or past. It is accepted and
    /// stored now, and its deliveries are `scheduled` until then.
    #[serde(default)]
    pub deliver_at: Option<String>,
    /// In the place of `deliver_at`: how long after it is accepted, such as `"90m"`.
    #[serde(default)]
    pub delay: Option<String>,
    /// A receiver for this event only.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// The secret that signs for it.
    #[serde(default)]
    pub webhook_secret: Option<String>,
    /// The wire profile for it.
    #[serde(default)]
    pub profile: Option<String>,
    /// The channels in which it is said, up to 5: webhooks that listen to channels get it for these
    /// only. Letters, digits and `-_.:+`, up to 128 each.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// The publisher's own words to find it again, up to 10; as channels, and `/`.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// What `data` is where it is a text that is no JSON to its receivers, such as `text/plain` or
    /// `application/xml`: webhooks of format `data` get the text itself, under this content type. Others
    /// carry it as the JSON text that it is.
    #[serde(default)]
    pub content_type: Option<String>,
    /// How long its data is kept, such as `"24h"`, where that is less long than the workspace keeps it.
    /// What a delivery waits for is kept until then.
    #[serde(default)]
    pub keep_data: Option<String>,
}

impl RequestBody for PublishBody {
    const DEPTH_MAX: usize = DATA_DEPTH_MAX + 1;

    fn bytes_max(state: &AppState) -> usize {
        state.service.options().event_data_bytes_max + ENVELOPE_BYTES_MAX
    }
}

impl From<PublishBody> for PublishInput {
    fn from(body: PublishBody) -> Self {
        Self {
            uid: None,
            version: body.version.map(Into::into),
            event_type: body.r#type,
            data: Box::<str>::from(body.data).into_string(),
            id: body.id,
            consumer: body.consumer.map(Into::into),
            occurred_at: body.occurred_at,
            deliver_at: body.deliver_at,
            delay: body.delay,
            webhook_url: body.webhook_url,
            webhook_secret: body.webhook_secret,
            profile: body.profile,
            channels: body.channels.unwrap_or_default(),
            tags: body.tags.unwrap_or_default(),
            content_type: body.content_type,
            keep_data: body.keep_data,
            trace: None,
        }
    }
}

/// Events to publish together; each is read on its own, so that one bad event spoils no other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// The events, as for single publishing.
    #[schema(value_type = Vec<PublishBody>)]
    pub events: Vec<Box<RawValue>>,
}

impl RequestBody for BatchBody {
    // Nothing is read recursively here; each event is checked on its own.
    const DEPTH_MAX: usize = usize::MAX;

    fn bytes_max(state: &AppState) -> usize {
        BATCH_BYTES_MAX.max(PublishBody::bytes_max(state))
    }
}

/// An accepted event.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// The version of its type; null where that had none.
    pub version: Option<String>,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// When it is to be delivered, or was, where that was said.
    pub deliver_at: Option<Time>,
    /// The consumer it is for; null for nobody but the platform.
    pub consumer_id: Option<String>,
    /// How many deliveries it was given.
    pub deliveries: u32,
}

/// One result per event of a batch, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// The results.
    pub results: Vec<BatchResult>,
}

/// What became of one event of a batch: what publishing it alone would have answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchResult {
    /// It was accepted.
    Accepted {
        /// 202, or 200 where it had been published before.
        status: u16,
        /// The event.
        #[serde(flatten)]
        event: PublishedBody,
    },
    /// It was refused.
    Refused(ProblemBody),
}

/// An event as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// The version of its type; null where that had none.
    pub version: Option<String>,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// When it is to be delivered, or was, where that was said.
    pub deliver_at: Option<Time>,
    /// The consumer it is for; null for nobody but the platform.
    pub consumer_id: Option<String>,
    /// The channels in which it was said.
    pub channels: Vec<String>,
    /// The publisher's tags.
    pub tags: Vec<String>,
    /// What its data is where that is a text that goes out as itself.
    pub content_type: Option<String>,
    /// What was published.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// When its data was erased; then it reads null.
    pub erased_at: Option<Time>,
    /// When its data will be erased, where its publisher wanted that.
    pub keep_data_until: Option<Time>,
    /// How many deliveries it was given.
    pub deliveries: u32,
}

/// One event, with what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDetailBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// The version of its type; null where that had none.
    pub version: Option<String>,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// When it is to be delivered, or was, where that was said.
    pub deliver_at: Option<Time>,
    /// The consumer it is for; null for nobody but the platform.
    pub consumer_id: Option<String>,
    /// The channels in which it was said.
    pub channels: Vec<String>,
    /// The publisher's tags.
    pub tags: Vec<String>,
    /// What its data is where that is a text that goes out as itself.
    pub content_type: Option<String>,
    /// What was published.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// When its data was erased; then it reads null.
    pub erased_at: Option<Time>,
    /// When its data will be erased, where its publisher wanted that.
    pub keep_data_until: Option<Time>,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<EventDeliveryBody>,
    /// The webhooks that wanted it but were disabled.
    pub missed: Vec<MissBody>,
    /// Every webhook of the workspace, newest first, and whether it got the event.
    pub webhooks: Vec<EventWebhookBody>,
}

/// Whether a webhook got an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventWebhookBody {
    /// The webhook.
    pub webhook_id: String,
    /// What people call it.
    pub label: String,
    /// Whether it has a delivery of the event.
    pub given: bool,
    /// Why not; null where it got the event.
    #[schema(value_type = Option<WhyNotWord>)]
    pub reason: Option<&'static str>,
    /// Why it was disabled.
    #[schema(value_type = Option<WebhookDisabledReason>)]
    pub disabled_reason: Option<&'static str>,
    /// The first condition of its filter that the event does not meet, such as
    /// `$or[0].data.amount.$gte`.
    pub condition: Option<String>,
    /// What the event has there, and what it should have.
    pub detail: Option<String>,
}

/// Where a delivery of an event stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDeliveryBody {
    /// The delivery's id.
    pub id: String,
    /// The webhook it goes to; null for a one-off receiver.
    pub webhook_id: Option<String>,
    /// Where it stands.
    #[schema(value_type = DeliveryStatus)]
    pub status: &'static str,
    /// Why it exists.
    #[schema(value_type = DeliveryTrigger)]
    pub trigger: &'static str,
    /// Attempts made so far.
    pub attempt_count: u32,
    /// The last answer's status code.
    pub last_status_code: Option<u16>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Time>,
}

/// A webhook that missed an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissBody {
    /// The webhook.
    pub webhook_id: String,
    /// Why it was disabled.
    #[schema(value_type = WebhookDisabledReason)]
    pub reason: &'static str,
}

/// An event whose data was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedBody {
    /// Its id.
    pub id: String,
    /// When its data was erased.
    pub erased_at: Time,
    /// Deliveries that waited and were canceled.
    pub canceled: usize,
}

/// Another time for an event: one of both.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleBody {
    /// When it is to be delivered, at most 30 days ahead; a time that is past means at once.
    #[serde(default)]
    pub deliver_at: Option<String>,
    /// How long after now, such as `"90m"`.
    #[serde(default)]
    pub delay: Option<String>,
}

impl RequestBody for RescheduleBody {}

/// What canceling an event came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanceledBody {
    /// The event.
    pub id: String,
    /// Its deliveries that waited and were canceled.
    pub canceled: usize,
}

/// Which webhook to replay an event to; all that had it if absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// The webhook.
    #[serde(default)]
    pub webhook_id: Option<String>,
}

impl RequestBody for ReplayBody {}

/// The deliveries that a replay made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayedBody {
    /// How many.
    pub deliveries: usize,
    /// Their ids.
    pub delivery_ids: Vec<String>,
}
