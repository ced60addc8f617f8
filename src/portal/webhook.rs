//! `/portal/webhooks/{id}`: one receiver: how it does, what it gets, its secret.
//!
//! Owns: the page, and the page of its secret with how to check signatures. Refuses: what can be done to
//! the webhook ([`super::webhook_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, SECRETS, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::Limit;
use crate::domain::secret::Secret;
use crate::domain::webhook::Webhook;
use crate::ui::delivery_row::{Row, webhook_called};
use crate::ui::explain::{Explained, explain_to_customers};
use crate::ui::facts::WebhookFacts;
use crate::ui::figures::{success, took_about};
use crate::ui::forms::webhook_actions::ActionForms;
use crate::ui::names::Names;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::{Badge, Copyable, Stamp};
use crate::ui::snippets::{Snippet, for_customers};
use crate::ui::speech::filters;
use crate::ui::test_result::TestResult;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/webhooks/{id}", GUEST, || to(detail)).needs(VIEW),
    Endpoint::get("/portal/webhooks/{id}/verify", GUEST, || to(verify)).needs(VIEW),
    Endpoint::get("/portal/webhooks/{id}/secret", GUEST, || to(secret)).needs(SECRETS),
];

/// Deliveries that the page lists.
const ROWS: u32 = 8;

/// The page.
#[derive(Template)]
#[template(path = "portal/webhook.html")]
pub struct PortalWebhook<'a> {
    page: &'a PortalPage,
    webhook: &'a Webhook,
    facts: WebhookFacts<'a>,
    called: String,
    badge: Badge,
    id: Copyable,
    success: Option<String>,
    p95: Option<String>,
    strip: Strip,
    rows: Vec<Row>,
    failed: Option<Explained>,
    tested: Option<TestResult>,
    forms: ActionForms,
}

impl PortalWebhook<'_> {
    /// Whether one of the lines is soon to be seen to move on.
    fn is_draining(&self) -> bool {
        self.facts.is_active() && self.rows.iter().any(|row| row.next.is_some())
    }

    fn created(&self) -> Stamp {
        Stamp(self.webhook.created_at)
    }

    fn rotated(&self) -> Option<Stamp> {
        self.webhook.secret_rotated_at.map(Stamp)
    }

    fn old_secret_ends(&self) -> Option<Stamp> {
        self.webhook.previous_secret_expires_at.map(Stamp)
    }
}

async fn detail(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let mut query = Query::of(&request);
    let tested = query.text("tested");
    let tested = tested.and_then(|text| DeliveryId::parse(&text));
    query.finish()?;
    let views = state.service.views();
    let found = views
        .webhook(&guest.caller, id, Limit::clamped(ROWS), tested)
        .await?;
    let (webhook, names) = (&found.webhook, Names(found.names));
    let called = webhook_called(webhook);
    let page = PortalPage::of(&request, guest, Room::Webhooks, called.clone());
    let view = PortalWebhook {
        badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
        id: Copyable::new(id.to_string(), "the webhook's id"),
        success: success(&found.stats.total),
        p95: found.stats.p95_ms.map(took_about),
        strip: Strip::new(&found.outcomes),
        rows: Row::all(&found.recent, &names),
        failed: found
            .recent
            .iter()
            .find_map(|one| explain_to_customers(one.last_error_kind, one.last_status_code)),
        tested: found.tested.as_ref().map(TestResult::for_customers),
        forms: ActionForms::of(&called, found.trouble_began, page.language()),
        called,
        facts: WebhookFacts(webhook),
        webhook,
        page: &page,
    };
    show(&request, &page, &view)
}

/// The page of how to check signatures, with the secret or without it.
#[derive(Template)]
#[template(path = "portal/verify.html")]
pub struct PortalVerify<'a> {
    page: &'a PortalPage,
    id: String,
    called: String,
    secret: Option<Copyable>,
    public_key: Option<String>,
    snippets: Vec<Snippet>,
}

async fn verify(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let id: WebhookId = path_id(&request, "webhook")?;
    draw(&state, &request, guest, id, None).await
}

async fn secret(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let id: WebhookId = path_id(&request, "webhook")?;
    let secret = state.service.read_secret(&guest.caller, id).await?;
    draw(&state, &request, guest, id, Some(secret)).await
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    guest: Guest,
    id: WebhookId,
    secret: Option<Secret>,
) -> Shown {
    let views = state.service.views();
    let found = views
        .webhook(&guest.caller, id, Limit::clamped(1), None)
        .await?;
    let called = webhook_called(&found.webhook);
    let title = format!("Check signatures of {called}");
    let title = guest.language.say(&title).into_owned();
    let mut page = PortalPage::of(request, guest, Room::Webhooks, title);
    let secret = secret.map(|secret| Copyable::new(page.reveal(&secret), "the secret"));
    let view = PortalVerify {
        id: id.to_string(),
        called,
        secret,
        public_key: found.webhook.public_key.clone(),
        snippets: for_customers(&found.profile),
        page: &page,
    };
    show(request, &page, &view)
}
