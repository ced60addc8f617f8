//! Alerts: what a workspace, or the customer whose webhook it is, is told without asking.
//!
//! Owns: the kinds, when there is reason for one, and how often. Refuses: sending them (`engine`).
//!
//! # Why they are grouped
//! A receiver that is down fails thousands of times. Its outage is one alert that says how often, then a
//! reminder a few times a day while it lasts, then the recovery; dead letters of one webhook are told of
//! at most once in a quarter of an hour, with their number.

use std::time::Duration;

use url::Url;

use super::breaker::{BreakerPolicy, Health};
use super::time::Timestamp;

/// Nothing but failures for so long is an outage, whatever the breaker waits for.
pub const FAILING_AFTER: Duration = Duration::from_secs(3600);
/// How often dead letters of one webhook are told of at most.
pub const EXHAUSTED_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often somebody is reminded of what lasts.
pub const REMIND_EVERY: Duration = Duration::from_secs(6 * 3600);
/// So many days before a certificate ends, and when it has, somebody is told.
pub const CERTIFICATE_DAYS: [i64; 4] = [30, 7, 1, 0];
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// A webhook is half way to being disabled, or has failed for an hour.
    WebhookFailing,
    /// A webhook was disabled for its answers.
    WebhookDisabled,
    /// A webhook that was told of takes deliveries again.
    WebhookRecovered,
    /// Deliveries gave up.
    DeliveryExhausted,
    /// A certificate that a webhook shows or trusts ends soon.
    CertificateExpiring,
    /// The disk has little room left.
    StorageLow,
    /// Somebody tries whether alerts arrive.
    Test,
}

impl AlertKind {
    /// The event type of the alert.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebhookFailing => "webhook.failing",
            Self::WebhookDisabled => "webhook.disabled",
            Self::WebhookRecovered => "webhook.recovered",
            Self::DeliveryExhausted => "delivery.exhausted",
            Self::CertificateExpiring => "certificate.expiring",
            Self::StorageLow => "storage.low",
            Self::Test => "alert.test",
        }
    }
}

/// How the body of an alert looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertForm {
    /// The envelope of any webhook, signed.
    Json,
    /// One message, as chats with Slack's incoming webhooks take it.
    Slack,
}

impl AlertForm {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Json, Self::Slack];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }

    /// What `url` takes where nobody says: Slack's own address takes messages and nothing else.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let host = Url::parse(url).ok();
        let host = host.as_ref().and_then(Url::host_str);
        if host == Some("hooks.slack.com") {
            Self::Slack
        } else {
            Self::Json
        }
    }
}

/// Whether a webhook's failures are an outage by now: half of what disables it, or an hour of nothing
/// else.
#[must_use]
pub fn is_failing(health: &Health, policy: BreakerPolicy, now: Timestamp) -> bool {
    let often = policy
        .disable_after_failures
        .is_some_and(|n| health.consecutive_failures >= n.div_ceil(2));
    let half = policy.disable_after.map(|limit| limit / 2);
    let long = half.map_or(FAILING_AFTER, |half| half.min(FAILING_AFTER));
    let lasted = health.failing_since.map(|since| now.since(since));
    often || lasted.is_some_and(|lasted| lasted >= long)
}

/// Which of [`CERTIFICATE_DAYS`] a certificate that ends at `expires_at` has come to: the least.
#[must_use]
pub fn certificate_days(expires_at: Timestamp, now: Timestamp) -> Option<i64> {
    let left_ms = expires_at.millis() - now.millis();
    let reached = |days: &i64| left_ms <= days * DAY_MS;
    CERTIFICATE_DAYS.into_iter().rfind(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_to_the_breaker_or_an_hour_is_an_outage() {
        let start = Timestamp::from_millis(1_000_000_000);
        let check = |policy: (Option<u32>, Option<u64>), seen: (u32, u64), expected: bool| {
            let breaker = BreakerPolicy {
                disable_after_failures: policy.0,
                disable_after: policy.1.map(Duration::from_secs),
            };
            let health = Health {
                consecutive_failures: seen.0,
                failing_since: Some(start),
                ..Health::default()
            };
            let now = start.after(Duration::from_secs(seen.1));
            assert_eq!(
                is_failing(&health, breaker, now),
                expected,
                "{policy:?} {seen:?}"
            );
        };
        check((Some(10), None), (4, 0), false);
        check((Some(10), None), (5, 0), true);
        check((Some(5), None), (2, 0), false);
        check((Some(5), None), (3, 0), true);
        check((None, None), (500, 3599), false);
        check((None, None), (2, 3600), true);
        check((None, Some(120 * 3600)), (2, 3600), true);
        check((None, Some(600)), (2, 299), false);
        check((None, Some(600)), (2, 300), true);
    }

    #[test]
    fn a_certificate_is_told_of_in_stages() {
        let now = Timestamp::from_millis(1_000_000_000);
        let check = |hours: i64, expected: Option<i64>| {
            let ends = Timestamp::from_millis(now.millis() + hours * 3_600_000);
            assert_eq!(certificate_days(ends, now), expected, "{hours}");
        };
        check(31 * 24, None);
        check(30 * 24, Some(30));
        check(7 * 24 + 1, Some(30));
        check(7 * 24, Some(7));
        check(24, Some(1));
        check(0, Some(0));
        check(-5, Some(0));
    }

    #[test]
    fn forms_read_back_and_slack_is_known_by_its_address() {
        for form in AlertForm::ALL {
            assert_eq!(AlertForm::parse(form.as_str()), Some(form));
        }
        let check = |url: &str, form: AlertForm| assert_eq!(AlertForm::of_url(url), form, "{url}");
        check("https://hooks.slack.com/services/T/B/x", AlertForm::Slack);
        check("https://hooks.slack.com.example.com/", AlertForm::Json);
        check("https://example.com/hooks.slack.com", AlertForm::Json);
    }
}
