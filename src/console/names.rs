//! What webhooks are called in rows about something else.
//!
//! Owns: reading the names that a page needs, each once. Refuses: anything else about webhooks.

use std::collections::BTreeMap;

use crate::domain::id::WebhookId;
use crate::domain::webhook::WebhookName;
use crate::store::webhooks;
use crate::store::{Read, Store, StoreError};
use crate::ui::parts::host;

/// Webhooks that a form lets choose from; the rest are found through their own page.
pub const CHOICES_MAX: u32 = 50;

/// The names of webhooks by row.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<i64, WebhookName>);

impl Names {
    /// The names of the webhooks in `rows`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn read(conn: &Read<'_>, rows: impl IntoIterator<Item = i64>) -> Result<Self, StoreError> {
        let mut names = BTreeMap::new();
        for seq in rows {
            if !names.contains_key(&seq)
                && let Some(name) = webhooks::name(conn, seq)?
            {
                names.insert(seq, name);
            }
        }
        Ok(Self(names))
    }

    /// As [`Names::read`], off the async threads.
    ///
    /// # Errors
    /// As [`Names::read`].
    pub async fn of(store: &Store, rows: Vec<i64>) -> Result<Self, StoreError> {
        store.read(move |conn| Self::read(conn, rows)).await
    }

    /// The id of the webhook in row `seq`.
    #[must_use]
    pub fn id(&self, seq: i64) -> Option<WebhookId> {
        self.0.get(&seq).map(|name| name.id)
    }

    /// Whether the webhook in row `seq` is among them.
    #[must_use]
    pub fn has(&self, seq: i64) -> bool {
        self.0.contains_key(&seq)
    }

    /// What the webhook in row `seq` is called: its label, else its host.
    #[must_use]
    pub fn called(&self, seq: i64) -> String {
        self.0
            .get(&seq)
            .map_or_else(|| "unknown".to_owned(), called)
    }
}

/// A webhook's label, else its host.
#[must_use]
pub fn called(name: &WebhookName) -> String {
    called_by(&name.label, &name.url)
}

/// As [`called`], from the parts.
#[must_use]
pub fn called_by(label: &str, url: &str) -> String {
    if label.is_empty() {
        host(url)
    } else {
        label.to_owned()
    }
}
