//! `hookpost jobs`.

use clap::{Args, Subcommand};

use super::filter::{FilterQuery, Paging};
use super::shown::{Labelled, facts, listing};
use super::{Api, Connection, encoded};
use crate::cli::table::Column;

/// See how bulk work goes, what became of its deliveries, and stop it
#[derive(Args)]
pub(in crate::cli) struct JobsCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: JobAction,
}

#[derive(Subcommand)]
enum JobAction {
    /// List jobs, newest first
    List(Paging),
    /// Show a job with what became of its deliveries
    Show {
        /// The job's id
        id: String,
    },
    /// Stop a running job; what it has done stays done
    Cancel {
        /// The job's id
        id: String,
    },
}

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("kind", "kind"),
    ("status", "status"),
    ("done", "done"),
    ("of", "total"),
    ("delivered", "delivered"),
    ("failed again", "failed"),
    ("waiting", "waiting"),
    ("canceled", "canceled"),
    ("error", "error"),
    ("started", "created_at"),
    ("last went on", "updated_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("ID"), "id"),
    (Column::whole("KIND"), "kind"),
    (Column::whole("STATUS"), "status"),
    (Column::whole("DONE"), "done"),
    (Column::whole("DELIVERED"), "delivered"),
    (Column::whole("FAILED"), "failed"),
    (Column::spare("STARTED"), "created_at"),
];

impl JobsCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            perform(&api, &action).await
        })
    }
}

async fn perform(api: &Api, action: &JobAction) -> anyhow::Result<()> {
    match action {
        JobAction::List(paging) => {
            let mut query = FilterQuery::default();
            paging.push_to(&mut query);
            let body = api.fetch(&query.on("/jobs")).await?;
            listing(api, &body, COLUMNS)
        }
        JobAction::Show { id } => {
            let body = api.fetch(&format!("/jobs/{}", encoded(id))).await?;
            facts(api, &body, MEMBERS)
        }
        JobAction::Cancel { id } => {
            let body = api.act(&format!("/jobs/{}/cancel", encoded(id))).await?;
            facts(api, &body, MEMBERS)
        }
    }
}
