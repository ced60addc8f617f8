//! Wire profiles as the database keeps them.

use crate::domain::time::Timestamp;

/// Where a profile came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the binary.
    BuiltIn,
    /// A file in the data directory.
    File,
    /// Somebody sent it over the API.
    Api,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::BuiltIn, Self::File, Self::Api];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built_in",
            Self::File => "file",
            Self::Api => "api",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }
}

/// The current version of a profile.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    /// The version's row.
    pub seq: i64,
    /// The profile's name.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// Its text.
    pub source: String,
    /// When this version was stored.
    pub created_at: Timestamp,
}
