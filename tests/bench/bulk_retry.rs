//! The benchmark of bulk work: `cargo bench --bench bulk_retry`.
//!
//! Owns: the figures for putting 200,000 dead letters back in line at once, to a receiver that has
//! recovered, while others go on publishing. It starts the real binary on an empty directory, lets
//! everything fail, then retries. Refuses: judging; it prints, a person compares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

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
mod start;

use appliance::Appliance;
use figures::{milliseconds, percentile};
use load::{CLIENTS, DATA_BYTES, rate};
use receiver::Receiver;

/// Deliveries that gave up.
const DEAD_LETTERS: usize = 200_000;
/// Events a second that are published meanwhile.
const PACE: u32 = 100;
/// For how long they are published before, to compare with.
const QUIET: Duration = Duration::from_secs(10);
/// How often the job's progress is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<()> {
    start::start("bulk_retry", PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    let (broken, healthy) = (Receiver::start().await?, Receiver::start().await?);
    let appliance = Arc::new(Appliance::start().await?);
    println!("ready after {}", milliseconds(appliance.ready_after));
    let once = json!({ "delays": [] });
    appliance
        .create_webhook(&broken.url("/hook"), "bench.failing", once, CLIENTS)
        .await?;
    appliance
        .create_webhook(&healthy.url("/hook"), "bench.steady", Value::Null, CLIENTS)
        .await?;
    make_dead_letters(&appliance, &broken).await?;

    let (quiet, publisher) = steady(&appliance);
    sleep(QUIET).await;
    quiet.store(true, Ordering::Release);
    print_latencies("before", publisher.await??);

    broken.set_broken(false);
    broken.reset();
    println!(
        "memory before {} MiB",
        appliance.process()?.memory_mib("VmRSS")?
    );
    appliance.process()?.forget_peak()?;
    let (over, publisher) = steady(&appliance);
    retry_everything(&appliance, &broken).await?;
    over.store(true, Ordering::Release);
    print_latencies("meanwhile", publisher.await??);
    println!(
        "peak memory {} MiB",
        appliance.process()?.memory_mib("VmHWM")?
    );
    let appliance = Arc::into_inner(appliance).context("the publishers have ended")?;
    appliance.stop().await?;
    Ok(())
}

/// Publishes what cannot be delivered, and waits until all of it gave up.
async fn make_dead_letters(appliance: &Appliance, broken: &Receiver) -> Result<()> {
    broken.set_broken(true);
    let started = Instant::now();
    client::publish(
        &appliance.door(),
        "bench.failing",
        DEAD_LETTERS,
        CLIENTS,
        DATA_BYTES,
    )
    .await?;
    while summary(appliance).await?["exhausted"] != DEAD_LETTERS {
        sleep(LOOK_EVERY).await;
    }
    println!(
        "{DEAD_LETTERS} dead letters after {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Retries every dead letter by one call and waits until all are delivered.
async fn retry_everything(appliance: &Appliance, receiver: &Receiver) -> Result<()> {
    let started = Instant::now();
    let begun = appliance
        .call(
            Method::POST,
            "/api/v1/dead-letters/retry",
            &json!({ "filter": {} }),
        )
        .await?;
    println!(
        "the call was answered after {}",
        milliseconds(started.elapsed())
    );
    ensure!(begun["matched"] == DEAD_LETTERS, "{begun}");
    let job = begun["job_id"].as_str().context("a job has an id")?;
    let path = format!("/api/v1/jobs/{job}");
    loop {
        let job = appliance.call(Method::GET, &path, &Value::Null).await?;
        match job["status"].as_str() {
            // It runs until all were attempted; this is about being in line.
            Some("running" | "done") if job["done"] == DEAD_LETTERS => break,
            Some("running") => sleep(LOOK_EVERY).await,
            _ => anyhow::bail!("the job ended badly: {job}"),
        }
    }
    println!(
        "all back in line after {:.1} s, {} delivered by then",
        started.elapsed().as_secs_f64(),
        receiver.count(),
    );
    while summary(appliance).await?["retrying"] != 0 {
        sleep(LOOK_EVERY).await;
    }
    let elapsed = started.elapsed();
    println!(
        "{} delivered after {:.1} s: {:.0}/s",
        receiver.count(),
        elapsed.as_secs_f64(),
        rate(DEAD_LETTERS, elapsed)
    );
    Ok(())
}

async fn summary(appliance: &Appliance) -> Result<Value> {
    appliance
        .call(Method::GET, "/api/v1/retries/summary", &Value::Null)
        .await
}

type Publisher = JoinHandle<Result<Vec<Duration>>>;

/// Publishes at a steady pace until told to stop.
fn steady(appliance: &Arc<Appliance>) -> (Arc<AtomicBool>, Publisher) {
    let stop = Arc::new(AtomicBool::new(false));
    let (told, appliance) = (Arc::clone(&stop), Arc::clone(appliance));
    let publisher = tokio::spawn(async move {
        client::publish_until(&appliance.door(), "bench.steady", PACE, &told).await
    });
    (stop, publisher)
}

fn print_latencies(when: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    println!(
        "publishing at {PACE}/s {when}: {} calls, p50 {}, p99 {}, longest {}",
        took.len(),
        milliseconds(percentile(&took, 0.50)),
        milliseconds(percentile(&took, 0.99)),
        milliseconds(percentile(&took, 1.0)),
    );
}
