//! Throttling of guesses: passwords and second factors.
//!
//! Owns: how many tries are free, how long the wait grows after them, and a bounded memory of who
//! tried. Refuses: clocks and locks (one lives behind a mutex of the caller) and surviving a
//! restart: whoever can restart the server has no need to guess.
//!
//! # Why a try counts before its outcome is known
//! If only failures counted once they had failed, a hundred guesses sent at once would all pass the
//! check. So [`Throttle::attempt`] checks and counts in one step, and success takes it back.
//!
//! # Why a refused try does not lengthen the wait
//! Otherwise anybody could keep somebody else out for good by knocking all the time. For the same
//! reason the waits for an account end at minutes, and waits for an address, which a guesser pays
//! alone, are longer.
//!
//! # When the memory is full
//! What no longer matters goes first, then the entry whose last try is longest ago. Finding it walks
//! through all entries, about 50 µs, beside a password hash of 20 ms. Who floods one throttle
//! with made-up names is stopped by the other, which goes by address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::time::Timestamp;

/// The most accounts or addresses that one throttle remembers.
pub const THROTTLE_ENTRIES_MAX: usize = 10_000;

/// How tries are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// Tries that need not wait.
    pub free_tries: u32,
    /// The wait before the next try once they are used up. Each further try doubles it.
    pub first_wait: Duration,
    /// Where the doubling ends.
    pub wait_max: Duration,
    /// After this long without a try everything is forgotten; not shorter than `wait_max`.
    pub memory: Duration,
}

impl Law {
    /// Passwords per account: a person's typos pass unnoticed; a guesser gets about 300 a day.
    pub const ACCOUNT: Self = Self {
        free_tries: 5,
        first_wait: Duration::from_secs(1),
        wait_max: Duration::from_secs(5 * 60),
        memory: Duration::from_secs(24 * 3600),
    };

    /// Passwords per address, behind which a whole office may sit.
    pub const ADDRESS: Self = Self {
        free_tries: 20,
        first_wait: Duration::from_secs(1),
        wait_max: Duration::from_secs(15 * 60),
        memory: Duration::from_secs(24 * 3600),
    };

    /// Second factors per person: five tries, then five minutes of silence.
    pub const SECOND_FACTOR: Self = Self {
        free_tries: 5,
        first_wait: Duration::from_secs(5 * 60),
        wait_max: Duration::from_secs(5 * 60),
        memory: Duration::from_secs(5 * 60),
    };

    fn wait_after(&self, tries: u32) -> Duration {
        match tries.checked_sub(self.free_tries) {
            None => Duration::ZERO,
            Some(beyond) => self
                .first_wait
                .saturating_mul(2_u32.saturating_pow(beyond))
                .min(self.wait_max),
        }
    }
}

/// Too many tries: the next one is heard at `allowed_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; the next is possible at {allowed_at}")]
pub struct Throttled {
    /// When the next try will be heard.
    pub allowed_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    count: u32,
    last: Timestamp,
}

/// Who tried how often lately: one throttle per law.
#[derive(Debug)]
pub struct Throttle<K> {
    law: Law,
    entries: HashMap<K, Tries>,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// A throttle that remembers nobody yet.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            law,
            entries: HashMap::new(),
        }
    }

    /// Asks for a try of `key` now, and counts it. Call [`Throttle::succeed`] if it turns out well.
    ///
    /// # Errors
    /// [`Throttled`] with the instant to come back at; nothing is counted then.
    pub fn attempt(&mut self, key: &K, now: Timestamp) -> Result<(), Throttled> {
        let count = match self.remembered(key, now) {
            Some(tries) => {
                let allowed_at = tries.last.after(self.law.wait_after(tries.count));
                if allowed_at > now {
                    return Err(Throttled { allowed_at });
                }
                tries.count.saturating_add(1)
            }
            None => {
                self.make_room(now);
                1
            }
        };
        self.entries.insert(key.clone(), Tries { count, last: now });
        Ok(())
    }

    /// Forgets the tries of `key`: the last one was right.
    pub fn succeed(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// Takes back the last try of `key` and remembers the others: where many people share a key,
    /// one who knows the answer does not vouch for the rest.
    pub fn take_back(&mut self, key: &K) {
        if let Some(tries) = self.entries.get_mut(key) {
            tries.count = tries.count.saturating_sub(1);
        }
    }

    /// A last try in the future means that the clock was set back. Nobody shall wait for that
    /// instant to come around again, nor be forgiven: the wait starts over, from now.
    fn remembered(&mut self, key: &K, now: Timestamp) -> Option<Tries> {
        let tries = self.entries.get_mut(key)?;
        tries.last = tries.last.min(now);
        (now.since(tries.last) < self.law.memory).then_some(*tries)
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.entries.len() < THROTTLE_ENTRIES_MAX {
            return;
        }
        let memory = self.law.memory;
        self.entries
            .retain(|_, tries| now.since(tries.last) < memory);
        let oldest = self.entries.iter().min_by_key(|(_, tries)| tries.last);
        if let Some(key) = oldest.map(|(key, _)| key.clone())
            && self.entries.len() >= THROTTLE_ENTRIES_MAX
        {
            self.entries.remove(&key);
        }
    }
}

/// Whom an address stands for: itself, or the /64 network of an IPv6 address, since a single
/// subscriber has 2⁶⁴ of those. IPv4 addresses in IPv6 clothes are undressed.
#[must_use]
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_773_655_500_000).after(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_begin_after_the_free_tries_and_double_up_to_the_end() {
        let mut throttle = Throttle::new(Law::ACCOUNT);
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..16 {
            while let Err(throttled) = throttle.attempt(&"ada", now) {
                waits.push(throttled.allowed_at.since(now).as_secs());
                now = throttled.allowed_at;
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_try_taken_back_leaves_the_others_counted() {
        let mut throttle = Throttle::new(Law::ADDRESS);
        for _ in 0..19 {
            throttle.attempt(&1, at(0)).unwrap();
        }
        for _ in 0..50 {
            throttle.attempt(&1, at(0)).unwrap();
            throttle.take_back(&1);
        }
        throttle.attempt(&1, at(0)).unwrap();
        assert!(throttle.attempt(&1, at(0)).is_err());
    }

    #[test]
    fn success_and_time_both_forget() {
        let mut throttle = Throttle::new(Law::SECOND_FACTOR);
        for _ in 0..5 {
            throttle.attempt(&1, at(0)).unwrap();
        }
        let allowed_at = at(300);
        assert_eq!(throttle.attempt(&1, at(299)), Err(Throttled { allowed_at }));
        assert_eq!(throttle.attempt(&2, at(299)), Ok(()));
        for _ in 0..5 {
            assert_eq!(throttle.attempt(&1, at(300)), Ok(()));
        }
        assert!(throttle.attempt(&1, at(301)).is_err());
        throttle.succeed(&1);
        assert_eq!(throttle.attempt(&1, at(301)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_neither_locks_out_nor_forgives() {
        let mut throttle = Throttle::new(Law::SECOND_FACTOR);
        for _ in 0..5 {
            throttle.attempt(&1, at(30 * 24 * 3600)).unwrap();
        }
        let allowed_at = at(300);
        assert_eq!(throttle.attempt(&1, at(0)), Err(Throttled { allowed_at }));
        assert_eq!(throttle.attempt(&1, at(300)), Ok(()));
    }

    #[test]
    fn the_memory_is_bounded_and_drops_the_oldest() {
        let mut throttle = Throttle::new(Law::SECOND_FACTOR);
        for _ in 0..5 {
            throttle.attempt(&0, at(0)).unwrap();
        }
        for key in 1..THROTTLE_ENTRIES_MAX {
            throttle.attempt(&key, at(1)).unwrap();
        }
        assert!(throttle.attempt(&0, at(2)).is_err());
        throttle.attempt(&THROTTLE_ENTRIES_MAX, at(2)).unwrap();
        assert_eq!(throttle.entries.len(), THROTTLE_ENTRIES_MAX);
        assert_eq!(throttle.attempt(&0, at(2)), Ok(()));
        throttle.attempt(&usize::MAX, at(10_000)).unwrap();
        assert_eq!(throttle.entries.len(), 1);
    }

    proptest! {
        #[test]
        fn no_five_minutes_ever_see_six_tries_of_a_second_factor(gaps_s in proptest::collection::vec(0..200_u64, 1..80)) {
            let mut throttle = Throttle::new(Law::SECOND_FACTOR);
            let (mut seconds, mut heard) = (0, Vec::new());
            for gap_s in gaps_s {
                seconds += gap_s;
                match throttle.attempt(&(), at(seconds)) {
                    Ok(()) => heard.push(seconds),
                    Err(throttled) => {
                        let wait = throttled.allowed_at.since(at(seconds));
                        prop_assert!(wait > Duration::ZERO && wait <= Law::SECOND_FACTOR.wait_max);
                    }
                }
            }
            for six in heard.windows(6) {
                prop_assert!(six[5] - six[0] >= 300, "{heard:?}");
            }
        }
    }

    #[test]
    fn addresses_count_by_subscriber() {
        fn check(address: &str, expect: &str) {
            let key = address_key(address.parse().unwrap());
            assert_eq!(key.to_string(), expect);
        }
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("2001:db8:1:2::", "2001:db8:1:2::");
    }
}
