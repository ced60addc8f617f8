//! A list of deliveries, with what their webhooks are called.
//!
//! Owns: the rows, the names in them and in the filter. Refuses: dead letters, which have
//! more around them ([`super::dead_letters`]).

use super::names::name_of;
use super::{Views, WebhookNames};
use crate::domain::delivery::{Delivery, DeliveryScope};
use crate::domain::page::{Cursor, Limit, Order, Page};
use crate::domain::saved_view::{SavedView, SavedViewsOf};
use crate::domain::webhook::WebhookName;
use crate::service::filter::{FilterInput, filter_in};
use crate::service::{Caller, Refusal};
use crate::store::{Read, StoreError, deliveries, saved_views};

/// A page of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    /// The deliveries, newest first.
    pub page: Page<Delivery>,
    /// What their webhooks are called.
    pub names: WebhookNames,
    /// The webhook that the list is narrowed to.
    pub webhook: Option<WebhookName>,
    /// The saved views that were asked for.
    pub views: Vec<SavedView>,
}

/// What is listed, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedDeliveries {
    /// The filter as given.
    pub input: FilterInput,
    /// The newest or the oldest first.
    pub order: Order,
    /// Whose saved views of the list are read with it.
    pub views_of: Option<SavedViewsOf>,
}

impl Views<'_> {
    /// A page of the deliveries that `wanted` describes.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        wanted: WantedDeliveries,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Deliveries, Refusal> {
        let (purview, hearer) = (caller.purview(), caller.hearer());
        self.service
            .read(move |_, conn| {
                let filter = filter_in(conn, purview, DeliveryScope::All, &wanted.input)?;
                let page = deliveries::list_in(conn, &filter, wanted.order, cursor, limit)?;
                let seqs = page.items.iter().map(|one| one.webhook.seq());
                Ok(Deliveries {
                    names: WebhookNames::read(conn, seqs)?,
                    webhook: name_of(conn, &filter)?,
                    views: saved(conn, wanted.views_of.as_ref())?,
                    page: page.map(|own| own.told_to(hearer)),
                })
            })
            .await
    }
}

/// The views that somebody keeps of a list, if they are asked for.
pub(super) fn saved(
    conn: &Read<'_>,
    of: Option<&SavedViewsOf>,
) -> Result<Vec<SavedView>, StoreError> {
    of.map_or(Ok(Vec::new()), |of| saved_views::list(conn, of))
}
