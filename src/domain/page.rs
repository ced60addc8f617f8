//! Pages of lists: how many, from where, and where to go on.
//!
//! Owns: the limit, the opaque cursor, the page. Refuses: knowing what is listed. A cursor names a
//! row, not a distance, so that a page costs the same wherever it lies and does not shift while
//! rows are added.

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

/// The row at which a page ended; the next page begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(i64);

impl Cursor {
    const MARK: &'static str = "c_";

    /// The cursor behind row `seq`; 0 stands before the first row.
    #[must_use]
    pub fn behind(seq: i64) -> Self {
        Self(seq.max(0))
    }

    /// The row's sequence number.
    #[must_use]
    pub fn seq(self) -> i64 {
        self.0
    }

    /// Reads a cursor that an earlier page gave.
    ///
    /// # Errors
    /// A sentence for the caller where `text` is not such a cursor.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(Self::MARK).filter(|digits| {
            (1..=13).contains(&digits.len())
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        });
        let seq = digits.and_then(|digits| i64::from_str_radix(digits, 36).ok());
        seq.map(Self)
            .ok_or_else(|| "must be a next_cursor of an earlier page".to_owned())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut digits = [0_u8; 13];
        let mut rest = self.0;
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
        f.write_str(Self::MARK)?;
        f.write_str(std::str::from_utf8(&digits[start..]).expect("digits are ASCII"))
    }
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Newest first; the default of every list.
    Descending,
    /// Oldest first; for polling.
    Ascending,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` where this was the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
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
            let cursor = Cursor::behind(seq);
            prop_assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,30}") {
            let _ = Cursor::parse(&text);
            let _ = Limit::parse(Some(&text));
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
