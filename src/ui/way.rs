//! An event's way: how long each of its deliveries has taken, all on one axis.
//!
//! Owns: where each lies on the axis, and its words. Refuses: single attempts ([`super::attempts`]).

use super::attempts::{Axis, AxisMark};
use super::parts::stamp::lasting;
use crate::domain::delivery::{Delivery, Status};
use crate::domain::time::Timestamp;

/// One delivery's part of an event's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWay {
    /// From its making to its end, or as far as is planned.
    pub mark: AxisMark,
    /// Its colour's class.
    pub class: &'static str,
    /// How it ended, and after how long; or how it goes.
    pub words: String,
}

/// The ways of `deliveries` in their order, at `now`.
#[must_use]
pub fn ways(deliveries: &[&Delivery], now: Timestamp) -> Vec<EventWay> {
    let begin = deliveries.iter().map(|one| one.created_at).min();
    let end = deliveries.iter().map(|one| end(one, now)).max();
    let axis = Axis::between(begin.unwrap_or(now), end.unwrap_or(now));
    deliveries.iter().map(|one| way(one, axis, now)).collect()
}

/// When it ended, or when it is tried next.
fn end(delivery: &Delivery, now: Timestamp) -> Timestamp {
    let planned = || delivery.next_attempt_at().map(|next| next.max(now));
    delivery.completed_at.or_else(planned).unwrap_or(now)
}

fn way(delivery: &Delivery, axis: Axis, now: Timestamp) -> EventWay {
    let begin = delivery.created_at;
    let took = |to: Timestamp| lasting(to.since(begin));
    let ended = took(delivery.completed_at.unwrap_or(now));
    let (class, words) = match delivery.progress.status {
        Status::Delivered => ("s-good", format!("delivered after {ended}")),
        Status::Exhausted => ("s-bad", format!("gave up after {ended}")),
        Status::Canceled => ("s-calm", format!("canceled after {ended}")),
        Status::Retrying => ("s-warn", format!("tried for {}", took(now))),
        Status::Pending => ("s-warn", format!("waiting for {}", took(now))),
        Status::Scheduled => ("s-calm", "waits for its time".to_owned()),
    };
    EventWay {
        mark: axis.mark(begin, end(delivery, now).since(begin)),
        class,
        words,
    }
}
