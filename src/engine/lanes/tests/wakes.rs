//! Nothing that is due is forgotten, in whatever order things happen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

const WEBHOOKS: i64 = 2;

#[test]
fn the_scheduler_is_woken_only_for_what_it_can_do() {
    let mut lanes = lanes(1, 100, open(2));
    assert!(!lanes.wants_step());
    for seq in 1..=3 {
        lanes.offer(delivery(1, seq));
        assert!(lanes.wants_step());
    }
    let tickets: Vec<Ticket> = lanes.step(at(0)).start.iter().map(|s| s.ticket).collect();
    assert!(!lanes.wants_step(), "the third waits for one of them");
    lanes.exchanged(tickets[0], Ended::Taken, at(0));
    assert!(lanes.wants_step());
    let third = only(&lanes.step(at(0)));
    for ticket in [tickets[1], third] {
        lanes.exchanged(ticket, Ended::Taken, at(0));
        assert!(!lanes.wants_step(), "nothing waits for the slot");
    }
    lanes.settled(tickets[0], Settled::Over, at(0));
    lanes.settled(tickets[1], Settled::Over, at(0));
    assert!(!lanes.wants_step());
    lanes.settled(third, Settled::Again(at(5)), at(0));
    assert!(
        lanes.wants_step() || is_awake(&lanes, at(5)),
        "it is due then"
    );
    assert_eq!(lanes.step(at(0)).wake_at, Some(at(5)));
    assert!(!lanes.wants_step());
}

#[test]
fn a_retry_that_is_due_is_not_forgotten_for_one_that_is_planned_later() {
    let mut lanes = lanes(1, 100, open(16));
    lanes.offer(delivery(1, 1));
    let attempt = only(&lanes.step(at(0)));
    // What was put back is found a moment before it is due.
    lanes.wake(1);
    let order = lanes.step(at(0)).load.remove(0);
    let loaded = Loaded {
        retry_at: Some(at(1)),
        ..found(order, open(16)(), &[], &[])
    };
    lanes.loaded(loaded, at(0));
    // The attempt ends when that is due, before anybody looked, and plans its own retry for later.
    lanes.exchanged(attempt, Ended::Answered, at(1));
    lanes.settled(attempt, Settled::Again(at(3600)), at(1));
    let step = lanes.step(at(1));
    assert_eq!(step.load.len(), 1, "{step:?}");
}

/// A row of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Pending,
    Retrying(i64),
    Over,
}

/// A database, attempts that take a while and loads that are late, all moved by dice.
struct Storm {
    lanes: Lanes,
    now: i64,
    rows: BTreeMap<(i64, i64), Row>,
    loads: Vec<(i64, Loaded, i64)>,
    under_way: Vec<(i64, Ticket)>,
    last_seq: i64,
    dice: u64,
    is_over: bool,
}

impl Storm {
    fn new(seed: u64) -> Self {
        Self {
            lanes: Lanes::new(8),
            now: 0,
            rows: BTreeMap::new(),
            loads: Vec::new(),
            under_way: Vec::new(),
            last_seq: 0,
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            is_over: false,
        }
    }

    /// A number below `below`.
    fn roll(&mut self, below: i64) -> i64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        i64::try_from(self.dice >> 33).unwrap() % below
    }

    fn at(&self, ms: i64) -> Timestamp {
        at(0).after(Duration::from_millis(ms.unsigned_abs()))
    }

    fn instant(&self) -> Timestamp {
        self.at(self.now)
    }

    /// Something happens from outside.
    fn happen(&mut self) {
        let webhook = 1 + self.roll(WEBHOOKS);
        match self.roll(40) {
            0..8 => {
                self.last_seq += 1;
                self.rows.insert((webhook, self.last_seq), Row::Pending);
                self.lanes.offer(delivery(webhook, self.last_seq));
            }
            8..11 => self.put_back(webhook),
            11 => self.urge(webhook),
            12 => self.lanes.webhook_changed(webhook, self.instant()),
            _ => {}
        }
    }

    /// What is over or waits is put back in line, as bulk work does it.
    fn put_back(&mut self, webhook: i64) {
        let now = self.now;
        for ((own, seq), row) in &mut self.rows {
            let is_under_way = self.lanes.is_in_flight(webhook, *seq, 0);
            if *own == webhook && *row != Row::Pending && !is_under_way {
                *row = Row::Retrying(now);
            }
        }
        self.lanes.wake(webhook);
    }

    /// Somebody wants one attempted now.
    fn urge(&mut self, webhook: i64) {
        let over = |(key, row): (&(i64, i64), &Row)| {
            (key.0 == webhook && *row == Row::Over).then_some(key.1)
        };
        if let Some(seq) = self.rows.iter().find_map(over) {
            self.rows.insert((webhook, seq), Row::Retrying(self.now));
            self.lanes.offer_urgent(delivery(webhook, seq));
        }
    }

    fn settle(&mut self) {
        let now = self.now;
        let (ended, going): (Vec<_>, Vec<_>) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(ends, _)| *ends <= now);
        self.under_way = going;
        for (_, ticket) in ended {
            self.end(ticket);
        }
    }

    fn end(&mut self, ticket: Ticket) {
        let key = (ticket.webhook_seq, ticket.seq);
        // Many are planned for long after the end.
        let later = self.now + 1 + self.roll(60) + 3_600_000 * self.roll(2);
        let outcome = if self.is_over { 0 } else { self.roll(20) };
        let (row, ended, settled) = match outcome {
            0..10 => (Row::Over, Ended::Taken, Settled::Over),
            10..19 => {
                let again = Settled::Again(self.at(later));
                (Row::Retrying(later), Ended::Answered, again)
            }
            _ => (self.rows[&key], Ended::Unanswered, Settled::Unknown),
        };
        self.rows.insert(key, row);
        let now = self.instant();
        self.lanes.exchanged(ticket, ended, now);
        self.lanes.settled(ticket, settled, now);
    }

    fn step(&mut self) {
        if !is_awake(&self.lanes, self.instant()) {
            return;
        }
        loop {
            let step = self.lanes.step(self.instant());
            let is_idle = step.start.is_empty() && step.load.is_empty();
            for own in step.start {
                let ends = self.now + self.roll(8);
                self.under_way.push((ends, own.ticket));
            }
            for order in step.load {
                // It reads by a clock that was looked at a moment ago, and is late itself.
                let read_at = self.now - self.roll(2);
                let loaded = self.load(order, read_at);
                let ready_at = self.now + self.roll(6);
                self.loads.push((ready_at, loaded, read_at));
            }
            if is_idle {
                return;
            }
        }
    }

    fn load(&self, order: LoadOrder, read_at: i64) -> Loaded {
        let of = |wanted: fn(Row, i64) -> bool| {
            let rows = self.rows.iter().filter(move |((webhook, seq), row)| {
                *webhook == order.webhook_seq && wanted(**row, *seq)
            });
            rows.map(|((_, seq), row)| (*seq, *row)).collect::<Vec<_>>()
        };
        let after = order.first_after.unwrap_or(i64::MAX);
        let mut first = of(|row, _| row == Row::Pending);
        first.retain(|(seq, _)| *seq > after);
        let retrying = of(|row, _| matches!(row, Row::Retrying(_)));
        let due_at = |row: Row| match row {
            Row::Retrying(due_at) => due_at,
            Row::Pending | Row::Over => i64::MAX,
        };
        let mut due: Vec<_> = retrying
            .iter()
            .map(|(seq, row)| (due_at(*row), *seq))
            .collect();
        due.sort_unstable();
        let next = due.iter().find(|(due_at, _)| *due_at > read_at).copied();
        due.retain(|(due_at, _)| *due_at <= read_at && order.retries);
        let cut = |rows: usize| {
            if rows >= order.rows_max {
                Cut::More
            } else {
                Cut::All
            }
        };
        let (first_cut, retries_cut) = (cut(first.len()), cut(due.len()));
        let first: Vec<i64> = first
            .iter()
            .map(|(seq, _)| *seq)
            .take(order.rows_max)
            .collect();
        let due: Vec<i64> = due
            .iter()
            .map(|(_, seq)| *seq)
            .take(order.rows_max)
            .collect();
        Loaded {
            first_cut,
            retries_cut,
            retry_at: next
                .filter(|_| order.retries)
                .map(|(due_at, _)| self.at(due_at)),
            ..found(order, Target::sample(4), &first, &due)
        }
    }

    fn take_loads(&mut self) {
        let now = self.now;
        let (ready, going): (Vec<_>, Vec<_>) = std::mem::take(&mut self.loads)
            .into_iter()
            .partition(|(ready_at, ..)| *ready_at <= now);
        self.loads = going;
        for (_, loaded, read_at) in ready {
            let read_at = self.at(read_at);
            self.lanes.loaded(loaded, read_at);
        }
    }

    fn tick(&mut self) {
        if !self.is_over {
            self.happen();
        }
        // Results come before the scheduler looks, or after it.
        if self.roll(2) == 0 {
            self.step();
        }
        self.settle();
        self.take_loads();
        if self.is_over || self.roll(3) > 0 {
            self.step();
        }
        self.now += if self.is_over { 200 } else { 1 };
    }
}

#[test]
fn whatever_happens_in_whatever_order_everything_that_is_due_is_attempted_in_the_end() {
    for seed in 1..=700 {
        let mut storm = Storm::new(seed);
        for _ in 0..20 + seed % 100 {
            storm.tick();
        }
        storm.is_over = true;
        for _ in 0..400 {
            storm.tick();
        }
        let is_due = |row: &Row| match *row {
            Row::Pending => true,
            Row::Retrying(due_at) => due_at < storm.now - 10_000,
            Row::Over => false,
        };
        let left: Vec<_> = storm.rows.iter().filter(|(_, row)| is_due(row)).collect();
        assert!(left.is_empty(), "seed {seed}: {left:?} at {}", storm.now);
    }
}
