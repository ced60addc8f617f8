//! The secret that a workspace signs with itself: alerts, and events for one-off receivers.
//!
//! Owns: exchanging it. Refuses: the secrets of webhooks (`webhooks::secret`).

use serde_json::json;

use super::webhooks::OVERLAP_DEFAULT;
use super::workspaces::existing;
use super::{Caller, Refusal, Service, audit_instance};
use crate::domain::id::WorkspaceId;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::entropy;
use crate::store::{WriteTx, secrets, webhooks, workspaces};

impl Service {
    /// Gives a workspace a new secret for alerts and one-off receivers, and shows it, only now. For
    /// alerts the old one stays valid for [`OVERLAP_DEFAULT`]; what was published to a one-off
    /// receiver before is signed as it was.
    pub async fn rotate_workspace_secret(
        &self,
        caller: &Caller,
        id: WorkspaceId,
        secret: Option<String>,
    ) -> Result<Secret, Refusal> {
        let secret = match secret {
            Some(text) => Profile::standard()
                .accept_secret(&text)
                .map_err(|message| Refusal::field("secret", message))?,
            None => Profile::standard().generate_secret(entropy::bytes()),
        };
        let actor = caller.actor.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            existing(tx, id)?;
            workspaces::set_secret(tx, id.seq(), &secret)?;
            for seq in webhooks::alert_rows(tx, id.seq())? {
                let expires_at = tx.now().after(OVERLAP_DEFAULT);
                secrets::rotate(tx, seq, &secret, expires_at)?;
            }
            let target = id.to_string();
            audit_instance(tx, &actor, "workspace.rotate_secret", &target, &json!({}))?;
            Ok(secret)
        };
        self.store().write(work).await
    }
}
