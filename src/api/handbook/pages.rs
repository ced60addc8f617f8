//! The pages of the handbook.
//!
//! Owns: which there are, and their order. Refuses: their words; those are Markdown files.

/// A page as it was written.
pub struct HandbookPage {
    /// Its name in the address.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its words, Markdown.
    pub text: &'static str,
}

const fn page(name: &'static str, title: &'static str, text: &'static str) -> HandbookPage {
    HandbookPage { name, title, text }
}

/// The pages, in the order in which somebody new reads them.
pub static PAGES: [HandbookPage; 10] = [
    page(
        "install",
        "Install",
        include_str!("../../../static/docs/install.md"),
    ),
    page(
        "first-steps",
        "First steps",
        include_str!("../../../static/docs/first-steps.md"),
    ),
    page(
        "concepts",
        "Concepts",
        include_str!("../../../static/docs/concepts.md"),
    ),
    page(
        "authentication",
        "Authentication",
        include_str!("../../../static/docs/authentication.md"),
    ),
    page(
        "verifying",
        "Verifying",
        include_str!("../../../static/docs/verifying.md"),
    ),
    page(
        "portal",
        "The portal",
        include_str!("../../../static/docs/portal.md"),
    ),
    page(
        "configuration",
        "Configuration",
        include_str!("../../../static/docs/configuration.md"),
    ),
    page(
        "operations",
        "Operations",
        include_str!("../../../static/docs/operations.md"),
    ),
    page(
        "security",
        "Security",
        include_str!("../../../static/docs/security.md"),
    ),
    page(
        "migration",
        "Moving in",
        include_str!("../../../static/docs/migration.md"),
    ),
];
