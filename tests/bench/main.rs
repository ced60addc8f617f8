//! The benchmark: `cargo bench --bench throughput`.
//!
//! Owns: the figures that the README records. It starts the real binary on empty directories, publishes
//! to it over loopback, and receives what it delivers, all on this machine; a relay that stores
//! nothing gets the same events for the same receiver in the same round, so that the ratio of the two
//! does not depend on the machine. Refuses: judging; it prints medians, a person compares.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

#[expect(dead_code, reason = "another benchmark uses the rest")]
mod appliance;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod client;
mod door;
mod figures;
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod relay;
mod start;
mod table;

use appliance::Appliance;
use door::Door;
use figures::{milliseconds, percentile};
use load::{CLIENTS, DATA_BYTES, rate};
use process::Process;
use receiver::Receiver;
use relay::Relay;
use table::Table;

/// How often each figure is taken.
const ROUNDS: usize = 3;
/// Events of one run at full rate.
const EVENTS: usize = 60_000;
/// Events of one run that each go to so many webhooks.
const FANNED_EVENTS: usize = 5_000;
const FAN_OUT: usize = 20;
/// Deliveries that come at once, fanned out likewise, while the peak of memory is taken.
const BURST_EVENTS: usize = 2_000;
/// Events a second while latency is measured, and for how long.
const PACE: u32 = 100;
const PACED_SECONDS: u32 = 10;
/// Threads that only the start needed have ended after so long.
const SETTLED_AFTER: Duration = Duration::from_secs(15);
/// For how long nothing happens while the wake-ups are counted.
const IDLE_SECONDS: u64 = 10;
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(180);
/// The type of all events here.
const TYPE: &str = "bench.event";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, argument, url, copies] = arguments.as_slice()
        && argument == relay::ARGUMENT
    {
        start::install_crypto();
        return actix_web::rt::System::new().block_on(relay::serve(url.clone(), copies.parse()?));
    }
    start::start("throughput", 8 * PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    idle().await?;
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        stored(&mut table).await?;
        delivered(&mut table).await?;
        fanned_out(&mut table).await?;
        paced(&mut table).await?;
        burst(&mut table).await?;
    }
    table.print();
    Ok(())
}

async fn idle() -> Result<()> {
    let appliance = Appliance::start().await?;
    println!(
        "ready on an empty directory after {}",
        milliseconds(appliance.ready_after)
    );
    let process = appliance.process()?;
    tokio::time::sleep(SETTLED_AFTER).await;
    let before = process.sleeps()?;
    tokio::time::sleep(Duration::from_secs(IDLE_SECONDS)).await;
    let woken = process.sleeps()? - before;
    println!(
        "idle: {} MiB, {woken} wake-ups in {IDLE_SECONDS} s",
        process.memory_mib("VmRSS")?
    );
    appliance.stop().await.map(drop)
}

/// A hookpost with so many webhooks for the benchmark's events.
async fn appliance(receiver: &Receiver, webhooks: usize) -> Result<Appliance> {
    let appliance = Appliance::start().await?;
    for _ in 0..webhooks {
        let url = receiver.url("/hook");
        appliance
            .create_webhook(&url, TYPE, Value::Null, CLIENTS)
            .await?;
    }
    Ok(appliance)
}

/// Events that nobody subscribes to: what storing alone can do.
async fn stored(table: &mut Table) -> Result<()> {
    let receiver = Receiver::start().await?;
    let (ours, theirs) = (
        appliance(&receiver, 0).await?,
        Relay::start(&receiver.url("/hook"), 0).await?,
    );
    for (of, door) in [("hookpost", ours.door()), ("relay", theirs.door())] {
        let begun = Instant::now();
        client::publish(&door, TYPE, EVENTS, CLIENTS, DATA_BYTES).await?;
        table.note("publish alone, events/s", of, rate(EVENTS, begun.elapsed()));
    }
    theirs.stop().await?;
    ours.stop().await.map(drop)
}

/// From the first publish call to the last arrival; answers deliveries a second and milliseconds of
/// CPU for 1,000 deliveries.
async fn run_at_full_rate(
    door: &Door,
    process: Process,
    receiver: &Receiver,
    events: usize,
    copies: usize,
) -> Result<(f64, f64)> {
    receiver.reset();
    let (begun, cpu) = (Instant::now(), process.cpu()?);
    client::publish(door, TYPE, events, CLIENTS, DATA_BYTES).await?;
    receiver.wait_for(events * copies, PATIENCE).await?;
    let deliveries = events * copies;
    let rate = rate(deliveries, begun.elapsed());
    Ok((rate, per_thousand(process.cpu()? - cpu, deliveries)))
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no last digit")]
fn per_thousand(cpu: Duration, deliveries: usize) -> f64 {
    cpu.as_secs_f64() * 1000.0 * 1000.0 / deliveries as f64
}

async fn delivered(table: &mut Table) -> Result<()> {
    let receiver = Receiver::start().await?;
    let ours = appliance(&receiver, 1).await?;
    let theirs = Relay::start(&receiver.url("/hook"), 1).await?;
    for (of, door, process) in [
        ("hookpost", ours.door(), ours.process()?),
        ("relay", theirs.door(), theirs.process()?),
    ] {
        let (rate, cpu) = run_at_full_rate(&door, process, &receiver, EVENTS, 1).await?;
        table.note("64 clients, 1 webhook, deliveries/s", of, rate);
        table.note("    CPU ms per 1,000 deliveries", of, cpu);
    }
    theirs.stop().await?;
    let bytes = appliance::stored_bytes(&ours.stop().await?)? / EVENTS - DATA_BYTES;
    table.note_count("    bytes on disk per delivery, beyond its data", bytes);
    Ok(())
}

async fn fanned_out(table: &mut Table) -> Result<()> {
    let receiver = Receiver::start().await?;
    let ours = appliance(&receiver, FAN_OUT).await?;
    let theirs = Relay::start(&receiver.url("/hook"), FAN_OUT).await?;
    for (of, door, process) in [
        ("hookpost", ours.door(), ours.process()?),
        ("relay", theirs.door(), theirs.process()?),
    ] {
        let (rate, cpu) =
            run_at_full_rate(&door, process, &receiver, FANNED_EVENTS, FAN_OUT).await?;
        table.note("1 event to 20 webhooks, deliveries/s", of, rate);
        table.note("    CPU ms per 1,000 deliveries, 20-fold", of, cpu);
    }
    theirs.stop().await?;
    let stored = appliance::stored_bytes(&ours.stop().await?)? / FANNED_EVENTS - DATA_BYTES;
    table.note_count("    bytes on disk per delivery, 20-fold", stored / FAN_OUT);
    Ok(())
}

/// From sending the publish call to the delivery's arrival, at a steady pace.
async fn paced(table: &mut Table) -> Result<()> {
    let receiver = Receiver::start().await?;
    let ours = appliance(&receiver, 1).await?;
    let theirs = Relay::start(&receiver.url("/hook"), 1).await?;
    let count = usize::try_from(PACE * PACED_SECONDS)?;
    for (of, door, process) in [
        ("hookpost", ours.door(), ours.process()?),
        ("relay", theirs.door(), theirs.process()?),
    ] {
        receiver.reset();
        let cpu = process.cpu()?;
        let sent = client::publish_paced(&door, TYPE, count, PACE).await?;
        receiver.wait_for(count, PATIENCE).await?;
        let arrived = receiver.arrivals();
        let mut took: Vec<Duration> = sent
            .iter()
            .filter_map(|(number, at)| Some(arrived.get(number)?.duration_since(*at)))
            .collect();
        took.sort_unstable();
        let milliseconds = |quantile| percentile(&took, quantile).as_secs_f64() * 1000.0;
        table.note("100 events/s, p50 in ms", of, milliseconds(0.5));
        table.note("    p99 in ms", of, milliseconds(0.99));
        let cpu = per_thousand(process.cpu()? - cpu, count);
        table.note("    CPU ms per 1,000 deliveries, paced", of, cpu);
    }
    theirs.stop().await?;
    ours.stop().await.map(drop)
}

async fn burst(table: &mut Table) -> Result<()> {
    let receiver = Receiver::start().await?;
    let ours = appliance(&receiver, FAN_OUT).await?;
    client::publish(&ours.door(), TYPE, BURST_EVENTS, CLIENTS, DATA_BYTES).await?;
    let all = receiver.wait_for(BURST_EVENTS * FAN_OUT, PATIENCE);
    all.await.context("not everything was delivered")?;
    let peak = ours.process()?.memory_mib("VmHWM")?;
    let peak = usize::try_from(peak)?;
    table.note_count("peak memory of 40,000 deliveries in a burst, MiB", peak);
    ours.stop().await.map(drop)
}
