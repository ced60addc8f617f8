//! What a caller says of a webhook, and the checks that turn it into settings.
//!
//! Owns: every bound of a webhook's settings, each with the field it belongs to. Refuses: storing.

use std::sync::Arc;

use super::auth::{AuthInput, authorities};
use super::batching::BatchInput;
use super::defaults::defaults_of;
use super::retries::RetryInput;
use super::shaping::{content_type, method, placed, template};
use super::values::{
    MASK, between, channels, counted, format, label, metadata, per_second, timeout,
};
use crate::domain::authorization::{TrustedAuthorities, WebhookAuth};
use crate::domain::breaker::BreakerPolicy;
use crate::domain::event_context::{TRACEPARENT, TRACESTATE};
use crate::domain::filter::{ContentFilter, FilterFault};
use crate::domain::header::{CUSTOM_HEADERS_MAX, CustomHeader};
use crate::domain::profile::Profile;
use crate::domain::retry::RetryPolicy;
use crate::domain::shape::{BodyShape, ContentType};
use crate::domain::template::TextTemplate;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{
    DISABLE_AFTER_FAILURES_MAX, DISABLE_AFTER_MAX, DISABLE_AFTER_MIN, IN_FLIGHT_MAX, Via,
    WebhookSettings,
};
use crate::service::{FieldError, Refusal};

/// A webhook's properties as a caller gives them. Absent properties keep their value, or take the
/// wire profile's default on creation; `Some(None)` is an explicit null.
#[derive(Clone, Debug, Default)]
pub struct WebhookInput {
    /// How it comes by its events: `push` or `poll`. It never changes.
    pub kind: Option<String>,
    /// Where deliveries go.
    pub url: Option<String>,
    /// Which events it wants.
    pub event_types: Option<Vec<String>>,
    /// The versions of event types that it pins; empty means none.
    pub pinned_versions: Option<Vec<(String, String)>>,
    /// The consumer whose it is, by id or `uid`; null is the platform. It never changes.
    pub consumer: Option<Option<String>>,
    /// What the platform calls it, unique with its consumer; null means nothing.
    pub uid: Option<Option<String>>,
    /// What must hold of an event's content, as JSON text; null means nothing.
    pub filter: Option<Option<String>>,
    /// How it is requested; null means `POST`.
    pub method: Option<Option<String>>,
    /// How the body is written; null means as JSON.
    pub content_type: Option<Option<String>>,
    /// What the body looks like, as JSON text; null means the envelope.
    pub template: Option<Option<String>>,
    /// What goes with every request as proof; null means nothing.
    pub auth: Option<Option<AuthInput>>,
    /// Authorities that its connections trust beside the public ones, in PEM; null means none.
    pub ca: Option<Option<String>>,
    /// By which way its requests leave; null means as the instance says.
    pub via: Option<Option<String>>,
    /// The channels to which it listens; null means all.
    pub channels: Option<Option<Vec<String>>>,
    /// What people call it.
    pub label: Option<String>,
    /// Its signing secret; only on creation, and where the URL moves to another origin: there it
    /// confirms the present one or takes its place.
    pub secret: Option<String>,
    /// How deliveries are signed: `hmac` or `ed25519`.
    pub signature: Option<String>,
    /// Its wire profile.
    pub profile: Option<String>,
    /// How bodies look.
    pub format: Option<String>,
    /// Headers added to every delivery.
    pub headers: Option<Vec<(String, String)>>,
    /// Whether headers go out under their second names as well; null means as the workspace says.
    pub aliases: Option<Option<bool>>,
    /// Delays between attempts; null means the profile's.
    pub retry_policy: Option<Option<RetryInput>>,
    /// The whole exchange's deadline; null means the profile's.
    pub timeout: Option<Option<String>>,
    /// Attempts under way at once; null means the default.
    pub max_in_flight: Option<Option<i64>>,
    /// Deliveries per second; null means no limit.
    pub rate_limit: Option<Option<f64>>,
    /// One at a time, in event order.
    pub ordered: Option<bool>,
    /// In event order where the value there is the same; null means no such order.
    pub ordered_by: Option<Option<String>>,
    /// When several go out in one request; null means each in its own.
    pub batch: Option<Option<BatchInput>>,
    /// Failures in a row that disable it; null means never.
    pub disable_after_failures: Option<Option<i64>>,
    /// Time of nothing but failures that disables it; null means never.
    pub disable_after: Option<Option<String>>,
    /// Whether it starts active; only on creation.
    pub active: Option<bool>,
    /// The owner's own JSON object, as text.
    pub metadata: Option<String>,
}

/// Applies what a caller said to `base`; `url` has passed the guard.
///
/// # Errors
/// Every field at fault.
pub(super) fn apply(
    base: WebhookSettings,
    input: &WebhookInput,
    url: Option<String>,
    profile: &Profile,
    now: Timestamp,
) -> Result<WebhookSettings, Refusal> {
    let mut faults = Faults(Vec::new());
    let default = defaults_of(profile, String::new(), base.subscription.clone());
    let settings = WebhookSettings {
        label: faults.given("label", input.label.as_deref(), base.label, label),
        transport: base.transport,
        url: url.unwrap_or(base.url),
        subscription: faults.subscription(input, base.subscription),
        filter: faults.filter(input.filter.as_ref(), base.filter),
        method: faults.nullable(
            "method",
            input.method.as_ref(),
            [base.method, default.method],
            |text| method(text),
        ),
        shape: faults.shape(input, base.shape),
        auth: faults.auth(input.auth.as_ref(), base.auth, now),
        ca: faults.ca(input, base.ca, now),
        via: faults.nullable("via", input.via.as_ref(), [base.via, Via::Usual], |word| {
            Via::parse(word).ok_or_else(|| "must be direct or null".to_owned())
        }),
        channels: faults.nullable(
            "channels",
            input.channels.as_ref(),
            [base.channels, None],
            |texts| channels(texts).map(Some),
        ),
        format: faults.given("format", input.format.as_deref(), base.format, format),
        headers: faults.headers(input.headers.as_deref(), base.headers, profile),
        aliases: input.aliases.unwrap_or(base.aliases),
        retry: faults.retry(input.retry_policy.as_ref(), base.retry, default.retry),
        timeout: faults.nullable(
            "timeout",
            input.timeout.as_ref(),
            [base.timeout, default.timeout],
            |text| timeout(text),
        ),
        max_in_flight: faults.nullable(
            "max_in_flight",
            input.max_in_flight.as_ref(),
            [base.max_in_flight, default.max_in_flight],
            |n| counted(*n, IN_FLIGHT_MAX),
        ),
        rate_limit: faults.nullable(
            "rate_limit",
            input.rate_limit.as_ref(),
            [base.rate_limit, None],
            |rate| per_second(*rate).map(Some),
        ),
        order: faults.order(input, base.order),
        batch: faults.batch(input.batch.as_ref(), base.batch),
        breaker: faults.breaker(input, base.breaker),
        metadata: faults.given(
            "metadata",
            input.metadata.as_deref(),
            base.metadata,
            metadata,
        ),
    };
    faults.one_authorization(&settings);
    faults.batchable(&settings);
    faults.end(settings)
}

/// Collects the fields at fault, so that a caller learns of all of them at once.
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    pub(super) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    /// What was said of a setting, else what it was before.
    fn given<I: ?Sized, T>(
        &mut self,
        field: &str,
        said: Option<&I>,
        before: T,
        parse: impl FnOnce(&I) -> Result<T, String>,
    ) -> T {
        match said.map(parse) {
            None => before,
            Some(Ok(value)) => value,
            Some(Err(message)) => {
                self.add(field, message);
                before
            }
        }
    }

    /// As [`Faults::given`], where null stands for a value of its own.
    fn nullable<I, T>(
        &mut self,
        field: &str,
        said: Option<&Option<I>>,
        [before, null]: [T; 2],
        parse: impl FnOnce(&I) -> Result<T, String>,
    ) -> T {
        match said {
            Some(None) => null,
            Some(Some(value)) => self.given(field, Some(value), before, parse),
            None => before,
        }
    }

    fn filter(
        &mut self,
        said: Option<&Option<String>>,
        before: Option<Arc<ContentFilter>>,
    ) -> Option<Arc<ContentFilter>> {
        match said {
            None => before,
            Some(None) => None,
            Some(Some(text)) => match ContentFilter::parse(text) {
                Ok(filter) => Some(Arc::new(filter)),
                Err(FilterFault { place, message }) => {
                    self.add(placed("filter", &place), message);
                    before
                }
            },
        }
    }

    fn auth(
        &mut self,
        said: Option<&Option<AuthInput>>,
        before: Option<WebhookAuth>,
        now: Timestamp,
    ) -> Option<WebhookAuth> {
        match said {
            None => before,
            Some(None) => None,
            Some(Some(said)) => said
                .read(before.as_ref(), now)
                .map_err(|fault| self.0.push(fault))
                .ok(),
        }
    }

    fn ca(
        &mut self,
        input: &WebhookInput,
        before: Option<TrustedAuthorities>,
        now: Timestamp,
    ) -> Option<TrustedAuthorities> {
        let present = before.clone();
        let read = |text: &String| authorities(text, present.as_ref(), now).map(Some);
        let auth = input.auth.as_ref().and_then(Option::as_ref);
        match (&input.ca, auth.and_then(|auth| auth.ca.as_ref())) {
            (None, Some(inside)) => self.given("auth.ca", Some(inside), before, read),
            (said, _) => self.nullable("ca", said.as_ref(), [before, None], read),
        }
    }

    fn shape(&mut self, input: &WebhookInput, before: BodyShape) -> BodyShape {
        let content_type = self.nullable(
            "content_type",
            input.content_type.as_ref(),
            [before.content_type, ContentType::default()],
            |text| content_type(text),
        );
        let template = match &input.template {
            None => before.template,
            Some(None) => None,
            Some(Some(text)) => template(text).map_err(|fault| self.0.push(fault)).ok(),
        };
        BodyShape {
            template,
            content_type,
        }
    }

    fn headers(
        &mut self,
        said: Option<&[(String, String)]>,
        base: Vec<CustomHeader>,
        profile: &Profile,
    ) -> Vec<CustomHeader> {
        let Some(pairs) = said else {
            return base;
        };
        if pairs.len() > CUSTOM_HEADERS_MAX {
            self.add(
                "headers",
                format!("must hold at most {CUSTOM_HEADERS_MAX} headers"),
            );
            return base;
        }
        let mut reserved = profile.reserved_headers();
        reserved.extend([TRACEPARENT, TRACESTATE]);
        let mut headers: Vec<CustomHeader> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let kept = base
                .iter()
                .find(|own| own.name().eq_ignore_ascii_case(name));
            let value = match kept {
                Some(own) if value == MASK && own.is_credential() => own.value().expose(),
                Some(_) | None => value,
            };
            match CustomHeader::new(name, value.to_owned(), &reserved) {
                Ok(header) if headers.iter().any(|other| other.name() == header.name()) => {
                    self.add(format!("headers.{name}"), "is given twice");
                }
                Ok(header) if value == MASK && header.is_credential() => {
                    self.add(
                        format!("headers.{name}"),
                        "is only a mask, and there is no value that it could stand for",
                    );
                }
                Ok(header) => {
                    if let Err(message) = TextTemplate::parse(header.value().expose()) {
                        self.add(format!("headers.{name}"), message);
                    }
                    headers.push(header);
                }
                Err(error) => self.add(format!("headers.{name}"), error.to_string()),
            }
        }
        headers
    }

    fn retry(
        &mut self,
        said: Option<&Option<RetryInput>>,
        before: RetryPolicy,
        null: RetryPolicy,
    ) -> RetryPolicy {
        let policy = match said {
            None => return before,
            Some(None) => return null,
            Some(Some(own)) => own.policy(&null),
        };
        policy.unwrap_or_else(|fault| {
            self.0.push(fault);
            before
        })
    }

    fn breaker(&mut self, input: &WebhookInput, before: BreakerPolicy) -> BreakerPolicy {
        BreakerPolicy {
            disable_after_failures: self.nullable(
                "disable_after_failures",
                input.disable_after_failures.as_ref(),
                [before.disable_after_failures, None],
                |n| counted(*n, DISABLE_AFTER_FAILURES_MAX).map(Some),
            ),
            disable_after: self.nullable(
                "disable_after",
                input.disable_after.as_ref(),
                [before.disable_after, None],
                |text| between(text, DISABLE_AFTER_MIN, DISABLE_AFTER_MAX, "1s", "720h").map(Some),
            ),
        }
    }

    fn end(self, settings: WebhookSettings) -> Result<WebhookSettings, Refusal> {
        if self.0.is_empty() {
            Ok(settings)
        } else {
            Err(Refusal::Invalid(self.0))
        }
    }
}
