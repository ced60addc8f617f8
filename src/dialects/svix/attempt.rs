//! Attempts, by message and by endpoint, and where messages stand.
//!
//! Owns: their shapes. Refuses: rules; what an attempt came to is said by the engine.
//!
//! # Why a page may end early
//! Deliveries are listed, and each brings its attempts along: a page takes deliveries until it has as
//! many attempts as it may, and the next begins behind the last of these deliveries.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use serde::Serialize;

use super::application::named as application;
use super::endpoint::{SvixEndpointOut, endpoint as endpoint_out, named as endpoint};
use super::ids::{ATTEMPT, ENDPOINT, theirs};
use super::listing::{SvixPage, paging, period, switch, texts};
use super::message::named as message;
use super::message_shape::{Content, SvixMessageOut, message as message_out};
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::{Delivery, DeliveryFilter, Status};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::service::{Caller, Refusal};
use crate::web::extract::Query;
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

/// An attempt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixAttemptOut {
    id: String,
    msg_id: String,
    endpoint_id: String,
    url: String,
    response: String,
    response_status_code: u16,
    response_duration_ms: u32,
    status: u8,
    status_text: &'static str,
    trigger_type: u8,
    timestamp: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<SvixMessageOut>,
}

/// A message, and where it stands at an endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEndpointMessageOut {
    #[serde(flatten)]
    message: SvixMessageOut,
    status: u8,
    status_text: &'static str,
    next_attempt: Option<Time>,
}

/// An endpoint, and where a message stands at it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixMessageEndpointOut {
    #[serde(flatten)]
    endpoint: SvixEndpointOut,
    status: u8,
    status_text: &'static str,
    next_attempt: Option<Time>,
}

/// Which attempts are wanted.
struct WantedAttempts {
    status: Option<u8>,
    class: Option<u16>,
    types: Vec<String>,
    channel: Option<String>,
    tag: Option<String>,
    content: Content,
    with_message: bool,
}

impl WantedAttempts {
    fn of(query: &mut Query) -> Self {
        let number = |text: &str| text.parse().map_err(|_| "must be a number");
        let class = |text: &str| text.parse().map_err(|_| "must be a number");
        Self {
            status: query.parsed("status", number),
            class: query.parsed("status_code_class", class),
            types: texts(query, "event_types"),
            channel: query.text("channel"),
            tag: query.text("tag"),
            content: Content::asked(query),
            with_message: switch(query, "with_msg", "false"),
        }
    }

    fn takes(&self, attempt: &Attempt) -> bool {
        let status = self
            .status
            .is_none_or(|status| attempt_status(attempt).0 == status);
        let code = attempt.status_code.unwrap_or_default();
        status && self.class.is_none_or(|class| code / 100 == class / 100)
    }

    fn takes_message(&self, event_type: &str, message: Option<&SvixMessageOut>) -> bool {
        let has = |texts: Option<&Vec<String>>, wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|one| texts.is_some_and(|all| all.contains(one)))
        };
        let is_type = self.types.is_empty() || self.types.iter().any(|one| one == event_type);
        is_type
            && has(message.and_then(|own| own.channels.as_ref()), &self.channel)
            && has(message.and_then(|own| own.tags.as_ref()), &self.tag)
    }

    fn asks_for_messages(&self) -> bool {
        self.with_message || self.channel.is_some() || self.tag.is_some()
    }
}

pub(super) async fn by_endpoint(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let filter = DeliveryFilter {
        webhook_seq: Some(known.id.seq()),
        ..within(&caller)
    };
    attempts(&state, &caller, &request, filter).await
}

pub(super) async fn by_message(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = message(&state, &caller, &request).await?;
    let mut filter = DeliveryFilter {
        event_seq: Some(found.stored.event.id.seq()),
        ..within(&caller)
    };
    let given = Query::of(&request).text("endpoint_id");
    if let Some(text) = given {
        let hooks = found.deliveries.iter().map(|own| own.webhook);
        let hook = hooks.into_iter().find(|id| theirs(ENDPOINT, id) == text);
        filter.webhook_seq = Some(hook.ok_or(Refusal::NotFound("endpoint"))?.seq());
    }
    attempts(&state, &caller, &request, filter).await
}

/// The messages of an endpoint, the latest first.
pub(super) async fn messages(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let filter = DeliveryFilter {
        webhook_seq: Some(known.id.seq()),
        ..within(&caller)
    };
    let mut query = Query::of(&request);
    let (wanted, filter, cursor, limit) = asked(&mut query, filter);
    query.finish_taken()?;
    let page = state.service.deliveries(filter, cursor, limit).await?;
    let (mut shown, mut told) = (Vec::new(), BTreeSet::new());
    for delivery in &page.items {
        let stored = state
            .service
            .event(&caller, &delivery.event_public_id)
            .await;
        let Ok(stored) = stored.map(|found| found.stored) else {
            continue;
        };
        let message = message_out(&stored, wanted.content);
        let (status, status_text) = standing(delivery);
        let is_wanted = wanted.takes_message(&delivery.event_type, Some(&message))
            && wanted.status.is_none_or(|one| one == status);
        if is_wanted && told.insert(delivery.event.seq()) {
            shown.push(SvixEndpointMessageOut {
                message,
                status,
                status_text,
                next_attempt: delivery.next_attempt_at().map(Time),
            });
        }
    }
    answer::ok(&SvixPage::new(shown, page.next))
}

/// The endpoints that were given a message.
pub(super) async fn destinations(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = message(&state, &caller, &request).await?;
    let owner = application(&state, &caller, &request).await?.id;
    let mut shown = Vec::new();
    for delivery in &found.deliveries {
        let webhook = state.service.webhook(&caller, delivery.webhook).await;
        let Some(webhook) = webhook.ok().filter(|own| own.consumer == Some(owner)) else {
            continue;
        };
        let (status, status_text) = standing(delivery);
        shown.push(SvixMessageEndpointOut {
            endpoint: endpoint_out(&webhook),
            status,
            status_text,
            next_attempt: delivery.next_attempt_at().map(Time),
        });
    }
    answer::ok(&SvixPage::new(shown, None))
}

fn within(caller: &Caller) -> DeliveryFilter {
    let purview = caller.purview();
    DeliveryFilter {
        workspace_seq: purview.workspace_seq,
        consumer_seq: purview.consumer_seq,
        ..DeliveryFilter::default()
    }
}

fn asked(
    query: &mut Query,
    filter: DeliveryFilter,
) -> (WantedAttempts, DeliveryFilter, Option<Cursor>, Limit) {
    let (cursor, limit) = paging(query, List::Deliveries);
    let wanted = WantedAttempts::of(query);
    let (since, until) = period(query);
    let filter = DeliveryFilter {
        since,
        until,
        ..filter
    };
    (wanted, filter, cursor, limit)
}

async fn attempts(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
    filter: DeliveryFilter,
) -> Answered {
    let mut query = Query::of(request);
    let (wanted, filter, cursor, limit) = asked(&mut query, filter);
    query.finish_taken()?;
    let Page { items, next } = state.service.deliveries(filter, cursor, limit).await?;
    let (mut shown, mut next) = (Vec::new(), next);
    for delivery in items {
        let found = attempts_of(state, caller, &delivery, &wanted).await?;
        shown.extend(found);
        if shown.len() >= limit.rows() {
            next = Some(Cursor::behind(List::Deliveries, delivery.id.seq()));
            break;
        }
    }
    answer::ok(&SvixPage::new(shown, next))
}

/// The attempts of a delivery that are wanted, the latest first.
async fn attempts_of(
    state: &State,
    caller: &Caller,
    delivery: &Delivery,
    wanted: &WantedAttempts,
) -> Result<Vec<SvixAttemptOut>, Problem> {
    let mut message = None;
    if wanted.asks_for_messages() {
        let found = state
            .service
            .event(caller, &delivery.event_public_id)
            .await?;
        message = Some(message_out(&found.stored, wanted.content));
    }
    if !wanted.takes_message(&delivery.event_type, message.as_ref()) {
        return Ok(Vec::new());
    }
    let message = message.filter(|_| wanted.with_message);
    let detail = state.service.delivery(caller, delivery.id).await?;
    let made = detail.attempts.iter().rev().filter(|own| wanted.takes(own));
    let shape = |own| attempt_out(delivery, own, wanted.content, message.clone());
    Ok(made.map(shape).collect())
}

/// An attempt as the clients read it.
pub(super) fn attempt_out(
    delivery: &Delivery,
    attempt: &Attempt,
    content: Content,
    msg: Option<SvixMessageOut>,
) -> SvixAttemptOut {
    let (status, status_text) = attempt_status(attempt);
    let body = attempt.response_body.as_deref().unwrap_or_default();
    SvixAttemptOut {
        id: theirs(ATTEMPT, attempt.id(delivery.id)),
        msg_id: delivery.event_public_id.clone(),
        endpoint_id: theirs(ENDPOINT, delivery.webhook),
        url: attempt.url.clone(),
        response: match content {
            Content::Whole => String::from_utf8_lossy(body).into_owned(),
            Content::Without => "{}".to_owned(),
        },
        response_status_code: attempt.status_code.unwrap_or_default(),
        response_duration_ms: attempt.duration_ms,
        status,
        status_text,
        trigger_type: match attempt.trigger {
            AttemptTrigger::Schedule => 0,
            AttemptTrigger::Manual | AttemptTrigger::Test => 1,
        },
        timestamp: attempt.started_at.into(),
        msg,
    }
}

fn attempt_status(attempt: &Attempt) -> (u8, &'static str) {
    match attempt.error_kind {
        None => (0, "success"),
        Some(_) => (2, "fail"),
    }
}

fn standing(delivery: &Delivery) -> (u8, &'static str) {
    match delivery.progress.status {
        Status::Delivered => (0, "success"),
        Status::Scheduled | Status::Pending | Status::Retrying => (1, "pending"),
        Status::Exhausted => (2, "fail"),
        Status::Canceled => (4, "canceled"),
    }
}
