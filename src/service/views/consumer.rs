//! One consumer and how it does.
//!
//! Owns: the reading of its page. Refuses: more of its webhooks and deliveries than a page shows; their
//! lists have filters.

use super::dead_letters::counted;
use super::{Matching, Views, WebhookNames, told};
use crate::domain::consumer::{Consumer, Purview};
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::page::Limit;
use crate::domain::webhook::Webhook;
use crate::service::consumers::found;
use crate::service::stats::{PeriodInput, Stats, Steps, of_consumer};
use crate::service::{Caller, Refusal};
use crate::store::{deliveries, webhooks};

/// A consumer with its figures, webhooks and latest deliveries.
#[derive(Clone, Debug)]
pub struct ConsumerActivity {
    /// The consumer.
    pub consumer: Consumer,
    /// How its webhooks have been doing.
    pub stats: Stats,
    /// Its dead letters that nobody has discarded.
    pub dead_letters: Matching,
    /// Its webhooks, newest first.
    pub webhooks: Vec<Webhook>,
    /// Its latest deliveries, newest first.
    pub recent: Vec<Delivery>,
    /// What their webhooks are called, by row.
    pub names: WebhookNames,
}

impl Views<'_> {
    /// The consumer that `named` means, with up to `rows` of its webhooks and latest deliveries.
    pub async fn consumer(
        &self,
        caller: &Caller,
        named: &str,
        rows: Limit,
    ) -> Result<ConsumerActivity, Refusal> {
        let now = self.service.clock().now();
        let steps = Steps::of(PeriodInput::default(), now)?;
        let (caller, named) = (caller.clone(), named.to_owned());
        self.service
            .read(move |store, conn| {
                let consumer = found(conn, &caller, &named)?;
                let (workspace_seq, seq) = (caller.workspace.seq(), consumer.id.seq());
                let purview = Purview {
                    workspace_seq,
                    consumer_seq: Some(seq),
                };
                let filter = DeliveryFilter {
                    workspace_seq,
                    consumer_seq: Some(seq),
                    ..DeliveryFilter::default()
                };
                let dead = DeliveryFilter {
                    scope: DeliveryScope::DeadLetters,
                    ..filter.clone()
                };
                let vault = store.vault();
                let recent = deliveries::list(conn, &filter, None, rows)?.items;
                Ok(ConsumerActivity {
                    stats: of_consumer(conn, &steps, workspace_seq, seq)?,
                    dead_letters: counted(conn, &dead)?,
                    webhooks: webhooks::list(conn, vault, purview, None, rows, now)?.items,
                    names: WebhookNames::read(conn, recent.iter().map(|one| one.webhook.seq()))?,
                    recent: told(recent, &caller),
                    consumer,
                })
            })
            .await
    }
}
