//! By what alerts are told.
//!
//! Owns: where their links lead, and what hands mails over. Refuses: telling anybody (`tell`).

use std::sync::Arc;

use crate::domain::hearer::Hearer;
use crate::net::Mailer;

/// Where the dashboard's pages lie, for links: scheme, host and port. Without it there are none.
#[derive(Clone, Debug, Default)]
pub struct Pages(Option<Arc<str>>);

impl Pages {
    /// Below `base`, which may end with a slash.
    #[must_use]
    pub fn at(base: &str) -> Self {
        Self(Some(base.trim_end_matches('/').into()))
    }

    /// Those that `hearer` may open: the dashboard is none of a customer's, nor is where it lies.
    pub(super) fn open_to(&self, hearer: Hearer) -> Self {
        match hearer {
            Hearer::Platform => self.clone(),
            Hearer::Customer => Self::default(),
        }
    }

    pub(super) fn link(&self, path: &str) -> Option<String> {
        self.0.as_ref().map(|base| format!("{base}{path}"))
    }
}

/// By what alerts are told.
#[derive(Clone, Debug, Default)]
pub struct AlertWays {
    /// Where the dashboard's pages lie, for links.
    pub pages: Pages,
    /// What hands mails over; without it there are none.
    pub mailer: Option<Mailer>,
}
