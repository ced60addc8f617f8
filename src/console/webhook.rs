//! `/webhooks/{id}`: one receiver: how it does, its settings, its secret.
//!
//! Owns: the page. Refuses: showing a secret twice, and what can be done to the webhook
//! ([`super::webhook_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, Section, show};
use super::state;
use super::{Shown, Visitor};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::order::DeliveryOrder;
use crate::domain::page::Limit;
use crate::domain::poll::{PollReader, UNREAD_MAX};
use crate::domain::retry::Jitter;
use crate::domain::time::format_duration;
use crate::domain::webhook::{Transport, Webhook, WebhookState};
use crate::service::stats::Stats;
use crate::ui::delivery_row::{Row, webhook_called};
use crate::ui::explain::{Explained, explain};
use crate::ui::facts::WebhookFacts;
use crate::ui::figures::{success, took_about};
use crate::ui::forms::webhook_actions::ActionForms;
use crate::ui::names::Names;
use crate::ui::parts::chart::Bars;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::{Ago, Badge, Copyable, Since, Stamp, grouped};
use crate::ui::snippets::{Snippet, snippets};
use crate::ui::test_result::TestResult;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/webhooks/{id}", VIEWER, || to(detail))];

/// Deliveries that the page lists.
const ROWS: u32 = 8;

/// One who fetches.
struct ReaderRow {
    name: String,
    unread: String,
    acked: Ago,
}

/// A secret on the one page that shows it.
#[derive(Clone, Debug)]
pub struct SecretCard {
    /// The secret, to be copied.
    pub secret: Copyable,
}

/// The page.
#[derive(Template)]
#[template(path = "webhook.html")]
pub struct WebhookView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The webhook.
    pub webhook: &'a Webhook,
    /// What pages say of it.
    pub facts: WebhookFacts<'a>,
    /// What it is called.
    pub called: String,
    /// How it stands.
    pub badge: Badge,
    /// Its id, to be copied.
    pub id: Copyable,
    /// Its URL, to be copied.
    pub url: Copyable,
    /// Its new secret.
    pub secret: Option<SecretCard>,
    /// How it has been doing for a day.
    pub stats: &'a Stats,
    /// The same as a picture.
    pub bars: Bars,
    /// Its last outcomes.
    pub strip: Strip,
    /// Its latest deliveries.
    pub rows: Vec<Row>,
    /// The latest failure among them.
    pub failed: Option<Explained>,
    /// What the test before came to.
    pub tested: Option<TestResult>,
    /// The snippets for its profile.
    pub snippets: Vec<Snippet>,
    /// The forms of what can be done to it.
    pub forms: ActionForms,
    /// Who fetches from it, each with how much is left.
    pub readers: Vec<(PollReader, i64)>,
    /// Whether the reader may act.
    pub may_operate: bool,
}

impl WebhookView<'_> {
    fn may_send(&self) -> bool {
        self.may_operate && !self.facts.is_revoked() && !self.facts.is_fetched()
    }

    fn readers(&self) -> Vec<ReaderRow> {
        let row = |(own, unread): &(PollReader, i64)| ReaderRow {
            name: own.name.clone(),
            unread: match *unread {
                UNREAD_MAX => format!("{UNREAD_MAX} or more"),
                count => count.to_string(),
            },
            acked: Ago(own.acked_at),
        };
        self.readers.iter().map(row).collect()
    }

    fn failing_since(&self) -> Option<Since> {
        self.webhook.health.failing_since.map(Since)
    }

    fn success(&self) -> Option<String> {
        success(&self.stats.total)
    }

    fn p95(&self) -> Option<String> {
        self.stats.p95_ms.map(took_about)
    }

    fn p50(&self) -> Option<String> {
        self.stats.p50_ms.map(took_about)
    }

    fn order(&self) -> Option<String> {
        match &self.webhook.settings.order {
            DeliveryOrder::Any => None,
            DeliveryOrder::Whole => Some("in event order".to_owned()),
            DeliveryOrder::By(pointer) => Some(format!("in order by {}", pointer.as_str())),
        }
    }

    fn batch(&self) -> Option<String> {
        let batch = self.webhook.settings.batch?;
        let wait = format_duration(batch.wait);
        Some(format!(
            "up to {} in one request, after {wait} at most",
            batch.max
        ))
    }

    fn waiting(&self) -> String {
        grouped(self.stats.counts.pending + self.stats.counts.retrying)
    }

    fn exhausted(&self) -> String {
        grouped(self.stats.total.exhausted)
    }

    fn attempts(&self) -> String {
        grouped(self.stats.total.attempts)
    }

    fn stamp(&self, at: &crate::domain::time::Timestamp) -> Stamp {
        Stamp(*at)
    }

    fn retries(&self) -> String {
        let policy = &self.webhook.settings.retry;
        let delays: Vec<String> = policy
            .delays()
            .iter()
            .copied()
            .map(format_duration)
            .collect();
        let mut words = match delays.as_slice() {
            [] => "none".to_owned(),
            delays => format!("after {}", delays.join(", ")),
        };
        if let Some(repeat) = policy.repeat() {
            words.push_str(&format!(
                ", then every {}, for up to {}",
                format_duration(repeat.every),
                format_duration(repeat.give_up_after)
            ));
        }
        if policy.jitter() == Jitter::Tenth {
            words.push_str(" (±10 %)");
        }
        words
    }

    fn timeout(&self) -> String {
        format_duration(self.webhook.settings.timeout)
    }

    fn breaker(&self) -> String {
        let breaker = self.webhook.settings.breaker;
        let often = breaker
            .disable_after_failures
            .map(|count| format!("after {count} failures in a row"));
        let long = breaker
            .disable_after
            .map(|time| format!("after {} of nothing but failures", format_duration(time)));
        let rules: Vec<String> = [often, long].into_iter().flatten().collect();
        if rules.is_empty() {
            "off".to_owned()
        } else {
            rules.join(", or ")
        }
    }
}

/// `GET /webhooks/{id}`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let mut query = Query::of(&request);
    let tested = query
        .text("tested")
        .and_then(|text| DeliveryId::parse(&text));
    query.finish()?;
    let views = state.service.views();
    let found = views
        .webhook(&visitor.caller, id, Limit::clamped(ROWS), tested)
        .await?;
    let (webhook, names) = (&found.webhook, Names(found.names));
    let now = state.service.clock().now();
    let secret =
        state::of(&request)
            .one_time_secrets
            .take(visitor.person.user, &id.to_string(), now);
    let called = webhook_called(webhook);
    let readers = match webhook.settings.transport {
        Transport::Poll if webhook.state != WebhookState::Revoked => {
            state.service.poll_readers(&visitor.caller, id).await?
        }
        Transport::Poll | Transport::Push | Transport::Operational => Vec::new(),
    };
    let may_operate = visitor.may_operate();
    let page =
        PageContext::of(&state, &request, visitor, Section::Webhooks, called.clone()).await?;
    let view = WebhookView {
        page: &page,
        badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
        id: Copyable::new(id.to_string(), "the webhook's id"),
        url: Copyable::new(&webhook.settings.url, "the URL"),
        secret: secret.map(|secret| SecretCard {
            secret: Copyable::new(secret.expose(), "the secret"),
        }),
        bars: Bars::of(&found.stats),
        strip: Strip::new(&found.outcomes),
        rows: found
            .recent
            .iter()
            .map(|one| Row::of(one, &names))
            .collect(),
        failed: found
            .recent
            .iter()
            .find_map(|one| explain(one.last_error_kind, one.last_status_code)),
        tested: found.tested.as_ref().map(TestResult::of),
        snippets: snippets(&found.profile),
        forms: ActionForms::of(&called),
        readers,
        may_operate,
        called,
        stats: &found.stats,
        facts: WebhookFacts(webhook),
        webhook,
    };
    show(&page, &view)
}
