//! The route table: every path, who may use it, and what answers, on one screen.
//!
//! Owns: the table, and building the framework's services from it. Refuses: handlers of its own.
//! The gate authorises from the same lines, and tests read them, so that no route can exist
//! without its access being written beside it.

use actix_web::dev::{ServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::to;
use actix_web::{App, Error, HttpRequest, Resource, guard, web};

use super::auth::gate;
use super::{Problem, answer, openapi};
use crate::api::{
    api_keys, audit_log, bulk, dead_letters, deliveries, event_types, events, jobs, profiles,
    retries, sessions, stats, webhooks, workspaces,
};
use crate::api::{docs, health, metrics};
use crate::domain::api_key::Scope;
use crate::domain::role::Role;
use crate::{console, dialects};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Keys with this scope, in the workspace that they belong to or name.
    Scope(Scope),
    /// The same, but one of two scopes is enough: dialects whose clients have one key for everything
    /// let those read who may write.
    Either(Scope, Scope),
    /// People who signed in over the API, even if their second factor is still to be shown.
    Session,
    /// People who are signed in to the dashboard and have this role or a higher one.
    Page(Role),
}

/// A line of the table.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path with its `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: fn() -> actix_web::Route,
}

const PUBLIC: Access = Access::Public;
const SESSION: Access = Access::Session;

const EVENTS_READ: Access = Access::Scope(Scope::EventsRead);
const EVENTS_WRITE: Access = Access::Scope(Scope::EventsWrite);
const WEBHOOKS_READ: Access = Access::Scope(Scope::WebhooksRead);
const WEBHOOKS_WRITE: Access = Access::Scope(Scope::WebhooksWrite);
const DELIVERIES_READ: Access = Access::Scope(Scope::DeliveriesRead);
const DELIVERIES_WRITE: Access = Access::Scope(Scope::DeliveriesWrite);
const ADMIN: Access = Access::Scope(Scope::Admin);

/// A GET route; it answers HEAD as well.
pub const fn get(
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    line(Method::GET, path, access, handler)
}

/// A POST route.
pub const fn post(
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    line(Method::POST, path, access, handler)
}

/// A PUT route.
pub const fn put(
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    line(Method::PUT, path, access, handler)
}

/// A PATCH route.
pub const fn patch(
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    line(Method::PATCH, path, access, handler)
}

/// A DELETE route.
pub const fn delete(
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    line(Method::DELETE, path, access, handler)
}

const fn line(
    method: Method,
    path: &'static str,
    access: Access,
    handler: fn() -> actix_web::Route,
) -> Endpoint {
    Endpoint {
        method,
        path,
        access,
        handler,
    }
}

/// Operations: for load balancers and monitoring.
static OPERATIONS: &[Endpoint] = &[
    get("/healthz", PUBLIC, || to(health::healthz)),
    get("/readyz", PUBLIC, || to(health::readyz)),
    get(openapi::PATH, PUBLIC, || to(openapi::show)),
    get("/metrics", PUBLIC, || to(metrics::show)),
    get("/docs", PUBLIC, || to(docs::page)),
    get("/docs.css", PUBLIC, || to(docs::css)),
];

/// The native API.
#[rustfmt::skip]
static API: &[Endpoint] = &[
    post("/api/v1/events", EVENTS_WRITE, || to(events::publish)),
    get("/api/v1/events", EVENTS_READ, || to(events::list)),
    post("/api/v1/events/batch", EVENTS_WRITE, || to(events::publish_batch)),
    get("/api/v1/events/{id}", EVENTS_READ, || to(events::show)),
    post("/api/v1/events/{id}/replay", EVENTS_WRITE, || to(events::replay)),

    post("/api/v1/event-types", EVENTS_WRITE, || to(event_types::create)),
    get("/api/v1/event-types", EVENTS_READ, || to(event_types::list)),
    get("/api/v1/event-types/{name}", EVENTS_READ, || to(event_types::show)),
    put("/api/v1/event-types/{name}", EVENTS_WRITE, || to(event_types::put)),
    delete("/api/v1/event-types/{name}", EVENTS_WRITE, || to(event_types::delete)),

    post("/api/v1/webhooks", WEBHOOKS_WRITE, || to(webhooks::create)),
    get("/api/v1/webhooks", WEBHOOKS_READ, || to(webhooks::list)),
    get("/api/v1/webhooks/{id}", WEBHOOKS_READ, || to(webhooks::show)),
    patch("/api/v1/webhooks/{id}", WEBHOOKS_WRITE, || to(webhooks::update)),
    delete("/api/v1/webhooks/{id}", WEBHOOKS_WRITE, || to(webhooks::delete)),
    post("/api/v1/webhooks/{id}/enable", WEBHOOKS_WRITE, || to(webhooks::enable)),
    post("/api/v1/webhooks/{id}/disable", WEBHOOKS_WRITE, || to(webhooks::disable)),
    post("/api/v1/webhooks/{id}/revoke", WEBHOOKS_WRITE, || to(webhooks::revoke)),
    post("/api/v1/webhooks/{id}/rotate-secret", WEBHOOKS_WRITE, || to(webhooks::rotate_secret)),
    post("/api/v1/webhooks/{id}/test", WEBHOOKS_WRITE, || to(webhooks::test)),
    post("/api/v1/webhooks/{id}/recover", WEBHOOKS_WRITE, || to(bulk::recover)),
    get("/api/v1/webhooks/{id}/stats", WEBHOOKS_READ, || to(stats::of_webhook)),
    get("/api/v1/stats", WEBHOOKS_READ, || to(stats::of_workspace)),

    get("/api/v1/deliveries", DELIVERIES_READ, || to(deliveries::list)),
    post("/api/v1/deliveries/retry", DELIVERIES_WRITE, || to(bulk::retry_deliveries)),
    get("/api/v1/deliveries/{id}", DELIVERIES_READ, || to(deliveries::show)),
    post("/api/v1/deliveries/{id}/retry", DELIVERIES_WRITE, || to(deliveries::retry)),
    post("/api/v1/deliveries/{id}/cancel", DELIVERIES_WRITE, || to(deliveries::cancel)),

    get("/api/v1/dead-letters", DELIVERIES_READ, || to(dead_letters::list)),
    post("/api/v1/dead-letters/retry", DELIVERIES_WRITE, || to(bulk::retry_dead_letters)),
    post("/api/v1/dead-letters/discard", DELIVERIES_WRITE, || to(bulk::discard_dead_letters)),
    post("/api/v1/dead-letters/{id}/retry", DELIVERIES_WRITE, || to(dead_letters::retry)),
    delete("/api/v1/dead-letters/{id}", DELIVERIES_WRITE, || to(dead_letters::discard)),

    post("/api/v1/retries/run", DELIVERIES_WRITE, || to(retries::run)),
    get("/api/v1/retries/summary", DELIVERIES_READ, || to(retries::summary)),

    get("/api/v1/jobs", DELIVERIES_READ, || to(jobs::list)),
    get("/api/v1/jobs/{id}", DELIVERIES_READ, || to(jobs::show)),
    post("/api/v1/jobs/{id}/cancel", DELIVERIES_WRITE, || to(jobs::cancel)),

    post("/api/v1/workspaces", ADMIN, || to(workspaces::create)),
    get("/api/v1/workspaces", ADMIN, || to(workspaces::list)),
    get("/api/v1/workspaces/{id}", ADMIN, || to(workspaces::show)),
    patch("/api/v1/workspaces/{id}", ADMIN, || to(workspaces::update)),
    delete("/api/v1/workspaces/{id}", ADMIN, || to(workspaces::delete)),
    post("/api/v1/workspaces/{id}/rotate-secret", ADMIN, || to(workspaces::rotate_secret)),
    post("/api/v1/api-keys", ADMIN, || to(api_keys::create)),
    get("/api/v1/api-keys", ADMIN, || to(api_keys::list)),
    delete("/api/v1/api-keys/{id}", ADMIN, || to(api_keys::revoke)),
    post("/api/v1/profiles", ADMIN, || to(profiles::create)),
    get("/api/v1/profiles", ADMIN, || to(profiles::list)),
    get("/api/v1/profiles/{name}", ADMIN, || to(profiles::show)),
    put("/api/v1/profiles/{name}", ADMIN, || to(profiles::put)),
    delete("/api/v1/profiles/{name}", ADMIN, || to(profiles::delete)),
    get("/api/v1/audit-log", ADMIN, || to(audit_log::list)),

    post("/api/v1/sessions", PUBLIC, || to(sessions::create)),
    delete("/api/v1/sessions", SESSION, || to(sessions::end)),
    post("/api/v1/sessions/mfa", SESSION, || to(sessions::show_second_factor)),
];

/// Every route of hookpost's own, table after table; those of pages stand in
/// `dashboard`, those of other systems in `dialects`. A path's lines stand together in one table.
pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    [OPERATIONS, API].into_iter().flatten()
}

/// Adds every route to an app.
pub fn mount<T>(mut app: App<T>) -> App<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()>,
{
    let routes: Vec<&'static Endpoint> = all()
        .chain(console::routes())
        .chain(dialects::routes())
        .collect();
    let mut paths: Vec<&'static str> = Vec::new();
    for route in &routes {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let lines = routes.iter().copied().filter(|route| route.path == path);
        app = app.service(resource(path, lines));
    }
    app.default_service(to(answer::no_route))
}

fn resource(path: &'static str, lines: impl Iterator<Item = &'static Endpoint>) -> Resource {
    let mut resource = web::resource(path);
    let mut methods = Vec::new();
    for line in lines {
        methods.push(line.method.as_str());
        let gated = (line.handler)()
            .guard(guard::fn_guard(move |context| {
                let asked = &context.head().method;
                *asked == line.method || (*asked == Method::HEAD && line.method == Method::GET)
            }))
            .wrap(from_fn(move |request, next| gate(line, request, next)));
        resource = resource.route(gated);
    }
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    let allow = methods.join(", ");
    resource.default_service(to(move |_: HttpRequest| {
        let problem = Problem::method_not_allowed(&allow);
        async move { Err::<actix_web::HttpResponse, _>(problem) }
    }))
}
