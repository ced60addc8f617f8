//! Publishing: what a publisher says, checked and accepted.
//!
//! Owns: every check that needs no transaction. Refuses: storing (`accept`), splitting a batch into
//! transactions (`batch`).

use std::sync::Arc;
use std::time::Duration;

use super::accept::{CheckedEvent, accept};
use super::one_off::OneOff;
use super::traced::TracedPublish;
use super::{Known, PublishInput, Published};
use crate::domain::event::{EventKind, GivenId, NewEvent};
use crate::domain::event_context::{
    EVENT_CHANNELS_MAX, EventContext, parse_channels, parse_content_type, parse_tags,
};
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::keep_data::parse_kept;
use crate::domain::own_name::own_name;
use crate::domain::plural::counted;
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::service::catalogue;
use crate::service::consumers::check_named;
use crate::service::idempotency::idempotent;
use crate::service::{Caller, Done, FieldError, Idempotency, Refusal, Service};
use crate::store::WriteTx;
use crate::telemetry::metrics;

impl Service {
    /// Accepts an event: stores it with its deliveries, in one flushed transaction.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the fields at fault, [`Refusal::Conflict`] where the id was used
    /// for another event, [`Refusal::TooLarge`] names the limit.
    pub async fn publish(
        &self,
        caller: &Caller,
        input: PublishInput,
        key: Idempotency<Published>,
    ) -> Result<Done<Published>, Refusal> {
        caller.check_platform()?;
        let traced = TracedPublish::begin(self.clock(), caller.workspace, input.trace.as_ref());
        let checked = self.check(caller, input).await?;
        let caller = caller.clone();
        let workspace_seq = caller.workspace.seq();
        let accept = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| accept(tx, &caller, &checked))
        };
        let done = self.store().write_repeatable(workspace_seq, accept).await;
        if let Ok(Done::Fresh(published)) = &done {
            metrics::events_accepted(usize::from(published.known == Known::New));
            if let Some(traced) = traced {
                traced.end([published]);
            }
        }
        done
    }

    /// Accepts up to the operator's limit of events, each on its own: one result per event, in order.
    /// What the caller could not read is refused in its place.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] for too many; a [`Refusal`] where the transaction failed as a whole.
    pub async fn publish_batch(
        &self,
        caller: &Caller,
        inputs: Vec<Result<PublishInput, Refusal>>,
        key: Idempotency<Vec<Result<Published, Refusal>>>,
    ) -> Result<Done<Vec<Result<Published, Refusal>>>, Refusal> {
        caller.check_platform()?;
        let most = self.options().batch_events_max;
        if inputs.len() > most {
            return Err(Refusal::TooLarge(format!(
                "a batch holds at most {}; this one has {}",
                counted(most, "event", "events"),
                inputs.len()
            )));
        }
        // All of a batch come with one call.
        let trace = inputs
            .iter()
            .flatten()
            .find_map(|input| input.trace.as_ref());
        let traced = TracedPublish::begin(self.clock(), caller.workspace, trace);
        let mut checked = Vec::with_capacity(inputs.len());
        for input in inputs {
            checked.push(match input {
                Ok(input) => self.check(caller, input).await,
                Err(refusal) => Err(refusal),
            });
        }
        let done = self.accept_batch(caller, checked, key).await;
        if let Ok(Done::Fresh(results)) = &done {
            let accepted = results.iter().flatten();
            let is_new = |published: &&Published| published.known == Known::New;
            metrics::events_accepted(accepted.clone().filter(is_new).count());
            if let Some(traced) = traced {
                traced.end(accepted);
            }
        }
        done
    }

    async fn check(&self, caller: &Caller, input: PublishInput) -> Result<CheckedEvent, Refusal> {
        let limit = self.options().event_data_bytes_max;
        if input.data.len() > limit {
            return Err(too_large(limit, input.data.len()));
        }
        let mut errors = Vec::new();
        let mut fault = |field: &str, message: String| {
            errors.push(FieldError {
                field: field.to_owned(),
                message,
            });
        };
        let name = EventTypeName::parse(&input.event_type)
            .map_err(|message| fault("type", message))
            .ok();
        let given_id = input.id.as_deref().map(GivenId::parse).transpose();
        let given_id = given_id
            .map_err(|message| fault("id", message))
            .ok()
            .flatten();
        let (occurred_at, schedule) = times(&input, self.clock().now(), &mut fault);
        let consumer = input.consumer.as_ref().map(check_named).transpose();
        let consumer = unless_at_fault(consumer, &mut errors);
        let context = unless_at_fault(context(&input).map(Some), &mut errors).unwrap_or_default();
        let one_off = unless_at_fault(self.check_one_off(&input), &mut errors);
        let version = unless_at_fault(version(&input), &mut errors);
        let keep = unless_at_fault(keep(&input), &mut errors);
        let Some(name) = name.filter(|_| errors.is_empty()) else {
            return Err(Refusal::Invalid(errors));
        };
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let checked = catalogue.check_type(&name, version.as_ref());
        let checked = checked.map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let of_version = checked.version.as_ref();
        let data = match checked.data {
            catalogue::CheckedData::Whole => input.data,
            catalogue::CheckedData::ButForItsData => {
                let workspace_seq = caller.workspace.seq();
                self.check_data(workspace_seq, &name, of_version, input.data)
                    .await?
            }
        };
        let context = EventContext {
            version: checked.version,
            ..context
        };
        let new = NewEvent {
            given_id,
            consumer: None,
            kind: EventKind::Published,
            event_type: name.as_str().into(),
            occurred_at,
            data: data.into(),
            context: context.shared(),
            schedule,
            keep,
        };
        let (new, judged) = self.judge(caller.workspace.seq(), &name, new).await?;
        Ok(CheckedEvent {
            name,
            new,
            consumer,
            one_off,
            named_version: version,
            judged,
        })
    }

    /// The receiver that the call names, if it names one.
    fn check_one_off(&self, input: &PublishInput) -> Result<Option<OneOff>, Vec<FieldError>> {
        let Some(url) = &input.webhook_url else {
            let given = [
                ("webhook_secret", input.webhook_secret.is_some()),
                ("profile", input.profile.is_some()),
            ];
            let alone = given.iter().filter(|(_, given)| *given);
            let faults: Vec<FieldError> = alone
                .map(|(field, _)| FieldError {
                    field: (*field).to_owned(),
                    message: "is for the webhook_url of this call; give both or neither".to_owned(),
                })
                .collect();
            return if faults.is_empty() {
                Ok(None)
            } else {
                Err(faults)
            };
        };
        match self.guard().check_url(url) {
            Ok(target) => Ok(Some(OneOff {
                url: target.to_string(),
                secret: input.webhook_secret.clone(),
                profile: input.profile.clone(),
            })),
            Err(refusal) => Err(vec![FieldError {
                field: "webhook_url".to_owned(),
                message: refusal.to_string(),
            }]),
        }
    }
}

/// When the event happened, and when it is to be delivered.
fn times(
    input: &PublishInput,
    now: Timestamp,
    mut fault: impl FnMut(&str, String),
) -> (Option<Timestamp>, Option<Schedule>) {
    let occurred_at = match input.occurred_at.as_deref().map(Timestamp::parse) {
        Some(Err(message)) => {
            fault("occurred_at", message);
            None
        }
        Some(Ok(at)) => Some(at),
        None => None,
    };
    let schedule = Schedule::parse(input.deliver_at.as_deref(), input.delay.as_deref(), now);
    let schedule = schedule.unwrap_or_else(|wrong| {
        fault(wrong.field, wrong.message);
        None
    });
    (occurred_at, schedule)
}

/// The version of its type that the event is said to be of.
fn version(input: &PublishInput) -> Result<Option<VersionName>, Vec<FieldError>> {
    let read = input.version.as_deref().map(VersionName::parse);
    read.transpose().map_err(|message| {
        vec![FieldError {
            field: "version".to_owned(),
            message,
        }]
    })
}

/// How long its data is to be kept.
fn keep(input: &PublishInput) -> Result<Option<Duration>, Vec<FieldError>> {
    let read = input.keep_data.as_deref().map(parse_kept).transpose();
    read.map_err(|message| {
        vec![FieldError {
            field: "keep_data".to_owned(),
            message,
        }]
    })
}

/// What the event carries beside its data.
fn context(input: &PublishInput) -> Result<EventContext, Vec<FieldError>> {
    let fault = |field: &str, message| {
        vec![FieldError {
            field: field.to_owned(),
            message,
        }]
    };
    let channels = parse_channels(&input.channels, EVENT_CHANNELS_MAX);
    let uid = input.uid.as_deref().map(|uid| own_name(uid, None));
    Ok(EventContext {
        uid: uid.transpose().map_err(|message| fault("uid", message))?,
        trace: input.trace.clone(),
        channels: channels.map_err(|message| fault("channels", message))?,
        tags: parse_tags(&input.tags).map_err(|message| fault("tags", message))?,
        version: None,
        content_type: content_type(input).map_err(|(field, message)| fault(field, message))?,
    })
}

/// What the event's data is said to be, where that is a text.
fn content_type(input: &PublishInput) -> Result<Option<Arc<str>>, (&'static str, String)> {
    let Some(said) = &input.content_type else {
        return Ok(None);
    };
    if !input.data.trim_start().starts_with('"') {
        let message = "must be a text, because content_type says what sort of text it is";
        return Err(("data", message.to_owned()));
    }
    let read = parse_content_type(said).map_err(|message| ("content_type", message))?;
    Ok(Some(read))
}

fn unless_at_fault<T>(
    checked: Result<Option<T>, Vec<FieldError>>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    checked.unwrap_or_else(|faults| {
        errors.extend(faults);
        None
    })
}

fn too_large(limit: usize, given: usize) -> Refusal {
    let most = counted(limit, "byte", "bytes");
    Refusal::TooLarge(format!(
        "event data may have at most {most}; this has {given}"
    ))
}
