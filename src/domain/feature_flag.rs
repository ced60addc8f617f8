//! Feature flags: which event types a customer is shown.
//!
//! Owns: their form, and what a set of them lets see. Refuses: knowing which flags there are; the platform
//! makes up their names.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// The most flags of an event type or of a portal link: 50.
pub const FEATURE_FLAGS_MAX: usize = 50;
/// The longest name of a flag, in characters.
pub const FEATURE_FLAG_CHARS_MAX: usize = 256;

/// Some flags, in the order in which they were named. Their text form, names separated by single spaces, is
/// what the database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureFlags(Arc<[String]>);

impl FeatureFlags {
    /// Reads up to [`FEATURE_FLAGS_MAX`] names, each of letters, digits and `- _ .`; one that is named twice
    /// counts once.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = |text: &String| {
            (1..=FEATURE_FLAG_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain)
        };
        if texts.len() > FEATURE_FLAGS_MAX || !texts.iter().all(fits) {
            return Err(format!(
                "must be at most {FEATURE_FLAGS_MAX}, each of 1 to {FEATURE_FLAG_CHARS_MAX} letters, digits, \
                 -, _ or ."
            ));
        }
        let mut seen = HashSet::new();
        let fresh = texts.iter().filter(|text| seen.insert(text.as_str()));
        Ok(Self(fresh.cloned().collect()))
    }

    /// Reads the text form back; `None` where it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let texts: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Self::parse(&texts).ok()
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what has these flags is shown to who has `allowed`: what has none is shown to everybody.
    #[must_use]
    pub fn are_shown_to(&self, allowed: &Self) -> bool {
        self.is_empty() || self.0.iter().any(|own| allowed.0.contains(own))
    }
}

impl fmt::Display for FeatureFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(texts: &[&str]) -> FeatureFlags {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        FeatureFlags::parse(&texts).unwrap()
    }

    #[test]
    fn what_has_flags_is_shown_to_who_has_one_of_them() {
        let check = |own: &[&str], allowed: &[&str], expect: bool| {
            assert_eq!(
                flags(own).are_shown_to(&flags(allowed)),
                expect,
                "{own:?} {allowed:?}"
            );
        };
        check(&[], &[], true);
        check(&[], &["beta"], true);
        check(&["beta"], &[], false);
        check(&["beta"], &["beta-2"], false);
        check(&["beta", "eu"], &["eu"], true);
    }

    #[test]
    fn flags_read_back_and_are_plain_and_bounded() {
        let two = flags(&["cool-new", "v2.1", "cool-new"]);
        assert_eq!(two.names(), ["cool-new", "v2.1"]);
        assert_eq!(FeatureFlags::read(&two.to_string()), Some(two));
        for bad in ["", "a b", "ä", &"x".repeat(257)] {
            assert!(FeatureFlags::parse(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
        let many: Vec<String> = (0..=FEATURE_FLAGS_MAX).map(|n| n.to_string()).collect();
        assert!(FeatureFlags::parse(&many).is_err());
        assert!(FeatureFlags::parse(&many[1..]).is_ok());
    }
}
