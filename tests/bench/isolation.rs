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
mod door;
mod figures;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod process;
mod quiet;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use figures::milliseconds;
use quiet::{Quiet, TIMED_FOR};
use receiver::Receiver;

/// Webhooks and events of the backlog; each event is due at each webhook.
const BACKLOG_WEBHOOKS: usize = 1000;
const BACKLOG_EVENTS: usize = 1000;
/// Receivers that keep their connections, and what each is sent, under a limit of descriptors.
const RECEIVERS: usize = 1200;
const RECEIVER_EVENTS: usize = 20;
const DESCRIPTORS: u32 = 1024;
/// Webhooks that one event goes to, which is as many as a workspace may have, and such events.
const FAN_OUT: usize = 10_000;
const FAN_OUT_EVENTS: usize = 4;
const REGISTERED_AT_ONCE: usize = 64;
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
    huge_fan_outs().await?;
    few_descriptors().await?;
    backlog().await
}

async fn hanging(case: &str, webhooks: usize, in_flight: usize, events: usize) -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, silent) = (Quiet::start(&appliance).await?, Receiver::start().await?);
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
    client::publish(&appliance.door(), "loud", events, 8, 200).await?;
    quiet.timed(case, &appliance).await?;
    appliance.stop().await.map(drop)
}

async fn throttled() -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, busy) = (Quiet::start(&appliance).await?, Receiver::start().await?);
    busy.set_throttling();
    let url = busy.url("/loud");
    appliance
        .create_webhook(&url, "loud", Value::Null, 64)
        .await?;
    client::publish(&appliance.door(), "loud", 300, 8, 200).await?;
    let case = "300 events for one that asks to wait 20 s";
    quiet.timed(case, &appliance).await?;
    println!(
        "    it was asked {} times in {} s",
        busy.count(),
        TIMED_FOR.as_secs()
    );
    appliance.stop().await.map(drop)
}

async fn huge_fan_outs() -> Result<()> {
    let appliance = Appliance::start().await?;
    let (quiet, busy) = (Quiet::start(&appliance).await?, Receiver::start().await?);
    let url = busy.url("/loud");
    // One is the quiet one's.
    for first in (1..FAN_OUT).step_by(REGISTERED_AT_ONCE) {
        let last = (first + REGISTERED_AT_ONCE).min(FAN_OUT);
        let made = (first..last).map(|_| appliance.create_webhook(&url, "loud", Value::Null, 16));
        try_join_all(made).await?;
    }
    let case = format!("{FAN_OUT_EVENTS} events for {} webhooks each", FAN_OUT - 1);
    let work = async {
        client::publish(&appliance.door(), "loud", FAN_OUT_EVENTS, 1, 200).await?;
        Ok(())
    };
    quiet.beside(&case, &appliance, work).await?;
    let all = FAN_OUT_EVENTS * (FAN_OUT - 1);
    busy.wait_for(all, PATIENCE).await.context("the fan-out")?;
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
    let quiet = Quiet::start(&appliance).await?;
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
    client::publish(&appliance.door(), "loud", RECEIVER_EVENTS, 4, 200).await?;
    let case = format!("{RECEIVERS} receivers that keep connections, {DESCRIPTORS} descriptors");
    quiet.timed(&case, &appliance).await?;
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
        Quiet::start(&appliance).await?,
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
    client::publish(&appliance.door(), "loud", BACKLOG_EVENTS, 8, 200).await?;
    let all = BACKLOG_EVENTS * BACKLOG_WEBHOOKS;
    println!(
        "{all} deliveries stored in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let appliance = Appliance::start_in(appliance.stop().await?).await?;
    println!("    ready after {}", milliseconds(appliance.ready_after));
    appliance.command(&["resume"]).await?;
    let begun = Instant::now();
    let case = "1,000,000 due on 1,000 webhooks";
    quiet.timed(case, &appliance).await?;
    println!("    {} of them had arrived by then", busy.count());
    busy.wait_for(all, PATIENCE).await.context("the backlog")?;
    println!("    all after {:.0} s", begun.elapsed().as_secs_f64());
    println!(
        "    memory then {} MiB",
        appliance.process()?.memory_mib("VmRSS")?
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    println!(
        "    a minute later {} MiB",
        appliance.process()?.memory_mib("VmRSS")?
    );
    appliance.stop().await.map(drop)
}
