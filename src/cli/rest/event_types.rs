//! `hookpost event-types`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::catalogue::{ImportFlags, export};
use super::described::{DescribedFlags, path};
use super::event_type_versions::VersionAction;
use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing};
use super::{Api, Connection, parse};
use crate::cli::table::Column;

/// List, create and look after event types
#[derive(Args)]
pub(in crate::cli) struct EventTypesCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: EventTypeAction,
}

#[derive(Subcommand)]
enum EventTypeAction {
    /// List event types
    List(Paging),
    /// Show an event type
    Show {
        /// Its name
        name: String,
    },
    /// Add an event type
    Create(EventTypeFlags),
    /// Change an event type; what is not named stays as it is
    Update(EventTypeFlags),
    /// Bring the catalogue to what an OpenAPI 3.1 document or JSON Schema files say
    Import(ImportFlags),
    /// Print the catalogue as an OpenAPI 3.1 document
    Export,
    /// List, add and look after the versions of an event type
    #[command(subcommand)]
    Versions(VersionAction),
    /// Remove an event type; events of it stay
    Delete {
        /// Its name
        name: String,
    },
}

#[derive(Args)]
struct EventTypeFlags {
    /// Its name, such as order.paid
    name: String,
    /// The heading under which lists show it
    #[arg(long)]
    group: Option<String>,
    /// Whether its receivers should move to another: true or false
    #[arg(long, value_name = "BOOL")]
    deprecated: Option<bool>,
    /// A feature flag: only customers whose portal link has one of them see the type; may be given more than
    /// once, and empty for none
    #[arg(long = "feature-flag", value_name = "FLAG", value_delimiter = ',')]
    feature_flags: Vec<String>,
    #[command(flatten)]
    described: DescribedFlags,
}

/// What the API says of a type and does not take back.
const READ_ONLY: [&str; 3] = ["latest_version", "created_at", "updated_at"];

const MEMBERS: &[Labelled<'_>] = &[
    ("name", "name"),
    ("description", "description"),
    ("group", "group"),
    ("archived", "archived"),
    ("deprecated", "deprecated"),
    ("feature flags", "feature_flags"),
    ("newest version", "latest_version"),
    ("schema", "schema"),
    ("example", "example"),
    ("created", "created_at"),
    ("updated", "updated_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::cut("NAME"), "name"),
    (Column::whole("ARCHIVED"), "archived"),
    (Column::cut("DESCRIPTION"), "description"),
    (Column::spare("GROUP"), "group"),
];

impl EventTypesCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            perform(&api, &action).await
        })
    }
}

async fn perform(api: &Api, action: &EventTypeAction) -> anyhow::Result<()> {
    match action {
        EventTypeAction::List(paging) => {
            let mut query = FilterQuery::default();
            paging.push_to(&mut query);
            let body = api.fetch(&query.on("/event-types")).await?;
            listing(api, &body, COLUMNS)
        }
        EventTypeAction::Show { name } => {
            let body = api.fetch(&path(name)).await?;
            facts(api, &body, MEMBERS)
        }
        EventTypeAction::Create(flags) => {
            let new = flags.laid_over(Map::new())?;
            let body = api.post("/event-types", &new).await?;
            facts(api, &body, MEMBERS)
        }
        EventTypeAction::Update(flags) => {
            let path = path(&flags.name);
            let present: Map<String, Value> = parse(&api.fetch(&path).await?)?;
            let body = api.put(&path, &flags.laid_over(present)?).await?;
            facts(api, &body, MEMBERS)
        }
        EventTypeAction::Import(flags) => flags.run(api).await,
        EventTypeAction::Export => export(api).await,
        EventTypeAction::Versions(action) => action.run(api).await,
        EventTypeAction::Delete { name } => api.delete(&path(name)).await,
    }
}

impl EventTypeFlags {
    /// What the type is now, with what the flags say in its place.
    fn laid_over(&self, mut present: Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
        present.retain(|member, _| !READ_ONLY.contains(&member.as_str()));
        present.insert("name".to_owned(), self.name.clone().into());
        if let Some(group) = &self.group {
            present.insert("group".to_owned(), group.clone().into());
        }
        if let Some(deprecated) = self.deprecated {
            present.insert("deprecated".to_owned(), deprecated.into());
        }
        if !self.feature_flags.is_empty() {
            let named = self.feature_flags.iter().filter(|flag| !flag.is_empty());
            present.insert("feature_flags".to_owned(), named.cloned().collect());
        }
        self.described.lay_over(&mut present)?;
        Ok(present)
    }
}
