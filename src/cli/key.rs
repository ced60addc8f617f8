//! `hookpost key`.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::data::DataArgs;
use super::master_key::RotateMaster;
use super::output;
use super::rest::moment;
use super::table::{Column, Table};
use crate::admin::{AdminAnswer, AdminCommand, KeyRow};

/// Make, list and revoke API keys, whether or not the server runs; replace the master key
#[derive(Args)]
pub(super) struct KeyCommand {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    action: KeyAction,
}

#[derive(Subcommand)]
enum KeyAction {
    /// Make a key and print it, once
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// The id or name of the workspace that it acts in [default: default]
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
        /// The id or uid of the consumer of that workspace that it is bound to
        #[arg(long, value_name = "CONSUMER")]
        consumer: Option<String>,
        /// What it may do; may be given more than once. Without it, everything in its workspace, or,
        /// where no workspace is named either, everything in the instance (`admin`)
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
    },
    /// List keys, newest first
    List {
        /// Only those of this workspace
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a key out of force, for good
    Revoke {
        /// The key's id, as `key list` shows it
        id: String,
    },
    RotateMaster(RotateMaster),
}

impl KeyCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (command, json) = match self.action {
            KeyAction::Create {
                name,
                workspace,
                consumer,
                scopes,
            } => {
                let command = AdminCommand::KeyCreate {
                    name,
                    workspace,
                    consumer,
                    scopes,
                };
                (command, false)
            }
            KeyAction::List { workspace, json } => (AdminCommand::KeyList { workspace }, json),
            KeyAction::Revoke { id } => (AdminCommand::KeyRevoke { id }, false),
            KeyAction::RotateMaster(rotate) => return rotate.run(self.data.existing()?),
        };
        match self.data.perform(&command)? {
            AdminAnswer::Key { token } => output::say(token.expose())?,
            AdminAnswer::Keys { keys } if json => output::say(serde_json::to_string(&keys)?)?,
            AdminAnswer::Keys { keys } => print(&keys)?,
            AdminAnswer::Done => {}
            other => bail!("an unexpected answer: {other:?}"),
        }
        Ok(())
    }
}

fn print(keys: &[KeyRow]) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        Column::whole("ID"),
        Column::cut("NAME"),
        Column::cut("SCOPES"),
        Column::spare("WORKSPACE"),
        Column::spare("LAST USED"),
        Column::spare("CREATED"),
        Column::spare("CONSUMER"),
    ]);
    for key in keys {
        table.row([
            key.id.clone(),
            key.name.clone(),
            key.scopes.join(","),
            key.workspace_id
                .clone()
                .unwrap_or_else(|| "(instance)".to_owned()),
            key.last_used_at
                .as_deref()
                .map_or_else(|| "never".to_owned(), moment),
            moment(&key.created_at),
            key.consumer_id.clone().unwrap_or_default(),
        ]);
    }
    Ok(table.print()?)
}
