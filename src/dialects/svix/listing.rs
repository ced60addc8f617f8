//! Pages as the clients walk them.
//!
//! Owns: their form, both ways to walk them, and what their queries have in common. Refuses: filtering.
//!
//! # How a client goes back
//! `prevIterator` is a minus and the first item of a page; handed in as `iterator` it asks for the page that
//! ends before that item. `done` is about the way that was asked for. In ascending order the oldest is the
//! first, and what lies behind it is newer.

use serde::Serialize;

use crate::domain::page::{Cursor, Limit, List, Order, Page, is_backwards};
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

/// Which page of a list is asked for.
#[derive(Clone, Copy)]
pub(super) struct SvixPaging {
    list: List,
    order: Order,
    /// The cursor as the client says it: behind an item of the page before, or before one of the page after.
    said: Option<Cursor>,
    pub(super) limit: Limit,
}

impl SvixPaging {
    /// What a query says of a list whose order is always the same.
    pub(super) fn of(query: &mut Query, list: List) -> Self {
        let said = query.parsed("iterator", |text| match text.strip_prefix('-') {
            None => Cursor::parse(text, list),
            Some(text) => Cursor::parse(text, list).map(Cursor::turned),
        });
        Self {
            list,
            order: Order::Descending,
            said,
            limit: query.limit(),
        }
    }

    /// As [`SvixPaging::of`], of a list that can be asked for in either order.
    pub(super) fn ordered(query: &mut Query, list: List) -> Self {
        let order = query.parsed("order", |text| match text {
            "ascending" => Ok(Order::Ascending),
            "descending" => Ok(Order::Descending),
            _ => Err("must be ascending or descending"),
        });
        Self {
            order: order.unwrap_or_default(),
            ..Self::of(query, list)
        }
    }

    /// The cursor by which the list is read, which is newest first.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        match self.order {
            Order::Descending => self.said,
            Order::Ascending => Some(match self.said {
                Some(said) => said.turned(),
                None => Cursor::before(self.list, 0),
            }),
        }
    }

    /// The page of what is at hand, newest first; `row` is where an item lies.
    pub(super) fn cut<T>(&self, mut all: Vec<T>, row: impl Fn(&T) -> i64) -> Page<T> {
        let (cursor, rows) = (self.cursor(), self.limit.rows());
        let start = cursor.map(Cursor::seq);
        if is_backwards(cursor) {
            all.retain(|own| start.is_none_or(|start| row(own) > start));
            let next = all.len().checked_sub(rows).filter(|more| *more > 0);
            let items = all.split_off(next.unwrap_or_default());
            let first = items.first().filter(|_| next.is_some());
            let next = first.map(|first| Cursor::before(self.list, row(first)));
            return Page { items, next };
        }
        all.retain(|own| start.is_none_or(|start| row(own) < start));
        let is_cut = all.len() > rows;
        all.truncate(rows);
        let last = all.last().filter(|_| is_cut);
        let next = last.map(|last| Cursor::behind(self.list, row(last)));
        Page { items: all, next }
    }

    /// The page as the client reads it: `row` is where an item lies, and what has no `shape` is left out.
    pub(super) fn page<T, U>(
        &self,
        page: Page<T>,
        row: impl Fn(&T) -> i64,
        shape: impl FnMut(T) -> Option<U>,
    ) -> SvixPage<U> {
        let Page { mut items, next } = page;
        if self.order == Order::Ascending {
            items.reverse();
        }
        let (first, last) = (items.first().map(&row), items.last().map(&row));
        let reached = next.map(Cursor::seq);
        let (prev, iterator) = match self.said.map(|said| (is_backwards(Some(said)), said.seq())) {
            Some((true, start)) => (reached.or(first), last.or(Some(self.beside(start, 1)))),
            Some((false, start)) => (first.or(Some(self.beside(start, -1))), reached.or(last)),
            None => (first, reached.or(last)),
        };
        let text = |row: i64| Cursor::behind(self.list, row).to_string();
        SvixPage {
            data: items.into_iter().filter_map(shape).collect(),
            iterator: iterator.map(text),
            prev_iterator: prev.map(|row| format!("-{}", text(row))),
            done: next.is_none(),
        }
    }

    /// The row that lets row `start` be on the page again, one `step` towards the list's beginning or end.
    fn beside(&self, start: i64, step: i64) -> i64 {
        match self.order {
            Order::Descending => start.saturating_add(step),
            Order::Ascending => start.saturating_sub(step),
        }
    }
}

impl<T> SvixPage<T> {
    /// A page on which nothing can be.
    pub(super) fn empty() -> Self {
        Self {
            data: Vec::new(),
            iterator: None,
            prev_iterator: None,
            done: true,
        }
    }
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
