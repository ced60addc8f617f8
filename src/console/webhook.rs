//! `/webhooks/{id}`: one receiver: how it does, its settings, its secret, everything to be done to it.
//!
//! Owns: the page and the actions on it. Refuses: showing a secret twice.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::dead_letters::to_job;
use super::deliveries::{PERIODS, Row, webhook_called};
use super::names::Names;
use super::page::{Page, Section, back_to, go, go_and_say, show};
use super::state;
use super::webhooks::{success, took_about};
use super::{Form, Shown, Visitor};
use crate::domain::delivery::Delivery;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::Limit;
use crate::domain::retry::Jitter;
use crate::domain::time::format_duration;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::jobs::RecoverInput;
use crate::service::stats::Stats;
use crate::service::webhooks::shown_header;
use crate::service::{Done, Once, Refusal};
use crate::ui::explain::{Explained, explain};
use crate::ui::flash::Flash;
use crate::ui::parts::badge::disabled_words;
use crate::ui::parts::chart::Bars;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Copyable, Field, Since, Stamp, counted, grouped, took};
use crate::ui::snippets::{Snippet, snippets};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/webhooks/{id}", VIEWER, || to(detail)),
    Endpoint::post("/webhooks/{id}/test", OPERATOR, || to(test))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/rotate-secret", OPERATOR, || to(rotate))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/enable", OPERATOR, || to(enable)).back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/disable", OPERATOR, || to(disable))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/recover", OPERATOR, || to(recover))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/revoke", OPERATOR, || to(revoke))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/delete", OPERATOR, || to(delete))
        .fresh()
        .back("/webhooks/{id}"),
];

/// Deliveries that the page lists.
const ROWS: u32 = 8;
/// The overlaps that a rotation offers.
const OVERLAPS: [(&str, &str); 5] = [
    ("24h", "24 hours"),
    ("0s", "none: the old secret ends now"),
    ("1h", "1 hour"),
    ("72h", "3 days"),
    ("168h", "7 days"),
];

/// A secret on the one page that shows it.
#[derive(Clone, Debug)]
pub struct SecretCard {
    /// The secret, to be copied.
    pub secret: Copyable,
}

/// What a test came to.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Whether it arrived.
    pub good: bool,
    /// In words.
    pub words: String,
    /// Its delivery.
    pub delivery: String,
}

/// The page.
#[derive(Template)]
#[template(path = "webhook.html")]
pub struct WebhookView<'a> {
    /// The layout's context.
    pub page: &'a Page,
    /// The webhook.
    pub webhook: &'a Webhook,
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
    /// Event types to test with.
    pub overlaps: Vec<(String, String)>,
    /// Whether the reader may act.
    pub may_operate: bool,
}

impl WebhookView<'_> {
    fn is_revoked(&self) -> bool {
        self.webhook.state == WebhookState::Revoked
    }

    fn is_active(&self) -> bool {
        self.webhook.state == WebhookState::Active
    }

    fn disabled(&self) -> Option<(&'static str, Since)> {
        match self.webhook.state {
            WebhookState::Disabled { reason, at } => Some((disabled_words(reason), Since(at))),
            WebhookState::Active | WebhookState::Revoked => None,
        }
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

    fn failures(&self) -> String {
        let count = u64::from(self.webhook.health.consecutive_failures);
        counted(count, "failed attempt", "failed attempts")
    }

    fn last_success(&self) -> Option<Ago> {
        self.webhook.health.last_success_at.map(Ago)
    }

    fn patterns(&self) -> Vec<String> {
        self.webhook.settings.subscription.texts()
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let headers = &self.webhook.settings.headers;
        headers.iter().map(shown_header).collect()
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

    fn overlap(&self) -> Field {
        Field::choice(
            "overlap",
            "Old secret stays valid for",
            "24h",
            self.overlaps.clone(),
        )
    }

    fn new_secret(&self) -> Field {
        Field::line("secret", "New secret", "").hint("Leave empty to have one made.")
    }

    fn test_type(&self) -> Field {
        Field::line("event_type", "Event type", "")
            .hint("Empty: the wire profile's own test event.")
    }

    fn test_data(&self) -> Field {
        Field::lines("data", "Data", "", 3).hint("JSON. Empty: the wire profile's own.")
    }

    fn since(&self) -> Field {
        let options = PERIODS.map(|(word, words, _)| (word.to_owned(), words.to_owned()));
        Field::choice("last", "Made in the", "24h", options.to_vec())
    }

    fn confirmation(&self) -> Field {
        let hint = format!("Type {} to confirm.", self.called);
        Field::line("confirm", "Name", "").hint(hint).required()
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
    let may_operate = visitor.may_operate();
    let page = Page::of(&state, &request, visitor, Section::Webhooks, called.clone()).await?;
    let overlaps = OVERLAPS.map(|(value, words)| (value.to_owned(), words.to_owned()));
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
        tested: found.tested.as_ref().map(test_result),
        snippets: snippets(&found.profile),
        overlaps: overlaps.to_vec(),
        may_operate,
        called,
        stats: &found.stats,
        webhook,
    };
    show(&page, &view)
}

fn test_result(delivery: &Delivery) -> TestResult {
    let took = delivery.last_duration_ms.map(took).unwrap_or_default();
    let words = match (delivery.last_status_code, &delivery.last_error) {
        (Some(code), _) => format!("The receiver answered {code} after {took}."),
        (None, Some(error)) => format!("{error} ({took})."),
        (None, None) => "The test is still under way.".to_owned(),
    };
    TestResult {
        good: delivery.last_error_kind.is_none() && delivery.last_status_code.is_some(),
        words,
        delivery: delivery.id.to_string(),
    }
}

fn path(id: WebhookId) -> String {
    format!("/webhooks/{id}")
}

/// `POST /webhooks/{id}/test`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn test(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let (event_type, data) = (form.text("event_type"), form.text("data"));
    if let Some(data) = &data
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(data)
    {
        let flash = Flash::bad(format!("Not sent: the test's data is no JSON: {error}."));
        return Ok(go_and_say(&path(id), &flash));
    }
    let tested = state
        .service
        .test_webhook(&visitor.caller, id, event_type, data)
        .await;
    match tested {
        Ok(tested) => {
            let delivery = tested.delivery.to_string();
            let place = with_query(&path(id), &[("tested", &delivery)]);
            let place = format!("{place}#test");
            if tested.may_enable {
                let flash = Flash::good("The receiver answers again: this webhook can be enabled.");
                return Ok(go_and_say(&place, &flash));
            }
            Ok(go(&place))
        }
        Err(refusal) => back_to(&path(id), Err::<(), _>(refusal), |()| String::new()),
    }
}

/// `POST /webhooks/{id}/rotate-secret`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn rotate(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let (secret, overlap) = (form.text("secret"), form.text("overlap"));
    let rotated = state
        .service
        .rotate_secret(&visitor.caller, id, secret, overlap, Once::unkeyed())
        .await;
    if let Ok(Done::Fresh(rotated)) = &rotated {
        let now = state.service.clock().now();
        let secret = rotated.secret.clone();
        state::of(&request)
            .one_time_secrets
            .put(visitor.person.user, id.to_string(), secret, now);
    }
    back_to(&path(id), rotated, |rotated| {
        let until = match rotated {
            Done::Fresh(rotated) => rotated.previous_secret_expires_at,
            Done::Replayed(_) => None,
        };
        match until {
            Some(until) => format!("The secret was rotated. Old secrets stay valid until {until}."),
            None => "The secret was rotated. Old secrets are not valid any more.".to_owned(),
        }
    })
}

/// `POST /webhooks/{id}/enable`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn enable(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let done = state.service.enable_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| {
        "Enabled: what was held goes on now. What it missed can be added under Recover.".to_owned()
    })
}

/// `POST /webhooks/{id}/disable`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn disable(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let done = state.service.disable_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| {
        "Disabled: it gets nothing new, and what waits is held until it is enabled.".to_owned()
    })
}

/// `POST /webhooks/{id}/recover`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn recover(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let now = state.service.clock().now();
    let last = PERIODS
        .iter()
        .find(|(word, ..)| *word == form.typed("last"));
    let input = RecoverInput {
        since: last.map(|(.., length)| now.before(*length).to_string()),
        until: None,
        include: Some(form.all("include").map(str::to_owned).collect()),
    };
    let begun = state
        .service
        .recover_webhook(&visitor.caller, id, input, Once::unkeyed())
        .await;
    match begun {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&path(id), Err::<(), _>(refusal), |()| String::new()),
    }
}

/// `POST /webhooks/{id}/revoke`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn revoke(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if let Some(answer) = unconfirmed(&state, &visitor, id, &form).await? {
        return Ok(answer);
    }
    let done = state.service.revoke_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| {
        "Revoked for good: nothing is sent to it any more, and what waited was called off."
            .to_owned()
    })
}

/// `POST /webhooks/{id}/delete`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn delete(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if let Some(answer) = unconfirmed(&state, &visitor, id, &form).await? {
        return Ok(answer);
    }
    match state.service.delete_webhook(&visitor.caller, id).await {
        Ok(()) => {
            let flash = Flash::good("Deleted; its history stays until retention removes it.");
            Ok(go_and_say("/webhooks", &flash))
        }
        Err(refusal) => back_to(&path(id), Err::<(), _>(refusal), |()| String::new()),
    }
}

/// What ends a webhook for good asks for its name, so that no slip of a finger does it.
async fn unconfirmed(
    state: &State,
    visitor: &Visitor,
    id: WebhookId,
    form: &Form,
) -> Result<Option<actix_web::HttpResponse>, Refusal> {
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let called = webhook_called(&webhook);
    if form.typed("confirm").trim() == called.trim() {
        return Ok(None);
    }
    let text = format!("Nothing was done: type the webhook's name, {called}, to confirm.");
    Ok(Some(go_and_say(&path(id), &Flash::bad(text))))
}
