//! How many webhooks there may be.
//!
//! Owns: the bound of a workspace, and of what a consumer registers by itself. Refuses: saying how many
//! that is for a consumer; its workspace does.

use crate::domain::branding::WEBHOOKS_PER_CONSUMER_DEFAULT;
use crate::domain::plural::counted;
use crate::service::{Caller, Refusal};
use crate::store::webhooks::{self, WEBHOOKS_MAX};
use crate::store::{WriteTx, workspaces};

/// Lets one more be registered. The platform may register more for a consumer than that may itself.
///
/// # Errors
/// [`Refusal::Conflict`] says how many there may be.
pub(super) fn check_room(
    tx: &WriteTx<'_>,
    caller: &Caller,
    consumer_seq: Option<i64>,
) -> Result<(), Refusal> {
    let workspace_seq = caller.workspace.seq();
    let most = match caller.consumer {
        Some(_) => {
            let found = workspaces::find(tx, workspace_seq)?;
            let said = found.map(|workspace| workspace.portal.webhooks_max());
            i64::from(said.unwrap_or(WEBHOOKS_PER_CONSUMER_DEFAULT))
        }
        None => i64::try_from(WEBHOOKS_MAX).unwrap_or(i64::MAX),
    };
    if webhooks::count(tx, workspace_seq, consumer_seq)? < most {
        return Ok(());
    }
    let owner = match consumer_seq {
        Some(_) => "a consumer",
        None => "a workspace",
    };
    Err(Refusal::Conflict(format!(
        "{owner} may have at most {}; delete one first",
        counted(most, "webhook", "webhooks")
    )))
}
