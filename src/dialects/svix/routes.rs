//! What is answered below `/svix`, and to whom.
//!
//! Owns: the table. Refuses: answering; each kind of thing has its file.
//!
//! # What a key of one application may do
//! Everything that its portal does: read what is its application's, look after endpoints, send again. It
//! publishes nothing, makes and ends no application, erases nothing, and leaves the catalogue alone.

use actix_web::web::to;

use super::{
    application, attempt, attempt_detail, authentication, endpoint, endpoint_headers,
    endpoint_secret, endpoint_stats, event_type, event_type_import, message, operational, poller,
    rest, tasks,
};
use crate::dialects::dialect::{DELIVERIES_READ, DELIVERIES_WRITE, WEBHOOKS_READ, WEBHOOKS_WRITE};
use crate::domain::api_key::Scope;
use crate::domain::portal::Capability;
use crate::web::endpoint::{Access, Endpoint};

const CONSUMERS_READ: Access = Access::Either(Scope::ConsumersRead, Scope::WebhooksRead);
const CONSUMERS_WRITE: Access = Access::Either(Scope::ConsumersWrite, Scope::WebhooksWrite);
const EVENTS_READ: Access = Access::Either(Scope::EventsRead, Scope::EventsWrite);
const EVENTS_WRITE: Access = Access::Scope(Scope::EventsWrite);
const SECRETS_READ: Access = Access::Scope(Scope::SecretsRead);

/// What is answered.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/svix/api/v1/health", Access::Public, || to(rest::health)),
    Endpoint::get("/svix/api/v1/health/ping", Access::Public, || {
        to(rest::health)
    }),
    Endpoint::get("/svix/api/v1/auth/whoami", WEBHOOKS_READ, || {
        to(rest::whoami)
    })
    .for_consumers(),
    Endpoint::post(
        "/svix/api/v1/auth/app-portal-access/{app_id}",
        CONSUMERS_WRITE,
        || to(authentication::give_access),
    )
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/auth/dashboard-access/{app_id}",
        CONSUMERS_WRITE,
        || to(authentication::give_access),
    )
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/auth/app/{app_id}/expire-all",
        CONSUMERS_WRITE,
        || to(authentication::expire_all),
    ),
    // It ends the token that it is shown, and looks at nothing else.
    Endpoint::post("/svix/api/v1/auth/logout", Access::Public, || {
        to(authentication::logout)
    }),
    Endpoint::get("/svix/api/v1/app", CONSUMERS_READ, || to(application::list)),
    Endpoint::post("/svix/api/v1/app", CONSUMERS_WRITE, || {
        to(application::create)
    }),
    Endpoint::get("/svix/api/v1/app/{app_id}", CONSUMERS_READ, || {
        to(application::show)
    })
    .for_consumers(),
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
    })
    .for_consumers(),
    Endpoint::post("/svix/api/v1/app/{app_id}/endpoint", WEBHOOKS_WRITE, || {
        to(endpoint::create)
    })
    .for_consumers()
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_READ,
        || to(endpoint::show),
    )
    .for_consumers(),
    Endpoint::put(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::put),
    )
    .for_consumers()
    .fresh(),
    Endpoint::patch(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::patch),
    )
    .for_consumers(),
    Endpoint::delete(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::delete),
    )
    .for_consumers()
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret",
        SECRETS_READ,
        || to(endpoint_secret::show),
    )
    .for_consumers(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate",
        WEBHOOKS_WRITE,
        || to(endpoint_secret::rotate),
    )
    .for_consumers()
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_READ,
        || to(endpoint_headers::show),
    )
    .for_consumers(),
    Endpoint::put(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_WRITE,
        || to(endpoint_headers::put),
    )
    .for_consumers(),
    Endpoint::patch(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers",
        WEBHOOKS_WRITE,
        || to(endpoint_headers::patch),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats",
        WEBHOOKS_READ,
        || to(endpoint_stats::stats),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/attempt-stats",
        WEBHOOKS_READ,
        || to(endpoint_stats::attempt_stats),
    )
    .for_consumers(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover",
        DELIVERIES_WRITE,
        || to(tasks::recover),
    )
    .for_consumers()
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing",
        DELIVERIES_WRITE,
        || to(tasks::replay_missing),
    )
    .for_consumers()
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay",
        DELIVERIES_WRITE,
        || to(tasks::bulk_replay),
    )
    .for_consumers()
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example",
        WEBHOOKS_WRITE,
        || to(message::send_example),
    )
    .for_consumers()
    .needs(Capability::Test)
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg",
        DELIVERIES_READ,
        || to(attempt::messages),
    )
    .for_consumers(),
    Endpoint::get("/svix/api/v1/event-type", EVENTS_READ, || {
        to(event_type::list)
    })
    .for_consumers(),
    Endpoint::post("/svix/api/v1/event-type", EVENTS_WRITE, || {
        to(event_type::create)
    }),
    Endpoint::post(
        "/svix/api/v1/event-type/import/openapi",
        EVENTS_WRITE,
        || to(event_type_import::import),
    ),
    Endpoint::get("/svix/api/v1/event-type/{name}", EVENTS_READ, || {
        to(event_type::show)
    })
    .for_consumers(),
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
    })
    .for_consumers(),
    Endpoint::post("/svix/api/v1/app/{app_id}/msg", EVENTS_WRITE, || {
        to(message::create)
    }),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}",
        EVENTS_READ,
        || to(message::show),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/raw",
        EVENTS_READ,
        || to(message::raw),
    )
    .for_consumers(),
    Endpoint::delete(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/content",
        EVENTS_WRITE,
        || to(message::expunge),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/endpoint",
        DELIVERIES_READ,
        || to(attempt::destinations),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}",
        DELIVERIES_READ,
        || to(attempt_detail::show),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/headers",
        DELIVERIES_READ,
        || to(attempt_detail::headers),
    )
    .for_consumers(),
    Endpoint::delete(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content",
        EVENTS_WRITE,
        || to(attempt_detail::expunge),
    )
    .fresh(),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend",
        DELIVERIES_WRITE,
        || to(tasks::resend),
    )
    .for_consumers()
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}",
        DELIVERIES_READ,
        || to(attempt::by_endpoint),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/attempt/msg/{msg_id}",
        DELIVERIES_READ,
        || to(attempt::by_message),
    )
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/poller/{sink_id}",
        EVENTS_READ,
        || to(poller::poll),
    )
    .for_consumers(),
    // These move the consumer's place.
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/poller/{sink_id}/consumer/{consumer_id}",
        DELIVERIES_WRITE,
        || to(poller::consumer_poll),
    )
    .for_consumers()
    .needs(Capability::Manage),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/poller/{sink_id}/consumer/{consumer_id}/seek",
        DELIVERIES_WRITE,
        || to(poller::consumer_seek),
    )
    .for_consumers()
    .needs(Capability::Manage),
    Endpoint::get(
        "/svix/api/v1/app/{app_id}/polling-endpoint/{sink_id}/consumer/{consumer_id}",
        DELIVERIES_WRITE,
        || to(poller::offset_poll),
    )
    .for_consumers()
    .needs(Capability::Manage),
    Endpoint::post(
        "/svix/api/v1/app/{app_id}/polling-endpoint/{sink_id}/consumer/{consumer_id}/commit",
        DELIVERIES_WRITE,
        || to(poller::commit),
    )
    .for_consumers()
    .needs(Capability::Manage),
    Endpoint::get(
        "/svix/api/v1/operational-webhook/endpoint",
        WEBHOOKS_READ,
        || to(operational::list),
    ),
    Endpoint::post(
        "/svix/api/v1/operational-webhook/endpoint",
        WEBHOOKS_WRITE,
        || to(endpoint::create),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}",
        WEBHOOKS_READ,
        || to(endpoint::show),
    ),
    Endpoint::put(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::put),
    )
    .fresh(),
    Endpoint::delete(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}",
        WEBHOOKS_WRITE,
        || to(endpoint::delete),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}/secret",
        SECRETS_READ,
        || to(endpoint_secret::show),
    ),
    Endpoint::post(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate",
        WEBHOOKS_WRITE,
        || to(endpoint_secret::rotate),
    )
    .fresh(),
    Endpoint::get(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}/headers",
        WEBHOOKS_READ,
        || to(endpoint_headers::show),
    ),
    Endpoint::put(
        "/svix/api/v1/operational-webhook/endpoint/{endpoint_id}/headers",
        WEBHOOKS_WRITE,
        || to(endpoint_headers::put),
    ),
    Endpoint::get("/svix/api/v1/background-task", DELIVERIES_READ, || {
        to(tasks::list)
    })
    .for_consumers(),
    Endpoint::get(
        "/svix/api/v1/background-task/{task_id}",
        DELIVERIES_READ,
        || to(tasks::show),
    )
    .for_consumers(),
];
