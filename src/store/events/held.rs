//! Events of which deliveries wait in memory.
//!
//! Owns: holding each once, however many deliveries carry it, and finding it by its row: who reads deliveries need
//! not read, unpack and check an event that is there. Refuses: keeping one for which nothing waits any more, so
//! that nothing outlives an erasure here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::event::Event;

/// The events, by row.
#[derive(Debug, Default)]
pub struct HeldEvents(Mutex<HashMap<i64, HeldEvent>>);

#[derive(Debug)]
struct HeldEvent {
    event: Arc<Event>,
    deliveries: usize,
}

/// Whether a delivery is the only one that an event is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldFor {
    /// It is.
    One,
    /// Others are.
    Others,
}

impl HeldEvents {
    /// Holds `event` for one more delivery; answers the event that is held already, if it is.
    pub fn hold(&self, event: &Arc<Event>) -> (Arc<Event>, HeldFor) {
        match self.events().entry(event.id.seq()) {
            Entry::Occupied(mut held) => {
                held.get_mut().deliveries += 1;
                (Arc::clone(&held.get().event), HeldFor::Others)
            }
            Entry::Vacant(free) => {
                free.insert(HeldEvent {
                    event: Arc::clone(event),
                    deliveries: 1,
                });
                (Arc::clone(event), HeldFor::One)
            }
        }
    }

    /// Lets go of the event in row `seq` for one delivery, which was the only one or not.
    pub fn release(&self, seq: i64) -> HeldFor {
        let mut events = self.events();
        let Entry::Occupied(mut held) = events.entry(seq) else {
            return HeldFor::Others;
        };
        held.get_mut().deliveries -= 1;
        match held.get().deliveries {
            0 => {
                held.remove();
                HeldFor::One
            }
            _ => HeldFor::Others,
        }
    }

    /// The event in row `seq`, if it is held.
    #[must_use]
    pub fn find(&self, seq: i64) -> Option<Arc<Event>> {
        self.events().get(&seq).map(|held| Arc::clone(&held.event))
    }

    fn events(&self) -> MutexGuard<'_, HashMap<i64, HeldEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::Trigger;
    use crate::domain::webhook::WebhookKind;
    use crate::store::deliveries::{self, Batch};
    use crate::store::tests::samples::{BATCH, delivery, event, office, webhook};

    #[test]
    fn who_reads_deliveries_gets_the_event_that_is_held_while_something_waits_for_it() {
        let office = office();
        let event = office.write(|tx| {
            let webhook_seq = webhook(tx, WebhookKind::Registered)?;
            let event = event(tx, "order.paid")?;
            delivery(tx, &event, webhook_seq, Trigger::Event)?;
            Ok(event)
        });
        let held = HeldEvents::default();
        let read = || {
            let batch = Batch {
                held: Some(&held),
                ..BATCH
            };
            let mut found = office.read(|conn| deliveries::pending(conn, 1, 0, batch));
            found.remove(0).event
        };
        assert!(!Arc::ptr_eq(&read(), &event));
        assert_eq!(held.hold(&event).1, HeldFor::One);
        assert!(Arc::ptr_eq(&read(), &event));
        // Another copy of it is not held beside it.
        let copy = Arc::new(Event::clone(&event));
        let (own, held_for) = held.hold(&copy);
        assert!(Arc::ptr_eq(&own, &event) && held_for == HeldFor::Others);
        assert_eq!(held.release(event.id.seq()), HeldFor::Others);
        assert!(Arc::ptr_eq(&read(), &event));
        assert_eq!(held.release(event.id.seq()), HeldFor::One);
        assert!(!Arc::ptr_eq(&read(), &event));
        assert_eq!(held.release(event.id.seq()), HeldFor::Others);
    }
}
