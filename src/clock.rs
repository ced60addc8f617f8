//! The clock: where "now" comes from, and the only place that asks the machine.
//!
//! Owns: reading the time of day, noticing that somebody set it, and a clock that tests move by hand.
//! Refuses: timers and sleeping (a runtime's business) and comparing instants (`domain::time`).
//!
//! # Why an enum and not a trait
//! There are two clocks and there will not be a third. An enum is `Clone`, needs no type parameter
//! and no allocation, and every place that asks for the time is found by its one method.
//!
//! # Why the time since boot
//! A machine's time of day gets set; the time since it booted only passes. Their difference stays
//! the same while time passes and changes when somebody sets the clock. The time since boot goes on
//! while a machine sleeps, so that waking up is not taken for setting the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// Where "now" comes from. Clones of a manual clock share one time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's time of day.
    #[default]
    System,
    /// A time that only moves when told to.
    Manual(Arc<Hands>),
}

/// What a manual clock shows, in milliseconds.
#[derive(Debug)]
pub struct Hands {
    // Since the Unix epoch.
    now: AtomicI64,
    // By how much it was set, all in all.
    offset: AtomicI64,
    // How often its machine was started anew.
    boots: AtomicI64,
}

/// What a clock showed once, for a later process that wants to know whether somebody set it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The time of day.
    pub at: Timestamp,
    /// [`Clock::offset_ms`] then.
    pub offset_ms: i64,
    /// Which start of the machine that counts from; empty where nobody knows.
    pub boot: String,
}

impl ClockReading {
    /// By how much the clock was set between `earlier` and this, in milliseconds; `None` where the
    /// machine was started anew in between, or may have been.
    #[must_use]
    pub fn set_since(&self, earlier: &Self) -> Option<i64> {
        let is_same_boot = !self.boot.is_empty() && self.boot == earlier.boot;
        is_same_boot.then(|| self.offset_ms - earlier.offset_ms)
    }
}

impl Clock {
    /// A clock that stands still at `at` until [`Clock::set`] or [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(Hands {
            now: AtomicI64::new(at.millis()),
            offset: AtomicI64::new(0),
            boots: AtomicI64::new(1),
        }))
    }

    /// The present instant. It may be earlier than the last answer: machines' clocks get corrected.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Manual(hands) => Timestamp::from_millis(hands.now.load(Ordering::Acquire)),
        }
    }

    /// By how much this clock is ahead of one that nobody sets, in milliseconds. Only the difference
    /// between two answers means anything: by so much the clock was set in between.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        match self {
            Self::System => system_offset_ms(),
            Self::Manual(hands) => hands.offset.load(Ordering::Acquire),
        }
    }

    /// What it shows, for a later process.
    #[must_use]
    pub fn reading(&self) -> ClockReading {
        let boot = match self {
            Self::System => system_boot(),
            Self::Manual(hands) => hands.boots.load(Ordering::Acquire).to_string(),
        };
        ClockReading {
            at: self.now(),
            offset_ms: self.offset_ms(),
            boot,
        }
    }

    /// Starts a manual clock's machine anew, so that nobody knows any more whether it was set.
    ///
    /// # Panics
    /// On the system clock, whose machine is not ours to start.
    pub fn reboot(&self) {
        let hands = self.hands();
        hands.boots.fetch_add(1, Ordering::AcqRel);
        hands.offset.store(0, Ordering::Release);
    }

    /// Sets a manual clock, and all its clones, to `at`, as somebody sets a machine's clock.
    ///
    /// # Panics
    /// On the system clock, which is not ours to set.
    pub fn set(&self, at: Timestamp) {
        let hands = self.hands();
        let before = hands.now.swap(at.millis(), Ordering::AcqRel);
        hands
            .offset
            .fetch_add(at.millis() - before, Ordering::AcqRel);
    }

    /// Lets time pass on a manual clock, and all its clones.
    ///
    /// # Panics
    /// On the system clock, which is not ours to set.
    pub fn advance(&self, by: Duration) {
        let hands = self.hands();
        hands
            .now
            .store(self.now().after(by).millis(), Ordering::Release);
    }

    fn hands(&self) -> &Hands {
        match self {
            Self::System => panic!("only a manual clock can be set"),
            Self::Manual(hands) => hands,
        }
    }
}

/// The two readings lie next to each other, unless the process was held up between them; then they
/// are taken again.
fn system_offset_ms() -> i64 {
    const HELD_UP_MS: i64 = 50;
    const TRIES: u32 = 5;
    let mut offset = 0;
    for _ in 0..TRIES {
        let before = since_boot_ms();
        offset = system_now().millis() - before;
        if since_boot_ms() - before < HELD_UP_MS {
            break;
        }
    }
    offset
}

#[cfg(target_os = "linux")]
fn since_boot_ms() -> i64 {
    let passed = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    passed.tv_sec * 1000 + passed.tv_nsec / 1_000_000
}

/// The kernel's name for this start of the machine.
#[cfg(target_os = "linux")]
fn system_boot() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    name.map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

/// The time since boot is not known here, so readings of two processes are not to be compared.
#[cfg(not(target_os = "linux"))]
fn system_boot() -> String {
    String::new()
}

/// Elsewhere the time since the first reading has to do; it may stand still while the machine sleeps.
#[cfg(not(target_os = "linux"))]
fn since_boot_ms() -> i64 {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let first = FIRST.get_or_init(std::time::Instant::now);
    i64::try_from(first.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the time of day enters the program"
)]
fn system_now() -> Timestamp {
    // A machine whose clock says 1969 is treated as standing at the epoch: every wait then simply
    // ends once the clock is corrected, and nothing has to handle negative times.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The processor's time that the calling thread has used: what bounds a piece of work, however many
/// others share the processor.
#[must_use]
pub fn thread_cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(used.tv_sec.unsigned_abs());
    seconds + Duration::from_nanos(used.tv_nsec.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_knows_that_it_is_past_2025() {
        assert!(Clock::System.now() > Timestamp::parse("2025-01-01T00:00:00Z").unwrap());
    }

    #[test]
    fn a_manual_clock_moves_only_when_told_and_its_clones_move_along() {
        let start = Timestamp::from_millis(1_773_655_500_000);
        let clock = Clock::manual(start);
        let clone = clock.clone();
        assert_eq!(clone.now(), start);
        clock.advance(Duration::from_secs(30));
        assert_eq!(clone.now(), start.after(Duration::from_secs(30)));
        clone.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn time_that_passes_is_told_from_a_clock_that_is_set() {
        let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
        let before = clock.offset_ms();
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.offset_ms(), before);
        clock.set(clock.now().before(Duration::from_secs(60)));
        assert_eq!(clock.offset_ms(), before - 60_000);
    }

    #[test]
    fn two_readings_tell_by_how_much_a_clock_was_set_unless_its_machine_was_started_anew() {
        for clock in [Clock::System, Clock::manual(Timestamp::from_millis(0))] {
            let (first, second) = (clock.reading(), clock.reading());
            assert!(
                second
                    .set_since(&first)
                    .is_some_and(|by_ms| by_ms.abs() < 100)
            );
        }
        let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
        let first = clock.reading();
        clock.advance(Duration::from_secs(100));
        clock.set(clock.now().before(Duration::from_secs(3600)));
        assert_eq!(clock.reading().set_since(&first), Some(-3_600_000));
        clock.reboot();
        assert_eq!(clock.reading().set_since(&first), None);
        let unknown = ClockReading {
            boot: String::new(),
            ..first
        };
        assert_eq!(unknown.set_since(&unknown.clone()), None);
    }

    #[test]
    fn nobody_sets_the_machines_clock_between_two_readings() {
        let before = Clock::System.offset_ms();
        let apart = (Clock::System.offset_ms() - before).abs();
        assert!(apart < 100, "{apart} ms");
    }
}
