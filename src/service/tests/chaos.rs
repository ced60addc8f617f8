//! Whatever people, receivers and restarts do in whatever order: what must hold, holds.
//!
//! Two webhooks want every event, one of them in order. People act on the other one's deliveries
//! as they like. In the end everything is healed, and then
//! - every event is at each webhook exactly once: as a delivery or as a miss,
//! - nothing waits any more,
//! - the running counts are what counting says,
//! - the ordered receiver saw no event after a later one,
//! - no receiver saw more requests at once than its webhook allows.

use proptest::prelude::*;

use super::house::House;
use super::receiver::{Arrived, Receiver};
use crate::domain::delivery::{Delivery, Status};
use crate::domain::id::WebhookId;
use crate::service::jobs::{RecoverInput, Selection};
use crate::service::webhooks::{RotationInput, WebhookInput};
use crate::service::{Idempotency, Refusal};

const IN_FLIGHT: u32 = 3;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    Publish(u8),
    StoredAnswer { ordered: bool, status: u16 },
    Enable { ordered: bool },
    Disable { ordered: bool },
    One(Single, usize),
    Many(Bulk),
    Restart,
}

/// Something that people do to some delivery.
#[derive(Clone, Copy, Debug)]
enum Single {
    Retry,
    Cancel,
    Discard,
    Replay,
}

/// Something that people do to a whole webhook.
#[derive(Clone, Copy, Debug)]
enum Bulk {
    Retry,
    Discard,
    Recover,
    Run,
    Rotate,
}

fn act() -> impl Strategy<Value = Act> {
    let status = prop_oneof![Just(200_u16), Just(500), Just(503), Just(302)];
    let single = prop_oneof![
        2 => Just(Single::Retry),
        1 => Just(Single::Cancel),
        1 => Just(Single::Discard),
        1 => Just(Single::Replay),
    ];
    let bulk = prop_oneof![
        Just(Bulk::Retry),
        Just(Bulk::Discard),
        Just(Bulk::Recover),
        Just(Bulk::Run),
        Just(Bulk::Rotate),
    ];
    prop_oneof![
        6 => (1_u8..12).prop_map(Act::Publish),
        4 => (any::<bool>(), status).prop_map(|(ordered, status)| Act::StoredAnswer { ordered, status }),
        2 => any::<bool>().prop_map(|ordered| Act::Enable { ordered }),
        1 => any::<bool>().prop_map(|ordered| Act::Disable { ordered }),
        5 => (single, any::<usize>()).prop_map(|(act, at)| Act::One(act, at)),
        5 => bulk.prop_map(Act::Many),
        1 => Just(Act::Restart),
    ]
}

struct Scene {
    house: House,
    free: (WebhookId, Receiver),
    ordered: (WebhookId, Receiver),
    published: i64,
}

impl Scene {
    async fn set() -> Self {
        let house = House::start();
        let receivers = (Receiver::start().await, Receiver::start().await);
        let make = async |receiver: &Receiver, ordered: bool| {
            let more = WebhookInput {
                ordered: Some(ordered),
                max_in_flight: Some(Some(i64::from(IN_FLIGHT))),
                ..WebhookInput::default()
            };
            let delays = ["2ms", "5ms", "20ms"];
            let made = house.webhook_with(&receiver.url, &delays, more).await;
            made.webhook.id
        };
        let free = make(&receivers.0, false).await;
        let ordered = make(&receivers.1, true).await;
        Self {
            house,
            free: (free, receivers.0),
            ordered: (ordered, receivers.1),
            published: 0,
        }
    }

    fn of(&self, ordered: bool) -> &(WebhookId, Receiver) {
        if ordered { &self.ordered } else { &self.free }
    }

    async fn perform(mut self, act: Act) -> Self {
        let House {
            service, caller, ..
        } = &self.house;
        match act {
            Act::Publish(count) => {
                self.house.publish_many(u64::from(count)).await;
                self.published += i64::from(count);
            }
            Act::StoredAnswer { ordered, status } => self.of(ordered).1.answer(status),
            Act::Enable { ordered } => {
                let id = self.of(ordered).0;
                service.enable_webhook(caller, id).await.unwrap();
            }
            Act::Disable { ordered } => {
                let id = self.of(ordered).0;
                service.disable_webhook(caller, id).await.unwrap();
            }
            Act::Restart => self.house = self.house.restart().await,
            Act::One(single, at) => self.act_on_one(single, at).await,
            Act::Many(bulk) => self.act_on_many(bulk).await,
        }
        self
    }

    /// Acts on some delivery of the webhook without an order; it may refuse, and say why.
    async fn act_on_one(&self, act: Single, at: usize) {
        let House {
            service, caller, ..
        } = &self.house;
        let all = self.house.deliveries().await;
        let free: Vec<&Delivery> = all
            .iter()
            .filter(|own| own.webhook == self.free.0)
            .collect();
        let Some(own) = free.get(at % free.len().max(1)) else {
            return;
        };
        let refused = match act {
            Single::Retry => service.retry_delivery(caller, own.id).await.map(drop),
            Single::Cancel => service.cancel_delivery(caller, own.id).await.map(drop),
            Single::Discard => service.discard_dead_letter(caller, own.id).await,
            Single::Replay => {
                let (event, to) = (&own.event_public_id, Some(self.free.0));
                let done = service
                    .replay(caller, event, to, Idempotency::unkeyed())
                    .await;
                done.map(drop)
            }
        };
        if let Err(refusal) = refused {
            let known = matches!(refusal, Refusal::Conflict(_) | Refusal::NotFound(_));
            assert!(known, "{act:?}: {refusal}");
        }
    }

    async fn act_on_many(&self, act: Bulk) {
        let House {
            service, caller, ..
        } = &self.house;
        let chosen = Selection::Filter(self.house.filter_of(self.free.0));
        let refused = match act {
            Bulk::Retry => {
                let begun = service.retry_deliveries(caller, chosen, Idempotency::unkeyed());
                begun.await.map(drop)
            }
            Bulk::Discard => {
                let begun = service.discard_dead_letters(caller, chosen, Idempotency::unkeyed());
                begun.await.map(drop)
            }
            Bulk::Recover => self.recover(self.free.0, &["undelivered"]).await,
            Bulk::Run => service.run_retries(caller, 50).await.map(drop),
            Bulk::Rotate => {
                let rotated = service.rotate_secret(
                    caller,
                    self.free.0,
                    RotationInput::default(),
                    Idempotency::unkeyed(),
                );
                rotated.await.map(drop)
            }
        };
        if let Err(refusal) = refused {
            let known = matches!(refusal, Refusal::Conflict(_));
            assert!(known, "{act:?}: {refusal}");
        }
    }

    async fn recover(&self, id: WebhookId, include: &[&str]) -> Result<(), Refusal> {
        let input = RecoverInput {
            since: Some("2020-01-01T00:00:00Z".to_owned()),
            until: None,
            include: Some(include.iter().map(|&word| word.to_owned()).collect()),
        };
        let House {
            service, caller, ..
        } = &self.house;
        let begun = service.recover_webhook(caller, id, input, Idempotency::unkeyed());
        begun.await.map(drop)
    }

    /// Everybody is well again; waits until nothing waits.
    async fn heal(&self) {
        let house = &self.house;
        for (id, receiver) in [&self.free, &self.ordered] {
            receiver.answer(200);
            house.enable(*id).await;
        }
        let running = "SELECT count(*) FROM jobs WHERE status = 'running'";
        house
            .until(async || (house.number(running).await == 0).then_some(()))
            .await;
        house.counted(Status::Pending, 0).await;
        house.counted(Status::Retrying, 0).await;
    }

    async fn check(&self) {
        let house = &self.house;
        let given = house
            .number("SELECT count(*) FROM deliveries WHERE trigger = 0")
            .await;
        let missed = house.number("SELECT count(*) FROM event_misses").await;
        assert_eq!(given + missed, 2 * self.published);
        let wrong = house
            .number(
                "SELECT count(*) FROM delivery_counts AS c
                 WHERE deliveries <> (
                     SELECT count(*) FROM deliveries AS d
                     WHERE d.webhook_seq = c.webhook_seq AND d.status = c.status)",
            )
            .await;
        assert_eq!(wrong, 0, "counts differ from what is there");
        let uncounted = house
            .number(
                "SELECT (SELECT count(*) FROM deliveries)
                     - (SELECT coalesce(sum(deliveries), 0) FROM delivery_counts)",
            )
            .await;
        assert_eq!(uncounted, 0);
        let undecided = house
            .number(
                "SELECT count(*) FROM deliveries
                 WHERE status = 2 AND NOT EXISTS (
                     SELECT 1 FROM attempts
                     WHERE seq BETWEEN deliveries.seq << 12 AND (deliveries.seq << 12) + 4095
                         AND status_code BETWEEN 200 AND 299)",
            )
            .await;
        assert_eq!(undecided, 0, "delivered without a 2xx");
        let seen: Vec<String> = self.ordered.1.arrived().iter().map(event_of).collect();
        assert!(seen.is_sorted(), "out of order: {seen:#?}");
        assert!(self.ordered.1.most_at_once() <= 1);
        assert!(self.free.1.most_at_once() <= usize::try_from(IN_FLIGHT).unwrap());
    }
}

/// The event's id; ids sort by age.
fn event_of(arrived: &Arrived) -> String {
    arrived.header("webhook-id").to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_in_whatever_order(acts in proptest::collection::vec(act(), 5..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut scene = Scene::set().await;
            for act in acts {
                scene = scene.perform(act).await;
            }
            scene.heal().await;
            scene.check().await;
        });
    }
}
