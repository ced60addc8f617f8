//! Taking discarding back: a dead letter that was discarded is one again.
//!
//! Owns: one and many. Refuses: what retention has removed; until then everything can be taken back.

use super::{Begun, Selection};
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::id::{DeliveryId, JobId};
use crate::domain::job::JobKind;
use crate::service::{Caller, Done, Idempotency, Refusal, Service};
use crate::store::{WriteTx, deliveries};

impl Service {
    /// Makes a discarded dead letter one again.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where it is not discarded.
    pub async fn restore_dead_letter(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Delivery, Refusal> {
        let restore = move |tx: &mut WriteTx<'_>, delivery: &Delivery| {
            if !delivery.is_discarded() {
                let message = "this delivery is not a discarded dead letter".to_owned();
                return Err(Refusal::Conflict(message));
            }
            Ok(deliveries::restore(tx, id.seq()).map(drop)?)
        };
        self.act_on_delivery(caller, id, "dead_letter.restore", restore)
            .await
    }

    /// Makes discarded dead letters such again.
    pub async fn restore_dead_letters(
        &self,
        caller: &Caller,
        chosen: Selection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let scope = DeliveryScope::Discarded;
        let chosen = self.those_of(caller, chosen, scope).await?;
        let action = "dead_letter.restore_many";
        self.begin(caller, JobKind::Restore, action, chosen, key)
            .await
    }

    /// Makes such again what a job discarded, and nobody has touched since.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such job; as [`Service::retry_deliveries`].
    pub async fn restore_discarded(
        &self,
        caller: &Caller,
        job: JobId,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        self.job(caller, job).await?;
        let purview = caller.purview();
        let filter = DeliveryFilter {
            workspace_seq: purview.workspace_seq,
            consumer_seq: purview.consumer_seq,
            job_seq: Some(job.seq()),
            ..DeliveryFilter::default()
        };
        self.restore_dead_letters(caller, Selection::Filter(filter), key)
            .await
    }
}
