//! What a caller says of a webhook, and the checks that turn it into settings.
//!
//! Owns: every bound of a webhook's settings, each with the field it belongs to. Refuses: storing.

use std::time::Duration;

use crate::domain::breaker::BreakerPolicy;
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::header::{CUSTOM_HEADERS_MAX, CustomHeader};
use crate::domain::profile::Profile;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::parse_duration;
use crate::domain::webhook::{
    DISABLE_AFTER_FAILURES_MAX, DISABLE_AFTER_MAX, DISABLE_AFTER_MIN, IN_FLIGHT_DEFAULT,
    IN_FLIGHT_MAX, LABEL_CHARS_MAX, METADATA_BYTES_MAX, RATE_MAX, RATE_MIN, TIMEOUT_MAX,
    TIMEOUT_MIN, WebhookSettings,
};
use crate::service::{FieldError, Refusal};

/// What stands for a value that is not shown; sent back, it means "as it is".
pub const MASK: &str = "***";

/// A webhook's properties as a caller gives them. Absent properties keep their value, or take the
/// wire profile's default on creation; `Some(None)` is an explicit null.
#[derive(Clone, Debug, Default)]
pub struct WebhookInput {
    /// Where deliveries go.
    pub url: Option<String>,
    /// Which events it wants.
    pub event_types: Option<Vec<String>>,
    /// What people call it.
    pub label: Option<String>,
    /// Its signing secret; only on creation.
    pub secret: Option<String>,
    /// Its wire profile.
    pub profile: Option<String>,
    /// How bodies look.
    pub format: Option<String>,
    /// Headers added to every delivery.
    pub headers: Option<Vec<(String, String)>>,
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
    /// Failures in a row that disable it; null means never.
    pub disable_after_failures: Option<Option<i64>>,
    /// Time of nothing but failures that disables it; null means never.
    pub disable_after: Option<Option<String>>,
    /// Whether it starts active; only on creation.
    pub active: Option<bool>,
    /// The owner's own JSON object, as text.
    pub metadata: Option<String>,
}

/// A retry policy as a caller gives it.
#[derive(Clone, Debug)]
pub enum RetryInput {
    /// That of a built-in profile.
    Named(String),
    /// Its own.
    Custom {
        /// Delays before the retries, as durations.
        delays: Vec<String>,
        /// The repeating delay after those.
        then_every: Option<String>,
        /// When to end, counted from the first attempt.
        give_up_after: Option<String>,
        /// Whether delays are spread; absent means yes.
        jitter: Option<bool>,
    },
}

/// What a profile gives a webhook that says nothing else.
#[must_use]
pub fn defaults_of(profile: &Profile, url: String, subscription: Subscription) -> WebhookSettings {
    WebhookSettings {
        label: String::new(),
        url,
        subscription,
        format: Format::Json,
        headers: Vec::new(),
        retry: profile.retry_policy().clone(),
        timeout: profile.timeout(),
        max_in_flight: IN_FLIGHT_DEFAULT,
        rate_limit: None,
        ordered: false,
        breaker: profile.breaker(),
        metadata: "{}".into(),
    }
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
) -> Result<WebhookSettings, Refusal> {
    let mut faults = Faults(Vec::new());
    let defaults = defaults_of(profile, String::new(), base.subscription.clone());
    let settings = WebhookSettings {
        label: faults.take("label", input.label.as_deref().map(label), base.label),
        url: url.unwrap_or(base.url),
        subscription: faults.subscription(input, base.subscription),
        format: faults.take("format", input.format.as_deref().map(format), base.format),
        headers: faults.headers(input, base.headers, profile),
        retry: faults.retry(input, base.retry, &defaults.retry),
        timeout: match &input.timeout {
            Some(None) => defaults.timeout,
            Some(Some(text)) => faults.take("timeout", Some(timeout(text)), base.timeout),
            None => base.timeout,
        },
        max_in_flight: match input.max_in_flight {
            Some(None) => defaults.max_in_flight,
            Some(Some(n)) => faults.take("max_in_flight", Some(in_flight(n)), base.max_in_flight),
            None => base.max_in_flight,
        },
        rate_limit: match input.rate_limit {
            Some(Some(rate)) => faults.take("rate_limit", Some(per_second(rate)), base.rate_limit),
            Some(None) => None,
            None => base.rate_limit,
        },
        ordered: input.ordered.unwrap_or(base.ordered),
        breaker: faults.breaker(input, base.breaker),
        metadata: faults.take(
            "metadata",
            input.metadata.as_deref().map(metadata),
            base.metadata,
        ),
    };
    faults.end(settings)
}

/// Collects the fields at fault, so that a caller learns of all of them at once.
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    fn take<T>(&mut self, field: &str, value: Option<Result<T, String>>, base: T) -> T {
        match value {
            None => base,
            Some(Ok(value)) => value,
            Some(Err(message)) => {
                self.add(field, message);
                base
            }
        }
    }

    fn subscription(&mut self, input: &WebhookInput, base: Subscription) -> Subscription {
        let Some(texts) = &input.event_types else {
            return base;
        };
        Subscription::parse(texts).unwrap_or_else(|error| {
            let field = match error.index {
                Some(index) => format!("event_types[{index}]"),
                None => "event_types".to_owned(),
            };
            self.add(field, error.message);
            base
        })
    }

    fn headers(
        &mut self,
        input: &WebhookInput,
        base: Vec<CustomHeader>,
        profile: &Profile,
    ) -> Vec<CustomHeader> {
        let Some(pairs) = &input.headers else {
            return base;
        };
        if pairs.len() > CUSTOM_HEADERS_MAX {
            self.add(
                "headers",
                format!("must hold at most {CUSTOM_HEADERS_MAX} headers"),
            );
            return base;
        }
        let reserved = profile.reserved_headers();
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
                Ok(header) => headers.push(header),
                Err(error) => self.add(format!("headers.{name}"), error.to_string()),
            }
        }
        headers
    }

    fn retry(
        &mut self,
        input: &WebhookInput,
        base: RetryPolicy,
        default: &RetryPolicy,
    ) -> RetryPolicy {
        let policy = match &input.retry_policy {
            None => return base,
            Some(None) => return default.clone(),
            Some(Some(RetryInput::Named(name))) => Profile::built_in_named(name)
                .map(|profile| profile.retry_policy().clone())
                .ok_or_else(|| FieldError {
                    field: "retry_policy".to_owned(),
                    message: format!(
                        "{name} is no built-in profile; give its name or a policy of your own"
                    ),
                }),
            Some(Some(RetryInput::Custom {
                delays,
                then_every,
                give_up_after,
                jitter,
            })) => custom_policy(
                delays,
                then_every.as_deref(),
                give_up_after.as_deref(),
                *jitter,
            ),
        };
        policy.unwrap_or_else(|fault| {
            self.0.push(fault);
            base
        })
    }

    fn breaker(&mut self, input: &WebhookInput, base: BreakerPolicy) -> BreakerPolicy {
        let disable_after_failures = match input.disable_after_failures {
            None => base.disable_after_failures,
            Some(None) => None,
            Some(Some(n)) => {
                let parsed = u32::try_from(n).ok();
                let parsed = parsed.filter(|n| (1..=DISABLE_AFTER_FAILURES_MAX).contains(n));
                if parsed.is_none() {
                    let message = format!("must lie between 1 and {DISABLE_AFTER_FAILURES_MAX}");
                    self.add("disable_after_failures", message);
                }
                parsed
            }
        };
        let disable_after = match &input.disable_after {
            None => base.disable_after,
            Some(None) => None,
            Some(Some(text)) => {
                let parsed = between(text, DISABLE_AFTER_MIN, DISABLE_AFTER_MAX, "1s", "720h");
                self.take("disable_after", Some(parsed.map(Some)), base.disable_after)
            }
        };
        BreakerPolicy {
            disable_after_failures,
            disable_after,
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

fn label(text: &str) -> Result<String, String> {
    if text.chars().count() > LABEL_CHARS_MAX {
        return Err(format!("must have at most {LABEL_CHARS_MAX} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".to_owned());
    }
    Ok(text.to_owned())
}

fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| "must be json, cloudevents or slack".to_owned())
}

fn timeout(text: &str) -> Result<Duration, String> {
    between(text, TIMEOUT_MIN, TIMEOUT_MAX, "100ms", "2m")
}

fn between(
    text: &str,
    min: Duration,
    max: Duration,
    min_text: &str,
    max_text: &str,
) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if (min..=max).contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("must lie between {min_text} and {max_text}"))
    }
}

fn in_flight(n: i64) -> Result<u32, String> {
    u32::try_from(n)
        .ok()
        .filter(|n| (1..=IN_FLIGHT_MAX).contains(n))
        .ok_or_else(|| format!("must lie between 1 and {IN_FLIGHT_MAX}"))
}

fn per_second(rate: f64) -> Result<Option<f64>, String> {
    if (RATE_MIN..=RATE_MAX).contains(&rate) {
        Ok(Some(rate))
    } else {
        Err(format!(
            "must lie between {RATE_MIN} and {RATE_MAX} deliveries per second"
        ))
    }
}

fn metadata(text: &str) -> Result<std::sync::Arc<str>, String> {
    if text.len() > METADATA_BYTES_MAX {
        return Err(format!(
            "must have at most {METADATA_BYTES_MAX} bytes as JSON"
        ));
    }
    if !text.trim_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    Ok(text.into())
}

fn custom_policy(
    delays: &[String],
    then_every: Option<&str>,
    give_up_after: Option<&str>,
    jitter: Option<bool>,
) -> Result<RetryPolicy, FieldError> {
    let parse = |field: String, text: &str| {
        parse_duration(text).map_err(|message| FieldError { field, message })
    };
    let parsed = delays
        .iter()
        .enumerate()
        .map(|(index, text)| parse(format!("retry_policy.delays[{index}]"), text))
        .collect::<Result<Vec<_>, _>>()?;
    let every = then_every
        .map(|text| parse("retry_policy.then_every".to_owned(), text))
        .transpose()?;
    let give_up = give_up_after
        .map(|text| parse("retry_policy.give_up_after".to_owned(), text))
        .transpose()?;
    let jitter = if jitter.unwrap_or(true) {
        Jitter::Tenth
    } else {
        Jitter::Off
    };
    RetryPolicy::new(parsed, every, give_up, jitter).map_err(|error| FieldError {
        field: format!("retry_policy.{}", error.field),
        message: error.message,
    })
}
