//! A page of a list as it is read: as many rows as were asked for, and as many bytes as one answer
//! bears.
//!
//! Owns: when a page is full. Refuses: reading; each list reads its own rows, one more than asked.
//!
//! # Why a page has a bound in bytes
//! Two hundred and fifty events of 256 KiB are more than one answer should be, and thirty callers who
//! ask for them are more than a process bears. A page that ends early says where to go on, as any
//! page does.

use super::StoreError;
use crate::domain::page::{Cursor, Limit, List, Page};

/// The most bytes of what callers once sent that one page holds, beyond its first item: 4 MiB.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was read; `None` where it is damaged, and then the log says so.
pub(super) fn readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(item) => Ok(Some(item)),
        Err(StoreError::Damaged(what)) => {
            tracing::error!(what, "what cannot be read is left out");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What was found so far.
pub(super) struct Found<T> {
    items: Vec<T>,
    bytes: usize,
    looked_at: usize,
    last: Option<i64>,
    rows: usize,
    is_full: bool,
}

impl<T> Found<T> {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            looked_at: 0,
            last: None,
            rows: limit.rows(),
            is_full: false,
        }
    }

    /// Whether another row has to be looked at.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full
    }

    /// Takes row `seq` in, unless the page is full. One that cannot be read is left out.
    pub(super) fn take(
        &mut self,
        seq: i64,
        read: Result<T, StoreError>,
        bytes: impl Fn(&T) -> usize,
    ) -> Result<(), StoreError> {
        match readable(read)? {
            Some(item) => {
                let bytes = bytes(&item);
                self.push(seq, item, bytes);
            }
            None => self.skip(seq),
        }
        Ok(())
    }

    fn push(&mut self, seq: i64, item: T, bytes: usize) {
        self.looked_at += 1;
        self.bytes += bytes;
        let is_heavy = self.bytes > PAGE_BYTES_MAX && !self.items.is_empty();
        self.is_full = self.items.len() >= self.rows || is_heavy;
        if !self.is_full {
            self.items.push(item);
            self.last = Some(seq);
        }
    }

    fn skip(&mut self, seq: i64) {
        self.looked_at += 1;
        self.last = Some(seq);
    }

    /// The last row that was taken in or left out.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    /// The page.
    pub(super) fn paged(self, list: List) -> Page<T> {
        let more = self.is_full || self.looked_at > self.rows;
        let last = self.last.filter(|_| more);
        Page {
            next: last.map(|last| Cursor::behind(list, last)),
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
                found.push(1, *size, *size);
            }
        }
        let page = found.paged(List::Events);
        assert_eq!(
            (page.items.len(), page.next.is_some()),
            (expect, more),
            "{sizes:?}"
        );
    }

    /// A page of rows, each of which can be read or not.
    fn check_damage(limit: u32, sound: &[bool], items: &[i64], next: Option<i64>) {
        let mut found = Found::new(Limit::clamped(limit));
        for (seq, sound) in (1..).zip(sound) {
            let read = if *sound {
                Ok(seq)
            } else {
                Err(StoreError::Damaged("for the test".to_owned()))
            };
            found.take(seq, read, |_| 1).unwrap();
        }
        let page = found.paged(List::Events);
        assert_eq!(page.items, items);
        assert_eq!(page.next.map(Cursor::seq), next);
    }

    #[test]
    fn a_row_that_is_left_out_hides_no_other() {
        check_damage(2, &[true, false, true], &[1, 3], Some(3));
        check_damage(2, &[false, false, false], &[], Some(3));
        check_damage(2, &[true, false], &[1], None);
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
