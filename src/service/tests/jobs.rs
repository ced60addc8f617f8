//! Bulk work: what it is done to, that it comes to its end, and that it leaves the rest alone.

use std::time::Duration;

use super::house::{House, field_of, fresh};
use super::receiver::Receiver;
use crate::domain::delivery::{DeliveryFilter, Status};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::job::JobStatus;
use crate::service::jobs::{Begun, Selection, Stepped};
use crate::service::{Idempotency, Refusal};

impl House {
    async fn retry_many(&self, filter: DeliveryFilter) -> Begun {
        let done = self
            .service
            .retry_deliveries(
                &self.caller,
                Selection::Filter(filter),
                Idempotency::unkeyed(),
            )
            .await;
        fresh(done.unwrap())
    }

    async fn retry_dead(&self, filter: DeliveryFilter) -> Begun {
        let done = self
            .service
            .retry_dead_letters(
                &self.caller,
                Selection::Filter(filter),
                Idempotency::unkeyed(),
            )
            .await;
        fresh(done.unwrap())
    }

    async fn discard_dead(&self, chosen: Selection) -> Begun {
        let done = self
            .service
            .discard_dead_letters(&self.caller, chosen, Idempotency::unkeyed())
            .await;
        fresh(done.unwrap())
    }

    /// A webhook with so many dead letters, whose receiver now answers 200.
    async fn dead_letters(&self, receiver: &Receiver, count: u64) -> WebhookId {
        receiver.answer(500);
        let webhook = self.webhook(&receiver.url, &[]).await.webhook;
        self.publish_many(count).await;
        let count = i64::try_from(count).unwrap();
        self.counted(Status::Exhausted, count).await;
        receiver.answer(200);
        webhook.id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dead_letter_is_retried_however_many_batches_it_takes() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 1100).await;
    let begun = house.retry_dead(house.filter()).await;
    assert_eq!(begun.matched, 1100);
    let job = house.ended(begun.job).await;
    assert_eq!(
        (job.status, job.total, job.done),
        (JobStatus::Done, 1100, 1100)
    );
    house.counted(Status::Delivered, 1100).await;
    assert_eq!(receiver.arrived().len(), 2200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_matches_nothing_makes_a_job_that_is_done() {
    let house = House::start();
    let begun = house.retry_many(house.filter()).await;
    assert_eq!(begun.matched, 0);
    let job = house.service.job(&house.caller, begun.job).await.unwrap();
    assert_eq!((job.status, job.total), (JobStatus::Done, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_without_states_leaves_delivered_and_canceled_deliveries_alone() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.webhook(&receiver.url, &["1h"]).await;
    house.publish(1).await;
    house.counted(Status::Delivered, 1).await;
    receiver.answer(500);
    house.publish(2).await;
    house.counted(Status::Retrying, 1).await;
    house.publish(3).await;
    house.counted(Status::Retrying, 2).await;
    let newest = house.deliveries().await[0].id;
    house
        .service
        .cancel_delivery(&house.caller, newest)
        .await
        .unwrap();
    receiver.answer(200);
    let begun = house.retry_many(house.filter()).await;
    assert_eq!(begun.matched, 1);
    house.counted(Status::Delivered, 2).await;
    let named = DeliveryFilter {
        statuses: vec![Status::Delivered],
        ..house.filter()
    };
    assert_eq!(house.retry_many(named).await.matched, 2);
    assert_eq!(receiver.wait_for(6).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_choose_exactly_these_and_unknown_ones_match_nothing() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 3).await;
    let dead = house.deliveries().await;
    let unknown = DeliveryId::new(dead[0].created_at, 999);
    let ids = vec![dead[0].id, unknown, dead[2].id, dead[0].id];
    let done = house
        .service
        .retry_deliveries(&house.caller, Selection::Ids(ids), Idempotency::unkeyed())
        .await;
    let begun = fresh(done.unwrap());
    assert_eq!(begun.matched, 2);
    house.counted(Status::Delivered, 2).await;
    assert_eq!(
        house.delivery(dead[1].id).await.progress.status,
        Status::Exhausted
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_ids_are_refused() {
    let house = House::start();
    let id = DeliveryId::new(house.service.clock().now(), 1);
    let refused = house
        .service
        .retry_deliveries(
            &house.caller,
            Selection::Ids(vec![id; 10_001]),
            Idempotency::unkeyed(),
        )
        .await;
    assert_eq!(field_of(refused), "ids");
}

#[tokio::test(flavor = "multi_thread")]
async fn discarded_dead_letters_are_gone_from_the_list_and_from_later_bulk_work() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 300).await;
    let begun = house.discard_dead(Selection::Filter(house.filter())).await;
    assert_eq!(house.ended(begun.job).await.done, 300);
    assert_eq!(house.retry_dead(house.filter()).await.matched, 0);
    assert_eq!(house.retry_many(house.filter()).await.matched, 0);
    let again = house.discard_dead(Selection::Filter(house.filter())).await;
    assert_eq!(again.matched, 0);
    assert_eq!(
        house.deliveries().await[0].progress.status,
        Status::Exhausted
    );
    assert_eq!(receiver.arrived().len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_back_for_a_disabled_webhook_is_held_until_it_is_enabled() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let id = house.dead_letters(&receiver, 5).await;
    house.disable(id).await;
    let begun = house.retry_dead(house.filter()).await;
    assert_eq!(house.ended(begun.job).await.done, 5);
    house.counted(Status::Retrying, 5).await;
    // Another webhook's delivery goes its way: what was put back had its chance to go out.
    let other = Receiver::start().await;
    house.webhook(&other.url, &[]).await;
    house.publish(9).await;
    other.wait_for(1).await;
    assert_eq!(receiver.arrived().len(), 5);
    house.enable(id).await;
    receiver.wait_for(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_called_off_stops_where_it_is() {
    let house = House::start_without_worker();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 600).await;
    let begun = house.retry_dead(house.filter()).await;
    let stepped = house.service.step_jobs(0).await.unwrap();
    assert_eq!(stepped, Stepped::Worked(begun.job.seq()));
    let job = house
        .service
        .cancel_job(&house.caller, begun.job)
        .await
        .unwrap();
    assert_eq!(
        (job.status, job.total, job.done),
        (JobStatus::Canceled, 600, 250)
    );
    assert_eq!(house.service.step_jobs(0).await.unwrap(), Stepped::Idle);
    house.counted(Status::Delivered, 250).await;
    house.counted(Status::Exhausted, 350).await;
    let again = house.service.cancel_job(&house.caller, begun.job).await;
    assert!(matches!(again, Err(Refusal::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_a_restart_where_its_last_batch_ended() {
    let house = House::start_without_worker();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 600).await;
    let begun = house.discard_dead(Selection::Filter(house.filter())).await;
    house.service.step_jobs(0).await.unwrap();
    let house = house.restart().await;
    let job = house.ended(begun.job).await;
    assert_eq!(
        (job.status, job.total, job.done),
        (JobStatus::Done, 600, 600)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_take_turns() {
    let house = House::start_without_worker();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 600).await;
    let first = house.discard_dead(Selection::Filter(house.filter())).await;
    let second = house.retry_dead(house.filter()).await;
    let mut last = 0;
    let mut turns = Vec::new();
    for _ in 0..4 {
        let Stepped::Worked(job) = house.service.step_jobs(last).await.unwrap() else {
            panic!("both have more to do");
        };
        turns.push(job);
        last = job;
    }
    let (first, second) = (first.job.seq(), second.job.seq());
    assert_eq!(turns, [first, second, first, second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_never_chases_what_fails_again_while_it_runs() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 300).await;
    receiver.answer(500);
    let begun = house.retry_dead(house.filter()).await;
    let job = house.ended(begun.job).await;
    assert_eq!((job.total, job.done), (300, 300));
    receiver.wait_for(600).await;
    house.counted(Status::Exhausted, 300).await;
    assert_eq!(receiver.arrived().len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_jobs_run_at_once_in_a_workspace() {
    let house = House::start_without_worker();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 1).await;
    for _ in 0..20 {
        house.retry_dead(house.filter()).await;
    }
    let refused = house
        .service
        .retry_dead_letters(
            &house.caller,
            Selection::Filter(house.filter()),
            Idempotency::unkeyed(),
        )
        .await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bulk_request_under_one_key_begins_one_job() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 1).await;
    let once = || Idempotency::<Begun> {
        key: Some(("k".to_owned(), [7; 32])),
        shape: |begun| crate::service::StoredAnswer {
            status: 202,
            body: begun.job.to_string().into_bytes(),
        },
    };
    let begun = || {
        let chosen = Selection::Filter(house.filter());
        house
            .service
            .retry_dead_letters(&house.caller, chosen, once())
    };
    let first = fresh(begun().await.unwrap());
    let second = begun().await.unwrap();
    let expect = crate::service::StoredAnswer {
        status: 202,
        body: first.job.to_string().into_bytes(),
    };
    assert_eq!(second, crate::service::Done::Replayed(expect));
    assert_eq!(house.number("SELECT count(*) FROM jobs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_keep_flowing_while_a_job_runs() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.dead_letters(&receiver, 2000).await;
    let begun = house.retry_dead(house.filter()).await;
    let other = Receiver::start().await;
    house.webhook(&other.url, &[]).await;
    house.publish(77).await;
    let arrived = other.wait_for(1).await;
    assert!(arrived[0].at.elapsed() < Duration::from_secs(20));
    assert_eq!(house.ended(begun.job).await.done, 2000);
}
