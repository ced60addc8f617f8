//! A month of history, stored through the store's own functions while nothing else runs.
//!
//! # Why not through the API
//! A month must pass while it is made: rows carry the time of their commit, and the pages look at
//! the last hour as well as at the last thirty days. So the store gets a clock that is moved by
//! hand, and the rows come from the same functions that publishing and delivering call.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hookpost::clock::Clock;
use hookpost::domain::attempt::{Attempt, AttemptTrigger};
use hookpost::domain::delivery::{
    DeliveryPlace, LastAttempt, NewDelivery, Next, Progress, Status, Trigger,
};
use hookpost::domain::event::{Event, EventKind, NewEvent};
use hookpost::domain::id::{ConsumerId, DeliveryId, WebhookId};
use hookpost::domain::outcome::FailureKind;
use hookpost::domain::webhook::{Webhook, WebhookState};
use hookpost::domain::{breaker::DisabledReason, time::Timestamp};
use hookpost::store::attempts;
use hookpost::store::deliveries;
use hookpost::store::events;
use hookpost::store::vault::KeySource;
use hookpost::store::{OpenOptions, Store, StoreError, WriteTx, webhooks};

use crate::consumers;

/// Registered receivers, the last few of which are one consumer's own.
pub const WEBHOOKS: usize = 24;
pub const CONSUMERS_WEBHOOKS: usize = 3;
/// The name of that consumer.
pub const CONSUMER: &str = "acme";
/// The version of an event type that the portal shows.
pub const VERSION: &str = "2026-11-01";
/// Deliveries of each event.
const FAN_OUT: u64 = 4;
/// Events that are stored by one commit.
const BATCH: u64 = 500;
/// Deliveries of each two commits: the history consists of whole pairs, an old and a new one.
const PAIR: u64 = 2 * BATCH * FAN_OUT;
/// Commits by which it is judged how many there is time for.
const TRIED: u64 = 20;
/// How long storing them all may take.
const FILL_MAX: Duration = Duration::from_secs(90);
/// How long the history is; the commits are spread evenly, but half of them lie in the last day.
const LENGTH: Duration = Duration::from_secs(29 * 24 * 3600);
const LAST_DAY: Duration = Duration::from_secs(24 * 3600);
/// Nothing that still waits is due while the pages are measured.
const NEXT_ATTEMPT: Duration = Duration::from_secs(48 * 3600);
const TYPES: [&str; 8] = [
    "order.created",
    "order.paid",
    "order.shipped",
    "order.refunded",
    "user.created",
    "user.deleted",
    "invoice.paid",
    "invoice.voided",
];
/// A type that hardly any event has: what a filter has to look for longest.
pub const RARE_TYPE: &str = "contract.signed";

/// What was stored, by its latest rows.
pub struct History {
    /// An event's id.
    pub event: String,
    /// A dead letter's id.
    pub dead_letter: DeliveryId,
    /// A delivered one's id.
    pub delivered: DeliveryId,
    /// The id of one of the consumer's own, and that of its event.
    pub consumers: DeliveryId,
    pub consumers_event: String,
}

/// What every delivery of a receiver has in common.
#[derive(Clone)]
struct Receiver {
    webhook: Arc<Webhook>,
}

/// Stores a month with about so many deliveries, or as many as there is time for; says how many it came to.
pub fn fill(data_dir: &Path, ids: &[String], deliveries: u64) -> Result<(u64, History)> {
    let end = Clock::System.now();
    let clock = Clock::manual(end.before(LENGTH));
    let store = Store::open(&OpenOptions {
        data_dir: data_dir.to_owned(),
        key: KeySource::File(data_dir.join("master.key")),
        clock: clock.clone(),
    })?;
    let receivers = receivers(&store, ids, end)?;
    let held = receivers[0].webhook.id;
    let workspace_seq = receivers[0].webhook.workspace.seq();
    let customers = Arc::new(consumers::store(&store, workspace_seq)?);
    let mut batches = deliveries.div_ceil(PAIR) * 2;
    let (mut last, mut batch) = (None, 0);
    let begun = Instant::now();
    while batch < batches {
        if batch == TRIED {
            batches = affordable(begun.elapsed(), batches);
        }
        clock.set(instant(end, batch, batches));
        let (receivers, customers) = (receivers.clone(), Arc::clone(&customers));
        let stored =
            move |tx: &mut WriteTx<'_>| store_batch(tx, &receivers, &customers, batch, end);
        last = store.write_blocking::<_, StoreError>(stored)?.or(last);
        batch += 1;
    }
    clock.set(end);
    let state = WebhookState::Disabled {
        reason: DisabledReason::Manual,
        at: end,
    };
    store.write_blocking::<_, StoreError>(move |tx| {
        webhooks::set_state(tx, workspace_seq, held.seq(), state)
    })?;
    store.close();
    let last = last.context("the last batch has every ending")?;
    Ok((batches * BATCH * FAN_OUT, last))
}

/// As many of `wanted` commits as there is time for, where the first few took so long. A shorter history lies
/// as the longer one would have: its instants are only further apart.
fn affordable(took: Duration, wanted: u64) -> u64 {
    let each_ms = took.as_millis().max(1) / u128::from(TRIED);
    let possible = FILL_MAX.as_millis() / each_ms.max(1);
    let possible = u64::try_from(possible).unwrap_or(u64::MAX);
    wanted.min((possible / 2 * 2).max(2 * TRIED))
}

fn receivers(store: &Store, ids: &[String], now: Timestamp) -> Result<Vec<Receiver>> {
    let parsed: Vec<i64> = ids
        .iter()
        .filter_map(|id| Some(WebhookId::parse(id)?.seq()))
        .collect();
    let vault = Arc::clone(store.vault());
    let found = store.read_blocking::<_, StoreError>(move |conn| {
        let find = |seq: &i64| webhooks::find(conn, &vault, *seq, now);
        parsed.iter().map(find).collect::<Result<Vec<_>, _>>()
    })?;
    let receiver = |webhook: Webhook| Receiver {
        webhook: Arc::new(webhook),
    };
    Ok(found.into_iter().flatten().map(receiver).collect())
}

/// When a batch is committed: the first half before the last day, the second half in it.
fn instant(end: Timestamp, batch: u64, batches: u64) -> Timestamp {
    let half = batches / 2;
    let share = |of: Duration, part: u64| of * u32::try_from(part).unwrap_or(0) / 1000;
    let part = batch % half * 1000 / half;
    let day = end.before(LAST_DAY);
    if batch < half {
        end.before(LENGTH).after(share(LENGTH - LAST_DAY, part))
    } else {
        day.after(share(LAST_DAY, part))
    }
}

fn store_batch(
    tx: &mut WriteTx<'_>,
    receivers: &[Receiver],
    customers: &[ConsumerId],
    batch: u64,
    end: Timestamp,
) -> Result<Option<History>, StoreError> {
    let (mut event_id, mut dead_letter, mut delivered, mut consumers) = (None, None, None, None);
    for number in batch * BATCH..(batch + 1) * BATCH {
        let workspace = receivers[0].webhook.workspace;
        // What is for another customer reaches the platform's own webhooks, and none of this one's.
        let (consumer, receivers) = match other_customer(customers, number) {
            Some(other) => (Some(other), &receivers[..WEBHOOKS - CONSUMERS_WEBHOOKS]),
            None => (receivers[WEBHOOKS - 1].webhook.consumer, receivers),
        };
        let new = new_event(number, consumer);
        let event = events::insert(tx, workspace, new, FAN_OUT as usize)?;
        let event = Arc::new(event);
        for place in 0..FAN_OUT {
            let number = number * FAN_OUT + place;
            let (id, status, owner) = deliver(tx, receivers, &event, number, end)?;
            consumers = owner.map(|_| (id, event.public_id())).or(consumers);
            match status {
                Status::Delivered => delivered = Some(id),
                Status::Exhausted => dead_letter = Some(id),
                Status::Scheduled | Status::Pending | Status::Retrying | Status::Canceled => {}
            }
        }
        event_id = Some(event.public_id());
    }
    Ok(event_id.zip(dead_letter).zip(delivered).zip(consumers).map(
        |(((event, dead_letter), delivered), (consumers, consumers_event))| History {
            event,
            dead_letter,
            delivered,
            consumers,
            consumers_event,
        },
    ))
}

/// Whom an event is for: every other one for one of the other customers.
fn other_customer(customers: &[ConsumerId], number: u64) -> Option<ConsumerId> {
    let dice = mixed(number ^ 0xc0de);
    let place = usize::try_from(dice / 2).unwrap_or(0) % customers.len();
    dice.is_multiple_of(2).then(|| customers[place])
}

fn new_event(number: u64, consumer: Option<ConsumerId>) -> NewEvent {
    let event_type = match mixed(number) {
        dice if dice % 20_000 == 7 => RARE_TYPE,
        dice => TYPES[usize::try_from(dice % 8).unwrap_or(0)],
    };
    let pad = "x".repeat(400);
    NewEvent {
        given_id: None,
        consumer,
        kind: EventKind::Published,
        event_type: event_type.into(),
        occurred_at: None,
        data: format!(r#"{{"number":{number},"customer":"cus_{number}","pad":"{pad}"}}"#).into(),
        context: None,
        schedule: None,
        keep: None,
    }
}

/// Stores a delivery with its attempts; of a thousand, 940 arrive, 20 give up, 10 are called off,
/// 20 wait for a retry and 10 are held by a receiver that is disabled.
fn deliver(
    tx: &mut WriteTx<'_>,
    receivers: &[Receiver],
    event: &Arc<Event>,
    number: u64,
    end: Timestamp,
) -> Result<(DeliveryId, Status, Option<ConsumerId>), StoreError> {
    let dice = mixed(number ^ 0x5eed);
    let (status, failures) = match dice % 1000 {
        0..900 => (Status::Delivered, 0),
        900..940 => (Status::Delivered, 1),
        940..960 => (Status::Exhausted, 3),
        960..970 => (Status::Canceled, 0),
        970..990 => (Status::Retrying, 2),
        _ => (Status::Pending, 0),
    };
    let others = u64::try_from(receivers.len() - 1).unwrap_or(1);
    let chosen = match status {
        Status::Scheduled | Status::Pending => 0,
        Status::Retrying | Status::Delivered | Status::Exhausted | Status::Canceled => {
            1 + dice / 1000 % others
        }
    };
    let webhook = &receivers[usize::try_from(chosen).unwrap_or(0)].webhook;
    let new = NewDelivery {
        consumer_seq: webhook.consumer.map(|id| id.seq()),
        webhook_seq: webhook.id.seq(),
        profile_seq: webhook.profile.seq,
        format: webhook.settings.format,
        shape_seq: None,
        trigger: Trigger::Event,
        max_attempts: 29,
        retried_from: None,
        order_key: None,
    };
    let queued = deliveries::insert_unqueued(tx, event, &new)?;
    let place = DeliveryPlace {
        seq: queued.id.seq(),
        webhook_seq: new.webhook_seq,
        workspace_seq: event.workspace.seq(),
        trigger: new.trigger,
        order_key: None,
    };
    let mut story = Story {
        place,
        progress: queued.progress,
        url: webhook.settings.url.clone(),
        end,
    };
    for _ in 1..failures {
        story.attempt(tx, dice, Status::Retrying)?;
    }
    match status {
        Status::Scheduled | Status::Pending => {}
        Status::Canceled => story.reach(tx, Status::Canceled, None)?,
        Status::Delivered if failures > 0 => {
            story.attempt(tx, dice, Status::Retrying)?;
            story.attempt(tx, dice, status)?;
        }
        Status::Delivered | Status::Retrying | Status::Exhausted => {
            story.attempt(tx, dice, status)?;
        }
    }
    if status == Status::Exhausted && (dice / 7).is_multiple_of(4) {
        deliveries::discard(tx, place.seq)?;
        return Ok((queued.id, Status::Canceled, webhook.consumer));
    }
    Ok((queued.id, status, webhook.consumer))
}

/// A delivery on its way.
struct Story {
    place: DeliveryPlace,
    progress: Progress,
    url: String,
    end: Timestamp,
}

impl Story {
    fn attempt(
        &mut self,
        tx: &mut WriteTx<'_>,
        dice: u64,
        after: Status,
    ) -> Result<(), StoreError> {
        let failed = after != Status::Delivered;
        let status_code = match (failed, dice / 11 % 4) {
            (false, _) => Some(200),
            (true, 0) => Some(500),
            (true, 1) => Some(503),
            (true, 2) => Some(404),
            (true, _) => None,
        };
        let error_kind = match (failed, status_code) {
            (false, _) => None,
            (true, Some(_)) => Some(FailureKind::Status),
            (true, None) => Some(FailureKind::Timeout),
        };
        let duration_ms = u32::try_from(5 + dice / 13 % 400).unwrap_or(5);
        attempts::insert(
            tx,
            self.place,
            self.progress.attempt_count + 1,
            &Attempt {
                number: self.progress.attempt_count + 1,
                trigger: AttemptTrigger::Schedule,
                started_at: tx.now(),
                duration_ms,
                status_code,
                error_kind,
                error: error_kind.map(|kind| kind.as_str().to_owned()),
                remote_addr: Some("127.0.0.1:8009".to_owned()),
                url: self.url.clone(),
                request_headers: "content-type: application/json\nuser-agent: hookpost/0.1.0"
                    .to_owned(),
                response_headers: "content-type: application/json\nserver: nginx".to_owned(),
                response_body: Some(br#"{"ok":true}"#.to_vec()),
                response_truncated: false,
            },
        )?;
        let last = LastAttempt {
            status_code,
            error_kind,
            error: None,
            duration_ms,
        };
        self.reach(tx, after, Some(&last))
    }

    fn reach(
        &mut self,
        tx: &mut WriteTx<'_>,
        status: Status,
        last: Option<&LastAttempt<'_>>,
    ) -> Result<(), StoreError> {
        let attempted = u32::from(last.is_some());
        let next = match status {
            Status::Scheduled | Status::Pending | Status::Retrying => {
                Next::Scheduled(self.end.after(NEXT_ATTEMPT))
            }
            Status::Delivered | Status::Exhausted | Status::Canceled => Next::Never,
        };
        let progress = Progress {
            status,
            attempt_count: self.progress.attempt_count + attempted,
            failed_in_run: self.progress.failed_in_run + attempted,
            run_started_at: Some(tx.now()),
            next,
        };
        deliveries::set_progress(tx, self.place, &self.progress, &progress, last)?;
        self.progress = progress;
        Ok(())
    }
}

/// Numbers that look thrown, the same in every run.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 8
}
