//! API keys: who a program is, and what it may do.
//!
//! Owns: the scopes of the API, sets of them, and what a set allows. Refuses: the text form and
//! hashing of keys, which API keys share with sessions (`token`), and storing them.

use std::fmt;

use super::id::{ConsumerId, KeyId, KeyKind, WorkspaceId};
use super::time::Timestamp;
use super::token::{Token, TokenHash};

/// An API key as a program presents it: `hpk_…`.
pub type ApiKeyToken = Token<KeyKind>;

/// One thing that a key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Publish and replay events, and change the catalogue of event types.
    EventsWrite,
    /// Read events and the catalogue of event types.
    EventsRead,
    /// Read webhooks and their statistics.
    WebhooksRead,
    /// Create, change, test and remove webhooks.
    WebhooksWrite,
    /// Read deliveries, attempts, dead letters and retries.
    DeliveriesRead,
    /// Retry, cancel and discard deliveries.
    DeliveriesWrite,
    /// Read consumers.
    ConsumersRead,
    /// Create, change and delete consumers.
    ConsumersWrite,
    /// Read the secrets of webhooks, again and again.
    SecretsRead,
    /// Read the numbers of the whole instance at `/metrics`.
    MetricsRead,
    /// Everything, in every workspace, and the instance itself.
    Admin,
}

impl Scope {
    /// Every scope, in the order in which people are shown them.
    pub const ALL: [Self; 11] = [
        Self::EventsWrite,
        Self::EventsRead,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::DeliveriesRead,
        Self::DeliveriesWrite,
        Self::ConsumersRead,
        Self::ConsumersWrite,
        Self::SecretsRead,
        Self::MetricsRead,
        Self::Admin,
    ];

    /// The scope's name in requests, answers and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::DeliveriesRead => "deliveries:read",
            Self::DeliveriesWrite => "deliveries:write",
            Self::ConsumersRead => "consumers:read",
            Self::ConsumersWrite => "consumers:write",
            Self::SecretsRead => "secrets:read",
            Self::MetricsRead => "metrics:read",
            Self::Admin => "admin",
        }
    }

    /// Reads a scope's name back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes. Its text form, names separated by single spaces, is what the database holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// All that concerns one workspace, and what a key of it gets when nothing is asked for.
    #[must_use]
    pub fn workspace() -> Self {
        let of_instance = [Scope::MetricsRead, Scope::Admin];
        Scope::ALL
            .into_iter()
            .filter(|scope| !of_instance.contains(scope))
            .collect()
    }

    /// What a key that is bound to a consumer gets when nothing is asked for: all but what only the
    /// platform may do.
    #[must_use]
    pub fn consumer() -> Self {
        let of_platform = [Scope::EventsWrite, Scope::ConsumersWrite];
        let all = Self::workspace();
        all.iter()
            .filter(|scope| !of_platform.contains(scope))
            .collect()
    }

    /// What a key of the instance has.
    #[must_use]
    pub fn admin() -> Self {
        Self(Scope::Admin.bit())
    }

    /// Whether `scope` itself is in the set.
    #[must_use]
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether the set permits what `scope` stands for: it holds the scope, or `admin`.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        self.contains(scope) || self.contains(Scope::Admin)
    }

    /// Whether the set is empty; a key without scopes could do nothing at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }

    /// Reads the text form back; `None` if any name in it is unknown. Repeats and order are free.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A key as it is stored.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The workspace it belongs to; `None` for a key of the instance.
    pub workspace: Option<WorkspaceId>,
    /// The consumer it is bound to: then it reaches only what is that consumer's.
    pub consumer: Option<ConsumerId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// What its token hashes to.
    pub hash: TokenHash,
    /// Requests per second that it may make; `None` is not limited.
    pub rate_limit: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a new row is made of.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The workspace it belongs to; `None` for a key of the instance.
    pub workspace: Option<WorkspaceId>,
    /// The consumer it is bound to.
    pub consumer: Option<ConsumerId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Requests per second that it may make; `None` is not limited.
    pub rate_limit: Option<f64>,
}

/// Which keys a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysOf {
    /// Those of every workspace, and of the instance.
    Everybody,
    /// Those of one workspace.
    Workspace(i64),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_scope_reads_back_and_others_do_not() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        for text in ["", "Admin", "events", "events:write ", "*"] {
            assert_eq!(Scope::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn admin_allows_everything_and_nothing_else_allows_admin() {
        assert!(
            Scope::ALL
                .into_iter()
                .all(|scope| Scopes::admin().allows(scope))
        );
        assert!(!Scopes::workspace().allows(Scope::Admin));
        assert!(!Scopes::workspace().allows(Scope::MetricsRead));
        assert!(!Scopes::admin().contains(Scope::EventsRead));
        assert!(Scopes::default().is_empty());
    }

    #[test]
    fn one_unknown_name_spoils_the_set() {
        assert_eq!(Scopes::parse("events:read evnts:write"), None);
        assert_eq!(Scopes::parse(""), Some(Scopes::default()));
    }

    proptest! {
        #[test]
        fn every_set_reads_back(picks in proptest::collection::vec(0..11_usize, 0..12)) {
            let scopes: Scopes = picks.iter().map(|pick| Scope::ALL[*pick]).collect();
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), Some(scopes));
            for (place, scope) in Scope::ALL.into_iter().enumerate() {
                prop_assert_eq!(scopes.contains(scope), picks.contains(&place));
            }
        }
    }
}
