//! Erasing while attempts are made.

use std::time::Duration;

use super::house::House;
use super::receiver::Receiver;
use crate::domain::delivery::Status;
use crate::service::Refusal;
use crate::service::events::erase::erase;
use crate::store::WriteTx;

/// Long enough for the erasing to come between the request and its answer.
const ANSWER_AFTER: Duration = Duration::from_millis(500);

/// A house with an attempt of an event under way, and that event's id.
async fn under_way() -> (House, String) {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.delay(ANSWER_AFTER);
    house.webhook(&receiver.url, &["1h"]).await;
    let published = house.publish(1).await;
    receiver.wait_for(1).await;
    (house, published.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_erased_while_an_attempt_is_known_to_be_under_way() {
    let (house, id) = under_way().await;
    let caller = &house.caller;
    let refused = house.service.erase_event(caller, &id).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    house.settled(Status::Delivered).await;
    house.service.erase_event(caller, &id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_began_as_its_event_was_erased_keeps_nothing_of_the_answer() {
    let (house, id) = under_way().await;
    // As if the attempt had begun between the question and the transaction.
    let caller = house.caller.clone();
    let work = move |tx: &mut WriteTx<'_>| erase(tx, &caller, &id);
    assert_eq!(house.service.store().write(work).await.unwrap().canceled, 1);
    let delivery = house.deliveries().await.remove(0);
    let attempted = house
        .until(async || {
            let detail = house.service.delivery(&house.caller, delivery.id);
            let detail = detail.await.unwrap();
            detail.attempts.into_iter().next()
        })
        .await;
    assert_eq!(attempted.status_code, Some(200));
    assert_eq!(attempted.response_body, None);
    assert_eq!(
        (attempted.request_headers, attempted.response_headers),
        (String::new(), String::new())
    );
}
