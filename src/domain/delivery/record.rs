//! Deliveries as they are stored, listed and handed to the engine.
//!
//! Owns: the values. Refuses: changing one (`step`).

use std::sync::Arc;

use super::progress::{Next, Progress};
use super::status::{Status, Trigger};
use crate::domain::event::Event;
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::order::OrderKey;
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Subscriber;

/// A delivery about to be stored.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The webhook it goes to.
    pub webhook_seq: i64,
    /// The consumer whose webhook that is.
    pub consumer_seq: Option<i64>,
    /// The version of the wire profile.
    pub profile_seq: i64,
    /// How its body looks.
    pub format: Format,
    /// The version of its webhook's shape that it is pinned to; `None` for the plain one.
    pub shape_seq: Option<i64>,
    /// Why it exists.
    pub trigger: Trigger,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
    /// The delivery that it repeats.
    pub retried_from: Option<DeliveryId>,
    /// What it has in common with those whose order it keeps.
    pub order_key: Option<OrderKey>,
}

impl NewDelivery {
    /// A delivery to a subscriber, by its settings.
    #[must_use]
    pub fn to(subscriber: &Subscriber, trigger: Trigger, order_key: Option<OrderKey>) -> Self {
        Self {
            webhook_seq: subscriber.webhook_seq,
            consumer_seq: subscriber.consumer_seq,
            profile_seq: subscriber.profile_seq,
            format: subscriber.format,
            shape_seq: subscriber.shape_seq,
            trigger,
            max_attempts: subscriber.max_attempts,
            retried_from: None,
            order_key,
        }
    }
}

/// A delivery as it is stored, without its event's data.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The workspace that owns it.
    pub workspace_seq: i64,
    /// The consumer whose webhook it goes to; `None` is the platform's own.
    pub consumer_seq: Option<i64>,
    /// The webhook's id, and whether it was registered (a one-off target shows none).
    pub webhook: WebhookId,
    /// Whether the webhook was registered by somebody.
    pub webhook_registered: bool,
    /// Whether the webhook is disabled: then what waits is held.
    pub webhook_disabled: bool,
    /// The event's row.
    pub event: EventId,
    /// The event's id as the API shows it.
    pub event_public_id: String,
    /// The event's type.
    pub event_type: String,
    /// Why it exists.
    pub trigger: Trigger,
    /// The version of the wire profile it began with.
    pub profile_seq: i64,
    /// How its body looks.
    pub format: Format,
    /// The version of its webhook's shape that it is pinned to; `None` for the plain one.
    pub shape_seq: Option<i64>,
    /// What it has in common with those whose order it keeps.
    pub order_key: Option<OrderKey>,
    /// The batch with which it goes out: the row of the delivery that was its first.
    pub batch: Option<i64>,
    /// Where it stands.
    pub progress: Progress,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
    /// The last answer's status code.
    pub last_status_code: Option<u16>,
    /// The last failure's kind.
    pub last_error_kind: Option<FailureKind>,
    /// The last failure in words.
    pub last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub last_duration_ms: Option<u32>,
    /// The delivery that it repeats.
    pub retried_from: Option<DeliveryId>,
    /// When the alert target was told that it gave up.
    pub alert_sent_at: Option<Timestamp>,
    /// Why the alert target could not be told.
    pub alert_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered, gave up or was called off.
    pub completed_at: Option<Timestamp>,
    /// When a person discarded the dead letter. A failed test is discarded from the start: it
    /// told the person who waited for it, and waits for nobody.
    pub discarded_at: Option<Timestamp>,
}

impl Delivery {
    /// Where it belongs.
    #[must_use]
    pub fn place(&self) -> DeliveryPlace {
        DeliveryPlace {
            seq: self.id.seq(),
            webhook_seq: self.webhook.seq(),
            workspace_seq: self.workspace_seq,
            trigger: self.trigger,
            order_key: self.order_key,
        }
    }

    /// Whether it gave up and waits for a person.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.progress.status == Status::Exhausted && self.discarded_at.is_none()
    }

    /// Whether it gave up and a person discarded it; failed tests hookpost puts away itself.
    #[must_use]
    pub fn is_discarded(&self) -> bool {
        self.progress.status == Status::Exhausted
            && self.discarded_at.is_some()
            && self.trigger != Trigger::Test
    }

    /// When it is attempted next; `None` also where its webhook is disabled and it is held.
    #[must_use]
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        match self.progress.next {
            Next::Scheduled(_) if self.webhook_disabled => None,
            next => next.at(),
        }
    }
}

/// A delivery that became due with a commit, with all that is needed to attempt it.
#[derive(Clone, Debug)]
pub struct QueuedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The webhook it goes to.
    pub webhook_seq: i64,
    /// What it carries.
    pub event: Arc<Event>,
    /// The version of the wire profile it began with.
    pub profile_seq: i64,
    /// The format it began with.
    pub format: Format,
    /// The version of its webhook's shape that it is pinned to; `None` for the plain one.
    pub shape_seq: Option<i64>,
    /// Why it exists.
    pub trigger: Trigger,
    /// What it has in common with those whose order it keeps.
    pub order_key: Option<OrderKey>,
    /// The batch with which it goes out: the row of the delivery that was its first.
    pub batch: Option<i64>,
    /// Where it stands.
    pub progress: Progress,
}

impl QueuedDelivery {
    /// Where it belongs.
    #[must_use]
    pub fn place(&self) -> DeliveryPlace {
        DeliveryPlace {
            seq: self.id.seq(),
            webhook_seq: self.webhook_seq,
            workspace_seq: self.event.workspace.seq(),
            trigger: self.trigger,
            order_key: self.order_key,
        }
    }
}

/// What an attempt adds to the delivery's own row.
#[derive(Clone, Debug)]
pub struct LastAttempt<'a> {
    /// The answer's status code.
    pub status_code: Option<u16>,
    /// The failure's kind.
    pub error_kind: Option<FailureKind>,
    /// The failure in words.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

/// Where a delivery belongs.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryPlace {
    /// Its row.
    pub seq: i64,
    /// Its webhook.
    pub webhook_seq: i64,
    /// Its workspace.
    pub workspace_seq: i64,
    /// Why it exists.
    pub trigger: Trigger,
    /// What it has in common with those whose order it keeps.
    pub order_key: Option<OrderKey>,
}
