//! Where the text of a filter comes from.
//!
//! Owns: the distinction. Refuses: what follows from it (`path`).

/// Where the text of a filter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterOrigin {
    /// Somebody says it now.
    Said,
    /// It was accepted once, and is read on as it was read then.
    Stored,
}
