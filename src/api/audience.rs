//! Programs that speak the native API.
//!
//! Owns: the list of resources, where programs show their credential, and that problems are told as
//! RFC 9457 has it. Refuses: judging credentials (`web::auth`).

use std::sync::LazyLock;

use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::Value;

use super::access::PUBLIC;
use super::{
    api_keys, audit_log, bulk, consumers, dead_letters, deliveries, docs, event_types, events,
    health, jobs, metrics, openapi, polling, portal_links, preview, profile_gallery, profiles,
    retries, sdk, sessions, stats, templates, webhooks, workspaces,
};
use crate::web::audience::{Admission, Audience};
use crate::web::auth::WORKSPACE_HEADER;
use crate::web::cross_origin::CrossOrigin;
use crate::web::endpoint::Endpoint;
use crate::web::programs::Presented;
use crate::web::{Problem, programs};

/// Whoever speaks the native API.
pub static AUDIENCE: Programs = Programs;

/// The audience of the native API.
pub struct Programs;

/// Every resource, and what is there for load balancers and monitoring.
static RESOURCES: [&[Endpoint]; 24] = [
    DESCRIPTION,
    health::ENDPOINTS,
    metrics::ENDPOINTS,
    sdk::ENDPOINTS,
    events::ENDPOINTS,
    event_types::ENDPOINTS,
    consumers::ENDPOINTS,
    portal_links::ENDPOINTS,
    webhooks::ENDPOINTS,
    preview::ENDPOINTS,
    polling::ENDPOINTS,
    bulk::ENDPOINTS,
    stats::ENDPOINTS,
    templates::ENDPOINTS,
    deliveries::ENDPOINTS,
    dead_letters::ENDPOINTS,
    retries::ENDPOINTS,
    jobs::ENDPOINTS,
    workspaces::ENDPOINTS,
    api_keys::ENDPOINTS,
    profiles::ENDPOINTS,
    profile_gallery::ENDPOINTS,
    audit_log::ENDPOINTS,
    sessions::ENDPOINTS,
];

/// The document, and the document as a page. They describe themselves, so they stand beside the
/// list that they are made from.
static DESCRIPTION: &[Endpoint] = &[
    Endpoint::get(openapi::PATH, PUBLIC, || {
        to(|request| openapi::show(&DOCUMENT, request))
    }).about(|operation| {
        operation
            .named("openapi", "Operations", "This document")
            .gives_any("The document.")
    }),
    Endpoint::get("/docs", PUBLIC, || {
        to(|request| docs::page(&DOCUMENT, request))
    }).about(|operation| {
        operation
            .named("docs", "Operations", "This document as a page")
            .gives_text("text/html", "The page.")
    }),
    Endpoint::get("/docs/{page}", PUBLIC, || {
        to(|request| docs::one(&DOCUMENT, request))
    })
    .about(|operation| {
        operation
            .named(
                "handbook",
                "Operations",
                "A page of the handbook, or an operation with samples; `search?q=` looks in all of it",
            )
            .gives_text("text/html", "The page.")
            .or(404)
    }),
    Endpoint::get("/docs.css", PUBLIC, || to(docs::css)).about(|operation| {
        operation
            .named("docs_css", "Operations", "The page's stylesheet")
            .gives_text("text/css", "The stylesheet.")
    }),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::of(&AUDIENCE.endpoints()));

/// The OpenAPI document.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

impl Audience for Programs {
    fn base(&self) -> &'static str {
        "/api"
    }

    fn endpoints(&self) -> Vec<&'static Endpoint> {
        RESOURCES.iter().copied().flatten().collect()
    }

    fn cross_origin(&self) -> CrossOrigin {
        CrossOrigin::ForConsumers
    }

    fn admit<'a>(
        &'static self,
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
    ) -> Admission<'a> {
        let presented = Presented {
            authorization: programs::header(request, "authorization"),
            workspace: programs::header(request, WORKSPACE_HEADER),
        };
        Box::pin(programs::admit(endpoint, request, presented))
    }

    fn show_problem(
        &self,
        problem: &Problem,
        _: Option<&'static Endpoint>,
        _: &HttpRequest,
    ) -> HttpResponse {
        problem.error_response()
    }
}
