//! What callers say of a webhook.
//!
//! Owns: its JSON, whole on creation and in part on change. Refuses: judging values (`service`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::batch::BatchRequest;
use super::headers::HeadersRequest;
use crate::api::version_text::VersionText;
use crate::api::webhooks::proof::AuthRequest;
use crate::api::words::{
    BodyFormat, DeliveryContentType, DeliveryMethod, DeliveryVia, SignatureWord, WebhookKindWord,
};
use crate::service::webhooks::{CustomRetry, RetryInput, WebhookInput};
use crate::web::extract::RequestBody;
use crate::web::wire::{given, nullable};

/// A webhook as a caller describes it: whole on creation, in part on change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// How it comes by its events: `push`, to its `url`, if absent; or `poll`: it has none, and its
    /// receiver fetches (`GET /webhooks/{id}/poll`). `operational` is told what happens to customers'
    /// webhooks (`endpoint.created`, `message.attempt.exhausted`, …) in the place of events. It never
    /// changes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = WebhookKindWord, required = false)]
    pub kind: Option<String>,
    /// Where deliveries go.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Which events it wants.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub event_types: Option<Vec<String>>,
    /// The versions of event types that it pins, such as `{"order.paid": "1"}`: of these types it gets
    /// events that were published as that version, and no others; of every other type it gets all. Null
    /// means none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BTreeMap<String, VersionText>>)]
    pub pinned_versions: Option<Option<BTreeMap<String, VersionText>>>,
    /// The consumer whose it is, by id or uid; the platform's own if absent or null. It never changes.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub consumer: Option<Option<String>>,
    /// Conditions on an event's content, such as `{"data.amount": {"$gte": 100}}`: it gets only what
    /// meets all; null means none. Operators: `$eq` (implied), `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`,
    /// `$nin`, `$exists`, `$startsWith`, `$endsWith`, `$contains`, `$and`, `$or`, `$not`. Paths begin at `id`
    /// (its publisher's), `type`, `timestamp`, `data`; an index or `*` leads into arrays. At most 64, 8 deep.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Option<Box<RawValue>>>,
    /// How it is requested: `POST`, `PUT` or `PATCH`; null means `POST`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<DeliveryMethod>)]
    pub method: Option<Option<String>>,
    /// How the body is written: `application/json`, or `application/x-www-form-urlencoded` with one
    /// field for each member of the body (lists and objects as their JSON); null means as JSON.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<DeliveryContentType>)]
    pub content_type: Option<Option<String>>,
    /// The body's own form, any JSON: a text that is nothing but `{{ /data/id }}` stands for the value
    /// at that pointer, inside a longer text for its text; behind it may follow `| default: 0`,
    /// `| upper`, `| lower`, `| json`, `| date: "%Y-%m-%d"`, `| cut: 100`. `{"$each": "/data/items", "$as": …}` makes
    /// a list (names are looked up in the item first, which is `/item`), and
    /// `{"$if": {filter}, "$then": …, "$else": …}` chooses. Null means the envelope.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Value>)]
    pub template: Option<Option<Box<RawValue>>>,
    /// What goes with every request as proof, beside the signature; null means nothing.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<AuthRequest>)]
    pub auth: Option<Option<AuthRequest>>,
    /// Certificate authorities that its connections trust beside the public ones, in PEM; null means
    /// none, `***` the present ones. It may also stand inside `auth`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub ca: Option<Option<String>>,
    /// `direct`: its requests go around the egress proxy, if there is one. For operators only (the scope
    /// `admin`); null means as the instance says.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<DeliveryVia>)]
    pub via: Option<Option<String>>,
    /// The channels to which it listens, up to 10: it gets events said in one of them only. Null means
    /// all events, said in channels or not.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    pub channels: Option<Option<Vec<String>>>,
    /// What people call it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub label: Option<Option<String>>,
    /// Its signing secret, on creation. On change only where the URL moves to another origin
    /// (scheme, host or port): the present secret stays, another takes its place at once, and if
    /// absent, a new one is made and shown in the answer. Credentials among the headers are needed
    /// again then.
    #[serde(default)]
    pub secret: Option<String>,
    /// How deliveries are signed: `hmac` with a secret that the receiver holds as well, or `ed25519`
    /// (`v1a`), where it holds the public key only. Changed, a new secret is made and shown in the
    /// answer, and old ones go on for a day.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = SignatureWord, nullable = false, required = false)]
    pub signature: Option<String>,
    /// Its wire profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// How bodies look: `json` (the profile's envelope), `data` (what was published, alone),
    /// `cloudevents` or `slack`.
    #[serde(default)]
    #[schema(value_type = Option<BodyFormat>)]
    pub format: Option<String>,
    /// Headers added to every delivery; null means none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub headers: Option<Option<HeadersRequest>>,
    /// Whether the wire profile's headers are sent under their second names as well (`svix-id` beside
    /// `webhook-id`); null means what the workspace says.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<bool>)]
    pub aliases: Option<Option<bool>>,
    /// Delays between attempts, or a built-in profile's name; null means the profile's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RetryRequest>)]
    pub retry_policy: Option<Option<RetryRequest>>,
    /// The whole exchange's deadline; null means the profile's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub timeout: Option<Option<String>>,
    /// Attempts under way at once; null means the default.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub max_in_flight: Option<Option<i64>>,
    /// Deliveries per second; null means no limit.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    pub rate_limit: Option<Option<f64>>,
    /// One at a time, in event order.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub ordered: Option<bool>,
    /// A JSON pointer into the event, such as `/data/customer`: deliveries with the same value there keep
    /// event order, others go beside each other, and so does what has no value there. It holds for
    /// events published from then on; null means no such order. Not together with `ordered`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub ordered_by: Option<Option<String>>,
    /// Several events in one request, as a JSON array of what each would be alone, under one signature;
    /// null means each in its own. `webhook-id` is then the batch's own id, `bat_…`, the same in every
    /// attempt. They are tried again together, and give up together.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BatchRequest>)]
    pub batch: Option<Option<BatchRequest>>,
    /// Failures in a row that disable it; null means never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub disable_after_failures: Option<Option<i64>>,
    /// Time of nothing but failures that disables it; null means never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub disable_after: Option<Option<String>>,
    /// Whether it takes part.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub active: Option<bool>,
    /// The owner's own JSON object; null means an empty one.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Option<Box<RawValue>>>,
}

impl RequestBody for WebhookRequest {}

/// A retry policy: a built-in profile's name, or one's own.
#[derive(Debug)]
pub enum RetryRequest {
    /// That of a built-in profile.
    Named(String),
    /// Its own.
    Custom(RetryFields),
}

/// A retry policy of one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryFields {
    /// Delays before the retries; may be absent where only `give_up_on` or `retry_on` is given: then
    /// those of the wire profile.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub delays: Option<Vec<String>>,
    /// The repeating delay after those.
    #[serde(default)]
    pub then_every: Option<String>,
    /// When to end, counted from the first attempt.
    #[serde(default)]
    pub give_up_after: Option<String>,
    /// Whether delays are spread; true if absent.
    #[serde(default)]
    pub jitter: Option<bool>,
    /// Statuses (`404`) and classes (`4xx`) that end a delivery at once. 408, 425 and 429 only where
    /// they are listed by number.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    pub give_up_on: Vec<StatusText>,
    /// The only statuses and classes that are tried again; failures without an answer always are.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    pub retry_on: Vec<StatusText>,
}

/// A status or a class: `"404"`, `404` or `"4xx"`.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a status such as 404 or a class: 3xx, 4xx or 5xx"
)]
pub enum StatusText {
    /// In digits.
    Number(u16),
    /// In letters.
    Text(String),
}

impl From<StatusText> for String {
    fn from(status: StatusText) -> Self {
        match status {
            StatusText::Number(number) => number.to_string(),
            StatusText::Text(text) => text,
        }
    }
}

impl<'de> Deserialize<'de> for RetryRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = RetryRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a retry policy or the name of a built-in profile")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(RetryRequest::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RetryFields::deserialize(MapAccessDeserializer::new(map)).map(RetryRequest::Custom)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl utoipa::PartialSchema for RetryRequest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::OneOfBuilder::new()
            .item(<String as utoipa::PartialSchema>::schema())
            .item(utoipa::openapi::Ref::from_schema_name(RetryFields::name()))
            .into()
    }
}

impl ToSchema for RetryRequest {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        let schema = <RetryFields as utoipa::PartialSchema>::schema();
        schemas.push((RetryFields::name().into_owned(), schema));
    }
}

impl From<RetryRequest> for RetryInput {
    fn from(request: RetryRequest) -> Self {
        match request {
            RetryRequest::Named(name) => Self::Named(name),
            RetryRequest::Custom(fields) => Self::Custom(CustomRetry {
                delays: fields.delays,
                then_every: fields.then_every,
                give_up_after: fields.give_up_after,
                jitter: fields.jitter,
                give_up_on: fields.give_up_on.into_iter().map(Into::into).collect(),
                retry_on: fields.retry_on.into_iter().map(Into::into).collect(),
            }),
        }
    }
}

impl From<WebhookRequest> for WebhookInput {
    fn from(request: WebhookRequest) -> Self {
        let text = |json: Box<RawValue>| Box::<str>::from(json).into_string();
        let metadata = |json: Option<Box<RawValue>>| json.map_or("{}".to_owned(), text);
        let pins = |pins: Option<BTreeMap<String, VersionText>>| {
            let pairs = pins.into_iter().flatten();
            pairs
                .map(|(name, version)| (name, version.into()))
                .collect()
        };
        let headers = |headers: Option<HeadersRequest>| headers.map_or(Vec::new(), |own| own.0);
        Self {
            uid: None,
            kind: request.kind,
            url: request.url,
            event_types: request.event_types,
            pinned_versions: request.pinned_versions.map(pins),
            channels: request.channels,
            consumer: request.consumer,
            filter: request.filter.map(|own| own.map(text)),
            auth: request.auth.map(|own| own.map(Into::into)),
            ca: request.ca,
            via: request.via,
            method: request.method,
            content_type: request.content_type,
            template: request.template.map(|own| own.map(text)),
            label: request.label.map(Option::unwrap_or_default),
            secret: request.secret,
            signature: request.signature,
            profile: request.profile,
            format: request.format,
            headers: request.headers.map(headers),
            aliases: request.aliases,
            retry_policy: request.retry_policy.map(|own| own.map(Into::into)),
            timeout: request.timeout,
            max_in_flight: request.max_in_flight,
            rate_limit: request.rate_limit,
            ordered: request.ordered,
            ordered_by: request.ordered_by,
            batch: request.batch.map(|own| own.map(Into::into)),
            disable_after_failures: request.disable_after_failures,
            disable_after: request.disable_after,
            active: request.active,
            metadata: request.metadata.map(metadata),
        }
    }
}
