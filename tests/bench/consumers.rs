//! The benchmark of many customers: `cargo bench --bench consumers`.
//!
//! Owns: what publishing to one consumer costs among ten and among 100,000, each with a webhook, and what
//! each of these webhooks costs in memory. Both kinds of appliance take turns, so that their ratio does not
//! depend on what else the machine does. Refuses: judging; it prints, a person compares.

use std::time::{Duration, Instant};

use anyhow::Result;
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
/// Events of one round.
const EVENTS: usize = 20_000;
/// The type of all events here.
const TYPE: &str = "bench.event";
/// How often each figure is taken.
const ROUNDS: usize = 5;
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(900);
/// Steps from one consumer to the next event's: a prime, so that all have their turn.
const STEP: usize = 7919;

fn main() -> Result<()> {
    start::start("consumers", 2 * PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    let receiver = Receiver::start().await?;
    let few = appliance(FEW, &receiver).await?;
    let many = appliance(MANY, &receiver).await?;
    let (mut rates_few, mut rates_many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rates_few.push(published(&few, &receiver, FEW).await?);
        rates_many.push(published(&many, &receiver, MANY).await?);
    }
    let (few_rate, many_rate) = (median(&mut rates_few), median(&mut rates_many));
    println!("publishing to one of {FEW}: {few_rate:.0}/s, to one of {MANY}: {many_rate:.0}/s");
    println!("each event costs {:.3} times as much", few_rate / many_rate);
    let (few_kib, many_kib) = (resident_kib(&few)?, resident_kib(&many)?);
    let bytes = many_kib.saturating_sub(few_kib) * 1024 / u64::try_from(MANY - FEW)?;
    println!(
        "memory {} MiB and {} MiB: {bytes} bytes a webhook",
        few_kib / 1024,
        many_kib / 1024
    );
    few.stop().await?;
    many.stop().await.map(drop)
}

/// An appliance with so many consumers, each with a webhook.
async fn appliance(consumers: usize, receiver: &Receiver) -> Result<Appliance> {
    let appliance = Appliance::start().await?;
    let door = appliance.door();
    let begun = Instant::now();
    let consumer = |number| json!({ "uid": format!("c{number}") }).to_string();
    client::post(
        &door,
        "/api/v1/consumers",
        201,
        consumers,
        CLIENTS,
        consumer,
    )
    .await?;
    let url = receiver.url("/hook");
    let webhook = move |number| {
        json!({"url": url, "event_types": [TYPE], "consumer": format!("c{number}")}).to_string()
    };
    client::post(&door, "/api/v1/webhooks", 201, consumers, CLIENTS, webhook).await?;
    println!(
        "{consumers} consumers with a webhook each after {} s",
        begun.elapsed().as_secs()
    );
    Ok(appliance)
}

/// Events a second, published to one consumer after the other and delivered to its webhook.
async fn published(appliance: &Appliance, receiver: &Receiver, consumers: usize) -> Result<f64> {
    receiver.reset();
    let door = appliance.door();
    let begun = Instant::now();
    let event = move |number: usize| {
        let consumer = format!("c{}", number * STEP % consumers);
        json!({"type": TYPE, "data": {"number": number}, "consumer": consumer}).to_string()
    };
    client::post(&door, "/api/v1/events", 202, EVENTS, CLIENTS, event).await?;
    receiver.wait_for(EVENTS, PATIENCE).await?;
    Ok(rate(EVENTS, begun.elapsed()))
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn resident_kib(appliance: &Appliance) -> Result<u64> {
    appliance.process()?.memory_kib("VmRSS")
}
