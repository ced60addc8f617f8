//! Text that crosses the control socket and must never be printed by accident: keys, passwords.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::secret::Secret;

/// A secret on its way over the socket, which only the operator's own processes can read.
#[derive(Clone, Debug)]
pub struct Sensitive(pub Secret);

impl Sensitive {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The characters themselves.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Serialize for Sensitive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
