//! The benchmark of isolation: `cargo bench --bench isolation`.
//!
//! Owns: how long the events of a healthy webhook take while others hang, throttle, are many with few
//! descriptors, or have a million deliveries due. It starts the real binary on empty directories.
//! Refuses: judging; it prints, a person compares. The tests hold smaller cases to their bound.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use reqwest::Method;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};

#[expect(dead_code, reason = "another benchmark uses the rest")]
mod appliance;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod client;
mod figures;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use figures::{milliseconds, percentile};
use receiver::Receiver;

/// Events of the healthy webhook in each case, and how many a second.
const TIMED: usize = 120;
const PACE: u32 = 4;
/// Webhooks and events of the backlog; each event is due at each webhook.
const BACKLOG_WEBHOOKS: usize = 1000;
const BACKLOG_EVENTS: usize = 1000;
/// Receivers that keep their connections, and what each is sent, under a limit of descriptors.
const RECEIVERS: usize = 1200;
const RECEIVER_EVENTS: usize = 20;
const DESCRIPTORS: u32 = 1024;
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<()> {
    start::start("isolation", 3 * PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    hanging(
        "2 hanging webhooks of 256 in flight, 1,000 events",
        2,
        256,
        1000,
    )
    .await?;
    hanging(
        "100 hanging webhooks of 16 in flight, 100 events",
        100,
        16,
        100,
    )
    .await?;
    throttled().await?;
    few_descriptors().await?;
    backlog().await
}

/// A healthy webhook for the type `quiet`.
async fn healthy(appliance: &Appliance) -> Result<Receiver> {
    let receiver = Receiver::start().await?;
    let url = receiver.url("/quiet");
    appliance
        .create_webhook(&url, "quiet", Value::Null, 16)
        .await?;
    Ok(receiver)
}

/// From the publish call to the arrival, for events at a steady pace.
async fn timed(case: &str, appliance: &Appliance, receiver: &Receiver) -> Result<()> {
    let sent = client::publish_paced(appliance, "quiet", TIMED, PACE).await?;
    receiver.wait_for(TIMED, PATIENCE).await?;
    let arrived = receiver.arrivals();
    let mut took: Vec<Duration> = sent
        .iter()
        .filter_map(|(number, at)| Some(arrived.get(number)?.duration_since(*at)))
        .collect();
    took.sort_unstable();
    println!(
        "{case}: p50 {}, p99 {}, longest {}; peak memory {} MiB",
        milliseconds(percentile(&took, 0.50)),
        milliseconds(percentile(&took, 0.99)),
        milliseconds(percentile(&took, 1.0)),
        appliance.memory_mib("VmHWM")?,
    );
    Ok(())
}

async fn hanging(case: &str, webhooks: usize, in_flight: usize, events: usize) -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, silent) = (healthy(&appliance).await?, Receiver::start().await?);
    silent.set_silent();
    let url = silent.url("/loud");
    for _ in 0..webhooks {
        let body = json!({
            "url": url, "event_types": ["loud"], "max_in_flight": in_flight, "timeout": "1m",
        });
        appliance
            .call(Method::POST, "/api/v1/webhooks", &body)
            .await?;
    }
    client::publish(&appliance, "loud", events, 8, 200).await?;
    timed(case, &appliance, &quiet).await?;
    appliance.stop().await.map(drop)
}

async fn throttled() -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, busy) = (healthy(&appliance).await?, Receiver::start().await?);
    busy.set_throttling();
    let url = busy.url("/loud");
    appliance
        .create_webhook(&url, "loud", Value::Null, 64)
        .await?;
    client::publish(&appliance, "loud", 300, 8, 200).await?;
    timed(
        "300 events for one that asks to wait 20 s",
        &appliance,
        &quiet,
    )
    .await?;
    println!(
        "    it was asked {} times in {} s",
        busy.count(),
        TIMED / PACE as usize
    );
    appliance.stop().await.map(drop)
}

/// Lets this process hold as many sockets as it may.
fn raise_descriptors() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

async fn few_descriptors() -> Result<()> {
    raise_descriptors()?;
    let appliance = Appliance::start_with(DESCRIPTORS).await?;
    let quiet = healthy(&appliance).await?;
    let receivers = try_join_all((0..RECEIVERS).map(|_| Receiver::start())).await?;
    for receiver in &receivers {
        let body = json!({
            "url": receiver.url("/"), "event_types": ["loud"], "disable_after_failures": 10,
        });
        appliance
            .call(Method::POST, "/api/v1/webhooks", &body)
            .await?;
    }
    let begun = Instant::now();
    client::publish(&appliance, "loud", RECEIVER_EVENTS, 4, 200).await?;
    let case = format!("{RECEIVERS} receivers that keep connections, {DESCRIPTORS} descriptors");
    timed(&case, &appliance, &quiet).await?;
    for receiver in &receivers {
        receiver.wait_for(RECEIVER_EVENTS, PATIENCE).await?;
    }
    let summary = appliance
        .call(Method::GET, "/api/v1/retries/summary", &Value::Null)
        .await?;
    println!(
        "    all arrived within {:.1} s; {summary}",
        begun.elapsed().as_secs_f64()
    );
    appliance.stop().await.map(drop)
}

async fn backlog() -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, busy) = (
        healthy(&appliance).await?,
        Arc::new(Receiver::start().await?),
    );
    let url = busy.url("/loud");
    for _ in 0..BACKLOG_WEBHOOKS {
        appliance
            .create_webhook(&url, "loud", Value::Null, 16)
            .await?;
    }
    appliance.command(&["pause"]).await?;
    let begun = Instant::now();
    client::publish(&appliance, "loud", BACKLOG_EVENTS, 8, 200).await?;
    let all = BACKLOG_EVENTS * BACKLOG_WEBHOOKS;
    println!(
        "{all} deliveries stored in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let appliance = Appliance::start_in(appliance.stop().await?).await?;
    println!("    ready after {}", milliseconds(appliance.ready_after));
    appliance.command(&["resume"]).await?;
    let begun = Instant::now();
    timed("1,000,000 due on 1,000 webhooks", &appliance, &quiet).await?;
    println!("    {} of them had arrived by then", busy.count());
    busy.wait_for(all, PATIENCE).await.context("the backlog")?;
    println!("    all after {:.0} s", begun.elapsed().as_secs_f64());
    println!("    memory then {} MiB", appliance.memory_mib("VmRSS")?);
    tokio::time::sleep(Duration::from_secs(60)).await;
    println!("    a minute later {} MiB", appliance.memory_mib("VmRSS")?);
    appliance.stop().await.map(drop)
}
