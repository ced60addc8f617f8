//! The numbers of webhooks one by one.
//!
//! Owns: their names and labels. Refuses: choosing which webhooks there are numbers of, and who may
//! read them: there is a line for each, and its label tells one tenant from another.
//!
//! # Why a registry for each scrape
//! Webhooks come and go. What is built anew holds those that there are, and two scrapes at once do not
//! get into each other's way.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The numbers of one webhook.
#[derive(Clone, Debug, Default)]
pub struct WebhookReading {
    /// Its id.
    pub webhook: String,
    /// The id of its workspace.
    pub workspace: String,
    /// 1 while it takes part.
    pub active: u64,
    /// Failures since the last success.
    pub consecutive_failures: u64,
    /// Deliveries by status.
    pub deliveries: Vec<(&'static str, u64)>,
    /// Attempts of the last hour by outcome.
    pub attempts_lately: Vec<(&'static str, u64)>,
}

type Labels = Vec<(&'static str, String)>;
type GaugeFamily = Family<Labels, Gauge<u64, AtomicU64>>;

/// These webhooks' numbers under their names.
pub(super) fn registry(webhooks: &[WebhookReading]) -> Registry {
    let [active, failures, deliveries, attempts] = std::array::from_fn(|_| GaugeFamily::default());
    for one in webhooks {
        let labels = |more: Option<(&'static str, &'static str)>| {
            let own = [
                ("webhook", one.webhook.clone()),
                ("workspace", one.workspace.clone()),
            ];
            let more = more.map(|(name, value)| (name, value.to_owned()));
            own.into_iter().chain(more).collect::<Labels>()
        };
        active.get_or_create(&labels(None)).set(one.active);
        let in_a_row = failures.get_or_create(&labels(None));
        in_a_row.set(one.consecutive_failures);
        for (status, count) in &one.deliveries {
            let place = labels(Some(("status", status)));
            deliveries.get_or_create(&place).set(*count);
        }
        for (outcome, count) in &one.attempts_lately {
            let place = labels(Some(("outcome", outcome)));
            attempts.get_or_create(&place).set(*count);
        }
    }
    let mut registry = Registry::with_prefix("hookpost_webhook");
    registry.register("active", "1 while the webhook takes part", active);
    registry.register(
        "consecutive_failures",
        "Failures of the webhook since its last success",
        failures,
    );
    registry.register(
        "deliveries",
        "Deliveries of the webhook by status",
        deliveries,
    );
    registry.register(
        "attempts_lately",
        "Attempts of the webhook within the last hour by outcome",
        attempts,
    );
    registry
}
