//! `hookpost settings`: those of the workspace that commands act in.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::shown::{Labelled, facts};
use super::{Api, Connection, encoded};

/// See and change the settings of a workspace; takes a key of the instance
#[derive(Args)]
pub(in crate::cli) struct SettingsCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: SettingsAction,
}

#[derive(Subcommand)]
enum SettingsAction {
    /// Show them
    Show,
    /// Change them; what is not named stays as it is
    Update(Box<SettingsFlags>),
    /// Send a test to where alerts go, and say what came of it
    TestAlert,
}

#[derive(Args, Serialize)]
struct SettingsFlags {
    /// Another name
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What it has paid for: free, pro or enterprise
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The wire profile of new webhooks
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Whether unknown event types are refused: true or false
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_event_types: Option<bool>,
    /// Whether headers also go out under their second names: true or false
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    aliases: Option<bool>,
    /// How long what events carry is kept: retention, until_delivered, or such as 24h
    #[arg(long, value_name = "HOW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_data: Option<String>,
    /// Where alerts go; empty for nowhere
    #[arg(long, value_name = "URL")]
    #[serde(skip)]
    alert_url: Option<String>,
    /// How alerts look there: json or slack; empty for what the URL takes
    #[arg(long, value_name = "FORM")]
    #[serde(skip)]
    alert_format: Option<String>,
    /// Who is told by mail, with commas between; empty for nobody
    #[arg(long, value_name = "ADDRESSES")]
    #[serde(skip)]
    alert_emails: Option<String>,
    /// How long delivered deliveries are kept, such as 720h; empty for the instance's default
    #[arg(long, value_name = "DURATION")]
    #[serde(skip)]
    retention_delivered: Option<String>,
    /// How long dead letters are kept; empty for the instance's default
    #[arg(long, value_name = "DURATION")]
    #[serde(skip)]
    retention_exhausted: Option<String>,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("name", "name"),
    ("plan", "plan"),
    ("profile", "profile"),
    ("strict types", "strict_event_types"),
    ("aliases", "aliases"),
    ("alert url", "alert_url"),
    ("alert format", "alert_format"),
    ("alert emails", "alert_emails"),
    ("keep delivered", "retention.delivered"),
    ("keep exhausted", "retention.exhausted"),
    ("keep data", "keep_data"),
    ("created", "created_at"),
    ("updated", "updated_at"),
];

const TESTED: &[Labelled<'_>] = &[
    ("arrived", "success"),
    ("status", "status"),
    ("error", "error"),
    ("took (ms)", "duration_ms"),
];

impl SettingsCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            let path = path(&api).await?;
            let body = match &action {
                SettingsAction::Show => api.fetch(&path).await?,
                SettingsAction::Update(flags) => api.patch(&path, &flags.change()?).await?,
                SettingsAction::TestAlert => {
                    let tested = api.post(&format!("{path}/test-alert"), &json!({})).await?;
                    return facts(&api, &tested, TESTED);
                }
            };
            facts(&api, &body, MEMBERS)
        })
    }
}

/// The workspace that commands act in, which they may name and its path does not.
pub(super) async fn path(api: &Api) -> anyhow::Result<String> {
    let wanted = api.workspace.as_deref().unwrap_or("default");
    let there = api.all("/workspaces").await?;
    let fits = |one: &&Value| one["id"] == wanted || one["name"] == wanted;
    let found = there.iter().find(fits).and_then(|one| one["id"].as_str());
    let id = found.with_context(|| format!("there is no workspace '{wanted}'"))?;
    Ok(format!("/workspaces/{}", encoded(id)))
}

impl SettingsFlags {
    fn change(&self) -> anyhow::Result<Value> {
        let mut change = serde_json::to_value(self)?;
        let unless_empty = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
        if let Some(url) = &self.alert_url {
            change["alert_url"] = json!(unless_empty(url));
        }
        if let Some(form) = &self.alert_format {
            change["alert_format"] = json!(unless_empty(form));
        }
        if let Some(emails) = &self.alert_emails {
            let emails = emails.split(',').map(str::trim);
            change["alert_emails"] = emails.filter(|one| !one.is_empty()).collect();
        }
        let mut retention = Map::new();
        for (member, given) in [
            ("delivered", &self.retention_delivered),
            ("exhausted", &self.retention_exhausted),
        ] {
            if let Some(text) = given {
                retention.insert(member.to_owned(), json!(unless_empty(text)));
            }
        }
        if !retention.is_empty() {
            change["retention"] = Value::Object(retention);
        }
        Ok(change)
    }
}
