//! The whole machine below HTTP: real SQLite file, real receiver on loopback.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::events::PublishInput;
use super::webhooks::{Registered, RetryInput, WebhookInput};
use super::*;
use crate::domain::delivery::Status;
use crate::domain::id::DeliveryId;
use crate::domain::page::Limit;
use crate::domain::workspace::Plan;
use crate::engine::{Engine, EngineParts};
use crate::net::{ClientOptions, GuardOptions};
use crate::store::deliveries::{Delivery, DeliveryFilter};
use crate::store::vault::KeySource;
use crate::store::{OpenOptions, StoreError, workspaces};

struct House {
    service: Service,
    caller: Caller,
    _dir: tempfile::TempDir,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&OpenOptions {
        data_dir: dir.path().to_owned(),
        key: KeySource::File(dir.path().join("master.key")),
        clock: Clock::System,
    })
    .unwrap();
    let guard = Arc::new(Guard::new(GuardOptions {
        allow_http: true,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        ..GuardOptions::default()
    }));
    let client = Client::new(Arc::clone(&guard), &ClientOptions::default()).unwrap();
    let parts = EngineParts {
        store: store.clone(),
        client: client.clone(),
        guard: Arc::clone(&guard),
        clock: Clock::System,
        in_flight_max: 64,
    };
    let engine = Engine::start(parts, &tokio::runtime::Handle::current()).unwrap();
    let workspace = store
        .read_blocking(|conn| workspaces::find_named(conn, workspaces::DEFAULT_NAME))
        .unwrap()
        .unwrap();
    let options = ServiceOptions::default();
    let service = Service::new(ServiceParts {
        store,
        engine,
        client,
        guard,
        options,
    });
    let caller = Caller {
        workspace: workspace.id,
        plan: Plan::Pro,
        actor: Actor::Cli,
    };
    House {
        service,
        caller,
        _dir: dir,
    }
}

/// A receiver that answers the statuses given, then 200, and tells of each body it got.
async fn receiver(statuses: Vec<u16>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, bodies) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let body = loop {
                let mut chunk = [0; 4096];
                let read = stream.read(&mut chunk).await.unwrap_or(0);
                request.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "))
                        .map_or(0, |length| length.parse().unwrap());
                    if body.len() >= length || read == 0 {
                        break body.to_owned();
                    }
                }
            };
            let status = statuses.next().unwrap_or(200);
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            stream.write_all(answer.as_bytes()).await.unwrap();
            told.send(body).unwrap();
        }
    });
    (url, bodies)
}

async fn next(bodies: &mut mpsc::UnboundedReceiver<String>) -> String {
    tokio::time::timeout(Duration::from_secs(10), bodies.recv())
        .await
        .unwrap()
        .unwrap()
}

impl House {
    async fn webhook(&self, url: &str, delays: &[&str], ordered: bool) -> Registered {
        let input = WebhookInput {
            url: Some(url.to_owned()),
            event_types: Some(vec!["score.*".to_owned()]),
            ordered: Some(ordered),
            retry_policy: Some(Some(RetryInput::Custom {
                delays: delays.iter().map(|&delay| delay.to_owned()).collect(),
                then_every: None,
                give_up_after: None,
                jitter: Some(false),
            })),
            ..WebhookInput::default()
        };
        match self
            .service
            .create_webhook(&self.caller, input, Once::unkeyed())
            .await
            .unwrap()
        {
            Done::Fresh(registered) => registered,
            Done::Replayed(_) => panic!("nothing was done before"),
        }
    }

    async fn publish(&self, data: &str) {
        let input = PublishInput {
            event_type: "score.changed".to_owned(),
            data: data.to_owned(),
            id: None,
            occurred_at: None,
            webhook_url: None,
            webhook_secret: None,
            profile: None,
        };
        self.service
            .publish(&self.caller, input, Once::unkeyed())
            .await
            .unwrap();
    }

    async fn only_delivery(&self) -> Delivery {
        let filter = DeliveryFilter {
            workspace_seq: self.caller.workspace.seq(),
            ..DeliveryFilter::default()
        };
        let page = self
            .service
            .deliveries(filter, None, Limit::clamped(2))
            .await
            .unwrap();
        assert_eq!(page.items.len(), 1);
        page.items.into_iter().next().unwrap()
    }

    /// Waits until the only delivery stands where it is expected to.
    async fn settled(&self, status: Status) -> Delivery {
        let (tell, mut told) = mpsc::unbounded_channel();
        self.service.store().on_commit(move |_| {
            // Nobody listens any more once the test has what it waited for.
            let _ = tell.send(());
        });
        let waited = async {
            loop {
                let delivery = self.only_delivery().await;
                if delivery.progress.status == status {
                    return delivery;
                }
                told.recv().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waited)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_event_is_delivered() {
    let house = house();
    let (url, mut bodies) = receiver(vec![]).await;
    house.webhook(&url, &["1s"], false).await;
    house.publish(r#"{"score":1.0}"#).await;
    assert!(next(&mut bodies).await.contains(r#""data":{"score":1.0}"#));
    let delivery = house.settled(Status::Delivered).await;
    assert_eq!(
        (delivery.progress.attempt_count, delivery.last_status_code),
        (1, Some(200))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_gets_the_same_body_again_until_it_takes_it() {
    let house = house();
    let (url, mut bodies) = receiver(vec![500, 302, 429]).await;
    house.webhook(&url, &["10ms", "10ms", "10ms"], false).await;
    house.publish("{}").await;
    let first = next(&mut bodies).await;
    for _ in 0..3 {
        assert_eq!(next(&mut bodies).await, first);
    }
    let delivery = house.settled(Status::Delivered).await;
    assert_eq!(delivery.progress.attempt_count, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_can_be_retried() {
    let house = house();
    let (url, mut bodies) = receiver(vec![500, 500]).await;
    house.webhook(&url, &["1ms"], false).await;
    house.publish("{}").await;
    let dead = house.settled(Status::Exhausted).await;
    house
        .service
        .retry_dead_letter(&house.caller, dead.id)
        .await
        .unwrap();
    house.settled(Status::Delivered).await;
    for _ in 0..3 {
        next(&mut bodies).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_webhook_never_sees_a_later_event_before_an_earlier_one() {
    let house = house();
    let (url, mut bodies) = receiver(vec![500, 200, 500, 500, 200]).await;
    house.webhook(&url, &["5ms", "5ms", "5ms"], true).await;
    for number in 0..20 {
        house.publish(&format!(r#"{{"number":{number}}}"#)).await;
    }
    let mut seen: Vec<usize> = Vec::new();
    while seen.last() != Some(&19) {
        let body: serde_json::Value = serde_json::from_str(&next(&mut bodies).await).unwrap();
        seen.push(usize::try_from(body["data"]["number"].as_u64().unwrap()).unwrap());
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.len(), 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_webhook_gets_nothing_until_it_is_enabled_and_the_event_says_who_missed_it() {
    let house = house();
    let (url, mut bodies) = receiver(vec![]).await;
    let webhook = house.webhook(&url, &["1s"], false).await.webhook;
    house
        .service
        .disable_webhook(&house.caller, webhook.id)
        .await
        .unwrap();
    house.publish(r#"{"missed":true}"#).await;
    house
        .service
        .enable_webhook(&house.caller, webhook.id)
        .await
        .unwrap();
    house.publish(r#"{"missed":false}"#).await;
    assert!(next(&mut bodies).await.contains(r#"{"missed":false}"#));
    let missed: i64 = house
        .service
        .store()
        .read(|conn| {
            conn.query_row("SELECT count(*) FROM event_misses", [], |row| row.get(0))
                .map_err(StoreError::from)
        })
        .await
        .unwrap();
    assert_eq!(missed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_far_beyond_memory_bounds_is_delivered_once_each() {
    let house = house();
    let (url, mut bodies) = receiver(vec![]).await;
    house.webhook(&url, &["1s"], false).await;
    let service = house.service.clone();
    let caller = house.caller.clone();
    let inputs = |from: usize| {
        (from..from + 500)
            .map(|number| {
                Ok(PublishInput {
                    event_type: "score.changed".to_owned(),
                    data: number.to_string(),
                    id: None,
                    occurred_at: None,
                    webhook_url: None,
                    webhook_secret: None,
                    profile: None,
                })
            })
            .collect::<Vec<_>>()
    };
    for from in [0, 500] {
        service
            .publish_batch(&caller, inputs(from), Once::unkeyed())
            .await
            .unwrap();
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let body: serde_json::Value = serde_json::from_str(&next(&mut bodies).await).unwrap();
        assert!(
            seen.insert(body["data"].as_u64().unwrap()),
            "{body} came twice"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_attempted_once_and_recorded() {
    let house = house();
    let (url, _bodies) = receiver(vec![503]).await;
    let webhook = house.webhook(&url, &["1ms"], false).await.webhook;
    let tested = house
        .service
        .test_webhook(&house.caller, webhook.id, None, None)
        .await
        .unwrap();
    assert_eq!(tested.attempted.status_code, Some(503));
    let delivery = house.settled(Status::Exhausted).await;
    assert_eq!(delivery.id, tested.delivery);
    let refused = house
        .service
        .retry_delivery(&house.caller, delivery.id)
        .await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_deliveries_are_not_found() {
    let house = house();
    let id = DeliveryId::new(house.service.clock().now(), 7);
    let refused = house.service.delivery(&house.caller, id).await;
    assert!(matches!(refused, Err(Refusal::NotFound("delivery"))));
}
