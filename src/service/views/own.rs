//! A consumer's own webhooks, and how each does.
//!
//! Owns: their list, and those that need somebody. Refuses: searching among them: they are few, and each
//! is read within the caller's purview.

use super::Views;
use super::webhooks::{WebhookSummary, summary};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::webhook::{Webhook, WebhookTrouble};
use crate::service::{Caller, Refusal};
use crate::store::{StoreError, webhooks};

/// Webhooks among which those that need somebody are looked for.
const LOOKED_AT: u32 = 200;

impl Views<'_> {
    /// A page of the caller's webhooks, newest first.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn own_webhooks(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<WebhookSummary>, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |store, conn| {
                let (vault, now) = (store.vault(), store.clock().now());
                let found = webhooks::list(conn, vault, purview, cursor, limit, now)?;
                let items = found.items.into_iter();
                let items = items.map(|webhook| summary(conn, webhook, now));
                Ok(Page {
                    items: items.collect::<Result<_, StoreError>>()?,
                    next: found.next,
                })
            })
            .await
    }

    /// Those of the caller's webhooks that need somebody, up to `limit`.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
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
