//! Pages of lists: how many, from where, and where to go on.
//!
//! Owns: the limit, the opaque cursor, the page. Refuses: knowing what is listed. A cursor names a
//! row, not a distance, so that a page costs the same wherever it lies and does not shift while
//! rows are added.
//!
//! # Why a cursor names its list
//! Rows of all lists are numbered alike. A cursor of one list, given to another, would silently begin
//! somewhere; it is refused. Filters are free to change from page to page: what lies behind a row is
//! well defined with any of them. Cursors of before lists were named still work, because consumers
//! keep the one where they go on polling.

/// Items on a page if the caller does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// Items on a page at most.
pub const LIMIT_MAX: u32 = 250;

/// How many items a page may hold: 1 to [`LIMIT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// Reads a limit; absent means [`LIMIT_DEFAULT`].
    ///
    /// # Errors
    /// A sentence for the caller where `text` is no whole number from 1 to [`LIMIT_MAX`].
    pub fn parse(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text else {
            return Ok(Self(LIMIT_DEFAULT));
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit
            .map(Self)
            .ok_or_else(|| format!("must be a whole number from 1 to {LIMIT_MAX}"))
    }

    /// A limit held within 1 to [`LIMIT_MAX`].
    #[must_use]
    pub fn clamped(limit: u32) -> Self {
        Self(limit.clamp(1, LIMIT_MAX))
    }

    /// The number.
    #[must_use]
    pub fn rows(self) -> usize {
        usize::try_from(self.0).expect("at most LIMIT_MAX")
    }
}

/// A list that has pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// API keys.
    ApiKeys,
    /// Attempts.
    Attempts,
    /// The audit log.
    AuditLog,
    /// Consumers.
    Consumers,
    /// Deliveries that gave up.
    DeadLetters,
    /// Deliveries.
    Deliveries,
    /// Events.
    Events,
    /// Event types.
    EventTypes,
    /// Versions of an event type.
    EventTypeVersions,
    /// Bulk work.
    Jobs,
    /// What a webhook keeps for those who fetch.
    PollEntries,
    /// Wire profiles.
    Profiles,
    /// People.
    Users,
    /// Webhooks.
    Webhooks,
    /// Workspaces.
    Workspaces,
}

impl List {
    /// The letter by which a cursor names it.
    fn letter(self) -> char {
        match self {
            Self::ApiKeys => 'k',
            Self::Attempts => 'a',
            Self::AuditLog => 'l',
            Self::Consumers => 'c',
            Self::DeadLetters => 'x',
            Self::Deliveries => 'd',
            Self::Events => 'e',
            Self::EventTypes => 't',
            Self::EventTypeVersions => 'v',
            Self::Jobs => 'j',
            Self::PollEntries => 'q',
            Self::Profiles => 'p',
            Self::Users => 'u',
            Self::Webhooks => 'w',
            Self::Workspaces => 's',
        }
    }
}

/// On which side of a cursor's row its page lies, in a list that shows the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// What is older than the row.
    Behind,
    /// What is newer than the row, nearest to it: for who pages backwards.
    Before,
}

/// The row of a list at which a page ended; the next page begins behind it, or ends before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    list: List,
    seq: i64,
    side: Side,
}

impl Cursor {
    /// The cursor behind row `seq` of `list`; 0 stands before the first row.
    #[must_use]
    pub fn behind(list: List, seq: i64) -> Self {
        Self {
            list,
            seq: seq.max(0),
            side: Side::Behind,
        }
    }

    /// The cursor before row `seq` of `list`: its page holds what is newer, still newest first. Only dialects
    /// that page backwards know such; as text it is the same as [`Cursor::behind`].
    #[must_use]
    pub fn before(list: List, seq: i64) -> Self {
        Self {
            side: Side::Before,
            ..Self::behind(list, seq)
        }
    }

    /// The same row, from its other side.
    #[must_use]
    pub fn turned(self) -> Self {
        let side = match self.side {
            Side::Behind => Side::Before,
            Side::Before => Side::Behind,
        };
        Self { side, ..self }
    }

    /// The row's sequence number.
    #[must_use]
    pub fn seq(self) -> i64 {
        self.seq
    }

    /// Reads a cursor that an earlier page of `list` gave.
    ///
    /// # Errors
    /// A sentence for the caller where `text` is not such a cursor.
    pub fn parse(text: &str, list: List) -> Result<Self, String> {
        let rest = text.strip_prefix('c');
        let rest = rest.map(|rest| rest.strip_prefix(list.letter()).unwrap_or(rest));
        let digits = rest.and_then(|rest| rest.strip_prefix('_'));
        let digits = digits.filter(|digits| {
            (1..=13).contains(&digits.len())
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        });
        let seq = digits.and_then(|digits| i64::from_str_radix(digits, 36).ok());
        seq.map(|seq| Self::behind(list, seq))
            .ok_or_else(|| "must be a next_cursor of an earlier page of this list".to_owned())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut digits = [0_u8; 13];
        let mut rest = self.seq;
        let mut start = digits.len();
        loop {
            start -= 1;
            let digit = u32::try_from(rest % 36).expect("a remainder of 36");
            let digit = char::from_digit(digit, 36).expect("a remainder of 36");
            digits[start] = u8::try_from(digit).expect("digits are ASCII");
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        write!(f, "c{}_", self.list.letter())?;
        f.write_str(std::str::from_utf8(&digits[start..]).expect("digits are ASCII"))
    }
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first; the default of every list.
    #[default]
    Descending,
    /// Oldest first; for polling.
    Ascending,
}

/// Whether a page lies before its cursor.
#[must_use]
pub fn is_backwards(cursor: Option<Cursor>) -> bool {
    cursor.is_some_and(|cursor| cursor.side == Side::Before)
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page in the cursor's direction begins; `None` where this was the last.
    pub next: Option<Cursor>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

impl<T> Page<T> {
    /// A page that was read upwards, from a cursor, as the list shows it: newest first, going on before its
    /// newest.
    #[must_use]
    pub fn turned(mut self) -> Self {
        self.items.reverse();
        self.next = self.next.map(Cursor::turned);
        self
    }

    /// The same page with other items.
    #[must_use]
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_cursor_reads_back(seq in 0..i64::MAX) {
            let cursor = Cursor::behind(List::Events, seq);
            prop_assert_eq!(Cursor::parse(&cursor.to_string(), List::Events), Ok(cursor));
            prop_assert!(Cursor::parse(&cursor.to_string(), List::Deliveries).is_err());
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,30}") {
            let _ = Cursor::parse(&text, List::Webhooks);
            let _ = Limit::parse(Some(&text));
        }
    }

    #[test]
    fn a_cursor_of_before_lists_were_named_still_works() {
        let cursor = Cursor::parse("c_1z", List::Events);
        assert_eq!(cursor, Ok(Cursor::behind(List::Events, 71)));
        for text in ["c_", "c1z", "ce1z", "_1z", "ec_1z", "cee_1z", "c__1z"] {
            assert!(Cursor::parse(text, List::Events).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_1_to_250() {
        assert_eq!(Limit::parse(None).unwrap().rows(), 50);
        assert_eq!(Limit::parse(Some("250")).unwrap().rows(), 250);
        for text in ["0", "251", "-1", "ten", ""] {
            assert!(Limit::parse(Some(text)).is_err(), "{text}");
        }
    }
}
