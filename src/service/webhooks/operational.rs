//! Operational webhooks: those that are told what happens to customers' webhooks.
//!
//! Owns: how many there may be, and what they may be called. Refuses: finding them (`service::owned`) and
//! telling them anything (`engine::operational`).

use crate::domain::id::WebhookId;
use crate::domain::webhook::Transport;
use crate::service::{Caller, Refusal};
use crate::store::{WriteTx, webhooks};

/// Operational webhooks of one workspace; each is told everything that it wants.
const OPERATIONAL_WEBHOOKS_MAX: usize = 50;

/// Lets an operational webhook be registered: for the platform itself, where there is room.
///
/// # Errors
/// [`Refusal::Invalid`]; [`Refusal::Conflict`] says how many there may be.
pub(super) fn check_place(
    tx: &WriteTx<'_>,
    caller: &Caller,
    transport: Transport,
    consumer_seq: Option<i64>,
) -> Result<(), Refusal> {
    if transport != Transport::Operational {
        return Ok(());
    }
    if consumer_seq.is_some() {
        let message = "operational webhooks are the platform's own, and of no consumer";
        return Err(Refusal::field("kind", message));
    }
    let known = webhooks::operational(tx, caller.workspace.seq())?;
    if known.len() < OPERATIONAL_WEBHOOKS_MAX {
        return Ok(());
    }
    Err(Refusal::Conflict(format!(
        "a workspace may have at most {OPERATIONAL_WEBHOOKS_MAX} operational webhooks; delete one first"
    )))
}

/// Refuses a name that another operational webhook has.
pub(super) fn check_name(
    tx: &WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    uid: &str,
) -> Result<(), Refusal> {
    let known = webhooks::operational_called(tx, caller.workspace.seq(), uid)?;
    match known.filter(|seq| *seq != id.seq()) {
        None => Ok(()),
        Some(_) => Err(Refusal::Conflict(format!(
            "there is a webhook called {uid} already"
        ))),
    }
}
