//! What takes an operator how many clicks and seconds, beside 5,000 webhooks.
//!
//! Each journey is walked as a person would, counts what is pressed and typed, and prints it with the
//! seconds it took (`--no-capture`). The clicks are bound; seconds are this machine's.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::chromium::Scripts;
use super::reader::{ENTER, Reader};
use crate::receiver::{Receiver, Reply};

/// Webhooks beside the one that fails.
const OTHERS: usize = 4_999;
/// Events that the failing one did not get.
const LOST: usize = 40;
/// How long a page may take to show what was asked for, other tests on the machine included.
const LONGEST: Duration = Duration::from_secs(60);

/// A journey under way.
pub(super) struct Walk<'a> {
    reader: &'a Reader,
    name: &'static str,
    clicks: usize,
    keys: usize,
    began: Instant,
}

impl<'a> Walk<'a> {
    /// From the overview, where an operator is led by an alert or the morning.
    async fn begin(reader: &'a Reader, name: &'static str) -> Self {
        reader.open("/").await.see("Overview").await;
        Self::from_here(reader, name)
    }

    /// From the page at hand.
    pub(super) fn from_here(reader: &'a Reader, name: &'static str) -> Self {
        Self {
            reader,
            name,
            clicks: 0,
            keys: 0,
            began: Instant::now(),
        }
    }

    pub(super) async fn press_in(&mut self, part: &str, name: &str) -> &Reader {
        self.clicks += 1;
        self.reader.press_in(part, name).await
    }

    pub(super) async fn press(&mut self, name: &str) -> &Reader {
        self.press_in("", name).await
    }

    /// Keys where the focus is; each counts.
    async fn keys(&mut self, keys: &str) -> &Reader {
        self.keys += keys.chars().count();
        self.reader.keys(keys).await
    }

    /// Types into the field of this name; each character counts.
    pub(super) async fn type_into(&mut self, name: &str, text: &str) -> &Reader {
        self.keys += text.chars().count();
        self.reader.type_into(name, text).await
    }

    /// Ends within so many clicks.
    pub(super) fn end(self, clicks_max: usize) {
        let took = self.began.elapsed();
        println!(
            "{}: clicks {}, keys {}, seconds {:.1}",
            self.name,
            self.clicks,
            self.keys,
            took.as_secs_f64()
        );
        assert!(self.clicks <= clicks_max, "{}: {}", self.name, self.clicks);
        assert!(took < LONGEST, "{}: {took:?}", self.name);
    }
}

async fn make(seat: &Seat, url: &str, label: &str, event_type: &str) -> String {
    let hook = json!({"url": url, "label": label, "event_types": [event_type],
        "retry_policy": {"delays": []}});
    let made = seat.app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

/// Five thousand webhooks, of which the oldest but one does not answer as it should.
async fn many(seat: &Seat, receiver: &Receiver) -> String {
    make(
        seat,
        &receiver.url("/first"),
        "First customer",
        "order.sent",
    )
    .await;
    let broken = make(seat, &receiver.url("/crm"), "Northwind CRM", "order.*").await;
    let others = (1..OTHERS).map(|number| async move {
        let label = format!("Customer {number:04}");
        make(seat, &receiver.url("/hooks"), &label, "order.sent").await
    });
    let made = futures_util::stream::iter(others).buffer_unordered(64);
    assert_eq!(made.count().await, OTHERS - 1);
    let broken_answer = Reply::status(503).body("{\"error\":\"maintenance window\"}");
    receiver.answer(broken_answer);
    let event = |n: usize| {
        json!({"type": "order.paid", "id": format!("order-{n}"),
            "data": {"order": format!("A-{:04}", 1000 + n), "total": n}})
    };
    let events: Vec<Value> = (0..LOST).map(event).collect();
    let body = json!({ "events": events });
    let accepted = seat.app.post("/api/v1/events/batch", &body).await;
    assert!(accepted.status.is_success(), "{}", accepted.text);
    let lost = |stats: &Value| stats["counts"]["exhausted"] == LOST;
    seat.app.poll("/api/v1/stats", lost).await;
    broken
}

#[tokio::test]
async fn finding_reading_and_recovering_beside_five_thousand_webhooks() {
    let seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    let broken = many(&seat, &receiver).await;
    find_what_fails(&seat, &broken).await;
    find_it_by_name(&seat, &broken).await;
    find_a_payload(&seat).await;
    find_by_own_id(&seat).await;
    receiver.answer(Reply::status(200));
    recover(&seat, &receiver).await;
    seat.reader.leave().await;
}

/// Which of five thousand fails, and why.
async fn find_what_fails(seat: &Seat, broken: &str) {
    let mut walk = Walk::begin(&seat.reader, "find the failing webhook").await;
    walk.press_in("Needs attention", "Northwind CRM").await;
    seat.reader.arrive(&format!("/webhooks/{broken}")).await;
    seat.reader.see("The last answer was 503").await;
    walk.end(1);
    let mut walk = Walk::begin(&seat.reader, "see what it answered").await;
    walk.press_in("Needs attention", "Northwind CRM").await;
    walk.press_in("Latest deliveries", "order.paid").await;
    seat.reader.see("maintenance window").await;
    walk.end(2);
}

/// A customer calls and says a name.
async fn find_it_by_name(seat: &Seat, broken: &str) {
    let mut walk = Walk::begin(&seat.reader, "find a webhook by its name").await;
    walk.keys("/").await.arrive("/search").await;
    seat.reader.see_focus("Id, name or text").await;
    walk.keys("northw").await;
    walk.keys(ENTER).await.see("Northwind CRM").await;
    walk.press("Northwind CRM").await;
    seat.reader.arrive(&format!("/webhooks/{broken}")).await;
    walk.end(1);
}

/// What was sent of the order that a customer asks about.
async fn find_a_payload(seat: &Seat) {
    let mut walk = Walk::begin(&seat.reader, "find a payload by a word in it").await;
    walk.keys("/").await.arrive("/search").await;
    seat.reader.see_focus("Id, name or text").await;
    walk.keys("A-1017").await;
    walk.keys(ENTER).await.see("In what was published").await;
    walk.press_in("In what was published", "order.paid").await;
    seat.reader.arrive("/events/order-17").await;
    seat.reader.see("\"order\": \"A-1017\"").await;
    seat.reader.see("Northwind CRM").await;
    walk.end(1);
}

/// The same by the id that the platform itself gave it.
async fn find_by_own_id(seat: &Seat) {
    let mut walk = Walk::begin(&seat.reader, "find an event by the platform's id").await;
    walk.keys("/").await.arrive("/search").await;
    seat.reader.see_focus("Id, name or text").await;
    walk.keys("order-23").await;
    walk.keys(ENTER).await.arrive("/events/order-23").await;
    seat.reader.see("\"order\": \"A-1023\"").await;
    walk.end(0);
}

/// The receiver is mended: everything that it did not get goes to it, and it is seen to arrive.
async fn recover(seat: &Seat, receiver: &Receiver) {
    let before = receiver.received().len();
    let mut walk = Walk::begin(&seat.reader, "recover what it did not get").await;
    walk.press_in("Needs attention", "Northwind CRM").await;
    walk.press("Recover the last hour").await;
    seat.reader.arrive("/jobs/").await;
    seat.reader.see(&format!("{LOST} delivered")).await;
    walk.end(2);
    receiver.wait_for(before + LOST).await;
    let reader = &seat.reader;
    reader.open("/").await.see("All is well").await;
}
