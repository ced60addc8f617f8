//! `hookpost settings`: those of the workspace that commands act in.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::shown::{Labelled, facts};
use super::workspace_settings::WorkspaceFlags;
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

#[derive(Args)]
struct SettingsFlags {
    /// Another name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: WorkspaceFlags,
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
    ("keep latest", "retention.keep_latest"),
    ("keep data", "keep_data"),
    ("portal origins", "portal_origins"),
    ("portal name", "branding.name"),
    ("portal logo", "branding.logo_type"),
    ("portal accent", "branding.accent"),
    ("portal webhooks", "webhooks_per_consumer"),
    ("created", "created_at"),
    ("updated", "updated_at"),
];

const TESTED: &[Labelled<'_>] = &[
    ("arrived", "success"),
    ("status", "status"),
    ("error", "error"),
    ("duration ms", "duration_ms"),
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
        let mut change = self.settings.said()?;
        if let Some(name) = &self.name {
            change["name"] = json!(name);
        }
        Ok(change)
    }
}
