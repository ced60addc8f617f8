//! Order by a value, batches, a pause of the instance, restarts and a clock that is set: all at once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::house::{House, exact, fresh, numbered};
use super::receiver::Receiver;
use crate::clock::Clock;
use crate::engine::Paused;
use crate::service::events::PublishInput;
use crate::service::webhooks::{BatchInput, WebhookInput};
use crate::service::{Actor, Idempotency};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Events of a round, published before the pause and within it.
const EVENTS: u64 = 24;
const KEYS: u64 = 4;
const BATCH_MAX: usize = 5;
/// Looks at the clock that a round is given to deliver everything: there are 3 failures at most, a
/// second apart.
const NUDGES: usize = 60;

struct Upheaval {
    house: House,
    clock: Clock,
    receiver: Receiver,
    bystander: Receiver,
    nudges: usize,
    published: u64,
}

impl Upheaval {
    async fn begin(order: WebhookInput) -> Self {
        let clock = Clock::manual(Clock::System.now());
        let house = House::start_at(clock.clone());
        let (receiver, bystander) = (Receiver::start().await, Receiver::start().await);
        let watched = WebhookInput {
            url: Some(receiver.url.clone()),
            event_types: Some(vec!["score.*".to_owned()]),
            retry_policy: Some(Some(exact(&["1s"; 20]))),
            ..order
        };
        let other = WebhookInput {
            url: Some(bystander.url.clone()),
            event_types: Some(vec!["nudge".to_owned()]),
            ..WebhookInput::default()
        };
        for input in [watched, other] {
            let (service, caller) = (&house.service, &house.caller);
            let made = service
                .create_webhook(caller, input, Idempotency::unkeyed())
                .await;
            fresh(made.unwrap());
        }
        Self {
            house,
            clock,
            receiver,
            bystander,
            nudges: 0,
            published: 0,
        }
    }

    async fn publish(&mut self) {
        for _ in 0..EVENTS {
            let number = self.published;
            self.published += 1;
            let input = PublishInput {
                data: format!(r#"{{"number":{number},"key":{}}}"#, number % KEYS),
                ..numbered(number)
            };
            self.send(input).await;
        }
    }

    async fn send(&self, input: PublishInput) {
        let (service, caller) = (&self.house.service, &self.house.caller);
        service
            .publish(caller, input, Idempotency::unkeyed())
            .await
            .unwrap();
    }

    /// Time passes, and the engine looks at its clock.
    async fn nudge(&mut self) {
        self.clock.advance(Duration::from_secs(1));
        self.send(PublishInput {
            event_type: "nudge".to_owned(),
            ..numbered(0)
        })
        .await;
        self.nudges += 1;
        self.bystander.wait_for(self.nudges).await;
    }

    async fn pause(&self, paused: Paused) {
        let done = self.house.service.set_sending(&Actor::Cli, paused).await;
        done.unwrap();
    }

    /// Everything that was published so far is delivered, and nothing gave up.
    async fn all_delivered(&mut self) {
        let delivered =
            "SELECT count(*) FROM deliveries WHERE status = 2 AND event_type <> 'nudge'";
        let expect = i64::try_from(self.published).unwrap();
        for _ in 0..NUDGES {
            if self.house.number(delivered).await == expect {
                return;
            }
            self.nudge().await;
        }
        let stuck = self.house.number(delivered).await;
        panic!("{stuck} of {expect} were delivered");
    }

    /// The numbers that arrived, request by request.
    fn arrived(&self) -> Vec<Vec<u64>> {
        let number = |one: &Value| one["data"]["number"].as_u64().unwrap();
        let numbers = |body: &str| match serde_json::from_str(body).unwrap() {
            Value::Array(all) => all.iter().map(number).collect(),
            alone => vec![number(&alone)],
        };
        let arrived = self.receiver.arrived();
        arrived.iter().map(|one| numbers(&one.body)).collect()
    }

    /// Where each event came first, those with the same `key` came in the order of their publishing.
    fn check_order(&self, key: impl Fn(u64) -> u64) {
        let mut first: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for number in self.arrived().into_iter().flatten() {
            let own = first.entry(key(number)).or_default();
            if !own.contains(&number) {
                own.push(number);
            }
        }
        let all: usize = first.values().map(Vec::len).sum();
        assert_eq!(u64::try_from(all).unwrap(), self.published);
        for (key, numbers) in first {
            assert!(numbers.is_sorted(), "of key {key}: {numbers:?}");
        }
    }

    /// Four rounds: events before and within a pause, failures, the clock set far ahead and back, and
    /// every other time a restart within the pause.
    async fn go_on(mut self) -> Self {
        for (round, by_ms) in [30 * DAY_MS, -60 * DAY_MS, 45 * DAY_MS, -15 * DAY_MS]
            .into_iter()
            .enumerate()
        {
            self.receiver.script(&[500, 200, 500, 200, 503]);
            self.publish().await;
            self.pause(Paused::Yes).await;
            self.publish().await;
            self.clock.set(self.clock.now().shifted(by_ms));
            if round % 2 == 1 {
                self.house = self.house.restart().await;
            }
            self.pause(Paused::No).await;
            self.all_delivered().await;
        }
        self
    }
}

fn batched() -> WebhookInput {
    WebhookInput {
        batch: Some(Some(BatchInput {
            max: i64::try_from(BATCH_MAX).unwrap(),
            wait: "1s".to_owned(),
        })),
        ..WebhookInput::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_keeps_its_order_through_a_pause_restarts_and_a_clock_that_is_set() {
    let order = WebhookInput {
        ordered_by: Some(Some("/data/key".to_owned())),
        ..WebhookInput::default()
    };
    let done = Upheaval::begin(order).await.go_on().await;
    done.check_order(|number| number % KEYS);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_by_a_value_stay_within_their_bounds_and_in_order_through_all_of_it() {
    let order = WebhookInput {
        ordered_by: Some(Some("/data/key".to_owned())),
        ..batched()
    };
    let done = Upheaval::begin(order).await.go_on().await;
    done.check_order(|number| number % KEYS);
    let sizes: Vec<usize> = done.arrived().iter().map(Vec::len).collect();
    assert!(
        sizes.iter().all(|size| (1..=BATCH_MAX).contains(size)),
        "{sizes:?}"
    );
    assert!(sizes.iter().any(|size| *size > 1), "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_an_ordered_webhook_keep_one_order_through_all_of_it() {
    let order = WebhookInput {
        ordered: Some(true),
        ..batched()
    };
    let done = Upheaval::begin(order).await.go_on().await;
    done.check_order(|_| 0);
}
