//! `hookpost workspace`.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::data::DataArgs;
use super::output;
use super::rest::moment;
use super::table::{Column, Table};
use crate::admin::{AdminAnswer, AdminCommand, WorkspaceRow};

/// Make and list workspaces, whether or not the server runs
#[derive(Args)]
pub(super) struct WorkspaceCommand {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    action: WorkspaceAction,
}

#[derive(Subcommand)]
enum WorkspaceAction {
    /// Make a workspace and print its id
    Create {
        /// Its name, unique in the instance
        #[arg(long)]
        name: String,
        /// The wire profile of its webhooks [default: standard]
        #[arg(long)]
        profile: Option<String>,
        /// Its plan: free, pro or enterprise [default: pro]
        #[arg(long)]
        plan: Option<String>,
    },
    /// List workspaces, newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl WorkspaceCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (command, json) = match self.action {
            WorkspaceAction::Create {
                name,
                profile,
                plan,
            } => {
                let command = AdminCommand::WorkspaceCreate {
                    name,
                    profile,
                    plan,
                };
                (command, false)
            }
            WorkspaceAction::List { json } => (AdminCommand::WorkspaceList, json),
        };
        match self.data.perform(&command)? {
            AdminAnswer::Id { id } => output::say(id)?,
            AdminAnswer::Workspaces { workspaces } if json => {
                output::say(serde_json::to_string(&workspaces)?)?;
            }
            AdminAnswer::Workspaces { workspaces } => print(&workspaces)?,
            other => bail!("an unexpected answer: {other:?}"),
        }
        Ok(())
    }
}

fn print(workspaces: &[WorkspaceRow]) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        Column::whole("ID"),
        Column::cut("NAME"),
        Column::whole("PLAN"),
        Column::cut("PROFILE"),
        Column::spare("CREATED"),
    ]);
    for workspace in workspaces {
        table.row([
            workspace.id.clone(),
            workspace.name.clone(),
            workspace.plan.clone(),
            workspace.profile.clone(),
            moment(&workspace.created_at),
        ]);
    }
    Ok(table.print()?)
}
