//! The measure of all things: the same requests to the same receiver without anything stored.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use hookpost::domain::profile::Profile;
use hookpost::domain::signing::AttemptToSign;
use hookpost::domain::time::Timestamp;

use crate::load::{data, rate, shares};
use crate::receiver::Receiver;

/// Sends `count` signed requests over `clients` tasks; answers the rate per second.
#[expect(
    clippy::disallowed_methods,
    reason = "the bare loop is what the guarded client is compared with"
)]
pub async fn deliver(
    receiver: &Receiver,
    count: usize,
    clients: usize,
    bytes: usize,
) -> Result<f64> {
    receiver.reset();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let profile = Profile::standard();
    let key = Arc::new(profile.signing_key(&profile.generate_secret([7; 32]))?);
    let url = receiver.url("/bare");
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for share in shares(count, clients) {
        let (client, url) = (client.clone(), url.clone());
        let (profile, key) = (Arc::clone(&profile), Arc::clone(&key));
        workers.spawn(async move {
            for number in share {
                let body = format!(
                    r#"{{"type":"bench.bare","timestamp":"2026-01-01T00:00:00.000Z","data":{}}}"#,
                    data(number, bytes)
                );
                let to_sign = AttemptToSign {
                    event_id: "evt_bench",
                    event_type: "bench.bare",
                    workspace_id: "ws_bench",
                    delivery_id: "dlv_bench",
                    attempt_at: Timestamp::from_millis(1_767_225_600_000),
                    body: body.as_bytes(),
                };
                let mut request = client.post(&url).header("content-type", "application/json");
                for (name, value) in profile.sign(std::slice::from_ref(&*key), &to_sign) {
                    request = request.header(name, value);
                }
                let answer = request.body(body).send().await?;
                ensure!(answer.status().is_success(), "the receiver failed");
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(rate(count, started.elapsed()))
}
