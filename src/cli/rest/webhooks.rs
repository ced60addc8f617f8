//! `hookpost webhooks`.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing, member_words, moment, say_facts};
use super::stats::{self, PeriodFlags};
use super::webhook_poll::PollAction;
use super::webhook_preview::{PreviewedWebhook, describe_preview};
use super::webhook_settings::{WebhookFlags, action_path, json};
use super::{Api, Connection, encoded, job};
use crate::cli::output;
use crate::cli::table::{Column, Table};

/// List, create and look after webhooks
#[derive(Args)]
pub(in crate::cli) struct Webhooks {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: WebhookAction,
}

#[derive(Subcommand)]
enum WebhookAction {
    /// List webhooks, newest first
    List(WebhookList),
    /// Show a webhook with its settings and how it stands
    Show(ChosenWebhook),
    /// Register a webhook; its secret is printed once
    Create(Create),
    /// Change a webhook; what is not named stays as it is
    Update(Update),
    /// Send a test event now and say whether it was received
    Test(TestedWebhook),
    /// Show what it would get of an event, and send nothing
    Preview(PreviewedWebhook),
    /// Make a new secret and print it once
    RotateSecret(Rotate),
    /// Let deliveries go to it again
    Enable(ChosenWebhook),
    /// Hold its deliveries back
    Disable(ChosenWebhook),
    /// Stop it for good; what waits is canceled
    Revoke(ChosenWebhook),
    /// Delete it; its history stays until retention removes it
    Delete(ChosenWebhook),
    /// Put back in line what it did not get since a time
    Recover(RecoverFlags),
    /// Show how it has been doing
    Stats(StatsOfWebhook),
    /// List templates that are ready to be copied into a webhook; with --json their texts
    Templates,
    #[command(flatten)]
    Poll(PollAction),
}

const TEMPLATE_COLUMNS: &[(Column, &str)] = &[
    (Column::whole("NAME"), "name"),
    (Column::cut("FOR"), "title"),
    (Column::spare("HINT"), "hint"),
];

#[derive(Args)]
struct StatsOfWebhook {
    #[command(flatten)]
    chosen: ChosenWebhook,
    #[command(flatten)]
    period: PeriodFlags,
}

#[derive(Args, Serialize)]
struct RecoverFlags {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// From when on, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Until when, exclusive [default: now]
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// What: exhausted, undelivered, missed; may be given more than once [default: exhausted]
    #[arg(long, value_name = "SORT", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
}

#[derive(Args)]
struct WebhookList {
    /// Only those of this consumer, by id or uid
    #[arg(long)]
    consumer: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Args)]
struct ChosenWebhook {
    /// The webhook's id
    id: String,
}

#[derive(Args, Serialize)]
struct TestedWebhook {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// The type of the test event [default: the wire profile's]
    #[arg(long, value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    /// Its data [default: the wire profile's]
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
}

#[derive(Args, Serialize)]
struct Create {
    /// Where deliveries go
    #[arg(long, required_unless_present = "kind")]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// How it comes by its events: push, poll (it has no URL and is fetched from), or operational (it
    /// is told what happens to customers' webhooks instead) [default: push]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The consumer whose it is, by id or uid [default: the platform's own]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    flags: WebhookFlags,
}

#[derive(Args, Serialize)]
struct Update {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// Where deliveries go
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    flags: WebhookFlags,
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
    /// How it signs from then on: hmac or ed25519
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("status", "status"),
    ("disabled", "disabled_reason"),
    ("label", "label"),
    ("kind", "kind"),
    ("url", "url"),
    ("event types", "event_types"),
    ("pinned versions", "pinned_versions"),
    ("filter", "filter"),
    ("channels", "channels"),
    ("consumer", "consumer_id"),
    ("profile", "profile"),
    ("format", "format"),
    ("signature", "signature"),
    ("public key", "public_key"),
    ("method", "method"),
    ("content type", "content_type"),
    ("headers", "headers"),
    ("auth", "auth.type"),
    ("retry policy", "retry_policy"),
    ("timeout", "timeout"),
    ("max in flight", "max_in_flight"),
    ("rate limit", "rate_limit"),
    ("ordered", "ordered"),
    ("ordered by", "ordered_by"),
    ("batch", "batch"),
    ("disable after", "disable_after"),
    ("failures", "consecutive_failures"),
    ("last attempt", "last_attempted_at"),
    ("last success", "last_success_at"),
    ("last status", "last_status_code"),
    ("secret rotated", "secret_rotated_at"),
    ("metadata", "metadata"),
    ("created", "created_at"),
    ("updated", "updated_at"),
];

const CHANGED_MEMBERS: &[Labelled<'_>] = &[("id", "id"), ("label", "label"), ("url", "url")];

#[derive(Deserialize)]
struct ShownSecret {
    secret: String,
    previous_secret_expires_at: Option<String>,
}

#[derive(Deserialize)]
struct StartedTest {
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

async fn perform(api: &Api, action: &WebhookAction) -> anyhow::Result<()> {
    match action {
        WebhookAction::List(wanted) => list(api, wanted).await,
        WebhookAction::Show(chosen) => facts(api, &api.fetch(&path(&chosen.id)).await?, MEMBERS),
        WebhookAction::Create(create) => {
            let body = api.post("/webhooks", create).await?;
            api.answer(&body, describe)
        }
        WebhookAction::Update(update) => {
            let body = api.patch(&path(&update.id), update).await?;
            api.answer(&body, describe)
        }
        WebhookAction::Test(tested) => test(api, tested).await,
        WebhookAction::Preview(preview) => {
            let path = action_path(&preview.id, "preview");
            let body = api.post(&path, preview).await?;
            api.answer(&body, describe_preview)
        }
        WebhookAction::RotateSecret(rotate) => {
            let path = action_path(&rotate.id, "rotate-secret");
            let body = api.post(&path, rotate).await?;
            api.answer(&body, describe_rotated)
        }
        WebhookAction::Enable(chosen) => change(api, chosen, "enable").await,
        WebhookAction::Disable(chosen) => change(api, chosen, "disable").await,
        WebhookAction::Revoke(chosen) => change(api, chosen, "revoke").await,
        WebhookAction::Delete(chosen) => api.delete(&path(&chosen.id)).await,
        WebhookAction::Recover(recovery) => {
            job::run(api, &action_path(&recovery.id, "recover"), recovery).await
        }
        WebhookAction::Stats(of) => {
            stats::show(api, &action_path(&of.chosen.id, "stats"), &of.period).await
        }
        WebhookAction::Templates => listing(api, &api.fetch("/templates").await?, TEMPLATE_COLUMNS),
        WebhookAction::Poll(action) => action.perform(api).await,
    }
}

fn path(id: &str) -> String {
    format!("/webhooks/{}", encoded(id))
}

async fn list(api: &Api, wanted: &WebhookList) -> anyhow::Result<()> {
    let mut query = FilterQuery::default();
    query.push("consumer", wanted.consumer.as_deref());
    wanted.paging.push_to(&mut query);
    let body = api.fetch(&query.on("/webhooks")).await?;
    api.answer_page(&body, |webhooks: &[Value]| {
        let mut table = Table::new(&[
            Column::whole("ID"),
            Column::whole("STATUS"),
            Column::whole("LAST"),
            Column::cut("LAST ERROR"),
            Column::cut("LABEL"),
            Column::cut("URL"),
            Column::spare("EVENT TYPES"),
            Column::spare("PROFILE"),
        ]);
        for webhook in webhooks {
            table.row([
                member_words(webhook, "id"),
                member_words(webhook, "status"),
                member_words(webhook, "last_status_code"),
                member_words(webhook, "last_error"),
                member_words(webhook, "label"),
                member_words(webhook, "url"),
                member_words(webhook, "event_types"),
                member_words(webhook, "profile"),
            ]);
        }
        Ok(table.print()?)
    })
}

fn status(webhook: &Value) -> String {
    let status = member_words(webhook, "status");
    match webhook["disabled_reason"].as_str() {
        Some(reason) => format!("{status} ({})", output::visible(reason)),
        None => status,
    }
}

fn describe(webhook: &Value) -> anyhow::Result<()> {
    say_facts(webhook, CHANGED_MEMBERS)?;
    output::say(format_args!("{:<16}{}", "status", status(webhook)))?;
    if let Some(secret) = webhook["secret"].as_str() {
        output::say(format_args!("{:<16}{}", "secret", output::visible(secret)))?;
        eprintln!("the secret is not shown again");
    }
    Ok(())
}

fn describe_rotated(rotated: &ShownSecret) -> anyhow::Result<()> {
    let secret = output::visible(&rotated.secret);
    output::say(format_args!("{:<16}{secret}", "secret"))?;
    match &rotated.previous_secret_expires_at {
        Some(at) => eprintln!("not shown again; the old secret holds until {}", moment(at)),
        None => eprintln!("not shown again; the old secret holds no longer"),
    }
    Ok(())
}

async fn change(api: &Api, chosen: &ChosenWebhook, action: &str) -> anyhow::Result<()> {
    let body = api.act(&action_path(&chosen.id, action)).await?;
    api.answer(&body, describe)
}

async fn test(api: &Api, wanted: &TestedWebhook) -> anyhow::Result<()> {
    let body = api.post(&action_path(&wanted.id, "test"), wanted).await?;
    let tested: StartedTest = super::parse(&body)?;
    api.answer(&body, |tested: &StartedTest| {
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
