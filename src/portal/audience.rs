//! Customers in front of the portal.
//!
//! Owns: the list of pages, and how a problem is told to customers. Refuses: knowing who somebody is
//! ([`super::guest`]).

use actix_web::{HttpRequest, HttpResponse};

use super::{
    alerts, catalogue, dead_letters, deliveries, delivery, error_page, event, guest, job, looks,
    open, overview, webhook, webhook_actions, webhook_form, webhooks,
};
use crate::web::Problem;
use crate::web::audience::{Admission, Audience};
use crate::web::endpoint::Endpoint;

/// Whoever looks at the portal.
pub static AUDIENCE: PortalAudience = PortalAudience;

/// The audience of the portal.
pub struct PortalAudience;

/// Every page's own endpoints.
static PAGES: &[&[Endpoint]] = &[
    alerts::ENDPOINTS,
    catalogue::ENDPOINTS,
    dead_letters::ENDPOINTS,
    deliveries::ENDPOINTS,
    delivery::ENDPOINTS,
    event::ENDPOINTS,
    job::ENDPOINTS,
    looks::ENDPOINTS,
    open::ENDPOINTS,
    overview::ENDPOINTS,
    webhook::ENDPOINTS,
    webhook_actions::ENDPOINTS,
    webhook_form::ENDPOINTS,
    webhooks::ENDPOINTS,
];

impl Audience for PortalAudience {
    fn base(&self) -> &'static str {
        "/portal"
    }

    fn endpoints(&self) -> Vec<&'static Endpoint> {
        PAGES.iter().copied().flatten().collect()
    }

    fn admit<'a>(
        &'static self,
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
    ) -> Admission<'a> {
        Box::pin(guest::admit(endpoint, request))
    }

    fn show_problem(
        &self,
        problem: &Problem,
        _: Option<&'static Endpoint>,
        request: &HttpRequest,
    ) -> HttpResponse {
        error_page::page(problem, request)
    }
}
