//! Dead letters: by cause, as a list, and the work that goes on with them.
//!
//! Owns: the reading of their page. Refuses: retrying and discarding (`service::jobs`).

use super::deliveries::{WantedDeliveries, saved};
use super::names::name_of;
use super::{Views, WebhookNames};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope, LetterGroup};
use crate::domain::job::{Job, JobStatus};
use crate::domain::page::{Cursor, Limit, Order, Page};
use crate::domain::saved_view::SavedView;
use crate::domain::webhook::WebhookName;
use crate::service::filter::{FilterInput, filter_in};
use crate::service::{Caller, Refusal};
use crate::store::deliveries::{self, GROUPED_ROWS_MAX};
use crate::store::jobs;
use crate::store::{Read, StoreError};

/// Matching dead letters that are counted; more are called more.
const COUNTED_MAX: usize = 2000;
/// Jobs among which those that run are looked for.
const JOBS_LOOKED_AT: u32 = 20;

/// A page of dead letters with all around it.
#[derive(Clone, Debug, Default)]
pub struct DeadLetters {
    /// The dead letters, newest first.
    pub page: Page<Delivery>,
    /// By webhook and cause, the largest group first; only at the beginning of the whole list.
    pub groups: Vec<LetterGroup>,
    /// How many of the newest the groups look at, where that leaves older ones out.
    pub groups_cut: Option<u32>,
    /// How many match.
    pub matching: Matching,
    /// What the webhooks of list and groups are called.
    pub names: WebhookNames,
    /// The webhook that the list is narrowed to.
    pub webhook: Option<WebhookName>,
    /// The saved views that were asked for.
    pub views: Vec<SavedView>,
    /// Background work that goes on.
    pub running: Vec<Job>,
}

/// How many rows match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// So many.
    Exactly(usize),
    /// So many were counted; there are more.
    MoreThan(usize),
}

impl Default for Matching {
    fn default() -> Self {
        Self::Exactly(0)
    }
}

impl Views<'_> {
    /// A page of the dead letters that `wanted` describes.
    pub async fn dead_letters(
        &self,
        caller: &Caller,
        wanted: WantedDeliveries,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<DeadLetters, Refusal> {
        let (purview, hearer) = (caller.purview(), caller.hearer());
        let workspace_seq = purview.workspace_seq;
        self.service
            .read(move |_, conn| {
                let WantedDeliveries {
                    input,
                    order,
                    views_of,
                } = wanted;
                // The groups are the whole workspace's: a consumer has no use for them.
                let is_whole = cursor.is_none()
                    && purview.consumer_seq.is_none()
                    && input == FilterInput::default();
                let filter = filter_in(conn, purview, DeliveryScope::DeadLetters, &input)?;
                let page = deliveries::list_in(conn, &filter, order, cursor, limit)?;
                let groups = match is_whole {
                    true => deliveries::groups(conn, workspace_seq)?,
                    false => Vec::new(),
                };
                let listed = page.items.iter().map(|one| one.webhook.seq());
                let grouped = groups.iter().map(|group| group.webhook_seq);
                Ok(DeadLetters {
                    names: WebhookNames::read(conn, listed.chain(grouped))?,
                    matching: matching(conn, &filter, cursor, limit, &page)?,
                    webhook: name_of(conn, &filter)?,
                    views: saved(conn, views_of.as_ref())?,
                    running: running(conn, purview)?,
                    groups_cut: groups_cut(&groups),
                    groups,
                    page: page.map(|own| own.told_to(hearer)),
                })
            })
            .await
    }
}

fn groups_cut(groups: &[LetterGroup]) -> Option<u32> {
    let letters: u64 = groups.iter().map(|group| group.letters).sum();
    (letters >= u64::from(GROUPED_ROWS_MAX)).then_some(GROUPED_ROWS_MAX)
}

/// A first page that is not full has looked at all rows that counting would look at.
fn matching(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    cursor: Option<Cursor>,
    limit: Limit,
    page: &Page<Delivery>,
) -> Result<Matching, StoreError> {
    let listed = page.items.len();
    if cursor.is_none() && (page.next.is_none() || listed < limit.rows()) {
        return Ok(said(listed, page.next));
    }
    counted(conn, filter)
}

/// How many dead letters `filter` finds, as far as is counted.
pub(super) fn counted(conn: &Read<'_>, filter: &DeliveryFilter) -> Result<Matching, StoreError> {
    let found = deliveries::scan(conn, filter, None, COUNTED_MAX, Order::Descending)?;
    Ok(said(found.items.len(), found.next))
}

fn said(counted: usize, next: Option<Cursor>) -> Matching {
    match next {
        None => Matching::Exactly(counted),
        Some(_) => Matching::MoreThan(counted),
    }
}

fn running(conn: &Read<'_>, purview: Purview) -> Result<Vec<Job>, StoreError> {
    let latest = jobs::list(conn, purview, None, Limit::clamped(JOBS_LOOKED_AT))?;
    let mut found = latest.items;
    found.retain(|job| job.status == JobStatus::Running);
    Ok(found)
}
