//! What becomes of an event type when a document is taken over.
//!
//! Owns: the kinds and their words. Refuses: deciding which one it is (`import`).

/// What a document does to one event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Create,
    /// It becomes another.
    Update,
    /// It is put out of use.
    Archive,
    /// It is so already.
    Nothing,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Archive, Self::Nothing];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Archive => "archive",
            Self::Nothing => "nothing",
        }
    }
}
