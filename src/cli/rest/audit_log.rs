//! `hookpost audit-log`.

use clap::Args;

use super::Connection;
use super::filter::{FilterQuery, Paging};
use super::shown::listing;
use crate::cli::table::Column;

/// See who changed what, newest first: everywhere, or in the workspace that --workspace names
#[derive(Args)]
pub(in crate::cli) struct AuditLogCommand {
    #[command(flatten)]
    paging: Paging,
    // Last, because its heading is that of what follows.
    #[command(flatten)]
    connection: Connection,
}

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("AT"), "created_at"),
    (Column::cut("ACTION"), "action"),
    (Column::cut("WHO"), "actor.name|actor.id|actor.kind"),
    (Column::whole("BY"), "actor.kind"),
    (Column::cut("TARGET"), "target"),
];

impl AuditLogCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let paging = self.paging;
        super::run(self.connection, async move |api| {
            let mut query = FilterQuery::default();
            query.push("workspace", api.workspace.as_deref());
            paging.push_to(&mut query);
            let body = api.fetch(&query.on("/audit-log")).await?;
            listing(&api, &body, COLUMNS)
        })
    }
}
