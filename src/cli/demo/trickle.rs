//! The demo's platform: it registers webhooks and publishes events, as any platform would.
//!
//! Owns: which webhooks there are, and made-up events. Refuses: stopping; it ends with the process.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use url::Url;

use super::moods::Mood;
use crate::entropy;
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

    /// Registers a webhook for each mood of the receiver at `address`.
    pub(super) async fn register(&self, address: SocketAddr) -> anyhow::Result<()> {
        for mood in Mood::ALL {
            let url = format!("http://{address}{}", mood.path());
            self.post("/api/v1/webhooks", &webhook(mood, &url)).await?;
        }
        Ok(())
    }

    /// Publishes an event every `pace`, for as long as the process runs.
    pub(super) async fn publish_for_ever(self, pace: Duration) {
        for number in 0_u64.. {
            let event = event(number, entropy::fraction());
            if let Err(error) = self.post("/api/v1/events", &event).await {
                tracing::warn!(error = format!("{error:#}"), "an event was not accepted");
            }
            tokio::time::sleep(pace).await;
        }
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let headers = [(
            HeaderName::from_static("authorization"),
            self.bearer.clone(),
        )];
        let body = Some(serde_json::to_vec(body)?);
        let reply = self.client.call(RestMethod::Post, path, &headers, body);
        let reply = reply.await.with_context(|| format!("POST {path}"))?;
        match reply.status {
            200..=299 => Ok(()),
            status => bail!(
                "POST {path}: {status} {}",
                String::from_utf8_lossy(&reply.body)
            ),
        }
    }
}

fn webhook(mood: Mood, url: &str) -> Value {
    match mood {
        Mood::Steady => json!({
            "url": url, "label": "Production", "event_types": ["*"],
        }),
        Mood::Slow => json!({
            "url": url, "label": "Partner with a slow server", "event_types": ["job.*"],
            "profile": "armox",
        }),
        Mood::Flaky => json!({
            "url": url, "label": "Staging", "event_types": ["score.changed", "agent.*"],
            "profile": "armalo",
        }),
        // Gives up after seconds, so that dead letters can be seen, and retried, soon.
        Mood::Down => json!({
            "url": url, "label": "Forgotten endpoint", "event_types": ["agent.created"],
            "profile": "veriswarm",
            "retry_policy": {"delays": ["2s", "5s"], "jitter": true},
            "disable_after_failures": 60,
        }),
    }
}

/// A made-up event; `dice` is from 0 to 1.
fn event(number: u64, dice: f64) -> Value {
    let agent = format!("agt_{}", number % 7);
    let score = 600 + (dice * 300.0) as u32;
    match number % 4 {
        0 => json!({"type": "agent.created", "data": {"agentId": agent, "owner": "team-blue"}}),
        1 => json!({"type": "job.completed", "data": {"jobId": number, "seconds": dice * 90.0}}),
        2 => json!({"type": "agent.updated", "data": {"agentId": agent, "status": "active"}}),
        _ => json!({
            "type": "score.changed",
            "data": {"agentId": agent, "score": score, "previousScore": score - 12},
        }),
    }
}
