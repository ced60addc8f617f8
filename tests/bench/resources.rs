//! The benchmark of resources: `cargo bench --bench resources`.
//!
//! Owns: the peak of memory, and how long the events of a healthy webhook take, while somebody with an
//! ordinary key asks for much: schemas with many branches, large events, large answers, costly
//! checks, the end of a webhook with much waiting, a burst. It starts the real binary on empty
//! directories. Refuses: judging; it prints, a person compares. The tests hold smaller cases.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
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
mod quiet;
#[expect(dead_code, reason = "another benchmark uses the rest")]
mod receiver;
mod start;

use appliance::Appliance;
use figures::milliseconds;
use load::{CLIENTS, rate};
use quiet::Quiet;
use receiver::Receiver;

/// Data of a large event: 250 KB.
const LARGE_BYTES: usize = 250_000;
/// Large events that wait for a start, and for how many webhooks each.
const LARGE_WAITING: usize = 300;
const LARGE_WEBHOOKS: usize = 60;
/// Large events that are published by 64 clients, and for how many webhooks each.
const LARGE_PUBLISHED: usize = 640;
const MANY_WEBHOOKS: usize = 100;
/// Who reads whole pages of large events at once.
const READERS: usize = 30;
/// Branches of the schema, and the items that each is tried on.
const BRANCHES: usize = 600;
const ITEMS: usize = 100_000;
/// Patterns of the costly schema, and the batches and bytes that are judged by it.
const PATTERNS: usize = 900;
const BATCHES: usize = 3;
const BATCH_BYTES: usize = 15_000_000;
/// Deliveries that wait for the webhook that is deleted.
const WAITING: usize = 500_000;
/// The burst: each event goes to so many webhooks.
const BURST_EVENTS: usize = 100_000;
const BURST_WEBHOOKS: usize = 20;
/// Events by which the rate before and after the burst is told.
const RATED_EVENTS: usize = 50_000;
/// How long memory has to come back.
const RECOVERY: Duration = Duration::from_secs(60);
/// Nothing here takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<()> {
    start::start("resources", 4 * PATIENCE, run())
}

async fn run() -> Result<()> {
    println!("machine: {}", figures::machine());
    branching_schema().await?;
    large_events_waiting().await?;
    large_events_published().await?;
    many_readers().await?;
    costly_checks().await?;
    deleted_webhook().await?;
    burst().await
}

async fn event_type(appliance: &Appliance, name: &str, schema: Value) -> Result<StatusCode> {
    let body = json!({ "name": name, "schema": schema });
    let made = appliance
        .ask(Method::POST, "/api/v1/event-types", Some(body.to_string()))
        .await?;
    Ok(made.0)
}

async fn branching_schema() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    let branches = vec![json!({"type": "string"}); BRANCHES];
    let made = event_type(&appliance, "loud", json!({"items": {"allOf": branches}})).await?;
    let event = json!({"type": "loud", "data": vec![1; ITEMS]}).to_string();
    let case = format!("{ITEMS} items against {BRANCHES} branches each");
    let published = async {
        let begun = Instant::now();
        let path = "/api/v1/events";
        let asked = (0..30).map(|_| appliance.ask(Method::POST, path, Some(event.clone())));
        let answers = try_join_all(asked).await?;
        println!(
            "    the schema: {made}; 30 events: {}, within {}",
            answers[0].0,
            milliseconds(begun.elapsed())
        );
        Ok(())
    };
    quiet.beside(&case, &appliance, published).await?;
    appliance.stop().await.map(drop)
}

/// Webhooks for the type `loud`, all with one receiver.
async fn loud_webhooks(appliance: &Appliance, count: usize) -> Result<Receiver> {
    let receiver = Receiver::start().await?;
    let url = receiver.url("/loud");
    for _ in 0..count {
        appliance
            .create_webhook(&url, "loud", Value::Null, 16)
            .await?;
    }
    Ok(receiver)
}

async fn large_events_waiting() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    let loud = loud_webhooks(&appliance, LARGE_WEBHOOKS).await?;
    appliance.command(&["pause"]).await?;
    client::publish(&appliance.door(), "loud", LARGE_WAITING, 8, LARGE_BYTES).await?;
    let appliance = Appliance::start_in(appliance.stop().await?).await?;
    println!(
        "a start with {LARGE_WAITING} events of 250 KB for {LARGE_WEBHOOKS} webhooks: ready after {}",
        milliseconds(appliance.ready_after)
    );
    appliance.command(&["resume"]).await?;
    let case = "    then";
    let all = loud.wait_for(LARGE_WAITING * LARGE_WEBHOOKS, PATIENCE);
    quiet.beside(case, &appliance, all).await?;
    appliance.stop().await.map(drop)
}

async fn large_events_published() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    let loud = loud_webhooks(&appliance, MANY_WEBHOOKS).await?;
    let case = format!("{LARGE_PUBLISHED} events of 250 KB by {CLIENTS} clients to 100 webhooks");
    let published = async {
        client::publish(
            &appliance.door(),
            "loud",
            LARGE_PUBLISHED,
            CLIENTS,
            LARGE_BYTES,
        )
        .await?;
        loud.wait_for(LARGE_PUBLISHED * MANY_WEBHOOKS, PATIENCE)
            .await
    };
    quiet.beside(&case, &appliance, published).await?;
    appliance.stop().await.map(drop)
}

async fn many_readers() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    client::publish(&appliance.door(), "loud", LARGE_WAITING, 8, LARGE_BYTES).await?;
    let case = format!("{READERS} readers of pages of 250 events of 250 KB");
    let read = async {
        let asked = (0..READERS).map(|_| async {
            let mut statuses = Vec::new();
            for _ in 0..20 {
                let page = appliance.ask(Method::GET, "/api/v1/events?limit=250", None);
                statuses.push(page.await?.0);
            }
            Ok::<_, anyhow::Error>(statuses)
        });
        let statuses = try_join_all(asked).await?.concat();
        let busy = statuses
            .iter()
            .filter(|&&status| status == StatusCode::SERVICE_UNAVAILABLE);
        println!(
            "    {} answers, {} of them 503",
            statuses.len(),
            busy.count()
        );
        Ok(())
    };
    quiet.beside(&case, &appliance, read).await?;
    appliance.stop().await.map(drop)
}

async fn costly_checks() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    let patterns: serde_json::Map<String, Value> = (0..PATTERNS)
        .map(|number| (format!("^x.*{number}$"), json!({"type": "string"})))
        .collect();
    let made = event_type(&appliance, "loud", json!({"patternProperties": patterns})).await?;
    let fields: serde_json::Map<String, Value> = (0..2000)
        .map(|number| (format!("x{number}"), json!("y".repeat(60))))
        .collect();
    let event = json!({"type": "loud", "data": fields});
    let events = vec![event.clone(); BATCH_BYTES / event.to_string().len()];
    let batch = json!({ "events": events }).to_string();
    let case = format!("{BATCHES} batches of 15 MB against {PATTERNS} patterns");
    let published = async {
        let begun = Instant::now();
        let path = "/api/v1/events/batch";
        let asked = (0..BATCHES).map(|_| appliance.ask(Method::POST, path, Some(batch.clone())));
        let answers = try_join_all(asked).await?;
        let statuses: Vec<StatusCode> = answers.iter().map(|answer| answer.0).collect();
        println!(
            "    the schema: {made}; the batches: {statuses:?}, within {}",
            milliseconds(begun.elapsed())
        );
        Ok(())
    };
    quiet.beside(&case, &appliance, published).await?;
    appliance.stop().await.map(drop)
}

async fn deleted_webhook() -> Result<()> {
    let appliance = Appliance::start().await?;
    let quiet = Quiet::start(&appliance).await?;
    let nobody = Receiver::start().await?;
    nobody.set_silent();
    let webhook = appliance
        .create_webhook(&nobody.url("/loud"), "loud", Value::Null, 16)
        .await?;
    client::publish(&appliance.door(), "loud", WAITING, CLIENTS, 200).await?;
    let case = format!("the end of a webhook with {WAITING} waiting");
    let deleted = async {
        let begun = Instant::now();
        let path = format!("/api/v1/webhooks/{webhook}");
        let (status, text) = appliance.ask(Method::DELETE, &path, None).await?;
        ensure!(status.is_success(), "{text}");
        println!("    answered after {}", milliseconds(begun.elapsed()));
        let path = "/api/v1/retries/summary";
        loop {
            let summary = appliance.call(Method::GET, path, &Value::Null).await?;
            let waiting = summary["pending"].as_u64().context("a count")?
                + summary["retrying"].as_u64().context("a count")?;
            if waiting == 0 {
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
        println!("    all cancelled after {}", milliseconds(begun.elapsed()));
        Ok(())
    };
    quiet.beside(&case, &appliance, deleted).await?;
    appliance.stop().await.map(drop)
}

/// How many events a second are published and delivered.
async fn rated(appliance: &Appliance, receiver: &Receiver) -> Result<f64> {
    receiver.reset();
    let begun = Instant::now();
    client::publish(&appliance.door(), "rated", RATED_EVENTS, CLIENTS, 200).await?;
    receiver.wait_for(RATED_EVENTS, PATIENCE).await?;
    Ok(rate(RATED_EVENTS, begun.elapsed()))
}

async fn burst() -> Result<()> {
    let appliance = Appliance::start().await?;
    let rated_receiver = Receiver::start().await?;
    let url = rated_receiver.url("/rated");
    appliance
        .create_webhook(&url, "rated", Value::Null, CLIENTS)
        .await?;
    let loud = loud_webhooks(&appliance, BURST_WEBHOOKS).await?;
    let mut before = Vec::new();
    for _ in 0..3 {
        before.push(rated(&appliance, &rated_receiver).await?);
    }
    println!(
        "memory before {} MiB",
        appliance.process()?.memory_mib("VmRSS")?
    );
    let (all, begun) = (BURST_EVENTS * BURST_WEBHOOKS, Instant::now());
    client::publish(&appliance.door(), "loud", BURST_EVENTS, CLIENTS, 200).await?;
    loud.wait_for(all, PATIENCE).await?;
    println!(
        "a burst of {all}: {:.0}/s, peak memory {} MiB",
        rate(all, begun.elapsed()),
        appliance.process()?.memory_mib("VmHWM")?
    );
    sleep(RECOVERY).await;
    println!(
        "    a minute later {} MiB",
        appliance.process()?.memory_mib("VmRSS")?
    );
    let mut after = Vec::new();
    for _ in 0..3 {
        after.push(rated(&appliance, &rated_receiver).await?);
    }
    println!("    rates before {before:.0?}, with that history {after:.0?}");
    appliance.stop().await.map(drop)
}
