//! `hookpost workspaces`: workspaces from any machine; `hookpost workspace` works on the data directory
//! instead, `hookpost settings` changes the one that is acted in.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing, member_words};
use super::workspace_settings::WorkspaceFlags;
use super::{Connection, encoded};
use crate::cli::output::say;
use crate::cli::table::Column;

/// List, make and delete workspaces over the API; takes a key of the instance
#[derive(Args)]
pub(in crate::cli) struct WorkspacesCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: WorkspacesAction,
}

#[derive(Subcommand)]
enum WorkspacesAction {
    /// List workspaces, newest first
    List(Paging),
    /// Show a workspace
    Show {
        /// Its id
        id: String,
    },
    /// Make a workspace
    Create(Box<WorkspaceToMake>),
    /// Give its alerts and one-off receivers a new secret, and print it once
    RotateSecret(WorkspaceSecret),
    /// Delete a workspace with everything in it
    Delete {
        /// Its id
        id: String,
    },
}

#[derive(Args)]
struct WorkspaceToMake {
    /// Its name, unique in the instance
    #[arg(long)]
    name: String,
    #[command(flatten)]
    settings: WorkspaceFlags,
}

#[derive(Args, Serialize)]
struct WorkspaceSecret {
    /// The workspace's id
    #[serde(skip)]
    id: String,
    /// A secret to sign with, instead of a new one
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("name", "name"),
    ("plan", "plan"),
    ("profile", "profile"),
    ("created", "created_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("ID"), "id"),
    (Column::cut("NAME"), "name"),
    (Column::spare("PLAN"), "plan"),
    (Column::spare("PROFILE"), "profile"),
    (Column::spare("CREATED"), "created_at"),
];

impl WorkspacesCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        let path = |id: &str| format!("/workspaces/{}", encoded(id));
        super::run(self.connection, async move |api| match &action {
            WorkspacesAction::List(paging) => {
                let mut query = FilterQuery::default();
                paging.push_to(&mut query);
                let body = api.fetch(&query.on("/workspaces")).await?;
                listing(&api, &body, COLUMNS)
            }
            WorkspacesAction::Show { id } => facts(&api, &api.fetch(&path(id)).await?, MEMBERS),
            WorkspacesAction::Create(new) => {
                let mut body = new.settings.said()?;
                body["name"] = json!(new.name);
                facts(&api, &api.post("/workspaces", &body).await?, MEMBERS)
            }
            WorkspacesAction::RotateSecret(new) => {
                let path = format!("{}/rotate-secret", path(&new.id));
                let body = api.post(&path, new).await?;
                api.answer(&body, |made: &Value| {
                    say(member_words(made, "secret"))?;
                    eprintln!("not shown again");
                    Ok(())
                })
            }
            WorkspacesAction::Delete { id } => api.delete(&path(id)).await,
        })
    }
}
