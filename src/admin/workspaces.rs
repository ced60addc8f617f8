//! Workspaces at the command line.

use serde::{Deserialize, Serialize};

use super::AdminAnswer;
use crate::domain::page::Limit;
use crate::domain::profile::{DEFAULT_PROFILE, Profile};
use crate::domain::workspace::{Plan, Workspace};
use crate::entropy;
use crate::service::{Refusal, Service};
use crate::store::workspaces;

/// A workspace as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it has paid for.
    pub plan: String,
    /// The wire profile of its new webhooks.
    pub profile: String,
    /// When it was made.
    pub created_at: String,
}

impl From<&Workspace> for WorkspaceRow {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id.to_string(),
            name: workspace.name.clone(),
            plan: workspace.plan.as_str().to_owned(),
            profile: workspace.profile.clone(),
            created_at: workspace.created_at.rfc3339(),
        }
    }
}

pub(super) async fn create(
    service: &Service,
    name: String,
    profile: Option<String>,
    plan: Option<String>,
) -> Result<AdminAnswer, Refusal> {
    let profile = profile.unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
    let known = Profile::built_in_named(&profile)
        .ok_or_else(|| Refusal::field("profile", format!("there is no '{profile}'")))?;
    let plan = plan.as_deref().unwrap_or(Plan::Pro.as_str());
    let plan = Plan::parse(plan)
        .ok_or_else(|| Refusal::field("plan", "must be free, pro or enterprise"))?;
    let made = service.store().write(move |tx| {
        if workspaces::find_named(tx, &name)?.is_some() {
            return Err(Refusal::Conflict(format!(
                "there is a workspace '{name}' already"
            )));
        }
        let secret = Profile::standard().generate_secret(entropy::bytes());
        Ok(workspaces::insert(
            tx,
            &name,
            plan,
            known.name(),
            false,
            &secret,
        )?)
    });
    Ok(AdminAnswer::Id {
        id: made.await?.id.to_string(),
    })
}

pub(super) async fn list(service: &Service) -> Result<AdminAnswer, Refusal> {
    let rows = service.store().read(|conn| {
        let mut rows = Vec::new();
        let mut cursor = None;
        loop {
            let page = workspaces::list(conn, cursor, Limit::clamped(u32::MAX))?;
            rows.extend(page.items.iter().map(WorkspaceRow::from));
            cursor = page.next;
            if cursor.is_none() {
                return Ok::<_, Refusal>(rows);
            }
        }
    });
    Ok(AdminAnswer::Workspaces {
        workspaces: rows.await?,
    })
}
