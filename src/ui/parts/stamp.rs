//! Instants and durations for people.
//!
//! Owns: `<time>` elements and durations with units. Refuses: time zones: the page is drawn in UTC
//! and says so; the script turns it into the reader's own time.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::time::Timestamp;
use crate::ui::speech::filters;

/// An instant as date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ self.0 }}">{{ self::words(self.0)|date }}</time>"#,
    ext = "html"
)]
pub struct Stamp(pub Timestamp);

impl HtmlSafe for Stamp {}

/// An instant that the script shows as a distance from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ self.0 }}" data-ago>{{ self::words(self.0)|date }}</time>"#,
    ext = "html"
)]
pub struct Ago(pub Timestamp);

impl HtmlSafe for Ago {}

/// An instant at which something is due: once it has passed, the script says "now".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ self.0 }}" data-ago data-due>{{ self::words(self.0)|date }}</time>"#,
    ext = "html"
)]
pub struct Due(pub Timestamp);

impl HtmlSafe for Due {}

/// An instant since which something lasts; the script adds how long that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"{{ "since"|say }} <time datetime="{{ self.0 }}" data-lasts>{{ self::words(self.0)|date }}</time>"#,
    ext = "html"
)]
pub struct Since(pub Timestamp);

impl HtmlSafe for Since {}

/// `2026-11-21 02:01:14 UTC`.
#[must_use]
pub fn words(at: &Timestamp) -> String {
    let text = at.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.split_once('.').map_or(time, |(time, _)| time);
    format!("{date} {time} UTC")
}

/// A short duration: `145 ms`, `1.24 s`.
#[must_use]
pub fn took(ms: u32) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 => format!("{}.{:02} s", ms / 1000, ms % 1000 / 10),
        10_000.. => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// A long duration in its two largest units: `3 d 4 h`, `12 min`.
#[must_use]
pub fn lasting(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let seconds = duration.as_secs();
    let Some(first) = UNITS.iter().position(|(size, _)| seconds >= *size) else {
        return format!("{} ms", duration.as_millis());
    };
    let (size, unit) = UNITS[first];
    let mut text = format!("{} {unit}", seconds / size);
    if let Some((next, unit)) = UNITS.get(first + 1)
        && seconds % size / next > 0
    {
        text.push_str(&format!(" {} {unit}", seconds % size / next));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_that_fit() {
        assert_eq!(took(0), "0 ms");
        assert_eq!(took(999), "999 ms");
        assert_eq!(took(1245), "1.24 s");
        assert_eq!(took(10_050), "10.0 s");
        let check = |secs, expect: &str| assert_eq!(lasting(Duration::from_secs(secs)), expect);
        check(59, "59 s");
        check(60, "1 min");
        check(3 * 3600 + 61, "3 h 1 min");
        check(5 * 86_400, "5 d");
        assert_eq!(lasting(Duration::from_millis(250)), "250 ms");
    }

    #[test]
    fn an_instant_is_shown_in_utc_and_says_so() {
        let at = Timestamp::parse("2026-03-16T10:05:00.123Z").unwrap();
        assert_eq!(
            Stamp(at).to_string(),
            "<time datetime=\"2026-03-16T10:05:00.123Z\">\
             2026-03-16 10:05:00 UTC</time>"
        );
    }
}
