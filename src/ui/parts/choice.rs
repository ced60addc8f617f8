//! A choice of a form's menu.
//!
//! Owns: its value, its words, whether it is chosen. Refuses: which choices there are.

/// A choice of a form: value, words, whether it is the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub words: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice that is chosen where `present` is its value.
    pub fn new(value: impl Into<String>, words: impl Into<String>, present: &str) -> Self {
        let value = value.into();
        Self {
            chosen: value == present,
            words: words.into(),
            value,
        }
    }
}
