//! The benchmark of many customers: `cargo bench --bench consumers`.
//!
//! Owns: what publishing to a few consumers costs among ten and among 100,000, each with a webhook, and what
//! each of these webhooks costs in memory; and what it costs where each event has another consumer, whose
//! webhook nobody has heard of since the start. Both kinds of appliance take turns, so that their ratio does
//! not depend on what else the machine does. Refuses: judging; it prints, a person compares.
//!
//! # Why the consumers are stored, and not registered over HTTP
//! A hundred thousand of each take minutes over HTTP, and that is not what is measured. One webhook is
//! registered as anybody does; the others are stored like it while nothing runs, by the functions that
//! registering calls. Events come by the hundred, as whoever has many publishes them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hookpost::clock::Clock;
use hookpost::domain::consumer::{ConsumerSettings, ConsumerUid};
use hookpost::domain::id::WebhookId;
use hookpost::domain::secret::Secret;
use hookpost::domain::webhook::{NewWebhook, Webhook, WebhookKind};
use hookpost::store::vault::KeySource;
use hookpost::store::{OpenOptions, Store, StoreError, WriteTx, consumers, secrets, webhooks};
use reqwest::Method;
use serde_json::json;

#[expect(dead_code, reason = "another benchmark uses the rest")]
mod appliance;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod client;
mod door;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod figures;
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use load::{CLIENTS, rate};
use receiver::Receiver;

/// Consumers of the two appliances.
const FEW: usize = 10;
const MANY: usize = 100_000;
/// Consumers that are stored by one commit.
const STORED: usize = 1000;
/// Events of one round, and of one call.
const EVENTS: usize = 10_000;
const TOGETHER: usize = 100;
/// The type of all events here.
const TYPE: &str = "bench.event";
/// How often each figure is taken.
const ROUNDS: usize = 3;
/// Nothing here takes longer unless something is broken: the whole, and one round.
const PATIENCE: Duration = Duration::from_secs(240);
const ROUND_PATIENCE: Duration = Duration::from_secs(60);
/// Steps from one consumer to the next event's: a prime, so that none has two turns.
const STEP: usize = 7919;
/// What signs for all of them.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn main() -> Result<()> {
    start::start("consumers", PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    let receiver = Receiver::start().await?;
    let few = appliance(FEW, &receiver).await?;
    let many = appliance(MANY, &receiver).await?;
    let (mut rates_few, mut rates_many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rates_few.push(published(&few, &receiver, FEW, FEW).await?);
        rates_many.push(published(&many, &receiver, FEW, MANY).await?);
    }
    let (few_rate, many_rate) = (median(&mut rates_few), median(&mut rates_many));
    println!("publishing to {FEW} of {FEW}: {few_rate:.0}/s, to {FEW} of {MANY}: {many_rate:.0}/s");
    println!("each event costs {:.3} times as much", few_rate / many_rate);
    let (few_kib, many_kib) = (resident_kib(&few)?, resident_kib(&many)?);
    let bytes = many_kib.saturating_sub(few_kib) * 1024 / u64::try_from(MANY - FEW)?;
    println!(
        "memory {} MiB and {} MiB: {bytes} bytes a webhook",
        few_kib / 1024,
        many_kib / 1024
    );
    let each_rate = published(&many, &receiver, EVENTS, MANY).await?;
    println!("to {EVENTS} of {MANY}, an event each: {each_rate:.0}/s");
    few.stop().await?;
    many.stop().await.map(drop)
}

/// An appliance with so many consumers, each with a webhook.
async fn appliance(count: usize, receiver: &Receiver) -> Result<Appliance> {
    let begun = Instant::now();
    let appliance = Appliance::start().await?;
    let named = json!({"uid": "c0"});
    appliance
        .call(Method::POST, "/api/v1/consumers", &named)
        .await?;
    let hook = json!({"url": receiver.url("/hook"), "event_types": [TYPE], "consumer": "c0",
        "secret": SECRET});
    let made = appliance
        .call(Method::POST, "/api/v1/webhooks", &hook)
        .await?;
    let first = made["id"].as_str().and_then(WebhookId::parse);
    let first = first.context("a webhook has an id")?;
    let dir = appliance.stop().await?;
    store_others(&dir.path().join("data"), first, count)?;
    let appliance = Appliance::start_in(dir).await?;
    println!(
        "{count} consumers with a webhook each after {} s",
        begun.elapsed().as_secs()
    );
    Ok(appliance)
}

/// Stores all consumers but the first, each with a webhook like the first one's.
fn store_others(data_dir: &Path, first: WebhookId, count: usize) -> Result<()> {
    let store = Store::open(&OpenOptions {
        data_dir: data_dir.to_owned(),
        key: KeySource::File(data_dir.join("master.key")),
        clock: Clock::System,
    })?;
    let (vault, now) = (Arc::clone(store.vault()), Clock::System.now());
    let like = store.read_blocking::<_, StoreError>(move |conn| {
        webhooks::find(conn, &vault, first.seq(), now)
    })?;
    let like = Arc::new(like.context("the first webhook is there")?);
    for begin in (1..count).step_by(STORED) {
        let like = Arc::clone(&like);
        store.write_blocking::<_, StoreError>(move |tx| {
            (begin..count.min(begin + STORED)).try_for_each(|number| store_one(tx, &like, number))
        })?;
    }
    store.close();
    Ok(())
}

fn store_one(tx: &mut WriteTx<'_>, like: &Webhook, number: usize) -> Result<(), StoreError> {
    let uid = ConsumerUid::parse(&format!("c{number}")).ok();
    let settings = ConsumerSettings::default();
    let made = consumers::insert(tx, like.workspace.seq(), uid.as_ref(), &settings)?;
    let new = NewWebhook {
        workspace: like.workspace,
        consumer_seq: made.map(|id| id.seq()),
        kind: WebhookKind::Registered,
        profile_seq: like.profile.seq,
        settings: &like.settings,
        state: like.state,
        target_digest: None,
    };
    let id = webhooks::insert(tx, &new)?;
    secrets::insert(tx, id.seq(), &Secret::new(SECRET.to_owned()))
}

/// Events a second, published to so many of the consumers by turns and delivered to their webhooks.
async fn published(
    appliance: &Appliance,
    receiver: &Receiver,
    among: usize,
    consumers: usize,
) -> Result<f64> {
    receiver.reset();
    let door = appliance.door();
    let begun = Instant::now();
    let events = move |call: usize| {
        let event = |number: usize| {
            let consumer = format!("c{}", number % among * STEP % consumers);
            json!({"type": TYPE, "data": {"number": number}, "consumer": consumer})
        };
        let all = call * TOGETHER..(call + 1) * TOGETHER;
        json!({"events": all.map(event).collect::<Vec<_>>()}).to_string()
    };
    let calls = EVENTS / TOGETHER;
    client::post(&door, "/api/v1/events/batch", 202, calls, CLIENTS, events).await?;
    receiver.wait_for(EVENTS, ROUND_PATIENCE).await?;
    Ok(rate(EVENTS, begun.elapsed()))
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn resident_kib(appliance: &Appliance) -> Result<u64> {
    appliance.process()?.memory_kib("VmRSS")
}
