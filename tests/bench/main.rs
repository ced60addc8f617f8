//! The benchmark: `cargo bench --bench throughput`.
//!
//! Owns: the figures that the README records. It starts the real binary on an empty directory,
//! publishes to it over loopback, and receives what it delivers, all on this machine; the same
//! receiver is then fed by a bare reqwest loop with HMAC and no storage, so that the ratio of the
//! two does not depend on the machine. Refuses: judging; it prints, a person compares.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

#[expect(dead_code, reason = "another benchmark uses the rest")]
mod appliance;
mod bare;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod client;
mod figures;
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use figures::{milliseconds, percentile};
use load::{CLIENTS, DATA_BYTES, rate};
use receiver::Receiver;

/// Events of one throughput run.
const EVENTS: usize = 60_000;
/// Events a second while latency is measured, and for how long.
const PACE: u32 = 100;
const PACED_SECONDS: u32 = 10;
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(180);

fn main() -> Result<()> {
    start::start("throughput", 4 * PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    let receiver = Receiver::start().await?;
    let appliance = Appliance::start().await?;
    println!(
        "ready on an empty directory after {}",
        milliseconds(appliance.ready_after)
    );
    println!("idle memory {} MiB", appliance.memory_mib("VmRSS")?);

    let accepted = publish_only(&appliance).await?;
    println!("(a) publish, {CLIENTS} clients, {DATA_BYTES} B, flushed: {accepted:.0}/s");

    appliance
        .create_webhook(
            &receiver.url("/hook"),
            "bench.delivered",
            serde_json::Value::Null,
            CLIENTS,
        )
        .await?;
    let delivered = publish_and_deliver(&appliance, &receiver).await?;
    println!("(b) publish to delivered, 1 webhook: {delivered:.0}/s");
    let latencies = paced(&appliance, &receiver).await?;
    println!(
        "    at {PACE} events/s: p50 {}, p99 {}",
        milliseconds(percentile(&latencies, 0.50)),
        milliseconds(percentile(&latencies, 0.99)),
    );

    let bare = bare::deliver(&receiver, EVENTS, CLIENTS, DATA_BYTES).await?;
    println!("(c) bare reqwest loop with HMAC, no storage: {bare:.0}/s");
    println!("(d) ratio b/c: {:.2}", delivered / bare);
    println!("(e) peak memory {} MiB", appliance.memory_mib("VmHWM")?);
    appliance.stop().await?;
    Ok(())
}

/// Events that nobody subscribes to: what storing alone can do.
async fn publish_only(appliance: &Appliance) -> Result<f64> {
    let started = Instant::now();
    client::publish(appliance, "bench.stored", EVENTS, CLIENTS, DATA_BYTES).await?;
    Ok(rate(EVENTS, started.elapsed()))
}

/// From the first publish to the last delivery.
async fn publish_and_deliver(appliance: &Appliance, receiver: &Receiver) -> Result<f64> {
    receiver.reset();
    let started = Instant::now();
    client::publish(appliance, "bench.delivered", EVENTS, CLIENTS, DATA_BYTES).await?;
    let published = started.elapsed();
    receiver
        .wait_for(EVENTS, PATIENCE)
        .await
        .context("not everything was delivered")?;
    let elapsed = started.elapsed();
    println!(
        "    published at {:.0}/s meanwhile",
        rate(EVENTS, published)
    );
    Ok(rate(EVENTS, elapsed))
}

/// From sending the publish call to the delivery's arrival, at a steady pace.
async fn paced(appliance: &Appliance, receiver: &Receiver) -> Result<Vec<Duration>> {
    receiver.reset();
    let count = usize::try_from(PACE * PACED_SECONDS)?;
    let sent = client::publish_paced(appliance, "bench.delivered", count, PACE).await?;
    receiver
        .wait_for(count, PATIENCE)
        .await
        .context("not everything was delivered")?;
    let arrived = receiver.arrivals();
    let mut latencies: Vec<Duration> = sent
        .iter()
        .filter_map(|(number, at)| Some(arrived.get(number)?.duration_since(*at)))
        .collect();
    latencies.sort_unstable();
    Ok(latencies)
}
