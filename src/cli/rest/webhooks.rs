//! `hookpost webhooks`.

use std::collections::BTreeMap;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::filter::{Paging, Query};
use super::{Api, Connection, encoded};
use crate::cli::output;
use crate::cli::table::Table;

/// List, create and look after webhooks
#[derive(Args)]
pub(in crate::cli) struct Webhooks {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List webhooks, newest first
    List(Paging),
    /// Register a webhook; its secret is printed once
    Create(Create),
    /// Send a test event now and say whether it was received
    Test(Chosen),
    /// Make a new secret and print it once
    RotateSecret(Rotate),
    /// Let deliveries go to it again
    Enable(Chosen),
    /// Hold its deliveries back
    Disable(Chosen),
    /// Stop it for good; what waits is canceled
    Revoke(Chosen),
}

#[derive(Args)]
struct Chosen {
    /// The webhook's id
    id: String,
}

#[derive(Args, Serialize)]
struct Create {
    /// Where deliveries go
    #[arg(long)]
    url: String,
    /// An event type or pattern (`agent.*`, `*`); may be given more than once
    #[arg(long = "event-type", value_name = "TYPE", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    event_types: Vec<String>,
    /// A name for people
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// A secret to sign with, instead of a new one
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The wire profile
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// The format: json, cloudevents or slack
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// A header to send along; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    #[serde(serialize_with = "as_object", skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

#[derive(Args, Serialize)]
struct Rotate {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// A secret to sign with, instead of a new one
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// How long the old secret stays valid besides, such as 24h
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<String>,
}

#[derive(Deserialize)]
struct Webhook {
    id: String,
    label: Option<String>,
    url: String,
    event_types: Vec<String>,
    profile: String,
    status: String,
    disabled_reason: Option<String>,
    secret: Option<String>,
}

#[derive(Deserialize)]
struct Rotated {
    secret: String,
    previous_secret_expires_at: Option<String>,
}

#[derive(Deserialize)]
struct Tested {
    success: bool,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: Option<u64>,
}

impl Webhooks {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            perform(&api, &action).await
        })
    }
}

async fn perform(api: &Api, action: &Action) -> anyhow::Result<()> {
    match action {
        Action::List(paging) => list(api, paging).await,
        Action::Create(create) => {
            let body = api.post("/webhooks", create).await?;
            api.answer(&body, describe)
        }
        Action::Test(chosen) => test(api, chosen).await,
        Action::RotateSecret(rotate) => {
            let path = action_path(&rotate.id, "rotate-secret");
            let body = api.post(&path, rotate).await?;
            api.answer(&body, describe_rotated)
        }
        Action::Enable(chosen) => change(api, chosen, "enable").await,
        Action::Disable(chosen) => change(api, chosen, "disable").await,
        Action::Revoke(chosen) => change(api, chosen, "revoke").await,
    }
}

fn action_path(id: &str, action: &str) -> String {
    format!("/webhooks/{}/{action}", encoded(id))
}

async fn list(api: &Api, paging: &Paging) -> anyhow::Result<()> {
    let mut query = Query::default();
    paging.push_to(&mut query);
    let body = api.fetch(&query.on("/webhooks")).await?;
    api.answer_page(&body, |webhooks: &[Webhook]| {
        let mut table = Table::new(&["ID", "STATUS", "PROFILE", "LABEL", "EVENT TYPES", "URL"]);
        for webhook in webhooks {
            table.row([
                webhook.id.clone(),
                status(webhook),
                webhook.profile.clone(),
                webhook.label.clone().unwrap_or_default(),
                webhook.event_types.join(","),
                webhook.url.clone(),
            ]);
        }
        Ok(table.print()?)
    })
}

fn status(webhook: &Webhook) -> String {
    match &webhook.disabled_reason {
        Some(reason) => format!("{} ({reason})", webhook.status),
        None => webhook.status.clone(),
    }
}

fn describe(webhook: &Webhook) -> anyhow::Result<()> {
    output::say(format_args!("id      {}", output::visible(&webhook.id)))?;
    output::say(format_args!(
        "status  {}",
        output::visible(&status(webhook))
    ))?;
    output::say(format_args!("url     {}", output::visible(&webhook.url)))?;
    if let Some(secret) = &webhook.secret {
        output::say(format_args!("secret  {}", output::visible(secret)))?;
        eprintln!("the secret is not shown again");
    }
    Ok(())
}

fn describe_rotated(rotated: &Rotated) -> anyhow::Result<()> {
    output::say(format_args!("secret  {}", output::visible(&rotated.secret)))?;
    match &rotated.previous_secret_expires_at {
        Some(at) => eprintln!("not shown again; the old secret holds until {at}"),
        None => eprintln!("not shown again; the old secret holds no longer"),
    }
    Ok(())
}

async fn change(api: &Api, chosen: &Chosen, action: &str) -> anyhow::Result<()> {
    let body = api.act(&action_path(&chosen.id, action)).await?;
    api.answer(&body, describe)
}

async fn test(api: &Api, chosen: &Chosen) -> anyhow::Result<()> {
    let body = api.act(&action_path(&chosen.id, "test")).await?;
    let tested: Tested = super::parse(&body)?;
    api.answer(&body, |tested: &Tested| {
        if tested.success {
            let status = tested.status.unwrap_or_default();
            let duration_ms = tested.duration_ms.unwrap_or_default();
            output::say(format_args!("received: {status} after {duration_ms} ms"))?;
        }
        Ok(())
    })?;
    if tested.success {
        return Ok(());
    }
    match tested.status {
        Some(status) => bail!("not received: it answered {status}"),
        None => bail!("not received: {}", tested.error.unwrap_or_default()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("must look like 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn as_object<S: serde::Serializer>(
    headers: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let object: BTreeMap<&str, &str> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    object.serialize(serializer)
}
