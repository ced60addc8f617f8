//! The benchmark of filters and templates: `cargo bench --bench shaping`.
//!
//! Owns: what one filter and each ready template cost, in microseconds, and what twenty webhooks with a
//! filter each cost beside twenty without, in time on a processor. Refuses: measuring receivers: both
//! sets send the same events to the same one.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hookpost::domain::filter::ContentFilter;
use hookpost::domain::json::JsonTape;
use hookpost::domain::ready_templates::READY_TEMPLATES;
use hookpost::domain::template::BodyTemplate;
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

#[expect(dead_code, reason = "another benchmark uses the rest")]
mod appliance;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod client;
mod door;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod figures;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod load;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use load::{CLIENTS, DATA_BYTES};
use receiver::Receiver;

/// Webhooks of each set.
const WEBHOOKS: usize = 20;
/// Events that each set gets in a round, and rounds.
const EVENTS: usize = 3_000;
const ROUNDS: usize = 5;
/// What filters may add, in percent.
const ADDED_PERCENT_MAX: f64 = 10.0;
/// How often a piece is repeated to be timed.
const REPEATS: u32 = 20_000;
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

const FILTER: &str = r#"{"data.number":{"$gte":0},"data.pad":{"$exists":true},
    "$or":[{"data.number":{"$lt":1000000}},{"type":"nothing"}]}"#;
const EVENT: &str = r#"{"id":"evt_1","type":"order.paid","timestamp":"2026-03-16T10:05:00.000Z",
    "delivery_id":"dlv_1","workspace_id":"ws_1","data":{"number":7,"pad":"xxxxxxxxxxxxxxxxxxxxxxxx",
    "customer":{"name":"Ada","tags":["vip","eu"]},"items":[{"sku":"a","n":1},{"sku":"b","n":2}]}}"#;

fn main() -> Result<()> {
    start::start("shaping", PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    print_pieces();
    let receiver = Receiver::start().await?;
    let appliance = Appliance::start().await?;
    for (event_type, filter) in [("bench.plain", None), ("bench.filtered", Some(FILTER))] {
        for _ in 0..WEBHOOKS {
            let mut webhook = json!({"url": receiver.url("/hook"), "event_types": [event_type]});
            if let Some(filter) = filter {
                webhook["filter"] = serde_json::from_str(filter)?;
            }
            appliance
                .call(Method::POST, "/api/v1/webhooks", &webhook)
                .await?;
        }
    }
    let (mut plain, mut filtered) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(cost(&appliance, &receiver, "bench.plain").await?);
        filtered.push(cost(&appliance, &receiver, "bench.filtered").await?);
    }
    let (plain, filtered) = (median(&mut plain), median(&mut filtered));
    let added = (filtered / plain - 1.0) * 100.0;
    println!("{WEBHOOKS} webhooks, an event to all: {plain:.0} µs of a processor");
    println!("the same with a filter each: {filtered:.0} µs, {added:+.1} %");
    appliance.stop().await?;
    ensure!(
        added <= ADDED_PERCENT_MAX,
        "filters add more than {ADDED_PERCENT_MAX} %"
    );
    Ok(())
}

/// Publishes a round and waits until all is delivered; answers what an event cost, in microseconds of a
/// processor.
async fn cost(appliance: &Appliance, receiver: &Receiver, event_type: &str) -> Result<f64> {
    receiver.reset();
    let process = appliance.process()?;
    let before = process.cpu()?;
    client::publish(&appliance.door(), event_type, EVENTS, CLIENTS, DATA_BYTES).await?;
    while receiver.count() < EVENTS * WEBHOOKS {
        sleep(Duration::from_millis(20)).await;
    }
    let spent = process.cpu()?.saturating_sub(before);
    Ok(micros(spent) / f64::from(u32::try_from(EVENTS)?))
}

fn median(all: &mut [f64]) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// What each piece costs by itself.
fn print_pieces() {
    let read = || JsonTape::read(EVENT.into()).expect("the event is JSON");
    print_piece("reading an event of 400 bytes", || drop(black_box(read())));
    let tape = read();
    let filter = ContentFilter::parse(FILTER).expect("the filter is one");
    print_piece("a filter of four conditions", || {
        black_box(filter.fits(tape.root()));
    });
    for ready in READY_TEMPLATES {
        let template = BodyTemplate::parse(ready.text).expect("ready templates are templates");
        print_piece(&format!("the template {}", ready.name), || {
            drop(black_box(template.fill(tape.root())));
        });
    }
}

fn print_piece(name: &str, mut piece: impl FnMut()) {
    let started = Instant::now();
    for _ in 0..REPEATS {
        piece();
    }
    println!("{name}: {:.2} µs", micros(started.elapsed() / REPEATS));
}
