//! Which deliveries a command means.
//!
//! Owns: the filter of lists and bulk work, as a query and as JSON. Refuses: judging its values;
//! the server does.

use clap::Args;
use serde::Serialize;

use super::encoded;

/// Which deliveries are meant; without any of these, all.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Filter {
    /// Only deliveries to webhooks of this consumer
    #[arg(long, value_name = "CONSUMER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    /// Only deliveries to this webhook
    #[arg(long = "webhook", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
    /// Only deliveries of this event
    #[arg(long = "event", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// Only deliveries that this job was the last to put in line
    #[arg(long = "job", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    /// Only this part of that job's deliveries: delivered, failed, waiting or canceled
    #[arg(long, value_name = "PART", requires = "job_id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    job_part: Option<String>,
    /// Only deliveries of this event type, or below a prefix: agent.*
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    /// Only with this result of the last attempt: a status code, 5xx, or a word such as timeout
    #[arg(long, value_name = "RESULT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// Only deliveries with this status: scheduled, pending, retrying, delivered, exhausted or canceled
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Only deliveries made since this time, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Only deliveries made before this time
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Filter {
    /// Whether nothing was named.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what is meant depends on what became of a delivery.
    pub(super) fn is_of_outcome(&self) -> bool {
        self.status.is_some() || self.result.is_some() || self.job_id.is_some()
    }

    /// Adds what was named to a query.
    pub(super) fn push_to(&self, query: &mut FilterQuery) {
        query.push("consumer", self.consumer.as_deref());
        query.push("webhook_id", self.webhook_id.as_deref());
        query.push("event_id", self.event_id.as_deref());
        query.push("job_id", self.job_id.as_deref());
        query.push("job_part", self.job_part.as_deref());
        query.push("event_type", self.event_type.as_deref());
        query.push("result", self.result.as_deref());
        query.push("status", self.status.as_deref());
        query.push("since", self.since.as_deref());
        query.push("until", self.until.as_deref());
    }
}

/// Which page of a list is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct Paging {
    /// How many, from 1 to 250
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// Where an earlier list went on
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

impl Paging {
    /// Adds the page to a query.
    pub(super) fn push_to(&self, query: &mut FilterQuery) {
        query.push("limit", Some(&self.limit.to_string()));
        query.push("cursor", self.cursor.as_deref());
    }
}

/// A query in the making.
#[derive(Default)]
pub(super) struct FilterQuery(String);

impl FilterQuery {
    /// Adds `name` if there is a value.
    pub(super) fn push(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let separator = if self.0.is_empty() { '?' } else { '&' };
            self.0
                .push_str(&format!("{separator}{name}={}", encoded(value)));
        }
    }

    /// `path` with the query.
    pub(super) fn on(&self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_what_was_named() {
        let mut query = FilterQuery::default();
        assert_eq!(query.on("/deliveries"), "/deliveries");
        let filter = Filter {
            event_type: Some("a&b".to_owned()),
            ..Filter::default()
        };
        filter.push_to(&mut query);
        query.push("limit", Some("5"));
        assert_eq!(query.on("/d"), "/d?event_type=a%26b&limit=5");
        assert!(!filter.is_empty());
    }
}
