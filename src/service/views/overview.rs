//! Whether everything is well.
//!
//! Owns: gathering the figures. Refuses: the rule which webhooks need somebody (`domain::webhook`);
//! detail: every figure leads to the list that has it.

use super::{Views, WebhookNames};
use crate::domain::api_key::KeysOf;
use crate::domain::delivery::Status;
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::Limit;
use crate::domain::stats::Latency;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookSearch, WebhookSort, WebhookTab};
use crate::service::retries::{Summary, summary_in};
use crate::service::stats::{PeriodInput, Stats, Steps, latencies_of_workspace, of_workspace};
use crate::service::{Caller, Refusal};
use crate::store::webhooks::{self, WebhookHits};
use crate::store::{Read, StoreError};
use crate::store::{deliveries, keys, workspaces};

/// Of the webhooks in trouble, so many are told of.
const TROUBLED_MAX: usize = 8;
/// Whoever has had so many deliveries needs no first steps any more.
const FIRST_DELIVERIES: u32 = 20;
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
    /// A program has a key.
    pub has_key: bool,
    /// An event was published.
    pub published: bool,
    /// The latest delivery that arrived, and its webhook.
    pub delivered: Option<(DeliveryId, WebhookId)>,
    /// A delivery was checked as its receiver would, and found genuine.
    pub verified: bool,
    /// Whether there were so many deliveries that nobody needs a list of first steps.
    pub is_settled: bool,
}

impl Views<'_> {
    /// The caller's workspace at a glance, with the figures of `period`.
    pub async fn overview(
        &self,
        caller: &Caller,
        period: PeriodInput,
    ) -> Result<Overview, Refusal> {
        let now = self.service.clock().now();
        let steps = Steps::of(period, now)?;
        let purview = caller.purview();
        let workspace_seq = purview.workspace_seq;
        self.service
            .read(move |store, conn| {
                let hits = webhooks::search(conn, purview, &in_trouble(), TROUBLED_MAX)?;
                let in_rows = webhooks::in_rows(conn, store.vault(), &hits.seqs, now)?;
                let stats = of_workspace(conn, &steps, workspace_seq)?;
                let summary = summary_in(conn, purview, now)?;
                let first_steps = first_steps(conn, workspace_seq, &hits, &stats)?;
                let found = in_rows.into_iter().map(|one| troubled(conn, one, &summary));
                let found = found.collect::<Result<Vec<_>, StoreError>>()?;
                let letters = newest(conn, &dead_letters_of(workspace_seq), LETTERS_MAX)?;
                Ok(Overview {
                    latencies: latencies_of_workspace(conn, &steps, workspace_seq)?,
                    oldest_waiting: deliveries::oldest_waiting(conn, workspace_seq)?,
                    names: WebhookNames::read(conn, letters.iter().map(|one| one.webhook.seq()))?,
                    stats,
                    summary,
                    troubled_left_out: hits
                        .count(WebhookTab::Attention)
                        .saturating_sub(found.len()),
                    troubled: found,
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
    hits: &WebhookHits,
    stats: &Stats,
) -> Result<FirstSteps, StoreError> {
    let filter = DeliveryFilter {
        workspace_seq,
        statuses: vec![Status::Delivered],
        ..DeliveryFilter::default()
    };
    let delivered = newest(conn, &filter, FIRST_DELIVERIES)?;
    let own_keys = keys::list(
        conn,
        KeysOf::Workspace(workspace_seq),
        None,
        Limit::clamped(1),
    )?;
    let published = stats.total.events > 0 || !delivered.is_empty();
    Ok(FirstSteps {
        registered: hits.count(WebhookTab::All) > 0,
        has_key: published || !own_keys.items.is_empty(),
        published,
        delivered: delivered.first().map(|one| (one.id, one.webhook)),
        verified: workspaces::is_verified(conn, workspace_seq)?,
        is_settled: delivered.len() >= FIRST_DELIVERIES as usize,
    })
}

fn dead_letters_of(workspace_seq: i64) -> DeliveryFilter {
    DeliveryFilter {
        workspace_seq,
        scope: DeliveryScope::DeadLetters,
        ..DeliveryFilter::default()
    }
}

pub(super) fn last_failure(
    conn: &Read<'_>,
    webhook: &Webhook,
) -> Result<Option<Delivery>, StoreError> {
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

/// The webhooks that need somebody, the longest failing first.
pub(super) fn in_trouble() -> WebhookSearch {
    WebhookSearch {
        text: String::new(),
        tab: WebhookTab::Attention,
        sort: WebhookSort::Trouble,
        skip: 0,
    }
}

fn troubled(conn: &Read<'_>, webhook: Webhook, summary: &Summary) -> Result<Troubled, StoreError> {
    Ok(Troubled {
        dead_letters: dead_letters(&webhook, summary),
        last_failure: last_failure(conn, &webhook)?,
        webhook,
    })
}

fn dead_letters(webhook: &Webhook, summary: &Summary) -> u64 {
    let mut standings = summary.by_webhook.iter();
    let own = standings.find(|standing| standing.webhook == webhook.id);
    own.map_or(0, |standing| standing.dead_letters)
}
