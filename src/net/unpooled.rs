//! Receivers whose connections are not used twice.
//!
//! Owns: remembering them for a while. Refuses: deciding what an answer is worth.
//!
//! # Why some connections cannot be shared
//! A receiver that sends a body behind a 204, or more bytes than it announced, leaves them in the
//! connection, and whoever uses it next reads them as the beginning of an answer. That may be another
//! webhook on the same host. So after an answer that is no HTTP the host's connections are used once
//! each, and the exchange that failed, perhaps for a neighbour's fault, is made again on a new one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// How long a receiver is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);
/// Receivers that are remembered at once; with more, all are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The receivers, by scheme, host and port.
#[derive(Debug, Default)]
pub(super) struct Unpooled(Mutex<HashMap<String, Instant>>);

impl Unpooled {
    /// Whether connections to this receiver are used once.
    pub(super) fn holds(&self, url: &Url, now: Instant) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nearly always, nobody is known.
        !known.is_empty()
            && known
                .get(&origin(url))
                .is_some_and(|since| now.duration_since(*since) < REMEMBERED_FOR)
    }

    /// Its connections are used once from now on.
    pub(super) fn remember(&self, url: &Url, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(origin(url), now);
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_remembered_for_an_hour_whatever_the_path() {
        let unpooled = Unpooled::default();
        let url = |text: &str| text.parse::<Url>().unwrap();
        let now = Instant::now();
        unpooled.remember(&url("https://a.example/one"), now);
        assert!(unpooled.holds(&url("https://a.example:443/two?x"), now));
        for other in [
            "http://a.example/",
            "https://a.example:8443/",
            "https://b.example/",
        ] {
            assert!(!unpooled.holds(&url(other), now), "{other}");
        }
        let later = now + REMEMBERED_FOR;
        assert!(!unpooled.holds(&url("https://a.example/one"), later));
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let unpooled = Unpooled::default();
        for number in 0..=REMEMBERED_MAX {
            let url = format!("https://h{number}.example/").parse().unwrap();
            unpooled.remember(&url, Instant::now());
        }
        assert!(unpooled.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
