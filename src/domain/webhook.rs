//! Webhooks: a registered receiver with its settings, state and health.
//!
//! Owns: the parsed webhook and the bounds of its settings. Refuses: checking URLs against the
//! guard (`net`) and reading any wire shape (`api`, `dialects`). A `Webhook` that exists is valid.

use std::sync::Arc;
use std::time::Duration;

use super::authorization::{TrustedAuthorities, WebhookAuth};
use super::batch::BatchPolicy;
use super::breaker::{BreakerPolicy, DisabledReason, Health};
use super::envelope::BodySource;
use super::event_type::Subscription;
use super::filter::ContentFilter;
use super::format::Format;
use super::header::CustomHeader;
use super::id::{ConsumerId, WebhookId, WorkspaceId};
use super::order::{DeliveryOrder, OrderedBy};
use super::profile::Profile;
use super::retry::RetryPolicy;
use super::shape::{BodyShape, SendMethod};
use super::signing::SignatureKind;
use super::time::Timestamp;

mod search;

pub use search::{
    SEARCHED_MAX, WebhookGlance, WebhookSearch, WebhookSort, WebhookTab, WebhookTrouble,
};

/// The longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 100;
/// The longest `metadata` object, in bytes of its JSON.
pub const METADATA_BYTES_MAX: usize = 4 * 1024;
/// The shortest timeout of an attempt.
pub const TIMEOUT_MIN: Duration = Duration::from_millis(100);
/// The longest timeout of an attempt.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(120);
/// The default timeout of an attempt.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// Attempts in flight to one webhook if nothing else is said.
pub const IN_FLIGHT_DEFAULT: u32 = 16;
/// Attempts in flight to one webhook at most.
pub const IN_FLIGHT_MAX: u32 = 256;
/// The lowest rate limit, in deliveries per second: six a minute.
pub const RATE_MIN: f64 = 0.1;
/// The highest rate limit, in deliveries per second.
pub const RATE_MAX: f64 = 10_000.0;
/// The most failures a breaker may wait for.
pub const DISABLE_AFTER_FAILURES_MAX: u32 = 10_000;
/// The shortest time of failures a breaker may be given.
pub const DISABLE_AFTER_MIN: Duration = Duration::from_secs(1);
/// The longest time of failures a breaker may be given: thirty days.
pub const DISABLE_AFTER_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a row of the webhooks table stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookKind {
    /// Registered by somebody, listed and managed.
    Registered,
    /// The target that a single publish call named; hidden.
    OneOff,
    /// Where a workspace's alerts go; hidden.
    Alert,
}

impl WebhookKind {
    const ALL: [Self; 3] = [Self::Registered, Self::OneOff, Self::Alert];

    /// The word of the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::OneOff => "one_off",
            Self::Alert => "alert",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How a receiver comes by what is for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// hookpost requests its URL.
    #[default]
    Push,
    /// It has no URL, and fetches.
    Poll,
    /// hookpost requests its URL, to tell what happens to customers' webhooks; it gets no events.
    Operational,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Push, Self::Poll, Self::Operational];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
            Self::Operational => "operational",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Whether a webhook takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// Gets deliveries.
    Active,
    /// Gets none until it is enabled; what waits is held.
    Disabled {
        /// Why.
        reason: DisabledReason,
        /// Since when.
        at: Timestamp,
    },
    /// Out for good.
    Revoked,
}

impl WebhookState {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled { .. } => "disabled",
            Self::Revoked => "revoked",
        }
    }

    /// Why it is disabled, if it is.
    #[must_use]
    pub fn disabled_reason(self) -> Option<DisabledReason> {
        match self {
            Self::Disabled { reason, .. } => Some(reason),
            Self::Active | Self::Revoked => None,
        }
    }
}

/// By which way a webhook's requests leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// By the egress proxy, where the operator names one.
    #[default]
    Usual,
    /// Around it.
    Direct,
}

impl Via {
    /// The word of the API and the database for what is not usual.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Usual => None,
            Self::Direct => Some("direct"),
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        (word == "direct").then_some(Self::Direct)
    }
}

/// What a person may set.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// What people call it; may be empty.
    pub label: String,
    /// How it comes by its events. It never changes.
    pub transport: Transport,
    /// Where deliveries go, in normal form; empty where it fetches.
    pub url: String,
    /// Which events it wants.
    pub subscription: Subscription,
    /// What must hold of their content.
    pub filter: Option<Arc<ContentFilter>>,
    /// The channels to which it listens; `None` is all, and what was said in none.
    pub channels: Option<Vec<String>>,
    /// How bodies look.
    pub format: Format,
    /// How it is requested.
    pub method: SendMethod,
    /// What makes the body another than the envelope.
    pub shape: BodyShape,
    /// What goes with every request as proof.
    pub auth: Option<WebhookAuth>,
    /// Whom its connections trust beside the public authorities.
    pub ca: Option<TrustedAuthorities>,
    /// By which way its requests leave.
    pub via: Via,
    /// Headers added to every delivery.
    pub headers: Vec<CustomHeader>,
    /// Whether the profile's headers go out under their second names as well; `None` is what the
    /// workspace says.
    pub aliases: Option<bool>,
    /// Delays between attempts.
    pub retry: RetryPolicy,
    /// The whole exchange's deadline.
    pub timeout: Duration,
    /// Attempts under way at once, at most.
    pub max_in_flight: u32,
    /// Deliveries per second, at most.
    pub rate_limit: Option<f64>,
    /// In which order deliveries go out.
    pub order: DeliveryOrder,
    /// When several go out in one request; `None` is each in its own.
    pub batch: Option<BatchPolicy>,
    /// When it is disabled for failing.
    pub breaker: BreakerPolicy,
    /// The owner's own JSON object.
    pub metadata: Arc<str>,
}

/// The version of the wire profile that a webhook uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRef {
    /// The stored version.
    pub seq: i64,
    /// The profile's name.
    pub name: Arc<str>,
}

/// A registered receiver.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The workspace that owns it.
    pub workspace: WorkspaceId,
    /// The consumer whose it is; `None` is the platform's own. It never changes.
    pub consumer: Option<ConsumerId>,
    /// What the platform calls it: unique among the webhooks of that consumer.
    pub uid: Option<Arc<str>>,
    /// Deliveries per second over all webhooks of that consumer, at most.
    pub consumer_rate_limit: Option<f64>,
    /// What it stands for.
    pub kind: WebhookKind,
    /// Its wire profile.
    pub profile: ProfileRef,
    /// What a person set.
    pub settings: WebhookSettings,
    /// The version of its shape; `None` for the plain one.
    pub shape_seq: Option<i64>,
    /// The public key of its newest secret, where that signs with Ed25519.
    pub public_key: Option<String>,
    /// Whether its headers go out under their second names as well.
    pub sends_aliases: bool,
    /// Whether it takes part.
    pub state: WebhookState,
    /// How it has been answering.
    pub health: Health,
    /// When its secret was last rotated.
    pub secret_rotated_at: Option<Timestamp>,
    /// Until when the newest of its old secrets is valid.
    pub previous_secret_expires_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its settings or state last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; history stays until retention.
    pub deleted_at: Option<Timestamp>,
}

impl Webhook {
    /// How its deliveries are signed.
    #[must_use]
    pub fn signature(&self) -> SignatureKind {
        match self.public_key {
            Some(_) => SignatureKind::Ed25519,
            None => SignatureKind::Hmac,
        }
    }

    /// What makes its bodies.
    #[must_use]
    pub fn body_source(&self) -> BodySource {
        match self.settings.shape.template {
            Some(_) => BodySource::Template,
            None => BodySource::Envelope(self.settings.format),
        }
    }
}

/// What people call a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookName {
    /// Its id.
    pub id: WebhookId,
    /// Its label; may be empty.
    pub label: String,
    /// Where its deliveries go.
    pub url: String,
}

/// What a new row is made of.
pub struct NewWebhook<'a> {
    /// The workspace that will own it.
    pub workspace: WorkspaceId,
    /// The consumer whose it will be.
    pub consumer_seq: Option<i64>,
    /// What it stands for.
    pub kind: WebhookKind,
    /// The version of its wire profile.
    pub profile_seq: i64,
    /// What a person set.
    pub settings: &'a WebhookSettings,
    /// Whether it takes part.
    pub state: WebhookState,
    /// For hidden webhooks: what makes the same target the same row.
    pub target_digest: Option<[u8; 32]>,
}

/// A webhook as publishing sees it.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its row.
    pub webhook_seq: i64,
    /// The consumer whose it is.
    pub consumer_seq: Option<i64>,
    /// Its id.
    pub id: WebhookId,
    /// Which events it wants.
    pub subscription: Subscription,
    /// What must hold of their content.
    pub filter: Option<Arc<ContentFilter>>,
    /// The channels to which it listens.
    pub channels: Option<Vec<String>>,
    /// Where the value lies by which its deliveries keep their order.
    pub ordered_by: Option<OrderedBy>,
    /// How it comes by its events.
    pub transport: Transport,
    /// Why it gets nothing at present; `None` while it is active.
    pub disabled: Option<DisabledReason>,
    /// The version of its wire profile.
    pub profile_seq: i64,
    /// The parsed profile.
    pub profile: Arc<Profile>,
    /// How bodies look.
    pub format: Format,
    /// The version of its shape; `None` for the plain one.
    pub shape_seq: Option<i64>,
    /// Whether a template makes its bodies, so that the envelope does not matter.
    pub is_templated: bool,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
}

impl Subscriber {
    /// What makes its bodies. What is fetched has no envelope of the wire profile, so any data fits.
    #[must_use]
    pub fn body_source(&self) -> BodySource {
        match self.is_templated || self.transport == Transport::Poll {
            true => BodySource::Template,
            false => BodySource::Envelope(self.format),
        }
    }

    /// Whether an event has to be looked into for it.
    #[must_use]
    pub fn looks_into_events(&self) -> bool {
        self.filter.is_some() || self.ordered_by.is_some()
    }
}

/// What settling an attempt needs to know of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// Whether it is active.
    pub active: bool,
    /// Whether it was registered; hidden targets are never disabled.
    pub registered: bool,
    /// Whether it carries alerts; nobody is alerted about those.
    pub alert: bool,
    /// Whether somebody was told that it fails, and not yet that it recovered.
    pub is_outage_told: bool,
    /// Its workspace.
    pub workspace_seq: i64,
    /// Its id.
    pub id: WebhookId,
}
