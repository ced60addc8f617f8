//! Pages as the clients walk them.
//!
//! Owns: their form, and what their queries have in common. Refuses: filtering.

use serde::Serialize;

use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;
use crate::web::extract::Query;

/// A page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixPage<T> {
    data: Vec<T>,
    iterator: Option<String>,
    prev_iterator: Option<String>,
    done: bool,
}

impl<T> SvixPage<T> {
    /// Of what was found and where it goes on.
    pub(super) fn new(data: Vec<T>, next: Option<Cursor>) -> Self {
        Self {
            data,
            iterator: next.map(|cursor| cursor.to_string()),
            prev_iterator: None,
            done: next.is_none(),
        }
    }

    /// Of a page of ours.
    pub(super) fn of<U>(page: Page<U>, shape: impl FnMut(U) -> T) -> Self {
        Self::new(page.items.into_iter().map(shape).collect(), page.next)
    }
}

/// Where a page begins and how long it may be.
pub(super) fn paging(query: &mut Query, list: List) -> (Option<Cursor>, Limit) {
    (query.cursor("iterator", list), query.limit())
}

/// Whether a switch of the query is on; `absent` where it is not given.
pub(super) fn switch(query: &mut Query, name: &str, absent: &str) -> bool {
    query.text(name).as_deref().unwrap_or(absent) == "true"
}

/// Texts that are joined by commas.
pub(super) fn texts(query: &mut Query, name: &str) -> Vec<String> {
    let text = query.text(name).unwrap_or_default();
    let texts = text.split(',').filter(|one| !one.is_empty());
    texts.map(str::to_owned).collect()
}

/// `after` and `before`.
pub(super) fn period(query: &mut Query) -> (Option<Timestamp>, Option<Timestamp>) {
    (query.time("after"), query.time("before"))
}
