//! What is asked for: every page, every filter, first and last pages of lists.

use anyhow::{Result, ensure};
use hookpost::domain::page::{Cursor, List};
use hookpost::portal;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::Endpoint;

use crate::history::{History, RARE_TYPE, VERSION};

/// What is asked for in the portal and is no page that somebody waits for with a session.
const NO_PAGES: [&str; 4] = [
    "/portal/open",
    "/portal/ended",
    "/portal/logo",
    "/portal/looks.css",
];

/// Names and paths.
pub fn all(history: &History, webhooks: &[String]) -> Vec<(String, String)> {
    // The first webhook is the disabled one, which holds back what waits.
    let (held, busy) = (&webhooks[0], &webhooks[1]);
    let mut pages = overview();
    pages.extend(deliveries(history, held, busy));
    pages.extend(dead_letters(busy));
    pages.extend(events(history));
    let mut page = |name: &str, path: String| pages.push((name.to_owned(), path));
    page("delivery", format!("/deliveries/{}", history.delivered));
    page(
        "delivery, dead letter",
        format!("/deliveries/{}", history.dead_letter),
    );
    page("webhook", format!("/webhooks/{busy}"));
    page("webhook, disabled", format!("/webhooks/{held}"));
    page("webhook, edit", format!("/webhooks/{busy}/edit"));
    for path in [
        "/webhooks",
        "/webhooks/new",
        "/consumers",
        "/jobs",
        "/search?q=customer",
        "/event-types",
        "/event-types/new",
        "/api-keys",
        "/settings",
        "/workspaces",
        "/people",
        "/audit-log",
        "/system",
        "/profile",
    ] {
        page(&path[1..], path.to_owned());
    }
    page(
        "audit-log, last page",
        format!("/audit-log?cursor={}", Cursor::behind(List::AuditLog, 10)),
    );
    page("webhooks, last page", "/webhooks?page=2".to_owned());
    pages
}

/// What the consumer asks for in the portal: every page of it.
pub fn portal(history: &History, webhooks: &[String], job: &str) -> Result<Vec<(String, String)>> {
    let own = &webhooks[webhooks.len() - 1];
    let last = Cursor::behind(List::Deliveries, 1500);
    let paths = [
        "/portal".to_owned(),
        "/portal/webhooks".to_owned(),
        "/portal/webhooks/new".to_owned(),
        format!("/portal/webhooks/{own}/secret"),
        format!("/portal/events/{}", history.consumers_event),
        "/portal/event-types/order.paid".to_owned(),
        format!("/portal/event-types/order.paid/versions/{VERSION}"),
        format!("/portal/jobs/{job}"),
        "/portal/alerts".to_owned(),
        format!("/portal/webhooks/{own}"),
        format!("/portal/webhooks/{own}/edit"),
        format!("/portal/webhooks/{own}/verify"),
        "/portal/deliveries".to_owned(),
        format!("/portal/deliveries?cursor={last}"),
        "/portal/deliveries?status=exhausted".to_owned(),
        format!("/portal/deliveries?event_type={RARE_TYPE}"),
        format!("/portal/deliveries?webhook_id={own}"),
        format!("/portal/deliveries/{}", history.consumers),
        "/portal/dead-letters".to_owned(),
        "/portal/event-types".to_owned(),
    ];
    for route in portal::AUDIENCE.endpoints() {
        let is_page = route.method.as_str() == "GET" && !NO_PAGES.contains(&route.path);
        let is_asked_for = || paths.iter().any(|path| leads_to(path, route));
        ensure!(!is_page || is_asked_for(), "{} is not measured", route.path);
    }
    Ok(paths.map(|path| (path.clone(), path)).to_vec())
}

/// Whether a path is one of the route's.
fn leads_to(path: &str, route: &Endpoint) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (given, known) = (path.split('/'), route.path.split('/'));
    given.clone().count() == known.clone().count()
        && given
            .zip(known)
            .all(|(given, known)| known.starts_with('{') || given == known)
}

fn overview() -> Vec<(String, String)> {
    ["1h", "24h", "7d", "30d"]
        .map(|period| (format!("overview, {period}"), format!("/?period={period}")))
        .to_vec()
}

/// Each filter at the list's beginning and at its very end.
fn with_ends(of: List, path: &str, filters: &[(String, String)]) -> Vec<(String, String)> {
    let list = path[1..].replace('-', " ");
    let last = Cursor::behind(of, 1500);
    let mut pages = Vec::new();
    for (words, query) in filters {
        let (comma, and) = match query.as_str() {
            "" => ("", ""),
            _ => (", ", "&"),
        };
        pages.push((format!("{list}{comma}{words}"), format!("{path}?{query}")));
        pages.push((
            format!("{list}{comma}{words}, last page"),
            format!("{path}?{query}{and}cursor={last}"),
        ));
    }
    pages
}

fn filter(words: impl Into<String>, query: impl Into<String>) -> (String, String) {
    (words.into(), query.into())
}

fn deliveries(history: &History, held: &str, busy: &str) -> Vec<(String, String)> {
    let mut filters = vec![
        filter("", ""),
        filter("webhook", format!("webhook_id={busy}")),
        filter("disabled webhook", format!("webhook_id={held}")),
        filter("type", "event_type=order.paid"),
        filter("rare type", format!("event_type={RARE_TYPE}")),
        filter("unknown type", "event_type=no.such.type"),
        filter("event", format!("event_id={}", history.event)),
        filter(
            "webhook and rare type",
            format!("webhook_id={busy}&event_type={RARE_TYPE}"),
        ),
        filter(
            "exhausted and type",
            "status=exhausted&event_type=order.paid",
        ),
        filter(
            "retrying and webhook",
            format!("status=retrying&webhook_id={busy}"),
        ),
        filter(
            "exhausted, webhook, rare type",
            format!("status=exhausted&webhook_id={busy}&event_type={RARE_TYPE}"),
        ),
        filter(
            "old days",
            "since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z",
        ),
    ];
    for status in ["pending", "retrying", "delivered", "exhausted", "canceled"] {
        filters.push(filter(status, format!("status={status}")));
    }
    for last in ["1h", "24h", "7d", "30d"] {
        filters.push(filter(format!("last {last}"), format!("last={last}")));
    }
    with_ends(List::Deliveries, "/deliveries", &filters)
}

fn dead_letters(busy: &str) -> Vec<(String, String)> {
    let filters = [
        filter("", ""),
        filter("webhook", format!("webhook_id={busy}")),
        filter("type", "event_type=order.paid"),
        filter("rare type", format!("event_type={RARE_TYPE}")),
        filter("last 24h", "last=24h"),
    ];
    with_ends(List::DeadLetters, "/dead-letters", &filters)
}

fn events(history: &History) -> Vec<(String, String)> {
    let filters = [
        filter("", ""),
        filter("type", "type=order.paid"),
        filter("rare type", format!("type={RARE_TYPE}")),
    ];
    let mut pages = with_ends(List::Events, "/events", &filters);
    pages.push(filter("event", format!("/events/{}", history.event)));
    pages.push(filter("publish form", "/events/new"));
    pages
}
