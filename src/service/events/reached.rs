//! Whom an event reaches: the webhooks of its consumer, and the platform's own.
//!
//! Owns: this one rule, for publishing and for replays. Refuses: subscriptions; who is reached may still
//! not want it.

use std::sync::Arc;

use crate::domain::id::ConsumerId;
use crate::domain::webhook::{Subscriber, Transport};
use crate::store::{StoreError, WriteTx, webhooks};

/// The webhooks that an event may go to.
pub(super) struct Reached {
    own: Arc<Vec<Subscriber>>,
    of_consumer: Option<Arc<Vec<Subscriber>>>,
}

impl Reached {
    /// Those that an event for `consumer`, or for nobody but the platform, reaches.
    pub(super) fn by(
        tx: &mut WriteTx<'_>,
        workspace_seq: i64,
        consumer: Option<ConsumerId>,
    ) -> Result<Self, StoreError> {
        let of_consumer = consumer
            .map(|id| webhooks::subscribers(tx, workspace_seq, Some(id.seq())))
            .transpose()?;
        Ok(Self {
            own: webhooks::subscribers(tx, workspace_seq, None)?,
            of_consumer,
        })
    }

    /// Those of the platform alone.
    pub(super) fn own(&self) -> &Arc<Vec<Subscriber>> {
        &self.own
    }

    /// They, each owner's oldest first.
    pub(super) fn subscribers(&self) -> impl Iterator<Item = &Subscriber> {
        let of_consumer = self.of_consumer.iter().flat_map(|own| own.iter());
        let gets_events = |own: &&Subscriber| own.transport != Transport::Operational;
        self.own.iter().chain(of_consumer).filter(gets_events)
    }
}
