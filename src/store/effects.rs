//! What a transaction changes besides rows: work for the engine, stale caches, running sums.
//!
//! Owns: collecting these while a transaction runs, dropping them when it is rolled back, handing
//! them to the listeners when it is committed. Refuses: acting on them.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::delivery::{QueuedDelivery, Status};
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;

/// What listeners learn of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// New deliveries, in the order in which they were committed.
    pub queued: Vec<QueuedDelivery>,
    /// Single deliveries that a person wants attempted now, whatever the lane's state.
    pub urgent: Vec<QueuedDelivery>,
    /// Webhooks whose settings, state or secrets changed.
    pub webhooks_changed: Vec<i64>,
    /// Webhooks that have deliveries in the database that became due without being queued here.
    pub woken: Vec<i64>,
    /// Deliveries that kept the order of one that is over now, and are next.
    pub followers: Vec<QueuedDelivery>,
    /// Webhooks of whose deliveries some became pending whose rows are older than others'.
    pub fell_due: Vec<i64>,
    /// When the earliest is due of the deliveries that were scheduled.
    pub planned: Option<Timestamp>,
    /// Webhooks for whose readers there is more.
    pub polled: Vec<i64>,
    /// Deliveries that no longer wait, because a person called them off, each behind its webhook.
    pub canceled: Vec<(i64, DeliveryId)>,
    /// Keys, users or sessions changed.
    pub access_changed: bool,
    /// Workspaces whose catalogue of event types changed.
    pub catalogues_changed: Vec<i64>,
    /// A mail waits to be sent.
    pub mails: bool,
    /// A background job was created or changed by a person.
    pub jobs_changed: bool,
    /// Whether anything changed that a page shows: deliveries, events or webhooks.
    pub activity: bool,
    /// How long the transaction took, the flush included.
    pub took: Duration,
}

impl Committed {
    fn merge(&mut self, other: Self) {
        self.queued.extend(other.queued);
        self.urgent.extend(other.urgent);
        self.webhooks_changed.extend(other.webhooks_changed);
        self.woken.extend(other.woken);
        self.followers.extend(other.followers);
        self.fell_due.extend(other.fell_due);
        self.planned = self.planned.into_iter().chain(other.planned).min();
        self.polled.extend(other.polled);
        self.canceled.extend(other.canceled);
        self.catalogues_changed.extend(other.catalogues_changed);
        self.access_changed |= other.access_changed;
        self.mails |= other.mails;
        self.jobs_changed |= other.jobs_changed;
        self.activity |= other.activity;
    }
}

/// Which bucket of the statistics a change belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EffectPlace {
    pub(super) workspace_seq: i64,
    pub(super) webhook_seq: i64,
    pub(super) minute_at: i64,
}

/// What is added to a bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) events: i64,
    pub(super) attempts: i64,
    pub(super) failures: i64,
    pub(super) delivered: i64,
    pub(super) exhausted: i64,
    pub(super) canceled: i64,
    pub(super) durations: HashMap<i64, i64>,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.delivered += other.delivered;
        self.exhausted += other.exhausted;
        self.canceled += other.canceled;
        for (slot, attempts) in &other.durations {
            *self.durations.entry(*slot).or_default() += attempts;
        }
    }
}

/// Everything a transaction changes besides rows.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) committed: Committed,
    pub(super) counts: HashMap<(i64, Status), i64>,
    pub(super) sums: HashMap<EffectPlace, Sums>,
    /// Whether the log is to be cut off once the transaction is over.
    pub(super) fold_log: bool,
    /// Whether the log must be cut off before anybody is answered.
    pub(super) cut_log: bool,
    /// Whether the log must be cut off when nobody reads from it.
    pub(super) owes_cut: bool,
}

impl Effects {
    pub(super) fn merge(&mut self, other: Self) {
        self.fold_log |= other.fold_log;
        self.cut_log |= other.cut_log;
        self.owes_cut |= other.owes_cut;
        self.committed.merge(other.committed);
        for (place, change) in other.counts {
            *self.counts.entry(place).or_default() += change;
        }
        for (place, sums) in other.sums {
            self.sums.entry(place).or_default().add(&sums);
        }
    }

    pub(super) fn count(&mut self, webhook_seq: i64, from: Option<Status>, to: Option<Status>) {
        if from == to {
            return;
        }
        for (status, change) in from.map(|s| (s, -1)).into_iter().chain(to.map(|s| (s, 1))) {
            *self.counts.entry((webhook_seq, status)).or_default() += change;
        }
    }
}
