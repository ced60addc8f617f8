//! One event at every webhook, with what those are called.
//!
//! Owns: the reading of its page. Refuses: the reasons why a webhook did not get it, which every
//! audience is told (`service::events`).

use super::{Views, WebhookNames};
use crate::service::events::{EventDetail, detail_in};
use crate::service::{Caller, Refusal};

/// An event and the names of its webhooks.
#[derive(Clone, Debug)]
pub struct EventWithNames {
    /// The event.
    pub detail: EventDetail,
    /// What the webhooks are called that got it, or did not.
    pub names: WebhookNames,
}

impl Views<'_> {
    /// The event that its publisher knows as `id`.
    pub async fn event(&self, caller: &Caller, id: &str) -> Result<EventWithNames, Refusal> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.service
            .read(move |store, conn| {
                let detail = detail_in(store, conn, &caller, &id)?;
                let got = detail.deliveries.iter().map(|one| one.webhook.seq());
                let all = got.chain(detail.webhooks.iter().map(|one| one.id.seq()));
                Ok(EventWithNames {
                    names: WebhookNames::read(conn, all)?,
                    detail,
                })
            })
            .await
    }
}
