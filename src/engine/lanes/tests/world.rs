//! A small world around the lanes: a database, receivers and a clock, all made of numbers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use super::*;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Receiver {
    /// It answers after so many milliseconds.
    Answers(i64),
    /// It never answers, and its webhook's timeout is so many milliseconds.
    Hangs(i64),
    /// It asks for a pause of so many seconds, at once.
    AsksToWait(u64),
}

pub(super) struct World {
    pub(super) lanes: Lanes,
    pub(super) now: i64,
    webhooks: BTreeMap<i64, Webhook>,
    under_way: BinaryHeap<Reverse<(i64, i64)>>,
    tickets: BTreeMap<i64, Ticket>,
    published: BTreeMap<i64, i64>,
    /// When each delivery was started, by webhook and in milliseconds since it was published.
    pub(super) waits: BTreeMap<i64, Vec<i64>>,
    pub(super) starts: BTreeMap<i64, usize>,
    /// Rows that loads have read.
    pub(super) rows_read: usize,
    last_seq: i64,
    data: String,
}

struct Webhook {
    workspace: i64,
    kind: WebhookKind,
    max_in_flight: u32,
    receiver: Receiver,
    pending: BTreeSet<i64>,
}

impl World {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            lanes: Lanes::new(slots),
            now: 0,
            webhooks: BTreeMap::new(),
            under_way: BinaryHeap::new(),
            tickets: BTreeMap::new(),
            published: BTreeMap::new(),
            waits: BTreeMap::new(),
            starts: BTreeMap::new(),
            rows_read: 0,
            last_seq: 0,
            data: "{}".to_owned(),
        }
    }

    /// From now on events carry so much data.
    pub(super) fn data_bytes(&mut self, bytes: usize) {
        self.data = "x".repeat(bytes);
    }

    pub(super) fn webhook(
        &mut self,
        workspace: i64,
        max_in_flight: u32,
        receiver: Receiver,
    ) -> i64 {
        self.webhook_of(WebhookKind::Registered, workspace, max_in_flight, receiver)
    }

    pub(super) fn webhook_of(
        &mut self,
        kind: WebhookKind,
        workspace: i64,
        max_in_flight: u32,
        receiver: Receiver,
    ) -> i64 {
        let seq = i64::try_from(self.webhooks.len()).unwrap() + 1;
        let webhook = Webhook {
            workspace,
            kind,
            max_in_flight,
            receiver,
            pending: BTreeSet::new(),
        };
        self.webhooks.insert(seq, webhook);
        seq
    }

    pub(super) fn behaves(&mut self, webhook: i64, receiver: Receiver) {
        self.webhooks.get_mut(&webhook).unwrap().receiver = receiver;
    }

    pub(super) fn publish(&mut self, webhook: i64, count: usize) {
        for _ in 0..count {
            self.last_seq += 1;
            let seq = self.last_seq;
            self.published.insert(seq, self.now);
            self.webhooks.get_mut(&webhook).unwrap().pending.insert(seq);
            let delivery = self.delivery(webhook, seq);
            self.lanes.offer(delivery);
        }
    }

    /// What the database holds was there before the process started.
    pub(super) fn store(&mut self, webhook: i64, count: usize) {
        for _ in 0..count {
            self.last_seq += 1;
            self.published.insert(self.last_seq, self.now);
            let pending = &mut self.webhooks.get_mut(&webhook).unwrap().pending;
            pending.insert(self.last_seq);
        }
        self.lanes.wake(webhook);
    }

    /// How many attempts of a webhook are under way.
    pub(super) fn in_flight(&self, webhook: i64) -> usize {
        let of = |ticket: &&Ticket| ticket.webhook_seq == webhook;
        self.tickets.values().filter(of).count()
    }

    pub(super) fn pending(&self, webhook: i64) -> usize {
        self.webhooks[&webhook].pending.len()
    }

    /// The longest that a webhook's deliveries have waited so far, but for one in a hundred.
    pub(super) fn p99(&self, webhook: i64) -> i64 {
        let mut waits = self.waits.get(&webhook).cloned().unwrap_or_default();
        let unstarted = self.webhooks[&webhook].pending.iter();
        waits.extend(unstarted.map(|seq| self.now - self.published[seq]));
        waits.sort_unstable();
        waits[(waits.len() * 99 / 100).min(waits.len() - 1)]
    }

    /// Lets time pass, and calls `each` at every `every` milliseconds.
    pub(super) fn run(&mut self, until: i64, every: i64, mut each: impl FnMut(&mut Self)) {
        while self.now < until {
            if self.now % every == 0 {
                each(self);
            }
            self.settle();
            self.work();
            self.now += 1;
        }
    }

    pub(super) fn at(&self) -> Timestamp {
        at(0).after(Duration::from_millis(u64::try_from(self.now).unwrap()))
    }

    /// Ends what is due to end.
    fn settle(&mut self) {
        while let Some(Reverse((ends, seq))) = self.under_way.peek().copied()
            && ends <= self.now
        {
            self.under_way.pop();
            let now = self.at();
            let ticket = self.tickets.remove(&seq).unwrap();
            let webhook = self.webhooks.get_mut(&ticket.webhook_seq).unwrap();
            let (ended, settled) = match webhook.receiver {
                Receiver::Answers(_) => (Ended::Taken, Settled::Over),
                Receiver::Hangs(_) => (Ended::Unanswered, Settled::Over),
                Receiver::AsksToWait(seconds) => {
                    let wait = Duration::from_secs(seconds);
                    (Ended::AskedToWait(wait), Settled::Over)
                }
            };
            webhook.pending.remove(&seq);
            self.lanes.exchanged(ticket, ended, now);
            self.lanes.settled(ticket, settled, now);
        }
    }

    /// Steps until nothing more can be done now.
    fn work(&mut self) {
        if !is_awake(&self.lanes, self.at()) {
            return;
        }
        loop {
            let now = self.at();
            let step = self.lanes.step(now);
            let idle = step.start.is_empty() && step.load.is_empty();
            for own in step.start {
                self.begin(own.ticket);
            }
            for order in step.load {
                let loaded = self.load(order);
                self.rows_read += loaded.first.len();
                self.lanes.loaded(loaded, now);
            }
            assert!(self.lanes.in_flight() <= self.lanes.slots);
            if idle {
                return;
            }
        }
    }

    fn begin(&mut self, ticket: Ticket) {
        let Ticket {
            webhook_seq, seq, ..
        } = ticket;
        let waited = self.now - self.published[&seq];
        self.waits.entry(webhook_seq).or_default().push(waited);
        *self.starts.entry(webhook_seq).or_default() += 1;
        let lasts = match self.webhooks[&webhook_seq].receiver {
            Receiver::Answers(ms) | Receiver::Hangs(ms) => ms,
            Receiver::AsksToWait(_) => 1,
        };
        self.under_way.push(Reverse((self.now + lasts, seq)));
        self.tickets.insert(seq, ticket);
    }

    fn load(&self, order: LoadOrder) -> Loaded {
        let webhook = &self.webhooks[&order.webhook_seq];
        let after = order.first_after.unwrap_or(i64::MAX - 1);
        let mut first: Vec<QueuedDelivery> = Vec::new();
        let mut bytes = 0;
        for seq in webhook.pending.range(after + 1..) {
            if first.len() >= order.rows_max || bytes >= order.bytes_max {
                break;
            }
            let delivery = self.delivery(order.webhook_seq, *seq);
            bytes += delivery.event.data.len();
            first.push(delivery);
        }
        let is_full = first.len() >= order.rows_max || bytes >= order.bytes_max;
        let mut target = Target::sample(webhook.max_in_flight);
        target.workspace_seq = webhook.workspace;
        target.kind = webhook.kind;
        target.answered_last = false;
        Loaded {
            first,
            first_cut: if is_full { Cut::More } else { Cut::All },
            ..found(order, target, &[], &[])
        }
    }

    fn delivery(&self, webhook: i64, seq: i64) -> QueuedDelivery {
        delivery_of(webhook, seq, &event(seq, &self.data))
    }
}
