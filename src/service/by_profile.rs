//! A workspace as seen through one wire profile: what the dialects show.
//!
//! Owns: finding webhooks and deliveries of one profile, by the numbers that some dialects show in
//! the place of ids. Refuses: changing anything; the actions take ids.

use super::{Caller, Refusal, Service};
use crate::domain::delivery::{Delivery, Trigger};
use crate::domain::id::WebhookId;
use crate::domain::page::{LIMIT_MAX, Limit};
use crate::domain::webhook::Webhook;
use crate::store::deliveries;
use crate::store::webhooks::{self, WEBHOOKS_MAX};

/// How a dialect names a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileWebhook {
    /// By its id.
    Id(WebhookId),
    /// By its row number.
    Number(i64),
}

impl Service {
    /// Every registered webhook of a profile, newest first: as many as a workspace may have.
    pub async fn webhooks_of_profile(
        &self,
        caller: &Caller,
        profile: &'static str,
    ) -> Result<Vec<Webhook>, Refusal> {
        let purview = caller.purview();
        self.read(move |store, conn| {
            let (vault, now) = (store.vault(), store.clock().now());
            let limit = Limit::clamped(LIMIT_MAX);
            let (mut found, mut cursor) = (Vec::new(), None);
            for _ in 0..WEBHOOKS_MAX.div_ceil(limit.rows()) {
                let page = webhooks::list(conn, vault, purview, cursor, limit, now)?;
                found.extend(
                    page.items
                        .into_iter()
                        .filter(|webhook| &*webhook.profile.name == profile),
                );
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            Ok(found)
        })
        .await
    }

    /// One webhook of a profile.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also where it has another profile.
    pub async fn webhook_of_profile(
        &self,
        caller: &Caller,
        profile: &'static str,
        name: ProfileWebhook,
    ) -> Result<Webhook, Refusal> {
        let purview = caller.purview();
        self.read(move |store, conn| {
            let (vault, now) = (store.vault(), store.clock().now());
            let id = match name {
                ProfileWebhook::Id(id) => Some(id),
                ProfileWebhook::Number(seq) => {
                    webhooks::find(conn, vault, seq, now)?.map(|webhook| webhook.id)
                }
            };
            let found = match id {
                Some(id) => webhooks::find_registered(conn, vault, purview, id, now)?,
                None => None,
            };
            found
                .filter(|webhook| &*webhook.profile.name == profile)
                .ok_or(Refusal::NotFound("webhook"))
        })
        .await
    }

    /// One delivery of a profile, by its row number.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also where it has another profile.
    pub async fn delivery_of_profile(
        &self,
        caller: &Caller,
        profile: &'static str,
        number: i64,
    ) -> Result<Delivery, Refusal> {
        let purview = caller.purview();
        self.read(move |store, conn| {
            let found = deliveries::find(conn, number)?
                .filter(|found| purview.holds(found.workspace_seq, found.consumer_seq))
                .filter(|found| found.trigger != Trigger::Alert)
                .ok_or(Refusal::NotFound("delivery"))?;
            if store.profile(conn, found.profile_seq)?.name() != profile {
                return Err(Refusal::NotFound("delivery"));
            }
            Ok(found)
        })
        .await
    }
}
