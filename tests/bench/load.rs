//! What is published: how much, how large, by how many.

use std::sync::LazyLock;
use std::time::Duration;

/// Connections that publish at once.
pub const CLIENTS: usize = 64;
/// Bytes of each event's data.
pub const DATA_BYTES: usize = 1024;

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no last digit")]
pub fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Data of the wanted size that carries its number: lines of an order, in which half of the letters repeat
/// and half are ids and amounts.
pub fn data(number: usize, bytes: usize) -> String {
    let lines = &LINES[number % DIFFERENT * LINE_BYTES..][..LINES_BYTES];
    let mut text = format!(r#"{{"number":{number},"lines":""#);
    while text.len() + 2 < bytes {
        let left = bytes - 2 - text.len();
        text.push_str(&lines[..left.min(LINES_BYTES)]);
    }
    text.push_str("\"}");
    text
}

/// How many sets of lines there are.
const DIFFERENT: usize = 1024;
/// The bytes of one line, and of as many as one event carries before they repeat.
const LINE_BYTES: usize = 64;
const LINES_BYTES: usize = 64 * LINE_BYTES;

static LINES: LazyLock<String> = LazyLock::new(|| {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 32
    };
    let line = |_| {
        format!(
            "id: {:08x}{:08x}, quantity: {:02}, price: {:09.2} EUR, paid; ",
            next(),
            next(),
            next() % 100,
            (next() % 10_000_000) as f64 / 100.0
        )
    };
    (0..DIFFERENT + LINES_BYTES / LINE_BYTES)
        .map(line)
        .collect()
});

/// Spreads `total` numbers over `parts` workers.
pub fn shares(total: usize, parts: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..parts).map(move |part| total * part / parts..total * (part + 1) / parts)
}
