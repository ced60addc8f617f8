//! Killed under load and started again: nothing that was accepted is lost, nothing changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::process::{Caller, Server, workspace_key};
use crate::receiver::{Received, Receiver, Reply};

/// Publishers at once.
const PUBLISHERS: usize = 8;
/// Events that must have been accepted before each kill.
const ACCEPTED_PER_ROUND: usize = 120;

#[derive(Default)]
struct Accepted {
    numbers: Mutex<Vec<usize>>,
    next: AtomicUsize,
}

/// Publishes until the server is gone.
async fn publish(caller: Caller, key: String, accepted: Arc<Accepted>) {
    loop {
        let number = accepted.next.fetch_add(1, Ordering::Relaxed);
        let event = json!({"type": "thing.happened", "data": {"number": number}});
        match caller.publish(&key, &event).await {
            Ok(status) if status == 202 => accepted.numbers.lock().unwrap().push(number),
            Ok(status) => panic!("publishing answered {status}"),
            Err(_) => return,
        }
    }
}

fn number_of(received: &Received) -> usize {
    let number = &received.json()["data"]["number"];
    usize::try_from(number.as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_accepted_is_lost_when_the_process_is_killed_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    // A short delay keeps attempts in flight at every kill.
    receiver.answer(Reply::status(200).after(Duration::from_millis(5)));
    let data_dir = dir.path().join("data");
    let mut server = Server::start(&data_dir);
    let key = workspace_key(&data_dir);
    let webhook = json!({
        "url": receiver.url("/"), "event_types": ["*"], "profile": "armalo",
        "max_in_flight": 64,
    });
    server.post(&key, "/webhooks", &webhook, 201).await;
    let accepted = Arc::new(Accepted::default());
    for round in 1..=3 {
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|_| tokio::spawn(publish(server.caller(), key.clone(), Arc::clone(&accepted))))
            .collect();
        while accepted.numbers.lock().unwrap().len() < round * ACCEPTED_PER_ROUND {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill();
        for publisher in publishers {
            publisher.await.unwrap();
        }
        server = Server::start(&data_dir);
    }
    let accepted = accepted.numbers.lock().unwrap().clone();
    arrived(&receiver, &accepted).await;
    nothing_waits(&server, &key).await;
    repeats_are_identical(&receiver.received());
}

#[tokio::test]
async fn a_batch_that_was_under_way_at_a_kill_goes_out_again_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.script([Reply::hang()]);
    let data_dir = dir.path().join("data");
    let mut server = Server::start(&data_dir);
    let key = workspace_key(&data_dir);
    let webhook = json!({
        "url": receiver.url("/"), "event_types": ["*"], "batch": {"max": 3, "wait": "1h"},
    });
    server.post(&key, "/webhooks", &webhook, 201).await;
    for number in 0..4 {
        let event = json!({"type": "thing.happened", "data": {"number": number}});
        server.post(&key, "/events", &event, 202).await;
    }
    receiver.wait_for(1).await;
    server.kill();
    server = Server::start(&data_dir);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].json().as_array().unwrap().len(), 3);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    let one_is_left = |page: &Value| page["data"].as_array().is_some_and(|all| all.len() == 1);
    server
        .poll(&key, "/deliveries?status=pending", one_is_left)
        .await;
}

/// Waits until every accepted event has arrived.
async fn arrived(receiver: &Receiver, accepted: &[usize]) {
    let mut missing = accepted.to_vec();
    let mut count = 0;
    while !missing.is_empty() {
        count += 1;
        let received = receiver.wait_for(count).await;
        count = received.len();
        let numbers: std::collections::HashSet<usize> = received.iter().map(number_of).collect();
        missing.retain(|number| !numbers.contains(number));
    }
}

async fn nothing_waits(server: &Server, key: &str) {
    for status in ["pending", "retrying"] {
        let path = format!("/deliveries?status={status}&limit=1");
        let is_empty = |page: &Value| page["data"].as_array().is_some_and(Vec::is_empty);
        server.poll(key, &path, is_empty).await;
    }
}

/// What was sent twice was the same delivery with the same bytes.
fn repeats_are_identical(received: &[Received]) {
    let mut by_number: HashMap<usize, (String, Vec<u8>)> = HashMap::new();
    for received in received {
        let delivery = received.header("x-armalo-delivery").to_owned();
        assert!(delivery.starts_with("dlv_"));
        let this = (delivery, received.body.clone());
        let first = by_number
            .entry(number_of(received))
            .or_insert_with(|| this.clone());
        assert_eq!(*first, this);
    }
}
