//! A day in a post office, so that pages have something to show: receivers that are steady, slow,
//! failing, asleep or full of dead letters, and a clock that moves through the day to now.
//!
//! Everything goes over the API and real sockets; only the hours pass faster.

use std::time::Duration;

use hookpost::domain::role::Role;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{DAY, Seat};
use crate::dashboard::sign_in;
use crate::receiver::{Receiver, Reply};

/// What happened, for who wants to look at it.
pub struct Story {
    /// A webhook that fails.
    webhook: String,
    /// A delivery to it that was tried several times.
    delivery: String,
    /// The event of that delivery.
    event: String,
    /// Bulk work that is done.
    job: String,
}

/// A receiver of the story: what it is called, what it gets, and how long it takes.
struct Part {
    label: &'static str,
    host: &'static str,
    event_types: &'static [&'static str],
    profile: &'static str,
    takes_ms: u64,
}

#[rustfmt::skip]
const PARTS: [Part; 6] = [
    part("Partner sandbox", "sandbox.fabrikam.test", &["order.created"], "armalo", 15),
    part("Old ERP", "erp.contoso.test", &["order.refunded"], "veriswarm", 30),
    part("Data warehouse", "ingest.warehouse.test", &["*"], "standard", 45),
    part("Shop back office", "hooks.shop.test", &["order.*"], "standard", 12),
    part("Billing", "billing.shop.test", &["invoice.*", "order.paid"], "armox", 25),
    part("Northwind CRM", "api.northwind.test", &["customer.*"], "standard", 8),
];

const fn part(
    label: &'static str,
    host: &'static str,
    event_types: &'static [&'static str],
    profile: &'static str,
    takes_ms: u64,
) -> Part {
    Part {
        label,
        host,
        event_types,
        profile,
        takes_ms,
    }
}

/// The receivers at work, in the order of [`PARTS`], and their webhooks.
struct Stage {
    receivers: Vec<Receiver>,
    webhooks: Vec<String>,
}

impl Story {
    /// Lets a day go by in so many steps; the seat's clock must have begun a day ago.
    pub async fn tell(seat: &Seat, steps: u32) -> Self {
        let begin = seat.clock.now();
        catalogue(seat).await;
        let stage = Stage::set(seat).await;
        for step in 0..steps {
            stage.turn(seat, f64::from(step) / f64::from(steps)).await;
            pass_until(seat, begin.after(DAY * step / steps));
            publish(seat, step).await;
        }
        pass_until(seat, begin.after(DAY));
        publish(seat, 1).await;
        people(seat).await;
        Self::of(seat, &stage).await
    }

    /// A page's place, with the story's ids in it.
    pub fn place(&self, sample: &str) -> String {
        sample
            .replace("{webhook}", &self.webhook)
            .replace("{delivery}", &self.delivery)
            .replace("{event}", &self.event)
            .replace("{job}", &self.job)
    }

    async fn of(seat: &Seat, stage: &Stage) -> Self {
        let crm = stage.webhooks.last().unwrap();
        let path = format!("/api/v1/deliveries?webhook_id={crm}&status=retrying&limit=250");
        let failing = seat.app.get(&path).await.json(StatusCode::OK);
        let failing = failing["data"].as_array().unwrap();
        let tried = |one: &&Value| one["attempt_count"].as_u64().unwrap();
        let longest = failing.iter().max_by_key(tried).unwrap();
        let letters = json!({"filter": {"until": seat.clock.now().before(DAY / 2).to_string()}});
        let begun = post(seat, "/api/v1/dead-letters/discard", &letters).await;
        let job = begun["job_id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/jobs/{job}");
        seat.app.poll(&path, |job| job["status"] == "done").await;
        Self {
            webhook: crm.clone(),
            delivery: longest["id"].as_str().unwrap().to_owned(),
            event: longest["event_id"].as_str().unwrap().to_owned(),
            job,
        }
    }
}

impl Stage {
    async fn set(seat: &Seat) -> Self {
        let (mut receivers, mut webhooks) = (Vec::new(), Vec::new());
        for part in PARTS {
            let receiver = Receiver::start().await;
            let takes = Duration::from_millis(part.takes_ms);
            receiver.answer(Reply::status(200).body("{\"ok\":true}").after(takes));
            let url = receiver.url("/hooks").replace("127.0.0.1", part.host);
            let mut body = json!({"label": part.label, "url": url, "profile": part.profile,
                "event_types": part.event_types});
            if part.label == "Old ERP" {
                body["retry_policy"] = json!({"delays": []});
            }
            let made = post(seat, "/api/v1/webhooks", &body).await;
            webhooks.push(made["id"].as_str().unwrap().to_owned());
            receivers.push(receiver);
        }
        Self {
            receivers,
            webhooks,
        }
    }

    /// What the receivers do at this time of the day, from 0 to 1.
    async fn turn(&self, seat: &Seat, time: f64) {
        let [_, erp, _, shop, _, crm] = self.receivers.as_slice() else {
            panic!("six parts are set");
        };
        match time {
            0.3..0.5 => erp.answer(Reply::status(404).body("no such route")),
            0.65.. => erp.answer(Reply::status(500).body("ORA-01034: ORACLE not available")),
            _ => erp.answer(Reply::status(200)),
        };
        if (0.3..0.34).contains(&time) || (0.6..0.62).contains(&time) {
            shop.script([502, 502, 504].map(Reply::status));
        }
        if time >= 0.8 {
            let body = "{\"error\":\"maintenance\",\"message\":\"Back at 18:00 UTC.\"}";
            let reply = Reply::status(503).body(body);
            let reply = reply.header("content-type", "application/json");
            crm.answer(reply.after(Duration::from_millis(40)));
        }
        if (0.55..0.7).contains(&time) {
            let path = format!("/api/v1/webhooks/{}/disable", self.webhooks[0]);
            post(seat, &path, &json!({})).await;
        }
    }
}

async fn catalogue(seat: &Seat) {
    let consumer = json!({"uid": "acme-42", "name": "Acme", "metadata": {"plan": "pro"}});
    post(seat, "/api/v1/consumers", &consumer).await;
    for (name, group, description) in [
        ("order.created", "Orders", "A customer placed an order"),
        ("order.refunded", "Orders", "Money went back"),
        ("order.paid", "Orders", "The money arrived"),
        ("invoice.sent", "Billing", "An invoice left by e-mail"),
        (
            "customer.updated",
            "Customers",
            "An address or name changed",
        ),
    ] {
        let kind = json!({"name": name, "group": group, "description": description,
            "schema": {"type": "object", "required": ["id"]},
            "example": {"id": 4711, "currency": "EUR"}});
        post(seat, "/api/v1/event-types", &kind).await;
        let path = format!("/api/v1/event-types/{name}/versions");
        post(seat, &path, &json!({"description": "Amounts in cents."})).await;
    }
}

/// Time passes, so that retries come due; the next publish call wakes who sends them.
fn pass_until(seat: &Seat, then: Timestamp) {
    seat.clock.advance(then.since(seat.clock.now()));
}

/// What the platform publishes in a step, and waits until all that is due was tried.
async fn publish(seat: &Seat, step: u32) {
    let orders = 2 + step % 5;
    let mut events: Vec<Value> = (0..orders)
        .map(|n| event("order.created", step * 10 + n))
        .collect();
    events.extend((0..orders.div_ceil(2)).map(|n| event("order.paid", step * 10 + n)));
    events.push(event("customer.updated", step));
    events.push(event("invoice.sent", step));
    if step.is_multiple_of(2) {
        events.push(event("order.refunded", step));
    }
    post(seat, "/api/v1/events/batch", &json!({ "events": events })).await;
    let tried = |stats: &Value| stats["counts"]["pending"] == 0;
    seat.app.poll("/api/v1/stats", tried).await;
    let now = seat.clock.now().to_string();
    let ahead = |delivery: &Value| delivery["next_attempt_at"].as_str().unwrap() > now.as_str();
    let waits = |list: &Value| list["data"].as_array().unwrap().iter().all(ahead);
    let path = "/api/v1/deliveries?status=retrying&limit=250";
    seat.app.poll(path, waits).await;
}

fn event(event_type: &str, n: u32) -> Value {
    json!({"type": event_type, "data": {
        "id": 4200 + n,
        "customer": {"id": format!("cus_{:04}", n * 37 % 9973), "country": "NL"},
        "total": {"amount": n * 731 % 19000, "currency": "EUR"},
        "items": [{"sku": "TEA-EARL-GREY-250", "quantity": 1 + n % 3}],
    }})
}

async fn people(seat: &Seat) {
    sign_in(&seat.app, "bob@example.com", Role::Operator).await;
    sign_in(&seat.app, "eve@example.com", Role::Viewer).await;
    post(seat, "/api/v1/workspaces", &json!({"name": "staging"})).await;
    let key = json!({"name": "Shop platform", "scopes": ["events:write", "events:read"]});
    post(seat, "/api/v1/api-keys", &key).await;
}

/// A call to the API, which must succeed.
async fn post(seat: &Seat, path: &str, body: &Value) -> Value {
    let answer = seat.app.post(path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}
