//! By which way a webhook's requests leave.
//!
//! Owns: who may lead them around the egress proxy. Refuses: knowing whether there is one.
//!
//! # Why operators only
//! The proxy is the operator's rule about what may leave their network. Whoever may register webhooks
//! must not lift it: not with a setting, and not by leading elsewhere what an operator let out directly.

use crate::domain::api_key::Scope;
use crate::domain::webhook::{Via, WebhookSettings};
use crate::service::{Actor, Caller, Refusal};
use crate::store::{WriteTx, keys};

/// Checks the way of a webhook that is registered or changed by `caller`; `before` is what it was.
///
/// # Errors
/// [`Refusal::Forbidden`] where the way is chosen by somebody who is no operator.
pub(super) fn check_way(
    tx: &WriteTx<'_>,
    caller: &Caller,
    before: Via,
    settings: &WebhookSettings,
) -> Result<(), Refusal> {
    if settings.via == before || is_operator(tx, caller)? {
        return Ok(());
    }
    Err(Refusal::Forbidden(
        "only operators choose the way around the egress proxy: via needs the scope admin"
            .to_owned(),
    ))
}

/// The way of a webhook that was led to another origin: around the proxy only where an operator did it.
///
/// # Errors
/// [`Refusal::Internal`] where the key can't be read.
pub(super) fn way_after_move(
    tx: &WriteTx<'_>,
    caller: &Caller,
    settings: WebhookSettings,
) -> Result<WebhookSettings, Refusal> {
    if settings.via == Via::Usual || is_operator(tx, caller)? {
        return Ok(settings);
    }
    Ok(WebhookSettings {
        via: Via::Usual,
        ..settings
    })
}

/// Whether the caller runs the instance: somebody of its people, or a key with the scope admin.
fn is_operator(tx: &WriteTx<'_>, caller: &Caller) -> Result<bool, Refusal> {
    if caller.consumer.is_some() {
        return Ok(false);
    }
    match &caller.actor {
        Actor::Cli | Actor::System | Actor::User(_) => Ok(true),
        Actor::Consumer(_) => Ok(false),
        Actor::Key(id) => {
            let key = keys::find(tx, *id)?;
            Ok(key.is_some_and(|key| key.scopes.allows(Scope::Admin)))
        }
    }
}
