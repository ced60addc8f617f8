//! The consumer portal: the links that open it, and what whoever opened one may do.
//!
//! Owns: what a link permits, how long it lasts, how its pages look. Refuses: tokens' text form
//! (`token`) and saying when a link has ended (`service`).
//!
//! # Why a link has capabilities and not scopes
//! A scope is a promise to programs of the platform, by kind of thing. A customer is let in by kind
//! of deed: to send a test is neither to change a webhook nor to retry what failed.

use std::fmt;
use std::time::Duration;

use super::feature_flag::FeatureFlags;
use super::id::{ConsumerId, PortalLinkId, PortalLinkKind, PortalSessionKind, WorkspaceId};
use super::time::Timestamp;
use super::token::{Token, TokenHash};
use super::workspace::Plan;

/// What opens the portal, and calls the API for a consumer: `hpl_…`.
pub type PortalToken = Token<PortalLinkKind>;

/// What a link's token is exchanged for: the portal's cookie. It opens pages and no API.
pub type PortalSessionToken = Token<PortalSessionKind>;

/// How long a link lasts where nothing is said.
pub const LINK_LASTS: Duration = Duration::from_secs(3600);
/// The shortest time that a link can be asked to last.
pub const LINK_LASTS_MIN: Duration = Duration::from_secs(5 * 60);
/// The longest time that a link can be asked to last.
pub const LINK_LASTS_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest locale, in characters.
pub const LOCALE_CHARS_MAX: usize = 35;

/// One kind of deed that a link may permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Look at webhooks, events, deliveries and the catalogue of event types.
    View,
    /// Add, change, rotate, disable and delete webhooks.
    Manage,
    /// See webhooks' secrets.
    Secrets,
    /// Retry, recover, replay, cancel and discard deliveries.
    Retry,
    /// Send test events.
    Test,
}

impl Capability {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::View,
        Self::Manage,
        Self::Secrets,
        Self::Retry,
        Self::Test,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Manage => "manage",
            Self::Secrets => "secrets",
            Self::Retry => "retry",
            Self::Test => "test",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == word)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of capabilities. Its text form, words separated by single spaces, is what the database holds.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u8);

impl Capabilities {
    /// All of them: what a link permits where nothing is said.
    #[must_use]
    pub fn all() -> Self {
        Capability::ALL.into_iter().collect()
    }

    /// Whether the set holds `one`.
    #[must_use]
    pub fn contains(self, one: Capability) -> bool {
        self.0 & one.bit() != 0
    }

    /// The capabilities in the set, in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL
            .into_iter()
            .filter(move |one| self.contains(*one))
    }

    /// Reads the text form back; `None` if any word in it is unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_ascii_whitespace()
            .map(Capability::parse)
            .collect()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | one.bit()))
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Capability::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Light or dark, as the platform's own pages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalTheme {
    /// As the reader's system is.
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl PortalTheme {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == word)
    }
}

/// Whether `text` has the form of a language tag (RFC 5646): `en`, `pt-BR`, `zh-Hant-TW`.
#[must_use]
pub fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_language = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= LOCALE_CHARS_MAX && parts.next().is_some_and(is_language) && parts.all(is_part)
}

/// What a new row is made of.
#[derive(Clone, Debug)]
pub struct NewPortalLink {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who is let in.
    pub consumer: ConsumerId,
    /// What they may do.
    pub can: Capabilities,
    /// How the pages look.
    pub theme: PortalTheme,
    /// The language that the platform's pages speak.
    pub locale: Option<String>,
    /// The event types with which flags they are shown, besides those without.
    pub feature_flags: FeatureFlags,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A link, as long as it is stored.
#[derive(Clone, Debug)]
pub struct PortalLink {
    /// Its id.
    pub id: PortalLinkId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The workspace's plan.
    pub plan: Plan,
    /// Who is let in.
    pub consumer: ConsumerId,
    /// What they may do.
    pub can: Capabilities,
    /// How the pages look.
    pub theme: PortalTheme,
    /// The language that the platform's pages speak.
    pub locale: Option<String>,
    /// The event types with which flags they are shown, besides those without.
    pub feature_flags: FeatureFlags,
    /// What its token hashes to.
    pub hash: TokenHash,
    /// When it ends.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_capabilities_reads_back_and_unknown_words_do_not() {
        for bits in 0..32 {
            let set = Capabilities(bits);
            assert_eq!(Capabilities::parse(&set.to_string()), Some(set));
        }
        for text in ["View", "view,test", "admin", "view secret"] {
            assert_eq!(Capabilities::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_locale_has_the_form_of_a_language_tag() {
        for good in [
            "en",
            "pt-BR",
            "zh-Hant-TW",
            "de-1996",
            "sl-rozaj-biske-1994",
        ] {
            assert!(is_locale(good), "{good}");
        }
        let long = "en-".repeat(12) + "x";
        for bad in ["", "e", "-", "en-", "en_US", "e1", "en US", "en\"", &long] {
            assert!(!is_locale(bad), "{bad}");
        }
    }
}
