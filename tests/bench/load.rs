//! What is published: how much, how large, by how many.

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

/// Data of the wanted size that carries its number.
pub fn data(number: usize, bytes: usize) -> String {
    let head = format!(r#"{{"number":{number},"pad":""#);
    let pad = bytes.saturating_sub(head.len() + 2);
    format!("{head}{}\"}}", "x".repeat(pad))
}

/// Spreads `total` numbers over `parts` workers.
pub fn shares(total: usize, parts: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..parts).map(move |part| total * part / parts..total * (part + 1) / parts)
}
