//! What publishers and pollers rely on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::house::{House, fresh, numbered};
use crate::domain::page::{Limit, Order};
use crate::service::events::PublishInput;
use crate::service::{Done, Idempotency, Refusal, StoredAnswer};

#[tokio::test(flavor = "multi_thread")]
async fn polling_neither_skips_nor_repeats_while_eight_publishers_write() {
    const PUBLISHERS: u64 = 8;
    const EACH: u64 = 60;
    let house = House::start();
    let over = Arc::new(AtomicBool::new(false));
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..PUBLISHERS {
        let (service, caller) = (house.service.clone(), house.caller.clone());
        publishers.spawn(async move {
            for number in 0..EACH {
                let input = numbered(publisher * EACH + number);
                let done = service
                    .publish(&caller, input, Idempotency::unkeyed())
                    .await;
                done.unwrap();
            }
        });
    }
    let ended = Arc::clone(&over);
    let publishing = tokio::spawn(async move {
        while let Some(done) = publishers.join_next().await {
            done.unwrap();
        }
        ended.store(true, Ordering::SeqCst);
    });
    let (mut seen, mut cursor, mut polls) = (Vec::new(), None, 0);
    loop {
        let last = over.load(Ordering::SeqCst);
        let page = house
            .events(Order::Ascending, cursor, Limit::clamped(7))
            .await;
        let empty = page.items.is_empty();
        seen.extend(page.items.iter().map(|own| own.event.id.seq()));
        cursor = page.next;
        assert!(cursor.is_some(), "polling always says where to go on");
        polls += 1;
        if last && empty {
            break;
        }
    }
    publishing.await.unwrap();
    let distinct: BTreeSet<i64> = seen.iter().copied().collect();
    assert!(seen.is_sorted() && distinct.len() == seen.len());
    assert_eq!(seen.len() as u64, PUBLISHERS * EACH);
    assert!(polls > 60);
}

fn once(digest: u8) -> Idempotency<crate::service::events::Published> {
    Idempotency {
        key: Some(("order-17".to_owned(), [digest; 32])),
        shape: |published| StoredAnswer {
            status: 202,
            body: published.id.clone().into_bytes(),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_first_answer_also_after_a_restart() {
    let house = House::start();
    let publish = async |house: &House, digest: u8| {
        house
            .service
            .publish(&house.caller, numbered(1), once(digest))
            .await
    };
    let first = fresh(publish(&house, 1).await.unwrap());
    let house = house.restart().await;
    let again = publish(&house, 1).await.unwrap();
    let answer = StoredAnswer {
        status: 202,
        body: first.id.into_bytes(),
    };
    assert!(matches!(again, Done::Replayed(told) if told == answer));
    let other = publish(&house, 2).await;
    assert!(matches!(other, Err(Refusal::Conflict(_))));
    assert_eq!(house.number("SELECT count(*) FROM events").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_publishes_once_also_after_a_restart() {
    let house = House::start();
    let named = |data: &str| PublishInput {
        id: Some("order-17".to_owned()),
        data: data.to_owned(),
        ..numbered(1)
    };
    let publish = async |house: &House, data: &str| {
        house
            .service
            .publish(&house.caller, named(data), Idempotency::unkeyed())
            .await
    };
    publish(&house, "1").await.unwrap();
    let house = house.restart().await;
    let again = fresh(publish(&house, "1").await.unwrap());
    assert_eq!(again.known, crate::service::events::Known::Before);
    let other = publish(&house, "2").await;
    assert!(matches!(other, Err(Refusal::Conflict(_))));
}
