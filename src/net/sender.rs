//! Whose request it is, as far as the network must know.
//!
//! Owns: the two numbers that keep senders apart. Refuses: knowing what they number.

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sender {
    /// Those with the same number share a bound on look-ups.
    pub workspace: i64,
    /// Those with the same number may use each other's connections; nobody else may.
    pub webhook: i64,
}
