//! Svix: applications, endpoints and messages, as the published clients speak.
//!
//! Owns: the table of what is answered, and the form of refusals. Refuses: rules; the kinds of things
//! are translated in the files beside this one: an application is a consumer, an endpoint one of its
//! webhooks, a message an event.
//!
//! # Why ids need no table
//! An id of ours says which row it is and when that was made; under another prefix it says the same. A
//! message's id is the event's own, made here: out of what the publisher calls it, or of the key that
//! makes its request come to the same however often it is sent.
//!
//! # Why unknown fields are let pass
//! Clients are generated from a document that grows; a newer one says more than we know. The native
//! API refuses what it does not know, because there a person may have mistyped.

mod application;
mod attempt;
mod endpoint;
mod endpoint_headers;
mod endpoint_secret;
mod event_type;
mod ids;
mod listing;
mod message;
mod message_shape;
mod refusal;
mod rest;
mod tasks;

use actix_web::web::to;

use super::dialect::{
    BEARER, DELIVERIES_READ, DELIVERIES_WRITE, Dialect, WEBHOOKS_READ, WEBHOOKS_WRITE,
};
use crate::domain::api_key::Scope;
use crate::web::endpoint::{Access, Endpoint};

const CONSUMERS_READ: Access = Access::Either(Scope::ConsumersRead, Scope::WebhooksRead);
const CONSUMERS_WRITE: Access = Access::Either(Scope::ConsumersWrite, Scope::WebhooksWrite);
const EVENTS_READ: Access = Access::Either(Scope::EventsRead, Scope::EventsWrite);
const EVENTS_WRITE: Access = Access::Scope(Scope::EventsWrite);
const SECRETS_READ: Access = Access::Scope(Scope::SecretsRead);

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/svix",
    credential: BEARER,
    fields: &[
        ("event_types", "eventTypes"),
        ("label", "description"),
        ("rate_limit", "throttleRate"),
        ("id", "eventId"),
        ("type", "eventType"),
        ("data", "payload"),
        ("group", "groupName"),
        ("schema", "schemas"),
        ("overlap", "gracePeriodSeconds"),
    ],
    status: refusal::status,
    refusal: refusal::body,
    endpoints: ENDPOINTS,
};

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/svix/api/v1/health", EVENTS_READ, || to(rest::health)),
    Endpoint::get("/svix/api/v1/app", CONSUMERS_READ, || to(application::list)),
    Endpoint::post("/svix/api/v1/app", CONSUMERS_WRITE, || {
        to(application::create)
    }),
    Endpoint::get("/svix/api/v1/app/{app_id}", CONSUMERS_READ, || {
        to(application::show)
    }),
    Endpoint::put("/svix/api/v1/app/{app_id}", CONSUMERS_WRITE, || {
        to(application::put)
    }),
    Endpoint::patch("/svix/api/v1/app/{app_id}", CONSUMERS_WRITE, || {
        to(application::patch)
    }),
    Endpoint::delete("/svix/api/v1/app/{app_id}", CONSUMERS_WRITE, || {
        to(application::delete)
    })
    .fresh(),
    Endpoint::get("/svix/api/v1/app/{app_id}/endpoint", WEBHOOKS_READ, || {
        to(endpoint::list)
    }),
    Endpoint::post("/svix/api/v1/app/{app_id}/endpoint", WEBHOOKS_WRITE, || {
        to(endpoint::create)
    })
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_READ,
        || to(endpoint::show),
    ),
    Endpoint::put(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::put),
    )
    .fresh(),
    Endpoint::patch(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::patch),
    ),
    Endpoint::delete(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::delete),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret",
        SECRETS_READ,
        || to(endpoint_secret::show),
    ),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate",
        WEBHOOKS_WRITE,
        || to(endpoint_secret::rotate),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_READ,
        || to(endpoint_headers::show),
    ),
    Endpoint::put(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_WRITE,
        || to(endpoint_headers::put),
    ),
    Endpoint::patch(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_WRITE,
        || to(endpoint_headers::patch),
    ),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats",
        WEBHOOKS_READ,
        || to(endpoint::stats),
    ),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover",
        DELIVERIES_WRITE,
        || to(tasks::recover),
    )
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing",
        DELIVERIES_WRITE,
        || to(tasks::replay_missing),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg",
        DELIVERIES_READ,
        || to(attempt::messages),
    ),
    Endpoint::get("/svix/api/v1/event-type", EVENTS_READ, || {
        to(event_type::list)
    }),
    Endpoint::post("/svix/api/v1/event-type", EVENTS_WRITE, || {
        to(event_type::create)
    }),
    Endpoint::get("/svix/api/v1/event-type/{name}", EVENTS_READ, || {
        to(event_type::show)
    }),
    Endpoint::put("/svix/api/v1/event-type/{name}", EVENTS_WRITE, || {
        to(event_type::put)
    }),
    Endpoint::patch("/svix/api/v1/event-type/{name}", EVENTS_WRITE, || {
        to(event_type::patch)
    }),
    Endpoint::delete("/svix/api/v1/event-type/{name}", EVENTS_WRITE, || {
        to(event_type::delete)
    }),
    Endpoint::get("/svix/api/v1/app/{app_id}/msg", EVENTS_READ, || {
        to(message::list)
    }),
    Endpoint::post("/svix/api/v1/app/{app_id}/msg", EVENTS_WRITE, || {
        to(message::create)
    }),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}",
        EVENTS_READ,
        || to(message::show),
    ),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/endpoint",
        DELIVERIES_READ,
        || to(attempt::destinations),
    ),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}",
        DELIVERIES_READ,
        || to(attempt::show),
    ),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend",
        DELIVERIES_WRITE,
        || to(tasks::resend),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}",
        DELIVERIES_READ,
        || to(attempt::by_endpoint),
    ),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/attempt/msg/{msg_id}",
        DELIVERIES_READ,
        || to(attempt::by_message),
    ),
    Endpoint::get(
        "/svix/api/v1/background-task/{task_id}",
        DELIVERIES_READ,
        || to(tasks::show),
    ),
];
