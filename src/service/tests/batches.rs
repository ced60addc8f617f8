//! Much at once: large batches and large ends, and who else gets a turn meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Handle;

use super::house::{House, fresh, numbered};
use super::receiver::Receiver;
use crate::domain::delivery::Status;
use crate::engine::Paused;
use crate::service::endings::CALLED_OFF_AT_ONCE;
use crate::service::events::Published;
use crate::service::events::batch::PART_ROWS_MAX;
use crate::service::worker::Worker;
use crate::service::{Done, Idempotency, Refusal, StoredAnswer};

type Results = Vec<Result<Published, Refusal>>;

fn keyed(digest: u8) -> Idempotency<Results> {
    Idempotency {
        key: Some(("a-key".to_owned(), [digest; 32])),
        shape: |results| StoredAnswer {
            status: 202,
            body: results.len().to_string().into_bytes(),
        },
    }
}

/// A house that attempts nothing, with so many webhooks that want everything.
async fn house_with(webhooks: usize) -> (House, Receiver) {
    let house = House::start_without_worker();
    house.service.engine().set_paused(Paused::Yes);
    let receiver = Receiver::start().await;
    for _ in 0..webhooks {
        house.webhook(&receiver.url, &["1s"]).await;
    }
    (house, receiver)
}

async fn publish(
    house: &House,
    events: u64,
    key: Idempotency<Results>,
) -> Result<Done<Results>, Refusal> {
    let inputs = (0..events).map(|number| Ok(numbered(number))).collect();
    house
        .service
        .publish_batch(&house.caller, inputs, key)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_is_committed_in_parts_and_lets_others_in_between() {
    let (house, _receiver) = house_with(40).await;
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    house.service.store().on_commit(move |committed| {
        seen.fetch_max(committed.queued.len(), Ordering::Relaxed);
    });
    let batch = publish(&house, 400, Idempotency::unkeyed());
    tokio::pin!(batch);
    let mut slowest = Duration::ZERO;
    let results = loop {
        let begun = Instant::now();
        tokio::select! {
            done = &mut batch => break fresh(done.unwrap()),
            _ = house.publish(7) => slowest = slowest.max(begun.elapsed()),
        }
    };
    assert_eq!(results.iter().flatten().count(), 400);
    assert!(results.iter().flatten().all(|own| own.deliveries == 40));
    let most = most.load(Ordering::Relaxed);
    println!("400 events x 40 webhooks: {most} rows a commit at most, others wait {slowest:?}");
    // A part, the event that it ends with, and somebody else's.
    assert!(most <= PART_ROWS_MAX + 2 * 40, "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_for_very_many_webhooks_have_a_commit_each_however_many_publish_them() {
    const WEBHOOKS: usize = 2500;
    let (house, _receiver) = house_with(WEBHOOKS).await;
    // The first one shows that they take long.
    house.publish(0).await;
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    house.service.store().on_commit(move |committed| {
        seen.fetch_max(committed.queued.len(), Ordering::Relaxed);
    });
    let published = join_all((1..9).map(|number| house.publish(number))).await;
    let reached = |published: &Published| published.deliveries as usize == WEBHOOKS;
    assert!(published.iter().all(reached));
    assert_eq!(most.load(Ordering::Relaxed), WEBHOOKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_cut_off_accepts_nothing_twice_under_its_key() {
    let (house, _receiver) = house_with(10).await;
    for parts in 1..4_usize {
        // The caller goes away after so many parts.
        let committed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&committed);
        house.service.store().on_commit(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let cut_off = async {
            house
                .until(async || (committed.load(Ordering::Relaxed) >= parts).then_some(()))
                .await;
        };
        tokio::select! {
            _ = publish(&house, 200, keyed(1)) => {}
            () = cut_off => {}
        }
    }
    let refused = publish(&house, 200, keyed(2)).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
    let events = || house.number("SELECT count(*) FROM events");
    match publish(&house, 200, keyed(1)).await.unwrap() {
        Done::Fresh(results) => assert_eq!(results.iter().flatten().count(), 200),
        Done::Replayed(answer) => assert_eq!(answer.body, b"200"),
    }
    assert_eq!(events().await, 200);
    let again = publish(&house, 200, keyed(1)).await.unwrap();
    assert!(matches!(again, Done::Replayed(answer) if answer.body == b"200"));
    assert_eq!(events().await, 200);
    assert_eq!(house.number("SELECT count(*) FROM deliveries").await, 2000);
    assert_eq!(house.number("SELECT count(*) FROM idempotency").await, 1);
}

/// What a request may take, however much waits; one transaction for all would take far longer.
const AT_ONCE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_or_holds_a_webhook_answers_at_once_however_much_waits() {
    let (house, receiver) = house_with(0).await;
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    house.service.store().on_commit(move |committed| {
        seen.fetch_max(committed.canceled.len(), Ordering::Relaxed);
    });
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(house.webhook(&receiver.url, &["1s"]).await.webhook.id);
    }
    house.publish_many(2500).await;
    let (service, caller) = (&house.service, &house.caller);
    let timed = async |what: &str, work: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>| {
        let begun = Instant::now();
        work.await;
        println!("{what} with 2,500 waiting: {:?}", begun.elapsed());
        assert!(begun.elapsed() < AT_ONCE, "{what}: {:?}", begun.elapsed());
    };
    let disable = async { drop(house.disable(ids[0]).await) };
    timed("disabling", Box::pin(disable)).await;
    let enable = async { drop(house.enable(ids[0]).await) };
    timed("enabling", Box::pin(enable)).await;
    let revoke = async { drop(service.revoke_webhook(caller, ids[1]).await.unwrap()) };
    timed("revoking", Box::pin(revoke)).await;
    let delete = async { service.delete_webhook(caller, ids[2]).await.unwrap() };
    timed("deleting", Box::pin(delete)).await;
    let publish = async { drop(house.publish(1).await) };
    timed("publishing afterwards", Box::pin(publish)).await;
    assert!(most.load(Ordering::Relaxed) <= CALLED_OFF_AT_ONCE);
    let _worker = Worker::start(&house.service, &Handle::current());
    house.counted(Status::Canceled, 2 * 2500).await;
    assert!(most.load(Ordering::Relaxed) <= CALLED_OFF_AT_ONCE);
    assert_eq!(receiver.arrived().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_webhook_with_much_waiting_answers_at_once_and_the_rest_follows() {
    let (house, receiver) = house_with(0).await;
    let webhook = house.webhook(&receiver.url, &["1s"]).await.webhook;
    house.publish_many(2000).await;
    let begun = Instant::now();
    house
        .service
        .delete_webhook(&house.caller, webhook.id)
        .await
        .unwrap();
    println!(
        "a webhook with 2,000 waiting is deleted in {:?}",
        begun.elapsed()
    );
    // Whoever looks sees them called off, although most rows do not say so yet.
    let at_once = i64::try_from(CALLED_OFF_AT_ONCE).unwrap();
    house.counted(Status::Canceled, at_once).await;
    let shown = house.deliveries().await;
    assert!(
        shown
            .iter()
            .all(|own| own.progress.status == Status::Canceled)
    );
    let waiting = shown[0].id;
    let refused = house.service.cancel_delivery(&house.caller, waiting).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
    house.service.engine().set_paused(Paused::No);
    let _worker = Worker::start(&house.service, &Handle::current());
    house.counted(Status::Canceled, 2000).await;
    assert_eq!(receiver.arrived().len(), 0);
}
