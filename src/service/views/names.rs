//! What webhooks are called in rows about something else.
//!
//! Owns: reading the names that a page needs, all at once. Refuses: anything else about webhooks.

use std::collections::BTreeMap;

use crate::domain::delivery::DeliveryFilter;
use crate::domain::id::WebhookId;
use crate::domain::webhook::WebhookName;
use crate::store::webhooks;
use crate::store::{Read, StoreError};

/// The names of webhooks by row.
#[derive(Clone, Debug, Default)]
pub struct WebhookNames(BTreeMap<i64, WebhookName>);

/// What the webhook is called that a filter narrows to.
pub(super) fn name_of(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
) -> Result<Option<WebhookName>, StoreError> {
    let Some(seq) = filter.webhook_seq else {
        return Ok(None);
    };
    webhooks::name_in(conn, filter.workspace_seq, seq)
}

impl WebhookNames {
    pub(super) fn read(
        conn: &Read<'_>,
        seqs: impl IntoIterator<Item = i64>,
    ) -> Result<Self, StoreError> {
        let mut wanted: Vec<i64> = seqs.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = webhooks::names_of(conn, &wanted)?;
        Ok(Self(
            found
                .into_iter()
                .map(|name| (name.id.seq(), name))
                .collect(),
        ))
    }

    /// What the webhook in row `seq` is called, if it was asked for and exists.
    #[must_use]
    pub fn of(&self, seq: i64) -> Option<&WebhookName> {
        self.0.get(&seq)
    }

    /// The id of the webhook in row `seq`.
    #[must_use]
    pub fn id(&self, seq: i64) -> Option<WebhookId> {
        self.of(seq).map(|name| name.id)
    }
}
