//! A consumer's own webhooks that need somebody.
//!
//! Owns: finding the first of them. Refuses: the list of all ([`super::webhooks`]).

use super::Views;
use super::overview::in_trouble;
use crate::domain::page::Limit;
use crate::domain::webhook::{Webhook, WebhookTab};
use crate::service::{Caller, Refusal};
use crate::store::webhooks;

/// A caller's own webhooks that need somebody.
#[derive(Clone, Debug)]
pub struct OwnTroubled {
    /// The longest failing first.
    pub webhooks: Vec<Webhook>,
    /// How many more there are.
    pub left_out: usize,
}

impl Views<'_> {
    /// Those of the caller's webhooks that need somebody, up to `limit`.
    pub async fn own_troubled(
        &self,
        caller: &Caller,
        limit: Limit,
    ) -> Result<OwnTroubled, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |store, conn| {
                let hits = webhooks::search(conn, purview, &in_trouble(), limit.rows())?;
                let now = store.clock().now();
                let webhooks = webhooks::in_rows(conn, store.vault(), &hits.seqs, now)?;
                let all = hits.count(WebhookTab::Attention);
                Ok(OwnTroubled {
                    left_out: all.saturating_sub(webhooks.len()),
                    webhooks,
                })
            })
            .await
    }
}
