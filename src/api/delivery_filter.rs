//! Which deliveries a caller means: in the query of lists, and in the body of bulk work.
//!
//! Owns: the wire shape of both. Refuses: what the parts mean (`service::filter`).

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::words::{DeliveryStatuses, JobPartWord, OF_CONSUMER};
use crate::domain::delivery::{JobPart, Status};
use crate::service::filter::FilterInput;
use crate::web::extract::Query;
use crate::web::openapi::Operation;
use crate::web::openapi::parts::{one_of, text, time};

/// What lists of deliveries can be filtered by.
pub(super) fn filtered(operation: Operation) -> Operation {
    operation
        .query("consumer", text(), OF_CONSUMER)
        .query("webhook_id", text(), "Only those to this webhook.")
        .query("event_id", text(), "Only those of this event.")
        .query("job_id", text(), "Only those that this job put in line, discarded or restored, and no job since.")
        .query("job_part", one_of(&JobPart::ALL.map(JobPart::as_str)), "Only this part of what the job put in line; needs `job_id`.")
        .query("event_type", text(), "Only those of events of this type, or below a prefix: `agent.*`.")
        .query("result", text(), "Only those whose last attempt came to this: a status code, a class such as `5xx`, or an error kind.")
        .query("status", statuses(), "Only those in one of these states.")
        .query("since", time(), "Only those made at or after this time.")
        .query("until", time(), "Only those made before this time.")
}

/// Several statuses, with commas between them.
fn statuses() -> Value {
    json!({"type": "array", "items": one_of(&Status::ALL.map(Status::as_str))})
}

/// What a list's query says.
pub(super) fn filter_of(query: &mut Query) -> FilterInput {
    FilterInput {
        consumer: query.text("consumer"),
        webhook_id: query.text("webhook_id"),
        event_id: query.text("event_id"),
        job_id: query.text("job_id"),
        job_part: query.text("job_part"),
        event_type: query.text("event_type"),
        result: query.text("result"),
        statuses: words(&query.text("status").unwrap_or_default()),
        since: query.text("since"),
        until: query.text("until"),
        ended_since: None,
        tests: None,
    }
}

/// Several statuses may be given with commas between them.
fn words(text: &str) -> Vec<String> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.map(|word| word.trim().to_owned()).collect()
}

/// Which deliveries; absent parts filter nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterRequest {
    /// Only to webhooks of this consumer, by id or uid.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Only to this webhook.
    #[serde(default)]
    pub webhook_id: Option<String>,
    /// Only of this event.
    #[serde(default)]
    pub event_id: Option<String>,
    /// Only those that this job put in line, discarded or restored, and no job since.
    #[serde(default)]
    pub job_id: Option<String>,
    /// Only of this part of what the job put in line.
    #[serde(default)]
    #[schema(value_type = Option<JobPartWord>)]
    pub job_part: Option<String>,
    /// Only of event types that fit this pattern.
    #[serde(default)]
    pub event_type: Option<String>,
    /// Only with this result of the last attempt: a status code, a class such as `5xx`, an error kind.
    #[serde(default)]
    pub result: Option<String>,
    /// Only in one of these states.
    #[serde(default)]
    #[schema(value_type = Option<DeliveryStatuses>)]
    pub status: Option<StatusWords>,
    /// Only made at or after this instant.
    #[serde(default)]
    pub since: Option<String>,
    /// Only made before this instant.
    #[serde(default)]
    pub until: Option<String>,
}

/// One status, several with commas between them, or a list.
#[derive(Debug, Default)]
pub struct StatusWords(Vec<String>);

impl<'de> Deserialize<'de> for StatusWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = StatusWords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(StatusWords(words(text)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(StatusWords)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl From<FilterRequest> for FilterInput {
    fn from(request: FilterRequest) -> Self {
        Self {
            consumer: request.consumer,
            webhook_id: request.webhook_id,
            event_id: request.event_id,
            job_id: request.job_id,
            job_part: request.job_part,
            event_type: request.event_type,
            result: request.result,
            statuses: request.status.unwrap_or_default().0,
            since: request.since,
            until: request.until,
            ended_since: None,
            tests: None,
        }
    }
}
