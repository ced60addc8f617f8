//! A list as somebody narrows it again and again, under a name.
//!
//! Owns: its words and bounds. Refuses: what the query means; the list that it belongs to reads it.

use super::id::UserId;

/// The most views that a person keeps in a workspace: a list's page shows all of its own.
pub const SAVED_VIEWS_MAX: usize = 12;
/// The most characters of a view's name.
pub const SAVED_VIEW_NAME_CHARS_MAX: usize = 60;
/// The most bytes of its query.
pub const SAVED_VIEW_QUERY_BYTES_MAX: usize = 512;

/// Whose views, of which list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedViewsOf {
    /// The person.
    pub user: UserId,
    /// The workspace that the list is of.
    pub workspace_seq: i64,
    /// The list's path.
    pub path: String,
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// What it is called; unique among a person's views of a list.
    pub name: String,
    /// The query behind the list's path.
    pub query: String,
}
