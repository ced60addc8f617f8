//! `hookpost api-keys`: keys from any machine; `hookpost key` works on the data directory instead.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::filter::{FilterQuery, Paging};
use super::shown::{listing, member_words};
use super::{Connection, encoded};
use crate::cli::output::say;
use crate::cli::table::Column;

/// List, make and revoke API keys over the API; takes a key of the instance
#[derive(Args)]
pub(in crate::cli) struct ApiKeysCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: ApiKeyAction,
}

#[derive(Subcommand)]
enum ApiKeyAction {
    /// List keys, newest first: all, or those of the workspace that --workspace names
    List(Paging),
    /// Make a key of the workspace that is acted in and print it, once
    Create(NewApiKey),
    /// Take a key out of force, for good
    Revoke {
        /// The key's id
        id: String,
    },
}

#[derive(Args, Serialize)]
struct NewApiKey {
    /// What people call it
    #[arg(long)]
    name: String,
    /// What it may do; may be given more than once
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    /// The id or uid of the consumer that it is bound to
    #[arg(long, value_name = "CONSUMER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    /// Requests per second [default: not limited]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<f64>,
}

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("ID"), "id"),
    (Column::cut("NAME"), "name"),
    (Column::cut("SCOPES"), "scopes"),
    (Column::spare("LAST USED"), "last_used_at"),
    (Column::spare("WORKSPACE"), "workspace_id"),
];

impl ApiKeysCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match &action {
            ApiKeyAction::List(paging) => {
                let mut query = FilterQuery::default();
                query.push("workspace", api.workspace.as_deref());
                paging.push_to(&mut query);
                let body = api.fetch(&query.on("/api-keys")).await?;
                listing(&api, &body, COLUMNS)
            }
            ApiKeyAction::Create(new) => {
                let body = api.post("/api-keys", new).await?;
                api.answer(&body, |key: &Value| {
                    say(member_words(key, "key"))?;
                    eprintln!("{}; not shown again", member_words(key, "id"));
                    Ok(())
                })
            }
            ApiKeyAction::Revoke { id } => api.delete(&format!("/api-keys/{}", encoded(id))).await,
        })
    }
}
