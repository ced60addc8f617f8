//! Svix: applications, endpoints and messages, as the published clients speak.
//!
//! Owns: what makes it a dialect. Refuses: rules; the kinds of things
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
mod attempt_detail;
mod authentication;
mod endpoint;
mod endpoint_headers;
mod endpoint_secret;
mod endpoint_stats;
mod event_type;
mod event_type_import;
mod listing;
mod message;
mod message_shape;
mod operational;
mod poller;
mod refusal;
mod rest;
mod routes;
mod tasks;
mod undone;

use super::dialect::{BEARER, Dialect, OddPaths, TrailingSlash};

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
        ("feature_flags", "featureFlags"),
        ("schema", "schemas"),
        ("overlap", "gracePeriodSeconds"),
        ("uid", "uid"),
        ("deliver_at", "deliverAt"),
        ("content_type", "transformationsParams"),
        ("can", "capabilities"),
        ("expires_in", "expiry"),
    ],
    status: refusal::status,
    refusal: refusal::body,
    odd_paths: OddPaths {
        slash: TrailingSlash::Same,
        astray: undone::astray,
    },
    endpoints: routes::ENDPOINTS,
};
