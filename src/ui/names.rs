//! What webhooks are called in rows about something else.
//!
//! Owns: the words for a name: the label, else the host; and which webhook somebody means who typed one.
//! Refuses: reading names (`service::views`).

use crate::domain::id::WebhookId;
use crate::domain::webhook::WebhookName;
use crate::service::views::{NamedWebhooks, WebhookNames};
use crate::ui::parts::{counted, host};

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

/// A webhook as a field names it: what it is called, and its id, which says which of two.
#[must_use]
pub fn option_of(name: &WebhookName) -> String {
    format!("{} {}", called(name), name.id)
}

/// The id at the end of what a field says, as [`option_of`] puts it there.
#[must_use]
pub fn id_in(text: &str) -> Option<WebhookId> {
    text.split(' ').next_back().and_then(WebhookId::parse)
}

/// The one webhook that `text` names: the only one, or the only one called exactly so.
#[must_use]
pub fn only<'a>(found: &'a NamedWebhooks, text: &str) -> Option<&'a WebhookName> {
    let is_exact = |name: &&WebhookName| called(name).to_lowercase() == text.to_lowercase();
    let mut exact = found.first.iter().filter(is_exact);
    match (found.first.as_slice(), exact.next(), exact.next()) {
        ([only], ..) | (_, Some(only), None) => Some(only),
        _ => None,
    }
}

/// What is amiss with a text that names no webhook, or several.
#[must_use]
pub fn several(found: &NamedWebhooks) -> String {
    match found.total {
        0 => "no webhook is called so".to_owned(),
        total => format!("fits {}", counted(total as u64, "webhook", "webhooks")),
    }
}
