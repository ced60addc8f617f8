//! Wire profiles: how deliveries look on the wire, described as data.
//!
//! Owns: the checked profile, its file format (TOML, and the same document as JSON), the built-in
//! six. Refuses: building bodies (`envelope`), computing signatures (`signing`), and knowing where
//! profiles are kept.
//!
//! # Why a profile is a document and not code
//! A platform that once promised its customers a header and an envelope must be able to keep both
//! without waiting for a release of ours. A built-in profile has no privilege: it is a file of the
//! same form, compiled in.
//!
//! # Why everything is prepared while reading
//! A profile is read once and used for thousands of deliveries a second. Templates, JSON keys and
//! policies are therefore taken apart here, and every later step is a straight copy.

mod check;
mod document;
pub mod gallery;
mod stored;
pub(super) mod template;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::breaker::BreakerPolicy;
use super::event_type::{EventTypeName, Subscription};
use super::format::Format;
use super::retry::RetryPolicy;
use document::Document;
pub use stored::{Origin, StoredProfile};
use template::Template;

/// The most bytes of a profile's file: 64 KiB.
pub const FILE_BYTES_MAX: usize = 64 * 1024;
/// The most headers of a profile, the signature's own not counted: 16.
pub const HEADERS_MAX: usize = 16;
/// The most fields of an envelope: 32.
pub const ENVELOPE_FIELDS_MAX: usize = 32;
/// The most event types of a profile's catalogue: 500.
pub const CATALOGUE_MAX: usize = 500;
/// The most characters of a profile's name: 64.
pub const NAME_CHARS_MAX: usize = 64;
/// The most characters of any other text in a profile (description, group, header value): 500.
pub const TEXT_CHARS_MAX: usize = 500;
/// The shortest timeout of one attempt: 100 ms.
pub const TIMEOUT_MIN: Duration = Duration::from_millis(100);
/// The longest timeout of one attempt: two minutes.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(120);
/// The timeout of one attempt where a profile names none: 10 s.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// How long a webhook may do nothing but fail where a profile has no breaker of its own: five days.
pub const DISABLE_AFTER_DEFAULT: Duration = Duration::from_secs(5 * 24 * 3600);
/// The name of the profile that a workspace has unless it chose another.
pub const DEFAULT_PROFILE: &str = "standard";

/// A wire profile that was read and makes sense.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) source: String,
    pub(super) document: Document,
    pub(super) envelope: Envelope,
    pub(super) headers: Vec<HeaderRule>,
    pub(super) aliases: Vec<HeaderAlias>,
    pub(super) signature: SignatureScheme,
    pub(super) generated_secret: GeneratedSecret,
    pub(super) retry_policy: RetryPolicy,
    pub(super) timeout: Duration,
    pub(super) breaker: BreakerPolicy,
    pub(super) event_id: Option<String>,
    pub(super) default_event_types: Option<Subscription>,
    pub(super) test_event: TestEvent,
    pub(super) catalogue: Vec<CatalogueEntry>,
}

/// Why a profile was refused: the field, and a sentence for its author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ProfileError {
    /// The path of the field at fault, such as `envelope[1].name`; `profile` for the whole file.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// The event that a test of a webhook sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestEvent {
    /// Its type.
    pub event_type: EventTypeName,
    /// Its data: JSON text.
    pub data: String,
}

/// One event type of the system that a profile speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its name.
    pub name: EventTypeName,
    /// When it happens, in the words of the system's documentation.
    pub description: Option<String>,
    /// The heading under which lists show it.
    pub group: Option<String>,
}

/// The body's fields in order, and the names among them (which a flattened data must not repeat).
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) parts: Vec<EnvelopePart>,
    pub(super) names: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum EnvelopePart {
    /// `key` is the JSON string with its colon, ready to be copied.
    Field { key: Box<str>, value: FieldValue },
    /// The data's own members stand here.
    Members,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldValue {
    EventType,
    /// Left out where the event is of none.
    EventVersion,
    EventId,
    DeliveryId,
    WorkspaceId,
    Time(TimeForm),
    Data,
    /// JSON text of a constant.
    Constant(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    Rfc3339,
    UnixSeconds,
    UnixMillis,
}

#[derive(Clone, Debug)]
pub(super) struct HeaderRule {
    pub(super) name: String,
    pub(super) value: Template,
}

/// The second name under which a header goes out as well, where a webhook wants that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeaderAlias {
    pub(super) of: String,
    pub(super) name: String,
}

#[derive(Clone, Debug)]
pub(super) struct SignatureScheme {
    pub(super) header: String,
    /// Stands once, before the first signature.
    pub(super) lead: Template,
    /// Stands before every signature.
    pub(super) prefix: String,
    pub(super) encoding: Encoding,
    /// What separates several signatures; `None` where the header holds one.
    pub(super) separator: Option<String>,
    pub(super) content: Template,
    pub(super) key: KeyForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// How the characters of a secret become the bytes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyForm {
    Base64AfterPrefix,
    Utf8,
}

/// The form of the secrets that hookpost makes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeneratedSecret {
    /// `whsec_` and base64 of 32 bytes.
    Whsec,
    /// 64 hex digits.
    Hex64,
}

static BUILT_IN: LazyLock<[Arc<Profile>; 6]> = LazyLock::new(|| {
    [
        include_str!("profile/standard.toml"),
        include_str!("profile/armalo.toml"),
        include_str!("profile/veriswarm.toml"),
        include_str!("profile/armox.toml"),
        include_str!("profile/airmy.toml"),
        include_str!("profile/indigiarmor.toml"),
    ]
    .map(|toml| Arc::new(Profile::parse(toml).expect("a test reads every built-in profile")))
});

impl Profile {
    /// Reads a profile file of at most [`FILE_BYTES_MAX`].
    ///
    /// # Errors
    /// Names the field that does not make sense, and says what would.
    pub fn parse(toml: &str) -> Result<Self, ProfileError> {
        check::from_toml(toml)
    }

    /// Reads the same document as JSON. [`Profile::source`] is then the TOML that it comes to.
    ///
    /// # Errors
    /// Names the field that does not make sense, and says what would.
    pub fn from_json(json: serde_json::Value) -> Result<Self, ProfileError> {
        check::from_json(json)
    }

    /// The document as JSON; [`Profile::from_json`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.document).expect("a document holds text, numbers and lists")
    }

    /// The six built-in profiles, `standard` first.
    #[must_use]
    pub fn built_in() -> &'static [Arc<Self>] {
        &*BUILT_IN
    }

    /// The built-in profile called `name`.
    #[must_use]
    pub fn built_in_named(name: &str) -> Option<Arc<Self>> {
        let found = BUILT_IN.iter().find(|profile| profile.name == name);
        found.map(Arc::clone)
    }

    /// The default profile: Standard Webhooks 1.0.0.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        Arc::clone(&BUILT_IN[0])
    }

    /// The profile's name: lower-case letters, digits, `_` and `-`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One sentence about it; empty where its author gave none.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The TOML from which it was read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Delays between attempts, for webhooks that don't name their own.
    #[must_use]
    pub fn retry_policy(&self) -> &RetryPolicy {
        &self.retry_policy
    }

    /// The time that one attempt may take, for webhooks that don't name their own.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// When a failing webhook is disabled, for webhooks that don't name their own rules.
    #[must_use]
    pub fn breaker(&self) -> BreakerPolicy {
        self.breaker
    }

    /// What a webhook subscribes to that names nothing; `None` where it must name something.
    #[must_use]
    pub fn default_event_types(&self) -> Option<&Subscription> {
        self.default_event_types.as_ref()
    }

    /// The event that a test sends.
    #[must_use]
    pub fn test_event(&self) -> &TestEvent {
        &self.test_event
    }

    /// The event types of the system that this profile speaks for.
    #[must_use]
    pub fn catalogue(&self) -> &[CatalogueEntry] {
        &self.catalogue
    }

    /// The names of the headers that this profile sets, the signature's last.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let names = self.headers.iter().map(|rule| rule.name.as_str());
        names.chain([self.signature.header.as_str()])
    }

    /// The second name of the header `name`, under which its value is sent as well where a webhook
    /// wants aliases.
    #[must_use]
    pub fn alias_of(&self, name: &str) -> Option<&str> {
        let found = self.aliases.iter().find(|alias| alias.of == name);
        found.map(|alias| alias.name.as_str())
    }

    /// The header names that a webhook of this profile must not set itself, besides those that
    /// nobody may set (`header::is_forbidden`). Aliases are among them: they can be switched on at
    /// any time.
    #[must_use]
    pub fn reserved_headers(&self) -> Vec<&str> {
        let aliases = self.aliases.iter().map(|alias| alias.name.as_str());
        self.header_names().chain(aliases).collect()
    }

    /// The `content-type` of a delivery in `format`.
    #[must_use]
    pub fn content_type(&self, format: Format) -> &'static str {
        format.content_type()
    }

    /// Whether the header can carry one signature per live secret.
    #[must_use]
    pub fn carries_several_signatures(&self) -> bool {
        self.signature.separator.is_some()
    }

    /// Whether the data's own members are carried beside the envelope's, which only works for
    /// JSON objects.
    #[must_use]
    pub fn flattens(&self) -> bool {
        let is_members = |part: &EnvelopePart| matches!(part, EnvelopePart::Members);
        self.envelope.parts.iter().any(is_members)
    }
}

#[cfg(test)]
mod tests;
