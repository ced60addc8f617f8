//! Moving one endpoint with its secrets.
//!
//! Owns: what an endpoint is made of on the other side, and the order in which its secrets go. Refuses:
//! guessing; a header whose value the old side hides, and a secret that leads somewhere else, are said.
//!
//! # How rotated secrets go
//! An endpoint begins with the oldest secret that is still valid and is rotated to each later one, for
//! as long as the one before it has left. A run that was interrupted finds one of them in place and goes
//! on behind it.

use anyhow::bail;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::report::{ImportRun, Moved};
use super::svix_sides::{SvixMove, name_here};
use crate::cli::rest::encoded;
use crate::domain::time::Timestamp;
use crate::net::RestMethod;

/// The longest time for which an old secret can stay valid: seven days, in seconds.
const GRACE_SECONDS_MAX: u64 = 7 * 24 * 3600;

/// An endpoint, as both sides tell it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MovedEndpoint {
    id: String,
    #[serde(default)]
    uid: Option<String>,
    url: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    event_types: Option<Vec<String>>,
    #[serde(default)]
    filter_types: Option<Vec<String>>,
    #[serde(default)]
    channels: Option<Vec<String>>,
    #[serde(default)]
    throttle_rate: Option<u64>,
    #[serde(default)]
    rate_limit: Option<u64>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What signs for an endpoint.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MovedSecret {
    key: String,
    /// Those before it that are still valid; hookpost tells them.
    #[serde(default)]
    previous_keys: Vec<PreviousKey>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreviousKey {
    key: String,
    expires_at: String,
}

#[derive(Debug, Deserialize)]
struct MovedHeaders {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    sensitive: Vec<String>,
}

impl MovedEndpoint {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn name_here(&self) -> String {
        name_here(self.uid.as_deref(), &self.id)
    }

    fn said(&self, name: &str) -> Value {
        let sorted = |texts: Option<&Vec<String>>| {
            texts.map(|texts| {
                let mut texts = texts.clone();
                texts.sort();
                texts
            })
        };
        json!({
            "uid": name,
            "url": self.url,
            "description": self.description,
            "disabled": self.disabled,
            "eventTypes": sorted(self.event_types.as_ref().or(self.filter_types.as_ref())),
            "channels": sorted(self.channels.as_ref()),
            "throttleRate": self.throttle_rate.or(self.rate_limit),
            "metadata": self.metadata,
        })
    }
}

/// Takes an endpoint over from `old`, its path there, to the list at `new`. Answers what it came to, and
/// what is left to do by hand.
pub(super) async fn take(
    moving: &SvixMove,
    one: &MovedEndpoint,
    old: &str,
    new: &str,
) -> anyhow::Result<(Moved, Vec<String>)> {
    let secret: MovedSecret = moving.old.fetch(&format!("{old}/secret")).await?;
    let headers: MovedHeaders = moving.old.fetch(&format!("{old}/headers")).await?;
    let name = one.name_here();
    let path = format!("{new}/{}", encoded(&name));
    let wanted = one.said(&name);
    let chain = chain(&secret)?;
    let there = moving.new.find::<MovedEndpoint>(&path).await?;
    let moved = match &there {
        None => {
            let mut whole = wanted;
            whole["secret"] = json!(chain[0].0);
            whole["headers"] = json!(headers.headers);
            moving.write(RestMethod::Post, new, &whole).await?;
            Moved::Created
        }
        Some(there) => {
            let settings = match there.said(&name) == wanted {
                true => Moved::Unchanged,
                false => {
                    let mut whole = wanted;
                    if origin(&there.url) != origin(&one.url) {
                        // Elsewhere a secret goes only with whoever names it.
                        let present = present_secret(moving, &path).await?;
                        whole["secret"] = json!(present.key);
                    }
                    moving.write(RestMethod::Put, &path, &whole).await?;
                    Moved::Updated
                }
            };
            match set_headers(moving, &path, &headers).await? {
                Moved::Unchanged => settings,
                Moved::Created | Moved::Updated => Moved::Updated,
            }
        }
    };
    let is_there = there.is_some() || moving.run == ImportRun::Real;
    let rotated = match is_there {
        true => rotate(moving, &path, &chain).await?,
        false => Moved::Unchanged,
    };
    let hidden = headers
        .sensitive
        .iter()
        .map(|name| format!("the value of header {name} cannot be read; set it by hand"));
    let moved = match (moved, rotated) {
        (Moved::Unchanged, Moved::Updated) => Moved::Updated,
        (moved, _) => moved,
    };
    Ok((moved, hidden.collect()))
}

/// Sets the headers that can be read, and leaves those alone whose values are hidden on both sides.
async fn set_headers(
    moving: &SvixMove,
    path: &str,
    wanted: &MovedHeaders,
) -> anyhow::Result<Moved> {
    let path = format!("{path}/headers");
    let lower = |headers: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let pairs = headers.iter();
        pairs
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect()
    };
    let there: MovedHeaders = moving.new.fetch(&path).await?;
    let (there, wanted) = (lower(&there.headers), lower(&wanted.headers));
    if there == wanted {
        return Ok(Moved::Unchanged);
    }
    let gone: Vec<&String> = there
        .keys()
        .filter(|name| !wanted.contains_key(*name))
        .collect();
    let body = json!({ "headers": wanted, "deleteHeaders": gone });
    moving.write(RestMethod::Patch, &path, &body).await?;
    Ok(Moved::Updated)
}

/// The secrets from the oldest to the newest, each with how many seconds it stays valid beside the next.
fn chain(secret: &MovedSecret) -> anyhow::Result<Vec<(&str, u64)>> {
    if secret.key.starts_with("whpk_") {
        bail!("it signs with a private key, which cannot be read; rotate to a secret first");
    }
    let now = crate::clock::Clock::System.now();
    let mut old = Vec::new();
    for previous in &secret.previous_keys {
        let Ok(until) = Timestamp::parse(&previous.expires_at) else {
            bail!(
                "the time when an old secret expires is none: {}",
                previous.expires_at
            );
        };
        let left = u64::try_from(until.millis() - now.millis()).unwrap_or_default() / 1000;
        if left > 0 {
            old.push((previous.key.as_str(), left.min(GRACE_SECONDS_MAX)));
        }
    }
    old.sort_by_key(|(_, left)| *left);
    old.push((secret.key.as_str(), 0));
    Ok(old)
}

async fn present_secret(moving: &SvixMove, path: &str) -> anyhow::Result<MovedSecret> {
    moving.new.fetch(&format!("{path}/secret")).await
}

fn origin(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(url.origin().ascii_serialization())
}

/// Goes on from the secret that is in place to the newest.
async fn rotate(moving: &SvixMove, path: &str, chain: &[(&str, u64)]) -> anyhow::Result<Moved> {
    let present = present_secret(moving, path).await?;
    let Some(at) = chain.iter().position(|(key, _)| *key == present.key) else {
        bail!("it has another secret here already; rotate it by hand, or delete it and run again");
    };
    for pair in chain[at..].windows(2) {
        let [(_, left), (next, _)] = pair else {
            continue;
        };
        let body = json!({ "key": next, "gracePeriodSeconds": left });
        moving
            .write(RestMethod::Post, &format!("{path}/secret/rotate"), &body)
            .await?;
    }
    Ok(match at + 1 == chain.len() {
        true => Moved::Unchanged,
        false => Moved::Updated,
    })
}
