//! Events for later: what a publisher asks for, and when a delivery of such an event is due.
//!
//! Owns: the two forms, `deliver_at` and `delay`, and their bound. Refuses: waiting; the engine does.
//!
//! # Never early, on either reading
//! An instant is meant by the clock on the wall, and yet nobody who sets that clock a month ahead wants
//! a month's events at once. So a delivery for an instant waits until the clock shows it *and* the time
//! until then has passed; one with a delay waits until its time has passed, whatever the clock shows.

use std::time::Duration;

use super::time::{Timestamp, parse_duration};

/// How far ahead an event may be scheduled: 30 days.
pub const SCHEDULE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// When a publisher wants an event delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At an instant; one that is past means now.
    At(Timestamp),
    /// So long after it was accepted.
    After(Duration),
}

/// When a scheduled delivery is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTime {
    /// When it is due, as long as nobody sets the clock.
    pub at: Timestamp,
    /// The instant that the clock must show besides, where one was asked for.
    pub not_before: Option<Timestamp>,
}

/// A field of a schedule that makes no sense, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleFault {
    /// `deliver_at` or `delay`.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Schedule {
    /// Reads `deliver_at` and `delay`, of which at most one may be given.
    ///
    /// # Errors
    /// The field at fault: not of its form, more than [`SCHEDULE_MAX`] ahead of `now`, or one too many.
    pub fn parse(
        deliver_at: Option<&str>,
        delay: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Self>, ScheduleFault> {
        let fault = |field, message| ScheduleFault { field, message };
        let too_far = || "must be at most 30 days ahead".to_owned();
        match (deliver_at, delay) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                let message = "must not be given together with deliver_at";
                Err(fault("delay", message.to_owned()))
            }
            (Some(text), None) => match Timestamp::parse(text) {
                Ok(at) if at.since(now) > SCHEDULE_MAX => Err(fault("deliver_at", too_far())),
                Ok(at) => Ok(Some(Self::At(at))),
                Err(message) => Err(fault("deliver_at", message)),
            },
            (None, Some(text)) => match parse_duration(text) {
                Ok(long) if long > SCHEDULE_MAX => Err(fault("delay", too_far())),
                Ok(long) => Ok(Some(Self::After(long))),
                Err(message) => Err(fault("delay", message)),
            },
        }
    }

    /// The instant that is meant by whoever asks `now`.
    #[must_use]
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::After(long) => now.after(long),
        }
    }

    /// When a delivery is due that is scheduled so at `now`; `None` where that is at once.
    #[must_use]
    pub fn due(self, now: Timestamp) -> Option<DueTime> {
        let at = self.instant(now);
        let not_before = match self {
            Self::At(at) => Some(at),
            Self::After(_) => None,
        };
        (at > now).then_some(DueTime { at, not_before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_scheduled_by_an_instant_or_by_a_delay_within_thirty_days() {
        let now = Timestamp::parse("2026-03-16T10:00:00Z").unwrap();
        let read = |at, delay| Schedule::parse(at, delay, now);
        assert_eq!(read(None, None), Ok(None));
        let in_an_hour = now.after(Duration::from_secs(3600));
        let schedule = read(Some("2026-03-16T12:00:00+01:00"), None)
            .unwrap()
            .unwrap();
        assert_eq!(schedule.instant(now), in_an_hour);
        let due = schedule.due(now).unwrap();
        assert_eq!((due.at, due.not_before), (in_an_hour, Some(in_an_hour)));
        let schedule = read(None, Some("1h")).unwrap().unwrap();
        let due = schedule.due(now).unwrap();
        assert_eq!((due.at, due.not_before), (in_an_hour, None));
        for (at, delay) in [
            (Some("2026-03-16T10:00:00Z"), None),
            (Some("2026-03-16T09:59:59Z"), None),
            (None, Some("0s")),
        ] {
            assert_eq!(read(at, delay).unwrap().unwrap().due(now), None);
        }
        assert!(read(Some("2026-04-15T10:00:00Z"), None).is_ok());
        assert!(read(None, Some("720h")).is_ok());
        for (at, delay, field) in [
            (Some("2026-04-15T10:00:00.001Z"), None, "deliver_at"),
            (Some("tomorrow"), None, "deliver_at"),
            (Some("2026-03-16T10:00:00"), None, "deliver_at"),
            (None, Some("31d"), "delay"),
            (None, Some("-1s"), "delay"),
            (None, Some("soon"), "delay"),
            (Some("2026-03-16T10:00:00Z"), Some("1h"), "delay"),
        ] {
            assert_eq!(
                read(at, delay).unwrap_err().field,
                field,
                "{at:?} {delay:?}"
            );
        }
    }
}
