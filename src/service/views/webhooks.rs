//! The list of webhooks and how each does.
//!
//! Owns: the figures of a row. Refuses: the minutes of a day: a list reads sums of whole hours.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Views;
use super::overview::last_failure;
use crate::domain::consumer::Purview;
use crate::domain::delivery::Status;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::page::Limit;
use crate::domain::stats::{HOUR_MS, Period, StatsBucket};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookName, WebhookSearch, WebhookSort, WebhookTab};
use crate::service::consumers::asked_for;
use crate::service::{Caller, Refusal};
use crate::store::stats;
use crate::store::webhooks;
pub use crate::store::webhooks::WebhookHits;
use crate::store::{Read, StoreError, deliveries};

/// Outcomes that a row tells of.
pub const OUTCOMES: usize = 30;
/// What a row's figures are about.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A webhook and how it does.
#[derive(Clone, Debug)]
pub struct WebhookSummary {
    /// The webhook.
    pub webhook: Webhook,
    /// How its latest deliveries stand, newest first.
    pub outcomes: Vec<Status>,
    /// What happened in the last day.
    pub day: StatsBucket,
    /// What 95 of 100 attempts of the last day did not exceed, in milliseconds.
    pub p95_ms: Option<f64>,
    /// When the next retry is due.
    pub next_due: Option<Timestamp>,
}

/// What a search among webhooks found.
#[derive(Clone, Debug)]
pub struct FoundWebhooks {
    /// Those of the page, in order.
    pub rows: Vec<WebhookSummary>,
    /// How many match under each tab.
    pub hits: WebhookHits,
}

/// What a text names.
#[derive(Clone, Debug, Default)]
pub struct NamedWebhooks {
    /// The first of them.
    pub first: Vec<WebhookName>,
    /// How many there are.
    pub total: usize,
}

impl Views<'_> {
    /// Why those of these webhooks fail that do, in words, by their rows: what became of the newest delivery
    /// of each that failed.
    pub async fn last_errors(&self, found: &[Webhook]) -> Result<BTreeMap<i64, String>, Refusal> {
        let is_failing = |own: &&Webhook| own.health.consecutive_failures > 0;
        let failing: Vec<Webhook> = found.iter().filter(is_failing).cloned().collect();
        if failing.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.service
            .read(move |_, conn| {
                let mut errors = BTreeMap::new();
                for webhook in &failing {
                    let failed = last_failure(conn, webhook)?;
                    let error = failed.and_then(|delivery| {
                        let answered = || Some(format!("answered {}", delivery.last_status_code?));
                        delivery.last_error.clone().or_else(answered)
                    });
                    errors.extend(error.map(|error| (webhook.id.seq(), error)));
                }
                Ok(errors)
            })
            .await
    }

    /// The webhooks that `wanted` describes, up to `limit`: all, or those of the consumer that is named.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        consumer: Option<String>,
        wanted: WebhookSearch,
        limit: Limit,
    ) -> Result<FoundWebhooks, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |store, conn| {
                let now = store.clock().now();
                let of = Purview {
                    consumer_seq: asked_for(conn, purview, consumer.as_deref())?,
                    ..purview
                };
                let hits = webhooks::search(conn, of, &wanted, limit.rows())?;
                let found = webhooks::in_rows(conn, store.vault(), &hits.seqs, now)?.into_iter();
                let rows = found.map(|webhook| summary(conn, webhook, now));
                Ok(FoundWebhooks {
                    rows: rows.collect::<Result<_, StoreError>>()?,
                    hits,
                })
            })
            .await
    }

    /// The webhooks that pin the version `name` of the event type `of`, the first ones by when they were
    /// registered.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where one of them is no name.
    pub async fn webhooks_pinning(
        &self,
        caller: &Caller,
        (of, name): (&str, &str),
        limit: Limit,
    ) -> Result<NamedWebhooks, Refusal> {
        let of = EventTypeName::parse(of).map_err(|_| Refusal::NotFound("event type"))?;
        let name = VersionName::parse(name).map_err(|_| Refusal::NotFound("version"))?;
        let purview = caller.purview();
        self.service
            .read(move |_, conn| {
                let seqs = webhooks::pinning(conn, purview, &of, &name, limit.rows())?;
                let total = webhooks::count_pinning(conn, purview, &of, Some(&name))?;
                Ok(NamedWebhooks {
                    first: webhooks::names_of(conn, &seqs)?,
                    total: total as usize,
                })
            })
            .await
    }

    /// The webhooks whose label or URL holds `text`, or whose id it is.
    pub async fn webhooks_called(
        &self,
        caller: &Caller,
        text: String,
        limit: Limit,
    ) -> Result<NamedWebhooks, Refusal> {
        let purview = caller.purview();
        let wanted = WebhookSearch {
            text,
            tab: WebhookTab::All,
            sort: WebhookSort::Name,
            skip: 0,
        };
        self.service
            .read(move |_, conn| {
                let hits = webhooks::search(conn, purview, &wanted, limit.rows())?;
                let mut first = webhooks::names_of(conn, &hits.seqs)?;
                first.sort_by_key(|one| hits.seqs.iter().position(|seq| *seq == one.id.seq()));
                Ok(NamedWebhooks {
                    first,
                    total: hits.count(WebhookTab::All),
                })
            })
            .await
    }
}

pub(super) fn summary(
    conn: &Read<'_>,
    webhook: Webhook,
    now: Timestamp,
) -> Result<WebhookSummary, StoreError> {
    let (workspace_seq, webhook_seq) = (webhook.workspace.seq(), webhook.id.seq());
    let day = Period {
        workspace_seq,
        webhook_seq,
        width_ms: HOUR_MS,
        since: now.before(DAY),
        until: now,
    };
    let mut total = StatsBucket::default();
    for bucket in stats::series(conn, &day, HOUR_MS)? {
        total.add(&bucket);
    }
    Ok(WebhookSummary {
        outcomes: deliveries::latest(conn, workspace_seq, webhook_seq, OUTCOMES)?,
        p95_ms: stats::durations(conn, &day)?.quantile_ms(0.95),
        next_due: deliveries::next_due(conn, webhook_seq, now)?,
        day: total,
        webhook,
    })
}
