//! The demo's platform: it publishes events, as any platform would.
//!
//! Owns: made-up events, and publishing them over the API. Refuses: stopping; it ends with the
//! process.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use url::Url;

use super::moods::spread;
use crate::net::{HeaderName, HeaderValue, RestClient, RestMethod};

/// A platform with a key.
pub(super) struct Platform {
    client: RestClient,
    bearer: HeaderValue,
}

impl Platform {
    /// A platform that publishes to the server at `url`.
    pub(super) fn open(url: &str, key: &str) -> anyhow::Result<Self> {
        let client = RestClient::new(Url::parse(url)?, None)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))?;
        bearer.set_sensitive(true);
        Ok(Self { client, bearer })
    }

    /// Publishes an event every `pace`, from the one of this `number` on, for as long as the process
    /// runs.
    pub(super) async fn publish_for_ever(self, number: u64, pace: Duration) {
        for number in number.. {
            if let Err(error) = self.publish(&event(number)).await {
                tracing::warn!(error = format!("{error:#}"), "an event was not accepted");
            }
            tokio::time::sleep(pace).await;
        }
    }

    async fn publish(&self, event: &Value) -> anyhow::Result<()> {
        const PATH: &str = "/api/v1/events";
        let headers = [(
            HeaderName::from_static("authorization"),
            self.bearer.clone(),
        )];
        let body = Some(serde_json::to_vec(event)?);
        let reply = self.client.call(RestMethod::Post, PATH, &headers, body);
        let reply = reply.await.with_context(|| format!("POST {PATH}"))?;
        match reply.status {
            200..=299 => Ok(()),
            status => bail!(
                "POST {PATH}: {status} {}",
                String::from_utf8_lossy(&reply.body)
            ),
        }
    }
}

/// The event of this `number`, as the API takes it. Four in a row are of the four types; every fifth
/// is for a customer.
pub(super) fn event(number: u64) -> Value {
    let agent = format!("agt_{}", number % 7);
    let dice = spread(number);
    let score = 600 + (dice * 300.0) as u32;
    let mut event = match number % 4 {
        0 => json!({"type": "agent.created", "data": {"agentId": agent, "owner": "team-blue"}}),
        1 => json!({"type": "job.completed", "data": {"jobId": number, "seconds": dice * 90.0}}),
        2 => json!({"type": "agent.updated", "data": {"agentId": agent, "status": "active"}}),
        _ => json!({
            "type": "score.changed",
            "data": {"agentId": agent, "score": score, "previousScore": score - 12},
        }),
    };
    match number % 10 {
        4 => event["consumer"] = json!("acme"),
        9 => event["consumer"] = json!("globex"),
        _ => (),
    }
    event
}
