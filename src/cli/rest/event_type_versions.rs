//! `hookpost event-types versions`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::described::{DescribedFlags, path};
use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing};
use super::{Api, encoded, parse};
use crate::cli::table::Column;

#[derive(Subcommand)]
pub(super) enum VersionAction {
    /// List the versions of an event type, newest first
    List {
        /// The event type
        event_type: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a version
    Show {
        /// The event type
        event_type: String,
        /// The version's name
        version: String,
    },
    /// Add a version; events that name none are of it from now on
    Create {
        /// The event type
        event_type: String,
        /// Its name, such as 2 or 2026-03-16; the next number if absent
        version: Option<String>,
        #[command(flatten)]
        described: DescribedFlags,
    },
    /// Change a version, or end it (--archived true); what is not named stays as it is
    Update {
        /// The event type
        event_type: String,
        /// The version's name
        version: String,
        #[command(flatten)]
        described: DescribedFlags,
    },
    /// Remove a version that no webhook pins; events of it stay
    Delete {
        /// The event type
        event_type: String,
        /// The version's name
        version: String,
    },
}

/// What the API says of a version and does not take back.
const READ_ONLY: [&str; 3] = ["pinned_by", "created_at", "updated_at"];

const MEMBERS: &[Labelled<'_>] = &[
    ("version", "version"),
    ("description", "description"),
    ("archived", "archived"),
    ("pinned by", "pinned_by"),
    ("schema", "schema"),
    ("example", "example"),
    ("created", "created_at"),
    ("updated", "updated_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("VERSION"), "version"),
    (Column::spare("ARCHIVED"), "archived"),
    (Column::spare("PINNED BY"), "pinned_by"),
    (Column::cut("DESCRIPTION"), "description"),
];

impl VersionAction {
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::List { event_type, paging } => {
                let mut query = FilterQuery::default();
                paging.push_to(&mut query);
                let body = api.fetch(&query.on(&all(event_type))).await?;
                listing(api, &body, COLUMNS)
            }
            Self::Show {
                event_type,
                version,
            } => {
                let body = api.fetch(&one(event_type, version)).await?;
                facts(api, &body, MEMBERS)
            }
            Self::Create {
                event_type,
                version,
                described,
            } => {
                let mut new = Map::new();
                if let Some(version) = version {
                    new.insert("version".to_owned(), version.clone().into());
                }
                described.lay_over(&mut new)?;
                let body = api.post(&all(event_type), &new).await?;
                facts(api, &body, MEMBERS)
            }
            Self::Update {
                event_type,
                version,
                described,
            } => {
                let path = one(event_type, version);
                let mut present: Map<String, Value> = parse(&api.fetch(&path).await?)?;
                present.retain(|member, _| !READ_ONLY.contains(&member.as_str()));
                described.lay_over(&mut present)?;
                let body = api.put(&path, &present).await?;
                facts(api, &body, MEMBERS)
            }
            Self::Delete {
                event_type,
                version,
            } => api.delete(&one(event_type, version)).await,
        }
    }
}

fn all(event_type: &str) -> String {
    format!("{}/versions", path(event_type))
}

fn one(event_type: &str, version: &str) -> String {
    format!("{}/{}", all(event_type), encoded(version))
}
