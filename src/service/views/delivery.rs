//! One delivery, with the others of its event.
//!
//! Owns: the reading of its page. Refuses: choosing what of it has room there.

use super::{Views, WebhookNames, told};
use crate::domain::delivery::Delivery;
use crate::domain::id::DeliveryId;
use crate::service::deliveries::{DeliveryDetail, detail_in};
use crate::service::{Caller, Refusal};
use crate::store::deliveries;

/// A delivery, whole, and its siblings.
#[derive(Clone, Debug)]
pub struct DeliveryWithSiblings {
    /// The delivery.
    pub detail: DeliveryDetail,
    /// Other deliveries of its event, oldest first.
    pub siblings: Vec<Delivery>,
    /// What all their webhooks are called.
    pub names: WebhookNames,
}

impl Views<'_> {
    /// The delivery `id`, with at most `siblings_max` others of its event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delivery(
        &self,
        caller: &Caller,
        id: DeliveryId,
        siblings_max: usize,
    ) -> Result<DeliveryWithSiblings, Refusal> {
        let caller = caller.clone();
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
                Ok(DeliveryWithSiblings {
                    names: WebhookNames::read(conn, seqs)?,
                    detail,
                    siblings: told(siblings, &caller),
                })
            })
            .await
    }
}
