//! One delivery, with the others of its event.
//!
//! Owns: the reading of its page. Refuses: choosing what of it has room there.

use super::{Views, WebhookNames, told};
use crate::domain::delivery::{Delivery, Next};
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::service::deliveries::{DeliveryDetail, detail_in};
use crate::service::{Caller, Refusal};
use crate::store::{deliveries, webhooks};

/// Attempts that are told of before they are made.
const PLANNED_MAX: usize = 5;

/// A delivery, whole, and its siblings.
#[derive(Clone, Debug)]
pub struct DeliveryWithSiblings {
    /// The delivery.
    pub detail: DeliveryDetail,
    /// Other deliveries of its event, oldest first.
    pub siblings: Vec<Delivery>,
    /// What all their webhooks are called.
    pub names: WebhookNames,
    /// When its next attempts are due should each fail, as its webhook's policy is now.
    pub planned: Vec<Timestamp>,
}

impl Views<'_> {
    /// The delivery `id`, with at most `siblings_max` others of its event.
    pub async fn delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
        siblings_max: usize,
    ) -> Result<DeliveryWithSiblings, Refusal> {
        let caller = caller.clone();
        let now = self.service.clock().now();
        self.service
            .read(move |store, conn| {
                let detail = detail_in(store, conn, &caller, id, None)?;
                let purview = caller.purview();
                let event_seq = detail.delivery.event.seq();
                let mut siblings = deliveries::of_event(conn, event_seq, siblings_max + 1)?;
                siblings.retain(|one| {
                    one.id != id && purview.holds(one.workspace_seq, one.consumer_seq)
                });
                siblings.truncate(siblings_max);
                let own = std::iter::once(detail.delivery.webhook.seq());
                let seqs = own.chain(siblings.iter().map(|one| one.webhook.seq()));
                let webhook = detail.delivery.webhook.seq();
                let webhook = webhooks::find(conn, store.vault(), webhook, now)?;
                Ok(DeliveryWithSiblings {
                    planned: planned(&detail.delivery, webhook.as_ref()),
                    names: WebhookNames::read(conn, seqs)?,
                    detail,
                    siblings: told(siblings, &caller),
                })
            })
            .await
    }
}

fn planned(delivery: &Delivery, webhook: Option<&Webhook>) -> Vec<Timestamp> {
    let Some(next) = delivery.next_attempt_at() else {
        return Vec::new();
    };
    let progress = &delivery.progress;
    let began = progress.run_started_at.unwrap_or(next);
    match webhook {
        Some(webhook) if matches!(progress.next, Next::Scheduled(_)) => {
            let policy = &webhook.settings.retry;
            policy.planned(progress.failed_in_run, began, next, PLANNED_MAX)
        }
        // What is attempted by hand goes on by where it stood before.
        Some(_) | None => vec![next],
    }
}
