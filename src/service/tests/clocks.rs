//! Somebody sets the machine's clock, a month ahead or back.

use std::time::Duration;

use super::house::{House, exact};
use super::receiver::Receiver;
use crate::clock::Clock;
use crate::domain::delivery::{Next, Status};
use crate::domain::time::Timestamp;
use crate::service::webhooks::{CustomRetry, RetryInput, WebhookInput};

const DAY_MS: i64 = 24 * 3600 * 1000;
const MONTHS_MS: [i64; 2] = [30 * DAY_MS, -30 * DAY_MS];

struct Scene {
    house: House,
    clock: Clock,
    failing: Receiver,
    bystander: Receiver,
    nudges: usize,
}

impl Scene {
    /// A webhook that fails by this policy, and one that does not.
    async fn set(policy: RetryInput) -> Self {
        let clock = Clock::manual(Clock::System.now());
        let house = House::start_at(clock.clone());
        let (failing, bystander) = (Receiver::start().await, Receiver::start().await);
        failing.answer(500);
        let input = |url: &str, types: &str| WebhookInput {
            url: Some(url.to_owned()),
            event_types: Some(vec![types.to_owned()]),
            ..WebhookInput::default()
        };
        for input in [
            WebhookInput {
                retry_policy: Some(Some(policy)),
                ..input(&failing.url, "score.*")
            },
            input(&bystander.url, "nudge"),
        ] {
            house
                .service
                .create_webhook(&house.caller, input, crate::service::Idempotency::unkeyed())
                .await
                .unwrap();
        }
        Self {
            house,
            clock,
            failing,
            bystander,
            nudges: 0,
        }
    }

    /// Makes the engine look at its clock, and waits until it has done what was to be done.
    async fn nudge(&mut self) {
        let input = crate::service::events::PublishInput {
            event_type: "nudge".to_owned(),
            ..super::house::numbered(0)
        };
        self.house
            .service
            .publish(
                &self.house.caller,
                input,
                crate::service::Idempotency::unkeyed(),
            )
            .await
            .unwrap();
        self.nudges += 1;
        self.bystander.wait_for(self.nudges).await;
    }

    /// Waits until a delivery has so many attempts behind it.
    async fn recorded(&self, attempts: usize) {
        self.house
            .until(async || {
                let most = self
                    .house
                    .number("SELECT max(attempt_count) FROM deliveries")
                    .await;
                (usize::try_from(most).unwrap() == attempts).then_some(())
            })
            .await;
    }

    async fn planned(&self) -> Vec<Timestamp> {
        let all = self.house.deliveries().await;
        let planned = |next| match next {
            Next::Scheduled(at) => Some(at),
            Next::Never | Next::Manual { .. } => None,
        };
        let mut at: Vec<_> = all
            .iter()
            .filter(|own| own.progress.status == Status::Retrying)
            .filter_map(|own| planned(own.progress.next))
            .collect();
        at.sort();
        at
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_keep_their_distance_and_nothing_is_sent_early_or_late() {
    for by_ms in MONTHS_MS {
        let mut scene = Scene::set(exact(&["1h", "1h"])).await;
        scene.house.publish_many(60).await;
        scene.house.counted(Status::Retrying, 60).await;
        let before = scene.planned().await;
        scene.clock.set(scene.clock.now().shifted(by_ms));
        scene.nudge().await;
        scene.nudge().await;
        assert_eq!(scene.failing.arrived().len(), 60, "a stampede");
        let expect: Vec<_> = before.iter().map(|at| at.shifted(by_ms)).collect();
        assert_eq!(scene.planned().await, expect);
        scene.failing.answer(200);
        scene.clock.advance(Duration::from_secs(3599));
        scene.nudge().await;
        assert_eq!(scene.failing.arrived().len(), 60);
        scene.clock.advance(Duration::from_secs(2));
        scene.nudge().await;
        scene.failing.wait_for(120).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_does_not_end_because_the_clock_was_set() {
    let policy = || {
        RetryInput::Custom(CustomRetry {
            delays: Some(Vec::new()),
            then_every: Some("1h".to_owned()),
            give_up_after: Some("24h".to_owned()),
            jitter: Some(false),
            ..CustomRetry::default()
        })
    };
    for by_ms in MONTHS_MS {
        let mut scene = Scene::set(policy()).await;
        scene.house.publish(1).await;
        scene.house.counted(Status::Retrying, 1).await;
        scene.clock.set(scene.clock.now().shifted(by_ms));
        scene.nudge().await;
        for attempts in 2..=24 {
            scene.clock.advance(Duration::from_secs(3600));
            scene.nudge().await;
            scene.failing.wait_for(attempts).await;
            scene.recorded(attempts).await;
        }
        scene.clock.advance(Duration::from_secs(3600));
        scene.nudge().await;
        scene.house.counted(Status::Exhausted, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_while_the_clock_is_set_is_retried_by_its_policy() {
    for by_ms in MONTHS_MS {
        let mut scene = Scene::set(exact(&["1h", "1h"])).await;
        scene.failing.delay(Duration::from_millis(200));
        scene.house.publish(1).await;
        scene.failing.wait_for(1).await;
        scene.clock.set(scene.clock.now().shifted(by_ms));
        scene.house.counted(Status::Retrying, 1).await;
        scene.nudge().await;
        let expect = scene.clock.now().after(Duration::from_secs(3600));
        assert_eq!(scene.planned().await, [expect]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_disabled_for_failing_a_month_because_the_clock_was_set() {
    let mut scene = Scene::set(exact(&["1h", "1h"])).await;
    scene.house.publish(1).await;
    scene.house.counted(Status::Retrying, 1).await;
    scene.clock.set(scene.clock.now().shifted(30 * DAY_MS));
    scene.nudge().await;
    scene.house.publish(2).await;
    scene.house.counted(Status::Retrying, 2).await;
    let webhooks = scene
        .house
        .number("SELECT count(*) FROM webhooks WHERE status = 'disabled'")
        .await;
    assert_eq!(webhooks, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_while_nothing_runs_moves_each_retry_by_exactly_as_much() {
    const HOUR_MS: i64 = 3600 * 1000;
    for by_ms in [30 * DAY_MS, -30 * DAY_MS, -HOUR_MS, HOUR_MS, 6 * DAY_MS] {
        let mut scene = Scene::set(exact(&["60s", "1h"])).await;
        scene.house.publish_many(3).await;
        scene.house.counted(Status::Retrying, 3).await;
        let before = scene.planned().await;
        scene.clock.advance(Duration::from_secs(20));
        let set = |clock: &Clock| {
            clock.advance(Duration::from_secs(15));
            clock.set(clock.now().shifted(by_ms));
        };
        scene.house = scene.house.restart_after(set).await;
        scene.nudge().await;
        let expect: Vec<_> = before.iter().map(|at| at.shifted(by_ms)).collect();
        assert_eq!(scene.planned().await, expect, "{by_ms}");
        assert_eq!(scene.failing.arrived().len(), 3, "nothing is early");
        scene.clock.advance(Duration::from_secs(26));
        scene.nudge().await;
        scene.failing.wait_for(6).await;
        scene.recorded(2).await;
        let disabled = "SELECT count(*) FROM webhooks WHERE status = 'disabled'";
        assert_eq!(scene.house.number(disabled).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_disabled_for_failing_while_nothing_ran() {
    let meanwhile: [fn(&Clock); 3] = [
        |clock| clock.advance(Duration::from_secs(6 * 24 * 3600)),
        |clock| clock.set(clock.now().shifted(6 * DAY_MS)),
        |clock| {
            clock.set(clock.now().shifted(6 * DAY_MS));
            clock.reboot();
        },
    ];
    for meanwhile in meanwhile {
        let mut scene = Scene::set(exact(&["1h", "1h"])).await;
        scene.house.publish(1).await;
        scene.house.counted(Status::Retrying, 1).await;
        // It has been failing for four of five days.
        for _ in 0..4 {
            scene.clock.advance(Duration::from_secs(24 * 3600));
            scene.nudge().await;
            let attempts = scene.failing.arrived().len();
            scene.house.publish(2).await;
            scene.failing.wait_for(attempts + 1).await;
        }
        scene.house = scene.house.restart_after(meanwhile).await;
        scene.nudge().await;
        let attempts = scene.failing.arrived().len();
        scene.house.publish(3).await;
        scene.failing.wait_for(attempts + 1).await;
        scene.nudge().await;
        let disabled = "SELECT count(*) FROM webhooks WHERE status = 'disabled'";
        assert_eq!(scene.house.number(disabled).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_while_nothing_runs_delays_nothing() {
    let mut scene = Scene::set(exact(&["1h", "1h"])).await;
    scene.house.publish_many(3).await;
    scene.house.counted(Status::Retrying, 3).await;
    let set_back = |clock: &Clock| {
        clock.set(clock.now().shifted(-30 * DAY_MS));
        clock.reboot();
    };
    scene.house = scene.house.restart_after(set_back).await;
    scene.nudge().await;
    let planned = scene.planned().await;
    let soon = scene.clock.now().after(Duration::from_secs(3600));
    assert!(planned.iter().all(|at| *at <= soon), "{planned:?}");
    scene.failing.answer(200);
    scene.clock.advance(Duration::from_secs(3601));
    scene.nudge().await;
    scene.failing.wait_for(6).await;
    // What was moved once is not moved again.
    scene.house = scene.house.restart().await;
    scene.nudge().await;
    scene.house.counted(Status::Delivered, 3 + 3).await;
}
