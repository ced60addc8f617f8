//! Walks what an integration does with the published client: SVIX_SERVER_URL, SVIX_TOKEN, RECEIVER.
//!
//! Owns: what an integration expects of each answer, read by the client's strict decoders. Refuses:
//! judging a signature; what a receiver needs for that is printed.

mod ends;
mod messages;
mod office;
mod polling;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use svix::api::Svix;

use crate::shape::{client, said};

const UID: &str = "acme-rs";
const TYPE: &str = "order.paid.rs";
const MAIN: &str = "main";
/// How often it is asked whether something has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// A walk: the client and what was made on the way.
struct Walk {
    svix: Svix,
    since: DateTime<Utc>,
}

/// Walks, and answers what a receiver needs to verify what it got.
pub async fn walk() -> Value {
    let walk = Walk {
        svix: client(said("SVIX_TOKEN")),
        since: Utc::now() - TimeDelta::minutes(1),
    };
    walk.svix.health().get().await.unwrap();
    walk.applications().await;
    walk.event_types().await;
    let endpoint = walk.endpoints().await;
    walk.headers().await;
    let secrets = walk.secrets().await;
    let payload = json!({"order": "A-1042", "amount": 19.99});
    let message = walk.messages(&payload).await;
    walk.attempts(&endpoint, &message).await;
    walk.tasks().await;
    walk.erasure(&message).await;
    walk.polling().await;
    walk.operational().await;
    walk.portal(&endpoint).await;
    walk.ends().await;
    json!({"secrets": secrets, "message": message, "payload": payload})
}

fn uid() -> String {
    UID.to_owned()
}

fn main() -> String {
    MAIN.to_owned()
}

fn texts(all: &[&str]) -> Option<BTreeSet<String>> {
    Some(all.iter().map(|one| (*one).to_owned()).collect())
}

fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    let all = all.iter();
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
