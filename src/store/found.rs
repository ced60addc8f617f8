//! A page of a list as it is read: as many rows as were asked for, and as many bytes as one answer
//! bears.
//!
//! Owns: when a page is full. Refuses: reading; each list reads its own rows, one more than asked.
//!
//! # Why a page has a bound in bytes
//! Two hundred and fifty events of 256 KiB are more than one answer should be, and thirty callers who
//! ask for them are more than a process bears. A page that ends early says where to go on, as any
//! page does.

use crate::domain::page::{Cursor, Limit, List, Page};

/// The most bytes of what callers once sent that one page holds, beyond its first item: 4 MiB.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was found so far.
pub(super) struct Found<T> {
    items: Vec<T>,
    bytes: usize,
    looked_at: usize,
    rows: usize,
    more: bool,
}

impl<T> Found<T> {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            looked_at: 0,
            rows: limit.rows(),
            more: false,
        }
    }

    /// Whether another row has to be looked at.
    pub(super) fn has_room(&self) -> bool {
        !self.more
    }

    /// Takes a row of so many bytes in, unless the page is full.
    pub(super) fn push(&mut self, item: T, bytes: usize) {
        self.looked_at += 1;
        self.bytes += bytes;
        let is_heavy = self.bytes > PAGE_BYTES_MAX && !self.items.is_empty();
        self.more = self.items.len() >= self.rows || is_heavy;
        if !self.more {
            self.items.push(item);
        }
    }

    /// Leaves a row out that cannot be shown.
    pub(super) fn skip(&mut self) {
        self.looked_at += 1;
    }

    /// The page.
    pub(super) fn paged(self, list: List, seq: impl Fn(&T) -> i64) -> Page<T> {
        let more = self.more || self.looked_at > self.rows;
        let last = self.items.last().filter(|_| more);
        Page {
            next: last.map(|last| Cursor::behind(list, seq(last))),
            items: self.items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: u32, sizes: &[usize], expect: usize, more: bool) {
        let mut found = Found::new(Limit::clamped(limit));
        for size in sizes {
            if found.has_room() {
                found.push(*size, *size);
            }
        }
        let page = found.paged(List::Events, |_| 1);
        assert_eq!(
            (page.items.len(), page.next.is_some()),
            (expect, more),
            "{sizes:?}"
        );
    }

    #[test]
    fn a_row_that_is_left_out_hides_no_other() {
        let mut found = Found::new(Limit::clamped(2));
        found.push(1, 1);
        found.skip();
        found.push(3, 1);
        let page = found.paged(List::Events, |seq| *seq);
        assert_eq!(page.items, [1, 3]);
        assert!(page.next.is_some());
    }

    #[test]
    fn a_page_ends_at_its_rows_or_its_bytes_and_holds_one_item_at_least() {
        check(2, &[1, 1], 2, false);
        check(2, &[1, 1, 1], 2, true);
        check(9, &[PAGE_BYTES_MAX, 1], 1, true);
        check(9, &[2 * PAGE_BYTES_MAX], 1, false);
        check(9, &[2 * PAGE_BYTES_MAX, 0], 1, true);
        check(9, &[PAGE_BYTES_MAX / 2, PAGE_BYTES_MAX / 2], 2, false);
    }
}
