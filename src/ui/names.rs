//! What webhooks are called in rows about something else.
//!
//! Owns: the words for a name: the label, else the host. Refuses: reading names (`service::views`).

use crate::domain::id::WebhookId;
use crate::domain::webhook::WebhookName;
use crate::service::views::WebhookNames;
use crate::ui::parts::host;

/// The names of webhooks by row.
#[derive(Clone, Debug, Default)]
pub struct Names(pub WebhookNames);

impl Names {
    /// The id of the webhook in row `seq`.
    #[must_use]
    pub fn id(&self, seq: i64) -> Option<WebhookId> {
        self.0.id(seq)
    }

    /// What the webhook in row `seq` is called: its label, else its host.
    #[must_use]
    pub fn called(&self, seq: i64) -> String {
        self.0.of(seq).map_or_else(|| "unknown".to_owned(), called)
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
