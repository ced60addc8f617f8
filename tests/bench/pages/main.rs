//! How fast the dashboard's and the portal's pages are with a long history: `cargo bench --bench pages`.
//!
//! Owns: the figures that the README records. It fills a data directory with a million deliveries
//! of a month and a hundred thousand consumers, starts the real binary on it, signs in as a person
//! does, and asks for every page and filter, first and last pages of lists alike; then opens one
//! consumer's portal link and asks for its pages. Refuses: judging by itself; but it says which pages
//! are over the bound, and ends with 1 if one is. A machine that is too slow or too busy to store all of
//! it in a minute and a half measures with less, and says so. For a quick look at a smaller history:
//! `cargo bench --bench pages -- --deliveries 100000`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;

#[expect(dead_code, reason = "the benchmarks that publish need more of it")]
#[path = "../appliance.rs"]
mod appliance;
mod browser;
mod consumers;
#[expect(dead_code, reason = "the benchmarks that publish need more of it")]
#[path = "../door.rs"]
mod door;
#[path = "../figures.rs"]
mod figures;
mod history;
mod pages;
#[expect(dead_code, reason = "the benchmarks that publish need more of it")]
#[path = "../process.rs"]
mod process;
#[path = "../start.rs"]
mod start;

use appliance::{Appliance, command};
use browser::{Browser, Page};
use figures::{milliseconds, percentile};

/// Deliveries of the history, unless told otherwise.
const DELIVERIES: u64 = 1_000_000;
/// Times that each page is asked for.
const ROUNDS: usize = 40;
/// What 95 of 100 answers must not exceed, from the request to the first byte.
const FIRST_BYTE_MAX: Duration = Duration::from_millis(50);
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(240);
/// The most bytes of a page.
const PAGE_BYTES_MAX: usize = 50 * 1024;

fn main() -> Result<()> {
    start::start("pages", PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    let appliance = Appliance::start().await?;
    let webhooks = register(&appliance).await?;
    let dir = appliance.stop().await?;
    let data_dir = dir.path().join("data");
    browser::make_person(&data_dir).await?;
    let started = Instant::now();
    let wanted = deliveries()?;
    let (stored, history) = history::fill(&data_dir, &webhooks, wanted)?;
    println!(
        "{stored} of {wanted} deliveries of {} webhooks stored in {:.0} s",
        webhooks.len(),
        started.elapsed().as_secs_f64()
    );
    let appliance = Appliance::start_in(dir).await?;
    println!("ready after {}", milliseconds(appliance.ready_after));
    let browser = Browser::sign_in(appliance.door().addr).await?;
    let mut slow = measure(&browser, &pages::all(&history, &webhooks)).await?;
    let (customer, job) = Browser::open_portal(&appliance).await?;
    let portal = pages::portal(&history, &webhooks, &job)?;
    slow += measure(&customer, &portal).await?;
    println!(
        "peak memory {} MiB",
        appliance.process()?.memory_mib("VmHWM")?
    );
    appliance.stop().await?;
    ensure!(slow == 0, "{slow} pages are over the bound");
    Ok(())
}

/// How long a history was asked for.
fn deliveries() -> Result<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--deliveries");
    match arguments.nth(1) {
        Some(count) => count.parse().context("--deliveries takes a number"),
        None => Ok(DELIVERIES),
    }
}

/// Registers the receivers; nothing listens at them, and nothing is due while this runs.
async fn register(appliance: &Appliance) -> Result<Vec<String>> {
    let consumer = json!({"uid": history::CONSUMER, "name": "Acme"});
    appliance
        .call(Method::POST, "/api/v1/consumers", &consumer)
        .await?;
    let event_type = json!({
        "name": "order.paid",
        "description": "An order was paid.",
        "schema": {"type": "object", "required": ["number"]},
        "example": {"number": 1},
    });
    appliance
        .call(Method::POST, "/api/v1/event-types", &event_type)
        .await?;
    let version = json!({"version": history::VERSION, "example": {"number": 1}});
    appliance
        .call(
            Method::POST,
            "/api/v1/event-types/order.paid/versions",
            &version,
        )
        .await?;
    let mut webhooks = Vec::with_capacity(history::WEBHOOKS);
    for number in 0..history::WEBHOOKS {
        let is_consumers = number + history::CONSUMERS_WEBHOOKS >= history::WEBHOOKS;
        let webhook = json!({
            "url": format!("http://127.0.0.1:8009/receivers/{number}"),
            "event_types": ["*"],
            "consumer": is_consumers.then_some(history::CONSUMER),
        });
        let made = appliance.call(Method::POST, "/api/v1/webhooks", &webhook);
        let made = made.await?;
        let id = made["id"].as_str().context("a webhook has an id")?;
        webhooks.push(id.to_owned());
    }
    Ok(webhooks)
}

/// Asks for every page, prints its line, and counts those that are over a bound.
async fn measure(browser: &Browser, pages: &[(String, String)]) -> Result<usize> {
    println!("{:<44}{:>10}{:>10}{:>10}", "page", "p50", "p95", "KiB");
    let mut slow = 0;
    for (name, path) in pages {
        // What a page needs once, such as a profile to be parsed, is not what it costs.
        browser.get(path).await?;
        let mut waits = Vec::with_capacity(ROUNDS);
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let Page { first_byte, size } = browser.get(path).await?;
            waits.push(first_byte);
            bytes = bytes.max(size);
        }
        waits.sort_unstable();
        let p95 = percentile(&waits, 0.95);
        let over = p95 > FIRST_BYTE_MAX || bytes > PAGE_BYTES_MAX;
        slow += usize::from(over);
        println!(
            "{name:<44}{:>10}{:>10}{:>8}.{}{}",
            milliseconds(percentile(&waits, 0.5)),
            milliseconds(p95),
            bytes / 1024,
            bytes % 1024 * 10 / 1024,
            if over { "  over" } else { "" }
        );
    }
    Ok(slow)
}
