//! Versions of event types: their names, and which of them a webhook pins.
//!
//! Owns: the form of a name, and whether an event fits a pin. Refuses: knowing which versions there are.
//!
//! # What a pin does
//! An event is of one version, the one its publisher named or the newest in use, and nothing turns it into
//! another. So a webhook that pins a version of a type gets the events of that type that were published as
//! that version, and no other events of that type; one that pins none gets them all. Publishing both
//! versions while receivers move from one to the other is the publisher's part.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::EventTypeName;

/// The most characters of a version's name: 64.
pub const VERSION_CHARS_MAX: usize = 64;
/// The most versions that one webhook pins: 100.
pub const PINNED_VERSIONS_MAX: usize = 100;

/// The name of a version, such as `2` or `2026-03-16`: ASCII letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionName(Arc<str>);

impl VersionName {
    /// Reads a name of 1 to [`VERSION_CHARS_MAX`] characters that begins with a letter or digit.
    ///
    /// # Errors
    /// A sentence for the caller that says what a name looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        match begins && text.len() <= VERSION_CHARS_MAX && text.bytes().all(is_plain) {
            true => Ok(Self(text.into())),
            false => Err(format!(
                "must be 1 to {VERSION_CHARS_MAX} letters, digits, ., _ or -, beginning with a letter or \
                 digit, such as 2 or 2026-03-16"
            )),
        }
    }

    /// The version with a number.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// Its number, where its name is one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for VersionName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<VersionName> for String {
    fn from(name: VersionName) -> Self {
        name.as_str().to_owned()
    }
}

/// The versions that a webhook pins, one for a type at most; of other types it takes every version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionPins(BTreeMap<EventTypeName, VersionName>);

impl VersionPins {
    /// Reads pairs of a type and a version.
    ///
    /// # Errors
    /// The type whose pin cannot be read, or none where the whole is at fault, and a sentence for the
    /// caller.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, (Option<String>, String)> {
        let mut pins = BTreeMap::new();
        for (event_type, version) in pairs {
            let at_fault = |message| (Some(event_type.to_owned()), message);
            let name = EventTypeName::parse(event_type).map_err(|_| {
                at_fault("must name one event type: a version belongs to one".to_owned())
            })?;
            pins.insert(name, VersionName::parse(version).map_err(at_fault)?);
        }
        match pins.len() > PINNED_VERSIONS_MAX {
            false => Ok(Self(pins)),
            true => Err((
                None,
                format!("must pin at most {PINNED_VERSIONS_MAX} versions"),
            )),
        }
    }

    /// Whether it pins nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The version that it pins of a type.
    #[must_use]
    pub fn of(&self, event_type: &str) -> Option<&VersionName> {
        self.0.get(event_type)
    }

    /// Each type with the version that is pinned, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&EventTypeName, &VersionName)> {
        self.0.iter()
    }

    /// Whether an event of type `name`, published as `version`, may go to whoever pins these.
    #[must_use]
    pub fn fit(&self, name: &EventTypeName, version: Option<&VersionName>) -> bool {
        self.is_empty() || self.0.get(name).is_none_or(|pin| Some(pin) == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_bounded() {
        for good in [
            "1",
            "v2",
            "2026-03-16",
            "2024-06-20.acacia",
            &"x".repeat(64),
        ] {
            assert_eq!(VersionName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "-1",
            "a b",
            "a/b",
            "ä",
            "1\n",
            "*",
            &"x".repeat(65),
        ] {
            assert!(VersionName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(VersionName::numbered(7).number(), Some(7));
        assert_eq!(VersionName::parse("v7").unwrap().number(), None);
    }

    #[test]
    fn a_pin_lets_its_version_through_and_leaves_other_types_alone() {
        let pins = VersionPins::parse([("order.paid", "1")]).unwrap();
        let check = |event_type: &str, version: Option<&str>, expect: bool| {
            let name = EventTypeName::parse(event_type).unwrap();
            let version = version.map(|text| VersionName::parse(text).unwrap());
            assert_eq!(
                pins.fit(&name, version.as_ref()),
                expect,
                "{event_type} {version:?}"
            );
        };
        check("order.paid", Some("1"), true);
        check("order.paid", Some("2"), false);
        check("order.paid", None, false);
        check("order.sent", Some("2"), true);
        check("order.sent", None, true);
    }

    #[test]
    fn pins_say_which_of_them_is_wrong() {
        let at = |pairs: &[(&str, &str)]| VersionPins::parse(pairs.to_vec()).unwrap_err().0;
        assert_eq!(at(&[("a", "1"), ("b.*", "1")]).as_deref(), Some("b.*"));
        assert_eq!(at(&[("a", "1 2")]).as_deref(), Some("a"));
        let many: Vec<String> = (0..=PINNED_VERSIONS_MAX).map(|n| format!("t{n}")).collect();
        let pairs: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
        assert_eq!(at(&pairs), None);
        assert!(VersionPins::parse(pairs[1..].to_vec()).is_ok());
    }
}
