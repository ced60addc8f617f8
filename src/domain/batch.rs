//! Batches: several events of one webhook in one request.
//!
//! Owns: how large a batch may become, how long its first event may wait for others, and the id of what
//! goes together. Refuses: putting deliveries together (`store`) and sending them (`engine`).
//!
//! # Why the id follows from the members
//! Receivers tell repetitions by it. Made of the deliveries' own ids, it is the same in every attempt,
//! whatever was restarted in between, and no two batches of different deliveries share one: where
//! somebody takes a delivery out of a batch, the rest is another batch, and says so.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::id::DeliveryId;
use super::time::{Timestamp, parse_duration};

/// The most events of one batch.
pub const BATCHED_EVENTS_MAX: u32 = 1_000;
/// The shortest time that a batch's first event waits for others.
pub const BATCH_WAIT_MIN: Duration = Duration::from_millis(100);
/// The longest time that a batch's first event waits for others.
pub const BATCH_WAIT_MAX: Duration = Duration::from_secs(3600);
/// Bytes that the body of a batch may have, beyond its first event: 1 MiB.
pub const BATCH_BODY_BYTES_MAX: usize = 1024 * 1024;
/// What the id of a batch begins with.
pub const BATCH_PREFIX: &str = "bat_";
/// What stands for the type of an event where a header names it.
pub const BATCH_TYPE: &str = "batch";

/// When deliveries go out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// Events of one request, at most.
    pub max: u32,
    /// How long the first of them waits for others, at most.
    pub wait: Duration,
}

/// What waits to be put into a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// How many there are; counting may end where a batch is full.
    pub waiting: u32,
    /// Since when the first of them waits; `None` where nothing does.
    pub since: Option<Timestamp>,
}

impl BatchPolicy {
    /// Reads both values.
    ///
    /// # Errors
    /// Which of them is at fault, and why.
    pub fn parse(max: i64, wait: &str) -> Result<Self, (&'static str, String)> {
        let counted = u32::try_from(max).ok();
        let max = counted
            .filter(|max| (1..=BATCHED_EVENTS_MAX).contains(max))
            .ok_or_else(|| {
                let message = format!("must lie between 1 and {BATCHED_EVENTS_MAX}");
                ("max", message)
            })?;
        let wait = parse_duration(wait).map_err(|message| ("wait", message))?;
        if !(BATCH_WAIT_MIN..=BATCH_WAIT_MAX).contains(&wait) {
            return Err(("wait", "must lie between 100ms and 1h".to_owned()));
        }
        Ok(Self { max, wait })
    }

    /// When what has gathered goes out; `None` where nothing has.
    #[must_use]
    pub fn due_at(self, gathered: Gathered) -> Option<Timestamp> {
        let since = gathered.since?;
        Some(match gathered.waiting >= self.max {
            true => since,
            false => since.after(self.wait),
        })
    }

    /// Whether what has gathered goes out now. What waits since an instant that has not come was
    /// published before the clock was set back, and waits no longer.
    #[must_use]
    pub fn is_due(self, gathered: Gathered, now: Timestamp) -> bool {
        let is_late = self.due_at(gathered).is_some_and(|at| at <= now);
        is_late || gathered.since.is_some_and(|since| since > now)
    }
}

impl Gathered {
    /// One more waits, since `since`.
    pub fn add(&mut self, since: Timestamp) {
        self.waiting = self.waiting.saturating_add(1);
        self.since = self.since.into_iter().chain([since]).min();
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            waiting: self.waiting.saturating_add(other.waiting),
            since: self.since.into_iter().chain(other.since).min(),
        }
    }
}

/// The id of the batch that consists of these deliveries, in this order: `bat_` and 32 digits.
#[must_use]
pub fn batch_id(members: impl IntoIterator<Item = DeliveryId>) -> String {
    let mut hasher = Sha256::new();
    for member in members {
        hasher.update(member.to_string());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (first, _) = digest.split_first_chunk().expect("longer than 16 bytes");
    format!("{BATCH_PREFIX}{:032x}", u128::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    fn id(seq: i64) -> DeliveryId {
        DeliveryId::new(at(0), seq)
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_its_place() {
        let fault = |max, wait| BatchPolicy::parse(max, wait).unwrap_err().0;
        for max in [0, -1, 1_001, i64::MAX, i64::MIN] {
            assert_eq!(fault(max, "5s"), "max", "{max}");
        }
        for wait in ["", "5", "99ms", "0s", "61m", "2h", "-1s", "soon"] {
            assert_eq!(fault(100, wait), "wait", "{wait}");
        }
        for (max, wait) in [(1, "100ms"), (100, "5s"), (1_000, "1h")] {
            assert!(BatchPolicy::parse(max, wait).is_ok(), "{max} {wait}");
        }
    }

    #[test]
    fn a_batch_goes_out_when_it_is_full_or_its_first_event_has_waited() {
        let policy = BatchPolicy::parse(3, "5s").unwrap();
        let mut gathered = Gathered::default();
        assert!(!policy.is_due(gathered, at(0)));
        gathered.add(at(10));
        gathered.add(at(0));
        assert_eq!(policy.due_at(gathered), Some(at(5_000)));
        assert!(!policy.is_due(gathered, at(4_999)));
        assert!(policy.is_due(gathered, at(5_000)));
        gathered.add(at(20));
        assert!(policy.is_due(gathered, at(20)));
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let policy = BatchPolicy::parse(3, "5s").unwrap();
        let mut gathered = Gathered::default();
        gathered.add(at(86_400_000));
        assert!(policy.is_due(gathered, at(0)));
    }

    #[test]
    fn an_id_stands_for_these_deliveries_and_no_others() {
        let of = |seqs: &[i64]| batch_id(seqs.iter().map(|seq| id(*seq)));
        assert_eq!(of(&[1, 2, 3]), of(&[1, 2, 3]));
        for other in [&[1, 2][..], &[1, 3], &[2, 1, 3], &[1, 2, 3, 4], &[]] {
            assert_ne!(of(&[1, 2, 3]), of(other), "{other:?}");
        }
        assert_eq!(of(&[1]).len(), 36);
    }
}
