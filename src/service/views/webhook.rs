//! One webhook and how it does.
//!
//! Owns: the reading of its page. Refuses: its secrets.

use std::sync::Arc;

use super::webhooks::OUTCOMES;
use super::{Views, WebhookNames, told};
use crate::domain::delivery::Status;
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::{Limit, Order};
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::service::stats::{PeriodInput, Stats, Steps, of_webhook};
use crate::service::webhooks::registered_in;
use crate::service::{Caller, Refusal};
use crate::store::deliveries;

/// A webhook with its figures and its latest deliveries.
#[derive(Clone, Debug)]
pub struct WebhookActivity {
    /// The webhook.
    pub webhook: Webhook,
    /// The profile that it is signed and wrapped by.
    pub profile: Arc<Profile>,
    /// How it has been doing.
    pub stats: Stats,
    /// How its latest deliveries stand, newest first.
    pub outcomes: Vec<Status>,
    /// Its latest deliveries, newest first.
    pub recent: Vec<Delivery>,
    /// What it is called, by row.
    pub names: WebhookNames,
    /// The test that was asked for.
    pub tested: Option<Delivery>,
    /// Since when there is something to recover: since it fails or is disabled, or since the oldest dead
    /// letter was made.
    pub trouble_began: Option<Timestamp>,
}

impl Views<'_> {
    /// The profile that `webhook` is signed and wrapped by, in the version that it follows.
    pub async fn webhook_profile(&self, webhook: &Webhook) -> Result<Arc<Profile>, Refusal> {
        let seq = webhook.profile.seq;
        self.service
            .read(move |store, conn| Ok(store.profile(conn, seq)?))
            .await
    }

    /// The webhook `id`, its latest deliveries up to `recent`, and the test delivery `tested`, if the
    /// workspace has one.
    pub async fn webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        recent: Limit,
        tested: Option<DeliveryId>,
    ) -> Result<WebhookActivity, Refusal> {
        let steps = Steps::of(PeriodInput::default(), self.service.clock().now())?;
        let caller = caller.clone();
        self.service
            .read(move |store, conn| {
                let webhook = registered_in(store, conn, &caller, id)?;
                let workspace_seq = caller.workspace.seq();
                let filter = DeliveryFilter {
                    workspace_seq,
                    webhook_seq: Some(id.seq()),
                    ..DeliveryFilter::default()
                };
                let dead = DeliveryFilter {
                    scope: DeliveryScope::DeadLetters,
                    ..filter.clone()
                };
                let oldest = Limit::clamped(1);
                let oldest = deliveries::list_in(conn, &dead, Order::Ascending, None, oldest)?;
                let oldest = oldest.items.first().map(|letter| letter.created_at);
                Ok(WebhookActivity {
                    trouble_began: oldest.into_iter().chain(webhook.trouble_began()).min(),
                    stats: of_webhook(conn, &steps, workspace_seq, id.seq())?,
                    outcomes: deliveries::latest(conn, workspace_seq, id.seq(), OUTCOMES)?,
                    recent: told(
                        deliveries::list(conn, &filter, None, recent)?.items,
                        &caller,
                    ),
                    names: WebhookNames::read(conn, [id.seq()])?,
                    tested: match tested {
                        Some(id) => deliveries::find_in(conn, caller.purview(), id)?,
                        None => None,
                    }
                    .map(|own| own.told_to(caller.hearer())),
                    profile: store.profile(conn, webhook.profile.seq)?,
                    webhook,
                })
            })
            .await
    }
}
