//! A consumer's own webhooks that need somebody.
//!
//! Owns: finding them among the newest. Refuses: the list of all ([`super::webhooks`]).

use super::Views;
use crate::domain::page::Limit;
use crate::domain::webhook::{Webhook, WebhookTrouble};
use crate::service::{Caller, Refusal};
use crate::store::webhooks;

/// Webhooks among which those that need somebody are looked for.
const LOOKED_AT: u32 = 200;

impl Views<'_> {
    /// Those of the caller's webhooks that need somebody, up to `limit`.
    pub async fn own_troubled(
        &self,
        caller: &Caller,
        limit: Limit,
    ) -> Result<Vec<Webhook>, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |store, conn| {
                let (vault, now) = (store.vault(), store.clock().now());
                let looked_at = Limit::clamped(LOOKED_AT);
                let mut found = webhooks::list(conn, vault, purview, None, looked_at, now)?.items;
                let seqs: Vec<i64> = found.iter().map(|webhook| webhook.id.seq()).collect();
                let dead = webhooks::with_dead_letters(conn, &seqs)?;
                found.retain(|webhook| {
                    let trouble = WebhookTrouble {
                        is_failing: webhook.health.consecutive_failures > 0,
                        has_dead_letters: dead.contains(&webhook.id.seq()),
                    };
                    trouble.needs_somebody(webhook.state)
                });
                found.truncate(limit.rows());
                Ok(found)
            })
            .await
    }
}
