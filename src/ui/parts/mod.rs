//! The pieces that pages are put together from.
//!
//! Owns: how a state, an instant, a duration, a number, an id and a field look, everywhere the same.
//! Refuses: layout (`templates/`), and any text as HTML: what is HTML-safe here is a template that
//! escapes what it is given.

use askama::Template;
use askama::filters::HtmlSafe;

pub mod agent;
pub mod badge;
pub mod chart;
pub mod choice;
pub mod code;
pub mod curl;
pub mod json;
pub mod periods;
pub mod stamp;
pub mod strip;
pub mod url_query;

pub use badge::{Badge, Tone};
pub use choice::Choice;
pub use code::Copyable;
pub use stamp::{Ago, Due, Since, Stamp, took};

/// A picture of the layout's sprite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r##"<svg class="icon" aria-hidden="true"><use href="#i-{{ name }}"/></svg>"##,
    ext = "html"
)]
pub struct Icon {
    name: &'static str,
}

impl HtmlSafe for Icon {}

/// The picture called `name`; the sprite in `templates/parts/sprite.html` holds it.
#[must_use]
pub const fn icon(name: &'static str) -> Icon {
    Icon { name }
}

/// A whole number with a thin gap between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `one` or `many`, as `number` wants it: `3 deliveries`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

/// A share in percent; a little less than all is never shown as all.
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    if part >= whole {
        return Some("100 %".to_owned());
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    Some(match tenths {
        0 if part > 0 => "< 0.1 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    })
}

/// Bytes with a unit that people read.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// What a character takes of a page once it is escaped, in bytes.
#[must_use]
pub fn html_bytes(c: char) -> usize {
    match c {
        '<' | '>' | '&' | '"' | '\'' => 5,
        c => c.len_utf8(),
    }
}

/// As much of `text` as takes `bytes` once it is escaped, and whether something is missing.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> (&str, bool) {
    let mut left = bytes;
    for (at, c) in text.char_indices() {
        let cost = html_bytes(c);
        if cost > left {
            return (&text[..at], true);
        }
        left -= cost;
    }
    (text, false)
}

/// How many more there are than are shown, in words.
#[must_use]
pub fn further(count: u64) -> String {
    format!("and {} more", grouped(count))
}

/// As much of `text` as takes `bytes` once it is escaped, and a sign where something is missing.
#[must_use]
pub fn shortened(text: &str, bytes: usize) -> String {
    match cut(text, bytes) {
        (all, false) => all.to_owned(),
        (beginning, true) => format!("{beginning}…"),
    }
}

/// What stands in the place of a host where a webhook has no URL.
const FETCHED: &str = "fetched by its receiver";

/// The host of a URL, for rows that have no room for all of it.
#[must_use]
pub fn host(url: &str) -> String {
    if url.is_empty() {
        return FETCHED.to_owned();
    }
    url::Url::parse(url)
        .ok()
        .and_then(|url| {
            let host = url.host_str()?.to_owned();
            Some(
                url.port()
                    .map_or(host.clone(), |port| format!("{host}:{port}")),
            )
        })
        .unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_gaps_and_units() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(counted(1, "delivery", "deliveries"), "1 delivery");
        assert_eq!(counted(0, "delivery", "deliveries"), "0 deliveries");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(5 * 1024 * 1024 * 1024), "5.0 GiB");
    }

    #[test]
    fn a_share_is_never_rounded_up_to_all_nor_down_to_nothing() {
        let show = |part, whole| percent(part, whole).unwrap();
        assert_eq!(show(999_999, 1_000_000), "99.9 %");
        assert_eq!(show(1, 1_000_000), "< 0.1 %");
        assert_eq!(show(5, 5), "100 %");
        assert_eq!(show(0, 5), "0.0 %");
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn text_is_cut_by_what_it_takes_of_the_page() {
        assert_eq!(cut("abc", 3), ("abc", false));
        assert_eq!(cut("abc", 2), ("ab", true));
        assert_eq!(cut("<<<", 11), ("<<", true));
        assert_eq!(cut("aü", 2), ("a", true));
    }

    #[test]
    fn a_host_is_shown_with_a_port_of_its_own() {
        assert_eq!(host("https://a.example/x?y"), "a.example");
        assert_eq!(host("http://127.0.0.1:9001/"), "127.0.0.1:9001");
        assert_eq!(host("?"), "?");
    }
}
