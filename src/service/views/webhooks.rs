//! The list of webhooks and how each does.
//!
//! Owns: the figures of a row. Refuses: the minutes of a day: a list reads sums of whole hours.

use std::time::Duration;

use super::Views;
use crate::domain::delivery::Status;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::stats::{HOUR_MS, Period, StatsBucket};
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::service::{Caller, Refusal};
use crate::store::stats;
use crate::store::{Read, StoreError, deliveries, webhooks};

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

impl Views<'_> {
    /// A page of webhooks, newest first.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<WebhookSummary>, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.service
            .read(move |store, conn| {
                let now = store.clock().now();
                let page = webhooks::list(conn, store.vault(), workspace_seq, cursor, limit, now)?;
                let rows = page.items.into_iter();
                let rows = rows.map(|webhook| summary(conn, webhook, now));
                Ok(Page {
                    items: rows.collect::<Result<_, StoreError>>()?,
                    next: page.next,
                })
            })
            .await
    }
}

fn summary(
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
