//! A list of deliveries, with what their webhooks are called.
//!
//! Owns: the rows, the names in them, the webhooks to choose from. Refuses: dead letters, which have
//! more around them ([`super::dead_letters`]).

use super::names::CHOICES_MAX;
use super::{Views, WebhookNames};
use crate::domain::delivery::{Delivery, DeliveryScope};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::webhook::WebhookName;
use crate::service::filter::{FilterInput, filter_in};
use crate::service::{Caller, Refusal};
use crate::store::deliveries;
use crate::store::webhooks;

/// A page of deliveries.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// The deliveries, newest first.
    pub page: Page<Delivery>,
    /// What their webhooks are called.
    pub names: WebhookNames,
    /// The webhooks to choose from, newest first.
    pub choices: Vec<WebhookName>,
}

impl Views<'_> {
    /// A page of the deliveries that `input` describes.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every field at fault.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        input: FilterInput,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Deliveries, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.service
            .read(move |_, conn| {
                let filter = filter_in(conn, workspace_seq, DeliveryScope::All, &input)?;
                let page = deliveries::list(conn, &filter, cursor, limit)?;
                let seqs = page.items.iter().map(|one| one.webhook.seq());
                Ok(Deliveries {
                    names: WebhookNames::read(conn, seqs)?,
                    choices: webhooks::names(conn, workspace_seq, CHOICES_MAX)?,
                    page,
                })
            })
            .await
    }
}
