//! Attempts, by message and by endpoint, and where messages stand.
//!
//! Owns: their shapes. Refuses: rules; what an attempt came to is said by the engine.

use actix_web::HttpRequest;
use serde::Serialize;

use super::application::name as application_name;
use super::endpoint::{SvixEndpointOut, endpoint as endpoint_out, endpoint_ref, named as endpoint};
use super::listing::{SvixPage, SvixPaging, period, switch, texts};
use super::message::{named as message, owner_of};
use super::message_shape::{Content, SvixMessageOut, message as message_out};
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::{
    AttemptFilter, AttemptOutcome, CarriedFilter, Delivery, DeliveryFilter, Status,
};
use crate::domain::event::StoredEvent;
use crate::domain::id::ConsumerId;
use crate::domain::page::List;
use crate::domain::svix_id::{ATTEMPT, ENDPOINT, message_id, theirs};
use crate::domain::webhook::Webhook;
use crate::service::Caller;
use crate::service::views::{CarriedAttempt, CarriedEvents};
use crate::web::extract::Query;
use crate::web::wire::Time;
use crate::web::{Answered, State, answer};

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

/// What a query asks for, besides where to begin.
struct AttemptQuery {
    deliveries: DeliveryFilter,
    status: Option<u8>,
    class: Option<u16>,
    content: Content,
    canceled: (u8, &'static str),
}

impl AttemptQuery {
    /// Reads it; `deliveries` is what the path asks for.
    fn of(query: &mut Query, deliveries: DeliveryFilter) -> Self {
        let status = |text: &str| match text.parse() {
            Ok(status @ 0..=4) => Ok(status),
            Ok(_) | Err(_) => Err("must be a number from 0 to 4"),
        };
        let class = |text: &str| match text.parse() {
            Ok(class @ (0 | 100 | 200 | 300 | 400 | 500)) => Ok(class),
            Ok(_) | Err(_) => Err("must be 0, 100, 200, 300, 400 or 500"),
        };
        let (since, until) = period(query);
        Self {
            deliveries: DeliveryFilter {
                since,
                until,
                carried: CarriedFilter {
                    types: texts(query, "event_types"),
                    channel: query.text("channel"),
                    tag: query.text("tag"),
                }
                .boxed(),
                ..deliveries
            },
            status: query.parsed("status", status),
            class: query.parsed("status_code_class", class),
            content: Content::asked(query),
            // Older clients know no such status.
            canceled: match switch(query, "expanded_statuses", "true") {
                true => CANCELED,
                false => SUCCESS,
            },
        }
    }

    /// Which attempts; `None` where none can have such a status.
    fn attempts(&self) -> Option<AttemptFilter> {
        let outcome = match self.status {
            None => None,
            Some(0) => Some(AttemptOutcome::Delivered),
            Some(2) => Some(AttemptOutcome::Failed),
            Some(_) => return None,
        };
        Some(AttemptFilter {
            deliveries: self.deliveries.clone(),
            outcome,
            status_class: self.class,
        })
    }

    /// Which deliveries stand as they are asked for.
    fn standing(self) -> DeliveryFilter {
        DeliveryFilter {
            statuses: match self.status {
                None => Vec::new(),
                Some(0) => vec![Status::Delivered],
                Some(1 | 3) => vec![Status::Pending, Status::Retrying],
                Some(2) => vec![Status::Exhausted],
                Some(_) => vec![Status::Canceled],
            },
            ..self.deliveries
        }
    }
}

const SUCCESS: (u8, &str) = (0, "success");
const PENDING: (u8, &str) = (1, "pending");
const FAIL: (u8, &str) = (2, "fail");
const CANCELED: (u8, &str) = (4, "canceled");

pub(super) async fn by_endpoint(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let deliveries = DeliveryFilter {
        webhook_seq: Some(known.id.seq()),
        ..within(&caller, known.consumer)
    };
    let mut query = Query::of(&request);
    let carried = match switch(&mut query, "with_msg", "false") {
        true => CarriedEvents::Read,
        false => CarriedEvents::Left,
    };
    attempts(&state, query, deliveries, carried).await
}

pub(super) async fn by_message(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = message(&state, &caller, &request).await?;
    let mut deliveries = DeliveryFilter {
        event_seq: Some(found.event.id.seq()),
        ..within(&caller, found.event.consumer)
    };
    let mut query = Query::of(&request);
    if let Some(text) = query.text("endpoint_id") {
        let owner = application_name(&request);
        let wanted = endpoint_ref(&text);
        let known = state.service.webhook_of(&caller, &owner, wanted).await?;
        deliveries.webhook_seq = Some(known.id.seq());
    }
    attempts(&state, query, deliveries, CarriedEvents::Left).await
}

/// The messages of an endpoint, the latest first.
pub(super) async fn messages(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let mut query = Query::of(&request);
    let paging = SvixPaging::of(&mut query, List::Deliveries);
    let asked = AttemptQuery::of(&mut query, within(&caller, known.consumer));
    query.finish_taken()?;
    let (content, canceled) = (asked.content, asked.canceled);
    let views = state.service.views();
    let (cursor, limit) = (paging.cursor(), paging.limit);
    let page = views.events_at(known.id.seq(), asked.standing(), cursor, limit);
    let row = |(own, _): &(Delivery, StoredEvent)| own.id.seq();
    answer::ok(&paging.page(page.await?, row, |(delivery, stored)| {
        let (status, status_text) = standing(&delivery, canceled);
        Some(SvixEndpointMessageOut {
            message: message_out(&stored, content),
            status,
            status_text,
            next_attempt: delivery.next_attempt_at().map(Time),
        })
    }))
}

/// The endpoints that were given a message.
pub(super) async fn destinations(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::of(&mut query, List::Webhooks);
    query.finish_taken()?;
    let found = message(&state, &caller, &request).await?;
    let owner = owner_of(&found)?;
    let views = state.service.views();
    let given = views
        .webhooks_given(&caller.within(owner), found.event.id)
        .await?;
    let row = |(_, own): &(Delivery, Webhook)| own.id.seq();
    let page = paging.cut(given, row);
    answer::ok(&paging.page(page, row, |(delivery, webhook)| {
        let (status, status_text) = standing(&delivery, CANCELED);
        Some(SvixMessageEndpointOut {
            endpoint: endpoint_out(&webhook),
            status,
            status_text,
            next_attempt: delivery.next_attempt_at().map(Time),
        })
    }))
}

/// What went to webhooks of an application, and not to the platform's own.
fn within(caller: &Caller, owner: Option<ConsumerId>) -> DeliveryFilter {
    DeliveryFilter {
        workspace_seq: caller.workspace.seq(),
        consumer_seq: owner.map(|own| own.seq()),
        ..DeliveryFilter::default()
    }
}

async fn attempts(
    state: &State,
    mut query: Query,
    deliveries: DeliveryFilter,
    carried: CarriedEvents,
) -> Answered {
    let paging = SvixPaging::of(&mut query, List::Attempts);
    let asked = AttemptQuery::of(&mut query, deliveries);
    query.finish_taken()?;
    let Some(filter) = asked.attempts() else {
        return answer::ok(&SvixPage::<SvixAttemptOut>::empty());
    };
    let views = state.service.views();
    let (cursor, limit) = (paging.cursor(), paging.limit);
    let page = views.attempts(filter, carried, cursor, limit).await?;
    let row = |own: &CarriedAttempt| own.attempt.id(own.delivery.id).seq();
    answer::ok(&paging.page(page, row, |own| {
        let msg = own.event.map(|event| message_out(&event, asked.content));
        Some(attempt_out(&own.delivery, &own.attempt, asked.content, msg))
    }))
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
        msg_id: message_id(delivery.event, &delivery.event_public_id),
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
        None => SUCCESS,
        Some(_) => FAIL,
    }
}

/// How a delivery stands; `canceled` is how clients read what was canceled.
fn standing(delivery: &Delivery, canceled: (u8, &'static str)) -> (u8, &'static str) {
    match delivery.progress.status {
        Status::Delivered => SUCCESS,
        Status::Scheduled | Status::Pending | Status::Retrying => PENDING,
        Status::Exhausted => FAIL,
        Status::Canceled => canceled,
    }
}
