//! People in front of the dashboard.
//!
//! Owns: the list of pages, and how a problem is told to people. Refuses: knowing who somebody is
//! (`visitor`).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use url::{Position, Url};

use super::page::confirm_path;
use super::{
    api_keys, assets, audit_log, consumers, dead_letter_actions, dead_letters, deliveries,
    delivery, error_page, event, event_erasure, event_type_versions, event_types, events, export,
    job, live, login, overview, people, portal_links, preferences, profile, saved_views, search,
    settings, setup, system, visitor, webhook, webhook_actions, webhook_check, webhook_form,
    webhook_preview, webhook_sections, webhook_settings, webhooks, wire_profiles, workspaces,
};
use crate::ui::preferences::Theme;
use crate::web::Problem;
use crate::web::answer::go;
use crate::web::audience::{Admission, Audience};
use crate::web::endpoint::Endpoint;

/// Whoever looks at the dashboard.
pub static AUDIENCE: PersonAudience = PersonAudience;

/// The audience of the dashboard.
pub struct PersonAudience;

/// Every page's own endpoints.
static PAGES: &[&[Endpoint]] = &[
    api_keys::ENDPOINTS,
    assets::ENDPOINTS,
    audit_log::ENDPOINTS,
    consumers::ENDPOINTS,
    dead_letters::ENDPOINTS,
    dead_letter_actions::ENDPOINTS,
    deliveries::ENDPOINTS,
    delivery::ENDPOINTS,
    event::ENDPOINTS,
    event_type_versions::ENDPOINTS,
    event_types::ENDPOINTS,
    events::ENDPOINTS,
    event_erasure::ENDPOINTS,
    job::ENDPOINTS,
    export::ENDPOINTS,
    live::ENDPOINTS,
    login::ENDPOINTS,
    overview::ENDPOINTS,
    people::ENDPOINTS,
    portal_links::ENDPOINTS,
    preferences::ENDPOINTS,
    profile::ENDPOINTS,
    saved_views::ENDPOINTS,
    search::ENDPOINTS,
    settings::ENDPOINTS,
    setup::ENDPOINTS,
    system::ENDPOINTS,
    webhook::ENDPOINTS,
    webhook_actions::ENDPOINTS,
    webhook_check::ENDPOINTS,
    webhook_form::ENDPOINTS,
    webhook_preview::ENDPOINTS,
    webhook_sections::ENDPOINTS,
    webhook_settings::ENDPOINTS,
    webhooks::ENDPOINTS,
    wire_profiles::ENDPOINTS,
    workspaces::ENDPOINTS,
];

impl Audience for PersonAudience {
    fn base(&self) -> &'static str {
        ""
    }

    fn endpoints(&self) -> Vec<&'static Endpoint> {
        PAGES.iter().copied().flatten().collect()
    }

    fn admit<'a>(
        &'static self,
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
    ) -> Admission<'a> {
        Box::pin(visitor::admit(endpoint, request))
    }

    /// Whoever has to show a second factor first is taken to where it is asked for; to whoever reads
    /// pages everything else is a page.
    fn show_problem(
        &self,
        problem: &Problem,
        endpoint: Option<&'static Endpoint>,
        request: &HttpRequest,
    ) -> HttpResponse {
        let back = endpoint.map_or("", |endpoint| endpoint.back);
        if problem.asks_for_second_factor() && !back.is_empty() {
            let back = came_from(request).unwrap_or_else(|| filled(back, request));
            return go(&confirm_path(&back));
        }
        match error_page::reads_pages(request.headers()) {
            true => error_page::page(problem, Theme::of(request)),
            false => problem.error_response(),
        }
    }
}

/// A path with the request's own parameters in the place of their names.
fn filled(path: &str, request: &HttpRequest) -> String {
    let parameters = request.match_info().iter();
    parameters.fold(path.to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), value)
    })
}

/// The page that a form stood on, with its filters, where the browser says so.
fn came_from(request: &HttpRequest) -> Option<String> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    let page = Url::parse(header(header::REFERER)?).ok()?;
    let is_ours = header(header::HOST)? == page.authority();
    is_ours.then(|| page[Position::BeforePath..Position::AfterQuery].to_owned())
}
