//! `/metrics`: hookpost's numbers for Prometheus, with alerts and a dashboard made for them.
//!
//! Owns: who may read them, collecting what is read at the moment of a scrape. Refuses: names and
//! forms of numbers (`telemetry::metrics`), and telling one tenant from another to just anybody: unless
//! the operator says otherwise, the path is public. Alerts and dashboard are files of this build and
//! always public.

use actix_web::http::header::{ACCEPT, AUTHORIZATION};
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::access::PUBLIC;
use crate::domain::api_key::Scope;
use crate::domain::stats::Counts;
use crate::domain::webhook::WebhookState;
use crate::service::Refusal;
use crate::service::views::{InstanceFigures, WebhookFigures};
use crate::telemetry::metrics::{self, MetricsForm, Reading, WebhookReading};
use crate::web::endpoint::Endpoint;
use crate::web::{Answered, State};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/metrics", PUBLIC, || to(show)).about(|operation| {
        operation
            .named("metrics", "Operations", "Numbers for Prometheus")
            .gives_text(
                "text/plain",
                "The numbers; in OpenMetrics where the caller asks for that.",
            )
    }),
    Endpoint::get("/metrics/alerts.yml", PUBLIC, || to(alerts)).about(|operation| {
        operation
            .named("metrics_alerts", "Operations", "Alert rules for Prometheus")
            .gives_any_as("application/yaml", "A file of rules.")
    }),
    Endpoint::get("/metrics/dashboard.json", PUBLIC, || to(dashboard)).about(|operation| {
        operation
            .named("metrics_dashboard", "Operations", "A dashboard for Grafana")
            .gives_any("The dashboard, to be imported.")
    }),
];

/// `GET /metrics`.
///
/// # Errors
/// 403 for whom the operator does not let read them; 503 where the database cannot be read.
pub async fn show(state: State, request: HttpRequest) -> Answered {
    let reader = reader(&state, &request).await?;
    let found = state.service.views().instance().await?;
    let told = match reader {
        MetricsReader::Entitled if state.metrics_webhooks > 0 => {
            let views = state.service.views();
            views.webhooks_one_by_one(state.metrics_webhooks).await?
        }
        MetricsReader::Entitled | MetricsReader::Anybody => Vec::new(),
    };
    let form = form(text(&request, &ACCEPT));
    let written = metrics::text(&reading(&state, &found, &told), form);
    let written = written.map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type(form.content_type())
        .body(written))
}

/// Who reads the numbers.
enum MetricsReader {
    /// Nobody who was asked who they are.
    Anybody,
    /// Somebody whom a range or a key lets in.
    Entitled,
}

/// Without a list everybody may; with one, those on it and whoever has a key for it. What tells one
/// tenant from another is for these alone.
async fn reader(state: &State, request: &HttpRequest) -> Result<MetricsReader, Refusal> {
    let authorization = text(request, &AUTHORIZATION);
    match &state.metrics_allow {
        Some(ranges) => {
            let client = state.proxy.client(request);
            if ranges.iter().any(|range| range.contains(&client)) {
                return Ok(MetricsReader::Entitled);
            }
        }
        None if state.metrics_webhooks == 0 || authorization.is_none() => {
            return Ok(MetricsReader::Anybody);
        }
        None => {}
    }
    let entitled = state.credentials.entitled(&state.service, authorization);
    let caller = state
        .credentials
        .caller(entitled.await?, &[Scope::MetricsRead], None);
    caller.await.map(|_| MetricsReader::Entitled)
}

fn text<'r>(
    request: &'r HttpRequest,
    name: &actix_web::http::header::HeaderName,
) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// OpenMetrics is for those who ask for it by name, as Prometheus does; everybody else can read the
/// older form.
fn form(accept: Option<&str>) -> MetricsForm {
    let weight = |media: &str| {
        let entries = accept.unwrap_or_default().split(',');
        let weights = entries.filter_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            parts
                .next()
                .filter(|name| name.eq_ignore_ascii_case(media))?;
            let given = parts.find_map(|part| part.strip_prefix("q="));
            given.map_or(Some(1.0), |q| q.parse::<f64>().ok())
        });
        weights.fold(0.0, f64::max)
    };
    let plain = weight("text/plain").max(weight("text/*"));
    let open = weight("application/openmetrics-text");
    match open > 0.0 && open >= plain {
        true => MetricsForm::OpenMetrics,
        false => MetricsForm::Classic,
    }
}

async fn alerts() -> Answered {
    let rules = include_str!("../../static/observe/alerts.yml");
    Ok(HttpResponse::Ok()
        .content_type("application/yaml; charset=utf-8")
        .body(rules))
}

async fn dashboard() -> Answered {
    let document = include_str!("../../static/observe/dashboard.json");
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(document))
}

fn reading(state: &State, stored: &InstanceFigures, told: &[WebhookFigures]) -> Reading {
    let (engine, disk) = (stored.engine, stored.disk);
    let webhooks = |status: &'static str| {
        let found = stored.webhooks.iter().find(|(known, _)| known == status);
        (status, found.map_or(0, |(_, count)| *count))
    };
    let now = state.service.clock().now();
    Reading {
        in_flight: engine.in_flight as u64,
        queued: engine.queued as u64,
        paused: engine.paused.into(),
        deliveries: by_status(&stored.counts),
        webhooks: ["active", "disabled", "revoked"].map(webhooks).to_vec(),
        dead_letters: stored.dead_letters,
        oldest_due_s: stored
            .oldest_due
            .map_or(0.0, |at| now.since(at).as_secs_f64()),
        free_bytes: disk.map_or(0, |disk| disk.free_bytes),
        database_bytes: disk.map_or(0, |disk| disk.database_bytes + disk.log_bytes),
        resident_bytes: resident_bytes(),
        one_by_one: told.iter().map(one_of).collect(),
    }
}

fn one_of(figures: &WebhookFigures) -> WebhookReading {
    let webhook = &figures.webhook;
    WebhookReading {
        webhook: webhook.id.to_string(),
        workspace: webhook.workspace.to_string(),
        active: matches!(webhook.state, WebhookState::Active).into(),
        consecutive_failures: webhook.health.consecutive_failures.into(),
        deliveries: by_status(&figures.counts),
        attempts_lately: vec![
            ("delivered", figures.succeeded_lately),
            ("failed", figures.failed_lately),
        ],
    }
}

fn by_status(counts: &Counts) -> Vec<(&'static str, u64)> {
    vec![
        ("scheduled", counts.scheduled),
        ("pending", counts.pending),
        ("retrying", counts.retrying),
        ("delivered", counts.delivered),
        ("exhausted", counts.exhausted),
        ("canceled", counts.canceled),
    ]
}

/// Resident memory as Linux tells it; 0 elsewhere.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        let check = |accept: Option<&str>, expect: MetricsForm| assert_eq!(form(accept), expect);
        check(None, MetricsForm::Classic);
        check(Some("*/*"), MetricsForm::Classic);
        check(Some("text/plain"), MetricsForm::Classic);
        check(
            Some("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            MetricsForm::Classic,
        );
        check(
            Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"),
            MetricsForm::OpenMetrics,
        );
        check(
            Some("text/plain;q=0.9, application/openmetrics-text;q=0.3"),
            MetricsForm::Classic,
        );
        check(
            Some("application/openmetrics-text;q=0, */*"),
            MetricsForm::Classic,
        );
    }
}
