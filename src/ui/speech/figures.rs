//! Numbers and dates as languages write them.
//!
//! Owns: decimal commas, and days before months. Refuses: gaps between thousands, which are thin spaces
//! everywhere, and units, which are symbols.

use std::borrow::Cow;

/// A decimal comma in the place of each point between two digits.
pub(super) fn with_comma(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at));
        byte.is_some_and(u8::is_ascii_digit)
    };
    let is_decimal = |at: usize| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    if !text.contains('.') {
        return Cow::Borrowed(text);
    }
    let chars = text.char_indices().map(|(at, c)| match c {
        '.' if is_decimal(at) => ',',
        c => c,
    });
    Cow::Owned(chars.collect())
}

/// `2026-03-16 10:05:00 UTC` and `03-16` with the day first; whatever else, as it is.
pub(super) fn day_first(iso: &str, between: char) -> Cow<'_, str> {
    let (date, rest) = match iso.find(' ') {
        Some(at) => iso.split_at(at),
        None => (iso, ""),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let are_digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [year, month, day] if parts.iter().all(are_digits) => {
            Cow::Owned(format!("{day}{between}{month}{between}{year}{rest}"))
        }
        [month, day] if parts.iter().all(are_digits) => {
            let last = if between == '.' { "." } else { "" };
            Cow::Owned(format!("{day}{between}{month}{last}{rest}"))
        }
        _ => Cow::Borrowed(iso),
    }
}
