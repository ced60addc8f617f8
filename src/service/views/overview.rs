//! Whether everything is well.
//!
//! Owns: gathering the figures, and the rule which webhooks need somebody. Refuses: detail; every
//! figure leads to the list that has it.

use super::{Views, WebhookNames};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Status;
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::page::Limit;
use crate::domain::stats::Latency;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::retries::{Summary, summary_in};
use crate::service::stats::{PeriodInput, Stats, Steps, latencies_of_workspace, of_workspace};
use crate::service::{Caller, Refusal};
use crate::store::deliveries;
use crate::store::{Read, StoreError, webhooks};

/// Webhooks that are looked at for trouble.
const LOOKED_AT_MAX: u32 = 250;
/// Of those in trouble, so many are told of.
const TROUBLED_MAX: usize = 8;
/// Dead letters that are told of.
const LETTERS_MAX: u32 = 5;

/// A workspace at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// What happened in the period.
    pub stats: Stats,
    /// How long attempts took, step by step.
    pub latencies: Vec<Latency>,
    /// What stands open.
    pub summary: Summary,
    /// When the oldest delivery was made that still waits for an attempt.
    pub oldest_waiting: Option<Timestamp>,
    /// What needs somebody, the longest failing first.
    pub troubled: Vec<Troubled>,
    /// How many more do.
    pub troubled_left_out: usize,
    /// The latest dead letters, newest first.
    pub letters: Vec<Delivery>,
    /// What their webhooks are called.
    pub names: WebhookNames,
    /// What of the first run is done.
    pub first_steps: FirstSteps,
}

/// A webhook that needs somebody.
#[derive(Clone, Debug)]
pub struct Troubled {
    /// The webhook.
    pub webhook: Webhook,
    /// Its dead letters that nobody has discarded.
    pub dead_letters: u64,
    /// Its latest delivery that failed and was not delivered since.
    pub last_failure: Option<Delivery>,
}

/// What of the first run is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSteps {
    /// A webhook is registered.
    pub registered: bool,
    /// An event was published.
    pub published: bool,
    /// A delivery arrived.
    pub delivered: bool,
}

impl Views<'_> {
    /// The caller's workspace at a glance, with the figures of `period`.
    ///
    /// # Errors
    /// The fields at fault.
    pub async fn overview(
        &self,
        caller: &Caller,
        period: PeriodInput,
    ) -> Result<Overview, Refusal> {
        let now = self.service.clock().now();
        let steps = Steps::of(period, now)?;
        let workspace_seq = caller.workspace.seq();
        self.service
            .read(move |store, conn| {
                let limit = Limit::clamped(LOOKED_AT_MAX);
                let webhooks =
                    webhooks::list(conn, store.vault(), workspace_seq, None, limit, now)?.items;
                let stats = of_workspace(conn, &steps, workspace_seq)?;
                let summary = summary_in(conn, workspace_seq, now)?;
                let first_steps = first_steps(conn, workspace_seq, &webhooks, &stats)?;
                let mut found = troubled(webhooks, &summary);
                let troubled_left_out = found.len().saturating_sub(TROUBLED_MAX);
                found.truncate(TROUBLED_MAX);
                for one in &mut found {
                    one.last_failure = last_failure(conn, &one.webhook)?;
                }
                let letters = newest(conn, &dead_letters_of(workspace_seq), LETTERS_MAX)?;
                Ok(Overview {
                    latencies: latencies_of_workspace(conn, &steps, workspace_seq)?,
                    oldest_waiting: deliveries::oldest_waiting(conn, workspace_seq)?,
                    names: WebhookNames::read(conn, letters.iter().map(|one| one.webhook.seq()))?,
                    stats,
                    summary,
                    troubled: found,
                    troubled_left_out,
                    letters,
                    first_steps,
                })
            })
            .await
    }
}

fn first_steps(
    conn: &Read<'_>,
    workspace_seq: i64,
    webhooks: &[Webhook],
    stats: &Stats,
) -> Result<FirstSteps, StoreError> {
    let filter = DeliveryFilter {
        workspace_seq,
        statuses: vec![Status::Delivered],
        ..DeliveryFilter::default()
    };
    let delivered = !newest(conn, &filter, 1)?.is_empty();
    Ok(FirstSteps {
        registered: !webhooks.is_empty(),
        published: stats.total.events > 0 || delivered,
        delivered,
    })
}

fn dead_letters_of(workspace_seq: i64) -> DeliveryFilter {
    DeliveryFilter {
        workspace_seq,
        which: DeliveryScope::DeadLetters,
        ..DeliveryFilter::default()
    }
}

fn last_failure(conn: &Read<'_>, webhook: &Webhook) -> Result<Option<Delivery>, StoreError> {
    let filter = DeliveryFilter {
        workspace_seq: webhook.workspace.seq(),
        webhook_seq: Some(webhook.id.seq()),
        statuses: vec![Status::Retrying, Status::Exhausted],
        ..DeliveryFilter::default()
    };
    Ok(newest(conn, &filter, 1)?.pop())
}

fn newest(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    rows: u32,
) -> Result<Vec<Delivery>, StoreError> {
    Ok(deliveries::list(conn, filter, None, Limit::clamped(rows))?.items)
}

/// Which of `webhooks` need somebody, the longest failing first.
fn troubled(webhooks: Vec<Webhook>, summary: &Summary) -> Vec<Troubled> {
    let mut found: Vec<Troubled> = webhooks
        .into_iter()
        .map(|webhook| Troubled {
            dead_letters: dead_letters(&webhook, summary),
            webhook,
            last_failure: None,
        })
        .filter(Troubled::needs_somebody)
        .collect();
    found.sort_by_key(|one| {
        let failing_since = one.webhook.health.failing_since;
        failing_since.map_or(i64::MAX, Timestamp::millis)
    });
    found
}

fn dead_letters(webhook: &Webhook, summary: &Summary) -> u64 {
    let mut standings = summary.by_webhook.iter();
    let own = standings.find(|standing| standing.webhook == webhook.id);
    own.map_or(0, |standing| standing.dead_letters)
}

impl Troubled {
    /// What a person disabled, a person knows of.
    fn needs_somebody(&self) -> bool {
        match self.webhook.state {
            WebhookState::Active => {
                self.webhook.health.consecutive_failures > 0 || self.dead_letters > 0
            }
            WebhookState::Disabled { reason, .. } => {
                reason != DisabledReason::Manual || self.dead_letters > 0
            }
            WebhookState::Revoked => false,
        }
    }
}
