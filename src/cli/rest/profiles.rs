//! `hookpost profiles`: wire profiles of one's own over the API.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing};
use super::{Api, Connection, encoded};
use crate::cli::input::InputSource;
use crate::cli::table::Column;
use crate::domain::profile::FILE_BYTES_MAX;

/// List, put and remove wire profiles; changing them takes a key of the instance
#[derive(Args)]
pub(in crate::cli) struct ProfilesCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: ProfileAction,
}

#[derive(Subcommand)]
enum ProfileAction {
    /// List profiles
    List(Paging),
    /// Show a profile; with --json its whole document
    Show {
        /// Its name
        name: String,
    },
    /// Put a profile under a name, new or not
    Put {
        /// Its name
        name: String,
        /// The file of the profile, TOML or JSON
        file: PathBuf,
    },
    /// List profiles that imitate well-known senders, ready to be added, or show one
    Gallery {
        /// Its name; with --json its whole document
        name: Option<String>,
    },
    /// Add a profile of the gallery
    Add {
        /// Its name in the gallery
        name: String,
        /// The name that it gets here [default: the same]
        #[arg(long = "as", value_name = "NAME")]
        own: Option<String>,
    },
    /// Remove a profile of one's own
    Delete {
        /// Its name
        name: String,
    },
}

const MEMBERS: &[Labelled<'_>] = &[
    ("name", "name"),
    ("description", "description"),
    ("origin", "origin"),
    ("created", "created_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::cut("NAME"), "name"),
    (Column::whole("ORIGIN"), "origin"),
    (Column::cut("DESCRIPTION"), "description"),
];

const GALLERY_MEMBERS: &[Labelled<'_>] = &[
    ("name", "name"),
    ("description", "description"),
    ("accepted by", "verified_by"),
];

const GALLERY_COLUMNS: &[(Column, &str)] = &[
    (Column::whole("NAME"), "name"),
    (Column::cut("ACCEPTED BY"), "verified_by"),
    (Column::cut("DESCRIPTION"), "description"),
];

impl ProfilesCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            perform(&api, &action).await
        })
    }
}

async fn perform(api: &Api, action: &ProfileAction) -> anyhow::Result<()> {
    let path = |name: &str| format!("/profiles/{}", encoded(name));
    match action {
        ProfileAction::List(paging) => {
            let mut query = FilterQuery::default();
            paging.push_to(&mut query);
            let body = api.fetch(&query.on("/profiles")).await?;
            listing(api, &body, COLUMNS)
        }
        ProfileAction::Show { name } => facts(api, &api.fetch(&path(name)).await?, MEMBERS),
        ProfileAction::Put { name, file } => {
            let body = api.put(&path(name), &document(file)?).await?;
            facts(api, &body, MEMBERS)
        }
        ProfileAction::Gallery { name: None } => {
            listing(api, &api.fetch("/profile-gallery").await?, GALLERY_COLUMNS)
        }
        ProfileAction::Gallery { name: Some(name) } => {
            let path = format!("/profile-gallery/{}", encoded(name));
            facts(api, &api.fetch(&path).await?, GALLERY_MEMBERS)
        }
        ProfileAction::Add { name, own } => {
            let own = own.as_ref().unwrap_or(name);
            let body = json!({ "gallery": name, "name": own });
            facts(api, &api.post("/profiles", &body).await?, MEMBERS)
        }
        ProfileAction::Delete { name } => api.delete(&path(name)).await,
    }
}

/// A document in TOML or JSON, by the file's name.
fn document(file: &Path) -> anyhow::Result<Value> {
    let text = InputSource::File(file).text(FILE_BYTES_MAX as u64)?;
    super::apply::parsed(file, &text)
}
